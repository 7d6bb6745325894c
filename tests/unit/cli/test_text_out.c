/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to a terminal: every byte of a corpus that could drive it is shown as an escape. */
#include "cli_support.h"
#include "text_out.h"

#include <string.h>

static void check(const char *bytes, size_t size, const char *expected)
{
    cli_output output;
    tamis_text_out out;

    cli_output_open(&output);
    tamis_text_out_init(&out, output.file);
    tamis_text_out_printable(&out, tamis_slice_of(bytes, size));
    assert_int_equal(tamis_text_out_finish(&out, NULL), TAMIS_OK);
    cli_output_close(&output);
    assert_string_equal(output.text, expected);
    free(output.text);
}

#define CHECK(text, expected) check(text, sizeof(text) - 1, expected)

static void printable(void **state)
{
    (void)state;
    CHECK("plain \xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80",
          "plain \xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80");
    CHECK("a\tb\nc\r\n", "a b c  ");
    CHECK("\x1b[31mred", "\\u{1b}[31mred");
    CHECK("\0", "\\u{0}");
    CHECK("\x7f", "\\u{7f}");
    CHECK("\xc2\x9b", "\\u{9b}");       /* CSI in one character */
    CHECK("\xe2\x80\xae", "\\u{202e}"); /* turns the direction */
    CHECK("\xe2\x81\xa6", "\\u{2066}");
    CHECK("\xff\xc0\xaf", "\\xff\\xc0\\xaf"); /* no UTF-8 */
    CHECK("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
    CHECK("\xe6\xbc", "\\xe6\\xbc");          /* cut */
    CHECK("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

/* More than one buffer, and a file that takes nothing. */
static void flushing(void **state)
{
    cli_output output;
    tamis_text_out out;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    cli_output_open(&output);
    tamis_text_out_init(&out, output.file);
    for (unsigned i = 0; i < 30000; i++) {
        tamis_text_out_add(&out, "%08u\n", i);
    }
    assert_int_equal(tamis_text_out_finish(&out, NULL), TAMIS_OK);
    cli_output_close(&output);
    assert_int_equal(output.size, 30000 * 9);
    assert_memory_equal(output.text + 29999 * 9, "00029999\n", 9);
    free(output.text);
    if (full != NULL) {
        tamis_err err = {.text = ""};

        tamis_text_out_init(&out, full);
        tamis_text_out_add(&out, "x");
        assert_int_equal(tamis_text_out_finish(&out, &err), TAMIS_ENOSPC);
        assert_contains(err.text, "stdout");
        (void)fclose(full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(printable), cmocka_unit_test(flushing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
