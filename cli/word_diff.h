/* SPDX-License-Identifier: Apache-2.0 */
/* word_diff.h - what differs between two texts, word by word, around their first differences.
 *
 * Words are runs of letters, digits and the like; of scripts written without spaces each character;
 * every sign by itself; any white space equals any other. Equal heads are passed over; behind them
 * Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", Algorithmica 1,
 * 1986) works on the next WORDS_MAX words of both.
 *
 * Pure. Memory: at most about 20 MiB while it works.
 * Threads: reentrant.
 */
#ifndef TAMIS_WORD_DIFF_H
#define TAMIS_WORD_DIFF_H

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_DIFF_WORDS_MAX 1500

typedef enum tamis_diff_kind {
    TAMIS_DIFF_EQUAL,   /* `text` is that of a */
    TAMIS_DIFF_REMOVED, /* in a alone */
    TAMIS_DIFF_ADDED    /* in b alone */
} tamis_diff_kind;

typedef struct tamis_diff_run {
    tamis_diff_kind kind;
    tamis_slice text; /* borrows from a or b */
} tamis_diff_run;

typedef struct tamis_diff {
    tamis_diff_run *runs; /* neighbors differ in kind; the first is the equal head, if any */
    size_t count;
    bool is_cut; /* words behind the window were not compared */
} tamis_diff;

/* Texts are well-formed UTF-8. TAMIS_ENOMEM. The caller calls tamis_diff_free. */
TAMIS_MUST_USE
tamis_status tamis_diff_make(tamis_slice a, tamis_slice b, tamis_diff *out_diff);
void tamis_diff_free(tamis_diff *diff);

#endif
