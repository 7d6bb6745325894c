/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/bytes.h"
#include "tamis/planted.h"

#define JOB_CHUNK       ((size_t)(4u << 20))  /* of a packed job: what one packet takes */
#define OWNERS_BYTES    ((size_t)(15u << 20)) /* of one table of owners */
#define SENT_WAIT_MS    1500
#define SENT_WAIT_MAX   16000
#define JOBS_LISTED_MAX 1024 /* of one heartbeat that are looked up */

static_assert(JOB_CHUNK <= TAMIS_JOB_CHUNK_MAX, "a chunk fits its packet");

/* Whether it may be on its way already. On a slow link a large packet takes longer than a worker
 * waits before it asks again: each repetition waits twice as long as the one before. */
static bool is_under_way(const core_step *step, core_sent *sent, uint64_t what)
{
    bool is_same = sent->wait_ms != 0 && sent->what == what;

    if (is_same && step->now_ms - sent->sent_ms < sent->wait_ms) {
        return true;
    }
    sent->wait_ms = !is_same                            ? SENT_WAIT_MS
                    : sent->wait_ms * 2 < SENT_WAIT_MAX ? sent->wait_ms * 2
                                                        : SENT_WAIT_MAX;
    sent->what = what;
    sent->sent_ms = step->now_ms;
    return false;
}

/* ---- Heartbeats ------------------------------------------------------------------------------ */

/* Packets may overtake one another; the newest word about the credit counts. */
static void take_credit(core_step *step, uint32_t index, const tamis_message *message,
                        uint32_t credit)
{
    core_worker *worker = step->core->workers[index];

    if (message->sequence > worker->credit_sequence) {
        worker->credit_sequence = message->sequence;
        worker->credit = credit < TAMIS_WORKER_CREDIT_MAX ? credit : TAMIS_WORKER_CREDIT_MAX;
        core_worker_check_ready(step->core, index);
    }
}

static void note_progress(tamis_coordinator_core *core, core_lease *lease, const tamis_held *held)
{
    if (!lease->is_backup) {
        core->lease_bytes += held->bytes - lease->bytes;
        core->lease_documents += held->documents - lease->documents;
    }
    lease->bytes = held->bytes;
    lease->documents = held->documents;
}

/* Whether the worker may go on with the task; renews the lease when it holds one. */
static bool renew(core_step *step, uint32_t index, const tamis_held *held, uint32_t *renewed)
{
    tamis_coordinator_core *core = step->core;
    const core_job *job = core_running_job(core);
    const core_task *task = NULL;
    uint32_t found = CORE_NONE;

    if (job == NULL || strcmp(job->id, held->job) != 0 || held->stage >= job->stage_count ||
        held->task >= job->stages[held->stage].stage.task_count) {
        return false;
    }
    task = &job->stages[held->stage].tasks[held->task];
    if (task->state == CORE_TASK_DONE) {
        /* Its acknowledgment is on the way, or it asks again. */
        return task->fence == held->fence;
    }
    found = held->stage == job->stage ? core_lease_find(core, task, index, held->fence) : CORE_NONE;
    if (TAMIS_PLANTED(OLD_HOLDER_RENEWS) && found == CORE_NONE && held->stage == job->stage &&
        task->state == CORE_TASK_LEASED) {
        found = task->lease;
    }
    if (found == CORE_NONE) {
        return false;
    }
    core->leases[found].due_ms = step->now_ms + core->settings.lease_ms;
    core->leases[found].sent_ms = step->now_ms; /* it arrived: no need to send it again */
    note_progress(core, &core->leases[found], held);
    ++*renewed;
    return true;
}

/* Assignments that the worker still does not list were lost on the way. */
static tamis_status resend_lost(core_step *step, const core_worker *worker)
{
    tamis_coordinator_core *core = step->core;
    uint32_t beat_ms = core_heartbeat_ms(core);
    /* The next heartbeat of a worker that is seldom heard is the first that can list it. */
    uint64_t wait_ms = core->settings.resend_ms > beat_ms ? core->settings.resend_ms : beat_ms;

    for (uint32_t i = worker->first_lease; i != CORE_NONE; i = core->leases[i].next) {
        if (step->now_ms - core->leases[i].sent_ms >= wait_ms) {
            tamis_status status = core_send_assign(step, i);

            if (status != TAMIS_OK) {
                return status;
            }
            core->leases[i].sent_ms = step->now_ms;
        }
    }
    return TAMIS_OK;
}

static tamis_status answer_jobs(core_step *step, const core_worker *worker,
                                const tamis_message *message)
{
    size_t count = message->body.heartbeat.job_count;

    for (size_t i = 0; i < count && i < JOBS_LISTED_MAX; i++) {
        const core_job *job = core_find_job(step->core, message->body.heartbeat.jobs[i]);

        if (job != NULL && job->state == TAMIS_RUN_DONE) {
            tamis_message done = core_message(step, TAMIS_MESSAGE_JOB_DONE, job->id, 0);
            tamis_status status = TAMIS_OK;

            done.body.job_done.is_data_kept = job->is_data_kept;
            status = core_send(step, core_peer(worker), &done, core_nothing());
            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return TAMIS_OK;
}

/* Whether it is to know the folders now. The book of a large cluster is no small thing: who has no
 * task that reads what others left is not told of it. With keys everybody is, and at once: from the
 * book a data server takes whom it lets in, and whom no longer. */
static bool needs_folders(const tamis_coordinator_core *core, const core_worker *worker)
{
    const core_job *job = core_running_job(core);

    return core->settings.public_key != NULL ||
           (worker->lease_count != 0 && job != NULL && job->stage != 0);
}

static tamis_status on_heartbeat(core_step *step, core_worker *worker, uint32_t index,
                                 const tamis_message *message)
{
    size_t count = message->body.heartbeat.held_count;
    tamis_held *stop = calloc(count + 1, sizeof(*stop));
    size_t stop_count = 0;
    uint32_t renewed = 0;
    tamis_message answer = core_beat(step);
    tamis_status status = TAMIS_OK;

    if (stop == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a heartbeat");
    }
    take_credit(step, index, message, message->body.heartbeat.credit);
    for (size_t i = 0; i < count; i++) {
        if (!renew(step, index, &message->body.heartbeat.held[i], &renewed)) {
            stop[stop_count++] = message->body.heartbeat.held[i];
        }
    }
    answer.body.heartbeat.held = stop;
    answer.body.heartbeat.held_count = stop_count;
    answer.body.heartbeat.may_leave = core_may_leave(step, worker);
    if (answer.body.heartbeat.may_leave && !worker->is_leaving) {
        worker->is_leaving = true;
        (void)core_note_worker(step, TAMIS_NOTE_WORKER_MAY_LEAVE, worker);
    }
    answer.body.heartbeat.answered = message->sequence;
    answer.body.heartbeat.heartbeat_ms = core_heartbeat_ms(step->core);
    status = core_send(step, core_peer(worker), &answer, core_nothing());
    free(stop);
    if (status == TAMIS_OK && renewed < worker->lease_count) {
        status = resend_lost(step, worker);
    }
    if (status == TAMIS_OK && needs_folders(step->core, worker)) {
        status = core_send_folders(step, worker, message->body.heartbeat.folders_version);
    }
    if (status == TAMIS_OK) {
        status = answer_jobs(step, worker, message);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* ---- What workers fetch ---------------------------------------------------------------------- */

static tamis_status send_job(core_step *step, core_worker *worker, const core_job *job,
                             uint64_t offset)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_JOB_INFO, job->id, 0);
    size_t rest = offset < job->bytes.size ? job->bytes.size - (size_t)offset : 0;

    if (rest == 0 || is_under_way(step, &worker->sent_job,
                                  tamis_mum(job->order ^ TAMIS_HASH_K1, offset ^ TAMIS_HASH_K2))) {
        return TAMIS_OK;
    }
    message.body.job_info.offset = offset;
    message.body.job_info.total = job->bytes.size;
    return core_send(step, core_peer(worker), &message,
                     tamis_slice_of(job->bytes.data + offset, rest < JOB_CHUNK ? rest : JOB_CHUNK));
}

/* The table of a complete stage, made once: it stays true until a result is lost. */
static tamis_status make_owners(core_stage *stage)
{
    size_t size = (size_t)stage->stage.task_count * 2;
    tamis_status status = TAMIS_OK;

    if (stage->owners.size == size) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&stage->owners);
    status = tamis_buf_reserve(&stage->owners, size + 1);
    for (uint32_t t = 0; t < stage->stage.task_count && status == TAMIS_OK; t++) {
        const core_task *task = &stage->tasks[t];

        tamis_put16le(stage->owners.data + stage->owners.size,
                      task->state == CORE_TASK_DONE && !stage->is_skipped
                          ? task->folder
                          : (uint16_t)TAMIS_WIRE_NO_FOLDER);
        stage->owners.size += 2;
    }
    return status;
}

static tamis_status send_owners(core_step *step, core_worker *worker, core_job *job, uint32_t first,
                                uint32_t end)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_OWNERS, job->id, 0);
    tamis_buf table;
    uint32_t last = first;
    tamis_status status = TAMIS_OK;

    if (is_under_way(
            step, &worker->sent_owners,
            tamis_mum(job->order ^ TAMIS_HASH_K1,
                      ((uint64_t)job->generation << 16 | first << 8 | end) ^ TAMIS_HASH_K2))) {
        return TAMIS_OK;
    }
    tamis_buf_init(&table, TAMIS_WIRE_BULK_MAX);
    for (uint32_t s = first; s < end && status == TAMIS_OK; s++) {
        status = make_owners(&job->stages[s]);
        if (status == TAMIS_OK && table.size + job->stages[s].owners.size > OWNERS_BYTES) {
            break;
        }
        if (status == TAMIS_OK) {
            status =
                tamis_buf_append(&table, job->stages[s].owners.data, job->stages[s].owners.size);
            last = s + 1;
        }
    }
    if (status == TAMIS_OK) {
        message.body.owners.first_stage = first;
        message.body.owners.end_stage = last;
        message.body.owners.generation = job->generation;
        status = core_send(step, core_peer(worker), &message, tamis_buf_slice(&table));
    } else {
        tamis_err_set(step->err, status, "no memory for a table of owners");
    }
    tamis_buf_fini(&table);
    return status;
}

/* What a worker needs to know of a job before it can run a task; only complete stages are told, so
 * that what it was told stays true for this generation. */
static tamis_status on_fetch(core_step *step, core_worker *worker, const tamis_message *message)
{
    core_job *job = core_running_job(step->core);
    uint32_t end = message->body.fetch.end_stage;
    tamis_status status = TAMIS_OK;

    if (job == NULL || strcmp(job->id, message->job) != 0) {
        return TAMIS_OK; /* its tasks are stopped by the next heartbeat */
    }
    if (!message->body.fetch.has_job) {
        status = send_job(step, worker, job, message->body.fetch.job_offset);
    }
    if (status == TAMIS_OK) {
        status = core_send_folders(step, worker, message->body.fetch.folders_version);
    }
    end = end < job->stage ? end : job->stage;
    if (status == TAMIS_OK && message->body.fetch.first_stage < end) {
        status = send_owners(step, worker, job, message->body.fetch.first_stage, end);
    }
    return status;
}

/* ---- Dispatch -------------------------------------------------------------------------------- */

tamis_status core_on_worker(core_step *step, const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    uint32_t index = 0;
    core_worker *worker = core_find_worker(step->core, event->peer, &index);
    tamis_status status = TAMIS_OK;

    if (worker == NULL || !worker->is_known) {
        return message->kind == TAMIS_MESSAGE_BYE
                   ? TAMIS_OK
                   : core_refuse(step, event->peer, NULL, TAMIS_ENOENT,
                                 "not known here: say hello");
    }
    if (strcmp(core_text(core_worker_folder(step->core, worker)->user), core_text(event->user)) !=
        0) {
        core_note_worker(step, TAMIS_NOTE_PEER_REFUSED, worker);
        return TAMIS_OK; /* somebody else's name */
    }
    worker->heard_ms = step->now_ms;
    core_list_append(step->core, CORE_LIST_HEARD, index);
    if (message->kind == TAMIS_MESSAGE_HEARTBEAT) {
        return on_heartbeat(step, worker, index, message);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_DONE) {
        return core_on_task_done(step, index, event);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_FAILED) {
        return core_on_task_failed(step, index, event);
    }
    if (message->kind == TAMIS_MESSAGE_FETCH) {
        return on_fetch(step, worker, message);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_REQUEST) {
        take_credit(step, index, message, message->body.task_request.credit);
        return core_advance(step);
    }
    TAMIS_ASSERT(message->kind == TAMIS_MESSAGE_BYE);
    status = core_drop_worker(step, index, CORE_LOSS_BYE);
    return status == TAMIS_OK ? core_advance(step) : status;
}
