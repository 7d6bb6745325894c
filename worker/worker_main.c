/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_main.h"

#include <sched.h>
#include <unistd.h>

#include "tamis/heap.h"
#include "tamis/keys_options.h"
#include "tamis/program.h"
#include "tamis/worker.h"

#define STOP_MS 5000 /* for tasks to notice that they are canceled */

static const tamis_option rows[] = {
    {.name = "coordinator",
     .short_name = 'c',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "URL",
     .group = "Places",
     .help = "where the coordinator listens: tcp://HOST:PORT"},
    {.name = "data",
     .short_name = 'd',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "FOLDER",
     .group = "Places",
     .help = "folder of intermediate results; made when it is absent; one worker at a time"},
    {.name = "name",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "NAME",
     .default_shown = "HOST-FOLDER",
     .group = "Places",
     .help = "what people call this worker: tamis status, tamis drain NAME"},
    TAMIS_PROGRAM_ROOT_OPTION("inputs and outputs of jobs are opened beneath this folder only"),
    TAMIS_PROGRAM_DATA_LISTEN_OPTION("the address from which the coordinator is reached, any port",
                                     "where other workers fetch the results in the data folder"),
    TAMIS_PROGRAM_SHUFFLE_OPTION("other workers"),
    {.name = "threads",
     .short_name = 't',
     .type = TAMIS_OPTION_UINT,
     .default_shown = "number of processors",
     .min = 1,
     .max = TAMIS_WORKER_THREADS_MAX,
     .group = "Resources",
     .help = "tasks that run side by side"},
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_text = "1GiB",
     .min = 1 << 20,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "memory of all tasks together"},
    {.name = "give-up",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "5m",
     .max = INT64_MAX,
     .group = "Resources",
     .help = "end without a word from the coordinator for so long; 0: never"},
    {.name = "record-timeout",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "10m",
     .min = 1000,
     .max = INT64_MAX,
     .group = "Resources",
     .help =
         "a task that took workers down and runs in a process of its own is dead when it makes no "
         "progress for so long"},
    TAMIS_KEYS_OPTIONS("worker"),
    TAMIS_PROGRAM_LOG_OPTIONS,
};

static const tamis_option_table table = {
    .program = "tamis-worker",
    .summary = "run the tasks of a tamis coordinator",
    .description =
        "Pulls tasks from the coordinator, reads inputs by their paths and the results of other "
        "workers by theirs or over the network, and leaves its own results in the data folder, "
        "which it serves to the others. When it is stopped or killed, its tasks are given to "
        "others.",
    .examples = "  tamis-worker --coordinator tcp://127.0.0.1:7600 --data /scratch/tamis\n"
                "  tamis-worker --coordinator tcp://10.0.0.1:7600 --data D --key-file w1.key\n",
    .exit_codes = "1  failed\n2  usage\n4  the coordinator is out of reach\n128+n  by signal n\n",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
};

static uint32_t thread_count(const tamis_options *options)
{
    cpu_set_t set;
    uint64_t count = tamis_options_uint(options, "threads");

    if (count == 0 && sched_getaffinity(0, sizeof(set), &set) == 0) {
        count = (uint64_t)CPU_COUNT(&set);
    }
    count = count == 0 ? 1 : count;
    return count > TAMIS_WORKER_THREADS_MAX ? TAMIS_WORKER_THREADS_MAX : (uint32_t)count;
}

/* Ends the process where a task does not end: nothing of it is lost that was not lost anyway. */
static tamis_status serve(tamis_worker_options *options, int *out_signal, tamis_err *err)
{
    static _Atomic bool is_stuck; /* may be set when nobody waits any more */
    tamis_actor *worker = NULL;
    tamis_status status = TAMIS_OK;

    options->stop_ms = STOP_MS;
    options->is_stuck = &is_stuck;
    status = tamis_worker_start(options, &worker, err);
    if (status == TAMIS_OK) {
        status = tamis_serve(worker, STOP_MS, out_signal, err);
    }
    if (status == TAMIS_ETIMEOUT || atomic_load(&is_stuck)) {
        _exit(tamis_program_exit_code(table.program, status, *out_signal, err));
    }
    return status;
}

int tamis_worker_main(int argument_count, char **arguments, const tamis_task_table *tasks)
{
    tamis_options *options = NULL;
    tamis_program program = {.net = NULL};
    tamis_err err = {.status = TAMIS_OK};
    int signal_number = 0;
    int code = 0;
    tamis_status status = TAMIS_OK;

    tamis_serve_prepare();
    tamis_heap_keep_chunks();
    if (!tamis_options_start(&table, argument_count - 1, arguments + 1, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    status = tamis_program_open(options, "coordinator", TAMIS_ROLE_WORKER, &program, &err);
    if (status == TAMIS_OK) {
        tamis_worker_options worker = {
            .net = program.net,
            .url = tamis_options_text(options, "coordinator"),
            .data_folder = tamis_options_text(options, "data"),
            .name = tamis_options_text(options, "name"),
            .threads = thread_count(options),
            .memory_bytes = tamis_options_uint(options, "memory"),
            .give_up_ms = tamis_options_uint(options, "give-up"),
            .silence_ms = tamis_options_uint(options, "record-timeout"),
            .security = &program.security,
            .data_listen = tamis_options_text(options, "data-listen"),
            .shuffle = (tamis_shuffle_mode)tamis_options_choice(options, "shuffle"),
            .roots = program.roots,
            .tasks = tasks,
            .log = program.log,
        };

        status = serve(&worker, &signal_number, &err);
    }
    tamis_program_close(&program);
    tamis_options_destroy(options);
    return tamis_program_exit_code(table.program, status, signal_number, &err);
}
