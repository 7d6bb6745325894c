/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/outbox.h"

#define OUTBOX_FIRST_CAPACITY 16

void tamis_outbox_init(tamis_outbox *outbox)
{
    *outbox = (tamis_outbox){.count = 0};
    tamis_buf_init(&outbox->bytes, 0);
}

void tamis_outbox_fini(tamis_outbox *outbox)
{
    tamis_buf_fini(&outbox->bytes);
    free(outbox->packets);
    *outbox = (tamis_outbox){.count = 0};
}

void tamis_outbox_reset(tamis_outbox *outbox)
{
    tamis_buf_reset(&outbox->bytes);
    outbox->count = 0;
}

static tamis_status outbox_grow(tamis_outbox *outbox)
{
    size_t capacity = outbox->capacity == 0 ? OUTBOX_FIRST_CAPACITY : outbox->capacity * 2;
    tamis_outgoing *packets = NULL;

    if (outbox->count < outbox->capacity) {
        return TAMIS_OK;
    }
    packets = reallocarray(outbox->packets, capacity, sizeof(*packets));
    if (packets == NULL) {
        return TAMIS_ENOMEM;
    }
    outbox->packets = packets;
    outbox->capacity = capacity;
    return TAMIS_OK;
}

tamis_status tamis_outbox_add(tamis_outbox *outbox, tamis_slice peer, const tamis_message *message,
                              tamis_slice bulk)
{
    size_t first = outbox->bytes.size;
    size_t bulk_first = 0;
    tamis_outgoing *packet = NULL;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(peer.size <= TAMIS_OUTBOX_PEER_MAX);
    status = outbox_grow(outbox);
    if (status == TAMIS_OK) {
        status = tamis_wire_encode(message, &outbox->bytes);
    }
    bulk_first = outbox->bytes.size;
    if (status == TAMIS_OK) {
        status = tamis_buf_append(&outbox->bytes, bulk.data, bulk.size);
    }
    if (status != TAMIS_OK) {
        outbox->bytes.size = first;
        return status;
    }
    packet = &outbox->packets[outbox->count++];
    *packet = (tamis_outgoing){
        .peer_size = peer.size,
        .control_first = first,
        .control_size = bulk_first - first,
        .bulk_first = bulk_first,
        .bulk_size = bulk.size,
    };
    if (peer.size != 0) {
        memcpy(packet->peer, peer.data, peer.size);
    }
    return TAMIS_OK;
}
