/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a result that REPORT could not read is never durable: it is a failed attempt, and the job
 * fails with a clear text when no attempt brings a good one. Method: a core with the check that
 * ships, and blobs that are right or wrong in one way each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator_fixture.h"
#include "tamis/split_result.h"

static int set_up(void **state)
{
    core_fixture *f = NULL;

    assert_int_equal(core_set_up(state), 0);
    f = *state;
    f->settings.check_blob = tamis_split_results_check;
    core_restart(f);
    return 0;
}

static void blob_of(core_fixture *f, uint32_t task, tamis_buf *out)
{
    for (uint32_t split = f->job->plan.batch_first_split[task];
         split < f->job->plan.batch_first_split[task + 1]; split++) {
        const tamis_scan_result result = {.split = split, .text_bytes = 7};

        assert_int_equal(tamis_scan_result_put(out, &result), TAMIS_OK);
    }
}

/* The answer to a result of SCAN. */
static tamis_status report(core_fixture *f, uint32_t task, uint64_t fence, tamis_slice blob)
{
    tamis_message message = core_about(TAMIS_MESSAGE_TASK_DONE, fence);

    message.body.task_done.task = task;
    core_say(f, "w", &message, blob);
    return core_expect(f, "w", TAMIS_MESSAGE_TASK_ACK)->body.refused.status;
}

static bool is_stored(core_fixture *f, uint32_t task)
{
    bool is_found = false;
    tamis_buf blob;

    tamis_buf_init(&blob, 0);
    assert_int_equal(tamis_ledger_blob(f->store, JOB_ID, 0, task, &blob, NULL), TAMIS_OK);
    is_found = blob.size != 0;
    tamis_buf_fini(&blob);
    return is_found;
}

/* Of a job with so many batches. */
static void lease_first(core_fixture *f, uint32_t batches)
{
    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", batches);
    assert_non_null(f->job);
    assert_int_equal(core_submit(f), TAMIS_OK);
    core_hello(f, "w", "/w");
    core_request(f, "w", 1);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
}

static void test_malformed_is_tried_again(void **state)
{
    core_fixture *f = *state;
    tamis_buf blob;

    tamis_buf_init(&blob, 0);
    blob_of(f, 0, &blob);
    lease_first(f, 1);
    assert_int_equal(report(f, 0, f->last->fence, tamis_slice_of_string("blob")), TAMIS_EFORMAT);
    assert_false(is_stored(f, 0));
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
    core_tick(f, f->settings.retry_ms);
    core_expect(f, "w", TAMIS_MESSAGE_ASSIGN);
    assert_int_equal(f->last->body.assign.task, 0);
    assert_int_equal(report(f, 0, f->last->fence, tamis_buf_slice(&blob)), TAMIS_OK);
    assert_true(is_stored(f, 0));
    tamis_buf_fini(&blob);
}

static void test_job_fails_at_last(void **state)
{
    core_fixture *f = *state;
    uint64_t fence = 0;

    lease_first(f, 1);
    fence = f->last->fence;
    for (uint32_t attempt = 1; attempt < f->settings.attempts_max; attempt++) {
        assert_int_equal(report(f, 0, fence, core_no_bulk), TAMIS_EFORMAT);
        assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
        core_tick(f, (uint64_t)f->settings.retry_ms << (attempt - 1));
        fence = core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence;
    }
    assert_int_equal(report(f, 0, fence, core_no_bulk), TAMIS_EFORMAT);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_FAILED);
    assert_int_equal(f->status.fault.status, TAMIS_EFORMAT);
    assert_string_equal(f->status.fault.text,
                        "scan task 0: the result ends after 0 bytes, before split 0");
    assert_false(is_stored(f, 0));
    core_restart(f);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_FAILED);
}

/* The batches are known again after a restart. */
static void test_another_task_s_result(void **state)
{
    core_fixture *f = *state;
    tamis_buf blob;

    tamis_buf_init(&blob, 0);
    blob_of(f, 1, &blob);
    lease_first(f, 2);
    core_restart(f);
    core_hello(f, "w", "/w");
    assert_int_equal(report(f, 0, EPOCH * 2 + 1, tamis_buf_slice(&blob)), TAMIS_EFORMAT);
    assert_false(is_stored(f, 0));
    tamis_buf_fini(&blob);
}

static void test_late_one_is_fenced(void **state)
{
    core_fixture *f = *state;

    lease_first(f, 1);
    assert_int_equal(report(f, 0, f->last->fence + 7, core_no_bulk), TAMIS_EFENCED);
    assert_int_equal(core_status_of(f)->tasks_lost, 0);
}

#define BLOB_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, core_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BLOB_TEST(test_malformed_is_tried_again),
        BLOB_TEST(test_job_fails_at_last),
        BLOB_TEST(test_another_task_s_result),
        BLOB_TEST(test_late_one_is_fenced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
