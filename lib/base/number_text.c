/* SPDX-License-Identifier: Apache-2.0 */
/* Design note: the digits behind the point are made one by one from the exact fraction (Steele and
 * White 1990, free-format generation), until what is left is nearer than half the distance to the
 * neighboring doubles. From 1e-4 on the fraction and that distance have at most 68 bits behind the
 * point, so that 128-bit integers hold all that occurs: about 40 ns a number. */
#include "tamis/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/hash.h"

#define MANTISSA_BITS 52
#define WHOLE_LIMIT   9007199254740992.0 /* 2^53: above it doubles are whole and have gaps */
#define LEAST         1e-4
#define SCALE_BITS                                                                                 \
    2 /* quarters of the last mantissa bit: half the smaller gap of a power of two                 \
       */

static char *put_whole(char *to, uint64_t number)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count != 0) {
        *to++ = digits[--count];
    }
    return to;
}

/* The digits of fraction / 2^bits; those within low below or high above it name the same double. */
static char *put_fraction(char *to, tamis_uint128 fraction, unsigned bits, tamis_uint128 low,
                          tamis_uint128 high)
{
    const tamis_uint128 one = (tamis_uint128)1 << bits;

    for (;;) {
        unsigned digit = 0;
        bool is_low = false;
        bool is_high = false;

        fraction *= 10;
        low *= 10;
        high *= 10;
        digit = (unsigned)(fraction >> bits);
        fraction &= one - 1;
        is_low = fraction < low;
        is_high = fraction + high > one;
        if (is_low || is_high) {
            /* No carry: rounding up past 9 would have ended the digit before. */
            digit += is_high && (!is_low || fraction > one / 2) ? 1 : 0;
            *to++ = (char)('0' + digit);
            return to;
        }
        *to++ = (char)('0' + digit);
    }
}

/* LEAST <= value < WHOLE_LIMIT, not whole. */
static char *put_decimal(char *to, double value)
{
    uint64_t bits = 0;
    uint64_t mantissa = 0;
    unsigned shift = 0; /* bits of the mantissa behind the point: 1 to 66 */
    tamis_uint128 scaled = 0;
    tamis_uint128 gap = 1 << (SCALE_BITS - 1);

    memcpy(&bits, &value, sizeof(bits));
    mantissa = (bits & ((UINT64_C(1) << MANTISSA_BITS) - 1)) | UINT64_C(1) << MANTISSA_BITS;
    shift = 1023 + MANTISSA_BITS - (unsigned)(bits >> MANTISSA_BITS);
    scaled = (tamis_uint128)mantissa << SCALE_BITS;
    shift += SCALE_BITS;
    to = put_whole(to, (uint64_t)(scaled >> shift));
    *to++ = '.';
    scaled &= ((tamis_uint128)1 << shift) - 1;
    return put_fraction(to, scaled, shift, mantissa == UINT64_C(1) << MANTISSA_BITS ? gap / 2 : gap,
                        gap);
}

/* Very small and very large ones, which are rare. */
static size_t put_by_trial(double value, char *out_text)
{
    int size = 0;

    for (int digits = 1; digits <= 17; digits++) {
        size = snprintf(out_text, TAMIS_NUMBER_TEXT_SIZE, "%.*e", digits - 1, value);
        if (strtod(out_text, NULL) == value) {
            break;
        }
    }
    return (size_t)size;
}

size_t tamis_double_to_text(double value, char out_text[TAMIS_NUMBER_TEXT_SIZE])
{
    double size = fabs(value);
    char *to = out_text;

    if (!isfinite(value)) {
        memcpy(out_text, "null", 5);
        return 4;
    }
    if (size >= WHOLE_LIMIT || (size < LEAST && size != 0)) {
        return put_by_trial(value, out_text);
    }
    if (signbit(value) != 0) {
        *to++ = '-';
    }
    to = size == (double)(uint64_t)size ? put_whole(to, (uint64_t)size) : put_decimal(to, size);
    *to = '\0';
    return (size_t)(to - out_text);
}
