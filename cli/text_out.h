/* SPDX-License-Identifier: Apache-2.0 */
/* text_out.h - what a command says on stdout: formatted text, JSON, and strings from corpora made
 * safe for a terminal.
 *
 * The writer keeps its first error and does nothing after it, so that callers ask once, at the end.
 *
 * Threads: one.
 */
#ifndef TAMIS_TEXT_OUT_H
#define TAMIS_TEXT_OUT_H

#include "tamis/json_out.h"

typedef struct tamis_text_out {
    FILE *file;
    tamis_buf buf; /* not written yet */
    tamis_status status;
} tamis_text_out;

/* file stays the caller's. */
void tamis_text_out_init(tamis_text_out *out, FILE *file);
void tamis_text_out_add(tamis_text_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends text on one line: white space as one space each; control characters, characters that
 * turn the direction of writing, and broken UTF-8 as \xHH or \u{HEX}, so that no text can drive the
 * terminal. */
void tamis_text_out_printable(tamis_text_out *out, tamis_slice text);
/* Writes what has gathered, once that is much; the other calls do it too, a JSON writer does not.
 */
void tamis_text_out_flush(tamis_text_out *out);
/* Takes over what a JSON writer over out->buf found. */
void tamis_text_out_json(tamis_text_out *out, tamis_json *json);
/* Writes what is left and frees the buffer. TAMIS_EIO and the like: the file does not take it;
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_text_out_finish(tamis_text_out *out, tamis_err *err);

#endif
