/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/net.h"

#include <errno.h>
#include <time.h>
#include <zmq.h>

#define QUEUE_MAX_DEFAULT  1000
#define FRAME_SIZE_DEFAULT (UINT64_C(1) << 20)
#define LINGER_MS          1000
#define BACKLOG            1024
/* A dead connection is noticed after TIMEOUT without an answer; leases are what decides about
 * tasks, this only cleans up. */
#define HEARTBEAT_MS         1000
#define HEARTBEAT_TIMEOUT_MS 5000
#define RECONNECT_MS         100
#define RECONNECT_MAX_MS     2000
#define FRAMES_MAX           3
#define POLL_MAX             1024

/* The thread sanitizer does not see the locks inside the library, which is built without it: it is
 * told here that what was sent happens before what was received. */
#if defined(__SANITIZE_THREAD__)
#define NET_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NET_TSAN 1
#endif
#endif
#ifdef NET_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define net_released(address) __tsan_release(address)
#define net_acquired(address) __tsan_acquire(address)
#else
#define net_released(address) ((void)(address))
#define net_acquired(address) ((void)(address))
#endif

static char net_order; /* stands for all that is sent without a body of its own */

struct tamis_net {
    void *context;
};

struct tamis_socket {
    void *handle;
    tamis_socket_kind kind;
};

struct tamis_packet {
    zmq_msg_t frames[FRAMES_MAX];
    size_t first; /* frame of the control part: 1 behind a peer, else 0 */
    size_t count;
};

uint64_t tamis_net_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

tamis_status tamis_net_create(tamis_net **out_net, tamis_err *err)
{
    tamis_net *net = calloc(1, sizeof(*net));

    if (net == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the network context");
    }
    net->context = zmq_ctx_new();
    if (net->context == NULL) {
        free(net);
        return tamis_err_set(err, TAMIS_ENOMEM, "no network context: %s", zmq_strerror(errno));
    }
    (void)zmq_ctx_set(net->context, ZMQ_BLOCKY, 0); /* no endless linger anywhere */
    *out_net = net;
    return TAMIS_OK;
}

void tamis_net_destroy(tamis_net *net)
{
    if (net == NULL) {
        return;
    }
    while (zmq_ctx_term(net->context) != 0 && errno == EINTR) {
    }
    free(net);
}

static bool set_int(void *handle, int option, int value)
{
    return zmq_setsockopt(handle, option, &value, sizeof(value)) == 0;
}

static bool set_options(void *handle, const tamis_socket_options *options)
{
    int queue_max = options->queue_max == 0 ? QUEUE_MAX_DEFAULT : (int)options->queue_max;
    int64_t size_max =
        (int64_t)(options->frame_size_max == 0 ? FRAME_SIZE_DEFAULT : options->frame_size_max);
    bool is_set = set_int(handle, ZMQ_SNDHWM, queue_max) &&
                  set_int(handle, ZMQ_RCVHWM, queue_max) && set_int(handle, ZMQ_LINGER, LINGER_MS);

    if (!is_set || options->kind == TAMIS_SOCKET_PAIR) {
        return is_set;
    }
    is_set = zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &size_max, sizeof(size_max)) == 0 &&
             set_int(handle, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) &&
             set_int(handle, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS) &&
             set_int(handle, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
             set_int(handle, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) &&
             set_int(handle, ZMQ_BACKLOG, BACKLOG);
    if (is_set && options->kind == TAMIS_SOCKET_ROUTER) {
        /* A worker that reconnects keeps its name although the old connection may linger. */
        is_set =
            set_int(handle, ZMQ_ROUTER_MANDATORY, 1) && set_int(handle, ZMQ_ROUTER_HANDOVER, 1);
    }
    if (is_set && options->identity.size != 0) {
        is_set = zmq_setsockopt(handle, ZMQ_ROUTING_ID, options->identity.data,
                                options->identity.size) == 0;
    }
    return is_set;
}

tamis_status tamis_socket_open(tamis_net *net, const tamis_socket_options *options,
                               tamis_socket **out_socket, tamis_err *err)
{
    static const int types[] = {
        [TAMIS_SOCKET_ROUTER] = ZMQ_ROUTER,
        [TAMIS_SOCKET_DEALER] = ZMQ_DEALER,
        [TAMIS_SOCKET_PAIR] = ZMQ_PAIR,
    };
    tamis_socket *socket = calloc(1, sizeof(*socket));

    TAMIS_ASSERT(options->identity.size <= TAMIS_PEER_SIZE_MAX);
    if (socket == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a socket");
    }
    socket->kind = options->kind;
    socket->handle = zmq_socket(net->context, types[options->kind]);
    if (socket->handle == NULL || !set_options(socket->handle, options)) {
        tamis_err_set(err, TAMIS_EIO, "cannot open a socket: %s", zmq_strerror(errno));
        tamis_socket_close(socket);
        return TAMIS_EIO;
    }
    *out_socket = socket;
    return TAMIS_OK;
}

void tamis_socket_close(tamis_socket *socket)
{
    if (socket == NULL) {
        return;
    }
    if (socket->handle != NULL) {
        (void)zmq_close(socket->handle); /* fails only for what is no socket */
    }
    free(socket);
}

tamis_status tamis_socket_bind(tamis_socket *socket, const char *url, char out_url[TAMIS_URL_SIZE],
                               tamis_err *err)
{
    size_t size = TAMIS_URL_SIZE;

    if (zmq_bind(socket->handle, url) != 0) {
        if (errno == EADDRINUSE) {
            return tamis_err_set(err, TAMIS_EHELD, "%s: address is in use", url);
        }
        if (errno == EINVAL || errno == EPROTONOSUPPORT || errno == ENODEV) {
            return tamis_err_set(err, TAMIS_EARG,
                                 "%s: not an address to listen on (tcp://ADDRESS:PORT)", url);
        }
        return tamis_err_set(err, TAMIS_EIO, "%s: cannot listen: %s", url, zmq_strerror(errno));
    }
    if (out_url != NULL && zmq_getsockopt(socket->handle, ZMQ_LAST_ENDPOINT, out_url, &size) != 0) {
        return tamis_err_set(err, TAMIS_EIO, "%s: %s", url, zmq_strerror(errno));
    }
    return TAMIS_OK;
}

tamis_status tamis_socket_connect(tamis_socket *socket, const char *url, tamis_err *err)
{
    if (zmq_connect(socket->handle, url) == 0) {
        return TAMIS_OK;
    }
    if (errno == EINVAL || errno == EPROTONOSUPPORT) {
        return tamis_err_set(err, TAMIS_EARG, "%s: not an address (tcp://HOST:PORT)", url);
    }
    return tamis_err_set(err, TAMIS_EIO, "%s: cannot connect: %s", url, zmq_strerror(errno));
}

static tamis_status send_frame(tamis_socket *socket, tamis_slice frame, bool has_more)
{
    int flags = ZMQ_DONTWAIT | (has_more ? ZMQ_SNDMORE : 0);

    for (;;) {
        if (zmq_send(socket->handle, frame.size == 0 ? "" : (const void *)frame.data, frame.size,
                     flags) >= 0) {
            return TAMIS_OK;
        }
        if (errno != EINTR) {
            break;
        }
    }
    if (errno == EAGAIN) {
        return TAMIS_EAGAIN;
    }
    return errno == EHOSTUNREACH ? TAMIS_EPEER : TAMIS_EIO;
}

tamis_status tamis_socket_send(tamis_socket *socket, tamis_slice peer, tamis_slice control,
                               tamis_slice bulk)
{
    tamis_status status = TAMIS_OK;

    net_released(&net_order);
    /* Only the first frame can be refused: the queue takes messages as a whole. */
    if (socket->kind == TAMIS_SOCKET_ROUTER) {
        status = send_frame(socket, peer, true);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    status = send_frame(socket, control, bulk.size != 0);
    if (status == TAMIS_OK && bulk.size != 0) {
        status = send_frame(socket, bulk, false);
    }
    return status;
}

/* Receives one frame into `frame`. */
static tamis_status receive_frame(tamis_socket *socket, zmq_msg_t *frame)
{
    for (;;) {
        if (zmq_msg_recv(frame, socket->handle, ZMQ_DONTWAIT) >= 0) {
            return TAMIS_OK;
        }
        if (errno != EINTR) {
            return errno == EAGAIN ? TAMIS_EAGAIN : TAMIS_EIO;
        }
    }
}

static tamis_status drop_rest(tamis_socket *socket)
{
    tamis_status status = TAMIS_OK;
    bool has_more = true;
    zmq_msg_t frame;

    (void)zmq_msg_init(&frame);
    while (has_more && status == TAMIS_OK) {
        status = receive_frame(socket, &frame);
        has_more = status == TAMIS_OK && zmq_msg_more(&frame) != 0;
    }
    (void)zmq_msg_close(&frame);
    return status == TAMIS_OK ? TAMIS_EFORMAT : TAMIS_EIO;
}

tamis_status tamis_socket_receive(tamis_socket *socket, tamis_packet *packet)
{
    bool has_more = true;
    tamis_status status = TAMIS_OK;

    packet->first = socket->kind == TAMIS_SOCKET_ROUTER ? 1 : 0;
    packet->count = 0;
    while (has_more) {
        if (packet->count == packet->first + 2) {
            packet->count = 0;
            return drop_rest(socket);
        }
        status = receive_frame(socket, &packet->frames[packet->count]);
        if (status != TAMIS_OK) {
            packet->count = 0;
            return status;
        }
        has_more = zmq_msg_more(&packet->frames[packet->count]) != 0;
        packet->count++;
    }
    net_acquired(&net_order);
    return packet->count > packet->first ? TAMIS_OK : TAMIS_EFORMAT;
}

tamis_packet *tamis_packet_create(void)
{
    tamis_packet *packet = calloc(1, sizeof(*packet));

    for (size_t i = 0; packet != NULL && i < FRAMES_MAX; i++) {
        (void)zmq_msg_init(&packet->frames[i]); /* never fails */
    }
    return packet;
}

void tamis_packet_destroy(tamis_packet *packet)
{
    if (packet == NULL) {
        return;
    }
    for (size_t i = 0; i < FRAMES_MAX; i++) {
        (void)zmq_msg_close(&packet->frames[i]);
    }
    free(packet);
}

static tamis_slice packet_frame(const tamis_packet *packet, size_t index)
{
    /* The accessor has no const, although it only reads. */
    zmq_msg_t *frame = (zmq_msg_t *)(uintptr_t)&packet->frames[index];

    return index < packet->count ? tamis_slice_of(zmq_msg_data(frame), zmq_msg_size(frame))
                                 : tamis_slice_of(NULL, 0);
}

tamis_slice tamis_packet_peer(const tamis_packet *packet)
{
    return packet->first == 0 ? tamis_slice_of(NULL, 0) : packet_frame(packet, 0);
}

tamis_slice tamis_packet_control(const tamis_packet *packet)
{
    return packet_frame(packet, packet->first);
}

tamis_slice tamis_packet_bulk(const tamis_packet *packet)
{
    return packet_frame(packet, packet->first + 1);
}

/* Never leaves the process, so the struct itself is the message. */
typedef struct passed {
    void *body;
    uint32_t kind;
} passed;

tamis_status tamis_socket_pass(tamis_socket *socket, uint32_t kind, void *body)
{
    passed message = {.body = body, .kind = kind};

    net_released(body == NULL ? &net_order : body);
    while (zmq_send(socket->handle, &message, sizeof(message), 0) < 0) {
        if (errno != EINTR) {
            return TAMIS_EIO;
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_socket_take(tamis_socket *socket, uint32_t *out_kind, void **out_body)
{
    passed message = {.body = NULL};
    int size = 0;

    do {
        size = zmq_recv(socket->handle, &message, sizeof(message), ZMQ_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size != (int)sizeof(message)) {
        return size < 0 && errno == EAGAIN ? TAMIS_EAGAIN : TAMIS_EIO;
    }
    net_acquired(message.body == NULL ? &net_order : message.body);
    *out_kind = message.kind;
    *out_body = message.body;
    return TAMIS_OK;
}

tamis_status tamis_net_poll(tamis_socket *const *sockets, size_t count, uint64_t timeout_ms,
                            bool *is_ready, tamis_err *err)
{
    zmq_pollitem_t items[POLL_MAX];
    long timeout = timeout_ms > 60000 ? 60000 : (long)timeout_ms;

    TAMIS_ASSERT(count <= POLL_MAX);
    for (size_t i = 0; i < count; i++) {
        items[i] = (zmq_pollitem_t){.socket = sockets[i]->handle, .events = ZMQ_POLLIN};
    }
    if (zmq_poll(items, (int)count, timeout) < 0) {
        if (errno != EINTR) {
            return tamis_err_set(err, TAMIS_EIO, "poll: %s", zmq_strerror(errno));
        }
        for (size_t i = 0; i < count; i++) {
            items[i].revents = 0;
        }
    }
    for (size_t i = 0; i < count; i++) {
        is_ready[i] = (items[i].revents & ZMQ_POLLIN) != 0;
    }
    return TAMIS_OK;
}
