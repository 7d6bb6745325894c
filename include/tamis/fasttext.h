/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext.h - reads supervised fastText models (.bin and .ftz) and predicts labels.
 *
 * Language identification (lid.176.ftz, GlotLID) and classifiers of the DCLM kind are such models.
 * Every form is read: softmax, negative sampling, one-vs-all and hierarchical softmax; word and
 * character n-grams; quantized with and without norms and output; pruned. Label and probability are
 * those of the `fasttext` program: features, order of sums and rounding follow it, and every kernel
 * (plain C, AVX2, AVX-512) gives the same bits. Exponential and logarithm are computed here, so
 * that the C library of the machine decides nothing.
 *
 * Differs on purpose: a probability is at most 1 (the program adds 1e-5 to each and can print
 * 1.00001). Of labels with equal probability the program's choice is kept: it looks arbitrary, but
 * models of the one-vs-all kind have many.
 *
 * Memory:  a dense input matrix is mapped, not copied. What is copied: the output matrix; a
 *          quantized input matrix of up to TAMIS_FASTTEXT_EXPANDED_BYTES_MAX is expanded; rows of
 *          the n-grams of the most frequent words (up to 16 MiB).
 * Threads: a model is immutable; any number of threads predict with it, each with a scratch of its
 *          own. A model file must not be cut while it is open (replace it by rename).
 * Errors:  TAMIS_EFORMAT, TAMIS_EVERSION, TAMIS_EUNSUPPORTED (a model of word vectors) and
 *          TAMIS_ELIMIT name the file and the offset of what is wrong.
 */
#ifndef TAMIS_FASTTEXT_H
#define TAMIS_FASTTEXT_H

#include "tamis/hash.h"
#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_FASTTEXT_DIM_MAX            65536
#define TAMIS_FASTTEXT_LABELS_MAX         1000000
#define TAMIS_FASTTEXT_NGRAM_MAX          1000      /* characters; also words of a word n-gram */
#define TAMIS_FASTTEXT_BUCKETS_MAX        (1 << 26) /* of a pruned model */
#define TAMIS_FASTTEXT_OUTPUT_BYTES_MAX   (UINT64_C(1) << 30)
#define TAMIS_FASTTEXT_EXPANDED_BYTES_MAX (UINT64_C(64) << 20)

typedef struct tamis_fasttext tamis_fasttext;
typedef struct tamis_fasttext_scratch tamis_fasttext_scratch;

/* Maps a model file and checks all of it: structure, ranges, that every weight is a finite number.
 * TAMIS_ENOENT, TAMIS_EDENIED, TAMIS_EIO, TAMIS_ENOMEM, and those above. */
TAMIS_MUST_USE
tamis_status tamis_fasttext_open(const char *path, tamis_fasttext **out_model, tamis_err *err);
/* The same of bytes that outlive the model; `name` stands for the file in messages. */
TAMIS_MUST_USE
tamis_status tamis_fasttext_open_memory(tamis_slice bytes, const char *name,
                                        tamis_fasttext **out_model, tamis_err *err);
void tamis_fasttext_destroy(tamis_fasttext *model); /* NULL is allowed */

/* XXH3-128 of the file. */
tamis_digest tamis_fasttext_digest(const tamis_fasttext *model);

/* Labels in the order of the file, with their prefix ("__label__en"). Valid as long as the model.
 */
size_t tamis_fasttext_label_count(const tamis_fasttext *model);
tamis_slice tamis_fasttext_label(const tamis_fasttext *model, size_t label);
/* False: the model has no such label. */
bool tamis_fasttext_find_label(const tamis_fasttext *model, tamis_slice name, size_t *out_label);

/* TAMIS_ENOMEM. The model must outlive it. */
TAMIS_MUST_USE
tamis_status tamis_fasttext_scratch_create(const tamis_fasttext *model,
                                           tamis_fasttext_scratch **out_scratch, tamis_err *err);
void tamis_fasttext_scratch_destroy(tamis_fasttext_scratch *scratch); /* NULL is allowed */

typedef struct tamis_fasttext_prediction {
    size_t label;
    double score; /* probability, 0 to 1 */
} tamis_fasttext_prediction;

/* The (at most) `wanted` most probable labels of a line, the best first; *out_count is 0 when the
 * model knows nothing of it. The line ends at the first newline of `text` or at its end; words are
 * separated by space, tab, \r, \v, \f and NUL. With hierarchical softmax labels below 1e-5 are left
 * out, as the program does. TAMIS_ENOMEM: the line's words do not fit in memory. */
TAMIS_MUST_USE
tamis_status tamis_fasttext_predict(tamis_fasttext_scratch *scratch, tamis_slice text,
                                    tamis_fasttext_prediction *out_predictions, size_t wanted,
                                    size_t *out_count, tamis_err *err);

#endif
