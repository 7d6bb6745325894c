/* SPDX-License-Identifier: Apache-2.0 */
#include "borders.h"

#include <string.h>

#include "vector.h"

/* Borders of 64 bytes, of which the first `size` count. *carry: 1 when the byte before is in a
 * token. */
static inline uint64_t borders_of(uint64_t mask, size_t size, uint64_t *carry)
{
    uint64_t borders = mask ^ (mask << 1 | *carry);

    *carry = mask >> 63;
    return size < 64 ? borders & ((1ull << size) - 1) : borders;
}

/* One bit for each of 8 bytes that is not a space. */
static inline uint64_t mask_of_8(const uint8_t *bytes)
{
    const uint64_t low_bits = 0x7F7F7F7F7F7F7F7Fu;
    uint64_t x = 0;
    uint64_t not_zero = 0;

    for (unsigned i = 0; i < 8; i++) {
        x |= (uint64_t)bytes[i] << 8 * i;
    }
    x ^= 0x2020202020202020u;
    not_zero = (((x & low_bits) + low_bits) | x) & ~low_bits; /* top bit of each byte */
    return (not_zero >> 7) * 0x0102040810204080u >> 56;
}

static size_t borders_scalar(const uint8_t *block, size_t size, bool is_open, uint16_t *out)
{
    uint64_t carry = is_open ? 1 : 0;
    size_t count = 0;

    for (size_t i = 0; i < size; i += 64) {
        uint64_t mask = 0;
        uint64_t borders = 0;

        for (unsigned k = 0; k < 8; k++) {
            mask |= mask_of_8(block + i + 8 * (size_t)k) << 8 * k;
        }
        borders = borders_of(mask, size - i, &carry);
        while (borders != 0) {
            out[count++] = (uint16_t)(i + (size_t)__builtin_ctzll(borders));
            borders &= borders - 1;
        }
    }
    return count;
}

#if TAMIS_HAVE_X86

TAMIS_TARGET_AVX512 static size_t borders_avx512(const uint8_t *block, size_t size, bool is_open,
                                                 uint16_t *out)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    const __m512i places = _mm512_loadu_si512(numbers);
    uint64_t carry = is_open ? 1 : 0;
    size_t count = 0;

    for (size_t i = 0; i < size; i += 64) {
        uint64_t mask =
            _mm512_cmpneq_epi8_mask(_mm512_loadu_si512(block + i), _mm512_set1_epi8(' '));
        uint64_t borders = borders_of(mask, size - i, &carry);
        size_t found = (size_t)__builtin_popcountll(borders);
        __m512i base = _mm512_set1_epi16((short)i);
        __m512i packed = _mm512_maskz_compress_epi8(borders, places);

        _mm512_storeu_si512(
            out + count,
            _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed))));
        if (found > 32) {
            _mm512_storeu_si512(
                out + count + 32,
                _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(packed, 1))));
        }
        count += found;
    }
    return count;
}

#define PLACES_1(b, n) ((uint64_t)(n) << 8 * PLACES_BEFORE(b, n))
#define PLACES_BEFORE(b, n)                                                                        \
    (((n) > 0 && ((b)&1)) + ((n) > 1 && ((b)&2)) + ((n) > 2 && ((b)&4)) + ((n) > 3 && ((b)&8)) +   \
     ((n) > 4 && ((b)&16)) + ((n) > 5 && ((b)&32)) + ((n) > 6 && ((b)&64)))
#define PLACES(b)                                                                                  \
    ((((b)&2) ? PLACES_1(b, 1) : 0) | (((b)&4) ? PLACES_1(b, 2) : 0) |                             \
     (((b)&8) ? PLACES_1(b, 3) : 0) | (((b)&16) ? PLACES_1(b, 4) : 0) |                            \
     (((b)&32) ? PLACES_1(b, 5) : 0) | (((b)&64) ? PLACES_1(b, 6) : 0) |                           \
     (((b)&128) ? PLACES_1(b, 7) : 0))
#define PLACES_4(b)  PLACES(b), PLACES((b) + 1), PLACES((b) + 2), PLACES((b) + 3)
#define PLACES_16(b) PLACES_4(b), PLACES_4((b) + 4), PLACES_4((b) + 8), PLACES_4((b) + 12)
#define PLACES_64(b) PLACES_16(b), PLACES_16((b) + 16), PLACES_16((b) + 32), PLACES_16((b) + 48)
const uint64_t tamis_places_of_byte[256] = {PLACES_64(0), PLACES_64(64), PLACES_64(128),
                                            PLACES_64(192)};

TAMIS_TARGET_AVX2 static size_t borders_avx2(const uint8_t *block, size_t size, bool is_open,
                                             uint16_t *out)
{
    const __m256i blank = _mm256_set1_epi8(' ');
    uint64_t carry = is_open ? 1 : 0;
    size_t count = 0;

    for (size_t i = 0; i < size; i += 64) {
        uint64_t mask = ~mask_of_bytes(_mm256_cmpeq_epi8(load_256(block + i), blank),
                                       _mm256_cmpeq_epi8(load_256(block + i + 32), blank));
        uint64_t borders = borders_of(mask, size - i, &carry);

        for (unsigned k = 0; k < 64; k += 8) {
            uint8_t bits = (uint8_t)(borders >> k);
            __m128i places =
                _mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)tamis_places_of_byte[bits]));

            _mm_storeu_si128((__m128i *)(void *)(out + count),
                             _mm_add_epi16(places, _mm_set1_epi16((short)(i + k))));
            count += (size_t)__builtin_popcount(bits);
        }
    }
    return count;
}

#endif

tamis_borders_find *tamis_borders_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return borders_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return borders_avx2;
    }
#else
    (void)kernel;
#endif
    return borders_scalar;
}
