/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/results.h"

#include <pthread.h>
#include <string.h>

#include "results_internal.h"

/* What was found out about a folder that stands under a path under an id. */
typedef struct known_folder {
    char folder_id[TAMIS_FOLDER_ID_SIZE];
    bool is_known;
    bool is_shared;
} known_folder;

struct tamis_results {
    tamis_results_options options;
    tamis_fetch_pool *pool; /* NULL without network */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    known_folder *known;   /* guarded by: mutex; by number */
    size_t known_count;    /* guarded by: mutex */
    tamis_copy_lock *held; /* guarded by: mutex; files that a thread fetches now */
};

tamis_status tamis_results_create(const tamis_results_options *options, tamis_results **out_results,
                                  tamis_err *err)
{
    tamis_results *results = calloc(1, sizeof(*results));
    tamis_status status = TAMIS_OK;

    if (results == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the results of tasks");
    }
    if (pthread_mutex_init(&results->mutex, NULL) != 0) {
        free(results);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the results of tasks");
    }
    if (pthread_cond_init(&results->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&results->mutex);
        free(results);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the results of tasks");
    }
    results->options = *options;
    if (options->net != NULL) {
        status = tamis_fetch_pool_create(options->net, options->security, &results->pool, err);
    }
    if (status != TAMIS_OK) {
        tamis_results_destroy(results);
        return status;
    }
    *out_results = results;
    return TAMIS_OK;
}

void tamis_results_destroy(tamis_results *results)
{
    if (results != NULL) {
        TAMIS_ASSERT(results->held == NULL);
        tamis_fetch_pool_destroy(results->pool);
        (void)pthread_cond_destroy(&results->changed);
        (void)pthread_mutex_destroy(&results->mutex);
        free(results->known);
        free(results);
    }
}

const tamis_results_options *tamis_results_options_of(const tamis_results *results)
{
    return &results->options;
}

tamis_fetch_pool *tamis_results_pool(tamis_results *results)
{
    return results->pool;
}

/* Room for number `folder`; false: no memory, nothing is remembered then. */
static bool known_reserve(tamis_results *results, uint32_t folder)
{
    size_t count = results->known_count;
    known_folder *known = NULL;

    if (folder < count) {
        return true;
    }
    count = (size_t)folder + 16;
    known = realloc(results->known, count * sizeof(*known));
    if (known == NULL) {
        return false;
    }
    memset(known + results->known_count, 0, (count - results->known_count) * sizeof(*known));
    results->known = known;
    results->known_count = count;
    return true;
}

/* Whether the path leads to the folder of that id. */
static bool is_shared(const tamis_folder_place *place)
{
    char id[TAMIS_FOLDER_ID_SIZE];

    if (place->folder_id[0] == 0) {
        return true;
    }
    return tamis_folder_id_read(place->path, id, NULL) == TAMIS_OK &&
           strcmp(id, place->folder_id) == 0;
}

static bool look_shared(tamis_results *results, uint32_t folder, const tamis_folder_place *place)
{
    bool result = false;

    (void)pthread_mutex_lock(&results->mutex);
    if (known_reserve(results, folder)) {
        known_folder *known = &results->known[folder];

        if (!known->is_known || strcmp(known->folder_id, place->folder_id) != 0) {
            memcpy(known->folder_id, place->folder_id, sizeof(known->folder_id));
            known->is_shared = is_shared(place);
            known->is_known = true;
        }
        result = known->is_shared;
    } else {
        result = is_shared(place);
    }
    (void)pthread_mutex_unlock(&results->mutex);
    return result;
}

bool tamis_results_way(tamis_results *results, uint32_t folder, tamis_folder_place *out_place,
                       tamis_way *out_way)
{
    const tamis_results_options *options = &results->options;

    if (!options->folder(options->context, folder, out_place)) {
        return false;
    }
    if (strcmp(out_place->path, options->data_folder) == 0) {
        *out_way = TAMIS_WAY_OWN;
    } else if (options->mode == TAMIS_SHUFFLE_AUTO && look_shared(results, folder, out_place)) {
        *out_way = TAMIS_WAY_SHARED;
    } else {
        *out_way = TAMIS_WAY_NETWORK;
    }
    return true;
}

static bool is_held(const tamis_results *results, const char *path)
{
    const tamis_copy_lock *lock = results->held;

    while (lock != NULL && strcmp(lock->path, path) != 0) {
        lock = lock->next;
    }
    return lock != NULL;
}

void tamis_copy_acquire(tamis_results *results, tamis_copy_lock *lock)
{
    (void)pthread_mutex_lock(&results->mutex);
    while (is_held(results, lock->path)) {
        (void)pthread_cond_wait(&results->changed, &results->mutex);
    }
    lock->next = results->held;
    results->held = lock;
    (void)pthread_mutex_unlock(&results->mutex);
}

void tamis_copy_release(tamis_results *results, tamis_copy_lock *lock)
{
    tamis_copy_lock **place = &results->held;

    (void)pthread_mutex_lock(&results->mutex);
    while (*place != lock) {
        place = &(*place)->next;
    }
    *place = lock->next;
    (void)pthread_cond_broadcast(&results->changed);
    (void)pthread_mutex_unlock(&results->mutex);
}
