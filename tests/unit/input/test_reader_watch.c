/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a watch sees every record before it is parsed, in each format; what it passes over counts
 * and what it sets aside comes out with the digest of its raw bytes; without a watch, and for the
 * rows that it takes, nothing changes. */
#include "input_support.h"

#include <stdio.h>
#include <stdlib.h>

#include "tamis/hash.h"

#define ROWS_MAX 8

typedef struct seen {
    tamis_reader_choice choice[ROWS_MAX]; /* by row */
    uint32_t rows[ROWS_MAX];
    uint64_t offsets[ROWS_MAX];
    tamis_digest digests[ROWS_MAX];
    size_t count;
    size_t readings;
    uint32_t reading_row;
} seen;

static tamis_reader_choice before_row(void *context, uint32_t row, uint64_t offset, tamis_slice raw)
{
    seen *s = context;

    assert_true(s->count < ROWS_MAX && row < ROWS_MAX);
    s->rows[s->count] = row;
    s->offsets[s->count] = offset;
    s->digests[s->count] = tamis_hash128(raw.data, raw.size);
    s->count++;
    return s->choice[row];
}

static void before_reading(void *context, uint32_t row, uint64_t offset)
{
    seen *s = context;

    (void)offset;
    s->readings++;
    s->reading_row = row;
}

typedef struct found {
    tamis_doc docs[ROWS_MAX]; /* slices are not valid */
    size_t text_sizes[ROWS_MAX];
    size_t count;
    tamis_reader_summary summary;
} found;

static found read_watched(const char *bytes, tamis_input_format format, seen *s)
{
    tamis_settings settings = support_settings();
    tamis_reader_watch watch = {
        .before_row = before_row, .before_reading = before_reading, .context = s};
    char path[SUPPORT_PATH_SIZE];
    tamis_reader *reader = NULL;
    tamis_input input;
    tamis_split split;
    found f = {.count = 0};

    support_write_memory(path, bytes, strlen(bytes));
    input = support_input(path, format, TAMIS_COMPRESSION_NONE);
    split = support_whole(&input);
    assert_int_equal(tamis_reader_create(&settings, &reader, NULL), TAMIS_OK);
    assert_int_equal(tamis_reader_open(reader, &input, &split, 0, NULL), TAMIS_OK);
    tamis_reader_set_watch(reader, s == NULL ? NULL : &watch);
    while (tamis_reader_next(reader, &f.docs[f.count], NULL) == TAMIS_OK) {
        f.text_sizes[f.count] = f.docs[f.count].text.size;
        f.count++;
        assert_true(f.count < ROWS_MAX);
    }
    tamis_reader_summarize(reader, &f.summary);
    tamis_reader_destroy(reader);
    return f;
}

#define LINE0 "{\"text\":\"one\"}"
#define LINE1 "no object at all"
#define LINE2 "{\"text\":\"three\",\"id\":\"c\"}"
#define LINE3 "{\"text\":\"four.\"}"
#define LINES LINE0 "\n\n" LINE1 "\n" LINE2 "\n" LINE3 "\n"

static void test_jsonl_takes_all(void **state)
{
    seen s = {.count = 0};
    found plain = read_watched(LINES, TAMIS_INPUT_JSONL, NULL);
    found watched = read_watched(LINES, TAMIS_INPUT_JSONL, &s);

    (void)state;
    assert_int_equal(plain.count, 4);
    assert_int_equal(watched.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(watched.docs[i].row, plain.docs[i].row);
        assert_int_equal(watched.docs[i].fault, plain.docs[i].fault);
        assert_int_equal(watched.docs[i].offset, plain.docs[i].offset);
        assert_int_equal(watched.text_sizes[i], plain.text_sizes[i]);
        assert_int_equal(s.rows[i], i);
        assert_int_equal(s.offsets[i], plain.docs[i].offset);
    }
    assert_int_equal(s.count, 4);
    assert_int_equal(s.readings, 5); /* one more, which comes to the end */
    assert_int_equal(s.reading_row, 4);
}

static void test_jsonl_sets_aside_and_passes(void **state)
{
    seen s = {.choice = {TAMIS_READER_PASS, TAMIS_READER_SET_ASIDE, TAMIS_READER_SET_ASIDE,
                         TAMIS_READER_TAKE}};
    found f = read_watched(LINES, TAMIS_INPUT_JSONL, &s);

    (void)state;
    assert_int_equal(f.count, 3);
    assert_int_equal(f.summary.rows, 4);
    assert_int_equal(f.summary.quarantined, 2);
    assert_int_equal(f.docs[0].row, 1);
    assert_int_equal(f.docs[0].fault, TAMIS_FAULT_POISONED);
    assert_int_equal(f.docs[0].offset, sizeof(LINE0 "\n"));
    assert_true(
        tamis_digest_is_equal(f.docs[0].raw_digest, tamis_hash128(LINE1, sizeof(LINE1) - 1)));
    assert_int_equal(f.docs[1].row, 2);
    assert_int_equal(f.docs[1].fault, TAMIS_FAULT_POISONED);
    assert_int_equal(f.docs[1].id.size, 0); /* it was not parsed */
    assert_true(
        tamis_digest_is_equal(f.docs[1].raw_digest, tamis_hash128(LINE2, sizeof(LINE2) - 1)));
    assert_true(tamis_digest_is_equal(f.docs[1].raw_digest, s.digests[2]));
    assert_int_equal(f.docs[2].row, 3);
    assert_int_equal(f.docs[2].fault, TAMIS_FAULT_NONE);
    assert_int_equal(f.text_sizes[2], 5);
}

#define RECORD(text, size)                                                                         \
    "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: " size "\r\n\r\n" text
#define WARC                                                                                       \
    RECORD("first", "5")                                                                           \
    "\r\n\r\n" RECORD("second", "6") "\r\n\r\n" RECORD("third", "5") "\r\n\r\n"

static void test_warc(void **state)
{
    seen s = {.choice = {TAMIS_READER_SET_ASIDE, TAMIS_READER_PASS, TAMIS_READER_TAKE}};
    found f = read_watched(WARC, TAMIS_INPUT_WARC, &s);

    (void)state;
    assert_int_equal(s.count, 3);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.summary.rows, 3);
    assert_int_equal(f.docs[0].fault, TAMIS_FAULT_POISONED);
    assert_int_equal(f.docs[0].offset, 0);
    assert_true(tamis_digest_is_equal(
        f.docs[0].raw_digest,
        tamis_hash128(RECORD("first", "5"), sizeof(RECORD("first", "5")) - 1)));
    assert_int_equal(f.docs[1].row, 2);
    assert_int_equal(f.text_sizes[1], 5);
}

static void test_text(void **state)
{
    seen aside = {.choice = {TAMIS_READER_SET_ASIDE}};
    seen pass = {.choice = {TAMIS_READER_PASS}};
    found f = read_watched("a whole file", TAMIS_INPUT_TEXT, &aside);

    (void)state;
    assert_int_equal(f.count, 1);
    assert_int_equal(f.docs[0].fault, TAMIS_FAULT_POISONED);
    assert_true(tamis_digest_is_equal(f.docs[0].raw_digest, tamis_hash128("a whole file", 12)));
    f = read_watched("a whole file", TAMIS_INPUT_TEXT, &pass);
    assert_int_equal(f.count, 0);
    assert_int_equal(f.summary.rows, 1);
    assert_int_equal(f.summary.quarantined, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jsonl_takes_all),
        cmocka_unit_test(test_jsonl_sets_aside_and_passes),
        cmocka_unit_test(test_warc),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
