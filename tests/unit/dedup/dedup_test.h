/* SPDX-License-Identifier: Apache-2.0 */
/* dedup_test.h - what the tests of this folder share. */
#ifndef TAMIS_TESTS_DEDUP_TEST_H
#define TAMIS_TESTS_DEDUP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tamis/cpu.h"
#include "tamis/rng.h"

/* Makes objects of this test use `kernel`; skips the test where the machine lacks it. */
static inline void use_kernel(tamis_kernel kernel)
{
    if (!tamis_kernel_is_available(kernel)) {
        print_message("kernel %s: not on this machine, skipped\n", tamis_kernel_name(kernel));
        skip();
    }
    tamis_kernel_set(kernel);
}

/* A generator whose seed is printed, so that a failure can be repeated. */
static inline tamis_rng seeded_rng(uint64_t seed)
{
    print_message("seed %llu\n", (unsigned long long)seed);
    return (tamis_rng){.state = seed};
}

#endif
