/* SPDX-License-Identifier: Apache-2.0 */
/* vector.h - how the kernels of this library are compiled for more than the baseline processor.
 *
 * A kernel is an ordinary function with a target attribute; which one runs is decided by
 * tamis/cpu.h. The feature lists are those that tamis_kernel_is_available() asks for.
 *
 * Pure.
 */
#ifndef TAMIS_TEXT_VECTOR_H
#define TAMIS_TEXT_VECTOR_H

#include <stdint.h>

#if defined(__x86_64__)
#define TAMIS_HAVE_X86 1
#include <immintrin.h>

#define TAMIS_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,fma")))
#define TAMIS_TARGET_AVX512                                                                        \
    __attribute__((target("avx2,bmi,bmi2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2")))

/* Unaligned load and store; the detour over void says that alignment is not assumed. */
TAMIS_TARGET_AVX2 static inline __m256i load_256(const void *bytes)
{
    return _mm256_loadu_si256((const __m256i *)bytes);
}

TAMIS_TARGET_AVX2 static inline void store_256(void *bytes, __m256i value)
{
    _mm256_storeu_si256((__m256i *)bytes, value);
}

/* The top bits of 64 bytes that lie in two registers. */
TAMIS_TARGET_AVX2 static inline uint64_t mask_of_bytes(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}
/* FF where a byte is one of `count` values from `first` on. */
TAMIS_TARGET_AVX2 static inline __m256i below_256(__m256i bytes, char first, char count)
{
    __m256i moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));

    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8((char)(count - 1))), moved);
}
/* For each byte the places of its bits, in order, one a byte (borders.c). */
extern const uint64_t tamis_places_of_byte[256];
#else
#define TAMIS_HAVE_X86 0
#endif

#endif
