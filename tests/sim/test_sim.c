/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the control plane comes through whatever a network, disks and dying processes do to it.
 * Method: seeded simulations (sim.h), several processes side by side; every seed that fails is told
 * with its reason. Built with planted mistakes (planted.h), it also shows that it finds them. */
#include <inttypes.h>
#include <unistd.h>

#include "sim_pool.h"

#define SEED_DEFAULT        1
#define COUNT_DEFAULT       2000
#define PLANT_COUNT_DEFAULT 3000 /* seeds within which each mistake must be found */
#define LISTED_MAX          4096

typedef struct arguments {
    sim_pool pool;
    uint64_t listed[LISTED_MAX];
    const char *plant; /* NULL: none */
    bool has_count;
    bool is_list_wanted;
} arguments;

static const char usage[] =
    "test_sim - simulates the control plane under faults\n"
    "  --seed=N        first seed (1)\n"
    "  --count=N       so many seeds (2000; with --plant 3000)\n"
    "  --jobs=N        processes side by side (1; 0: one for each processor)\n"
    "  --seconds=N     start no seed later\n"
    "  --seeds=FILE    run the seeds of this file first, one a line\n"
    "  --failures=FILE append the seeds that fail\n"
    "  --plant=NAME    make that mistake; succeeds when a seed finds it; all: each in turn\n"
    "  --list-plants   tell the mistakes that can be made\n"
    "  --verbose       tell what happens\n";

static _Noreturn void refuse(const char *what, const char *argument)
{
    (void)fprintf(stderr, "test_sim: %s: %s\n%s", argument, what, usage);
    exit(2);
}

static bool take(const char *argument, const char *name, const char **out_value)
{
    size_t length = strlen(name);

    if (strncmp(argument, name, length) != 0) {
        return false;
    }
    *out_value = argument + length;
    return true;
}

static uint64_t number(const char *argument, const char *text)
{
    char *end = NULL;
    uint64_t value = strtoull(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != 0) {
        refuse("a number is expected", argument);
    }
    return value;
}

static void read_seeds(arguments *all, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[1024];

    if (file == NULL) {
        refuse("cannot be read", path);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        char *end = NULL;
        uint64_t seed = strtoull(line, &end, 10);

        if (end != line) { /* no comment, not empty */
            SIM_REQUIRE(all->pool.listed_count < LISTED_MAX);
            all->listed[all->pool.listed_count++] = seed;
        }
    }
    (void)fclose(file);
}

static void read_argument(arguments *all, const char *argument)
{
    const char *value = NULL;

    if (take(argument, "--seed=", &value)) {
        all->pool.first_seed = number(argument, value);
    } else if (take(argument, "--count=", &value)) {
        all->pool.count = number(argument, value);
        all->has_count = true;
    } else if (take(argument, "--jobs=", &value)) {
        uint64_t jobs = number(argument, value);
        long processors = sysconf(_SC_NPROCESSORS_ONLN);

        all->pool.jobs = jobs != 0 ? (unsigned)jobs : (unsigned)(processors > 0 ? processors : 1);
        if (all->pool.jobs > SIM_JOBS_LIMIT) {
            refuse("too many", argument);
        }
    } else if (take(argument, "--seconds=", &value)) {
        all->pool.seconds = (double)number(argument, value);
        all->pool.is_progress_shown = true;
    } else if (take(argument, "--seeds=", &value)) {
        read_seeds(all, value);
    } else if (take(argument, "--failures=", &value)) {
        all->pool.failures_path = value;
    } else if (take(argument, "--plant=", &value)) {
        all->plant = value;
    } else if (strcmp(argument, "--list-plants") == 0) {
        all->is_list_wanted = true;
    } else if (strcmp(argument, "--verbose") == 0) {
        all->pool.is_verbose = true;
    } else {
        refuse("no such option", argument);
    }
}

static void list_plants(void)
{
    for (int i = TAMIS_PLANT_NONE + 1; i < TAMIS_PLANT_COUNT; i++) {
        (void)printf("%-24s %s\n", sim_plant_name((tamis_plant)i), sim_plant_what((tamis_plant)i));
    }
}

/* ---- Without mistakes ------------------------------------------------------------------------ */

static int run_plain(arguments *all)
{
    sim_pool *pool = &all->pool;

    (void)printf("seeds from %" PRIu64 " on, after %zu kept ones, %u jobs\n", pool->first_seed,
                 pool->listed_count, pool->jobs);
    sim_pool_run(pool);
    for (size_t i = 0; i < pool->failure_count; i++) {
        (void)printf("FAILED seed %" PRIu64 ": %s\n  repeat: test_sim --seed=%" PRIu64
                     " --count=1 --verbose\n",
                     pool->failures[i].seed, pool->failures[i].reason, pool->failures[i].seed);
    }
    (void)printf("%" PRIu64 " runs, %zu failed, %.1f s: %.0f seeds/s, %.0f steps/s\n", pool->runs,
                 pool->failure_count, pool->took_seconds, (double)pool->runs / pool->took_seconds,
                 (double)pool->totals.steps / pool->took_seconds);
    sim_totals_print(&pool->totals);
    return pool->failure_count == 0 ? 0 : 1;
}

/* ---- With them ------------------------------------------------------------------------------- */

static bool find_plant(const arguments *all, tamis_plant plant)
{
    sim_pool pool = all->pool;

    if (!sim_plant(plant)) {
        refuse("this program was built without mistakes: use test_sim_planted", "--plant");
    }
    pool.failures_max = 1;
    pool.is_quiet = true;
    sim_pool_run(&pool);
    if (pool.failure_count == 0) {
        (void)printf("MISSED %-22s %s: %" PRIu64 " seeds did not find it\n", sim_plant_name(plant),
                     sim_plant_what(plant), pool.runs);
        return false;
    }
    (void)printf("found  %-22s by seed %-5" PRIu64 " after %.1f s: %s\n", sim_plant_name(plant),
                 pool.failures[0].seed, pool.took_seconds, pool.failures[0].reason);
    (void)fflush(stdout);
    return true;
}

static int run_planted(arguments *all)
{
    int missed = 0;

    all->pool.count = all->has_count ? all->pool.count : PLANT_COUNT_DEFAULT;
    if (strcmp(all->plant, "all") != 0) {
        tamis_plant plant = sim_plant_of(all->plant);

        if (plant == TAMIS_PLANT_COUNT) {
            refuse("no such mistake: see --list-plants", all->plant);
        }
        return find_plant(all, plant) ? 0 : 1;
    }
    for (int i = TAMIS_PLANT_NONE + 1; i < TAMIS_PLANT_COUNT; i++) {
        missed += !find_plant(all, (tamis_plant)i);
    }
    (void)printf("%d of %d mistakes were found\n", TAMIS_PLANT_COUNT - 1 - missed,
                 TAMIS_PLANT_COUNT - 1);
    return missed == 0 ? 0 : 1;
}

int main(int argument_count, char **argument_texts)
{
    static arguments all = {
        .pool = {.first_seed = SEED_DEFAULT, .count = COUNT_DEFAULT, .jobs = 1, .failures_max = 10},
    };

    all.pool.listed = all.listed;
    for (int i = 1; i < argument_count; i++) {
        if (strcmp(argument_texts[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            return 0;
        }
        read_argument(&all, argument_texts[i]);
    }
    if (all.is_list_wanted) {
        list_plants();
        return 0;
    }
    if (all.pool.seconds > 0 && !all.has_count) {
        all.pool.count = UINT64_MAX / 2;
        all.has_count = true;
        all.pool.failures_max = SIM_FAILURES_MAX;
    }
    return all.plant != NULL ? run_planted(&all) : run_plain(&all);
}
