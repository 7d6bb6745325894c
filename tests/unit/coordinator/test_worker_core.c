/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: each decision of the worker's core, one by one.
 * Method: packets in, actions and packets out, on a clock that the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "fake_job.h"
#include "tamis/bytes.h"
#include "tamis/worker_core.h"

#define JOB_ID  "00000000000000aa"
#define BATCHES 4

typedef struct fixture {
    tamis_worker_settings settings;
    tamis_worker_core *core;
    tamis_worker_effects effects;
    tamis_buf packed;
    uint64_t now_ms;
    uint64_t epoch;
    tamis_message *last;
    tamis_err err;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    tamis_job *job = fake_job_create(JOB_ID, "/out", BATCHES);

    assert_non_null(f);
    assert_non_null(job);
    tamis_buf_init(&f->packed, 0);
    assert_int_equal(tamis_job_pack(job, &f->packed), TAMIS_OK);
    tamis_job_destroy(job);
    tamis_worker_settings_defaults(&f->settings);
    f->settings.build = (tamis_peer_build){.protocol = 1, .build = "b", .zstd = "z"};
    f->settings.host = "h";
    f->settings.data_folder = "/w";
    f->now_ms = 1000;
    f->epoch = 1;
    tamis_worker_effects_init(&f->effects);
    assert_int_equal(tamis_worker_core_create(&f->settings, &f->core), TAMIS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    tamis_message_destroy(f->last);
    tamis_worker_core_destroy(f->core);
    tamis_worker_effects_fini(&f->effects);
    tamis_buf_fini(&f->packed);
    free(f);
    return 0;
}

static tamis_status try_step(fixture *f, const tamis_worker_event *event)
{
    tamis_worker_effects_reset(&f->effects);
    return tamis_worker_core_step(f->core, event, f->now_ms, &f->effects, &f->err);
}

static void step(fixture *f, const tamis_worker_event *event)
{
    assert_int_equal(try_step(f, event), TAMIS_OK);
}

static void tick(fixture *f, uint64_t later_ms)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_TICK};

    f->now_ms += later_ms;
    step(f, &event);
}

static void hear(fixture *f, tamis_message *message, tamis_slice bulk)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET, .message = message, .bulk = bulk};

    message->epoch = f->epoch;
    step(f, &event);
}

static const tamis_slice no_bulk = {.data = NULL};

static unsigned count(fixture *f, tamis_message_kind kind)
{
    unsigned found = 0;

    for (size_t i = 0; i < f->effects.outbox.count; i++) {
        tamis_message *message = NULL;

        assert_int_equal(
            tamis_wire_decode(tamis_outbox_control(&f->effects.outbox, i), &message, NULL),
            TAMIS_OK);
        if (message->kind == kind) {
            found++;
            tamis_message_destroy(f->last);
            f->last = message;
        } else {
            tamis_message_destroy(message);
        }
    }
    return found;
}

static const tamis_worker_action *action(const fixture *f, tamis_worker_action_kind kind)
{
    for (size_t i = 0; i < f->effects.action_count; i++) {
        if (f->effects.actions[i].kind == kind) {
            return &f->effects.actions[i];
        }
    }
    return NULL;
}

static void welcome(fixture *f)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_WELCOME};

    message.body.welcome.heartbeat_ms = 100;
    message.body.welcome.lease_ms = 1000;
    tick(f, 0);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    hear(f, &message, no_bulk);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_REQUEST), 1);
    assert_int_equal(f->last->body.task_request.credit, f->settings.credit);
}

static void assign(fixture *f, uint32_t stage, uint32_t task, uint64_t fence)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_ASSIGN, .fence = fence};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.assign.stage = stage;
    message.body.assign.task = task;
    hear(f, &message, no_bulk);
}

static void tell_job(fixture *f)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_JOB_INFO};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    hear(f, &message, tamis_buf_slice(&f->packed));
}

static void tell_scan_owners(fixture *f)
{
    static const char *const folders[] = {"/w1", "/w2"};
    tamis_message message = {.kind = TAMIS_MESSAGE_OWNERS};
    uint8_t table[BATCHES * 2];

    for (uint32_t t = 0; t < BATCHES; t++) {
        tamis_put16le(table + (size_t)t * 2, (uint16_t)(t % 2));
    }
    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.owners.end_stage = 1;
    message.body.owners.folders = folders;
    message.body.owners.folder_count = 2;
    hear(f, &message, tamis_slice_of(table, sizeof(table)));
}

static void end(fixture *f, uint64_t fence, tamis_status status)
{
    static tamis_task_result result = {.skip_stages = 0};
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_ENDED,
        .fence = fence,
        .status = status,
        .text = "reason",
        .result = &result,
        .bytes = 7,
        .documents = 8,
    };

    step(f, &event);
}

static void published(fixture *f, uint64_t fence, tamis_status status)
{
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_PUBLISHED, .fence = fence, .status = status, .text = "disk"};

    step(f, &event);
}

static void acknowledge(fixture *f, uint64_t fence)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_TASK_ACK, .fence = fence};

    hear(f, &message, no_bulk);
}

static void stop_tasks(fixture *f, uint64_t fence)
{
    tamis_held held = {.fence = fence};
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    message.body.heartbeat.held = &held;
    message.body.heartbeat.held_count = 1;
    hear(f, &message, no_bulk);
}

/* One SCAN task runs under fence 1. */
static void run_first(fixture *f)
{
    welcome(f);
    assign(f, 0, 0, 1);
    tell_job(f);
    assert_non_null(action(f, TAMIS_WORKER_START));
}

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
    tell_scan_owners(f);
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

    run_first(f);
    assign(f, 0, 1, 2);
    f->epoch = 2;
    stop_tasks(f, 99);
    assert_non_null(action(f, TAMIS_WORKER_REFRESH));
    /* The queued one asks anew: what it was told may not hold any more. */
    assert_int_equal(count(f, TAMIS_MESSAGE_FETCH), 1);
    assert_false(f->last->body.fetch.has_job);
    end(f, 1, TAMIS_OK); /* the running one goes on */
    published(f, 1, TAMIS_OK);
    assert_null(action(f, TAMIS_WORKER_START));
    tell_job(f);
    assert_int_equal(action(f, TAMIS_WORKER_START)->fence, 2);
    end(f, 2, TAMIS_ECANCELED);
    f->epoch = 1; /* late word of the old one */
    assign(f, 0, 3, 9);
    assert_int_equal(f->effects.action_count + f->effects.outbox.count, 0);
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

#define CORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
