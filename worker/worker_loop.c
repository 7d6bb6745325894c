/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_loop_internal.h"

#include <stdlib.h>

#define DRAIN_MAX 64
#define FIXED     3 /* sockets beside those of the threads */

/* ---- Events ---------------------------------------------------------------------------------- */

static tamis_status drain_socket(worker_loop *loop, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < DRAIN_MAX && status == TAMIS_OK; i++) {
        tamis_message *message = NULL;
        tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET};
        tamis_err bad = {.status = TAMIS_OK};

        status = tamis_socket_receive(loop->socket, loop->packet);
        if (status == TAMIS_OK) {
            status = tamis_wire_decode(tamis_packet_control(loop->packet), &message, &bad);
        }
        if (status == TAMIS_EAGAIN) {
            return TAMIS_OK;
        }
        if (status == TAMIS_ENOMEM || status == TAMIS_EIO) {
            return tamis_err_set(err, status, "receiving from the coordinator failed");
        }
        if (status != TAMIS_OK) {
            worker_note_malformed(loop, bad.text);
            status = TAMIS_OK;
            continue;
        }
        event.message = message;
        event.bulk = tamis_packet_bulk(loop->packet);
        status = worker_handle(loop, &event, err);
        tamis_message_destroy(message);
    }
    return status;
}

static tamis_status tick(worker_loop *loop, tamis_err *err)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_TICK};
    uint64_t now_ms = tamis_net_now_ms();
    uint64_t heard_ms = tamis_worker_core_heard_ms(loop->core);
    uint64_t since_ms = heard_ms == 0 ? loop->began_ms : heard_ms;

    if (loop->ticked_ms != 0 && now_ms - loop->ticked_ms < WORKER_TICK_MS) {
        return TAMIS_OK;
    }
    loop->ticked_ms = now_ms;
    if (tamis_socket_fault(loop->socket, err) != TAMIS_OK) {
        return TAMIS_EDENIED;
    }
    if (tamis_data_point_tick(loop->data_point, err) != TAMIS_OK) {
        return err->status;
    }
    worker_log_words(loop, now_ms);
    if (loop->options->give_up_ms != 0 && now_ms - since_ms >= loop->options->give_up_ms) {
        return tamis_err_set(err, TAMIS_EPEER, "%s: no word from the coordinator for %llu s",
                             loop->options->url, (unsigned long long)(now_ms - since_ms) / 1000);
    }
    for (uint32_t i = 0; i < loop->slot_count; i++) {
        const tamis_attempt *attempt = loop->slots[i].attempt;

        if (attempt != NULL) {
            tamis_worker_core_progress(
                loop->core, attempt->fence,
                atomic_load_explicit(&attempt->progress.bytes, memory_order_relaxed),
                atomic_load_explicit(&attempt->progress.documents, memory_order_relaxed));
        }
    }
    return worker_handle(loop, &event, err);
}

static tamis_status take_command(worker_loop *loop, tamis_err *err)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_STOP};
    uint32_t kind = 0;
    void *body = NULL;
    tamis_status status = tamis_socket_take(loop->pipe, &kind, &body);

    if (status != TAMIS_OK || kind != TAMIS_ACTOR_STOP) {
        return status == TAMIS_EAGAIN ? TAMIS_OK : status;
    }
    loop->is_stopping = true;
    return worker_handle(loop, &event, err);
}

static tamis_status run(worker_loop *loop, tamis_err *err)
{
    tamis_socket *sockets[FIXED + TAMIS_WORKER_THREADS_MAX] = {loop->pipe, loop->socket,
                                                               tamis_actor_pipe(loop->cleaner)};
    bool is_ready[FIXED + TAMIS_WORKER_THREADS_MAX];
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < loop->slot_count; i++) {
        sockets[FIXED + i] = tamis_actor_pipe(loop->slots[i].executor);
    }
    status = tick(loop, err); /* says hello */
    while (status == TAMIS_OK && !(loop->is_stopping && tamis_worker_core_is_idle(loop->core))) {
        status = tamis_net_poll(sockets, FIXED + loop->slot_count, WORKER_TICK_MS, is_ready, err);
        if (status == TAMIS_OK && is_ready[0]) {
            status = take_command(loop, err);
        }
        for (uint32_t i = 0; i < loop->slot_count && status == TAMIS_OK; i++) {
            if (is_ready[FIXED + i]) {
                status = worker_drain_executor(loop, &loop->slots[i], err);
            }
        }
        if (status == TAMIS_OK && is_ready[2]) {
            status = worker_drain_cleaner(loop, err);
        }
        if (status == TAMIS_OK && is_ready[1]) {
            status = drain_socket(loop, err);
        }
        if (status == TAMIS_OK) {
            status = tick(loop, err);
        }
    }
    return status;
}

/* ---- The thread ------------------------------------------------------------------------------ */

static tamis_status worker_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    worker_loop *loop = calloc(1, sizeof(*loop));
    tamis_status status = TAMIS_OK;

    if (loop == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a worker");
    }
    loop->options = argument;
    loop->pipe = pipe;
    loop->slot_count = loop->options->threads;
    loop->lock_file = -1;
    atomic_init(&loop->lease.until_ms, 0);
    loop->began_ms = tamis_net_now_ms();
    tamis_worker_effects_init(&loop->effects);
    status = worker_loop_open(loop, err);
    if (status == TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "worker.started",
                        tamis_log_text("worker", loop->identity),
                        tamis_log_text("name", loop->name),
                        tamis_log_text("coordinator", loop->options->url),
                        tamis_log_uint("threads", loop->slot_count));
        status = tamis_actor_ready(pipe);
    }
    if (status == TAMIS_OK) {
        status = run(loop, err);
    }
    if (status != TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_ERROR, "worker.failed",
                        tamis_log_text("error", err->text));
    }
    worker_loop_close(loop);
    return status;
}

tamis_status tamis_worker_start(const tamis_worker_options *options, tamis_actor **out_worker,
                                tamis_err *err)
{
    TAMIS_ASSERT(options->threads != 0 && options->threads <= TAMIS_WORKER_THREADS_MAX);
    /* The body only reads them. */
    return tamis_actor_start(options->net, worker_body, (void *)(uintptr_t)options, out_worker,
                             err);
}
