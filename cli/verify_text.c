/* SPDX-License-Identifier: Apache-2.0 */
/* Similarities, from the texts: pairs (removed, witness) of a sample, or all, are joined with what
 * the texts give, in two sort-merge passes, and held against the figures in attributes/. */
#include <stdlib.h>

#include "tamis/analyzer.h"
#include "tamis/fields.h"
#include "tamis/level.h"
#include "tamis/sketch.h"
#include "tamis/task_support.h"
#include "text_source.h"
#include "verify.h"

/* Words of a pair: the document it is sorted by comes first. */
enum {
    PAIR_BY,
    PAIR_OTHER,
    PAIR_EVIDENCE,
    PAIR_LEVEL,
    PAIR_DIGEST_LOW,
    PAIR_DIGEST_HIGH,
    PAIR_WORDS
};

/* What a text gives: digest and exact feature (4 x 8 bytes), signature (slots bytes), distinct
 * shingle hashes. */
#define FACTS_HEAD 32

typedef struct texts {
    tamis_verification *v;
    tamis_text_source *source;
    tamis_result *rows; /* with quality: whose edits are made; NULL: no text was edited */
    tamis_ord row;      /* the last one read of them */
    uint32_t row_edits;
    bool has_row;
    tamis_edits edits;
    tamis_buf edited;
    tamis_analyzer *analyzer;
    tamis_sorter *by_removed;
    tamis_sorter *by_witness;
    tamis_buf facts; /* of the document at hand */
    tamis_ord facts_of;
    bool has_facts;
    uint64_t share; /* of 2^64: which removed documents are looked at */
} texts;

static tamis_status texts_sorter(texts *t, bool has_payload, tamis_sorter **out_sorter,
                                 tamis_err *err)
{
    tamis_sorter_options options = {
        .words = PAIR_WORDS,
        .has_payload = has_payload,
        .memory_bytes = t->v->options->memory_bytes / 4,
        .temp_folder = t->v->options->temp_folder,
    };

    return tamis_sorter_create(&options, out_sorter, err);
}

static tamis_level_id level_of(const tamis_result_row *row)
{
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        const char *name = tamis_level_get((tamis_level_id)i)->name;

        if (tamis_slice_is_equal(row->reason, tamis_slice_of_string(name))) {
            return (tamis_level_id)i;
        }
    }
    return TAMIS_LEVEL_COUNT;
}

/* The pairs to look at: a document is in the sample by a hash of its ord. */
static tamis_status texts_choose(texts *t, tamis_err *err)
{
    tamis_result *result = NULL;
    tamis_result_row row;
    tamis_status status = tamis_result_open(t->v->options->out_path, t->v->job, &result, err);

    while (status == TAMIS_OK) {
        status = tamis_result_next(result, &row, err);
        if (status == TAMIS_OK && row.verdict == TAMIS_VERDICT_DROP &&
            row.witness != TAMIS_NO_ORD && row.evidence.similarity != TAMIS_RATIO_NONE &&
            tamis_hash64(&row.ord, sizeof(row.ord)) <= t->share) {
            uint64_t pair[PAIR_WORDS] = {
                row.ord,        row.witness,    tamis_evidence_pack(row.evidence),
                level_of(&row), row.digest.low, row.digest.high};

            status = tamis_sorter_add(t->by_removed, pair, 1, err);
        }
    }
    tamis_result_close(result);
    return status == TAMIS_END ? tamis_sorter_sort(t->by_removed, err) : status;
}

/* The text that was compared: as quality left it. */
static tamis_status texts_edit(texts *t, tamis_ord ord, tamis_slice *text, tamis_err *err)
{
    tamis_result_row row;
    tamis_status status = TAMIS_OK;

    while (t->rows != NULL && status == TAMIS_OK && (!t->has_row || t->row < ord)) {
        status = tamis_result_next(t->rows, &row, err);
        if (status == TAMIS_OK) {
            t->row = row.ord;
            t->row_edits = row.edit_count;
            t->has_row = true;
        }
    }
    if (status != TAMIS_OK && status != TAMIS_END) {
        return status;
    }
    if (!t->has_row || t->row != ord || t->row_edits == 0) {
        return TAMIS_OK; /* also documents of --against, which have no row */
    }
    status = tamis_result_edits(t->rows, &t->edits, err);
    if (status == TAMIS_OK && t->edits.count != 0 &&
        t->edits.items[t->edits.count - 1].end > text->size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "attributes/ has edits behind a text's end");
    }
    tamis_buf_reset(&t->edited);
    if (status == TAMIS_OK && tamis_edits_apply(&t->edits, *text, &t->edited) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for an edited text");
    }
    *text = tamis_buf_slice(&t->edited);
    return status;
}

/* Reads and analyzes the document, unless it is the one at hand. TAMIS_ENOENT: it cannot be read
 * any more. */
static tamis_status texts_facts(texts *t, tamis_ord ord, tamis_err *err)
{
    const tamis_settings *settings = &t->v->job->settings;
    tamis_analysis analysis;
    const uint64_t *hashes = NULL;
    size_t count = 0;
    uint8_t *out = NULL;
    tamis_doc doc;
    tamis_slice text;
    tamis_status status = TAMIS_OK;

    if (t->has_facts && t->facts_of == ord) {
        return TAMIS_OK;
    }
    t->has_facts = false;
    status = tamis_text_source_get(t->source, ord, &doc, err);
    if (status == TAMIS_OK) {
        text = doc.text;
        status = texts_edit(t, ord, &text, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_analyzer_run(t->analyzer, text, &analysis, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    tamis_buf_reset(&t->facts);
    status = tamis_buf_reserve(&t->facts, FACTS_HEAD + settings->slots);
    if (status == TAMIS_OK) {
        tamis_digest digest = tamis_hash128(doc.text.data, doc.text.size);

        out = t->facts.data;
        tamis_put64le(out, digest.low);
        tamis_put64le(out + 8, digest.high);
        tamis_put64le(out + 16, analysis.exact.low);
        tamis_put64le(out + 24, analysis.exact.high);
        memset(out + FACTS_HEAD, 0, settings->slots);
        if (analysis.shingle_count != 0) {
            tamis_signature_pack(analysis.sketch, settings->slots, out + FACTS_HEAD);
        }
        t->facts.size = FACTS_HEAD + settings->slots;
        status = tamis_analyzer_shingles(t->analyzer, text, &hashes, &count, err);
    }
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = tamis_put_u64(&t->facts, hashes[i]);
    }
    t->has_facts = status == TAMIS_OK;
    t->facts_of = ord;
    return status;
}

static tamis_status texts_join_removed(texts *t, tamis_err *err)
{
    const uint64_t *pairs = NULL;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    while ((status = tamis_sorter_next(t->by_removed, &pairs, &count, err)) == TAMIS_OK) {
        for (size_t i = 0; i < count; i++) {
            const uint64_t *pair = pairs + i * PAIR_WORDS;
            uint64_t turned[PAIR_WORDS];

            status = texts_facts(t, pair[PAIR_BY], err);
            if (status == TAMIS_ENOENT) {
                t->v->result->unreadable++;
                continue;
            }
            memcpy(turned, pair, sizeof(turned));
            turned[PAIR_BY] = pair[PAIR_OTHER];
            turned[PAIR_OTHER] = pair[PAIR_BY];
            if (status == TAMIS_OK) {
                status = tamis_sorter_add_payload(t->by_witness, turned, tamis_buf_slice(&t->facts),
                                                  err);
            }
            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return status == TAMIS_END ? tamis_sorter_sort(t->by_witness, err) : status;
}

typedef struct overlap {
    uint64_t shared;
    uint64_t removed;
    uint64_t witness;
} overlap;

static overlap count_overlap(tamis_slice removed, tamis_slice witness, size_t head)
{
    tamis_slice a = tamis_slice_of(removed.data + head, removed.size - head);
    tamis_slice b = tamis_slice_of(witness.data + head, witness.size - head);

    return (overlap){
        .shared = tamis_shared_hashes(a, b), .removed = a.size / 8, .witness = b.size / 8};
}

/* Whether the figures of the pair follow from the two texts. */
static bool is_confirmed(const texts *t, const uint64_t *pair, tamis_slice removed,
                         tamis_slice witness)
{
    const tamis_settings *settings = &t->v->job->settings;
    tamis_evidence evidence = tamis_evidence_unpack(pair[PAIR_EVIDENCE]);
    size_t head = FACTS_HEAD + settings->slots;
    overlap texts_shared = count_overlap(removed, witness, head);
    uint32_t matches = tamis_signature_matches(removed.data + FACTS_HEAD, witness.data + FACTS_HEAD,
                                               settings->slots);
    tamis_pair_evidence by_signature = {.matches = matches,
                                        .removed_distinct = (uint32_t)texts_shared.removed,
                                        .witness_distinct = (uint32_t)texts_shared.witness};

    switch (evidence.verified) {
    case TAMIS_VERIFIED_EQUALITY:
        return evidence.similarity == 10000 &&
               memcmp(removed.data + 16, witness.data + 16, 16) == 0;
    case TAMIS_VERIFIED_SIGNATURE:
        return evidence.similarity == tamis_similarity_of_matches(matches, settings->slots) &&
               tamis_decide_signature(settings, &by_signature, false) == TAMIS_DECISION_ACCEPT;
    case TAMIS_VERIFIED_TEXT:
        return evidence.similarity ==
                   tamis_ratio(texts_shared.shared,
                               texts_shared.removed + texts_shared.witness - texts_shared.shared) &&
               tamis_decide_text(settings, texts_shared.shared, texts_shared.removed,
                                 texts_shared.witness);
    }
    return false;
}

static void check_pair(texts *t, const uint64_t *pair, tamis_slice removed)
{
    char names[2][TAMIS_ORD_TEXT_SIZE];
    tamis_slice witness = tamis_buf_slice(&t->facts);

    tamis_ord_to_text(pair[PAIR_OTHER], names[0]);
    tamis_ord_to_text(pair[PAIR_BY], names[1]);
    t->v->result->similarities++;
    if (tamis_get64le(removed.data) != pair[PAIR_DIGEST_LOW] ||
        tamis_get64le(removed.data + 8) != pair[PAIR_DIGEST_HIGH]) {
        tamis_verify_problem(t->v, "%s: the text in its input has another digest than attributes/",
                             names[0]);
    } else if (!is_confirmed(t, pair, removed, witness)) {
        tamis_verify_problem(t->v,
                             "%s: its similarity with witness %s does not follow from the texts",
                             names[0], names[1]);
    }
}

static tamis_status texts_join_witness(texts *t, tamis_err *err)
{
    const uint64_t *pairs = NULL;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    while ((status = tamis_sorter_next(t->by_witness, &pairs, &count, err)) == TAMIS_OK) {
        for (size_t i = 0; i < count; i++) {
            const uint64_t *pair = pairs + i * PAIR_WORDS;

            status = texts_facts(t, pair[PAIR_BY], err);
            if (status == TAMIS_ENOENT) {
                t->v->result->unreadable++;
            } else if (status == TAMIS_OK) {
                check_pair(t, pair, tamis_sorter_payload(t->by_witness, i));
            } else {
                return status;
            }
        }
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status texts_rewind(texts *t, tamis_err *err)
{
    tamis_text_source_destroy(t->source);
    t->source = NULL;
    t->has_facts = false;
    tamis_result_close(t->rows);
    t->rows = NULL;
    t->has_row = false;
    if (t->v->job->quality != NULL) {
        tamis_status status = tamis_result_open(t->v->options->out_path, t->v->job, &t->rows, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return tamis_text_source_create(t->v->job, &t->source, err);
}

tamis_status tamis_verify_texts(tamis_verification *v, tamis_err *err)
{
    texts t = {.v = v, .share = UINT64_MAX};
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&t.facts, 0);
    tamis_buf_init(&t.edited, 0);
    tamis_edits_init(&t.edits);
    if (v->options->sample < v->result->dropped) {
        t.share = UINT64_MAX / v->result->dropped * v->options->sample;
    }
    status = tamis_analyzer_create(&v->job->settings, &t.analyzer, err);
    if (status == TAMIS_OK) {
        status = texts_sorter(&t, false, &t.by_removed, err);
    }
    if (status == TAMIS_OK) {
        status = texts_sorter(&t, true, &t.by_witness, err);
    }
    if (status == TAMIS_OK) {
        status = texts_choose(&t, err);
    }
    if (status == TAMIS_OK) {
        status = texts_rewind(&t, err);
    }
    if (status == TAMIS_OK) {
        status = texts_join_removed(&t, err);
    }
    if (status == TAMIS_OK) {
        status = texts_rewind(&t, err);
    }
    if (status == TAMIS_OK) {
        status = texts_join_witness(&t, err);
    }
    tamis_sorter_destroy(t.by_removed);
    tamis_sorter_destroy(t.by_witness);
    tamis_analyzer_destroy(t.analyzer);
    tamis_text_source_destroy(t.source);
    tamis_result_close(t.rows);
    tamis_edits_fini(&t.edits);
    tamis_buf_fini(&t.edited);
    tamis_buf_fini(&t.facts);
    return status;
}
