/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_check.h"

#include "tamis/wire.h"

#define CHECK_DEPTH_MAX 4 /* Envelope > Status > Stage, and one to spare */

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

typedef struct wire_walk {
    const uint8_t *at;
    const uint8_t *end;
} wire_walk;

typedef struct wire_field {
    uint32_t number;
    uint32_t wire_type;
    tamis_slice value; /* of WIRE_BYTES */
} wire_field;

static tamis_status check_message(const ProtobufCMessageDescriptor *type, tamis_slice bytes,
                                  unsigned depth, size_t *items, tamis_err *err);

static bool walk_varint(wire_walk *walk, uint64_t *out_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && walk->at < walk->end; shift += 7) {
        uint8_t byte = *walk->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out_value = value;
            return true;
        }
    }
    return false;
}

/* Reads one field, header and value. */
static bool walk_field(wire_walk *walk, wire_field *out_field)
{
    uint64_t header = 0;
    uint64_t skip = 0;

    if (!walk_varint(walk, &header) || header >> 3 == 0 || header >> 32 != 0) {
        return false;
    }
    *out_field = (wire_field){.number = (uint32_t)(header >> 3), .wire_type = header & 7};
    switch (out_field->wire_type) {
    case WIRE_VARINT:
        return walk_varint(walk, &skip);
    case WIRE_FIXED64:
        skip = 8;
        break;
    case WIRE_FIXED32:
        skip = 4;
        break;
    case WIRE_BYTES:
        if (!walk_varint(walk, &skip)) {
            return false;
        }
        break;
    default: /* groups: not in this protocol, and not safe to unpack */
        return false;
    }
    if (skip > (uint64_t)(walk->end - walk->at)) {
        return false;
    }
    out_field->value = tamis_slice_of(walk->at, (size_t)skip);
    walk->at += skip;
    return true;
}

static tamis_status check_bytes(const ProtobufCFieldDescriptor *known, tamis_slice value,
                                unsigned depth, size_t *items, tamis_err *err)
{
    bool is_list = known->label == PROTOBUF_C_LABEL_REPEATED;

    if (is_list && ++*items > TAMIS_WIRE_ITEMS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "message: more than %u list entries",
                             TAMIS_WIRE_ITEMS_MAX);
    }
    if (known->type == PROTOBUF_C_TYPE_STRING && value.size > TAMIS_WIRE_TEXT_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "message: %s is longer than %u bytes", known->name,
                             TAMIS_WIRE_TEXT_MAX);
    }
    if (known->type == PROTOBUF_C_TYPE_STRING && memchr(value.data, 0, value.size) != NULL) {
        return tamis_err_set(err, TAMIS_EFORMAT, "message: %s has a zero byte", known->name);
    }
    if (known->type == PROTOBUF_C_TYPE_MESSAGE) {
        return check_message((const ProtobufCMessageDescriptor *)known->descriptor, value,
                             depth + 1, items, err);
    }
    return TAMIS_OK;
}

static tamis_status check_message(const ProtobufCMessageDescriptor *type, tamis_slice bytes,
                                  unsigned depth, size_t *items, tamis_err *err)
{
    wire_walk walk = {bytes.data, bytes.data + bytes.size};
    unsigned body_count = 0;
    wire_field field;

    if (depth > CHECK_DEPTH_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "message: nested too deep");
    }
    while (walk.at < walk.end) {
        const ProtobufCFieldDescriptor *known = NULL;
        tamis_status status = TAMIS_OK;

        if (!walk_field(&walk, &field)) {
            return tamis_err_set(err, TAMIS_EFORMAT, "message: malformed at byte %zu",
                                 (size_t)(walk.at - bytes.data));
        }
        known = protobuf_c_message_descriptor_get_field(type, field.number);
        if (known == NULL) {
            if (++*items > TAMIS_WIRE_ITEMS_MAX) { /* each is kept as an unknown field */
                return tamis_err_set(err, TAMIS_ELIMIT, "message: too many unknown fields");
            }
            continue;
        }
        if (known->type == PROTOBUF_C_TYPE_MESSAGE &&
            (field.wire_type != WIRE_BYTES ||
             (known->label != PROTOBUF_C_LABEL_REPEATED && ++body_count > 1))) {
            return tamis_err_set(err, TAMIS_EFORMAT, "message: %s is repeated", known->name);
        }
        if (field.wire_type == WIRE_BYTES) {
            status = check_bytes(known, field.value, depth, items, err);
            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_wire_check(const ProtobufCMessageDescriptor *type, tamis_slice bytes,
                              tamis_err *err)
{
    size_t items = 0;

    if (bytes.size > TAMIS_WIRE_CONTROL_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "message: %zu bytes, at most %zu are allowed",
                             bytes.size, TAMIS_WIRE_CONTROL_MAX);
    }
    return check_message(type, bytes, 0, &items, err);
}
