/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tamis/path.h"
#include "tamis/source.h"
#include "tamis/split_result.h"
#include "tamis/task_support.h"

#define LINE_READ_BYTES (256u << 10)
#define JOB_BYTES_MAX   (UINT64_C(1) << 32)

tamis_status tamis_result_job(const char *out_path, tamis_job **out_job, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, JOB_BYTES_MAX);
    (void)snprintf(path, sizeof(path), "%s/%s", out_path, TAMIS_JOB_NAME);
    status = tamis_path_read_file(path, &bytes, err);
    if (status == TAMIS_ENOENT) {
        (void)tamis_err_set(err, status, "%s: no result of `tamis run` (%s is missing)", out_path,
                            TAMIS_JOB_NAME);
    } else if (status == TAMIS_OK) {
        status = tamis_job_unpack(tamis_buf_slice(&bytes), out_job, err);
        if (status != TAMIS_OK) {
            tamis_err_context(err, "%s", path);
        }
    }
    tamis_buf_fini(&bytes);
    return status;
}

/* ---- Lines
 * ---------------------------------------------------------------------------------------- */

struct tamis_lines {
    char path[TAMIS_PATH_SIZE];
    tamis_source *source;
    tamis_buf buffer;
    size_t position; /* of the next line in buffer */
    bool is_end;
};

static tamis_compression compression_of(const char *path)
{
    size_t length = strlen(path);

    if (length > 4 && strcmp(path + length - 4, ".zst") == 0) {
        return TAMIS_COMPRESSION_ZSTD;
    }
    return length > 3 && strcmp(path + length - 3, ".gz") == 0 ? TAMIS_COMPRESSION_GZIP
                                                               : TAMIS_COMPRESSION_NONE;
}

tamis_status tamis_lines_open(const char *path, tamis_lines **out_lines, tamis_err *err)
{
    static const tamis_source_options options = {.ratio_max = 0, .zstd_window_log_max = 31};
    tamis_source_range range = {.compression = compression_of(path)};
    tamis_lines *lines = NULL;
    tamis_status status = TAMIS_OK;
    struct stat info;

    if (stat(path, &info) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot open", path);
    }
    lines = calloc(1, sizeof(*lines));
    if (lines == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory", path);
    }
    (void)snprintf(lines->path, sizeof(lines->path), "%s", path);
    tamis_buf_init(&lines->buffer, 0);
    range.end = (uint64_t)info.st_size;
    range.size = (uint64_t)info.st_size;
    status = tamis_source_create(&options, &lines->source, err);
    if (status == TAMIS_OK) {
        status = tamis_source_open(lines->source, path, &range, err);
    }
    if (status != TAMIS_OK) {
        tamis_lines_close(lines);
        return status;
    }
    *out_lines = lines;
    return TAMIS_OK;
}

/* Reads more behind what is left of the buffer. */
static tamis_status lines_fill(tamis_lines *lines, tamis_err *err)
{
    tamis_buf *buffer = &lines->buffer;
    size_t got = 0;
    tamis_status status = TAMIS_OK;

    if (lines->position != 0) {
        memmove(buffer->data, buffer->data + lines->position, buffer->size - lines->position);
        buffer->size -= lines->position;
        lines->position = 0;
    }
    status = tamis_buf_reserve(buffer, LINE_READ_BYTES);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "%s: a line is too long for memory", lines->path);
    }
    status =
        tamis_source_read(lines->source, buffer->data + buffer->size, LINE_READ_BYTES, &got, err);
    if (status == TAMIS_END) {
        const tamis_source_state *state = tamis_source_look(lines->source);

        lines->is_end = true;
        return state->fault == TAMIS_FAULT_NONE
                   ? TAMIS_OK
                   : tamis_err_set(err, TAMIS_ECORRUPT, "%s: %s at decoded offset %llu",
                                   lines->path, tamis_fault_text(state->fault),
                                   (unsigned long long)state->fault_offset);
    }
    buffer->size += got;
    return status;
}

tamis_status tamis_lines_next(tamis_lines *lines, tamis_slice *out_line, tamis_err *err)
{
    size_t searched = 0;

    for (;;) {
        size_t left = lines->buffer.size - lines->position;
        const uint8_t *start = lines->buffer.data + lines->position;
        const uint8_t *end =
            left > searched ? memchr(start + searched, '\n', left - searched) : NULL;
        tamis_status status = TAMIS_OK;

        if (end != NULL) {
            *out_line = tamis_slice_of(start, (size_t)(end - start));
            lines->position += (size_t)(end - start) + 1;
            return TAMIS_OK;
        }
        if (lines->is_end) {
            if (left == 0) {
                return TAMIS_END;
            }
            *out_line = tamis_slice_of(start, left);
            lines->position = lines->buffer.size;
            return TAMIS_OK;
        }
        searched = left;
        status = lines_fill(lines, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

void tamis_lines_close(tamis_lines *lines)
{
    if (lines != NULL) {
        tamis_source_destroy(lines->source);
        tamis_buf_fini(&lines->buffer);
        free(lines);
    }
}

/* ---- Rows of attributes/
 * --------------------------------------------------------------------------- */

struct tamis_result {
    const char *out_path;
    const tamis_job *job;
    uint32_t next_split;
    uint32_t split;
    char path[TAMIS_PATH_SIZE];
    tamis_lines *lines;
    uint64_t line;
    json_t *row; /* that the slices of the last row point into */
};

tamis_status tamis_result_open(const char *out_path, const tamis_job *job,
                               tamis_result **out_result, tamis_err *err)
{
    tamis_result *result = NULL;

    if ((job->settings.emit & TAMIS_EMIT_ATTRIBUTES) == 0) {
        return tamis_err_set(err, TAMIS_ENOENT,
                             "%s: the run was made without attributes; run it again with "
                             "--emit=documents,attributes",
                             out_path);
    }
    result = calloc(1, sizeof(*result));
    if (result == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to read %s", out_path);
    }
    result->out_path = out_path;
    result->job = job;
    *out_result = result;
    return TAMIS_OK;
}

void tamis_result_close(tamis_result *result)
{
    if (result != NULL) {
        tamis_lines_close(result->lines);
        json_decref(result->row);
        free(result);
    }
}

uint32_t tamis_result_split(const tamis_result *result)
{
    return result->split;
}

const char *tamis_result_path(const tamis_result *result)
{
    return result->path;
}

static tamis_slice string_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? tamis_slice_of(json_string_value(value), json_string_length(value))
               : tamis_slice_of(NULL, 0);
}

static bool ord_of(const json_t *value, tamis_ord *out_ord)
{
    return json_is_string(value) &&
           tamis_ord_from_text(json_string_value(value), out_ord) == TAMIS_OK;
}

static uint64_t number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
}

/* Ten-thousandths; TAMIS_RATIO_NONE where absent. The printed form has four decimals, so this is
 * exact. */
static uint32_t ratio_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? (uint32_t)(json_number_value(value) * 10000 + 0.5)
                                 : TAMIS_RATIO_NONE;
}

static bool digest_of(tamis_slice hex, tamis_digest *out_digest)
{
    uint64_t halves[2] = {0, 0};

    if (hex.size != 32) {
        return false;
    }
    for (size_t i = 0; i < 32; i++) {
        uint8_t c = hex.data[i];
        uint64_t digit = 0;

        if (c >= '0' && c <= '9') {
            digit = (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (uint64_t)(c - 'a') + 10;
        } else {
            return false;
        }
        halves[i / 16] = halves[i / 16] << 4 | digit;
    }
    *out_digest = (tamis_digest){.high = halves[0], .low = halves[1]};
    return true;
}

static bool is_text(tamis_slice slice, const char *text)
{
    return tamis_slice_is_equal(slice, tamis_slice_of_string(text));
}

static bool verified_of(tamis_slice name, tamis_verified *out_verified)
{
    for (unsigned i = 0; i <= TAMIS_VERIFIED_TEXT; i++) {
        if (is_text(name, tamis_verified_name((tamis_verified)i))) {
            *out_verified = (tamis_verified)i;
            return true;
        }
    }
    return false;
}

static bool parse_witness(const json_t *object, const json_t *witness, tamis_result_row *row)
{
    const json_t *via = json_object_get(object, "via");
    size_t index = 0;
    json_t *value = NULL;

    row->witness_id = string_of(witness, "id");
    row->witness_input = string_of(witness, "input");
    row->evidence.similarity = ratio_of(witness, "similarity");
    row->evidence.containment = ratio_of(witness, "containment");
    row->evidence.bands_shared = (uint32_t)number_of(witness, "bands_shared");
    if (!verified_of(string_of(witness, "verified"), &row->evidence.verified) ||
        json_array_size(via) > TAMIS_VIA_MAX) {
        return false;
    }
    json_array_foreach(via, index, value)
    {
        if (!ord_of(value, &row->via[index])) {
            return false;
        }
        row->via_count++;
    }
    return ord_of(json_object_get(witness, "ord"), &row->witness);
}

static bool parse_row(const json_t *object, tamis_result_row *row)
{
    tamis_slice verdict = string_of(object, "verdict");
    const json_t *witness = json_object_get(object, "witness");
    const json_t *copies = json_object_get(object, "copies");
    const json_t *flags = json_object_get(object, "flags");
    const json_t *quality = json_object_get(object, "quality");
    size_t index = 0;
    json_t *value = NULL;

    row->id = string_of(object, "id");
    row->reason = string_of(object, "reason");
    row->witness = TAMIS_NO_ORD;
    if (!json_is_string(json_object_get(object, "id")) ||
        !ord_of(json_object_get(object, "ord"), &row->ord) ||
        !digest_of(string_of(object, "digest"), &row->digest)) {
        return false;
    }
    if (is_text(verdict, "keep")) {
        row->verdict = TAMIS_VERDICT_KEEP;
    } else if (is_text(verdict, "drop")) {
        row->verdict = TAMIS_VERDICT_DROP;
    } else if (is_text(verdict, "quarantine")) {
        row->verdict = TAMIS_VERDICT_QUARANTINE;
    } else {
        return false;
    }
    if (witness == NULL) {
        row->evidence.similarity = TAMIS_RATIO_NONE;
        row->evidence.containment = TAMIS_RATIO_NONE;
    }
    row->is_of_quality = row->verdict == TAMIS_VERDICT_DROP && witness == NULL &&
                         json_object_get(quality, "reason") != NULL;
    row->edit_count = (uint32_t)json_array_size(json_object_get(quality, "edits"));
    row->copies_exact = number_of(copies, "exact");
    row->copies_near = number_of(copies, "near");
    row->copies_url = number_of(copies, "url");
    json_array_foreach(flags, index, value)
    {
        const char *flag = json_is_string(value) ? json_string_value(value) : "";

        row->is_capped = row->is_capped || strcmp(flag, "bucket_cap") == 0;
        row->is_repaired = row->is_repaired || strcmp(flag, "repaired") == 0;
    }
    return witness == NULL || parse_witness(object, witness, row);
}

tamis_status tamis_result_edits(const tamis_result *result, tamis_edits *edits, tamis_err *err)
{
    const json_t *list = json_object_get(json_object_get(result->row, "quality"), "edits");
    size_t index = 0;
    json_t *value = NULL;
    int64_t last = 0;
    tamis_status status = TAMIS_OK;

    tamis_edits_reset(edits);
    json_array_foreach(list, index, value)
    {
        int64_t begin = json_integer_value(json_array_get(value, 0));
        int64_t end = json_integer_value(json_array_get(value, 1));
        const json_t *text = json_array_get(value, 3);

        if (begin < last || end < begin || end > UINT32_MAX) {
            return tamis_err_set(err, TAMIS_EFORMAT, "%s: line %llu has malformed edits",
                                 result->path, (unsigned long long)result->line);
        }
        status = tamis_edits_replace(
            edits, (uint32_t)begin, (uint32_t)end, TAMIS_EDIT_REASON_NONE,
            json_is_string(text) ? tamis_slice_of(json_string_value(text), json_string_length(text))
                                 : tamis_slice_of(NULL, 0));
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "no memory for edits");
        }
        last = end;
    }
    return TAMIS_OK;
}

bool tamis_result_graded(const tamis_result *result, tamis_result_quality *out_quality)
{
    const json_t *quality = json_object_get(result->row, "quality");
    const json_t *language = json_object_get(quality, "language");
    const json_t *score = json_object_get(language, "score");

    *out_quality = (tamis_result_quality){
        .reason = string_of(quality, "reason"),
        .language = string_of(language, "code"),
        .language_score = json_is_number(score) ? json_number_value(score) : (double)NAN,
    };
    return quality != NULL;
}

tamis_status tamis_result_signals(const tamis_result *result, const char *const *names,
                                  size_t count, double *out_values, tamis_err *err)
{
    const json_t *signals = json_object_get(json_object_get(result->row, "quality"), "signals");

    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(signals, names[i]);

        if (!json_is_number(value) && !json_is_null(value)) {
            return tamis_err_set(err, TAMIS_EFORMAT, "%s: line %llu has no signal '%s'",
                                 result->path, (unsigned long long)result->line, names[i]);
        }
        out_values[i] = json_is_null(value) ? (double)NAN : json_number_value(value);
    }
    return TAMIS_OK;
}

static tamis_status result_open_next(tamis_result *result, tamis_err *err)
{
    const tamis_plan *plan = &result->job->plan;
    char name[TAMIS_PATH_SIZE];

    while (result->next_split < plan->split_count &&
           plan->inputs[plan->splits[result->next_split].input].is_against) {
        result->next_split++;
    }
    if (result->next_split == plan->split_count) {
        return TAMIS_END;
    }
    result->split = result->next_split++;
    result->line = 0;
    if (tamis_output_name(result->job, result->split, 1, name, sizeof(name)) != TAMIS_OK ||
        (size_t)snprintf(result->path, sizeof(result->path), "%s/%s", result->out_path, name) >=
            sizeof(result->path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", result->out_path);
    }
    return tamis_lines_open(result->path, &result->lines, err);
}

tamis_status tamis_result_next(tamis_result *result, tamis_result_row *out_row, tamis_err *err)
{
    tamis_result_row row = {0};
    tamis_status status = TAMIS_OK;

    json_decref(result->row);
    result->row = NULL;
    for (;;) {
        if (result->lines == NULL) {
            status = result_open_next(result, err);
            if (status != TAMIS_OK) {
                return status;
            }
        }
        status = tamis_lines_next(result->lines, &row.text, err);
        if (status != TAMIS_END) {
            break;
        }
        tamis_lines_close(result->lines);
        result->lines = NULL;
    }
    if (status != TAMIS_OK) {
        return status;
    }
    row.line = ++result->line;
    result->row = json_loadb((const char *)row.text.data, row.text.size, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(result->row) || !parse_row(result->row, &row)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: line %llu is no valid line of attributes",
                             result->path, (unsigned long long)row.line);
    }
    *out_row = row;
    return TAMIS_OK;
}
