/* SPDX-License-Identifier: Apache-2.0 */
/* each_kernel.h - runs a test body once for every kernel; those that the machine lacks are said to
 * be skipped.
 */
#ifndef TAMIS_TEST_EACH_KERNEL_H
#define TAMIS_TEST_EACH_KERNEL_H

#include "tamis/cpu.h"

#include <stdio.h>

static inline void each_kernel(void (*body)(void))
{
    tamis_kernel before = tamis_kernel_best();

    for (int kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (!tamis_kernel_is_available((tamis_kernel)kernel)) {
            (void)printf("kernel %s: skipped, this machine lacks it\n",
                         tamis_kernel_name((tamis_kernel)kernel));
            continue;
        }
        tamis_kernel_set((tamis_kernel)kernel);
        body();
    }
    tamis_kernel_set(before);
}

#endif
