/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/planted.h"

core_job *core_find_job(const tamis_coordinator_core *core, const char *id)
{
    for (uint32_t i = 0; i < core->job_count; i++) {
        if (strcmp(core->jobs[i]->id, id) == 0) {
            return core->jobs[i];
        }
    }
    return NULL;
}

core_job *core_running_job(const tamis_coordinator_core *core)
{
    return core->running == CORE_NO_JOB ? NULL : core->jobs[core->running];
}

core_job *core_job_add(tamis_coordinator_core *core, const char *id)
{
    core_job **jobs = NULL;
    core_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    jobs = reallocarray(core->jobs, (size_t)core->job_count + 1, sizeof(core_job *));
    if (jobs == NULL) {
        free(job);
        return NULL;
    }
    (void)snprintf(job->id, sizeof(job->id), "%s", id);
    tamis_buf_init(&job->bytes, TAMIS_WIRE_BULK_MAX);
    core->jobs = jobs;
    core->jobs[core->job_count++] = job;
    return job;
}

static void job_drop_tasks(core_job *job)
{
    for (uint32_t s = 0; s < job->stage_count; s++) {
        free(job->stages[s].tasks);
        job->stages[s].tasks = NULL;
    }
}

void core_job_free(core_job *job)
{
    if (job == NULL) {
        return;
    }
    job_drop_tasks(job);
    free(job->stages);
    tamis_buf_fini(&job->bytes);
    free(job);
}

tamis_status core_job_lay_out(core_job *job, const tamis_job *unpacked, tamis_err *err)
{
    tamis_stage stages[TAMIS_STAGES_MAX];

    TAMIS_ASSERT(job->stages == NULL);
    job->stage_count = tamis_job_stages(unpacked, stages);
    job->stages = calloc((size_t)job->stage_count + 1, sizeof(*job->stages));
    if (job->stages == NULL) {
        job->stage_count = 0;
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the stages of a job");
    }
    for (uint32_t s = 0; s < job->stage_count; s++) {
        job->stages[s].stage = stages[s];
        job->stages[s].pending_count = stages[s].task_count;
        job->stages[s].tasks = calloc((size_t)stages[s].task_count + 1, sizeof(core_task));
        if (job->stages[s].tasks == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the tasks of a job");
        }
    }
    return TAMIS_OK;
}

tamis_status core_job_digest(const tamis_job *job, tamis_digest *out_digest, tamis_err *err)
{
    char id[] = "0000000000000000";
    tamis_job same = *job;
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    same.id = id;
    tamis_buf_init(&bytes, TAMIS_WIRE_BULK_MAX);
    status = tamis_job_pack(&same, &bytes);
    if (status == TAMIS_OK) {
        *out_digest = tamis_hash128(bytes.data, bytes.size);
    } else {
        tamis_err_set(err, status, "cannot pack a job");
    }
    tamis_buf_fini(&bytes);
    return status;
}

/* ---- Status ---------------------------------------------------------------------------------- */

static void stage_status(const core_stage *stage, uint64_t now_ms, tamis_stage_status *out,
                         uint32_t *tasks_running)
{
    *out = (tamis_stage_status){
        .stage = stage->stage,
        .tasks_done = stage->done_count,
        .is_complete = stage->is_complete,
        .is_skipped = stage->is_skipped,
        .bytes = stage->bytes,
        .documents = stage->documents,
        .elapsed_ms = stage->elapsed_ms,
    };
    memcpy(out->counters, stage->counters, sizeof(out->counters));
    if (stage->is_complete || stage->began_ms == 0) {
        return;
    }
    out->elapsed_ms = now_ms - stage->began_ms;
    for (uint32_t t = 0; t < stage->stage.task_count; t++) {
        if (stage->tasks[t].state == CORE_TASK_LEASED) {
            out->bytes += stage->tasks[t].bytes;
            out->documents += stage->tasks[t].documents;
            ++*tasks_running;
        }
    }
}

bool tamis_coordinator_core_status(const tamis_coordinator_core *core, const char *id,
                                   uint64_t now_ms, tamis_run_status *out_status)
{
    const core_job *job = core_find_job(core, id);

    if (job == NULL) {
        return false;
    }
    *out_status = (tamis_run_status){
        .state = job->state,
        .stage = job->stage,
        .stage_count = job->stage_count,
        .tasks_executed = job->executed,
        .tasks_lost = job->lost,
        .fault = job->fault,
    };
    memcpy(out_status->job_id, job->id, sizeof(out_status->job_id));
    for (uint32_t s = 0; s < job->stage_count; s++) {
        stage_status(&job->stages[s], now_ms, &out_status->stages[s], &out_status->tasks_running);
    }
    for (uint32_t i = 0; i < core->worker_count; i++) {
        out_status->worker_count += core->workers[i] != NULL && core->workers[i]->is_known;
    }
    return true;
}

static tamis_status send_status(core_step *step, tamis_slice peer, const core_job *job)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_STATUS, job->id, 0);
    bool is_known =
        tamis_coordinator_core_status(step->core, job->id, step->now_ms, &step->core->status);

    TAMIS_ASSERT(is_known);
    message.body.status = &step->core->status;
    return core_send(step, peer, &message, tamis_slice_of(NULL, 0));
}

static void watch(core_job *job, tamis_slice peer, uint64_t now_ms)
{
    core_watcher *place = &job->watchers[0];

    for (size_t i = 0; i < CORE_WATCHERS_MAX; i++) {
        core_watcher *watcher = &job->watchers[i];

        if (tamis_slice_is_equal(tamis_slice_of(watcher->peer, watcher->peer_size), peer)) {
            place = watcher;
            break;
        }
        if (watcher->until_ms < place->until_ms) {
            place = watcher;
        }
    }
    if (peer.size != 0 && peer.size <= sizeof(place->peer)) {
        memcpy(place->peer, peer.data, peer.size);
        place->peer_size = peer.size;
        place->until_ms = now_ms + CORE_WATCH_MS;
    }
}

/* Who asked lately need not wait for its next question to hear of the end. */
static tamis_status tell_watchers(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < CORE_WATCHERS_MAX && status == TAMIS_OK; i++) {
        core_watcher *watcher = &job->watchers[i];

        if (watcher->peer_size != 0 && step->now_ms <= watcher->until_ms) {
            status = send_status(step, tamis_slice_of(watcher->peer, watcher->peer_size), job);
        }
    }
    return status;
}

/* ---- Clients --------------------------------------------------------------------------------- */

static tamis_status answer_submit(core_step *step, tamis_slice peer, const char *job,
                                  tamis_status answer, const char *text)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_SUBMITTED, job, 0);

    message.body.refused.status = answer;
    message.body.refused.text = text;
    return core_send(step, peer, &message, tamis_slice_of(NULL, 0));
}

/* The job that the submitted one is: the same id, or the same content and not yet done. With one
 * job a ledger the content alone counts: what was done need not be done again. */
static core_job *find_equal(const tamis_coordinator_core *core, const tamis_job *job,
                            const tamis_digest *digest)
{
    core_job *same = core_find_job(core, job->id);

    for (uint32_t i = 0; i < core->job_count && same == NULL; i++) {
        core_job *other = core->jobs[i];

        if (tamis_digest_is_equal(other->digest, *digest) &&
            (other->state != TAMIS_RUN_DONE || core->settings.is_single_job)) {
            same = other;
        }
    }
    return same;
}

static tamis_status requeue(core_step *step, core_job *job)
{
    job->state = TAMIS_RUN_QUEUED;
    job->fault = (tamis_err){.status = TAMIS_OK};
    for (uint32_t s = 0; s < job->stage_count; s++) {
        for (uint32_t t = 0; t < job->stages[s].stage.task_count; t++) {
            job->stages[s].tasks[t].attempts = 0;
            job->stages[s].tasks[t].losses = 0;
        }
    }
    return core_put_job(step, job);
}

/* Makes room in the list: the oldest job that is done goes. False: none is done. */
static tamis_status evict_done(core_step *step, bool *out_has_room)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    *out_has_room = core->job_count < TAMIS_JOBS_MAX;
    for (uint32_t i = 0; i < core->job_count && !*out_has_room; i++) {
        core_job *job = core->jobs[i];

        if (job->state != TAMIS_RUN_DONE) {
            continue;
        }
        status = core_delete(step, job, TAMIS_LEDGER_STAGE);
        if (status == TAMIS_OK) {
            status = core_delete(step, job, TAMIS_LEDGER_JOB);
        }
        core_job_free(job);
        memmove(&core->jobs[i], &core->jobs[i + 1], (core->job_count - i - 1) * sizeof(core_job *));
        core->job_count--;
        if (core->running != CORE_NO_JOB && core->running > i) {
            core->running--;
        }
        *out_has_room = true;
    }
    return status;
}

static tamis_status add_job(core_step *step, const tamis_core_event *event,
                            const tamis_job *unpacked, const tamis_digest *digest)
{
    core_job *job = core_job_add(step->core, unpacked->id);
    tamis_status status = TAMIS_OK;

    if (job == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a job");
    }
    job->state = TAMIS_RUN_QUEUED;
    job->is_data_kept = event->message->body.submit.is_data_kept;
    job->order = step->core->next_order++;
    job->digest = *digest;
    status = tamis_buf_append(&job->bytes, event->bulk.data, event->bulk.size);
    if (status != TAMIS_OK) {
        return tamis_err_set(step->err, status, "no memory for a job");
    }
    job->size_bytes = job->bytes.size;
    status = core_job_lay_out(job, unpacked, step->err);
    if (status == TAMIS_OK) {
        status = core_put_job(step, job);
    }
    return status == TAMIS_OK ? core_put_job_bytes(step, job) : status;
}

static tamis_status submit(core_step *step, const tamis_core_event *event,
                           const tamis_job *unpacked)
{
    tamis_coordinator_core *core = step->core;
    tamis_digest digest = {.low = 0};
    tamis_status status = core_job_digest(unpacked, &digest, step->err);
    core_job *job = status == TAMIS_OK ? find_equal(core, unpacked, &digest) : NULL;
    const char *id = unpacked->id;
    bool has_room = true;

    if (status != TAMIS_OK) {
        return status;
    }
    if ((job != NULL && !tamis_digest_is_equal(job->digest, digest)) ||
        (job == NULL && core->settings.is_single_job && core->job_count != 0)) {
        return answer_submit(step, event->peer, id, TAMIS_ECHANGED,
                             "the ledger has another job: inputs, settings or the output differ");
    }
    if (job == NULL) {
        status = evict_done(step, &has_room);
        if (status == TAMIS_OK && !has_room) {
            return answer_submit(step, event->peer, id, TAMIS_ELIMIT, "too many jobs are waiting");
        }
        if (status == TAMIS_OK) {
            status = add_job(step, event, unpacked, &digest);
        }
    } else {
        id = job->id;
        if (job->state == TAMIS_RUN_FAILED || job->state == TAMIS_RUN_CANCELED) {
            status = requeue(step, job);
        }
    }
    if (status == TAMIS_OK) {
        status = answer_submit(step, event->peer, id, TAMIS_OK, "");
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

tamis_status core_on_submit(core_step *step, const tamis_core_event *event)
{
    tamis_err reason = {.status = TAMIS_OK};
    tamis_job *unpacked = NULL;
    tamis_status status = core_check_build(step->core, &event->message->body.submit.build, &reason);

    if (status == TAMIS_OK) {
        status = tamis_job_unpack(event->bulk, &unpacked, &reason);
    }
    if (status == TAMIS_OK && !tamis_job_id_is_valid(unpacked->id)) {
        status = tamis_err_set(&reason, TAMIS_EFORMAT, "job: the id is not 16 hex digits");
    }
    if (status != TAMIS_OK) {
        status = answer_submit(step, event->peer, NULL, status, reason.text);
    } else {
        status = submit(step, event, unpacked);
    }
    tamis_job_destroy(unpacked);
    return status;
}

tamis_status core_on_status_request(core_step *step, const tamis_core_event *event)
{
    core_job *job = core_find_job(step->core, event->message->job);

    if (job == NULL) {
        tamis_message message = core_message(step, TAMIS_MESSAGE_REFUSED, event->message->job, 0);

        message.body.refused.status = TAMIS_ENOENT;
        message.body.refused.text = "the coordinator knows no such job";
        return core_send(step, event->peer, &message, tamis_slice_of(NULL, 0));
    }
    watch(job, event->peer, step->now_ms);
    return send_status(step, event->peer, job);
}

/* ---- The end of a job ------------------------------------------------------------------------ */

static tamis_status stop_job(core_step *step, core_job *job, tamis_run_state state)
{
    bool was_running = core_running_job(step->core) == job;
    tamis_status status = TAMIS_OK;

    job->state = state;
    if (was_running) {
        status = core_release_all(step, job);
        step->core->running = CORE_NO_JOB;
    }
    if (status == TAMIS_OK) {
        status = core_put_job(step, job);
    }
    return status == TAMIS_OK ? tell_watchers(step, job) : status;
}

tamis_status core_on_cancel(core_step *step, const tamis_core_event *event)
{
    core_job *job = core_find_job(step->core, event->message->job);
    tamis_status status = TAMIS_OK;

    if (job != NULL && (job->state == TAMIS_RUN_QUEUED || job->state == TAMIS_RUN_RUNNING)) {
        status = stop_job(step, job, TAMIS_RUN_CANCELED);
    }
    if (status == TAMIS_OK) {
        status = core_on_status_request(step, event);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

tamis_status core_job_fail(core_step *step, core_job *job, uint32_t stage, uint32_t task,
                           tamis_status reason, const char *text)
{
    const tamis_stage *failed = &job->stages[stage].stage;

    tamis_err_set(&job->fault, reason, "%s task %u: %.900s", tamis_stage_kind_name(failed->kind),
                  task, text == NULL || text[0] == 0 ? tamis_status_text(reason) : text);
    return stop_job(step, job, TAMIS_RUN_FAILED);
}

static tamis_status tell_workers(core_step *step, const core_job *job)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < core->worker_count && status == TAMIS_OK; i++) {
        if (core->workers[i] != NULL && core->workers[i]->is_known) {
            tamis_message message = core_message(step, TAMIS_MESSAGE_JOB_DONE, job->id, 0);

            message.body.job_done.is_data_kept = job->is_data_kept;
            status =
                core_send(step, core_peer(core->workers[i]), &message, tamis_slice_of(NULL, 0));
        }
    }
    return status;
}

tamis_status core_clear_job(core_step *step, const core_job *job)
{
    /* Blobs first: as long as they are not gone, something else shows that there is a rest. */
    static const uint8_t groups[] = {TAMIS_LEDGER_BLOB, TAMIS_LEDGER_TASK, TAMIS_LEDGER_CHUNK_KEY};
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < sizeof(groups) && status == TAMIS_OK; i++) {
        status = core_delete(step, job, groups[i]);
    }
    return status;
}

/* What a done job leaves in the ledger is how it went: record and stages. */
static tamis_status finish_job(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    job->state = TAMIS_RUN_DONE;
    step->effects->has_job_ended = true;
    step->core->running = CORE_NO_JOB;
    tamis_buf_fini(&job->bytes);
    job_drop_tasks(job);
    status = core_put_job(step, job);
    if (status == TAMIS_OK) {
        status = core_clear_job(step, job);
    }
    if (status == TAMIS_OK) {
        status = tell_workers(step, job);
    }
    return status == TAMIS_OK ? tell_watchers(step, job) : status;
}

/* ---- Stages ---------------------------------------------------------------------------------- */

static void complete(const core_step *step, core_stage *stage)
{
    stage->is_complete = true;
    if (stage->began_ms != 0) {
        stage->elapsed_ms = step->now_ms - stage->began_ms;
    }
}

/* A local task may have found that the stages behind it have nothing to do. */
static tamis_status skip_stages(core_step *step, core_job *job)
{
    uint32_t count = job->stages[job->stage].stage.task_count == 0
                         ? 0
                         : job->stages[job->stage].tasks[0].skip_stages;
    tamis_status status = TAMIS_OK;

    for (uint32_t s = job->stage + 1; s < job->stage_count && s <= job->stage + count; s++) {
        core_stage *stage = &job->stages[s];

        if (stage->is_complete || status != TAMIS_OK) {
            continue;
        }
        stage->is_skipped = true;
        stage->is_complete = true;
        status = core_put_stage(step, job, s);
    }
    return status;
}

static tamis_status complete_stages(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    while (job->stage < job->stage_count && status == TAMIS_OK) {
        core_stage *stage = &job->stages[job->stage];

        if (!stage->is_complete) {
            if (stage->done_count + TAMIS_PLANTED(STAGE_TOO_EARLY) < stage->stage.task_count) {
                break;
            }
            complete(step, stage);
            status = core_put_stage(step, job, job->stage);
        }
        if (status == TAMIS_OK && stage->stage.is_local) {
            status = skip_stages(step, job);
        }
        job->stage++;
    }
    return status;
}

static tamis_status start_next_job(core_step *step)
{
    tamis_coordinator_core *core = step->core;

    for (uint32_t i = 0; i < core->job_count; i++) {
        core_job *job = core->jobs[i];

        if (job->state == TAMIS_RUN_RUNNING) { /* before a restart */
            core->running = i;
            return TAMIS_OK;
        }
    }
    for (uint32_t i = 0; i < core->job_count; i++) {
        core_job *job = core->jobs[i];

        if (job->state == TAMIS_RUN_QUEUED) {
            core->running = i;
            job->state = TAMIS_RUN_RUNNING;
            return core_put_job(step, job);
        }
    }
    return TAMIS_OK;
}

tamis_status core_advance(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    for (;;) {
        core_job *job = core_running_job(core);

        if (job == NULL) {
            status = start_next_job(step);
            job = core_running_job(core);
            if (status != TAMIS_OK || job == NULL) {
                return status;
            }
        }
        status = complete_stages(step, job);
        if (status != TAMIS_OK) {
            return status;
        }
        if (job->stage < job->stage_count) {
            return job->stages[job->stage].stage.is_local ? core_start_local(step)
                                                          : core_assign(step);
        }
        status = finish_job(step, job);
        if (status != TAMIS_OK) {
            return status;
        }
    }
}
