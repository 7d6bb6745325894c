/* SPDX-License-Identifier: Apache-2.0 */
/* tamis preview: what a stricter threshold would keep. */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "preview.h"

static const tamis_option preview_options[] = {
    {.name = "threshold",
     .short_name = 't',
     .type = TAMIS_OPTION_TEXT,
     .value_name = "T[,T...]",
     .default_shown = "that of the run",
     .group = "What if",
     .help = "least similarity of near-duplicates, at least that of the run; several give a table"},
    {.name = "min-containment",
     .type = TAMIS_OPTION_RATIO,
     .default_shown = "that of the run",
     .min = 0,
     .max = TAMIS_PPM,
     .group = "What if",
     .help = "least share of a removed text that its witness must have; the run must have counted "
             "it"},
    {.name = "work",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FOLDER",
     .default_shown = "OUT/.work/data/JOB",
     .group = "Resources",
     .help = "the run's work"},
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_text = "256MiB",
     .min = 16 << 20,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "buffers; two bits a document come on top"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object"},
};

const tamis_option_table tamis_preview_table = {
    .program = "tamis preview",
    .operands = "OUT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "count what a stricter threshold would keep",
    .description =
        "Resolves the verified pairs of a finished run again, without reading any text, as if the "
        "run had had another threshold or another --min-containment. The run must have been made "
        "with --keep-work. Only stricter settings can be answered: pairs below the run's own were "
        "not kept.\n"
        "\n"
        "The counts are those of a run with the same bands and --verify=text or signature. With "
        "--verify=auto they can differ a little: what the signature decided keeps its estimate.",
    .examples = "tamis run -o clean --keep-work --threshold 0.7 shards/*.jsonl.zst\n"
                "tamis preview clean --threshold 0.75,0.8,0.85,0.9",
    .exit_codes = "0  done\n"
                  "1  OUT or its work cannot be read\n"
                  "2  usage, or a setting that this run cannot answer",
    .options = preview_options,
    .option_count = sizeof(preview_options) / sizeof(preview_options[0]),
};

static int usage(const tamis_err *err)
{
    (void)fprintf(stderr, "tamis preview: %s\nTry 'tamis preview --help'.\n", err->text);
    return TAMIS_EXIT_USAGE;
}

static int preview(const tamis_options *options)
{
    const char *const *operands = NULL;
    const char *thresholds = tamis_options_text(options, "threshold");
    tamis_preview_options what = {
        .work_folder = tamis_options_text(options, "work"),
        .has_min_containment = tamis_options_is_given(options, "min-containment"),
        .min_containment_ppm = (uint32_t)tamis_options_uint(options, "min-containment"),
        .memory_bytes = tamis_options_uint(options, "memory"),
        .is_json = tamis_options_flag(options, "json"),
    };
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;

    (void)tamis_options_operands(options, &operands);
    what.out_path = operands[0];
    if (thresholds == NULL && !what.has_min_containment) {
        (void)tamis_err_set(&err, TAMIS_EARG, "give --threshold or --min-containment");
        return usage(&err);
    }
    if (thresholds != NULL && tamis_preview_parse_thresholds(thresholds, &what, &err) != TAMIS_OK) {
        tamis_err_context(&err, "--threshold");
        return usage(&err);
    }
    status = tamis_preview(&what, stdout, &err);
    if (status == TAMIS_OK) {
        return TAMIS_EXIT_DONE;
    }
    if (status == TAMIS_EARG) {
        return usage(&err);
    }
    (void)fprintf(stderr, "tamis preview: %s\n", err.text);
    return TAMIS_EXIT_FAILED;
}

int tamis_cmd_preview(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_preview_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    code = preview(options);
    tamis_options_destroy(options);
    return code;
}
