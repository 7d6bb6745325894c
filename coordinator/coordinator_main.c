/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator_main.h"

#include <unistd.h>

#include "tamis/coordinator.h"
#include "tamis/keys_options.h"
#include "tamis/program.h"

#define STOP_MS 5000 /* for a local task to notice that it is canceled */

static const tamis_option rows[] = {
    {.name = "state",
     .short_name = 's',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "FOLDER",
     .group = "Places",
     .help = "folder of the ledger; made when it is absent; one coordinator at a time"},
    {.name = "listen",
     .short_name = 'l',
     .type = TAMIS_OPTION_TEXT,
     .default_text = "tcp://127.0.0.1:7600",
     .value_name = "URL",
     .group = "Places",
     .help = "where workers and 'tamis run --coordinator' connect to; port * picks a free one"},
    {.name = "data",
     .short_name = 'd',
     .type = TAMIS_OPTION_TEXT,
     .default_shown = "'data' in the state folder",
     .value_name = "FOLDER",
     .group = "Places",
     .help = "folder of results that the coordinator itself computes; workers read them there"},
    TAMIS_PROGRAM_DATA_LISTEN_OPTION("the address of --listen, any port",
                                     "where workers fetch these results"),
    TAMIS_PROGRAM_SHUFFLE_OPTION("workers"),
    TAMIS_PROGRAM_ROOT_OPTION("outputs of jobs are written beneath this folder only"),
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_text = "1GiB",
     .min = 1 << 20,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "memory of the coordinator's own tasks"},
    {.name = "lease",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "2500ms",
     .min = 1000,
     .max = 3600000,
     .group = "Patience",
     .help = "a task whose worker is silent for so long is given to another one"},
    {.name = "straggler",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "10s",
     .min = 1000,
     .max = 86400000,
     .group = "Patience",
     .help = "a task that takes longer, and three times the median of its stage, is given to a "
             "second worker when nothing else is left to do"},
    {.name = "lost-after",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "30s",
     .min = 1000,
     .max = 86400000,
     .group = "Patience",
     .help = "results that a task needs are made again when their worker is silent for so long"},
    {.name = "attempts",
     .type = TAMIS_OPTION_UINT,
     .default_text = "4",
     .min = 1,
     .max = 100,
     .group = "Patience",
     .help = "failures of one task before its job fails"},
    TAMIS_KEYS_OPTIONS("coordinator"),
    TAMIS_PROGRAM_LOG_OPTIONS,
};

static const tamis_option_table table = {
    .program = "tamis-coordinator",
    .summary = "give the tasks of tamis runs to workers",
    .description =
        "Takes jobs from 'tamis run --coordinator', cuts them into tasks, leases these to the "
        "workers that connect, and keeps in its ledger what is finished. After a crash it goes on "
        "where the ledger stands. Once it listens it prints one line 'listening URL' on stdout.",
    .examples =
        "  tamis-coordinator --state /var/lib/tamis --listen tcp://127.0.0.1:7600\n"
        "  tamis-coordinator --state S --listen tcp://10.0.0.1:7600 --keys /etc/tamis/keys\n",
    .exit_codes = "1  failed\n2  usage\n128+n  by signal n\n",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
};

static tamis_status serve(const tamis_coordinator_options *options, int *out_signal, tamis_err *err)
{
    char url[TAMIS_URL_SIZE];
    tamis_actor *coordinator = NULL;
    tamis_status status = tamis_coordinator_start(options, url, &coordinator, err);

    if (status == TAMIS_OK) {
        (void)printf("listening %s\n", url);
        (void)fflush(stdout); /* who reads it waits for it */
        status = tamis_serve(coordinator, STOP_MS, out_signal, err);
    }
    if (status == TAMIS_ETIMEOUT) {
        _exit(*out_signal == 0 ? TAMIS_PROGRAM_FAILED : TAMIS_PROGRAM_SIGNAL + *out_signal);
    }
    return status;
}

static tamis_status run(const tamis_options *options, const tamis_task_table *tasks,
                        int *out_signal, tamis_err *err)
{
    const char *state = tamis_options_text(options, "state");
    const char *data = tamis_options_text(options, "data");
    char folder[TAMIS_PATH_MAX];
    tamis_program program = {.net = NULL};
    tamis_status status = tamis_path_join(folder, state, "data", err);

    if (status == TAMIS_OK) {
        status = tamis_program_open(options, "listen", TAMIS_ROLE_COORDINATOR, &program, err);
    }
    if (status == TAMIS_OK) {
        tamis_coordinator_options coordinator = {
            .net = program.net,
            .url = tamis_options_text(options, "listen"),
            .state_folder = state,
            .data_folder = data == NULL ? folder : data,
            .memory_bytes = tamis_options_uint(options, "memory"),
            .lease_ms = (uint32_t)tamis_options_uint(options, "lease"),
            .attempts_max = (uint32_t)tamis_options_uint(options, "attempts"),
            .straggler_ms = (uint32_t)tamis_options_uint(options, "straggler"),
            .lost_after_ms = (uint32_t)tamis_options_uint(options, "lost-after"),
            .roots = program.roots,
            .security = &program.security,
            .data_listen = tamis_options_text(options, "data-listen"),
            .shuffle = (tamis_shuffle_mode)tamis_options_choice(options, "shuffle"),
            .allowed_path = program.allowed_path,
            .tasks = tasks,
            .log = program.log,
        };

        status = serve(&coordinator, out_signal, err);
    }
    tamis_program_close(&program);
    return status;
}

int tamis_coordinator_main(int argument_count, char **arguments, const tamis_task_table *tasks)
{
    tamis_options *options = NULL;
    tamis_err err = {.status = TAMIS_OK};
    int signal_number = 0;
    int code = 0;
    tamis_status status = TAMIS_OK;

    tamis_serve_prepare();
    if (!tamis_options_start(&table, argument_count - 1, arguments + 1, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    status = run(options, tasks, &signal_number, &err);
    tamis_options_destroy(options);
    return tamis_program_exit_code(table.program, status, signal_number, &err);
}
