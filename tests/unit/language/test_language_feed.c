/* SPDX-License-Identifier: Apache-2.0 */
/* What a detector is given of a text. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "language_feed.h"

static void test_head(void **state)
{
    const tamis_slice text = tamis_slice_of_string("ab\xC3\xA9\xF0\x9F\x98\x80z");
    static const size_t sizes[] = {9, 1, 2, 2, 4, 4, 4, 4, 8, 9, 9};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(language_feed_head(text, i).size, sizes[i]);
    }
}

static void check_feed(const tamis_language_options *options, const char *text,
                       const char *expected)
{
    tamis_buf out;
    tamis_buf spare;
    tamis_slice line = {0};

    tamis_buf_init(&out, 0);
    tamis_buf_init(&spare, 0);
    assert_int_equal(language_feed(options, tamis_slice_of_string(text), &out, &spare, &line),
                     TAMIS_OK);
    assert_int_equal(line.size, strlen(expected));
    assert_memory_equal(line.data, expected, line.size);
    tamis_buf_fini(&out);
    tamis_buf_fini(&spare);
}

static void test_feed(void **state)
{
    tamis_language_options options;

    (void)state;
    tamis_language_options_defaults(&options);
    check_feed(&options, "", "");
    check_feed(&options, "\n", " ");
    check_feed(&options, " A\nB\r\n\nc", " A B\r  c");
    options.newline = TAMIS_LANGUAGE_NEWLINE_DELETE;
    check_feed(&options, " A\nB\r\n\nc\n", " AB\rc");
    options.newline = TAMIS_LANGUAGE_NEWLINE_SPACE;
    options.is_lowered = true;
    check_feed(&options, " A\n\xC3\x89", " a \xC3\xA9");
    options.is_stripped = true;
    check_feed(&options, "\n A\nB \n", "a b");
}

static void check_clean(const char *text, const char *expected)
{
    uint8_t bytes[32] = {0};

    memcpy(bytes, text, strlen(text));
    language_feed_clean(bytes, strlen(text));
    assert_string_equal((const char *)bytes, expected);
}

static void test_clean(void **state)
{
    (void)state;
    check_clean("a\x01\t\n\r\x7F~", "a \t\n\r ~");
    check_clean("\xC2\x80\xC2\x9F\xC2\xA0", "    \xC2\xA0");
    check_clean("\xEF\xB7\x8F\xEF\xB7\x90\xEF\xB7\xAF\xEF\xB7\xB0",
                "\xEF\xB7\x8F      \xEF\xB7\xB0");
    check_clean("\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD      ");
    check_clean("\xF0\x9F\xBF\xBD\xF0\x9F\xBF\xBE\xF4\x8F\xBF\xBF", "\xF0\x9F\xBF\xBD        ");
    check_clean("a\xF0\x9F", "a\xF0\x9F"); /* not well-formed: the detector refuses it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_feed),
        cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
