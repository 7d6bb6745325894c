/* SPDX-License-Identifier: Apache-2.0 */
/* ngrams.h - which runs of n words a text repeats, for n = 2 .. 10 at once.
 *
 * Words get numbers in order of first appearance. A run of n words is the pair (run of n - 1 words
 * at i, run of n - 1 words at i + 1), and it can occur twice only where both of these do: each
 * order looks only at what the order before found repeated, which shrinks fast in ordinary text.
 * The key of a run is the pair of the two numbers: runs are equal when their keys are, without
 * hashing. All definitions of repetition but datatrove's runs joined by nothing (joined.h) follow
 * from what is kept of an order.
 *
 * Pure.
 * Memory:  grows with the most words seen.
 * Threads: one object a thread.
 */
#ifndef TAMIS_SIGNALS_NGRAMS_H
#define TAMIS_SIGNALS_NGRAMS_H

#include "numbers.h"

#define TAMIS_NGRAM_ORDER_MAX 10

/* Of one order n >= 2; top_* up to n = 4. Characters are those of the words, without anything
 * between. */
typedef struct tamis_ngram_order {
    uint32_t top_count;      /* of the most frequent run; 0: fewer than n words */
    uint32_t top_first;      /* word where the most frequent run, seen first of equals, begins */
    uint64_t top_chars;      /* of that run */
    uint64_t top_longest;    /* most characters of a most frequent run; when top_count > 1 */
    uint64_t covered_chars;  /* of words inside a run that occurs more than once */
    uint64_t repeated_chars; /* of all occurrences of such runs, overlaps again */
    uint64_t all_chars;      /* of all runs */
    uint64_t repeated_count; /* occurrences of such runs */
} tamis_ngram_order;

typedef struct tamis_ngrams {
    tamis_ngram_order orders[TAMIS_NGRAM_ORDER_MAX + 1];
    size_t count;    /* words */
    size_t distinct; /* different words */
    uint64_t chars;  /* of all words */
} tamis_ngrams;

/* What an engine works in. */
typedef struct tamis_ngram_space {
    tamis_numbers words;          /* their numbers and counts: kept until the next text */
    tamis_numbers numbers;        /* of runs of the order at hand */
    TAMIS_ARRAY(uint32_t) sums;   /* [i]: characters of the words before i */
    TAMIS_ARRAY(uint32_t) places; /* words where a repeated run begins, ascending */
    TAMIS_ARRAY(uint32_t) runs;   /* number of that run */
    TAMIS_ARRAY(uint64_t) keys;   /* of runs that may be repeated */
    TAMIS_ARRAY(uint32_t) firsts; /* by number of a run: where it is first */
} tamis_ngram_space;

void tamis_ngram_space_fini(tamis_ngram_space *space);

/* Counts the words and, from 2 on, the runs of up to order_max words. Two words are equal when
 * their hashes are; of word i chars[i] are the characters. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_ngrams_count(tamis_ngram_space *space, const uint64_t *hashes,
                                const uint32_t *chars, size_t count, uint32_t order_max,
                                tamis_ngrams *out_ngrams, tamis_err *err);

#endif
