/* SPDX-License-Identifier: Apache-2.0 */
#include "pii_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Two bytes that stand in the prefix of a token and seldom elsewhere; pii_keys.c names the
 * prefixes.
 * '_', '@' and ':' are anchors by themselves. */
#define PAIRS(X)                                                                                   \
    X('-', 'B')                                                                                    \
    X('I', 'A')                                                                                    \
    X('I', 'z')                                                                                    \
    X('y', 'J')                                                                                    \
    X('G', '.')                                                                                    \
    X('x', 'o')                                                                                    \
    X('k', '-')                                                                                    \
    X('t', '-')

static bool is_other(uint8_t byte, uint8_t next)
{
#define PAIR_IS(a, b) (byte == (a) && next == (b)) ||
    return PAIRS(PAIR_IS) byte == '@' || byte == ':' || byte == '_';
#undef PAIR_IS
}

static void masks_scalar(const uint8_t *text, size_t block_count, pii_masks *out_masks)
{
    for (size_t block = 0; block < block_count; block++) {
        uint64_t digits = 0;
        uint64_t others = 0;

        for (size_t i = 0; i < PII_BLOCK; i++) {
            const uint8_t *at = text + block * PII_BLOCK + i;

            digits |= (uint64_t)pii_is_digit(at[0]) << i;
            others |= (uint64_t)is_other(at[0], at[1]) << i;
        }
        out_masks->digits[block] = digits;
        out_masks->others[block] = others;
    }
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i is_byte(__m256i bytes, char byte)
{
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte));
}

__attribute__((target("avx2"))) static inline uint64_t masks_half(const uint8_t *text,
                                                                  uint64_t *out_others)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(text + 1));
    __m256i digits = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('0' - 1)),
                                      _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), bytes));
    __m256i others = _mm256_or_si256(is_byte(bytes, '@'),
                                     _mm256_or_si256(is_byte(bytes, ':'), is_byte(bytes, '_')));

#define PAIR_OR(a, b)                                                                              \
    others = _mm256_or_si256(others, _mm256_and_si256(is_byte(bytes, (a)), is_byte(next, (b))));
    PAIRS(PAIR_OR)
#undef PAIR_OR
    *out_others = (uint32_t)_mm256_movemask_epi8(others);
    return (uint32_t)_mm256_movemask_epi8(digits);
}

__attribute__((target("avx2"))) static void masks_avx2(const uint8_t *text, size_t block_count,
                                                       pii_masks *out_masks)
{
    for (size_t block = 0; block < block_count; block++) {
        uint64_t first = 0;
        uint64_t second = 0;
        uint64_t low = masks_half(text + block * PII_BLOCK, &first);
        uint64_t high = masks_half(text + block * PII_BLOCK + 32, &second);

        out_masks->digits[block] = low | high << 32;
        out_masks->others[block] = first | second << 32;
    }
}

#endif

pii_mask_kernel *pii_mask_kernel_for(tamis_kernel kernel)
{
#if defined(__x86_64__)
    if (kernel != TAMIS_KERNEL_SCALAR) {
        return masks_avx2;
    }
#else
    (void)kernel;
#endif
    return masks_scalar;
}
