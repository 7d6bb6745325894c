/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: batches, parts and slots follow from the inputs alone, cover every split once and are
 * balanced.
 * Method: plans by hand at each limit; random plans against the rules and a linear look-up.
 */
#include "tamis/job.h"
#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MIB  (UINT64_C(1) << 20)
#define SEED 20240613u

/* One input a split; the inputs live as long as the plan. */
static tamis_plan plan_make(uint32_t count, uint64_t split_bytes, tamis_compression compression)
{
    tamis_plan plan = {.input_count = count, .split_count = count};

    plan.inputs = calloc(count + 1, sizeof(*plan.inputs));
    plan.splits = calloc(count + 1, sizeof(*plan.splits));
    assert_non_null(plan.inputs);
    assert_non_null(plan.splits);
    for (uint32_t i = 0; i < count; i++) {
        plan.inputs[i] = (tamis_input){.compression = compression,
                                       .first_split = i,
                                       .split_count = 1,
                                       .size_bytes = split_bytes};
        plan.splits[i] = (tamis_split){.input = i, .end = split_bytes};
    }
    return plan;
}

static void layout(tamis_plan *plan)
{
    assert_int_equal(tamis_plan_layout(plan, NULL), TAMIS_OK);
}

static void test_nothing(void **state)
{
    tamis_plan plan = plan_make(0, 0, TAMIS_COMPRESSION_NONE);

    (void)state;
    layout(&plan);
    assert_int_equal(plan.batch_count, 0);
    assert_int_equal(plan.part_count, 0);
    assert_int_equal(plan.slot_bits, 3);
    assert_int_equal(plan.batch_first_split[0], 0);
    assert_int_equal(plan.part_first_batch[0], 0);
    tamis_plan_fini(&plan);
    assert_null(plan.batch_first_split);
}

static void test_batches(void **state)
{
    static const struct {
        uint32_t splits;
        uint64_t split_bytes;
        uint32_t batches;
    } cases[] = {
        {1, 0, 1},        {1, MIB, 1},     {10, 4 * MIB, 10},     {10, 4 * MIB + 1, 10},
        {10, 2 * MIB, 5}, {9, 2 * MIB, 5}, {10, 2 * MIB + 1, 10}, {1024, 1, 1},
        {1025, 1, 2},     {2048, 0, 2},    {3000, 4096, 3},       {5, 900 * MIB, 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tamis_plan plan = plan_make(cases[i].splits, cases[i].split_bytes, TAMIS_COMPRESSION_NONE);

        layout(&plan);
        assert_int_equal(plan.batch_count, cases[i].batches);
        assert_int_equal(plan.batch_first_split[plan.batch_count], cases[i].splits);
        tamis_plan_fini(&plan);
    }
}

/* Above 4 MiB x 8192 bytes batches grow, so that their number does not. */
static void test_batches_of_much(void **state)
{
    tamis_plan plan = plan_make(200000, 256 * MIB, TAMIS_COMPRESSION_NONE);

    (void)state;
    layout(&plan);
    assert_int_equal(plan.batch_count, 8334); /* 24 splits of 256 MiB fit into 6250 MiB */
    assert_int_equal(plan.part_count, TAMIS_PARTS_MAX);
    assert_int_equal(plan.slot_bits, TAMIS_SLOT_BITS_MAX);
    tamis_plan_fini(&plan);
}

static void test_against_apart(void **state)
{
    tamis_plan plan = plan_make(6, 1000, TAMIS_COMPRESSION_NONE);

    (void)state;
    plan.inputs[0].is_against = true;
    plan.inputs[1].is_against = true;
    layout(&plan);
    assert_int_equal(plan.batch_count, 2);
    assert_int_equal(plan.batch_first_split[1], 2);
    assert_int_equal(plan.part_count, 2);
    tamis_plan_fini(&plan);
}

static void test_slots(void **state)
{
    static const struct {
        uint32_t splits;
        tamis_compression compression;
        uint32_t slot_bits;
    } cases[] = {
        /* Splits of 64 MiB: 4 of them, or 1 that is compressed, make a slot. */
        {1, TAMIS_COMPRESSION_NONE, 3},     {32, TAMIS_COMPRESSION_NONE, 3},
        {33, TAMIS_COMPRESSION_NONE, 4},    {64, TAMIS_COMPRESSION_NONE, 4},
        {65, TAMIS_COMPRESSION_NONE, 5},    {8, TAMIS_COMPRESSION_GZIP, 3},
        {9, TAMIS_COMPRESSION_ZSTD, 4},     {8192, TAMIS_COMPRESSION_NONE, 11},
        {8193, TAMIS_COMPRESSION_NONE, 12}, {20000, TAMIS_COMPRESSION_ZSTD, 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tamis_plan plan = plan_make(cases[i].splits, 64 * MIB, cases[i].compression);

        layout(&plan);
        assert_int_equal(plan.slot_bits, cases[i].slot_bits);
        tamis_plan_fini(&plan);
    }
}

static void test_split_limit(void **state)
{
    tamis_plan plan = {.split_count = (uint32_t)TAMIS_SPLITS_MAX + 1};
    tamis_settings settings;
    tamis_err err = {0};

    (void)state;
    tamis_settings_defaults(&settings);
    assert_int_equal(tamis_plan_layout(&plan, &err), TAMIS_ELIMIT);
    assert_non_null(strstr(err.text, "4194304"));
}

static uint64_t part_bytes(const tamis_plan *plan, uint32_t part)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < plan->split_count; i++) {
        if (tamis_plan_part_of_split(plan, i) == part) {
            bytes += plan->splits[i].end;
        }
    }
    return bytes;
}

static void check_cover(const tamis_plan *plan)
{
    uint32_t batch = 0;
    uint32_t part = 0;

    assert_int_equal(plan->batch_first_split[0], 0);
    assert_int_equal(plan->part_first_batch[0], 0);
    assert_int_equal(plan->batch_first_split[plan->batch_count], plan->split_count);
    assert_int_equal(plan->part_first_batch[plan->part_count], plan->batch_count);
    for (uint32_t i = 0; i < plan->split_count; i++) {
        if (i == plan->batch_first_split[batch + 1]) {
            batch++;
            if (batch == plan->part_first_batch[part + 1]) {
                part++;
            }
        }
        assert_int_equal(tamis_plan_batch_of_split(plan, i), batch);
        assert_int_equal(tamis_plan_part_of_split(plan, i), part);
    }
    assert_int_equal(batch + 1, plan->batch_count);
    assert_int_equal(part + 1, plan->part_count);
}

static void test_random(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    print_message("seed %u\n", SEED);
    for (int round = 0; round < 200; round++) {
        uint32_t count = 1 + (uint32_t)tamis_rng_below(&rng, 600);
        uint64_t most = 1 + tamis_rng_below(&rng, 128 * MIB);
        tamis_plan plan = plan_make(count, 0, TAMIS_COMPRESSION_NONE);
        uint64_t total = 0;
        uint64_t largest = 0;

        for (uint32_t i = 0; i < count; i++) {
            plan.splits[i].end = tamis_rng_below(&rng, most);
            total += plan.splits[i].end;
            largest = largest < plan.splits[i].end ? plan.splits[i].end : largest;
        }
        layout(&plan);
        check_cover(&plan);
        assert_in_range(plan.part_count, 1, TAMIS_PARTS_MAX);
        largest = largest < 4 * MIB ? 4 * MIB : largest; /* of a batch */
        largest = largest < total / TAMIS_BATCHES_TARGET ? total / TAMIS_BATCHES_TARGET : largest;
        for (uint32_t part = 0; round % 10 == 0 && part < plan.part_count; part++) {
            uint32_t pieces =
                plan.batch_count < TAMIS_PARTS_MAX ? plan.batch_count : TAMIS_PARTS_MAX;

            assert_true(part_bytes(&plan, part) <= total / pieces + largest + 1);
        }
        tamis_plan_fini(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),         cmocka_unit_test(test_batches),
        cmocka_unit_test(test_batches_of_much), cmocka_unit_test(test_against_apart),
        cmocka_unit_test(test_slots),           cmocka_unit_test(test_split_limit),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
