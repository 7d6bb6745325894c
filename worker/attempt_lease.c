/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/attempt.h"

#include <time.h>

#include "tamis/net.h"

#define LOOK_MS 5

/* A worker that was stopped past its lease, or is cut off, waits here: its tasks may be another's
 * by now. The next answer of the coordinator renews the lease, or takes the task away. */
tamis_status tamis_attempt_await_lease(const tamis_attempt *attempt, tamis_err *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

    if (attempt->lease == NULL) {
        return TAMIS_OK;
    }
    for (;;) {
        /* Acquire, for the release of who renews the lease: it has taken away before what it takes
         * away. */
        uint64_t until_ms = atomic_load_explicit(&attempt->lease->until_ms, memory_order_acquire);

        if (atomic_load_explicit(&attempt->progress.is_canceled, memory_order_relaxed)) {
            return tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        }
        if (tamis_net_now_ms() < until_ms) {
            return TAMIS_OK;
        }
        (void)nanosleep(&pause, NULL); /* no signal comes here; a short pause is as good */
    }
}
