/* SPDX-License-Identifier: Apache-2.0 */
/* local_stage_tasks.h - the functions behind tamis_local_tasks(): one a kind of stage that runs
 * beside the coordinator, because it needs all of a run in ord order: a pass over sorted pairs and
 * one bit a document.
 */
#ifndef TAMIS_LOCAL_STAGE_TASKS_H
#define TAMIS_LOCAL_STAGE_TASKS_H

#include "tamis/task.h"

tamis_status tamis_task_spool_plan(const tamis_task_env *env, tamis_task_result *result,
                                   tamis_err *err);
tamis_status tamis_task_resolve(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err);
tamis_status tamis_task_repoint(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err);
tamis_status tamis_task_quality(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err);
tamis_status tamis_task_report(const tamis_task_env *env, tamis_task_result *result,
                               tamis_err *err);

#endif
