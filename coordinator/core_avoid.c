/* SPDX-License-Identifier: Apache-2.0 */
/* Two workers may be cut off from each other while both are heard of here. A task that could not
 * get at a result is given to somebody else for a while, the holder of the result before all
 * others. It is a wish, not a rule: it ends with its time, and when nobody is left. */
#include "core_internal.h"

static core_avoid *find(tamis_coordinator_core *core, uint64_t order, uint32_t stage, uint32_t task)
{
    for (uint32_t i = 0; i < core->avoid_count; i++) {
        core_avoid *avoid = &core->avoids[i];

        if (avoid->order == order && avoid->stage == stage && avoid->task == task) {
            return avoid;
        }
    }
    return NULL;
}

/* A new one; when there is no room it takes the place of the one that ends first. */
static core_avoid *add(tamis_coordinator_core *core)
{
    uint32_t oldest = 0;

    if (core->avoid_count < CORE_AVOIDS_MAX) {
        return &core->avoids[core->avoid_count++];
    }
    for (uint32_t i = 1; i < core->avoid_count; i++) {
        if (core->avoids[i].until_ms < core->avoids[oldest].until_ms) {
            oldest = i;
        }
    }
    return &core->avoids[oldest];
}

static bool lists(const core_avoid *avoid, uint32_t folder)
{
    for (uint32_t i = 0; i < avoid->folder_count; i++) {
        if (avoid->folders[i] == folder) {
            return true;
        }
    }
    return false;
}

void core_avoid_add(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                    uint32_t folder, uint32_t holder)
{
    core_avoid *avoid = find(step->core, job->order, stage, task);

    if (avoid == NULL) {
        avoid = add(step->core);
        *avoid = (core_avoid){.order = job->order, .stage = stage, .task = task};
    }
    avoid->holder = (uint16_t)holder;
    avoid->until_ms = step->now_ms + step->core->settings.lost_after_ms;
    if (folder != CORE_NO_FOLDER && !lists(avoid, folder)) {
        if (avoid->folder_count == CORE_AVOID_FOLDERS) { /* the oldest may be tried again */
            memmove(avoid->folders, avoid->folders + 1,
                    (CORE_AVOID_FOLDERS - 1) * sizeof(avoid->folders[0]));
            avoid->folder_count--;
        }
        avoid->folders[avoid->folder_count++] = (uint16_t)folder;
    }
}

void core_avoid_expire(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < core->avoid_count; i++) {
        if (step->now_ms < core->avoids[i].until_ms) {
            core->avoids[kept++] = core->avoids[i];
        }
    }
    core->avoid_count = kept;
}

const core_avoid *core_avoid_of(tamis_coordinator_core *core, uint32_t task)
{
    const core_job *job = core_running_job(core);
    const core_task *wanted = NULL;

    if (core->avoid_count == 0 || job == NULL) {
        return NULL;
    }
    wanted = &job->stages[job->stage].tasks[task];
    return wanted->unreachable != 0 || wanted->attempts != 0
               ? find(core, job->order, job->stage, task)
               : NULL;
}

bool core_avoid_is_listed(const tamis_coordinator_core *core, const core_avoid *avoid,
                          uint32_t worker)
{
    return avoid != NULL && lists(avoid, core->workers[worker]->folder);
}

/* Whether there is a worker that may take tasks and is not listed. */
static bool has_others(const tamis_coordinator_core *core, const core_avoid *avoid)
{
    uint32_t listed = 0;

    for (uint32_t i = 0; i < avoid->folder_count; i++) {
        const core_folder *folder = core_book_at(&core->book, avoid->folders[i]);

        if (folder != NULL && folder->worker != CORE_NONE &&
            core_worker_is_fit(core->workers[folder->worker])) {
            listed++;
        }
    }
    return core_fit_count(core) > listed;
}

uint32_t core_avoid_choose(const tamis_coordinator_core *core, const core_avoid *avoid)
{
    uint32_t first = core->lists[CORE_LIST_READY].first;
    const core_folder *holder = avoid == NULL ? NULL : core_book_at(&core->book, avoid->holder);

    if (avoid == NULL) {
        return first;
    }
    if (holder != NULL && holder->worker != CORE_NONE && !lists(avoid, avoid->holder) &&
        core->workers[holder->worker]->links[CORE_LIST_READY].is_in) {
        return holder->worker;
    }
    for (uint32_t i = first; i != CORE_NONE; i = core->workers[i]->links[CORE_LIST_READY].next) {
        if (!lists(avoid, core->workers[i]->folder)) {
            return i;
        }
    }
    return has_others(core, avoid) ? CORE_NONE : first;
}
