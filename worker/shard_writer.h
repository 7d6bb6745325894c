/* SPDX-License-Identifier: Apache-2.0 */
/* shard_writer.h - one output file: compressed, digested, published as a whole or not at all.
 *
 * The bytes depend on what is written, the format and the level alone: compression runs on one
 * thread, without time stamps. The file grows under a temporary name beside its own and appears by
 * _publish: fsync, rename, fsync of the folder.
 *
 * Memory:  one compressor and two buffers of 128 KiB.
 * Threads: one.
 */
#ifndef TAMIS_SHARD_WRITER_H
#define TAMIS_SHARD_WRITER_H

#include "tamis/hash.h"
#include "tamis/job.h"
#include "tamis/root.h"
#include "tamis/slice.h"

typedef struct tamis_shard_writer tamis_shard_writer;

/* Makes a writer that serves many files of one format, one after the other. */
TAMIS_MUST_USE
tamis_status tamis_shard_writer_create(tamis_output_format format, int32_t level,
                                       tamis_shard_writer **out_writer, tamis_err *err);
/* From now on files are made beneath `roots` alone (NULL: anywhere), which must outlive it. */
void tamis_shard_writer_confine(tamis_shard_writer *writer, const tamis_roots *roots);
/* For many small files: _finish and _publish leave out their syncs. The caller makes all of them
 * durable at once (tamis_path_sync_filesystem) before it reports any as written. */
void tamis_shard_writer_defer_sync(tamis_shard_writer *writer);
/* Starts a file; folders above it are made. Errors as tamis_roots_open_parent. */
TAMIS_MUST_USE
tamis_status tamis_shard_writer_open(tamis_shard_writer *writer, const char *path, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_shard_writer_write(tamis_shard_writer *writer, tamis_slice bytes,
                                      tamis_err *err);
/* Ends the stream and syncs it; the file is complete under its temporary name. */
TAMIS_MUST_USE
tamis_status tamis_shard_writer_finish(tamis_shard_writer *writer, uint64_t *out_bytes,
                                       tamis_digest *out_digest, tamis_err *err);
/* After _finish: gives the file its name. */
TAMIS_MUST_USE
tamis_status tamis_shard_writer_publish(tamis_shard_writer *writer, tamis_err *err);
/* Removes a file that was not published. NULL is allowed. */
void tamis_shard_writer_destroy(tamis_shard_writer *writer);

#endif
