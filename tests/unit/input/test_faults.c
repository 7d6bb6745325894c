/* SPDX-License-Identifier: Apache-2.0 */
/* Fault injection: small files of every format and compression are cut at every byte, and every
 * byte is flipped. Never a crash; what precedes the fault is intact; a stream's fault is exactly
 * one row that is set aside; two readings see the same. */
#include "input_support.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORDS 6

typedef struct fixture {
    tamis_settings settings;
    tamis_reader *reader;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->settings = support_settings();
    assert_int_equal(tamis_reader_create(&f->settings, &f->reader, NULL), TAMIS_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    tamis_reader_destroy(f->reader);
    free(f);
    return 0;
}

typedef struct subject {
    tamis_input_format format;
    tamis_compression compression;
    bool is_split; /* a member or frame for each record */
} subject;

static void record_append(tamis_buf *out, tamis_input_format format, unsigned number)
{
    if (format == TAMIS_INPUT_JSONL) {
        assert_int_equal(
            tamis_buf_append_format(out, "{\"id\":%u,\"text\":\"some text of record %u\\n\"}\n",
                                    number, number),
            TAMIS_OK);
    } else {
        assert_int_equal(
            tamis_buf_append_format(out,
                                    "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: %u\r\n"
                                    "Content-Length: 22\r\n\r\nsome text of record %02u"
                                    "\r\n\r\n",
                                    number, number),
            TAMIS_OK);
    }
}

static void subject_make(const subject *s, tamis_buf *out_packed)
{
    tamis_buf plain = {.max = 0};

    tamis_buf_reset(out_packed);
    for (unsigned i = 0; i < RECORDS; i++) {
        record_append(&plain, s->format, i);
        if (s->is_split) {
            support_pack(out_packed, s->compression, plain.data, plain.size);
            tamis_buf_reset(&plain);
        }
    }
    if (!s->is_split) {
        support_pack(out_packed, s->compression, plain.data, plain.size);
    }
    tamis_buf_fini(&plain);
}

static void read_subject(fixture *f, const subject *s, const tamis_buf *bytes, support_rows *out)
{
    char path[SUPPORT_PATH_SIZE];
    tamis_input input;
    tamis_split split;

    support_write_memory(path, bytes->data, bytes->size);
    input = support_input(path, s->format, s->compression);
    split = support_whole(&input);
    support_read(f->reader, &input, &split, 0, out);
    assert_int_equal(out->end, TAMIS_END);
    assert_int_equal(out->summary.open_status, TAMIS_OK);
}

static unsigned faults_count(const support_rows *rows, tamis_fault fault)
{
    unsigned count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        count += rows->rows[i].doc.fault == fault;
    }
    return count;
}

/* Counts, offsets and the stream's fault agree with each other. */
static void check_consistent(const support_rows *r)
{
    uint64_t quarantined = 0;

    for (size_t i = 0; i < r->count; i++) {
        quarantined += r->rows[i].doc.fault != TAMIS_FAULT_NONE;
        assert_true(i == 0 || r->rows[i].doc.offset >= r->rows[i - 1].doc.offset);
        assert_true(r->rows[i].doc.offset <= r->summary.decoded_bytes);
    }
    assert_int_equal(quarantined, r->summary.quarantined);
    if (r->summary.stream_fault != TAMIS_FAULT_NONE) {
        assert_int_equal(faults_count(r, r->summary.stream_fault), 1);
        assert_int_equal(r->rows[r->count - 1].doc.fault, r->summary.stream_fault);
        assert_true(r->rows[r->count - 1].doc.offset <= r->summary.stream_fault_offset);
        assert_int_equal(r->summary.stream_fault_offset, r->summary.decoded_bytes);
        assert_true(r->summary.fault_text[0] != '\0');
    } else {
        assert_int_equal(r->summary.fault_text[0], 0);
        assert_int_equal(faults_count(r, TAMIS_FAULT_STREAM_CORRUPT), 0);
        assert_int_equal(faults_count(r, TAMIS_FAULT_STREAM_TRUNCATED), 0);
    }
}

static void check_row_equal(const support_row *actual, const support_row *expected)
{
    assert_int_equal(actual->doc.fault, TAMIS_FAULT_NONE);
    assert_int_equal(actual->doc.offset, expected->doc.offset);
    assert_true(tamis_slice_is_equal(actual->doc.id, expected->doc.id));
    assert_true(tamis_slice_is_equal(actual->doc.text, expected->doc.text));
}

static void check_same(const support_rows *a, const support_rows *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->rows[i].doc.fault, b->rows[i].doc.fault);
        assert_int_equal(a->rows[i].doc.offset, b->rows[i].doc.offset);
        assert_true(tamis_slice_is_equal(a->rows[i].doc.text, b->rows[i].doc.text));
        assert_true(tamis_digest_is_equal(a->rows[i].doc.raw_digest, b->rows[i].doc.raw_digest));
    }
    assert_memory_equal(&a->summary.stored_digest, &b->summary.stored_digest, 16);
}

/* Cut at `size`: the rows before the cut, then exactly one that is set aside (none where plain text
 * ends with a record, or a member does). */
static void check_cut(fixture *f, const subject *s, tamis_buf *bytes, size_t size,
                      const support_rows *expected)
{
    size_t whole = bytes->size;
    size_t good = 0;
    support_rows r;
    support_rows again;

    bytes->size = size;
    read_subject(f, s, bytes, &r);
    check_consistent(&r);
    while (good < r.count && good < expected->count && r.rows[good].doc.fault == TAMIS_FAULT_NONE) {
        check_row_equal(&r.rows[good], &expected->rows[good]);
        good++;
    }
    assert_true(r.count == good || r.count == good + 1);
    if (s->compression != TAMIS_COMPRESSION_NONE && !s->is_split && size < whole) {
        assert_int_equal(r.summary.stream_fault, TAMIS_FAULT_STREAM_TRUNCATED);
        assert_int_equal(r.count, good + 1);
    }
    read_subject(f, s, bytes, &again);
    check_same(&r, &again);
    support_rows_free(&r);
    support_rows_free(&again);
    bytes->size = whole;
}

/* A flipped bit at `place`. Checksums tell of every change that reaches the data. */
static void check_flip(fixture *f, const subject *s, tamis_buf *bytes, size_t place, uint8_t bit,
                       const support_rows *expected)
{
    support_rows r;
    size_t false_texts = 0;
    bool is_changed = false;

    bytes->data[place] ^= bit;
    read_subject(f, s, bytes, &r);
    check_consistent(&r);
    for (size_t i = 0; i < r.count; i++) {
        bool is_equal = i < expected->count &&
                        tamis_slice_is_equal(r.rows[i].doc.text, expected->rows[i].doc.text);

        false_texts += r.rows[i].doc.fault == TAMIS_FAULT_NONE && !is_equal;
        is_changed = is_changed || !is_equal;
    }
    if (s->compression != TAMIS_COMPRESSION_NONE && (is_changed || r.count < expected->count)) {
        assert_true(r.summary.stream_fault != TAMIS_FAULT_NONE);
        assert_true(r.summary.quarantined >= 1);
        /* With a member for each record no false text comes out: its checksum stands behind it.
         * (The first member may be the only one: nothing is held back for it.) */
        assert_true(!s->is_split || s->format == TAMIS_INPUT_JSONL || false_texts == 0 ||
                    place < bytes->size / RECORDS);
    }
    support_rows_free(&r);
    bytes->data[place] ^= bit;
}

static const subject subjects[] = {
    {TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE, false},
    {TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_GZIP, false},
    {TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_GZIP, true},
    {TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_ZSTD, false},
    {TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_ZSTD, true},
    {TAMIS_INPUT_WARC, TAMIS_COMPRESSION_NONE, false},
    {TAMIS_INPUT_WARC, TAMIS_COMPRESSION_GZIP, false},
    {TAMIS_INPUT_WARC, TAMIS_COMPRESSION_GZIP, true},
    {TAMIS_INPUT_WARC, TAMIS_COMPRESSION_ZSTD, false},
    {TAMIS_INPUT_WARC, TAMIS_COMPRESSION_ZSTD, true},
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static void test_cut_at_every_byte(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < SUBJECTS; i++) {
        tamis_buf bytes = {.max = 0};
        support_rows expected;

        subject_make(&subjects[i], &bytes);
        read_subject(f, &subjects[i], &bytes, &expected);
        assert_int_equal(expected.count, RECORDS);
        assert_int_equal(expected.summary.quarantined, 0);
        for (size_t size = 0; size <= bytes.size; size++) {
            check_cut(f, &subjects[i], &bytes, size, &expected);
        }
        support_rows_free(&expected);
        tamis_buf_fini(&bytes);
    }
}

static void test_flip_every_byte(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < SUBJECTS; i++) {
        tamis_buf bytes = {.max = 0};
        support_rows expected;

        subject_make(&subjects[i], &bytes);
        read_subject(f, &subjects[i], &bytes, &expected);
        for (size_t place = 0; place < bytes.size; place++) {
            check_flip(f, &subjects[i], &bytes, place, 1, &expected);
            check_flip(f, &subjects[i], &bytes, place, 0x80, &expected);
        }
        support_rows_free(&expected);
        tamis_buf_fini(&bytes);
    }
}

/* Damage in one split of a cut file leaves the others as they are. */
static void test_damage_stays_in_its_split(void **state)
{
    fixture *f = *state;

    for (int format = TAMIS_INPUT_JSONL; format <= TAMIS_INPUT_WARC; format++) {
        tamis_buf packed = {.max = 0};
        tamis_buf plain = {.max = 0};
        uint64_t begins[RECORDS + 1];
        char path[SUPPORT_PATH_SIZE];
        tamis_input input;

        for (unsigned i = 0; i < RECORDS; i++) {
            begins[i] = packed.size;
            tamis_buf_reset(&plain);
            record_append(&plain, (tamis_input_format)format, i);
            support_pack(&packed, TAMIS_COMPRESSION_GZIP, plain.data, plain.size);
        }
        begins[RECORDS] = packed.size;
        packed.data[begins[4] - 6] ^= 0x55; /* the checksum */
        support_write_memory(path, packed.data, packed.size);
        input = support_input(path, (tamis_input_format)format, TAMIS_COMPRESSION_GZIP);
        for (unsigned i = 0; i < RECORDS; i += 2) {
            tamis_split split = {.begin = begins[i], .end = begins[i + 2]};
            support_rows r;

            support_read(f->reader, &input, &split, 0, &r);
            check_consistent(&r);
            /* Lines of a later split begin behind its first line feed, so that the damaged line 3
             * is in the middle split, like the damaged record 3. */
            assert_int_equal(r.summary.quarantined, i == 2);
            support_rows_free(&r);
        }
        tamis_buf_fini(&packed);
        tamis_buf_fini(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut_at_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flip_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_stays_in_its_split, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
