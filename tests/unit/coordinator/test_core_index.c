/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the index finds what was added and not removed, whatever collides.
 * Method: seeded additions and removals with few distinct hashes, against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_index.h"
#include "tamis/rng.h"

#define ENTRIES 300
#define STEPS   20000

static bool finds(const core_index *index, uint64_t hash, uint32_t value)
{
    uint32_t cursor = 0;
    uint32_t found = 0;
    unsigned times = 0;

    while ((found = core_index_next(index, hash, &cursor)) != CORE_INDEX_NONE) {
        times += found == value;
    }
    assert_true(times <= 1);
    return times == 1;
}

static void test_against_a_list(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        tamis_rng rng = {.state = seed};
        uint64_t hashes[ENTRIES];
        bool is_in[ENTRIES] = {false};
        core_index index = {.slots = NULL};

        print_message("seed %u\n", (unsigned)seed);
        for (uint32_t i = 0; i < ENTRIES; i++) {
            /* Some are the same, some only begin at the same place. */
            hashes[i] = tamis_rng_below(&rng, 20) << 32 | tamis_rng_below(&rng, 40);
        }
        for (unsigned k = 0; k < STEPS; k++) {
            uint32_t i = (uint32_t)tamis_rng_below(&rng, ENTRIES);

            if (is_in[i]) {
                core_index_remove(&index, hashes[i], i);
            } else {
                assert_true(core_index_reserve(&index));
                core_index_add(&index, hashes[i], i);
            }
            is_in[i] = !is_in[i];
            i = (uint32_t)tamis_rng_below(&rng, ENTRIES);
            assert_int_equal(finds(&index, hashes[i], i), is_in[i]);
        }
        for (uint32_t i = 0; i < ENTRIES; i++) {
            assert_int_equal(finds(&index, hashes[i], i), is_in[i]);
        }
        core_index_fini(&index);
    }
}

static void test_empty(void **state)
{
    core_index index = {.slots = NULL};

    (void)state;
    assert_false(finds(&index, 1, 1));
    core_index_remove(&index, 1, 1);
    assert_true(core_index_reserve(&index));
    core_index_remove(&index, 1, 1);
    assert_false(finds(&index, 1, 1));
    core_index_fini(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_against_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
