/* SPDX-License-Identifier: Apache-2.0 */
/* spill.h - sorted runs that do not fit memory, in one file without a name.
 *
 * The file is removed from its folder as soon as it is made, so nothing stays behind whatever ends
 * the process. Space of runs that were merged is given back to the file system.
 *
 * Threads: one thread.
 */
#ifndef TAMIS_SPILL_H
#define TAMIS_SPILL_H

#include "run_output.h"

typedef struct tamis_spill {
    char *path; /* for messages: the folder */
    int fd;
    uint64_t end;        /* of what was written */
    size_t block_bytes;  /* of its blocks */
    size_t output_bytes; /* of its write buffer */
    tamis_run_output output;
    tamis_run_packer packer;
} tamis_spill;

/* What a run takes in memory while it is written. */
size_t tamis_spill_bytes(uint32_t words, bool has_payload, uint64_t memory_bytes);

/* Makes the file in temp_folder. memory_bytes: of its owner; sizes the buffers. TAMIS_ENOENT,
 * TAMIS_EDENIED, TAMIS_ENOMEM, ... */
TAMIS_MUST_USE
tamis_status tamis_spill_create(const char *temp_folder, uint64_t memory_bytes,
                                tamis_spill **out_spill, tamis_err *err);
void tamis_spill_destroy(tamis_spill *spill);

/* One run: _begin, records through spill->packer, _end, which tells where it lies. */
TAMIS_MUST_USE
tamis_status tamis_spill_begin(tamis_spill *spill, uint32_t words, bool has_payload,
                               tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_spill_end(tamis_spill *spill, tamis_run_piece *out_run, tamis_err *err);

/* Gives the space of a run back; a file system that cannot keeps it until the end. */
void tamis_spill_discard(tamis_spill *spill, const tamis_run_piece *run);

#endif
