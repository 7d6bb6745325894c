/* SPDX-License-Identifier: Apache-2.0 */
/* emit_quality.h - the quality side of an EMIT task: what SCAN found out of each document, the text
 * that it is written with, and the sums for the report.
 *
 * Threads: belongs to the thread of its task.
 */
#ifndef TAMIS_EMIT_QUALITY_H
#define TAMIS_EMIT_QUALITY_H

#include "tamis/grades_cursor.h"
#include "tamis/split_result.h"
#include "tamis/text_edit.h"

/* What quality knows of one document; valid until the next one. */
typedef struct tamis_emit_grade {
    uint16_t reason;         /* 0: passes */
    const char *reason_name; /* NULL: passes */
    tamis_grades_row row;    /* as it was scanned */
    const tamis_grades_reader *names;
    const tamis_edits *edits; /* NULL: none */
    const tamis_edits *spans; /* NULL: none */
    tamis_slice text;         /* with the edits made; that of the document where there are none */
} tamis_emit_grade;

typedef struct tamis_emit_quality tamis_emit_quality;

/* *out_quality is NULL when the job asks for none. */
TAMIS_MUST_USE
tamis_status tamis_emit_quality_create(const tamis_task_env *env, tamis_emit_quality **out_quality,
                                       tamis_err *err);
/* What is known of the document of that ord with that text. TAMIS_ECHANGED: it does not fit. */
TAMIS_MUST_USE
tamis_status tamis_emit_quality_find(tamis_emit_quality *quality, tamis_ord ord, tamis_slice text,
                                     const tamis_emit_grade **out_grade, tamis_err *err);
/* Counts a document for the split; is_kept: it is written to documents/. */
TAMIS_MUST_USE
tamis_status tamis_emit_quality_count(tamis_emit_quality *quality, const tamis_emit_grade *grade,
                                      uint64_t text_bytes, bool is_kept, tamis_err *err);
/* The counts since the last call, packed, by reason and language; valid until the next document. */
TAMIS_MUST_USE
tamis_status tamis_emit_quality_take(tamis_emit_quality *quality, tamis_slice *out_counts,
                                     tamis_err *err);
void tamis_emit_quality_destroy(tamis_emit_quality *quality); /* NULL is allowed */

/* The name of what an edit or span was made for (tamis/text_edit.h). */
const char *tamis_edit_reason_name(uint16_t reason);

#endif
