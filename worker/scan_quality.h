/* SPDX-License-Identifier: Apache-2.0 */
/* scan_quality.h - the quality side of a SCAN task: grades each document and writes what it found.
 *
 * Leaves TAMIS_GRADES_FILE and TAMIS_VERDICTS_FILE in the task's folder. Without quality in the job
 * there is none of it (NULL).
 *
 * Threads: belongs to the thread of its task.
 */
#ifndef TAMIS_SCAN_QUALITY_H
#define TAMIS_SCAN_QUALITY_H

#include "tamis/grades.h"
#include "tamis/quality.h"
#include "tamis/task.h"

typedef struct tamis_scan_quality tamis_scan_quality;

/* *out_quality is NULL when the job asks for none. Errors of tamis_quality_open, of files. */
TAMIS_MUST_USE
tamis_status tamis_scan_quality_create(const tamis_task_env *env, tamis_scan_quality **out_quality,
                                       tamis_err *err);
/* Grades a document and writes its row. *out_text is the text to work on from here, valid until the
 * next call; *out_edited tells whether it differs from `text`. */
TAMIS_MUST_USE
tamis_status tamis_scan_quality_run(tamis_scan_quality *quality, tamis_ord ord, tamis_slice text,
                                    tamis_slice url, tamis_task_result *result,
                                    tamis_slice *out_text, bool *out_edited, tamis_err *err);
/* Ends and syncs both files. NULL is allowed. */
TAMIS_MUST_USE
tamis_status tamis_scan_quality_finish(tamis_scan_quality *quality, tamis_task_result *result,
                                       tamis_err *err);
void tamis_scan_quality_destroy(tamis_scan_quality *quality); /* NULL is allowed */

/* ---- The two files ---- */

typedef struct tamis_scan_grades {
    tamis_grades_writer *grades;
    tamis_grades_writer *verdicts;
} tamis_scan_grades;

/* Makes both in the task's folder, with the names of `quality`. */
TAMIS_MUST_USE
tamis_status tamis_scan_grades_open(const tamis_task_env *env, const tamis_quality *quality,
                                    tamis_scan_grades *out, tamis_err *err);
/* Writes and counts a document. */
TAMIS_MUST_USE
tamis_status tamis_scan_grades_add(tamis_scan_grades *grades, const tamis_grades_row *row,
                                   tamis_task_result *result, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_scan_grades_finish(tamis_scan_grades *grades, tamis_task_result *result,
                                      tamis_err *err);
void tamis_scan_grades_destroy(tamis_scan_grades *grades); /* of zeros is allowed */

#endif
