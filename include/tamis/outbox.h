/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.h - packets that a pure core wants sent, in order.
 *
 * Packets are encoded when they are added, so that nothing is borrowed from the core, which may go
 * on before its loop gets to send.
 *
 * Pure.
 */
#ifndef TAMIS_OUTBOX_H
#define TAMIS_OUTBOX_H

#include "tamis/wire.h"

#define TAMIS_OUTBOX_PEER_MAX 64

typedef struct tamis_outgoing {
    uint8_t peer[TAMIS_OUTBOX_PEER_MAX];
    size_t peer_size; /* 0: to the coordinator */
    size_t control_first;
    size_t control_size;
    size_t bulk_first;
    size_t bulk_size;
} tamis_outgoing;

typedef struct tamis_outbox {
    tamis_buf bytes;
    tamis_outgoing *packets;
    size_t count;
    size_t capacity;
} tamis_outbox;

void tamis_outbox_init(tamis_outbox *outbox);
void tamis_outbox_fini(tamis_outbox *outbox);
void tamis_outbox_reset(tamis_outbox *outbox); /* keeps its memory */

/* peer is at most TAMIS_OUTBOX_PEER_MAX bytes. TAMIS_ENOMEM; TAMIS_ELIMIT as _encode. */
TAMIS_MUST_USE
tamis_status tamis_outbox_add(tamis_outbox *outbox, tamis_slice peer, const tamis_message *message,
                              tamis_slice bulk);

/* Valid until the outbox changes. */
static inline tamis_slice tamis_outbox_peer(const tamis_outbox *outbox, size_t index)
{
    return tamis_slice_of(outbox->packets[index].peer, outbox->packets[index].peer_size);
}

static inline tamis_slice tamis_outbox_control(const tamis_outbox *outbox, size_t index)
{
    return tamis_slice_of(outbox->bytes.data + outbox->packets[index].control_first,
                          outbox->packets[index].control_size);
}

static inline tamis_slice tamis_outbox_bulk(const tamis_outbox *outbox, size_t index)
{
    return tamis_slice_of(outbox->bytes.data + outbox->packets[index].bulk_first,
                          outbox->packets[index].bulk_size);
}

#endif
