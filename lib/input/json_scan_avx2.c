/* SPDX-License-Identifier: Apache-2.0 */
#include "json_scan.h"

#if defined(__AVX2__)
#include <immintrin.h>

#define BLOCK_BYTES 32
#define KERNEL_NAME json_kernel_avx2

static inline uint64_t block_stops(const uint8_t *p, uint8_t *copy)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i_u *)p);
    __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    __m256i backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);

    if (copy != NULL) {
        _mm256_storeu_si256((__m256i_u *)copy, bytes);
    }
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_or_si256(_mm256_or_si256(quote, backslash), control));
}

static inline size_t block_first(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask);
}

#include "json_scan_body.h"
#else
const json_kernel json_kernel_avx2 = {NULL, NULL};
#endif
