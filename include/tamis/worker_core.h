/* SPDX-License-Identifier: Apache-2.0 */
/* worker_core.h - what a worker decides: greeting, credit, which attempt runs, what is reported.
 *
 * A state machine like the coordinator's: step(state, event, now) -> effects. Its loop (worker.h)
 * performs the effects, actions first and in order, then the packets; the simulator does the same
 * with attempts that are only pretended.
 *
 * A task is WAITING for what must be known of its job, QUEUED, RUNNING, PUBLISHING (its thread is
 * busy with that) and REPORTING until the coordinator has answered. Assignments and reports may be
 * lost, repeated or overtake one another: reports are sent again until they are answered, fences
 * tell the rest.
 *
 * Nothing is done by a coordinator's word before its epoch is durable (PERSIST). A result becomes
 * visible only while the lease lasts, which counts from the sending of the heartbeat that was
 * answered last; attempts wait for that by themselves (tamis_worker_core_lease_until_ms).
 *
 * Pure:    no I/O, no clock, no thread. Memory is allocated; after TAMIS_ENOMEM the core must be
 *          thrown away.
 * Threads: one.
 */
#ifndef TAMIS_WORKER_CORE_H
#define TAMIS_WORKER_CORE_H

#include "tamis/attempt.h"
#include "tamis/epoch_file.h"
#include "tamis/outbox.h"

typedef struct tamis_worker_core tamis_worker_core;

typedef struct tamis_worker_settings {
    uint32_t thread_count;  /* attempts side by side */
    uint32_t credit;        /* tasks held at a time; at least thread_count */
    uint32_t hello_ms;      /* between greetings that are not answered; doubles up to 10 times */
    uint32_t resend_ms;     /* of reports and questions that are not answered */
    uint32_t silence_ms;    /* without a word the coordinator is greeted again */
    uint64_t seed;          /* of the jitter */
    tamis_peer_build build; /* borrowed for the core's life, with those below */
    const char *host;
    const char *name;        /* for people */
    const char *data_folder; /* absolute */
    const char *folder_id;
    const char *data_url;   /* "": no data server */
    const char *public_key; /* "": none */
    uint64_t memory_bytes;
    const tamis_epochs *epochs; /* obeyed by earlier starts; copied; NULL: none */
} tamis_worker_settings;

/* One thread, credit 2, hello 500 ms, resend 1 s, silence 5 s, texts empty. */
void tamis_worker_settings_defaults(tamis_worker_settings *out_settings);

typedef enum tamis_worker_event_kind {
    TAMIS_WORKER_PACKET,
    TAMIS_WORKER_TICK,      /* at least every 100 ms */
    TAMIS_WORKER_ENDED,     /* the attempt with that fence has ended */
    TAMIS_WORKER_PUBLISHED, /* as asked by PUBLISH; or failed to, or was canceled */
    TAMIS_WORKER_DROPPED,   /* as asked by DROP, as far as that was possible */
    TAMIS_WORKER_PERSISTED, /* as asked by PERSIST; or failed to */
    TAMIS_WORKER_STOP       /* say goodbye, finish nothing */
} tamis_worker_event_kind;

typedef struct tamis_worker_event {
    tamis_worker_event_kind kind;
    const tamis_message *message; /* PACKET */
    tamis_slice bulk;
    uint64_t fence;  /* ENDED, PUBLISHED */
    const char *job; /* DROPPED */
    tamis_status status;
    const char *text;                /* of a failure */
    const tamis_task_result *result; /* ENDED with TAMIS_OK; copied */
    const tamis_lost *lost;          /* ENDED with TAMIS_ELOST; copied; NULL: not told */
    uint64_t bytes;
    uint64_t documents;
} tamis_worker_event;

typedef enum tamis_worker_action_kind {
    TAMIS_WORKER_START,   /* run an attempt */
    TAMIS_WORKER_CANCEL,  /* let the attempt, or its publishing, end early */
    TAMIS_WORKER_PUBLISH, /* its result is wanted; answer with PUBLISHED */
    TAMIS_WORKER_DISCARD, /* it is not: its thread is free for the next START */
    TAMIS_WORKER_DROP,    /* forget the job: close records, remove files unless is_data_kept; answer
                             with DROPPED */
    TAMIS_WORKER_REFRESH, /* results may have moved: open other workers' records anew */
    TAMIS_WORKER_PERSIST, /* make the epochs durable; answer with PERSISTED, also of a failure */
    TAMIS_WORKER_LEAVE    /* nothing needs this worker any more: to be followed by the end */
} tamis_worker_action_kind;

typedef struct tamis_worker_action {
    tamis_worker_action_kind kind;
    uint64_t fence;       /* START .. DISCARD: names the attempt */
    tamis_job_view *view; /* START; to be kept by the attempt */
    uint32_t stage;
    uint32_t task;
    char job[TAMIS_JOB_ID_SIZE]; /* DROP */
    bool is_data_kept;
    bool is_isolated;           /* START: in a process of its own */
    const tamis_epochs *epochs; /* PERSIST; stays until the next step */
} tamis_worker_action;

typedef struct tamis_worker_effects {
    tamis_worker_action *actions;
    size_t action_count;
    size_t action_capacity;
    tamis_outbox outbox;
} tamis_worker_effects;

void tamis_worker_effects_init(tamis_worker_effects *effects);
void tamis_worker_effects_fini(tamis_worker_effects *effects);
void tamis_worker_effects_reset(tamis_worker_effects *effects);

/* TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_worker_core_create(const tamis_worker_settings *settings,
                                      tamis_worker_core **out_core);
/* No attempt may run any more. NULL is allowed. */
void tamis_worker_core_destroy(tamis_worker_core *core);

/* Says that the data folder has files of a job, from an earlier start. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_worker_core_add_job(tamis_worker_core *core, const char *job);

/* How far a running attempt is: goes into the next heartbeat. */
void tamis_worker_core_progress(tamis_worker_core *core, uint64_t fence, uint64_t bytes,
                                uint64_t documents);

/* Handles one event and appends to *effects. TAMIS_ENOMEM; TAMIS_EVERSION: the coordinator will
 * never take this worker (text in *err). */
TAMIS_MUST_USE
tamis_status tamis_worker_core_step(tamis_worker_core *core, const tamis_worker_event *event,
                                    uint64_t now_ms, tamis_worker_effects *effects, tamis_err *err);

/* Whether no attempt is running or being published. */
bool tamis_worker_core_is_idle(const tamis_worker_core *core);
/* When the coordinator was heard last (0: never). */
uint64_t tamis_worker_core_heard_ms(const tamis_worker_core *core);
/* Until when results may become visible (0: not at all). To be handed to attempts after the actions
 * of a step were performed. */
uint64_t tamis_worker_core_lease_until_ms(const tamis_worker_core *core);
/* Packets of replaced coordinators that were refused, and the epoch of the last one. */
uint64_t tamis_worker_core_refused(const tamis_worker_core *core, uint64_t *out_epoch);
/* How it stands with the coordinator, for the log. Counts only grow. */
typedef struct tamis_worker_contact {
    bool is_welcome;
    uint64_t welcome_count;   /* times that it was taken in: at first, or after a silence */
    uint64_t epoch;           /* of the coordinator that did it last */
    const char *cluster;      /* likewise; valid until the next step */
    uint64_t refusal_count;   /* greetings that were refused for a reason that may pass */
    tamis_status refusal;     /* the last one's */
    const char *refusal_text; /* likewise; valid until the next step */
} tamis_worker_contact;
tamis_worker_contact tamis_worker_core_contact(const tamis_worker_core *core);

/* The cluster's data folders; lives as long as the core. */
tamis_folder_book *tamis_worker_core_book(const tamis_worker_core *core);

#endif
