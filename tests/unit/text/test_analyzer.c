/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an analysis is what docs/FORMATS.md 1.1 to 1.6 define, with every kernel, for texts of
 * every length, however they are cut into pieces. Method: random and long texts against the slow
 * reference; golden values; both sides of limits.
 */
#include "tamis/analyzer.h"

#include "tamis/sketch.h"
#include "tamis/tokens.h"
#include "tamis/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "each_kernel.h"
#include "reference_text.h"

#define SEED 5u

static tamis_settings settings_of(tamis_profile profile)
{
    return (tamis_settings){.levels = 1u << TAMIS_LEVEL_EXACT | 1u << TAMIS_LEVEL_NEAR,
                            .threshold_ppm = 800000,
                            .bands = 16,
                            .rows = 8,
                            .slots = 128,
                            .shingle = 5,
                            .profile = profile};
}

static int hash_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Shingle hashes of the text in order; NULL where there are none. */
static uint64_t *reference_shingles(tamis_slice text, const tamis_settings *settings,
                                    size_t *out_tokens, size_t *out_count)
{
    reference_tokens tokens;
    uint64_t *hashes = NULL;
    uint64_t *shingles = NULL;
    uint32_t n = settings->shingle;

    reference_tokenize(text, settings->profile, &tokens);
    hashes = malloc((tokens.count + 1) * sizeof(*hashes));
    shingles = malloc((tokens.count + 1) * sizeof(*shingles));
    assert_non_null(hashes);
    assert_non_null(shingles);
    for (size_t i = 0; i < tokens.count; i++) {
        hashes[i] = reference_token_hash(reference_token(&tokens, i));
    }
    *out_tokens = tokens.count;
    *out_count = tokens.count == 0 ? 0 : tokens.count < n ? 1 : tokens.count - n + 1;
    for (size_t i = 0; i < *out_count; i++) {
        shingles[i] =
            reference_shingle_hash(hashes + i, tokens.count < n ? (uint32_t)tokens.count : n);
    }
    free(hashes);
    reference_tokens_fini(&tokens);
    return shingles;
}

static bool has_empty(const uint32_t *sketch, uint32_t slots)
{
    for (uint32_t j = 0; j < slots; j++) {
        if (sketch[j] == UINT32_MAX) {
            return true;
        }
    }
    return false;
}

/* docs/FORMATS.md 1.6, word for word. */
static void reference_sketch(const uint64_t *shingles, size_t count, uint32_t t, uint32_t *sketch)
{
    for (uint32_t j = 0; j < t; j++) {
        sketch[j] = UINT32_MAX;
    }
    for (uint32_t r = 0; r <= 126 && has_empty(sketch, t); r++) {
        for (size_t i = 0; i < count; i++) {
            uint64_t x = shingles[i];
            uint32_t b = 0;
            uint32_t v = 0;

            if (r > 0) {
                x = (x ^ (r * 0xa0761d6478bd642fu)) * TAMIS_HASH_K1;
                x ^= x >> 32;
            }
            b = (uint32_t)(((x >> 32) * t) >> 32);
            v = r * (1u << 25) + ((uint32_t)x >> 7);
            sketch[b] = v < sketch[b] ? v : sketch[b];
        }
    }
    for (uint32_t j = 0; j < t; j++) {
        uint32_t least = UINT32_MAX;

        for (size_t i = 0; i < count && sketch[j] == UINT32_MAX; i++) {
            uint64_t y = (shingles[i] ^ ((j + 1) * 0xe7037ed1a0b428dbu)) * TAMIS_HASH_K1;

            y ^= y >> 32;
            y *= 0xd6e8feb86659fd93u;
            y ^= y >> 32;
            least = (uint32_t)y >> 7 < least ? (uint32_t)y >> 7 : least;
        }
        sketch[j] = sketch[j] == UINT32_MAX ? 127u * (1u << 25) + least : sketch[j];
    }
}

static void check(const tamis_settings *settings, tamis_slice text, const char *what)
{
    tamis_analyzer *analyzer = NULL;
    tamis_analysis analysis;
    const uint64_t *distinct = NULL;
    size_t distinct_count = 0;
    size_t token_count = 0;
    size_t count = 0;
    uint64_t *shingles = reference_shingles(text, settings, &token_count, &count);
    uint32_t sketch[TAMIS_SKETCH_SLOTS_MAX];
    tamis_buf folded;
    size_t unique = 0;

    assert_int_equal(tamis_analyzer_create(settings, &analyzer, NULL), TAMIS_OK);
    assert_int_equal(tamis_analyzer_run(analyzer, text, &analysis, NULL), TAMIS_OK);
    if (analysis.token_count != token_count || analysis.shingle_count != count) {
        fail_msg("%s: %zu tokens, not %zu", what, (size_t)analysis.token_count, token_count);
    }
    assert_true(tamis_digest_is_equal(analysis.digest, tamis_hash128(text.data, text.size)));
    tamis_buf_init(&folded, 0);
    reference_fold(text, &folded);
    assert_true(tamis_digest_is_equal(analysis.exact, tamis_hash128(folded.data, folded.size)));
    tamis_buf_fini(&folded);
    if (count > 0) {
        reference_sketch(shingles, count, settings->slots, sketch);
        assert_memory_equal(analysis.sketch, sketch, settings->slots * sizeof(sketch[0]));
    }
    qsort(shingles, count, sizeof(shingles[0]), hash_compare);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || shingles[unique - 1] != shingles[i]) {
            shingles[unique++] = shingles[i];
        }
    }
    assert_int_equal(analysis.distinct_count,
                     settings->min_containment_ppm > settings->threshold_ppm ? unique : 0);
    assert_int_equal(tamis_analyzer_shingles(analyzer, text, &distinct, &distinct_count, NULL),
                     TAMIS_OK);
    assert_int_equal(distinct_count, unique);
    assert_memory_equal(distinct, shingles, unique * sizeof(shingles[0]));
    tamis_analyzer_destroy(analyzer);
    free(shingles);
}

static void body_random(void)
{
    tamis_rng rng = {.state = SEED};

    for (int round = 0; round < 400; round++) {
        tamis_settings settings =
            settings_of(round % 2 == 0 ? TAMIS_PROFILE_TEXT : TAMIS_PROFILE_CODE);
        tamis_buf text;
        char what[32];

        settings.slots = 64u << tamis_rng_below(&rng, 5);
        settings.shingle = round % 4 == 0 ? (uint32_t)(1 + tamis_rng_below(&rng, 20)) : 5;
        settings.min_containment_ppm = round % 3 == 0 ? 950000 : 0;
        tamis_buf_init(&text, 0);
        assert_int_equal(tamis_buf_reserve(&text, 1), TAMIS_OK);
        random_text(&rng, tamis_rng_below(&rng, round % 50 == 0 ? 60000 : 200), &text);
        (void)snprintf(what, sizeof(what), "round %d", round);
        check(&settings, tamis_buf_slice(&text), what);
        tamis_buf_fini(&text);
    }
}

/* More shingles than are kept, with few distinct: the sketch needs many rounds, so the text is
 * walked again; with more distinct than that, and without a place to cut. */
static void body_long(void)
{
    for (int kind = 0; kind < 3; kind++) {
        tamis_settings settings = settings_of(TAMIS_PROFILE_TEXT);
        tamis_buf text;

        tamis_buf_init(&text, 0);
        for (int i = 0; i < 100000; i++) {
            assert_int_equal(kind == 0 && i >= 30 ? tamis_buf_append_string(&text, "a b ")
                             : kind < 2           ? tamis_buf_append_format(&text, "%d ", i)
                                                  : tamis_buf_append_format(&text, "x%d", i),
                             TAMIS_OK);
        }
        check(&settings, tamis_buf_slice(&text), "long text");
        tamis_buf_fini(&text);
    }
}

/* Texts that repeat themselves, whose repeats are dropped once the rounds have gone on for long. */
static void body_repeats(void)
{
    static const int periods[] = {1, 2, 7, 40, 130, 300};
    static const int lengths[] = {500, 4101, 4200, 20000, 70000};

    for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
        for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
            tamis_settings settings = settings_of(TAMIS_PROFILE_TEXT);
            tamis_buf text;

            settings.min_containment_ppm = n % 2 == 0 ? 950000 : 0;
            tamis_buf_init(&text, 0);
            for (int i = 0; i < lengths[n]; i++) {
                assert_int_equal(tamis_buf_append_format(&text, "%d ", i % periods[p]), TAMIS_OK);
            }
            check(&settings, tamis_buf_slice(&text), "repeats");
            tamis_buf_fini(&text);
        }
    }
}

static void test_random(void **state)
{
    (void)state;
    (void)printf("seed %u\n", SEED);
    each_kernel(body_random);
}

static void test_long(void **state)
{
    (void)state;
    each_kernel(body_long);
}

static void test_repeats(void **state)
{
    (void)state;
    each_kernel(body_repeats);
}

/* Values that must never change within a definition version: they lie in indexes. */
static void body_golden(void)
{
    static const struct {
        const char *text;
        uint64_t token_count;
        uint32_t shingle_count;
        uint64_t digest_low;
        uint64_t exact_low;
        uint64_t sketch_hash;
    } cases[] = {
        {"", 0, 0, 0x6001c324468d497fu, 0x6001c324468d497fu, 0x0000000000000000u},
        {"Hello, World", 2, 1, 0xb9aaef6b5a882907u, 0xb9aaef6b5a882907u, 0x3e3ce53fafc63b9eu},
        {"The quick brown fox jumps over the lazy dog.\n\nThe End", 11, 7, 0xcc0c12cdaf2933cfu,
         0x9db2e64ab99d9433u, 0xeb86b7f270e2b7b7u},
        {"\u4E2D\u6587\u6587\u672C Stra\u00DFe e\u0301", 6, 2, 0x42b9aa82648b2043u,
         0x39770eb5c00d5f45u, 0x9dc1af1f3bd35c40u},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tamis_settings settings = settings_of(TAMIS_PROFILE_TEXT);
        uint8_t bytes[128 + TAMIS_BUF_SLACK] = {0};
        tamis_analyzer *analyzer = NULL;
        tamis_analysis analysis;
        uint64_t sketch_hash = 0;

        memcpy(bytes, cases[i].text, strlen(cases[i].text));
        assert_int_equal(tamis_analyzer_create(&settings, &analyzer, NULL), TAMIS_OK);
        assert_int_equal(tamis_analyzer_run(analyzer, tamis_slice_of(bytes, strlen(cases[i].text)),
                                            &analysis, NULL),
                         TAMIS_OK);
        if (analysis.shingle_count > 0) {
            sketch_hash = tamis_hash64(analysis.sketch, settings.slots * sizeof(uint32_t));
        }
        if (analysis.token_count != cases[i].token_count ||
            analysis.shingle_count != cases[i].shingle_count ||
            analysis.digest.low != cases[i].digest_low ||
            analysis.exact.low != cases[i].exact_low || sketch_hash != cases[i].sketch_hash) {
            fail_msg("case %zu: %llu, %u, 0x%016llxu, 0x%016llxu, 0x%016llxu", i,
                     (unsigned long long)analysis.token_count, analysis.shingle_count,
                     (unsigned long long)analysis.digest.low,
                     (unsigned long long)analysis.exact.low, (unsigned long long)sketch_hash);
        }
        tamis_analyzer_destroy(analyzer);
    }
}

static void test_golden(void **state)
{
    (void)state;
    each_kernel(body_golden);
}

/* Parts that are not asked for are not done. */
static void test_levels(void **state)
{
    tamis_settings settings = settings_of(TAMIS_PROFILE_TEXT);
    uint8_t bytes[32 + TAMIS_BUF_SLACK] = " one  two ";
    tamis_slice text = tamis_slice_of(bytes, 10);
    tamis_analyzer *analyzer = NULL;
    tamis_analysis analysis;

    (void)state;
    settings.levels = 1u << TAMIS_LEVEL_EXACT;
    settings.exact = TAMIS_EXACT_RAW;
    assert_int_equal(tamis_analyzer_create(&settings, &analyzer, NULL), TAMIS_OK);
    assert_int_equal(tamis_analyzer_run(analyzer, text, &analysis, NULL), TAMIS_OK);
    assert_true(tamis_digest_is_equal(analysis.digest, analysis.exact));
    assert_int_equal(analysis.shingle_count, 0);
    tamis_analyzer_destroy(analyzer);
    settings.levels = 1u << TAMIS_LEVEL_NEAR;
    assert_int_equal(tamis_analyzer_create(&settings, &analyzer, NULL), TAMIS_OK);
    assert_int_equal(tamis_analyzer_run(analyzer, text, &analysis, NULL), TAMIS_OK);
    assert_int_equal(analysis.exact.low, 0);
    assert_int_equal(analysis.token_count, 2);
    assert_int_equal(analysis.shingle_count, 1);
    tamis_analyzer_destroy(analyzer);
}

static void test_settings_limits(void **state)
{
    static const struct {
        uint32_t slots;
        uint32_t shingle;
        bool is_good;
    } cases[] = {
        {64, 1, true},   {1024, TAMIS_SHINGLE_MAX, true},
        {32, 5, false},  {2048, 5, false},
        {96, 5, false},  {0, 5, false},
        {128, 0, false}, {128, TAMIS_SHINGLE_MAX + 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tamis_settings settings = settings_of(TAMIS_PROFILE_CODE);
        tamis_analyzer *analyzer = NULL;
        tamis_err err = {0};

        settings.slots = cases[i].slots;
        settings.shingle = cases[i].shingle;
        assert_int_equal(tamis_analyzer_create(&settings, &analyzer, &err),
                         cases[i].is_good ? TAMIS_OK : TAMIS_EARG);
        assert_true(cases[i].is_good == (err.text[0] == '\0'));
        tamis_analyzer_destroy(analyzer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),          cmocka_unit_test(test_long),
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_levels),
        cmocka_unit_test(test_settings_limits), cmocka_unit_test(test_repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
