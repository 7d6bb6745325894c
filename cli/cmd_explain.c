/* SPDX-License-Identifier: Apache-2.0 */
/* tamis explain: the story of one document. */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "explain.h"

static const tamis_option explain_options[] = {
    {.name = "by-id",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Which document",
     .help = "take DOCUMENT as an id even if it has the form of an ord"},
    {.name = "limit",
     .short_name = 'n',
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = "20",
     .min = 0,
     .max = TAMIS_EXPLAIN_LIMIT_MAX,
     .group = "Messages",
     .help = "list so many of the documents that were dropped in its favor"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object"},
};

const tamis_option_table tamis_explain_table = {
    .program = "tamis explain",
    .operands = "OUT DOCUMENT",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "tell the story of one document",
    .description =
        "DOCUMENT is an id, or an ord such as 0.3.17 (dump, split, row; as in attributes/). Tells "
        "what was decided and why, where the record came from, which kept document stands for it "
        "and by which steps, and for a kept one which documents were dropped in its favor.\n"
        "\n"
        "Where several documents have the id they are listed, and the exit code is 1: name one by "
        "its ord.",
    .examples = "tamis explain clean cc-2024-10-0017\n"
                "tamis explain clean 0.3.17 --json",
    .exit_codes = "0  told\n"
                  "1  no such document, several of that id, or OUT cannot be read\n"
                  "2  usage",
    .options = explain_options,
    .option_count = sizeof(explain_options) / sizeof(explain_options[0]),
};

int tamis_cmd_explain(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    const char *const *operands = NULL;
    tamis_explain_options what = {0};
    uint64_t matches = 0;
    tamis_err err = {0};
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_explain_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    (void)tamis_options_operands(options, &operands);
    what.out_path = operands[0];
    what.wanted = operands[1];
    what.is_id = tamis_options_flag(options, "by-id");
    what.shown_limit = tamis_options_uint(options, "limit");
    what.is_json = tamis_options_flag(options, "json");
    if (tamis_explain(&what, stdout, &matches, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "tamis explain: %s\n", err.text);
        code = TAMIS_EXIT_FAILED;
    } else {
        code = matches == 1 ? TAMIS_EXIT_DONE : TAMIS_EXIT_FAILED;
    }
    tamis_options_destroy(options);
    return code;
}
