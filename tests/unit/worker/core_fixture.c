/* SPDX-License-Identifier: Apache-2.0 */
#include "core_fixture.h"

#include <stdlib.h>

#include "fake_job.h"
#include "tamis/bytes.h"

int set_up(void **state)
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
    f->settings.name = "n";
    f->settings.data_folder = "/w";
    f->settings.folder_id = "0123456789abcdef";
    f->now_ms = 1000;
    f->epoch = 1;
    f->cluster = CLUSTER;
    tamis_worker_effects_init(&f->effects);
    assert_int_equal(tamis_worker_core_create(&f->settings, &f->core), TAMIS_OK);
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    fixture *f = *state;

    tamis_message_destroy(f->last);
    tamis_worker_core_destroy(f->core);
    tamis_worker_effects_fini(&f->effects);
    tamis_buf_fini(&f->packed);
    free(f);
    return 0;
}

tamis_status try_step(fixture *f, const tamis_worker_event *event)
{
    tamis_worker_effects_reset(&f->effects);
    return tamis_worker_core_step(f->core, event, f->now_ms, &f->effects, &f->err);
}

void step(fixture *f, const tamis_worker_event *event)
{
    assert_int_equal(try_step(f, event), TAMIS_OK);
}

void tick(fixture *f, uint64_t later_ms)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_TICK};

    f->now_ms += later_ms;
    step(f, &event);
}

void hear(fixture *f, tamis_message *message, tamis_slice bulk)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET, .message = message, .bulk = bulk};

    message->epoch = f->epoch;
    step(f, &event);
}

const tamis_slice no_bulk = {.data = NULL};

unsigned count(fixture *f, tamis_message_kind kind)
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

const tamis_worker_action *action(const fixture *f, tamis_worker_action_kind kind)
{
    for (size_t i = 0; i < f->effects.action_count; i++) {
        if (f->effects.actions[i].kind == kind) {
            return &f->effects.actions[i];
        }
    }
    return NULL;
}

void say_welcome(fixture *f)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_WELCOME};

    message.body.welcome.heartbeat_ms = 100;
    message.body.welcome.lease_ms = LEASE_MS;
    message.body.welcome.cluster = f->cluster;
    hear(f, &message, no_bulk);
}

void persisted(fixture *f, tamis_status status)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_PERSISTED, .status = status, .text = "disk"};

    step(f, &event);
}

void welcome(fixture *f)
{
    tick(f, 0);
    assert_int_equal(count(f, TAMIS_MESSAGE_HELLO), 1);
    say_welcome(f);
    assert_non_null(action(f, TAMIS_WORKER_PERSIST));
    assert_int_equal(f->effects.outbox.count, 0); /* not a word before it is durable */
    persisted(f, TAMIS_OK);
    assert_int_equal(count(f, TAMIS_MESSAGE_TASK_REQUEST), 1);
    assert_int_equal(f->last->body.task_request.credit, f->settings.credit);
}

void assign(fixture *f, uint32_t stage, uint32_t task, uint64_t fence)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_ASSIGN, .fence = fence};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.assign.stage = stage;
    message.body.assign.task = task;
    hear(f, &message, no_bulk);
}

void tell_job(fixture *f)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_JOB_INFO};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    hear(f, &message, tamis_buf_slice(&f->packed));
}

void tell_folders(fixture *f, uint64_t from, uint64_t to)
{
    static const char *const paths[] = {"/w1", "/w2"};
    tamis_message message = {.kind = TAMIS_MESSAGE_FOLDERS};
    tamis_folder_row rows[2];

    for (uint32_t i = 0; i < 2; i++) {
        rows[i] = (tamis_folder_row){.number = i,
                                     .path = paths[i],
                                     .folder_id = "",
                                     .data_url = "",
                                     .public_key = "",
                                     .is_alive = true};
    }
    message.body.folders.from_version = from;
    message.body.folders.to_version = to;
    message.body.folders.rows = rows;
    message.body.folders.row_count = 2;
    hear(f, &message, no_bulk);
}

void tell_scan_owners(fixture *f, uint32_t generation)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_OWNERS};
    uint8_t table[BATCHES * 2];

    for (uint32_t t = 0; t < BATCHES; t++) {
        tamis_put16le(table + (size_t)t * 2, (uint16_t)(t % 2));
    }
    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.owners.end_stage = 1;
    message.body.owners.generation = generation;
    hear(f, &message, tamis_slice_of(table, sizeof(table)));
}

void end(fixture *f, uint64_t fence, tamis_status status)
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

void published(fixture *f, uint64_t fence, tamis_status status)
{
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_PUBLISHED, .fence = fence, .status = status, .text = "disk"};

    step(f, &event);
}

void acknowledge(fixture *f, uint64_t fence)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_TASK_ACK, .fence = fence};

    hear(f, &message, no_bulk);
}

void stop_tasks(fixture *f, uint64_t fence)
{
    tamis_held held = {.fence = fence};
    tamis_message message = {.kind = TAMIS_MESSAGE_HEARTBEAT};

    message.body.heartbeat.held = &held;
    message.body.heartbeat.held_count = 1;
    hear(f, &message, no_bulk);
}

/* One SCAN task runs under fence 1. */
void run_first(fixture *f)
{
    welcome(f);
    assign(f, 0, 0, 1);
    tell_job(f);
    assert_non_null(action(f, TAMIS_WORKER_START));
}
