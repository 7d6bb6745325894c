/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: without memory the options engine says so, leaks nothing and leaves nothing half-made
 * behind. Method: each allocation of reading and printing is made to fail in turn.
 */
#include "failing_malloc.h"
#include "options_example.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ALLOCATIONS_MAX 10000

/* Everything once; the first failure. */
static tamis_status use_all(void)
{
    static const char yaml[] = "levels: [url, near]\nagainst: [a, b]\nthreshold: 0.5\n";
    static char first[] = "--against=x";
    static char operand[] = "in";
    static char environment_text[] = "TAMIS_AGAINST=a,b";
    char *arguments[] = {first, operand, operand, operand};
    char *environment[] = {environment_text, NULL};
    tamis_options *options = NULL;
    tamis_buf text;
    tamis_status status = tamis_options_create(&options_example, &options);

    if (status != TAMIS_OK) {
        return status;
    }
    tamis_buf_init(&text, 0);
    status = tamis_options_read_config(options, tamis_slice_of_string(yaml), "c", NULL);
    if (status == TAMIS_OK) {
        status = tamis_options_read_environment(options, environment, NULL);
    }
    if (status == TAMIS_OK) {
        status = tamis_options_read_arguments(options, 4, arguments, NULL);
    }
    if (status == TAMIS_OK) {
        status = tamis_options_config(options, &text);
    }
    if (status == TAMIS_OK) {
        status = tamis_options_help(&options_example, &text);
    }
    if (status == TAMIS_OK) {
        status = tamis_options_man(&options_example, &text);
    }
    tamis_buf_fini(&text);
    tamis_options_destroy(options);
    return status;
}

static void test_each_allocation(void **state)
{
    tamis_status status = TAMIS_ENOMEM;
    long successes = 0;

    (void)state;
    for (; status != TAMIS_OK && successes < ALLOCATIONS_MAX; successes++) {
        failing_malloc_after(successes);
        status = use_all();
        failing_malloc_after(-1);
        assert_true(status == TAMIS_OK || status == TAMIS_ENOMEM);
    }
    assert_int_equal(status, TAMIS_OK);
    assert_true(successes > 10);
    print_message("%ld allocations\n", successes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
