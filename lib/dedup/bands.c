/* SPDX-License-Identifier: Apache-2.0 */
#include "scope.h"
#include "tamis/sketch.h"

#define SLOTS_MIN 128

static uint64_t band_key(const uint32_t *slots, uint32_t band, uint32_t rows)
{
    uint64_t factor = TAMIS_HASH_K2 ^ rows;
    uint64_t key = (band + UINT64_C(1)) * TAMIS_HASH_K3;
    uint32_t i = 0;

    for (; i + 2 <= rows; i += 2) {
        uint64_t pair = slots[i] | (uint64_t)slots[i + 1] << 32;

        key = tamis_mum(key ^ pair ^ TAMIS_HASH_K1, factor);
    }
    if (i < rows) {
        key = tamis_mum(key ^ slots[i] ^ TAMIS_HASH_K1, factor);
    }
    return key;
}

void tamis_band_keys(const uint32_t *sketch, uint32_t bands, uint32_t rows, uint64_t scope_hash,
                     uint64_t *out_keys)
{
    for (uint32_t band = 0; band < bands; band++) {
        uint64_t key = band_key(sketch + (size_t)band * rows, band, rows);

        out_keys[band] = scope_hash == 0 ? key : scope_fold(key, scope_hash);
    }
}

uint32_t tamis_sketch_slots_for(uint32_t bands, uint32_t rows)
{
    uint64_t used = (uint64_t)bands * rows;
    uint32_t slots = SLOTS_MIN;

    if (used == 0 || used > TAMIS_SKETCH_SLOTS_MAX || bands > TAMIS_BANDS_MAX) {
        return 0;
    }
    while (slots < used) {
        slots *= 2;
    }
    return slots;
}

/* base^exponent of fractions of 2^63, each step rounded down, or up. Whole numbers, because a
 * choice that goes into the settings must not depend on a machine's pow(). */
static uint64_t fraction_power(uint64_t base, uint32_t exponent, bool rounds_up)
{
    const uint64_t rounding = rounds_up ? (UINT64_C(1) << 63) - 1 : 0;
    uint64_t power = UINT64_C(1) << 63;

    for (uint32_t i = 0; i < exponent; i++) {
        power = (uint64_t)(((tamis_uint128)power * base + rounding) >> 63);
    }
    return power;
}

static uint64_t fraction_of_ppm(uint32_t ppm)
{
    return (uint64_t)(((tamis_uint128)ppm << 63) / TAMIS_PPM);
}

tamis_status tamis_bands_choose(uint32_t threshold_ppm, uint32_t recall_ppm, uint32_t slots_max,
                                uint32_t *out_bands, uint32_t *out_rows)
{
    const uint64_t one = UINT64_C(1) << 63;
    uint64_t threshold = 0;
    uint64_t missed_max = 0;

    if (threshold_ppm > TAMIS_PPM || recall_ppm > TAMIS_PPM || slots_max == 0 ||
        slots_max > TAMIS_SKETCH_SLOTS_MAX) {
        return TAMIS_EARG;
    }
    threshold = fraction_of_ppm(threshold_ppm);
    missed_max = one - fraction_of_ppm(recall_ppm);

    for (uint32_t rows = slots_max; rows >= 1; rows--) {
        uint32_t bands = slots_max / rows;
        uint64_t missed = 0;

        if (bands > TAMIS_BANDS_MAX) {
            bands = TAMIS_BANDS_MAX;
        }
        /* Rounded so that what is missed is never understated. */
        missed = fraction_power(one - fraction_power(threshold, rows, false), bands, true);
        if (missed <= missed_max) {
            *out_bands = bands;
            *out_rows = rows;
            return TAMIS_OK;
        }
    }
    return TAMIS_EARG;
}
