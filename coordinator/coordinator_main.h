/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator_main.h - the program tamis-coordinator, apart from the tasks that it runs.
 */
#ifndef TAMIS_COORDINATOR_MAIN_H
#define TAMIS_COORDINATOR_MAIN_H

#include "tamis/task.h"

/* Returns the exit code: 0, 1 failed, 2 usage, 128+n by signal n. */
int tamis_coordinator_main(int argument_count, char **arguments, const tamis_task_table *tasks);

#endif
