/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

static void schedule_attempt(sim_state *sim, uint32_t index, uint64_t fence, uint64_t delay_ms,
                             sim_event_kind kind)
{
    sim_schedule(sim, delay_ms,
                 (sim_event){.kind = kind,
                             .node = index,
                             .incarnation = sim->workers[index].incarnation,
                             .fence = fence});
}

/* ---- Attempts ----------------------------------------------------------------------------------
 */

sim_attempt *sim_find_attempt(sim_worker *worker, uint64_t fence)
{
    for (size_t i = 0; i < SIM_ATTEMPTS_MAX; i++) {
        if (worker->attempts[i].is_used && worker->attempts[i].fence == fence) {
            return &worker->attempts[i];
        }
    }
    return NULL;
}

static void free_attempt(sim_attempt *attempt)
{
    sim_pulls_free(attempt);
    sim_result_destroy(attempt->result);
    free(attempt->lost.tasks);
    tamis_job_view_destroy(attempt->view);
    *attempt = (sim_attempt){.is_used = false};
}

static void start_attempt(sim_state *sim, uint32_t index, const tamis_worker_action *action)
{
    sim_worker *worker = &sim->workers[index];
    sim_attempt *attempt = worker->attempts;

    while (attempt < worker->attempts + SIM_ATTEMPTS_MAX && attempt->is_used) {
        attempt++;
    }
    SIM_CHECK(sim, attempt < worker->attempts + SIM_ATTEMPTS_MAX);
    *attempt = (sim_attempt){
        .is_used = true,
        .fence = action->fence,
        .view = tamis_job_view_keep(action->view),
        .is_isolated = action->is_isolated,
        .job = sim_find_job(sim, tamis_job_view_job(action->view)->id),
        .stage = action->stage,
        .task = action->task,
    };
    sim_pull_start(sim, index, attempt);
}

void sim_attempt_compute(sim_state *sim, uint32_t index, sim_attempt *attempt)
{
    sim_need *needs = calloc((size_t)attempt->pull_count + 1, sizeof(*needs));
    sim_words *inputs = calloc((size_t)attempt->pull_count + 1, sizeof(*inputs));
    uint32_t skip_stages = 0;

    SIM_REQUIRE(needs != NULL && inputs != NULL);
    for (uint32_t i = 0; i < attempt->pull_count; i++) {
        needs[i] = sim_pull_get(attempt, i, &inputs[i]);
    }
    attempt->is_computing = true;
    attempt->result = sim_task_run(attempt->job, attempt->stage, attempt->task, needs, inputs,
                                   attempt->pull_count, &skip_stages);
    for (uint32_t i = 0; i < attempt->pull_count; i++) {
        free(inputs[i].data);
    }
    free(needs);
    free(inputs);
    /* Some take far longer than a lease. */
    schedule_attempt(sim, index, attempt->fence, 1 + sim_below(sim, sim->world.task_max_ms),
                     SIM_ATTEMPT_END);
}

static void publish(sim_state *sim, uint32_t index, sim_attempt *attempt)
{
    sim_check_publish(sim, SIM_WORKER_0 + index, attempt);
    sim_disk_put(sim, SIM_WORKER_0 + index, attempt->job, attempt->stage, attempt->task,
                 attempt->result);
    attempt->result = NULL;
}

/* How long a thread of the worker is busy with the disk. */
static uint64_t disk_ms(sim_state *sim, uint32_t index)
{
    return sim_below(sim, sim->nodes[SIM_WORKER_0 + index].sync_max_ms + 4);
}

static void drop_files(sim_state *sim, uint32_t index, const sim_job *job)
{
    for (uint32_t s = 0; s < job->stage_count; s++) {
        for (uint32_t t = 0; t < job->stages[s].task_count; t++) {
            sim_disk_put(sim, SIM_WORKER_0 + index, job, s, t, NULL);
        }
    }
}

static void act(sim_state *sim, uint32_t index, const tamis_worker_action *action)
{
    sim_attempt *attempt = sim_find_attempt(&sim->workers[index], action->fence);
    const sim_job *job = NULL;

    if (action->kind == TAMIS_WORKER_START) {
        SIM_CHECK(sim, attempt == NULL);
        start_attempt(sim, index, action);
    } else if (action->kind == TAMIS_WORKER_CANCEL) {
        SIM_CHECK(sim, attempt != NULL && (!attempt->has_ended || attempt->is_publishing));
        attempt->is_canceled = true;
        if (!attempt->has_ended) {
            schedule_attempt(sim, index, action->fence, sim_below(sim, 20), SIM_ATTEMPT_END);
        }
    } else if (action->kind == TAMIS_WORKER_PUBLISH) {
        SIM_CHECK(sim, attempt != NULL && attempt->has_ended && attempt->result != NULL);
        attempt->is_publishing = true;
        schedule_attempt(sim, index, action->fence, disk_ms(sim, index), SIM_ATTEMPT_PUBLISHED);
    } else if (action->kind == TAMIS_WORKER_DISCARD) {
        SIM_CHECK(sim, attempt != NULL && attempt->has_ended);
        free_attempt(attempt);
    } else if (action->kind == TAMIS_WORKER_DROP) {
        job = sim_find_job(sim, action->job);
        SIM_CHECK(sim, job->is_finished);
        schedule_attempt(sim, index, job->index, disk_ms(sim, index), SIM_JOB_DROPPED);
    } else if (action->kind == TAMIS_WORKER_PERSIST) {
        sim->workers[index].next_epochs = *action->epochs;
        schedule_attempt(sim, index, 0, disk_ms(sim, index), SIM_EPOCH_PERSISTED);
    } else if (action->kind == TAMIS_WORKER_LEAVE) {
        sim->totals.drained++;
        sim_check_leave(sim, index);
        sim->workers[index].is_leaving = true;
    }
}

static void end_and_start_again(sim_state *sim, uint32_t index)
{
    sim_worker_end(sim, index);
    sim_schedule(sim, 10 + sim_below(sim, 4000),
                 (sim_event){.kind = SIM_WORKER_START, .node = index});
}

static void worker_step(sim_state *sim, uint32_t index, const tamis_worker_event *event)
{
    sim_worker *worker = &sim->workers[index];
    tamis_err err = {.status = TAMIS_OK};

    sim->totals.steps++;
    tamis_worker_effects_reset(&worker->effects);
    if (tamis_worker_core_step(worker->core, event, sim_clock(sim, SIM_WORKER_0 + index),
                               &worker->effects, &err) != TAMIS_OK) {
        sim_fail(sim, "worker %u: %s", index, err.text);
    }
    for (size_t i = 0; i < worker->effects.action_count; i++) {
        act(sim, index, &worker->effects.actions[i]);
    }
    for (size_t i = 0; i < worker->effects.outbox.count; i++) {
        sim_check_report(sim, index, tamis_outbox_control(&worker->effects.outbox, i));
        sim_send(sim, SIM_PLANE_CONTROL, SIM_WORKER_0 + index, SIM_COORDINATOR, worker->name,
                 tamis_outbox_control(&worker->effects.outbox, i),
                 tamis_outbox_bulk(&worker->effects.outbox, i));
    }
    if (worker->is_leaving) {
        end_and_start_again(sim, index);
    }
}

void sim_attempt_end(sim_state *sim, uint32_t index, uint64_t fence)
{
    sim_attempt *attempt = sim_find_attempt(&sim->workers[index], fence);
    tamis_task_result result = {.skip_stages = 0};
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_ENDED, .fence = fence, .text = "", .result = &result};

    if (attempt == NULL || attempt->has_ended) {
        return; /* it was canceled just then */
    }
    if (attempt->stage == 0 && attempt->task == attempt->job->deadly_task) {
        sim->totals.deadly_runs += !attempt->is_isolated;
        sim->totals.isolated_runs += attempt->is_isolated;
        if (!attempt->is_isolated) {
            sim_worker_crash(sim, index);
            return;
        }
    }
    attempt->has_ended = true;
    if (attempt->is_canceled) {
        event.status = TAMIS_ECANCELED;
    } else if (attempt->status != TAMIS_OK) {
        event.status = attempt->status;
        event.lost = &attempt->lost;
    } else if (sim->nodes[SIM_WORKER_0 + index].is_disk_full) {
        event.status = TAMIS_ENOSPC;
    } else if (sim_has_faults(sim) && sim_chance(sim, sim->world.fail_per_mille)) {
        event.status = TAMIS_EIO;
    }
    worker_step(sim, index, &event);
}

static bool has_lease(const sim_state *sim, uint32_t index)
{
    return sim_clock(sim, SIM_WORKER_0 + index) <
           tamis_worker_core_lease_until_ms(sim->workers[index].core);
}

/* As tamis_attempt_await_lease: right before its rename it looks at both. */
void sim_attempt_published(sim_state *sim, uint32_t index, uint64_t fence)
{
    sim_attempt *attempt = sim_find_attempt(&sim->workers[index], fence);
    tamis_worker_event event = {.kind = TAMIS_WORKER_PUBLISHED, .fence = fence, .text = ""};

    SIM_CHECK(sim, attempt != NULL && attempt->has_ended);
    if (attempt->is_canceled) {
        event.status = TAMIS_ECANCELED;
    } else if (!has_lease(sim, index)) { /* it waits for it */
        schedule_attempt(sim, index, fence, 1 + sim_below(sim, 20), SIM_ATTEMPT_PUBLISHED);
        return;
    } else if (sim->nodes[SIM_WORKER_0 + index].is_disk_full) {
        event.status = TAMIS_ENOSPC;
    } else {
        publish(sim, index, attempt);
    }
    free_attempt(attempt);
    worker_step(sim, index, &event);
}

void sim_epoch_persisted(sim_state *sim, uint32_t index)
{
    sim_worker *worker = &sim->workers[index];
    tamis_worker_event event = {.kind = TAMIS_WORKER_PERSISTED, .text = ""};

    if (sim->nodes[SIM_WORKER_0 + index].is_disk_full) {
        event.status = TAMIS_ENOSPC;
    } else {
        worker->epochs = worker->next_epochs;
    }
    worker_step(sim, index, &event);
}

void sim_job_dropped(sim_state *sim, uint32_t index, uint64_t job)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_DROPPED, .job = sim->jobs[job].id};

    drop_files(sim, index, &sim->jobs[job]);
    worker_step(sim, index, &event);
}

/* ---- Processes ---------------------------------------------------------------------------------
 */

void sim_worker_start(sim_state *sim, uint32_t index)
{
    sim_worker *worker = &sim->workers[index];
    tamis_worker_settings settings;

    if (worker->core != NULL) {
        return;
    }
    worker->incarnation++;
    worker->is_leaving = false;
    worker->started_ms = sim->now_ms;
    worker->epoch = tamis_epochs_of(&worker->epochs, sim->cluster);
    (void)snprintf(worker->name, sizeof(worker->name), "w%u-%u", index, worker->incarnation);
    sim_data_url(worker->data_url, sizeof(worker->data_url), worker->name);
    tamis_worker_settings_defaults(&settings);
    settings.thread_count = 1 + (uint32_t)sim_below(sim, 2);
    settings.credit = settings.thread_count + 1;
    settings.silence_ms = 1500;
    settings.seed = tamis_rng_next(&sim->rng);
    settings.build = sim_build;
    settings.host = "host";
    settings.data_folder = sim->nodes[SIM_WORKER_0 + index].folder;
    settings.folder_id = sim->nodes[SIM_WORKER_0 + index].folder_id;
    settings.name = sim->nodes[SIM_WORKER_0 + index].folder;
    settings.data_url = worker->data_url;
    if (sim->world.has_keys) {
        settings.public_key = sim_public_key(sim, SIM_WORKER_0 + index);
    }
    settings.epochs = &worker->epochs;
    worker->credit = settings.credit;
    SIM_REQUIRE(tamis_worker_core_create(&settings, &worker->core) == TAMIS_OK);
    sim_schedule(
        sim, sim_below(sim, 50),
        (sim_event){.kind = SIM_WORKER_TICK, .node = index, .incarnation = worker->incarnation});
}

void sim_worker_end(sim_state *sim, uint32_t index)
{
    sim_worker *worker = &sim->workers[index];

    for (size_t i = 0; i < SIM_ATTEMPTS_MAX; i++) {
        free_attempt(&worker->attempts[i]);
    }
    tamis_worker_core_destroy(worker->core);
    worker->core = NULL;
    sim->nodes[SIM_WORKER_0 + index].paused_until_ms = 0;
}

void sim_worker_crash(sim_state *sim, uint32_t index)
{
    sim_worker *worker = &sim->workers[index];

    if (worker->core == NULL) {
        return;
    }
    sim_say(sim, "worker %u dies", index);
    sim->totals.worker_crashes++;
    /* What was being published may be in place. */
    for (size_t i = 0; i < SIM_ATTEMPTS_MAX; i++) {
        sim_attempt *attempt = &worker->attempts[i];

        if (attempt->is_used && attempt->is_publishing && !attempt->is_canceled &&
            has_lease(sim, index) && sim_chance(sim, 500)) {
            publish(sim, index, attempt);
        }
    }
    end_and_start_again(sim, index);
}

/* As by SIGTERM: goodbye, and the attempts come to nothing. */
void sim_worker_stop(sim_state *sim, uint32_t index)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_STOP};

    if (sim->workers[index].core != NULL) {
        sim->workers[index].is_leaving = true;
        worker_step(sim, index, &event);
    }
}

void sim_worker_receive(sim_state *sim, uint32_t index, const sim_packet *packet)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET};
    tamis_message *message = NULL;
    uint64_t epoch = 0;

    SIM_CHECK(sim, tamis_wire_decode(sim_packet_control(packet), &message, NULL) == TAMIS_OK);
    event.message = message;
    event.bulk = sim_packet_bulk(packet);
    epoch = sim->workers[index].epoch;
    worker_step(sim, index, &event);
    if (message->epoch < epoch) { /* what an earlier coordinator says means nothing */
        SIM_CHECK(sim, sim->workers[index].effects.action_count == 0);
        SIM_CHECK(sim, sim->workers[index].effects.outbox.count == 0);
    }
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
