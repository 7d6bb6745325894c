/* SPDX-License-Identifier: Apache-2.0 */
#include "core_internal.h"
#include "tamis/planted.h"

/* ---- Jobs ------------------------------------------------------------------------------------ */

static bool goes_on(const core_job *job)
{
    return job->state == TAMIS_RUN_QUEUED || job->state == TAMIS_RUN_RUNNING;
}

static bool rests(const core_job *job)
{
    return job->state == TAMIS_RUN_PAUSED || job->state == TAMIS_RUN_CANCELED ||
           job->state == TAMIS_RUN_FAILED;
}

static tamis_status order_job(core_step *step, core_job *job, tamis_message_kind order)
{
    if (order == TAMIS_MESSAGE_PAUSE && goes_on(job)) {
        (void)core_note_job(step, TAMIS_NOTE_JOB_PAUSED, job);
        return core_job_stop(step, job, TAMIS_RUN_PAUSED);
    }
    if (order == TAMIS_MESSAGE_RESUME && rests(job)) {
        return core_job_requeue(step, job);
    }
    if (order == TAMIS_MESSAGE_CANCEL && (goes_on(job) || job->state == TAMIS_RUN_PAUSED)) {
        (void)core_note_job(step, TAMIS_NOTE_JOB_CANCELED, job);
        return core_job_stop(step, job, TAMIS_RUN_CANCELED);
    }
    return TAMIS_OK; /* it is so already, or has ended */
}

tamis_status core_on_job_order(core_step *step, const tamis_core_event *event)
{
    core_job *job = core_find_job(step->core, event->message->job);
    tamis_status status = job == NULL ? TAMIS_OK : order_job(step, job, event->message->kind);

    if (status == TAMIS_OK) {
        status = core_on_status_request(step, event);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* ---- Workers that are to go ------------------------------------------------------------------ */

bool core_may_leave(const core_step *step, const core_worker *worker)
{
    const core_folder *folder = core_worker_folder(step->core, worker);

    return worker->drain != CORE_DRAIN_NONE && worker->lease_count == 0 &&
           (worker->drain == CORE_DRAIN_NOW || folder->result_count == 0 ||
            TAMIS_PLANTED(LEAVE_TOO_EARLY));
}

static tamis_status drain_worker(core_step *step, uint32_t number, core_drain drain)
{
    tamis_coordinator_core *core = step->core;
    core_folder *folder = core_book_at(&core->book, number);
    core_worker *worker = core->workers[folder->worker];
    char peer[TAMIS_OUTBOX_PEER_MAX + 1];

    (void)snprintf(peer, sizeof(peer), "%.*s", (int)worker->peer_size, (const char *)worker->peer);
    if (!core_set_text(&folder->drain_peer, drain == CORE_DRAIN_NONE ? NULL : peer)) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory to drain a worker");
    }
    if (drain != CORE_DRAIN_NONE && worker->drain == CORE_DRAIN_NONE) {
        (void)core_note_worker(step, TAMIS_NOTE_WORKER_DRAINS, worker);
    }
    folder->drain = drain;
    core_worker_set_drain(core, folder->worker, drain);
    return core_put_folder(step, number);
}

tamis_status core_on_drain(core_step *step, const tamis_core_event *event)
{
    tamis_coordinator_core *core = step->core;
    const tamis_message *message = event->message;
    tamis_message said = core_message(step, TAMIS_MESSAGE_ANSWER, NULL, 0);
    core_drain drain = message->body.drain.is_undo  ? CORE_DRAIN_NONE
                       : message->body.drain.is_now ? CORE_DRAIN_NOW
                                                    : CORE_DRAIN_SLOW;
    uint32_t count = 0;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < core->book.count && status == TAMIS_OK; i++) {
        const core_folder *folder = core->book.folders[i];

        if (folder == NULL || folder->worker == CORE_NONE || folder->name == NULL ||
            !core->workers[folder->worker]->is_known ||
            strcmp(folder->name, message->body.drain.worker) != 0) {
            continue;
        }
        count++;
        status = drain_worker(step, i, drain);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    said.body.answer.status = count == 0 ? TAMIS_ENOENT : TAMIS_OK;
    said.body.answer.text = count == 0 ? "no worker of that name is here" : "";
    said.body.answer.count = count;
    status = core_send(step, event->peer, &said, core_nothing());
    return status == TAMIS_OK ? core_advance(step) : status;
}
