/* SPDX-License-Identifier: Apache-2.0 */
/* run_slice.h - a run file with only some pieces of another one, made without decoding anything.
 *
 * An image of pieces (kind, [first_part, end_part)) is a complete run file: the header, the pieces'
 * blocks as they are stored, a directory of their own. Its bytes depend on the file alone, so that
 * any range of them can be made at any time. docs/FORMATS.md, "Run file".
 *
 * Blocks are not looked at: whoever reads the image finds a damaged one by its checksum.
 *
 * Memory:  a source 16 bytes for every 64 pieces of its file; a slice about 120 bytes for each of
 *          its pieces.
 * Threads: an object belongs to one thread at a time.
 */
#ifndef TAMIS_RUN_SLICE_H
#define TAMIS_RUN_SLICE_H

#include "tamis/slice.h"
#include "tamis/status.h"

typedef struct tamis_run_source tamis_run_source; /* an open run file, the root of its directory */
typedef struct tamis_run_slice tamis_run_slice;   /* some of its pieces as a run file */

/* Takes the descriptor, also when it fails; `name` (for messages) is copied. TAMIS_EVERSION,
 * TAMIS_ECORRUPT (names the offset), TAMIS_ENOMEM, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_run_source_open(int fd, const char *name, tamis_run_source **out_source,
                                   tamis_err *err);
void tamis_run_source_close(tamis_run_source *source); /* NULL is allowed */
int tamis_run_source_fd(const tamis_run_source *source);

/* Same errors. The source must outlive the slice. */
TAMIS_MUST_USE
tamis_status tamis_run_slice_create(const tamis_run_source *source, uint32_t kind,
                                    uint32_t first_part, uint32_t end_part,
                                    tamis_run_slice **out_slice, tamis_err *err);
void tamis_run_slice_destroy(tamis_run_slice *slice); /* NULL is allowed */
/* Bytes of the image; 0: the file has none of these pieces. */
uint64_t tamis_run_slice_size(const tamis_run_slice *slice);
/* Bytes [offset, offset + size) of the image, which must lie within it (asserted). TAMIS_ECORRUPT:
 * the file ends early; TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_run_slice_read(const tamis_run_slice *slice, uint64_t offset, void *out,
                                  size_t size, tamis_err *err);

#endif
