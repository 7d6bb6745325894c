/* SPDX-License-Identifier: Apache-2.0 */
/* A store in memory: a sorted array of shared, immutable entries. An iterator takes a reference to
 * each entry of its range when it is made, which is what makes it a snapshot. A commit allocates
 * all that it needs before it changes anything, so that it happens as a whole or not at all. */
#include <pthread.h>
#include <stdlib.h>

#include "store_backend.h"

typedef struct memory_entry {
    size_t references; /* guarded by: memory_store.mutex */
    size_t key_size;
    size_t value_size;
    uint8_t bytes[]; /* key, then value */
} memory_entry;

typedef struct memory_store {
    tamis_store base;
    pthread_mutex_t mutex; /* leaf: nothing else is locked under it */
    char *name;
    memory_entry **entries;   /* guarded by: mutex; ascending keys */
    size_t entry_count;       /* guarded by: mutex */
    size_t entry_capacity;    /* guarded by: mutex */
    tamis_store_fault fault;  /* guarded by: mutex; what awaits */
    uint64_t fault_countdown; /* guarded by: mutex; commits before it strikes */
    uint64_t commit_count;    /* guarded by: mutex */
    bool is_crashed;          /* guarded by: mutex */
} memory_store;

typedef struct memory_iterator {
    tamis_store_iterator base;
    memory_store *store;
    memory_entry **entries;
    size_t count;
    size_t next;
} memory_iterator;

static int key_compare(tamis_slice a, tamis_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static tamis_slice entry_key(const memory_entry *entry)
{
    return tamis_slice_of(entry->bytes, entry->key_size);
}

static tamis_slice entry_value(const memory_entry *entry)
{
    return tamis_slice_of(entry->bytes + entry->key_size, entry->value_size);
}

static memory_entry *entry_create(tamis_slice key, tamis_slice value)
{
    memory_entry *entry = malloc(sizeof(*entry) + key.size + value.size);

    if (entry != NULL) {
        entry->references = 1;
        entry->key_size = key.size;
        entry->value_size = value.size;
        memcpy(entry->bytes, key.data, key.size);
        if (value.size != 0) {
            memcpy(entry->bytes + key.size, value.data, value.size);
        }
    }
    return entry;
}

static void entry_release(memory_entry *entry)
{
    if (entry != NULL && --entry->references == 0) {
        free(entry);
    }
}

/* Index of the first entry whose key is not below `key`. */
static size_t entry_find(const memory_store *store, tamis_slice key, bool *out_is_equal)
{
    size_t low = 0;
    size_t high = store->entry_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (key_compare(entry_key(store->entries[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *out_is_equal =
        low < store->entry_count && key_compare(entry_key(store->entries[low]), key) == 0;
    return low;
}

static void store_lock(memory_store *store)
{
    TAMIS_ASSERT(pthread_mutex_lock(&store->mutex) == 0);
}

static void store_unlock(memory_store *store)
{
    TAMIS_ASSERT(pthread_mutex_unlock(&store->mutex) == 0);
}

static tamis_status refuse_crashed(const memory_store *store, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ECANCELED, "%s: the store in memory has crashed", store->name);
}

/* Applies one change; the array has room and `entry` is made. */
static void apply_change(memory_store *store, tamis_slice key, memory_entry *entry)
{
    bool is_equal = false;
    size_t at = entry_find(store, key, &is_equal);

    if (is_equal) {
        entry_release(store->entries[at]);
    }
    if (entry != NULL) {
        if (!is_equal) {
            memmove(store->entries + at + 1, store->entries + at,
                    (store->entry_count - at) * sizeof(store->entries[0]));
            store->entry_count++;
        }
        store->entries[at] = entry;
    } else if (is_equal) {
        store->entry_count--;
        memmove(store->entries + at, store->entries + at + 1,
                (store->entry_count - at) * sizeof(store->entries[0]));
    }
}

static tamis_status entries_reserve(memory_store *store, size_t extra)
{
    size_t need = store->entry_count + extra;
    size_t capacity = store->entry_capacity + store->entry_capacity / 2;
    memory_entry **entries = NULL;

    if (need <= store->entry_capacity) {
        return TAMIS_OK;
    }
    capacity = capacity < need ? need : capacity;
    entries = realloc(store->entries, capacity * sizeof(entries[0]));
    if (entries == NULL) {
        return TAMIS_ENOMEM;
    }
    store->entries = entries;
    store->entry_capacity = capacity;
    return TAMIS_OK;
}

/* Stores the whole batch or nothing. */
static tamis_status apply_batch(memory_store *store, const tamis_store_batch *batch)
{
    size_t count = tamis_store_batch_count(batch);
    memory_entry **made = calloc(count, sizeof(made[0]));
    tamis_status status = TAMIS_OK;
    store_change change = {0};
    size_t offset = 0;

    if (made == NULL) {
        return TAMIS_ENOMEM;
    }
    status = entries_reserve(store, count);
    for (size_t i = 0; status == TAMIS_OK && store_batch_next(batch, &offset, &change); i++) {
        if (!change.is_delete) {
            made[i] = entry_create(change.key, change.value);
            status = made[i] == NULL ? TAMIS_ENOMEM : TAMIS_OK;
        }
    }
    if (status != TAMIS_OK) {
        goto out;
    }
    offset = 0;
    for (size_t i = 0; store_batch_next(batch, &offset, &change); i++) {
        apply_change(store, change.key, made[i]);
        made[i] = NULL;
    }
    store->commit_count++;

out:
    for (size_t i = 0; i < count; i++) {
        entry_release(made[i]);
    }
    free(made);
    return status;
}

/* The fault that this commit meets. */
static tamis_store_fault fault_take(memory_store *store)
{
    tamis_store_fault fault = store->fault;

    if (fault == TAMIS_STORE_FAULT_NONE) {
        return fault;
    }
    if (store->fault_countdown > 0) {
        store->fault_countdown--;
        return TAMIS_STORE_FAULT_NONE;
    }
    store->fault = TAMIS_STORE_FAULT_NONE;
    return fault;
}

static tamis_status memory_commit(tamis_store *base, const tamis_store_batch *batch, tamis_err *err)
{
    memory_store *store = (memory_store *)base;
    tamis_store_fault fault = TAMIS_STORE_FAULT_NONE;
    tamis_status status = TAMIS_OK;

    store_lock(store);
    if (store->is_crashed) {
        status = refuse_crashed(store, err);
        goto out;
    }
    if (tamis_store_batch_count(batch) == 0) {
        goto out;
    }
    fault = fault_take(store);
    if (fault == TAMIS_STORE_FAULT_REFUSE) {
        status = tamis_err_set(err, TAMIS_EIO, "%s: write refused by the test", store->name);
    } else if (fault == TAMIS_STORE_FAULT_NO_SPACE) {
        status = tamis_err_set(err, TAMIS_ENOSPC, "%s: no space, says the test", store->name);
    } else if (fault != TAMIS_STORE_FAULT_CRASH_BEFORE) {
        status = apply_batch(store, batch);
        if (status != TAMIS_OK) {
            (void)tamis_err_set(err, status, "%s: %zu changes do not fit into memory", store->name,
                                tamis_store_batch_count(batch));
        }
    }
    if (fault == TAMIS_STORE_FAULT_CRASH_BEFORE || fault == TAMIS_STORE_FAULT_CRASH_AFTER) {
        store->is_crashed = true;
        status = refuse_crashed(store, err);
    }

out:
    store_unlock(store);
    return status;
}

static tamis_status memory_get(tamis_store *base, tamis_slice key, tamis_buf *value, tamis_err *err)
{
    memory_store *store = (memory_store *)base;
    tamis_status status = TAMIS_ENOENT;
    bool is_equal = false;
    size_t at = 0;

    store_lock(store);
    if (store->is_crashed) {
        status = refuse_crashed(store, err);
        goto out;
    }
    at = entry_find(store, key, &is_equal);
    if (is_equal) {
        tamis_slice found = entry_value(store->entries[at]);

        tamis_buf_reset(value);
        status = tamis_buf_append(value, found.data, found.size);
        if (status != TAMIS_OK) {
            (void)tamis_err_set(err, status, "%s: a value of %zu bytes does not fit", store->name,
                                found.size);
        }
    }

out:
    store_unlock(store);
    return status;
}

static tamis_status memory_iterator_create(tamis_store *base, tamis_slice prefix,
                                           tamis_store_iterator **out_iterator, tamis_err *err)
{
    memory_store *store = (memory_store *)base;
    memory_iterator *iterator = calloc(1, sizeof(*iterator));
    uint8_t end_key[TAMIS_STORE_KEY_MAX];
    size_t end_size = 0;
    tamis_status status = TAMIS_OK;
    bool is_equal = false;
    size_t first = 0;
    size_t end = 0;

    if (iterator == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for an iterator", store->name);
    }
    iterator->base.backend = base->backend;
    iterator->store = store;

    store_lock(store);
    if (store->is_crashed) {
        status = refuse_crashed(store, err);
        goto out;
    }
    first = prefix.size == 0 ? 0 : entry_find(store, prefix, &is_equal);
    end = store->entry_count;
    if (store_prefix_end(prefix, end_key, &end_size)) {
        end = entry_find(store, tamis_slice_of(end_key, end_size), &is_equal);
    }
    iterator->entries = malloc((end - first + 1) * sizeof(iterator->entries[0]));
    if (iterator->entries == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for an iterator", store->name);
        goto out;
    }
    for (size_t i = first; i < end; i++) {
        store->entries[i]->references++;
        iterator->entries[iterator->count++] = store->entries[i];
    }
    *out_iterator = &iterator->base;
    iterator = NULL;

out:
    store_unlock(store);
    free(iterator);
    return status;
}

static tamis_status memory_iterator_next(tamis_store_iterator *base, tamis_slice *out_key,
                                         tamis_slice *out_value, tamis_err *err)
{
    memory_iterator *iterator = (memory_iterator *)base;
    const memory_entry *entry = NULL;

    if (tamis_store_memory_is_crashed(&iterator->store->base)) {
        return refuse_crashed(iterator->store, err);
    }
    if (iterator->next == iterator->count) {
        return TAMIS_END;
    }
    entry = iterator->entries[iterator->next++];
    *out_key = entry_key(entry);
    *out_value = entry_value(entry);
    return TAMIS_OK;
}

static void memory_iterator_destroy(tamis_store_iterator *base)
{
    memory_iterator *iterator = (memory_iterator *)base;

    store_lock(iterator->store);
    for (size_t i = 0; i < iterator->count; i++) {
        entry_release(iterator->entries[i]);
    }
    store_unlock(iterator->store);
    free(iterator->entries);
    free(iterator);
}

static void memory_close(tamis_store *base)
{
    memory_store *store = (memory_store *)base;

    for (size_t i = 0; i < store->entry_count; i++) {
        entry_release(store->entries[i]);
    }
    free(store->entries);
    free(store->name);
    (void)pthread_mutex_destroy(&store->mutex); /* fails only when it is held */
    free(store);
}

static const store_backend memory_backend = {
    .commit = memory_commit,
    .get = memory_get,
    .iterator_create = memory_iterator_create,
    .iterator_next = memory_iterator_next,
    .iterator_destroy = memory_iterator_destroy,
    .close = memory_close,
};

tamis_status tamis_store_memory_create(const char *name, tamis_store **out_store, tamis_err *err)
{
    memory_store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a store", name);
    }
    store->base.backend = &memory_backend;
    store->name = strdup(name);
    if (store->name == NULL || pthread_mutex_init(&store->mutex, NULL) != 0) {
        free(store->name);
        free(store);
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a store", name);
    }
    *out_store = &store->base;
    return TAMIS_OK;
}

static memory_store *memory_of(tamis_store *store)
{
    TAMIS_ASSERT(store->backend == &memory_backend);
    return (memory_store *)store;
}

void tamis_store_memory_fail(tamis_store *base, tamis_store_fault fault, uint64_t commits)
{
    memory_store *store = memory_of(base);

    store_lock(store);
    store->fault = fault;
    store->fault_countdown = commits;
    store_unlock(store);
}

void tamis_store_memory_crash(tamis_store *base)
{
    memory_store *store = memory_of(base);

    store_lock(store);
    store->is_crashed = true;
    store_unlock(store);
}

bool tamis_store_memory_is_crashed(tamis_store *base)
{
    memory_store *store = memory_of(base);
    bool is_crashed = false;

    store_lock(store);
    is_crashed = store->is_crashed;
    store_unlock(store);
    return is_crashed;
}

void tamis_store_memory_restart(tamis_store *base)
{
    memory_store *store = memory_of(base);

    store_lock(store);
    store->is_crashed = false;
    store->fault = TAMIS_STORE_FAULT_NONE;
    store_unlock(store);
}

uint64_t tamis_store_memory_commit_count(tamis_store *base)
{
    memory_store *store = memory_of(base);
    uint64_t count = 0;

    store_lock(store);
    count = store->commit_count;
    store_unlock(store);
    return count;
}
