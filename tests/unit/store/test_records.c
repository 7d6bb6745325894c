/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: records come back as they were written, whole tasks or nothing, however tasks are repeated,
 * run side by side or are killed. Method: every field of a row is a function of its ord, so that a
 * reader knows what must be there; seeded random ranges and seeks against that; a child that is
 * killed while it commits; single bytes changed in the files on disk. */
#include "tamis/records.h"

#include <inttypes.h>
#include <pthread.h>

#include "store_test.h"
#include "tamis/record_block.h"
#include "tamis/rng.h"

#define SEED            20250119u
#define SIGNATURE_BYTES 128

/* ---- Rows that anybody can compute ----------------------------------------------------------- */

typedef struct sample_row {
    tamis_record record;
    uint8_t signature[SIGNATURE_BYTES];
    char id[80];
    size_t id_size;
} sample_row;

static void sample_make(tamis_ord ord, sample_row *out_row)
{
    tamis_rng rng = {.state = ord};
    uint64_t word = tamis_rng_next(&rng);

    for (size_t i = 0; i < SIGNATURE_BYTES; i++) {
        out_row->signature[i] = (uint8_t)tamis_rng_next(&rng);
    }
    out_row->record = (tamis_record){
        .digest = {.low = word, .high = ord},
        .signature = word % 7 == 0 ? NULL : out_row->signature,
        .shingle_count = (uint32_t)(word >> 8) % 5000,
        .distinct_count = (uint32_t)(word >> 16) % 3 == 0 ? (uint32_t)word % 4000 : 0,
        .text_bytes = (word >> 20) % 100000,
        .flags = (uint32_t)(word >> 40) & 1,
        .fault = (uint16_t)(word % 50 == 0 ? 1 + word % 12 : 0),
    };
    out_row->id_size = 0;
    if (word % 11 != 0) {
        int size =
            snprintf(out_row->id, sizeof(out_row->id), "https://site.invalid/%016" PRIx64, word);

        out_row->id_size = (size_t)size;
    }
}

/* Whether the sample has a row there; gaps are as wide as sampling makes them. */
static bool sample_has(tamis_ord ord, uint32_t keep_of_100)
{
    return tamis_mum(ord ^ TAMIS_HASH_K1, TAMIS_HASH_K2) % 100 < keep_of_100;
}

static tamis_records *store_open(const char *folder, bool is_read_only)
{
    tamis_records *records = NULL;
    tamis_err err = {0};
    char path[TEST_PATH_SIZE];

    test_path(path, folder, "records");
    assert_status(tamis_records_open(path, is_read_only, &records, &err), TAMIS_OK, &err);
    return records;
}

/* Adds rows of splits [first, end), `rows` each. */
static tamis_status writer_fill(tamis_records_writer *writer, uint32_t first, uint32_t end,
                                uint32_t rows, uint32_t keep_of_100, tamis_err *err)
{
    for (uint32_t split = first; split < end; split++) {
        for (uint32_t row = 0; row < rows; row++) {
            tamis_ord ord = tamis_ord_make(0, split, row);
            sample_row sample;
            tamis_status status = TAMIS_OK;

            if (!sample_has(ord, keep_of_100)) {
                continue;
            }
            sample_make(ord, &sample);
            status = tamis_records_writer_add(writer, ord, &sample.record,
                                              tamis_slice_of(sample.id, sample.id_size), err);
            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return TAMIS_OK;
}

static tamis_status task_write(tamis_records *records, const char *folder, uint32_t first,
                               uint32_t end, uint32_t rows, uint32_t keep_of_100, tamis_err *err)
{
    tamis_records_writer *writer = NULL;
    uint64_t bytes = 0;
    tamis_status status =
        tamis_records_writer_create(records, folder, SIGNATURE_BYTES, &writer, err);

    if (status == TAMIS_OK) {
        status = writer_fill(writer, first, end, rows, keep_of_100, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_records_writer_commit(writer, &bytes, err);
    }
    tamis_records_writer_destroy(writer);
    return status;
}

static void assert_row(tamis_ord ord, const tamis_record *record)
{
    sample_row sample;

    sample_make(ord, &sample);
    assert_true(tamis_digest_is_equal(record->digest, sample.record.digest));
    assert_int_equal(record->shingle_count, sample.record.shingle_count);
    assert_int_equal(record->distinct_count, sample.record.distinct_count);
    assert_int_equal(record->text_bytes, sample.record.text_bytes);
    assert_int_equal(record->flags, sample.record.flags);
    assert_int_equal(record->fault, sample.record.fault);
    assert_int_equal(record->signature == NULL, sample.record.signature == NULL);
    if (record->signature != NULL) {
        assert_memory_equal(record->signature, sample.signature, SIGNATURE_BYTES);
    }
}

/* Both cursors over [first, end) must show exactly the sample's rows of splits [0, splits). */
static void assert_range(tamis_records *records, tamis_ord first, tamis_ord end, uint32_t splits,
                         uint32_t rows, uint32_t keep_of_100)
{
    tamis_records_cursor *cursor = NULL;
    tamis_ids_cursor *ids = NULL;
    tamis_err err = {0};
    tamis_record record = {0};
    tamis_slice id = {0};
    tamis_ord ord = 0;

    assert_status(tamis_records_cursor_create(records, first, end, &cursor, &err), TAMIS_OK, &err);
    assert_status(tamis_ids_cursor_create(records, first, end, &ids, &err), TAMIS_OK, &err);
    for (uint32_t split = 0; split < splits; split++) {
        for (uint32_t row = 0; row < rows; row++) {
            tamis_ord expected = tamis_ord_make(0, split, row);
            sample_row sample;

            if (expected < first || expected >= end || !sample_has(expected, keep_of_100)) {
                continue;
            }
            assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_OK, &err);
            assert_int_equal(ord, expected);
            assert_row(ord, &record);
            assert_status(tamis_ids_cursor_next(ids, &ord, &id, &err), TAMIS_OK, &err);
            assert_int_equal(ord, expected);
            sample_make(ord, &sample);
            assert_true(tamis_slice_is_equal(id, tamis_slice_of(sample.id, sample.id_size)));
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_END, &err);
        assert_status(tamis_ids_cursor_next(ids, &ord, &id, &err), TAMIS_END, &err);
    }
    tamis_records_cursor_destroy(cursor);
    tamis_ids_cursor_destroy(ids);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* Sizes on both sides of a block and of several. */
static void test_sizes(void **state)
{
    static const uint32_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 1000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tamis_records *records = NULL;
        tamis_err err = {0};
        char folder[TEST_PATH_SIZE];
        char name[32];

        (void)snprintf(name, sizeof(name), "size%u", sizes[i]);
        test_path(folder, *state, name);
        assert_int_equal(mkdir(folder, 0777), 0);
        records = store_open(folder, false);
        assert_status(task_write(records, folder, 0, 3, sizes[i], 100, &err), TAMIS_OK, &err);
        assert_range(records, 0, UINT64_MAX, 3, sizes[i], 100);
        tamis_records_close(records);
        records = store_open(folder, false);
        assert_range(records, 0, UINT64_MAX, 3, sizes[i], 100);
        tamis_records_close(records);
        test_folder_empty(folder, 1);
    }
}

static void test_nothing(void **state)
{
    tamis_records *records = store_open(*state, false);
    tamis_records_writer *writer = NULL;
    tamis_err err = {0};
    uint64_t bytes = 1;

    assert_range(records, 0, UINT64_MAX, 0, 0, 0);
    assert_status(tamis_records_writer_create(records, *state, 128, &writer, &err), TAMIS_OK, &err);
    assert_status(tamis_records_writer_commit(writer, &bytes, &err), TAMIS_OK, &err);
    assert_int_equal(bytes, 0);
    tamis_records_writer_destroy(writer);
    tamis_records_writer_destroy(NULL);
    tamis_records_cursor_destroy(NULL);
    tamis_ids_cursor_destroy(NULL);
    /* Without a commit nothing is stored and no file is left. */
    assert_status(tamis_records_writer_create(records, *state, 128, &writer, &err), TAMIS_OK, &err);
    assert_status(writer_fill(writer, 0, 1, 1000, 100, &err), TAMIS_OK, &err);
    tamis_records_writer_destroy(writer);
    assert_range(records, 0, UINT64_MAX, 0, 0, 0);
    tamis_records_close(records);
    tamis_records_close(NULL);
}

static size_t count_files(const char *folder, const char *ending)
{
    DIR *entries = opendir(folder);
    struct dirent *entry = NULL;
    size_t count = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        size_t size = strlen(entry->d_name);

        if (size >= strlen(ending) && strcmp(entry->d_name + size - strlen(ending), ending) == 0) {
            count++;
        }
    }
    (void)closedir(entries);
    return count;
}

static void test_temp_files(void **state)
{
    tamis_records *records = store_open(*state, false);
    tamis_records_writer *writer = NULL;
    tamis_err err = {0};
    char path[TEST_PATH_SIZE];

    assert_status(task_write(records, *state, 0, 1, 1000, 100, &err), TAMIS_OK, &err);
    assert_int_equal(count_files(*state, ".sst"), 0);
    test_path(path, *state, "records");
    assert_int_equal(count_files(path, ".sst"), 2);

    assert_status(tamis_records_writer_create(records, *state, 128, &writer, &err), TAMIS_OK, &err);
    assert_status(writer_fill(writer, 1, 2, 1000, 100, &err), TAMIS_OK, &err);
    assert_int_equal(count_files(*state, ".sst"), 2);
    tamis_records_writer_destroy(writer);
    assert_int_equal(count_files(*state, ".sst"), 0);

    test_path(path, *state, "absent");
    assert_status(task_write(records, path, 1, 2, 1000, 100, &err), TAMIS_ENOENT, &err);
    assert_non_null(strstr(err.text, "absent"));
    tamis_records_close(records);
}

static void check_seeks(tamis_records *records, tamis_rng *rng, uint32_t splits, uint32_t rows,
                        uint32_t keep_of_100)
{
    tamis_ord first = tamis_ord_make(0, (uint32_t)tamis_rng_below(rng, splits),
                                     (uint32_t)tamis_rng_below(rng, rows));
    tamis_ord end = tamis_ord_make(0, splits - 1, (uint32_t)tamis_rng_below(rng, rows)) + 1;
    uint64_t stride = UINT64_C(1) << tamis_rng_below(rng, 14);
    tamis_records_cursor *cursor = NULL;
    tamis_ids_cursor *ids = NULL;
    tamis_err err = {0};
    tamis_ord target = first;

    assert_status(tamis_records_cursor_create(records, first, end, &cursor, &err), TAMIS_OK, &err);
    assert_status(tamis_ids_cursor_create(records, first, end, &ids, &err), TAMIS_OK, &err);
    for (;;) {
        tamis_ord expected = target;
        tamis_record record = {0};
        tamis_slice id = {0};
        tamis_ord ord = 0;
        tamis_ord id_ord = 0;
        tamis_status status = TAMIS_OK;

        if (tamis_rng_below(rng, 3) != 0) {
            assert_status(tamis_records_cursor_seek(cursor, target, &err), TAMIS_OK, &err);
            assert_status(tamis_ids_cursor_seek(ids, target, &err), TAMIS_OK, &err);
            /* Going back is no movement. */
            assert_status(tamis_records_cursor_seek(cursor, first, &err), TAMIS_OK, &err);
        } else {
            expected = target = target == first ? first : target;
            assert_status(tamis_records_cursor_seek(cursor, target, &err), TAMIS_OK, &err);
            assert_status(tamis_records_cursor_seek(cursor, target, &err), TAMIS_OK, &err);
            assert_status(tamis_ids_cursor_seek(ids, target, &err), TAMIS_OK, &err);
        }
        while (tamis_ord_row(expected) >= rows || !sample_has(expected, keep_of_100)) {
            expected = tamis_ord_row(expected) >= rows
                           ? tamis_ord_make(0, tamis_ord_split(expected) + 1, 0)
                           : expected + 1;
            if (tamis_ord_split(expected) >= splits) {
                expected = end;
                break;
            }
        }
        status = tamis_records_cursor_next(cursor, &ord, &record, &err);
        assert_status(status, expected >= end ? TAMIS_END : TAMIS_OK, &err);
        assert_status(tamis_ids_cursor_next(ids, &id_ord, &id, &err), status, &err);
        if (status == TAMIS_END) {
            break;
        }
        assert_int_equal(ord, expected);
        assert_int_equal(id_ord, expected);
        assert_row(ord, &record);
        target = ord + 1 + tamis_rng_below(rng, stride);
    }
    tamis_records_cursor_destroy(cursor);
    tamis_ids_cursor_destroy(ids);
}

/* Ranges and seeks over rows without and with gaps. */
static void test_seeks(void **state)
{
    static const uint32_t keeps[] = {100, 30, 2};
    tamis_rng rng = {.state = SEED};
    const uint32_t splits = 6;
    const uint32_t rows = 1500;

    print_message("seed %u\n", SEED);
    for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
        tamis_records *records = NULL;
        tamis_err err = {0};
        char folder[TEST_PATH_SIZE];
        char name[32];

        (void)snprintf(name, sizeof(name), "keep%u", keeps[i]);
        test_path(folder, *state, name);
        assert_int_equal(mkdir(folder, 0777), 0);
        records = store_open(folder, false);
        /* Tasks finish in any order. */
        assert_status(task_write(records, folder, 4, 6, rows, keeps[i], &err), TAMIS_OK, &err);
        assert_status(task_write(records, folder, 0, 1, rows, keeps[i], &err), TAMIS_OK, &err);
        assert_status(task_write(records, folder, 1, 4, rows, keeps[i], &err), TAMIS_OK, &err);
        assert_range(records, 0, UINT64_MAX, splits, rows, keeps[i]);
        for (int round = 0; round < 20; round++) {
            tamis_ord first = tamis_ord_make(0, (uint32_t)tamis_rng_below(&rng, splits),
                                             (uint32_t)tamis_rng_below(&rng, rows));
            tamis_ord end = tamis_ord_make(0, (uint32_t)tamis_rng_below(&rng, splits + 1),
                                           (uint32_t)tamis_rng_below(&rng, rows));

            assert_range(records, first, end, splits, rows, keeps[i]);
            check_seeks(records, &rng, splits, rows, keeps[i]);
        }
        tamis_records_close(records);
        test_folder_empty(folder, 1);
    }
}

/* A split that is not in this store just has no rows. */
static void test_absent(void **state)
{
    tamis_records *records = store_open(*state, false);
    tamis_records_cursor *cursor = NULL;
    tamis_record record = {0};
    tamis_err err = {0};
    tamis_ord ord = 0;

    assert_status(task_write(records, *state, 0, 1, 300, 100, &err), TAMIS_OK, &err);
    assert_status(task_write(records, *state, 5, 6, 300, 100, &err), TAMIS_OK, &err);
    assert_status(tamis_records_cursor_create(records, tamis_ord_make(0, 2, 0),
                                              tamis_ord_make(0, 4, 0), &cursor, &err),
                  TAMIS_OK, &err);
    assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_END, &err);
    tamis_records_cursor_destroy(cursor);

    assert_status(tamis_records_cursor_create(records, tamis_ord_make(0, 0, 299),
                                              tamis_ord_make(0, 5, 1), &cursor, &err),
                  TAMIS_OK, &err);
    assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_OK, &err);
    assert_int_equal(ord, tamis_ord_make(0, 0, 299));
    assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_OK, &err);
    assert_int_equal(ord, tamis_ord_make(0, 5, 0));
    assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_END, &err);
    tamis_records_cursor_destroy(cursor);
    tamis_records_close(records);
}

/* The last splits and rows that an ord can name. */
static void test_ord_limits(void **state)
{
    static const tamis_ord ords[] = {0, UINT64_MAX >> 26 << 26, UINT64_MAX - 1, UINT64_MAX};
    tamis_records *records = store_open(*state, false);
    tamis_records_writer *writer = NULL;
    tamis_records_cursor *cursor = NULL;
    tamis_err err = {0};
    uint64_t bytes = 0;
    tamis_record record = {0};
    tamis_ord ord = 0;

    assert_status(tamis_records_writer_create(records, *state, 0, &writer, &err), TAMIS_OK, &err);
    for (size_t i = 0; i < 4; i++) {
        sample_row sample;

        sample_make(ords[i], &sample);
        assert_status(tamis_records_writer_add(writer, ords[i], &sample.record,
                                               tamis_slice_of(NULL, 0), &err),
                      TAMIS_OK, &err);
    }
    assert_status(tamis_records_writer_commit(writer, &bytes, &err), TAMIS_OK, &err);
    assert_true(bytes > 0);
    tamis_records_writer_destroy(writer);

    assert_status(tamis_records_cursor_create(records, 0, UINT64_MAX, &cursor, &err), TAMIS_OK,
                  &err);
    for (size_t i = 0; i < 3; i++) {
        assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_OK, &err);
        assert_int_equal(ord, ords[i]);
        assert_null(record.signature); /* none are stored in this job */
    }
    assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_END, &err);
    tamis_records_cursor_destroy(cursor);
    tamis_records_close(records);
}

/* More often than RocksDB has levels. */
static void test_repeated(void **state)
{
    tamis_records *records = store_open(*state, false);
    tamis_err err = {0};

    for (int i = 0; i < 12; i++) {
        assert_status(task_write(records, *state, 1, 3, 700, 100, &err), TAMIS_OK, &err);
    }
    assert_status(task_write(records, *state, 0, 1, 700, 100, &err), TAMIS_OK, &err);
    assert_range(records, 0, UINT64_MAX, 3, 700, 100);
    tamis_records_close(records);
    records = store_open(*state, false);
    assert_status(task_write(records, *state, 0, 1, 700, 100, &err), TAMIS_OK, &err);
    assert_range(records, 0, UINT64_MAX, 3, 700, 100);
    tamis_records_close(records);
}

static void test_long_ids(void **state)
{
    static const size_t sizes[] = {0, 300000, 5, 262144, 1, 0, 9000000, 3};
    tamis_records *records = store_open(*state, false);
    tamis_records_writer *writer = NULL;
    tamis_ids_cursor *cursor = NULL;
    uint8_t *bytes = malloc(9000000);
    tamis_record record = {0};
    tamis_err err = {0};
    uint64_t stored = 0;
    tamis_slice id = {0};
    tamis_ord ord = 0;

    assert_non_null(bytes);
    for (size_t i = 0; i < 9000000; i++) {
        bytes[i] = (uint8_t)(tamis_mum(i ^ TAMIS_HASH_K1, TAMIS_HASH_K2));
    }
    assert_status(tamis_records_writer_create(records, *state, 128, &writer, &err), TAMIS_OK, &err);
    for (uint32_t i = 0; i < 8; i++) {
        assert_status(
            tamis_records_writer_add(writer, i, &record, tamis_slice_of(bytes, sizes[i]), &err),
            TAMIS_OK, &err);
    }
    assert_status(tamis_records_writer_commit(writer, &stored, &err), TAMIS_OK, &err);
    tamis_records_writer_destroy(writer);
    assert_status(tamis_ids_cursor_create(records, 0, 8, &cursor, &err), TAMIS_OK, &err);
    for (uint32_t i = 0; i < 8; i++) {
        assert_status(tamis_ids_cursor_next(cursor, &ord, &id, &err), TAMIS_OK, &err);
        assert_int_equal(ord, i);
        assert_true(tamis_slice_is_equal(id, tamis_slice_of(bytes, sizes[i])));
    }
    tamis_ids_cursor_destroy(cursor);
    tamis_records_close(records);
    free(bytes);
}

static uint32_t count_rows(tamis_records *records)
{
    tamis_records_cursor *cursor = NULL;
    tamis_record record = {0};
    tamis_err err = {0};
    tamis_ord ord = 0;
    uint32_t count = 0;

    assert_status(tamis_records_cursor_create(records, 0, UINT64_MAX, &cursor, &err), TAMIS_OK,
                  &err);
    while (tamis_records_cursor_next(cursor, &ord, &record, &err) == TAMIS_OK) {
        count++;
    }
    tamis_records_cursor_destroy(cursor);
    return count;
}

/* Opens the store for reading only and tells how many rows it has. */
static int child_read(const char *folder)
{
    tamis_records *reader = store_open(folder, true);
    uint32_t count = count_rows(reader);

    tamis_records_close(reader);
    return test_child_tell(count) ? 0 : 1;
}

/* Processes that read beside a living writer, each started after a commit, see what was committed
 * by then, and take nothing away when they end. */
static void test_readers(void **state)
{
    tamis_records *writer = store_open(*state, false);
    tamis_err err = {0};

    for (uint32_t split = 0; split < 4; split++) {
        test_child child;
        uint32_t count = 0;

        assert_status(task_write(writer, *state, split, split + 1, 600, 100, &err), TAMIS_OK, &err);
        child = test_child_start("read", *state, 0);
        assert_true(test_child_hear(&child, &count));
        assert_int_equal(count, 600 * (split + 1));
        assert_int_equal(test_child_end(&child, false), 0);
        assert_int_equal(close(child.output), 0);
    }
    assert_range(writer, 0, UINT64_MAX, 4, 600, 100);
    tamis_records_close(writer);
    writer = store_open(*state, false);
    assert_range(writer, 0, UINT64_MAX, 4, 600, 100);
    tamis_records_close(writer);
}

static void test_read_only(void **state)
{
    tamis_records *writer = NULL;
    tamis_records *reader = NULL;
    tamis_records *none = NULL;
    tamis_records_writer *refused = NULL;
    tamis_err err = {0};
    char path[TEST_PATH_SIZE];

    test_path(path, *state, "records");
    assert_status(tamis_records_open(path, true, &none, &err), TAMIS_ENOENT, &err);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_status(tamis_records_open(path, true, &none, &err), TAMIS_ENOENT, &err);
    assert_non_null(strstr(err.text, path));

    writer = store_open(*state, false);
    assert_status(tamis_records_open(path, false, &none, &err), TAMIS_EHELD, &err);
    assert_null(none);
    assert_status(task_write(writer, *state, 0, 4, 600, 100, &err), TAMIS_OK, &err);
    reader = store_open(*state, true);
    assert_range(reader, 0, UINT64_MAX, 4, 600, 100);
    assert_status(tamis_records_writer_create(reader, *state, 128, &refused, &err), TAMIS_EARG,
                  &err);
    assert_null(refused);
    /* What comes later is not for readers that are open already. */
    assert_status(task_write(writer, *state, 4, 5, 600, 100, &err), TAMIS_OK, &err);
    assert_int_equal(count_rows(reader), 4 * 600);
    assert_int_equal(count_rows(writer), 5 * 600);
    tamis_records_close(reader);
    tamis_records_close(writer);
}

/* ---- Threads --------------------------------------------------------------------------------- */

#define THREADS      4
#define THREAD_TASKS 6

typedef struct task_thread {
    tamis_records *records;
    const char *folder;
    uint32_t number;
    tamis_status status;
    tamis_err err;
} task_thread;

static void *task_thread_run(void *argument)
{
    task_thread *self = argument;

    for (uint32_t i = 0; i < THREAD_TASKS && self->status == TAMIS_OK; i++) {
        uint32_t split = i * THREADS + self->number;

        self->status =
            task_write(self->records, self->folder, split, split + 1, 400, 100, &self->err);
    }
    return NULL;
}

static void test_threads(void **state)
{
    tamis_records *records = store_open(*state, false);
    pthread_t threads[THREADS];
    task_thread tasks[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        tasks[i] = (task_thread){.records = records, .folder = *state, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, task_thread_run, &tasks[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_status(tasks[i].status, TAMIS_OK, &tasks[i].err);
    }
    assert_range(records, 0, UINT64_MAX, THREADS * THREAD_TASKS, 400, 100);
    tamis_records_close(records);
}

/* ---- Crash ----------------------------------------------------------------------------------- */

#define CRASH_ROWS 300

/* Commits one split after the other and tells the number of each when it is stored. */
static int child_write(const char *folder, uint32_t first)
{
    tamis_records *records = store_open(folder, false);

    for (uint32_t split = first;; split++) {
        if (task_write(records, folder, split, split + 1, CRASH_ROWS, 100, NULL) != TAMIS_OK ||
            !test_child_tell(split)) {
            return 1;
        }
    }
}

static void test_kill(void **state)
{
    tamis_rng rng = {.state = SEED};
    uint32_t done = 0;

    print_message("seed %u\n", SEED);
    for (int round = 0; round < 8; round++) {
        uint64_t commits = 1 + tamis_rng_below(&rng, 12);
        test_child child = test_child_start("write", *state, done);
        tamis_records *records = NULL;
        uint32_t split = 0;
        uint32_t rows = 0;

        for (uint64_t i = 0; i < commits; i++) {
            assert_true(test_child_hear(&child, &split));
        }
        (void)usleep((useconds_t)tamis_rng_below(&rng, 4000));
        (void)test_child_end(&child, true);
        while (test_child_hear(&child, &split)) {
            /* what it told before it died */
        }
        assert_int_equal(close(child.output), 0);

        records = store_open(*state, false);
        rows = count_rows(records);
        /* Whole tasks: all that were told, at most one more. */
        assert_int_equal(rows % CRASH_ROWS, 0);
        assert_in_range(rows / CRASH_ROWS, split + 1, split + 2);
        assert_range(records, 0, UINT64_MAX, rows / CRASH_ROWS, CRASH_ROWS, 100);
        tamis_records_close(records);
        done = split + 1; /* a task that was not told is done again */
    }
}

/* A task whose files cannot be written leaves nothing, and can be done again. */
static void test_write_fails(void **state)
{
    tamis_records *records = store_open(*state, false);
    tamis_err err = {0};

    assert_status(task_write(records, *state, 0, 1, 300, 100, &err), TAMIS_OK, &err);
    test_limit_files(100000);
    assert_status(task_write(records, *state, 1, 2, 9000, 100, &err), TAMIS_EIO, &err);
    test_limit_files(RLIM_INFINITY);
    assert_int_equal(count_files(*state, ".sst"), 0);
    assert_int_equal(count_rows(records), 300);
    assert_status(task_write(records, *state, 1, 2, 300, 100, &err), TAMIS_OK, &err);
    assert_range(records, 0, UINT64_MAX, 2, 300, 100);
    tamis_records_close(records);
}

/* ---- Damage ---------------------------------------------------------------------------------- */

static void file_flip(const char *folder, const char *ending, double where)
{
    DIR *entries = opendir(folder);
    struct dirent *entry = NULL;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        size_t size = strlen(entry->d_name);
        char path[TEST_PATH_SIZE];
        struct stat info = {0};
        uint8_t byte = 0;
        int file = -1;
        off_t at = 0;

        if (size < 4 || strcmp(entry->d_name + size - 4, ending) != 0) {
            continue;
        }
        test_path(path, folder, entry->d_name);
        file = open(path, O_RDWR);
        assert_true(file >= 0);
        assert_int_equal(fstat(file, &info), 0);
        at = (off_t)((double)info.st_size * where);
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
        assert_int_equal(close(file), 0);
    }
    (void)closedir(entries);
}

static void test_damage(void **state)
{
    tamis_records *records = store_open(*state, false);
    tamis_records_cursor *cursor = NULL;
    tamis_ids_cursor *ids = NULL;
    tamis_record record = {0};
    tamis_err err = {0};
    tamis_slice id = {0};
    tamis_ord ord = 0;
    tamis_status status = TAMIS_OK;
    char path[TEST_PATH_SIZE];

    assert_status(task_write(records, *state, 0, 1, 5000, 100, &err), TAMIS_OK, &err);
    tamis_records_close(records);
    test_path(path, *state, "records");
    file_flip(path, ".sst", 0.5);

    records = store_open(*state, true);
    assert_status(tamis_records_cursor_create(records, 0, UINT64_MAX, &cursor, &err), TAMIS_OK,
                  &err);
    while ((status = tamis_records_cursor_next(cursor, &ord, &record, &err)) == TAMIS_OK) {
        assert_row(ord, &record);
    }
    assert_status(status, TAMIS_ECORRUPT, &err);
    assert_non_null(strstr(err.text, path));
    assert_true(ord > 1000);
    /* It stays an error; it does not turn into an end. */
    assert_status(tamis_records_cursor_next(cursor, &ord, &record, &err), TAMIS_ECORRUPT, &err);
    tamis_records_cursor_destroy(cursor);

    assert_status(tamis_ids_cursor_create(records, 0, UINT64_MAX, &ids, &err), TAMIS_OK, &err);
    while ((status = tamis_ids_cursor_next(ids, &ord, &id, &err)) == TAMIS_OK) {
    }
    assert_status(status, TAMIS_ECORRUPT, &err);
    tamis_ids_cursor_destroy(ids);
    tamis_records_close(records);
}

static int child_main(char **arguments)
{
    if (strcmp(arguments[1], "read") == 0) {
        return child_read(arguments[2]);
    }
    return child_write(arguments[2], (uint32_t)strtoul(arguments[3], NULL, 10));
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_nothing, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_temp_files, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_seeks, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_absent, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_ord_limits, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_repeated, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_long_ids, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_readers, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_read_only, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_threads, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_kill, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_write_fails, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_damage, test_setup, test_teardown),
    };

    return argument_count > 3 ? child_main(arguments) : cmocka_run_group_tests(tests, NULL, NULL);
}
