/* SPDX-License-Identifier: Apache-2.0 */
/* tamis run: removes duplicates from a pile of shards, embedded or on a coordinator. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "local_tasks.h"
#include "progress.h"
#include "quality_options.h"
#include "run_job.h"
#include "run_options.h"
#include "run_report.h"
#include "tamis/cluster.h"
#include "tamis/log.h"
#include "worker_tasks.h"

#define MEMORY_LEAST (UINT64_C(256) << 20)
#define MEMORY_MOST  (UINT64_C(64) << 30)
#define MEMORY_FIXED (UINT64_C(40) << 20) /* of --memory: program, store, sockets, readers */
#define MEMORY_OF_TASK                                                                             \
    (UINT64_C(12) << 20) /* least: readers, sorters and a document of some size */
#define THREADS_MOST 1024

static const tamis_option run_options[] = {
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "OUT",
     .group = "Output",
     .help = "folder of the result; an unfinished run in it is gone on with"},
    TAMIS_RUN_DECIDING_OPTIONS,
    TAMIS_QUALITY_OPTIONS,
    {.name = "workers",
     .short_name = 'j',
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_shown = "number of processors",
     .min = 1,
     .max = THREADS_MOST,
     .group = "Resources",
     .help = "tasks that run side by side"},
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_shown = "half of the machine's",
     .min = 32 << 20,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "most memory; work that needs more is spilled to OUT"},
    {.name = "coordinator",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "URL",
     .group = "Resources",
     .help = "submit to this coordinator (tcp://host:port) instead of running here; inputs and OUT "
             "must be on a folder that its workers share"},
    {.name = "give-up",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "60s",
     .min = 100,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "with --coordinator: end with exit code 4 when it does not answer for so long"},
    {.name = "record-timeout",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "10m",
     .min = 1000,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "a task that killed earlier starts and runs in a process of its own is dead when it "
             "makes no progress for so long"},
    {.name = "keep-work",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Resources",
     .help = "leave run files and verified pairs in OUT/.work, for `tamis preview`"},
    TAMIS_KEYS_OPTIONS("client"),
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print the report as JSON"},
    {.name = "quiet",
     .short_name = 'q',
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print errors only"},
    {.name = "verbose",
     .short_name = 'v',
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "write debug events to OUT/run.log"},
    {.name = "progress",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = tamis_progress_choices,
     .group = "Messages",
     .help = "show progress on stderr: when it is a terminal, always, never"},
    {.name = "color",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = tamis_color_choices,
     .group = "Messages",
     .help = "use color on stderr; NO_COLOR turns it off"},
};

const tamis_option_table tamis_run_table = {
    .program = "tamis run",
    .operands = "INPUT...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "remove exact duplicates and near-duplicates from shards",
    .description =
        "Reads JSONL, WARC, WET and text shards (plain, gzip, zstd), folders and globs of them, or "
        "standard input (-), and writes below OUT: documents/ with the records that are kept, byte "
        "for byte, plus one member `tamis`; attributes/ with one line for every record that was "
        "read and what was decided; report.json with sums; manifest.json with sizes and digests.\n"
        "\n"
        "A document is removed only for a witness that is kept itself and was verified. The result "
        "is the same, byte for byte, for any number of workers. A run that was interrupted goes on "
        "when it is started again with the same arguments.",
    .examples = "tamis run -o clean shards/*.jsonl.zst\n"
                "tamis run -o clean --levels url,exact,near --threshold 0.9 dump/\n"
                "tamis run -o new --against clean/documents dump-2/*.warc.wet.gz\n"
                "zcat more.jsonl.gz | tamis run -o out -",
    .exit_codes = "0  done\n"
                  "1  failed; the message says why, the same command goes on\n"
                  "2  usage\n"
                  "3  done, but records or inputs were set aside (see report.json)\n"
                  "4  the coordinator cannot be reached\n"
                  "128+n  ended by signal n; the same command goes on",
    .options = run_options,
    .option_count = sizeof(run_options) / sizeof(run_options[0]),
};

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

typedef struct run {
    const tamis_options *options;
    tamis_run_job what;
    char state_folder[TAMIS_PATH_MAX];
    char data_folder[TAMIS_PATH_MAX];
    tamis_log *log;
    tamis_progress *progress;
    uint32_t threads;
    uint64_t memory_bytes;
    tamis_net_security security; /* of is_remote */
    bool is_remote;
    bool is_quiet;
    tamis_run_status status;
    double seconds;
} run;

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
static void run_bound_threads(run *r)
{
    uint64_t most = task_memory(r->memory_bytes) / MEMORY_OF_TASK;

    most = most == 0 ? 1 : most;
    if (r->threads > most) {
        if (!r->is_quiet) {
            (void)fprintf(stderr,
                          "tamis run: --memory reaches for %" PRIu64
                          " of %u workers; going on with "
                          "these\n",
                          most, r->threads);
        }
        r->threads = (uint32_t)most;
    }
}

/* ---- The run
 * -------------------------------------------------------------------------------------- */

static tamis_status run_find_folders(run *r, tamis_err *err)
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

static tamis_status run_open_log(run *r, tamis_err *err)
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

static tamis_status run_execute(run *r, tamis_err *err)
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

static tamis_status run_clean_up(run *r, tamis_err *err)
{
    tamis_status status = tamis_out_sweep(r->what.out_path, err);

    return status != TAMIS_OK || tamis_options_flag(r->options, "keep-work")
               ? status
               : tamis_path_remove_in(r->what.out_path, TAMIS_WORK_NAME, err);
}

static bool run_is_clean(const run *r)
{
    char timing[TAMIS_PATH_MAX];

    return tamis_path_join(timing, r->what.out_path, TAMIS_TIMING_NAME, NULL) == TAMIS_OK &&
           access(timing, F_OK) == 0;
}

static tamis_status run_all(run *r, tamis_out_state *out_state, tamis_err *err)
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

static int run_exit(run *r, tamis_status status, tamis_out_state out_state, tamis_err *err)
{
    bool as_json = tamis_options_flag(r->options, "json");
    tamis_run_sums sums = {0};

    if (status == TAMIS_OK) {
        if (out_state == TAMIS_OUT_DONE && !r->is_quiet) {
            (void)fprintf(stderr, "tamis run: %s is complete already; nothing was done\n",
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
        (void)fprintf(stderr, "tamis run: stopped; the same command goes on from here\n");
        return 128 + (int)canceled_by;
    }
    (void)fprintf(stderr, "tamis run: %s\n",
                  err->text[0] == '\0' ? tamis_status_text(status) : err->text);
    if (status == TAMIS_EPEER) {
        return TAMIS_EXIT_PEER;
    }
    return TAMIS_EXIT_FAILED;
}

int tamis_cmd_run(int argument_count, char **arguments)
{
    run *r = calloc(1, sizeof(*r));
    tamis_options *options = NULL;
    tamis_out_state out_state = TAMIS_OUT_NEW;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int code = TAMIS_EXIT_FAILED;

    if (r == NULL) {
        (void)fprintf(stderr, "tamis run: out of memory\n");
        return TAMIS_EXIT_FAILED;
    }
    if (!tamis_options_start(&tamis_run_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        free(r);
        return code;
    }
    r->options = options;
    tamis_run_job_init(&r->what);
    r->is_quiet = tamis_options_flag(options, "quiet");
    r->is_remote = tamis_options_text(options, "coordinator") != NULL;
    r->threads = tamis_options_is_given(options, "workers")
                     ? (uint32_t)tamis_options_uint(options, "workers")
                     : (uint32_t)(processors > 0 ? processors : 1);
    r->memory_bytes = tamis_options_is_given(options, "memory")
                          ? tamis_options_uint(options, "memory")
                          : default_memory();
    run_bound_threads(r);
    status = tamis_run_job_settings(&r->what, options, &err);
    if (status == TAMIS_OK && r->is_remote) {
        status = tamis_cluster_keys(options, &r->security, &err);
    }
    if (status == TAMIS_EARG) {
        (void)fprintf(stderr, "tamis run: %s\nTry 'tamis run --help'.\n", err.text);
        code = TAMIS_EXIT_USAGE;
    } else {
        if (status == TAMIS_OK && !r->is_quiet) {
            tamis_quality_print_skipped("tamis run", r->what.job.quality_skipped, stderr);
        }
        status = status == TAMIS_OK ? run_all(r, &out_state, &err) : status;
        code = run_exit(r, status, out_state, &err);
    }
    tamis_progress_destroy(r->progress);
    tamis_log_destroy(r->log);
    tamis_options_destroy(options);
    tamis_run_job_fini(&r->what);
    explicit_bzero(&r->security, sizeof(r->security));
    free(r);
    return code;
}
