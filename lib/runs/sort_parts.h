/* SPDX-License-Identifier: Apache-2.0 */
/* sort_parts.h - sorts records that lie in several places into one.
 *
 * Pure:    no allocation.
 * Threads: any, on memory of their own.
 */
#ifndef TAMIS_SORT_PARTS_H
#define TAMIS_SORT_PARTS_H

#include <stddef.h>
#include <stdint.h>

/* Records up to this width are moved; wider ones are sorted by index. */
#define TAMIS_SORT_MOVED_WORDS_MAX 4u

typedef struct tamis_sort_part {
    const uint64_t *records;
    size_t count;
} tamis_sort_part;

/* Sorts the records of all parts into `out`; scratch is as large. All first words lie in [least,
 * greatest]: outside of it memory would be overwritten. */
void tamis_sort_parts(const tamis_sort_part *parts, size_t part_count, uint32_t words,
                      uint64_t least, uint64_t greatest, uint64_t *out, uint64_t *scratch);

#endif
