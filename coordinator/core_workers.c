/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/bytes.h"
#include "tamis/planted.h"

core_worker *core_find_worker(const tamis_coordinator_core *core, tamis_slice peer,
                              uint32_t *out_index)
{
    for (uint32_t i = 0; i < core->worker_count; i++) {
        if (core->workers[i] != NULL && tamis_slice_is_equal(core_peer(core->workers[i]), peer)) {
            if (out_index != NULL) {
                *out_index = i;
            }
            return core->workers[i];
        }
    }
    return NULL;
}

static uint32_t free_worker_index(const tamis_coordinator_core *core)
{
    uint32_t index = 0;

    while (index < core->worker_count && core->workers[index] != NULL) {
        index++;
    }
    return index;
}

core_worker *core_worker_add(tamis_coordinator_core *core, tamis_slice peer, uint32_t *out_index)
{
    uint32_t index = free_worker_index(core);
    core_worker *worker = NULL;

    if (index >= TAMIS_WORKERS_MAX || peer.size == 0 || peer.size > TAMIS_OUTBOX_PEER_MAX) {
        return NULL;
    }
    if (index == core->worker_count) {
        core_worker **workers =
            reallocarray(core->workers, (size_t)index + 1, sizeof(core_worker *));

        if (workers == NULL) {
            return NULL;
        }
        core->workers = workers;
        core->workers[core->worker_count++] = NULL;
    }
    worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return NULL;
    }
    memcpy(worker->peer, peer.data, peer.size);
    worker->peer_size = peer.size;
    worker->folder = CORE_NO_FOLDER;
    core->workers[index] = worker;
    *out_index = index;
    return worker;
}

void core_worker_free(core_worker *worker)
{
    if (worker != NULL) {
        free(worker->host);
        free(worker->leases);
        free(worker);
    }
}

uint16_t core_intern_folder(tamis_coordinator_core *core, const char *folder)
{
    char **folders = NULL;

    for (uint32_t i = 0; i < core->folder_count; i++) {
        if (strcmp(core->folders[i], folder) == 0) {
            return (uint16_t)i;
        }
    }
    if (core->folder_count == CORE_FOLDERS_MAX) {
        return CORE_NO_FOLDER;
    }
    folders = reallocarray(core->folders, (size_t)core->folder_count + 1, sizeof(char *));
    if (folders == NULL) {
        return CORE_NO_FOLDER;
    }
    core->folders = folders;
    core->folders[core->folder_count] = strdup(folder);
    if (core->folders[core->folder_count] == NULL) {
        return CORE_NO_FOLDER;
    }
    return (uint16_t)core->folder_count++;
}

tamis_status core_check_build(const tamis_coordinator_core *core, const tamis_peer_build *build,
                              tamis_err *out_reason)
{
    const tamis_peer_build *own = &core->settings.build;

    if (build->protocol != own->protocol) {
        return tamis_err_set(out_reason, TAMIS_EVERSION,
                             "protocol version %u, the coordinator speaks %u", build->protocol,
                             own->protocol);
    }
    if (strcmp(build->build, own->build) != 0) {
        return tamis_err_set(out_reason, TAMIS_EVERSION,
                             "build '%.200s' differs from the coordinator's '%.200s': install the "
                             "same version on both",
                             build->build, own->build);
    }
    if (strcmp(build->zstd, own->zstd) != 0) {
        return tamis_err_set(out_reason, TAMIS_EVERSION,
                             "zstd library %.50s differs from the coordinator's %.50s: outputs "
                             "would differ",
                             build->zstd, own->zstd);
    }
    return TAMIS_OK;
}

tamis_status core_worker_place(tamis_coordinator_core *core, core_worker *worker, const char *host,
                               const char *folder)
{
    char *copy = strdup(host);

    if (copy == NULL) {
        return TAMIS_ENOMEM;
    }
    free(worker->host);
    worker->host = copy;
    worker->folder = core_intern_folder(core, folder);
    return worker->folder == CORE_NO_FOLDER ? TAMIS_ELIMIT : TAMIS_OK;
}

static tamis_status refuse(core_step *step, tamis_slice peer, tamis_status reason, const char *text)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_REFUSED, NULL, 0);

    message.body.refused.status = reason;
    message.body.refused.text = text;
    return core_send(step, peer, &message, tamis_slice_of(NULL, 0));
}

static tamis_status drop_worker(core_step *step, uint32_t index, bool is_loss)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = core_release_worker(step, core->workers[index], is_loss);

    core_worker_free(core->workers[index]);
    core->workers[index] = NULL;
    return status;
}

/* A data folder has one worker: another one that came before is dead, however it is called. So a
 * worker that comes back to its folder need not wait for the end of its own old leases. */
static tamis_status drop_predecessor(core_step *step, const core_worker *worker)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK; i++) {
        const core_worker *other = core->workers[i];

        if (other != NULL && other != worker && other->host != NULL &&
            other->folder == worker->folder && strcmp(other->host, worker->host) == 0) {
            status = drop_worker(step, i, true);
        }
    }
    return status;
}

static tamis_status send_welcome(core_step *step, const core_worker *worker)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_WELCOME, NULL, 0);

    message.body.welcome.heartbeat_ms = step->core->settings.heartbeat_ms;
    message.body.welcome.lease_ms = step->core->settings.lease_ms;
    return core_send(step, core_peer(worker), &message, tamis_slice_of(NULL, 0));
}

tamis_status core_on_hello(core_step *step, const tamis_core_event *event)
{
    tamis_coordinator_core *core = step->core;
    const tamis_message *message = event->message;
    tamis_err reason;
    uint32_t index = 0;
    core_worker *worker = core_find_worker(core, event->peer, &index);
    tamis_status status = core_check_build(core, &message->body.hello.build, &reason);

    if (status != TAMIS_OK) {
        return refuse(step, event->peer, status, reason.text);
    }
    if (worker == NULL) {
        worker = core_worker_add(core, event->peer, &index);
    }
    if (worker == NULL) {
        return refuse(step, event->peer, TAMIS_ELIMIT, "the coordinator has no room for a worker");
    }
    status =
        core_worker_place(core, worker, message->body.hello.host, message->body.hello.data_folder);
    if (status == TAMIS_ELIMIT) {
        status = drop_worker(step, index, false);
        return status != TAMIS_OK ? status
                                  : refuse(step, event->peer, TAMIS_ELIMIT,
                                           "the coordinator knows too many data folders");
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(step->err, status, "no memory for a worker");
    }
    worker->is_known = true;
    worker->heard_ms = step->now_ms;
    status = drop_predecessor(step, worker);
    if (status == TAMIS_OK) {
        status = send_welcome(step, worker);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

/* Packets may overtake one another; the newest word about the credit counts. */
static void take_credit(core_worker *worker, const tamis_message *message, uint32_t credit)
{
    if (message->sequence > worker->credit_sequence) {
        worker->credit_sequence = message->sequence;
        worker->credit = credit;
    }
}

/* Whether the worker may go on with the task; renews the lease when it holds one. */
static bool renew(core_step *step, uint32_t worker_index, const tamis_held *held)
{
    core_job *job = core_running_job(step->core);
    core_stage *stage = NULL;
    core_task *task = NULL;

    if (job == NULL || strcmp(job->id, held->job) != 0 || held->stage >= job->stage_count ||
        held->task >= job->stages[held->stage].stage.task_count) {
        return false;
    }
    stage = &job->stages[held->stage];
    task = &stage->tasks[held->task];
    if (task->fence != held->fence && !TAMIS_PLANTED(OLD_HOLDER_RENEWS)) {
        return false;
    }
    if (task->state == CORE_TASK_DONE) {
        return true; /* its acknowledgment is on the way, or it asks again */
    }
    if (task->state != CORE_TASK_LEASED ||
        (task->worker != worker_index && !TAMIS_PLANTED(OLD_HOLDER_RENEWS))) {
        return false;
    }
    task->due_ms = step->now_ms + step->core->settings.lease_ms;
    task->granted_ms = step->now_ms; /* it arrived: no need to send it again */
    task->bytes = held->bytes;
    task->documents = held->documents;
    return true;
}

/* Assignments that the worker still does not list were lost on the way. */
static tamis_status resend_lost(core_step *step, core_worker *worker)
{
    core_job *job = core_running_job(step->core);

    for (uint32_t i = 0; job != NULL && i < worker->lease_count; i++) {
        core_task *task = &job->stages[job->stage].tasks[worker->leases[i]];

        if (step->now_ms - task->granted_ms >= step->core->settings.resend_ms) {
            tamis_status status = core_send_assign(step, worker, worker->leases[i]);

            if (status != TAMIS_OK) {
                return status;
            }
            task->granted_ms = step->now_ms;
        }
    }
    return TAMIS_OK;
}

static tamis_status answer_jobs(core_step *step, const core_worker *worker,
                                const tamis_message *message)
{
    for (size_t i = 0; i < message->body.heartbeat.job_count; i++) {
        const core_job *job = core_find_job(step->core, message->body.heartbeat.jobs[i]);

        if (job != NULL && job->state == TAMIS_RUN_DONE) {
            tamis_message done = core_message(step, TAMIS_MESSAGE_JOB_DONE, job->id, 0);
            tamis_status status = TAMIS_OK;

            done.body.job_done.is_data_kept = job->is_data_kept;
            status = core_send(step, core_peer(worker), &done, tamis_slice_of(NULL, 0));
            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return TAMIS_OK;
}

static tamis_status on_heartbeat(core_step *step, core_worker *worker, uint32_t index,
                                 const tamis_message *message)
{
    size_t count = message->body.heartbeat.held_count;
    tamis_held *stop = calloc(count + 1, sizeof(*stop));
    size_t stop_count = 0;
    tamis_message answer;
    tamis_status status = TAMIS_OK;

    if (stop == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a heartbeat");
    }
    take_credit(worker, message, message->body.heartbeat.credit);
    for (size_t i = 0; i < count; i++) {
        if (!renew(step, index, &message->body.heartbeat.held[i])) {
            stop[stop_count++] = message->body.heartbeat.held[i];
        }
    }
    answer = core_message(step, TAMIS_MESSAGE_HEARTBEAT, NULL, 0);
    answer.body.heartbeat.held = stop;
    answer.body.heartbeat.held_count = stop_count;
    answer.body.heartbeat.credit = 0;
    answer.body.heartbeat.jobs = NULL;
    answer.body.heartbeat.job_count = 0;
    answer.body.heartbeat.answered = message->sequence;
    status = core_send(step, core_peer(worker), &answer, tamis_slice_of(NULL, 0));
    free(stop);
    if (status == TAMIS_OK) {
        status = resend_lost(step, worker);
    }
    if (status == TAMIS_OK) {
        status = answer_jobs(step, worker, message);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

static tamis_status send_owners(core_step *step, const core_worker *worker, const core_job *job,
                                uint32_t first, uint32_t end)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_OWNERS, job->id, 0);
    tamis_buf table;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&table, TAMIS_WIRE_BULK_MAX);
    for (uint32_t s = first; s < end && status == TAMIS_OK; s++) {
        const core_stage *stage = &job->stages[s];
        size_t size = (size_t)stage->stage.task_count * 2;

        status = tamis_buf_reserve(&table, size);
        for (uint32_t t = 0; t < stage->stage.task_count && status == TAMIS_OK; t++) {
            const core_task *task = &stage->tasks[t];

            tamis_put16le(table.data + table.size,
                          task->state == CORE_TASK_DONE && !stage->is_skipped
                              ? task->folder
                              : (uint16_t)TAMIS_WIRE_NO_FOLDER);
            table.size += 2;
        }
    }
    if (status == TAMIS_OK) {
        message.body.owners.first_stage = first;
        message.body.owners.end_stage = end;
        message.body.owners.folders = (const char *const *)step->core->folders;
        message.body.owners.folder_count = step->core->folder_count;
        status = core_send(step, core_peer(worker), &message, tamis_buf_slice(&table));
    }
    tamis_buf_fini(&table);
    return status;
}

/* What a worker needs to know of a job before it can run a task; only complete stages are told, so
 * that what it was told stays true for the rest of this epoch. */
static tamis_status on_fetch(core_step *step, const core_worker *worker,
                             const tamis_message *message)
{
    const core_job *job = core_running_job(step->core);
    uint32_t end = message->body.fetch.end_stage;
    tamis_status status = TAMIS_OK;

    if (job == NULL || strcmp(job->id, message->job) != 0) {
        return TAMIS_OK; /* its tasks are stopped by the next heartbeat */
    }
    if (!message->body.fetch.has_job) {
        tamis_message info = core_message(step, TAMIS_MESSAGE_JOB_INFO, job->id, 0);

        status = core_send(step, core_peer(worker), &info, tamis_buf_slice(&job->bytes));
    }
    end = end < job->stage ? end : job->stage;
    if (status == TAMIS_OK && message->body.fetch.first_stage < end) {
        status = send_owners(step, worker, job, message->body.fetch.first_stage, end);
    }
    return status;
}

tamis_status core_on_worker(core_step *step, const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    uint32_t index = 0;
    core_worker *worker = core_find_worker(step->core, event->peer, &index);
    tamis_status status = TAMIS_OK;

    if (worker == NULL || !worker->is_known) {
        return message->kind == TAMIS_MESSAGE_BYE
                   ? TAMIS_OK
                   : refuse(step, event->peer, TAMIS_ENOENT, "not known here: say hello");
    }
    worker->heard_ms = step->now_ms;
    if (message->kind == TAMIS_MESSAGE_HEARTBEAT) {
        return on_heartbeat(step, worker, index, message);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_DONE) {
        return core_on_task_done(step, worker, event);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_FAILED) {
        return core_on_task_failed(step, worker, event);
    }
    if (message->kind == TAMIS_MESSAGE_FETCH) {
        return on_fetch(step, worker, message);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_REQUEST) {
        take_credit(worker, message, message->body.task_request.credit);
        return core_advance(step);
    }
    TAMIS_ASSERT(message->kind == TAMIS_MESSAGE_BYE);
    status = drop_worker(step, index, false);
    return status == TAMIS_OK ? core_advance(step) : status;
}

tamis_status core_drop_silent_workers(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK; i++) {
        const core_worker *worker = core->workers[i];

        if (worker != NULL && step->now_ms - worker->heard_ms >= core->settings.lease_ms) {
            status = drop_worker(step, i, true);
        }
    }
    return status;
}
