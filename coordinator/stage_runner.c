/* SPDX-License-Identifier: Apache-2.0 */
#include "stage_runner.h"

#include <stdlib.h>

#include "ledger.h"
#include "tamis/bytes.h"

#define FOLDERS_AT_ONCE 1024

struct tamis_stage_runner {
    const tamis_stage_runner_options *options;
    tamis_actor *executor;
    tamis_records_cache *records;
    tamis_folder_book *book;
    tamis_job_view *view; /* of view_job */
    char view_job[TAMIS_JOB_ID_SIZE];
    uint32_t view_generation;
    tamis_attempt *attempt;  /* NULL: none runs */
    tamis_attempt *ended;    /* what the last event borrows from */
    tamis_core_lost lost;    /* likewise */
    tamis_buf blob;          /* used by the executor while a task runs */
    tamis_run_status status; /* likewise: counters of the stages before */
};

tamis_status tamis_stage_runner_create(const tamis_stage_runner_options *options,
                                       tamis_stage_runner **out_runner, tamis_err *err)
{
    tamis_stage_runner *runner = calloc(1, sizeof(*runner));
    tamis_status status = TAMIS_OK;

    if (runner == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for local tasks");
    }
    runner->options = options;
    tamis_buf_init(&runner->blob, TAMIS_BLOB_MAX);
    status = tamis_folder_book_create(&runner->book);
    if (status == TAMIS_OK) {
        status = tamis_records_cache_create(&runner->records);
    }
    if (status == TAMIS_OK) {
        status = tamis_executor_start(options->net, &runner->executor, err);
    } else {
        tamis_err_set(err, status, "no memory for local tasks");
    }
    if (status == TAMIS_OK) {
        status = tamis_data_point_attach(options->data_point, runner->book, err);
    }
    if (status != TAMIS_OK) {
        tamis_stage_runner_destroy(runner);
        return status;
    }
    *out_runner = runner;
    return TAMIS_OK;
}

/* Waits for the running attempt to come back. */
static void await_attempt(tamis_stage_runner *runner)
{
    while (runner->attempt != NULL) {
        tamis_socket *pipe = tamis_actor_pipe(runner->executor);
        uint32_t kind = 0;
        void *body = NULL;
        bool is_ready = false;

        if (tamis_net_poll(&pipe, 1, 1000, &is_ready, NULL) != TAMIS_OK ||
            (is_ready && tamis_socket_take(pipe, &kind, &body) == TAMIS_OK)) {
            tamis_attempt_discard(runner->attempt);
            tamis_attempt_destroy(runner->attempt);
            runner->attempt = NULL;
        }
    }
}

void tamis_stage_runner_destroy(tamis_stage_runner *runner)
{
    if (runner == NULL) {
        return;
    }
    tamis_stage_runner_cancel(runner);
    await_attempt(runner);
    if (tamis_actor_stop(runner->executor, UINT32_MAX, NULL) != TAMIS_OK) {
        return; /* its thread still lives: leak rather than pull the floor away */
    }
    tamis_attempt_destroy(runner->ended);
    tamis_job_view_destroy(runner->view);
    tamis_folder_book_destroy(runner->book);
    tamis_records_cache_destroy(runner->records);
    tamis_buf_fini(&runner->blob);
    free(runner);
}

tamis_socket *tamis_stage_runner_pipe(tamis_stage_runner *runner)
{
    return tamis_actor_pipe(runner->executor);
}

/* ---- What tasks ask for; called on the executor's thread ------------------------------------- */

static tamis_status blob_of(void *context, uint32_t stage, uint32_t task, tamis_slice *out_blob,
                            tamis_err *err)
{
    tamis_stage_runner *runner = context;
    tamis_status status = tamis_ledger_blob(runner->options->store, runner->view_job, stage, task,
                                            &runner->blob, err);

    if (status == TAMIS_OK) {
        *out_blob = tamis_buf_slice(&runner->blob);
    }
    return status;
}

static const uint64_t *counters_of(void *context, uint32_t stage)
{
    const tamis_stage_runner *runner = context;

    TAMIS_ASSERT(stage < runner->status.stage_count);
    return runner->status.stages[stage].counters;
}

/* ---- Starting -------------------------------------------------------------------------------- */

/* Brings the book up to what the core knows of data folders. */
static tamis_status read_folders(tamis_stage_runner *runner, const tamis_coordinator_core *core,
                                 tamis_err *err)
{
    tamis_folder_row *rows = calloc(FOLDERS_AT_ONCE, sizeof(*rows));
    uint64_t version = tamis_folder_book_version(runner->book);
    uint64_t next = version;
    tamis_status status = TAMIS_OK;

    if (rows == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the places of results");
    }
    do {
        size_t count =
            tamis_coordinator_core_folders(core, version, rows, FOLDERS_AT_ONCE, SIZE_MAX, &next);

        if (next == version) {
            break;
        }
        status = tamis_folder_book_apply(runner->book, version, next, rows, count, err);
        version = next;
    } while (status == TAMIS_OK);
    free(rows);
    return status;
}

static tamis_status add_owners(tamis_stage_runner *runner, const tamis_coordinator_core *core,
                               uint32_t stage, tamis_err *err)
{
    uint32_t stage_count = 0;
    const tamis_stage *stages = tamis_job_view_stages(runner->view, &stage_count);
    tamis_buf table;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&table, 0);
    status = tamis_buf_reserve(&table, (size_t)stages[stage].task_count * 2 + 1);
    if (status != TAMIS_OK) {
        tamis_err_set(err, status, "no memory for the places of results");
    }
    for (uint32_t t = 0; t < stages[stage].task_count && status == TAMIS_OK; t++) {
        tamis_put16le(table.data + table.size, (uint16_t)tamis_coordinator_core_owner_number(
                                                   core, runner->view_job, stage, t));
        table.size += 2;
    }
    if (status == TAMIS_OK) {
        status =
            tamis_job_view_add_owners(runner->view, stage, stage + 1, tamis_buf_slice(&table), err);
    }
    tamis_buf_fini(&table);
    return status;
}

static tamis_status take_job(tamis_stage_runner *runner, const tamis_coordinator_core *core,
                             const char *job, uint32_t stage, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    uint32_t generation = tamis_coordinator_core_generation(core, job);

    if (runner->view == NULL || strcmp(runner->view_job, job) != 0 ||
        runner->view_generation != generation) {
        tamis_attempt_destroy(runner->ended); /* borrows from the view */
        runner->ended = NULL;
        tamis_job_view_destroy(runner->view);
        runner->view = NULL;
        tamis_records_cache_drop(runner->records, NULL, false);
        (void)snprintf(runner->view_job, sizeof(runner->view_job), "%s", job);
        runner->view_generation = generation;
        status = tamis_job_view_create(tamis_coordinator_core_job_bytes(core, job), runner->book,
                                       &runner->view, err);
    }
    if (status == TAMIS_OK) {
        status = read_folders(runner, core, err);
    }
    for (uint32_t s = 0; s < stage && status == TAMIS_OK; s++) {
        if (s >= tamis_job_view_known_stages(runner->view)) {
            status = add_owners(runner, core, s, err);
        }
    }
    return status;
}

tamis_status tamis_stage_runner_start(tamis_stage_runner *runner,
                                      const tamis_coordinator_core *core, const char *job,
                                      uint32_t stage, uint64_t fence, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    uint32_t stage_count = 0;
    const tamis_stage *stages = NULL;

    TAMIS_ASSERT(runner->attempt == NULL);
    status = take_job(runner, core, job, stage, err);
    if (status != TAMIS_OK) {
        return status;
    }
    stages = tamis_job_view_stages(runner->view, &stage_count);
    if (!tamis_coordinator_core_status(core, job, tamis_net_now_ms(), &runner->status)) {
        return tamis_err_set(err, TAMIS_ENOENT, "job %s is gone", job);
    }
    tamis_attempt from = {
        .view = runner->view,
        .data_folder = runner->options->data_folder,
        .prefix = TAMIS_LOCAL_PREFIX,
        .stage = stage,
        .fence = fence,
        .memory_bytes = runner->options->memory_bytes,
        .roots = runner->options->roots,
        .run = runner->options->tasks->run[stages[stage].kind],
        .records = runner->records,
        .results = tamis_data_point_results(runner->options->data_point),
        .blob_of = blob_of,
        .counters_of = counters_of,
        .context = runner,
    };

    runner->attempt = tamis_attempt_create(&from);
    if (runner->attempt == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a local task");
    }
    return tamis_socket_pass(tamis_actor_pipe(runner->executor), TAMIS_EXECUTOR_RUN,
                             runner->attempt);
}

void tamis_stage_runner_cancel(tamis_stage_runner *runner)
{
    if (runner->attempt != NULL) {
        atomic_store_explicit(&runner->attempt->progress.is_canceled, true, memory_order_relaxed);
    }
}

tamis_status tamis_stage_runner_follow(tamis_stage_runner *runner,
                                       const tamis_coordinator_core *core, tamis_err *err)
{
    return read_folders(runner, core, err);
}

bool tamis_stage_runner_progress(const tamis_stage_runner *runner, uint64_t *out_bytes,
                                 uint64_t *out_documents)
{
    if (runner->attempt == NULL) {
        return false;
    }
    *out_bytes = atomic_load_explicit(&runner->attempt->progress.bytes, memory_order_relaxed);
    *out_documents =
        atomic_load_explicit(&runner->attempt->progress.documents, memory_order_relaxed);
    return true;
}

tamis_status tamis_stage_runner_take(tamis_stage_runner *runner, tamis_core_event *out_event,
                                     tamis_err *err)
{
    uint32_t kind = 0;
    void *body = NULL;
    tamis_status status = tamis_socket_take(tamis_actor_pipe(runner->executor), &kind, &body);
    tamis_attempt *attempt = runner->attempt;

    if (status == TAMIS_EAGAIN) {
        return status;
    }
    if (status != TAMIS_OK || (kind != TAMIS_EXECUTOR_DONE && kind != TAMIS_EXECUTOR_PUBLISHED)) {
        return tamis_err_set(err, TAMIS_EIO, "the thread of local tasks has ended");
    }
    TAMIS_ASSERT(body == attempt);
    if (kind == TAMIS_EXECUTOR_DONE && attempt->status == TAMIS_OK) {
        status =
            tamis_socket_pass(tamis_actor_pipe(runner->executor), TAMIS_EXECUTOR_PUBLISH, attempt);
        return status == TAMIS_OK
                   ? TAMIS_EAGAIN
                   : tamis_err_set(err, status, "cannot pass a result to its thread");
    }
    tamis_attempt_destroy(runner->ended);
    runner->ended = attempt;
    runner->attempt = NULL;
    *out_event = (tamis_core_event){
        .kind = TAMIS_CORE_LOCAL_ENDED,
        .fence = attempt->fence,
        .status = attempt->status,
        .text = attempt->err.text,
        .result = &attempt->result,
        .bytes = atomic_load_explicit(&attempt->progress.bytes, memory_order_relaxed),
        .documents = atomic_load_explicit(&attempt->progress.documents, memory_order_relaxed),
    };
    if (attempt->status == TAMIS_ELOST && attempt->lost.count != 0) {
        runner->lost = (tamis_core_lost){
            .is_gone = attempt->lost.is_gone,
            .stage = attempt->lost.stage,
            .folder = tamis_folder_book_number(runner->book, (uint16_t)attempt->lost.folder),
            .tasks = attempt->lost.tasks,
            .task_count = attempt->lost.count,
        };
        out_event->lost = &runner->lost;
    }
    return TAMIS_OK;
}
