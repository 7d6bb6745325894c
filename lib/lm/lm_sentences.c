/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tamis/ccnet.h"
#include "tamis/perplexity.h"

struct tamis_sentences {
    const tamis_pieces *pieces;
    tamis_lm_text text;
    tamis_ccnet *ccnet;
    tamis_slice rest;
    bool is_done;
    tamis_buf normalized;
    tamis_buf cut;
};

tamis_status tamis_sentences_create(const tamis_pieces *pieces, tamis_lm_text text,
                                    tamis_sentences **out_sentences, tamis_err *err)
{
    tamis_sentences *sentences = NULL;

    TAMIS_ASSERT(text < TAMIS_LM_TEXT_COUNT);
    sentences = calloc(1, sizeof(*sentences));
    if (sentences == NULL || tamis_ccnet_create(&sentences->ccnet) != TAMIS_OK) {
        free(sentences);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for sentences");
    }
    sentences->pieces = pieces;
    sentences->text = text;
    sentences->is_done = true;
    tamis_buf_init(&sentences->normalized, 0);
    tamis_buf_init(&sentences->cut, 0);
    *out_sentences = sentences;
    return TAMIS_OK;
}

void tamis_sentences_destroy(tamis_sentences *sentences)
{
    if (sentences != NULL) {
        tamis_ccnet_destroy(sentences->ccnet);
        tamis_buf_fini(&sentences->normalized);
        tamis_buf_fini(&sentences->cut);
        free(sentences);
    }
}

void tamis_sentences_set(tamis_sentences *sentences, tamis_slice text)
{
    sentences->rest = text;
    sentences->is_done = false;
}

static tamis_slice next_line(tamis_sentences *sentences)
{
    tamis_slice line = sentences->rest;
    const uint8_t *end = NULL;

    if (sentences->text != TAMIS_LM_TEXT_CCNET && line.size != 0) {
        end = memchr(line.data, '\n', line.size);
    }
    if (end == NULL) {
        sentences->is_done = true;
        return line;
    }
    line.size = (size_t)(end - line.data);
    sentences->rest = tamis_slice_of(end + 1, sentences->rest.size - line.size - 1);
    return line;
}

static bool has_words(tamis_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != ' ' && (text.data[i] < '\t' || text.data[i] > '\r')) {
            return true;
        }
    }
    return false;
}

tamis_status tamis_sentences_next(tamis_sentences *sentences, bool is_cut, tamis_slice *out_words,
                                  tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && !sentences->is_done) {
        tamis_slice line = next_line(sentences);

        if (sentences->text != TAMIS_LM_TEXT_RAW) {
            tamis_buf_reset(&sentences->normalized);
            if (tamis_ccnet_normalize(sentences->ccnet, line, &sentences->normalized) != TAMIS_OK) {
                return tamis_err_set(err, TAMIS_ENOMEM, "no memory to normalize %zu bytes",
                                     line.size);
            }
            line = tamis_buf_slice(&sentences->normalized);
        }
        if (is_cut && sentences->pieces != NULL && line.size != 0) {
            tamis_buf_reset(&sentences->cut);
            status = tamis_pieces_cut(sentences->pieces, line, &sentences->cut, NULL, err);
            line = tamis_buf_slice(&sentences->cut);
        }
        if (status == TAMIS_OK && has_words(line)) {
            *out_words = line;
            return TAMIS_OK;
        }
    }
    return status == TAMIS_OK ? TAMIS_END : status;
}
