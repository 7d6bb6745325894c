/* SPDX-License-Identifier: Apache-2.0 */
/* classifier.h - how good a text is, by a supervised fastText model with two labels, as DCLM's.
 *
 * The whole text is handed over as DCLM and RedPajama do: stripped, its lines (str.splitlines)
 * joined by spaces. The score is the probability p of the best label when that is the good one, and
 * 1 - p otherwise, as theirs. With more than two labels it is the good label's own probability.
 *
 * Memory:  a scratch grows to the size of the text.
 * Threads: a classifier is immutable and for any thread; a scratch belongs to one.
 */
#ifndef TAMIS_CLASSIFIER_H
#define TAMIS_CLASSIFIER_H

#include "tamis/buf.h"
#include "tamis/hash.h"
#include "tamis/status.h"

typedef struct tamis_classifier tamis_classifier;
typedef struct tamis_classifier_scratch tamis_classifier_scratch;

/* `good` is the label of good texts, with or without "__label__". NULL: "hq" when the model has it,
 * otherwise whatever is not "cc". TAMIS_EARG: the model has no such label; err names those that it
 * has. Otherwise as tamis_fasttext_open. */
TAMIS_MUST_USE
tamis_status tamis_classifier_open(const char *path, const char *good,
                                   tamis_classifier **out_classifier, tamis_err *err);
void tamis_classifier_destroy(tamis_classifier *classifier); /* NULL is allowed */

/* Of the model's file. */
tamis_digest tamis_classifier_digest(const tamis_classifier *classifier);

/* TAMIS_ENOMEM. The classifier must outlive it. */
TAMIS_MUST_USE
tamis_status tamis_classifier_scratch_create(const tamis_classifier *classifier,
                                             tamis_classifier_scratch **out_scratch,
                                             tamis_err *err);
void tamis_classifier_scratch_destroy(tamis_classifier_scratch *scratch); /* NULL is allowed */

/* 0 to 1; NAN when the model knows nothing of the text. `text` is well-formed UTF-8. TAMIS_ENOMEM.
 */
TAMIS_MUST_USE
tamis_status tamis_classifier_score(tamis_classifier_scratch *scratch, tamis_slice text,
                                    double *out_score, tamis_err *err);

/* The line that a model is given of a text; also what models are trained on. Appends to `out`.
 * TAMIS_ENOMEM, TAMIS_ELIMIT past out->max. */
TAMIS_MUST_USE
tamis_status tamis_classifier_line(tamis_slice text, tamis_buf *out);

#endif
