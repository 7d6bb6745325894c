/* SPDX-License-Identifier: Apache-2.0 */
/* word_set.h - the inside of a word set, for engines that have the hashes of words already.
 *
 * Pure. Threads: immutable once made.
 */
#ifndef TAMIS_SIGNALS_WORD_SET_H
#define TAMIS_SIGNALS_WORD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tamis/hash.h"
#include "tamis/signals.h"

typedef struct tamis_word_set_slot {
    uint64_t hash;
    uint32_t number; /* of the word, from 1; 0: an empty slot */
    uint32_t size;
    uint64_t begin; /* in the pool */
} tamis_word_set_slot;

struct tamis_word_set {
    tamis_word_set_slot *slots;
    uint8_t *pool;
    uint32_t shift; /* 64 - log2 of the slots */
    uint32_t count;
    size_t words_max;   /* of a phrase */
    size_t size_max;    /* bytes of a word or phrase */
    uint64_t filter[8]; /* 512 bits: the upper 9 bits of the mixed hash */
};

static inline uint64_t tamis_word_set_mix(uint64_t hash)
{
    return (hash ^ hash >> 32) * TAMIS_HASH_K1;
}

/* Number of the word with that hash (from 1), or 0: hashes alone decide. */
static inline uint32_t tamis_word_set_number(const tamis_word_set *set, uint64_t hash)
{
    uint64_t mixed = tamis_word_set_mix(hash);
    size_t mask = ((size_t)1 << (64 - set->shift)) - 1;

    if ((set->filter[mixed >> 61] >> (mixed >> 55 & 63) & 1) == 0) {
        return 0;
    }
    for (size_t i = (size_t)(mixed >> set->shift);; i = (i + 1) & mask) {
        if (set->slots[i].number == 0 || set->slots[i].hash == hash) {
            return set->slots[i].number;
        }
    }
}

#endif
