/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: buckets offer the pairs and drops of docs/FORMATS.md 1.8, for any cut into blocks. Method:
 * a reference that gathers each bucket by looking at every document, on random corpora with few
 * keys; buckets of many thousand documents. */
#include "dedup_test.h"

#include <stdlib.h>
#include <string.h>

#include "tamis/level.h"

#define DOCUMENTS_MAX  200
#define KEYS_MAX       40
#define SPLIT_ROWS     16
#define SPLITS         (DOCUMENTS_MAX / SPLIT_ROWS + 1)
#define PAIRS_MAX      (DOCUMENTS_MAX * DOCUMENTS_MAX)
#define HUGE_DOCUMENTS 100000

/* What came out: pairs and capped documents in order of arrival, sorted before they are compared.
 */
typedef struct outcome {
    uint64_t (*pairs)[2];
    uint64_t *capped;
    size_t pair_count, capped_count;
    size_t calls;
    size_t fail_at_call; /* 0: never */
} outcome;

static tamis_status take_pairs(void *context, const uint64_t *pairs, size_t count, tamis_err *err)
{
    outcome *out = context;

    assert_true(count > 0);
    if (++out->calls == out->fail_at_call) {
        return tamis_err_set(err, TAMIS_ENOSPC, "sink is full");
    }
    memcpy(out->pairs + out->pair_count, pairs, count * sizeof(out->pairs[0]));
    out->pair_count += count;
    return TAMIS_OK;
}

static tamis_status take_capped(void *context, const uint64_t *ords, size_t count, tamis_err *err)
{
    outcome *out = context;

    assert_true(count > 0);
    if (++out->calls == out->fail_at_call) {
        return tamis_err_set(err, TAMIS_ENOSPC, "sink is full");
    }
    memcpy(out->capped + out->capped_count, ords, count * sizeof(ords[0]));
    out->capped_count += count;
    return TAMIS_OK;
}

static int compare_words(const void *a, const void *b, size_t words)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    for (size_t i = 0; i < words; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_1(const void *a, const void *b)
{
    return compare_words(a, b, 1);
}

static int compare_2(const void *a, const void *b)
{
    return compare_words(a, b, 2);
}

static int compare_3(const void *a, const void *b)
{
    return compare_words(a, b, 3);
}

static void outcome_init(outcome *out, size_t pairs_max, size_t capped_max)
{
    *out = (outcome){.pairs = calloc(pairs_max, sizeof(out->pairs[0])),
                     .capped = calloc(capped_max, sizeof(out->capped[0]))};
    assert_non_null(out->pairs);
    assert_non_null(out->capped);
}

static void outcome_sort(outcome *out)
{
    qsort(out->pairs, out->pair_count, sizeof(out->pairs[0]), compare_2);
    qsort(out->capped, out->capped_count, sizeof(out->capped[0]), compare_1);
}

static void outcome_fini(outcome *out)
{
    free(out->pairs);
    free(out->capped);
}

/* Adds in blocks of 0 .. block_max features. */
static tamis_status run(const tamis_bucket_options *options, const uint64_t *features, size_t count,
                        size_t block_max, tamis_rng *rng, outcome *out,
                        tamis_bucket_stats *out_stats, tamis_err *err)
{
    tamis_bucket_sink sink = {.context = out, .pairs = take_pairs, .capped = take_capped};
    tamis_bucketer *bucketer = NULL;
    tamis_status status = tamis_bucketer_create(options, &sink, &bucketer, err);

    for (size_t first = 0; first < count && status == TAMIS_OK;) {
        size_t block = (size_t)tamis_rng_below(rng, block_max + 1);

        block = block > count - first ? count - first : block;
        status = tamis_bucketer_add(bucketer, features + first * options->level->words, block, err);
        first += block;
    }
    if (status == TAMIS_OK) {
        status = tamis_bucketer_finish(bucketer, out_stats, err);
    }
    tamis_bucketer_destroy(bucketer);
    return status;
}

/* A random corpus: of each document its keys; row i of all is document i. */
typedef struct corpus {
    tamis_settings settings;
    tamis_bucket_options options;
    uint64_t split_base[SPLITS + 1];
    uint64_t kept_words[DOCUMENTS_MAX / 64 + 1];
    tamis_bitmap kept;
    size_t documents;
    size_t keys;
    bool has_key[DOCUMENTS_MAX][KEYS_MAX];
    uint64_t features[DOCUMENTS_MAX * KEYS_MAX * 3];
    size_t feature_count;
} corpus;

static tamis_ord ord_of(size_t document)
{
    return tamis_ord_make(0, (uint32_t)(document / SPLIT_ROWS), (uint32_t)(document % SPLIT_ROWS));
}

/* Key k as two words: some keys share their first word, and then only rests tell them apart. */
static void put_feature(corpus *c, size_t document, size_t key)
{
    uint32_t words = c->options.level->words;
    uint64_t *feature = c->features + c->feature_count++ * words;

    feature[0] = words == 3 ? key / 2 * 1000 : key * 1000;
    if (words == 3) {
        feature[1] = key % 2;
    }
    feature[words - 1] = ord_of(document);
}

static void corpus_make(corpus *c, tamis_level_id level, tamis_rng *rng)
{
    uint64_t density = 1 + tamis_rng_below(rng, 8);

    *c = (corpus){.documents = 1 + (size_t)tamis_rng_below(rng, DOCUMENTS_MAX),
                  .keys = 1 + (size_t)tamis_rng_below(rng, KEYS_MAX)};
    c->settings.bucket_cap = 1 + (uint32_t)tamis_rng_below(rng, 10);
    c->settings.url_keep =
        tamis_rng_below(rng, 2) == 0 ? TAMIS_URL_KEEP_FIRST : TAMIS_URL_KEEP_LAST;
    c->options = (tamis_bucket_options){
        .level = tamis_level_get(level), .settings = &c->settings, .split_base = c->split_base};
    if (tamis_rng_below(rng, 2) == 0) {
        c->options.against_splits = 1 + (uint32_t)tamis_rng_below(rng, 4);
    }
    for (size_t split = 0; split <= SPLITS; split++) {
        c->split_base[split] = split * SPLIT_ROWS;
    }
    c->kept = (tamis_bitmap){.words = c->kept_words, .bits = DOCUMENTS_MAX};
    for (size_t document = 0; document < c->documents; document++) {
        if (tamis_rng_below(rng, 4) != 0) {
            tamis_bitmap_set(&c->kept, document);
        }
        for (size_t key = 0; key < c->keys; key++) {
            c->has_key[document][key] = tamis_rng_below(rng, 8) < density;
            if (c->has_key[document][key]) {
                put_feature(c, document, key);
            }
        }
    }
    if (tamis_rng_below(rng, 3) != 0) {
        c->options.kept = &c->kept;
    }
    qsort(c->features, c->feature_count, c->options.level->words * sizeof(uint64_t),
          c->options.level->words == 3 ? compare_3 : compare_2);
}

static void expect_pair(outcome *out, size_t removed, size_t witness)
{
    out->pairs[out->pair_count][0] = ord_of(removed);
    out->pairs[out->pair_count][1] = ord_of(witness);
    out->pair_count++;
}

/* FORMATS 1.8 for one bucket, its documents in ord order. */
static void reference_bucket(const corpus *c, const size_t *bucket, size_t count, outcome *out,
                             tamis_bucket_stats *stats)
{
    size_t against = (size_t)c->options.against_splits * SPLIT_ROWS; /* documents below this */
    size_t cap = c->settings.bucket_cap;
    bool keeps_last = c->options.level->id == TAMIS_LEVEL_URL &&
                      c->settings.url_keep == TAMIS_URL_KEEP_LAST && count > 0 &&
                      bucket[0] >= against;

    stats->largest = count > stats->largest ? count : stats->largest;
    stats->buckets += count >= 2;
    if (c->options.level->id == TAMIS_LEVEL_NEAR) {
        for (size_t j = 0; j < count; j++) {
            for (size_t i = 0; i < j && i < cap; i++) {
                if (bucket[j] >= against) {
                    expect_pair(out, bucket[j], bucket[i]);
                }
            }
            if (count > cap + 1) {
                out->capped[out->capped_count++] = ord_of(bucket[j]);
            }
        }
        stats->capped += count > cap + 1;
        return;
    }
    for (size_t j = 0; j < count; j++) {
        size_t witness = keeps_last ? bucket[count - 1] : bucket[0];

        if (bucket[j] != witness && bucket[j] >= against) {
            expect_pair(out, bucket[j], witness);
        }
    }
}

static void reference(const corpus *c, outcome *out, tamis_bucket_stats *stats)
{
    for (size_t key = 0; key < c->keys; key++) {
        size_t bucket[DOCUMENTS_MAX];
        size_t count = 0;

        for (size_t document = 0; document < c->documents; document++) {
            bool takes_part = c->options.kept == NULL || tamis_bitmap_get(&c->kept, document);

            stats->features += c->has_key[document][key];
            if (c->has_key[document][key] && takes_part) {
                bucket[count++] = document;
            }
            stats->skipped += c->has_key[document][key] && !takes_part;
        }
        reference_bucket(c, bucket, count, out, stats);
    }
    stats->pairs = out->pair_count;
}

static void test_against_reference(void **state)
{
    static corpus c;
    tamis_rng rng = seeded_rng(71);

    (void)state;
    for (int round = 0; round < 600; round++) {
        outcome expected;
        outcome found;
        tamis_bucket_stats expected_stats = {0};
        tamis_bucket_stats stats = {0};

        outcome_init(&expected, PAIRS_MAX, DOCUMENTS_MAX * KEYS_MAX);
        outcome_init(&found, PAIRS_MAX, DOCUMENTS_MAX * KEYS_MAX);
        corpus_make(&c, (tamis_level_id)(round % TAMIS_LEVEL_COUNT), &rng);
        reference(&c, &expected, &expected_stats);
        assert_int_equal(run(&c.options, c.features, c.feature_count,
                             1 + (size_t)tamis_rng_below(&rng, 600), &rng, &found, &stats, NULL),
                         TAMIS_OK);
        outcome_sort(&expected);
        outcome_sort(&found);
        assert_int_equal(found.pair_count, expected.pair_count);
        assert_memory_equal(found.pairs, expected.pairs,
                            expected.pair_count * sizeof(expected.pairs[0]));
        assert_int_equal(found.capped_count, expected.capped_count);
        assert_memory_equal(found.capped, expected.capped,
                            expected.capped_count * sizeof(expected.capped[0]));
        assert_memory_equal(&stats, &expected_stats, sizeof(stats));
        outcome_fini(&expected);
        outcome_fini(&found);
    }
}

/* One bucket of very many documents, near and url last: batches reach the sink one by one, nothing
 * is lost at their borders. */
static void test_huge_bucket(void **state)
{
    static uint64_t features[HUGE_DOCUMENTS * 3];
    tamis_settings settings = {.bucket_cap = 8, .url_keep = TAMIS_URL_KEEP_LAST};
    tamis_rng rng = seeded_rng(72);

    (void)state;
    for (int id = 0; id < TAMIS_LEVEL_COUNT; id++) {
        tamis_bucket_options options = {.level = tamis_level_get((tamis_level_id)id),
                                        .settings = &settings};
        uint32_t words = options.level->words;
        size_t expected =
            id == TAMIS_LEVEL_NEAR ? 36 + (HUGE_DOCUMENTS - 9) * 8 : HUGE_DOCUMENTS - 1;
        tamis_bucket_stats stats = {0};
        outcome out;
        tamis_ord last = 0;

        outcome_init(&out, expected, HUGE_DOCUMENTS);
        for (size_t i = 0; i < HUGE_DOCUMENTS; i++) {
            features[i * words] = features[i * words + 1] = UINT64_MAX;
            features[i * words + words - 1] = last = tamis_ord_make(
                0, (uint32_t)(i / 1000) * 37, (uint32_t)(i % 1000) * (i < 5000 ? 300 : 1));
        }
        assert_int_equal(run(&options, features, HUGE_DOCUMENTS, 5000, &rng, &out, &stats, NULL),
                         TAMIS_OK);
        assert_int_equal(out.pair_count, expected);
        assert_int_equal(stats.largest, HUGE_DOCUMENTS);
        assert_int_equal(stats.buckets, 1);
        assert_int_equal(stats.capped, id == TAMIS_LEVEL_NEAR);
        assert_int_equal(out.capped_count, id == TAMIS_LEVEL_NEAR ? HUGE_DOCUMENTS : 0);
        for (size_t i = 0; i < out.pair_count; i++) {
            size_t document = id == TAMIS_LEVEL_URL ? i : i + 1;

            if (id != TAMIS_LEVEL_NEAR) {
                assert_true(out.pairs[i][0] == features[document * words + words - 1]);
                assert_true(out.pairs[i][1] ==
                            (id == TAMIS_LEVEL_URL ? last : features[words - 1]));
            }
        }
        outcome_fini(&out);
    }
}

/* The cap fires at K + 2 documents, not at K + 1. */
static void test_both_sides_of_the_cap(void **state)
{
    tamis_rng rng = {.state = 1};

    (void)state;
    for (uint32_t cap = 1; cap <= 9; cap++) {
        tamis_settings settings = {.bucket_cap = cap};
        tamis_bucket_options options = {.level = tamis_level_get(TAMIS_LEVEL_NEAR),
                                        .settings = &settings};

        for (size_t count = cap; count <= cap + 3; count++) {
            uint64_t features[2 * 12];
            tamis_bucket_stats stats = {0};
            outcome out;

            outcome_init(&out, 200, 20);
            for (size_t i = 0; i < count; i++) {
                features[2 * i] = 7;
                features[2 * i + 1] = ord_of(i);
            }
            assert_int_equal(run(&options, features, count, 3, &rng, &out, &stats, NULL), TAMIS_OK);
            assert_int_equal(stats.capped, count > cap + 1);
            assert_int_equal(out.capped_count, count > cap + 1 ? count : 0);
            outcome_fini(&out);
        }
    }
}

/* Two bands of one document with one key make it no pair of itself. */
static void test_document_twice(void **state)
{
    tamis_settings settings = {.bucket_cap = 8};
    tamis_bucket_options options = {.level = tamis_level_get(TAMIS_LEVEL_NEAR),
                                    .settings = &settings};
    uint64_t features[] = {7, 1, 7, 1, 7, 5, 7, 5, 8, 5, 8, 5};
    tamis_rng rng = {.state = 1};
    tamis_bucket_stats stats = {0};
    outcome out;

    (void)state;
    outcome_init(&out, 20, 20);
    assert_int_equal(run(&options, features, 6, 2, &rng, &out, &stats, NULL), TAMIS_OK);
    assert_int_equal(out.pair_count, 1);
    assert_true(out.pairs[0][0] == 5 && out.pairs[0][1] == 1);
    assert_int_equal(stats.buckets, 1);
    assert_int_equal(stats.largest, 2);
    outcome_fini(&out);
}

static void test_nothing(void **state)
{
    tamis_settings settings = {.bucket_cap = 8};
    tamis_bucket_options options = {.level = tamis_level_get(TAMIS_LEVEL_NEAR),
                                    .settings = &settings};
    tamis_rng rng = {.state = 1};
    tamis_bucket_stats stats = {.pairs = 99};
    tamis_err err;
    outcome out;

    (void)state;
    outcome_init(&out, 1, 1);
    assert_int_equal(run(&options, NULL, 0, 1, &rng, &out, &stats, &err), TAMIS_OK);
    assert_int_equal(out.calls, 0);
    assert_int_equal(stats.pairs, 0);
    settings.bucket_cap = 0;
    assert_int_equal(run(&options, NULL, 0, 1, &rng, &out, &stats, &err), TAMIS_EARG);
    assert_int_equal(err.status, TAMIS_EARG);
    outcome_fini(&out);
    tamis_bucketer_destroy(NULL);
}

/* Whichever call of the sink fails, that failure comes back. */
static void test_sink_failures(void **state)
{
    static uint64_t features[20000];
    tamis_settings settings = {.bucket_cap = 2, .url_keep = TAMIS_URL_KEEP_LAST};
    tamis_rng rng = seeded_rng(73);
    size_t calls = 0;

    (void)state;
    for (int id = 0; id < TAMIS_LEVEL_COUNT; id++) {
        tamis_bucket_options options = {.level = tamis_level_get((tamis_level_id)id),
                                        .settings = &settings};
        uint32_t words = options.level->words;
        size_t count = 20000 / words;

        for (size_t i = 0; i < count; i++) {
            features[i * words] = features[i * words + 1] = i / 5000;
            features[i * words + words - 1] = i;
        }
        for (size_t fail_at = 0; fail_at == 0 || fail_at <= calls; fail_at++) {
            tamis_bucket_stats stats = {.pairs = 99};
            tamis_err err = {.status = TAMIS_OK};
            outcome out;

            outcome_init(&out, 40000, 20000);
            out.fail_at_call = fail_at;
            assert_int_equal(run(&options, features, count, 700, &rng, &out, &stats, &err),
                             fail_at == 0 ? TAMIS_OK : TAMIS_ENOSPC);
            assert_true(fail_at == 0 || (stats.pairs == 99 && err.status == TAMIS_ENOSPC));
            calls = fail_at == 0 ? out.calls : calls;
            outcome_fini(&out);
        }
        assert_true(calls >= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_reference),
                                       cmocka_unit_test(test_huge_bucket),
                                       cmocka_unit_test(test_both_sides_of_the_cap),
                                       cmocka_unit_test(test_document_twice),
                                       cmocka_unit_test(test_nothing),
                                       cmocka_unit_test(test_sink_failures)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
