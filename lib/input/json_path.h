/* SPDX-License-Identifier: Apache-2.0 */
/* json_path.h - a field of a nested object by its path with dots.
 *
 * In an object, the member whose name is the whole remaining path is the field; where there is
 * none, the members whose name is the part before the first dot and whose value is an object are
 * searched for the rest.
 *
 * Pure.
 */
#ifndef TAMIS_INPUT_JSON_PATH_H
#define TAMIS_INPUT_JSON_PATH_H

#include "json_scan.h"

/* Searches a valid object value. Adds the number of occurrences to *count and sets *out_value to
 * the last one. */
void json_path_find(json_value object, tamis_slice path, json_value *out_value, uint32_t *count);

/* Bytes of `path` before its first dot; 0: no dot, or nothing before it. */
size_t json_path_head(tamis_slice path);

/* Whether the key that stands raw between quotes is `name`. */
bool json_key_is(const uint8_t *begin, const uint8_t *end, tamis_slice name);

#endif
