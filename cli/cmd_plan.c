/* SPDX-License-Identifier: Apache-2.0 */
/* tamis plan: what a run will take. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "estimate.h"
#include "run_options.h"
#include "tamis/path.h"
#include "tamis/reader.h"

static const tamis_option plan_options[] = {
    TAMIS_RUN_DECIDING_OPTIONS,
    {.name = "workers",
     .short_name = 'j',
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_shown = "number of processors",
     .min = 1,
     .max = 1 << 20,
     .group = "Resources",
     .help = "workers of the run, each with a processor of its own"},
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_shown = "half of the machine's",
     .min = 32 << 20,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "--memory of the run"},
    {.name = "sample-size",
     .type = TAMIS_OPTION_BYTES,
     .default_text = "48MiB",
     .min = 65536,
     .max = INT64_MAX,
     .group = "Estimate",
     .help = "read about so many stored bytes, from a dozen places"},
    {.name = "seed",
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = "1",
     .min = 0,
     .max = INT64_MAX,
     .group = "Estimate",
     .help = "another seed reads other places"},
    {.name = "temp",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FOLDER",
     .default_shown = "$TMPDIR or /tmp",
     .group = "Estimate",
     .help = "where the sample's output is written, and removed again"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object"},
};

const tamis_option_table tamis_plan_table = {
    .program = "tamis plan",
    .operands = "INPUT...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "estimate disk, memory and time of a run from a sample",
    .description =
        "Finds the inputs as `tamis run` does, puts a sample of them through the same work, and "
        "estimates what the whole run will take with these options. Nothing is kept.\n"
        "\n"
        "How much is duplicated cannot be told from a sample: the output is given as if nothing "
        "were removed.",
    .examples = "tamis plan shards/*.jsonl.zst\n"
                "tamis plan --workers 64 --levels url,exact,near --json dump/",
    .exit_codes = "0  done\n"
                  "1  the inputs cannot be read\n"
                  "2  usage",
    .options = plan_options,
    .option_count = sizeof(plan_options) / sizeof(plan_options[0]),
};

static uint32_t workers_of(const tamis_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return tamis_options_is_given(options, "workers")
               ? (uint32_t)tamis_options_uint(options, "workers")
               : (uint32_t)(processors > 0 ? processors : 1);
}

static uint64_t memory_of(const tamis_options *options)
{
    return tamis_options_is_given(options, "memory")
               ? tamis_options_uint(options, "memory")
               : (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
}

static tamis_status plan_in(const tamis_options *options, const tamis_settings *settings,
                            const char *temp_folder, tamis_err *err)
{
    const char *const *operands = NULL;
    const char *const *against = NULL;
    tamis_discover_options discover = {
        .path_count = tamis_options_operands(options, &operands),
        .against_count = tamis_options_list(options, "against", &against),
        .priority_file = tamis_options_text(options, "priority"),
    };
    tamis_plan plan = {0};
    tamis_estimate_options estimate = {
        .settings = settings,
        .plan = &plan,
        .workers = workers_of(options),
        .memory_bytes = memory_of(options),
        .sample_bytes = tamis_options_uint(options, "sample-size"),
        .seed = tamis_options_uint(options, "seed"),
        .temp_folder = temp_folder,
        .is_json = tamis_options_flag(options, "json"),
    };
    tamis_status status = TAMIS_OK;

    discover.paths = operands;
    discover.against = against;
    status = tamis_discover(settings, &discover, &plan, err);
    if (status == TAMIS_OK) {
        status = tamis_estimate_run(&estimate, stdout, err);
    }
    tamis_plan_fini(&plan);
    return status;
}

static int plan(const tamis_options *options)
{
    const char *const *operands = NULL;
    const char *base = tamis_options_text(options, "temp");
    const char *environment = getenv("TMPDIR");
    char temp[TAMIS_PATH_MAX];
    tamis_settings settings;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;
    size_t count = tamis_options_operands(options, &operands);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(operands[i], "-") == 0) {
            (void)fprintf(stderr, "tamis plan: standard input can only be read once; name files\n"
                                  "Try 'tamis plan --help'.\n");
            return TAMIS_EXIT_USAGE;
        }
    }
    if (tamis_run_settings(options, &settings, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "tamis plan: %s\nTry 'tamis plan --help'.\n", err.text);
        return TAMIS_EXIT_USAGE;
    }
    if (base == NULL) {
        base = environment != NULL && environment[0] != '\0' ? environment : "/tmp";
    }
    (void)snprintf(temp, sizeof(temp), "%s/tamis-plan-XXXXXX", base);
    if (mkdtemp(temp) == NULL) {
        (void)fprintf(stderr, "tamis plan: %s: cannot make a temporary folder\n", temp);
        return TAMIS_EXIT_FAILED;
    }
    status = plan_in(options, &settings, temp, &err);
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis plan: %s\n", err.text);
    }
    if (tamis_path_remove(temp, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "tamis plan: %s\n", err.text);
    }
    return status == TAMIS_OK ? TAMIS_EXIT_DONE : TAMIS_EXIT_FAILED;
}

int tamis_cmd_plan(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_plan_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    code = plan(options);
    tamis_options_destroy(options);
    return code;
}
