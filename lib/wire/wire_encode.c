/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_encode.h"

#include <assert.h>
#include <stdlib.h>

static void encode_peer(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_HELLO) {
        Tamis__V1__Hello *hello = &encoder->body.hello;

        tamis__v1__hello__init(hello);
        hello->protocol = message->body.hello.build.protocol;
        hello->build = wire_text(message->body.hello.build.build);
        hello->zstd = wire_text(message->body.hello.build.zstd);
        hello->thread_count = message->body.hello.thread_count;
        hello->host = wire_text(message->body.hello.host);
        hello->data_folder = wire_text(message->body.hello.data_folder);
        hello->name = wire_text(message->body.hello.name);
        hello->data_url = wire_text(message->body.hello.data_url);
        hello->folder_id = wire_text(message->body.hello.folder_id);
        hello->public_key = wire_text(message->body.hello.public_key);
        hello->memory_bytes = message->body.hello.memory_bytes;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_HELLO;
        envelope->hello = hello;
    } else {
        Tamis__V1__Submit *submit = &encoder->body.submit;

        tamis__v1__submit__init(submit);
        submit->protocol = message->body.submit.build.protocol;
        submit->build = wire_text(message->body.submit.build.build);
        submit->zstd = wire_text(message->body.submit.build.zstd);
        submit->is_data_kept = message->body.submit.is_data_kept;
        submit->offset = message->body.submit.offset;
        submit->total = message->body.submit.total;
        submit->digest_low = message->body.submit.digest.low;
        submit->digest_high = message->body.submit.digest.high;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_SUBMIT;
        envelope->submit = submit;
    }
}

static void encode_answer(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_WELCOME) {
        tamis__v1__welcome__init(&encoder->body.welcome);
        encoder->body.welcome.heartbeat_ms = message->body.welcome.heartbeat_ms;
        encoder->body.welcome.lease_ms = message->body.welcome.lease_ms;
        encoder->body.welcome.cluster = wire_text(message->body.welcome.cluster);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_WELCOME;
        envelope->welcome = &encoder->body.welcome;
    } else if (message->kind == TAMIS_MESSAGE_REFUSED) {
        tamis__v1__refused__init(&encoder->body.refused);
        encoder->body.refused.status = (uint32_t)message->body.refused.status;
        encoder->body.refused.text = wire_text(message->body.refused.text);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_REFUSED;
        envelope->refused = &encoder->body.refused;
    } else if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        tamis__v1__submitted__init(&encoder->body.submitted);
        encoder->body.submitted.status = (uint32_t)message->body.refused.status;
        encoder->body.submitted.text = wire_text(message->body.refused.text);
        encoder->body.submitted.offset = message->body.refused.offset;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_SUBMITTED;
        envelope->submitted = &encoder->body.submitted;
    } else if (message->kind == TAMIS_MESSAGE_ANSWER) {
        tamis__v1__answer__init(&encoder->body.answer);
        encoder->body.answer.status = (uint32_t)message->body.answer.status;
        encoder->body.answer.text = wire_text(message->body.answer.text);
        encoder->body.answer.count = message->body.answer.count;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_ANSWER;
        envelope->answer = &encoder->body.answer;
    } else {
        tamis__v1__task_ack__init(&encoder->body.task_ack);
        encoder->body.task_ack.status = (uint32_t)message->body.refused.status;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_TASK_ACK;
        envelope->task_ack = &encoder->body.task_ack;
    }
}

static void encode_task_failed(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__TaskFailed *failed = &encoder->body.task_failed;

    tamis__v1__task_failed__init(failed);
    failed->stage = message->body.task_failed.stage;
    failed->task = message->body.task_failed.task;
    failed->status = (uint32_t)message->body.task_failed.status;
    failed->is_retryable = message->body.task_failed.is_retryable;
    failed->text = wire_text(message->body.task_failed.text);
    failed->has_lost = message->body.task_failed.has_lost;
    if (failed->has_lost) {
        failed->lost_stage = message->body.task_failed.lost_stage;
        failed->lost_folder = message->body.task_failed.lost_folder;
        failed->lost_tasks = (uint32_t *)(uintptr_t)message->body.task_failed.lost_tasks;
        failed->n_lost_tasks = message->body.task_failed.lost_count;
        failed->is_gone = message->body.task_failed.is_gone;
    }
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_TASK_FAILED;
    encoder->envelope.task_failed = failed;
}

static void encode_task(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        Tamis__V1__Assign *assign = &encoder->body.assign;

        tamis__v1__assign__init(assign);
        assign->stage = message->body.assign.stage;
        assign->task = message->body.assign.task;
        assign->lease_ms = message->body.assign.lease_ms;
        assign->generation = message->body.assign.generation;
        assign->is_isolated = message->body.assign.is_isolated;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_ASSIGN;
        envelope->assign = assign;
    } else {
        Tamis__V1__TaskDone *done = &encoder->body.task_done;

        tamis__v1__task_done__init(done);
        done->stage = message->body.task_done.stage;
        done->task = message->body.task_done.task;
        done->skip_stages = message->body.task_done.skip_stages;
        done->bytes = message->body.task_done.bytes;
        done->documents = message->body.task_done.documents;
        memcpy(encoder->counters, message->body.task_done.counters, sizeof(encoder->counters));
        done->counters = encoder->counters;
        done->n_counters = TAMIS_COUNTER_COUNT;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_TASK_DONE;
        envelope->task_done = done;
    }
}

static void encode_stages(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_FETCH) {
        Tamis__V1__Fetch *fetch = &encoder->body.fetch;

        tamis__v1__fetch__init(fetch);
        fetch->has_job = message->body.fetch.has_job;
        fetch->first_stage = message->body.fetch.first_stage;
        fetch->end_stage = message->body.fetch.end_stage;
        fetch->generation = message->body.fetch.generation;
        fetch->job_offset = message->body.fetch.job_offset;
        fetch->folders_version = message->body.fetch.folders_version;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_FETCH;
        envelope->fetch = fetch;
    } else if (message->kind == TAMIS_MESSAGE_JOB_INFO) {
        tamis__v1__job_info__init(&encoder->body.job_info);
        encoder->body.job_info.offset = message->body.job_info.offset;
        encoder->body.job_info.total = message->body.job_info.total;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_JOB_INFO;
        envelope->job_info = &encoder->body.job_info;
    } else {
        Tamis__V1__Owners *owners = &encoder->body.owners;

        tamis__v1__owners__init(owners);
        owners->first_stage = message->body.owners.first_stage;
        owners->end_stage = message->body.owners.end_stage;
        owners->generation = message->body.owners.generation;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_OWNERS;
        envelope->owners = owners;
    }
}

static void encode_request(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_JOBS_REQUEST) {
        tamis__v1__jobs_request__init(&encoder->body.jobs_request);
        encoder->body.jobs_request.first = message->body.rows_request.first;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_JOBS_REQUEST;
        envelope->jobs_request = &encoder->body.jobs_request;
    } else if (message->kind == TAMIS_MESSAGE_WORKERS_REQUEST) {
        tamis__v1__workers_request__init(&encoder->body.workers_request);
        encoder->body.workers_request.first = message->body.rows_request.first;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_WORKERS_REQUEST;
        envelope->workers_request = &encoder->body.workers_request;
    } else {
        tamis__v1__drain__init(&encoder->body.drain);
        encoder->body.drain.worker = wire_text(message->body.drain.worker);
        encoder->body.drain.is_now = message->body.drain.is_now;
        encoder->body.drain.is_undo = message->body.drain.is_undo;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_DRAIN;
        envelope->drain = &encoder->body.drain;
    }
}

/* Kinds whose body says little or nothing. */
static void encode_plain(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_TASK_REQUEST) {
        tamis__v1__task_request__init(&encoder->body.task_request);
        encoder->body.task_request.credit = message->body.task_request.credit;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_TASK_REQUEST;
        envelope->task_request = &encoder->body.task_request;
    } else if (message->kind == TAMIS_MESSAGE_STATUS_REQUEST) {
        tamis__v1__status_request__init(&encoder->body.status_request);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_STATUS_REQUEST;
        envelope->status_request = &encoder->body.status_request;
    } else if (message->kind == TAMIS_MESSAGE_CANCEL) {
        tamis__v1__cancel__init(&encoder->body.cancel);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_CANCEL;
        envelope->cancel = &encoder->body.cancel;
    } else if (message->kind == TAMIS_MESSAGE_PAUSE) {
        tamis__v1__pause__init(&encoder->body.pause);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_PAUSE;
        envelope->pause = &encoder->body.pause;
    } else if (message->kind == TAMIS_MESSAGE_RESUME) {
        tamis__v1__resume__init(&encoder->body.resume);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_RESUME;
        envelope->resume = &encoder->body.resume;
    } else if (message->kind == TAMIS_MESSAGE_JOB_DONE) {
        tamis__v1__job_done__init(&encoder->body.job_done);
        encoder->body.job_done.is_data_kept = message->body.job_done.is_data_kept;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_JOB_DONE;
        envelope->job_done = &encoder->body.job_done;
    } else {
        tamis__v1__bye__init(&encoder->body.bye);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_BYE;
        envelope->bye = &encoder->body.bye;
    }
}

static tamis_status encode_body(wire_encoder *encoder, const tamis_message *message)
{
    switch (message->kind) {
    case TAMIS_MESSAGE_HELLO:
    case TAMIS_MESSAGE_SUBMIT:
        encode_peer(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_WELCOME:
    case TAMIS_MESSAGE_REFUSED:
    case TAMIS_MESSAGE_SUBMITTED:
    case TAMIS_MESSAGE_TASK_ACK:
    case TAMIS_MESSAGE_ANSWER:
        encode_answer(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_ASSIGN:
    case TAMIS_MESSAGE_TASK_DONE:
        encode_task(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_TASK_FAILED:
        encode_task_failed(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_FETCH:
    case TAMIS_MESSAGE_JOB_INFO:
    case TAMIS_MESSAGE_OWNERS:
        encode_stages(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_JOBS_REQUEST:
    case TAMIS_MESSAGE_WORKERS_REQUEST:
    case TAMIS_MESSAGE_DRAIN:
        encode_request(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_HEARTBEAT:
    case TAMIS_MESSAGE_STATUS:
    case TAMIS_MESSAGE_FOLDERS:
    case TAMIS_MESSAGE_JOBS:
    case TAMIS_MESSAGE_WORKERS:
        return wire_encode_rows(encoder, message);
    case TAMIS_MESSAGE_TASK_REQUEST:
    case TAMIS_MESSAGE_STATUS_REQUEST:
    case TAMIS_MESSAGE_CANCEL:
    case TAMIS_MESSAGE_PAUSE:
    case TAMIS_MESSAGE_RESUME:
    case TAMIS_MESSAGE_JOB_DONE:
    case TAMIS_MESSAGE_BYE:
        encode_plain(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_KIND_END:
    default:
        TAMIS_ASSERT(message->kind < TAMIS_MESSAGE_KIND_END); /* the caller made it up */
        return TAMIS_EARG;
    }
}

tamis_status tamis_wire_encode(const tamis_message *message, tamis_buf *out)
{
    static_assert(sizeof(message->body) == sizeof(message->body.task_done), "the largest is first");
    wire_encoder encoder = {.rows = NULL};
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    tamis__v1__envelope__init(&encoder.envelope);
    encoder.envelope.schema = TAMIS_PROTOCOL_VERSION;
    encoder.envelope.sequence = message->sequence;
    encoder.envelope.epoch = message->epoch;
    encoder.envelope.fence = message->fence;
    encoder.envelope.job = wire_text(message->job);
    status = encode_body(&encoder, message);
    if (status != TAMIS_OK) {
        goto out;
    }
    size = tamis__v1__envelope__get_packed_size(&encoder.envelope);
    if (size > TAMIS_WIRE_CONTROL_MAX) {
        status = TAMIS_ELIMIT;
        goto out;
    }
    status = tamis_buf_reserve(out, size);
    if (status == TAMIS_OK) {
        out->size += tamis__v1__envelope__pack(&encoder.envelope, out->data + out->size);
    }

out:
    free(encoder.pointers);
    free(encoder.rows);
    return status;
}
