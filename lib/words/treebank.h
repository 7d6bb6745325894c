/* SPDX-License-Identifier: Apache-2.0 */
/* treebank.h - words by the rules of the Penn Treebank (docs/FORMATS.md).
 *
 * Pure. Memory: the caller's tamis_treebank keeps what pieces need. Threads: one object a thread.
 */
#ifndef TAMIS_WORDS_TREEBANK_H
#define TAMIS_WORDS_TREEBANK_H

#include "view.h"

/* A word of white-space splitting; places in the view's text. */
#define TAMIS_TREEBANK_WORD_MAX 64u
typedef struct tamis_treebank_word {
    size_t from; /* the text that the rules see */
    size_t to;
    size_t begin; /* not empty, no white space inside */
    size_t end;
    size_t period;        /* the final period, no period before it; SIZE_MAX: not in this word */
    const uint8_t *flags; /* of the whole word; NULL: unknown */
} tamis_treebank_word;

/* Appends the words of one word, for which the store has room, TAMIS_TREEBANK_WORD_MAX of them.
 * False: nothing is appended, since it is longer than that or needs the rules one by one. */
bool tamis_treebank_split_word(const tamis_text_view *view, const tamis_treebank_word *word,
                               tamis_word_store *store);

/* Appends the words of bytes from..to of the view's text. words: those of white-space splitting of
 * the whole text; *next_word: the first that ends behind `from`, which becomes the first that ends
 * behind `to`. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_treebank_split(tamis_text_view *view, const tamis_words *words, size_t from,
                                  size_t to, size_t *next_word, tamis_word_store *store);

/* The same for the whole text, which goes through the rules as one piece, as the definition has it:
 * slow, for tests. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_treebank_split_whole(tamis_text_view *view, tamis_word_store *store);

#endif
