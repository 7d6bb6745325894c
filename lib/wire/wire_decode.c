/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_decode.h"

#include <assert.h>
#include <stdlib.h>

#include "wire_check.h"

bool wire_job_of(const char *text, char out_job[TAMIS_JOB_ID_SIZE])
{
    if (text[0] != 0 && !tamis_job_id_is_valid(text)) {
        return false;
    }
    memcpy(out_job, text, text[0] == 0 ? 1 : TAMIS_JOB_ID_SIZE);
    return true;
}

bool wire_status_of(uint32_t number, tamis_status *out_status)
{
    *out_status = (tamis_status)number;
    return number <= INT32_MAX && strcmp(tamis_status_name(*out_status), "unknown") != 0;
}

bool wire_is_id_or_empty(const char *text)
{
    return text[0] == 0 || tamis_job_id_is_valid(text);
}

bool wire_is_key_or_empty(const char *text)
{
    return text[0] == 0 || tamis_public_key_is_valid(text);
}

void wire_counters_of(const uint64_t *counters, size_t count, uint64_t out[TAMIS_COUNTER_COUNT])
{
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        out[i] = i < count ? counters[i] : 0;
    }
}

static bool range_is_valid(uint32_t first, uint32_t end)
{
    return first <= end && end <= TAMIS_STAGES_MAX;
}

static bool decode_task_failed(const Tamis__V1__TaskFailed *failed, tamis_message *message)
{
    message->body.task_failed.stage = failed->stage;
    message->body.task_failed.task = failed->task;
    message->body.task_failed.is_retryable = failed->is_retryable;
    message->body.task_failed.text = failed->text;
    message->body.task_failed.has_lost = failed->has_lost;
    if (failed->has_lost) {
        message->body.task_failed.lost_stage = failed->lost_stage;
        message->body.task_failed.lost_folder = failed->lost_folder;
        message->body.task_failed.lost_tasks = failed->lost_tasks;
        message->body.task_failed.lost_count = failed->n_lost_tasks;
        message->body.task_failed.is_gone = failed->is_gone;
    }
    if (failed->has_lost && (failed->n_lost_tasks == 0 || failed->lost_stage >= failed->stage ||
                             failed->lost_folder >= TAMIS_WIRE_NO_FOLDER)) {
        return false;
    }
    return failed->stage < TAMIS_STAGES_MAX && failed->n_lost_tasks <= TAMIS_LOST_TASKS_MAX &&
           wire_status_of(failed->status, &message->body.task_failed.status) &&
           message->body.task_failed.status != TAMIS_OK;
}

static bool decode_task(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        message->body.assign.stage = envelope->assign->stage;
        message->body.assign.task = envelope->assign->task;
        message->body.assign.lease_ms = envelope->assign->lease_ms;
        message->body.assign.generation = envelope->assign->generation;
        message->body.assign.is_isolated = envelope->assign->is_isolated;
        return message->body.assign.stage < TAMIS_STAGES_MAX;
    }
    if (message->kind == TAMIS_MESSAGE_TASK_DONE) {
        const Tamis__V1__TaskDone *done = envelope->task_done;

        message->body.task_done.stage = done->stage;
        message->body.task_done.task = done->task;
        message->body.task_done.skip_stages = done->skip_stages;
        message->body.task_done.bytes = done->bytes;
        message->body.task_done.documents = done->documents;
        wire_counters_of(done->counters, done->n_counters, message->body.task_done.counters);
        return done->stage < TAMIS_STAGES_MAX && done->skip_stages < TAMIS_STAGES_MAX;
    }
    return decode_task_failed(envelope->task_failed, message);
}

/* Whether a piece of a packed job may start there. */
static bool chunk_is_valid(uint64_t offset, uint64_t total)
{
    return offset <= total && total <= TAMIS_JOB_BYTES_MAX;
}

static bool decode_owners(const Tamis__V1__Owners *owners, tamis_message *message)
{
    message->body.owners.first_stage = owners->first_stage;
    message->body.owners.end_stage = owners->end_stage;
    message->body.owners.generation = owners->generation;
    return range_is_valid(owners->first_stage, owners->end_stage);
}

static bool decode_stages(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    const Tamis__V1__Fetch *fetch = envelope->fetch;

    if (message->kind == TAMIS_MESSAGE_OWNERS) {
        return decode_owners(envelope->owners, message);
    }
    if (message->kind == TAMIS_MESSAGE_JOB_INFO) {
        message->body.job_info.offset = envelope->job_info->offset;
        message->body.job_info.total = envelope->job_info->total;
        return chunk_is_valid(envelope->job_info->offset, envelope->job_info->total);
    }
    message->body.fetch.has_job = fetch->has_job;
    message->body.fetch.first_stage = fetch->first_stage;
    message->body.fetch.end_stage = fetch->end_stage;
    message->body.fetch.generation = fetch->generation;
    message->body.fetch.job_offset = fetch->job_offset;
    message->body.fetch.folders_version = fetch->folders_version;
    return range_is_valid(fetch->first_stage, fetch->end_stage) &&
           fetch->job_offset <= TAMIS_JOB_BYTES_MAX;
}

static bool decode_hello(const Tamis__V1__Hello *hello, tamis_message *message)
{
    message->body.hello.build.protocol = hello->protocol;
    message->body.hello.build.build = hello->build;
    message->body.hello.build.zstd = hello->zstd;
    message->body.hello.thread_count = hello->thread_count;
    message->body.hello.memory_bytes = hello->memory_bytes;
    message->body.hello.host = hello->host;
    message->body.hello.data_folder = hello->data_folder;
    message->body.hello.name = hello->name;
    message->body.hello.data_url = hello->data_url;
    message->body.hello.folder_id = hello->folder_id;
    message->body.hello.public_key = hello->public_key;
    return hello->data_folder[0] == '/' && wire_is_id_or_empty(hello->folder_id) &&
           wire_is_key_or_empty(hello->public_key);
}

static bool decode_submit(const Tamis__V1__Submit *submit, tamis_message *message)
{
    message->body.submit.build.protocol = submit->protocol;
    message->body.submit.build.build = submit->build;
    message->body.submit.build.zstd = submit->zstd;
    message->body.submit.is_data_kept = submit->is_data_kept;
    message->body.submit.offset = submit->offset;
    message->body.submit.total = submit->total;
    message->body.submit.digest = (tamis_digest){submit->digest_low, submit->digest_high};
    return chunk_is_valid(submit->offset, submit->total);
}

static bool decode_answer(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_WELCOME) {
        message->body.welcome.heartbeat_ms = envelope->welcome->heartbeat_ms;
        message->body.welcome.lease_ms = envelope->welcome->lease_ms;
        message->body.welcome.cluster = envelope->welcome->cluster;
        return envelope->welcome->heartbeat_ms != 0 &&
               wire_is_id_or_empty(envelope->welcome->cluster);
    }
    if (message->kind == TAMIS_MESSAGE_REFUSED) {
        message->body.refused.text = envelope->refused->text;
        return wire_status_of(envelope->refused->status, &message->body.refused.status);
    }
    if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        message->body.refused.text = envelope->submitted->text;
        message->body.refused.offset = envelope->submitted->offset;
        return wire_status_of(envelope->submitted->status, &message->body.refused.status) &&
               envelope->submitted->offset <= TAMIS_JOB_BYTES_MAX;
    }
    if (message->kind == TAMIS_MESSAGE_ANSWER) {
        message->body.answer.text = envelope->answer->text;
        message->body.answer.count = envelope->answer->count;
        return wire_status_of(envelope->answer->status, &message->body.answer.status);
    }
    message->body.refused.text = "";
    return wire_status_of(envelope->task_ack->status, &message->body.refused.status);
}

static bool decode_request(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_TASK_REQUEST) {
        message->body.task_request.credit = envelope->task_request->credit;
        return envelope->task_request->credit <= TAMIS_WORKER_CREDIT_MAX;
    }
    if (message->kind == TAMIS_MESSAGE_JOBS_REQUEST) {
        message->body.rows_request.first = envelope->jobs_request->first;
        return true;
    }
    if (message->kind == TAMIS_MESSAGE_WORKERS_REQUEST) {
        message->body.rows_request.first = envelope->workers_request->first;
        return true;
    }
    message->body.drain.worker = envelope->drain->worker;
    message->body.drain.is_now = envelope->drain->is_now;
    message->body.drain.is_undo = envelope->drain->is_undo;
    return envelope->drain->worker[0] != 0 &&
           !(envelope->drain->is_now && envelope->drain->is_undo);
}

static tamis_status decode_body(const Tamis__V1__Envelope *envelope, wire_box *box)
{
    tamis_message *message = &box->message;
    bool is_valid = true;

    switch (message->kind) {
    case TAMIS_MESSAGE_HELLO:
        is_valid = decode_hello(envelope->hello, message);
        break;
    case TAMIS_MESSAGE_SUBMIT:
        is_valid = decode_submit(envelope->submit, message);
        break;
    case TAMIS_MESSAGE_WELCOME:
    case TAMIS_MESSAGE_REFUSED:
    case TAMIS_MESSAGE_SUBMITTED:
    case TAMIS_MESSAGE_TASK_ACK:
    case TAMIS_MESSAGE_ANSWER:
        is_valid = decode_answer(envelope, message);
        break;
    case TAMIS_MESSAGE_ASSIGN:
    case TAMIS_MESSAGE_TASK_DONE:
    case TAMIS_MESSAGE_TASK_FAILED:
        is_valid = decode_task(envelope, message);
        break;
    case TAMIS_MESSAGE_FETCH:
    case TAMIS_MESSAGE_JOB_INFO:
    case TAMIS_MESSAGE_OWNERS:
        is_valid = decode_stages(envelope, message);
        break;
    case TAMIS_MESSAGE_TASK_REQUEST:
    case TAMIS_MESSAGE_JOBS_REQUEST:
    case TAMIS_MESSAGE_WORKERS_REQUEST:
    case TAMIS_MESSAGE_DRAIN:
        is_valid = decode_request(envelope, message);
        break;
    case TAMIS_MESSAGE_HEARTBEAT:
    case TAMIS_MESSAGE_STATUS:
    case TAMIS_MESSAGE_FOLDERS:
    case TAMIS_MESSAGE_JOBS:
    case TAMIS_MESSAGE_WORKERS:
        return wire_decode_rows(envelope, box);
    case TAMIS_MESSAGE_JOB_DONE:
        message->body.job_done.is_data_kept = envelope->job_done->is_data_kept;
        break;
    case TAMIS_MESSAGE_STATUS_REQUEST:
    case TAMIS_MESSAGE_CANCEL:
    case TAMIS_MESSAGE_PAUSE:
    case TAMIS_MESSAGE_RESUME:
    case TAMIS_MESSAGE_BYE:
        break;
    case TAMIS_MESSAGE_KIND_END:
    default:
        is_valid = false;
        break;
    }
    return is_valid ? TAMIS_OK : TAMIS_EFORMAT;
}

/* Field numbers of the bodies are the kinds, from 16 on: proto/tamis/v1/control.proto. */
static tamis_message_kind kind_of(const Tamis__V1__Envelope *envelope)
{
    static_assert((int)TAMIS__V1__ENVELOPE__BODY_HELLO == (int)TAMIS_MESSAGE_HELLO + 15, "kinds");
    static_assert((int)TAMIS__V1__ENVELOPE__BODY_ANSWER == (int)TAMIS_MESSAGE_ANSWER + 15, "kinds");
    int number = (int)envelope->body_case - 15;

    return number > 0 && number < TAMIS_MESSAGE_KIND_END ? (tamis_message_kind)number
                                                         : TAMIS_MESSAGE_KIND_END;
}

static tamis_status decode_envelope(wire_box *box, tamis_err *err)
{
    const Tamis__V1__Envelope *envelope = box->envelope;
    tamis_message *message = &box->message;
    tamis_status status = TAMIS_OK;

    if (envelope->schema != TAMIS_PROTOCOL_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "message: protocol version %u, this program speaks version %d",
                             envelope->schema, TAMIS_PROTOCOL_VERSION);
    }
    message->kind = kind_of(envelope);
    message->sequence = envelope->sequence;
    message->epoch = envelope->epoch;
    message->fence = envelope->fence;
    if (message->kind == TAMIS_MESSAGE_KIND_END || !wire_job_of(envelope->job, message->job)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "message: no known kind, or a malformed job id");
    }
    status = decode_body(envelope, box);
    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(err, status, "message %s: a field is out of range",
                                              tamis_message_kind_name(message->kind));
}

tamis_status tamis_wire_decode(tamis_slice control, tamis_message **out_message, tamis_err *err)
{
    wire_box *box = NULL;
    tamis_status status = TAMIS_OK;

    if (control.size == 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "message: empty");
    }
    status = tamis_wire_check(&tamis__v1__envelope__descriptor, control, err);
    if (status != TAMIS_OK) {
        return status;
    }
    box = calloc(1, sizeof(*box));
    if (box == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "message: out of memory");
    }
    box->envelope = tamis__v1__envelope__unpack(NULL, control.size, control.data);
    if (box->envelope == NULL) {
        status = tamis_err_set(err, TAMIS_EFORMAT, "message: cannot be unpacked");
        goto out;
    }
    status = decode_envelope(box, err);
    if (status == TAMIS_OK) {
        *out_message = &box->message;
        box = NULL;
    }

out:
    tamis_message_destroy(box == NULL ? NULL : &box->message);
    return status;
}

void tamis_message_destroy(tamis_message *message)
{
    wire_box *box = NULL;

    if (message == NULL) {
        return;
    }
    box = (wire_box *)message; /* _decode made it: the message is its first member */
    if (box->envelope != NULL) {
        tamis__v1__envelope__free_unpacked(box->envelope, NULL);
    }
    free(box->rows);
    free(box);
}
