/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - the inside of the engine: what families share about one text.
 *
 * A family is one function that sets all values of its signals. What two of them need (words with
 * hashes, counts of repeated runs, counts of characters) is made by the first and kept until the
 * next text.
 *
 * Threads: one object a thread.
 */
#ifndef TAMIS_SIGNALS_ENGINE_H
#define TAMIS_SIGNALS_ENGINE_H

#include "joined.h"
#include "ngrams.h"
#include "normal.h"
#include "tamis/signals.h"
#include "tamis/words.h"

enum {
#define X(name, family, is_line, definition, denominator, null_when, profiles, source) SIG_##name,
#include "signal_table.h"
#undef X
    SIG_COUNT
};

/* Words of one splitter, or the normalized words of RedPajama-V2. */
typedef struct tamis_split {
    bool has_words;
    bool has_hashes;
    uint32_t order_max; /* of grams; 0: not counted yet */
    tamis_slice text;   /* that the words are parts of */
    tamis_words words;
    TAMIS_ARRAY(uint64_t) hashes;
    tamis_ngrams grams;
} tamis_split;

/* Occurrences in the text; the longer ones do not overlap. */
typedef struct tamis_marks {
    size_t hashes;      /* # */
    size_t dots;        /* ... */
    size_t spaced_dots; /* . . . */
    size_t ellipses;    /* U+2026 */
    size_t opening;     /* { */
    size_t closing;     /* } */
    size_t newlines;
} tamis_marks;

struct tamis_signals {
    tamis_signal_lists lists;
    tamis_word_set *own_stop_words;
    tamis_text_view *view;
    tamis_slice text;
    uint64_t done[TAMIS_SIGNAL_WORDS]; /* bit: signal */
    bool has_marks;
    tamis_marks marks;
    tamis_split splits[TAMIS_SPLITTER_COUNT];
    tamis_split normal_split;
    tamis_split special_split;      /* BigScience's words: hashes only */
    TAMIS_ARRAY(uint32_t) no_chars; /* of them: zeros */
    tamis_normal normal;
    tamis_normal line_normal; /* of one line */
    tamis_ngram_space ngram_space;
    tamis_joined_space joined_space;
    tamis_numbers numbers; /* of lines, paragraphs, stop words */
    TAMIS_ARRAY(uint32_t) sizes;
    TAMIS_ARRAY(uint64_t) keys;
    TAMIS_ARRAY(uint64_t) filter;
    size_t filter_words; /* of one of two bitmaps in it */
    TAMIS_ARRAY(tamis_signal_row) rows;
    TAMIS_ARRAY(uint32_t) kept_places; /* words of `uax29` that are no white space */
    TAMIS_ARRAY(uint8_t) kept_flags;
    tamis_buf lowered;
    bool is_special[128];                /* of ASCII: see bigscience.c */
    uint8_t regex_classes[256];          /* of ASCII: see dolma.c */
    uint64_t wanted;                     /* bit: family asked for now */
    uint64_t needed[TAMIS_SIGNAL_WORDS]; /* of the family that is run */
    uint64_t family_bits[TAMIS_FAMILY_COUNT][TAMIS_SIGNAL_WORDS];
    double values[SIG_COUNT];
};

/* count / total, or NAN. Both are below 2^53: the quotient is the correctly rounded one. */
static inline double tamis_ratio(uint64_t count, uint64_t total)
{
    return total == 0 ? (double)NAN : (double)count / (double)total;
}

/* The same, or 0. */
static inline double tamis_share(uint64_t count, uint64_t total)
{
    return total == 0 ? 0.0 : (double)count / (double)total;
}

/* Whether the family that is run has to give one of the signals first .. last: families of which
 * profiles use a part compute no more than that (see is_in_parts of engine.c). */
static inline bool tamis_engine_needs(const tamis_signals *engine, size_t first, size_t last)
{
    bool needs = false;

    for (size_t i = first; i <= last; i++) {
        needs |= tamis_signal_bits_has(engine->needed, i);
    }
    return needs;
}

/* Each makes what it names, once a text. TAMIS_ENOMEM, and what the view returns. */
TAMIS_MUST_USE
tamis_status tamis_engine_marks(tamis_signals *engine, const tamis_marks **out_marks,
                                tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_engine_words(tamis_signals *engine, tamis_splitter splitter,
                                tamis_split **out_split, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_engine_hashes(tamis_signals *engine, tamis_splitter splitter,
                                 tamis_split **out_split, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_engine_grams(tamis_signals *engine, tamis_split *split, uint32_t order_max,
                                tamis_err *err);

/* Words of `uax29` are those that are not white space. */
TAMIS_MUST_USE
tamis_status tamis_engine_drop_space(tamis_signals *engine, tamis_split *split, tamis_err *err);

/* Words that are stop words of Gopher's list, and how many different ones. */
TAMIS_MUST_USE
tamis_status tamis_engine_stop_words(tamis_signals *engine, const uint64_t *hashes, size_t count,
                                     size_t *out_occurrences, size_t *out_distinct, tamis_err *err);

/* Whether a lower-cased word is `word`, ASCII: 1 or 0. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_engine_has_lower_word(tamis_signals *engine, const tamis_split *split,
                                         const char *word, double *out_has, tamis_err *err);

/* Writes the hash of each word, lower-cased, to engine->keys; 0 for words that are longer than any
 * of the set. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_engine_lower_hashes(tamis_signals *engine, const tamis_split *split,
                                       size_t size_max, tamis_err *err);

void tamis_dolma_init(tamis_signals *engine);
void tamis_bigscience_init(tamis_signals *engine);
/* Makes engine->normal and engine->normal_split, words and hashes. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_engine_normalize(tamis_signals *engine, tamis_err *err);

/* The families. */
typedef tamis_status tamis_family_run(tamis_signals *engine, tamis_err *err);
tamis_family_run tamis_run_lengths;
tamis_family_run tamis_run_datatrove_lines;
tamis_family_run tamis_run_datatrove_ws;
tamis_family_run tamis_run_datatrove_uax29;
tamis_family_run tamis_run_datatrove_treebank;
tamis_family_run tamis_run_datatrove_sentences;
tamis_family_run tamis_run_dolma;
tamis_family_run tamis_run_dolma_c4;
tamis_family_run tamis_run_dclm;
tamis_family_run tamis_run_dclm_lines;
tamis_family_run tamis_run_rpv2;
tamis_family_run tamis_run_bigscience;
tamis_family_run tamis_run_data_juicer;
tamis_family_run tamis_run_datatrove_duplicates;
tamis_family_run tamis_run_ws_ngrams;
tamis_family_run tamis_run_datatrove_ws_ngrams;
tamis_family_run tamis_run_datatrove_uax29_ngrams;
tamis_family_run tamis_run_datatrove_treebank_ngrams;
tamis_family_run tamis_run_datatrove_sentences_ngrams;
tamis_family_run tamis_run_dclm_ngrams;
tamis_family_run tamis_run_rpv2_ngrams;
tamis_family_run tamis_run_sentences;

/* Fills engine->rows for one signal of the family RPV2_LINES. */
TAMIS_MUST_USE
tamis_status tamis_rpv2_rows(tamis_signals *engine, size_t index, size_t *out_count,
                             tamis_err *err);

#endif
