/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - which vector kernels this machine runs, decided once.
 *
 * Kernels exist as plain C, AVX2 (x86-64-v3) and AVX-512 (F, BW, VL, DQ, VBMI2) and give the same
 * bits. The environment variable TAMIS_KERNEL (scalar, avx2, avx512) asks for a lower one; one that
 * the machine lacks is never chosen.
 *
 * Threads: any.
 */
#ifndef TAMIS_CPU_H
#define TAMIS_CPU_H

#include <stdbool.h>

typedef enum tamis_kernel {
    TAMIS_KERNEL_SCALAR,
    TAMIS_KERNEL_AVX2,
    TAMIS_KERNEL_AVX512,
    TAMIS_KERNEL_COUNT
} tamis_kernel;

/* "scalar", "avx2", "avx512". */
const char *tamis_kernel_name(tamis_kernel kernel);
/* Whether the machine (and its operating system) runs it. */
bool tamis_kernel_is_available(tamis_kernel kernel);
/* The best available one, or what TAMIS_KERNEL asks for; constant after the first call unless set.
 */
tamis_kernel tamis_kernel_best(void);
/* For tests and benchmarks: forces a kernel that is available (asserted), for objects created
 * afterwards. */
void tamis_kernel_set(tamis_kernel kernel);

#endif
