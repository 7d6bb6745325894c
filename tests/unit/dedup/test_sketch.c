/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: every kernel gives the bits of docs/FORMATS.md 1.6, however the shingles are cut into
 * batches. Method: golden vectors; a slow reference written from the text of the definition. */
#include "dedup_test.h"

#include <stdlib.h>
#include <string.h>

#include "sketch_vectors.h"
#include "tamis/sketch.h"

#define SHINGLES_MAX 6000

static tamis_kernel kernels[TAMIS_KERNEL_COUNT] = {TAMIS_KERNEL_SCALAR, TAMIS_KERNEL_AVX2,
                                                   TAMIS_KERNEL_AVX512};

/* FORMATS 1.6, step by step; no thought of speed. */
static void reference_sketch(const uint64_t *g, size_t count, uint32_t t, uint32_t *s)
{
    bool has_empty = true;

    for (uint32_t j = 0; j < t; j++) {
        s[j] = UINT32_MAX;
    }
    for (uint32_t r = 0; r <= 126 && has_empty; r++) {
        for (size_t i = 0; i < count; i++) {
            uint64_t x = g[i];
            uint32_t value = 0;
            uint64_t b = 0;

            if (r > 0) {
                x = (g[i] ^ (r * UINT64_C(0xa0761d6478bd642f))) * TAMIS_HASH_K1;
                x ^= x >> 32;
            }
            b = ((x >> 32) * t) >> 32;
            value = r * (1u << 25) + (uint32_t)((x % (UINT64_C(1) << 32)) >> 7);
            s[b] = value < s[b] ? value : s[b];
        }
        has_empty = false;
        for (uint32_t j = 0; j < t; j++) {
            has_empty = has_empty || s[j] == UINT32_MAX;
        }
    }
    for (uint32_t j = 0; j < t; j++) {
        uint32_t least = UINT32_MAX;

        for (size_t i = 0; s[j] == UINT32_MAX && i < count; i++) {
            uint64_t y = (g[i] ^ ((j + 1) * UINT64_C(0xe7037ed1a0b428db))) * TAMIS_HASH_K1;
            uint32_t value = 0;

            y ^= y >> 32;
            y *= UINT64_C(0xd6e8feb86659fd93);
            y ^= y >> 32;
            value = (uint32_t)((y % (UINT64_C(1) << 32)) >> 7);
            least = value < least ? value : least;
        }
        if (s[j] == UINT32_MAX) {
            s[j] = 127 * (1u << 25) + least;
        }
    }
}

/* Adds the shingles in batches of 0 .. batch_max. */
static void sketch_in_batches(tamis_sketcher *sketcher, const uint64_t *shingles, size_t count,
                              size_t batch_max, tamis_rng *rng)
{
    tamis_sketcher_begin(sketcher);
    do {
        for (size_t first = 0; first < count;) {
            size_t batch = (size_t)tamis_rng_below(rng, batch_max + 1);

            batch = batch > count - first ? count - first : batch;
            tamis_sketcher_add(sketcher, shingles + first, batch);
            first += batch;
        }
    } while (tamis_sketcher_next_round(sketcher));
}

static void test_golden(void **state)
{
    static uint64_t shingles[SHINGLES_MAX];
    tamis_rng cuts = {.state = 1};

    use_kernel(*(tamis_kernel *)*state);
    for (size_t v = 0; v < sizeof(sketch_vectors) / sizeof(sketch_vectors[0]); v++) {
        const sketch_vector *vector = &sketch_vectors[v];
        tamis_rng rng = {.state = (uint64_t)vector->count * 1000 + vector->slots};
        tamis_sketcher *sketcher = tamis_sketcher_create(vector->slots);
        uint64_t checksum = VECTOR_CHECKSUM_START;
        const uint32_t *slots = NULL;

        assert_non_null(sketcher);
        for (uint32_t i = 0; i < vector->count; i++) {
            shingles[i] = tamis_rng_next(&rng);
        }
        sketch_in_batches(sketcher, shingles, vector->count, SHINGLES_MAX, &cuts);
        slots = tamis_sketcher_slots(sketcher);
        for (uint32_t j = 0; j < vector->slots; j++) {
            checksum = vector_checksum(checksum, slots[j]);
        }
        assert_int_equal(slots[0], vector->first);
        assert_int_equal(slots[1], vector->second);
        assert_int_equal(slots[vector->slots - 1], vector->last);
        assert_true(checksum == vector->checksum);
        tamis_sketcher_destroy(sketcher);
    }
}

static void check_equal(tamis_sketcher *sketcher, const uint64_t *shingles, size_t count,
                        uint32_t slots, size_t batch_max, tamis_rng *rng)
{
    uint32_t expected[TAMIS_SKETCH_SLOTS_MAX];

    reference_sketch(shingles, count, slots, expected);
    sketch_in_batches(sketcher, shingles, count, batch_max, rng);
    assert_memory_equal(tamis_sketcher_slots(sketcher), expected, slots * sizeof(expected[0]));
}

/* Random sets of 1 to 3000 shingles, small ones more often, some with repetitions; one sketcher for
 * all of a size, so that nothing of one document may remain in the next. */
static void test_against_reference(void **state)
{
    static uint64_t shingles[SHINGLES_MAX];
    tamis_rng rng = seeded_rng(20240607);

    use_kernel(*(tamis_kernel *)*state);
    for (uint32_t slots = 64; slots <= TAMIS_SKETCH_SLOTS_MAX; slots *= 2) {
        tamis_sketcher *sketcher = tamis_sketcher_create(slots);

        assert_non_null(sketcher);
        for (int round = 0; round < 120; round++) {
            uint64_t scale = UINT64_C(1) << tamis_rng_below(&rng, 12);
            size_t count = 1 + (size_t)tamis_rng_below(&rng, scale < 3000 ? scale : 3000);
            size_t batch_max = 1 + (size_t)tamis_rng_below(&rng, 2 * count);
            bool repeats = tamis_rng_below(&rng, 4) == 0;

            for (size_t i = 0; i < count; i++) {
                shingles[i] = repeats && i >= 10 ? shingles[i % 10] : tamis_rng_next(&rng);
            }
            check_equal(sketcher, shingles, count, slots, batch_max, &rng);
        }
        tamis_sketcher_destroy(sketcher);
    }
}

/* Hashes at the ends of the range, alone and together: first and last slot, least and greatest
 * value, a set that always leaves slots to the last step. */
static void test_extremes(void **state)
{
    static const uint64_t shingles[] = {
        0,   UINT64_MAX, UINT32_MAX,   UINT64_C(0xffffffff00000000), UINT64_C(0x8000000000000000),
        127, 128,        TAMIS_HASH_K1};
    tamis_rng rng = seeded_rng(5);

    use_kernel(*(tamis_kernel *)*state);
    for (uint32_t slots = 64; slots <= TAMIS_SKETCH_SLOTS_MAX; slots *= 2) {
        tamis_sketcher *sketcher = tamis_sketcher_create(slots);

        assert_non_null(sketcher);
        for (size_t i = 0; i < 8; i++) {
            check_equal(sketcher, shingles + i, 1, slots, 1, &rng);
            check_equal(sketcher, shingles, i + 1, slots, 3, &rng);
        }
        tamis_sketcher_destroy(sketcher);
    }
}

static void test_nothing_added(void **state)
{
    tamis_sketcher *sketcher = NULL;

    use_kernel(*(tamis_kernel *)*state);
    sketcher = tamis_sketcher_create(128);
    assert_non_null(sketcher);
    tamis_sketcher_begin(sketcher);
    tamis_sketcher_add(sketcher, NULL, 0);
    assert_false(tamis_sketcher_next_round(sketcher));
    tamis_sketcher_destroy(sketcher);
    tamis_sketcher_destroy(NULL);
}

/* The sketch of a union is the slot-wise minimum of the sketches of its parts. */
static void test_union_is_minimum(void **state)
{
    static uint64_t shingles[2000];
    tamis_rng rng = seeded_rng(77);
    uint32_t minimum[128];

    (void)state;
    for (int round = 0; round < 200; round++) {
        size_t count = 2 + (size_t)tamis_rng_below(&rng, 500);
        size_t cut = 1 + (size_t)tamis_rng_below(&rng, count - 1);
        tamis_sketcher *sketcher = tamis_sketcher_create(128);

        assert_non_null(sketcher);
        for (size_t i = 0; i < count; i++) {
            shingles[i] = tamis_rng_next(&rng);
        }
        sketch_in_batches(sketcher, shingles, cut, 100, &rng);
        memcpy(minimum, tamis_sketcher_slots(sketcher), sizeof(minimum));
        sketch_in_batches(sketcher, shingles + cut, count - cut, 100, &rng);
        for (uint32_t j = 0; j < 128; j++) {
            uint32_t slot = tamis_sketcher_slots(sketcher)[j];

            minimum[j] = slot < minimum[j] ? slot : minimum[j];
        }
        sketch_in_batches(sketcher, shingles, count, 100, &rng);
        assert_memory_equal(tamis_sketcher_slots(sketcher), minimum, sizeof(minimum));
        tamis_sketcher_destroy(sketcher);
    }
}

#define FOR_KERNEL(test, kernel)                                                                   \
    {                                                                                              \
#test " " #kernel, test, NULL, NULL, &kernels[TAMIS_KERNEL_##kernel]                       \
    }
#define FOR_KERNELS(test) FOR_KERNEL(test, SCALAR), FOR_KERNEL(test, AVX2), FOR_KERNEL(test, AVX512)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOR_KERNELS(test_golden), FOR_KERNELS(test_against_reference), FOR_KERNELS(test_extremes),
        FOR_KERNELS(test_nothing_added), cmocka_unit_test(test_union_is_minimum)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
