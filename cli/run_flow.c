/* SPDX-License-Identifier: Apache-2.0 */
#include "run_flow.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "local_tasks.h"
#include "quality_options.h"
#include "run_report.h"
#include "tamis/cluster.h"
#include "worker_tasks.h"

#define MEMORY_LEAST (UINT64_C(256) << 20)
#define MEMORY_MOST  (UINT64_C(64) << 30)
#define MEMORY_FIXED (UINT64_C(40) << 20) /* of --memory: program, store, sockets, readers */
#define MEMORY_OF_TASK                                                                             \
    (UINT64_C(12) << 20) /* least: readers, sorters and a document of some size */

/* Written by the signal handler, read by the run. */
static _Atomic bool is_canceled;
static volatile sig_atomic_t canceled_by;

static void on_signal(int number)
{
    canceled_by = number;
    is_canceled = true;
    /* A second one ends the program at once: what is durable stays so. */
    (void)signal(number, SIG_DFL);
}

static uint64_t default_memory(void)
{
    uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;

    memory = memory < MEMORY_LEAST ? MEMORY_LEAST : memory;
    return memory > MEMORY_MOST ? MEMORY_MOST : memory;
}

/* What tasks may use: the rest of the program has a fixed part, or a half where that is all. */
static uint64_t task_memory(uint64_t memory_bytes)
{
    return memory_bytes > 2 * MEMORY_FIXED ? memory_bytes - MEMORY_FIXED : memory_bytes / 2;
}

/* Fewer tasks side by side where memory does not reach for all. */
static void run_bound_threads(tamis_run_flow *r)
{
    uint64_t most = task_memory(r->memory_bytes) / MEMORY_OF_TASK;

    most = most == 0 ? 1 : most;
    if (r->threads > most) {
        if (!r->is_quiet) {
            (void)fprintf(stderr,
                          "%s: --memory reaches for %" PRIu64 " of %u workers; going on with "
                          "these\n",
                          r->command, most, r->threads);
        }
        r->threads = (uint32_t)most;
    }
}

/* ---- The run
 * -------------------------------------------------------------------------------------- */

static tamis_status run_find_folders(tamis_run_flow *r, tamis_err *err)
{
    const char *out = r->what.out_path;

    if ((size_t)snprintf(r->state_folder, sizeof(r->state_folder), "%s/%s/state", out,
                         TAMIS_WORK_NAME) >= sizeof(r->state_folder) ||
        (size_t)snprintf(r->data_folder, sizeof(r->data_folder), "%s/%s/data", out,
                         TAMIS_WORK_NAME) >= sizeof(r->data_folder)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", out);
    }
    return TAMIS_OK;
}

static tamis_status run_open_log(tamis_run_flow *r, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_log_options options = {
        .level = tamis_options_flag(r->options, "verbose") ? TAMIS_LOG_DEBUG : TAMIS_LOG_INFO,
    };

    if ((size_t)snprintf(path, sizeof(path), "%s/run.log", r->what.out_path) >= sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", r->what.out_path);
    }
    return tamis_log_open(&options, path, &r->log, err);
}

static void run_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL); /* valid numbers: cannot fail */
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static tamis_status run_execute(tamis_run_flow *r, tamis_err *err)
{
    bool is_kept = tamis_options_flag(r->options, "keep-work");
    tamis_progress_mode mode =
        r->is_quiet ? TAMIS_PROGRESS_NEVER
                    : (tamis_progress_mode)tamis_options_choice(r->options, "progress");
    struct timespec start;
    struct timespec end;
    tamis_status status = TAMIS_OK;

    r->progress =
        tamis_progress_create(mode, (tamis_color_mode)tamis_options_choice(r->options, "color"),
                              tamis_run_job_stored_bytes(&r->what));
    if (r->progress == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the progress display");
    }
    run_catch_signals();
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    if (r->is_remote) {
        tamis_submit_options options = {
            .url = tamis_options_text(r->options, "coordinator"),
            .security = &r->security,
            .job = &r->what.job,
            .is_data_kept = is_kept,
            .give_up_ms = tamis_options_uint(r->options, "give-up"),
            .log = r->log,
            .progress = tamis_progress_update,
            .progress_context = r->progress,
            .is_canceled = &is_canceled,
        };

        status = tamis_cluster_submit(&options, &r->status, err);
    } else {
        tamis_cluster_options options = {
            .job = &r->what.job,
            .state_folder = r->state_folder,
            .data_folder = r->data_folder,
            .threads = r->threads,
            .memory_bytes = task_memory(r->memory_bytes),
            .silence_ms = tamis_options_uint(r->options, "record-timeout"),
            .worker_tasks = tamis_worker_tasks(),
            .local_tasks = tamis_local_tasks(),
            .is_data_kept = is_kept,
            .log = r->log,
            .progress = tamis_progress_update,
            .progress_context = r->progress,
            .is_canceled = &is_canceled,
        };

        status = tamis_cluster_run(&options, &r->status, err);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    r->seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
    tamis_progress_end(r->progress);
    return status;
}

static tamis_status run_clean_up(tamis_run_flow *r, tamis_err *err)
{
    tamis_status status = tamis_out_sweep(r->what.out_path, err);

    return status != TAMIS_OK || tamis_options_flag(r->options, "keep-work")
               ? status
               : tamis_path_remove_in(r->what.out_path, TAMIS_WORK_NAME, err);
}

static bool run_is_clean(const tamis_run_flow *r)
{
    char timing[TAMIS_PATH_MAX];

    return tamis_path_join(timing, r->what.out_path, TAMIS_TIMING_NAME, NULL) == TAMIS_OK &&
           access(timing, F_OK) == 0;
}

tamis_status tamis_run_flow_go(tamis_run_flow *r, tamis_out_state *out_state, tamis_err *err)
{
    tamis_status status = tamis_run_job_prepare(&r->what, r->options, out_state, err);

    if (status == TAMIS_OK && *out_state == TAMIS_OUT_DONE) {
        /* timing.json is written last: without it the run was killed while it cleaned up. */
        return run_is_clean(r) ? status : run_clean_up(r, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    status = run_find_folders(r, err);
    if (status == TAMIS_OK) {
        status = run_open_log(r, err);
    }
    if (status == TAMIS_OK) {
        status = run_execute(r, err);
    }
    if (status == TAMIS_OK) {
        status = run_clean_up(r, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_write_timing(r->what.out_path, &r->status, r->seconds, r->threads,
                                        r->memory_bytes, err);
    }
    return status;
}

int tamis_run_flow_exit(tamis_run_flow *r, tamis_status status, tamis_out_state out_state,
                        tamis_err *err)
{
    bool as_json = tamis_options_flag(r->options, "json");
    tamis_run_sums sums = {0};

    if (status == TAMIS_OK) {
        if (out_state == TAMIS_OUT_DONE && !r->is_quiet) {
            (void)fprintf(stderr, "%s: %s is complete already; nothing was done\n", r->command,
                          tamis_options_text(r->options, "output"));
        }
        status =
            tamis_run_show(r->what.out_path, as_json, r->is_quiet, r->seconds, stdout, &sums, err);
    }
    if (status == TAMIS_OK) {
        return sums.quarantined + sums.set_aside_inputs == 0 ? TAMIS_EXIT_DONE
                                                             : TAMIS_EXIT_SET_ASIDE;
    }
    if (status == TAMIS_ECANCELED && canceled_by != 0) {
        (void)fprintf(stderr, "%s: stopped; the same command goes on from here\n", r->command);
        return 128 + (int)canceled_by;
    }
    (void)fprintf(stderr, "%s: %s\n", r->command,
                  err->text[0] == '\0' ? tamis_status_text(status) : err->text);
    if (status == TAMIS_EPEER) {
        return TAMIS_EXIT_PEER;
    }
    return TAMIS_EXIT_FAILED;
}

void tamis_run_flow_init(tamis_run_flow *r, const char *command, const tamis_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    *r = (tamis_run_flow){.command = command, .options = options};
    tamis_run_job_init(&r->what);
    r->is_quiet = tamis_options_flag(options, "quiet");
    r->threads = tamis_options_is_given(options, "workers")
                     ? (uint32_t)tamis_options_uint(options, "workers")
                     : (uint32_t)(processors > 0 ? processors : 1);
    r->memory_bytes = tamis_options_is_given(options, "memory")
                          ? tamis_options_uint(options, "memory")
                          : default_memory();
    run_bound_threads(r);
}

void tamis_run_flow_fini(tamis_run_flow *r)
{
    tamis_progress_destroy(r->progress);
    tamis_log_destroy(r->log);
    tamis_run_job_fini(&r->what);
    explicit_bzero(&r->security, sizeof(r->security));
}
