/* SPDX-License-Identifier: Apache-2.0 */
/* net.h - sockets, packets and actors: all that the loops know of ZeroMQ.
 *
 * A packet is a control frame and an optional bulk frame; a ROUTER also names the peer. High-water
 * marks are finite, lingering is bounded, heartbeats are on and frames have a maximum size; these
 * are set here, in one place.
 *
 * Security: with keys (tamis_net_security) a connection is encrypted and both ends prove who they
 * are (CURVE). Who may connect stands in an allow-list, which a guard (a thread) asks for each
 * handshake; a socket with keys is not bound before the guard works, and when the guard is gone
 * nobody gets in. Each packet tells whose key it came under.
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

#define TAMIS_KEY_SIZE  41 /* a key as Z85 text, with the final zero */
#define TAMIS_USER_SIZE 64 /* name of a key, with the final zero */

/* What a key is good for; bits. */
enum {
    TAMIS_ROLE_COORDINATOR = 1,
    TAMIS_ROLE_WORKER = 2,
    TAMIS_ROLE_CLIENT = 4,
    TAMIS_ROLE_ANY = 7
};

/* Own keys, and the key of whom one connects to. All zero: no security. */
typedef struct tamis_net_security {
    bool is_on;
    uint32_t roles;
    char user[TAMIS_USER_SIZE]; /* the key's name, for messages */
    char public_key[TAMIS_KEY_SIZE];
    char secret_key[TAMIS_KEY_SIZE];
    char server_key[TAMIS_KEY_SIZE]; /* the coordinator's public key; "": this is it */
} tamis_net_security;

typedef struct tamis_socket_options {
    tamis_socket_kind kind;
    tamis_slice identity;       /* DEALER: its routing id, new for each start of a process */
    uint32_t queue_max;         /* packets waiting, each way and for each peer; 0: 1000 */
    uint32_t receive_queue_max; /* packets that wait here from one peer; 0: queue_max. The
                                   memory that a peer can take is this times frame_size_max */
    uint64_t frame_size_max;    /* bytes of a frame that is let in; 0: 1 MiB */
    uint64_t peer_bytes_max;    /* ROUTER: bytes that wait to be sent to one peer; 0: no limit.
                                   Where names of peers hash alike they share it */
    uint32_t strangers_max; /* ROUTER over tcp: connections that have not sent a packet yet; more
                               are hung up on, as tamis_socket_tend does it. 0: no limit */
    const tamis_net_security *security; /* copied; NULL or off: neither encrypted nor checked */
    const char *domain;     /* ROUTER with security: whose allow-list counts; at most 15 bytes */
    const char *server_key; /* DEALER with security: of the other end; NULL: security's */
} tamis_socket_options;

/* Milliseconds since the machine started, time that it slept included; never back. */
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

/* ---- Keys and who may connect ---------------------------------------------------------------- */

/* Makes a key pair. TAMIS_EUNSUPPORTED: the ZeroMQ that is installed has no CURVE. */
TAMIS_MUST_USE
tamis_status tamis_net_key_pair(char out_public[TAMIS_KEY_SIZE], char out_secret[TAMIS_KEY_SIZE],
                                tamis_err *err);
/* The public key of a secret one. TAMIS_EFORMAT: it is none (nothing of it is in the text). */
TAMIS_MUST_USE
tamis_status tamis_net_key_public(const char *secret, char out_public[TAMIS_KEY_SIZE],
                                  tamis_err *err);
/* Whether it has the form of a key: 40 characters of Z85 that decode. */
bool tamis_net_key_is_valid(const char *key);

#define TAMIS_PEERS_MAX 65536 /* rows of an allow-list */

typedef struct tamis_net_peer {
    char key[TAMIS_KEY_SIZE]; /* public */
    char user[TAMIS_USER_SIZE];
    uint32_t roles;
} tamis_net_peer;

/* Starts the guard, which lets in whom the allow-list names; once for a net, before a socket with
 * security is bound. TAMIS_EEXIST: it was started; TAMIS_ENOMEM, TAMIS_EIO, TAMIS_EAGAIN. */
TAMIS_MUST_USE
tamis_status tamis_net_guard_start(tamis_net *net, tamis_err *err);
/* Ends it; from then on nobody gets in. */
void tamis_net_guard_stop(tamis_net *net);

/* Replaces the allow-list of a domain; a domain without one lets nobody in. Connections of keys
 * that it lacks stay open, but what comes over them is refused (tamis_socket_receive). Any thread.
 * A key may come several times: it has one of the names and all of the roles.
 * TAMIS_EARG: a key that is none; TAMIS_ELIMIT: too many; TAMIS_ENOMEM: the old list stays. */
TAMIS_MUST_USE
tamis_status tamis_net_allow(tamis_net *net, const char *domain, const tamis_net_peer *peers,
                             size_t count, tamis_err *err);
/* Handshakes that the guard refused so far. Any thread. */
uint64_t tamis_net_refused_count(const tamis_net *net);

/* Binds to "tcp://ADDRESS:PORT" (PORT "*": a free one) or "inproc://NAME"; out_url (may be NULL) is
 * the address that peers connect to. TAMIS_EARG: malformed; TAMIS_EHELD: address in use;
 * TAMIS_EDENIED: the socket has security, but no guard works; TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_socket_bind(tamis_socket *socket, const char *url, char out_url[TAMIS_URL_SIZE],
                               tamis_err *err);
/* Connects, now or later: a peer that is not there yet is waited for in the background. TAMIS_EARG:
 * malformed. */
TAMIS_MUST_USE
tamis_status tamis_socket_connect(tamis_socket *socket, const char *url, tamis_err *err);

/* Whether the other end, reached over tcp, refuses this one: TAMIS_EDENIED with a text that says
 * why and what to do, once it did so several times over some seconds; else TAMIS_OK. A DEALER goes
 * on trying for ever by itself: its loop asks this now and then. */
TAMIS_MUST_USE
tamis_status tamis_socket_fault(tamis_socket *socket, tamis_err *err);

/* Looks after the strangers of a socket that has a limit for them: hangs up on those that have been
 * silent for 10 s, on the greediest while all of them together have sent more than 256 MiB, and on
 * the oldest while they are too many. To be called about ten times a second; returns how many it
 * has hung up on since the start. */
uint64_t tamis_socket_tend(tamis_socket *socket, uint64_t now_ms);

/* Whether only processes of this machine can reach the address: inproc://, ipc://, tcp://127.x.y.z,
 * tcp://localhost, tcp://[::1]. "*" and names of interfaces are not. Pure. */
bool tamis_url_is_local(const char *url);
/* Whether it has the form of an address: tcp://HOST:PORT (port 0 to 65535 or *), ipc://PATH or
 * inproc://NAME. Pure. */
bool tamis_url_is_formed(const char *url);

/* Sends one packet without waiting; peer only for ROUTER, an empty bulk is left out. TAMIS_EAGAIN:
 * the queue is full, or the peer has too many bytes to read; TAMIS_EPEER: the ROUTER knows no such
 * peer; TAMIS_EIO. Nothing was sent then.
 */
TAMIS_MUST_USE
tamis_status tamis_socket_send(tamis_socket *socket, tamis_slice peer, tamis_slice control,
                               tamis_slice bulk);

/* The same with a bulk that is not copied: it is taken in every case, and `free_bulk` is called for
 * it once it is not needed any more, by any thread, at the latest when the tamis_net is destroyed.
 */
typedef void (*tamis_net_free)(void *data, void *hint);
TAMIS_MUST_USE
tamis_status tamis_socket_send_taken(tamis_socket *socket, tamis_slice peer, tamis_slice control,
                                     tamis_slice bulk, tamis_net_free free_bulk, void *hint);

/* Receives one packet without waiting, over what the packet held before. TAMIS_EAGAIN: none is
 * there; TAMIS_EFORMAT: one of another shape was dropped; TAMIS_EDENIED: it came under a key that
 * is not allowed (any more): only its peer may be used, to answer so; TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_socket_receive(tamis_socket *socket, tamis_packet *packet);

tamis_packet *tamis_packet_create(void);         /* NULL: out of memory */
void tamis_packet_destroy(tamis_packet *packet); /* NULL is allowed */
/* Valid until the next _receive into the packet. */
tamis_slice tamis_packet_peer(const tamis_packet *packet);
tamis_slice tamis_packet_control(const tamis_packet *packet);
tamis_slice tamis_packet_bulk(const tamis_packet *packet);
/* Name and roles of the key under which it came to a ROUTER; "" and TAMIS_ROLE_ANY where the socket
 * has no security. */
const char *tamis_packet_user(const tamis_packet *packet);
uint32_t tamis_packet_roles(const tamis_packet *packet);
/* The key itself, as Z85 text; "" where the socket has no security. */
const char *tamis_packet_key(const tamis_packet *packet);

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
