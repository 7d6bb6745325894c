/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

#define HEARTBEAT_MS    300
#define LEASE_MS        2500
#define RESEND_MS       1000
#define RETRY_MS        250
#define ATTEMPTS_MAX    4
#define STRAGGLER_MS    10000
#define LOST_AFTER_MS   30000
#define UNREACHABLE_MAX 5
#define JOBS_BYTES_MAX  (UINT64_C(4) << 30)

void tamis_core_settings_defaults(tamis_core_settings *out_settings)
{
    *out_settings = (tamis_core_settings){
        .heartbeat_ms = HEARTBEAT_MS,
        .lease_ms = LEASE_MS,
        .resend_ms = RESEND_MS,
        .retry_ms = RETRY_MS,
        .attempts_max = ATTEMPTS_MAX,
        .straggler_ms = STRAGGLER_MS,
        .lost_after_ms = LOST_AFTER_MS,
        .unreachable_max = UNREACHABLE_MAX,
        .jobs_bytes_max = JOBS_BYTES_MAX,
    };
}

tamis_status tamis_coordinator_core_create(const tamis_core_settings *settings,
                                           tamis_coordinator_core **out_core)
{
    tamis_coordinator_core *core = calloc(1, sizeof(*core));

    TAMIS_ASSERT(settings->heartbeat_ms != 0 && settings->lease_ms > settings->heartbeat_ms);
    TAMIS_ASSERT(settings->unreachable_max != 0 && settings->unreachable_max < 64);
    TAMIS_ASSERT(settings->attempts_max != 0 && settings->data_folder != NULL);
    if (core == NULL) {
        return TAMIS_ENOMEM;
    }
    core->settings = *settings;
    core->running = CORE_NONE;
    core->lease_free = CORE_NONE;
    for (unsigned i = 0; i < CORE_LIST_COUNT; i++) {
        core->lists[i] = (core_list){.first = CORE_NONE, .last = CORE_NONE};
    }
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
    for (size_t i = 0; i < CORE_UPLOADS_MAX; i++) {
        tamis_buf_fini(&core->uploads[i].bytes);
    }
    core_book_fini(&core->book);
    core_index_fini(&core->peers);
    free(core->jobs);
    free(core->workers);
    free(core->leases);
    free(core->delayed);
    free(core->delayed_due_ms);
    free(core->preferred_by);
    free(core->preferred_next);
    free(core->is_preferred_listed);
    free(core);
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
    case TAMIS_MESSAGE_PAUSE:
    case TAMIS_MESSAGE_RESUME:
        return core_on_job_order(step, event);
    case TAMIS_MESSAGE_JOBS_REQUEST:
        return core_on_jobs_request(step, event);
    case TAMIS_MESSAGE_WORKERS_REQUEST:
        return core_on_workers_request(step, event);
    case TAMIS_MESSAGE_DRAIN:
        return core_on_drain(step, event);
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
    case TAMIS_MESSAGE_KIND_END:
    default:
        return TAMIS_OK;
    }
}

static uint64_t later(uint64_t when_ms, uint64_t gap_ms, uint64_t at_most_ms)
{
    return when_ms + gap_ms < at_most_ms ? when_ms + gap_ms : at_most_ms;
}

/* The coordinator itself stood still, and could not hear anybody: what is due waits as long. */
static void move_deadlines(core_step *step, uint64_t gap_ms)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = core_current_stage(core);
    uint64_t now_ms = step->now_ms;
    uint64_t due_ms = now_ms + core->settings.lease_ms;

    core_note(step, TAMIS_NOTE_STOOD_STILL)->number = gap_ms;
    for (uint32_t i = 0; i < core->lease_capacity; i++) {
        core_lease *lease = &core->leases[i];

        if (lease->worker != CORE_NONE) {
            lease->due_ms = later(lease->due_ms, gap_ms, due_ms);
            lease->sent_ms = later(lease->sent_ms, gap_ms, now_ms);
            lease->began_ms = later(lease->began_ms, gap_ms, now_ms);
        }
    }
    for (uint32_t i = 0; i < core->worker_count; i++) {
        if (core->workers[i] != NULL) {
            core->workers[i]->heard_ms = later(core->workers[i]->heard_ms, gap_ms, now_ms);
        }
    }
    for (uint32_t i = 0; i < core->book.count; i++) {
        core_folder *folder = core->book.folders[i];

        if (folder != NULL && folder->heard_ms != 0) {
            folder->heard_ms = later(folder->heard_ms, gap_ms, now_ms);
        }
    }
    for (size_t i = 0; i < CORE_UPLOADS_MAX; i++) {
        core->uploads[i].heard_ms = later(core->uploads[i].heard_ms, gap_ms, now_ms);
    }
    for (uint32_t i = 0; i < core->avoid_count; i++) {
        core->avoids[i].until_ms += gap_ms;
    }
    core_apart_move(core, gap_ms);
    if (stage != NULL && stage->began_ms != 0) {
        stage->began_ms = later(stage->began_ms, gap_ms, now_ms);
    }
}

static tamis_status on_tick(core_step *step, const tamis_core_event *event)
{
    tamis_status status = TAMIS_OK;

    core_drop_old_uploads(step);
    core_avoid_expire(step);
    if (!event->is_behind) {
        status = core_drop_silent_workers(step);
        if (status == TAMIS_OK) {
            status = core_expire(step);
        }
    }
    core_wake_workers(step);
    core_apart_expire(step);
    if (status == TAMIS_OK) {
        status = core_advance(step);
    }
    return status == TAMIS_OK ? core_back_up(step) : status;
}

tamis_status tamis_coordinator_core_step(tamis_coordinator_core *core,
                                         const tamis_core_event *event, uint64_t now_ms,
                                         tamis_core_effects *effects, tamis_err *err)
{
    core_step step = {.core = core, .effects = effects, .now_ms = now_ms, .err = err};
    uint64_t gap_ms = now_ms - core->stepped_ms;

    core->stepped_ms = now_ms;
    if (gap_ms > 2 * (uint64_t)core->settings.heartbeat_ms) {
        move_deadlines(&step, gap_ms);
    }
    if (event->kind == TAMIS_CORE_PACKET) {
        return on_packet(&step, event);
    }
    if (event->kind == TAMIS_CORE_LOCAL_ENDED) {
        return core_on_local_ended(&step, event);
    }
    return on_tick(&step, event);
}

tamis_status tamis_coordinator_core_end(tamis_coordinator_core *core, uint64_t now_ms,
                                        tamis_core_effects *effects, tamis_err *err)
{
    core_step step = {.core = core, .effects = effects, .now_ms = now_ms, .err = err};
    core_job *job = core_running_job(core);

    return job == NULL ? TAMIS_OK : core_release_all(&step, job);
}

/* ---- Questions of the loop ------------------------------------------------------------------- */

uint64_t tamis_coordinator_core_epoch(const tamis_coordinator_core *core)
{
    return core->epoch;
}

const char *tamis_coordinator_core_cluster(const tamis_coordinator_core *core)
{
    return core->cluster;
}

tamis_slice tamis_coordinator_core_job_bytes(const tamis_coordinator_core *core, const char *id)
{
    const core_job *job = core_find_job(core, id);

    return job == NULL ? core_nothing() : tamis_buf_slice(&job->bytes);
}

bool tamis_coordinator_core_may_drop(const tamis_coordinator_core *core, const char *id)
{
    const core_job *job = core_find_job(core, id);

    return job != NULL && job->state == TAMIS_RUN_DONE && !job->is_data_kept;
}

void tamis_coordinator_core_local_progress(tamis_coordinator_core *core, uint64_t bytes,
                                           uint64_t documents)
{
    core->local_bytes = bytes;
    core->local_documents = documents;
}

const char *tamis_coordinator_core_last_job(const tamis_coordinator_core *core)
{
    return core->job_count == 0 ? NULL : core->jobs[core->job_count - 1]->id;
}

uint32_t tamis_coordinator_core_owner_number(const tamis_coordinator_core *core, const char *id,
                                             uint32_t stage, uint32_t task)
{
    const core_job *job = core_find_job(core, id);

    if (job == NULL || stage >= job->stage_count || job->stages[stage].tasks == NULL ||
        task >= job->stages[stage].stage.task_count || job->stages[stage].is_skipped ||
        job->stages[stage].tasks[task].state != CORE_TASK_DONE) {
        return TAMIS_WIRE_NO_FOLDER;
    }
    return job->stages[stage].tasks[task].folder;
}

const char *tamis_coordinator_core_owner(const tamis_coordinator_core *core, const char *id,
                                         uint32_t stage, uint32_t task)
{
    const core_folder *folder =
        core_book_at(&core->book, tamis_coordinator_core_owner_number(core, id, stage, task));

    return folder == NULL ? NULL : folder->path;
}

uint32_t tamis_coordinator_core_generation(const tamis_coordinator_core *core, const char *id)
{
    const core_job *job = core_find_job(core, id);

    return job == NULL ? 0 : job->generation;
}
