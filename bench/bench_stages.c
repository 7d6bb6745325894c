/* SPDX-License-Identifier: Apache-2.0 */
/* bench_stages FOLDER INPUT... - a whole run on one core, stage by stage: seconds by the clock and
 * of the processor, and rates by the clock.
 *
 *   build/release/bench/bench_stages /tmp/stages shard-*.jsonl.zst
 *
 * FOLDER must not exist; it holds results and output. TAMIS_MEMORY_MIB bounds a task's memory
 * (256). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inline_run.h"
#include "local_tasks.h"
#include "tamis/level.h"
#include "tamis/path.h"
#include "tamis/reader.h"
#include "worker_tasks.h"

typedef struct totals {
    double seconds;
    double processor_seconds; /* of the process, when the last stage ended */
    uint64_t decoded_bytes;
} totals;

static double processor_now(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time); /* fails for unknown clocks only */
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void on_stage(void *context, const tamis_stage *stage, double seconds,
                     const uint64_t *counters)
{
    totals *t = context;
    uint64_t bytes = counters[TAMIS_COUNTER_DECODED_BYTES];
    bool has_level = stage->kind >= TAMIS_STAGE_LINK && stage->kind <= TAMIS_STAGE_RESOLVE;
    double processor = processor_now();

    t->seconds += seconds;
    if (stage->kind == TAMIS_STAGE_SCAN) {
        t->decoded_bytes = bytes;
    }
    (void)printf("%-12s %-6s %6u tasks %9.3f s %9.3f s of processor",
                 tamis_stage_kind_name(stage->kind),
                 has_level ? tamis_level_get(stage->level)->name : "", stage->task_count, seconds,
                 processor - t->processor_seconds);
    t->processor_seconds = processor;
    if (bytes != 0) {
        (void)printf(" %8.1f MB/s decoded", (double)bytes / seconds / 1e6);
    }
    if (stage->kind == TAMIS_STAGE_LINK && counters[TAMIS_COUNTER_FEATURES] != 0) {
        (void)printf(" %8.1f ns/feature", seconds * 1e9 / (double)counters[TAMIS_COUNTER_FEATURES]);
    }
    for (unsigned i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        if (counters[i] != 0) {
            (void)printf(" %s=%llu", tamis_counter_name((tamis_counter)i),
                         (unsigned long long)counters[i]);
        }
    }
    (void)printf("\n");
}

int main(int argument_count, char **arguments)
{
    static char id[] = "0000000000000000";
    tamis_job job = {.id = id};
    tamis_err err = {0};
    totals t = {0};
    char out[TAMIS_PATH_MAX];
    char work[TAMIS_PATH_MAX];
    const char *memory = getenv("TAMIS_MEMORY_MIB");
    tamis_discover_options discover = {
        .paths = (const char *const *)arguments + 2,
        .path_count = argument_count > 2 ? (size_t)argument_count - 2 : 0,
    };
    tamis_inline_options options = {
        .job = &job,
        .folder = work,
        .memory_bytes = (memory == NULL ? 256 : strtoull(memory, NULL, 10)) << 20,
        .worker_tasks = tamis_worker_tasks(),
        .local_tasks = tamis_local_tasks(),
        .on_stage = on_stage,
        .context = &t,
    };
    tamis_status status = TAMIS_OK;

    if (argument_count < 3) {
        (void)fprintf(stderr, "usage: bench_stages FOLDER INPUT...\n");
        return 2;
    }
    (void)snprintf(out, sizeof(out), "%s/out", arguments[1]);
    (void)snprintf(work, sizeof(work), "%s/work", arguments[1]);
    job.out_path = out;
    tamis_settings_defaults(&job.settings);
    status = tamis_path_make_folder(out, &err);
    if (status == TAMIS_OK) {
        status = tamis_discover(&job.settings, &discover, &job.plan, &err);
    }
    if (status == TAMIS_OK) {
        t.processor_seconds = processor_now();
        status = tamis_inline_run(&options, &err);
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_stages: %s\n", err.text);
        return 1;
    }
    (void)printf("all: %.3f s, %.1f MB of JSONL, %.1f MB/s on one core\n", t.seconds,
                 (double)t.decoded_bytes / 1e6, (double)t.decoded_bytes / t.seconds / 1e6);
    return 0;
}
