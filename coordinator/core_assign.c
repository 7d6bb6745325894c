/* SPDX-License-Identifier: Apache-2.0 */
#include "core_internal.h"
#include "tamis/planted.h"

#define BACKUPS_A_TICK 16
#define ASIDE_MAX      64 /* tasks that wait for a better worker while later ones are granted */

uint64_t core_next_fence(tamis_coordinator_core *core)
{
    core->fence_counter++;
    TAMIS_ASSERT(core->fence_counter <= UINT32_MAX);
    return core->epoch << 32 | core->fence_counter;
}

tamis_status core_assign_begin(core_step *step)
{
    tamis_coordinator_core *core = step->core;

    core->assigned = core_current_stage(core);
    core->duration_count = 0;
    memset(core->durations, 0, sizeof(core->durations));
    return core_place_begin(step);
}

/* ---- Granting -------------------------------------------------------------------------------- */

static uint32_t take_pending(core_stage *stage)
{
    while (stage->tasks[stage->cursor].state != CORE_TASK_PENDING) {
        stage->cursor++;
    }
    return stage->cursor++;
}

tamis_status core_send_assign(core_step *step, uint32_t index)
{
    const core_job *job = core_running_job(step->core);
    const core_lease *lease = &step->core->leases[index];
    const core_task *task = &job->stages[job->stage].tasks[lease->task];
    tamis_message message = core_message(step, TAMIS_MESSAGE_ASSIGN, job->id, lease->fence);

    message.body.assign.stage = job->stage;
    message.body.assign.task = lease->task;
    message.body.assign.lease_ms = step->core->settings.lease_ms;
    message.body.assign.generation = job->generation;
    message.body.assign.is_isolated =
        task->losses >= TAMIS_ISOLATE_FROM && !TAMIS_PLANTED(ISOLATION_FORGOTTEN);
    return core_send(step, core_peer(step->core->workers[lease->worker]), &message, core_nothing());
}

static void begin_stage(core_stage *stage, uint64_t now_ms)
{
    if (stage->began_ms == 0) {
        stage->began_ms = now_ms == 0 ? 1 : now_ms;
    }
}

/* Gives the task, which is taken from the pending ones or has a lease already, to the worker, who
 * is ready. */
static tamis_status grant(core_step *step, uint32_t task, uint32_t worker_index)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    core_stage *stage = &job->stages[job->stage];
    core_worker *worker = core->workers[worker_index];
    uint64_t fence = core_next_fence(core);
    uint32_t index = core_lease_add(core, stage, task, worker_index);
    core_lease *lease = NULL;
    tamis_status status = TAMIS_OK;

    if (index == CORE_NONE) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a lease");
    }
    TAMIS_ASSERT(fence > stage->tasks[task].fence);
    stage->tasks[task].fence = fence;
    lease = &core->leases[index];
    lease->fence = fence;
    lease->due_ms = step->now_ms + core->settings.lease_ms;
    lease->sent_ms = step->now_ms;
    lease->began_ms = step->now_ms;
    worker->due_ms = lease->due_ms < worker->due_ms ? lease->due_ms : worker->due_ms;
    begin_stage(stage, step->now_ms);
    if (worker->links[CORE_LIST_READY].is_in) {
        core_list_append(core, CORE_LIST_READY, worker_index); /* the others first */
    }
    status = core_put_task(step, job, job->stage, task);
    return status == TAMIS_OK ? core_send_assign(step, index) : status;
}

/* Each ready worker in turn what it is preferred for, as long as there is anything. */
static tamis_status assign_preferred(core_step *step, core_stage *stage)
{
    tamis_coordinator_core *core = step->core;
    const core_list *ready = &core->lists[CORE_LIST_READY];
    uint32_t idle = 0; /* workers in a row that had nothing */
    tamis_status status = TAMIS_OK;

    while (stage->pending_count != 0 && idle < ready->count && status == TAMIS_OK) {
        uint32_t worker = ready->first;
        uint32_t task = core_place_take(core, stage, worker);

        if (task != CORE_NONE && core_avoid_is_listed(core, core_avoid_of(core, task), worker)) {
            continue; /* for another one, below */
        }
        if (task == CORE_NONE) {
            core_list_append(core, CORE_LIST_READY, worker);
            idle++;
            continue;
        }
        idle = 0;
        stage->pending_count--;
        status = grant(step, task, worker);
    }
    return status;
}

tamis_status core_assign(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = core_current_stage(core);
    uint32_t aside_first = 0;
    uint32_t aside_count = 0;
    tamis_status status = TAMIS_OK;

    if (core->preferred_count != 0) {
        status = assign_preferred(step, stage);
    }
    while (stage->pending_count != 0 && core->lists[CORE_LIST_READY].first != CORE_NONE &&
           aside_count < ASIDE_MAX && status == TAMIS_OK) {
        uint32_t task = take_pending(stage);
        uint32_t worker = core_avoid_choose(core, core_avoid_of(core, task));

        stage->pending_count--;
        if (worker == CORE_NONE) {
            aside_first = aside_count == 0 ? task : aside_first;
            aside_count++;
        } else {
            status = grant(step, task, worker);
        }
    }
    if (aside_count != 0) { /* still pending */
        stage->cursor = aside_first;
        stage->pending_count += aside_count;
    }
    return status;
}

tamis_status core_start_local(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    core_stage *stage = &job->stages[job->stage];
    core_task *task = &stage->tasks[0];

    if (core->is_local_running || stage->pending_count == 0) {
        return TAMIS_OK;
    }
    stage->pending_count--;
    task->fence = core_next_fence(core);
    task->state = CORE_TASK_LEASED;
    task->lease = CORE_NONE;
    begin_stage(stage, step->now_ms);
    core->is_local_running = true;
    core->local_fence = task->fence;
    core->local_bytes = 0;
    core->local_documents = 0;
    step->effects->local = TAMIS_LOCAL_START;
    memcpy(step->effects->local_job, job->id, sizeof(step->effects->local_job));
    step->effects->local_stage = job->stage;
    step->effects->local_fence = core->local_fence;
    return core_put_task(step, job, job->stage, 0);
}

/* ---- Stragglers ------------------------------------------------------------------------------ */

/* Quarter octaves: 0, 1, 2, 3, 4-, 5-, 6-, 7-, 8-9, 10-11, ... */
static unsigned duration_class(uint64_t duration_ms)
{
    unsigned bits = 0;

    if (duration_ms < 4) {
        return (unsigned)duration_ms;
    }
    bits = 63u - (unsigned)__builtin_clzll(duration_ms);
    return (bits - 1) * 4 + (unsigned)(duration_ms >> (bits - 2) & 3);
}

static uint64_t class_start(unsigned class)
{
    return class < 4 ? class : (uint64_t)(4 + class % 4) << (class / 4 - 1);
}

void core_note_duration(tamis_coordinator_core *core, uint64_t duration_ms)
{
    core->durations[duration_class(duration_ms)]++;
    core->duration_count++;
}

static uint64_t median_ms(const tamis_coordinator_core *core)
{
    uint32_t seen = 0;
    unsigned class = 0;

    while (class < CORE_DURATIONS - 1 &&
           (seen += core->durations[class]) < (core->duration_count + 1) / 2) {
        class ++;
    }
    return core->duration_count == 0 ? 0 : class_start(class);
}

static bool is_alone(const core_lease *lease)
{
    return lease->worker != CORE_NONE && lease->twin == CORE_NONE;
}

/* The lease without a twin that is the oldest. CORE_NONE: none is older than that. */
static uint32_t find_straggler(const tamis_coordinator_core *core, uint64_t began_before_ms)
{
    uint32_t found = CORE_NONE;

    for (uint32_t i = 0; i < core->lease_capacity; i++) {
        const core_lease *lease = &core->leases[i];

        if (is_alone(lease) && lease->began_ms < began_before_ms) {
            began_before_ms = lease->began_ms;
            found = i;
        }
    }
    return found;
}

static uint32_t ready_other_than(const tamis_coordinator_core *core, uint32_t worker)
{
    uint32_t ready = core->lists[CORE_LIST_READY].first;

    return ready == worker ? core->workers[ready]->links[CORE_LIST_READY].next : ready;
}

static tamis_status back_up(core_step *step, uint32_t straggler, uint32_t worker)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    uint32_t task = core->leases[straggler].task;
    core_task *slow = &job->stages[job->stage].tasks[task];

    core_note_task(step, TAMIS_NOTE_TASK_BACKUP, job, job->stage, task, core->workers[worker])
        ->number = step->now_ms - core->leases[straggler].began_ms;
    core_count8(&slow->backups);
    job->backups++;
    return grant(step, task, worker);
}

tamis_status core_back_up(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    const core_stage *stage = core_current_stage(core);
    uint64_t patience_ms = core->settings.straggler_ms;
    tamis_status status = TAMIS_OK;

    if (stage == NULL || stage->stage.is_local || stage->pending_count != 0 ||
        core->lists[CORE_LIST_READY].count == 0 || core->lease_count == 0 ||
        step->now_ms - core->straggled_ms < core->settings.heartbeat_ms) {
        return TAMIS_OK;
    }
    core->straggled_ms = step->now_ms;
    patience_ms = 3 * median_ms(core) > patience_ms ? 3 * median_ms(core) : patience_ms;
    for (unsigned i = 0; i < BACKUPS_A_TICK && status == TAMIS_OK; i++) {
        uint32_t straggler = step->now_ms <= patience_ms
                                 ? CORE_NONE
                                 : find_straggler(core, step->now_ms - patience_ms);
        uint32_t worker = straggler == CORE_NONE
                              ? CORE_NONE
                              : ready_other_than(core, core->leases[straggler].worker);

        if (worker == CORE_NONE ||
            core_avoid_is_listed(core, core_avoid_of(core, core->leases[straggler].task), worker)) {
            break;
        }
        status = back_up(step, straggler, worker);
    }
    return status;
}
