/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a list: one term a line, or a JSON array of strings. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "keyword_case.h"
#include "keyword_parts.h"
#include "tamis/utf8.h"

/* Where a list is being read. */
typedef struct cursor {
    const char *name;
    tamis_slice list;
    size_t at;
    size_t line;
    tamis_buf text; /* one string of a JSON list */
} cursor;

/* Terms that datatrove takes out of the lists of these languages. */
static const struct {
    const char *language;
    const char *term;
} allowed[] = {
    {"ja", "sm"},
    {"ja", "\xE3\x82\xB0\xE3\x83\xAD"},
    {"ja", "\xE5\xA5\xB3\xE3\x81\xAE\xE5\xAD\x90"},
    {"zh", "\xE6\x80\xA7"},
};

static bool is_allowed(const tamis_keywords_settings *settings, tamis_slice term)
{
    if (settings->rules != TAMIS_KEYWORD_DATATROVE || settings->language == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (strcmp(settings->language, allowed[i].language) == 0 &&
            tamis_slice_is_equal(term, tamis_slice_of_string(allowed[i].term))) {
            return true;
        }
    }
    return false;
}

static size_t append_lower(uint8_t *out, uint32_t code_point)
{
    size_t size = tamis_utf8_encode(keyword_lower(code_point), out);

    if (code_point == KEYWORD_DOTTED_I) {
        size += tamis_utf8_encode(KEYWORD_DOT, out + size);
    }
    return size;
}

static tamis_status pool_append(tamis_keywords *keywords, tamis_slice term, size_t *out_size)
{
    size_t first = keywords->pool.size;
    bool is_raw = keywords->settings.rules == TAMIS_KEYWORD_RPV2;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < term.size && status == TAMIS_OK;) {
        uint8_t bytes[8] = {0};
        uint32_t code_point = 0;
        size_t size = tamis_utf8_decode(term.data + i, &code_point);

        i += size;
        size = is_raw ? tamis_utf8_encode(code_point, bytes) : append_lower(bytes, code_point);
        status = tamis_buf_append(&keywords->pool, bytes, size);
    }
    *out_size = keywords->pool.size - first;
    return status;
}

tamis_status keyword_add(tamis_keywords *keywords, tamis_slice term, tamis_err *err)
{
    size_t first = keywords->pool.size;
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    if (keywords->term_count == keywords->term_room) {
        size_t room = keywords->term_room == 0 ? 256 : 2 * keywords->term_room;
        keyword_term *grown = realloc(keywords->terms, room * sizeof(*grown));

        if (grown == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "out of memory");
        }
        keywords->terms = grown;
        keywords->term_room = room;
    }
    status = pool_append(keywords, term, &size);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "out of memory");
    }
    if (size > TAMIS_KEYWORD_BYTES_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "a term of %zu bytes; the limit is %d", size,
                             TAMIS_KEYWORD_BYTES_MAX);
    }
    if (is_allowed(&keywords->settings, tamis_slice_of(keywords->pool.data + first, size))) {
        keywords->pool.size = first;
        return TAMIS_OK;
    }
    keywords->terms[keywords->term_count] =
        (keyword_term){.offset = (uint32_t)first, .size = (uint32_t)size};
    keywords->term_count++;
    return TAMIS_OK;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static tamis_slice trimmed(tamis_slice line)
{
    while (line.size > 0 && is_blank(line.data[0])) {
        line.data++;
        line.size--;
    }
    while (line.size > 0 && is_blank(line.data[line.size - 1])) {
        line.size--;
    }
    return line;
}

static tamis_status parse_lines(tamis_keywords *keywords, cursor *from, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (from->at < from->list.size && status == TAMIS_OK) {
        const uint8_t *begin = from->list.data + from->at;
        const uint8_t *end = memchr(begin, '\n', from->list.size - from->at);
        size_t size = end == NULL ? from->list.size - from->at : (size_t)(end - begin);
        tamis_slice term = trimmed(tamis_slice_of(begin, size));

        if (term.size > 0 && term.data[0] != '#') {
            status = keyword_add(keywords, term, err);
        }
        if (status == TAMIS_OK) {
            from->at += size + 1;
            from->line++;
        }
    }
    return status;
}

static void skip_blank(cursor *from)
{
    while (from->at < from->list.size && is_blank(from->list.data[from->at])) {
        from->line += from->list.data[from->at] == '\n';
        from->at++;
    }
}

static bool take(cursor *from, uint8_t byte)
{
    if (from->at < from->list.size && from->list.data[from->at] == byte) {
        from->at++;
        return true;
    }
    return false;
}

/* Four hex digits. */
static bool take_unit(cursor *from, uint32_t *out_unit)
{
    uint32_t unit = 0;

    if (from->list.size - from->at < 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        uint8_t byte = from->list.data[from->at + i];
        uint32_t low = byte | 0x20u;

        if (byte >= '0' && byte <= '9') {
            unit = unit << 4 | (uint32_t)(byte - '0');
        } else if (low >= 'a' && low <= 'f') {
            unit = unit << 4 | (low - 'a' + 10);
        } else {
            return false;
        }
    }
    from->at += 4;
    *out_unit = unit;
    return true;
}

/* What stands behind a backslash, as UTF-8; 0 bytes: no such escape. */
static size_t take_escape(cursor *from, uint8_t out_bytes[4])
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    uint32_t unit = 0;
    uint32_t low = 0;

    if (from->at == from->list.size) {
        return 0;
    }
    uint8_t byte = from->list.data[from->at++];
    const char *found = byte == 0 ? NULL : strchr(names, byte);

    if (found != NULL) {
        out_bytes[0] = (uint8_t)values[found - names];
        return 1;
    }
    if (byte != 'u' || !take_unit(from, &unit) || unit == 0 || (unit >= 0xDC00 && unit < 0xE000)) {
        return 0;
    }
    if (unit >= 0xD800 && unit < 0xDC00) {
        if (!take(from, '\\') || !take(from, 'u') || !take_unit(from, &low) || low < 0xDC00 ||
            low > 0xDFFF) {
            return 0;
        }
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    return tamis_utf8_encode(unit, out_bytes);
}

static tamis_status fault(cursor *from, const char *wanted, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EFORMAT, "%s is missing at offset %zu", wanted, from->at);
}

static tamis_status parse_string(cursor *from, tamis_err *err)
{
    tamis_buf_reset(&from->text);
    if (!take(from, '"')) {
        return fault(from, "a string in quotes", err);
    }
    while (!take(from, '"')) {
        uint8_t bytes[4];
        size_t size = 1;
        tamis_status status = TAMIS_OK;

        if (from->at == from->list.size || from->list.data[from->at] < 0x20) {
            return fault(from, "the closing quote", err);
        }
        bytes[0] = from->list.data[from->at++];
        if (bytes[0] == '\\') {
            size = take_escape(from, bytes);
            if (size == 0) {
                return fault(from, "a valid escape", err);
            }
        }
        status = tamis_buf_append(&from->text, bytes, size);
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "out of memory");
        }
    }
    return TAMIS_OK;
}

static tamis_status parse_array(tamis_keywords *keywords, cursor *from, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    (void)take(from, '[');
    skip_blank(from);
    if (take(from, ']')) {
        skip_blank(from);
        return from->at == from->list.size ? TAMIS_OK : fault(from, "the end of the file", err);
    }
    do {
        skip_blank(from);
        status = parse_string(from, err);
        if (status == TAMIS_OK && trimmed(tamis_buf_slice(&from->text)).size > 0) {
            status = keyword_add(keywords, trimmed(tamis_buf_slice(&from->text)), err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
        skip_blank(from);
    } while (take(from, ','));
    if (!take(from, ']')) {
        return fault(from, "a comma or ']'", err);
    }
    skip_blank(from);
    return from->at == from->list.size ? TAMIS_OK : fault(from, "the end of the file", err);
}

/* The list with slack behind it, which the check of UTF-8 reads. */
static tamis_status check_text(cursor *from, tamis_buf *copy, tamis_err *err)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    size_t valid = 0;
    tamis_status status = tamis_buf_append(copy, from->list.data, from->list.size);

    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "out of memory");
    }
    from->list = tamis_buf_slice(copy);
    valid = from->list.size == 0 ? 0 : tamis_utf8_valid_prefix(from->list);
    for (size_t i = 0; i < valid; i++) {
        from->line += from->list.data[i] == '\n';
    }
    if (valid < from->list.size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "not UTF-8 at offset %zu: convert the file",
                             valid);
    }
    from->line = 1;
    if (from->list.size >= 3 && memcmp(from->list.data, mark, 3) == 0) {
        from->at = 3;
    }
    return TAMIS_OK;
}

tamis_status keyword_parse(tamis_keywords *keywords, tamis_slice list, const char *name,
                           tamis_err *err)
{
    cursor from = {.name = name, .list = list, .line = 1};
    tamis_buf copy;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&copy, 0);
    tamis_buf_init(&from.text, 0);
    status = check_text(&from, &copy, err);
    if (status == TAMIS_OK) {
        size_t first = from.at;
        size_t line = from.line;

        skip_blank(&from);
        if (from.at < from.list.size && from.list.data[from.at] == '[') {
            status = parse_array(keywords, &from, err);
        } else {
            from.at = first;
            from.line = line;
            status = parse_lines(keywords, &from, err);
        }
    }
    if (status != TAMIS_OK) {
        tamis_err_context(err, "%s, line %zu", name, from.line);
    }
    tamis_buf_fini(&from.text);
    tamis_buf_fini(&copy);
    return status;
}

static tamis_status read_all(FILE *file, const char *path, tamis_buf *out, tamis_err *err)
{
    for (;;) {
        tamis_status status = tamis_buf_reserve(out, 65536);

        if (status != TAMIS_OK) {
            return status == TAMIS_ELIMIT ? tamis_err_set(err, status, "%s: longer than %u MiB",
                                                          path, TAMIS_KEYWORDS_FILE_MAX >> 20)
                                          : tamis_err_set(err, status, "%s: out of memory", path);
        }
        errno = 0;
        size_t size = fread(out->data + out->size, 1, 65536, file);

        out->size += size;
        if (size == 0) {
            return ferror(file) ? tamis_err_errno(err, errno, "%s: reading the list", path)
                                : TAMIS_OK;
        }
    }
}

tamis_status tamis_keywords_open(const tamis_keywords_settings *settings, const char *path,
                                 tamis_keywords **out_keywords, tamis_err *err)
{
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;
    FILE *file = fopen(path, "rbe");

    if (file == NULL) {
        return tamis_err_errno(err, errno, "%s: opening the list", path);
    }
    tamis_buf_init(&bytes, TAMIS_KEYWORDS_FILE_MAX + 65536);
    status = read_all(file, path, &bytes, err);
    (void)fclose(file); /* only read */
    if (status == TAMIS_OK) {
        status = tamis_keywords_create(settings, tamis_buf_slice(&bytes), path, out_keywords, err);
    }
    tamis_buf_fini(&bytes);
    return status;
}
