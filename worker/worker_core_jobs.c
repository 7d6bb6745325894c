/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_core_internal.h"

#include <stdlib.h>

/* ---- Jobs with files in the data folder ------------------------------------------------------ */

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

bool worker_job_is_done(tamis_worker_core *core, const char *id)
{
    const local_job *job = worker_find_local_job(core, id);

    return job != NULL && job->is_done;
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

/* ---- What is known of jobs ------------------------------------------------------------------- */

static known_job *find_known(const tamis_worker_core *core, const char *id, uint32_t generation)
{
    for (known_job *job = core->known; job != NULL; job = job->next) {
        if (job->epoch == core->epoch && job->generation == generation &&
            strcmp(job->id, id) == 0) {
            return job;
        }
    }
    return NULL;
}

known_job *worker_newest(const tamis_worker_core *core, const char *id)
{
    known_job *newest = NULL;

    for (known_job *job = core->known; job != NULL; job = job->next) {
        if (job->epoch == core->epoch && strcmp(job->id, id) == 0 &&
            (newest == NULL || job->generation > newest->generation)) {
            newest = job;
        }
    }
    return newest;
}

void worker_free_known(known_job *job)
{
    tamis_job_view_destroy(job->view);
    tamis_buf_fini(&job->packed);
    free(job);
}

/* A job's id stands for the same job in all epochs and generations: it need not come again. */
static tamis_status inherit(tamis_worker_core *core, known_job *to)
{
    for (known_job *from = core->known; from != NULL; from = from->next) {
        if (from->epoch == 0 || strcmp(from->id, to->id) != 0) {
            continue;
        }
        if (from->view != NULL) {
            tamis_buf_fini(&to->packed);
            return tamis_job_view_create_like(from->view, &to->view, NULL);
        }
        if (from->packed.size > to->packed.size) {
            tamis_buf packed = to->packed;

            to->packed = from->packed;
            from->packed = packed;
        }
    }
    return TAMIS_OK;
}

known_job *worker_add_known(tamis_worker_core *core, const char *id, uint32_t generation)
{
    known_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    (void)snprintf(job->id, sizeof(job->id), "%s", id);
    job->epoch = core->epoch;
    job->generation = generation;
    tamis_buf_init(&job->packed, TAMIS_JOB_BYTES_MAX);
    if (inherit(core, job) != TAMIS_OK) {
        worker_free_known(job);
        return NULL;
    }
    job->next = core->known;
    core->known = job;
    return job;
}

void worker_collect(tamis_worker_core *core)
{
    known_job **place = &core->known;

    while (*place != NULL) {
        known_job *job = *place;
        bool is_newest = worker_newest(core, job->id) == job;

        if (job->task_count == 0 && (!is_newest || worker_job_is_done(core, job->id))) {
            *place = job->next;
            worker_free_known(job);
        } else {
            place = &job->next;
        }
    }
}

void worker_move_waiting(tamis_worker_core *core, known_job *to)
{
    for (held_task *task = core->tasks; task != NULL; task = task->next) {
        if ((task->state == TASK_WAITING || task->state == TASK_QUEUED) &&
            strcmp(task->job->id, to->id) == 0) {
            task->job->task_count--;
            task->job = to;
            to->task_count++;
            task->state = TASK_WAITING;
        }
    }
}

/* ---- Asking and being told ------------------------------------------------------------------- */

tamis_status worker_fetch(worker_step *step, const held_task *task)
{
    known_job *job = task->job;
    tamis_message message = worker_message_of(step, TAMIS_MESSAGE_FETCH, job->id, 0);

    if (job->fetched_ms != 0 && step->now_ms - job->fetched_ms < step->core->settings.resend_ms) {
        return TAMIS_OK;
    }
    job->fetched_ms = step->now_ms == 0 ? 1 : step->now_ms;
    message.body.fetch.has_job = job->view != NULL;
    message.body.fetch.job_offset = job->view != NULL ? 0 : job->packed.size;
    message.body.fetch.first_stage = job->view == NULL ? 0 : tamis_job_view_known_stages(job->view);
    message.body.fetch.end_stage = task->stage;
    message.body.fetch.generation = job->generation;
    message.body.fetch.folders_version = tamis_folder_book_version(step->core->book);
    return worker_send(step, &message, tamis_slice_of(NULL, 0));
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

/* Appends the chunk if it is the next one. */
static tamis_status take_chunk(known_job *job, const tamis_message *message, tamis_slice bulk,
                               tamis_err *err)
{
    uint64_t total = message->body.job_info.total == 0 ? bulk.size : message->body.job_info.total;
    tamis_status status = TAMIS_OK;

    if (job->view != NULL || message->body.job_info.offset != job->packed.size || bulk.size == 0) {
        return TAMIS_OK; /* a repetition, or it has overtaken another */
    }
    status = tamis_buf_append(&job->packed, bulk.data, bulk.size);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "job: %zu bytes and more cannot be taken in",
                             job->packed.size);
    }
    job->fetched_ms = 0; /* the next one may be asked for */
    if (job->packed.size < total) {
        return TAMIS_OK;
    }
    return job->packed.size == total
               ? TAMIS_END
               : tamis_err_set(err, TAMIS_EFORMAT, "job: more bytes than were promised");
}

tamis_status worker_on_job_info(worker_step *step, const tamis_message *message, tamis_slice bulk)
{
    known_job *job = worker_newest(step->core, message->job);
    tamis_err why = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    if (job == NULL) {
        return TAMIS_OK;
    }
    status = take_chunk(job, message, bulk, &why);
    if (status == TAMIS_END) {
        status = tamis_job_view_create(tamis_buf_slice(&job->packed), step->core->book, &job->view,
                                       &why);
    }
    if (status != TAMIS_OK || job->view != NULL) {
        tamis_buf_fini(&job->packed);
    }
    if (status != TAMIS_OK) {
        status = fail_waiting(step, job, &why);
    }
    return status == TAMIS_OK ? worker_go_on(step) : status;
}

tamis_status worker_on_owners(worker_step *step, const tamis_message *message, tamis_slice bulk)
{
    tamis_worker_core *core = step->core;
    uint32_t generation = message->body.owners.generation;
    known_job *job = worker_newest(core, message->job);
    tamis_err why = {.status = TAMIS_OK};
    uint32_t known = 0;
    tamis_status status = TAMIS_OK;

    if (job != NULL && generation > job->generation) {
        job = worker_add_known(core, message->job, generation);
        if (job == NULL) {
            return worker_no_memory(step);
        }
        worker_move_waiting(core, job);
    } else {
        job = find_known(core, message->job, generation);
    }
    if (job == NULL || job->view == NULL) {
        return TAMIS_OK;
    }
    known = tamis_job_view_known_stages(job->view);
    status = tamis_job_view_add_owners(job->view, message->body.owners.first_stage,
                                       message->body.owners.end_stage, bulk, &why);
    if (tamis_job_view_known_stages(job->view) > known) {
        job->fetched_ms = 0;
    }
    if (status != TAMIS_OK && status != TAMIS_EAGAIN) {
        status = fail_waiting(step, job, &why);
    } else {
        status = TAMIS_OK; /* folders that are not known yet come with the next answer */
    }
    return status == TAMIS_OK ? worker_go_on(step) : status;
}

tamis_status worker_on_folders(worker_step *step, const tamis_message *message)
{
    tamis_status status = tamis_folder_book_apply(
        step->core->book, message->body.folders.from_version, message->body.folders.to_version,
        message->body.folders.rows, message->body.folders.row_count, step->err);

    if (status == TAMIS_EAGAIN) {
        return TAMIS_OK; /* another answer overtook it */
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (known_job *job = step->core->known; job != NULL; job = job->next) {
        job->fetched_ms = 0; /* owners that could not be taken in may be asked for again */
    }
    return worker_go_on(step);
}
