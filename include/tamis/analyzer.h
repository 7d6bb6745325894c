/* SPDX-License-Identifier: Apache-2.0 */
/* analyzer.h - from a repaired text to digests, tokens, shingle hashes and signature, read once.
 *
 * The text is walked in pieces that stay in the L2 cache: normalize, find tokens, hash them,
 * combine shingles. Short texts keep their shingles in one buffer; for long ones each sketch round
 * walks the text again where one is needed (docs/FORMATS.md 1.4-1.6). Kernels for AVX-512, AVX2 and
 * plain C give the same bits; the best one is chosen at start (cpu.h).
 *
 * Memory:  fixed, but for pieces that cannot be cut (bounded by the record).
 * Threads: one analyzer per thread.
 */
#ifndef TAMIS_ANALYZER_H
#define TAMIS_ANALYZER_H

#include "tamis/hash.h"
#include "tamis/job.h"
#include "tamis/slice.h"

typedef struct tamis_analyzer tamis_analyzer;

typedef struct tamis_analysis {
    tamis_digest digest;     /* of the text (FORMATS 1.1) */
    tamis_digest exact;      /* feature of level exact (1.2); 0 without that level */
    uint64_t token_count;    /* 0 without level near, as are the shingles */
    uint32_t shingle_count;  /* positions, saturated; 0: no token */
    uint32_t distinct_count; /* distinct shingles when asked for, else 0 */
    const uint32_t *sketch;  /* settings.slots slots; valid until the next call; undefined when
                                shingle_count is 0 */
} tamis_analysis;

/* The parts of the work are asked for by settings: levels exact and near, profile, shingle, slots,
 * distinct counts when min_containment_ppm > threshold_ppm. TAMIS_EARG: settings out of range.
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_analyzer_create(const tamis_settings *settings, tamis_analyzer **out_analyzer,
                                   tamis_err *err);
void tamis_analyzer_destroy(tamis_analyzer *analyzer);

/* Analyzes one repaired text; TAMIS_BUF_SLACK readable bytes must follow it. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_analyzer_run(tamis_analyzer *analyzer, tamis_slice text,
                                tamis_analysis *out_analysis, tamis_err *err);

/* Distinct shingle hashes of a text in ascending order; valid until the next call. */
TAMIS_MUST_USE
tamis_status tamis_analyzer_shingles(tamis_analyzer *analyzer, tamis_slice text,
                                     const uint64_t **out_hashes, size_t *out_count,
                                     tamis_err *err);

#endif
