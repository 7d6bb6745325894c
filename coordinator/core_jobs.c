/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

core_job *core_find_job(const tamis_coordinator_core *core, const char *id)
{
    for (uint32_t i = 0; i < core->job_count; i++) {
        if (strcmp(core->jobs[i]->id, id) == 0) {
            return core->jobs[i];
        }
    }
    return NULL;
}

core_job *core_running_job(const tamis_coordinator_core *core)
{
    return core->running == CORE_NONE ? NULL : core->jobs[core->running];
}

core_stage *core_current_stage(const tamis_coordinator_core *core)
{
    core_job *job = core_running_job(core);

    return job == NULL || job->stage >= job->stage_count ? NULL : &job->stages[job->stage];
}

core_job *core_job_add(tamis_coordinator_core *core, const char *id)
{
    core_job **jobs = NULL;
    core_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    jobs = reallocarray(core->jobs, (size_t)core->job_count + 1, sizeof(core_job *));
    if (jobs == NULL) {
        free(job);
        return NULL;
    }
    (void)snprintf(job->id, sizeof(job->id), "%s", id);
    tamis_buf_init(&job->bytes, TAMIS_JOB_BYTES_MAX);
    core->jobs = jobs;
    core->jobs[core->job_count++] = job;
    return job;
}

static void job_drop_tasks(core_job *job)
{
    free(job->batch_first_split);
    job->batch_first_split = NULL;
    job->batch_count = 0;
    for (uint32_t s = 0; s < job->stage_count; s++) {
        free(job->stages[s].tasks);
        job->stages[s].tasks = NULL;
        tamis_buf_fini(&job->stages[s].owners);
    }
}

void core_job_free(core_job *job)
{
    if (job == NULL) {
        return;
    }
    job_drop_tasks(job);
    free(job->stages);
    free(job->output);
    tamis_buf_fini(&job->bytes);
    free(job);
}

/* What is wanted of the plan afterwards: the splits of each batch. */
static bool keep_batches(core_job *job, const tamis_plan *plan)
{
    size_t count = (size_t)plan->batch_count + 1;

    job->batch_first_split = calloc(count, sizeof(*job->batch_first_split));
    if (job->batch_first_split == NULL) {
        return false;
    }
    job->batch_count = plan->batch_count;
    if (plan->batch_count != 0) {
        memcpy(job->batch_first_split, plan->batch_first_split,
               count * sizeof(*job->batch_first_split));
    }
    for (job->against_batches = 0; job->against_batches < plan->batch_count;
         job->against_batches++) {
        const tamis_split *first = &plan->splits[job->batch_first_split[job->against_batches]];

        if (!plan->inputs[first->input].is_against) {
            break;
        }
    }
    return true;
}

tamis_blob_owner core_blob_owner(const core_job *job, uint32_t stage, uint32_t task)
{
    tamis_blob_owner owner = {.kind = job->stages[stage].stage.kind};

    if (owner.kind == TAMIS_STAGE_SCAN || owner.kind == TAMIS_STAGE_EMIT) {
        TAMIS_ASSERT(task < job->batch_count);
        owner.first_split = job->batch_first_split[task];
        owner.end_split = job->batch_first_split[task + 1];
        owner.is_against = task < job->against_batches;
    }
    return owner;
}

tamis_status core_job_lay_out(core_job *job, const tamis_job *unpacked, tamis_err *err)
{
    tamis_stage stages[TAMIS_STAGES_MAX];

    TAMIS_ASSERT(job->stages == NULL);
    job->stage_count = tamis_job_stages(unpacked, stages);
    job->stages = calloc((size_t)job->stage_count + 1, sizeof(*job->stages));
    if (job->stages == NULL || !core_set_text(&job->output, unpacked->out_path) ||
        !keep_batches(job, &unpacked->plan)) {
        free(job->stages);
        job->stages = NULL;
        job->stage_count = 0;
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the stages of a job");
    }
    for (uint32_t s = 0; s < job->stage_count; s++) {
        core_stage *stage = &job->stages[s];

        stage->stage = stages[s];
        stage->pending_count = stages[s].task_count;
        tamis_buf_init(&stage->owners, 0);
        stage->tasks = calloc((size_t)stages[s].task_count + 1, sizeof(core_task));
        if (stage->tasks == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the tasks of a job");
        }
        for (uint32_t t = 0; t < stages[s].task_count; t++) {
            stage->tasks[t].lease = CORE_NONE;
        }
    }
    return TAMIS_OK;
}

tamis_status core_job_digest(const tamis_job *job, tamis_digest *out_digest, tamis_err *err)
{
    char id[] = "0000000000000000";
    tamis_job same = *job;
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    same.id = id;
    tamis_buf_init(&bytes, TAMIS_JOB_BYTES_MAX);
    status = tamis_job_pack(&same, &bytes);
    if (status == TAMIS_OK) {
        *out_digest = tamis_hash128(bytes.data, bytes.size);
    } else {
        tamis_err_set(err, status, "cannot pack a job");
    }
    tamis_buf_fini(&bytes);
    return status;
}

void core_job_set_wanting(tamis_coordinator_core *core, core_job *job, bool is_wanting)
{
    if (job->is_wanting == is_wanting) {
        return;
    }
    job->is_wanting = is_wanting;
    for (uint32_t s = 0; s < job->stage_count; s++) {
        const core_stage *stage = &job->stages[s];

        for (uint32_t t = 0; stage->tasks != NULL && t < stage->stage.task_count; t++) {
            if (stage->tasks[t].state == CORE_TASK_DONE) {
                core_folder *folder = core_book_at(&core->book, stage->tasks[t].folder);

                folder->result_count += is_wanting ? 1u : UINT32_MAX; /* more, or one less */
            }
        }
    }
}

tamis_status core_job_requeue(core_step *step, core_job *job)
{
    job->state = TAMIS_RUN_QUEUED;
    job->fault = (tamis_err){.status = TAMIS_OK};
    core_job_set_wanting(step->core, job, true);
    for (uint32_t s = 0; s < job->stage_count; s++) {
        for (uint32_t t = 0; t < job->stages[s].stage.task_count; t++) {
            job->stages[s].tasks[t].attempts = 0;
        }
    }
    (void)core_note_job(step, TAMIS_NOTE_JOB_QUEUED, job);
    return core_put_job(step, job);
}

static tamis_status tell_workers(core_step *step, const core_job *job)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK; i++) {
        if (core->workers[i] != NULL && core->workers[i]->is_known) {
            tamis_message message = core_message(step, TAMIS_MESSAGE_JOB_DONE, job->id, 0);

            message.body.job_done.is_data_kept = job->is_data_kept;
            status = core_send(step, core_peer(core->workers[i]), &message, core_nothing());
        }
    }
    return status;
}

/* The job that can be forgotten with the least loss: the oldest that is done, else the oldest that
 * stands. CORE_NONE: all are wanted. */
static uint32_t find_forgettable(const tamis_coordinator_core *core)
{
    uint32_t standing = CORE_NONE;

    for (uint32_t i = 0; i < core->job_count; i++) {
        tamis_run_state state = core->jobs[i]->state;

        if (state == TAMIS_RUN_DONE) {
            return i;
        }
        if (standing == CORE_NONE && (state == TAMIS_RUN_CANCELED || state == TAMIS_RUN_FAILED)) {
            standing = i;
        }
    }
    return standing;
}

/* What workers have of a job that stands is of no use without its record. */
static tamis_status forget_standing(core_step *step, const core_job *job)
{
    tamis_status status = core_clear_job(step, job);

    return status == TAMIS_OK ? tell_workers(step, job) : status;
}

tamis_status core_evict_job(core_step *step, bool *out_has_room)
{
    tamis_coordinator_core *core = step->core;
    uint32_t index = CORE_NONE;
    core_job *job = NULL;
    tamis_status status = TAMIS_OK;

    *out_has_room = core->job_count < TAMIS_JOBS_MAX;
    index = *out_has_room ? CORE_NONE : find_forgettable(core);
    if (index == CORE_NONE) {
        return TAMIS_OK;
    }
    job = core->jobs[index];
    status = job->state == TAMIS_RUN_DONE ? TAMIS_OK : forget_standing(step, job);
    if (status == TAMIS_OK) {
        status = core_delete(step, job, TAMIS_LEDGER_STAGE);
    }
    if (status == TAMIS_OK) {
        status = core_delete(step, job, TAMIS_LEDGER_JOB);
    }
    core_job_free(job);
    memmove(&core->jobs[index], &core->jobs[index + 1],
            (core->job_count - index - 1) * sizeof(core_job *));
    core->job_count--;
    if (core->running != CORE_NONE && core->running > index) {
        core->running--;
    }
    *out_has_room = true;
    return status;
}

/* ---- The end of a job ------------------------------------------------------------------------ */

tamis_status core_job_stop(core_step *step, core_job *job, tamis_run_state state)
{
    tamis_status status = TAMIS_OK;

    if (core_running_job(step->core) == job) {
        status = core_release_all(step, job);
        step->core->running = CORE_NONE;
        step->core->assigned = NULL;
    }
    job->state = state;
    core_job_set_wanting(step->core, job, state == TAMIS_RUN_PAUSED);
    if (status == TAMIS_OK) {
        status = core_put_job(step, job);
    }
    return status == TAMIS_OK ? core_tell_watchers(step, job) : status;
}

tamis_status core_job_fail(core_step *step, core_job *job, uint32_t stage, uint32_t task,
                           tamis_status reason, const char *text)
{
    const tamis_stage *failed = &job->stages[stage].stage;
    tamis_core_note *note = core_note_task(step, TAMIS_NOTE_JOB_FAILED, job, stage, task, NULL);

    tamis_err_set(&job->fault, reason, "%s task %u: %.900s", tamis_stage_kind_name(failed->kind),
                  task, text == NULL || text[0] == 0 ? tamis_status_text(reason) : text);
    (void)snprintf(note->text, sizeof(note->text), "%.250s", job->fault.text);
    return core_job_stop(step, job, TAMIS_RUN_FAILED);
}

tamis_status core_clear_job(core_step *step, const core_job *job)
{
    /* Blobs first: as long as they are not gone, something else shows that there is a rest. */
    static const uint8_t groups[] = {TAMIS_LEDGER_BLOB, TAMIS_LEDGER_TASK, TAMIS_LEDGER_CHUNK_KEY};
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < sizeof(groups) && status == TAMIS_OK; i++) {
        status = core_delete(step, job, groups[i]);
    }
    return status;
}

/* What a done job leaves in the ledger is how it went: record and stages. */
tamis_status core_job_finish(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    core_note_job(step, TAMIS_NOTE_JOB_DONE, job)->number = job->executed;
    job->state = TAMIS_RUN_DONE;
    core_job_set_wanting(step->core, job, false);
    step->effects->has_job_ended = true;
    step->core->running = CORE_NONE;
    step->core->assigned = NULL;
    tamis_buf_fini(&job->bytes);
    job_drop_tasks(job);
    status = core_put_job(step, job);
    if (status == TAMIS_OK) {
        status = core_clear_job(step, job);
    }
    if (status == TAMIS_OK) {
        status = tell_workers(step, job);
    }
    return status == TAMIS_OK ? core_tell_watchers(step, job) : status;
}
