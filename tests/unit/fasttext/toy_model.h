/* SPDX-License-Identifier: Apache-2.0 */
/* toy_model.h - a fastText model small enough to work out by hand, as the bytes of its file. */
#ifndef TAMIS_TOY_MODEL_H
#define TAMIS_TOY_MODEL_H

#include "tamis/buf.h"

typedef struct toy_options {
    int loss; /* 1 hs, 2 ns, 3 softmax, 4 ova */
    int version;
    int kind; /* 3: supervised */
    int word_ngrams;
    int ngram_min;
    int ngram_max;
    int buckets;
    const char *labels[2];
    bool is_quantized; /* input: 2 columns, parts of 1, with norms; pruned: bucket 1 has row 0 */
} toy_options;

/* Words "aa", "bb", "</s>" with the rows (1, 0), (0, 1), (0, 0); bucket rows are (0.5, 0.25) each.
 * Labels (by default "__label__x", "__label__y"), counts 3 and 2, with the output rows (2, 0), (0,
 * 1). Asserts that there is memory. */
void toy_model_write(const toy_options *options, tamis_buf *out);
toy_options toy_model_defaults(void);

#endif
