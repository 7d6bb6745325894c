/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

tamis_slice sim_packet_control(const sim_packet *packet)
{
    return tamis_slice_of(packet->bytes, packet->control_size);
}

tamis_slice sim_packet_bulk(const sim_packet *packet)
{
    return tamis_slice_of(packet->bytes + packet->control_size, packet->bulk_size);
}

uint32_t sim_node_of(const sim_state *sim, tamis_slice peer)
{
    for (uint32_t i = 0; i < sim->worker_count; i++) {
        if (tamis_slice_is_equal(peer, tamis_slice_of_string(sim->workers[i].name))) {
            return SIM_WORKER_0 + i;
        }
    }
    return peer.size != 0 && peer.data[0] == 'c' ? SIM_CLIENT : SIM_NODES; /* "client-0" */
}

static uint64_t choose_delay(sim_state *sim, uint32_t from, uint32_t to)
{
    uint64_t delay_ms = 1;
    uint64_t *last_ms = &sim->last_arrival_ms[from][to];

    if (!sim_has_faults(sim)) {
        return delay_ms;
    }
    delay_ms += sim_below(sim, sim->world.delay_max_ms + 1);
    if (sim_chance(sim, sim->world.late_per_mille)) {
        return delay_ms + sim_below(sim, 6000); /* others overtake it */
    }
    if (sim->world.is_in_order) {
        delay_ms = sim->now_ms + delay_ms < *last_ms ? *last_ms - sim->now_ms : delay_ms;
        *last_ms = sim->now_ms + delay_ms;
    }
    return delay_ms;
}

static void send_once(sim_state *sim, const sim_packet *head, tamis_slice control, tamis_slice bulk)
{
    sim_packet *packet = malloc(sizeof(*packet) + control.size + bulk.size);

    SIM_REQUIRE(packet != NULL);
    *packet = *head;
    memcpy(packet->bytes, control.data, control.size);
    if (bulk.size != 0) {
        memcpy(packet->bytes + control.size, bulk.data, bulk.size);
    }
    sim_schedule(sim, choose_delay(sim, head->from, head->to),
                 (sim_event){.kind = SIM_DELIVER, .packet = packet});
}

void sim_send(sim_state *sim, sim_plane plane, uint32_t from, uint32_t to, const char *peer,
              tamis_slice control, tamis_slice bulk)
{
    sim_packet head = {
        .plane = plane,
        .from = from,
        .to = to,
        .control_size = control.size,
        .bulk_size = bulk.size,
    };

    sim->totals.packets++;
    if (to == SIM_NODES) {
        return; /* its process is gone */
    }
    (void)snprintf(head.peer, sizeof(head.peer), "%s", peer);
    if (sim->nodes[from].is_cut_to[to] ||
        (sim_has_faults(sim) && sim_chance(sim, sim->world.drop_per_mille))) {
        sim->totals.lost_packets++;
        return;
    }
    send_once(sim, &head, control, bulk);
    if (sim_has_faults(sim) && sim_chance(sim, sim->world.repeat_per_mille)) {
        sim->totals.repeated_packets++;
        send_once(sim, &head, control, bulk);
    }
}

void sim_deliver(sim_state *sim, sim_packet *packet)
{
    uint32_t to = packet->to;

    if (packet->plane == SIM_PLANE_DATA) {
        sim_pull_receive(sim, packet);
        free(packet);
        return;
    }
    if (to == SIM_COORDINATOR) {
        if (sim->ghost != NULL && sim_chance(sim, 300)) {
            sim_ghost_receive(sim, packet);
        }
        sim_coordinator_receive(sim, packet);
        return;
    }
    if (to == SIM_CLIENT) {
        sim_client_receive(sim, packet);
    } else if (sim->workers[to - SIM_WORKER_0].core != NULL &&
               strcmp(sim->workers[to - SIM_WORKER_0].name, packet->peer) == 0) {
        sim_worker_receive(sim, to - SIM_WORKER_0, packet);
    }
    free(packet);
}
