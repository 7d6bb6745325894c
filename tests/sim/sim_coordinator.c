/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "sim.h"
#include "tamis/planted.h"

#define GHOST_MS_MAX 5000

static void schedule_coordinator(sim_state *sim, uint64_t delay_ms, sim_event_kind kind)
{
    sim_schedule(sim, delay_ms,
                 (sim_event){.kind = kind,
                             .incarnation = sim->coordinator_incarnation,
                             .fence = sim->local_fence});
}

/* ---- Death -------------------------------------------------------------------------------------
 */

/* Whether the changes of the commit that was under way are in the store. */
static bool is_stored(sim_state *sim, const tamis_core_effects *effects)
{
    bool is_there = false;
    tamis_buf value;

    tamis_buf_init(&value, 0);
    for (size_t i = effects->change_count; i-- != 0;) {
        tamis_slice key = tamis_core_change_key(effects, i);
        bool is_hidden = effects->changes[i].is_prefix_deleted || effects->changes[i].is_deleted;

        for (size_t k = 0; k < effects->change_count && !is_hidden; k++) {
            tamis_slice other = tamis_core_change_key(effects, k);

            is_hidden =
                effects->changes[k].is_prefix_deleted
                    ? other.size <= key.size && memcmp(other.data, key.data, other.size) == 0
                    : k > i && tamis_slice_is_equal(other, key);
        }
        if (is_hidden) {
            continue;
        }
        if (tamis_store_get(sim->store, key, &value, NULL) != TAMIS_OK ||
            !tamis_slice_is_equal(tamis_buf_slice(&value), tamis_core_change_value(effects, i))) {
            is_there = false;
            break;
        }
        is_there = true;
    }
    tamis_buf_fini(&value);
    return is_there;
}

/* The store as the next process finds it. */
static void crash_store(sim_state *sim, sim_death death)
{
    size_t tail_bytes = tamis_store_memory_tail_bytes(sim->store);

    if (death == SIM_DEATH_POWER) {
        size_t kept = (size_t)sim_below(sim, tail_bytes + 1);

        sim->totals.power_failures++;
        sim->totals.torn_tails += kept != 0 && kept != tail_bytes;
        tamis_store_memory_power_off(sim->store, kept);
    } else {
        tamis_store_memory_sync(sim->store); /* what the system has, it writes */
        tamis_store_memory_crash(sim->store);
    }
    tamis_store_memory_restart(sim->store);
    sim_say(sim, "%zu changes are under way, %s", sim->effects.change_count,
            is_stored(sim, &sim->effects) ? "stored" : "not stored");
    if (sim->effects.change_count != 0 && is_stored(sim, &sim->effects)) {
        sim_check_commit(sim, &sim->effects);
    }
}

void sim_coordinator_crash(sim_state *sim, sim_death death)
{
    if (sim->core == NULL) {
        return;
    }
    sim_say(sim, "coordinator dies (%d)", (int)death);
    sim->totals.coordinator_crashes++;
    sim->coordinator_incarnation++;
    crash_store(sim, death);
    sim_ghost_end(sim);
    /* What it has decided and not stored yet it can tell nobody: it waits for its disk. */
    if (sim->effects.change_count == 0 && !sim->world.is_calm && sim_chance(sim, 250)) {
        sim->totals.ghosts++;
        sim->ghost = sim->core;
        sim->ghost_until_ms = sim->now_ms + sim_below(sim, GHOST_MS_MAX);
        sim_schedule(sim, SIM_HEARTBEAT_MS, (sim_event){.kind = SIM_GHOST_TICK});
    } else {
        tamis_coordinator_core_destroy(sim->core);
    }
    sim->core = NULL;
    memset(sim->is_apart, 0, sizeof(sim->is_apart));
    sim->local_fence = 0;
    sim->is_drain_due = false;
    sim->syncing_until_ms = 0;
    sim->nodes[SIM_COORDINATOR].paused_until_ms = 0;
    for (size_t i = 0; i < sim->inbox_count; i++) {
        free(sim->inbox[i]);
    }
    sim->inbox_count = 0;
    tamis_core_effects_reset(&sim->effects);
    sim_schedule(sim, 50 + sim_below(sim, 3000), (sim_event){.kind = SIM_COORDINATOR_START});
}

/* ---- What a batch of steps leads to ------------------------------------------------------------
 */

static void start_local(sim_state *sim)
{
    SIM_CHECK(sim, sim->local_fence == 0);
    sim->local_fence = sim->effects.local_fence;
    sim->is_local_canceled = false;
    memcpy(sim->local_job, sim->effects.local_job, sizeof(sim->local_job));
    sim->local_stage = sim->effects.local_stage;
    schedule_coordinator(sim, 1 + sim_below(sim, sim->world.task_max_ms), SIM_LOCAL_END);
}

static void send_all(sim_state *sim, const tamis_outbox *outbox, bool is_ghost)
{
    for (size_t i = 0; i < outbox->count; i++) {
        tamis_slice peer = tamis_outbox_peer(outbox, i);
        char name[16];

        (void)snprintf(name, sizeof(name), "%.*s", (int)peer.size, (const char *)peer.data);
        if (!is_ghost) {
            sim_check_packet(sim, tamis_outbox_control(outbox, i));
        }
        sim_send(sim, SIM_PLANE_CONTROL, SIM_COORDINATOR, sim_node_of(sim, peer), name,
                 tamis_outbox_control(outbox, i), tamis_outbox_bulk(outbox, i));
    }
}

/* A worker that is taken for dead because another one, or a late greeting of its predecessor, names
 * its folder cannot know. */
static bool has_successor(const tamis_core_effects *effects)
{
    for (size_t i = 0; i < effects->note_count; i++) {
        if (effects->notes[i].kind == TAMIS_NOTE_WORKER_LOST &&
            strncmp(effects->notes[i].text, "another", strlen("another")) == 0) {
            return true;
        }
    }
    return false;
}

/* The end of being set apart comes before the grants of the same batch, its beginning after. */
static void note_apart(sim_state *sim, tamis_core_note_kind kind)
{
    for (size_t i = 0; i < sim->effects.note_count; i++) {
        if (sim->effects.notes[i].kind == kind) {
            sim->is_apart[sim_folder_node(sim, sim->effects.notes[i].text)] =
                kind == TAMIS_NOTE_FOLDER_APART;
        }
    }
}

static void take_notes(sim_state *sim)
{
    bool is_known = !has_successor(&sim->effects);

    for (size_t i = 0; i < sim->effects.note_count; i++) {
        const tamis_core_note *note = &sim->effects.notes[i];

        if (note->kind == TAMIS_NOTE_LEASE_EXPIRED && is_known) {
            sim_check_expired(sim, note);
        }
        sim->totals.rewound += note->kind == TAMIS_NOTE_JOB_REWOUND;
        sim->totals.stood_still += note->kind == TAMIS_NOTE_STOOD_STILL;
    }
}

void sim_coordinator_synced(sim_state *sim)
{
    tamis_store_memory_sync(sim->store);
    sim->syncing_until_ms = 0;
    note_apart(sim, TAMIS_NOTE_FOLDER_BACK);
    sim_check_commit(sim, &sim->effects);
    note_apart(sim, TAMIS_NOTE_FOLDER_APART);
    take_notes(sim);
    if (!TAMIS_PLANTED(REPLY_BEFORE_SYNC)) {
        send_all(sim, &sim->effects.outbox, false);
    }
    if (sim->effects.is_local_canceled) {
        sim->is_local_canceled = true;
    }
    if (sim->effects.local == TAMIS_LOCAL_START) {
        start_local(sim);
    }
    tamis_core_effects_reset(&sim->effects);
}

/* Performs the effects as the loop does: commit, then packets, then the local task. The process may
 * die right before, in or right after the commit. */
static void coordinator_perform(sim_state *sim)
{
    const sim_node *node = &sim->nodes[SIM_COORDINATOR];
    bool has_changes = sim->effects.change_count != 0;
    tamis_status status = TAMIS_OK;

    if (TAMIS_PLANTED(REPLY_BEFORE_SYNC)) {
        send_all(sim, &sim->effects.outbox, false);
    }
    if (has_changes && node->is_disk_full) {
        tamis_store_memory_fail(sim->store, TAMIS_STORE_FAULT_NO_SPACE, 0);
    } else if (has_changes && sim_has_faults(sim) && sim_chance(sim, 3)) {
        tamis_store_memory_fail(sim->store,
                                sim_chance(sim, 500) ? TAMIS_STORE_FAULT_CRASH_AFTER
                                                     : TAMIS_STORE_FAULT_CRASH_BEFORE,
                                sim_below(sim, 2));
    }
    status = tamis_ledger_commit(sim->store, &sim->effects, NULL);
    if (status != TAMIS_OK) {
        SIM_CHECK(sim, status == TAMIS_ENOSPC || tamis_store_memory_is_crashed(sim->store));
        sim_coordinator_crash(sim, status == TAMIS_ENOSPC ? SIM_DEATH_FULL : SIM_DEATH_PROCESS);
        return;
    }
    tamis_store_memory_fail(sim->store, TAMIS_STORE_FAULT_NONE, 0);
    if (has_changes && node->sync_max_ms != 0 && sim_chance(sim, 30)) {
        sim_coordinator_crash(sim, SIM_DEATH_POWER); /* with the commit half way */
        return;
    }
    if (has_changes && node->sync_max_ms != 0) {
        uint64_t sync_ms = sim_below(sim, node->sync_max_ms);

        sim->syncing_until_ms = sim->now_ms + sync_ms;
        schedule_coordinator(sim, sync_ms, SIM_COORDINATOR_SYNCED);
        return;
    }
    sim_coordinator_synced(sim);
}

static void coordinator_step(sim_state *sim, const tamis_core_event *event)
{
    tamis_err err = {.status = TAMIS_OK};

    sim->totals.steps++;
    if (tamis_coordinator_core_step(sim->core, event, sim_clock(sim, SIM_COORDINATOR),
                                    &sim->effects, &err) != TAMIS_OK) {
        sim_fail(sim, "coordinator: %s", err.text);
    }
}

/* ---- Start -------------------------------------------------------------------------------------
 */

static void lose_own(sim_task *task)
{
    task->wiped += task->done != 0;
    task->done = 0;
}

static bool result_is_there(void *context, const char *id, tamis_stage_kind kind, uint32_t stage,
                            uint32_t task, const char *folder)
{
    sim_state *sim = context;
    const sim_job *job = sim_find_job(sim, id);
    sim_task *known = sim_find_task(job, stage, task);
    bool is_there = sim_disk_find(sim, sim_folder_node(sim, folder), job, stage, task) != NULL;

    (void)kind; /* asked about its own folder alone */
    if (is_there) {
        known->done = known->last_done;
    } else {
        lose_own(known);
    }
    return is_there;
}

/* What was on a disk of its own that is not there any more it knows to be lost. */
static void lose_replaced(sim_state *sim)
{
    for (uint32_t j = 0; j < sim->job_count; j++) {
        for (uint32_t t = 0; t < sim->jobs[j].task_count && !sim->jobs[j].is_finished; t++) {
            sim_task *task = &sim->jobs[j].tasks[t];

            if (task->owner == SIM_COORDINATOR &&
                strcmp(task->owner_id, sim->nodes[SIM_COORDINATOR].folder_id) != 0) {
                lose_own(task);
            }
        }
    }
}

static void fill_settings(sim_state *sim, tamis_core_settings *out_settings)
{
    tamis_core_settings_defaults(out_settings);
    out_settings->heartbeat_ms = SIM_HEARTBEAT_MS;
    out_settings->lease_ms = SIM_LEASE_MS;
    out_settings->resend_ms = 1000;
    out_settings->attempts_max = 60000; /* jobs come through here, whatever happens to workers */
    out_settings->straggler_ms = 2 * SIM_LEASE_MS;
    out_settings->lost_after_ms = 2 * SIM_LEASE_MS;
    out_settings->build = sim_build;
    out_settings->data_folder = sim->nodes[SIM_COORDINATOR].folder;
    out_settings->data_folder_id = sim->nodes[SIM_COORDINATOR].folder_id;
    out_settings->data_url = sim->data_url;
    out_settings->public_key = sim_public_key(sim, SIM_COORDINATOR);
    out_settings->cluster = "00000000000000c1";
}

void sim_coordinator_start(sim_state *sim)
{
    tamis_core_settings settings;
    tamis_err err = {.status = TAMIS_OK};

    if (sim->core != NULL) {
        return;
    }
    (void)snprintf(sim->data_name, sizeof(sim->data_name), "c-%u", sim->coordinator_incarnation);
    sim_data_url(sim->data_url, sizeof(sim->data_url), sim->data_name);
    fill_settings(sim, &settings);
    SIM_REQUIRE(tamis_coordinator_core_create(&settings, &sim->core) == TAMIS_OK);
    tamis_coordinator_core_check_results(sim->core, result_is_there, sim);
    sim->is_restoring = true;
    lose_replaced(sim);
    if (tamis_ledger_load(sim->store, sim->core, &err) != TAMIS_OK ||
        tamis_coordinator_core_begin(sim->core, sim_clock(sim, SIM_COORDINATOR), &sim->effects,
                                     &err) != TAMIS_OK) {
        sim_fail(sim, "recovery: %s", err.text);
    }
    sim_say(sim, "coordinator starts, epoch %" PRIu64, tamis_coordinator_core_epoch(sim->core));
    schedule_coordinator(sim, SIM_HEARTBEAT_MS / 2, SIM_COORDINATOR_TICK);
    coordinator_perform(sim);
}

/* ---- Life --------------------------------------------------------------------------------------
 */

void sim_coordinator_receive(sim_state *sim, sim_packet *packet)
{
    if (sim->core == NULL || sim->inbox_count == SIM_INBOX_MAX) {
        free(packet);
        return;
    }
    sim->inbox[sim->inbox_count++] = packet;
    if (!sim->is_drain_due) {
        sim->is_drain_due = true;
        schedule_coordinator(sim, sim_below(sim, 4), SIM_DRAIN);
    }
}

/* What was said to that heartbeat, if anything. */
static void check_answer(sim_state *sim, const tamis_message *request, tamis_slice peer,
                         size_t first)
{
    const tamis_outbox *outbox = &sim->effects.outbox;

    for (size_t i = first; i < outbox->count; i++) {
        tamis_message *answer = NULL;

        if (!tamis_slice_is_equal(tamis_outbox_peer(outbox, i), peer)) {
            continue;
        }
        SIM_CHECK(sim,
                  tamis_wire_decode(tamis_outbox_control(outbox, i), &answer, NULL) == TAMIS_OK);
        if (answer->kind == TAMIS_MESSAGE_HEARTBEAT) {
            sim_check_heartbeat(sim, request, answer);
        }
        tamis_message_destroy(answer);
    }
}

/* A job that is called back is given out anew some day, maybe in the same batch. */
static void excuse_all(sim_state *sim, sim_job *job)
{
    sim->is_recalled = true;
    job->is_recalled = true;
    for (uint32_t t = 0; t < job->task_count; t++) {
        job->tasks[t].may_be_regranted = true;
    }
}

void sim_coordinator_drain(sim_state *sim)
{
    for (size_t i = 0; i < sim->inbox_count; i++) {
        sim_packet *packet = sim->inbox[i];
        size_t outbox_count = sim->effects.outbox.count;
        tamis_message *message = NULL;

        SIM_CHECK(sim, tamis_wire_decode(sim_packet_control(packet), &message, NULL) == TAMIS_OK);
        tamis_core_event event = {
            .kind = TAMIS_CORE_PACKET,
            .peer = tamis_slice_of_string(packet->peer),
            .message = message,
            .bulk = sim_packet_bulk(packet),
        };

        if (message->kind == TAMIS_MESSAGE_CANCEL || message->kind == TAMIS_MESSAGE_PAUSE) {
            excuse_all(sim, sim_find_job(sim, message->job));
        }
        coordinator_step(sim, &event);
        if (message->kind == TAMIS_MESSAGE_HEARTBEAT) {
            check_answer(sim, message, event.peer, outbox_count);
        }
        tamis_message_destroy(message);
        free(packet);
    }
    sim->inbox_count = 0;
    sim->is_drain_due = false;
    coordinator_perform(sim);
}

void sim_coordinator_tick(sim_state *sim)
{
    tamis_core_event event = {.kind = TAMIS_CORE_TICK, .is_behind = sim->inbox_count != 0};

    schedule_coordinator(sim, SIM_HEARTBEAT_MS / 2, SIM_COORDINATOR_TICK);
    coordinator_step(sim, &event);
    coordinator_perform(sim);
}

/* ---- Local tasks -------------------------------------------------------------------------------
 */

/* Where it reads a result from, if that can be had: files of a process that is down cannot, but for
 * folders that all share. */
static const sim_result *read_local(sim_state *sim, const sim_job *job, const sim_need *need,
                                    tamis_core_lost *out_lost)
{
    uint32_t number =
        tamis_coordinator_core_owner_number(sim->core, job->id, need->stage, need->task);
    const sim_folder *folder = &sim->folders[number < SIM_FOLDERS_MAX ? number : 0];
    uint32_t node = folder->node;
    const sim_result *from = sim_folder_find(sim, node, folder->id, job, need->stage, need->task);
    bool is_reached = false;

    SIM_CHECK(sim, number < SIM_FOLDERS_MAX);
    is_reached = node == SIM_COORDINATOR || sim->world.is_shared ||
                 (sim->workers[node - SIM_WORKER_0].core != NULL &&
                  !sim->nodes[node].is_cut_to[SIM_COORDINATOR] &&
                  !sim->nodes[SIM_COORDINATOR].is_cut_to[node]);
    if (is_reached && from != NULL && !from->is_corrupt) {
        return from;
    }
    sim->local_lost_task = need->task;
    *out_lost = (tamis_core_lost){
        .is_gone = is_reached,
        .stage = need->stage,
        .folder = number,
        .tasks = &sim->local_lost_task,
        .task_count = 1,
    };
    return NULL;
}

/* NULL: something that it reads is lost. */
static sim_result *run_local(sim_state *sim, const sim_job *job, tamis_task_result *out_result,
                             tamis_core_lost *out_lost)
{
    uint32_t count = 0;
    uint32_t skip_stages = 0;
    sim_need *needs = sim_task_needs(job, sim->local_stage, 0, &count);
    sim_words *inputs = calloc((size_t)count + 1, sizeof(*inputs));
    sim_result *result = NULL;

    SIM_REQUIRE(inputs != NULL);
    for (uint32_t i = 0; i < count && out_lost->task_count == 0; i++) {
        const sim_result *from = NULL;

        if (!sim_is_skipped(job, needs[i].stage)) {
            from = read_local(sim, job, &needs[i], out_lost);
        }
        if (from != NULL) {
            inputs[i] = from->pieces[needs[i].piece];
        }
    }
    if (out_lost->task_count == 0) {
        result = sim_task_run(job, sim->local_stage, 0, needs, inputs, count, &skip_stages);
        out_result->skip_stages = skip_stages;
    }
    free(inputs);
    free(needs);
    return result;
}

void sim_local_end(sim_state *sim, uint64_t fence)
{
    const sim_job *job = sim_find_job(sim, sim->local_job);
    tamis_task_result result = {.skip_stages = 0};
    tamis_core_lost lost = {.task_count = 0};
    tamis_core_event event = {
        .kind = TAMIS_CORE_LOCAL_ENDED, .fence = fence, .result = &result, .text = ""};
    sim_result *output = NULL;

    SIM_CHECK(sim, fence == sim->local_fence);
    sim->local_fence = 0;
    if (sim->is_local_canceled) {
        event.status = TAMIS_ECANCELED;
    } else if (sim->nodes[SIM_COORDINATOR].is_disk_full) {
        event.status = TAMIS_ENOSPC;
    } else if (sim_has_faults(sim) && sim_chance(sim, sim->world.fail_per_mille)) {
        event.status = TAMIS_EIO;
    } else {
        output = run_local(sim, job, &result, &lost);
        event.status = output == NULL ? TAMIS_ELOST : TAMIS_OK;
        event.lost = output == NULL ? &lost : NULL;
    }
    if (output != NULL) {
        SIM_CHECK(sim, output->digest == sim_find_task(job, sim->local_stage, 0)->expected);
        sim_disk_put(sim, SIM_COORDINATOR, job, sim->local_stage, 0, output);
    } else {
        sim_find_task(job, sim->local_stage, 0)->may_be_regranted = true;
    }
    coordinator_step(sim, &event);
    coordinator_perform(sim);
}

/* ---- The ghost ---------------------------------------------------------------------------------
 *
 * A coordinator that was thought dead and still runs for a while: it answers what reaches it, but
 * the ledger is no longer its own, so it ends at its next commit, before it says anything of it. */

void sim_ghost_end(sim_state *sim)
{
    tamis_coordinator_core_destroy(sim->ghost);
    sim->ghost = NULL;
    tamis_core_effects_reset(&sim->ghost_effects);
}

static void ghost_step(sim_state *sim, const tamis_core_event *event)
{
    sim->totals.steps++;
    SIM_CHECK(sim, tamis_coordinator_core_step(sim->ghost, event, sim_clock(sim, SIM_COORDINATOR),
                                               &sim->ghost_effects, NULL) == TAMIS_OK);
    if (sim->ghost_effects.change_count != 0) {
        sim_ghost_end(sim);
        return;
    }
    send_all(sim, &sim->ghost_effects.outbox, true);
    tamis_core_effects_reset(&sim->ghost_effects);
}

void sim_ghost_receive(sim_state *sim, const sim_packet *packet)
{
    tamis_message *message = NULL;

    SIM_CHECK(sim, tamis_wire_decode(sim_packet_control(packet), &message, NULL) == TAMIS_OK);
    tamis_core_event event = {
        .kind = TAMIS_CORE_PACKET,
        .peer = tamis_slice_of_string(packet->peer),
        .message = message,
        .bulk = sim_packet_bulk(packet),
    };

    ghost_step(sim, &event);
    tamis_message_destroy(message);
}

void sim_ghost_tick(sim_state *sim)
{
    tamis_core_event event = {.kind = TAMIS_CORE_TICK};

    if (sim->ghost == NULL) {
        return;
    }
    if (sim->now_ms >= sim->ghost_until_ms) {
        sim_ghost_end(sim);
        return;
    }
    ghost_step(sim, &event);
    sim_schedule(sim, SIM_HEARTBEAT_MS, (sim_event){.kind = SIM_GHOST_TICK});
}
