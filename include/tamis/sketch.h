/* SPDX-License-Identifier: Apache-2.0 */
/* sketch.h - Fast Similarity Sketching, band keys, and what signatures say about similarity.
 *
 * Sketch: Dahlgaard, Knudsen, Thorup, "Fast Similarity Sketching", FOCS 2017, in the branch-free
 * form of docs/FORMATS.md 1.6. Bands: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets",
 * section 3.4. All decisions compare whole numbers.
 *
 * Pure. Threads: functions are reentrant.
 */
#ifndef TAMIS_SKETCH_H
#define TAMIS_SKETCH_H

#include "tamis/job.h"

#define TAMIS_SKETCH_SLOTS_MAX 1024
#define TAMIS_BANDS_MAX        256

/* A sketch that takes shingle hashes in batches, round by round: _begin; then _add every batch;
 * _next_round says whether another round over the same batches is needed, until it returns false.
 */
typedef struct tamis_sketcher tamis_sketcher; /* about 9 KiB, aligned */
/* slots: a power of two from 64 to TAMIS_SKETCH_SLOTS_MAX. NULL: out of memory. */
tamis_sketcher *tamis_sketcher_create(uint32_t slots);
void tamis_sketcher_destroy(tamis_sketcher *sketcher);
void tamis_sketcher_begin(tamis_sketcher *sketcher);
void tamis_sketcher_add(tamis_sketcher *sketcher, const uint64_t *shingles, size_t count);
bool tamis_sketcher_next_round(tamis_sketcher *sketcher);
/* The slots, once _next_round has returned false; valid until the next _begin. */
const uint32_t *tamis_sketcher_slots(const tamis_sketcher *sketcher);

/* The 8-bit signature that is stored. */
void tamis_signature_pack(const uint32_t *sketch, uint32_t slots, uint8_t *out_signature);
/* Equal bytes of two signatures. */
uint32_t tamis_signature_matches(const uint8_t *a, const uint8_t *b, uint32_t slots);

/* FORMATS 1.7. out_keys: bands keys. scope_hash 0: no scope is folded in. */
void tamis_band_keys(const uint32_t *sketch, uint32_t bands, uint32_t rows, uint64_t scope_hash,
                     uint64_t *out_keys);

/* Least slots (power of two, >= 128) for bands x rows. 0: none or too many. */
uint32_t tamis_sketch_slots_for(uint32_t bands, uint32_t rows);

/* Picks bands and rows for a threshold and the recall wanted at it (both in millionths) among those
 * with bands x rows <= slots: the most rows (fewest false candidates) that reach the recall. 0.8,
 * 0.98 with 128 slots -> 18 x 7. TAMIS_EARG: none does, or an argument is out of range. */
TAMIS_MUST_USE
tamis_status tamis_bands_choose(uint32_t threshold_ppm, uint32_t recall_ppm, uint32_t slots_max,
                                uint32_t *out_bands, uint32_t *out_rows);

/* What the signature says of a candidate (FORMATS 1.9). */
typedef enum tamis_decision {
    TAMIS_DECISION_REJECT,
    TAMIS_DECISION_ACCEPT,
    TAMIS_DECISION_BY_TEXT
} tamis_decision;

typedef struct tamis_pair_evidence {
    uint32_t matches;                            /* of slots signature bytes */
    uint32_t removed_distinct, witness_distinct; /* 0, 0: containment not asked for */
} tamis_pair_evidence;

tamis_decision tamis_decide_signature(const tamis_settings *settings,
                                      const tamis_pair_evidence *evidence, bool may_use_text);
bool tamis_decide_text(const tamis_settings *settings, uint64_t shared, uint64_t removed_distinct,
                       uint64_t witness_distinct);

/* Size of the intersection of two ascending lists of distinct hashes, 8 little-endian bytes each.
 */
uint64_t tamis_shared_hashes(tamis_slice a, tamis_slice b);

/* Ratios in ten-thousandths, rounded half up: what is printed with four decimals. */
uint32_t tamis_similarity_of_matches(uint32_t matches, uint32_t slots);
uint32_t tamis_containment_of_matches(uint32_t matches, uint32_t slots, uint64_t removed_distinct,
                                      uint64_t witness_distinct);
uint32_t tamis_ratio(uint64_t numerator, uint64_t denominator);

#endif
