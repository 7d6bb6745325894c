/* SPDX-License-Identifier: Apache-2.0 */
#include "core_internal.h"
#include "tamis/planted.h"

void core_make_pending(tamis_coordinator_core *core, core_stage *stage, uint32_t task)
{
    stage->tasks[task].state = CORE_TASK_PENDING;
    stage->tasks[task].lease = CORE_NONE;
    if (!TAMIS_PLANTED(LOST_TASK_FORGOTTEN)) {
        stage->pending_count++;
    }
    if (task < stage->cursor) {
        stage->cursor = task;
    }
    if (stage == core->assigned) {
        core_place_pending(core, task);
    }
}

void core_stage_rest(core_stage *stage, uint64_t now_ms)
{
    if (stage->began_ms != 0 && now_ms > stage->began_ms) {
        stage->elapsed_ms += now_ms - stage->began_ms;
    }
    stage->began_ms = 0;
}

uint32_t core_first_open_stage(const core_job *job)
{
    for (uint32_t s = 0; s < job->stage_count; s++) {
        const core_stage *stage = &job->stages[s];

        if (!stage->is_complete && stage->done_count < stage->stage.task_count) {
            return s;
        }
    }
    return job->stage_count;
}

/* A local task may have found that the stages behind it have nothing to do. */
static tamis_status skip_stages(core_step *step, core_job *job)
{
    uint32_t count = job->stages[job->stage].skip_stages;
    tamis_status status = TAMIS_OK;

    for (uint32_t s = job->stage + 1;
         s < job->stage_count && s - job->stage <= count && status == TAMIS_OK; s++) {
        core_stage *stage = &job->stages[s];

        if (!stage->is_complete) {
            stage->is_skipped = true;
            stage->is_complete = true;
            status = core_put_stage(step, job, s);
        }
    }
    return status;
}

static tamis_status complete_stages(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    while (job->stage < job->stage_count && status == TAMIS_OK) {
        core_stage *stage = &job->stages[job->stage];

        if (!stage->is_complete) {
            if (stage->done_count + TAMIS_PLANTED(STAGE_TOO_EARLY) < stage->stage.task_count) {
                break;
            }
            stage->is_complete = true;
            core_stage_rest(stage, step->now_ms);
            tamis_core_note *note = core_note_job(step, TAMIS_NOTE_STAGE_DONE, job);

            note->has_stage = true;
            note->stage = job->stage;
            note->number = stage->elapsed_ms;
            status = core_put_stage(step, job, job->stage);
        }
        if (status == TAMIS_OK && stage->stage.is_local) {
            status = skip_stages(step, job);
        }
        job->stage++;
    }
    return status;
}

/* Jobs run in the order of submission; one that ran before a restart, or before it was paused, is
 * the earliest of those that may. */
static tamis_status start_next_job(core_step *step)
{
    tamis_coordinator_core *core = step->core;

    for (uint32_t i = 0; i < core->job_count; i++) {
        if (core->jobs[i]->state == TAMIS_RUN_RUNNING) { /* before a restart */
            core->running = i;
            return TAMIS_OK;
        }
    }
    for (uint32_t i = 0; i < core->job_count; i++) {
        core_job *job = core->jobs[i];

        if (job->state == TAMIS_RUN_QUEUED) {
            core->running = i;
            job->state = TAMIS_RUN_RUNNING;
            (void)core_note_job(step, TAMIS_NOTE_JOB_STARTED, job);
            return core_put_job(step, job);
        }
    }
    return TAMIS_OK;
}

static tamis_status go_on(core_step *step)
{
    const core_stage *stage = core_current_stage(step->core);
    tamis_status status = TAMIS_OK;

    if (stage != step->core->assigned) {
        status = core_assign_begin(step);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    return stage->stage.is_local ? core_start_local(step) : core_assign(step);
}

tamis_status core_advance(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (;;) {
        core_job *job = core_running_job(core);

        if (job == NULL) {
            status = start_next_job(step);
            job = core_running_job(core);
            if (status != TAMIS_OK || job == NULL) {
                return status;
            }
        }
        status = complete_stages(step, job);
        if (status != TAMIS_OK) {
            return status;
        }
        if (job->stage < job->stage_count) {
            return go_on(step);
        }
        status = core_job_finish(step, job);
        if (status != TAMIS_OK) {
            return status;
        }
    }
}
