/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <zmq.h>

#include "net_internal.h"

#define QUEUE_MAX_DEFAULT  1000
#define FRAME_SIZE_DEFAULT (UINT64_C(1) << 20)
#define LINGER_MS          1000
#define BACKLOG            1024
/* A dead connection is noticed by the system: what was sent and is not acknowledged for so long
 * ends it, and the DEALER, which always has something to ask, connects anew; leases are what
 * decides about tasks, this only cleans up. Nobody uses the library's own heartbeats: a PING that
 * is met while the queue is full and the other end is gone aborts the process (4.3.4: the answer is
 * sent without a look whether the connection has failed), and a ROUTER finds the timer of a peer by
 * looking through those of all others, with each packet. */
#define UNACKNOWLEDGED_MS        15000
#define UNACKNOWLEDGED_DEALER_MS 5000
#define CONNECT_MS               5000 /* the system alone doubles its pauses up to a minute */
#define RECONNECT_MS             100
#define RECONNECT_MAX_MS         2000
#define FRAMES_MAX               3
#define POLL_MAX                 1024
/* Who has connected and not proven who it is within this time is cut off. */
#define HANDSHAKE_MS 5000
/* A machine that is gone without a word is noticed by the system too, after about a minute. */
#define KEEPALIVE_IDLE_S     30
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_COUNT      3
#define SOCKETS_MAX          8192 /* two a thread, and their watchers */
#define SEALED_EXTRA         64   /* at least what a frame grows by when it is encrypted */
#define COUNTED_SIZE_MIN     1024 /* what is smaller is limited by queue_max alone */

/* The option by which a handshake fails where no guard answers. It is in the library since 4.3.0,
 * but its name is only in headers of draft builds. Where it is missing, packets without a user
 * are dropped, which is the same in the end. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

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

struct tamis_packet {
    zmq_msg_t frames[FRAMES_MAX];
    size_t first; /* frame of the control part: 1 behind a peer, else 0 */
    size_t count;
    uint32_t roles;
    char user[TAMIS_USER_SIZE];
    char key[TAMIS_KEY_SIZE];
};

uint64_t tamis_net_now_ms(void)
{
    struct timespec now;

    /* It goes on while the machine sleeps, as leases do. It cannot fail for this clock. */
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
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
    (void)zmq_ctx_set(net->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
    if (getentropy(&net->seed, sizeof(net->seed)) != 0) {
        net->seed = (uint64_t)(uintptr_t)net; /* serves to spread, not to keep a secret */
    }
    *out_net = net;
    return TAMIS_OK;
}

void tamis_net_destroy(tamis_net *net)
{
    if (net == NULL) {
        return;
    }
    tamis_guard_destroy(net->guard);
    while (zmq_ctx_term(net->context) != 0 && errno == EINTR) {
    }
    free(net);
}

static bool set_int(void *handle, int option, int value)
{
    return zmq_setsockopt(handle, option, &value, sizeof(value)) == 0;
}

static uint64_t frame_size_of(const tamis_socket_options *options)
{
    return options->frame_size_max == 0 ? FRAME_SIZE_DEFAULT : options->frame_size_max;
}

static bool set_options(void *handle, const tamis_socket_options *options)
{
    int queue_max = options->queue_max == 0 ? QUEUE_MAX_DEFAULT : (int)options->queue_max;
    int receive_max = options->receive_queue_max == 0 ? queue_max : (int)options->receive_queue_max;
    bool is_sealed = options->security != NULL && options->security->is_on;
    int64_t size_max = (int64_t)frame_size_of(options) + (is_sealed ? SEALED_EXTRA : 0);
    bool is_set = set_int(handle, ZMQ_SNDHWM, queue_max) &&
                  set_int(handle, ZMQ_RCVHWM, receive_max) &&
                  set_int(handle, ZMQ_LINGER, LINGER_MS);

    if (!is_set || options->kind == TAMIS_SOCKET_PAIR) {
        return is_set;
    }
    is_set = zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &size_max, sizeof(size_max)) == 0 &&
             set_int(handle, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
             set_int(handle, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) &&
             set_int(handle, ZMQ_BACKLOG, BACKLOG) &&
             set_int(handle, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
             set_int(handle, ZMQ_TCP_KEEPALIVE, 1) &&
             set_int(handle, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S) &&
             set_int(handle, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S) &&
             set_int(handle, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT);
    if (is_set && options->kind == TAMIS_SOCKET_ROUTER) {
        /* A worker that reconnects keeps its name although the old connection may linger. */
        is_set = set_int(handle, ZMQ_ROUTER_MANDATORY, 1) &&
                 set_int(handle, ZMQ_ROUTER_HANDOVER, 1) &&
                 set_int(handle, ZMQ_TCP_MAXRT, UNACKNOWLEDGED_MS);
    } else if (is_set) {
        is_set = set_int(handle, ZMQ_CONNECT_TIMEOUT, CONNECT_MS) &&
                 set_int(handle, ZMQ_TCP_MAXRT, UNACKNOWLEDGED_DEALER_MS);
    }
    if (is_set && options->identity.size != 0) {
        is_set = zmq_setsockopt(handle, ZMQ_ROUTING_ID, options->identity.data,
                                options->identity.size) == 0;
    }
    return is_set;
}

static bool set_text(void *handle, int option, const char *text)
{
    return zmq_setsockopt(handle, option, text, strlen(text)) == 0;
}

/* Keys are 40 characters, which the library knows for text by the length 41. */
static bool set_key(void *handle, int option, const char *key)
{
    return zmq_setsockopt(handle, option, key, TAMIS_KEY_SIZE) == 0;
}

static bool set_security(tamis_socket *socket, const tamis_socket_options *options)
{
    const tamis_net_security *security = options->security;
    void *handle = socket->handle;
    const char *server = options->server_key;

    if (security == NULL || !security->is_on || options->kind == TAMIS_SOCKET_PAIR) {
        return true;
    }
    socket->is_secure = true;
    (void)snprintf(socket->user, sizeof(socket->user), "%s", security->user);
    if (options->kind == TAMIS_SOCKET_ROUTER) {
        TAMIS_ASSERT(options->domain != NULL && options->domain[0] != '\0');
        TAMIS_ASSERT(strlen(options->domain) < TAMIS_DOMAIN_SIZE);
        (void)snprintf(socket->domain, sizeof(socket->domain), "%s", options->domain);
        (void)set_int(handle, ZMQ_ZAP_ENFORCE_DOMAIN, 1); /* see there */
        return set_int(handle, ZMQ_CURVE_SERVER, 1) &&
               set_key(handle, ZMQ_CURVE_SECRETKEY, security->secret_key) &&
               set_text(handle, ZMQ_ZAP_DOMAIN, options->domain);
    }
    server = server == NULL ? security->server_key : server;
    return tamis_net_key_is_valid(server) && set_key(handle, ZMQ_CURVE_SERVERKEY, server) &&
           set_key(handle, ZMQ_CURVE_PUBLICKEY, security->public_key) &&
           set_key(handle, ZMQ_CURVE_SECRETKEY, security->secret_key);
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
    socket->net = net;
    socket->peer_bytes_max = options->peer_bytes_max;
    socket->frame_size_max =
        options->kind == TAMIS_SOCKET_PAIR ? UINT64_MAX : frame_size_of(options);
    socket->handle = zmq_socket(net->context, types[options->kind]);
    if (socket->handle == NULL || !set_options(socket->handle, options) ||
        !set_security(socket, options) ||
        (options->strangers_max != 0 && !tamis_strangers_start(socket, options->strangers_max))) {
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
        tamis_watch_stop(socket);
        tamis_strangers_stop(socket);
        (void)zmq_close(socket->handle); /* fails only for what is no socket */
    }
    free(socket);
}

tamis_status tamis_socket_bind(tamis_socket *socket, const char *url, char out_url[TAMIS_URL_SIZE],
                               tamis_err *err)
{
    size_t size = TAMIS_URL_SIZE;

    if (socket->is_secure && !tamis_guard_is_at_work(socket->net->guard)) {
        return tamis_err_set(err, TAMIS_EDENIED,
                             "%s: nobody checks keys; not listening for that would let all in",
                             url);
    }
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
    (void)snprintf(socket->url, sizeof(socket->url), "%s", url);
    if (socket->kind == TAMIS_SOCKET_DEALER && strncmp(url, "tcp://", 6) == 0 &&
        !tamis_watch_start(socket)) {
        return tamis_err_set(err, TAMIS_EIO, "%s: cannot watch the connection: %s", url,
                             zmq_strerror(errno));
    }
    if (zmq_connect(socket->handle, url) == 0) {
        return TAMIS_OK;
    }
    if (errno == EINVAL || errno == EPROTONOSUPPORT) {
        return tamis_err_set(err, TAMIS_EARG, "%s: not an address (tcp://HOST:PORT)", url);
    }
    return tamis_err_set(err, TAMIS_EIO, "%s: cannot connect: %s", url, zmq_strerror(errno));
}

/* A frame whose bytes count against what waits for its peer. */
typedef struct counted_frame {
    _Atomic uint64_t *waiting;
    uint64_t size;
    uint8_t bytes[];
} counted_frame;

static void counted_free(void *data, void *hint)
{
    counted_frame *frame = hint;

    (void)data;
    atomic_fetch_sub_explicit(frame->waiting, frame->size, memory_order_relaxed);
    free(frame);
}

static _Atomic uint64_t *waiting_of(tamis_socket *socket, tamis_slice peer)
{
    uint64_t hash = socket->net->seed;

    for (size_t i = 0; i < peer.size; i++) {
        hash = (hash ^ peer.data[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return &socket->net->waiting[hash % TAMIS_NET_BUCKETS];
}

static tamis_status frame_init(zmq_msg_t *frame, tamis_slice bytes, _Atomic uint64_t *waiting)
{
    counted_frame *counted = NULL;

    if (waiting == NULL || bytes.size < COUNTED_SIZE_MIN) {
        if (zmq_msg_init_size(frame, bytes.size) != 0) {
            return TAMIS_ENOMEM;
        }
        if (bytes.size != 0) {
            memcpy(zmq_msg_data(frame), bytes.data, bytes.size);
        }
        return TAMIS_OK;
    }
    counted = malloc(sizeof(*counted) + bytes.size);
    if (counted == NULL) {
        return TAMIS_ENOMEM;
    }
    counted->waiting = waiting;
    counted->size = bytes.size;
    memcpy(counted->bytes, bytes.data, bytes.size);
    if (zmq_msg_init_data(frame, counted->bytes, bytes.size, counted_free, counted) != 0) {
        free(counted);
        return TAMIS_ENOMEM;
    }
    atomic_fetch_add_explicit(waiting, bytes.size, memory_order_relaxed);
    return TAMIS_OK;
}

static tamis_status send_frame(tamis_socket *socket, zmq_msg_t *frame, bool has_more)
{
    int flags = ZMQ_DONTWAIT | (has_more ? ZMQ_SNDMORE : 0);

    net_released(&net_order);
    for (;;) {
        if (zmq_msg_send(frame, socket->handle, flags) >= 0) {
            return TAMIS_OK; /* the frame is empty now */
        }
        if (errno != EINTR) {
            return errno == EAGAIN ? TAMIS_EAGAIN : errno == EHOSTUNREACH ? TAMIS_EPEER : TAMIS_EIO;
        }
    }
}

/* Only the first frame can be refused: the queue takes messages as a whole. */
static tamis_status send_frames(tamis_socket *socket, zmq_msg_t *frames, size_t count)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        status = send_frame(socket, &frames[i], i + 1 < count);
    }
    return status;
}

static bool is_waiting_full(const tamis_socket *socket, const _Atomic uint64_t *waiting,
                            size_t size)
{
    return atomic_load_explicit(waiting, memory_order_relaxed) + size > socket->peer_bytes_max;
}

tamis_status tamis_socket_send(tamis_socket *socket, tamis_slice peer, tamis_slice control,
                               tamis_slice bulk)
{
    bool is_router = socket->kind == TAMIS_SOCKET_ROUTER;
    tamis_slice parts[FRAMES_MAX] = {peer};
    _Atomic uint64_t *waiting = NULL;
    zmq_msg_t frames[FRAMES_MAX];
    size_t part_count = is_router ? 1 : 0;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    if (is_router && socket->peer_bytes_max != 0) {
        waiting = waiting_of(socket, peer);
        if (is_waiting_full(socket, waiting, control.size + bulk.size)) {
            return TAMIS_EAGAIN;
        }
    }
    parts[part_count++] = control;
    if (bulk.size != 0) {
        parts[part_count++] = bulk;
    }
    while (count < part_count && status == TAMIS_OK) {
        status = frame_init(&frames[count], parts[count], waiting);
        count += status == TAMIS_OK;
    }
    if (status == TAMIS_OK) {
        status = send_frames(socket, frames, count);
    }
    for (size_t i = 0; i < count; i++) {
        (void)zmq_msg_close(&frames[i]);
    }
    return status;
}

tamis_status tamis_socket_send_taken(tamis_socket *socket, tamis_slice peer, tamis_slice control,
                                     tamis_slice bulk, tamis_net_free free_bulk, void *hint)
{
    zmq_msg_t frames[FRAMES_MAX];
    /* The library only reads what it sends. */
    void *data = (void *)(uintptr_t)bulk.data;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(bulk.size != 0);
    if (socket->kind == TAMIS_SOCKET_ROUTER) {
        status = frame_init(&frames[count], peer, NULL);
        count += status == TAMIS_OK;
    }
    if (status == TAMIS_OK) {
        status = frame_init(&frames[count], control, NULL);
        count += status == TAMIS_OK;
    }
    if (status != TAMIS_OK ||
        zmq_msg_init_data(&frames[count], data, bulk.size, free_bulk, hint) != 0) {
        status = TAMIS_ENOMEM;
        free_bulk(data, hint);
    } else {
        count++;
        status = send_frames(socket, frames, count);
    }
    for (size_t i = 0; i < count; i++) {
        (void)zmq_msg_close(&frames[i]); /* what was not sent is freed */
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
            break;
        }
    }
    if (errno != EAGAIN) {
        return TAMIS_EIO;
    }
    tamis_watch_drain(socket); /* a good time: nothing else is to be done */
    return TAMIS_EAGAIN;
}

/* Notes whose packet it is. TAMIS_EDENIED: nobody's who is allowed. */
static tamis_status take_user(tamis_socket *socket, tamis_packet *packet)
{
    tamis_net_peer peer;
    const char *key = NULL;

    packet->user[0] = '\0';
    packet->key[0] = '\0';
    packet->roles = TAMIS_ROLE_ANY;
    if (socket->domain[0] == '\0') {
        return TAMIS_OK;
    }
    packet->roles = 0;
    key = zmq_msg_gets(&packet->frames[packet->first], "User-Id");
    if (key == NULL || !tamis_guard_find(socket->net->guard, socket->domain, key, &peer)) {
        packet->count = packet->first; /* the peer stays, to be told */
        return TAMIS_EDENIED;
    }
    packet->roles = peer.roles;
    memcpy(packet->user, peer.user, sizeof(packet->user));
    memcpy(packet->key, peer.key, sizeof(packet->key));
    return TAMIS_OK;
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

static bool has_good_sizes(const tamis_socket *socket, const tamis_packet *packet)
{
    bool is_good = true;

    for (size_t i = 0; i < packet->count; i++) {
        uint64_t max = i < packet->first ? TAMIS_PEER_SIZE_MAX : socket->frame_size_max;

        is_good = is_good && zmq_msg_size(&packet->frames[i]) <= max;
    }
    return is_good;
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
    if (socket->strangers != NULL && packet->count > packet->first) {
        tamis_strangers_meet(socket, zmq_msg_get(&packet->frames[packet->first], ZMQ_SRCFD));
    }
    if (!has_good_sizes(socket, packet)) {
        packet->count = 0;
        return TAMIS_EFORMAT;
    }
    return packet->count > packet->first ? take_user(socket, packet) : TAMIS_EFORMAT;
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

const char *tamis_packet_user(const tamis_packet *packet)
{
    return packet->user;
}

const char *tamis_packet_key(const tamis_packet *packet)
{
    return packet->key;
}

uint32_t tamis_packet_roles(const tamis_packet *packet)
{
    return packet->roles;
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
