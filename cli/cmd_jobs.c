/* SPDX-License-Identifier: Apache-2.0 */
/* tamis jobs: what a coordinator has to do, does and has done. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "run_view.h"
#include "status_print.h"

static const tamis_option jobs_options[] = {
    TAMIS_CLUSTER_OPTIONS,
    TAMIS_JSON_OPTION,
};

const tamis_option_table tamis_jobs_table = {
    .program = "tamis jobs",
    .summary = "list the jobs of a coordinator",
    .description =
        "Lists the jobs that the coordinator knows in the order of their submission: waiting, "
        "running, paused, and those that ended lately. One job runs at a time.",
    .examples = "tamis jobs --coordinator tcp://10.0.0.1:7600\n"
                "tamis jobs --json | jq '.jobs[] | select(.state == \"failed\")'",
    .exit_codes = TAMIS_CLUSTER_EXIT_CODES,
    .options = jobs_options,
    .option_count = sizeof(jobs_options) / sizeof(jobs_options[0]),
};

static void print_row(const tamis_job_row *row)
{
    char stage[32] = "";
    char time[32];

    tamis_format_duration(row->elapsed_ms / 1000, time, sizeof(time));
    if (row->state != TAMIS_RUN_DONE && row->stage < row->stage_count) {
        (void)snprintf(stage, sizeof(stage), "%s %" PRIu32 "/%" PRIu32,
                       tamis_stage_kind_name(row->stage_kind), row->tasks_done, row->task_count);
    }
    (void)printf("%s  %-9s %9s  %-22s %s\n", row->id, tamis_run_state_name(row->state), time, stage,
                 row->output);
    if (row->fault != TAMIS_OK) {
        (void)printf("                  %s\n", row->fault_text);
    }
}

static tamis_status print_jobs(const tamis_options *options, tamis_err *err)
{
    tamis_control *control = NULL;
    tamis_job_list list = {.row_count = 0};
    tamis_status status = tamis_cluster_connect(options, NULL, &control, err);

    if (status == TAMIS_OK) {
        status = tamis_job_list_get(control, &list, err);
    }
    if (status == TAMIS_OK && tamis_options_flag(options, "json")) {
        status = tamis_status_print_json(stdout, NULL, &list, NULL, err);
    } else if (status == TAMIS_OK && list.row_count != 0) {
        (void)printf("%-16s  %-9s %9s  %-22s %s\n", "job", "state", "time", "stage", "out");
        for (size_t i = 0; i < list.row_count; i++) {
            print_row(&list.rows[i]);
        }
    } else if (status == TAMIS_OK) {
        (void)fputs("tamis jobs: the coordinator has no job\n", stderr);
    }
    tamis_job_list_free(&list);
    tamis_control_close(control);
    return status;
}

int tamis_cmd_jobs(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    tamis_err err = {.status = TAMIS_OK};
    int code = TAMIS_EXIT_DONE;

    if (!tamis_options_start(&tamis_jobs_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    code = print_jobs(options, &err) == TAMIS_OK ? TAMIS_EXIT_DONE
                                                 : tamis_cluster_fail("tamis jobs", &err);
    tamis_options_destroy(options);
    return code;
}
