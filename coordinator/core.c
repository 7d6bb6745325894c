/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/planted.h"

#define HEARTBEAT_MS 300
#define LEASE_MS     10000
#define RESEND_MS    2000
#define RETRY_MS     250
#define ATTEMPTS_MAX 4
#define LOSSES_MAX   16

void tamis_core_settings_defaults(tamis_core_settings *out_settings)
{
    *out_settings = (tamis_core_settings){
        .heartbeat_ms = HEARTBEAT_MS,
        .lease_ms = LEASE_MS,
        .resend_ms = RESEND_MS,
        .retry_ms = RETRY_MS,
        .attempts_max = ATTEMPTS_MAX,
        .losses_max = LOSSES_MAX,
    };
}

tamis_status tamis_coordinator_core_create(const tamis_core_settings *settings,
                                           tamis_coordinator_core **out_core)
{
    tamis_coordinator_core *core = calloc(1, sizeof(*core));

    TAMIS_ASSERT(settings->heartbeat_ms != 0 && settings->lease_ms > settings->heartbeat_ms);
    TAMIS_ASSERT(settings->attempts_max != 0 && settings->losses_max != 0);
    if (core == NULL) {
        return TAMIS_ENOMEM;
    }
    core->settings = *settings;
    core->running = CORE_NO_JOB;
    *out_core = core;
    return TAMIS_OK;
}

void tamis_coordinator_core_destroy(tamis_coordinator_core *core)
{
    if (core == NULL) {
        return;
    }
    for (uint32_t i = 0; i < core->job_count; i++) {
        core_job_free(core->jobs[i]);
    }
    for (uint32_t i = 0; i < core->worker_count; i++) {
        core_worker_free(core->workers[i]);
    }
    for (uint32_t i = 0; i < core->folder_count; i++) {
        free(core->folders[i]);
    }
    free(core->jobs);
    free(core->workers);
    free(core->folders);
    free(core);
}

/* ---- Recovery -------------------------------------------------------------------------------- */

void tamis_coordinator_core_check_results(tamis_coordinator_core *core,
                                          tamis_core_result_call is_there, void *context)
{
    core->is_there = is_there;
    core->is_there_context = context;
}

static tamis_status restore_job(tamis_coordinator_core *core, const tamis_ledger_key *key,
                                tamis_slice value)
{
    tamis_ledger_job record;
    tamis_status status = tamis_ledger_read_job(value, &record);
    core_job *job = NULL;

    if (status != TAMIS_OK) {
        return status;
    }
    if (core->job_count >= TAMIS_JOBS_MAX || core_find_job(core, key->job) != NULL) {
        return TAMIS_EFORMAT;
    }
    job = core_job_add(core, key->job);
    if (job == NULL) {
        return TAMIS_ENOMEM;
    }
    job->state = record.state;
    job->is_data_kept = record.is_data_kept;
    job->order = record.order;
    job->digest = record.digest;
    job->size_bytes = record.size_bytes;
    job->fault.status = record.fault;
    (void)snprintf(job->fault.text, sizeof(job->fault.text), "%.*s", (int)record.fault_text.size,
                   (const char *)record.fault_text.data);
    core->next_order = core->next_order > record.order ? core->next_order : record.order + 1;
    return TAMIS_OK;
}

static tamis_status restore_chunk(core_job *job, const tamis_ledger_key *key, tamis_slice value)
{
    if (job->bytes.size != (size_t)key->stage * TAMIS_LEDGER_CHUNK ||
        value.size > job->size_bytes - job->bytes.size) {
        return TAMIS_EFORMAT;
    }
    return tamis_buf_append(&job->bytes, value.data, value.size);
}

/* The stages of a job that is not done come from its packed bytes, which are complete by now. */
static tamis_status restore_layout(core_job *job, tamis_err *err)
{
    tamis_job *unpacked = NULL;
    tamis_status status = TAMIS_OK;

    if (job->state == TAMIS_RUN_DONE || job->stages != NULL) {
        return TAMIS_OK;
    }
    if (job->bytes.size != job->size_bytes) {
        return TAMIS_EFORMAT;
    }
    status = tamis_job_unpack(tamis_buf_slice(&job->bytes), &unpacked, err);
    if (status == TAMIS_OK) {
        status = core_job_lay_out(job, unpacked, err);
    }
    tamis_job_destroy(unpacked);
    return status;
}

/* A done job has no packed bytes any more; its stage records are all that tells of its stages. */
static tamis_status restore_done_stage(core_job *job, uint32_t index,
                                       const tamis_ledger_stage *record)
{
    core_stage *stages = NULL;
    core_stage *stage = NULL;

    if (index != job->stage_count || index >= TAMIS_STAGES_MAX) {
        return TAMIS_EFORMAT;
    }
    stages = reallocarray(job->stages, (size_t)index + 1, sizeof(*stages));
    if (stages == NULL) {
        return TAMIS_ENOMEM;
    }
    job->stages = stages;
    job->stage_count = index + 1;
    job->stage = index + 1;
    stage = &stages[index];
    *stage = (core_stage){
        .stage = record->stage,
        .done_count = record->is_skipped ? 0 : record->stage.task_count,
        .is_complete = true,
        .is_skipped = record->is_skipped,
        .elapsed_ms = record->elapsed_ms,
        .bytes = record->bytes,
        .documents = record->documents,
    };
    memcpy(stage->counters, record->counters, sizeof(stage->counters));
    return TAMIS_OK;
}

static tamis_status restore_stage(core_job *job, const tamis_ledger_key *key, tamis_slice value,
                                  tamis_err *err)
{
    tamis_ledger_stage record;
    tamis_status status = tamis_ledger_read_stage(value, &record);

    if (status == TAMIS_OK) {
        status = restore_layout(job, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (job->state == TAMIS_RUN_DONE) {
        return restore_done_stage(job, key->stage, &record);
    }
    if (key->stage >= job->stage_count ||
        job->stages[key->stage].stage.task_count != record.stage.task_count) {
        return TAMIS_EFORMAT;
    }
    /* Whether it is complete is seen from its tasks; only this is in no other record. */
    job->stages[key->stage].elapsed_ms = record.elapsed_ms;
    return TAMIS_OK;
}

/* The worker of a lease's name (put_lease), as one that has not said hello yet. */
static tamis_status restore_worker(tamis_coordinator_core *core, const char *name,
                                   uint32_t *out_index)
{
    const char *host = strchr(name, '\n');
    const char *folder = host == NULL ? NULL : strchr(host + 1, '\n');
    tamis_slice peer = {.data = NULL};
    char host_copy[TAMIS_WIRE_TEXT_MAX + 1];
    core_worker *worker = NULL;

    if (folder == NULL) {
        return TAMIS_EFORMAT;
    }
    peer = tamis_slice_of(name, (size_t)(host - name));
    if (core_find_worker(core, peer, out_index) != NULL) {
        return TAMIS_OK;
    }
    worker = core_worker_add(core, peer, out_index);
    if (worker == NULL) {
        return TAMIS_ELIMIT;
    }
    (void)snprintf(host_copy, sizeof(host_copy), "%.*s", (int)(folder - host - 1), host + 1);
    return core_worker_place(core, worker, host_copy, folder + 1);
}

static tamis_status restore_lease(tamis_coordinator_core *core, core_job *job,
                                  const tamis_ledger_key *key, const tamis_ledger_task *record,
                                  const char *name)
{
    core_task *task = &job->stages[key->stage].tasks[key->task];
    uint32_t index = 0;
    tamis_status status = TAMIS_OK;

    task->fence = record->fence; /* a later one will be greater */
    task->worker = CORE_NO_WORKER;
    if (job->state != TAMIS_RUN_RUNNING || job->stages[key->stage].stage.is_local ||
        record->name.size == 0) {
        return TAMIS_OK;
    }
    status = restore_worker(core, name, &index);
    if (status == TAMIS_OK) {
        task->state = CORE_TASK_LEASED;
        task->worker = index;
        job->stages[key->stage].pending_count--;
    }
    return status;
}

static tamis_status restore_task(tamis_coordinator_core *core, core_job *job,
                                 const tamis_ledger_key *key, tamis_slice value, tamis_err *err)
{
    tamis_ledger_task record;
    char name[TAMIS_LEDGER_NAME_MAX];
    uint16_t number = CORE_NO_FOLDER;
    tamis_status status = tamis_ledger_read_task(value, &record);

    if (status == TAMIS_OK) {
        status = restore_layout(job, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (key->stage >= job->stage_count || key->task >= job->stages[key->stage].stage.task_count) {
        return TAMIS_EFORMAT;
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)record.name.size,
                   (const char *)record.name.data);
    if (!record.is_done) {
        return restore_lease(core, job, key, &record, name);
    }
    if (core->is_there != NULL &&
        !core->is_there(core->is_there_context, job->id, job->stages[key->stage].stage.kind,
                        key->stage, key->task, name)) {
        job->stages[key->stage].tasks[key->task].fence = record.fence;
        return TAMIS_OK;
    }
    if (TAMIS_PLANTED(DONE_NOT_RESTORED) && key->task % 3 == 2) {
        return TAMIS_OK;
    }
    number = core_intern_folder(core, name);
    if (number == CORE_NO_FOLDER) {
        return TAMIS_ENOMEM;
    }
    core_task_restore_done(job, key->stage, key->task, &record, number);
    return TAMIS_OK;
}

tamis_status tamis_coordinator_core_restore(tamis_coordinator_core *core, tamis_slice key,
                                            tamis_slice value, tamis_err *err)
{
    tamis_ledger_key parts;
    core_job *job = NULL;
    tamis_status status = tamis_ledger_key_read(key, &parts);

    if (err != NULL) {
        err->text[0] = 0;
    }
    if (status == TAMIS_OK && parts.group != TAMIS_LEDGER_EPOCH &&
        parts.group != TAMIS_LEDGER_JOB) {
        job = core_find_job(core, parts.job);
        /* Records of a job that is gone, left by a crash between two deletions: no harm. */
        if (job == NULL) {
            return TAMIS_OK;
        }
        if (job->state == TAMIS_RUN_DONE && parts.group != TAMIS_LEDGER_STAGE) {
            job->has_rest = true;
            return TAMIS_OK;
        }
    }
    if (status == TAMIS_OK && parts.group == TAMIS_LEDGER_EPOCH) {
        status = tamis_ledger_read_epoch(value, &core->epoch);
    } else if (status == TAMIS_OK && parts.group == TAMIS_LEDGER_JOB) {
        status = restore_job(core, &parts, value);
    } else if (status == TAMIS_OK && parts.group == TAMIS_LEDGER_CHUNK_KEY) {
        status = restore_chunk(job, &parts, value);
    } else if (status == TAMIS_OK && parts.group == TAMIS_LEDGER_STAGE) {
        status = restore_stage(job, &parts, value, err);
    } else if (status == TAMIS_OK && parts.group == TAMIS_LEDGER_TASK) {
        status = restore_task(core, job, &parts, value, err);
    }
    if (status != TAMIS_OK && (err == NULL || err->text[0] == 0)) {
        tamis_err_set(err, status, "ledger: record of group '%c' is malformed",
                      key.size != 0 && key.data[0] >= 'A' && key.data[0] <= 'Z' ? key.data[0]
                                                                                : '?');
    }
    return status;
}

static int by_order(const void *a, const void *b)
{
    const core_job *const *left = a;
    const core_job *const *right = b;

    return ((*left)->order > (*right)->order) - ((*left)->order < (*right)->order);
}

/* A lease that must not live on: its task may be reading results that are gone. This is written
 * down, or the next start would take the lease for a good one when its stage is reached again. */
static tamis_status end_lease(core_step *step, core_job *job, uint32_t stage, uint32_t task)
{
    tamis_ledger_task record = {.fence = job->stages[stage].tasks[task].fence};

    job->stages[stage].tasks[task].state = CORE_TASK_PENDING;
    job->stages[stage].pending_count++;
    return core_put_task(step, job, stage, task, &record);
}

static tamis_status keep_lease(core_step *step, core_stage *stage, uint32_t task)
{
    core_task *leased = &stage->tasks[task];

    leased->due_ms = step->now_ms + step->core->settings.lease_ms;
    leased->granted_ms = step->now_ms;
    stage->began_ms = step->now_ms == 0 ? 1 : step->now_ms;
    return core_lease_add(step->core->workers[leased->worker], task);
}

/* Leases of the current stage live on, from now; all others have ended, and all where the workers
 * died with the coordinator. */
static tamis_status settle_leases(core_step *step, core_job *job, bool is_running)
{
    uint32_t current = 0;
    tamis_status status = TAMIS_OK;

    while (current < job->stage_count &&
           (job->stages[current].is_complete ||
            job->stages[current].done_count == job->stages[current].stage.task_count)) {
        current++;
    }
    for (uint32_t s = 0; s < job->stage_count; s++) {
        core_stage *stage = &job->stages[s];

        for (uint32_t t = 0; t < stage->stage.task_count && status == TAMIS_OK; t++) {
            if (stage->tasks[t].state == CORE_TASK_LEASED) {
                status = is_running && s == current && !step->core->settings.is_embedded
                             ? keep_lease(step, stage, t)
                             : end_lease(step, job, s, t);
            }
        }
    }
    return status;
}

/* Stages that are skipped must not hold the restored leases of a later stage back. */
static void restore_skips(core_job *job)
{
    for (uint32_t s = 0; s < job->stage_count; s++) {
        const core_stage *stage = &job->stages[s];

        if (!stage->stage.is_local || stage->done_count == 0 || TAMIS_PLANTED(SKIP_NOT_RESTORED)) {
            continue;
        }
        for (uint32_t k = s + 1; k < job->stage_count && k <= s + stage->tasks[0].skip_stages;
             k++) {
            job->stages[k].is_skipped = true;
            job->stages[k].is_complete = true;
        }
    }
}

tamis_status tamis_coordinator_core_begin(tamis_coordinator_core *core, uint64_t now_ms,
                                          tamis_core_effects *effects, tamis_err *err)
{
    core_step step = {.core = core, .effects = effects, .now_ms = now_ms, .err = err};
    tamis_status status = TAMIS_OK;
    bool has_running = false;

    core->epoch += TAMIS_PLANTED(EPOCH_NOT_RAISED) && core->epoch != 0 ? 0 : 1;
    if (core->job_count != 0) {
        qsort(core->jobs, core->job_count, sizeof(core_job *), by_order);
    }
    for (uint32_t i = 0; i < core->worker_count; i++) {
        core->workers[i]->heard_ms = now_ms;
    }
    for (uint32_t i = 0; i < core->job_count && status == TAMIS_OK; i++) {
        core_job *job = core->jobs[i];

        if (job->state == TAMIS_RUN_DONE) {
            status = job->has_rest ? core_clear_job(&step, job) : TAMIS_OK;
            continue;
        }
        status = restore_layout(job, err);
        if (status == TAMIS_OK) {
            restore_skips(job);
            status = settle_leases(&step, job, job->state == TAMIS_RUN_RUNNING && !has_running);
            has_running = has_running || job->state == TAMIS_RUN_RUNNING;
        }
    }
    if (status != TAMIS_OK) {
        return err == NULL || err->text[0] != 0
                   ? status
                   : tamis_err_set(err, status, "ledger: a job cannot be restored");
    }
    status = core_put_epoch(&step);
    return status == TAMIS_OK ? core_advance(&step) : status;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static tamis_status on_packet(core_step *step, const tamis_core_event *event)
{
    switch (event->message->kind) {
    case TAMIS_MESSAGE_HELLO:
        return core_on_hello(step, event);
    case TAMIS_MESSAGE_TASK_REQUEST:
    case TAMIS_MESSAGE_FETCH:
    case TAMIS_MESSAGE_TASK_DONE:
    case TAMIS_MESSAGE_TASK_FAILED:
    case TAMIS_MESSAGE_HEARTBEAT:
    case TAMIS_MESSAGE_BYE:
        return core_on_worker(step, event);
    case TAMIS_MESSAGE_SUBMIT:
        return core_on_submit(step, event);
    case TAMIS_MESSAGE_STATUS_REQUEST:
        return core_on_status_request(step, event);
    case TAMIS_MESSAGE_CANCEL:
        return core_on_cancel(step, event);
    case TAMIS_MESSAGE_WELCOME: /* what only a coordinator sends */
    case TAMIS_MESSAGE_REFUSED:
    case TAMIS_MESSAGE_ASSIGN:
    case TAMIS_MESSAGE_JOB_INFO:
    case TAMIS_MESSAGE_OWNERS:
    case TAMIS_MESSAGE_TASK_ACK:
    case TAMIS_MESSAGE_SUBMITTED:
    case TAMIS_MESSAGE_STATUS:
    case TAMIS_MESSAGE_JOB_DONE:
    case TAMIS_MESSAGE_FOLDERS:
    case TAMIS_MESSAGE_JOBS:
    case TAMIS_MESSAGE_WORKERS:
    case TAMIS_MESSAGE_ANSWER:
        return TAMIS_OK;
    case TAMIS_MESSAGE_PAUSE: /* what this coordinator does not do */
    case TAMIS_MESSAGE_RESUME:
    case TAMIS_MESSAGE_JOBS_REQUEST:
    case TAMIS_MESSAGE_WORKERS_REQUEST:
    case TAMIS_MESSAGE_DRAIN:
    case TAMIS_MESSAGE_KIND_END:
    default:
        return TAMIS_OK;
    }
}

tamis_status tamis_coordinator_core_step(tamis_coordinator_core *core,
                                         const tamis_core_event *event, uint64_t now_ms,
                                         tamis_core_effects *effects, tamis_err *err)
{
    core_step step = {.core = core, .effects = effects, .now_ms = now_ms, .err = err};
    tamis_status status = TAMIS_OK;

    if (event->kind == TAMIS_CORE_PACKET) {
        return on_packet(&step, event);
    }
    if (event->kind == TAMIS_CORE_LOCAL_ENDED) {
        return core_on_local_ended(&step, event);
    }
    status = core_drop_silent_workers(&step);
    if (status == TAMIS_OK) {
        status = core_expire(&step);
    }
    return status == TAMIS_OK ? core_advance(&step) : status;
}

uint64_t tamis_coordinator_core_epoch(const tamis_coordinator_core *core)
{
    return core->epoch;
}

tamis_slice tamis_coordinator_core_job_bytes(const tamis_coordinator_core *core, const char *id)
{
    const core_job *job = core_find_job(core, id);

    return job == NULL ? tamis_slice_of(NULL, 0) : tamis_buf_slice(&job->bytes);
}

bool tamis_coordinator_core_may_drop(const tamis_coordinator_core *core, const char *id)
{
    const core_job *job = core_find_job(core, id);

    return job != NULL && job->state == TAMIS_RUN_DONE && !job->is_data_kept;
}

void tamis_coordinator_core_local_progress(tamis_coordinator_core *core, uint64_t bytes,
                                           uint64_t documents)
{
    const core_job *job = core_running_job(core);
    core_task *task = NULL;

    if (job == NULL || job->stage >= job->stage_count || !job->stages[job->stage].stage.is_local) {
        return;
    }
    task = &job->stages[job->stage].tasks[0];
    if (task->state == CORE_TASK_LEASED) {
        task->bytes = bytes;
        task->documents = documents;
    }
}

const char *tamis_coordinator_core_last_job(const tamis_coordinator_core *core)
{
    return core->job_count == 0 ? NULL : core->jobs[core->job_count - 1]->id;
}

const char *tamis_coordinator_core_owner(const tamis_coordinator_core *core, const char *id,
                                         uint32_t stage, uint32_t task)
{
    const core_job *job = core_find_job(core, id);

    if (job == NULL || stage >= job->stage_count || job->stages[stage].tasks == NULL ||
        task >= job->stages[stage].stage.task_count || job->stages[stage].is_skipped ||
        job->stages[stage].tasks[task].state != CORE_TASK_DONE) {
        return NULL;
    }
    return core->folders[job->stages[stage].tasks[task].folder];
}
