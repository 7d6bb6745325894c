/* SPDX-License-Identifier: Apache-2.0 */
/* grades_cursor.h - the grades that SCAN tasks left, by ord, forward only.
 *
 * What is missing or damaged is marked as lost (tamis/task.h).
 *
 * Threads: belongs to the thread of its task.
 */
#ifndef TAMIS_GRADES_CURSOR_H
#define TAMIS_GRADES_CURSOR_H

#include "tamis/grades.h"
#include "tamis/task.h"

/* Opens one grades file of the SCAN task of a batch. */
TAMIS_MUST_USE
tamis_status tamis_task_open_grades(const tamis_task_env *env, uint32_t batch,
                                    tamis_result_file file, unsigned wanted,
                                    tamis_grades_reader **out_reader, tamis_err *err);
/* To be told how reading from it ended. Returns status. */
tamis_status tamis_task_read_grades(const tamis_task_env *env, uint32_t batch, tamis_status status);

typedef struct tamis_grades_cursor tamis_grades_cursor;

/* Over all batches; file: GRADES or VERDICTS; wanted: tamis/grades.h. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_grades_cursor_create(const tamis_task_env *env, tamis_result_file file,
                                        unsigned wanted, tamis_grades_cursor **out_cursor,
                                        tamis_err *err);
/* The row of that ord, which must not be below the one before; valid until the next call.
 * *out_found is false where there is none. */
TAMIS_MUST_USE
tamis_status tamis_grades_cursor_get(tamis_grades_cursor *cursor, tamis_ord ord,
                                     tamis_grades_row *out_row, bool *out_found, tamis_err *err);
/* Names of the file of the batch that the last _get was about. */
const tamis_grades_reader *tamis_grades_cursor_reader(const tamis_grades_cursor *cursor);
void tamis_grades_cursor_destroy(tamis_grades_cursor *cursor); /* NULL is allowed */

#endif
