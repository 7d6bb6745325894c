/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: frames of the data protocol come back as they were, and nothing else is taken. Method:
 * seeded round trips; every byte of a frame is changed in turn; both sides of each limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tamis/bytes.h"
#include "tamis/data_frame.h"
#include "tamis/exchange.h"
#include "tamis/hash.h"
#include "tamis/rng.h"

static tamis_data_request sample(tamis_rng *rng, tamis_data_kind kind)
{
    tamis_data_request request = {.id = tamis_rng_next(rng),
                                  .offset = tamis_rng_next(rng) >> 8,
                                  .length =
                                      1 + (uint32_t)tamis_rng_below(rng, TAMIS_DATA_CHUNK_MAX),
                                  .object = {.kind = kind,
                                             .job = "0123456789abcdef",
                                             .stage = (uint32_t)tamis_rng_below(rng, 64),
                                             .task_count = 1}};
    tamis_data_object *object = &request.object;
    uint32_t task = (uint32_t)tamis_rng_below(rng, 1000);

    if (tamis_rng_below(rng, 2) == 0) {
        memcpy(object->folder_id, "00000000000000ff", TAMIS_DATA_ID_SIZE);
    }
    if (kind == TAMIS_DATA_FILE) {
        object->file = 1 + (uint32_t)tamis_rng_below(rng, TAMIS_RESULT_FILE_END - 1);
    } else if (kind == TAMIS_DATA_PIECES) {
        object->piece = (uint32_t)tamis_rng_next(rng);
        object->first_part = (uint32_t)tamis_rng_below(rng, 100);
        object->end_part = object->first_part + 1;
        object->task_count = 1 + (uint32_t)tamis_rng_below(rng, TAMIS_DATA_TASKS_MAX);
    } else {
        object->is_ids = tamis_rng_below(rng, 2) == 0;
        object->first = tamis_rng_next(rng) >> 1;
        object->bound = tamis_rng_below(rng, 2) == 0 ? 0 : object->first + 1;
        object->block_bytes = 1000;
    }
    for (uint32_t i = 0; i < object->task_count; i++) {
        object->tasks[i] = task += 1 + (uint32_t)tamis_rng_below(rng, 9);
    }
    return request;
}

static void test_requests(void **state)
{
    tamis_rng rng = {.state = 5};

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        tamis_data_request request = sample(&rng, (tamis_data_kind)(1 + round % 3));
        tamis_data_request back;
        uint8_t bytes[TAMIS_DATA_REQUEST_MAX];
        uint8_t again[TAMIS_DATA_REQUEST_MAX];
        size_t size = tamis_data_request_encode(&request, bytes);

        assert_true(size <= TAMIS_DATA_REQUEST_MAX);
        assert_int_equal(tamis_data_request_decode(tamis_slice_of(bytes, size), &back), TAMIS_OK);
        assert_int_equal(tamis_data_request_encode(&back, again), size);
        assert_memory_equal(again, bytes, size);
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= (uint8_t)(1 + tamis_rng_below(&rng, 255));
            assert_int_not_equal(tamis_data_request_decode(tamis_slice_of(bytes, size), &back),
                                 TAMIS_OK);
            (void)tamis_data_request_encode(&request, bytes);
        }
        assert_int_not_equal(tamis_data_request_decode(tamis_slice_of(bytes, size - 1), &back),
                             TAMIS_OK);
    }
}

/* Decodes the frame with 32 bits at `at` replaced, under a checksum that fits. */
static tamis_status forged(const tamis_data_request *request, size_t at, uint32_t value)
{
    uint8_t bytes[TAMIS_DATA_REQUEST_MAX];
    size_t size = tamis_data_request_encode(request, bytes);
    tamis_data_request back;

    tamis_put32le(bytes + at, value);
    tamis_put64le(bytes + size - 8, tamis_hash64(bytes, size - 8));
    return tamis_data_request_decode(tamis_slice_of(bytes, size), &back);
}

static void test_limits_of_requests(void **state)
{
    tamis_rng rng = {.state = 6};
    tamis_data_request file = sample(&rng, TAMIS_DATA_FILE);
    tamis_data_request pieces = sample(&rng, TAMIS_DATA_PIECES);

    (void)state;
    assert_int_equal(forged(&file, 24, 1), TAMIS_OK);
    assert_int_equal(forged(&file, 24, 0), TAMIS_EFORMAT);
    assert_int_equal(forged(&file, 24, TAMIS_DATA_CHUNK_MAX), TAMIS_OK);
    assert_int_equal(forged(&file, 24, TAMIS_DATA_CHUNK_MAX + 1), TAMIS_EFORMAT);
    assert_int_equal(forged(&file, 28, TAMIS_STAGES_MAX - 1), TAMIS_OK);
    assert_int_equal(forged(&file, 28, TAMIS_STAGES_MAX), TAMIS_EFORMAT);
    assert_int_equal(forged(&file, 64, 0), TAMIS_EFORMAT);
    assert_int_equal(forged(&file, 64, TAMIS_RESULT_FILE_END), TAMIS_EFORMAT);
    assert_int_equal(forged(&file, 32, 0x2f2e2e2f), TAMIS_EFORMAT); /* "/../" in the job */
    assert_int_equal(forged(&file, 48, 0x30), TAMIS_EFORMAT);       /* a folder of one digit */
    assert_int_equal(forged(&file, 4, 0x00010002), TAMIS_EVERSION);
    assert_int_equal(forged(&file, 100, 2), TAMIS_EFORMAT);
    assert_int_equal(forged(&pieces, 76, pieces.object.first_part), TAMIS_EFORMAT);
    assert_int_equal(forged(&pieces, 100, UINT32_MAX), TAMIS_EFORMAT);
    assert_int_equal(forged(&pieces, 112, UINT32_MAX), TAMIS_EFORMAT); /* tasks must ascend */
}

static void test_replies(void **state)
{
    tamis_data_reply reply = {
        .id = 77, .status = TAMIS_OK, .total = 5000, .offset = 4000, .length = 1000, .checksum = 9};
    tamis_data_reply back;
    uint8_t bytes[TAMIS_DATA_REPLY_BYTES];

    (void)state;
    tamis_data_reply_encode(&reply, bytes);
    assert_int_equal(tamis_data_reply_decode(tamis_slice_of(bytes, sizeof(bytes)), &back),
                     TAMIS_OK);
    assert_int_equal(back.id, reply.id);
    assert_int_equal(back.status, reply.status);
    assert_int_equal(back.total, reply.total);
    assert_int_equal(back.offset, reply.offset);
    assert_int_equal(back.length, reply.length);
    assert_int_equal(back.checksum, reply.checksum);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] ^= 0x40;
        assert_int_not_equal(tamis_data_reply_decode(tamis_slice_of(bytes, sizeof(bytes)), &back),
                             TAMIS_OK);
        bytes[i] ^= 0x40;
    }
    reply.length = 1001;
    tamis_data_reply_encode(&reply, bytes);
    assert_int_equal(tamis_data_reply_decode(tamis_slice_of(bytes, sizeof(bytes)), &back),
                     TAMIS_EFORMAT);
    reply = (tamis_data_reply){.status = (tamis_status)9999};
    tamis_data_reply_encode(&reply, bytes);
    assert_int_equal(tamis_data_reply_decode(tamis_slice_of(bytes, sizeof(bytes)), &back),
                     TAMIS_EFORMAT);
}

static void test_index(void **state)
{
    uint64_t sizes[3] = {100, 0, 50};
    uint64_t back[3];
    uint8_t bytes[TAMIS_DATA_INDEX_HEAD + 24] = {0};
    tamis_slice slice = tamis_slice_of(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(tamis_data_index_bytes(3), sizeof(bytes));
    tamis_data_index_encode(sizes, 3, bytes);
    assert_int_equal(tamis_data_index_decode(slice, 3, sizeof(bytes) + 150, back), TAMIS_OK);
    assert_memory_equal(back, sizes, sizeof(sizes));
    assert_int_equal(tamis_data_index_decode(slice, 3, sizeof(bytes) + 151, back), TAMIS_ECORRUPT);
    assert_int_equal(tamis_data_index_decode(slice, 2, sizeof(bytes) + 150, back), TAMIS_ECORRUPT);
    sizes[0] = UINT64_MAX - 10;
    tamis_data_index_encode(sizes, 3, bytes);
    assert_int_equal(tamis_data_index_decode(slice, 3, sizeof(bytes) + 150, back), TAMIS_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_limits_of_requests),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
