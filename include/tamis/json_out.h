/* SPDX-License-Identifier: Apache-2.0 */
/* json_out.h - writes JSON into a buffer, with every comma where it belongs.
 *
 * The writer keeps its first error and does nothing after it, so that callers ask once, at the end.
 * `name` is NULL inside an array and at the top; names are plain ASCII without quotes. Texts must
 * be valid UTF-8. No spaces are written. Many values at the top are separated by the caller
 * (JSON Lines).
 *
 * Threads: not thread-safe.
 */
#ifndef TAMIS_JSON_OUT_H
#define TAMIS_JSON_OUT_H

#include "tamis/buf.h"

#define TAMIS_JSON_DEPTH_MAX 32

typedef struct tamis_json {
    tamis_buf *out;
    tamis_status status;
    uint32_t depth;
    uint32_t has_member; /* bit d: the object or array at depth d + 1 has one */
    uint32_t is_array;   /* bit d: it is an array */
} tamis_json;

/* Starts writing at the end of `out`, which must outlive the writer. */
void tamis_json_init(tamis_json *json, tamis_buf *out);
/* The first error (TAMIS_ENOMEM, TAMIS_ELIMIT), or TAMIS_OK. All that was begun must be ended. */
TAMIS_MUST_USE
tamis_status tamis_json_finish(tamis_json *json);

void tamis_json_begin_object(tamis_json *json, const char *name);
void tamis_json_end_object(tamis_json *json);
void tamis_json_begin_array(tamis_json *json, const char *name);
void tamis_json_end_array(tamis_json *json);

void tamis_json_uint(tamis_json *json, const char *name, uint64_t value);
void tamis_json_int(tamis_json *json, const char *name, int64_t value);
void tamis_json_bool(tamis_json *json, const char *name, bool value);
void tamis_json_string(tamis_json *json, const char *name, tamis_slice value);
void tamis_json_text(tamis_json *json, const char *name, const char *value);
/* Ten-thousandths as a number with exactly four decimals: 8125 is 0.8125. */
void tamis_json_ratio(tamis_json *json, const char *name, uint64_t ten_thousandths);
/* Milliseconds as seconds with three decimals. */
void tamis_json_seconds(tamis_json *json, const char *name, uint64_t ms);
/* Bytes that are JSON already. */
void tamis_json_raw(tamis_json *json, const char *name, tamis_slice value);

#endif
