/* SPDX-License-Identifier: Apache-2.0 */
#include "zmtp_peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tamis/bytes.h"

#define GREETING_SIZE 64
#define READ_BYTES    (256u << 10)
#define EVENTS_MAX    512

enum { FLAG_MORE = 1, FLAG_LONG = 2, FLAG_COMMAND = 4 };

typedef struct zmtp_peer {
    int file;
    bool is_greeted;
    bool is_ready;         /* the other side is: messages before that are an error to it */
    size_t handshake_size; /* of out: what may go before that */
    bool is_queued;        /* in the list of those that have something to send */
    bool waits_for_room;
    tamis_buf in;
    tamis_buf out;
    size_t out_sent;
} zmtp_peer;

struct zmtp_peers {
    struct sockaddr_in address;
    int poll_file;
    uint32_t count;
    zmtp_peer *peers;
    uint32_t *queued;
    uint32_t queued_count;
    zmtp_call call;
    void *context;
};

zmtp_peers *zmtp_peers_create(const char *url, uint32_t count, zmtp_call call, void *context)
{
    zmtp_peers *peers = calloc(1, sizeof(*peers));
    char host[64];
    unsigned port = 0;

    if (peers == NULL) {
        return NULL;
    }
    peers->poll_file = epoll_create1(EPOLL_CLOEXEC);
    peers->count = count;
    peers->call = call;
    peers->context = context;
    peers->peers = calloc((size_t)count + 1, sizeof(*peers->peers));
    peers->queued = calloc((size_t)count + 1, sizeof(*peers->queued));
    peers->address.sin_family = AF_INET;
    if (peers->peers == NULL || peers->queued == NULL || peers->poll_file < 0 ||
        sscanf(url, "tcp://%63[^:]:%u", host, &port) != 2 || port > UINT16_MAX ||
        inet_pton(AF_INET, host, &peers->address.sin_addr) != 1) {
        zmtp_peers_destroy(peers);
        return NULL;
    }
    peers->address.sin_port = htons((uint16_t)port);
    for (uint32_t i = 0; i < count; i++) {
        peers->peers[i].file = -1;
        tamis_buf_init(&peers->peers[i].in, 0);
        tamis_buf_init(&peers->peers[i].out, 0);
    }
    return peers;
}

void zmtp_peers_destroy(zmtp_peers *peers)
{
    if (peers == NULL) {
        return;
    }
    for (uint32_t i = 0; peers->peers != NULL && i < peers->count; i++) {
        if (peers->peers[i].file >= 0) {
            (void)close(peers->peers[i].file);
        }
        tamis_buf_fini(&peers->peers[i].in);
        tamis_buf_fini(&peers->peers[i].out);
    }
    if (peers->poll_file >= 0) {
        (void)close(peers->poll_file);
    }
    free(peers->peers);
    free(peers->queued);
    free(peers);
}

static void append(tamis_buf *buf, const void *data, size_t size)
{
    TAMIS_ASSERT(tamis_buf_append(buf, data, size) == TAMIS_OK); /* a bench ends without memory */
}

static void append_frame(tamis_buf *out, uint8_t flags, tamis_slice body)
{
    uint8_t head[9] = {flags, (uint8_t)body.size};
    size_t size = 2;

    if (body.size > UINT8_MAX) {
        head[0] |= FLAG_LONG;
        for (size_t i = 0; i < 8; i++) {
            head[1 + i] = (uint8_t)((uint64_t)body.size >> (56 - 8 * i));
        }
        size = 9;
    }
    append(out, head, size);
    append(out, body.data, body.size);
}

static void append_property(tamis_buf *body, const char *name, const char *value)
{
    uint8_t name_size = (uint8_t)strlen(name);
    uint8_t value_size[4] = {0, 0, 0, (uint8_t)strlen(value)};

    append(body, &name_size, 1);
    append(body, name, name_size);
    append(body, value_size, sizeof(value_size));
    append(body, value, strlen(value));
}

static void queue(zmtp_peers *peers, uint32_t number)
{
    zmtp_peer *peer = &peers->peers[number];

    if (!peer->is_queued) {
        peer->is_queued = true;
        peers->queued[peers->queued_count++] = number;
    }
}

bool zmtp_peers_connect(zmtp_peers *peers, uint32_t number, const char *identity)
{
    static const uint8_t greeting[GREETING_SIZE] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                                    1,    0x7f, 3, 0, 'N', 'U', 'L', 'L'};
    zmtp_peer *peer = &peers->peers[number];
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    tamis_buf body;
    int one = 1;

    if (peer->file >= 0) {
        (void)close(peer->file);
    }
    peer->is_greeted = false;
    peer->is_ready = false;
    peer->waits_for_room = false;
    peer->out_sent = 0;
    tamis_buf_reset(&peer->in);
    tamis_buf_reset(&peer->out);
    peer->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->file < 0 ||
        connect(peer->file, (const struct sockaddr *)&peers->address, sizeof(peers->address)) !=
            0 ||
        fcntl(peer->file, F_SETFL, O_NONBLOCK) != 0 ||
        setsockopt(peer->file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        epoll_ctl(peers->poll_file, EPOLL_CTL_ADD, peer->file, &event) != 0) {
        return false;
    }
    append(&peer->out, greeting, sizeof(greeting));
    tamis_buf_init(&body, 0);
    append(&body, "\5READY", 6);
    append_property(&body, "Socket-Type", "DEALER");
    append_property(&body, "Identity", identity);
    append_frame(&peer->out, FLAG_COMMAND, tamis_buf_slice(&body));
    tamis_buf_fini(&body);
    peer->handshake_size = peer->out.size;
    queue(peers, number);
    return true;
}

bool zmtp_peers_is_connected(const zmtp_peers *peers, uint32_t peer)
{
    return peers->peers[peer].file >= 0;
}

void zmtp_peers_send(zmtp_peers *peers, uint32_t number, tamis_slice first, tamis_slice second)
{
    zmtp_peer *peer = &peers->peers[number];

    if (peer->file < 0) {
        return;
    }
    append_frame(&peer->out, second.size == 0 ? 0 : FLAG_MORE, first);
    if (second.size != 0) {
        append_frame(&peer->out, 0, second);
    }
    queue(peers, number);
}

static void hang_up(zmtp_peers *peers, uint32_t number)
{
    (void)close(peers->peers[number].file);
    peers->peers[number].file = -1;
}

static void wait_for_room(zmtp_peers *peers, uint32_t number, bool waits)
{
    zmtp_peer *peer = &peers->peers[number];
    struct epoll_event event = {.events = EPOLLIN | (waits ? (uint32_t)EPOLLOUT : 0),
                                .data.u32 = number};

    if (peer->waits_for_room != waits) {
        peer->waits_for_room = waits;
        (void)epoll_ctl(peers->poll_file, EPOLL_CTL_MOD, peer->file, &event);
    }
}

static void flush(zmtp_peers *peers, uint32_t number)
{
    zmtp_peer *peer = &peers->peers[number];
    size_t end = peer->is_ready ? peer->out.size : peer->handshake_size;
    size_t rest = end - peer->out_sent;
    ssize_t sent = 0;

    if (peer->file < 0 || rest == 0) {
        return;
    }
    sent = send(peer->file, peer->out.data + peer->out_sent, rest, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(peers, number);
        return;
    }
    peer->out_sent += sent > 0 ? (size_t)sent : 0;
    wait_for_room(peers, number, peer->out_sent != end);
    if (peer->is_ready && peer->out_sent == peer->out.size) {
        tamis_buf_reset(&peer->out);
        peer->out_sent = 0;
    }
}

static void take_command(zmtp_peers *peers, uint32_t number, tamis_slice body)
{
    if (body.size >= 6 && memcmp(body.data, "\5READY", 6) == 0) {
        peers->peers[number].is_ready = true;
        queue(peers, number);
    }
    if (body.size >= 7 && memcmp(body.data, "\4PING", 5) == 0) { /* two bytes of time to live */
        tamis_buf pong;

        tamis_buf_init(&pong, 0);
        append(&pong, "\4PONG", 5);
        append(&pong, body.data + 7, body.size - 7);
        append_frame(&peers->peers[number].out, FLAG_COMMAND, tamis_buf_slice(&pong));
        tamis_buf_fini(&pong);
        queue(peers, number);
    }
}

/* Reads the frame at *at, which moves on; false: it is not all there. */
static bool take_frame(const tamis_buf *in, size_t *at, uint8_t *out_flags, tamis_slice *out_body)
{
    const uint8_t *data = in->data + *at;
    size_t left = in->size - *at;
    size_t head = left == 0 || (data[0] & FLAG_LONG) == 0 ? 2 : 9;
    uint64_t size = 0;

    if (left < head) {
        return false;
    }
    for (size_t i = 1; i < head; i++) {
        size = size << 8 | data[i];
    }
    if (left - head < size) {
        return false;
    }
    *out_flags = data[0];
    *out_body = tamis_slice_of(data + head, (size_t)size);
    *at += head + (size_t)size;
    return true;
}

/* Hands out the messages that are complete. */
static void take_messages(zmtp_peers *peers, uint32_t number)
{
    zmtp_peer *peer = &peers->peers[number];
    size_t done = 0;
    size_t at = 0;
    tamis_slice frames[2] = {{NULL, 0}, {NULL, 0}};
    unsigned count = 0;
    uint8_t flags = 0;
    tamis_slice body;

    if (!peer->is_greeted) {
        if (peer->in.size < GREETING_SIZE) {
            return;
        }
        peer->is_greeted = true;
        at = done = GREETING_SIZE;
    }
    while (take_frame(&peer->in, &at, &flags, &body)) {
        if ((flags & FLAG_COMMAND) != 0) {
            take_command(peers, number, body);
        } else if (count < 2) {
            frames[count++] = body;
        }
        if ((flags & FLAG_MORE) != 0) {
            continue;
        }
        if (count != 0) {
            peers->call(peers->context, number, frames[0], frames[1]);
        }
        frames[1] = tamis_slice_of(NULL, 0);
        count = 0;
        done = at;
    }
    memmove(peer->in.data, peer->in.data + done, peer->in.size - done);
    peer->in.size -= done;
}

static void receive(zmtp_peers *peers, uint32_t number)
{
    zmtp_peer *peer = &peers->peers[number];
    ssize_t got = 0;

    TAMIS_ASSERT(tamis_buf_reserve(&peer->in, READ_BYTES / 64) == TAMIS_OK);
    got = recv(peer->file, peer->in.data + peer->in.size, peer->in.capacity - peer->in.size, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(peers, number);
        return;
    }
    peer->in.size += got > 0 ? (size_t)got : 0;
    if (got > 0) {
        take_messages(peers, number);
    }
}

bool zmtp_peers_run(zmtp_peers *peers, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = 0;

    for (uint32_t i = 0; i < peers->queued_count; i++) {
        peers->peers[peers->queued[i]].is_queued = false;
        flush(peers, peers->queued[i]);
    }
    peers->queued_count = 0;
    count = epoll_wait(peers->poll_file, events, EVENTS_MAX, timeout_ms);
    for (int i = 0; i < count; i++) {
        uint32_t number = events[i].data.u32;

        if (peers->peers[number].file >= 0 && (events[i].events & EPOLLOUT) != 0) {
            flush(peers, number);
        }
        if (peers->peers[number].file >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
            receive(peers, number);
        }
    }
    return count >= 0 || errno == EINTR;
}
