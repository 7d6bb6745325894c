/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h - a borrowed run of bytes.
 *
 * A slice owns nothing; the comment at each use says until when the bytes stay. data may be NULL
 * when size is 0. Bytes are not zero-terminated.
 */
#ifndef TAMIS_SLICE_H
#define TAMIS_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct tamis_slice {
    const uint8_t *data;
    size_t size;
} tamis_slice;

static inline tamis_slice tamis_slice_of(const void *data, size_t size)
{
    return (tamis_slice){.data = (const uint8_t *)data, .size = size};
}

static inline tamis_slice tamis_slice_of_string(const char *text)
{
    return tamis_slice_of(text, strlen(text));
}

static inline bool tamis_slice_is_equal(tamis_slice a, tamis_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
