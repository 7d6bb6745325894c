/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "tamis/net.h"

#define LOOK_MS 50 /* how soon the end of the actor is noticed */

static void stop_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
}

void tamis_serve_prepare(void)
{
    sigset_t set;

    stop_signals(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a reader of stdout that left is an error of write */
}

tamis_status tamis_serve(tamis_actor *actor, uint64_t stop_ms, int *out_signal, tamis_err *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    tamis_status status = TAMIS_OK;
    sigset_t set;
    int number = -1;

    stop_signals(&set);
    *out_signal = 0;
    while (number < 0 && !tamis_actor_has_ended(actor, &status, err)) {
        number = sigtimedwait(&set, NULL, &pause);
        if (number < 0 && errno != EAGAIN && errno != EINTR) {
            break;
        }
    }
    *out_signal = number < 0 ? 0 : number;
    return tamis_actor_stop(actor, stop_ms, err);
}
