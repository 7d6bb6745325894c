/* SPDX-License-Identifier: Apache-2.0 */
/* worker_tasks.h - the table of the task functions that workers run.
 *
 * One function a kind of stage, each in worker/task_<kind>.c; kinds that run beside the coordinator
 * (coordinator/local_tasks.h) are NULL here.
 *
 * Pure.
 */
#ifndef TAMIS_WORKER_TASKS_H
#define TAMIS_WORKER_TASKS_H

#include "tamis/task.h"

const tamis_task_table *tamis_worker_tasks(void);

#endif
