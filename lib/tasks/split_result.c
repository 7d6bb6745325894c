/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/split_result.h"

#include <stdio.h>

#include "tamis/fields.h"

#define SCAN_VERSION         1
#define EMIT_VERSION         2
#define EMIT_VERSION_QUALITY 3

/* Numbers of a result as one list, so that writing and reading cannot differ. */
#define SCAN_NUMBERS_MAX (24 + TAMIS_FAULT_COUNT)
#define EMIT_NUMBERS_MAX (16 + 2 * TAMIS_LEVEL_COUNT + 4 * TAMIS_OUTPUT_KINDS)

static size_t scan_numbers(tamis_scan_result *r, uint64_t **numbers)
{
    size_t count = 0;
    tamis_reader_summary *s = &r->summary;

    uint64_t *const fields[] = {
        &s->rows,
        &s->quarantined,
        &s->stored_bytes,
        &s->decoded_bytes,
        &s->stored_digest.low,
        &s->stored_digest.high,
        &s->skipped.blank_lines,
        &s->skipped.warcinfo,
        &s->skipped.request,
        &s->skipped.metadata,
        &s->skipped.revisit,
        &s->skipped.resource,
        &s->skipped.response,
        &s->skipped.other,
        &s->skipped.sampled_out,
        &s->stream_fault_offset,
        &r->text_bytes,
        &r->repaired,
        &r->ids_missing,
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        numbers[count++] = fields[i];
    }
    for (size_t i = 0; i < TAMIS_FAULT_COUNT; i++) {
        numbers[count++] = &r->fault_rows[i];
    }
    return count;
}

static size_t emit_numbers(tamis_emit_result *r, uint64_t **numbers)
{
    size_t count = 0;
    uint64_t *const fields[] = {
        &r->kept,       &r->kept_bytes, &r->quarantined, &r->copies_exact, &r->copies_near,
        &r->copies_url, &r->repointed,  &r->capped,      &r->poisoned,
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        numbers[count++] = fields[i];
    }
    for (size_t i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        numbers[count++] = &r->dropped[i];
        numbers[count++] = &r->dropped_bytes[i];
    }
    for (size_t i = 0; i < TAMIS_OUTPUT_KINDS; i++) {
        numbers[count++] = &r->files[i].size_bytes;
        numbers[count++] = &r->files[i].digest.low;
        numbers[count++] = &r->files[i].digest.high;
    }
    return count;
}

static tamis_status put_numbers(tamis_buf *buf, uint32_t version, uint32_t split,
                                uint64_t *const *numbers, size_t count)
{
    tamis_status status = tamis_put_u32(buf, version);

    if (status == TAMIS_OK) {
        status = tamis_put_u32(buf, split);
    }
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = tamis_put_u64(buf, *numbers[i]);
    }
    return status;
}

static tamis_status get_numbers(tamis_fields *reader, uint32_t version, uint32_t *out_split,
                                uint64_t *const *numbers, size_t count)
{
    if (tamis_get_u32(reader) != version) {
        return TAMIS_EFORMAT;
    }
    *out_split = tamis_get_u32(reader);
    for (size_t i = 0; i < count; i++) {
        *numbers[i] = tamis_get_u64(reader);
    }
    return reader->is_short ? TAMIS_EFORMAT : TAMIS_OK;
}

tamis_status tamis_scan_result_put(tamis_buf *buf, const tamis_scan_result *result)
{
    tamis_scan_result copy = *result;
    uint64_t *numbers[SCAN_NUMBERS_MAX];
    size_t count = scan_numbers(&copy, numbers);
    tamis_status status = put_numbers(buf, SCAN_VERSION, copy.split, numbers, count);

    if (status == TAMIS_OK) {
        status = tamis_put_u32(buf, (uint32_t)copy.summary.stream_fault);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(buf, (uint32_t)copy.summary.open_status);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_slice(buf, tamis_slice_of_string(copy.summary.fault_text));
    }
    return status;
}

tamis_status tamis_scan_result_get(tamis_slice blob, size_t *position,
                                   tamis_scan_result *out_result)
{
    tamis_scan_result result = {0};
    uint64_t *numbers[SCAN_NUMBERS_MAX];
    size_t count = scan_numbers(&result, numbers);
    tamis_fields reader = tamis_fields_of(blob);
    tamis_slice text;
    uint32_t fault = 0;
    uint32_t open_status = 0;

    reader.position = *position;
    if (reader.position == blob.size) {
        return TAMIS_END;
    }
    if (get_numbers(&reader, SCAN_VERSION, &result.split, numbers, count) != TAMIS_OK) {
        return TAMIS_EFORMAT;
    }
    fault = tamis_get_u32(&reader);
    open_status = tamis_get_u32(&reader);
    text = tamis_get_slice(&reader);
    if (reader.is_short || fault >= TAMIS_FAULT_COUNT ||
        text.size >= sizeof(result.summary.fault_text)) {
        return TAMIS_EFORMAT;
    }
    result.summary.stream_fault = (tamis_fault)fault;
    result.summary.open_status = (tamis_status)open_status;
    if (text.size != 0) {
        memcpy(result.summary.fault_text, text.data, text.size);
    }
    *position = reader.position;
    *out_result = result;
    return TAMIS_OK;
}

tamis_status tamis_emit_result_put(tamis_buf *buf, const tamis_emit_result *result)
{
    tamis_emit_result copy = *result;
    uint64_t *numbers[EMIT_NUMBERS_MAX];
    size_t count = emit_numbers(&copy, numbers);
    uint32_t version = copy.has_quality ? EMIT_VERSION_QUALITY : EMIT_VERSION;
    tamis_status status = put_numbers(buf, version, copy.split, numbers, count);
    uint32_t present = 0;

    for (unsigned i = 0; i < TAMIS_OUTPUT_KINDS; i++) {
        present |= copy.files[i].is_present ? 1u << i : 0;
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(buf, present);
    }
    return status == TAMIS_OK && copy.has_quality ? tamis_put_slice(buf, copy.quality) : status;
}

tamis_status tamis_quality_count_put(tamis_buf *buf, const tamis_quality_count *count)
{
    const uint64_t numbers[] = {count->documents, count->text_bytes,   count->kept,
                                count->edited,    count->edited_bytes, count->written_bytes};
    tamis_status status = tamis_put_u32(buf, count->reason);

    if (status == TAMIS_OK) {
        status = tamis_put_slice(buf, tamis_slice_of_string(count->language));
    }
    for (size_t i = 0; status == TAMIS_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        status = tamis_put_u64(buf, numbers[i]);
    }
    return status;
}

tamis_status tamis_quality_count_get(tamis_slice counts, size_t *position,
                                     tamis_quality_count *out_count)
{
    tamis_quality_count count = {0};
    uint64_t *const numbers[] = {&count.documents, &count.text_bytes,   &count.kept,
                                 &count.edited,    &count.edited_bytes, &count.written_bytes};
    tamis_fields reader = tamis_fields_of(counts);
    tamis_slice language;
    uint32_t reason = 0;

    reader.position = *position;
    if (reader.position == counts.size) {
        return TAMIS_END;
    }
    reason = tamis_get_u32(&reader);
    language = tamis_get_slice(&reader);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = tamis_get_u64(&reader);
    }
    if (reader.is_short || reason > UINT16_MAX || language.size >= sizeof(count.language) ||
        (language.size != 0 && memchr(language.data, '\0', language.size) != NULL)) {
        return TAMIS_EFORMAT;
    }
    count.reason = (uint16_t)reason;
    if (language.size != 0) {
        memcpy(count.language, language.data, language.size);
    }
    *position = reader.position;
    *out_count = count;
    return TAMIS_OK;
}

static bool quality_is_valid(tamis_slice counts)
{
    tamis_quality_count count;
    size_t position = 0;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        status = tamis_quality_count_get(counts, &position, &count);
    }
    return status == TAMIS_END;
}

uint64_t tamis_quality_dropped(tamis_slice counts, uint64_t *out_bytes)
{
    tamis_quality_count count;
    uint64_t documents = 0;
    uint64_t bytes = 0;
    size_t position = 0;

    while (tamis_quality_count_get(counts, &position, &count) == TAMIS_OK) {
        documents += count.reason != 0 ? count.documents : 0;
        bytes += count.reason != 0 ? count.text_bytes : 0;
    }
    if (out_bytes != NULL) {
        *out_bytes = bytes;
    }
    return documents;
}

tamis_status tamis_emit_result_get(tamis_slice blob, size_t *position,
                                   tamis_emit_result *out_result)
{
    tamis_emit_result result = {0};
    uint64_t *numbers[EMIT_NUMBERS_MAX];
    size_t count = emit_numbers(&result, numbers);
    tamis_fields reader = tamis_fields_of(blob);
    uint32_t present = 0;
    uint32_t version = 0;

    reader.position = *position;
    if (reader.position == blob.size) {
        return TAMIS_END;
    }
    version = tamis_get_u32(&reader);
    reader.position = *position;
    result.has_quality = version == EMIT_VERSION_QUALITY;
    if (get_numbers(&reader, result.has_quality ? EMIT_VERSION_QUALITY : EMIT_VERSION,
                    &result.split, numbers, count) != TAMIS_OK) {
        return TAMIS_EFORMAT;
    }
    present = tamis_get_u32(&reader);
    if (result.has_quality) {
        result.quality = tamis_get_slice(&reader);
        if (!quality_is_valid(result.quality)) {
            return TAMIS_EFORMAT;
        }
    }
    if (reader.is_short || present >> TAMIS_OUTPUT_KINDS != 0) {
        return TAMIS_EFORMAT;
    }
    for (unsigned i = 0; i < TAMIS_OUTPUT_KINDS; i++) {
        result.files[i].is_present = (present >> i & 1) != 0;
    }
    *position = reader.position;
    *out_result = result;
    return TAMIS_OK;
}

/* The split of the next result. */
static tamis_status next_split(tamis_stage_kind kind, tamis_slice blob, size_t *position,
                               uint32_t *out_split)
{
    tamis_scan_result scanned;
    tamis_emit_result emitted;
    tamis_status status = TAMIS_END;

    if (kind == TAMIS_STAGE_SCAN) {
        status = tamis_scan_result_get(blob, position, &scanned);
        *out_split = status == TAMIS_OK ? scanned.split : 0;
    } else if (kind == TAMIS_STAGE_EMIT) {
        status = tamis_emit_result_get(blob, position, &emitted);
        *out_split = status == TAMIS_OK ? emitted.split : 0;
    }
    return status;
}

tamis_status tamis_split_results_check(const tamis_blob_owner *owner, tamis_slice blob,
                                       tamis_err *err)
{
    bool has_results =
        owner->kind == TAMIS_STAGE_SCAN || (owner->kind == TAMIS_STAGE_EMIT && !owner->is_against);
    uint32_t end = has_results ? owner->end_split : owner->first_split;
    size_t position = 0;

    for (uint32_t split = owner->first_split; split < end; split++) {
        size_t begin = position;
        uint32_t found = 0;
        tamis_status status = next_split(owner->kind, blob, &position, &found);

        if (status == TAMIS_END) {
            return tamis_err_set(err, TAMIS_EFORMAT,
                                 "the result ends after %zu bytes, before split %u", begin, split);
        }
        if (status != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_EFORMAT,
                                 "the result of split %u, at byte %zu of %zu, is malformed", split,
                                 begin, blob.size);
        }
        if (found != split) {
            return tamis_err_set(err, TAMIS_EFORMAT,
                                 "a result of split %u stands at byte %zu, in place of split %u",
                                 found, begin, split);
        }
    }
    return position == blob.size
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_EFORMAT, "%zu bytes more than a result of the task has",
                               blob.size - position);
}

static const char *output_suffix(tamis_output_format format)
{
    switch (format) {
    case TAMIS_OUTPUT_JSONL_ZST:
        return "jsonl.zst";
    case TAMIS_OUTPUT_JSONL_GZ:
        return "jsonl.gz";
    case TAMIS_OUTPUT_JSONL:
        return "jsonl";
    }
    return "jsonl";
}

tamis_status tamis_output_name(const tamis_job *job, uint32_t split, unsigned kind, char *out_name,
                               size_t size)
{
    static const char *const folders[TAMIS_OUTPUT_KINDS] = {"documents", "attributes", "removed"};
    const tamis_split *where = &job->plan.splits[split];
    const tamis_input *input = &job->plan.inputs[where->input];
    const char *suffix = output_suffix(job->settings.output_format);
    int length = 0;

    TAMIS_ASSERT(kind < TAMIS_OUTPUT_KINDS);
    if (input->split_count > 1) {
        length = snprintf(out_name, size, "%s/%s/%05u.%s", folders[kind], input->name, where->part,
                          suffix);
    } else {
        length = snprintf(out_name, size, "%s/%s.%s", folders[kind], input->name, suffix);
    }
    return length > 0 && (size_t)length < size ? TAMIS_OK : TAMIS_ELIMIT;
}
