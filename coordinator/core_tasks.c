/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/planted.h"

#define RETRY_SHIFT_MAX 6 /* the delay doubles up to 64 times the first one */

static uint64_t next_fence(tamis_coordinator_core *core)
{
    core->fence_counter++;
    TAMIS_ASSERT(core->fence_counter <= UINT32_MAX);
    return core->epoch << 32 | core->fence_counter;
}

/* ---- Leases ---------------------------------------------------------------------------------- */

tamis_status core_lease_add(core_worker *worker, uint32_t task)
{
    if (worker->lease_count == worker->lease_capacity) {
        uint32_t capacity = worker->lease_capacity == 0 ? 8 : worker->lease_capacity * 2;
        uint32_t *leases = reallocarray(worker->leases, capacity, sizeof(*leases));

        if (leases == NULL) {
            return TAMIS_ENOMEM;
        }
        worker->leases = leases;
        worker->lease_capacity = capacity;
    }
    worker->leases[worker->lease_count++] = task;
    return TAMIS_OK;
}

static void lease_remove(core_worker *worker, uint32_t task)
{
    uint32_t place = 0;

    while (place < worker->lease_count && worker->leases[place] != task) {
        place++;
    }
    TAMIS_ASSERT(place < worker->lease_count); /* a leased task is in its worker's list */
    worker->leases[place] = worker->leases[--worker->lease_count];
}

static void make_pending(core_stage *stage, uint32_t task)
{
    stage->tasks[task].state = CORE_TASK_PENDING;
    stage->tasks[task].bytes = 0;
    stage->tasks[task].documents = 0;
    stage->pending_count++;
    if (task < stage->cursor) {
        stage->cursor = task;
    }
}

/* The lease ends without a result. The entry in the worker's list is the caller's matter. */
static tamis_status lose_task(core_step *step, core_job *job, uint32_t task, bool is_loss)
{
    core_stage *stage = &job->stages[job->stage];

    if (!TAMIS_PLANTED(LOST_TASK_FORGOTTEN)) {
        make_pending(stage, task);
    }
    job->lost++;
    if (!is_loss || ++stage->tasks[task].losses < step->core->settings.losses_max) {
        return TAMIS_OK;
    }
    return core_job_fail(step, job, job->stage, task, TAMIS_EPEER,
                         "every worker that was given it was lost");
}

tamis_status core_release_worker(core_step *step, core_worker *worker, bool is_loss)
{
    core_job *job = core_running_job(step->core);
    tamis_status status = TAMIS_OK;

    while (worker->lease_count != 0 && status == TAMIS_OK) {
        uint32_t task = worker->leases[--worker->lease_count];

        TAMIS_ASSERT(job != NULL);
        /* When this fails the job, what is left in the list is released there. */
        status = lose_task(step, job, task, is_loss);
    }
    return status;
}

static tamis_status send_stop(core_step *step, const core_worker *worker, const core_job *job)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_HEARTBEAT, job->id, 0);
    tamis_held *stop = calloc((size_t)worker->lease_count + 1, sizeof(*stop));
    tamis_status status = TAMIS_OK;

    if (stop == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory to stop a worker");
    }
    for (uint32_t i = 0; i < worker->lease_count; i++) {
        stop[i].stage = job->stage;
        stop[i].task = worker->leases[i];
        stop[i].fence = job->stages[job->stage].tasks[worker->leases[i]].fence;
        memcpy(stop[i].job, job->id, sizeof(stop[i].job));
    }
    message.body.heartbeat.held = stop;
    message.body.heartbeat.held_count = worker->lease_count;
    message.body.heartbeat.credit = 0;
    message.body.heartbeat.jobs = NULL;
    message.body.heartbeat.job_count = 0;
    status = core_send(step, core_peer(worker), &message, tamis_slice_of(NULL, 0));
    free(stop);
    return status;
}

tamis_status core_release_all(core_step *step, core_job *job)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = job->stage < job->stage_count ? &job->stages[job->stage] : NULL;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK; i++) {
        core_worker *worker = core->workers[i];

        if (worker == NULL || worker->lease_count == 0) {
            continue;
        }
        status = send_stop(step, worker, job);
        worker->lease_count = 0;
    }
    for (uint32_t t = 0; stage != NULL && t < stage->stage.task_count; t++) {
        if (stage->tasks[t].state == CORE_TASK_DELAYED) {
            stage->delayed_count--;
            make_pending(stage, t);
        } else if (stage->tasks[t].state == CORE_TASK_LEASED) {
            make_pending(stage, t);
        }
    }
    if (core->is_local_running) {
        step->effects->is_local_canceled = true;
        if (step->effects->local == TAMIS_LOCAL_START) { /* of this very batch: never began */
            step->effects->local = TAMIS_LOCAL_NONE;
            step->effects->is_local_canceled = false;
            core->is_local_running = false;
        }
    }
    return status;
}

/* ---- Giving tasks out ------------------------------------------------------------------------ */

static uint32_t take_pending(core_stage *stage)
{
    while (stage->tasks[stage->cursor].state != CORE_TASK_PENDING) {
        stage->cursor++;
    }
    stage->pending_count--;
    return stage->cursor++;
}

/* Writes down who holds the task: routing id, host, data folder, so that after a restart a worker
 * that comes back to the same folder ends what its predecessor held. NULL: the local task. */
static tamis_status put_lease(core_step *step, const core_job *job, uint32_t task,
                              const core_worker *worker)
{
    tamis_ledger_task record = {.fence = job->stages[job->stage].tasks[task].fence};
    tamis_buf name;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&name, TAMIS_WIRE_TEXT_MAX * 3);
    if (worker != NULL) {
        status = tamis_buf_append_format(&name, "%.*s\n%s\n%s", (int)worker->peer_size,
                                         (const char *)worker->peer, worker->host,
                                         step->core->folders[worker->folder]);
        record.name = tamis_buf_slice(&name);
    } else {
        record.name = tamis_slice_of_string("local");
    }
    status = status == TAMIS_OK ? core_put_task(step, job, job->stage, task, &record)
                                : tamis_err_set(step->err, status, "cannot write down a lease");
    tamis_buf_fini(&name);
    return status;
}

tamis_status core_send_assign(core_step *step, const core_worker *worker, uint32_t task)
{
    const core_job *job = core_running_job(step->core);
    tamis_message message = core_message(step, TAMIS_MESSAGE_ASSIGN, job->id,
                                         job->stages[job->stage].tasks[task].fence);

    message.body.assign.stage = job->stage;
    message.body.assign.task = task;
    message.body.assign.lease_ms = step->core->settings.lease_ms;
    return core_send(step, core_peer(worker), &message, tamis_slice_of(NULL, 0));
}

static void lease_task(core_step *step, core_stage *stage, uint32_t task, uint32_t worker)
{
    core_task *leased = &stage->tasks[task];
    uint64_t fence = next_fence(step->core);

    TAMIS_ASSERT(fence > leased->fence);
    leased->state = CORE_TASK_LEASED;
    leased->fence = fence;
    leased->worker = worker;
    leased->due_ms = step->now_ms + step->core->settings.lease_ms;
    leased->granted_ms = step->now_ms;
    if (stage->began_ms == 0) {
        stage->began_ms = step->now_ms == 0 ? 1 : step->now_ms;
    }
}

static tamis_status give_task(core_step *step, core_job *job, uint32_t index)
{
    core_worker *worker = step->core->workers[index];
    core_stage *stage = &job->stages[job->stage];
    uint32_t task = take_pending(stage);
    tamis_status status = core_lease_add(worker, task);

    if (status != TAMIS_OK) {
        return tamis_err_set(step->err, status, "no memory for a lease");
    }
    lease_task(step, stage, task, index);
    status = put_lease(step, job, task, worker);
    return status == TAMIS_OK ? core_send_assign(step, worker, task) : status;
}

/* One task a worker in turn, until there are no more tasks or no more credit. */
tamis_status core_assign(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    core_stage *stage = &job->stages[job->stage];
    uint32_t idle = 0; /* workers in a row that could not take a task */

    while (stage->pending_count != 0 && idle < core->worker_count) {
        uint32_t index = core->assign_next++ % core->worker_count;
        const core_worker *worker = core->workers[index];

        if (worker == NULL || !worker->is_known || worker->lease_count >= worker->credit) {
            idle++;
            continue;
        }
        idle = 0;
        tamis_status status = give_task(step, job, index);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

tamis_status core_start_local(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    core_stage *stage = &job->stages[job->stage];

    if (core->is_local_running || stage->pending_count == 0) {
        return TAMIS_OK;
    }
    lease_task(step, stage, take_pending(stage), CORE_NO_WORKER);
    core->is_local_running = true;
    core->local_fence = stage->tasks[0].fence;
    step->effects->local = TAMIS_LOCAL_START;
    memcpy(step->effects->local_job, job->id, sizeof(step->effects->local_job));
    step->effects->local_stage = job->stage;
    step->effects->local_fence = core->local_fence;
    return put_lease(step, job, 0, NULL);
}

/* ---- Results --------------------------------------------------------------------------------- */

/* The task that the message is about, as long as it names one of that job. */
static core_task *named_task(core_job *job, uint32_t stage, uint32_t task)
{
    if (job == NULL || job->state == TAMIS_RUN_DONE || stage >= job->stage_count ||
        task >= job->stages[stage].stage.task_count) {
        return NULL;
    }
    return &job->stages[stage].tasks[task];
}

static tamis_status send_ack(core_step *step, const core_worker *worker,
                             const tamis_message *message, tamis_status answer)
{
    tamis_message ack = core_message(step, TAMIS_MESSAGE_TASK_ACK, message->job, message->fence);

    ack.body.refused.status = answer;
    ack.body.refused.text = "";
    return core_send(step, core_peer(worker), &ack, tamis_slice_of(NULL, 0));
}

static void mark_done(core_job *job, uint32_t stage_index, uint32_t task,
                      const tamis_ledger_task *record, uint16_t folder)
{
    core_stage *stage = &job->stages[stage_index];
    core_task *done = &stage->tasks[task];

    done->state = CORE_TASK_DONE;
    done->fence = record->fence;
    done->folder = folder;
    done->skip_stages = (uint8_t)record->skip_stages;
    done->bytes = record->bytes;
    done->documents = record->documents;
    stage->done_count++;
    stage->bytes += record->bytes;
    stage->documents += record->documents;
    tamis_counters_add(stage->counters, record->counters);
}

static tamis_status accept(core_step *step, core_job *job, uint32_t stage, uint32_t task,
                           const tamis_ledger_task *record, tamis_slice blob, uint16_t folder)
{
    tamis_status status = core_put_task(step, job, stage, task, record);

    if (status == TAMIS_OK && blob.size != 0) {
        status = core_put_blob(step, job, stage, task, blob);
    }
    if (status == TAMIS_OK) {
        mark_done(job, stage, task, record, folder);
        job->executed++;
    }
    return status;
}

/* The attempt failed: again after a while, or the job fails with it. */
static tamis_status fail_task(core_step *step, core_job *job, uint32_t task, tamis_status reason,
                              bool is_retryable, const char *text)
{
    core_stage *stage = &job->stages[job->stage];
    core_task *failed = &stage->tasks[task];
    unsigned shift = 0;

    if (reason == TAMIS_ECANCELED) { /* its worker was told to stop: no fault of the task */
        return lose_task(step, job, task, false);
    }
    failed->attempts++;
    job->lost++;
    shift = failed->attempts - 1u < RETRY_SHIFT_MAX ? failed->attempts - 1u : RETRY_SHIFT_MAX;
    failed->state = CORE_TASK_DELAYED;
    failed->due_ms = step->now_ms + ((uint64_t)step->core->settings.retry_ms << shift);
    stage->delayed_count++;
    if (!is_retryable || failed->attempts >= step->core->settings.attempts_max) {
        return core_job_fail(step, job, job->stage, task, reason, text);
    }
    return TAMIS_OK;
}

tamis_status core_on_task_done(core_step *step, core_worker *worker, const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    uint32_t stage = message->body.task_done.stage;
    uint32_t task = message->body.task_done.task;
    core_job *job = core_find_job(step->core, message->job);
    const core_task *named = named_task(job, stage, task);
    tamis_ledger_task record = {
        .is_done = true,
        .fence = message->fence,
        .skip_stages = message->body.task_done.skip_stages,
        .bytes = message->body.task_done.bytes,
        .documents = message->body.task_done.documents,
    };
    tamis_status status = TAMIS_OK;

    if (named == NULL || (named->fence != message->fence && !TAMIS_PLANTED(FENCE_UNCHECKED))) {
        return send_ack(step, worker, message, TAMIS_EFENCED);
    }
    if (named->state == CORE_TASK_DONE && TAMIS_PLANTED(DOUBLE_ACCEPT)) {
        record.name = tamis_slice_of_string(step->core->folders[worker->folder]);
        return accept(step, job, stage, task, &record, event->bulk, worker->folder);
    }
    if (named->state == CORE_TASK_DONE) { /* a repetition of what was accepted */
        return send_ack(step, worker, message, TAMIS_OK);
    }
    if ((named->state != CORE_TASK_LEASED || named->worker == CORE_NO_WORKER ||
         step->core->workers[named->worker] != worker) &&
        !TAMIS_PLANTED(FENCE_UNCHECKED)) {
        return send_ack(step, worker, message, TAMIS_EFENCED);
    }
    if (!TAMIS_PLANTED(FENCE_UNCHECKED)) {
        lease_remove(worker, task);
    }
    if (event->bulk.size > TAMIS_BLOB_MAX) {
        status = fail_task(step, job, task, TAMIS_ELIMIT, false, "the result is too large");
        return status == TAMIS_OK ? core_advance(step) : status;
    }
    memcpy(record.counters, message->body.task_done.counters, sizeof(record.counters));
    record.name = tamis_slice_of_string(step->core->folders[worker->folder]);
    status = accept(step, job, stage, task, &record, event->bulk, worker->folder);
    if (status == TAMIS_OK) {
        status = send_ack(step, worker, message, TAMIS_OK);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

tamis_status core_on_task_failed(core_step *step, core_worker *worker,
                                 const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    uint32_t task = message->body.task_failed.task;
    core_job *job = core_find_job(step->core, message->job);
    const core_task *named = named_task(job, message->body.task_failed.stage, task);
    tamis_status status = TAMIS_OK;

    if (named == NULL || named->fence != message->fence || named->state != CORE_TASK_LEASED ||
        named->worker == CORE_NO_WORKER || step->core->workers[named->worker] != worker) {
        return send_ack(step, worker, message, TAMIS_EFENCED);
    }
    lease_remove(worker, task);
    status = send_ack(step, worker, message, TAMIS_OK);
    if (status == TAMIS_OK) {
        status = fail_task(step, job, task, message->body.task_failed.status,
                           message->body.task_failed.is_retryable, message->body.task_failed.text);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

tamis_status core_on_local_ended(core_step *step, const tamis_core_event *event)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    core_stage *stage = job == NULL ? NULL : &job->stages[job->stage];
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(core->is_local_running && event->fence == core->local_fence);
    core->is_local_running = false;
    if (stage == NULL || !stage->stage.is_local || stage->tasks[0].fence != event->fence ||
        stage->tasks[0].state != CORE_TASK_LEASED) {
        return core_advance(step); /* its job was canceled or has failed meanwhile */
    }
    if (event->status == TAMIS_OK) {
        uint16_t folder = core_intern_folder(core, core->settings.data_folder);
        tamis_ledger_task record = {
            .is_done = true,
            .fence = event->fence,
            .name = tamis_slice_of_string(core->settings.data_folder),
            .skip_stages = event->result->skip_stages,
            .bytes = event->bytes,
            .documents = event->documents,
        };

        if (folder == CORE_NO_FOLDER) {
            return tamis_err_set(step->err, TAMIS_ENOMEM, "no room for a data folder");
        }
        memcpy(record.counters, event->result->counters, sizeof(record.counters));
        status = accept(step, job, job->stage, 0, &record, tamis_buf_slice(&event->result->blob),
                        folder);
    } else {
        status = fail_task(step, job, 0, event->status, tamis_status_is_retryable(event->status),
                           event->text);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static tamis_status expire_worker(core_step *step, core_job *job, core_worker *worker)
{
    tamis_status status = TAMIS_OK;
    uint32_t i = 0;

    while (i < worker->lease_count && status == TAMIS_OK) {
        uint32_t task = worker->leases[i];

        if (step->now_ms < job->stages[job->stage].tasks[task].due_ms) {
            i++;
            continue;
        }
        worker->leases[i] = worker->leases[--worker->lease_count];
        status = lose_task(step, job, task, true);
        if (job->state != TAMIS_RUN_RUNNING) {
            break;
        }
    }
    return status;
}

static void wake_delayed(core_step *step, core_stage *stage)
{
    for (uint32_t t = 0; stage->delayed_count != 0 && t < stage->stage.task_count; t++) {
        if (stage->tasks[t].state == CORE_TASK_DELAYED && step->now_ms >= stage->tasks[t].due_ms) {
            stage->delayed_count--;
            make_pending(stage, t);
        }
    }
}

tamis_status core_expire(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    tamis_status status = TAMIS_OK;

    if (job == NULL || job->stage >= job->stage_count) {
        return TAMIS_OK;
    }
    wake_delayed(step, &job->stages[job->stage]);
    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK; i++) {
        if (core->workers[i] != NULL && job->state == TAMIS_RUN_RUNNING) {
            status = expire_worker(step, job, core->workers[i]);
        }
    }
    return status;
}

/* ---- Recovery -------------------------------------------------------------------------------- */

void core_task_restore_done(core_job *job, uint32_t stage, uint32_t task,
                            const tamis_ledger_task *record, uint16_t folder)
{
    job->stages[stage].pending_count--;
    mark_done(job, stage, task, record, folder);
}
