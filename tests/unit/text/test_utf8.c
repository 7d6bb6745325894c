/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: validity and repair are those of The Unicode Standard, section 3.9, with every kernel.
 * Method: a slow reference that knows table 3-7 only (a prefix is a maximal subpart when it starts
 * some well-formed sequence), all short byte strings over the bytes at which rules change, faults
 * moved over window borders, random strings.
 */
#include "tamis/rng.h"
#include "tamis/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "each_kernel.h"

#define SEED     20240611u
#define TEXT_MAX 1024
#define ALPHABET 24

/* Bytes on both sides of every limit of table 3-7. */
static const uint8_t alphabet[ALPHABET] = {0x00, 0x01, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                           0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
                                           0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};

typedef struct form {
    size_t length;
    uint8_t range[4][2];
} form;

/* Table 3-7, without U+0000. */
static const form forms[] = {
    {1, {{0x01, 0x7F}}},
    {2, {{0xC2, 0xDF}, {0x80, 0xBF}}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}},
    {3, {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}},
};

static size_t reference_subpart(const uint8_t *bytes, size_t size, bool *out_is_valid)
{
    size_t longest = 1;

    *out_is_valid = false;
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        size_t same = 0;

        while (same < forms[f].length && same < size && bytes[same] >= forms[f].range[same][0] &&
               bytes[same] <= forms[f].range[same][1]) {
            same++;
        }
        if (same == forms[f].length) {
            *out_is_valid = true;
            return same;
        }
        longest = same > longest ? same : longest;
    }
    return longest;
}

static size_t reference_repair(const uint8_t *bytes, size_t size, uint8_t *out, size_t *out_prefix)
{
    size_t written = 0;
    bool is_whole = true;

    *out_prefix = 0;
    for (size_t i = 0; i < size;) {
        bool is_valid = false;
        size_t length = reference_subpart(bytes + i, size - i, &is_valid);

        memcpy(out + written, is_valid ? bytes + i : (const uint8_t *)"\xEF\xBF\xBD",
               is_valid ? length : 3);
        written += is_valid ? length : 3;
        i += length;
        is_whole = is_whole && is_valid;
        *out_prefix = is_whole ? i : *out_prefix;
    }
    return written;
}

/* The text is put into a block of exactly its size and slack, so that a sanitizer sees reads past
 * it. */
static void check(const uint8_t *bytes, size_t size)
{
    static uint8_t wanted[3 * TEXT_MAX];
    uint8_t *copy = malloc(size + TAMIS_BUF_SLACK);
    size_t wanted_prefix = 0;
    size_t wanted_size = reference_repair(bytes, size, wanted, &wanted_prefix);
    tamis_buf out;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    /* What lies behind must not matter: continuation bytes would complete a cut sequence. */
    memset(copy + size, 0x80, TAMIS_BUF_SLACK);
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_utf8_valid_prefix(tamis_slice_of(copy, size)), wanted_prefix);
    assert_int_equal(tamis_utf8_repair(tamis_slice_of(copy, size), &out), TAMIS_OK);
    assert_int_equal(out.size, wanted_size);
    assert_memory_equal(out.data, wanted, wanted_size);
    assert_int_equal(tamis_utf8_valid_prefix(tamis_buf_slice(&out)), out.size);
    tamis_buf_fini(&out);
    free(copy);
}

static void body_short_strings(void)
{
    uint8_t bytes[4];

    for (size_t n = 0; n < (size_t)ALPHABET * ALPHABET * ALPHABET; n++) {
        bytes[0] = alphabet[n % ALPHABET];
        bytes[1] = alphabet[n / ALPHABET % ALPHABET];
        bytes[2] = alphabet[n / ALPHABET / ALPHABET];
        check(bytes, n < ALPHABET ? 1 : n < (size_t)ALPHABET * ALPHABET ? 2 : 3);
        bytes[3] = bytes[2];
        bytes[2] = 0x80;
        check(bytes, 4);
    }
}

/* Every fault and every valid sequence at every place around the first three windows. */
static void body_borders(void)
{
    static const char *const parts[] = {"\xF4\x8F\xBF\xBF",
                                        "\xED\x9F\xBF",
                                        "\xC2\x80",
                                        "\xE0\xA0\x80",
                                        "\xF0\x90\x80\x80",
                                        "\xED\xA0\x80",
                                        "\xF0\x8F\xBF",
                                        "\xE2\x82",
                                        "\xC3",
                                        "\x80",
                                        "\xF5",
                                        "\xC0\xAF"};
    uint8_t bytes[TEXT_MAX];

    for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
        size_t length = strlen(parts[p]);

        for (size_t at = 0; at < 200; at++) {
            memset(bytes, 'x', sizeof(bytes));
            memcpy(bytes + at, parts[p], length);
            check(bytes, at + length);
            check(bytes, at + length + 70);
            for (size_t i = 0; i + 2 <= at; i += 2) {
                memcpy(bytes + i, "\xD0\x90", 2);
            }
            check(bytes, at + length);
            check(bytes, at + length + 300);
        }
    }
}

static void body_random(void)
{
    tamis_rng rng = {.state = SEED};
    uint8_t bytes[TEXT_MAX];

    for (int round = 0; round < 4000; round++) {
        size_t size = tamis_rng_below(&rng, 400);
        uint64_t odds = 1 + tamis_rng_below(&rng, 200);
        size_t i = 0;

        while (i < size) {
            uint32_t code_point = (uint32_t)tamis_rng_below(&rng, 2) == 0
                                      ? (uint32_t)(1 + tamis_rng_below(&rng, 0x7F))
                                      : (uint32_t)(0xE000 + tamis_rng_below(&rng, 0x102000));

            if (tamis_rng_below(&rng, odds) == 0) {
                bytes[i++] = alphabet[tamis_rng_below(&rng, ALPHABET)];
            } else {
                i += tamis_utf8_encode(code_point, bytes + i);
            }
        }
        check(bytes, i);
    }
}

static void test_short_strings(void **state)
{
    (void)state;
    each_kernel(body_short_strings);
}

static void test_borders(void **state)
{
    (void)state;
    each_kernel(body_borders);
}

static void test_random(void **state)
{
    (void)state;
    (void)printf("seed %u\n", SEED);
    each_kernel(body_random);
}

/* The example of table 3-8, and U+0000, which the standard accepts and this project does not. */
static void test_known_repairs(void **state)
{
    static const struct {
        const char *in;
        size_t in_size;
        const char *out;
    } cases[] = {
        {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", 13,
         "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFD"
         "d"},
        {"\xED\xA0\x80\xED\xB0\x80", 6, "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"a\0b", 3,
         "a\uFFFD"
         "b"},
        {"", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t in[64 + TAMIS_BUF_SLACK] = {0};
        tamis_buf out;

        memcpy(in, cases[i].in, cases[i].in_size);
        tamis_buf_init(&out, 0);
        assert_int_equal(tamis_utf8_repair(tamis_slice_of(in, cases[i].in_size), &out), TAMIS_OK);
        assert_int_equal(out.size, strlen(cases[i].out));
        assert_memory_equal(out.data, cases[i].out, out.size);
        tamis_buf_fini(&out);
    }
}

static void test_repair_limit(void **state)
{
    uint8_t in[2 + TAMIS_BUF_SLACK] = {0xFF, 'a'};
    tamis_buf out;

    (void)state;
    tamis_buf_init(&out, 4);
    assert_int_equal(tamis_utf8_repair(tamis_slice_of(in, 2), &out), TAMIS_OK);
    assert_int_equal(out.size, 4);
    tamis_buf_fini(&out);
    tamis_buf_init(&out, 3);
    assert_int_equal(tamis_utf8_repair(tamis_slice_of(in, 2), &out), TAMIS_ELIMIT);
    tamis_buf_fini(&out);
}

static void test_encode_decode(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        uint8_t bytes[4] = {0};
        uint32_t back = 0;
        size_t length = 0;

        if (code_point >= 0xD800 && code_point <= 0xDFFF) {
            continue;
        }
        length = tamis_utf8_encode(code_point, bytes);
        assert_int_equal(tamis_utf8_decode(bytes, &back), length);
        assert_int_equal(back, code_point);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_strings), cmocka_unit_test(test_borders),
        cmocka_unit_test(test_random),        cmocka_unit_test(test_known_repairs),
        cmocka_unit_test(test_repair_limit),  cmocka_unit_test(test_encode_decode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
