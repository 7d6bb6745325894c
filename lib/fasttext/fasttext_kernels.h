/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext_kernels.h - the inner loops, once for each kind of machine.
 *
 * All are compiled from fasttext_kernel_body.h. A column (or a label) is summed by itself, in the
 * order of the reference, so that the width of vectors changes no bit; nothing is contracted to
 * fused operations.
 *
 * Pure.
 */
#ifndef TAMIS_FASTTEXT_KERNELS_H
#define TAMIS_FASTTEXT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct ft_kernels {
    /* sum[c] += row[c] for each of `count` rows in turn; a row begins at base + stride * its
     * number (bytes; need not be aligned). */
    void (*add_rows)(float *sum, const uint8_t *base, size_t stride, size_t cols,
                     const uint32_t *rows, size_t count);
    /* out[l] = sum over c of weights[c][l] * hidden[c], for blocks of 16 labels: each block is cols
     * x 16 floats. */
    void (*multiply)(float *out, const float *weights, size_t blocks, const float *hidden,
                     size_t cols);
    /* values[i] = exp(values[i] - top), rounded from double. */
    void (*exponentials)(float *values, size_t count, float top);
} ft_kernels;

extern const ft_kernels ft_kernels_scalar;
extern const ft_kernels ft_kernels_avx2;
extern const ft_kernels ft_kernels_avx512;

#endif
