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

/* The bytes that a backslash stands before, and the backslashes that are not such bytes themselves:
 * every second of a run, which a subtraction finds by its carries (after Lemire and Keiser,
 * simdjson). */
static inline uint64_t escapes_find(uint64_t backslashes, uint64_t *out_escaped)
{
    const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
    uint64_t codes = ((backslashes << 1 | odd) - backslashes) ^ odd;

    *out_escaped = codes ^ backslashes;
    return codes & backslashes;
}

/* Short escapes are decoded in the vector: their letters are replaced where they stand, then the
 * backslashes are squeezed out. */
static inline bool block_decode(const uint8_t **p, uint8_t **out)
{
    __m512i bytes = _mm512_loadu_si512(*p);
    uint64_t quotes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    uint64_t backslashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    uint64_t stops = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20));
    uint64_t escapes = 0;
    size_t size = BLOCK_BYTES;

    if (backslashes != 0) {
        uint64_t escaped = 0;
        uint64_t feeds = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('n'));
        uint64_t tabs = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('t'));
        uint64_t slashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('/'));

        escapes = escapes_find(backslashes, &escaped);
        /* The others, invalid ones among them, and one whose letter is in the next block. */
        stops |= (escaped & ~(feeds | tabs | slashes | quotes | backslashes)) >> 1 |
                 (escapes & UINT64_C(1) << 63);
        quotes &= ~escaped;
        bytes = _mm512_mask_mov_epi8(bytes, escaped & feeds, _mm512_set1_epi8('\n'));
        bytes = _mm512_mask_mov_epi8(bytes, escaped & tabs, _mm512_set1_epi8('\t'));
    }
    stops |= quotes;
    if (stops != 0) {
        size = (size_t)__builtin_ctzll(stops);
        escapes &= (UINT64_C(1) << size) - 1;
    }
    if (escapes != 0) {
        bytes = _mm512_maskz_compress_epi8(~escapes, bytes);
    }
    _mm512_storeu_si512(*out, bytes);
    *p += size;
    *out += size - (size_t)__builtin_popcountll(escapes);
    return stops != 0;
}

#include "json_scan_body.h"
#else
const json_kernel json_kernel_avx512 = {NULL, NULL};
#endif
