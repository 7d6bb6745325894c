/* SPDX-License-Identifier: Apache-2.0 */
/* stage_runner.h - runs local tasks beside the coordinator, one at a time, on a thread of its own.
 *
 * Threads: belongs to the coordinator's control thread.
 */
#ifndef TAMIS_STAGE_RUNNER_H
#define TAMIS_STAGE_RUNNER_H

#include "tamis/coordinator_core.h"
#include "tamis/data_point.h"
#include "tamis/executor.h"
#include "tamis/store.h"

#define TAMIS_LOCAL_PREFIX ".local"

typedef struct tamis_stage_runner tamis_stage_runner;

/* Borrowed until _destroy. */
typedef struct tamis_stage_runner_options {
    tamis_net *net;
    const char *data_folder;
    uint64_t memory_bytes;
    const tamis_roots *roots;
    const tamis_task_table *tasks;
    tamis_store *store;           /* of the blobs */
    tamis_data_point *data_point; /* how results are read; attached to the runner's book */
} tamis_stage_runner_options;

TAMIS_MUST_USE
tamis_status tamis_stage_runner_create(const tamis_stage_runner_options *options,
                                       tamis_stage_runner **out_runner, tamis_err *err);
/* Cancels what runs and waits for it. NULL is allowed. */
void tamis_stage_runner_destroy(tamis_stage_runner *runner);

/* To be polled; when it is ready, _take. */
tamis_socket *tamis_stage_runner_pipe(tamis_stage_runner *runner);

/* Starts the task; nothing else may be running. Where earlier results are is taken from the core,
 * as it stands now. */
TAMIS_MUST_USE
tamis_status tamis_stage_runner_start(tamis_stage_runner *runner,
                                      const tamis_coordinator_core *core, const char *job,
                                      uint32_t stage, uint64_t fence, tamis_err *err);
void tamis_stage_runner_cancel(tamis_stage_runner *runner);

/* The event of a task that has ended (its result is published), valid until the next call.
 * TAMIS_EAGAIN: none has. */
TAMIS_MUST_USE
tamis_status tamis_stage_runner_take(tamis_stage_runner *runner, tamis_core_event *out_event,
                                     tamis_err *err);

/* Takes in what the core has heard of data folders; to be called now and then. */
TAMIS_MUST_USE
tamis_status tamis_stage_runner_follow(tamis_stage_runner *runner,
                                       const tamis_coordinator_core *core, tamis_err *err);

/* How far the running task is. False: none runs. */
bool tamis_stage_runner_progress(const tamis_stage_runner *runner, uint64_t *out_bytes,
                                 uint64_t *out_documents);

#endif
