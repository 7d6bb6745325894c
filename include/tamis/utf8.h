/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - is it UTF-8, and what to do when it is not.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_UTF8_H
#define TAMIS_UTF8_H

#include "tamis/buf.h"

/* Bytes of the longest prefix that needs no repair: well-formed UTF-8 without U+0000. At least
 * TAMIS_BUF_SLACK bytes behind the text must be readable. */
size_t tamis_utf8_valid_prefix(tamis_slice text);

/* Appends the repaired text (docs/FORMATS.md 1.1) to out. TAMIS_ELIMIT past out->max, TAMIS_ENOMEM.
 */
TAMIS_MUST_USE
tamis_status tamis_utf8_repair(tamis_slice text, tamis_buf *out);

/* Writes the code point's UTF-8 (1 to 4 bytes); returns their number. Surrogates are the caller's
 * mistake. */
static inline size_t tamis_utf8_encode(uint32_t code_point, uint8_t out_bytes[4])
{
    TAMIS_ASSERT(code_point <= 0x10FFFF);
    TAMIS_ASSERT(code_point < 0xD800 || code_point > 0xDFFF);

    if (code_point < 0x80) {
        out_bytes[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out_bytes[0] = (uint8_t)(0xC0 | code_point >> 6);
        out_bytes[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        out_bytes[0] = (uint8_t)(0xE0 | code_point >> 12);
        out_bytes[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
        out_bytes[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    out_bytes[0] = (uint8_t)(0xF0 | code_point >> 18);
    out_bytes[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3F));
    out_bytes[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
    out_bytes[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}

/* Decodes one code point of well-formed UTF-8; returns its length. */
static inline size_t tamis_utf8_decode(const uint8_t *bytes, uint32_t *out_code_point)
{
    uint32_t lead = bytes[0];

    if (lead < 0x80) {
        *out_code_point = lead;
        return 1;
    }
    if (lead < 0xE0) {
        *out_code_point = (lead & 0x1F) << 6 | (bytes[1] & 0x3Fu);
        return 2;
    }
    if (lead < 0xF0) {
        *out_code_point = (lead & 0x0F) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
        return 3;
    }
    *out_code_point = (lead & 0x07) << 18 | (bytes[1] & 0x3Fu) << 12 | (bytes[2] & 0x3Fu) << 6 |
                      (bytes[3] & 0x3Fu);
    return 4;
}

#endif
