/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

#include <stdlib.h>

#include "tamis/planted.h"

#define HELLO_MS     500
#define RESEND_MS    1000
#define SILENCE_MS   5000
#define HEARTBEAT_MS 300 /* until the coordinator says otherwise */

/* ---- Effects --------------------------------------------------------------------------------- */

void tamis_worker_settings_defaults(tamis_worker_settings *out_settings)
{
    *out_settings = (tamis_worker_settings){
        .thread_count = 1,
        .credit = 2,
        .hello_ms = HELLO_MS,
        .resend_ms = RESEND_MS,
        .silence_ms = SILENCE_MS,
        .host = "",
        .name = "",
        .data_folder = "",
        .folder_id = "",
        .data_url = "",
        .public_key = "",
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

tamis_status worker_no_memory(const worker_step *step)
{
    return tamis_err_set(step->err, TAMIS_ENOMEM, "worker: out of memory");
}

tamis_status worker_act(worker_step *step, const tamis_worker_action *action)
{
    tamis_worker_effects *effects = step->effects;

    if (effects->action_count == effects->action_capacity) {
        size_t capacity = effects->action_capacity == 0 ? 16 : effects->action_capacity * 2;
        tamis_worker_action *actions = reallocarray(effects->actions, capacity, sizeof(*actions));

        if (actions == NULL) {
            return worker_no_memory(step);
        }
        effects->actions = actions;
        effects->action_capacity = capacity;
    }
    effects->actions[effects->action_count++] = *action;
    return TAMIS_OK;
}

tamis_status worker_act_on_task(worker_step *step, tamis_worker_action_kind kind,
                                const held_task *task)
{
    tamis_worker_action action = {
        .kind = kind,
        .fence = task->fence,
        .view = task->job->view,
        .stage = task->stage,
        .task = task->task,
        .is_isolated = task->is_isolated,
    };

    return worker_act(step, &action);
}

tamis_message worker_message_of(worker_step *step, tamis_message_kind kind, const char *job,
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

tamis_status worker_send(worker_step *step, const tamis_message *message, tamis_slice bulk)
{
    tamis_status status =
        tamis_outbox_add(&step->effects->outbox, tamis_slice_of(NULL, 0), message, bulk);

    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(step->err, status, "worker: no %s message",
                                              tamis_message_kind_name(message->kind));
}

/* ---- Attempts -------------------------------------------------------------------------------- */

static tamis_status publish_result(worker_step *step, held_task *task,
                                   const tamis_worker_event *event)
{
    task->state = TASK_PUBLISHING;
    task->report = worker_message_of(step, TAMIS_MESSAGE_TASK_DONE, task->job->id, task->fence);
    task->report.body.task_done.stage = task->stage;
    task->report.body.task_done.task = task->task;
    task->report.body.task_done.skip_stages = event->result->skip_stages;
    task->report.body.task_done.bytes = event->bytes;
    task->report.body.task_done.documents = event->documents;
    memcpy(task->report.body.task_done.counters, event->result->counters,
           sizeof(event->result->counters));
    if (tamis_buf_append(&task->blob, event->result->blob.data, event->result->blob.size) !=
        TAMIS_OK) {
        return worker_no_memory(step);
    }
    return worker_act_on_task(step, TAMIS_WORKER_PUBLISH, task);
}

/* A thread is free, and a task may have gone. */
static tamis_status after_task(worker_step *step)
{
    tamis_status status = worker_drop_done_jobs(step);

    return status == TAMIS_OK && !step->core->is_stopping ? worker_go_on(step) : status;
}

static tamis_status on_ended(worker_step *step, const tamis_worker_event *event)
{
    held_task *task = worker_find_task(step->core, event->fence);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(task != NULL && task->state == TASK_RUNNING);
    task->bytes = event->bytes;
    task->documents = event->documents;
    if (!task->is_unwanted && event->status == TAMIS_OK) {
        return publish_result(step, task, event);
    }
    step->core->running_count--;
    status = worker_act_on_task(step, TAMIS_WORKER_DISCARD, task);
    if (status == TAMIS_OK && event->status == TAMIS_ELOST) {
        status = worker_keep_lost(step, task, event->lost);
    }
    if (status == TAMIS_OK && !task->is_unwanted) {
        status = worker_report_failure(step, task, event->status, event->text);
    } else if (status == TAMIS_OK) {
        worker_remove_task(step->core, task);
    }
    return status == TAMIS_OK ? after_task(step) : status;
}

static tamis_status on_published(worker_step *step, const tamis_worker_event *event)
{
    held_task *task = worker_find_task(step->core, event->fence);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(task != NULL && task->state == TASK_PUBLISHING);
    step->core->running_count--;
    task->state = TASK_REPORTING;
    if (task->is_unwanted) { /* whatever came of it */
        worker_remove_task(step->core, task);
    } else {
        status = event->status == TAMIS_OK
                     ? worker_send_report(step, task)
                     : worker_report_failure(step, task, event->status, event->text);
    }
    return status == TAMIS_OK ? after_task(step) : status;
}

static tamis_status on_dropped(worker_step *step, const tamis_worker_event *event)
{
    local_job *job = worker_find_local_job(step->core, event->job);

    TAMIS_ASSERT(job != NULL && job->is_dropping);
    *job = step->core->jobs[--step->core->job_count];
    return TAMIS_OK;
}

static tamis_status on_stop(worker_step *step)
{
    tamis_message bye = worker_message_of(step, TAMIS_MESSAGE_BYE, NULL, 0);
    tamis_status status = TAMIS_OK;

    if (step->core->is_stopping) {
        return TAMIS_OK;
    }
    step->core->is_stopping = true;
    for (held_task *task = step->core->tasks, *next = NULL; task != NULL && status == TAMIS_OK;
         task = next) {
        next = task->next;
        status = worker_let_go(step, task);
    }
    return status == TAMIS_OK && step->core->is_welcome
               ? worker_send(step, &bye, tamis_slice_of(NULL, 0))
               : status;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static tamis_status resend_reports(worker_step *step)
{
    tamis_status status = TAMIS_OK;

    for (held_task *task = step->core->tasks; task != NULL && status == TAMIS_OK;
         task = task->next) {
        if (task->state == TASK_REPORTING && !TAMIS_PLANTED(REPORT_NOT_RESENT) &&
            step->now_ms - task->sent_ms >= step->core->settings.resend_ms) {
            status = worker_send_report(step, task);
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
        return step->now_ms >= core->next_hello_ms ? worker_say_hello(step) : TAMIS_OK;
    }
    if (step->now_ms >= core->next_heartbeat_ms) {
        status = worker_send_heartbeat(step);
    }
    if (status == TAMIS_OK) {
        status = resend_reports(step);
    }
    return status == TAMIS_OK ? worker_go_on(step) : status;
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
    if (tamis_folder_book_create(&core->book) != TAMIS_OK) {
        free(core);
        return TAMIS_ENOMEM;
    }
    core->settings = *settings;
    core->epochs = settings->epochs == NULL ? (tamis_epochs){.count = 0} : *settings->epochs;
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
        worker_remove_task(core, core->tasks);
    }
    while (core->known != NULL) {
        known_job *job = core->known;

        core->known = job->next;
        worker_free_known(job);
    }
    tamis_folder_book_destroy(core->book);
    free(core);
}

void tamis_worker_core_progress(tamis_worker_core *core, uint64_t fence, uint64_t bytes,
                                uint64_t documents)
{
    held_task *task = worker_find_task(core, fence);

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
        worker_collect(core);
    }
    switch (event->kind) {
    case TAMIS_WORKER_PACKET:
        return worker_on_packet(&step, event);
    case TAMIS_WORKER_TICK:
        return on_tick(&step);
    case TAMIS_WORKER_ENDED:
        return on_ended(&step, event);
    case TAMIS_WORKER_PUBLISHED:
        return on_published(&step, event);
    case TAMIS_WORKER_DROPPED:
        return on_dropped(&step, event);
    case TAMIS_WORKER_PERSISTED:
        return worker_on_persisted(&step, event->status);
    case TAMIS_WORKER_STOP:
        return on_stop(&step);
    default:
        TAMIS_ASSERT(event->kind <= TAMIS_WORKER_STOP);
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

uint64_t tamis_worker_core_lease_until_ms(const tamis_worker_core *core)
{
    return TAMIS_PLANTED(LEASE_ENDLESS) ? UINT64_MAX : core->lease_until_ms;
}

uint64_t tamis_worker_core_refused(const tamis_worker_core *core, uint64_t *out_epoch)
{
    *out_epoch = core->refused_epoch;
    return core->refused_count;
}

tamis_worker_contact tamis_worker_core_contact(const tamis_worker_core *core)
{
    return (tamis_worker_contact){
        .is_welcome = core->is_welcome,
        .welcome_count = core->welcome_count,
        .epoch = core->epoch,
        .cluster = core->cluster,
        .refusal_count = core->refusal_count,
        .refusal = core->refusal,
        .refusal_text = core->refusal_text,
    };
}

tamis_folder_book *tamis_worker_core_book(const tamis_worker_core *core)
{
    return core->book;
}
