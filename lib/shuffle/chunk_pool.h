/* SPDX-License-Identifier: Apache-2.0 */
/* chunk_pool.h - the buffers of chunks on their way out, a bounded number in all and of each peer.
 *
 * A chunk goes to the socket without being copied and comes back when it was sent, from a thread of
 * the network library, perhaps after the server has ended: the pool lives until the last one is
 * back.
 *
 * Memory:  at most `chunk_count` chunks of TAMIS_DATA_CHUNK_MAX bytes, made when they are needed.
 * Threads: any; guarded by one mutex.
 */
#ifndef TAMIS_CHUNK_POOL_H
#define TAMIS_CHUNK_POOL_H

#include "tamis/data_frame.h"

typedef struct tamis_chunk_pool tamis_chunk_pool;

TAMIS_MUST_USE
tamis_status tamis_chunk_pool_create(uint32_t chunk_count, uint32_t peer_count,
                                     tamis_chunk_pool **out_pool);
/* The owner wants no more chunks. NULL is allowed. */
void tamis_chunk_pool_destroy(tamis_chunk_pool *pool);

/* A chunk for that peer, with what tamis_chunk_pool_put wants beside it. NULL: the peer or all
 * peers together have as many as is allowed, or there is no memory. */
uint8_t *tamis_chunk_pool_take(tamis_chunk_pool *pool, tamis_slice peer, void **out_hint);
/* Gives it back: a tamis_net_free. */
void tamis_chunk_pool_put(void *chunk, void *hint);

#endif
