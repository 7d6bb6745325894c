/* SPDX-License-Identifier: Apache-2.0 */
/* A cut between two workers that lasts: each makes what the other cannot get at, and so on without
 * an end. So the folder whose results are given up is set apart for that job: its worker gets no
 * task of it, and what somebody lacks of it is made again by the others. The others get fewer each
 * time and always one is left, so they end as some who reach each other. It ends after a while, as
 * the cut may be mended, but after twice as long each time, so that some day there is time enough
 * to end the job. */
#include "core_internal.h"
#include "tamis/planted.h"

#define APART_TIMES     10 /* lost_after_ms, at first */
#define APART_SHIFT_MAX 10

bool core_apart_may(const tamis_coordinator_core *core, const core_folder *folder)
{
    const core_worker *worker = folder->worker == CORE_NONE ? NULL : core->workers[folder->worker];

    return worker == NULL || !core_worker_is_fit(worker) || core_fit_count(core) > 1;
}

void core_apart_set(core_step *step, const core_job *job, uint32_t number)
{
    tamis_coordinator_core *core = step->core;
    core_folder *folder = core_book_at(&core->book, number);
    unsigned shift = 0;
    tamis_core_note *note = NULL;

    if (TAMIS_PLANTED(APART_FORGOTTEN)) {
        return;
    }
    folder->apart_times = folder->apart_order == job->order ? folder->apart_times : 0;
    shift = folder->apart_times < APART_SHIFT_MAX ? folder->apart_times : APART_SHIFT_MAX;
    core_count8(&folder->apart_times);
    folder->apart_order = job->order;
    core->apart_count += !folder->is_apart;
    folder->is_apart = true;
    folder->apart_until_ms =
        step->now_ms + ((uint64_t)core->settings.lost_after_ms * APART_TIMES << shift);
    if (folder->worker != CORE_NONE) {
        core_worker_set_apart(core, folder->worker, !TAMIS_PLANTED(APART_IGNORED));
    }
    note = core_note_job(step, TAMIS_NOTE_FOLDER_APART, job);
    note->number = folder->apart_until_ms - step->now_ms;
    (void)snprintf(note->text, sizeof(note->text), "%.250s", folder->path);
}

static void take_back(core_step *step, core_folder *folder)
{
    tamis_core_note *note = core_note(step, TAMIS_NOTE_FOLDER_BACK);

    (void)snprintf(note->text, sizeof(note->text), "%.250s", folder->path);
    folder->is_apart = false;
    step->core->apart_count--;
    if (folder->worker != CORE_NONE) {
        core_worker_set_apart(step->core, folder->worker, false);
    }
}

void core_apart_expire(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    const core_job *job = core_running_job(core);
    bool is_all = core_fit_count(core) == 0 && core->resting_count != 0; /* nobody else is left */

    for (uint32_t i = 0; i < core->book.count && core->apart_count != 0; i++) {
        core_folder *folder = core_book_at(&core->book, i);

        if (folder != NULL && folder->is_apart &&
            (is_all || job == NULL || folder->apart_order != job->order ||
             step->now_ms >= folder->apart_until_ms)) {
            take_back(step, folder);
        }
    }
}

void core_apart_move(tamis_coordinator_core *core, uint64_t gap_ms)
{
    for (uint32_t i = 0; i < core->book.count && core->apart_count != 0; i++) {
        core_folder *folder = core_book_at(&core->book, i);

        if (folder != NULL && folder->is_apart) {
            folder->apart_until_ms += gap_ms;
        }
    }
}
