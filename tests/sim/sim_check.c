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

/* Who is given the task by this record: the newest of its holders. */
static void note_holders(sim_state *sim, sim_task *task, const tamis_ledger_task *record)
{
    memset(task->held, 0, sizeof(task->held));
    for (uint32_t i = 0; i < record->holder_count; i++) {
        const tamis_ledger_holder *holder = &record->holders[i];

        SIM_CHECK(sim, holder->fence <= record->fence);
        task->held[i] = holder->fence;
        if (holder->fence == record->fence) {
            (void)snprintf(task->holder, sizeof(task->holder), "%.*s", (int)holder->peer.size,
                           (const char *)holder->peer.data);
        }
    }
}

static void check_grant(sim_state *sim, const sim_job *job, uint32_t stage, sim_task *task,
                        const tamis_ledger_task *record)
{
    const tamis_slice name = record->holders[record->holder_count - 1].peer;

    sim_say(sim, "granted %u-%u under %" PRIx64 " to %.*s", stage,
            (uint32_t)(task - sim_find_task(job, stage, 0)), record->fence, (int)name.size,
            (const char *)name.data);
    SIM_CHECK(sim, record->fence >> 32 >= sim->epoch || record->fence == task->granted);
    SIM_CHECK(sim, task->done == 0);
    SIM_CHECK(sim, may_start(job, stage));
    if (record->fence == task->granted) { /* one of two has ended */
        note_holders(sim, task, record);
        return;
    }
    SIM_CHECK(sim, record->fence > task->granted);
    if (task->granted != 0) {
        sim->totals.redone++;
        SIM_CHECK(sim, !sim->world.is_calm || task->may_be_regranted || sim->is_recalled ||
                           record->holder_count == 2 ||
                           task->granted >> 32 != record->fence >> 32 ||
                           !is_alive(sim, task->holder));
    }
    note_holders(sim, task, record);
    task->may_be_regranted = sim->is_recalled;
    task->granted = record->fence;
    sim->totals.grants++;
}

static void check_result(sim_state *sim, sim_job *job, const tamis_ledger_key *key,
                         const tamis_ledger_task *record)
{
    sim_task *task = sim_find_task(job, key->stage, key->task);
    const sim_result *result = NULL;

    sim_say(sim, "done %u-%u under %" PRIx64 " in %u", key->stage, key->task, record->fence,
            record->folder);
    SIM_CHECK(sim, record->fence != 0);
    SIM_CHECK(sim, record->fence == task->held[0] || record->fence == task->held[1]);
    SIM_CHECK(sim, task->done == 0);
    task->accepted++;
    SIM_CHECK(sim, task->accepted <= 1 + task->wiped);
    task->done = record->fence;
    task->last_done = record->fence;
    SIM_CHECK(sim, record->folder < SIM_FOLDERS_MAX);
    task->owner = sim->folder_nodes[record->folder];
    result = sim_disk_find(sim, task->owner, job, key->stage, key->task);
    SIM_CHECK(sim, result != NULL && result->digest == task->expected);
    add_fence(sim, record->fence)->is_accepted = true;
    sim->totals.results++;
    if (key->stage + 1 == job->stage_count) {
        sim_check_verdicts(sim, job, result);
        job->is_verdict_seen = true;
    }
}

static void check_task(sim_state *sim, const tamis_ledger_key *key, const tamis_ledger_task *record)
{
    sim_job *job = sim_find_job(sim, key->job);
    sim_task *task = NULL;

    SIM_CHECK(sim, job != NULL && key->stage < job->stage_count);
    SIM_CHECK(sim, key->task < job->stages[key->stage].task_count);
    SIM_CHECK(sim, !sim_is_skipped(job, key->stage));
    task = sim_find_task(job, key->stage, key->task);
    if (record->state == TAMIS_LEDGER_DONE) {
        check_result(sim, job, key, record);
    } else if (record->state == TAMIS_LEDGER_LEASED) {
        check_grant(sim, job, key->stage, task, record);
    } else { /* a lease ends */
        SIM_CHECK(sim, record->fence == task->granted);
        SIM_CHECK(sim, !sim->is_restoring || !may_start(job, key->stage));
        memset(task->held, 0, sizeof(task->held));
        task->may_be_regranted = true;
    }
}

static void check_folder(sim_state *sim, uint32_t number, tamis_slice value)
{
    tamis_ledger_folder record;
    char path[16];

    SIM_CHECK(sim, number < SIM_FOLDERS_MAX);
    SIM_CHECK(sim, tamis_ledger_read_folder(value, &record) == TAMIS_OK);
    (void)snprintf(path, sizeof(path), "%.*s", (int)record.path.size,
                   (const char *)record.path.data);
    sim->folder_nodes[number] = sim_folder_node(sim, path);
}

static void check_change(sim_state *sim, tamis_slice bytes, tamis_slice value)
{
    tamis_ledger_key key;
    tamis_ledger_task task;
    tamis_ledger_job job;
    tamis_ledger_epoch epoch;

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
        sim->epoch = epoch.epoch;
    } else if (key.group == TAMIS_LEDGER_FOLDER) {
        check_folder(sim, key.stage, value);
    }
}

void sim_check_commit(sim_state *sim, const tamis_core_effects *effects)
{
    for (size_t i = 0; i < effects->change_count; i++) {
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

void sim_check_report(sim_state *sim, tamis_slice control)
{
    tamis_message *message = NULL;
    const sim_job *job = NULL;

    SIM_CHECK(sim, tamis_wire_decode(control, &message, NULL) == TAMIS_OK);
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
        bool is_stopped = false;

        const sim_task *task = sim_find_task(job, held->stage, held->task);

        if (task->granted <= held->fence || task->held[0] == held->fence ||
            task->held[1] == held->fence) {
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

void sim_check_publish(sim_state *sim, uint32_t node, const sim_attempt *attempt)
{
    const sim_task *task = sim_find_task(attempt->job, attempt->stage, attempt->task);

    SIM_CHECK(sim, attempt->result->digest == task->expected);
    /* Nothing may pull a result away under those who read it. */
    SIM_CHECK(sim, task->done == 0 || task->owner != node || attempt->fence >= task->done);
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
