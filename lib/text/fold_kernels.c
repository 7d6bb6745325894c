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

static size_t plain_scalar(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                           bool *in_space)
{
    size_t was_white = *in_space ? 1 : 0;
    uint8_t *at = out;
    size_t i = 0;

    while (i < size) {
        uint8_t lead = in[i];
        size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : 3;

        if (lead < 0x80) {
            size_t white = is_white(lead) ? 1 : 0;

            *at = white != 0 ? (uint8_t)' ' : lead;
            at += 1 - (white & was_white);
            was_white = white;
            i++;
            continue;
        }
        /* The rest of a code point that `size` cut may come first: it is copied. */
        if (lead >= 0xC0 && plain_bytes(in + i, 1) == 0) {
            break;
        }
        length = length < size - i ? length : size - i;
        memcpy(at, in + i, length);
        at += length;
        i += length;
        was_white = 0;
    }
    *in_space = was_white != 0;
    *out_size = (size_t)(at - out);
    return i;
}

#if TAMIS_HAVE_X86

/* Appends the first `count` of 64 bytes without those of `drop`. There is no compressing store: 8
 * bytes at a time are shuffled together. */
TAMIS_TARGET_AVX2 static uint8_t *append_kept(uint8_t *out, __m256i low, __m256i high, size_t count,
                                              uint64_t drop)
{
    uint8_t bytes[WINDOW_BYTES];
    uint64_t keep = ~drop & (count < WINDOW_BYTES ? (1ull << count) - 1 : ~0ull);

    store_256(bytes, low);
    store_256(bytes + 32, high);
    for (unsigned k = 0; k < WINDOW_BYTES; k += 8) {
        uint8_t bits = (uint8_t)(keep >> k);
        __m128i packed =
            _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(const void *)(bytes + k)),
                             _mm_cvtsi64_si128((long long)tamis_places_of_byte[bits]));

        _mm_storel_epi64((__m128i *)(void *)out, packed);
        out += __builtin_popcount(bits);
    }
    return out;
}

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
        low = _mm256_blendv_epi8(low, blank, low_white);
        high = _mm256_blendv_epi8(high, blank, high_white);
        if (drop == 0) {
            store_256(at, low);
            store_256(at + 32, high);
            at += count;
        } else {
            at = append_kept(at, low, high, count, drop);
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
