/* SPDX-License-Identifier: Apache-2.0 */
#include "text_out.h"

#include <errno.h>
#include <stdarg.h>

#include "tamis/utf8.h"

#define FLUSH_BYTES (64u << 10)
#define PIECE_BYTES 1024 /* of one formatted piece; longer ones come through _printable */

void tamis_text_out_init(tamis_text_out *out, FILE *file)
{
    *out = (tamis_text_out){.file = file};
    tamis_buf_init(&out->buf, 0);
}

void tamis_text_out_flush(tamis_text_out *out)
{
    if (out->status == TAMIS_OK && out->buf.size >= FLUSH_BYTES) {
        if (fwrite(out->buf.data, 1, out->buf.size, out->file) != out->buf.size) {
            out->status = TAMIS_EIO;
        }
        tamis_buf_reset(&out->buf);
    }
}

static void append(tamis_text_out *out, const void *bytes, size_t size)
{
    if (out->status == TAMIS_OK) {
        out->status = tamis_buf_append(&out->buf, bytes, size);
    }
}

void tamis_text_out_add(tamis_text_out *out, const char *format, ...)
{
    char text[PIECE_BYTES];
    va_list args;
    int size = 0;

    va_start(args, format);
    size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    TAMIS_ASSERT(size >= 0);
    append(out, text, (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1);
    tamis_text_out_flush(out);
}

/* Length of the well-formed character at the head of text; 0: there is none. */
static size_t character_at(const uint8_t *bytes, size_t size, uint32_t *out_code_point)
{
    uint8_t again[4];
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;

    if (length > size || (bytes[0] >= 0x80 && bytes[0] < 0xC2) || bytes[0] > 0xF4) {
        return 0;
    }
    (void)tamis_utf8_decode(bytes, out_code_point);
    if (*out_code_point > 0x10FFFF || (*out_code_point >= 0xD800 && *out_code_point <= 0xDFFF)) {
        return 0;
    }
    /* Only the shortest form, with proper continuation bytes, encodes to the same bytes again. */
    return tamis_utf8_encode(*out_code_point, again) == length && memcmp(again, bytes, length) == 0
               ? length
               : 0;
}

/* C0, C1, line and paragraph separators, marks and overrides of direction, byte order mark. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
           (c >= 0xE0000 && c <= 0xE007F);
}

void tamis_text_out_printable(tamis_text_out *out, tamis_slice text)
{
    size_t position = 0;

    while (position < text.size && out->status == TAMIS_OK) {
        const uint8_t *bytes = text.data + position;
        uint32_t c = 0;
        size_t length = character_at(bytes, text.size - position, &c);

        if (length == 0) {
            tamis_text_out_add(out, "\\x%02x", bytes[0]);
            position++;
            continue;
        }
        if (c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r') {
            append(out, " ", 1);
        } else if (is_unsafe(c)) {
            tamis_text_out_add(out, "\\u{%x}", c);
        } else {
            append(out, bytes, length);
        }
        position += length;
    }
    tamis_text_out_flush(out);
}

void tamis_text_out_json(tamis_text_out *out, tamis_json *json)
{
    tamis_status status = tamis_json_finish(json);

    if (out->status == TAMIS_OK) {
        out->status = status;
    }
    tamis_text_out_flush(out);
}

tamis_status tamis_text_out_finish(tamis_text_out *out, tamis_err *err)
{
    errno = 0;
    if (out->status == TAMIS_OK && out->buf.size != 0 &&
        fwrite(out->buf.data, 1, out->buf.size, out->file) != out->buf.size) {
        out->status = TAMIS_EIO;
    }
    if (out->status == TAMIS_OK && fflush(out->file) != 0) {
        out->status = TAMIS_EIO;
    }
    tamis_buf_fini(&out->buf);
    if (out->status == TAMIS_EIO) {
        return tamis_err_errno(err, errno == 0 ? EIO : errno, "cannot write to stdout");
    }
    return out->status == TAMIS_OK ? TAMIS_OK
                                   : tamis_err_set(err, out->status, "no memory for the output");
}
