/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan_body.h - the scanner, compiled once for each kernel.
 *
 * The including file defines BLOCK_BYTES, KERNEL_NAME and
 *   static inline uint64_t block_stops(const uint8_t *p, uint8_t *copy)
 *     copies BLOCK_BYTES bytes to `copy` (unless NULL) and returns a mask, not 0 where one of them
 *     is a quote, a backslash or a control character;
 *   static inline size_t block_first(uint64_t mask)
 *     the place of the first of them
 *   static inline bool block_decode(const uint8_t **p, uint8_t **out)
 *     decodes at most BLOCK_BYTES from *p to *out and moves both behind what it took; true: it
 * stands at a quote, a control character or an escape that it leaves to the caller.
 *
 * No loop asks for the end of the line: the line feed there is a control character that stops each.
 */
#include "json_scan.h"

static inline const uint8_t *space_end(const uint8_t *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r') {
        p++;
    }
    return p;
}

/* From behind the opening quote to the closing one; NULL: invalid. */
static inline const uint8_t *string_end(const uint8_t *p, bool *out_has_escape)
{
    while (true) {
        uint64_t mask = block_stops(p, NULL);
        size_t escape = 0;

        if (mask == 0) {
            p += BLOCK_BYTES;
            continue;
        }
        p += block_first(mask);
        if (*p == '"') {
            return p;
        }
        escape = *p == '\\' ? json_escape_size(p) : 0;
        if (escape == 0) {
            return NULL;
        }
        *out_has_escape = true;
        p += escape;
    }
}

/* As string_end, decoding into out. */
static inline const uint8_t *string_decode(const uint8_t *p, uint8_t *out, size_t *out_size,
                                           bool *out_repaired)
{
    uint8_t *first = out;

    while (true) {
        if (!block_decode(&p, &out)) {
            continue; /* nothing but plain bytes and short escapes */
        }
        if (*p == '"') {
            *out_size = (size_t)(out - first);
            return p;
        }
        if (*p != '\\' || json_escape_size(p) == 0) {
            return NULL;
        }
        out += json_escape_decode(&p, out, out_repaired);
    }
}

/* Behind a value that is no container. */
static inline const uint8_t *scalar_end(const uint8_t *p)
{
    bool has_escape = false;

    if (*p == '"') {
        p = string_end(p + 1, &has_escape);
        return p == NULL ? NULL : p + 1;
    }
    if (*p == '-' || (*p >= '0' && *p <= '9')) {
        return json_number_end(p);
    }
    return json_literal_end(p);
}

/* From the quote of a key to its value; NULL: invalid. */
static inline const uint8_t *key_pass(const uint8_t *p)
{
    bool has_escape = false;

    p = *p == '"' ? string_end(p + 1, &has_escape) : NULL;
    if (p == NULL) {
        return NULL;
    }
    p = space_end(p + 1);
    return *p == ':' ? space_end(p + 1) : NULL;
}

static inline bool container_is_object(const json_plan *plan, uint32_t depth)
{
    return (plan->open_objects[depth / 64] >> (depth % 64) & 1) != 0;
}

/* Notes the container that opens at p, at this depth; returns what follows its opening. */
static inline const uint8_t *container_open(json_plan *plan, uint32_t depth, const uint8_t *p)
{
    uint64_t bit = UINT64_C(1) << (depth % 64);

    if (*p == '{') {
        plan->open_objects[depth / 64] |= bit;
    } else {
        plan->open_objects[depth / 64] &= ~bit;
    }
    return space_end(p + 1);
}

/* Behind a container whose parent is the record (depth 1). NULL: invalid, or nested too deep. */
static const uint8_t *container_end(json_plan *plan, const uint8_t *p, tamis_fault *out_fault)
{
    uint32_t depth = 1;
    bool is_value = true; /* p is at a value; otherwise behind one */

    while (true) {
        if (is_value && (*p == '{' || *p == '[')) {
            if (++depth > plan->nesting_max) {
                *out_fault = TAMIS_FAULT_NESTING;
                return NULL;
            }
            p = container_open(plan, depth, p);
            if (container_is_object(plan, depth) && *p != '}') {
                p = key_pass(p);
            } else if (*p == '}' || *p == ']') {
                is_value = false; /* nothing in it; the closing must be of its kind: below */
            }
        } else if (is_value) {
            p = scalar_end(p);
            is_value = false;
            p = p == NULL ? NULL : space_end(p);
        } else if (*p == ',') {
            p = space_end(p + 1);
            p = container_is_object(plan, depth) ? key_pass(p) : p;
            is_value = true;
        } else if (*p == (container_is_object(plan, depth) ? '}' : ']')) {
            if (--depth == 1) {
                return p + 1;
            }
            p = space_end(p + 1);
        } else {
            return NULL;
        }
        if (p == NULL) {
            return NULL;
        }
    }
}

/* Behind the value at p. The text's first string is decoded on the way. */
static inline const uint8_t *value_end(json_plan *plan, uint32_t keys, const uint8_t *p,
                                       uint8_t *text_out, json_record *record)
{
    if (*p == '{' || *p == '[') {
        return container_end(plan, p, &record->fault);
    }
    if (keys != 0 && *p == '"' && record->matches[JSON_FIELD_TEXT].literal_count == 0) {
        for (size_t i = 0; i < plan->key_count; i++) {
            if ((keys >> i & 1) != 0 && plan->keys[i].field == JSON_FIELD_TEXT &&
                !plan->keys[i].is_head && !plan->keys[i].is_tamis) {
                p = string_decode(p + 1, text_out, &record->text_size, &record->is_text_repaired);
                record->is_text_decoded = true;
                return p == NULL ? NULL : p + 1;
            }
        }
    }
    return scalar_end(p);
}

/* One member, from its key; returns what follows its value. */
static inline const uint8_t *member_scan(json_plan *plan, const uint8_t *p, uint8_t *text_out,
                                         json_record *record, bool *out_is_tamis)
{
    const uint8_t *key = p + 1;
    const uint8_t *key_end = NULL;
    const uint8_t *value = NULL;
    bool has_escape = false;
    uint32_t keys = 0;

    *out_is_tamis = false;
    key_end = *p == '"' ? string_end(key, &has_escape) : NULL;
    if (key_end == NULL) {
        return NULL;
    }
    p = space_end(key_end + 1);
    if (*p != ':') {
        return NULL;
    }
    value = space_end(p + 1);
    keys = json_key_match(plan, key, key_end, has_escape);
    p = value_end(plan, keys, value, text_out, record);
    if (p != NULL && keys != 0) {
        *out_is_tamis = json_member_note(plan, keys, (json_value){value, p}, record);
    }
    return p;
}

/* The members from behind the opening brace on; returns the closing one. NULL: invalid. */
static inline const uint8_t *members_scan(json_plan *plan, const uint8_t *p, uint8_t *text_out,
                                          json_record *record)
{
    const uint8_t *comma = NULL; /* in front of the member */

    p = space_end(p);
    if (*p == '}') {
        return p;
    }
    while (true) {
        const uint8_t *member = p;
        bool is_tamis = false;

        p = member_scan(plan, member, text_out, record, &is_tamis);
        if (p == NULL) {
            return NULL;
        }
        record->member_count++;
        if (is_tamis) {
            record->tamis = (json_value){comma == NULL ? member : comma, p};
        }
        p = space_end(p);
        if (*p != ',') {
            return *p == '}' ? p : NULL;
        }
        if (is_tamis && comma == NULL) {
            record->tamis.end = space_end(p + 1);
        }
        comma = p;
        p = space_end(p + 1);
    }
}

static void line_scan(json_plan *plan, const uint8_t *line, const uint8_t *end, uint8_t *text_out,
                      json_record *out_record)
{
    const uint8_t *p = space_end(line);

    *out_record = (json_record){.fault = TAMIS_FAULT_NONE, .begin = p};
    if (*p == '{') {
        p = members_scan(plan, p + 1, text_out, out_record);
    } else {
        p = NULL;
    }
    out_record->close = p;
    if ((p == NULL || space_end(p + 1) != end) && out_record->fault == TAMIS_FAULT_NONE) {
        out_record->fault = TAMIS_FAULT_INVALID_JSON;
    }
}

static size_t value_unescape(json_value value, uint8_t *out, bool *out_repaired)
{
    size_t size = 0;
    const uint8_t *end = string_decode(value.begin + 1, out, &size, out_repaired);

    TAMIS_ASSERT(end != NULL); /* the value was scanned before */
    return size;
}

const json_kernel KERNEL_NAME = {.scan = line_scan, .unescape = value_unescape};
