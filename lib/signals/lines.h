/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - what lines begin and end with.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_SIGNALS_LINES_H
#define TAMIS_SIGNALS_LINES_H

#include "tamis/utf8.h"
#include "tamis/words.h"

static inline tamis_slice tamis_line_of(tamis_slice text, const tamis_lines *lines, size_t index)
{
    return tamis_slice_of(text.data + lines->begin[index], lines->end[index] - lines->begin[index]);
}

/* A byte that is surely no white space nor part of one. */
static inline bool tamis_is_solid(uint8_t byte)
{
    return byte > 0x20 && byte < 0x7F;
}

static inline tamis_slice tamis_line_strip_left(tamis_slice line)
{
    return line.size == 0 || tamis_is_solid(line.data[0]) ? line : tamis_text_strip_left(line);
}

static inline tamis_slice tamis_line_strip_right(tamis_slice line)
{
    return line.size == 0 || tamis_is_solid(line.data[line.size - 1])
               ? line
               : tamis_text_strip_right(line);
}

static inline tamis_slice tamis_line_strip(tamis_slice line)
{
    return tamis_line_strip_right(tamis_line_strip_left(line));
}

static inline bool tamis_is_blank(tamis_slice line)
{
    return line.size == 0 ||
           (!tamis_is_solid(line.data[0]) && tamis_text_strip_left(line).size == 0);
}

static inline bool tamis_ends_with(tamis_slice line, const char *end, size_t size)
{
    return line.size >= size && memcmp(line.data + line.size - size, end, size) == 0;
}

/* In "..." or U+2026. */
static inline bool tamis_ends_in_ellipsis(tamis_slice line)
{
    return tamis_ends_with(line, "...", 3) || tamis_ends_with(line, "\xE2\x80\xA6", 3);
}

/* First and last code point; 0 when there is none. */
static inline uint32_t tamis_first_char(tamis_slice line)
{
    uint32_t code_point = 0;

    if (line.size != 0) {
        (void)tamis_utf8_decode(line.data, &code_point);
    }
    return code_point;
}

static inline uint32_t tamis_last_char(tamis_slice line)
{
    size_t at = line.size;
    uint32_t code_point = 0;

    if (line.size == 0) {
        return 0;
    }
    do {
        at--;
    } while ((line.data[at] & 0xC0) == 0x80);
    (void)tamis_utf8_decode(line.data + at, &code_point);
    return code_point;
}

#endif
