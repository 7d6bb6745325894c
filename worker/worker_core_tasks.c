/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

#include <stdlib.h>

#include "tamis/planted.h"

/* ---- Jobs ------------------------------------------------------------------------------------ */

local_job *worker_find_local_job(tamis_worker_core *core, const char *id)
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
    if (worker_find_local_job(core, job) == NULL && core->job_count < JOBS_MAX) {
        local_job *added = &core->jobs[core->job_count++];

        *added = (local_job){.is_done = false};
        (void)snprintf(added->id, sizeof(added->id), "%s", job);
    }
    return TAMIS_OK;
}

known_job *worker_find_known(const tamis_worker_core *core, const char *id, uint64_t epoch)
{
    for (known_job *job = core->known; job != NULL; job = job->next) {
        if (job->epoch == epoch && strcmp(job->id, id) == 0) {
            return job;
        }
    }
    return NULL;
}

known_job *worker_add_known(tamis_worker_core *core, const char *id)
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

bool worker_job_is_done(tamis_worker_core *core, const char *id)
{
    const local_job *job = worker_find_local_job(core, id);

    return job != NULL && job->is_done;
}

/* Frees what no task borrows from and nothing will ask for again. Called before each step, so that
 * views stay while the actions of the step before are performed. */
void worker_collect(tamis_worker_core *core)
{
    known_job **place = &core->known;

    while (*place != NULL) {
        known_job *job = *place;

        if (job->task_count == 0 &&
            (job->epoch != core->epoch || worker_job_is_done(core, job->id))) {
            *place = job->next;
            tamis_job_view_destroy(job->view);
            free(job);
        } else {
            place = &job->next;
        }
    }
}

static bool job_is_held(const tamis_worker_core *core, const char *id)
{
    for (const held_task *task = core->tasks; task != NULL; task = task->next) {
        if (strcmp(task->job->id, id) == 0) {
            return true;
        }
    }
    return false;
}

tamis_status worker_drop_done_jobs(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < core->job_count && status == TAMIS_OK && !core->is_stopping; i++) {
        local_job *job = &core->jobs[i];
        tamis_worker_action action = {.kind = TAMIS_WORKER_DROP, .is_data_kept = job->is_data_kept};

        if (!job->is_done || job->is_dropping || job_is_held(core, job->id)) {
            continue;
        }
        job->is_dropping = true;
        memcpy(action.job, job->id, sizeof(action.job));
        /* Its view must not stay when it is no longer listed as done: nobody asks for it again. */
        for (known_job *known = core->known; known != NULL; known = known->next) {
            if (strcmp(known->id, job->id) == 0) {
                known->epoch = 0;
            }
        }
        status = worker_act(step, &action);
    }
    return status;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

held_task *worker_find_task(const tamis_worker_core *core, uint64_t fence)
{
    for (held_task *task = core->tasks; task != NULL; task = task->next) {
        if (task->fence == fence) {
            return task;
        }
    }
    return NULL;
}

void worker_remove_task(tamis_worker_core *core, held_task *task)
{
    held_task **place = &core->tasks;

    while (*place != task) {
        place = &(*place)->next;
    }
    *place = task->next;
    core->past[core->past_next] =
        (past_task){.stage = task->stage, .task = task->task, .fence = task->fence};
    memcpy(core->past[core->past_next].job, task->job->id, TAMIS_JOB_ID_SIZE);
    core->past_next = (core->past_next + 1) % PAST_TASKS;
    task->job->task_count--;
    tamis_buf_fini(&task->blob);
    free(task);
}

/* Whether the task was let go under that fence or a later one. What was published under a later one
 * must not be replaced: others may be reading it. */
bool worker_is_past(const tamis_worker_core *core, const tamis_message *message)
{
    for (size_t i = 0; i < PAST_TASKS && !TAMIS_PLANTED(PAST_FORGOTTEN); i++) {
        const past_task *past = &core->past[i];

        if (past->fence >= message->fence && past->stage == message->body.assign.stage &&
            past->task == message->body.assign.task && strcmp(past->job, message->job) == 0) {
            return true;
        }
    }
    return false;
}

held_task *worker_add_task(tamis_worker_core *core, known_job *job, const tamis_message *message)
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
tamis_status worker_let_go(worker_step *step, held_task *task)
{
    if (task->state != TASK_RUNNING && task->state != TASK_PUBLISHING) {
        worker_remove_task(step->core, task);
        return TAMIS_OK;
    }
    if (task->is_unwanted) {
        return TAMIS_OK;
    }
    task->is_unwanted = true;
    return worker_act_on_task(step, TAMIS_WORKER_CANCEL, task);
}

tamis_status worker_send_report(worker_step *step, held_task *task)
{
    task->sent_ms = step->now_ms;
    task->report.sequence = ++step->core->sequence;
    task->report.epoch = step->core->epoch;
    return worker_send(step, &task->report, tamis_buf_slice(&task->blob));
}

tamis_status worker_report_failure(worker_step *step, held_task *task, tamis_status reason,
                                   const char *text)
{
    task->state = TASK_REPORTING;
    tamis_buf_reset(&task->blob);
    (void)snprintf(task->text, sizeof(task->text), "%s",
                   text == NULL || text[0] == 0 ? tamis_status_text(reason) : text);
    task->report = worker_message_of(step, TAMIS_MESSAGE_TASK_FAILED, task->job->id, task->fence);
    task->report.body.task_failed.stage = task->stage;
    task->report.body.task_failed.task = task->task;
    task->report.body.task_failed.status = reason;
    task->report.body.task_failed.is_retryable = tamis_status_is_retryable(reason);
    task->report.body.task_failed.text = task->text;
    return worker_send_report(step, task);
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
    tamis_message message = worker_message_of(step, TAMIS_MESSAGE_FETCH, job->id, 0);

    if (job->fetched_ms != 0 && step->now_ms - job->fetched_ms < step->core->settings.resend_ms) {
        return TAMIS_OK;
    }
    job->fetched_ms = step->now_ms == 0 ? 1 : step->now_ms;
    message.body.fetch.has_job = job->view != NULL;
    message.body.fetch.first_stage = job->view == NULL ? 0 : tamis_job_view_known_stages(job->view);
    message.body.fetch.end_stage = task->stage;
    return worker_send(step, &message, tamis_slice_of(NULL, 0));
}

/* Whether an older grant of the task is being published: it must not come out on top of what a
 * newer one publishes, which others may be reading by then. */
static bool is_being_published(const tamis_worker_core *core, const held_task *task)
{
    for (const held_task *other = core->tasks; other != NULL; other = other->next) {
        if (other->state == TASK_PUBLISHING && other->stage == task->stage &&
            other->task == task->task && strcmp(other->job->id, task->job->id) == 0) {
            return true;
        }
    }
    return false;
}

/* WAITING tasks whose job is known by now become QUEUED, QUEUED ones start while threads are free.
 */
tamis_status worker_go_on(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (held_task *task = core->tasks; task != NULL && status == TAMIS_OK; task = task->next) {
        if (task->state == TASK_WAITING) {
            const tamis_job_view *view = task->job->view;

            if (view == NULL || tamis_job_view_known_stages(view) < task->stage) {
                status = fetch(step, task);
            } else if (!stage_is_valid(task)) {
                status =
                    worker_report_failure(step, task, TAMIS_EFORMAT, "the job has no such task");
            } else {
                task->state = TASK_QUEUED;
            }
        }
        if (task->state == TASK_QUEUED && core->running_count < core->settings.thread_count &&
            status == TAMIS_OK && !is_being_published(core, task)) {
            task->state = TASK_RUNNING;
            core->running_count++;
            status = worker_act_on_task(step, TAMIS_WORKER_START, task);
        }
    }
    return status;
}
