/* SPDX-License-Identifier: Apache-2.0 */
/* tamis pause, resume, cancel: what is to become of a job. */
#include <stdio.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "status_print.h"

static const tamis_option order_options[] = {
    TAMIS_CLUSTER_OPTIONS,
    TAMIS_JSON_OPTION,
};

#define ORDER_TABLE(name, phrase, text, example)                                                   \
    {                                                                                              \
        .program = "tamis " name, .operands = "JOB", .operands_min = 1, .operands_max = 1,         \
        .summary = phrase, .description = text, .examples = example,                               \
        .exit_codes = TAMIS_CLUSTER_EXIT_CODES, .options = order_options,                          \
        .option_count = sizeof(order_options) / sizeof(order_options[0]),                          \
    }

#define NAMING                                                                                     \
    "\n\nJOB is an id, the beginning of one, the path of its OUT, or 'last' for the one that was " \
    "submitted last."

const tamis_option_table tamis_pause_table = ORDER_TABLE(
    "pause", "let a job rest",
    "Takes the job's running tasks back from the workers; what is finished stays. The next job in "
    "the list may run meanwhile. 'tamis resume' goes on." NAMING,
    "tamis pause last");

const tamis_option_table tamis_resume_table = ORDER_TABLE(
    "resume", "go on with a job that rests",
    "Goes on with a job that was paused, was canceled or has failed. Finished tasks are not "
    "repeated." NAMING,
    "tamis resume 3f9a");

const tamis_option_table tamis_cancel_table = ORDER_TABLE(
    "cancel", "stop a job",
    "Stops the job. What is finished stays: submitting the same again, or 'tamis resume', goes on "
    "from there." NAMING,
    "tamis cancel /shared/clean");

static tamis_status give_order(const tamis_options *options, tamis_message_kind kind,
                               tamis_err *err)
{
    const char *const *operands = NULL;
    tamis_control *control = NULL;
    tamis_job_list list = {.row_count = 0};
    const tamis_job_row *row = NULL;
    tamis_message order = {.kind = kind};
    tamis_message *answer = NULL;
    tamis_status status = tamis_cluster_connect(options, NULL, &control, err);

    (void)tamis_options_operands(options, &operands);
    if (status == TAMIS_OK) {
        status = tamis_job_list_get(control, &list, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_job_list_find(&list, operands[0], &row, err);
    }
    if (status == TAMIS_OK) {
        (void)snprintf(order.job, sizeof(order.job), "%s", row->id);
        status = tamis_control_ask(control, &order, TAMIS_MESSAGE_STATUS, &answer, err);
    }
    if (status == TAMIS_OK && tamis_options_flag(options, "json")) {
        status = tamis_status_print_json(stdout, answer->body.status, NULL, NULL, err);
    } else if (status == TAMIS_OK) {
        (void)printf("%s %s\n", order.job, tamis_run_state_name(answer->body.status->state));
    }
    tamis_message_destroy(answer);
    tamis_job_list_free(&list);
    tamis_control_close(control);
    return status;
}

static int run_order(const tamis_option_table *table, tamis_message_kind kind, int argument_count,
                     char **arguments)
{
    tamis_options *options = NULL;
    tamis_err err = {.status = TAMIS_OK};
    int code = TAMIS_EXIT_DONE;

    if (!tamis_options_start(table, argument_count, arguments, environ, stdout, stderr, &options,
                             &code)) {
        return code;
    }
    code = give_order(options, kind, &err) == TAMIS_OK ? TAMIS_EXIT_DONE
                                                       : tamis_cluster_fail(table->program, &err);
    tamis_options_destroy(options);
    return code;
}

int tamis_cmd_pause(int argument_count, char **arguments)
{
    return run_order(&tamis_pause_table, TAMIS_MESSAGE_PAUSE, argument_count, arguments);
}

int tamis_cmd_resume(int argument_count, char **arguments)
{
    return run_order(&tamis_resume_table, TAMIS_MESSAGE_RESUME, argument_count, arguments);
}

int tamis_cmd_cancel(int argument_count, char **arguments)
{
    return run_order(&tamis_cancel_table, TAMIS_MESSAGE_CANCEL, argument_count, arguments);
}
