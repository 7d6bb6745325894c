/* SPDX-License-Identifier: Apache-2.0 */
/* peer_gate.h - who may say what: the role that each message needs, and whose a routing id is.
 *
 * A routing id is chosen by whoever connects. The user that said Hello under one owns it until it
 * says Bye or is silent for long, and nobody else may speak as a worker under it.
 *
 * Pure:    no I/O, no clock.
 * Memory:  a table that grows up to TAMIS_PEER_GATE_MAX rows.
 * Threads: not thread-safe; the control thread owns it.
 */
#ifndef TAMIS_PEER_GATE_H
#define TAMIS_PEER_GATE_H

#include "tamis/net.h"
#include "tamis/wire.h"

#define TAMIS_PEER_GATE_MAX       16384 /* as many as the coordinator knows workers */
#define TAMIS_PEER_GATE_SILENT_MS 3600000

typedef struct tamis_peer_gate tamis_peer_gate;

TAMIS_MUST_USE
tamis_status tamis_peer_gate_create(tamis_peer_gate **out_gate);
void tamis_peer_gate_destroy(tamis_peer_gate *gate); /* NULL is allowed */

/* Whether a message of this kind may come in; err says why not. Without keys `user` is "" and
 * everything may. TAMIS_EDENIED: the role, or another user's routing id; TAMIS_ELIMIT: too many
 * workers; TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_peer_gate_check(tamis_peer_gate *gate, tamis_message_kind kind, tamis_slice peer,
                                   const char *user, uint32_t roles, uint64_t now_ms,
                                   tamis_err *err);

#endif
