/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of DCLM: each step sees the text that the one before left; edits are folded into one list
 * of the original text. */
#include <math.h>

#include "line_run.h"

#define WORDS_REMOVED_MAX 0.05
#define CHARS_MAX         190000u
#define SENTENCES_MIN     3u

/* Tests of the whole text between the modifiers. */
enum { TEST_CHARS = TAMIS_LINE_RULES, TEST_LOREM, TEST_CURLY, TEST_SENTENCES, CHAIN_END };

static const int baseline_steps[] = {TAMIS_LINES_DCLM_UPPERCASE, TAMIS_LINES_DCLM_NUMERIC,
                                     TAMIS_LINES_DCLM_COUNTER,   TAMIS_LINES_DCLM_LENGTH_2,
                                     TAMIS_LINES_DCLM_CART,      TAMIS_LINES_DCLM_READ_MORE,
                                     TAMIS_LINES_DCLM_SIGN_IN,   CHAIN_END};

static const int c4_steps[] = {TEST_CHARS,
                               TAMIS_LINES_DCLM_WORD_LENGTH,
                               TAMIS_LINES_DCLM_CITATION,
                               TAMIS_LINES_DCLM_PUNCTUATION_NO_ELLIPSES,
                               TAMIS_LINES_DCLM_LENGTH_5,
                               TEST_LOREM,
                               TAMIS_LINES_DCLM_JAVASCRIPT,
                               TEST_CURLY,
                               TAMIS_LINES_DCLM_POLICY,
                               TEST_SENTENCES,
                               CHAIN_END};

static tamis_status has_lorem(tamis_line_rules *rules, tamis_slice text, bool *out_has)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&rules->lower);
    status = tamis_text_lower(text, &rules->lower);
    *out_has = status == TAMIS_OK && (c4_phrases(tamis_buf_slice(&rules->lower)) & C4_LOREM) != 0;
    return status;
}

/* Sentences of each line, counted no further than `enough`: lines that end in an end mark, as all
 * do here, end a sentence for Punkt too, which ICU does not see where a small letter follows. */
static tamis_status sum_sentences(tamis_line_rules *rules, tamis_slice text, size_t enough,
                                  size_t *out_count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    size_t count = 0;

    for (size_t begin = 0; begin < text.size && count < enough && status == TAMIS_OK;) {
        const uint8_t *newline = memchr(text.data + begin, '\n', text.size - begin);
        size_t end = newline == NULL ? text.size : (size_t)(newline - text.data);
        size_t found = 0;

        status = line_count_sentences(rules, tamis_slice_of(text.data + begin, end - begin), &found,
                                      err);
        count += found;
        begin = end + 1;
    }
    *out_count = count < enough ? count : enough;
    return status;
}

static tamis_status test_text(tamis_line_rules *rules, int test, tamis_slice text,
                              tamis_line_result *result, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    size_t count = 0;
    bool has = false;

    switch (test) {
    case TEST_CHARS:
        if (text.size == 0 || (text.size > CHARS_MAX && tamis_text_chars(text) > CHARS_MAX)) {
            result->drop_reason = "page_length_char_190000";
        }
        break;
    case TEST_LOREM:
        status = has_lorem(rules, text, &has);
        result->drop_reason = has ? "substring_lorem_ipsum" : NULL;
        break;
    case TEST_CURLY:
        if (text.size > 0 && memchr(text.data, '{', text.size) != NULL) {
            result->drop_reason = "substring_curly";
        }
        break;
    default:
        count = rules->options.sentence_cap;
        status =
            sum_sentences(rules, text, count < SENTENCES_MIN ? SENTENCES_MIN : count, &count, err);
        result->values[TAMIS_LINE_VALUE_SENTENCES] = (double)count;
        if (status == TAMIS_OK && count < SENTENCES_MIN) {
            result->drop_reason = "page_length_sentence_3";
        }
        break;
    }
    return status;
}

/* Adds what a step found to the result of the chain. */
static void add_step(tamis_line_result *result, const tamis_line_result *step)
{
    for (size_t i = 0; i < TAMIS_LINE_REASONS; i++) {
        result->removed[i] += step->removed[i];
    }
    if (!isnan(step->values[TAMIS_LINE_VALUE_LINES])) {
        if (isnan(result->values[TAMIS_LINE_VALUE_LINES])) {
            result->values[TAMIS_LINE_VALUE_LINES] = step->values[TAMIS_LINE_VALUE_LINES];
        }
        result->values[TAMIS_LINE_VALUE_LINES_KEPT] = step->values[TAMIS_LINE_VALUE_LINES_KEPT];
    }
    result->drop_reason = step->drop_reason;
}

/* One modifier on *text; folds its edits into `edits` and sets *text to what is left. A text that
 * the step leaves as it is costs nothing more. */
static tamis_status run_step(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice *text,
                             tamis_edits *edits, tamis_line_result *result)
{
    tamis_edits *edits_step = &rules->chain_step;
    tamis_line_result found = {.drop_reason = NULL};
    tamis_buf *left = &rules->chain_texts[text->data == rules->chain_texts[0].data];
    tamis_status status = TAMIS_OK;

    tamis_edits_reset(edits_step);
    found.values[TAMIS_LINE_VALUE_LINES] = (double)NAN;
    status = line_run_dclm(rules, rule, *text, edits_step, &found);
    add_step(result, &found);
    if (status != TAMIS_OK || edits_step->count == 0) {
        return status;
    }
    tamis_buf_reset(left);
    status = tamis_edits_apply(edits_step, *text, left);
    if (status == TAMIS_OK) {
        *text = tamis_buf_slice(left);
        status = line_fold(rules, edits_step, edits);
    }
    return status;
}

tamis_status line_run_chain(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                            tamis_edits *edits, tamis_line_result *result, tamis_err *err)
{
    bool is_baseline = rule == TAMIS_LINES_DCLM_LINES;
    const int *steps = is_baseline ? baseline_steps : c4_steps;
    double before = is_baseline ? (double)line_fasttext_words(text) : 0;
    tamis_slice now = text;
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; steps[i] != CHAIN_END && status == TAMIS_OK && result->drop_reason == NULL;
         i++) {
        if (steps[i] < (int)TAMIS_LINE_RULES) {
            status = run_step(rules, (tamis_line_rule)steps[i], &now, edits, result);
        } else {
            status = test_text(rules, steps[i], now, result, err);
        }
    }
    if (is_baseline && status == TAMIS_OK && result->drop_reason == NULL) {
        double removed =
            before > 0 ? (before - (double)line_fasttext_words(now)) / before : (double)NAN;

        result->values[TAMIS_LINE_VALUE_WORDS_BEFORE] = before;
        result->values[TAMIS_LINE_VALUE_WORDS_REMOVED] = removed;
        if (isnan(removed) || removed > WORDS_REMOVED_MAX) {
            result->drop_reason = "word_removal_ratio_0.05";
        }
    }
    return status;
}
