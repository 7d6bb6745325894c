/* SPDX-License-Identifier: Apache-2.0 */
/* Words, lines and classes of small texts, each against what Python says of it; every kernel. */
#include "tamis/words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "each_kernel.h"

typedef struct one_text {
    tamis_text_view *view;
    tamis_buf text;
} one_text;

static void fixture_init(one_text *fixture, const char *text)
{
    tamis_buf_init(&fixture->text, 0);
    assert_int_equal(tamis_text_view_create(&fixture->view, NULL), TAMIS_OK);
    assert_int_equal(tamis_buf_reserve(&fixture->text, 1), TAMIS_OK);
    assert_int_equal(tamis_buf_append_string(&fixture->text, text), TAMIS_OK);
    tamis_text_view_set(fixture->view, tamis_buf_slice(&fixture->text));
}

static void fixture_fini(one_text *fixture)
{
    tamis_text_view_destroy(fixture->view);
    tamis_buf_fini(&fixture->text);
}

/* The words of a text are those of `expected`, which stand one a line. */
static void assert_words(const char *text, tamis_splitter splitter, const char *expected)
{
    one_text fixture;
    tamis_words words;
    tamis_buf joined;

    fixture_init(&fixture, text);
    tamis_buf_init(&joined, 0);
    assert_int_equal(tamis_text_view_words(fixture.view, splitter, &words, NULL), TAMIS_OK);
    for (size_t i = 0; i < words.count; i++) {
        tamis_slice word = tamis_word_text(tamis_buf_slice(&fixture.text), &words, i);

        assert_int_equal(words.chars[i], tamis_text_chars(word));
        assert_int_equal(tamis_buf_append(&joined, word.data, word.size), TAMIS_OK);
        assert_int_equal(tamis_buf_append_string(&joined, "\n"), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_append_byte(&joined, 0), TAMIS_OK);
    assert_string_equal((const char *)joined.data, expected);
    tamis_buf_fini(&joined);
    fixture_fini(&fixture);
}

static void words_body(void)
{
    assert_words("", TAMIS_SPLITTER_WS, "");
    assert_words(" \t\n", TAMIS_SPLITTER_WS, "");
    assert_words("a", TAMIS_SPLITTER_WS, "a\n");
    assert_words("don't  stop\xC2\xA0now\xE3\x80\x80x", TAMIS_SPLITTER_WS, "don't\nstop\nnow\nx\n");
    assert_words("0123456789012345678901234567890123456789012345678901234567890123 b",
                 TAMIS_SPLITTER_WS,
                 "0123456789012345678901234567890123456789012345678901234567890123\nb\n");
    assert_words("don't_x: ...", TAMIS_SPLITTER_WORDPUNCT, "don\n'\nt_x\n:\n...\n");
    assert_words("caf\xC3\xA9\xE2\x80\xA6", TAMIS_SPLITTER_WORDPUNCT,
                 "caf\xC3\xA9\n\xE2\x80\xA6\n");
}

static void test_words(void **state)
{
    (void)state;
    each_kernel(words_body);
}

static void assert_lines(const char *text, tamis_line_split split, const char *expected)
{
    one_text fixture;
    tamis_lines lines;
    tamis_buf joined;

    fixture_init(&fixture, text);
    tamis_buf_init(&joined, 0);
    assert_int_equal(tamis_text_view_lines(fixture.view, split, &lines, NULL), TAMIS_OK);
    for (size_t i = 0; i < lines.count; i++) {
        assert_int_equal(lines.next[i],
                         i + 1 < lines.count ? lines.begin[i + 1] : (uint32_t)fixture.text.size);
        assert_int_equal(tamis_buf_append(&joined, fixture.text.data + lines.begin[i],
                                          lines.end[i] - lines.begin[i]),
                         TAMIS_OK);
        assert_int_equal(tamis_buf_append_string(&joined, "|"), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_append_byte(&joined, 0), TAMIS_OK);
    assert_string_equal((const char *)joined.data, expected);
    tamis_buf_fini(&joined);
    fixture_fini(&fixture);
}

static void lines_body(void)
{
    assert_lines("", TAMIS_LINES_SPLITLINES, "");
    assert_lines("", TAMIS_LINES_NEWLINE, "|");
    assert_lines("", TAMIS_LINES_NEWLINE_RUNS, "|");
    assert_lines("a\n", TAMIS_LINES_SPLITLINES, "a|");
    assert_lines("a\n", TAMIS_LINES_NEWLINE, "a||");
    assert_lines("\n\na\n\n\nb\n", TAMIS_LINES_NEWLINE_RUNS, "|a|b||");
    assert_lines("\n\na\n", TAMIS_LINES_NEWLINE, "||a||");
    assert_lines("a\r\nb\rc\vd\fe\x1C"
                 "f\xC2\x85g\xE2\x80\xA8h\xE2\x80\xA9",
                 TAMIS_LINES_SPLITLINES, "a|b|c|d|e|f|g|h|");
    assert_lines("\n\r\n", TAMIS_LINES_SPLITLINES, "||");
}

static void test_lines(void **state)
{
    (void)state;
    each_kernel(lines_body);
}

static void test_lower(void **state)
{
    static const char *const pairs[][2] = {
        {"AbC\xC3\x89", "abc\xC3\xA9"},
        {"\xC4\xB0", "i\xCC\x87"},
        {"\xCE\x91\xCE\xA3", "\xCE\xB1\xCF\x82"},
        {"\xCE\xA3", "\xCF\x83"},
        {"\xCE\x91\xCE\xA3.\xCE\x91", "\xCE\xB1\xCF\x83.\xCE\xB1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        tamis_buf out;

        tamis_buf_init(&out, 0);
        assert_int_equal(tamis_text_lower(tamis_slice_of_string(pairs[i][0]), &out), TAMIS_OK);
        assert_true(
            tamis_slice_is_equal(tamis_buf_slice(&out), tamis_slice_of_string(pairs[i][1])));
        tamis_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_lower)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
