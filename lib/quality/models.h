/* SPDX-License-Identifier: Apache-2.0 */
/* models.h - models and lists of a specification, opened once, and what they say of one text.
 *
 * Memory:  models are mapped; lists are held.
 * Threads: the models are immutable; scratch belongs to one thread.
 */
#ifndef TAMIS_MODELS_H
#define TAMIS_MODELS_H

#include "profile.h"
#include "tamis/signals.h"
#include "tamis/text_edit.h"

struct tamis_roots;

typedef struct tamis_models tamis_models;
typedef struct tamis_models_scratch tamis_models_scratch;

/* Opens the files and compares their digests. Errors as of tamis_quality_open. */
TAMIS_MUST_USE
tamis_status tamis_models_open(const tamis_profile *profile, const struct tamis_roots *roots,
                               tamis_models **out_models, tamis_err *err);
void tamis_models_close(tamis_models *models); /* NULL is allowed */

/* Word lists for tamis_signals_create. */
const tamis_signal_lists *tamis_models_lists(const tamis_models *models);

TAMIS_MUST_USE
tamis_status tamis_models_scratch_create(const tamis_models *models,
                                         tamis_models_scratch **out_scratch, tamis_err *err);
void tamis_models_scratch_destroy(tamis_models_scratch *scratch); /* NULL is allowed */

/* The language of a text; "und" and 0 when none is found. */
TAMIS_MUST_USE
tamis_status tamis_models_language(tamis_models_scratch *scratch, tamis_slice text,
                                   char out_code[TAMIS_QUALITY_LANGUAGE_SIZE], double *out_score,
                                   tamis_err *err);

/* Signals of the family MODEL: values[signal] of each wanted one that needs no step. */
TAMIS_MUST_USE
tamis_status tamis_models_signals(tamis_models_scratch *scratch, tamis_slice text,
                                  const char *language, double language_score,
                                  const uint64_t wanted[TAMIS_SIGNAL_WORDS], double *values,
                                  tamis_err *err);

/* What step `index` of the profile (blocklist, keywords, personal data) makes of a text. `edits`
 * (reset before) get what it changes or, where it only reports, what it found. *out_reason is the
 * number of the reason within the step plus 1, or 0. values[] of its counts are filled in. */
TAMIS_MUST_USE
tamis_status tamis_models_step(tamis_models_scratch *scratch, size_t index, tamis_slice text,
                               tamis_slice url, tamis_edits *edits, double *values,
                               unsigned *out_reason, tamis_err *err);

#endif
