/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: folders keep their index whatever the coordinator calls them; nothing is taken in that does
 * not follow what is there. Method: messages by hand; readers beside a writer. */
#include "tamis/folder_book.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ID_A "00000000000000aa"
#define ID_B "00000000000000bb"
#define KEY  "0123456789012345678901234567890123456789"

static tamis_folder_row row_of(uint32_t number, const char *path, const char *id)
{
    return (tamis_folder_row){.number = number,
                              .path = path,
                              .folder_id = id,
                              .data_url = "",
                              .public_key = "",
                              .is_alive = true};
}

static void put(tamis_folder_book *book, tamis_folder_row row)
{
    uint64_t version = tamis_folder_book_version(book);

    assert_int_equal(tamis_folder_book_apply(book, version, version + 1, &row, 1, NULL), TAMIS_OK);
}

static tamis_folder_book *new_book(void)
{
    tamis_folder_book *book = NULL;

    assert_int_equal(tamis_folder_book_create(&book), TAMIS_OK);
    return book;
}

static void test_versions(void **state)
{
    tamis_folder_book *book = new_book();
    tamis_folder_row rows[] = {row_of(0, "/a", ID_A), row_of(1, "/b", ID_B)};

    (void)state;
    assert_int_equal(tamis_folder_book_version(book), 0);
    assert_int_equal(tamis_folder_book_index(book, 0), TAMIS_FOLDER_NO_INDEX);
    assert_int_equal(tamis_folder_book_apply(book, 1, 3, rows, 2, NULL), TAMIS_EAGAIN);
    assert_int_equal(tamis_folder_book_index(book, 0), TAMIS_FOLDER_NO_INDEX);
    assert_int_equal(tamis_folder_book_apply(book, 0, 2, rows, 2, NULL), TAMIS_OK);
    assert_int_equal(tamis_folder_book_version(book), 2);
    assert_int_equal(tamis_folder_book_apply(book, 0, 2, rows, 2, NULL), TAMIS_EAGAIN);
    assert_int_equal(tamis_folder_book_index(book, 1), 1);
    assert_int_equal(tamis_folder_book_index(book, 2), TAMIS_FOLDER_NO_INDEX);
    assert_int_equal(tamis_folder_book_number(book, 1), 1);
    assert_int_equal(tamis_folder_book_number(book, 2), UINT32_MAX);
    tamis_folder_book_destroy(book);
}

static void test_epochs(void **state)
{
    tamis_folder_book *book = new_book();
    tamis_folder_entry entry;
    const char *path = NULL;

    (void)state;
    put(book, row_of(0, "/a", ID_A));
    put(book, row_of(1, "/b", ID_B));
    assert_true(tamis_folder_book_get(book, 0, &entry));
    path = entry.path;
    tamis_folder_book_begin(book);
    assert_int_equal(tamis_folder_book_version(book), 0);
    assert_int_equal(tamis_folder_book_index(book, 0), TAMIS_FOLDER_NO_INDEX);
    assert_int_equal(tamis_folder_book_number(book, 0), UINT32_MAX);
    put(book, row_of(0, "/b", ID_B)); /* numbered anew */
    put(book, row_of(7, "/a", ID_A));
    assert_int_equal(tamis_folder_book_index(book, 0), 1);
    assert_int_equal(tamis_folder_book_index(book, 7), 0);
    assert_int_equal(tamis_folder_book_index(book, 3), TAMIS_FOLDER_NO_INDEX);
    assert_int_equal(tamis_folder_book_number(book, 0), 7);
    assert_true(tamis_folder_book_get(book, 0, &entry));
    assert_ptr_equal(entry.path, path); /* readers may still hold it */
    tamis_folder_book_destroy(book);
}

/* A replaced disk is another folder, under the old number; what was read from the old one is not
 * read from the new one. */
static void test_replaced_disk(void **state)
{
    tamis_folder_book *book = new_book();
    tamis_folder_entry entry;

    (void)state;
    put(book, row_of(0, "/a", ID_A));
    put(book, row_of(0, "/a", ID_B));
    assert_int_equal(tamis_folder_book_index(book, 0), 1);
    assert_int_equal(tamis_folder_book_number(book, 0), UINT32_MAX);
    assert_int_equal(tamis_folder_book_number(book, 1), 0);
    assert_true(tamis_folder_book_get(book, 0, &entry));
    assert_string_equal(entry.folder_id, ID_A);
    assert_true(tamis_folder_book_get(book, 1, &entry));
    assert_string_equal(entry.folder_id, ID_B);
    assert_false(tamis_folder_book_get(book, 2, &entry));
    tamis_folder_book_destroy(book);
}

/* The same disk in another machine: those who began with it find it there. */
static void test_moved_disk(void **state)
{
    tamis_folder_book *book = new_book();
    tamis_folder_entry before;
    tamis_folder_entry after;

    (void)state;
    put(book, row_of(0, "/a", ID_A));
    assert_true(tamis_folder_book_get(book, 0, &before));
    put(book, row_of(0, "/b", ID_A));
    assert_int_equal(tamis_folder_book_index(book, 0), 0);
    assert_true(tamis_folder_book_get(book, 0, &after));
    assert_string_equal(after.path, "/b");
    assert_string_equal(before.path, "/a"); /* it may still be held */
    put(book, row_of(1, "/b", ""));         /* without an id the path is what counts */
    put(book, row_of(2, "/b", ""));
    assert_int_equal(tamis_folder_book_index(book, 1), 1);
    assert_int_equal(tamis_folder_book_index(book, 2), 1);
    tamis_folder_book_destroy(book);
}

static void test_servers(void **state)
{
    tamis_folder_book *book = new_book();
    tamis_folder_row row = row_of(0, "/a", ID_A);
    tamis_folder_entry entry;
    char url[TAMIS_URL_SIZE + 1];

    (void)state;
    row.data_url = "tcp://127.0.0.1:1";
    row.public_key = KEY;
    put(book, row);
    assert_true(tamis_folder_book_get(book, 0, &entry));
    assert_string_equal(entry.data_url, "tcp://127.0.0.1:1");
    assert_string_equal(entry.public_key, KEY);
    assert_true(entry.is_alive);
    assert_true(tamis_folder_book_has_key(book, KEY));
    assert_false(tamis_folder_book_has_key(book, ""));
    row.data_url = "tcp://127.0.0.1:2"; /* it has started again */
    row.is_alive = false;
    put(book, row);
    assert_true(tamis_folder_book_get(book, 0, &entry));
    assert_string_equal(entry.data_url, "tcp://127.0.0.1:2");
    assert_false(tamis_folder_book_has_key(book, KEY));

    memset(url, 'x', sizeof(url));
    url[TAMIS_URL_SIZE - 1] = 0;
    row.data_url = url;
    put(book, row);
    url[TAMIS_URL_SIZE - 1] = 'x';
    url[TAMIS_URL_SIZE] = 0;
    assert_int_equal(tamis_folder_book_apply(book, 3, 4, &row, 1, NULL), TAMIS_EFORMAT);
    assert_int_equal(tamis_folder_book_version(book), 3);
    tamis_folder_book_destroy(book);
}

#define MANY 3000

static void *read_all(void *argument)
{
    tamis_folder_book *book = argument;
    size_t seen = 0;

    do { /* once at least: the writer may be through before this thread runs */
        for (uint16_t i = 0; i < 64; i++) {
            tamis_folder_entry entry;

            if (tamis_folder_book_get(book, i, &entry)) {
                seen += strlen(entry.path);
            }
        }
    } while (tamis_folder_book_version(book) < MANY);
    return seen == 0 ? NULL : book;
}

static void test_threads(void **state)
{
    tamis_folder_book *book = new_book();
    pthread_t thread;
    void *result = NULL;

    (void)state;
    put(book, row_of(0, "/a", ID_A));
    assert_int_equal(pthread_create(&thread, NULL, read_all, book), 0);
    for (uint32_t i = 1; i < MANY; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "/%u", i % 40);
        put(book, row_of(i % 40, path, ID_A));
    }
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, book);
    tamis_folder_book_destroy(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),      cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_replaced_disk), cmocka_unit_test(test_servers),
        cmocka_unit_test(test_moved_disk),    cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
