/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: blocks are the bytes of docs/FORMATS.md 5, give back what went in, and refuse the rest.
 * Method: golden vectors; seeded round trips over all widths; every cut and every flipped bit of a
 * block, with and without a checksum that fits. */
#include "tamis/record_block.h"

#include "store_test.h"
#include "tamis/rng.h"

#define SEED 20250118u

static void block_seal(uint8_t *bytes, size_t size)
{
    uint64_t hash = tamis_hash64(bytes, size - 8);

    for (unsigned i = 0; i < 8; i++) {
        bytes[size - 8 + i] = (uint8_t)(hash >> (8 * i));
    }
}

static void assert_hex(tamis_slice bytes, const char *expected)
{
    char *hex = malloc(2 * bytes.size + 1);

    assert_non_null(hex);
    for (size_t i = 0; i < bytes.size; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes.data[i]);
    }
    assert_string_equal(hex, expected);
    free(hex);
}

/* Three rows, not consecutive, with columns of widths 2, 1, 0, 1, 1 and one missing signature. */
static void golden_pack(tamis_buf *block)
{
    static const uint8_t first_signature[4] = {1, 2, 3, 4};
    static const uint8_t last_signature[4] = {5, 6, 7, 8};
    const tamis_record rows[3] = {
        {.digest = {.low = 0x0807060504030201, .high = 0x100f0e0d0c0b0a09},
         .signature = first_signature,
         .shingle_count = 5,
         .text_bytes = 300},
        {.digest = {.low = 2, .high = 0}, .fault = 3},
        {.digest = {.low = 3, .high = 0},
         .signature = last_signature,
         .shingle_count = 255,
         .text_bytes = 65535,
         .flags = TAMIS_RECORD_REPAIRED},
    };
    tamis_record_builder *builder = NULL;
    tamis_ord last = 0;

    assert_int_equal(tamis_record_builder_create(4, &builder), TAMIS_OK);
    tamis_record_builder_add(builder, tamis_ord_make(1, 2, 3), &rows[0]);
    tamis_record_builder_add(builder, tamis_ord_make(1, 2, 4), &rows[1]);
    tamis_record_builder_add(builder, tamis_ord_make(1, 2, 260), &rows[2]);
    assert_int_equal(tamis_record_builder_pack(builder, block, &last), TAMIS_OK);
    assert_int_equal(last, tamis_ord_make(1, 2, 260));
    tamis_record_builder_destroy(builder);
}

static void test_golden_records(void **state)
{
    tamis_block_view view = {0};
    tamis_record record = {0};
    tamis_err err = {0};
    tamis_buf block;

    (void)state;
    tamis_buf_init(&block, 0);
    golden_pack(&block);
    assert_hex(tamis_slice_of(block.data, block.size - 8), "01010300040000000300000800000100"
                                                           "0202010001010200"
                                                           "000001000101"
                                                           "2c010000ffff"
                                                           "0500ff"
                                                           "000001"
                                                           "000300"
                                                           "05"
                                                           "0102030405060708090a0b0c0d0e0f10"
                                                           "02000000000000000000000000000000"
                                                           "03000000000000000000000000000000"
                                                           "010203040000000005060708");
    assert_status(tamis_record_block_open(tamis_buf_slice(&block), &view, &err), TAMIS_OK, &err);
    assert_int_equal(view.row_count, 3);
    assert_int_equal(tamis_block_ord(&view, 1), tamis_ord_make(1, 2, 4));
    tamis_block_record(&view, 1, &record);
    assert_null(record.signature);
    assert_int_equal(record.fault, 3);
    tamis_block_record(&view, 2, &record);
    assert_memory_equal(record.signature, "\x05\x06\x07\x08", 4);
    assert_int_equal(record.text_bytes, 65535);
    tamis_buf_fini(&block);
}

static void test_golden_ids(void **state)
{
    tamis_id_builder *builder = NULL;
    tamis_block_view view = {0};
    tamis_err err = {0};
    tamis_ord last = 0;
    tamis_buf block;

    (void)state;
    tamis_buf_init(&block, 0);
    assert_int_equal(tamis_id_builder_create(&builder), TAMIS_OK);
    for (uint32_t row = 0; row < 3; row++) {
        tamis_slice id = tamis_slice_of_string(row == 0 ? "first" : row == 1 ? "" : "2");

        assert_int_equal(tamis_id_builder_add(builder, tamis_ord_make(0, 1, row), id), TAMIS_OK);
    }
    assert_int_equal(tamis_id_builder_pack(builder, &block, &last), TAMIS_OK);
    assert_hex(tamis_slice_of(block.data, block.size - 8), "01020300000000000000000400000000"
                                                           "0000000000000000"
                                                           "050000000500000006000000"
                                                           "666972737432");
    assert_status(tamis_id_block_open(tamis_buf_slice(&block), &view, &err), TAMIS_OK, &err);
    assert_true(tamis_slice_is_equal(tamis_block_id(&view, 0), tamis_slice_of("first", 5)));
    assert_int_equal(tamis_block_id(&view, 1).size, 0);
    assert_true(tamis_slice_is_equal(tamis_block_id(&view, 2), tamis_slice_of("2", 1)));
    /* One kind is not taken for the other. */
    assert_status(tamis_record_block_open(tamis_buf_slice(&block), &view, &err), TAMIS_EFORMAT,
                  &err);
    /* Nothing left: an empty block. */
    assert_int_equal(tamis_id_builder_pack(builder, &block, &last), TAMIS_OK);
    assert_int_equal(block.size, 0);
    tamis_id_builder_destroy(builder);
    tamis_buf_fini(&block);
}

/* A number of up to `bits` bits, small ones as likely as large ones. */
static uint64_t random_number(tamis_rng *rng, unsigned bits)
{
    uint64_t width = tamis_rng_below(rng, bits + 1);

    return width == 0 ? 0 : tamis_rng_next(rng) >> (64 - width);
}

static void check_round_trip(tamis_rng *rng, tamis_buf *block)
{
    static tamis_record rows[TAMIS_RECORD_BLOCK_ROWS];
    static tamis_ord ords[TAMIS_RECORD_BLOCK_ROWS];
    static uint8_t signatures[TAMIS_RECORD_BLOCK_ROWS * 64];
    uint32_t count = 1 + (uint32_t)tamis_rng_below(rng, TAMIS_RECORD_BLOCK_ROWS);
    uint32_t signature_bytes = (uint32_t)tamis_rng_below(rng, 3) * 32;
    uint64_t missing = tamis_rng_below(rng, 3); /* none, half, all */
    uint64_t gap = tamis_rng_below(rng, 2) == 0 ? 1 : 1 + random_number(rng, 14);
    unsigned bits[5];
    tamis_record_builder *builder = NULL;
    tamis_block_view view = {0};
    tamis_err err = {0};
    tamis_ord last = 0;

    for (size_t i = 0; i < 5; i++) {
        bits[i] = (unsigned)tamis_rng_below(rng, 33);
    }
    assert_int_equal(tamis_record_builder_create(signature_bytes, &builder), TAMIS_OK);
    last = tamis_ord_make(3, 4, (uint32_t)random_number(rng, 20));
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *signature = signatures + (size_t)64 * i;
        bool is_missing = missing == 2 || (missing == 1 && tamis_rng_below(rng, 2) == 0);

        for (size_t j = 0; j < 64; j++) {
            signature[j] = (uint8_t)tamis_rng_next(rng);
        }
        last += i == 0 ? 0 : 1 + tamis_rng_below(rng, gap);
        ords[i] = last;
        rows[i] = (tamis_record){
            .digest = {.low = tamis_rng_next(rng), .high = tamis_rng_next(rng)},
            .signature = is_missing || signature_bytes == 0 ? NULL : signature,
            .shingle_count = (uint32_t)random_number(rng, bits[0]),
            .distinct_count = (uint32_t)random_number(rng, bits[1]),
            .text_bytes = random_number(rng, 2 * bits[2]),
            .flags = (uint32_t)random_number(rng, bits[3]),
            .fault = (uint16_t)random_number(rng, bits[4] / 2),
        };
        assert_true(tamis_record_builder_fits(builder, last));
        tamis_record_builder_add(builder, last, &rows[i]);
    }
    assert_int_equal(tamis_record_builder_fits(builder, last + 1), count < TAMIS_RECORD_BLOCK_ROWS);
    assert_false(tamis_record_builder_fits(builder, tamis_ord_make(3, 5, 0)));
    assert_int_equal(tamis_record_builder_pack(builder, block, &last), TAMIS_OK);
    tamis_record_builder_destroy(builder);

    assert_status(tamis_record_block_open(tamis_buf_slice(block), &view, &err), TAMIS_OK, &err);
    assert_int_equal(view.row_count, count);
    assert_int_equal(view.first, ords[0]);
    assert_int_equal(view.last, ords[count - 1]);
    for (uint32_t i = 0; i < count; i++) {
        tamis_record record = {0};

        assert_int_equal(tamis_block_ord(&view, i), ords[i]);
        assert_int_equal(tamis_block_find(&view, ords[i]), i);
        assert_int_equal(tamis_block_find(&view, ords[i] + 1), i + 1);
        tamis_block_record(&view, i, &record);
        assert_true(tamis_digest_is_equal(record.digest, rows[i].digest));
        assert_int_equal(record.shingle_count, rows[i].shingle_count);
        assert_int_equal(record.distinct_count, rows[i].distinct_count);
        assert_int_equal(record.text_bytes, rows[i].text_bytes);
        assert_int_equal(record.flags, rows[i].flags);
        assert_int_equal(record.fault, rows[i].fault);
        assert_int_equal(record.signature == NULL, rows[i].signature == NULL);
        if (record.signature != NULL) {
            assert_memory_equal(record.signature, rows[i].signature, signature_bytes);
        }
    }
}

static void test_round_trips(void **state)
{
    tamis_rng rng = {.state = SEED};
    tamis_buf block;

    (void)state;
    print_message("seed %u\n", SEED);
    tamis_buf_init(&block, 0);
    for (int round = 0; round < 400; round++) {
        check_round_trip(&rng, &block);
    }
    tamis_buf_fini(&block);
}

static void test_id_limits(void **state)
{
    tamis_id_builder *builder = NULL;
    tamis_block_view view = {0};
    tamis_err err = {0};
    tamis_ord last = 0;
    tamis_buf block;
    uint8_t *bytes = calloc(1, TAMIS_ID_BYTES_MAX + 1);

    (void)state;
    assert_non_null(bytes);
    tamis_buf_init(&block, 0);
    assert_int_equal(tamis_id_builder_create(&builder), TAMIS_OK);
    assert_int_equal(
        tamis_id_builder_add(builder, 0, tamis_slice_of(bytes, TAMIS_ID_BYTES_MAX + 1)),
        TAMIS_ELIMIT);
    /* The first id always fits, whatever its size; then nothing does but empty ones. */
    assert_true(tamis_id_builder_fits(builder, 0, tamis_slice_of(bytes, TAMIS_ID_BLOCK_BYTES + 1)));
    assert_int_equal(tamis_id_builder_add(builder, 0, tamis_slice_of(bytes, TAMIS_ID_BLOCK_BYTES)),
                     TAMIS_OK);
    assert_true(tamis_id_builder_fits(builder, 1, tamis_slice_of(NULL, 0)));
    assert_false(tamis_id_builder_fits(builder, 1, tamis_slice_of("a", 1)));
    assert_int_equal(tamis_id_builder_pack(builder, &block, &last), TAMIS_OK);

    assert_int_equal(tamis_id_builder_add(builder, 7, tamis_slice_of(bytes, TAMIS_ID_BYTES_MAX)),
                     TAMIS_OK);
    assert_false(tamis_id_builder_fits(builder, 8, tamis_slice_of("a", 1)));
    assert_int_equal(tamis_id_builder_pack(builder, &block, &last), TAMIS_OK);
    assert_status(tamis_id_block_open(tamis_buf_slice(&block), &view, &err), TAMIS_OK, &err);
    assert_int_equal(tamis_block_id(&view, 0).size, TAMIS_ID_BYTES_MAX);
    tamis_id_builder_destroy(builder);
    tamis_buf_fini(&block);
    free(bytes);
}

static void test_builder_limits(void **state)
{
    tamis_record_builder *builder = NULL;

    (void)state;
    assert_int_equal(tamis_record_builder_create(TAMIS_SIGNATURE_BYTES_MAX + 1, &builder),
                     TAMIS_EARG);
    assert_int_equal(tamis_record_builder_create(TAMIS_SIGNATURE_BYTES_MAX, &builder), TAMIS_OK);
    tamis_record_builder_destroy(builder);
    tamis_record_builder_destroy(NULL);
    tamis_id_builder_destroy(NULL);
}

/* Opens a copy of exactly that size, so that a sanitizer sees reads past its end. */
static tamis_status open_copy(const uint8_t *bytes, size_t size, bool is_sealed, bool is_ids)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    tamis_block_view view = {0};
    tamis_status status = TAMIS_OK;

    assert_non_null(copy);
    if (size != 0) {
        memcpy(copy, bytes, size);
    }
    if (is_sealed && size >= 8) {
        block_seal(copy, size);
    }
    status = is_ids ? tamis_id_block_open(tamis_slice_of(copy, size), &view, NULL)
                    : tamis_record_block_open(tamis_slice_of(copy, size), &view, NULL);
    if (status == TAMIS_OK) {
        for (uint32_t i = 0; i < view.row_count; i++) {
            tamis_record record = {0};

            assert_in_range(tamis_block_ord(&view, i), view.first, view.last);
            if (is_ids) {
                assert_true(tamis_block_id(&view, i).size <= size);
            } else {
                tamis_block_record(&view, i, &record);
            }
        }
    }
    free(copy);
    return status;
}

static void test_damage(void **state)
{
    tamis_buf block;
    size_t size = 0;

    (void)state;
    tamis_buf_init(&block, 0);
    golden_pack(&block);
    size = block.size;
    assert_int_equal(open_copy(block.data, size, true, false), TAMIS_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_not_equal(open_copy(block.data, cut, false, false), TAMIS_OK);
        assert_int_equal(open_copy(block.data, cut, true, false), TAMIS_EFORMAT);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        block.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_copy(block.data, size, false, false), TAMIS_ECORRUPT);
        if (bit < 8) {
            assert_int_equal(open_copy(block.data, size, true, false), TAMIS_EVERSION);
        } else {
            (void)open_copy(block.data, size, true, false); /* must read nothing outside */
        }
        block.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    tamis_buf_fini(&block);
}

/* Header fields that a wrong program could write; the checksum fits. */
static void test_invalid_fields(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } faults[] = {
        {1, 2},  /* kind */
        {2, 0},  /* no row */
        {2, 4},  /* a row more */
        {3, 1},  /* above the rows of a block */
        {4, 5},  /* signature size */
        {5, 5},  /* signature size above the limit */
        {16, 3}, /* widths */
        {16, 8},    {16, 0}, {17, 3}, {18, 8}, {21, 4}, {22, 3}, /* presence */
        {22, 0},    {22, 1}, {23, 1},                            /* reserved */
        {24, 1},                                                 /* first row is not the first */
        {26, 0},                                                 /* rows do not ascend */
        {11, 0xff}, /* row 3 + 257 runs into the next split */
    };
    tamis_buf block;

    (void)state;
    tamis_buf_init(&block, 0);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        golden_pack(&block);
        if (faults[i].at == 11) {
            block.data[8] = 0xff;
            block.data[9] = 0xff;
            block.data[10] = 0xff;
        }
        block.data[faults[i].at] = faults[i].value;
        if (open_copy(block.data, block.size, true, false) != TAMIS_EFORMAT) {
            fail_msg("fault %zu was not seen", i);
        }
    }
    tamis_buf_fini(&block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_records), cmocka_unit_test(test_golden_ids),
        cmocka_unit_test(test_round_trips),    cmocka_unit_test(test_id_limits),
        cmocka_unit_test(test_builder_limits), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_invalid_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
