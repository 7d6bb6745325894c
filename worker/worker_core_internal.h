/* SPDX-License-Identifier: Apache-2.0 */
/* worker_core_internal.h - the state of the worker's core, shared by its parts.
 *
 *   worker_core.c          life, attempts, time
 *   worker_core_epoch.c    which coordinator is obeyed, and for how long: greetings, heartbeats
 *   worker_core_jobs.c     jobs that are known, folders
 *   worker_core_tasks.c    tasks that are held
 *   worker_core_packets.c  what the coordinator says of them
 */
#ifndef TAMIS_WORKER_CORE_INTERNAL_H
#define TAMIS_WORKER_CORE_INTERNAL_H

#include "tamis/rng.h"
#include "tamis/worker_core.h"

#define JOBS_MAX   256
#define PAST_TASKS 1024
#define BEATS_MAX  32 /* heartbeats whose answers are waited for */

typedef enum task_state {
    TASK_WAITING,
    TASK_QUEUED,
    TASK_RUNNING,
    TASK_PUBLISHING,
    TASK_REPORTING
} task_state;

/* What is known of a job in one epoch of the coordinator and one generation of the job; results may
 * lie elsewhere in the next. */
typedef struct known_job {
    struct known_job *next;
    char id[TAMIS_JOB_ID_SIZE];
    uint64_t epoch; /* 0: of no use any more */
    uint32_t generation;
    tamis_job_view *view; /* NULL: not here yet */
    tamis_buf packed;     /* as far as it has come, until there is a view */
    uint32_t task_count;  /* that borrow from it */
    uint64_t fetched_ms;  /* 0: not asked yet */
} known_job;

typedef struct held_task {
    struct held_task *next; /* in order of arrival */
    known_job *job;
    uint32_t stage;
    uint32_t task;
    uint64_t fence;
    task_state state;
    bool is_unwanted; /* RUNNING, PUBLISHING: ends, and nobody hears of it */
    bool is_isolated;
    uint64_t bytes;
    uint64_t documents;
    uint64_t sent_ms; /* REPORTING */
    tamis_message report;
    char text[TAMIS_ERR_TEXT_MAX]; /* of a failure in the report */
    tamis_lost lost;               /* likewise; its tasks are owned */
    tamis_buf blob;
} held_task;

/* A job whose files are in the data folder. */
typedef struct local_job {
    char id[TAMIS_JOB_ID_SIZE];
    bool is_done; /* to be dropped when no task holds it */
    bool is_data_kept;
    bool is_dropping; /* no task of it is taken meanwhile */
} local_job;

/* A task that was let go. */
typedef struct past_task {
    char job[TAMIS_JOB_ID_SIZE];
    uint32_t stage;
    uint32_t task;
    uint64_t fence;
} past_task;

/* A heartbeat that was sent. */
typedef struct sent_beat {
    uint64_t sequence; /* 0: none */
    uint64_t sent_ms;
} sent_beat;

/* What a Welcome said, until its epoch is durable. */
typedef struct welcome {
    bool is_there;
    char cluster[TAMIS_CLUSTER_ID_SIZE];
    uint64_t epoch;
    uint32_t heartbeat_ms;
    uint32_t lease_ms;
} welcome;

struct tamis_worker_core {
    tamis_worker_settings settings;
    tamis_rng rng;
    bool is_welcome;
    bool is_stopping;
    char cluster[TAMIS_CLUSTER_ID_SIZE]; /* "": none was obeyed in this life */
    uint64_t epoch;                      /* of it; 0 likewise */
    tamis_epochs epochs;                 /* durable */
    tamis_epochs next_epochs;            /* being made durable for `pending` */
    welcome pending;
    uint64_t welcome_count; /* for the log, with the three below */
    uint64_t refusal_count;
    tamis_status refusal;
    char refusal_text[TAMIS_ERR_TEXT_MAX];
    uint64_t refused_count;
    uint64_t refused_epoch;
    uint32_t lease_ms;
    uint64_t lease_until_ms;
    sent_beat beats[BEATS_MAX];
    size_t next_beat;
    tamis_folder_book *book;
    uint64_t sequence;
    uint64_t heard_ms;
    uint64_t next_hello_ms;
    uint32_t hello_count; /* without an answer */
    uint32_t heartbeat_ms;
    uint64_t next_heartbeat_ms;
    held_task *tasks;
    known_job *known;
    local_job jobs[JOBS_MAX];
    size_t job_count;
    uint32_t running_count;
    past_task past[PAST_TASKS]; /* late assignments of these, or older ones, mean nothing */
    size_t past_next;
};

typedef struct worker_step {
    tamis_worker_core *core;
    tamis_worker_effects *effects;
    uint64_t now_ms;
    tamis_err *err;
} worker_step;

/* ---- worker_core.c */
TAMIS_MUST_USE
tamis_status worker_no_memory(const worker_step *step);
/* Appends an action. */
TAMIS_MUST_USE
tamis_status worker_act(worker_step *step, const tamis_worker_action *action);
TAMIS_MUST_USE
tamis_status worker_act_on_task(worker_step *step, tamis_worker_action_kind kind,
                                const held_task *task);
/* A message with its head filled. */
tamis_message worker_message_of(worker_step *step, tamis_message_kind kind, const char *job,
                                uint64_t fence);
TAMIS_MUST_USE
tamis_status worker_send(worker_step *step, const tamis_message *message, tamis_slice bulk);

/* ---- worker_core_epoch.c */
TAMIS_MUST_USE
tamis_status worker_say_hello(worker_step *step);
TAMIS_MUST_USE
tamis_status worker_send_heartbeat(worker_step *step);
/* Whether the packet is the word of the coordinator that is obeyed; counts what is not. */
bool worker_obeys(worker_step *step, const tamis_message *message);
TAMIS_MUST_USE
tamis_status worker_on_welcome(worker_step *step, const tamis_message *message);
TAMIS_MUST_USE
tamis_status worker_on_persisted(worker_step *step, tamis_status status);
TAMIS_MUST_USE
tamis_status worker_on_refused(worker_step *step, const tamis_message *message);
/* The lease lasts as long after the sending of the heartbeat that was answered. */
void worker_renew_lease(worker_step *step, uint64_t answered);

/* ---- worker_core_jobs.c */
local_job *worker_find_local_job(tamis_worker_core *core, const char *id);
/* The newest generation that is known in this epoch; NULL: none. */
known_job *worker_newest(const tamis_worker_core *core, const char *id);
/* NULL: no memory. */
known_job *worker_add_known(tamis_worker_core *core, const char *id, uint32_t generation);
bool worker_job_is_done(tamis_worker_core *core, const char *id);
/* Frees what no task borrows from and nothing will ask for again. */
void worker_collect(tamis_worker_core *core);
void worker_free_known(known_job *job);
/* Lets go of the jobs that are done and have no task any more. */
TAMIS_MUST_USE
tamis_status worker_drop_done_jobs(worker_step *step);
/* Tasks that have not begun are to go by what is known of this generation. */
void worker_move_waiting(tamis_worker_core *core, known_job *to);
TAMIS_MUST_USE
tamis_status worker_fetch(worker_step *step, const held_task *task);
TAMIS_MUST_USE
tamis_status worker_on_job_info(worker_step *step, const tamis_message *message, tamis_slice bulk);
TAMIS_MUST_USE
tamis_status worker_on_owners(worker_step *step, const tamis_message *message, tamis_slice bulk);
TAMIS_MUST_USE
tamis_status worker_on_folders(worker_step *step, const tamis_message *message);

/* ---- worker_core_tasks.c */
held_task *worker_find_task(const tamis_worker_core *core, uint64_t fence);
void worker_remove_task(tamis_worker_core *core, held_task *task);
/* Whether the task was let go under that fence or a later one. */
bool worker_is_past(const tamis_worker_core *core, const tamis_message *message);
held_task *worker_add_task(tamis_worker_core *core, known_job *job, const tamis_message *message);
/* Nobody waits for the task any more. */
TAMIS_MUST_USE
tamis_status worker_let_go(worker_step *step, held_task *task);
TAMIS_MUST_USE
tamis_status worker_send_report(worker_step *step, held_task *task);
TAMIS_MUST_USE
tamis_status worker_report_failure(worker_step *step, held_task *task, tamis_status reason,
                                   const char *text);
/* Copies what could not be had, for the report of the failure. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status worker_keep_lost(worker_step *step, held_task *task, const tamis_lost *lost);
/* Starts what can start; asks for what is missing. */
TAMIS_MUST_USE
tamis_status worker_go_on(worker_step *step);

/* ---- worker_core_packets.c */
TAMIS_MUST_USE
tamis_status worker_on_packet(worker_step *step, const tamis_worker_event *event);

#endif
