/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold after every commit and every packet.
 *   - Fences only rise; each task has at most one accepted result, and another one only after it
 *     was lost; a result that is accepted is in its folder and is the right one.
 *   - What is done is not given out again, and no stage starts before all before it are done.
 *   - What the coordinator says is in the ledger by then; whoever holds an old fence is told.
 *   - A restart keeps the leases of the stage that is under way; where nothing but deaths happens,
 *     a task is only given out again when its holder has died or said that it failed.
 *   - Workers pass over what earlier coordinators say (sim_worker.c), forget a job only when the
 *     ledger has its end, and put no old result over an accepted one.
 *   - Verdicts are those of comparing all pairs of documents. */
#include "sim.h"

#include <inttypes.h>
#include <stdarg.h>

void sim_fail(const sim_state *sim, const char *format, ...)
{
    va_list args;

    (void)fprintf(stderr, "seed %" PRIu64 ", at %" PRIu64 " ms: ", sim->seed, sim->now_ms);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\n");
    (void)fflush(stdout);
    abort();
}

void sim_say(const sim_state *sim, const char *format, ...)
{
    va_list args;

    if (!sim->is_verbose) {
        return;
    }
    (void)printf("%8" PRIu64 " ", sim->now_ms);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
}

/* ---- Fences ------------------------------------------------------------------------------------
 */

static sim_fence *find_fence(sim_state *sim, uint64_t fence)
{
    for (size_t i = sim->fence_count; i-- != 0;) {
        if (sim->fences[i].fence == fence) {
            return &sim->fences[i];
        }
    }
    return NULL;
}

static sim_fence *add_fence(sim_state *sim, uint64_t fence)
{
    sim_fence *known = find_fence(sim, fence);

    if (known == NULL) {
        SIM_CHECK(sim, sim->fence_count < SIM_FENCES_MAX);
        known = &sim->fences[sim->fence_count++];
        *known = (sim_fence){.fence = fence};
    }
    return known;
}

/* ---- The ledger --------------------------------------------------------------------------------
 */

static bool is_complete(const sim_job *job, uint32_t stage)
{
    for (uint32_t t = 0; t < job->stages[stage].task_count && !sim_is_skipped(job, stage); t++) {
        if (sim_find_task(job, stage, t)->done == 0) {
            return false;
        }
    }
    return true;
}

/* All stages before it are. */
static bool may_start(const sim_job *job, uint32_t stage)
{
    for (uint32_t s = 0; s < stage; s++) {
        if (!is_complete(job, s)) {
            return false;
        }
    }
    return true;
}

static bool is_alive(const sim_state *sim, const char *name)
{
    uint32_t node = sim_node_of(sim, tamis_slice_of_string(name));

    return node < SIM_CLIENT && sim->workers[node - SIM_WORKER_0].core != NULL;
}

static bool is_held(const sim_task *task, uint64_t fence)
{
    return fence != 0 && (task->held[0] == fence || task->held[1] == fence);
}

static void check_grant(sim_state *sim, const sim_job *job, const tamis_ledger_key *key,
                        const tamis_ledger_task *record)
{
    sim_task *task = sim_find_task(job, key->stage, key->task);
    const tamis_ledger_holder *holder = &record->holders[record->holder_count - 1];
    bool is_backup = record->holder_count == 2;

    sim_say(sim, "granted %u-%u under %" PRIx64 " to %.*s%s", key->stage, key->task, record->fence,
            (int)holder->peer.size, (const char *)holder->peer.data, is_backup ? ", backup" : "");
    SIM_CHECK(sim, record->fence > task->granted);
    SIM_CHECK(sim, record->fence >> 32 == sim->epoch);
    SIM_CHECK(sim, may_start(job, key->stage));
    sim->totals.grants++;
    sim->totals.backups += is_backup;
    if (is_backup) {
        SIM_CHECK(sim, is_held(task, record->holders[0].fence) ||
                           is_held(task, record->holders[1].fence));
    } else if (task->granted != 0) {
        sim->totals.redone++;
        SIM_CHECK(sim, !sim->world.is_calm || task->may_be_regranted || sim->is_recalled ||
                           task->granted >> 32 != record->fence >> 32 ||
                           !is_alive(sim, task->holder));
    }
    (void)snprintf(task->holder, sizeof(task->holder), "%.*s", (int)holder->peer.size,
                   (const char *)holder->peer.data);
    task->may_be_regranted = sim->is_recalled;
    task->granted = record->fence;
}

/* Nobody has more tasks than it has asked for, and who is to go or is set apart gets no new one. */
static void check_load(sim_state *sim, const sim_job *job, const sim_task *task)
{
    const char *name = task->holders[task->held[1] == task->granted ? 1 : 0];
    uint32_t node = sim_node_of(sim, tamis_slice_of_string(name));
    uint32_t count = 0;

    if (name[0] == 0 || node >= SIM_CLIENT) {
        return; /* the local task; or its worker has died meanwhile */
    }
    for (uint32_t t = 0; t < job->task_count; t++) {
        for (uint32_t i = 0; i < 2; i++) {
            count += job->tasks[t].held[i] != 0 && strcmp(job->tasks[t].holders[i], name) == 0;
        }
    }
    SIM_CHECK(sim, count <= sim->workers[node - SIM_WORKER_0].credit);
    SIM_CHECK(sim, !sim->is_apart[node] || sim->is_recalled);
    for (uint32_t f = 0; f < SIM_FOLDERS_MAX; f++) {
        const sim_folder *folder = &sim->folders[f];

        SIM_CHECK(sim,
                  folder->drain == 0 || strcmp(folder->drain_peer, name) != 0 || sim->is_recalled);
    }
}

/* A grant, or one of two that had the task has let go of it. */
static void check_leased(sim_state *sim, const sim_job *job, const tamis_ledger_key *key,
                         const tamis_ledger_task *record)
{
    sim_task *task = sim_find_task(job, key->stage, key->task);
    bool is_new = record->fence != task->granted;
    uint64_t held[2] = {0, 0};

    SIM_CHECK(sim, task->done == 0);
    SIM_CHECK(sim, record->holder_count >= 1 && record->holder_count <= 2);
    if (is_new) {
        check_grant(sim, job, key, record);
    } else {
        task->may_be_regranted = true; /* the one that is left may be the older */
    }
    for (uint32_t i = 0; i < record->holder_count; i++) {
        held[i] = record->holders[i].fence;
        SIM_CHECK(sim, held[i] == record->fence || is_held(task, held[i]));
        (void)snprintf(task->holders[i], sizeof(task->holders[i]), "%.*s",
                       (int)record->holders[i].peer.size,
                       (const char *)record->holders[i].peer.data);
    }
    SIM_CHECK(sim, held[0] != held[1]);
    memcpy(task->held, held, sizeof(held));
    if (is_new) {
        check_load(sim, job, task);
    }
}

static void check_result(sim_state *sim, sim_job *job, const tamis_ledger_key *key,
                         const tamis_ledger_task *record)
{
    sim_task *task = sim_find_task(job, key->stage, key->task);
    const sim_folder *folder = &sim->folders[record->folder];
    const sim_result *result = NULL;

    sim_say(sim, "done %u-%u under %" PRIx64 " in folder %u of node %u", key->stage, key->task,
            record->fence, record->folder, folder->node);
    SIM_CHECK(sim, record->folder < SIM_FOLDERS_MAX);
    SIM_CHECK(sim, is_held(task, record->fence));
    SIM_CHECK(sim, task->done == 0);
    task->accepted++;
    SIM_CHECK(sim, task->accepted <= 1 + task->wiped);
    memset(task->held, 0, sizeof(task->held));
    task->done = record->fence;
    task->last_done = record->fence;
    task->owner = folder->node;
    memcpy(task->owner_id, folder->id, sizeof(task->owner_id));
    add_fence(sim, record->fence)->is_accepted = true;
    sim->totals.results++;
    /* Its disk may have died since it was reported. */
    result = sim_folder_find(sim, folder->node, folder->id, job, key->stage, key->task);
    if (strcmp(sim->nodes[folder->node].folder_id, folder->id) == 0) {
        SIM_CHECK(sim, result != NULL && result->digest == task->expected);
    }
    if (key->stage + 1 == job->stage_count && result != NULL) {
        sim_check_verdicts(sim, job, result);
        job->is_verdict_seen = true;
    }
}

/* Its process has been up for long enough for everybody to know. */
static bool is_settled(const sim_state *sim, uint32_t node)
{
    const sim_worker *worker = node == SIM_COORDINATOR ? NULL : &sim->workers[node - SIM_WORKER_0];

    return worker != NULL && worker->core != NULL && sim->now_ms >= worker->started_ms + 5000;
}

/* A lease ends, or a result is lost. */
static void check_pending(sim_state *sim, const sim_job *job, const tamis_ledger_key *key,
                          const tamis_ledger_task *record)
{
    sim_task *task = sim_find_task(job, key->stage, key->task);
    const sim_result *result =
        sim_folder_find(sim, task->owner, task->owner_id, job, key->stage, key->task);

    if (task->done == 0) {
        SIM_CHECK(sim, record->fence == task->granted);
        SIM_CHECK(sim, !sim->is_restoring || task->held[0] == 0 ||
                           job->stages[key->stage].is_local || !may_start(job, key->stage));
    } else {
        sim_say(sim, "lost %u-%u of folder %s", key->stage, key->task, task->owner_id);
        SIM_CHECK(sim, record->fence == task->done);
        /* What is there and can be had is not made again. */
        SIM_CHECK(sim, !sim->world.is_calm || result == NULL || result->is_corrupt ||
                           !is_settled(sim, task->owner));
        task->done = 0;
        task->wiped++;
        sim->totals.rescued++;
    }
    memcpy(task->ended, task->held, sizeof(task->ended));
    memset(task->held, 0, sizeof(task->held));
    task->may_be_regranted = true;
}

static void check_task(sim_state *sim, const tamis_ledger_key *key, const tamis_ledger_task *record)
{
    sim_job *job = sim_find_job(sim, key->job);

    SIM_CHECK(sim, job != NULL && key->stage < job->stage_count);
    SIM_CHECK(sim, key->task < job->stages[key->stage].task_count);
    SIM_CHECK(sim, !sim_is_skipped(job, key->stage));
    if (record->state == TAMIS_LEDGER_DONE) {
        check_result(sim, job, key, record);
    } else if (record->state == TAMIS_LEDGER_LEASED) {
        check_leased(sim, job, key, record);
    } else {
        check_pending(sim, job, key, record);
    }
}

static void note_folder(sim_state *sim, uint32_t number, const tamis_ledger_folder *record)
{
    char path[16];

    SIM_CHECK(sim, number < SIM_FOLDERS_MAX);
    sim_say(sim, "folder %u is %.*s, id %.*s, drain %u", number, (int)record->path.size,
            (const char *)record->path.data, (int)record->id.size, (const char *)record->id.data,
            record->drain);
    (void)snprintf(path, sizeof(path), "%.*s", (int)record->path.size,
                   (const char *)record->path.data);
    sim->folders[number].node = sim_folder_node(sim, path);
    if (sim->folders[number].drain == 2 && record->drain != 2) {
        sim->folders[number].was_drained = true;
    }
    sim->folders[number].drain = record->drain;
    (void)snprintf(sim->folders[number].drain_peer, sizeof(sim->folders[number].drain_peer), "%.*s",
                   (int)record->drain_peer.size, (const char *)record->drain_peer.data);
    (void)snprintf(sim->folders[number].id, sizeof(sim->folders[number].id), "%.*s",
                   (int)record->id.size, (const char *)record->id.data);
}

static void check_change(sim_state *sim, tamis_slice bytes, tamis_slice value)
{
    tamis_ledger_key key;
    tamis_ledger_task task;
    tamis_ledger_job job;
    tamis_ledger_epoch epoch;
    tamis_ledger_folder folder;

    SIM_CHECK(sim, tamis_ledger_key_read(bytes, &key) == TAMIS_OK);
    if (key.group == TAMIS_LEDGER_TASK) {
        SIM_CHECK(sim, tamis_ledger_read_task(value, &task) == TAMIS_OK);
        check_task(sim, &key, &task);
    } else if (key.group == TAMIS_LEDGER_JOB) {
        SIM_CHECK(sim, tamis_ledger_read_job(value, &job) == TAMIS_OK);
        if (job.state == TAMIS_RUN_DONE) {
            sim_find_job(sim, key.job)->is_finished = true;
        }
    } else if (key.group == TAMIS_LEDGER_EPOCH) {
        SIM_CHECK(sim, tamis_ledger_read_epoch(value, &epoch) == TAMIS_OK);
        SIM_CHECK(sim, epoch.epoch > sim->epoch);
        SIM_CHECK(sim, sim->cluster[0] == 0 || strcmp(sim->cluster, epoch.cluster) == 0);
        memcpy(sim->cluster, epoch.cluster, sizeof(sim->cluster));
        sim->epoch = epoch.epoch;
    } else if (key.group == TAMIS_LEDGER_FOLDER) {
        SIM_CHECK(sim, tamis_ledger_read_folder(value, &folder) == TAMIS_OK);
        note_folder(sim, key.stage, &folder);
    }
}

void sim_check_commit(sim_state *sim, const tamis_core_effects *effects)
{
    for (size_t i = 0; i < effects->change_count; i++) {
        if (effects->changes[i].is_deleted) {
            tamis_ledger_key key;

            SIM_CHECK(sim,
                      tamis_ledger_key_read(tamis_core_change_key(effects, i), &key) == TAMIS_OK);
            sim_say(sim, "folder %u is forgotten", key.stage);
            SIM_CHECK(sim, key.group == TAMIS_LEDGER_FOLDER && key.stage < SIM_FOLDERS_MAX);
            sim->folders[key.stage] = (sim_folder){.node = SIM_NO_NODE};
        }
        if (!effects->changes[i].is_prefix_deleted && !effects->changes[i].is_deleted) {
            check_change(sim, tamis_core_change_key(effects, i),
                         tamis_core_change_value(effects, i));
        }
    }
    sim->is_restoring = false;
    sim->is_recalled = false;
}

/* ---- Packets -----------------------------------------------------------------------------------
 */

/* The epoch under which the worker speaks never falls, and is on its disk. */
static void check_epoch(sim_state *sim, sim_worker *worker, const tamis_message *message)
{
    const char *cluster = sim->cluster;

    if (message->kind == TAMIS_MESSAGE_HELLO) {
        return;
    }
    SIM_CHECK(sim, message->epoch >= worker->epoch);
    SIM_CHECK(sim, cluster[0] == 0 || message->epoch == 0 ||
                       message->epoch <= tamis_epochs_of(&worker->epochs, cluster));
    worker->epoch = message->epoch;
}

void sim_check_report(sim_state *sim, uint32_t index, tamis_slice control)
{
    tamis_message *message = NULL;
    const sim_job *job = NULL;

    SIM_CHECK(sim, tamis_wire_decode(control, &message, NULL) == TAMIS_OK);
    check_epoch(sim, &sim->workers[index], message);
    if (message->kind == TAMIS_MESSAGE_TASK_DONE) {
        add_fence(sim, message->fence)->is_reported = true;
    }
    if (message->kind == TAMIS_MESSAGE_TASK_FAILED) {
        job = sim_find_job(sim, message->job);
        sim_find_task(job, message->body.task_failed.stage, message->body.task_failed.task)
            ->may_be_regranted = true;
    }
    tamis_message_destroy(message);
}

void sim_check_packet(sim_state *sim, tamis_slice control)
{
    tamis_message *message = NULL;
    const sim_job *job = NULL;

    SIM_CHECK(sim, tamis_wire_decode(control, &message, NULL) == TAMIS_OK);
    job = sim_find_job(sim, message->job);
    SIM_CHECK(sim, message->epoch == sim->epoch);
    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        const sim_task *task =
            sim_find_task(job, message->body.assign.stage, message->body.assign.task);

        /* A batch may have taken the task back (job canceled and submitted again) and given it out
         * once more; both assignments are sent. */
        SIM_CHECK(sim, task->granted >= message->fence);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_ACK && message->body.refused.status == TAMIS_OK) {
        const sim_fence *fence = find_fence(sim, message->fence);

        SIM_CHECK(sim, fence == NULL || !fence->is_reported || fence->is_accepted);
    }
    if (message->kind == TAMIS_MESSAGE_WELCOME) {
        SIM_CHECK(sim,
                  sim->cluster[0] == 0 || strcmp(sim->cluster, message->body.welcome.cluster) == 0);
        (void)snprintf(sim->cluster, sizeof(sim->cluster), "%s", message->body.welcome.cluster);
    }
    if (message->kind == TAMIS_MESSAGE_JOB_DONE) {
        SIM_CHECK(sim, job->is_finished);
    }
    if (message->kind == TAMIS_MESSAGE_STATUS && message->body.status->state == TAMIS_RUN_FAILED) {
        sim_fail(sim, "the job failed: %s", message->body.status->fault.text);
    }
    tamis_message_destroy(message);
}

void sim_check_heartbeat(sim_state *sim, const tamis_message *request, const tamis_message *answer)
{
    for (size_t i = 0; i < request->body.heartbeat.held_count; i++) {
        const tamis_held *held = &request->body.heartbeat.held[i];
        const sim_job *job = sim_find_job(sim, held->job);
        const sim_task *task = sim_find_task(job, held->stage, held->task);
        bool is_stopped = false;

        add_fence(sim, held->fence)->is_listed = true;
        if (is_held(task, held->fence) || task->done == held->fence ||
            task->granted < held->fence) {
            continue;
        }
        for (size_t k = 0; k < answer->body.heartbeat.held_count; k++) {
            is_stopped = is_stopped || answer->body.heartbeat.held[k].fence == held->fence;
        }
        SIM_CHECK(sim, is_stopped);
    }
}

/* ---- Workers -----------------------------------------------------------------------------------
 */

void sim_check_leave(sim_state *sim, uint32_t index)
{
    uint32_t node = SIM_WORKER_0 + index;
    const char *id = sim->nodes[node].folder_id;
    bool is_now = false;

    for (uint32_t f = 0; f < SIM_FOLDERS_MAX; f++) {
        const sim_folder *folder = &sim->folders[f];

        /* What it was told before may reach it late. */
        is_now =
            is_now || (strcmp(folder->id, id) == 0 && (folder->drain == 2 || folder->was_drained));
    }
    for (uint32_t j = 0; j < sim->job_count && !is_now; j++) {
        const sim_job *job = &sim->jobs[j];

        for (uint32_t t = 0; t < job->task_count && !job->is_finished; t++) {
            /* Its results of a job that was canceled nobody waits for. */
            SIM_CHECK(sim, job->is_recalled || job->tasks[t].done == 0 ||
                               job->tasks[t].owner != node ||
                               strcmp(job->tasks[t].owner_id, id) != 0);
        }
    }
}

void sim_check_expired(sim_state *sim, const tamis_core_note *note)
{
    const sim_job *job = sim_find_job(sim, note->job);
    const sim_task *task = sim_find_task(job, note->stage, note->task);

    for (uint32_t i = 0; i < 2; i++) {
        sim_fence *fence = find_fence(sim, task->ended[i]);

        /* A worker cannot know when a lease began that no heartbeat of its own has listed yet. */
        if (fence != NULL && fence->is_listed && !is_held(task, fence->fence)) {
            fence->is_expired = true;
            sim_say(sim, "%u-%u under %" PRIx64 " has expired (%s)", note->stage, note->task,
                    task->ended[i], note->worker);
        }
    }
}

void sim_check_publish(sim_state *sim, uint32_t node, const sim_attempt *attempt)
{
    const sim_task *task = sim_find_task(attempt->job, attempt->stage, attempt->task);
    const sim_fence *fence = find_fence(sim, attempt->fence);

    SIM_CHECK(sim, attempt->result->digest == task->expected);
    sim_say(sim, "%u-%u under %" PRIx64 " is published by node %u", attempt->stage, attempt->task,
            attempt->fence, node);
    /* As long as clocks run alike, a worker knows when its lease has expired. */
    SIM_CHECK(sim, sim->is_clock_false || fence == NULL || !fence->is_expired);
    /* Nothing may pull a result away under those who read it. */
    SIM_CHECK(sim, task->done == 0 || task->owner != node ||
                       strcmp(task->owner_id, sim->nodes[node].folder_id) != 0 ||
                       attempt->fence >= task->done);
}

/* ---- The whole ---------------------------------------------------------------------------------
 */

void sim_check_verdicts(sim_state *sim, sim_job *job, const sim_result *report)
{
    const sim_words *words = &report->pieces[0];

    SIM_CHECK(sim, words->count == job->verdicts.count);
    SIM_CHECK(sim, words->count == 0 || memcmp(words->data, job->verdicts.data,
                                               words->count * sizeof(words->data[0])) == 0);
}

void sim_check_step(sim_state *sim)
{
    SIM_CHECK(sim, ++sim->event_count < SIM_EVENTS_MAX);
    SIM_CHECK(sim, sim->heap_count < SIM_QUEUE_MAX);
    SIM_CHECK(sim, sim->now_ms < SIM_FAULTS_END_MS + SIM_GRACE_MS); /* it gets on again */
}

void sim_check_end(sim_state *sim)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        const sim_job *job = &sim->jobs[i];

        SIM_CHECK(sim, job->is_done && job->is_finished && job->is_verdict_seen);
        for (uint32_t s = 0; s < job->stage_count; s++) {
            for (uint32_t t = 0; t < job->stages[s].task_count; t++) {
                SIM_CHECK(sim, (sim_find_task(job, s, t)->done != 0) == !sim_is_skipped(job, s));
            }
        }
    }
}
