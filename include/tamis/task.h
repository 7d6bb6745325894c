/* SPDX-License-Identifier: Apache-2.0 */
/* task.h - one task of a stage: what it is given, what it leaves.
 *
 * A task is a pure function of the job and of the results of earlier stages: repeated anywhere, it
 * leaves the same bytes. It writes into a folder of its own attempt, env->folder, and syncs each
 * file that it leaves there; its caller syncs the folder and renames it when the attempt is
 * accepted. EMIT also publishes files below the job's OUT by write, fsync, rename.
 *
 * Threads: one task runs on one thread; many tasks run side by side.
 */
#ifndef TAMIS_TASK_H
#define TAMIS_TASK_H

#include <stdatomic.h>

#include "tamis/exchange.h"
#include "tamis/job.h"
#include "tamis/records.h"

/* X(name, text): counters that a task reports; summed by stage and level for report, timing and
 * tests. */
#define TAMIS_COUNTER_TABLE(X)                                                                     \
    X(STORED_BYTES, "stored_bytes") /* read from inputs */                                         \
    X(DECODED_BYTES, "decoded_bytes")                                                              \
    X(TEXT_BYTES, "text_bytes")                                                                    \
    X(ROWS, "rows")                                                                                \
    X(QUARANTINED, "quarantined")                                                                  \
    X(FEATURES, "features")                                                                        \
    X(DUPLICATE_IDS, "duplicate_ids") /* documents whose id stood before */                        \
    X(SKIPPED_FEATURES, "skipped_features")                                                        \
    X(BUCKETS, "buckets")                                                                          \
    X(LARGEST_BUCKET, "largest_bucket") /* the greatest, not the sum */                            \
    X(CAPPED_BUCKETS, "capped_buckets")                                                            \
    X(PAIRS, "pairs")           /* offered, with repetitions over bands */                         \
    X(CANDIDATES, "candidates") /* distinct pairs */                                               \
    X(ACCEPTED_BY_SIGNATURE, "accepted_by_signature")                                              \
    X(REJECTED_BY_SIGNATURE, "rejected_by_signature")                                              \
    X(UNDECIDED, "undecided")                                                                      \
    X(ACCEPTED_BY_TEXT, "accepted_by_text")                                                        \
    X(REJECTED_BY_TEXT, "rejected_by_text")                                                        \
    X(SPOOL_DOCUMENTS, "spool_documents")                                                          \
    X(SPOOL_BYTES, "spool_bytes")                                                                  \
    X(SPOOL_REFUSED, "spool_refused") /* 1: above --verify-spool, the signature decided */         \
    X(DROPPED, "dropped")                                                                          \
    X(REPOINTED, "repointed")                                                                      \
    X(KEPT, "kept")                                                                                \
    X(WRITTEN_BYTES, "written_bytes") /* of results: run files, records, shards */                 \
    X(SPILLS, "spills")                                                                            \
    X(MERGE_PASSES, "merge_passes")                                                                \
    X(SPLITS_READ, "splits_read") /* splits whose input was opened */                              \
    X(POISONED, "poisoned")       /* records set aside because they kill the program */            \
    X(GRADED, "graded")           /* documents that quality looked at */                           \
    X(QUALITY_DROPPED, "quality_dropped")                                                          \
    X(EDITED, "edited") /* documents whose text a profile changed */

typedef enum tamis_counter {
#define TAMIS_COUNTER_ENUM(name, text) TAMIS_COUNTER_##name,
    TAMIS_COUNTER_TABLE(TAMIS_COUNTER_ENUM)
#undef TAMIS_COUNTER_ENUM
        TAMIS_COUNTER_COUNT
} tamis_counter;

const char *tamis_counter_name(tamis_counter counter);

/* What goes back to the coordinator: small, whatever the task's size. */
typedef struct tamis_task_result {
    uint64_t counters[TAMIS_COUNTER_COUNT];
    uint32_t skip_stages; /* SPOOL_PLAN: stages behind this one that have nothing to do */
    tamis_buf
        blob; /* SCAN, EMIT: what REPORT needs of each split (docs/FORMATS.md, "Task results") */
} tamis_task_result;

/* Progress that another thread reads; relaxed atomics. */
typedef struct tamis_task_progress {
    _Atomic uint64_t bytes; /* of inputs (stored) or of records handled */
    _Atomic uint64_t documents;
    _Atomic bool is_canceled; /* set by the owner: the task ends soon with TAMIS_ECANCELED */
} tamis_task_progress;

/* The pieces (kind, [first_part, end_part)) of the tasks [first_task, end_task) of a stage. */
typedef struct tamis_gather {
    uint32_t stage;
    uint32_t first_task;
    uint32_t end_task;
    uint32_t kind;
    uint32_t first_part;
    uint32_t end_part;
} tamis_gather;

/* A run file that has these pieces of one task, and perhaps others; it may stand within a file. */
typedef struct tamis_gathered_file {
    const char *path;
    uint64_t offset;
    uint64_t size; /* 0: to the end of the file */
} tamis_gathered_file;

/* In the order of what was wanted, and of tasks; those that have no such piece may be missing. */
typedef struct tamis_gathered {
    tamis_gathered_file *files;
    size_t count;
    uint64_t fetched_bytes; /* copied for this; 0: all of it is read where it lies */
} tamis_gathered;

typedef struct tamis_task_env {
    const tamis_job *job;
    const tamis_stage *stages;
    uint32_t stage_count;
    uint32_t stage; /* index into stages */
    uint32_t task;
    const char *folder;              /* exists, empty, of this attempt */
    tamis_records *records;          /* of this process, for writing; NULL for local stages */
    const struct tamis_roots *roots; /* inputs and OUT lie beneath them; NULL: anywhere */
    uint64_t memory_bytes;           /* for this task */
    tamis_task_progress *progress;
    uint64_t silence_ms; /* isolated: without progress for so long it counts as dead; 0: default */
    const struct tamis_isolation *isolation; /* isolation.h; NULL: in the worker's own process */
    /* How a task gets at the results of earlier stages, wherever they are. Where one cannot be had
     * the outcome is TAMIS_ELOST (of the attempt at the latest: what a task finds missing or
     * damaged it reports by its own failure). TAMIS_ENOENT: the stage was skipped.
     *
     * Path of a file of a finished task's result, into out_path (4096 bytes); it stays while the
     * task runs. */
    tamis_status (*open_file)(void *context, uint32_t stage, uint32_t task, tamis_result_file file,
                              char *out_path, tamis_err *err);
    /* Run files with pieces of many tasks; each needs its _release. */
    tamis_status (*gather)(void *context, const tamis_gather *wanted, size_t wanted_count,
                           tamis_gathered **out_gathered, tamis_err *err);
    /* is_read: all of it was read and found good, so that it is not wanted for telling what is
     * damaged. NULL is allowed. */
    void (*release)(void *context, tamis_gathered *gathered, bool is_read);
    /* Says that this result is missing or damaged; the task fails then. */
    void (*mark_lost)(void *context, uint32_t stage, uint32_t task);
    /* Records of the SCAN batch; shared, valid while the task runs, never closed by it. */
    tamis_status (*records_of)(void *context, uint32_t batch, tamis_records **out_records,
                               tamis_err *err);
    /* Blob of a finished task's result; valid until the next call. Local stages only. */
    tamis_status (*blob_of)(void *context, uint32_t stage, uint32_t task, tamis_slice *out_blob,
                            tamis_err *err);
    /* Counters of a whole finished stage. REPORT and SPOOL_PLAN. */
    const uint64_t *(*counters_of)(void *context, uint32_t stage);
    /* To be called right before a file gets its name below OUT: waits while this process may not
     * make results visible. TAMIS_ECANCELED: the task is not wanted any more. NULL: it always may.
     */
    tamis_status (*await_publish)(void *context, tamis_err *err);
    void *context;
} tamis_task_env;

typedef tamis_status (*tamis_task_run)(const tamis_task_env *env, tamis_task_result *result,
                                       tamis_err *err);

/* The task that a blob is of. */
typedef struct tamis_blob_owner {
    tamis_stage_kind kind;
    uint32_t first_split; /* of its batch; both 0: a task of another unit */
    uint32_t end_split;
    bool is_against; /* these splits are of --against */
} tamis_blob_owner;

/* Whether blob is the whole blob of a result of that task. TAMIS_EFORMAT: err says what is wrong.
 * Pure. */
typedef tamis_status (*tamis_blob_check)(const tamis_blob_owner *owner, tamis_slice blob,
                                         tamis_err *err);

/* The function of every kind of stage. Workers are given the table of worker kinds, the coordinator
 * that of local kinds, so that neither knows the other; NULL: a kind that is not run there. */
typedef struct tamis_task_table {
    tamis_task_run run[TAMIS_STAGE_KIND_COUNT];
    tamis_blob_check check_blob; /* local kinds: of what workers send; NULL: any bytes will do */
} tamis_task_table;

#endif
