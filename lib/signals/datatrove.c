/* SPDX-License-Identifier: Apache-2.0 */
/* datatrove's Gopher quality and repetition, FineWeb's quality, and their forms of November 2024.
 */
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "word_hash.h"

#define BULLET            0x2022u
#define SHORT_LINE_CHARS  30
#define LONG_LINE_CHARS   200 /* mC4 */
#define WORD_SIGNALS      9
#define TOP_ORDER_MAX     4
#define WORD_STREAM_BYTES 16 /* copied at once */

/* One line more that is looked at; what was seen before counts as duplicate. */
typedef struct tamis_fineweb_counts {
    size_t lines;
    size_t terminal;  /* of 159 marks */
    size_t old_marks; /* . ' " ! ? */
    size_t short_lines;
    size_t duplicate_chars;
} tamis_fineweb_counts;

static tamis_status set_bullets(tamis_signals *engine, tamis_err *err);
static tamis_status set_fineweb(tamis_signals *engine, tamis_err *err);
static tamis_status set_duplicate_lines(tamis_signals *engine, size_t chars, tamis_err *err);
static tamis_status set_duplicate_paragraphs(tamis_signals *engine, size_t chars, tamis_err *err);
static tamis_status run_words(tamis_signals *engine, tamis_splitter splitter, size_t first,
                              tamis_err *err);
static tamis_status run_ngrams(tamis_signals *engine, tamis_splitter splitter, size_t first,
                               tamis_err *err);
static tamis_status join_words(tamis_signals *engine, const tamis_split *split, tamis_err *err);

tamis_status tamis_run_datatrove_lines(tamis_signals *engine, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (tamis_engine_needs(engine, SIG_datatrove_bullet_lines_ratio,
                           SIG_datatrove_ellipsis_lines_ratio)) {
        status = set_bullets(engine, err);
    }
    if (status == TAMIS_OK &&
        (tamis_engine_needs(engine, SIG_datatrove_long_lines, SIG_datatrove_long_lines) ||
         tamis_engine_needs(engine, SIG_fineweb_lines, SIG_fineweb_v1_char_dup_ratio))) {
        status = set_fineweb(engine, err);
    }
    return status;
}

tamis_status tamis_run_datatrove_duplicates(tamis_signals *engine, tamis_err *err)
{
    size_t chars = 0;
    tamis_status status = tamis_text_view_chars(engine->view, &chars, err);

    if (status == TAMIS_OK) {
        status = set_duplicate_lines(engine, chars, err);
    }
    return status == TAMIS_OK ? set_duplicate_paragraphs(engine, chars, err) : status;
}

tamis_status tamis_run_datatrove_ws(tamis_signals *engine, tamis_err *err)
{
    return run_words(engine, TAMIS_SPLITTER_WS, SIG_datatrove_ws_n_words, err);
}

tamis_status tamis_run_datatrove_uax29(tamis_signals *engine, tamis_err *err)
{
    return run_words(engine, TAMIS_SPLITTER_UAX29, SIG_datatrove_uax29_n_words, err);
}

tamis_status tamis_run_datatrove_treebank(tamis_signals *engine, tamis_err *err)
{
    return run_words(engine, TAMIS_SPLITTER_TREEBANK, SIG_datatrove_treebank_n_words, err);
}

tamis_status tamis_run_datatrove_sentences(tamis_signals *engine, tamis_err *err)
{
    return run_words(engine, TAMIS_SPLITTER_TREEBANK_SENTENCES, SIG_datatrove_sentences_n_words,
                     err);
}

tamis_status tamis_run_datatrove_ws_ngrams(tamis_signals *engine, tamis_err *err)
{
    return run_ngrams(engine, TAMIS_SPLITTER_WS, SIG_datatrove_ws_top_2_gram, err);
}

tamis_status tamis_run_datatrove_uax29_ngrams(tamis_signals *engine, tamis_err *err)
{
    return run_ngrams(engine, TAMIS_SPLITTER_UAX29, SIG_datatrove_uax29_top_2_gram, err);
}

tamis_status tamis_run_datatrove_treebank_ngrams(tamis_signals *engine, tamis_err *err)
{
    return run_ngrams(engine, TAMIS_SPLITTER_TREEBANK, SIG_datatrove_treebank_top_2_gram, err);
}

tamis_status tamis_run_datatrove_sentences_ngrams(tamis_signals *engine, tamis_err *err)
{
    return run_ngrams(engine, TAMIS_SPLITTER_TREEBANK_SENTENCES, SIG_datatrove_sentences_top_2_gram,
                      err);
}

static tamis_status set_bullets(tamis_signals *engine, tamis_err *err)
{
    tamis_lines lines = {0};
    tamis_status status = tamis_text_view_lines(engine->view, TAMIS_LINES_SPLITLINES, &lines, err);
    size_t bullets = 0;
    size_t ellipses = 0;

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        tamis_slice line = tamis_line_of(engine->text, &lines, i);
        uint32_t first = tamis_first_char(tamis_line_strip_left(line));

        bullets += first == '-' || first == BULLET;
        ellipses += tamis_ends_in_ellipsis(tamis_line_strip_right(line));
    }
    engine->values[SIG_datatrove_bullet_lines_ratio] = tamis_ratio(bullets, lines.count);
    engine->values[SIG_datatrove_ellipsis_lines_ratio] = tamis_ratio(ellipses, lines.count);
    return TAMIS_OK;
}

static void look_at_line(tamis_slice line, uint32_t chars, bool is_seen,
                         tamis_fineweb_counts *counts)
{
    uint32_t last = tamis_last_char(line);

    counts->lines += 1;
    counts->terminal += (tamis_char_class(last) & TAMIS_CHAR_TERMINAL) != 0;
    counts->old_marks += last == '.' || last == '\'' || last == '"' || last == '!' || last == '?';
    counts->short_lines += chars <= SHORT_LINE_CHARS;
    counts->duplicate_chars += is_seen ? chars : 0;
}

static tamis_status set_fineweb(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_lines lines = {0};
    tamis_fineweb_counts full = {0}; /* lines that are not blank */
    tamis_fineweb_counts blank = {0};
    size_t chars = 0;
    size_t long_lines = 0;
    tamis_status status = tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE, &lines, err);

    if (status == TAMIS_OK) {
        status = tamis_numbers_begin(&engine->numbers, lines.count, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        tamis_slice line = tamis_line_of(engine->text, &lines, i);
        uint32_t known = engine->numbers.count;

        (void)tamis_numbers_add(&engine->numbers, tamis_word_hash(line.data, line.size));
        look_at_line(line, lines.chars[i], engine->numbers.count == known,
                     tamis_is_blank(line) ? &blank : &full);
        chars += lines.chars[i];
        long_lines += lines.chars[i] >= LONG_LINE_CHARS;
    }

    values[SIG_datatrove_long_lines] = (double)long_lines;
    values[SIG_fineweb_lines] = (double)full.lines;
    values[SIG_fineweb_line_punct_ratio] = tamis_ratio(full.terminal, full.lines);
    values[SIG_fineweb_short_line_ratio] = tamis_ratio(full.short_lines, full.lines);
    values[SIG_fineweb_char_dup_ratio] =
        full.lines == 0 ? (double)NAN : tamis_ratio(full.duplicate_chars, chars);
    values[SIG_fineweb_v1_line_punct_ratio] =
        tamis_ratio(full.old_marks + blank.old_marks, lines.count);
    values[SIG_fineweb_v1_short_line_ratio] =
        tamis_ratio(full.short_lines + blank.short_lines, lines.count);
    values[SIG_fineweb_v1_char_dup_ratio] = tamis_ratio(full.duplicate_chars, chars);
    return TAMIS_OK;
}

static tamis_status set_duplicate_lines(tamis_signals *engine, size_t chars, tamis_err *err)
{
    tamis_lines lines = {0};
    size_t duplicates = 0;
    size_t duplicate_chars = 0;
    tamis_status status =
        tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE_RUNS, &lines, err);

    if (status == TAMIS_OK) {
        status = tamis_numbers_begin(&engine->numbers, lines.count, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        tamis_slice line = tamis_line_of(engine->text, &lines, i);
        uint32_t known = engine->numbers.count;

        (void)tamis_numbers_add(&engine->numbers, tamis_word_hash(line.data, line.size));
        if (engine->numbers.count == known) {
            duplicates += 1;
            duplicate_chars += lines.chars[i];
        }
    }
    engine->values[SIG_datatrove_dup_line_frac] = tamis_ratio(duplicates, lines.count);
    engine->values[SIG_datatrove_dup_line_char_frac] = tamis_ratio(duplicate_chars, chars);
    return TAMIS_OK;
}

/* Paragraphs of the stripped text end where two or more newlines follow each other: at the lines of
 * the split at runs of newlines whose run is that long. */
static tamis_status set_duplicate_paragraphs(tamis_signals *engine, size_t chars, tamis_err *err)
{
    tamis_slice stripped = tamis_line_strip(engine->text);
    size_t begin = stripped.size == 0 ? 0 : (size_t)(stripped.data - engine->text.data);
    size_t end = begin + stripped.size;
    tamis_lines lines = {0};
    size_t paragraphs = 0;
    size_t duplicates = 0;
    size_t duplicate_chars = 0;
    tamis_status status =
        tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE_RUNS, &lines, err);

    if (status == TAMIS_OK) {
        status = tamis_numbers_begin(&engine->numbers, lines.count, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        bool is_last = lines.next[i] >= end;
        size_t stop = is_last ? end : lines.end[i];
        uint32_t known = engine->numbers.count;

        if (lines.end[i] < begin || (!is_last && lines.next[i] - lines.end[i] < 2)) {
            continue;
        }
        (void)tamis_numbers_add(&engine->numbers,
                                tamis_word_hash(engine->text.data + begin, stop - begin));
        paragraphs += 1;
        if (engine->numbers.count == known) {
            duplicates += 1;
            duplicate_chars +=
                tamis_text_chars(tamis_slice_of(engine->text.data + begin, stop - begin));
        }
        begin = lines.next[i];
        if (is_last) {
            break;
        }
    }
    engine->values[SIG_datatrove_dup_para_frac] = tamis_ratio(duplicates, paragraphs);
    engine->values[SIG_datatrove_dup_para_char_frac] = tamis_ratio(duplicate_chars, chars);
    return TAMIS_OK;
}

/* How many different ones, and how often any. */
static tamis_status set_stop_words(tamis_signals *engine, tamis_splitter splitter, double values[2],
                                   tamis_err *err)
{
    tamis_split *split = NULL;
    size_t occurrences = 0;
    size_t distinct = 0;
    tamis_status status = tamis_engine_hashes(engine, splitter, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_stop_words(engine, split->hashes.data, split->words.count,
                                         &occurrences, &distinct, err);
    }
    values[0] = (double)distinct;
    values[1] = (double)occurrences;
    return status;
}

/* Nine signals from `first` on, in the order of the table. */
static tamis_status run_words(tamis_signals *engine, tamis_splitter splitter, size_t first,
                              tamis_err *err)
{
    double *values = engine->values + first;
    tamis_split *split = NULL;
    const tamis_marks *marks = NULL;
    size_t wordy = 0; /* words that are not punctuation only, and their characters */
    size_t wordy_chars = 0;
    size_t alpha = 0;
    tamis_status status = tamis_engine_words(engine, splitter, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_marks(engine, &marks, err);
    }
    if (status == TAMIS_OK && tamis_engine_needs(engine, first + 6, first + 7)) {
        status = set_stop_words(engine, splitter, values + 6, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < split->words.count; i++) {
        uint32_t flags = split->words.flags[i];
        bool is_wordy = (flags & TAMIS_WORD_PUNCTUATION) == 0;

        wordy += is_wordy;
        wordy_chars += is_wordy ? split->words.chars[i] : 0;
        alpha += (flags & TAMIS_WORD_ALPHA) != 0;
    }

    values[0] = (double)split->words.count;
    values[1] = (double)wordy;
    values[2] = tamis_ratio(wordy_chars, wordy);
    values[3] = tamis_ratio(marks->hashes, split->words.count);
    values[4] = tamis_ratio(marks->dots + marks->ellipses, split->words.count);
    values[5] = tamis_ratio(alpha, split->words.count);
    values[8] = tamis_ratio(marks->newlines, split->words.count);
    return TAMIS_OK;
}

/* top_2 to top_4, then duplicated_5 to duplicated_10 from `first` on. */
static tamis_status run_ngrams(tamis_signals *engine, tamis_splitter splitter, size_t first,
                               tamis_err *err)
{
    double *values = engine->values + first;
    tamis_split *split = NULL;
    uint64_t duplicated[TAMIS_JOINED_ORDER_MAX + 1] = {0};
    size_t chars = 0;
    bool is_wanted_longer =
        splitter == TAMIS_SPLITTER_WS && (engine->wanted >> TAMIS_FAMILY_WS_NGRAMS & 1) != 0;
    tamis_status status = tamis_engine_hashes(engine, splitter, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_grams(engine, split,
                                    is_wanted_longer ? TAMIS_NGRAM_ORDER_MAX : TOP_ORDER_MAX, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_chars(engine->view, &chars, err);
    }
    if (status == TAMIS_OK) {
        status = join_words(engine, split, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_joined_count(&engine->joined_space, split->words.chars, split->words.count,
                                    duplicated, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }

    for (size_t n = 2; n <= TOP_ORDER_MAX; n++) {
        const tamis_ngram_order *order = &split->grams.orders[n];

        /* n - 1 spaces between the words */
        values[n - 2] = order->top_count == 0
                            ? (double)NAN
                            : tamis_ratio((order->top_chars + n - 1) * order->top_count, chars);
    }
    for (size_t n = TAMIS_JOINED_ORDER_MIN; n <= TAMIS_JOINED_ORDER_MAX; n++) {
        values[n - 2] = tamis_ratio(duplicated[n], chars);
    }
    return TAMIS_OK;
}

static tamis_status join_words(tamis_signals *engine, const tamis_split *split, tamis_err *err)
{
    const tamis_words *words = &split->words;
    tamis_joined_space *space = &engine->joined_space;
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    /* A literal has two bytes, and one or two in the text. */
    status = tamis_joined_begin(space, words->count, split->text.size + words->count, err);
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < words->count; i++) {
        const uint8_t *bytes = split->text.data + words->begin[i];
        size_t length = words->end[i] - words->begin[i];

        if ((words->flags[i] & TAMIS_WORD_LITERAL) != 0) {
            tamis_slice literal = tamis_word_text(split->text, words, i);

            bytes = literal.data;
            length = literal.size;
            memcpy(space->stream.data + size, bytes, length);
        } else {
            memcpy(space->stream.data + size, bytes, WORD_STREAM_BYTES);
            if (length > WORD_STREAM_BYTES) {
                memcpy(space->stream.data + size, bytes, length);
            }
        }
        space->offsets.data[i] = (uint32_t)size;
        size += length;
    }
    space->offsets.data[words->count] = (uint32_t)size;
    return TAMIS_OK;
}
