/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

#define POOL_FIRST_CAPACITY 64u

/* ---- The pool -------------------------------------------------------------------------------- */

static bool pool_grow(tamis_coordinator_core *core)
{
    uint32_t capacity = core->lease_capacity == 0 ? POOL_FIRST_CAPACITY : core->lease_capacity * 2;
    core_lease *leases = reallocarray(core->leases, capacity, sizeof(*leases));

    if (leases == NULL) {
        return false;
    }
    core->leases = leases;
    for (uint32_t i = core->lease_capacity; i < capacity; i++) {
        leases[i] =
            (core_lease){.worker = CORE_NONE, .next = i + 1 == capacity ? core->lease_free : i + 1};
    }
    core->lease_free = core->lease_capacity;
    core->lease_capacity = capacity;
    return true;
}

uint32_t core_lease_add(tamis_coordinator_core *core, core_stage *stage, uint32_t task,
                        uint32_t worker_index)
{
    core_worker *worker = core->workers[worker_index];
    core_task *leased = &stage->tasks[task];
    uint32_t index = core->lease_free;

    if (index == CORE_NONE && !pool_grow(core)) {
        return CORE_NONE;
    }
    index = core->lease_free;
    core->lease_free = core->leases[index].next;
    core->lease_count++;
    core->leases[index] = (core_lease){
        .task = task,
        .worker = worker_index,
        .next = CORE_NONE,
        .previous = worker->last_lease,
        .twin = leased->state == CORE_TASK_LEASED ? leased->lease : CORE_NONE,
    };
    if (worker->last_lease == CORE_NONE) {
        worker->first_lease = index;
        worker->due_ms = UINT64_MAX;
    } else {
        core->leases[worker->last_lease].next = index;
    }
    worker->last_lease = index;
    worker->lease_count++;
    if (core->leases[index].twin != CORE_NONE) {
        core->leases[core->leases[index].twin].twin = index;
        core->leases[index].is_backup = true;
    } else {
        leased->state = CORE_TASK_LEASED;
        leased->lease = index;
    }
    core_worker_check_ready(core, worker_index);
    return index;
}

static void forget_progress(tamis_coordinator_core *core, const core_lease *lease)
{
    if (!lease->is_backup) {
        core->lease_bytes -= lease->bytes;
        core->lease_documents -= lease->documents;
    }
}

void core_lease_remove(tamis_coordinator_core *core, core_stage *stage, uint32_t index)
{
    core_lease *lease = &core->leases[index];
    core_worker *worker = core->workers[lease->worker];
    uint32_t worker_index = lease->worker;

    forget_progress(core, lease);
    if (lease->twin != CORE_NONE) {
        core_lease *twin = &core->leases[lease->twin];

        twin->twin = CORE_NONE;
        stage->tasks[lease->task].lease = lease->twin;
        if (twin->is_backup) { /* it is the one that counts now */
            twin->is_backup = false;
            core->lease_bytes += twin->bytes;
            core->lease_documents += twin->documents;
        }
    }
    if (lease->previous == CORE_NONE) {
        worker->first_lease = lease->next;
    } else {
        core->leases[lease->previous].next = lease->next;
    }
    if (lease->next == CORE_NONE) {
        worker->last_lease = lease->previous;
    } else {
        core->leases[lease->next].previous = lease->previous;
    }
    worker->lease_count--;
    core->lease_count--;
    *lease = (core_lease){.worker = CORE_NONE, .next = core->lease_free};
    core->lease_free = index;
    core_worker_check_ready(core, worker_index);
}

uint32_t core_lease_find(const tamis_coordinator_core *core, const core_task *task, uint32_t worker,
                         uint64_t fence)
{
    uint32_t index = task->state == CORE_TASK_LEASED ? task->lease : CORE_NONE;

    while (index != CORE_NONE) {
        const core_lease *lease = &core->leases[index];

        if (lease->worker == worker && lease->fence == fence) {
            return index;
        }
        index = index == task->lease ? lease->twin : CORE_NONE;
    }
    return CORE_NONE;
}

bool core_lease_is_running(const tamis_coordinator_core *core, uint32_t index)
{
    const core_worker *worker = core->workers[core->leases[index].worker];
    uint32_t older = 0;

    for (uint32_t i = worker->first_lease; i != index; i = core->leases[i].next) {
        older++;
    }
    /* The threads of a worker that did not say hello to this coordinator are not known. */
    return worker->thread_count == 0 || older < worker->thread_count;
}

/* ---- Their end ------------------------------------------------------------------------------- */

/* A worker that dies or falls silent may have been taken down by what it ran. */
static void count_loss(core_step *step, core_job *job, uint32_t index, core_loss loss)
{
    tamis_coordinator_core *core = step->core;
    const core_lease *lease = &core->leases[index];
    const core_worker *worker = core->workers[lease->worker];
    core_folder *folder = core_worker_folder(core, worker);
    core_task *task = &job->stages[job->stage].tasks[lease->task];
    bool is_lost = loss == CORE_LOSS_SILENT || loss == CORE_LOSS_DIED;
    bool is_worker_lost =
        loss == CORE_LOSS_DIED ||
        (loss == CORE_LOSS_SILENT && step->now_ms - worker->heard_ms >= core->settings.lease_ms);

    if (loss == CORE_LOSS_STOPPED) {
        return;
    }
    job->lost++;
    core_count16(&task->lost);
    if (folder != NULL) {
        folder->tasks_lost++;
    }
    if (is_worker_lost && core_lease_is_running(core, index) && task->losses < UINT8_MAX) {
        task->losses++;
        if (task->losses == TAMIS_ISOLATE_FROM) {
            core_note_task(step, TAMIS_NOTE_TASK_ISOLATED, job, job->stage, lease->task, worker)
                ->number = task->losses;
        }
    }
    if (is_lost) {
        core_note_task(step, TAMIS_NOTE_LEASE_EXPIRED, job, job->stage, lease->task, worker)
            ->number = task->losses;
    }
}

tamis_status core_lease_lose(core_step *step, core_job *job, uint32_t index, core_loss loss)
{
    core_stage *stage = &job->stages[job->stage];
    uint32_t task = step->core->leases[index].task;
    bool has_twin = step->core->leases[index].twin != CORE_NONE;

    count_loss(step, job, index, loss);
    core_lease_remove(step->core, stage, index);
    if (!has_twin) {
        core_make_pending(step->core, stage, task);
    }
    /* The ledger must not name a holder that has gone: its folder may be forgotten, and the number
     * given to another one. */
    return core_put_task(step, job, job->stage, task);
}

tamis_status core_release_worker(core_step *step, uint32_t index, core_loss loss)
{
    core_job *job = core_running_job(step->core);
    core_worker *worker = step->core->workers[index];
    tamis_status status = TAMIS_OK;

    /* From the last one on, so that who runs is told from who waits. */
    while (worker->last_lease != CORE_NONE && status == TAMIS_OK) {
        TAMIS_ASSERT(job != NULL);
        status = core_lease_lose(step, job, worker->last_lease, loss);
    }
    return status;
}

tamis_status core_send_stop(core_step *step, const core_job *job, uint32_t index)
{
    const core_lease *lease = &step->core->leases[index];
    tamis_held stop = {.fence = lease->fence, .stage = job->stage, .task = lease->task};
    tamis_message message = core_beat(step);

    memcpy(stop.job, job->id, sizeof(stop.job));
    memcpy(message.job, job->id, sizeof(message.job));
    message.body.heartbeat.held = &stop;
    message.body.heartbeat.held_count = 1;
    return core_send(step, core_peer(step->core->workers[lease->worker]), &message, core_nothing());
}

static tamis_status stop_worker(core_step *step, core_job *job, uint32_t index)
{
    tamis_coordinator_core *core = step->core;
    const core_worker *worker = core->workers[index];
    tamis_message message = core_beat(step);
    tamis_held *stop = calloc((size_t)worker->lease_count + 1, sizeof(*stop));
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    if (stop == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory to stop a worker");
    }
    for (uint32_t i = worker->first_lease; i != CORE_NONE; i = core->leases[i].next) {
        stop[count].stage = job->stage;
        stop[count].task = core->leases[i].task;
        stop[count].fence = core->leases[i].fence;
        memcpy(stop[count++].job, job->id, sizeof(stop->job));
    }
    memcpy(message.job, job->id, sizeof(message.job));
    message.body.heartbeat.held = stop;
    message.body.heartbeat.held_count = count;
    status = core_send(step, core_peer(worker), &message, core_nothing());
    free(stop);
    return status;
}

/* The ledger must not take these leases for good ones when the stage is reached again. */
static tamis_status release_leases(core_step *step, core_job *job, uint32_t index)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = &job->stages[job->stage];
    const core_worker *worker = core->workers[index];
    tamis_status status = TAMIS_OK;

    while (worker->last_lease != CORE_NONE && status == TAMIS_OK) {
        uint32_t task = core->leases[worker->last_lease].task;
        bool has_twin = core->leases[worker->last_lease].twin != CORE_NONE;

        core_lease_remove(core, stage, worker->last_lease);
        if (!has_twin) {
            core_make_pending(core, stage, task);
            status = core_put_task(step, job, job->stage, task);
        }
    }
    return status;
}

static void cancel_local(core_step *step, core_stage *stage)
{
    tamis_coordinator_core *core = step->core;

    if (!core->is_local_running) {
        return;
    }
    step->effects->is_local_canceled = true;
    if (step->effects->local == TAMIS_LOCAL_START) { /* of this very batch: never began */
        step->effects->local = TAMIS_LOCAL_NONE;
        step->effects->is_local_canceled = false;
        core->is_local_running = false;
    }
    if (stage->stage.is_local && stage->stage.task_count != 0 &&
        stage->tasks[0].state == CORE_TASK_LEASED) {
        core_make_pending(core, stage, 0);
    }
}

tamis_status core_release_all(core_step *step, core_job *job)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = core_current_stage(core);
    tamis_status status = TAMIS_OK;

    if (stage == NULL) {
        return TAMIS_OK;
    }
    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK && core->lease_count != 0;
         i++) {
        if (core->workers[i] != NULL && core->workers[i]->lease_count != 0) {
            status = stop_worker(step, job, i);
            if (status == TAMIS_OK) {
                status = release_leases(step, job, i);
            }
        }
    }
    for (uint32_t i = 0; i < core->delayed_count; i++) {
        core_make_pending(core, stage, core->delayed[i]);
    }
    core->delayed_count = 0;
    cancel_local(step, stage);
    core_stage_rest(stage, step->now_ms);
    return status;
}

/* ---- Time ------------------------------------------------------------------------------------ */

tamis_status core_delay_task(core_step *step, core_stage *stage, uint32_t task, uint64_t delay_ms)
{
    tamis_coordinator_core *core = step->core;

    if (core->delayed_count == core->delayed_capacity) {
        uint32_t capacity = core->delayed_capacity == 0 ? 16 : core->delayed_capacity * 2;
        uint32_t *tasks = reallocarray(core->delayed, capacity, sizeof(*tasks));
        uint64_t *due_ms = NULL;

        core->delayed = tasks == NULL ? core->delayed : tasks;
        due_ms =
            tasks == NULL ? NULL : reallocarray(core->delayed_due_ms, capacity, sizeof(*due_ms));
        if (due_ms == NULL) {
            return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a task that waits");
        }
        core->delayed_due_ms = due_ms;
        core->delayed_capacity = capacity;
    }
    stage->tasks[task].state = CORE_TASK_DELAYED;
    core->delayed[core->delayed_count] = task;
    core->delayed_due_ms[core->delayed_count++] = step->now_ms + delay_ms;
    return TAMIS_OK;
}

static void wake_delayed(core_step *step, core_stage *stage)
{
    tamis_coordinator_core *core = step->core;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < core->delayed_count; i++) {
        if (step->now_ms >= core->delayed_due_ms[i]) {
            core_make_pending(core, stage, core->delayed[i]);
        } else {
            core->delayed[kept] = core->delayed[i];
            core->delayed_due_ms[kept++] = core->delayed_due_ms[i];
        }
    }
    core->delayed_count = kept;
}

/* Leases that their worker, who is heard of, does not list. */
static tamis_status expire_worker(core_step *step, core_job *job, core_worker *worker)
{
    tamis_coordinator_core *core = step->core;
    uint32_t index = worker->first_lease;
    uint64_t due_ms = UINT64_MAX;
    tamis_status status = TAMIS_OK;

    while (index != CORE_NONE && status == TAMIS_OK) {
        uint32_t next = core->leases[index].next;

        if (step->now_ms >= core->leases[index].due_ms) {
            status = core_lease_lose(step, job, index, CORE_LOSS_SILENT);
        } else if (core->leases[index].due_ms < due_ms) {
            due_ms = core->leases[index].due_ms;
        }
        index = next;
    }
    worker->due_ms = due_ms;
    return status;
}

tamis_status core_expire(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = core_current_stage(core);
    tamis_status status = TAMIS_OK;

    if (stage == NULL) {
        return TAMIS_OK;
    }
    wake_delayed(step, stage);
    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK && core->lease_count != 0;
         i++) {
        core_worker *worker = core->workers[i];

        if (worker != NULL && worker->lease_count != 0 && step->now_ms >= worker->due_ms) {
            status = expire_worker(step, core_running_job(core), worker);
        }
    }
    return status;
}
