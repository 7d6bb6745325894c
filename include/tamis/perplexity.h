/* SPDX-License-Identifier: Apache-2.0 */
/* perplexity.h - how well a language model foresees a text, as CCNet reckons it.
 *
 * A text becomes sentences (tamis_lm_text: CCNet's way makes one of it), each is cut into pieces by
 * a SentencePiece model or at white space, and scored between <s> and </s>. The perplexity is 10 to
 * the power of -(sum of log10 scores) / (sum of words + 1 for each sentence), rounded to one
 * decimal. Sentences without words are left out; a text without any has no perplexity (NAN).
 * With TAMIS_LM_TEXT_CCNET the scores are added in single precision, as KenLM's bindings do, so
 * that the decimals are CCNet's.
 *
 * Threads: models are shared, a tamis_perplexity belongs to one thread.
 */
#ifndef TAMIS_PERPLEXITY_H
#define TAMIS_PERPLEXITY_H

#include "tamis/lm.h"
#include "tamis/pieces.h"

typedef struct tamis_perplexity tamis_perplexity;

typedef struct tamis_perplexity_value {
    double perplexity; /* rounded to 1 decimal; NAN: none */
    double log10;      /* sum of scores */
    uint64_t sentences;
    uint64_t words;   /* without </s> */
    uint64_t unknown; /* words that the model lacks */
} tamis_perplexity_value;

/* `pieces` is NULL for words at white space. Both models must outlive the object. TAMIS_EARG: the
 * language model remembers other pieces, or none, or this way of making sentences is not one;
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_perplexity_create(const tamis_lm *lm, const tamis_pieces *pieces,
                                     tamis_lm_text text, tamis_perplexity **out_perplexity,
                                     tamis_err *err);
void tamis_perplexity_destroy(tamis_perplexity *perplexity);

/* The text is well-formed UTF-8 with TAMIS_BUF_SLACK readable bytes behind it. TAMIS_ENOMEM,
 * TAMIS_EFORMAT (pieces). */
TAMIS_MUST_USE
tamis_status tamis_perplexity_run(tamis_perplexity *perplexity, tamis_slice text,
                                  tamis_perplexity_value *out_value, tamis_err *err);

/* ---- Sentences of a text, as training sees them too -------------------------------------------
 */

typedef struct tamis_sentences tamis_sentences;

TAMIS_MUST_USE
tamis_status tamis_sentences_create(const tamis_pieces *pieces, tamis_lm_text text,
                                    tamis_sentences **out_sentences, tamis_err *err);
void tamis_sentences_destroy(tamis_sentences *sentences);
/* Starts a text, which must stay until its last sentence. */
void tamis_sentences_set(tamis_sentences *sentences, tamis_slice text);
/* The next sentence that has words, as words separated by spaces, valid until the next call;
 * TAMIS_END. is_cut: into pieces, if there is a model of them. */
TAMIS_MUST_USE
tamis_status tamis_sentences_next(tamis_sentences *sentences, bool is_cut, tamis_slice *out_words,
                                  tamis_err *err);

/* ---- Head, middle, tail ------------------------------------------------------------------------
 */

typedef enum tamis_bucket {
    TAMIS_BUCKET_HEAD,   /* below the first cutoff */
    TAMIS_BUCKET_MIDDLE, /* below the second */
    TAMIS_BUCKET_TAIL,
    TAMIS_BUCKET_ALL /* no perplexity, or no cutoffs */
} tamis_bucket;

typedef struct tamis_cutoffs {
    double head;
    double middle;
} tamis_cutoffs;

/* "head", "middle", "tail", "all". */
const char *tamis_bucket_name(tamis_bucket bucket);
tamis_bucket tamis_bucket_of(double perplexity, const tamis_cutoffs *cutoffs);
/* CCNet's cutoffs of a language ("en"): the 30th and 60th percentile under the models that it
 * published, and of no use with others. False: there are none. */
bool tamis_cutoffs_find(const char *language, tamis_cutoffs *out_cutoffs);

#endif
