/* SPDX-License-Identifier: Apache-2.0 */
#include "json_scan.h"

#if defined(__AVX512BW__)
#include <immintrin.h>

#define BLOCK_BYTES 64
#define KERNEL_NAME json_kernel_avx512

static inline uint64_t block_stops(const uint8_t *p, uint8_t *copy)
{
    __m512i bytes = _mm512_loadu_si512(p);

    if (copy != NULL) {
        _mm512_storeu_si512(copy, bytes);
    }
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) |
           _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')) |
           _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20));
}

static inline size_t block_first(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask);
}

#include "json_scan_body.h"
#else
const json_kernel json_kernel_avx512 = {NULL, NULL};
#endif
