/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/executor.h"

#define IDLE_MS 60000

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
            tamis_attempt_perform(body);
            status = tamis_socket_pass(pipe, TAMIS_EXECUTOR_DONE, body);
        }
    }
    return status;
}

tamis_status tamis_executor_start(tamis_net *net, tamis_actor **out_executor, tamis_err *err)
{
    return tamis_actor_start(net, executor_body, NULL, out_executor, err);
}
