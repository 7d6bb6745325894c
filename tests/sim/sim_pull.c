/* SPDX-License-Identifier: Apache-2.0 */
/* How an attempt gets at what it reads: from its own folder, from a folder that all share, or in
 * chunks from the process that has it. */
#include "sim.h"

#define CHUNK_WORDS  8
#define WINDOW       4
#define ASK_AGAIN_MS 300
#define TRIES_MAX    20 /* chunks that did not come in a row */
#define STEP_MS      100

typedef struct pull_message {
    bool is_answer;
    uint32_t job;
    sim_need need;
    uint32_t incarnation; /* of the worker that asks */
    uint32_t pull;
    uint64_t fence;
    uint32_t offset; /* words */
    uint32_t total;
    tamis_status status;
    uint64_t hash;
} pull_message;

void sim_pulls_free(sim_attempt *attempt)
{
    for (uint32_t i = 0; i < attempt->pull_count; i++) {
        free(attempt->pulls[i].words.data);
    }
    free(attempt->pulls);
    attempt->pulls = NULL;
    attempt->pull_count = 0;
}

static void send_message(sim_state *sim, uint32_t from, uint32_t to, const pull_message *message,
                         tamis_slice bulk)
{
    sim_send(sim, SIM_PLANE_DATA, from, to, "", tamis_slice_of(message, sizeof(*message)), bulk);
}

static void end_attempt(sim_state *sim, uint32_t index, const sim_attempt *attempt)
{
    sim_schedule(sim, 1,
                 (sim_event){.kind = SIM_ATTEMPT_END,
                             .node = index,
                             .incarnation = sim->workers[index].incarnation,
                             .fence = attempt->fence});
}

static void lose(sim_state *sim, uint32_t index, sim_attempt *attempt, tamis_status status)
{
    if (attempt->status == TAMIS_OK) {
        sim->totals.lost_reads++;
        sim_say(sim, "worker %u, fence %llx: something that it reads is lost (%d)", index,
                (unsigned long long)attempt->fence, (int)status);
        attempt->status = status;
        end_attempt(sim, index, attempt);
    }
}

/* A file system hands out the whole piece, or says that it is not there. */
static void read_folder(sim_state *sim, uint32_t index, sim_attempt *attempt, sim_pull *pull)
{
    const sim_result *from =
        sim_disk_find(sim, pull->node, attempt->job, pull->need.stage, pull->need.task);

    if (from == NULL) {
        lose(sim, index, attempt, TAMIS_ENOENT);
        return;
    }
    for (uint32_t i = 0; i < from->pieces[pull->need.piece].count; i++) {
        sim_words_add(&pull->words, from->pieces[pull->need.piece].data[i]);
    }
    pull->is_done = true;
}

static void ask(sim_state *sim, uint32_t index, const sim_attempt *attempt, sim_pull *pull)
{
    pull_message message = {
        .job = attempt->job->index,
        .need = pull->need,
        .incarnation = sim->workers[index].incarnation,
        .pull = (uint32_t)(pull - attempt->pulls),
        .fence = attempt->fence,
        .offset = pull->words.count,
    };

    pull->asked_ms = sim->now_ms + 1;
    pull->tries++;
    sim->totals.pulls++;
    send_message(sim, SIM_WORKER_0 + index, pull->node, &message, tamis_slice_of(NULL, 0));
}

/* Asks for what is missing, within the window; computes when nothing is. */
static void go_on(sim_state *sim, uint32_t index, sim_attempt *attempt)
{
    uint32_t asked = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < attempt->pull_count && asked < WINDOW; i++) {
        sim_pull *pull = &attempt->pulls[i];

        if (pull->is_done) {
            continue;
        }
        left++;
        asked++;
        if (pull->tries > TRIES_MAX) {
            lose(sim, index, attempt, TAMIS_EIO);
            return;
        }
        if (pull->asked_ms == 0 || sim->now_ms >= pull->asked_ms + ASK_AGAIN_MS) {
            ask(sim, index, attempt, pull);
        }
    }
    if (left == 0) {
        sim_attempt_compute(sim, index, attempt);
    }
}

static void schedule_step(sim_state *sim, uint32_t index, const sim_attempt *attempt)
{
    sim_schedule(sim, STEP_MS,
                 (sim_event){.kind = SIM_ATTEMPT_STEP,
                             .node = index,
                             .incarnation = sim->workers[index].incarnation,
                             .fence = attempt->fence});
}

void sim_pull_start(sim_state *sim, uint32_t index, sim_attempt *attempt)
{
    uint32_t need_count = 0;
    sim_need *needs = sim_task_needs(attempt->job, attempt->stage, attempt->task, &need_count);

    attempt->pulls = calloc((size_t)need_count + 1, sizeof(*attempt->pulls));
    SIM_REQUIRE(attempt->pulls != NULL);
    attempt->pull_count = need_count;
    for (uint32_t i = 0; i < need_count; i++) {
        sim_pull *pull = &attempt->pulls[i];
        const char *folder = tamis_job_view_owner(attempt->view, needs[i].stage, needs[i].task);

        SIM_CHECK(sim, (folder == NULL) == sim_is_skipped(attempt->job, needs[i].stage));
        pull->need = needs[i];
        pull->is_done = folder == NULL;
        if (folder == NULL) {
            continue;
        }
        pull->node = sim_folder_node(sim, folder);
        if (pull->node == SIM_WORKER_0 + index || sim->world.is_shared) {
            read_folder(sim, index, attempt, pull);
        }
    }
    free(needs);
    if (attempt->status == TAMIS_OK) {
        go_on(sim, index, attempt);
        schedule_step(sim, index, attempt);
    }
}

void sim_pull_step(sim_state *sim, uint32_t index, uint64_t fence)
{
    sim_attempt *attempt = sim_find_attempt(&sim->workers[index], fence);

    if (attempt != NULL && !attempt->is_computing && !attempt->is_canceled && !attempt->has_ended &&
        attempt->status == TAMIS_OK) {
        go_on(sim, index, attempt);
        schedule_step(sim, index, attempt);
    }
}

/* ---- Packets -----------------------------------------------------------------------------------
 */

static bool is_up(const sim_state *sim, uint32_t node)
{
    return node == SIM_COORDINATOR ? sim->core != NULL
                                   : sim->workers[node - SIM_WORKER_0].core != NULL;
}

static void serve(sim_state *sim, uint32_t node, uint32_t to, const pull_message *request)
{
    const sim_job *job = &sim->jobs[request->job];
    const sim_result *from = sim_disk_find(sim, node, job, request->need.stage, request->need.task);
    pull_message answer = *request;
    uint64_t words[CHUNK_WORDS];
    uint32_t count = 0;

    answer.is_answer = true;
    answer.status = from == NULL ? TAMIS_ENOENT : TAMIS_OK;
    if (from != NULL) {
        const sim_words *piece = &from->pieces[request->need.piece];

        answer.total = piece->count;
        while (count < CHUNK_WORDS && request->offset + count < piece->count) {
            words[count] = piece->data[request->offset + count];
            count++;
        }
    }
    answer.hash = tamis_hash64(words, count * sizeof(words[0]));
    if (count != 0 && sim_has_faults(sim) && sim_chance(sim, sim->world.corrupt_per_mille)) {
        sim->totals.corrupt_chunks++;
        words[sim_below(sim, count)] ^= UINT64_C(1) << sim_below(sim, 64);
    }
    send_message(sim, node, to, &answer, tamis_slice_of(words, count * sizeof(words[0])));
}

static void take_chunk(sim_state *sim, uint32_t index, const pull_message *answer, tamis_slice bulk)
{
    sim_attempt *attempt = sim_find_attempt(&sim->workers[index], answer->fence);
    sim_pull *pull = NULL;
    uint64_t words[CHUNK_WORDS];

    if (attempt == NULL || answer->incarnation != sim->workers[index].incarnation ||
        attempt->is_computing || attempt->has_ended || attempt->is_canceled ||
        attempt->status != TAMIS_OK) {
        return;
    }
    pull = &attempt->pulls[answer->pull];
    if (pull->is_done || answer->offset != pull->words.count) {
        return; /* the repetition of one that came */
    }
    if (answer->status != TAMIS_OK) {
        lose(sim, index, attempt, TAMIS_ENOENT);
        return;
    }
    memcpy(words, bulk.data, bulk.size);
    if (tamis_hash64(words, bulk.size) != answer->hash) {
        return; /* asked for again in its time */
    }
    for (size_t i = 0; i < bulk.size / sizeof(words[0]); i++) {
        sim_words_add(&pull->words, words[i]);
    }
    pull->tries = 0;
    pull->asked_ms = 0;
    pull->is_done = pull->words.count == answer->total;
    go_on(sim, index, attempt);
}

void sim_pull_receive(sim_state *sim, uint32_t node, const sim_packet *packet)
{
    pull_message message;

    SIM_CHECK(sim, packet->control_size == sizeof(message));
    memcpy(&message, packet->bytes, sizeof(message));
    if (!is_up(sim, node)) {
        return;
    }
    if (message.is_answer) {
        take_chunk(sim, node - SIM_WORKER_0, &message, sim_packet_bulk(packet));
    } else {
        serve(sim, node, packet->from, &message);
    }
}
