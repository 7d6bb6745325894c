/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext_train.h - trains a supervised fastText model, with the library of that name.
 *
 * With one thread and a fixed seed, which is all that is offered, the same input and settings give
 * the same bytes.
 *
 * Link:    tamis::fasttext_train, which is C++; there include it as extern "C".
 * Memory:  that of the library: (words + buckets) x dim x 4 bytes, and a copy when it quantizes.
 * Threads: one call at a time.
 */
#ifndef TAMIS_FASTTEXT_TRAIN_H
#define TAMIS_FASTTEXT_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "tamis/status.h"

typedef enum tamis_fasttext_loss {
    TAMIS_FASTTEXT_LOSS_SOFTMAX,
    TAMIS_FASTTEXT_LOSS_HS,
    TAMIS_FASTTEXT_LOSS_OVA
} tamis_fasttext_loss;

typedef struct tamis_fasttext_train_options {
    const char *input_path;  /* one example a line: labels and words; read several times */
    const char *output_path; /* replaced; durability is the caller's */
    uint32_t dim;
    uint32_t epochs;
    uint32_t word_ngrams;
    uint32_t ngram_min; /* characters; with ngram_max 0: none */
    uint32_t ngram_max;
    uint32_t buckets;
    uint32_t min_count; /* rarer words are left out */
    double learning_rate;
    tamis_fasttext_loss loss;
    uint32_t seed;
    bool is_quantized; /* then the three below count */
    uint32_t cutoff;   /* rows kept; 0: all */
    bool has_norms;
    uint32_t part_cols; /* columns that share a code */
} tamis_fasttext_train_options;

/* Is told how much is done (0 to 1), many times. */
typedef void (*tamis_fasttext_train_progress)(void *context, double share);

/* TAMIS_EFORMAT: nothing to learn from, training diverged, or there are too few rows to quantize.
 * TAMIS_EIO: the input cannot be read or the model cannot be written. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_fasttext_train(const tamis_fasttext_train_options *options,
                                  tamis_fasttext_train_progress progress, void *context,
                                  tamis_err *err);

#endif
