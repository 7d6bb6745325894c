/* SPDX-License-Identifier: Apache-2.0 */
/* line_out.h - appends the pieces of a line of JSON to a buffer, as fast as it goes.
 *
 * For lines that are written once a document, where tamis_json (json_out.h) would cost: the caller
 * writes commas and names itself. Appends are chained: the first error stays in `status` and the
 * rest do nothing, so that callers ask once, at the end.
 *
 * Threads: not thread-safe.
 */
#ifndef TAMIS_LINE_OUT_H
#define TAMIS_LINE_OUT_H

#include "tamis/buf.h"

/* Starts as {.out = buffer}. */
typedef struct tamis_line_out {
    tamis_buf *out;
    tamis_status status;
} tamis_line_out;

static inline void tamis_line_put(tamis_line_out *line, const char *text)
{
    if (line->status == TAMIS_OK) {
        line->status = tamis_buf_append_string(line->out, text);
    }
}

static inline void tamis_line_put_bytes(tamis_line_out *line, const void *bytes, size_t size)
{
    if (line->status == TAMIS_OK) {
        line->status = tamis_buf_append(line->out, bytes, size);
    }
}

/* `text` as a string of JSON, in quotes. It must be valid UTF-8. */
static inline void tamis_line_put_string(tamis_line_out *line, tamis_slice text)
{
    tamis_line_put(line, "\"");
    if (line->status == TAMIS_OK) {
        line->status = tamis_buf_append_json(line->out, text);
    }
    tamis_line_put(line, "\"");
}

#endif
