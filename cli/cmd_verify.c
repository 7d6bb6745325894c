/* SPDX-License-Identifier: Apache-2.0 */
/* tamis verify: is a result sound? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "tamis/json_out.h"
#include "tamis/path.h"
#include "verify.h"

#define SAMPLE_DEFAULT "1000"

static const tamis_option verify_options[] = {
    {.name = "all",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "What to check",
     .help = "compute the similarity of every removed document again"},
    {.name = "sample",
     .short_name = 'n',
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = SAMPLE_DEFAULT,
     .min = 0,
     .max = INT64_MAX,
     .group = "What to check",
     .help = "of about so many; 0: of none"},
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_text = "256MiB",
     .min = 16 << 20,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "most memory; what needs more goes to --temp"},
    {.name = "temp",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FOLDER",
     .default_shown = "$TMPDIR or /tmp",
     .group = "Resources",
     .help = "where to spill"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object"},
    {.name = "quiet",
     .short_name = 'q',
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print problems only"},
};

const tamis_option_table tamis_verify_table = {
    .program = "tamis verify",
    .operands = "OUT",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "check that a result is sound",
    .description =
        "Checks sizes and digests of manifest.json; kept + dropped + quarantined = read for every "
        "input; that every witness is kept and present; copies; that documents/ holds the kept "
        "records, in order, with the digests decided on; and computes similarities again from the "
        "texts of the inputs, for a sample or for --all.",
    .examples = "tamis verify clean\n"
                "tamis verify --all --memory 4GiB clean",
    .exit_codes = "0  the result is sound, whatever was set aside in it\n"
                  "1  it is not, or could not be checked; the messages name the places\n"
                  "2  usage",
    .options = verify_options,
    .option_count = sizeof(verify_options) / sizeof(verify_options[0]),
};

static void show_text(const tamis_verify_result *result, bool is_quiet)
{
    for (uint64_t i = 0; i < result->problems && i < TAMIS_PROBLEMS_SHOWN; i++) {
        (void)printf("problem: %s\n", result->shown[i]);
    }
    if (result->problems > TAMIS_PROBLEMS_SHOWN) {
        (void)printf("... and %" PRIu64 " more\n", result->problems - TAMIS_PROBLEMS_SHOWN);
    }
    if (is_quiet) {
        return;
    }
    (void)printf("%" PRIu64 " files, %" PRIu64 " records: %" PRIu64 " kept, %" PRIu64
                 " dropped, %" PRIu64 " quarantined; %" PRIu64 " similarities computed again\n",
                 result->files, result->rows, result->kept, result->dropped, result->quarantined,
                 result->similarities);
    if (result->unreadable != 0) {
        (void)printf("%" PRIu64 " could not be computed: their inputs are not there any more\n",
                     result->unreadable);
    }
    (void)printf(result->problems == 0 ? "sound\n" : "NOT sound: %" PRIu64 " problems\n",
                 result->problems);
}

static int show_json(const tamis_verify_result *result)
{
    tamis_buf bytes;
    tamis_json json;
    int code = TAMIS_EXIT_FAILED;

    tamis_buf_init(&bytes, 0);
    tamis_json_init(&json, &bytes);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", 1);
    tamis_json_bool(&json, "sound", result->problems == 0);
    tamis_json_uint(&json, "files", result->files);
    tamis_json_uint(&json, "read", result->rows);
    tamis_json_uint(&json, "kept", result->kept);
    tamis_json_uint(&json, "dropped", result->dropped);
    tamis_json_uint(&json, "quarantined", result->quarantined);
    tamis_json_uint(&json, "similarities", result->similarities);
    tamis_json_uint(&json, "unreadable", result->unreadable);
    tamis_json_uint(&json, "problem_count", result->problems);
    tamis_json_begin_array(&json, "problems");
    for (uint64_t i = 0; i < result->problems && i < TAMIS_PROBLEMS_SHOWN; i++) {
        tamis_json_text(&json, NULL, result->shown[i]);
    }
    tamis_json_end_array(&json);
    tamis_json_end_object(&json);
    if (tamis_json_finish(&json) == TAMIS_OK) {
        (void)printf("%.*s\n", (int)bytes.size, (const char *)bytes.data);
        code = result->problems == 0 ? TAMIS_EXIT_DONE : TAMIS_EXIT_FAILED;
    }
    tamis_buf_fini(&bytes);
    return code;
}

static const char *temp_base(const tamis_options *options)
{
    const char *given = tamis_options_text(options, "temp");
    const char *environment = getenv("TMPDIR");

    if (given != NULL) {
        return given;
    }
    return environment != NULL && environment[0] != '\0' ? environment : "/tmp";
}

static int verify(const tamis_options *options)
{
    const char *const *operands = NULL;
    char temp[TAMIS_PATH_MAX];
    tamis_verify_result *result = calloc(1, sizeof(*result));
    tamis_verify_options what = {
        .temp_folder = temp,
        .memory_bytes = tamis_options_uint(options, "memory"),
        .sample =
            tamis_options_flag(options, "all") ? UINT64_MAX : tamis_options_uint(options, "sample"),
    };
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;
    int code = TAMIS_EXIT_FAILED;

    (void)tamis_options_operands(options, &operands);
    what.out_path = operands[0];
    (void)snprintf(temp, sizeof(temp), "%s/tamis-verify-XXXXXX", temp_base(options));
    if (result == NULL || mkdtemp(temp) == NULL) {
        (void)fprintf(stderr, "tamis verify: %s: cannot make a temporary folder\n", temp);
        free(result);
        return TAMIS_EXIT_FAILED;
    }
    status = tamis_verify_run(&what, result, &err);
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis verify: %s\n", err.text);
    } else if (tamis_options_flag(options, "json")) {
        code = show_json(result);
    } else {
        show_text(result, tamis_options_flag(options, "quiet"));
        code = result->problems == 0 ? TAMIS_EXIT_DONE : TAMIS_EXIT_FAILED;
    }
    if (tamis_path_remove(temp, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "tamis verify: %s\n", err.text);
    }
    free(result);
    return code;
}

int tamis_cmd_verify(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_verify_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    code = verify(options);
    tamis_options_destroy(options);
    return code;
}
