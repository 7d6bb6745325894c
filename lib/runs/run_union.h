/* SPDX-License-Identifier: Apache-2.0 */
/* run_union.h - streams the union of sorted pieces, all of them open at once.
 *
 * A merge by key ranges. From each piece at most a share of the next records is looked at; the
 * least of the last records of these shares is the bound: nothing at or below it can come from
 * anywhere else, so all records up to it are gathered, sorted in cache and handed out. Equal
 * records come in the order of the pieces: the bound is a record and the piece that it comes from.
 * With payloads a word that names piece and place is sorted along. A range that one piece fills
 * alone is handed out where it lies.
 *
 * Threads: one thread.
 */
#ifndef TAMIS_RUN_UNION_H
#define TAMIS_RUN_UNION_H

#include "run_cursor.h"

typedef struct tamis_run_union tamis_run_union;

/* What a union needs beside its cursors. */
size_t tamis_run_union_bytes(uint32_t words, bool has_payload, uint64_t memory_bytes);

/* How many pieces such a union takes at most; at least 2. */
size_t tamis_run_union_max(uint32_t words, bool has_payload, uint64_t memory_bytes);

/* Takes the cursors (in every case; all set to NULL) of pieces of `words` words. */
TAMIS_MUST_USE
tamis_status tamis_run_union_create(uint32_t words, bool has_payload, uint64_t memory_bytes,
                                    tamis_run_cursor **cursors, size_t count,
                                    tamis_run_union **out_union, tamis_err *err);
void tamis_run_union_destroy(tamis_run_union *merged);

/* The next records, valid until the next call. TAMIS_END. */
TAMIS_MUST_USE
tamis_status tamis_run_union_next(tamis_run_union *merged, const uint64_t **out_records,
                                  size_t *out_count, tamis_err *err);
tamis_slice tamis_run_union_payload(const tamis_run_union *merged, size_t index);

#endif
