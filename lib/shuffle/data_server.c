/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/data_server.h"

#include <stdlib.h>

#include "chunk_pool.h"
#include "served.h"
#include "tamis/bytes.h"

#define IDLE_MS      1000
#define DRAIN_MAX    64
#define QUEUE_MAX    256 /* requests and answers waiting, of each peer */
#define LOG_EVERY_MS 1000

typedef struct data_server {
    const tamis_data_server_options *options;
    char *out_url;
    tamis_socket *pipe;
    tamis_socket *socket;
    tamis_packet *packet;
    tamis_chunk_pool *pool;
    tamis_served *served;
    tamis_data_counts own_counts;
    tamis_data_counts *counts;
    uint64_t logged_ms;
} data_server;

/* Peers can bring this about as often as they like: one line a second is enough. */
static void log_fault(data_server *server, const tamis_data_request *request, tamis_status status,
                      const tamis_err *err)
{
    uint64_t now_ms = tamis_net_now_ms();

    if (server->logged_ms == 0 || now_ms - server->logged_ms >= LOG_EVERY_MS) {
        server->logged_ms = now_ms;
        tamis_log_event(server->options->log, TAMIS_LOG_WARN, "data.not_served",
                        tamis_log_text("job", request->object.job),
                        tamis_log_uint("stage", request->object.stage),
                        tamis_log_text("status", tamis_status_name(status)),
                        tamis_log_text("error", err->text));
    }
}

static void count(_Atomic uint64_t *counter, uint64_t number)
{
    atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

/* A reply without chunk. One that cannot be sent is asked for again. */
static void send_status(data_server *server, const tamis_data_reply *reply)
{
    uint8_t control[TAMIS_DATA_REPLY_BYTES];

    tamis_data_reply_encode(reply, control);
    if (tamis_socket_send(server->socket, tamis_packet_peer(server->packet),
                          tamis_slice_of(control, sizeof(control)),
                          tamis_slice_of(NULL, 0)) != TAMIS_OK) {
        count(&server->counts->refused, 1);
    }
}

static void send_chunk(data_server *server, const tamis_data_reply *reply, uint8_t *chunk,
                       void *hint)
{
    uint8_t control[TAMIS_DATA_REPLY_BYTES];

    tamis_data_reply_encode(reply, control);
    if (tamis_socket_send_taken(server->socket, tamis_packet_peer(server->packet),
                                tamis_slice_of(control, sizeof(control)),
                                tamis_slice_of(chunk, reply->length), tamis_chunk_pool_put,
                                hint) == TAMIS_OK) {
        count(&server->counts->bytes, reply->length);
    } else {
        count(&server->counts->refused, 1);
    }
}

static void answer(data_server *server, const tamis_data_request *request)
{
    tamis_err err = {.status = TAMIS_OK};
    tamis_data_reply reply = {.id = request->id, .status = TAMIS_EAGAIN};
    void *hint = NULL;
    uint8_t *chunk = tamis_chunk_pool_take(server->pool, tamis_packet_peer(server->packet), &hint);

    if (chunk == NULL) {
        count(&server->counts->refused, 1);
        send_status(server, &reply);
        return;
    }
    tamis_served_answer(server->served, request, tamis_net_now_ms(), &reply, chunk, &err);
    if (reply.status != TAMIS_OK) {
        count(&server->counts->failed, 1);
        log_fault(server, request, reply.status, &err);
    }
    if (reply.status == TAMIS_OK && reply.length != 0) {
        send_chunk(server, &reply, chunk, hint);
    } else {
        tamis_chunk_pool_put(chunk, hint);
        send_status(server, &reply);
    }
}

static tamis_status drain(data_server *server, tamis_err *err)
{
    for (unsigned i = 0; i < DRAIN_MAX; i++) {
        tamis_data_request request;
        tamis_status status = tamis_socket_receive(server->socket, server->packet);

        if (status == TAMIS_EAGAIN) {
            return TAMIS_OK;
        }
        if (status == TAMIS_OK) {
            status = tamis_data_request_decode(tamis_packet_control(server->packet), &request);
            count(&server->counts->requests, 1);
        }
        if (status == TAMIS_OK) {
            answer(server, &request);
        } else if (status == TAMIS_EVERSION) {
            /* The id stands where it always will, so that the peer learns why. */
            tamis_data_reply reply = {.status = TAMIS_EVERSION};

            reply.id = tamis_get64le(tamis_packet_control(server->packet).data + 8);
            send_status(server, &reply);
            count(&server->counts->failed, 1);
        } else if (status == TAMIS_EFORMAT || status == TAMIS_EDENIED) {
            count(&server->counts->failed, 1);
        } else {
            return tamis_err_set(err, status, "receiving requests for data failed");
        }
    }
    return TAMIS_OK;
}

static tamis_status serve(data_server *server, tamis_err *err)
{
    tamis_socket *sockets[2] = {server->pipe, server->socket};
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        bool is_ready[2] = {false, false};
        uint32_t kind = 0;
        void *body = NULL;

        status = tamis_net_poll(sockets, 2, IDLE_MS, is_ready, err);
        if (status == TAMIS_OK && is_ready[0] &&
            tamis_socket_take(server->pipe, &kind, &body) == TAMIS_OK && kind == TAMIS_ACTOR_STOP) {
            return TAMIS_OK;
        }
        if (status == TAMIS_OK && is_ready[1]) {
            status = drain(server, err);
        }
        tamis_served_tick(server->served, tamis_net_now_ms());
    }
    return status;
}

static tamis_status server_open(data_server *server, tamis_err *err)
{
    tamis_socket_options socket = {.kind = TAMIS_SOCKET_ROUTER,
                                   .queue_max = QUEUE_MAX,
                                   .frame_size_max = TAMIS_DATA_REQUEST_MAX,
                                   .security = server->options->security,
                                   .domain = TAMIS_DATA_DOMAIN};
    tamis_status status = tamis_served_create(server->options, &server->served, err);

    if (status == TAMIS_OK) {
        status = tamis_chunk_pool_create(TAMIS_DATA_CHUNKS, TAMIS_DATA_CHUNKS_PEER, &server->pool);
        server->packet = tamis_packet_create();
        if (status != TAMIS_OK || server->packet == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a data server");
        }
        status = tamis_socket_open(server->options->net, &socket, &server->socket, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_socket_bind(server->socket, server->options->url, server->out_url, err);
    }
    return status;
}

static void log_served(const data_server *server)
{
    const tamis_data_counts *counts = server->counts;

    tamis_log_event(server->options->log, TAMIS_LOG_INFO, "data.served",
                    tamis_log_uint("bytes", atomic_load(&counts->bytes)),
                    tamis_log_uint("requests", atomic_load(&counts->requests)),
                    tamis_log_uint("refused", atomic_load(&counts->refused)),
                    tamis_log_uint("failed", atomic_load(&counts->failed)));
}

/* What the starter hands over; read before it goes on. */
typedef struct server_start {
    const tamis_data_server_options *options;
    char *out_url;
} server_start;

static tamis_status server_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    const server_start *start = argument;
    data_server server = {.options = start->options, .out_url = start->out_url, .pipe = pipe};
    tamis_status status = TAMIS_OK;

    server.counts = server.options->counts == NULL ? &server.own_counts : server.options->counts;
    status = server_open(&server, err);
    if (status == TAMIS_OK) {
        status = tamis_actor_ready(pipe);
    }
    if (status == TAMIS_OK) {
        status = serve(&server, err);
        log_served(&server);
    }
    tamis_socket_close(server.socket);
    tamis_packet_destroy(server.packet);
    tamis_chunk_pool_destroy(server.pool);
    tamis_served_destroy(server.served);
    return status;
}

tamis_status tamis_data_server_start(const tamis_data_server_options *options, char *out_url,
                                     tamis_actor **out_server, tamis_err *err)
{
    server_start start = {.options = options, .out_url = out_url};

    return tamis_actor_start(options->net, server_body, &start, out_server, err);
}
