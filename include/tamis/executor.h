/* SPDX-License-Identifier: Apache-2.0 */
/* executor.h - a thread that performs attempts, one after the other.
 *
 * The owner passes TAMIS_EXECUTOR_RUN with a tamis_attempt down the actor's pipe and takes
 * TAMIS_EXECUTOR_DONE with the same attempt; in between the attempt belongs to the executor, except
 * for its progress, which is atomic. An executor is stopped only while it has no attempt.
 */
#ifndef TAMIS_EXECUTOR_H
#define TAMIS_EXECUTOR_H

#include "tamis/attempt.h"
#include "tamis/net.h"

enum { TAMIS_EXECUTOR_RUN = TAMIS_ACTOR_FIRST_KIND, TAMIS_EXECUTOR_DONE };

TAMIS_MUST_USE
tamis_status tamis_executor_start(tamis_net *net, tamis_actor **out_executor, tamis_err *err);

#endif
