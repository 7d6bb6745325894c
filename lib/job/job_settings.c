/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/job.h"

#include <assert.h>
#include <inttypes.h>
#include <utf8proc.h>

#include "tamis/json_out.h"

const char *const tamis_level_names[] = {"url", "exact", "near", NULL};
const char *const tamis_verify_names[] = {"auto", "signature", "text", NULL};
const char *const tamis_exact_names[] = {"folded", "raw", NULL};
const char *const tamis_profile_names[] = {"text", "code", NULL};
const char *const tamis_url_keep_names[] = {"first", "last", NULL};
const char *const tamis_scope_names[] = {"all", "input", "field", NULL};
const char *const tamis_output_format_names[] = {"jsonl.zst", "jsonl.gz", "jsonl", NULL};
const char *const tamis_emit_names[] = {"documents", "attributes", "removed", NULL};

#define EMIT_ALL (TAMIS_EMIT_DOCUMENTS | TAMIS_EMIT_ATTRIBUTES | TAMIS_EMIT_REMOVED)

static_assert(TAMIS_LEVEL_COUNT == sizeof(tamis_level_names) / sizeof(char *) - 1,
              "every level has a name");

void tamis_settings_defaults(tamis_settings *out_settings)
{
    *out_settings = (tamis_settings){
        .levels = 1u << TAMIS_LEVEL_EXACT | 1u << TAMIS_LEVEL_NEAR,
        .threshold_ppm = 800000,
        .min_containment_ppm = 0,
        .bands = 18, /* 18 x 7 proposes 98.5 % of the pairs at 0.8 and uses 126 of 128 slots */
        .rows = 7,
        .slots = 128,
        .shingle = 5,
        .bucket_cap = 8,
        .verify = TAMIS_VERIFY_AUTO,
        .verify_spool_ppm = 100000,
        .exact = TAMIS_EXACT_FOLDED,
        .profile = TAMIS_PROFILE_TEXT,
        .url_keep = TAMIS_URL_KEEP_FIRST,
        .scope = TAMIS_SCOPE_ALL,
        .scope_field = "",
        .text_field = "text",
        .id_field = "id",
        .url_field = "url",
        .record_bytes_max = UINT64_C(16) << 20,
        .nesting_max = 128,
        .ratio_max = 200,
        .zstd_window_log_max = 27, /* 128 MiB: what the zstd tool takes without --long */
        .split_bytes = UINT64_C(64) << 20,
        .sample_ppm = TAMIS_PPM,
        .limit = 0,
        .emit = TAMIS_EMIT_DOCUMENTS | TAMIS_EMIT_ATTRIBUTES,
        .output_format = TAMIS_OUTPUT_JSONL_ZST,
        .output_level = 1,
    };
}

static tamis_status check_range(const char *name, int64_t value, int64_t min, int64_t max,
                                tamis_err *err)
{
    if (value < min || value > max) {
        return tamis_err_set(err, TAMIS_EARG,
                             "setting %s: %" PRId64 " is out of range (%" PRId64 " to %" PRId64 ")",
                             name, value, min, max);
    }
    return TAMIS_OK;
}

/* Ranges of unsigned settings. The bounds of enums follow from their lists of names. */
static tamis_status check_ranges(const tamis_settings *settings, tamis_err *err)
{
    const tamis_settings *s = settings;
    const struct {
        const char *name;
        int64_t value;
        int64_t min;
        int64_t max;
    } ranges[] = {
        {"levels", s->levels, 1, (1 << TAMIS_LEVEL_COUNT) - 1},
        {"threshold_ppm", s->threshold_ppm, 0, TAMIS_PPM},
        {"min_containment_ppm", s->min_containment_ppm, 0, TAMIS_PPM},
        {"bands", s->bands, 1, TAMIS_SLOTS_MAX},
        {"rows", s->rows, 1, TAMIS_SLOTS_MAX},
        {"slots", s->slots, TAMIS_SLOTS_MIN, TAMIS_SLOTS_MAX},
        {"shingle", s->shingle, 1, TAMIS_SHINGLE_MAX},
        {"bucket_cap", s->bucket_cap, 1, TAMIS_BUCKET_CAP_MAX},
        {"verify", (int64_t)s->verify, 0, TAMIS_VERIFY_TEXT},
        {"verify_spool_ppm", s->verify_spool_ppm, 0, TAMIS_SPOOL_PPM_MAX},
        {"exact", (int64_t)s->exact, 0, TAMIS_EXACT_RAW},
        {"profile", (int64_t)s->profile, 0, TAMIS_PROFILE_CODE},
        {"url_keep", (int64_t)s->url_keep, 0, TAMIS_URL_KEEP_LAST},
        {"scope", (int64_t)s->scope, 0, TAMIS_SCOPE_FIELD},
        {"nesting_max", s->nesting_max, 1, TAMIS_NESTING_MAX},
        {"ratio_max", s->ratio_max, 1, UINT32_MAX},
        {"zstd_window_log_max", s->zstd_window_log_max, TAMIS_WINDOW_LOG_MIN, TAMIS_WINDOW_LOG_MAX},
        {"sample_ppm", s->sample_ppm, 1, TAMIS_PPM},
        {"emit", s->emit, 0, EMIT_ALL},
        {"output_format", (int64_t)s->output_format, 0, TAMIS_OUTPUT_JSONL},
        {"output_level", s->output_level, TAMIS_OUTPUT_LEVEL_MIN, TAMIS_OUTPUT_LEVEL_MAX},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        tamis_status status =
            check_range(ranges[i].name, ranges[i].value, ranges[i].min, ranges[i].max, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

/* A name is zero-terminated UTF-8: it becomes part of the canonical JSON. */
static tamis_status check_field(const char *name, const char field[TAMIS_FIELD_SIZE],
                                bool is_needed, tamis_err *err)
{
    const char *end = memchr(field, '\0', TAMIS_FIELD_SIZE);
    utf8proc_ssize_t size = 0;
    utf8proc_ssize_t at = 0;

    if (end == NULL) {
        return tamis_err_set(err, TAMIS_EARG, "setting %s: longer than %d bytes", name,
                             TAMIS_FIELD_SIZE - 1);
    }
    size = end - field;
    if (size == 0 && is_needed) {
        return tamis_err_set(err, TAMIS_EARG, "setting %s: empty; name a field", name);
    }
    while (at < size) {
        utf8proc_int32_t code_point = 0;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)field + at, size - at, &code_point);

        if (step <= 0) {
            return tamis_err_set(err, TAMIS_EARG, "setting %s: not UTF-8 at byte %zu", name,
                                 (size_t)at);
        }
        at += step;
    }
    return TAMIS_OK;
}

tamis_status tamis_settings_check(const tamis_settings *settings, tamis_err *err)
{
    const tamis_settings *s = settings;
    tamis_status status = check_ranges(s, err);

    if (status == TAMIS_OK) {
        status = check_field("scope_field", s->scope_field, s->scope == TAMIS_SCOPE_FIELD, err);
    }
    if (status == TAMIS_OK) {
        status = check_field("text_field", s->text_field, true, err);
    }
    if (status == TAMIS_OK) {
        status = check_field("id_field", s->id_field, false, err);
    }
    if (status == TAMIS_OK) {
        status = check_field("url_field", s->url_field, false, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if ((s->slots & (s->slots - 1)) != 0) {
        return tamis_err_set(err, TAMIS_EARG, "setting slots: %u is no power of two", s->slots);
    }
    if (s->bands * s->rows > s->slots) { /* both are at most 1024 */
        return tamis_err_set(err, TAMIS_EARG,
                             "settings bands and rows: %u x %u is more than the %u slots", s->bands,
                             s->rows, s->slots);
    }
    if (s->record_bytes_max == 0 || s->record_bytes_max > TAMIS_RECORD_BYTES_MAX) {
        return tamis_err_set(err, TAMIS_EARG,
                             "setting record_bytes_max: %" PRIu64 " is out of range (1 to %u)",
                             s->record_bytes_max, TAMIS_RECORD_BYTES_MAX);
    }
    if (s->split_bytes == 0) {
        return tamis_err_set(err, TAMIS_EARG, "setting split_bytes: 0 is out of range (1 or more)");
    }
    return TAMIS_OK;
}

static void json_bits(tamis_json *json, const char *name, uint32_t bits, const char *const *names)
{
    tamis_json_begin_array(json, name);
    for (uint32_t i = 0; names[i] != NULL; i++) {
        if ((bits & (UINT32_C(1) << i)) != 0) {
            tamis_json_text(json, NULL, names[i]);
        }
    }
    tamis_json_end_array(json);
}

tamis_status tamis_settings_to_json(const tamis_settings *settings, tamis_buf *out_json)
{
    const tamis_settings *s = settings;
    tamis_json json;

    tamis_json_init(&json, out_json);
    tamis_json_begin_object(&json, NULL);
    json_bits(&json, "levels", s->levels, tamis_level_names);
    tamis_json_uint(&json, "threshold_ppm", s->threshold_ppm);
    tamis_json_uint(&json, "min_containment_ppm", s->min_containment_ppm);
    tamis_json_uint(&json, "bands", s->bands);
    tamis_json_uint(&json, "rows", s->rows);
    tamis_json_uint(&json, "slots", s->slots);
    tamis_json_uint(&json, "shingle", s->shingle);
    tamis_json_uint(&json, "bucket_cap", s->bucket_cap);
    tamis_json_text(&json, "verify", tamis_verify_names[s->verify]);
    tamis_json_uint(&json, "verify_spool_ppm", s->verify_spool_ppm);
    tamis_json_text(&json, "exact", tamis_exact_names[s->exact]);
    tamis_json_text(&json, "profile", tamis_profile_names[s->profile]);
    tamis_json_text(&json, "url_keep", tamis_url_keep_names[s->url_keep]);
    tamis_json_text(&json, "scope", tamis_scope_names[s->scope]);
    tamis_json_text(&json, "scope_field", s->scope_field);
    tamis_json_text(&json, "text_field", s->text_field);
    tamis_json_text(&json, "id_field", s->id_field);
    tamis_json_text(&json, "url_field", s->url_field);
    tamis_json_uint(&json, "record_bytes_max", s->record_bytes_max);
    tamis_json_uint(&json, "nesting_max", s->nesting_max);
    tamis_json_uint(&json, "ratio_max", s->ratio_max);
    tamis_json_uint(&json, "zstd_window_log_max", s->zstd_window_log_max);
    tamis_json_uint(&json, "split_bytes", s->split_bytes);
    tamis_json_uint(&json, "sample_ppm", s->sample_ppm);
    tamis_json_uint(&json, "limit", s->limit);
    json_bits(&json, "emit", s->emit, tamis_emit_names);
    tamis_json_text(&json, "output_format", tamis_output_format_names[s->output_format]);
    tamis_json_int(&json, "output_level", s->output_level);
    tamis_json_end_object(&json);
    return tamis_json_finish(&json);
}

static tamis_status digest_of(const tamis_settings *settings, const char *quality,
                              const char *unicode_version, tamis_digest *out_digest)
{
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    status = tamis_buf_append_format(&bytes, "definition=%d;unicode=%s;", TAMIS_DEFINITION_VERSION,
                                     unicode_version);
    if (status == TAMIS_OK) {
        status = tamis_settings_to_json(settings, &bytes);
    }
    if (status == TAMIS_OK && quality != NULL) {
        status = tamis_buf_append_string(&bytes, ";quality=");
    }
    if (status == TAMIS_OK && quality != NULL) {
        status = tamis_buf_append_string(&bytes, quality);
    }
    if (status == TAMIS_OK) {
        *out_digest = tamis_hash128(bytes.data, bytes.size);
    }
    tamis_buf_fini(&bytes);
    return status;
}

tamis_status tamis_settings_digest(const tamis_settings *settings, const char *unicode_version,
                                   tamis_digest *out_digest)
{
    return digest_of(settings, NULL, unicode_version, out_digest);
}

tamis_status tamis_job_settings_digest(const tamis_job *job, const char *unicode_version,
                                       tamis_digest *out_digest)
{
    return digest_of(&job->settings, job->quality, unicode_version, out_digest);
}
