/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/wire.h"

#include <assert.h>
#include <stdlib.h>

#include "tamis/v1/control.pb-c.h"
#include "wire_check.h"

/* A decoded message and what it borrows from. */
typedef struct wire_box {
    tamis_message message; /* first: the pointer that callers have */
    Tamis__V1__Envelope *envelope;
    void *rows; /* held, or the run status */
} wire_box;

const char *tamis_message_kind_name(tamis_message_kind kind)
{
    static const char *const names[TAMIS_MESSAGE_KIND_END] = {
        [TAMIS_MESSAGE_HELLO] = "hello",
        [TAMIS_MESSAGE_WELCOME] = "welcome",
        [TAMIS_MESSAGE_REFUSED] = "refused",
        [TAMIS_MESSAGE_TASK_REQUEST] = "task_request",
        [TAMIS_MESSAGE_ASSIGN] = "assign",
        [TAMIS_MESSAGE_FETCH] = "fetch",
        [TAMIS_MESSAGE_JOB_INFO] = "job_info",
        [TAMIS_MESSAGE_OWNERS] = "owners",
        [TAMIS_MESSAGE_TASK_DONE] = "task_done",
        [TAMIS_MESSAGE_TASK_ACK] = "task_ack",
        [TAMIS_MESSAGE_TASK_FAILED] = "task_failed",
        [TAMIS_MESSAGE_HEARTBEAT] = "heartbeat",
        [TAMIS_MESSAGE_SUBMIT] = "submit",
        [TAMIS_MESSAGE_SUBMITTED] = "submitted",
        [TAMIS_MESSAGE_STATUS_REQUEST] = "status_request",
        [TAMIS_MESSAGE_STATUS] = "status",
        [TAMIS_MESSAGE_CANCEL] = "cancel",
        [TAMIS_MESSAGE_JOB_DONE] = "job_done",
        [TAMIS_MESSAGE_BYE] = "bye",
    };

    return (unsigned)kind < TAMIS_MESSAGE_KIND_END && names[kind] != NULL ? names[kind] : "unknown";
}

bool tamis_job_id_is_valid(const char *id)
{
    size_t length = strnlen(id, TAMIS_JOB_ID_SIZE);

    return length == TAMIS_JOB_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == length;
}

static bool job_of(const char *text, char out_job[TAMIS_JOB_ID_SIZE])
{
    if (text[0] != 0 && !tamis_job_id_is_valid(text)) {
        return false;
    }
    memcpy(out_job, text, text[0] == 0 ? 1 : TAMIS_JOB_ID_SIZE);
    return true;
}

static bool status_of(uint32_t number, tamis_status *out_status)
{
    *out_status = (tamis_status)number;
    return number <= INT32_MAX && strcmp(tamis_status_name(*out_status), "unknown") != 0;
}

static void counters_of(const uint64_t *counters, size_t count, uint64_t out[TAMIS_COUNTER_COUNT])
{
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        out[i] = i < count ? counters[i] : 0;
    }
}

static bool range_is_valid(uint32_t first, uint32_t end)
{
    return first <= end && end <= TAMIS_STAGES_MAX;
}

static bool decode_task(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_ASSIGN) {
        message->body.assign.stage = envelope->assign->stage;
        message->body.assign.task = envelope->assign->task;
        message->body.assign.lease_ms = envelope->assign->lease_ms;
        return message->body.assign.stage < TAMIS_STAGES_MAX;
    }
    if (message->kind == TAMIS_MESSAGE_TASK_DONE) {
        const Tamis__V1__TaskDone *done = envelope->task_done;

        message->body.task_done.stage = done->stage;
        message->body.task_done.task = done->task;
        message->body.task_done.skip_stages = done->skip_stages;
        message->body.task_done.bytes = done->bytes;
        message->body.task_done.documents = done->documents;
        counters_of(done->counters, done->n_counters, message->body.task_done.counters);
        return done->stage < TAMIS_STAGES_MAX && done->skip_stages < TAMIS_STAGES_MAX;
    }
    message->body.task_failed.stage = envelope->task_failed->stage;
    message->body.task_failed.task = envelope->task_failed->task;
    message->body.task_failed.is_retryable = envelope->task_failed->is_retryable;
    message->body.task_failed.text = envelope->task_failed->text;
    return envelope->task_failed->stage < TAMIS_STAGES_MAX &&
           status_of(envelope->task_failed->status, &message->body.task_failed.status) &&
           message->body.task_failed.status != TAMIS_OK;
}

static bool decode_stages(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_FETCH) {
        message->body.fetch.has_job = envelope->fetch->has_job;
        message->body.fetch.first_stage = envelope->fetch->first_stage;
        message->body.fetch.end_stage = envelope->fetch->end_stage;
        return range_is_valid(envelope->fetch->first_stage, envelope->fetch->end_stage);
    }
    message->body.owners.first_stage = envelope->owners->first_stage;
    message->body.owners.end_stage = envelope->owners->end_stage;
    message->body.owners.folders = (const char *const *)envelope->owners->folders;
    message->body.owners.folder_count = envelope->owners->n_folders;
    return range_is_valid(envelope->owners->first_stage, envelope->owners->end_stage) &&
           envelope->owners->n_folders < TAMIS_WIRE_NO_FOLDER;
}

static tamis_status decode_heartbeat(const Tamis__V1__Heartbeat *heartbeat, wire_box *box)
{
    tamis_held *held = calloc(heartbeat->n_held + 1, sizeof(*held));

    if (held == NULL) {
        return TAMIS_ENOMEM;
    }
    box->rows = held;
    for (size_t i = 0; i < heartbeat->n_held; i++) {
        held[i].fence = heartbeat->held[i]->fence;
        held[i].stage = heartbeat->held[i]->stage;
        held[i].task = heartbeat->held[i]->task;
        held[i].bytes = heartbeat->held[i]->bytes;
        held[i].documents = heartbeat->held[i]->documents;
        if (!job_of(heartbeat->held[i]->job, held[i].job) || held[i].stage >= TAMIS_STAGES_MAX) {
            return TAMIS_EFORMAT;
        }
    }
    for (size_t i = 0; i < heartbeat->n_jobs; i++) {
        if (!tamis_job_id_is_valid(heartbeat->jobs[i])) {
            return TAMIS_EFORMAT;
        }
    }
    box->message.body.heartbeat.held = held;
    box->message.body.heartbeat.held_count = heartbeat->n_held;
    box->message.body.heartbeat.credit = heartbeat->credit;
    box->message.body.heartbeat.jobs = (const char *const *)heartbeat->jobs;
    box->message.body.heartbeat.job_count = heartbeat->n_jobs;
    return heartbeat->credit <= TAMIS_WORKER_CREDIT_MAX ? TAMIS_OK : TAMIS_EFORMAT;
}

static bool decode_stage(const Tamis__V1__Stage *stage, tamis_stage_status *out)
{
    out->stage.kind = (tamis_stage_kind)stage->kind;
    out->stage.level = (tamis_level_id)stage->level;
    out->stage.task_count = stage->task_count;
    out->stage.is_local = stage->is_local;
    out->tasks_done = stage->tasks_done;
    out->is_complete = stage->is_complete;
    out->is_skipped = stage->is_skipped;
    out->bytes = stage->bytes;
    out->documents = stage->documents;
    out->elapsed_ms = stage->elapsed_ms;
    counters_of(stage->counters, stage->n_counters, out->counters);
    return stage->kind < TAMIS_STAGE_KIND_COUNT && stage->level < TAMIS_LEVEL_COUNT;
}

static tamis_status decode_status(const Tamis__V1__Status *status, wire_box *box)
{
    tamis_run_status *run = calloc(1, sizeof(*run));

    if (run == NULL) {
        return TAMIS_ENOMEM;
    }
    box->rows = run;
    box->message.body.status = run;
    memcpy(run->job_id, box->message.job, sizeof(run->job_id));
    run->state = (tamis_run_state)status->state;
    run->stage = status->stage;
    run->tasks_running = status->tasks_running;
    run->worker_count = status->worker_count;
    run->tasks_executed = status->tasks_executed;
    run->tasks_lost = status->tasks_lost;
    if (status->state >= TAMIS_RUN_STATE_COUNT || status->n_stages > TAMIS_STAGES_MAX ||
        status->stage > status->n_stages || !status_of(status->fault, &run->fault.status)) {
        return TAMIS_EFORMAT;
    }
    (void)snprintf(run->fault.text, sizeof(run->fault.text), "%s", status->fault_text);
    run->stage_count = (uint32_t)status->n_stages;
    for (size_t i = 0; i < status->n_stages; i++) {
        if (!decode_stage(status->stages[i], &run->stages[i])) {
            return TAMIS_EFORMAT;
        }
    }
    return TAMIS_OK;
}

static bool decode_peer(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_HELLO) {
        message->body.hello.build.protocol = envelope->hello->protocol;
        message->body.hello.build.build = envelope->hello->build;
        message->body.hello.build.zstd = envelope->hello->zstd;
        message->body.hello.thread_count = envelope->hello->thread_count;
        message->body.hello.host = envelope->hello->host;
        message->body.hello.data_folder = envelope->hello->data_folder;
        return envelope->hello->data_folder[0] == '/';
    }
    message->body.submit.build.protocol = envelope->submit->protocol;
    message->body.submit.build.build = envelope->submit->build;
    message->body.submit.build.zstd = envelope->submit->zstd;
    message->body.submit.is_data_kept = envelope->submit->is_data_kept;
    return true;
}

static bool decode_answer(const Tamis__V1__Envelope *envelope, tamis_message *message)
{
    if (message->kind == TAMIS_MESSAGE_WELCOME) {
        message->body.welcome.heartbeat_ms = envelope->welcome->heartbeat_ms;
        message->body.welcome.lease_ms = envelope->welcome->lease_ms;
        return envelope->welcome->heartbeat_ms != 0;
    }
    if (message->kind == TAMIS_MESSAGE_REFUSED) {
        message->body.refused.text = envelope->refused->text;
        return status_of(envelope->refused->status, &message->body.refused.status);
    }
    if (message->kind == TAMIS_MESSAGE_SUBMITTED) {
        message->body.refused.text = envelope->submitted->text;
        return status_of(envelope->submitted->status, &message->body.refused.status);
    }
    message->body.refused.text = "";
    return status_of(envelope->task_ack->status, &message->body.refused.status);
}

static tamis_status decode_body(const Tamis__V1__Envelope *envelope, wire_box *box)
{
    tamis_message *message = &box->message;
    bool is_valid = true;

    switch (message->kind) {
    case TAMIS_MESSAGE_HELLO:
    case TAMIS_MESSAGE_SUBMIT:
        is_valid = decode_peer(envelope, message);
        break;
    case TAMIS_MESSAGE_WELCOME:
    case TAMIS_MESSAGE_REFUSED:
    case TAMIS_MESSAGE_SUBMITTED:
    case TAMIS_MESSAGE_TASK_ACK:
        is_valid = decode_answer(envelope, message);
        break;
    case TAMIS_MESSAGE_ASSIGN:
    case TAMIS_MESSAGE_TASK_DONE:
    case TAMIS_MESSAGE_TASK_FAILED:
        is_valid = decode_task(envelope, message);
        break;
    case TAMIS_MESSAGE_FETCH:
    case TAMIS_MESSAGE_OWNERS:
        is_valid = decode_stages(envelope, message);
        break;
    case TAMIS_MESSAGE_HEARTBEAT:
        return decode_heartbeat(envelope->heartbeat, box);
    case TAMIS_MESSAGE_STATUS:
        return decode_status(envelope->status, box);
    case TAMIS_MESSAGE_TASK_REQUEST:
        message->body.task_request.credit = envelope->task_request->credit;
        is_valid = envelope->task_request->credit <= TAMIS_WORKER_CREDIT_MAX;
        break;
    case TAMIS_MESSAGE_JOB_DONE:
        message->body.job_done.is_data_kept = envelope->job_done->is_data_kept;
        break;
    case TAMIS_MESSAGE_JOB_INFO:
    case TAMIS_MESSAGE_STATUS_REQUEST:
    case TAMIS_MESSAGE_CANCEL:
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
    static_assert((int)TAMIS__V1__ENVELOPE__BODY_BYE == (int)TAMIS_MESSAGE_BYE + 15, "kinds");
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
    if (message->kind == TAMIS_MESSAGE_KIND_END || !job_of(envelope->job, message->job)) {
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
