/* SPDX-License-Identifier: Apache-2.0 */
#include "language_feed.h"

#include "tamis/words.h"

tamis_slice language_feed_head(tamis_slice text, uint64_t bytes_max)
{
    size_t size = text.size;

    if (bytes_max != 0 && size > bytes_max) {
        size = (size_t)bytes_max;
        while (size > 0 && (text.data[size] & 0xC0) == 0x80) {
            size--;
        }
    }
    return tamis_slice_of(text.data, size);
}

static tamis_status copy_newlines(tamis_slice text, tamis_language_newline newline, tamis_buf *out)
{
    size_t at = 0;
    tamis_status status = tamis_buf_reserve(out, text.size + 1);

    while (status == TAMIS_OK && at < text.size) {
        const uint8_t *found = memchr(text.data + at, '\n', text.size - at);
        size_t size = found == NULL ? text.size - at : (size_t)(found - text.data) - at;

        memcpy(out->data + out->size, text.data + at, size);
        out->size += size;
        at += size;
        if (found != NULL) {
            at++;
            if (newline == TAMIS_LANGUAGE_NEWLINE_SPACE) {
                out->data[out->size++] = ' ';
            }
        }
    }
    return status;
}

tamis_status language_feed(const tamis_language_options *options, tamis_slice text, tamis_buf *out,
                           tamis_buf *spare, tamis_slice *out_line)
{
    tamis_slice line = {0};
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(out);
    status = copy_newlines(text, options->newline, out);
    line = tamis_buf_slice(out);
    if (status == TAMIS_OK && options->is_lowered) {
        tamis_buf_reset(spare);
        status = tamis_text_lower(line, spare);
        line = tamis_buf_slice(spare);
    }
    if (status == TAMIS_OK) {
        *out_line = options->is_stripped ? tamis_text_strip(line) : line;
    }
    return status;
}

static bool is_no_character(const uint8_t *c)
{
    if (c[0] == 0xEF) {
        return (c[1] == 0xB7 && c[2] >= 0x90 && c[2] <= 0xAF) || (c[1] == 0xBF && c[2] >= 0xBE);
    }
    return c[0] >= 0xF0 && (c[1] & 0x0F) == 0x0F && c[2] == 0xBF && c[3] >= 0xBE;
}

void language_feed_clean(uint8_t *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        uint8_t c = text[at];
        size_t length = c < 0x80 ? 1 : (c < 0xE0 ? 2 : (c < 0xF0 ? 3 : 4));

        if (length > size - at) {
            length = size - at; /* not well-formed: the detector says so */
        }
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F ||
            (c == 0xC2 && length == 2 && text[at + 1] < 0xA0) ||
            ((length == 3 || length == 4) && is_no_character(text + at))) {
            memset(text + at, ' ', length);
        }
        at += length;
    }
}
