/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - a whole cluster in one thread on virtual time.
 *
 * The real cores of coordinator and workers and the real ledger over a store in memory; pretended
 * are the network (delay, reordering, repetition, loss), the disks, the tasks and the client. All
 * chance comes from one seed. Faults happen until SIM_FAULTS_END_MS; after that the jobs must be
 * done within SIM_GRACE_MS.
 *
 *   sim_world.c  time, events, network, faults
 *   sim_nodes.c  coordinator, workers, client
 *   sim_check.c  what must hold after every commit and every packet
 */
#ifndef SIM_H
#define SIM_H

#include "fake_job.h"
#include "ledger.h"
#include "ledger_record.h"
#include "tamis/rng.h"
#include "tamis/worker_core.h"

#define SIM_WORKERS_MAX   4
#define SIM_JOBS_MAX      2
#define SIM_ATTEMPTS_MAX  8
#define SIM_FAULTS_END_MS 20000
#define SIM_GRACE_MS      600000
#define SIM_LEASE_MS      2000
#define SIM_HEARTBEAT_MS  200
#define SIM_RESULTS_MAX   4096
#define SIM_INBOX_MAX     64

/* What happened in the runs that have ended, for people to see that all of it did. */
typedef struct sim_totals {
    uint64_t steps; /* of cores */
    uint64_t packets;
    uint64_t crashes;
} sim_totals;

/* ---- Truth ------------------------------------------------------------------------------------
 */

/* What the ledger has said of a task, as far as it was committed. */
typedef struct sim_task {
    uint64_t granted; /* newest fence */
    uint64_t done;    /* fence of the accepted result; 0: none */
    uint32_t owner;   /* folder of the accepted result */
    unsigned accepted;
    unsigned wiped;                     /* times that its accepted result was lost */
    uint64_t expected;                  /* what its result must be */
    uint64_t disk[SIM_WORKERS_MAX + 1]; /* published results by data folder; 0: none */
} sim_task;

typedef struct sim_job {
    tamis_job *job;
    tamis_buf packed;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
    sim_task *tasks[TAMIS_STAGES_MAX];
    bool is_skipping; /* SPOOL_PLAN finds nothing to do */
    bool is_submitted;
    bool is_done;
    char id[TAMIS_JOB_ID_SIZE]; /* under which the coordinator runs it */
} sim_job;

/* ---- Nodes ------------------------------------------------------------------------------------
 */

typedef struct sim_attempt {
    bool is_used;
    uint64_t fence;
    const tamis_job_view *view;
    uint32_t stage;
    uint32_t task;
    bool is_canceled;
    bool has_ended;
    uint64_t output;
} sim_attempt;

typedef struct sim_worker {
    tamis_worker_core *core; /* NULL: down */
    tamis_worker_effects effects;
    uint32_t incarnation; /* grows with each start; names the worker */
    char name[16];
    char folder[16];
    sim_attempt attempts[SIM_ATTEMPTS_MAX];
    bool is_partitioned; /* nothing gets through */
} sim_worker;

typedef struct sim_packet {
    uint8_t peer[16]; /* at the coordinator: who sent it; at a worker or client: whom it is for */
    size_t peer_size;
    bool to_coordinator;
    size_t control_size;
    size_t bulk_size;
    uint8_t bytes[]; /* control, bulk */
} sim_packet;

typedef enum sim_event_kind {
    SIM_DELIVER,
    SIM_DRAIN,
    SIM_COORDINATOR_TICK,
    SIM_COORDINATOR_START,
    SIM_LOCAL_END,
    SIM_WORKER_TICK,
    SIM_WORKER_START,
    SIM_ATTEMPT_END,
    SIM_ATTEMPT_PUBLISH,
    SIM_JOB_DROPPED, /* fence: number of the job */
    SIM_CLIENT_TICK,
    SIM_FAULT
} sim_event_kind;

typedef struct sim_event {
    uint64_t at_ms;
    uint64_t order; /* of events at the same time */
    sim_event_kind kind;
    uint32_t node;
    uint32_t incarnation; /* an event of a node that has died since is void */
    uint64_t fence;
    sim_packet *packet;
} sim_event;

typedef struct sim_state {
    uint64_t seed;
    bool is_verbose;
    tamis_rng rng;
    uint64_t now_ms;
    uint64_t next_order;
    sim_event *heap;
    size_t heap_count;
    size_t heap_capacity;
    unsigned drop_per_mille;
    unsigned repeat_per_mille;
    unsigned delay_max_ms;
    unsigned task_max_ms;
    unsigned fail_per_mille;
    unsigned fault_every_ms;
    sim_job jobs[SIM_JOBS_MAX];
    uint32_t job_count;
    sim_worker workers[SIM_WORKERS_MAX];
    uint32_t worker_count;
    tamis_store *store;
    tamis_coordinator_core *core; /* NULL: down */
    tamis_core_effects effects;
    uint32_t coordinator_incarnation;
    sim_packet *inbox[SIM_INBOX_MAX];
    size_t inbox_count;
    bool is_drain_due;
    uint64_t local_fence; /* 0: none runs */
    bool is_local_canceled;
    char local_job[TAMIS_JOB_ID_SIZE];
    uint32_t local_stage;
    sim_totals totals;
    uint64_t client_sequence;
    uint64_t reported[SIM_RESULTS_MAX]; /* fences under which workers sent results */
    size_t reported_count;
    uint64_t accepted[SIM_RESULTS_MAX]; /* fences of results that were committed */
    size_t accepted_count;
} sim_state;

/* For what has nothing to do with a run. */
#define SIM_REQUIRE(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(2);                                                                               \
        }                                                                                          \
    } while (0)

_Noreturn void sim_fail(const sim_state *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define SIM_CHECK(sim, condition)                                                                  \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            sim_fail((sim), "%s:%d: %s", __FILE__, __LINE__, #condition);                          \
        }                                                                                          \
    } while (0)

/* sim_world.c */
/* Ends the process with abort() when something does not hold; adds to *totals otherwise. */
void sim_run(uint64_t seed, bool is_verbose, sim_totals *totals);
void sim_totals_add(sim_totals *to, const sim_totals *from);
void sim_totals_print(const sim_totals *totals);
void sim_schedule(sim_state *sim, uint64_t delay_ms, sim_event event);
void sim_send(sim_state *sim, bool to_coordinator, tamis_slice peer, tamis_slice control,
              tamis_slice bulk);
bool sim_chance(sim_state *sim, unsigned per_mille);
bool sim_has_faults(const sim_state *sim);

/* sim_nodes.c */
void sim_coordinator_start(sim_state *sim);
void sim_coordinator_crash(sim_state *sim);
void sim_coordinator_receive(sim_state *sim, sim_packet *packet); /* takes it */
void sim_coordinator_drain(sim_state *sim);
void sim_coordinator_tick(sim_state *sim);
void sim_local_end(sim_state *sim, uint64_t fence);
void sim_worker_start(sim_state *sim, uint32_t index);
void sim_worker_crash(sim_state *sim, uint32_t index);
void sim_worker_stop(sim_state *sim, uint32_t index);
void sim_worker_receive(sim_state *sim, uint32_t index, const sim_packet *packet);
void sim_worker_tick(sim_state *sim, uint32_t index);
void sim_attempt_end(sim_state *sim, uint32_t index, uint64_t fence);
void sim_attempt_publish(sim_state *sim, uint32_t index, uint64_t fence);
void sim_job_dropped(sim_state *sim, uint32_t index, uint64_t job);
void sim_client_receive(sim_state *sim, const sim_packet *packet);
void sim_client_tick(sim_state *sim);

/* sim_check.c */
void sim_jobs_create(sim_state *sim);
void sim_jobs_destroy(sim_state *sim);
sim_job *sim_find_job(sim_state *sim, const char *id);
/* Number of a data folder: workers from 0, the coordinator last. */
uint32_t sim_folder_number(const sim_state *sim, const char *folder);
/* The result of a task, computed from what `owner` says its inputs are; 0: an input is missing. */
uint64_t sim_output(sim_state *sim, const sim_job *job, uint32_t stage, uint32_t task,
                    const char *(*owner)(const void *context, uint32_t stage, uint32_t task),
                    const void *context);
void sim_check_commit(sim_state *sim, const tamis_core_effects *effects);
void sim_check_report(sim_state *sim, tamis_slice control);
void sim_check_packet(sim_state *sim, tamis_slice control);
void sim_check_publish(sim_state *sim, uint32_t folder, const sim_attempt *attempt);
void sim_check_end(sim_state *sim);
/* All results in that folder are gone. */
void sim_wipe(sim_state *sim, uint32_t folder);

#endif
