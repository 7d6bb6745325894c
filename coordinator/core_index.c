/* SPDX-License-Identifier: Apache-2.0 */
#include "core_index.h"

#include <stdlib.h>

#include "tamis/status.h"

#define FIRST_CAPACITY 64u

void core_index_fini(core_index *index)
{
    free(index->slots);
    *index = (core_index){.slots = NULL};
}

bool core_index_reserve(core_index *index)
{
    uint32_t capacity = index->capacity == 0 ? FIRST_CAPACITY : index->capacity * 2;
    core_index next = {.capacity = capacity};

    if (index->capacity != 0 && index->count < index->capacity / 2) {
        return true;
    }
    next.slots = malloc((size_t)capacity * sizeof(*next.slots));
    if (next.slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < capacity; i++) {
        next.slots[i] = (core_index_slot){.value = CORE_INDEX_NONE};
    }
    for (uint32_t i = 0; i < index->capacity; i++) {
        if (index->slots[i].value != CORE_INDEX_NONE) {
            core_index_add(&next, index->slots[i].hash, index->slots[i].value);
        }
    }
    free(index->slots);
    *index = next;
    return true;
}

void core_index_add(core_index *index, uint64_t hash, uint32_t value)
{
    uint32_t mask = index->capacity - 1;
    uint32_t at = (uint32_t)hash & mask;

    TAMIS_ASSERT(index->count < index->capacity);
    TAMIS_ASSERT(value != CORE_INDEX_NONE);
    while (index->slots[at].value != CORE_INDEX_NONE) {
        at = (at + 1) & mask;
    }
    index->slots[at] = (core_index_slot){.hash = hash, .value = value};
    index->count++;
}

/* Closes the gap: entries behind it that would not be found any more move up. */
static void close_gap(core_index *index, uint32_t gap)
{
    uint32_t mask = index->capacity - 1;
    uint32_t at = gap;

    for (;;) {
        uint32_t home = 0;

        index->slots[gap].value = CORE_INDEX_NONE;
        do {
            at = (at + 1) & mask;
            if (index->slots[at].value == CORE_INDEX_NONE) {
                return;
            }
            home = (uint32_t)index->slots[at].hash & mask;
        } while (((at - home) & mask) < ((at - gap) & mask));
        index->slots[gap] = index->slots[at];
        gap = at;
    }
}

void core_index_remove(core_index *index, uint64_t hash, uint32_t value)
{
    uint32_t mask = index->capacity - 1;
    uint32_t at = (uint32_t)hash & mask;

    if (index->capacity == 0) {
        return;
    }
    while (index->slots[at].value != CORE_INDEX_NONE) {
        if (index->slots[at].value == value && index->slots[at].hash == hash) {
            index->count--;
            close_gap(index, at);
            return;
        }
        at = (at + 1) & mask;
    }
}

uint32_t core_index_next(const core_index *index, uint64_t hash, uint32_t *cursor)
{
    uint32_t mask = index->capacity - 1;

    while (*cursor < index->capacity) {
        const core_index_slot *slot = &index->slots[((uint32_t)hash + (*cursor)++) & mask];

        if (slot->value == CORE_INDEX_NONE) {
            break;
        }
        if (slot->hash == hash) {
            return slot->value;
        }
    }
    return CORE_INDEX_NONE;
}
