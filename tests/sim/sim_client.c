/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

const tamis_peer_build sim_build = {
    .protocol = TAMIS_PROTOCOL_VERSION, .build = "sim", .zstd = "0"};

static void client_send(sim_state *sim, tamis_message *message, tamis_slice bulk)
{
    tamis_buf control;

    message->sequence = ++sim->client_sequence;
    tamis_buf_init(&control, 0);
    SIM_CHECK(sim, tamis_wire_encode(message, &control) == TAMIS_OK);
    sim_send(sim, SIM_PLANE_CONTROL, SIM_CLIENT, SIM_COORDINATOR, "client",
             tamis_buf_slice(&control), bulk);
    tamis_buf_fini(&control);
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
            message.kind = TAMIS_MESSAGE_SUBMIT;
            message.body.submit.build = sim_build;
            client_send(sim, &message, tamis_buf_slice(&job->packed));
        } else {
            if (sim_has_faults(sim) && sim_chance(sim, 20)) {
                message.kind = TAMIS_MESSAGE_CANCEL;
            }
            client_send(sim, &message, tamis_slice_of(NULL, 0));
        }
    }
}

void sim_client_receive(sim_state *sim, const sim_packet *packet)
{
    tamis_message *message = NULL;
    sim_job *job = NULL;

    SIM_CHECK(sim, tamis_wire_decode(sim_packet_control(packet), &message, NULL) == TAMIS_OK);
    job = sim_find_job(sim, message->job);
    if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        SIM_CHECK(sim, job != NULL && message->body.refused.status == TAMIS_OK);
        job->is_submitted = true;
    } else if (message->kind == TAMIS_MESSAGE_REFUSED && job != NULL) {
        job->is_submitted = false;
    } else if (message->kind == TAMIS_MESSAGE_STATUS && job != NULL) {
        const tamis_run_status *status = message->body.status;

        sim_say(sim, "job %s %s: stage %u of %u, %u running, %u workers", job->id,
                tamis_run_state_name(status->state), status->stage, status->stage_count,
                status->tasks_running, status->worker_count);
        job->is_submitted = status->state != TAMIS_RUN_CANCELED;
        job->is_done = job->is_done || status->state == TAMIS_RUN_DONE;
    }
    tamis_message_destroy(message);
}
