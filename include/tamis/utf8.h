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
size_t tamis_utf8_encode(uint32_t code_point, uint8_t out_bytes[4]);

/* Decodes one code point of well-formed UTF-8; returns its length. */
size_t tamis_utf8_decode(const uint8_t *bytes, uint32_t *out_code_point);

#endif
