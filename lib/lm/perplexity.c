/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/perplexity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDED_SIZE 400 /* a double with one decimal */

struct tamis_perplexity {
    tamis_lm_text text;
    tamis_sentences *sentences;
    tamis_lm_scorer *scorer;
};

static tamis_status check(const tamis_lm *lm, const tamis_pieces *pieces, tamis_lm_text text,
                          tamis_err *err)
{
    const tamis_lm_info *info = tamis_lm_get_info(lm);

    if ((unsigned)text >= TAMIS_LM_TEXT_COUNT) {
        return tamis_err_set(err, TAMIS_EARG, "%u is no way to make sentences", (unsigned)text);
    }
    if (info->format != TAMIS_LM_FORMAT_TAMIS) {
        return TAMIS_OK; /* the others do not say what they were trained on */
    }
    if (info->has_pieces && pieces == NULL) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the language model was trained on pieces; give its SentencePiece "
                             "model (--sentencepiece)");
    }
    if (!info->has_pieces && pieces != NULL) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the language model was trained on words; leave out --sentencepiece");
    }
    if (pieces != NULL &&
        !tamis_digest_is_equal(info->pieces_digest, tamis_pieces_digest(pieces))) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the language model was trained on the pieces of another "
                             "SentencePiece model; give that one");
    }
    return TAMIS_OK;
}

tamis_status tamis_perplexity_create(const tamis_lm *lm, const tamis_pieces *pieces,
                                     tamis_lm_text text, tamis_perplexity **out_perplexity,
                                     tamis_err *err)
{
    tamis_perplexity *perplexity = NULL;
    tamis_status status = check(lm, pieces, text, err);

    if (status != TAMIS_OK) {
        return status;
    }
    perplexity = calloc(1, sizeof(*perplexity));
    if (perplexity == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for perplexities");
    }
    perplexity->text = text;
    status = tamis_sentences_create(pieces, text, &perplexity->sentences, err);
    if (status == TAMIS_OK) {
        status = tamis_lm_scorer_create(lm, &perplexity->scorer, err);
    }
    if (status != TAMIS_OK) {
        tamis_perplexity_destroy(perplexity);
        return status;
    }
    *out_perplexity = perplexity;
    return TAMIS_OK;
}

void tamis_perplexity_destroy(tamis_perplexity *perplexity)
{
    if (perplexity != NULL) {
        tamis_sentences_destroy(perplexity->sentences);
        tamis_lm_scorer_destroy(perplexity->scorer);
        free(perplexity);
    }
}

/* As round(value, 1) of Python: the nearest decimal of the exact value, then the nearest double. */
static double round_decimal(double value)
{
    char text[ROUNDED_SIZE];

    if (!isfinite(value)) {
        return value;
    }
    (void)snprintf(text, sizeof(text), "%.1f", value);
    return strtod(text, NULL);
}

tamis_status tamis_perplexity_run(tamis_perplexity *perplexity, tamis_slice text,
                                  tamis_perplexity_value *out_value, tamis_err *err)
{
    tamis_perplexity_value value = {.perplexity = (double)NAN};
    tamis_status status = TAMIS_OK;

    tamis_sentences_set(perplexity->sentences, text);
    while (status == TAMIS_OK) {
        tamis_slice words = {0};
        tamis_lm_total total = {.words = 0};

        status = tamis_sentences_next(perplexity->sentences, true, &words, err);
        if (status == TAMIS_OK) {
            status = tamis_lm_scorer_run(perplexity->scorer, words, &total, err);
        }
        if (status == TAMIS_OK) {
            value.log10 +=
                perplexity->text == TAMIS_LM_TEXT_CCNET ? (double)total.log10_kenlm : total.log10;
            value.sentences++;
            value.words += total.words;
            value.unknown += total.unknown;
        }
    }
    if (status != TAMIS_END) {
        return status;
    }
    if (value.sentences != 0) {
        value.perplexity =
            round_decimal(pow(10.0, -value.log10 / (double)(value.words + value.sentences)));
    }
    *out_value = value;
    return TAMIS_OK;
}
