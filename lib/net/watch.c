/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that is refused says nothing: where it was told so the library gives up in silence,
 * where the connection was just closed it tries again for ever. This looks at the attempts, and
 * goes on with the first kind for a while: a key that was made now is known a second later. */
#include <errno.h>
#include <zmq.h>

#include "net_internal.h"

#define EVENTS                                                                                     \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |       \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)

/* A refusal is believed when it was repeated. */
#define REFUSED_MIN 3
#define REFUSED_MS  1500
#define RETRY_MS    500
/* A connection that is closed without a word means another server key, or any kind of trouble. Only
 * those count that were closed at once, and more of them are asked for. */
#define CUT_MIN      8
#define CUT_MS       4000
#define CUT_AFTER_MS 1000 /* later than this it is a timeout */

bool tamis_watch_start(tamis_socket *socket)
{
    static _Atomic uint64_t counter; /* names only have to differ within a context */
    char url[64];
    int none = 0;

    if (socket->watch.monitor != NULL) {
        return true;
    }
    (void)snprintf(
        url, sizeof(url), "inproc://watch-%llu",
        (unsigned long long)atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed));
    if (zmq_socket_monitor(socket->handle, url, EVENTS) != 0) {
        return false;
    }
    socket->watch.monitor = zmq_socket(socket->net->context, ZMQ_PAIR);
    /* No limit: the library waits, in the thread that serves all connections, where it is full. The
     * events come at the pace of reconnecting, and each look at the socket takes them. */
    return socket->watch.monitor != NULL &&
           zmq_setsockopt(socket->watch.monitor, ZMQ_RCVHWM, &none, sizeof(none)) == 0 &&
           zmq_setsockopt(socket->watch.monitor, ZMQ_LINGER, &none, sizeof(none)) == 0 &&
           zmq_connect(socket->watch.monitor, url) == 0;
}

void tamis_watch_stop(tamis_socket *socket)
{
    if (socket->watch.monitor == NULL) {
        return;
    }
    (void)zmq_socket_monitor(socket->handle, NULL, 0);
    (void)zmq_close(socket->watch.monitor);
    socket->watch.monitor = NULL;
}

static void count_failure(tamis_watch *watch, uint64_t now_ms)
{
    if (watch->refused == 0 && watch->cut == 0) {
        watch->first_ms = now_ms;
    }
}

static void count_refusal(tamis_watch *watch, bool is_mismatch, uint64_t now_ms)
{
    count_failure(watch, now_ms);
    watch->refused++;
    watch->is_mismatch = is_mismatch;
    watch->retry_ms = now_ms + RETRY_MS;
}

static void take_event(tamis_watch *watch, unsigned event, uint32_t value, uint64_t now_ms)
{
    if (event == ZMQ_EVENT_CONNECTED) {
        watch->connected_ms = now_ms;
    } else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        watch->refused = 0;
        watch->cut = 0;
        watch->is_mismatch = false;
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
        count_refusal(watch, false, now_ms);
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
               value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) {
        count_refusal(watch, true, now_ms);
    } else if (now_ms - watch->connected_ms < CUT_AFTER_MS) {
        count_failure(watch, now_ms);
        watch->cut++;
    }
}

/* An event is two frames: number and value, then the address. */
void tamis_watch_drain(tamis_socket *socket)
{
    uint64_t now_ms = 0;
    uint8_t bytes[6];
    char address[TAMIS_URL_SIZE];

    if (socket->watch.monitor == NULL) {
        return;
    }
    while (zmq_recv(socket->watch.monitor, bytes, sizeof(bytes), ZMQ_DONTWAIT) ==
           (int)sizeof(bytes)) {
        uint16_t event = 0;
        uint32_t value = 0;

        memcpy(&event, bytes, sizeof(event)); /* in this machine's order, as the library wrote it */
        memcpy(&value, bytes + sizeof(event), sizeof(value));
        (void)zmq_recv(socket->watch.monitor, address, sizeof(address), ZMQ_DONTWAIT);
        now_ms = now_ms == 0 ? tamis_net_now_ms() : now_ms;
        take_event(&socket->watch, event, value, now_ms);
    }
    if (socket->watch.retry_ms != 0 && tamis_net_now_ms() >= socket->watch.retry_ms) {
        socket->watch.retry_ms = 0;
        /* Neither has a reason to fail that was not there before; the next refusal would tell. */
        (void)zmq_disconnect(socket->handle, socket->url);
        (void)zmq_connect(socket->handle, socket->url);
    }
}

tamis_status tamis_socket_fault(tamis_socket *socket, tamis_err *err)
{
    const tamis_watch *watch = &socket->watch;
    uint64_t since_ms = 0;

    tamis_watch_drain(socket);
    since_ms = watch->refused + watch->cut == 0 ? 0 : tamis_net_now_ms() - watch->first_ms;
    if (watch->refused >= REFUSED_MIN && since_ms >= REFUSED_MS) {
        if (watch->is_mismatch) {
            return socket->is_secure
                       ? tamis_err_set(err, TAMIS_EDENIED,
                                       "%s works without keys and refuses ours: start it with "
                                       "--keys, or leave --keys out on both sides",
                                       socket->url)
                       : tamis_err_set(err, TAMIS_EDENIED,
                                       "%s asks for a key: give --keys=DIR and --key=NAME, or "
                                       "--key-file=FILE (made by 'tamis keys new')",
                                       socket->url);
        }
        return tamis_err_set(err, TAMIS_EDENIED,
                             "%s refuses the key '%s': it is not on the list, or was revoked "
                             "('tamis keys list' on the coordinator's machine tells)",
                             socket->url, socket->user);
    }
    if (socket->is_secure && watch->cut >= CUT_MIN && since_ms >= CUT_MS) {
        return tamis_err_set(err, TAMIS_EDENIED,
                             "%s closes the connection while keys are exchanged: most likely it "
                             "has another key than the one that the key file of '%s' names; make "
                             "that file again with 'tamis keys new' from its key folder",
                             socket->url, socket->user);
    }
    return TAMIS_OK;
}
