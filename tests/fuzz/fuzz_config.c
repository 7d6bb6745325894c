/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files from outside. What is taken must print as a file that reads back to the same
 * print. */
#include "tamis/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"red", "green", "blue", NULL};

static const tamis_option rows[] = {
    {.name = "flag", .group = "G", .help = "h"},
    {.name = "count", .type = TAMIS_OPTION_UINT, .max = 1000, .group = "G", .help = "h"},
    {.name = "offset", .type = TAMIS_OPTION_INT, .group = "G", .help = "h"},
    {.name = "memory", .type = TAMIS_OPTION_BYTES, .group = "G", .help = "h"},
    {.name = "lease", .type = TAMIS_OPTION_DURATION, .group = "G", .help = "h"},
    {.name = "ratio", .type = TAMIS_OPTION_RATIO, .group = "G", .help = "h"},
    {.name = "color", .type = TAMIS_OPTION_CHOICE, .choices = names, .group = "G", .help = "h"},
    {.name = "two-words",
     .type = TAMIS_OPTION_CHOICES,
     .choices = names,
     .group = "G",
     .help = "h"},
    {.name = "text", .type = TAMIS_OPTION_TEXT, .group = "G", .help = "h"},
    {.name = "list",
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_LIST,
     .group = "G",
     .help = "h"},
};

static const tamis_option_table table = {
    .program = "p",
    .summary = "s",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
};

/* Reads and prints; false: refused. */
static bool reprint(tamis_slice yaml, tamis_buf *out)
{
    tamis_options *options = NULL;
    tamis_err err;
    bool is_taken = false;

    tamis_buf_init(out, 0);
    if (tamis_options_create(&table, &options) != TAMIS_OK) {
        return false;
    }
    is_taken = tamis_options_read_config(options, yaml, "file", &err) == TAMIS_OK &&
               tamis_options_config(options, out) == TAMIS_OK;
    tamis_options_destroy(options);
    return is_taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_buf once;
    tamis_buf twice;

    if (reprint(tamis_slice_of(data, size), &once)) {
        TAMIS_ASSERT(reprint(tamis_buf_slice(&once), &twice));
        /* What was a default the first time is from the file the second time: compare the third. */
        tamis_buf_fini(&once);
        TAMIS_ASSERT(reprint(tamis_buf_slice(&twice), &once));
        TAMIS_ASSERT(tamis_slice_is_equal(tamis_buf_slice(&once), tamis_buf_slice(&twice)));
        tamis_buf_fini(&twice);
    }
    tamis_buf_fini(&once);
    return 0;
}
