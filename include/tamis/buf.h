/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - bytes that grow, up to a maximum given when the buffer was made.
 *
 * Capacity grows by half at least and is kept by _reset, so that a stage allocates at its start and
 * then no more. Every buffer keeps TAMIS_BUF_SLACK readable, zeroed-or-old bytes behind its
 * capacity, so that vector kernels may load (and store) past the end.
 *
 * Threads: not thread-safe.
 */
#ifndef TAMIS_BUF_H
#define TAMIS_BUF_H

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_BUF_SLACK 128

typedef struct tamis_buf {
    uint8_t *data; /* NULL until the first reserve */
    size_t size;
    size_t capacity; /* without the slack */
    size_t max;      /* 0: no limit but memory */
} tamis_buf;

void tamis_buf_init(tamis_buf *buf, size_t max);
void tamis_buf_fini(tamis_buf *buf); /* frees; the buffer may be used again like a new one */

static inline void tamis_buf_reset(tamis_buf *buf)
{
    buf->size = 0;
}

/* Makes room for `extra` more bytes behind size. TAMIS_ELIMIT: past max. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_buf_reserve(tamis_buf *buf, size_t extra);

/* Appends. Same errors as _reserve; nothing is appended on failure. */
TAMIS_MUST_USE
tamis_status tamis_buf_append(tamis_buf *buf, const void *data, size_t size);
TAMIS_MUST_USE
tamis_status tamis_buf_append_string(tamis_buf *buf, const char *text);
TAMIS_MUST_USE
tamis_status tamis_buf_append_byte(tamis_buf *buf, uint8_t byte);
TAMIS_MUST_USE
tamis_status tamis_buf_append_format(tamis_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends `text` as the inside of a JSON string (no quotes): escapes quote, backslash and control
 * characters; the text must be valid UTF-8. */
TAMIS_MUST_USE
tamis_status tamis_buf_append_json(tamis_buf *buf, tamis_slice text);

static inline tamis_slice tamis_buf_slice(const tamis_buf *buf)
{
    return tamis_slice_of(buf->data, buf->size);
}

#endif
