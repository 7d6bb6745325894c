/* SPDX-License-Identifier: Apache-2.0 */
/* A preview must say what a run with the stricter setting does: the same corpus is run again with
 * it, and the counts are compared. */
#include "cli_support.h"
#include "preview.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tamis/path.h"

#define DOCUMENTS 240

static cli_case corpus;

static int make_corpus(void **state)
{
    tamis_rng rng = {.state = 2024};
    tamis_buf lines;

    (void)state;
    print_message("seed 2024\n");
    cli_case_make(&corpus);
    cli_against_text(&corpus, "against.jsonl", "{\"text\":\"a text of the benchmark\"}\n");
    tamis_buf_init(&lines, 0);
    cli_corpus(&lines, &rng, DOCUMENTS);
    assert_int_equal(tamis_buf_append_string(&lines, "broken\n"), TAMIS_OK);
    cli_input(&corpus, "a.jsonl", &lines);
    tamis_buf_reset(&lines);
    cli_corpus(&lines, &rng, DOCUMENTS);
    cli_input(&corpus, "b.jsonl", &lines);
    tamis_buf_fini(&lines);
    return 0;
}

static int remove_corpus(void **state)
{
    (void)state;
    cli_case_remove(&corpus);
    return 0;
}

static json_t *preview_of(const char *out_name, const uint32_t *thresholds, size_t count,
                          uint32_t containment)
{
    char out[CLI_PATH_SIZE];
    tamis_preview_options options = {
        .out_path = out,
        .threshold_count = count,
        .has_min_containment = containment != 0,
        .min_containment_ppm = containment,
        .memory_bytes = UINT64_C(8) << 20,
        .is_json = true,
    };
    cli_output output;
    tamis_err err = {.text = ""};
    json_t *object = NULL;

    memcpy(options.thresholds_ppm, thresholds, count * sizeof(*thresholds));
    cli_path(&corpus, out_name, out);
    cli_output_open(&output);
    if (tamis_preview(&options, output.file, &err) != TAMIS_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    cli_output_close(&output);
    object = json_loads(output.text, 0, NULL);
    assert_non_null(object);
    free(output.text);
    return object;
}

/* Kept documents of one input as the run's report has them. */
static json_int_t reported(const char *out_name, size_t input, const char *what)
{
    char path[CLI_PATH_SIZE];
    char name[64];
    json_t *report = NULL;
    json_int_t number = 0;

    (void)snprintf(name, sizeof(name), "%s/report.json", out_name);
    cli_path(&corpus, name, path);
    report = json_load_file(path, 0, NULL);
    assert_non_null(report);
    number = json_integer_value(json_object_get(
        json_object_get(json_array_get(json_object_get(report, "inputs"), input), "documents"),
        what));
    json_decref(report);
    return number;
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void compare(const json_t *counts, const char *out_name)
{
    json_t *inputs = json_object_get(counts, "inputs");
    json_int_t kept = 0;

    assert_int_equal(json_array_size(inputs), 2);
    for (size_t i = 0; i < 2; i++) {
        json_int_t expected = reported(out_name, i + 1, "kept"); /* 0 is --against */

        assert_int_equal(number(json_array_get(inputs, i), "kept"), expected);
        kept += expected;
    }
    assert_int_equal(number(counts, "kept"), kept);
}

static void same_as_runs(tamis_verify verify, const char *name, uint32_t spool_ppm)
{
    static const uint32_t thresholds[] = {600000, 700000, 770000, 850000, 910000, 1000000};
    tamis_settings settings = cli_settings();
    char out[64];
    json_t *object = NULL;
    json_t *previews = NULL;
    json_int_t before = 0;

    settings.threshold_ppm = thresholds[0];
    settings.verify = verify;
    settings.verify_spool_ppm = spool_ppm;
    cli_run(&corpus, &settings, name);
    object = preview_of(name, thresholds, 6, 0);
    compare(json_object_get(object, "run"), name);
    previews = json_object_get(object, "previews");
    assert_int_equal(json_array_size(previews), 6);
    for (size_t i = 0; i < 6; i++) {
        const json_t *counts = json_array_get(previews, i);

        settings.threshold_ppm = thresholds[i];
        (void)snprintf(out, sizeof(out), "%s-%zu", name, i);
        cli_run(&corpus, &settings, out);
        compare(counts, out);
        assert_int_equal(number(counts, "kept"), number(json_object_get(object, "run"), "kept") +
                                                     number(counts, "come_back") -
                                                     number(counts, "go_instead"));
        /* The thresholds tell the documents of this corpus apart. */
        assert_true(number(counts, "kept") > before || (i == 5 && before != 0));
        before = number(counts, "kept");
    }
    assert_int_equal(number(json_array_get(previews, 0), "come_back"), 0);
    assert_int_equal(number(json_array_get(previews, 0), "go_instead"), 0);
    assert_int_equal(number(json_array_get(previews, 0), "dropped_near"),
                     number(json_object_get(object, "run"), "dropped_near"));
    json_decref(object);
}

static void by_text(void **state)
{
    (void)state;
    same_as_runs(TAMIS_VERIFY_TEXT, "text", 100000);
}

static void by_signature(void **state)
{
    (void)state;
    same_as_runs(TAMIS_VERIFY_SIGNATURE, "signature", 100000);
}

/* With auto, figures of texts and of signatures stand side by side; the run's own threshold gives
 * the run itself. */
static void by_both(void **state)
{
    const uint32_t thresholds[] = {800000, 900000};
    tamis_settings settings = cli_settings();
    json_t *object = NULL;
    const json_t *first = NULL;

    (void)state;
    cli_run(&corpus, &settings, "auto");
    object = preview_of("auto", thresholds, 2, 0);
    first = json_array_get(json_object_get(object, "previews"), 0);
    compare(first, "auto");
    assert_int_equal(number(first, "come_back"), 0);
    assert_int_equal(number(first, "go_instead"), 0);
    assert_true(number(json_array_get(json_object_get(object, "previews"), 1), "come_back") > 0);
    json_decref(object);
}

/* What --verify-spool refuses is decided by signature: then there is no list of wanted documents.
 */
static void refused_spool(void **state)
{
    const uint32_t threshold = 770000;
    tamis_settings settings = cli_settings();
    char wanted[CLI_PATH_SIZE];
    json_t *object = NULL;

    (void)state;
    settings.threshold_ppm = 600000;
    cli_run(&corpus, &settings, "refused");
    cli_path(&corpus, "refused/.work/data/00000000000000aa/6-0/wanted.bits", wanted);
    assert_int_equal(access(wanted, F_OK), 0);
    assert_int_equal(unlink(wanted), 0);
    object = preview_of("refused", &threshold, 1, 0);
    settings.threshold_ppm = threshold;
    settings.verify = TAMIS_VERIFY_SIGNATURE;
    cli_run(&corpus, &settings, "refused-more");
    compare(json_array_get(json_object_get(object, "previews"), 0), "refused-more");
    json_decref(object);
}

static void by_containment(void **state)
{
    const uint32_t threshold = 700000;
    tamis_settings settings = cli_settings();
    json_t *object = NULL;

    (void)state;
    settings.verify = TAMIS_VERIFY_TEXT;
    settings.threshold_ppm = threshold;
    settings.min_containment_ppm = 800000;
    cli_run(&corpus, &settings, "contained");
    object = preview_of("contained", &threshold, 1, 930000);
    settings.min_containment_ppm = 930000;
    cli_run(&corpus, &settings, "contained-more");
    compare(json_array_get(json_object_get(object, "previews"), 0), "contained-more");
    assert_true(number(json_array_get(json_object_get(object, "previews"), 0), "come_back") > 0);
    json_decref(object);
}

static void only_near(void **state)
{
    const uint32_t threshold = 950000;
    tamis_settings settings = cli_settings();
    json_t *object = NULL;

    (void)state;
    settings.levels = 1u << TAMIS_LEVEL_NEAR;
    settings.verify = TAMIS_VERIFY_TEXT;
    cli_run(&corpus, &settings, "near");
    object = preview_of("near", &threshold, 1, 0);
    settings.threshold_ppm = threshold;
    cli_run(&corpus, &settings, "near-more");
    compare(json_array_get(json_object_get(object, "previews"), 0), "near-more");
    json_decref(object);
}

static void refuse(const char *out_name, uint32_t threshold, uint32_t containment,
                   tamis_status expected, const char *message)
{
    char out[CLI_PATH_SIZE];
    tamis_preview_options options = {
        .out_path = out,
        .thresholds_ppm = {threshold},
        .threshold_count = 1,
        .has_min_containment = containment != 0,
        .min_containment_ppm = containment,
        .memory_bytes = UINT64_C(8) << 20,
    };
    tamis_err err = {.text = ""};

    cli_path(&corpus, out_name, out);
    assert_int_equal(tamis_preview(&options, stdout, &err), expected);
    assert_contains(err.text, message);
}

static void refusals(void **state)
{
    tamis_settings settings = cli_settings();
    char work[CLI_PATH_SIZE];

    (void)state;
    cli_run(&corpus, &settings, "plain");
    refuse("plain", 799999, 0, TAMIS_EARG, "below the run's own, 0.8");
    refuse("plain", 799999, 0, TAMIS_EARG, "--threshold=0.799999");
    refuse("plain", 800000, 900000, TAMIS_EARG, "--min-containment=0.9");
    refuse("nothing", 900000, 0, TAMIS_ENOENT, "no result");
    cli_path(&corpus, "plain/.work", work);
    assert_int_equal(tamis_path_remove(work, NULL), TAMIS_OK);
    refuse("plain", 900000, 0, TAMIS_ENOENT, "--keep-work");
    settings.levels = 1u << TAMIS_LEVEL_EXACT;
    cli_run(&corpus, &settings, "exact");
    refuse("exact", 900000, 0, TAMIS_EARG, "no level near");
}

static void for_people(void **state)
{
    char out[CLI_PATH_SIZE];
    tamis_preview_options options = {.out_path = out, .memory_bytes = UINT64_C(8) << 20};
    tamis_settings settings = cli_settings();
    cli_output output;

    (void)state;
    cli_run(&corpus, &settings, "people");
    cli_path(&corpus, "people", out);
    assert_int_equal(tamis_preview_parse_thresholds("0.9,95%", &options, NULL), TAMIS_OK);
    cli_output_open(&output);
    assert_int_equal(tamis_preview(&options, output.file, NULL), TAMIS_OK);
    cli_output_close(&output);
    assert_contains(output.text, "0.8 ");
    assert_contains(output.text, "the run\n");
    assert_contains(output.text, "\n0.95 ");
    assert_contains(output.text, "a.jsonl\n");
    assert_contains(output.text, "--bands=18 --rows=7");
    free(output.text);
}

static void thresholds(void **state)
{
    tamis_preview_options options;
    tamis_err err = {.text = ""};

    (void)state;
    assert_int_equal(tamis_preview_parse_thresholds("0.8,85%,1", &options, &err), TAMIS_OK);
    assert_int_equal(options.threshold_count, 3);
    assert_int_equal(options.thresholds_ppm[1], 850000);
    assert_int_equal(options.thresholds_ppm[2], 1000000);
    assert_int_equal(tamis_preview_parse_thresholds("", &options, &err), TAMIS_EARG);
    assert_int_equal(tamis_preview_parse_thresholds("0.8,", &options, &err), TAMIS_EARG);
    assert_int_equal(tamis_preview_parse_thresholds("1.1", &options, &err), TAMIS_EARG);
    assert_int_equal(tamis_preview_parse_thresholds("0.8;0.9", &options, &err), TAMIS_EARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_text),        cmocka_unit_test(by_signature),
        cmocka_unit_test(by_both),        cmocka_unit_test(refused_spool),
        cmocka_unit_test(by_containment), cmocka_unit_test(only_near),
        cmocka_unit_test(refusals),       cmocka_unit_test(for_people),
        cmocka_unit_test(thresholds),
    };

    return cmocka_run_group_tests(tests, make_corpus, remove_corpus);
}
