/* SPDX-License-Identifier: Apache-2.0 */
/* line_text.h - small questions about a place in well-formed UTF-8.
 *
 * Pure.
 */
#ifndef TAMIS_LINE_TEXT_H
#define TAMIS_LINE_TEXT_H

#include "tamis/words.h"

typedef struct line_char {
    uint32_t code_point;
    uint32_t size; /* bytes */
} line_char;

/* The character that begins at a place that is not the end. */
static inline line_char line_char_at(const uint8_t *at)
{
    uint32_t lead = at[0];

    if (lead < 0x80) {
        return (line_char){lead, 1};
    }
    if (lead < 0xE0) {
        return (line_char){(lead & 0x1F) << 6 | (at[1] & 0x3F), 2};
    }
    if (lead < 0xF0) {
        return (line_char){(lead & 0x0F) << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F), 3};
    }
    return (line_char){(lead & 0x07) << 18 | (uint32_t)(at[1] & 0x3F) << 12 |
                           (uint32_t)(at[2] & 0x3F) << 6 | (at[3] & 0x3F),
                       4};
}

/* U+0009 to U+000D and U+001C to U+0020. */
static inline bool line_is_ascii_space(uint8_t byte)
{
    return byte <= 0x20 && (0x1F0003E00u >> byte & 1) != 0;
}

/* Bytes of the white space at a place that is not the end; 0: none. */
static inline uint32_t line_space_at(const uint8_t *at)
{
    if (at[0] < 0x80) {
        return line_is_ascii_space(at[0]);
    }
    /* U+0085, U+00A0; U+1680; U+2000 to U+205F; U+3000: no others begin with other bytes. */
    if (at[0] == 0xC2 || (at[0] >= 0xE1 && at[0] <= 0xE3)) {
        line_char c = line_char_at(at);

        return (tamis_char_class(c.code_point) & TAMIS_CHAR_SPACE) != 0 ? c.size : 0;
    }
    return 0;
}

/* Python's strip, with the quick way out for what needs none. */
static inline tamis_slice line_strip(tamis_slice line)
{
    while (line.size > 0 && line.data[0] < 0x80 && line_is_ascii_space(line.data[0])) {
        line.data++;
        line.size--;
    }
    while (line.size > 0 && line_is_ascii_space(line.data[line.size - 1])) {
        line.size--;
    }
    if (line.size > 0 && (line.data[0] >= 0x80 || line.data[line.size - 1] >= 0x80)) {
        return tamis_text_strip(line);
    }
    return line;
}

static inline bool line_ends_with(tamis_slice line, const char *end, size_t size)
{
    return line.size >= size && memcmp(line.data + line.size - size, end, size) == 0;
}

/* Words between white space, counted no further than `enough`. */
size_t line_words(tamis_slice line, size_t enough);
/* Whether a word has more than `max` code points. */
bool line_has_long_word(tamis_slice line, size_t max);
/* Words as fastText cuts them (ASCII white space and U+0000) that begin with a letter or number. */
size_t line_fasttext_words(tamis_slice text);
/* The first citation at or behind `from`: its place, and its end; false: none. */
bool line_citation(tamis_slice text, size_t from, size_t *out_begin, size_t *out_end);
/* Whether the line is a counter ("3 likes"). `scratch` is for the lower-cased line. TAMIS_ENOMEM.
 */
TAMIS_MUST_USE
tamis_status line_is_counter(tamis_slice line, tamis_buf *scratch, bool *out_is);
/* Length of the pattern (lower case ASCII) at the start of `text` without regard to case, as
 * Python's re.IGNORECASE; 0: it is not there. '\1' in the pattern is any character but a newline.
 */
size_t line_match_folded(tamis_slice text, const char *pattern);

#endif
