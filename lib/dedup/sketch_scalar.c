/* SPDX-License-Identifier: Apache-2.0 */
#include "sketch_kernels.h"

static void scalar_first_round(sketch_state *state, const uint64_t *shingles, size_t count)
{
    sketch_first_round(state, shingles, count);
}

static void scalar_fold(sketch_state *state)
{
    for (uint32_t j = 0; j < state->slots; j++) {
        sketch_lower(&state->table[j], state->table[state->slots + j]);
    }
}

static bool scalar_find_empty(sketch_state *state)
{
    uint64_t any = 0;

    for (uint32_t word = 0; word < state->slots / 64; word++) {
        uint64_t bits = 0;

        for (uint32_t j = 0; j < 64; j++) {
            bits |= (uint64_t)(state->table[64 * word + j] == SKETCH_EMPTY) << j;
        }
        state->empty[word] = bits;
        any |= bits;
    }
    return any != 0;
}

static void scalar_later_rounds(sketch_state *state, const uint64_t *shingles, size_t count)
{
    unsigned shift = 64 - state->slot_bits;

    for (uint32_t round = state->first_round; round < state->end_round; round++) {
        uint64_t seed = round * SKETCH_ROUND_FACTOR;
        uint32_t base = round << SKETCH_VALUE_BITS;

        for (size_t i = 0; i < count; i++) {
            uint64_t x = sketch_round_hash(shingles[i], seed);

            sketch_lower(&state->table[x >> shift], base + ((uint32_t)x >> 7));
        }
    }
}

static uint32_t scalar_matches(const uint8_t *a, const uint8_t *b, uint32_t slots)
{
    uint32_t matches = 0;

    for (uint32_t j = 0; j < slots; j++) {
        matches += a[j] == b[j];
    }
    return matches;
}

const sketch_kernels sketch_kernels_scalar = {.first_round = scalar_first_round,
                                              .fold = scalar_fold,
                                              .find_empty = scalar_find_empty,
                                              .later_rounds = scalar_later_rounds,
                                              .matches = scalar_matches};
