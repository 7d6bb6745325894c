/* SPDX-License-Identifier: Apache-2.0 */
/* How an attempt gets at what it reads: from its own folder, from a folder that all share, or in
 * chunks from the process that has it, which the fetch core (fetch_core.h) sees to. A process
 * serves data under a name of its own, which its successor does not have. */
#include "sim.h"
#include "tamis/fetch_core.h"

#define CHUNK_BYTES 40
#define WINDOW      3
#define STEP_MS     50
#define URL         "sim://"

struct sim_pull {
    sim_need need;
    uint32_t node;   /* that has it */
    uint16_t folder; /* in the worker's book */
    bool is_local;   /* read at once */
    char folder_id[TAMIS_FOLDER_ID_SIZE];
    char server[16]; /* name of the process that is asked; "": none is known */
    tamis_fetch_core core;
    tamis_buf bytes; /* as far as they are here, at their place */
};

void sim_data_url(char *out, size_t size, const char *name)
{
    (void)snprintf(out, size, URL "%s", name);
}

void sim_pulls_free(sim_attempt *attempt)
{
    for (uint32_t i = 0; i < attempt->pull_count; i++) {
        tamis_buf_fini(&attempt->pulls[i].bytes);
    }
    free(attempt->pulls);
    attempt->pulls = NULL;
    attempt->pull_count = 0;
}

sim_need sim_pull_get(const sim_attempt *attempt, uint32_t index, sim_words *out_words)
{
    const sim_pull *pull = &attempt->pulls[index];

    for (size_t i = 0; i < pull->bytes.size / sizeof(uint64_t); i++) {
        uint64_t word = 0;

        memcpy(&word, pull->bytes.data + i * sizeof(word), sizeof(word));
        sim_words_add(out_words, word);
    }
    return pull->need;
}

/* ---- What is lost ------------------------------------------------------------------------------
 */

/* The attempt ends for want of that pull; what else cannot be had of the same stage in the same
 * folder is told along. */
static void lose(sim_state *sim, uint32_t index, sim_attempt *attempt, const sim_pull *lost,
                 bool is_gone)
{
    sim->totals.lost_reads++;
    sim_say(sim, "worker %u, fence %llx: %u-%u is lost in folder %s of node %u, %s", index,
            (unsigned long long)attempt->fence, lost->need.stage, lost->need.task, lost->folder_id,
            lost->node, is_gone ? "gone" : "out of reach");
    attempt->status = TAMIS_ELOST;
    attempt->lost = (tamis_lost){
        .stage = lost->need.stage,
        .folder = lost->folder,
        .is_gone = is_gone,
        .tasks = calloc(attempt->pull_count, sizeof(uint32_t)),
    };
    SIM_REQUIRE(attempt->lost.tasks != NULL);
    for (uint32_t i = 0; i < attempt->pull_count; i++) {
        const sim_pull *pull = &attempt->pulls[i];
        size_t count = attempt->lost.count;
        bool is_lost =
            pull == lost || (!is_gone && !pull->is_local && pull->core.state != TAMIS_FETCH_DONE);

        if (is_lost && pull->need.stage == lost->need.stage && pull->folder == lost->folder &&
            (count == 0 || attempt->lost.tasks[count - 1] < pull->need.task)) {
            attempt->lost.tasks[attempt->lost.count++] = pull->need.task;
        }
    }
    sim_schedule(sim, 1,
                 (sim_event){.kind = SIM_ATTEMPT_END,
                             .node = index,
                             .incarnation = sim->workers[index].incarnation,
                             .fence = attempt->fence});
}

/* ---- Asking ------------------------------------------------------------------------------------
 */

/* Who serves the folder, as far as the worker knows. True: another one than before. */
static bool look_up(const sim_attempt *attempt, sim_pull *pull)
{
    tamis_folder_entry entry;
    char before[sizeof(pull->server)];

    memcpy(before, pull->server, sizeof(before));
    SIM_REQUIRE(tamis_folder_book_get(tamis_job_view_book(attempt->view), pull->folder, &entry));
    (void)snprintf(pull->server, sizeof(pull->server), "%.15s",
                   strncmp(entry.data_url, URL, strlen(URL)) == 0 ? entry.data_url + strlen(URL)
                                                                  : "");
    return strcmp(before, pull->server) != 0;
}

static void ask(sim_state *sim, uint32_t index, const sim_attempt *attempt, const sim_pull *pull,
                const tamis_fetch_range *range)
{
    tamis_data_request request = {
        .id = range->id,
        .offset = range->offset,
        .length = range->length,
        .object =
            {
                .kind = TAMIS_DATA_PIECES,
                .stage = pull->need.stage,
                .first_part = pull->need.piece,
                .end_part = pull->need.piece + 1,
                .task_count = 1,
                .tasks = {pull->need.task},
            },
    };
    uint8_t bytes[TAMIS_DATA_REQUEST_MAX];

    if (pull->server[0] == 0) {
        return; /* there is no connection */
    }
    memcpy(request.object.job, attempt->job->id, sizeof(request.object.job));
    memcpy(request.object.folder_id, pull->folder_id, sizeof(request.object.folder_id));
    sim->totals.pulls++;
    sim_send(sim, SIM_PLANE_DATA, SIM_WORKER_0 + index, pull->node, pull->server,
             tamis_slice_of(bytes, tamis_data_request_encode(&request, bytes)),
             tamis_slice_of_string(sim->workers[index].name));
}

static void keep(sim_pull *pull, const tamis_data_reply *reply, tamis_slice chunk)
{
    if (pull->bytes.size < reply->total) { /* what has not come yet is zero */
        SIM_REQUIRE(tamis_buf_reserve(&pull->bytes, reply->total - pull->bytes.size) == TAMIS_OK);
        memset(pull->bytes.data + pull->bytes.size, 0, reply->total - pull->bytes.size);
        pull->bytes.size = reply->total;
    }
    memcpy(pull->bytes.data + reply->offset, chunk.data, chunk.size);
}

static void step(sim_state *sim, uint32_t index, sim_attempt *attempt, sim_pull *pull,
                 const tamis_fetch_event *event, tamis_slice chunk)
{
    tamis_fetch_effects effects;

    sim->totals.steps++;
    tamis_fetch_core_step(&pull->core, event, sim_clock(sim, SIM_WORKER_0 + index), &effects);
    if (effects.is_kept) {
        keep(pull, event->reply, chunk);
    }
    if (effects.is_reconnect) {
        sim->totals.reconnects++;
        (void)look_up(attempt, pull);
    }
    SIM_CHECK(sim, effects.send_count <= WINDOW);
    for (uint32_t i = 0; i < effects.send_count; i++) {
        ask(sim, index, attempt, pull, &effects.sends[i]);
    }
    if (pull->core.state == TAMIS_FETCH_FAILED && attempt->status == TAMIS_OK) {
        lose(sim, index, attempt, pull, tamis_fetch_is_gone(pull->core.status));
    }
}

/* Computes when everything is here. */
static void go_on(sim_state *sim, uint32_t index, sim_attempt *attempt)
{
    for (uint32_t i = 0; i < attempt->pull_count; i++) {
        if (!attempt->pulls[i].is_local && attempt->pulls[i].core.state != TAMIS_FETCH_DONE) {
            return;
        }
    }
    sim_attempt_compute(sim, index, attempt);
}

static bool is_pulling(const sim_attempt *attempt)
{
    return attempt != NULL && !attempt->is_computing && !attempt->is_canceled &&
           !attempt->has_ended && attempt->status == TAMIS_OK;
}

/* ---- Attempts ----------------------------------------------------------------------------------
 */

/* A file system hands out the whole piece, or says that it is not there. */
static void read_folder(sim_state *sim, uint32_t index, sim_attempt *attempt, sim_pull *pull)
{
    const sim_result *from = sim_folder_find(sim, pull->node, pull->folder_id, attempt->job,
                                             pull->need.stage, pull->need.task);
    const sim_words *words = NULL;

    if (from == NULL || from->is_corrupt) {
        lose(sim, index, attempt, pull, true);
        return;
    }
    words = &from->pieces[pull->need.piece];
    SIM_REQUIRE(tamis_buf_append(&pull->bytes, words->data, words->count * sizeof(uint64_t)) ==
                TAMIS_OK);
    pull->is_local = true;
}

static void begin_fetch(sim_state *sim, uint32_t index, sim_attempt *attempt, sim_pull *pull)
{
    const tamis_fetch_event event = {.kind = TAMIS_FETCH_START};
    tamis_fetch_settings settings = {
        .window = WINDOW,
        .chunk_bytes = CHUNK_BYTES,
        .request_ms = 200,
        .silence_ms = 500,
        .give_up_ms = 3000,
        .connections_min = 3,
        .first_id = ++sim->next_transfer << 32,
    };

    tamis_fetch_core_init(&pull->core, &settings);
    (void)look_up(attempt, pull);
    step(sim, index, attempt, pull, &event, tamis_slice_of(NULL, 0));
}

static void begin_pull(sim_state *sim, uint32_t index, sim_attempt *attempt, sim_pull *pull)
{
    tamis_folder_entry entry;

    tamis_buf_init(&pull->bytes, 0);
    pull->folder = tamis_job_view_folder(attempt->view, pull->need.stage, pull->need.task);
    SIM_CHECK(sim, (pull->folder == TAMIS_FOLDER_NO_INDEX) ==
                       sim_is_skipped(attempt->job, pull->need.stage));
    if (pull->folder == TAMIS_FOLDER_NO_INDEX) {
        pull->is_local = true;
        return;
    }
    SIM_CHECK(sim, tamis_folder_book_get(tamis_job_view_book(attempt->view), pull->folder, &entry));
    memcpy(pull->folder_id, entry.folder_id, sizeof(pull->folder_id));
    pull->node = sim_folder_node(sim, entry.path);
    if (pull->node == SIM_WORKER_0 + index || sim->world.is_shared) {
        read_folder(sim, index, attempt, pull);
    } else {
        begin_fetch(sim, index, attempt, pull);
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
        attempt->pulls[i].need = needs[i];
    }
    for (uint32_t i = 0; i < need_count && attempt->status == TAMIS_OK; i++) {
        begin_pull(sim, index, attempt, &attempt->pulls[i]);
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

    if (!is_pulling(attempt)) {
        return;
    }
    for (uint32_t i = 0; i < attempt->pull_count && attempt->status == TAMIS_OK; i++) {
        sim_pull *pull = &attempt->pulls[i];

        if (!pull->is_local && pull->core.state == TAMIS_FETCH_RUNNING) {
            bool is_elsewhere = look_up(attempt, pull);
            const tamis_fetch_event event = {.kind = is_elsewhere && pull->server[0] != 0
                                                         ? TAMIS_FETCH_ADDRESS
                                                         : TAMIS_FETCH_TICK};

            step(sim, index, attempt, pull, &event, tamis_slice_of(NULL, 0));
        }
    }
    schedule_step(sim, index, attempt);
}

/* ---- Packets -----------------------------------------------------------------------------------
 */

const char *sim_public_key(const sim_state *sim, uint32_t node)
{
    static const char *const keys[] = {
        "0000000000000000000000000000000000000000", "1111111111111111111111111111111111111111",
        "2222222222222222222222222222222222222222", "3333333333333333333333333333333333333333",
        "4444444444444444444444444444444444444444", "5555555555555555555555555555555555555555",
        "6666666666666666666666666666666666666666", "7777777777777777777777777777777777777777",
    };

    SIM_CHECK(sim, node < sizeof(keys) / sizeof(keys[0]));
    return sim->world.has_keys ? keys[node] : NULL;
}

/* Whether the server's own book names the reader; the coordinator's key is good everywhere. */
static bool lets_in(const sim_state *sim, uint32_t server, uint32_t reader)
{
    const char *key = sim_public_key(sim, reader);
    tamis_folder_row rows[SIM_FOLDERS_MAX];
    uint64_t version = 0;
    size_t count = 0;

    if (key == NULL || reader == SIM_COORDINATOR) {
        return true;
    }
    if (server != SIM_COORDINATOR) {
        return tamis_folder_book_has_key(
            tamis_worker_core_book(sim->workers[server - SIM_WORKER_0].core), key);
    }
    count = tamis_coordinator_core_folders(sim->core, 0, rows, SIM_FOLDERS_MAX,
                                           TAMIS_ROWS_BYTES_MAX, &version);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].is_alive && strcmp(rows[i].public_key, key) == 0) {
            return true;
        }
    }
    return false;
}

static void serve(sim_state *sim, const sim_packet *packet)
{
    tamis_data_request request;
    tamis_data_reply reply = {.status = TAMIS_OK};
    const sim_job *job = NULL;
    const sim_result *from = NULL;
    uint8_t chunk[CHUNK_BYTES];
    uint8_t bytes[TAMIS_DATA_REPLY_BYTES];
    tamis_slice whole = {.data = NULL};
    char to[16];

    SIM_CHECK(sim, tamis_data_request_decode(sim_packet_control(packet), &request) == TAMIS_OK);
    job = sim_find_job(sim, request.object.job);
    from = sim_disk_find(sim, packet->to, job, request.object.stage, request.object.tasks[0]);
    if (strcmp(sim->nodes[packet->to].folder_id, request.object.folder_id) != 0) {
        reply.status = TAMIS_EPEER;
    } else if (from == NULL || from->is_corrupt) {
        reply.status = from == NULL ? TAMIS_ENOENT : TAMIS_ECORRUPT;
    } else {
        const sim_words *words = &from->pieces[request.object.first_part];

        whole = tamis_slice_of(words->data, words->count * sizeof(words->data[0]));
        reply.total = whole.size;
    }
    reply.id = request.id;
    reply.offset = reply.status == TAMIS_OK ? request.offset : 0;
    if (request.offset < whole.size) {
        uint64_t left = whole.size - request.offset;

        reply.length = (uint32_t)(left < request.length ? left : request.length);
        memcpy(chunk, whole.data + request.offset, reply.length);
    }
    reply.checksum = tamis_hash64(chunk, reply.length);
    if (reply.length != 0 && sim_has_faults(sim) && sim_chance(sim, sim->world.corrupt_per_mille)) {
        sim->totals.corrupt_chunks++;
        chunk[sim_below(sim, reply.length)] ^= (uint8_t)(1u << sim_below(sim, 8));
    }
    tamis_data_reply_encode(&reply, bytes);
    (void)snprintf(to, sizeof(to), "%.*s", (int)packet->bulk_size,
                   (const char *)sim_packet_bulk(packet).data);
    sim_send(sim, SIM_PLANE_DATA, packet->to, packet->from, to,
             tamis_slice_of(bytes, sizeof(bytes)), tamis_slice_of(chunk, reply.length));
}

static void take_reply(sim_state *sim, uint32_t index, const tamis_data_reply *reply,
                       tamis_slice chunk)
{
    sim_worker *worker = &sim->workers[index];
    const tamis_fetch_event event = {
        .kind = TAMIS_FETCH_REPLY,
        .reply = reply,
        .is_good =
            reply->length == chunk.size && tamis_hash64(chunk.data, chunk.size) == reply->checksum,
    };

    for (size_t a = 0; a < SIM_ATTEMPTS_MAX; a++) {
        sim_attempt *attempt = &worker->attempts[a];

        for (uint32_t i = 0; attempt->is_used && i < attempt->pull_count; i++) {
            sim_pull *pull = &attempt->pulls[i];

            if (!pull->is_local && pull->core.settings.first_id >> 32 == reply->id >> 32 &&
                is_pulling(attempt)) {
                step(sim, index, attempt, pull, &event, chunk);
                if (is_pulling(attempt)) {
                    go_on(sim, index, attempt);
                }
                return;
            }
        }
    }
}

void sim_pull_receive(sim_state *sim, const sim_packet *packet)
{
    bool is_request = packet->control_size != TAMIS_DATA_REPLY_BYTES;
    tamis_data_reply reply;

    if (packet->to == SIM_COORDINATOR
            ? sim->core == NULL || strcmp(packet->peer, sim->data_name) != 0
            : sim->workers[packet->to - SIM_WORKER_0].core == NULL ||
                  strcmp(packet->peer, sim->workers[packet->to - SIM_WORKER_0].name) != 0) {
        return; /* for a process that has died */
    }
    if (is_request) {
        if (lets_in(sim, packet->to, packet->from)) {
            serve(sim, packet);
        }
        return;
    }
    SIM_CHECK(sim, tamis_data_reply_decode(sim_packet_control(packet), &reply) == TAMIS_OK);
    take_reply(sim, packet->to - SIM_WORKER_0, &reply, sim_packet_bulk(packet));
}
