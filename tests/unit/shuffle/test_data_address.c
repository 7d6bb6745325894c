/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a data server listens where the coordinator is reached from, and is told to others under an
 * address that leads to it. Method: loopback of both kinds; urls of every form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tamis/data_address.h"

static void test_own(void **state)
{
    char listen[TAMIS_URL_SIZE];

    (void)state;
    assert_int_equal(tamis_data_address_own("tcp://127.0.0.1:7600", listen, NULL), TAMIS_OK);
    assert_string_equal(listen, "tcp://127.0.0.1:*");
    assert_int_equal(tamis_data_address_own("tcp://localhost:7600", listen, NULL), TAMIS_OK);
    assert_int_equal(tamis_data_address_own("tcp://0.0.0.0:7600", listen, NULL), TAMIS_OK);
    assert_string_equal(listen, "tcp://0.0.0.0:*");
    assert_int_equal(tamis_data_address_own("tcp://*:7600", listen, NULL), TAMIS_OK);
    assert_string_equal(listen, "tcp://0.0.0.0:*");
    assert_int_equal(tamis_data_address_own("tcp://[::]:7600", listen, NULL), TAMIS_OK);
    assert_string_equal(listen, "tcp://[::]:*");
    assert_int_equal(tamis_data_address_own("inproc://x", listen, NULL), TAMIS_EARG);
    assert_int_equal(tamis_data_address_own("tcp://", listen, NULL), TAMIS_EARG);
    assert_int_equal(tamis_data_address_own("tcp://:1", listen, NULL), TAMIS_EARG);
    assert_int_equal(tamis_data_address_own("tcp://no.such.host.invalid:1", listen, NULL),
                     TAMIS_EPEER);
}

static void test_seen(void **state)
{
    char url[TAMIS_URL_SIZE];

    (void)state;
    assert_true(tamis_data_address_seen("tcp://10.0.0.1:5", "tcp://10.0.0.9:7", url));
    assert_string_equal(url, "tcp://10.0.0.1:5");
    assert_true(tamis_data_address_seen("tcp://0.0.0.0:5", "tcp://head.example:7", url));
    assert_string_equal(url, "tcp://head.example:5");
    assert_true(tamis_data_address_seen("tcp://[::]:5", "tcp://[::1]:7", url));
    assert_string_equal(url, "tcp://[::1]:5");
    assert_true(tamis_data_address_seen("", "tcp://10.0.0.9:7", url));
    assert_string_equal(url, "");
    assert_true(tamis_data_address_seen("tcp://0.0.0.0:5", "inproc://x", url));
    assert_string_equal(url, "tcp://0.0.0.0:5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
