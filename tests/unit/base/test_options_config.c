/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a flat YAML map of settings is taken, everything else is refused with file and line; what
 * --print-config shows reads back.
 * Method: files with their values or their message; random values through print and read.
 */
#include "options_example.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tamis/rng.h"

#define SEED 20240619u

static tamis_status config_read(tamis_options *options, const char *yaml, tamis_err *err)
{
    return tamis_options_read_config(options, tamis_slice_of_string(yaml), "c.yaml", err);
}

static tamis_options *options_make(void)
{
    tamis_options *options = NULL;

    assert_int_equal(tamis_options_create(&options_example, &options), TAMIS_OK);
    return options;
}

static void test_values(void **state)
{
    tamis_options *options = options_make();
    const char *const *items = NULL;
    tamis_err err = {0};

    (void)state;
    assert_int_equal(config_read(options,
                                 "# comment\n"
                                 "output: \"a\\u00e9 b\"\n"
                                 "against:\n  - x\n  - 'y, z'\n"
                                 "levels: [url, near]\n"
                                 "threshold: 90%\n"
                                 "verify: text\n"
                                 "offset: -7\n"
                                 "memory: 64MiB\n"
                                 "a_name_that-is_longer_than_the_column: yes\n",
                                 &err),
                     TAMIS_OK);
    assert_string_equal(tamis_options_text(options, "output"), "a\xc3\xa9 b");
    assert_int_equal(tamis_options_list(options, "against", &items), 2);
    assert_string_equal(items[0], "x");
    assert_string_equal(items[1], "y, z");
    assert_int_equal(tamis_options_choices(options, "levels"), 5);
    assert_int_equal(tamis_options_uint(options, "threshold"), 900000);
    assert_int_equal(tamis_options_choice(options, "verify"), 2);
    assert_int_equal(tamis_options_int(options, "offset"), -7);
    assert_int_equal(tamis_options_uint(options, "memory"), 64 << 20);
    assert_true(tamis_options_flag(options, "a-name-that-is-longer-than-the-column"));
    tamis_options_destroy(options);
}

static void test_one_value_for_lists(void **state)
{
    tamis_options *options = options_make();
    const char *const *items = NULL;

    (void)state;
    assert_int_equal(config_read(options, "against: one, two\nlevels: url,exact\n", NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_options_list(options, "against", &items), 1);
    assert_string_equal(items[0], "one, two");
    assert_int_equal(tamis_options_choices(options, "levels"), 3);
    tamis_options_destroy(options);
    options = options_make();
    assert_int_equal(config_read(options, "{against: [], levels: []}", NULL), TAMIS_OK);
    assert_int_equal(tamis_options_list(options, "against", &items), 0);
    assert_true(tamis_options_is_given(options, "against"));
    assert_int_equal(tamis_options_choices(options, "levels"), 0);
    tamis_options_destroy(options);
}

static void test_empty_files(void **state)
{
    static const char *const files[] = {"", "# nothing\n", "---\n", "{}\n", "--- {}\n...\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        tamis_options *options = options_make();

        assert_int_equal(config_read(options, files[i], NULL), TAMIS_OK);
        tamis_options_destroy(options);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *yaml;
        const char *text; /* begins so */
    } files[] = {
        {"threshold: 1.5\n", "c.yaml:1: threshold: '1.5' is out of range (0 to 1)"},
        {"\n\ntreshold: 1\n", "c.yaml:3: unknown setting 'treshold': did you mean 'threshold'?"},
        {"zebra: 1\n", "c.yaml:1: unknown setting 'zebra'"},
        {"help: true\n", "c.yaml:1: 'help' can stand on the command line only"},
        {"secret: x\n", "c.yaml:1: 'secret' can stand on the command line only"},
        {"config: x\n", "c.yaml:1: 'config' can stand on the command line only"},
        {"bands: 1\nbands: 2\n", "c.yaml:2: 'bands' is set twice"},
        {"bands:\n", "c.yaml:1: bands: the value is missing"},
        {"bands: ~\n", "c.yaml:1: bands: the value is missing"},
        {"output: null\n", "c.yaml:1: output: the value is missing"},
        {"bands: [1, 2]\n", "c.yaml:1: bands: takes one value, not a list"},
        {"bands: {a: 1}\n", "c.yaml:1: maps and aliases as values are not taken"},
        {"against:\n  - a\n  - [b]\n", "c.yaml:3: lists of lists or maps are not taken"},
        {"levels:\n  - url\n  - none\n", "c.yaml:3: levels: 'none' is none of url, exact, near"},
        {"levels: [url", "c.yaml:"},
        {"- a\n- b\n", "c.yaml:1: not a map of settings"},
        {"just text\n", "c.yaml:1: not a map of settings"},
        {"bands: &x 1\n", "c.yaml:1: anchors and tags are not taken"},
        {"bands: !!int 1\n", "c.yaml:1: anchors and tags are not taken"},
        {"against: &x [a]\n", "c.yaml:1: anchors and tags are not taken"},
        {"output: \"a\\0b\"\n", "c.yaml:1: a value holds a zero byte"},
        {"[a]: b\n", "c.yaml:1: a name is no plain word"},
        {"bands: 1\n---\nbands: 2\n", "c.yaml:2: a second document begins"},
        {"bands: 1\n\tcount: 2\n", "c.yaml:2: no valid YAML: "},
        {"output: \"\xff\"\n", "c.yaml:1: no valid YAML: "},
        {"a: 'b\n", "c.yaml:"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        tamis_options *options = options_make();
        tamis_err err = {0};

        assert_int_equal(config_read(options, files[i].yaml, &err), TAMIS_EARG);
        if (strncmp(err.text, files[i].text, strlen(files[i].text)) != 0) {
            fail_msg("'%s' instead of '%s'", err.text, files[i].text);
        }
        tamis_options_destroy(options);
    }
}

static void test_size_limit(void **state)
{
    size_t size = (1 << 20) + 1;
    char *spaces = malloc(size);
    tamis_options *options = options_make();
    tamis_err err = {0};

    (void)state;
    assert_non_null(spaces);
    memset(spaces, '\n', size);
    assert_int_equal(
        tamis_options_read_config(options, tamis_slice_of(spaces, size - 1), "c.yaml", NULL),
        TAMIS_OK);
    assert_int_equal(
        tamis_options_read_config(options, tamis_slice_of(spaces, size), "c.yaml", &err),
        TAMIS_EARG);
    assert_string_equal(err.text, "c.yaml: larger than 1048576 bytes");
    tamis_options_destroy(options);
    free(spaces);
}

/* Printable text with what YAML might take for something else. */
static void text_make(tamis_rng *rng, char out_text[24])
{
    static const char letters[] = "ab:#'\"\\ -[]{},&*!|>%@`~0.\t\n";
    size_t size = (size_t)tamis_rng_below(rng, 20);

    for (size_t i = 0; i < size; i++) {
        out_text[i] = letters[tamis_rng_below(rng, sizeof(letters) - 1)];
    }
    out_text[size] = '\0';
}

/* Characters that YAML takes in escaped form only, or folds. */
static void test_special_characters(void **state)
{
    static char text[] =
        "--output=\x7f\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9 \xef\xbb\xbf"
        "\xef\xbf\xbe\xef\xbf\xbd\n \t\x01\xf0\x9f\x98\x80";
    char *arguments[] = {text};
    tamis_options *options = options_make();
    tamis_options *back = options_make();
    tamis_buf yaml;

    (void)state;
    assert_int_equal(tamis_options_read_arguments(options, 1, arguments, NULL), TAMIS_OK);
    tamis_buf_init(&yaml, 0);
    assert_int_equal(tamis_options_config(options, &yaml), TAMIS_OK);
    assert_int_equal(tamis_options_read_config(back, tamis_buf_slice(&yaml), "c", NULL), TAMIS_OK);
    assert_string_equal(tamis_options_text(back, "output"), text + 9);
    tamis_buf_fini(&yaml);
    tamis_options_destroy(options);
    tamis_options_destroy(back);
}

static void assert_same(const tamis_options *a, const tamis_options *b)
{
    for (size_t i = 0; i < options_example.option_count; i++) {
        const tamis_option_value *x = tamis_options_at(a, i);
        const tamis_option_value *y = tamis_options_at(b, i);

        assert_true(x->number == y->number);
        assert_int_equal(x->item_count, y->item_count);
        assert_int_equal(x->text == NULL, y->text == NULL);
        if (x->text != NULL) {
            assert_string_equal(x->text, y->text);
        }
        for (size_t item = 0; item < x->item_count; item++) {
            assert_string_equal(x->items[item], y->items[item]);
        }
    }
}

static void test_round_trips(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    print_message("seed %u\n", SEED);
    for (int round = 0; round < 300; round++) {
        char texts[9][64];
        char *arguments[9];
        char text[24];
        tamis_options *options = options_make();
        tamis_options *back = options_make();
        tamis_buf yaml;
        tamis_err err = {0};

        text_make(&rng, text);
        (void)snprintf(texts[0], sizeof(texts[0]), "--output=%s", text);
        text_make(&rng, text);
        (void)snprintf(texts[1], sizeof(texts[1]), "--against=%s", text);
        text_make(&rng, text);
        (void)snprintf(texts[2], sizeof(texts[2]), "--against=%s", text);
        (void)snprintf(texts[3], sizeof(texts[3]), "--threshold=0.%06u",
                       (unsigned)tamis_rng_below(&rng, 1000000));
        (void)snprintf(texts[4], sizeof(texts[4]), "--bands=%u",
                       1 + (unsigned)tamis_rng_below(&rng, 1024));
        (void)snprintf(texts[5], sizeof(texts[5]), "--offset=%d",
                       (int)tamis_rng_below(&rng, 21) - 10);
        (void)snprintf(texts[6], sizeof(texts[6]), "--memory=%uB",
                       (1u << 20) + (unsigned)tamis_rng_below(&rng, 1u << 30));
        (void)snprintf(texts[7], sizeof(texts[7]), "--lease=%ums",
                       1000 + (unsigned)tamis_rng_below(&rng, 100000));
        (void)snprintf(texts[8], sizeof(texts[8]), "--quiet=%u",
                       (unsigned)tamis_rng_below(&rng, 2));
        for (size_t i = 0; i < 9; i++) {
            arguments[i] = texts[i];
        }
        assert_int_equal(tamis_options_read_arguments(options, 9, arguments, NULL), TAMIS_OK);
        tamis_buf_init(&yaml, 0);
        assert_int_equal(tamis_options_config(options, &yaml), TAMIS_OK);
        if (tamis_options_read_config(back, tamis_buf_slice(&yaml), "c", &err) != TAMIS_OK) {
            fail_msg("%s\n%.*s", err.text, (int)yaml.size, (const char *)yaml.data);
        }
        assert_same(options, back);
        tamis_buf_fini(&yaml);
        tamis_options_destroy(options);
        tamis_options_destroy(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_one_value_for_lists),
        cmocka_unit_test(test_empty_files),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_special_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
