/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a document: kept with copies, dropped by way of another, quarantined, from
 * --against, with an id that occurs twice, or not there at all. */
#include "cli_support.h"
#include "explain.h"
#include "sample.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LONG_A                                                                                     \
    "the quick brown fox jumps over the lazy dog while seven green parrots watch from an old oak " \
    "tree and count every leap that it makes before the rain begins to fall on the quiet village"
#define LONG_B                                                                                     \
    "the quick brown fox jumps over the lazy dog while seven green parrots watch from an old oak " \
    "tree and count every leap that it makes before the rain begins to fall on the quiet town"

static cli_case story;

/* 0.1.0 alpha kept; 0.1.1 beta near alpha; 0.1.2 gamma equal to beta: by way of beta to alpha;
 * 0.1.3 broken; 0.2.0 and 0.2.1 share an id; 0.2.2 equals the document of --against (0.0.0). */
static int make_story(void **state)
{
    tamis_settings settings = cli_settings();

    (void)state;
    cli_case_make(&story);
    cli_against_text(&story, "against.jsonl",
                     "{\"id\":\"test\",\"text\":\"a question of the benchmark\"}\n");
    cli_input_text(&story, "a.jsonl",
                   "{\"id\":\"alpha\",\"text\":\"" LONG_A "\"}\n"
                   "{\"id\":\"beta\",\"text\":\"" LONG_B "\"}\n"
                   "{\"id\":\"gamma\",\"text\":\"" LONG_B " \"}\n"
                   "{\"id\":\"broken\n");
    cli_input_text(&story, "b.jsonl",
                   "{\"id\":\"twice\",\"text\":\"one thing\"}\n"
                   "{\"id\":\"twice\",\"text\":\"another \\ud800 thing\"}\n"
                   "{\"id\":\"leak\",\"text\":\"a question of  the benchmark\"}\n"
                   "{\"id\":\"0.1.0\",\"text\":\"an id like an ord\"}\n");
    cli_run(&story, &settings, "out");
    return 0;
}

static int remove_story(void **state)
{
    (void)state;
    cli_case_remove(&story);
    return 0;
}

typedef struct told {
    tamis_status status;
    uint64_t matches;
    tamis_err err;
    cli_output output;
} told;

static told tell(const char *wanted, bool is_id, uint64_t limit, bool is_json)
{
    char out[CLI_PATH_SIZE];
    tamis_explain_options options = {
        .out_path = out,
        .wanted = wanted,
        .is_id = is_id,
        .shown_limit = limit,
        .is_json = is_json,
    };
    told t = {.err = {.text = ""}};

    cli_path(&story, "out", out);
    cli_output_open(&t.output);
    t.status = tamis_explain(&options, t.output.file, &t.matches, &t.err);
    cli_output_close(&t.output);
    return t;
}

static void kept(void **state)
{
    told t = tell("alpha", false, 20, false);

    (void)state;
    assert_int_equal(t.status, TAMIS_OK);
    assert_int_equal(t.matches, 1);
    assert_contains(t.output.text, "alpha\n  ord          0.1.0\n");
    assert_contains(t.output.text, "verdict      keep\n");
    assert_contains(t.output.text, "row 0 of ");
    assert_contains(t.output.text, "0 exact, 2 near, 0 url");
    assert_contains(t.output.text, "Dropped in its favor, 2:\n");
    assert_contains(t.output.text, "0.1.1 beta, row 1 of ");
    assert_contains(t.output.text, "(by way of another)");
    free(t.output.text);

    t = tell("0.1.0", false, 1, false);
    assert_contains(t.output.text, "alpha\n");
    assert_contains(t.output.text, "0.1.1 beta");
    assert_lacks(t.output.text, "gamma");
    assert_contains(t.output.text, "and 1 more");
    free(t.output.text);
}

static void dropped(void **state)
{
    told t = tell("gamma", false, 20, false);

    (void)state;
    assert_int_equal(t.status, TAMIS_OK);
    assert_contains(t.output.text, "verdict      drop, reason exact (texts that are equal");
    assert_contains(t.output.text, "  1. 0.1.1 beta, row 1 of ");
    assert_contains(t.output.text, ": dropped itself, reason near, because of the next\n");
    assert_contains(t.output.text, "  2. 0.1.0 alpha, row 0 of ");
    assert_contains(t.output.text, ": keep\n");
    assert_contains(t.output.text, "similarity   0.");
    assert_contains(t.output.text, "figures of the last step");
    free(t.output.text);

    t = tell("beta", false, 20, false);
    assert_contains(t.output.text, "reason near");
    assert_contains(t.output.text, "of 18 shared");
    assert_contains(t.output.text, "Dropped because of it before it was dropped itself: 1;");
    free(t.output.text);
}

static void special(void **state)
{
    told t = tell("0.1.3", false, 20, false);

    (void)state;
    assert_contains(t.output.text, "quarantine, reason invalid_json (the line is no JSON object)");
    assert_contains(t.output.text, "of the file\n");
    assert_contains(t.output.text, "XXH3-128 of the raw record");
    free(t.output.text);

    t = tell("leak", false, 20, false);
    assert_contains(t.output.text, "  1. 0.0.0 test, row 0 of ");
    assert_contains(t.output.text, "(--against): kept, as all of --against");
    free(t.output.text);

    t = tell("0.2.1", false, 20, false);
    assert_contains(t.output.text, "repaired     its text was no valid UTF-8");
    free(t.output.text);
}

static void several(void **state)
{
    told t = tell("twice", false, 20, false);
    json_t *object = NULL;

    (void)state;
    assert_int_equal(t.status, TAMIS_OK);
    assert_int_equal(t.matches, 2);
    assert_contains(t.output.text, "2 documents have the id twice; name one by its ord:\n");
    assert_contains(t.output.text, "  0.2.0 keep");
    assert_contains(t.output.text, "  0.2.1 keep");
    free(t.output.text);

    t = tell("twice", false, 20, true);
    object = json_loads(t.output.text, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(object, "match_count")), 2);
    assert_int_equal(json_array_size(json_object_get(object, "matches")), 2);
    json_decref(object);
    free(t.output.text);

    /* An id that looks like an ord is reached as an id. */
    t = tell("0.1.0", true, 20, false);
    assert_contains(t.output.text, "0.1.0\n  ord          0.2.3\n");
    free(t.output.text);
}

static void missing(void **state)
{
    static const struct {
        const char *wanted;
        const char *message;
    } cases[] = {
        {"nobody", "no document has the id 'nobody'"},
        {"0.1.99", "no document has the ord '0.1.99'"},
        {"0.99.0", "no document has the ord '0.99.0'"},
        {"0.0.0", "is a document of --against"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        told t = tell(cases[i].wanted, false, 20, false);

        assert_int_equal(t.status, TAMIS_ENOENT);
        assert_int_equal(t.matches, 0);
        assert_contains(t.err.text, cases[i].message);
        assert_int_equal(t.output.size, 0);
        free(t.output.text);
    }
}

static void as_json(void **state)
{
    told t = tell("gamma", false, 20, true);
    json_t *object = json_loads(t.output.text, 0, NULL);
    json_t *chain = json_object_get(object, "chain");
    const json_t *last = NULL;

    (void)state;
    assert_non_null(object);
    assert_int_equal(json_integer_value(json_object_get(object, "version")), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(object, "attributes"), "ord")), "0.1.2");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(object, "source"), "row")),
                     2);
    assert_int_equal(json_array_size(chain), 2);
    last = json_object_get(json_array_get(chain, 1), "attributes");
    assert_string_equal(json_string_value(json_object_get(last, "verdict")), "keep");
    json_decref(object);
    free(t.output.text);

    t = tell("alpha", false, 1, true);
    object = json_loads(t.output.text, 0, NULL);
    last = json_object_get(object, "named_by");
    assert_int_equal(json_integer_value(json_object_get(last, "near")), 1);
    assert_int_equal(json_integer_value(json_object_get(last, "exact")), 1);
    assert_int_equal(json_array_size(json_object_get(last, "shown")), 1);
    json_decref(object);
    free(t.output.text);
}

static void no_result(void **state)
{
    tamis_explain_options options = {.out_path = story.folder, .wanted = "x", .shown_limit = 1};
    tamis_err err = {.text = ""};
    uint64_t matches = 7;

    (void)state;
    assert_int_equal(tamis_explain(&options, stdout, &matches, &err), TAMIS_ENOENT);
    assert_int_equal(matches, 0);
    assert_contains(err.text, "no result");
}

/* Damaged attributes lead nowhere but to a message. */
static void damaged(void **state)
{
    static const char *const lines[] = {
        "{\"id\":\"x\",\"ord\":\"0.9.0\",\"digest\":\"%s\",\"verdict\":\"keep\"}\n",
        "{\"id\":\"x\",\"ord\":\"0.1.0\",\"digest\":\"%s\",\"verdict\":\"drop\",\"reason\":"
        "\"exact\"}\n",
        "{\"id\":\"x\",\"ord\":\"0.1.0\",\"digest\":\"%s\",\"verdict\":\"drop\",\"reason\":"
        "\"near\","
        "\"witness\":{\"id\":\"y\",\"ord\":\"0.1.1\",\"verified\":\"text\"},\"via\":[\"0.7.7\"]}\n",
    };
    tamis_settings settings = cli_settings();
    char path[CLI_PATH_SIZE];
    char out[CLI_PATH_SIZE];

    (void)state;
    cli_run(&story, &settings, "damaged");
    cli_path(&story, "damaged", out);
    cli_path(&story, "damaged/attributes/a.jsonl", path);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        tamis_explain_options options = {.out_path = out, .wanted = "x", .shown_limit = 1};
        tamis_sample_options sample = {.out_path = out, .count = 1, .shown_bytes = 10};
        tamis_err err = {.text = ""};
        uint64_t matches = 0;
        char digest[] = "00000000000000000000000000000000";
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        for (const char *c = lines[i]; *c != '\0'; c++) {
            if (*c == '%') {
                (void)fputs(digest, file);
                c++;
            } else {
                (void)fputc(*c, file);
            }
        }
        assert_int_equal(fclose(file), 0);
        assert_int_equal(tamis_explain(&options, stdout, &matches, &err), TAMIS_EFORMAT);
        assert_contains(err.text, "a.jsonl: line 1 names");
        assert_int_equal(tamis_sample(&sample, stdout, NULL, NULL, &err), TAMIS_EFORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept),      cmocka_unit_test(dropped), cmocka_unit_test(special),
        cmocka_unit_test(several),   cmocka_unit_test(missing), cmocka_unit_test(as_json),
        cmocka_unit_test(no_result), cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, make_story, remove_story);
}
