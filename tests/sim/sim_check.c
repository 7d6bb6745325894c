/* SPDX-License-Identifier: Apache-2.0 */
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
    (void)fprintf(stderr, "\nrepeat with: test_sim --seed=%" PRIu64 " --count=1 --verbose\n",
                  sim->seed);
    abort();
}

sim_job *sim_find_job(sim_state *sim, const char *id)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        if (strcmp(sim->jobs[i].id, id) == 0) {
            return &sim->jobs[i];
        }
    }
    return NULL;
}

uint32_t sim_folder_number(const sim_state *sim, const char *folder)
{
    for (uint32_t i = 0; i < sim->worker_count; i++) {
        if (strcmp(sim->workers[i].folder, folder) == 0) {
            return i;
        }
    }
    SIM_CHECK(sim, strcmp(folder, "/c") == 0);
    return SIM_WORKERS_MAX;
}

static bool is_skipped(const sim_job *job, uint32_t stage)
{
    uint32_t plan =
        tamis_stage_find(job->stages, job->stage_count, TAMIS_STAGE_SPOOL_PLAN, TAMIS_LEVEL_NEAR);

    return job->is_skipping && plan != UINT32_MAX && stage > plan && stage <= plan + 3;
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
    return tamis_mum(hash ^ number ^ TAMIS_HASH_K3, TAMIS_HASH_K1) | 1;
}

uint64_t sim_output(sim_state *sim, const sim_job *job, uint32_t stage, uint32_t task,
                    const char *(*owner)(const void *context, uint32_t stage, uint32_t task),
                    const void *context)
{
    uint64_t hash = mix(stage, task);

    for (uint32_t s = 0; s < stage; s++) {
        for (uint32_t t = 0; t < job->stages[s].task_count; t++) {
            const sim_task *input = &job->tasks[s][t];
            uint64_t number = is_skipped(job, s) ? 1 : input->expected;

            if (owner != NULL) {
                const char *folder = owner(context, s, t);

                SIM_CHECK(sim, (folder == NULL) == is_skipped(job, s));
                number = folder == NULL ? 1 : input->disk[sim_folder_number(sim, folder)];
                if (number == 0) {
                    return 0;
                }
            }
            hash = mix(hash, number);
        }
    }
    return hash;
}

static void job_create(sim_state *sim, sim_job *job, uint32_t index)
{
    char id[TAMIS_JOB_ID_SIZE];
    char out[32];

    (void)snprintf(id, sizeof(id), "%016x", index + 1);
    (void)snprintf(out, sizeof(out), "/out-%u", index);
    job->job = fake_job_create(id, out, 1 + (uint32_t)tamis_rng_below(&sim->rng, 5));
    SIM_CHECK(sim, job->job != NULL);
    job->job->settings.levels = 1u << TAMIS_LEVEL_NEAR;
    tamis_buf_init(&job->packed, 0);
    SIM_CHECK(sim, tamis_job_pack(job->job, &job->packed) == TAMIS_OK);
    memcpy(job->id, id, sizeof(id));
    job->stage_count = tamis_job_stages(job->job, job->stages);
    job->is_skipping = sim_chance(sim, 300);
    for (uint32_t s = 0; s < job->stage_count; s++) {
        job->tasks[s] = calloc((size_t)job->stages[s].task_count + 1, sizeof(sim_task));
        SIM_CHECK(sim, job->tasks[s] != NULL);
        for (uint32_t t = 0; t < job->stages[s].task_count; t++) {
            job->tasks[s][t].expected = sim_output(sim, job, s, t, NULL, NULL);
        }
    }
}

void sim_jobs_create(sim_state *sim)
{
    sim->job_count = 1 + (sim_chance(sim, 250) ? 1 : 0);
    for (uint32_t i = 0; i < sim->job_count; i++) {
        job_create(sim, &sim->jobs[i], i);
    }
}

void sim_jobs_destroy(sim_state *sim)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        sim_job *job = &sim->jobs[i];

        for (uint32_t s = 0; s < job->stage_count; s++) {
            free(job->tasks[s]);
        }
        tamis_job_destroy(job->job);
        tamis_buf_fini(&job->packed);
    }
}

/* ---- What must hold ---------------------------------------------------------------------------
 */

/* A stage starts when all before it are complete. A result that was wiped may be missing from the
 * point of view of the ledger, but not from that of a coordinator that looked at the disks. */
static void check_order(sim_state *sim, const sim_job *job, uint32_t stage)
{
    for (uint32_t s = 0; s < stage; s++) {
        for (uint32_t t = 0; t < job->stages[s].task_count && !is_skipped(job, s); t++) {
            SIM_CHECK(sim, job->tasks[s][t].done != 0);
        }
    }
}

static void check_task(sim_state *sim, const tamis_ledger_key *key, const tamis_ledger_task *record)
{
    sim_job *job = sim_find_job(sim, key->job);
    sim_task *task = NULL;
    char folder[16];

    SIM_CHECK(sim, job != NULL && key->stage < job->stage_count);
    SIM_CHECK(sim, key->task < job->stages[key->stage].task_count);
    SIM_CHECK(sim, !is_skipped(job, key->stage));
    task = &job->tasks[key->stage][key->task];
    if (!record->is_done && record->name.size == 0) { /* a lease ends */
        SIM_CHECK(sim, record->fence == task->granted);
        return;
    }
    if (!record->is_done) {
        SIM_CHECK(sim, record->fence > task->granted); /* fences only rise */
        SIM_CHECK(sim, task->done == 0);               /* what is done is not given out */
        check_order(sim, job, key->stage);
        task->granted = record->fence;
        return;
    }
    SIM_CHECK(sim, record->fence == task->granted); /* no result under an old fence */
    SIM_CHECK(sim, task->done == 0);
    task->accepted++;
    SIM_CHECK(sim, task->accepted <= 1 + task->wiped); /* one accepted commit */
    task->done = record->fence;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)record->name.size,
                   (const char *)record->name.data);
    task->owner = sim_folder_number(sim, folder);
    SIM_CHECK(sim, task->disk[task->owner] == task->expected);
    SIM_CHECK(sim, sim->accepted_count < SIM_RESULTS_MAX);
    sim->accepted[sim->accepted_count++] = record->fence;
}

void sim_check_commit(sim_state *sim, const tamis_core_effects *effects)
{
    for (size_t i = 0; i < effects->change_count; i++) {
        tamis_ledger_key key;
        tamis_ledger_task record;

        if (effects->changes[i].is_prefix_deleted) {
            continue;
        }
        SIM_CHECK(sim, tamis_ledger_key_read(tamis_core_change_key(effects, i), &key) == TAMIS_OK);
        if (key.group == TAMIS_LEDGER_TASK) {
            SIM_CHECK(sim, tamis_ledger_read_task(tamis_core_change_value(effects, i), &record) ==
                               TAMIS_OK);
            check_task(sim, &key, &record);
        }
    }
}

static bool was_reported(const sim_state *sim, uint64_t fence)
{
    for (size_t i = 0; i < sim->reported_count; i++) {
        if (sim->reported[i] == fence) {
            return true;
        }
    }
    return false;
}

static bool is_accepted(const sim_state *sim, uint64_t fence)
{
    for (size_t i = 0; i < sim->accepted_count; i++) {
        if (sim->accepted[i] == fence) {
            return true;
        }
    }
    return false;
}

/* Remembers which fences workers report results under. */
void sim_check_report(sim_state *sim, tamis_slice control)
{
    tamis_message *message = NULL;

    SIM_CHECK(sim, tamis_wire_decode(control, &message, NULL) == TAMIS_OK);
    if (message->kind == TAMIS_MESSAGE_TASK_DONE && !was_reported(sim, message->fence)) {
        SIM_CHECK(sim, sim->reported_count < SIM_RESULTS_MAX);
        sim->reported[sim->reported_count++] = message->fence;
    }
    tamis_message_destroy(message);
}

/* What a coordinator says is durable by then. */
void sim_check_packet(sim_state *sim, tamis_slice control)
{
    tamis_message *message = NULL;
    const sim_job *job = NULL;

    SIM_CHECK(sim, tamis_wire_decode(control, &message, NULL) == TAMIS_OK);
    job = sim_find_job(sim, message->job);
    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        const sim_task *task = &job->tasks[message->body.assign.stage][message->body.assign.task];

        /* A batch may have taken the task back (job canceled and submitted again) and given it out
         * once more; both assignments are sent. */
        SIM_CHECK(sim, task->granted >= message->fence);
    }
    if (message->kind == TAMIS_MESSAGE_TASK_ACK && message->body.refused.status == TAMIS_OK &&
        was_reported(sim, message->fence)) {
        SIM_CHECK(sim, is_accepted(sim, message->fence));
    }
    if (message->kind == TAMIS_MESSAGE_STATUS && message->body.status->state == TAMIS_RUN_FAILED) {
        sim_fail(sim, "the job failed: %s", message->body.status->fault.text);
    }
    tamis_message_destroy(message);
}

void sim_check_publish(sim_state *sim, uint32_t folder, const sim_attempt *attempt)
{
    sim_job *job = sim_find_job(sim, tamis_job_view_job(attempt->view)->id);
    sim_task *task = &job->tasks[attempt->stage][attempt->task];

    SIM_CHECK(sim, attempt->output == task->expected);
    /* Nothing may pull a result away under those who read it. */
    SIM_CHECK(sim, task->done == 0 || task->owner != folder || attempt->fence >= task->done);
    task->disk[folder] = attempt->output;
}

void sim_check_end(sim_state *sim)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        const sim_job *job = &sim->jobs[i];

        SIM_CHECK(sim, job->is_done);
        for (uint32_t s = 0; s < job->stage_count; s++) {
            for (uint32_t t = 0; t < job->stages[s].task_count; t++) {
                SIM_CHECK(sim, (job->tasks[s][t].done != 0) == !is_skipped(job, s));
            }
        }
    }
}

void sim_wipe(sim_state *sim, uint32_t folder)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        sim_job *job = &sim->jobs[i];

        for (uint32_t s = 0; s < job->stage_count && !job->is_done; s++) {
            for (uint32_t t = 0; t < job->stages[s].task_count; t++) {
                job->tasks[s][t].disk[folder] = 0;
            }
        }
    }
}
