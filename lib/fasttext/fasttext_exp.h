/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext_exp.h - exponential and logarithm with the same bits on every machine.
 *
 * The C library's differ in the last place between versions and processors. These are off by less
 * than 1e-15 of the value, which is far below what is left after rounding to float.
 *
 * Pure.
 */
#ifndef TAMIS_FASTTEXT_EXP_H
#define TAMIS_FASTTEXT_EXP_H

#include <stdint.h>
#include <string.h>

/* exp(x) for finite x; at most about 1e304, and 0 for what is below 1e-304. */
static inline double ft_exp(double x)
{
    const double shift = 6755399441055744.0; /* 1.5 * 2^52: rounds to a whole number */
    double bounded = x > 700.0 ? 700.0 : (x < -700.0 ? -700.0 : x);
    double rounded = bounded * 1.4426950408889634 + shift;
    double whole = rounded - shift;
    /* ln 2 in two parts, the first short enough for exact products. */
    double r = (bounded - whole * 0.693147180369123816490) - whole * 1.90821492927058770002e-10;
    double p = 1.6059043836821613e-10; /* 1 / 13! */
    uint64_t bits = 0;
    uint64_t power = 0;

    p = p * r + 2.08767569878681e-09;
    p = p * r + 2.505210838544172e-08;
    p = p * r + 2.755731922398589e-07;
    p = p * r + 2.7557319223985893e-06;
    p = p * r + 2.48015873015873e-05;
    p = p * r + 0.0001984126984126984;
    p = p * r + 0.001388888888888889;
    p = p * r + 0.008333333333333333;
    p = p * r + 0.041666666666666664;
    p = p * r + 0.16666666666666666;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    /* The low bits of `rounded` are the whole number, in two's complement. */
    memcpy(&bits, &rounded, sizeof(bits));
    power = bits << 52;
    memcpy(&bits, &p, sizeof(bits));
    bits += power;
    memcpy(&p, &bits, sizeof(p));
    return x < -700.0 ? 0.0 : p;
}

/* log(x) for normal x > 0. */
static inline double ft_log(double x)
{
    uint64_t bits = 0;
    int64_t power = 0;
    double s = 0;
    double z = 0;
    double p = 0;

    memcpy(&bits, &x, sizeof(bits));
    /* Brings the fraction into [sqrt(1/2), sqrt(2)). */
    power = (int64_t)((bits - UINT64_C(0x3fe6a09e667f3bcd)) >> 52);
    power = power >= 2048 ? power - 4096 : power;
    bits -= (uint64_t)power << 52;
    memcpy(&x, &bits, sizeof(x));
    s = (x - 1.0) / (x + 1.0);
    z = s * s;
    for (int n = 25; n >= 3; n -= 2) {
        p = (p + 1.0 / n) * z;
    }
    return (double)power * 0.693147180369123816490 +
           (2.0 * s + (2.0 * s * p + (double)power * 1.90821492927058770002e-10));
}

#endif
