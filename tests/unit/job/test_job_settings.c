/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the canonical form of settings and its digest never change by accident; limits hold.
 * Method: the JSON of the defaults byte by byte; both sides of every limit; every member changed in
 * turn changes the digest.
 */
#include "tamis/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char defaults_json[] =
    "{\"levels\":[\"exact\",\"near\"],\"threshold_ppm\":800000,\"min_containment_ppm\":0,"
    "\"bands\":18,\"rows\":7,\"slots\":128,\"shingle\":5,\"bucket_cap\":8,\"verify\":\"auto\","
    "\"verify_spool_ppm\":100000,\"exact\":\"folded\",\"profile\":\"text\",\"url_keep\":\"first\","
    "\"scope\":\"all\",\"scope_field\":\"\",\"text_field\":\"text\",\"id_field\":\"id\","
    "\"url_field\":\"url\",\"record_bytes_max\":16777216,\"nesting_max\":128,\"ratio_max\":200,"
    "\"zstd_window_log_max\":27,\"split_bytes\":67108864,\"sample_ppm\":1000000,\"limit\":0,"
    "\"emit\":[\"documents\",\"attributes\"],\"output_format\":\"jsonl.zst\",\"output_level\":1}";

static void test_json(void **state)
{
    tamis_settings settings;
    tamis_buf json;

    (void)state;
    tamis_settings_defaults(&settings);
    tamis_buf_init(&json, 0);
    assert_int_equal(tamis_settings_to_json(&settings, &json), TAMIS_OK);
    assert_int_equal(json.size, sizeof(defaults_json) - 1);
    assert_memory_equal(json.data, defaults_json, json.size);
    tamis_buf_fini(&json);
}

static void test_json_past_max(void **state)
{
    tamis_settings settings;
    tamis_buf json;

    (void)state;
    tamis_settings_defaults(&settings);
    for (size_t max = 1; max < sizeof(defaults_json) - 1; max += 37) {
        tamis_buf_init(&json, max);
        assert_int_equal(tamis_settings_to_json(&settings, &json), TAMIS_ELIMIT);
        tamis_buf_fini(&json);
    }
}

/* Every byte that is flipped in a member must show in the digest. */
static void test_digest_covers(void **state)
{
    static const struct {
        size_t offset;
        size_t size;
    } members[] = {
#define MEMBER(name) {offsetof(tamis_settings, name), sizeof(((tamis_settings *)NULL)->name)}
        MEMBER(levels),      MEMBER(threshold_ppm), MEMBER(min_containment_ppm),
        MEMBER(bands),       MEMBER(rows),          MEMBER(slots),
        MEMBER(shingle),     MEMBER(bucket_cap),    MEMBER(verify),
        MEMBER(exact),       MEMBER(profile),       MEMBER(verify_spool_ppm),
        MEMBER(url_keep),    MEMBER(scope),         MEMBER(scope_field),
        MEMBER(text_field),  MEMBER(id_field),      MEMBER(url_field),
        MEMBER(nesting_max), MEMBER(ratio_max),     MEMBER(record_bytes_max),
        MEMBER(split_bytes), MEMBER(sample_ppm),    MEMBER(zstd_window_log_max),
        MEMBER(limit),       MEMBER(emit),          MEMBER(output_format),
        MEMBER(output_level)
#undef MEMBER
    };
    tamis_settings settings;
    tamis_digest plain;
    tamis_digest again;

    (void)state;
    tamis_settings_defaults(&settings);
    assert_int_equal(tamis_settings_digest(&settings, "15.0.0", &plain), TAMIS_OK);
    assert_int_equal(tamis_settings_digest(&settings, "15.0.0", &again), TAMIS_OK);
    assert_true(tamis_digest_is_equal(plain, again));
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        tamis_settings changed = settings;
        uint8_t *member = (uint8_t *)&changed + members[i].offset;

        member[0] ^= 1; /* little-endian: the next even or odd value; enums have 0 and 1 */
        assert_int_equal(tamis_settings_digest(&changed, "15.0.0", &again), TAMIS_OK);
        assert_false(tamis_digest_is_equal(plain, again));
    }
}

typedef struct limit_case {
    const char *name;
    size_t offset;
    uint32_t below; /* refused; equal to least: the member has no such value */
    uint32_t least;
    uint32_t most;
    uint32_t above; /* refused; equal to most: none */
} limit_case;

static void assert_check(const limit_case *limit, uint32_t value, bool is_allowed)
{
    tamis_settings settings;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;

    tamis_settings_defaults(&settings);
    settings.slots = 1024;
    settings.bands = 1;
    settings.rows = 1;
    memcpy((uint8_t *)&settings + limit->offset, &value, sizeof(value));
    status = tamis_settings_check(&settings, &err);
    assert_int_equal(status, is_allowed ? TAMIS_OK : TAMIS_EARG);
    if (!is_allowed) {
        assert_non_null(strstr(err.text, limit->name));
    }
}

static void test_limits(void **state)
{
    static const limit_case limits[] = {
#define LIMIT(name, ...) {#name, offsetof(tamis_settings, name), __VA_ARGS__}
        LIMIT(levels, 0, 1, 7, 8),
        LIMIT(threshold_ppm, 0, 0, 1000000, 1000001),
        LIMIT(min_containment_ppm, 0, 0, 1000000, 1000001),
        LIMIT(bands, 0, 1, 1024, 1025),
        LIMIT(rows, 0, 1, 1024, 1025),
        LIMIT(slots, 32, 64, 1024, 2048),
        LIMIT(slots, 96, 128, 512, 1000),
        LIMIT(shingle, 0, 1, 64, 65),
        LIMIT(bucket_cap, 0, 1, 4096, 4097),
        LIMIT(verify, 0, 0, 2, 3),
        LIMIT(verify_spool_ppm, 0, 0, 16000000, 16000001),
        LIMIT(exact, 0, 0, 1, 2),
        LIMIT(profile, 0, 0, 1, 2),
        LIMIT(url_keep, 0, 0, 1, 2),
        LIMIT(scope, 0, 0, 1, 3),
        LIMIT(nesting_max, 0, 1, 4096, 4097),
        LIMIT(ratio_max, 0, 1, UINT32_MAX, UINT32_MAX),
        LIMIT(zstd_window_log_max, 9, 10, 31, 32),
        LIMIT(sample_ppm, 0, 1, 1000000, 1000001),
        LIMIT(emit, 0, 0, 7, 8),
        LIMIT(output_format, 0, 0, 2, 3),
        LIMIT(output_level, (uint32_t)-8, (uint32_t)-7, 22, 23),
#undef LIMIT
    };

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        const limit_case *limit = &limits[i];

        assert_check(limit, limit->least, true);
        assert_check(limit, limit->most, true);
        if (limit->below != limit->least) {
            assert_check(limit, limit->below, false);
        }
        if (limit->above != limit->most) {
            assert_check(limit, limit->above, false);
        }
    }
}

static void test_wide_limits(void **state)
{
    tamis_settings settings;

    (void)state;
    tamis_settings_defaults(&settings);
    settings.record_bytes_max = 0;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
    settings.record_bytes_max = TAMIS_RECORD_BYTES_MAX;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_OK);
    settings.record_bytes_max++;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
    tamis_settings_defaults(&settings);
    settings.split_bytes = 0;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
    settings.split_bytes = 1;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_OK);
    tamis_settings_defaults(&settings);
    settings.bands = 16;
    settings.rows = 8;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_OK);
    settings.rows = 9;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
}

static void test_fields(void **state)
{
    tamis_settings settings;

    (void)state;
    tamis_settings_defaults(&settings);
    settings.scope = TAMIS_SCOPE_FIELD;
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
    (void)snprintf(settings.scope_field, sizeof(settings.scope_field), "meta.source");
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_OK);
    settings.text_field[0] = '\0';
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
    memset(settings.text_field, 'x', TAMIS_FIELD_SIZE - 1);
    settings.text_field[TAMIS_FIELD_SIZE - 1] = '\0';
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_OK);
    settings.text_field[TAMIS_FIELD_SIZE - 1] = 'x';
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
    (void)snprintf(settings.text_field, sizeof(settings.text_field), "h\xc3\xa9");
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_OK);
    settings.text_field[2] = 'e';
    assert_int_equal(tamis_settings_check(&settings, NULL), TAMIS_EARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),          cmocka_unit_test(test_json_past_max),
        cmocka_unit_test(test_digest_covers), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_wide_limits),   cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
