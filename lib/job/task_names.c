/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/task.h"

#include "tamis/exchange.h"

const char *tamis_counter_name(tamis_counter counter)
{
    static const char *const names[TAMIS_COUNTER_COUNT] = {
#define TAMIS_COUNTER_TEXT(name, text) text,
        TAMIS_COUNTER_TABLE(TAMIS_COUNTER_TEXT)
#undef TAMIS_COUNTER_TEXT
    };

    TAMIS_ASSERT(counter < TAMIS_COUNTER_COUNT);
    return names[counter];
}

const char *tamis_verified_name(tamis_verified verified)
{
    static const char *const names[] = {
        [TAMIS_VERIFIED_EQUALITY] = "equality",
        [TAMIS_VERIFIED_SIGNATURE] = "signature",
        [TAMIS_VERIFIED_TEXT] = "text",
    };

    TAMIS_ASSERT(verified <= TAMIS_VERIFIED_TEXT);
    return names[verified];
}
