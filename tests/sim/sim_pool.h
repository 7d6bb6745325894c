/* SPDX-License-Identifier: Apache-2.0 */
/* sim_pool.h - runs many seeds in child processes, one a job, and tells which of them fail.
 *
 * A simulation that finds something aborts, and the process with it; the parent notes seed and
 * reason, and starts another child that goes on with the next seed.
 */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include "sim.h"
#include "tamis/planted.h"

#define SIM_JOBS_LIMIT   256
#define SIM_FAILURES_MAX 64
#define SIM_REASON_SIZE  512

typedef struct sim_failure {
    uint64_t seed;
    char reason[SIM_REASON_SIZE]; /* first line of what it said */
} sim_failure;

typedef struct sim_pool {
    /* What to run. */
    const uint64_t *listed; /* these first */
    size_t listed_count;
    uint64_t first_seed; /* then count seeds from here on */
    uint64_t count;
    double seconds; /* no seed starts later; 0: no end */
    unsigned jobs;
    size_t failures_max; /* stop after so many; at most SIM_FAILURES_MAX */
    bool is_verbose;
    bool is_quiet;             /* the reasons are not told on stderr */
    bool is_progress_shown;    /* a line a minute */
    const char *failures_path; /* failing seeds are appended here at once; NULL: nowhere */
    /* What came out. */
    sim_failure failures[SIM_FAILURES_MAX];
    size_t failure_count;
    uint64_t runs;
    sim_totals totals;
    double took_seconds;
} sim_pool;

/* Ends the process when the system gives it no child or memory. */
void sim_pool_run(sim_pool *pool);

/* ---- planted.c ------------------------------------------------------------------------------- */

const char *sim_plant_name(tamis_plant plant);
const char *sim_plant_what(tamis_plant plant);
/* TAMIS_PLANT_COUNT: no such name. */
tamis_plant sim_plant_of(const char *name);
/* Chooses the mistake that this process makes. False: it was not built with any. */
bool sim_plant(tamis_plant plant);

#endif
