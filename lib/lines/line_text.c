/* SPDX-License-Identifier: Apache-2.0 */
#include "line_text.h"

#define WORD_BLOCK ((size_t)128)

size_t line_words(tamis_slice line, size_t enough)
{
    const uint8_t *at = line.data;
    const uint8_t *end = line.data + line.size;
    size_t count = 0;

    while (at < end && count < enough) {
        uint32_t space = line_space_at(at);

        if (space > 0) {
            at += space;
            continue;
        }
        count++;
        while (at < end && line_space_at(at) == 0) {
            at++; /* inside a character no byte looks like white space */
        }
    }
    return count;
}

static bool has_long_word_slow(tamis_slice line, size_t max)
{
    size_t chars = 0;

    for (size_t i = 0; i < line.size;) {
        line_char c = line_char_at(line.data + i);

        chars = line_space_at(line.data + i) > 0 ? 0 : chars + 1;
        if (chars > max) {
            return true;
        }
        i += c.size;
    }
    return false;
}

bool line_has_long_word(tamis_slice line, size_t max)
{
    size_t from = 0; /* no long word begins before */

    while (line.size - from > max) {
        size_t at = from + max + 1;

        while (at > from && !line_is_ascii_space(line.data[at - 1])) {
            at--;
        }
        if (at == from) {
            return has_long_word_slow(line, max);
        }
        from = at;
    }
    return false;
}

/* Without branches, so that compilers do many bytes at once. */
static inline uint8_t is_fasttext_space(uint8_t byte)
{
    return (uint8_t)((byte == ' ') | ((uint8_t)(byte - 9) < 5) | (byte == 0));
}

static inline uint8_t is_ascii_alnum(uint8_t byte)
{
    return (uint8_t)(((uint8_t)((byte | 0x20) - 'a') < 26) | ((uint8_t)(byte - '0') < 10));
}

/* Words that begin in [begin, end) outside ASCII; begin > 0. */
static size_t odd_words(tamis_slice text, size_t begin, size_t end)
{
    size_t count = 0;

    for (size_t i = begin; i < end; i++) {
        if (text.data[i] >= 0x80 && is_fasttext_space(text.data[i - 1])) {
            uint32_t c = line_char_at(text.data + i).code_point;

            count += (tamis_char_class(c) & TAMIS_CHAR_ALNUM) != 0;
        }
    }
    return count;
}

size_t line_fasttext_words(tamis_slice text)
{
    size_t count = 0;

    if (text.size > 0) {
        count = (tamis_char_class(line_char_at(text.data).code_point) & TAMIS_CHAR_ALNUM) != 0;
    }
    for (size_t begin = 1; begin < text.size; begin += WORD_BLOCK) {
        size_t size = text.size - begin < WORD_BLOCK ? text.size - begin : WORD_BLOCK;
        const uint8_t *at = text.data + begin;
        uint8_t found = 0; /* at most WORD_BLOCK */
        uint8_t bits = 0;

        for (size_t i = 0; i < size; i++) {
            found = (uint8_t)(found + (is_fasttext_space(text.data[begin + i - 1]) &
                                       is_ascii_alnum(at[i])));
            bits |= at[i];
        }
        count += found + (bits >= 0x80 ? odd_words(text, begin, begin + size) : 0);
    }
    return count;
}

bool line_citation(tamis_slice text, size_t from, size_t *out_begin, size_t *out_end)
{
    static const char *const words[] = {"edit]", "citation needed]"};

    while (from < text.size) {
        const uint8_t *bracket = memchr(text.data + from, '[', text.size - from);
        size_t at = 0;

        if (bracket == NULL) {
            return false;
        }
        *out_begin = (size_t)(bracket - text.data);
        at = *out_begin + 1;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            size_t size = strlen(words[i]);

            if (text.size - at >= size && memcmp(text.data + at, words[i], size) == 0) {
                *out_end = at + size;
                return true;
            }
        }
        while (at < text.size) {
            line_char c = line_char_at(text.data + at);

            if ((tamis_char_class(c.code_point) & TAMIS_CHAR_DECIMAL) == 0) {
                break;
            }
            at += c.size;
        }
        if (at < text.size && text.data[at] == ']') {
            *out_end = at + 1;
            return true;
        }
        from = *out_begin + 1;
    }
    return false;
}

static bool has_class(tamis_slice text, size_t at, uint32_t class, size_t *out_size)
{
    line_char c = {0, 0};

    if (at >= text.size) {
        return false;
    }
    c = line_char_at(text.data + at);
    *out_size = c.size;
    return (tamis_char_class(c.code_point) & class) != 0;
}

/* ^\W*\d[,.\d]*[kmb]?\s+(likes|...)\W*$ on the lower-cased line: no part can match in two ways. */
static bool is_counter(tamis_slice line)
{
    static const char *const things[] = {"likes",     "shares",    "comments",  "retweets",
                                         "reposts",   "quotes",    "bookmarks", "upvotes",
                                         "downvotes", "downloads", "views",     "followers"};
    size_t size = 0;
    size_t at = 0;
    size_t space = 0;

    while (at < line.size && !has_class(line, at, TAMIS_CHAR_WORD, &size)) {
        at += size;
    }
    if (!has_class(line, at, TAMIS_CHAR_DECIMAL, &size)) {
        return false;
    }
    while (at < line.size && (line.data[at] == ',' || line.data[at] == '.' ||
                              has_class(line, at, TAMIS_CHAR_DECIMAL, &size))) {
        at += line.data[at] == ',' || line.data[at] == '.' ? 1 : size;
    }
    if (at < line.size && (line.data[at] == 'k' || line.data[at] == 'm' || line.data[at] == 'b')) {
        at++;
    }
    for (space = at; has_class(line, at, TAMIS_CHAR_SPACE, &size); at += size) {
    }
    if (at == space) {
        return false;
    }
    for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
        size_t length = strlen(things[i]);

        if (line.size - at >= length && memcmp(line.data + at, things[i], length) == 0) {
            at += length;
            while (at < line.size && !has_class(line, at, TAMIS_CHAR_WORD, &size)) {
                at += size;
            }
            return at == line.size;
        }
    }
    return false;
}

tamis_status line_is_counter(tamis_slice line, tamis_buf *scratch, bool *out_is)
{
    tamis_status status = TAMIS_OK;
    size_t size = 0;
    size_t at = 0;

    *out_is = false;
    while (at < line.size && !has_class(line, at, TAMIS_CHAR_WORD, &size)) {
        at += size;
    }
    if (!has_class(line, at, TAMIS_CHAR_DECIMAL, &size)) {
        return TAMIS_OK;
    }
    tamis_buf_reset(scratch);
    status = tamis_text_lower(line, scratch);
    *out_is = status == TAMIS_OK && is_counter(tamis_buf_slice(scratch));
    return status;
}

/* Letters outside ASCII that equal one of ASCII when case is ignored. */
static bool is_same_folded(uint32_t code_point, uint8_t letter)
{
    if (code_point < 0x80) {
        return (code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point) == letter;
    }
    switch (letter) {
    case 'i':
        return code_point == 0x130 || code_point == 0x131;
    case 's':
        return code_point == 0x17F;
    case 'k':
        return code_point == 0x212A;
    default:
        return false;
    }
}

size_t line_match_folded(tamis_slice text, const char *pattern)
{
    size_t at = 0;

    for (; *pattern != '\0'; pattern++) {
        line_char c = {0, 0};

        if (at >= text.size) {
            return 0;
        }
        c = line_char_at(text.data + at);
        if (*pattern == '\1' ? c.code_point == '\n'
                             : !is_same_folded(c.code_point, (uint8_t)*pattern)) {
            return 0;
        }
        at += c.size;
    }
    return at;
}
