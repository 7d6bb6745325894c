/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: each decision of the coordinator's core, one by one.
 * Method: packets in, packets and ledger changes out, on a clock that the test sets. What happens
 * when all of it comes together is the simulator's matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "fake_job.h"
#include "ledger.h"
#include "ledger_record.h"

#define JOB_ID  "00000000000000aa"
#define BATCHES 4
#define EPOCH   ((uint64_t)1 << 32)

typedef struct fixture {
    tamis_core_settings settings;
    tamis_coordinator_core *core;
    tamis_core_effects effects;
    tamis_store *store;
    tamis_job *job;
    uint64_t now_ms;
    uint64_t sequence;
    tamis_run_status status;
    tamis_message *last; /* found by expect() */
} fixture;

static void begin(fixture *f)
{
    assert_int_equal(tamis_coordinator_core_create(&f->settings, &f->core), TAMIS_OK);
    assert_int_equal(tamis_ledger_load(f->store, f->core, NULL), TAMIS_OK);
    tamis_core_effects_reset(&f->effects);
    assert_int_equal(tamis_coordinator_core_begin(f->core, f->now_ms, &f->effects, NULL), TAMIS_OK);
    assert_int_equal(tamis_ledger_commit(f->store, &f->effects, NULL), TAMIS_OK);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    tamis_core_settings_defaults(&f->settings);
    f->settings.build = (tamis_peer_build){.protocol = 1, .build = "b", .zstd = "z"};
    f->settings.data_folder = "/c";
    f->settings.cluster = "00000000000000c1";
    f->now_ms = 1000;
    f->job = fake_job_create(JOB_ID, "/out", BATCHES);
    assert_non_null(f->job);
    assert_int_equal(tamis_store_memory_create("test", &f->store, NULL), TAMIS_OK);
    tamis_core_effects_init(&f->effects);
    begin(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    tamis_message_destroy(f->last);
    tamis_coordinator_core_destroy(f->core);
    tamis_core_effects_fini(&f->effects);
    tamis_store_close(f->store);
    tamis_job_destroy(f->job);
    free(f);
    return 0;
}

/* The coordinator dies and starts again from its ledger. */
static void restart(fixture *f)
{
    tamis_coordinator_core_destroy(f->core);
    begin(f);
}

static void step(fixture *f, const tamis_core_event *event)
{
    tamis_err err = {.status = TAMIS_OK};

    tamis_core_effects_reset(&f->effects);
    if (tamis_coordinator_core_step(f->core, event, f->now_ms, &f->effects, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(tamis_ledger_commit(f->store, &f->effects, NULL), TAMIS_OK);
}

static void tick(fixture *f, uint64_t later_ms)
{
    tamis_core_event event = {.kind = TAMIS_CORE_TICK};

    while (later_ms > f->settings.heartbeat_ms) { /* a longer gap would be a standstill */
        f->now_ms += f->settings.heartbeat_ms;
        later_ms -= f->settings.heartbeat_ms;
        step(f, &event);
    }
    f->now_ms += later_ms;
    step(f, &event);
}

static void say(fixture *f, const char *peer, tamis_message *message, tamis_slice bulk)
{
    tamis_core_event event = {
        .peer = tamis_slice_of_string(peer), .message = message, .bulk = bulk};

    message->sequence = ++f->sequence;
    step(f, &event);
}

static const tamis_slice no_bulk = {.data = NULL};

/* Packets of the last step of that kind to that peer; f->last is the last of them. */
static unsigned count(fixture *f, const char *peer, tamis_message_kind kind)
{
    unsigned found = 0;

    for (size_t i = 0; i < f->effects.outbox.count; i++) {
        tamis_message *message = NULL;

        assert_int_equal(
            tamis_wire_decode(tamis_outbox_control(&f->effects.outbox, i), &message, NULL),
            TAMIS_OK);
        if (message->kind == kind && tamis_slice_is_equal(tamis_outbox_peer(&f->effects.outbox, i),
                                                          tamis_slice_of_string(peer))) {
            found++;
            tamis_message_destroy(f->last);
            f->last = message;
        } else {
            tamis_message_destroy(message);
        }
    }
    return found;
}

static const tamis_message *expect(fixture *f, const char *peer, tamis_message_kind kind)
{
    if (count(f, peer, kind) == 0) {
        fail_msg("no %s to %s", tamis_message_kind_name(kind), peer);
    }
    return f->last;
}

static void hello(fixture *f, const char *peer, const char *folder)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HELLO};

    message.body.hello.build = f->settings.build;
    message.body.hello.thread_count = 1;
    message.body.hello.host = "h";
    message.body.hello.data_folder = folder;
    message.body.hello.name = peer;
    say(f, peer, &message, no_bulk);
    assert_int_equal(count(f, peer, TAMIS_MESSAGE_WELCOME), 1);
}

static void request(fixture *f, const char *peer, uint32_t credit)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_TASK_REQUEST};

    message.body.task_request.credit = credit;
    say(f, peer, &message, no_bulk);
}

static tamis_status submit(fixture *f)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};
    tamis_buf packed;

    tamis_buf_init(&packed, 0);
    assert_int_equal(tamis_job_pack(f->job, &packed), TAMIS_OK);
    message.body.submit.build = f->settings.build;
    say(f, "client", &message, tamis_buf_slice(&packed));
    tamis_buf_fini(&packed);
    return expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status;
}

static tamis_message about(tamis_message_kind kind, uint64_t fence)
{
    tamis_message message = {.kind = kind, .fence = fence};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    return message;
}

/* The answer to a result. */
static tamis_status finish(fixture *f, const char *peer, uint32_t stage, uint32_t task,
                           uint64_t fence)
{
    tamis_message message = about(TAMIS_MESSAGE_TASK_DONE, fence);

    message.body.task_done.stage = stage;
    message.body.task_done.task = task;
    message.body.task_done.counters[TAMIS_COUNTER_ROWS] = 5;
    say(f, peer, &message, tamis_slice_of_string("blob"));
    return expect(f, peer, TAMIS_MESSAGE_TASK_ACK)->body.refused.status;
}

static void fail_task(fixture *f, const char *peer, uint32_t task, uint64_t fence,
                      tamis_status status)
{
    tamis_message message = about(TAMIS_MESSAGE_TASK_FAILED, fence);

    message.body.task_failed.task = task;
    message.body.task_failed.status = status;
    message.body.task_failed.is_retryable = tamis_status_is_retryable(status);
    message.body.task_failed.text = "reason";
    say(f, peer, &message, no_bulk);
    (void)expect(f, peer, TAMIS_MESSAGE_TASK_ACK);
}

static void heartbeat(fixture *f, const char *peer, const tamis_held *held, size_t held_count)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    message.body.heartbeat.credit = 1;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = held_count;
    say(f, peer, &message, no_bulk);
}

static tamis_held held_of(uint32_t task, uint64_t fence)
{
    tamis_held held = {.task = task, .fence = fence};

    memcpy(held.job, JOB_ID, sizeof(held.job));
    return held;
}

static const tamis_run_status *status_of(fixture *f)
{
    assert_true(tamis_coordinator_core_status(f->core, JOB_ID, f->now_ms, &f->status));
    return &f->status;
}

/* A job, one worker, its first task under the first fence. */
static void lease_first(fixture *f)
{
    assert_int_equal(submit(f), TAMIS_OK);
    hello(f, "w", "/w");
    request(f, "w", 1);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, EPOCH + 1);
}

/* ---- Members --------------------------------------------------------------------------------- */

static void test_builds_must_agree(void **state)
{
    static const tamis_peer_build others[] = {
        {.protocol = 2, .build = "b", .zstd = "z"},
        {.protocol = 1, .build = "other", .zstd = "z"},
        {.protocol = 1, .build = "b", .zstd = "1.9"},
    };
    static const char *const named[] = {"protocol", "other", "zstd"};
    fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        tamis_message message = {.kind = TAMIS_MESSAGE_HELLO};

        message.body.hello.build = others[i];
        message.body.hello.host = "h";
        message.body.hello.data_folder = "/w";
        message.body.hello.name = "w";
        say(f, "w", &message, no_bulk);
        assert_int_equal(expect(f, "w", TAMIS_MESSAGE_REFUSED)->body.refused.status,
                         TAMIS_EVERSION);
        assert_non_null(strstr(f->last->body.refused.text, named[i]));
        message.kind = TAMIS_MESSAGE_SUBMIT;
        message.body.submit.build = others[i];
        say(f, "client", &message, no_bulk);
        assert_int_equal(expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                         TAMIS_EVERSION);
    }
}

static void test_strangers_are_told_to_greet(void **state)
{
    fixture *f = *state;

    request(f, "w", 1);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_REFUSED)->body.refused.status, TAMIS_ENOENT);
    hello(f, "w", "/w");
    request(f, "w", 1);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_REFUSED), 0);
}

static void test_silent_worker_is_dropped(void **state)
{
    fixture *f = *state;

    lease_first(f);
    tick(f, f->settings.lease_ms - 1);
    assert_int_equal(status_of(f)->worker_count, 1);
    tick(f, 1);
    assert_int_equal(status_of(f)->worker_count, 0);
    assert_int_equal(f->status.tasks_running, 0);
    assert_int_equal(f->status.tasks_lost, 1);
}

static void test_successor_in_the_same_folder(void **state)
{
    fixture *f = *state;

    lease_first(f);
    hello(f, "w2", "/w");
    assert_int_equal(status_of(f)->worker_count, 1);
    request(f, "w2", 1);
    /* Its predecessor's task, under a new fence, at once. */
    assert_int_equal(expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
    assert_int_equal(f->last->fence, EPOCH + 2);
}

static void test_bye(void **state)
{
    fixture *f = *state;
    tamis_message bye = {.kind = TAMIS_MESSAGE_BYE};

    lease_first(f);
    say(f, "w", &bye, no_bulk);
    assert_int_equal(status_of(f)->worker_count, 0);
    assert_int_equal(f->status.state, TAMIS_RUN_RUNNING); /* no loss that counts */
    say(f, "w", &bye, no_bulk);
    assert_int_equal(f->effects.outbox.count, 0);
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static void test_credit(void **state)
{
    fixture *f = *state;
    tamis_message old = {.kind = TAMIS_MESSAGE_TASK_REQUEST};
    tamis_core_event event = {.peer = tamis_slice_of_string("w"), .message = &old};

    assert_int_equal(submit(f), TAMIS_OK);
    hello(f, "w", "/w");
    request(f, "w", 2);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 2);
    request(f, "w", 2); /* it says how many it holds, not how many more */
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    old.sequence = 1; /* a late packet */
    old.body.task_request.credit = 4;
    step(f, &event);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    request(f, "w", 3);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 1);
    assert_int_equal(f->last->body.assign.task, 2);
}

static void test_workers_take_turns(void **state)
{
    fixture *f = *state;

    hello(f, "w1", "/w1");
    hello(f, "w2", "/w2");
    request(f, "w1", 4);
    request(f, "w2", 4);
    assert_int_equal(submit(f), TAMIS_OK);
    assert_int_equal(count(f, "w1", TAMIS_MESSAGE_ASSIGN), BATCHES / 2);
    assert_int_equal(count(f, "w2", TAMIS_MESSAGE_ASSIGN), BATCHES / 2);
}

static void test_heartbeat_renews(void **state)
{
    fixture *f = *state;
    tamis_held held = held_of(0, EPOCH + 1);

    lease_first(f);
    for (unsigned i = 0; i < 5; i++) {
        tick(f, f->settings.lease_ms - 1);
        held.bytes = i;
        heartbeat(f, "w", &held, 1);
        assert_int_equal(expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 0);
        tick(f, 0);
        assert_int_equal(status_of(f)->tasks_running, 1);
        assert_int_equal(f->status.stages[0].bytes, i);
    }
}

static void test_old_fence_is_refused(void **state)
{
    fixture *f = *state;
    tamis_held held = held_of(0, EPOCH + 1);
    uint64_t commits = 0;

    lease_first(f);
    hello(f, "w2", "/w2");
    request(f, "w2", 1); /* has task 1 */
    tick(f, f->settings.lease_ms);
    hello(f, "w2", "/w2"); /* both were dropped */
    request(f, "w2", 1);
    assert_int_equal(expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
    assert_int_equal(f->last->fence, EPOCH + 3);
    hello(f, "w", "/w");
    heartbeat(f, "w", &held, 1);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    request(f, "w", 0);
    commits = tamis_store_memory_commit_count(f->store);
    assert_int_equal(finish(f, "w", 0, 0, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(f->effects.change_count, 0);
    assert_int_equal(tamis_store_memory_commit_count(f->store), commits);
    assert_int_equal(status_of(f)->stages[0].tasks_done, 0);
    /* Nor may it report what another one holds, with the right fence. */
    assert_int_equal(finish(f, "w", 0, 0, EPOCH + 3), TAMIS_EFENCED);
    assert_int_equal(finish(f, "w2", 0, 0, EPOCH + 3), TAMIS_OK);
    assert_int_equal(status_of(f)->stages[0].tasks_done, 1);
}

static void test_repeated_result(void **state)
{
    fixture *f = *state;

    lease_first(f);
    assert_int_equal(finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK);
    assert_true(f->effects.change_count != 0);
    request(f, "w", 0);
    assert_int_equal(finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK);
    assert_int_equal(f->effects.change_count, 0);
    assert_int_equal(status_of(f)->stages[0].counters[TAMIS_COUNTER_ROWS], 5);
    assert_string_equal(tamis_coordinator_core_owner(f->core, JOB_ID, 0, 0), "/w");
    assert_null(tamis_coordinator_core_owner(f->core, JOB_ID, 0, 1));
}

static void test_results_out_of_range(void **state)
{
    fixture *f = *state;

    lease_first(f);
    assert_int_equal(finish(f, "w", 0, BATCHES, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(finish(f, "w", 63, 0, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(finish(f, "w", 1, 0, 0), TAMIS_EFENCED); /* never granted */
}

static void test_retry_after_a_while(void **state)
{
    fixture *f = *state;

    lease_first(f);
    request(f, "w", 0);
    fail_task(f, "w", 0, EPOCH + 1, TAMIS_EIO);
    request(f, "w", 4);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), BATCHES - 1); /* all others */
    tick(f, f->settings.retry_ms - 1);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    tick(f, 1);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
}

static void test_attempts_are_finite(void **state)
{
    fixture *f = *state;
    uint64_t fence = EPOCH + 1;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", 1);
    assert_non_null(f->job);
    lease_first(f);
    for (uint32_t i = 1; i < f->settings.attempts_max; i++) {
        fail_task(f, "w", 0, fence, TAMIS_EIO);
        assert_int_equal(status_of(f)->state, TAMIS_RUN_RUNNING);
        tick(f, ((uint64_t)f->settings.retry_ms << (i - 1)) - 1);
        assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
        tick(f, 1);
        fence = expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence;
        /* That its worker was told to stop is no failure of the task. */
        fail_task(f, "w", 0, fence, TAMIS_ECANCELED);
        fence = expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence;
    }
    fail_task(f, "w", 0, fence, TAMIS_EIO);
    assert_int_equal(status_of(f)->state, TAMIS_RUN_FAILED);
    assert_int_equal(f->status.fault.status, TAMIS_EIO);
    assert_string_equal(f->status.fault.text, "scan task 0: reason");
}

static void test_fatal_failure_stops_the_rest(void **state)
{
    fixture *f = *state;

    lease_first(f);
    hello(f, "w2", "/w2");
    request(f, "w2", 1);
    fail_task(f, "w", 0, EPOCH + 1, TAMIS_EFORMAT);
    assert_int_equal(status_of(f)->state, TAMIS_RUN_FAILED);
    /* The other one is told to stop. */
    assert_int_equal(expect(f, "w2", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    assert_int_equal(f->last->body.heartbeat.held[0].fence, EPOCH + 2);
    /* After a restart it is still known why. */
    restart(f);
    assert_int_equal(status_of(f)->state, TAMIS_RUN_FAILED);
    assert_string_equal(f->status.fault.text, "scan task 0: reason");
    /* Submitted again it goes on. */
    assert_int_equal(submit(f), TAMIS_OK);
    assert_int_equal(status_of(f)->state, TAMIS_RUN_RUNNING);
}

/* Workers that fall silent with a task in hand are counted, for good; from the third on it is to be
 * run in a process of its own. */
static void test_losses_isolate(void **state)
{
    fixture *f = *state;

    lease_first(f);
    for (uint32_t i = 0; i <= TAMIS_ISOLATE_FROM; i++) {
        assert_int_equal(f->last->body.assign.task, 0);
        assert_int_equal(f->last->body.assign.is_isolated, i >= TAMIS_ISOLATE_FROM);
        assert_int_equal(status_of(f)->tasks_lost, i);
        if (i == 2) {
            restart(f);
            assert_int_equal(status_of(f)->tasks_lost, i);
        }
        tick(f, f->settings.lease_ms);
        hello(f, "w", "/w");
        request(f, "w", 1);
        (void)expect(f, "w", TAMIS_MESSAGE_ASSIGN);
    }
    assert_int_equal(status_of(f)->state, TAMIS_RUN_RUNNING);
}

static void test_lost_assignment_is_sent_again(void **state)
{
    fixture *f = *state;
    tamis_held held = held_of(0, EPOCH + 1);

    lease_first(f);
    tick(f, f->settings.resend_ms - 1);
    heartbeat(f, "w", NULL, 0);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    f->now_ms += 1;
    heartbeat(f, "w", NULL, 0);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, EPOCH + 1);
    tick(f, f->settings.resend_ms);
    heartbeat(f, "w", &held, 1); /* it arrived */
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
}

static void test_large_blob(void **state)
{
    fixture *f = *state;
    tamis_message message = about(TAMIS_MESSAGE_TASK_DONE, EPOCH + 1);
    uint8_t *bytes = calloc(1, TAMIS_BLOB_MAX + 1);

    assert_non_null(bytes);
    lease_first(f);
    say(f, "w", &message, tamis_slice_of(bytes, TAMIS_BLOB_MAX + 1));
    assert_int_equal(status_of(f)->state, TAMIS_RUN_FAILED);
    assert_int_equal(f->status.fault.status, TAMIS_ELIMIT);
    free(bytes);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

/* Answers whatever is asked until the job is done; returns the number of finished tasks. */
static unsigned run_to_end(fixture *f, const char *peer)
{
    unsigned done = 0;

    for (unsigned round = 0; round < 10000 && status_of(f)->state == TAMIS_RUN_RUNNING; round++) {
        tamis_task_result result = {.skip_stages = 0};
        tamis_core_event local = {.kind = TAMIS_CORE_LOCAL_ENDED,
                                  .fence = f->effects.local_fence,
                                  .text = "",
                                  .result = &result};

        if (f->effects.local == TAMIS_LOCAL_START) {
            step(f, &local);
            done++;
        } else if (count(f, peer, TAMIS_MESSAGE_ASSIGN) != 0) {
            (void)finish(f, peer, f->last->body.assign.stage, f->last->body.assign.task,
                         f->last->fence);
            done++;
        } else {
            fail_msg("nothing to do in stage %u", f->status.stage);
        }
    }
    return done;
}

static unsigned task_total(const fixture *f)
{
    tamis_stage stages[TAMIS_STAGES_MAX];
    unsigned total = 0;

    for (uint32_t s = 0, n = tamis_job_stages(f->job, stages); s < n; s++) {
        total += stages[s].task_count;
    }
    return total;
}

static void test_done_job(void **state)
{
    fixture *f = *state;
    static const char *const jobs[] = {JOB_ID};
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};
    tamis_store_iterator *iterator = NULL;
    tamis_slice key;
    tamis_slice value;

    lease_first(f);
    assert_int_equal(run_to_end(f, "w"), task_total(f));
    assert_int_equal(status_of(f)->state, TAMIS_RUN_DONE);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_JOB_DONE), 1);
    assert_true(f->effects.has_job_ended);
    assert_true(tamis_coordinator_core_may_drop(f->core, JOB_ID));
    /* Tasks, blobs and the packed job are gone from the ledger. */
    for (const char *group = "BTC"; *group != 0; group++) {
        assert_int_equal(
            tamis_store_iterator_create(f->store, tamis_slice_of(group, 1), &iterator, NULL),
            TAMIS_OK);
        assert_int_equal(tamis_store_iterator_next(iterator, &key, &value, NULL), TAMIS_END);
        tamis_store_iterator_destroy(iterator);
    }
    restart(f);
    assert_int_equal(status_of(f)->state, TAMIS_RUN_DONE);
    assert_int_equal(f->status.stage, f->status.stage_count);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], 5 * BATCHES);
    assert_int_equal(f->status.stages[0].tasks_done, BATCHES);
    /* A worker that missed the news asks by listing the job. */
    hello(f, "w", "/w");
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = 1;
    say(f, "w", &message, no_bulk);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_JOB_DONE), 1);
    assert_int_equal(submit(f), TAMIS_OK); /* the same id: nothing to do */
    assert_int_equal(status_of(f)->state, TAMIS_RUN_DONE);
}

static void test_resume(void **state)
{
    fixture *f = *state;
    tamis_held held = held_of(1, EPOCH + 2);

    lease_first(f);
    assert_int_equal(finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK); /* and task 1 is given out */
    restart(f);
    assert_int_equal(tamis_coordinator_core_epoch(f->core), 2);
    assert_int_equal(status_of(f)->stages[0].tasks_done, 1);
    assert_int_equal(f->status.tasks_running, 1); /* the lease lives on */
    hello(f, "w", "/w");
    heartbeat(f, "w", &held, 1);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 0);
    assert_int_equal(finish(f, "w", 0, 1, EPOCH + 2), TAMIS_OK);
    /* What is given out from now on has fences of the new epoch. */
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, 2 * EPOCH + 1);
    (void)run_to_end(f, "w");
    assert_int_equal(status_of(f)->state, TAMIS_RUN_DONE);
    assert_int_equal(f->status.tasks_executed, task_total(f) - 1);
}

/* The worker died with the coordinator, or comes back by itself: nobody waits for its old lease. */
static void test_leases_of_the_dead(void **state)
{
    fixture *f = *state;

    lease_first(f);
    restart(f);
    hello(f, "w-again", "/w"); /* the same folder under a new name */
    request(f, "w-again", 1);
    assert_int_equal(expect(f, "w-again", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
    f->settings.is_embedded = true;
    restart(f);
    assert_int_equal(status_of(f)->tasks_running, 0);
    hello(f, "w-third", "/other");
    request(f, "w-third", 1);
    assert_int_equal(expect(f, "w-third", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
}

static void test_jobs_that_differ(void **state)
{
    fixture *f = *state;

    assert_int_equal(submit(f), TAMIS_OK);
    assert_int_equal(submit(f), TAMIS_OK); /* again: the same */
    f->job->settings.shingle++;
    assert_int_equal(submit(f), TAMIS_ECHANGED);
    memcpy(f->job->id, "00000000000000bb", 16);
    assert_int_equal(submit(f), TAMIS_OK); /* another job, queued */
    assert_string_equal(tamis_coordinator_core_last_job(f->core), "00000000000000bb");
    assert_true(tamis_coordinator_core_status(f->core, "00000000000000bb", f->now_ms, &f->status));
    assert_int_equal(f->status.state, TAMIS_RUN_QUEUED);
    memcpy(f->job->id, "00000000000000cc", 16);
    assert_int_equal(submit(f), TAMIS_OK); /* the content of that one */
    assert_string_equal(f->last->job, "00000000000000bb");
}

static void test_single_job(void **state)
{
    fixture *f = *state;

    f->settings.is_single_job = true;
    restart(f);
    assert_int_equal(submit(f), TAMIS_OK);
    f->job->settings.shingle++;
    memcpy(f->job->id, "00000000000000bb", 16);
    assert_int_equal(submit(f), TAMIS_ECHANGED);
}

static void test_malformed_job(void **state)
{
    fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};

    message.body.submit.build = f->settings.build;
    say(f, "client", &message, tamis_slice_of_string("no job"));
    assert_int_not_equal(expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                         TAMIS_OK);
    assert_null(tamis_coordinator_core_last_job(f->core));
}

static void test_cancel(void **state)
{
    fixture *f = *state;
    tamis_message message = about(TAMIS_MESSAGE_CANCEL, 0);

    lease_first(f);
    say(f, "client", &message, no_bulk);
    assert_int_equal(expect(f, "client", TAMIS_MESSAGE_STATUS)->body.status->state,
                     TAMIS_RUN_CANCELED);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    assert_int_equal(finish(f, "w", 0, 0, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(submit(f), TAMIS_OK);
    assert_int_equal(status_of(f)->state, TAMIS_RUN_RUNNING);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, EPOCH + 2);
    message = about(TAMIS_MESSAGE_CANCEL, 0);
    memcpy(message.job, "00000000000000ff", 16);
    say(f, "client", &message, no_bulk); /* nobody knows that one */
    assert_int_equal(expect(f, "client", TAMIS_MESSAGE_REFUSED)->body.refused.status, TAMIS_ENOENT);
}

static void test_fetch_tells_complete_stages(void **state)
{
    fixture *f = *state;
    tamis_message message = about(TAMIS_MESSAGE_FETCH, 0);

    lease_first(f);
    message.body.fetch.end_stage = TAMIS_STAGES_MAX;
    say(f, "w", &message, no_bulk);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_JOB_INFO), 1);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_OWNERS), 0); /* none is complete */
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_FOLDERS)->body.folders.row_count, 2);
    assert_string_equal(f->last->body.folders.rows[0].path, "/c");
    assert_string_equal(f->last->body.folders.rows[1].path, "/w");
    assert_int_equal(f->last->body.folders.from_version, 0);
    for (uint32_t t = 0; t < BATCHES; t++) {
        assert_int_equal(finish(f, "w", 0, t, EPOCH + 1 + t), TAMIS_OK);
    }
    message = about(TAMIS_MESSAGE_FETCH, 0);
    message.body.fetch.has_job = true;
    message.body.fetch.end_stage = TAMIS_STAGES_MAX;
    say(f, "w", &message, no_bulk);
    assert_int_equal(count(f, "w", TAMIS_MESSAGE_JOB_INFO), 0);
    assert_int_equal(expect(f, "w", TAMIS_MESSAGE_OWNERS)->body.owners.end_stage, 1);
    assert_int_equal(f->last->body.owners.folder_count, 2); /* the coordinator's own is one */
    assert_null(f->last->body.owners.folders);
    assert_int_equal(f->effects.outbox.packets[0].bulk_size, BATCHES * 2);
}

static void test_done_jobs_make_room(void **state)
{
    fixture *f = *state;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", 0);
    assert_non_null(f->job);
    hello(f, "w", "/w");
    request(f, "w", 1);
    for (unsigned i = 0; i < TAMIS_JOBS_MAX + 3; i++) {
        char id[TAMIS_JOB_ID_SIZE];

        (void)snprintf(id, sizeof(id), "%016x", 0xaa + i);
        memcpy(f->job->id, id, sizeof(id));
        f->job->settings.limit = i; /* other content */
        assert_int_equal(submit(f), TAMIS_OK);
        while (f->effects.local == TAMIS_LOCAL_START || count(f, "w", TAMIS_MESSAGE_ASSIGN) != 0) {
            tamis_task_result result = {.skip_stages = 0};
            tamis_core_event local = {.kind = TAMIS_CORE_LOCAL_ENDED,
                                      .fence = f->effects.local_fence,
                                      .text = "",
                                      .result = &result};
            tamis_message done = {.kind = TAMIS_MESSAGE_TASK_DONE};

            if (f->effects.local == TAMIS_LOCAL_START) {
                step(f, &local);
                continue;
            }
            done.fence = f->last->fence;
            memcpy(done.job, id, sizeof(id));
            done.body.task_done.stage = f->last->body.assign.stage;
            done.body.task_done.task = f->last->body.assign.task;
            say(f, "w", &done, no_bulk);
        }
        assert_true(tamis_coordinator_core_status(f->core, id, f->now_ms, &f->status));
        assert_int_equal(f->status.state, TAMIS_RUN_DONE);
    }
    /* The oldest are forgotten, also by the ledger. */
    assert_false(tamis_coordinator_core_status(f->core, JOB_ID, f->now_ms, &f->status));
    restart(f);
    assert_false(tamis_coordinator_core_status(f->core, JOB_ID, f->now_ms, &f->status));
}

#define CORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CORE_TEST(test_builds_must_agree),
        CORE_TEST(test_strangers_are_told_to_greet),
        CORE_TEST(test_silent_worker_is_dropped),
        CORE_TEST(test_successor_in_the_same_folder),
        CORE_TEST(test_bye),
        CORE_TEST(test_credit),
        CORE_TEST(test_workers_take_turns),
        CORE_TEST(test_heartbeat_renews),
        CORE_TEST(test_old_fence_is_refused),
        CORE_TEST(test_repeated_result),
        CORE_TEST(test_results_out_of_range),
        CORE_TEST(test_retry_after_a_while),
        CORE_TEST(test_attempts_are_finite),
        CORE_TEST(test_fatal_failure_stops_the_rest),
        CORE_TEST(test_losses_isolate),
        CORE_TEST(test_lost_assignment_is_sent_again),
        CORE_TEST(test_large_blob),
        CORE_TEST(test_done_job),
        CORE_TEST(test_resume),
        CORE_TEST(test_leases_of_the_dead),
        CORE_TEST(test_jobs_that_differ),
        CORE_TEST(test_single_job),
        CORE_TEST(test_malformed_job),
        CORE_TEST(test_cancel),
        CORE_TEST(test_fetch_tells_complete_stages),
        CORE_TEST(test_done_jobs_make_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
