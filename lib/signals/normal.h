/* SPDX-License-Identifier: Apache-2.0 */
/* normal.h - the normalized text of RedPajama-V2: no ASCII punctuation, lower case, NFD, one space
 * between words.
 *
 * Memory:  grows with the longest text seen.
 * Threads: one object a thread.
 */
#ifndef TAMIS_SIGNALS_NORMAL_H
#define TAMIS_SIGNALS_NORMAL_H

#include "grow.h"
#include "tamis/buf.h"

typedef struct tamis_normal {
    tamis_buf text;              /* a space behind each word */
    TAMIS_ARRAY(uint32_t) begin; /* of words in it */
    TAMIS_ARRAY(uint32_t) end;
    TAMIS_ARRAY(uint32_t) chars;
    size_t count;
    size_t chars_sum;  /* of words; spaces between them are count - 1 more */
    uint8_t kind[256]; /* of a byte, and what it becomes: see normal.c */
    uint8_t byte[256];
    tamis_buf piece; /* one word on its way */
    tamis_buf lowered;
    tamis_buf points;
} tamis_normal;

void tamis_normal_init(tamis_normal *normal);
void tamis_normal_fini(tamis_normal *normal);

/* Normalizes another text, with TAMIS_BUF_SLACK readable bytes behind it. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_normal_set(tamis_normal *normal, tamis_slice text, tamis_err *err);

/* Code points of the normalized text. */
static inline size_t tamis_normal_chars(const tamis_normal *normal)
{
    return normal->count == 0 ? 0 : normal->chars_sum + normal->count - 1;
}

#endif
