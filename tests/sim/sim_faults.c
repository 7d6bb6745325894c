/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

static uint32_t any_worker(sim_state *sim)
{
    return (uint32_t)sim_below(sim, sim->worker_count);
}

/* One of those that have a process: the coordinator or a worker. */
static uint32_t any_node(sim_state *sim)
{
    return (uint32_t)sim_below(sim, 1 + sim->worker_count);
}

/* Its process dies with it; the next one finds an empty disk. The ledger is elsewhere. */
static void lose_disk(sim_state *sim)
{
    uint32_t node = any_node(sim);

    sim->totals.lost_disks++;
    sim_say(sim, "the disk of node %u is lost", node);
    if (node == SIM_COORDINATOR) {
        sim_coordinator_crash(sim, SIM_DEATH_PROCESS);
    } else {
        sim_worker_crash(sim, node - SIM_WORKER_0);
        sim->workers[node - SIM_WORKER_0].epochs = (tamis_epochs){.count = 0};
    }
    sim_disk_replace(sim, node);
}

/* A result goes bad where it lies: whoever reads it sees that. */
static void spoil_result(sim_state *sim)
{
    const sim_job *job = &sim->jobs[sim_below(sim, sim->job_count)];
    sim_result *result =
        sim->nodes[any_node(sim)].results[job->index][sim_below(sim, job->task_count)];

    if (result != NULL) {
        sim->totals.spoiled++;
        result->is_corrupt = true;
    }
}

/* One way or both, and back again. */
static void partition(sim_state *sim)
{
    uint32_t a = any_node(sim);
    uint32_t b = any_node(sim);
    bool is_cut = !sim->nodes[a].is_cut_to[b];
    bool is_one_way = sim_chance(sim, 400);

    if (a == b) {
        return;
    }
    sim->totals.partitions++;
    sim_say(sim, "from %u to %u %s%s", a, b, is_cut ? "cut" : "mended",
            is_one_way ? ", one way" : "");
    sim->nodes[a].is_cut_to[b] = is_cut;
    if (!is_one_way) {
        sim->nodes[b].is_cut_to[a] = is_cut;
    }
}

/* SIGSTOP and SIGCONT, or a virtual machine that is suspended: then its clock stands still too. */
static void pause_node(sim_state *sim)
{
    sim_node *node = &sim->nodes[any_node(sim)];
    uint64_t pause_ms = 1 + sim_below(sim, sim_chance(sim, 500) ? 500 : 6000);

    sim->totals.pauses++;
    sim_say(sim, "node %td stands still for %llu ms", node - sim->nodes,
            (unsigned long long)pause_ms);
    if (node->paused_until_ms <= sim->now_ms) {
        node->paused_until_ms = sim->now_ms + pause_ms;
        if (sim_chance(sim, 300)) {
            node->clock_lag_ms += pause_ms;
            sim->is_clock_false = true;
        }
    }
}

static void jump_clock(sim_state *sim)
{
    sim_node *node = &sim->nodes[any_node(sim)];

    sim->totals.clock_jumps++;
    sim->is_clock_false = true;
    node->clock_ahead_ms += sim_below(sim, sim_chance(sim, 700) ? 3000 : 100000);
}

static void slow_disk(sim_state *sim)
{
    sim_node *node = &sim->nodes[any_node(sim)];

    sim->totals.slow_disks += node->sync_max_ms == 0;
    node->sync_max_ms = node->sync_max_ms != 0 ? 0 : 1 + (unsigned)sim_below(sim, 1500);
}

static void fill_disk(sim_state *sim)
{
    sim_node *node = &sim->nodes[any_node(sim)];

    sim->totals.full_disks += !node->is_disk_full;
    node->is_disk_full = !node->is_disk_full;
}

void sim_mend(sim_state *sim)
{
    for (uint32_t a = 0; a < SIM_NODES; a++) {
        sim_node *node = &sim->nodes[a];

        memset(node->is_cut_to, 0, sizeof(node->is_cut_to));
        node->sync_max_ms = 0;
        node->is_disk_full = false;
    }
    sim->nodes[SIM_WORKER_0].is_cut_to[SIM_WORKER_0 + 1] = sim->world.is_cut;
    sim->nodes[SIM_WORKER_0 + 1].is_cut_to[SIM_WORKER_0] = sim->world.is_cut;
}

/* What happens where the world is calm otherwise. */
static void kill_somebody(sim_state *sim)
{
    switch (sim_below(sim, 6)) {
    case 0:
        sim_coordinator_crash(sim, SIM_DEATH_PROCESS);
        break;
    case 1:
        sim_coordinator_crash(sim, SIM_DEATH_POWER);
        break;
    case 2:
        sim_worker_stop(sim, any_worker(sim));
        break;
    case 3:
        lose_disk(sim);
        break;
    default:
        sim_worker_crash(sim, any_worker(sim));
        break;
    }
}

void sim_fault(sim_state *sim)
{
    if (!sim_has_faults(sim)) {
        sim_mend(sim);
        return;
    }
    switch (sim->world.is_calm ? 0 : sim_below(sim, 11)) {
    case 0:
    case 1:
    case 2:
    case 3:
        kill_somebody(sim);
        break;
    case 4:
    case 5:
        partition(sim);
        break;
    case 6:
        pause_node(sim);
        break;
    case 7:
        jump_clock(sim);
        break;
    case 8:
        slow_disk(sim);
        break;
    case 9:
        spoil_result(sim);
        break;
    default:
        fill_disk(sim);
        break;
    }
    sim_schedule(sim, 1 + sim_below(sim, sim->world.fault_every_ms),
                 (sim_event){.kind = SIM_FAULT});
}
