/* SPDX-License-Identifier: Apache-2.0 */
/* local_tasks.h - the table of the task functions that run beside the coordinator.
 *
 * QUALITY, SPOOL_PLAN, RESOLVE, REPOINT, REPORT, each in coordinator/local_<kind>.c; kinds that
 * workers run (worker/worker_tasks.h) are NULL here.
 *
 * Pure.
 */
#ifndef TAMIS_LOCAL_TASKS_H
#define TAMIS_LOCAL_TASKS_H

#include "tamis/task.h"

const tamis_task_table *tamis_local_tasks(void);

#endif
