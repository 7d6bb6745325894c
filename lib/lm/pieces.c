/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/pieces.h"

#include <stdlib.h>

#include "pieces_shim.h"
#include "tamis/path.h"

struct tamis_pieces {
    shim_pieces *shim;
    tamis_digest digest;
};

tamis_status tamis_pieces_open(const char *path, tamis_pieces **out_pieces, tamis_err *err)
{
    tamis_pieces *pieces = NULL;
    tamis_buf file;
    int result = SHIM_OK;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&file, TAMIS_PIECES_FILE_MAX);
    status = tamis_path_read_file(path, &file, err);
    if (status == TAMIS_OK) {
        pieces = calloc(1, sizeof(*pieces));
        result = pieces == NULL   ? SHIM_NO_MEMORY
                 : file.size == 0 ? SHIM_REFUSED
                                  : shim_pieces_load(file.data, file.size, &pieces->shim);
    }
    if (result == SHIM_NO_MEMORY) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the pieces", path);
    } else if (result != SHIM_OK) {
        status = tamis_err_set(err, TAMIS_EFORMAT,
                               "%s: is no SentencePiece model (or is damaged): its library "
                               "refuses it; make one with 'tamis train lm --train-sentencepiece'",
                               path);
    } else if (status == TAMIS_OK) {
        pieces->digest = tamis_hash128(file.data, file.size);
        *out_pieces = pieces;
        pieces = NULL;
    }
    tamis_pieces_destroy(pieces);
    tamis_buf_fini(&file);
    return status;
}

void tamis_pieces_destroy(tamis_pieces *pieces)
{
    if (pieces != NULL) {
        if (pieces->shim != NULL) {
            shim_pieces_destroy(pieces->shim);
        }
        free(pieces);
    }
}

tamis_digest tamis_pieces_digest(const tamis_pieces *pieces)
{
    return pieces->digest;
}

uint32_t tamis_pieces_count(const tamis_pieces *pieces)
{
    return (uint32_t)shim_pieces_count(pieces->shim);
}

typedef struct cut_context {
    tamis_buf *out;
    uint64_t count;
    tamis_status status;
} cut_context;

static int put_piece(void *context, const char *piece, size_t size)
{
    cut_context *cut = context;

    cut->count++;
    cut->status = tamis_buf_append(cut->out, piece, size);
    if (cut->status == TAMIS_OK) {
        cut->status = tamis_buf_append_byte(cut->out, ' ');
    }
    return cut->status == TAMIS_OK ? 0 : 1;
}

tamis_status tamis_pieces_cut(const tamis_pieces *pieces, tamis_slice text, tamis_buf *out,
                              uint64_t *out_count, tamis_err *err)
{
    cut_context cut = {.out = out, .status = TAMIS_OK};
    int result = shim_pieces_cut(pieces->shim, text.data, text.size, put_piece, &cut);

    if (result == SHIM_REFUSED) {
        return tamis_err_set(err, TAMIS_EFORMAT, "SentencePiece refuses a text of %zu bytes",
                             text.size);
    }
    if (result == SHIM_CALLER) {
        return tamis_err_set(err, cut.status, "no room for the pieces of a text of %zu bytes",
                             text.size);
    }
    if (result != SHIM_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the pieces of a text of %zu bytes",
                             text.size);
    }
    if (out_count != NULL) {
        *out_count = cut.count;
    }
    return TAMIS_OK;
}
