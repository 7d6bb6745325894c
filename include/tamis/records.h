/* SPDX-License-Identifier: Apache-2.0 */
/* records.h - document records: what SCAN learned of each document, in blocks of rows.
 *
 * Records belong to splits. A block holds TAMIS_RECORD_BLOCK_ROWS consecutive rows of one split as
 * packed columns: digest (16 B), signature (k bytes), shingle counts, text length, flags, fault.
 * Rows may have gaps (--sample). Ids stand in blocks and files of their own, joined last. Blocks
 * never change. They enter the store as two sorted files per SCAN task, records and ids (written by
 * the library's SST writer), ingested in one step, so a task's records are there as a whole or not
 * at all, and another process may open the store read-only beside the writer; it sees what was
 * committed when it opened. docs/FORMATS.md, "Document records".
 *
 * Errors name the folder and, where there is one, the block. TAMIS_ECORRUPT: a checksum differs.
 *
 * Threads: a store handle is shared; writers and cursors belong to one thread.
 */
#ifndef TAMIS_RECORDS_H
#define TAMIS_RECORDS_H

#include "tamis/buf.h"
#include "tamis/hash.h"
#include "tamis/ord.h"
#include "tamis/slice.h"

#define TAMIS_RECORD_BLOCK_ROWS 256

enum {
    TAMIS_RECORD_REPAIRED = 1u << 0,     /* text was repaired (docs/FORMATS.md 1.1) */
    TAMIS_RECORD_DUPLICATE_ID = 1u << 1, /* reserved: ids are counted, not stored twice */
    TAMIS_RECORD_EDITED = 1u << 2        /* features and signature are of the text as quality
                                            left it; digest and text_bytes are not */
};

typedef struct tamis_record {
    tamis_digest digest;      /* of the repaired text; of the raw record where fault != 0 */
    const uint8_t *signature; /* k bytes; NULL: no shingle, stored as zeros */
    uint32_t shingle_count;   /* positions, not distinct */
    uint32_t distinct_count;  /* distinct shingles; 0 where not counted */
    uint64_t text_bytes;
    uint32_t flags;
    uint16_t fault; /* 0: a document; else tamis_fault, quarantined */
} tamis_record;

typedef struct tamis_records tamis_records;               /* a store of records: one RocksDB */
typedef struct tamis_records_writer tamis_records_writer; /* the records of one SCAN task */
typedef struct tamis_records_cursor tamis_records_cursor;
typedef struct tamis_ids_cursor tamis_ids_cursor;

/* Opens or makes the store in `folder` for writing (one process), or read-only (any number).
 * TAMIS_EHELD: another process writes to it. TAMIS_ENOENT: read-only, and there is none. */
TAMIS_MUST_USE
tamis_status tamis_records_open(const char *folder, bool is_read_only, tamis_records **out_records,
                                tamis_err *err);
/* Opens a store without a database: what its writers commit stays in `folder`, which exists, as two
 * files, for _adopt by whoever has the true store open. One writer, which commits once. Nothing can
 * be read from it. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_records_spool(const char *folder, tamis_records **out_records, tamis_err *err);
/* Takes in what a spool in `folder` (on the store's file system) committed, as a _commit here would
 * have; nothing when it had no rows. TAMIS_ECORRUPT: half of it is missing. */
TAMIS_MUST_USE
tamis_status tamis_records_adopt(tamis_records *records, const char *folder, tamis_err *err);
/* Blocks that come from elsewhere: what cursors over such a store ask for. A scan belongs to one
 * cursor; the functions do what their names say for blocks in ascending order. */
typedef struct tamis_block_source {
    /* Blocks of records (or ids) that end before `bound` (0: none). */
    tamis_status (*create)(void *context, bool is_ids, tamis_ord bound, void **out_scan,
                           tamis_err *err);
    /* To the first block whose last row is >= ord, never back. TAMIS_END. The block is valid until
     * the next call. */
    tamis_status (*seek)(void *scan, tamis_ord ord, tamis_ord *out_last, tamis_slice *out_block,
                         tamis_err *err);
    tamis_status (*next)(void *scan, tamis_ord *out_last, tamis_slice *out_block, tamis_err *err);
    void (*destroy)(void *scan);
    void *context;
    const char *name; /* for messages; borrowed until the store is closed */
} tamis_block_source;

/* A store for reading over such a source, whose struct is copied. */
TAMIS_MUST_USE
tamis_status tamis_records_open_source(const tamis_block_source *source,
                                       tamis_records **out_records, tamis_err *err);

/* Appends to `out` as stored the blocks from the first whose last row is >= first on that end
 * before `bound` (0: none): of each u64 ord of its last row, u64 size, its bytes. As many as fit
 * into max_bytes, but at least one; *out_count tells how many, *out_is_end whether there is none
 * behind them. What _next_block reads again. */
TAMIS_MUST_USE
tamis_status tamis_records_blocks(tamis_records *records, bool is_ids, tamis_ord first,
                                  tamis_ord bound, size_t max_bytes, tamis_buf *out,
                                  uint32_t *out_count, bool *out_is_end, tamis_err *err);
/* The block at *position of such bytes, which moves on; TAMIS_END, TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status tamis_records_next_block(tamis_slice blocks, size_t *position, tamis_ord *out_last,
                                      tamis_slice *out_block);
/* Writers and cursors must be destroyed before (asserted). NULL is allowed. */
void tamis_records_close(tamis_records *records);

/* Rows must come in ord order (asserted). signature_bytes is k (0: no signatures in this job).
 * temp_folder should lie on the store's file system: then files enter without being copied.
 * TAMIS_EARG: the store is read-only, signature_bytes is out of range. */
TAMIS_MUST_USE
tamis_status tamis_records_writer_create(tamis_records *records, const char *temp_folder,
                                         uint32_t signature_bytes,
                                         tamis_records_writer **out_writer, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_records_writer_add(tamis_records_writer *writer, tamis_ord ord,
                                      const tamis_record *record, tamis_slice id, tamis_err *err);
/* Ingests all: durable when it returns, once for each writer. Ingesting the same rows again (a
 * repeated task) is harmless. *out_bytes is what the files take on disk; 0 without rows. */
TAMIS_MUST_USE
tamis_status tamis_records_writer_commit(tamis_records_writer *writer, uint64_t *out_bytes,
                                         tamis_err *err);
void tamis_records_writer_destroy(
    tamis_records_writer *writer); /* without commit: nothing was stored */

/* Reads the rows [first, end) in ord order, skipping nothing that exists. _seek moves forward to
 * the first row >= ord (the block is skipped unread where it can be); going back is no movement.
 * The bytes are read by the next _next. */
TAMIS_MUST_USE
tamis_status tamis_records_cursor_create(tamis_records *records, tamis_ord first, tamis_ord end,
                                         tamis_records_cursor **out_cursor, tamis_err *err);
/* TAMIS_END behind the last. record->signature is valid until the next call. */
TAMIS_MUST_USE
tamis_status tamis_records_cursor_next(tamis_records_cursor *cursor, tamis_ord *out_ord,
                                       tamis_record *out_record, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_records_cursor_seek(tamis_records_cursor *cursor, tamis_ord ord, tamis_err *err);
void tamis_records_cursor_destroy(tamis_records_cursor *cursor);

/* The same over ids; the slice is valid until the next call. */
TAMIS_MUST_USE
tamis_status tamis_ids_cursor_create(tamis_records *records, tamis_ord first, tamis_ord end,
                                     tamis_ids_cursor **out_cursor, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_ids_cursor_next(tamis_ids_cursor *cursor, tamis_ord *out_ord,
                                   tamis_slice *out_id, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_ids_cursor_seek(tamis_ids_cursor *cursor, tamis_ord ord, tamis_err *err);
void tamis_ids_cursor_destroy(tamis_ids_cursor *cursor);

#endif
