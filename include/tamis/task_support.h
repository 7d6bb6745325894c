/* SPDX-License-Identifier: Apache-2.0 */
/* task_support.h - what every stage needs: pieces of earlier stages as one sorted stream, document
 * records by ord, and the writing of a task's own run file.
 *
 * Threads: an object belongs to the thread of its task.
 */
#ifndef TAMIS_TASK_SUPPORT_H
#define TAMIS_TASK_SUPPORT_H

#include "tamis/bits_file.h"
#include "tamis/exchange.h"
#include "tamis/sorter.h"
#include "tamis/task.h"

#define TAMIS_PATH_SIZE 4096

/* Index of the stage of that kind before env->stage, of env's own level; asserted to exist. */
uint32_t tamis_task_stage_before(const tamis_task_env *env, tamis_stage_kind kind);
/* The RESOLVE of the level before env's own (of the last level, for stages behind the levels);
 * UINT32_MAX: there is none. */
uint32_t tamis_task_resolve_before(const tamis_task_env *env);
/* The stage whose kept bitmap env's own starts from: that RESOLVE, else QUALITY; UINT32_MAX: all
 * rows are kept. */
uint32_t tamis_task_kept_before(const tamis_task_env *env);
const tamis_stage *tamis_task_stage(const tamis_task_env *env);

/* The part that an ord belongs to: a tamis_part_of over a tamis_plan. */
uint32_t tamis_task_part_of_ord(const void *plan, uint64_t ord);

/* Splits of a part or a batch: [first, end). */
void tamis_plan_splits_of_part(const tamis_plan *plan, uint32_t part, uint32_t *out_first,
                               uint32_t *out_end);
/* The splits below this number are those of --against. */
uint32_t tamis_plan_against_splits(const tamis_plan *plan);

/* Loads the bits of splits [first_split, end_split) from that file of a finished task; appends a
 * file's bytes to out. What is missing or damaged is marked as lost. */
TAMIS_MUST_USE
tamis_status tamis_task_load_bits(const tamis_task_env *env, uint32_t stage, uint32_t task,
                                  tamis_result_file file, uint32_t first_split, uint32_t end_split,
                                  tamis_bits **out_bits, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_task_read_file(const tamis_task_env *env, uint32_t stage, uint32_t task,
                                  tamis_result_file file, tamis_buf *out, tamis_err *err);
/* Whether that failure of reading a result means that the result is lost. */
bool tamis_task_is_loss(tamis_status status);

/* ---- One record at a time, in order -------------------------------------------------------- */

/* The union of the pieces (kind, part) of all tasks of some stages, record by record; goes through
 * several parts one after the other. Joins are written with it: _peek, compare, _advance. */
typedef struct tamis_stream tamis_stream;

typedef struct tamis_stream_options {
    uint32_t kind;
    uint32_t first_part;
    uint32_t end_part;
    uint32_t words;
    bool has_payload;
    uint64_t memory_bytes;
    const char *temp_folder;
} tamis_stream_options;

/* paths: run files; copied. */
TAMIS_MUST_USE
tamis_status tamis_stream_open_paths(const tamis_stream_options *options, const char *const *paths,
                                     size_t path_count, tamis_stream **out_stream, tamis_err *err);
/* Run files TAMIS_RUN_NAME of every task of the stages named (UINT32_MAX entries are passed over).
 */
TAMIS_MUST_USE
tamis_status tamis_stream_open(const tamis_task_env *env, const tamis_stream_options *options,
                               const uint32_t *stages, size_t stage_count,
                               tamis_stream **out_stream, tamis_err *err);
/* The same of one task of a stage. */
TAMIS_MUST_USE
tamis_status tamis_stream_open_task(const tamis_task_env *env, const tamis_stream_options *options,
                                    uint32_t stage, uint32_t task, tamis_stream **out_stream,
                                    tamis_err *err);
/* The current record, valid until _advance; NULL behind the last. */
const uint64_t *tamis_stream_peek(const tamis_stream *stream);
tamis_slice tamis_stream_payload(const tamis_stream *stream);
TAMIS_MUST_USE
tamis_status tamis_stream_advance(tamis_stream *stream, tamis_err *err);
/* The rest of the current block at once, at least one record (0 behind the last); _consume passes
 * over `count` of them. */
size_t tamis_stream_block(const tamis_stream *stream, const uint64_t **out_records);
TAMIS_MUST_USE
tamis_status tamis_stream_consume(tamis_stream *stream, size_t count, tamis_err *err);
void tamis_stream_add_stats(const tamis_stream *stream, tamis_task_result *result);
void tamis_stream_close(tamis_stream *stream);

/* ---- Document records by ord, forward only --------------------------------------------------- */

typedef struct tamis_doc_cursor tamis_doc_cursor;
/* Over the splits [first, end), whichever stores hold their batches. */
TAMIS_MUST_USE
tamis_status tamis_doc_cursor_create(const tamis_task_env *env, uint32_t first_split,
                                     uint32_t end_split, bool for_ids,
                                     tamis_doc_cursor **out_cursor, tamis_err *err);
/* The record (or id) of exactly this ord, which must not be below the one before. TAMIS_ENOENT:
 * there is none. */
TAMIS_MUST_USE
tamis_status tamis_doc_cursor_get(tamis_doc_cursor *cursor, tamis_ord ord, tamis_record *out_record,
                                  tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_doc_cursor_get_id(tamis_doc_cursor *cursor, tamis_ord ord, tamis_slice *out_id,
                                     tamis_err *err);
void tamis_doc_cursor_destroy(tamis_doc_cursor *cursor);

/* ---- A task's own results ---- */

/* A sorter that spills into the task's folder. */
TAMIS_MUST_USE
tamis_status tamis_task_sorter(const tamis_task_env *env, uint32_t words, bool has_payload,
                               uint64_t memory_bytes, tamis_sorter **out_sorter, tamis_err *err);
/* Sorts, writes everything as pieces of `kind` by the part of the first word, adds the spill
 * counters. NULL sorter: nothing. */
TAMIS_MUST_USE
tamis_status tamis_task_write_sorted(const tamis_task_env *env, tamis_sorter *sorter,
                                     tamis_run_writer *writer, uint32_t kind,
                                     tamis_task_result *result, tamis_err *err);
/* Adds spills and merges of a sorter to the counters. */
void tamis_task_count_sort(const tamis_sort_stats *stats, tamis_task_result *result);
/* Opens the task's run file for writing; _close finishes it and counts its bytes. */
TAMIS_MUST_USE
tamis_status tamis_task_run_open(const tamis_task_env *env, tamis_run_writer **out_writer,
                                 tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_task_run_finish(tamis_run_writer *writer, tamis_task_result *result,
                                   tamis_err *err);

/* Writes a small file into the task's folder and syncs it. */
TAMIS_MUST_USE
tamis_status tamis_task_write_file(const tamis_task_env *env, const char *name, tamis_slice bytes,
                                   tamis_err *err);

/* The id of a record that has none: NAME:row, with the number of the split behind NAME where the
 * input has several (docs/FORMATS.md, "Inputs"). out_id borrows from `buf`. */
TAMIS_MUST_USE
tamis_status tamis_task_default_id(const tamis_input *input, const tamis_job *job, tamis_ord ord,
                                   tamis_buf *buf, tamis_slice *out_id, tamis_err *err);

/* All three for a task whose result is one sorter's records. */
TAMIS_MUST_USE
tamis_status tamis_task_write_only(const tamis_task_env *env, tamis_sorter *sorter, uint32_t kind,
                                   tamis_task_result *result, tamis_err *err);

/* TAMIS_ECANCELED once the owner wants the task to end. */
TAMIS_MUST_USE
tamis_status tamis_task_check(const tamis_task_env *env, tamis_err *err);

/* Rows of every split, from the results of SCAN: split_count numbers, freed by the caller. Local
 * stages only. */
TAMIS_MUST_USE
tamis_status tamis_task_split_rows(const tamis_task_env *env, uint64_t **out_rows, tamis_err *err);

#endif
