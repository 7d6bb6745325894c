/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what the core decides about a cluster: lost results, second grants, placement, standstill,
 * uploads, drain, pause, folders.
 * Method: as in test_core.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "coordinator_fixture.h"

#define ID_1 "1111111111111111"
#define ID_2 "2222222222222222"

static void greet(core_fixture *f, const char *peer, const char *host, const char *folder,
                  const char *id)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HELLO};

    message.body.hello.build = f->settings.build;
    message.body.hello.thread_count = 1;
    message.body.hello.host = host;
    message.body.hello.data_folder = folder;
    message.body.hello.name = peer;
    message.body.hello.folder_id = id;
    core_say(f, peer, &message, core_no_bulk);
}

/* Worker w1 has done the SCAN tasks, and has so much credit for what comes next. */
static void scan_all(core_fixture *f, uint32_t credit)
{
    assert_int_equal(core_submit(f), TAMIS_OK);
    greet(f, "w1", "h1", "/d", ID_1);
    core_request(f, "w1", BATCHES);
    core_request(f, "w1", credit);
    for (uint32_t t = 0; t < BATCHES; t++) {
        assert_int_equal(core_finish(f, "w1", 0, t, EPOCH + 1 + t), TAMIS_OK);
    }
    assert_int_equal(core_status_of(f)->stage, 1);
}

static tamis_message lost_message(uint64_t fence, uint32_t stage, uint32_t task, bool is_gone,
                                  const uint32_t *tasks, size_t count)
{
    tamis_message message = core_about(TAMIS_MESSAGE_TASK_FAILED, fence);

    message.body.task_failed.stage = stage;
    message.body.task_failed.task = task;
    message.body.task_failed.status = TAMIS_ELOST;
    message.body.task_failed.is_retryable = true;
    message.body.task_failed.text = "lost";
    message.body.task_failed.has_lost = true;
    message.body.task_failed.is_gone = is_gone;
    message.body.task_failed.lost_stage = 0;
    message.body.task_failed.lost_folder = 1;
    message.body.task_failed.lost_tasks = tasks;
    message.body.task_failed.lost_count = count;
    return message;
}

/* ---- Workers with a full disk ---------------------------------------------------------------- */

/* The fence of the worker's newest task. */
static uint64_t newest(core_fixture *f, const char *peer, uint32_t *out_task)
{
    *out_task = core_expect(f, peer, TAMIS_MESSAGE_ASSIGN)->body.assign.task;
    return f->last->fence;
}

/* One task a time: the worker that fails is free at once, the other one is busy. */
static void test_full_disk_rests(void **state)
{
    core_fixture *f = *state;
    uint32_t task = 0;
    uint64_t fence = 0;

    assert_int_equal(core_submit(f), TAMIS_OK);
    greet(f, "w1", "h1", "/d", ID_1);
    greet(f, "w2", "h2", "/d", ID_2);
    core_request(f, "w2", 1);
    core_request(f, "w1", 1);
    fence = newest(f, "w1", &task);
    assert_int_equal(task, 1);
    core_fail_task(f, "w1", 1, fence, TAMIS_ENOSPC);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0);
    core_request(f, "w1", 1);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0);
    core_tick(f, f->settings.retry_ms - 1);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0);
    /* Then it may try, but not the task that it failed. */
    core_tick(f, 1);
    fence = newest(f, "w1", &task);
    assert_int_equal(task, 2);
    /* The next rest is twice as long. */
    core_fail_task(f, "w1", 2, fence, TAMIS_ENOSPC);
    core_heartbeat(f, "w2", (tamis_held[]){core_held_of(0, EPOCH + 1)}, 1);
    core_tick(f, 2 * f->settings.retry_ms - 1);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0);
    /* The other one gets all that is left. */
    assert_int_equal(core_finish(f, "w2", 0, 0, EPOCH + 1), TAMIS_OK);
    core_request(f, "w2", BATCHES);
    core_tick(f, f->settings.retry_ms);
    core_tick(f, f->settings.retry_ms);
    assert_int_equal(core_status_of(f)->tasks_running, BATCHES - 1);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0);
}

static void test_last_worker_does_not_rest(void **state)
{
    core_fixture *f = *state;
    uint32_t task = 0;
    uint64_t fence = 0;

    assert_int_equal(core_submit(f), TAMIS_OK);
    greet(f, "w1", "h1", "/d", ID_1);
    greet(f, "w2", "h2", "/d", ID_2);
    core_request(f, "w1", 1);
    fence = newest(f, "w1", &task);
    core_fail_task(f, "w1", task, fence, TAMIS_EIO);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0);
    /* The other one leaves: whoever is left has to do. */
    core_say(f, "w2", &(tamis_message){.kind = TAMIS_MESSAGE_BYE}, core_no_bulk);
    core_tick(f, 1);
    fence = newest(f, "w1", &task);
    core_fail_task(f, "w1", task, fence, TAMIS_EIO);
    (void)newest(f, "w1", &task);
}

/* ---- Lost results ---------------------------------------------------------------------------- */

static void test_gone_results_rewind(void **state)
{
    core_fixture *f = *state;
    static const uint32_t tasks[] = {1, 3, 99};
    tamis_message message;
    uint64_t fence = 0;

    scan_all(f, 1);
    fence = core_expect(f, "w1", TAMIS_MESSAGE_ASSIGN)->fence;
    assert_int_equal(f->last->body.assign.stage, 1);
    assert_int_equal(f->last->body.assign.generation, 0);
    message = lost_message(fence, 1, f->last->body.assign.task, true, tasks, 3);
    core_say(f, "w1", &message, core_no_bulk);
    assert_int_equal(core_status_of(f)->stage, 0);
    assert_int_equal(f->status.stages[0].tasks_done, BATCHES - 2);
    assert_int_equal(f->status.tasks_rescued, 2);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], 5 * BATCHES);
    assert_int_equal(core_expect(f, "w1", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 1);
    assert_int_equal(f->last->body.assign.generation, 1);
    /* Only what was lost is done again, and its counters count once. */
    assert_int_equal(core_finish(f, "w1", 0, 1, f->last->fence), TAMIS_OK);
    assert_int_equal(core_expect(f, "w1", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 3);
    core_restart(f);
    assert_int_equal(core_status_of(f)->tasks_rescued, 2);
    greet(f, "w1", "h1", "/d", ID_1);
    assert_int_equal(core_finish(f, "w1", 0, 3, EPOCH + BATCHES + 3), TAMIS_OK);
    assert_int_equal(core_status_of(f)->stage, 1);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], 5 * BATCHES);
}

static void test_holder_out_of_reach(void **state)
{
    core_fixture *f = *state;
    static const uint32_t tasks[] = {0};
    tamis_message message;

    scan_all(f, 0);
    greet(f, "w2", "h2", "/d", ID_2);
    core_request(f, "w2", 1);
    message = lost_message(core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->fence, 1,
                           f->last->body.assign.task, false, tasks, 1);
    core_say(f, "w2", &message, core_no_bulk);
    /* Its holder is heard of: the task waits, and that is no failure of it. */
    assert_int_equal(core_status_of(f)->stage, 1);
    assert_int_equal(f->status.tasks_rescued, 0);
    assert_int_equal(f->status.state, TAMIS_RUN_RUNNING);
}

static void test_holder_is_silent_for_long(void **state)
{
    core_fixture *f = *state;
    static const uint32_t tasks[] = {0};
    tamis_message message;

    scan_all(f, 0);
    core_tick(f, f->settings.lost_after_ms);
    greet(f, "w2", "h2", "/d", ID_2);
    core_request(f, "w2", 1);
    message = lost_message(core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->fence, 1,
                           f->last->body.assign.task, false, tasks, 1);
    core_say(f, "w2", &message, core_no_bulk);
    assert_int_equal(core_status_of(f)->stage, 0);
    assert_int_equal(f->status.tasks_rescued, 1);
}

static void test_replaced_disk(void **state)
{
    core_fixture *f = *state;

    scan_all(f, 0);
    greet(f, "w3", "h3", "/d", ID_2); /* the same path on another host: another folder */
    assert_int_equal(core_status_of(f)->tasks_rescued, 0);
    greet(f, "w1", "h1", "/d", "3333333333333333");
    assert_int_equal(core_status_of(f)->stage, 0);
    assert_int_equal(f->status.tasks_rescued, BATCHES);
    assert_int_equal(f->status.stages[0].tasks_done, 0);
}

static void test_copied_folder_is_refused(void **state)
{
    core_fixture *f = *state;

    greet(f, "w1", "h1", "/d", ID_1);
    greet(f, "w2", "h2", "/d", ID_1);
    assert_int_equal(core_expect(f, "w2", TAMIS_MESSAGE_REFUSED)->body.refused.status, TAMIS_EHELD);
    assert_int_equal(core_count(f, "w2", TAMIS_MESSAGE_WELCOME), 0);
    core_tick(f, f->settings.lease_ms); /* the first one is dead: it has moved */
    greet(f, "w2", "h2", "/d", ID_1);
    assert_int_equal(core_count(f, "w2", TAMIS_MESSAGE_WELCOME), 1);
}

/* ---- Stragglers, time ------------------------------------------------------------------------ */

/* Both live on for that long. */
static void live(core_fixture *f, const tamis_held *held, uint64_t ms)
{
    for (uint64_t done = f->settings.heartbeat_ms; done <= ms; done += f->settings.heartbeat_ms) {
        core_tick(f, f->settings.heartbeat_ms);
        core_heartbeat(f, "w1", held, 1);
        core_heartbeat(f, "w2", NULL, 0);
    }
}

static void test_straggler_is_backed_up(void **state)
{
    core_fixture *f = *state;
    tamis_held held = core_held_of(0, EPOCH + 1);
    uint64_t second = 0;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", 1);
    assert_non_null(f->job);
    assert_int_equal(core_submit(f), TAMIS_OK);
    greet(f, "w1", "h", "/d1", ID_1);
    core_request(f, "w1", 1);
    greet(f, "w2", "h", "/d2", ID_2);
    core_request(f, "w2", 1);
    live(f, &held, f->settings.straggler_ms);
    assert_int_equal(core_status_of(f)->tasks_backup, 0);
    core_tick(f, f->settings.heartbeat_ms);
    second = core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->fence;
    assert_true(second > held.fence);
    assert_int_equal(core_status_of(f)->tasks_backup, 1);
    core_heartbeat(f, "w1", &held, 1); /* the first one goes on */
    assert_int_equal(core_expect(f, "w1", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 0);
    core_restart(f); /* both leases are in the ledger */
    assert_int_equal(core_status_of(f)->tasks_running, 2);
    greet(f, "w1", "h", "/d1", ID_1);
    greet(f, "w2", "h", "/d2", ID_2);
    assert_int_equal(core_finish(f, "w1", 0, 0, held.fence), TAMIS_OK);
    assert_int_equal(core_expect(f, "w2", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held[0].fence,
                     second);
    assert_int_equal(core_finish(f, "w2", 0, 0, second), TAMIS_EFENCED);
    assert_int_equal(core_status_of(f)->tasks_lost, 0);
}

static void test_standstill_expires_nobody(void **state)
{
    core_fixture *f = *state;
    tamis_core_event event = {.kind = TAMIS_CORE_TICK};

    core_lease_first(f);
    f->now_ms += 3600000;
    core_step(f, &event);
    assert_int_equal(core_status_of(f)->tasks_running, 1);
    core_tick(f, f->settings.lease_ms - f->settings.heartbeat_ms);
    assert_int_equal(core_status_of(f)->tasks_running, 1);
    core_tick(f, f->settings.heartbeat_ms);
    assert_int_equal(core_status_of(f)->tasks_running, 0);
}

static void test_packets_that_wait_hold_expiry_back(void **state)
{
    core_fixture *f = *state;
    tamis_core_event event = {.kind = TAMIS_CORE_TICK, .is_behind = true};

    core_lease_first(f);
    core_tick(f, f->settings.lease_ms - 1);
    f->now_ms++;
    core_step(f, &event);
    assert_int_equal(core_status_of(f)->tasks_running, 1);
    core_tick(f, 0);
    assert_int_equal(core_status_of(f)->tasks_running, 0);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static tamis_run_state order(core_fixture *f, tamis_message_kind kind)
{
    tamis_message message = core_about(kind, 0);

    core_say(f, "client", &message, core_no_bulk);
    return core_expect(f, "client", TAMIS_MESSAGE_STATUS)->body.status->state;
}

static void test_pause_and_resume(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    assert_int_equal(order(f, TAMIS_MESSAGE_PAUSE), TAMIS_RUN_PAUSED);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.held_count, 1);
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_EFENCED);
    core_restart(f);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_PAUSED);
    assert_int_equal(f->status.tasks_lost, 0);
    core_hello(f, "w", "/w");
    core_request(f, "w", 1);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    assert_int_equal(order(f, TAMIS_MESSAGE_RESUME), TAMIS_RUN_QUEUED);
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->body.assign.task, 0);
}

static tamis_message chunk(const core_fixture *f, tamis_slice packed, uint64_t offset)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};

    message.body.submit.build = f->settings.build;
    message.body.submit.offset = offset;
    message.body.submit.total = packed.size;
    message.body.submit.digest = tamis_hash128(packed.data, packed.size);
    return message;
}

static void test_upload_in_chunks(void **state)
{
    core_fixture *f = *state;
    tamis_message message;
    tamis_buf packed;
    size_t half = 0;

    tamis_buf_init(&packed, 0);
    assert_int_equal(tamis_job_pack(f->job, &packed), TAMIS_OK);
    half = packed.size / 2;
    message = chunk(f, tamis_buf_slice(&packed), half); /* not from the start */
    core_say(f, "client", &message, tamis_slice_of(packed.data + half, packed.size - half));
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                     TAMIS_EAGAIN);
    assert_int_equal(f->last->body.refused.offset, 0);
    message = chunk(f, tamis_buf_slice(&packed), 0);
    core_say(f, "client", &message, tamis_slice_of(packed.data, half));
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.offset, half);
    for (unsigned i = 0; i < 2; i++) { /* the last one twice */
        message = chunk(f, tamis_buf_slice(&packed), half);
        core_say(f, "client", &message, tamis_slice_of(packed.data + half, packed.size - half));
        assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                         TAMIS_OK);
        assert_string_equal(f->last->job, JOB_ID);
    }
    assert_int_equal(core_status_of(f)->state, TAMIS_RUN_RUNNING);
    tamis_buf_fini(&packed);
}

static void test_damaged_upload(void **state)
{
    core_fixture *f = *state;
    tamis_message message;
    tamis_buf packed;

    tamis_buf_init(&packed, 0);
    assert_int_equal(tamis_job_pack(f->job, &packed), TAMIS_OK);
    message = chunk(f, tamis_buf_slice(&packed), 0);
    packed.data[packed.size / 2] ^= 1;
    core_say(f, "client", &message, tamis_buf_slice(&packed));
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                     TAMIS_ECORRUPT);
    message.body.submit.total = TAMIS_JOB_BYTES_MAX + 1;
    core_say(f, "client", &message, core_no_bulk);
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                     TAMIS_ELIMIT);
    tamis_buf_fini(&packed);
}

static void test_uploads_are_bounded(void **state)
{
    core_fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};

    message.body.submit.build = f->settings.build;
    message.body.submit.total = 100;
    for (unsigned i = 0; i < 9; i++) {
        char peer[16];

        (void)snprintf(peer, sizeof(peer), "c%u", i);
        core_say(f, peer, &message, tamis_slice_of("0123456789", 10));
        assert_int_equal(core_expect(f, peer, TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                         i < 8 ? TAMIS_EAGAIN : TAMIS_ELIMIT);
    }
    core_tick(f, 60000); /* they said nothing more */
    core_say(f, "c8", &message, tamis_slice_of("0123456789", 10));
    assert_int_equal(core_expect(f, "c8", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                     TAMIS_EAGAIN);
}

static void test_jobs_are_bounded(void **state)
{
    core_fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};

    message.body.submit.build = f->settings.build;
    message.body.submit.total = 100;
    f->settings.jobs_bytes_max = 99;
    core_restart(f);
    core_say(f, "c", &message, tamis_slice_of("0123456789", 10));
    assert_int_equal(core_expect(f, "c", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                     TAMIS_ELIMIT);
    assert_non_null(strstr(f->last->body.refused.text, "wait for some"));
    assert_int_equal(core_submit(f), TAMIS_ELIMIT); /* in one packet */
    f->settings.jobs_bytes_max = 100;
    core_restart(f);
    core_say(f, "c", &message, tamis_slice_of("0123456789", 10));
    assert_int_equal(core_expect(f, "c", TAMIS_MESSAGE_SUBMITTED)->body.refused.status,
                     TAMIS_EAGAIN);
}

static void test_lists(void **state)
{
    core_fixture *f = *state;
    tamis_message message = {.kind = TAMIS_MESSAGE_JOBS_REQUEST};

    core_lease_first(f);
    core_say(f, "client", &message, core_no_bulk);
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_JOBS)->body.jobs.total, 1);
    assert_string_equal(f->last->body.jobs.rows[0].output, "/out");
    assert_int_equal(f->last->body.jobs.rows[0].task_count, BATCHES);
    message.kind = TAMIS_MESSAGE_WORKERS_REQUEST;
    core_say(f, "client", &message, core_no_bulk);
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_WORKERS)->body.workers.total, 1);
    assert_string_equal(f->last->body.workers.rows[0].name, "w");
    assert_int_equal(f->last->body.workers.rows[0].tasks_running, 1);
    assert_int_equal(f->last->body.workers.rows[0].state, TAMIS_WORKER_ALIVE);
    core_tick(f, f->settings.lease_ms);
    core_say(f, "client", &message, core_no_bulk);
    (void)core_expect(f, "client", TAMIS_MESSAGE_WORKERS);
    assert_int_equal(f->last->body.workers.rows[0].state, TAMIS_WORKER_LOST);
    assert_int_equal(f->last->body.workers.rows[0].tasks_lost, 1);
    message.body.rows_request.first = 1;
    core_say(f, "client", &message, core_no_bulk);
    assert_int_equal(core_expect(f, "client", TAMIS_MESSAGE_WORKERS)->body.workers.row_count, 0);
}

/* ---- Drain ----------------------------------------------------------------------------------- */

static uint32_t drain(core_fixture *f, const char *name, bool is_now, bool is_undo)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_DRAIN};

    message.body.drain.worker = name;
    message.body.drain.is_now = is_now;
    message.body.drain.is_undo = is_undo;
    core_say(f, "client", &message, core_no_bulk);
    return core_expect(f, "client", TAMIS_MESSAGE_ANSWER)->body.answer.count;
}

static bool may_leave(core_fixture *f, const char *peer)
{
    core_heartbeat(f, peer, NULL, 0);
    return core_expect(f, peer, TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.may_leave;
}

static void test_drain(void **state)
{
    core_fixture *f = *state;

    core_lease_first(f);
    assert_int_equal(drain(f, "nobody", false, false), 0);
    assert_int_equal(f->last->body.answer.status, TAMIS_ENOENT);
    assert_int_equal(drain(f, "w", false, false), 1);
    assert_int_equal(core_status_of(f)->workers_draining, 1);
    assert_false(may_leave(f, "w"));
    assert_int_equal(core_finish(f, "w", 0, 0, EPOCH + 1), TAMIS_OK);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), 0);
    assert_false(may_leave(f, "w")); /* its result is needed */
    core_restart(f);                 /* which forgets nothing of it */
    core_hello(f, "w", "/w");
    assert_int_equal(core_status_of(f)->workers_draining, 1);
    assert_int_equal(drain(f, "w", true, false), 1);
    assert_true(may_leave(f, "w"));
    assert_int_equal(drain(f, "w", false, true), 1);
    assert_false(may_leave(f, "w"));
    assert_int_equal(core_status_of(f)->workers_draining, 0);
    core_request(f, "w", 2);
    assert_true(core_count(f, "w", TAMIS_MESSAGE_ASSIGN) != 0);
}

static void test_drain_ends_with_the_process(void **state)
{
    core_fixture *f = *state;

    assert_int_equal(core_submit(f), TAMIS_OK);
    core_hello(f, "w", "/w");
    assert_int_equal(drain(f, "w", false, false), 1);
    assert_true(may_leave(f, "w")); /* nothing needs it */
    core_hello(f, "w-again", "/w");
    assert_int_equal(core_status_of(f)->workers_draining, 0);
}

/* ---- Heartbeats ------------------------------------------------------------------------------ */

static uint32_t pace(core_fixture *f)
{
    core_heartbeat(f, "w0", NULL, 0);
    return core_expect(f, "w0", TAMIS_MESSAGE_HEARTBEAT)->body.heartbeat.heartbeat_ms;
}

static void test_many_workers_are_heard_less_often(void **state)
{
    core_fixture *f = *state;

    f->settings.heartbeat_ms = 5;
    f->settings.lease_ms = 18;
    core_restart(f);
    for (uint32_t i = 0; i < 80; i++) {
        char peer[16];
        char id[TAMIS_FOLDER_ID_SIZE];

        (void)snprintf(peer, sizeof(peer), "w%u", i);
        (void)snprintf(id, sizeof(id), "%016x", i + 1);
        greet(f, peer, peer, "/d", id);
        (void)core_expect(f, peer, TAMIS_MESSAGE_WELCOME);
        /* 1 ms for 10 of them, but not less than the setting nor more than a third of a lease. */
        assert_int_equal(f->last->body.welcome.heartbeat_ms, i + 1 < 60 ? 5 : 6);
        if (i == 58) {
            assert_int_equal(pace(f), 5);
        }
    }
    assert_int_equal(pace(f), 6);
}

/* ---- Peers ----------------------------------------------------------------------------------- */

static void test_another_user_under_the_same_name(void **state)
{
    core_fixture *f = *state;
    tamis_message bye = {.kind = TAMIS_MESSAGE_BYE};
    tamis_core_event event = {
        .peer = tamis_slice_of_string("w"), .user = "mallory", .message = &bye};

    core_lease_first(f);
    core_step(f, &event);
    assert_int_equal(core_status_of(f)->worker_count, 1);
    assert_int_equal(f->effects.outbox.count, 0);
}

static void test_credit_is_bounded(void **state)
{
    core_fixture *f = *state;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, "/out", TAMIS_WORKER_CREDIT_MAX + 10);
    assert_non_null(f->job);
    assert_int_equal(core_submit(f), TAMIS_OK);
    core_hello(f, "w", "/w");
    core_request(f, "w", UINT32_MAX);
    assert_int_equal(core_count(f, "w", TAMIS_MESSAGE_ASSIGN), TAMIS_WORKER_CREDIT_MAX);
}

/* What the book says after a heartbeat of a worker that has it up to `version`; false: nothing. */
static bool hears_of_folders(core_fixture *f, const char *peer, uint64_t version)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    message.body.heartbeat.folders_version = version;
    core_say(f, peer, &message, core_no_bulk);
    return core_count(f, peer, TAMIS_MESSAGE_FOLDERS) != 0;
}

/* With keys a worker without any task knows too whom its data server lets in. */
static void test_keys_go_to_idle_workers(void **state)
{
    core_fixture *f = *state;
    uint64_t version = 0;

    greet(f, "w1", "h1", "/d", ID_1);
    assert_false(hears_of_folders(f, "w1", 0)); /* no keys: it reads nothing */
    f->settings.public_key = "coordinatorcoordinatorcoordinatorcoordin";
    core_restart(f);
    greet(f, "w1", "h1", "/d", ID_1);
    assert_true(hears_of_folders(f, "w1", 0));
    version = f->last->body.folders.to_version;
    assert_false(hears_of_folders(f, "w1", version));
    greet(f, "w2", "h2", "/e", ID_2); /* joins */
    assert_true(hears_of_folders(f, "w1", version));
    assert_string_equal(f->last->body.folders.rows[0].folder_id, ID_2);
    assert_true(f->last->body.folders.rows[0].is_alive);
    version = f->last->body.folders.to_version;
    for (uint64_t ms = 0; ms < f->settings.lease_ms; ms += f->settings.heartbeat_ms) {
        core_tick(f, f->settings.heartbeat_ms); /* w2 is not heard of any more */
        if (hears_of_folders(f, "w1", version)) {
            break;
        }
    }
    assert_string_equal(f->last->body.folders.rows[0].folder_id, ID_2);
    assert_false(f->last->body.folders.rows[0].is_alive);
}

/* The same tasks go to the same folders, whoever asks first. */
static void test_placement(void **state)
{
    core_fixture *f = *state;
    uint32_t first[2] = {0, 0};

    for (unsigned round = 0; round < 2; round++) {
        const char *peers[] = {round == 0 ? "w1" : "w2", round == 0 ? "w2" : "w1"};

        if (round == 1) {
            core_tear_down(state);
            assert_int_equal(core_set_up(state), 0);
            f = *state;
        }
        scan_all(f, 0);
        greet(f, "w2", "h2", "/e", ID_2);
        core_request(f, peers[0], 1);
        first[round] += core_expect(f, peers[0], TAMIS_MESSAGE_ASSIGN)->body.assign.task
                        << 8 * (peers[0][1] - '1');
        core_request(f, peers[1], 1);
        first[round] += core_expect(f, peers[1], TAMIS_MESSAGE_ASSIGN)->body.assign.task
                        << 8 * (peers[1][1] - '1');
    }
    assert_int_equal(first[0], first[1]);
}

/* ---- Workers that are cut off from each other ------------------------------------------------ */

/* The worker cannot reach the result of SCAN 0, in that folder, and takes nothing more. */
static void fail_to_reach(core_fixture *f, const char *peer, uint64_t fence, uint32_t task,
                          uint32_t folder)
{
    static const uint32_t tasks[] = {0};
    tamis_message message = lost_message(fence, 1, task, false, tasks, 1);

    message.body.task_failed.lost_folder = folder;
    core_request(f, peer, 0);
    core_say(f, peer, &message, core_no_bulk);
}

/* All of stage 1 but one task is done, which w2 has. Returns its fence. */
static uint64_t link_all_but_one(core_fixture *f, uint32_t *out_task)
{
    uint32_t count = 0;

    scan_all(f, 0);
    greet(f, "w2", "h2", "/d", ID_2);
    count = core_status_of(f)->stages[1].stage.task_count;
    for (uint32_t t = 0; t + 1 < count; t++) {
        core_request(f, "w2", 1);
        (void)core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN);
        *out_task = f->last->body.assign.task;
        core_request(f, "w2", 0);
        assert_int_equal(core_finish(f, "w2", 1, *out_task, EPOCH + BATCHES + 1 + t), TAMIS_OK);
    }
    core_request(f, "w2", 1);
    (void)core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN);
    *out_task = f->last->body.assign.task;
    return f->last->fence;
}

static void test_retry_goes_to_the_holder(void **state)
{
    core_fixture *f = *state;
    uint32_t task = 0;
    uint64_t fence = link_all_but_one(f, &task);

    greet(f, "w3", "h3", "/d", "3333333333333333");
    fail_to_reach(f, "w2", fence, task, 1);
    core_request(f, "w2", 1);
    core_request(f, "w3", 1);
    core_request(f, "w1", 1);
    core_tick(f, (uint64_t)f->settings.retry_ms * 4);
    assert_int_equal(core_expect(f, "w1", TAMIS_MESSAGE_ASSIGN)->body.assign.task, task);
    /* The holder itself may lack another one: then it is the third one's turn. */
    fail_to_reach(f, "w1", f->last->fence, task, 2);
    core_tick(f, (uint64_t)f->settings.retry_ms * 4);
    assert_int_equal(core_expect(f, "w3", TAMIS_MESSAGE_ASSIGN)->body.assign.task, task);
}

static void test_retry_waits_for_another(void **state)
{
    core_fixture *f = *state;
    uint64_t waited_ms = 0;
    uint32_t task = 0;
    uint64_t fence = link_all_but_one(f, &task);

    fail_to_reach(f, "w2", fence, task, 1);
    core_tick(f, (uint64_t)f->settings.retry_ms * 4);
    while (core_status_of(f)->tasks_running == 0 && waited_ms <= f->settings.lost_after_ms) {
        core_request(f, "w1", 0); /* lives, and takes nothing */
        core_request(f, "w2", 1);
        core_tick(f, f->settings.heartbeat_ms);
        waited_ms += f->settings.heartbeat_ms;
    }
    assert_in_range(waited_ms, f->settings.lost_after_ms / 2, f->settings.lost_after_ms);
}

/* Nobody but the holder, which takes nothing, and one that cannot reach it: the result is made
 * again, by that one. */
static void test_lasting_cut_ends(void **state)
{
    core_fixture *f = *state;
    uint32_t task = 0;
    uint64_t fence = link_all_but_one(f, &task);

    (void)drain(f, "w1", false, false);
    for (uint32_t i = 1; i < f->settings.unreachable_max; i++) {
        fail_to_reach(f, "w2", fence, task, 1);
        core_heartbeat(f, "w1", NULL, 0);
        core_heartbeat(f, "w2", NULL, 0);
        core_request(f, "w2", 1);
        core_tick(f, (uint64_t)f->settings.retry_ms * 4);
        fence = core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->fence;
        assert_int_equal(f->last->body.assign.task, task);
        assert_int_equal(core_status_of(f)->tasks_rescued, 0);
    }
    fail_to_reach(f, "w2", fence, task, 1);
    assert_int_equal(core_status_of(f)->stage, 0);
    assert_int_equal(f->status.tasks_rescued, BATCHES); /* all of the stage in that folder */
    (void)drain(f, "w1", false, true);
    core_request(f, "w1", 1);
    assert_int_equal(core_count(f, "w1", TAMIS_MESSAGE_ASSIGN), 0); /* it is set apart */
    for (uint32_t t = 0; t < BATCHES; t++) {
        core_request(f, "w2", 1);
        fence = core_expect(f, "w2", TAMIS_MESSAGE_ASSIGN)->fence;
        task = f->last->body.assign.task;
        core_request(f, "w2", 0);
        assert_int_equal(core_finish(f, "w2", 0, task, fence), TAMIS_OK);
    }
    assert_int_equal(core_status_of(f)->stage, 1);
    assert_int_equal(f->status.state, TAMIS_RUN_RUNNING);
}

#define CORE_TEST(name) cmocka_unit_test_setup_teardown(name, core_set_up, core_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CORE_TEST(test_full_disk_rests),
        CORE_TEST(test_last_worker_does_not_rest),
        CORE_TEST(test_gone_results_rewind),
        CORE_TEST(test_holder_out_of_reach),
        CORE_TEST(test_holder_is_silent_for_long),
        CORE_TEST(test_replaced_disk),
        CORE_TEST(test_copied_folder_is_refused),
        CORE_TEST(test_straggler_is_backed_up),
        CORE_TEST(test_standstill_expires_nobody),
        CORE_TEST(test_packets_that_wait_hold_expiry_back),
        CORE_TEST(test_pause_and_resume),
        CORE_TEST(test_upload_in_chunks),
        CORE_TEST(test_damaged_upload),
        CORE_TEST(test_uploads_are_bounded),
        CORE_TEST(test_jobs_are_bounded),
        CORE_TEST(test_lists),
        CORE_TEST(test_drain),
        CORE_TEST(test_drain_ends_with_the_process),
        CORE_TEST(test_many_workers_are_heard_less_often),
        CORE_TEST(test_another_user_under_the_same_name),
        CORE_TEST(test_credit_is_bounded),
        CORE_TEST(test_keys_go_to_idle_workers),
        CORE_TEST(test_placement),
        CORE_TEST(test_retry_goes_to_the_holder),
        CORE_TEST(test_retry_waits_for_another),
        CORE_TEST(test_lasting_cut_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
