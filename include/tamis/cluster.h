/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h - runs one job to its end: inside this process, or by a coordinator elsewhere.
 *
 * tamis_cluster_run starts a coordinator and a worker as threads of this process over inproc://,
 * with the same code that the programs tamis-coordinator and tamis-worker use; tamis_cluster_submit
 * hands the job to a coordinator that is running. Both block until the job is done, has failed or
 * was canceled, and report progress about five times a second.
 *
 * A run that was stopped (canceled, killed, power lost) goes on where its ledger stands when it is
 * started again with the same folders and an equal job: finished tasks are not repeated. Jobs are
 * compared without their ids, and the id of the ledger's job wins.
 *
 * A task that took the process down three times runs isolated, in this program started anew: its
 * main must begin with tamis_isolate_is_asked (isolate.h).
 *
 * Threads: the callback runs on the calling thread. Several runs may go on side by side in one
 * process as long as they share no folder.
 */
#ifndef TAMIS_CLUSTER_H
#define TAMIS_CLUSTER_H

#include "tamis/log.h"
#include "tamis/net.h"
#include "tamis/run_status.h"

/* `status` is valid during the call. */
typedef void (*tamis_progress_call)(void *context, const tamis_run_status *status);

/* Everything is borrowed until the call returns. Zero or NULL where a default is named. */
typedef struct tamis_cluster_options {
    const tamis_job *job;
    const char *state_folder; /* ledger; made when absent, its parent must exist */
    const char *data_folder;  /* intermediate results, <data>/<job id>/; likewise */
    uint32_t threads;         /* tasks side by side; 0: one for each processor */
    uint64_t memory_bytes;    /* of all tasks together; 0: 1 GiB */
    uint64_t silence_ms;      /* of an isolated task before it counts as dead; 0: 10 min */
    const tamis_task_table *worker_tasks;
    const tamis_task_table *local_tasks;
    bool is_data_kept; /* leave <data>/<job id> when the job is done; it always stays otherwise */
    uint32_t attempts_max;        /* of one task before the job fails; 0: 4 */
    tamis_log *log;               /* NULL: silent */
    tamis_progress_call progress; /* NULL: none */
    void *progress_context;
    const _Atomic bool *is_canceled; /* NULL: never; polled, set by a signal handler or a thread */
} tamis_cluster_options;

/* Runs the job. *out_status (may be NULL) is the last state of it, set in every case.
 *   TAMIS_OK        done; the ledger remembers that, and a second call returns at once.
 *   TAMIS_ECANCELED stopped by is_canceled; ready to be resumed.
 *   TAMIS_ECHANGED  the ledger in state_folder belongs to another job (inputs or settings differ).
 *   TAMIS_EHELD     another process uses one of the folders.
 *   others          the job's own failure (the text names stage and task); after its cause is gone
 *                   the same call goes on from there. */
TAMIS_MUST_USE
tamis_status tamis_cluster_run(const tamis_cluster_options *options, tamis_run_status *out_status,
                               tamis_err *err);

typedef struct tamis_submit_options {
    const char *url;                    /* of the coordinator: tcp://host:port */
    const tamis_net_security *security; /* NULL or off: neither encrypted nor checked */
    const tamis_job *job;
    bool is_data_kept;
    bool is_detached;    /* return as soon as the coordinator has the job, durably */
    uint64_t give_up_ms; /* without a word from the coordinator for so long; 0: 60 s */
    tamis_log *log;
    tamis_progress_call progress;
    void *progress_context;
    const _Atomic bool *is_canceled;
} tamis_submit_options;

/* Submits the job and waits for its end; a coordinator that restarts meanwhile is waited for. A job
 * equal to one that the coordinator has (canceled, failed, running or done) is that job: it goes on
 * and is not repeated. When is_canceled is set the job is canceled at the coordinator.
 *   TAMIS_OK, TAMIS_ECANCELED, the job's failure as above.
 *   TAMIS_EPEER     no coordinator answered for give_up_ms.
 *   TAMIS_EDENIED   it does not let this key in, or not for this.
 *   TAMIS_ECHANGED  it has another job under the same id.
 *   TAMIS_EVERSION  it speaks another protocol or decides by other definitions. */
TAMIS_MUST_USE
tamis_status tamis_cluster_submit(const tamis_submit_options *options, tamis_run_status *out_status,
                                  tamis_err *err);

#endif
