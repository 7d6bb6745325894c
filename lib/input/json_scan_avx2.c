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

/* What a short escape stands for, by its letter; 0: none. */
static const uint8_t short_escapes[256] = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

/* Each short escape moves the rest of the block one byte down, by copying it again: the places all
 * come from one mask, so that no load waits for the one before. */
static inline bool block_decode(const uint8_t **p, uint8_t **out)
{
    const uint8_t *block = *p;
    uint64_t mask = block_stops(block, *out);
    size_t removed = 0; /* backslashes so far */
    size_t end = BLOCK_BYTES;

    while (mask != 0) {
        size_t i = block_first(mask);
        uint8_t letter = block[i] == '\\' ? short_escapes[block[i + 1]] : 0;

        if (letter == 0) {
            *p = block + i;
            *out += i - removed;
            return true;
        }
        (*out)[i - removed] = letter;
        removed++;
        end = i + 2 > end ? i + 2 : end;
        _mm256_storeu_si256((__m256i_u *)(*out + i + 2 - removed),
                            _mm256_loadu_si256((const __m256i_u *)(block + i + 2)));
        mask &= ~(UINT64_C(3) << i);
    }
    *p = block + end;
    *out += end - removed;
    return false;
}

#include "json_scan_body.h"
#else
const json_kernel json_kernel_avx2 = {NULL, NULL};
#endif
