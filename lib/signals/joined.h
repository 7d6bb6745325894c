/* SPDX-License-Identifier: Apache-2.0 */
/* joined.h - datatrove's duplicated n-grams: runs of n words joined by nothing.
 *
 * From the first word on: a run whose joined text was seen adds its characters and is skipped
 * whole, another is remembered and one word further on the next is tried. Runs of different words
 * may join to the same text ("ab c", "a bc"), so neither word numbers nor shorter runs decide;
 * texts do.
 *
 * The words are written one behind the other. Equal runs agree in their first PREFIX bytes, or are
 * shorter than that: only words where that many bytes occur a second time, and the few short runs,
 * can matter. In ordinary text that leaves one word in fifteen, and one pass with a bitmap finds
 * them.
 *
 * Runs are compared by 64-bit hashes of their joined text and its length: see signals.h.
 *
 * Pure.
 * Memory:  grows with the longest text seen.
 * Threads: one object a thread.
 */
#ifndef TAMIS_SIGNALS_JOINED_H
#define TAMIS_SIGNALS_JOINED_H

#include "numbers.h"
#include "tamis/slice.h"

#define TAMIS_JOINED_ORDER_MIN 5
#define TAMIS_JOINED_ORDER_MAX 10

typedef struct tamis_joined_space {
    tamis_numbers numbers;
    TAMIS_ARRAY(uint8_t) stream;   /* the words without anything between */
    TAMIS_ARRAY(uint32_t) offsets; /* of word i in the stream; one more at the end */
    TAMIS_ARRAY(uint32_t) bits;    /* of word i in the bitmap */
    TAMIS_ARRAY(uint64_t) bitmap;
    TAMIS_ARRAY(uint32_t) suspects; /* words where a repeated run may begin, ascending */
} tamis_joined_space;

void tamis_joined_space_fini(tamis_joined_space *space);

/* Makes room for `count` words of `bytes` bytes together. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_joined_begin(tamis_joined_space *space, size_t count, size_t bytes,
                                tamis_err *err);

/* For words already written to the stream: out_chars[n] for n = 5 .. 10 are the characters of
 * duplicated runs; chars are those of each word. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_joined_count(tamis_joined_space *space, const uint32_t *chars, size_t count,
                                uint64_t out_chars[TAMIS_JOINED_ORDER_MAX + 1], tamis_err *err);

#endif
