/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/control.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>

#include "tamis/net.h"

#define RESEND_MS     1000
#define POLL_MS       100
#define IDENTITY_SIZE 20

struct tamis_control {
    tamis_control_options options;
    tamis_net *net;
    tamis_socket *socket;
    tamis_packet *packet;
    tamis_buf control; /* scratch */
    uint64_t sequence;
};

static tamis_status connect_control(tamis_control *control, tamis_err *err)
{
    uint64_t number = 0;
    char identity[IDENTITY_SIZE];
    tamis_socket_options options = {
        .kind = TAMIS_SOCKET_DEALER,
        .frame_size_max = TAMIS_WIRE_BULK_MAX,
        .security = control->options.security,
    };
    tamis_status status = TAMIS_OK;

    if (getentropy(&number, sizeof(number)) != 0) {
        return tamis_err_errno(err, errno, "cannot make a name for the client");
    }
    (void)snprintf(identity, sizeof(identity), "c-%016llx", (unsigned long long)number);
    options.identity = tamis_slice_of_string(identity);
    control->packet = tamis_packet_create();
    if (control->packet == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for packets");
    }
    status = tamis_net_create(&control->net, err);
    if (status == TAMIS_OK) {
        status = tamis_socket_open(control->net, &options, &control->socket, err);
    }
    return status == TAMIS_OK ? tamis_socket_connect(control->socket, control->options.url, err)
                              : status;
}

tamis_status tamis_control_open(const tamis_control_options *options, tamis_control **out_control,
                                tamis_err *err)
{
    tamis_control *control = calloc(1, sizeof(*control));
    tamis_status status = TAMIS_OK;

    if (control == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a connection");
    }
    control->options = *options;
    tamis_buf_init(&control->control, TAMIS_WIRE_CONTROL_MAX);
    status = connect_control(control, err);
    control->options.security = NULL; /* the socket has what it needs */
    if (status != TAMIS_OK) {
        tamis_control_close(control);
        return status;
    }
    *out_control = control;
    return TAMIS_OK;
}

void tamis_control_close(tamis_control *control)
{
    if (control == NULL) {
        return;
    }
    tamis_socket_close(control->socket);
    tamis_packet_destroy(control->packet);
    tamis_net_destroy(control->net);
    tamis_buf_fini(&control->control);
    free(control);
}

static tamis_status send_message(tamis_control *control, tamis_message *message, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    message->sequence = ++control->sequence;
    tamis_buf_reset(&control->control);
    status = tamis_wire_encode(message, &control->control);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "cannot make a %s message",
                             tamis_message_kind_name(message->kind));
    }
    status = tamis_socket_send(control->socket, tamis_slice_of(NULL, 0),
                               tamis_buf_slice(&control->control), tamis_slice_of(NULL, 0));
    /* A full queue means that nobody listens: the next round tries again. */
    return status == TAMIS_EAGAIN ? TAMIS_OK : status;
}

/* Takes one packet. *out_answer stays NULL where it is of no interest. */
static tamis_status take_answer(tamis_control *control, const tamis_message *question,
                                tamis_message_kind kind, tamis_message **out_answer, tamis_err *err)
{
    tamis_message *message = NULL;
    tamis_status status = tamis_socket_receive(control->socket, control->packet);

    if (status == TAMIS_OK) {
        status = tamis_wire_decode(tamis_packet_control(control->packet), &message, err);
    }
    if (status != TAMIS_OK) {
        return status == TAMIS_EAGAIN ? TAMIS_OK : status;
    }
    if (message->kind == TAMIS_MESSAGE_REFUSED && (strcmp(message->job, question->job) == 0 ||
                                                   message->body.refused.status == TAMIS_EDENIED)) {
        status = tamis_err_set(err, message->body.refused.status, "%s", message->body.refused.text);
    } else if (message->kind == kind && strcmp(message->job, question->job) == 0) {
        *out_answer = message;
        return TAMIS_OK;
    }
    tamis_message_destroy(message);
    return status;
}

tamis_status tamis_control_ask(tamis_control *control, tamis_message *message,
                               tamis_message_kind answer, tamis_message **out_answer,
                               tamis_err *err)
{
    uint64_t began_ms = tamis_net_now_ms();
    uint64_t sent_ms = 0;
    tamis_message *found = NULL;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && found == NULL) {
        uint64_t now_ms = tamis_net_now_ms();
        bool is_ready = false;

        if (control->options.is_canceled != NULL &&
            atomic_load_explicit(control->options.is_canceled, memory_order_relaxed)) {
            return tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        }
        if (now_ms - began_ms >= control->options.give_up_ms) {
            return tamis_err_set(err, TAMIS_EPEER, "%s: no coordinator answered for %llu s",
                                 control->options.url,
                                 (unsigned long long)control->options.give_up_ms / 1000);
        }
        if (sent_ms == 0 || now_ms - sent_ms >= RESEND_MS) {
            status = send_message(control, message, err);
            sent_ms = now_ms;
        }
        if (status == TAMIS_OK) {
            status = tamis_net_poll(&control->socket, 1, POLL_MS, &is_ready, err);
        }
        if (status == TAMIS_OK && is_ready) {
            status = take_answer(control, message, answer, &found, err);
        }
        if (status == TAMIS_OK && found == NULL) {
            status = tamis_socket_fault(control->socket, err);
        }
    }
    if (status == TAMIS_OK) {
        *out_answer = found;
    }
    return status;
}
