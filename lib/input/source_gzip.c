/* SPDX-License-Identifier: Apache-2.0 */
/* Gzip (RFC 1952): any number of members, each with its checksum and length checked. Zero bytes up
 * to the end of the file may follow the last member (padding of tapes and block devices); anything
 * else that is no member is damage. */
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "source_parts.h"

tamis_status gzip_source_open(tamis_source *source, tamis_err *err)
{
    if (source->inflate == NULL) {
        source->inflate = calloc(1, sizeof(*source->inflate));
    }
    if (source->inflate == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for reading gzip");
    }
    isal_inflate_init(source->inflate);
    source->inflate->crc_flag = ISAL_GZIP;
    return TAMIS_OK;
}

void gzip_source_destroy(tamis_source *source)
{
    free(source->inflate);
    source->inflate = NULL;
}

/* Takes zero bytes up to the end of the file. */
static tamis_status gzip_skip_padding(tamis_source *source, tamis_err *err)
{
    while (!source->is_input_ended) {
        while (source->input_begin < source->input_end) {
            if (source->input[source->input_begin] != 0) {
                source_fail(source, TAMIS_FAULT_STREAM_CORRUPT,
                            "what follows the last gzip member is no member");
                return TAMIS_OK;
            }
            source->input_begin++;
        }
        tamis_status status = source_refill(source, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    source->is_ended = true;
    return TAMIS_OK;
}

/* Stands between members: begins the next one, or ends the source. */
static tamis_status gzip_begin_member(tamis_source *source, size_t decoded_size, tamis_err *err)
{
    if (source->input_begin == source->input_end) {
        tamis_status status = source_refill(source, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    if (source->is_input_ended) {
        if (source->member_count == 0) {
            source_fail(source, TAMIS_FAULT_STREAM_TRUNCATED, "the gzip file is empty");
        }
        source->is_ended = true;
        return TAMIS_OK;
    }
    if (source->input[source->input_begin] == 0 && source->member_count != 0) {
        return gzip_skip_padding(source, err);
    }
    if (source->input[source->input_begin] != 0x1f) {
        source_fail(source, TAMIS_FAULT_STREAM_CORRUPT, "no gzip member");
        return TAMIS_OK;
    }
    if (source->state.boundary == UINT64_MAX && source_input_offset(source) >= source->stored.end) {
        source->state.boundary = source->state.decoded_bytes + decoded_size;
    }
    if (source->member_count != 0) {
        isal_inflate_reset(source->inflate);
    }
    source->member_count++;
    source->is_inside = true;
    source->state.member_offset = source->state.decoded_bytes + decoded_size;
    return TAMIS_OK;
}

static const char *gzip_why(int result)
{
    switch (result) {
    case ISAL_INCORRECT_CHECKSUM:
        return "the checksum of a gzip member is wrong";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
        return "a gzip header is malformed";
    default:
        return "gzip data are damaged";
    }
}

/* Decodes one step; adds to *size. */
static tamis_status gzip_step(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                              size_t *size, tamis_err *err)
{
    struct inflate_state *inflate = source->inflate;
    int result = 0;
    size_t room = capacity - *size;
    size_t made = 0;

    if (source->input_begin == source->input_end && !source->is_input_ended) {
        tamis_status status = source_refill(source, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    inflate->next_in = source->input + source->input_begin;
    inflate->avail_in = (uint32_t)(source->input_end - source->input_begin);
    inflate->next_out = out_bytes + *size;
    inflate->avail_out = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
    result = isal_inflate(inflate);
    made = (size_t)(inflate->next_out - (out_bytes + *size));
    *size += made;
    source->input_begin = source->input_end - inflate->avail_in;
    if (result < 0 || result == ISAL_NEED_DICT) {
        source_fail(source, TAMIS_FAULT_STREAM_CORRUPT, gzip_why(result));
    } else if (inflate->block_state == ISAL_BLOCK_FINISH) {
        source->is_inside = false;
    } else if (made == 0 && source->is_input_ended) {
        source_fail(source, TAMIS_FAULT_STREAM_TRUNCATED, "the file ends inside a gzip member");
    }
    return TAMIS_OK;
}

tamis_status gzip_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                              size_t *out_size, tamis_err *err)
{
    size_t size = 0;

    while (size < capacity && !source->is_ended) {
        tamis_status status = source->is_inside ? gzip_step(source, out_bytes, capacity, &size, err)
                                                : gzip_begin_member(source, size, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    *out_size = size;
    return TAMIS_OK;
}
