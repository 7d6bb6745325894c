/* SPDX-License-Identifier: Apache-2.0 */
/* quantiles.h - a mergeable sketch of a distribution of doubles.
 *
 * A value is counted in a bucket named by the leading bits of its IEEE 754 form: sign, exponent and
 * 8 bits of mantissa. That is the linearly interpolated mapping of DDSketch (Masson, Rim and Lee,
 * PVLDB 12(12), 2019, section 2) without a logarithm: a quantile comes back less than 1/256 nearer
 * to zero than it is, and whole numbers up to 512 are exact. Counts of buckets are sums, so the
 * sketch of all values is the same however they were split up and in whichever order they came.
 *
 * Pure.
 * Memory:  16 bytes for each bucket in use, times two at most.
 * Threads: a sketch belongs to one thread.
 */
#ifndef TAMIS_QUANTILES_H
#define TAMIS_QUANTILES_H

#include <stddef.h>
#include <stdint.h>

#include "tamis/status.h"

struct tamis_quantile_bucket;

typedef struct tamis_quantiles {
    struct tamis_quantile_bucket *buckets; /* open addressing */
    size_t bucket_count;
    size_t capacity; /* 0 or a power of two */
    uint64_t count;  /* of values */
    uint64_t null_count;
    double min; /* with count != 0 */
    double max;
} tamis_quantiles;

void tamis_quantiles_init(tamis_quantiles *quantiles);
void tamis_quantiles_fini(tamis_quantiles *quantiles);

/* NAN counts as null; an infinity as the largest finite value of its sign. TAMIS_ENOMEM: nothing
 * was counted. */
TAMIS_MUST_USE
tamis_status tamis_quantiles_add(tamis_quantiles *quantiles, double value);
/* Adds all of `other`. TAMIS_ENOMEM: a part may have been added. */
TAMIS_MUST_USE
tamis_status tamis_quantiles_merge(tamis_quantiles *quantiles, const tamis_quantiles *other);

/* For each share the value of rank ceil(share x count) in ascending order. `shares` ascend, 0 to 1.
 * NAN where there is no value. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_quantiles_get(const tamis_quantiles *quantiles, const double *shares,
                                 size_t count, double *out_values);

#endif
