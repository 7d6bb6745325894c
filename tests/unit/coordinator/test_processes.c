/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: coordinator and workers as processes run a job over loopback tcp to the same result as one
 * process does, also when they are killed.
 * Method: cluster_node (the real programs with fake tasks) on free ports; every wait has a
 * deadline; faults happen in the progress call, when the job is known to be under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_job.h"
#include "tamis/cluster.h"
#include "tamis/net.h"
#include "tamis/path.h"

#define JOB_ID      "00112233445566aa"
#define BATCHES     8
#define WORKERS_MAX 4
#define WAIT_MS     60000

static const char *node_path; /* of cluster_node: argument of this program */

typedef struct cluster {
    char folder[64];
    char out[96];
    char url[TAMIS_URL_SIZE];
    pid_t coordinator;
    pid_t workers[WORKERS_MAX];
    tamis_job *job;
    tamis_run_status status;
    tamis_err err;
    _Atomic bool is_canceled;
    void (*fault)(struct cluster *cluster, const tamis_run_status *status);
    bool is_fault_done;
} cluster;

static int set_up(void **state)
{
    cluster *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    (void)snprintf(c->folder, sizeof(c->folder), "/tmp/tamis-processes-XXXXXX");
    assert_non_null(mkdtemp(c->folder));
    (void)snprintf(c->out, sizeof(c->out), "%s/out", c->folder);
    c->job = fake_job_create(JOB_ID, c->out, BATCHES);
    assert_non_null(c->job);
    *state = c;
    return 0;
}

/* Waits for the process and returns its exit code as a shell shows it. */
static int wait_process(pid_t process)
{
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;
    const struct timespec pause = {.tv_nsec = 5000000};
    int status = 0;

    while (waitpid(process, &status, WNOHANG) == 0) {
        if (tamis_net_now_ms() > deadline_ms) {
            (void)kill(process, SIGKILL);
            fail_msg("process %d does not end", (int)process);
        }
        (void)nanosleep(&pause, NULL);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int stop_process(pid_t *process, int number)
{
    int code = 0;

    if (*process != 0) {
        assert_int_equal(kill(*process, number), 0);
        code = wait_process(*process);
        *process = 0;
    }
    return code;
}

static int tear_down(void **state)
{
    cluster *c = *state;
    static const char *const variables[] = {"FAKE_TASK_MS", "FAKE_FAIL", "FAKE_FATAL",
                                            "FAKE_TRACE"};

    for (size_t i = 0; i < WORKERS_MAX; i++) {
        (void)stop_process(&c->workers[i], SIGKILL);
    }
    (void)stop_process(&c->coordinator, SIGKILL);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        (void)unsetenv(variables[i]);
    }
    tamis_job_destroy(c->job);
    assert_int_equal(tamis_path_remove(c->folder, NULL), TAMIS_OK);
    free(c);
    return 0;
}

/* ---- Processes ------------------------------------------------------------------------------- */

/* arguments end with NULL. stdout goes to `out` unless that is negative. */
static pid_t start_process(const char *const *arguments, int out)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        if (out >= 0) {
            (void)dup2(out, STDOUT_FILENO);
        }
        (void)execv(node_path, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return process;
}

/* Reads "listening URL". */
static void read_url(cluster *c, int file)
{
    char line[TAMIS_URL_SIZE + 16] = "";
    size_t size = 0;
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;

    while (strchr(line, '\n') == NULL) {
        struct pollfd item = {.fd = file, .events = POLLIN};
        ssize_t got = 0;

        assert_true(tamis_net_now_ms() < deadline_ms && size + 1 < sizeof(line));
        if (poll(&item, 1, 100) != 1) {
            continue;
        }
        got = read(file, line + size, sizeof(line) - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
    assert_int_equal(sscanf(line, "listening %255s", c->url), 1);
}

static void start_coordinator(cluster *c)
{
    char state[96];
    int ends[2];
    const char *const arguments[] = {
        "tamis-coordinator",
        "coordinator",
        "--state",
        state,
        "--listen",
        c->url[0] == 0 ? "tcp://127.0.0.1:*" : c->url,
        "--lease=1s",
        "--log-level=error",
        NULL,
    };

    (void)snprintf(state, sizeof(state), "%s/state", c->folder);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    c->coordinator = start_process(arguments, ends[1]);
    (void)close(ends[1]);
    read_url(c, ends[0]);
    (void)close(ends[0]);
}

static void start_worker(cluster *c, size_t index)
{
    char data[96];
    const char *const arguments[] = {
        "tamis-worker", "worker",      "--coordinator",     c->url, "--data",
        data,           "--threads=2", "--log-level=error", NULL,
    };

    (void)snprintf(data, sizeof(data), "%s/data-%zu", c->folder, index);
    c->workers[index] = start_process(arguments, -1);
}

static void on_progress(void *context, const tamis_run_status *status)
{
    cluster *c = context;

    if (c->fault != NULL && !c->is_fault_done && status->state == TAMIS_RUN_RUNNING) {
        c->fault(c, status);
    }
}

static tamis_status submit(cluster *c)
{
    tamis_submit_options options = {
        .url = c->url,
        .job = c->job,
        .give_up_ms = WAIT_MS,
        .progress = on_progress,
        .progress_context = c,
        .is_canceled = &c->is_canceled,
    };

    return tamis_cluster_submit(&options, &c->status, &c->err);
}

/* What one process makes of the same job. */
static uint64_t expected_result(cluster *c)
{
    char state[96];
    char data[96];
    uint64_t result = 0;
    tamis_cluster_options options = {
        .job = c->job,
        .state_folder = state,
        .data_folder = data,
        .threads = 2,
        .worker_tasks = fake_tasks(),
        .local_tasks = fake_tasks(),
    };

    (void)snprintf(state, sizeof(state), "%s/one-state", c->folder);
    (void)snprintf(data, sizeof(data), "%s/one-data", c->folder);
    assert_int_equal(tamis_cluster_run(&options, NULL, &c->err), TAMIS_OK);
    result = fake_result(c->out);
    assert_int_not_equal(result, 0);
    assert_int_equal(tamis_path_remove(c->out, NULL), TAMIS_OK);
    return result;
}

static bool has_files_of_job(const cluster *c, const char *folder)
{
    char path[TAMIS_PATH_MAX];
    struct stat info;

    (void)snprintf(path, sizeof(path), "%s/%s/" JOB_ID, c->folder, folder);
    return stat(path, &info) == 0;
}

static void await_clean_up(const cluster *c, const char *folder)
{
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;
    const struct timespec pause = {.tv_nsec = 5000000};

    while (has_files_of_job(c, folder)) {
        assert_true(tamis_net_now_ms() < deadline_ms);
        (void)nanosleep(&pause, NULL);
    }
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void run_with_workers(cluster *c, size_t worker_count)
{
    uint64_t expected = expected_result(c);

    start_coordinator(c);
    for (size_t i = 0; i < worker_count; i++) {
        start_worker(c, i);
    }
    if (submit(c) != TAMIS_OK) {
        fail_msg("%s", c->err.text);
    }
    assert_int_equal(fake_result(c->out), expected);
    assert_int_equal(c->status.state, TAMIS_RUN_DONE);
    for (size_t i = 0; i < worker_count; i++) {
        char folder[32];

        (void)snprintf(folder, sizeof(folder), "data-%zu", i);
        await_clean_up(c, folder);
    }
    await_clean_up(c, "state/data");
    for (size_t i = 0; i < worker_count; i++) {
        assert_int_equal(stop_process(&c->workers[i], SIGTERM), 128 + SIGTERM);
    }
    assert_int_equal(stop_process(&c->coordinator, SIGINT), 128 + SIGINT);
}

static void test_one_worker(void **state)
{
    run_with_workers(*state, 1);
}

static void test_two_workers(void **state)
{
    run_with_workers(*state, 2);
}

static void test_four_workers(void **state)
{
    run_with_workers(*state, 4);
}

static void kill_worker(cluster *c, const tamis_run_status *status)
{
    if (status->stages[0].tasks_done != 0 && status->tasks_running != 0) {
        c->is_fault_done = true;
        (void)stop_process(&c->workers[0], SIGKILL);
    }
}

static void test_worker_is_killed(void **state)
{
    cluster *c = *state;
    uint64_t expected = expected_result(c);

    (void)setenv("FAKE_TASK_MS", "40", 1);
    start_coordinator(c);
    start_worker(c, 0);
    start_worker(c, 1);
    c->fault = kill_worker;
    assert_int_equal(submit(c), TAMIS_OK);
    assert_true(c->is_fault_done);
    assert_int_equal(fake_result(c->out), expected);
    assert_true(c->status.tasks_lost != 0);
}

static void restart_worker(cluster *c, const tamis_run_status *status)
{
    if (status->stages[0].tasks_done != 0) {
        c->is_fault_done = true;
        (void)stop_process(&c->workers[0], SIGKILL);
        start_worker(c, 0);
    }
}

static void test_only_worker_is_restarted(void **state)
{
    cluster *c = *state;
    uint64_t expected = expected_result(c);

    (void)setenv("FAKE_TASK_MS", "40", 1);
    start_coordinator(c);
    start_worker(c, 0);
    c->fault = restart_worker;
    assert_int_equal(submit(c), TAMIS_OK);
    assert_true(c->is_fault_done);
    assert_int_equal(fake_result(c->out), expected);
}

static void restart_coordinator(cluster *c, const tamis_run_status *status)
{
    if (status->stage >= 1) {
        c->is_fault_done = true;
        (void)stop_process(&c->coordinator, SIGKILL);
        start_coordinator(c);
    }
}

static void test_coordinator_is_restarted(void **state)
{
    cluster *c = *state;
    uint64_t expected = expected_result(c);
    char trace[TAMIS_PATH_MAX];
    tamis_buf lines;
    unsigned scans = 0;

    (void)snprintf(trace, sizeof(trace), "%s/trace", c->folder);
    (void)setenv("FAKE_TRACE", trace, 1);
    (void)setenv("FAKE_TASK_MS", "20", 1);
    start_coordinator(c);
    start_worker(c, 0);
    start_worker(c, 1);
    c->fault = restart_coordinator;
    assert_int_equal(submit(c), TAMIS_OK);
    assert_true(c->is_fault_done);
    assert_int_equal(fake_result(c->out), expected);
    /* What was finished before is not run again: SCAN was complete. */
    tamis_buf_init(&lines, 0);
    assert_int_equal(tamis_path_read_file(trace, &lines, NULL), TAMIS_OK);
    assert_int_equal(tamis_buf_append_byte(&lines, 0), TAMIS_OK);
    for (const char *line = (const char *)lines.data; line != NULL && line[0] != 0;
         line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1) {
        scans += strncmp(line, "0 ", 2) == 0;
    }
    assert_int_equal(scans, BATCHES);
    tamis_buf_fini(&lines);
}

static void cancel(cluster *c, const tamis_run_status *status)
{
    if (status->stage >= 1) {
        c->is_fault_done = true;
        atomic_store(&c->is_canceled, true);
    }
}

static void test_cancel_and_go_on(void **state)
{
    cluster *c = *state;
    uint64_t expected = expected_result(c);

    (void)setenv("FAKE_TASK_MS", "20", 1);
    start_coordinator(c);
    start_worker(c, 0);
    c->fault = cancel;
    assert_int_equal(submit(c), TAMIS_ECANCELED);
    assert_int_equal(c->status.state, TAMIS_RUN_CANCELED);
    assert_int_equal(fake_result(c->out), 0);
    atomic_store(&c->is_canceled, false);
    /* Another id, the same content: it is that job, and goes on. */
    memcpy(c->job->id, "ffffffffffffffff", 16);
    assert_int_equal(submit(c), TAMIS_OK);
    assert_string_equal(c->status.job_id, JOB_ID);
    assert_int_equal(fake_result(c->out), expected);
}

static void test_failure_is_told(void **state)
{
    cluster *c = *state;

    (void)setenv("FAKE_FATAL", "scan:3", 1);
    start_coordinator(c);
    start_worker(c, 0);
    assert_int_equal(submit(c), TAMIS_EFORMAT);
    assert_string_equal(c->err.text, "scan task 3: as the test wanted");
}

static void test_jobs_one_after_the_other(void **state)
{
    cluster *c = *state;
    char out[TAMIS_PATH_MAX];
    tamis_job *first = c->job;

    start_coordinator(c);
    start_worker(c, 0);
    assert_int_equal(submit(c), TAMIS_OK);
    (void)snprintf(out, sizeof(out), "%s/other", c->folder);
    c->job = fake_job_create("00112233445566bb", out, 3);
    assert_non_null(c->job);
    assert_int_equal(submit(c), TAMIS_OK);
    assert_int_not_equal(fake_result(out), 0);
    tamis_job_destroy(c->job);
    c->job = first;
}

static int run_node(const char *const *arguments)
{
    return wait_process(start_process(arguments, open("/dev/null", O_WRONLY | O_CLOEXEC)));
}

static void test_exit_codes(void **state)
{
    cluster *c = *state;
    char data[96];
    const char *const help[] = {"tamis-worker", "worker", "--help", NULL};
    const char *const version[] = {"tamis-coordinator", "coordinator", "--version", NULL};
    const char *const no_data[] = {"tamis-worker", "worker", "--coordinator=tcp://127.0.0.1:1",
                                   "--log-level=error", NULL};
    const char *const bad_url[] = {
        "tamis-worker",      "worker", "--coordinator=nonsense", "--data", data,
        "--log-level=error", NULL};
    const char *const nobody[] = {"tamis-worker",      "worker",       "--coordinator",
                                  "tcp://127.0.0.1:1", "--data",       data,
                                  "--log-level=error", "--give-up=1s", NULL};
    const char *const in_use[] = {"tamis-coordinator", "coordinator", "--state",           data,
                                  "--listen",          c->url,        "--log-level=error", NULL};

    (void)snprintf(data, sizeof(data), "%s/data-0", c->folder);
    assert_int_equal(run_node(help), 0);
    assert_int_equal(run_node(version), 0);
    assert_int_equal(run_node(no_data), 2);
    assert_int_equal(run_node(bad_url), 2);
    assert_int_equal(run_node(nobody), 4);
    start_coordinator(c);
    assert_int_equal(run_node(in_use), 1);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_worker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_workers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_four_workers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_worker_is_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_worker_is_restarted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_coordinator_is_restarted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_and_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failure_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_jobs_one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exit_codes, set_up, tear_down),
    };

    if (argument_count != 2) {
        (void)fprintf(stderr, "usage: test_processes CLUSTER_NODE\n");
        return 2;
    }
    node_path = arguments[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
