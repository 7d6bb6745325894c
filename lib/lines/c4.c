/* SPDX-License-Identifier: Apache-2.0 */
/* The line rules of C4 in the order of its code, over lines of str.splitlines. The text that is
 * left is the kept lines, stripped and without citations, joined by newlines and stripped. */
#include "line_run.h"

#define WORD_CHARS_MAX 1000

typedef struct c4_settings {
    uint32_t words_min;
    uint32_t sentences_min;
    bool needs_end_mark;
    bool is_datatrove; /* ' ends a line too; words are counted before citations go */
} c4_settings;

/* One run over a text. */
typedef struct c4_run {
    tamis_line_rules *rules;
    const c4_settings *settings;
    tamis_slice text;
    line_joiner joiner;
    tamis_line_result *result;
    size_t mark;    /* the next phrase of the scan */
    size_t bracket; /* the next "[" and "{", or the end of the text */
    size_t brace;
    bool has_blank_end; /* the text that is left begins or ends with white space */
} c4_run;

/* One line on its way through the rules. */
typedef struct c4_line {
    uint32_t begin; /* with white space around it */
    uint32_t end;
    uint32_t first; /* without */
    uint32_t last;
    tamis_slice clean; /* without citations */
    bool is_copy;      /* `clean` lies in the scratch, because there were some */
    size_t copy_begin;
} c4_line;

static const c4_settings *settings_of(tamis_line_rule rule)
{
    static const c4_settings tfds = {5, 3, true, false};
    static const c4_settings paper = {3, 5, true, false};
    static const c4_settings datatrove = {3, 5, true, true};
    static const c4_settings fineweb = {3, 5, false, true};

    switch ((int)rule) {
    case TAMIS_LINES_C4_TFDS:
        return &tfds;
    case TAMIS_LINES_C4_PAPER:
        return &paper;
    case TAMIS_LINES_C4_DATATROVE:
        return &datatrove;
    default:
        TAMIS_ASSERT(rule == TAMIS_LINES_C4_FINEWEB);
        return &fineweb;
    }
}

/* The first `byte` at or behind `from`, or the end. */
static size_t first_byte(tamis_slice text, uint8_t byte, size_t from)
{
    const uint8_t *at = memchr(text.data + from, byte, text.size - from);

    return at == NULL ? text.size : (size_t)(at - text.data);
}

/* The same, where `found` is the answer for an earlier place. */
static size_t next_byte(tamis_slice text, uint8_t byte, size_t found, size_t from)
{
    return found >= from ? found : first_byte(text, byte, from);
}

/* Sets line->clean: the stripped line, or a copy without its citations. */
static tamis_status clean_line(c4_run *run, c4_line *line)
{
    tamis_slice stripped = tamis_slice_of(run->text.data + line->first, line->last - line->first);
    tamis_buf *cleaned = &run->rules->cleaned;
    tamis_status status = TAMIS_OK;
    size_t from = 0;
    size_t begin = 0;
    size_t end = 0;

    line->clean = stripped;
    line->is_copy = false;
    run->bracket = next_byte(run->text, '[', run->bracket, line->first);
    if (run->bracket >= line->last || !line_citation(stripped, 0, &begin, &end)) {
        return TAMIS_OK;
    }
    line->is_copy = true;
    line->copy_begin = cleaned->size;
    while (status == TAMIS_OK && line_citation(stripped, from, &begin, &end)) {
        status = tamis_buf_append(cleaned, stripped.data + from, begin - from);
        from = end;
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append(cleaned, stripped.data + from, stripped.size - from);
    }
    line->clean =
        tamis_slice_of(cleaned->data + line->copy_begin, cleaned->size - line->copy_begin);
    return status;
}

static bool has_end_mark(const c4_settings *settings, tamis_slice line)
{
    uint8_t last = line.size == 0 ? 0 : line.data[line.size - 1];

    return (last == '.' && !line_ends_with(line, "...", 3)) || last == '?' || last == '!' ||
           last == '"' || (last == '\'' && settings->is_datatrove);
}

/* The phrases of a line that passed the rules before. */
static tamis_status find_phrases(c4_run *run, const c4_line *line, unsigned *out_found)
{
    const c4_scan *scan = &run->rules->scan;
    tamis_status status = TAMIS_OK;
    unsigned found = 0;

    while (run->mark < scan->mark_count && scan->marks[run->mark].begin < line->first) {
        run->mark++;
    }
    for (; run->mark < scan->mark_count && scan->marks[run->mark].end <= line->last; run->mark++) {
        found |= scan->marks[run->mark].phrase;
    }
    if (line->is_copy || (found & C4_ODD_LETTER) != 0) {
        tamis_buf_reset(&run->rules->lower);
        status = tamis_text_lower(line->clean, &run->rules->lower);
        found = status == TAMIS_OK ? c4_phrases(tamis_buf_slice(&run->rules->lower)) : 0;
    }
    *out_found = found;
    return status;
}

static tamis_status find_bad(c4_run *run, const c4_line *line)
{
    const tamis_line_options *options = &run->rules->options;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&run->rules->lower);
    status = tamis_text_lower(line->clean, &run->rules->lower);
    if (status == TAMIS_OK &&
        options->is_bad(options->context, tamis_buf_slice(&run->rules->lower))) {
        run->result->drop_reason = "badword";
    }
    return status;
}

/* What becomes of a line; sets the result's drop_reason when it drops the document. */
static tamis_status judge_line(c4_run *run, c4_line *line, tamis_line_reason *out_fate)
{
    const c4_settings *settings = run->settings;
    tamis_slice stripped = tamis_slice_of(run->text.data + line->first, line->last - line->first);
    tamis_status status = TAMIS_OK;
    unsigned phrases = 0;

    *out_fate = TAMIS_LINE_LONG_WORD;
    if (stripped.size > WORD_CHARS_MAX && line_has_long_word(stripped, WORD_CHARS_MAX)) {
        return TAMIS_OK;
    }
    status = clean_line(run, line);
    *out_fate = TAMIS_LINE_NO_END_MARK;
    if (status != TAMIS_OK || (settings->needs_end_mark && !has_end_mark(settings, line->clean))) {
        return status;
    }
    *out_fate = TAMIS_LINE_FEW_WORDS;
    if (line_words(settings->is_datatrove ? stripped : line->clean, settings->words_min) <
        settings->words_min) {
        return TAMIS_OK;
    }
    status = find_phrases(run, line, &phrases);
    *out_fate = TAMIS_LINE_KEPT;
    run->brace = next_byte(run->text, '{', run->brace, line->first);
    if ((phrases & C4_LOREM) != 0) {
        run->result->drop_reason = "lorem_ipsum";
    } else if ((phrases & C4_JAVASCRIPT) != 0) {
        *out_fate = TAMIS_LINE_JAVASCRIPT;
    } else if (run->brace < line->last) {
        run->result->drop_reason = "curly_bracket";
    } else if ((phrases & C4_POLICY) != 0) {
        *out_fate = TAMIS_LINE_POLICY;
    } else if (run->rules->options.is_bad != NULL && status == TAMIS_OK) {
        status = find_bad(run, line);
    }
    return status;
}

static bool is_blank_at_begin(tamis_slice line)
{
    return line.size == 0 || line_space_at(line.data) > 0;
}

static bool is_blank_at_end(tamis_slice line)
{
    return line.size == 0 || line_strip(line).data + line_strip(line).size != line.data + line.size;
}

/* The edits inside a kept line. */
static tamis_status cut_inside(c4_run *run, const c4_line *line)
{
    tamis_slice stripped = tamis_slice_of(run->text.data + line->first, line->last - line->first);
    tamis_edits *edits = run->joiner.edits;
    tamis_status status = tamis_edits_cut(edits, line->begin, line->first, TAMIS_LINE_SPACE);
    size_t begin = 0;
    size_t end = 0;

    run->result->removed[TAMIS_LINE_SPACE] +=
        (uint32_t)(line->first != line->begin) + (uint32_t)(line->last != line->end);
    while (status == TAMIS_OK && line->is_copy && line_citation(stripped, end, &begin, &end)) {
        status = tamis_edits_cut(edits, line->first + (uint32_t)begin, line->first + (uint32_t)end,
                                 TAMIS_LINE_CITATION);
        run->result->removed[TAMIS_LINE_CITATION]++;
    }
    return status == TAMIS_OK ? tamis_edits_cut(edits, line->last, line->end, TAMIS_LINE_SPACE)
                              : status;
}

static tamis_status keep_line(c4_run *run, const c4_line *line)
{
    uint32_t begin = line->is_copy ? (uint32_t)line->copy_begin : line->first;
    kept_line kept = {
        .begin = begin, .end = begin + (uint32_t)line->clean.size, .is_copy = line->is_copy};
    tamis_status status = TAMIS_OK;

    if (!run->joiner.has_kept) {
        run->has_blank_end = is_blank_at_begin(line->clean);
    }
    status = line_join_keep(&run->joiner, run->text, line->begin);
    if (status == TAMIS_OK) {
        status = cut_inside(run, line);
    }
    line_join_end(&run->joiner, line->end);
    return status == TAMIS_OK ? tamis_buf_append(&run->rules->kept, &kept, sizeof(kept)) : status;
}

static tamis_status take_line(c4_run *run, uint32_t begin, uint32_t end)
{
    tamis_slice whole = tamis_slice_of(run->text.data + begin, end - begin);
    tamis_slice stripped = line_strip(whole);
    uint32_t first = (uint32_t)(stripped.data - run->text.data);
    c4_line line = {
        .begin = begin, .end = end, .first = first, .last = first + (uint32_t)stripped.size};
    tamis_line_reason fate = TAMIS_LINE_KEPT;
    tamis_status status = judge_line(run, &line, &fate);

    if (status != TAMIS_OK || run->result->drop_reason != NULL) {
        return status;
    }
    status = tamis_buf_append_byte(&run->rules->fates, (uint8_t)fate);
    if (status != TAMIS_OK) {
        return status;
    }
    if (fate == TAMIS_LINE_KEPT) {
        return keep_line(run, &line);
    }
    run->result->removed[fate]++;
    return line_join_drop(&run->joiner, begin, end, (uint16_t)fate);
}

static tamis_status take_lines(c4_run *run)
{
    c4_lines lines = c4_lines_of(&run->rules->scan, run->text);
    tamis_status status = TAMIS_OK;
    uint32_t begin = 0;
    uint32_t end = 0;

    while (status == TAMIS_OK && run->result->drop_reason == NULL &&
           c4_lines_next(&lines, &begin, &end)) {
        status = take_line(run, begin, end);
    }
    return status;
}

/* Sentences of the kept lines. A line that is not blank has at least one for ICU, so that often no
 * line has to be looked at. */
static tamis_status count_sentences(c4_run *run, size_t enough, size_t *out_count, tamis_err *err)
{
    const kept_line *kept = (const kept_line *)(const void *)run->rules->kept.data;
    size_t count = run->rules->kept.size / sizeof(*kept);
    bool counts_lines = run->rules->options.sentence_count == TAMIS_SENTENCES_ICU;
    size_t rest = 0; /* lines that are not blank, from here on */
    size_t sum = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < count && counts_lines; i++) {
        rest += kept[i].end > kept[i].begin;
    }
    for (size_t i = 0; i < count && status == TAMIS_OK && sum + rest < enough && sum < enough;
         i++) {
        const uint8_t *base = kept[i].is_copy ? run->rules->cleaned.data : run->text.data;
        tamis_slice line = tamis_slice_of(base + kept[i].begin, kept[i].end - kept[i].begin);
        size_t found = 0;

        rest -= counts_lines && line.size > 0;
        status = line_count_sentences(run->rules, line, &found, err);
        sum += found;
    }
    sum += rest;
    *out_count = sum < enough ? sum : enough;
    return status;
}

static tamis_status finish(c4_run *run, tamis_err *err)
{
    const kept_line *kept = (const kept_line *)(const void *)run->rules->kept.data;
    size_t count = run->rules->kept.size / sizeof(*kept);
    size_t cap = run->rules->options.sentence_cap;
    size_t sentences = 0;
    tamis_status status = TAMIS_OK;

    if (cap < run->settings->sentences_min) {
        cap = run->settings->sentences_min;
    }
    status = count_sentences(run, cap, &sentences, err);
    run->result->values[TAMIS_LINE_VALUE_SENTENCES] = (double)sentences;
    if (status == TAMIS_OK && sentences < run->settings->sentences_min) {
        run->result->drop_reason = "too_few_sentences";
    }
    if (status == TAMIS_OK) {
        status = tamis_edits_cut(run->joiner.edits, run->joiner.end_before,
                                 (uint32_t)run->text.size, TAMIS_LINE_SPACE);
    }
    if (status == TAMIS_OK && count > 0) {
        const kept_line *last = &kept[count - 1];
        const uint8_t *base = last->is_copy ? run->rules->cleaned.data : run->text.data;

        if (run->has_blank_end ||
            is_blank_at_end(tamis_slice_of(base + last->begin, last->end - last->begin))) {
            status = line_strip_result(run->rules, run->text, run->joiner.edits);
        }
    }
    return status;
}

tamis_status line_run_c4(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                         tamis_edits *edits, tamis_line_result *result, tamis_err *err)
{
    c4_run run = {.rules = rules,
                  .settings = settings_of(rule),
                  .text = text,
                  .joiner = {.edits = edits},
                  .result = result};
    tamis_status status = c4_scan_text(&rules->scan, rules->kernel, text);

    tamis_buf_reset(&rules->kept);
    tamis_buf_reset(&rules->cleaned);
    if (status == TAMIS_OK && text.size > 0) {
        run.bracket = first_byte(text, '[', 0);
        run.brace = first_byte(text, '{', 0);
        status = take_lines(&run);
    }
    if (status == TAMIS_OK && result->drop_reason == NULL) {
        status = finish(&run, err);
    }
    result->values[TAMIS_LINE_VALUE_LINES] = (double)rules->fates.size;
    result->values[TAMIS_LINE_VALUE_LINES_KEPT] = (double)(rules->kept.size / sizeof(kept_line));
    result->fates = rules->fates.data;
    result->fate_count = rules->fates.size;
    return status;
}
