/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

#define BEATS_A_MS             10 /* of all workers together */
#define CHANGES_FIRST_CAPACITY 16

void tamis_core_effects_init(tamis_core_effects *effects)
{
    *effects = (tamis_core_effects){.change_count = 0};
    tamis_buf_init(&effects->bytes, 0);
    tamis_outbox_init(&effects->outbox);
}

void tamis_core_effects_fini(tamis_core_effects *effects)
{
    tamis_buf_fini(&effects->bytes);
    tamis_outbox_fini(&effects->outbox);
    free(effects->changes);
    *effects = (tamis_core_effects){.change_count = 0};
}

void tamis_core_effects_reset(tamis_core_effects *effects)
{
    tamis_buf_reset(&effects->bytes);
    tamis_outbox_reset(&effects->outbox);
    effects->change_count = 0;
    effects->local = TAMIS_LOCAL_NONE;
    effects->is_local_canceled = false;
    effects->has_job_ended = false;
    effects->note_count = 0;
    effects->notes_dropped = 0;
}

tamis_message core_message(core_step *step, tamis_message_kind kind, const char *job,
                           uint64_t fence)
{
    tamis_message message = {
        .kind = kind,
        .sequence = ++step->core->sequence,
        .epoch = step->core->epoch,
        .fence = fence,
    };

    if (job != NULL) {
        (void)snprintf(message.job, sizeof(message.job), "%s", job);
    }
    return message;
}

tamis_status core_send(core_step *step, tamis_slice peer, const tamis_message *message,
                       tamis_slice bulk)
{
    tamis_status status = tamis_outbox_add(&step->effects->outbox, peer, message, bulk);

    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(step->err, status, "cannot make a %s message",
                                              tamis_message_kind_name(message->kind));
}

uint32_t core_heartbeat_ms(const tamis_coordinator_core *core)
{
    uint32_t most = core->settings.lease_ms / 3; /* two of them may be lost */
    uint32_t wanted = core->known_count / BEATS_A_MS;

    wanted = wanted < most ? wanted : most;
    return wanted > core->settings.heartbeat_ms ? wanted : core->settings.heartbeat_ms;
}

tamis_message core_beat(core_step *step)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_HEARTBEAT, NULL, 0);

    message.body.heartbeat.held = NULL;
    message.body.heartbeat.held_count = 0;
    message.body.heartbeat.credit = 0;
    message.body.heartbeat.jobs = NULL;
    message.body.heartbeat.job_count = 0;
    message.body.heartbeat.folders_version = 0;
    message.body.heartbeat.may_leave = false;
    message.body.heartbeat.answered = 0;
    message.body.heartbeat.heartbeat_ms = 0;
    return message;
}

tamis_status core_refuse(core_step *step, tamis_slice peer, const char *job, tamis_status reason,
                         const char *text)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_REFUSED, job, 0);

    message.body.refused.status = reason;
    message.body.refused.text = text;
    message.body.refused.offset = 0;
    return core_send(step, peer, &message, core_nothing());
}

/* ---- Notes ----------------------------------------------------------------------------------- */

tamis_core_note *core_note(core_step *step, tamis_core_note_kind kind)
{
    tamis_core_effects *effects = step->effects;
    /* What has no room is written over the last place, and counted. */
    size_t place = TAMIS_NOTES_MAX - 1;

    if (effects->note_count < TAMIS_NOTES_MAX) {
        place = effects->note_count++;
    } else {
        effects->notes_dropped++;
    }
    effects->notes[place] = (tamis_core_note){.kind = kind};
    return &effects->notes[place];
}

tamis_core_note *core_note_worker(core_step *step, tamis_core_note_kind kind,
                                  const core_worker *worker)
{
    tamis_core_note *note = core_note(step, kind);
    const core_folder *folder = core_worker_folder(step->core, worker);

    if (folder != NULL && folder->name != NULL && folder->name[0] != 0) {
        (void)snprintf(note->worker, sizeof(note->worker), "%.*s", (int)sizeof(note->worker) - 1,
                       folder->name);
    } else {
        (void)snprintf(note->worker, sizeof(note->worker), "%.*s", (int)worker->peer_size,
                       (const char *)worker->peer);
    }
    return note;
}

tamis_core_note *core_note_job(core_step *step, tamis_core_note_kind kind, const core_job *job)
{
    tamis_core_note *note = core_note(step, kind);

    memcpy(note->job, job->id, sizeof(note->job));
    return note;
}

tamis_core_note *core_note_task(core_step *step, tamis_core_note_kind kind, const core_job *job,
                                uint32_t stage, uint32_t task, const core_worker *worker)
{
    tamis_core_note *note =
        worker == NULL ? core_note(step, kind) : core_note_worker(step, kind, worker);

    memcpy(note->job, job->id, sizeof(note->job));
    note->has_stage = true;
    note->stage = stage;
    note->has_task = true;
    note->task = task;
    return note;
}

/* ---- Ledger ---------------------------------------------------------------------------------- */

/* Opens a change: writes its key; the caller appends the value and calls change_end. */
static tamis_status change_begin(core_step *step, const tamis_ledger_key *key, unsigned part_count)
{
    tamis_core_effects *effects = step->effects;
    uint8_t bytes[TAMIS_LEDGER_KEY_SIZE_MAX];
    size_t size = tamis_ledger_key_write(key, part_count, bytes);

    if (effects->change_count == effects->change_capacity) {
        size_t capacity =
            effects->change_capacity == 0 ? CHANGES_FIRST_CAPACITY : effects->change_capacity * 2;
        tamis_ledger_change *changes = reallocarray(effects->changes, capacity, sizeof(*changes));

        if (changes == NULL) {
            return TAMIS_ENOMEM;
        }
        effects->changes = changes;
        effects->change_capacity = capacity;
    }
    effects->changes[effects->change_count] = (tamis_ledger_change){
        .key_first = effects->bytes.size,
        .key_size = size,
        .value_first = effects->bytes.size + size,
        .is_deleted = false,
    };
    return tamis_buf_append(&effects->bytes, bytes, size);
}

static tamis_status change_end(core_step *step, tamis_status status, bool is_prefix_deleted)
{
    tamis_core_effects *effects = step->effects;
    tamis_ledger_change *change = NULL;

    if (status != TAMIS_OK) {
        return tamis_err_set(step->err, status, "cannot make a ledger record");
    }
    change = &effects->changes[effects->change_count++];
    change->value_size = effects->bytes.size - change->value_first;
    change->is_prefix_deleted = is_prefix_deleted;
    return TAMIS_OK;
}

static tamis_ledger_key job_key(uint8_t group, const core_job *job, uint32_t stage, uint32_t task)
{
    tamis_ledger_key key = {.group = group, .stage = stage, .task = task};

    memcpy(key.job, job->id, sizeof(key.job));
    return key;
}

tamis_status core_put_epoch(core_step *step)
{
    tamis_ledger_key key = {.group = TAMIS_LEDGER_EPOCH};
    tamis_status status = change_begin(step, &key, 0);

    if (status == TAMIS_OK) {
        tamis_ledger_epoch record = {.epoch = step->core->epoch};

        memcpy(record.cluster, step->core->cluster, sizeof(record.cluster));
        status = tamis_ledger_write_epoch(&record, &step->effects->bytes);
    }
    return change_end(step, status, false);
}

tamis_status core_put_folder(core_step *step, uint32_t number)
{
    const core_folder *folder = core_book_at(&step->core->book, number);
    tamis_ledger_key key = {.group = TAMIS_LEDGER_FOLDER, .stage = number};
    tamis_ledger_folder record = {
        .id = tamis_slice_of_string(folder->id),
        .path = tamis_slice_of_string(folder->path),
        .host = tamis_slice_of_string(core_text(folder->host)),
        .drain = (uint8_t)folder->drain,
        .drain_peer = tamis_slice_of_string(core_text(folder->drain_peer)),
    };
    tamis_status status = change_begin(step, &key, 1);

    if (status == TAMIS_OK) {
        status = tamis_ledger_write_folder(&record, &step->effects->bytes);
    }
    return change_end(step, status, false);
}

tamis_status core_delete_folder(core_step *step, uint32_t number)
{
    tamis_ledger_key key = {.group = TAMIS_LEDGER_FOLDER, .stage = number};

    tamis_status status = change_end(step, change_begin(step, &key, 1), false);

    if (status == TAMIS_OK) {
        step->effects->changes[step->effects->change_count - 1].is_deleted = true;
    }
    return status;
}

tamis_status core_put_job(core_step *step, const core_job *job)
{
    tamis_ledger_key key = job_key(TAMIS_LEDGER_JOB, job, 0, 0);
    tamis_ledger_job record = {
        .state = job->state,
        .is_data_kept = job->is_data_kept,
        .order = job->order,
        .digest = job->digest,
        .size_bytes = job->bytes.size,
        .fault = job->fault.status,
        .fault_text = tamis_slice_of_string(job->fault.text),
        .output = tamis_slice_of_string(core_text(job->output)),
        .executed = job->executed,
        .lost = job->lost,
        .backups = job->backups,
        .rescued = job->rescued,
    };
    tamis_status status = change_begin(step, &key, 1);

    if (status == TAMIS_OK) {
        status = tamis_ledger_write_job(&record, &step->effects->bytes);
    }
    return change_end(step, status, false);
}

tamis_status core_put_job_bytes(core_step *step, const core_job *job)
{
    uint32_t chunk = 0;

    for (size_t first = 0; first < job->bytes.size; first += TAMIS_LEDGER_CHUNK) {
        size_t rest = job->bytes.size - first;
        tamis_ledger_key key = job_key(TAMIS_LEDGER_CHUNK_KEY, job, chunk++, 0);
        tamis_status status = change_begin(step, &key, 2);

        if (status == TAMIS_OK) {
            status = tamis_buf_append(&step->effects->bytes, job->bytes.data + first,
                                      rest < TAMIS_LEDGER_CHUNK ? rest : TAMIS_LEDGER_CHUNK);
        }
        status = change_end(step, status, false);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

tamis_status core_put_stage(core_step *step, const core_job *job, uint32_t stage)
{
    const core_stage *from = &job->stages[stage];
    tamis_ledger_key key = job_key(TAMIS_LEDGER_STAGE, job, stage, 0);
    tamis_ledger_stage record = {
        .stage = from->stage,
        .is_skipped = from->is_skipped,
        .elapsed_ms = from->elapsed_ms,
        .bytes = from->bytes,
        .documents = from->documents,
    };
    tamis_status status = change_begin(step, &key, 2);

    memcpy(record.counters, from->counters, sizeof(record.counters));
    if (status == TAMIS_OK) {
        status = tamis_ledger_write_stage(&record, &step->effects->bytes);
    }
    return change_end(step, status, false);
}

static void fill_holder(const tamis_coordinator_core *core, const core_lease *lease,
                        tamis_ledger_task *record)
{
    const core_worker *worker = core->workers[lease->worker];

    record->holders[record->holder_count++] = (tamis_ledger_holder){
        .fence = lease->fence,
        .peer = core_peer(worker),
        .folder = worker->folder,
    };
}

tamis_status core_put_task(core_step *step, const core_job *job, uint32_t stage, uint32_t task)
{
    const tamis_coordinator_core *core = step->core;
    const core_task *from = &job->stages[stage].tasks[task];
    tamis_ledger_task record = {.state = TAMIS_LEDGER_PENDING, .fence = from->fence};

    TAMIS_ASSERT(from->state != CORE_TASK_DONE);
    if (from->state == CORE_TASK_LEASED && from->lease == CORE_NONE) {
        record.state = TAMIS_LEDGER_LEASED;
        record.holders[record.holder_count++] =
            (tamis_ledger_holder){.fence = from->fence, .folder = core->own_folder};
    } else if (from->state == CORE_TASK_LEASED) {
        const core_lease *lease = &core->leases[from->lease];

        record.state = TAMIS_LEDGER_LEASED;
        fill_holder(core, lease, &record);
        if (lease->twin != CORE_NONE) {
            fill_holder(core, &core->leases[lease->twin], &record);
        }
    }
    return core_put_task_record(step, job, stage, task, &record);
}

tamis_status core_put_task_record(core_step *step, const core_job *job, uint32_t stage,
                                  uint32_t task, const tamis_ledger_task *values)
{
    const core_task *from = &job->stages[stage].tasks[task];
    tamis_ledger_task full = *values;
    const tamis_ledger_task *record = &full;
    tamis_ledger_key key = job_key(TAMIS_LEDGER_TASK, job, stage, task);
    tamis_status status = change_begin(step, &key, 3);

    full.lost = from->lost;
    full.executed = from->executed;
    full.backups = from->backups;
    full.rescued = from->rescued;
    full.losses = from->losses;
    if (status == TAMIS_OK) {
        status = tamis_ledger_write_task(record, &step->effects->bytes);
    }
    return change_end(step, status, false);
}

tamis_status core_put_blob(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                           tamis_slice blob)
{
    tamis_ledger_key key = job_key(TAMIS_LEDGER_BLOB, job, stage, task);
    tamis_status status = change_begin(step, &key, 3);

    if (status == TAMIS_OK) {
        status = tamis_buf_append(&step->effects->bytes, blob.data, blob.size);
    }
    return change_end(step, status, false);
}

tamis_status core_delete(core_step *step, const core_job *job, uint8_t group)
{
    tamis_ledger_key key = job_key(group, job, 0, 0);

    return change_end(step, change_begin(step, &key, 1), true);
}
