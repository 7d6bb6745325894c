/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: ledger records are the bytes that docs/FORMATS.md says, and nothing else is taken for one.
 * Method: golden bytes, round trips, every truncation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger_record.h"

#define JOB_ID "0123456789abcdef"

static tamis_ledger_key key_of(uint8_t group, uint32_t stage, uint32_t task)
{
    tamis_ledger_key key = {.group = group, .stage = stage, .task = task};

    memcpy(key.job, JOB_ID, sizeof(key.job));
    return key;
}

static void check_key(const tamis_ledger_key *key, unsigned part_count, const char *bytes,
                      size_t size)
{
    uint8_t out[TAMIS_LEDGER_KEY_SIZE_MAX];
    tamis_ledger_key back;

    assert_int_equal(tamis_ledger_key_write(key, part_count, out), size);
    assert_memory_equal(out, bytes, size);
    assert_int_equal(tamis_ledger_key_read(tamis_slice_of(out, size), &back), TAMIS_OK);
    assert_int_equal(back.group, key->group);
    assert_string_equal(back.job, key->job);
    assert_int_equal(back.stage, key->stage);
    assert_int_equal(back.task, key->task);
    /* One byte less or more is no key. */
    assert_int_equal(tamis_ledger_key_read(tamis_slice_of(out, size - 1), &back), TAMIS_EFORMAT);
}

static void check_folder_key(void)
{
    tamis_ledger_key folder = {.group = 'F', .stage = 0x0102};
    tamis_ledger_key back;

    check_key(&folder, 1, "F\1\2", 3);
    assert_int_equal(tamis_ledger_key_read(tamis_slice_of("F\1", 2), &back), TAMIS_EFORMAT);
}

static void test_keys(void **state)
{
    tamis_ledger_key epoch = {.group = 'E'};
    tamis_ledger_key job = key_of('J', 0, 0);
    tamis_ledger_key chunk = key_of('C', 0x01020304, 0);
    tamis_ledger_key stage = key_of('S', 0x0102, 0);
    tamis_ledger_key task = key_of('T', 3, 0x0a0b0c0d);
    tamis_ledger_key back;

    (void)state;
    check_key(&epoch, 0, "E", 1);
    check_folder_key();
    check_key(&job, 1, "J" JOB_ID, 17);
    check_key(&chunk, 2, "C" JOB_ID "\1\2\3\4", 21);
    check_key(&stage, 2, "S" JOB_ID "\1\2", 19);
    check_key(&task, 3, "T" JOB_ID "\0\3\xa\xb\xc\xd", 23);
    assert_int_equal(tamis_ledger_key_read(tamis_slice_of("X", 1), &back), TAMIS_EFORMAT);
    assert_int_equal(tamis_ledger_key_read(tamis_slice_of_string("J0123456789ABCDEF"), &back),
                     TAMIS_EFORMAT);
}

typedef tamis_status (*reader)(tamis_slice value, void *record);

static tamis_status read_epoch(tamis_slice value, void *record)
{
    return tamis_ledger_read_epoch(value, record);
}

static tamis_status read_folder(tamis_slice value, void *record)
{
    return tamis_ledger_read_folder(value, record);
}

static tamis_status read_job(tamis_slice value, void *record)
{
    return tamis_ledger_read_job(value, record);
}

static tamis_status read_stage(tamis_slice value, void *record)
{
    return tamis_ledger_read_stage(value, record);
}

static tamis_status read_task(tamis_slice value, void *record)
{
    return tamis_ledger_read_task(value, record);
}

/* No prefix, no longer value and no other version may be taken for a record. */
static void check_strict(tamis_buf *bytes, reader read, void *record)
{
    for (size_t size = 0; size < bytes->size; size++) {
        assert_int_equal(read(tamis_slice_of(bytes->data, size), record), TAMIS_EFORMAT);
    }
    assert_int_equal(tamis_buf_append_byte(bytes, 0), TAMIS_OK);
    assert_int_equal(read(tamis_buf_slice(bytes), record), TAMIS_EFORMAT);
    bytes->size--;
    bytes->data[0]++;
    assert_int_equal(read(tamis_buf_slice(bytes), record), TAMIS_EVERSION);
    bytes->data[0]--;
}

static void test_epoch(void **state)
{
    static const uint8_t golden[] = {2,   5,   0,   0,   0,   0,   0,   0,   0,
                                     16,  0,   '0', '1', '2', '3', '4', '5', '6',
                                     '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
    tamis_ledger_epoch record = {.epoch = 5, .cluster = JOB_ID};
    tamis_ledger_epoch back;
    tamis_buf bytes;

    (void)state;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_ledger_write_epoch(&record, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, sizeof(golden));
    assert_memory_equal(bytes.data, golden, sizeof(golden));
    assert_int_equal(tamis_ledger_read_epoch(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_int_equal(back.epoch, 5);
    assert_string_equal(back.cluster, JOB_ID);
    check_strict(&bytes, read_epoch, &back);
    bytes.data[5] = 1; /* 2^32: fences would overflow */
    assert_int_equal(tamis_ledger_read_epoch(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    bytes.data[5] = 0;
    bytes.data[11] = 'G';
    assert_int_equal(tamis_ledger_read_epoch(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
}

static void test_folder(void **state)
{
    tamis_ledger_folder record = {
        .id = tamis_slice_of_string(JOB_ID),
        .path = tamis_slice_of_string("/data"),
        .host = tamis_slice_of_string("h"),
        .drain = 2,
        .drain_peer = tamis_slice_of_string("w-1"),
    };
    tamis_ledger_folder back;
    tamis_buf bytes;

    (void)state;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_ledger_write_folder(&record, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, 1 + 2 + 16 + 2 + 5 + 2 + 1 + 1 + 2 + 3);
    assert_int_equal(tamis_ledger_read_folder(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_true(tamis_slice_is_equal(back.id, record.id));
    assert_true(tamis_slice_is_equal(back.path, record.path));
    assert_true(tamis_slice_is_equal(back.host, record.host));
    assert_int_equal(back.drain, 2);
    assert_true(tamis_slice_is_equal(back.drain_peer, record.drain_peer));
    check_strict(&bytes, read_folder, &back);
    bytes.data[bytes.size - 6] = 3; /* no way to drain */
    assert_int_equal(tamis_ledger_read_folder(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_reset(&bytes);
    record.path = tamis_slice_of_string("");
    assert_int_equal(tamis_ledger_write_folder(&record, &bytes), TAMIS_OK);
    assert_int_equal(tamis_ledger_read_folder(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
}

static void test_job(void **state)
{
    static const uint8_t golden[] = {2, 4, 1, 9, 0, 0, 0,   0,   0,   0, 0, 1,   0,   0,   0,   0,
                                     0, 0, 0, 2, 0, 0, 0,   0,   0,   0, 0, 0,   16,  0,   0,   0,
                                     0, 0, 0, 5, 3, 0, 'w', 'h', 'y', 4, 0, '/', 'o', 'u', 't', 7,
                                     0, 0, 0, 0, 0, 0, 0,   6,   0,   0, 0, 0,   0,   0,   0,   5,
                                     0, 0, 0, 0, 0, 0, 0,   4,   0,   0, 0, 0,   0,   0,   0};
    tamis_ledger_job record = {
        .state = TAMIS_RUN_FAILED,
        .is_data_kept = true,
        .order = 9,
        .digest = {.low = 1, .high = 2},
        .size_bytes = 4096,
        .fault = TAMIS_EFORMAT,
        .fault_text = tamis_slice_of_string("why"),
        .output = tamis_slice_of_string("/out"),
        .executed = 7,
        .lost = 6,
        .backups = 5,
        .rescued = 4,
    };
    tamis_ledger_job back;
    tamis_buf bytes;

    (void)state;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_ledger_write_job(&record, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, sizeof(golden));
    assert_memory_equal(bytes.data, golden, sizeof(golden));
    assert_int_equal(tamis_ledger_read_job(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_int_equal(back.state, TAMIS_RUN_FAILED);
    assert_int_equal(back.order, 9);
    assert_int_equal(back.size_bytes, 4096);
    assert_true(tamis_slice_is_equal(back.fault_text, tamis_slice_of_string("why")));
    assert_true(tamis_slice_is_equal(back.output, tamis_slice_of_string("/out")));
    assert_int_equal(back.executed, 7);
    assert_int_equal(back.rescued, 4);
    check_strict(&bytes, read_job, &back);
    bytes.data[1] = TAMIS_RUN_STATE_COUNT;
    assert_int_equal(tamis_ledger_read_job(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
}

static void test_stage(void **state)
{
    tamis_ledger_stage record = {
        .stage = {.kind = TAMIS_STAGE_EMIT, .level = TAMIS_LEVEL_NEAR, .task_count = 7},
        .is_skipped = true,
        .elapsed_ms = 11,
        .bytes = 12,
        .documents = 13,
    };
    tamis_ledger_stage back;
    tamis_buf bytes;

    (void)state;
    record.counters[2] = UINT64_MAX;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_ledger_write_stage(&record, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, 1 + 3 + 4 + 24 + 1 + 9);
    assert_int_equal(tamis_ledger_read_stage(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_int_equal(back.stage.kind, TAMIS_STAGE_EMIT);
    assert_int_equal(back.stage.task_count, 7);
    assert_true(back.is_skipped);
    assert_false(back.stage.is_local);
    assert_int_equal(back.documents, 13);
    assert_memory_equal(back.counters, record.counters, sizeof(record.counters));
    check_strict(&bytes, read_stage, &back);
    bytes.data[1] = TAMIS_STAGE_KIND_COUNT;
    assert_int_equal(tamis_ledger_read_stage(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
}

static void test_task(void **state)
{
    static const uint8_t leased[] = {2, 1, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 1, 2,   3,  5,
                                     1, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0, 2, 0, 'w', '1'};
    tamis_ledger_task record = {
        .state = TAMIS_LEDGER_LEASED,
        .fence = 0x100000003,
        .lost = 4,
        .executed = 1,
        .backups = 2,
        .rescued = 3,
        .losses = 5,
        .holder_count = 1,
        .holders = {{.fence = 0x100000003, .peer = tamis_slice_of_string("w1"), .folder = 9},
                    {.fence = 0x100000004, .peer = tamis_slice_of_string("w2"), .folder = 8}},
    };
    tamis_ledger_task back;
    tamis_buf bytes;

    (void)state;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_ledger_write_task(&record, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, sizeof(leased));
    assert_memory_equal(bytes.data, leased, sizeof(leased));
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_int_equal(back.state, TAMIS_LEDGER_LEASED);
    assert_int_equal(back.fence, 0x100000003);
    assert_int_equal(back.lost, 4);
    assert_int_equal(back.losses, 5);
    assert_int_equal(back.holders[0].folder, 9);
    check_strict(&bytes, read_task, &back);
    tamis_buf_reset(&bytes);
    record.holder_count = 2;
    assert_int_equal(tamis_ledger_write_task(&record, &bytes), TAMIS_OK);
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_int_equal(back.holders[1].fence, 0x100000004);
    check_strict(&bytes, read_task, &back);
    bytes.data[16] = 3; /* one holder too many; none */
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    bytes.data[16] = 0;
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
}

static void test_done_task(void **state)
{
    tamis_ledger_task record = {
        .state = TAMIS_LEDGER_DONE, .fence = 7, .folder = 9, .skip_stages = 3};
    tamis_ledger_task back;
    tamis_buf bytes;

    (void)state;
    record.counters[0] = 1;
    record.counters[TAMIS_COUNTER_COUNT - 1] = 2;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_ledger_write_task(&record, &bytes), TAMIS_OK);
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    assert_int_equal(back.state, TAMIS_LEDGER_DONE);
    assert_int_equal(back.skip_stages, 3);
    assert_int_equal(back.folder, 9);
    assert_memory_equal(back.counters, record.counters, sizeof(record.counters));
    check_strict(&bytes, read_task, &back);
    bytes.data[bytes.size - 9] = TAMIS_COUNTER_COUNT; /* a counter that does not exist */
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    bytes.data[1] = TAMIS_LEDGER_STATE_COUNT;
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_EFORMAT);
    tamis_buf_reset(&bytes);
    record.state = TAMIS_LEDGER_PENDING;
    assert_int_equal(tamis_ledger_write_task(&record, &bytes), TAMIS_OK);
    assert_int_equal(bytes.size, 16);
    assert_int_equal(tamis_ledger_read_task(tamis_buf_slice(&bytes), &back), TAMIS_OK);
    check_strict(&bytes, read_task, &back);
    tamis_buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),      cmocka_unit_test(test_folder),
        cmocka_unit_test(test_done_task), cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_job),       cmocka_unit_test(test_stage),
        cmocka_unit_test(test_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
