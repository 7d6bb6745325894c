/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <sys/random.h>

#include "tamis/attempt.h"
#include "tamis/wire.h"

#define STATUS_MS     200  /* between questions */
#define RESEND_MS     1000 /* of a piece of the job that is not answered */
#define QUEUE_MAX     4    /* packets: pieces that wait for a coordinator that is away */
#define CANCEL_MS     5000 /* for the coordinator to confirm */
#define IDENTITY_SIZE 20

typedef struct submission {
    const tamis_client_options *options;
    tamis_socket *socket;
    tamis_packet *packet;
    tamis_buf packed; /* the job */
    tamis_digest digest;
    uint64_t offset;       /* of packed: what the coordinator asked for last */
    uint64_t chunk_offset; /* of the piece that was sent last */
    tamis_buf control;     /* scratch */
    tamis_run_status *status;
    uint64_t sequence;
    uint64_t heard_ms;
    uint64_t sent_ms;
    uint64_t cancel_ms; /* when the cancellation was sent first; 0: not */
    bool is_submitted;
    bool has_ended;
    tamis_status outcome;
    char job_id[TAMIS_JOB_ID_SIZE];
    char build[TAMIS_BUILD_TEXT_SIZE];
} submission;

static tamis_status send(submission *client, tamis_message *message, tamis_slice bulk,
                         tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    message->sequence = ++client->sequence;
    tamis_buf_reset(&client->control);
    status = tamis_wire_encode(message, &client->control);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "cannot make a %s message",
                             tamis_message_kind_name(message->kind));
    }
    client->sent_ms = tamis_net_now_ms();
    status = tamis_socket_send(client->socket, tamis_slice_of(NULL, 0),
                               tamis_buf_slice(&client->control), bulk);
    /* A full queue means that nobody listens: the next round tries again. */
    return status == TAMIS_EAGAIN ? TAMIS_OK : status;
}

static tamis_status send_chunk(submission *client, tamis_err *err)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_SUBMIT};
    uint64_t rest = client->packed.size - client->offset;
    size_t size = rest < TAMIS_JOB_CHUNK_MAX ? (size_t)rest : TAMIS_JOB_CHUNK_MAX;

    message.body.submit.build = (tamis_peer_build){
        .protocol = TAMIS_PROTOCOL_VERSION, .build = client->build, .zstd = tamis_build_zstd()};
    message.body.submit.is_data_kept = client->options->is_data_kept;
    message.body.submit.offset = client->offset;
    message.body.submit.total = client->packed.size;
    message.body.submit.digest = client->digest;
    client->chunk_offset = client->offset;
    return send(client, &message, tamis_slice_of(client->packed.data + client->offset, size), err);
}

static tamis_status send_question(submission *client, tamis_message_kind kind, tamis_err *err)
{
    tamis_message message = {.kind = kind};

    memcpy(message.job, client->job_id, sizeof(message.job));
    return send(client, &message, tamis_slice_of(NULL, 0), err);
}

static bool is_canceled(const submission *client)
{
    return client->options->is_canceled != NULL &&
           atomic_load_explicit(client->options->is_canceled, memory_order_relaxed);
}

/* What is due: the submission, a question, the wish to cancel. */
static tamis_status speak(submission *client, tamis_err *err)
{
    uint64_t now_ms = tamis_net_now_ms();
    uint64_t since_ms = now_ms - client->sent_ms;

    if (is_canceled(client)) {
        if (!client->options->is_cancel_sent || !client->is_submitted ||
            (client->cancel_ms != 0 && now_ms - client->cancel_ms >= CANCEL_MS)) {
            return tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        }
        if (client->cancel_ms != 0 && since_ms < STATUS_MS) {
            return TAMIS_OK;
        }
        client->cancel_ms = client->cancel_ms == 0 ? now_ms : client->cancel_ms;
        return send_question(client, TAMIS_MESSAGE_CANCEL, err);
    }
    if (!client->is_submitted) {
        return client->sent_ms == 0 || since_ms >= RESEND_MS ? send_chunk(client, err) : TAMIS_OK;
    }
    return since_ms >= STATUS_MS ? send_question(client, TAMIS_MESSAGE_STATUS_REQUEST, err)
                                 : TAMIS_OK;
}

static void report(submission *client)
{
    if (client->options->progress != NULL) {
        client->options->progress(client->options->progress_context, client->status);
    }
}

/* The answer to a piece that was repeated comes twice: only one that asks for another piece than
 * the one under way is followed at once, all else is left to the repetition. */
static tamis_status on_chunk_taken(submission *client, const tamis_message *message, tamis_err *err)
{
    client->offset = message->body.refused.offset;
    if (client->offset > client->packed.size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: the coordinator asks for what is not there",
                             client->options->url);
    }
    return client->offset == client->chunk_offset ? TAMIS_OK : send_chunk(client, err);
}

static tamis_status on_submitted(submission *client, const tamis_message *message, tamis_err *err)
{
    if (message->body.refused.status == TAMIS_EAGAIN) {
        return on_chunk_taken(client, message, err);
    }
    if (message->body.refused.status != TAMIS_OK) {
        return tamis_err_set(err, message->body.refused.status, "%s", message->body.refused.text);
    }
    client->is_submitted = true;
    client->sent_ms = 0; /* ask at once */
    memcpy(client->job_id, message->job, sizeof(client->job_id));
    if (client->options->is_detached) {
        memcpy(client->status->job_id, message->job, sizeof(client->status->job_id));
        client->status->state = TAMIS_RUN_QUEUED;
        client->has_ended = true;
    }
    return TAMIS_OK;
}

static tamis_status on_status(submission *client, const tamis_message *message, tamis_err *err)
{
    *client->status = *message->body.status;
    report(client);
    client->has_ended = true;
    if (client->status->state == TAMIS_RUN_DONE) {
        return TAMIS_OK;
    }
    if (client->status->state == TAMIS_RUN_FAILED) {
        return tamis_err_set(err, client->status->fault.status, "%s", client->status->fault.text);
    }
    if (client->status->state == TAMIS_RUN_CANCELED) {
        return tamis_err_set(err, TAMIS_ECANCELED, "the job was canceled");
    }
    client->has_ended = false;
    return TAMIS_OK;
}

static tamis_status on_message(submission *client, const tamis_message *message, tamis_err *err)
{
    client->heard_ms = tamis_net_now_ms();
    if (message->kind == TAMIS_MESSAGE_SUBMITTED && !client->is_submitted) {
        return on_submitted(client, message, err);
    }
    if (message->kind == TAMIS_MESSAGE_STATUS && client->is_submitted &&
        strcmp(message->job, client->job_id) == 0) {
        return on_status(client, message, err);
    }
    if (message->kind != TAMIS_MESSAGE_REFUSED) {
        return TAMIS_OK;
    }
    if (message->body.refused.status != TAMIS_ENOENT &&
        !tamis_status_is_retryable(message->body.refused.status)) {
        return tamis_err_set(err, message->body.refused.status, "%s: %s", client->options->url,
                             message->body.refused.text);
    }
    client->is_submitted = false; /* it lost its ledger: the job is submitted again */
    client->offset = 0;
    return TAMIS_OK;
}

static tamis_status listen(submission *client, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && !client->has_ended) {
        tamis_message *message = NULL;

        status = tamis_socket_receive(client->socket, client->packet);
        if (status == TAMIS_EAGAIN) {
            return TAMIS_OK;
        }
        if (status == TAMIS_OK) {
            status = tamis_wire_decode(tamis_packet_control(client->packet), &message, err);
        }
        if (status == TAMIS_OK) {
            status = on_message(client, message, err);
        }
        tamis_message_destroy(message);
    }
    return status;
}

static tamis_status wait_for_more(submission *client, tamis_err *err)
{
    bool is_ready = false;
    tamis_status status = tamis_net_poll(&client->socket, 1, STATUS_MS / 2, &is_ready, err);

    if (status == TAMIS_OK) {
        status = tamis_socket_fault(client->socket, err);
    }
    if (status == TAMIS_OK && client->options->check != NULL) {
        status = client->options->check(client->options->check_context, err);
    }
    if (status == TAMIS_OK && !is_ready && client->status->state == TAMIS_RUN_CONNECTING) {
        report(client);
    }
    if (status == TAMIS_OK &&
        tamis_net_now_ms() - client->heard_ms >= client->options->give_up_ms) {
        status = tamis_err_set(err, TAMIS_EPEER, "%s: no coordinator answered for %llu s",
                               client->options->url,
                               (unsigned long long)client->options->give_up_ms / 1000);
    }
    return status;
}

static tamis_status connect_client(submission *client, tamis_err *err)
{
    uint64_t number = 0;
    char identity[IDENTITY_SIZE];
    tamis_socket_options options = {
        .kind = TAMIS_SOCKET_DEALER,
        .queue_max = QUEUE_MAX,
        .frame_size_max = TAMIS_WIRE_BULK_MAX,
        .security = client->options->security,
    };
    tamis_status status = tamis_build_text(client->build);

    if (getentropy(&number, sizeof(number)) != 0) {
        return tamis_err_errno(err, errno, "cannot make a name for the client");
    }
    (void)snprintf(identity, sizeof(identity), "c-%016llx", (unsigned long long)number);
    options.identity = tamis_slice_of_string(identity);
    client->packet = tamis_packet_create();
    if (status == TAMIS_OK && client->packet != NULL) {
        status = tamis_job_pack(client->options->job, &client->packed);
    }
    if (status != TAMIS_OK || client->packet == NULL) {
        return tamis_err_set(err, status == TAMIS_OK ? TAMIS_ENOMEM : status,
                             "the job cannot be packed");
    }
    client->digest = tamis_hash128(client->packed.data, client->packed.size);
    status = tamis_socket_open(client->options->net, &options, &client->socket, err);
    return status == TAMIS_OK ? tamis_socket_connect(client->socket, client->options->url, err)
                              : status;
}

tamis_status tamis_client_run(const tamis_client_options *options, tamis_run_status *status,
                              tamis_err *err)
{
    submission client = {
        .options = options,
        .status = status,
        .heard_ms = tamis_net_now_ms(),
    };
    tamis_status result = TAMIS_OK;

    *status = (tamis_run_status){.state = TAMIS_RUN_CONNECTING};
    (void)snprintf(status->job_id, sizeof(status->job_id), "%s", options->job->id);
    tamis_buf_init(&client.packed, TAMIS_JOB_BYTES_MAX);
    tamis_buf_init(&client.control, TAMIS_WIRE_CONTROL_MAX);
    result = connect_client(&client, err);
    while (result == TAMIS_OK && !client.has_ended) {
        result = speak(&client, err);
        if (result == TAMIS_OK) {
            result = wait_for_more(&client, err);
        }
        if (result == TAMIS_OK) {
            result = listen(&client, err);
        }
    }
    tamis_socket_close(client.socket);
    tamis_packet_destroy(client.packet);
    tamis_buf_fini(&client.packed);
    tamis_buf_fini(&client.control);
    return result;
}
