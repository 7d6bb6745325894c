/* SPDX-License-Identifier: Apache-2.0 */
/* warc_header.h - the head of a WARC record (ISO 28500), and that of an HTTP response in one.
 *
 * Pure.
 */
#ifndef TAMIS_INPUT_WARC_HEADER_H
#define TAMIS_INPUT_WARC_HEADER_H

#include "tamis/slice.h"

typedef enum warc_kind {
    WARC_KIND_OTHER,
    WARC_KIND_CONVERSION,
    WARC_KIND_RESPONSE,
    WARC_KIND_RESOURCE,
    WARC_KIND_WARCINFO,
    WARC_KIND_REQUEST,
    WARC_KIND_METADATA,
    WARC_KIND_REVISIT
} warc_kind;

typedef struct warc_header {
    warc_kind kind;
    uint64_t content_size;
    tamis_slice id;
    tamis_slice url; /* without angle brackets */
    tamis_slice date;
    tamis_slice content_type;
} warc_header;

typedef struct http_header {
    size_t size; /* with the empty line */
    bool is_text;
    bool is_chunked;
    bool is_gzip;
    bool is_unknown_coding; /* neither identity nor gzip */
} http_header;

/* Bytes of the head at the begin of `bytes`, up to and with its empty line; 0: no empty line. Lines
 * end in CR LF or LF. */
size_t header_block_size(tamis_slice bytes);

/* Bytes that tell a record's begin: "WARC/1.0", "WARC/0.18", and one of the line's end. */
#define WARC_MARK_BYTES 10

/* Whether bytes begin with a version line: 1.x, or 0.17 and 0.18, the drafts that archives of
 * 2008 are full of. False for fewer than WARC_MARK_BYTES bytes. */
bool warc_version_is_known(tamis_slice bytes);

/* Reads the head of a record; continued lines are joined in place. Borrows from it. False: no kind,
 * no length, or a line that is no field. */
bool warc_header_parse(uint8_t *block, size_t size, warc_header *out_header);

/* Reads the head of an HTTP response; false: it is none. */
bool http_header_parse(tamis_slice content, http_header *out_header);

/* Whether a Content-Type is text/plain, with any parameters. */
bool content_type_is_text(tamis_slice content_type);

#endif
