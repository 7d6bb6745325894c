/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "word_hash.h"
#include "word_set.h"

#define GOPHER_STOP_WORDS 8

static tamis_status run_family(tamis_signals *engine, tamis_signal_family family,
                               const uint64_t *wanted, tamis_err *err);
static tamis_status hash_words(tamis_signals *engine, tamis_split *split, tamis_err *err);

tamis_status tamis_signals_create(const tamis_signal_lists *lists, tamis_signals **out_engine,
                                  tamis_err *err)
{
    static const char *const words[GOPHER_STOP_WORDS] = {"the", "be",   "to",   "of",
                                                         "and", "that", "have", "with"};
    tamis_slice slices[GOPHER_STOP_WORDS];
    tamis_signals *engine = calloc(1, sizeof(*engine));
    tamis_status status = TAMIS_OK;

    if (engine == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "engine of signals");
    }
    for (size_t i = 0; i < GOPHER_STOP_WORDS; i++) {
        slices[i] = tamis_slice_of_string(words[i]);
    }
    status = tamis_word_set_create(slices, GOPHER_STOP_WORDS, &engine->own_stop_words, err);
    if (status != TAMIS_OK) {
        tamis_signals_destroy(engine);
        return status;
    }

    if (lists != NULL) {
        engine->lists = *lists;
    }
    if (engine->lists.gopher_stop_words == NULL) {
        engine->lists.gopher_stop_words = engine->own_stop_words;
    }
    for (size_t i = 0; i < SIG_COUNT; i++) {
        tamis_signal_bits_set(engine->family_bits[tamis_signal_get(i)->family], i);
    }
    tamis_normal_init(&engine->normal);
    tamis_normal_init(&engine->line_normal);
    tamis_dolma_init(engine);
    tamis_bigscience_init(engine);
    tamis_buf_init(&engine->lowered, 0);
    *out_engine = engine;
    return TAMIS_OK;
}

void tamis_signals_destroy(tamis_signals *engine)
{
    if (engine == NULL) {
        return;
    }
    for (size_t i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        free(engine->splits[i].hashes.data);
    }
    free(engine->normal_split.hashes.data);
    free(engine->special_split.hashes.data);
    free(engine->no_chars.data);
    tamis_normal_fini(&engine->normal);
    tamis_normal_fini(&engine->line_normal);
    tamis_ngram_space_fini(&engine->ngram_space);
    tamis_joined_space_fini(&engine->joined_space);
    tamis_numbers_fini(&engine->numbers);
    free(engine->sizes.data);
    free(engine->keys.data);
    free(engine->filter.data);
    free(engine->rows.data);
    free(engine->kept_places.data);
    free(engine->kept_flags.data);
    tamis_buf_fini(&engine->lowered);
    tamis_word_set_destroy(engine->own_stop_words);
    free(engine);
}

void tamis_signals_begin(tamis_signals *engine, tamis_text_view *view)
{
    engine->view = view;
    engine->text = tamis_text_view_text(view);
    memset(engine->done, 0, sizeof(engine->done));
    engine->has_marks = false;
    for (size_t i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        engine->splits[i].has_words = false;
    }
    engine->normal_split.has_words = false;
    engine->special_split.has_words = false;
}

tamis_status tamis_signals_compute(tamis_signals *engine, const uint64_t wanted[TAMIS_SIGNAL_WORDS],
                                   double *values, tamis_err *err)
{
    uint64_t families = 0;

    TAMIS_ASSERT(engine->view != NULL);
    engine->wanted = 0;
    for (tamis_signal_family family = 0; family < TAMIS_FAMILY_COUNT; family++) {
        uint64_t any = 0;
        uint64_t missing = 0;

        for (size_t i = 0; i < TAMIS_SIGNAL_WORDS; i++) {
            any |= wanted[i] & engine->family_bits[family][i];
            missing |= wanted[i] & engine->family_bits[family][i] & ~engine->done[i];
        }
        engine->wanted |= any != 0 ? 1ull << family : 0;
        families |= missing != 0 ? 1ull << family : 0;
    }

    for (uint64_t left = families; left != 0; left &= left - 1) {
        tamis_signal_family family = (tamis_signal_family)__builtin_ctzll(left);
        tamis_status status = run_family(engine, family, wanted, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    for (size_t word = 0; word < TAMIS_SIGNAL_WORDS; word++) {
        for (uint64_t left = wanted[word]; left != 0; left &= left - 1) {
            size_t index = word * 64 + (size_t)__builtin_ctzll(left);

            TAMIS_ASSERT(index < SIG_COUNT);
            values[index] = engine->values[index];
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_signals_lines(tamis_signals *engine, size_t index,
                                 const tamis_signal_row **out_rows, size_t *out_count,
                                 tamis_err *err)
{
    TAMIS_ASSERT(engine->view != NULL);
    TAMIS_ASSERT(index < SIG_COUNT && tamis_signal_get(index)->is_line);

    tamis_status status = tamis_rpv2_rows(engine, index, out_count, err);

    *out_rows = engine->rows.data;
    return status;
}

tamis_status tamis_engine_words(tamis_signals *engine, tamis_splitter splitter,
                                tamis_split **out_split, tamis_err *err)
{
    tamis_split *split = &engine->splits[splitter];

    *out_split = split;
    if (split->has_words) {
        return TAMIS_OK;
    }

    tamis_status status = tamis_text_view_words(engine->view, splitter, &split->words, err);

    if (status == TAMIS_OK && splitter == TAMIS_SPLITTER_UAX29) {
        status = tamis_engine_drop_space(engine, split, err);
    }
    split->text = engine->text;
    split->has_words = status == TAMIS_OK;
    split->has_hashes = false;
    split->order_max = 0;
    return status;
}

tamis_status tamis_engine_hashes(tamis_signals *engine, tamis_splitter splitter,
                                 tamis_split **out_split, tamis_err *err)
{
    tamis_status status = tamis_engine_words(engine, splitter, out_split, err);

    if (status == TAMIS_OK && !(*out_split)->has_hashes) {
        status = hash_words(engine, *out_split, err);
        (*out_split)->has_hashes = status == TAMIS_OK;
    }
    return status;
}

tamis_status tamis_engine_grams(tamis_signals *engine, tamis_split *split, uint32_t order_max,
                                tamis_err *err)
{
    TAMIS_ASSERT(split->has_hashes);
    if (split->order_max >= order_max) {
        return TAMIS_OK;
    }

    tamis_status status =
        tamis_ngrams_count(&engine->ngram_space, split->hashes.data, split->words.chars,
                           split->words.count, order_max, &split->grams, err);

    split->order_max = status == TAMIS_OK ? order_max : 0;
    return status;
}

tamis_status tamis_engine_stop_words(tamis_signals *engine, const uint64_t *hashes, size_t count,
                                     size_t *out_occurrences, size_t *out_distinct, tamis_err *err)
{
    const tamis_word_set *set = engine->lists.gopher_stop_words;
    size_t words = tamis_word_set_count(set) / 64 + 1;
    tamis_status status = TAMIS_OK;
    size_t occurrences = 0;
    size_t distinct = 0;

    TAMIS_GROW(&engine->filter, words, status, err);
    if (status != TAMIS_OK) {
        return status;
    }
    memset(engine->filter.data, 0, words * sizeof(engine->filter.data[0]));
    for (size_t i = 0; i < count; i++) {
        uint32_t number = tamis_word_set_number(set, hashes[i]);

        engine->filter.data[number / 64] |= 1ull << (number % 64);
        occurrences += number != 0;
    }
    engine->filter.data[0] &= ~1ull; /* number 0: no stop word */
    for (size_t i = 0; i < words; i++) {
        distinct += (size_t)__builtin_popcountll(engine->filter.data[i]);
    }
    *out_occurrences = occurrences;
    *out_distinct = distinct;
    return TAMIS_OK;
}

/* Their signals differ much in cost, and profiles want some of them on one text and some on
 * another: what is not needed is left out. */
static bool is_in_parts(tamis_signal_family family)
{
    return family >= TAMIS_FAMILY_DATATROVE_LINES && family <= TAMIS_FAMILY_DATATROVE_SENTENCES;
}

static tamis_status run_family(tamis_signals *engine, tamis_signal_family family,
                               const uint64_t *wanted, tamis_err *err)
{
    static tamis_family_run *const runs[TAMIS_FAMILY_COUNT] = {
        [TAMIS_FAMILY_LENGTHS] = tamis_run_lengths,
        [TAMIS_FAMILY_DATATROVE_LINES] = tamis_run_datatrove_lines,
        [TAMIS_FAMILY_DATATROVE_WS] = tamis_run_datatrove_ws,
        [TAMIS_FAMILY_DATATROVE_UAX29] = tamis_run_datatrove_uax29,
        [TAMIS_FAMILY_DATATROVE_TREEBANK] = tamis_run_datatrove_treebank,
        [TAMIS_FAMILY_DATATROVE_SENTENCES] = tamis_run_datatrove_sentences,
        [TAMIS_FAMILY_DOLMA] = tamis_run_dolma,
        [TAMIS_FAMILY_DOLMA_C4] = tamis_run_dolma_c4,
        [TAMIS_FAMILY_DCLM] = tamis_run_dclm,
        [TAMIS_FAMILY_DCLM_LINES] = tamis_run_dclm_lines,
        [TAMIS_FAMILY_RPV2] = tamis_run_rpv2,
        [TAMIS_FAMILY_BIGSCIENCE] = tamis_run_bigscience,
        [TAMIS_FAMILY_DATA_JUICER] = tamis_run_data_juicer,
        [TAMIS_FAMILY_DATATROVE_DUPLICATES] = tamis_run_datatrove_duplicates,
        [TAMIS_FAMILY_WS_NGRAMS] = tamis_run_ws_ngrams,
        [TAMIS_FAMILY_DATATROVE_WS_NGRAMS] = tamis_run_datatrove_ws_ngrams,
        [TAMIS_FAMILY_DATATROVE_UAX29_NGRAMS] = tamis_run_datatrove_uax29_ngrams,
        [TAMIS_FAMILY_DATATROVE_TREEBANK_NGRAMS] = tamis_run_datatrove_treebank_ngrams,
        [TAMIS_FAMILY_DATATROVE_SENTENCES_NGRAMS] = tamis_run_datatrove_sentences_ngrams,
        [TAMIS_FAMILY_DCLM_NGRAMS] = tamis_run_dclm_ngrams,
        [TAMIS_FAMILY_RPV2_NGRAMS] = tamis_run_rpv2_ngrams,
        [TAMIS_FAMILY_SENTENCES] = tamis_run_sentences,
    };

    tamis_status status = TAMIS_OK;

    for (size_t word = 0; word < TAMIS_SIGNAL_WORDS; word++) {
        engine->needed[word] = engine->family_bits[family][word] & ~engine->done[word];
        engine->needed[word] &= is_in_parts(family) ? wanted[word] : ~0ull;
        for (uint64_t left = engine->needed[word]; left != 0; left &= left - 1) {
            engine->values[word * 64 + (size_t)__builtin_ctzll(left)] = (double)NAN;
        }
    }
    /* Of models and of lines the text alone has no value. */
    if (runs[family] != NULL) {
        status = runs[family](engine, err);
    }
    for (size_t word = 0; status == TAMIS_OK && word < TAMIS_SIGNAL_WORDS; word++) {
        engine->done[word] |= engine->needed[word];
    }
    return status;
}

static tamis_status hash_words(tamis_signals *engine, tamis_split *split, tamis_err *err)
{
    const tamis_words *words = &split->words;
    tamis_status status = TAMIS_OK;
    uint32_t literals = 0;

    (void)engine;
    TAMIS_GROW(&split->hashes, words->count, status, err);
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < words->count; i++) {
        split->hashes.data[i] =
            tamis_word_hash(split->text.data + words->begin[i], words->end[i] - words->begin[i]);
        literals |= words->flags[i];
    }
    if ((literals & TAMIS_WORD_LITERAL) == 0) {
        return TAMIS_OK;
    }
    for (size_t i = 0; i < words->count; i++) {
        if ((words->flags[i] & TAMIS_WORD_LITERAL) != 0) {
            tamis_slice word = tamis_word_text(split->text, words, i);

            split->hashes.data[i] = tamis_word_hash_bare(word.data, word.size);
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_engine_drop_space(tamis_signals *engine, tamis_split *split, tamis_err *err)
{
    const tamis_words *words = &split->words;
    size_t count = words->count;
    size_t kept = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_GROW(&engine->kept_flags, count, status, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->kept_places, 3 * count, status, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }

    uint32_t *begin = engine->kept_places.data;
    uint32_t *end = begin + count;
    uint32_t *chars = end + count;

    for (size_t i = 0; i < count; i++) {
        tamis_slice word = tamis_word_text(engine->text, words, i);

        begin[kept] = words->begin[i];
        end[kept] = words->end[i];
        chars[kept] = words->chars[i];
        engine->kept_flags.data[kept] = words->flags[i];
        kept += (tamis_char_class(tamis_first_char(word)) & TAMIS_CHAR_SPACE) == 0;
    }
    split->words = (tamis_words){.count = kept,
                                 .begin = begin,
                                 .end = end,
                                 .chars = chars,
                                 .flags = engine->kept_flags.data};
    return TAMIS_OK;
}
