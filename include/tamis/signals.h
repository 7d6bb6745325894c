/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - every quality signal by name, and the engine that computes those of statistics.
 *
 * A signal is one number of a text. The registry lists all of them (docs/SIGNALS.md is made from
 * it); files name signals by name, never by index. A value that the definition leaves open (nothing
 * to divide by, no list given) is NAN, which stands for null.
 *
 * The engine computes the signals that are wanted, by family; what families share (words, hashes,
 * tables of n-grams) is computed once a text. It may be asked several times about one text, cheap
 * signals first, so that a caller can stop at the first rule that fails.
 *
 * Words are compared by 64-bit hashes (words up to 7 bytes are their own hash: exact), n-grams by
 * pairs of the numbers of their parts: exact, given the words. Two different words of a text of w
 * distinct words fall together with probability below w^2 / 2^65: 2^-33 for 65,536 words, 2^-25 for
 * a million. The hash has no secret; a text made to collide spoils only its own values.
 *
 * Pure:    no I/O, no clock; the same text gives the same bits on every machine.
 * Memory:  an engine keeps its arrays, which grow with the longest text seen.
 * Threads: the registry and word sets are immutable; an engine belongs to one thread.
 */
#ifndef TAMIS_SIGNALS_H
#define TAMIS_SIGNALS_H

#include <math.h>

#include "tamis/slice.h"
#include "tamis/status.h"

typedef struct tamis_text_view tamis_text_view; /* tamis/words.h */

/* What is computed together; in the order of cost. */
typedef enum tamis_signal_family {
    TAMIS_FAMILY_LENGTHS,              /* characters, bytes, lines */
    TAMIS_FAMILY_DATATROVE_LINES,      /* datatrove, FineWeb: rules on lines */
    TAMIS_FAMILY_DATATROVE_WS,         /* Gopher quality over words of `ws` */
    TAMIS_FAMILY_DATATROVE_UAX29,      /* ... of `uax29` without white space */
    TAMIS_FAMILY_DATATROVE_TREEBANK,   /* ... of `treebank` */
    TAMIS_FAMILY_DATATROVE_SENTENCES,  /* ... of `treebank-sentences` */
    TAMIS_FAMILY_DOLMA,                /* dolma gopher_v1/v2 without n-grams */
    TAMIS_FAMILY_DOLMA_C4,             /* dolma c4_v1/v2 and the length taggers */
    TAMIS_FAMILY_DCLM,                 /* DCLM's content filters */
    TAMIS_FAMILY_DCLM_LINES,           /* DCLM's repetition of lines and paragraphs */
    TAMIS_FAMILY_RPV2,                 /* RedPajama-V2 without n-grams */
    TAMIS_FAMILY_RPV2_LINES,           /* RedPajama-V2, one value a line */
    TAMIS_FAMILY_BIGSCIENCE,           /* BigScience ROOTS */
    TAMIS_FAMILY_DATA_JUICER,          /* data-juicer */
    TAMIS_FAMILY_DATATROVE_DUPLICATES, /* repeated lines and paragraphs */
    TAMIS_FAMILY_WS_NGRAMS,            /* repetition over `ws`: Gopher (mask), dolma */
    TAMIS_FAMILY_DATATROVE_WS_NGRAMS,  /* datatrove's repetition over `ws` */
    TAMIS_FAMILY_DATATROVE_UAX29_NGRAMS,
    TAMIS_FAMILY_DATATROVE_TREEBANK_NGRAMS,
    TAMIS_FAMILY_DATATROVE_SENTENCES_NGRAMS,
    TAMIS_FAMILY_DCLM_NGRAMS,
    TAMIS_FAMILY_RPV2_NGRAMS,
    TAMIS_FAMILY_SENTENCES, /* counts of sentences by ICU: slow */
    TAMIS_FAMILY_MODEL,     /* filled in by lib/quality: language, perplexity, classifier, lists */
    TAMIS_FAMILY_COUNT
} tamis_signal_family;

/* "lengths", "datatrove-lines", ... */
const char *tamis_signal_family_name(tamis_signal_family family);

typedef struct tamis_signal {
    const char *name;
    tamis_signal_family family;
    bool is_line;            /* one value a line: tamis_signals_lines(); no value of the document */
    const char *definition;  /* of one value, in words */
    const char *denominator; /* "-": not a ratio */
    const char *null_when;   /* "-": never */
    const char *profiles;    /* that use it */
    const char *source;      /* whose definition */
} tamis_signal;

size_t tamis_signal_count(void);
/* index < tamis_signal_count() (asserted). */
const tamis_signal *tamis_signal_get(size_t index);
bool tamis_signal_find(const char *name, size_t *out_index);
/* The name nearest to `name`, or NULL. */
const char *tamis_signal_suggest(const char *name);

/* A set of signals: bit index % 64 of word index / 64. */
#define TAMIS_SIGNALS_MAX  512
#define TAMIS_SIGNAL_WORDS (TAMIS_SIGNALS_MAX / 64)

static inline void tamis_signal_bits_set(uint64_t bits[TAMIS_SIGNAL_WORDS], size_t index)
{
    bits[index / 64] |= 1ull << (index % 64);
}

static inline bool tamis_signal_bits_has(const uint64_t bits[TAMIS_SIGNAL_WORDS], size_t index)
{
    return (bits[index / 64] >> (index % 64) & 1) != 0;
}

/* Adds all signals of a family. */
void tamis_signal_bits_add_family(uint64_t bits[TAMIS_SIGNAL_WORDS], tamis_signal_family family);

/* A set of words, or of phrases of words with one space between. */
typedef struct tamis_word_set tamis_word_set;

/* Copies the words; repeated ones count once, empty ones are left out. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_word_set_create(const tamis_slice *words, size_t count, tamis_word_set **out_set,
                                   tamis_err *err);
void tamis_word_set_destroy(tamis_word_set *set); /* NULL is allowed */
bool tamis_word_set_has(const tamis_word_set *set, tamis_slice word);
size_t tamis_word_set_count(const tamis_word_set *set);

/* Lists that signals depend on; borrowed as long as the engine lives. */
typedef struct tamis_signal_lists {
    /* Words that Gopher's stop word rule counts; NULL: the be to of and that have with. */
    const tamis_word_set *gopher_stop_words;
    /* rps_doc_stop_word_fraction and the like; NULL: these are null. */
    const tamis_word_set *stop_words;
    /* rps_doc_ldnoobw_words and the like; NULL: these are null. */
    const tamis_word_set *flagged_words;
} tamis_signal_lists;

typedef struct tamis_signals tamis_signals;

/* lists may be NULL, which is all NULL. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_signals_create(const tamis_signal_lists *lists, tamis_signals **out_engine,
                                  tamis_err *err);
void tamis_signals_destroy(tamis_signals *engine); /* NULL is allowed */

/* Turns to the text of the view, which stays set until the next call. Costs next to nothing. */
void tamis_signals_begin(tamis_signals *engine, tamis_text_view *view);

/* Writes values[index] of each wanted signal, and of no other: NAN for null, for line signals and
 * for the family MODEL. What earlier calls for this text computed is not computed again.
 * TAMIS_ENOMEM, and what the view returns. */
TAMIS_MUST_USE
tamis_status tamis_signals_compute(tamis_signals *engine, const uint64_t wanted[TAMIS_SIGNAL_WORDS],
                                   double *values, tamis_err *err);

/* One value of a line signal; characters are code points. */
typedef struct tamis_signal_row {
    uint32_t begin;
    uint32_t end;
    uint32_t begin_char;
    uint32_t end_char;
    double score; /* NAN: null */
} tamis_signal_row;

/* The rows of a line signal (asserted), in order of lines; they live until the next call. Errors as
 * of _compute. */
TAMIS_MUST_USE
tamis_status tamis_signals_lines(tamis_signals *engine, size_t index,
                                 const tamis_signal_row **out_rows, size_t *out_count,
                                 tamis_err *err);

#endif
