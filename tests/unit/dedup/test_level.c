/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the table has a row a level, and extractors write the features of docs/FORMATS.md 1.2, 1.3
 * and 1.7, scope included. */
#include "dedup_test.h"

#include <string.h>

#include "tamis/level.h"
#include "tamis/sketch.h"

static void test_table(void **state)
{
    static const char *const names[TAMIS_LEVEL_COUNT] = {"url", "exact", "near"};
    tamis_settings settings = {.bands = 18};

    (void)state;
    for (int id = 0; id < TAMIS_LEVEL_COUNT; id++) {
        const tamis_level *level = tamis_level_get((tamis_level_id)id);

        assert_int_equal(level->id, id);
        assert_string_equal(level->name, names[id]);
        assert_non_null(level->help);
        assert_ptr_equal(tamis_level_find(names[id]), level);
        assert_true(level->words <= TAMIS_FEATURE_WORDS_MAX);
        assert_int_equal(level->feature_max(&settings), id == TAMIS_LEVEL_NEAR ? 18 : 1);
    }
    assert_null(tamis_level_find("fuzzy"));
    assert_null(tamis_level_find(""));
}

/* lib/job lists the stages of a level without knowing this table; the two must agree on what proves
 * by equality. */
static void test_stages_follow_the_verifier(void **state)
{
    (void)state;
    for (int id = 0; id < TAMIS_LEVEL_COUNT; id++) {
        const tamis_level *level = tamis_level_get((tamis_level_id)id);
        tamis_stage stages[TAMIS_STAGES_MAX];
        tamis_job job = {.settings = {.levels = 1u << id}};
        uint32_t count = tamis_job_stages(&job, stages);
        bool has_pairs =
            tamis_stage_find(stages, count, TAMIS_STAGE_PAIR_LATER, level->id) != UINT32_MAX;

        assert_string_equal(level->name, tamis_level_names[id]);
        assert_int_equal(has_pairs, level->verifier == TAMIS_VERIFIER_SIGNATURE);
        assert_int_not_equal(tamis_stage_find(stages, count, TAMIS_STAGE_LINK, level->id),
                             UINT32_MAX);
    }
}

static void test_url(void **state)
{
    tamis_settings settings = {.scope = TAMIS_SCOPE_ALL};
    tamis_digest digest = tamis_hash128("http://a.example/", 17);
    tamis_feature_source source = {.settings = &settings,
                                   .scope_hash = 5,
                                   .ord = 42,
                                   .normalized_url = tamis_slice_of_string("http://a.example/")};
    const tamis_level *level = tamis_level_get(TAMIS_LEVEL_URL);
    uint64_t features[4] = {0, 0, 0, 99};

    (void)state;
    assert_int_equal(level->extract(&source, features), 1);
    assert_true(features[0] == digest.low && features[1] == digest.high);
    assert_int_equal(features[2], 42);
    assert_int_equal(features[3], 99);

    settings.scope = TAMIS_SCOPE_INPUT;
    assert_int_equal(level->extract(&source, features), 1);
    assert_true(features[0] == tamis_mum(digest.low ^ 5, TAMIS_HASH_K3));
    assert_true(features[1] == tamis_mum(digest.high ^ 5, TAMIS_HASH_K3));

    source.normalized_url = tamis_slice_of(NULL, 0);
    assert_int_equal(level->extract(&source, features), 0);
}

static void test_exact(void **state)
{
    tamis_settings settings = {.scope = TAMIS_SCOPE_ALL};
    tamis_analysis analysis = {.digest = {.low = 1, .high = 2}, .exact = {.low = 3, .high = 4}};
    tamis_feature_source source = {.settings = &settings, .analysis = &analysis, .ord = 42};
    const tamis_level *level = tamis_level_get(TAMIS_LEVEL_EXACT);
    uint64_t features[3];

    (void)state;
    assert_int_equal(level->extract(&source, features), 1);
    assert_true(features[0] == 3 && features[1] == 4 && features[2] == 42);
    settings.scope = TAMIS_SCOPE_FIELD; /* a missing field is scope 0, folded like another */
    assert_int_equal(level->extract(&source, features), 1);
    assert_true(features[0] == tamis_mum(3, TAMIS_HASH_K3));
    assert_true(features[1] == tamis_mum(4, TAMIS_HASH_K3));
}

static void test_near(void **state)
{
    uint32_t sketch[128];
    tamis_settings settings = {.scope = TAMIS_SCOPE_ALL, .bands = 18, .rows = 7, .slots = 128};
    tamis_analysis analysis = {.shingle_count = 1, .sketch = sketch};
    tamis_feature_source source = {
        .settings = &settings, .analysis = &analysis, .scope_hash = 9, .ord = 42};
    const tamis_level *level = tamis_level_get(TAMIS_LEVEL_NEAR);
    uint64_t keys[18];
    uint64_t features[37] = {[36] = 99};

    (void)state;
    for (uint32_t j = 0; j < 128; j++) {
        sketch[j] = j * j;
    }
    tamis_band_keys(sketch, 18, 7, 0, keys);
    assert_int_equal(level->extract(&source, features), 18);
    for (uint32_t i = 0; i < 18; i++) {
        assert_true(features[2 * i] == keys[i] && features[2 * i + 1] == 42);
    }
    assert_int_equal(features[36], 99);

    settings.scope = TAMIS_SCOPE_INPUT;
    tamis_band_keys(sketch, 18, 7, 9, keys);
    assert_int_equal(level->extract(&source, features), 18);
    for (uint32_t i = 0; i < 18; i++) {
        assert_true(features[2 * i] == keys[i]);
    }

    settings.scope = TAMIS_SCOPE_FIELD;
    source.scope_hash = 0;
    tamis_band_keys(sketch, 18, 7, 0, keys);
    assert_int_equal(level->extract(&source, features), 18);
    assert_true(features[0] == tamis_mum(keys[0], TAMIS_HASH_K3));

    analysis.shingle_count = 0;
    analysis.sketch = NULL;
    assert_int_equal(level->extract(&source, features), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_stages_follow_the_verifier),
        cmocka_unit_test(test_url), cmocka_unit_test(test_exact), cmocka_unit_test(test_near)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
