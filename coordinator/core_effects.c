/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

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
        status = tamis_ledger_write_epoch(step->core->epoch, &step->effects->bytes);
    }
    return change_end(step, status, false);
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

tamis_status core_put_task(core_step *step, const core_job *job, uint32_t stage, uint32_t task,
                           const tamis_ledger_task *record)
{
    tamis_ledger_key key = job_key(TAMIS_LEDGER_TASK, job, stage, task);
    tamis_status status = change_begin(step, &key, 3);

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
