/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_encode.h"

#include <stdlib.h>

/* Room for that many rows, and the list of pointers that the generated code wants. */
static tamis_status make_rows(wire_encoder *encoder, size_t count, size_t count_max,
                              size_t row_size)
{
    uint8_t *rows = NULL;
    void **pointers = NULL;

    if (count > count_max) {
        return TAMIS_ELIMIT;
    }
    encoder->rows = rows = calloc(count + 1, row_size);
    encoder->pointers = pointers = calloc(count + 1, sizeof(*pointers));
    if (rows == NULL || pointers == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        pointers[i] = rows + i * row_size;
    }
    return TAMIS_OK;
}

static tamis_status encode_heartbeat(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Heartbeat *heartbeat = &encoder->body.heartbeat;
    size_t count = message->body.heartbeat.held_count;
    tamis_status status = make_rows(encoder, count, TAMIS_WIRE_ITEMS_MAX, sizeof(Tamis__V1__Held));
    Tamis__V1__Held *rows = encoder->rows;

    if (status != TAMIS_OK) {
        return status;
    }
    tamis__v1__heartbeat__init(heartbeat);
    for (size_t i = 0; i < count; i++) {
        const tamis_held *held = &message->body.heartbeat.held[i];

        tamis__v1__held__init(&rows[i]);
        rows[i].fence = held->fence;
        rows[i].stage = held->stage;
        rows[i].task = held->task;
        rows[i].bytes = held->bytes;
        rows[i].documents = held->documents;
        rows[i].job = wire_text(held->job);
    }
    heartbeat->held = (Tamis__V1__Held **)encoder->pointers;
    heartbeat->n_held = count;
    heartbeat->credit = message->body.heartbeat.credit;
    heartbeat->jobs = wire_texts(message->body.heartbeat.jobs);
    heartbeat->n_jobs = message->body.heartbeat.job_count;
    heartbeat->folders_version = message->body.heartbeat.folders_version;
    heartbeat->may_leave = message->body.heartbeat.may_leave;
    heartbeat->answered = message->body.heartbeat.answered;
    heartbeat->heartbeat_ms = message->body.heartbeat.heartbeat_ms;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_HEARTBEAT;
    encoder->envelope.heartbeat = heartbeat;
    return TAMIS_OK;
}

static void encode_stage(const tamis_stage_status *stage, Tamis__V1__Stage *out)
{
    tamis__v1__stage__init(out);
    out->kind = (uint32_t)stage->stage.kind;
    out->level = (uint32_t)stage->stage.level;
    out->task_count = stage->stage.task_count;
    out->is_local = stage->stage.is_local;
    out->tasks_done = stage->tasks_done;
    out->is_complete = stage->is_complete;
    out->is_skipped = stage->is_skipped;
    out->bytes = stage->bytes;
    out->documents = stage->documents;
    out->elapsed_ms = stage->elapsed_ms;
    out->counters = (uint64_t *)(uintptr_t)stage->counters;
    out->n_counters = TAMIS_COUNTER_COUNT;
}

static tamis_status encode_status(wire_encoder *encoder, const tamis_message *message)
{
    const tamis_run_status *run = message->body.status;
    Tamis__V1__Status *status = &encoder->body.status;
    tamis_status made =
        make_rows(encoder, run->stage_count, TAMIS_STAGES_MAX, sizeof(Tamis__V1__Stage));
    Tamis__V1__Stage *rows = encoder->rows;

    TAMIS_ASSERT(run->stage_count <= TAMIS_STAGES_MAX);
    if (made != TAMIS_OK) {
        return made;
    }
    tamis__v1__status__init(status);
    for (uint32_t i = 0; i < run->stage_count; i++) {
        encode_stage(&run->stages[i], &rows[i]);
    }
    status->state = (uint32_t)run->state;
    status->stage = run->stage;
    status->tasks_running = run->tasks_running;
    status->worker_count = run->worker_count;
    status->tasks_executed = run->tasks_executed;
    status->tasks_lost = run->tasks_lost;
    status->fault = (uint32_t)run->fault.status;
    status->fault_text = wire_text(run->fault.text);
    status->stages = (Tamis__V1__Stage **)encoder->pointers;
    status->n_stages = run->stage_count;
    status->workers_draining = run->workers_draining;
    status->tasks_backup = run->tasks_backup;
    status->tasks_rescued = run->tasks_rescued;
    status->quarantined_poison = run->quarantined_poison;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_STATUS;
    encoder->envelope.status = status;
    return TAMIS_OK;
}

static tamis_status encode_folders(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Folders *folders = &encoder->body.folders;
    size_t count = message->body.folders.row_count;
    tamis_status status =
        make_rows(encoder, count, TAMIS_FOLDERS_ROWS_MAX, sizeof(Tamis__V1__Folder));
    Tamis__V1__Folder *rows = encoder->rows;

    if (status != TAMIS_OK) {
        return status;
    }
    tamis__v1__folders__init(folders);
    for (size_t i = 0; i < count; i++) {
        const tamis_folder_row *row = &message->body.folders.rows[i];

        tamis__v1__folder__init(&rows[i]);
        rows[i].number = row->number;
        rows[i].path = wire_text(row->path);
        rows[i].folder_id = wire_text(row->folder_id);
        rows[i].data_url = wire_text(row->data_url);
        rows[i].public_key = wire_text(row->public_key);
        rows[i].is_alive = row->is_alive;
    }
    folders->from_version = message->body.folders.from_version;
    folders->to_version = message->body.folders.to_version;
    folders->entries = (Tamis__V1__Folder **)encoder->pointers;
    folders->n_entries = count;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_FOLDERS;
    encoder->envelope.folders = folders;
    return TAMIS_OK;
}

static tamis_status encode_jobs(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Jobs *jobs = &encoder->body.jobs;
    size_t count = message->body.jobs.row_count;
    tamis_status status = make_rows(encoder, count, TAMIS_JOBS_ROWS_MAX, sizeof(Tamis__V1__JobRow));
    Tamis__V1__JobRow *rows = encoder->rows;

    if (status != TAMIS_OK) {
        return status;
    }
    tamis__v1__jobs__init(jobs);
    for (size_t i = 0; i < count; i++) {
        const tamis_job_row *row = &message->body.jobs.rows[i];

        tamis__v1__job_row__init(&rows[i]);
        rows[i].id = wire_text(row->id);
        rows[i].state = (uint32_t)row->state;
        rows[i].order = row->order;
        rows[i].output = wire_text(row->output);
        rows[i].stage = row->stage;
        rows[i].stage_count = row->stage_count;
        rows[i].stage_kind = (uint32_t)row->stage_kind;
        rows[i].tasks_done = row->tasks_done;
        rows[i].task_count = row->task_count;
        rows[i].bytes = row->bytes;
        rows[i].documents = row->documents;
        rows[i].elapsed_ms = row->elapsed_ms;
        rows[i].fault = (uint32_t)row->fault;
        rows[i].fault_text = wire_text(row->fault_text);
    }
    jobs->first = message->body.jobs.first;
    jobs->total = message->body.jobs.total;
    jobs->rows = (Tamis__V1__JobRow **)encoder->pointers;
    jobs->n_rows = count;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_JOBS;
    encoder->envelope.jobs = jobs;
    return TAMIS_OK;
}

static tamis_status encode_workers(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Workers *workers = &encoder->body.workers;
    size_t count = message->body.workers.row_count;
    tamis_status status =
        make_rows(encoder, count, TAMIS_WORKERS_ROWS_MAX, sizeof(Tamis__V1__WorkerRow));
    Tamis__V1__WorkerRow *rows = encoder->rows;

    if (status != TAMIS_OK) {
        return status;
    }
    tamis__v1__workers__init(workers);
    for (size_t i = 0; i < count; i++) {
        const tamis_worker_row *row = &message->body.workers.rows[i];

        tamis__v1__worker_row__init(&rows[i]);
        rows[i].name = wire_text(row->name);
        rows[i].host = wire_text(row->host);
        rows[i].state = (uint32_t)row->state;
        rows[i].threads = row->threads;
        rows[i].credit = row->credit;
        rows[i].tasks_running = row->tasks_running;
        rows[i].tasks_done = row->tasks_done;
        rows[i].tasks_lost = row->tasks_lost;
        rows[i].silent_ms = row->silent_ms;
        rows[i].bytes = row->bytes;
        rows[i].memory_bytes = row->memory_bytes;
        rows[i].data_folder = wire_text(row->data_folder);
        rows[i].data_url = wire_text(row->data_url);
        rows[i].user = wire_text(row->user);
    }
    workers->first = message->body.workers.first;
    workers->total = message->body.workers.total;
    workers->rows = (Tamis__V1__WorkerRow **)encoder->pointers;
    workers->n_rows = count;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_WORKERS;
    encoder->envelope.workers = workers;
    return TAMIS_OK;
}

tamis_status wire_encode_rows(wire_encoder *encoder, const tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_HEARTBEAT) {
        return encode_heartbeat(encoder, message);
    }
    if (message->kind == TAMIS_MESSAGE_STATUS) {
        return encode_status(encoder, message);
    }
    if (message->kind == TAMIS_MESSAGE_FOLDERS) {
        return encode_folders(encoder, message);
    }
    return message->kind == TAMIS_MESSAGE_JOBS ? encode_jobs(encoder, message)
                                               : encode_workers(encoder, message);
}
