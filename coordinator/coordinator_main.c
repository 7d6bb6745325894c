/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator_main.h"

#include <sys/resource.h>
#include <unistd.h>

#include "tamis/coordinator.h"
#include "tamis/keys_options.h"
#include "tamis/options.h"
#include "tamis/path.h"

#define STOP_MS 5000 /* for a local task to notice that it is canceled */

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SIGNAL = 128 };

/* By value of tamis_shuffle_mode. */
static const char *const shuffle_names[] = {"auto", "network", NULL};

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
    {.name = "data-listen",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "URL",
     .default_shown = "the address of --listen, any port",
     .group = "Places",
     .help = "where workers fetch these results: tcp://ADDRESS:PORT, PORT * for any"},
    {.name = "shuffle",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = shuffle_names,
     .group = "Places",
     .help = "how results of workers are read: auto takes their path where it is shared, else the "
             "network; network never looks at paths"},
    {.name = "root",
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_LIST,
     .value_name = "FOLDER",
     .group = "Places",
     .default_shown = "anywhere; off loopback one is required",
     .help = "outputs of jobs are written beneath this folder only"},
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
    {.name = "log-level",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "info",
     .choices = tamis_log_level_names,
     .group = "Log",
     .help = "least urgent events that are written to stderr"},
    {.name = "log-format",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "text",
     .choices = tamis_log_format_names,
     .group = "Log",
     .help = "how a line looks"},
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

static tamis_status open_roots(const tamis_options *options, tamis_roots **out_roots,
                               tamis_err *err)
{
    const char *url = tamis_options_text(options, "listen");
    const char *const *folders = NULL;
    size_t count = tamis_options_list(options, "root", &folders);

    return tamis_roots_create_for(url, tamis_url_is_local(url), folders, count, out_roots, err);
}

/* As many connections as the system lets this process have: the ledger needs files beside them. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections then */
    }
}

static tamis_status load_keys(const tamis_options *options, tamis_net_security *out_security,
                              char allowed_path[TAMIS_PATH_MAX], tamis_err *err)
{
    tamis_status status =
        tamis_keys_load(options, TAMIS_ROLE_COORDINATOR, out_security, allowed_path, err);

    return status == TAMIS_OK ? tamis_keys_check_url(options, out_security,
                                                     tamis_options_text(options, "listen"), err)
                              : status;
}

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
        _exit(*out_signal == 0 ? EXIT_FAILED : EXIT_SIGNAL + *out_signal);
    }
    return status;
}

static int exit_code(tamis_status status, int signal_number, const tamis_err *err)
{
    if (signal_number != 0) {
        return EXIT_SIGNAL + signal_number;
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis-coordinator: %s\n", err->text);
    }
    return status == TAMIS_OK ? 0 : status == TAMIS_EARG ? EXIT_USAGE : EXIT_FAILED;
}

static tamis_status run(const tamis_options *options, const tamis_task_table *tasks,
                        int *out_signal, tamis_err *err)
{
    const char *state = tamis_options_text(options, "state");
    const char *data = tamis_options_text(options, "data");
    char folder[TAMIS_PATH_MAX];
    char allowed_path[TAMIS_PATH_MAX];
    tamis_net_security security = {.is_on = false};
    tamis_net *net = NULL;
    tamis_log *log = NULL;
    tamis_roots *roots = NULL;
    tamis_log_options log_options = {
        .file = STDERR_FILENO,
        .level = (tamis_log_level)tamis_options_choice(options, "log-level"),
        .format = (tamis_log_format)tamis_options_choice(options, "log-format"),
    };
    tamis_status status = tamis_path_join(folder, state, "data", err);

    raise_file_limit();
    if (status == TAMIS_OK) {
        status = load_keys(options, &security, allowed_path, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_log_create(&log_options, &log);
    }
    if (status == TAMIS_OK) {
        status = open_roots(options, &roots, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_net_create(&net, err);
    }
    if (status == TAMIS_OK) {
        tamis_coordinator_options coordinator = {
            .net = net,
            .url = tamis_options_text(options, "listen"),
            .state_folder = state,
            .data_folder = data == NULL ? folder : data,
            .memory_bytes = tamis_options_uint(options, "memory"),
            .lease_ms = (uint32_t)tamis_options_uint(options, "lease"),
            .attempts_max = (uint32_t)tamis_options_uint(options, "attempts"),
            .straggler_ms = (uint32_t)tamis_options_uint(options, "straggler"),
            .lost_after_ms = (uint32_t)tamis_options_uint(options, "lost-after"),
            .roots = roots,
            .security = &security,
            .data_listen = tamis_options_text(options, "data-listen"),
            .shuffle = (tamis_shuffle_mode)tamis_options_choice(options, "shuffle"),
            .allowed_path = allowed_path,
            .tasks = tasks,
            .log = log,
        };

        status = serve(&coordinator, out_signal, err);
    }
    tamis_net_destroy(net);
    tamis_roots_destroy(roots);
    tamis_log_destroy(log);
    explicit_bzero(&security, sizeof(security));
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
    return exit_code(status, signal_number, &err);
}
