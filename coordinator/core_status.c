/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

/* ---- One job --------------------------------------------------------------------------------- */

static void stage_status(const core_stage *stage, uint64_t now_ms, tamis_stage_status *out)
{
    *out = (tamis_stage_status){
        .stage = stage->stage,
        .tasks_done = stage->done_count,
        .is_complete = stage->is_complete,
        .is_skipped = stage->is_skipped,
        .bytes = stage->bytes,
        .documents = stage->documents,
        .elapsed_ms = stage->elapsed_ms,
    };
    memcpy(out->counters, stage->counters, sizeof(out->counters));
    if (stage->began_ms != 0 && now_ms > stage->began_ms) {
        out->elapsed_ms += now_ms - stage->began_ms;
    }
}

/* Progress of what runs now. */
static void add_running(const tamis_coordinator_core *core, const core_stage *stage,
                        uint64_t *bytes, uint64_t *documents)
{
    if (stage->stage.is_local) {
        *bytes += core->is_local_running ? core->local_bytes : 0;
        *documents += core->is_local_running ? core->local_documents : 0;
    } else {
        *bytes += core->lease_bytes;
        *documents += core->lease_documents;
    }
}

bool tamis_coordinator_core_status(const tamis_coordinator_core *core, const char *id,
                                   uint64_t now_ms, tamis_run_status *out_status)
{
    const core_job *job = core_find_job(core, id);

    if (job == NULL) {
        return false;
    }
    *out_status = (tamis_run_status){
        .state = job->state,
        .stage = job->stage,
        .stage_count = job->stage_count,
        .worker_count = core->known_count,
        .workers_draining = core->draining_count,
        .tasks_executed = job->executed_now,
        .tasks_lost = job->lost,
        .tasks_backup = job->backups,
        .tasks_rescued = job->rescued,
        .fault = job->fault,
    };
    memcpy(out_status->job_id, job->id, sizeof(out_status->job_id));
    for (uint32_t s = 0; s < job->stage_count; s++) {
        stage_status(&job->stages[s], now_ms, &out_status->stages[s]);
        out_status->quarantined_poison += out_status->stages[s].counters[TAMIS_COUNTER_POISONED];
    }
    if (job == core_running_job(core) && job->stage < job->stage_count) {
        tamis_stage_status *current = &out_status->stages[job->stage];

        add_running(core, &job->stages[job->stage], &current->bytes, &current->documents);
        out_status->tasks_running =
            current->stage.is_local ? core->is_local_running : core->lease_count;
    }
    return true;
}

static tamis_status send_status(core_step *step, tamis_slice peer, const core_job *job)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_STATUS, job->id, 0);
    bool is_known =
        tamis_coordinator_core_status(step->core, job->id, step->now_ms, &step->core->status);

    TAMIS_ASSERT(is_known);
    message.body.status = &step->core->status;
    return core_send(step, peer, &message, core_nothing());
}

static void watch(core_job *job, tamis_slice peer, uint64_t now_ms)
{
    core_watcher *place = &job->watchers[0];

    for (size_t i = 0; i < CORE_WATCHERS_MAX; i++) {
        core_watcher *watcher = &job->watchers[i];

        if (tamis_slice_is_equal(tamis_slice_of(watcher->peer, watcher->peer_size), peer)) {
            place = watcher;
            break;
        }
        if (watcher->until_ms < place->until_ms) {
            place = watcher;
        }
    }
    if (peer.size != 0 && peer.size <= sizeof(place->peer)) {
        memcpy(place->peer, peer.data, peer.size);
        place->peer_size = peer.size;
        place->until_ms = now_ms + CORE_WATCH_MS;
    }
}

/* Who asked lately need not wait for its next question to hear of the end. */
tamis_status core_tell_watchers(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < CORE_WATCHERS_MAX && status == TAMIS_OK; i++) {
        core_watcher *watcher = &job->watchers[i];

        if (watcher->peer_size != 0 && step->now_ms <= watcher->until_ms) {
            status = send_status(step, tamis_slice_of(watcher->peer, watcher->peer_size), job);
        }
    }
    return status;
}

tamis_status core_on_status_request(core_step *step, const tamis_core_event *event)
{
    core_job *job = core_find_job(step->core, event->message->job);

    if (job == NULL) {
        return core_refuse(step, event->peer, event->message->job, TAMIS_ENOENT,
                           "the coordinator knows no such job");
    }
    watch(job, event->peer, step->now_ms);
    return send_status(step, event->peer, job);
}

/* ---- All jobs -------------------------------------------------------------------------------- */

static tamis_job_row job_row(const core_step *step, const core_job *job)
{
    tamis_job_row row = {
        .id = job->id,
        .state = job->state,
        .order = job->order,
        .output = core_text(job->output),
        .stage = job->stage,
        .stage_count = job->stage_count,
        .fault = job->fault.status,
        .fault_text = job->fault.text,
    };

    for (uint32_t s = 0; s < job->stage_count; s++) {
        const core_stage *stage = &job->stages[s];

        row.elapsed_ms += stage->elapsed_ms;
        row.elapsed_ms += stage->began_ms != 0 && step->now_ms > stage->began_ms
                              ? step->now_ms - stage->began_ms
                              : 0;
    }
    if (job->stage < job->stage_count) {
        const core_stage *stage = &job->stages[job->stage];

        row.stage_kind = stage->stage.kind;
        row.tasks_done = stage->done_count;
        row.task_count = stage->stage.task_count;
        row.bytes = stage->bytes;
        row.documents = stage->documents;
        if (job == core_running_job(step->core)) {
            add_running(step->core, stage, &row.bytes, &row.documents);
        }
    }
    for (uint32_t s = 0; s < job->stage_count && job->state == TAMIS_RUN_DONE; s++) {
        if (job->stages[s].stage.kind == TAMIS_STAGE_SCAN) { /* what was read in all */
            row.bytes += job->stages[s].bytes;
            row.documents += job->stages[s].documents;
        }
    }
    return row;
}

tamis_status core_on_jobs_request(core_step *step, const tamis_core_event *event)
{
    const tamis_coordinator_core *core = step->core;
    tamis_message message = core_message(step, TAMIS_MESSAGE_JOBS, NULL, 0);
    tamis_job_row *rows = calloc(TAMIS_JOBS_ROWS_MAX, sizeof(*rows));
    uint32_t first = event->message->body.rows_request.first;
    size_t count = 0;
    size_t bytes = 0;
    tamis_status status = TAMIS_OK;

    if (rows == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a list of jobs");
    }
    for (uint32_t i = first; i < core->job_count && count < TAMIS_JOBS_ROWS_MAX; i++) {
        rows[count] = job_row(step, core->jobs[i]);
        bytes += tamis_job_row_size(&rows[count]);
        if (bytes > TAMIS_ROWS_BYTES_MAX) {
            break;
        }
        count++;
    }
    message.body.jobs.first = first;
    message.body.jobs.total = core->job_count;
    message.body.jobs.rows = rows;
    message.body.jobs.row_count = count;
    status = core_send(step, event->peer, &message, core_nothing());
    free(rows);
    return status;
}

/* ---- All workers ----------------------------------------------------------------------------- */

static bool is_listed(const core_folder *folder)
{
    return folder != NULL && folder->is_listed;
}

static tamis_worker_row worker_row(const core_step *step, const core_folder *folder)
{
    const core_worker *worker =
        folder->worker == CORE_NONE ? NULL : step->core->workers[folder->worker];
    uint64_t heard_ms = worker == NULL ? folder->heard_ms : worker->heard_ms;

    return (tamis_worker_row){
        .name = core_text(folder->name),
        .host = core_text(folder->host),
        .state = worker == NULL || !worker->is_known ? TAMIS_WORKER_LOST
                 : worker->drain != CORE_DRAIN_NONE  ? TAMIS_WORKER_DRAINING
                                                     : TAMIS_WORKER_ALIVE,
        .threads = folder->thread_count,
        .credit = worker == NULL ? 0 : worker->credit,
        .tasks_running = worker == NULL ? 0 : worker->lease_count,
        .tasks_done = folder->tasks_done,
        .tasks_lost = folder->tasks_lost,
        .silent_ms = step->now_ms > heard_ms ? step->now_ms - heard_ms : 0,
        .bytes = folder->bytes,
        .memory_bytes = folder->memory_bytes,
        .data_folder = folder->path,
        .data_url = core_text(folder->data_url),
        .user = core_text(folder->user),
    };
}

tamis_status core_on_workers_request(core_step *step, const tamis_core_event *event)
{
    const core_book *book = &step->core->book;
    tamis_message message = core_message(step, TAMIS_MESSAGE_WORKERS, NULL, 0);
    tamis_worker_row *rows = calloc(TAMIS_WORKERS_ROWS_MAX, sizeof(*rows));
    uint32_t first = event->message->body.rows_request.first;
    uint32_t total = 0;
    size_t count = 0;
    size_t bytes = 0;
    bool is_full = false;
    tamis_status status = TAMIS_OK;

    if (rows == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a list of workers");
    }
    for (uint32_t i = 0; i < book->count; i++) {
        if (!is_listed(book->folders[i])) {
            continue;
        }
        if (total++ < first || is_full) {
            continue;
        }
        rows[count] = worker_row(step, book->folders[i]);
        bytes += tamis_worker_row_size(&rows[count]);
        if (bytes > TAMIS_ROWS_BYTES_MAX) {
            is_full = true;
            continue;
        }
        is_full = ++count == TAMIS_WORKERS_ROWS_MAX;
    }
    message.body.workers.first = first;
    message.body.workers.total = total;
    message.body.workers.rows = rows;
    message.body.workers.row_count = count;
    status = core_send(step, event->peer, &message, core_nothing());
    free(rows);
    return status;
}
