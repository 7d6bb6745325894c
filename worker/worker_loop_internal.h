/* SPDX-License-Identifier: Apache-2.0 */
/* worker_loop_internal.h - the worker's control thread, shared by its parts.
 *
 *   worker_loop.c     waits for packets, threads and time
 *   worker_effects.c  performs what the core decides
 *   worker_start.c    folder, threads and sockets at start and end
 *   worker_words.c    what the log says of the coordinator
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

/* What a line of the log that comes once a minute has told. */
typedef struct worker_told {
    uint64_t count;
    uint64_t told_ms; /* 0: never */
} worker_told;

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
    worker_told epoch_refused;
    worker_told hello_refused;
    worker_told malformed;
    worker_told silent;
    uint64_t malformed_count;
    char malformed_text[TAMIS_ERR_TEXT_MAX]; /* of the last one */
    uint64_t welcome_count;                  /* that the log knows of */
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

/* ---- worker_words.c */
/* A packet that is none came. */
void worker_note_malformed(worker_loop *loop, const char *text);
/* Writes to the log what has changed; what goes on comes once a minute. */
void worker_log_words(worker_loop *loop, uint64_t now_ms);

/* ---- worker_start.c */
/* Makes all that the loop needs; what is there after a failure is freed by _close. */
TAMIS_MUST_USE
tamis_status worker_loop_open(worker_loop *loop, tamis_err *err);
/* Ends the threads, throws away what still runs, and frees the loop. */
void worker_loop_close(worker_loop *loop);

#endif
