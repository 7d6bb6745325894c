/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: lines of attributes/ and documents/ are those of FORMATS 6.3, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "emit_format.h"

static char shown[] = "a \"b\".jsonl";
static tamis_input inputs[1] = {{.shown = shown, .split_count = 1}};
static tamis_split splits[2] = {{.input = 0}, {.input = 0}};
static tamis_job job = {
    .plan = {.inputs = inputs, .input_count = 1, .splits = splits, .split_count = 2}};

static tamis_emit_row row_of(const tamis_doc *doc)
{
    return (tamis_emit_row){
        .job = &job,
        .input = &inputs[0],
        .ord = tamis_ord_make(0, 1, 12),
        .id = tamis_slice_of_string("x\n1"),
        .digest = {.low = 1, .high = 0xabcdef},
        .doc = doc,
    };
}

static void check(tamis_status (*format)(const tamis_emit_row *, tamis_buf *),
                  const tamis_emit_row *row, const char *expected)
{
    tamis_buf out;

    tamis_buf_init(&out, 0);
    assert_int_equal(format(row, &out), TAMIS_OK);
    assert_int_equal(tamis_buf_append_byte(&out, 0), TAMIS_OK);
    assert_string_equal((const char *)out.data, expected);
    tamis_buf_fini(&out);
}

#define HEAD "{\"id\":\"x\\n1\",\"ord\":\"0.1.12\",\"digest\":\"0000000000abcdef0000000000000001\","

static void test_attributes(void **state)
{
    tamis_doc doc = {.flags = TAMIS_DOC_REPAIRED, .offset = 77};
    tamis_emit_row row = row_of(&doc);
    uint64_t final[TAMIS_FINAL_WORDS] = {
        row.ord,
        tamis_ord_make(0, 0, 3),
        TAMIS_LEVEL_EXACT,
        tamis_evidence_pack((tamis_evidence){.similarity = 8125,
                                             .containment = 10000,
                                             .bands_shared = 4,
                                             .verified = TAMIS_VERIFIED_TEXT}),
        0,
        tamis_ord_make(0, 0, 9),
        tamis_ord_make(0, 1, 2),
        TAMIS_NO_ORD,
    };

    (void)state;
    row.copies_exact = 2;
    check(tamis_emit_attributes, &row,
          HEAD
          "\"verdict\":\"keep\",\"copies\":{\"exact\":2,\"near\":0},\"flags\":[\"repaired\"]}\n");
    row.copies_url = 1;
    row.is_capped = true;
    check(tamis_emit_attributes, &row,
          HEAD "\"verdict\":\"keep\",\"copies\":{\"exact\":2,\"near\":0,\"url\":1},"
               "\"flags\":[\"repaired\",\"bucket_cap\"]}\n");
    row.final_record = final;
    row.witness_id = tamis_slice_of_string("w");
    doc.flags = 0;
    check(tamis_emit_attributes, &row,
          HEAD
          "\"verdict\":\"drop\",\"reason\":\"exact\",\"witness\":{\"id\":\"w\",\"ord\":\"0.0.3\","
          "\"input\":\"a \\\"b\\\".jsonl\",\"similarity\":0.8125,\"containment\":1.0000,"
          "\"verified\":\"text\",\"bands_shared\":4},\"via\":[\"0.0.9\",\"0.1.2\"],"
          "\"flags\":[\"bucket_cap\"]}\n");
    final[2] = TAMIS_LEVEL_URL;
    final[3] = tamis_evidence_pack((tamis_evidence){.similarity = TAMIS_RATIO_NONE,
                                                    .containment = TAMIS_RATIO_NONE,
                                                    .verified = TAMIS_VERIFIED_EQUALITY});
    final[5] = TAMIS_NO_ORD;
    row.is_capped = false;
    check(tamis_emit_attributes, &row,
          HEAD
          "\"verdict\":\"drop\",\"reason\":\"url\",\"witness\":{\"id\":\"w\",\"ord\":\"0.0.3\","
          "\"input\":\"a \\\"b\\\".jsonl\",\"verified\":\"equality\"}}\n");
    doc.fault = TAMIS_FAULT_INVALID_JSON;
    check(tamis_emit_attributes, &row,
          HEAD
          "\"verdict\":\"quarantine\",\"reason\":\"invalid_json\",\"input\":\"a \\\"b\\\".jsonl\","
          "\"offset\":77}\n");
}

#define MEMBER                                                                                     \
    "\"tamis\":{\"ord\":\"0.1.12\",\"digest\":\"0000000000abcdef0000000000000001\","               \
    "\"copies\":{\"exact\":0,\"near\":0}}}\n"

static void check_record(const char *raw, size_t begin, size_t end, bool is_empty,
                         const char *expected)
{
    tamis_doc doc = {
        .raw = tamis_slice_of_string(raw),
        .close_offset = strlen(raw) - 1,
        .tamis_begin = begin,
        .tamis_end = end,
        .is_empty_object = is_empty,
    };
    tamis_emit_row row = row_of(&doc);

    check(tamis_emit_document, &row, expected);
}

static void test_documents(void **state)
{
    tamis_doc built = {.text = tamis_slice_of_string("t\t"), .url = tamis_slice_of_string("u")};
    tamis_emit_row row = row_of(&built);

    (void)state;
    check_record("{\"a\": 1 }", 0, 0, false, "{\"a\": 1 ," MEMBER);
    check_record("{}", 0, 0, true, "{" MEMBER);
    check_record("{\"tamis\":1,\"a\":2}", 1, 11, false, "{\"a\":2," MEMBER);
    check_record("{\"a\":2,\"tamis\":1}", 6, 16, false, "{\"a\":2," MEMBER);
    check_record("{\"tamis\":1}", 1, 10, true, "{" MEMBER);
    check(tamis_emit_document, &row, "{\"id\":\"x\\n1\",\"url\":\"u\",\"text\":\"t\\t\"," MEMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_documents),
    };

    tamis_settings_defaults(&job.settings);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
