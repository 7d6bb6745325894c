/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - the decoded bytes of a file or of a range of one: plain, gzip (any number of members),
 * zstd (any number of frames).
 *
 * Damage is no error of a call: what was readable before it comes out, then the end, and the state
 * says what and where. The same file and range, read with the same capacity, comes out in the same
 * pieces, so that whoever reads it twice sees the same. The digest covers exactly the stored bytes
 * [begin, end) as far as they were read; what is read behind `end` (to finish a record) is not in
 * it.
 *
 * Memory:  fixed buffers of 256 KiB; zstd's window (zstd_window_log_max).
 * Threads: one thread per source.
 */
#ifndef TAMIS_SOURCE_H
#define TAMIS_SOURCE_H

#include "tamis/reader.h"
#include "tamis/root.h"

/* A source may expand this far before the ratio is looked at. */
#define TAMIS_SOURCE_RATIO_FREE_BYTES (UINT64_C(64) << 20)

typedef struct tamis_source tamis_source;

typedef struct tamis_source_options {
    uint32_t ratio_max;           /* decoded : stored, behind the free bytes; 0: no limit */
    uint32_t zstd_window_log_max; /* 10 .. 31 */
} tamis_source_options;

/* Where the range lies. For gzip `begin` is the first byte of a member. */
typedef struct tamis_source_range {
    tamis_compression compression;
    uint64_t begin;
    uint64_t end;
    uint64_t size; /* of the whole file; nothing behind it is read */
} tamis_source_range;

/* All offsets count decoded bytes from `begin`. */
typedef struct tamis_source_state {
    uint64_t decoded_bytes; /* handed out */
    uint64_t stored_bytes;  /* of [begin, end), as far as they were read */
    uint64_t boundary;      /* where bytes stored behind `end` start; UINT64_MAX: not known yet */
    tamis_fault fault;      /* NONE, STREAM_TRUNCATED, STREAM_CORRUPT, RATIO, WINDOW */
    uint64_t fault_offset;  /* everything before it was handed out */
    uint64_t member_offset; /* where the last member or frame begins: what lies before it passed
                               its checksums */
    char fault_text[160];
} tamis_source_state;

/* TAMIS_EARG: options out of range. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_source_create(const tamis_source_options *options, tamis_source **out_source,
                                 tamis_err *err);
void tamis_source_destroy(tamis_source *source);

/* From now on files are opened beneath `roots` alone (NULL: anywhere), which must outlive it. */
void tamis_source_confine(tamis_source *source, const tamis_roots *roots);

/* Starts a range of a regular file. TAMIS_ENOENT, TAMIS_EDENIED, TAMIS_EOUTSIDE, TAMIS_EARG (no
 * regular file), TAMIS_ECHANGED (its size is not range->size), TAMIS_EIO, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_source_open(tamis_source *source, const char *path,
                               const tamis_source_range *range, tamis_err *err);
/* The same over bytes in memory, which must stay until the source is closed or opened again. */
TAMIS_MUST_USE
tamis_status tamis_source_open_memory(tamis_source *source, tamis_slice bytes,
                                      const tamis_source_range *range, tamis_err *err);
/* Gives the file back; the state stays readable. Also done by _open and _destroy. */
void tamis_source_close(tamis_source *source);

/* Fills `capacity` bytes; less only in front of the end. TAMIS_END: nothing is left (the state's
 * fault says whether that is the true end). TAMIS_EIO: the device failed. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                               size_t *out_size, tamis_err *err);

/* Valid as long as the source; changes with each read. */
const tamis_source_state *tamis_source_look(const tamis_source *source);
/* XXH3-128 of the stored bytes of [begin, end) read so far. */
tamis_digest tamis_source_digest(const tamis_source *source);

#endif
