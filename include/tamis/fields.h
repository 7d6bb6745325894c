/* SPDX-License-Identifier: Apache-2.0 */
/* fields.h - fields of stored and sent bytes: little-endian numbers, length-prefixed slices.
 *
 * Writing goes to a tamis_buf. Reading goes through a cursor that remembers the first failure, so
 * that a parser reads all its fields and then asks once whether they were there.
 *
 * Pure.
 */
#ifndef TAMIS_FIELDS_H
#define TAMIS_FIELDS_H

#include "tamis/buf.h"
#include "tamis/bytes.h"

TAMIS_MUST_USE
static inline tamis_status tamis_put_u32(tamis_buf *buf, uint32_t value)
{
    uint8_t bytes[4];

    tamis_put32le(bytes, value);
    return tamis_buf_append(buf, bytes, sizeof(bytes));
}

TAMIS_MUST_USE
static inline tamis_status tamis_put_u64(tamis_buf *buf, uint64_t value)
{
    uint8_t bytes[8];

    tamis_put64le(bytes, value);
    return tamis_buf_append(buf, bytes, sizeof(bytes));
}

/* u32 length, then the bytes. */
TAMIS_MUST_USE
static inline tamis_status tamis_put_slice(tamis_buf *buf, tamis_slice slice)
{
    tamis_status status = TAMIS_OK;

    if (slice.size > UINT32_MAX) {
        return TAMIS_ELIMIT;
    }
    status = tamis_put_u32(buf, (uint32_t)slice.size);
    return status == TAMIS_OK ? tamis_buf_append(buf, slice.data, slice.size) : status;
}

typedef struct tamis_fields {
    const uint8_t *data;
    size_t size;
    size_t position;
    bool is_short; /* a field was asked for that is not there; everything read since is 0 */
} tamis_fields;

static inline tamis_fields tamis_fields_of(tamis_slice bytes)
{
    return (tamis_fields){.data = bytes.data, .size = bytes.size};
}

static inline const uint8_t *tamis_get_bytes(tamis_fields *fields, size_t size)
{
    const uint8_t *bytes = NULL;

    if (fields->is_short || size > fields->size - fields->position) {
        fields->is_short = true;
        return NULL;
    }
    bytes = fields->data + fields->position;
    fields->position += size;
    return bytes;
}

static inline uint32_t tamis_get_u32(tamis_fields *fields)
{
    const uint8_t *bytes = tamis_get_bytes(fields, 4);

    return bytes == NULL ? 0 : tamis_get32le(bytes);
}

static inline uint64_t tamis_get_u64(tamis_fields *fields)
{
    const uint8_t *bytes = tamis_get_bytes(fields, 8);

    return bytes == NULL ? 0 : tamis_get64le(bytes);
}

/* Borrows from what is read. */
static inline tamis_slice tamis_get_slice(tamis_fields *fields)
{
    uint32_t size = tamis_get_u32(fields);
    const uint8_t *bytes = tamis_get_bytes(fields, size);

    return tamis_slice_of(bytes, bytes == NULL ? 0 : size);
}

#endif
