/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext_kernel_body.h - included by fasttext_scalar.c, _avx2.c and _avx512.c, which differ in
 * the options they are compiled with. FT_KERNELS is the name of the table to define. */
#include "fasttext_exp.h"
#include "fasttext_kernels.h"

#include <string.h>

#define LANES 16

/* 64 bytes: one register, two or four. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Four blocks of columns at a time stay in registers while all rows pass. */
static void add_wide(float *sum, const uint8_t *base, size_t stride, const uint32_t *rows,
                     size_t count)
{
    lanes a, b, c, d;

    memcpy(&a, sum, sizeof(a));
    memcpy(&b, sum + LANES, sizeof(b));
    memcpy(&c, sum + 2 * LANES, sizeof(c));
    memcpy(&d, sum + 3 * LANES, sizeof(d));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = base + stride * rows[i];
        lanes v, w, x, y;

        memcpy(&v, row, sizeof(v));
        memcpy(&w, row + sizeof(v), sizeof(w));
        memcpy(&x, row + 2 * sizeof(v), sizeof(x));
        memcpy(&y, row + 3 * sizeof(v), sizeof(y));
        a += v;
        b += w;
        c += x;
        d += y;
    }
    memcpy(sum, &a, sizeof(a));
    memcpy(sum + LANES, &b, sizeof(b));
    memcpy(sum + 2 * LANES, &c, sizeof(c));
    memcpy(sum + 3 * LANES, &d, sizeof(d));
}

static void add_block(float *sum, const uint8_t *base, size_t stride, const uint32_t *rows,
                      size_t count)
{
    lanes a;

    memcpy(&a, sum, sizeof(a));
    for (size_t i = 0; i < count; i++) {
        lanes v;

        memcpy(&v, base + stride * rows[i], sizeof(v));
        a += v;
    }
    memcpy(sum, &a, sizeof(a));
}

static void add_rest(float *sum, const uint8_t *base, size_t stride, size_t cols,
                     const uint32_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < cols; c++) {
            float value;

            memcpy(&value, base + stride * rows[i] + c * sizeof(value), sizeof(value));
            sum[c] += value;
        }
    }
}

static void add_rows(float *sum, const uint8_t *base, size_t stride, size_t cols,
                     const uint32_t *rows, size_t count)
{
    /* So few that the rows' later columns are still in the first cache when their turn comes. */
    const size_t batch = cols <= 4 * LANES ? count : 32;

    for (size_t first = 0; first < count; first += batch) {
        size_t here = count - first < batch ? count - first : batch;
        size_t c = 0;

        for (; c + 4 * LANES <= cols; c += 4 * LANES) {
            add_wide(sum + c, base + c * sizeof(float), stride, rows + first, here);
        }
        for (; c + LANES <= cols; c += LANES) {
            add_block(sum + c, base + c * sizeof(float), stride, rows + first, here);
        }
        if (c < cols) {
            add_rest(sum + c, base + c * sizeof(float), stride, cols - c, rows + first, here);
        }
    }
}

static void multiply(float *out, const float *weights, size_t blocks, const float *hidden,
                     size_t cols)
{
    for (size_t block = 0; block < blocks; block++) {
        lanes sum = {0};

        for (size_t c = 0; c < cols; c++) {
            lanes row;

            memcpy(&row, weights, sizeof(row));
            sum += row * hidden[c];
            weights += LANES;
        }
        memcpy(out + block * LANES, &sum, sizeof(sum));
    }
}

static void exponentials(float *values, size_t count, float top)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)ft_exp((double)(values[i] - top));
    }
}

const ft_kernels FT_KERNELS = {
    .add_rows = add_rows,
    .multiply = multiply,
    .exponentials = exponentials,
};
