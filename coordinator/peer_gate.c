/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_gate.h"

#include <assert.h>
#include <stdlib.h>

#include "tamis/hash.h"

#define SLOTS (2 * TAMIS_PEER_GATE_MAX) /* half full at most */

static_assert((SLOTS & (SLOTS - 1)) == 0, "slots are masked");

typedef struct gate_row {
    uint64_t heard_ms;
    uint8_t peer_size; /* 0: free */
    uint8_t peer[TAMIS_PEER_SIZE_MAX];
    char user[TAMIS_USER_SIZE];
} gate_row;

struct tamis_peer_gate {
    gate_row *rows; /* open addressing, without gaps */
    size_t count;
};

tamis_status tamis_peer_gate_create(tamis_peer_gate **out_gate)
{
    tamis_peer_gate *gate = calloc(1, sizeof(*gate));

    if (gate == NULL) {
        return TAMIS_ENOMEM;
    }
    *out_gate = gate;
    return TAMIS_OK;
}

void tamis_peer_gate_destroy(tamis_peer_gate *gate)
{
    if (gate != NULL) {
        free(gate->rows);
        free(gate);
    }
}

static uint32_t needed_role(tamis_message_kind kind)
{
    switch (kind) {
    case TAMIS_MESSAGE_HELLO:
    case TAMIS_MESSAGE_TASK_REQUEST:
    case TAMIS_MESSAGE_FETCH:
    case TAMIS_MESSAGE_TASK_DONE:
    case TAMIS_MESSAGE_TASK_FAILED:
    case TAMIS_MESSAGE_HEARTBEAT:
    case TAMIS_MESSAGE_BYE:
        return TAMIS_ROLE_WORKER;
    case TAMIS_MESSAGE_SUBMIT:
    case TAMIS_MESSAGE_STATUS_REQUEST:
    case TAMIS_MESSAGE_PAUSE:
    case TAMIS_MESSAGE_RESUME:
    case TAMIS_MESSAGE_CANCEL:
    case TAMIS_MESSAGE_JOBS_REQUEST:
    case TAMIS_MESSAGE_WORKERS_REQUEST:
    case TAMIS_MESSAGE_DRAIN:
        return TAMIS_ROLE_CLIENT;
    case TAMIS_MESSAGE_WELCOME:
    case TAMIS_MESSAGE_REFUSED:
    case TAMIS_MESSAGE_ASSIGN:
    case TAMIS_MESSAGE_JOB_INFO:
    case TAMIS_MESSAGE_OWNERS:
    case TAMIS_MESSAGE_TASK_ACK:
    case TAMIS_MESSAGE_SUBMITTED:
    case TAMIS_MESSAGE_STATUS:
    case TAMIS_MESSAGE_JOB_DONE:
    case TAMIS_MESSAGE_FOLDERS:
    case TAMIS_MESSAGE_JOBS:
    case TAMIS_MESSAGE_WORKERS:
    case TAMIS_MESSAGE_ANSWER:
    case TAMIS_MESSAGE_KIND_END:
        break;
    }
    return 0; /* what only a coordinator says */
}

static size_t home_of(tamis_slice peer)
{
    return (size_t)tamis_hash64(peer.data, peer.size) & (SLOTS - 1);
}

static tamis_slice row_peer(const gate_row *row)
{
    return tamis_slice_of(row->peer, row->peer_size);
}

/* The peer's row, or the free one where it would be. */
static gate_row *find_row(tamis_peer_gate *gate, tamis_slice peer)
{
    size_t i = home_of(peer);

    while (gate->rows[i].peer_size != 0 && !tamis_slice_is_equal(row_peer(&gate->rows[i]), peer)) {
        i = (i + 1) & (SLOTS - 1);
    }
    return &gate->rows[i];
}

/* Frees the row and moves up those behind it that would not be found any more. */
static void remove_row(tamis_peer_gate *gate, gate_row *row)
{
    size_t gap = (size_t)(row - gate->rows);
    size_t i = gap;

    gate->count--;
    for (;;) {
        gate->rows[gap].peer_size = 0;
        for (;;) {
            size_t home = 0;

            i = (i + 1) & (SLOTS - 1);
            if (gate->rows[i].peer_size == 0) {
                return;
            }
            home = home_of(row_peer(&gate->rows[i]));
            if (((i - home) & (SLOTS - 1)) >= ((i - gap) & (SLOTS - 1))) {
                break;
            }
        }
        gate->rows[gap] = gate->rows[i];
        gap = i;
    }
}

/* What is removed may be followed by a row that moves into its place: that one is looked at in the
 * next call. */
static void remove_silent(tamis_peer_gate *gate, uint64_t now_ms)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (gate->rows[i].peer_size != 0 &&
            now_ms - gate->rows[i].heard_ms > TAMIS_PEER_GATE_SILENT_MS) {
            remove_row(gate, &gate->rows[i]);
        }
    }
}

static tamis_status add_row(tamis_peer_gate *gate, tamis_slice peer, const char *user,
                            uint64_t now_ms, tamis_err *err)
{
    gate_row *row = NULL;

    if (gate->count == TAMIS_PEER_GATE_MAX) {
        remove_silent(gate, now_ms);
    }
    if (gate->count == TAMIS_PEER_GATE_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "the coordinator has %d workers, which is the most",
                             TAMIS_PEER_GATE_MAX);
    }
    row = find_row(gate, peer);
    *row = (gate_row){.heard_ms = now_ms, .peer_size = (uint8_t)peer.size};
    memcpy(row->peer, peer.data, peer.size);
    (void)snprintf(row->user, sizeof(row->user), "%s", user);
    gate->count++;
    return TAMIS_OK;
}

static tamis_status check_owner(tamis_peer_gate *gate, tamis_message_kind kind, tamis_slice peer,
                                const char *user, uint64_t now_ms, tamis_err *err)
{
    gate_row *row = NULL;

    if (gate->rows == NULL) {
        gate->rows = calloc(SLOTS, sizeof(*gate->rows));
        if (gate->rows == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for names of workers");
        }
    }
    row = find_row(gate, peer);
    if (row->peer_size == 0) {
        return kind == TAMIS_MESSAGE_HELLO ? add_row(gate, peer, user, now_ms, err) : TAMIS_OK;
    }
    if (strcmp(row->user, user) != 0) {
        return tamis_err_set(err, TAMIS_EDENIED, "the key '%s' speaks as the worker of another key",
                             user);
    }
    row->heard_ms = now_ms;
    if (kind == TAMIS_MESSAGE_BYE) {
        remove_row(gate, row);
    }
    return TAMIS_OK;
}

tamis_status tamis_peer_gate_check(tamis_peer_gate *gate, tamis_message_kind kind, tamis_slice peer,
                                   const char *user, uint32_t roles, uint64_t now_ms,
                                   tamis_err *err)
{
    uint32_t needed = needed_role(kind);

    if (user[0] == '\0') {
        return TAMIS_OK;
    }
    if (peer.size == 0 || peer.size > TAMIS_PEER_SIZE_MAX) {
        return tamis_err_set(err, TAMIS_EDENIED, "a routing id of %zu bytes", peer.size);
    }
    if (needed == 0) {
        return tamis_err_set(err, TAMIS_EDENIED, "%s messages come from coordinators only",
                             tamis_message_kind_name(kind));
    }
    if ((roles & needed) == 0) {
        return tamis_err_set(
            err, TAMIS_EDENIED, "the key '%s' is not a %s's: %s messages are not for it", user,
            needed == TAMIS_ROLE_WORKER ? "worker" : "client", tamis_message_kind_name(kind));
    }
    return needed == TAMIS_ROLE_WORKER ? check_owner(gate, kind, peer, user, now_ms, err)
                                       : TAMIS_OK;
}
