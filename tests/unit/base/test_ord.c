/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: ords keep their parts, sort by dump, split, row, and read back from text alone.
 * Method: both sides of every limit; random round trips.
 */
#include "tamis/ord.h"

#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20240621u

static void test_order(void **state)
{
    (void)state;
    assert_true(tamis_ord_make(0, 0, 1) < tamis_ord_make(0, 1, 0));
    assert_true(tamis_ord_make(0, (uint32_t)TAMIS_SPLITS_MAX - 1,
                               (uint32_t)TAMIS_SPLIT_ROWS_MAX - 1) < tamis_ord_make(1, 0, 0));
    assert_true(tamis_ord_make(65535, 4194303, 67108863) == UINT64_MAX);
}

static void test_text(void **state)
{
    tamis_rng rng = {SEED};
    char text[TAMIS_ORD_TEXT_SIZE];
    tamis_ord back = 0;

    (void)state;
    print_message("seed %u\n", SEED);
    tamis_ord_to_text(UINT64_MAX, text);
    assert_string_equal(text, "65535.4194303.67108863");
    assert_int_equal(strlen(text), TAMIS_ORD_TEXT_SIZE - 2);
    for (int i = 0; i < 10000; i++) {
        tamis_ord ord = tamis_rng_next(&rng) >> tamis_rng_below(&rng, 64);

        tamis_ord_to_text(ord, text);
        assert_int_equal(tamis_ord_from_text(text, &back), TAMIS_OK);
        assert_true(back == ord);
        assert_true(tamis_ord_make(tamis_ord_dump(ord), tamis_ord_split(ord), tamis_ord_row(ord)) ==
                    ord);
    }
}

static void test_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "1",
                                        "1.2",
                                        "1.2.",
                                        "1.2.3.",
                                        ".1.2",
                                        "1..2",
                                        "1.2.3 ",
                                        " 1.2.3",
                                        "-1.2.3",
                                        "+1.2.3",
                                        "01.2.3",
                                        "1.2.03",
                                        "1.2.3x",
                                        "0x1.2.3",
                                        "65536.0.0",
                                        "0.4194304.0",
                                        "0.0.67108864",
                                        "1.2.99999999999999999999"};
    tamis_ord ord = 77;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(tamis_ord_from_text(texts[i], &ord), TAMIS_EFORMAT);
        assert_true(ord == 77);
    }
}

/* SplitMix64 with seed 1234567, as published with the algorithm. */
static void test_rng(void **state)
{
    static const uint64_t numbers[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                       UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                       UINT64_C(16408922859458223821)};
    tamis_rng rng = {1234567};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_true(tamis_rng_next(&rng) == numbers[i]);
    }
    for (int i = 0; i < 1000; i++) {
        assert_in_range(tamis_rng_below(&rng, 3), 0, 2);
        assert_int_equal(tamis_rng_below(&rng, 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_rng),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
