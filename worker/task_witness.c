/* SPDX-License-Identifier: Apache-2.0 */
/* WITNESS: for each final witness of one part the number of its copies, and its id for all who name
 * it. */
#include <stdlib.h>

#include "stage_tasks.h"
#include "tamis/task_support.h"

#define CHECK_EVERY 4096

typedef struct witness {
    const tamis_task_env *env;
    tamis_stream *stream;
    tamis_doc_cursor *ids;
    tamis_sorter *by_removed;
    tamis_run_writer *writer;
} witness;

/* All records of one witness: its id goes to each document that names it, its counts to one record.
 */
static tamis_status witness_take(witness *w, uint64_t copies[TAMIS_COPIES_WORDS], tamis_err *err)
{
    const uint64_t *record = tamis_stream_peek(w->stream);
    tamis_slice id;
    tamis_status status = TAMIS_OK;

    memset(copies, 0, sizeof(uint64_t) * TAMIS_COPIES_WORDS);
    copies[0] = record[0];
    status = tamis_doc_cursor_get_id(w->ids, record[0], &id, err);
    while (status == TAMIS_OK && record != NULL && record[0] == copies[0]) {
        TAMIS_ASSERT(record[1] <= TAMIS_COPY_URL);
        copies[1 + record[1]]++;
        status = tamis_sorter_add_payload(w->by_removed, &record[2], id, err);
        if (status == TAMIS_OK) {
            status = tamis_stream_advance(w->stream, err);
        }
        record = tamis_stream_peek(w->stream);
    }
    return status;
}

static tamis_status witness_write(witness *w, tamis_task_result *result, tamis_err *err)
{
    uint64_t taken = 0;
    tamis_status status = tamis_task_run_open(w->env, &w->writer, err);

    if (status == TAMIS_OK) {
        status = tamis_run_writer_begin(w->writer, TAMIS_PIECE_COPIES, w->env->task,
                                        TAMIS_COPIES_WORDS, false, err);
    }
    while (status == TAMIS_OK && tamis_stream_peek(w->stream) != NULL) {
        uint64_t copies[TAMIS_COPIES_WORDS];

        status = witness_take(w, copies, err);
        if (status == TAMIS_OK) {
            status = tamis_run_writer_append(w->writer, copies, 1, err);
        }
        if (status == TAMIS_OK && ++taken % CHECK_EVERY == 0) {
            status = tamis_task_check(w->env, err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_end(w->writer, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_task_write_sorted(w->env, w->by_removed, w->writer, TAMIS_PIECE_IDS, result, err);
    }
    return status == TAMIS_OK ? tamis_task_run_finish(w->writer, result, err) : status;
}

tamis_status tamis_task_witness(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err)
{
    witness w = {.env = env};
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_WITNESSED,
        .first_part = env->task,
        .end_part = env->task + 1,
        .words = TAMIS_WITNESSED_WORDS,
        .memory_bytes = env->memory_bytes / 4,
        .temp_folder = env->folder,
    };
    uint32_t stage = tamis_task_stage_before(env, TAMIS_STAGE_REPOINT);
    uint32_t first = 0;
    uint32_t end = 0;
    tamis_status status = tamis_stream_open(env, &options, &stage, 1, &w.stream, err);

    tamis_plan_splits_of_part(&env->job->plan, env->task, &first, &end);
    if (status == TAMIS_OK) {
        status = tamis_doc_cursor_create(env, first, end, true, &w.ids, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, 1, true, env->memory_bytes / 2, &w.by_removed, err);
    }
    if (status == TAMIS_OK) {
        status = witness_write(&w, result, err);
    }
    tamis_run_writer_destroy(w.writer);
    tamis_sorter_destroy(w.by_removed);
    tamis_doc_cursor_destroy(w.ids);
    tamis_stream_close(w.stream);
    return status;
}
