/* SPDX-License-Identifier: Apache-2.0 */
/* Documents and jobs of a run, and what must come out: once by running the tasks one after the
 * other, which gives each task's result, and once by looking at all pairs of documents, which gives
 * the verdicts. */
#include "sim.h"

#define UNIVERSE 24 /* features that documents share by chance */

sim_job *sim_find_job(sim_state *sim, const char *id)
{
    for (uint32_t i = 0; i < sim->job_count; i++) {
        if (strcmp(sim->jobs[i].id, id) == 0) {
            return &sim->jobs[i];
        }
    }
    return NULL;
}

sim_task *sim_find_task(const sim_job *job, uint32_t stage, uint32_t task)
{
    return &job->tasks[job->first_task[stage] + task];
}

uint32_t sim_stage_of(const sim_job *job, tamis_stage_kind kind)
{
    uint32_t stage = 0;

    while (stage < job->stage_count && job->stages[stage].kind != kind) {
        stage++;
    }
    SIM_REQUIRE(stage < job->stage_count);
    return stage;
}

bool sim_is_skipped(const sim_job *job, uint32_t stage)
{
    uint32_t plan = sim_stage_of(job, TAMIS_STAGE_SPOOL_PLAN);

    return job->is_skipping && stage > plan && stage <= plan + 3;
}

/* ---- Documents ---------------------------------------------------------------------------------
 */

uint64_t sim_ord(uint32_t batch, uint32_t row)
{
    return (uint64_t)batch << 8 | row;
}

uint32_t sim_ord_batch(uint64_t ord)
{
    return (uint32_t)(ord >> 8);
}

uint32_t sim_ord_part(const sim_job *job, uint64_t ord)
{
    const tamis_plan *plan = &job->job->plan;
    uint32_t part = 0;

    while (plan->part_first_batch[part + 1] <= sim_ord_batch(ord)) {
        part++;
    }
    return part;
}

const sim_doc *sim_find_doc(const sim_job *job, uint64_t ord)
{
    uint32_t batch = sim_ord_batch(ord);
    uint32_t row = (uint32_t)(ord & 0xff);

    return batch < job->batch_count && row < job->row_counts[batch]
               ? &job->docs[batch * SIM_ROWS_MAX + row]
               : NULL;
}

uint32_t sim_likeness(const uint64_t *a, uint32_t a_count, const uint64_t *b, uint32_t b_count)
{
    uint32_t common = 0;

    for (uint32_t i = 0; i < a_count; i++) {
        for (uint32_t k = 0; k < b_count; k++) {
            common += a[i] == b[k];
        }
    }
    return a_count + b_count == common ? 0 : common * 1000 / (a_count + b_count - common);
}

static bool has_feature(const sim_doc *doc, uint64_t feature)
{
    for (uint32_t i = 0; i < doc->feature_count; i++) {
        if (doc->features[i] == feature) {
            return true;
        }
    }
    return false;
}

/* A new one, or an earlier one with changes. */
static void doc_fill(sim_state *sim, sim_doc *doc, const sim_doc *earlier)
{
    uint32_t count = 3 + (uint32_t)sim_below(sim, SIM_FEATURES_MAX - 2);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t feature = 1 + sim_below(sim, UNIVERSE);

        if (earlier != NULL && i < earlier->feature_count && !sim_chance(sim, 250)) {
            feature = earlier->features[i];
        }
        if (!has_feature(doc, feature)) {
            doc->features[doc->feature_count++] = feature;
        }
    }
    for (uint32_t i = 0; i < SIM_SHINGLES; i++) {
        bool is_kept = earlier != NULL && !sim_chance(sim, 200);

        doc->shingles[i] = is_kept ? earlier->shingles[i] : tamis_rng_next(&sim->rng);
    }
}

static void docs_create(sim_state *sim, sim_job *job)
{
    const sim_doc *earlier = NULL;

    job->docs = calloc((size_t)job->batch_count * SIM_ROWS_MAX, sizeof(*job->docs));
    job->row_counts = calloc(job->batch_count, sizeof(*job->row_counts));
    SIM_REQUIRE(job->docs != NULL && job->row_counts != NULL);
    for (uint32_t b = 0; b < job->batch_count; b++) {
        job->row_counts[b] = (uint32_t)sim_below(sim, SIM_ROWS_MAX + 1);
        for (uint32_t r = 0; r < job->row_counts[b]; r++) {
            sim_doc *doc = &job->docs[b * SIM_ROWS_MAX + r];

            doc_fill(sim, doc, sim_chance(sim, 600) ? earlier : NULL);
            earlier = earlier == NULL || sim_chance(sim, 500) ? doc : earlier;
            sim->totals.documents++;
        }
    }
}

/* ---- What must come out ------------------------------------------------------------------------
 */

static bool is_neighbor(const sim_doc *later, const sim_doc *earlier)
{
    uint32_t likeness = sim_likeness(later->features, later->feature_count, earlier->features,
                                     earlier->feature_count);

    return likeness >= SIM_LIKE_SURE ||
           (likeness >= SIM_LIKE_UNSURE &&
            sim_likeness(later->shingles, SIM_SHINGLES, earlier->shingles, SIM_SHINGLES) >=
                SIM_LIKE_TEXT);
}

/* All pairs: a document is dropped for its least kept neighbor. Leaves (kept, copies). */
static void naive_verdicts(sim_state *sim, sim_job *job)
{
    for (uint32_t b = 0; b < job->batch_count; b++) {
        for (uint32_t r = 0; r < job->row_counts[b]; r++) {
            const sim_doc *doc = sim_find_doc(job, sim_ord(b, r));
            uint32_t i = 0;

            while (i < job->verdicts.count &&
                   !is_neighbor(doc, sim_find_doc(job, job->verdicts.data[i]))) {
                i += 2;
            }
            if (i < job->verdicts.count) {
                job->verdicts.data[i + 1]++;
                sim->totals.dropped++;
            } else {
                sim_words_add(&job->verdicts, sim_ord(b, r));
                sim_words_add(&job->verdicts, 0);
            }
        }
    }
}

/* Runs all tasks in order, here and now. */
static void run_in_order(sim_state *sim, sim_job *job)
{
    sim_result **results = calloc(job->task_count, sizeof(sim_result *));

    SIM_REQUIRE(results != NULL);
    for (uint32_t s = 0; s < job->stage_count; s++) {
        for (uint32_t t = 0; t < job->stages[s].task_count && !sim_is_skipped(job, s); t++) {
            uint32_t count = 0;
            uint32_t skip_stages = 0;
            sim_need *needs = sim_task_needs(job, s, t, &count);
            sim_words *inputs = calloc((size_t)count + 1, sizeof(*inputs));

            SIM_REQUIRE(inputs != NULL);
            for (uint32_t i = 0; i < count; i++) {
                const sim_result *from = results[job->first_task[needs[i].stage] + needs[i].task];

                if (from != NULL) {
                    inputs[i] = from->pieces[needs[i].piece];
                }
            }
            results[job->first_task[s] + t] =
                sim_task_run(job, s, t, needs, inputs, count, &skip_stages);
            sim_find_task(job, s, t)->expected = results[job->first_task[s] + t]->digest;
            job->is_skipping = job->is_skipping || skip_stages != 0;
            free(inputs);
            free(needs);
        }
    }
    sim_check_verdicts(sim, job, results[job->task_count - 1]);
    for (uint32_t i = 0; i < job->task_count; i++) {
        sim_result_destroy(results[i]);
    }
    free(results);
}

/* ---- Jobs --------------------------------------------------------------------------------------
 */

static void job_create(sim_state *sim, sim_job *job, uint32_t index)
{
    char id[TAMIS_JOB_ID_SIZE];
    char out[32];

    (void)snprintf(id, sizeof(id), "%016x", index + 1);
    (void)snprintf(out, sizeof(out), "/out-%u", index);
    job->index = index;
    job->job = fake_job_create(id, out, 1 + (uint32_t)sim_below(sim, 5));
    SIM_REQUIRE(job->job != NULL);
    job->job->settings.levels = 1u << TAMIS_LEVEL_NEAR;
    tamis_buf_init(&job->packed, 0);
    SIM_REQUIRE(tamis_job_pack(job->job, &job->packed) == TAMIS_OK);
    memcpy(job->id, id, sizeof(id));
    job->stage_count = tamis_job_stages(job->job, job->stages);
    for (uint32_t s = 0; s < job->stage_count; s++) {
        job->first_task[s] = job->task_count;
        job->task_count += job->stages[s].task_count;
    }
    job->tasks = calloc(job->task_count, sizeof(*job->tasks));
    SIM_REQUIRE(job->tasks != NULL);
    job->batch_count = job->job->plan.batch_count;
    job->part_count = job->job->plan.part_count;
    job->slot_count = 1u << job->job->plan.slot_bits;
    job->deadly_task =
        sim_chance(sim, 100) ? (uint32_t)sim_below(sim, job->batch_count) : UINT32_MAX;
    docs_create(sim, job);
    naive_verdicts(sim, job);
    run_in_order(sim, job);
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

        free(job->tasks);
        free(job->docs);
        free(job->row_counts);
        free(job->verdicts.data);
        tamis_job_destroy(job->job);
        tamis_buf_fini(&job->packed);
    }
}
