/* SPDX-License-Identifier: Apache-2.0 */
/* core_internal.h - the state of the coordinator's core, shared by its parts.
 *
 *   core.c          life, dispatch, standstill, questions of the loop
 *   core_restore.c  recovery from the ledger
 *   core_jobs.c     jobs: found, made, laid out, stopped, finished
 *   core_stages.c   stages begin and end; what to do next
 *   core_submit.c   submissions and their uploads
 *   core_status.c   what clients ask: status, lists of jobs and of workers
 *   core_admin.c    pause, resume, cancel, drain
 *   core_tasks.c    results: accepted, refused, failed
 *   core_lost.c     results that are gone: their tasks run again
 *   core_leases.c   the pool of leases: granted, renewed, ended
 *   core_apart.c    which workers get none of a job, as others cannot reach them
 *   core_assign.c   which worker gets which task; second grants
 *   core_avoid.c    which worker had better not get it
 *   core_rest.c     workers whose disk or memory fails get no task for a while
 *   core_workers.c  membership
 *   core_beat.c     heartbeats, and what workers fetch
 *   core_book.c     data folders: by number, by id, by version
 *   core_effects.c  ledger changes, packets, notes
 *
 * A task is PENDING -> LEASED -> DONE; a lease that is lost leads back to PENDING, a failure to
 * DELAYED and from there to PENDING, a lost result from DONE to PENDING. Invariants: a LEASED task
 * has one lease in the pool, or two of different workers (a backup), or is the local task; only the
 * current stage of the running job has LEASED or DELAYED tasks; fences only rise.
 *
 * No packet costs work that grows with the number of workers or tasks: both are found by hash or
 * number, workers with free credit stand in one list, all workers in another by when they were
 * heard. A tick looks at the leases.
 */
#ifndef TAMIS_CORE_INTERNAL_H
#define TAMIS_CORE_INTERNAL_H

#include <assert.h>

#include "core_index.h"
#include "ledger_record.h"

#define CORE_NONE         UINT32_MAX /* no worker, no lease, no job, no task */
#define CORE_NO_FOLDER    TAMIS_WIRE_NO_FOLDER
#define CORE_WATCHERS_MAX 8
#define CORE_WATCH_MS     5000
#define CORE_UPLOADS_MAX  8

typedef enum core_task_state {
    CORE_TASK_PENDING,
    CORE_TASK_DELAYED,
    CORE_TASK_LEASED,
    CORE_TASK_DONE
} core_task_state;

/* One of up to a million: kept small. The counts stop at the greatest value of their type. */
typedef struct core_task {
    uint64_t fence;     /* newest one; DONE: that of the result; 0: never granted */
    uint32_t lease;     /* LEASED: in the pool; CORE_NONE: the local task. DELAYED: its place */
    uint16_t folder;    /* DONE: where the result is */
    uint16_t attempts;  /* failures since the job was submitted */
    uint16_t lost;      /* leases that ended without a result */
    uint8_t executed;   /* results accepted */
    uint8_t backups;    /* second grants */
    uint8_t rescued;    /* results lost */
    uint8_t losses;     /* workers that died or fell silent while they ran it */
    unsigned state : 2; /* core_task_state */
    unsigned is_counted : 1;  /* its counters are in the sums of the stage */
    unsigned unreachable : 8; /* times that it could not get at a result whose holder is alive */
} core_task;

static_assert(sizeof(core_task) == 24, "a million of them");

typedef struct core_stage {
    tamis_stage stage;
    core_task *tasks; /* stage.task_count; NULL in jobs that are done */
    uint32_t done_count;
    uint32_t pending_count;
    uint32_t cursor;      /* no pending task stands before it */
    uint32_t skip_stages; /* of a local stage that is done */
    bool is_complete;
    bool is_skipped;
    uint64_t began_ms;   /* 0: not yet, or not now */
    uint64_t elapsed_ms; /* before began_ms */
    uint64_t bytes;      /* of done tasks */
    uint64_t documents;
    uint64_t counters[TAMIS_COUNTER_COUNT];
    tamis_buf owners; /* table for workers; empty: to be made */
} core_stage;

typedef struct core_watcher {
    uint8_t peer[TAMIS_OUTBOX_PEER_MAX];
    size_t peer_size;
    uint64_t until_ms;
} core_watcher;

typedef struct core_job {
    char id[TAMIS_JOB_ID_SIZE];
    tamis_run_state state;
    bool is_data_kept;
    bool has_stale;  /* restored: the ledger has results that are gone, or leases that ended */
    bool has_rest;   /* DONE: records of it are left in the ledger after a crash */
    bool is_wanting; /* its results count in the folders that they are in */
    uint64_t order;
    tamis_digest digest;        /* of the packed job with an id of zeros */
    tamis_digest packed_digest; /* of the packed job as it is; only while bytes are there */
    tamis_buf bytes;            /* packed; empty when done */
    uint64_t size_bytes;        /* that the record promises */
    char *output;               /* path, for people */
    core_stage *stages;
    uint32_t *batch_first_split; /* batch_count + 1 of them; NULL in jobs that are done */
    uint32_t batch_count;
    uint32_t against_batches; /* the first ones */
    uint32_t stage_count;
    uint32_t stage;
    uint32_t generation; /* of its views: grows when it is rewound */
    tamis_err fault;
    uint64_t executed_now; /* results accepted in this epoch */
    uint64_t executed;     /* durable, as are these: sums over its tasks */
    uint64_t lost;
    uint64_t backups;
    uint64_t rescued;
    core_watcher watchers[CORE_WATCHERS_MAX];
} core_job;

/* A task of the current stage of the running job in the hands of a worker. */
typedef struct core_lease {
    uint64_t fence;
    uint64_t due_ms;   /* deadline */
    uint64_t sent_ms;  /* when the assignment was sent last, or listed by the worker */
    uint64_t began_ms; /* when it was granted */
    uint64_t bytes;    /* progress */
    uint64_t documents;
    uint32_t task;
    uint32_t worker;
    uint32_t next; /* of the same worker, in the order of granting; free ones: next free one */
    uint32_t previous;
    uint32_t twin; /* the other lease of the same task; CORE_NONE: none */
    bool is_backup;
} core_lease;

enum { CORE_LIST_HEARD, CORE_LIST_READY, CORE_LIST_COUNT };

typedef struct core_link {
    uint32_t next;
    uint32_t previous;
    bool is_in;
} core_link;

typedef struct core_list {
    uint32_t first;
    uint32_t last;
    uint32_t count;
} core_list;

/* Something large that was sent to a worker: not again while it may still be on its way. */
typedef struct core_sent {
    uint64_t what;
    uint64_t sent_ms;
    uint64_t wait_ms; /* 0: nothing was sent */
} core_sent;

typedef enum core_drain { CORE_DRAIN_NONE, CORE_DRAIN_SLOW, CORE_DRAIN_NOW } core_drain;

typedef struct core_worker {
    uint8_t peer[TAMIS_OUTBOX_PEER_MAX];
    size_t peer_size;
    bool is_known; /* said hello to this coordinator; false: a name in a restored lease */
    core_drain drain;
    bool is_leaving; /* it was told that it may */
    bool is_resting; /* gets no task: its disk or its memory failed lately */
    uint8_t faults;  /* such failures since it ended a task */
    bool is_apart;   /* gets no task of the running job: its folder is set apart */
    uint64_t rest_until_ms;
    uint16_t folder;
    uint32_t thread_count;
    uint32_t credit;
    uint64_t credit_sequence; /* of the packet that said so */
    uint64_t heard_ms;
    core_link links[CORE_LIST_COUNT];
    uint32_t first_lease; /* in the order of granting */
    uint32_t last_lease;
    uint32_t lease_count;
    uint64_t due_ms;    /* none of its leases ends before */
    uint32_t preferred; /* first task that it is preferred for; CORE_NONE: none */
    core_sent sent_job;
    core_sent sent_owners;
    core_sent sent_folders;
} core_worker;

/* A data folder, and what is known of the worker that holds it or held it last. */
typedef struct core_folder {
    char *path;
    char *host; /* NULL: not told yet */
    char *name;
    char *user;
    char *data_url;
    char *public_key;
    char *drain_peer; /* which worker is drained; NULL: none */
    core_drain drain;
    char id[TAMIS_FOLDER_ID_SIZE]; /* or "" */
    uint64_t version;              /* of the book, when workers were to be told of it last */
    uint64_t heard_ms;             /* of its worker, when that was dropped */
    uint64_t tasks_done;
    uint64_t tasks_lost;
    uint64_t bytes;
    uint64_t memory_bytes;
    uint32_t thread_count;
    uint32_t worker;       /* CORE_NONE: nobody holds it now */
    uint32_t result_count; /* of jobs that go on */
    bool is_local;         /* the coordinator's own */
    bool is_replaced;      /* another id stands at its place */
    bool is_listed;        /* a worker that did not say goodbye had it in this epoch */
    bool is_apart;         /* set apart: nothing of that job is made or looked for here */
    uint8_t apart_times;   /* that it was, in that job */
    uint64_t apart_order;  /* the job */
    uint64_t apart_until_ms;
} core_folder;

typedef struct core_told {
    uint64_t version;
    uint32_t number;
} core_told;

typedef struct core_book {
    core_folder **folders; /* by number; entries may be NULL */
    uint32_t count;        /* of entries */
    uint32_t used;         /* that are not NULL */
    uint32_t free_hint;
    core_index ids;    /* by id, or by path where there is none */
    core_index places; /* by host and path */
    uint64_t version;
    core_told *told; /* in the order of versions; outdated ones are passed over */
    size_t told_count;
    size_t told_capacity;
} core_book;

typedef struct core_upload {
    uint8_t peer[TAMIS_OUTBOX_PEER_MAX];
    size_t peer_size; /* 0: free */
    tamis_digest digest;
    uint64_t total;
    uint64_t heard_ms;
    tamis_buf bytes;
} core_upload;

#define CORE_AVOIDS_MAX    64
#define CORE_AVOID_FOLDERS 8

/* Workers that had better not get a task for a while. */
typedef struct core_avoid {
    uint64_t order; /* of the job */
    uint64_t until_ms;
    uint32_t stage;
    uint32_t task;
    uint16_t holder; /* folder of the worker that gets it rather than others; or CORE_NO_FOLDER */
    uint16_t folders[CORE_AVOID_FOLDERS]; /* of those workers */
    uint32_t folder_count;
} core_avoid;

#define CORE_DURATIONS 256 /* a quarter of an octave each */

struct tamis_coordinator_core {
    tamis_core_settings settings;
    char cluster[TAMIS_FOLDER_ID_SIZE]; /* "": not made yet */
    uint64_t epoch;
    uint64_t fence_counter;
    uint64_t sequence;
    uint64_t next_order;
    uint64_t stepped_ms; /* when the last step was; 0: none */
    core_job **jobs;     /* in the order of submission */
    uint32_t job_count;
    uint32_t running;      /* index into jobs; CORE_NONE */
    core_job *restored;    /* job of the last record: they come in groups */
    core_worker **workers; /* entries may be NULL */
    uint32_t worker_count; /* of entries */
    uint32_t worker_free;  /* no free entry stands before it */
    uint32_t known_count;
    uint32_t draining_count;
    uint32_t resting_count; /* known, not draining, and resting or set apart */
    uint32_t apart_count;   /* folders that are set apart */
    core_index peers;
    core_list lists[CORE_LIST_COUNT];
    core_book book;
    uint32_t own_folder; /* number of the coordinator's own */
    core_lease *leases;
    uint32_t lease_capacity;
    uint32_t lease_free; /* first free one */
    uint32_t lease_count;
    uint64_t lease_bytes; /* progress of all but the backups */
    uint64_t lease_documents;
    uint32_t *delayed; /* tasks of the current stage */
    uint64_t *delayed_due_ms;
    uint32_t delayed_count;
    uint32_t delayed_capacity;
    uint32_t durations[CORE_DURATIONS]; /* of the current stage's tasks */
    uint32_t duration_count;
    uint64_t straggled_ms;    /* when stragglers were looked for last */
    uint32_t *preferred_next; /* lists of tasks by the worker preferred for them */
    uint32_t *preferred_by;   /* that worker */
    uint8_t *is_preferred_listed;
    uint32_t preferred_count;   /* of tasks; 0: no placement in this stage */
    const core_stage *assigned; /* stage that durations and placement are of */
    core_avoid avoids[CORE_AVOIDS_MAX];
    uint32_t avoid_count;
    core_upload uploads[CORE_UPLOADS_MAX];
    tamis_core_result_call is_there; /* NULL: all results are */
    void *is_there_context;
    bool is_local_running;
    uint64_t local_fence;
    uint64_t local_bytes; /* progress */
    uint64_t local_documents;
    tamis_run_status status; /* scratch: too large for the stack */
};

/* What one step works on. */
typedef struct core_step {
    tamis_coordinator_core *core;
    tamis_core_effects *effects;
    uint64_t now_ms;
    tamis_err *err;
} core_step;

/* Why a lease ends without a result. */
typedef enum core_loss {
    CORE_LOSS_SILENT, /* the worker is not heard of, or does not list the task */
    CORE_LOSS_DIED,   /* its successor is here */
    CORE_LOSS_BYE,    /* it ends in order */
    CORE_LOSS_STOPPED /* we took it away */
} core_loss;

/* ---- core_effects.c */
tamis_message core_message(core_step *step, tamis_message_kind kind, const char *job,
                           uint64_t fence);
TAMIS_MUST_USE
tamis_status core_send(core_step *step, tamis_slice peer, const tamis_message *message,
                       tamis_slice bulk);
/* How often each worker is to be heard. */
uint32_t core_heartbeat_ms(const tamis_coordinator_core *core);
/* A heartbeat without any held task. */
tamis_message core_beat(core_step *step);
TAMIS_MUST_USE
tamis_status core_refuse(core_step *step, tamis_slice peer, const char *job, tamis_status reason,
                         const char *text);
TAMIS_MUST_USE
tamis_status core_put_epoch(core_step *step);
TAMIS_MUST_USE
tamis_status core_put_folder(core_step *step, uint32_t number);
TAMIS_MUST_USE
tamis_status core_delete_folder(core_step *step, uint32_t number);
TAMIS_MUST_USE
tamis_status core_put_job(core_step *step, const core_job *job);
TAMIS_MUST_USE
tamis_status core_put_job_bytes(core_step *step, const core_job *job);
TAMIS_MUST_USE
tamis_status core_put_stage(core_step *step, const core_job *job, uint32_t stage);
/* As the task stands: pending, or leased (its leases are looked up). The counts are the task's. */
TAMIS_MUST_USE
tamis_status core_put_task(core_step *step, const core_job *job, uint32_t stage, uint32_t task);
TAMIS_MUST_USE
tamis_status core_put_task_record(core_step *step, const core_job *job, uint32_t stage,
                                  uint32_t task, const tamis_ledger_task *record);
TAMIS_MUST_USE
tamis_status core_put_blob(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                           tamis_slice blob);
/* Deletes all records of the job in that group. */
TAMIS_MUST_USE
tamis_status core_delete(core_step *step, const core_job *job, uint8_t group);
/* Tells the loop what is worth a line in the log; the caller fills in what it knows. Never fails:
 * what has no room is counted. */
tamis_core_note *core_note(core_step *step, tamis_core_note_kind kind);
tamis_core_note *core_note_task(core_step *step, tamis_core_note_kind kind, const core_job *job,
                                uint32_t stage, uint32_t task, const core_worker *worker);
tamis_core_note *core_note_job(core_step *step, tamis_core_note_kind kind, const core_job *job);
tamis_core_note *core_note_worker(core_step *step, tamis_core_note_kind kind,
                                  const core_worker *worker);

/* ---- core_jobs.c */
core_job *core_find_job(const tamis_coordinator_core *core, const char *id);
core_job *core_running_job(const tamis_coordinator_core *core);
/* Current stage of the running job; NULL: none. */
core_stage *core_current_stage(const tamis_coordinator_core *core);
/* An empty job at the end of the list. NULL: no memory. */
core_job *core_job_add(tamis_coordinator_core *core, const char *id);
void core_job_free(core_job *job);
/* Fills stages and tasks from the packed bytes. */
TAMIS_MUST_USE
tamis_status core_job_lay_out(core_job *job, const tamis_job *unpacked, tamis_err *err);
/* The task as one whose result is to be checked. */
tamis_blob_owner core_blob_owner(const core_job *job, uint32_t stage, uint32_t task);
TAMIS_MUST_USE
tamis_status core_job_digest(const tamis_job *job, tamis_digest *out_digest, tamis_err *err);
/* Makes room in the list: the oldest job that is done goes, or where none is the oldest that was
 * canceled or has failed. False: all others wait, run or are paused. */
TAMIS_MUST_USE
tamis_status core_evict_job(core_step *step, bool *out_has_room);
/* Lets go of what is leased, and is in that state from now on. */
TAMIS_MUST_USE
tamis_status core_job_stop(core_step *step, core_job *job, tamis_run_state state);
TAMIS_MUST_USE
tamis_status core_job_fail(core_step *step, core_job *job, uint32_t stage, uint32_t task,
                           tamis_status status, const char *text);
TAMIS_MUST_USE
tamis_status core_job_finish(core_step *step, core_job *job);
/* A job that stood goes on when its turn comes. */
TAMIS_MUST_USE
tamis_status core_job_requeue(core_step *step, core_job *job);
/* Whether its results are needed where they are: it waits, runs or is paused. */
void core_job_set_wanting(tamis_coordinator_core *core, core_job *job, bool is_wanting);
/* Deletes what only a job that is not done needs. */
TAMIS_MUST_USE
tamis_status core_clear_job(core_step *step, const core_job *job);

/* ---- core_stages.c */
/* Completes stages and jobs that have nothing left to do, and gives out what is to be done next. */
TAMIS_MUST_USE
tamis_status core_advance(core_step *step);
/* Time spent in the stage goes into its sum; it does not go on until the next grant. */
void core_stage_rest(core_stage *stage, uint64_t now_ms);
void core_make_pending(tamis_coordinator_core *core, core_stage *stage, uint32_t task);
/* The first stage that is neither complete nor skipped; stage_count: none. */
uint32_t core_first_open_stage(const core_job *job);

/* ---- core_submit.c */
TAMIS_MUST_USE
tamis_status core_on_submit(core_step *step, const tamis_core_event *event);
void core_drop_old_uploads(core_step *step);

/* ---- core_status.c */
TAMIS_MUST_USE
tamis_status core_on_status_request(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_tell_watchers(core_step *step, core_job *job);
TAMIS_MUST_USE
tamis_status core_on_jobs_request(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_workers_request(core_step *step, const tamis_core_event *event);

/* ---- core_admin.c */
/* Pause, Resume, Cancel. */
TAMIS_MUST_USE
tamis_status core_on_job_order(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_drain(core_step *step, const tamis_core_event *event);
bool core_may_leave(const core_step *step, const core_worker *worker);

/* ---- core_leases.c */
/* A lease of that task for that worker. CORE_NONE: no memory. */
uint32_t core_lease_add(tamis_coordinator_core *core, core_stage *stage, uint32_t task,
                        uint32_t worker);
/* Takes it out of the worker's list and of the pool; its twin, if there is one, stays as the only
 * lease of the task. */
void core_lease_remove(tamis_coordinator_core *core, core_stage *stage, uint32_t lease);
/* The lease that the worker holds of the task under that fence. CORE_NONE: none. */
uint32_t core_lease_find(const tamis_coordinator_core *core, const core_task *task, uint32_t worker,
                         uint64_t fence);
/* How many leases of its worker are older; with so many threads busy it is not running yet. */
bool core_lease_is_running(const tamis_coordinator_core *core, uint32_t lease);
/* Ends a lease without a result. */
TAMIS_MUST_USE
tamis_status core_lease_lose(core_step *step, core_job *job, uint32_t lease, core_loss loss);
TAMIS_MUST_USE
tamis_status core_release_worker(core_step *step, uint32_t worker, core_loss loss);
/* Takes all leases of the running job away, durably, and tells their holders to stop. */
TAMIS_MUST_USE
tamis_status core_release_all(core_step *step, core_job *job);
/* Tells the worker of the lease to stop. */
TAMIS_MUST_USE
tamis_status core_send_stop(core_step *step, const core_job *job, uint32_t lease);
TAMIS_MUST_USE
tamis_status core_expire(core_step *step);
TAMIS_MUST_USE
tamis_status core_delay_task(core_step *step, core_stage *stage, uint32_t task, uint64_t delay_ms);

/* ---- core_assign.c */
uint64_t core_next_fence(tamis_coordinator_core *core);
TAMIS_MUST_USE
tamis_status core_assign(core_step *step);
TAMIS_MUST_USE
tamis_status core_start_local(core_step *step);
TAMIS_MUST_USE
tamis_status core_send_assign(core_step *step, uint32_t lease);
/* Second grants of tasks that take far longer than others. */
TAMIS_MUST_USE
tamis_status core_back_up(core_step *step);
/* A new current stage: durations and placement start anew. */
TAMIS_MUST_USE
tamis_status core_assign_begin(core_step *step);
void core_note_duration(tamis_coordinator_core *core, uint64_t duration_ms);

/* ---- core_avoid.c */
/* The worker of that folder had better not get the task for a while, and that of `holder` should.
 * Both may be CORE_NO_FOLDER. */
void core_avoid_add(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                    uint32_t folder, uint32_t holder);
void core_avoid_expire(core_step *step);
/* What is to be avoided for that task of the current stage; NULL: nothing. */
const core_avoid *core_avoid_of(tamis_coordinator_core *core, uint32_t task);
/* Whether the worker is to be avoided. avoid may be NULL. */
bool core_avoid_is_listed(const tamis_coordinator_core *core, const core_avoid *avoid,
                          uint32_t worker);
/* The ready worker, of which there is one, that gets the task. CORE_NONE: better to wait for
 * another one. avoid may be NULL. */
uint32_t core_avoid_choose(const tamis_coordinator_core *core, const core_avoid *avoid);

/* ---- core_apart.c */
/* Whether somebody else is there who would go on without the worker of that folder. */
bool core_apart_may(const tamis_coordinator_core *core, const core_folder *folder);
/* Sets the folder apart for the job: for ten times lost_after_ms, twice as long each time. */
void core_apart_set(core_step *step, const core_job *job, uint32_t folder);
/* Takes those back whose time is over or whose job does not run; all, where nobody else is left. */
void core_apart_expire(core_step *step);
/* The coordinator stood still for so long. */
void core_apart_move(tamis_coordinator_core *core, uint64_t gap_ms);

/* ---- core_rest.c */
/* Workers that may be given tasks, now or when they have credit. */
uint32_t core_fit_count(const tamis_coordinator_core *core);
bool core_worker_is_fit(const core_worker *worker);
void core_worker_set_apart(tamis_coordinator_core *core, uint32_t worker, bool is_apart);
/* The worker has failed that task of the current stage: where its disk or its memory is to blame
 * and others are there, they get it, and the worker rests for retry_ms, twice as long each time
 * that it fails again. */
void core_worker_failed(core_step *step, const core_job *job, uint32_t task, uint32_t worker,
                        tamis_status reason);
void core_worker_succeeded(tamis_coordinator_core *core, uint32_t worker);
/* Ends its rest, if it has one. */
void core_worker_wake(tamis_coordinator_core *core, uint32_t worker);
/* Ends the rests that are over; all, where nobody else is left. */
void core_wake_workers(core_step *step);

/* ---- core_place.c */
TAMIS_MUST_USE
tamis_status core_place_begin(core_step *step);
void core_place_worker_added(core_step *step, uint32_t worker);
void core_place_worker_gone(core_step *step, uint32_t worker);
/* The task is pending again. */
void core_place_pending(tamis_coordinator_core *core, uint32_t task);
/* A pending task that the worker is preferred for. CORE_NONE: none. */
uint32_t core_place_take(tamis_coordinator_core *core, const core_stage *stage, uint32_t worker);

/* ---- core_tasks.c */
TAMIS_MUST_USE
tamis_status core_on_task_done(core_step *step, uint32_t worker, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_task_failed(core_step *step, uint32_t worker, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_local_ended(core_step *step, const tamis_core_event *event);
void core_mark_done(tamis_coordinator_core *core, core_job *job, uint32_t stage, uint32_t task,
                    const tamis_ledger_task *record);

/* ---- core_lost.c */
/* An attempt at the task, of the current stage, could not get at results: they are made again, or
 * the task waits. Its lease has been removed; is_held: another one of it lives. `reader` is the
 * data folder of who failed, CORE_NO_FOLDER for the local task. */
TAMIS_MUST_USE
tamis_status core_task_lacks(core_step *step, core_job *job, uint32_t task, bool is_held,
                             uint32_t reader, const tamis_core_lost *lost);
/* Everything in that folder is gone. */
TAMIS_MUST_USE
tamis_status core_folder_lost(core_step *step, uint32_t folder);

/* ---- core_workers.c */
core_worker *core_find_worker(const tamis_coordinator_core *core, tamis_slice peer,
                              uint32_t *out_index);
/* A worker of that name, not known yet. NULL: no memory, or too many. */
core_worker *core_worker_add(tamis_coordinator_core *core, tamis_slice peer, uint32_t *out_index);
void core_worker_free(core_worker *worker);
void core_list_append(tamis_coordinator_core *core, unsigned list, uint32_t worker);
void core_list_remove(tamis_coordinator_core *core, unsigned list, uint32_t worker);
/* Whether it may be given tasks has changed, perhaps. */
void core_worker_check_ready(tamis_coordinator_core *core, uint32_t worker);
void core_worker_set_drain(tamis_coordinator_core *core, uint32_t worker, core_drain drain);
TAMIS_MUST_USE
tamis_status core_check_build(const tamis_coordinator_core *core, const tamis_peer_build *build,
                              tamis_err *out_reason);
TAMIS_MUST_USE
tamis_status core_on_hello(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_drop_worker(core_step *step, uint32_t index, core_loss loss);
TAMIS_MUST_USE
tamis_status core_drop_silent_workers(core_step *step);

/* ---- core_beat.c */
/* What workers send, but for Hello. */
TAMIS_MUST_USE
tamis_status core_on_worker(core_step *step, const tamis_core_event *event);

/* ---- core_book.c */
void core_book_fini(core_book *book);
/* NULL: no such number. */
core_folder *core_book_at(const core_book *book, uint32_t number);
/* The folder with that id, or at that path when the id is empty. CORE_NO_FOLDER: none. */
uint32_t core_book_find(const core_book *book, const char *id, const char *path);
/* An entry under that number (CORE_NONE: any free one). CORE_NO_FOLDER: no memory, or too many. */
uint32_t core_book_add(core_step *step, uint32_t number, const char *id, const char *path);
/* Notes where the folder is. False: no memory. */
bool core_book_place(core_book *book, uint32_t number, const char *host, const char *path);
/* Another folder that was at the same place. CORE_NO_FOLDER: none. */
uint32_t core_book_predecessor(const core_book *book, uint32_t number);
/* Workers are to be told of it. False: no memory. */
bool core_book_touch(core_book *book, uint32_t number);
void core_book_remove(core_book *book, uint32_t number);
/* Removes what no worker has and no result of any job is in. */
TAMIS_MUST_USE
tamis_status core_book_prune(core_step *step);
/* The next part of the book for a worker that has it up to `version`. */
TAMIS_MUST_USE
tamis_status core_send_folders(core_step *step, core_worker *worker, uint64_t version);

/* Replaces a string. False: no memory. */
bool core_set_text(char **place, const char *text);

/* Counts that stay at their greatest value. */
static inline void core_count8(uint8_t *count)
{
    if (*count < UINT8_MAX) {
        ++*count;
    }
}

static inline void core_count16(uint16_t *count)
{
    if (*count < UINT16_MAX) {
        ++*count;
    }
}

static inline tamis_slice core_peer(const core_worker *worker)
{
    return tamis_slice_of(worker->peer, worker->peer_size);
}

static inline const char *core_text(const char *text)
{
    return text == NULL ? "" : text;
}

static inline tamis_slice core_nothing(void)
{
    return tamis_slice_of(NULL, 0);
}

static inline core_folder *core_worker_folder(const tamis_coordinator_core *core,
                                              const core_worker *worker)
{
    return core_book_at(&core->book, worker->folder);
}

#endif
