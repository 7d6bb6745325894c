/* SPDX-License-Identifier: Apache-2.0 */
#include "sketch_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

static void avx512_first_round(sketch_state *state, const uint64_t *shingles, size_t count)
{
    sketch_first_round(state, shingles, count);
}

static void avx512_fold(sketch_state *state)
{
    for (uint32_t j = 0; j < state->slots; j += 16) {
        __m512i even = _mm512_load_si512(state->table + j);
        __m512i odd = _mm512_load_si512(state->table + state->slots + j);

        _mm512_store_si512(state->table + j, _mm512_min_epu32(even, odd));
    }
}

static bool avx512_find_empty(sketch_state *state)
{
    const __m512i empty = _mm512_set1_epi32(-1);
    uint64_t any = 0;

    for (uint32_t word = 0; word < state->slots / 64; word++) {
        const uint32_t *slots = state->table + (size_t)64 * word;
        uint64_t bits = 0;

        for (unsigned quarter = 0; quarter < 4; quarter++) {
            __m512i part = _mm512_load_si512(slots + 16 * quarter);

            bits |= (uint64_t)_mm512_cmpeq_epi32_mask(part, empty) << (16 * quarter);
        }
        state->empty[word] = bits;
        any |= bits;
    }
    return any != 0;
}

/* What a pass needs at hand. */
typedef struct pass {
    __m512i empty_low, empty_high;
    __m512i entry_shift; /* brings both halves of a hash into place: slot above, value below */
    __m128i slot_shift, word_shift;
} pass;

/* Hashes up to eight shingles and puts those of empty slots to the front of `to`; returns their
 * count. */
static inline size_t find_entries(const pass *p, __m512i seed, __m512i base, __m512i shingles,
                                  __mmask8 here, uint64_t *to)
{
    const __m512i factor = _mm512_set1_epi64((int64_t)TAMIS_HASH_K1);
    __m512i x = _mm512_mullo_epi64(_mm512_xor_si512(shingles, seed), factor);
    __m512i words =
        _mm512_permutex2var_epi64(p->empty_low, _mm512_srl_epi64(x, p->word_shift), p->empty_high);
    __m512i bit = _mm512_and_si512(_mm512_srl_epi64(x, p->slot_shift), _mm512_set1_epi64(63));
    __mmask8 hits =
        _mm512_mask_test_epi64_mask(here, _mm512_srlv_epi64(words, bit), _mm512_set1_epi64(1));
    __m512i entry = _mm512_xor_si512(x, _mm512_srli_epi64(x, 32));

    entry = _mm512_add_epi64(_mm512_srlv_epi32(entry, p->entry_shift), base);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(hits, entry));
    return (size_t)__builtin_popcount(hits);
}

static void avx512_later_rounds(sketch_state *state, const uint64_t *shingles, size_t count)
{
    const pass p = {
        .empty_low = _mm512_loadu_si512(state->empty),
        .empty_high = _mm512_loadu_si512(state->empty + 8),
        .entry_shift = _mm512_set1_epi64((int64_t)(32 - state->slot_bits) << 32 | 7),
        .slot_shift = _mm_cvtsi64_si128((int64_t)(64 - state->slot_bits)),
        .word_shift = _mm_cvtsi64_si128((int64_t)(70 - state->slot_bits)),
    };
    const __mmask8 tail = (__mmask8)((1u << (count % 8)) - 1);
    uint64_t entries[SKETCH_ENTRIES_ARRAY];
    size_t waiting = 0; /* not beside the entries, or each step would wait for its store */

    for (uint32_t round = state->first_round; round < state->end_round; round++) {
        const __m512i seed = _mm512_set1_epi64((int64_t)(round * SKETCH_ROUND_FACTOR));
        const __m512i base = _mm512_set1_epi64((int64_t)((uint64_t)round << SKETCH_VALUE_BITS));
        size_t i = 0;

        for (; i + 8 <= count; i += 8) {
            waiting += find_entries(&p, seed, base, _mm512_loadu_si512(shingles + i), 0xff,
                                    entries + waiting);
            if (waiting >= SKETCH_ENTRIES) {
                sketch_lower_entries(state->table, entries, waiting);
                waiting = 0;
            }
        }
        if (tail != 0) {
            waiting += find_entries(&p, seed, base, _mm512_maskz_loadu_epi64(tail, shingles + i),
                                    tail, entries + waiting);
        }
        if (waiting >= SKETCH_ENTRIES) {
            sketch_lower_entries(state->table, entries, waiting);
            waiting = 0;
        }
    }
    sketch_lower_entries(state->table, entries, waiting);
}

static uint32_t avx512_matches(const uint8_t *a, const uint8_t *b, uint32_t slots)
{
    uint64_t matches = 0;

    for (uint32_t j = 0; j < slots; j += 64) {
        __mmask64 equal =
            _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(a + j), _mm512_loadu_si512(b + j));

        matches += (uint64_t)__builtin_popcountll(equal);
    }
    return (uint32_t)matches;
}

const sketch_kernels sketch_kernels_avx512 = {.first_round = avx512_first_round,
                                              .fold = avx512_fold,
                                              .find_empty = avx512_find_empty,
                                              .later_rounds = avx512_later_rounds,
                                              .matches = avx512_matches};
#endif
