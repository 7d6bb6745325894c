/* SPDX-License-Identifier: Apache-2.0 */
/* A worker whose disk is full or fails, or that has no memory, is free again at once, before those
 * that work: without a rest it would take one task after the other and fail them all. */
#include "core_internal.h"

#define REST_SHIFT_MAX 6 /* a rest doubles up to 64 times the first one */

static bool is_fault_of_worker(tamis_status reason)
{
    return reason == TAMIS_ENOSPC || reason == TAMIS_EIO || reason == TAMIS_ENOMEM;
}

uint32_t core_fit_count(const tamis_coordinator_core *core)
{
    return core->known_count - core->draining_count - core->resting_count;
}

bool core_worker_is_fit(const core_worker *worker)
{
    return worker->is_known && worker->drain == CORE_DRAIN_NONE && !worker->is_resting &&
           !worker->is_apart;
}

static void set_out(tamis_coordinator_core *core, uint32_t index, bool is_resting, bool is_apart)
{
    core_worker *worker = core->workers[index];
    bool is_counted = worker->is_known && worker->drain == CORE_DRAIN_NONE;

    core->resting_count -= is_counted && (worker->is_resting || worker->is_apart);
    worker->is_resting = is_resting;
    worker->is_apart = is_apart;
    core->resting_count += is_counted && (worker->is_resting || worker->is_apart);
    core_worker_check_ready(core, index);
}

void core_worker_set_apart(tamis_coordinator_core *core, uint32_t index, bool is_apart)
{
    if (core->workers[index]->is_apart != is_apart) {
        set_out(core, index, core->workers[index]->is_resting, is_apart);
    }
}

void core_worker_wake(tamis_coordinator_core *core, uint32_t index)
{
    if (core->workers[index]->is_resting) {
        set_out(core, index, false, core->workers[index]->is_apart);
    }
}

void core_worker_failed(core_step *step, const core_job *job, uint32_t task, uint32_t index,
                        tamis_status reason)
{
    tamis_coordinator_core *core = step->core;
    core_worker *worker = core->workers[index];
    unsigned shift = worker->faults < REST_SHIFT_MAX ? worker->faults : REST_SHIFT_MAX;

    if (!is_fault_of_worker(reason)) {
        return;
    }
    core_avoid_add(step, job, job->stage, task, worker->folder, CORE_NO_FOLDER);
    if (worker->is_resting) {
        return; /* tasks that it ran side by side fail together */
    }
    core_count8(&worker->faults);
    if (core_worker_is_fit(worker) && core_fit_count(core) > 1) {
        worker->rest_until_ms = step->now_ms + ((uint64_t)core->settings.retry_ms << shift);
        set_out(core, index, true, false);
    }
}

void core_worker_succeeded(tamis_coordinator_core *core, uint32_t index)
{
    core->workers[index]->faults = 0;
    core_worker_wake(core, index);
}

void core_wake_workers(core_step *step)
{
    tamis_coordinator_core *core = step->core;

    for (uint32_t i = 0; i < core->worker_count && core->resting_count != 0; i++) {
        const core_worker *worker = core->workers[i];

        if (worker != NULL && worker->is_resting &&
            (step->now_ms >= worker->rest_until_ms || core_fit_count(core) == 0)) {
            core_worker_wake(core, i);
        }
    }
}
