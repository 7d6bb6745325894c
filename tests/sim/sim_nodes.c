/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <inttypes.h>

#define BUILD  "sim"
#define CLIENT "client"

static const tamis_peer_build sim_build = {
    .protocol = TAMIS_PROTOCOL_VERSION, .build = BUILD, .zstd = "0"};

static tamis_slice packet_control(const sim_packet *packet)
{
    return tamis_slice_of(packet->bytes, packet->control_size);
}

static tamis_slice packet_bulk(const sim_packet *packet)
{
    return tamis_slice_of(packet->bytes + packet->control_size, packet->bulk_size);
}

/* ---- Coordinator ------------------------------------------------------------------------------
 */

void sim_coordinator_crash(sim_state *sim)
{
    if (sim->core == NULL) {
        return;
    }
    if (sim->is_verbose) {
        (void)printf("%8" PRIu64 " coordinator crashes\n", sim->now_ms);
    }
    sim->totals.crashes++;
    sim->coordinator_incarnation++;
    tamis_coordinator_core_destroy(sim->core);
    sim->core = NULL;
    sim->local_fence = 0;
    sim->is_drain_due = false;
    for (size_t i = 0; i < sim->inbox_count; i++) {
        free(sim->inbox[i]);
    }
    sim->inbox_count = 0;
    tamis_core_effects_reset(&sim->effects);
    if (!tamis_store_memory_is_crashed(sim->store)) {
        tamis_store_memory_crash(sim->store);
    }
    sim_schedule(sim, 50 + tamis_rng_below(&sim->rng, 3000),
                 (sim_event){.kind = SIM_COORDINATOR_START});
}

static void start_local(sim_state *sim)
{
    SIM_CHECK(sim, sim->local_fence == 0);
    sim->local_fence = sim->effects.local_fence;
    sim->is_local_canceled = false;
    memcpy(sim->local_job, sim->effects.local_job, sizeof(sim->local_job));
    sim->local_stage = sim->effects.local_stage;
    sim_schedule(sim, 1 + tamis_rng_below(&sim->rng, sim->task_max_ms),
                 (sim_event){.kind = SIM_LOCAL_END,
                             .incarnation = sim->coordinator_incarnation,
                             .fence = sim->local_fence});
}

/* Performs the effects as the loop does: commit, then packets, then the local task. The process may
 * die right before or right after the commit. */
static void coordinator_perform(sim_state *sim)
{
    const tamis_outbox *outbox = &sim->effects.outbox;
    bool has_changes = sim->effects.change_count != 0;
    tamis_status status = TAMIS_OK;
    bool dies_after = false;

    if (has_changes && sim_has_faults(sim) && sim_chance(sim, 3)) {
        dies_after = sim_chance(sim, 500);
        tamis_store_memory_fail(
            sim->store, dies_after ? TAMIS_STORE_FAULT_CRASH_AFTER : TAMIS_STORE_FAULT_CRASH_BEFORE,
            0);
    }
    status = tamis_ledger_commit(sim->store, &sim->effects, NULL);
    if (status == TAMIS_OK || dies_after) {
        sim_check_commit(sim, &sim->effects);
    }
    if (status != TAMIS_OK) {
        SIM_CHECK(sim, tamis_store_memory_is_crashed(sim->store));
        sim_coordinator_crash(sim);
        return;
    }
    for (size_t i = 0; i < outbox->count; i++) {
        sim_check_packet(sim, tamis_outbox_control(outbox, i));
        sim_send(sim, false, tamis_outbox_peer(outbox, i), tamis_outbox_control(outbox, i),
                 tamis_outbox_bulk(outbox, i));
    }
    if (sim->effects.is_local_canceled) {
        sim->is_local_canceled = true;
    }
    if (sim->effects.local == TAMIS_LOCAL_START) {
        start_local(sim);
    }
    tamis_core_effects_reset(&sim->effects);
}

static bool result_is_there(void *context, const char *id, tamis_stage_kind kind, uint32_t stage,
                            uint32_t task, const char *folder)
{
    sim_state *sim = context;
    sim_task *known = &sim_find_job(sim, id)->tasks[stage][task];

    (void)kind;
    if (known->disk[sim_folder_number(sim, folder)] != 0) {
        return true;
    }
    known->wiped++;
    known->done = 0;
    return false;
}

void sim_coordinator_start(sim_state *sim)
{
    tamis_core_settings settings;
    tamis_err err = {.status = TAMIS_OK};

    if (sim->core != NULL) {
        return;
    }
    if (tamis_store_memory_is_crashed(sim->store)) {
        tamis_store_memory_restart(sim->store);
    }
    tamis_core_settings_defaults(&settings);
    settings.heartbeat_ms = SIM_HEARTBEAT_MS;
    settings.lease_ms = SIM_LEASE_MS;
    settings.resend_ms = 1000;
    settings.attempts_max = 10000; /* jobs must come through here, whatever happens to workers */
    settings.losses_max = 10000;
    settings.build = sim_build;
    settings.data_folder = "/c";
    SIM_CHECK(sim, tamis_coordinator_core_create(&settings, &sim->core) == TAMIS_OK);
    tamis_coordinator_core_check_results(sim->core, result_is_there, sim);
    if (tamis_ledger_load(sim->store, sim->core, &err) != TAMIS_OK ||
        tamis_coordinator_core_begin(sim->core, sim->now_ms, &sim->effects, &err) != TAMIS_OK) {
        sim_fail(sim, "recovery: %s", err.text);
    }
    if (sim->is_verbose) {
        (void)printf("%8" PRIu64 " coordinator starts, epoch %" PRIu64 "\n", sim->now_ms,
                     tamis_coordinator_core_epoch(sim->core));
    }
    sim_schedule(
        sim, SIM_HEARTBEAT_MS / 2,
        (sim_event){.kind = SIM_COORDINATOR_TICK, .incarnation = sim->coordinator_incarnation});
    coordinator_perform(sim);
}

static void coordinator_step(sim_state *sim, const tamis_core_event *event)
{
    tamis_err err = {.status = TAMIS_OK};

    sim->totals.steps++;
    if (tamis_coordinator_core_step(sim->core, event, sim->now_ms, &sim->effects, &err) !=
        TAMIS_OK) {
        sim_fail(sim, "coordinator: %s", err.text);
    }
}

void sim_coordinator_receive(sim_state *sim, sim_packet *packet)
{
    if (sim->core == NULL || sim->inbox_count == SIM_INBOX_MAX) {
        free(packet);
        return;
    }
    sim->inbox[sim->inbox_count++] = packet;
    if (!sim->is_drain_due) {
        sim->is_drain_due = true;
        sim_schedule(sim, tamis_rng_below(&sim->rng, 4),
                     (sim_event){.kind = SIM_DRAIN, .incarnation = sim->coordinator_incarnation});
    }
}

void sim_coordinator_drain(sim_state *sim)
{
    for (size_t i = 0; i < sim->inbox_count; i++) {
        sim_packet *packet = sim->inbox[i];
        tamis_message *message = NULL;

        SIM_CHECK(sim, tamis_wire_decode(packet_control(packet), &message, NULL) == TAMIS_OK);
        tamis_core_event event = {
            .kind = TAMIS_CORE_PACKET,
            .peer = tamis_slice_of(packet->peer, packet->peer_size),
            .message = message,
            .bulk = packet_bulk(packet),
        };

        coordinator_step(sim, &event);
        tamis_message_destroy(message);
        free(packet);
    }
    sim->inbox_count = 0;
    sim->is_drain_due = false;
    coordinator_perform(sim);
}

void sim_coordinator_tick(sim_state *sim)
{
    tamis_core_event event = {.kind = TAMIS_CORE_TICK};

    sim_schedule(
        sim, SIM_HEARTBEAT_MS / 2,
        (sim_event){.kind = SIM_COORDINATOR_TICK, .incarnation = sim->coordinator_incarnation});
    coordinator_step(sim, &event);
    coordinator_perform(sim);
}

typedef struct local_context {
    const tamis_coordinator_core *core;
    const char *job;
} local_context;

static const char *local_owner(const void *context, uint32_t stage, uint32_t task)
{
    const local_context *local = context;

    return tamis_coordinator_core_owner(local->core, local->job, stage, task);
}

void sim_local_end(sim_state *sim, uint64_t fence)
{
    sim_job *job = sim_find_job(sim, sim->local_job);
    local_context context = {.core = sim->core, .job = sim->local_job};
    tamis_task_result result = {.skip_stages = 0};
    tamis_core_event event = {
        .kind = TAMIS_CORE_LOCAL_ENDED, .fence = fence, .result = &result, .text = ""};

    SIM_CHECK(sim, fence == sim->local_fence);
    sim->local_fence = 0;
    if (sim->is_local_canceled) {
        event.status = TAMIS_ECANCELED;
    } else if (sim_has_faults(sim) && sim_chance(sim, sim->fail_per_mille)) {
        event.status = TAMIS_EIO;
    } else {
        uint64_t output = sim_output(sim, job, sim->local_stage, 0, local_owner, &context);

        SIM_CHECK(sim, output == job->tasks[sim->local_stage][0].expected);
        job->tasks[sim->local_stage][0].disk[SIM_WORKERS_MAX] = output;
        if (job->is_skipping && job->stages[sim->local_stage].kind == TAMIS_STAGE_SPOOL_PLAN) {
            result.skip_stages = 3;
        }
    }
    coordinator_step(sim, &event);
    coordinator_perform(sim);
}

/* ---- Workers ----------------------------------------------------------------------------------
 */

static sim_attempt *find_attempt(sim_worker *worker, uint64_t fence)
{
    for (size_t i = 0; i < SIM_ATTEMPTS_MAX; i++) {
        if (worker->attempts[i].is_used && worker->attempts[i].fence == fence) {
            return &worker->attempts[i];
        }
    }
    return NULL;
}

static void start_attempt(sim_state *sim, uint32_t index, const tamis_worker_action *action)
{
    sim_worker *worker = &sim->workers[index];
    sim_attempt *attempt = worker->attempts;
    /* Some take far longer than a lease. */
    uint64_t takes_ms = 1 + tamis_rng_below(&sim->rng, sim->task_max_ms);

    while (attempt < worker->attempts + SIM_ATTEMPTS_MAX && attempt->is_used) {
        attempt++;
    }
    SIM_CHECK(sim, attempt < worker->attempts + SIM_ATTEMPTS_MAX);
    *attempt = (sim_attempt){
        .is_used = true,
        .fence = action->fence,
        .view = action->view,
        .stage = action->stage,
        .task = action->task,
    };
    sim_schedule(sim, takes_ms,
                 (sim_event){.kind = SIM_ATTEMPT_END,
                             .node = index,
                             .incarnation = worker->incarnation,
                             .fence = action->fence});
}

/* Something that a thread of the worker does, in its own time. */
static void schedule_thread(sim_state *sim, uint32_t index, sim_event_kind kind, uint64_t fence)
{
    /* A disk may stall. */
    uint64_t takes_ms = sim_has_faults(sim) && sim_chance(sim, 20)
                            ? tamis_rng_below(&sim->rng, 3 * SIM_LEASE_MS)
                            : tamis_rng_below(&sim->rng, 4);

    sim_schedule(sim, takes_ms,
                 (sim_event){.kind = kind,
                             .node = index,
                             .incarnation = sim->workers[index].incarnation,
                             .fence = fence});
}

static void worker_act(sim_state *sim, uint32_t index, const tamis_worker_action *action)
{
    sim_attempt *attempt = find_attempt(&sim->workers[index], action->fence);
    const sim_job *job = NULL;

    switch (action->kind) {
    case TAMIS_WORKER_START:
        start_attempt(sim, index, action);
        break;
    case TAMIS_WORKER_CANCEL:
        SIM_CHECK(sim, attempt != NULL);
        attempt->is_canceled = true;
        break;
    case TAMIS_WORKER_PUBLISH:
        SIM_CHECK(sim, attempt != NULL && attempt->has_ended);
        schedule_thread(sim, index, SIM_ATTEMPT_PUBLISH, action->fence);
        break;
    case TAMIS_WORKER_DISCARD:
        SIM_CHECK(sim, attempt != NULL && attempt->has_ended);
        attempt->is_used = false;
        break;
    case TAMIS_WORKER_DROP:
        job = sim_find_job(sim, action->job);
        SIM_CHECK(sim, job->is_done || job->tasks[0][0].done != 0);
        schedule_thread(sim, index, SIM_JOB_DROPPED, (uint64_t)(job - sim->jobs));
        break;
    case TAMIS_WORKER_REFRESH:
    default:
        break;
    }
}

static void worker_step(sim_state *sim, uint32_t index, const tamis_worker_event *event)
{
    sim_worker *worker = &sim->workers[index];
    tamis_err err = {.status = TAMIS_OK};

    sim->totals.steps++;
    tamis_worker_effects_reset(&worker->effects);
    if (tamis_worker_core_step(worker->core, event, sim->now_ms, &worker->effects, &err) !=
        TAMIS_OK) {
        sim_fail(sim, "worker %u: %s", index, err.text);
    }
    for (size_t i = 0; i < worker->effects.action_count; i++) {
        worker_act(sim, index, &worker->effects.actions[i]);
    }
    for (size_t i = 0; i < worker->effects.outbox.count; i++) {
        sim_check_report(sim, tamis_outbox_control(&worker->effects.outbox, i));
        sim_send(sim, true, tamis_slice_of_string(worker->name),
                 tamis_outbox_control(&worker->effects.outbox, i),
                 tamis_outbox_bulk(&worker->effects.outbox, i));
    }
}

void sim_attempt_publish(sim_state *sim, uint32_t index, uint64_t fence)
{
    sim_worker *worker = &sim->workers[index];
    sim_attempt *attempt = find_attempt(worker, fence);
    tamis_worker_event event = {.kind = TAMIS_WORKER_PUBLISHED, .fence = fence, .text = ""};

    SIM_CHECK(sim, attempt != NULL && attempt->has_ended);
    /* One that is canceled late is published all the same. */
    if (attempt->is_canceled && sim_chance(sim, 500)) {
        event.status = TAMIS_ECANCELED;
    } else {
        sim_check_publish(sim, index, attempt);
    }
    attempt->is_used = false;
    worker_step(sim, index, &event);
}

void sim_job_dropped(sim_state *sim, uint32_t index, uint64_t job)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_DROPPED, .job = sim->jobs[job].id};

    worker_step(sim, index, &event);
}

void sim_worker_start(sim_state *sim, uint32_t index)
{
    sim_worker *worker = &sim->workers[index];
    tamis_worker_settings settings;

    if (worker->core != NULL) {
        return;
    }
    worker->incarnation++;
    (void)snprintf(worker->name, sizeof(worker->name), "w%u-%u", index, worker->incarnation);
    tamis_worker_settings_defaults(&settings);
    settings.thread_count = 1 + (uint32_t)tamis_rng_below(&sim->rng, 2);
    settings.credit = settings.thread_count + 1;
    settings.silence_ms = 1500;
    settings.seed = tamis_rng_next(&sim->rng);
    settings.build = sim_build;
    settings.host = "host";
    settings.data_folder = worker->folder;
    SIM_CHECK(sim, tamis_worker_core_create(&settings, &worker->core) == TAMIS_OK);
    memset(worker->attempts, 0, sizeof(worker->attempts));
    sim_schedule(
        sim, tamis_rng_below(&sim->rng, 50),
        (sim_event){.kind = SIM_WORKER_TICK, .node = index, .incarnation = worker->incarnation});
}

static void worker_end(sim_state *sim, uint32_t index)
{
    sim_worker *worker = &sim->workers[index];

    tamis_worker_core_destroy(worker->core);
    worker->core = NULL;
    sim_schedule(sim, 10 + tamis_rng_below(&sim->rng, 4000),
                 (sim_event){.kind = SIM_WORKER_START, .node = index});
}

void sim_worker_crash(sim_state *sim, uint32_t index)
{
    if (sim->workers[index].core != NULL) {
        if (sim->is_verbose) {
            (void)printf("%8" PRIu64 " worker %u crashes\n", sim->now_ms, index);
        }
        sim->totals.crashes++;
        worker_end(sim, index);
    }
}

/* As by SIGTERM: goodbye, and the attempts come to nothing. */
void sim_worker_stop(sim_state *sim, uint32_t index)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_STOP};

    if (sim->workers[index].core != NULL) {
        worker_step(sim, index, &event);
        worker_end(sim, index);
    }
}

void sim_worker_receive(sim_state *sim, uint32_t index, const sim_packet *packet)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET};
    tamis_message *message = NULL;

    SIM_CHECK(sim, tamis_wire_decode(packet_control(packet), &message, NULL) == TAMIS_OK);
    event.message = message;
    event.bulk = packet_bulk(packet);
    worker_step(sim, index, &event);
    tamis_message_destroy(message);
}

void sim_worker_tick(sim_state *sim, uint32_t index)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_TICK};

    sim_schedule(sim, 50,
                 (sim_event){.kind = SIM_WORKER_TICK,
                             .node = index,
                             .incarnation = sim->workers[index].incarnation});
    worker_step(sim, index, &event);
}

static const char *view_owner(const void *context, uint32_t stage, uint32_t task)
{
    return tamis_job_view_owner(context, stage, task);
}

void sim_attempt_end(sim_state *sim, uint32_t index, uint64_t fence)
{
    sim_worker *worker = &sim->workers[index];
    sim_attempt *attempt = find_attempt(worker, fence);
    tamis_task_result result = {.skip_stages = 0};
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_ENDED, .fence = fence, .text = "", .result = &result};
    const sim_job *job = NULL;

    SIM_CHECK(sim, attempt != NULL && !attempt->has_ended);
    attempt->has_ended = true;
    job = sim_find_job(sim, tamis_job_view_job(attempt->view)->id);
    if (attempt->is_canceled) {
        event.status = TAMIS_ECANCELED;
    } else if (sim_has_faults(sim) && sim_chance(sim, sim->fail_per_mille)) {
        event.status = TAMIS_EIO;
    } else {
        attempt->output =
            sim_output(sim, job, attempt->stage, attempt->task, view_owner, attempt->view);
        /* An input that is gone can only be one that a coordinator no longer counts on. */
        event.status = attempt->output == 0 ? TAMIS_ENOENT : TAMIS_OK;
    }
    worker_step(sim, index, &event);
}

/* ---- Client -----------------------------------------------------------------------------------
 */

static void client_send(sim_state *sim, tamis_message *message, tamis_slice bulk)
{
    tamis_buf control;

    message->sequence = ++sim->client_sequence;
    tamis_buf_init(&control, 0);
    SIM_CHECK(sim, tamis_wire_encode(message, &control) == TAMIS_OK);
    sim_send(sim, true, tamis_slice_of_string(CLIENT), tamis_buf_slice(&control), bulk);
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

    SIM_CHECK(sim, tamis_wire_decode(packet_control(packet), &message, NULL) == TAMIS_OK);
    job = sim_find_job(sim, message->job);
    if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        SIM_CHECK(sim, job != NULL && message->body.refused.status == TAMIS_OK);
        job->is_submitted = true;
    } else if (message->kind == TAMIS_MESSAGE_REFUSED && job != NULL) {
        job->is_submitted = false;
    } else if (message->kind == TAMIS_MESSAGE_STATUS && job != NULL) {
        const tamis_run_status *status = message->body.status;

        if (sim->is_verbose) {
            (void)printf("%8" PRIu64 " job %s %s: stage %u of %u, %u running, %u workers\n",
                         sim->now_ms, job->id, tamis_run_state_name(status->state), status->stage,
                         status->stage_count, status->tasks_running, status->worker_count);
        }
        job->is_submitted = status->state != TAMIS_RUN_CANCELED;
        job->is_done = job->is_done || status->state == TAMIS_RUN_DONE;
    }
    tamis_message_destroy(message);
}
