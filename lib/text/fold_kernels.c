/* SPDX-License-Identifier: Apache-2.0 */
/* In a window of 64 bytes the code points above U+007F are looked up in a bit map of those that
 * never change; the rest of the work is the same for bytes of any kind, because white space that
 * the kernels treat is ASCII, and no byte of a longer code point looks like it.
 */
#include "fold_kernels.h"

#include <string.h>

#include "tables.h"
#include "vector.h"

#define WINDOW_BYTES 64

/* Bytes before the first code point of the window that may change. `starts` has a bit for each code
 * point above U+007F that starts in the window. */
static inline __attribute__((always_inline)) size_t plain_bytes(const uint8_t *window,
                                                                uint64_t starts)
{
    while (starts != 0) {
        size_t place = (size_t)__builtin_ctzll(starts);
        const uint8_t *in = window + place;
        uint32_t lead = in[0];
        uint32_t block = lead & 0x1F;
        uint32_t point = in[1];

        if (lead >= 0xE0) {
            if (lead >= 0xF0) {
                return place;
            }
            block = (lead & 0x0F) << 6 | (in[1] & 0x3Fu);
            point = in[2];
        }
        if ((tamis_inert[block] >> (point & 0x3F) & 1) == 0) {
            return place;
        }
        starts &= starts - 1;
    }
    return WINDOW_BYTES;
}

static bool is_white(uint8_t byte)
{
    return byte == ' ' || (uint8_t)(byte - '\t') < 5;
}

/* Appends `count` bytes without those of `drop`, white ones as spaces. */
static inline uint8_t *append_kept(uint8_t *out, const uint8_t *bytes, size_t count, uint64_t white,
                                   uint64_t drop)
{
    for (size_t k = 0; k < count; k++) {
        *out = (white >> k & 1) != 0 ? (uint8_t)' ' : bytes[k];
        out += 1 - (drop >> k & 1);
    }
    return out;
}

static size_t plain_scalar(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                           bool *in_space)
{
    uint64_t carry = *in_space ? 1 : 0;
    uint8_t *at = out;
    size_t i = 0;

    while (i < size) {
        size_t left = size - i < WINDOW_BYTES ? size - i : WINDOW_BYTES;
        size_t count = left;
        uint64_t starts = 0;
        uint64_t white = 0;
        uint64_t drop = 0;

        for (size_t k = 0; k < left; k++) {
            starts |= (uint64_t)(in[i + k] >= 0xC0) << k;
            white |= (uint64_t)is_white(in[i + k]) << k;
        }
        if (starts != 0) {
            size_t plain = plain_bytes(in + i, starts);

            count = plain < left ? plain : left;
        }
        drop = white & (white << 1 | carry);
        at = append_kept(at, in + i, count, white, drop);
        if (count != 0) {
            carry = white >> (count - 1) & 1;
        }
        i += count;
        if (count < left) {
            break;
        }
    }
    *in_space = carry != 0;
    *out_size = (size_t)(at - out);
    return i;
}

#if TAMIS_HAVE_X86

TAMIS_TARGET_AVX512 static size_t plain_avx512(const uint8_t *in, size_t size, uint8_t *out,
                                               size_t *out_size, bool *in_space)
{
    const __m512i blank = _mm512_set1_epi8(' ');
    uint64_t carry = *in_space ? 1 : 0;
    uint8_t *at = out;
    size_t i = 0;

    while (i < size) {
        __m512i bytes = _mm512_loadu_si512(in + i);
        uint64_t starts = _mm512_cmpge_epu8_mask(bytes, _mm512_set1_epi8((char)0xC0));
        uint64_t white = _mm512_cmpeq_epi8_mask(bytes, blank) |
                         _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('\t')),
                                                _mm512_set1_epi8(5));
        uint64_t drop = white & (white << 1 | carry);
        size_t left = size - i < WINDOW_BYTES ? size - i : WINDOW_BYTES;
        size_t count = left;

        if (starts != 0) {
            size_t plain =
                plain_bytes(in + i, left < WINDOW_BYTES ? starts & ((1ull << left) - 1) : starts);

            count = plain < left ? plain : left;
        }
        bytes = _mm512_mask_mov_epi8(bytes, white, blank);
        _mm512_storeu_si512(at, _mm512_maskz_compress_epi8(~drop, bytes));
        if (count < WINDOW_BYTES) {
            drop &= (1ull << count) - 1;
            white &= (1ull << count) - 1;
            carry = count != 0 ? white >> (count - 1) & 1 : carry;
        } else {
            carry = white >> 63;
        }
        at += count - (size_t)__builtin_popcountll(drop);
        i += count;
        if (count < left) {
            break;
        }
    }
    *in_space = carry != 0;
    *out_size = (size_t)(at - out);
    return i;
}

TAMIS_TARGET_AVX2 static size_t plain_avx2(const uint8_t *in, size_t size, uint8_t *out,
                                           size_t *out_size, bool *in_space)
{
    const __m256i blank = _mm256_set1_epi8(' ');
    const __m256i first_lead = _mm256_set1_epi8((char)0xC0);
    uint64_t carry = *in_space ? 1 : 0;
    uint8_t *at = out;
    size_t i = 0;

    while (i < size) {
        __m256i low = load_256(in + i);
        __m256i high = load_256(in + i + 32);
        __m256i low_white = _mm256_or_si256(_mm256_cmpeq_epi8(low, blank), below_256(low, '\t', 5));
        __m256i high_white =
            _mm256_or_si256(_mm256_cmpeq_epi8(high, blank), below_256(high, '\t', 5));
        uint64_t white = mask_of_bytes(low_white, high_white);
        uint64_t starts = mask_of_bytes(_mm256_cmpeq_epi8(_mm256_max_epu8(low, first_lead), low),
                                        _mm256_cmpeq_epi8(_mm256_max_epu8(high, first_lead), high));
        uint64_t drop = white & (white << 1 | carry);
        size_t left = size - i < WINDOW_BYTES ? size - i : WINDOW_BYTES;
        size_t count = left;

        if (starts != 0) {
            size_t plain =
                plain_bytes(in + i, left < WINDOW_BYTES ? starts & ((1ull << left) - 1) : starts);

            count = plain < left ? plain : left;
        }
        /* There is no compressing store: what is behind the first dropped byte goes byte by byte.
         */
        store_256(at, _mm256_blendv_epi8(low, blank, low_white));
        store_256(at + 32, _mm256_blendv_epi8(high, blank, high_white));
        if (count < WINDOW_BYTES) {
            drop &= (1ull << count) - 1;
        }
        if (drop != 0) {
            size_t first = (size_t)__builtin_ctzll(drop);

            at = append_kept(at + first, in + i + first, count - first, white >> first,
                             drop >> first);
        } else {
            at += count;
        }
        carry = count != 0 ? white >> (count - 1) & 1 : carry;
        i += count;
        if (count < left) {
            break;
        }
    }
    *in_space = carry != 0;
    *out_size = (size_t)(at - out);
    return i;
}

#endif

tamis_fold_plain *tamis_fold_plain_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return plain_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return plain_avx2;
    }
#else
    (void)kernel;
#endif
    return plain_scalar;
}
