/* SPDX-License-Identifier: Apache-2.0 */
/* store_test.h - a temporary folder for each test, and checks that print what went wrong. */
#ifndef TAMIS_STORE_TEST_H
#define TAMIS_STORE_TEST_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/status.h"

#define TEST_PATH_SIZE 512

/* The status must be the one expected; an unexpected text is shown. */
static inline void assert_status(tamis_status status, tamis_status expected, const tamis_err *err)
{
    if (status != expected) {
        print_error("%s instead of %s: %s\n", tamis_status_name(status),
                    tamis_status_name(expected), err->text);
    }
    assert_int_equal(status, expected);
}

static inline void test_path(char out_path[TEST_PATH_SIZE], const char *folder, const char *name)
{
    assert_true(snprintf(out_path, TEST_PATH_SIZE, "%s/%s", folder, name) < TEST_PATH_SIZE);
}

static inline char *test_folder_make(void)
{
    const char *root = getenv("TMPDIR");
    char *folder = malloc(TEST_PATH_SIZE);

    assert_non_null(folder);
    test_path(folder, root != NULL ? root : "/tmp", "tamis-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

/* Removes the folder and what is in it, two levels deep at most. */
static inline void test_folder_empty(const char *folder, int depth)
{
    DIR *entries = opendir(folder);
    struct dirent *entry = NULL;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        char path[TEST_PATH_SIZE];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        test_path(path, folder, entry->d_name);
        if (unlink(path) != 0 && depth > 0) {
            test_folder_empty(path, depth - 1);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    (void)rmdir(folder);
}

/* A child process that runs this test program again as main(program, role, folder, number), so that
 * it starts with one thread (sanitizers want that). What it writes to TEST_CHILD_OUTPUT is read
 * from `output`, which ends when the child does. */
#define TEST_CHILD_OUTPUT 3

typedef struct test_child {
    pid_t pid;
    int output;
} test_child;

static inline test_child test_child_start(const char *role, const char *folder, uint32_t number)
{
    test_child child = {.pid = -1, .output = -1};
    int ends[2] = {-1, -1};
    char digits[16];

    (void)snprintf(digits, sizeof(digits), "%u", number);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        /* dup2 to itself would keep the flag that closes it */
        int copy = fcntl(ends[1], F_DUPFD, TEST_CHILD_OUTPUT + 1);

        if (copy >= 0 && dup2(copy, TEST_CHILD_OUTPUT) == TEST_CHILD_OUTPUT && close(copy) == 0) {
            (void)execl("/proc/self/exe", "child", role, folder, digits, (char *)NULL);
        }
        _exit(127);
    }
    assert_int_equal(close(ends[1]), 0);
    child.output = ends[0];
    return child;
}

/* Reads one number that the child told; false: it ended. */
static inline bool test_child_hear(const test_child *child, uint32_t *out_number)
{
    return read(child->output, out_number, sizeof(*out_number)) == (ssize_t)sizeof(*out_number);
}

static inline bool test_child_tell(uint32_t number)
{
    return write(TEST_CHILD_OUTPUT, &number, sizeof(number)) == (ssize_t)sizeof(number);
}

/* Waits for its end, after a SIGKILL when asked to; the wait status. */
static inline int test_child_end(test_child *child, bool is_killed)
{
    int result = -1;

    if (is_killed) {
        assert_int_equal(kill(child->pid, SIGKILL), 0);
    }
    assert_int_equal(waitpid(child->pid, &result, 0), child->pid);
    return result;
}

/* Files of this process cannot grow beyond `bytes`: writes fail as they do on a full disk. Undone
 * with RLIM_INFINITY (or what the process started with). */
static inline void test_limit_files(rlim_t bytes)
{
    struct rlimit limit = {0};

    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static inline int test_setup(void **state)
{
    *state = test_folder_make();
    return 0;
}

static inline int test_teardown(void **state)
{
    test_folder_empty(*state, 2);
    free(*state);
    return 0;
}

#endif
