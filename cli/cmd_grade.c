/* SPDX-License-Identifier: Apache-2.0 */
/* tamis grade: signals of documents, without a run. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "grade.h"
#include "quality_options.h"
#include "tamis/signals.h"

static const char *const format_choices[] = {"signals", "rpv2", "dolma", NULL};

static const tamis_option grade_options[] = {
    TAMIS_QUALITY_OPTIONS,
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FILE",
     .default_shown = "stdout",
     .group = "Output",
     .help = "where the lines go; compressed when it ends in .gz or .zst"},
    {.name = "format",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "signals",
     .choices = format_choices,
     .group = "Output",
     .help = "numbers by name, the layout of RedPajama-V2, or attributes of dolma"},
    {.name = "summary",
     .type = TAMIS_OPTION_FLAG,
     .default_shown = "when stderr is a terminal",
     .group = "Output",
     .help = "print counts and percentiles on stderr"},
    {.name = "summary-json",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FILE",
     .group = "Output",
     .help = "write counts and percentiles of all, by source and by language"},
    {.name = "by",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "NAME",
     .default_shown = "the input",
     .group = "Output",
     .help = "the source of a document is the value of this field"},
    {.name = "text-field",
     .type = TAMIS_OPTION_TEXT,
     .default_text = "text",
     .value_name = "NAME",
     .group = "Inputs",
     .help = "field of the text"},
    {.name = "id-field",
     .type = TAMIS_OPTION_TEXT,
     .default_text = "id",
     .value_name = "NAME",
     .group = "Inputs",
     .help = "field of the id"},
    {.name = "limit",
     .type = TAMIS_OPTION_UINT,
     .default_text = "0",
     .min = 0,
     .max = INT64_MAX,
     .group = "Inputs",
     .help = "records of each input; 0: all"},
    {.name = "workers",
     .short_name = 'j',
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_shown = "number of processors",
     .min = 1,
     .max = 1024,
     .group = "Resources",
     .help = "threads"},
    {.name = "list-profiles",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
     .group = "Lists",
     .help = "print the names of the built-in profiles"},
    {.name = "list-signals",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
     .group = "Lists",
     .help = "print all signals with their definitions"},
    {.name = "print-profile",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
     .group = "Lists",
     .help = "print the profile with everything that the options bring in, as YAML"},
};

const tamis_option_table tamis_grade_table = {
    .program = "tamis grade",
    .operands = "INPUT...",
    .operands_min = 0,
    .operands_max = SIZE_MAX,
    .summary = "print quality signals of documents",
    .description =
        "Computes the signals of every document and prints one JSON object a line, in the order of "
        "the inputs; nothing is removed. With --quality each line has the reason of the first rule "
        "that the document fails (null: none). Without it all signals are computed that need no "
        "model or list.\n"
        "\n"
        "The lines and the sums are the same for any number of --workers.",
    .examples = "tamis grade shards/*.jsonl.zst -o signals.jsonl.zst --summary\n"
                "tamis grade --quality fineweb-v1 --summary-json sums.json dump/ -o /dev/null\n"
                "tamis grade --quality gopher-paper --print-profile",
    .exit_codes = "0  done\n"
                  "1  failed; the message says why\n"
                  "2  usage, unknown profile or signal\n"
                  "3  done, but some input was set aside",
    .options = grade_options,
    .option_count = sizeof(grade_options) / sizeof(grade_options[0]),
};

static int usage(const char *text)
{
    (void)fprintf(stderr, "tamis grade: %s\nTry 'tamis grade --help'.\n", text);
    return TAMIS_EXIT_USAGE;
}

static int failed(const tamis_err *err)
{
    (void)fprintf(stderr, "tamis grade: %s\n", err->text);
    return TAMIS_EXIT_FAILED;
}

static int list_profiles(void)
{
    const char *const *names = tamis_quality_profile_names();

    for (size_t i = 0; names[i] != NULL; i++) {
        (void)puts(names[i]);
    }
    return TAMIS_EXIT_DONE;
}

static int list_signals(void)
{
    for (size_t i = 0; i < tamis_signal_count(); i++) {
        const tamis_signal *signal = tamis_signal_get(i);

        (void)printf("%-60s %s\n", signal->name, signal->definition);
    }
    return TAMIS_EXIT_DONE;
}

static bool take_field(const tamis_options *options, const char *name, char *out)
{
    const char *text = tamis_options_text(options, name);

    return text == NULL ||
           (text[0] != '\0' && snprintf(out, TAMIS_FIELD_SIZE, "%s", text) < TAMIS_FIELD_SIZE);
}

static bool take_settings(const tamis_options *options, tamis_settings *out_settings)
{
    tamis_settings_defaults(out_settings);
    out_settings->limit = tamis_options_uint(options, "limit");
    if (tamis_options_text(options, "by") != NULL) {
        out_settings->scope = TAMIS_SCOPE_FIELD;
    }
    return take_field(options, "text-field", out_settings->text_field) &&
           take_field(options, "id-field", out_settings->id_field) &&
           take_field(options, "by", out_settings->scope_field);
}

static tamis_status print_sums(const tamis_options *options, const tamis_grade_result *result,
                               tamis_err *err)
{
    const char *path = tamis_options_text(options, "summary-json");
    bool is_shown = tamis_options_is_given(options, "summary")
                        ? tamis_options_flag(options, "summary")
                        : isatty(STDERR_FILENO) != 0;
    tamis_status status = TAMIS_OK;

    if (is_shown) {
        status = tamis_grade_result_print(result, stderr, err);
    }
    return status == TAMIS_OK && path != NULL ? tamis_grade_result_write(result, path, err)
                                              : status;
}

static int grade_plan(const tamis_options *options, const tamis_quality *quality,
                      const tamis_settings *settings, const tamis_plan *plan)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    tamis_grade_options what = {
        .quality = quality,
        .plan = plan,
        .settings = settings,
        .format = (tamis_grade_format)tamis_options_choice(options, "format"),
        .has_verdict = tamis_quality_options_ask(options),
        .output = tamis_options_text(options, "output"),
        .threads = tamis_options_is_given(options, "workers")
                       ? (uint32_t)tamis_options_uint(options, "workers")
                       : (uint32_t)(processors > 0 ? processors : 1),
        .is_shown = isatty(STDERR_FILENO) != 0,
        .is_terminal = isatty(STDERR_FILENO) != 0,
    };
    tamis_grade_result *result = NULL;
    tamis_err err = {0};
    int code = TAMIS_EXIT_DONE;

    if (tamis_grade_run(&what, &result, &err) != TAMIS_OK ||
        print_sums(options, result, &err) != TAMIS_OK) {
        code = failed(&err);
    } else if (tamis_grade_result_set_aside(result) != 0) {
        tamis_grade_result_print_faults(result, stderr);
        code = TAMIS_EXIT_SET_ASIDE;
    }
    tamis_grade_result_destroy(result);
    return code;
}

static int grade_inputs(const tamis_options *options, const tamis_quality *quality)
{
    const char *const *operands = NULL;
    tamis_discover_options discover = {.path_count = tamis_options_operands(options, &operands)};
    tamis_settings settings;
    tamis_plan plan = {0};
    tamis_err err = {0};
    int code = TAMIS_EXIT_DONE;

    if (discover.path_count == 0) {
        return usage("name the inputs");
    }
    discover.paths = operands;
    if (!take_settings(options, &settings)) {
        return usage(
            "--text-field, --id-field, --by: take a name that is not empty and not too long");
    }
    code = tamis_discover(&settings, &discover, &plan, &err) == TAMIS_OK
               ? grade_plan(options, quality, &settings, &plan)
               : failed(&err);
    tamis_plan_fini(&plan);
    return code;
}

static int grade_by(const tamis_options *options, const char *spec)
{
    tamis_quality *quality = NULL;
    tamis_err err = {0};
    int code = TAMIS_EXIT_DONE;

    if (tamis_options_flag(options, "print-profile")) {
        (void)fputs(spec, stdout);
        return TAMIS_EXIT_DONE;
    }
    if (tamis_quality_open(tamis_slice_of_string(spec), NULL, &quality, &err) != TAMIS_OK) {
        return failed(&err);
    }
    code = grade_inputs(options, quality);
    tamis_quality_close(quality);
    return code;
}

static int grade(const tamis_options *options)
{
    char *spec = NULL;
    char *skipped = NULL;
    tamis_err err = {0};
    int code = TAMIS_EXIT_DONE;

    if (tamis_options_flag(options, "list-profiles")) {
        return list_profiles();
    }
    if (tamis_options_flag(options, "list-signals")) {
        return list_signals();
    }
    if (tamis_quality_options_resolve_all(options, &spec, &skipped, &err) != TAMIS_OK) {
        return err.status == TAMIS_EARG ? usage(err.text) : failed(&err);
    }
    tamis_quality_print_skipped("tamis grade", skipped, stderr);
    code = grade_by(options, spec);
    free(spec);
    free(skipped);
    return code;
}

int tamis_cmd_grade(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_grade_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    code = grade(options);
    tamis_options_destroy(options);
    return code;
}
