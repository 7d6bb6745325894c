/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: results of splits come back as they were put, cut ones are refused, and output names follow
 * FORMATS 6.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tamis/bytes.h"
#include "tamis/split_result.h"

static tamis_scan_result scan_example(uint32_t split)
{
    tamis_scan_result result = {
        .split = split,
        .text_bytes = 11,
        .repaired = 2,
        .ids_missing = 3,
        .summary =
            {
                .rows = 100 + split,
                .quarantined = 4,
                .stored_bytes = 1u << 30,
                .stored_digest = {.low = 5, .high = UINT64_MAX},
                .skipped = {.blank_lines = 6, .sampled_out = 7},
                .stream_fault = TAMIS_FAULT_STREAM_TRUNCATED,
                .stream_fault_offset = 8,
                .open_status = TAMIS_ENOENT,
            },
    };

    result.fault_rows[TAMIS_FAULT_NESTING] = 9;
    (void)snprintf(result.summary.fault_text, sizeof(result.summary.fault_text), "cut at %d", 8);
    return result;
}

static void test_scan(void **state)
{
    tamis_buf buf;
    tamis_scan_result result;
    size_t position = 0;

    (void)state;
    tamis_buf_init(&buf, 0);
    for (uint32_t split = 0; split < 3; split++) {
        tamis_scan_result example = scan_example(split);

        assert_int_equal(tamis_scan_result_put(&buf, &example), TAMIS_OK);
    }
    for (uint32_t split = 0; split < 3; split++) {
        tamis_scan_result example = scan_example(split);

        assert_int_equal(tamis_scan_result_get(tamis_buf_slice(&buf), &position, &result),
                         TAMIS_OK);
        assert_int_equal(result.split, split);
        assert_int_equal(result.summary.rows, example.summary.rows);
        assert_int_equal(result.summary.stored_bytes, example.summary.stored_bytes);
        assert_true(
            tamis_digest_is_equal(result.summary.stored_digest, example.summary.stored_digest));
        assert_int_equal(result.summary.skipped.blank_lines, 6);
        assert_int_equal(result.summary.skipped.sampled_out, 7);
        assert_int_equal(result.fault_rows[TAMIS_FAULT_NESTING], 9);
        assert_int_equal(result.summary.stream_fault, TAMIS_FAULT_STREAM_TRUNCATED);
        assert_int_equal(result.summary.open_status, TAMIS_ENOENT);
        assert_string_equal(result.summary.fault_text, "cut at 8");
    }
    assert_int_equal(tamis_scan_result_get(tamis_buf_slice(&buf), &position, &result), TAMIS_END);
    /* Every cut but one between results is malformed. */
    for (size_t size = 1; size < buf.size / 3; size++) {
        position = 0;
        assert_int_equal(tamis_scan_result_get(tamis_slice_of(buf.data, size), &position, &result),
                         TAMIS_EFORMAT);
    }
    tamis_buf_fini(&buf);
}

static void test_emit(void **state)
{
    tamis_emit_result example = {.split = 7, .kept = 1, .kept_bytes = 2, .capped = 3};
    tamis_emit_result result;
    tamis_buf buf;
    size_t position = 0;

    (void)state;
    example.dropped[TAMIS_LEVEL_NEAR] = 5;
    example.dropped_bytes[TAMIS_LEVEL_URL] = 6;
    example.files[1] = (tamis_output_file){.is_present = true, .size_bytes = 9, .digest = {1, 2}};
    tamis_buf_init(&buf, 0);
    assert_int_equal(tamis_emit_result_put(&buf, &example), TAMIS_OK);
    assert_int_equal(tamis_emit_result_get(tamis_buf_slice(&buf), &position, &result), TAMIS_OK);
    assert_int_equal(result.split, 7);
    assert_int_equal(result.kept, 1);
    assert_int_equal(result.capped, 3);
    assert_int_equal(result.dropped[TAMIS_LEVEL_NEAR], 5);
    assert_int_equal(result.dropped_bytes[TAMIS_LEVEL_URL], 6);
    assert_false(result.files[0].is_present);
    assert_true(result.files[1].is_present);
    assert_int_equal(result.files[1].size_bytes, 9);
    assert_int_equal(result.files[1].digest.high, 2);
    assert_int_equal(tamis_emit_result_get(tamis_buf_slice(&buf), &position, &result), TAMIS_END);
    for (size_t size = 1; size < buf.size; size++) {
        position = 0;
        assert_int_equal(tamis_emit_result_get(tamis_slice_of(buf.data, size), &position, &result),
                         TAMIS_EFORMAT);
    }
    tamis_buf_fini(&buf);
}

static void test_names(void **state)
{
    static char one[] = "a/b";
    static char two[] = "c";
    tamis_input inputs[2] = {{.name = one, .split_count = 1}, {.name = two, .split_count = 2}};
    tamis_split splits[3] = {{.input = 0}, {.input = 1}, {.input = 1, .part = 1}};
    tamis_job job = {.plan = {.inputs = inputs, .splits = splits, .split_count = 3}};
    char name[64];

    (void)state;
    tamis_settings_defaults(&job.settings);
    assert_int_equal(tamis_output_name(&job, 0, 0, name, sizeof(name)), TAMIS_OK);
    assert_string_equal(name, "documents/a/b.jsonl.zst");
    job.settings.output_format = TAMIS_OUTPUT_JSONL_GZ;
    assert_int_equal(tamis_output_name(&job, 2, 1, name, sizeof(name)), TAMIS_OK);
    assert_string_equal(name, "attributes/c/00001.jsonl.gz");
    job.settings.output_format = TAMIS_OUTPUT_JSONL;
    assert_int_equal(tamis_output_name(&job, 1, 2, name, sizeof(name)), TAMIS_OK);
    assert_string_equal(name, "removed/c/00000.jsonl");
    assert_int_equal(tamis_output_name(&job, 1, 2, name, 21), TAMIS_ELIMIT);
}

static void put_results(tamis_buf *buf, tamis_stage_kind kind, uint32_t first, uint32_t end)
{
    tamis_buf_reset(buf);
    for (uint32_t split = first; split < end; split++) {
        const tamis_emit_result emitted = {.split = split, .files[2].is_present = true};
        tamis_scan_result scanned = scan_example(split);

        assert_int_equal(kind == TAMIS_STAGE_SCAN ? tamis_scan_result_put(buf, &scanned)
                                                  : tamis_emit_result_put(buf, &emitted),
                         TAMIS_OK);
    }
}

/* The splits of the batch, each once and in order, and not a byte more. */
static void check_kind(tamis_stage_kind kind)
{
    const tamis_blob_owner owner = {.kind = kind, .first_split = 4, .end_split = 7};
    const uint32_t wrong[][2] = {{4, 6}, {4, 8}, {5, 7}, {5, 8}, {3, 7}, {4, 4}};
    tamis_err err = {.status = TAMIS_OK};
    tamis_buf buf;

    tamis_buf_init(&buf, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_results(&buf, kind, wrong[i][0], wrong[i][1]);
        assert_int_equal(tamis_split_results_check(&owner, tamis_buf_slice(&buf), NULL),
                         TAMIS_EFORMAT);
    }
    put_results(&buf, kind, 4, 7);
    assert_int_equal(tamis_split_results_check(&owner, tamis_buf_slice(&buf), &err), TAMIS_OK);
    for (size_t size = 0; size < buf.size; size++) {
        assert_int_equal(tamis_split_results_check(&owner, tamis_slice_of(buf.data, size), NULL),
                         TAMIS_EFORMAT);
    }
    assert_int_equal(tamis_buf_append(&buf, "", 1), TAMIS_OK);
    assert_int_equal(tamis_split_results_check(&owner, tamis_buf_slice(&buf), &err), TAMIS_EFORMAT);
    assert_string_equal(err.text, "1 bytes more than a result of the task has");
    tamis_buf_fini(&buf);
}

static void test_check(void **state)
{
    const tamis_blob_owner against = {
        .kind = TAMIS_STAGE_EMIT, .first_split = 4, .end_split = 7, .is_against = true};
    const tamis_blob_owner link = {.kind = TAMIS_STAGE_LINK};
    const tamis_slice none = {.data = NULL};
    tamis_buf buf;

    (void)state;
    check_kind(TAMIS_STAGE_SCAN);
    check_kind(TAMIS_STAGE_EMIT);
    tamis_buf_init(&buf, 0);
    put_results(&buf, TAMIS_STAGE_EMIT, 4, 7);
    assert_int_equal(tamis_split_results_check(&against, none, NULL), TAMIS_OK);
    assert_int_equal(tamis_split_results_check(&against, tamis_buf_slice(&buf), NULL),
                     TAMIS_EFORMAT);
    assert_int_equal(tamis_split_results_check(&link, none, NULL), TAMIS_OK);
    assert_int_equal(tamis_split_results_check(&link, tamis_buf_slice(&buf), NULL), TAMIS_EFORMAT);
    /* A file of a kind that there is not: the last four bytes tell which exist. */
    tamis_put32le(buf.data + buf.size - 4, 8);
    assert_int_equal(
        tamis_split_results_check(
            &(tamis_blob_owner){.kind = TAMIS_STAGE_EMIT, .first_split = 4, .end_split = 7},
            tamis_buf_slice(&buf), NULL),
        TAMIS_EFORMAT);
    tamis_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_emit),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
