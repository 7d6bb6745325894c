/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_CAPACITY 256

void tamis_buf_init(tamis_buf *buf, size_t max)
{
    *buf = (tamis_buf){.max = max};
}

void tamis_buf_fini(tamis_buf *buf)
{
    free(buf->data);
    *buf = (tamis_buf){.max = buf->max};
}

tamis_status tamis_buf_reserve(tamis_buf *buf, size_t extra)
{
    size_t need = 0;
    size_t capacity = 0;
    uint8_t *data = NULL;

    if (extra > SIZE_MAX / 2 - TAMIS_BUF_SLACK - buf->size) {
        return TAMIS_ELIMIT;
    }
    need = buf->size + extra;
    if (need <= buf->capacity && buf->data != NULL) {
        return TAMIS_OK;
    }
    if (buf->max != 0 && need > buf->max) {
        return TAMIS_ELIMIT;
    }
    capacity = buf->capacity + buf->capacity / 2;
    if (capacity < BUF_FIRST_CAPACITY) {
        capacity = BUF_FIRST_CAPACITY;
    }
    if (buf->max != 0 && capacity > buf->max) {
        capacity = buf->max;
    }
    if (capacity < need) {
        capacity = need;
    }
    data = realloc(buf->data, capacity + TAMIS_BUF_SLACK);
    if (data == NULL) {
        return TAMIS_ENOMEM;
    }
    /* Kernels load past the end and mask: the bytes must be defined, whatever they are. */
    memset(data + buf->capacity, 0, capacity - buf->capacity + TAMIS_BUF_SLACK);
    buf->data = data;
    buf->capacity = capacity;
    return TAMIS_OK;
}

tamis_status tamis_buf_append(tamis_buf *buf, const void *data, size_t size)
{
    tamis_status status = tamis_buf_reserve(buf, size);

    if (status == TAMIS_OK && size != 0) {
        memcpy(buf->data + buf->size, data, size);
        buf->size += size;
    }
    return status;
}

tamis_status tamis_buf_append_string(tamis_buf *buf, const char *text)
{
    return tamis_buf_append(buf, text, strlen(text));
}

tamis_status tamis_buf_append_byte(tamis_buf *buf, uint8_t byte)
{
    return tamis_buf_append(buf, &byte, 1);
}

tamis_status tamis_buf_append_format(tamis_buf *buf, const char *format, ...)
{
    tamis_status status = TAMIS_OK;
    va_list args;
    int length = 0;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        return TAMIS_EARG;
    }
    status = tamis_buf_reserve(buf, (size_t)length); /* the zero goes into the slack */
    if (status != TAMIS_OK) {
        return status;
    }
    va_start(args, format);
    (void)vsnprintf((char *)buf->data + buf->size, (size_t)length + 1, format, args);
    va_end(args);
    buf->size += (size_t)length;
    return TAMIS_OK;
}

/* 0: copied as it is; otherwise the letter of the two-character escape, or 'u' for \u00XX. */
static uint8_t json_escape(uint8_t c)
{
    switch (c) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return c < 0x20 ? 'u' : 0;
    }
}

tamis_status tamis_buf_append_json(tamis_buf *buf, tamis_slice text)
{
    static const char hex[] = "0123456789abcdef";
    size_t first = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t escape = json_escape(text.data[i]);
        uint8_t out[6] = {'\\', escape, '0', '0', 0, 0};

        if (escape == 0) {
            continue;
        }
        out[4] = (uint8_t)hex[text.data[i] >> 4];
        out[5] = (uint8_t)hex[text.data[i] & 15];
        status = tamis_buf_append(buf, text.data + first, i - first);
        if (status == TAMIS_OK) {
            status = tamis_buf_append(buf, out, escape == 'u' ? 6 : 2);
        }
        if (status != TAMIS_OK) {
            return status;
        }
        first = i + 1;
    }
    if (first < text.size) {
        status = tamis_buf_append(buf, text.data + first, text.size - first);
    }
    return status;
}
