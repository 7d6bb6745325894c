/* SPDX-License-Identifier: Apache-2.0 */
/* Splitters whose words are runs of one class of characters: `ws`, `wordpunct`. */
#include "view.h"
#include "word_vector.h"

enum { FLAG_ALPHA, FLAG_ASCII_ALPHA, FLAG_OTHER, FLAG_UPPER, FLAG_LOWER, FLAG_ALNUM_FIRST };

/* Runs are ones in `runs`; adding some of a run's bits to the run carries into the bit behind it,
 * and only then: so the place where a run has ended learns whether the run had one of `having`. */
TAMIS_ALWAYS_INLINE uint64_t reached(uint64_t runs, uint64_t having, uint64_t *carry)
{
    uint64_t sum = 0;
    uint64_t over = __builtin_add_overflow(runs, having & runs, &sum) ? 1 : 0;

    over |= __builtin_add_overflow(sum, *carry, &sum) ? 1 : 0;
    *carry = over;
    return sum & ~runs;
}

/* What ends in one block, by place. */
typedef struct run_ends {
    uint64_t starts;
    uint64_t ends;
    uint64_t flags[6];
} run_ends;

TAMIS_ALWAYS_INLINE void runs_of(const tamis_masks *masks, uint64_t runs, tamis_run_carry *carry,
                                 run_ends *out)
{
    const uint64_t behind = runs << 1 | carry->open;
    const uint64_t starts = runs & ~behind;
    const uint64_t alnum = masks->word & ~(masks->punctuation & masks->ascii); /* not '_' */

    out->starts |= starts;
    out->ends |= ~runs & behind;
    out->flags[FLAG_ALPHA] |= reached(runs, masks->alpha, &carry->flags[FLAG_ALPHA]);
    out->flags[FLAG_ASCII_ALPHA] |=
        reached(runs, masks->alpha & masks->ascii, &carry->flags[FLAG_ASCII_ALPHA]);
    out->flags[FLAG_OTHER] |= reached(runs, ~masks->punctuation, &carry->flags[FLAG_OTHER]);
    out->flags[FLAG_UPPER] |= reached(runs, masks->upper, &carry->flags[FLAG_UPPER]);
    out->flags[FLAG_LOWER] |= reached(runs, masks->lower, &carry->flags[FLAG_LOWER]);
    out->flags[FLAG_ALNUM_FIRST] |= reached(runs, alnum & starts, &carry->flags[FLAG_ALNUM_FIRST]);
    carry->open = runs >> 63;
}

TAMIS_ALWAYS_INLINE void write_runs(const run_ends *block, size_t base, tamis_word_store *store)
{
    uint32_t *begin = tamis_numbers_of(&store->begin) + store->begin_count;
    uint32_t *end = tamis_numbers_of(&store->end) + store->count;
    uint8_t *flags = store->flags.data + store->count;
    const uint64_t upper = block->flags[FLAG_UPPER] & ~block->flags[FLAG_LOWER];
    size_t count = 0;

    for (uint64_t left = block->starts; left != 0; left &= left - 1) {
        begin[count++] = (uint32_t)(base + (size_t)__builtin_ctzll(left));
    }
    store->begin_count += count;
    count = 0;
    for (uint64_t left = block->ends; left != 0; left &= left - 1) {
        unsigned place = (unsigned)__builtin_ctzll(left);

        end[count] = (uint32_t)(base + place);
        flags[count++] =
            (uint8_t)((block->flags[FLAG_ALPHA] >> place & 1) |
                      (block->flags[FLAG_ASCII_ALPHA] >> place & 1) << 1 |
                      (~block->flags[FLAG_OTHER] >> place & 1) << 2 | (upper >> place & 1) << 3 |
                      (block->flags[FLAG_ALNUM_FIRST] >> place & 1) << 4);
    }
    store->count += count;
}

TAMIS_ALWAYS_INLINE run_ends block_runs(const tamis_masks *masks, bool is_ws,
                                        tamis_run_carry carry[2])
{
    run_ends block = {0};

    if (is_ws) {
        runs_of(masks, ~masks->space, &carry[0], &block);
    } else {
        runs_of(masks, masks->word, &carry[0], &block);
        runs_of(masks, ~masks->word & ~masks->space, &carry[1], &block);
    }
    return block;
}

static void split_scalar(const tamis_masks *masks, size_t first, size_t stop, bool is_ws,
                         tamis_run_carry carry[2], tamis_word_store *store)
{
    for (size_t i = first; i < stop; i++) {
        run_ends block = block_runs(&masks[i], is_ws, carry);

        write_runs(&block, i * TAMIS_WORDS_BLOCK, store);
    }
}

#if TAMIS_HAVE_X86

TAMIS_TARGET_AVX2 static void split_avx2(const tamis_masks *masks, size_t first, size_t stop,
                                         bool is_ws, tamis_run_carry carry[2],
                                         tamis_word_store *store)
{
    for (size_t i = first; i < stop; i++) {
        run_ends block = block_runs(&masks[i], is_ws, carry);

        write_runs(&block, i * TAMIS_WORDS_BLOCK, store);
    }
}

/* Writes base + the places of the bits; may write 16 numbers too many. */
TAMIS_TARGET_AVX512 static inline void write_places(uint64_t bits, size_t base, uint32_t *out)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    const __m512i places = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(numbers));
    const __m512i from = _mm512_set1_epi32((int)(uint32_t)base);
    const unsigned count = (unsigned)__builtin_popcountll(bits);

    _mm512_storeu_si512(
        out, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(places)), from));
    if (count > 16) {
        uint8_t left[64];

        _mm512_storeu_si512(left, places);
        for (unsigned i = 16; i < count; i += 16) {
            const __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(left + i));

            _mm512_storeu_si512(out + i, _mm512_add_epi32(_mm512_cvtepu8_epi32(part), from));
        }
    }
}

TAMIS_TARGET_AVX512 static inline __m512i flag_512(uint64_t bits, char flag)
{
    return _mm512_maskz_mov_epi8(bits, _mm512_set1_epi8(flag));
}

TAMIS_TARGET_AVX512 static void split_avx512(const tamis_masks *masks, size_t first, size_t stop,
                                             bool is_ws, tamis_run_carry carry[2],
                                             tamis_word_store *store)
{
    for (size_t i = first; i < stop; i++) {
        const run_ends block = block_runs(&masks[i], is_ws, carry);
        const uint64_t upper = block.flags[FLAG_UPPER] & ~block.flags[FLAG_LOWER];
        __m512i flags =
            _mm512_or_si512(flag_512(block.flags[FLAG_ALPHA], TAMIS_WORD_ALPHA),
                            flag_512(block.flags[FLAG_ASCII_ALPHA], TAMIS_WORD_ASCII_ALPHA));

        flags = _mm512_or_si512(flags, flag_512(~block.flags[FLAG_OTHER], TAMIS_WORD_PUNCTUATION));
        flags = _mm512_or_si512(flags, flag_512(upper, TAMIS_WORD_UPPER));
        flags =
            _mm512_or_si512(flags, flag_512(block.flags[FLAG_ALNUM_FIRST], TAMIS_WORD_ALNUM_FIRST));
        write_places(block.starts, i * TAMIS_WORDS_BLOCK,
                     tamis_numbers_of(&store->begin) + store->begin_count);
        write_places(block.ends, i * TAMIS_WORDS_BLOCK,
                     tamis_numbers_of(&store->end) + store->count);
        _mm512_storeu_si512(store->flags.data + store->count,
                            _mm512_maskz_compress_epi8(block.ends, flags));
        store->begin_count += (size_t)__builtin_popcountll(block.starts);
        store->count += (size_t)__builtin_popcountll(block.ends);
    }
}

#endif

tamis_runs_split *tamis_runs_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return split_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return split_avx2;
    }
#else
    (void)kernel;
#endif
    return split_scalar;
}

tamis_status tamis_split_runs(tamis_text_view *view, tamis_splitter splitter,
                              tamis_word_store *store)
{
    const size_t block_count = tamis_block_count(view);
    const size_t part = TAMIS_WORDS_ROOM / TAMIS_WORDS_BLOCK - 1; /* kernels write ahead */
    tamis_run_carry carry[2] = {0};

    for (size_t i = 0; i < block_count; i += part) {
        size_t stop = block_count - i < part ? block_count : i + part;
        tamis_status status = tamis_word_store_reserve(store);

        if (status != TAMIS_OK) {
            return status;
        }
        view->split_runs(tamis_masks_of(view), i, stop, splitter == TAMIS_SPLITTER_WS, carry,
                         store);
    }
    TAMIS_ASSERT(store->begin_count == store->count);
    return TAMIS_OK;
}
