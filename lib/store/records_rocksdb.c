/* SPDX-License-Identifier: Apache-2.0 */
/* The record table over RocksDB. Blocks come in sorted files only: nothing goes through the log or
 * a memory table, and without compactions a file never changes nor goes away, which is what lets
 * other processes read beside the writer. A repeated task brings the same keys with the same
 * values again; RocksDB then puts the newer file above the older one and shows either. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rocksdb/c.h>

#include "record_table.h"
#include "rocksdb_error.h"
#include "rocksdb_quiet.h"
#include "tamis/path.h"

#define KEY_BYTES            9 /* range, ord */
#define WRITE_BUFFER_BYTES   (64u << 10)
#define OPEN_FILES_MAX       256
#define TABLE_BLOCK_BYTES    (4u << 10) /* every block of rows is above it: one entry each */
#define TABLE_FORMAT_VERSION 5
#define CHECKSUM_XXH3        4
#define OPEN_TRIES_MAX       5
#define OPEN_RETRY_NS        20000000L

struct record_table {
    char *folder;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_column_family_handle_t *family;
    bool is_read_only;
    bool is_spool;               /* db is NULL */
    _Atomic uint32_t user_count; /* files and scans that are open: a close below them is a bug */
};

struct record_file {
    record_table *table;
    record_range range;
    char *path;
    rocksdb_envoptions_t *env_options;
    rocksdb_options_t *options;
    rocksdb_sstfilewriter_t *writer;
};

struct record_scan {
    record_table *table;
    record_range range;
    rocksdb_readoptions_t *read_options;
    rocksdb_iterator_t *iterator;
    char end_key[KEY_BYTES]; /* RocksDB keeps a pointer to it */
};

static void key_make(record_range range, tamis_ord ord, char out_key[KEY_BYTES])
{
    out_key[0] = (char)range;
    for (unsigned i = 0; i < 8; i++) {
        out_key[1 + i] = (char)(uint8_t)(ord >> (56 - 8 * i));
    }
}

/* Compression is none for records (signatures are random bits); ids are mostly alike. */
static rocksdb_options_t *options_create(bool is_compressed)
{
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();

    rocksdb_block_based_options_set_no_block_cache(table, 1);
    rocksdb_block_based_options_set_block_size(table, TABLE_BLOCK_BYTES);
    rocksdb_block_based_options_set_format_version(table, TABLE_FORMAT_VERSION);
    rocksdb_block_based_options_set_checksum(table, CHECKSUM_XXH3);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);

    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_disable_auto_compactions(options, 1);
    rocksdb_options_set_compression(options, is_compressed ? rocksdb_lz4_compression
                                                           : rocksdb_no_compression);
    rocksdb_options_set_write_buffer_size(options, WRITE_BUFFER_BYTES);
    rocksdb_options_set_max_open_files(options, OPEN_FILES_MAX);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_skip_stats_update_on_db_open(options, 1);
    rocksdb_options_set_skip_checking_sst_file_sizes_on_db_open(options, 1);
    rocksdb_quiet_set(options);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    /* Repeated tasks may stack files; without compactions, waiting for one would last for ever. */
    rocksdb_options_set_level0_slowdown_writes_trigger(options, 1 << 30);
    rocksdb_options_set_level0_stop_writes_trigger(options, 1 << 30);
    return options;
}

static void table_open_once(record_table *table, char **message)
{
    static const char *const names[1] = {"default"};
    const rocksdb_options_t *const family_options[1] = {table->options};

    if (table->is_read_only) {
        table->db = rocksdb_open_for_read_only_column_families(
            table->options, table->folder, 1, names, family_options, &table->family, 0, message);
    } else {
        table->db = rocksdb_open_column_families(table->options, table->folder, 1, names,
                                                 family_options, &table->family, message);
    }
}

tamis_status record_table_open(const char *folder, bool is_read_only, record_table **out_table,
                               tamis_err *err)
{
    const struct timespec pause = {.tv_nsec = OPEN_RETRY_NS};
    record_table *table = NULL;
    tamis_status status = TAMIS_OK;
    char *message = NULL;

    if (!is_read_only) {
        status = rocksdb_folder_make(folder, err);
    } else if (access(folder, F_OK) != 0) {
        status = tamis_err_set(err, TAMIS_ENOENT, "%s: there is no record store", folder);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record store", folder);
    }
    table->is_read_only = is_read_only;
    table->folder = strdup(folder);
    if (table->folder == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record store", folder);
        goto out;
    }
    table->options = options_create(false);
    rocksdb_options_set_create_if_missing(table->options, !is_read_only);

    /* A reader may meet the moment in which the writer, started again, replaces its manifest. */
    for (int tries = 1; tries <= OPEN_TRIES_MAX; tries++) {
        table_open_once(table, &message);
        status = rocksdb_error_take(&message, folder, err);
        if (status == TAMIS_OK || !is_read_only || tries == OPEN_TRIES_MAX) {
            break;
        }
        (void)nanosleep(&pause, NULL); /* woken early: tries earlier */
    }
    if (status != TAMIS_OK) {
        goto out;
    }
    *out_table = table;
    table = NULL;

out:
    record_table_close(table);
    return status;
}

tamis_status record_table_spool(const char *folder, record_table **out_table, tamis_err *err)
{
    record_table *table = calloc(1, sizeof(*table));

    if (table == NULL || (table->folder = strdup(folder)) == NULL) {
        free(table);
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record store", folder);
    }
    table->is_spool = true;
    *out_table = table;
    return TAMIS_OK;
}

void record_table_close(record_table *table)
{
    if (table == NULL) {
        return;
    }
    TAMIS_ASSERT(atomic_load(&table->user_count) == 0);
    if (table->db != NULL) {
        rocksdb_column_family_handle_destroy(table->family);
        rocksdb_close(table->db);
    }
    if (table->options != NULL) {
        rocksdb_options_destroy(table->options);
    }
    free(table->folder);
    free(table);
}

const char *record_table_folder(const record_table *table)
{
    return table->folder;
}

bool record_table_is_read_only(const record_table *table)
{
    return table->is_read_only;
}

/* ---- Files ----------------------------------------------------------------------------------- */

tamis_status record_file_create(record_table *table, record_range range, const char *path,
                                record_file **out_file, tamis_err *err)
{
    record_file *file = calloc(1, sizeof(*file));
    tamis_status status = TAMIS_OK;
    char *message = NULL;

    if (file == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a sorted file", path);
    }
    (void)atomic_fetch_add(&table->user_count, 1);
    file->table = table;
    file->range = range;
    file->path = strdup(path);
    if (file->path == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a sorted file", path);
        goto out;
    }
    file->env_options = rocksdb_envoptions_create();
    file->options = options_create(range == RECORD_RANGE_IDS);
    file->writer = rocksdb_sstfilewriter_create(file->env_options, file->options);
    rocksdb_sstfilewriter_open(file->writer, path, &message);
    status = rocksdb_error_take(&message, path, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    *out_file = file;
    file = NULL;

out:
    record_file_destroy(file);
    return status;
}

tamis_status record_file_add(record_file *file, tamis_ord last, tamis_slice block, tamis_err *err)
{
    char key[KEY_BYTES];
    char *message = NULL;

    key_make(file->range, last, key);
    rocksdb_sstfilewriter_put(file->writer, key, sizeof(key), (const char *)block.data, block.size,
                              &message);
    return rocksdb_error_take(&message, file->path, err);
}

tamis_status record_file_finish(record_file *file, uint64_t *out_bytes, tamis_err *err)
{
    char *message = NULL;

    rocksdb_sstfilewriter_finish(file->writer, &message);
    if (message == NULL) {
        rocksdb_sstfilewriter_file_size(file->writer, out_bytes);
    }
    return rocksdb_error_take(&message, file->path, err);
}

void record_file_destroy(record_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->writer != NULL) {
        rocksdb_sstfilewriter_destroy(file->writer);
        rocksdb_envoptions_destroy(file->env_options);
        rocksdb_options_destroy(file->options);
    }
    if (file->path != NULL) {
        (void)unlink(file->path); /* gone already when it was ingested */
    }
    (void)atomic_fetch_sub(&file->table->user_count, 1);
    free(file->path);
    free(file);
}

/* Where a spool keeps its files, in the order in which they are ingested. */
static const char *const spool_names[2] = {"docs.sst", "ids.sst"};

static tamis_status spool_ingest(const record_table *table, record_file *const *files,
                                 size_t file_count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; status == TAMIS_OK && i < file_count; i++) {
        char path[TAMIS_PATH_MAX];

        status = tamis_path_join(path, table->folder, spool_names[i], err);
        if (status == TAMIS_OK && rename(files[i]->path, path) != 0) {
            status = tamis_err_errno(err, errno, "%s: rename to %s", files[i]->path, path);
        }
    }
    return status;
}

static tamis_status ingest_paths(record_table *table, const char *const *paths, size_t count,
                                 tamis_err *err)
{
    rocksdb_ingestexternalfileoptions_t *options = rocksdb_ingestexternalfileoptions_create();
    char *message = NULL;

    rocksdb_ingestexternalfileoptions_set_move_files(options, 1);
    rocksdb_ingestexternalfileoptions_set_snapshot_consistency(options, 1);
    rocksdb_ingestexternalfileoptions_set_allow_global_seqno(options, 1);
    rocksdb_ingest_external_file_cf(table->db, table->family, paths, count, options, &message);
    rocksdb_ingestexternalfileoptions_destroy(options);
    return rocksdb_error_take(&message, table->folder, err);
}

tamis_status record_table_adopt(record_table *table, const char *folder, tamis_err *err)
{
    char paths[2][TAMIS_PATH_MAX];
    const char *list[2] = {paths[0], paths[1]};
    unsigned found = 0;

    TAMIS_ASSERT(!table->is_read_only && !table->is_spool);
    for (size_t i = 0; i < 2; i++) {
        tamis_status status = tamis_path_join(paths[i], folder, spool_names[i], err);

        if (status != TAMIS_OK) {
            return status;
        }
        found += access(paths[i], F_OK) == 0 ? 1 : 0;
    }
    if (found == 1) {
        return tamis_err_set(err, TAMIS_ECORRUPT, "%s: half of the records is missing", folder);
    }
    return found == 0 ? TAMIS_OK : ingest_paths(table, list, 2, err);
}

tamis_status record_table_ingest(record_table *table, record_file *const *files, size_t file_count,
                                 tamis_err *err)
{
    const char *paths[2] = {NULL, NULL};

    TAMIS_ASSERT(file_count <= sizeof(paths) / sizeof(paths[0]));
    if (table->is_spool) {
        return spool_ingest(table, files, file_count, err);
    }
    for (size_t i = 0; i < file_count; i++) {
        paths[i] = files[i]->path;
    }
    return ingest_paths(table, paths, file_count, err);
}

/* ---- Scans ----------------------------------------------------------------------------------- */

tamis_status record_scan_create(record_table *table, record_range range, tamis_ord bound,
                                record_scan **out_scan, tamis_err *err)
{
    record_scan *scan = calloc(1, sizeof(*scan));

    TAMIS_ASSERT(!table->is_spool);
    if (scan == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a scan", table->folder);
    }
    (void)atomic_fetch_add(&table->user_count, 1);
    scan->table = table;
    scan->range = range;
    scan->read_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_fill_cache(scan->read_options, 0);
    /* The read-ahead is RocksDB's own, which grows while a scan goes straight on. A fixed one reads
     * no faster and makes a sparse walk read all that it passes over. */
    if (bound != 0) {
        key_make(range, bound, scan->end_key);
    } else {
        key_make((record_range)(range + 1), 0, scan->end_key);
    }
    rocksdb_readoptions_set_iterate_upper_bound(scan->read_options, scan->end_key, KEY_BYTES);
    scan->iterator = rocksdb_create_iterator_cf(table->db, scan->read_options, table->family);
    *out_scan = scan;
    return TAMIS_OK;
}

static tamis_status scan_current(record_scan *scan, tamis_ord *out_last, tamis_slice *out_block,
                                 tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    const char *data = NULL;
    char *message = NULL;
    tamis_ord last = 0;
    size_t size = 0;

    if (!rocksdb_iter_valid(scan->iterator)) {
        rocksdb_iter_get_error(scan->iterator, &message);
        status = rocksdb_error_take(&message, scan->table->folder, err);
        return status == TAMIS_OK ? TAMIS_END : status;
    }
    data = rocksdb_iter_key(scan->iterator, &size);
    if (size != KEY_BYTES || data[0] != (char)scan->range) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: a key of %zu bytes is none of a record block",
                             scan->table->folder, size);
    }
    for (unsigned i = 1; i < KEY_BYTES; i++) {
        last = last << 8 | (uint8_t)data[i];
    }
    data = rocksdb_iter_value(scan->iterator, &size);
    *out_last = last;
    *out_block = tamis_slice_of(data, size);
    return TAMIS_OK;
}

tamis_status record_scan_seek(record_scan *scan, tamis_ord ord, tamis_ord *out_last,
                              tamis_slice *out_block, tamis_err *err)
{
    char key[KEY_BYTES];

    key_make(scan->range, ord, key);
    rocksdb_iter_seek(scan->iterator, key, sizeof(key));
    return scan_current(scan, out_last, out_block, err);
}

tamis_status record_scan_next(record_scan *scan, tamis_ord *out_last, tamis_slice *out_block,
                              tamis_err *err)
{
    TAMIS_ASSERT(rocksdb_iter_valid(scan->iterator));

    rocksdb_iter_next(scan->iterator);
    return scan_current(scan, out_last, out_block, err);
}

void record_scan_destroy(record_scan *scan)
{
    if (scan != NULL) {
        rocksdb_iter_destroy(scan->iterator);
        rocksdb_readoptions_destroy(scan->read_options);
        (void)atomic_fetch_sub(&scan->table->user_count, 1);
        free(scan);
    }
}
