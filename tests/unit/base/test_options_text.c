/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: help, man page and printed settings are what was read in review.
 * Method: golden texts, byte by byte; no line is wider than a terminal.
 */
#include "options_example.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WIDTH_MAX 80

static const char help_text[] =
    "Usage: tamis run [OPTION]... --output=FOLDER INPUT...\n"
    "Remove duplicates from a corpus.\n"
    "\n"
    "Reads the inputs in the order in which they are named, keeps the first of each\n"
    "group of duplicates and says of every other one why it was dropped.\n"
    "\n"
    "A folder stands for all files in it.\n"
    "\n"
    "Input and output:\n"
    "  -o, --output=FOLDER       Write the results into this folder\n"
    "      --against=PATH        Drop what stands in this file or folder already\n"
    "                            (may be repeated)\n"
    "\n"
    "Decisions:\n"
    "      --levels=NAMES        Kinds of duplicates to remove (some of, with\n"
    "                            commas: url, exact, near; default: exact,near)\n"
    "  -t, --threshold=RATIO     Similarity from which on a document is a\n"
    "                            near-duplicate of another, by the Jaccard index of\n"
    "                            their sets of shingles (0 to 1; default: 0.8)\n"
    "      --bands=N             Number of bands (1 to 1024; default: by\n"
    "                            --threshold)\n"
    "      --verify=NAME         How candidates are verified (one of auto,\n"
    "                            signature, text; default: auto)\n"
    "\n"
    "Resources:\n"
    "      --offset=N            A number with a sign (-10 to 10; default: -3)\n"
    "  -m, --memory=SIZE         Memory to use (at least 1MiB; default: half of the\n"
    "                            machine's)\n"
    "      --lease=TIME          Time after which a silent worker loses its tasks\n"
    "                            (1s to 1h; default: 30s)\n"
    "      --count=N             A number without a range (default: 7)\n"
    "\n"
    "Messages:\n"
    "  -q, --quiet               Say errors only\n"
    "  -x, --a-name-that-is-longer-than-the-column\n"
    "                            Show that the help moves to a line of its own\n"
    "\n"
    "Other options:\n"
    "  -h, --help                Show this text and exit\n"
    "  -V, --version             Show the version and exit\n"
    "      --config=FILE         Read settings from this YAML file: a flat map of\n"
    "                            the names on this page to values; the environment\n"
    "                            (TAMIS_NAME) and the command line win over it\n"
    "      --print-config        Show every setting as YAML, with where it is from,\n"
    "                            and exit\n"
    "      --check-config        Check all settings and exit\n"
    "\n"
    "Examples:\n"
    "  tamis run -o out crawl/\n"
    "  tamis run -o out --threshold 0.9 a.jsonl b.jsonl.zst\n";

static const char config_text[] = "# Settings of tamis run " TAMIS_VERSION "\n"
                                  "\n"
                                  "# Input and output\n"
                                  "# output:                               # unset\n"
                                  "against: [\"x\", \"y\\\"z\"]                  # command line\n"
                                  "\n"
                                  "# Decisions\n"
                                  "levels: [exact, near]                   # default\n"
                                  "threshold: 0.9                          # command line\n"
                                  "# bands:                                # unset\n"
                                  "verify: auto                            # default\n"
                                  "\n"
                                  "# Resources\n"
                                  "offset: -3                              # default\n"
                                  "# memory:                               # unset\n"
                                  "lease: 30s                              # default\n"
                                  "count: 7                                # default\n"
                                  "\n"
                                  "# Messages\n"
                                  "quiet: false                            # default\n"
                                  "a-name-that-is-longer-than-the-column: false # default\n"
                                  "silent: false                           # default\n";

/* Appends a zero and compares. */
static void assert_text(tamis_buf *out, const char *text)
{
    assert_int_equal(tamis_buf_append_byte(out, '\0'), TAMIS_OK);
    assert_string_equal((const char *)out->data, text);
    tamis_buf_fini(out);
}

static void test_help(void **state)
{
    tamis_buf out;
    size_t start = 0;

    (void)state;
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_options_help(&options_example, &out), TAMIS_OK);
    for (size_t i = 0; i < out.size; i++) {
        if (out.data[i] == '\n') {
            assert_true(i - start < WIDTH_MAX);
            assert_true(i == start || out.data[i - 1] != ' ');
            start = i + 1;
        }
    }
    assert_text(&out, help_text);
}

static void test_config(void **state)
{
    char threshold[] = "-t90%";
    char first[] = "--against=x";
    char second[] = "--against=y\"z";
    char *arguments[] = {threshold, first, second};
    tamis_options *options = NULL;
    tamis_buf out;

    (void)state;
    assert_int_equal(tamis_options_create(&options_example, &options), TAMIS_OK);
    assert_int_equal(tamis_options_read_arguments(options, 3, arguments, NULL), TAMIS_OK);
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_options_config(options, &out), TAMIS_OK);
    assert_text(&out, config_text);
    tamis_options_destroy(options);
}

static void assert_holds(const tamis_buf *out, const char *text)
{
    assert_non_null(memmem(out->data, out->size, text, strlen(text)));
}

static void test_man(void **state)
{
    tamis_buf out;

    (void)state;
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_options_man(&options_example, &out), TAMIS_OK);
    assert_memory_equal(out.data, ".TH \"tamis\\-run\" 1 ", 19);
    assert_holds(&out, ".SH NAME\ntamis\\-run \\- remove duplicates from a corpus\n");
    assert_holds(&out, ".TP\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR=\\fIFOLDER\\fR\nWrite the results");
    assert_holds(&out, "Deprecated: use \\-\\-quiet.\n");
    assert_holds(&out, ".SH \"EXIT STATUS\"\n.nf\n0      done\n");
    assert_holds(&out, ".PP\nA folder stands");
    assert_null(memmem(out.data, out.size, "secret", 6));
    tamis_buf_fini(&out);
}

static void test_past_max(void **state)
{
    tamis_buf out;

    (void)state;
    for (size_t max = 1; max < 1500; max += 100) {
        tamis_buf_init(&out, max);
        assert_int_equal(tamis_options_help(&options_example, &out), TAMIS_ELIMIT);
        tamis_buf_fini(&out);
        tamis_buf_init(&out, max);
        assert_int_equal(tamis_options_man(&options_example, &out), TAMIS_ELIMIT);
        tamis_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_man),
        cmocka_unit_test(test_past_max),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
