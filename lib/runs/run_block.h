/* SPDX-License-Identifier: Apache-2.0 */
/* run_block.h - one block of a run file: records in columns, each a base and the least byte width.
 *
 * The layout is that of docs/FORMATS.md, "Run file". The block's own lengths are checked before
 * they are used, so any bytes may be decoded; a checksum that fails is told like any other damage.
 *
 * Pure:    no I/O, no allocation.
 * Threads: any.
 */
#ifndef TAMIS_RUN_BLOCK_H
#define TAMIS_RUN_BLOCK_H

#include <endian.h>

#include "tamis/run_file.h"

#define TAMIS_RUN_BLOCK_BYTES 65536u /* words of a block; payload of a block of several records */
#define TAMIS_RUN_BLOCK_HEAD  32u
#define TAMIS_RUN_SLACK       8u /* bytes that encoder and decoder touch behind their buffers */
#define TAMIS_RUN_COLUMNS_MAX (TAMIS_RUN_WORDS_MAX + 1)

/* One piece, as the directory tells it. */
typedef struct tamis_run_piece {
    uint32_t kind;
    uint32_t part;
    uint32_t words;
    uint32_t block_records_max; /* of its blocks */
    uint32_t block_bytes_max;   /* of its blocks as stored, without payloads that are read alone */
    bool has_payload;
    uint64_t count;
    uint64_t offset;
    uint64_t bytes;
} tamis_run_piece;

/* The fixed part of a block. A payload above TAMIS_RUN_BLOCK_BYTES stands in a block of one record
 * and is read alone. */
typedef struct tamis_run_block {
    uint32_t head_bytes; /* fixed part, bases, widths, columns */
    uint32_t count;
    uint64_t payload_bytes;
    uint64_t payload_checksum;
} tamis_run_block;

static inline uint64_t tamis_get64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

static inline void tamis_put64(uint8_t *bytes, uint64_t value)
{
    value = htole64(value);
    memcpy(bytes, &value, sizeof(value));
}

static inline uint32_t tamis_get32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return le32toh(value);
}

static inline void tamis_put32(uint8_t *bytes, uint32_t value)
{
    value = htole32(value);
    memcpy(bytes, &value, sizeof(value));
}

/* Whether record a stands before record b. */
static inline bool tamis_record_is_less(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    for (uint32_t word = 0; word < words; word++) {
        if (a[word] != b[word]) {
            return a[word] < b[word];
        }
    }
    return false;
}

/* Records in a block whose words take at most block_bytes; at least 1. */
uint32_t tamis_run_block_records(uint32_t words, size_t block_bytes);

/* The most that the head of a block takes, without TAMIS_RUN_SLACK. columns: words, and one for the
 * lengths of payloads. */
size_t tamis_run_block_bound(uint32_t columns, size_t count);

/* Writes the head of a block of count > 0 records (ascending) into out, which has room for
 * tamis_run_block_bound + TAMIS_RUN_SLACK; returns its size. lengths: NULL without payloads, else
 * those of the `payload` that the caller writes behind the head. */
size_t tamis_run_block_encode(const uint64_t *records, size_t count, uint32_t words,
                              const uint64_t *lengths, tamis_slice payload, uint8_t *out);

/* Reads the fixed part (TAMIS_RUN_BLOCK_HEAD bytes); false: no block of that piece. */
TAMIS_MUST_USE
bool tamis_run_block_parse(const uint8_t *bytes, const tamis_run_piece *piece,
                           tamis_run_block *out_block);

/* Decodes a head of block->head_bytes bytes, with TAMIS_RUN_SLACK readable behind it. out_lengths
 * may be NULL without payloads. False: checksum, layout or the order of the first words do not
 * hold.
 */
TAMIS_MUST_USE
bool tamis_run_block_decode(const uint8_t *bytes, const tamis_run_block *block,
                            const tamis_run_piece *piece, uint64_t *out_records,
                            uint64_t *out_lengths);

#endif
