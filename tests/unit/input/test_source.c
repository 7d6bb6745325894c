/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded streams: members, frames, padding, limits, checksums, boundaries, every piece size. */
#include "input_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "tamis/source.h"

#define PLAIN_BYTES 400000

typedef struct fixture {
    tamis_source *source;
    uint8_t *plain;
    uint8_t *decoded;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    tamis_source_options options = {.ratio_max = 100, .zstd_window_log_max = 20};
    tamis_rng rng = {1};

    assert_non_null(f);
    assert_int_equal(tamis_source_create(&options, &f->source, NULL), TAMIS_OK);
    f->plain = malloc(PLAIN_BYTES);
    f->decoded = malloc(PLAIN_BYTES + 1);
    assert_non_null(f->plain);
    assert_non_null(f->decoded);
    for (size_t i = 0; i < PLAIN_BYTES; i++) {
        f->plain[i] = (uint8_t)("abcdefgh"[tamis_rng_below(&rng, 8)]);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    tamis_source_destroy(f->source);
    free(f->plain);
    free(f->decoded);
    free(f);
    return 0;
}

/* Reads bytes [begin, end) in pieces to the end; returns the decoded size, at most PLAIN_BYTES + 1.
 */
static size_t decode_range(fixture *f, const tamis_buf *bytes, tamis_compression compression,
                           size_t begin, size_t end, size_t piece)
{
    tamis_source_range range = {
        .compression = compression, .begin = begin, .end = end, .size = bytes->size};
    size_t total = 0;

    assert_int_equal(tamis_source_open_memory(f->source, tamis_buf_slice(bytes), &range, NULL),
                     TAMIS_OK);
    while (total <= PLAIN_BYTES) {
        size_t room = PLAIN_BYTES + 1 - total;
        size_t size = 0;
        tamis_status status = tamis_source_read(f->source, f->decoded + total,
                                                piece < room ? piece : room, &size, NULL);

        if (status == TAMIS_END) {
            assert_int_equal(size, 0);
            break;
        }
        assert_int_equal(status, TAMIS_OK);
        assert_in_range(size, 1, piece);
        total += size;
    }
    assert_int_equal(tamis_source_look(f->source)->decoded_bytes, total);
    return total;
}

static size_t decode(fixture *f, const tamis_buf *bytes, tamis_compression compression,
                     size_t piece)
{
    return decode_range(f, bytes, compression, 0, bytes->size, piece);
}

static tamis_fault fault_of(const fixture *f)
{
    return tamis_source_look(f->source)->fault;
}

static void test_pieces(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, 65536, 262144, PLAIN_BYTES};
    fixture *f = *state;

    for (int c = 0; c < 3; c++) {
        for (size_t members = 1; members <= 3000; members += 2999) {
            tamis_buf packed = {.max = 0};

            for (size_t m = 0; m < members; m++) {
                size_t begin = (size_t)PLAIN_BYTES * m / members;
                size_t end = (size_t)PLAIN_BYTES * (m + 1) / members;

                support_pack(&packed, (tamis_compression)c, f->plain + begin, end - begin);
            }
            for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
                assert_int_equal(decode(f, &packed, (tamis_compression)c, pieces[i]), PLAIN_BYTES);
                assert_memory_equal(f->decoded, f->plain, PLAIN_BYTES);
                assert_int_equal(fault_of(f), TAMIS_FAULT_NONE);
                assert_int_equal(tamis_source_look(f->source)->stored_bytes, packed.size);
                assert_true(tamis_digest_is_equal(tamis_source_digest(f->source),
                                                  tamis_hash128(packed.data, packed.size)));
            }
            tamis_buf_fini(&packed);
        }
    }
}

static void test_what_follows_gzip(void **state)
{
    fixture *f = *state;
    tamis_buf packed = {.max = 0};
    size_t size = 0;

    support_pack(&packed, TAMIS_COMPRESSION_GZIP, "text", 4);
    size = packed.size;
    assert_int_equal(tamis_buf_reserve(&packed, 300000), TAMIS_OK);
    memset(packed.data + size, 0, 300000);
    packed.size += 300000;
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_GZIP, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_NONE);
    packed.data[packed.size - 1] = 1;
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_GZIP, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_CORRUPT);
    packed.size = size;
    assert_int_equal(tamis_buf_append_string(&packed, "junk"), TAMIS_OK);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_GZIP, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_CORRUPT);
    assert_non_null(strstr(tamis_source_look(f->source)->fault_text, "member"));
    packed.size = size + 1;
    packed.data[size] = 0x1f; /* the first byte of a member */
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_GZIP, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_TRUNCATED);
    packed.size = 0;
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_GZIP, 4096), 0);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_TRUNCATED);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_ZSTD, 4096), 0);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_TRUNCATED);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_NONE, 4096), 0);
    assert_int_equal(fault_of(f), TAMIS_FAULT_NONE);
    tamis_buf_fini(&packed);
}

/* A header with all optional fields. */
static void test_gzip_header_fields(void **state)
{
    static const uint8_t header[] = {0x1f, 0x8b, 8,   4 + 8 + 16, 0,   0,   0,   0, 0,   3,   2,
                                     0,    'x',  'y', 'n',        'a', 'm', 'e', 0, 'c', 'o', 0};
    fixture *f = *state;
    tamis_buf member = {.max = 0};
    tamis_buf packed = {.max = 0};

    support_pack(&member, TAMIS_COMPRESSION_GZIP, "text", 4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tamis_buf_append(&packed, header, sizeof(header)), TAMIS_OK);
        assert_int_equal(tamis_buf_append(&packed, member.data + 10, member.size - 10), TAMIS_OK);
    }
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_GZIP, 4096), 8);
    assert_memory_equal(f->decoded, "texttext", 8);
    assert_int_equal(fault_of(f), TAMIS_FAULT_NONE);
    tamis_buf_fini(&member);
    tamis_buf_fini(&packed);
}

static void test_checksums(void **state)
{
    fixture *f = *state;

    for (int c = 1; c < 3; c++) {
        tamis_buf packed = {.max = 0};

        support_pack(&packed, (tamis_compression)c, "first", 5);
        support_pack(&packed, (tamis_compression)c, "second", 6);
        packed.data[packed.size - (c == 1 ? 5 : 1)] ^= 1; /* in the last checksum */
        /* A zstd frame that fits one call is held back until its checksum is right. */
        assert_int_equal(decode(f, &packed, (tamis_compression)c, 4096), c == 1 ? 11 : 5);
        assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_CORRUPT);
        assert_int_equal(tamis_source_look(f->source)->fault_offset, c == 1 ? 11 : 5);
        assert_non_null(strstr(tamis_source_look(f->source)->fault_text, "checksum"));
        tamis_buf_fini(&packed);
    }
}

/* A frame that asks for its whole window: its size is not known when it begins. */
static void pack_window(tamis_buf *out, const uint8_t *data, size_t size, int window_log)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    ZSTD_inBuffer input = {data, size, 0};
    ZSTD_outBuffer output = {NULL, 0, 0};

    assert_non_null(zstd);
    assert_int_equal(tamis_buf_reserve(out, ZSTD_compressBound(size)), TAMIS_OK);
    output = (ZSTD_outBuffer){out->data, out->capacity, 0};
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log);
    assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &output, &input, ZSTD_e_continue)));
    assert_int_equal(ZSTD_compressStream2(zstd, &output, &input, ZSTD_e_end), 0);
    out->size = output.pos;
    (void)ZSTD_freeCCtx(zstd);
}

/* The bytes behind the free ones may be ratio times as many as were stored. */
static void test_ratio(void **state)
{
    fixture *f = *state;
    size_t size = (size_t)80 << 20;
    uint8_t *zeros = calloc(1, size);

    assert_non_null(zeros);
    for (int c = 1; c < 3; c++) {
        tamis_buf packed = {.max = 0};
        tamis_source_range range = {.compression = (tamis_compression)c};
        uint64_t total = 0;
        size_t count = 0;

        if (c == TAMIS_COMPRESSION_GZIP) {
            support_pack(&packed, TAMIS_COMPRESSION_GZIP, zeros, size);
        } else {
            pack_window(&packed, zeros, size, 20);
        }
        range.end = packed.size;
        range.size = packed.size;
        assert_int_equal(
            tamis_source_open_memory(f->source, tamis_buf_slice(&packed), &range, NULL), TAMIS_OK);
        while (tamis_source_read(f->source, f->decoded, 262144, &count, NULL) == TAMIS_OK) {
            total += count;
        }
        assert_int_equal(fault_of(f), TAMIS_FAULT_RATIO);
        assert_in_range(total, TAMIS_SOURCE_RATIO_FREE_BYTES + 1,
                        TAMIS_SOURCE_RATIO_FREE_BYTES + 262144);
        assert_int_equal(tamis_source_look(f->source)->fault_offset, total);
        tamis_buf_fini(&packed);
    }
    free(zeros);
}

static void test_window(void **state)
{
    fixture *f = *state;
    tamis_buf packed = {.max = 0};

    pack_window(&packed, f->plain, PLAIN_BYTES, 20);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_ZSTD, 65536), PLAIN_BYTES);
    assert_int_equal(fault_of(f), TAMIS_FAULT_NONE);
    tamis_buf_reset(&packed);
    pack_window(&packed, f->plain, PLAIN_BYTES, 21);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_ZSTD, 65536), 0);
    assert_int_equal(fault_of(f), TAMIS_FAULT_WINDOW);
    tamis_buf_fini(&packed);
}

static void test_skippable_frames(void **state)
{
    static const uint8_t skippable[] = {0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};
    fixture *f = *state;
    tamis_buf packed = {.max = 0};

    assert_int_equal(tamis_buf_append(&packed, skippable, sizeof(skippable)), TAMIS_OK);
    support_pack(&packed, TAMIS_COMPRESSION_ZSTD, "text", 4);
    assert_int_equal(tamis_buf_append(&packed, skippable, sizeof(skippable)), TAMIS_OK);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_ZSTD, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_NONE);
    packed.size--;
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_ZSTD, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_TRUNCATED);
    packed.size++;
    assert_int_equal(tamis_buf_append_string(&packed, "junk"), TAMIS_OK);
    assert_int_equal(decode(f, &packed, TAMIS_COMPRESSION_ZSTD, 4096), 4);
    assert_int_equal(fault_of(f), TAMIS_FAULT_STREAM_CORRUPT);
    tamis_buf_fini(&packed);
}

static void test_boundaries(void **state)
{
    fixture *f = *state;
    tamis_buf packed = {.max = 0};
    size_t second = 0;
    size_t third = 0;

    support_pack(&packed, TAMIS_COMPRESSION_GZIP, "one", 3);
    second = packed.size;
    support_pack(&packed, TAMIS_COMPRESSION_GZIP, "three", 5);
    third = packed.size;
    support_pack(&packed, TAMIS_COMPRESSION_GZIP, "seven", 5);
    assert_int_equal(decode_range(f, &packed, TAMIS_COMPRESSION_GZIP, second, third, 4096), 10);
    assert_memory_equal(f->decoded, "threeseven", 10);
    assert_int_equal(tamis_source_look(f->source)->boundary, 5);
    assert_int_equal(tamis_source_look(f->source)->stored_bytes, third - second);
    assert_true(tamis_digest_is_equal(tamis_source_digest(f->source),
                                      tamis_hash128(packed.data + second, third - second)));
    /* The end of the range inside a member: the boundary is the next member. */
    assert_int_equal(decode_range(f, &packed, TAMIS_COMPRESSION_GZIP, 0, second + 1, 4096), 13);
    assert_int_equal(tamis_source_look(f->source)->boundary, 8);
    assert_int_equal(decode_range(f, &packed, TAMIS_COMPRESSION_GZIP, 0, packed.size, 4096), 13);
    assert_int_equal(tamis_source_look(f->source)->boundary, UINT64_MAX);
    assert_int_equal(decode_range(f, &packed, TAMIS_COMPRESSION_NONE, 3, 10, 4096),
                     packed.size - 3);
    assert_int_equal(tamis_source_look(f->source)->boundary, 7);
    assert_int_equal(tamis_source_look(f->source)->stored_bytes, 7);
    assert_true(
        tamis_digest_is_equal(tamis_source_digest(f->source), tamis_hash128(packed.data + 3, 7)));
    tamis_buf_fini(&packed);
}

static void test_options(void **state)
{
    tamis_source_options options = {.zstd_window_log_max = 9};
    tamis_source *source = NULL;
    tamis_source_range range = {.size = 0};
    fixture *f = *state;
    tamis_err err;

    assert_int_equal(tamis_source_create(&options, &source, NULL), TAMIS_EARG);
    options.zstd_window_log_max = 32;
    assert_int_equal(tamis_source_create(&options, &source, NULL), TAMIS_EARG);
    assert_null(source);
    assert_int_equal(tamis_source_open(f->source, "/nowhere/x", &range, &err), TAMIS_ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/x"));
    assert_int_equal(tamis_source_open(f->source, "/dev/null", &range, &err), TAMIS_EARG);
    assert_int_equal(tamis_source_open(f->source, "/", &range, &err), TAMIS_EARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_follows_gzip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gzip_header_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checksums, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ratio, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_skippable_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_boundaries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
