/* SPDX-License-Identifier: Apache-2.0 */
/* PAIR_LATER and PAIR_EARLIER: candidates meet their signatures in two sort-merge passes, without a
 * read per pair: by the later document first, then by the earlier one. */
#include <stdlib.h>

#include "stage_tasks.h"
#include "tamis/sketch.h"
#include "tamis/task_support.h"

#define HALF_FIXED_WORDS 4 /* earlier, later, bands and distinct shingles, shingles */
#define CHECK_EVERY      4096

static uint32_t half_words(const tamis_settings *settings)
{
    return HALF_FIXED_WORDS + settings->slots / 8;
}

static tamis_status pair_open(const tamis_task_env *env, uint32_t stage, uint32_t kind,
                              uint32_t words, tamis_stream **out_stream,
                              tamis_doc_cursor **out_docs, tamis_err *err)
{
    tamis_stream_options options = {
        .kind = kind,
        .first_part = env->task,
        .end_part = env->task + 1,
        .words = words,
        .memory_bytes = env->memory_bytes / 3,
        .temp_folder = env->folder,
    };
    uint32_t first = 0;
    uint32_t end = 0;
    tamis_status status = tamis_stream_open(env, &options, &stage, 1, out_stream, err);

    tamis_plan_splits_of_part(&env->job->plan, env->task, &first, &end);
    return status == TAMIS_OK ? tamis_doc_cursor_create(env, first, end, false, out_docs, err)
                              : status;
}

/* ---- PAIR_LATER ---- */

/* Counts the equal pairs at the head of the stream and passes over them. */
static tamis_status take_pair(tamis_stream *stream, uint64_t out_pair[2], uint32_t *out_bands,
                              tamis_err *err)
{
    const uint64_t *record = tamis_stream_peek(stream);
    uint32_t bands = 0;

    out_pair[0] = record[0];
    out_pair[1] = record[1];
    while (record != NULL && record[0] == out_pair[0] && record[1] == out_pair[1]) {
        tamis_status status = tamis_stream_advance(stream, err);

        if (status != TAMIS_OK) {
            return status;
        }
        bands++;
        record = tamis_stream_peek(stream);
    }
    *out_bands = bands;
    return TAMIS_OK;
}

static tamis_status need_signature(const tamis_record *record, tamis_ord ord, tamis_err *err)
{
    char text[TAMIS_ORD_TEXT_SIZE];

    if (record->signature != NULL) {
        return TAMIS_OK;
    }
    tamis_ord_to_text(ord, text);
    return tamis_err_set(err, TAMIS_ECORRUPT, "the record of %s has no signature", text);
}

static tamis_status later_pairs(const tamis_task_env *env, tamis_stream *stream,
                                tamis_doc_cursor *docs, tamis_sorter *sorter,
                                tamis_task_result *result, tamis_err *err)
{
    const tamis_settings *settings = &env->job->settings;
    uint64_t *half = calloc(half_words(settings), sizeof(*half));
    tamis_status status = half == NULL ? TAMIS_ENOMEM : TAMIS_OK;

    while (status == TAMIS_OK && tamis_stream_peek(stream) != NULL) {
        uint64_t pair[2];
        uint32_t bands = 0;
        tamis_record record;

        status = take_pair(stream, pair, &bands, err);
        if (status == TAMIS_OK) {
            status = tamis_doc_cursor_get(docs, pair[0], &record, err);
        }
        if (status == TAMIS_OK) {
            status = need_signature(&record, pair[0], err);
        }
        if (status == TAMIS_OK) {
            half[0] = pair[1];
            half[1] = pair[0];
            half[2] = bands | (uint64_t)record.distinct_count << 32;
            half[3] = record.shingle_count;
            memcpy(half + HALF_FIXED_WORDS, record.signature, settings->slots);
            status = tamis_sorter_add(sorter, half, 1, err);
        }
        if (status == TAMIS_OK && ++result->counters[TAMIS_COUNTER_CANDIDATES] % CHECK_EVERY == 0) {
            status = tamis_task_check(env, err);
        }
    }
    free(half);
    return status;
}

tamis_status tamis_task_pair_later(const tamis_task_env *env, tamis_task_result *result,
                                   tamis_err *err)
{
    uint32_t words = half_words(&env->job->settings);
    tamis_stream *stream = NULL;
    tamis_doc_cursor *docs = NULL;
    tamis_sorter *sorter = NULL;
    tamis_status status = pair_open(env, tamis_task_stage_before(env, TAMIS_STAGE_LINK),
                                    TAMIS_PIECE_PAIRS, 2, &stream, &docs, err);

    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, words, false, env->memory_bytes / 2, &sorter, err);
    }
    if (status == TAMIS_OK) {
        status = later_pairs(env, stream, docs, sorter, result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_write_only(env, sorter, TAMIS_PIECE_HALF, result, err);
    }
    tamis_sorter_destroy(sorter);
    tamis_doc_cursor_destroy(docs);
    tamis_stream_close(stream);
    return status;
}

/* ---- PAIR_EARLIER ---- */

typedef struct earlier {
    const tamis_task_env *env;
    const tamis_settings *settings;
    tamis_task_result *result;
    bool may_use_text;
    bool counts_containment;
    tamis_sorter *verified;
    tamis_sorter *undecided;
    tamis_sorter *wanted;
} earlier;

static tamis_status earlier_undecided(earlier *e, const uint64_t *record, uint64_t later_shingles,
                                      uint64_t earlier_shingles, tamis_err *err)
{
    uint64_t wanted[4] = {record[0], later_shingles, record[1], earlier_shingles};
    tamis_status status = tamis_sorter_add(e->undecided, record, 1, err);

    e->result->counters[TAMIS_COUNTER_UNDECIDED]++;
    return status == TAMIS_OK ? tamis_sorter_add(e->wanted, wanted, 2, err) : status;
}

static tamis_status earlier_pair(earlier *e, const uint64_t *half, const tamis_record *record,
                                 tamis_err *err)
{
    const uint8_t *signature = (const uint8_t *)(half + HALF_FIXED_WORDS);
    uint32_t slots = e->settings->slots;
    tamis_pair_evidence pair = {
        .matches = tamis_signature_matches(record->signature, signature, slots),
    };
    tamis_evidence evidence = {
        .similarity = tamis_similarity_of_matches(pair.matches, slots),
        .containment = TAMIS_RATIO_NONE,
        .bands_shared = (uint32_t)half[2],
        .verified = TAMIS_VERIFIED_SIGNATURE,
    };
    uint64_t out[TAMIS_VERIFIED_WORDS] = {half[1], half[0], 0,
                                          tamis_fraction_pack(pair.matches, slots)};

    if (e->counts_containment) {
        pair.removed_distinct = (uint32_t)(half[2] >> 32);
        pair.witness_distinct = record->distinct_count;
        evidence.containment = tamis_containment_of_matches(
            pair.matches, slots, pair.removed_distinct, pair.witness_distinct);
    }
    out[2] = tamis_evidence_pack(evidence);
    switch (tamis_decide_signature(e->settings, &pair, e->may_use_text)) {
    case TAMIS_DECISION_ACCEPT:
        e->result->counters[TAMIS_COUNTER_ACCEPTED_BY_SIGNATURE]++;
        return tamis_sorter_add(e->verified, out, 1, err);
    case TAMIS_DECISION_REJECT:
        e->result->counters[TAMIS_COUNTER_REJECTED_BY_SIGNATURE]++;
        return TAMIS_OK;
    case TAMIS_DECISION_BY_TEXT:
        if (tamis_decide_signature(e->settings, &pair, false) == TAMIS_DECISION_ACCEPT) {
            out[2] |= TAMIS_EVIDENCE_ACCEPTED;
        }
        return earlier_undecided(e, out, half[3], record->shingle_count, err);
    }
    return TAMIS_OK;
}

static tamis_status earlier_pairs(earlier *e, tamis_stream *stream, tamis_doc_cursor *docs,
                                  tamis_err *err)
{
    const uint64_t *half = NULL;
    uint64_t seen = 0;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && (half = tamis_stream_peek(stream)) != NULL) {
        tamis_record record;

        status = tamis_doc_cursor_get(docs, half[0], &record, err);
        if (status == TAMIS_OK) {
            status = need_signature(&record, half[0], err);
        }
        if (status == TAMIS_OK) {
            status = earlier_pair(e, half, &record, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_stream_advance(stream, err);
        }
        if (status == TAMIS_OK && ++seen % CHECK_EVERY == 0) {
            status = tamis_task_check(e->env, err);
        }
    }
    return status;
}

static tamis_status earlier_write(earlier *e, tamis_err *err)
{
    tamis_run_writer *writer = NULL;
    tamis_status status = tamis_task_run_open(e->env, &writer, err);

    if (status == TAMIS_OK) {
        status = tamis_task_write_sorted(e->env, e->verified, writer, TAMIS_PIECE_VERIFIED,
                                         e->result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_write_sorted(e->env, e->undecided, writer, TAMIS_PIECE_UNDECIDED,
                                         e->result, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_task_write_sorted(e->env, e->wanted, writer, TAMIS_PIECE_WANTED, e->result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_finish(writer, e->result, err);
    }
    tamis_run_writer_destroy(writer);
    return status;
}

tamis_status tamis_task_pair_earlier(const tamis_task_env *env, tamis_task_result *result,
                                     tamis_err *err)
{
    const tamis_settings *settings = &env->job->settings;
    earlier e = {
        .env = env,
        .settings = settings,
        .result = result,
        .may_use_text = settings->verify != TAMIS_VERIFY_SIGNATURE,
        .counts_containment = settings->min_containment_ppm > settings->threshold_ppm,
    };
    tamis_stream *stream = NULL;
    tamis_doc_cursor *docs = NULL;
    tamis_status status = pair_open(env, tamis_task_stage_before(env, TAMIS_STAGE_PAIR_LATER),
                                    TAMIS_PIECE_HALF, half_words(settings), &stream, &docs, err);

    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, TAMIS_VERIFIED_WORDS, false, env->memory_bytes / 6,
                                   &e.verified, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, TAMIS_VERIFIED_WORDS, false, env->memory_bytes / 6,
                                   &e.undecided, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, 2, false, env->memory_bytes / 6, &e.wanted, err);
    }
    if (status == TAMIS_OK) {
        status = earlier_pairs(&e, stream, docs, err);
    }
    if (status == TAMIS_OK) {
        status = earlier_write(&e, err);
    }
    tamis_sorter_destroy(e.verified);
    tamis_sorter_destroy(e.undecided);
    tamis_sorter_destroy(e.wanted);
    tamis_doc_cursor_destroy(docs);
    tamis_stream_close(stream);
    return status;
}
