/* SPDX-License-Identifier: Apache-2.0 */
#include "status_print.h"
#include "tamis/json_out.h"
#include "tamis/level.h"

#define STATUS_VERSION 1

static void put_stage(tamis_json *json, const tamis_stage_status *stage)
{
    tamis_json_begin_object(json, NULL);
    tamis_json_text(json, "kind", tamis_stage_kind_name(stage->stage.kind));
    if (stage->stage.kind >= TAMIS_STAGE_LINK && stage->stage.kind <= TAMIS_STAGE_RESOLVE) {
        tamis_json_text(json, "level", tamis_level_get(stage->stage.level)->name);
    }
    tamis_json_uint(json, "tasks", stage->stage.task_count);
    tamis_json_uint(json, "tasks_done", stage->tasks_done);
    tamis_json_bool(json, "is_complete", stage->is_complete);
    tamis_json_bool(json, "is_skipped", stage->is_skipped);
    tamis_json_uint(json, "bytes", stage->bytes);
    tamis_json_uint(json, "documents", stage->documents);
    tamis_json_seconds(json, "seconds", stage->elapsed_ms);
    tamis_json_begin_object(json, "counters");
    for (int i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        if (stage->counters[i] != 0) {
            tamis_json_uint(json, tamis_counter_name((tamis_counter)i), stage->counters[i]);
        }
    }
    tamis_json_end_object(json);
    tamis_json_end_object(json);
}

static void put_status(tamis_json *json, const tamis_run_status *status)
{
    tamis_json_begin_object(json, "job");
    tamis_json_text(json, "id", status->job_id);
    tamis_json_text(json, "state", tamis_run_state_name(status->state));
    tamis_json_uint(json, "stage", status->stage);
    tamis_json_uint(json, "tasks_running", status->tasks_running);
    tamis_json_uint(json, "workers", status->worker_count);
    tamis_json_uint(json, "workers_draining", status->workers_draining);
    tamis_json_uint(json, "tasks_executed", status->tasks_executed);
    tamis_json_uint(json, "tasks_lost", status->tasks_lost);
    tamis_json_uint(json, "tasks_backup", status->tasks_backup);
    tamis_json_uint(json, "tasks_rescued", status->tasks_rescued);
    tamis_json_uint(json, "quarantined_poison", status->quarantined_poison);
    if (status->fault.status != TAMIS_OK) {
        tamis_json_text(json, "fault", tamis_status_name(status->fault.status));
        tamis_json_text(json, "fault_text", status->fault.text);
    }
    tamis_json_begin_array(json, "stages");
    for (uint32_t i = 0; i < status->stage_count; i++) {
        put_stage(json, &status->stages[i]);
    }
    tamis_json_end_array(json);
    tamis_json_end_object(json);
}

static void put_jobs(tamis_json *json, const tamis_job_list *jobs)
{
    tamis_json_begin_array(json, "jobs");
    for (size_t i = 0; i < jobs->row_count; i++) {
        const tamis_job_row *row = &jobs->rows[i];

        tamis_json_begin_object(json, NULL);
        tamis_json_text(json, "id", row->id);
        tamis_json_text(json, "state", tamis_run_state_name(row->state));
        tamis_json_uint(json, "order", row->order);
        tamis_json_text(json, "output", row->output);
        tamis_json_uint(json, "stage", row->stage);
        tamis_json_uint(json, "stages", row->stage_count);
        if (row->stage < row->stage_count) {
            tamis_json_text(json, "stage_kind", tamis_stage_kind_name(row->stage_kind));
            tamis_json_uint(json, "tasks", row->task_count);
            tamis_json_uint(json, "tasks_done", row->tasks_done);
        }
        tamis_json_uint(json, "bytes", row->bytes);
        tamis_json_uint(json, "documents", row->documents);
        tamis_json_seconds(json, "seconds", row->elapsed_ms);
        if (row->fault != TAMIS_OK) {
            tamis_json_text(json, "fault", tamis_status_name(row->fault));
            tamis_json_text(json, "fault_text", row->fault_text);
        }
        tamis_json_end_object(json);
    }
    tamis_json_end_array(json);
}

static void put_workers(tamis_json *json, const tamis_worker_list *workers)
{
    tamis_json_begin_array(json, "workers");
    for (size_t i = 0; i < workers->row_count; i++) {
        const tamis_worker_row *row = &workers->rows[i];

        tamis_json_begin_object(json, NULL);
        tamis_json_text(json, "name", row->name);
        tamis_json_text(json, "host", row->host);
        tamis_json_text(json, "state", tamis_worker_state_name(row->state));
        tamis_json_uint(json, "threads", row->threads);
        tamis_json_uint(json, "credit", row->credit);
        tamis_json_uint(json, "tasks_running", row->tasks_running);
        tamis_json_uint(json, "tasks_done", row->tasks_done);
        tamis_json_uint(json, "tasks_lost", row->tasks_lost);
        tamis_json_uint(json, "bytes", row->bytes);
        tamis_json_uint(json, "memory_bytes", row->memory_bytes);
        tamis_json_seconds(json, "silent_seconds", row->silent_ms);
        tamis_json_text(json, "data_folder", row->data_folder);
        tamis_json_text(json, "data_url", row->data_url);
        tamis_json_text(json, "user", row->user);
        tamis_json_end_object(json);
    }
    tamis_json_end_array(json);
}

tamis_status tamis_status_print_json(FILE *out, const tamis_run_status *status,
                                     const tamis_job_list *jobs, const tamis_worker_list *workers,
                                     tamis_err *err)
{
    tamis_buf bytes;
    tamis_json json;
    tamis_status result = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    tamis_json_init(&json, &bytes);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", STATUS_VERSION);
    if (status != NULL) {
        put_status(&json, status);
    }
    if (jobs != NULL) {
        put_jobs(&json, jobs);
    }
    if (workers != NULL) {
        put_workers(&json, workers);
    }
    tamis_json_end_object(&json);
    result = tamis_json_finish(&json);
    if (result != TAMIS_OK) {
        (void)tamis_err_set(err, result, "no memory to print the status");
    } else if (fwrite(bytes.data, 1, bytes.size, out) != bytes.size || fputc('\n', out) == EOF ||
               fflush(out) != 0) {
        result = tamis_err_set(err, TAMIS_EIO, "cannot write to standard output");
    }
    tamis_buf_fini(&bytes);
    return result;
}
