/* SPDX-License-Identifier: Apache-2.0 */
/* run_file.h - sorted records of 64-bit words in pieces: what stages hand to one another.
 *
 * A run file holds pieces; a piece is named (kind, part) and holds records of `words` 64-bit words,
 * each with an optional payload of bytes, in ascending order of the words as unsigned numbers,
 * first word first. Records are packed in blocks of at most TAMIS_RUN_BLOCK_RECORDS: per column a
 * base and the least byte width (the first column as differences), so that a band entry takes about
 * 11 bytes instead of 16. Every block carries an XXH3-64 checksum; the directory of pieces stands
 * at the end, with its own. docs/FORMATS.md, "Run file".
 *
 * Files are written under a temporary name and appear by _finish: write, fsync, rename, fsync of
 * the folder.
 *
 * Memory:  a writer takes about 0.8 MiB; a writer and an open file 56 bytes for each piece.
 *
 * Threads: an object belongs to one thread; any number of readers of one file is fine.
 */
#ifndef TAMIS_RUN_FILE_H
#define TAMIS_RUN_FILE_H

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_RUN_WORDS_MAX     160  /* key words and fixed words of one record */
#define TAMIS_RUN_BLOCK_RECORDS 4096 /* fewer where records are wide: a block stays below 1 MiB */
#define TAMIS_RUN_PAYLOAD_MAX   (UINT64_C(1) << 31)

typedef struct tamis_run_writer tamis_run_writer;
typedef struct tamis_run_file tamis_run_file;
typedef struct tamis_run_cursor tamis_run_cursor;

/* Opens path + ".tmp-<pid>-<n>" for writing. TAMIS_ENOENT (the folder), TAMIS_EDENIED,
 * TAMIS_ENOMEM; from any call on a writer TAMIS_ENOSPC, TAMIS_EIO, after which only _destroy may
 * follow. */
TAMIS_MUST_USE
tamis_status tamis_run_writer_create(const char *path, tamis_run_writer **out_writer,
                                     tamis_err *err);
/* Starts piece (kind, part); pieces may come in any order, each once. has_payload: records carry
 * bytes. */
TAMIS_MUST_USE
tamis_status tamis_run_writer_begin(tamis_run_writer *writer, uint32_t kind, uint32_t part,
                                    uint32_t words, bool has_payload, tamis_err *err);
/* Appends `count` records (count * words numbers), which must continue the ascending order
 * (asserted); equal records are allowed. */
TAMIS_MUST_USE
tamis_status tamis_run_writer_append(tamis_run_writer *writer, const uint64_t *records,
                                     size_t count, tamis_err *err);
/* Appends one record with payload. TAMIS_ELIMIT: above TAMIS_RUN_PAYLOAD_MAX. */
TAMIS_MUST_USE
tamis_status tamis_run_writer_append_payload(tamis_run_writer *writer, const uint64_t *record,
                                             tamis_slice payload, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_run_writer_end(tamis_run_writer *writer, tamis_err *err);
/* Writes the directory, syncs, renames. After it only _destroy may follow. out_bytes may be NULL.
 */
TAMIS_MUST_USE
tamis_status tamis_run_writer_finish(tamis_run_writer *writer, uint64_t *out_bytes, tamis_err *err);
/* Without a _finish before: removes the temporary file. NULL is allowed. */
void tamis_run_writer_destroy(tamis_run_writer *writer);

/* Opens a file and checks its directory. TAMIS_ENOENT, TAMIS_EVERSION, TAMIS_ECORRUPT (names the
 * offset). */
TAMIS_MUST_USE
tamis_status tamis_run_file_open(const char *path, tamis_run_file **out_file, tamis_err *err);
/* The same for a run file that stands within another file, `size` bytes from `offset` on (0: to the
 * end). */
TAMIS_MUST_USE
tamis_status tamis_run_file_open_at(const char *path, uint64_t offset, uint64_t size,
                                    tamis_run_file **out_file, tamis_err *err);
void tamis_run_file_close(tamis_run_file *file);
/* Records in piece (kind, part); 0 where there is none. */
uint64_t tamis_run_file_count(const tamis_run_file *file, uint32_t kind, uint32_t part);
/* Every (kind, part) in the file: for tools and for `preview`. */
uint32_t tamis_run_file_piece_count(const tamis_run_file *file);
void tamis_run_file_piece(const tamis_run_file *file, uint32_t index, uint32_t *out_kind,
                          uint32_t *out_part, uint32_t *out_words, uint64_t *out_count);

/* A cursor over one piece; a piece that is absent reads as empty. buffer_bytes bounds its memory,
 * but one block (up to 0.2 MiB) and one payload above 64 KiB are always allowed. The file must
 * outlive the cursor. */
TAMIS_MUST_USE
tamis_status tamis_run_cursor_create(tamis_run_file *file, uint32_t kind, uint32_t part,
                                     size_t buffer_bytes, tamis_run_cursor **out_cursor,
                                     tamis_err *err);
/* The next block, checked: *out_count records at *out_records, valid until the next call. With
 * payloads, tamis_run_cursor_payload gives that of record i of the block. TAMIS_END at the end;
 * TAMIS_ECORRUPT names the offset; TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_run_cursor_next(tamis_run_cursor *cursor, const uint64_t **out_records,
                                   size_t *out_count, tamis_err *err);
tamis_slice tamis_run_cursor_payload(const tamis_run_cursor *cursor, size_t index);
void tamis_run_cursor_destroy(tamis_run_cursor *cursor);

#endif
