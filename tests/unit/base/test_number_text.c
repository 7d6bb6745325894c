/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a double's text reads back as the same double, and no shorter one does.
 * Method: known texts; seeded doubles of all sizes against the digits that printf needs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tamis/number_text.h"
#include "tamis/rng.h"

#define SEED  20260711u
#define COUNT 1000

static void check(double value, const char *expected)
{
    char text[TAMIS_NUMBER_TEXT_SIZE];

    assert_int_equal(tamis_double_to_text(value, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_known(void **state)
{
    (void)state;
    check(0, "0");
    check(-0.0, "-0");
    check(1, "1");
    check(-17, "-17");
    check(0.1, "0.1");
    check(0.3, "0.3");
    check(0.1 + 0.2, "0.30000000000000004");
    check(1.0 / 3, "0.3333333333333333");
    check(2.0 / 3, "0.6666666666666666");
    check(0.5, "0.5");
    check(0.9999999999999999, "0.9999999999999999");
    check(1.0000000000000002, "1.0000000000000002");
    check(-4.75, "-4.75");
    check(0.0001, "0.0001");
    check(0.00009, "9e-05");
    check(9007199254740991.0, "9007199254740991");
    check(9007199254740992.0, "9.007199254740992e+15");
    check(4503599627370495.5, "4503599627370495.5");
    check((double)NAN, "null");
    check((double)INFINITY, "null");
}

static size_t digits_of(const char *text)
{
    size_t count = 0;
    bool has_started = false;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (has_started || *text != '0')) {
            has_started = true;
            count++;
        }
    }
    return count;
}

static void check_shortest(double value)
{
    char text[TAMIS_NUMBER_TEXT_SIZE];
    char other[40];
    size_t digits = 1;

    assert_true(tamis_double_to_text(value, text) < sizeof(text));
    assert_true(strtod(text, NULL) == value);
    for (; digits < 17; digits++) {
        (void)snprintf(other, sizeof(other), "%.*e", (int)digits - 1, value);
        if (strtod(other, NULL) == value) {
            break;
        }
    }
    if (value != trunc(value)) {
        assert_true(digits_of(text) <= digits);
    }
}

static void test_seeded(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        uint64_t bits = tamis_rng_next(&rng);
        double value = (double)tamis_rng_below(&rng, 1000000) / (double)(1 + i);

        check_shortest(value);
        check_shortest(-value);
        check_shortest((double)(bits >> 11) / 9007199254740992.0);
        check_shortest(ldexp(1.0, (int)tamis_rng_below(&rng, 70) - 20));
        check_shortest(nextafter(ldexp(1.0, (int)tamis_rng_below(&rng, 60) - 12), 0));
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            check_shortest(value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_seeded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
