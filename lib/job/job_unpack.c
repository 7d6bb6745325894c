/* SPDX-License-Identifier: Apache-2.0 */
/* Design note: bytes are read by a cursor that stops at its first error and then yields zeros, so
 * that the readers below need no branch a field. Each count is held against the bytes that are left
 * before anything is allocated for it. When all is read, the plan is checked as a whole; whoever
 * gets the job may trust its indexes. */
#include "tamis/job.h"

#include "job_format.h"
#include "tamis/bytes.h"

#include <inttypes.h>

typedef struct job_unpacker {
    const uint8_t *next;
    size_t left;
    size_t offset; /* of next in the whole block, for messages */
    uint32_t version;
    tamis_status status;
    tamis_err *err;
} job_unpacker;

static void unpack_fail(job_unpacker *unpacker, tamis_status status, const char *what)
{
    if (unpacker->status == TAMIS_OK) {
        unpacker->status =
            tamis_err_set(unpacker->err, status, "job: %s (byte %zu)", what, unpacker->offset);
    }
}

/* The next `size` bytes, or NULL when there are not as many. */
static const uint8_t *unpack_bytes(job_unpacker *unpacker, size_t size)
{
    const uint8_t *bytes = unpacker->next;

    if (unpacker->status != TAMIS_OK || size > unpacker->left) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "ends too early");
        return NULL;
    }
    unpacker->next += size;
    unpacker->left -= size;
    unpacker->offset += size;
    return bytes;
}

static uint32_t unpack_u32(job_unpacker *unpacker)
{
    const uint8_t *bytes = unpack_bytes(unpacker, 4);

    return bytes == NULL ? 0 : tamis_get32le(bytes);
}

static uint64_t unpack_u64(job_unpacker *unpacker)
{
    const uint8_t *bytes = unpack_bytes(unpacker, 8);

    return bytes == NULL ? 0 : tamis_get64le(bytes);
}

/* A whole number up to max: an enum, a flag, a small setting. */
static uint32_t unpack_below(job_unpacker *unpacker, uint32_t max)
{
    uint32_t value = unpack_u32(unpacker);

    if (value > max) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "number out of range");
        return 0;
    }
    return value;
}

/* The bytes of a string; data is NULL for none. */
static tamis_slice unpack_slice(job_unpacker *unpacker)
{
    uint32_t size = unpack_u32(unpacker);
    const uint8_t *bytes = NULL;

    if (unpacker->status != TAMIS_OK || size == JOB_STRING_NONE) {
        return tamis_slice_of(NULL, 0);
    }
    bytes = unpack_bytes(unpacker, size);
    if (bytes != NULL && size != 0 && memchr(bytes, '\0', size) != NULL) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "zero byte in a string");
        return tamis_slice_of(NULL, 0);
    }
    return tamis_slice_of(bytes, bytes == NULL ? 0 : size);
}

static char *unpack_string(job_unpacker *unpacker, bool is_needed)
{
    tamis_slice text = unpack_slice(unpacker);
    char *copy = NULL;

    if (text.data == NULL) {
        if (is_needed) {
            unpack_fail(unpacker, TAMIS_EFORMAT, "string missing");
        }
        return NULL;
    }
    copy = malloc(text.size + 1);
    if (copy == NULL) {
        unpack_fail(unpacker, TAMIS_ENOMEM, "out of memory");
        return NULL;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static void unpack_field(job_unpacker *unpacker, char out_field[TAMIS_FIELD_SIZE])
{
    tamis_slice text = unpack_slice(unpacker);

    if (text.size >= TAMIS_FIELD_SIZE) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "field name too long");
        return;
    }
    if (text.size != 0) {
        memcpy(out_field, text.data, text.size);
    }
    out_field[text.size] = '\0';
}

/* A count of items of at least item_bytes each that can still follow. */
static uint32_t unpack_count(job_unpacker *unpacker, size_t item_bytes)
{
    uint32_t count = unpack_u32(unpacker);

    if (count > unpacker->left / item_bytes) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "count exceeds the bytes that follow");
        return 0;
    }
    return count;
}

static void *unpack_array(job_unpacker *unpacker, size_t count, size_t size)
{
    void *items = NULL;

    if (unpacker->status != TAMIS_OK) {
        return NULL;
    }
    items = calloc(count == 0 ? 1 : count, size);
    if (items == NULL) {
        unpack_fail(unpacker, TAMIS_ENOMEM, "out of memory");
    }
    return items;
}

static void unpack_settings(job_unpacker *unpacker, tamis_settings *settings)
{
    settings->levels = unpack_u32(unpacker);
    settings->threshold_ppm = unpack_u32(unpacker);
    settings->min_containment_ppm = unpack_u32(unpacker);
    settings->bands = unpack_u32(unpacker);
    settings->rows = unpack_u32(unpacker);
    settings->slots = unpack_u32(unpacker);
    settings->shingle = unpack_u32(unpacker);
    settings->bucket_cap = unpack_u32(unpacker);
    settings->verify = (tamis_verify)unpack_below(unpacker, TAMIS_VERIFY_TEXT);
    settings->verify_spool_ppm = unpack_u32(unpacker);
    settings->exact = (tamis_exact)unpack_below(unpacker, TAMIS_EXACT_RAW);
    settings->profile = (tamis_profile)unpack_below(unpacker, TAMIS_PROFILE_CODE);
    settings->url_keep = (tamis_url_keep)unpack_below(unpacker, TAMIS_URL_KEEP_LAST);
    settings->scope = (tamis_scope)unpack_below(unpacker, TAMIS_SCOPE_FIELD);
    unpack_field(unpacker, settings->scope_field);
    unpack_field(unpacker, settings->text_field);
    unpack_field(unpacker, settings->id_field);
    unpack_field(unpacker, settings->url_field);
    settings->record_bytes_max = unpack_u64(unpacker);
    settings->nesting_max = unpack_u32(unpacker);
    settings->ratio_max = unpack_u32(unpacker);
    settings->zstd_window_log_max = unpack_u32(unpacker);
    settings->split_bytes = unpack_u64(unpacker);
    settings->sample_ppm = unpack_u32(unpacker);
    settings->limit = unpack_u64(unpacker);
    settings->emit = unpack_u32(unpacker);
    settings->output_format = (tamis_output_format)unpack_below(unpacker, TAMIS_OUTPUT_JSONL);
    settings->output_level = (int32_t)unpack_u32(unpacker);
}

static bool status_is_known(uint32_t number)
{
    static const uint32_t known[] = {
#define STATUS_NUMBER(name, number, text, retryable) number,
        TAMIS_STATUS_TABLE(STATUS_NUMBER)
#undef STATUS_NUMBER
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i] == number) {
            return true;
        }
    }
    return false;
}

static void unpack_input(job_unpacker *unpacker, tamis_input *input)
{
    uint32_t fault = 0;

    input->path = unpack_string(unpacker, true);
    input->shown = unpack_string(unpacker, true);
    input->name = unpack_string(unpacker, true);
    input->format = (tamis_input_format)unpack_below(unpacker, TAMIS_INPUT_TEXT);
    input->compression = (tamis_compression)unpack_below(unpacker, TAMIS_COMPRESSION_ZSTD);
    input->is_against = unpack_below(unpacker, 1) != 0;
    input->size_bytes = unpack_u64(unpacker);
    input->mtime_ns = (int64_t)unpack_u64(unpacker);
    input->first_split = unpack_u32(unpacker);
    input->split_count = unpack_u32(unpacker);
    fault = unpack_u32(unpacker);
    if (!status_is_known(fault)) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "unknown status of an input");
        fault = TAMIS_OK;
    }
    input->fault = (tamis_status)fault;
    input->fault_text = unpack_string(unpacker, false);
}

static uint32_t *unpack_ranges(job_unpacker *unpacker, uint32_t *out_count)
{
    uint32_t count = unpack_count(unpacker, 4);
    uint32_t *first = unpack_array(unpacker, (size_t)count + 1, sizeof(*first));

    if (first != NULL) {
        for (uint32_t i = 0; i <= count; i++) {
            first[i] = unpack_u32(unpacker);
        }
        *out_count = count;
    }
    return first;
}

static void unpack_plan(job_unpacker *unpacker, tamis_plan *plan)
{
    uint32_t count = unpack_count(unpacker, JOB_INPUT_BYTES_MIN);

    plan->inputs = unpack_array(unpacker, count, sizeof(*plan->inputs));
    if (plan->inputs != NULL) {
        plan->input_count = count;
    }
    for (uint32_t i = 0; i < plan->input_count && unpacker->status == TAMIS_OK; i++) {
        unpack_input(unpacker, &plan->inputs[i]);
    }
    count = unpack_count(unpacker, JOB_SPLIT_BYTES);
    plan->splits = unpack_array(unpacker, count, sizeof(*plan->splits));
    if (plan->splits != NULL) {
        plan->split_count = count;
    }
    for (uint32_t i = 0; i < plan->split_count && unpacker->status == TAMIS_OK; i++) {
        plan->splits[i].input = unpack_u32(unpacker);
        plan->splits[i].part = unpack_u32(unpacker);
        plan->splits[i].begin = unpack_u64(unpacker);
        plan->splits[i].end = unpack_u64(unpacker);
    }
    plan->batch_first_split = unpack_ranges(unpacker, &plan->batch_count);
    plan->part_first_batch = unpack_ranges(unpacker, &plan->part_count);
    plan->slot_bits = unpack_u32(unpacker);
}

/* Ranges cover 0 .. total in order and none is empty. */
static bool ranges_are_valid(const uint32_t *first, uint32_t count, uint32_t total)
{
    if (first[0] != 0 || first[count] != total) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (first[i] >= first[i + 1]) {
            return false;
        }
    }
    return true;
}

/* Every split belongs to the input that claims it, and each input's splits stand together. */
static bool splits_are_valid(const tamis_plan *plan)
{
    uint64_t claimed = 0;

    if (plan->split_count > TAMIS_SPLITS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < plan->input_count; i++) {
        const tamis_input *input = &plan->inputs[i];

        claimed += input->split_count;
        if ((uint64_t)input->first_split + input->split_count > plan->split_count) {
            return false;
        }
        for (uint32_t part = 0; part < input->split_count; part++) {
            const tamis_split *split = &plan->splits[input->first_split + part];

            if (split->input != i || split->part != part || split->begin > split->end) {
                return false;
            }
        }
    }
    return claimed == plan->split_count;
}

/* Splits of --against come first, and no batch has splits of both kinds. */
static bool against_is_valid(const tamis_plan *plan)
{
    for (uint32_t i = 1; i < plan->split_count; i++) {
        bool before = plan->inputs[plan->splits[i - 1].input].is_against;
        bool here = plan->inputs[plan->splits[i].input].is_against;

        if (here && !before) {
            return false;
        }
        if (here != before && plan->batch_first_split[tamis_plan_batch_of_split(plan, i)] != i) {
            return false;
        }
    }
    return true;
}

static tamis_status plan_check(const tamis_plan *plan, tamis_err *err)
{
    if (!splits_are_valid(plan)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: splits and inputs do not fit together");
    }
    if (!ranges_are_valid(plan->batch_first_split, plan->batch_count, plan->split_count) ||
        !ranges_are_valid(plan->part_first_batch, plan->part_count, plan->batch_count)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: batches or parts do not cover the splits");
    }
    if (!against_is_valid(plan)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: splits to compare with are not in front");
    }
    if (plan->slot_bits > TAMIS_SLOT_BITS_MAX || plan->part_count > TAMIS_PARTS_MAX) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: too many slots or parts");
    }
    return TAMIS_OK;
}

static void unpack_quality(job_unpacker *unpacker, tamis_job *job)
{
    job->quality = unpack_string(unpacker, true);
    job->quality_skipped = unpack_string(unpacker, true);
    job->scan_from = unpack_string(unpacker, false);
    job->scan_quality = unpack_string(unpacker, false);
    if (unpacker->status == TAMIS_OK && (strlen(job->quality) > TAMIS_QUALITY_TEXT_MAX ||
                                         strlen(job->quality_skipped) > TAMIS_QUALITY_TEXT_MAX)) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "the quality specification is too long");
    }
    if (unpacker->status == TAMIS_OK && job->scan_from != NULL && job->scan_from[0] != '/') {
        unpack_fail(unpacker, TAMIS_EFORMAT, "relative folder of an earlier run");
    }
    if (unpacker->status == TAMIS_OK && (job->scan_from == NULL) != (job->scan_quality == NULL)) {
        unpack_fail(unpacker, TAMIS_EFORMAT, "an earlier run without its quality, or without it");
    }
}

static bool id_is_valid(const char *id)
{
    return strlen(id) == JOB_ID_DIGITS && strspn(id, "0123456789abcdef") == JOB_ID_DIGITS;
}

/* Reads the header and leaves the unpacker at the body. */
static tamis_status unpack_header(job_unpacker *unpacker)
{
    const uint8_t *header = unpack_bytes(unpacker, JOB_HEADER_SIZE);

    if (header == NULL || memcmp(header, JOB_MAGIC, JOB_MAGIC_SIZE) != 0) {
        return tamis_err_set(unpacker->err, TAMIS_EFORMAT, "job: these bytes are no job");
    }
    unpacker->version = tamis_get32le(header + 8);
    if (unpacker->version != JOB_VERSION && unpacker->version != JOB_VERSION_QUALITY) {
        return tamis_err_set(unpacker->err, TAMIS_EVERSION,
                             "job: version %" PRIu32 "; this program reads versions %u and %u: use "
                             "the same release everywhere",
                             unpacker->version, JOB_VERSION, JOB_VERSION_QUALITY);
    }
    if (tamis_get32le(header + 12) != 0 || tamis_get64le(header + 16) != unpacker->left) {
        return tamis_err_set(unpacker->err, TAMIS_EFORMAT,
                             "job: %zu bytes follow the header that announces %" PRIu64,
                             unpacker->left, tamis_get64le(header + 16));
    }
    if (tamis_get64le(header + 24) != tamis_hash64(unpacker->next, unpacker->left)) {
        return tamis_err_set(unpacker->err, TAMIS_ECORRUPT, "job: checksum mismatch");
    }
    return TAMIS_OK;
}

tamis_status tamis_job_unpack(tamis_slice bytes, tamis_job **out_job, tamis_err *err)
{
    job_unpacker unpacker = {.next = bytes.data, .left = bytes.size, .err = err};
    tamis_err reason;
    tamis_job *job = NULL;
    tamis_status status = unpack_header(&unpacker);

    if (status != TAMIS_OK) {
        return status;
    }
    job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "job: out of memory");
    }
    job->id = unpack_string(&unpacker, true);
    job->out_path = unpack_string(&unpacker, true);
    unpack_settings(&unpacker, &job->settings);
    unpack_plan(&unpacker, &job->plan);
    if (unpacker.version == JOB_VERSION_QUALITY) {
        unpack_quality(&unpacker, job);
    }
    if (unpacker.left != 0) {
        unpack_fail(&unpacker, TAMIS_EFORMAT, "bytes behind the end");
    }
    status = unpacker.status;
    if (status != TAMIS_OK) {
        goto out;
    }
    if (!id_is_valid(job->id) || job->out_path[0] != '/') {
        status = tamis_err_set(err, TAMIS_EFORMAT, "job: malformed id or relative output folder");
        goto out;
    }
    if (tamis_settings_check(&job->settings, &reason) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_EFORMAT, "job: %s", reason.text);
        goto out;
    }
    status = plan_check(&job->plan, err);

out:
    if (status != TAMIS_OK) {
        tamis_job_destroy(job);
        job = NULL;
    } else {
        *out_job = job;
    }
    return status;
}
