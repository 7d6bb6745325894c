/* SPDX-License-Identifier: Apache-2.0 */
#include "ascii.h"

#include <string.h>

#include "vector.h"

static bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26;
}

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

static bool is_white(uint8_t byte)
{
    return byte == ' ' || (uint8_t)(byte - '\t') < 5;
}

static size_t text_scalar(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t i = 0;

    for (; i < size && in[i] < 0x80; i++) {
        uint8_t byte = in[i];

        /* Digits have bit 5 set already. */
        out[i] = is_letter(byte) || is_digit(byte) ? (uint8_t)(byte | 0x20) : (uint8_t)' ';
    }
    return i;
}

static size_t fold_scalar(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                          bool *in_space)
{
    size_t i = 0;
    size_t written = 0;
    bool was_white = *in_space;

    for (; i < size && in[i] < 0x80; i++) {
        bool white = is_white(in[i]);

        out[written] = white ? (uint8_t)' ' : in[i];
        written += !(white && was_white);
        was_white = white;
    }
    *in_space = was_white;
    *out_size = written;
    return i;
}

size_t tamis_ascii_code(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size)
{
    size_t i = 0;
    uint8_t *at = out;

    for (; i < size && in[i] < 0x80; i++) {
        uint8_t byte = in[i];
        bool is_word = is_letter(byte) || is_digit(byte) || byte == '_';
        bool is_own = !is_word && byte > ' ' && byte < 0x7F;
        uint8_t bytes[4] = {' ', byte, ' ', ' '};

        bytes[0] = is_word ? byte : (uint8_t)' ';
        memcpy(at, bytes, sizeof(bytes));
        at += is_own ? 3 : 1;
    }
    *out_size = (size_t)(at - out);
    return i;
}

#if TAMIS_HAVE_X86

TAMIS_TARGET_AVX512 static size_t text_avx512(const uint8_t *in, size_t size, uint8_t *out)
{
    const __m512i blank = _mm512_set1_epi8(' ');
    size_t i = 0;

    for (; i < size; i += 64) {
        __m512i bytes = _mm512_loadu_si512(in + i);
        __m512i lower = _mm512_or_si512(bytes, blank);
        uint64_t high = _mm512_movepi8_mask(bytes);
        uint64_t letters = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')),
                                                  _mm512_set1_epi8(26));
        uint64_t digits = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')),
                                                 _mm512_set1_epi8(10));

        _mm512_storeu_si512(out + i, _mm512_mask_mov_epi8(blank, letters | digits, lower));
        if (high != 0) {
            i += (size_t)__builtin_ctzll(high);
            break;
        }
    }
    return i < size ? i : size;
}

/* Moves the bytes of `keep` together: no byte is dropped in most blocks. */
TAMIS_TARGET_AVX512 static inline void store_kept_512(uint8_t *out, __m512i bytes, uint64_t keep)
{
    _mm512_storeu_si512(out, keep == ~0ull ? bytes : _mm512_maskz_compress_epi8(keep, bytes));
}

TAMIS_TARGET_AVX512 static size_t fold_avx512(const uint8_t *in, size_t size, uint8_t *out,
                                              size_t *out_size, bool *in_space)
{
    const __m512i blank = _mm512_set1_epi8(' ');
    uint64_t carry = *in_space ? 1 : 0;
    uint8_t *at = out;
    size_t i = 0;

    while (i < size) {
        __m512i bytes = _mm512_loadu_si512(in + i);
        uint64_t high = _mm512_movepi8_mask(bytes);
        uint64_t white = _mm512_cmpeq_epi8_mask(bytes, blank) |
                         _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('\t')),
                                                _mm512_set1_epi8(5));
        uint64_t drop = white & (white << 1 | carry);
        size_t count = high != 0 ? (size_t)__builtin_ctzll(high) : 64;

        count = count < size - i ? count : size - i;
        store_kept_512(at, _mm512_mask_mov_epi8(bytes, white, blank), ~drop);
        if (count < 64) {
            uint64_t done = (1ull << count) - 1;

            at += count - (size_t)__builtin_popcountll(drop & done);
            if (count != 0) {
                carry = white >> (count - 1) & 1;
            }
            i += count;
            break;
        }
        at += 64 - (size_t)__builtin_popcountll(drop);
        carry = white >> 63;
        i += 64;
    }
    *in_space = carry != 0;
    *out_size = (size_t)(at - out);
    return i;
}

TAMIS_TARGET_AVX2 static inline __m256i below_256(__m256i bytes, char first, char count)
{
    __m256i moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));

    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8((char)(count - 1))), moved);
}

TAMIS_TARGET_AVX2 static size_t text_avx2(const uint8_t *in, size_t size, uint8_t *out)
{
    const __m256i blank = _mm256_set1_epi8(' ');
    size_t i = 0;

    for (; i < size; i += 32) {
        __m256i bytes = load_256(in + i);
        __m256i lower = _mm256_or_si256(bytes, blank);
        uint32_t high = (uint32_t)_mm256_movemask_epi8(bytes);
        __m256i word = _mm256_or_si256(below_256(lower, 'a', 26), below_256(bytes, '0', 10));

        store_256(out + i, _mm256_blendv_epi8(blank, lower, word));
        if (high != 0) {
            i += (size_t)__builtin_ctz(high);
            break;
        }
    }
    return i < size ? i : size;
}

/* Stores 32 bytes without those of `drop`, span by span: AVX2 has no compressing store. */
static uint8_t *store_kept_256(uint8_t *at, const uint8_t bytes[32], size_t count, uint32_t drop)
{
    for (size_t k = 0; k < count; k++) {
        *at = bytes[k];
        at += 1 - (drop >> k & 1);
    }
    return at;
}

TAMIS_TARGET_AVX2 static size_t fold_avx2(const uint8_t *in, size_t size, uint8_t *out,
                                          size_t *out_size, bool *in_space)
{
    const __m256i blank = _mm256_set1_epi8(' ');
    uint32_t carry = *in_space ? 1 : 0;
    uint8_t *at = out;
    size_t i = 0;

    while (i < size) {
        __m256i bytes = load_256(in + i);
        __m256i is_white_byte =
            _mm256_or_si256(_mm256_cmpeq_epi8(bytes, blank), below_256(bytes, '\t', 5));
        uint32_t high = (uint32_t)_mm256_movemask_epi8(bytes);
        uint32_t white = (uint32_t)_mm256_movemask_epi8(is_white_byte);
        uint32_t drop = white & (white << 1 | carry);
        size_t count = high != 0 ? (size_t)__builtin_ctz(high) : 32;
        __m256i folded = _mm256_blendv_epi8(bytes, blank, is_white_byte);

        count = count < size - i ? count : size - i;
        if (drop == 0) {
            store_256(at, folded);
            at += count;
        } else {
            uint8_t block[32];

            store_256(block, folded);
            at = store_kept_256(at, block, count, drop);
        }
        if (count != 0) {
            carry = white >> (count - 1) & 1;
        }
        i += count;
        if (count < 32) {
            break;
        }
    }
    *in_space = carry != 0;
    *out_size = (size_t)(at - out);
    return i;
}

#endif

tamis_ascii_text *tamis_ascii_text_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return text_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return text_avx2;
    }
#else
    (void)kernel;
#endif
    return text_scalar;
}

tamis_ascii_fold *tamis_ascii_fold_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return fold_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return fold_avx2;
    }
#else
    (void)kernel;
#endif
    return fold_scalar;
}
