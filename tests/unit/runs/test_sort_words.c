/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: tamis_sort_words orders records of any width and any distribution by all their words, and
 * the index sort keeps equal records in order. Method: compared with qsort, seeded. */
#include "runs_support.h"

#include "sort_index.h"
#include "tamis/sorter.h"

static void check_sort(tamis_rng *rng, size_t count, uint32_t words)
{
    uint64_t *records = shaped_records(rng, count, words);
    uint64_t *expected = malloc((count * words + 1) * 8);
    uint64_t *scratch = malloc((count * words + 1) * 8);

    assert_non_null(expected);
    assert_non_null(scratch);
    memcpy(expected, records, count * words * 8);
    plain_sort(expected, count, words);
    tamis_sort_words(records, count, words, scratch);
    assert_memory_equal(records, expected, count * words * 8 + (count == 0));
    free(records);
    free(expected);
    free(scratch);
}

static void test_small_counts(void **state)
{
    tamis_rng rng = seeded("small counts");

    (void)state;
    for (size_t count = 1; count <= 70; count++) {
        for (uint32_t words = 1; words <= 6; words++) {
            check_sort(&rng, count, words);
        }
    }
}

static void test_shapes(void **state)
{
    tamis_rng rng = seeded("shapes");

    (void)state;
    for (int round = 0; round < 150; round++) {
        uint32_t words = 1 + (uint32_t)tamis_rng_below(&rng, 8);
        size_t count = (size_t)tamis_rng_below(&rng, 6000);

        check_sort(&rng, count + 1, words);
    }
    check_sort(&rng, 50, TAMIS_RUN_WORDS_MAX);
}

/* Larger than what is spread within the cache, for every width that is moved. */
static void test_large(void **state)
{
    tamis_rng rng = seeded("large");

    (void)state;
    for (uint32_t words = 1; words <= 5; words++) {
        check_sort(&rng, 150000, words);
    }
}

/* Every bit of both words decides once: as many levels of spreading as there can be. */
static void test_deep(void **state)
{
    enum { COUNT = 4000, WORDS = 3 };
    static uint64_t records[COUNT * WORDS];
    static uint64_t expected[COUNT * WORDS];
    static uint64_t scratch[COUNT * WORDS];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        size_t bit = i % (64 * WORDS);

        for (size_t word = 0; word < WORDS; word++) {
            records[i * WORDS + word] = bit / 64 == word ? UINT64_C(1) << (bit % 64) : 0;
        }
    }
    memcpy(expected, records, sizeof(records));
    plain_sort(expected, COUNT, WORDS);
    tamis_sort_words(records, COUNT, WORDS, scratch);
    assert_memory_equal(records, expected, sizeof(records));
}

static void test_index_is_stable(void **state)
{
    tamis_rng rng = seeded("stable index");

    (void)state;
    for (int round = 0; round < 60; round++) {
        uint32_t words = 1 + (uint32_t)tamis_rng_below(&rng, 5);
        uint32_t stride = words + (uint32_t)tamis_rng_below(&rng, 3);
        size_t count = 1 + (size_t)tamis_rng_below(&rng, 3000);
        uint64_t *records = shaped_records(&rng, count, stride);
        uint64_t *index = malloc(count * TAMIS_SORT_INDEX_WORDS * 8);

        assert_non_null(index);
        compared_words = words;
        tamis_sort_index(records, count, stride, words, index);
        for (size_t i = 1; i < count; i++) {
            int order = compare_records(records + index[2 * i - 1] * stride,
                                        records + index[2 * i + 1] * stride);

            assert_true(order < 0 || (order == 0 && index[2 * i - 1] < index[2 * i + 1]));
        }
        free(records);
        free(index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_counts),    cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_large),           cmocka_unit_test(test_deep),
        cmocka_unit_test(test_index_is_stable),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
