/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

#include "tamis/planted.h"

#define HELLO_SHIFT 3 /* greetings that are not answered come at most 2^3 times as seldom */

/* ---- Greetings ------------------------------------------------------------------------------- */

tamis_status worker_say_hello(worker_step *step)
{
    tamis_worker_core *core = step->core;
    const tamis_worker_settings *settings = &core->settings;
    tamis_message message = worker_message_of(step, TAMIS_MESSAGE_HELLO, NULL, 0);
    unsigned shift = core->hello_count < HELLO_SHIFT ? core->hello_count : HELLO_SHIFT;
    uint64_t wait_ms = (uint64_t)settings->hello_ms << shift;

    core->hello_count++;
    core->is_welcome = false;
    core->next_hello_ms = step->now_ms + wait_ms / 2 + tamis_rng_below(&core->rng, wait_ms / 2 + 1);
    message.body.hello.build = settings->build;
    message.body.hello.thread_count = settings->thread_count;
    message.body.hello.host = settings->host;
    message.body.hello.name = settings->name;
    message.body.hello.data_folder = settings->data_folder;
    message.body.hello.folder_id = settings->folder_id;
    message.body.hello.data_url = settings->data_url;
    message.body.hello.public_key = settings->public_key;
    message.body.hello.memory_bytes = settings->memory_bytes;
    return worker_send(step, &message, tamis_slice_of(NULL, 0));
}

static void note_refusal(tamis_worker_core *core, tamis_status reason, const char *text)
{
    core->refusal_count++;
    core->refusal = reason;
    (void)snprintf(core->refusal_text, sizeof(core->refusal_text), "%.*s",
                   (int)sizeof(core->refusal_text) - 1, text);
}

tamis_status worker_on_refused(worker_step *step, const tamis_message *message)
{
    tamis_status reason = message->body.refused.status;

    if (reason == TAMIS_EVERSION || reason == TAMIS_EDENIED) {
        return tamis_err_set(step->err, reason, "the coordinator refuses this worker: %s",
                             message->body.refused.text);
    }
    if (reason != TAMIS_ENOENT) { /* that is no trouble: the next greeting mends it */
        note_refusal(step->core, reason, message->body.refused.text);
    }
    if (step->core->is_welcome) { /* it does not know us any more: it has restarted */
        step->core->hello_count = 0;
        return worker_say_hello(step);
    }
    return TAMIS_OK; /* the next greeting comes in its time */
}

/* ---- Heartbeats and the lease ---------------------------------------------------------------- */

static void remember_beat(worker_step *step, uint64_t sequence)
{
    tamis_worker_core *core = step->core;

    core->beats[core->next_beat] = (sent_beat){.sequence = sequence, .sent_ms = step->now_ms};
    core->next_beat = (core->next_beat + 1) % BEATS_MAX;
}

void worker_renew_lease(worker_step *step, uint64_t answered)
{
    tamis_worker_core *core = step->core;

    for (size_t i = 0; i < BEATS_MAX && answered != 0; i++) {
        uint64_t until_ms = core->beats[i].sent_ms + core->lease_ms;

        if (core->beats[i].sequence == answered && until_ms > core->lease_until_ms) {
            core->lease_until_ms = until_ms;
        }
    }
}

static size_t list_held(const tamis_worker_core *core, tamis_held *out_held)
{
    size_t count = 0;

    for (const held_task *task = core->tasks; task != NULL; task = task->next) {
        if (!task->is_unwanted) {
            out_held[count] = (tamis_held){
                .fence = task->fence,
                .stage = task->stage,
                .task = task->task,
                .bytes = task->bytes,
                .documents = task->documents,
            };
            memcpy(out_held[count++].job, task->job->id, TAMIS_JOB_ID_SIZE);
        }
    }
    return count;
}

tamis_status worker_send_heartbeat(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_message message = worker_message_of(step, TAMIS_MESSAGE_HEARTBEAT, NULL, 0);
    tamis_held *held = NULL;
    const char *jobs[JOBS_MAX];
    size_t job_count = 0;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    for (const held_task *task = core->tasks; task != NULL; task = task->next) {
        count++; /* the credit keeps it far below what a message may list */
    }
    held = calloc(count + 1, sizeof(*held));
    if (held == NULL) {
        return worker_no_memory(step);
    }
    for (size_t i = 0; i < core->job_count; i++) {
        if (!core->jobs[i].is_dropping) {
            jobs[job_count++] = core->jobs[i].id;
        }
    }
    remember_beat(step, message.sequence);
    core->next_heartbeat_ms = step->now_ms + core->heartbeat_ms;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = list_held(core, held);
    message.body.heartbeat.credit = core->settings.credit;
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = job_count;
    message.body.heartbeat.folders_version = tamis_folder_book_version(core->book);
    status = worker_send(step, &message, tamis_slice_of(NULL, 0));
    free(held);
    return status;
}

/* ---- Epochs ---------------------------------------------------------------------------------- */

static void count_refused(tamis_worker_core *core, uint64_t epoch)
{
    core->refused_count++;
    core->refused_epoch = epoch;
}

bool worker_obeys(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;

    if (message->epoch < core->epoch && !TAMIS_PLANTED(LOWER_EPOCH_ACCEPTED)) {
        count_refused(core, message->epoch); /* a coordinator that was replaced */
        return false;
    }
    /* Of a higher epoch its Welcome says whose it is. */
    return message->epoch <= core->epoch || message->kind == TAMIS_MESSAGE_REFUSED;
}

static tamis_status accept(worker_step *step, const welcome *word)
{
    tamis_worker_core *core = step->core;
    tamis_message request;
    tamis_status status = TAMIS_OK;

    core->welcome_count += !core->is_welcome;
    core->is_welcome = true;
    core->hello_count = 0;
    core->heartbeat_ms = word->heartbeat_ms;
    core->lease_ms = word->lease_ms;
    /* The heartbeat tells a coordinator that has restarted which leases live on. */
    status = worker_send_heartbeat(step);
    if (status != TAMIS_OK) {
        return status;
    }
    request = worker_message_of(step, TAMIS_MESSAGE_TASK_REQUEST, NULL, 0);
    request.body.task_request.credit = core->settings.credit;
    status = worker_send(step, &request, tamis_slice_of(NULL, 0));
    return status == TAMIS_OK ? worker_go_on(step) : status;
}

/* What was known under another coordinator's numbers is of no use; the jobs themselves stay known
 * within a cluster. */
static tamis_status renew_known(worker_step *step, bool is_same_cluster)
{
    tamis_worker_core *core = step->core;

    for (known_job *job = core->known; job != NULL; job = job->next) {
        if (!is_same_cluster) {
            job->epoch = 0;
        } else if (job->epoch != 0 && worker_newest(core, job->id) == NULL) {
            /* New ones come in front, where this loop does not come by. */
            known_job *renewed = worker_add_known(core, job->id, 0);

            if (renewed == NULL) {
                return worker_no_memory(step);
            }
            worker_move_waiting(core, renewed);
        }
    }
    return TAMIS_OK;
}

/* A coordinator that has restarted: what it says may differ from what its predecessor said. Tasks
 * that do not run yet are to go by the new word. */
static tamis_status begin_epoch(worker_step *step, const welcome *word)
{
    tamis_worker_core *core = step->core;
    bool is_same_cluster = strcmp(core->cluster, word->cluster) == 0;
    tamis_worker_action action = {.kind = TAMIS_WORKER_REFRESH};
    tamis_status status = TAMIS_OK;

    if (is_same_cluster && word->epoch == core->epoch) {
        return TAMIS_OK;
    }
    memcpy(core->cluster, word->cluster, sizeof(core->cluster));
    core->epoch = word->epoch;
    tamis_folder_book_begin(core->book);
    status = renew_known(step, is_same_cluster);
    if (!is_same_cluster) {
        core->lease_until_ms = 0;
        memset(core->beats, 0, sizeof(core->beats));
        memset(core->past, 0, sizeof(core->past));
    }
    return status == TAMIS_OK ? worker_act(step, &action) : status;
}

/* Tasks of another cluster are nobody's business here; it is followed when none is left. */
static tamis_status leave_cluster(worker_step *step)
{
    tamis_status status = TAMIS_OK;

    for (held_task *task = step->core->tasks, *next = NULL; task != NULL && status == TAMIS_OK;
         task = next) {
        next = task->next;
        status = worker_let_go(step, task);
    }
    return status;
}

static tamis_status persist(worker_step *step, const welcome *word)
{
    tamis_worker_core *core = step->core;
    tamis_worker_action action = {.kind = TAMIS_WORKER_PERSIST, .epochs = &core->next_epochs};

    core->pending = *word;
    core->next_epochs = core->epochs;
    tamis_epochs_set(&core->next_epochs, word->cluster, word->epoch);
    return worker_act(step, &action);
}

tamis_status worker_on_welcome(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;
    bool is_same_cluster = strcmp(core->cluster, message->body.welcome.cluster) == 0;
    uint64_t obeyed = tamis_epochs_of(&core->epochs, message->body.welcome.cluster);
    welcome word = {
        .is_there = true,
        .epoch = message->epoch,
        .heartbeat_ms = message->body.welcome.heartbeat_ms,
        .lease_ms = message->body.welcome.lease_ms,
    };
    tamis_status status = TAMIS_OK;

    (void)snprintf(word.cluster, sizeof(word.cluster), "%s", message->body.welcome.cluster);
    if (word.cluster[0] == 0 || (message->epoch < obeyed && !TAMIS_PLANTED(LOWER_EPOCH_ACCEPTED))) {
        count_refused(core, message->epoch);
        return TAMIS_OK;
    }
    if (core->pending.is_there || (!is_same_cluster && core->is_welcome)) {
        return TAMIS_OK; /* it comes again, should it still be meant then */
    }
    core->heard_ms = step->now_ms == 0 ? 1 : step->now_ms;
    if (!is_same_cluster && core->tasks != NULL) {
        return leave_cluster(step);
    }
    if (message->epoch > obeyed && !TAMIS_PLANTED(EPOCH_NOT_PERSISTED)) {
        return persist(step, &word);
    }
    status = begin_epoch(step, &word);
    return status == TAMIS_OK ? accept(step, &word) : status;
}

tamis_status worker_on_persisted(worker_step *step, tamis_status status)
{
    tamis_worker_core *core = step->core;
    welcome word = core->pending;

    TAMIS_ASSERT(word.is_there);
    core->pending.is_there = false;
    if (status != TAMIS_OK) {
        core->is_welcome = false; /* the next greeting tries again */
        return TAMIS_OK;
    }
    core->epochs = core->next_epochs;
    if (core->is_stopping) {
        return TAMIS_OK;
    }
    status = begin_epoch(step, &word);
    return status == TAMIS_OK ? accept(step, &word) : status;
}
