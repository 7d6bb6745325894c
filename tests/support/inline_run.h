/* SPDX-License-Identifier: Apache-2.0 */
/* inline_run.h - a whole job on the calling thread, stage by stage, without coordinator, worker or
 * ledger.
 *
 * The plain loop that the cluster must equal: tests compare its output with that of real processes,
 * benchmarks use it to time one stage on one core.
 */
#ifndef TAMIS_INLINE_RUN_H
#define TAMIS_INLINE_RUN_H

#include "tamis/job.h"
#include "tamis/task.h"

typedef struct tamis_inline_options {
    const tamis_job *job;
    const char *folder; /* for results; made when absent */
    uint64_t memory_bytes;
    uint64_t silence_ms; /* as in the tasks' env */
    const tamis_task_table *worker_tasks;
    const tamis_task_table *local_tasks;
    /* Called behind each stage; may be NULL. */
    void (*on_stage)(void *context, const tamis_stage *stage, double seconds,
                     const uint64_t *counters);
    void *context;
} tamis_inline_options;

TAMIS_MUST_USE
tamis_status tamis_inline_run(const tamis_inline_options *options, tamis_err *err);

#endif
