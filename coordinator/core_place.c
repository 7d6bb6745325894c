/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

#define TASKS_MAX  4096u                /* of a stage that is placed */
#define HASHES_MAX (UINT64_C(16) << 20) /* tasks times workers: a tenth of a second */

static bool is_placed(tamis_stage_kind kind)
{
    switch (kind) {
    case TAMIS_STAGE_LINK:
    case TAMIS_STAGE_PAIR_LATER:
    case TAMIS_STAGE_PAIR_EARLIER:
    case TAMIS_STAGE_TEXT_LATER:
    case TAMIS_STAGE_TEXT_EARLIER:
    case TAMIS_STAGE_WITNESS:
        return true;
    case TAMIS_STAGE_SCAN:
    case TAMIS_STAGE_SPOOL_PLAN:
    case TAMIS_STAGE_SPOOL:
    case TAMIS_STAGE_RESOLVE:
    case TAMIS_STAGE_REPOINT:
    case TAMIS_STAGE_EMIT:
    case TAMIS_STAGE_REPORT:
    case TAMIS_STAGE_QUALITY:
    case TAMIS_STAGE_KIND_COUNT:
    default:
        return false;
    }
}

static uint64_t worker_hash(const tamis_coordinator_core *core, uint32_t index)
{
    const core_folder *folder = core_worker_folder(core, core->workers[index]);
    const char *name = folder->id[0] == 0 ? folder->path : folder->id;

    return tamis_hash64(name, strlen(name));
}

/* How much the worker is preferred for the task. */
static uint64_t weight(uint64_t hash, uint32_t stage, uint32_t task)
{
    return tamis_mum(hash ^ TAMIS_HASH_K1,
                     ((uint64_t)stage << 32 | task) * TAMIS_HASH_K2 ^ TAMIS_HASH_K3);
}

static void push(tamis_coordinator_core *core, uint32_t task)
{
    uint32_t by = core->preferred_by[task];

    if (by != CORE_NONE && !core->is_preferred_listed[task]) {
        core->preferred_next[task] = core->workers[by]->preferred;
        core->workers[by]->preferred = task;
        core->is_preferred_listed[task] = 1;
    }
}

/* The lists of all workers anew. */
static void list_all(tamis_coordinator_core *core)
{
    const core_stage *stage = core_current_stage(core);

    for (uint32_t i = 0; i < core->worker_count; i++) {
        if (core->workers[i] != NULL) {
            core->workers[i]->preferred = CORE_NONE;
        }
    }
    memset(core->is_preferred_listed, 0, core->preferred_count);
    for (uint32_t t = core->preferred_count; t-- != 0;) {
        if (stage->tasks[t].state == CORE_TASK_PENDING) {
            push(core, t);
        }
    }
}

/* Whom the task goes to among those who said hello, but for that one. */
static uint32_t best_for(const tamis_coordinator_core *core, const uint64_t *hashes, uint32_t stage,
                         uint32_t task, uint32_t except)
{
    uint32_t best = CORE_NONE;
    uint64_t most = 0;

    for (uint32_t i = 0; i < core->worker_count; i++) {
        if (core->workers[i] != NULL && core->workers[i]->is_known && i != except) {
            uint64_t own = weight(hashes[i], stage, task);

            if (best == CORE_NONE || own > most) {
                best = i;
                most = own;
            }
        }
    }
    return best;
}

static uint64_t *hash_workers(const tamis_coordinator_core *core, uint32_t except)
{
    uint64_t *hashes = calloc((size_t)core->worker_count + 1, sizeof(*hashes));

    for (uint32_t i = 0; hashes != NULL && i < core->worker_count; i++) {
        if (core->workers[i] != NULL && core->workers[i]->is_known && i != except) {
            hashes[i] = worker_hash(core, i);
        }
    }
    return hashes;
}

static void forget(tamis_coordinator_core *core)
{
    free(core->preferred_by);
    free(core->preferred_next);
    free(core->is_preferred_listed);
    core->preferred_by = NULL;
    core->preferred_next = NULL;
    core->is_preferred_listed = NULL;
    core->preferred_count = 0;
}

tamis_status core_place_begin(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    const core_stage *stage = core_current_stage(core);
    uint32_t count = stage == NULL ? 0 : stage->stage.task_count;
    uint32_t number = stage == NULL ? 0 : core_running_job(core)->stage;
    uint64_t *hashes = NULL;

    forget(core);
    if (stage == NULL || !is_placed(stage->stage.kind) || count == 0 || count > TASKS_MAX ||
        (uint64_t)count * core->known_count > HASHES_MAX) {
        return TAMIS_OK;
    }
    hashes = hash_workers(core, CORE_NONE);
    core->preferred_by = calloc(count, sizeof(uint32_t));
    core->preferred_next = calloc(count, sizeof(uint32_t));
    core->is_preferred_listed = calloc(count, 1);
    if (hashes == NULL || core->preferred_by == NULL || core->preferred_next == NULL ||
        core->is_preferred_listed == NULL) {
        free(hashes);
        forget(core);
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory to place tasks");
    }
    core->preferred_count = count;
    for (uint32_t t = 0; t < count; t++) {
        core->preferred_by[t] = best_for(core, hashes, number, t, CORE_NONE);
    }
    free(hashes);
    list_all(core);
    return TAMIS_OK;
}

/* Whether the stage that is placed is the one at work: a job may have been rewound just now. */
static bool is_on(const tamis_coordinator_core *core)
{
    return core->preferred_count != 0 && core->assigned != NULL &&
           core->assigned == core_current_stage(core);
}

void core_place_worker_added(core_step *step, uint32_t index)
{
    tamis_coordinator_core *core = step->core;
    uint64_t own = 0;
    bool is_changed = false;
    uint32_t number = 0;

    if (!is_on(core)) {
        return;
    }
    own = worker_hash(core, index);
    number = core_running_job(core)->stage;
    for (uint32_t t = 0; t < core->preferred_count; t++) {
        uint32_t by = core->preferred_by[t];

        if (by == CORE_NONE || weight(own, number, t) > weight(worker_hash(core, by), number, t)) {
            core->preferred_by[t] = index;
            is_changed = true;
        }
    }
    if (is_changed) {
        list_all(core);
    }
}

void core_place_worker_gone(core_step *step, uint32_t index)
{
    tamis_coordinator_core *core = step->core;
    uint64_t *hashes = NULL;
    uint32_t number = 0;

    if (!is_on(core)) {
        forget(core);
        return;
    }
    hashes = hash_workers(core, index);
    if (hashes == NULL) {
        forget(core); /* any worker will do */
        return;
    }
    number = core_running_job(core)->stage;
    for (uint32_t t = 0; t < core->preferred_count; t++) {
        if (core->preferred_by[t] == index) {
            core->preferred_by[t] = best_for(core, hashes, number, t, index);
        }
    }
    free(hashes);
    list_all(core);
}

void core_place_pending(tamis_coordinator_core *core, uint32_t task)
{
    if (task < core->preferred_count) {
        push(core, task);
    }
}

uint32_t core_place_take(tamis_coordinator_core *core, const core_stage *stage, uint32_t index)
{
    core_worker *worker = core->workers[index];

    while (worker->preferred != CORE_NONE) {
        uint32_t task = worker->preferred;

        worker->preferred = core->preferred_next[task];
        core->is_preferred_listed[task] = 0;
        if (stage->tasks[task].state == CORE_TASK_PENDING && core->preferred_by[task] == index) {
            return task;
        }
    }
    return CORE_NONE;
}
