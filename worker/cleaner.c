/* SPDX-License-Identifier: Apache-2.0 */
#include "cleaner.h"

#include "tamis/path.h"

#define IDLE_MS 60000

static void drop(const tamis_cleaner_options *options, tamis_cleaner_request *request)
{
    tamis_records_cache_drop(options->records, request->job, false);
    request->status = request->is_data_kept
                          ? TAMIS_OK
                          : tamis_path_remove_in(options->data_folder, request->job, &request->err);
}

static tamis_status cleaner_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    const tamis_cleaner_options *options = argument;
    tamis_status status = tamis_actor_ready(pipe);

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
        } else if (status == TAMIS_OK && kind == TAMIS_CLEANER_DROP) {
            drop(options, body);
            status = tamis_socket_pass(pipe, TAMIS_CLEANER_DROPPED, body);
        }
    }
    return status;
}

tamis_status tamis_cleaner_start(tamis_net *net, const tamis_cleaner_options *options,
                                 tamis_actor **out_cleaner, tamis_err *err)
{
    /* The body only reads them. */
    return tamis_actor_start(net, cleaner_body, (void *)(uintptr_t)options, out_cleaner, err);
}
