/* SPDX-License-Identifier: Apache-2.0 */
/* treebank.h - words by the rules of the Penn Treebank (docs/FORMATS.md).
 *
 * Pure. Memory: the caller's tamis_treebank keeps what pieces need. Threads: one object a thread.
 */
#ifndef TAMIS_WORDS_TREEBANK_H
#define TAMIS_WORDS_TREEBANK_H

#include "view.h"

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
