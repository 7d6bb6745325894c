/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

#include <stdlib.h>

#include "tamis/planted.h"

#define HELLO_SHIFT 3 /* greetings that are not answered come at most 2^3 times as seldom */

/* ---- Packets --------------------------------------------------------------------------------- */

tamis_status worker_say_hello(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_message message = worker_message_of(step, TAMIS_MESSAGE_HELLO, NULL, 0);
    unsigned shift = core->hello_count < HELLO_SHIFT ? core->hello_count : HELLO_SHIFT;
    uint64_t wait_ms = (uint64_t)core->settings.hello_ms << shift;

    core->hello_count++;
    core->is_welcome = false;
    core->next_hello_ms = step->now_ms + wait_ms / 2 + tamis_rng_below(&core->rng, wait_ms / 2 + 1);
    message.body.hello.build = core->settings.build;
    message.body.hello.thread_count = core->settings.thread_count;
    message.body.hello.host = core->settings.host;
    message.body.hello.data_folder = core->settings.data_folder;
    return worker_send(step, &message, tamis_slice_of(NULL, 0));
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
        count++;
    }
    held = calloc(count + 1, sizeof(*held));

    if (held == NULL) {
        return worker_no_memory(step);
    }
    count = 0; /* the credit keeps it far below what a message may list */
    for (const held_task *task = core->tasks; task != NULL; task = task->next) {
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
        if (!core->jobs[i].is_dropping) {
            jobs[job_count++] = core->jobs[i].id;
        }
    }
    core->next_heartbeat_ms = step->now_ms + core->heartbeat_ms;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = count;
    message.body.heartbeat.credit = core->settings.credit;
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = job_count;
    status = worker_send(step, &message, tamis_slice_of(NULL, 0));
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
    status = worker_send_heartbeat(step);
    if (status != TAMIS_OK) {
        return status;
    }
    request = worker_message_of(step, TAMIS_MESSAGE_TASK_REQUEST, NULL, 0);
    request.body.task_request.credit = core->settings.credit;
    return worker_send(step, &request, tamis_slice_of(NULL, 0));
}

static tamis_status on_refused(worker_step *step, const tamis_message *message)
{
    tamis_status reason = message->body.refused.status;

    if (reason == TAMIS_EVERSION || reason == TAMIS_EDENIED) {
        return tamis_err_set(step->err, reason, "the coordinator refuses this worker: %s",
                             message->body.refused.text);
    }
    if (step->core->is_welcome) { /* it does not know us any more: it has restarted */
        step->core->hello_count = 0;
        return worker_say_hello(step);
    }
    return TAMIS_OK; /* the next greeting comes in its time */
}

static tamis_status on_assign(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;
    held_task *task = worker_find_task(core, message->fence);
    known_job *job = NULL;
    tamis_status status = TAMIS_OK;

    if (task != NULL) { /* a repetition; the report may have been what was lost */
        return task->state == TASK_REPORTING ? worker_send_report(step, task) : TAMIS_OK;
    }
    if (message->epoch != core->epoch || worker_is_past(core, message) ||
        worker_job_is_done(core, message->job)) {
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
    job = worker_find_known(core, message->job, core->epoch);
    if (job == NULL) {
        job = worker_add_known(core, message->job);
    }
    if (job == NULL || tamis_worker_core_add_job(core, message->job) != TAMIS_OK ||
        worker_add_task(core, job, message) == NULL) {
        return worker_no_memory(step);
    }
    return worker_go_on(step);
}

/* The job cannot be read: its tasks fail, each with that text. */
static tamis_status fail_waiting(worker_step *step, const known_job *job, const tamis_err *why)
{
    tamis_status status = TAMIS_OK;

    for (held_task *task = step->core->tasks; task != NULL && status == TAMIS_OK;
         task = task->next) {
        if (task->job == job && task->state == TASK_WAITING) {
            status = worker_report_failure(step, task, why->status, why->text);
        }
    }
    return status;
}

static tamis_status on_job_info(worker_step *step, const tamis_message *message, tamis_slice bulk)
{
    known_job *job = worker_find_known(step->core, message->job, message->epoch);
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
    return status == TAMIS_OK ? worker_go_on(step) : status;
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
    return status == TAMIS_OK ? worker_go_on(step) : status;
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

/* A coordinator that has restarted: what it says may differ from what its predecessor said. Tasks
 * that do not run yet are to go by the new word. */
static tamis_status take_epoch(worker_step *step, const tamis_message *message)
{
    tamis_worker_core *core = step->core;
    tamis_worker_action action = {.kind = TAMIS_WORKER_REFRESH};

    if (message->epoch <= core->epoch) {
        return TAMIS_OK;
    }
    core->epoch = message->epoch;
    for (held_task *task = core->tasks; task != NULL; task = task->next) {
        known_job *job = NULL;

        if (task->state != TASK_WAITING && task->state != TASK_QUEUED) {
            continue;
        }
        job = worker_find_known(core, task->job->id, core->epoch);
        job = job == NULL ? worker_add_known(core, task->job->id) : job;
        if (job == NULL) {
            return worker_no_memory(step);
        }
        task->job->task_count--;
        task->job = job;
        job->task_count++;
        task->state = TASK_WAITING;
    }
    return worker_act(step, &action);
}

tamis_status worker_on_packet(worker_step *step, const tamis_worker_event *event)
{
    const tamis_message *message = event->message;
    tamis_status status = TAMIS_OK;

    if (message->epoch < step->core->epoch && !TAMIS_PLANTED(LOWER_EPOCH_ACCEPTED)) {
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
