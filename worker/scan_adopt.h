/* SPDX-License-Identifier: Apache-2.0 */
/* scan_adopt.h - SCAN of a refiltered run: what an earlier run's task left is taken over, and its
 * stored values are judged by another profile. No input is opened.
 *
 * Threads: belongs to the thread of its task.
 */
#ifndef TAMIS_SCAN_ADOPT_H
#define TAMIS_SCAN_ADOPT_H

#include "tamis/task.h"

/* For jobs with scan_from. TAMIS_EOUTSIDE: this process may open folders beneath roots alone.
 * TAMIS_EARG: the values that are stored do not suffice for the new profile. Errors of files. */
TAMIS_MUST_USE
tamis_status tamis_scan_adopt(const tamis_task_env *env, tamis_task_result *result, tamis_err *err);

#endif
