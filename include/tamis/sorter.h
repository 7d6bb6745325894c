/* SPDX-License-Identifier: Apache-2.0 */
/* sorter.h - sorts records of 64-bit words within a given memory, spilling where it must.
 *
 * Records are `words` numbers and an optional payload; the order is ascending by all words, first
 * word first, so the result does not depend on the order of arrival (equal records with
 * different payloads keep their order of arrival within one sorter). In memory: radix sort of the
 * words that differ. Past memory_bytes: sorted runs in temp_folder, merged at the end, in several
 * passes where there are too many. They lie in a file without a name, so nothing stays behind
 * whatever ends the process, and take the form of run_file.h.
 *
 * Memory: memory_bytes bounds what a sorter or a merge allocates, address space included; the
 * system backs it as it is used. On top of it: about 200 bytes for each temporary run and (with its
 * path) each merge source; one payload of more than 64 KiB at a time while records are handed out;
 * 128 KiB of stack while sorting.
 *
 * Errors: after one only _destroy may follow. TAMIS_EARG: words or memory_bytes out of range;
 * TAMIS_ENOENT: temp_folder or a source; TAMIS_ECORRUPT, TAMIS_EVERSION: a source; TAMIS_EFORMAT: a
 * piece of other records; TAMIS_ENOMEM, TAMIS_ENOSPC, TAMIS_EIO.
 *
 * Threads: one thread.
 */
#ifndef TAMIS_SORTER_H
#define TAMIS_SORTER_H

#include "tamis/run_file.h"

#define TAMIS_SORT_MEMORY_MIN (1u << 20)

typedef struct tamis_sorter tamis_sorter;
typedef struct tamis_merge tamis_merge;

typedef struct tamis_sorter_options {
    uint32_t words;
    bool has_payload;
    uint64_t memory_bytes; /* at least TAMIS_SORT_MEMORY_MIN */
    const char *temp_folder;
} tamis_sorter_options;

typedef struct tamis_sort_stats {
    uint64_t records;
    uint64_t spills;       /* temporary runs written, those of merge passes too */
    uint64_t merge_passes; /* beyond the last */
    uint64_t spilled_bytes;
} tamis_sort_stats;

TAMIS_MUST_USE
tamis_status tamis_sorter_create(const tamis_sorter_options *options, tamis_sorter **out_sorter,
                                 tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_sorter_add(tamis_sorter *sorter, const uint64_t *records, size_t count,
                              tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_sorter_add_payload(tamis_sorter *sorter, const uint64_t *record,
                                      tamis_slice payload, tamis_err *err);
/* Ends adding. */
TAMIS_MUST_USE
tamis_status tamis_sorter_sort(tamis_sorter *sorter, tamis_err *err);
/* The next block in order, valid until the next call; TAMIS_END. Payload as with a run cursor. */
TAMIS_MUST_USE
tamis_status tamis_sorter_next(tamis_sorter *sorter, const uint64_t **out_records,
                               size_t *out_count, tamis_err *err);
tamis_slice tamis_sorter_payload(const tamis_sorter *sorter, size_t index);
void tamis_sorter_stats(const tamis_sorter *sorter, tamis_sort_stats *out_stats);
void tamis_sorter_destroy(tamis_sorter *sorter); /* removes its temporary files */

/* Sorts, if that was not done, and writes all that the sorter holds as pieces (kind,
 * part_of(record[part_word])) of `writer`. The sort order must make parts contiguous (part_of is
 * monotonic in that word and the word is the first). */
typedef uint32_t (*tamis_part_of)(const void *context, uint64_t word);
TAMIS_MUST_USE
tamis_status tamis_sorter_write(tamis_sorter *sorter, tamis_run_writer *writer, uint32_t kind,
                                tamis_part_of part_of, const void *context, tamis_err *err);

/* ---- Merge ---------------------------------------------------------------------------------- */

/* One piece of one run file; the path is copied. Absent pieces are empty, absent files are not
 * (TAMIS_ENOENT). Equal records come in the order of the sources. */
typedef struct tamis_merge_source {
    const char *path;
    uint64_t offset; /* of the run file within the file */
    uint64_t size;   /* of the run file; 0: to the end of the file */
    uint32_t kind;
    uint32_t part;
} tamis_merge_source;

typedef struct tamis_merge_options {
    uint32_t words;
    bool has_payload;
    uint64_t memory_bytes;
    const char *temp_folder; /* for the intermediate runs when there are too many sources */
} tamis_merge_options;

/* Streams the union of sorted pieces in order, within memory_bytes whatever the number of sources;
 * at most 256 files are open at once.
 * Without payload the hot path is a merge by key ranges: from every source the records below a
 * common bound are gathered and sorted in cache. */
TAMIS_MUST_USE
tamis_status tamis_merge_create(const tamis_merge_options *options,
                                const tamis_merge_source *sources, size_t count,
                                tamis_merge **out_merge, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_merge_next(tamis_merge *merge, const uint64_t **out_records, size_t *out_count,
                              tamis_err *err);
tamis_slice tamis_merge_payload(const tamis_merge *merge, size_t index);
void tamis_merge_stats(const tamis_merge *merge, tamis_sort_stats *out_stats);
void tamis_merge_destroy(tamis_merge *merge);

/* Sorts `count` records (fewer than 2^32) of `words` numbers in place in memory; scratch is as
 * large as the records. Radix sort, most significant bits first: the cost stays proportional to the
 * records whatever their words are. */
void tamis_sort_words(uint64_t *records, size_t count, uint32_t words, uint64_t *scratch);

#endif
