/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a block decodes to what was encoded, takes the widths it should, and refuses what does not
 * fit. Method: seeded round trips over widths and counts around the tile and the block. */
#include "runs_support.h"

#include "run_block.h"
#include "tamis/hash.h"

static tamis_run_piece piece_of(uint32_t words, bool has_payload)
{
    return (tamis_run_piece){.words = words,
                             .has_payload = has_payload,
                             .block_records_max = TAMIS_RUN_BLOCK_RECORDS,
                             .block_bytes_max = UINT32_MAX};
}

static void check_block(tamis_rng *rng, size_t count, uint32_t words, bool has_payload)
{
    tamis_run_piece piece = piece_of(words, has_payload);
    uint32_t columns = words + (has_payload ? 1 : 0);
    size_t bound = tamis_run_block_bound(columns, count);
    uint64_t *records = shaped_records(rng, count, words);
    uint64_t *decoded = malloc(count * words * 8);
    uint64_t *lengths = malloc(count * 8);
    uint64_t *decoded_lengths = malloc(count * 8);
    uint8_t *bytes = malloc(bound + TAMIS_RUN_SLACK);
    uint8_t payload[8192];
    tamis_run_block block = {0};
    size_t sum = 0;
    size_t size = 0;

    assert_true(decoded != NULL && lengths != NULL && decoded_lengths != NULL && bytes != NULL);
    plain_sort(records, count, words);
    for (size_t i = 0; i < count; i++) {
        lengths[i] = tamis_rng_below(rng, 3);
        sum += lengths[i];
    }
    memset(payload, 7, sizeof(payload));
    sum = has_payload ? sum : 0;
    size = tamis_run_block_encode(records, count, words, has_payload ? lengths : NULL,
                                  tamis_slice_of(payload, sum), bytes);
    assert_true(size <= bound);
    assert_true(tamis_run_block_parse(bytes, &piece, &block));
    assert_int_equal(block.count, count);
    assert_int_equal(block.head_bytes, size);
    assert_int_equal(block.payload_bytes, sum);
    assert_true(tamis_run_block_decode(bytes, &block, &piece, decoded, decoded_lengths));
    assert_memory_equal(decoded, records, count * words * 8);
    if (has_payload) {
        assert_memory_equal(decoded_lengths, lengths, count * 8);
    }
    free(records);
    free(decoded);
    free(lengths);
    free(decoded_lengths);
    free(bytes);
}

static void test_round_trips(void **state)
{
    static const size_t counts[] = {1, 2, 31, 32, 33, 63, 64, 65, 1000, 4095, 4096};
    tamis_rng rng = seeded("round trips");

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (uint32_t words = 1; words <= 20; words++) {
            check_block(&rng, counts[i], words, false);
            check_block(&rng, counts[i], words, true);
        }
    }
    check_block(&rng, 100, TAMIS_RUN_WORDS_MAX, true);
}

/* Every width of a column, at both its ends. */
static void test_widths(void **state)
{
    (void)state;
    for (uint32_t width = 0; width <= 8; width++) {
        uint64_t greatest = width == 0 ? 0 : UINT64_MAX >> (64 - 8 * width);
        uint64_t records[] = {10, 0, 10, greatest, 10, greatest / 2};
        tamis_run_piece piece = piece_of(2, false);
        tamis_run_block block = {0};
        uint8_t bytes[256];
        uint64_t decoded[6] = {0};

        assert_int_equal(
            tamis_run_block_encode(records, 3, 2, NULL, tamis_slice_of(NULL, 0), bytes),
            TAMIS_RUN_BLOCK_HEAD + 18 + 3 * width);
        assert_true(tamis_run_block_parse(bytes, &piece, &block));
        assert_true(tamis_run_block_decode(bytes, &block, &piece, decoded, NULL));
        assert_memory_equal(decoded, records, sizeof(records));
    }
}

static void test_records_of_a_block(void **state)
{
    (void)state;
    assert_int_equal(tamis_run_block_records(1, TAMIS_RUN_BLOCK_BYTES), TAMIS_RUN_BLOCK_RECORDS);
    assert_int_equal(tamis_run_block_records(2, TAMIS_RUN_BLOCK_BYTES), TAMIS_RUN_BLOCK_RECORDS);
    assert_int_equal(tamis_run_block_records(4, TAMIS_RUN_BLOCK_BYTES), 2048);
    assert_int_equal(tamis_run_block_records(TAMIS_RUN_WORDS_MAX, 8), 1);
}

/* Sealed again after each change, so that it is the layout and not the checksum that refuses. */
static void test_refusals(void **state)
{
    const uint64_t records[] = {1, 2, 3, 4};
    const uint64_t lengths[] = {1, 2};
    tamis_run_piece piece = piece_of(2, true);
    tamis_run_block block = {0};
    uint8_t good[256];
    uint8_t bytes[256];
    uint64_t decoded[4];
    uint64_t decoded_lengths[2];
    size_t size = tamis_run_block_encode(records, 2, 2, lengths, tamis_slice_of("abc", 3), good);

    (void)state;
    memcpy(bytes, good, sizeof(bytes));
    tamis_put32(bytes + 12, 0);
    assert_false(tamis_run_block_parse(bytes, &piece, &block));
    tamis_put32(bytes + 12, TAMIS_RUN_BLOCK_RECORDS + 1);
    assert_false(tamis_run_block_parse(bytes, &piece, &block));
    memcpy(bytes, good, sizeof(bytes));
    tamis_put32(bytes + 8, TAMIS_RUN_BLOCK_HEAD);
    assert_false(tamis_run_block_parse(bytes, &piece, &block));
    tamis_put32(bytes + 8, UINT32_MAX);
    assert_false(tamis_run_block_parse(bytes, &piece, &block));
    memcpy(bytes, good, sizeof(bytes));
    tamis_put64(bytes + 16, TAMIS_RUN_BLOCK_BYTES + 1);
    assert_false(tamis_run_block_parse(bytes, &piece, &block)); /* two records */

    /* Lengths that are more or less than the payload. */
    for (uint64_t bad = 2; bad <= 4; bad += 2) {
        memcpy(bytes, good, sizeof(bytes));
        tamis_put64(bytes + 16, bad);
        tamis_put64(bytes, tamis_hash64(bytes + 8, size - 8));
        assert_true(tamis_run_block_parse(bytes, &piece, &block));
        assert_false(tamis_run_block_decode(bytes, &block, &piece, decoded, decoded_lengths));
    }
    /* First words that pass 2^64. */
    memcpy(bytes, good, sizeof(bytes));
    tamis_put64(bytes + TAMIS_RUN_BLOCK_HEAD, UINT64_MAX);
    tamis_put64(bytes, tamis_hash64(bytes + 8, size - 8));
    assert_true(tamis_run_block_parse(bytes, &piece, &block));
    assert_false(tamis_run_block_decode(bytes, &block, &piece, decoded, decoded_lengths));
    /* A width that does not exist, and one that does not fit. */
    for (uint8_t bad = 2; bad <= 9; bad += 7) {
        memcpy(bytes, good, sizeof(bytes));
        bytes[TAMIS_RUN_BLOCK_HEAD + 24] = bad;
        tamis_put64(bytes, tamis_hash64(bytes + 8, size - 8));
        assert_true(tamis_run_block_parse(bytes, &piece, &block));
        assert_false(tamis_run_block_decode(bytes, &block, &piece, decoded, decoded_lengths));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_records_of_a_block),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
