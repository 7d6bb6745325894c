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

/* Appends the header that every run file begins with. */
TAMIS_MUST_USE
tamis_status tamis_run_header_write(tamis_run_output *output, tamis_err *err);

/* Sorts `pieces` (each (kind, part) once: asserted) and appends directory and footer. */
TAMIS_MUST_USE
tamis_status tamis_run_directory_write(tamis_run_output *output, tamis_run_piece *pieces,
                                       size_t count, tamis_err *err);

/* Reads and checks the whole directory; the caller frees *out_pieces. TAMIS_EVERSION,
 * TAMIS_ECORRUPT, TAMIS_ENOMEM, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_run_directory_read(int fd, const char *path, tamis_run_piece **out_pieces,
                                      size_t *out_count, tamis_err *err);

/* Looks one piece up; out_piece->count is 0 where there is none. Same errors. */
TAMIS_MUST_USE
tamis_status tamis_run_directory_find(int fd, const char *path, uint32_t kind, uint32_t part,
                                      tamis_run_piece *out_piece, tamis_err *err);

/* Index of the first of `pieces` that does not stand before (kind, part). */
size_t tamis_run_pieces_lower(const tamis_run_piece *pieces, size_t count, uint32_t kind,
                              uint32_t part);

/* Reads exactly `size` bytes at `offset`. TAMIS_ECORRUPT: the file ends before. TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_run_read_at(int fd, const char *path, uint64_t offset, void *out, size_t size,
                               tamis_err *err);

#endif
