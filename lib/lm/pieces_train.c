/* SPDX-License-Identifier: Apache-2.0 */
#include "pieces_shim.h"
#include "tamis/path.h"
#include "tamis/pieces.h"

typedef struct train_context {
    tamis_pieces_line next;
    void *context;
    uint64_t left;
    const char *path;
    tamis_status status;
    tamis_err *err;
} train_context;

static int next_line(void *context, const char **out_line, size_t *out_size)
{
    train_context *train = context;
    tamis_slice line = {0};

    if (train->left == 0) {
        return 0;
    }
    train->left--;
    train->status = train->next(train->context, &line, train->err);
    if (train->status == TAMIS_OK) {
        *out_line = (const char *)line.data;
        *out_size = line.size;
        return 1;
    }
    return train->status == TAMIS_END ? 0 : -1;
}

static int take_model(void *context, const char *bytes, size_t size)
{
    train_context *train = context;

    train->status = tamis_path_write_file(train->path, tamis_slice_of(bytes, size), train->err);
    return train->status == TAMIS_OK ? 0 : 1;
}

tamis_status tamis_pieces_train(const tamis_pieces_train_options *options, tamis_pieces_line next,
                                void *context, const char *path, tamis_err *err)
{
    train_context train = {
        .next = next, .context = context, .left = options->lines_max, .path = path, .err = err};
    shim_train shim = {.vocabulary = options->vocabulary,
                       .coverage = options->coverage,
                       .next = next_line,
                       .context = &train};
    char message[256] = "";
    int result = shim_pieces_train(&shim, take_model, message, sizeof(message));

    if (result == SHIM_NO_MEMORY) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to learn pieces; give fewer lines");
    }
    if (result == SHIM_REFUSED) {
        return tamis_err_set(err, TAMIS_EARG,
                             "SentencePiece cannot make %u pieces of these texts (%s); ask for "
                             "fewer pieces or give more text",
                             options->vocabulary, message);
    }
    return result == SHIM_CALLER ? train.status : TAMIS_OK;
}
