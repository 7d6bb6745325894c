/* SPDX-License-Identifier: Apache-2.0 */
/* door.h - the coordinator's side of security: the guard, its allow-list as the file says, and who
 * may say what.
 *
 * Without keys the door is open: everything passes.
 *
 * Threads: not thread-safe; the control thread owns it.
 */
#ifndef TAMIS_DOOR_H
#define TAMIS_DOOR_H

#include "peer_gate.h"
#include "tamis/coordinator.h"

typedef struct tamis_door tamis_door;

/* Starts the guard and reads the allow-list, before anything is bound. What tamis_allowed_renew and
 * tamis_net_guard_start return. The options outlive the door. */
TAMIS_MUST_USE
tamis_status tamis_door_open(const tamis_coordinator_options *options, tamis_door **out_door,
                             tamis_err *err);
void tamis_door_close(tamis_door *door); /* NULL is allowed */

/* Reads the allow-list again when it has changed, and tells in the log of handshakes that were
 * refused and of strangers that were hung up on (how many since the start). A list that cannot be
 * read changes nothing, and is told of. */
void tamis_door_tick(tamis_door *door, uint64_t hung_up, uint64_t now_ms);

/* tamis_peer_gate_check for a packet, and that a worker's Hello names the key that it came under:
 * others will let that one in. What is refused is counted for the log. */
TAMIS_MUST_USE
tamis_status tamis_door_check(tamis_door *door, const tamis_message *message,
                              const tamis_packet *packet, uint64_t now_ms, tamis_err *err);
/* Counts a packet that came under a key that is not allowed any more, and writes why. */
void tamis_door_turn_away(tamis_door *door, tamis_err *err);

#endif
