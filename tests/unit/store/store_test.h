/* SPDX-License-Identifier: Apache-2.0 */
/* store_test.h - a temporary folder for each test, and checks that print what went wrong. */
#ifndef TAMIS_STORE_TEST_H
#define TAMIS_STORE_TEST_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
