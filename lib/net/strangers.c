/* SPDX-License-Identifier: Apache-2.0 */
/* The library has no limit for connections that are open but have proven nothing yet, nor for what
 * such a one may send in its handshake (a frame of the full size). This one counts them, and hangs
 * up on those that are too many, too slow or too greedy. Closing a connection stays the library's:
 * here it is only shut down, after a look whether it still is the one that was counted. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <zmq.h>

#include "net_internal.h"

#define EVENTS         (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED)
#define SILENCE_MS     10000                 /* from being accepted to the first packet */
#define BYTES_MAX      (UINT64_C(256) << 20) /* of all strangers together */
#define FILES_MAX      (1 << 20)
#define FIRST_CAPACITY 64

typedef struct connection {
    uint64_t cookie; /* of the socket, by the system; 0: no stranger */
    uint64_t accepted_ms;
    uint64_t bytes; /* that it has sent */
} connection;

struct tamis_strangers {
    void *monitor;
    uint32_t max;
    connection *by_file; /* index: file descriptor */
    size_t capacity;
    size_t count;
    uint64_t hung_up;
};

static uint64_t cookie_of(int file)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);

    return getsockopt(file, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool tamis_strangers_start(tamis_socket *socket, uint32_t max)
{
    static _Atomic uint64_t counter; /* names only have to differ within a context */
    tamis_strangers *strangers = calloc(1, sizeof(*strangers));
    char url[64];
    int none = 0;

    if (strangers == NULL) {
        errno = ENOMEM;
        return false;
    }
    socket->strangers = strangers;
    strangers->max = max;
    (void)snprintf(
        url, sizeof(url), "inproc://strangers-%llu",
        (unsigned long long)atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed));
    if (zmq_socket_monitor(socket->handle, url, EVENTS) != 0) {
        return false;
    }
    strangers->monitor = zmq_socket(socket->net->context, ZMQ_PAIR);
    /* No limit: the library waits where it is full, in the thread that serves all connections. */
    return strangers->monitor != NULL &&
           zmq_setsockopt(strangers->monitor, ZMQ_RCVHWM, &none, sizeof(none)) == 0 &&
           zmq_setsockopt(strangers->monitor, ZMQ_LINGER, &none, sizeof(none)) == 0 &&
           zmq_connect(strangers->monitor, url) == 0;
}

void tamis_strangers_stop(tamis_socket *socket)
{
    if (socket->strangers == NULL) {
        return;
    }
    (void)zmq_socket_monitor(socket->handle, NULL, 0);
    if (socket->strangers->monitor != NULL) {
        (void)zmq_close(socket->strangers->monitor);
    }
    free(socket->strangers->by_file);
    free(socket->strangers);
    socket->strangers = NULL;
}

static void forget(tamis_strangers *strangers, int file)
{
    if (file >= 0 && (size_t)file < strangers->capacity && strangers->by_file[file].cookie != 0) {
        strangers->by_file[file].cookie = 0;
        strangers->count--;
    }
}

/* Out of memory: this one is not counted. */
static void add(tamis_strangers *strangers, int file, uint64_t now_ms)
{
    size_t capacity = strangers->capacity == 0 ? FIRST_CAPACITY : strangers->capacity;
    connection *larger = NULL;

    if (file < 0 || file >= FILES_MAX) {
        return;
    }
    while (capacity <= (size_t)file) {
        capacity *= 2;
    }
    if (capacity != strangers->capacity) {
        larger = reallocarray(strangers->by_file, capacity, sizeof(*larger));
        if (larger == NULL) {
            return;
        }
        memset(larger + strangers->capacity, 0, (capacity - strangers->capacity) * sizeof(*larger));
        strangers->by_file = larger;
        strangers->capacity = capacity;
    }
    forget(strangers, file);
    strangers->by_file[file] = (connection){.cookie = cookie_of(file), .accepted_ms = now_ms};
    strangers->count += strangers->by_file[file].cookie != 0;
}

static void drain(tamis_strangers *strangers)
{
    uint64_t now_ms = 0;
    uint8_t bytes[6];
    char address[TAMIS_URL_SIZE];

    while (zmq_recv(strangers->monitor, bytes, sizeof(bytes), ZMQ_DONTWAIT) == (int)sizeof(bytes)) {
        uint16_t event = 0;
        int32_t file = 0;

        memcpy(&event, bytes, sizeof(event)); /* in this machine's order, as the library wrote it */
        memcpy(&file, bytes + sizeof(event), sizeof(file));
        (void)zmq_recv(strangers->monitor, address, sizeof(address), ZMQ_DONTWAIT);
        now_ms = now_ms == 0 ? tamis_net_now_ms() : now_ms;
        if (event == ZMQ_EVENT_ACCEPTED) {
            add(strangers, file, now_ms);
        } else {
            forget(strangers, file);
        }
    }
}

void tamis_strangers_meet(tamis_socket *socket, int file)
{
    if (socket->strangers != NULL) {
        drain(socket->strangers);
        forget(socket->strangers, file);
    }
}

static void hang_up(tamis_strangers *strangers, int file)
{
    if (cookie_of(file) == strangers->by_file[file].cookie) {
        (void)shutdown(file, SHUT_RDWR); /* the library sees the end and closes it */
        strangers->hung_up++;
    }
    forget(strangers, file);
}

static uint64_t bytes_from(int file)
{
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t size = sizeof(info);

    return getsockopt(file, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received
                                                                      : 0;
}

/* The one that has waited longest, or has sent most. -1: there is none. */
static int worst(const tamis_strangers *strangers, bool is_by_bytes)
{
    int found = -1;

    for (size_t i = 0; i < strangers->capacity; i++) {
        const connection *one = &strangers->by_file[i];
        const connection *other = found < 0 ? NULL : &strangers->by_file[found];

        if (one->cookie != 0 &&
            (other == NULL ||
             (is_by_bytes ? one->bytes > other->bytes : one->accepted_ms < other->accepted_ms))) {
            found = (int)i;
        }
    }
    return found;
}

uint64_t tamis_socket_tend(tamis_socket *socket, uint64_t now_ms)
{
    tamis_strangers *strangers = socket->strangers;
    uint64_t total = 0;

    if (strangers == NULL) {
        return 0;
    }
    drain(strangers);
    for (size_t i = 0; i < strangers->capacity && strangers->count != 0; i++) {
        connection *one = &strangers->by_file[i];

        if (one->cookie != 0 && now_ms > one->accepted_ms + SILENCE_MS) {
            hang_up(strangers, (int)i);
        } else if (one->cookie != 0) {
            one->bytes = bytes_from((int)i);
            total += one->bytes;
        }
    }
    while (total > BYTES_MAX && strangers->count != 0) {
        int file = worst(strangers, true);

        total -= strangers->by_file[file].bytes;
        hang_up(strangers, file);
    }
    while (strangers->count > strangers->max) {
        hang_up(strangers, worst(strangers, false));
    }
    return strangers->hung_up;
}
