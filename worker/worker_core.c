/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/worker_core.h"

#include <stdlib.h>

#include "tamis/rng.h"

#define HELLO_MS     500
#define HELLO_SHIFT  3 /* greetings that are not answered come at most 2^3 times as seldom */
#define RESEND_MS    1000
#define SILENCE_MS   5000
#define HEARTBEAT_MS 300 /* until the coordinator says otherwise */
#define PAST_FENCES  1024
#define JOBS_MAX     256

typedef enum task_state {
    TASK_WAITING,
    TASK_QUEUED,
    TASK_RUNNING,
    TASK_PUBLISHING,
    TASK_REPORTING
} task_state;

/* What is known of a job in one epoch of the coordinator; results may lie elsewhere in the next. */
typedef struct known_job {
    struct known_job *next;
    char id[TAMIS_JOB_ID_SIZE];
    uint64_t epoch;
    tamis_job_view *view;
    uint32_t task_count; /* that borrow from it */
    uint64_t fetched_ms; /* 0: not asked yet */
} known_job;

typedef struct held_task {
    struct held_task *next; /* in order of arrival */
    known_job *job;
    uint32_t stage;
    uint32_t task;
    uint64_t fence;
    task_state state;
    bool is_unwanted; /* RUNNING: ends, and nobody hears of it */
    uint64_t bytes;
    uint64_t documents;
    uint64_t sent_ms; /* REPORTING */
    tamis_message report;
    char text[TAMIS_ERR_TEXT_MAX]; /* of a failure in the report */
    tamis_buf blob;
} held_task;

/* A job whose files are in the data folder. */
typedef struct local_job {
    char id[TAMIS_JOB_ID_SIZE];
    bool is_done; /* to be dropped when no task holds it */
    bool is_data_kept;
} local_job;

struct tamis_worker_core {
    tamis_worker_settings settings;
    tamis_rng rng;
    bool is_welcome;
    bool is_stopping;
    uint64_t epoch;
    uint64_t sequence;
    uint64_t heard_ms;
    uint64_t next_hello_ms;
    uint32_t hello_count; /* without an answer */
    uint32_t heartbeat_ms;
    uint64_t next_heartbeat_ms;
    held_task *tasks;
    known_job *known;
    local_job jobs[JOBS_MAX];
    size_t job_count;
    uint32_t running_count;
    uint64_t past[PAST_FENCES]; /* tasks that were let go: late assignments of them mean nothing */
    size_t past_next;
};

typedef struct worker_step {
    tamis_worker_core *core;
    tamis_worker_effects *effects;
    uint64_t now_ms;
    tamis_err *err;
} worker_step;

/* ---- Effects --------------------------------------------------------------------------------- */

void tamis_worker_settings_defaults(tamis_worker_settings *out_settings)
{
    *out_settings = (tamis_worker_settings){
        .thread_count = 1,
        .credit = 2,
        .hello_ms = HELLO_MS,
        .resend_ms = RESEND_MS,
        .silence_ms = SILENCE_MS,
    };
}

void tamis_worker_effects_init(tamis_worker_effects *effects)
{
    *effects = (tamis_worker_effects){.action_count = 0};
    tamis_outbox_init(&effects->outbox);
}

void tamis_worker_effects_fini(tamis_worker_effects *effects)
{
    free(effects->actions);
    tamis_outbox_fini(&effects->outbox);
    *effects = (tamis_worker_effects){.action_count = 0};
}

void tamis_worker_effects_reset(tamis_worker_effects *effects)
{
    effects->action_count = 0;
    tamis_outbox_reset(&effects->outbox);
}

static tamis_status no_memory(const worker_step *step)
{
    return tamis_err_set(step->err, TAMIS_ENOMEM, "worker: out of memory");
}

static tamis_status act(worker_step *step, const tamis_worker_action *action)
{
    tamis_worker_effects *effects = step->effects;

    if (effects->action_count == effects->action_capacity) {
        size_t capacity = effects->action_capacity == 0 ? 16 : effects->action_capacity * 2;
        tamis_worker_action *actions = reallocarray(effects->actions, capacity, sizeof(*actions));

        if (actions == NULL) {
            return no_memory(step);
        }
        effects->actions = actions;
        effects->action_capacity = capacity;
    }
    effects->actions[effects->action_count++] = *action;
    return TAMIS_OK;
}

static tamis_status act_on_task(worker_step *step, tamis_worker_action_kind kind,
                                const held_task *task)
{
    tamis_worker_action action = {
        .kind = kind,
        .fence = task->fence,
        .view = task->job->view,
        .stage = task->stage,
        .task = task->task,
    };

    return act(step, &action);
}

static tamis_message message_of(worker_step *step, tamis_message_kind kind, const char *job,
                                uint64_t fence)
{
    tamis_message message = {
        .kind = kind,
        .sequence = ++step->core->sequence,
        .epoch = step->core->epoch,
        .fence = fence,
    };

    if (job != NULL) {
        (void)snprintf(message.job, sizeof(message.job), "%s", job);
    }
    return message;
}

static tamis_status send(worker_step *step, const tamis_message *message, tamis_slice bulk)
{
    tamis_status status =
        tamis_outbox_add(&step->effects->outbox, tamis_slice_of(NULL, 0), message, bulk);

    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(step->err, status, "worker: no %s message",
                                              tamis_message_kind_name(message->kind));
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static local_job *find_local_job(tamis_worker_core *core, const char *id)
{
    for (size_t i = 0; i < core->job_count; i++) {
        if (strcmp(core->jobs[i].id, id) == 0) {
            return &core->jobs[i];
        }
    }
    return NULL;
}

tamis_status tamis_worker_core_add_job(tamis_worker_core *core, const char *job)
{
    /* More than that were left behind only by hand; what is not listed is just not cleaned up. */
    if (find_local_job(core, job) == NULL && core->job_count < JOBS_MAX) {
        local_job *added = &core->jobs[core->job_count++];

        *added = (local_job){.is_done = false};
        (void)snprintf(added->id, sizeof(added->id), "%s", job);
    }
    return TAMIS_OK;
}

static known_job *find_known(const tamis_worker_core *core, const char *id, uint64_t epoch)
{
    for (known_job *job = core->known; job != NULL; job = job->next) {
        if (job->epoch == epoch && strcmp(job->id, id) == 0) {
            return job;
        }
    }
    return NULL;
}

static known_job *add_known(tamis_worker_core *core, const char *id)
{
    known_job *job = calloc(1, sizeof(*job));

    if (job != NULL) {
        (void)snprintf(job->id, sizeof(job->id), "%s", id);
        job->epoch = core->epoch;
        job->next = core->known;
        core->known = job;
    }
    return job;
}

static bool job_is_done(tamis_worker_core *core, const char *id)
{
    const local_job *job = find_local_job(core, id);

    return job != NULL && job->is_done;
}

/* Frees what no task borrows from and nothing will ask for again. Called before each step, so that
 * views stay while the actions of the step before are performed. */
static void collect(tamis_worker_core *core)
{
    known_job **place = &core->known;

    while (*place != NULL) {
        known_job *job = *place;

        if (job->task_count == 0 && (job->epoch != core->epoch || job_is_done(core, job->id))) {
            *place = job->next;
            tamis_job_view_destroy(job->view);
            free(job);
        } else {
            place = &job->next;
        }
    }
}

static tamis_status drop_done_jobs(worker_step *step)
{
    tamis_worker_core *core = step->core;
    size_t i = 0;

    while (i < core->job_count) {
        local_job job = core->jobs[i];
        bool is_held = !job.is_done;

        for (const held_task *task = core->tasks; task != NULL && !is_held; task = task->next) {
            is_held = strcmp(task->job->id, job.id) == 0;
        }
        if (is_held) {
            i++;
            continue;
        }
        tamis_worker_action action = {.kind = TAMIS_WORKER_DROP, .is_data_kept = job.is_data_kept};
        tamis_status status = TAMIS_OK;

        memcpy(action.job, job.id, sizeof(action.job));
        status = act(step, &action);
        if (status != TAMIS_OK) {
            return status;
        }
        /* Its view, no longer listed as done, must not stay: nobody asks for it again. */
        for (known_job *known = core->known; known != NULL; known = known->next) {
            if (strcmp(known->id, job.id) == 0) {
                known->epoch = 0;
            }
        }
        core->jobs[i] = core->jobs[--core->job_count];
    }
    return TAMIS_OK;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static held_task *find_task(const tamis_worker_core *core, uint64_t fence)
{
    for (held_task *task = core->tasks; task != NULL; task = task->next) {
        if (task->fence == fence) {
            return task;
        }
    }
    return NULL;
}

static void remove_task(tamis_worker_core *core, held_task *task)
{
    held_task **place = &core->tasks;

    while (*place != task) {
        place = &(*place)->next;
    }
    *place = task->next;
    core->past[core->past_next] = task->fence;
    core->past_next = (core->past_next + 1) % PAST_FENCES;
    task->job->task_count--;
    tamis_buf_fini(&task->blob);
    free(task);
}

static bool is_past(const tamis_worker_core *core, uint64_t fence)
{
    for (size_t i = 0; i < PAST_FENCES; i++) {
        if (core->past[i] == fence) {
            return true;
        }
    }
    return false;
}

static held_task *add_task(tamis_worker_core *core, known_job *job, const tamis_message *message)
{
    held_task *task = calloc(1, sizeof(*task));
    held_task **place = &core->tasks;

    if (task == NULL) {
        return NULL;
    }
    task->job = job;
    task->stage = message->body.assign.stage;
    task->task = message->body.assign.task;
    task->fence = message->fence;
    tamis_buf_init(&task->blob, TAMIS_BLOB_MAX);
    job->task_count++;
    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = task;
    return task;
}

/* Nobody waits for the task any more. */
static tamis_status let_go(worker_step *step, held_task *task)
{
    if (task->state == TASK_RUNNING) {
        if (task->is_unwanted) {
            return TAMIS_OK;
        }
        task->is_unwanted = true;
        return act_on_task(step, TAMIS_WORKER_CANCEL, task);
    }
    if (task->state != TASK_PUBLISHING) { /* which lasts only until the actions are done */
        remove_task(step->core, task);
    }
    return TAMIS_OK;
}

static tamis_status send_report(worker_step *step, held_task *task)
{
    task->sent_ms = step->now_ms;
    task->report.sequence = ++step->core->sequence;
    task->report.epoch = step->core->epoch;
    return send(step, &task->report, tamis_buf_slice(&task->blob));
}

static tamis_status report_failure(worker_step *step, held_task *task, tamis_status reason,
                                   const char *text)
{
    task->state = TASK_REPORTING;
    tamis_buf_reset(&task->blob);
    (void)snprintf(task->text, sizeof(task->text), "%s",
                   text == NULL || text[0] == 0 ? tamis_status_text(reason) : text);
    task->report = message_of(step, TAMIS_MESSAGE_TASK_FAILED, task->job->id, task->fence);
    task->report.body.task_failed.stage = task->stage;
    task->report.body.task_failed.task = task->task;
    task->report.body.task_failed.status = reason;
    task->report.body.task_failed.is_retryable = tamis_status_is_retryable(reason);
    task->report.body.task_failed.text = task->text;
    return send_report(step, task);
}

static bool stage_is_valid(const held_task *task)
{
    uint32_t count = 0;
    const tamis_stage *stages = tamis_job_view_stages(task->job->view, &count);

    return task->stage < count && task->task < stages[task->stage].task_count;
}

static tamis_status fetch(worker_step *step, const held_task *task)
{
    known_job *job = task->job;
    tamis_message message = message_of(step, TAMIS_MESSAGE_FETCH, job->id, 0);

    if (job->fetched_ms != 0 && step->now_ms - job->fetched_ms < step->core->settings.resend_ms) {
        return TAMIS_OK;
    }
    job->fetched_ms = step->now_ms == 0 ? 1 : step->now_ms;
    message.body.fetch.has_job = job->view != NULL;
    message.body.fetch.first_stage = job->view == NULL ? 0 : tamis_job_view_known_stages(job->view);
    message.body.fetch.end_stage = task->stage;
    return send(step, &message, tamis_slice_of(NULL, 0));
}

/* WAITING tasks whose job is known by now become QUEUED, QUEUED ones start while threads are free.
 */
static tamis_status go_on(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (held_task *task = core->tasks; task != NULL && status == TAMIS_OK; task = task->next) {
        if (task->state == TASK_WAITING) {
            const tamis_job_view *view = task->job->view;

            if (view == NULL || tamis_job_view_known_stages(view) < task->stage) {
                status = fetch(step, task);
            } else if (!stage_is_valid(task)) {
                status = report_failure(step, task, TAMIS_EFORMAT, "the job has no such task");
            } else {
                task->state = TASK_QUEUED;
            }
        }
        if (task->state == TASK_QUEUED && core->running_count < core->settings.thread_count &&
            status == TAMIS_OK) {
            task->state = TASK_RUNNING;
            core->running_count++;
            status = act_on_task(step, TAMIS_WORKER_START, task);
        }
    }
    return status;
}

/* ---- Packets --------------------------------------------------------------------------------- */

static tamis_status say_hello(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_message message = message_of(step, TAMIS_MESSAGE_HELLO, NULL, 0);
    unsigned shift = core->hello_count < HELLO_SHIFT ? core->hello_count : HELLO_SHIFT;
    uint64_t wait_ms = (uint64_t)core->settings.hello_ms << shift;

    core->hello_count++;
    core->is_welcome = false;
    core->next_hello_ms = step->now_ms + wait_ms / 2 + tamis_rng_below(&core->rng, wait_ms / 2 + 1);
    message.body.hello.build = core->settings.build;
    message.body.hello.thread_count = core->settings.thread_count;
    message.body.hello.host = core->settings.host;
    message.body.hello.data_folder = core->settings.data_folder;
    return send(step, &message, tamis_slice_of(NULL, 0));
}

static tamis_status send_heartbeat(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_message message = message_of(step, TAMIS_MESSAGE_HEARTBEAT, NULL, 0);
    tamis_held *held = calloc(TAMIS_WIRE_ITEMS_MAX / 2, sizeof(*held));
    const char *jobs[JOBS_MAX];
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    if (held == NULL) {
        return no_memory(step);
    }
    for (const held_task *task = core->tasks; task != NULL && count < TAMIS_WIRE_ITEMS_MAX / 2;
         task = task->next) {
        if (!task->is_unwanted) {
            held[count] = (tamis_held){
                .fence = task->fence,
                .stage = task->stage,
                .task = task->task,
                .bytes = task->bytes,
                .documents = task->documents,
            };
            memcpy(held[count++].job, task->job->id, TAMIS_JOB_ID_SIZE);
        }
    }
    for (size_t i = 0; i < core->job_count; i++) {
        jobs[i] = core->jobs[i].id;
    }
    core->next_heartbeat_ms = step->now_ms + core->heartbeat_ms;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = count;
    message.body.heartbeat.credit = core->settings.credit;
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = core->job_count;
    status = send(step, &message, tamis_slice_of(NULL, 0));
    free(held);
    return status;
}

static tamis_status on_welcome(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;
    tamis_message request;
    tamis_status status = TAMIS_OK;

    core->is_welcome = true;
    core->hello_count = 0;
    core->heartbeat_ms = message->body.welcome.heartbeat_ms;
    /* The heartbeat tells a coordinator that has restarted which leases live on. */
    status = send_heartbeat(step);
    if (status != TAMIS_OK) {
        return status;
    }
    request = message_of(step, TAMIS_MESSAGE_TASK_REQUEST, NULL, 0);
    request.body.task_request.credit = core->settings.credit;
    return send(step, &request, tamis_slice_of(NULL, 0));
}

static tamis_status on_refused(worker_step *step, const tamis_message *message)
{
    if (message->body.refused.status == TAMIS_EVERSION) {
        return tamis_err_set(step->err, TAMIS_EVERSION, "the coordinator refuses this worker: %s",
                             message->body.refused.text);
    }
    if (step->core->is_welcome) { /* it does not know us any more: it has restarted */
        step->core->hello_count = 0;
        return say_hello(step);
    }
    return TAMIS_OK; /* the next greeting comes in its time */
}

static tamis_status on_assign(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;
    held_task *task = find_task(core, message->fence);
    known_job *job = NULL;
    tamis_status status = TAMIS_OK;

    if (task != NULL) { /* a repetition; the report may have been what was lost */
        return task->state == TASK_REPORTING ? send_report(step, task) : TAMIS_OK;
    }
    if (message->epoch != core->epoch || is_past(core, message->fence) ||
        job_is_done(core, message->job)) {
        return TAMIS_OK;
    }
    for (held_task *other = core->tasks, *next = NULL; other != NULL && status == TAMIS_OK;
         other = next) {
        next = other->next;
        if (other->stage != message->body.assign.stage ||
            other->task != message->body.assign.task || strcmp(other->job->id, message->job) != 0) {
            continue;
        }
        if (other->fence > message->fence) {
            return TAMIS_OK;
        }
        status = let_go(step, other);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    job = find_known(core, message->job, core->epoch);
    if (job == NULL) {
        job = add_known(core, message->job);
    }
    if (job == NULL || tamis_worker_core_add_job(core, message->job) != TAMIS_OK ||
        add_task(core, job, message) == NULL) {
        return no_memory(step);
    }
    return go_on(step);
}

/* The job cannot be read: its tasks fail, each with that text. */
static tamis_status fail_waiting(worker_step *step, const known_job *job, const tamis_err *why)
{
    tamis_status status = TAMIS_OK;

    for (held_task *task = step->core->tasks; task != NULL && status == TAMIS_OK;
         task = task->next) {
        if (task->job == job && task->state == TASK_WAITING) {
            status = report_failure(step, task, why->status, why->text);
        }
    }
    return status;
}

static tamis_status on_job_info(worker_step *step, const tamis_message *message, tamis_slice bulk)
{
    known_job *job = find_known(step->core, message->job, message->epoch);
    tamis_err why = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    if (job == NULL || job->epoch != step->core->epoch) {
        return TAMIS_OK;
    }
    job->fetched_ms = 0;
    if (message->kind == TAMIS_MESSAGE_JOB_INFO) {
        status = job->view == NULL ? tamis_job_view_create(bulk, &job->view, &why) : TAMIS_OK;
    } else if (job->view != NULL) {
        status = tamis_job_view_add_owners(
            job->view, message->body.owners.first_stage, message->body.owners.end_stage,
            message->body.owners.folders, message->body.owners.folder_count, bulk, &why);
    }
    status = status == TAMIS_OK ? TAMIS_OK : fail_waiting(step, job, &why);
    return status == TAMIS_OK ? go_on(step) : status;
}

static tamis_status on_heartbeat(worker_step *step, const tamis_message *message)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < message->body.heartbeat.held_count && status == TAMIS_OK; i++) {
        held_task *task = find_task(step->core, message->body.heartbeat.held[i].fence);

        if (task != NULL) {
            status = let_go(step, task);
        }
    }
    return status == TAMIS_OK ? go_on(step) : status;
}

static tamis_status on_job_done(worker_step *step, const tamis_message *message)
{
    local_job *job = find_local_job(step->core, message->job);
    tamis_status status = TAMIS_OK;

    if (job == NULL) {
        return TAMIS_OK;
    }
    job->is_done = true;
    job->is_data_kept = message->body.job_done.is_data_kept;
    for (held_task *task = step->core->tasks, *next = NULL; task != NULL && status == TAMIS_OK;
         task = next) {
        next = task->next;
        if (strcmp(task->job->id, message->job) == 0) {
            status = let_go(step, task);
        }
    }
    return status == TAMIS_OK ? drop_done_jobs(step) : status;
}

static tamis_status on_task_ack(worker_step *step, const tamis_message *message)
{
    held_task *task = find_task(step->core, message->fence);

    if (task != NULL && task->state == TASK_REPORTING) {
        remove_task(step->core, task);
    }
    return drop_done_jobs(step);
}

/* A coordinator that has restarted: what it says may differ from what its predecessor said. */
static tamis_status take_epoch(worker_step *step, const tamis_message *message)
{
    tamis_worker_action action = {.kind = TAMIS_WORKER_REFRESH};

    if (message->epoch <= step->core->epoch) {
        return TAMIS_OK;
    }
    step->core->epoch = message->epoch;
    return act(step, &action);
}

static tamis_status on_packet(worker_step *step, const tamis_worker_event *event)
{
    const tamis_message *message = event->message;
    tamis_status status = TAMIS_OK;

    if (message->epoch < step->core->epoch) {
        return TAMIS_OK; /* from before the restart */
    }
    status = take_epoch(step, message);
    step->core->heard_ms = step->now_ms == 0 ? 1 : step->now_ms;
    if (status != TAMIS_OK || step->core->is_stopping) {
        return status;
    }
    if (message->kind == TAMIS_MESSAGE_WELCOME) {
        return on_welcome(step, message);
    }
    if (message->kind == TAMIS_MESSAGE_REFUSED) {
        return on_refused(step, message);
    }
    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        return on_assign(step, message);
    }
    if (message->kind == TAMIS_MESSAGE_JOB_INFO || message->kind == TAMIS_MESSAGE_OWNERS) {
        return on_job_info(step, message, event->bulk);
    }
    if (message->kind == TAMIS_MESSAGE_HEARTBEAT) {
        return on_heartbeat(step, message);
    }
    if (message->kind == TAMIS_MESSAGE_JOB_DONE) {
        return on_job_done(step, message);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_ACK) {
        return on_task_ack(step, message);
    }
    return TAMIS_OK; /* not for workers */
}

/* ---- Attempts -------------------------------------------------------------------------------- */

static tamis_status on_ended(worker_step *step, const tamis_worker_event *event)
{
    held_task *task = find_task(step->core, event->fence);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(task != NULL && task->state == TASK_RUNNING);
    step->core->running_count--;
    task->bytes = event->bytes;
    task->documents = event->documents;
    if (!task->is_unwanted && event->status == TAMIS_OK) {
        task->state = TASK_PUBLISHING;
        task->report = message_of(step, TAMIS_MESSAGE_TASK_DONE, task->job->id, task->fence);
        task->report.body.task_done.stage = task->stage;
        task->report.body.task_done.task = task->task;
        task->report.body.task_done.skip_stages = event->result->skip_stages;
        task->report.body.task_done.bytes = event->bytes;
        task->report.body.task_done.documents = event->documents;
        memcpy(task->report.body.task_done.counters, event->result->counters,
               sizeof(event->result->counters));
        if (tamis_buf_append(&task->blob, event->result->blob.data, event->result->blob.size) !=
            TAMIS_OK) {
            return no_memory(step);
        }
        return act_on_task(step, TAMIS_WORKER_PUBLISH, task);
    }
    status = act_on_task(step, TAMIS_WORKER_DISCARD, task);
    if (status == TAMIS_OK && !task->is_unwanted) {
        status = report_failure(step, task, event->status, event->text);
    } else if (status == TAMIS_OK) {
        remove_task(step->core, task);
    }
    if (status == TAMIS_OK) {
        status = drop_done_jobs(step);
    }
    return status == TAMIS_OK && !step->core->is_stopping ? go_on(step) : status;
}

static tamis_status on_published(worker_step *step, const tamis_worker_event *event)
{
    held_task *task = find_task(step->core, event->fence);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(task != NULL && task->state == TASK_PUBLISHING);
    task->state = TASK_REPORTING;
    if (step->core->is_stopping) {
        remove_task(step->core, task);
        return TAMIS_OK;
    }
    status = event->status == TAMIS_OK ? send_report(step, task)
                                       : report_failure(step, task, event->status, event->text);
    return status == TAMIS_OK ? go_on(step) : status;
}

static tamis_status on_stop(worker_step *step)
{
    tamis_message bye = message_of(step, TAMIS_MESSAGE_BYE, NULL, 0);
    tamis_status status = TAMIS_OK;

    if (step->core->is_stopping) {
        return TAMIS_OK;
    }
    step->core->is_stopping = true;
    for (held_task *task = step->core->tasks, *next = NULL; task != NULL && status == TAMIS_OK;
         task = next) {
        next = task->next;
        status = let_go(step, task);
    }
    return status == TAMIS_OK && step->core->is_welcome ? send(step, &bye, tamis_slice_of(NULL, 0))
                                                        : status;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static tamis_status resend_reports(worker_step *step)
{
    tamis_status status = TAMIS_OK;

    for (held_task *task = step->core->tasks; task != NULL && status == TAMIS_OK;
         task = task->next) {
        if (task->state == TASK_REPORTING &&
            step->now_ms - task->sent_ms >= step->core->settings.resend_ms) {
            status = send_report(step, task);
        }
    }
    return status;
}

static tamis_status on_tick(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_status status = TAMIS_OK;

    if (core->is_stopping) {
        return TAMIS_OK;
    }
    if (core->is_welcome && step->now_ms - core->heard_ms >= core->settings.silence_ms) {
        core->is_welcome = false;
        core->next_hello_ms = step->now_ms;
    }
    if (!core->is_welcome) {
        return step->now_ms >= core->next_hello_ms ? say_hello(step) : TAMIS_OK;
    }
    if (step->now_ms >= core->next_heartbeat_ms) {
        status = send_heartbeat(step);
    }
    if (status == TAMIS_OK) {
        status = resend_reports(step);
    }
    return status == TAMIS_OK ? go_on(step) : status;
}

/* ---- Life ------------------------------------------------------------------------------------ */

tamis_status tamis_worker_core_create(const tamis_worker_settings *settings,
                                      tamis_worker_core **out_core)
{
    tamis_worker_core *core = calloc(1, sizeof(*core));

    TAMIS_ASSERT(settings->thread_count != 0 && settings->credit >= settings->thread_count);
    TAMIS_ASSERT(settings->credit <= TAMIS_WORKER_CREDIT_MAX && settings->hello_ms != 0);
    if (core == NULL) {
        return TAMIS_ENOMEM;
    }
    core->settings = *settings;
    core->rng.state = settings->seed;
    core->heartbeat_ms = HEARTBEAT_MS;
    *out_core = core;
    return TAMIS_OK;
}

void tamis_worker_core_destroy(tamis_worker_core *core)
{
    if (core == NULL) {
        return;
    }
    while (core->tasks != NULL) {
        remove_task(core, core->tasks);
    }
    while (core->known != NULL) {
        known_job *job = core->known;

        core->known = job->next;
        tamis_job_view_destroy(job->view);
        free(job);
    }
    free(core);
}

void tamis_worker_core_progress(tamis_worker_core *core, uint64_t fence, uint64_t bytes,
                                uint64_t documents)
{
    held_task *task = find_task(core, fence);

    if (task != NULL) {
        task->bytes = bytes;
        task->documents = documents;
    }
}

tamis_status tamis_worker_core_step(tamis_worker_core *core, const tamis_worker_event *event,
                                    uint64_t now_ms, tamis_worker_effects *effects, tamis_err *err)
{
    worker_step step = {.core = core, .effects = effects, .now_ms = now_ms, .err = err};

    if (effects->action_count == 0) {
        collect(core);
    }
    switch (event->kind) {
    case TAMIS_WORKER_PACKET:
        return on_packet(&step, event);
    case TAMIS_WORKER_TICK:
        return on_tick(&step);
    case TAMIS_WORKER_ENDED:
        return on_ended(&step, event);
    case TAMIS_WORKER_PUBLISHED:
        return on_published(&step, event);
    case TAMIS_WORKER_STOP:
        return on_stop(&step);
    default:
        TAMIS_ASSERT(!"an event of a known kind");
        return TAMIS_EARG;
    }
}

bool tamis_worker_core_is_idle(const tamis_worker_core *core)
{
    for (const held_task *task = core->tasks; task != NULL; task = task->next) {
        if (task->state == TASK_RUNNING || task->state == TASK_PUBLISHING) {
            return false;
        }
    }
    return true;
}

uint64_t tamis_worker_core_heard_ms(const tamis_worker_core *core)
{
    return core->heard_ms;
}
