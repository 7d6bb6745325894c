/* SPDX-License-Identifier: Apache-2.0 */
/* A store in memory: a sorted array of shared, immutable entries. An iterator takes a reference to
 * each entry of its range when it is made, which is what makes it a snapshot. A commit allocates
 * all that it needs before it changes anything, so that it happens as a whole or not at all.
 *
 * While the store is held, a commit also appends its batch to the tail of the log and notes what it
 * replaced. When power is lost the changes of the tail are taken back and the records of the log
 * that reached the disk as a whole are applied again:
 *   u32 size of what follows the head, u64 its XXH3, then by change u32 key size, u32 value size
 *   (0xffffffff: deleted), key, value. */
#include <pthread.h>
#include <stdlib.h>

#include "store_backend.h"
#include "tamis/bytes.h"
#include "tamis/hash.h"
#include "tamis/planted.h"

#define RECORD_HEAD 12
#define CHANGE_HEAD 8
#define IS_DELETED  UINT32_MAX

typedef struct memory_entry {
    size_t references; /* guarded by: memory_store.mutex */
    size_t key_size;
    size_t value_size;
    uint8_t bytes[]; /* key, then value */
} memory_entry;

/* What a change of the tail did to its key. */
typedef struct memory_undo {
    memory_entry *entry; /* that was there; NULL: none. Owns a reference. */
    memory_entry *key;   /* an entry without a value; owned */
} memory_undo;

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
    bool is_held;             /* guarded by: mutex */
    tamis_buf tail;           /* guarded by: mutex; records that are not synced */
    memory_undo *undos;       /* guarded by: mutex; their changes, in order */
    size_t undo_count;        /* guarded by: mutex */
    size_t undo_capacity;     /* guarded by: mutex */
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

/* Applies one change; the array has room and `entry` is made. Returns what was there before, with
 * its reference. */
static memory_entry *apply_change(memory_store *store, tamis_slice key, memory_entry *entry)
{
    bool is_equal = false;
    size_t at = entry_find(store, key, &is_equal);
    memory_entry *before = is_equal ? store->entries[at] : NULL;

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
    return before;
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

/* ---- The tail of the log --------------------------------------------------------------------- */

static tamis_status undos_reserve(memory_store *store, size_t extra)
{
    size_t need = store->undo_count + extra;
    memory_undo *undos = NULL;

    if (need <= store->undo_capacity) {
        return TAMIS_OK;
    }
    undos = reallocarray(store->undos, need * 2, sizeof(undos[0]));
    if (undos == NULL) {
        return TAMIS_ENOMEM;
    }
    store->undos = undos;
    store->undo_capacity = need * 2;
    return TAMIS_OK;
}

static tamis_status append_change(tamis_buf *log, const store_change *change)
{
    uint8_t head[CHANGE_HEAD];
    tamis_status status = TAMIS_OK;

    tamis_put32le(head, (uint32_t)change->key.size);
    tamis_put32le(head + 4, change->is_delete ? IS_DELETED : (uint32_t)change->value.size);
    status = tamis_buf_append(log, head, sizeof(head));
    if (status == TAMIS_OK) {
        status = tamis_buf_append(log, change->key.data, change->key.size);
    }
    return status == TAMIS_OK && !change->is_delete && change->value.size != 0
               ? tamis_buf_append(log, change->value.data, change->value.size)
               : status;
}

/* Writes the batch behind the tail, and makes room to note what it replaces; all or nothing. */
static tamis_status tail_append(memory_store *store, const tamis_store_batch *batch)
{
    static const uint8_t no_head[RECORD_HEAD];
    size_t first = store->tail.size;
    tamis_status status = undos_reserve(store, tamis_store_batch_count(batch));
    store_change change = {0};
    size_t offset = 0;

    if (status == TAMIS_OK) {
        status = tamis_buf_append(&store->tail, no_head, sizeof(no_head));
    }
    while (status == TAMIS_OK && store_batch_next(batch, &offset, &change)) {
        status = append_change(&store->tail, &change);
    }
    if (status == TAMIS_OK) {
        uint8_t *head = store->tail.data + first;
        size_t size = store->tail.size - first - RECORD_HEAD;

        tamis_put32le(head, (uint32_t)size);
        tamis_put64le(head + 4, tamis_hash64(head + RECORD_HEAD, size));
    } else {
        store->tail.size = first;
    }
    return status;
}

/* Everything in the tail is on the disk, or gone. */
static void tail_forget(memory_store *store)
{
    for (size_t i = 0; i < store->undo_count; i++) {
        entry_release(store->undos[i].entry);
        entry_release(store->undos[i].key);
    }
    store->undo_count = 0;
    tamis_buf_reset(&store->tail);
}

static void tail_take_back(memory_store *store)
{
    while (store->undo_count != 0) {
        memory_undo *undo = &store->undos[--store->undo_count];

        entry_release(apply_change(store, entry_key(undo->key), undo->entry));
        entry_release(undo->key);
    }
}

/* Applies the changes of a record again. False: it ends within one. */
static bool record_replay(memory_store *store, tamis_slice record)
{
    while (record.size >= CHANGE_HEAD) {
        size_t key_size = tamis_get32le(record.data);
        uint32_t value_size = tamis_get32le(record.data + 4);
        size_t size = CHANGE_HEAD + key_size + (value_size == IS_DELETED ? 0 : value_size);
        tamis_slice key = tamis_slice_of(record.data + CHANGE_HEAD, key_size);
        memory_entry *entry = NULL;

        if (size > record.size) {
            return false;
        }
        if (value_size != IS_DELETED) {
            entry = entry_create(key, tamis_slice_of(key.data + key_size, value_size));
            TAMIS_ASSERT(entry != NULL && entries_reserve(store, 1) == TAMIS_OK);
        }
        entry_release(apply_change(store, key, entry));
        record = tamis_slice_of(record.data + size, record.size - size);
    }
    return record.size == 0;
}

static void tail_replay(memory_store *store, size_t kept_bytes)
{
    tamis_slice rest = tamis_slice_of(store->tail.data, kept_bytes);

    while (rest.size >= RECORD_HEAD) {
        size_t size = tamis_get32le(rest.data);
        tamis_slice record = tamis_slice_of(rest.data + RECORD_HEAD, rest.size - RECORD_HEAD);

        if (size > record.size && TAMIS_PLANTED(TORN_TAIL_READ)) {
            (void)record_replay(store, record);
        }
        if (size > record.size || tamis_hash64(record.data, size) != tamis_get64le(rest.data + 4)) {
            return; /* torn: the log ends before it */
        }
        record.size = size;
        TAMIS_ASSERT(record_replay(store, record));
        rest = tamis_slice_of(record.data + size, rest.size - RECORD_HEAD - size);
    }
}

/* ---- Commits --------------------------------------------------------------------------------- */

/* Notes what a change of the tail replaced, or lets it go. The tail has room. */
static void change_done(memory_store *store, memory_entry *before, memory_entry *key)
{
    if (key == NULL) {
        entry_release(before);
        return;
    }
    store->undos[store->undo_count++] = (memory_undo){.entry = before, .key = key};
}

static void entries_release(memory_entry **entries, size_t count)
{
    for (size_t i = 0; entries != NULL && i < count; i++) {
        entry_release(entries[i]);
    }
    free(entries);
}

/* Stores the whole batch or nothing. */
static tamis_status apply_batch(memory_store *store, const tamis_store_batch *batch)
{
    size_t count = tamis_store_batch_count(batch);
    memory_entry **made = calloc(count, sizeof(made[0]));
    memory_entry **keys = calloc(count, sizeof(keys[0])); /* of the tail */
    tamis_status status = TAMIS_OK;
    store_change change = {0};
    size_t offset = 0;

    if (made == NULL || keys == NULL) {
        status = TAMIS_ENOMEM;
        goto out;
    }
    status = entries_reserve(store, count);
    for (size_t i = 0; status == TAMIS_OK && store_batch_next(batch, &offset, &change); i++) {
        if (!change.is_delete) {
            made[i] = entry_create(change.key, change.value);
            status = made[i] == NULL ? TAMIS_ENOMEM : TAMIS_OK;
        }
        if (store->is_held && status == TAMIS_OK) {
            keys[i] = entry_create(change.key, tamis_slice_of(NULL, 0));
            status = keys[i] == NULL ? TAMIS_ENOMEM : TAMIS_OK;
        }
    }
    if (status == TAMIS_OK && store->is_held) {
        status = tail_append(store, batch);
    }
    if (status != TAMIS_OK) {
        goto out;
    }
    offset = 0;
    for (size_t i = 0; store_batch_next(batch, &offset, &change); i++) {
        memory_entry *before = apply_change(store, change.key, made[i]);

        change_done(store, before, keys[i]);
        made[i] = NULL;
        keys[i] = NULL;
    }
    store->commit_count++;

out:
    entries_release(made, count);
    entries_release(keys, count);
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

    tail_forget(store);
    tamis_buf_fini(&store->tail);
    free(store->undos);
    entries_release(store->entries, store->entry_count);
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
    tamis_buf_init(&store->tail, 0);
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

static void tail_sync(memory_store *store)
{
    if (!TAMIS_PLANTED(COMMIT_UNSYNCED)) {
        tail_forget(store);
    }
}

void tamis_store_memory_hold(tamis_store *base, bool is_held)
{
    memory_store *store = memory_of(base);

    store_lock(store);
    store->is_held = is_held;
    if (!is_held) {
        tail_sync(store);
    }
    store_unlock(store);
}

void tamis_store_memory_sync(tamis_store *base)
{
    memory_store *store = memory_of(base);

    store_lock(store);
    tail_sync(store);
    store_unlock(store);
}

size_t tamis_store_memory_tail_bytes(tamis_store *base)
{
    memory_store *store = memory_of(base);
    size_t bytes = 0;

    store_lock(store);
    bytes = store->tail.size;
    store_unlock(store);
    return bytes;
}

void tamis_store_memory_power_off(tamis_store *base, size_t kept_bytes)
{
    memory_store *store = memory_of(base);

    store_lock(store);
    TAMIS_ASSERT(kept_bytes <= store->tail.size);
    store->is_crashed = true;
    tail_take_back(store);
    tail_replay(store, kept_bytes);
    tail_forget(store);
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
