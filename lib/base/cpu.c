/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/status.h"

/* -1: not decided yet. Relaxed: every thread that decides comes to the same result. */
static _Atomic int chosen_kernel = -1;

const char *tamis_kernel_name(tamis_kernel kernel)
{
    static const char *const names[TAMIS_KERNEL_COUNT] = {"scalar", "avx2", "avx512"};

    return names[kernel];
}

bool tamis_kernel_is_available(tamis_kernel kernel)
{
    if (kernel == TAMIS_KERNEL_SCALAR) {
        return true;
    }
#if defined(__x86_64__)
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");

    if (kernel == TAMIS_KERNEL_AVX2) {
        return has_avx2;
    }
    return has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vbmi2");
#else
    return false;
#endif
}

static tamis_kernel kernel_decide(void)
{
    const char *asked = getenv("TAMIS_KERNEL");
    int best = TAMIS_KERNEL_COUNT - 1;

    if (asked != NULL) {
        for (int kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
            if (strcmp(asked, tamis_kernel_name((tamis_kernel)kernel)) == 0) {
                best = kernel;
            }
        }
    }
    while (!tamis_kernel_is_available((tamis_kernel)best)) {
        best--;
    }
    return (tamis_kernel)best;
}

tamis_kernel tamis_kernel_best(void)
{
    int kernel = atomic_load_explicit(&chosen_kernel, memory_order_relaxed);

    if (kernel < 0) {
        kernel = (int)kernel_decide();
        atomic_store_explicit(&chosen_kernel, kernel, memory_order_relaxed);
    }
    return (tamis_kernel)kernel;
}

void tamis_kernel_set(tamis_kernel kernel)
{
    TAMIS_ASSERT(tamis_kernel_is_available(kernel));
    atomic_store_explicit(&chosen_kernel, (int)kernel, memory_order_relaxed);
}
