/* SPDX-License-Identifier: Apache-2.0 */
/* run_directory.h - which pieces a run file holds: the end of the file, written and read.
 *
 * Entries stand in order of (kind, part) in leaves of TAMIS_RUN_LEAF_PIECES; a root of one line a
 * leaf, and a footer of fixed size, lead to them, so that one piece of a file of ten thousand is
 * found by three small reads. Every part has its checksum. docs/FORMATS.md, "Run file".
 *
 * Threads: one thread per call; a descriptor may be shared (pread).
 */
#ifndef TAMIS_RUN_DIRECTORY_H
#define TAMIS_RUN_DIRECTORY_H

#include "run_output.h"

#define TAMIS_RUN_VERSION      1u
#define TAMIS_RUN_MAGIC        "TAMISRUN"
#define TAMIS_RUN_END_MAGIC    "TAMISEND"
#define TAMIS_RUN_HEADER_BYTES 16u
#define TAMIS_RUN_FOOTER_BYTES 48u
#define TAMIS_RUN_ENTRY_BYTES  48u
#define TAMIS_RUN_ROOT_BYTES   16u /* of one line */
#define TAMIS_RUN_LEAF_PIECES  64u

/* Where a run file stands: a whole file, or an image of one within another (a bundle). */
typedef struct tamis_run_place {
    const char *path; /* for messages; borrowed */
    uint64_t offset;
    uint64_t size; /* 0: to the end of the file */
    int fd;        /* borrowed */
} tamis_run_place;

/* The small end of a directory: enough to find one piece by reading one leaf more. */
typedef struct tamis_run_root {
    uint8_t *lines;       /* `leaves` times TAMIS_RUN_ROOT_BYTES; owned */
    uint64_t base;        /* of the run file within the file */
    uint64_t offset;      /* of the first entry; like root_offset counted from base */
    uint64_t root_offset; /* of the lines */
    uint64_t checksum;    /* of the lines */
    uint32_t pieces;
    uint32_t leaves;
} tamis_run_root;

/* Takes the bytes of a directory one after the other. */
typedef tamis_status (*tamis_run_emit)(void *context, const void *data, size_t size,
                                       tamis_err *err);

/* The header that every run file begins with; _write appends it. */
void tamis_run_header_make(uint8_t out_header[TAMIS_RUN_HEADER_BYTES]);
TAMIS_MUST_USE
tamis_status tamis_run_header_write(tamis_run_output *output, tamis_err *err);

/* Sorts `pieces` (each (kind, part) once: asserted) and appends directory and footer. */
TAMIS_MUST_USE
tamis_status tamis_run_directory_write(tamis_run_output *output, tamis_run_piece *pieces,
                                       size_t count, tamis_err *err);

/* The same through `emit`, for entries and lines that begin at `offset`. */
TAMIS_MUST_USE
tamis_status tamis_run_directory_emit(const char *path, uint64_t offset, tamis_run_piece *pieces,
                                      size_t count, tamis_run_emit emit, void *context,
                                      tamis_err *err);
/* What a directory of `count` pieces takes, with its footer. */
uint64_t tamis_run_directory_bytes(size_t count);

/* Reads and checks the whole directory; the caller frees *out_pieces, whose offsets are those in
 * the file, wherever the run file begins. TAMIS_EVERSION, TAMIS_ECORRUPT, TAMIS_ENOMEM, TAMIS_EIO.
 */
TAMIS_MUST_USE
tamis_status tamis_run_directory_read(const tamis_run_place *place, tamis_run_piece **out_pieces,
                                      size_t *out_count, tamis_err *err);

/* Looks one piece up; out_piece->count is 0 where there is none. Same errors. */
TAMIS_MUST_USE
tamis_status tamis_run_directory_find(const tamis_run_place *place, uint32_t kind, uint32_t part,
                                      tamis_run_piece *out_piece, tamis_err *err);

/* Reads and checks header, footer and lines. Same errors. */
TAMIS_MUST_USE
tamis_status tamis_run_root_read(const tamis_run_place *place, tamis_run_root *out_root,
                                 tamis_err *err);
void tamis_run_root_fini(tamis_run_root *root);
/* The leaf in which (kind, part) stands, if it stands anywhere. There must be leaves. */
uint32_t tamis_run_root_find(const tamis_run_root *root, uint32_t kind, uint32_t part);
/* Reads leaf `index` into out_pieces (room for TAMIS_RUN_LEAF_PIECES) and checks it. */
TAMIS_MUST_USE
tamis_status tamis_run_leaf_read(const tamis_run_place *place, const tamis_run_root *root,
                                 uint32_t index, tamis_run_piece *out_pieces, size_t *out_count,
                                 tamis_err *err);

/* Index of the first of `pieces` that does not stand before (kind, part). */
size_t tamis_run_pieces_lower(const tamis_run_piece *pieces, size_t count, uint32_t kind,
                              uint32_t part);

/* Reads exactly `size` bytes at `offset`. TAMIS_ECORRUPT: the file ends before. TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_run_read_at(int fd, const char *path, uint64_t offset, void *out, size_t size,
                               tamis_err *err);

#endif
