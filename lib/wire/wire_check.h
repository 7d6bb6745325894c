/* SPDX-License-Identifier: Apache-2.0 */
/* wire_check.h - a look over the bytes of a message before protobuf-c unpacks them.
 *
 * protobuf-c 1.4 recurses into whatever the bytes nest, merges repeated bodies and allocates for
 * each list entry before anyone can object. This walk allows only what our own encoder makes: no
 * groups, known messages nested as the schema nests them, each at most once unless repeated, and
 * no more than TAMIS_WIRE_ITEMS_MAX list entries.
 *
 * Pure.
 */
#ifndef TAMIS_WIRE_CHECK_H
#define TAMIS_WIRE_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "tamis/slice.h"
#include "tamis/status.h"

/* TAMIS_EFORMAT, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_wire_check(const ProtobufCMessageDescriptor *type, tamis_slice bytes,
                              tamis_err *err);

#endif
