/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: quantities are read exactly or refused, and what is printed reads back.
 * Method: tables with both sides of every limit; random round trips.
 */
#include "tamis/size.h"

#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20240617u

typedef tamis_status (*parse_function)(const char *text, uint64_t *out_value, tamis_err *err);

typedef struct parse_case {
    parse_function parse;
    const char *text;
    uint64_t value;
    const char *error; /* NULL: reads as value */
} parse_case;

static const parse_case cases[] = {
    {tamis_uint_parse, "0", 0, NULL},
    {tamis_uint_parse, "007", 7, NULL},
    {tamis_uint_parse, "18446744073709551615", UINT64_MAX, NULL},
    {tamis_uint_parse, "18446744073709551616", 0, "'18446744073709551616' is too large"},
    {tamis_uint_parse, "", 0, "'' is no whole number"},
    {tamis_uint_parse, "-1", 0, "'-1' is no whole number"},
    {tamis_uint_parse, "+1", 0, "'+1' is no whole number"},
    {tamis_uint_parse, " 1", 0, "' 1' is no whole number"},
    {tamis_uint_parse, "1.0", 0, "'1.0' is no whole number"},
    {tamis_uint_parse, "1e3", 0, "'1e3' is no whole number"},
    {tamis_uint_parse, "0x10", 0, "'0x10' is no whole number"},
    {tamis_bytes_parse, "0", 0, NULL},
    {tamis_bytes_parse, "0 B", 0, NULL},
    {tamis_bytes_parse, "1B", 1, NULL},
    {tamis_bytes_parse, "64MiB", UINT64_C(64) << 20, NULL},
    {tamis_bytes_parse, "64 mib", UINT64_C(64) << 20, NULL},
    {tamis_bytes_parse, "2GiB", UINT64_C(2) << 30, NULL},
    {tamis_bytes_parse, "500MB", 500000000, NULL},
    {tamis_bytes_parse, "1.5GiB", UINT64_C(3) << 29, NULL},
    {tamis_bytes_parse, "0.001kB", 1, NULL},
    {tamis_bytes_parse, "0.0001kB", 0, "'0.0001kB' is too large or no whole number of bytes"},
    {tamis_bytes_parse, "0.1GiB", 0, "'0.1GiB' is too large or no whole number of bytes"},
    {tamis_bytes_parse, "16383PiB", UINT64_C(16383) << 50, NULL},
    {tamis_bytes_parse, "16384PiB", 0, "'16384PiB' is too large or no whole number of bytes"},
    {tamis_bytes_parse, "64", 0, "'64' has no unit: write it like 64MiB or 500MB"},
    {tamis_bytes_parse, "64M", 0, "'64M' has the unknown unit 'M': write it like 64MiB or 500MB"},
    {tamis_bytes_parse, "64MiB ", 0,
     "'64MiB ' has the unknown unit 'MiB ': write it like 64MiB or 500MB"},
    {tamis_bytes_parse, "MiB", 0, "'MiB' is no size: write it like 64MiB or 500MB"},
    {tamis_bytes_parse, "1.MiB", 0,
     "'1.MiB' has the unknown unit '.MiB': write it like 64MiB or 500MB"},
    {tamis_bytes_parse, ".5MiB", 0, "'.5MiB' is no size: write it like 64MiB or 500MB"},
    {tamis_bytes_parse, "-1B", 0, "'-1B' is no size: write it like 64MiB or 500MB"},
    {tamis_bytes_parse, "99999999999999999999B", 0,
     "'99999999999999999999B' is no size: write it like 64MiB or 500MB"},
    {tamis_duration_parse, "0", 0, NULL},
    {tamis_duration_parse, "30s", 30000, NULL},
    {tamis_duration_parse, "0.25 s", 250, NULL},
    {tamis_duration_parse, "500ms", 500, NULL},
    {tamis_duration_parse, "5m", 300000, NULL},
    {tamis_duration_parse, "5min", 300000, NULL},
    {tamis_duration_parse, "2h", 7200000, NULL},
    {tamis_duration_parse, "1d", 86400000, NULL},
    {tamis_duration_parse, "0.5ms", 0, "'0.5ms' is too large or no whole number of milliseconds"},
    {tamis_duration_parse, "30", 0, "'30' has no unit: write it like 30s or 500ms"},
    {tamis_ppm_parse, "0", 0, NULL},
    {tamis_ppm_parse, "0.0", 0, NULL},
    {tamis_ppm_parse, "0.8", 800000, NULL},
    {tamis_ppm_parse, "0.800000", 800000, NULL},
    {tamis_ppm_parse, "0.8000000", 800000, NULL},
    {tamis_ppm_parse, "0.000001", 1, NULL},
    {tamis_ppm_parse, "0.0000001", 0, "'0.0000001' is too large or no whole number of millionths"},
    {tamis_ppm_parse, "1", 1000000, NULL},
    {tamis_ppm_parse, "1.5", 1500000, NULL},
    {tamis_ppm_parse, "1%", 10000, NULL},
    {tamis_ppm_parse, "80 %", 800000, NULL},
    {tamis_ppm_parse, "0.0001%", 1, NULL},
    {tamis_ppm_parse, "0.00001%", 0, "'0.00001%' is too large or no whole number of millionths"},
    {tamis_ppm_parse, "0,8", 0, "'0,8' has the unknown unit ',8': write it like 0.8 or 80%"},
    {tamis_ppm_parse, "high", 0, "'high' is no ratio: write it like 0.8 or 80%"},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 12345;
        tamis_err err = {0};
        tamis_status status = cases[i].parse(cases[i].text, &value, &err);

        if (cases[i].error == NULL) {
            assert_int_equal(status, TAMIS_OK);
            assert_true(value == cases[i].value);
        } else {
            assert_int_equal(status, TAMIS_EARG);
            assert_string_equal(err.text, cases[i].error);
            assert_true(value == 12345);
        }
    }
}

static void test_int(void **state)
{
    int64_t value = 0;
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_int_parse("-7", &value, NULL), TAMIS_OK);
    assert_int_equal(value, -7);
    assert_int_equal(tamis_int_parse("9223372036854775807", &value, NULL), TAMIS_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(tamis_int_parse("9223372036854775808", &value, &err), TAMIS_EARG);
    assert_string_equal(err.text, "'9223372036854775808' is too large");
    assert_int_equal(tamis_int_parse("-", &value, NULL), TAMIS_EARG);
    assert_int_equal(tamis_int_parse("--1", &value, NULL), TAMIS_EARG);
    assert_int_equal(tamis_int_parse("", &value, NULL), TAMIS_EARG);
}

static void test_print(void **state)
{
    char text[TAMIS_SIZE_TEXT_SIZE];

    (void)state;
    tamis_bytes_print(0, text);
    assert_string_equal(text, "0B");
    tamis_bytes_print(UINT64_C(64) << 20, text);
    assert_string_equal(text, "64MiB");
    tamis_bytes_print(500000000, text);
    assert_string_equal(text, "500MB");
    tamis_bytes_print(1001, text);
    assert_string_equal(text, "1001B");
    tamis_duration_print(60000, text);
    assert_string_equal(text, "1min");
    tamis_duration_print(1500, text);
    assert_string_equal(text, "1500ms");
    tamis_ppm_print(800000, text);
    assert_string_equal(text, "0.8");
    tamis_ppm_print(1000000, text);
    assert_string_equal(text, "1");
    tamis_ppm_print(0, text);
    assert_string_equal(text, "0");
    tamis_ppm_print(1, text);
    assert_string_equal(text, "0.000001");
    tamis_ppm_print_percent(100000, text);
    assert_string_equal(text, "10%");
    tamis_ppm_print_percent(12345, text);
    assert_string_equal(text, "1.2345%");
}

static void test_print_short(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } shown[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "0.98 KiB"},
        {1024, "1.00 KiB"},
        {10234, "9.99 KiB"},
        {10235, "10.0 KiB"},
        {102348, "99.9 KiB"},
        {102349, "100 KiB"},
        {1023487, "999 KiB"},
        {1023488, "0.98 MiB"},
        {UINT64_C(1567637504), "1.46 GiB"},
        {UINT64_MAX, "16.0 EiB"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        char text[TAMIS_SIZE_TEXT_SIZE];

        tamis_bytes_print_short(shown[i].bytes, text);
        assert_string_equal(text, shown[i].text);
    }
}

static void test_round_trips(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    print_message("seed %u\n", SEED);
    for (int i = 0; i < 20000; i++) {
        uint64_t number = tamis_rng_next(&rng) >> tamis_rng_below(&rng, 64);
        uint64_t back = 0;
        char text[TAMIS_SIZE_TEXT_SIZE];

        if (tamis_rng_below(&rng, 2) == 0) {
            number = number / 1000000 * 1000000;
        }
        tamis_bytes_print(number, text);
        assert_int_equal(tamis_bytes_parse(text, &back, NULL), TAMIS_OK);
        assert_true(back == number);
        tamis_duration_print(number, text);
        assert_int_equal(tamis_duration_parse(text, &back, NULL), TAMIS_OK);
        assert_true(back == number);
        number %= 2000000;
        tamis_ppm_print(number, text);
        assert_int_equal(tamis_ppm_parse(text, &back, NULL), TAMIS_OK);
        assert_true(back == number);
        tamis_ppm_print_percent(number, text);
        assert_int_equal(tamis_ppm_parse(text, &back, NULL), TAMIS_OK);
        assert_true(back == number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),       cmocka_unit_test(test_int),
        cmocka_unit_test(test_print),       cmocka_unit_test(test_print_short),
        cmocka_unit_test(test_round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
