/* SPDX-License-Identifier: Apache-2.0 */
/* tamis-worker: computes what a coordinator asks for. */
#include "worker_main.h"
#include "worker_tasks.h"

int main(int argument_count, char **arguments)
{
    return tamis_worker_main(argument_count, arguments, tamis_worker_tasks());
}
