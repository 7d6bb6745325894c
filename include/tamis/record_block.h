/* SPDX-License-Identifier: Apache-2.0 */
/* record_block.h - the bytes of one block of document records or of ids (docs/FORMATS.md 5).
 *
 * A builder takes up to TAMIS_RECORD_BLOCK_ROWS rows of one split in ord order and packs them into
 * columns; a view checks such bytes once, whole, and then gives rows without failing. Blocks of
 * records and blocks of ids are separate and are cut independently.
 *
 * Memory:  a builder allocates in its _create() (records) or grows up to its limit (ids); views own
 *          nothing.
 * Threads: one thread per builder; views are reentrant.
 */
#ifndef TAMIS_RECORD_BLOCK_H
#define TAMIS_RECORD_BLOCK_H

#include "tamis/buf.h"
#include "tamis/records.h"

#define TAMIS_RECORD_BLOCK_VERSION 1
#define TAMIS_SIGNATURE_BYTES_MAX  1024
#define TAMIS_ID_BLOCK_BYTES       (256u << 10) /* a block of ids is cut above this */
#define TAMIS_ID_BYTES_MAX         (64u << 20)  /* of one id */

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct tamis_record_builder tamis_record_builder;
typedef struct tamis_id_builder tamis_id_builder;

/* TAMIS_EARG: signature_bytes above TAMIS_SIGNATURE_BYTES_MAX. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_record_builder_create(uint32_t signature_bytes,
                                         tamis_record_builder **out_builder);
void tamis_record_builder_destroy(tamis_record_builder *builder);
/* Whether the row goes into the block that is open; otherwise it is packed first. */
bool tamis_record_builder_fits(const tamis_record_builder *builder, tamis_ord ord);
/* The row must fit and come behind the one before it (asserted). */
void tamis_record_builder_add(tamis_record_builder *builder, tamis_ord ord,
                              const tamis_record *record);
/* Replaces *block by the packed rows and starts a new block. Without rows the block is empty.
 * *out_last is the ord of the last row. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_record_builder_pack(tamis_record_builder *builder, tamis_buf *block,
                                       tamis_ord *out_last);

/* The same for ids. */
TAMIS_MUST_USE
tamis_status tamis_id_builder_create(tamis_id_builder **out_builder);
void tamis_id_builder_destroy(tamis_id_builder *builder);
bool tamis_id_builder_fits(const tamis_id_builder *builder, tamis_ord ord, tamis_slice id);
/* TAMIS_ELIMIT: the id is longer than TAMIS_ID_BYTES_MAX. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_id_builder_add(tamis_id_builder *builder, tamis_ord ord, tamis_slice id);
TAMIS_MUST_USE
tamis_status tamis_id_builder_pack(tamis_id_builder *builder, tamis_buf *block,
                                   tamis_ord *out_last);

/* ---- Reading --------------------------------------------------------------------------------- */

/* A checked block; points into the bytes that it was opened on. */
typedef struct tamis_block_view {
    tamis_ord first;
    tamis_ord last;
    uint32_t row_count; /* 1 or more */
    uint32_t signature_bytes;
    const uint8_t *rows; /* distance of each row from the first; NULL: row i is first + i */
    const uint8_t *digests;
    const uint8_t *signatures; /* NULL: no row has one */
    const uint8_t *present;    /* a bit a row; NULL: every row has a signature, or none */
    const uint8_t *text_bytes;
    const uint8_t *shingle_counts;
    const uint8_t *distinct_counts;
    const uint8_t *flags;
    const uint8_t *faults;
    const uint8_t *id_ends;
    const uint8_t *ids;
    uint8_t rows_width; /* bytes of one entry of the column; 0: all entries are zero */
    uint8_t text_width;
    uint8_t shingle_width;
    uint8_t distinct_width;
    uint8_t flags_width;
    uint8_t fault_width;
} tamis_block_view;

/* Checks the bytes. TAMIS_ECORRUPT: the checksum differs. TAMIS_EVERSION: written by another
 * version. TAMIS_EFORMAT: anything else. err says what, without a place (the caller adds it). */
TAMIS_MUST_USE
tamis_status tamis_record_block_open(tamis_slice bytes, tamis_block_view *out_view, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_id_block_open(tamis_slice bytes, tamis_block_view *out_view, tamis_err *err);

/* index < row_count. */
tamis_ord tamis_block_ord(const tamis_block_view *view, uint32_t index);
void tamis_block_record(const tamis_block_view *view, uint32_t index, tamis_record *out_record);
tamis_slice tamis_block_id(const tamis_block_view *view, uint32_t index);

/* Index of the first row that is not below ord; row_count: none. */
uint32_t tamis_block_find(const tamis_block_view *view, tamis_ord ord);

#endif
