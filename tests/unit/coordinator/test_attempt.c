/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an attempt leaves a whole result under its final name or nothing, and finds the results of
 * others; record stores are opened once and closed when nobody uses them.
 * Method: attempts with task functions of this file, in a temporary folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_job.h"
#include "tamis/attempt.h"
#include "tamis/bytes.h"
#include "tamis/path.h"

#define JOB_ID  "00000000000000aa"
#define BATCHES 2

typedef struct fixture {
    char data[64];
    tamis_folder_book *book;
    tamis_job_view *view;
    tamis_records_cache *records;
    tamis_err err;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    tamis_job *job = fake_job_create(JOB_ID, "/out", BATCHES);
    tamis_buf packed;

    assert_non_null(f);
    assert_non_null(job);
    (void)snprintf(f->data, sizeof(f->data), "/tmp/tamis-attempt-XXXXXX");
    assert_non_null(mkdtemp(f->data));
    tamis_buf_init(&packed, 0);
    assert_int_equal(tamis_job_pack(job, &packed), TAMIS_OK);
    assert_int_equal(tamis_folder_book_create(&f->book), TAMIS_OK);
    assert_int_equal(tamis_job_view_create(tamis_buf_slice(&packed), f->book, &f->view, NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_records_cache_create(&f->records), TAMIS_OK);
    tamis_buf_fini(&packed);
    tamis_job_destroy(job);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    tamis_records_cache_destroy(f->records);
    tamis_job_view_destroy(f->view);
    tamis_folder_book_destroy(f->book);
    assert_int_equal(tamis_path_remove(f->data, NULL), TAMIS_OK);
    free(f);
    return 0;
}

static bool exists(const fixture *f, const char *name)
{
    char path[TAMIS_PATH_MAX];
    struct stat info;

    (void)snprintf(path, sizeof(path), "%s/" JOB_ID "/%s", f->data, name);
    return stat(path, &info) == 0;
}

static tamis_status write_file(const tamis_task_env *env, const char *name, const char *text,
                               tamis_err *err)
{
    char path[TAMIS_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", env->folder, name);
    return tamis_path_write_file(path, tamis_slice_of_string(text), err);
}

static tamis_status scan(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    assert_non_null(env->records);
    assert_null(env->blob_of);
    result->counters[TAMIS_COUNTER_ROWS] = 1;
    atomic_store(&env->progress->bytes, 5);
    return write_file(env, "out", "scanned", err);
}

static tamis_status fails(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    (void)result;
    if (write_file(env, "out", "half", err) != TAMIS_OK) {
        return TAMIS_EIO;
    }
    return tamis_err_set(err, TAMIS_EFORMAT, "bad input");
}

/* Reads the results of both SCAN tasks, and their records. */
static tamis_status links(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    char second[TAMIS_PATH_MAX];
    tamis_gather wanted = {.end_task = BATCHES, .end_part = 1};
    tamis_gathered *gathered = NULL;
    tamis_records *records = NULL;

    (void)result;
    assert_null(env->records);
    if (env->open_file(env->context, 0, 1, TAMIS_RESULT_SPLITS, second, err) != TAMIS_OK) {
        return TAMIS_EIO;
    }
    assert_int_equal(env->gather(env->context, &wanted, 1, &gathered, err), TAMIS_OK);
    assert_int_equal(gathered->count, BATCHES);
    env->release(env->context, gathered, true);
    for (uint32_t b = 0; b < BATCHES; b++) {
        if (env->records_of(env->context, b, &records, err) != TAMIS_OK) {
            return TAMIS_EIO;
        }
    }
    return write_file(env, "out", second, err);
}

static tamis_attempt *perform(fixture *f, tamis_task_run run, uint32_t stage, uint32_t task,
                              uint64_t fence)
{
    tamis_attempt from = {
        .view = f->view,
        .data_folder = f->data,
        .prefix = ".attempt",
        .stage = stage,
        .task = task,
        .fence = fence,
        .run = run,
        .records = f->records,
    };
    tamis_attempt *attempt = tamis_attempt_create(&from);

    assert_non_null(attempt);
    tamis_attempt_perform(attempt);
    return attempt;
}

/* Renews the lease, or calls the attempt back, while another thread waits for either. */
typedef struct waiter {
    tamis_attempt *attempt;
    tamis_status status;
} waiter;

static void *wait_for_lease(void *argument)
{
    waiter *waits = argument;

    waits->status = tamis_attempt_await_lease(waits->attempt, NULL);
    return NULL;
}

static void test_waits_for_the_lease(void **state)
{
    fixture *f = *state;
    tamis_attempt *attempt = perform(f, scan, 0, 1, 1);
    tamis_attempt_lease lease;

    assert_int_equal(tamis_attempt_await_lease(attempt, NULL), TAMIS_OK); /* there is none */
    attempt->lease = &lease;
    for (unsigned is_canceled = 0; is_canceled < 2; is_canceled++) {
        waiter waits = {.attempt = attempt, .status = TAMIS_EIO};
        pthread_t thread;

        atomic_init(&lease.until_ms, 0);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_lease, &waits), 0);
        atomic_store(&attempt->progress.is_canceled, is_canceled != 0);
        atomic_store(&lease.until_ms, is_canceled != 0 ? 0 : UINT64_MAX);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(waits.status, is_canceled != 0 ? TAMIS_ECANCELED : TAMIS_OK);
    }
    /* What was taken away does not come out under a lease that lasts. */
    atomic_store(&lease.until_ms, UINT64_MAX);
    assert_int_equal(tamis_attempt_await_lease(attempt, NULL), TAMIS_ECANCELED);
    tamis_attempt_discard(attempt);
    tamis_attempt_destroy(attempt);
    tamis_records_cache_drop(f->records, JOB_ID, false);
}

static void tell_folder(fixture *f, uint32_t number, const char *path)
{
    uint64_t version = tamis_folder_book_version(f->book);
    tamis_folder_row row = {
        .number = number, .path = path, .folder_id = "", .data_url = "", .public_key = ""};

    assert_int_equal(tamis_folder_book_apply(f->book, version, version + 1, &row, 1, NULL),
                     TAMIS_OK);
}

static void tell_owners(fixture *f, uint16_t second)
{
    uint8_t table[BATCHES * 2] = {0};

    tell_folder(f, 0, f->data);
    tamis_put16le(table + 2, second);
    assert_int_equal(
        tamis_job_view_add_owners(f->view, 0, 1, tamis_slice_of(table, sizeof(table)), NULL),
        TAMIS_OK);
}

static void test_publishes(void **state)
{
    fixture *f = *state;
    tamis_attempt *attempt = perform(f, scan, 0, 1, 0x100000002);

    assert_int_equal(attempt->status, TAMIS_OK);
    assert_int_equal(attempt->result.counters[TAMIS_COUNTER_ROWS], 1);
    assert_true(exists(f, ".attempt-0-1-100000002/out"));
    assert_false(exists(f, "0-1"));
    assert_false(tamis_attempt_result_exists(f->data, JOB_ID, TAMIS_STAGE_SCAN, 0, 1));
    assert_int_equal(tamis_attempt_publish(attempt, NULL), TAMIS_OK);
    assert_true(exists(f, "0-1/out"));
    assert_false(exists(f, ".attempt-0-1-100000002"));
    assert_true(tamis_attempt_result_exists(f->data, JOB_ID, TAMIS_STAGE_SCAN, 0, 1));
    tamis_attempt_destroy(attempt);
    /* Over an older one, which is not empty. */
    attempt = perform(f, scan, 0, 1, 0x100000009);
    assert_int_equal(tamis_attempt_publish(attempt, NULL), TAMIS_OK);
    assert_true(exists(f, "0-1/out"));
    tamis_attempt_destroy(attempt);
}

static void test_failure_leaves_nothing(void **state)
{
    fixture *f = *state;
    tamis_attempt *attempt = perform(f, fails, 0, 0, 1);

    assert_int_equal(attempt->status, TAMIS_EFORMAT);
    assert_string_equal(attempt->err.text, "bad input");
    assert_false(exists(f, ".attempt-0-0-1"));
    tamis_attempt_destroy(attempt);
    attempt = perform(f, NULL, 0, 0, 1);
    assert_int_equal(attempt->status, TAMIS_EUNSUPPORTED);
    assert_non_null(strstr(attempt->err.text, "scan"));
    tamis_attempt_destroy(attempt);
}

static void test_canceled_is_no_result(void **state)
{
    fixture *f = *state;
    tamis_attempt from = {.view = f->view,
                          .data_folder = f->data,
                          .prefix = ".attempt",
                          .run = scan,
                          .records = f->records,
                          .fence = 3};
    tamis_attempt *attempt = tamis_attempt_create(&from);

    assert_non_null(attempt);
    atomic_store(&attempt->progress.is_canceled, true);
    tamis_attempt_perform(attempt);
    assert_int_equal(attempt->status, TAMIS_ECANCELED);
    assert_false(exists(f, ".attempt-0-0-3"));
    tamis_attempt_destroy(attempt);
}

static void test_discard(void **state)
{
    fixture *f = *state;
    tamis_attempt *attempt = perform(f, scan, 0, 0, 1);

    assert_true(exists(f, ".attempt-0-0-1"));
    tamis_attempt_discard(attempt);
    assert_false(exists(f, ".attempt-0-0-1"));
    tamis_attempt_discard(attempt); /* nothing there: nothing to do */
    tamis_attempt_destroy(attempt);
}

static void test_finds_inputs(void **state)
{
    fixture *f = *state;
    tamis_attempt *attempt = NULL;

    for (uint32_t t = 0; t < BATCHES; t++) {
        attempt = perform(f, scan, 0, t, t + 1);
        assert_int_equal(tamis_attempt_publish(attempt, NULL), TAMIS_OK);
        tamis_attempt_destroy(attempt);
    }
    tell_owners(f, 0);
    assert_int_equal(tamis_job_view_known_stages(f->view), 1);
    attempt = perform(f, links, 1, 0, 9);
    if (attempt->status != TAMIS_OK) {
        fail_msg("%s", attempt->err.text);
    }
    tamis_attempt_destroy(attempt);
    tamis_records_cache_drop(f->records, JOB_ID, false);
}

static void test_owner_tables(void **state)
{
    fixture *f = *state;
    uint8_t table[BATCHES * 2] = {0, 0, 1, 0}; /* the second names a folder that is not known */
    tamis_slice bytes = tamis_slice_of(table, sizeof(table));
    tamis_job_view *like = NULL;

    tell_folder(f, 0, "/a");
    assert_int_equal(tamis_job_view_add_owners(f->view, 0, 1, bytes, NULL), TAMIS_EAGAIN);
    bytes.size--;
    assert_int_equal(tamis_job_view_add_owners(f->view, 0, 1, bytes, NULL), TAMIS_EFORMAT);
    assert_int_equal(tamis_job_view_add_owners(f->view, 0, TAMIS_STAGES_MAX, bytes, NULL),
                     TAMIS_EFORMAT);
    assert_int_equal(tamis_job_view_known_stages(f->view), 0);
    assert_null(tamis_job_view_owner(f->view, 0, 0));
    assert_int_equal(tamis_job_view_folder(f->view, 0, 0), TAMIS_FOLDER_NO_INDEX);
    tell_owners(f, 0xffff);
    assert_string_equal(tamis_job_view_owner(f->view, 0, 0), f->data);
    assert_null(tamis_job_view_owner(f->view, 0, 1)); /* skipped */
    assert_null(tamis_job_view_owner(f->view, 0, BATCHES));
    assert_null(tamis_job_view_owner(f->view, TAMIS_STAGES_MAX, 0));
    /* Another generation of the same job starts without owners. */
    assert_int_equal(tamis_job_view_create_like(f->view, &like, NULL), TAMIS_OK);
    assert_ptr_equal(tamis_job_view_job(like), tamis_job_view_job(f->view));
    assert_int_equal(tamis_job_view_known_stages(like), 0);
    tamis_job_view_destroy(like);
}

static void test_records_are_opened_once(void **state)
{
    fixture *f = *state;
    tamis_records *writer = NULL;
    tamis_records *reader = NULL;
    tamis_records *again = NULL;
    char folder[TAMIS_PATH_MAX];

    (void)snprintf(folder, sizeof(folder), "%s/" JOB_ID, f->data);
    assert_int_equal(tamis_path_make_folder(folder, NULL), TAMIS_OK);
    assert_int_equal(tamis_records_cache_acquire(f->records, f->data, JOB_ID, true, &writer, NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_records_cache_acquire(f->records, f->data, JOB_ID, false, &reader, NULL),
                     TAMIS_OK);
    assert_ptr_equal(writer, reader); /* the writer sees everything */
    tamis_records_cache_release(f->records, reader);
    tamis_records_cache_drop(f->records, NULL, true); /* readers only: the writer stays */
    assert_int_equal(tamis_records_cache_acquire(f->records, f->data, JOB_ID, false, &again, NULL),
                     TAMIS_OK);
    assert_ptr_equal(writer, again);
    tamis_records_cache_release(f->records, again);
    tamis_records_cache_drop(f->records, JOB_ID, false); /* closed when the last user is through */
    tamis_records_cache_release(f->records, writer);
    assert_int_equal(tamis_records_cache_acquire(f->records, f->data, JOB_ID, true, &writer, NULL),
                     TAMIS_OK);
    tamis_records_cache_release(f->records, writer);
}

static void test_sweep(void **state)
{
    fixture *f = *state;
    tamis_attempt *attempt = perform(f, scan, 0, 0, 1);
    tamis_attempt *done = perform(f, scan, 0, 1, 2);

    assert_int_equal(tamis_attempt_publish(done, NULL), TAMIS_OK);
    tamis_attempt_destroy(attempt); /* as if its process had died */
    tamis_attempt_destroy(done);
    assert_int_equal(tamis_attempt_sweep(f->data, ".local", NULL), TAMIS_OK);
    assert_true(exists(f, ".attempt-0-0-1"));
    assert_int_equal(tamis_attempt_sweep(f->data, ".attempt", NULL), TAMIS_OK);
    assert_false(exists(f, ".attempt-0-0-1"));
    assert_true(exists(f, "0-1"));
}

static void test_build_text(void **state)
{
    char text[TAMIS_BUILD_TEXT_SIZE];

    (void)state;
    assert_int_equal(tamis_build_text(text), TAMIS_OK);
    assert_non_null(strstr(text, "definition 1"));
    assert_true(tamis_build_zstd()[0] != 0);
}

#define ATTEMPT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTEMPT_TEST(test_publishes),
        ATTEMPT_TEST(test_failure_leaves_nothing),
        ATTEMPT_TEST(test_canceled_is_no_result),
        ATTEMPT_TEST(test_discard),
        ATTEMPT_TEST(test_finds_inputs),
        ATTEMPT_TEST(test_owner_tables),
        ATTEMPT_TEST(test_records_are_opened_once),
        ATTEMPT_TEST(test_waits_for_the_lease),
        ATTEMPT_TEST(test_sweep),
        cmocka_unit_test(test_build_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
