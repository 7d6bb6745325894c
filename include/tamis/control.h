/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - questions and orders of an operator to a coordinator: one answer each.
 *
 * An order is sent again until it is answered: all of them may be repeated. A coordinator that is
 * starting again is waited for.
 *
 * Threads: one.
 */
#ifndef TAMIS_CONTROL_H
#define TAMIS_CONTROL_H

#include "tamis/net.h"
#include "tamis/wire.h"

typedef struct tamis_control tamis_control;

/* Borrowed until _close. */
typedef struct tamis_control_options {
    const char *url;                    /* of the coordinator: tcp://host:port */
    uint64_t give_up_ms;                /* without a word from it for so long */
    const tamis_net_security *security; /* NULL or off: neither encrypted nor checked; read by
                                           _open only */
    const _Atomic bool *is_canceled;    /* NULL: never; polled while waiting */
} tamis_control_options;

/* TAMIS_EARG: malformed url; TAMIS_ENOMEM, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_control_open(const tamis_control_options *options, tamis_control **out_control,
                                tamis_err *err);
void tamis_control_close(tamis_control *control); /* NULL is allowed */

/* Sends the message (its sequence is filled in) and waits for an answer of that kind about the same
 * job. The caller destroys *out_answer. TAMIS_EPEER: nobody answered in time; TAMIS_ECANCELED; a
 * refusal with its status and text (TAMIS_ENOENT: no such job; TAMIS_EDENIED: the role of the key
 * does not reach for it, or the key is not let in). */
TAMIS_MUST_USE
tamis_status tamis_control_ask(tamis_control *control, tamis_message *message,
                               tamis_message_kind answer, tamis_message **out_answer,
                               tamis_err *err);

#endif
