/* SPDX-License-Identifier: Apache-2.0 */
#include "numbers.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 16

tamis_status tamis_numbers_begin(tamis_numbers *numbers, size_t count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    size_t slots = SLOTS_MIN;

    TAMIS_ASSERT(count <= TAMIS_NUMBERS_MAX);
    while (slots < 2 * count) {
        slots *= 2;
    }

    TAMIS_GROW(&numbers->slots, slots, status, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&numbers->keys, count, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&numbers->counts, count, status, err);
    }
    if (status == TAMIS_OK) {
        memset(numbers->slots.data, 0, slots * sizeof(numbers->slots.data[0]));
        numbers->mask = slots - 1;
        numbers->shift = 64 - (uint32_t)__builtin_ctzll(slots);
        numbers->count = 0;
    }
    return status;
}

void tamis_numbers_fini(tamis_numbers *numbers)
{
    free(numbers->slots.data);
    free(numbers->keys.data);
    free(numbers->counts.data);
    *numbers = (tamis_numbers){0};
}
