/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a folder gets one id, keeps it, and nothing that is no id passes for one.
 * Method: a temporary folder; threads that ask for the same new folder at once. */
#include "tamis/folder_id.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/path.h"

#define THREADS 8

static char root[] = "/tmp/tamis-test-folder-id-XXXXXX";

static void path_in(char out_path[TAMIS_PATH_MAX], const char *name)
{
    assert_int_equal(tamis_path_join(out_path, root, name, NULL), TAMIS_OK);
}

static void write_id(const char *text)
{
    char path[TAMIS_PATH_MAX];

    path_in(path, TAMIS_FOLDER_ID_NAME);
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of_string(text), NULL), TAMIS_OK);
}

static void test_is_valid(void **state)
{
    (void)state;
    assert_true(tamis_folder_id_is_valid("0123456789abcdef"));
    assert_false(tamis_folder_id_is_valid("0123456789abcde"));
    assert_false(tamis_folder_id_is_valid("0123456789abcdef0"));
    assert_false(tamis_folder_id_is_valid("0123456789ABCDEF"));
    assert_false(tamis_folder_id_is_valid(""));
}

static void test_made_once(void **state)
{
    char first[TAMIS_FOLDER_ID_SIZE];
    char second[TAMIS_FOLDER_ID_SIZE];
    char path[TAMIS_PATH_MAX];

    (void)state;
    assert_int_equal(tamis_folder_id_read(root, first, NULL), TAMIS_ENOENT);
    assert_int_equal(tamis_folder_id_make(root, first, NULL), TAMIS_OK);
    assert_true(tamis_folder_id_is_valid(first));
    assert_int_equal(tamis_folder_id_make(root, second, NULL), TAMIS_OK);
    assert_string_equal(first, second);
    assert_int_equal(tamis_folder_id_read(root, second, NULL), TAMIS_OK);
    assert_string_equal(first, second);

    /* A replaced disk has another one. */
    path_in(path, TAMIS_FOLDER_ID_NAME);
    assert_int_equal(tamis_path_remove(path, NULL), TAMIS_OK);
    assert_int_equal(tamis_folder_id_make(root, second, NULL), TAMIS_OK);
    assert_string_not_equal(first, second);
}

static void test_what_is_no_id(void **state)
{
    static const char *const texts[] = {"", "0123456789abcdef", "0123456789abcdeg\n",
                                        "0123456789abcdef\n\n", "0123456789abcde\n"};
    char id[TAMIS_FOLDER_ID_SIZE];
    tamis_err err = {.status = TAMIS_OK};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_id(texts[i]);
        assert_int_equal(tamis_folder_id_read(root, id, &err), TAMIS_ECORRUPT);
        assert_non_null(strstr(err.text, TAMIS_FOLDER_ID_NAME));
        assert_int_equal(tamis_folder_id_make(root, id, &err), TAMIS_ECORRUPT);
    }
    write_id("0123456789abcdef\n");
    assert_int_equal(tamis_folder_id_read(root, id, NULL), TAMIS_OK);
    assert_string_equal(id, "0123456789abcdef");
}

static void test_no_folder(void **state)
{
    char path[TAMIS_PATH_MAX];
    char id[TAMIS_FOLDER_ID_SIZE];

    (void)state;
    path_in(path, "absent");
    assert_int_equal(tamis_folder_id_make(path, id, NULL), TAMIS_ENOENT);
}

static void *make_id(void *argument)
{
    char path[TAMIS_PATH_MAX];

    path_in(path, "race");
    return tamis_folder_id_make(path, argument, NULL) == TAMIS_OK ? argument : NULL;
}

static void test_race(void **state)
{
    char path[TAMIS_PATH_MAX];
    char ids[THREADS][TAMIS_FOLDER_ID_SIZE];
    pthread_t threads[THREADS];

    (void)state;
    path_in(path, "race");
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_id, ids[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *made = NULL;

        assert_int_equal(pthread_join(threads[i], &made), 0);
        assert_non_null(made);
        assert_string_equal(ids[i], ids[0]);
    }
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    (void)state;
    return tamis_path_remove(root, NULL) == TAMIS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_valid),      cmocka_unit_test(test_made_once),
        cmocka_unit_test(test_what_is_no_id), cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
