/* SPDX-License-Identifier: Apache-2.0 */
/* The store over RocksDB, tuned for a few thousand small keys: a footprint of a few MiB rather than
 * speed. Debian's build keeps RocksDB's assertions, so every handle is destroyed before the close.
 */
#include <stdlib.h>

#include <rocksdb/c.h>

#include "rocksdb_error.h"
#include "rocksdb_quiet.h"
#include "store_backend.h"

#define WRITE_BUFFER_BYTES (4u << 20)
#define BLOCK_CACHE_BYTES  (8u << 20)
#define OPEN_FILES_MAX     64
#define MANIFEST_BYTES_MAX (4u << 20)

typedef struct disk_store {
    tamis_store base;
    char *folder;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read_options;
    rocksdb_writeoptions_t *write_options;
} disk_store;

typedef struct disk_iterator {
    tamis_store_iterator base;
    const disk_store *store;
    rocksdb_readoptions_t *read_options;
    rocksdb_iterator_t *iterator;
    bool is_started;
    uint8_t end_key[TAMIS_STORE_KEY_MAX]; /* RocksDB keeps a pointer to it */
} disk_iterator;

static tamis_status disk_commit(tamis_store *base, const tamis_store_batch *batch, tamis_err *err)
{
    disk_store *store = (disk_store *)base;
    rocksdb_writebatch_t *changes = NULL;
    store_change change = {0};
    char *message = NULL;
    size_t offset = 0;

    if (tamis_store_batch_count(batch) == 0) {
        return TAMIS_OK;
    }
    changes = rocksdb_writebatch_create();
    while (store_batch_next(batch, &offset, &change)) {
        if (change.is_delete) {
            rocksdb_writebatch_delete(changes, (const char *)change.key.data, change.key.size);
        } else {
            rocksdb_writebatch_put(changes, (const char *)change.key.data, change.key.size,
                                   (const char *)change.value.data, change.value.size);
        }
    }
    rocksdb_write(store->db, store->write_options, changes, &message);
    rocksdb_writebatch_destroy(changes);
    return rocksdb_error_take(&message, store->folder, err);
}

static tamis_status disk_get(tamis_store *base, tamis_slice key, tamis_buf *value, tamis_err *err)
{
    disk_store *store = (disk_store *)base;
    rocksdb_pinnableslice_t *found = NULL;
    tamis_status status = TAMIS_OK;
    const char *data = NULL;
    char *message = NULL;
    size_t size = 0;

    found = rocksdb_get_pinned(store->db, store->read_options, (const char *)key.data, key.size,
                               &message);
    status = rocksdb_error_take(&message, store->folder, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    if (found == NULL) {
        status = TAMIS_ENOENT;
        goto out;
    }
    data = rocksdb_pinnableslice_value(found, &size);
    tamis_buf_reset(value);
    status = tamis_buf_append(value, data, size);
    if (status != TAMIS_OK) {
        (void)tamis_err_set(err, status, "%s: a value of %zu bytes does not fit", store->folder,
                            size);
    }

out:
    rocksdb_pinnableslice_destroy(found);
    return status;
}

static tamis_status disk_iterator_create(tamis_store *base, tamis_slice prefix,
                                         tamis_store_iterator **out_iterator, tamis_err *err)
{
    disk_store *store = (disk_store *)base;
    disk_iterator *iterator = calloc(1, sizeof(*iterator));
    size_t end_size = 0;

    if (iterator == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for an iterator", store->folder);
    }
    iterator->base.backend = base->backend;
    iterator->store = store;
    iterator->read_options = rocksdb_readoptions_create();
    if (store_prefix_end(prefix, iterator->end_key, &end_size)) {
        rocksdb_readoptions_set_iterate_upper_bound(iterator->read_options,
                                                    (const char *)iterator->end_key, end_size);
    }
    iterator->iterator = rocksdb_create_iterator(store->db, iterator->read_options);
    if (prefix.size == 0) {
        rocksdb_iter_seek_to_first(iterator->iterator);
    } else {
        rocksdb_iter_seek(iterator->iterator, (const char *)prefix.data, prefix.size);
    }
    *out_iterator = &iterator->base;
    return TAMIS_OK;
}

static tamis_status disk_iterator_next(tamis_store_iterator *base, tamis_slice *out_key,
                                       tamis_slice *out_value, tamis_err *err)
{
    disk_iterator *iterator = (disk_iterator *)base;
    tamis_status status = TAMIS_OK;
    char *message = NULL;
    const char *data = NULL;
    size_t size = 0;

    if (iterator->is_started && rocksdb_iter_valid(iterator->iterator)) {
        rocksdb_iter_next(iterator->iterator);
    }
    iterator->is_started = true;
    if (!rocksdb_iter_valid(iterator->iterator)) {
        rocksdb_iter_get_error(iterator->iterator, &message);
        status = rocksdb_error_take(&message, iterator->store->folder, err);
        return status == TAMIS_OK ? TAMIS_END : status;
    }
    data = rocksdb_iter_key(iterator->iterator, &size);
    *out_key = tamis_slice_of(data, size);
    data = rocksdb_iter_value(iterator->iterator, &size);
    *out_value = tamis_slice_of(data, size);
    return TAMIS_OK;
}

static void disk_iterator_destroy(tamis_store_iterator *base)
{
    disk_iterator *iterator = (disk_iterator *)base;

    rocksdb_iter_destroy(iterator->iterator);
    rocksdb_readoptions_destroy(iterator->read_options);
    free(iterator);
}

static void disk_close(tamis_store *base)
{
    disk_store *store = (disk_store *)base;

    if (store->db != NULL) {
        rocksdb_close(store->db);
    }
    if (store->options != NULL) {
        rocksdb_options_destroy(store->options);
        rocksdb_readoptions_destroy(store->read_options);
        rocksdb_writeoptions_destroy(store->write_options);
    }
    free(store->folder);
    free(store);
}

static const store_backend disk_backend = {
    .commit = disk_commit,
    .get = disk_get,
    .iterator_create = disk_iterator_create,
    .iterator_next = disk_iterator_next,
    .iterator_destroy = disk_iterator_destroy,
    .close = disk_close,
};

static rocksdb_options_t *options_create(void)
{
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_cache_t *cache = rocksdb_cache_create_lru(BLOCK_CACHE_BYTES);

    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
    rocksdb_cache_destroy(cache); /* the options hold a reference of their own */

    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_write_buffer_size(options, WRITE_BUFFER_BYTES);
    rocksdb_options_set_max_write_buffer_number(options, 2);
    rocksdb_options_set_compression(options, rocksdb_no_compression);
    rocksdb_options_set_max_open_files(options, OPEN_FILES_MAX);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_max_manifest_file_size(options, MANIFEST_BYTES_MAX);
    rocksdb_quiet_set(options);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    /* A power cut may leave half of the last, unacknowledged record: the log is used up to the
     * first damage. All that a commit confirmed lies in front of it. */
    rocksdb_options_set_wal_recovery_mode(options, rocksdb_point_in_time_recovery);
    return options;
}

tamis_status tamis_store_open(const char *folder, tamis_store **out_store, tamis_err *err)
{
    disk_store *store = NULL;
    tamis_status status = rocksdb_folder_make(folder, err);
    char *message = NULL;

    if (status != TAMIS_OK) {
        return status;
    }
    store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a store", folder);
    }
    store->base.backend = &disk_backend;
    store->folder = strdup(folder);
    if (store->folder == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a store", folder);
        goto out;
    }
    store->options = options_create();
    store->read_options = rocksdb_readoptions_create();
    store->write_options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(store->write_options, 1);

    store->db = rocksdb_open(store->options, folder, &message);
    status = rocksdb_error_take(&message, folder, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    *out_store = &store->base;
    store = NULL;

out:
    if (store != NULL) {
        disk_close(&store->base);
    }
    return status;
}
