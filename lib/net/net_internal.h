/* SPDX-License-Identifier: Apache-2.0 */
/* net_internal.h - what the files of lib/net share: the structs, and the parts of a socket's life.
 *
 * Threads: as net.h; a tamis_guard is shared and locks for itself.
 */
#ifndef TAMIS_NET_INTERNAL_H
#define TAMIS_NET_INTERNAL_H

#include <stdatomic.h>

#include "tamis/net.h"

#define TAMIS_DOMAIN_SIZE 16
#define TAMIS_NET_BUCKETS 1024 /* of peers, by hash of their names */

typedef struct tamis_guard tamis_guard;

struct tamis_net {
    void *context;
    tamis_guard *guard;
    uint64_t seed; /* of the hash of peers' names: nobody can choose a bucket */
    _Atomic uint64_t waiting[TAMIS_NET_BUCKETS]; /* bytes to be sent; freed after the context */
};

/* How the attempts to connect ended, since the last one that succeeded. */
typedef struct tamis_watch {
    void *monitor; /* NULL: nothing is watched */
    uint64_t connected_ms;
    uint64_t first_ms; /* of the attempts below */
    uint64_t retry_ms; /* when to connect again; 0: the library does by itself */
    uint32_t refused;  /* answered by a refusal, or by another mechanism */
    uint32_t cut;      /* closed at once, while keys were exchanged */
    bool is_mismatch;  /* one end has keys, the other has none */
} tamis_watch;

typedef struct tamis_strangers tamis_strangers;

struct tamis_socket {
    void *handle;
    tamis_net *net;
    tamis_socket_kind kind;
    uint64_t peer_bytes_max;
    uint64_t frame_size_max;
    bool is_secure;
    char domain[TAMIS_DOMAIN_SIZE]; /* "": takes packets of everybody */
    char user[TAMIS_USER_SIZE];     /* of the own key */
    char url[TAMIS_URL_SIZE];       /* connected to last */
    tamis_watch watch;
    tamis_strangers *strangers; /* NULL: they are not counted */
};

/* ---- guard.c ---- */

/* The row of a key in a domain's list. False: there is none. Any thread. */
bool tamis_guard_find(tamis_guard *guard, const char *domain, const char *key,
                      tamis_net_peer *out_peer);
bool tamis_guard_is_at_work(const tamis_guard *guard); /* NULL: false */
void tamis_guard_destroy(tamis_guard *guard);          /* NULL is allowed */

/* ---- watch.c ---- */

/* Begins to watch a DEALER, before it connects. */
bool tamis_watch_start(tamis_socket *socket);
/* Takes in what has happened; never waits. */
void tamis_watch_drain(tamis_socket *socket);
void tamis_watch_stop(tamis_socket *socket);

/* ---- strangers.c ---- */

/* Begins to count a ROUTER's connections, before it is bound. */
bool tamis_strangers_start(tamis_socket *socket, uint32_t max);
void tamis_strangers_stop(tamis_socket *socket);
/* A packet came over this file: it is no stranger any more. */
void tamis_strangers_meet(tamis_socket *socket, int file);

#endif
