/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine.h"

#define CHUNK 240 /* bytes whose counts fit a byte */

static void count_bytes(tamis_slice text, tamis_marks *marks);
static void count_dots(tamis_slice text, tamis_marks *marks);
static void count_ellipses(tamis_slice text, tamis_marks *marks);

tamis_status tamis_engine_marks(tamis_signals *engine, const tamis_marks **out_marks,
                                tamis_err *err)
{
    (void)err;
    if (!engine->has_marks) {
        engine->marks = (tamis_marks){0};
        count_bytes(engine->text, &engine->marks);
        count_dots(engine->text, &engine->marks);
        count_ellipses(engine->text, &engine->marks);
        engine->has_marks = true;
    }
    *out_marks = &engine->marks;
    return TAMIS_OK;
}

/* Counts in bytes, which compilers turn into vectors. */
static void count_bytes(tamis_slice text, tamis_marks *marks)
{
    for (size_t from = 0; from < text.size; from += CHUNK) {
        const uint8_t *bytes = text.data + from;
        size_t size = text.size - from < CHUNK ? text.size - from : CHUNK;
        uint8_t hashes = 0;
        uint8_t opening = 0;
        uint8_t closing = 0;
        uint8_t newlines = 0;

        for (size_t i = 0; i < size; i++) {
            hashes = (uint8_t)(hashes + (bytes[i] == '#'));
            opening = (uint8_t)(opening + (bytes[i] == '{'));
            closing = (uint8_t)(closing + (bytes[i] == '}'));
            newlines = (uint8_t)(newlines + (bytes[i] == '\n'));
        }
        marks->hashes += hashes;
        marks->opening += opening;
        marks->closing += closing;
        marks->newlines += newlines;
    }
}

/* A run of r dots has r / 3 times "..."; ". . ." begins at the last dot of a run. */
static void count_dots(tamis_slice text, tamis_marks *marks)
{
    const uint8_t *end = text.data + text.size;
    const uint8_t *spaced_from = text.data;
    const uint8_t *dot = text.size == 0 ? NULL : memchr(text.data, '.', text.size);

    while (dot != NULL) {
        const uint8_t *after = dot + 1;

        while (after < end && *after == '.') {
            after++;
        }
        marks->dots += (size_t)(after - dot) / 3;
        if (after - 1 >= spaced_from && end - after >= 4 && memcmp(after, " . .", 4) == 0) {
            marks->spaced_dots += 1;
            spaced_from = after + 4;
        }
        dot = memchr(after, '.', (size_t)(end - after));
    }
}

static void count_ellipses(tamis_slice text, tamis_marks *marks)
{
    const uint8_t *end = text.data + text.size;
    const uint8_t *lead = text.size == 0 ? NULL : memchr(text.data, 0xE2, text.size);

    while (lead != NULL) {
        marks->ellipses += lead[1] == 0x80 && lead[2] == 0xA6;
        lead = memchr(lead + 3, 0xE2, (size_t)(end - lead) - 3);
    }
}
