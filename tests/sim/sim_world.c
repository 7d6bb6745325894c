/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <inttypes.h>

bool sim_has_faults(const sim_state *sim)
{
    return sim->now_ms < SIM_FAULTS_END_MS;
}

bool sim_chance(sim_state *sim, unsigned per_mille)
{
    return tamis_rng_below(&sim->rng, 1000) < per_mille;
}

/* ---- Events, in the order of time -------------------------------------------------------------
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

void sim_schedule(sim_state *sim, uint64_t delay_ms, sim_event event)
{
    size_t at = sim->heap_count;

    if (sim->heap_count == sim->heap_capacity) {
        sim->heap_capacity = sim->heap_capacity == 0 ? 256 : sim->heap_capacity * 2;
        sim->heap = reallocarray(sim->heap, sim->heap_capacity, sizeof(*sim->heap));
        SIM_CHECK(sim, sim->heap != NULL);
    }
    event.at_ms = sim->now_ms + delay_ms;
    event.order = sim->next_order++;
    sim->heap[sim->heap_count++] = event;
    while (at != 0 && is_before(&sim->heap[at], &sim->heap[(at - 1) / 2])) {
        swap(sim, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
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

/* ---- Network ----------------------------------------------------------------------------------
 */

static uint32_t worker_of(const sim_state *sim, tamis_slice peer)
{
    for (uint32_t i = 0; i < sim->worker_count; i++) {
        if (tamis_slice_is_equal(peer, tamis_slice_of_string(sim->workers[i].name))) {
            return i;
        }
    }
    return UINT32_MAX; /* the client, or one that has died */
}

static void send_once(sim_state *sim, bool to_coordinator, tamis_slice peer, tamis_slice control,
                      tamis_slice bulk)
{
    sim_packet *packet = malloc(sizeof(*packet) + control.size + bulk.size);
    uint64_t delay_ms = 1;

    SIM_CHECK(sim, packet != NULL && peer.size <= sizeof(packet->peer));
    *packet = (sim_packet){
        .peer_size = peer.size,
        .to_coordinator = to_coordinator,
        .control_size = control.size,
        .bulk_size = bulk.size,
    };
    memcpy(packet->peer, peer.data, peer.size);
    memcpy(packet->bytes, control.data, control.size);
    if (bulk.size != 0) {
        memcpy(packet->bytes + control.size, bulk.data, bulk.size);
    }
    if (sim_has_faults(sim)) {
        delay_ms += tamis_rng_below(&sim->rng, sim->delay_max_ms + 1);
        delay_ms += sim_chance(sim, 10) ? tamis_rng_below(&sim->rng, 5000) : 0;
    }
    sim_schedule(sim, delay_ms, (sim_event){.kind = SIM_DELIVER, .packet = packet});
}

void sim_send(sim_state *sim, bool to_coordinator, tamis_slice peer, tamis_slice control,
              tamis_slice bulk)
{
    uint32_t worker = worker_of(sim, peer);
    bool is_lost = worker != UINT32_MAX && sim->workers[worker].is_partitioned;

    sim->totals.packets++;
    if (is_lost || (sim_has_faults(sim) && sim_chance(sim, sim->drop_per_mille))) {
        return;
    }
    send_once(sim, to_coordinator, peer, control, bulk);
    if (sim_has_faults(sim) && sim_chance(sim, sim->repeat_per_mille)) {
        send_once(sim, to_coordinator, peer, control, bulk);
    }
}

static void deliver(sim_state *sim, sim_packet *packet)
{
    tamis_slice peer = tamis_slice_of(packet->peer, packet->peer_size);
    uint32_t worker = worker_of(sim, peer);

    if (packet->to_coordinator) {
        sim_coordinator_receive(sim, packet);
        return;
    }
    if (worker != UINT32_MAX) {
        if (sim->workers[worker].core != NULL && !sim->workers[worker].is_partitioned) {
            sim_worker_receive(sim, worker, packet);
        }
    } else if (tamis_slice_is_equal(peer, tamis_slice_of_string("client"))) {
        sim_client_receive(sim, packet);
    }
    free(packet);
}

/* ---- Faults -----------------------------------------------------------------------------------
 */

/* A disk is lost while its worker and the coordinator are down: what a coordinator sees at its
 * start is what it goes by. */
static void lose_disk(sim_state *sim, uint32_t worker)
{
    sim_worker_crash(sim, worker);
    sim_coordinator_crash(sim);
    sim_wipe(sim, worker);
}

static void fault(sim_state *sim)
{
    uint32_t worker = (uint32_t)tamis_rng_below(&sim->rng, sim->worker_count);

    if (!sim_has_faults(sim)) {
        for (uint32_t i = 0; i < sim->worker_count; i++) {
            sim->workers[i].is_partitioned = false;
        }
        return;
    }
    switch (tamis_rng_below(&sim->rng, 10)) {
    case 0:
    case 1:
        sim_coordinator_crash(sim);
        break;
    case 2:
    case 3:
    case 4:
        sim_worker_crash(sim, worker);
        break;
    case 5:
        sim_worker_stop(sim, worker);
        break;
    case 6:
        lose_disk(sim, worker);
        break;
    default:
        sim->workers[worker].is_partitioned = !sim->workers[worker].is_partitioned;
        break;
    }
    sim_schedule(sim, 1 + tamis_rng_below(&sim->rng, sim->fault_every_ms),
                 (sim_event){.kind = SIM_FAULT});
}

/* ---- The run ----------------------------------------------------------------------------------
 */

static bool is_void(const sim_state *sim, const sim_event *event)
{
    switch (event->kind) {
    case SIM_DRAIN:
    case SIM_COORDINATOR_TICK:
    case SIM_LOCAL_END:
        return sim->core == NULL || event->incarnation != sim->coordinator_incarnation;
    case SIM_WORKER_TICK:
    case SIM_ATTEMPT_END:
    case SIM_ATTEMPT_PUBLISH:
    case SIM_JOB_DROPPED:
        return sim->workers[event->node].core == NULL ||
               event->incarnation != sim->workers[event->node].incarnation;
    case SIM_DELIVER:
    case SIM_COORDINATOR_START:
    case SIM_WORKER_START:
    case SIM_CLIENT_TICK:
    case SIM_FAULT:
    default:
        return false;
    }
}

static void perform(sim_state *sim, const sim_event *event)
{
    switch (event->kind) {
    case SIM_DELIVER:
        deliver(sim, event->packet);
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
    case SIM_LOCAL_END:
        sim_local_end(sim, event->fence);
        break;
    case SIM_WORKER_TICK:
        sim_worker_tick(sim, event->node);
        break;
    case SIM_WORKER_START:
        sim_worker_start(sim, event->node);
        break;
    case SIM_ATTEMPT_END:
        sim_attempt_end(sim, event->node, event->fence);
        break;
    case SIM_ATTEMPT_PUBLISH:
        sim_attempt_publish(sim, event->node, event->fence);
        break;
    case SIM_JOB_DROPPED:
        sim_job_dropped(sim, event->node, event->fence);
        break;
    case SIM_CLIENT_TICK:
        sim_client_tick(sim);
        break;
    case SIM_FAULT:
        fault(sim);
        break;
    default:
        SIM_CHECK(sim, event->kind <= SIM_FAULT);
    }
}

/* Each seed has a character of its own: quiet ones too, so that the plain path is tested. */
static void choose_world(sim_state *sim)
{
    static const unsigned rates[] = {0, 5, 50, 200};

    sim->drop_per_mille = rates[tamis_rng_below(&sim->rng, 4)];
    sim->repeat_per_mille = rates[tamis_rng_below(&sim->rng, 4)];
    sim->fail_per_mille = rates[tamis_rng_below(&sim->rng, 3)];
    sim->delay_max_ms = sim_chance(sim, 500) ? 5 : 400;
    sim->task_max_ms = sim_chance(sim, 500) ? 50 : 1500;
    sim->fault_every_ms = sim_chance(sim, 250) ? SIM_FAULTS_END_MS : 3000;
    sim->worker_count = 1 + (uint32_t)tamis_rng_below(&sim->rng, SIM_WORKERS_MAX);
}

static void begin(sim_state *sim)
{
    SIM_CHECK(sim, tamis_store_memory_create("sim", &sim->store, NULL) == TAMIS_OK);
    tamis_core_effects_init(&sim->effects);
    choose_world(sim);
    sim_jobs_create(sim);
    for (uint32_t i = 0; i < sim->worker_count; i++) {
        (void)snprintf(sim->workers[i].folder, sizeof(sim->workers[i].folder), "/w%u", i);
        tamis_worker_effects_init(&sim->workers[i].effects);
        sim_schedule(sim, tamis_rng_below(&sim->rng, 1000),
                     (sim_event){.kind = SIM_WORKER_START, .node = i});
    }
    sim_schedule(sim, 0, (sim_event){.kind = SIM_COORDINATOR_START});
    sim_schedule(sim, 1, (sim_event){.kind = SIM_CLIENT_TICK});
    sim_schedule(sim, tamis_rng_below(&sim->rng, sim->fault_every_ms),
                 (sim_event){.kind = SIM_FAULT});
    /* The last fault event mends what is partitioned. */
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
        tamis_worker_core_destroy(sim->workers[i].core);
        tamis_worker_effects_fini(&sim->workers[i].effects);
    }
    tamis_coordinator_core_destroy(sim->core);
    tamis_core_effects_fini(&sim->effects);
    tamis_store_close(sim->store);
    sim_jobs_destroy(sim);
    free(sim->heap);
}

void sim_run(uint64_t seed, bool is_verbose, sim_totals *totals)
{
    sim_state *sim = calloc(1, sizeof(*sim));

    if (sim == NULL) {
        abort();
    }
    sim->seed = seed;
    sim->is_verbose = is_verbose;
    sim->rng.state = seed;
    begin(sim);
    while (!is_over(sim)) {
        sim_event event = take_event(sim);

        sim->now_ms = event.at_ms;
        SIM_CHECK(sim, sim->now_ms < SIM_FAULTS_END_MS + SIM_GRACE_MS); /* it gets on again */
        if (!is_void(sim, &event)) {
            perform(sim, &event);
        }
    }
    sim_check_end(sim);
    if (is_verbose) {
        (void)printf("seed %" PRIu64 ": done at %" PRIu64 " ms, %" PRIu64 " steps, %" PRIu64
                     " packets, %" PRIu64 " crashes\n",
                     seed, sim->now_ms, sim->totals.steps, sim->totals.packets,
                     sim->totals.crashes);
    }
    sim_totals_add(totals, &sim->totals);
    end(sim);
    free(sim);
}

void sim_totals_add(sim_totals *to, const sim_totals *from)
{
    to->steps += from->steps;
    to->packets += from->packets;
    to->crashes += from->crashes;
}

void sim_totals_print(const sim_totals *totals)
{
    (void)printf("%" PRIu64 " steps, %" PRIu64 " packets, %" PRIu64 " crashes\n", totals->steps,
                 totals->packets, totals->crashes);
}
