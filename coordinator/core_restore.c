/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/planted.h"

void tamis_coordinator_core_check_results(tamis_coordinator_core *core,
                                          tamis_core_result_call is_there, void *context)
{
    core->is_there = is_there;
    core->is_there_context = context;
}

static tamis_status restore_epoch(tamis_coordinator_core *core, tamis_slice value)
{
    tamis_ledger_epoch record;
    tamis_status status = tamis_ledger_read_epoch(value, &record);

    if (status == TAMIS_OK) {
        core->epoch = record.epoch;
        memcpy(core->cluster, record.cluster, sizeof(core->cluster));
    }
    return status;
}

/* A slice that was checked to be short enough, as a string. */
static const char *text_of(tamis_slice slice, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%.*s", (int)slice.size, (const char *)slice.data);
    return buffer;
}

static tamis_status restore_folder(tamis_coordinator_core *core, const tamis_ledger_key *key,
                                   tamis_slice value)
{
    core_step step = {.core = core};
    tamis_ledger_folder record;
    char id[TAMIS_FOLDER_ID_SIZE];
    char path[TAMIS_WIRE_TEXT_MAX + 1];
    char text[TAMIS_WIRE_TEXT_MAX + 1];
    core_folder *folder = NULL;
    tamis_status status = tamis_ledger_read_folder(value, &record);

    if (status != TAMIS_OK) {
        return status;
    }
    (void)text_of(record.id, id, sizeof(id));
    (void)text_of(record.path, path, sizeof(path));
    if (key->stage >= TAMIS_FOLDERS_MAX || path[0] == 0 ||
        core_book_at(&core->book, key->stage) != NULL ||
        core_book_find(&core->book, id, path) != CORE_NO_FOLDER) {
        return TAMIS_EFORMAT;
    }
    if (core_book_add(&step, key->stage, id, path) == CORE_NO_FOLDER) {
        return TAMIS_ENOMEM;
    }
    folder = core_book_at(&core->book, key->stage);
    folder->drain = (core_drain)record.drain;
    if (record.drain_peer.size != 0 &&
        !core_set_text(&folder->drain_peer, text_of(record.drain_peer, text, sizeof(text)))) {
        return TAMIS_ENOMEM;
    }
    return record.host.size == 0 || core_book_place(&core->book, key->stage,
                                                    text_of(record.host, text, sizeof(text)), path)
               ? TAMIS_OK
               : TAMIS_ENOMEM;
}

static tamis_status restore_job(tamis_coordinator_core *core, const tamis_ledger_key *key,
                                tamis_slice value)
{
    tamis_ledger_job record;
    char output[TAMIS_WIRE_TEXT_MAX + 1];
    tamis_status status = tamis_ledger_read_job(value, &record);
    core_job *job = NULL;

    if (status != TAMIS_OK) {
        return status;
    }
    if (core->job_count >= TAMIS_JOBS_MAX || core_find_job(core, key->job) != NULL) {
        return TAMIS_EFORMAT;
    }
    job = core_job_add(core, key->job);
    if (job == NULL ||
        !core_set_text(&job->output, text_of(record.output, output, sizeof(output)))) {
        return TAMIS_ENOMEM;
    }
    job->state = record.state;
    job->is_data_kept = record.is_data_kept;
    job->order = record.order;
    job->digest = record.digest;
    job->size_bytes = record.size_bytes;
    job->fault.status = record.fault;
    (void)text_of(record.fault_text, job->fault.text, sizeof(job->fault.text));
    if (job->state == TAMIS_RUN_DONE) { /* else they are the sums over its tasks */
        job->executed = record.executed;
        job->lost = record.lost;
        job->backups = record.backups;
        job->rescued = record.rescued;
    }
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
    job->packed_digest = tamis_hash128(job->bytes.data, job->bytes.size);
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

/* ---- Tasks ----------------------------------------------------------------------------------- */

/* The worker of a lease, as one that has not said hello yet. */
static tamis_status restore_worker(tamis_coordinator_core *core, const tamis_ledger_holder *holder,
                                   uint32_t *out_index)
{
    core_worker *worker = core_find_worker(core, holder->peer, out_index);
    core_folder *folder = core_book_at(&core->book, holder->folder);

    if (worker != NULL) {
        return TAMIS_OK;
    }
    if (folder == NULL) {
        return TAMIS_EFORMAT;
    }
    worker = core_worker_add(core, holder->peer, out_index);
    if (worker == NULL) {
        return TAMIS_ELIMIT;
    }
    worker->folder = (uint16_t)holder->folder;
    /* Of two that held the folder one after the other, the later one counts: it says hello. */
    folder->worker = *out_index;
    return TAMIS_OK;
}

/* The lease goes on as it was; which stage is the current one is known only when all records are
 * in, so that it waits in the task. */
static tamis_status restore_leases(tamis_coordinator_core *core, core_stage *stage, uint32_t task,
                                   const tamis_ledger_task *record)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < record->holder_count && status == TAMIS_OK; i++) {
        const tamis_ledger_holder *holder = &record->holders[i];
        uint32_t worker = CORE_NONE;
        uint32_t lease = CORE_NONE;

        status = restore_worker(core, holder, &worker);
        if (status != TAMIS_OK) {
            return status;
        }
        if (i == 1 && core->leases[stage->tasks[task].lease].worker == worker) {
            return TAMIS_EFORMAT;
        }
        if (i == 0) {
            stage->pending_count--;
        }
        lease = core_lease_add(core, stage, task, worker);
        if (lease == CORE_NONE) {
            return TAMIS_ENOMEM;
        }
        core->leases[lease].fence = holder->fence;
    }
    return status;
}

static tamis_status restore_lease(tamis_coordinator_core *core, core_job *job,
                                  const tamis_ledger_key *key, const tamis_ledger_task *record)
{
    core_stage *stage = &job->stages[key->stage];
    bool is_remote = !stage->stage.is_local && record->holders[0].peer.size != 0;

    if (job->state == TAMIS_RUN_RUNNING && is_remote) {
        return restore_leases(core, stage, key->task, record);
    }
    job->has_stale = true;
    return TAMIS_OK;
}

static bool result_is_there(const tamis_coordinator_core *core, const core_job *job,
                            const tamis_ledger_key *key, const core_folder *folder)
{
    const tamis_core_settings *settings = &core->settings;

    if (strcmp(folder->path, settings->data_folder) != 0) {
        return true;
    }
    if (strcmp(folder->id, core_text(settings->data_folder_id)) != 0) {
        /* Our disk was replaced; but on another host the same path is another folder. */
        return folder->host != NULL && !settings->is_embedded;
    }
    return core->is_there == NULL ||
           core->is_there(core->is_there_context, job->id, job->stages[key->stage].stage.kind,
                          key->stage, key->task, folder->path);
}

static tamis_status restore_task(tamis_coordinator_core *core, core_job *job,
                                 const tamis_ledger_key *key, tamis_slice value, tamis_err *err)
{
    tamis_ledger_task record;
    core_task *task = NULL;
    const core_folder *folder = NULL;
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
    task = &job->stages[key->stage].tasks[key->task];
    if (task->state != CORE_TASK_PENDING) {
        return TAMIS_EFORMAT; /* twice */
    }
    task->fence = record.fence; /* a later one will be greater */
    task->lost = record.lost;
    task->executed = record.executed;
    task->backups = record.backups;
    task->rescued = record.rescued;
    task->losses = record.losses;
    job->lost += record.lost;
    job->executed += record.executed;
    job->backups += record.backups;
    job->rescued += record.rescued;
    if (record.state != TAMIS_LEDGER_DONE) {
        return record.state == TAMIS_LEDGER_LEASED ? restore_lease(core, job, key, &record)
                                                   : TAMIS_OK;
    }
    folder = core_book_at(&core->book, record.folder);
    if (folder == NULL) {
        return TAMIS_EFORMAT;
    }
    if (TAMIS_PLANTED(DONE_NOT_RESTORED) && key->task % 3 == 2) {
        return TAMIS_OK;
    }
    if (!result_is_there(core, job, key, folder)) {
        core_count8(&task->rescued);
        job->rescued++;
        job->has_stale = true;
        return TAMIS_OK;
    }
    job->stages[key->stage].pending_count--;
    core_mark_done(core, job, key->stage, key->task, &record);
    return TAMIS_OK;
}

/* ---- Records --------------------------------------------------------------------------------- */

static core_job *job_of(tamis_coordinator_core *core, const char *id)
{
    if (core->restored == NULL || strcmp(core->restored->id, id) != 0) {
        core->restored = core_find_job(core, id);
    }
    return core->restored;
}

static tamis_status restore_record(tamis_coordinator_core *core, const tamis_ledger_key *key,
                                   tamis_slice value, tamis_err *err)
{
    core_job *job = NULL;

    if (key->group == TAMIS_LEDGER_EPOCH) {
        return restore_epoch(core, value);
    }
    if (key->group == TAMIS_LEDGER_FOLDER) {
        return restore_folder(core, key, value);
    }
    if (key->group == TAMIS_LEDGER_JOB) {
        return restore_job(core, key, value);
    }
    job = job_of(core, key->job);
    /* Records of a job that is gone, left by a crash between two deletions: no harm. */
    if (job == NULL) {
        return TAMIS_OK;
    }
    if (job->state == TAMIS_RUN_DONE && key->group != TAMIS_LEDGER_STAGE) {
        job->has_rest = true;
        return TAMIS_OK;
    }
    if (key->group == TAMIS_LEDGER_CHUNK_KEY) {
        return restore_chunk(job, key, value);
    }
    if (key->group == TAMIS_LEDGER_STAGE) {
        return restore_stage(job, key, value, err);
    }
    return key->group == TAMIS_LEDGER_TASK ? restore_task(core, job, key, value, err) : TAMIS_OK;
}

tamis_status tamis_coordinator_core_restore(tamis_coordinator_core *core, tamis_slice key,
                                            tamis_slice value, tamis_err *err)
{
    tamis_ledger_key parts;
    tamis_status status = tamis_ledger_key_read(key, &parts);
    char group =
        key.size != 0 && key.data[0] >= 'A' && key.data[0] <= 'Z' ? (char)key.data[0] : '?';

    if (err != NULL) {
        err->text[0] = 0;
    }
    if (status == TAMIS_OK) {
        status = restore_record(core, &parts, value, err);
    }
    if (status == TAMIS_EVERSION && (err == NULL || err->text[0] == 0)) {
        return tamis_err_set(err, status,
                             "ledger: record of group '%c' is of another version: finish or cancel "
                             "its jobs with the program that wrote it, then use a new state folder",
                             group);
    }
    if (status != TAMIS_OK && (err == NULL || err->text[0] == 0)) {
        tamis_err_set(err, status, "ledger: record of group '%c' is malformed", group);
    }
    return status;
}

/* ---- The beginning --------------------------------------------------------------------------- */

static int by_order(const void *a, const void *b)
{
    const core_job *const *left = a;
    const core_job *const *right = b;

    return ((*left)->order > (*right)->order) - ((*left)->order < (*right)->order);
}

/* Stages that are skipped must not hold the restored leases of a later stage back. */
static void restore_skips(core_job *job)
{
    for (uint32_t s = 0; s < job->stage_count; s++) {
        const core_stage *stage = &job->stages[s];

        if (!stage->stage.is_local || stage->done_count == 0 || TAMIS_PLANTED(SKIP_NOT_RESTORED)) {
            continue;
        }
        for (uint32_t k = s + 1; k < job->stage_count && k - s <= stage->skip_stages; k++) {
            job->stages[k].is_skipped = true;
            job->stages[k].is_complete = true;
        }
    }
}

static bool belongs_to(const core_stage *stage, const core_lease *lease, uint32_t index)
{
    const core_task *task =
        lease->task < stage->stage.task_count ? &stage->tasks[lease->task] : NULL;

    return task != NULL && task->state == CORE_TASK_LEASED &&
           (task->lease == index || task->lease == lease->twin);
}

/* A lease that must not live on: its task may be reading results that are gone. This is written
 * down, or the next start would take it for a good one when its stage is reached again. */
static tamis_status end_leases(core_step *step, core_job *job, uint32_t stage_index)
{
    tamis_coordinator_core *core = step->core;
    core_stage *stage = &job->stages[stage_index];
    tamis_status status = TAMIS_OK;

    for (uint32_t t = 0; t < stage->stage.task_count && status == TAMIS_OK; t++) {
        core_task *task = &stage->tasks[t];

        if (task->state != CORE_TASK_LEASED) {
            continue;
        }
        while (task->lease != CORE_NONE) {
            uint32_t twin = core->leases[task->lease].twin;

            core_lease_remove(core, stage, task->lease);
            task->lease = twin;
        }
        core_make_pending(core, stage, t);
        status = core_put_task(step, job, stage_index, t);
    }
    return status;
}

/* Leases of the current stage live on, from now. */
static void keep_leases(core_step *step, core_stage *stage)
{
    tamis_coordinator_core *core = step->core;

    for (uint32_t i = 0; i < core->lease_capacity; i++) {
        core_lease *lease = &core->leases[i];

        if (lease->worker == CORE_NONE || !belongs_to(stage, lease, i)) {
            continue;
        }
        lease->due_ms = step->now_ms + core->settings.lease_ms;
        lease->sent_ms = step->now_ms;
        lease->began_ms = step->now_ms;
        core->workers[lease->worker]->due_ms = lease->due_ms;
        stage->began_ms = step->now_ms == 0 ? 1 : step->now_ms;
    }
}

/* What was leased ran when the process died, perhaps because of it: an orderly end leaves no lease
 * behind. */
static void count_deaths(core_job *job, core_stage *stage)
{
    for (uint32_t t = 0; t < stage->stage.task_count; t++) {
        core_task *task = &stage->tasks[t];

        if (task->state == CORE_TASK_LEASED) {
            core_count8(&task->losses);
            core_count16(&task->lost);
            job->lost++;
        }
    }
}

/* All leases but those of the current stage have ended, all of jobs that do not run, and all where
 * the worker died with the coordinator. */
static tamis_status settle_leases(core_step *step, core_job *job, bool is_running)
{
    uint32_t current = core_first_open_stage(job);
    bool is_embedded = step->core->settings.is_embedded;
    tamis_status status = TAMIS_OK;

    for (uint32_t s = 0; s < job->stage_count && status == TAMIS_OK; s++) {
        if (is_embedded && is_running && s == current) {
            count_deaths(job, &job->stages[s]);
        }
        if (!is_running || s != current || is_embedded) {
            status = end_leases(step, job, s);
        } else {
            keep_leases(step, &job->stages[s]);
        }
    }
    return status;
}

/* What the ledger says of results that are gone and of leases that were not restored names folders
 * that may be forgotten, and whose numbers may be given to others. */
static tamis_status put_stale(core_step *step, core_job *job)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t s = 0; s < job->stage_count && job->has_stale && !TAMIS_PLANTED(STALE_NAMES_KEPT);
         s++) {
        for (uint32_t t = 0; t < job->stages[s].stage.task_count && status == TAMIS_OK; t++) {
            const core_task *task = &job->stages[s].tasks[t];

            if (task->state == CORE_TASK_PENDING && task->fence != 0) {
                status = core_put_task(step, job, s, t);
            }
        }
    }
    job->has_stale = false;
    return status;
}

static tamis_status begin_job(core_step *step, core_job *job, bool *has_running)
{
    bool is_running = job->state == TAMIS_RUN_RUNNING && !*has_running;
    tamis_status status = TAMIS_OK;

    if (job->state == TAMIS_RUN_DONE) {
        return job->has_rest ? core_clear_job(step, job) : TAMIS_OK;
    }
    status = restore_layout(job, step->err);
    if (status != TAMIS_OK) {
        return status;
    }
    restore_skips(job);
    *has_running = *has_running || is_running;
    core_job_set_wanting(step->core, job,
                         job->state == TAMIS_RUN_QUEUED || job->state == TAMIS_RUN_RUNNING ||
                             job->state == TAMIS_RUN_PAUSED);
    status = put_stale(step, job);
    return status == TAMIS_OK ? settle_leases(step, job, is_running) : status;
}

/* The coordinator's own folder has number 0, or that under which the ledger knows it. */
static tamis_status begin_book(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    const tamis_core_settings *settings = &core->settings;
    const char *id = core_text(settings->data_folder_id);
    core_folder *folder = NULL;
    uint32_t number = core_book_find(&core->book, id, settings->data_folder);
    tamis_status status = TAMIS_OK;

    if (number == CORE_NO_FOLDER) {
        number = core_book_add(step, CORE_NONE, id, settings->data_folder);
        if (number == CORE_NO_FOLDER) {
            return tamis_err_set(step->err, TAMIS_ENOMEM, "no room for the data folder");
        }
        status = core_put_folder(step, number);
    }
    core->own_folder = number;
    folder = core_book_at(&core->book, number);
    folder->is_local = true;
    if (!core_set_text(&folder->data_url, settings->data_url) ||
        !core_set_text(&folder->public_key, settings->public_key)) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for the data folder");
    }
    for (uint32_t i = 0; i < core->book.count; i++) {
        if (core->book.folders[i] != NULL) {
            core->book.folders[i]->heard_ms = step->now_ms;
        }
    }
    return status == TAMIS_OK ? core_book_prune(step) : status;
}

tamis_status tamis_coordinator_core_begin(tamis_coordinator_core *core, uint64_t now_ms,
                                          tamis_core_effects *effects, tamis_err *err)
{
    core_step step = {.core = core, .effects = effects, .now_ms = now_ms, .err = err};
    tamis_status status = TAMIS_OK;
    bool has_running = false;

    if (err != NULL) {
        err->text[0] = 0;
    }
    core->epoch += TAMIS_PLANTED(EPOCH_NOT_RAISED) && core->epoch != 0 ? 0 : 1;
    if (core->cluster[0] == 0) {
        (void)snprintf(core->cluster, sizeof(core->cluster), "%s",
                       core_text(core->settings.cluster));
    }
    if (core->job_count != 0) {
        qsort(core->jobs, core->job_count, sizeof(core_job *), by_order);
    }
    for (uint32_t i = 0; i < core->worker_count; i++) {
        core->workers[i]->heard_ms = now_ms;
    }
    for (uint32_t i = 0; i < core->job_count && status == TAMIS_OK; i++) {
        status = begin_job(&step, core->jobs[i], &has_running);
    }
    if (status == TAMIS_OK) {
        status = begin_book(&step);
    }
    if (status != TAMIS_OK) {
        return err == NULL || err->text[0] != 0
                   ? status
                   : tamis_err_set(err, status, "ledger: a job cannot be restored");
    }
    core->stepped_ms = now_ms;
    status = core_put_epoch(&step);
    return status == TAMIS_OK ? core_advance(&step) : status;
}
