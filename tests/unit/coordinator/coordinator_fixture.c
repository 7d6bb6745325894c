/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "coordinator_fixture.h"

void core_begin(core_fixture *f)
{
    assert_int_equal(tamis_coordinator_core_create(&f->settings, &f->core), TAMIS_OK);
    assert_int_equal(tamis_ledger_load(f->store, f->core, NULL), TAMIS_OK);
    tamis_core_effects_reset(&f->effects);
    assert_int_equal(tamis_coordinator_core_begin(f->core, f->now_ms, &f->effects, NULL), TAMIS_OK);
    assert_int_equal(tamis_ledger_commit(f->store, &f->effects, NULL), TAMIS_OK);
}

int core_set_up(void **state)
{
    core_fixture *f = calloc(1, sizeof(*f));

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
    core_begin(f);
    *state = f;
    return 0;
}

int core_tear_down(void **state)
{
    core_fixture *f = *state;

    tamis_message_destroy(f->last);
    tamis_coordinator_core_destroy(f->core);
    tamis_core_effects_fini(&f->effects);
    tamis_store_close(f->store);
    tamis_job_destroy(f->job);
    free(f);
    return 0;
}

/* The coordinator dies and starts again from its ledger. */
void core_restart(core_fixture *f)
{
    tamis_coordinator_core_destroy(f->core);
    core_begin(f);
}

void core_step(core_fixture *f, const tamis_core_event *event)
{
    tamis_err err = {.status = TAMIS_OK};

    tamis_core_effects_reset(&f->effects);
    if (tamis_coordinator_core_step(f->core, event, f->now_ms, &f->effects, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(tamis_ledger_commit(f->store, &f->effects, NULL), TAMIS_OK);
}

void core_tick(core_fixture *f, uint64_t later_ms)
{
    tamis_core_event event = {.kind = TAMIS_CORE_TICK};

    while (later_ms > f->settings.heartbeat_ms) { /* a longer gap would be a standstill */
        f->now_ms += f->settings.heartbeat_ms;
        later_ms -= f->settings.heartbeat_ms;
        core_step(f, &event);
    }
    f->now_ms += later_ms;
    core_step(f, &event);
}

void core_say(core_fixture *f, const char *peer, tamis_message *message, tamis_slice bulk)
{
    tamis_core_event event = {
        .peer = tamis_slice_of_string(peer), .message = message, .bulk = bulk};

    message->sequence = ++f->sequence;
    core_step(f, &event);
}

const tamis_slice core_no_bulk = {.data = NULL};

/* Packets of the last step of that kind to that peer; f->last is the last of them. */
unsigned core_count(core_fixture *f, const char *peer, tamis_message_kind kind)
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

const tamis_message *core_expect(core_fixture *f, const char *peer, tamis_message_kind kind)
{
    if (core_count(f, peer, kind) == 0) {
        fail_msg("no %s to %s", tamis_message_kind_name(kind), peer);
    }
    return f->last;
}

void core_hello(core_fixture *f, const char *peer, const char *folder)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HELLO};

    message.body.hello.build = f->settings.build;
    message.body.hello.thread_count = 1;
    message.body.hello.host = "h";
    message.body.hello.data_folder = folder;
    message.body.hello.name = peer;
    core_say(f, peer, &message, core_no_bulk);
    assert_int_equal(core_count(f, peer, TAMIS_MESSAGE_WELCOME), 1);
}

void core_request(core_fixture *f, const char *peer, uint32_t credit)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_TASK_REQUEST};

    message.body.task_request.credit = credit;
    core_say(f, peer, &message, core_no_bulk);
}

tamis_status core_submit(core_fixture *f)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};
    tamis_buf packed;

    tamis_buf_init(&packed, 0);
    assert_int_equal(tamis_job_pack(f->job, &packed), TAMIS_OK);
    message.body.submit.build = f->settings.build;
    core_say(f, "client", &message, tamis_buf_slice(&packed));
    tamis_buf_fini(&packed);
    return core_expect(f, "client", TAMIS_MESSAGE_SUBMITTED)->body.refused.status;
}

tamis_message core_about(tamis_message_kind kind, uint64_t fence)
{
    tamis_message message = {.kind = kind, .fence = fence};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    return message;
}

/* The answer to a result. */
tamis_status core_finish(core_fixture *f, const char *peer, uint32_t stage, uint32_t task,
                         uint64_t fence)
{
    tamis_message message = core_about(TAMIS_MESSAGE_TASK_DONE, fence);

    message.body.task_done.stage = stage;
    message.body.task_done.task = task;
    message.body.task_done.counters[TAMIS_COUNTER_ROWS] = 5;
    core_say(f, peer, &message, tamis_slice_of_string("blob"));
    return core_expect(f, peer, TAMIS_MESSAGE_TASK_ACK)->body.refused.status;
}

void core_fail_task(core_fixture *f, const char *peer, uint32_t task, uint64_t fence,
                    tamis_status status)
{
    tamis_message message = core_about(TAMIS_MESSAGE_TASK_FAILED, fence);

    message.body.task_failed.task = task;
    message.body.task_failed.status = status;
    message.body.task_failed.is_retryable = tamis_status_is_retryable(status);
    message.body.task_failed.text = "reason";
    core_say(f, peer, &message, core_no_bulk);
    (void)core_expect(f, peer, TAMIS_MESSAGE_TASK_ACK);
}

void core_heartbeat(core_fixture *f, const char *peer, const tamis_held *held, size_t held_count)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    message.body.heartbeat.credit = 1;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = held_count;
    core_say(f, peer, &message, core_no_bulk);
}

tamis_held core_held_of(uint32_t task, uint64_t fence)
{
    tamis_held held = {.task = task, .fence = fence};

    memcpy(held.job, JOB_ID, sizeof(held.job));
    return held;
}

const tamis_run_status *core_status_of(core_fixture *f)
{
    assert_true(tamis_coordinator_core_status(f->core, JOB_ID, f->now_ms, &f->status));
    return &f->status;
}

/* A job, one worker, its first task under the first fence. */
void core_lease_first(core_fixture *f)
{
    assert_int_equal(core_submit(f), TAMIS_OK);
    core_hello(f, "w", "/w");
    core_request(f, "w", 1);
    assert_int_equal(core_expect(f, "w", TAMIS_MESSAGE_ASSIGN)->fence, EPOCH + 1);
}
