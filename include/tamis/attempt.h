/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.h - runs one attempt of a task: its folder, its environment, its end.
 *
 *   <data>/<job>/.attempt-<stage>-<task>-<fence>/  while it runs (".local-" beside the coordinator)
 *   <data>/<job>/<stage>-<task>/                   once published
 *   <data>/<job>/records                           document records of this process's SCAN tasks
 *
 * An attempt is made and published by the thread that decides, and run by another one in between;
 * ownership goes along by message.
 */
#ifndef TAMIS_ATTEMPT_H
#define TAMIS_ATTEMPT_H

#include "tamis/folder_book.h"
#include "tamis/inputs.h"
#include "tamis/root.h"
#include "tamis/run_status.h"

/* ---- What is known of a job ------------------------------------------------------------------ */

/* The job, its stages and where the results of complete stages are: what holds in one epoch of the
 * coordinator and one generation of the job. Owner tables are added while tasks of later stages
 * wait; a task reads only tables that were there when it was handed over, so no lock is needed. */
typedef struct tamis_job_view tamis_job_view;

/* Unpacks the job. The book is borrowed for the view's life. TAMIS_EFORMAT, TAMIS_ECORRUPT,
 * TAMIS_EVERSION, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_job_view_create(tamis_slice packed, tamis_folder_book *book,
                                   tamis_job_view **out_view, tamis_err *err);
/* A view of the same job (which both share) and book, without owners. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_job_view_create_like(const tamis_job_view *like, tamis_job_view **out_view,
                                        tamis_err *err);
/* Views are counted: each _keep (any thread) needs a _destroy (likewise) beside that of the maker;
 * the last one frees. NULL is allowed. */
tamis_job_view *tamis_job_view_keep(tamis_job_view *view);
void tamis_job_view_destroy(tamis_job_view *view);

const tamis_job *tamis_job_view_job(const tamis_job_view *view);
tamis_folder_book *tamis_job_view_book(const tamis_job_view *view);
const tamis_stage *tamis_job_view_stages(const tamis_job_view *view, uint32_t *out_count);

/* Takes in the owners of the stages [first, end): `table` has 16 bits, little-endian, for each task
 * (the number of a folder in this epoch, or TAMIS_WIRE_NO_FOLDER); stages that are known already
 * are passed over. TAMIS_EFORMAT: another size. TAMIS_EAGAIN: the book lacks a folder; stages
 * before that one were taken in. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_job_view_add_owners(tamis_job_view *view, uint32_t first, uint32_t end,
                                       tamis_slice table, tamis_err *err);
/* Stages from 0 on whose owners are known without a gap. */
uint32_t tamis_job_view_known_stages(const tamis_job_view *view);
/* Index in the book of the folder with that task's result. TAMIS_FOLDER_NO_INDEX: the stage was
 * skipped, or is not known. */
uint16_t tamis_job_view_folder(const tamis_job_view *view, uint32_t stage, uint32_t task);
/* Its path; NULL likewise. */
const char *tamis_job_view_owner(const tamis_job_view *view, uint32_t stage, uint32_t task);

/* ---- Records, shared by the tasks of a process ----------------------------------------------- */

/* Stores of document records, opened once: the own one for writing, those of others read-only.
 * Threads: any number; guarded by one mutex, which is held while a store is opened, so that it is
 * opened once. */
typedef struct tamis_records_cache tamis_records_cache;

TAMIS_MUST_USE
tamis_status tamis_records_cache_create(tamis_records_cache **out_cache);
void tamis_records_cache_destroy(tamis_records_cache *cache); /* no store may be in use any more */
/* Opens <data_folder>/<job>/records or takes another user's; each needs its _release. A store that
 * was opened for writing here serves readers too. */
TAMIS_MUST_USE
tamis_status tamis_records_cache_acquire(tamis_records_cache *cache, const char *data_folder,
                                         const char *job, bool is_writer,
                                         tamis_records **out_records, tamis_err *err);
void tamis_records_cache_release(tamis_records_cache *cache, tamis_records *records);
/* Closes the stores of the job (NULL: all) as soon as nobody uses them; with only_readers the one
 * for writing stays. Later _acquires open anew. */
void tamis_records_cache_drop(tamis_records_cache *cache, const char *job, bool only_readers);

/* ---- Attempts -------------------------------------------------------------------------------- */

/* Until when this process may make results visible (tamis_net_now_ms). Renewed by its control
 * thread with release, after it has canceled what is not to be published. */
typedef struct tamis_attempt_lease {
    _Atomic uint64_t until_ms;
} tamis_attempt_lease;

typedef struct tamis_attempt {
    tamis_job_view *view;    /* kept (tamis_job_view_keep) while the attempt lives */
    const char *data_folder; /* borrowed until the attempt is destroyed; of this process */
    const char *prefix;      /* ".attempt" or ".local" */
    uint32_t stage;
    uint32_t task;
    uint64_t fence;
    bool is_isolated; /* the task took workers down: to be run in a process of its own */
    uint64_t memory_bytes;
    const tamis_roots *roots; /* borrowed likewise; NULL: paths of the job may lie anywhere */
    tamis_task_run run;
    tamis_records_cache *records;
    tamis_results *results; /* of the process; NULL: results are read by their paths alone */
    const tamis_attempt_lease *lease; /* NULL: for good */
    /* Only for local tasks; NULL elsewhere: task.h. */
    tamis_status (*blob_of)(void *context, uint32_t stage, uint32_t task, tamis_slice *out_blob,
                            tamis_err *err);
    const uint64_t *(*counters_of)(void *context, uint32_t stage);
    void *context;       /* of these two */
    uint64_t silence_ms; /* task.h */
    tamis_task_progress progress;
    tamis_status status; /* filled by _run: */
    tamis_err err;
    tamis_task_result result;
    tamis_lost lost; /* with TAMIS_ELOST: which results are to be made again; its folder is the
                        index in the book */
} tamis_attempt;

/* Waits until the lease lasts. TAMIS_ECANCELED: the attempt was canceled meanwhile. To be called
 * right before what it did becomes visible: the rename of its folder, of a file below OUT. */
TAMIS_MUST_USE
tamis_status tamis_attempt_await_lease(const tamis_attempt *attempt, tamis_err *err);

/* Makes a heap object with everything zero but what can be copied from `from`. NULL: no memory. */
tamis_attempt *tamis_attempt_create(const tamis_attempt *from);
void tamis_attempt_destroy(tamis_attempt *attempt); /* NULL is allowed */

/* Makes the folder, runs the task, syncs the names of what it wrote; after a failure the folder is
 * removed. The outcome is in attempt->status, ->err, ->result. */
void tamis_attempt_perform(tamis_attempt *attempt);

/* Renames the folder to its final name, over what an older attempt may have left; durable. */
TAMIS_MUST_USE
tamis_status tamis_attempt_publish(const tamis_attempt *attempt, tamis_err *err);
/* Removes the folder of an attempt that is not wanted any more. */
void tamis_attempt_discard(const tamis_attempt *attempt);

/* Whether the published result of that task is there (for SCAN: the records too). */
bool tamis_attempt_result_exists(const char *data_folder, const char *job, tamis_stage_kind kind,
                                 uint32_t stage, uint32_t task);

/* Removes what attempts with that prefix left in <data_folder>/<any job>/ when their process died,
 * and the copies of files of other processes.
 */
TAMIS_MUST_USE
tamis_status tamis_attempt_sweep(const char *data_folder, const char *prefix, tamis_err *err);

/* ---- Build ----------------------------------------------------------------------------------- */

#define TAMIS_BUILD_TEXT_SIZE 128

/* What makes two programs come to the same bytes: program version, definition version and a hash of
 * default settings and Unicode data. */
TAMIS_MUST_USE
tamis_status tamis_build_text(char out_text[TAMIS_BUILD_TEXT_SIZE]);
const char *tamis_build_zstd(void); /* version of the compressing library */

#endif
