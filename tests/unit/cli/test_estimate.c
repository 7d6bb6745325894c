/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates: the sample counts what a run counts, disk comes out as a run leaves it, and the model
 * scales the way runs do. Times are not held against a clock. */
#include "cli_support.h"
#include "estimate.h"

#include <ftw.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/path.h"
#include "tamis/reader.h"

#define DOCUMENTS 6000

static cli_case corpus;

static int make_corpus(void **state)
{
    tamis_rng rng = {.state = 77};
    tamis_buf lines;

    (void)state;
    print_message("seed 77\n");
    cli_case_make(&corpus);
    tamis_buf_init(&lines, 0);
    for (unsigned i = 0; i < 2; i++) {
        tamis_buf_reset(&lines);
        cli_corpus(&lines, &rng, DOCUMENTS / 2);
        cli_input(&corpus, i == 0 ? "a.jsonl" : "b.jsonl", &lines);
    }
    tamis_buf_fini(&lines);
    return 0;
}

static int remove_corpus(void **state)
{
    (void)state;
    cli_case_remove(&corpus);
    return 0;
}

static void discover(const tamis_settings *settings, tamis_plan *out_plan)
{
    tamis_discover_options options = {.paths = corpus.inputs, .path_count = corpus.input_count};
    tamis_err err = {.text = ""};

    if (tamis_discover(settings, &options, out_plan, &err) != TAMIS_OK) {
        print_error("%s\n", err.text);
        fail();
    }
}

static tamis_estimate_options options_for(const tamis_settings *settings, const tamis_plan *plan)
{
    return (tamis_estimate_options){
        .settings = settings,
        .plan = plan,
        .workers = 2,
        .memory_bytes = UINT64_C(1) << 30,
        .seed = 1,
        .temp_folder = corpus.folder,
    };
}

static uint64_t walked_bytes;

static int walk_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)path;
    (void)where;
    walked_bytes += kind == FTW_F ? (uint64_t)info->st_size : 0;
    return 0;
}

static uint64_t folder_bytes(const char *name)
{
    char path[CLI_PATH_SIZE];

    cli_path(&corpus, name, path);
    walked_bytes = 0;
    assert_int_equal(nftw(path, walk_entry, 16, FTW_PHYS), 0);
    return walked_bytes;
}

static void assert_near(const char *what, uint64_t estimated, uint64_t actual, double share)
{
    double ratio = (double)estimated / (double)actual;

    if (ratio < 1 - share || ratio > 1 + share) {
        print_error("%s: estimated %llu, is %llu\n", what, (unsigned long long)estimated,
                    (unsigned long long)actual);
        fail();
    }
}

/* A sample of everything knows everything but what a run merges and packs. */
static void whole(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_plan plan = {0};
    tamis_estimate_options options;
    tamis_facts facts;
    tamis_estimate_shape shape;
    tamis_estimate estimate;
    tamis_err err = {.text = ""};

    (void)state;
    discover(&settings, &plan);
    options = options_for(&settings, &plan);
    assert_int_equal(tamis_estimate_measure(&options, &facts, &err), TAMIS_OK);
    assert_int_equal(facts.rows, DOCUMENTS);
    assert_int_equal(facts.ids, DOCUMENTS);
    assert_int_equal(facts.quarantined, 0);
    assert_int_equal(facts.features[TAMIS_LEVEL_NEAR], DOCUMENTS * 18);
    assert_int_equal(facts.features[TAMIS_LEVEL_EXACT], DOCUMENTS);
    assert_true(facts.exact_repeats > 0);
    assert_true(facts.near_repeats > 0);
    assert_true(facts.read_seconds > 0 && facts.analyze_seconds > 0 && facts.pack_seconds > 0);
    tamis_estimate_shape_of(&options, &facts, &shape);
    assert_int_equal(shape.scan_bytes, facts.stored_bytes);
    tamis_estimate_model(&shape, &facts, &estimate);
    assert_int_equal(estimate.documents, DOCUMENTS);

    cli_run(&corpus, &settings, "out");
    assert_near("features", estimate.features_bytes,
                folder_bytes("out/.work/data/00000000000000aa/0-0"), 0.15);
    assert_near("records", estimate.records_bytes,
                folder_bytes("out/.work/data/00000000000000aa/records"), 0.25);
    /* These families are chains: what repeats the one before is far from the first. */
    assert_near("output", estimate.output_bytes,
                folder_bytes("out/documents") + folder_bytes("out/attributes"), 0.5);
    assert_near("work", estimate.work_bytes - (UINT64_C(1) << 20), /* no ledger here */
                folder_bytes("out/.work"), 0.25);
    tamis_plan_fini(&plan);
}

/* Equal texts are counted as a run counts them. */
static void exact_alone(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_plan plan = {0};
    tamis_estimate_options options;
    tamis_facts facts;
    tamis_estimate_shape shape;
    tamis_estimate estimate;

    (void)state;
    settings.levels = 1u << TAMIS_LEVEL_EXACT;
    discover(&settings, &plan);
    options = options_for(&settings, &plan);
    assert_int_equal(tamis_estimate_measure(&options, &facts, NULL), TAMIS_OK);
    assert_int_equal(facts.near_repeats, 0);
    tamis_estimate_shape_of(&options, &facts, &shape);
    tamis_estimate_model(&shape, &facts, &estimate);
    cli_run(&corpus, &settings, "exact");
    assert_near("output", estimate.output_bytes,
                folder_bytes("exact/documents") + folder_bytes("exact/attributes"), 0.05);
    assert_int_equal(estimate.spool_bytes, 0);
    tamis_plan_fini(&plan);
}

/* A part of it comes to about the same; another seed reads other places; nothing is left behind. */
static void part(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_plan plan = {0};
    tamis_estimate_options options;
    uint64_t before = folder_bytes("");

    (void)state;
    settings.split_bytes = 100000;
    discover(&settings, &plan);
    assert_true(plan.split_count > 12);
    options = options_for(&settings, &plan);
    options.sample_bytes = 400000;
    for (options.seed = 1; options.seed < 6; options.seed++) {
        tamis_facts facts;
        tamis_facts again;
        tamis_estimate_shape shape;
        tamis_estimate estimate;

        assert_int_equal(tamis_estimate_measure(&options, &facts, NULL), TAMIS_OK);
        assert_int_equal(tamis_estimate_measure(&options, &again, NULL), TAMIS_OK);
        assert_int_equal(facts.rows, again.rows);
        assert_int_equal(facts.documents_packed, again.documents_packed);
        assert_true(facts.rows < DOCUMENTS / 2);
        assert_int_equal(facts.pieces, 12);
        tamis_estimate_shape_of(&options, &facts, &shape);
        tamis_estimate_model(&shape, &facts, &estimate);
        assert_near("documents", estimate.documents, DOCUMENTS, 0.1);
    }
    assert_int_equal(folder_bytes(""), before);
    tamis_plan_fini(&plan);
}

/* ---- The model alone --------------------------------------------------------------------------
 */

static tamis_facts example_facts(void)
{
    return (tamis_facts){
        .stored_bytes = 50000000,
        .decoded_bytes = 200000000,
        .text_bytes = 180000000,
        .rows = 60000,
        .shingles = 60000 * 500,
        .features = {0, 60000, 60000 * 18},
        .ids = 60000,
        .id_bytes = 60000 * 50,
        .documents_packed = 60000000,
        .attributes_packed = 2500000,
        .pairs = 6000,
        .read_seconds = 0.2,
        .analyze_seconds = 0.4,
        .sort_seconds = 0.05,
        .pack_seconds = 0.9,
        .pieces = 12,
    };
}

static tamis_estimate_shape example_shape(const tamis_settings *settings)
{
    return (tamis_estimate_shape){
        .settings = settings,
        .scan_bytes = UINT64_C(50000000000),
        .emit_bytes = UINT64_C(50000000000),
        .splits = 1000,
        .batches = 800,
        .parts = 256,
        .slots = 1024,
        .workers = 8,
        .memory_bytes = UINT64_C(16) << 30,
    };
}

static void scales(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_facts facts = example_facts();
    tamis_estimate_shape shape = example_shape(&settings);
    tamis_estimate one;
    tamis_estimate two;

    (void)state;
    tamis_estimate_model(&shape, &facts, &one);
    assert_int_equal(one.documents, 60000000);
    assert_near("disk", one.disk_bytes, one.work_bytes + one.output_bytes, 0);
    assert_near("output", one.output_bytes, UINT64_C(62500000000), 0.001);

    shape.scan_bytes *= 2;
    shape.emit_bytes *= 2;
    shape.batches *= 2;
    shape.splits *= 2;
    tamis_estimate_model(&shape, &facts, &two);
    assert_near("disk of twice as much", two.disk_bytes, 2 * one.disk_bytes, 0.02);
    assert_near("time of twice as much", (uint64_t)two.processor_seconds,
                2 * (uint64_t)one.processor_seconds, 0.02);

    shape = example_shape(&settings);
    shape.workers = 16;
    tamis_estimate_model(&shape, &facts, &two);
    assert_true(two.wall_seconds < one.wall_seconds * 0.6);
    assert_true(two.wall_seconds > one.wall_seconds * 0.49);
    assert_true(two.memory_bytes > one.memory_bytes);
    assert_int_equal(two.disk_bytes, one.disk_bytes);

    /* More workers than tasks are of no use. */
    shape.workers = 1000000;
    tamis_estimate_model(&shape, &facts, &one);
    shape.workers = 2000000;
    tamis_estimate_model(&shape, &facts, &two);
    assert_true(one.wall_seconds == two.wall_seconds);
}

static void settings_matter(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_facts facts = example_facts();
    tamis_estimate_shape shape = example_shape(&settings);
    tamis_estimate usual;
    tamis_estimate other;

    (void)state;
    tamis_estimate_model(&shape, &facts, &usual);
    shape.emit_bytes = 0; /* all of it --against */
    tamis_estimate_model(&shape, &facts, &other);
    assert_int_equal(other.output_bytes, 0);
    assert_int_equal(other.features_bytes, usual.features_bytes);

    shape = example_shape(&settings);
    settings.slots = 256;
    tamis_estimate_model(&shape, &facts, &other);
    assert_int_equal(other.records_bytes, usual.records_bytes + 128 * usual.documents);

    settings = cli_settings();
    settings.verify_spool_ppm = 0;
    tamis_estimate_model(&shape, &facts, &other);
    assert_true(other.is_spool_refused);
    assert_int_equal(other.spool_bytes, 0);
    settings.verify = TAMIS_VERIFY_SIGNATURE;
    tamis_estimate_model(&shape, &facts, &other);
    assert_false(other.is_spool_refused);
    assert_int_equal(other.spool_bytes, 0);
    settings.verify = TAMIS_VERIFY_AUTO;
    settings.verify_spool_ppm = TAMIS_SPOOL_PPM_MAX;
    tamis_estimate_model(&shape, &facts, &other);
    assert_true(other.spool_bytes > 0);
    assert_true(other.verify_seconds > usual.verify_seconds || !usual.is_spool_refused);

    settings = cli_settings();
    shape.memory_bytes = UINT64_C(64) << 20; /* --memory bounds it, whatever the need */
    shape.workers = 8;
    tamis_estimate_model(&shape, &facts, &other);
    assert_true(other.memory_bytes < (UINT64_C(64) << 20) + 60000000 / 8 * 3 * 2);
    assert_true(other.memory_bytes < usual.memory_bytes);
}

static void with_limit(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_plan plan = {0};
    tamis_estimate_options options;
    tamis_facts facts;
    tamis_estimate_shape shape;
    tamis_estimate estimate;

    (void)state;
    settings.limit = 500;
    discover(&settings, &plan);
    options = options_for(&settings, &plan);
    assert_int_equal(tamis_estimate_measure(&options, &facts, NULL), TAMIS_OK);
    tamis_estimate_shape_of(&options, &facts, &shape);
    tamis_estimate_model(&shape, &facts, &estimate);
    assert_near("documents", estimate.documents, 1000, 0.1);
    tamis_plan_fini(&plan);
}

static void printed(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_plan plan = {0};
    tamis_estimate_options options;
    cli_output output;
    json_t *object = NULL;

    (void)state;
    discover(&settings, &plan);
    options = options_for(&settings, &plan);
    cli_output_open(&output);
    assert_int_equal(tamis_estimate_run(&options, output.file, NULL), TAMIS_OK);
    cli_output_close(&output);
    assert_contains(output.text, "disk, at its peak");
    assert_contains(output.text, "with 2 workers");
    free(output.text);
    options.is_json = true;
    cli_output_open(&output);
    assert_int_equal(tamis_estimate_run(&options, output.file, NULL), TAMIS_OK);
    cli_output_close(&output);
    object = json_loads(output.text, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(object, "documents")), DOCUMENTS);
    assert_true(json_is_number(json_object_get(object, "wall_seconds")));
    json_decref(object);
    free(output.text);
    tamis_plan_fini(&plan);
}

static void nothing(void **state)
{
    tamis_settings settings = cli_settings();
    tamis_plan plan = {0};
    tamis_estimate_options options;
    tamis_facts facts;
    tamis_err err = {.text = ""};

    (void)state;
    discover(&settings, &plan);
    options = options_for(&settings, &plan);
    for (uint32_t i = 0; i < plan.input_count; i++) {
        free(plan.inputs[i].path);
        plan.inputs[i].path = strdup("/nonexistent/x.jsonl");
    }
    assert_int_equal(tamis_estimate_measure(&options, &facts, &err), TAMIS_ENOENT);
    assert_contains(err.text, "no record could be read");
    tamis_plan_fini(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),   cmocka_unit_test(exact_alone),     cmocka_unit_test(part),
        cmocka_unit_test(scales),  cmocka_unit_test(settings_matter), cmocka_unit_test(with_limit),
        cmocka_unit_test(printed), cmocka_unit_test(nothing),
    };

    return cmocka_run_group_tests(tests, make_corpus, remove_corpus);
}
