/* SPDX-License-Identifier: Apache-2.0 */
/* DCLM's content filters and its repetition filters. */
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "word_hash.h"
#include "word_set.h"

#define TOP_ORDER_MAX 4

/* What a split into lines or paragraphs comes to; blank ones are left out. */
typedef struct tamis_segments {
    size_t count;
    size_t chars;
    size_t repeated; /* all occurrences of those that occur more than once */
    size_t repeated_chars;
} tamis_segments;

static tamis_status set_words(tamis_signals *engine, tamis_err *err);
static tamis_status set_lines(tamis_signals *engine, tamis_err *err);
static size_t count_alnum_first(const tamis_words *words);
static tamis_status count_segments(tamis_signals *engine, bool is_paragraphs,
                                   tamis_segments *out_segments, tamis_err *err);

tamis_status tamis_run_dclm(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_totals totals = {0};
    tamis_words words = {0};
    tamis_segments segments = {0};
    tamis_status status = set_words(engine, err);

    if (status == TAMIS_OK) {
        status = set_lines(engine, err);
    }
    if (status == TAMIS_OK) {
        status = count_segments(engine, true, &segments, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_totals(engine->view, &totals, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_words(engine->view, TAMIS_SPLITTER_FASTTEXT, &words, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    values[SIG_dclm_n_paragraphs] = (double)segments.count;
    values[SIG_dclm_alnum_ratio] = tamis_ratio(totals.alnum, totals.chars);
    values[SIG_dclm_n_words_fasttext_punctuation] = (double)words.count;
    values[SIG_dclm_n_words_fasttext] = (double)count_alnum_first(&words);
    return TAMIS_OK;
}

tamis_status tamis_run_dclm_lines(tamis_signals *engine, tamis_err *err)
{
    for (size_t which = 0; which < 2; which++) {
        double *values =
            engine->values + (which == 0 ? SIG_dclm_line_count : SIG_dclm_paragraph_count);
        tamis_segments segments = {0};
        tamis_status status = count_segments(engine, which == 1, &segments, err);

        if (status != TAMIS_OK) {
            return status;
        }
        if (segments.count > 1) {
            values[0] = tamis_ratio(segments.repeated, segments.count);
            values[1] = tamis_ratio(segments.repeated_chars, segments.chars);
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_run_dclm_ngrams(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_split *split = NULL;
    tamis_status status = tamis_engine_hashes(engine, TAMIS_SPLITTER_UAX29_ALNUM, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_grams(engine, split, TAMIS_NGRAM_ORDER_MAX, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    values[SIG_dclm_n_words_uax29] = (double)split->words.count;
    for (size_t n = 2; n <= TAMIS_NGRAM_ORDER_MAX; n++) {
        const tamis_ngram_order *order = &split->grams.orders[n];
        uint64_t chars =
            n <= TOP_ORDER_MAX ? order->top_longest * order->top_count : order->covered_chars;

        if (order->repeated_count != 0) {
            values[SIG_dclm_top_2gram + n - 2] = tamis_ratio(chars, split->grams.chars);
        }
    }
    return TAMIS_OK;
}

static tamis_status set_words(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_split *split = NULL;
    const tamis_marks *marks = NULL;
    size_t chars = 0;
    size_t alpha = 0;
    size_t occurrences = 0;
    size_t distinct = 0;
    tamis_status status = tamis_engine_hashes(engine, TAMIS_SPLITTER_WS, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_marks(engine, &marks, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_engine_lower_hashes(engine, split, engine->lists.gopher_stop_words->size_max,
                                           err);
    }
    if (status == TAMIS_OK) {
        status = tamis_engine_stop_words(engine, engine->keys.data, split->words.count,
                                         &occurrences, &distinct, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < split->words.count; i++) {
        chars += split->words.chars[i];
        alpha += (split->words.flags[i] & TAMIS_WORD_ALPHA) != 0;
    }
    values[SIG_dclm_mean_word_length] = tamis_ratio(chars, split->words.count);
    values[SIG_dclm_symbol_ratio] = tamis_ratio(
        marks->hashes + marks->dots + marks->spaced_dots + marks->ellipses, split->words.count);
    values[SIG_dclm_non_alpha_ratio] = tamis_ratio(split->words.count - alpha, split->words.count);
    values[SIG_dclm_stop_word_occurrences] = (double)occurrences;
    values[SIG_dclm_stop_words] = (double)distinct;
    return TAMIS_OK;
}

static tamis_status set_lines(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_lines lines = {0};
    size_t full = 0;
    size_t bullets = 0;
    size_t ellipses = 0;
    size_t longest = 0;
    size_t chars = 0;
    tamis_status status = tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE, &lines, err);

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        tamis_slice line = tamis_line_strip(tamis_line_of(engine->text, &lines, i));
        uint32_t first = tamis_first_char(line);

        full += line.size != 0;
        bullets += first == '-' || first == '*' || first == 0x2022 || first == 0x25CF;
        ellipses += tamis_ends_in_ellipsis(line) || tamis_ends_with(line, ". . .", 5);
    }
    values[SIG_dclm_n_lines] = (double)full;
    values[SIG_dclm_bullets_ratio] = tamis_ratio(bullets, full);
    values[SIG_dclm_ellipses_ratio] = tamis_ratio(ellipses, full);

    status = tamis_text_view_lines(engine->view, TAMIS_LINES_SPLITLINES, &lines, err);
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        longest = lines.chars[i] > longest ? lines.chars[i] : longest;
        chars += lines.chars[i];
    }
    values[SIG_dclm_longest_line] = lines.count == 0 ? (double)NAN : (double)longest;
    values[SIG_dclm_mean_line] = tamis_ratio(chars, lines.count);
    return TAMIS_OK;
}

static size_t count_alnum_first(const tamis_words *words)
{
    size_t count = 0;

    for (size_t i = 0; i < words->count; i++) {
        count += (words->flags[i] & TAMIS_WORD_ALNUM_FIRST) != 0;
    }
    return count;
}

/* Where the next segment ends: at "\n", or at the next "\n\n". */
static size_t segment_end(tamis_slice text, size_t from, bool is_paragraphs)
{
    const uint8_t *at = text.data + from;
    const uint8_t *end = text.data + text.size;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (!is_paragraphs || (at + 1 < end && at[1] == '\n')) {
            return (size_t)(at - text.data);
        }
        at++;
    }
    return text.size;
}

static tamis_status count_segments(tamis_signals *engine, bool is_paragraphs,
                                   tamis_segments *out_segments, tamis_err *err)
{
    tamis_slice text = engine->text;
    tamis_lines lines = {0};
    tamis_segments segments = {0};
    tamis_status status = tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE, &lines, err);

    if (status == TAMIS_OK) {
        status = tamis_numbers_begin(&engine->numbers, lines.count, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->sizes, 2 * lines.count, status, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }

    uint32_t *numbers = engine->sizes.data;
    uint32_t *sizes = numbers + lines.count;

    for (size_t begin = 0; begin < text.size;) {
        size_t end = segment_end(text, begin, is_paragraphs);
        tamis_slice segment = tamis_line_strip(tamis_slice_of(text.data + begin, end - begin));

        if (segment.size != 0) {
            numbers[segments.count] =
                tamis_numbers_add(&engine->numbers, tamis_word_hash(segment.data, segment.size));
            sizes[segments.count] = (uint32_t)tamis_text_chars(segment);
            segments.count += 1;
        }
        begin = end + (is_paragraphs ? 2 : 1);
    }
    for (size_t i = 0; i < segments.count; i++) {
        bool is_repeated = engine->numbers.counts.data[numbers[i]] > 1;

        segments.chars += sizes[i];
        segments.repeated += is_repeated;
        segments.repeated_chars += is_repeated ? sizes[i] : 0;
    }
    *out_segments = segments;
    return TAMIS_OK;
}
