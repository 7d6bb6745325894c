/* SPDX-License-Identifier: Apache-2.0 */
/* net.h - sockets, packets and actors: all that the loops know of ZeroMQ.
 *
 * A packet is a control frame and an optional bulk frame; a ROUTER also names the peer. High-water
 * marks are finite, lingering is bounded, heartbeats are on and frames have a maximum size; these
 * are set here, in one place.
 *
 * Threads: a tamis_net is shared; a socket belongs to one thread at a time (handing it over needs a
 * synchronizing step, such as starting the thread).
 */
#ifndef TAMIS_NET_H
#define TAMIS_NET_H

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_URL_SIZE      256
#define TAMIS_PEER_SIZE_MAX 64 /* bytes of a routing id */

typedef struct tamis_net tamis_net; /* a ZeroMQ context */
typedef struct tamis_socket tamis_socket;
typedef struct tamis_packet tamis_packet;

typedef enum tamis_socket_kind {
    TAMIS_SOCKET_ROUTER, /* refuses to send to peers that it does not know */
    TAMIS_SOCKET_DEALER,
    TAMIS_SOCKET_PAIR
} tamis_socket_kind;

typedef struct tamis_socket_options {
    tamis_socket_kind kind;
    tamis_slice identity;    /* DEALER: its routing id, new for each start of a process */
    uint32_t queue_max;      /* packets waiting, each way; 0: 1000 */
    uint64_t frame_size_max; /* bytes of a frame that is let in; 0: 1 MiB */
} tamis_socket_options;

/* Milliseconds of the monotonic clock. */
uint64_t tamis_net_now_ms(void);

TAMIS_MUST_USE
tamis_status tamis_net_create(tamis_net **out_net, tamis_err *err);
/* Waits until what the closed sockets had to send is sent, at most a second; all sockets must be
 * closed before. NULL is allowed. */
void tamis_net_destroy(tamis_net *net);

TAMIS_MUST_USE
tamis_status tamis_socket_open(tamis_net *net, const tamis_socket_options *options,
                               tamis_socket **out_socket, tamis_err *err);
void tamis_socket_close(tamis_socket *socket); /* NULL is allowed */

/* Binds to "tcp://ADDRESS:PORT" (PORT "*": a free one) or "inproc://NAME"; out_url (may be NULL) is
 * the address that peers connect to. TAMIS_EARG: malformed; TAMIS_EHELD: address in use; TAMIS_EIO.
 */
TAMIS_MUST_USE
tamis_status tamis_socket_bind(tamis_socket *socket, const char *url, char out_url[TAMIS_URL_SIZE],
                               tamis_err *err);
/* Connects, now or later: a peer that is not there yet is waited for in the background. TAMIS_EARG:
 * malformed. */
TAMIS_MUST_USE
tamis_status tamis_socket_connect(tamis_socket *socket, const char *url, tamis_err *err);

/* Sends one packet without waiting; peer only for ROUTER, an empty bulk is left out. TAMIS_EAGAIN:
 * the queue is full; TAMIS_EPEER: the ROUTER knows no such peer; TAMIS_EIO. Nothing was sent then.
 */
TAMIS_MUST_USE
tamis_status tamis_socket_send(tamis_socket *socket, tamis_slice peer, tamis_slice control,
                               tamis_slice bulk);

/* Receives one packet without waiting, over what the packet held before. TAMIS_EAGAIN: none is
 * there; TAMIS_EFORMAT: one of another shape was dropped; TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_socket_receive(tamis_socket *socket, tamis_packet *packet);

tamis_packet *tamis_packet_create(void);         /* NULL: out of memory */
void tamis_packet_destroy(tamis_packet *packet); /* NULL is allowed */
/* Valid until the next _receive into the packet. */
tamis_slice tamis_packet_peer(const tamis_packet *packet);
tamis_slice tamis_packet_control(const tamis_packet *packet);
tamis_slice tamis_packet_bulk(const tamis_packet *packet);

/* Messages between threads over PAIR: a kind, and a pointer whose ownership goes with it. _send
 * waits while the queue is full. */
TAMIS_MUST_USE
tamis_status tamis_socket_pass(tamis_socket *socket, uint32_t kind, void *body);
/* TAMIS_EAGAIN: none is there. */
TAMIS_MUST_USE
tamis_status tamis_socket_take(tamis_socket *socket, uint32_t *out_kind, void **out_body);

/* Waits until one of the sockets has something, or timeout_ms have gone by; is_ready[i] tells which
 * ones. A signal ends it early, as if by time. */
TAMIS_MUST_USE
tamis_status tamis_net_poll(tamis_socket *const *sockets, size_t count, uint64_t timeout_ms,
                            bool *is_ready, tamis_err *err);

/* ---- Actors ---------------------------------------------------------------------------------- */

/* A thread with a PAIR socket to the thread that started it. Kinds below TAMIS_ACTOR_FIRST_KIND
 * belong to the actor itself; others may be passed either way. */
typedef struct tamis_actor tamis_actor;

enum {
    TAMIS_ACTOR_READY,
    TAMIS_ACTOR_ENDED,
    TAMIS_ACTOR_STOP, /* what the body gets when it is to end */
    TAMIS_ACTOR_FIRST_KIND = 16
};

/* What the thread runs. It calls tamis_actor_ready once it works, returns TAMIS_OK when it was
 * told to stop, or the failure that ended it. */
typedef tamis_status (*tamis_actor_body)(tamis_socket *pipe, void *argument, tamis_err *err);

/* Starts the thread and returns when it is ready or has failed (its status then). All signals are
 * blocked in it. TAMIS_ENOMEM, TAMIS_EAGAIN: no thread. */
TAMIS_MUST_USE
tamis_status tamis_actor_start(tamis_net *net, tamis_actor_body body, void *argument,
                               tamis_actor **out_actor, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_actor_ready(tamis_socket *pipe);

/* The starter's end of the pipe, to poll on and to pass messages; taking from it is for
 * tamis_actor_has_ended and _stop where the actor sends nothing of its own. */
tamis_socket *tamis_actor_pipe(tamis_actor *actor);

/* Whether the body has returned; its status and text then (they stay for _stop too). */
bool tamis_actor_has_ended(tamis_actor *actor, tamis_status *out_status, tamis_err *err);

/* Tells the body to stop, waits for its end, joins, frees. TAMIS_ETIMEOUT: it did not end within
 * timeout_ms; the actor stays as it is. Otherwise what the body returned. NULL is allowed. */
TAMIS_MUST_USE
tamis_status tamis_actor_stop(tamis_actor *actor, uint64_t timeout_ms, tamis_err *err);

/* ---- For main -------------------------------------------------------------------------------- */

/* Keeps SIGINT and SIGTERM for tamis_serve. To be called before any thread is started. */
void tamis_serve_prepare(void);

/* Waits until the actor ends by itself or one of these signals asks for it, and stops the actor
 * (TAMIS_ETIMEOUT as there: only ending the process is left then). *out_signal: which one; 0: none.
 * Returns what the actor did. */
TAMIS_MUST_USE
tamis_status tamis_serve(tamis_actor *actor, uint64_t stop_ms, int *out_signal, tamis_err *err);

#endif
