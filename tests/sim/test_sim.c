/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the control plane comes through whatever a network and dying processes do to it.
 * Method: seeded simulations (sim.h); test_sim [--seed=N] [--count=N] [--verbose]. */
#include <inttypes.h>
#include <time.h>

#include "sim.h"

#define SEED_DEFAULT  1
#define COUNT_DEFAULT 2000

static uint64_t number_of(const char *argument, const char *name, uint64_t otherwise)
{
    size_t length = strlen(name);

    return strncmp(argument, name, length) == 0 ? strtoull(argument + length, NULL, 10) : otherwise;
}

int main(int argument_count, char **arguments)
{
    uint64_t seed = SEED_DEFAULT;
    uint64_t count = COUNT_DEFAULT;
    uint64_t steps = 0;
    bool is_verbose = false;
    struct timespec began;
    struct timespec ended;
    double seconds = 0;

    for (int i = 1; i < argument_count; i++) {
        seed = number_of(arguments[i], "--seed=", seed);
        count = number_of(arguments[i], "--count=", count);
        is_verbose = is_verbose || strcmp(arguments[i], "--verbose") == 0;
    }
    (void)printf("seeds %" PRIu64 " to %" PRIu64 "\n", seed, seed + count - 1);
    (void)fflush(stdout);
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    for (uint64_t i = 0; i < count; i++) {
        sim_run(seed + i, is_verbose, &steps);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &ended);
    seconds = (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
    (void)printf("%" PRIu64 " runs, %" PRIu64 " steps, %.1f s, %.0f steps/s\n", count, steps,
                 seconds, (double)steps / seconds);
    return 0;
}
