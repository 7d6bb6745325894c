/* SPDX-License-Identifier: Apache-2.0 */
/* worker_main.h - the program tamis-worker, apart from the tasks that it runs.
 */
#ifndef TAMIS_WORKER_MAIN_H
#define TAMIS_WORKER_MAIN_H

#include "tamis/task.h"

/* Returns the exit code: 0, 1 failed, 2 usage, 4 coordinator out of reach, 128+n by signal n. */
int tamis_worker_main(int argument_count, char **arguments, const tamis_task_table *tasks);

#endif
