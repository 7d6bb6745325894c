/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: band keys are those of docs/FORMATS.md 1.7, and bands are chosen as the header says.
 * Method: golden keys of a program in another language; the textbook formula in floating point. */
#include "dedup_test.h"

#include "sketch_vectors.h"
#include "tamis/sketch.h"

typedef struct band_vector {
    uint32_t bands, rows;
    uint64_t first, last, checksum;
} band_vector;

/* Of the sketch in 128 slots of the first 200 numbers of tamis_rng seeded with 7. */
static const band_vector band_vectors[] = {
    {18, 7, 0xac97bbacafd5c68f, 0x11796f221e67072a, 0x9d5cfc3e7da630bc},
    {14, 8, 0x26cb6025b0ac4b99, 0x3dc21c613a91cc5f, 0x2967e1292b89728d},
    {1, 128, 0x2f16fbcf1d847113, 0x2f16fbcf1d847113, 0x966d8516159db1c2},
    {128, 1, 0x585a871d7d9d4e1a, 0xd869fa221e287192, 0x8df5b654678f48c2},
};
#define VECTOR_SCOPE         UINT64_C(0x123456789abcdef0)
#define VECTOR_18X7_3_SCOPED UINT64_C(0xb617c7d1ae768141)

static const uint32_t *make_sketch(tamis_sketcher *sketcher)
{
    uint64_t shingles[200];
    tamis_rng rng = {.state = 7};

    for (size_t i = 0; i < 200; i++) {
        shingles[i] = tamis_rng_next(&rng);
    }
    tamis_sketcher_begin(sketcher);
    do {
        tamis_sketcher_add(sketcher, shingles, 200);
    } while (tamis_sketcher_next_round(sketcher));
    return tamis_sketcher_slots(sketcher);
}

static void test_keys_golden(void **state)
{
    tamis_sketcher *sketcher = tamis_sketcher_create(128);
    uint64_t keys[TAMIS_BANDS_MAX];

    (void)state;
    assert_non_null(sketcher);
    for (size_t v = 0; v < sizeof(band_vectors) / sizeof(band_vectors[0]); v++) {
        const band_vector *vector = &band_vectors[v];
        uint64_t checksum = VECTOR_CHECKSUM_START;

        tamis_band_keys(make_sketch(sketcher), vector->bands, vector->rows, 0, keys);
        for (uint32_t i = 0; i < vector->bands; i++) {
            checksum = vector_checksum(checksum, keys[i]);
        }
        assert_true(keys[0] == vector->first);
        assert_true(keys[vector->bands - 1] == vector->last);
        assert_true(checksum == vector->checksum);
    }
    tamis_band_keys(make_sketch(sketcher), 18, 7, VECTOR_SCOPE, keys);
    assert_true(keys[3] == VECTOR_18X7_3_SCOPED);
    tamis_sketcher_destroy(sketcher);
}

/* A key depends on each slot of its band, on no other slot, and on the band's number. */
static void test_keys_depend_on_band(void **state)
{
    uint32_t sketch[128] = {0};
    uint64_t before[18];
    uint64_t after[18];

    (void)state;
    tamis_band_keys(sketch, 18, 7, 0, before);
    for (uint32_t i = 1; i < 18; i++) {
        assert_true(before[i] != before[0]);
    }
    for (uint32_t j = 0; j < 128; j++) {
        sketch[j] ^= 1;
        tamis_band_keys(sketch, 18, 7, 0, after);
        for (uint32_t i = 0; i < 18; i++) {
            assert_true((after[i] != before[i]) == (i == j / 7));
        }
        sketch[j] ^= 1;
    }
}

static void test_slots_for(void **state)
{
    (void)state;
    assert_int_equal(tamis_sketch_slots_for(1, 1), 128);
    assert_int_equal(tamis_sketch_slots_for(18, 7), 128);
    assert_int_equal(tamis_sketch_slots_for(16, 8), 128);
    assert_int_equal(tamis_sketch_slots_for(129, 1), 256);
    assert_int_equal(tamis_sketch_slots_for(20, 13), 512);
    assert_int_equal(tamis_sketch_slots_for(64, 16), 1024);
    assert_int_equal(tamis_sketch_slots_for(205, 5), 0); /* 1025 */
    assert_int_equal(tamis_sketch_slots_for(256, 4), 1024);
    assert_int_equal(tamis_sketch_slots_for(257, 1), 0); /* more than TAMIS_BANDS_MAX */
    assert_int_equal(tamis_sketch_slots_for(0, 7), 0);
    assert_int_equal(tamis_sketch_slots_for(7, 0), 0);
    assert_int_equal(tamis_sketch_slots_for(65536, 65536), 0); /* 2^32 is not 0 */
    assert_int_equal(tamis_sketch_slots_for(1, UINT32_MAX), 0);
}

static double power(double base, uint32_t exponent)
{
    double result = 1;

    for (uint32_t i = 0; i < exponent; i++) {
        result *= base;
    }
    return result;
}

static double recall_of(double similarity, uint32_t bands, uint32_t rows)
{
    return 1 - power(1 - power(similarity, rows), bands);
}

static void test_choose(void **state)
{
    uint32_t bands = 0;
    uint32_t rows = 0;

    (void)state;
    assert_int_equal(tamis_bands_choose(800000, 980000, 128, &bands, &rows), TAMIS_OK);
    assert_int_equal(bands, 18);
    assert_int_equal(rows, 7);
    assert_int_equal(tamis_bands_choose(800000, 940000, 128, &bands, &rows), TAMIS_OK);
    assert_int_equal(bands, 16);
    assert_int_equal(rows, 8);
    assert_int_equal(tamis_bands_choose(1000000, 1000000, 128, &bands, &rows), TAMIS_OK);
    assert_int_equal(bands, 1);
    assert_int_equal(rows, 128);
    bands = rows = 99;
    assert_int_equal(tamis_bands_choose(1000, 990000, 128, &bands, &rows), TAMIS_EARG);
    assert_int_equal(tamis_bands_choose(800000, 1000000, 128, &bands, &rows), TAMIS_EARG);
    assert_int_equal(tamis_bands_choose(1000001, 980000, 128, &bands, &rows), TAMIS_EARG);
    assert_int_equal(tamis_bands_choose(800000, 1000001, 128, &bands, &rows), TAMIS_EARG);
    assert_int_equal(tamis_bands_choose(800000, 980000, 0, &bands, &rows), TAMIS_EARG);
    assert_int_equal(tamis_bands_choose(800000, 980000, 1025, &bands, &rows), TAMIS_EARG);
    assert_int_equal(bands, 99); /* untouched on failure */
    assert_int_equal(rows, 99);
}

/* What is chosen reaches the recall, and one row more would not. */
static void test_choose_is_best(void **state)
{
    tamis_rng rng = seeded_rng(41);

    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint32_t threshold = 100000 + (uint32_t)tamis_rng_below(&rng, 900000);
        uint32_t recall = (uint32_t)tamis_rng_below(&rng, 1000000);
        uint32_t slots = 128u << tamis_rng_below(&rng, 4);
        double similarity = threshold / 1e6;
        uint32_t bands = 0;
        uint32_t rows = 0;

        if (tamis_bands_choose(threshold, recall, slots, &bands, &rows) != TAMIS_OK) {
            assert_true(recall_of(similarity, slots < 256 ? slots : 256, 1) < recall / 1e6 + 1e-9);
            continue;
        }
        assert_true(bands * rows <= slots && bands >= 1 && bands <= TAMIS_BANDS_MAX);
        assert_true(recall_of(similarity, bands, rows) >= recall / 1e6 - 1e-9);
        for (uint32_t more = rows + 1; more <= slots; more++) {
            uint32_t most = slots / more > 256 ? 256 : slots / more;

            assert_true(recall_of(similarity, most, more) < recall / 1e6 + 1e-9);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_golden), cmocka_unit_test(test_keys_depend_on_band),
        cmocka_unit_test(test_slots_for), cmocka_unit_test(test_choose),
        cmocka_unit_test(test_choose_is_best)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
