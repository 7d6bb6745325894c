/* SPDX-License-Identifier: Apache-2.0 */
/* Scoring.
 *
 * Which buckets a word's n-grams lie in follows from the words alone, not from what was found: a
 * sentence is first brought to ids, then for each word the buckets of all orders are reckoned and
 * fetched LOOK_AHEAD words before they are searched, so that their misses overlap.
 */
#include <math.h>
#include <stdlib.h>

#include "lm_internal.h"

#define LOOK_AHEAD   8u /* a power of two */
#define WORDS_AHEAD  16u
#define CONTEXT_MAX  (TAMIS_LM_ORDER_MAX - 1)
#define IDS_AT_FIRST 1024u

typedef struct probes {
    uint64_t keys[TAMIS_LM_ORDER_MAX]; /* [n - 1] of the n-gram */
    uint64_t slots[TAMIS_LM_ORDER_MAX];
} probes;

struct tamis_lm_scorer {
    const tamis_lm *model;
    uint64_t *keys; /* of the sentence's words */
    uint32_t *ids;  /* <s>, the words, </s> */
    size_t capacity;
    probes ring[LOOK_AHEAD];
};

/* KenLM keeps a flag in the sign. */
static inline float probability(const uint8_t *bytes)
{
    return -fabsf(lm_get_float(bytes));
}

void tamis_lm_begin(const tamis_lm *model, tamis_lm_state *out_state)
{
    *out_state =
        (tamis_lm_state){.size = model->info.order > 1 ? 1 : 0,
                         .words = {model->begin_id},
                         .backoff = {lm_get_float(model->unigrams +
                                                  (size_t)model->begin_id * LM_UNIGRAM_BYTES + 4)}};
}

void tamis_lm_clear(tamis_lm_state *out_state)
{
    *out_state = (tamis_lm_state){.size = 0};
}

/* The score of `word` behind a context whose first context_size backoffs are known; replaces the
 * backoffs by those of the contexts that end with the word and returns the size of the longest. */
static inline float score_probed(const tamis_lm *model, const probes *where, uint32_t word,
                                 float *backoff, uint32_t *context_size)
{
    const uint8_t *unigram = model->unigrams + (size_t)word * LM_UNIGRAM_BYTES;
    uint32_t order = model->info.order;
    uint32_t longest = order < *context_size + 1 ? order : *context_size + 1;
    uint32_t matched = 1;
    float found[TAMIS_LM_ORDER_MAX];
    float score = probability(unigram);

    found[0] = lm_get_float(unigram + 4);
    while (matched < longest) {
        const lm_table *table = &model->orders[matched];
        const uint8_t *entry =
            lm_table_find_from(table, where->keys[matched], where->slots[matched]);

        if (entry == NULL) {
            break;
        }
        score = probability(entry + 8);
        if (matched + 1 < order) {
            found[matched] = lm_get_float(entry + 12);
        }
        matched++;
    }
    for (uint32_t i = matched - 1; i < *context_size; i++) {
        score += backoff[i];
    }
    *context_size = matched < order ? matched : order - 1;
    memcpy(backoff, found, *context_size * sizeof(*found));
    return score;
}

float tamis_lm_score(const tamis_lm *model, const tamis_lm_state *state, uint32_t word,
                     tamis_lm_state *out_state)
{
    probes where;
    uint64_t key = word;
    float score = 0;

    TAMIS_ASSERT(word < model->word_count);
    TAMIS_ASSERT(state != out_state && state->size < model->info.order);
    for (uint32_t i = 0; i < state->size; i++) {
        key = lm_key_fold(key, state->words[i]);
        where.keys[i + 1] = key;
        where.slots[i + 1] = lm_table_slot(&model->orders[i + 1], key);
    }
    out_state->size = state->size;
    memcpy(out_state->backoff, state->backoff, sizeof(state->backoff));
    score = score_probed(model, &where, word, out_state->backoff, &out_state->size);
    for (uint32_t i = CONTEXT_MAX - 1; i > 0; i--) {
        out_state->words[i] = state->words[i - 1];
    }
    out_state->words[0] = word;
    return score;
}

/* ---- Sentences --------------------------------------------------------------------------------
 */

tamis_status tamis_lm_scorer_create(const tamis_lm *model, tamis_lm_scorer **out_scorer,
                                    tamis_err *err)
{
    tamis_lm_scorer *scorer = calloc(1, sizeof(*scorer));

    if (scorer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to score");
    }
    scorer->model = model;
    *out_scorer = scorer;
    return TAMIS_OK;
}

void tamis_lm_scorer_destroy(tamis_lm_scorer *scorer)
{
    if (scorer != NULL) {
        free(scorer->keys);
        free(scorer->ids);
        free(scorer);
    }
}

static tamis_status make_room(tamis_lm_scorer *scorer, size_t count, tamis_err *err)
{
    size_t capacity = scorer->capacity == 0 ? IDS_AT_FIRST : scorer->capacity;
    uint64_t *keys = NULL;
    uint32_t *ids = NULL;

    if (count <= scorer->capacity) {
        return TAMIS_OK;
    }
    while (capacity < count) {
        capacity += capacity / 2;
    }
    keys = realloc(scorer->keys, capacity * sizeof(*keys));
    scorer->keys = keys == NULL ? scorer->keys : keys;
    ids = realloc(scorer->ids, capacity * sizeof(*ids));
    scorer->ids = ids == NULL ? scorer->ids : ids;
    if (keys == NULL || ids == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a sentence of %zu words", count);
    }
    scorer->capacity = capacity;
    return TAMIS_OK;
}

static inline bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Cuts the sentence; room for <s> and </s> is left. */
static tamis_status hash_words(tamis_lm_scorer *scorer, tamis_slice sentence, size_t *out_count,
                               tamis_err *err)
{
    bool is_murmur = scorer->model->is_murmur;
    size_t count = 0;
    size_t at = 0;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        size_t begin = 0;

        while (at < sentence.size && is_space(sentence.data[at])) {
            at++;
        }
        if (at == sentence.size) {
            break;
        }
        for (begin = at; at < sentence.size && !is_space(sentence.data[at]);) {
            at++;
        }
        status = make_room(scorer, count + 3, err);
        if (status == TAMIS_OK) {
            const uint8_t *word = sentence.data + begin;

            scorer->keys[count++] = is_murmur ? lm_murmur(word, at - begin)
                                              : lm_word_key(tamis_slice_of(word, at - begin));
        }
    }
    *out_count = count;
    return status == TAMIS_OK ? make_room(scorer, count + 3, err) : status;
}

static void find_words(tamis_lm_scorer *scorer, size_t count, uint64_t *out_unknown)
{
    const lm_table *words = &scorer->model->words;
    uint64_t unknown = 0;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = NULL;

        if (i + WORDS_AHEAD < count) {
            uint64_t slot = lm_table_slot(words, scorer->keys[i + WORDS_AHEAD]);

            __builtin_prefetch(words->entries + slot * LM_WORD_BYTES);
        }
        entry = lm_table_find(words, scorer->keys[i]);
        scorer->ids[i + 1] = entry == NULL ? TAMIS_LM_UNKNOWN : lm_get32(entry + 8);
        unknown += scorer->ids[i + 1] == TAMIS_LM_UNKNOWN;
    }
    *out_unknown = unknown;
}

/* Reckons and fetches the buckets of the n-grams that end with ids[at]. */
static inline void probe_ahead(tamis_lm_scorer *scorer, size_t at)
{
    const tamis_lm *model = scorer->model;
    probes *where = &scorer->ring[at % LOOK_AHEAD];
    uint32_t order = model->info.order;
    uint32_t longest = at + 1 < order ? (uint32_t)at + 1 : order;
    uint64_t key = scorer->ids[at];

    __builtin_prefetch(model->unigrams + key * LM_UNIGRAM_BYTES);
    for (uint32_t n = 1; n < longest; n++) {
        const lm_table *table = &model->orders[n];

        key = lm_key_fold(key, scorer->ids[at - n]);
        where->keys[n] = key;
        where->slots[n] = lm_table_slot(table, key);
        __builtin_prefetch(table->entries + where->slots[n] * table->entry_bytes);
    }
}

tamis_status tamis_lm_scorer_run(tamis_lm_scorer *scorer, tamis_slice sentence,
                                 tamis_lm_total *out_total, tamis_err *err)
{
    const tamis_lm *model = scorer->model;
    tamis_lm_total total = {.words = 0};
    tamis_lm_state state;
    size_t count = 0;
    size_t size = 0;
    tamis_status status = hash_words(scorer, sentence, &count, err);

    if (status != TAMIS_OK) {
        return status;
    }
    find_words(scorer, count, &total.unknown);
    scorer->ids[0] = model->begin_id;
    scorer->ids[count + 1] = model->end_id;
    size = count + 2;
    tamis_lm_begin(model, &state);
    for (size_t i = 1; i < size && i < LOOK_AHEAD; i++) {
        probe_ahead(scorer, i);
    }
    for (size_t i = 1; i < size; i++) {
        float score = 0;

        if (i + LOOK_AHEAD - 1 < size) {
            probe_ahead(scorer, i + LOOK_AHEAD - 1); /* takes the place of the word before this */
        }
        score = score_probed(model, &scorer->ring[i % LOOK_AHEAD], scorer->ids[i], state.backoff,
                             &state.size);
        total.log10 += (double)score;
        total.log10_kenlm += score;
    }
    total.words = count;
    *out_total = total;
    return TAMIS_OK;
}
