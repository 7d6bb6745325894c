/* SPDX-License-Identifier: Apache-2.0 */
/* tamis-worker: computes what a coordinator asks for. */
#include "tamis/failpoint.h"
#include "tamis/isolate.h"
#include "worker_main.h"
#include "worker_tasks.h"

int main(int argument_count, char **arguments)
{
    if (tamis_failpoint_list(argument_count, arguments)) {
        return 0;
    }
    if (tamis_isolate_is_asked(argument_count, arguments)) {
        return tamis_isolate_main(tamis_worker_tasks());
    }
    return tamis_worker_main(argument_count, arguments, tamis_worker_tasks());
}
