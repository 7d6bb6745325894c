/* SPDX-License-Identifier: Apache-2.0 */
/* job_format.h - the numbers of a packed job.
 *
 *   header    8  magic "tamisjob"
 *             4  version: 1, or 2 with quality
 *             4  reserved, 0
 *             8  bytes of the body
 *             8  XXH3-64 (seed 0) of the body
 *   body      string id, string out_path
 *             settings, in the order of the struct: 4 bytes each; record_bytes_max, split_bytes and
 *             limit 8; the four field names are strings
 *             4  input_count; then of each input: string path, shown, name; 4 each: format,
 *                compression, is_against (0, 1); 8 each: size_bytes, mtime_ns; 4 each: first_split,
 *                split_count, fault; string fault_text
 *             4  split_count; of each split: 4 input, 4 part, 8 begin, 8 end
 *             4  batch_count; 4 each: first split of every batch, and split_count
 *             4  part_count;  4 each: first batch of every part, and batch_count
 *             4  slot_bits
 *             version 2: string quality, string quality_skipped, string scan_from,
 *             string scan_quality
 *   string    4  bytes, or 0xffffffff for none; then the bytes, none of them zero
 *
 * All numbers are little-endian; signed ones in two's complement.
 */
#ifndef TAMIS_JOB_FORMAT_H
#define TAMIS_JOB_FORMAT_H

#define JOB_MAGIC           "tamisjob"
#define JOB_MAGIC_SIZE      8
#define JOB_VERSION         1u
#define JOB_VERSION_QUALITY 2u
#define JOB_HEADER_SIZE     32
#define JOB_STRING_NONE     0xffffffffu
#define JOB_ID_DIGITS       16
/* Least bytes of a packed item: what bounds a count before anything is allocated for it. */
#define JOB_INPUT_BYTES_MIN (4 * 4 + 3 * 4 + 2 * 8 + 3 * 4)
#define JOB_SPLIT_BYTES     24

#endif
