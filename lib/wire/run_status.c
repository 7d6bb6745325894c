/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/run_status.h"

const char *tamis_run_state_name(tamis_run_state state)
{
    static const char *const names[TAMIS_RUN_STATE_COUNT] = {
        [TAMIS_RUN_CONNECTING] = "connecting", [TAMIS_RUN_QUEUED] = "queued",
        [TAMIS_RUN_RUNNING] = "running",       [TAMIS_RUN_DONE] = "done",
        [TAMIS_RUN_FAILED] = "failed",         [TAMIS_RUN_CANCELED] = "canceled",
        [TAMIS_RUN_PAUSED] = "paused",
    };

    return (unsigned)state < TAMIS_RUN_STATE_COUNT ? names[state] : "unknown";
}

void tamis_counters_add(uint64_t sums[TAMIS_COUNTER_COUNT],
                        const uint64_t counters[TAMIS_COUNTER_COUNT])
{
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        if (i != TAMIS_COUNTER_LARGEST_BUCKET) {
            sums[i] += counters[i];
        } else if (sums[i] < counters[i]) {
            sums[i] = counters[i];
        }
    }
}
