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
    X(SPLITS_READ, "splits_read") /* splits whose input was opened */

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
    /* Folder of the finished task `task` of the earlier stage `stage`; valid while the task runs.
     * NULL: the stage was skipped. */
    const char *(*locate)(void *context, uint32_t stage, uint32_t task);
    /* Records of the SCAN batch (own store, or that of another process read-only); shared, valid
     * while the task runs, never closed by it. */
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

/* The function of every kind of stage. Workers are given the table of worker kinds, the coordinator
 * that of local kinds, so that neither knows the other; NULL: a kind that is not run there. */
typedef struct tamis_task_table {
    tamis_task_run run[TAMIS_STAGE_KIND_COUNT];
} tamis_task_table;

#endif
