/* SPDX-License-Identifier: Apache-2.0 */
/* The control plane under load: a real coordinator (its own process, ZeroMQ over TCP, a ledger on
 * disk with synced commits) and a thread that plays as many workers as are asked for, whose tasks
 * take no time. Prints completions a second, commits, memory; then kills the coordinator and
 * measures how long the next one takes until it answers.
 *
 *   bench_control [--workers N] [--splits N] [--credit N] [--heartbeat MS] [--folder DIR]
 *
 * The job has one task a split in SCAN (no real plan has so many tasks: batches grow instead). The
 * workers report as real ones do, but do not fetch the job and its owners: that is data. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "tamis/attempt.h"
#include "tamis/bytes.h"
#include "tamis/cluster.h"
#include "tamis/coordinator.h"
#include "tamis/path.h"
#include "tamis/split_result.h"
#include "tamis/wire.h"
#include "zmtp_peers.h"

#define JOB_ID          "00000000000000aa"
#define SPLIT_BYTES     (UINT64_C(64) << 20)
#define CREDIT_MAX      64
#define RESEND_SECONDS  2.0
#define HELLO_SECONDS   2.0
#define CONNECTS_A_TURN 200
#define SYNC_ROUNDS     200
#define WAIT_SECONDS    600.0

/* What the coordinator's process counts for this one. */
typedef struct tally {
    _Atomic uint64_t commits;
    _Atomic uint64_t records;
    _Atomic uint64_t bytes;
} tally;

typedef struct held {
    uint64_t fence;
    uint32_t stage;
    uint32_t task;
    double sent;
} held;

typedef struct sim_worker {
    uint64_t sequence;
    uint64_t folders_version;
    double next_heartbeat;
    double greeted; /* 0: it is not to be there */
    uint32_t held_count;
    bool is_welcome;
    bool was_welcome;
    held held[CREDIT_MAX];
} sim_worker;

typedef struct bench {
    uint32_t workers;
    uint32_t splits;
    uint32_t credit;
    uint32_t heartbeat_ms;
    const char *folder;
    tally *tally;
    pid_t coordinator;
    char url[TAMIS_URL_SIZE];
    zmtp_peers *peers;
    sim_worker *sims;
    tamis_buf control; /* scratch */
    tamis_buf blob;
    char build[TAMIS_BUILD_TEXT_SIZE];
    uint64_t epoch;
    uint32_t welcome_count;
    uint64_t assigned;
    uint64_t done;
    uint64_t fenced;
    uint64_t reconnected;
    uint64_t heard; /* packets */
    uint64_t first_stage_done;
    double first_done;
    double last_done;
} bench;

static tally *shared_tally; /* of this process or of its parent */

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- The coordinator's process --------------------------------------------------------------- */

/* The linker leads the coordinator's calls here. */
tamis_status __real_tamis_ledger_commit(tamis_store *store, const tamis_core_effects *effects,
                                        tamis_err *err);
tamis_status __wrap_tamis_ledger_commit(tamis_store *store, const tamis_core_effects *effects,
                                        tamis_err *err);

tamis_status __wrap_tamis_ledger_commit(tamis_store *store, const tamis_core_effects *effects,
                                        tamis_err *err)
{
    if (effects->change_count != 0) {
        atomic_fetch_add(&shared_tally->commits, 1);
        atomic_fetch_add(&shared_tally->records, effects->change_count);
        atomic_fetch_add(&shared_tally->bytes, effects->bytes.size);
    }
    return __real_tamis_ledger_commit(store, effects, err);
}

static tamis_status nothing(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    (void)env;
    (void)result;
    (void)err;
    return TAMIS_OK;
}

static void be_coordinator(const bench *b, int pipe_file)
{
    static const tamis_task_table table = {.run = {nothing, nothing, nothing, nothing, nothing,
                                                   nothing, nothing, nothing, nothing, nothing,
                                                   nothing, nothing, nothing},
                                           .check_blob = tamis_split_results_check};
    char state[TAMIS_PATH_MAX];
    char data[TAMIS_PATH_MAX];
    char url[TAMIS_URL_SIZE] = "";
    tamis_err err = {.status = TAMIS_OK};
    tamis_coordinator_options options = {
        .url = "tcp://127.0.0.1:*",
        .state_folder = state,
        .data_folder = data,
        .heartbeat_ms = b->heartbeat_ms,
        .lease_ms = b->heartbeat_ms * 20,
        .tasks = &table,
    };
    tamis_actor *actor = NULL;
    tamis_status status = tamis_net_create(&options.net, &err);

    (void)snprintf(state, sizeof(state), "%s/state", b->folder);
    (void)snprintf(data, sizeof(data), "%s/data", b->folder);
    if (status == TAMIS_OK) {
        status = tamis_coordinator_start(&options, url, &actor, &err);
    }
    if (status != TAMIS_OK || write(pipe_file, url, sizeof(url)) != (ssize_t)sizeof(url)) {
        (void)fprintf(stderr, "coordinator: %s\n", err.text);
        _exit(1);
    }
    while (!tamis_actor_has_ended(actor, &status, &err)) {
        const struct timespec pause = {.tv_nsec = 50000000};

        (void)nanosleep(&pause, NULL);
    }
    (void)fprintf(stderr, "coordinator: %s\n", err.text);
    _exit(1);
}

static bool start_coordinator(bench *b)
{
    int files[2];
    ssize_t got = 0;

    if (pipe(files) != 0) {
        return false;
    }
    (void)fflush(NULL);
    b->coordinator = fork();
    if (b->coordinator == 0) {
        (void)close(files[0]);
        be_coordinator(b, files[1]);
    }
    (void)close(files[1]);
    got = read(files[0], b->url, sizeof(b->url));
    (void)close(files[0]);
    return b->coordinator > 0 && got == (ssize_t)sizeof(b->url);
}

static void kill_coordinator(bench *b)
{
    if (b->coordinator > 0) {
        (void)kill(b->coordinator, SIGKILL);
        (void)waitpid(b->coordinator, NULL, 0);
        b->coordinator = 0;
    }
}

/* Whether it still runs; says how it ended when it does not. */
static bool check_coordinator(bench *b)
{
    int status = 0;

    if (waitpid(b->coordinator, &status, WNOHANG) == 0) {
        return true;
    }
    b->coordinator = 0;
    (void)fprintf(stderr, "the coordinator has ended: %s %d\n",
                  WIFSIGNALED(status) ? "signal" : "exit code",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return false;
}

/* A line "NAME:  123 kB" of the coordinator's status, in MB; 0: it is not there. */
static double memory_mb(const bench *b, const char *name)
{
    char path[64];
    char line[256];
    double value = 0;
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)b->coordinator);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = strtod(line + strlen(name) + 1, NULL) * 1024 / 1e6;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return value;
}

/* Seconds of the processor that the coordinator has used. */
static double processor_seconds(const bench *b)
{
    char path[64];
    char text[1024];
    unsigned long user = 0;
    unsigned long kernel = 0;
    FILE *file = NULL;
    const char *rest = NULL;
    size_t size = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)b->coordinator);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = 0;
    (void)fclose(file);
    rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &kernel) != 2) {
        return 0;
    }
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- Workers --------------------------------------------------------------------------------- */

static void send_message(bench *b, uint32_t worker, tamis_message *message, tamis_slice bulk)
{
    message->sequence = ++b->sims[worker].sequence;
    message->epoch = b->epoch;
    tamis_buf_reset(&b->control);
    TAMIS_ASSERT(tamis_wire_encode(message, &b->control) == TAMIS_OK);
    zmtp_peers_send(b->peers, worker, tamis_buf_slice(&b->control), bulk);
}

static void say_hello(bench *b, uint32_t worker)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HELLO};
    char folder[64];
    char name[32];
    char id[TAMIS_FOLDER_ID_SIZE];

    (void)snprintf(folder, sizeof(folder), "/scratch/node-%05u/tamis", worker);
    (void)snprintf(name, sizeof(name), "node-%05u", worker);
    (void)snprintf(id, sizeof(id), "%016x", worker);
    message.body.hello.build = (tamis_peer_build){
        .protocol = TAMIS_PROTOCOL_VERSION, .build = b->build, .zstd = tamis_build_zstd()};
    message.body.hello.thread_count = b->credit;
    message.body.hello.host = name;
    message.body.hello.data_folder = folder;
    message.body.hello.name = name;
    message.body.hello.folder_id = id;
    b->sims[worker].greeted = now_seconds();
    send_message(b, worker, &message, tamis_slice_of(NULL, 0));
}

#define BLOB_SPLIT_AT 4 /* docs/FORMATS.md, "Task results": the split stands behind the version */

static void send_report(bench *b, uint32_t worker, held *task)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_TASK_DONE, .fence = task->fence};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.task_done.stage = task->stage;
    message.body.task_done.task = task->task;
    message.body.task_done.bytes = SPLIT_BYTES;
    message.body.task_done.documents = 20000;
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        message.body.task_done.counters[i] = i % 2 * 1000000;
    }
    tamis_put32le(b->blob.data + BLOB_SPLIT_AT, task->task);
    task->sent = now_seconds();
    send_message(b, worker, &message,
                 task->stage == 0 ? tamis_buf_slice(&b->blob) : tamis_slice_of(NULL, 0));
}

static void send_heartbeat(bench *b, uint32_t worker, double now)
{
    sim_worker *sim = &b->sims[worker];
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};
    tamis_held list[CREDIT_MAX];
    const char *jobs[] = {JOB_ID};

    for (uint32_t i = 0; i < sim->held_count; i++) {
        list[i] = (tamis_held){.fence = sim->held[i].fence,
                               .stage = sim->held[i].stage,
                               .task = sim->held[i].task,
                               .bytes = SPLIT_BYTES,
                               .documents = 20000};
        memcpy(list[i].job, JOB_ID, sizeof(list[i].job));
    }
    message.body.heartbeat.held = list;
    message.body.heartbeat.held_count = sim->held_count;
    message.body.heartbeat.credit = b->credit;
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = 1;
    message.body.heartbeat.folders_version = sim->folders_version;
    send_message(b, worker, &message, tamis_slice_of(NULL, 0));
    for (uint32_t i = 0; i < sim->held_count; i++) {
        if (now - sim->held[i].sent >= RESEND_SECONDS) {
            send_report(b, worker, &sim->held[i]);
        }
    }
}

static void on_assign(bench *b, uint32_t worker, const tamis_message *message)
{
    sim_worker *sim = &b->sims[worker];

    for (uint32_t i = 0; i < sim->held_count; i++) {
        if (sim->held[i].fence == message->fence) {
            return;
        }
    }
    TAMIS_ASSERT(sim->held_count < CREDIT_MAX);
    sim->held[sim->held_count] = (held){.fence = message->fence,
                                        .stage = message->body.assign.stage,
                                        .task = message->body.assign.task};
    b->assigned++;
    send_report(b, worker, &sim->held[sim->held_count++]);
}

static void on_ack(bench *b, uint32_t worker, const tamis_message *message)
{
    sim_worker *sim = &b->sims[worker];

    for (uint32_t i = 0; i < sim->held_count; i++) {
        if (sim->held[i].fence != message->fence) {
            continue;
        }
        if (message->body.refused.status == TAMIS_OK) {
            b->done++;
            b->first_stage_done += sim->held[i].stage == 0;
            b->last_done = now_seconds();
            b->first_done = b->first_done == 0 ? b->last_done : b->first_done;
        } else {
            b->fenced++;
        }
        sim->held[i] = sim->held[--sim->held_count];
        return;
    }
}

static void on_message(void *context, uint32_t worker, tamis_slice control, tamis_slice bulk)
{
    bench *b = context;
    sim_worker *sim = &b->sims[worker];
    tamis_message *message = NULL;

    (void)bulk;
    b->heard++;
    TAMIS_ASSERT(tamis_wire_decode(control, &message, NULL) == TAMIS_OK);
    b->epoch = message->epoch > b->epoch ? message->epoch : b->epoch;
    if (message->kind == TAMIS_MESSAGE_WELCOME && !sim->is_welcome) {
        tamis_message request = {.kind = TAMIS_MESSAGE_TASK_REQUEST};

        sim->is_welcome = true;
        b->welcome_count += !sim->was_welcome;
        sim->was_welcome = true;
        request.body.task_request.credit = b->credit;
        send_message(b, worker, &request, tamis_slice_of(NULL, 0));
        sim->next_heartbeat =
            now_seconds() + b->heartbeat_ms / 1e3 * (0.5 + (double)(worker % 64) / 128);
    } else if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        on_assign(b, worker, message);
    } else if (message->kind == TAMIS_MESSAGE_TASK_ACK) {
        on_ack(b, worker, message);
    } else if (message->kind == TAMIS_MESSAGE_FOLDERS &&
               message->body.folders.from_version == sim->folders_version) {
        sim->folders_version = message->body.folders.to_version;
    } else if (message->kind == TAMIS_MESSAGE_REFUSED) {
        (void)fprintf(stderr, "worker %u is refused: %s\n", worker, message->body.refused.text);
    }
    tamis_message_destroy(message);
}

static bool connect_worker(bench *b, uint32_t worker)
{
    char identity[32];

    (void)snprintf(identity, sizeof(identity), "w-%016x", worker);
    if (!zmtp_peers_connect(b->peers, worker, identity)) {
        tamis_err err;

        (void)tamis_err_errno(&err, errno, "worker %u cannot connect (descriptors: ulimit -n)",
                              worker);
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    say_hello(b, worker);
    return true;
}

/* What is due: heartbeats; greetings again; connections that the other side gave up. */
static void beat(bench *b)
{
    double now = now_seconds();

    for (uint32_t i = 0; i < b->workers; i++) {
        sim_worker *sim = &b->sims[i];

        if (sim->greeted != 0 && !zmtp_peers_is_connected(b->peers, i)) {
            sim->is_welcome = false;
            b->reconnected++;
            (void)connect_worker(b, i);
        } else if (sim->greeted != 0 && !sim->is_welcome && now - sim->greeted >= HELLO_SECONDS) {
            say_hello(b, i);
        }
        if (sim->is_welcome && now >= sim->next_heartbeat) {
            sim->next_heartbeat = now + b->heartbeat_ms / 1e3;
            send_heartbeat(b, i, now);
        }
    }
}

/* Plays the workers until so many tasks of the first stage are done, or so many are welcome. */
static bool play_until(bench *b, uint64_t done, uint32_t welcome)
{
    double give_up = now_seconds() + WAIT_SECONDS;
    double next_beat = 0;

    while (b->first_stage_done < done || b->welcome_count < welcome) {
        double now = now_seconds();

        if (now > give_up || !zmtp_peers_run(b->peers, 5)) {
            (void)fprintf(stderr, "%llu tasks done, %u workers welcome: it stands still\n",
                          (unsigned long long)b->first_stage_done, b->welcome_count);
            return false;
        }
        if (now >= next_beat) {
            next_beat = now + 0.01;
            beat(b);
            if (!check_coordinator(b)) {
                return false;
            }
        }
    }
    return true;
}

static bool connect_workers(bench *b, uint32_t count)
{
    zmtp_peers_destroy(b->peers);
    b->peers = zmtp_peers_create(b->url, b->workers, on_message, b);
    if (b->peers == NULL) {
        return false;
    }
    memset(b->sims, 0, b->workers * sizeof(*b->sims));
    b->welcome_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!connect_worker(b, i)) {
            return false;
        }
        if (i % CONNECTS_A_TURN == CONNECTS_A_TURN - 1 && !zmtp_peers_run(b->peers, 0)) {
            return false;
        }
    }
    return play_until(b, 0, count);
}

/* ---- The job --------------------------------------------------------------------------------- */

/* One task a split; tamis_plan_layout would put them together. */
static tamis_job *make_job(uint32_t splits)
{
    tamis_job *job = calloc(1, sizeof(*job));

    TAMIS_ASSERT(job != NULL);
    tamis_settings_defaults(&job->settings);
    job->settings.split_bytes = SPLIT_BYTES;
    job->id = strdup(JOB_ID);
    job->out_path = strdup("/out");
    job->plan.inputs = calloc(1, sizeof(*job->plan.inputs));
    job->plan.splits = calloc((size_t)splits + 1, sizeof(*job->plan.splits));
    TAMIS_ASSERT(job->plan.inputs != NULL && job->plan.splits != NULL);
    job->plan.input_count = 1;
    job->plan.split_count = splits;
    job->plan.inputs[0] = (tamis_input){.path = strdup("/in.jsonl"),
                                        .shown = strdup("in.jsonl"),
                                        .name = strdup("in"),
                                        .size_bytes = SPLIT_BYTES * splits,
                                        .split_count = splits};
    for (uint32_t i = 0; i < splits; i++) {
        job->plan.splits[i] =
            (tamis_split){.part = i, .begin = SPLIT_BYTES * i, .end = SPLIT_BYTES * (i + 1)};
    }
    TAMIS_ASSERT(tamis_plan_layout(&job->plan, NULL) == TAMIS_OK);
    free(job->plan.batch_first_split);
    free(job->plan.part_first_batch);
    job->plan.batch_first_split = calloc((size_t)splits + 1, sizeof(uint32_t));
    job->plan.part_first_batch = calloc(2, sizeof(uint32_t));
    TAMIS_ASSERT(job->plan.batch_first_split != NULL && job->plan.part_first_batch != NULL);
    for (uint32_t i = 0; i <= splits; i++) {
        job->plan.batch_first_split[i] = i;
    }
    job->plan.batch_count = splits;
    job->plan.part_first_batch[1] = splits;
    job->plan.part_count = 1;
    return job;
}

static bool submit(const bench *b)
{
    tamis_job *job = make_job(b->splits);
    tamis_submit_options options = {.url = b->url, .job = job, .is_detached = true};
    tamis_err err = {.status = TAMIS_OK};
    tamis_buf packed;
    double began = now_seconds();
    tamis_status status = tamis_cluster_submit(&options, NULL, &err);

    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "submit: %s\n", err.text);
    } else {
        tamis_buf_init(&packed, 0);
        TAMIS_ASSERT(tamis_job_pack(job, &packed) == TAMIS_OK);
        (void)printf("submit: %u splits, %.1f MB packed, %.2f s until it is durable\n", b->splits,
                     (double)packed.size / 1e6, now_seconds() - began);
        tamis_buf_fini(&packed);
    }
    tamis_job_destroy(job);
    return status == TAMIS_OK;
}

/* ---- Figures --------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

/* What a synced write costs here. */
static void print_sync(const bench *b)
{
    char path[TAMIS_PATH_MAX];
    char block[4096] = {0};
    double times[SYNC_ROUNDS];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "%s/sync", b->folder);
    file = fopen(path, "we");
    for (size_t i = 0; file != NULL && i < SYNC_ROUNDS; i++) {
        double began = now_seconds();

        if (fwrite(block, sizeof(block), 1, file) != 1 || fflush(file) != 0 ||
            fdatasync(fileno(file)) != 0) {
            break;
        }
        times[i] = now_seconds() - began;
        if (i == SYNC_ROUNDS - 1) {
            qsort(times, SYNC_ROUNDS, sizeof(*times), by_size);
            (void)printf("disk: %.2f ms a synced write of 4 KiB (median), %.2f ms (95th of 100)\n",
                         times[SYNC_ROUNDS / 2] * 1e3, times[SYNC_ROUNDS * 95 / 100] * 1e3);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static double own_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool bench_load(bench *b)
{
    double empty_mb = 0;
    double before_mb = 0;
    double with_job_mb = 0;
    double own = 0;
    double used = 0;
    double seconds = 0;
    double began = 0;
    uint64_t commits = 0;
    uint64_t records = 0;

    if (!start_coordinator(b)) {
        return false;
    }
    empty_mb = memory_mb(b, "VmRSS");
    began = now_seconds();
    if (!connect_workers(b, b->workers)) {
        return false;
    }
    before_mb = memory_mb(b, "VmRSS");
    (void)printf("workers: %u connected and welcome in %.2f s, %llu of them in a second attempt\n",
                 b->workers, now_seconds() - began, (unsigned long long)b->reconnected);
    own = own_seconds();
    used = processor_seconds(b);
    if (!submit(b)) {
        return false;
    }
    with_job_mb = memory_mb(b, "VmRSS");
    commits = b->tally->commits;
    records = b->tally->records;
    if (!play_until(b, b->splits, 0)) {
        return false;
    }
    if (!check_coordinator(b)) {
        return false;
    }
    seconds = b->last_done - b->first_done;
    commits = b->tally->commits - commits;
    records = b->tally->records - records;
    (void)printf("load: %u tasks in %.2f s: %.0f completions/s, %llu packets back\n", b->splits,
                 seconds, b->splits / seconds, (unsigned long long)b->heard);
    (void)printf("ledger: %.0f commits/s, %.0f completions and %.0f records a commit, %.0f bytes a "
                 "task written\n",
                 (double)commits / seconds, b->splits / (double)commits,
                 (double)records / (double)commits, (double)b->tally->bytes / b->splits);
    (void)printf("processor: coordinator %.1f us a task, load %.1f us a task\n",
                 (processor_seconds(b) - used) / b->splits * 1e6,
                 (own_seconds() - own) / b->splits * 1e6);
    (void)printf(
        "memory: coordinator %.1f MB alone, %.1f MB with the workers, %.1f MB with the job "
        "(%.0f bytes a split), %.1f MB at the end (%.1f kB a worker in all), %.1f MB at "
        "most; %llu results came too late\n",
        empty_mb, before_mb, with_job_mb, (with_job_mb - before_mb) * 1e6 / b->splits,
        memory_mb(b, "VmRSS"),
        (memory_mb(b, "VmRSS") - with_job_mb + before_mb - empty_mb) * 1e3 / b->workers,
        memory_mb(b, "VmHWM"), (unsigned long long)b->fenced);
    return true;
}

static bool bench_restart(bench *b)
{
    double began = 0;
    double listening = 0;
    double serving = 0;

    kill_coordinator(b);
    began = now_seconds();
    if (!start_coordinator(b)) {
        return false;
    }
    listening = now_seconds() - began;
    if (!connect_workers(b, 1)) {
        return false;
    }
    serving = now_seconds() - began;
    (void)printf(
        "restart: %u tasks done in the ledger: listens after %.2f s, answers after %.2f s; "
        "%.1f MB, %.1f MB at most\n",
        b->splits, listening, serving, memory_mb(b, "VmRSS"), memory_mb(b, "VmHWM"));
    return true;
}

static bool take_options(bench *b, int count, char **arguments)
{
    for (int i = 1; i + 1 < count; i += 2) {
        uint32_t value = (uint32_t)strtoul(arguments[i + 1], NULL, 10);

        if (strcmp(arguments[i], "--workers") == 0) {
            b->workers = value;
        } else if (strcmp(arguments[i], "--splits") == 0) {
            b->splits = value;
        } else if (strcmp(arguments[i], "--credit") == 0) {
            b->credit = value;
        } else if (strcmp(arguments[i], "--heartbeat") == 0) {
            b->heartbeat_ms = value;
        } else if (strcmp(arguments[i], "--folder") == 0) {
            b->folder = arguments[i + 1];
        } else {
            return false;
        }
    }
    return count % 2 == 1 && b->workers != 0 && b->splits != 0 && b->heartbeat_ms != 0 &&
           b->credit != 0 && b->credit <= CREDIT_MAX;
}

static bool make_blob(bench *b)
{
    tamis_scan_result result = {.split = 1000000, .text_bytes = SPLIT_BYTES, .repaired = 3};

    result.summary.rows = 20000;
    result.summary.stored_bytes = SPLIT_BYTES;
    result.summary.decoded_bytes = SPLIT_BYTES * 3;
    return tamis_scan_result_put(&b->blob, &result) == TAMIS_OK;
}

/* A descriptor for each worker, here and in the coordinator. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argument_count, char **arguments)
{
    char folder[] = "/tmp/tamis-bench-XXXXXX";
    bench b = {.workers = 1000, .splits = 200000, .credit = 4, .heartbeat_ms = 1000};
    bool is_good = take_options(&b, argument_count, arguments);

    if (!is_good) {
        (void)fprintf(stderr, "bench_control [--workers N] [--splits N] [--credit N] "
                              "[--heartbeat MS] [--folder DIR]\n");
        return 2;
    }
    b.tally = shared_tally =
        mmap(NULL, sizeof(*b.tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    b.sims = calloc(b.workers, sizeof(*b.sims));
    tamis_buf_init(&b.control, 0);
    tamis_buf_init(&b.blob, 0);
    if (b.tally == MAP_FAILED || b.sims == NULL || tamis_build_text(b.build) != TAMIS_OK ||
        !make_blob(&b) || (b.folder == NULL && (b.folder = mkdtemp(folder)) == NULL)) {
        return 1;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    raise_file_limit();
    print_sync(&b);
    is_good = bench_load(&b) && bench_restart(&b);
    kill_coordinator(&b);
    zmtp_peers_destroy(b.peers);
    tamis_buf_fini(&b.control);
    tamis_buf_fini(&b.blob);
    free(b.sims);
    if (b.folder == folder && tamis_path_remove(folder, NULL) != TAMIS_OK) {
        (void)fprintf(stderr, "%s stays\n", folder);
    }
    return !is_good;
}
