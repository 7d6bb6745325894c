/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: the same for the same seed, larger ones hold smaller ones, differences are marked, and
 * inputs that are gone or changed are said and no failure. */
#include "cli_support.h"
#include "sample.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/path.h"

static cli_case corpus;

static int make_corpus(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_rng rng = {.state = 99};
    tamis_buf lines;

    (void)state;
    print_message("seed 99\n");
    cli_case_make(&corpus);
    tamis_buf_init(&lines, 0);
    cli_corpus(&lines, &rng, 120);
    cli_input(&corpus, "a.jsonl", &lines);
    tamis_buf_reset(&lines);
    cli_corpus(&lines, &rng, 60);
    cli_line(&lines, "escape", "colors \x1b[31m in a text that ends here and now");
    cli_line(&lines, "again", "colors  \x1b[31m in a text that ends here and now");
    assert_int_equal(tamis_buf_append_string(&lines, "broken\n"), TAMIS_OK);
    cli_input(&corpus, "b.jsonl", &lines);
    tamis_buf_fini(&lines);
    cli_run(&corpus, &settings, "out");
    return 0;
}

static int remove_corpus(void **state)
{
    (void)state;
    cli_case_remove(&corpus);
    return 0;
}

static tamis_sample_options options_of(const cli_case *c, char out[CLI_PATH_SIZE])
{
    cli_path(c, "out", out);
    return (tamis_sample_options){
        .out_path = out, .reason = "near", .count = 5, .seed = 1, .shown_bytes = 600};
}

static char *take(const tamis_sample_options *options, uint64_t *out_shown, uint64_t *out_found)
{
    cli_output output;
    tamis_err err = {.text = ""};

    cli_output_open(&output);
    if (tamis_sample(options, output.file, out_shown, out_found, &err) != TAMIS_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    cli_output_close(&output);
    return output.text;
}

/* The ords of a sample as JSON lines. */
static size_t take_ords(tamis_sample_options options, char ords[][24])
{
    size_t count = 0;
    char *text = NULL;

    options.is_json = true;
    text = take(&options, NULL, NULL);
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        json_t *object = NULL;

        assert_non_null(end);
        object = json_loadb(line, (size_t)(end - line), 0, NULL);
        assert_non_null(object);
        (void)snprintf(
            ords[count++], 24, "%s",
            json_string_value(json_object_get(json_object_get(object, "attributes"), "ord")));
        json_decref(object);
        line = end + 1;
    }
    free(text);
    return count;
}

static void repeatable(void **state)
{
    char out[CLI_PATH_SIZE];
    tamis_sample_options options = options_of(&corpus, out);
    char small[5][24];
    char large[40][24];
    char other[5][24];
    size_t in_large = 0;
    size_t in_other = 0;
    char *first = take(&options, NULL, NULL);
    char *second = take(&options, NULL, NULL);

    (void)state;
    assert_string_equal(first, second);
    free(first);
    free(second);
    assert_int_equal(take_ords(options, small), 5);
    options.count = 40;
    assert_int_equal(take_ords(options, large), 40);
    options.count = 5;
    options.seed = 2;
    assert_int_equal(take_ords(options, other), 5);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 40; j++) {
            in_large += strcmp(small[i], large[j]) == 0 ? 1 : 0;
        }
        for (size_t j = 0; j < 5; j++) {
            in_other += strcmp(small[i], other[j]) == 0 ? 1 : 0;
        }
    }
    assert_int_equal(in_large, 5);
    assert_true(in_other < 5);
}

static void marks(void **state)
{
    char out[CLI_PATH_SIZE];
    tamis_sample_options options = options_of(&corpus, out);
    uint64_t shown = 0;
    uint64_t found = 0;
    char *text = NULL;

    (void)state;
    options.count = 1000;
    text = take(&options, &shown, &found);
    assert_true(found > 20);
    assert_int_equal(shown, found);
    assert_contains(text, "[-in the removed document alone-] {+in its witness alone+}");
    assert_contains(text, "--- 1 of ");
    assert_contains(text, "  removed  0.0.");
    assert_contains(text, "  witness  0.0.");
    assert_contains(text, "[-w");
    assert_contains(text, "{+w");
    assert_lacks(text, "\x1b");
    free(text);

    options.has_color = true;
    text = take(&options, NULL, NULL);
    assert_contains(text, "\x1b[31m[-w");
    assert_contains(text, "\x1b[32m{+w");
    free(text);
}

static void exact_ones(void **state)
{
    char out[CLI_PATH_SIZE];
    tamis_sample_options options = options_of(&corpus, out);
    char *text = NULL;

    (void)state;
    options.reason = "exact";
    options.count = 1000;
    text = take(&options, NULL, NULL);
    assert_contains(text, "equal, white space aside:\n");
    assert_contains(text, "colors  \\u{1b}[31m in");
    assert_lacks(text, "\x1b");
    free(text);
}

static void bounded(void **state)
{
    char out[CLI_PATH_SIZE];
    tamis_sample_options options = options_of(&corpus, out);
    char *text = NULL;
    const char *shown = NULL;

    (void)state;
    options.count = 1;
    options.shown_bytes = 20;
    text = take(&options, NULL, NULL);
    shown = strrchr(text, '\n');
    assert_non_null(shown);
    *strrchr(text, '\n') = '\0';
    shown = strrchr(text, '\n') + 1;
    assert_true(strlen(shown) <= 20 + strlen("  ... [--]{++} ..."));
    assert_contains(shown, "...");
    free(text);
}

static void faults(void **state)
{
    char out[CLI_PATH_SIZE];
    tamis_sample_options options = options_of(&corpus, out);
    uint64_t found = 0;
    tamis_err err = {.text = ""};
    char *text = NULL;

    (void)state;
    options.reason = "invalid_json";
    text = take(&options, NULL, &found);
    assert_int_equal(found, 1);
    assert_contains(text, "invalid_json\n  record   0.1.62");
    free(text);
    options.reason = "nesting";
    text = take(&options, NULL, &found);
    assert_int_equal(found, 0);
    assert_string_equal(text, "");
    free(text);

    assert_int_equal(tamis_sample_check_reason("neer", &err), TAMIS_EARG);
    assert_contains(err.text, "did you mean 'near'?");
    assert_int_equal(tamis_sample_check_reason("zzzzzzzz", &err), TAMIS_EARG);
    assert_int_equal(tamis_sample_check_reason("none", &err), TAMIS_EARG);
    assert_int_equal(tamis_sample_check_reason("url", &err), TAMIS_OK);
}

/* Inputs may move on once a run is done. */
static void gone(void **state)
{
    cli_case c;
    tamis_settings settings = cli_settings();
    char out[CLI_PATH_SIZE];
    tamis_sample_options options;
    char *text = NULL;

    (void)state;
    cli_case_make(&c);
    cli_input_text(&c, "a.jsonl", "{\"text\":\"one of two\"}\n");
    cli_input_text(&c, "b.jsonl", "{\"text\":\"one of  two\"}\n");
    cli_run(&c, &settings, "out");
    options = options_of(&c, out);
    options.reason = NULL;
    assert_int_equal(tamis_path_write_file(
                         c.inputs[1], tamis_slice_of_string("{\"text\":\"one or  two\"}\n"), NULL),
                     TAMIS_OK);
    text = take(&options, NULL, NULL);
    assert_contains(text, "no text of the removed one: its input has changed");
    free(text);
    assert_int_equal(tamis_path_remove(c.inputs[1], NULL), TAMIS_OK);
    text = take(&options, NULL, NULL);
    assert_contains(text, "no text of the removed one: ");
    assert_contains(text, "b.jsonl");
    free(text);
    options.is_json = true;
    text = take(&options, NULL, NULL);
    assert_contains(text, "\"unreadable\":\"");
    free(text);
    cli_case_remove(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeatable), cmocka_unit_test(marks),  cmocka_unit_test(exact_ones),
        cmocka_unit_test(bounded),    cmocka_unit_test(faults), cmocka_unit_test(gone),
    };

    return cmocka_run_group_tests(tests, make_corpus, remove_corpus);
}
