/* SPDX-License-Identifier: Apache-2.0 */
/* What the tasks of a simulated job compute: the stages of a run on a handful of documents.
 *
 * A document has some features and some shingles, both just numbers. SCAN spreads the features by
 * slot and keeps the documents' features as records; LINK pairs the documents that share one; the
 * PAIR stages bring the records of both together and decide the clear cases; SPOOL and TEXT do the
 * same with shingles for the others; RESOLVE drops each document that has a kept earlier neighbor;
 * EMIT lists what is kept by batch, REPORT everything. Results are cut to pieces by slot or part
 * just as run files are. */
#include "sim.h"

void sim_words_add(sim_words *words, uint64_t word)
{
    if (words->count == words->capacity) {
        words->capacity = words->capacity == 0 ? 16 : words->capacity * 2;
        words->data = reallocarray(words->data, words->capacity, sizeof(*words->data));
        SIM_REQUIRE(words->data != NULL);
    }
    words->data[words->count++] = word;
}

uint64_t sim_words_hash(const sim_words *words, uint64_t seed)
{
    return tamis_hash64(words->data, words->count * sizeof(*words->data)) ^ (seed * TAMIS_HASH_K1);
}

sim_result *sim_result_create(uint32_t piece_count)
{
    sim_result *result = calloc(1, sizeof(*result) + piece_count * sizeof(result->pieces[0]));

    SIM_REQUIRE(result != NULL);
    result->piece_count = piece_count;
    return result;
}

void sim_result_destroy(sim_result *result)
{
    for (uint32_t i = 0; result != NULL && i < result->piece_count; i++) {
        free(result->pieces[i].data);
    }
    free(result);
}

/* ---- What a task reads -------------------------------------------------------------------------
 */

typedef struct need_list {
    const sim_job *job;
    sim_need *needs;
    uint32_t count;
} need_list;

static void need(need_list *list, tamis_stage_kind kind, uint32_t task, uint32_t piece)
{
    list->needs[list->count++] =
        (sim_need){.stage = sim_stage_of(list->job, kind), .task = task, .piece = piece};
}

static void need_all(need_list *list, tamis_stage_kind kind, uint32_t piece)
{
    uint32_t stage = sim_stage_of(list->job, kind);

    for (uint32_t t = 0; t < list->job->stages[stage].task_count; t++) {
        need(list, kind, t, piece);
    }
}

static void need_records(need_list *list, uint32_t part)
{
    const tamis_plan *plan = &list->job->job->plan;

    for (uint32_t b = plan->part_first_batch[part]; b < plan->part_first_batch[part + 1]; b++) {
        need(list, TAMIS_STAGE_SCAN, b, list->job->slot_count);
    }
}

sim_need *sim_task_needs(const sim_job *job, uint32_t stage, uint32_t task, uint32_t *out_count)
{
    need_list list = {.job = job, .needs = calloc((size_t)job->task_count * 2, sizeof(sim_need))};
    tamis_stage_kind kind = job->stages[stage].kind;

    SIM_REQUIRE(list.needs != NULL);
    if (kind == TAMIS_STAGE_LINK) {
        need_all(&list, TAMIS_STAGE_SCAN, task);
    } else if (kind == TAMIS_STAGE_PAIR_LATER) {
        need_all(&list, TAMIS_STAGE_LINK, task);
        need_records(&list, task);
    } else if (kind == TAMIS_STAGE_PAIR_EARLIER) {
        need_all(&list, TAMIS_STAGE_PAIR_LATER, task);
        need_records(&list, task);
    } else if (kind == TAMIS_STAGE_SPOOL_PLAN) {
        for (uint32_t p = 0; p < job->part_count; p++) {
            need_all(&list, TAMIS_STAGE_PAIR_EARLIER, 1 + p);
        }
    } else if (kind == TAMIS_STAGE_SPOOL) {
        need(&list, TAMIS_STAGE_SPOOL_PLAN, 0, task);
    } else if (kind == TAMIS_STAGE_TEXT_LATER) {
        need_all(&list, TAMIS_STAGE_PAIR_EARLIER, 1 + task);
        need(&list, TAMIS_STAGE_SPOOL, task, 0);
    } else if (kind == TAMIS_STAGE_TEXT_EARLIER) {
        need_all(&list, TAMIS_STAGE_TEXT_LATER, task);
        need(&list, TAMIS_STAGE_SPOOL, task, 0);
    } else if (kind == TAMIS_STAGE_RESOLVE) {
        need_all(&list, TAMIS_STAGE_PAIR_EARLIER, 0);
        need_all(&list, TAMIS_STAGE_TEXT_EARLIER, 0);
    } else if (kind == TAMIS_STAGE_REPOINT) {
        need(&list, TAMIS_STAGE_RESOLVE, 0, 0);
    } else if (kind == TAMIS_STAGE_WITNESS) {
        need(&list, TAMIS_STAGE_REPOINT, 0, 0);
    } else if (kind == TAMIS_STAGE_EMIT) {
        need(&list, TAMIS_STAGE_REPOINT, 0, 0);
        need_all(&list, TAMIS_STAGE_WITNESS, 0);
    } else if (kind == TAMIS_STAGE_REPORT) {
        need_all(&list, TAMIS_STAGE_EMIT, 0);
    }
    *out_count = list.count;
    return list.needs;
}

/* ---- What it makes of it -----------------------------------------------------------------------
 */

typedef struct run_state {
    const sim_job *job;
    uint32_t task;
    const sim_need *needs;
    const sim_words *inputs;
    uint32_t count;
    sim_result *result;
    uint32_t skip_stages;
} run_state;

static bool is_of(const run_state *run, uint32_t input, tamis_stage_kind kind)
{
    return run->job->stages[run->needs[input].stage].kind == kind;
}

static int by_pair(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;

    return left[0] != right[0] ? (left[0] > right[0]) - (left[0] < right[0])
                               : (left[1] > right[1]) - (left[1] < right[1]);
}

/* Sorts pairs of words and leaves each once. */
static void sort_pairs(sim_words *pairs)
{
    uint32_t to = 0;

    if (pairs->count == 0) {
        return;
    }
    qsort(pairs->data, pairs->count / 2, 2 * sizeof(*pairs->data), by_pair);
    for (uint32_t i = 0; i < pairs->count; i += 2) {
        if (i == 0 || by_pair(&pairs->data[i], &pairs->data[i - 2]) != 0) {
            pairs->data[to] = pairs->data[i];
            pairs->data[to + 1] = pairs->data[i + 1];
            to += 2;
        }
    }
    pairs->count = to;
}

static void add_pair(sim_words *words, uint64_t a, uint64_t b)
{
    sim_words_add(words, a);
    sim_words_add(words, b);
}

static void append(sim_words *to, const uint64_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sim_words_add(to, words[i]);
    }
}

static void run_scan(run_state *run)
{
    const sim_job *job = run->job;

    for (uint32_t r = 0; r < job->row_counts[run->task]; r++) {
        uint64_t ord = sim_ord(run->task, r);
        const sim_doc *doc = sim_find_doc(job, ord);
        sim_words *records = &run->result->pieces[job->slot_count];

        for (uint32_t f = 0; f < doc->feature_count; f++) {
            add_pair(&run->result->pieces[doc->features[f] % job->slot_count], doc->features[f],
                     ord);
        }
        add_pair(records, ord, doc->feature_count);
        append(records, doc->features, doc->feature_count);
    }
}

/* Pairs (later, earlier) of documents that share a key, by the part of the later. */
static void run_link(run_state *run)
{
    sim_words found = {.data = NULL};
    sim_words pairs = {.data = NULL};

    for (uint32_t i = 0; i < run->count; i++) {
        append(&found, run->inputs[i].data, run->inputs[i].count);
    }
    sort_pairs(&found);
    for (uint32_t i = 0; i < found.count; i += 2) {
        for (uint32_t k = i + 2; k < found.count && found.data[k] == found.data[i]; k += 2) {
            add_pair(&pairs, found.data[k + 1], found.data[i + 1]);
        }
    }
    sort_pairs(&pairs);
    for (uint32_t i = 0; i < pairs.count; i += 2) {
        add_pair(&run->result->pieces[sim_ord_part(run->job, pairs.data[i])], pairs.data[i],
                 pairs.data[i + 1]);
    }
    free(found.data);
    free(pairs.data);
}

/* The entry of a document in lists of (ord, count, numbers); NULL: there is none. */
static const uint64_t *find_entry(const run_state *run, tamis_stage_kind kind, uint64_t ord)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const sim_words *words = &run->inputs[i];

        for (uint32_t at = 0; is_of(run, i, kind) && at < words->count;
             at += 2 + (uint32_t)words->data[at + 1]) {
            if (words->data[at] == ord) {
                return &words->data[at];
            }
        }
    }
    return NULL;
}

/* Pairs of all inputs of that kind pick up the later document's numbers; by the part of the
 * earlier. */
static void pick_up_later(run_state *run, tamis_stage_kind pairs_of, tamis_stage_kind entries_of)
{
    sim_words pairs = {.data = NULL};

    for (uint32_t i = 0; i < run->count; i++) {
        if (is_of(run, i, pairs_of)) {
            append(&pairs, run->inputs[i].data, run->inputs[i].count);
        }
    }
    sort_pairs(&pairs);
    for (uint32_t i = 0; i < pairs.count; i += 2) {
        sim_words *to = &run->result->pieces[sim_ord_part(run->job, pairs.data[i + 1])];
        const uint64_t *entry = find_entry(run, entries_of, pairs.data[i]);

        if (entry != NULL) {
            add_pair(to, pairs.data[i], pairs.data[i + 1]);
            append(to, entry + 1, 1 + (uint32_t)entry[1]);
        }
    }
    free(pairs.data);
}

/* Compares (later, earlier, count, numbers of later) with the earlier document's numbers. */
static void compare(run_state *run, tamis_stage_kind pairs_of, tamis_stage_kind entries_of,
                    bool is_text)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const sim_words *words = &run->inputs[i];

        for (uint32_t at = 0; is_of(run, i, pairs_of) && at < words->count;
             at += 3 + (uint32_t)words->data[at + 2]) {
            const uint64_t *pair = &words->data[at];
            const uint64_t *entry = find_entry(run, entries_of, pair[1]);
            uint32_t likeness = 0;

            if (entry == NULL) {
                continue;
            }
            likeness = sim_likeness(pair + 3, (uint32_t)pair[2], entry + 2, (uint32_t)entry[1]);
            if (likeness >= (is_text ? SIM_LIKE_TEXT : SIM_LIKE_SURE)) {
                add_pair(&run->result->pieces[0], pair[0], pair[1]);
            } else if (!is_text && likeness >= SIM_LIKE_UNSURE) {
                add_pair(&run->result->pieces[1 + sim_ord_part(run->job, pair[0])], pair[0],
                         pair[1]);
            }
        }
    }
}

static void run_spool_plan(run_state *run)
{
    sim_words wanted = {.data = NULL};

    for (uint32_t i = 0; i < run->count; i++) {
        for (uint32_t at = 0; at < run->inputs[i].count; at++) {
            add_pair(&wanted, run->inputs[i].data[at], 0);
        }
    }
    sort_pairs(&wanted);
    for (uint32_t i = 0; i < wanted.count; i += 2) {
        sim_words_add(&run->result->pieces[sim_ord_part(run->job, wanted.data[i])], wanted.data[i]);
    }
    run->skip_stages = wanted.count == 0 ? 3 : 0;
    free(wanted.data);
}

static void run_spool(run_state *run)
{
    for (uint32_t i = 0; i < run->inputs[0].count; i++) {
        uint64_t ord = run->inputs[0].data[i];

        add_pair(&run->result->pieces[0], ord, SIM_SHINGLES);
        append(&run->result->pieces[0], sim_find_doc(run->job, ord)->shingles, SIM_SHINGLES);
    }
}

static bool is_dropped(const sim_words *dropped, uint64_t ord)
{
    for (uint32_t i = 0; i < dropped->count; i += 2) {
        if (dropped->data[i] == ord) {
            return true;
        }
    }
    return false;
}

/* (dropped, witness), in order. */
static void run_resolve(run_state *run)
{
    sim_words pairs = {.data = NULL};
    sim_words *dropped = &run->result->pieces[0];

    for (uint32_t i = 0; i < run->count; i++) {
        append(&pairs, run->inputs[i].data, run->inputs[i].count);
    }
    sort_pairs(&pairs);
    for (uint32_t i = 0; i < pairs.count; i += 2) {
        if (!is_dropped(dropped, pairs.data[i]) && !is_dropped(dropped, pairs.data[i + 1])) {
            add_pair(dropped, pairs.data[i], pairs.data[i + 1]);
        }
    }
    free(pairs.data);
}

/* (witness, copies) of the witnesses in the part, in order. */
static void run_witness(run_state *run)
{
    const sim_words *dropped = &run->inputs[0];
    sim_words *counts = &run->result->pieces[0];

    for (uint32_t b = 0; b < run->job->batch_count; b++) {
        for (uint32_t r = 0; r < run->job->row_counts[b]; r++) {
            uint64_t ord = sim_ord(b, r);
            uint64_t copies = 0;

            for (uint32_t i = 1; i < dropped->count; i += 2) {
                copies += dropped->data[i] == ord;
            }
            if (copies != 0 && sim_ord_part(run->job, ord) == run->task) {
                add_pair(counts, ord, copies);
            }
        }
    }
}

/* (kept, copies), in order. */
static void run_emit(run_state *run)
{
    for (uint32_t r = 0; r < run->job->row_counts[run->task]; r++) {
        uint64_t ord = sim_ord(run->task, r);
        uint64_t copies = 0;

        if (is_dropped(&run->inputs[0], ord)) {
            continue;
        }
        for (uint32_t i = 1; i < run->count; i++) {
            for (uint32_t at = 0; at < run->inputs[i].count; at += 2) {
                copies += run->inputs[i].data[at] == ord ? run->inputs[i].data[at + 1] : 0;
            }
        }
        add_pair(&run->result->pieces[0], ord, copies);
    }
}

static void run_kind(run_state *run, tamis_stage_kind kind)
{
    if (kind == TAMIS_STAGE_SCAN) {
        run_scan(run);
    } else if (kind == TAMIS_STAGE_LINK) {
        run_link(run);
    } else if (kind == TAMIS_STAGE_PAIR_LATER) {
        pick_up_later(run, TAMIS_STAGE_LINK, TAMIS_STAGE_SCAN);
    } else if (kind == TAMIS_STAGE_PAIR_EARLIER) {
        compare(run, TAMIS_STAGE_PAIR_LATER, TAMIS_STAGE_SCAN, false);
    } else if (kind == TAMIS_STAGE_SPOOL_PLAN) {
        run_spool_plan(run);
    } else if (kind == TAMIS_STAGE_SPOOL) {
        run_spool(run);
    } else if (kind == TAMIS_STAGE_TEXT_LATER) {
        pick_up_later(run, TAMIS_STAGE_PAIR_EARLIER, TAMIS_STAGE_SPOOL);
    } else if (kind == TAMIS_STAGE_TEXT_EARLIER) {
        compare(run, TAMIS_STAGE_TEXT_LATER, TAMIS_STAGE_SPOOL, true);
    } else if (kind == TAMIS_STAGE_RESOLVE) {
        run_resolve(run);
    } else if (kind == TAMIS_STAGE_WITNESS) {
        run_witness(run);
    } else if (kind == TAMIS_STAGE_EMIT) {
        run_emit(run);
    } else { /* REPOINT, REPORT: all that they read */
        for (uint32_t i = 0; i < run->count; i++) {
            append(&run->result->pieces[0], run->inputs[i].data, run->inputs[i].count);
        }
    }
}

sim_result *sim_task_run(const sim_job *job, uint32_t stage, uint32_t task, const sim_need *needs,
                         const sim_words *inputs, uint32_t need_count, uint32_t *out_skip_stages)
{
    uint32_t piece_count =
        1 + (job->slot_count > job->part_count ? job->slot_count : job->part_count);
    run_state run = {
        .job = job,
        .task = task,
        .needs = needs,
        .inputs = inputs,
        .count = need_count,
        .result = sim_result_create(piece_count),
    };

    run_kind(&run, job->stages[stage].kind);
    for (uint32_t i = 0; i < piece_count; i++) {
        run.result->digest = sim_words_hash(&run.result->pieces[i], run.result->digest + i + 1);
    }
    *out_skip_stages = run.skip_stages;
    return run.result;
}
