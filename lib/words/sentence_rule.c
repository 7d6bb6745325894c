/* SPDX-License-Identifier: Apache-2.0 */
/* Only what ends a sentence is looked at: a separator of paragraphs or a terminator; what lies
 * between is passed over eight bytes at a time. The look-ahead of SB8 stops at the next terminator
 * or letter, so that all of it together is linear. */
#include "sentence_rule.h"

#include <string.h>

#include "sentence_tables.h"
#include "tamis/bytes.h"
#include "tamis/utf8.h"

#define EVERY_BYTE UINT64_C(0x0101010101010101)
#define TOP_BITS   UINT64_C(0x8080808080808080)
#define WORD_BYTES 8u

static bool is_terminator(tamis_sentence_class class)
{
    return class == TAMIS_SB_ATERM || class == TAMIS_SB_STERM;
}

static bool is_cased(tamis_sentence_class class)
{
    return class == TAMIS_SB_UPPER || class == TAMIS_SB_LOWER;
}

/* The class of the character at `at`; *out_next is behind it. */
static tamis_sentence_class class_at(tamis_slice text, size_t at, size_t *out_next)
{
    uint32_t c = text.data[at];
    size_t length = 1;

    if (c >= 0x80) {
        length = tamis_utf8_decode(text.data + at, &c);
    }
    *out_next = at + length;
    return tamis_sentence_class_of(c);
}

/* SB5: what extends a character belongs to it. */
static size_t skip_extend(tamis_slice text, size_t at)
{
    size_t next = at;

    while (at < text.size && class_at(text, at, &next) == TAMIS_SB_EXTEND) {
        at = next;
    }
    return at;
}

/* Behind the characters of one class from `at`, with what extends them. */
static size_t skip_class(tamis_slice text, size_t at, tamis_sentence_class class)
{
    size_t next = at;

    while (at < text.size && class_at(text, at, &next) == class) {
        at = skip_extend(text, next);
    }
    return at;
}

static size_t begin_before(tamis_slice text, size_t at)
{
    do {
        at--;
    } while ((text.data[at] & 0xC0) == 0x80);
    return at;
}

/* The class of the character before `at`, apart from what extends it; OTHER where there is none. */
static tamis_sentence_class class_before(tamis_slice text, size_t at)
{
    while (at > 0) {
        size_t next = 0;
        tamis_sentence_class class = TAMIS_SB_OTHER;

        at = begin_before(text, at);
        class = class_at(text, at, &next);
        if (class != TAMIS_SB_EXTEND) {
            return class;
        }
    }
    return TAMIS_SB_OTHER;
}

/* Not 0: one of the bytes may be zero; exact for the lowest such byte. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - EVERY_BYTE) & ~word & TOP_BITS;
}

/* The first byte from `at` that is '.', '!', '?' or no ASCII; the text's size: none. */
static size_t next_candidate(tamis_slice text, size_t at)
{
    while (at < text.size) {
        uint64_t word = tamis_get64le(text.data + at);
        uint64_t found = (word & TOP_BITS) | zero_bytes(word ^ EVERY_BYTE * '.') |
                         zero_bytes(word ^ EVERY_BYTE * '!') | zero_bytes(word ^ EVERY_BYTE * '?');

        if (found != 0) {
            at += (size_t)__builtin_ctzll(found) / WORD_BYTES;
            break;
        }
        at += WORD_BYTES;
    }
    return at < text.size ? at : text.size;
}

/* SB8: whether a lower-case letter comes before any other letter, separator or terminator. */
static bool is_lower_ahead(tamis_slice text, size_t at)
{
    while (at < text.size) {
        size_t next = 0;
        const tamis_sentence_class class = class_at(text, at, &next);

        switch (class) {
        case TAMIS_SB_LOWER:
            return true;
        case TAMIS_SB_OLETTER:
        case TAMIS_SB_UPPER:
        case TAMIS_SB_SEP:
        case TAMIS_SB_ATERM:
        case TAMIS_SB_STERM:
            return false;
        case TAMIS_SB_OTHER:
        case TAMIS_SB_EXTEND:
        case TAMIS_SB_SP:
        case TAMIS_SB_NUMERIC:
        case TAMIS_SB_SCONTINUE:
        case TAMIS_SB_CLOSE:
            break;
        }
        at = next;
    }
    return false;
}

/* SB6 to SB11 for the terminator from `at` to `*next`: whether a sentence ends, and at *next; else
 * the search goes on from there. */
static bool ends_behind(tamis_slice text, size_t at, tamis_sentence_class terminator, size_t *next)
{
    size_t end = skip_extend(text, *next);
    size_t behind = end;
    tamis_sentence_class class = TAMIS_SB_OTHER;

    *next = end;
    if (end < text.size && terminator == TAMIS_SB_ATERM) {
        class = class_at(text, end, &behind);
        if (class == TAMIS_SB_NUMERIC ||
            (class == TAMIS_SB_UPPER && is_cased(class_before(text, at)))) {
            return false;
        }
    }
    end = skip_class(text, end, TAMIS_SB_CLOSE);
    end = skip_class(text, end, TAMIS_SB_SP);
    *next = end;
    if (end == text.size) {
        return true;
    }
    class = class_at(text, end, &behind);
    if (class == TAMIS_SB_SEP) {
        *next = behind;
        return true;
    }
    return class != TAMIS_SB_SCONTINUE && !is_terminator(class) &&
           !(terminator == TAMIS_SB_ATERM && is_lower_ahead(text, end));
}

/* The next end of a sentence behind `at`, abbreviations not regarded; the text's size at last. */
static size_t next_end(tamis_slice text, size_t at)
{
    while ((at = next_candidate(text, at)) < text.size) {
        size_t next = 0;
        const tamis_sentence_class class = class_at(text, at, &next);

        if (class == TAMIS_SB_SEP ||
            (is_terminator(class) && ends_behind(text, at, class, &next))) {
            return next;
        }
        at = next;
    }
    return text.size;
}

/* Whether one that has a period inside stands at `at`, and none that begins alike and goes on. */
static bool is_across(tamis_slice text, size_t at)
{
    for (size_t i = 0; i < tamis_abbreviation_across_count; i++) {
        const tamis_abbreviation *one = &tamis_abbreviations_across[i];

        if (text.size - at >= one->size && memcmp(text.data + at, one->text, one->size) == 0) {
            return !one->has_extension || at + one->size == text.size;
        }
    }
    return false;
}

/* Whether the break at `end` follows an abbreviation; ICU passes over one space. */
static bool is_abbreviation(tamis_slice text, size_t end)
{
    const uint8_t last = text.data[end - 1];
    size_t first = 0;

    end -= last == ' ' || last == '\n' || last == '\r' ? 1 : 0;
    if (end < 2 || text.data[end - 1] != '.') {
        return false;
    }
    first = text.data[end - 2] == 0 ? 0 : tamis_abbreviation_ends[text.data[end - 2] - 1];
    for (size_t i = first; i < tamis_abbreviation_ends[text.data[end - 2]]; i++) {
        const tamis_abbreviation *one = &tamis_abbreviations_before[i];

        if (end >= one->size && memcmp(text.data + end - one->size, one->text, one->size) == 0) {
            return !one->is_begin || is_across(text, end - one->size);
        }
    }
    return false;
}

tamis_status tamis_sentence_ends(tamis_slice text, tamis_buf *ends)
{
    tamis_status status = TAMIS_OK;

    for (size_t end = 0; end < text.size && status == TAMIS_OK;) {
        end = next_end(text, end);
        if (end == text.size || !is_abbreviation(text, end)) {
            const uint32_t offset = (uint32_t)end;

            status = tamis_buf_append(ends, &offset, sizeof(offset));
        }
    }
    return status;
}
