/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: words, lines, classes and lower case are those of the reference implementations, with every
 * kernel. Method: the records of tests/golden/words (its README.md has their form).
 */
#include "tamis/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zstd.h>

#include "each_kernel.h"

#define GOLDEN_MAX (4u << 20)

static char *golden; /* the records, ended by a NUL */

/* Puts the bytes of the next field into out and returns what is behind its tab or newline. */
static const char *read_field(const char *at, tamis_buf *out)
{
    tamis_buf_reset(out);
    assert_int_equal(tamis_buf_reserve(out, 1), TAMIS_OK);
    while (*at != '\t' && *at != '\n') {
        uint8_t byte = (uint8_t)*at++;

        if (byte == '\\') {
            const char digits[3] = {at[0], at[1], 0};

            byte = (uint8_t)strtoul(digits, NULL, 16);
            at += 2;
        }
        assert_int_equal(tamis_buf_append_byte(out, byte), TAMIS_OK);
    }
    return at + 1;
}

static size_t read_number(const char **at)
{
    char *end = NULL;
    size_t value = strtoul(*at, &end, 10);

    *at = end;
    return value;
}

static void check_words(tamis_text_view *view, const char *at, const char *end)
{
    tamis_splitter splitter = TAMIS_SPLITTER_WS;
    tamis_words words;
    tamis_buf field;
    size_t i = 0;

    tamis_buf_init(&field, 0);
    at = read_field(at, &field);
    assert_int_equal(tamis_buf_append_byte(&field, 0), TAMIS_OK);
    assert_true(tamis_splitter_find((const char *)field.data, &splitter));
    assert_int_equal(tamis_text_view_words(view, splitter, &words, NULL), TAMIS_OK);
    while (at < end) {
        at = read_field(at, &field);
        assert_true(i < words.count);
        assert_true(tamis_slice_is_equal(tamis_word_text(tamis_text_view_text(view), &words, i),
                                         tamis_buf_slice(&field)));
        assert_int_equal(words.chars[i], tamis_text_chars(tamis_buf_slice(&field)));
        i++;
    }
    assert_int_equal(i, words.count);
    tamis_buf_fini(&field);
}

static void check_classes(tamis_text_view *view, const char *at)
{
    tamis_totals totals;
    size_t chars = 0;

    assert_int_equal(tamis_text_view_totals(view, &totals, NULL), TAMIS_OK);
    assert_int_equal(tamis_text_view_chars(view, &chars, NULL), TAMIS_OK);
    assert_int_equal(chars, totals.chars);
    assert_int_equal(read_number(&at), totals.chars);
    assert_int_equal(read_number(&at), totals.space);
    assert_int_equal(read_number(&at), totals.alpha);
    assert_int_equal(read_number(&at), totals.alnum);
    assert_int_equal(read_number(&at), totals.decimal);
    assert_int_equal(read_number(&at), totals.digit);
    assert_int_equal(read_number(&at), totals.numeric);
    assert_int_equal(read_number(&at), totals.upper);
    assert_int_equal(read_number(&at), totals.lower);
}

static void check_lines(tamis_text_view *view, const char *at)
{
    tamis_lines breaks;
    tamis_lines newlines;

    assert_int_equal(tamis_text_view_lines(view, TAMIS_LINES_SPLITLINES, &breaks, NULL), TAMIS_OK);
    assert_int_equal(tamis_text_view_lines(view, TAMIS_LINES_NEWLINE, &newlines, NULL), TAMIS_OK);
    assert_int_equal(read_number(&at), breaks.count);
    assert_int_equal(read_number(&at), newlines.count);
    for (size_t i = 0; i < breaks.count; i++) {
        assert_int_equal(read_number(&at), breaks.chars[i]);
    }
}

static void check_record(tamis_text_view *view, tamis_buf *text, const char *at, const char *end)
{
    tamis_buf field;
    tamis_slice lower;

    switch (*at) {
    case 'T':
        (void)read_field(at + 2, text);
        tamis_text_view_set(view, tamis_buf_slice(text));
        break;
    case 'W':
        check_words(view, at + 2, end);
        break;
    case 'C':
        check_classes(view, at + 2);
        break;
    case 'S':
        check_lines(view, at + 2);
        break;
    default:
        assert_int_equal(*at, 'L');
        tamis_buf_init(&field, 0);
        (void)read_field(at + 2, &field);
        assert_int_equal(tamis_text_view_lower(view, &lower, NULL), TAMIS_OK);
        assert_true(tamis_slice_is_equal(lower, tamis_buf_slice(&field)));
        tamis_buf_fini(&field);
    }
}

static void golden_body(void)
{
    tamis_text_view *view = NULL;
    tamis_buf text;
    size_t count = 0;

    tamis_buf_init(&text, 0);
    assert_int_equal(tamis_text_view_create(&view, NULL), TAMIS_OK);
    for (const char *at = golden; *at != '\0'; count++) {
        const char *end = strchr(at, '\n') + 1;

        check_record(view, &text, at, end);
        at = end;
    }
    assert_int_equal(count, 114 * 9);
    tamis_text_view_destroy(view);
    tamis_buf_fini(&text);
}

static void test_golden(void **state)
{
    (void)state;
    each_kernel(golden_body);
}

static int load(void **state)
{
    FILE *file = fopen(TAMIS_GOLDEN_WORDS, "rb");
    char *packed = malloc(GOLDEN_MAX);
    size_t size = 0;

    (void)state;
    golden = malloc(GOLDEN_MAX);
    if (file == NULL || packed == NULL || golden == NULL) {
        return -1;
    }
    size = fread(packed, 1, GOLDEN_MAX, file);
    (void)fclose(file);
    size = ZSTD_decompress(golden, GOLDEN_MAX - 1, packed, size);
    free(packed);
    if (ZSTD_isError(size) != 0) {
        return -1;
    }
    golden[size] = '\0';
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free(golden);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};

    return cmocka_run_group_tests(tests, load, unload);
}
