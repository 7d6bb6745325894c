/* SPDX-License-Identifier: Apache-2.0 */
#include "ascii.h"

#include <string.h>

#include "vector.h"

/* Each ASCII character as profile text writes it. */
#define FOLD_1(c)                                                                                  \
    ((c) >= 'A' && (c) <= 'Z'                                   ? (c) + 32                         \
     : ((c) >= 'a' && (c) <= 'z') || ((c) >= '0' && (c) <= '9') ? (c)                              \
                                                                : ' ')
#define FOLD_4(c)  FOLD_1(c), FOLD_1((c) + 1), FOLD_1((c) + 2), FOLD_1((c) + 3)
#define FOLD_16(c) FOLD_4(c), FOLD_4((c) + 4), FOLD_4((c) + 8), FOLD_4((c) + 12)
static const uint8_t folded[128] = {FOLD_16(0),  FOLD_16(16), FOLD_16(32), FOLD_16(48),
                                    FOLD_16(64), FOLD_16(80), FOLD_16(96), FOLD_16(112)};

/* The length of the run of ASCII. */
static size_t ascii_run(const uint8_t *in, size_t size)
{
    size_t i = 0;

    while (i + 8 <= size) {
        uint64_t word = 0;

        memcpy(&word, in + i, sizeof(word));
        if ((word & 0x8080808080808080u) != 0) {
            break;
        }
        i += 8;
    }
    while (i < size && in[i] < 0x80) {
        i++;
    }
    return i;
}

static size_t text_scalar(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t run = ascii_run(in, size);

    for (size_t i = 0; i < run; i++) {
        out[i] = folded[in[i]];
    }
    return run;
}

static size_t code_scalar(const uint8_t *in, size_t size, const uint32_t *low, uint8_t *out,
                          size_t *out_size)
{
    size_t run = ascii_run(in, size);
    uint8_t *at = out;

    for (size_t i = 0; i < run; i++) {
        uint32_t entry = low[in[i]];
        const uint8_t bytes[4] = {(uint8_t)entry, (uint8_t)(entry >> 8), (uint8_t)(entry >> 16)};

        memcpy(at, bytes, sizeof(bytes));
        at += entry >> 24;
    }
    *out_size = (size_t)(at - out);
    return run;
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

/* Half a window of profile code: every byte is set behind a space, then what is not wanted is
 * pressed out. spaces: places that need one before them. */
TAMIS_TARGET_AVX512 static inline uint8_t *code_half(uint8_t *to, __m256i bytes, uint32_t keep,
                                                     uint32_t spaces)
{
    const uint64_t low_bytes = 0x5555555555555555u;
    uint64_t wanted = _pdep_u64(spaces, low_bytes) | _pdep_u64(keep, ~low_bytes);
    __m512i pairs =
        _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_set1_epi16(' '));

    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(wanted, pairs));
    return to + (size_t)__builtin_popcountll(wanted);
}

TAMIS_TARGET_AVX512 static size_t code_avx512(const uint8_t *in, size_t size, const uint32_t *low,
                                              uint8_t *out, size_t *out_size)
{
    const __m512i blank = _mm512_set1_epi8(' ');
    uint64_t carry = 0; /* an operator came last */
    uint8_t *at = out;
    size_t i = 0;

    (void)low;
    while (i < size) {
        __m512i bytes = _mm512_loadu_si512(in + i);
        __m512i lower = _mm512_or_si512(bytes, blank);
        size_t left = size - i;
        uint64_t keep = left < 64 ? (1ull << left) - 1 : ~0ull;
        uint64_t high = _mm512_movepi8_mask(bytes) & keep;
        uint64_t words = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')),
                                                _mm512_set1_epi8(26)) |
                         _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')),
                                                _mm512_set1_epi8(10)) |
                         _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('_'));
        uint64_t shown = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('!')),
                                                _mm512_set1_epi8('~' - '!' + 1));
        uint64_t own = shown & ~words;
        uint64_t spaces = 0;

        if (high != 0) {
            keep &= (high & (0 - high)) - 1;
        }
        spaces = (own | (words & (own << 1 | carry))) & keep;
        bytes = _mm512_mask_mov_epi8(blank, shown, bytes);
        at = code_half(at, _mm512_castsi512_si256(bytes), (uint32_t)keep, (uint32_t)spaces);
        at = code_half(at, _mm512_extracti64x4_epi64(bytes, 1), (uint32_t)(keep >> 32),
                       (uint32_t)(spaces >> 32));
        i += (size_t)__builtin_popcountll(keep);
        carry = keep != 0 ? own >> (63 - __builtin_clzll(keep)) & 1 : carry;
        if (keep != ~0ull) {
            break;
        }
    }
    /* What follows may be a letter. */
    *at = ' ';
    at += carry;
    *out_size = (size_t)(at - out);
    return i;
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

tamis_ascii_code *tamis_ascii_code_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return code_avx512;
    }
#else
    (void)kernel;
#endif
    return code_scalar;
}
