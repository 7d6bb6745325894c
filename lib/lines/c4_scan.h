/* SPDX-License-Identifier: Apache-2.0 */
/* c4_scan.h - one pass over a text for what the C4 rules look for: line breaks and phrases.
 *
 * Pure:    no I/O.
 * Memory:  the arrays of a scan grow and are kept.
 * Threads: a scan belongs to one thread.
 */
#ifndef TAMIS_C4_SCAN_H
#define TAMIS_C4_SCAN_H

#include "tamis/cpu.h"
#include "tamis/slice.h"
#include "tamis/status.h"

typedef enum c4_phrase {
    C4_LOREM = 1,
    C4_JAVASCRIPT = 2,
    C4_POLICY = 4,
    C4_ODD_LETTER = 8, /* U+212A, which lower-cases to k: the line must be lower-cased to tell */
} c4_phrase;

typedef struct c4_mark {
    uint32_t begin;
    uint32_t end;
    uint32_t phrase;
} c4_mark;

typedef struct c4_scan {
    uint32_t *breaks; /* first byte of each line break of str.splitlines; CR LF: of both */
    size_t break_count;
    size_t break_capacity;
    c4_mark *marks; /* phrases, in order of their places; ASCII case is ignored */
    size_t mark_count;
    size_t mark_capacity;
} c4_scan;

void c4_scan_fini(c4_scan *scan);

/* Scans a text with TAMIS_BUF_SLACK readable bytes behind it. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status c4_scan_text(c4_scan *scan, tamis_kernel kernel, tamis_slice text);

/* The lines of a scanned text, in order. */
typedef struct c4_lines {
    const c4_scan *scan;
    tamis_slice text;
    size_t index; /* of the next break */
    uint32_t begin;
} c4_lines;

static inline c4_lines c4_lines_of(const c4_scan *scan, tamis_slice text)
{
    return (c4_lines){.scan = scan, .text = text};
}

/* The next line without its break; false: there is none. */
bool c4_lines_next(c4_lines *lines, uint32_t *out_begin, uint32_t *out_end);

/* The phrases of a lower-cased line: bits of c4_phrase. */
unsigned c4_phrases(tamis_slice lower_line);

#endif
