/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - a whole cluster in one thread on virtual time.
 *
 * The real cores of coordinator and workers and the real ledger over a store in memory; pretended
 * are the network, the clocks, the disks, the processes and the client. The tasks compute a tiny
 * deduplication (sim_tasks.c), so that a wrong or half-moved result changes the verdicts. All
 * chance comes from one seed. Faults happen until SIM_FAULTS_END_MS; after that the jobs must be
 * done within SIM_GRACE_MS.
 *
 *   sim_world.c        time, events, the character of a seed, the run
 *   sim_net.c          loss, delay, reordering, repetition, one-way partitions
 *   sim_faults.c       what befalls processes, clocks and disks
 *   sim_coordinator.c  the coordinator's process, and its ghost
 *   sim_worker.c       the workers' processes and their attempts
 *   sim_pull.c         how attempts get at results of earlier stages
 *   sim_client.c       who submits and asks
 *   sim_disk.c         data folders
 *   sim_tasks.c        what the tasks compute
 *   sim_job.c          documents, jobs, what must come out
 *   sim_check.c        what must hold after every commit and every packet
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
#define SIM_ATTEMPTS_MAX  16
#define SIM_FAULTS_END_MS 20000
#define SIM_GRACE_MS      600000
#define SIM_LEASE_MS      2000
#define SIM_HEARTBEAT_MS  200
#define SIM_FENCES_MAX    8192
#define SIM_INBOX_MAX     64
#define SIM_EVENTS_MAX    3000000 /* of a run: more of them are a loop */
#define SIM_QUEUE_MAX     20000   /* events that wait */
#define SIM_FEATURES_MAX  6
#define SIM_SHINGLES      8
#define SIM_ROWS_MAX      5
#define SIM_NO_NODE       UINT32_MAX
#define SIM_FOLDERS_MAX   128 /* numbers of the ledger */

/* For what has nothing to do with a run. */
#define SIM_REQUIRE(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(2);                                                                               \
        }                                                                                          \
    } while (0)

/* What happened in the runs that have ended, for people to see that all of it did. */
#define SIM_TOTALS_TABLE(X)                                                                        \
    X(steps)                                                                                       \
    X(packets)                                                                                     \
    X(lost_packets)                                                                                \
    X(repeated_packets)                                                                            \
    X(corrupt_chunks)                                                                              \
    X(partitions)                                                                                  \
    X(deadly_runs)                                                                                 \
    X(isolated_runs)                                                                               \
    X(worker_crashes)                                                                              \
    X(coordinator_crashes)                                                                         \
    X(power_failures)                                                                              \
    X(torn_tails)                                                                                  \
    X(ghosts)                                                                                      \
    X(pauses)                                                                                      \
    X(clock_jumps)                                                                                 \
    X(slow_disks)                                                                                  \
    X(full_disks)                                                                                  \
    X(lost_disks)                                                                                  \
    X(grants)                                                                                      \
    X(results)                                                                                     \
    X(rescued)                                                                                     \
    X(backups)                                                                                     \
    X(rewound)                                                                                     \
    X(drained)                                                                                     \
    X(stood_still)                                                                                 \
    X(spoiled)                                                                                     \
    X(redone)                                                                                      \
    X(pulls)                                                                                       \
    X(reconnects)                                                                                  \
    X(lost_reads)                                                                                  \
    X(documents)                                                                                   \
    X(dropped)

typedef struct sim_totals {
#define SIM_TOTAL_FIELD(name) uint64_t name;
    SIM_TOTALS_TABLE(SIM_TOTAL_FIELD)
#undef SIM_TOTAL_FIELD
} sim_totals;

/* ---- Jobs and results -------------------------------------------------------------------------
 */

typedef struct sim_words {
    uint64_t *data;
    uint32_t count;
    uint32_t capacity;
} sim_words;

/* What a task leaves behind: pieces by slot, part or batch of those who read it. */
typedef struct sim_result {
    uint32_t piece_count;
    uint64_t digest;
    bool is_corrupt; /* on its disk */
    sim_words pieces[];
} sim_result;

/* A piece that a task reads. */
typedef struct sim_need {
    uint32_t stage;
    uint32_t task;
    uint32_t piece;
} sim_need;

typedef struct sim_doc {
    uint32_t feature_count;
    uint64_t features[SIM_FEATURES_MAX];
    uint64_t shingles[SIM_SHINGLES];
} sim_doc;

/* What the ledger has said of a task, as far as it was committed. */
typedef struct sim_task {
    char holders[2][16];   /* their routing ids */
    uint64_t held[2];      /* fences of those who have it: a lease and its backup */
    uint64_t ended[2];     /* of those who had it before the last record said nobody */
    uint64_t granted;      /* newest fence */
    char holder[16];       /* routing id of the worker that has it */
    bool may_be_regranted; /* its attempt has failed, or was called back */
    uint64_t done;         /* fence of the accepted result; 0: none */
    uint64_t last_done;    /* the same, also when that result was lost */
    uint32_t owner;        /* node with the accepted result */
    char owner_id[TAMIS_FOLDER_ID_SIZE]; /* its folder then */
    unsigned accepted;
    unsigned wiped;    /* times that its accepted result was lost */
    uint64_t expected; /* digest of what its result must be */
} sim_task;

typedef struct sim_job {
    uint32_t index;
    tamis_job *job;
    tamis_buf packed;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
    uint32_t first_task[TAMIS_STAGES_MAX]; /* number of its first task among all of the job */
    uint32_t task_count;
    sim_task *tasks; /* of all stages */
    sim_doc *docs;   /* by batch, SIM_ROWS_MAX each */
    uint32_t *row_counts;
    uint32_t batch_count;
    uint32_t slot_count;
    uint32_t part_count;
    sim_words verdicts;   /* what REPORT must say */
    uint32_t deadly_task; /* of SCAN: takes down each worker that runs it unisolated */
    bool is_skipping;     /* SPOOL_PLAN finds nothing to do */
    bool is_submitted;
    bool is_paused;
    uint64_t offset;  /* of the packed job that the client sends next */
    bool is_done;     /* as the client has heard */
    bool is_finished; /* as the ledger says */
    bool is_recalled; /* it was canceled some time */
    bool is_verdict_seen;
    char id[TAMIS_JOB_ID_SIZE]; /* under which the coordinator runs it */
} sim_job;

/* ---- Nodes ------------------------------------------------------------------------------------
 */

enum {
    SIM_COORDINATOR = 0,
    SIM_WORKER_0 = 1,
    SIM_CLIENT = SIM_WORKER_0 + SIM_WORKERS_MAX,
    SIM_NODES
};

/* A machine: what is true of it whatever runs there. */
typedef struct sim_node {
    bool is_cut_to[SIM_NODES]; /* nothing that it sends there arrives */
    uint64_t paused_until_ms;  /* its process stands still; what happens to it is held back */
    uint64_t clock_lag_ms;     /* that its monotonic clock stood still */
    uint64_t clock_ahead_ms;   /* that it jumped */
    bool is_disk_full;
    unsigned sync_max_ms; /* of an fsync; 0: at once */
    char folder[16];
    char folder_id[TAMIS_FOLDER_ID_SIZE]; /* of the disk that is there now */
    uint32_t disk_number;                 /* grows when it is replaced */
    sim_result **results[SIM_JOBS_MAX];   /* by task of the job; NULL: none */
} sim_node;

typedef struct sim_pull sim_pull; /* sim_pull.c */

typedef struct sim_attempt {
    bool is_used;
    uint64_t fence;
    tamis_job_view *view; /* kept */
    sim_job *job;
    uint32_t stage;
    uint32_t task;
    bool is_canceled;
    bool is_computing; /* everything that it reads is there */
    bool has_ended;
    bool is_publishing;
    bool is_isolated;
    sim_pull *pulls;
    uint32_t pull_count;
    tamis_status status;
    tamis_lost lost; /* with TAMIS_ELOST; its tasks are owned */
    sim_result *result;
} sim_attempt;

typedef struct sim_worker {
    tamis_worker_core *core; /* NULL: down */
    tamis_worker_effects effects;
    uint32_t incarnation; /* grows with each start; names the worker */
    char name[16];
    char data_url[32];
    uint64_t epoch;           /* highest that it acted on, or has on its disk */
    tamis_epochs epochs;      /* on its disk */
    tamis_epochs next_epochs; /* on the way there */
    uint32_t credit;
    uint64_t started_ms;
    bool is_leaving; /* nobody needs it any more */
    sim_attempt attempts[SIM_ATTEMPTS_MAX];
} sim_worker;

typedef enum sim_plane { SIM_PLANE_CONTROL, SIM_PLANE_DATA } sim_plane;

typedef struct sim_packet {
    sim_plane plane;
    uint32_t from;
    uint32_t to;
    char peer[16]; /* at the coordinator: who sent it; elsewhere, and of data: whom it is for */
    size_t control_size;
    size_t bulk_size;
    uint8_t bytes[]; /* control, bulk */
} sim_packet;

typedef enum sim_event_kind {
    SIM_DELIVER,
    SIM_DRAIN,
    SIM_COORDINATOR_TICK,
    SIM_COORDINATOR_START,
    SIM_COORDINATOR_SYNCED,
    SIM_LOCAL_END,
    SIM_GHOST_TICK,
    SIM_WORKER_TICK,
    SIM_WORKER_START,
    SIM_ATTEMPT_STEP, /* looks after its pulls */
    SIM_ATTEMPT_END,
    SIM_ATTEMPT_PUBLISHED,
    SIM_JOB_DROPPED, /* fence: number of the job */
    SIM_EPOCH_PERSISTED,
    SIM_CLIENT_TICK,
    SIM_FAULT
} sim_event_kind;

typedef struct sim_event {
    uint64_t at_ms;
    uint64_t order; /* of events at the same time */
    sim_event_kind kind;
    uint32_t node;        /* of a worker's events */
    uint32_t incarnation; /* an event of a process that has died since is void */
    uint64_t fence;
    sim_packet *packet;
} sim_event;

/* A data folder as the ledger numbers it. */
typedef struct sim_folder {
    uint32_t node;
    uint8_t drain;       /* 0: no; 1: its worker is to go; 2: at once */
    char drain_peer[16]; /* that worker */
    bool was_drained;    /* it was to go at once, and then not any more */
    char id[TAMIS_FOLDER_ID_SIZE];
} sim_folder;

/* A fence that was given out, and what became of it. */
typedef struct sim_fence {
    uint64_t fence;
    bool is_reported; /* a worker has said that it is done */
    bool is_accepted; /* that is in the ledger */
    bool is_listed;   /* a heartbeat that named it has reached the coordinator */
    bool is_expired;  /* its holder was not heard of for too long */
} sim_fence;

/* What a seed is like. */
typedef struct sim_world {
    unsigned drop_per_mille;
    unsigned repeat_per_mille;
    unsigned late_per_mille; /* far behind the packets that were sent after it */
    unsigned corrupt_per_mille;
    unsigned delay_max_ms;
    bool is_in_order; /* packets of a pair do not overtake each other */
    unsigned task_max_ms;
    unsigned fail_per_mille;
    unsigned fault_every_ms;
    bool is_shared; /* all data folders can be read from everywhere */
    bool has_keys;  /* data servers let in whom their own book names */
    bool is_calm;   /* processes die, but nothing else happens */
    bool is_cut;    /* the first two workers never reach each other again once faults end */
} sim_world;

typedef struct sim_state {
    uint64_t seed;
    bool is_verbose;
    tamis_rng rng;
    sim_world world;
    uint64_t now_ms; /* true time; nobody knows it */
    uint64_t next_order;
    sim_event *heap;
    size_t heap_count;
    size_t heap_capacity;
    uint64_t event_count;
    sim_node nodes[SIM_NODES];
    uint64_t last_arrival_ms[SIM_NODES][SIM_NODES];
    sim_job jobs[SIM_JOBS_MAX];
    uint32_t job_count;
    sim_worker workers[SIM_WORKERS_MAX];
    uint32_t worker_count;
    /* The coordinator. */
    tamis_store *store;
    tamis_coordinator_core *core; /* NULL: down */
    tamis_core_effects effects;
    uint32_t coordinator_incarnation;
    char data_name[16]; /* of its data server */
    char data_url[32];
    uint64_t syncing_until_ms; /* a commit is under way: nothing else happens there */
    sim_packet *inbox[SIM_INBOX_MAX];
    size_t inbox_count;
    bool is_drain_due;
    uint64_t local_fence; /* 0: none runs */
    bool is_local_canceled;
    char local_job[TAMIS_JOB_ID_SIZE];
    uint32_t local_stage;
    uint32_t local_lost_task;
    uint64_t epoch;                      /* newest that is in the ledger */
    char cluster[TAMIS_CLUSTER_ID_SIZE]; /* its id; "": not told yet */
    bool is_restoring;
    bool is_clock_false; /* some clock has jumped or stood still */
    bool is_recalled;    /* a job was canceled in this batch */
    /* A predecessor that still sends. */
    tamis_coordinator_core *ghost;
    tamis_core_effects ghost_effects;
    uint64_t ghost_until_ms;
    uint64_t client_sequence;
    uint64_t next_transfer;
    sim_folder folders[SIM_FOLDERS_MAX];
    bool is_apart[SIM_NODES]; /* the coordinator has set apart who has that data folder */
    sim_fence fences[SIM_FENCES_MAX];
    size_t fence_count;
    sim_totals totals;
} sim_state;

_Noreturn void sim_fail(const sim_state *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_say(const sim_state *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define SIM_CHECK(sim, condition)                                                                  \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            sim_fail((sim), "%s:%d: %s", __FILE__, __LINE__, #condition);                          \
        }                                                                                          \
    } while (0)

/* ---- sim_world.c */
/* Ends the process with abort() when something does not hold; adds to *totals otherwise. */
void sim_run(uint64_t seed, bool is_verbose, sim_totals *totals);
void sim_totals_add(sim_totals *to, const sim_totals *from);
void sim_totals_print(const sim_totals *totals);
void sim_schedule(sim_state *sim, uint64_t delay_ms, sim_event event);
/* Uniform in [0, bound). */
uint64_t sim_below(sim_state *sim, uint64_t bound);
bool sim_chance(sim_state *sim, unsigned per_mille);
bool sim_has_faults(const sim_state *sim);
/* What the clock of that node shows. */
uint64_t sim_clock(const sim_state *sim, uint32_t node);

/* ---- sim_net.c */
void sim_send(sim_state *sim, sim_plane plane, uint32_t from, uint32_t to, const char *peer,
              tamis_slice control, tamis_slice bulk);
void sim_deliver(sim_state *sim, sim_packet *packet); /* takes it */
/* Node of a worker that has that name now; SIM_CLIENT; SIM_NODES: of one that has died. */
uint32_t sim_node_of(const sim_state *sim, tamis_slice peer);
tamis_slice sim_packet_control(const sim_packet *packet);
tamis_slice sim_packet_bulk(const sim_packet *packet);

/* ---- sim_faults.c */
void sim_fault(sim_state *sim);
void sim_mend(sim_state *sim);

/* ---- sim_coordinator.c */
typedef enum sim_death { SIM_DEATH_PROCESS, SIM_DEATH_POWER, SIM_DEATH_FULL } sim_death;
void sim_coordinator_start(sim_state *sim);
void sim_coordinator_crash(sim_state *sim, sim_death death);
void sim_coordinator_receive(sim_state *sim, sim_packet *packet); /* takes it */
void sim_coordinator_drain(sim_state *sim);
void sim_coordinator_tick(sim_state *sim);
void sim_coordinator_synced(sim_state *sim);
void sim_local_end(sim_state *sim, uint64_t fence);
void sim_ghost_tick(sim_state *sim);
void sim_ghost_receive(sim_state *sim, const sim_packet *packet);
void sim_ghost_end(sim_state *sim);

/* ---- sim_worker.c */
void sim_worker_start(sim_state *sim, uint32_t index);
void sim_worker_crash(sim_state *sim, uint32_t index);
void sim_worker_stop(sim_state *sim, uint32_t index);
void sim_worker_receive(sim_state *sim, uint32_t index, const sim_packet *packet);
void sim_worker_tick(sim_state *sim, uint32_t index);
void sim_worker_end(sim_state *sim, uint32_t index); /* frees what it holds */
sim_attempt *sim_find_attempt(sim_worker *worker, uint64_t fence);
void sim_attempt_compute(sim_state *sim, uint32_t index, sim_attempt *attempt);
void sim_attempt_end(sim_state *sim, uint32_t index, uint64_t fence);
void sim_attempt_published(sim_state *sim, uint32_t index, uint64_t fence);
void sim_job_dropped(sim_state *sim, uint32_t index, uint64_t job);
void sim_epoch_persisted(sim_state *sim, uint32_t index);

/* ---- sim_pull.c */
/* Key of the process on that node; NULL: there are no keys. */
const char *sim_public_key(const sim_state *sim, uint32_t node);
void sim_pull_start(sim_state *sim, uint32_t index, sim_attempt *attempt);
void sim_pull_step(sim_state *sim, uint32_t index, uint64_t fence);
void sim_pull_receive(sim_state *sim, const sim_packet *packet);
/* What a pull is of, and its words, which are appended. */
sim_need sim_pull_get(const sim_attempt *attempt, uint32_t index, sim_words *out_words);
/* Where the process of that name serves data. */
void sim_data_url(char *out, size_t size, const char *name);
void sim_pulls_free(sim_attempt *attempt);

/* ---- sim_client.c */
extern const tamis_peer_build sim_build;
void sim_client_receive(sim_state *sim, const sim_packet *packet);
void sim_client_tick(sim_state *sim);

/* ---- sim_disk.c */
void sim_disks_create(sim_state *sim);
void sim_disks_destroy(sim_state *sim);
/* Number of the node with that data folder. */
uint32_t sim_folder_node(const sim_state *sim, const char *folder);
/* NULL: there is none. */
sim_result *sim_disk_find(const sim_state *sim, uint32_t node, const sim_job *job, uint32_t stage,
                          uint32_t task);
/* Takes the result, over what was there. */
void sim_disk_put(sim_state *sim, uint32_t node, const sim_job *job, uint32_t stage, uint32_t task,
                  sim_result *result);
/* An empty disk with another id is there instead. */
void sim_disk_replace(sim_state *sim, uint32_t node);
/* The result in that folder, as long as its disk is there. */
const sim_result *sim_folder_find(const sim_state *sim, uint32_t node, const char *folder_id,
                                  const sim_job *job, uint32_t stage, uint32_t task);

/* ---- sim_tasks.c */
void sim_words_add(sim_words *words, uint64_t word);
uint64_t sim_words_hash(const sim_words *words, uint64_t seed);
sim_result *sim_result_create(uint32_t piece_count);
void sim_result_destroy(sim_result *result);
/* What the task reads, of stages that were skipped too. The caller frees it. */
sim_need *sim_task_needs(const sim_job *job, uint32_t stage, uint32_t task, uint32_t *out_count);
/* inputs[i] is what needs[i] names; nothing, where it was skipped. */
sim_result *sim_task_run(const sim_job *job, uint32_t stage, uint32_t task, const sim_need *needs,
                         const sim_words *inputs, uint32_t need_count, uint32_t *out_skip_stages);

/* ---- sim_job.c */
void sim_jobs_create(sim_state *sim);
void sim_jobs_destroy(sim_state *sim);
sim_job *sim_find_job(sim_state *sim, const char *id);
sim_task *sim_find_task(const sim_job *job, uint32_t stage, uint32_t task);
bool sim_is_skipped(const sim_job *job, uint32_t stage);
uint32_t sim_stage_of(const sim_job *job, tamis_stage_kind kind);
uint64_t sim_ord(uint32_t batch, uint32_t row);
uint32_t sim_ord_batch(uint64_t ord);
uint32_t sim_ord_part(const sim_job *job, uint64_t ord);
/* NULL: no such document. */
const sim_doc *sim_find_doc(const sim_job *job, uint64_t ord);
/* How alike two documents are by their features or by their shingles, of 1000. */
uint32_t sim_likeness(const uint64_t *a, uint32_t a_count, const uint64_t *b, uint32_t b_count);
#define SIM_LIKE_SURE   600 /* from here on by features alone */
#define SIM_LIKE_UNSURE 300 /* from here on the shingles decide */
#define SIM_LIKE_TEXT   500 /* from here on by them */

/* ---- sim_check.c */
void sim_check_commit(sim_state *sim, const tamis_core_effects *effects);
/* The lease of that task has expired, by the batch that was committed last. */
void sim_check_expired(sim_state *sim, const tamis_core_note *note);
/* What a worker is about to send. */
void sim_check_report(sim_state *sim, uint32_t index, tamis_slice control);
/* What the coordinator is about to send. */
void sim_check_packet(sim_state *sim, tamis_slice control);
/* The coordinator has handled `request`, a heartbeat; `answer` is what it says to it. */
void sim_check_heartbeat(sim_state *sim, const tamis_message *request, const tamis_message *answer);
/* The worker leaves for good. */
void sim_check_leave(sim_state *sim, uint32_t index);
void sim_check_publish(sim_state *sim, uint32_t node, const sim_attempt *attempt);
void sim_check_verdicts(sim_state *sim, sim_job *job, const sim_result *report);
void sim_check_step(sim_state *sim);
void sim_check_end(sim_state *sim);

#endif
