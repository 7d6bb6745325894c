/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: folders and files are made, replaced and removed as a whole, and nothing outside is
 * touched. Method: a temporary folder of the test's own; limits of lengths; a symbolic link that
 * must not be followed.
 */
#include "tamis/path.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/tamis-test-path-XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][TAMIS_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    assert_int_equal(tamis_path_join(path, root, name, NULL), TAMIS_OK);
    return path;
}

static bool exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

static size_t entry_count(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count - 2; /* . and .. */
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of_string(text), NULL), TAMIS_OK);
}

static void test_join(void **state)
{
    static char longest[TAMIS_PATH_MAX];
    char path[TAMIS_PATH_MAX];
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_path_join(path, "a", "b", NULL), TAMIS_OK);
    assert_string_equal(path, "a/b");
    assert_int_equal(tamis_path_join(path, "/", "b", NULL), TAMIS_OK);
    assert_string_equal(path, "/b");
    assert_int_equal(tamis_path_join(path, "", "b", NULL), TAMIS_OK);
    assert_string_equal(path, "b");
    memset(longest, 'x', TAMIS_PATH_MAX - 3);
    assert_int_equal(tamis_path_join(path, longest, "b", NULL), TAMIS_OK);
    assert_int_equal(strlen(path), TAMIS_PATH_MAX - 1);
    assert_int_equal(tamis_path_join(path, longest, "bc", &err), TAMIS_ELIMIT);
    assert_non_null(strstr(err.text, "4095"));
}

static void test_absolute(void **state)
{
    char path[TAMIS_PATH_MAX];
    char here[TAMIS_PATH_MAX];

    (void)state;
    assert_int_equal(tamis_path_absolute(path, "/x/../y", NULL), TAMIS_OK);
    assert_string_equal(path, "/x/../y");
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(tamis_path_absolute(path, "out", NULL), TAMIS_OK);
    assert_memory_equal(path, here, strlen(here));
    assert_string_equal(path + strlen(path) - 4, "/out");
}

static void test_make_folder(void **state)
{
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_path_make_folder(at("a/b//c/"), NULL), TAMIS_OK);
    assert_true(exists(at("a/b/c")));
    assert_int_equal(tamis_path_make_folder(at("a/b/c"), NULL), TAMIS_OK);
    assert_int_equal(tamis_path_make_parents(at("p/q/file"), NULL), TAMIS_OK);
    assert_true(exists(at("p/q")));
    assert_false(exists(at("p/q/file")));
    assert_int_equal(tamis_path_make_parents("bare-name", NULL), TAMIS_OK);
    assert_int_equal(tamis_path_make_parents("/bare-name", NULL), TAMIS_OK);
    write_text(at("file"), "x");
    assert_int_equal(tamis_path_make_folder(at("file"), &err), TAMIS_EEXIST);
    assert_non_null(strstr(err.text, "/file: exists and is no folder"));
    assert_int_equal(tamis_path_make_folder(at("file/sub"), NULL), TAMIS_EEXIST);
}

static void test_write_and_read(void **state)
{
    tamis_buf bytes;
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_path_make_folder(at("w"), NULL), TAMIS_OK);
    write_text(at("w/f"), "first, longer");
    write_text(at("w/f"), "second");
    assert_int_equal(entry_count(at("w")), 1); /* no temporary file is left */
    tamis_buf_init(&bytes, 6);
    assert_int_equal(tamis_path_read_file(at("w/f"), &bytes, NULL), TAMIS_OK);
    assert_int_equal(bytes.size, 6);
    assert_memory_equal(bytes.data, "second", 6);
    tamis_buf_reset(&bytes);
    write_text(at("w/f"), "7 bytes");
    assert_int_equal(tamis_path_read_file(at("w/f"), &bytes, &err), TAMIS_ELIMIT);
    assert_int_equal(tamis_path_read_file(at("w/none"), &bytes, &err), TAMIS_ENOENT);
    assert_non_null(strstr(err.text, "/w/none: cannot open"));
    tamis_buf_fini(&bytes);
    assert_int_equal(tamis_path_write_file(at("none/f"), tamis_slice_of("x", 1), &err),
                     TAMIS_ENOENT);
    /* A folder cannot be replaced by a file; the temporary file goes away. */
    assert_int_equal(tamis_path_make_folder(at("w/g"), NULL), TAMIS_OK);
    assert_int_not_equal(tamis_path_write_file(at("w/g"), tamis_slice_of("x", 1), NULL), TAMIS_OK);
    assert_int_equal(entry_count(at("w")), 2);
}

static void test_large_file(void **state)
{
    size_t size = 300001;
    uint8_t *data = malloc(size);
    tamis_buf bytes;

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
    assert_int_equal(tamis_path_write_file(at("large"), tamis_slice_of(data, size), NULL),
                     TAMIS_OK);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_path_read_file(at("large"), &bytes, NULL), TAMIS_OK);
    assert_true(tamis_slice_is_equal(tamis_buf_slice(&bytes), tamis_slice_of(data, size)));
    tamis_buf_fini(&bytes);
    free(data);
}

static void test_rename(void **state)
{
    (void)state;
    assert_int_equal(tamis_path_make_folder(at("r1"), NULL), TAMIS_OK);
    assert_int_equal(tamis_path_make_folder(at("r2/old"), NULL), TAMIS_OK);
    write_text(at("r1/f"), "x");
    assert_int_equal(tamis_path_rename(at("r1"), at("r2/new"), NULL), TAMIS_OK);
    assert_true(exists(at("r2/new/f")));
    assert_int_equal(tamis_path_rename(at("r2/new"), at("r2/old"), NULL), TAMIS_OK);
    assert_int_equal(tamis_path_rename(at("r1"), at("r2/x"), NULL), TAMIS_ENOENT);
}

static void test_temp_names(void **state)
{
    char first[TAMIS_PATH_MAX];
    char second[TAMIS_PATH_MAX];
    char longest[TAMIS_PATH_MAX];

    (void)state;
    assert_int_equal(tamis_path_temp_name(first, "f", NULL), TAMIS_OK);
    assert_int_equal(tamis_path_temp_name(second, "f", NULL), TAMIS_OK);
    assert_string_not_equal(first, second);
    memset(longest, 'x', TAMIS_PATH_MAX - 1);
    longest[TAMIS_PATH_MAX - 1] = '\0';
    assert_int_equal(tamis_path_temp_name(first, longest, NULL), TAMIS_ELIMIT);
}

static void test_remove(void **state)
{
    (void)state;
    assert_int_equal(tamis_path_make_folder(at("keep"), NULL), TAMIS_OK);
    write_text(at("keep/f"), "x");
    assert_int_equal(tamis_path_make_folder(at("tree/a/b"), NULL), TAMIS_OK);
    write_text(at("tree/a/f"), "x");
    write_text(at("tree/a/b/f"), "x");
    assert_int_equal(symlink(at("keep"), at("tree/a/link")), 0);
    assert_int_equal(symlink("nowhere", at("tree/dangling")), 0);
    assert_int_equal(tamis_path_remove(at("tree"), NULL), TAMIS_OK);
    assert_false(exists(at("tree")));
    assert_true(exists(at("keep/f")));
    assert_int_equal(tamis_path_remove(at("tree"), NULL), TAMIS_OK); /* nothing there */
    assert_int_equal(tamis_path_remove(at("none/tree"), NULL), TAMIS_OK);
    assert_int_equal(symlink(at("keep"), at("link")), 0);
    assert_int_equal(tamis_path_remove(at("link"), NULL), TAMIS_OK);
    assert_false(exists(at("link")));
    assert_true(exists(at("keep/f")));
    assert_int_equal(tamis_path_remove_in(root, "keep", NULL), TAMIS_OK);
    assert_false(exists(at("keep")));
}

static void test_remove_is_bounded(void **state)
{
    static const char *const names[] = {"", ".", "..", "../x", "a/b", "/"};
    tamis_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(tamis_path_remove_in(root, names[i], &err), TAMIS_EARG);
    }
    assert_int_equal(tamis_path_remove("/", NULL), TAMIS_EARG);
    assert_int_equal(tamis_path_remove("..", NULL), TAMIS_EARG);
    assert_int_equal(tamis_path_remove(at("x/.."), NULL), TAMIS_EARG);
    assert_true(exists(root));
}

static void test_sync(void **state)
{
    (void)state;
    assert_int_equal(tamis_path_sync_folder(root, NULL), TAMIS_OK);
    assert_int_equal(tamis_path_sync_parent(at("anything"), NULL), TAMIS_OK);
    assert_int_equal(tamis_path_sync_folder(at("none"), NULL), TAMIS_ENOENT);
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
        cmocka_unit_test(test_join),        cmocka_unit_test(test_absolute),
        cmocka_unit_test(test_make_folder), cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_large_file),  cmocka_unit_test(test_rename),
        cmocka_unit_test(test_temp_names),  cmocka_unit_test(test_remove),
        cmocka_unit_test(test_sync),        cmocka_unit_test(test_remove_is_bounded),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
