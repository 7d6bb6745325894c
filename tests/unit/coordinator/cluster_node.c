/* SPDX-License-Identifier: Apache-2.0 */
/* The programs tamis-coordinator and tamis-worker with fake tasks:
 *   cluster_node coordinator|worker OPTION... */
#include <string.h>

#include "coordinator_main.h"
#include "fake_job.h"
#include "worker_main.h"

int main(int argument_count, char **arguments)
{
    bool is_coordinator = argument_count > 1 && strcmp(arguments[1], "coordinator") == 0;

    return is_coordinator ? tamis_coordinator_main(argument_count - 1, arguments + 1, fake_tasks())
                          : tamis_worker_main(argument_count - 1, arguments + 1, fake_tasks());
}
