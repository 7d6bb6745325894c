/* SPDX-License-Identifier: Apache-2.0 */
/* What `tamis status` and `tamis jobs` show, and which job a name means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "status_print.h"

static tamis_job_row jobs[] = {
    {.id = "00000000000000a1", .state = TAMIS_RUN_DONE, .output = "/out/a", .stage_count = 2},
    {.id = "00000000000000b1", .state = TAMIS_RUN_RUNNING, .output = "/out/b", .stage_count = 2},
    {.id = "10000000000000b2", .state = TAMIS_RUN_QUEUED, .output = "/out/b", .stage_count = 2},
};

static const tamis_job_list job_list = {.rows = jobs, .row_count = 3};

static tamis_worker_row workers[] = {
    {.name = "one", .host = "h", .threads = 4, .data_folder = "/d1"},
    {.name = "three", .host = "h", .threads = 4, .state = TAMIS_WORKER_LOST, .data_folder = "/d3"},
    {.name = "two", .host = "h", .state = TAMIS_WORKER_DRAINING, .data_folder = "/d2"},
};

static const tamis_worker_list worker_list = {.rows = workers, .row_count = 3};

static tamis_run_status status = {
    .state = TAMIS_RUN_RUNNING,
    .job_id = "00000000000000b1",
    .stage = 1,
    .stage_count = 3,
    .tasks_lost = 7,
    .stages = {{.stage = {.kind = TAMIS_STAGE_SCAN, .task_count = 4},
                .tasks_done = 4,
                .is_complete = true,
                .bytes = 1200000000,
                .elapsed_ms = 60000},
               {.stage = {.kind = TAMIS_STAGE_LINK, .level = TAMIS_LEVEL_NEAR, .task_count = 8},
                .tasks_done = 2,
                .bytes = 1000,
                .elapsed_ms = 1000},
               {.stage = {.kind = TAMIS_STAGE_EMIT, .task_count = 4}}},
};

static const char *page_of(tamis_status_view *view, uint64_t now_ms, unsigned columns,
                           unsigned rows, tamis_buf *out)
{
    tamis_status_moment moment = {.now_ms = now_ms,
                                  .status = &status,
                                  .output = "/out/b",
                                  .jobs = &job_list,
                                  .workers = &worker_list};

    tamis_buf_reset(out);
    assert_int_equal(tamis_status_page(view, &moment, columns, rows, out), TAMIS_OK);
    assert_int_equal(tamis_buf_append(out, "", 1), TAMIS_OK);
    return (const char *)out->data;
}

static void shows_job_stages_and_workers(void **state)
{
    tamis_status_view view = {.url = "tcp://c:1"};
    tamis_buf out;
    const char *page = NULL;

    (void)state;
    tamis_buf_init(&out, 0);
    page = page_of(&view, 1000, 0, 0, &out);
    assert_non_null(strstr(page, "tcp://c:1  workers: 1 alive, 1 draining, 1 lost"));
    assert_non_null(strstr(page, "00000000000000b1  running  1:01  /out/b"));
    assert_non_null(strstr(page, "1.20 GB"));
    assert_non_null(strstr(page, "near link"));
    assert_non_null(strstr(page, "7 lost"));
    assert_null(strstr(page, "emit")); /* has not begun */
    assert_non_null(strstr(page, "draining"));
    assert_null(strstr(page, "\033"));
    tamis_buf_fini(&out);
}

static void rates_come_with_the_second_look(void **state)
{
    tamis_status_view view = {.url = "tcp://c:1"};
    tamis_buf out;

    (void)state;
    tamis_buf_init(&out, 0);
    assert_null(strstr(page_of(&view, 1000, 0, 0, &out), "/s"));
    status.stages[1].bytes = 5001000;
    assert_non_null(strstr(page_of(&view, 2000, 0, 0, &out), "5.00 MB/s"));
    status.stages[1].bytes = 1000; /* its tasks began anew: no negative rate */
    assert_null(strstr(page_of(&view, 3000, 0, 0, &out), "/s"));
    tamis_buf_fini(&out);
}

static void fits_the_terminal(void **state)
{
    tamis_status_view view = {.url = "tcp://c:1"};
    tamis_worker_row many[50];
    tamis_worker_list list = {.rows = many, .row_count = 50};
    tamis_status_moment moment = {.jobs = &job_list, .workers = &list};
    unsigned lines = 0;
    tamis_buf out;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        many[i] = workers[0];
    }
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_status_page(&view, &moment, 30, 20, &out), TAMIS_OK);
    for (size_t i = 0, column = 0; i < out.size; i++) {
        column = out.data[i] == '\n' ? 0 : column + 1;
        lines += out.data[i] == '\n';
        assert_true(column <= 30);
    }
    assert_true(lines <= 20);
    assert_int_equal(tamis_buf_append(&out, "", 1), TAMIS_OK);
    assert_non_null(strstr((const char *)out.data, "more\n"));
    tamis_buf_fini(&out);
}

static void find(const char *name, tamis_status expected, size_t expected_row)
{
    const tamis_job_row *row = NULL;
    tamis_err err;

    assert_int_equal(tamis_job_list_find(&job_list, name, &row, &err), expected);
    if (expected == TAMIS_OK) {
        assert_ptr_equal(row, &jobs[expected_row]);
    } else {
        assert_true(err.text[0] != '\0');
    }
}

static void finds_the_job_that_is_meant(void **state)
{
    (void)state;
    find("00000000000000a1", TAMIS_OK, 0);
    find("1", TAMIS_OK, 2);
    find("last", TAMIS_OK, 2);
    find("/out/b", TAMIS_OK, 2); /* the last one of that folder */
    find("/out/a", TAMIS_OK, 0);
    find("0000", TAMIS_EARG, 0);
    find("2", TAMIS_ENOENT, 0);
    find("/out", TAMIS_ENOENT, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_job_stages_and_workers),
        cmocka_unit_test(rates_come_with_the_second_look),
        cmocka_unit_test(fits_the_terminal),
        cmocka_unit_test(finds_the_job_that_is_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
