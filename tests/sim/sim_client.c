/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

const tamis_peer_build sim_build = {
    .protocol = TAMIS_PROTOCOL_VERSION, .build = "sim", .zstd = "0"};

/* Each job has a client of its own. */
static void client_send(sim_state *sim, const sim_job *job, tamis_message *message,
                        tamis_slice bulk)
{
    tamis_buf control;
    char name[16];

    message->sequence = ++sim->client_sequence;
    tamis_buf_init(&control, 0);
    SIM_CHECK(sim, tamis_wire_encode(message, &control) == TAMIS_OK);
    (void)snprintf(name, sizeof(name), "client-%u", job->index);
    sim_send(sim, SIM_PLANE_CONTROL, SIM_CLIENT, SIM_COORDINATOR, name, tamis_buf_slice(&control),
             bulk);
    tamis_buf_fini(&control);
}

#define CHUNK_COUNT 3 /* of a packed job */

static void send_chunk(sim_state *sim, sim_job *job, tamis_message *message)
{
    uint64_t total = job->packed.size;
    uint64_t size = total / CHUNK_COUNT + 1;

    if (job->offset > total) {
        job->offset = 0;
    }
    size = size < total - job->offset ? size : total - job->offset;
    message->kind = TAMIS_MESSAGE_SUBMIT;
    message->body.submit.build = sim_build;
    message->body.submit.offset = job->offset;
    message->body.submit.total = total;
    message->body.submit.digest = tamis_hash128(job->packed.data, job->packed.size);
    client_send(sim, job, message, tamis_slice_of(job->packed.data + job->offset, (size_t)size));
}

static tamis_message_kind choose_order(sim_state *sim, const sim_job *job)
{
    if (job->is_paused) {
        return sim_chance(sim, 300) || !sim_has_faults(sim) ? TAMIS_MESSAGE_RESUME
                                                            : TAMIS_MESSAGE_STATUS_REQUEST;
    }
    if (!sim_has_faults(sim)) {
        return TAMIS_MESSAGE_STATUS_REQUEST;
    }
    return sim_chance(sim, 20)   ? TAMIS_MESSAGE_CANCEL
           : sim_chance(sim, 20) ? TAMIS_MESSAGE_PAUSE
                                 : TAMIS_MESSAGE_STATUS_REQUEST;
}

/* Workers are told to go, and sometimes to stay after all; in the end all are to stay. */
static void drain_somebody(sim_state *sim)
{
    uint32_t worker = (uint32_t)sim_below(sim, sim->worker_count);
    tamis_message message = {.kind = TAMIS_MESSAGE_DRAIN};

    message.body.drain.worker = sim->nodes[SIM_WORKER_0 + worker].folder;
    message.body.drain.is_undo = !sim_has_faults(sim) || sim_chance(sim, 300);
    message.body.drain.is_now = !message.body.drain.is_undo && sim_chance(sim, 300);
    client_send(sim, &sim->jobs[0], &message, tamis_slice_of(NULL, 0));
}

void sim_client_tick(sim_state *sim)
{
    sim_schedule(sim, 500, (sim_event){.kind = SIM_CLIENT_TICK});
    for (uint32_t i = 0; i < sim->job_count; i++) {
        sim_job *job = &sim->jobs[i];
        tamis_message message = {.kind = TAMIS_MESSAGE_STATUS_REQUEST};

        if (job->is_done) {
            continue;
        }
        memcpy(message.job, job->id, sizeof(message.job));
        if (!job->is_submitted) {
            send_chunk(sim, job, &message);
        } else {
            message.kind = choose_order(sim, job);
            client_send(sim, job, &message, tamis_slice_of(NULL, 0));
        }
    }
    if (!sim->world.is_calm && sim_chance(sim, sim_has_faults(sim) ? 20 : 200)) {
        drain_somebody(sim);
    }
}

static void take_submitted(sim_state *sim, sim_job *job, const tamis_message *message)
{
    tamis_message next = {.kind = TAMIS_MESSAGE_SUBMIT};

    if (message->body.refused.status != TAMIS_EAGAIN) {
        SIM_CHECK(sim, message->body.refused.status == TAMIS_OK);
        SIM_CHECK(sim, strcmp(message->job, job->id) == 0);
        job->is_submitted = true;
    } else if (!job->is_submitted && !job->is_done) {
        job->offset = message->body.refused.offset;
        memcpy(next.job, job->id, sizeof(next.job));
        send_chunk(sim, job, &next);
    }
}

void sim_client_receive(sim_state *sim, const sim_packet *packet)
{
    tamis_message *message = NULL;
    sim_job *job = NULL;

    SIM_CHECK(sim, tamis_wire_decode(sim_packet_control(packet), &message, NULL) == TAMIS_OK);
    job = sim_find_job(sim, message->job);
    if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        take_submitted(sim, &sim->jobs[packet->peer[7] - '0'], message);
    } else if (message->kind == TAMIS_MESSAGE_REFUSED && job != NULL) {
        job->is_submitted = false;
        job->offset = 0;
    } else if (message->kind == TAMIS_MESSAGE_STATUS && job != NULL) {
        const tamis_run_status *status = message->body.status;

        sim_say(sim, "job %s %s: stage %u of %u, %u running, %u workers", job->id,
                tamis_run_state_name(status->state), status->stage, status->stage_count,
                status->tasks_running, status->worker_count);
        job->is_submitted = status->state != TAMIS_RUN_CANCELED;
        job->is_paused = status->state == TAMIS_RUN_PAUSED;
        job->is_done = job->is_done || status->state == TAMIS_RUN_DONE;
    }
    tamis_message_destroy(message);
}
