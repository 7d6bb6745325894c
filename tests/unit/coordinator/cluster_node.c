/* SPDX-License-Identifier: Apache-2.0 */
/* The programs tamis-coordinator and tamis-worker with fake tasks:
 *   cluster_node coordinator|worker OPTION... */
#include <string.h>

#include "coordinator_main.h"
#include "fake_job.h"
#include "tamis/isolate.h"
#include "worker_main.h"

int main(int argument_count, char **arguments)
{
    bool is_coordinator = argument_count > 1 && strcmp(arguments[1], "coordinator") == 0;

    if (tamis_isolate_is_asked(argument_count, arguments)) {
        return tamis_isolate_main(fake_tasks());
    }
    return is_coordinator ? tamis_coordinator_main(argument_count - 1, arguments + 1, fake_tasks())
                          : tamis_worker_main(argument_count - 1, arguments + 1, fake_tasks());
}
