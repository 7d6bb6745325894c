/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: lists of folders, jobs and workers come back as they were sent, within their limits.
 * Method: round trips of every field, both sides of every limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "wire_trip.h"

static void test_folders(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_FOLDERS);
    tamis_folder_row *rows = calloc(TAMIS_FOLDERS_ROWS_MAX + 1, sizeof(*rows));
    tamis_message *back = NULL;

    (void)state;
    assert_non_null(rows);
    for (uint32_t i = 0; i <= TAMIS_FOLDERS_ROWS_MAX; i++) {
        rows[i] = (tamis_folder_row){.number = i, .path = "/data", .folder_id = JOB_ID};
    }
    rows[1] = (tamis_folder_row){.number = TAMIS_WIRE_NO_FOLDER - 1,
                                 .path = "/b",
                                 .folder_id = "",
                                 .data_url = "tcp://[fe80::1]:9",
                                 .public_key = PUBLIC_KEY,
                                 .is_alive = true};
    message.body.folders.from_version = 4;
    message.body.folders.to_version = 6;
    message.body.folders.rows = rows;
    message.body.folders.row_count = TAMIS_FOLDERS_ROWS_MAX;
    back = round_trip(&message);
    assert_int_equal(back->body.folders.from_version, 4);
    assert_int_equal(back->body.folders.to_version, 6);
    assert_int_equal(back->body.folders.row_count, TAMIS_FOLDERS_ROWS_MAX);
    assert_int_equal(back->body.folders.rows[0].number, 0);
    assert_string_equal(back->body.folders.rows[0].folder_id, JOB_ID);
    assert_false(back->body.folders.rows[0].is_alive);
    assert_int_equal(back->body.folders.rows[1].number, TAMIS_WIRE_NO_FOLDER - 1);
    assert_string_equal(back->body.folders.rows[1].path, "/b");
    assert_string_equal(back->body.folders.rows[1].data_url, "tcp://[fe80::1]:9");
    assert_string_equal(back->body.folders.rows[1].public_key, PUBLIC_KEY);
    assert_true(back->body.folders.rows[1].is_alive);
    tamis_message_destroy(back);
    message.body.folders.row_count++;
    assert_int_equal(decode_status(&message), TAMIS_ELIMIT);
    message.body.folders.row_count = 2;
    rows[1].number++;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    rows[1].number = 0;
    rows[1].path = "b";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    rows[1].path = "/b";
    rows[1].folder_id = "b";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    rows[1].folder_id = "";
    rows[1].public_key = "b";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    rows[1].public_key = "";
    message.body.folders.to_version = 3;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.folders.to_version = 4;
    assert_int_equal(decode_status(&message), TAMIS_OK);
    free(rows);
}

static void test_job_rows(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_JOBS);
    tamis_job_row row = {.id = JOB_ID,
                         .state = TAMIS_RUN_PAUSED,
                         .order = UINT64_MAX,
                         .output = "/out",
                         .stage = TAMIS_STAGES_MAX,
                         .stage_count = TAMIS_STAGES_MAX,
                         .stage_kind = TAMIS_STAGE_REPORT,
                         .tasks_done = 4,
                         .task_count = 5,
                         .bytes = 6,
                         .documents = 7,
                         .elapsed_ms = 8,
                         .fault = TAMIS_ELOST,
                         .fault_text = "why"};
    tamis_message *back = NULL;
    const tamis_job_row *got = NULL;

    (void)state;
    message.body.jobs.first = 9;
    message.body.jobs.total = 10;
    message.body.jobs.rows = &row;
    message.body.jobs.row_count = 1;
    back = round_trip(&message);
    assert_int_equal(back->body.jobs.first, 9);
    assert_int_equal(back->body.jobs.total, 10);
    assert_int_equal(back->body.jobs.row_count, 1);
    got = &back->body.jobs.rows[0];
    assert_string_equal(got->id, row.id);
    assert_int_equal(got->state, TAMIS_RUN_PAUSED);
    assert_int_equal(got->order, UINT64_MAX);
    assert_string_equal(got->output, "/out");
    assert_int_equal(got->stage, TAMIS_STAGES_MAX);
    assert_int_equal(got->stage_count, TAMIS_STAGES_MAX);
    assert_int_equal(got->stage_kind, TAMIS_STAGE_REPORT);
    assert_int_equal(got->tasks_done, 4);
    assert_int_equal(got->task_count, 5);
    assert_int_equal(got->bytes, 6);
    assert_int_equal(got->documents, 7);
    assert_int_equal(got->elapsed_ms, 8);
    assert_int_equal(got->fault, TAMIS_ELOST);
    assert_string_equal(got->fault_text, "why");
    tamis_message_destroy(back);
    row.stage_kind = TAMIS_STAGE_KIND_COUNT;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    row.stage_kind = TAMIS_STAGE_SCAN;
    row.stage_count--;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    row.stage_count = ++row.stage;
    row.stage_count++;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    row.stage_count = row.stage = 0;
    row.state = TAMIS_RUN_STATE_COUNT;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    row.state = TAMIS_RUN_DONE;
    row.id = "";
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    row.id = JOB_ID;
    assert_int_equal(decode_status(&message), TAMIS_OK);
    message.body.jobs.row_count = TAMIS_JOBS_ROWS_MAX + 1; /* not looked at */
    assert_int_equal(decode_status(&message), TAMIS_ELIMIT);
}

static void test_worker_rows(void **state)
{
    tamis_message message = head(TAMIS_MESSAGE_WORKERS);
    tamis_worker_row row = {.name = "a",
                            .host = "b",
                            .state = TAMIS_WORKER_LOST,
                            .threads = 1,
                            .credit = 2,
                            .tasks_running = 3,
                            .tasks_done = 4,
                            .tasks_lost = 5,
                            .silent_ms = 6,
                            .bytes = 7,
                            .memory_bytes = 8,
                            .data_folder = "/c",
                            .data_url = "d",
                            .user = "e"};
    tamis_message *back = NULL;
    const tamis_worker_row *got = NULL;

    (void)state;
    message.body.workers.first = 512;
    message.body.workers.total = 10000;
    message.body.workers.rows = &row;
    message.body.workers.row_count = 1;
    back = round_trip(&message);
    assert_int_equal(back->body.workers.first, 512);
    assert_int_equal(back->body.workers.total, 10000);
    assert_int_equal(back->body.workers.row_count, 1);
    got = &back->body.workers.rows[0];
    assert_string_equal(got->name, "a");
    assert_string_equal(got->host, "b");
    assert_int_equal(got->state, TAMIS_WORKER_LOST);
    assert_int_equal(got->threads, 1);
    assert_int_equal(got->credit, 2);
    assert_int_equal(got->tasks_running, 3);
    assert_int_equal(got->tasks_done, 4);
    assert_int_equal(got->tasks_lost, 5);
    assert_int_equal(got->silent_ms, 6);
    assert_int_equal(got->bytes, 7);
    assert_int_equal(got->memory_bytes, 8);
    assert_string_equal(got->data_folder, "/c");
    assert_string_equal(got->data_url, "d");
    assert_string_equal(got->user, "e");
    tamis_message_destroy(back);
    row.state = TAMIS_WORKER_STATE_COUNT;
    assert_int_equal(decode_status(&message), TAMIS_EFORMAT);
    message.body.workers.row_count = TAMIS_WORKERS_ROWS_MAX + 1; /* not looked at */
    assert_int_equal(decode_status(&message), TAMIS_ELIMIT);
    assert_string_equal(tamis_worker_state_name(TAMIS_WORKER_DRAINING), "draining");
    assert_string_equal(tamis_worker_state_name(TAMIS_WORKER_STATE_COUNT), "unknown");
}

/* What the sizes of rows promise: a message filled up to the limit by them can be encoded. */
static void test_row_sizes(void **state)
{
    static char text[TAMIS_WIRE_TEXT_MAX + 1];
    tamis_folder_row folder = {.number = 65534,
                               .path = text,
                               .folder_id = JOB_ID,
                               .data_url = text,
                               .public_key = PUBLIC_KEY,
                               .is_alive = true};
    tamis_job_row job = {.id = JOB_ID,
                         .order = UINT64_MAX,
                         .output = text,
                         .bytes = UINT64_MAX,
                         .documents = UINT64_MAX,
                         .elapsed_ms = UINT64_MAX,
                         .fault_text = text};
    tamis_worker_row worker = {.name = text,
                               .host = text,
                               .silent_ms = UINT64_MAX,
                               .data_folder = text,
                               .data_url = text,
                               .user = text};
    tamis_folder_row *rows = calloc(TAMIS_FOLDERS_ROWS_MAX, sizeof(*rows));
    tamis_message message = head(TAMIS_MESSAGE_FOLDERS);

    (void)state;
    assert_non_null(rows);
    for (size_t length = 1; length <= TAMIS_WIRE_TEXT_MAX; length = length * 2 + length % 3) {
        size_t size = 0;
        tamis_message one[3] = {head(TAMIS_MESSAGE_FOLDERS), head(TAMIS_MESSAGE_JOBS),
                                head(TAMIS_MESSAGE_WORKERS)};
        size_t sizes[3];

        memset(text, '/', length);
        message.body.folders.row_count = 0;
        while (message.body.folders.row_count < TAMIS_FOLDERS_ROWS_MAX &&
               size + tamis_folder_row_size(&folder) <= TAMIS_ROWS_BYTES_MAX) {
            rows[message.body.folders.row_count++] = folder;
            size += tamis_folder_row_size(&folder);
        }
        message.body.folders.rows = rows;
        message.body.folders.from_version = 1;
        message.body.folders.to_version = UINT64_MAX;
        assert_int_equal(decode_status(&message), TAMIS_OK);
        one[0].body.folders.rows = &folder;
        one[1].body.jobs.rows = &job;
        one[2].body.workers.rows = &worker;
        one[0].body.folders.row_count = one[1].body.jobs.row_count = 1;
        one[2].body.workers.row_count = 1;
        sizes[0] = tamis_folder_row_size(&folder);
        sizes[1] = tamis_job_row_size(&job);
        sizes[2] = tamis_worker_row_size(&worker);
        for (size_t i = 0; i < 3; i++) {
            tamis_buf with;
            tamis_buf without;

            tamis_buf_init(&with, 0);
            tamis_buf_init(&without, 0);
            assert_int_equal(tamis_wire_encode(&one[i], &with), TAMIS_OK);
            one[0].body.folders.row_count = one[1].body.jobs.row_count = 0;
            one[2].body.workers.row_count = 0;
            assert_int_equal(tamis_wire_encode(&one[i], &without), TAMIS_OK);
            assert_in_range(with.size - without.size, 1, sizes[i]);
            one[0].body.folders.row_count = one[1].body.jobs.row_count = 1;
            one[2].body.workers.row_count = 1;
            tamis_buf_fini(&with);
            tamis_buf_fini(&without);
        }
    }
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_job_rows),
        cmocka_unit_test(test_worker_rows),
        cmocka_unit_test(test_row_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
