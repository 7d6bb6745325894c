/* SPDX-License-Identifier: Apache-2.0 */
/* sort_index.h - sorts wide records without moving them: an index of (word, number) is sorted.
 *
 * Pure:    no allocation.
 * Threads: any, on memory of their own.
 */
#ifndef TAMIS_SORT_INDEX_H
#define TAMIS_SORT_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* Words of scratch that the index takes for each record. */
#define TAMIS_SORT_INDEX_WORDS 4

/* Sorts `count` records that stand `stride` words apart by their first `words` words; equal ones
 * keep their order. Afterwards index[2 * i + 1] is the number of the record that comes i-th. index
 * has room for TAMIS_SORT_INDEX_WORDS * count words, the upper half of which is scratch. */
void tamis_sort_index(const uint64_t *records, size_t count, uint32_t stride, uint32_t words,
                      uint64_t *index);

/* Brings the records into the order of such an index, in place; the index is used up. stride is at
 * most TAMIS_RUN_WORDS_MAX + 2. */
void tamis_sort_gather(uint64_t *records, size_t count, uint32_t stride, uint64_t *index);

#endif
