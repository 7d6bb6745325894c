/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what a spool collects is in the store once it is adopted, as if it had been written there;
 * nothing of it before, and nothing of half of it. */
#include "tamis/records.h"

#include "store_test.h"

#define ROWS 600 /* three blocks */

static void fill(tamis_records_writer *writer, uint32_t split)
{
    for (uint32_t row = 0; row < ROWS; row++) {
        tamis_ord ord = tamis_ord_make(0, split, row);
        tamis_record record = {.digest = {.low = ord, .high = row}, .text_bytes = row};

        assert_int_equal(tamis_records_writer_add(writer, ord, &record,
                                                  tamis_slice_of("identity", 1 + row % 8), NULL),
                         TAMIS_OK);
    }
}

static uint64_t spool_rows(const char *folder, uint32_t split)
{
    tamis_records *spool = NULL;
    tamis_records_writer *writer = NULL;
    uint64_t bytes = 0;

    assert_int_equal(tamis_records_spool(folder, &spool, NULL), TAMIS_OK);
    assert_int_equal(tamis_records_writer_create(spool, folder, 0, &writer, NULL), TAMIS_OK);
    fill(writer, split);
    assert_int_equal(tamis_records_writer_commit(writer, &bytes, NULL), TAMIS_OK);
    tamis_records_writer_destroy(writer);
    tamis_records_close(spool);
    return bytes;
}

static uint32_t count_rows(tamis_records *records, uint32_t split)
{
    tamis_records_cursor *cursor = NULL;
    tamis_record record;
    tamis_ord ord = 0;
    uint32_t count = 0;

    assert_int_equal(tamis_records_cursor_create(records, tamis_ord_make(0, split, 0),
                                                 tamis_ord_make(0, split + 1, 0), &cursor, NULL),
                     TAMIS_OK);
    while (tamis_records_cursor_next(cursor, &ord, &record, NULL) == TAMIS_OK) {
        assert_int_equal(ord, tamis_ord_make(0, split, count));
        assert_int_equal(record.digest.low, ord);
        count++;
    }
    tamis_records_cursor_destroy(cursor);
    return count;
}

static void test_adopt(void **state)
{
    const char *folder = *state;
    char store[TEST_PATH_SIZE];
    char spool[TEST_PATH_SIZE];
    char file[2 * TEST_PATH_SIZE];
    tamis_records *records = NULL;
    tamis_err err = {0};

    test_path(store, folder, "records");
    test_path(spool, folder, "spool");
    assert_int_equal(mkdir(spool, 0777), 0);
    assert_int_equal(tamis_records_open(store, false, &records, NULL), TAMIS_OK);
    assert_int_equal(tamis_records_adopt(records, spool, NULL), TAMIS_OK); /* nothing is there */

    assert_true(spool_rows(spool, 1) > ROWS);
    assert_int_equal(count_rows(records, 1), 0);
    assert_int_equal(tamis_records_adopt(records, spool, NULL), TAMIS_OK);
    assert_int_equal(count_rows(records, 1), ROWS);

    /* A repeated task brings the same again. */
    assert_true(spool_rows(spool, 1) > ROWS);
    assert_int_equal(tamis_records_adopt(records, spool, NULL), TAMIS_OK);
    assert_int_equal(count_rows(records, 1), ROWS);

    assert_true(spool_rows(spool, 2) > ROWS);
    (void)snprintf(file, sizeof(file), "%s/ids.sst", spool);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(tamis_records_adopt(records, spool, &err), TAMIS_ECORRUPT);
    assert_non_null(strstr(err.text, spool));
    assert_int_equal(count_rows(records, 2), 0);
    tamis_records_close(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adopt, test_setup, test_teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
