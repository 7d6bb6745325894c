/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form of a URL, as docs/FORMATS.md, section 3, defines it. It names a place, it is no
 * URL that could be fetched: the scheme is gone. */
#include <idn2.h>
#include <stdlib.h>

#include "tamis/reader.h"
#include "tamis/utf8.h"

/* The URL as it is taken apart; slices of the cleaned bytes. */
typedef struct url_parts {
    tamis_slice scheme; /* lower case; empty: none */
    tamis_slice host;
    tamis_slice port;
    tamis_slice path;
    tamis_slice query;
    bool is_opaque; /* a scheme without an authority: mailto:, urn: */
} url_parts;

static const char *const session_names[] = {
    "jsessionid", "phpsessid", "sessionid", "session_id",        "sessid", "sid",
    "cfid",       "cftoken",   "oscsid",    "asp.net_sessionid", "zenid",  NULL,
};
static const char *const tracking_prefixes[] = {"utm_", "aspsessionid", NULL};

static bool byte_is_alpha(uint8_t c)
{
    c |= 0x20;
    return c >= 'a' && c <= 'z';
}

static bool byte_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint8_t byte_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static int byte_hex(uint8_t c)
{
    if (byte_is_digit(c)) {
        return c - '0';
    }
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986, 2.3. */
static bool byte_is_unreserved(uint8_t c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Bytes that may stand in a path or query as they are: RFC 3986 without the percent sign. */
static bool byte_is_plain(uint8_t c)
{
    return byte_is_unreserved(c) || (c != 0 && c < 0x80 && strchr("!$&'()*+,;=:@/?", c) != NULL);
}

static tamis_slice slice_from(tamis_slice slice, size_t first)
{
    return tamis_slice_of(slice.data + first, slice.size - first);
}

/* Index of the first byte of `set`; slice.size where there is none. */
static size_t slice_find(tamis_slice slice, const char *set)
{
    size_t i = 0;

    while (i < slice.size && (slice.data[i] == 0 || strchr(set, slice.data[i]) == NULL)) {
        i++;
    }
    return i;
}

static bool slice_is(tamis_slice slice, const char *text)
{
    return slice.size == strlen(text) && memcmp(slice.data, text, slice.size) == 0;
}

/* The value of the two hex digits behind a percent sign at i; -1: none. */
static int percent_value(tamis_slice slice, size_t i)
{
    int high = i + 2 < slice.size ? byte_hex(slice.data[i + 1]) : -1;
    int low = high < 0 ? -1 : byte_hex(slice.data[i + 2]);

    return low < 0 ? -1 : high * 16 + low;
}

static tamis_status append_percent(tamis_buf *out, uint8_t c)
{
    return tamis_buf_append_format(out, "%%%02X", c);
}

/* Appends with percent-encoding in its normal form. */
static tamis_status append_encoded(tamis_buf *out, tamis_slice slice)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < slice.size && status == TAMIS_OK; i++) {
        uint8_t c = slice.data[i];
        int value = c == '%' ? percent_value(slice, i) : -1;

        if (value >= 0) {
            i += 2;
            status = byte_is_unreserved((uint8_t)value) ? tamis_buf_append_byte(out, (uint8_t)value)
                                                        : append_percent(out, (uint8_t)value);
        } else {
            status = byte_is_plain(c) ? tamis_buf_append_byte(out, c) : append_percent(out, c);
        }
    }
    return status;
}

/* Without the white space and control characters around it, and without tabs and line ends. */
static tamis_status url_clean(tamis_slice url, tamis_buf *out)
{
    size_t end = url.size;
    size_t first = 0;
    tamis_status status = TAMIS_OK;

    while (end > 0 && url.data[end - 1] <= 0x20) {
        end--;
    }
    while (first < end && url.data[first] <= 0x20) {
        first++;
    }
    status = tamis_buf_reserve(out, end - first + 1);
    for (size_t i = first; i < end && status == TAMIS_OK; i++) {
        uint8_t c = url.data[i];

        if (c != '\t' && c != '\n' && c != '\r') {
            out->data[out->size++] = c;
        }
    }
    return status;
}

/* Lowers the scheme in place and returns its size without the colon; 0: there is none. What looks
 * like a scheme is a host when a port follows. */
static size_t scheme_take(tamis_buf *url)
{
    size_t size = 0;
    size_t digits = 0;

    if (url->size == 0 || !byte_is_alpha(url->data[0])) {
        return 0;
    }
    while (size < url->size && (byte_is_alpha(url->data[size]) || byte_is_digit(url->data[size]) ||
                                (url->data[size] != 0 && strchr("+-.", url->data[size]) != NULL))) {
        size++;
    }
    if (size == url->size || url->data[size] != ':') {
        return 0;
    }
    digits = size + 1;
    while (digits < url->size && byte_is_digit(url->data[digits])) {
        digits++;
    }
    if (digits > size + 1 && (digits == url->size || strchr("/?#\\", url->data[digits]) != NULL)) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        url->data[i] = byte_lower(url->data[i]);
    }
    return size;
}

static void authority_split(tamis_slice authority, url_parts *parts)
{
    size_t at = authority.size;
    size_t colon = 0;

    while (at > 0 && authority.data[at - 1] != '@') {
        at--;
    }
    authority = slice_from(authority, at);
    colon = authority.size;
    while (colon > 0 && byte_is_digit(authority.data[colon - 1])) {
        colon--;
    }
    if (colon > 0 && authority.data[colon - 1] == ':') {
        parts->port = slice_from(authority, colon);
        authority.size = colon - 1;
    }
    while (parts->port.size > 0 && parts->port.data[0] == '0') {
        parts->port = slice_from(parts->port, 1);
    }
    parts->host = authority;
}

/* Takes the cleaned URL apart. */
static void url_split(tamis_buf *url, url_parts *parts)
{
    size_t scheme_size = scheme_take(url);
    tamis_slice rest = tamis_buf_slice(url);
    size_t slashes = 0;

    *parts = (url_parts){.is_opaque = false};
    if (scheme_size != 0) {
        parts->scheme = tamis_slice_of(url->data, scheme_size);
        rest = slice_from(rest, scheme_size + 1);
    }
    rest.size = slice_find(rest, "#");
    while (slashes < rest.size && slashes < 2 &&
           (rest.data[slashes] == '/' || rest.data[slashes] == '\\')) {
        slashes++;
    }
    if (slashes == 2) {
        rest = slice_from(rest, 2);
    } else if (scheme_size != 0) {
        parts->is_opaque = true;
        parts->path = rest;
        return;
    }
    authority_split(tamis_slice_of(rest.data, slice_find(rest, "/\\?")), parts);
    rest = slice_from(rest, slice_find(rest, "/\\?"));
    parts->path = tamis_slice_of(rest.data, slice_find(rest, "?"));
    if (parts->path.size < rest.size) {
        parts->query = slice_from(rest, parts->path.size + 1);
    }
}

/* Whether compatibility mapping made a delimiter of what was none (U+FF0F becomes a slash). */
static bool host_has_delimiter(const char *host)
{
    for (; *host != '\0'; host++) {
        if ((uint8_t)*host <= 0x20 || strchr("/?#@:\\", *host) != NULL) {
            return true;
        }
    }
    return false;
}

/* Takes the place of the host from `first` on: its A-labels, where IDNA does not refuse it. */
static tamis_status host_to_ascii(tamis_buf *out, size_t first)
{
    char *ascii = NULL;
    tamis_status status = TAMIS_OK;
    int result = IDN2_OK;

    out->data[out->size] = '\0';
    result = idn2_to_ascii_8z((const char *)out->data + first, &ascii,
                              IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result == IDN2_MALLOC) {
        return TAMIS_ENOMEM;
    }
    if (result == IDN2_OK && !host_has_delimiter(ascii)) {
        out->size = first;
        status = tamis_buf_append_string(out, ascii);
    }
    idn2_free(ascii);
    return status;
}

/* The host in lower case, decoded where that makes no delimiter, in A-labels. */
static tamis_status append_host(tamis_buf *out, tamis_slice host)
{
    size_t first = out->size;
    bool is_ascii = true;
    tamis_status status = tamis_buf_reserve(out, host.size + 1);

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < host.size; i++) {
        int value = host.data[i] == '%' ? percent_value(host, i) : -1;
        bool is_decoded = value >= 0x80 || (value > 0 && byte_is_unreserved((uint8_t)value));
        uint8_t byte = byte_lower(is_decoded ? (uint8_t)value : host.data[i]);

        i += is_decoded ? 2 : 0;
        is_ascii = is_ascii && byte < 0x80;
        out->data[out->size++] = byte;
    }
    while (out->size > first && out->data[out->size - 1] == '.') {
        out->size--;
    }
    return is_ascii ? TAMIS_OK : host_to_ascii(out, first);
}

/* "www." goes where a host with a dot remains. */
static void host_drop_www(tamis_buf *out)
{
    while (out->size > 4 && memcmp(out->data, "www.", 4) == 0 &&
           memchr(out->data + 4, '.', out->size - 4) != NULL) {
        memmove(out->data, out->data + 4, out->size - 4);
        out->size -= 4;
    }
}

static bool port_is_default(const url_parts *parts)
{
    return parts->port.size == 0 ||
           (slice_is(parts->scheme, "http") && slice_is(parts->port, "80")) ||
           (slice_is(parts->scheme, "https") && slice_is(parts->port, "443")) ||
           (slice_is(parts->scheme, "ftp") && slice_is(parts->port, "21"));
}

/* Whether a parameter (name, or name=value, with its encoding in normal form) says who came, not
 * what is shown. */
static bool parameter_is_dropped(tamis_slice parameter)
{
    char name[24];
    size_t size = slice_find(parameter, "=");

    if (size >= sizeof(name)) { /* only prefixes can match */
        size = sizeof(name) - 1;
    }
    for (size_t i = 0; i < size; i++) {
        name[i] = (char)byte_lower(parameter.data[i]);
    }
    name[size] = '\0';
    for (size_t i = 0; tracking_prefixes[i] != NULL; i++) {
        if (strncmp(name, tracking_prefixes[i], strlen(tracking_prefixes[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 0; session_names[i] != NULL; i++) {
        if (strcmp(name, session_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Removes the last segment of the path that begins at `first` in out. */
static void path_drop_segment(tamis_buf *out, size_t first)
{
    while (out->size > first && out->data[out->size - 1] != '/') {
        out->size--;
    }
    out->size -= out->size > first;
}

/* Appends one segment with its slash: without session parameters, dot segments resolved. */
static tamis_status append_segment(tamis_buf *out, size_t first, tamis_slice segment)
{
    size_t begin = out->size;
    tamis_status status = tamis_buf_append_byte(out, '/');

    for (bool is_first = true; status == TAMIS_OK; is_first = false) {
        size_t parameter = slice_find(segment, ";");
        size_t size = out->size;

        if (!is_first) {
            status = tamis_buf_append_byte(out, ';');
        }
        if (status == TAMIS_OK) {
            status = append_encoded(out, tamis_slice_of(segment.data, parameter));
        }
        if (status == TAMIS_OK && !is_first &&
            parameter_is_dropped(tamis_slice_of(out->data + size + 1, out->size - size - 1))) {
            out->size = size;
        }
        if (parameter == segment.size) {
            break;
        }
        segment = slice_from(segment, parameter + 1);
    }
    if (status == TAMIS_OK) {
        tamis_slice made = tamis_slice_of(out->data + begin, out->size - begin);

        if (slice_is(made, "/.")) {
            out->size = begin;
        } else if (slice_is(made, "/..")) {
            out->size = begin;
            path_drop_segment(out, first);
        }
    }
    return status;
}

static tamis_status append_path(tamis_buf *out, tamis_slice path)
{
    size_t first = out->size;
    tamis_status status = TAMIS_OK;

    while (path.size != 0 && status == TAMIS_OK) {
        size_t size = slice_find(slice_from(path, 1), "/\\");

        status = append_segment(out, first, tamis_slice_of(path.data + 1, size));
        path = slice_from(path, size + 1);
    }
    while (out->size > first && out->data[out->size - 1] == '/') {
        out->size--;
    }
    return status;
}

static tamis_status append_query(tamis_buf *out, tamis_slice query)
{
    uint8_t separator = '?';
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        size_t size = slice_find(query, "&");
        size_t before = out->size;

        status = tamis_buf_append_byte(out, separator);
        if (status == TAMIS_OK) {
            status = append_encoded(out, tamis_slice_of(query.data, size));
        }
        if (status == TAMIS_OK) {
            tamis_slice made = tamis_slice_of(out->data + before + 1, out->size - before - 1);

            if (made.size == 0 || parameter_is_dropped(made)) {
                out->size = before;
            } else {
                separator = '&';
            }
        }
        if (size == query.size) {
            break;
        }
        query = slice_from(query, size + 1);
    }
    return status;
}

static tamis_status append_opaque(tamis_buf *out, const url_parts *parts)
{
    tamis_status status = tamis_buf_append(out, parts->scheme.data, parts->scheme.size);

    if (status == TAMIS_OK) {
        status = tamis_buf_append_byte(out, ':');
    }
    return status == TAMIS_OK ? append_encoded(out, parts->path) : status;
}

tamis_status tamis_url_normalize(tamis_slice url, tamis_buf *out)
{
    tamis_buf clean;
    url_parts parts;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(out);
    tamis_buf_init(&clean, 0);
    status = url_clean(url, &clean);
    if (status != TAMIS_OK || clean.size == 0) {
        goto out;
    }
    url_split(&clean, &parts);
    if (parts.is_opaque) {
        status = append_opaque(out, &parts);
        goto out;
    }
    status = append_host(out, parts.host);
    if (status == TAMIS_OK) {
        host_drop_www(out);
    }
    if (status == TAMIS_OK && !port_is_default(&parts)) {
        status = tamis_buf_append_byte(out, ':');
        if (status == TAMIS_OK) {
            status = tamis_buf_append(out, parts.port.data, parts.port.size);
        }
    }
    if (status == TAMIS_OK) {
        status = append_path(out, parts.path);
    }
    if (status == TAMIS_OK) {
        status = append_query(out, parts.query);
    }

out:
    tamis_buf_fini(&clean);
    return status;
}
