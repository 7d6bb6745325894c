/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <inttypes.h>

bool sim_has_faults(const sim_state *sim)
{
    return sim->now_ms < SIM_FAULTS_END_MS;
}

uint64_t sim_below(sim_state *sim, uint64_t bound)
{
    return tamis_rng_below(&sim->rng, bound);
}

bool sim_chance(sim_state *sim, unsigned per_mille)
{
    return tamis_rng_below(&sim->rng, 1000) < per_mille;
}

uint64_t sim_clock(const sim_state *sim, uint32_t node)
{
    const sim_node *of = &sim->nodes[node];

    return sim->now_ms + of->clock_ahead_ms - of->clock_lag_ms;
}

/* ---- Events, in the order of time --------------------------------------------------------------
 */

static bool is_before(const sim_event *a, const sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(sim_state *sim, size_t a, size_t b)
{
    sim_event event = sim->heap[a];

    sim->heap[a] = sim->heap[b];
    sim->heap[b] = event;
}

static void add_event(sim_state *sim, const sim_event *event)
{
    size_t at = sim->heap_count;

    if (sim->heap_count == sim->heap_capacity) {
        sim->heap_capacity = sim->heap_capacity == 0 ? 256 : sim->heap_capacity * 2;
        sim->heap = reallocarray(sim->heap, sim->heap_capacity, sizeof(*sim->heap));
        SIM_REQUIRE(sim->heap != NULL);
    }
    sim->heap[sim->heap_count++] = *event;
    while (at != 0 && is_before(&sim->heap[at], &sim->heap[(at - 1) / 2])) {
        swap(sim, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

void sim_schedule(sim_state *sim, uint64_t delay_ms, sim_event event)
{
    event.at_ms = sim->now_ms + delay_ms;
    event.order = sim->next_order++;
    add_event(sim, &event);
}

static sim_event take_event(sim_state *sim)
{
    sim_event event = sim->heap[0];
    size_t at = 0;

    sim->heap[0] = sim->heap[--sim->heap_count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sim->heap_count; child++) {
            least = is_before(&sim->heap[child], &sim->heap[least]) ? child : least;
        }
        if (least == at) {
            return event;
        }
        swap(sim, at, least);
        at = least;
    }
}

/* ---- What happens to whom ----------------------------------------------------------------------
 */

/* SIM_NODES: to no process. */
static uint32_t node_of(const sim_event *event)
{
    switch (event->kind) {
    case SIM_DELIVER:
        return event->packet->to;
    case SIM_DRAIN:
    case SIM_COORDINATOR_TICK:
    case SIM_COORDINATOR_SYNCED:
    case SIM_LOCAL_END:
        return SIM_COORDINATOR;
    case SIM_WORKER_TICK:
    case SIM_ATTEMPT_STEP:
    case SIM_ATTEMPT_END:
    case SIM_ATTEMPT_PUBLISHED:
    case SIM_JOB_DROPPED:
    case SIM_EPOCH_PERSISTED:
        return SIM_WORKER_0 + event->node;
    case SIM_COORDINATOR_START:
    case SIM_GHOST_TICK:
    case SIM_WORKER_START:
    case SIM_CLIENT_TICK:
    case SIM_FAULT:
    default:
        return SIM_NODES;
    }
}

static bool is_void(const sim_state *sim, const sim_event *event)
{
    uint32_t node = node_of(event);

    if (node == SIM_NODES || event->kind == SIM_DELIVER) {
        return false;
    }
    if (node == SIM_COORDINATOR) {
        return sim->core == NULL || event->incarnation != sim->coordinator_incarnation;
    }
    return sim->workers[event->node].core == NULL ||
           event->incarnation != sim->workers[event->node].incarnation;
}

/* When the process can look at the event: now, or when it goes on. */
static uint64_t held_until(const sim_state *sim, const sim_event *event)
{
    uint32_t node = node_of(event);
    uint64_t until_ms = node == SIM_NODES ? 0 : sim->nodes[node].paused_until_ms;

    if (until_ms < sim->now_ms) {
        until_ms = sim->now_ms;
    }
    if (node == SIM_COORDINATOR && event->kind != SIM_COORDINATOR_SYNCED &&
        sim->syncing_until_ms != 0) {
        uint64_t synced_ms = sim->syncing_until_ms + 1;

        until_ms = until_ms == sim->now_ms ? until_ms + 1 : until_ms; /* behind _SYNCED */
        until_ms = until_ms < synced_ms ? synced_ms : until_ms;
    }
    return until_ms;
}

static void perform(sim_state *sim, const sim_event *event)
{
    switch (event->kind) {
    case SIM_DELIVER:
        sim_deliver(sim, event->packet);
        break;
    case SIM_DRAIN:
        sim_coordinator_drain(sim);
        break;
    case SIM_COORDINATOR_TICK:
        sim_coordinator_tick(sim);
        break;
    case SIM_COORDINATOR_START:
        sim_coordinator_start(sim);
        break;
    case SIM_COORDINATOR_SYNCED:
        sim_coordinator_synced(sim);
        break;
    case SIM_LOCAL_END:
        sim_local_end(sim, event->fence);
        break;
    case SIM_GHOST_TICK:
        sim_ghost_tick(sim);
        break;
    case SIM_WORKER_TICK:
        sim_worker_tick(sim, event->node);
        break;
    case SIM_WORKER_START:
        sim_worker_start(sim, event->node);
        break;
    case SIM_ATTEMPT_STEP:
        sim_pull_step(sim, event->node, event->fence);
        break;
    case SIM_ATTEMPT_END:
        sim_attempt_end(sim, event->node, event->fence);
        break;
    case SIM_ATTEMPT_PUBLISHED:
        sim_attempt_published(sim, event->node, event->fence);
        break;
    case SIM_JOB_DROPPED:
        sim_job_dropped(sim, event->node, event->fence);
        break;
    case SIM_EPOCH_PERSISTED:
        sim_epoch_persisted(sim, event->node);
        break;
    case SIM_CLIENT_TICK:
        sim_client_tick(sim);
        break;
    case SIM_FAULT:
        sim_fault(sim);
        break;
    default:
        SIM_CHECK(sim, event->kind <= SIM_FAULT);
    }
}

/* ---- The run -----------------------------------------------------------------------------------
 */

/* Each seed has a character of its own: quiet ones too, so that the plain path is tested. */
static void choose_world(sim_state *sim)
{
    static const unsigned rates[] = {0, 5, 50, 200};
    sim_world *world = &sim->world;

    world->is_calm = sim_chance(sim, 200);
    world->drop_per_mille = rates[sim_below(sim, 4)];
    world->repeat_per_mille = rates[sim_below(sim, 4)];
    world->late_per_mille = sim_chance(sim, 500) ? 10 : 0;
    world->corrupt_per_mille = rates[sim_below(sim, 4)];
    world->is_in_order = sim_chance(sim, 500);
    world->fail_per_mille = rates[sim_below(sim, 3)];
    world->delay_max_ms = sim_chance(sim, 500) ? 5 : 400;
    world->task_max_ms = sim_chance(sim, 500) ? 50 : 1500;
    world->fault_every_ms = sim_chance(sim, 250) ? SIM_FAULTS_END_MS : 3000;
    world->is_shared = sim_chance(sim, 200);
    world->has_keys = sim->seed % 2 == 0;
    if (world->is_calm) {
        world->drop_per_mille = 0;
        world->repeat_per_mille = 0;
        world->late_per_mille = 0;
        world->corrupt_per_mille = 0;
        world->delay_max_ms = 5;
    }
    sim->worker_count = 1 + (uint32_t)sim_below(sim, SIM_WORKERS_MAX);
    world->is_cut = sim->worker_count > 1 && !world->is_calm && sim_chance(sim, 150);
}

static void begin(sim_state *sim)
{
    SIM_REQUIRE(tamis_store_memory_create("sim", &sim->store, NULL) == TAMIS_OK);
    tamis_store_memory_hold(sim->store, true);
    tamis_core_effects_init(&sim->effects);
    tamis_core_effects_init(&sim->ghost_effects);
    choose_world(sim);
    sim_jobs_create(sim);
    sim_disks_create(sim);
    for (uint32_t i = 0; i < sim->worker_count; i++) {
        tamis_worker_effects_init(&sim->workers[i].effects);
        sim_schedule(sim, sim_below(sim, 1000), (sim_event){.kind = SIM_WORKER_START, .node = i});
    }
    sim_schedule(sim, 0, (sim_event){.kind = SIM_COORDINATOR_START});
    sim_schedule(sim, 1, (sim_event){.kind = SIM_CLIENT_TICK});
    sim_schedule(sim, sim_below(sim, sim->world.fault_every_ms), (sim_event){.kind = SIM_FAULT});
    /* The last fault event mends what is broken. */
    sim_schedule(sim, SIM_FAULTS_END_MS, (sim_event){.kind = SIM_FAULT});
}

static bool is_over(const sim_state *sim)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        if (!sim->jobs[i].is_done) {
            return false;
        }
    }
    return true;
}

static void end(sim_state *sim)
{
    for (size_t i = 0; i < sim->heap_count; i++) {
        free(sim->heap[i].packet);
    }
    for (size_t i = 0; i < sim->inbox_count; i++) {
        free(sim->inbox[i]);
    }
    for (uint32_t i = 0; i < sim->worker_count; i++) {
        sim_worker_end(sim, i);
        tamis_worker_effects_fini(&sim->workers[i].effects);
    }
    sim_ghost_end(sim);
    tamis_coordinator_core_destroy(sim->core);
    tamis_core_effects_fini(&sim->effects);
    tamis_core_effects_fini(&sim->ghost_effects);
    tamis_store_close(sim->store);
    sim_disks_destroy(sim);
    sim_jobs_destroy(sim);
    free(sim->heap);
}

void sim_run(uint64_t seed, bool is_verbose, sim_totals *totals)
{
    sim_state *sim = calloc(1, sizeof(*sim));

    SIM_REQUIRE(sim != NULL);
    sim->seed = seed;
    sim->is_verbose = is_verbose;
    sim->rng.state = seed;
    begin(sim);
    while (!is_over(sim)) {
        sim_event event = take_event(sim);

        sim->now_ms = event.at_ms;
        sim_check_step(sim);
        event.at_ms = held_until(sim, &event);
        if (is_void(sim, &event)) {
            continue;
        }
        if (event.at_ms > sim->now_ms) {
            add_event(sim, &event);
        } else {
            perform(sim, &event);
        }
    }
    sim_check_end(sim);
    sim_say(sim, "seed %" PRIu64 " is done", seed);
    if (is_verbose) {
        sim_totals_print(&sim->totals);
    }
    sim_totals_add(totals, &sim->totals);
    end(sim);
    free(sim);
}

void sim_totals_add(sim_totals *to, const sim_totals *from)
{
#define TOTAL_ADD(name) to->name += from->name;
    SIM_TOTALS_TABLE(TOTAL_ADD)
#undef TOTAL_ADD
}

void sim_totals_print(const sim_totals *totals)
{
#define TOTAL_PRINT(name)                                                                          \
    (void)printf("%s%s %" PRIu64, separator, #name, totals->name), separator = ", ";
    const char *separator = "";

    SIM_TOTALS_TABLE(TOTAL_PRINT)
#undef TOTAL_PRINT
    (void)printf("\n");
}
