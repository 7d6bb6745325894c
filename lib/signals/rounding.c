/* SPDX-License-Identifier: Apache-2.0 */
#include "rounding.h"

#include <math.h>

#define SCALE 1e8
#define LIMIT 1048576.0 /* 2^20: scaled it has 47 bits, and halves are exact */

/* The scaled value is product + rest exactly (fused multiply-add). Its distance to the multiple
 * below is known exactly too, so the comparison with one half is that of the true value. */
double tamis_round8(double value)
{
    if (!(fabs(value) < LIMIT)) {
        return value;
    }

    double magnitude = fabs(value);
    double product = magnitude * SCALE;
    double below = floor(product);
    double above_half = product - below - 0.5;

    if (fabs(above_half) > 0.25) { /* far from the half: the rest cannot matter */
        below += above_half > 0 ? 1.0 : 0.0;
    } else {
        double rest = fma(magnitude, SCALE, -product);
        double half = above_half + rest;

        if (half > 0 || (half == 0 && fmod(below, 2.0) != 0)) {
            below += 1.0;
        }
    }
    return copysign(below / SCALE, value);
}
