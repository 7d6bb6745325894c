/* SPDX-License-Identifier: Apache-2.0 */
/* sketch_kernels.h - the inner loops of a sketch, once a kind of vector unit; all give the same
 * bits.
 *
 * A slot is filled by the first round that reaches it: values of later rounds are larger, so a
 * minimum with one never changes a filled slot. Hence several rounds may be run in one pass over
 * the shingles, a round too many does no harm, and shingles that land in a filled slot may be
 * passed over.
 *
 * Pure. Threads: a state belongs to one thread.
 */
#ifndef TAMIS_SKETCH_KERNELS_H
#define TAMIS_SKETCH_KERNELS_H

#include "tamis/cpu.h"
#include "tamis/sketch.h"

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

#define SKETCH_EMPTY        UINT32_MAX
#define SKETCH_VALUE_BITS   25            /* of a slot; above them stands the round */
#define SKETCH_ROUNDS       UINT32_C(127) /* 0 .. 126 are hashed to slots, then each empty slot picks */
#define SKETCH_ROUND_FACTOR UINT64_C(0xa0761d6478bd642f)
#define SKETCH_PICK_FACTOR  UINT64_C(0xe7037ed1a0b428db)
#define SKETCH_PICK_MIX     UINT64_C(0xd6e8feb86659fd93)
#define SKETCH_EMPTY_WORDS  (TAMIS_SKETCH_SLOTS_MAX / 64)

typedef struct sketch_state {
    /* Two tables of `slots` entries in round 0, one behind the other: neighboring shingles go to
     * different ones, so that one need not wait for the other's store. Then the first alone. */
    _Alignas(64) uint32_t table[2 * TAMIS_SKETCH_SLOTS_MAX];
    uint64_t empty[SKETCH_EMPTY_WORDS]; /* bit j: slot j was empty when this pass began */
    uint32_t slots;
    uint32_t slot_bits;
    uint32_t first_round; /* of this pass */
    uint32_t end_round;
} sketch_state;

typedef struct sketch_kernels {
    /* Round 0 of `count` shingles into both tables. */
    void (*first_round)(sketch_state *state, const uint64_t *shingles, size_t count);
    /* Folds the second table into the first. */
    void (*fold)(sketch_state *state);
    /* Sets `empty`; returns whether there is any. */
    bool (*find_empty)(sketch_state *state);
    /* Rounds first_round .. end_round - 1 of `count` shingles. */
    void (*later_rounds)(sketch_state *state, const uint64_t *shingles, size_t count);
    /* Equal bytes; `slots` is a multiple of 64. */
    uint32_t (*matches)(const uint8_t *a, const uint8_t *b, uint32_t slots);
} sketch_kernels;

extern const sketch_kernels sketch_kernels_scalar;
#if defined(__x86_64__)
extern const sketch_kernels sketch_kernels_avx2;
extern const sketch_kernels sketch_kernels_avx512;
#endif

/* Shingles that may fill an empty slot wait in an array: hashing them is vector work, lowering
 * slots is not. An entry is the slot number (high half) and the value (low half). A vector is
 * stored whole, whatever is used of it. */
#define SKETCH_ENTRIES       512
#define SKETCH_ENTRIES_ARRAY (SKETCH_ENTRIES + 8)

/* Hash of round 1 and later; its top bits name the slot, its low half is the value. */
static inline uint64_t sketch_round_hash(uint64_t shingle, uint64_t round_seed)
{
    uint64_t x = (shingle ^ round_seed) * TAMIS_HASH_K1;

    return x ^ (x >> 32);
}

/* slot = min(slot, value), without a branch: which one is less cannot be predicted. */
static inline void sketch_lower(uint32_t *slot, uint32_t value)
{
#if defined(__SSE4_1__)
    __m128i old = _mm_cvtsi32_si128((int)*slot);

    *slot = (uint32_t)_mm_cvtsi128_si32(_mm_min_epu32(old, _mm_cvtsi32_si128((int)value)));
#else
    uint32_t old = *slot;

    *slot = value < old ? value : old;
#endif
}

static inline void sketch_lower_entries(uint32_t *table, const uint64_t *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sketch_lower(&table[entries[i] >> 32], (uint32_t)entries[i]);
    }
}

/* Here because every kernel has it: a table that each step reads and writes at random is no work
 * for vectors, but for shifts by a register. */
static inline void sketch_first_round(sketch_state *state, const uint64_t *shingles, size_t count)
{
    unsigned shift = 64 - state->slot_bits;
    uint32_t *even = state->table;
    uint32_t *odd = state->table + state->slots;
    size_t i = 0;

    for (; i + 4 <= count; i += 4) {
        uint64_t a = shingles[i];
        uint64_t b = shingles[i + 1];
        uint64_t c = shingles[i + 2];
        uint64_t d = shingles[i + 3];

        sketch_lower(&even[a >> shift], (uint32_t)a >> 7);
        sketch_lower(&odd[b >> shift], (uint32_t)b >> 7);
        sketch_lower(&even[c >> shift], (uint32_t)c >> 7);
        sketch_lower(&odd[d >> shift], (uint32_t)d >> 7);
    }
    for (; i < count; i++) {
        sketch_lower(&even[shingles[i] >> shift], (uint32_t)shingles[i] >> 7);
    }
}

#endif
