/* SPDX-License-Identifier: Apache-2.0 */
/* emit_format.h - the lines of attributes/, documents/ and removed/ (docs/FORMATS.md, "Output").
 *
 * Pure. Memory: lines grow in the caller's buffer; TAMIS_ENOMEM is the only error.
 */
#ifndef TAMIS_EMIT_FORMAT_H
#define TAMIS_EMIT_FORMAT_H

#include "emit_quality.h"
#include "tamis/buf.h"
#include "tamis/exchange.h"
#include "tamis/reader.h"

/* Everything that is known of one row when it is written. */
typedef struct tamis_emit_row {
    const tamis_job *job;
    const tamis_input *input;
    tamis_ord ord;
    tamis_slice id;
    tamis_digest digest;
    const tamis_doc *doc;
    bool is_capped;
    const uint64_t *final_record; /* TAMIS_PIECE_FINAL; NULL: not dropped */
    tamis_slice witness_id;       /* with final_record */
    uint64_t copies_exact;        /* of a kept document */
    uint64_t copies_near;
    uint64_t copies_url;
    const tamis_emit_grade *grade; /* NULL: quality is not asked for, or the record is set aside */
} tamis_emit_row;

/* One line of attributes/, newline included. */
TAMIS_MUST_USE
tamis_status tamis_emit_attributes(const tamis_emit_row *row, tamis_buf *out);
/* The record with its object `tamis`, newline included: byte for byte but for that member. */
TAMIS_MUST_USE
tamis_status tamis_emit_document(const tamis_emit_row *row, tamis_buf *out);

#endif
