/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: grades survive disk bit for bit, can be looked up by ord, and damage is told.
 * Method: seeded rows against the arrays that they were made from, on both sides of the limits of a
 * block; every byte of a small file is changed in turn, and the file is cut at every length. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/grades.h"
#include "tamis/path.h"
#include "tamis/rng.h"

#define SEED    20260704u
#define COLUMNS 6

static char folder[] = "/tmp/tamis-test-grades-XXXXXX";
static char path[128];

static const char *const column_names[COLUMNS] = {"null",  "small", "large",
                                                  "ratio", "mixed", "word_count@c4"};
static const char *const reason_names[3] = {"", "gopher_short_doc", "c4_lines"};
static const tamis_grades_names all_names = {column_names, COLUMNS, reason_names, 3};

typedef struct made {
    tamis_grades_row row;
    double values[COLUMNS];
    uint8_t edits[24];
    uint8_t spans[24];
    char code[8];
} made;

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/grades.bin", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return tamis_path_remove(folder, NULL) == TAMIS_OK ? 0 : -1;
}

static void make_row(tamis_rng *rng, tamis_ord ord, made *m)
{
    static const double odd[] = {-0.0, 1e300,           -1.5, 4294967294.0, 4294967295.0,
                                 0.1,  (double)INFINITY};

    m->values[0] = (double)NAN;
    m->values[1] = (double)tamis_rng_below(rng, 254);
    m->values[2] =
        tamis_rng_below(rng, 9) == 0 ? (double)NAN : (double)tamis_rng_below(rng, UINT32_MAX);
    m->values[3] = (double)tamis_rng_below(rng, 1000) / 7;
    m->values[4] = tamis_rng_below(rng, 3) == 0 ? (double)NAN : odd[tamis_rng_below(rng, 7)];
    m->values[5] = (double)tamis_rng_below(rng, 70000);
    for (size_t i = 0; i < sizeof(m->edits); i++) {
        m->edits[i] = (uint8_t)tamis_rng_below(rng, 256);
        m->spans[i] = (uint8_t)tamis_rng_below(rng, 256);
    }
    (void)snprintf(m->code, sizeof(m->code), "l%u", (unsigned)tamis_rng_below(rng, 400));
    m->row = (tamis_grades_row){
        .ord = ord,
        .reason = (uint16_t)tamis_rng_below(rng, 3),
        .language = tamis_rng_below(rng, 5) == 0 ? "" : m->code,
        .language_score = tamis_rng_below(rng, 5) == 0 ? (double)NAN : (double)ord / 3,
        .values = m->values,
        .edits = tamis_slice_of(m->edits, tamis_rng_below(rng, 4) == 0 ? ord % 24 : 0),
        .spans = tamis_slice_of(m->spans, tamis_rng_below(rng, 4) == 0 ? ord % 23 : 0),
    };
}

/* `count` rows over splits 3, 5, 7, ... with gaps. */
static made *make_rows(size_t count, size_t split_rows)
{
    tamis_rng rng = {SEED};
    made *rows = calloc(count + 1, sizeof(*rows));
    uint32_t row = 0;

    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        if (i % split_rows == 0) {
            row = 0;
        }
        make_row(&rng, tamis_ord_make(0, (uint32_t)(3 + 2 * (i / split_rows)), row), &rows[i]);
        row += 1 + (uint32_t)tamis_rng_below(&rng, 3);
    }
    return rows;
}

static void write_rows(const made *rows, size_t count, const tamis_grades_names *names)
{
    tamis_grades_writer *writer = NULL;
    uint64_t bytes = 0;

    assert_int_equal(tamis_grades_writer_create(path, names, &writer, NULL), TAMIS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tamis_grades_writer_add(writer, &rows[i].row, NULL), TAMIS_OK);
    }
    assert_int_equal(tamis_grades_writer_finish(writer, &bytes, NULL), TAMIS_OK);
    assert_true(bytes > 96);
    tamis_grades_writer_destroy(writer);
}

static void check_double(double got, double expected)
{
    if (isnan(expected)) {
        assert_true(isnan(got));
    } else {
        assert_memory_equal(&got, &expected, sizeof(got));
    }
}

static void check_slice(tamis_slice got, tamis_slice expected)
{
    assert_int_equal(got.size, expected.size);
    if (got.size != 0) {
        assert_memory_equal(got.data, expected.data, got.size);
    }
}

static void check_row(const tamis_grades_row *got, const made *expected, unsigned wanted)
{
    assert_int_equal(got->ord, expected->row.ord);
    assert_int_equal(got->reason, expected->row.reason);
    assert_string_equal(got->language, expected->row.language);
    check_double(got->language_score, expected->row.language_score);
    for (size_t i = 0; i < COLUMNS && (wanted & TAMIS_GRADES_VALUES) != 0; i++) {
        check_double(got->values[i], expected->values[i]);
    }
    check_slice(got->edits, (wanted & TAMIS_GRADES_CHANGES) != 0 ? expected->row.edits
                                                                 : tamis_slice_of(NULL, 0));
    check_slice(got->spans, (wanted & TAMIS_GRADES_CHANGES) != 0 ? expected->row.spans
                                                                 : tamis_slice_of(NULL, 0));
}

static void check_all(const made *rows, size_t count, unsigned wanted)
{
    tamis_grades_reader *reader = NULL;
    tamis_grades_row row;

    assert_int_equal(tamis_grades_reader_open(path, wanted, &reader, NULL), TAMIS_OK);
    assert_int_equal(tamis_grades_column_count(reader), COLUMNS);
    assert_int_equal(tamis_grades_reason_count(reader), 3);
    assert_string_equal(tamis_grades_column(reader, 5), "word_count@c4");
    assert_string_equal(tamis_grades_reason(reader, 0), "");
    assert_string_equal(tamis_grades_reason(reader, 2), "c4_lines");
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tamis_grades_next(reader, &row, NULL), TAMIS_OK);
        check_row(&row, &rows[i], wanted);
    }
    assert_int_equal(tamis_grades_next(reader, &row, NULL), TAMIS_END);
    assert_int_equal(tamis_grades_next(reader, &row, NULL), TAMIS_END);
    tamis_grades_reader_close(reader);
}

/* Blocks end at 256 rows, at the end of a split, and before a 256th language. */
static void test_rows(void **state)
{
    static const size_t counts[] = {0, 1, 255, 256, 257, 1100};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (unsigned wanted = 0; wanted < 4; wanted++) {
            size_t split_rows = i % 2 == 0 ? 100 : 2000;
            made *rows = make_rows(counts[i], split_rows);

            write_rows(rows, counts[i], &all_names);
            check_all(rows, counts[i], wanted);
            free(rows);
        }
    }
}

static void test_find(void **state)
{
    made *rows = make_rows(900, 300);

    (void)state;
    write_rows(rows, 900, &all_names);
    for (size_t step = 1; step < 500; step += 37) {
        tamis_grades_reader *reader = NULL;
        tamis_grades_row row;

        assert_int_equal(tamis_grades_reader_open(path, TAMIS_GRADES_CHANGES, &reader, NULL),
                         TAMIS_OK);
        for (size_t i = step; i < 900; i += step) {
            bool is_next = rows[i].row.ord == rows[i - 1].row.ord + 1;

            if (!is_next && step != 1) {
                assert_int_equal(tamis_grades_find(reader, rows[i - 1].row.ord + 1, &row, NULL),
                                 TAMIS_ENOENT);
            }
            assert_int_equal(tamis_grades_find(reader, rows[i].row.ord, &row, NULL), TAMIS_OK);
            check_row(&row, &rows[i], TAMIS_GRADES_CHANGES);
        }
        assert_int_equal(tamis_grades_find(reader, UINT64_MAX, &row, NULL), TAMIS_ENOENT);
        tamis_grades_reader_close(reader);
    }
    free(rows);
}

static void test_names(void **state)
{
    char longest[TAMIS_GRADES_NAME_MAX + 2];
    const char *names[] = {longest};
    tamis_grades_names header = {names, 1, names, 1};
    tamis_grades_writer *writer = NULL;
    tamis_grades_reader *reader = NULL;
    uint64_t bytes = 0;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[TAMIS_GRADES_NAME_MAX + 1] = '\0';
    assert_int_equal(tamis_grades_writer_create(path, &header, &writer, NULL), TAMIS_ELIMIT);
    longest[TAMIS_GRADES_NAME_MAX] = '\0';
    assert_int_equal(tamis_grades_writer_create(path, &header, &writer, NULL), TAMIS_OK);
    assert_int_equal(tamis_grades_writer_finish(writer, &bytes, NULL), TAMIS_OK);
    tamis_grades_writer_destroy(writer);
    assert_int_equal(tamis_grades_reader_open(path, 0, &reader, NULL), TAMIS_OK);
    assert_string_equal(tamis_grades_column(reader, 0), longest);
    tamis_grades_reader_close(reader);
    header.reason_count = 0;
    assert_int_equal(tamis_grades_writer_create(path, &header, &writer, NULL), TAMIS_ELIMIT);
}

static tamis_status read_all(const uint8_t *bytes, size_t size, size_t *out_rows)
{
    tamis_grades_reader *reader = NULL;
    tamis_grades_row row;
    FILE *file = fopen(path, "wb");
    tamis_status status = TAMIS_OK;

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    *out_rows = 0;
    status =
        tamis_grades_reader_open(path, TAMIS_GRADES_VALUES | TAMIS_GRADES_CHANGES, &reader, NULL);
    while (status == TAMIS_OK) {
        status = tamis_grades_next(reader, &row, NULL);
        *out_rows += status == TAMIS_OK ? 1 : 0;
    }
    tamis_grades_reader_close(reader);
    return status;
}

static void test_damage(void **state)
{
    made *rows = make_rows(6, 4);
    tamis_buf bytes;
    size_t count = 0;

    (void)state;
    write_rows(rows, 6, &all_names);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_path_read_file(path, &bytes, NULL), TAMIS_OK);
    assert_int_equal(read_all(bytes.data, bytes.size, &count), TAMIS_END);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < bytes.size; i++) {
        tamis_status status = TAMIS_OK;

        bytes.data[i] ^= (uint8_t)(1u << (i % 8));
        status = read_all(bytes.data, bytes.size, &count);
        assert_true(status == TAMIS_ECORRUPT || status == TAMIS_EVERSION ||
                    status == TAMIS_EFORMAT);
        bytes.data[i] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_equal(read_all(bytes.data, size, &count), TAMIS_ECORRUPT);
    }
    assert_int_equal(tamis_buf_append_byte(&bytes, 0), TAMIS_OK);
    assert_int_equal(read_all(bytes.data, bytes.size, &count), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
    free(rows);
}

static void test_absent(void **state)
{
    tamis_grades_reader *reader = NULL;
    tamis_err err = {0};

    (void)state;
    assert_int_equal(tamis_path_remove(path, NULL), TAMIS_OK);
    assert_int_equal(tamis_grades_reader_open(path, 0, &reader, &err), TAMIS_ENOENT);
    assert_non_null(strstr(err.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_find),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_absent),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
