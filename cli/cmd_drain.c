/* SPDX-License-Identifier: Apache-2.0 */
/* tamis drain: lets a worker end without loss. */
#include <stdio.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "tamis/json_out.h"

static const tamis_option drain_options[] = {
    {.name = "now",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "How",
     .help =
         "let it end as soon as its running tasks have ended; results that nobody else can read "
         "are made again"},
    {.name = "undo",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "How",
     .help = "give it tasks again, as long as it has not ended"},
    TAMIS_CLUSTER_OPTIONS,
    TAMIS_JSON_OPTION,
};

const tamis_option_table tamis_drain_table = {
    .program = "tamis drain",
    .operands = "WORKER",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "let a worker end without loss",
    .description =
        "The worker gets no more tasks and finishes those that it runs. It goes on serving its "
        "results to the others until no job needs them, and then ends with exit code 0.\n"
        "\n"
        "WORKER is a name as 'tamis status' shows it.",
    .examples = "tamis drain node7-data\n"
                "tamis drain --now node7-data",
    .exit_codes = TAMIS_CLUSTER_EXIT_CODES,
    .options = drain_options,
    .option_count = sizeof(drain_options) / sizeof(drain_options[0]),
};

static tamis_status print_answer(const tamis_message *answer, bool is_json, const char *worker,
                                 tamis_err *err)
{
    tamis_buf bytes;
    tamis_json json;
    tamis_status status = TAMIS_OK;

    if (!is_json) {
        (void)printf("%s\n", answer->body.answer.text);
        return TAMIS_OK;
    }
    tamis_buf_init(&bytes, 0);
    tamis_json_init(&json, &bytes);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", 1);
    tamis_json_text(&json, "worker", worker);
    tamis_json_uint(&json, "workers", answer->body.answer.count);
    tamis_json_text(&json, "text", answer->body.answer.text);
    tamis_json_end_object(&json);
    status = tamis_json_finish(&json);
    if (status == TAMIS_OK) {
        (void)printf("%.*s\n", (int)bytes.size, (const char *)bytes.data);
    } else {
        (void)tamis_err_set(err, status, "no memory to print the answer");
    }
    tamis_buf_fini(&bytes);
    return status;
}

static tamis_status drain(const tamis_options *options, tamis_err *err)
{
    const char *const *operands = NULL;
    tamis_control *control = NULL;
    tamis_message order = {.kind = TAMIS_MESSAGE_DRAIN};
    tamis_message *answer = NULL;
    tamis_status status = tamis_cluster_connect(options, NULL, &control, err);

    (void)tamis_options_operands(options, &operands);
    order.body.drain.worker = operands[0];
    order.body.drain.is_now = tamis_options_flag(options, "now");
    order.body.drain.is_undo = tamis_options_flag(options, "undo");
    if (status == TAMIS_OK) {
        status = tamis_control_ask(control, &order, TAMIS_MESSAGE_ANSWER, &answer, err);
    }
    if (status == TAMIS_OK && answer->body.answer.status != TAMIS_OK) {
        status = tamis_err_set(err, answer->body.answer.status, "%s", answer->body.answer.text);
    }
    if (status == TAMIS_OK) {
        status = print_answer(answer, tamis_options_flag(options, "json"), operands[0], err);
    }
    tamis_message_destroy(answer);
    tamis_control_close(control);
    return status;
}

int tamis_cmd_drain(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    tamis_err err = {.status = TAMIS_OK};
    int code = TAMIS_EXIT_DONE;

    if (!tamis_options_start(&tamis_drain_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    if (tamis_options_flag(options, "now") && tamis_options_flag(options, "undo")) {
        (void)fprintf(stderr, "tamis drain: --now and --undo exclude each other\n"
                              "Try 'tamis drain --help'.\n");
        code = TAMIS_EXIT_USAGE;
    } else {
        code = drain(options, &err) == TAMIS_OK ? TAMIS_EXIT_DONE
                                                : tamis_cluster_fail("tamis drain", &err);
    }
    tamis_options_destroy(options);
    return code;
}
