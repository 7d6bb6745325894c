/* SPDX-License-Identifier: Apache-2.0 */
/* tamis submit: hands a run to a coordinator and returns. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "quality_options.h"
#include "run_job.h"
#include "run_options.h"
#include "tamis/cluster.h"
#include "tamis/json_out.h"

static const tamis_option submit_options[] = {
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "OUT",
     .group = "Output",
     .help = "folder of the result, on a folder that workers and coordinator share"},
    TAMIS_RUN_DECIDING_OPTIONS,
    TAMIS_QUALITY_OPTIONS,
    {.name = "keep-work",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Resources",
     .help = "leave intermediate results in the data folders when the job is done"},
    TAMIS_CLUSTER_OPTIONS,
    TAMIS_JSON_OPTION,
};

const tamis_option_table tamis_submit_table = {
    .program = "tamis submit",
    .operands = "INPUT...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "hand a run to a coordinator and return",
    .description =
        "Takes the options of 'tamis run' that decide what comes out, hands the job to the "
        "coordinator, prints its id on stdout and returns. 'tamis status --watch ID' follows it, "
        "'tamis cancel ID' stops it; 'tamis run --coordinator' with the same arguments waits for "
        "its end and prints the report.\n"
        "\n"
        "Submitting the same again is harmless: a job that is there already is found by what it "
        "is; one that has failed or was canceled goes on.",
    .examples = "id=$(tamis submit -c tcp://10.0.0.1:7600 -o /shared/clean /shared/dump-7)\n"
                "tamis status -c tcp://10.0.0.1:7600 --watch $id",
    .exit_codes = "0  the coordinator has the job, or OUT is complete already\n"
                  "1  failed; the message says why\n"
                  "2  usage\n"
                  "4  the coordinator cannot be reached",
    .options = submit_options,
    .option_count = sizeof(submit_options) / sizeof(submit_options[0]),
};

static tamis_status print_id(const char *id, const char *out_path, bool is_done, bool is_json,
                             tamis_err *err)
{
    tamis_buf bytes;
    tamis_json json;
    tamis_status status = TAMIS_OK;

    if (!is_json) {
        (void)printf("%s\n", id);
        return TAMIS_OK;
    }
    tamis_buf_init(&bytes, 0);
    tamis_json_init(&json, &bytes);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", 1);
    tamis_json_text(&json, "id", id);
    tamis_json_text(&json, "output", out_path);
    tamis_json_bool(&json, "is_complete", is_done);
    tamis_json_end_object(&json);
    status = tamis_json_finish(&json);
    if (status == TAMIS_OK) {
        (void)printf("%.*s\n", (int)bytes.size, (const char *)bytes.data);
    } else {
        (void)tamis_err_set(err, status, "no memory to print the id");
    }
    tamis_buf_fini(&bytes);
    return status;
}

static tamis_status submit(const tamis_options *options, tamis_run_job *what,
                           tamis_run_status *status_of, tamis_err *err)
{
    tamis_out_state out_state = TAMIS_OUT_NEW;
    bool is_json = tamis_options_flag(options, "json");
    tamis_net_security security = {.is_on = false};
    tamis_status status = tamis_cluster_keys(options, &security, err);
    tamis_submit_options submission = {
        .url = tamis_options_text(options, "coordinator"),
        .security = &security,
        .job = &what->job,
        .is_data_kept = tamis_options_flag(options, "keep-work"),
        .is_detached = true,
        .give_up_ms = tamis_options_uint(options, "give-up"),
    };

    tamis_quality_print_skipped("tamis submit", what->job.quality_skipped, stderr);
    if (status == TAMIS_OK) {
        status = tamis_run_job_prepare(what, options, &out_state, err);
    }
    if (status == TAMIS_OK && out_state == TAMIS_OUT_DONE) {
        (void)fprintf(stderr, "tamis submit: %s is complete already; nothing was done\n",
                      what->out_path);
        return print_id(what->id, what->out_path, true, is_json, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_cluster_submit(&submission, status_of, err);
    }
    explicit_bzero(&security, sizeof(security));
    return status == TAMIS_OK ? print_id(status_of->job_id, what->out_path, false, is_json, err)
                              : status;
}

int tamis_cmd_submit(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    tamis_run_job *what = calloc(1, sizeof(*what));
    tamis_run_status *status_of = calloc(1, sizeof(*status_of));
    tamis_err err = {.status = TAMIS_OK};
    int code = TAMIS_EXIT_FAILED;

    if (what == NULL || status_of == NULL) {
        (void)fprintf(stderr, "tamis submit: out of memory\n");
        free(what);
        free(status_of);
        return TAMIS_EXIT_FAILED;
    }
    tamis_run_job_init(what);
    if (tamis_options_start(&tamis_submit_table, argument_count, arguments, environ, stdout, stderr,
                            &options, &code)) {
        if (tamis_run_job_settings(what, options, &err) != TAMIS_OK) {
            (void)fprintf(stderr, "tamis submit: %s\nTry 'tamis submit --help'.\n", err.text);
            code = TAMIS_EXIT_USAGE;
        } else if (submit(options, what, status_of, &err) != TAMIS_OK) {
            (void)fprintf(stderr, "tamis submit: %s\n", err.text);
            code = err.status == TAMIS_EPEER ? TAMIS_EXIT_PEER : TAMIS_EXIT_FAILED;
        } else {
            code = TAMIS_EXIT_DONE;
        }
    }
    tamis_run_job_fini(what);
    tamis_options_destroy(options);
    free(what);
    free(status_of);
    return code;
}
