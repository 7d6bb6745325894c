/* SPDX-License-Identifier: Apache-2.0 */
/* WARC and WET through the reader: what gives a row, what is counted, payload codings, damage,
 * splits. */
#include "input_support.h"

#include <stdio.h>
#include <stdlib.h>

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

/* Appends a record; fields: further header lines, each with its CR LF. */
static void record_add(tamis_buf *out, const char *kind, const char *fields, const void *content,
                       size_t size)
{
    assert_int_equal(tamis_buf_append_format(out,
                                             "WARC/1.0\r\nWARC-Type: %s\r\n%s"
                                             "Content-Length: %zu\r\n\r\n",
                                             kind, fields, size),
                     TAMIS_OK);
    assert_int_equal(tamis_buf_append(out, content, size), TAMIS_OK);
    assert_int_equal(tamis_buf_append_string(out, "\r\n\r\n"), TAMIS_OK);
}

static void text_add(tamis_buf *out, const char *kind, const char *fields, const char *content)
{
    record_add(out, kind, fields, content, strlen(content));
}

static void read_range(fixture *f, const tamis_buf *bytes, tamis_compression compression,
                       uint64_t begin, uint64_t end, support_rows *out_rows)
{
    char path[SUPPORT_PATH_SIZE];
    tamis_input input;
    tamis_split split = {.begin = begin, .end = end};

    support_write_memory(path, bytes->data, bytes->size);
    input = support_input(path, TAMIS_INPUT_WARC, compression);
    support_read(f->reader, &input, &split, 0, out_rows);
    assert_int_equal(out_rows->end, TAMIS_END);
}

static void read_all(fixture *f, const tamis_buf *bytes, support_rows *out_rows)
{
    read_range(f, bytes, TAMIS_COMPRESSION_NONE, 0, bytes->size, out_rows);
}

#define HTTP "Content-Type: application/http; msgtype=response\r\n"

static void test_kinds(void **state)
{
    fixture *f = *state;
    tamis_buf b = {.max = 0};
    support_rows r;

    text_add(&b, "warcinfo", "Content-Type: application/warc-fields\r\n", "software: x\r\n");
    text_add(&b, "request", "", "GET / HTTP/1.1\r\n\r\n");
    text_add(&b, "response", HTTP, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>");
    text_add(&b, "response",
             "WARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: <http://a/b>\r\n"
             "WARC-Date: 2024-05-01T00:00:00Z\r\n" HTTP,
             "HTTP/1.1 200 OK\r\ncontent-type: Text/Plain; charset=utf-8\r\n\r\nplain\r\n");
    text_add(&b, "metadata", "", "");
    text_add(&b, "revisit", HTTP, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    text_add(&b, "resource", "Content-Type: image/png\r\n", "png");
    text_add(&b, "resource", "Content-Type: text/plain\r\nWARC-Target-URI: file:///x y\r\n", "res");
    text_add(&b, "continuation", "", "x");
    text_add(&b, "conversion",
             "Content-Type: text/plain\r\nWARC-Record-ID:\r\n <urn:uuid:2>\r\nwarc-target-uri:"
             "http://c/\xff\r\n",
             "caf\xc3\xa9 \xff\nWARC/1.0\r\n");
    text_add(&b, "conversion", "Content-Type: application/pdf\r\n", "pdf");
    text_add(&b, "conversion", "", "");
    text_add(&b, "response", "Content-Type: text/dns\r\n", "dns");
    read_all(f, &b, &r);
    assert_int_equal(r.count, 4);
    assert_slice(r.rows[0].doc.text, "plain\r\n");
    assert_slice(r.rows[0].doc.id, "<urn:uuid:1>");
    assert_slice(r.rows[0].doc.url, "http://a/b");
    assert_slice(r.rows[0].doc.date, "2024-05-01T00:00:00Z");
    assert_int_equal(r.rows[0].doc.raw.size, 0);
    assert_memory_equal(b.data + r.rows[0].doc.offset, "WARC/1.0\r\nWARC-Type: response", 27);
    assert_slice(r.rows[1].doc.text, "res");
    assert_slice(r.rows[1].doc.url, "file:///x y");
    assert_slice(r.rows[2].doc.text, "caf\xc3\xa9 \xef\xbf\xbd\nWARC/1.0\r\n");
    assert_slice(r.rows[2].doc.id, "<urn:uuid:2>");
    assert_slice(r.rows[2].doc.url, "http://c/\xef\xbf\xbd");
    assert_int_equal(r.rows[2].doc.flags, TAMIS_DOC_REPAIRED);
    assert_slice(r.rows[3].doc.text, "");
    assert_int_equal(r.summary.skipped.warcinfo, 1);
    assert_int_equal(r.summary.skipped.request, 1);
    assert_int_equal(r.summary.skipped.metadata, 1);
    assert_int_equal(r.summary.skipped.revisit, 1);
    assert_int_equal(r.summary.skipped.resource, 1);
    assert_int_equal(r.summary.skipped.response, 2);
    assert_int_equal(r.summary.skipped.other, 2);
    assert_int_equal(r.summary.quarantined, 0);
    assert_int_equal(r.summary.stream_fault, TAMIS_FAULT_NONE);
    support_rows_free(&r);
    tamis_buf_fini(&b);
}

/* The text that a plain-text response with these header lines and this body gives. */
static void check_payload(fixture *f, const char *fields, const void *body, size_t size,
                          tamis_fault fault, const char *text)
{
    tamis_buf content = {.max = 0};
    tamis_buf b = {.max = 0};
    support_rows r;

    assert_int_equal(tamis_buf_append_format(
                         &content, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%s\r\n", fields),
                     TAMIS_OK);
    assert_int_equal(tamis_buf_append(&content, body, size), TAMIS_OK);
    record_add(&b, "response", HTTP, content.data, content.size);
    read_all(f, &b, &r);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.rows[0].doc.fault, fault);
    assert_int_equal(r.rows[0].doc.text.size, strlen(text));
    assert_memory_equal(r.rows[0].doc.text.data, text, strlen(text));
    support_rows_free(&r);
    tamis_buf_fini(&content);
    tamis_buf_fini(&b);
}

#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void check_chunks(fixture *f, const char *body, tamis_fault fault, const char *text)
{
    check_payload(f, CHUNKED, body, strlen(body), fault, text);
}

static void test_payload_codings(void **state)
{
    fixture *f = *state;
    tamis_buf packed = {.max = 0};
    tamis_buf chunk = {.max = 0};

    check_payload(f, "", "as it is", 8, TAMIS_FAULT_NONE, "as it is");
    check_payload(f, "Content-Encoding: identity\r\n", "as it is", 8, TAMIS_FAULT_NONE, "as it is");
    check_chunks(f, "3\r\nabc\r\nB;x=y\r\n0123456789a\r\n0\r\n\r\n", TAMIS_FAULT_NONE,
                 "abc0123456789a");
    check_chunks(f, "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", TAMIS_FAULT_NONE, "abc");
    check_chunks(f, "0\r\n\r\n", TAMIS_FAULT_NONE, "");
    check_chunks(f, "undone already", TAMIS_FAULT_NONE, "undone already");
    check_chunks(f, "9\r\nabc", TAMIS_FAULT_NONE, "abc");
    check_chunks(f, "3\r\nabc", TAMIS_FAULT_NONE, "abc");
    check_chunks(f, "3\r\nabc\r\n", TAMIS_FAULT_NONE, "abc");
    check_chunks(f, "3\r\nabcd\r\n0\r\n\r\n", TAMIS_FAULT_INVALID_WARC, "");
    check_chunks(f, "3\r\nabc\r\nzz\r\n", TAMIS_FAULT_INVALID_WARC, "");
    check_chunks(f, "fffffffffffffff\r\nabc", TAMIS_FAULT_NONE, "abc");
    support_pack(&packed, TAMIS_COMPRESSION_GZIP, "inflated", 8);
    check_payload(f, "Content-Encoding: gzip\r\n", packed.data, packed.size, TAMIS_FAULT_NONE,
                  "inflated");
    check_payload(f, "Content-Encoding: x-gzip\r\n", "undone", 6, TAMIS_FAULT_NONE, "undone");
    assert_int_equal(tamis_buf_append_format(&chunk, "%zX\r\n", packed.size), TAMIS_OK);
    assert_int_equal(tamis_buf_append(&chunk, packed.data, packed.size), TAMIS_OK);
    assert_int_equal(tamis_buf_append_string(&chunk, "\r\n0\r\n\r\n"), TAMIS_OK);
    check_payload(f, CHUNKED "Content-Encoding: gzip\r\n", chunk.data, chunk.size, TAMIS_FAULT_NONE,
                  "inflated");
    packed.data[packed.size - 6] ^= 1;
    check_payload(f, "Content-Encoding: gzip\r\n", packed.data, packed.size,
                  TAMIS_FAULT_INVALID_WARC, "");
    f->settings.record_bytes_max = 1000;
    tamis_buf_reset(&packed);
    {
        static const char zeros[200000];

        support_pack(&packed, TAMIS_COMPRESSION_GZIP, zeros, sizeof(zeros));
    }
    check_payload(f, "Content-Encoding: gzip\r\n", packed.data, packed.size,
                  TAMIS_FAULT_RECORD_TOO_LARGE, "");
    tamis_buf_fini(&packed);
    tamis_buf_fini(&chunk);
}

static void add_string(tamis_buf *out, const char *text)
{
    assert_int_equal(tamis_buf_append_string(out, text), TAMIS_OK);
}

/* What is no record is one row up to the next version line. */
static void test_malformed_records(void **state)
{
    static const char *const bad[] = {
        "no record at all\r\n\r\n",
        "WARC/3.0\r\nWARC-Type: conversion\r\nContent-Length: 0\r\n\r\n",
        "WARC/1.0\r\nContent-Length: 0\r\n\r\n",
        "WARC/1.0\r\nWARC-Type: conversion\r\n\r\nx",
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: -1\r\n\r\nx",
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 1234567890123456789\r\n\r\nx",
        "WARC/1.0\r\nWARC-Type: conversion\r\nno field\r\nContent-Length: 0\r\n\r\n",
        "WARC/1.0 WARC-Type: conversion\r\n\r\n",
        "x",
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tamis_buf b = {.max = 0};
        support_rows r;
        size_t before = 0;

        text_add(&b, "conversion", "", "before");
        before = b.size;
        add_string(&b, bad[i]);
        text_add(&b, "conversion", "", "after");
        read_all(f, &b, &r);
        assert_int_equal(r.count, 3);
        assert_slice(r.rows[0].doc.text, "before");
        assert_int_equal(r.rows[1].doc.fault, TAMIS_FAULT_INVALID_WARC);
        assert_int_equal(r.rows[1].doc.offset, before);
        assert_true(
            tamis_digest_is_equal(r.rows[1].doc.raw_digest, tamis_hash128(bad[i], strlen(bad[i]))));
        assert_slice(r.rows[2].doc.text, "after");
        assert_int_equal(r.summary.stream_fault, TAMIS_FAULT_NONE);
        support_rows_free(&r);
        b.size = before + strlen(bad[i]); /* and with nothing behind it */
        read_all(f, &b, &r);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.rows[1].doc.fault, TAMIS_FAULT_INVALID_WARC);
        support_rows_free(&r);
        tamis_buf_fini(&b);
    }
}

/* Junk of every size around the pieces that are read. */
static void test_long_junk(void **state)
{
    fixture *f = *state;
    static const size_t sizes[] = {262143, 262140, 524288 - 40, 524288 - 35, 524288 - 30, 1000000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tamis_buf b = {.max = 0};
        support_rows r;

        assert_int_equal(tamis_buf_reserve(&b, sizes[i]), TAMIS_OK);
        memset(b.data, 'W', sizes[i]);
        b.size = sizes[i];
        text_add(&b, "conversion", "", "after");
        read_all(f, &b, &r);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.rows[0].doc.fault, TAMIS_FAULT_INVALID_WARC);
        assert_true(
            tamis_digest_is_equal(r.rows[0].doc.raw_digest, tamis_hash128(b.data, sizes[i])));
        assert_slice(r.rows[1].doc.text, "after");
        support_rows_free(&r);
        /* A head without an end is given up at its limit. */
        memcpy(b.data, "WARC/1.0\r\n", 10);
        read_all(f, &b, &r);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.rows[0].doc.fault, TAMIS_FAULT_INVALID_WARC);
        support_rows_free(&r);
        tamis_buf_fini(&b);
    }
}

static void test_record_limit(void **state)
{
    fixture *f = *state;
    tamis_buf b = {.max = 0};
    tamis_buf text = {.max = 0};
    support_rows r;

    f->settings.record_bytes_max = 300000;
    assert_int_equal(tamis_buf_reserve(&text, 2000000), TAMIS_OK);
    memset(text.data, 'x', 2000000);
    record_add(&b, "conversion", "", text.data, 300000);
    record_add(&b, "conversion", "", text.data, 300001);
    record_add(&b, "conversion", "", text.data, 2000000);
    record_add(&b, "request", "", text.data, 2000000); /* no row, no limit */
    text_add(&b, "conversion", "", "after");
    read_all(f, &b, &r);
    assert_int_equal(r.count, 4);
    assert_int_equal(r.rows[0].doc.text.size, 300000);
    assert_int_equal(r.rows[1].doc.fault, TAMIS_FAULT_RECORD_TOO_LARGE);
    assert_int_equal(r.rows[2].doc.fault, TAMIS_FAULT_RECORD_TOO_LARGE);
    assert_true(tamis_digest_is_equal(
        r.rows[1].doc.raw_digest, tamis_hash128(b.data + r.rows[1].doc.offset,
                                                r.rows[2].doc.offset - r.rows[1].doc.offset - 4)));
    assert_slice(r.rows[3].doc.text, "after");
    assert_int_equal(r.summary.skipped.request, 1);
    support_rows_free(&r);
    tamis_buf_fini(&b);
    tamis_buf_fini(&text);
}

/* A file that ends early: what is whole is a row, the cut record is one that is set aside. */
static void test_cut_files(void **state)
{
    fixture *f = *state;
    tamis_buf b = {.max = 0};
    size_t first_end = 0;
    size_t second_end = 0;
    size_t size = 0;

    text_add(&b, "conversion", "", "first");
    first_end = b.size;
    text_add(&b, "request", "", "not a row");
    second_end = b.size;
    text_add(&b, "conversion", "", "last");
    size = b.size;
    for (b.size = 1; b.size <= size; b.size++) {
        support_rows r;
        size_t whole = (b.size >= first_end - 4 ? 1u : 0u) + (b.size >= size - 4 ? 1u : 0u);
        bool is_cut = b.size < first_end - 4 || (b.size > first_end && b.size < second_end - 4) ||
                      (b.size > second_end && b.size < size - 4);

        read_all(f, &b, &r);
        assert_int_equal(r.count, whole + (is_cut ? 1u : 0u));
        assert_int_equal(r.summary.quarantined, is_cut);
        if (is_cut) {
            assert_int_equal(r.rows[whole].doc.fault, TAMIS_FAULT_STREAM_TRUNCATED);
            assert_int_equal(r.summary.stream_fault, TAMIS_FAULT_STREAM_TRUNCATED);
            assert_int_equal(r.summary.stream_fault_offset, b.size);
        }
        support_rows_free(&r);
    }
    tamis_buf_fini(&b);
}

/* Members of one record, of several, of a part: splits at those that begin with a record see every
 * record once. */
static void test_gzip_splits(void **state)
{
    uint64_t seed = 21;
    tamis_rng rng = {seed};
    fixture *f = *state;

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 40; round++) {
        tamis_buf packed = {.max = 0};
        tamis_buf plain = {.max = 0};
        uint64_t cuts[64] = {0};
        size_t cut_count = 0;
        unsigned count = 0;
        unsigned next = 0;

        while (cut_count < 20) {
            unsigned records = 1 + (unsigned)tamis_rng_below(&rng, 3);

            tamis_buf_reset(&plain);
            for (unsigned i = 0; i < records; i++) {
                char text[16];

                (void)snprintf(text, sizeof(text), "%u", count++);
                text_add(&plain, "conversion", "", text);
            }
            cuts[cut_count++] = packed.size;
            if (tamis_rng_below(&rng, 4) == 0) {
                size_t size = 1 + tamis_rng_below(&rng, plain.size - 1);

                support_pack(&packed, TAMIS_COMPRESSION_GZIP, plain.data, size);
                support_pack(&packed, TAMIS_COMPRESSION_GZIP, plain.data + size, plain.size - size);
            } else {
                support_pack(&packed, TAMIS_COMPRESSION_GZIP, plain.data, plain.size);
            }
        }
        cuts[cut_count] = packed.size;
        for (size_t first = 0; first < cut_count;) {
            size_t last = first + 1 + tamis_rng_below(&rng, 4);
            support_rows r;

            last = last > cut_count ? cut_count : last;
            read_range(f, &packed, TAMIS_COMPRESSION_GZIP, cuts[first], cuts[last], &r);
            for (size_t i = 0; i < r.count; i++) {
                char text[16];

                (void)snprintf(text, sizeof(text), "%u", next++);
                assert_int_equal(r.rows[i].doc.fault, TAMIS_FAULT_NONE);
                assert_int_equal(r.rows[i].doc.text.size, strlen(text));
                assert_memory_equal(r.rows[i].doc.text.data, text, strlen(text));
            }
            assert_true(tamis_digest_is_equal(
                r.summary.stored_digest,
                tamis_hash128(packed.data + cuts[first], cuts[last] - cuts[first])));
            support_rows_free(&r);
            first = last;
        }
        assert_int_equal(next, count);
        tamis_buf_fini(&packed);
        tamis_buf_fini(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_payload_codings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_junk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_record_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gzip_splits, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
