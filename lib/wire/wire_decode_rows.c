/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_decode.h"

#include <stdlib.h>

static tamis_status decode_heartbeat(const Tamis__V1__Heartbeat *heartbeat, wire_box *box)
{
    tamis_held *held = calloc(heartbeat->n_held + 1, sizeof(*held));

    if (held == NULL) {
        return TAMIS_ENOMEM;
    }
    box->rows = held;
    for (size_t i = 0; i < heartbeat->n_held; i++) {
        held[i].fence = heartbeat->held[i]->fence;
        held[i].stage = heartbeat->held[i]->stage;
        held[i].task = heartbeat->held[i]->task;
        held[i].bytes = heartbeat->held[i]->bytes;
        held[i].documents = heartbeat->held[i]->documents;
        if (!wire_job_of(heartbeat->held[i]->job, held[i].job) ||
            held[i].stage >= TAMIS_STAGES_MAX) {
            return TAMIS_EFORMAT;
        }
    }
    for (size_t i = 0; i < heartbeat->n_jobs; i++) {
        if (!tamis_job_id_is_valid(heartbeat->jobs[i])) {
            return TAMIS_EFORMAT;
        }
    }
    box->message.body.heartbeat.held = held;
    box->message.body.heartbeat.held_count = heartbeat->n_held;
    box->message.body.heartbeat.credit = heartbeat->credit;
    box->message.body.heartbeat.folders_version = heartbeat->folders_version;
    box->message.body.heartbeat.may_leave = heartbeat->may_leave;
    box->message.body.heartbeat.answered = heartbeat->answered;
    box->message.body.heartbeat.heartbeat_ms = heartbeat->heartbeat_ms;
    box->message.body.heartbeat.jobs = (const char *const *)heartbeat->jobs;
    box->message.body.heartbeat.job_count = heartbeat->n_jobs;
    return heartbeat->credit <= TAMIS_WORKER_CREDIT_MAX ? TAMIS_OK : TAMIS_EFORMAT;
}

static bool decode_stage(const Tamis__V1__Stage *stage, tamis_stage_status *out)
{
    out->stage.kind = (tamis_stage_kind)stage->kind;
    out->stage.level = (tamis_level_id)stage->level;
    out->stage.task_count = stage->task_count;
    out->stage.is_local = stage->is_local;
    out->tasks_done = stage->tasks_done;
    out->is_complete = stage->is_complete;
    out->is_skipped = stage->is_skipped;
    out->bytes = stage->bytes;
    out->documents = stage->documents;
    out->elapsed_ms = stage->elapsed_ms;
    wire_counters_of(stage->counters, stage->n_counters, out->counters);
    return stage->kind < TAMIS_STAGE_KIND_COUNT && stage->level < TAMIS_LEVEL_COUNT;
}

static tamis_status decode_status(const Tamis__V1__Status *status, wire_box *box)
{
    tamis_run_status *run = calloc(1, sizeof(*run));

    if (run == NULL) {
        return TAMIS_ENOMEM;
    }
    box->rows = run;
    box->message.body.status = run;
    memcpy(run->job_id, box->message.job, sizeof(run->job_id));
    run->state = (tamis_run_state)status->state;
    run->stage = status->stage;
    run->tasks_running = status->tasks_running;
    run->worker_count = status->worker_count;
    run->tasks_executed = status->tasks_executed;
    run->tasks_lost = status->tasks_lost;
    run->workers_draining = status->workers_draining;
    run->tasks_backup = status->tasks_backup;
    run->tasks_rescued = status->tasks_rescued;
    run->quarantined_poison = status->quarantined_poison;
    if (status->state >= TAMIS_RUN_STATE_COUNT || status->n_stages > TAMIS_STAGES_MAX ||
        status->stage > status->n_stages || !wire_status_of(status->fault, &run->fault.status)) {
        return TAMIS_EFORMAT;
    }
    (void)snprintf(run->fault.text, sizeof(run->fault.text), "%s", status->fault_text);
    run->stage_count = (uint32_t)status->n_stages;
    for (size_t i = 0; i < status->n_stages; i++) {
        if (!decode_stage(status->stages[i], &run->stages[i])) {
            return TAMIS_EFORMAT;
        }
    }
    return TAMIS_OK;
}

static bool decode_folder(const Tamis__V1__Folder *folder, tamis_folder_row *out)
{
    *out = (tamis_folder_row){
        .number = folder->number,
        .path = folder->path,
        .folder_id = folder->folder_id,
        .data_url = folder->data_url,
        .public_key = folder->public_key,
        .is_alive = folder->is_alive,
    };
    return folder->number < TAMIS_WIRE_NO_FOLDER && folder->path[0] == '/' &&
           wire_is_id_or_empty(folder->folder_id) && wire_is_key_or_empty(folder->public_key);
}

static tamis_status decode_folders(const Tamis__V1__Folders *folders, wire_box *box)
{
    tamis_folder_row *rows = NULL;

    if (folders->n_entries > TAMIS_FOLDERS_ROWS_MAX) {
        return TAMIS_ELIMIT;
    }
    box->rows = rows = calloc(folders->n_entries + 1, sizeof(*rows));
    if (rows == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < folders->n_entries; i++) {
        if (!decode_folder(folders->entries[i], &rows[i])) {
            return TAMIS_EFORMAT;
        }
    }
    box->message.body.folders.from_version = folders->from_version;
    box->message.body.folders.to_version = folders->to_version;
    box->message.body.folders.rows = rows;
    box->message.body.folders.row_count = folders->n_entries;
    return folders->from_version <= folders->to_version ? TAMIS_OK : TAMIS_EFORMAT;
}

static bool decode_job(const Tamis__V1__JobRow *job, tamis_job_row *out)
{
    *out = (tamis_job_row){
        .id = job->id,
        .state = (tamis_run_state)job->state,
        .order = job->order,
        .output = job->output,
        .stage = job->stage,
        .stage_count = job->stage_count,
        .stage_kind = (tamis_stage_kind)job->stage_kind,
        .tasks_done = job->tasks_done,
        .task_count = job->task_count,
        .bytes = job->bytes,
        .documents = job->documents,
        .elapsed_ms = job->elapsed_ms,
        .fault_text = job->fault_text,
    };
    return tamis_job_id_is_valid(job->id) && job->state < TAMIS_RUN_STATE_COUNT &&
           job->stage <= job->stage_count && job->stage_count <= TAMIS_STAGES_MAX &&
           job->stage_kind < TAMIS_STAGE_KIND_COUNT && wire_status_of(job->fault, &out->fault);
}

static tamis_status decode_jobs(const Tamis__V1__Jobs *jobs, wire_box *box)
{
    tamis_job_row *rows = NULL;

    if (jobs->n_rows > TAMIS_JOBS_ROWS_MAX) {
        return TAMIS_ELIMIT;
    }
    box->rows = rows = calloc(jobs->n_rows + 1, sizeof(*rows));
    if (rows == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < jobs->n_rows; i++) {
        if (!decode_job(jobs->rows[i], &rows[i])) {
            return TAMIS_EFORMAT;
        }
    }
    box->message.body.jobs.first = jobs->first;
    box->message.body.jobs.total = jobs->total;
    box->message.body.jobs.rows = rows;
    box->message.body.jobs.row_count = jobs->n_rows;
    return TAMIS_OK;
}

static bool decode_worker(const Tamis__V1__WorkerRow *worker, tamis_worker_row *out)
{
    *out = (tamis_worker_row){
        .name = worker->name,
        .host = worker->host,
        .state = (tamis_worker_state)worker->state,
        .threads = worker->threads,
        .credit = worker->credit,
        .tasks_running = worker->tasks_running,
        .tasks_done = worker->tasks_done,
        .tasks_lost = worker->tasks_lost,
        .silent_ms = worker->silent_ms,
        .bytes = worker->bytes,
        .memory_bytes = worker->memory_bytes,
        .data_folder = worker->data_folder,
        .data_url = worker->data_url,
        .user = worker->user,
    };
    return worker->state < TAMIS_WORKER_STATE_COUNT;
}

static tamis_status decode_workers(const Tamis__V1__Workers *workers, wire_box *box)
{
    tamis_worker_row *rows = NULL;

    if (workers->n_rows > TAMIS_WORKERS_ROWS_MAX) {
        return TAMIS_ELIMIT;
    }
    box->rows = rows = calloc(workers->n_rows + 1, sizeof(*rows));
    if (rows == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < workers->n_rows; i++) {
        if (!decode_worker(workers->rows[i], &rows[i])) {
            return TAMIS_EFORMAT;
        }
    }
    box->message.body.workers.first = workers->first;
    box->message.body.workers.total = workers->total;
    box->message.body.workers.rows = rows;
    box->message.body.workers.row_count = workers->n_rows;
    return TAMIS_OK;
}

tamis_status wire_decode_rows(const Tamis__V1__Envelope *envelope, wire_box *box)
{
    if (box->message.kind == TAMIS_MESSAGE_HEARTBEAT) {
        return decode_heartbeat(envelope->heartbeat, box);
    }
    if (box->message.kind == TAMIS_MESSAGE_STATUS) {
        return decode_status(envelope->status, box);
    }
    if (box->message.kind == TAMIS_MESSAGE_FOLDERS) {
        return decode_folders(envelope->folders, box);
    }
    return box->message.kind == TAMIS_MESSAGE_JOBS ? decode_jobs(envelope->jobs, box)
                                                   : decode_workers(envelope->workers, box);
}
