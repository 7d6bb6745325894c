/* SPDX-License-Identifier: Apache-2.0 */
/* run_output.h - buffered appending to a file, and the blocks of one piece on top of it.
 *
 * Used for run files, which appear by _finish, and for spills, which have no name.
 *
 * Memory:  what _init allocates; tamis_run_pack_bytes says how much a packer takes.
 * Threads: one thread.
 */
#ifndef TAMIS_RUN_OUTPUT_H
#define TAMIS_RUN_OUTPUT_H

#include "run_block.h"

typedef struct tamis_run_output {
    const char *path; /* for messages; borrowed */
    int fd;           /* borrowed */
    uint8_t *buffer;
    size_t capacity;
    size_t used;
    uint64_t written; /* offset in the file at which the buffer begins */
    bool is_kept;     /* will be synced: what was written is sent on to the disk meanwhile */
    uint64_t sent;
} tamis_run_output;

/* capacity: bytes that are gathered before each write. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_run_output_init(tamis_run_output *output, int fd, const char *path,
                                   size_t capacity, tamis_err *err);
void tamis_run_output_fini(tamis_run_output *output);

/* Where the next byte will stand. */
static inline uint64_t tamis_run_output_offset(const tamis_run_output *output)
{
    return output->written + output->used;
}

/* Appends bytes. TAMIS_ENOSPC, TAMIS_EIO, ...: the text names path and offset. */
TAMIS_MUST_USE
tamis_status tamis_run_output_append(tamis_run_output *output, const void *data, size_t size,
                                     tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_run_output_flush(tamis_run_output *output, tamis_err *err);

/* Packs the records of one piece at a time. */
typedef struct tamis_run_packer {
    tamis_run_output *output;
    size_t block_bytes;
    tamis_run_piece piece;
    uint32_t block_records;
    uint64_t *records; /* pending, fewer than block_records */
    size_t count;
    uint64_t *lengths;
    uint8_t *payload;
    size_t payload_used;
    uint64_t *last; /* record appended last, to check the order */
    uint8_t *head;  /* a block's head on its way to the output */
} tamis_run_packer;

/* Bytes that a packer allocates for pieces of such records. */
size_t tamis_run_packer_bytes(uint32_t words, bool has_payload, size_t block_bytes);

/* Starts a piece; block_bytes bounds words and payload of a block. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_run_packer_init(tamis_run_packer *packer, tamis_run_output *output,
                                   uint32_t words, bool has_payload, size_t block_bytes,
                                   tamis_err *err);
void tamis_run_packer_fini(tamis_run_packer *packer);
TAMIS_MUST_USE
tamis_status tamis_run_packer_append(tamis_run_packer *packer, const uint64_t *records,
                                     size_t count, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_run_packer_append_payload(tamis_run_packer *packer, const uint64_t *record,
                                             tamis_slice payload, tamis_err *err);
/* Writes what is pending and tells what the directory must know (kind and part are left 0). */
TAMIS_MUST_USE
tamis_status tamis_run_packer_end(tamis_run_packer *packer, tamis_run_piece *out_piece,
                                  tamis_err *err);

#endif
