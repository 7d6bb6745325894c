/* SPDX-License-Identifier: Apache-2.0 */
/* What a task costs the control plane: the core alone (ledger in memory, no network), and whole
 * runs in one process with tasks that do nothing, by number of batches and threads. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fake_job.h"
#include "ledger.h"
#include "tamis/cluster.h"
#include "tamis/path.h"

#define BATCHES 20000

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

typedef struct bench {
    tamis_coordinator_core *core;
    tamis_core_effects effects;
    tamis_store *store;
    uint64_t sequence;
} bench;

static tamis_status step(bench *b, const char *peer, tamis_message *message, tamis_slice bulk)
{
    tamis_core_event event = {
        .peer = tamis_slice_of_string(peer), .message = message, .bulk = bulk};
    tamis_status status = TAMIS_OK;

    message->sequence = ++b->sequence;
    tamis_core_effects_reset(&b->effects);
    status = tamis_coordinator_core_step(b->core, &event, 1000, &b->effects, NULL);
    return status == TAMIS_OK ? tamis_ledger_commit(b->store, &b->effects, NULL) : status;
}

/* One worker that reports each SCAN task as it is given out. */
static tamis_status run_core(bench *b, const tamis_peer_build *build)
{
    tamis_job *job = fake_job_create("00000000000000aa", "/out", BATCHES);
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};
    tamis_buf packed;
    tamis_status status = job == NULL ? TAMIS_ENOMEM : TAMIS_OK;
    double began = 0;

    tamis_buf_init(&packed, 0);
    if (status == TAMIS_OK) {
        status = tamis_job_pack(job, &packed);
    }
    message.body.submit.build = *build;
    if (status == TAMIS_OK) {
        status = step(b, "c", &message, tamis_buf_slice(&packed));
    }
    message = (tamis_message){.kind = TAMIS_MESSAGE_HELLO};
    message.body.hello.build = *build;
    message.body.hello.host = "h";
    message.body.hello.data_folder = "/w";
    if (status == TAMIS_OK) {
        status = step(b, "w", &message, tamis_slice_of(NULL, 0));
    }
    message = (tamis_message){.kind = TAMIS_MESSAGE_TASK_REQUEST};
    message.body.task_request.credit = 1;
    if (status == TAMIS_OK) {
        status = step(b, "w", &message, tamis_slice_of(NULL, 0));
    }
    began = now_seconds();
    for (uint32_t t = 0; t < BATCHES && status == TAMIS_OK; t++) {
        message =
            (tamis_message){.kind = TAMIS_MESSAGE_TASK_DONE, .fence = ((uint64_t)1 << 32) + t + 1};
        (void)snprintf(message.job, sizeof(message.job), "00000000000000aa");
        message.body.task_done.task = t;
        status = step(b, "w", &message, tamis_slice_of_string("blob"));
    }
    (void)printf("core: %.0f ns a task (result, ledger in memory, next assignment), %d tasks\n",
                 (now_seconds() - began) / BATCHES * 1e9, BATCHES);
    tamis_buf_fini(&packed);
    tamis_job_destroy(job);
    return status;
}

static tamis_status bench_core(void)
{
    bench b = {.core = NULL};
    tamis_core_settings settings;
    tamis_status status = tamis_store_memory_create("bench", &b.store, NULL);

    tamis_core_settings_defaults(&settings);
    settings.build = (tamis_peer_build){.protocol = 1, .build = "b", .zstd = "z"};
    settings.data_folder = "/c";
    tamis_core_effects_init(&b.effects);
    if (status == TAMIS_OK) {
        status = tamis_coordinator_core_create(&settings, &b.core);
    }
    if (status == TAMIS_OK) {
        status = tamis_coordinator_core_begin(b.core, 1, &b.effects, NULL);
    }
    if (status == TAMIS_OK) {
        status = run_core(&b, &settings.build);
    }
    tamis_core_effects_fini(&b.effects);
    tamis_coordinator_core_destroy(b.core);
    tamis_store_close(b.store);
    return status;
}

static tamis_status nothing(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    (void)env;
    (void)result;
    (void)err;
    return TAMIS_OK;
}

static tamis_status bench_run(const char *folder, uint32_t batches, uint32_t threads)
{
    static const tamis_task_table table = {.run = {nothing, nothing, nothing, nothing, nothing,
                                                   nothing, nothing, nothing, nothing, nothing,
                                                   nothing, nothing, nothing}};
    char state[TAMIS_PATH_MAX];
    char data[TAMIS_PATH_MAX];
    tamis_job *job = fake_job_create("00000000000000aa", "/out", batches);
    tamis_run_status *run = calloc(1, sizeof(*run));
    tamis_cluster_options options = {
        .job = job,
        .state_folder = state,
        .data_folder = data,
        .threads = threads,
        .worker_tasks = &table,
        .local_tasks = &table,
    };
    tamis_err err = {.status = TAMIS_OK};
    double began = now_seconds();
    tamis_status status = TAMIS_ENOMEM;

    (void)snprintf(state, sizeof(state), "%s/state-%u-%u", folder, batches, threads);
    (void)snprintf(data, sizeof(data), "%s/data-%u-%u", folder, batches, threads);
    if (job != NULL && run != NULL) {
        status = tamis_cluster_run(&options, run, &err);
        (void)printf("run: %5u batches, %u threads: %6llu tasks in %.2f s, %.2f ms a task\n",
                     batches, threads, (unsigned long long)run->tasks_executed,
                     now_seconds() - began,
                     (now_seconds() - began) * 1e3 / (double)(run->tasks_executed + 1));
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
    }
    free(run);
    tamis_job_destroy(job);
    return status;
}

int main(int argument_count, char **arguments)
{
    char folder[] = "/tmp/tamis-bench-XXXXXX";
    tamis_status status = bench_core();

    (void)argument_count;
    (void)arguments;
    if (status != TAMIS_OK || mkdtemp(folder) == NULL) {
        return 1;
    }
    for (uint32_t threads = 1; threads <= 4 && status == TAMIS_OK; threads *= 2) {
        status = bench_run(folder, 1, threads);
    }
    for (uint32_t threads = 1; threads <= 4 && status == TAMIS_OK; threads *= 2) {
        status = bench_run(folder, 500, threads);
    }
    if (tamis_path_remove(folder, NULL) != TAMIS_OK) {
        (void)fprintf(stderr, "%s stays\n", folder);
    }
    return status != TAMIS_OK;
}
