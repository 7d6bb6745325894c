/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: numbers of outcomes never change, and texts of failures stay whole within their size.
 * Method: the table by hand (its numbers are on the wire); context in front of texts of every
 * length.
 */
#include "tamis/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
    static const struct {
        tamis_status status;
        int number;
        const char *name;
    } rows[] = {
        {TAMIS_OK, 0, "OK"},
        {TAMIS_END, 1, "END"},
        {TAMIS_EARG, 2, "EARG"},
        {TAMIS_ENOMEM, 3, "ENOMEM"},
        {TAMIS_EIO, 4, "EIO"},
        {TAMIS_EFORMAT, 5, "EFORMAT"},
        {TAMIS_ECORRUPT, 6, "ECORRUPT"},
        {TAMIS_ELIMIT, 7, "ELIMIT"},
        {TAMIS_ENOENT, 8, "ENOENT"},
        {TAMIS_EEXIST, 9, "EEXIST"},
        {TAMIS_EHELD, 10, "EHELD"},
        {TAMIS_EFENCED, 11, "EFENCED"},
        {TAMIS_EVERSION, 12, "EVERSION"},
        {TAMIS_ETIMEOUT, 13, "ETIMEOUT"},
        {TAMIS_EAGAIN, 14, "EAGAIN"},
        {TAMIS_ECANCELED, 15, "ECANCELED"},
        {TAMIS_ENOSPC, 16, "ENOSPC"},
        {TAMIS_ECHANGED, 17, "ECHANGED"},
        {TAMIS_EUNSUPPORTED, 18, "EUNSUPPORTED"},
        {TAMIS_EPEER, 19, "EPEER"},
        {TAMIS_EDENIED, 20, "EDENIED"},
        {TAMIS_ELOST, 21, "ELOST"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].status, rows[i].number);
        assert_string_equal(tamis_status_name(rows[i].status), rows[i].name);
        assert_true(tamis_status_text(rows[i].status)[0] != '\0');
    }
    assert_string_equal(tamis_status_name((tamis_status)9999), "unknown");
    assert_string_equal(tamis_status_text((tamis_status)9999), "unknown");
    assert_false(tamis_status_is_retryable((tamis_status)9999));
    assert_true(tamis_status_is_retryable(TAMIS_EIO));
    assert_false(tamis_status_is_retryable(TAMIS_EFORMAT));
}

static void test_set(void **state)
{
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_err_set(&err, TAMIS_EFORMAT, "%s:%d", "file", 7), TAMIS_EFORMAT);
    assert_int_equal(err.status, TAMIS_EFORMAT);
    assert_string_equal(err.text, "file:7");
    tamis_err_context(&err, "split %d", 3);
    assert_string_equal(err.text, "split 3: file:7");
    assert_int_equal(tamis_err_set(NULL, TAMIS_EIO, "nobody reads this"), TAMIS_EIO);
    tamis_err_context(NULL, "nor this");
}

static void test_errno(void **state)
{
    static const struct {
        int number;
        tamis_status status;
    } rows[] = {
        {ENOENT, TAMIS_ENOENT}, {EEXIST, TAMIS_EEXIST},  {ENOMEM, TAMIS_ENOMEM},
        {ENOSPC, TAMIS_ENOSPC}, {EACCES, TAMIS_EDENIED}, {EROFS, TAMIS_EDENIED},
        {EIO, TAMIS_EIO},       {EINVAL, TAMIS_EARG},
    };
    tamis_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(tamis_err_errno(&err, rows[i].number, "%s", "x"), rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        assert_memory_equal(err.text, "x: ", 3);
    }
    (void)tamis_err_errno(&err, ENOENT, "/a/b: cannot open");
    assert_string_equal(err.text, "/a/b: cannot open: No such file or directory");
}

/* Too long texts are cut; context is kept in front. */
static void test_long_texts(void **state)
{
    char longest[2 * TAMIS_ERR_TEXT_MAX];

    (void)state;
    memset(longest, 'x', sizeof(longest));
    for (size_t size = 0; size < sizeof(longest); size += 61) {
        tamis_err err = {0};

        longest[size] = '\0';
        (void)tamis_err_set(&err, TAMIS_EIO, "%s", longest);
        tamis_err_context(&err, "first %s", longest);
        assert_true(strlen(err.text) < TAMIS_ERR_TEXT_MAX);
        assert_memory_equal(err.text, "first ", 6);
        (void)tamis_err_errno(&err, ENOENT, "%s", longest);
        assert_true(strlen(err.text) < TAMIS_ERR_TEXT_MAX);
        longest[size] = 'x';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_long_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
