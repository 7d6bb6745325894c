/* SPDX-License-Identifier: Apache-2.0 */
#include "warc_header.h"

#include <strings.h>

typedef struct header_field {
    tamis_slice name;
    tamis_slice value;
} header_field;

size_t header_block_size(tamis_slice bytes)
{
    const uint8_t *p = bytes.data;
    const uint8_t *end = bytes.data + bytes.size;

    while (p < end) {
        const uint8_t *feed = memchr(p, '\n', (size_t)(end - p));

        if (feed == NULL) {
            return 0;
        }
        p = feed + 1;
        if (p < end && *p == '\n') {
            return (size_t)(p + 1 - bytes.data);
        }
        if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
            return (size_t)(p + 2 - bytes.data);
        }
    }
    return 0;
}

static bool byte_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool warc_version_is_known(tamis_slice bytes)
{
    const uint8_t *p = bytes.data;
    size_t size = 8;

    if (bytes.size < WARC_MARK_BYTES || memcmp(p, "WARC/", 5) != 0 || p[6] != '.' ||
        !byte_is_digit(p[7]) || !(p[5] == '1' || (p[5] == '0' && byte_is_digit(p[8])))) {
        return false;
    }
    size += p[5] == '0';
    return p[size] == '\r' || p[size] == '\n';
}

static tamis_slice slice_trim(const uint8_t *begin, const uint8_t *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t')) {
        begin++;
    }
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }
    return tamis_slice_of(begin, (size_t)(end - begin));
}

/* The line at *p without its end; moves *p behind it. */
static tamis_slice line_take(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *begin = *p;
    const uint8_t *feed = memchr(begin, '\n', (size_t)(end - begin));

    *p = feed == NULL ? end : feed + 1;
    return slice_trim(begin, feed == NULL ? end : feed);
}

/* False: the line is no field. */
static bool field_parse(tamis_slice line, header_field *out_field)
{
    const uint8_t *colon = line.size == 0 ? NULL : memchr(line.data, ':', line.size);

    if (colon == NULL || colon == line.data) {
        return false;
    }
    out_field->name = slice_trim(line.data, colon);
    out_field->value = slice_trim(colon + 1, line.data + line.size);
    return true;
}

static bool slice_is(tamis_slice slice, const char *text)
{
    return slice.size == strlen(text) &&
           strncasecmp((const char *)slice.data, text, slice.size) == 0;
}

/* Makes one line of those that are continued: white space takes the place of the line ends. */
static void block_join(uint8_t *block, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        if (block[i] == '\n' && (block[i + 1] == ' ' || block[i + 1] == '\t')) {
            block[i] = ' ';
            if (i > 0 && block[i - 1] == '\r') {
                block[i - 1] = ' ';
            }
        }
    }
}

static bool size_parse(tamis_slice text, uint64_t *out_size)
{
    uint64_t size = 0;

    if (text.size == 0 || text.size > 18) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        size = size * 10 + (uint64_t)(text.data[i] - '0');
    }
    *out_size = size;
    return true;
}

static warc_kind kind_parse(tamis_slice text)
{
    static const struct {
        const char *name;
        warc_kind kind;
    } kinds[] = {
        {"conversion", WARC_KIND_CONVERSION}, {"response", WARC_KIND_RESPONSE},
        {"resource", WARC_KIND_RESOURCE},     {"warcinfo", WARC_KIND_WARCINFO},
        {"request", WARC_KIND_REQUEST},       {"metadata", WARC_KIND_METADATA},
        {"revisit", WARC_KIND_REVISIT},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (slice_is(text, kinds[i].name)) {
            return kinds[i].kind;
        }
    }
    return WARC_KIND_OTHER;
}

static void slice_take_first(tamis_slice *slice, tamis_slice value)
{
    if (slice->data == NULL) {
        *slice = value;
    }
}

bool warc_header_parse(uint8_t *block, size_t size, warc_header *out_header)
{
    const uint8_t *p = block;
    const uint8_t *end = block + size;
    tamis_slice kind = {NULL, 0};
    tamis_slice length = {NULL, 0};

    *out_header = (warc_header){.kind = WARC_KIND_OTHER};
    block_join(block, size);
    (void)line_take(&p, end); /* the version */
    while (p < end) {
        tamis_slice line = line_take(&p, end);
        header_field field;

        if (line.size == 0) {
            continue; /* the empty line */
        }
        if (!field_parse(line, &field)) {
            return false;
        }
        if (slice_is(field.name, "WARC-Type")) {
            slice_take_first(&kind, field.value);
        } else if (slice_is(field.name, "Content-Length")) {
            slice_take_first(&length, field.value);
        } else if (slice_is(field.name, "WARC-Record-ID")) {
            slice_take_first(&out_header->id, field.value);
        } else if (slice_is(field.name, "WARC-Target-URI")) {
            slice_take_first(&out_header->url, field.value);
        } else if (slice_is(field.name, "WARC-Date")) {
            slice_take_first(&out_header->date, field.value);
        } else if (slice_is(field.name, "Content-Type")) {
            slice_take_first(&out_header->content_type, field.value);
        }
    }
    if (out_header->url.size >= 2 && out_header->url.data[0] == '<' &&
        out_header->url.data[out_header->url.size - 1] == '>') {
        out_header->url = tamis_slice_of(out_header->url.data + 1, out_header->url.size - 2);
    }
    out_header->kind = kind_parse(kind);
    return kind.size != 0 && size_parse(length, &out_header->content_size);
}

bool content_type_is_text(tamis_slice content_type)
{
    const uint8_t *end = content_type.data;

    if (content_type.size == 0) {
        return false;
    }
    end = memchr(content_type.data, ';', content_type.size);
    if (end == NULL) {
        end = content_type.data + content_type.size;
    }
    return slice_is(slice_trim(content_type.data, end), "text/plain");
}

bool http_header_parse(tamis_slice content, http_header *out_header)
{
    const uint8_t *p = content.data;
    const uint8_t *end = NULL;
    tamis_slice content_type = {NULL, 0};

    *out_header = (http_header){.size = 0};
    if (content.size < 5 || memcmp(content.data, "HTTP/", 5) != 0) {
        return false;
    }
    out_header->size = header_block_size(content);
    if (out_header->size == 0) {
        return false;
    }
    end = content.data + out_header->size;
    (void)line_take(&p, end); /* the status */
    while (p < end) {
        header_field field;

        if (!field_parse(line_take(&p, end), &field)) {
            continue; /* servers send much that is no field; none of it matters here */
        }
        if (slice_is(field.name, "Content-Type")) {
            slice_take_first(&content_type, field.value);
        } else if (slice_is(field.name, "Transfer-Encoding")) {
            out_header->is_chunked = slice_is(field.value, "chunked");
        } else if (slice_is(field.name, "Content-Encoding")) {
            out_header->is_gzip = slice_is(field.value, "gzip") || slice_is(field.value, "x-gzip");
            out_header->is_unknown_coding =
                !out_header->is_gzip && field.value.size != 0 && !slice_is(field.value, "identity");
        }
    }
    out_header->is_text = content_type_is_text(content_type);
    return true;
}
