/* SPDX-License-Identifier: Apache-2.0 */
/* run_flow.h - a job from its claim of OUT to its report, as `run` and `refilter` do it.
 *
 * The options hold the rows of TAMIS_RUN_FLOW_OPTIONS, --output, --keep-work, --json and --quiet;
 * with is_remote those of a coordinator too.
 *
 * Memory:  a flow is large (paths); the caller keeps it on the heap.
 * Threads: one; signals that end the program are caught while the work is done.
 */
#ifndef TAMIS_RUN_FLOW_H
#define TAMIS_RUN_FLOW_H

#include "progress.h"
#include "run_job.h"
#include "tamis/cluster.h"
#include "tamis/log.h"

#define TAMIS_RUN_THREADS_MOST 1024

#define TAMIS_RUN_WORKERS_OPTION                                                                   \
    {                                                                                              \
        .name = "workers", .short_name = 'j', .type = TAMIS_OPTION_UINT, .value_name = "N",        \
        .default_shown = "number of processors", .min = 1, .max = TAMIS_RUN_THREADS_MOST,          \
        .group = "Resources", .help = "tasks that run side by side"                                \
    }
#define TAMIS_RUN_MEMORY_OPTION                                                                    \
    {                                                                                              \
        .name = "memory", .short_name = 'm', .type = TAMIS_OPTION_BYTES,                           \
        .default_shown = "half of the machine's", .min = 32 << 20, .max = INT64_MAX,               \
        .group = "Resources", .help = "most memory; work that needs more is spilled to OUT"        \
    }
#define TAMIS_RUN_TIMEOUT_OPTION                                                                   \
    {                                                                                              \
        .name = "record-timeout", .type = TAMIS_OPTION_DURATION, .default_text = "10m",            \
        .min = 1000, .max = INT64_MAX, .group = "Resources",                                       \
        .help = "a task that killed earlier starts and runs in a process of its own is dead when " \
                "it makes no progress for so long"                                                 \
    }
#define TAMIS_RUN_MESSAGE_OPTIONS                                                                  \
    {.name = "quiet",                                                                              \
     .short_name = 'q',                                                                            \
     .type = TAMIS_OPTION_FLAG,                                                                    \
     .default_text = "false",                                                                      \
     .group = "Messages",                                                                          \
     .help = "print errors only"},                                                                 \
        {.name = "verbose",                                                                        \
         .short_name = 'v',                                                                        \
         .type = TAMIS_OPTION_FLAG,                                                                \
         .default_text = "false",                                                                  \
         .group = "Messages",                                                                      \
         .help = "write debug events to OUT/run.log"},                                             \
        {.name = "progress",                                                                       \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .default_text = "auto",                                                                   \
         .choices = tamis_progress_choices,                                                        \
         .group = "Messages",                                                                      \
         .help = "show progress on stderr: when it is a terminal, always, never"},                 \
    {                                                                                              \
        .name = "color", .type = TAMIS_OPTION_CHOICE, .default_text = "auto",                      \
        .choices = tamis_color_choices, .group = "Messages",                                       \
        .help = "use color on stderr; NO_COLOR turns it off"                                       \
    }

typedef struct tamis_run_flow {
    const char *command; /* for messages: "tamis run" */
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
} tamis_run_flow;

/* Fills threads and memory from the options, which are borrowed. */
void tamis_run_flow_init(tamis_run_flow *flow, const char *command, const tamis_options *options);

/* Claims OUT for flow->what (tamis_run_job_settings or _adopt came before) and does the work.
 * TAMIS_ECANCELED: a signal; errors of the job. */
TAMIS_MUST_USE
tamis_status tamis_run_flow_go(tamis_run_flow *flow, tamis_out_state *out_state, tamis_err *err);

/* Prints the report, or what went wrong; returns the exit code. */
int tamis_run_flow_exit(tamis_run_flow *flow, tamis_status status, tamis_out_state out_state,
                        tamis_err *err);
void tamis_run_flow_fini(tamis_run_flow *flow);

#endif
