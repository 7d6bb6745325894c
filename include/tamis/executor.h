/* SPDX-License-Identifier: Apache-2.0 */
/* executor.h - a thread that performs attempts, one after the other, and settles them.
 *
 * The owner passes down the actor's pipe, and takes from it:
 *
 *   TAMIS_EXECUTOR_RUN      an attempt; comes back as _DONE with its outcome
 *   TAMIS_EXECUTOR_PUBLISH  an attempt that is done; comes back as _PUBLISHED with the outcome of
 *                           that in ->status, ->err. Waits for the lease (attempt.h)
 *   TAMIS_EXECUTOR_DISCARD  an attempt that is done: its folder is removed and itself destroyed;
 *                           nothing comes back, and the next attempt may be passed at once
 *
 * In between the attempt belongs to the executor, except for its progress, which is atomic. What is
 * passed is done in order, also before the executor stops. It is stopped only while no attempt is
 * to come back.
 */
#ifndef TAMIS_EXECUTOR_H
#define TAMIS_EXECUTOR_H

#include "tamis/attempt.h"
#include "tamis/net.h"

enum {
    TAMIS_EXECUTOR_RUN = TAMIS_ACTOR_FIRST_KIND,
    TAMIS_EXECUTOR_DONE,
    TAMIS_EXECUTOR_PUBLISH,
    TAMIS_EXECUTOR_PUBLISHED,
    TAMIS_EXECUTOR_DISCARD
};

TAMIS_MUST_USE
tamis_status tamis_executor_start(tamis_net *net, tamis_actor **out_executor, tamis_err *err);

#endif
