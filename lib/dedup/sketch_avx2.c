/* SPDX-License-Identifier: Apache-2.0 */
#include "sketch_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define EMPTY_WORDS_IN_REGISTER 4

/* For each set of hits the order that brings them to the front, in numbers of 32-bit lanes. */
static const _Alignas(32) uint32_t front_order[16][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 4, 5, 6, 7},
    {0, 1, 2, 3, 4, 5, 6, 7}, {4, 5, 0, 1, 2, 3, 6, 7}, {0, 1, 4, 5, 2, 3, 6, 7},
    {2, 3, 4, 5, 0, 1, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {6, 7, 0, 1, 2, 3, 4, 5},
    {0, 1, 6, 7, 2, 3, 4, 5}, {2, 3, 6, 7, 0, 1, 4, 5}, {0, 1, 2, 3, 6, 7, 4, 5},
    {4, 5, 6, 7, 0, 1, 2, 3}, {0, 1, 4, 5, 6, 7, 2, 3}, {2, 3, 4, 5, 6, 7, 0, 1},
    {0, 1, 2, 3, 4, 5, 6, 7}};

static inline __m256i load(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

static inline void store(void *to, __m256i value)
{
    _mm256_storeu_si256((__m256i *)to, value);
}

static void avx2_first_round(sketch_state *state, const uint64_t *shingles, size_t count)
{
    sketch_first_round(state, shingles, count);
}

static void avx2_fold(sketch_state *state)
{
    for (uint32_t j = 0; j < state->slots; j += 8) {
        __m256i even = load(state->table + j);
        __m256i odd = load(state->table + state->slots + j);

        store(state->table + j, _mm256_min_epu32(even, odd));
    }
}

static bool avx2_find_empty(sketch_state *state)
{
    const __m256i empty = _mm256_set1_epi32(-1);
    uint64_t any = 0;

    for (uint32_t word = 0; word < state->slots / 64; word++) {
        const uint32_t *slots = state->table + (size_t)64 * word;
        uint64_t bits = 0;

        for (unsigned eighth = 0; eighth < 8; eighth++) {
            __m256i equal = _mm256_cmpeq_epi32(load(slots + 8 * eighth), empty);

            bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(equal))
                    << (8 * eighth);
        }
        state->empty[word] = bits;
        any |= bits;
    }
    return any != 0;
}

/* x * K1 modulo 2^64, of 32-bit products. */
static inline __m256i multiply_k1(__m256i x)
{
    const __m256i low = _mm256_set1_epi64x((int64_t)(TAMIS_HASH_K1 & UINT32_MAX));
    const __m256i high = _mm256_set1_epi64x((int64_t)(TAMIS_HASH_K1 >> 32));
    __m256i cross = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(x, 32), low),
                                     _mm256_mul_epu32(x, high));

    return _mm256_add_epi64(_mm256_mul_epu32(x, low), _mm256_slli_epi64(cross, 32));
}

/* Which of four entries lie in slots that are empty, for up to 256 slots. The bit of the slot is
 * brought to the sign of the entry's high half. */
static inline unsigned find_hits(__m256i entry, __m256i empty)
{
    const __m256i bit_mask = _mm256_set1_epi32(31);
    __m256i words = _mm256_permutevar8x32_epi32(empty, _mm256_srli_epi32(entry, 5));
    __m256i bits = _mm256_sllv_epi32(words, _mm256_andnot_si256(entry, bit_mask));

    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(bits));
}

static void avx2_later_rounds(sketch_state *state, const uint64_t *shingles, size_t count)
{
    /* Shifts both halves of a hash into place: slot number above, value below. */
    const __m256i entry_shift = _mm256_set1_epi64x((int64_t)(32 - state->slot_bits) << 32 | 7);
    const bool is_filtered = state->slots <= 64 * EMPTY_WORDS_IN_REGISTER;
    const __m256i empty = is_filtered ? load(state->empty) : _mm256_set1_epi32(-1);
    uint64_t entries[SKETCH_ENTRIES_ARRAY];
    size_t waiting = 0; /* not beside the entries, or each step would wait for its store */

    for (uint32_t round = state->first_round; round < state->end_round; round++) {
        const __m256i seed = _mm256_set1_epi64x((int64_t)(round * SKETCH_ROUND_FACTOR));
        const __m256i base = _mm256_set1_epi64x((int64_t)((uint64_t)round << SKETCH_VALUE_BITS));
        size_t i = 0;

        for (; i + 4 <= count; i += 4) {
            __m256i x = multiply_k1(_mm256_xor_si256(load(shingles + i), seed));
            __m256i entry =
                _mm256_srlv_epi32(_mm256_xor_si256(x, _mm256_srli_epi64(x, 32)), entry_shift);
            unsigned hits = find_hits(entry, empty);

            entry =
                _mm256_permutevar8x32_epi32(_mm256_add_epi64(entry, base), load(front_order[hits]));
            store(entries + waiting, entry);
            waiting += (size_t)__builtin_popcount(hits);
            if (waiting >= SKETCH_ENTRIES) {
                sketch_lower_entries(state->table, entries, waiting);
                waiting = 0;
            }
        }
        for (; i < count; i++) {
            uint64_t x = sketch_round_hash(shingles[i], round * SKETCH_ROUND_FACTOR);

            sketch_lower(&state->table[x >> (64 - state->slot_bits)],
                         (round << SKETCH_VALUE_BITS) + ((uint32_t)x >> 7));
        }
    }
    sketch_lower_entries(state->table, entries, waiting);
}

static uint32_t avx2_matches(const uint8_t *a, const uint8_t *b, uint32_t slots)
{
    uint32_t matches = 0;

    for (uint32_t j = 0; j < slots; j += 32) {
        __m256i equal = _mm256_cmpeq_epi8(load(a + j), load(b + j));

        matches += (uint32_t)__builtin_popcount((uint32_t)_mm256_movemask_epi8(equal));
    }
    return matches;
}

const sketch_kernels sketch_kernels_avx2 = {.first_round = avx2_first_round,
                                            .fold = avx2_fold,
                                            .find_empty = avx2_find_empty,
                                            .later_rounds = avx2_later_rounds,
                                            .matches = avx2_matches};
#endif
