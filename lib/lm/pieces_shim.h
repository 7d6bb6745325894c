/* SPDX-License-Identifier: Apache-2.0 */
/* pieces_shim.h - SentencePiece behind C functions. Nothing throws; results are numbers of this
 * header, which the C side turns into statuses.
 */
#ifndef TAMIS_PIECES_SHIM_H
#define TAMIS_PIECES_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SHIM_OK, SHIM_REFUSED, SHIM_NO_MEMORY, SHIM_CALLER };

typedef struct shim_pieces shim_pieces;

int shim_pieces_load(const void *bytes, size_t size, shim_pieces **out_pieces);
void shim_pieces_destroy(shim_pieces *pieces);
int shim_pieces_count(const shim_pieces *pieces);
/* `put` is called once for each piece; when it returns another number than 0, that is the end and
 * SHIM_CALLER the result. */
typedef int (*shim_put)(void *context, const char *piece, size_t size);
int shim_pieces_cut(const shim_pieces *pieces, const void *text, size_t size, shim_put put,
                    void *context);

typedef struct shim_train {
    uint32_t vocabulary;
    double coverage;
    /* 1: a line, 0: the end, -1: a failure (SHIM_CALLER then). */
    int (*next)(void *context, const char **out_line, size_t *out_size);
    void *context;
} shim_train;

/* `take` gets the model's bytes. out_message: what the library said, cut to fit. */
int shim_pieces_train(const shim_train *options, shim_put take, char *out_message,
                      size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
