/* SPDX-License-Identifier: Apache-2.0 */
/* Delete ASCII punctuation, lower-case, strip, make one space of each run of white space, NFD.
 * White space bounds what lower-casing (the final sigma) and NFD look at, so the text is made word
 * by word, and a line's normalized form is its part of the text's. ASCII goes through a table byte
 * by byte; a word with other characters is gathered first. */
#include "normal.h"

#include <stdlib.h>
#include <string.h>

#include "tamis/nfd.h"
#include "tamis/utf8.h"
#include "tamis/words.h"

enum { KEEP, DROP, SPACE, BEYOND };

static tamis_status reserve(tamis_normal *normal, size_t size, tamis_err *err);
static void close_word(tamis_normal *normal, size_t begin, size_t chars);
static tamis_status take_word(tamis_normal *normal, tamis_slice text, size_t *at, size_t begin,
                              size_t *out_chars);

void tamis_normal_init(tamis_normal *normal)
{
    *normal = (tamis_normal){0};
    tamis_buf_init(&normal->text, 0);
    tamis_buf_init(&normal->piece, 0);
    tamis_buf_init(&normal->lowered, 0);
    tamis_buf_init(&normal->points, 0);
    for (uint32_t byte = 0; byte < 256; byte++) {
        bool is_upper = byte >= 'A' && byte <= 'Z';
        bool is_lower = byte >= 'a' && byte <= 'z';
        bool is_digit = byte >= '0' && byte <= '9';
        bool is_mark = byte > 0x20 && byte < 0x7F && !is_upper && !is_lower && !is_digit;

        normal->byte[byte] = (uint8_t)(is_upper ? byte | 0x20 : byte);
        normal->kind[byte] = byte >= 0x80 ? BEYOND : is_mark ? DROP : KEEP;
        if (byte < 0x80 && (tamis_char_class(byte) & TAMIS_CHAR_SPACE) != 0) {
            normal->kind[byte] = SPACE;
        }
    }
}

void tamis_normal_fini(tamis_normal *normal)
{
    tamis_buf_fini(&normal->text);
    tamis_buf_fini(&normal->piece);
    tamis_buf_fini(&normal->lowered);
    tamis_buf_fini(&normal->points);
    free(normal->begin.data);
    free(normal->end.data);
    free(normal->chars.data);
    *normal = (tamis_normal){0};
}

tamis_status tamis_normal_set(tamis_normal *normal, tamis_slice text, tamis_err *err)
{
    tamis_status status = reserve(normal, text.size, err);
    size_t begin = 0; /* of the word at hand, in normal->text */
    size_t end = 0;

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < text.size;) {
        uint8_t kind = normal->kind[text.data[i]];
        size_t chars = 0;

        if (kind <= DROP) {
            normal->text.data[end] = normal->byte[text.data[i]];
            end += kind == KEEP;
            i++;
            continue;
        }
        normal->text.size = end;
        chars = end - begin;
        if (kind == BEYOND) {
            status = take_word(normal, text, &i, begin, &chars);
            if (status != TAMIS_OK) {
                return tamis_err_set(err, status, "normalizing a word failed");
            }
        } else {
            i++;
        }
        if (normal->text.size > begin) {
            close_word(normal, begin, chars);
        }
        begin = normal->text.size;
        end = begin;
    }
    if (end > begin) {
        normal->text.size = end;
        close_word(normal, begin, end - begin);
    }
    return TAMIS_OK;
}

/* Writing ASCII needs no checks when there is room for the text and a space more; words that grow
 * take more room themselves. */
static tamis_status reserve(tamis_normal *normal, size_t size, tamis_err *err)
{
    size_t words = size / 2 + 2;
    tamis_status status = TAMIS_OK;

    normal->count = 0;
    normal->chars_sum = 0;
    tamis_buf_reset(&normal->text);
    status = tamis_buf_reserve(&normal->text, size + 2);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "normalized text");
    }
    TAMIS_GROW(&normal->begin, words, status, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&normal->end, words, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&normal->chars, words, status, err);
    }
    return status;
}

/* text.size is the word's end; there is room for the space behind it. */
static void close_word(tamis_normal *normal, size_t begin, size_t chars)
{
    normal->begin.data[normal->count] = (uint32_t)begin;
    normal->end.data[normal->count] = (uint32_t)normal->text.size;
    normal->chars.data[normal->count] = (uint32_t)chars;
    normal->chars_sum += chars;
    normal->count += 1;
    normal->text.data[normal->text.size++] = ' ';
}

/* The rest of a word from its first character that is not ASCII on, until white space: *at moves
 * behind that. What is written of the word already stands from `begin` on, lower-cased. */
static tamis_status take_word(tamis_normal *normal, tamis_slice text, size_t *at, size_t begin,
                              size_t *out_chars)
{
    tamis_buf *piece = &normal->piece;
    tamis_status status = TAMIS_OK;
    size_t i = *at;

    tamis_buf_reset(piece);
    tamis_buf_reset(&normal->lowered);
    status = tamis_buf_append(piece, normal->text.data + begin, normal->text.size - begin);
    normal->text.size = begin;
    while (i < text.size && status == TAMIS_OK) {
        uint32_t point = 0;
        size_t size = tamis_utf8_decode(text.data + i, &point);
        bool is_space = (tamis_char_class(point) & TAMIS_CHAR_SPACE) != 0;

        if (!is_space && normal->kind[text.data[i]] != DROP) {
            status = tamis_buf_append(piece, text.data + i, size);
        }
        i += size;
        if (is_space) {
            break;
        }
    }
    *at = i;
    if (status == TAMIS_OK) {
        status = tamis_text_lower(tamis_buf_slice(piece), &normal->lowered);
    }
    if (status == TAMIS_OK) {
        status = tamis_nfd(tamis_buf_slice(&normal->lowered), &normal->points, &normal->text);
    }
    if (status == TAMIS_OK) {
        *out_chars =
            tamis_text_chars(tamis_slice_of(normal->text.data + begin, normal->text.size - begin));
        status = tamis_buf_reserve(&normal->text, text.size - i + 2);
    }
    return status;
}
