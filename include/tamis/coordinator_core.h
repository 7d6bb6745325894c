/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator_core.h - what the coordinator decides: jobs, stages, leases, results.
 *
 * A state machine: step(state, event, now) -> effects. Its loop (coordinator.h) and the simulator
 * call it alike, and perform the effects of one or more steps in this order:
 *   1. all ledger changes, as one durable batch;
 *   2. only then the packets and the command for the local task.
 * A restarted coordinator is a new core that was given the ledger's records again; nothing else is
 * needed. Fences are (epoch << 32 | counter), and the epoch grows with every start, so that they
 * only rise although grants lost in a crash leave no trace.
 *
 * One job runs at a time, the others wait in the order of submission. A stage starts when the one
 * before it is complete, so all leases belong to the current stage of the running job.
 *
 * Pure:    no I/O, no clock, no thread; the caller passes now_ms (monotonic, never back). Memory is
 *          allocated; after TAMIS_ENOMEM the core must be thrown away.
 * Threads: one.
 */
#ifndef TAMIS_COORDINATOR_CORE_H
#define TAMIS_COORDINATOR_CORE_H

#include "tamis/outbox.h"

#define TAMIS_JOBS_MAX     256 /* that a coordinator remembers; done ones make room */
#define TAMIS_WORKERS_MAX  16384
#define TAMIS_FOLDERS_MAX  60000 /* data folders of unfinished jobs and of workers */
#define TAMIS_NOTES_MAX    64    /* of one batch of effects */
#define TAMIS_RESCUES_MAX  32    /* times that the result of one task may be lost */
#define TAMIS_ISOLATE_FROM 3     /* workers that a task took down before it runs isolated */

typedef struct tamis_coordinator_core tamis_coordinator_core;

typedef struct tamis_core_settings {
    uint32_t heartbeat_ms;  /* of workers; longer from 10 of them for each ms on, up to a third of
                               the lease */
    uint32_t lease_ms;      /* a task whose worker is silent for so long is given to another */
    uint32_t resend_ms;     /* an assignment that no heartbeat lists after so long is sent again */
    uint32_t retry_ms;      /* before a failed task is tried again; doubles with each attempt */
    uint32_t attempts_max;  /* failures of one task before the job fails */
    uint32_t straggler_ms;  /* no task that runs for less is given to a second worker */
    uint32_t lost_after_ms; /* results whose worker is silent for so long are made again when a
                               task cannot get at them */
    uint32_t unreachable_max; /* times that one task may fail to get at results whose worker is
                                 heard of, before they are made again by others; up to 63 */
    uint64_t jobs_bytes_max;  /* of all packed jobs that are not done: no further one beyond */
    bool is_single_job;     /* the ledger serves one job: another one is refused (TAMIS_ECHANGED) */
    bool is_embedded;       /* one worker, which lives and dies with the coordinator */
    tamis_peer_build build; /* borrowed for the core's life, with all that follows */
    const char *data_folder;     /* of local tasks */
    const char *data_folder_id;  /* its id; NULL or "": none */
    const char *data_url;        /* of the server that serves it; NULL: none */
    const char *public_key;      /* of that server; NULL: none */
    const char *cluster;         /* id of the cluster when the ledger is new: 16 hex digits */
    tamis_blob_check check_blob; /* of workers' results; NULL: any bytes will do */
} tamis_core_settings;

/* heartbeat 300 ms, lease 2.5 s, resend 1 s, retry 250 ms, 4 attempts, straggler 10 s, lost after
 * 30 s, 5 times out of reach, 4 GiB of jobs. */
void tamis_core_settings_defaults(tamis_core_settings *out_settings);

typedef enum tamis_core_event_kind {
    TAMIS_CORE_PACKET,
    TAMIS_CORE_TICK,       /* at least every heartbeat_ms; a longer gap is a standstill of the
                              coordinator, and moves all deadlines */
    TAMIS_CORE_LOCAL_ENDED /* the local task with that fence; results are in place */
} tamis_core_event_kind;

/* Results that a task needs and could not get. */
typedef struct tamis_core_lost {
    bool is_gone; /* they are not there, or corrupt; false: their holder is out of reach */
    uint32_t stage;
    uint32_t folder; /* number in the book */
    const uint32_t *tasks;
    size_t task_count;
} tamis_core_lost;

typedef struct tamis_core_event {
    tamis_core_event_kind kind;
    tamis_slice peer; /* PACKET */
    const char *user; /* PACKET: whose key it came with; NULL or "": no keys */
    const tamis_message *message;
    tamis_slice bulk;
    uint64_t fence; /* LOCAL_ENDED */
    tamis_status status;
    const char *text; /* of a failure */
    const tamis_task_result *result;
    uint64_t bytes;
    uint64_t documents;
    const tamis_core_lost *lost; /* of a failure for want of a result; else NULL */
    bool is_behind;              /* TICK: packets wait, so that nobody is to be taken for silent */
} tamis_core_event;

typedef struct tamis_ledger_change {
    size_t key_first;
    size_t key_size;
    size_t value_first;
    size_t value_size;
    bool is_deleted;        /* delete `key`, in the order of the changes */
    bool is_prefix_deleted; /* delete all keys that start with `key`, after all else */
} tamis_ledger_change;

typedef enum tamis_local_command {
    TAMIS_LOCAL_NONE,
    TAMIS_LOCAL_START, /* run this task; _LOCAL_ENDED comes once for each */
    TAMIS_LOCAL_CANCEL /* the task that runs is not wanted any more; it still ends */
} tamis_local_command;

/* X(name, event, level, key of the number, or "" for none): what the loop writes to its log. */
#define TAMIS_CORE_NOTE_TABLE(X)                                                                   \
    X(WORKER_JOINED, "worker.joined", INFO, "threads")                                             \
    X(WORKER_LOST, "worker.lost", WARN, "tasks")                                                   \
    X(WORKER_LEFT, "worker.left", INFO, "tasks")                                                   \
    X(WORKER_DRAINS, "worker.drains", INFO, "")                                                    \
    X(WORKER_MAY_LEAVE, "worker.may_leave", INFO, "")                                              \
    X(WORKER_REFUSED, "worker.refused", WARN, "")                                                  \
    X(FOLDER_REPLACED, "folder.replaced", WARN, "results")                                         \
    X(LEASE_EXPIRED, "lease.expired", WARN, "losses")                                              \
    X(TASK_BACKUP, "task.backup", INFO, "running_ms")                                              \
    X(TASK_ISOLATED, "task.isolated", WARN, "losses")                                              \
    X(TASK_FAILED, "task.failed", WARN, "attempts")                                                \
    X(RESULT_UNREACHABLE, "result.unreachable", WARN, "results")                                   \
    X(RESULT_GIVEN_UP, "result.given_up", WARN, "results")                                         \
    X(FOLDER_APART, "folder.apart", WARN, "ms")                                                    \
    X(FOLDER_BACK, "folder.back", INFO, "")                                                        \
    X(JOB_REWOUND, "job.rewound", WARN, "results")                                                 \
    X(JOB_QUEUED, "job.queued", INFO, "bytes")                                                     \
    X(JOB_STARTED, "job.started", INFO, "")                                                        \
    X(JOB_PAUSED, "job.paused", INFO, "")                                                          \
    X(JOB_CANCELED, "job.canceled", INFO, "")                                                      \
    X(JOB_FAILED, "job.failed", WARN, "")                                                          \
    X(JOB_DONE, "job.done", INFO, "executed")                                                      \
    X(STAGE_DONE, "stage.done", INFO, "elapsed_ms")                                                \
    X(PEER_REFUSED, "peer.refused", WARN, "")                                                      \
    X(UPLOAD_DROPPED, "upload.dropped", WARN, "bytes")                                             \
    X(STOOD_STILL, "coordinator.stood_still", WARN, "ms")

typedef enum tamis_core_note_kind {
#define TAMIS_CORE_NOTE_ENUM(name, event, level, key) TAMIS_NOTE_##name,
    TAMIS_CORE_NOTE_TABLE(TAMIS_CORE_NOTE_ENUM)
#undef TAMIS_CORE_NOTE_ENUM
        TAMIS_NOTE_COUNT
} tamis_core_note_kind;

typedef struct tamis_core_note {
    tamis_core_note_kind kind;
    bool has_stage;
    bool has_task;
    char worker[80]; /* name, or routing id; "": none */
    char job[TAMIS_JOB_ID_SIZE];
    uint32_t stage;
    uint32_t task;
    uint64_t number;
    char text[256];
} tamis_core_note;

typedef struct tamis_core_effects {
    tamis_buf bytes; /* of keys and values */
    tamis_ledger_change *changes;
    size_t change_count;
    size_t change_capacity;
    tamis_outbox outbox;
    tamis_local_command local; /* CANCEL and START of one batch: START, after the cancel */
    bool is_local_canceled;
    char local_job[TAMIS_JOB_ID_SIZE];
    uint32_t local_stage;
    uint64_t local_fence;
    bool has_job_ended; /* a job is done: _may_drop */
    tamis_core_note notes[TAMIS_NOTES_MAX];
    size_t note_count;
    uint64_t notes_dropped; /* had no room */
} tamis_core_effects;

void tamis_core_effects_init(tamis_core_effects *effects);
void tamis_core_effects_fini(tamis_core_effects *effects);
void tamis_core_effects_reset(tamis_core_effects *effects);

static inline tamis_slice tamis_core_change_key(const tamis_core_effects *effects, size_t index)
{
    return tamis_slice_of(effects->bytes.data + effects->changes[index].key_first,
                          effects->changes[index].key_size);
}

static inline tamis_slice tamis_core_change_value(const tamis_core_effects *effects, size_t index)
{
    return tamis_slice_of(effects->bytes.data + effects->changes[index].value_first,
                          effects->changes[index].value_size);
}

/* Everything in settings but the borrowed strings is copied. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_coordinator_core_create(const tamis_core_settings *settings,
                                           tamis_coordinator_core **out_core);
void tamis_coordinator_core_destroy(tamis_coordinator_core *core); /* NULL is allowed */

/* ---- Recovery: _restore for each record, then _begin ---------------------------------------- */

/* Whom to ask, while records are restored, whether the result of a finished task in the
 * coordinator's own data folder is still in place; a task whose result is gone is run again.
 * Without it all results are taken to be there, as those in other folders are: the first task that
 * cannot get at one will tell. */
typedef bool (*tamis_core_result_call)(void *context, const char *job, tamis_stage_kind kind,
                                       uint32_t stage, uint32_t task, const char *data_folder);
void tamis_coordinator_core_check_results(tamis_coordinator_core *core,
                                          tamis_core_result_call is_there, void *context);

/* Takes in one record of the ledger. Records come in groups by the first byte of their key, in the
 * order of TAMIS_LEDGER_GROUPS; blobs are not wanted. TAMIS_EFORMAT, TAMIS_EVERSION: not a ledger
 * that this program wrote. TAMIS_ENOMEM. */
#define TAMIS_LEDGER_GROUPS "EFJCST"
TAMIS_MUST_USE
tamis_status tamis_coordinator_core_restore(tamis_coordinator_core *core, tamis_slice key,
                                            tamis_slice value, tamis_err *err);

/* Starts the next epoch and goes on with the job that was running. */
TAMIS_MUST_USE
tamis_status tamis_coordinator_core_begin(tamis_coordinator_core *core, uint64_t now_ms,
                                          tamis_core_effects *effects, tamis_err *err);

/* ---- Life ------------------------------------------------------------------------------------ */

/* Handles one event and appends to *effects. What a peer does wrong is answered or ignored, never
 * an error here. TAMIS_ENOMEM, TAMIS_ELIMIT (a packet or record too large for its format). */
TAMIS_MUST_USE
tamis_status tamis_coordinator_core_step(tamis_coordinator_core *core,
                                         const tamis_core_event *event, uint64_t now_ms,
                                         tamis_core_effects *effects, tamis_err *err);

/* The embedded worker and the coordinator end in order: what is leased has not been lost by a
 * crash. */
TAMIS_MUST_USE
tamis_status tamis_coordinator_core_end(tamis_coordinator_core *core, uint64_t now_ms,
                                        tamis_core_effects *effects, tamis_err *err);

uint64_t tamis_coordinator_core_epoch(const tamis_coordinator_core *core);
const char *tamis_coordinator_core_cluster(const tamis_coordinator_core *core);

/* The packed bytes of a job that is not done; empty: unknown. Valid until the next call. */
tamis_slice tamis_coordinator_core_job_bytes(const tamis_coordinator_core *core, const char *job);

/* How far the job is; false: unknown. */
bool tamis_coordinator_core_status(const tamis_coordinator_core *core, const char *job,
                                   uint64_t now_ms, tamis_run_status *out_status);

/* Whether the job is done and its files are not to be kept. */
bool tamis_coordinator_core_may_drop(const tamis_coordinator_core *core, const char *job);

/* How far the local task is, for status. */
void tamis_coordinator_core_local_progress(tamis_coordinator_core *core, uint64_t bytes,
                                           uint64_t documents);

/* Id of the job that was submitted last (done ones too); NULL: none. */
const char *tamis_coordinator_core_last_job(const tamis_coordinator_core *core);

/* Number of the data folder of a finished task; TAMIS_WIRE_NO_FOLDER: unknown, unfinished or
 * skipped. */
uint32_t tamis_coordinator_core_owner_number(const tamis_coordinator_core *core, const char *job,
                                             uint32_t stage, uint32_t task);
/* Data folder of a finished task; NULL likewise. Valid until the next step. */
const char *tamis_coordinator_core_owner(const tamis_coordinator_core *core, const char *job,
                                         uint32_t stage, uint32_t task);

/* How often the job was rewound in this epoch. */
uint32_t tamis_coordinator_core_generation(const tamis_coordinator_core *core, const char *job);

/* What is new in the book of data folders since that version, as far as the limits reach: fills
 * rows, in the order of their versions, and returns their number; *out_version is what the reader
 * has then. Valid until the next step. */
size_t tamis_coordinator_core_folders(const tamis_coordinator_core *core, uint64_t version,
                                      tamis_folder_row *rows, size_t row_count_max,
                                      size_t bytes_max, uint64_t *out_version);

#endif
