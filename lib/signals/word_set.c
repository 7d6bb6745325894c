/* SPDX-License-Identifier: Apache-2.0 */
#include "word_set.h"

#include <stdlib.h>
#include <string.h>

#include "word_hash.h"

#define SET_BYTES_MAX (1ull << 40) /* of all words; keeps sums from overflowing */

static bool set_add(tamis_word_set *set, size_t begin, size_t size);
static const tamis_word_set_slot *slot_of(const tamis_word_set *set, uint64_t hash);

tamis_status tamis_word_set_create(const tamis_slice *words, size_t count, tamis_word_set **out_set,
                                   tamis_err *err)
{
    tamis_word_set *set = calloc(1, sizeof(*set));
    size_t bytes = 0;
    size_t slots = 16;

    for (size_t i = 0; i < count; i++) {
        TAMIS_ASSERT(words[i].size <= SET_BYTES_MAX - bytes);
        bytes += words[i].size;
    }
    while (slots < 4 * count) {
        slots *= 2;
    }
    if (set != NULL) {
        set->slots = calloc(slots, sizeof(set->slots[0]));
        set->pool = calloc(1, bytes + sizeof(uint64_t));
        set->shift = 64 - (uint32_t)__builtin_ctzll(slots);
    }
    if (set == NULL || set->slots == NULL || set->pool == NULL) {
        tamis_word_set_destroy(set);
        return tamis_err_set(err, TAMIS_ENOMEM, "a list of %zu words", count);
    }

    size_t end = 0;

    for (size_t i = 0; i < count; i++) {
        if (words[i].size == 0) {
            continue;
        }
        memcpy(set->pool + end, words[i].data, words[i].size);
        if (set_add(set, end, words[i].size)) {
            end += words[i].size;
        }
    }
    *out_set = set;
    return TAMIS_OK;
}

void tamis_word_set_destroy(tamis_word_set *set)
{
    if (set == NULL) {
        return;
    }
    free(set->slots);
    free(set->pool);
    free(set);
}

bool tamis_word_set_has(const tamis_word_set *set, tamis_slice word)
{
    if (word.size == 0) {
        return false;
    }

    const tamis_word_set_slot *slot = slot_of(set, tamis_word_hash_bare(word.data, word.size));

    return slot->number != 0 && slot->size == word.size &&
           memcmp(set->pool + slot->begin, word.data, word.size) == 0;
}

size_t tamis_word_set_count(const tamis_word_set *set)
{
    return set->count;
}

/* Adds pool[begin..begin + size); false: it is there already. */
static bool set_add(tamis_word_set *set, size_t begin, size_t size)
{
    uint64_t hash = tamis_word_hash(set->pool + begin, size);
    uint64_t mixed = tamis_word_set_mix(hash);
    const tamis_word_set_slot *found = slot_of(set, hash);
    size_t words = 1;

    if (found->number != 0) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        words += set->pool[begin + i] == ' ';
    }

    set->count += 1;
    set->words_max = words > set->words_max ? words : set->words_max;
    set->size_max = size > set->size_max ? size : set->size_max;
    set->filter[mixed >> 61] |= 1ull << (mixed >> 55 & 63);
    set->slots[found - set->slots] = (tamis_word_set_slot){
        .hash = hash, .number = set->count, .size = (uint32_t)size, .begin = begin};
    return true;
}

/* The slot of a hash, or the empty one where it would be: a quarter of them is taken at most. */
static const tamis_word_set_slot *slot_of(const tamis_word_set *set, uint64_t hash)
{
    size_t mask = ((size_t)1 << (64 - set->shift)) - 1;
    size_t i = (size_t)(tamis_word_set_mix(hash) >> set->shift);

    while (set->slots[i].number != 0 && set->slots[i].hash != hash) {
        i = (i + 1) & mask;
    }
    return &set->slots[i];
}
