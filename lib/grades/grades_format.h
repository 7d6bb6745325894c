/* SPDX-License-Identifier: Apache-2.0 */
/* grades_format.h - the numbers of a grades file (docs/FORMATS.md 6.6).
 *
 *   header   8  magic "TAMISGRD"
 *            4  version (1)
 *            4  bytes of the names
 *            4  columns, 4 reasons; then of each column and each reason: 2 bytes, name
 *            8  XXH3-64 of all before
 *   block   96  head:  0  4  rows, 1 to 256; 0 ends the file
 *                      4  4  0
 *                      8  8  ord of the first row (end: rows of the file)
 *                     16  8  ord of the last row (end: 0)
 *                     24 16  of each of three sections: 4 stored bytes, 4 raw bytes, 8 XXH3-64 of
 *                            the stored ones (end: 0)
 *                     72 16  0
 *                     88  8  XXH3-64 of the head before
 *               the sections, one zstd frame each (no bytes where raw is 0):
 *   verdicts     4 each: distance of the ord from the first; 2 each: reason; 1 each: language;
 *                8 each: language score; 1 count of languages, of each 1 byte length, code
 *   values       of each column: 1 kind, then by kind
 *                0 nothing, all are null; 1, 2, 4 as many bytes each: whole numbers, the greatest
 *                of the width is null; 8: doubles, byte 0 of all, then byte 1 of all, ...
 *   changes      8 each: 4 bytes of edits, 4 bytes of spans; then edits and spans, row by row; the
 *                section is empty when no row has any
 *
 * All numbers are little-endian. A null double is 0x7ff8000000000000.
 */
#ifndef TAMIS_GRADES_FORMAT_H
#define TAMIS_GRADES_FORMAT_H

#define GRADES_MAGIC      "TAMISGRD"
#define GRADES_MAGIC_SIZE 8u
#define GRADES_VERSION    1u
#define GRADES_HEAD_MIN   24u /* magic, version, bytes of the names, both counts */
#define GRADES_NAMES_MAX  (16u << 20)

#define GRADES_BLOCK_HEAD    96u
#define GRADES_SECTIONS      3u
#define GRADES_SECTION_AT(i) (24u + 16u * (i))

enum { GRADES_VERDICTS, GRADES_SECTION_VALUES, GRADES_SECTION_CHANGES };

#define GRADES_VERDICT_BYTES (4u + 2u + 1u + 8u) /* a row, without the languages */
#define GRADES_NULL          UINT64_C(0x7ff8000000000000)
#define GRADES_LANGUAGES_MAX 255u

#endif
