/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: each decision of the worker's core about tasks and jobs, one by one.
 * Method: packets in, actions and packets out (core_fixture.h). */
#include "core_fixture.h"

/* ---- Tests ----------------------------------------------------------------------------------- */

static void test_greets_until_welcome(void **state)
{
    fixture *f = *state;
    unsigned greetings = 0;
    uint64_t began_ms = 0;

    tick(f, 0);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    assert_string_equal(f->last->body.hello.data_folder, "/w");
    began_ms = f->now_ms;
    while (f->now_ms < began_ms + 60000) {
        tick(f, 50);
        greetings += count(f, TAMIS_MESSAGE_HELLO);
    }
    /* The pause grows to 4 s and has jitter down to a half. */
    assert_in_range(greetings, 60 / 4, 60 / 2 + 5);
}

static void test_refused_for_good(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_REFUSED, .epoch = 1};
    tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET, .message = &message};

    message.body.refused.status = TAMIS_EVERSION;
    message.body.refused.text = "zstd differs";
    tick(f, 0);
    assert_int_equal(try_step(f, &event), TAMIS_EVERSION);
    assert_non_null(strstr(f->err.text, "zstd differs"));
}

static void test_greets_again_when_unknown(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_REFUSED};

    welcome(f);
    message.body.refused.status = TAMIS_ENOENT;
    message.body.refused.text = "";
    hear(f, &message, no_bulk);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    hear(f, &message, no_bulk); /* once is enough */
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 0);
}

static void test_greets_again_after_silence(void **state)
{
    fixture *f = *state;

    welcome(f);
    tick(f, f->settings.silence_ms - 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 0);
    tick(f, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
}

static void test_life_of_a_task(void **state)
{
    fixture *f = *state;

    welcome(f);
    assign(f, 0, 2, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_false(f->last->body.fetch.has_job);
    assert_null(action(f, TAMIS_WORKER_START));
    tell_job(f);
    assert_non_null(action(f, TAMIS_WORKER_START));
    assert_int_equal(action(f, TAMIS_WORKER_START)->task, 2);
    tamis_worker_core_progress(f->core, 1, 3, 4);
    tick(f, 100);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    assert_int_equal(f->last->body.heartbeat.held_count, 1);
    assert_int_equal(f->last->body.heartbeat.held[0].bytes, 3);
    assert_int_equal(f->last->body.heartbeat.held[0].documents, 4);
    end(f, 1, TAMIS_OK);
    assert_non_null(action(f, TAMIS_WORKER_PUBLISH));
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_DONE), 0); /* not before it is in place */
    published(f, 1, TAMIS_OK);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_DONE), 1);
    assert_int_equal(f->last->body.task_done.task, 2);
    assert_int_equal(f->last->body.task_done.bytes, 7);
    /* Until it is answered it is said again, and the lease is kept. */
    tick(f, f->settings.resend_ms);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_DONE), 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    assert_int_equal(f->last->body.heartbeat.held_count, 1);
    acknowledge(f, 1);
    tick(f, f->settings.resend_ms);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_DONE), 0);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    assert_int_equal(f->last->body.heartbeat.held_count, 0);
    assert_int_equal(f->last->body.heartbeat.job_count, 1);
    /* A late repetition of its assignment means nothing. */
    assign(f, 0, 2, 1);
    assert_int_equal(f->effects.action_count, 0);
    assert_int_equal(f->effects.outbox.count, 0);
}

static void test_waits_for_owners(void **state)
{
    fixture *f = *state;
    const tamis_worker_action *start = NULL;

    welcome(f);
    assign(f, 1, 0, 1);
    tell_job(f);
    assert_null(action(f, TAMIS_WORKER_START));
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_true(f->last->body.fetch.has_job);
    assert_int_equal(f->last->body.fetch.first_stage, 0);
    assert_int_equal(f->last->body.fetch.end_stage, 1);
    tick(f, f->settings.resend_ms); /* the question or its answer was lost */
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    tell_scan_owners(f, 0);
    assert_null(action(f, TAMIS_WORKER_START)); /* numbers that mean nothing yet */
    tell_folders(f, 0, 2);
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_int_equal(f->last->body.fetch.folders_version, 2);
    tell_scan_owners(f, 0);
    start = action(f, TAMIS_WORKER_START);
    assert_non_null(start);
    assert_string_equal(tamis_job_view_owner(start->view, 0, 1), "/w2");
    end(f, 1, TAMIS_ECANCELED);
}

static void test_threads_are_finite(void **state)
{
    fixture *f = *state;

    run_first(f);
    assign(f, 0, 1, 2);
    assert_null(action(f, TAMIS_WORKER_START)); /* one thread, and it is busy */
    end(f, 1, TAMIS_OK);
    assert_non_null(action(f, TAMIS_WORKER_PUBLISH));
    published(f, 1, TAMIS_OK);
    assert_non_null(action(f, TAMIS_WORKER_START));
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 2);
    end(f, 2, TAMIS_ECANCELED);
}

static void test_failures_are_reported(void **state)
{
    fixture *f = *state;

    run_first(f);
    end(f, 1, TAMIS_ENOSPC);
    assert_non_null(action(f, TAMIS_WORKER_DISCARD));
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_int_equal(f->last->body.task_failed.status, TAMIS_ENOSPC);
    assert_true(f->last->body.task_failed.is_retryable);
    assert_string_equal(f->last->body.task_failed.text, "reason");
    acknowledge(f, 1);
    assign(f, 0, 0, 2);
    end(f, 2, TAMIS_OK);
    published(f, 2, TAMIS_EIO);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_string_equal(f->last->body.task_failed.text, "disk");
    acknowledge(f, 2);
    assign(f, 0, BATCHES, 3); /* no such task */
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_int_equal(f->last->body.task_failed.status, TAMIS_EFORMAT);
}

static void test_job_that_cannot_be_read(void **state)
{
    fixture *f = *state;

    welcome(f);
    assign(f, 0, 0, 1);
    f->packed.data[f->packed.size / 2] ^= 1;
    tell_job(f);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_int_equal(f->last->body.task_failed.status, TAMIS_ECORRUPT);
}

static void test_newer_fence_takes_over(void **state)
{
    fixture *f = *state;

    run_first(f);
    assign(f, 0, 0, 5);
    assert_non_null(action(f, TAMIS_WORKER_CANCEL));
    assert_int_equal(action(f, TAMIS_WORKER_CANCEL)->fence, 1);
    assign(f, 0, 0, 3); /* late, and in between */
    assert_int_equal(f->effects.action_count, 0);
    end(f, 1, TAMIS_OK); /* it was through before it noticed */
    assert_null(action(f, TAMIS_WORKER_PUBLISH));
    assert_non_null(action(f, TAMIS_WORKER_DISCARD));
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 5);
    end(f, 5, TAMIS_OK);
    assert_non_null(action(f, TAMIS_WORKER_PUBLISH));
    published(f, 5, TAMIS_OK);
    acknowledge(f, 5);
    assign(f, 0, 0, 3); /* must not replace what others read by now */
    assert_int_equal(f->effects.action_count, 0);
}

/* Publishing takes its time on a thread: meanwhile the task may be taken away, or granted anew. */
static void test_publishing_takes_time(void **state)
{
    fixture *f = *state;

    run_first(f);
    end(f, 1, TAMIS_OK);
    assert_non_null(action(f, TAMIS_WORKER_PUBLISH));
    assign(f, 0, 1, 2);
    assert_null(action(f, TAMIS_WORKER_START)); /* the only thread is busy */
    assert_false(tamis_worker_core_is_idle(f->core));
    assign(f, 0, 0, 5);
    assert_int_equal(action(f, TAMIS_WORKER_CANCEL)->fence, 1);
    stop_tasks(f, 1);
    assert_null(action(f, TAMIS_WORKER_CANCEL)); /* once */
    published(f, 1, TAMIS_OK);                   /* it was too late */
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_DONE), 0);
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 2);
    end(f, 2, TAMIS_OK);
    published(f, 2, TAMIS_ENOSPC);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_int_equal(f->last->body.task_failed.status, TAMIS_ENOSPC);
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 5);
}

/* The older grant may still come out: the newer one waits, also where threads are free. */
static void test_newer_fence_waits_for_publishing(void **state)
{
    fixture *f = *state;

    tamis_worker_core_destroy(f->core);
    f->settings.thread_count = 2;
    assert_int_equal(tamis_worker_core_create(&f->settings, &f->core), TAMIS_OK);
    run_first(f);
    end(f, 1, TAMIS_OK);
    assign(f, 0, 0, 5);
    assert_non_null(action(f, TAMIS_WORKER_CANCEL));
    assert_null(action(f, TAMIS_WORKER_START));
    tick(f, 50);
    assert_null(action(f, TAMIS_WORKER_START));
    published(f, 1, TAMIS_ECANCELED);
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 5);
}

static void dropped(fixture *f)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_DROPPED, .job = JOB_ID};

    step(f, &event);
}

static void test_stops_what_is_not_wanted(void **state)
{
    fixture *f = *state;

    run_first(f);
    assign(f, 0, 1, 2); /* queued */
    stop_tasks(f, 1);
    assert_non_null(action(f, TAMIS_WORKER_CANCEL));
    stop_tasks(f, 1);
    assert_null(action(f, TAMIS_WORKER_CANCEL)); /* once */
    stop_tasks(f, 2);
    end(f, 1, TAMIS_ECANCELED);
    assert_int_equal(f->effects.outbox.count, 0); /* nobody waits for word of it */
    assert_null(action(f, TAMIS_WORKER_START));
    assert_true(tamis_worker_core_is_idle(f->core));
}

static void test_drops_done_jobs(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_JOB_DONE};

    run_first(f);
    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.job_done.is_data_kept = true;
    hear(f, &message, no_bulk);
    assert_non_null(action(f, TAMIS_WORKER_CANCEL));
    assert_null(action(f, TAMIS_WORKER_DROP)); /* a task still uses its files */
    end(f, 1, TAMIS_ECANCELED);
    assert_non_null(action(f, TAMIS_WORKER_DROP));
    assert_string_equal(action(f, TAMIS_WORKER_DROP)->job, JOB_ID);
    assert_true(action(f, TAMIS_WORKER_DROP)->is_data_kept);
    hear(f, &message, no_bulk);
    assert_int_equal(f->effects.action_count, 0);
    assign(f, 0, 0, 7); /* its folder is being removed: that one comes again */
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    tick(f, 100);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    assert_int_equal(f->last->body.heartbeat.job_count, 0);
    dropped(f);
    assign(f, 0, 0, 7);
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    stop_tasks(f, 7);
    hear(f, &message, no_bulk);
    assert_non_null(action(f, TAMIS_WORKER_DROP));
    dropped(f);
    /* What an earlier start left is asked about. */
    assert_int_equal(tamis_worker_core_add_job(f->core, "00000000000000bb"), TAMIS_OK);
    tick(f, 100);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    assert_string_equal(f->last->body.heartbeat.jobs[0], "00000000000000bb");
}

static void test_restarted_coordinator(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_REFUSED};

    welcome(f);
    assign(f, 1, 0, 1);
    tell_job(f);
    tell_folders(f, 0, 2);
    tell_scan_owners(f, 0);
    assert_non_null(action(f, TAMIS_WORKER_START));
    assign(f, 1, 1, 2);
    f->epoch = 2;
    message.body.refused.status = TAMIS_ENOENT;
    message.body.refused.text = "";
    hear(f, &message, no_bulk);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    say_welcome(f);
    assert_int_equal(action(f, TAMIS_WORKER_PERSIST)->epochs->entries[0].epoch, 2);
    persisted(f, TAMIS_OK);
    assert_non_null(action(f, TAMIS_WORKER_REFRESH));
    /* The queued one asks anew: what it was told may not hold any more; the job itself does. */
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_true(f->last->body.fetch.has_job);
    assert_int_equal(f->last->body.fetch.first_stage, 0);
    assert_int_equal(f->last->body.fetch.folders_version, 0);
    end(f, 1, TAMIS_OK); /* the running one goes on */
    published(f, 1, TAMIS_OK);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_DONE), 1);
    assert_int_equal(f->last->epoch, 2);
    assert_null(action(f, TAMIS_WORKER_START));
    tell_folders(f, 0, 2);
    tell_scan_owners(f, 0);
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 2);
    end(f, 2, TAMIS_ECANCELED);
}

static void test_stop(void **state)
{
    fixture *f = *state;
    tamis_worker_event event = {.kind = TAMIS_WORKER_STOP};

    run_first(f);
    assign(f, 0, 1, 2);
    step(f, &event);
    assert_int_equal(count(f, TAMIS_MESSAGE_BYE), 1);
    assert_non_null(action(f, TAMIS_WORKER_CANCEL));
    assert_false(tamis_worker_core_is_idle(f->core));
    tick(f, 10000);
    assert_int_equal(f->effects.outbox.count, 0); /* no word after goodbye */
    end(f, 1, TAMIS_OK);
    assert_null(action(f, TAMIS_WORKER_PUBLISH));
    assert_null(action(f, TAMIS_WORKER_START));
    assert_true(tamis_worker_core_is_idle(f->core));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CORE_TEST(test_greets_until_welcome),
        CORE_TEST(test_refused_for_good),
        CORE_TEST(test_greets_again_when_unknown),
        CORE_TEST(test_greets_again_after_silence),
        CORE_TEST(test_life_of_a_task),
        CORE_TEST(test_waits_for_owners),
        CORE_TEST(test_threads_are_finite),
        CORE_TEST(test_failures_are_reported),
        CORE_TEST(test_job_that_cannot_be_read),
        CORE_TEST(test_newer_fence_takes_over),
        CORE_TEST(test_publishing_takes_time),
        CORE_TEST(test_newer_fence_waits_for_publishing),
        CORE_TEST(test_stops_what_is_not_wanted),
        CORE_TEST(test_drops_done_jobs),
        CORE_TEST(test_restarted_coordinator),
        CORE_TEST(test_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
