/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a stream gives the union of pieces of several files, part after part, in order, however it
 * is walked. Method: seeded run files against one sorted array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/path.h"
#include "tamis/rng.h"
#include "tamis/task_support.h"

#define SEED  77u
#define FILES 5
#define PARTS 4
#define KIND  3
#define EACH  3000

static char folder[] = "/tmp/tamis-test-stream-XXXXXX";
static char names[FILES][128];
static uint64_t expected[FILES * PARTS * EACH];
static size_t expected_count;

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Part p holds numbers of p * 10^6 and above; some pieces are absent. */
static int setup(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    for (int file = 0; file < FILES; file++) {
        tamis_run_writer *writer = NULL;

        (void)snprintf(names[file], sizeof(names[file]), "%s/%d.run", folder, file);
        if (tamis_run_writer_create(names[file], &writer, NULL) != TAMIS_OK) {
            return -1;
        }
        for (uint32_t part = 0; part < PARTS; part++) {
            uint64_t records[EACH];
            size_t count = (size_t)tamis_rng_below(&rng, EACH);

            if ((file + (int)part) % 3 == 0) {
                continue;
            }
            for (size_t i = 0; i < count; i++) {
                records[i] = part * 1000000u + tamis_rng_below(&rng, 100000);
                expected[expected_count++] = records[i];
            }
            qsort(records, count, sizeof(records[0]), compare);
            if (tamis_run_writer_begin(writer, KIND, part, 1, false, NULL) != TAMIS_OK ||
                tamis_run_writer_append(writer, records, count, NULL) != TAMIS_OK ||
                tamis_run_writer_end(writer, NULL) != TAMIS_OK) {
                return -1;
            }
        }
        if (tamis_run_writer_finish(writer, NULL, NULL) != TAMIS_OK) {
            return -1;
        }
        tamis_run_writer_destroy(writer);
    }
    qsort(expected, expected_count, sizeof(expected[0]), compare);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return tamis_path_remove(folder, NULL) == TAMIS_OK ? 0 : -1;
}

static tamis_stream *open_stream(uint32_t first, uint32_t end)
{
    const char *paths[FILES];
    tamis_stream *stream = NULL;
    tamis_stream_options options = {
        .kind = KIND,
        .first_part = first,
        .end_part = end,
        .words = 1,
        .memory_bytes = 4u << 20,
        .temp_folder = folder,
    };

    for (int i = 0; i < FILES; i++) {
        paths[i] = names[i];
    }
    assert_int_equal(tamis_stream_open_paths(&options, paths, FILES, &stream, NULL), TAMIS_OK);
    return stream;
}

static void test_one_by_one(void **state)
{
    tamis_stream *stream = open_stream(0, PARTS);

    (void)state;
    print_message("seed %u\n", SEED);
    for (size_t i = 0; i < expected_count; i++) {
        const uint64_t *record = tamis_stream_peek(stream);

        assert_non_null(record);
        assert_int_equal(record[0], expected[i]);
        assert_int_equal(tamis_stream_advance(stream, NULL), TAMIS_OK);
    }
    assert_null(tamis_stream_peek(stream));
    tamis_stream_close(stream);
}

static void test_blocks(void **state)
{
    tamis_rng rng = {SEED};
    tamis_stream *stream = open_stream(0, PARTS);
    const uint64_t *records = NULL;
    size_t done = 0;
    size_t count = 0;

    (void)state;
    while ((count = tamis_stream_block(stream, &records)) != 0) {
        size_t take = 1 + (size_t)tamis_rng_below(&rng, count);

        for (size_t i = 0; i < take; i++) {
            assert_int_equal(records[i], expected[done++]);
        }
        assert_int_equal(tamis_stream_consume(stream, take, NULL), TAMIS_OK);
    }
    assert_int_equal(done, expected_count);
    tamis_stream_close(stream);
}

static void test_some_parts(void **state)
{
    tamis_stream *stream = open_stream(1, 3);
    size_t count = 0;
    size_t wanted = 0;

    (void)state;
    for (size_t i = 0; i < expected_count; i++) {
        wanted += expected[i] >= 1000000 && expected[i] < 3000000 ? 1 : 0;
    }
    while (tamis_stream_peek(stream) != NULL) {
        assert_in_range(tamis_stream_peek(stream)[0], 1000000, 2999999);
        assert_int_equal(tamis_stream_advance(stream, NULL), TAMIS_OK);
        count++;
    }
    assert_int_equal(count, wanted);
    tamis_stream_close(stream);
    stream = open_stream(2, 2);
    assert_null(tamis_stream_peek(stream));
    tamis_stream_close(stream);
}

static void test_missing_file(void **state)
{
    const char *paths[1] = {"/nonexistent/out.run"};
    tamis_stream_options options = {
        .kind = KIND, .end_part = 1, .words = 1, .memory_bytes = 1u << 20, .temp_folder = folder};
    tamis_stream *stream = NULL;
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_stream_open_paths(&options, paths, 1, &stream, &err), TAMIS_ENOENT);
    assert_non_null(strstr(err.text, paths[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_some_parts),
        cmocka_unit_test(test_missing_file),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
