/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate_frames.h"

#include <errno.h>
#include <sys/socket.h>

#define HEADER_BYTES 8

static tamis_status send_all(int socket, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size != 0) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return TAMIS_EPEER;
        }
        at += sent;
        size -= (size_t)sent;
    }
    return TAMIS_OK;
}

static tamis_status receive_all(int socket, void *out_bytes, size_t size)
{
    uint8_t *at = out_bytes;

    while (size != 0) {
        ssize_t received = recv(socket, at, size, 0);

        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return TAMIS_EPEER;
        }
        at += received;
        size -= (size_t)received;
    }
    return TAMIS_OK;
}

tamis_status isolate_frame_send(int socket, isolate_frame kind, tamis_slice payload)
{
    uint8_t header[HEADER_BYTES];
    tamis_status status = TAMIS_OK;

    if (payload.size > UINT32_MAX) {
        return TAMIS_ELIMIT;
    }
    tamis_put32le(header, (uint32_t)kind);
    tamis_put32le(header + 4, (uint32_t)payload.size);
    status = send_all(socket, header, sizeof(header));
    return status == TAMIS_OK ? send_all(socket, payload.data, payload.size) : status;
}

tamis_status isolate_frame_receive(int socket, size_t payload_max, isolate_frame *out_kind,
                                   tamis_buf *out_payload)
{
    uint8_t header[HEADER_BYTES];
    uint32_t size = 0;
    tamis_status status = receive_all(socket, header, sizeof(header));

    if (status != TAMIS_OK) {
        return status;
    }
    size = tamis_get32le(header + 4);
    if (size > payload_max) {
        return TAMIS_ELIMIT;
    }
    tamis_buf_reset(out_payload);
    status = tamis_buf_reserve(out_payload, size);
    if (status == TAMIS_OK) {
        status = receive_all(socket, out_payload->data, size);
    }
    if (status == TAMIS_OK) {
        out_payload->size = size;
        *out_kind = (isolate_frame)tamis_get32le(header);
    }
    return status;
}

bool isolate_get_text(tamis_fields *fields, char *out_text, size_t size)
{
    tamis_slice text = tamis_get_slice(fields);

    if (fields->is_short || text.size >= size ||
        (text.size != 0 && memchr(text.data, '\0', text.size) != NULL)) {
        return false;
    }
    if (text.size != 0) {
        memcpy(out_text, text.data, text.size);
    }
    out_text[text.size] = '\0';
    return true;
}
