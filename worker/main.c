/* SPDX-License-Identifier: Apache-2.0 */
/* tamis-worker: computes what a coordinator asks for. */
#include "tamis/failpoint.h"
#include "worker_main.h"
#include "worker_tasks.h"

int main(int argument_count, char **arguments)
{
    if (tamis_failpoint_list(argument_count, arguments)) {
        return 0;
    }
    return tamis_worker_main(argument_count, arguments, tamis_worker_tasks());
}
