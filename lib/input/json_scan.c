/* SPDX-License-Identifier: Apache-2.0 */
#include "json_scan.h"

#include <stdlib.h>

#include "json_path.h"
#include "tamis/utf8.h"

const json_kernel *json_kernel_of(tamis_kernel kernel)
{
    switch (kernel) {
    case TAMIS_KERNEL_AVX512:
        return &json_kernel_avx512;
    case TAMIS_KERNEL_AVX2:
        return &json_kernel_avx2;
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
    return &json_kernel_scalar;
}

static void plan_add(json_plan *plan, json_key key)
{
    if (key.size == 0 || key.size >= TAMIS_FIELD_SIZE) {
        return;
    }
    plan->keys_of_size[key.size] |= (uint16_t)(1u << plan->key_count);
    plan->keys[plan->key_count++] = key;
}

tamis_status json_plan_init(json_plan *plan, const tamis_settings *settings, tamis_err *err)
{
    static const uint8_t tamis[] = {'t', 'a', 'm', 'i', 's'};

    *plan = (json_plan){.nesting_max = settings->nesting_max};
    if (settings->nesting_max == 0 || settings->nesting_max > JSON_NESTED_MAX) {
        return tamis_err_set(err, TAMIS_EARG, "nesting limit %u is out of range (1-%u)",
                             settings->nesting_max, JSON_NESTED_MAX);
    }
    plan->open_objects = calloc(settings->nesting_max / 64 + 1, sizeof(uint64_t));
    if (plan->open_objects == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for reading JSON");
    }
    plan->names[JSON_FIELD_TEXT] = tamis_slice_of_string(settings->text_field);
    plan->names[JSON_FIELD_ID] = tamis_slice_of_string(settings->id_field);
    plan->names[JSON_FIELD_URL] = tamis_slice_of_string(settings->url_field);
    if (settings->scope == TAMIS_SCOPE_FIELD) {
        plan->names[JSON_FIELD_SCOPE] = tamis_slice_of_string(settings->scope_field);
    }
    for (int field = 0; field < JSON_FIELD_COUNT; field++) {
        tamis_slice name = plan->names[field];
        json_key key = {.name = name.data, .size = name.size, .field = (json_field)field};

        plan_add(plan, key);
        key.size = json_path_head(name);
        key.is_head = true;
        plan_add(plan, key);
    }
    plan_add(plan, (json_key){.name = tamis, .size = sizeof(tamis), .is_tamis = true});
    return TAMIS_OK;
}

void json_plan_fini(json_plan *plan)
{
    free(plan->open_objects);
    plan->open_objects = NULL;
}

/* -1: no hex digit. */
static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t json_escape_size(const uint8_t *p)
{
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        for (size_t i = 2; i < 6; i++) {
            if (hex_value(p[i]) < 0) {
                return 0;
            }
        }
        return 6;
    default:
        return 0;
    }
}

static uint32_t hex4_value(const uint8_t *p)
{
    uint32_t value = 0;

    for (size_t i = 0; i < 4; i++) {
        value = value << 4 | (uint32_t)hex_value(p[i]);
    }
    return value;
}

size_t json_escape_decode(const uint8_t **p, uint8_t *out, bool *out_repaired)
{
    const uint8_t *escape = *p;
    uint32_t unit = 0;

    *p += 2;
    switch (escape[1]) {
    case 'b':
        *out = '\b';
        return 1;
    case 'f':
        *out = '\f';
        return 1;
    case 'n':
        *out = '\n';
        return 1;
    case 'r':
        *out = '\r';
        return 1;
    case 't':
        *out = '\t';
        return 1;
    case 'u':
        break;
    default:
        *out = escape[1];
        return 1;
    }
    *p += 4;
    unit = hex4_value(escape + 2);
    if (unit >= 0xd800 && unit < 0xdc00 && escape[6] == '\\' && escape[7] == 'u' &&
        json_escape_size(escape + 6) == 6) {
        uint32_t low = hex4_value(escape + 8);

        if (low >= 0xdc00 && low < 0xe000) {
            *p += 6;
            return tamis_utf8_encode(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out);
        }
    }
    if (unit == 0 || (unit >= 0xd800 && unit < 0xe000)) {
        *out_repaired = true;
        unit = 0xfffd;
    }
    return tamis_utf8_encode(unit, out);
}

static const uint8_t *digits_end(const uint8_t *p)
{
    while (*p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

const uint8_t *json_number_end(const uint8_t *p)
{
    const uint8_t *digits = NULL;

    p += *p == '-';
    digits = p;
    p = digits_end(p);
    if (p == digits || (*digits == '0' && p != digits + 1)) {
        return NULL;
    }
    if (*p == '.') {
        digits = p + 1;
        p = digits_end(digits);
        if (p == digits) {
            return NULL;
        }
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        digits = p;
        p = digits_end(digits);
        if (p == digits) {
            return NULL;
        }
    }
    return p;
}

const uint8_t *json_literal_end(const uint8_t *p)
{
    if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0) {
        return p + 4;
    }
    return memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
}

uint32_t json_key_match(const json_plan *plan, const uint8_t *begin, const uint8_t *end,
                        bool has_escape)
{
    size_t size = (size_t)(end - begin);
    uint32_t found = 0;
    uint32_t candidates = 0;

    if (has_escape) {
        candidates = (1u << plan->key_count) - 1;
    } else if (size < TAMIS_FIELD_SIZE) {
        candidates = plan->keys_of_size[size];
    }
    for (; candidates != 0; candidates &= candidates - 1) {
        unsigned i = (unsigned)__builtin_ctz(candidates);
        tamis_slice name = tamis_slice_of(plan->keys[i].name, plan->keys[i].size);

        if (has_escape ? json_key_is(begin, end, name) : memcmp(begin, name.data, size) == 0) {
            found |= 1u << i;
        }
    }
    return found;
}

bool json_member_note(const json_plan *plan, uint32_t keys, json_value value, json_record *record)
{
    bool is_tamis = false;

    for (; keys != 0; keys &= keys - 1) {
        const json_key *key = &plan->keys[__builtin_ctz(keys)];
        json_match *match = &record->matches[key->field];

        if (key->is_tamis) {
            is_tamis = true;
        } else if (!key->is_head) {
            match->literal = value;
            match->literal_count++;
        } else if (*value.begin == '{') {
            tamis_slice name = plan->names[key->field];

            json_path_find(value,
                           tamis_slice_of(name.data + key->size + 1, name.size - key->size - 1),
                           &match->path, &match->path_count);
        }
    }
    return is_tamis;
}
