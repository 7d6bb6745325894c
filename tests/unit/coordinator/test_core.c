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

#include "coordinator_fixture.h"

/* ---- Members --------------------------------------------------------------------------------- */

static void test_builds_must_agree(void **state)
{
    static const tamis_peer_build others[] = {
        {.protocol = 2, .build = "b", .zstd = "z"},
        {.protocol = 1, .build = "other", .zstd = "z"},
        {.protocol = 1, .build = "b", .zstd = "1.9"},
    };
    static const char *const named[] = {"protocol", "other", "zstd"};
    core_fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        tamis_message message = {.kind = TAMIS_MESSAGE_HELLO};

        message.body.hello.build = others[i];
        message.body.hello.host = "h";
        message.body.hello.data_folder = "/w";
        message.body.hello.name = "w";
        core_say(f, "w", &message, core_no_bulk);
        assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_REFUSED)->body.refused.status,
                         TAMIS_EVERSION);
        assert_non_null(strstr(f->last->body.refused.text, named[i]));
        message.kind = TAMIS_MESSAGE_SUBMIT;
        message.body.submit.build = others[i];
        core_say(f, "client", &message, core_no_bulk);
        assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                         TAMIS_EVERSION);
    }
}

static void test_strangers_are_told_to_greet(void **state)
{
    core_fixture *f = *state;

    core_request(f, "w", 1);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_REFUSED)->body.refused.status, TAMIS_ENOENT);
    core_hello(f, "w", "/w");
    core_request(f, "w", 1);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_REFUSED), 0);
}

static void test_silent_worker_is_dropped(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    core_tick(f, f->settings.lease_ms - 1);
    assert_int_equal(core_status_of(f)->worker_count, 1);
    core_tick(f, 1);
    assert_int_equal(core_status_of(f)->worker_count, 0);
    assert_int_equal(f->status.tasks_running, 0);
    assert_int_equal(f->status.tasks_lost, 1);
}

static void test_successor_in_the_same_folder(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    core_hello(f, "w2", "/w");
    assert_int_equal(core_status_of(f)->worker_count, 1);
    core_request(f, "w2", 1);
    /* Its predecessor's task, under a new fence, at once. */
    assert_int_equal(core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
    assert_int_equal(f->last->fence, EPOCH + 2);
}

static void test_bye(void **state)
{
    core_fixture *f = *state;
    tamis_message bye = {.kind = TAMIS_MESSAGE_BYE};

    core_lease_first(f);
    core_say(f, "w", &bye, core_no_bulk);
    assert_int_equal(core_status_of(f)->worker_count, 0);
    assert_int_equal(f->status.state, TAMIS_RUN_RUNNING); /* no loss that counts */
    core_say(f, "w", &bye, core_no_bulk);
    assert_int_equal(f->effects.outbox.count, 0);
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static void test_credit(void **state)
{
    core_fixture *f = *state;
    tamis_message old = {.kind = TAMIS_MESSAGE_TASK_REQUEST};
    tamis_core_event event = {.peer = tamis_slice_of_string("w"), .message = &old};

    assert_int_equal(core_submit(f), TAMIS_OK);
    core_hello(f, "w", "/w");
    core_request(f, "w", 2);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 2);
    core_request(f, "w", 2); /* it says how many it holds, not how many more */
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    old.sequence = 1; /* a late packet */
    old.body.task_request.credit = 4;
    core_step(f, &event);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    core_request(f, "w", 3);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 1);
    assert_int_equal(f->last->body.assign.task, 2);
}

static void test_workers_take_turns(void **state)
{
    core_fixture *f = *state;

    core_hello(f, "w1", "/w1");
    core_hello(f, "w2", "/w2");
    core_request(f, "w1", 4);
    core_request(f, "w2", 4);
    assert_int_equal(core_submit(f), TAMIS_OK);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), BATCHES / 2);
    assert_int_equal(core_count(f, "w2", TAMIS_MESSAGE_ASSIGN), BATCHES / 2);
}

static void test_heartbeat_renews(void **state)
{
    core_fixture *f = *state;
    tamis_held held = core_held_of(0, EPOCH + 1);

    core_lease_first(f);
    for (unsigned i = 0; i < 5; i++) {
        core_tick(f, f->settings.lease_ms - 1);
        held.bytes = i;
        core_heartbeat(f, "w", &held, 1);
        assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count,
                         0);
        core_tick(f, 0);
        assert_int_equal(core_status_of(f)->tasks_running, 1);
        assert_int_equal(f->status.stages[0].bytes, i);
    }
}

static void test_old_fence_is_refused(void **state)
{
    core_fixture *f = *state;
    tamis_held held = core_held_of(0, EPOCH + 1);
    uint64_t commits = 0;

    core_lease_first(f);
    core_hello(f, "w2", "/w2");
    core_request(f, "w2", 1); /* has task 1 */
    core_tick(f, f->settings.lease_ms);
    core_hello(f, "w2", "/w2"); /* both were dropped */
    core_request(f, "w2", 1);
    assert_int_equal(core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
    assert_int_equal(f->last->fence, EPOCH + 3);
    core_hello(f, "w", "/w");
    core_heartbeat(f, "w", &held, 1);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    core_request(f, "w", 0);
    commits = tamis_store_memory_commit_count(f->store);
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(f->effects.change_count, 0);
    assert_int_equal(tamis_store_memory_commit_count(f->store), commits);
    assert_int_equal(core_status_of(f)->stages[0].tasks_done, 0);
    /* Nor may it report what another one holds, with the right fence. */
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 3), TAMIS_EFENCED);
    assert_int_equal(core_finish(f, "w2", 0, 0, EPOCH + 3), TAMIS_OK);
    assert_int_equal(core_status_of(f)->stages[0].tasks_done, 1);
}

static void test_repeated_result(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK);
    assert_true(f->effects.change_count != 0);
    core_request(f, "w", 0);
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK);
    assert_int_equal(f->effects.change_count, 0);
    assert_int_equal(core_status_of(f)->stages[0].counters[TAMIS_COUNTER_ROWS], 5);
    assert_string_equal(tamis_coordinator_core_owner(f->core, JOB_ID, 0, 0), "/w");
    assert_null(tamis_coordinator_core_owner(f->core, JOB_ID, 0, 1));
}

static void test_results_out_of_range(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    assert_int_equal(core_finish(f, "w", 0, BATCHES, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(core_finish(f, "w", 63, 0, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(core_finish(f, "w", 1, 0, 0), TAMIS_EFENCED); /* never granted */
}

static void test_retry_after_a_while(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    core_request(f, "w", 0);
    core_fail_task(f, "w", 0, EPOCH + 1, TAMIS_EIO);
    core_request(f, "w", 4);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), BATCHES - 1); /* all others */
    core_tick(f, f->settings.retry_ms - 1);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    core_tick(f, 1);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
}

static void test_attempts_are_finite(void **state)
{
    core_fixture *f = *state;
    uint64_t fence = EPOCH + 1;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", 1);
    assert_non_null(f->job);
    core_lease_first(f);
    for (uint32_t i = 1; i < f->settings.attempts_max; i++) {
        core_fail_task(f, "w", 0, fence, TAMIS_EIO);
        assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
        core_tick(f, ((uint64_t)f->settings.retry_ms << (i - 1)) - 1);
        assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
        core_tick(f, 1);
        fence = core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence;
        /* That its worker was told to stop is no failure of the task. */
        core_fail_task(f, "w", 0, fence, TAMIS_ECANCELED);
        fence = core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence;
    }
    core_fail_task(f, "w", 0, fence, TAMIS_EIO);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_FAILED);
    assert_int_equal(f->status.fault.status, TAMIS_EIO);
    assert_string_equal(f->status.fault.text, "scan task 0: reason");
}

static void test_fatal_failure_stops_the_rest(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    core_hello(f, "w2", "/w2");
    core_request(f, "w2", 1);
    core_fail_task(f, "w", 0, EPOCH + 1, TAMIS_EFORMAT);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_FAILED);
    /* The other one is told to stop. */
    assert_int_equal(core_expect(f, "w2", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    assert_int_equal(f->last->body.heartbeat.held[0].fence, EPOCH + 2);
    /* After a restart it is still known why. */
    core_restart(f);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_FAILED);
    assert_string_equal(f->status.fault.text, "scan task 0: reason");
    /* Submitted again it goes on. */
    assert_int_equal(core_submit(f), TAMIS_OK);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
}

/* Workers that fall silent with a task in hand are counted, for good; from the third on it is to be
 * run in a process of its own. */
static void test_losses_isolate(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    for (uint32_t i = 0; i <= TAMIS_ISOLATE_FROM; i++) {
        assert_int_equal(f->last->body.assign.task, 0);
        assert_int_equal(f->last->body.assign.is_isolated, i >= TAMIS_ISOLATE_FROM);
        assert_int_equal(core_status_of(f)->tasks_lost, i);
        if (i == 2) {
            core_restart(f);
            assert_int_equal(core_status_of(f)->tasks_lost, i);
        }
        core_tick(f, f->settings.lease_ms);
        core_hello(f, "w", "/w");
        core_request(f, "w", 1);
        (void)core_expect(f, "w", TAMIS_MESSAGE_ASSIGN);
    }
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
}

static void test_lost_assignment_is_sent_again(void **state)
{
    core_fixture *f = *state;
    tamis_held held = core_held_of(0, EPOCH + 1);

    core_lease_first(f);
    core_tick(f, f->settings.resend_ms - 1);
    core_heartbeat(f, "w", NULL, 0);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    f->now_ms += 1;
    core_heartbeat(f, "w", NULL, 0);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, EPOCH + 1);
    core_tick(f, f->settings.resend_ms);
    core_heartbeat(f, "w", &held, 1); /* it arrived */
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
}

static void test_large_blob(void **state)
{
    core_fixture *f = *state;
    tamis_message message = core_about(TAMIS_MESSAGE_TASK_DONE, EPOCH + 1);
    uint8_t *bytes = calloc(1, TAMIS_BLOB_MAX + 1);

    assert_non_null(bytes);
    core_lease_first(f);
    core_say(f, "w", &message, tamis_slice_of(bytes, TAMIS_BLOB_MAX + 1));
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_FAILED);
    assert_int_equal(f->status.fault.status, TAMIS_ELIMIT);
    free(bytes);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

/* Answers whatever is asked until the job is done; returns the number of finished tasks. */
static unsigned run_to_end(core_fixture *f, const char *peer)
{
    unsigned done = 0;

    for (unsigned round = 0; round < 10000 && core_status_of(f)->state == TAMIS_RUN_RUNNING;
         round++) {
        tamis_task_result result = {.skip_stages = 0};
        tamis_core_event local = {.kind = TAMIS_CORE_LOCAL_ENDED,
                                  .fence = f->effects.local_fence,
                                  .text = "",
                                  .result = &result};

        if (f->effects.local == TAMIS_LOCAL_START) {
            core_step(f, &local);
            done++;
        } else if (core_count(f, peer, TAMIS_MESSAGE_ASSIGN) != 0) {
            (void)core_finish(f, peer, f->last->body.assign.stage, f->last->body.assign.task,
                              f->last->fence);
            done++;
        } else {
            fail_msg("nothing to do in stage %u", f->status.stage);
        }
    }
    return done;
}

static unsigned task_total(const core_fixture *f)
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
    core_fixture *f = *state;
    static const char *const jobs[] = {JOB_ID};
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};
    tamis_store_iterator *iterator = NULL;
    tamis_slice key;
    tamis_slice value;

    core_lease_first(f);
    assert_int_equal(run_to_end(f, "w"), task_total(f));
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_DONE);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_JOB_DONE), 1);
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
    core_restart(f);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_DONE);
    assert_int_equal(f->status.stage, f->status.stage_count);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], 5 * BATCHES);
    assert_int_equal(f->status.stages[0].tasks_done, BATCHES);
    /* A worker that missed the news asks by listing the job. */
    core_hello(f, "w", "/w");
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = 1;
    core_say(f, "w", &message, core_no_bulk);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_JOB_DONE), 1);
    assert_int_equal(core_submit(f), TAMIS_OK); /* the same id: nothing to do */
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_DONE);
}

static void test_resume(void **state)
{
    core_fixture *f = *state;
    tamis_held held = core_held_of(1, EPOCH + 2);

    core_lease_first(f);
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK); /* and task 1 is given out */
    core_restart(f);
    assert_int_equal(tamis_coordinator_core_epoch(f->core), 2);
    assert_int_equal(core_status_of(f)->stages[0].tasks_done, 1);
    assert_int_equal(f->status.tasks_running, 1); /* the lease lives on */
    core_hello(f, "w", "/w");
    core_heartbeat(f, "w", &held, 1);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 0);
    assert_int_equal(core_finish(f, "w", 0, 1, EPOCH + 2), TAMIS_OK);
    /* What is given out from now on has fences of the new epoch. */
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, 2 * EPOCH + 1);
    (void)run_to_end(f, "w");
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_DONE);
    assert_int_equal(f->status.tasks_executed, task_total(f) - 1);
}

/* The worker died with the coordinator, or comes back by itself: nobody waits for its old lease. */
static void test_leases_of_the_dead(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    core_restart(f);
    core_hello(f, "w-again", "/w"); /* the same folder under a new name */
    core_request(f, "w-again", 1);
    assert_int_equal(core_expect(f, "w-again", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
    f->settings.is_embedded = true;
    core_restart(f);
    assert_int_equal(core_status_of(f)->tasks_running, 0);
    core_hello(f, "w-third", "/other");
    core_request(f, "w-third", 1);
    assert_int_equal(core_expect(f, "w-third", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
}

static tamis_ledger_state state_in_ledger(core_fixture *f, uint32_t task)
{
    tamis_ledger_key key = {.group = TAMIS_LEDGER_TASK, .job = JOB_ID, .task = task};
    uint8_t bytes[TAMIS_LEDGER_KEY_SIZE_MAX];
    tamis_ledger_task record;
    tamis_buf value;

    tamis_buf_init(&value, 0);
    assert_int_equal(tamis_store_get(f->store,
                                     tamis_slice_of(bytes, tamis_ledger_key_write(&key, 3, bytes)),
                                     &value, NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&value), &record), TAMIS_OK);
    tamis_buf_fini(&value);
    return record.state;
}

/* A folder that no record names may be forgotten, and its number given to another one. */
static void test_ended_leases_name_nobody(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    assert_int_equal(state_in_ledger(f, 0), TAMIS_LEDGER_LEASED);
    core_fail_task(f, "w", 0, EPOCH + 1, TAMIS_EIO);
    assert_int_equal(state_in_ledger(f, 0), TAMIS_LEDGER_PENDING);
    assert_int_equal(state_in_ledger(f, 1), TAMIS_LEDGER_LEASED);
    core_tick(f, f->settings.lease_ms);
    assert_int_equal(state_in_ledger(f, 1), TAMIS_LEDGER_PENDING);
    core_restart(f);
    core_hello(f, "v", "/v"); /* gets the number that /w had */
    core_restart(f);
    assert_int_equal(core_status_of(f)->tasks_running, 0);
}

static void test_jobs_that_differ(void **state)
{
    core_fixture *f = *state;

    assert_int_equal(core_submit(f), TAMIS_OK);
    assert_int_equal(core_submit(f), TAMIS_OK); /* again: the same */
    f->job->settings.shingle++;
    assert_int_equal(core_submit(f), TAMIS_ECHANGED);
    memcpy(f->job->id, "00000000000000bb", 16);
    assert_int_equal(core_submit(f), TAMIS_OK); /* another job, queued */
    assert_string_equal(tamis_coordinator_core_last_job(f->core), "00000000000000bb");
    assert_true(tamis_coordinator_core_status(f->core, "00000000000000bb", f->now_ms, &f->status));
    assert_int_equal(f->status.state, TAMIS_RUN_QUEUED);
    memcpy(f->job->id, "00000000000000cc", 16);
    assert_int_equal(core_submit(f), TAMIS_OK); /* the content of that one */
    assert_string_equal(f->last->job, "00000000000000bb");
}

static void test_single_job(void **state)
{
    core_fixture *f = *state;

    f->settings.is_single_job = true;
    core_restart(f);
    assert_int_equal(core_submit(f), TAMIS_OK);
    f->job->settings.shingle++;
    memcpy(f->job->id, "00000000000000bb", 16);
    assert_int_equal(core_submit(f), TAMIS_ECHANGED);
}

static void test_malformed_job(void **state)
{
    core_fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};

    message.body.submit.build = f->settings.build;
    core_say(f, "client", &message, tamis_slice_of_string("no job"));
    assert_int_not_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                         TAMIS_OK);
    assert_null(tamis_coordinator_core_last_job(f->core));
}

static void test_cancel(void **state)
{
    core_fixture *f = *state;
    tamis_message message = core_about(TAMIS_MESSAGE_CANCEL, 0);

    core_lease_first(f);
    core_say(f, "client", &message, core_no_bulk);
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_STATUS)->body.status->state,
                     TAMIS_RUN_CANCELED);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_EFENCED);
    assert_int_equal(core_submit(f), TAMIS_OK);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, EPOCH + 2);
    message = core_about(TAMIS_MESSAGE_CANCEL, 0);
    memcpy(message.job, "00000000000000ff", 16);
    core_say(f, "client", &message, core_no_bulk); /* nobody knows that one */
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_REFUSED)->body.refused.status,
                     TAMIS_ENOENT);
}

static void test_fetch_tells_complete_stages(void **state)
{
    core_fixture *f = *state;
    tamis_message message = core_about(TAMIS_MESSAGE_FETCH, 0);

    core_lease_first(f);
    message.body.fetch.end_stage = TAMIS_STAGES_MAX;
    core_say(f, "w", &message, core_no_bulk);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_JOB_INFO), 1);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_OWNERS), 0); /* none is complete */
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_FOLDERS)->body.folders.row_count, 2);
    assert_string_equal(f->last->body.folders.rows[0].path, "/c");
    assert_string_equal(f->last->body.folders.rows[1].path, "/w");
    assert_int_equal(f->last->body.folders.from_version, 0);
    for (uint32_t t = 0; t < BATCHES; t++) {
        assert_int_equal(core_finish(f, "w", 0, t, EPOCH + 1 + t), TAMIS_OK);
    }
    message = core_about(TAMIS_MESSAGE_FETCH, 0);
    message.body.fetch.has_job = true;
    message.body.fetch.end_stage = TAMIS_STAGES_MAX;
    core_say(f, "w", &message, core_no_bulk);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_JOB_INFO), 0);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_OWNERS)->body.owners.end_stage, 1);
    assert_int_equal(f->effects.outbox.packets[0].bulk_size, BATCHES * 2);
}

/* Jobs that stand make room too, the oldest first; those that wait do not. */
static void test_canceled_jobs_make_room(void **state)
{
    core_fixture *f = *state;
    tamis_message cancel = {.kind = TAMIS_MESSAGE_CANCEL};

    core_hello(f, "w", "/w");
    for (unsigned i = 0; i < TAMIS_JOBS_MAX; i++) {
        (void)snprintf(cancel.job, sizeof(cancel.job), "%016x", 0xaa + i);
        memcpy(f->job->id, cancel.job, sizeof(cancel.job));
        f->job->settings.limit = i; /* other content */
        assert_int_equal(core_submit(f), TAMIS_OK);
        if (i == 3 || i == 5) {
            core_say(f, "client", &cancel, core_no_bulk);
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        char id[TAMIS_JOB_ID_SIZE];

        (void)snprintf(id, sizeof(id), "%016x", 0xaa + TAMIS_JOBS_MAX + i);
        memcpy(f->job->id, id, sizeof(id));
        f->job->settings.limit = TAMIS_JOBS_MAX + i;
        assert_int_equal(core_submit(f), i < 2 ? TAMIS_OK : TAMIS_ELIMIT);
        if (i < 2) { /* workers drop its files */
            assert_string_equal(core_count(f, "w", TAMIS_MESSAGE_JOB_DONE) == 1 ? f->last->job : "",
                                i == 0 ? "00000000000000ad" : "00000000000000af");
        }
    }
    core_restart(f); /* the ledger has forgotten them too */
    assert_false(tamis_coordinator_core_status(f->core, "00000000000000ad", f->now_ms, &f->status));
    assert_true(tamis_coordinator_core_status(f->core, "00000000000000ac", f->now_ms, &f->status));
}

static void test_done_jobs_make_room(void **state)
{
    core_fixture *f = *state;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", 0);
    assert_non_null(f->job);
    core_hello(f, "w", "/w");
    core_request(f, "w", 1);
    for (unsigned i = 0; i < TAMIS_JOBS_MAX + 3; i++) {
        char id[TAMIS_JOB_ID_SIZE];

        (void)snprintf(id, sizeof(id), "%016x", 0xaa + i);
        memcpy(f->job->id, id, sizeof(id));
        f->job->settings.limit = i; /* other content */
        assert_int_equal(core_submit(f), TAMIS_OK);
        while (f->effects.local == TAMIS_LOCAL_START ||
               core_count(f, "w", TAMIS_MESSAGE_ASSIGN) != 0) {
            tamis_task_result result = {.skip_stages = 0};
            tamis_core_event local = {.kind = TAMIS_CORE_LOCAL_ENDED,
                                      .fence = f->effects.local_fence,
                                      .text = "",
                                      .result = &result};
            tamis_message done = {.kind = TAMIS_MESSAGE_TASK_DONE};

            if (f->effects.local == TAMIS_LOCAL_START) {
                core_step(f, &local);
                continue;
            }
            done.fence = f->last->fence;
            memcpy(done.job, id, sizeof(id));
            done.body.task_done.stage = f->last->body.assign.stage;
            done.body.task_done.task = f->last->body.assign.task;
            core_say(f, "w", &done, core_no_bulk);
        }
        assert_true(tamis_coordinator_core_status(f->core, id, f->now_ms, &f->status));
        assert_int_equal(f->status.state, TAMIS_RUN_DONE);
    }
    /* The oldest are forgotten, also by the ledger. */
    assert_false(tamis_coordinator_core_status(f->core, JOB_ID, f->now_ms, &f->status));
    core_restart(f);
    assert_false(tamis_coordinator_core_status(f->core, JOB_ID, f->now_ms, &f->status));
}

#define CORE_TEST(name) cmocka_unit_test_setup_teardown(name, core_set_up, core_tear_down)

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
        CORE_TEST(test_ended_leases_name_nobody),
        CORE_TEST(test_jobs_that_differ),
        CORE_TEST(test_single_job),
        CORE_TEST(test_malformed_job),
        CORE_TEST(test_cancel),
        CORE_TEST(test_fetch_tells_complete_stages),
        CORE_TEST(test_canceled_jobs_make_room),
        CORE_TEST(test_done_jobs_make_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
