/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_pool.h"

#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS     5
#define PROGRESS_S  60.0
#define REPORT_SIZE 4096

/* Shared with the children. */
typedef struct pool_slot {
    uint64_t seed; /* that runs; read by the parent when the child is dead */
    _Atomic uint64_t runs;
    sim_totals totals; /* of the runs that have ended */
} pool_slot;

typedef struct pool_page {
    _Atomic uint64_t next; /* index of the next seed */
    _Atomic bool is_ended; /* no more seeds are wanted */
    pool_slot slots[SIM_JOBS_LIMIT];
} pool_page;

typedef struct pool_child {
    pid_t pid; /* 0: none */
    int report;
} pool_child;

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Children -------------------------------------------------------------------------------- */

static _Noreturn void child_main(const sim_pool *pool, pool_page *page, pool_slot *slot, int report,
                                 double began)
{
    const struct rlimit no_core = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)dup2(report, STDERR_FILENO);
    while (!atomic_load(&page->is_ended)) {
        uint64_t index = atomic_fetch_add(&page->next, 1);

        if (index >= pool->listed_count + pool->count ||
            (pool->seconds > 0 && now_seconds() - began >= pool->seconds)) {
            break;
        }
        slot->seed = index < pool->listed_count ? pool->listed[index]
                                                : pool->first_seed + (index - pool->listed_count);
        sim_run(slot->seed, pool->is_verbose, &slot->totals);
        atomic_fetch_add(&slot->runs, 1);
    }
    (void)fflush(stdout);
    exit(0); /* with the leak check of sanitizers */
}

static void child_start(const sim_pool *pool, pool_page *page, unsigned index, pool_child *child,
                        double began)
{
    child->report = memfd_create("report", MFD_CLOEXEC);
    if (child->report < 0) {
        give_up("memfd_create");
    }
    (void)fflush(stdout);
    child->pid = fork();
    if (child->pid < 0) {
        give_up("fork");
    }
    if (child->pid == 0) {
        child_main(pool, page, &page->slots[index], child->report, began);
    }
}

static void note_failure(sim_pool *pool, const pool_slot *slot, int report)
{
    sim_failure *failure = &pool->failures[pool->failure_count++];
    char text[REPORT_SIZE];
    ssize_t size = pread(report, text, sizeof(text) - 1, 0);

    text[size > 0 ? size : 0] = 0;
    failure->seed = slot->seed;
    (void)snprintf(failure->reason, sizeof(failure->reason), "%.*s", (int)strcspn(text, "\n"),
                   text);
    if (!pool->is_quiet) {
        (void)fputs(text, stderr);
    }
    if (pool->failures_path != NULL) {
        FILE *file = fopen(pool->failures_path, "a");

        if (file == NULL) {
            give_up(pool->failures_path);
        }
        (void)fprintf(file, "%" PRIu64 "\t# %s\n", failure->seed, failure->reason);
        (void)fclose(file);
    }
}

/* Looks whether the child has ended; true: it has, and all seeds are done. */
static bool child_reap(sim_pool *pool, pool_page *page, unsigned index, pool_child *child,
                       double began)
{
    int how = 0;
    pid_t pid = waitpid(child->pid, &how, WNOHANG);

    if (pid == 0) {
        return false;
    }
    if (pid < 0) {
        give_up("waitpid");
    }
    if (how != 0) {
        note_failure(pool, &page->slots[index], child->report);
        if (pool->failure_count >= pool->failures_max) {
            atomic_store(&page->is_ended, true);
        }
    }
    (void)close(child->report);
    child->pid = 0;
    if (how != 0 && !atomic_load(&page->is_ended)) {
        child_start(pool, page, index, child, began);
        return false;
    }
    return true;
}

/* ---- Parent ---------------------------------------------------------------------------------- */

static void show_progress(const sim_pool *pool, const pool_page *page, double seconds)
{
    uint64_t runs = 0;

    for (unsigned i = 0; i < pool->jobs; i++) {
        runs += atomic_load(&page->slots[i].runs);
    }
    (void)printf("%7.0f s: %" PRIu64 " seeds, %.0f seeds/s, %zu failing\n", seconds, runs,
                 (double)runs / seconds, pool->failure_count);
    (void)fflush(stdout);
}

static void wait_for_all(sim_pool *pool, pool_page *page, pool_child *children, double began)
{
    unsigned left = pool->jobs;
    double shown = began;

    while (left != 0) {
        (void)poll(NULL, 0, POLL_MS);
        for (unsigned i = 0; i < pool->jobs; i++) {
            if (children[i].pid != 0 && child_reap(pool, page, i, &children[i], began)) {
                left--;
            }
        }
        if (pool->is_progress_shown && now_seconds() - shown >= PROGRESS_S) {
            shown = now_seconds();
            show_progress(pool, page, shown - began);
        }
    }
}

void sim_pool_run(sim_pool *pool)
{
    static pool_child children[SIM_JOBS_LIMIT];
    double began = now_seconds();
    pool_page *page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        give_up("mmap");
    }
    SIM_REQUIRE(pool->jobs >= 1 && pool->jobs <= SIM_JOBS_LIMIT);
    SIM_REQUIRE(pool->failures_max >= 1 && pool->failures_max <= SIM_FAILURES_MAX);
    for (unsigned i = 0; i < pool->jobs; i++) {
        child_start(pool, page, i, &children[i], began);
    }
    wait_for_all(pool, page, children, began);
    for (unsigned i = 0; i < pool->jobs; i++) {
        pool->runs += atomic_load(&page->slots[i].runs);
        sim_totals_add(&pool->totals, &page->slots[i].totals);
    }
    pool->took_seconds = now_seconds() - began;
    (void)munmap(page, sizeof(*page));
}
