/* SPDX-License-Identifier: Apache-2.0 */
/* SCAN: one batch of splits -> features (run file), document records, a result for each split. */
#include <stdio.h>
#include <stdlib.h>

#include "scan_adopt.h"
#include "scan_quality.h"
#include "stage_tasks.h"
#include "tamis/failpoint.h"
#include "tamis/fields.h"
#include "tamis/level.h"
#include "tamis/poison.h"
#include "tamis/row_watch.h"
#include "tamis/sketch.h"
#include "tamis/task_support.h"

#define ID_HASH_WORDS       2
#define FEATURES_MAX        (2 * TAMIS_BANDS_MAX)
#define SCAN_FIXED_BYTES    (4u << 20) /* reader, analyzer and record block of usual documents */
#define PROGRESS_EVERY_ROWS 64

typedef struct scan {
    const tamis_task_env *env;
    const tamis_settings *settings;
    tamis_task_result *result;
    tamis_reader *reader;
    tamis_row_watch watch;
    tamis_analyzer *analyzer;
    tamis_scan_quality *quality; /* NULL: not asked for */
    tamis_records_writer *records;
    tamis_sorter *features[TAMIS_LEVEL_COUNT]; /* NULL: the level is not asked for */
    tamis_sorter *id_hashes;
    uint64_t *row_features; /* of one document and level */
    uint8_t *signature;
    tamis_buf url;
    tamis_buf id;
    tamis_buf splits; /* packed tamis_scan_result */
} scan;

static bool has_level(const scan *s, unsigned level)
{
    return (s->settings->levels >> level & 1) != 0;
}

/* The share of memory of each level's sorter follows the bytes of features that it will hold. */
static tamis_status scan_create_sorters(scan *s, tamis_err *err)
{
    uint64_t memory = s->env->memory_bytes > 2 * SCAN_FIXED_BYTES
                          ? s->env->memory_bytes - SCAN_FIXED_BYTES
                          : s->env->memory_bytes / 2;
    uint64_t weights[TAMIS_LEVEL_COUNT] = {0};
    uint64_t weight_sum = ID_HASH_WORDS;
    uint32_t feature_max = 1;
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        if (has_level(s, i)) {
            const tamis_level *level = tamis_level_get((tamis_level_id)i);
            uint32_t count = level->feature_max(s->settings);

            weights[i] = (uint64_t)count * level->words;
            weight_sum += weights[i];
            feature_max = count > feature_max ? count : feature_max;
        }
    }
    TAMIS_ASSERT(feature_max <= FEATURES_MAX);
    for (unsigned i = 0; status == TAMIS_OK && i < TAMIS_LEVEL_COUNT; i++) {
        if (has_level(s, i)) {
            status = tamis_task_sorter(s->env, tamis_level_get((tamis_level_id)i)->words, false,
                                       memory * weights[i] / weight_sum, &s->features[i], err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_task_sorter(s->env, ID_HASH_WORDS, false,
                                   memory * ID_HASH_WORDS / weight_sum, &s->id_hashes, err);
    }
    s->row_features =
        calloc((size_t)feature_max * TAMIS_FEATURE_WORDS_MAX, sizeof(*s->row_features));
    s->signature = calloc(s->settings->slots, 1);
    if (status == TAMIS_OK && (s->row_features == NULL || s->signature == NULL)) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the features of a document");
    }
    return status;
}

static tamis_status scan_create(scan *s, tamis_err *err)
{
    uint32_t signature_bytes = has_level(s, TAMIS_LEVEL_NEAR) ? s->settings->slots : 0;
    tamis_status status = tamis_reader_create(s->settings, &s->reader, err);

    tamis_row_watch_init(&s->watch, s->env, s->reader, false);
    tamis_buf_init(&s->url, 0);
    tamis_buf_init(&s->id, 0);
    tamis_buf_init(&s->splits, 0);
    if (status == TAMIS_OK) {
        tamis_reader_confine(s->reader, s->env->roots);
        status = tamis_analyzer_create(s->settings, &s->analyzer, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_records_writer_create(s->env->records, s->env->folder, signature_bytes,
                                             &s->records, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_scan_quality_create(s->env, &s->quality, err);
    }
    if (status == TAMIS_OK) {
        status = scan_create_sorters(s, err);
    }
    return status;
}

static void scan_destroy(scan *s)
{
    tamis_row_watch_fini(&s->watch);
    tamis_reader_destroy(s->reader);
    tamis_analyzer_destroy(s->analyzer);
    tamis_scan_quality_destroy(s->quality);
    tamis_records_writer_destroy(s->records);
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        tamis_sorter_destroy(s->features[i]);
    }
    tamis_sorter_destroy(s->id_hashes);
    free(s->row_features);
    free(s->signature);
    tamis_buf_fini(&s->url);
    tamis_buf_fini(&s->id);
    tamis_buf_fini(&s->splits);
}

/* 0 stands for the one scope of all documents, so a hash that happens to be 0 becomes 1. */
static uint64_t scope_hash_of(const tamis_settings *settings, const tamis_input *input,
                              const tamis_doc *doc)
{
    uint64_t hash = 0;

    switch (settings->scope) {
    case TAMIS_SCOPE_ALL:
        return 0;
    case TAMIS_SCOPE_INPUT:
        hash = tamis_hash64(input->name, strlen(input->name));
        return hash == 0 ? 1 : hash;
    case TAMIS_SCOPE_FIELD:
        if (doc->scope.size == 0) {
            return 0;
        }
        hash = tamis_hash64(doc->scope.data, doc->scope.size);
        return hash == 0 ? 1 : hash;
    }
    return 0;
}

static tamis_status scan_features(scan *s, const tamis_input *input, const tamis_doc *doc,
                                  const tamis_analysis *analysis, tamis_ord ord, tamis_err *err)
{
    tamis_feature_source source = {
        .settings = s->settings,
        .analysis = analysis,
        .scope_hash = scope_hash_of(s->settings, input, doc),
        .ord = ord,
    };

    if (has_level(s, TAMIS_LEVEL_URL) && doc->url.size != 0) {
        tamis_buf_reset(&s->url);
        if (tamis_url_normalize(doc->url, &s->url) != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a URL");
        }
        source.normalized_url = tamis_buf_slice(&s->url);
    }
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        if (s->features[i] != NULL) {
            uint32_t count = tamis_level_get((tamis_level_id)i)->extract(&source, s->row_features);
            tamis_status status = tamis_sorter_add(s->features[i], s->row_features, count, err);

            if (status != TAMIS_OK) {
                return status;
            }
            s->result->counters[TAMIS_COUNTER_FEATURES] += count;
        }
    }
    return TAMIS_OK;
}

/* The record's id, or NAME:row where it has none. */
static tamis_status scan_id(scan *s, const tamis_input *input, const tamis_doc *doc,
                            tamis_scan_result *split_result, tamis_ord ord, tamis_slice *out_id,
                            tamis_err *err)
{
    if (doc->id.size != 0) {
        uint64_t hash[ID_HASH_WORDS] = {tamis_hash64(doc->id.data, doc->id.size), ord};

        *out_id = doc->id;
        return tamis_sorter_add(s->id_hashes, hash, 1, err);
    }
    split_result->ids_missing++;
    return tamis_task_default_id(input, s->env->job, ord, &s->id, out_id, err);
}

static tamis_status scan_row(scan *s, const tamis_input *input, const tamis_doc *doc,
                             tamis_scan_result *split_result, tamis_err *err)
{
    tamis_ord ord = tamis_ord_make(0, split_result->split, doc->row);
    tamis_record record = {.fault = (uint16_t)doc->fault};
    tamis_analysis analysis;
    tamis_slice text = doc->text;
    tamis_slice id;
    bool is_edited = false;
    tamis_status status = scan_id(s, input, doc, split_result, ord, &id, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (doc->fault != TAMIS_FAULT_NONE) {
        split_result->fault_rows[doc->fault]++;
        s->result->counters[TAMIS_COUNTER_POISONED] += doc->fault == TAMIS_FAULT_POISONED ? 1 : 0;
        record.digest = doc->raw_digest;
        return tamis_records_writer_add(s->records, ord, &record, id, err);
    }
    tamis_poison(TAMIS_POISON_SCAN, doc->text.data, doc->text.size);
    if (s->quality != NULL && !input->is_against) { /* those were graded when they were written */
        status = tamis_scan_quality_run(s->quality, ord, doc->text, doc->url, s->result, &text,
                                        &is_edited, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_analyzer_run(s->analyzer, text, &analysis, err);
    }
    if (status == TAMIS_OK) {
        status = scan_features(s, input, doc, &analysis, ord, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    record.digest = is_edited ? tamis_hash128(doc->text.data, doc->text.size) : analysis.digest;
    record.shingle_count = analysis.shingle_count;
    record.distinct_count = analysis.distinct_count;
    record.text_bytes = doc->text.size;
    record.flags = (doc->flags & TAMIS_DOC_REPAIRED) != 0 ? TAMIS_RECORD_REPAIRED : 0;
    record.flags |= is_edited ? TAMIS_RECORD_EDITED : 0;
    if (has_level(s, TAMIS_LEVEL_NEAR) && analysis.shingle_count != 0) {
        tamis_signature_pack(analysis.sketch, s->settings->slots, s->signature);
        record.signature = s->signature;
    }
    split_result->text_bytes += doc->text.size;
    split_result->repaired += (doc->flags & TAMIS_DOC_REPAIRED) != 0 ? 1 : 0;
    return tamis_records_writer_add(s->records, ord, &record, id, err);
}

static void scan_progress(scan *s, const tamis_scan_result *split_result)
{
    tamis_reader_summary now;

    if (s->env->progress == NULL) {
        return;
    }
    tamis_reader_summarize(s->reader, &now);
    atomic_store_explicit(&s->env->progress->bytes,
                          s->result->counters[TAMIS_COUNTER_STORED_BYTES] + now.stored_bytes,
                          memory_order_relaxed);
    atomic_store_explicit(&s->env->progress->documents,
                          s->result->counters[TAMIS_COUNTER_ROWS] + now.rows, memory_order_relaxed);
    (void)split_result;
}

static tamis_status scan_rows(scan *s, const tamis_input *input, tamis_scan_result *split_result,
                              tamis_err *err)
{
    for (;;) {
        tamis_doc doc;
        tamis_status status = tamis_row_watch_next(&s->watch, &doc, err);

        if (status == TAMIS_END) {
            return TAMIS_OK;
        }
        if (status == TAMIS_OK) {
            status = scan_row(s, input, &doc, split_result, err);
        }
        if (status == TAMIS_OK && doc.row % PROGRESS_EVERY_ROWS == 0) {
            scan_progress(s, split_result);
            status = tamis_task_check(s->env, err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

static tamis_status scan_split(scan *s, uint32_t split, tamis_err *err)
{
    const tamis_plan *plan = &s->env->job->plan;
    const tamis_input *input = &plan->inputs[plan->splits[split].input];
    tamis_scan_result split_result = {.split = split};
    tamis_status status = tamis_row_watch_open(&s->watch, split, err);

    if (status == TAMIS_OK) {
        status = scan_rows(s, input, &split_result, err);
    }
    if (status != TAMIS_OK) {
        tamis_err_context(err, "%s", input->shown);
        return status;
    }
    tamis_reader_summarize(s->reader, &split_result.summary);
    s->result->counters[TAMIS_COUNTER_SPLITS_READ]++;
    s->result->counters[TAMIS_COUNTER_STORED_BYTES] += split_result.summary.stored_bytes;
    s->result->counters[TAMIS_COUNTER_DECODED_BYTES] += split_result.summary.decoded_bytes;
    s->result->counters[TAMIS_COUNTER_TEXT_BYTES] += split_result.text_bytes;
    s->result->counters[TAMIS_COUNTER_ROWS] += split_result.summary.rows;
    s->result->counters[TAMIS_COUNTER_QUARANTINED] += split_result.summary.quarantined;
    status = tamis_scan_result_put(&s->splits, &split_result);
    return status == TAMIS_OK ? status
                              : tamis_err_set(err, status, "no memory for the result of a split");
}

static uint32_t slot_of_key(const void *context, uint64_t key)
{
    uint32_t slot_bits = *(const uint32_t *)context;

    return slot_bits == 0 ? 0 : (uint32_t)(key >> (64 - slot_bits));
}

static tamis_status scan_write_sorter(scan *s, tamis_sorter *sorter, tamis_run_writer *writer,
                                      uint32_t kind, tamis_err *err)
{
    tamis_sort_stats stats = {0};
    tamis_status status = tamis_sorter_sort(sorter, err);

    if (status == TAMIS_OK) {
        status = tamis_sorter_write(sorter, writer, kind, slot_of_key, &s->env->job->plan.slot_bits,
                                    err);
    }
    tamis_sorter_stats(sorter, &stats);
    tamis_task_count_sort(&stats, s->result);
    return status;
}

static tamis_status scan_write_features(scan *s, tamis_err *err)
{
    tamis_run_writer *writer = NULL;
    tamis_status status = tamis_task_run_open(s->env, &writer, err);

    for (unsigned i = 0; status == TAMIS_OK && i < TAMIS_LEVEL_COUNT; i++) {
        if (s->features[i] != NULL) {
            status = scan_write_sorter(s, s->features[i], writer, TAMIS_PIECE_FEATURES + i, err);
            /* Its memory serves the next one. */
            tamis_sorter_destroy(s->features[i]);
            s->features[i] = NULL;
        }
    }
    if (status == TAMIS_OK) {
        status = scan_write_sorter(s, s->id_hashes, writer, TAMIS_PIECE_ID_HASHES, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_finish(writer, s->result, err);
    }
    tamis_run_writer_destroy(writer);
    return status;
}

/* Features first, records last: they enter a store that outlives the attempt's folder, and a
 * repeated attempt brings the same bytes again. */
static tamis_status scan_commit(scan *s, tamis_err *err)
{
    uint64_t bytes = 0;
    tamis_status status = scan_write_features(s, err);

    if (status == TAMIS_OK) {
        status = tamis_scan_quality_finish(s->quality, s->result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_write_file(s->env, TAMIS_SPLITS_NAME, tamis_buf_slice(&s->splits), err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    tamis_failpoint(TAMIS_FAILPOINT_SCAN_BEFORE_COMMIT);
    status = tamis_records_writer_commit(s->records, &bytes, err);
    s->result->counters[TAMIS_COUNTER_WRITTEN_BYTES] += bytes;
    tamis_failpoint(TAMIS_FAILPOINT_SCAN_AFTER_COMMIT);
    if (status == TAMIS_OK &&
        tamis_buf_append(&s->result->blob, s->splits.data, s->splits.size) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the result of a task");
    }
    return status;
}

tamis_status tamis_task_scan(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    const tamis_plan *plan = &env->job->plan;
    scan s = {.env = env, .settings = &env->job->settings, .result = result};
    tamis_status status = TAMIS_OK;

    if (env->job->scan_from != NULL) {
        return tamis_scan_adopt(env, result, err);
    }
    status = scan_create(&s, err);

    for (uint32_t split = plan->batch_first_split[env->task];
         status == TAMIS_OK && split < plan->batch_first_split[env->task + 1]; split++) {
        if (tamis_row_watch_wants(&s.watch, split)) {
            status = scan_split(&s, split, err);
        }
    }
    if (status == TAMIS_OK && !tamis_row_watch_is_trial(&s.watch)) {
        status = scan_commit(&s, err);
    }
    scan_destroy(&s);
    return status;
}
