/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/executor.h"

#define IDLE_MS 60000

static tamis_status run(tamis_socket *pipe, tamis_attempt *attempt)
{
    tamis_attempt_perform(attempt);
    return tamis_socket_pass(pipe, TAMIS_EXECUTOR_DONE, attempt);
}

/* What cannot be published is of no use to anybody: its folder goes. */
static tamis_status publish(tamis_socket *pipe, tamis_attempt *attempt)
{
    attempt->status = tamis_attempt_await_lease(attempt, &attempt->err);
    if (attempt->status == TAMIS_OK) {
        attempt->status = tamis_attempt_publish(attempt, &attempt->err);
    }
    if (attempt->status != TAMIS_OK) {
        tamis_attempt_discard(attempt);
    }
    return tamis_socket_pass(pipe, TAMIS_EXECUTOR_PUBLISHED, attempt);
}

static void discard(tamis_attempt *attempt)
{
    if (attempt->status == TAMIS_OK) { /* a failed one has left nothing */
        tamis_attempt_discard(attempt);
    }
    tamis_attempt_destroy(attempt);
}

static tamis_status executor_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    tamis_status status = tamis_actor_ready(pipe);

    (void)argument;
    while (status == TAMIS_OK) {
        bool is_ready = false;
        uint32_t kind = 0;
        void *body = NULL;

        status = tamis_net_poll(&pipe, 1, IDLE_MS, &is_ready, err);
        if (status != TAMIS_OK || !is_ready) {
            continue;
        }
        status = tamis_socket_take(pipe, &kind, &body);
        if (status == TAMIS_EAGAIN) {
            status = TAMIS_OK;
        } else if (status == TAMIS_OK && kind == TAMIS_ACTOR_STOP) {
            return TAMIS_OK;
        } else if (status == TAMIS_OK && kind == TAMIS_EXECUTOR_RUN) {
            status = run(pipe, body);
        } else if (status == TAMIS_OK && kind == TAMIS_EXECUTOR_PUBLISH) {
            status = publish(pipe, body);
        } else if (status == TAMIS_OK && kind == TAMIS_EXECUTOR_DISCARD) {
            discard(body);
        }
    }
    return status;
}

tamis_status tamis_executor_start(tamis_net *net, tamis_actor **out_executor, tamis_err *err)
{
    return tamis_actor_start(net, executor_body, NULL, out_executor, err);
}
