/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: results in another process's folder are read over the network like own ones; what is gone,
 * damaged or out of reach is told by task. Method: a server over a folder with made results, and
 * inputs whose own folder is another one, over tcp on loopback; the same reads by path are the
 * reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "served.h"
#include "tamis/data_server.h"
#include "tamis/inputs.h"
#include "tamis/rng.h"
#include "tamis/run_file.h"

#define JOB   "00000000000000aa"
#define TASKS 300 /* more than one bundle */
#define PARTS 4
#define KIND  16
#define ROWS  5000
#define STAGE 2

static tamis_err err;

typedef struct fixture {
    char base[64];
    char owner[TAMIS_PATH_MAX]; /* whose results are read */
    char reader[TAMIS_PATH_MAX];
    char temp[TAMIS_PATH_MAX];
    char id[TAMIS_FOLDER_ID_SIZE];
    tamis_net *net;
    tamis_data_server_options server_options;
    tamis_data_counts counts;
    tamis_actor *server;
    char url[TAMIS_URL_SIZE];
    tamis_results *results;
    tamis_inputs *inputs;
    tamis_records *records;
} fixture;

static void ok(tamis_status status)
{
    if (status != TAMIS_OK) {
        fail_msg("%s: %s", tamis_status_name(status), err.text);
    }
}

/* ---- Results --------------------------------------------------------------------------------- */

static uint64_t word_of(uint32_t task, uint32_t part, uint32_t index)
{
    return (uint64_t)part << 40 | (uint64_t)index << 16 | task;
}

static uint32_t count_of(uint32_t task, uint32_t part)
{
    return (task + part) % 5 == 0 ? 0 : 1 + (task * 7 + part) % 900;
}

static void result_path(const fixture *f, uint32_t task, const char *name,
                        char out_path[TAMIS_PATH_MAX])
{
    (void)snprintf(out_path, TAMIS_PATH_MAX, "%.1000s/" JOB "/%u-%u%s%s", f->owner, STAGE, task,
                   name == NULL ? "" : "/", name == NULL ? "" : name);
}

static void make_result(const fixture *f, uint32_t task)
{
    char path[TAMIS_PATH_MAX];
    tamis_run_writer *writer = NULL;

    result_path(f, task, NULL, path);
    ok(tamis_path_make_folder(path, &err));
    result_path(f, task, TAMIS_RUN_NAME, path);
    ok(tamis_run_writer_create(path, &writer, &err));
    for (uint32_t part = 0; part < PARTS; part++) {
        uint32_t count = count_of(task, part);

        if (count == 0) {
            continue;
        }
        ok(tamis_run_writer_begin(writer, KIND, part, 1, false, &err));
        for (uint32_t i = 0; i < count; i++) {
            uint64_t word = word_of(task, part, i);

            ok(tamis_run_writer_append(writer, &word, 1, &err));
        }
        ok(tamis_run_writer_end(writer, &err));
    }
    ok(tamis_run_writer_finish(writer, NULL, &err));
    tamis_run_writer_destroy(writer);
}

static void make_kept(const fixture *f)
{
    char path[TAMIS_PATH_MAX];
    uint8_t *bytes = malloc(3500000);

    assert_non_null(bytes);
    for (size_t i = 0; i < 3500000; i++) {
        bytes[i] = (uint8_t)(i * 31 >> 8);
    }
    result_path(f, 0, TAMIS_KEPT_NAME, path);
    ok(tamis_path_write_file(path, tamis_slice_of(bytes, 3500000), &err));
    free(bytes);
}

static void make_records(fixture *f)
{
    char path[TAMIS_PATH_MAX];
    tamis_records_writer *writer = NULL;
    uint64_t bytes = 0;

    (void)snprintf(path, sizeof(path), "%.1000s/" JOB "/records", f->owner);
    ok(tamis_records_open(path, false, &f->records, &err));
    ok(tamis_records_writer_create(f->records, f->owner, 128, &writer, &err));
    for (uint32_t row = 0; row < ROWS; row++) {
        uint8_t signature[128];
        char id[200];
        tamis_record record = {.signature = signature, .text_bytes = row};

        memset(signature, (int)(row & 0xff), sizeof(signature));
        (void)snprintf(id, sizeof(id), "id-%u-%0*u", row, (int)(row % 150), 7);
        ok(tamis_records_writer_add(writer, tamis_ord_make(0, 0, row), &record,
                                    tamis_slice_of_string(id), &err));
    }
    ok(tamis_records_writer_commit(writer, &bytes, &err));
    tamis_records_writer_destroy(writer);
}

static tamis_status acquire(void *context, const char *job, tamis_records **out_records,
                            tamis_err *error)
{
    fixture *f = context;

    if (strcmp(job, JOB) != 0) {
        return tamis_err_set(error, TAMIS_ENOENT, "no records");
    }
    *out_records = f->records;
    return TAMIS_OK;
}

static void release(void *context, tamis_records *records)
{
    (void)context;
    (void)records;
}

/* ---- Both ends ------------------------------------------------------------------------------- */

static bool folder_of(void *context, uint32_t number, tamis_folder_place *out_place)
{
    const fixture *f = context;

    *out_place = (tamis_folder_place){.is_alive = true};
    (void)snprintf(out_place->path, sizeof(out_place->path), "%s", f->owner);
    (void)snprintf(out_place->folder_id, sizeof(out_place->folder_id), "%s", f->id);
    (void)snprintf(out_place->data_url, sizeof(out_place->data_url), "%s", f->url);
    return number == 3;
}

static uint32_t owner_of(void *context, uint32_t stage, uint32_t task)
{
    (void)context;
    return stage == STAGE && task < TASKS ? 3 : TAMIS_FOLDER_NONE;
}

static void serve(fixture *f)
{
    f->server_options = (tamis_data_server_options){.net = f->net,
                                                    .url = "tcp://127.0.0.1:*",
                                                    .data_folder = f->owner,
                                                    .folder_id = f->id,
                                                    .acquire = acquire,
                                                    .release = release,
                                                    .context = f,
                                                    .counts = &f->counts};
    ok(tamis_data_server_start(&f->server_options, f->url, &f->server, &err));
}

static void open_inputs(fixture *f, tamis_shuffle_mode mode)
{
    tamis_results_options results = {.net = f->net,
                                     .data_folder = f->reader,
                                     .mode = mode,
                                     .give_up_ms = 400,
                                     .folder = folder_of,
                                     .context = f};
    tamis_inputs_options inputs = {
        .job = JOB, .temp_folder = f->temp, .owner = owner_of, .context = f};

    ok(tamis_results_create(&results, &f->results, &err));
    inputs.results = f->results;
    ok(tamis_inputs_open(&inputs, &f->inputs, &err));
}

static void close_inputs(fixture *f)
{
    tamis_inputs_close(f->inputs);
    tamis_results_destroy(f->results);
    f->inputs = NULL;
    f->results = NULL;
}

static int end_inputs(void **state)
{
    close_inputs(*state);
    return 0;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    /* Hundreds of results are synced: in memory that takes no time. */
    (void)snprintf(f->base, sizeof(f->base), "%s/tamis-shuffle-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(f->base) == NULL) {
        return -1;
    }
    (void)snprintf(f->owner, sizeof(f->owner), "%s/owner", f->base);
    (void)snprintf(f->reader, sizeof(f->reader), "%s/reader", f->base);
    (void)snprintf(f->temp, sizeof(f->temp), "%s/reader/in", f->base);
    ok(tamis_path_make_folder(f->owner, &err));
    ok(tamis_path_make_folder(f->reader, &err));
    ok(tamis_folder_id_make(f->owner, f->id, &err));
    for (uint32_t task = 0; task < TASKS; task++) {
        make_result(f, task);
    }
    make_kept(f);
    make_records(f);
    ok(tamis_net_create(&f->net, &err));
    serve(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    ok(tamis_actor_stop(f->server, 5000, &err));
    tamis_net_destroy(f->net);
    tamis_records_close(f->records);
    ok(tamis_path_remove(f->base, &err));
    free(f);
    return 0;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void check_gathered(const tamis_gathered *gathered, const tamis_gather *wanted)
{
    size_t index = 0;

    for (uint32_t task = wanted->first_task; task < wanted->end_task; task++) {
        tamis_run_file *file = NULL;
        uint64_t all = 0;

        for (uint32_t part = wanted->first_part; part < wanted->end_part; part++) {
            all += count_of(task, part);
        }
        if (all == 0 && (gathered->fetched_bytes != 0)) {
            continue; /* left out */
        }
        assert_true(index < gathered->count);
        ok(tamis_run_file_open_at(gathered->files[index].path, gathered->files[index].offset,
                                  gathered->files[index].size, &file, &err));
        for (uint32_t part = wanted->first_part; part < wanted->end_part; part++) {
            tamis_run_cursor *cursor = NULL;
            const uint64_t *records = NULL;
            size_t count = 0;

            assert_int_equal(tamis_run_file_count(file, KIND, part), count_of(task, part));
            ok(tamis_run_cursor_create(file, KIND, part, 1, &cursor, &err));
            if (tamis_run_cursor_next(cursor, &records, &count, &err) == TAMIS_OK) {
                assert_int_equal(records[0], word_of(task, part, 0));
            }
            tamis_run_cursor_destroy(cursor);
        }
        tamis_run_file_close(file);
        index++;
    }
    assert_int_equal(index, gathered->count);
}

static void test_gather(void **state)
{
    fixture *f = *state;

    for (unsigned mode = TAMIS_SHUFFLE_AUTO; mode <= TAMIS_SHUFFLE_NETWORK; mode++) {
        open_inputs(f, (tamis_shuffle_mode)mode);
        for (uint32_t part = 0; part < PARTS; part++) {
            tamis_gather wanted = {.stage = STAGE,
                                   .end_task = TASKS,
                                   .kind = KIND,
                                   .first_part = part,
                                   .end_part = part == 2 ? PARTS : part + 1};
            tamis_gathered *gathered = NULL;

            ok(tamis_inputs_gather(f->inputs, &wanted, 1, &gathered, &err));
            assert_int_equal(gathered->fetched_bytes != 0, mode == TAMIS_SHUFFLE_NETWORK);
            check_gathered(gathered, &wanted);
            tamis_inputs_release(f->inputs, gathered, part % 2 == 0);
        }
        assert_int_equal(tamis_inputs_finish(f->inputs, TAMIS_EIO, &err), TAMIS_EIO);
        close_inputs(f);
        assert_int_equal(access(f->temp, F_OK), -1); /* nothing stays */
    }
}

static void test_file(void **state)
{
    fixture *f = *state;
    char path[TAMIS_PATH_MAX];
    char own[TAMIS_PATH_MAX];
    char again[TAMIS_PATH_MAX];
    tamis_buf got;
    tamis_buf expected;
    uint64_t requests = 0;

    tamis_buf_init(&got, 0);
    tamis_buf_init(&expected, 0);
    open_inputs(f, TAMIS_SHUFFLE_NETWORK);
    ok(tamis_inputs_file(f->inputs, STAGE, 0, TAMIS_RESULT_KEPT, path, &err));
    assert_non_null(strstr(path, "/fetched/"));
    result_path(f, 0, TAMIS_KEPT_NAME, own);
    ok(tamis_path_read_file(path, &got, &err));
    ok(tamis_path_read_file(own, &expected, &err));
    assert_true(tamis_slice_is_equal(tamis_buf_slice(&got), tamis_buf_slice(&expected)));
    requests = atomic_load(&f->counts.requests);
    ok(tamis_inputs_file(f->inputs, STAGE, 0, TAMIS_RESULT_KEPT, again, &err));
    assert_string_equal(again, path);
    assert_int_equal(atomic_load(&f->counts.requests), requests); /* it is here already */
    tamis_inputs_mark_lost(f->inputs, STAGE, 0, true);
    assert_int_equal(access(path, F_OK), -1); /* a copy that is damaged is not used again */
    tamis_buf_fini(&got);
    tamis_buf_fini(&expected);
}

static void check_rows(fixture *f, tamis_records *records, uint32_t step)
{
    tamis_records_cursor *far = NULL;
    tamis_records_cursor *near = NULL;
    tamis_ord end = tamis_ord_make(0, 1, 0);

    ok(tamis_records_cursor_create(records, 0, end, &far, &err));
    ok(tamis_records_cursor_create(f->records, 0, end, &near, &err));
    for (uint32_t row = 0;; row += step) {
        tamis_record a;
        tamis_record b;
        tamis_ord first = 0;
        tamis_ord second = 0;
        tamis_status status = TAMIS_OK;

        ok(tamis_records_cursor_seek(far, tamis_ord_make(0, 0, row), &err));
        ok(tamis_records_cursor_seek(near, tamis_ord_make(0, 0, row), &err));
        status = tamis_records_cursor_next(far, &first, &a, &err);
        assert_int_equal(status, tamis_records_cursor_next(near, &second, &b, &err));
        if (status == TAMIS_END) {
            break;
        }
        ok(status);
        assert_int_equal(first, second);
        assert_int_equal(a.text_bytes, b.text_bytes);
        assert_memory_equal(a.signature, b.signature, 128);
    }
    tamis_records_cursor_destroy(far);
    tamis_records_cursor_destroy(near);
}

static void test_records(void **state)
{
    fixture *f = *state;
    static const uint32_t steps[] = {1, 3, 255, 256, 257, 1000, 4999};
    tamis_records *records = NULL;
    tamis_ids_cursor *ids = NULL;
    tamis_ord ord = 0;
    tamis_slice id;
    uint32_t rows = 0;
    const char *path = NULL;
    uint32_t folder = 0;
    tamis_way way = TAMIS_WAY_OWN;

    open_inputs(f, TAMIS_SHUFFLE_NETWORK);
    ok(tamis_inputs_place(f->inputs, STAGE, 0, &folder, &path, &way, &err));
    assert_int_equal(way, TAMIS_WAY_NETWORK);
    ok(tamis_inputs_remote_records(f->inputs, STAGE, 0, folder, &records, &err));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        check_rows(f, records, steps[i]);
    }
    ok(tamis_ids_cursor_create(records, 0, tamis_ord_make(0, 1, 0), &ids, &err));
    while (tamis_ids_cursor_next(ids, &ord, &id, &err) == TAMIS_OK) {
        char expected[200];

        (void)snprintf(expected, sizeof(expected), "id-%u-%0*u", rows, (int)(rows % 150), 7);
        assert_true(tamis_slice_is_equal(id, tamis_slice_of_string(expected)));
        rows++;
    }
    assert_int_equal(rows, ROWS);
    tamis_ids_cursor_destroy(ids);
}

static void flip(const char *path, off_t offset)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(file, &byte, 1, offset), 1);
    (void)close(file);
}

/* What is gone and what is damaged, found out by path and over the network alike. */
static void test_losses(void **state)
{
    fixture *f = *state;
    char path[TAMIS_PATH_MAX];

    result_path(f, 7, NULL, path);
    ok(tamis_path_remove(path, &err));
    result_path(f, 290, NULL, path);
    ok(tamis_path_remove(path, &err));
    for (unsigned mode = TAMIS_SHUFFLE_AUTO; mode <= TAMIS_SHUFFLE_NETWORK; mode++) {
        tamis_gather wanted = {
            .stage = STAGE, .end_task = TASKS, .kind = KIND, .first_part = 1, .end_part = 2};
        tamis_gathered *gathered = NULL;
        tamis_lost lost = {0};
        tamis_status status = TAMIS_OK;

        open_inputs(f, (tamis_shuffle_mode)mode);
        status = tamis_inputs_gather(f->inputs, &wanted, 1, &gathered, &err);
        assert_int_equal(status, mode == TAMIS_SHUFFLE_NETWORK ? TAMIS_ELOST : TAMIS_OK);
        status = status == TAMIS_OK ? TAMIS_ENOENT : status; /* as the merge would say */
        assert_int_equal(tamis_inputs_finish(f->inputs, status, &err), TAMIS_ELOST);
        ok(tamis_inputs_lost(f->inputs, &lost));
        assert_int_equal(lost.stage, STAGE);
        assert_int_equal(lost.folder, 3);
        assert_true(lost.is_gone);
        assert_int_equal(lost.count, 2);
        assert_int_equal(lost.tasks[0], 7);
        assert_int_equal(lost.tasks[1], 290);
        free(lost.tasks);
        close_inputs(f);
    }
    make_result(f, 7);
    make_result(f, 290);
}

static void test_damage(void **state)
{
    fixture *f = *state;
    char path[TAMIS_PATH_MAX];

    result_path(f, 11, TAMIS_RUN_NAME, path);
    flip(path, 100); /* in the first block */
    for (unsigned mode = TAMIS_SHUFFLE_AUTO; mode <= TAMIS_SHUFFLE_NETWORK; mode++) {
        tamis_gather wanted = {
            .stage = STAGE, .end_task = 20, .kind = KIND, .first_part = 0, .end_part = 1};
        tamis_gathered *gathered = NULL;
        tamis_lost lost = {0};

        open_inputs(f, (tamis_shuffle_mode)mode);
        ok(tamis_inputs_gather(f->inputs, &wanted, 1, &gathered, &err));
        tamis_inputs_release(f->inputs, gathered, false); /* the merge failed */
        assert_int_equal(tamis_inputs_finish(f->inputs, TAMIS_ECORRUPT, &err), TAMIS_ELOST);
        ok(tamis_inputs_lost(f->inputs, &lost));
        assert_true(lost.is_gone);
        assert_int_equal(lost.count, 1);
        assert_int_equal(lost.tasks[0], 11);
        free(lost.tasks);
        close_inputs(f);
    }
    make_result(f, 11);
}

/* The server goes and comes back under another address in mid-transfer; later it stays away. */
static void test_server_that_moves(void **state)
{
    fixture *f = *state;
    tamis_gather wanted = {
        .stage = STAGE, .end_task = TASKS, .kind = KIND, .first_part = 0, .end_part = PARTS};
    tamis_gathered *gathered = NULL;
    tamis_lost lost = {0};
    char old[TAMIS_URL_SIZE];

    open_inputs(f, TAMIS_SHUFFLE_NETWORK);
    ok(tamis_inputs_gather(f->inputs, &wanted, 1, &gathered, &err));
    tamis_inputs_release(f->inputs, gathered, true);
    memcpy(old, f->url, sizeof(old));
    ok(tamis_actor_stop(f->server, 5000, &err));
    f->server = NULL;
    serve(f);
    assert_string_not_equal(old, f->url);
    ok(tamis_inputs_gather(f->inputs, &wanted, 1, &gathered, &err));
    check_gathered(gathered, &wanted);
    tamis_inputs_release(f->inputs, gathered, true);
    /* Another folder than the book names answers there: as good as nobody. */
    ok(tamis_actor_stop(f->server, 5000, &err));
    f->server = NULL;
    f->url[0] = 0;
    assert_int_equal(tamis_inputs_gather(f->inputs, &wanted, 1, &gathered, &err), TAMIS_ELOST);
    ok(tamis_inputs_lost(f->inputs, &lost));
    assert_false(lost.is_gone);
    assert_int_equal(lost.count, TASKS);
    free(lost.tasks);
    serve(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_gather, end_inputs),
        cmocka_unit_test_teardown(test_file, end_inputs),
        cmocka_unit_test_teardown(test_records, end_inputs),
        cmocka_unit_test_teardown(test_losses, end_inputs),
        cmocka_unit_test_teardown(test_damage, end_inputs),
        cmocka_unit_test_teardown(test_server_that_moves, end_inputs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
