/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a buffer grows up to its maximum and not past it, and keeps what it had on failure.
 * Method: both sides of the maximum for every way to append; the slack behind the capacity; JSON
 * escapes of every control character.
 */
#include "tamis/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tamis/bytes.h"

static void test_limits(void **state)
{
    tamis_buf buf;

    (void)state;
    tamis_buf_init(&buf, 10);
    assert_null(buf.data);
    assert_int_equal(tamis_buf_append(&buf, "0123456789", 10), TAMIS_OK);
    assert_int_equal(tamis_buf_append_byte(&buf, 'x'), TAMIS_ELIMIT);
    assert_int_equal(tamis_buf_append(&buf, NULL, 0), TAMIS_OK);
    assert_int_equal(tamis_buf_reserve(&buf, SIZE_MAX), TAMIS_ELIMIT);
    assert_int_equal(buf.size, 10);
    assert_memory_equal(buf.data, "0123456789", 10);
    tamis_buf_reset(&buf);
    assert_int_equal(buf.size, 0);
    assert_int_equal(tamis_buf_append_string(&buf, "0123456789a"), TAMIS_ELIMIT);
    assert_int_equal(tamis_buf_append_format(&buf, "%d", 1234567890), TAMIS_OK);
    assert_int_equal(buf.size, 10);
    tamis_buf_reset(&buf);
    assert_int_equal(tamis_buf_append_format(&buf, "%d", -1234567890), TAMIS_ELIMIT);
    assert_int_equal(buf.size, 0);
    tamis_buf_fini(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.max, 10);
}

static void test_growth(void **state)
{
    tamis_buf buf;

    (void)state;
    tamis_buf_init(&buf, 0);
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t bytes[4];

        tamis_put32le(bytes, i);
        assert_int_equal(tamis_buf_append(&buf, bytes, sizeof(bytes)), TAMIS_OK);
    }
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(tamis_get32le(buf.data + 4 * (size_t)i), i);
    }
    /* Kernels read and write this far; a sanitizer watches. */
    memset(buf.data + buf.capacity, 0xff, TAMIS_BUF_SLACK);
    tamis_buf_fini(&buf);
}

static void test_slack_of_nothing(void **state)
{
    tamis_buf buf;

    (void)state;
    tamis_buf_init(&buf, 0);
    assert_int_equal(tamis_buf_reserve(&buf, 0), TAMIS_OK);
    assert_non_null(buf.data);
    for (size_t i = 0; i < buf.capacity + TAMIS_BUF_SLACK; i++) {
        assert_int_equal(buf.data[i], 0);
    }
    tamis_buf_fini(&buf);
}

static void test_json(void **state)
{
    static const uint8_t text[] = "\x01\b\t\n\x0b\f\r\x1f !\"\\/\x7f\xc3\xa9";
    static const char expected[] = "\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f !\\\"\\\\/\x7f\xc3\xa9";
    tamis_buf buf;

    (void)state;
    tamis_buf_init(&buf, 0);
    assert_int_equal(tamis_buf_append_json(&buf, tamis_slice_of(text, sizeof(text) - 1)), TAMIS_OK);
    assert_int_equal(buf.size, sizeof(expected) - 1);
    assert_memory_equal(buf.data, expected, buf.size);
    tamis_buf_reset(&buf);
    assert_int_equal(tamis_buf_append_json(&buf, tamis_slice_of("\0", 1)), TAMIS_OK);
    assert_memory_equal(buf.data, "\\u0000", 6);
    tamis_buf_reset(&buf);
    assert_int_equal(tamis_buf_append_json(&buf, tamis_slice_of(NULL, 0)), TAMIS_OK);
    assert_int_equal(buf.size, 0);
    tamis_buf_fini(&buf);
}

static void test_slices(void **state)
{
    (void)state;
    assert_true(tamis_slice_is_equal(tamis_slice_of(NULL, 0), tamis_slice_of_string("")));
    assert_true(tamis_slice_is_equal(tamis_slice_of("ab", 2), tamis_slice_of_string("ab")));
    assert_false(tamis_slice_is_equal(tamis_slice_of("ab", 2), tamis_slice_of_string("abc")));
    assert_false(tamis_slice_is_equal(tamis_slice_of("ab", 2), tamis_slice_of_string("ac")));
}

static void test_bytes(void **state)
{
    uint8_t bytes[8];

    (void)state;
    tamis_put64le(bytes, UINT64_C(0x0102030405060708));
    assert_memory_equal(bytes, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
    assert_true(tamis_get64le(bytes) == UINT64_C(0x0102030405060708));
    assert_true(tamis_get64be(bytes) == UINT64_C(0x0807060504030201));
    tamis_put64be(bytes, UINT64_C(0xfffefdfcfbfaf9f8));
    assert_memory_equal(bytes, "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", 8);
    tamis_put32le(bytes, 0x89abcdef);
    assert_memory_equal(bytes, "\xef\xcd\xab\x89", 4);
    assert_int_equal(tamis_get32le(bytes), 0x89abcdef);
    tamis_put16le(bytes, 0xfedc);
    assert_memory_equal(bytes, "\xdc\xfe", 2);
    assert_int_equal(tamis_get16le(bytes), 0xfedc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),           cmocka_unit_test(test_growth),
        cmocka_unit_test(test_slack_of_nothing), cmocka_unit_test(test_json),
        cmocka_unit_test(test_slices),           cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
