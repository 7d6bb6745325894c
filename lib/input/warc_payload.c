/* SPDX-License-Identifier: Apache-2.0 */
#include "warc_payload.h"

#define PAYLOAD_PIECE_BYTES ((size_t)64 << 10)

/* The size line of a chunk at i: hex digits, perhaps an extension, CR LF. Moves *i behind it. */
static bool chunk_size_take(tamis_slice body, size_t *i, size_t *out_size)
{
    size_t p = *i;
    size_t size = 0;
    size_t digits = 0;

    for (; p < body.size; p++, digits++) {
        uint8_t c = body.data[p];
        uint8_t lower = c | 0x20;

        if (c >= '0' && c <= '9') {
            size = size * 16 + (size_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            size = size * 16 + (size_t)(lower - 'a') + 10;
        } else {
            break;
        }
    }
    if (digits == 0 || digits > 15) {
        return false;
    }
    if (p < body.size && (body.data[p] == ';' || body.data[p] == ' ')) {
        const uint8_t *feed = memchr(body.data + p, '\n', body.size - p);

        p = feed == NULL ? body.size : (size_t)(feed - body.data) - 1;
    }
    if (body.size - p < 2 || body.data[p] != '\r' || body.data[p + 1] != '\n') {
        return false;
    }
    *i = p + 2;
    *out_size = size;
    return true;
}

/* Joins the chunks into reader->text. A body that ends early gives what is there. */
static tamis_status chunks_join(tamis_reader *reader, tamis_slice *body, tamis_fault *out_fault,
                                tamis_err *err)
{
    tamis_buf *joined = &reader->text;
    size_t i = 0;
    size_t size = 0;

    tamis_buf_reset(joined);
    if (tamis_buf_reserve(joined, body->size) != TAMIS_OK) {
        return reader_no_memory(reader, err);
    }
    if (!chunk_size_take(*body, &i, &size)) {
        return TAMIS_OK; /* undone already */
    }
    while (size != 0 && i < body->size) {
        if (size > body->size - i) {
            size = body->size - i;
        }
        memcpy(joined->data + joined->size, body->data + i, size);
        joined->size += size;
        i += size;
        size = 0;
        if (body->size - i < 2) {
            break;
        }
        if (memcmp(body->data + i, "\r\n", 2) != 0) {
            *out_fault = TAMIS_FAULT_INVALID_WARC;
            break;
        }
        i += 2;
        if (i < body->size && !chunk_size_take(*body, &i, &size)) {
            *out_fault = TAMIS_FAULT_INVALID_WARC;
        }
    }
    *body = tamis_buf_slice(joined);
    return TAMIS_OK;
}

/* Inflates into reader->scratch. A body that ends early gives what is there. */
static tamis_status gzip_expand(tamis_reader *reader, tamis_slice *body, tamis_fault *out_fault,
                                tamis_err *err)
{
    tamis_source_range range = {
        .compression = TAMIS_COMPRESSION_GZIP, .end = body->size, .size = body->size};
    tamis_buf *expanded = &reader->scratch;
    tamis_status status = TAMIS_OK;

    if (body->size < 2 || body->data[0] != 0x1f || body->data[1] != 0x8b) {
        return TAMIS_OK; /* undone already */
    }
    tamis_buf_reset(expanded);
    if (reader->inner == NULL) {
        tamis_source_options options = {.ratio_max = reader->settings->ratio_max,
                                        .zstd_window_log_max =
                                            reader->settings->zstd_window_log_max};

        status = tamis_source_create(&options, &reader->inner, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_source_open_memory(reader->inner, *body, &range, err);
    }
    while (status == TAMIS_OK) {
        size_t size = 0;

        if (expanded->size > reader->settings->record_bytes_max) {
            *out_fault = TAMIS_FAULT_RECORD_TOO_LARGE;
            break;
        }
        if (tamis_buf_reserve(expanded, PAYLOAD_PIECE_BYTES) != TAMIS_OK) {
            return reader_no_memory(reader, err);
        }
        status = tamis_source_read(reader->inner, expanded->data + expanded->size,
                                   PAYLOAD_PIECE_BYTES, &size, err);
        expanded->size += size;
    }
    if (status == TAMIS_END) {
        tamis_fault fault = tamis_source_look(reader->inner)->fault;

        status = TAMIS_OK;
        if (fault == TAMIS_FAULT_RATIO) {
            *out_fault = fault;
        } else if (fault == TAMIS_FAULT_STREAM_CORRUPT) {
            *out_fault = TAMIS_FAULT_INVALID_WARC;
        }
    }
    *body = tamis_buf_slice(expanded);
    return status;
}

tamis_status warc_payload_decode(tamis_reader *reader, tamis_slice body, const http_header *http,
                                 tamis_slice *out_text, tamis_fault *out_fault, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (http->is_chunked) {
        status = chunks_join(reader, &body, out_fault, err);
    }
    if (status == TAMIS_OK && http->is_gzip && *out_fault == TAMIS_FAULT_NONE) {
        status = gzip_expand(reader, &body, out_fault, err);
    }
    *out_text = body;
    return status;
}
