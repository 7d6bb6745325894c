/* SPDX-License-Identifier: Apache-2.0 */
/* tamis run: removes duplicates from a pile of shards, embedded or on a coordinator. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "quality_options.h"
#include "run_flow.h"
#include "run_options.h"

static const tamis_option run_options[] = {
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "OUT",
     .group = "Output",
     .help = "folder of the result; an unfinished run in it is gone on with"},
    TAMIS_RUN_DECIDING_OPTIONS,
    TAMIS_QUALITY_OPTIONS,
    TAMIS_RUN_WORKERS_OPTION,
    TAMIS_RUN_MEMORY_OPTION,
    {.name = "coordinator",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "URL",
     .group = "Resources",
     .help = "submit to this coordinator (tcp://host:port) instead of running here; inputs and OUT "
             "must be on a folder that its workers share"},
    {.name = "give-up",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "60s",
     .min = 100,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "with --coordinator: end with exit code 4 when it does not answer for so long"},
    TAMIS_RUN_TIMEOUT_OPTION,
    {.name = "keep-work",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Resources",
     .help = "leave run files and verified pairs in OUT/.work, for `tamis preview` and `tamis "
             "refilter`"},
    TAMIS_KEYS_OPTIONS("client"),
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print the report as JSON"},
    TAMIS_RUN_MESSAGE_OPTIONS,
};

const tamis_option_table tamis_run_table = {
    .program = "tamis run",
    .operands = "INPUT...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "remove exact duplicates and near-duplicates from shards",
    .description =
        "Reads JSONL, WARC, WET and text shards (plain, gzip, zstd), folders and globs of them, or "
        "standard input (-), and writes below OUT: documents/ with the records that are kept, byte "
        "for byte, plus one member `tamis`; attributes/ with one line for every record that was "
        "read and what was decided; report.json with sums; manifest.json with sizes and digests.\n"
        "\n"
        "A document is removed only for a witness that is kept itself and was verified. The result "
        "is the same, byte for byte, for any number of workers. A run that was interrupted goes on "
        "when it is started again with the same arguments.",
    .examples = "tamis run -o clean shards/*.jsonl.zst\n"
                "tamis run -o clean --levels url,exact,near --threshold 0.9 dump/\n"
                "tamis run -o new --against clean/documents dump-2/*.warc.wet.gz\n"
                "zcat more.jsonl.gz | tamis run -o out -",
    .exit_codes = "0  done\n"
                  "1  failed; the message says why, the same command goes on\n"
                  "2  usage\n"
                  "3  done, but records or inputs were set aside (see report.json)\n"
                  "4  the coordinator cannot be reached\n"
                  "128+n  ended by signal n; the same command goes on",
    .options = run_options,
    .option_count = sizeof(run_options) / sizeof(run_options[0]),
};

int tamis_cmd_run(int argument_count, char **arguments)
{
    tamis_run_flow *r = calloc(1, sizeof(*r));
    tamis_options *options = NULL;
    tamis_out_state out_state = TAMIS_OUT_NEW;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;
    int code = TAMIS_EXIT_FAILED;

    if (r == NULL) {
        (void)fprintf(stderr, "tamis run: out of memory\n");
        return TAMIS_EXIT_FAILED;
    }
    if (!tamis_options_start(&tamis_run_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        free(r);
        return code;
    }
    tamis_run_flow_init(r, "tamis run", options);
    r->is_remote = tamis_options_text(options, "coordinator") != NULL;
    status = tamis_run_job_settings(&r->what, options, &err);
    if (status == TAMIS_OK && r->is_remote) {
        status = tamis_cluster_keys(options, &r->security, &err);
    }
    if (status == TAMIS_EARG) {
        (void)fprintf(stderr, "tamis run: %s\nTry 'tamis run --help'.\n", err.text);
        code = TAMIS_EXIT_USAGE;
    } else {
        if (status == TAMIS_OK && !r->is_quiet) {
            tamis_quality_print_skipped("tamis run", r->what.job.quality_skipped, stderr);
        }
        status = status == TAMIS_OK ? tamis_run_flow_go(r, &out_state, &err) : status;
        code = tamis_run_flow_exit(r, status, out_state, &err);
    }
    tamis_run_flow_fini(r);
    tamis_options_destroy(options);
    free(r);
    return code;
}
