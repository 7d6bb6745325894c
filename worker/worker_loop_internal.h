/* SPDX-License-Identifier: Apache-2.0 */
/* worker_loop_internal.h - the worker's control thread, shared by its parts.
 *
 *   worker_loop.c     waits for packets, threads and time
 *   worker_effects.c  performs what the core decides
 *   worker_start.c    folder, threads and sockets at start and end
 */
#ifndef TAMIS_WORKER_LOOP_INTERNAL_H
#define TAMIS_WORKER_LOOP_INTERNAL_H

#include "cleaner.h"
#include "tamis/data_point.h"
#include "tamis/epoch_file.h"
#include "tamis/executor.h"
#include "tamis/folder_id.h"
#include "tamis/path.h"
#include "tamis/worker.h"
#include "tamis/worker_core.h"

#define WORKER_TICK_MS       50
#define WORKER_PREFIX        ".attempt"
#define WORKER_HOST_SIZE     256
#define WORKER_IDENTITY_SIZE 20
#define WORKER_NAME_SIZE     256

typedef enum slot_state {
    SLOT_IDLE,       /* no attempt */
    SLOT_RUNNING,    /* with the executor */
    SLOT_ENDED,      /* came back; PUBLISH or DISCARD decides about it */
    SLOT_PUBLISHING, /* with the executor */
} slot_state;

typedef struct thread_slot {
    tamis_actor *executor;
    tamis_attempt *attempt;
    slot_state state;
} thread_slot;

typedef struct worker_loop {
    const tamis_worker_options *options;
    tamis_socket *pipe;
    tamis_socket *socket;
    tamis_packet *packet;
    tamis_worker_core *core;
    tamis_worker_effects effects;
    tamis_records_cache *records;
    tamis_data_point *data_point;
    tamis_cleaner_options cleaner_options;
    tamis_actor *cleaner;
    uint32_t cleaner_requests; /* that are to come back */
    thread_slot *slots;
    uint32_t slot_count;
    tamis_attempt_lease lease;
    tamis_epochs epochs; /* of earlier starts */
    int lock_file;
    bool is_stopping;
    uint64_t began_ms;
    uint64_t ticked_ms;
    uint64_t refused_count; /* packets that the log knows of */
    uint64_t refused_ms;    /* when it was told; 0: never */
    char folder_id[TAMIS_FOLDER_ID_SIZE];
    char name[WORKER_NAME_SIZE];
    char data_folder[TAMIS_PATH_MAX];
    char host[WORKER_HOST_SIZE];
    char build[TAMIS_BUILD_TEXT_SIZE];
    char identity[WORKER_IDENTITY_SIZE];
} worker_loop;

/* ---- worker_effects.c */
/* One event, and what follows from it. */
TAMIS_MUST_USE
tamis_status worker_handle(worker_loop *loop, const tamis_worker_event *event, tamis_err *err);
/* Takes what the threads pass back. */
TAMIS_MUST_USE
tamis_status worker_drain_executor(worker_loop *loop, thread_slot *slot, tamis_err *err);
TAMIS_MUST_USE
tamis_status worker_drain_cleaner(worker_loop *loop, tamis_err *err);

/* ---- worker_start.c */
/* Makes all that the loop needs; what is there after a failure is freed by _close. */
TAMIS_MUST_USE
tamis_status worker_loop_open(worker_loop *loop, tamis_err *err);
/* Ends the threads, throws away what still runs, and frees the loop. */
void worker_loop_close(worker_loop *loop);

#endif
