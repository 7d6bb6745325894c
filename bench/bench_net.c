/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the data plane over tcp loopback, one pair: 1 MiB with its XXH3, asked for with credit
 * and checked by who asked; without keys and with them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tamis/bytes.h"
#include "tamis/hash.h"
#include "tamis/heap.h"
#include "tamis/net.h"

#define FRAME_SIZE ((size_t)1 << 20)
#define CREDIT     8
#define MEASURE_MS 3000
#define WARM_MS    300
#define STALL_MS   10000
#define MB         1e6

typedef struct server {
    tamis_net *net;
    tamis_net_security security;
    char url[TAMIS_URL_SIZE];
} server;

static const char text_next[] = "next";

/* Answers each request with the frame and its sum. The sum is computed each time, as it is where
 * the frame comes from a file. */
static tamis_status answer_all(tamis_socket *socket, tamis_packet *packet, tamis_slice frame)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        uint8_t sum[8];

        status = tamis_socket_receive(socket, packet);
        if (status == TAMIS_OK) {
            tamis_put64le(sum, tamis_hash64(frame.data, frame.size));
            status = tamis_socket_send(socket, tamis_packet_peer(packet),
                                       tamis_slice_of(sum, sizeof(sum)), frame);
        }
    }
    /* EPEER: it has measured enough and is gone. */
    return status == TAMIS_EAGAIN || status == TAMIS_EPEER ? TAMIS_OK : status;
}

static tamis_status serve(tamis_socket *socket, tamis_socket *pipe, tamis_slice frame)
{
    tamis_socket *sockets[] = {pipe, socket};
    bool is_ready[] = {false, false};
    tamis_packet *packet = tamis_packet_create();
    tamis_status status = packet == NULL ? TAMIS_ENOMEM : tamis_actor_ready(pipe);
    uint32_t kind = 0;
    void *body = NULL;

    while (status == TAMIS_OK && tamis_socket_take(pipe, &kind, &body) == TAMIS_EAGAIN) {
        status = tamis_net_poll(sockets, 2, 1000, is_ready, NULL);
        if (status == TAMIS_OK && is_ready[1]) {
            status = answer_all(socket, packet, frame);
        }
    }
    tamis_packet_destroy(packet);
    return status;
}

static tamis_status server_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    server *self = argument;
    tamis_socket_options options = {.kind = TAMIS_SOCKET_ROUTER,
                                    .queue_max = 64,
                                    .peer_bytes_max = 4 * CREDIT * FRAME_SIZE,
                                    .security = &self->security,
                                    .domain = "data"};
    tamis_socket *socket = NULL;
    uint8_t *bytes = malloc(FRAME_SIZE);
    tamis_status status =
        bytes == NULL ? TAMIS_ENOMEM : tamis_socket_open(self->net, &options, &socket, err);

    for (size_t i = 0; bytes != NULL && i < FRAME_SIZE; i++) {
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    if (status == TAMIS_OK) {
        status = tamis_socket_bind(socket, "tcp://127.0.0.1:*", self->url, err);
    }
    if (status == TAMIS_OK) {
        status = serve(socket, pipe, tamis_slice_of(bytes, FRAME_SIZE));
    }
    tamis_socket_close(socket);
    free(bytes);
    return status;
}

static tamis_status ask(tamis_socket *socket)
{
    return tamis_socket_send(socket, tamis_slice_of(NULL, 0), tamis_slice_of_string(text_next),
                             tamis_slice_of(NULL, 0));
}

/* Takes one frame and asks for the next. */
static tamis_status take_one(tamis_socket *socket, tamis_packet *packet)
{
    bool is_ready = false;
    uint64_t deadline_ms = tamis_net_now_ms() + STALL_MS;
    tamis_status status = tamis_socket_receive(socket, packet);
    tamis_slice bulk;

    while (status == TAMIS_EAGAIN) {
        if (tamis_net_now_ms() >= deadline_ms) {
            return TAMIS_ETIMEOUT;
        }
        status = tamis_net_poll(&socket, 1, 1000, &is_ready, NULL);
        if (status == TAMIS_OK) {
            status = tamis_socket_receive(socket, packet);
        }
    }
    if (status != TAMIS_OK) {
        return status;
    }
    bulk = tamis_packet_bulk(packet);
    if (bulk.size != FRAME_SIZE || tamis_packet_control(packet).size != 8 ||
        tamis_get64le(tamis_packet_control(packet).data) != tamis_hash64(bulk.data, bulk.size)) {
        return TAMIS_ECORRUPT;
    }
    return ask(socket);
}

static tamis_status take_for(tamis_socket *socket, tamis_packet *packet, uint64_t ms,
                             uint64_t *out_frames)
{
    uint64_t end_ms = tamis_net_now_ms() + ms;
    tamis_status status = TAMIS_OK;

    for (*out_frames = 0; status == TAMIS_OK && tamis_net_now_ms() < end_ms; (*out_frames)++) {
        status = take_one(socket, packet);
    }
    return status;
}

/* Of both ends. */
static double cpu_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static tamis_status measure(const char *name, server *self, const tamis_net_security *client)
{
    tamis_socket_options options = {
        .kind = TAMIS_SOCKET_DEALER, .frame_size_max = FRAME_SIZE, .security = client};
    tamis_net *net = NULL;
    tamis_socket *socket = NULL;
    tamis_packet *packet = tamis_packet_create();
    uint64_t frames = 0;
    uint64_t began_ms = 0;
    double cpu = 0;
    tamis_status status = packet == NULL ? TAMIS_ENOMEM : tamis_net_create(&net, NULL);

    if (status == TAMIS_OK) {
        status = tamis_socket_open(net, &options, &socket, NULL);
    }
    if (status == TAMIS_OK) {
        status = tamis_socket_connect(socket, self->url, NULL);
    }
    for (unsigned i = 0; i < CREDIT && status == TAMIS_OK; i++) {
        status = ask(socket);
    }
    if (status == TAMIS_OK) {
        status = take_for(socket, packet, WARM_MS, &frames);
    }
    began_ms = tamis_net_now_ms();
    cpu = cpu_seconds();
    if (status == TAMIS_OK) {
        status = take_for(socket, packet, MEASURE_MS, &frames);
    }
    if (status == TAMIS_OK) {
        double seconds = (double)(tamis_net_now_ms() - began_ms) / 1e3;
        double bytes = (double)(frames * FRAME_SIZE);

        cpu = cpu_seconds() - cpu;
        (void)printf("%-6s %7.0f MB/s  %5.2f CPU s/GB\n", name, bytes / seconds / MB,
                     cpu / (bytes / 1e9));
    }
    tamis_socket_close(socket);
    tamis_packet_destroy(packet);
    tamis_net_destroy(net);
    return status;
}

static tamis_status prepare_keys(server *self, tamis_net_security *client)
{
    tamis_net_peer peer = {.user = "client", .roles = TAMIS_ROLE_WORKER};
    tamis_status status = TAMIS_OK;

    self->security.is_on = true;
    client->is_on = true;
    status = tamis_net_key_pair(self->security.public_key, self->security.secret_key, NULL);
    if (status == TAMIS_OK) {
        status = tamis_net_key_pair(client->public_key, client->secret_key, NULL);
    }
    memcpy(client->server_key, self->security.public_key, sizeof(client->server_key));
    memcpy(peer.key, client->public_key, sizeof(peer.key));
    if (status == TAMIS_OK) {
        status = tamis_net_guard_start(self->net, NULL);
    }
    return status == TAMIS_OK ? tamis_net_allow(self->net, "data", &peer, 1, NULL) : status;
}

static tamis_status run_pair(const char *name, bool has_keys)
{
    server self = {.net = NULL};
    tamis_net_security client = {.is_on = false};
    tamis_actor *actor = NULL;
    tamis_status status = tamis_net_create(&self.net, NULL);

    if (status == TAMIS_OK && has_keys) {
        status = prepare_keys(&self, &client);
    }
    if (status == TAMIS_OK) {
        status = tamis_actor_start(self.net, server_body, &self, &actor, NULL);
    }
    if (status == TAMIS_OK) {
        status = measure(name, &self, &client);
    }
    if (tamis_actor_stop(actor, STALL_MS, NULL) != TAMIS_OK && status == TAMIS_OK) {
        status = TAMIS_EIO;
    }
    tamis_net_destroy(self.net);
    return status;
}

int main(void)
{
    tamis_status plain = TAMIS_OK;
    tamis_status curve = TAMIS_OK;

    tamis_heap_keep_chunks(); /* as tamis-worker does */
    plain = run_pair("plain", false);
    curve = run_pair("curve", true);

    if (plain != TAMIS_OK || curve != TAMIS_OK) {
        (void)fprintf(stderr, "bench_net: plain %s, curve %s\n", tamis_status_name(plain),
                      tamis_status_name(curve));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
