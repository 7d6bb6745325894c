/* SPDX-License-Identifier: Apache-2.0 */
/* stored.h - the bytes of a file as they lie there, from a range's begin on, digested while read.
 *
 * Read with read(2) and never mapped: resident memory stays what the buffers are.
 *
 * Threads: one thread per object.
 */
#ifndef TAMIS_INPUT_STORED_H
#define TAMIS_INPUT_STORED_H

#include "tamis/hash.h"
#include "tamis/root.h"
#include "tamis/slice.h"
#include "tamis/status.h"

/* Behind the end of a range only the rest of one record is wanted. */
#define TAMIS_STORED_BEHIND_BYTES ((size_t)64 << 10)

typedef struct tamis_stored {
    int file; /* -1: closed, or memory */
    bool is_open;
    const tamis_roots *roots; /* files are opened beneath them; NULL: anywhere */
    tamis_slice memory;
    uint64_t begin;
    uint64_t end;
    uint64_t size;
    uint64_t position; /* of the next read */
    tamis_hasher *hasher;
} tamis_stored;

/* TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_stored_init(tamis_stored *stored, tamis_err *err);
void tamis_stored_fini(tamis_stored *stored);

/* Errors as tamis_source_open. path NULL: the bytes of `memory`. */
TAMIS_MUST_USE
tamis_status tamis_stored_open(tamis_stored *stored, const char *path, tamis_slice memory,
                               uint64_t begin, uint64_t end, uint64_t size, tamis_err *err);
void tamis_stored_close(tamis_stored *stored);

/* Reads up to capacity bytes; fewer in front of the range's end, behind it, and at the file's end
 * (*out_size 0). TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_stored_read(tamis_stored *stored, uint8_t *out_bytes, size_t capacity,
                               size_t *out_size, tamis_err *err);

#endif
