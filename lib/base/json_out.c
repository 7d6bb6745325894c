/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/json_out.h"

#include <inttypes.h>

static void append(tamis_json *json, const char *text)
{
    if (json->status == TAMIS_OK) {
        json->status = tamis_buf_append_string(json->out, text);
    }
}

/* What stands before a value: comma and name. */
static void begin_value(tamis_json *json, const char *name)
{
    if (json->depth > 0) {
        uint32_t bit = UINT32_C(1) << (json->depth - 1);

        TAMIS_ASSERT((name == NULL) == ((json->is_array & bit) != 0));
        if ((json->has_member & bit) != 0) {
            append(json, ",");
        }
        json->has_member |= bit;
    } else {
        TAMIS_ASSERT(name == NULL);
    }
    if (name != NULL) {
        append(json, "\"");
        append(json, name);
        append(json, "\":");
    }
}

static void begin_nested(tamis_json *json, const char *name, bool is_array)
{
    uint32_t bit = 0;

    TAMIS_ASSERT(json->depth < TAMIS_JSON_DEPTH_MAX);
    begin_value(json, name);
    append(json, is_array ? "[" : "{");
    bit = UINT32_C(1) << json->depth;
    json->depth++;
    json->has_member &= ~bit;
    json->is_array = is_array ? json->is_array | bit : json->is_array & ~bit;
}

static void end_nested(tamis_json *json, bool is_array)
{
    TAMIS_ASSERT(json->depth > 0);
    json->depth--;
    TAMIS_ASSERT(((json->is_array >> json->depth) & 1) == (is_array ? 1u : 0u));
    append(json, is_array ? "]" : "}");
}

void tamis_json_init(tamis_json *json, tamis_buf *out)
{
    *json = (tamis_json){.out = out};
}

tamis_status tamis_json_finish(tamis_json *json)
{
    TAMIS_ASSERT(json->depth == 0);
    return json->status;
}

void tamis_json_begin_object(tamis_json *json, const char *name)
{
    begin_nested(json, name, false);
}

void tamis_json_end_object(tamis_json *json)
{
    end_nested(json, false);
}

void tamis_json_begin_array(tamis_json *json, const char *name)
{
    begin_nested(json, name, true);
}

void tamis_json_end_array(tamis_json *json)
{
    end_nested(json, true);
}

void tamis_json_uint(tamis_json *json, const char *name, uint64_t value)
{
    begin_value(json, name);
    if (json->status == TAMIS_OK) {
        json->status = tamis_buf_append_format(json->out, "%" PRIu64, value);
    }
}

void tamis_json_int(tamis_json *json, const char *name, int64_t value)
{
    begin_value(json, name);
    if (json->status == TAMIS_OK) {
        json->status = tamis_buf_append_format(json->out, "%" PRId64, value);
    }
}

void tamis_json_bool(tamis_json *json, const char *name, bool value)
{
    begin_value(json, name);
    append(json, value ? "true" : "false");
}

void tamis_json_string(tamis_json *json, const char *name, tamis_slice value)
{
    begin_value(json, name);
    append(json, "\"");
    if (json->status == TAMIS_OK) {
        json->status = tamis_buf_append_json(json->out, value);
    }
    append(json, "\"");
}

void tamis_json_text(tamis_json *json, const char *name, const char *value)
{
    tamis_json_string(json, name, tamis_slice_of_string(value));
}

void tamis_json_ratio(tamis_json *json, const char *name, uint64_t ten_thousandths)
{
    begin_value(json, name);
    if (json->status == TAMIS_OK) {
        json->status = tamis_buf_append_format(json->out, "%" PRIu64 ".%04" PRIu64,
                                               ten_thousandths / 10000, ten_thousandths % 10000);
    }
}

void tamis_json_seconds(tamis_json *json, const char *name, uint64_t ms)
{
    begin_value(json, name);
    if (json->status == TAMIS_OK) {
        json->status =
            tamis_buf_append_format(json->out, "%" PRIu64 ".%03" PRIu64, ms / 1000, ms % 1000);
    }
}

void tamis_json_raw(tamis_json *json, const char *name, tamis_slice value)
{
    begin_value(json, name);
    if (json->status == TAMIS_OK) {
        json->status = tamis_buf_append(json->out, value.data, value.size);
    }
}
