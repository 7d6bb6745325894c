/* SPDX-License-Identifier: Apache-2.0 */
#include "core_internal.h"
#include "tamis/planted.h"

#define RETRY_SHIFT_MAX 6 /* the delay doubles up to 64 times the first one */

/* The task that the message is about, as long as it names one of that job. */
static core_task *named_task(core_job *job, uint32_t stage, uint32_t task)
{
    if (job == NULL || job->state == TAMIS_RUN_DONE || stage >= job->stage_count ||
        task >= job->stages[stage].stage.task_count) {
        return NULL;
    }
    return &job->stages[stage].tasks[task];
}

/* The lease under which the worker may report of that task. CORE_NONE: none. */
static uint32_t live_lease(const tamis_coordinator_core *core, const core_job *job, uint32_t stage,
                           const core_task *task, uint32_t worker, uint64_t fence)
{
    bool is_current = job == core_running_job(core) && stage == job->stage;
    uint32_t found = is_current ? core_lease_find(core, task, worker, fence) : CORE_NONE;

    if (TAMIS_PLANTED(FENCE_UNCHECKED) && found == CORE_NONE && is_current &&
        task->state == CORE_TASK_LEASED) {
        found = task->lease;
    }
    return found;
}

static tamis_status send_ack(core_step *step, uint32_t worker, const tamis_message *message,
                             tamis_status answer)
{
    tamis_message ack = core_message(step, TAMIS_MESSAGE_TASK_ACK, message->job, message->fence);

    ack.body.refused.status = answer;
    ack.body.refused.text = "";
    ack.body.refused.offset = 0;
    return core_send(step, core_peer(step->core->workers[worker]), &ack, core_nothing());
}

/* ---- Results --------------------------------------------------------------------------------- */

void core_mark_done(tamis_coordinator_core *core, core_job *job, uint32_t stage_index,
                    uint32_t task, const tamis_ledger_task *record)
{
    core_stage *stage = &job->stages[stage_index];
    core_task *done = &stage->tasks[task];
    core_folder *folder = core_book_at(&core->book, record->folder);

    done->state = CORE_TASK_DONE;
    done->fence = record->fence;
    done->folder = (uint16_t)record->folder;
    done->unreachable = 0;
    stage->done_count++;
    if (stage->stage.is_local) {
        stage->skip_stages = record->skip_stages;
    }
    folder->result_count += job->is_wanting;
    /* A result that is made again has the same counters: they are in the sums. */
    if (!done->is_counted) {
        done->is_counted = true;
        stage->bytes += record->bytes;
        stage->documents += record->documents;
        tamis_counters_add(stage->counters, record->counters);
    }
}

static tamis_status accept(core_step *step, core_job *job, uint32_t stage, uint32_t task,
                           const tamis_ledger_task *record, tamis_slice blob)
{
    core_task *done = &job->stages[stage].tasks[task];
    core_folder *folder = core_book_at(&step->core->book, record->folder);
    tamis_status status = TAMIS_OK;

    core_count8(&done->executed);
    job->executed++;
    job->executed_now++;
    folder->tasks_done++;
    folder->bytes += record->bytes;
    status = core_put_task_record(step, job, stage, task, record);
    if (status == TAMIS_OK && blob.size != 0) {
        status = core_put_blob(step, job, stage, task, blob);
    }
    if (status == TAMIS_OK) {
        core_mark_done(step->core, job, stage, task, record);
    }
    return status;
}

/* One of two that run the task was first: the other one may stop. */
static tamis_status end_leases(core_step *step, core_job *job, uint32_t task, uint32_t winner)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = &job->stages[job->stage];
    uint32_t other = core->leases[winner].twin;
    tamis_status status = TAMIS_OK;

    core_note_duration(core, step->now_ms - core->leases[winner].began_ms);
    core_lease_remove(core, stage, winner);
    if (other != CORE_NONE) {
        TAMIS_ASSERT(stage->tasks[task].lease == other);
        status = core_send_stop(step, job, other);
        core_lease_remove(core, stage, other);
    }
    return status;
}

/* The attempt failed: again after a while, or the job fails with it. Its lease has been removed;
 * is_held: another one of the task lives. */
static tamis_status fail_task(core_step *step, core_job *job, uint32_t task, bool is_held,
                              const tamis_core_event *outcome, bool is_retryable)
{
    core_stage *stage = &job->stages[job->stage];
    core_task *failed = &stage->tasks[task];
    unsigned shift = 0;
    tamis_status status = TAMIS_OK;

    failed->attempts++;
    core_count16(&failed->lost);
    job->lost++;
    shift = failed->attempts - 1u < RETRY_SHIFT_MAX ? failed->attempts - 1u : RETRY_SHIFT_MAX;
    if (!is_held) {
        status =
            core_delay_task(step, stage, task, (uint64_t)step->core->settings.retry_ms << shift);
    }
    if (status == TAMIS_OK) {
        status = core_put_task(step, job, job->stage, task);
    }
    if (status == TAMIS_OK &&
        (!is_retryable || failed->attempts >= step->core->settings.attempts_max)) {
        status = core_job_fail(step, job, job->stage, task, outcome->status, outcome->text);
    }
    return status;
}

static void note_failure(core_step *step, const core_job *job, uint32_t task, uint32_t worker,
                         tamis_status reason, const char *text)
{
    tamis_core_note *note =
        core_note_task(step, TAMIS_NOTE_TASK_FAILED, job, job->stage, task,
                       worker == CORE_NONE ? NULL : step->core->workers[worker]);

    note->number = job->stages[job->stage].tasks[task].attempts + 1u;
    (void)snprintf(note->text, sizeof(note->text), "%s: %.200s", tamis_status_name(reason),
                   core_text(text));
}

/* A result that cannot be taken is a failed attempt: its holder may forget it. */
static tamis_status refuse_result(core_step *step, core_job *job, uint32_t lease,
                                  const tamis_message *message, const tamis_err *reason)
{
    const tamis_core_event outcome = {.status = reason->status, .text = reason->text};
    bool is_held = step->core->leases[lease].twin != CORE_NONE;
    bool is_retryable = reason->status != TAMIS_ELIMIT;
    uint32_t task = step->core->leases[lease].task;
    uint32_t worker = step->core->leases[lease].worker;
    tamis_status status = send_ack(step, worker, message, reason->status);

    note_failure(step, job, task, worker, reason->status, reason->text);
    core_lease_remove(step->core, &job->stages[job->stage], lease);
    if (status == TAMIS_OK) {
        status = fail_task(step, job, task, is_held, &outcome, is_retryable);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* What is durable once must be fit for REPORT: nobody makes it again. */
static tamis_status check_blob(const tamis_coordinator_core *core, const core_job *job,
                               uint32_t task, tamis_slice blob, tamis_err *err)
{
    tamis_blob_owner owner = core_blob_owner(job, job->stage, task);

    if (blob.size > TAMIS_BLOB_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "the result is too large");
    }
    return core->settings.check_blob == NULL ? TAMIS_OK
                                             : core->settings.check_blob(&owner, blob, err);
}

tamis_status core_on_task_done(core_step *step, uint32_t worker, const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    uint32_t stage = message->body.task_done.stage;
    uint32_t task = message->body.task_done.task;
    core_job *job = core_find_job(step->core, message->job);
    const core_task *named = named_task(job, stage, task);
    uint32_t lease = CORE_NONE;
    tamis_ledger_task record = {
        .state = TAMIS_LEDGER_DONE,
        .fence = message->fence,
        .folder = step->core->workers[worker]->folder,
        .skip_stages = message->body.task_done.skip_stages,
        .bytes = message->body.task_done.bytes,
        .documents = message->body.task_done.documents,
    };
    tamis_err reason = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    memcpy(record.counters, message->body.task_done.counters, sizeof(record.counters));
    if (named != NULL && named->state == CORE_TASK_DONE && named->fence == message->fence) {
        if (TAMIS_PLANTED(DOUBLE_ACCEPT)) {
            status = accept(step, job, stage, task, &record, event->bulk);
        }
        /* a repetition of what was accepted */
        return status == TAMIS_OK ? send_ack(step, worker, message, TAMIS_OK) : status;
    }
    if (named != NULL && named->state == CORE_TASK_DONE && TAMIS_PLANTED(BACKUP_ACCEPTED)) {
        return accept(step, job, stage, task, &record, event->bulk);
    }
    lease = named == NULL ? CORE_NONE
                          : live_lease(step->core, job, stage, named, worker, message->fence);
    if (lease == CORE_NONE) {
        return send_ack(step, worker, message, TAMIS_EFENCED);
    }
    if (check_blob(step->core, job, task, event->bulk, &reason) != TAMIS_OK) {
        return refuse_result(step, job, lease, message, &reason);
    }
    core_worker_succeeded(step->core, worker);
    status = end_leases(step, job, task, lease);
    if (status == TAMIS_OK) {
        status = accept(step, job, stage, task, &record, event->bulk);
    }
    if (status == TAMIS_OK) {
        status = send_ack(step, worker, message, TAMIS_OK);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* ---- Failures -------------------------------------------------------------------------------- */

static tamis_status lack(core_step *step, core_job *job, uint32_t task, bool is_held,
                         uint32_t worker, const tamis_message *message)
{
    const tamis_core_lost lost = {
        .is_gone = message->body.task_failed.is_gone,
        .stage = message->body.task_failed.lost_stage,
        .folder = message->body.task_failed.lost_folder,
        .tasks = message->body.task_failed.lost_tasks,
        .task_count = message->body.task_failed.lost_count,
    };
    core_task *failed = &job->stages[job->stage].tasks[task];

    core_count16(&failed->lost);
    job->lost++;
    return core_task_lacks(step, job, task, is_held, step->core->workers[worker]->folder, &lost);
}

tamis_status core_on_task_failed(core_step *step, uint32_t worker, const tamis_core_event *event)
{
    tamis_coordinator_core *core = step->core;
    const tamis_message *message = event->message;
    uint32_t task = message->body.task_failed.task;
    core_job *job = core_find_job(core, message->job);
    const core_task *named = named_task(job, message->body.task_failed.stage, task);
    const tamis_core_event outcome = {.status = message->body.task_failed.status,
                                      .text = message->body.task_failed.text};
    uint32_t lease = named == NULL ? CORE_NONE
                                   : live_lease(core, job, message->body.task_failed.stage, named,
                                                worker, message->fence);
    bool is_held = false;
    tamis_status status = TAMIS_OK;

    if (lease == CORE_NONE) {
        return send_ack(step, worker, message, TAMIS_EFENCED);
    }
    status = send_ack(step, worker, message, TAMIS_OK);
    if (status != TAMIS_OK) {
        return status;
    }
    if (outcome.status == TAMIS_ECANCELED) { /* it was told to stop: no fault of the task */
        status = core_lease_lose(step, job, lease, CORE_LOSS_BYE);
        return status == TAMIS_OK ? core_advance(step) : status;
    }
    note_failure(step, job, task, worker, outcome.status, outcome.text);
    is_held = core->leases[lease].twin != CORE_NONE;
    core_lease_remove(core, &job->stages[job->stage], lease);
    core_worker_failed(step, job, task, worker, outcome.status);
    status = message->body.task_failed.has_lost ? lack(step, job, task, is_held, worker, message)
                                                : fail_task(step, job, task, is_held, &outcome,
                                                            message->body.task_failed.is_retryable);
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* ---- The local task -------------------------------------------------------------------------- */

static tamis_status accept_local(core_step *step, core_job *job, const tamis_core_event *event)
{
    tamis_ledger_task record = {
        .state = TAMIS_LEDGER_DONE,
        .fence = event->fence,
        .folder = step->core->own_folder,
        .skip_stages = event->result->skip_stages,
        .bytes = event->bytes,
        .documents = event->documents,
    };

    memcpy(record.counters, event->result->counters, sizeof(record.counters));
    return accept(step, job, job->stage, 0, &record, tamis_buf_slice(&event->result->blob));
}

tamis_status core_on_local_ended(core_step *step, const tamis_core_event *event)
{
    tamis_coordinator_core *core = step->core;
    core_job *job = core_running_job(core);
    core_stage *stage = core_current_stage(core);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(core->is_local_running && event->fence == core->local_fence);
    core->is_local_running = false;
    if (stage == NULL || !stage->stage.is_local || stage->tasks[0].fence != event->fence ||
        stage->tasks[0].state != CORE_TASK_LEASED) {
        return core_advance(step); /* its job was canceled, rewound or has failed meanwhile */
    }
    if (event->status == TAMIS_OK) {
        status = accept_local(step, job, event);
    } else if (event->status == TAMIS_ECANCELED) {
        core_make_pending(core, stage, 0);
    } else {
        note_failure(step, job, 0, CORE_NONE, event->status, event->text);
        status =
            event->lost != NULL
                ? core_task_lacks(step, job, 0, false, CORE_NO_FOLDER, event->lost)
                : fail_task(step, job, 0, false, event, tamis_status_is_retryable(event->status));
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}
