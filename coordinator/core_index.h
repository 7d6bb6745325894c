/* SPDX-License-Identifier: Apache-2.0 */
/* core_index.h - numbers found by a 64-bit hash: workers by routing id, folders by id and place.
 *
 * Open addressing; the caller compares what it finds with what it looks for.
 *
 * Pure.
 */
#ifndef TAMIS_CORE_INDEX_H
#define TAMIS_CORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#define CORE_INDEX_NONE UINT32_MAX

typedef struct core_index_slot {
    uint64_t hash;
    uint32_t value; /* CORE_INDEX_NONE: empty */
} core_index_slot;

typedef struct core_index {
    core_index_slot *slots;
    uint32_t capacity; /* 0 or a power of two */
    uint32_t count;
} core_index;

void core_index_fini(core_index *index);

/* Makes room for one more. False: no memory. */
bool core_index_reserve(core_index *index);
/* There must be room. */
void core_index_add(core_index *index, uint64_t hash, uint32_t value);
/* What is not there is no error. */
void core_index_remove(core_index *index, uint64_t hash, uint32_t value);

/* The next value under that hash; *cursor is 0 at first. CORE_INDEX_NONE: no more. Nothing may be
 * added or removed in between. */
uint32_t core_index_next(const core_index *index, uint64_t hash, uint32_t *cursor);

#endif
