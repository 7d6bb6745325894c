/* SPDX-License-Identifier: Apache-2.0 */
/* train_classifier.h - a model that tells good texts from bad ones, from examples of both.
 *
 * Documents of both kinds are read like those of a run, brought to the line that a classifier is
 * given (tamis/classifier.h), mixed by a seeded shuffle and handed to fastText's trainer. A share
 * of them, chosen by hash, is kept back and tells how good the model is. The same inputs and
 * options give the same bytes.
 *
 * Texts go through temporary files without names beside the model.
 *
 * Threads: one.
 */
#ifndef TAMIS_TRAIN_CLASSIFIER_H
#define TAMIS_TRAIN_CLASSIFIER_H

#include "tamis/fasttext_train.h"
#include "tamis/job.h"

typedef struct tamis_train_options {
    const char *paths[2];  /* good, bad: file, folder or glob */
    const char *labels[2]; /* without "__label__" */
    const char *output_path;
    tamis_settings settings;            /* text_field, limits of records */
    uint64_t limit;                     /* documents of each kind; 0: all */
    uint32_t test_ppm;                  /* kept back */
    tamis_fasttext_train_options model; /* paths are ignored */
    void (*progress)(void *context, const char *stage, double share);
    void *progress_context;
} tamis_train_options;

typedef struct tamis_train_counts {
    uint64_t documents;
    uint64_t empty;       /* without a word: left out */
    uint64_t quarantined; /* faulty records */
    uint64_t bytes;       /* of text */
    uint64_t tested;      /* of the documents, kept back */
    uint64_t told_good;   /* of those, with a score of 0.5 or more */
} tamis_train_counts;

typedef struct tamis_train_report {
    tamis_train_counts kinds[2]; /* good, bad */
    uint32_t faulty_inputs;      /* could not be read to their end */
    uint64_t model_bytes;
    tamis_digest model_digest;
} tamis_train_report;

/* TAMIS_EARG: nothing matches a path, or a kind has no document to train on. What reading, training
 * and writing give. On failure nothing stands at output_path that did not before. */
TAMIS_MUST_USE
tamis_status tamis_train_classifier(const tamis_train_options *options,
                                    tamis_train_report *out_report, tamis_err *err);

#endif
