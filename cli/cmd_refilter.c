/* SPDX-License-Identifier: Apache-2.0 */
/* tamis refilter: new verdicts from stored signals. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "quality_options.h"
#include "refilter.h"
#include "run_flow.h"
#include "run_options.h"

static const tamis_option refilter_options[] = {
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .value_name = "NEW",
     .group = "Output",
     .help = "folder of a new result, made from what a run with --keep-work left; an unfinished "
             "one in it is gone on with. Without it nothing is written but the table"},
    {.name = "list",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Output",
     .help = "without -o: print a line of JSON for each document that is promoted or demoted"},
    TAMIS_QUALITY_OPTIONS,
    TAMIS_RUN_WORKERS_OPTION,
    TAMIS_RUN_MEMORY_OPTION,
    TAMIS_RUN_TIMEOUT_OPTION,
    {.name = "keep-work",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Resources",
     .help = "with -o: leave run files in NEW/.work, to refilter NEW in its turn"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object: the table, or with -o the report"},
    TAMIS_RUN_MESSAGE_OPTIONS,
};

const tamis_option_table tamis_refilter_table = {
    .program = "tamis refilter",
    .operands = "OUT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "give new verdicts from stored signals",
    .description =
        "Judges the documents of a finished run by another profile, or by the same one with other "
        "options, from the values that the run stored. No text is graded again.\n"
        "\n"
        "Prints who would be promoted (dropped in the run, passes now) and demoted, by reason and "
        "by input, and writes nothing. With -o NEW the run, which must have been made with "
        "--keep-work, is repeated from its run files: NEW has the bytes that `tamis run` with the "
        "new profile, the run's other options and its inputs would have written. The inputs must "
        "still be there: records are copied from them.\n"
        "\n"
        "Rules on stored signals and languages can change. Steps that edit or search the text "
        "must be the same, in the same order, with the same models and lists; what was not stored "
        "is named and refused. `tamis run --signals all` stores all signals of the text.",
    .examples = "tamis run -o clean --quality gopher-paper --signals all --keep-work shards/\n"
                "tamis refilter clean --quality stricter.yaml\n"
                "tamis refilter clean --quality stricter.yaml --list | head\n"
                "tamis refilter clean --quality stricter.yaml -o cleaner",
    .exit_codes = "0  done\n"
                  "1  failed; the message says why\n"
                  "2  usage, or what the run stored does not suffice\n"
                  "3  done, but records or inputs were set aside (with -o; see report.json)\n"
                  "128+n  ended by signal n; the same command goes on",
    .options = refilter_options,
    .option_count = sizeof(refilter_options) / sizeof(refilter_options[0]),
};

static int usage(const tamis_err *err)
{
    (void)fprintf(stderr, "tamis refilter: %s\nTry 'tamis refilter --help'.\n", err->text);
    return TAMIS_EXIT_USAGE;
}

static int show(const tamis_options *options, const char *out_path)
{
    tamis_refilter_form form = tamis_options_flag(options, "list")   ? TAMIS_REFILTER_LIST
                               : tamis_options_flag(options, "json") ? TAMIS_REFILTER_JSON
                                                                     : TAMIS_REFILTER_TABLE;
    tamis_refilter_source source = {0};
    tamis_err err = {0};
    tamis_status status = tamis_refilter_open(out_path, options, &source, &err);

    if (status == TAMIS_OK) {
        if (!tamis_options_flag(options, "quiet")) {
            tamis_quality_print_skipped("tamis refilter", source.skipped, stderr);
        }
        status = tamis_refilter_show(&source, out_path, form, stdout, &err);
    }
    tamis_refilter_close(&source);
    if (status == TAMIS_OK) {
        return TAMIS_EXIT_DONE;
    }
    if (status == TAMIS_EARG) {
        return usage(&err);
    }
    (void)fprintf(stderr, "tamis refilter: %s\n", err.text);
    return TAMIS_EXIT_FAILED;
}

static int make_new(const tamis_options *options, const char *out_path)
{
    tamis_run_flow *flow = calloc(1, sizeof(*flow));
    tamis_out_state out_state = TAMIS_OUT_NEW;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;
    int code = TAMIS_EXIT_FAILED;

    if (flow == NULL) {
        (void)fprintf(stderr, "tamis refilter: out of memory\n");
        return TAMIS_EXIT_FAILED;
    }
    tamis_run_flow_init(flow, "tamis refilter", options);
    status = tamis_run_job_adopt(&flow->what, out_path, options, &err);
    if (status == TAMIS_EARG) {
        code = usage(&err);
    } else {
        if (status == TAMIS_OK && !flow->is_quiet) {
            tamis_quality_print_skipped("tamis refilter", flow->what.job.quality_skipped, stderr);
        }
        status = status == TAMIS_OK ? tamis_run_flow_go(flow, &out_state, &err) : status;
        code = tamis_run_flow_exit(flow, status, out_state, &err);
    }
    tamis_run_flow_fini(flow);
    free(flow);
    return code;
}

int tamis_cmd_refilter(int argument_count, char **arguments)
{
    const char *const *operands = NULL;
    tamis_options *options = NULL;
    tamis_err err = {0};
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_refilter_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    (void)tamis_options_operands(options, &operands);
    if (tamis_options_text(options, "output") == NULL) {
        code = show(options, operands[0]);
    } else if (tamis_options_flag(options, "list")) {
        (void)tamis_err_set(&err, TAMIS_EARG, "--list is for counting; leave out -o, or --list");
        code = usage(&err);
    } else {
        code = make_new(options, operands[0]);
    }
    tamis_options_destroy(options);
    return code;
}
