/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "tamis/attempt.h"
#include "tamis/path.h"

typedef struct cached_store {
    struct cached_store *next;
    char job[TAMIS_JOB_ID_SIZE];
    char *folder;
    bool is_writer;
    bool is_dropped; /* goes when the last user does */
    size_t user_count;
    tamis_records *records;
} cached_store;

struct tamis_records_cache {
    pthread_mutex_t mutex;
    cached_store *stores; /* guarded by: mutex, with all that hangs on it */
};

tamis_status tamis_records_cache_create(tamis_records_cache **out_cache)
{
    tamis_records_cache *cache = calloc(1, sizeof(*cache));

    if (cache == NULL) {
        return TAMIS_ENOMEM;
    }
    if (pthread_mutex_init(&cache->mutex, NULL) != 0) {
        free(cache);
        return TAMIS_ENOMEM;
    }
    *out_cache = cache;
    return TAMIS_OK;
}

static void store_close(cached_store *store)
{
    tamis_records_close(store->records);
    free(store->folder);
    free(store);
}

void tamis_records_cache_destroy(tamis_records_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    while (cache->stores != NULL) {
        cached_store *store = cache->stores;

        TAMIS_ASSERT(store->user_count == 0);
        cache->stores = store->next;
        store_close(store);
    }
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static cached_store *find_store(const tamis_records_cache *cache, const char *folder,
                                bool is_writer)
{
    cached_store *found = NULL;

    for (cached_store *store = cache->stores; store != NULL; store = store->next) {
        if (!store->is_dropped && strcmp(store->folder, folder) == 0 &&
            (store->is_writer || !is_writer)) {
            found = store;
            if (store->is_writer) {
                break; /* a writer sees everything: better than a reader */
            }
        }
    }
    return found;
}

static tamis_status add_store(tamis_records_cache *cache, const char *folder, const char *job,
                              bool is_writer, cached_store **out_store, tamis_err *err)
{
    cached_store *store = calloc(1, sizeof(*store));
    tamis_status status = TAMIS_OK;

    if (store == NULL || (store->folder = strdup(folder)) == NULL) {
        free(store);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to open records");
    }
    (void)snprintf(store->job, sizeof(store->job), "%s", job);
    store->is_writer = is_writer;
    status = tamis_records_open(folder, !is_writer, &store->records, err);
    if (status != TAMIS_OK) {
        free(store->folder);
        free(store);
        return status;
    }
    store->next = cache->stores;
    cache->stores = store;
    *out_store = store;
    return TAMIS_OK;
}

tamis_status tamis_records_cache_acquire(tamis_records_cache *cache, const char *data_folder,
                                         const char *job, bool is_writer,
                                         tamis_records **out_records, tamis_err *err)
{
    char folder[TAMIS_PATH_MAX];
    cached_store *store = NULL;
    tamis_status status = TAMIS_OK;
    int length = snprintf(folder, sizeof(folder), "%s/%s/records", data_folder, job);

    if (length < 0 || (size_t)length >= sizeof(folder)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", data_folder);
    }
    (void)pthread_mutex_lock(&cache->mutex);
    store = find_store(cache, folder, is_writer);
    if (store == NULL) {
        status = add_store(cache, folder, job, is_writer, &store, err);
    }
    if (status == TAMIS_OK) {
        store->user_count++;
        *out_records = store->records;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return status;
}

/* Takes those that are dropped and unused out of the list; the caller closes them without lock. */
static cached_store *take_unused(tamis_records_cache *cache)
{
    cached_store *taken = NULL;
    cached_store **place = &cache->stores;

    while (*place != NULL) {
        cached_store *store = *place;

        if (store->is_dropped && store->user_count == 0) {
            *place = store->next;
            store->next = taken;
            taken = store;
        } else {
            place = &store->next;
        }
    }
    return taken;
}

static void close_all(cached_store *taken)
{
    while (taken != NULL) {
        cached_store *next = taken->next;

        store_close(taken);
        taken = next;
    }
}

void tamis_records_cache_release(tamis_records_cache *cache, tamis_records *records)
{
    cached_store *taken = NULL;

    (void)pthread_mutex_lock(&cache->mutex);
    for (cached_store *store = cache->stores; store != NULL; store = store->next) {
        if (store->records == records) {
            TAMIS_ASSERT(store->user_count != 0);
            store->user_count--;
            break;
        }
    }
    taken = take_unused(cache);
    (void)pthread_mutex_unlock(&cache->mutex);
    close_all(taken);
}

void tamis_records_cache_drop(tamis_records_cache *cache, const char *job, bool only_readers)
{
    cached_store *taken = NULL;

    (void)pthread_mutex_lock(&cache->mutex);
    for (cached_store *store = cache->stores; store != NULL; store = store->next) {
        if ((job == NULL || strcmp(store->job, job) == 0) && !(only_readers && store->is_writer)) {
            store->is_dropped = true;
        }
    }
    taken = take_unused(cache);
    (void)pthread_mutex_unlock(&cache->mutex);
    close_all(taken);
}
