/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/sketch.h"

#include <stdlib.h>

#include "sketch_kernels.h"

struct tamis_sketcher {
    sketch_state state;
    const sketch_kernels *kernels;
    uint64_t shingle_count; /* added in round 0 */
};

static const sketch_kernels *kernels_get(tamis_kernel kernel)
{
#if defined(__x86_64__)
    switch (kernel) {
    case TAMIS_KERNEL_AVX512:
        return &sketch_kernels_avx512;
    case TAMIS_KERNEL_AVX2:
        return &sketch_kernels_avx2;
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
#else
    (void)kernel;
#endif
    return &sketch_kernels_scalar;
}

tamis_sketcher *tamis_sketcher_create(uint32_t slots)
{
    tamis_sketcher *sketcher = NULL;

    TAMIS_ASSERT(slots >= 64 && slots <= TAMIS_SKETCH_SLOTS_MAX);
    TAMIS_ASSERT((slots & (slots - 1)) == 0);

    sketcher = aligned_alloc(_Alignof(tamis_sketcher), sizeof(*sketcher));
    if (sketcher == NULL) {
        return NULL;
    }
    sketcher->kernels = kernels_get(tamis_kernel_best());
    sketcher->state.slots = slots;
    sketcher->state.slot_bits = (uint32_t)__builtin_ctz(slots);
    for (size_t word = 0; word < SKETCH_EMPTY_WORDS; word++) {
        sketcher->state.empty[word] = 0;
    }
    tamis_sketcher_begin(sketcher);
    return sketcher;
}

void tamis_sketcher_destroy(tamis_sketcher *sketcher)
{
    free(sketcher);
}

void tamis_sketcher_begin(tamis_sketcher *sketcher)
{
    sketch_state *state = &sketcher->state;

    memset(state->table, 0xff, 2 * sizeof(state->table[0]) * state->slots); /* SKETCH_EMPTY */
    state->first_round = 0;
    state->end_round = 1;
    sketcher->shingle_count = 0;
}

/* Slots that no round reached take the least of a hash of their own. Rare, and only where shingles
 * are few: a document of one shingle leaves a third of 128 slots. */
static void pick_round(sketch_state *state, const uint64_t *shingles, size_t count)
{
    for (uint32_t word = 0; word < state->slots / 64; word++) {
        for (uint64_t bits = state->empty[word]; bits != 0; bits &= bits - 1) {
            uint32_t j = 64 * word + (uint32_t)__builtin_ctzll(bits);
            uint64_t seed = (j + UINT64_C(1)) * SKETCH_PICK_FACTOR;
            uint32_t least = state->table[j];

            for (size_t i = 0; i < count; i++) {
                uint64_t y = sketch_round_hash(shingles[i], seed) * SKETCH_PICK_MIX;

                y ^= y >> 32;
                sketch_lower(&least, (SKETCH_ROUNDS << SKETCH_VALUE_BITS) + ((uint32_t)y >> 7));
            }
            state->table[j] = least;
        }
    }
}

void tamis_sketcher_add(tamis_sketcher *sketcher, const uint64_t *shingles, size_t count)
{
    sketch_state *state = &sketcher->state;

    if (state->first_round == 0) {
        sketcher->shingle_count += count;
        sketcher->kernels->first_round(state, shingles, count);
    } else if (state->first_round < SKETCH_ROUNDS) {
        sketcher->kernels->later_rounds(state, shingles, count);
    } else {
        pick_round(state, shingles, count);
    }
}

bool tamis_sketcher_next_round(tamis_sketcher *sketcher)
{
    sketch_state *state = &sketcher->state;
    uint64_t rounds = 0;

    if (state->first_round == 0) {
        sketcher->kernels->fold(state);
    }
    if (sketcher->shingle_count == 0 || state->first_round == SKETCH_ROUNDS ||
        !sketcher->kernels->find_empty(state)) {
        return false;
    }
    /* About ln(slots) x slots / shingles rounds fill all slots. Few shingles: many rounds a pass,
     * or a pass would cost more than its rounds. */
    rounds = 2 * state->slots / sketcher->shingle_count;
    rounds = rounds == 0 ? 1 : rounds;
    state->first_round = state->end_round;
    state->end_round = state->first_round + (uint32_t)rounds;
    if (state->first_round < SKETCH_ROUNDS && state->end_round > SKETCH_ROUNDS) {
        state->end_round = SKETCH_ROUNDS;
    }
    return true;
}

const uint32_t *tamis_sketcher_slots(const tamis_sketcher *sketcher)
{
    return sketcher->state.table;
}

void tamis_signature_pack(const uint32_t *sketch, uint32_t slots, uint8_t *out_signature)
{
    for (uint32_t j = 0; j < slots; j++) {
        out_signature[j] = (uint8_t)sketch[j];
    }
}

uint32_t tamis_signature_matches(const uint8_t *a, const uint8_t *b, uint32_t slots)
{
    uint32_t whole = slots & ~UINT32_C(63);
    uint32_t matches = kernels_get(tamis_kernel_best())->matches(a, b, whole);

    for (uint32_t j = whole; j < slots; j++) {
        matches += a[j] == b[j];
    }
    return matches;
}
