/* SPDX-License-Identifier: Apache-2.0 */
#include "inline_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/path.h"

typedef struct finished {
    char folder[TAMIS_PATH_MAX];
    tamis_buf blob;
} finished;

typedef struct run {
    const tamis_inline_options *options;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
    finished *tasks[TAMIS_STAGES_MAX];
    uint64_t counters[TAMIS_STAGES_MAX][TAMIS_COUNTER_COUNT];
    tamis_records *records;
} run;

static tamis_status open_file(void *context, uint32_t stage, uint32_t task, tamis_result_file file,
                              char *out_path, tamis_err *err)
{
    run *r = context;

    return tamis_path_join(out_path, r->tasks[stage][task].folder, tamis_result_file_name(file),
                           err);
}

static void release(void *context, tamis_gathered *gathered, bool is_read)
{
    (void)context;
    (void)is_read;
    for (size_t i = 0; gathered != NULL && i < gathered->count; i++) {
        free((char *)(uintptr_t)gathered->files[i].path);
    }
    free(gathered == NULL ? NULL : gathered->files);
    free(gathered);
}

static tamis_status gather(void *context, const tamis_gather *wanted, size_t wanted_count,
                           tamis_gathered **out_gathered, tamis_err *err)
{
    tamis_gathered *gathered = calloc(1, sizeof(*gathered));
    size_t count = 0;

    for (size_t i = 0; i < wanted_count; i++) {
        count += wanted[i].end_task - wanted[i].first_task;
    }
    gathered->files = calloc(count + 1, sizeof(*gathered->files));
    for (size_t i = 0; i < wanted_count; i++) {
        for (uint32_t task = wanted[i].first_task; task < wanted[i].end_task; task++) {
            char path[TAMIS_PATH_MAX];
            tamis_status status =
                open_file(context, wanted[i].stage, task, TAMIS_RESULT_RUN, path, err);

            if (status != TAMIS_OK) {
                release(context, gathered, false);
                return status;
            }
            gathered->files[gathered->count++].path = strdup(path);
        }
    }
    *out_gathered = gathered;
    return TAMIS_OK;
}

static void mark_lost(void *context, uint32_t stage, uint32_t task)
{
    (void)context;
    (void)stage;
    (void)task;
}

static tamis_status records_of(void *context, uint32_t batch, tamis_records **out_records,
                               tamis_err *err)
{
    run *r = context;

    (void)batch;
    (void)err;
    *out_records = r->records;
    return TAMIS_OK;
}

static tamis_status blob_of(void *context, uint32_t stage, uint32_t task, tamis_slice *out_blob,
                            tamis_err *err)
{
    run *r = context;

    (void)err;
    *out_blob = tamis_buf_slice(&r->tasks[stage][task].blob);
    return TAMIS_OK;
}

static const uint64_t *counters_of(void *context, uint32_t stage)
{
    run *r = context;

    return r->counters[stage];
}

static tamis_status run_task(run *r, uint32_t stage, uint32_t task, uint32_t *out_skip,
                             tamis_err *err)
{
    const tamis_stage *what = &r->stages[stage];
    finished *done = &r->tasks[stage][task];
    tamis_task_result result = {0};
    tamis_task_env env = {
        .job = r->options->job,
        .stages = r->stages,
        .stage_count = r->stage_count,
        .stage = stage,
        .task = task,
        .folder = done->folder,
        .records = what->is_local ? NULL : r->records,
        .memory_bytes = r->options->memory_bytes,
        .silence_ms = r->options->silence_ms,
        .open_file = open_file,
        .gather = gather,
        .release = release,
        .mark_lost = mark_lost,
        .records_of = records_of,
        .blob_of = blob_of,
        .counters_of = counters_of,
        .context = r,
    };
    tamis_task_run function =
        (what->is_local ? r->options->local_tasks : r->options->worker_tasks)->run[what->kind];
    tamis_status status = TAMIS_OK;

    (void)snprintf(done->folder, sizeof(done->folder), "%s/%u-%u", r->options->folder, stage, task);
    tamis_buf_init(&result.blob, 0);
    status = tamis_path_make_folder(done->folder, err);
    if (status == TAMIS_OK) {
        status = function(&env, &result, err);
    }
    done->blob = result.blob;
    for (unsigned i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        r->counters[stage][i] += result.counters[i];
    }
    *out_skip = result.skip_stages;
    return status;
}

static tamis_status run_stages(run *r, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t stage = 0; status == TAMIS_OK && stage < r->stage_count; stage++) {
        uint32_t skip = 0;
        struct timespec start;
        struct timespec end;

        r->tasks[stage] = calloc((size_t)r->stages[stage].task_count + 1, sizeof(finished));
        if (r->tasks[stage] == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a stage");
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &start);
        for (uint32_t task = 0; status == TAMIS_OK && task < r->stages[stage].task_count; task++) {
            status = run_task(r, stage, task, &skip, err);
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        if (status == TAMIS_OK && r->options->on_stage != NULL) {
            r->options->on_stage(r->options->context, &r->stages[stage],
                                 (double)(end.tv_sec - start.tv_sec) +
                                     (double)(end.tv_nsec - start.tv_nsec) * 1e-9,
                                 r->counters[stage]);
        }
        stage += skip;
    }
    return status;
}

tamis_status tamis_inline_run(const tamis_inline_options *options, tamis_err *err)
{
    run *r = calloc(1, sizeof(*r));
    char records[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    if (r == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a run");
    }
    r->options = options;
    r->stage_count = tamis_job_stages(options->job, r->stages);
    (void)snprintf(records, sizeof(records), "%s/records", options->folder);
    status = tamis_path_make_folder(options->folder, err);
    if (status == TAMIS_OK) {
        status = tamis_records_open(records, false, &r->records, err);
    }
    if (status == TAMIS_OK) {
        status = run_stages(r, err);
    }
    for (uint32_t stage = 0; stage < r->stage_count; stage++) {
        for (uint32_t task = 0; r->tasks[stage] != NULL && task < r->stages[stage].task_count;
             task++) {
            tamis_buf_fini(&r->tasks[stage][task].blob);
        }
        free(r->tasks[stage]);
    }
    tamis_records_close(r->records);
    free(r);
    return status;
}
