/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - a worker: one control thread, a thread for each task that runs, one data folder.
 *
 * Threads: as tamis_actor.
 */
#ifndef TAMIS_WORKER_H
#define TAMIS_WORKER_H

#include <stdatomic.h>

#include "tamis/log.h"
#include "tamis/net.h"
#include "tamis/results.h"
#include "tamis/root.h"
#include "tamis/task.h"

#define TAMIS_WORKER_THREADS_MAX 512

/* Borrowed until the worker has been stopped. */
typedef struct tamis_worker_options {
    tamis_net *net;
    const char *url;         /* of the coordinator */
    const char *data_folder; /* made when absent; one worker at a time */
    const char *name;        /* for people; NULL: host and last component of the data folder */
    uint32_t threads;        /* tasks side by side; 1 .. TAMIS_WORKER_THREADS_MAX */
    uint64_t memory_bytes;   /* of all tasks together */
    uint64_t give_up_ms;     /* ends without a word from the coordinator for so long; 0: never */
    uint64_t silence_ms;     /* of an isolated task before it counts as dead; 0: 10 min */
    uint64_t stop_ms;        /* for tasks to notice the end; 0: they are waited for */
    _Atomic bool *is_stuck;  /* set when a task did not: its thread, and what it uses, is left
                                behind, and only the end of the process is left; NULL: with
                                stop_ms 0 */
    const tamis_net_security *security; /* NULL or off: neither encrypted nor checked */
    const tamis_roots *roots;           /* paths of a job lie beneath them; NULL: anywhere */
    const char *data_listen; /* where results are served: tcp://ADDRESS:PORT; NULL: data_point.h */
    tamis_shuffle_mode shuffle; /* how results of others are read */
    const tamis_task_table *tasks;
    tamis_log *log; /* NULL: silent */
} tamis_worker_options;

/* Starts the worker; it looks for the coordinator in the background. The actor ends by itself with
 * TAMIS_OK when it was drained, TAMIS_EPEER (give_up_ms), TAMIS_EVERSION (it was refused) or
 * TAMIS_EDENIED (its key was). When it is stopped it cancels its tasks and says goodbye.
 * TAMIS_EHELD: the data folder has a worker;
 * TAMIS_EARG: url; TAMIS_EIO, TAMIS_ENOSPC, TAMIS_EDENIED, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_worker_start(const tamis_worker_options *options, tamis_actor **out_worker,
                                tamis_err *err);

#endif
