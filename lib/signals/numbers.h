/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.h - gives 64-bit keys the numbers 0, 1, 2, ... in order of first appearance.
 *
 * Open addressing: a slot holds half of the mixed key and the number, the keys stand in an array of
 * their own that is as long as there are different ones. At most half of the slots are taken, so a
 * text of 1,000 words needs 16 KiB.
 *
 * Memory:  grows with the most keys seen.
 * Threads: one object a thread.
 */
#ifndef TAMIS_SIGNALS_NUMBERS_H
#define TAMIS_SIGNALS_NUMBERS_H

#include "grow.h"
#include "tamis/hash.h"

#define TAMIS_NUMBERS_MAX 0x7fffffffu /* keys: more than words in the longest text */

typedef struct tamis_numbers {
    TAMIS_ARRAY(uint64_t) slots;  /* tag << 32 | number + 1; 0: empty */
    TAMIS_ARRAY(uint64_t) keys;   /* by number */
    TAMIS_ARRAY(uint32_t) counts; /* by number: how often it was asked for */
    size_t mask;
    uint32_t shift;
    uint32_t count;
} tamis_numbers;

/* Forgets all keys and makes room for `count` of them. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_numbers_begin(tamis_numbers *numbers, size_t count, tamis_err *err);
void tamis_numbers_fini(tamis_numbers *numbers);

/* The number of a key, which counts once more. */
static inline uint32_t tamis_numbers_add(tamis_numbers *numbers, uint64_t key)
{
    uint64_t mixed = (key ^ key >> 32) * TAMIS_HASH_K1;
    uint64_t tag = mixed << 32;
    size_t i = (size_t)(mixed >> numbers->shift);

    for (;; i = (i + 1) & numbers->mask) {
        uint64_t slot = numbers->slots.data[i];
        uint32_t number = (uint32_t)slot - 1;

        if (slot == 0) {
            number = numbers->count++;
            numbers->slots.data[i] = tag | (number + 1);
            numbers->keys.data[number] = key;
            numbers->counts.data[number] = 1;
            return number;
        }
        if ((slot ^ tag) >> 32 == 0 && numbers->keys.data[number] == key) {
            numbers->counts.data[number] += 1;
            return number;
        }
    }
}

#endif
