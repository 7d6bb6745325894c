/* SPDX-License-Identifier: Apache-2.0 */
#include "json_path.h"

size_t json_path_head(tamis_slice path)
{
    const uint8_t *dot = path.size == 0 ? NULL : memchr(path.data, '.', path.size);

    return dot == NULL || dot + 1 == path.data + path.size ? 0 : (size_t)(dot - path.data);
}

bool json_key_is(const uint8_t *begin, const uint8_t *end, tamis_slice name)
{
    size_t matched = 0;

    while (begin < end) {
        uint8_t bytes[4] = {*begin};
        size_t size = 1;
        bool is_repaired = false;

        if (*begin == '\\') {
            size = json_escape_decode(&begin, bytes, &is_repaired);
        } else {
            begin++;
        }
        if (size > name.size - matched || memcmp(name.data + matched, bytes, size) != 0) {
            return false;
        }
        matched += size;
    }
    return matched == name.size;
}

/* Valid JSON from here on: each function takes the short way. */
static const uint8_t *valid_string_end(const uint8_t *p)
{
    p++;
    while (*p != '"') {
        p += *p == '\\' ? 2 : 1;
    }
    return p + 1;
}

static const uint8_t *valid_space_end(const uint8_t *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r') {
        p++;
    }
    return p;
}

static const uint8_t *valid_value_end(const uint8_t *p)
{
    uint64_t depth = 0;

    while (true) {
        if (*p == '"') {
            p = valid_string_end(p);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            depth--;
            p++;
        } else {
            p++;
        }
        if (depth == 0 && (*p == ',' || *p == '}' || *p == ']')) {
            return p;
        }
    }
}

/* Walks the members of one object; `name` is looked for among its keys. With a rest, values that
 * are objects are searched for it, otherwise the value itself is taken. */
static void members_find(json_value object, tamis_slice name, tamis_slice rest,
                         json_value *out_value, uint32_t *count)
{
    const uint8_t *p = valid_space_end(object.begin + 1);

    while (*p != '}') {
        const uint8_t *key = p + 1;
        const uint8_t *key_end = valid_string_end(p);
        json_value value = {NULL, NULL};

        p = valid_space_end(key_end);
        value.begin = valid_space_end(p + 1);
        p = valid_value_end(value.begin);
        value.end = p;
        while (value.end[-1] == ' ' || value.end[-1] == '\t' || value.end[-1] == '\r') {
            value.end--;
        }
        if (json_key_is(key, key_end - 1, name)) {
            if (rest.size == 0) {
                *out_value = value;
                (*count)++;
            } else if (*value.begin == '{') {
                json_path_find(value, rest, out_value, count);
            }
        }
        p = *p == ',' ? valid_space_end(p + 1) : p;
    }
}

void json_path_find(json_value object, tamis_slice path, json_value *out_value, uint32_t *count)
{
    uint32_t before = *count;
    size_t head = json_path_head(path);

    members_find(object, path, tamis_slice_of(NULL, 0), out_value, count);
    if (*count == before && head != 0) {
        members_find(object, tamis_slice_of(path.data, head),
                     tamis_slice_of(path.data + head + 1, path.size - head - 1), out_value, count);
    }
}
