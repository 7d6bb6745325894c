/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h - seeded pseudo-random numbers for simulation, jitter and tests.
 *
 * SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same seed gives the same numbers everywhere.
 * Not for secrets.
 */
#ifndef TAMIS_RNG_H
#define TAMIS_RNG_H

#include <stdint.h>

typedef struct tamis_rng {
    uint64_t state;
} tamis_rng;

static inline uint64_t tamis_rng_next(tamis_rng *rng)
{
    uint64_t x = rng->state += 0x9e3779b97f4a7c15ull;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

/* Uniform in [0, bound); bound > 0. The bias (below bound / 2^64) does not matter here. */
static inline uint64_t tamis_rng_below(tamis_rng *rng, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;

    return (uint64_t)(((wide)tamis_rng_next(rng) * bound) >> 64);
}

#endif
