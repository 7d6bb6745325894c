/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a worker obeys the newest coordinator alone, and publishes only while its lease lasts.
 * Method: packets in, actions and packets out (core_fixture.h). */
#include "core_fixture.h"

#include <stdlib.h>

#define OTHER_CLUSTER "00000000000000c2"

/* The process starts again on the same folder. */
static void restart(fixture *f, const tamis_epochs *epochs)
{
    tamis_worker_core_destroy(f->core);
    f->settings.epochs = epochs;
    assert_int_equal(tamis_worker_core_create(&f->settings, &f->core), TAMIS_OK);
}

static uint64_t refused(const fixture *f)
{
    uint64_t epoch = 0;

    return tamis_worker_core_refused(f->core, &epoch);
}

/* Answers the last heartbeat. */
static void answer(fixture *f, uint64_t sequence, bool may_leave)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    message.body.heartbeat.answered = sequence;
    message.body.heartbeat.may_leave = may_leave;
    hear(f, &message, no_bulk);
}

static uint64_t beat(fixture *f)
{
    tick(f, 100);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    return f->last->sequence;
}

static void test_pace_is_told(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    welcome(f); /* every 100 ms */
    message.body.heartbeat.answered = beat(f);
    message.body.heartbeat.heartbeat_ms = 500;
    hear(f, &message, no_bulk);
    tick(f, 99); /* the next one was due already */
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 0);
    (void)beat(f);
    tick(f, 499);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 0);
    tick(f, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
    message.body.heartbeat.answered = f->last->sequence;
    message.body.heartbeat.heartbeat_ms = 200; /* at once */
    hear(f, &message, no_bulk);
    tick(f, 199);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 0);
    tick(f, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_HEARTBEAT), 1);
}

static void test_hello_tells_all(void **state)
{
    fixture *f = *state;

    f->settings.data_url = "tcp://h:1";
    f->settings.memory_bytes = 7;
    restart(f, NULL);
    tick(f, 0);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    assert_string_equal(f->last->body.hello.name, "n");
    assert_string_equal(f->last->body.hello.folder_id, "0123456789abcdef");
    assert_string_equal(f->last->body.hello.data_url, "tcp://h:1");
    assert_int_equal(f->last->body.hello.memory_bytes, 7);
}

static void test_persists_before_acting(void **state)
{
    fixture *f = *state;

    f->epoch = 3;
    tick(f, 0);
    say_welcome(f);
    assert_int_equal(f->effects.action_count, 1);
    assert_int_equal(action(f, TAMIS_WORKER_PERSIST)->epochs->count, 1);
    assert_string_equal(action(f, TAMIS_WORKER_PERSIST)->epochs->entries[0].cluster, CLUSTER);
    assert_int_equal(action(f, TAMIS_WORKER_PERSIST)->epochs->entries[0].epoch, 3);
    assign(f, 0, 0, 1); /* not yet */
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    persisted(f, TAMIS_ENOSPC);
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    tick(f, 1000);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1); /* another try */
    say_welcome(f);
    persisted(f, TAMIS_OK);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_REQUEST), 1);
    say_welcome(f); /* a repetition needs no disk */
    assert_null(action(f, TAMIS_WORKER_PERSIST));
}

static void test_lower_epoch_is_refused(void **state)
{
    fixture *f = *state;
    tamis_epochs epochs = {.count = 0};

    tamis_epochs_set(&epochs, CLUSTER, 5);
    restart(f, &epochs);
    tick(f, 0);
    f->epoch = 4; /* a coordinator that was replaced while this process was down */
    say_welcome(f);
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    assert_int_equal(refused(f), 1);
    f->epoch = 5;
    say_welcome(f);
    assert_null(action(f, TAMIS_WORKER_PERSIST)); /* it is on the disk */
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_REQUEST), 1);
    f->epoch = 4;
    assign(f, 0, 0, 1);
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    assert_int_equal(refused(f), 2);
}

/* Of a higher epoch only its Welcome counts: it says whose epoch that is. */
static void test_higher_epoch_needs_welcome(void **state)
{
    fixture *f = *state;

    welcome(f);
    f->epoch = 2;
    assign(f, 0, 0, 1);
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    assert_int_equal(refused(f), 0);
}

/* A coordinator with another ledger has epochs of its own; tasks of the one before are let go. */
static void test_other_cluster(void **state)
{
    fixture *f = *state;

    f->epoch = 7;
    run_first(f);
    f->epoch = 1;
    f->cluster = OTHER_CLUSTER;
    say_welcome(f); /* a stray word: the worker is well where it is */
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    assert_int_equal(refused(f), 0);
    tick(f, f->settings.silence_ms);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    say_welcome(f);
    assert_int_equal(action(f, TAMIS_WORKER_CANCEL)->fence, 1);
    assert_null(action(f, TAMIS_WORKER_PERSIST)); /* not while there are tasks */
    end(f, 1, TAMIS_ECANCELED);
    tick(f, 5000);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    say_welcome(f);
    assert_int_equal(action(f, TAMIS_WORKER_PERSIST)->epochs->count, 2);
    persisted(f, TAMIS_OK);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_REQUEST), 1);
    assign(f, 0, 0, 1); /* the same fence, of another cluster's task */
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_false(f->last->body.fetch.has_job);
}

/* What the log is told of. */
static void test_contact(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_REFUSED};

    tick(f, 0);
    message.body.refused.status = TAMIS_EHELD;
    message.body.refused.text = "a copy";
    for (unsigned i = 0; i < 2; i++) {
        hear(f, &message, no_bulk);
    }
    assert_int_equal(tamis_worker_core_contact(f->core).refusal_count, 2);
    assert_int_equal(tamis_worker_core_contact(f->core).refusal, TAMIS_EHELD);
    assert_string_equal(tamis_worker_core_contact(f->core).refusal_text, "a copy");
    assert_false(tamis_worker_core_contact(f->core).is_welcome);
    tick(f, 5000);
    say_welcome(f);
    assert_int_equal(tamis_worker_core_contact(f->core).welcome_count, 0); /* not durable yet */
    persisted(f, TAMIS_OK);
    say_welcome(f); /* a repetition */
    assert_int_equal(tamis_worker_core_contact(f->core).welcome_count, 1);
    assert_true(tamis_worker_core_contact(f->core).is_welcome);
    assert_string_equal(tamis_worker_core_contact(f->core).cluster, CLUSTER);
    message.body.refused.status = TAMIS_ENOENT; /* it has restarted */
    hear(f, &message, no_bulk);
    assert_int_equal(tamis_worker_core_contact(f->core).refusal_count, 2);
    assert_false(tamis_worker_core_contact(f->core).is_welcome);
    say_welcome(f);
    assert_int_equal(tamis_worker_core_contact(f->core).welcome_count, 2);
}

static void test_lease_counts_from_the_sending(void **state)
{
    fixture *f = *state;
    uint64_t first = 0;
    uint64_t first_ms = 0;
    uint64_t second = 0;

    welcome(f);
    assert_int_equal(tamis_worker_core_lease_until_ms(f->core), 0);
    first = beat(f);
    first_ms = f->now_ms;
    second = beat(f);
    f->now_ms += 300;
    answer(f, first, false);
    assert_int_equal(tamis_worker_core_lease_until_ms(f->core), first_ms + LEASE_MS);
    answer(f, second, false);
    assert_int_equal(tamis_worker_core_lease_until_ms(f->core), first_ms + 100 + LEASE_MS);
    answer(f, first, false); /* late */
    assert_int_equal(tamis_worker_core_lease_until_ms(f->core), first_ms + 100 + LEASE_MS);
    answer(f, 0, false);
    answer(f, UINT64_MAX, false);
    assert_int_equal(tamis_worker_core_lease_until_ms(f->core), first_ms + 100 + LEASE_MS);
}

static void test_drained(void **state)
{
    fixture *f = *state;

    run_first(f);
    answer(f, 0, true); /* it was said before the task was granted */
    assert_null(action(f, TAMIS_WORKER_LEAVE));
    end(f, 1, TAMIS_OK);
    published(f, 1, TAMIS_OK);
    acknowledge(f, 1);
    answer(f, 0, true);
    assert_non_null(action(f, TAMIS_WORKER_LEAVE));
    assert_int_equal(count(f, TAMIS_MESSAGE_BYE), 1);
    assert_true(tamis_worker_core_is_idle(f->core));
    tick(f, 10000);
    assert_int_equal(f->effects.outbox.count, 0);
}

/* ---- What is known of jobs ------------------------------------------------------------------- */

static void tell_chunk(fixture *f, size_t offset, size_t size)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_JOB_INFO};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.job_info.offset = offset;
    message.body.job_info.total = f->packed.size;
    hear(f, &message, tamis_slice_of(f->packed.data + offset, size));
}

static void test_job_in_chunks(void **state)
{
    fixture *f = *state;
    size_t half = f->packed.size / 2;

    welcome(f);
    assign(f, 0, 0, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_int_equal(f->last->body.fetch.job_offset, 0);
    tell_chunk(f, half, f->packed.size - half); /* not its turn */
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 0);
    tell_chunk(f, 0, half);
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1); /* the next one, at once */
    assert_false(f->last->body.fetch.has_job);
    assert_int_equal(f->last->body.fetch.job_offset, half);
    tell_chunk(f, 0, half); /* a repetition */
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
    tell_chunk(f, half, f->packed.size - half);
    assert_non_null(action(f, TAMIS_WORKER_START));
    end(f, 1, TAMIS_ECANCELED);
}

static void test_too_much_of_a_job(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_JOB_INFO};

    welcome(f);
    assign(f, 0, 0, 1);
    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.job_info.total = f->packed.size - 1;
    hear(f, &message, tamis_buf_slice(&f->packed));
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_int_equal(f->last->body.task_failed.status, TAMIS_EFORMAT);
}

static void assign_generation(fixture *f, uint32_t task, uint64_t fence, uint32_t generation)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_ASSIGN, .fence = fence};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.assign.stage = 1;
    message.body.assign.task = task;
    message.body.assign.generation = generation;
    hear(f, &message, no_bulk);
}

/* Results were lost and made again elsewhere: tasks that run go on with what they know, others go
 * by the new word. */
static void test_generations(void **state)
{
    fixture *f = *state;
    const tamis_job_view *old = NULL;

    welcome(f);
    assign_generation(f, 0, 1, 0);
    tell_job(f);
    tell_folders(f, 0, 2);
    tell_scan_owners(f, 0);
    old = action(f, TAMIS_WORKER_START)->view;
    assign_generation(f, 1, 2, 0); /* queued */
    assign_generation(f, 2, 3, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_true(f->last->body.fetch.has_job);
    assert_int_equal(f->last->body.fetch.generation, 1);
    assert_int_equal(f->last->body.fetch.first_stage, 0);
    tell_scan_owners(f, 0); /* too old to help */
    assert_null(action(f, TAMIS_WORKER_START));
    end(f, 1, TAMIS_OK);
    published(f, 1, TAMIS_OK);
    assert_null(action(f, TAMIS_WORKER_START)); /* the queued one waits for the new word too */
    tell_scan_owners(f, 2);                     /* it is newer still */
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 2);
    assert_ptr_not_equal(action(f, TAMIS_WORKER_START)->view, old);
    assert_string_equal(tamis_job_view_owner(action(f, TAMIS_WORKER_START)->view, 0, 1), "/w2");
    end(f, 2, TAMIS_ECANCELED);
}

static void end_lost(fixture *f, uint64_t fence)
{
    uint32_t tasks[] = {1, 3};
    tamis_lost lost = {.stage = 0, .folder = 1, .is_gone = true, .tasks = tasks, .count = 2};
    tamis_worker_event event = {.kind = TAMIS_WORKER_ENDED,
                                .fence = fence,
                                .status = TAMIS_ELOST,
                                .text = "lost",
                                .lost = &lost};

    step(f, &event);
}

static void test_lost_results_are_told(void **state)
{
    fixture *f = *state;

    welcome(f);
    assign_generation(f, 0, 1, 0);
    tell_job(f);
    tell_folders(f, 0, 2);
    tell_scan_owners(f, 0);
    end_lost(f, 1);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_int_equal(f->last->body.task_failed.status, TAMIS_ELOST);
    assert_true(f->last->body.task_failed.is_retryable);
    assert_true(f->last->body.task_failed.has_lost);
    assert_true(f->last->body.task_failed.is_gone);
    assert_int_equal(f->last->body.task_failed.lost_folder, 1);
    assert_int_equal(f->last->body.task_failed.lost_count, 2);
    assert_int_equal(f->last->body.task_failed.lost_tasks[1], 3);
    /* A restarted coordinator has other numbers: the folder has none yet, then another one. */
    f->epoch = 2;
    say_welcome(f);
    persisted(f, TAMIS_OK);
    tick(f, f->settings.resend_ms);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_false(f->last->body.task_failed.has_lost);
    tell_folders(f, 0, 2);
    tick(f, f->settings.resend_ms);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_FAILED), 1);
    assert_true(f->last->body.task_failed.has_lost);
}

static void test_isolated_run_alone(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_ASSIGN};

    f->settings.thread_count = 3;
    f->settings.credit = 4;
    restart(f, NULL);
    run_first(f);
    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.assign.is_isolated = true;
    for (uint32_t task = 1; task < 3; task++) {
        message.fence = task + 1;
        message.body.assign.task = task;
        hear(f, &message, no_bulk);
        assert_int_equal(f->effects.action_count, task == 1 ? 1 : 0);
    }
    end(f, 2, TAMIS_ECANCELED);
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 3);
    assert_true(action(f, TAMIS_WORKER_START)->is_isolated);
    end(f, 3, TAMIS_ECANCELED);
    end(f, 1, TAMIS_ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CORE_TEST(test_pace_is_told),
        CORE_TEST(test_hello_tells_all),
        CORE_TEST(test_persists_before_acting),
        CORE_TEST(test_lower_epoch_is_refused),
        CORE_TEST(test_higher_epoch_needs_welcome),
        CORE_TEST(test_other_cluster),
        CORE_TEST(test_contact),
        CORE_TEST(test_lease_counts_from_the_sending),
        CORE_TEST(test_drained),
        CORE_TEST(test_job_in_chunks),
        CORE_TEST(test_too_much_of_a_job),
        CORE_TEST(test_generations),
        CORE_TEST(test_lost_results_are_told),
        CORE_TEST(test_isolated_run_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
