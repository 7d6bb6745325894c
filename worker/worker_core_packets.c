/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

static tamis_status on_assign(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;
    held_task *task = worker_find_task(core, message->fence);
    known_job *job = NULL;
    tamis_status status = TAMIS_OK;

    if (task != NULL) { /* a repetition; the report may have been what was lost */
        return task->state == TASK_REPORTING ? worker_send_report(step, task) : TAMIS_OK;
    }
    if (worker_is_past(core, message) || worker_job_is_done(core, message->job)) {
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
        status = worker_let_go(step, other);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    job = worker_newest(core, message->job);
    if (job == NULL || job->generation < message->body.assign.generation) {
        job = worker_add_known(core, message->job, message->body.assign.generation);
        if (job == NULL) {
            return worker_no_memory(step);
        }
        worker_move_waiting(core, job);
    }
    if (tamis_worker_core_add_job(core, message->job) != TAMIS_OK ||
        worker_add_task(core, job, message) == NULL) {
        return worker_no_memory(step);
    }
    return worker_go_on(step);
}

/* A drained worker that nobody needs any more. */
static tamis_status leave(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_message bye = worker_message_of(step, TAMIS_MESSAGE_BYE, NULL, 0);
    tamis_worker_action action = {.kind = TAMIS_WORKER_LEAVE};
    tamis_status status = TAMIS_OK;

    if (core->tasks != NULL) {
        return worker_go_on(step); /* it was said before one of these was granted */
    }
    core->is_stopping = true;
    status = worker_act(step, &action);
    return status == TAMIS_OK ? worker_send(step, &bye, tamis_slice_of(NULL, 0)) : status;
}

/* The more workers there are, the less often each of them is to be heard. */
static void take_pace(worker_step *step, uint32_t heartbeat_ms)
{
    tamis_worker_core *core = step->core;

    if (heartbeat_ms != 0) {
        core->heartbeat_ms = heartbeat_ms;
        if (core->next_heartbeat_ms > step->now_ms + heartbeat_ms) {
            core->next_heartbeat_ms = step->now_ms + heartbeat_ms;
        }
    }
}

static tamis_status on_heartbeat(worker_step *step, const tamis_message *message)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < message->body.heartbeat.held_count && status == TAMIS_OK; i++) {
        held_task *task = worker_find_task(step->core, message->body.heartbeat.held[i].fence);

        if (task != NULL) {
            status = worker_let_go(step, task);
        }
    }
    if (status != TAMIS_OK) {
        return status;
    }
    /* Last: what was taken away above must not come out under the renewed lease. */
    worker_renew_lease(step, message->body.heartbeat.answered);
    take_pace(step, message->body.heartbeat.heartbeat_ms);
    return message->body.heartbeat.may_leave ? leave(step) : worker_go_on(step);
}

static tamis_status on_job_done(worker_step *step, const tamis_message *message)
{
    local_job *job = worker_find_local_job(step->core, message->job);
    tamis_status status = TAMIS_OK;

    if (job == NULL || job->is_dropping) {
        return TAMIS_OK;
    }
    job->is_done = true;
    job->is_data_kept = message->body.job_done.is_data_kept;
    for (held_task *task = step->core->tasks, *next = NULL; task != NULL && status == TAMIS_OK;
         task = next) {
        next = task->next;
        if (strcmp(task->job->id, message->job) == 0) {
            status = worker_let_go(step, task);
        }
    }
    return status == TAMIS_OK ? worker_drop_done_jobs(step) : status;
}

static tamis_status on_task_ack(worker_step *step, const tamis_message *message)
{
    held_task *task = worker_find_task(step->core, message->fence);

    if (task != NULL && task->state == TASK_REPORTING) {
        worker_remove_task(step->core, task);
    }
    return worker_drop_done_jobs(step);
}

static tamis_status on_task_word(worker_step *step, const tamis_worker_event *event)
{
    const tamis_message *message = event->message;

    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        return on_assign(step, message);
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
    if (message->kind == TAMIS_MESSAGE_JOB_INFO) {
        return worker_on_job_info(step, message, event->bulk);
    }
    if (message->kind == TAMIS_MESSAGE_OWNERS) {
        return worker_on_owners(step, message, event->bulk);
    }
    if (message->kind == TAMIS_MESSAGE_FOLDERS) {
        return worker_on_folders(step, message);
    }
    return TAMIS_OK; /* not for workers */
}

tamis_status worker_on_packet(worker_step *step, const tamis_worker_event *event)
{
    tamis_worker_core *core = step->core;
    const tamis_message *message = event->message;

    if (message->kind == TAMIS_MESSAGE_WELCOME) {
        return core->is_stopping ? TAMIS_OK : worker_on_welcome(step, message);
    }
    if (!worker_obeys(step, message)) {
        return TAMIS_OK;
    }
    core->heard_ms = step->now_ms == 0 ? 1 : step->now_ms;
    if (core->is_stopping) {
        return TAMIS_OK;
    }
    return message->kind == TAMIS_MESSAGE_REFUSED ? worker_on_refused(step, message)
                                                  : on_task_word(step, event);
}
