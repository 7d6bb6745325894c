/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

#include <stdlib.h>

#include "tamis/planted.h"

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
    free(task->lost.tasks);
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
    task->is_isolated = message->body.assign.is_isolated;
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

/* Folders are numbered anew in each epoch; one that has no number now is not worth a word. */
static void tell_lost(const tamis_worker_core *core, held_task *task)
{
    uint32_t number = task->lost.count == 0
                          ? UINT32_MAX
                          : tamis_folder_book_number(core->book, (uint16_t)task->lost.folder);
    bool is_known = number != UINT32_MAX;

    task->report.body.task_failed.has_lost = is_known;
    task->report.body.task_failed.is_gone = is_known && task->lost.is_gone;
    task->report.body.task_failed.lost_stage = is_known ? task->lost.stage : 0;
    task->report.body.task_failed.lost_folder = is_known ? number : 0;
    task->report.body.task_failed.lost_tasks = is_known ? task->lost.tasks : NULL;
    task->report.body.task_failed.lost_count = is_known ? task->lost.count : 0;
}

tamis_status worker_send_report(worker_step *step, held_task *task)
{
    task->sent_ms = step->now_ms;
    task->report.sequence = ++step->core->sequence;
    task->report.epoch = step->core->epoch;
    if (task->report.kind == TAMIS_MESSAGE_TASK_FAILED) {
        tell_lost(step->core, task);
    }
    return worker_send(step, &task->report, tamis_buf_slice(&task->blob));
}

tamis_status worker_keep_lost(worker_step *step, held_task *task, const tamis_lost *lost)
{
    uint32_t *tasks = NULL;

    if (lost == NULL || lost->count == 0) {
        return TAMIS_OK;
    }
    TAMIS_ASSERT(lost->count <= TAMIS_LOST_TASKS_MAX);
    tasks = calloc(lost->count, sizeof(*tasks));
    if (tasks == NULL) {
        return worker_no_memory(step);
    }
    memcpy(tasks, lost->tasks, lost->count * sizeof(*tasks));
    free(task->lost.tasks);
    task->lost = *lost;
    task->lost.tasks = tasks;
    return TAMIS_OK;
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

static bool may_start(const tamis_worker_core *core, const held_task *task)
{
    if (core->running_count >= core->settings.thread_count || is_being_published(core, task)) {
        return false;
    }
    for (const held_task *other = core->tasks; other != NULL && task->is_isolated;
         other = other->next) {
        if (other->is_isolated && other->state == TASK_RUNNING) {
            return false; /* one at a time: what takes it down is to be seen */
        }
    }
    return true;
}

static tamis_status look_at_waiting(worker_step *step, held_task *task)
{
    const tamis_job_view *view = task->job->view;

    if (view == NULL) {
        return worker_fetch(step, task);
    }
    if (!stage_is_valid(task)) {
        return worker_report_failure(step, task, TAMIS_EFORMAT, "the job has no such task");
    }
    if (tamis_job_view_known_stages(view) < task->stage) {
        return worker_fetch(step, task);
    }
    task->state = TASK_QUEUED;
    return TAMIS_OK;
}

/* WAITING tasks whose job is known by now become QUEUED, QUEUED ones start while threads are free.
 */
tamis_status worker_go_on(worker_step *step)
{
    tamis_worker_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (held_task *task = core->tasks; task != NULL && status == TAMIS_OK; task = task->next) {
        if (task->state == TASK_WAITING) {
            status = look_at_waiting(step, task);
        }
        if (status == TAMIS_OK && task->state == TASK_QUEUED && may_start(core, task)) {
            task->state = TASK_RUNNING;
            core->running_count++;
            status = worker_act_on_task(step, TAMIS_WORKER_START, task);
        }
    }
    return status;
}
