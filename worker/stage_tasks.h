/* SPDX-License-Identifier: Apache-2.0 */
/* stage_tasks.h - the functions behind tamis_worker_tasks(): one a kind of stage (tamis/task.h says
 * what a task may do; docs/ARCHITECTURE.md what each reads and leaves).
 */
#ifndef TAMIS_STAGE_TASKS_H
#define TAMIS_STAGE_TASKS_H

#include "tamis/task.h"

tamis_status tamis_task_scan(const tamis_task_env *env, tamis_task_result *result, tamis_err *err);
tamis_status tamis_task_link(const tamis_task_env *env, tamis_task_result *result, tamis_err *err);
tamis_status tamis_task_pair_later(const tamis_task_env *env, tamis_task_result *result,
                                   tamis_err *err);
tamis_status tamis_task_pair_earlier(const tamis_task_env *env, tamis_task_result *result,
                                     tamis_err *err);
tamis_status tamis_task_spool(const tamis_task_env *env, tamis_task_result *result, tamis_err *err);
tamis_status tamis_task_text_later(const tamis_task_env *env, tamis_task_result *result,
                                   tamis_err *err);
tamis_status tamis_task_text_earlier(const tamis_task_env *env, tamis_task_result *result,
                                     tamis_err *err);
tamis_status tamis_task_witness(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err);
tamis_status tamis_task_emit(const tamis_task_env *env, tamis_task_result *result, tamis_err *err);

#endif
