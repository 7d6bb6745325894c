/* SPDX-License-Identifier: Apache-2.0 */
/* core_internal.h - the state of the coordinator's core, shared by its parts.
 *
 *   core.c          life, recovery, dispatch
 *   core_jobs.c     submit, cancel, status; stages and jobs begin and end
 *   core_tasks.c    leases: granted, renewed, lost; results accepted or refused
 *   core_workers.c  membership, heartbeats, what workers fetch
 *   core_effects.c  ledger changes and packets
 *
 * A task is PENDING -> LEASED -> DONE; a lease that is lost leads back to PENDING, a failure to
 * DELAYED and from there to PENDING. Invariants: a LEASED task is in the `leases` of exactly one
 * worker (or is the local task); only the current stage of the running job has LEASED or DELAYED
 * tasks; a task's fence never falls.
 */
#ifndef TAMIS_CORE_INTERNAL_H
#define TAMIS_CORE_INTERNAL_H

#include "ledger_record.h"

#define CORE_NO_WORKER    UINT32_MAX
#define CORE_NO_FOLDER    0xffffu
#define CORE_FOLDERS_MAX  8000u /* fits a list of the wire, with room */
#define CORE_WATCHERS_MAX 8
#define CORE_WATCH_MS     5000
#define CORE_NO_JOB       UINT32_MAX

typedef enum core_task_state {
    CORE_TASK_PENDING,
    CORE_TASK_DELAYED,
    CORE_TASK_LEASED,
    CORE_TASK_DONE
} core_task_state;

typedef struct core_task {
    uint64_t fence;
    uint64_t due_ms;     /* LEASED: deadline; DELAYED: when it is pending again */
    uint64_t granted_ms; /* LEASED: when the assignment was sent last */
    uint64_t bytes;      /* LEASED: progress */
    uint64_t documents;
    uint32_t worker; /* LEASED by; CORE_NO_WORKER: the local task */
    uint16_t folder; /* DONE: where the result is */
    uint8_t state;   /* core_task_state */
    uint8_t skip_stages;
    uint16_t attempts; /* failures */
    uint16_t losses;
} core_task;

typedef struct core_stage {
    tamis_stage stage;
    core_task *tasks; /* stage.task_count; NULL in jobs that are done */
    uint32_t done_count;
    uint32_t pending_count;
    uint32_t delayed_count;
    uint32_t cursor; /* no pending task stands before it */
    bool is_complete;
    bool is_skipped;
    uint64_t began_ms; /* 0: not yet */
    uint64_t elapsed_ms;
    uint64_t bytes; /* of done tasks */
    uint64_t documents;
    uint64_t counters[TAMIS_COUNTER_COUNT];
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
    bool has_rest; /* DONE: records of it are left in the ledger after a crash */
    uint64_t order;
    tamis_digest digest; /* of the packed job with an id of zeros */
    tamis_buf bytes;     /* packed; empty when done */
    uint64_t size_bytes; /* that the record promises */
    core_stage *stages;
    uint32_t stage_count;
    uint32_t stage;
    tamis_err fault;
    uint64_t executed;
    uint64_t lost;
    core_watcher watchers[CORE_WATCHERS_MAX];
} core_job;

typedef struct core_worker {
    uint8_t peer[TAMIS_OUTBOX_PEER_MAX];
    size_t peer_size;
    bool is_known; /* said hello to this coordinator; false: a name in a restored lease */
    char *host;    /* NULL: not told yet */
    uint16_t folder;
    uint32_t credit;
    uint64_t credit_sequence; /* of the packet that said so */
    uint64_t heard_ms;
    uint32_t *leases; /* tasks of the current stage */
    uint32_t lease_count;
    uint32_t lease_capacity;
} core_worker;

struct tamis_coordinator_core {
    tamis_core_settings settings;
    uint64_t epoch;
    uint64_t fence_counter;
    uint64_t sequence;
    uint64_t next_order;
    core_job **jobs; /* in the order of submission */
    uint32_t job_count;
    uint32_t running;      /* index into jobs; CORE_NO_JOB */
    core_worker **workers; /* entries may be NULL */
    uint32_t worker_count; /* of entries */
    char **folders;
    uint32_t folder_count;
    tamis_core_result_call is_there; /* NULL: all results are */
    void *is_there_context;
    uint32_t assign_next; /* worker that is asked first, in turn */
    bool is_local_running;
    uint64_t local_fence;
    tamis_run_status status; /* scratch: too large for the stack */
};

/* What one step works on. */
typedef struct core_step {
    tamis_coordinator_core *core;
    tamis_core_effects *effects;
    uint64_t now_ms;
    tamis_err *err;
} core_step;

/* ---- core_effects.c */
tamis_message core_message(core_step *step, tamis_message_kind kind, const char *job,
                           uint64_t fence);
TAMIS_MUST_USE
tamis_status core_send(core_step *step, tamis_slice peer, const tamis_message *message,
                       tamis_slice bulk);
TAMIS_MUST_USE
tamis_status core_put_epoch(core_step *step);
TAMIS_MUST_USE
tamis_status core_put_job(core_step *step, const core_job *job);
TAMIS_MUST_USE
tamis_status core_put_job_bytes(core_step *step, const core_job *job);
TAMIS_MUST_USE
tamis_status core_put_stage(core_step *step, const core_job *job, uint32_t stage);
TAMIS_MUST_USE
tamis_status core_put_task(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                           const tamis_ledger_task *record);
TAMIS_MUST_USE
tamis_status core_put_blob(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                           tamis_slice blob);
/* Deletes all records of the job in that group. */
TAMIS_MUST_USE
tamis_status core_delete(core_step *step, const core_job *job, uint8_t group);

/* ---- core_jobs.c */
core_job *core_find_job(const tamis_coordinator_core *core, const char *id);
core_job *core_running_job(const tamis_coordinator_core *core);
/* An empty job at the end of the list. NULL: no memory. */
core_job *core_job_add(tamis_coordinator_core *core, const char *id);
void core_job_free(core_job *job);
/* Fills stages and tasks from the packed bytes. */
TAMIS_MUST_USE
tamis_status core_job_lay_out(core_job *job, const tamis_job *unpacked, tamis_err *err);
TAMIS_MUST_USE
tamis_status core_job_digest(const tamis_job *job, tamis_digest *out_digest, tamis_err *err);
TAMIS_MUST_USE
tamis_status core_on_submit(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_status_request(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_cancel(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_job_fail(core_step *step, core_job *job, uint32_t stage, uint32_t task,
                           tamis_status status, const char *text);
/* Deletes what only a job that is not done needs. */
TAMIS_MUST_USE
tamis_status core_clear_job(core_step *step, const core_job *job);
/* Completes stages and jobs that have nothing left to do, and gives out what is to be done next. */
TAMIS_MUST_USE
tamis_status core_advance(core_step *step);

/* ---- core_tasks.c */
TAMIS_MUST_USE
tamis_status core_assign(core_step *step);
TAMIS_MUST_USE
tamis_status core_start_local(core_step *step);
TAMIS_MUST_USE
tamis_status core_send_assign(core_step *step, const core_worker *worker, uint32_t task);
/* Adds a lease to the worker's list. */
TAMIS_MUST_USE
tamis_status core_lease_add(core_worker *worker, uint32_t task);
/* Takes all leases of the worker away. */
TAMIS_MUST_USE
tamis_status core_release_worker(core_step *step, core_worker *worker, bool is_loss);
/* Takes all leases of the running job away and tells their holders to stop. */
TAMIS_MUST_USE
tamis_status core_release_all(core_step *step, core_job *job);
TAMIS_MUST_USE
tamis_status core_on_task_done(core_step *step, core_worker *worker, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_task_failed(core_step *step, core_worker *worker,
                                 const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_on_local_ended(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_expire(core_step *step);
void core_task_restore_done(core_job *job, uint32_t stage, uint32_t task,
                            const tamis_ledger_task *record, uint16_t folder);

/* ---- core_workers.c */
core_worker *core_find_worker(const tamis_coordinator_core *core, tamis_slice peer,
                              uint32_t *out_index);
/* A worker of that name, not known yet. NULL: no memory, or too many. */
core_worker *core_worker_add(tamis_coordinator_core *core, tamis_slice peer, uint32_t *out_index);
void core_worker_free(core_worker *worker);
/* Notes where the worker is. TAMIS_ENOMEM; TAMIS_ELIMIT: too many folders. */
TAMIS_MUST_USE
tamis_status core_worker_place(tamis_coordinator_core *core, core_worker *worker, const char *host,
                               const char *folder);
/* Number of a folder; CORE_NO_FOLDER: no memory, or too many. */
uint16_t core_intern_folder(tamis_coordinator_core *core, const char *folder);
TAMIS_MUST_USE
tamis_status core_check_build(const tamis_coordinator_core *core, const tamis_peer_build *build,
                              tamis_err *out_reason);
TAMIS_MUST_USE
tamis_status core_on_hello(core_step *step, const tamis_core_event *event);
/* Everything else that workers send. */
TAMIS_MUST_USE
tamis_status core_on_worker(core_step *step, const tamis_core_event *event);
TAMIS_MUST_USE
tamis_status core_drop_silent_workers(core_step *step);

static inline tamis_slice core_peer(const core_worker *worker)
{
    return tamis_slice_of(worker->peer, worker->peer_size);
}

#endif
