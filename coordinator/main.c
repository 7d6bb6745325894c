/* SPDX-License-Identifier: Apache-2.0 */
/* tamis-coordinator: decides who computes what, and remembers what is finished. */
#include "coordinator_main.h"
#include "local_tasks.h"
#include "tamis/failpoint.h"

int main(int argument_count, char **arguments)
{
    if (tamis_failpoint_list(argument_count, arguments)) {
        return 0;
    }
    return tamis_coordinator_main(argument_count, arguments, tamis_local_tasks());
}
