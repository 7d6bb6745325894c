/* SPDX-License-Identifier: Apache-2.0 */
/* corpus.h - the texts of some inputs one after the other, for commands that learn from them.
 *
 * Inputs are found and read as `tamis run` does; texts come in the order of the plan.
 *
 * Threads: one.
 */
#ifndef TAMIS_CORPUS_H
#define TAMIS_CORPUS_H

#include "tamis/reader.h"

typedef struct tamis_corpus tamis_corpus;

typedef struct tamis_corpus_facts {
    uint64_t texts;
    uint64_t set_aside;  /* records that could not be read, and inputs */
    uint64_t read_bytes; /* stored, so far */
    uint64_t stored_bytes;
} tamis_corpus_facts;

/* TAMIS_EARG: nothing matched, or the name of the field is too long. */
TAMIS_MUST_USE
tamis_status tamis_corpus_open(const char *const *paths, size_t path_count, const char *text_field,
                               tamis_corpus **out_corpus, tamis_err *err);
void tamis_corpus_close(tamis_corpus *corpus); /* NULL is allowed */
/* The next text, valid until the next call; TAMIS_END behind the last. */
TAMIS_MUST_USE
tamis_status tamis_corpus_next(tamis_corpus *corpus, tamis_slice *out_text, tamis_err *err);
/* From the first text on again; the facts begin anew. */
void tamis_corpus_rewind(tamis_corpus *corpus);
tamis_corpus_facts tamis_corpus_look(const tamis_corpus *corpus);

#endif
