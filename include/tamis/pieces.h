/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.h - texts cut into pieces by a SentencePiece model (the only user of that library), and
 * training of such models.
 *
 * Threads: a model is immutable, any number of threads may cut with it.
 */
#ifndef TAMIS_PIECES_H
#define TAMIS_PIECES_H

#include "tamis/buf.h"
#include "tamis/hash.h"

typedef struct tamis_pieces tamis_pieces;

/* TAMIS_ENOENT and others of reading; TAMIS_EFORMAT: the file is no SentencePiece model;
 * TAMIS_ELIMIT: it is larger than TAMIS_PIECES_FILE_MAX; TAMIS_ENOMEM. */
#define TAMIS_PIECES_FILE_MAX (UINT64_C(256) << 20)
TAMIS_MUST_USE
tamis_status tamis_pieces_open(const char *path, tamis_pieces **out_pieces, tamis_err *err);
void tamis_pieces_destroy(tamis_pieces *pieces);
/* XXH3-128 of the file. */
tamis_digest tamis_pieces_digest(const tamis_pieces *pieces);
uint32_t tamis_pieces_count(const tamis_pieces *pieces);

/* Appends the pieces of the text, each followed by a space; *out_count (may be NULL) is their
 * number. TAMIS_ENOMEM, TAMIS_ELIMIT past out->max, TAMIS_EFORMAT: the library refuses the text. */
TAMIS_MUST_USE
tamis_status tamis_pieces_cut(const tamis_pieces *pieces, tamis_slice text, tamis_buf *out,
                              uint64_t *out_count, tamis_err *err);

/* ---- Training (library tamis_pieces_train) --------------------------------------------------- */

typedef struct tamis_pieces_train_options {
    uint32_t vocabulary; /* pieces; CCNet: 65536 */
    double coverage;     /* share of the characters that pieces cover; CCNet: 0.9995 */
    uint64_t lines_max;  /* of the first lines; bounds the memory */
} tamis_pieces_train_options;

/* Gives the next line; TAMIS_END behind the last; any other status ends the training with it. The
 * line is copied. */
typedef tamis_status (*tamis_pieces_line)(void *context, tamis_slice *out_line, tamis_err *err);

/* Trains a unigram model and writes it. The same lines give the same bytes. The library keeps all
 * lines in memory and takes none above 4192 bytes. TAMIS_EARG: the library refuses (too few lines
 * for so many pieces, say); err tells what it said. */
TAMIS_MUST_USE
tamis_status tamis_pieces_train(const tamis_pieces_train_options *options, tamis_pieces_line next,
                                void *context, const char *path, tamis_err *err);

#endif
