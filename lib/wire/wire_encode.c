/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/wire.h"

#include <stdlib.h>

#include "tamis/v1/control.pb-c.h"

/* One union of all bodies: a message has one, and it lives on the stack of the encoder. */
typedef union wire_body {
    Tamis__V1__Hello hello;
    Tamis__V1__Welcome welcome;
    Tamis__V1__Refused refused;
    Tamis__V1__TaskRequest task_request;
    Tamis__V1__Assign assign;
    Tamis__V1__Fetch fetch;
    Tamis__V1__JobInfo job_info;
    Tamis__V1__Owners owners;
    Tamis__V1__TaskDone task_done;
    Tamis__V1__TaskAck task_ack;
    Tamis__V1__TaskFailed task_failed;
    Tamis__V1__Heartbeat heartbeat;
    Tamis__V1__Submit submit;
    Tamis__V1__Submitted submitted;
    Tamis__V1__StatusRequest status_request;
    Tamis__V1__Status status;
    Tamis__V1__Cancel cancel;
    Tamis__V1__JobDone job_done;
    Tamis__V1__Bye bye;
} wire_body;

typedef struct wire_encoder {
    Tamis__V1__Envelope envelope;
    wire_body body;
    uint64_t counters[TAMIS_COUNTER_COUNT];
    void *rows;     /* array of Held or Stage */
    void *pointers; /* to its entries */
} wire_encoder;

/* The generated structs have no const; packing only reads. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)(text == NULL ? "" : text);
}

static char **texts_of(const char *const *texts)
{
    return (char **)(uintptr_t)texts;
}

static void encode_peer(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_HELLO) {
        Tamis__V1__Hello *hello = &encoder->body.hello;

        tamis__v1__hello__init(hello);
        hello->protocol = message->body.hello.build.protocol;
        hello->build = text_of(message->body.hello.build.build);
        hello->zstd = text_of(message->body.hello.build.zstd);
        hello->thread_count = message->body.hello.thread_count;
        hello->host = text_of(message->body.hello.host);
        hello->data_folder = text_of(message->body.hello.data_folder);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_HELLO;
        envelope->hello = hello;
    } else {
        Tamis__V1__Submit *submit = &encoder->body.submit;

        tamis__v1__submit__init(submit);
        submit->protocol = message->body.submit.build.protocol;
        submit->build = text_of(message->body.submit.build.build);
        submit->zstd = text_of(message->body.submit.build.zstd);
        submit->is_data_kept = message->body.submit.is_data_kept;
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
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_WELCOME;
        envelope->welcome = &encoder->body.welcome;
    } else if (message->kind == TAMIS_MESSAGE_REFUSED) {
        tamis__v1__refused__init(&encoder->body.refused);
        encoder->body.refused.status = (uint32_t)message->body.refused.status;
        encoder->body.refused.text = text_of(message->body.refused.text);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_REFUSED;
        envelope->refused = &encoder->body.refused;
    } else if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        tamis__v1__submitted__init(&encoder->body.submitted);
        encoder->body.submitted.status = (uint32_t)message->body.refused.status;
        encoder->body.submitted.text = text_of(message->body.refused.text);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_SUBMITTED;
        envelope->submitted = &encoder->body.submitted;
    } else {
        tamis__v1__task_ack__init(&encoder->body.task_ack);
        encoder->body.task_ack.status = (uint32_t)message->body.refused.status;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_TASK_ACK;
        envelope->task_ack = &encoder->body.task_ack;
    }
}

static void encode_task(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        tamis__v1__assign__init(&encoder->body.assign);
        encoder->body.assign.stage = message->body.assign.stage;
        encoder->body.assign.task = message->body.assign.task;
        encoder->body.assign.lease_ms = message->body.assign.lease_ms;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_ASSIGN;
        envelope->assign = &encoder->body.assign;
    } else if (message->kind == TAMIS_MESSAGE_TASK_DONE) {
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
    } else {
        Tamis__V1__TaskFailed *failed = &encoder->body.task_failed;

        tamis__v1__task_failed__init(failed);
        failed->stage = message->body.task_failed.stage;
        failed->task = message->body.task_failed.task;
        failed->status = (uint32_t)message->body.task_failed.status;
        failed->is_retryable = message->body.task_failed.is_retryable;
        failed->text = text_of(message->body.task_failed.text);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_TASK_FAILED;
        envelope->task_failed = failed;
    }
}

static void encode_stages(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Envelope *envelope = &encoder->envelope;

    if (message->kind == TAMIS_MESSAGE_FETCH) {
        tamis__v1__fetch__init(&encoder->body.fetch);
        encoder->body.fetch.has_job = message->body.fetch.has_job;
        encoder->body.fetch.first_stage = message->body.fetch.first_stage;
        encoder->body.fetch.end_stage = message->body.fetch.end_stage;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_FETCH;
        envelope->fetch = &encoder->body.fetch;
    } else {
        Tamis__V1__Owners *owners = &encoder->body.owners;

        tamis__v1__owners__init(owners);
        owners->first_stage = message->body.owners.first_stage;
        owners->end_stage = message->body.owners.end_stage;
        owners->folders = texts_of(message->body.owners.folders);
        owners->n_folders = message->body.owners.folder_count;
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_OWNERS;
        envelope->owners = owners;
    }
}

static tamis_status encode_heartbeat(wire_encoder *encoder, const tamis_message *message)
{
    Tamis__V1__Heartbeat *heartbeat = &encoder->body.heartbeat;
    size_t count = message->body.heartbeat.held_count;
    Tamis__V1__Held *rows = NULL;
    Tamis__V1__Held **pointers = NULL;

    tamis__v1__heartbeat__init(heartbeat);
    if (count > TAMIS_WIRE_ITEMS_MAX) {
        return TAMIS_ELIMIT;
    }
    encoder->rows = rows = calloc(count + 1, sizeof(*rows));
    encoder->pointers = pointers = calloc(count + 1, sizeof(*pointers));
    if (rows == NULL || pointers == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const tamis_held *held = &message->body.heartbeat.held[i];

        tamis__v1__held__init(&rows[i]);
        rows[i].fence = held->fence;
        rows[i].stage = held->stage;
        rows[i].task = held->task;
        rows[i].bytes = held->bytes;
        rows[i].documents = held->documents;
        rows[i].job = text_of(held->job);
        pointers[i] = &rows[i];
    }
    heartbeat->held = pointers;
    heartbeat->n_held = count;
    heartbeat->credit = message->body.heartbeat.credit;
    heartbeat->jobs = texts_of(message->body.heartbeat.jobs);
    heartbeat->n_jobs = message->body.heartbeat.job_count;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_HEARTBEAT;
    encoder->envelope.heartbeat = heartbeat;
    return TAMIS_OK;
}

static void encode_stage(const tamis_stage_status *stage, Tamis__V1__Stage *out)
{
    tamis__v1__stage__init(out);
    out->kind = (uint32_t)stage->stage.kind;
    out->level = (uint32_t)stage->stage.level;
    out->task_count = stage->stage.task_count;
    out->is_local = stage->stage.is_local;
    out->tasks_done = stage->tasks_done;
    out->is_complete = stage->is_complete;
    out->is_skipped = stage->is_skipped;
    out->bytes = stage->bytes;
    out->documents = stage->documents;
    out->elapsed_ms = stage->elapsed_ms;
    out->counters = (uint64_t *)(uintptr_t)stage->counters;
    out->n_counters = TAMIS_COUNTER_COUNT;
}

static tamis_status encode_status(wire_encoder *encoder, const tamis_message *message)
{
    const tamis_run_status *run = message->body.status;
    Tamis__V1__Status *status = &encoder->body.status;
    Tamis__V1__Stage *rows = NULL;
    Tamis__V1__Stage **pointers = NULL;

    TAMIS_ASSERT(run->stage_count <= TAMIS_STAGES_MAX);
    tamis__v1__status__init(status);
    encoder->rows = rows = calloc(TAMIS_STAGES_MAX, sizeof(*rows));
    encoder->pointers = pointers = calloc(TAMIS_STAGES_MAX, sizeof(*pointers));
    if (rows == NULL || pointers == NULL) {
        return TAMIS_ENOMEM;
    }
    for (uint32_t i = 0; i < run->stage_count; i++) {
        encode_stage(&run->stages[i], &rows[i]);
        pointers[i] = &rows[i];
    }
    status->state = (uint32_t)run->state;
    status->stage = run->stage;
    status->tasks_running = run->tasks_running;
    status->worker_count = run->worker_count;
    status->tasks_executed = run->tasks_executed;
    status->tasks_lost = run->tasks_lost;
    status->fault = (uint32_t)run->fault.status;
    status->fault_text = text_of(run->fault.text);
    status->stages = pointers;
    status->n_stages = run->stage_count;
    encoder->envelope.body_case = TAMIS__V1__ENVELOPE__BODY_STATUS;
    encoder->envelope.status = status;
    return TAMIS_OK;
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
    } else if (message->kind == TAMIS_MESSAGE_JOB_INFO) {
        tamis__v1__job_info__init(&encoder->body.job_info);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_JOB_INFO;
        envelope->job_info = &encoder->body.job_info;
    } else if (message->kind == TAMIS_MESSAGE_STATUS_REQUEST) {
        tamis__v1__status_request__init(&encoder->body.status_request);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_STATUS_REQUEST;
        envelope->status_request = &encoder->body.status_request;
    } else if (message->kind == TAMIS_MESSAGE_CANCEL) {
        tamis__v1__cancel__init(&encoder->body.cancel);
        envelope->body_case = TAMIS__V1__ENVELOPE__BODY_CANCEL;
        envelope->cancel = &encoder->body.cancel;
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
        encode_answer(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_ASSIGN:
    case TAMIS_MESSAGE_TASK_DONE:
    case TAMIS_MESSAGE_TASK_FAILED:
        encode_task(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_FETCH:
    case TAMIS_MESSAGE_OWNERS:
        encode_stages(encoder, message);
        return TAMIS_OK;
    case TAMIS_MESSAGE_HEARTBEAT:
        return encode_heartbeat(encoder, message);
    case TAMIS_MESSAGE_STATUS:
        return encode_status(encoder, message);
    case TAMIS_MESSAGE_TASK_REQUEST:
    case TAMIS_MESSAGE_JOB_INFO:
    case TAMIS_MESSAGE_STATUS_REQUEST:
    case TAMIS_MESSAGE_CANCEL:
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
    wire_encoder encoder = {.rows = NULL};
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    tamis__v1__envelope__init(&encoder.envelope);
    encoder.envelope.schema = TAMIS_PROTOCOL_VERSION;
    encoder.envelope.sequence = message->sequence;
    encoder.envelope.epoch = message->epoch;
    encoder.envelope.fence = message->fence;
    encoder.envelope.job = text_of(message->job);
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
