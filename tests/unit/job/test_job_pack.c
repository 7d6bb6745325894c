/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a job survives packing in every member, and no block of bytes unpacks into a job that
 * breaks the rules of job.h. Method: round trip; the digest of a packed job as golden value; every
 * prefix; every byte changed with the checksum left alone and with it put right; plans that break
 * one rule each.
 */
#include "job_example.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tamis/bytes.h"

#define HEADER_SIZE 32

static void pack_example(tamis_buf *bytes)
{
    tamis_job *job = job_example();

    assert_non_null(job);
    tamis_buf_init(bytes, 0);
    assert_int_equal(tamis_job_pack(job, bytes), TAMIS_OK);
    tamis_job_destroy(job);
}

static void assert_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        assert_ptr_equal(a, b);
    } else {
        assert_string_equal(a, b);
    }
}

static void assert_same_input(const tamis_input *a, const tamis_input *b)
{
    assert_same_text(a->path, b->path);
    assert_same_text(a->shown, b->shown);
    assert_same_text(a->name, b->name);
    assert_same_text(a->fault_text, b->fault_text);
    assert_int_equal(a->format, b->format);
    assert_int_equal(a->compression, b->compression);
    assert_int_equal(a->is_against, b->is_against);
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_int_equal(a->mtime_ns, b->mtime_ns);
    assert_int_equal(a->first_split, b->first_split);
    assert_int_equal(a->split_count, b->split_count);
    assert_int_equal(a->fault, b->fault);
}

static void assert_same_settings(const tamis_settings *a, const tamis_settings *b)
{
    tamis_buf json_a;
    tamis_buf json_b;

    tamis_buf_init(&json_a, 0);
    tamis_buf_init(&json_b, 0);
    assert_int_equal(tamis_settings_to_json(a, &json_a), TAMIS_OK);
    assert_int_equal(tamis_settings_to_json(b, &json_b), TAMIS_OK);
    assert_true(tamis_slice_is_equal(tamis_buf_slice(&json_a), tamis_buf_slice(&json_b)));
    tamis_buf_fini(&json_a);
    tamis_buf_fini(&json_b);
}

static void test_round_trip(void **state)
{
    tamis_job *job = job_example();
    tamis_job *back = NULL;
    tamis_buf bytes;
    tamis_err err = {0};

    (void)state;
    assert_non_null(job);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_buf_append_string(&bytes, "before"), TAMIS_OK);
    assert_int_equal(tamis_job_pack(job, &bytes), TAMIS_OK);
    assert_int_equal(tamis_job_unpack(tamis_slice_of(bytes.data + 6, bytes.size - 6), &back, &err),
                     TAMIS_OK);
    assert_string_equal(back->id, job->id);
    assert_string_equal(back->out_path, job->out_path);
    assert_same_settings(&back->settings, &job->settings);
    assert_int_equal(back->plan.input_count, 4);
    assert_int_equal(back->plan.split_count, 5);
    for (uint32_t i = 0; i < 4; i++) {
        assert_same_input(&back->plan.inputs[i], &job->plan.inputs[i]);
    }
    assert_memory_equal(back->plan.splits, job->plan.splits, 5 * sizeof(tamis_split));
    assert_int_equal(back->plan.batch_count, job->plan.batch_count);
    assert_int_equal(back->plan.part_count, job->plan.part_count);
    assert_memory_equal(back->plan.batch_first_split, job->plan.batch_first_split,
                        (job->plan.batch_count + 1) * sizeof(uint32_t));
    assert_memory_equal(back->plan.part_first_batch, job->plan.part_first_batch,
                        (job->plan.part_count + 1) * sizeof(uint32_t));
    assert_int_equal(back->plan.slot_bits, job->plan.slot_bits);
    tamis_job_destroy(back);
    tamis_job_destroy(job);
    tamis_buf_fini(&bytes);
}

/* The format is version 1 as long as this holds. */
static void test_golden(void **state)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];
    tamis_buf bytes;

    (void)state;
    pack_example(&bytes);
    tamis_digest_to_hex(tamis_hash128(bytes.data, bytes.size), hex);
    assert_string_equal(hex, "e44aa04a98f1752ac75ec24816550e54");
    tamis_buf_fini(&bytes);
}

/* A copy of exactly that size, so that a sanitizer sees a read past its end. */
static tamis_status unpack_copy(const uint8_t *data, size_t size, tamis_err *err)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    tamis_job *job = NULL;
    tamis_status status = TAMIS_OK;

    assert_non_null(copy);
    memcpy(copy, data, size);
    status = tamis_job_unpack(tamis_slice_of(copy, size), &job, err);
    if (status == TAMIS_OK) {
        assert_non_null(job);
        for (uint32_t i = 0; i < job->plan.split_count; i++) {
            assert_in_range(job->plan.splits[i].input, 0, job->plan.input_count - 1);
            assert_in_range(tamis_plan_part_of_split(&job->plan, i), 0, TAMIS_PARTS_MAX - 1);
        }
        tamis_job_destroy(job);
    } else {
        assert_null(job);
    }
    free(copy);
    return status;
}

/* Version 2: what quality is asked for; every prefix is refused. */
static void test_quality(void **state)
{
    tamis_job *job = job_example();
    tamis_job *back = NULL;
    tamis_digest digests[3];
    tamis_buf bytes;

    (void)state;
    assert_non_null(job);
    assert_int_equal(tamis_job_settings_digest(job, "15", &digests[0]), TAMIS_OK);
    assert_int_equal(tamis_settings_digest(&job->settings, "15", &digests[1]), TAMIS_OK);
    assert_true(tamis_digest_is_equal(digests[0], digests[1]));
    job->quality = strdup("profile: gopher");
    job->quality_skipped = strdup("a: no model\n");
    job->scan_from = strdup("/data/0123456789abcdef");
    job->scan_quality = strdup("name: old");
    assert_true(job->quality != NULL && job->quality_skipped != NULL && job->scan_from != NULL);
    assert_int_equal(tamis_job_settings_digest(job, "15", &digests[2]), TAMIS_OK);
    assert_false(tamis_digest_is_equal(digests[0], digests[2]));
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_job_pack(job, &bytes), TAMIS_OK);
    assert_int_equal(tamis_job_unpack(tamis_buf_slice(&bytes), &back, NULL), TAMIS_OK);
    assert_string_equal(back->quality, job->quality);
    assert_string_equal(back->quality_skipped, job->quality_skipped);
    assert_string_equal(back->scan_from, job->scan_from);
    assert_string_equal(back->scan_quality, job->scan_quality);
    tamis_job_destroy(back);
    for (size_t size = bytes.size - 80; size < bytes.size; size++) {
        assert_int_equal(unpack_copy(bytes.data, size, NULL), TAMIS_EFORMAT);
    }
    job->scan_from[0] = 'x';
    tamis_buf_reset(&bytes);
    assert_int_equal(tamis_job_pack(job, &bytes), TAMIS_OK);
    assert_int_equal(unpack_copy(bytes.data, bytes.size, NULL), TAMIS_EFORMAT);
    tamis_buf_fini(&bytes);
    tamis_job_destroy(job);
}

static void test_empty_job(void **state)
{
    tamis_job job = {0};
    tamis_job *back = NULL;
    tamis_buf bytes;
    char id[] = "00000000000000ff";
    char out_path[] = "/";

    (void)state;
    job.id = id;
    job.out_path = out_path;
    tamis_settings_defaults(&job.settings);
    assert_int_equal(tamis_plan_layout(&job.plan, NULL), TAMIS_OK);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_job_pack(&job, &bytes), TAMIS_OK);
    assert_int_equal(tamis_job_unpack(tamis_buf_slice(&bytes), &back, NULL), TAMIS_OK);
    assert_int_equal(back->plan.split_count, 0);
    assert_int_equal(back->plan.batch_count, 0);
    tamis_job_destroy(back);
    tamis_plan_fini(&job.plan);
    tamis_buf_fini(&bytes);
}

static void test_pack_past_max(void **state)
{
    tamis_job *job = job_example();
    tamis_buf bytes;

    (void)state;
    assert_non_null(job);
    for (size_t max = 1; max < 800; max += 50) {
        tamis_buf_init(&bytes, max);
        assert_int_equal(tamis_job_pack(job, &bytes), TAMIS_ELIMIT);
        assert_int_equal(bytes.size, 0);
        tamis_buf_fini(&bytes);
    }
    tamis_job_destroy(job);
}

static void checksum_fix(uint8_t *bytes, size_t size)
{
    tamis_put64le(bytes + 16, size - HEADER_SIZE);
    tamis_put64le(bytes + 24, tamis_hash64(bytes + HEADER_SIZE, size - HEADER_SIZE));
}

static void test_prefixes(void **state)
{
    tamis_buf bytes;

    (void)state;
    pack_example(&bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_equal(unpack_copy(bytes.data, size, NULL), TAMIS_EFORMAT);
    }
    for (size_t size = bytes.size - 1; size > HEADER_SIZE; size--) {
        checksum_fix(bytes.data, size);
        assert_int_equal(unpack_copy(bytes.data, size, NULL), TAMIS_EFORMAT);
    }
    tamis_buf_fini(&bytes);
}

static void test_changed_bytes(void **state)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    tamis_buf bytes;

    (void)state;
    pack_example(&bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        for (size_t j = 0; j < sizeof(changes); j++) {
            uint8_t header[HEADER_SIZE];
            tamis_status status = TAMIS_OK;

            memcpy(header, bytes.data, sizeof(header));
            bytes.data[i] ^= changes[j];
            assert_int_not_equal(unpack_copy(bytes.data, bytes.size, NULL), TAMIS_OK);
            if (i >= HEADER_SIZE) {
                checksum_fix(bytes.data, bytes.size);
                status = unpack_copy(bytes.data, bytes.size, NULL);
                assert_true(status == TAMIS_OK || status == TAMIS_EFORMAT);
                memcpy(bytes.data, header, sizeof(header));
            }
            bytes.data[i] ^= changes[j];
        }
    }
    tamis_buf_fini(&bytes);
}

static void test_header(void **state)
{
    tamis_buf bytes;
    tamis_err err = {0};

    (void)state;
    pack_example(&bytes);
    bytes.data[8] = 3;
    assert_int_equal(unpack_copy(bytes.data, bytes.size, &err), TAMIS_EVERSION);
    assert_non_null(strstr(err.text, "version 3"));
    bytes.data[8] = 1;
    bytes.data[bytes.size - 1] ^= 1;
    assert_int_equal(unpack_copy(bytes.data, bytes.size, &err), TAMIS_ECORRUPT);
    bytes.data[bytes.size - 1] ^= 1;
    assert_int_equal(unpack_copy(bytes.data, bytes.size, &err), TAMIS_OK);
    tamis_buf_fini(&bytes);
}

typedef void (*job_breaker)(tamis_job *job);

static void break_id(tamis_job *job)
{
    job->id[15] = 'g';
}
static void break_out(tamis_job *job)
{
    job->out_path[0] = '.';
}
static void break_setting(tamis_job *job)
{
    job->settings.threshold_ppm = TAMIS_PPM + 1;
}
static void break_claim(tamis_job *job)
{
    job->plan.inputs[2].split_count = 1;
}
static void break_input(tamis_job *job)
{
    job->plan.splits[3].input = 2;
}
static void break_part(tamis_job *job)
{
    job->plan.splits[3].part = 2;
}
static void break_range(tamis_job *job)
{
    job->plan.splits[4].begin = job->plan.splits[4].end + 1;
}
static void break_against(tamis_job *job)
{
    job->plan.inputs[3].is_against = true;
    job->plan.inputs[0].is_against = false;
}
static void break_batch_kind(tamis_job *job)
{
    job->plan.inputs[3].is_against = false;
    job->plan.batch_first_split[1] = 2;
}
static void break_batch_order(tamis_job *job)
{
    job->plan.batch_first_split[2] = job->plan.batch_first_split[1];
}
static void break_batch_end(tamis_job *job)
{
    job->plan.batch_first_split[job->plan.batch_count]--;
}
static void break_batch_start(tamis_job *job)
{
    job->plan.batch_first_split[0] = 1;
}
static void break_parts(tamis_job *job)
{
    job->plan.part_first_batch[job->plan.part_count]++;
}
static void break_slots(tamis_job *job)
{
    job->plan.slot_bits = TAMIS_SLOT_BITS_MAX + 1;
}

static void test_broken_rules(void **state)
{
    static const job_breaker breakers[] = {
        break_id,          break_out,       break_setting,     break_claim, break_input,
        break_part,        break_range,     break_against,     break_slots, break_batch_kind,
        break_batch_order, break_batch_end, break_batch_start, break_parts,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(breakers) / sizeof(breakers[0]); i++) {
        tamis_job *job = job_example();
        tamis_err err = {0};
        tamis_buf bytes;

        assert_non_null(job);
        breakers[i](job);
        tamis_buf_init(&bytes, 0);
        assert_int_equal(tamis_job_pack(job, &bytes), TAMIS_OK);
        assert_int_equal(unpack_copy(bytes.data, bytes.size, &err), TAMIS_EFORMAT);
        assert_int_equal(err.status, TAMIS_EFORMAT);
        assert_memory_equal(err.text, "job: ", 5);
        tamis_buf_fini(&bytes);
        tamis_job_destroy(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_golden),
        cmocka_unit_test(test_quality),       cmocka_unit_test(test_empty_job),
        cmocka_unit_test(test_pack_past_max), cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_changed_bytes), cmocka_unit_test(test_header),
        cmocka_unit_test(test_broken_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
