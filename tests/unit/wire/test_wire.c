/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: every message comes back as it was sent, and nothing else comes in.
 * Method: round trips of all kinds, both sides of every limit, hand-made bytes, and random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tamis/outbox.h"
#include "tamis/rng.h"
#include "wire_trip.h"

static void test_greetings(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_HELLO);
    tamis_message *back = NULL;

    (void)state;
    message.body.hello.build =
        (tamis_peer_build){.protocol = 1, .build = "tamis 1 definition 1", .zstd = "1.5.4"};
    message.body.hello.thread_count = 16;
    message.body.hello.host = "node-1";
    message.body.hello.data_folder = "/scratch/tamis";
    message.body.hello.name = "node-1-tamis";
    message.body.hello.data_url = "tcp://10.0.0.1:4000";
    message.body.hello.folder_id = JOB_ID;
    message.body.hello.public_key = PUBLIC_KEY;
    message.body.hello.memory_bytes = UINT64_C(64) << 30;
    back = round_trip(&message);
    assert_int_equal(back->body.hello.build.protocol, 1);
    assert_string_equal(back->body.hello.build.build, "tamis 1 definition 1");
    assert_string_equal(back->body.hello.build.zstd, "1.5.4");
    assert_int_equal(back->body.hello.thread_count, 16);
    assert_string_equal(back->body.hello.host, "node-1");
    assert_string_equal(back->body.hello.data_folder, "/scratch/tamis");
    assert_string_equal(back->body.hello.name, "node-1-tamis");
    assert_string_equal(back->body.hello.data_url, "tcp://10.0.0.1:4000");
    assert_string_equal(back->body.hello.folder_id, JOB_ID);
    assert_string_equal(back->body.hello.public_key, PUBLIC_KEY);
    assert_int_equal(back->body.hello.memory_bytes, UINT64_C(64) << 30);
    tamis_message_destroy(back);

    message.body.hello.folder_id = NULL; /* sent as "" */
    message.body.hello.public_key = "";
    back = round_trip(&message);
    assert_string_equal(back->body.hello.folder_id, "");
    tamis_message_destroy(back);
    message.body.hello.folder_id = "0123456789abcdeF";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.hello.folder_id = JOB_ID;
    message.body.hello.public_key = "short";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.hello.public_key = PUBLIC_KEY;
    message.body.hello.data_folder = "relative";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);

    message = head(TAMIS_MESSAGE_WELCOME);
    message.body.welcome.heartbeat_ms = 300;
    message.body.welcome.lease_ms = 10000;
    message.body.welcome.cluster = JOB_ID;
    back = round_trip(&message);
    assert_int_equal(back->body.welcome.heartbeat_ms, 300);
    assert_int_equal(back->body.welcome.lease_ms, 10000);
    assert_string_equal(back->body.welcome.cluster, JOB_ID);
    tamis_message_destroy(back);
    message.body.welcome.cluster = "x";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.welcome.cluster = "";
    assert_int_equal(decode_status(&message), TAMIS_OK);
    message.body.welcome.heartbeat_ms = 0;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
}

static void test_answers(void **state)
{
    static const tamis_message_kind kinds[] = {TAMIS_MESSAGE_REFUSED, TAMIS_MESSAGE_SUBMITTED,
                                               TAMIS_MESSAGE_TASK_ACK};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tamis_message message = head(kinds[i]);
        tamis_message *back = NULL;

        message.body.refused.status = TAMIS_EFENCED;
        message.body.refused.text = "why";
        message.body.refused.offset = TAMIS_JOB_BYTES_MAX;
        back = round_trip(&message);
        assert_int_equal(back->body.refused.status, TAMIS_EFENCED);
        assert_string_equal(back->body.refused.text, i == 2 ? "" : "why");
        assert_int_equal(back->body.refused.offset, i == 1 ? TAMIS_JOB_BYTES_MAX : 0);
        tamis_message_destroy(back);
        message.body.refused.offset++;
        assert_int_equal(decode_status(&message), i == 1 ? TAMIS_EFORMAT : TAMIS_OK);
        message.body.refused.offset = 0;
        message.body.refused.status = (tamis_status)200; /* no such status */
        assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    }
}

static void test_tasks(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_ASSIGN);
    tamis_message *back = NULL;

    (void)state;
    message.body.assign.stage = TAMIS_STAGES_MAX - 1;
    message.body.assign.task = 65535;
    message.body.assign.lease_ms = 5;
    message.body.assign.generation = UINT32_MAX;
    message.body.assign.is_isolated = true;
    back = round_trip(&message);
    assert_int_equal(back->body.assign.generation, UINT32_MAX);
    assert_true(back->body.assign.is_isolated);
    assert_int_equal(back->body.assign.stage, TAMIS_STAGES_MAX - 1);
    assert_int_equal(back->body.assign.task, 65535);
    assert_int_equal(back->body.assign.lease_ms, 5);
    tamis_message_destroy(back);
    message.body.assign.stage = TAMIS_STAGES_MAX;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);

    message = head(TAMIS_MESSAGE_TASK_DONE);
    message.body.task_done.stage = 4;
    message.body.task_done.task = 5;
    message.body.task_done.skip_stages = 3;
    message.body.task_done.bytes = UINT64_MAX;
    message.body.task_done.documents = 1;
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        message.body.task_done.counters[i] = i * UINT64_C(0x123456789ab);
    }
    back = round_trip(&message);
    assert_int_equal(back->body.task_done.skip_stages, 3);
    assert_int_equal(back->body.task_done.bytes, UINT64_MAX);
    assert_memory_equal(back->body.task_done.counters, message.body.task_done.counters,
                        sizeof(message.body.task_done.counters));
    tamis_message_destroy(back);
    message.body.task_done.skip_stages = TAMIS_STAGES_MAX;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);

    message = head(TAMIS_MESSAGE_TASK_FAILED);
    message.body.task_failed.stage = 4;
    message.body.task_failed.task = 5;
    message.body.task_failed.status = TAMIS_ENOSPC;
    message.body.task_failed.is_retryable = true;
    message.body.task_failed.text = "/data: no space left";
    back = round_trip(&message);
    assert_int_equal(back->body.task_failed.status, TAMIS_ENOSPC);
    assert_true(back->body.task_failed.is_retryable);
    assert_string_equal(back->body.task_failed.text, "/data: no space left");
    assert_false(back->body.task_failed.has_lost);
    tamis_message_destroy(back);
    message.body.task_failed.status = TAMIS_OK; /* a failure that is none */
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
}

static void test_lost_results(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_TASK_FAILED);
    uint32_t *tasks = calloc(TAMIS_LOST_TASKS_MAX + 1, sizeof(*tasks));
    tamis_message *back = NULL;

    (void)state;
    assert_non_null(tasks);
    for (uint32_t i = 0; i <= TAMIS_LOST_TASKS_MAX; i++) {
        tasks[i] = UINT32_MAX - i;
    }
    message.body.task_failed.stage = 4;
    message.body.task_failed.status = TAMIS_ELOST;
    message.body.task_failed.is_retryable = true;
    message.body.task_failed.has_lost = true;
    message.body.task_failed.is_gone = true;
    message.body.task_failed.lost_stage = 3;
    message.body.task_failed.lost_folder = TAMIS_WIRE_NO_FOLDER - 1;
    message.body.task_failed.lost_tasks = tasks;
    message.body.task_failed.lost_count = TAMIS_LOST_TASKS_MAX;
    back = round_trip(&message);
    assert_int_equal(back->body.task_failed.status, TAMIS_ELOST);
    assert_true(back->body.task_failed.has_lost && back->body.task_failed.is_gone);
    assert_int_equal(back->body.task_failed.lost_stage, 3);
    assert_int_equal(back->body.task_failed.lost_folder, TAMIS_WIRE_NO_FOLDER - 1);
    assert_int_equal(back->body.task_failed.lost_count, TAMIS_LOST_TASKS_MAX);
    assert_memory_equal(back->body.task_failed.lost_tasks, tasks,
                        TAMIS_LOST_TASKS_MAX * sizeof(*tasks));
    tamis_message_destroy(back);
    message.body.task_failed.lost_count = TAMIS_LOST_TASKS_MAX + 1;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.task_failed.lost_count = 0; /* lost, but nothing */
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.task_failed.lost_count = 1;
    message.body.task_failed.lost_stage = 4; /* not an earlier stage */
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.task_failed.lost_stage = 3;
    message.body.task_failed.lost_folder = TAMIS_WIRE_NO_FOLDER;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.task_failed.has_lost = false; /* then the rest is not sent */
    assert_int_equal(decode_status(&message), TAMIS_OK);
    free(tasks);
}

static void test_stages(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_FETCH);
    tamis_message *back = NULL;

    (void)state;
    message.body.fetch.has_job = true;
    message.body.fetch.first_stage = 2;
    message.body.fetch.end_stage = TAMIS_STAGES_MAX;
    message.body.fetch.generation = 3;
    message.body.fetch.job_offset = TAMIS_JOB_BYTES_MAX;
    message.body.fetch.folders_version = UINT64_MAX;
    back = round_trip(&message);
    assert_int_equal(back->body.fetch.generation, 3);
    assert_int_equal(back->body.fetch.job_offset, TAMIS_JOB_BYTES_MAX);
    assert_int_equal(back->body.fetch.folders_version, UINT64_MAX);
    assert_true(back->body.fetch.has_job);
    assert_int_equal(back->body.fetch.first_stage, 2);
    assert_int_equal(back->body.fetch.end_stage, TAMIS_STAGES_MAX);
    tamis_message_destroy(back);
    message.body.fetch.job_offset++;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.fetch.job_offset = 0;
    message.body.fetch.first_stage = TAMIS_STAGES_MAX + 1;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);

    message = head(TAMIS_MESSAGE_OWNERS);
    message.body.owners.first_stage = 1;
    message.body.owners.end_stage = 2;
    message.body.owners.generation = 7;
    back = round_trip(&message);
    assert_int_equal(back->body.owners.first_stage, 1);
    assert_int_equal(back->body.owners.end_stage, 2);
    assert_int_equal(back->body.owners.generation, 7);
    tamis_message_destroy(back);
    message.body.owners.first_stage = 3; /* behind the end */
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
}

static void test_chunks(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_JOB_INFO);
    tamis_message *back = NULL;

    (void)state;
    message.body.job_info.offset = 5;
    message.body.job_info.total = TAMIS_JOB_BYTES_MAX;
    back = round_trip(&message);
    assert_int_equal(back->body.job_info.offset, 5);
    assert_int_equal(back->body.job_info.total, TAMIS_JOB_BYTES_MAX);
    tamis_message_destroy(back);
    message.body.job_info.total++;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.job_info.total = 4; /* before the offset */
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);

    message = head(TAMIS_MESSAGE_SUBMIT);
    message.body.submit.build =
        (tamis_peer_build){.protocol = 1, .build = "tamis 1 definition 1", .zstd = "1.5.4"};
    message.body.submit.is_data_kept = true;
    message.body.submit.offset = TAMIS_JOB_BYTES_MAX;
    message.body.submit.total = TAMIS_JOB_BYTES_MAX;
    message.body.submit.digest = (tamis_digest){.low = UINT64_MAX, .high = 1};
    back = round_trip(&message);
    assert_string_equal(back->body.submit.build.zstd, "1.5.4");
    assert_true(back->body.submit.is_data_kept);
    assert_int_equal(back->body.submit.offset, TAMIS_JOB_BYTES_MAX);
    assert_int_equal(back->body.submit.total, TAMIS_JOB_BYTES_MAX);
    assert_true(tamis_digest_is_equal(back->body.submit.digest, message.body.submit.digest));
    tamis_message_destroy(back);
    message.body.submit.total--;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.submit.total = ++message.body.submit.offset;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
}

static void test_drain(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_DRAIN);
    tamis_message *back = NULL;

    (void)state;
    message.body.drain.worker = "node-1-tamis";
    message.body.drain.is_now = true;
    back = round_trip(&message);
    assert_string_equal(back->body.drain.worker, "node-1-tamis");
    assert_true(back->body.drain.is_now);
    assert_false(back->body.drain.is_undo);
    tamis_message_destroy(back);
    message.body.drain.is_undo = true; /* both are none */
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.drain.is_now = false;
    assert_int_equal(decode_status(&message), TAMIS_OK);
    message.body.drain.worker = "";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);

    message = head(TAMIS_MESSAGE_ANSWER);
    message.body.answer.status = TAMIS_ENOENT;
    message.body.answer.text = "no such worker";
    message.body.answer.count = 3;
    back = round_trip(&message);
    assert_int_equal(back->body.answer.status, TAMIS_ENOENT);
    assert_string_equal(back->body.answer.text, "no such worker");
    assert_int_equal(back->body.answer.count, 3);
    tamis_message_destroy(back);
    message.body.answer.status = (tamis_status)200;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
}

static void test_heartbeat(void **state)
{
    static const char *const jobs[] = {JOB_ID};
    static const char *const bad_jobs[] = {"0123456789ABCDEF"};
    tamis_message message = head(TAMIS_MESSAGE_HEARTBEAT);
    tamis_held *held = calloc(TAMIS_WIRE_ITEMS_MAX + 1, sizeof(*held));
    tamis_message *back = NULL;

    (void)state;
    assert_non_null(held);
    message.body.heartbeat.credit = TAMIS_WORKER_CREDIT_MAX;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = 3;
    message.body.heartbeat.jobs = jobs;
    message.body.heartbeat.job_count = 1;
    message.body.heartbeat.folders_version = UINT64_MAX;
    message.body.heartbeat.may_leave = true;
    message.body.heartbeat.answered = 77;
    message.body.heartbeat.heartbeat_ms = 833;
    for (uint32_t i = 0; i < 3; i++) {
        held[i] = (tamis_held){.fence = i + 1, .stage = i, .task = i * 2, .bytes = 9};
        memcpy(held[i].job, JOB_ID, sizeof(held[i].job));
    }
    back = round_trip(&message);
    assert_int_equal(back->body.heartbeat.held_count, 3);
    assert_int_equal(back->body.heartbeat.held[2].fence, 3);
    assert_int_equal(back->body.heartbeat.held[2].task, 4);
    assert_string_equal(back->body.heartbeat.held[2].job, JOB_ID);
    assert_string_equal(back->body.heartbeat.jobs[0], JOB_ID);
    assert_int_equal(back->body.heartbeat.folders_version, UINT64_MAX);
    assert_true(back->body.heartbeat.may_leave);
    assert_int_equal(back->body.heartbeat.answered, 77);
    assert_int_equal(back->body.heartbeat.heartbeat_ms, 833);
    tamis_message_destroy(back);

    message.body.heartbeat.jobs = bad_jobs;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.heartbeat.job_count = 0;
    message.body.heartbeat.credit = TAMIS_WORKER_CREDIT_MAX + 1;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.heartbeat.credit = 1;
    message.body.heartbeat.held_count = TAMIS_WIRE_ITEMS_MAX;
    assert_int_equal(decode_status(&message), TAMIS_OK);
    message.body.heartbeat.held_count = TAMIS_WIRE_ITEMS_MAX + 1;
    assert_int_equal(decode_status(&message), TAMIS_ELIMIT);
    free(held);
}

static void test_status(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_STATUS);
    tamis_run_status *run = calloc(1, sizeof(*run));
    tamis_message *back = NULL;

    (void)state;
    assert_non_null(run);
    run->state = TAMIS_RUN_FAILED;
    run->stage_count = TAMIS_STAGES_MAX;
    run->stage = 5;
    run->tasks_running = 3;
    run->worker_count = 2;
    run->tasks_executed = 99;
    run->tasks_lost = 1;
    run->workers_draining = 2;
    run->tasks_backup = 3;
    run->tasks_rescued = 4;
    run->quarantined_poison = 5;
    tamis_err_set(&run->fault, TAMIS_ECORRUPT, "scan task 3: /in: checksum");
    for (uint32_t i = 0; i < TAMIS_STAGES_MAX; i++) {
        run->stages[i].stage = (tamis_stage){.kind = (tamis_stage_kind)(i % TAMIS_STAGE_KIND_COUNT),
                                             .level = TAMIS_LEVEL_NEAR,
                                             .task_count = i * 100,
                                             .is_local = i % 2 == 0};
        run->stages[i].is_skipped = i % 3 == 0;
        run->stages[i].elapsed_ms = i;
        run->stages[i].counters[TAMIS_COUNTER_COUNT - 1] = UINT64_MAX;
    }
    message.body.status = run;
    memcpy(run->job_id, JOB_ID, sizeof(run->job_id));
    back = round_trip(&message);
    assert_int_equal(back->body.status->state, TAMIS_RUN_FAILED);
    assert_int_equal(back->body.status->fault.status, TAMIS_ECORRUPT);
    assert_string_equal(back->body.status->fault.text, "scan task 3: /in: checksum");
    assert_string_equal(back->body.status->job_id, JOB_ID);
    assert_int_equal(back->body.status->tasks_executed, 99);
    assert_int_equal(back->body.status->workers_draining, 2);
    assert_int_equal(back->body.status->tasks_backup, 3);
    assert_int_equal(back->body.status->tasks_rescued, 4);
    assert_int_equal(back->body.status->quarantined_poison, 5);
    for (uint32_t i = 0; i < TAMIS_STAGES_MAX; i++) {
        const tamis_stage_status *a = &run->stages[i];
        const tamis_stage_status *b = &back->body.status->stages[i];

        assert_int_equal(a->stage.kind, b->stage.kind);
        assert_int_equal(a->stage.task_count, b->stage.task_count);
        assert_int_equal(a->stage.is_local, b->stage.is_local);
        assert_int_equal(a->is_skipped, b->is_skipped);
        assert_int_equal(a->elapsed_ms, b->elapsed_ms);
        assert_memory_equal(a->counters, b->counters, sizeof(a->counters));
    }
    tamis_message_destroy(back);
    run->stage = TAMIS_STAGES_MAX + 1;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    run->stage = 0;
    run->state = TAMIS_RUN_STATE_COUNT;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    free(run);
}

static void test_plain_kinds(void **state)
{
    (void)state;
    for (tamis_message_kind kind = TAMIS_MESSAGE_HELLO; kind < TAMIS_MESSAGE_KIND_END; kind++) {
        tamis_message message = head(kind);

        assert_string_not_equal(tamis_message_kind_name(kind), "unknown");
        if (kind == TAMIS_MESSAGE_TASK_REQUEST) {
            message.body.task_request.credit = 5;
        } else if (kind == TAMIS_MESSAGE_JOB_DONE) {
            message.body.job_done.is_data_kept = true;
        } else if (kind == TAMIS_MESSAGE_JOBS_REQUEST || kind == TAMIS_MESSAGE_WORKERS_REQUEST) {
            message.body.rows_request.first = 77;
        } else if (kind != TAMIS_MESSAGE_STATUS_REQUEST && kind != TAMIS_MESSAGE_CANCEL &&
                   kind != TAMIS_MESSAGE_PAUSE && kind != TAMIS_MESSAGE_RESUME &&
                   kind != TAMIS_MESSAGE_BYE) {
            continue;
        }
        tamis_message *back = round_trip(&message);

        if (kind == TAMIS_MESSAGE_JOB_DONE) {
            assert_true(back->body.job_done.is_data_kept);
        }
        if (kind == TAMIS_MESSAGE_JOBS_REQUEST || kind == TAMIS_MESSAGE_WORKERS_REQUEST) {
            assert_int_equal(back->body.rows_request.first, 77);
        }
        tamis_message_destroy(back);
    }
    assert_string_equal(tamis_message_kind_name(TAMIS_MESSAGE_KIND_END), "unknown");
    assert_string_equal(tamis_message_kind_name((tamis_message_kind)0), "unknown");
}

static void test_job_ids(void **state)
{
    (void)state;
    assert_true(tamis_job_id_is_valid(JOB_ID));
    assert_false(tamis_job_id_is_valid(""));
    assert_false(tamis_job_id_is_valid("0123456789abcde"));
    assert_false(tamis_job_id_is_valid("0123456789abcdef0"));
    assert_false(tamis_job_id_is_valid("0123456789abcdeg"));
    assert_false(tamis_job_id_is_valid("../../../../../."));
    assert_true(tamis_public_key_is_valid(PUBLIC_KEY));
    assert_false(tamis_public_key_is_valid(""));
    assert_false(tamis_public_key_is_valid(PUBLIC_KEY "0"));
    assert_false(tamis_public_key_is_valid(&PUBLIC_KEY[1]));
    assert_false(tamis_public_key_is_valid("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\""));
}

static tamis_status decode_bytes(const void *bytes, size_t size)
{
    tamis_message *message = NULL;
    tamis_status status = tamis_wire_decode(tamis_slice_of(bytes, size), &message, NULL);

    tamis_message_destroy(message);
    return status;
}

static void test_hostile_bytes(void **state)
{
    /* A group, which the unpacker would follow down; twice the same body; a body of a scalar. */
    static const uint8_t group[] = {0x0b, 0x0b, 0x0b};
    static const uint8_t two_byes[] = {0x08, 1, 0x92, 2, 0, 0x92, 2, 0};
    static const uint8_t scalar_body[] = {0x08, 1, 0x90, 2, 0};
    static const uint8_t bye[] = {0x08, 1, 0x92, 2, 0};
    static const uint8_t other_schema[] = {0x08, 2, 0x92, 2, 0};
    static const uint8_t no_body[] = {0x08, 1};
    static const uint8_t beyond_end[] = {0x08, 1, 0x92, 2, 5, 1};
    static const uint8_t zero_in_job[] = {0x08, 1, 0x22, 1, 0, 0x92, 2, 0};
    uint8_t *deep = NULL;
    tamis_buf large;

    (void)state;
    assert_int_equal(decode_bytes("", 0), TAMIS_EFORMAT);
    assert_int_equal(decode_bytes(bye, sizeof(bye)), TAMIS_OK);
    assert_int_equal(decode_bytes(group, sizeof(group)), TAMIS_EFORMAT);
    assert_int_equal(decode_bytes(two_byes, sizeof(two_byes)), TAMIS_EFORMAT);
    assert_int_equal(decode_bytes(scalar_body, sizeof(scalar_body)), TAMIS_EFORMAT);
    assert_int_equal(decode_bytes(other_schema, sizeof(other_schema)), TAMIS_EVERSION);
    assert_int_equal(decode_bytes(no_body, sizeof(no_body)), TAMIS_EFORMAT);
    assert_int_equal(decode_bytes(beyond_end, sizeof(beyond_end)), TAMIS_EFORMAT);
    assert_int_equal(decode_bytes(zero_in_job, sizeof(zero_in_job)), TAMIS_EFORMAT);
    deep = malloc(TAMIS_WIRE_CONTROL_MAX);
    assert_non_null(deep);
    memset(deep, 0x0b, TAMIS_WIRE_CONTROL_MAX); /* a million nested groups */
    assert_int_equal(decode_bytes(deep, TAMIS_WIRE_CONTROL_MAX), TAMIS_EFORMAT);
    free(deep);
    /* One byte above the limit is not looked at. */
    tamis_buf_init(&large, 0);
    assert_int_equal(tamis_buf_reserve(&large, TAMIS_WIRE_CONTROL_MAX + 1), TAMIS_OK);
    assert_int_equal(decode_bytes(large.data, TAMIS_WIRE_CONTROL_MAX + 1), TAMIS_ELIMIT);
    tamis_buf_fini(&large);
}

static void test_long_texts(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_REFUSED);
    char text[TAMIS_WIRE_TEXT_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[TAMIS_WIRE_TEXT_MAX] = 0;
    message.body.refused.status = TAMIS_EIO;
    message.body.refused.text = text;
    assert_int_equal(decode_status(&message), TAMIS_OK);
    text[TAMIS_WIRE_TEXT_MAX] = 'x';
    text[TAMIS_WIRE_TEXT_MAX + 1] = 0;
    assert_int_equal(decode_status(&message), TAMIS_ELIMIT);
}

/* Bytes of a message with some changed: either refused or a message that encodes again. */
static void test_changed_bytes(void **state)
{
    const uint64_t seed = 20240501;
    tamis_rng rng = {.state = seed};
    tamis_message message = head(TAMIS_MESSAGE_TASK_DONE);
    tamis_buf bytes;
    unsigned accepted = 0;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_wire_encode(&message, &bytes), TAMIS_OK);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t copy[256];
        tamis_message *back = NULL;

        assert_true(bytes.size <= sizeof(copy));
        memcpy(copy, bytes.data, bytes.size);
        for (unsigned i = 0; i < 1 + round % 4; i++) {
            copy[tamis_rng_below(&rng, bytes.size)] = (uint8_t)tamis_rng_next(&rng);
        }
        if (tamis_wire_decode(tamis_slice_of(copy, bytes.size), &back, NULL) == TAMIS_OK) {
            tamis_buf again;

            accepted++;
            tamis_buf_init(&again, 0);
            assert_int_equal(tamis_wire_encode(back, &again), TAMIS_OK);
            tamis_buf_fini(&again);
        }
        tamis_message_destroy(back);
    }
    assert_in_range(accepted, 1, 19999);
    tamis_buf_fini(&bytes);
}

static void test_outbox(void **state)
{
    tamis_outbox outbox;
    tamis_message message = head(TAMIS_MESSAGE_BYE);

    (void)state;
    tamis_outbox_init(&outbox);
    for (unsigned i = 0; i < 100; i++) {
        char peer[16];
        char bulk[16];

        (void)snprintf(peer, sizeof(peer), "peer-%u", i);
        (void)snprintf(bulk, sizeof(bulk), "bulk-%u", i);
        message.fence = i;
        assert_int_equal(tamis_outbox_add(&outbox, tamis_slice_of_string(peer), &message,
                                          tamis_slice_of(bulk, i % 2 == 0 ? strlen(bulk) : 0)),
                         TAMIS_OK);
    }
    assert_int_equal(outbox.count, 100);
    for (unsigned i = 0; i < 100; i++) {
        char peer[16];
        char bulk[16];
        tamis_message *back = NULL;

        (void)snprintf(peer, sizeof(peer), "peer-%u", i);
        (void)snprintf(bulk, sizeof(bulk), "bulk-%u", i);
        assert_true(
            tamis_slice_is_equal(tamis_outbox_peer(&outbox, i), tamis_slice_of_string(peer)));
        assert_int_equal(tamis_outbox_bulk(&outbox, i).size, i % 2 == 0 ? strlen(bulk) : 0);
        assert_int_equal(tamis_wire_decode(tamis_outbox_control(&outbox, i), &back, NULL),
                         TAMIS_OK);
        assert_int_equal(back->fence, i);
        tamis_message_destroy(back);
    }
    tamis_outbox_reset(&outbox);
    assert_int_equal(outbox.count, 0);
    tamis_outbox_fini(&outbox);
}

/* A frame as it stands in docs/PROTOCOL.md: what version 1 looks like for good. */
static void test_golden_frame(void **state)
{
    static const uint8_t golden[] = {
        0x08, 0x01, 0x10, 0x07, 0x18, 0x03, 0x22, 0x10, '0',  '1',  '2',  '3',  '4',  '5',  '6',
        '7',  '8',  '9',  'a',  'b',  'c',  'd',  'e',  'f',  0x28, 0x89, 0x80, 0x80, 0x80, 0x30,
        0xa2, 0x01, 0x0b, 0x08, 0x02, 0x10, 0x05, 0x18, 0xc4, 0x13, 0x20, 0x01, 0x28, 0x01};
    tamis_message message = head(TAMIS_MESSAGE_ASSIGN);
    tamis_buf bytes;

    (void)state;
    message.body.assign.stage = 2;
    message.body.assign.task = 5;
    message.body.assign.lease_ms = 2500;
    message.body.assign.generation = 1;
    message.body.assign.is_isolated = true;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_wire_encode(&message, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, sizeof(golden));
    assert_memory_equal(bytes.data, golden, sizeof(golden));
    tamis_buf_fini(&bytes);
}

static void test_counters(void **state)
{
    uint64_t sums[TAMIS_COUNTER_COUNT] = {0};
    uint64_t one[TAMIS_COUNTER_COUNT];

    (void)state;
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        one[i] = i + 1;
    }
    tamis_counters_add(sums, one);
    tamis_counters_add(sums, one);
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        assert_int_equal(sums[i], (i + 1) * (i == TAMIS_COUNTER_LARGEST_BUCKET ? 1 : 2));
    }
    assert_string_equal(tamis_run_state_name(TAMIS_RUN_DONE), "done");
    assert_string_equal(tamis_run_state_name(TAMIS_RUN_PAUSED), "paused");
    assert_string_equal(tamis_run_state_name(TAMIS_RUN_STATE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_results), cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_drain),        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_stages),       cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_status),       cmocka_unit_test(test_plain_kinds),
        cmocka_unit_test(test_job_ids),      cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_long_texts),   cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_outbox),       cmocka_unit_test(test_golden_frame),
        cmocka_unit_test(test_counters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
