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
