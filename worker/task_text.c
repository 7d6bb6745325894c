/* SPDX-License-Identifier: Apache-2.0 */
/* SPOOL, TEXT_LATER, TEXT_EARLIER: candidates that the signature leaves open are decided by the
 * exact Jaccard similarity of their shingles. The wanted documents are read again, once; then the
 * same two sort-merge passes as for signatures, with the shingle hashes as payload. */
#include <stdlib.h>

#include "stage_tasks.h"
#include "tamis/fields.h"
#include "tamis/grades_cursor.h"
#include "tamis/row_watch.h"
#include "tamis/sketch.h"
#include "tamis/task_support.h"
#include "tamis/text_edit.h"

#define TEXT_HALF_WORDS 3
#define CHECK_EVERY     64

/* ---- SPOOL ---- */

typedef struct spool {
    const tamis_task_env *env;
    const tamis_bits *wanted;
    tamis_reader *reader;
    tamis_row_watch watch;
    tamis_analyzer *analyzer;
    tamis_grades_cursor *grades; /* NULL: no text was edited */
    tamis_edits edits;
    tamis_buf text; /* an edited one */
    tamis_run_writer *writer;
    tamis_buf payload;
    tamis_task_result *result;
} spool;

/* The text that SCAN worked on: as quality left it. */
static tamis_status spool_text(spool *s, const tamis_doc *doc, tamis_ord ord, tamis_slice *out_text,
                               tamis_err *err)
{
    tamis_grades_row row;
    bool is_found = false;
    tamis_status status = TAMIS_OK;

    *out_text = doc->text;
    if (s->grades == NULL) {
        return TAMIS_OK;
    }
    status = tamis_grades_cursor_get(s->grades, ord, &row, &is_found, err);
    if (status != TAMIS_OK || !is_found || row.edits.size == 0) {
        return status;
    }
    status = tamis_edits_unpack(row.edits, doc->text.size, &s->edits, NULL, err);
    if (status == TAMIS_EFORMAT) {
        return tamis_err_set(err, TAMIS_ECHANGED,
                             "the edits that were made when the input was scanned do not fit it: "
                             "it has changed; start again with an empty output folder");
    }
    tamis_buf_reset(&s->text);
    if (status == TAMIS_OK && tamis_edits_apply(&s->edits, doc->text, &s->text) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for an edited text");
    }
    *out_text = tamis_buf_slice(&s->text);
    return status;
}

static tamis_status spool_doc(spool *s, const tamis_doc *doc, tamis_ord ord, tamis_err *err)
{
    const uint64_t *hashes = NULL;
    size_t count = 0;
    tamis_slice text;
    tamis_status status = spool_text(s, doc, ord, &text, err);

    if (status == TAMIS_OK) {
        status = tamis_analyzer_shingles(s->analyzer, text, &hashes, &count, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    tamis_buf_reset(&s->payload);
    status = tamis_buf_reserve(&s->payload, count * 8);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for %zu shingle hashes", count);
    }
    for (size_t i = 0; i < count; i++) {
        tamis_put64le(s->payload.data + 8 * i, hashes[i]);
    }
    s->payload.size = count * 8;
    s->result->counters[TAMIS_COUNTER_SPOOL_DOCUMENTS]++;
    s->result->counters[TAMIS_COUNTER_SPOOL_BYTES] += s->payload.size;
    return tamis_run_writer_append_payload(s->writer, &ord, tamis_buf_slice(&s->payload), err);
}

static tamis_status spool_split(spool *s, uint32_t split, tamis_err *err)
{
    const tamis_plan *plan = &s->env->job->plan;
    const tamis_input *input = &plan->inputs[plan->splits[split].input];
    uint64_t rows = s->wanted->base[split + 1] - s->wanted->base[split];
    tamis_doc doc;
    tamis_status status = tamis_row_watch_open(&s->watch, split, err);

    s->result->counters[TAMIS_COUNTER_SPLITS_READ]++;
    while (status == TAMIS_OK) {
        status = tamis_row_watch_next(&s->watch, &doc, err);
        if (status != TAMIS_OK) {
            break;
        }
        if (doc.row >= rows) {
            status = tamis_err_set(err, TAMIS_ECHANGED,
                                   "the input has changed since it was scanned: more than %llu "
                                   "records; start again with an empty output folder",
                                   (unsigned long long)rows);
            break;
        }
        if (doc.fault == TAMIS_FAULT_NONE &&
            tamis_bits_get(s->wanted, tamis_ord_make(0, split, doc.row))) {
            status = spool_doc(s, &doc, tamis_ord_make(0, split, doc.row), err);
        }
        if (status == TAMIS_OK && doc.row % CHECK_EVERY == 0) {
            status = tamis_task_check(s->env, err);
        }
    }
    if (status != TAMIS_END) {
        tamis_err_context(err, "%s", input->shown);
        return status;
    }
    return TAMIS_OK;
}

static tamis_status spool_load_wanted(const tamis_task_env *env, uint32_t first, uint32_t end,
                                      tamis_bits **out_bits, tamis_err *err)
{
    return tamis_task_load_bits(env, tamis_task_stage_before(env, TAMIS_STAGE_SPOOL_PLAN), 0,
                                TAMIS_RESULT_WANTED, first, end, out_bits, err);
}

static tamis_status spool_open_grades(spool *s, tamis_err *err)
{
    tamis_edits_init(&s->edits);
    tamis_buf_init(&s->text, 0);
    return s->env->job->quality == NULL
               ? TAMIS_OK
               : tamis_grades_cursor_create(s->env, TAMIS_RESULT_GRADES, TAMIS_GRADES_CHANGES,
                                            &s->grades, err);
}

static void spool_close_grades(spool *s)
{
    tamis_grades_cursor_destroy(s->grades);
    tamis_edits_fini(&s->edits);
    tamis_buf_fini(&s->text);
}

tamis_status tamis_task_spool(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    spool s = {.env = env, .result = result};
    tamis_bits *wanted = NULL;
    uint32_t first = 0;
    uint32_t end = 0;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&s.payload, 0);
    tamis_plan_splits_of_part(&env->job->plan, env->task, &first, &end);
    status = spool_open_grades(&s, err);
    if (status == TAMIS_OK) {
        status = spool_load_wanted(env, first, end, &wanted, err);
    }
    s.wanted = wanted;
    if (status == TAMIS_OK) {
        status = tamis_reader_create(&env->job->settings, &s.reader, err);
    }
    tamis_row_watch_init(&s.watch, env, s.reader, true);
    if (status == TAMIS_OK) {
        tamis_reader_confine(s.reader, env->roots);
        status = tamis_analyzer_create(&env->job->settings, &s.analyzer, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_open(env, &s.writer, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_begin(s.writer, TAMIS_PIECE_SPOOL, env->task, 1, true, err);
    }
    for (uint32_t split = first; status == TAMIS_OK && split < end; split++) {
        if (tamis_bits_has_any(wanted, split)) {
            status = spool_split(&s, split, err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_end(s.writer, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_finish(s.writer, result, err);
    }
    tamis_run_writer_destroy(s.writer);
    tamis_analyzer_destroy(s.analyzer);
    tamis_row_watch_fini(&s.watch);
    tamis_reader_destroy(s.reader);
    tamis_bits_destroy(wanted);
    spool_close_grades(&s);
    tamis_buf_fini(&s.payload);
    return status;
}

/* ---- Joining pairs with the spool
 * ---------------------------------------------------------------- */

/* A stream of pairs whose first word names the document, beside the spool of the same part. */
typedef struct text_join {
    tamis_stream *pairs;
    tamis_stream *spool;
} text_join;

static void join_close(text_join *join)
{
    tamis_stream_close(join->pairs);
    tamis_stream_close(join->spool);
}

static tamis_status join_open(const tamis_task_env *env, tamis_stage_kind pair_stage, uint32_t kind,
                              uint32_t words, bool has_payload, text_join *out_join, tamis_err *err)
{
    tamis_stream_options options = {
        .kind = kind,
        .first_part = env->task,
        .end_part = env->task + 1,
        .words = words,
        .has_payload = has_payload,
        .memory_bytes = env->memory_bytes / 4,
        .temp_folder = env->folder,
    };
    uint32_t stage = tamis_task_stage_before(env, pair_stage);
    tamis_status status = tamis_stream_open(env, &options, &stage, 1, &out_join->pairs, err);

    if (status == TAMIS_OK) {
        options.kind = TAMIS_PIECE_SPOOL;
        options.words = 1;
        options.has_payload = true;
        status =
            tamis_stream_open_task(env, &options, tamis_task_stage_before(env, TAMIS_STAGE_SPOOL),
                                   env->task, &out_join->spool, err);
    }
    return status;
}

/* The shingles of the document that the current pair names; valid until the spool moves on. */
static tamis_status join_find(text_join *join, tamis_slice *out_hashes, tamis_err *err)
{
    tamis_ord ord = tamis_stream_peek(join->pairs)[0];
    const uint64_t *record = NULL;

    while ((record = tamis_stream_peek(join->spool)) != NULL && record[0] < ord) {
        tamis_status status = tamis_stream_advance(join->spool, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    if (record == NULL || record[0] != ord) {
        char text[TAMIS_ORD_TEXT_SIZE];

        tamis_ord_to_text(ord, text);
        return tamis_err_set(err, TAMIS_ECHANGED,
                             "%s was wanted for verification, but its input does not give it any "
                             "more: it has changed since it was scanned",
                             text);
    }
    *out_hashes = tamis_stream_payload(join->spool);
    return TAMIS_OK;
}

tamis_status tamis_task_text_later(const tamis_task_env *env, tamis_task_result *result,
                                   tamis_err *err)
{
    text_join join = {0};
    tamis_sorter *sorter = NULL;
    tamis_status status = join_open(env, TAMIS_STAGE_PAIR_EARLIER, TAMIS_PIECE_UNDECIDED,
                                    TAMIS_VERIFIED_WORDS, false, &join, err);

    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, TEXT_HALF_WORDS, true, env->memory_bytes / 3, &sorter, err);
    }
    while (status == TAMIS_OK && tamis_stream_peek(join.pairs) != NULL) {
        const uint64_t *pair = tamis_stream_peek(join.pairs);
        uint64_t half[TEXT_HALF_WORDS] = {pair[1], pair[0], pair[2]};
        tamis_slice hashes;

        status = join_find(&join, &hashes, err);
        if (status == TAMIS_OK) {
            status = tamis_sorter_add_payload(sorter, half, hashes, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_stream_advance(join.pairs, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_task_check(env, err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_task_write_only(env, sorter, TAMIS_PIECE_TEXT_HALF, result, err);
    }
    tamis_sorter_destroy(sorter);
    join_close(&join);
    return status;
}

static tamis_status text_pair(const tamis_task_env *env, const uint64_t *half, tamis_slice removed,
                              tamis_slice witness, tamis_sorter *verified,
                              tamis_task_result *result, tamis_err *err)
{
    const tamis_settings *settings = &env->job->settings;
    uint64_t removed_count = removed.size / 8;
    uint64_t witness_count = witness.size / 8;
    uint64_t shared = tamis_shared_hashes(removed, witness);
    uint64_t all = removed_count + witness_count - shared;
    tamis_evidence evidence = tamis_evidence_unpack(half[2]);
    uint64_t record[TAMIS_VERIFIED_WORDS] = {half[1], half[0], 0, tamis_fraction_pack(shared, all)};

    if (!tamis_decide_text(settings, shared, removed_count, witness_count)) {
        result->counters[TAMIS_COUNTER_REJECTED_BY_TEXT]++;
        return TAMIS_OK;
    }
    result->counters[TAMIS_COUNTER_ACCEPTED_BY_TEXT]++;
    evidence.verified = TAMIS_VERIFIED_TEXT;
    evidence.similarity = tamis_ratio(shared, all);
    if (settings->min_containment_ppm > settings->threshold_ppm) {
        evidence.containment = tamis_ratio(shared, removed_count);
    }
    record[2] = tamis_evidence_pack(evidence);
    return tamis_sorter_add(verified, record, 1, err);
}

tamis_status tamis_task_text_earlier(const tamis_task_env *env, tamis_task_result *result,
                                     tamis_err *err)
{
    text_join join = {0};
    tamis_sorter *verified = NULL;
    tamis_status status = join_open(env, TAMIS_STAGE_TEXT_LATER, TAMIS_PIECE_TEXT_HALF,
                                    TEXT_HALF_WORDS, true, &join, err);

    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, TAMIS_VERIFIED_WORDS, false, env->memory_bytes / 4,
                                   &verified, err);
    }
    while (status == TAMIS_OK && tamis_stream_peek(join.pairs) != NULL) {
        tamis_slice witness;

        status = join_find(&join, &witness, err);
        if (status == TAMIS_OK) {
            status = text_pair(env, tamis_stream_peek(join.pairs), tamis_stream_payload(join.pairs),
                               witness, verified, result, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_stream_advance(join.pairs, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_task_check(env, err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_task_write_only(env, verified, TAMIS_PIECE_VERIFIED, result, err);
    }
    tamis_sorter_destroy(verified);
    join_close(&join);
    return status;
}
