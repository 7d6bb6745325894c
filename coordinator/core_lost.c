/* SPDX-License-Identifier: Apache-2.0 */
#include "core_internal.h"
#include "tamis/planted.h"

#define LOCAL_TIMES 4 /* as patient with the coordinator's own results: there is no other place */
#define WAIT_SHIFT  2 /* a task that cannot get at a result waits 4 times the first delay */

/* The result of the task is gone: it is to be run again. */
static tamis_status lose_result(core_step *step, core_job *job, uint32_t stage_index, uint32_t task)
{
    core_stage *stage = &job->stages[stage_index];
    core_task *lost = &stage->tasks[task];
    core_folder *folder = core_book_at(&step->core->book, lost->folder);

    folder->result_count -= job->is_wanting;
    stage->done_count--;
    stage->is_complete = false;
    tamis_buf_reset(&stage->owners);
    core_count8(&lost->rescued);
    job->rescued++;
    core_make_pending(step->core, stage, task);
    return core_put_task(step, job, stage_index, task);
}

/* Goes back to the earliest stage that lacks a result. What runs may be reading what is gone. */
static tamis_status rewind_job(core_step *step, core_job *job, uint64_t result_count)
{
    bool is_running = job == core_running_job(step->core);
    uint32_t first = core_first_open_stage(job);
    tamis_status status = TAMIS_OK;

    core_note_job(step, TAMIS_NOTE_JOB_REWOUND, job)->number = result_count;
    if (first >= job->stage) {
        return TAMIS_OK;
    }
    if (is_running) {
        status = core_release_all(step, job);
        step->core->assigned = NULL;
    }
    job->stage = first;
    job->generation += TAMIS_PLANTED(OLD_GENERATION_KEPT) ? 0 : 1;
    return status;
}

static bool is_still_lost(const core_job *job, const tamis_core_lost *lost, uint32_t task)
{
    const core_stage *stage = &job->stages[lost->stage];

    return task < stage->stage.task_count && stage->tasks[task].state == CORE_TASK_DONE &&
           stage->tasks[task].folder == lost->folder;
}

/* *out_worn: a task whose result was lost too often; CORE_NONE: none. */
static tamis_status lose_listed(core_step *step, core_job *job, const tamis_core_lost *lost,
                                uint64_t *out_count, uint32_t *out_worn)
{
    tamis_status status = TAMIS_OK;

    *out_count = 0;
    *out_worn = CORE_NONE;
    for (size_t i = 0; i < lost->task_count && status == TAMIS_OK; i++) {
        uint32_t task = lost->tasks[i];

        if (is_still_lost(job, lost, task) && !(i == 0 && TAMIS_PLANTED(REWIND_FORGETS))) {
            status = lose_result(step, job, lost->stage, task);
            ++*out_count;
            if (job->stages[lost->stage].tasks[task].rescued > TAMIS_RESCUES_MAX) {
                *out_worn = task;
            }
        }
    }
    return status;
}

/* All results of the stage in the folder that is set apart: asking for one after the other would
 * take the job back as often. */
static tamis_status lose_all(core_step *step, core_job *job, const tamis_core_lost *lost,
                             uint64_t *out_count, uint32_t *out_worn)
{
    tamis_status status = TAMIS_OK;

    *out_count = 0;
    *out_worn = CORE_NONE;
    for (uint32_t task = 0; task < job->stages[lost->stage].stage.task_count && status == TAMIS_OK;
         task++) {
        if (is_still_lost(job, lost, task)) {
            status = lose_result(step, job, lost->stage, task);
            ++*out_count;
            if (job->stages[lost->stage].tasks[task].rescued > TAMIS_RESCUES_MAX) {
                *out_worn = task;
            }
        }
    }
    return status;
}

static tamis_status wait_for_holder(core_step *step, core_job *job, uint32_t task, bool is_held,
                                    const tamis_core_lost *lost)
{
    const core_folder *folder = core_book_at(&step->core->book, lost->folder);
    tamis_core_note *note =
        core_note_task(step, TAMIS_NOTE_RESULT_UNREACHABLE, job, job->stage, task, NULL);
    tamis_status status = TAMIS_OK;

    note->number = lost->task_count;
    (void)snprintf(note->text, sizeof(note->text),
                   "in %.180s, %u of %u times before they are given "
                   "up",
                   folder == NULL ? "a folder that is not known" : folder->path,
                   (unsigned)job->stages[job->stage].tasks[task].unreachable,
                   step->core->settings.unreachable_max);
    if (!is_held) {
        status = core_delay_task(step, &job->stages[job->stage], task,
                                 (uint64_t)step->core->settings.retry_ms << WAIT_SHIFT);
    }
    return status == TAMIS_OK ? core_put_task(step, job, job->stage, task) : status;
}

static uint64_t count_listed(const core_job *job, const tamis_core_lost *lost)
{
    uint64_t count = 0;

    for (size_t i = 0; i < lost->task_count; i++) {
        count += is_still_lost(job, lost, lost->tasks[i]);
    }
    return count;
}

/* The holder of the results is heard of, and yet the reader cannot reach it. Somebody else tries.
 * True: enough have; the holder is set apart, its results of that stage count as lost and are made
 * again by others. Those of the coordinator itself would be made in the same place. */
static bool gives_up(core_step *step, core_job *job, uint32_t task, bool is_held, uint32_t reader,
                     const tamis_core_lost *lost)
{
    core_task *failed = &job->stages[job->stage].tasks[task];
    const core_folder *folder = core_book_at(&step->core->book, lost->folder);
    uint64_t count = count_listed(job, lost);

    if (count == 0 || (!folder->is_local && folder->worker == CORE_NONE)) {
        return false;
    }
    /* A second grant says nothing about the first one, which goes on. */
    if ((!is_held || failed->unreachable == 0) && failed->unreachable < UINT8_MAX) {
        failed->unreachable++;
    }
    if (failed->unreachable < step->core->settings.unreachable_max || folder->is_local || is_held ||
        !core_apart_may(step->core, folder)) {
        if (reader != CORE_NO_FOLDER) {
            core_avoid_add(step, job, job->stage, task, reader, lost->folder);
        }
        return false;
    }
    failed->unreachable = 0;
    core_apart_set(step, job, lost->folder);
    tamis_core_note *note =
        core_note_task(step, TAMIS_NOTE_RESULT_GIVEN_UP, job, job->stage, task, NULL);

    note->number = count;
    (void)snprintf(note->text, sizeof(note->text), "in %.200s", folder->path);
    return true;
}

/* Whether nobody can reach the coordinator's own results. */
static bool is_hopeless(const core_step *step, const core_job *job, uint32_t task)
{
    return job->stages[job->stage].tasks[task].unreachable >=
           LOCAL_TIMES * step->core->settings.unreachable_max;
}

tamis_status core_task_lacks(core_step *step, core_job *job, uint32_t task, bool is_held,
                             uint32_t reader, const tamis_core_lost *lost)
{
    const core_folder *folder = core_book_at(&step->core->book, lost->folder);
    bool is_known = folder != NULL && lost->stage < job->stage;
    bool is_lost =
        is_known && (lost->is_gone || folder->is_replaced ||
                     (!folder->is_local && folder->worker == CORE_NONE &&
                      step->now_ms - folder->heard_ms >= step->core->settings.lost_after_ms));
    bool is_given_up = false;
    uint64_t count = 0;
    uint32_t worn = CORE_NONE;
    tamis_status status = TAMIS_OK;

    if (is_known && !is_lost) {
        is_given_up = (folder->is_apart && folder->apart_order == job->order) ||
                      gives_up(step, job, task, is_held, reader, lost);
    }
    if (is_given_up) {
        status = lose_all(step, job, lost, &count, &worn);
    } else if (is_lost) {
        status = lose_listed(step, job, lost, &count, &worn);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (count == 0) { /* it may come back, or is made again already */
        status = wait_for_holder(step, job, task, is_held, lost);
        if (status != TAMIS_OK || !is_hopeless(step, job, task)) {
            return status;
        }
        job->stages[job->stage].tasks[task].unreachable = 0;
        return core_job_fail(step, job, job->stage, task, TAMIS_EPEER,
                             folder != NULL && !folder->is_local
                                 ? "nobody reaches the results of the only worker: look at its "
                                   "--data-listen, then resume the job"
                                 : "no worker reaches the results of the coordinator: look at its "
                                   "--data-listen, then resume the job");
    }
    if (!is_held) {
        core_make_pending(step->core, &job->stages[job->stage], task);
    }
    status = core_put_task(step, job, job->stage, task);
    if (status != TAMIS_OK) {
        return status;
    }
    if (worn != CORE_NONE) {
        return core_job_fail(step, job, lost->stage, worn, TAMIS_ELOST,
                             "its result was lost again and again: is the data folder removed, or "
                             "full of errors?");
    }
    return rewind_job(step, job, count);
}

tamis_status core_folder_lost(core_step *step, uint32_t number)
{
    tamis_coordinator_core *core = step->core;
    core_folder *folder = core_book_at(&core->book, number);
    tamis_core_note *note = core_note(step, TAMIS_NOTE_FOLDER_REPLACED);
    uint64_t total = 0;
    tamis_status status = TAMIS_OK;

    folder->is_replaced = true;
    (void)snprintf(note->text, sizeof(note->text), "%.250s", folder->path);
    for (uint32_t j = 0; j < core->job_count && status == TAMIS_OK; j++) {
        core_job *job = core->jobs[j];
        uint64_t count = 0;

        for (uint32_t s = 0; s < job->stage_count && job->state != TAMIS_RUN_DONE; s++) {
            for (uint32_t t = 0; t < job->stages[s].stage.task_count && status == TAMIS_OK; t++) {
                const core_task *task = &job->stages[s].tasks[t];

                if (task->state == CORE_TASK_DONE && task->folder == number) {
                    status = lose_result(step, job, s, t);
                    count++;
                }
            }
        }
        total += count;
        if (status == TAMIS_OK && count != 0) {
            status = rewind_job(step, job, count);
        }
    }
    note->number = total;
    return status;
}
