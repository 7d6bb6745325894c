/* SPDX-License-Identifier: Apache-2.0 */
#include "chunk_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "tamis/hash.h"

typedef struct chunk {
    struct tamis_chunk_pool *pool;
    struct chunk *next; /* free */
    uint64_t peer;      /* that has it */
    uint8_t *bytes;
    bool is_taken;
} chunk;

struct tamis_chunk_pool {
    pthread_mutex_t mutex;
    chunk *chunks; /* guarded by: mutex, with all below */
    chunk *free;
    uint32_t chunk_count;
    uint32_t peer_count; /* of one peer at most */
    uint32_t taken_count;
    bool is_closed;
};

tamis_status tamis_chunk_pool_create(uint32_t chunk_count, uint32_t peer_count,
                                     tamis_chunk_pool **out_pool)
{
    tamis_chunk_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL) {
        return TAMIS_ENOMEM;
    }
    pool->chunks = calloc(chunk_count, sizeof(*pool->chunks));
    if (pool->chunks == NULL || pthread_mutex_init(&pool->mutex, NULL) != 0) {
        free(pool->chunks);
        free(pool);
        return TAMIS_ENOMEM;
    }
    pool->chunk_count = chunk_count;
    pool->peer_count = peer_count;
    for (uint32_t i = 0; i < chunk_count; i++) {
        pool->chunks[i].pool = pool;
        pool->chunks[i].next = pool->free;
        pool->free = &pool->chunks[i];
    }
    *out_pool = pool;
    return TAMIS_OK;
}

static void pool_free(tamis_chunk_pool *pool)
{
    for (uint32_t i = 0; i < pool->chunk_count; i++) {
        free(pool->chunks[i].bytes);
    }
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool->chunks);
    free(pool);
}

void tamis_chunk_pool_destroy(tamis_chunk_pool *pool)
{
    bool is_last = false;

    if (pool == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&pool->mutex);
    pool->is_closed = true;
    is_last = pool->taken_count == 0;
    (void)pthread_mutex_unlock(&pool->mutex);
    if (is_last) {
        pool_free(pool);
    }
}

static uint32_t taken_by(const tamis_chunk_pool *pool, uint64_t peer)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pool->chunk_count; i++) {
        count += pool->chunks[i].is_taken && pool->chunks[i].peer == peer;
    }
    return count;
}

uint8_t *tamis_chunk_pool_take(tamis_chunk_pool *pool, tamis_slice peer, void **out_hint)
{
    uint64_t name = tamis_hash64(peer.data, peer.size);
    chunk *taken = NULL;

    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->free != NULL && taken_by(pool, name) < pool->peer_count) {
        taken = pool->free;
        if (taken->bytes == NULL) {
            taken->bytes = malloc(TAMIS_DATA_CHUNK_MAX);
        }
        if (taken->bytes == NULL) {
            taken = NULL;
        } else {
            pool->free = taken->next;
            taken->peer = name;
            taken->is_taken = true;
            pool->taken_count++;
        }
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    *out_hint = taken;
    return taken == NULL ? NULL : taken->bytes;
}

void tamis_chunk_pool_put(void *bytes, void *hint)
{
    chunk *returned = hint;
    tamis_chunk_pool *pool = returned->pool;
    bool is_last = false;

    TAMIS_ASSERT(bytes == returned->bytes);
    (void)pthread_mutex_lock(&pool->mutex);
    TAMIS_ASSERT(returned->is_taken);
    returned->is_taken = false;
    returned->next = pool->free;
    pool->free = returned;
    pool->taken_count--;
    is_last = pool->is_closed && pool->taken_count == 0;
    (void)pthread_mutex_unlock(&pool->mutex);
    if (is_last) {
        pool_free(pool);
    }
}
