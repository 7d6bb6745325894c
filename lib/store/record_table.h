/* SPDX-License-Identifier: Apache-2.0 */
/* record_table.h - the few things that records.c asks of RocksDB: sorted files that enter a table
 * together, and ordered scans of it.
 *
 * The table has two ranges of keys, records and ids; within a range the key is the ord of a block's
 * last row, so that one seek forward finds the block that holds an ord. Both are ranges of one
 * column family because this version of RocksDB takes files of several families in several steps,
 * files of one family in one.
 *
 * Threads: a table is shared; files and scans belong to one thread.
 */
#ifndef TAMIS_RECORD_TABLE_H
#define TAMIS_RECORD_TABLE_H

#include "tamis/ord.h"
#include "tamis/slice.h"
#include "tamis/status.h"

typedef enum record_range { RECORD_RANGE_RECORDS = 1, RECORD_RANGE_IDS = 2 } record_range;

typedef struct record_table record_table;
typedef struct record_file record_file;
typedef struct record_scan record_scan;

TAMIS_MUST_USE
tamis_status record_table_open(const char *folder, bool is_read_only, record_table **out_table,
                               tamis_err *err);
/* A table without a database: finished files that are ingested stay in `folder`. */
TAMIS_MUST_USE
tamis_status record_table_spool(const char *folder, record_table **out_table, tamis_err *err);
/* Takes in what was ingested into a spool in that folder. */
TAMIS_MUST_USE
tamis_status record_table_adopt(record_table *table, const char *folder, tamis_err *err);
void record_table_close(record_table *table);
const char *record_table_folder(const record_table *table);
bool record_table_is_read_only(const record_table *table);

/* A sorted file at `path`; blocks are added in ascending order of `last`. The table is open for
 * writing. */
TAMIS_MUST_USE
tamis_status record_file_create(record_table *table, record_range range, const char *path,
                                record_file **out_file, tamis_err *err);
TAMIS_MUST_USE
tamis_status record_file_add(record_file *file, tamis_ord last, tamis_slice block, tamis_err *err);
TAMIS_MUST_USE
tamis_status record_file_finish(record_file *file, uint64_t *out_bytes, tamis_err *err);
void record_file_destroy(record_file *file); /* removes the file if it is still there */

/* Takes the finished files into the table in one step, durably. */
TAMIS_MUST_USE
tamis_status record_table_ingest(record_table *table, record_file *const *files, size_t file_count,
                                 tamis_err *err);

/* A scan that ends before the first block whose last row is not below `bound` (0: none). */
TAMIS_MUST_USE
tamis_status record_scan_create(record_table *table, record_range range, tamis_ord bound,
                                record_scan **out_scan, tamis_err *err);
/* To the first block whose last row is >= ord. TAMIS_END. The block is valid until the next call.
 */
TAMIS_MUST_USE
tamis_status record_scan_seek(record_scan *scan, tamis_ord ord, tamis_ord *out_last,
                              tamis_slice *out_block, tamis_err *err);
TAMIS_MUST_USE
tamis_status record_scan_next(record_scan *scan, tamis_ord *out_last, tamis_slice *out_block,
                              tamis_err *err);
void record_scan_destroy(record_scan *scan);

#endif
