/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a text more than once: the first occurrence stays. Units are equal when the
 * digests of their keys are; a key is what a reference implementation compares. */
#include "line_run.h"

#define SENTENCE_CHARS_MIN 2 /* shorter keys are never repeats */

static tamis_status strip_lower(tamis_line_rules *rules, tamis_slice unit)
{
    return tamis_text_lower(line_strip(unit), &rules->lower);
}

/* Whether cc_net deletes the character from the key of a line: controls, and its table of
 * punctuation. */
static bool is_ccnet_deleted(uint32_t c)
{
    static const uint16_t table[] = {0xFF0C, 0x3002, 0x3001, 0x201E, 0x201D, 0x201C, 0x00AB,
                                     0x00BB, 0xFF11, 0x300D, 0x300C, 0x300A, 0x300B, 0x00B4,
                                     0x2236, 0xFF1A, 0xFF1F, 0xFF01, 0xFF08, 0xFF09, 0xFF1B,
                                     0x2013, 0x2014, 0xFF0E, 0xFF5E, 0x2019, 0x2026, 0x2501,
                                     0x3008, 0x3009, 0x3010, 0x3011, 0xFF05, 0x25BA};

    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
        return true;
    }
    for (size_t i = 0; c >= 0xA0 && i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i] == c) {
            return true;
        }
    }
    return false;
}

static tamis_status ccnet_key(tamis_line_rules *rules, tamis_slice line)
{
    tamis_status status = strip_lower(rules, line);
    uint8_t *text = rules->lower.data;
    size_t size = 0;

    for (size_t i = 0; i < rules->lower.size && status == TAMIS_OK;) {
        line_char c = line_char_at(text + i);

        if ((tamis_char_class(c.code_point) & TAMIS_CHAR_DECIMAL) != 0) {
            text[size++] = '0';
        } else if (!is_ccnet_deleted(c.code_point)) {
            memmove(text + size, text + i, c.size);
            size += c.size;
        }
        i += c.size;
    }
    rules->lower.size = size;
    return status;
}

/* Letters, digits, U+4E00 to U+9FA5, tab and space of the stripped sentence. */
static tamis_status sentence_key(tamis_line_rules *rules, tamis_slice sentence, size_t *out_chars)
{
    tamis_slice stripped = line_strip(sentence);
    tamis_status status = tamis_buf_append(&rules->lower, stripped.data, stripped.size);
    uint8_t *text = rules->lower.data;
    size_t size = 0;

    *out_chars = 0;
    for (size_t i = 0; i < stripped.size && status == TAMIS_OK;) {
        line_char c = line_char_at(stripped.data + i);
        uint32_t letter = c.code_point | 0x20;

        if (c.code_point == ' ' || c.code_point == '\t' ||
            (c.code_point >= '0' && c.code_point <= '9') ||
            (c.code_point < 0x80 && letter >= 'a' && letter <= 'z') ||
            (c.code_point >= 0x4E00 && c.code_point <= 0x9FA5)) {
            memcpy(text + size, stripped.data + i, c.size);
            size += c.size;
            (*out_chars)++;
        }
        i += c.size;
    }
    rules->lower.size = size;
    return status;
}

static tamis_status is_repeat(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice unit,
                              bool *out_is)
{
    tamis_status status = TAMIS_OK;
    size_t chars = SENTENCE_CHARS_MIN;
    bool is_new = true;

    tamis_buf_reset(&rules->lower);
    if (rule == TAMIS_LINES_DEDUP_LINES_CCNET) {
        status = ccnet_key(rules, unit);
    } else if (rule == TAMIS_LINES_DEDUP_SENTENCES) {
        status = sentence_key(rules, unit, &chars);
    } else if (rule == TAMIS_LINES_DEDUP_LINES_RAW) {
        status = tamis_buf_append(&rules->lower, unit.data, unit.size);
    } else {
        status = strip_lower(rules, unit);
    }
    if (status == TAMIS_OK && chars >= SENTENCE_CHARS_MIN &&
        (rules->lower.size > 0 || rule == TAMIS_LINES_DEDUP_LINES_CCNET)) {
        status = line_seen_add(&rules->seen, tamis_hash128(rules->lower.data, rules->lower.size),
                               &is_new);
    }
    *out_is = !is_new;
    return status;
}

/* Lines or, with a break of two newlines, paragraphs; a repeat goes with the break before it. */
static tamis_status dedup_units(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                                tamis_edits *edits, tamis_line_result *result)
{
    bool is_paragraph = rule == TAMIS_LINES_DEDUP_PARAGRAPHS;
    size_t break_size = is_paragraph ? 2 : 1;
    tamis_line_reason reason =
        is_paragraph ? TAMIS_LINE_REPEATED_PARAGRAPH : TAMIS_LINE_REPEATED_LINE;
    tamis_status status = TAMIS_OK;
    size_t before = 0; /* end of the unit before */
    size_t begin = 0;
    uint32_t count = 0;

    while (status == TAMIS_OK && begin < text.size) {
        const uint8_t *found = memmem(text.data + begin, text.size - begin, "\n\n", break_size);
        size_t end = found == NULL ? text.size : (size_t)(found - text.data);
        bool is_again = false;

        status = is_repeat(rules, rule, tamis_slice_of(text.data + begin, end - begin), &is_again);
        if (status == TAMIS_OK && is_again) {
            status = tamis_edits_cut(edits, (uint32_t)before, (uint32_t)end, (uint16_t)reason);
            result->removed[reason]++;
        }
        count++;
        before = end;
        begin = found == NULL ? text.size + 1 : end + break_size;
    }
    if (status == TAMIS_OK && begin == text.size) { /* a last unit, which is empty */
        bool is_again = false;

        status = is_repeat(rules, rule, tamis_slice_of(text.data, 0), &is_again);
        if (status == TAMIS_OK && is_again) {
            status = tamis_edits_cut(edits, (uint32_t)before, (uint32_t)begin, (uint16_t)reason);
            result->removed[reason]++;
        }
        count++;
    }
    result->values[TAMIS_LINE_VALUE_LINES] = count;
    result->values[TAMIS_LINE_VALUE_LINES_KEPT] = count - result->removed[reason];
    return status;
}

static bool is_quote(uint32_t c)
{
    return c == 0x2019 || c == 0x201D;
}

static bool is_end_mark(uint32_t c)
{
    return c == '.' || c == 0x3002 || c == 0xFF01 || c == '!' || c == 0xFF1F || c == '?';
}

/* What data-juicer takes for an end mark before a quote: its class of characters spells out the
 * braces, 2 and 6 too. */
static bool is_mark_before_quote(uint32_t c)
{
    return is_end_mark(c) || c == 0x2026 || c == '{' || c == '}' || c == '2' || c == '6';
}

/* The three patterns of data-juicer, each of which looks at a window and goes on behind it: a mark
 * and a character that is no quote; two U+2026 and such a character; a mark, a quote and such a
 * character. Each breaks before its last character. */
typedef struct sentence_walk {
    uint32_t last[3]; /* the characters before */
    size_t busy[3];   /* characters that each pattern has to let pass before its next start */
} sentence_walk;

/* Takes the next character; whether a sentence begins with it. */
static bool begins_sentence(sentence_walk *walk, size_t index, uint32_t c)
{
    uint32_t a = walk->last[1];
    uint32_t b = walk->last[0];
    bool is_break = false;

    if (!is_quote(c)) {
        if (index >= walk->busy[0] + 1 && is_end_mark(b)) {
            walk->busy[0] = index + 1;
            is_break = true;
        }
        if (index >= walk->busy[1] + 2 && a == 0x2026 && b == 0x2026) {
            walk->busy[1] = index + 1;
            is_break = true;
        }
        if (index >= walk->busy[2] + 2 && is_mark_before_quote(a) && is_quote(b)) {
            walk->busy[2] = index + 1;
            is_break = true;
        }
    }
    walk->last[1] = b;
    walk->last[0] = c;
    return is_break;
}

static tamis_status take_sentence(tamis_line_rules *rules, tamis_slice text, size_t begin,
                                  size_t end, tamis_edits *edits, tamis_line_result *result)
{
    bool is_again = false;
    tamis_status status = is_repeat(rules, TAMIS_LINES_DEDUP_SENTENCES,
                                    tamis_slice_of(text.data + begin, end - begin), &is_again);

    if (status == TAMIS_OK && is_again) {
        result->removed[TAMIS_LINE_REPEATED_SENTENCE]++;
        status =
            tamis_edits_cut(edits, (uint32_t)begin, (uint32_t)end, TAMIS_LINE_REPEATED_SENTENCE);
    }
    return status;
}

static tamis_status dedup_sentences(tamis_line_rules *rules, tamis_slice text, tamis_edits *edits,
                                    tamis_line_result *result)
{
    sentence_walk walk = {.last = {0}};
    tamis_status status = TAMIS_OK;
    size_t begin = 0;
    size_t index = 0; /* characters of the line so far */

    for (size_t i = 0; i < text.size && status == TAMIS_OK;) {
        line_char c = line_char_at(text.data + i);
        bool is_newline = c.code_point == '\n';

        if (is_newline || begins_sentence(&walk, index, c.code_point)) {
            status = take_sentence(rules, text, begin, i, edits, result);
            begin = is_newline ? i + 1 : i;
        }
        index = is_newline ? 0 : index + 1;
        if (is_newline) {
            walk = (sentence_walk){.last = {0}};
        }
        i += c.size;
    }
    return status == TAMIS_OK && begin < text.size
               ? take_sentence(rules, text, begin, text.size, edits, result)
               : status;
}

tamis_status line_run_repeats(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                              tamis_edits *edits, tamis_line_result *result)
{
    line_seen_reset(&rules->seen);
    return rule == TAMIS_LINES_DEDUP_SENTENCES ? dedup_sentences(rules, text, edits, result)
                                               : dedup_units(rules, rule, text, edits, result);
}
