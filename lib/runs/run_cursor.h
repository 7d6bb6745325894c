/* SPDX-License-Identifier: Apache-2.0 */
/* run_cursor.h - a cursor as merges use it: over a piece of any descriptor, with large payloads
 * left where they are until they are wanted.
 *
 * Threads: one thread per cursor; the descriptor may be shared (pread).
 */
#ifndef TAMIS_RUN_CURSOR_H
#define TAMIS_RUN_CURSOR_H

#include "run_block.h"

#define TAMIS_RUN_FAN_IN_MAX 256u /* pieces, and so files, that are open at once */

/* The least that a cursor over that piece allocates, payloads above TAMIS_RUN_BLOCK_BYTES apart. */
size_t tamis_run_cursor_bytes(const tamis_run_piece *piece);

/* Like tamis_run_cursor_create. path is borrowed: for messages. */
TAMIS_MUST_USE
tamis_status tamis_run_cursor_open(int fd, const char *path, const tamis_run_piece *piece,
                                   size_t buffer_bytes, tamis_run_cursor **out_cursor,
                                   tamis_err *err);

/* Like tamis_run_cursor_next, but a payload above TAMIS_RUN_BLOCK_BYTES (of a block of one record)
 * is read by _load only. */
TAMIS_MUST_USE
tamis_status tamis_run_cursor_advance(tamis_run_cursor *cursor, const uint64_t **out_records,
                                      size_t *out_count, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_run_cursor_load(tamis_run_cursor *cursor, tamis_err *err);

#endif
