/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: without memory a job is refused with TAMIS_ENOMEM, whole, and nothing leaks.
 * Method: each allocation of packing, unpacking and digesting is made to fail in turn.
 */
#include "failing_malloc.h"
#include "job_example.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ALLOCATIONS_MAX 1000

static tamis_status use_all(const tamis_job *job)
{
    tamis_job *back = NULL;
    tamis_digest digest;
    tamis_buf bytes;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    status = tamis_job_pack(job, &bytes);
    if (status == TAMIS_OK) {
        status = tamis_job_unpack(tamis_buf_slice(&bytes), &back, &err);
        assert_int_equal(err.status, status);
    }
    if (status == TAMIS_OK) {
        status = tamis_plan_layout(&back->plan, NULL);
    }
    if (status == TAMIS_OK) {
        status = tamis_settings_digest(&back->settings, "15.0.0", &digest);
    }
    tamis_job_destroy(back);
    tamis_buf_fini(&bytes);
    return status;
}

static void test_each_allocation(void **state)
{
    tamis_job *job = job_example();
    tamis_status status = TAMIS_ENOMEM;
    long successes = 0;

    (void)state;
    assert_non_null(job);
    for (; status != TAMIS_OK && successes < ALLOCATIONS_MAX; successes++) {
        failing_malloc_after(successes);
        status = use_all(job);
        failing_malloc_after(-1);
        assert_true(status == TAMIS_OK || status == TAMIS_ENOMEM);
    }
    assert_int_equal(status, TAMIS_OK);
    assert_true(successes > 20);
    print_message("%ld allocations\n", successes - 1);
    tamis_job_destroy(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
