/* SPDX-License-Identifier: Apache-2.0 */
/* zmtp_peers.h - ten thousand DEALERs on one thread, for loading a ROUTER.
 *
 * A library socket for each would take two descriptors and a share of the processor that belongs to
 * the program that is measured. These speak ZMTP 3.0 (NULL security) over plain TCP themselves, as
 * far as a ROUTER needs it: greeting, READY, messages, PING and PONG.
 *
 * Threads: one.
 */
#ifndef ZMTP_PEERS_H
#define ZMTP_PEERS_H

#include "tamis/buf.h"

typedef struct zmtp_peers zmtp_peers;

/* A message has come for that peer: its frames, of which it keeps the first two. */
typedef void (*zmtp_call)(void *context, uint32_t peer, tamis_slice first, tamis_slice second);

/* NULL: out of memory, or the url is not tcp://ADDRESS:PORT. */
zmtp_peers *zmtp_peers_create(const char *url, uint32_t count, zmtp_call call, void *context);
void zmtp_peers_destroy(zmtp_peers *peers); /* NULL is allowed */

/* Connects the peer under that routing id, at most 255 bytes; an older connection of it is closed.
 * False: errno tells. */
bool zmtp_peers_connect(zmtp_peers *peers, uint32_t peer, const char *identity);
bool zmtp_peers_is_connected(const zmtp_peers *peers, uint32_t peer);

/* Queues a message of one frame, or of two when the second is not empty. What a peer that is not
 * connected says is dropped. */
void zmtp_peers_send(zmtp_peers *peers, uint32_t peer, tamis_slice first, tamis_slice second);

/* Sends what is queued, waits at most that long, hands out what has come. False: epoll failed. */
bool zmtp_peers_run(zmtp_peers *peers, int timeout_ms);

#endif
