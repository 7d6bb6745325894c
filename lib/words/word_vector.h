/* SPDX-License-Identifier: Apache-2.0 */
/* word_vector.h - how the kernels of this library are compiled for more than the baseline
 * processor; the feature lists are those that tamis_kernel_is_available() asks for.
 *
 * Pure.
 */
#ifndef TAMIS_WORDS_WORD_VECTOR_H
#define TAMIS_WORDS_WORD_VECTOR_H

#include <stdint.h>

#define TAMIS_ALWAYS_INLINE __attribute__((always_inline)) static inline

#if defined(__x86_64__)
#define TAMIS_HAVE_X86 1
#include <immintrin.h>

#define TAMIS_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define TAMIS_TARGET_AVX512                                                                        \
    __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2")))
#else
#define TAMIS_HAVE_X86 0
#endif

#endif
