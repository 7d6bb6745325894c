/* SPDX-License-Identifier: Apache-2.0 */
/* RedPajama-V2: signals of the document. */
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "rounding.h"
#include "word_hash.h"
#include "word_set.h"

#define TERMS 256 /* counts of a word whose share of the entropy is computed once */

static tamis_status count_words(tamis_signals *engine, tamis_err *err);
static double entropy_of(const tamis_numbers *words, size_t total);
static tamis_status set_raw_words(tamis_signals *engine, tamis_err *err);
static tamis_status set_ellipsis_lines(tamis_signals *engine, tamis_err *err);
static size_t count_flagged(const tamis_normal *normal, const tamis_word_set *set);
static size_t count_text(tamis_slice text, const char *wanted);

tamis_status tamis_run_rpv2(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    const tamis_normal *normal = &engine->normal;
    const tamis_marks *marks = NULL;
    size_t sentences = 0;
    size_t chars = 0;
    tamis_status status = count_words(engine, err);

    if (status == TAMIS_OK) {
        status = set_raw_words(engine, err);
    }
    if (status == TAMIS_OK) {
        status = set_ellipsis_lines(engine, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_text_view_sentences(engine->view, TAMIS_SENTENCES_END_MARKS, &sentences, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_chars(engine->view, &chars, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_engine_marks(engine, &marks, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }

    size_t lorem = count_text(tamis_buf_slice(&normal->text), "lorem ipsum");

    values[SIG_rps_doc_word_count] = (double)normal->count;
    values[SIG_rps_doc_mean_word_length] =
        tamis_round8(tamis_ratio(normal->chars_sum, normal->count));
    values[SIG_rps_doc_num_sentences] = (double)sentences;
    values[SIG_rps_doc_lorem_ipsum] = tamis_round8(tamis_share(lorem, tamis_normal_chars(normal)));
    values[SIG_rps_doc_curly_bracket] =
        tamis_round8(tamis_share(marks->opening + marks->closing, chars));
    if (engine->lists.flagged_words != NULL) {
        values[SIG_rps_doc_ldnoobw_words] =
            (double)count_flagged(normal, engine->lists.flagged_words);
    }
    return TAMIS_OK;
}

tamis_status tamis_run_rpv2_ngrams(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_split *split = &engine->normal_split;
    tamis_status status = tamis_engine_normalize(engine, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_grams(engine, split, TAMIS_NGRAM_ORDER_MAX, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t n = 2; n <= TAMIS_NGRAM_ORDER_MAX; n++) {
        const tamis_ngram_order *order = &split->grams.orders[n];
        uint64_t chars = n <= 4 ? order->top_chars * order->top_count : order->covered_chars;

        values[SIG_rps_doc_frac_chars_top_2gram + n - 2] =
            order->repeated_count == 0 ? 0.0 : tamis_round8(tamis_share(chars, split->grams.chars));
    }
    return TAMIS_OK;
}

tamis_status tamis_engine_normalize(tamis_signals *engine, tamis_err *err)
{
    tamis_split *split = &engine->normal_split;
    tamis_normal *normal = &engine->normal;
    tamis_status status = TAMIS_OK;

    if (split->has_words) {
        return TAMIS_OK;
    }
    status = tamis_normal_set(normal, engine->text, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&split->hashes, normal->count, status, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < normal->count; i++) {
        split->hashes.data[i] = tamis_word_hash(normal->text.data + normal->begin.data[i],
                                                normal->end.data[i] - normal->begin.data[i]);
    }
    split->words = (tamis_words){.count = normal->count,
                                 .begin = normal->begin.data,
                                 .end = normal->end.data,
                                 .chars = normal->chars.data};
    split->text = tamis_buf_slice(&normal->text);
    split->order_max = 0;
    split->has_words = true;
    split->has_hashes = true;
    return TAMIS_OK;
}

/* What needs the words' counts; the runs are counted on the way when they will be wanted. */
static tamis_status count_words(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_split *split = &engine->normal_split;
    bool are_runs_wanted = (engine->wanted >> TAMIS_FAMILY_RPV2_NGRAMS & 1) != 0;
    tamis_status status = tamis_engine_normalize(engine, err);

    if (status == TAMIS_OK) {
        split->order_max = 0; /* engine->ngram_space may hold other words by now */
        status =
            tamis_engine_grams(engine, split, are_runs_wanted ? TAMIS_NGRAM_ORDER_MAX : 1, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    values[SIG_rps_doc_frac_unique_words] =
        tamis_round8(tamis_ratio(split->grams.distinct, split->words.count));
    values[SIG_rps_doc_unigram_entropy] =
        split->words.count == 0
            ? (double)NAN
            : tamis_round8(entropy_of(&engine->ngram_space.words, split->words.count));
    return TAMIS_OK;
}

/* Summed in order of first appearance, as the reference does. */
static double entropy_of(const tamis_numbers *words, size_t total)
{
    double terms[TERMS];
    double sum = 0.0;

    for (size_t i = 0; i < TERMS; i++) {
        terms[i] = -1.0;
    }
    for (size_t i = 0; i < words->count; i++) {
        uint32_t count = words->counts.data[i];
        double term = count < TERMS ? terms[count] : -1.0;

        if (term < 0) {
            double share = (double)count / (double)total;

            term = -share * log(share);
            if (count < TERMS) {
                terms[count] = term;
            }
        }
        sum += term;
    }
    return sum;
}

static tamis_status set_raw_words(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    const tamis_word_set *stop_words = engine->lists.stop_words;
    tamis_split *split = NULL;
    const tamis_marks *marks = NULL;
    size_t alpha = 0;
    size_t upper = 0;
    size_t stops = 0;
    tamis_status status = tamis_engine_words(engine, TAMIS_SPLITTER_WORDPUNCT, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_marks(engine, &marks, err);
    }
    if (status == TAMIS_OK && stop_words != NULL) {
        status = tamis_engine_hashes(engine, TAMIS_SPLITTER_WORDPUNCT, &split, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }

    size_t count = split->words.count;

    for (size_t i = 0; i < count; i++) {
        alpha += (split->words.flags[i] & TAMIS_WORD_ASCII_ALPHA) != 0;
        upper += (split->words.flags[i] & TAMIS_WORD_UPPER) != 0;
    }
    for (size_t i = 0; stop_words != NULL && i < count; i++) {
        stops += tamis_word_set_number(stop_words, split->hashes.data[i]) != 0;
    }
    values[SIG_rps_doc_symbol_to_word_ratio] =
        tamis_round8(tamis_ratio(marks->hashes + marks->dots + marks->ellipses, count));
    values[SIG_rps_doc_frac_no_alph_words] = tamis_round8(1.0 - tamis_ratio(alpha, count));
    values[SIG_rps_doc_frac_all_caps_words] = tamis_round8(tamis_ratio(upper, count));
    if (stop_words != NULL) {
        values[SIG_rps_doc_stop_word_fraction] =
            engine->normal.count == 0 ? 0.0 : tamis_round8(tamis_share(stops, count));
    }
    return TAMIS_OK;
}

/* Lines are slices up to and with the newline: of a text that ends in one, nothing follows it. */
static tamis_status set_ellipsis_lines(tamis_signals *engine, tamis_err *err)
{
    tamis_lines lines = {0};
    size_t ellipses = 0;
    size_t count = 0;
    tamis_status status = tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE, &lines, err);

    if (status != TAMIS_OK) {
        return status;
    }
    for (; count < lines.count && lines.begin[count] < engine->text.size; count++) {
        tamis_slice line = tamis_line_of(engine->text, &lines, count);

        ellipses += tamis_ends_in_ellipsis(tamis_line_strip_right(line));
    }
    engine->values[SIG_rps_doc_frac_lines_end_with_ellipsis] =
        tamis_round8(tamis_ratio(ellipses, count));
    return TAMIS_OK;
}

/* Runs of 1 .. words_max words with one space between: parts of the normalized text. */
static size_t count_flagged(const tamis_normal *normal, const tamis_word_set *set)
{
    size_t count = 0;

    for (size_t i = 0; i < normal->count; i++) {
        const uint8_t *bytes = normal->text.data + normal->begin.data[i];

        for (size_t n = 0; n < set->words_max && i + n < normal->count; n++) {
            size_t size = normal->end.data[i + n] - normal->begin.data[i];

            if (size > set->size_max) {
                break;
            }
            count += tamis_word_set_number(set, tamis_word_hash(bytes, size)) != 0;
        }
    }
    return count;
}

static size_t count_text(tamis_slice text, const char *wanted)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.size;
    size_t size = strlen(wanted);
    size_t count = 0;

    while (at != NULL && at < end) {
        at = memmem(at, (size_t)(end - at), wanted, size);
        if (at != NULL) {
            count += 1;
            at += size;
        }
    }
    return count;
}
