/* SPDX-License-Identifier: Apache-2.0 */
/* tamis-coordinator: decides who computes what, and remembers what is finished. */
#include "coordinator_main.h"
#include "local_tasks.h"

int main(int argument_count, char **arguments)
{
    return tamis_coordinator_main(argument_count, arguments, tamis_local_tasks());
}
