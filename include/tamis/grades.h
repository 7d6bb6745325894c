/* SPDX-License-Identifier: Apache-2.0 */
/* grades.h - what quality said of the documents of one batch, on disk (docs/FORMATS.md 6.6).
 *
 * A grades file holds rows in ord order: reason, language, the values of named columns, packed
 * edits of the text and packed spans. Columns and reasons are named in the file's header; numbers
 * in rows are indexes into these names. SCAN leaves two: all that is known of every document that
 * was graded, and, for those who need no more, the reasons of the dropped ones alone (a file
 * without columns). Rows stand in blocks of up to 256 of one split, each in three sections that are
 * read or passed over on their own.
 *
 * Values are doubles; NAN is null and the only one that is not given back bit for bit.
 *
 * Memory:  a block, at most TAMIS_GRADES_COLUMNS_MAX columns, and the changes of a document.
 * Threads: an object belongs to one thread.
 * Errors:  name file and offset. TAMIS_ECORRUPT: a checksum differs, or the file ends early.
 *          TAMIS_EVERSION, TAMIS_EFORMAT: it is no such file. TAMIS_EIO and others of the system.
 */
#ifndef TAMIS_GRADES_H
#define TAMIS_GRADES_H

#include "tamis/buf.h"
#include "tamis/ord.h"

#define TAMIS_GRADES_ROWS         256u /* of a block */
#define TAMIS_GRADES_COLUMNS_MAX  4096u
#define TAMIS_GRADES_REASONS_MAX  4096u
#define TAMIS_GRADES_NAME_MAX     1024u      /* bytes of a name */
#define TAMIS_GRADES_LANGUAGE_MAX 31u        /* bytes of a language code */
#define TAMIS_GRADES_CHANGES_MAX  (1u << 30) /* bytes of edits and spans of one document */

typedef struct tamis_grades_row {
    tamis_ord ord;
    uint16_t reason;       /* 0: kept */
    const char *language;  /* "": not looked for */
    double language_score; /* NAN: none */
    const double *values;  /* one for each column; NULL: not read, or there are no columns */
    tamis_slice edits;     /* packed; empty: none, or not read */
    tamis_slice spans;     /* likewise */
} tamis_grades_row;

/* ---- Writing ---- */

/* Names that a file is about; borrowed. reasons[0] is that of kept documents. */
typedef struct tamis_grades_names {
    const char *const *columns;
    size_t column_count;
    const char *const *reasons;
    size_t reason_count;
} tamis_grades_names;

typedef struct tamis_grades_writer tamis_grades_writer;

/* Makes or replaces the file. TAMIS_ELIMIT: too many names, or too long. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_grades_writer_create(const char *path, const tamis_grades_names *names,
                                        tamis_grades_writer **out_writer, tamis_err *err);
/* Rows come in ord order (asserted). What the row points to is copied. */
TAMIS_MUST_USE
tamis_status tamis_grades_writer_add(tamis_grades_writer *writer, const tamis_grades_row *row,
                                     tamis_err *err);
/* Ends the file and syncs it; *out_bytes is its size. Once. */
TAMIS_MUST_USE
tamis_status tamis_grades_writer_finish(tamis_grades_writer *writer, uint64_t *out_bytes,
                                        tamis_err *err);
void tamis_grades_writer_destroy(tamis_grades_writer *writer); /* NULL is allowed */

/* ---- Reading ---- */

/* What a reader is asked for beside ord, reason and language. */
enum { TAMIS_GRADES_VALUES = 1u << 0, TAMIS_GRADES_CHANGES = 1u << 1 };

typedef struct tamis_grades_reader tamis_grades_reader;

TAMIS_MUST_USE
tamis_status tamis_grades_reader_open(const char *path, unsigned wanted,
                                      tamis_grades_reader **out_reader, tamis_err *err);
size_t tamis_grades_column_count(const tamis_grades_reader *reader);
const char *tamis_grades_column(const tamis_grades_reader *reader, size_t column);
size_t tamis_grades_reason_count(const tamis_grades_reader *reader);
const char *tamis_grades_reason(const tamis_grades_reader *reader, size_t reason);

/* The next row, valid until the next call; TAMIS_END behind the last. */
TAMIS_MUST_USE
tamis_status tamis_grades_next(tamis_grades_reader *reader, tamis_grades_row *out_row,
                               tamis_err *err);
/* The row of that ord, going forward only; blocks in front of it are passed over unread.
 * TAMIS_ENOENT (err is left alone): there is none; rows behind it are still to come. */
TAMIS_MUST_USE
tamis_status tamis_grades_find(tamis_grades_reader *reader, tamis_ord ord,
                               tamis_grades_row *out_row, tamis_err *err);
void tamis_grades_reader_close(tamis_grades_reader *reader); /* NULL is allowed */

#endif
