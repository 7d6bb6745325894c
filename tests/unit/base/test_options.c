/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what the command line and the environment say arrives as typed values, later sources win,
 * and every refusal names the option, the value and what is allowed.
 * Method: one example table; command lines with their values or their message.
 */
#include "options_example.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ARGUMENTS_MAX 24

static char *nothing[] = {NULL};

/* Cuts a line at its spaces. The texts stay until the next call. */
static int split(const char *line, char *out_arguments[ARGUMENTS_MAX])
{
    static char copy[512];
    char *rest = copy;
    char *word = NULL;
    int count = 0;

    (void)snprintf(copy, sizeof(copy), "%s", line);
    while (copy[0] != '\0' && (word = strsep(&rest, " ")) != NULL) {
        assert_true(count < ARGUMENTS_MAX);
        out_arguments[count++] = word;
    }
    return count;
}

/* Reads the line alone; the caller destroys the options. */
static tamis_options *parsed(const char *line)
{
    char *arguments[ARGUMENTS_MAX];
    int count = split(line, arguments);
    tamis_options *options = NULL;
    tamis_err err = {0};

    assert_int_equal(tamis_options_create(&options_example, &options), TAMIS_OK);
    if (tamis_options_read_arguments(options, count, arguments, &err) != TAMIS_OK) {
        fail_msg("%s: %s", line, err.text);
    }
    return options;
}

static void test_table(void **state)
{
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_option_table_check(&options_example, &err), TAMIS_OK);
}

static void assert_fault(tamis_option row, const char *text)
{
    tamis_option rows[] = {row, {.name = "other", .short_name = 'y', .group = "g", .help = "h"}};
    tamis_option_table table = {.program = "p", .options = rows, .option_count = 2};
    tamis_err err = {0};

    assert_int_equal(tamis_option_table_check(&table, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, text));
}

static void test_faulty_tables(void **state)
{
    static const char *const names[] = {"a", "b", NULL};

    (void)state;
    assert_fault((tamis_option){.name = "Upper", .group = "g", .help = "h"}, "malformed name");
    assert_fault((tamis_option){.name = "-a", .group = "g", .help = "h"}, "malformed name");
    assert_fault((tamis_option){.name = "a", .group = "g", .help = "Ends."}, "period");
    assert_fault((tamis_option){.name = "a", .help = "h"}, "no group");
    assert_fault((tamis_option){.name = "other", .group = "g", .help = "h"}, "again");
    assert_fault((tamis_option){.name = "a", .short_name = 'y', .group = "g", .help = "h"},
                 "again");
    assert_fault((tamis_option){.name = "help", .group = "g", .help = "h"}, "again");
    assert_fault((tamis_option){.name = "a",
                                .type = TAMIS_OPTION_CHOICE,
                                .choices = names,
                                .default_text = "c",
                                .group = "g",
                                .help = "h"},
                 "default");
    assert_fault(
        (tamis_option){.name = "a", .type = TAMIS_OPTION_CHOICE, .group = "g", .help = "h"},
        "choices");
    assert_fault((tamis_option){.name = "a",
                                .type = TAMIS_OPTION_UINT,
                                .traits = TAMIS_OPTION_LIST,
                                .group = "g",
                                .help = "h"},
                 "list");
    assert_fault(
        (tamis_option){
            .name = "a", .type = TAMIS_OPTION_UINT, .min = 2, .max = 1, .group = "g", .help = "h"},
        "range");
}

static void test_defaults(void **state)
{
    tamis_options *options = parsed("");
    const char *const *items = NULL;

    (void)state;
    assert_null(tamis_options_text(options, "output"));
    assert_int_equal(tamis_options_list(options, "against", &items), 0);
    assert_int_equal(tamis_options_choices(options, "levels"), 6);
    assert_int_equal(tamis_options_uint(options, "threshold"), 800000);
    assert_int_equal(tamis_options_uint(options, "bands"), 0);
    assert_int_equal(tamis_options_choice(options, "verify"), 0);
    assert_int_equal(tamis_options_int(options, "offset"), -3);
    assert_int_equal(tamis_options_uint(options, "lease"), 30000);
    assert_false(tamis_options_flag(options, "quiet"));
    assert_false(tamis_options_is_given(options, "threshold"));
    assert_int_equal(tamis_options_at(options, 3)->source, TAMIS_OPTION_FROM_DEFAULT);
    assert_int_equal(tamis_options_at(options, 4)->source, TAMIS_OPTION_UNSET);
    assert_int_equal(tamis_options_action(options), TAMIS_OPTION_RUN);
    tamis_options_destroy(options);
    tamis_options_destroy(NULL);
}

static void test_forms(void **state)
{
    tamis_options *options = parsed("--threshold=0.9 a --bands 20 -oout -m 2MiB - --offset -7 "
                                    "--verify=text --levels near,url -qx -- --quiet");
    const char *const *operands = NULL;

    (void)state;
    assert_int_equal(tamis_options_uint(options, "threshold"), 900000);
    assert_true(tamis_options_is_given(options, "threshold"));
    assert_int_equal(tamis_options_uint(options, "bands"), 20);
    assert_string_equal(tamis_options_text(options, "output"), "out");
    assert_int_equal(tamis_options_uint(options, "memory"), 2 << 20);
    assert_int_equal(tamis_options_int(options, "offset"), -7);
    assert_int_equal(tamis_options_choice(options, "verify"), 2);
    assert_int_equal(tamis_options_choices(options, "levels"), 5);
    assert_true(tamis_options_flag(options, "quiet"));
    assert_true(tamis_options_flag(options, "a-name-that-is-longer-than-the-column"));
    assert_int_equal(tamis_options_operands(options, &operands), 3);
    assert_string_equal(operands[0], "a");
    assert_string_equal(operands[1], "-");
    assert_string_equal(operands[2], "--quiet");
    tamis_options_destroy(options);
}

static void test_repeated(void **state)
{
    tamis_options *options = parsed("--bands 2 --bands 3 --against a --against=b,c -q --no-quiet "
                                    "--levels url --levels near --output=");
    const char *const *items = NULL;

    (void)state;
    assert_int_equal(tamis_options_uint(options, "bands"), 3);
    assert_int_equal(tamis_options_list(options, "against", &items), 2);
    assert_string_equal(items[0], "a");
    assert_string_equal(items[1], "b,c"); /* a name of a file may hold a comma */
    assert_false(tamis_options_flag(options, "quiet"));
    assert_int_equal(tamis_options_choices(options, "levels"), 4);
    assert_string_equal(tamis_options_text(options, "output"), "");
    tamis_options_destroy(options);
}

static void test_flag_words(void **state)
{
    static const struct {
        const char *line;
        bool value;
    } lines[] = {{"--quiet", true},       {"--quiet=true", true}, {"--quiet=Yes", true},
                 {"--quiet=on", true},    {"--quiet=1", true},    {"--quiet=false", false},
                 {"--quiet=no", false},   {"--quiet=off", false}, {"--quiet=0", false},
                 {"-q --no-quiet", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        tamis_options *options = parsed(lines[i].line);

        assert_int_equal(tamis_options_flag(options, "quiet"), lines[i].value);
        tamis_options_destroy(options);
    }
}

static void test_many_operands(void **state)
{
    static char *operands[1000];
    static char text[] = "x";
    const char *const *read = NULL;
    tamis_options *options = NULL;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        operands[i] = text;
    }
    assert_int_equal(tamis_options_create(&options_example, &options), TAMIS_OK);
    assert_int_equal(tamis_options_read_arguments(options, 1000, operands, NULL), TAMIS_OK);
    assert_int_equal(tamis_options_operands(options, &read), 1000);
    assert_string_equal(read[999], "x");
    tamis_options_destroy(options);
}

typedef struct refusal {
    const char *line;
    const char *text;
} refusal;

static const refusal refusals[] = {
    {"--threshold 1.5", "--threshold: '1.5' is out of range (0 to 1)"},
    {"--threshold=x", "--threshold: 'x' is no ratio: write it like 0.8 or 80%"},
    {"-t 101%", "--threshold: '101%' is out of range (0 to 1)"},
    {"--bands 0", "--bands: '0' is out of range (1 to 1024)"},
    {"--bands 1025", "--bands: '1025' is out of range (1 to 1024)"},
    {"--bands -1", "--bands: '-1' is no whole number"},
    {"--offset 11", "--offset: '11' is out of range (-10 to 10)"},
    {"--offset -11", "--offset: '-11' is out of range (-10 to 10)"},
    {"--memory 1kB", "--memory: '1kB' is out of range (at least 1MiB)"},
    {"--lease 2h", "--lease: '2h' is out of range (1s to 1h)"},
    {"--lease 999ms", "--lease: '999ms' is out of range (1s to 1h)"},
    {"--verify", "--verify: a value is missing (--verify=NAME)"},
    {"-o", "--output: a value is missing (--output=FOLDER)"},
    {"--quiet=maybe", "--quiet: 'maybe' is neither true nor false"},
    {"--verify txt", "--verify: 'txt' is none of auto, signature, text: did you mean 'text'?"},
    {"--verify whatever", "--verify: 'whatever' is none of auto, signature, text"},
    {"--levels exact,,near", "--levels: '' is none of url, exact, near"},
    {"--levels exact,", "--levels: a name is missing behind the last comma"},
    {"--treshold 1", "unknown option '--treshold': did you mean '--threshold'?"},
    {"--treshold=1", "unknown option '--treshold': did you mean '--threshold'?"},
    {"--thresh 1", "unknown option '--thresh': did you mean '--threshold'?"},
    {"--zebra", "unknown option '--zebra'"},
    {"--no-threshold", "unknown option '--no-threshold': did you mean '--threshold'?"},
    {"--=x", "unknown option '--'"},
    {"-z", "unknown option '-z'"},
    {"-qz", "unknown option '-z'"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        char *arguments[ARGUMENTS_MAX];
        int count = split(refusals[i].line, arguments);
        tamis_options *options = NULL;
        tamis_err err = {0};

        assert_int_equal(tamis_options_create(&options_example, &options), TAMIS_OK);
        assert_int_equal(tamis_options_read_arguments(options, count, arguments, &err), TAMIS_EARG);
        assert_string_equal(err.text, refusals[i].text);
        tamis_options_destroy(options);
    }
}

static void test_check(void **state)
{
    static const refusal checks[] = {
        {"a", "--output=FOLDER is missing"},
        {"-o x", "INPUT... is missing"},
        {"-o x a", NULL},
        {"-o x a b c", NULL},
        {"-o x a b c d", "unexpected operand 'd'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        tamis_options *options = parsed(checks[i].line);
        tamis_err err = {0};
        tamis_status status = tamis_options_check(options, &err);

        assert_int_equal(status, checks[i].text == NULL ? TAMIS_OK : TAMIS_EARG);
        if (checks[i].text != NULL) {
            assert_string_equal(err.text, checks[i].text);
        }
        tamis_options_destroy(options);
    }
}

static void test_environment(void **state)
{
    char threshold[] = "TAMIS_THRESHOLD=0.5";
    char against[] = "TAMIS_AGAINST=a,b";
    char name[] = "TAMIS_A_NAME_THAT_IS_LONGER_THAN_THE_COLUMN=yes";
    char other[] = "TAMIS_KERNEL=scalar";
    char hidden[] = "TAMIS_SECRET=x"; /* for the command line only */
    char *environment[] = {other, threshold, against, name, hidden, NULL};
    const char *const *items = NULL;
    tamis_options *options = parsed("--bands 3");

    (void)state;
    assert_int_equal(tamis_options_read_environment(options, environment, NULL), TAMIS_OK);
    assert_int_equal(tamis_options_uint(options, "threshold"), 500000);
    assert_int_equal(tamis_options_at(options, 3)->source, TAMIS_OPTION_FROM_ENVIRONMENT);
    assert_int_equal(tamis_options_list(options, "against", &items), 2);
    assert_string_equal(items[1], "b");
    assert_true(tamis_options_flag(options, "a-name-that-is-longer-than-the-column"));
    assert_null(tamis_options_text(options, "secret"));
    tamis_options_destroy(options);
}

static void test_environment_refused(void **state)
{
    char bands[] = "TAMIS_BANDS=many";
    char *environment[] = {bands, NULL};
    tamis_options *options = parsed("--bands 3"); /* a value that loses is checked too */
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_options_read_environment(options, environment, &err), TAMIS_EARG);
    assert_string_equal(err.text, "TAMIS_BANDS: 'many' is no whole number");
    tamis_options_destroy(options);
}

static void test_precedence(void **state)
{
    static const char yaml[] = "threshold: 0.1\nbands: 1\ncount: 1\nagainst: [f]\n";
    char bands[] = "TAMIS_BANDS=2";
    char threshold[] = "TAMIS_THRESHOLD=0.2";
    char against[] = "TAMIS_AGAINST=e";
    char *environment[] = {bands, threshold, against, NULL};
    const char *const *items = NULL;

    (void)state;
    /* Whatever the order of reading. */
    for (int order = 0; order < 2; order++) {
        tamis_options *options = parsed("--threshold 0.3 --against c --against d");

        for (int step = 0; step < 2; step++) {
            tamis_status status =
                step == order
                    ? tamis_options_read_environment(options, environment, NULL)
                    : tamis_options_read_config(options, tamis_slice_of(yaml, sizeof(yaml) - 1),
                                                "c.yaml", NULL);

            assert_int_equal(status, TAMIS_OK);
        }
        assert_int_equal(tamis_options_uint(options, "threshold"), 300000);
        assert_int_equal(tamis_options_uint(options, "bands"), 2);
        assert_int_equal(tamis_options_uint(options, "count"), 1);
        assert_int_equal(tamis_options_list(options, "against", &items), 2);
        assert_string_equal(items[0], "c");
        tamis_options_destroy(options);
    }
}

/* Runs tamis_options_start on the line and returns what it wrote. */
static const char *started(const char *line, bool *out_goes_on, int *out_exit_code, bool from_err)
{
    static char text[8192];
    char *arguments[ARGUMENTS_MAX];
    int count = split(line, arguments);
    tamis_options *options = NULL;
    FILE *out = tmpfile();
    FILE *error_out = tmpfile();
    size_t size = 0;

    assert_non_null(out);
    assert_non_null(error_out);
    *out_goes_on = tamis_options_start(&options_example, count, arguments, nothing, out, error_out,
                                       &options, out_exit_code);
    if (*out_goes_on) {
        tamis_options_destroy(options);
    }
    rewind(from_err ? error_out : out);
    size = fread(text, 1, sizeof(text) - 1, from_err ? error_out : out);
    text[size] = '\0';
    (void)fclose(out);
    (void)fclose(error_out);
    return text;
}

static void test_start(void **state)
{
    bool goes_on = false;
    int code = -1;

    (void)state;
    assert_string_equal(started("--threshold 1.5", &goes_on, &code, true),
                        "tamis run: --threshold: '1.5' is out of range (0 to 1)\n"
                        "Try 'tamis run --help'.\n");
    assert_false(goes_on);
    assert_int_equal(code, 2);
    assert_string_equal(started("--version", &goes_on, &code, false), "tamis " TAMIS_VERSION "\n");
    assert_false(goes_on);
    assert_int_equal(code, 0);
    /* --help answers although required settings are missing and what follows is wrong. */
    assert_memory_equal(started("--help --bogus", &goes_on, &code, false), "Usage: tamis run ", 17);
    assert_int_equal(code, 0);
    assert_string_equal(started("--check-config", &goes_on, &code, false),
                        "tamis run: the settings are valid\n");
    assert_int_equal(code, 0);
    assert_string_equal(started("--check-config --bands=0", &goes_on, &code, false), "");
    assert_int_equal(code, 2);
    assert_memory_equal(started("--print-config", &goes_on, &code, false), "# Settings of ", 14);
    assert_int_equal(code, 0);
    assert_string_equal(started("-o x in", &goes_on, &code, true), "");
    assert_true(goes_on);
    assert_string_equal(started("-o x in --silent", &goes_on, &code, true),
                        "tamis run: warning: --silent is deprecated: use --quiet\n");
    assert_true(goes_on);
    assert_string_equal(started("--config /nowhere/c.yaml", &goes_on, &code, true),
                        "tamis run: /nowhere/c.yaml: cannot open: No such file or directory\n"
                        "Try 'tamis run --help'.\n");
    assert_int_equal(code, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_faulty_tables),
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_forms),
        cmocka_unit_test(test_repeated),      cmocka_unit_test(test_flag_words),
        cmocka_unit_test(test_many_operands), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_check),         cmocka_unit_test(test_environment),
        cmocka_unit_test(test_precedence),    cmocka_unit_test(test_environment_refused),
        cmocka_unit_test(test_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
