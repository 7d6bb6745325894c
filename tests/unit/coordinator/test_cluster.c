/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a whole run in one process - its result, its resumption, its failures - with fake tasks.
 * Method: tamis_cluster_run in a temporary folder; the result depends on every file that every task
 * read, so that one equal number means that each found the right ones. */
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
#include "tamis/cluster.h"
#include "tamis/isolate.h"
#include "tamis/path.h"

#define JOB_ID  "00112233445566aa"
#define BATCHES 6

typedef struct fixture {
    char folder[64];
    char state[128];
    char data[128];
    char out[128];
    tamis_job *job;
    tamis_run_status status;
    tamis_err err;
    _Atomic bool is_canceled;
    uint32_t cancel_at_stage; /* progress cancels there; UINT32_MAX: nowhere */
    uint32_t calls;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/tamis-cluster-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->state, sizeof(f->state), "%s/state", f->folder);
    (void)snprintf(f->data, sizeof(f->data), "%s/data", f->folder);
    (void)snprintf(f->out, sizeof(f->out), "%s/out", f->folder);
    f->job = fake_job_create(JOB_ID, f->out, BATCHES);
    assert_non_null(f->job);
    f->cancel_at_stage = UINT32_MAX;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    static const char *const variables[] = {"FAKE_TASK_MS", "FAKE_FAIL", "FAKE_FATAL", "FAKE_SKIP",
                                            "FAKE_TRACE"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        (void)unsetenv(variables[i]);
    }
    tamis_job_destroy(f->job);
    assert_int_equal(tamis_path_remove(f->folder, NULL), TAMIS_OK);
    free(f);
    return 0;
}

static void on_progress(void *context, const tamis_run_status *status)
{
    fixture *f = context;

    f->calls++;
    if (status->state == TAMIS_RUN_RUNNING && status->stage >= f->cancel_at_stage &&
        status->stage < status->stage_count) {
        atomic_store(&f->is_canceled, true);
    }
}

static tamis_status run(fixture *f, uint32_t threads)
{
    tamis_cluster_options options = {
        .job = f->job,
        .state_folder = f->state,
        .data_folder = f->data,
        .threads = threads,
        .memory_bytes = 64 << 20,
        .worker_tasks = fake_tasks(),
        .local_tasks = fake_tasks(),
        .progress = on_progress,
        .progress_context = f,
        .is_canceled = &f->is_canceled,
    };
    tamis_status status = tamis_cluster_run(&options, &f->status, &f->err);

    if (status != TAMIS_OK) {
        print_message("%s\n", f->err.text);
    }
    return status;
}

static uint64_t task_total(const tamis_job *job)
{
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t count = tamis_job_stages(job, stages);
    uint64_t total = 0;

    for (uint32_t s = 0; s < count; s++) {
        total += stages[s].task_count;
    }
    return total;
}

static uint64_t expected_result(fixture *f)
{
    fixture other = *f;
    uint64_t result = 0;

    /* In folders of its own, with the same job: what comes out does not depend on where. */
    (void)snprintf(other.state, sizeof(other.state), "%s/state-1", f->folder);
    (void)snprintf(other.data, sizeof(other.data), "%s/data-1", f->folder);
    assert_int_equal(run(&other, 1), TAMIS_OK);
    result = fake_result(f->out);
    assert_int_not_equal(result, 0);
    assert_int_equal(tamis_path_remove(f->out, NULL), TAMIS_OK);
    return result;
}

static void test_runs_to_the_end(void **state)
{
    fixture *f = *state;
    uint64_t expected = expected_result(f);

    assert_int_equal(run(f, 3), TAMIS_OK);
    assert_int_equal(fake_result(f->out), expected);
    assert_int_equal(f->status.state, TAMIS_RUN_DONE);
    assert_int_equal(f->status.tasks_executed, task_total(f->job));
    assert_int_equal(f->status.tasks_lost, 0);
    assert_int_equal(f->status.stage, f->status.stage_count);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], BATCHES * 3);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_LARGEST_BUCKET], BATCHES - 1);
    assert_int_equal(f->status.stages[0].documents, BATCHES);
    /* Intermediate results are gone. */
    char path[TAMIS_PATH_MAX];
    struct stat info;

    (void)snprintf(path, sizeof(path), "%s/" JOB_ID, f->data);
    assert_int_not_equal(stat(path, &info), 0);
}

static void test_second_call_returns_at_once(void **state)
{
    fixture *f = *state;

    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_equal(tamis_path_remove(f->out, NULL), TAMIS_OK);
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_equal(f->status.tasks_executed, 0);
    assert_int_equal(f->status.state, TAMIS_RUN_DONE);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], BATCHES * 3);
    assert_int_equal(fake_result(f->out), 0); /* nothing was run */
}

static void test_another_job_is_refused(void **state)
{
    fixture *f = *state;

    assert_int_equal(run(f, 2), TAMIS_OK);
    f->job->settings.shingle++;
    assert_int_equal(run(f, 2), TAMIS_ECHANGED);
    assert_non_null(strstr(f->err.text, f->state));
}

static void test_another_id_is_the_same_job(void **state)
{
    fixture *f = *state;

    assert_int_equal(run(f, 2), TAMIS_OK);
    memcpy(f->job->id, "ffeeddccbbaa9988", 16);
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_equal(f->status.tasks_executed, 0);
    assert_string_equal(f->status.job_id, JOB_ID);
}

static void test_resumes_without_repeating(void **state)
{
    fixture *f = *state;
    uint64_t expected = expected_result(f);
    uint64_t executed = 0;

    (void)setenv("FAKE_TASK_MS", "30", 1);
    f->cancel_at_stage = 1;
    assert_int_equal(run(f, 2), TAMIS_ECANCELED);
    assert_int_equal(f->status.state, TAMIS_RUN_CANCELED);
    executed = f->status.tasks_executed;
    assert_true(executed >= BATCHES);
    assert_true(executed < task_total(f->job));
    assert_int_equal(fake_result(f->out), 0);

    (void)unsetenv("FAKE_TASK_MS");
    f->cancel_at_stage = UINT32_MAX;
    atomic_store(&f->is_canceled, false);
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_equal(fake_result(f->out), expected);
    /* The last status of the first run may be a little older than its ledger. */
    assert_true(f->status.tasks_executed <= task_total(f->job) - executed);
    assert_true(f->status.tasks_executed > 0);
    assert_int_equal(f->status.stages[0].counters[TAMIS_COUNTER_ROWS], BATCHES * 3);
}

static void test_lost_results_are_run_again(void **state)
{
    fixture *f = *state;
    uint64_t expected = expected_result(f);
    char path[TAMIS_PATH_MAX];

    (void)setenv("FAKE_TASK_MS", "10", 1);
    f->cancel_at_stage = 2;
    assert_int_equal(run(f, 2), TAMIS_ECANCELED);
    (void)snprintf(path, sizeof(path), "%s/" JOB_ID "/0-3", f->data);
    assert_int_equal(tamis_path_remove(path, NULL), TAMIS_OK);
    (void)snprintf(path, sizeof(path), "%s/trace", f->folder);
    (void)setenv("FAKE_TRACE", path, 1);
    f->cancel_at_stage = UINT32_MAX;
    atomic_store(&f->is_canceled, false);
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_equal(fake_result(f->out), expected);

    tamis_buf lines;

    tamis_buf_init(&lines, 0);
    assert_int_equal(tamis_path_read_file(path, &lines, NULL), TAMIS_OK);
    assert_int_equal(tamis_buf_append_byte(&lines, 0), TAMIS_OK);
    assert_non_null(strstr((const char *)lines.data, "0 3\n"));
    assert_null(strstr((const char *)lines.data, "0 2\n"));
    tamis_buf_fini(&lines);
}

static void test_skipped_stages(void **state)
{
    fixture *f = *state;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t count = tamis_job_stages(f->job, stages);
    uint32_t spool = tamis_stage_find(stages, count, TAMIS_STAGE_SPOOL, TAMIS_LEVEL_NEAR);

    (void)setenv("FAKE_SKIP", "1", 1);
    assert_int_equal(run(f, 2), TAMIS_OK);
    for (uint32_t s = 0; s < f->status.stage_count; s++) {
        assert_true(f->status.stages[s].is_complete);
        assert_int_equal(f->status.stages[s].is_skipped, s >= spool && s < spool + 3);
        assert_int_equal(f->status.stages[s].tasks_done,
                         s >= spool && s < spool + 3 ? 0 : stages[s].task_count);
    }
}

static void test_retries_what_may_pass(void **state)
{
    fixture *f = *state;

    (void)setenv("FAKE_FAIL", "scan:2:2", 1);
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_equal(f->status.tasks_lost, 2);
}

static void test_fails_with_the_text_and_resumes(void **state)
{
    fixture *f = *state;

    (void)setenv("FAKE_FATAL", "link:1", 1);
    assert_int_equal(run(f, 2), TAMIS_EFORMAT);
    assert_non_null(strstr(f->err.text, "link task 1: as the test wanted"));
    assert_int_equal(f->status.state, TAMIS_RUN_FAILED);
    (void)unsetenv("FAKE_FATAL");
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_true(f->status.tasks_executed <= task_total(f->job) - BATCHES);
    assert_int_not_equal(fake_result(f->out), 0);
}

static void test_local_failure(void **state)
{
    fixture *f = *state;

    (void)setenv("FAKE_FATAL", "repoint:0", 1);
    assert_int_equal(run(f, 2), TAMIS_EFORMAT);
    assert_non_null(strstr(f->err.text, "repoint task 0: as the test wanted"));
}

static void test_gives_up_after_attempts(void **state)
{
    fixture *f = *state;

    (void)setenv("FAKE_FAIL", "emit:0:1000", 1);
    assert_int_equal(run(f, 1), TAMIS_EIO);
    assert_non_null(strstr(f->err.text, "emit task 0: as the test wanted, for now"));
}

static void test_no_batches(void **state)
{
    fixture *f = *state;

    tamis_job_destroy(f->job);
    f->job = fake_job_create(JOB_ID, f->out, 0);
    assert_int_equal(run(f, 2), TAMIS_OK);
    assert_int_not_equal(fake_result(f->out), 0);
}

static void *run_in_thread(void *argument)
{
    fixture *f = argument;

    return run(f, 1) == TAMIS_OK ? f : NULL;
}

static void test_folder_in_use(void **state)
{
    fixture *f = *state;
    fixture *other = calloc(1, sizeof(*other));
    pthread_t thread;
    void *result = NULL;
    tamis_status status = TAMIS_OK;

    assert_non_null(other);
    (void)setenv("FAKE_TASK_MS", "5", 1);
    *other = *f;
    (void)snprintf(other->state, sizeof(other->state), "%s/state-2", f->folder);
    assert_int_equal(pthread_create(&thread, NULL, run_in_thread, f), 0);
    /* The first holds the data folder for at least 5 ms a task. */
    do {
        struct stat info;
        char path[TAMIS_PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/" JOB_ID, f->data);
        status = stat(path, &info) == 0 ? TAMIS_OK : TAMIS_EAGAIN;
    } while (status == TAMIS_EAGAIN);
    assert_int_equal(run(other, 1), TAMIS_EHELD);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, f);
    free(other);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_runs_to_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_second_call_returns_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_job_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_id_is_the_same_job, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resumes_without_repeating, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lost_results_are_run_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_skipped_stages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retries_what_may_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fails_with_the_text_and_resumes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gives_up_after_attempts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_batches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_in_use, set_up, tear_down),
    };

    if (tamis_isolate_is_asked(argument_count, arguments)) {
        return tamis_isolate_main(fake_tasks());
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
