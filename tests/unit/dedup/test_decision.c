/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: signatures and texts decide as docs/FORMATS.md 1.9 says, at every number of matches.
 * Method: known limits; the least accepted number of matches solved for apart; exact fractions. */
#include "dedup_test.h"

#include <stdlib.h>
#include <string.h>

#include "tamis/bytes.h"
#include "tamis/sketch.h"

static tamis_kernel kernels[TAMIS_KERNEL_COUNT] = {TAMIS_KERNEL_SCALAR, TAMIS_KERNEL_AVX2,
                                                   TAMIS_KERNEL_AVX512};

static tamis_decision decide(uint32_t threshold_ppm, uint32_t slots, tamis_verify verify,
                             uint32_t matches, bool may_use_text)
{
    tamis_settings settings = {.threshold_ppm = threshold_ppm, .slots = slots, .verify = verify};
    tamis_pair_evidence evidence = {.matches = matches};

    return tamis_decide_signature(&settings, &evidence, may_use_text);
}

static void test_matches(void **state)
{
    static uint8_t a[TAMIS_SKETCH_SLOTS_MAX + 1];
    static uint8_t b[TAMIS_SKETCH_SLOTS_MAX + 1];
    tamis_rng rng = seeded_rng(31);

    use_kernel(*(tamis_kernel *)*state);
    for (uint32_t slots = 0; slots <= TAMIS_SKETCH_SLOTS_MAX; slots += slots < 260 ? 1 : 4) {
        uint32_t expected = 0;
        uint64_t equal_in_8 = tamis_rng_below(&rng, 9);

        for (uint32_t j = 0; j < slots; j++) {
            a[1 + j] = (uint8_t)tamis_rng_next(&rng);
            b[1 + j] =
                tamis_rng_below(&rng, 8) < equal_in_8 ? a[1 + j] : (uint8_t)tamis_rng_next(&rng);
            expected += a[1 + j] == b[1 + j];
        }
        assert_int_equal(tamis_signature_matches(a + 1, b + 1, slots), expected);
    }
}

static void test_pack(void **state)
{
    uint32_t sketch[128];
    uint8_t signature[129];

    (void)state;
    for (uint32_t j = 0; j < 128; j++) {
        sketch[j] = 0xabcdef00u + 2 * j;
    }
    signature[128] = 77;
    tamis_signature_pack(sketch, 128, signature);
    for (uint32_t j = 0; j < 128; j++) {
        assert_int_equal(signature[j], 2 * j);
    }
    assert_int_equal(signature[128], 77);
}

/* 128 slots at 0.8: three standard errors are 0.1061, so J from 0.6939 to 0.9061 goes by text. */
static void test_known_limits(void **state)
{
    (void)state;
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_AUTO, 88, true), TAMIS_DECISION_REJECT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_AUTO, 89, true), TAMIS_DECISION_BY_TEXT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_AUTO, 116, true), TAMIS_DECISION_BY_TEXT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_AUTO, 117, true), TAMIS_DECISION_ACCEPT);
    /* (256 x 102 - 128) / 32640 = 0.7961, (256 x 103 - 128) / 32640 = 0.8039 */
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_AUTO, 102, false), TAMIS_DECISION_REJECT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_AUTO, 103, false), TAMIS_DECISION_ACCEPT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_SIGNATURE, 102, true), TAMIS_DECISION_REJECT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_SIGNATURE, 103, true), TAMIS_DECISION_ACCEPT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_TEXT, 0, true), TAMIS_DECISION_BY_TEXT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_TEXT, 128, true), TAMIS_DECISION_BY_TEXT);
    assert_int_equal(decide(800000, 128, TAMIS_VERIFY_TEXT, 102, false), TAMIS_DECISION_REJECT);
    assert_int_equal(decide(1000000, 128, TAMIS_VERIFY_AUTO, 127, true), TAMIS_DECISION_REJECT);
    assert_int_equal(decide(1000000, 128, TAMIS_VERIFY_AUTO, 128, true), TAMIS_DECISION_BY_TEXT);
    assert_int_equal(decide(0, 128, TAMIS_VERIFY_SIGNATURE, 0, true), TAMIS_DECISION_ACCEPT);
}

/* J >= T, solved for the matches: m >= (255 k T + k) / 256. */
static uint32_t least_accepted(uint32_t threshold_ppm, uint32_t slots)
{
    uint64_t numerator = (uint64_t)slots * (255 * (uint64_t)threshold_ppm + 1000000);

    return threshold_ppm == 0 ? 0 : (uint32_t)((numerator + 255999999) / 256000000);
}

/* (J - T)^2 <= 9 T (1 - T) / k for T = t / 10^6 and J = j / (255 k): both sides times
 * (255 k 10^6)^2, in 128 bits; the root is never taken. */
static bool is_undecided(uint32_t threshold_ppm, uint32_t slots, uint32_t matches)
{
    __extension__ typedef __int128 wide;
    wide j = 256 * (wide)matches - slots;
    wide distance = 0;

    j = j < 0 ? 0 : j;
    distance = j * 1000000 - (wide)threshold_ppm * 255 * slots;
    return distance * distance <=
           (wide)9 * threshold_ppm * (1000000 - threshold_ppm) * 255 * 255 * slots;
}

/* Every number of matches at many thresholds: the decision is the definition's and only grows. */
static void test_every_number_of_matches(void **state)
{
    tamis_rng rng = seeded_rng(32);

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint32_t slots = 64u << tamis_rng_below(&rng, 5);
        uint32_t threshold =
            round < 101 ? (uint32_t)round * 10000 : (uint32_t)tamis_rng_below(&rng, 1000001);
        uint32_t least = least_accepted(threshold, slots);
        uint32_t previous = 0;

        if (round % 3 == 0) { /* thresholds on the border of a number of matches */
            uint64_t m = slots / 256 + 1 + tamis_rng_below(&rng, slots - slots / 256);

            threshold = (uint32_t)((256 * m - slots) * 1000000 / (255 * (uint64_t)slots));
            least = least_accepted(threshold, slots);
        }
        for (uint32_t m = 0; m <= slots; m++) {
            bool accepted = m >= least;
            tamis_decision by_signature = decide(threshold, slots, TAMIS_VERIFY_SIGNATURE, m, true);
            tamis_decision automatic = decide(threshold, slots, TAMIS_VERIFY_AUTO, m, true);

            assert_int_equal(by_signature,
                             accepted ? TAMIS_DECISION_ACCEPT : TAMIS_DECISION_REJECT);
            assert_int_equal(automatic, is_undecided(threshold, slots, m) ? TAMIS_DECISION_BY_TEXT
                                                                          : by_signature);
            assert_int_equal(decide(threshold, slots, TAMIS_VERIFY_AUTO, m, false), by_signature);
            assert_true(tamis_similarity_of_matches(m, slots) >= previous);
            previous = tamis_similarity_of_matches(m, slots);
        }
        assert_int_equal(previous, 10000);
    }
}

static void test_text(void **state)
{
    tamis_settings settings = {.threshold_ppm = 800000};

    (void)state;
    assert_true(tamis_decide_text(&settings, 80, 90, 90));  /* 80 / 100 */
    assert_false(tamis_decide_text(&settings, 79, 89, 90)); /* 79 / 100 */
    assert_false(tamis_decide_text(&settings, 80, 90, 91)); /* 80 / 101 */
    assert_true(tamis_decide_text(&settings, 100, 100, 100));
    assert_false(tamis_decide_text(&settings, 0, 1, 1));
    /* 3e9 shingles: products pass 64 bits. */
    assert_true(
        tamis_decide_text(&settings, UINT64_C(1) << 60, UINT64_C(5) << 58, UINT64_C(1) << 60));
    assert_false(tamis_decide_text(&settings, (UINT64_C(1) << 60) - 1, UINT64_C(5) << 58,
                                   UINT64_C(1) << 60));
    /* A threshold of its own for containment counts only above the other. */
    settings.min_containment_ppm = 950000;
    assert_true(tamis_decide_text(&settings, 95, 100, 100));
    assert_false(tamis_decide_text(&settings, 94, 99, 94));
    assert_true(tamis_decide_text(&settings, 94, 94, 99));
    settings.min_containment_ppm = 800000;
    assert_true(tamis_decide_text(&settings, 80, 100, 80));
}

/* Containment of the removed text, J (|A| + |B|) / ((1 + J) |A|), against the limit. */
static void test_containment_by_signature(void **state)
{
    tamis_rng rng = seeded_rng(33);

    (void)state;
    for (int round = 0; round < 20000; round++) {
        tamis_settings settings = {.threshold_ppm = 700000,
                                   .min_containment_ppm =
                                       700001 + (uint32_t)tamis_rng_below(&rng, 300000),
                                   .slots = 128,
                                   .verify = TAMIS_VERIFY_SIGNATURE};
        uint32_t distinct_max = round % 2 == 0 ? 200 : UINT32_MAX;
        tamis_pair_evidence evidence = {
            .matches = (uint32_t)tamis_rng_below(&rng, 129),
            .removed_distinct = 1 + (uint32_t)tamis_rng_below(&rng, distinct_max),
            .witness_distinct = 1 + (uint32_t)tamis_rng_below(&rng, distinct_max)};
        uint64_t j = evidence.matches == 0 ? 0 : 256 * (uint64_t)evidence.matches - 128;
        tamis_uint128 covered =
            (tamis_uint128)j * ((uint64_t)evidence.removed_distinct + evidence.witness_distinct);
        tamis_uint128 whole = (tamis_uint128)(32640 + j) * evidence.removed_distinct;
        bool expected = j * 1000000 >= 32640u * UINT64_C(700000) &&
                        covered * 1000000 / whole >= settings.min_containment_ppm;
        uint32_t ratio = tamis_containment_of_matches(
            evidence.matches, 128, evidence.removed_distinct, evidence.witness_distinct);

        assert_int_equal(tamis_decide_signature(&settings, &evidence, true),
                         expected ? TAMIS_DECISION_ACCEPT : TAMIS_DECISION_REJECT);
        whole = covered > whole ? covered : whole; /* at most 1 */
        assert_true(ratio == (uint32_t)((covered * 20000 / whole + 1) / 2));
    }
}

static void test_ratios(void **state)
{
    (void)state;
    assert_int_equal(tamis_ratio(0, 5), 0);
    assert_int_equal(tamis_ratio(5, 5), 10000);
    assert_int_equal(tamis_ratio(1, 3), 3333);
    assert_int_equal(tamis_ratio(2, 3), 6667);
    assert_int_equal(tamis_ratio(1, 20000), 1); /* half goes up */
    assert_int_equal(tamis_ratio(1, 20001), 0);
    assert_int_equal(tamis_ratio(3, 20000), 2);
    assert_int_equal(tamis_ratio(19999, 20000), 10000);
    assert_int_equal(tamis_ratio(UINT64_MAX - 1, UINT64_MAX), 10000);
    assert_int_equal(tamis_ratio(UINT64_MAX / 2, UINT64_MAX), 5000);
    assert_int_equal(tamis_ratio(0, 0), 0);
    assert_true(tamis_ratio(UINT64_MAX, 1) == UINT32_MAX);
    for (uint64_t d = 1; d < 300; d++) {
        for (uint64_t n = 0; n <= d; n++) {
            uint64_t ratio = tamis_ratio(n, d);

            /* ratio - 1/2 <= 10^4 n / d < ratio + 1/2 */
            assert_true(2 * ratio * d <= 20000 * n + d && 20000 * n < 2 * ratio * d + d);
        }
    }
    assert_int_equal(tamis_similarity_of_matches(0, 128), 0);
    assert_int_equal(tamis_similarity_of_matches(1, 128), 39); /* 128 / 32640 = 0.00392 */
    assert_int_equal(tamis_similarity_of_matches(103, 128), 8039);
    assert_int_equal(tamis_similarity_of_matches(128, 128), 10000);
    assert_int_equal(tamis_similarity_of_matches(4, 1024), 0);
    assert_int_equal(tamis_similarity_of_matches(5, 1024), 10); /* 256 / 261120 = 0.00098 */
}

/* Against the plain double loop over seeded ascending lists. */
static void test_shared_hashes(void **state)
{
    tamis_rng rng = {11};

    (void)state;
    for (int round = 0; round < 300; round++) {
        uint8_t lists[2][64 * 8];
        size_t sizes[2];
        uint64_t expected = 0;

        for (int side = 0; side < 2; side++) {
            uint64_t value = 0;

            sizes[side] = (size_t)tamis_rng_below(&rng, 65);
            for (size_t i = 0; i < sizes[side]; i++) {
                value += 1 + tamis_rng_below(&rng, 3);
                tamis_put64le(lists[side] + 8 * i, value);
            }
        }
        for (size_t i = 0; i < sizes[0]; i++) {
            for (size_t j = 0; j < sizes[1]; j++) {
                expected += memcmp(lists[0] + 8 * i, lists[1] + 8 * j, 8) == 0 ? 1 : 0;
            }
        }
        assert_int_equal(tamis_shared_hashes(tamis_slice_of(lists[0], sizes[0] * 8),
                                             tamis_slice_of(lists[1], sizes[1] * 8)),
                         expected);
    }
}

#define FOR_KERNEL(test, kernel)                                                                   \
    {                                                                                              \
#test " " #kernel, test, NULL, NULL, &kernels[TAMIS_KERNEL_##kernel]                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOR_KERNEL(test_matches, SCALAR),    FOR_KERNEL(test_matches, AVX2),
        FOR_KERNEL(test_matches, AVX512),    cmocka_unit_test(test_pack),
        cmocka_unit_test(test_known_limits), cmocka_unit_test(test_every_number_of_matches),
        cmocka_unit_test(test_text),         cmocka_unit_test(test_containment_by_signature),
        cmocka_unit_test(test_ratios),       cmocka_unit_test(test_shared_hashes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
