/* SPDX-License-Identifier: Apache-2.0 */
/* tamis sample: removed documents beside their witnesses. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "progress.h"
#include "run_options.h"
#include "sample.h"

static const tamis_option sample_options[] = {
    {.name = "reason",
     .short_name = 'r',
     .type = TAMIS_OPTION_TEXT,
     .value_name = "REASON",
     .default_shown = "every removed document",
     .group = "Which documents",
     .help = "url, exact, near, a reason of the profile (gopher_short_doc, ...), or the code of a "
             "fault "
             "(invalid_json, ...)"},
    {.name = "count",
     .short_name = 'n',
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = "20",
     .min = 1,
     .max = TAMIS_SAMPLE_COUNT_MAX,
     .group = "Which documents",
     .help = "how many"},
    {.name = "seed",
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = "1",
     .min = 0,
     .max = INT64_MAX,
     .group = "Which documents",
     .help = "another seed is another sample; a larger sample holds the smaller ones of its seed"},
    {.name = "bytes",
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = "600",
     .min = 1,
     .max = TAMIS_SAMPLE_BYTES_MAX,
     .group = "Messages",
     .help = "bytes of text shown of each, around the first differences"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object a line for each"},
    {.name = "color",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = tamis_color_choices,
     .group = "Messages",
     .help = "use color on stdout: when it is a terminal, always, never; NO_COLOR turns it off"},
};

const tamis_option_table tamis_sample_table = {
    .program = "tamis sample",
    .operands = "OUT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "show removed documents beside their witnesses",
    .description =
        "Shows documents that were removed, chosen by chance but the same ones each time, beside "
        "the kept document that stands for each: [-what only the removed one has-] {+what only "
        "its witness has+}. The texts are read from the inputs again.\n"
        "\n"
        "This is the only command that prints the text of documents.",
    .examples = "tamis sample clean --reason near -n 20\n"
                "tamis sample clean --reason near --seed 2 --bytes 2000 --color always | less -R",
    .exit_codes = "0  done, also when there is none\n"
                  "1  OUT cannot be read\n"
                  "2  usage, unknown reason",
    .options = sample_options,
    .option_count = sizeof(sample_options) / sizeof(sample_options[0]),
};

static bool wants_color(const tamis_options *options)
{
    const char *no_color = getenv("NO_COLOR");

    switch ((tamis_color_mode)tamis_options_choice(options, "color")) {
    case TAMIS_COLOR_AUTO:
        return isatty(STDOUT_FILENO) != 0 && (no_color == NULL || no_color[0] == '\0');
    case TAMIS_COLOR_ALWAYS:
        return true;
    case TAMIS_COLOR_NEVER:
        return false;
    }
    return false;
}

static int sample(const tamis_options *options)
{
    const char *const *operands = NULL;
    tamis_sample_options what = {
        .reason = tamis_options_text(options, "reason"),
        .count = tamis_options_uint(options, "count"),
        .seed = tamis_options_uint(options, "seed"),
        .shown_bytes = tamis_options_uint(options, "bytes"),
        .is_json = tamis_options_flag(options, "json"),
        .has_color = wants_color(options),
    };
    uint64_t shown = 0;
    uint64_t found = 0;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;

    (void)tamis_options_operands(options, &operands);
    what.out_path = operands[0];
    status = tamis_sample(&what, stdout, &shown, &found, &err);
    if (status == TAMIS_EARG) {
        (void)fprintf(stderr, "tamis sample: --reason: %s\nTry 'tamis sample --help'.\n", err.text);
        return TAMIS_EXIT_USAGE;
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis sample: %s\n", err.text);
        return TAMIS_EXIT_FAILED;
    }
    if (found == 0) {
        (void)fprintf(stderr, "tamis sample: no document was removed%s%s\n",
                      what.reason == NULL ? "" : " with the reason ",
                      what.reason == NULL ? "" : what.reason);
    }
    return TAMIS_EXIT_DONE;
}

int tamis_cmd_sample(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_sample_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    code = sample(options);
    tamis_options_destroy(options);
    return code;
}
