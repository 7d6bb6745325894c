/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: commas, nesting and number forms of the JSON writer; its first error stays.
 * Method: texts byte by byte, a buffer that fills up at every length.
 */
#include "tamis/json_out.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void write_example(tamis_json *json)
{
    tamis_json_begin_object(json, NULL);
    tamis_json_begin_array(json, "empty");
    tamis_json_end_array(json);
    tamis_json_begin_array(json, "list");
    tamis_json_uint(json, NULL, UINT64_MAX);
    tamis_json_int(json, NULL, INT64_MIN);
    tamis_json_begin_object(json, NULL);
    tamis_json_end_object(json);
    tamis_json_begin_object(json, NULL);
    tamis_json_bool(json, "t", true);
    tamis_json_bool(json, "f", false);
    tamis_json_end_object(json);
    tamis_json_end_array(json);
    tamis_json_text(json, "text", "a\"b\\c\n\x01\xc3\xa9");
    tamis_json_string(json, "none", tamis_slice_of(NULL, 0));
    tamis_json_ratio(json, "j", 8125);
    tamis_json_ratio(json, "one", 10000);
    tamis_json_ratio(json, "zero", 0);
    tamis_json_seconds(json, "s", 61007);
    tamis_json_raw(json, "raw", tamis_slice_of("[1]", 3));
    tamis_json_end_object(json);
}

static const char example[] =
    "{\"empty\":[],\"list\":[18446744073709551615,-9223372036854775808,{},{\"t\":true,\"f\":false}]"
    ","
    "\"text\":\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\",\"none\":\"\",\"j\":0.8125,\"one\":1.0000,"
    "\"zero\":0.0000,\"s\":61.007,\"raw\":[1]}";

static void test_example(void **state)
{
    tamis_json json;
    tamis_buf out;

    (void)state;
    tamis_buf_init(&out, 0);
    tamis_json_init(&json, &out);
    write_example(&json);
    assert_int_equal(tamis_json_finish(&json), TAMIS_OK);
    assert_int_equal(out.size, sizeof(example) - 1);
    assert_memory_equal(out.data, example, out.size);
    tamis_buf_fini(&out);
}

static void test_first_error_stays(void **state)
{
    (void)state;
    for (size_t max = 1; max < sizeof(example) - 1; max++) {
        tamis_json json;
        tamis_buf out;

        tamis_buf_init(&out, max);
        tamis_json_init(&json, &out);
        write_example(&json);
        assert_int_equal(tamis_json_finish(&json), TAMIS_ELIMIT);
        assert_memory_equal(out.data == NULL ? (const uint8_t *)"" : out.data, example, out.size);
        tamis_buf_fini(&out);
    }
}

static void test_depth(void **state)
{
    tamis_json json;
    tamis_buf out;

    (void)state;
    tamis_buf_init(&out, 0);
    tamis_json_init(&json, &out);
    for (int i = 0; i < TAMIS_JSON_DEPTH_MAX; i++) {
        tamis_json_begin_array(&json, NULL);
    }
    for (int i = 0; i < TAMIS_JSON_DEPTH_MAX; i++) {
        tamis_json_end_array(&json);
    }
    assert_int_equal(tamis_json_finish(&json), TAMIS_OK);
    assert_int_equal(out.size, 2 * TAMIS_JSON_DEPTH_MAX);
    tamis_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_first_error_stays),
        cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
