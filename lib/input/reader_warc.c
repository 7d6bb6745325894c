/* SPDX-License-Identifier: Apache-2.0 */
/* WARC (ISO 28500) and WET. Rows are conversions, and responses and resources
 * of type text/plain; everything else is counted by kind. What is no record is one row that is set
 * aside, up to the next record. */
#include "reader_parts.h"
#include "warc_header.h"
#include "warc_payload.h"

#define WARC_HEADER_MAX ((size_t)64 << 10)
/* Behind a record: CR LF CR LF, and one byte that shows that the member's checksum was passed. */
#define WARC_BEHIND_BYTES 5

typedef struct warc_record {
    warc_header header;
    size_t header_size;
    uint64_t offset;
    http_header http; /* of a response */
    bool is_row;
} warc_record;

static tamis_status window_need(tamis_reader *reader, size_t size, tamis_err *err)
{
    while (window_size(reader) < size && !reader->is_source_ended) {
        tamis_status status = window_fill(reader, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

/* Passes over line ends; then stands at a record, or at the end. */
static tamis_status warc_skip_line_ends(tamis_reader *reader, tamis_err *err)
{
    while (true) {
        tamis_status status = window_need(reader, 1, err);

        if (status != TAMIS_OK || window_size(reader) == 0 ||
            (*window_data(reader) != '\r' && *window_data(reader) != '\n')) {
            return status;
        }
        window_use(reader, 1);
    }
}

/* Uses `size` bytes, or all that are left; *out_size says how many. reader->hasher digests them. */
static tamis_status warc_skip(tamis_reader *reader, uint64_t size, uint64_t *out_size,
                              tamis_err *err)
{
    uint64_t left = size;

    while (left != 0) {
        size_t piece = window_size(reader) < left ? window_size(reader) : (size_t)left;
        tamis_status status = TAMIS_OK;

        tamis_hasher_update(reader->hasher, window_data(reader), piece);
        window_use(reader, piece);
        left -= piece;
        if (left == 0 || (piece == 0 && reader->is_source_ended)) {
            break;
        }
        status = window_need(reader, 1, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    *out_size = size - left;
    return TAMIS_OK;
}

/* Begins the record that is about to be skipped or set aside. */
static reader_cut warc_cut_begin(tamis_reader *reader, tamis_fault fault, uint64_t offset)
{
    tamis_hasher_reset(reader->hasher);
    return (reader_cut){.fault = fault, .offset = offset};
}

static tamis_status warc_cut_row(tamis_reader *reader, reader_cut *cut, tamis_doc *out_doc,
                                 tamis_err *err)
{
    bool is_wanted = false;

    cut->digest = tamis_hasher_digest(reader->hasher);
    if (reader_take_record(reader, &is_wanted) == TAMIS_END) {
        return TAMIS_END;
    }
    return is_wanted ? reader_cut_row(reader, cut, out_doc, err) : TAMIS_EAGAIN;
}

/* The file ends inside the record: a row, whatever kind the record is of. */
static tamis_status warc_cut_by_end(tamis_reader *reader, reader_cut *cut, tamis_doc *out_doc,
                                    tamis_err *err)
{
    const tamis_source_state *state = tamis_source_look(reader->source);

    tamis_hasher_update(reader->hasher, window_data(reader), window_size(reader));
    window_use(reader, window_size(reader));
    cut->fault = state->fault != TAMIS_FAULT_NONE ? state->fault : TAMIS_FAULT_STREAM_TRUNCATED;
    reader->is_fault_told = true;
    return warc_cut_row(reader, cut, out_doc, err);
}

/* Where the next record may begin behind the window's first byte; SIZE_MAX: not in the window. */
static size_t warc_find_mark(const tamis_reader *reader, size_t first)
{
    const uint8_t *data = window_data(reader);
    size_t size = window_size(reader);

    while (size >= WARC_MARK_BYTES && first <= size - WARC_MARK_BYTES) {
        const uint8_t *p = memchr(data + first, 'W', size - WARC_MARK_BYTES + 1 - first);

        if (p == NULL) {
            break;
        }
        if (warc_version_is_known(tamis_slice_of(p, WARC_MARK_BYTES))) {
            return (size_t)(p - data);
        }
        first = (size_t)(p - data) + 1;
    }
    return SIZE_MAX;
}

/* Sets aside everything up to the next record. */
static tamis_status warc_resync(tamis_reader *reader, uint64_t offset, tamis_doc *out_doc,
                                tamis_err *err)
{
    reader_cut cut = warc_cut_begin(reader, TAMIS_FAULT_INVALID_WARC, offset);
    size_t first = 1; /* what stands here is no record, whatever it looks like */

    while (true) {
        size_t mark = warc_find_mark(reader, first);
        size_t size = window_size(reader);
        uint64_t used = 0;
        tamis_status status = TAMIS_OK;

        if (mark != SIZE_MAX) {
            status = warc_skip(reader, mark, &used, err);
            return status == TAMIS_OK ? warc_cut_row(reader, &cut, out_doc, err) : status;
        }
        if (reader->is_source_ended) {
            if (tamis_source_look(reader->source)->fault != TAMIS_FAULT_NONE) {
                return warc_cut_by_end(reader, &cut, out_doc, err);
            }
            status = warc_skip(reader, size, &used, err);
            return status == TAMIS_OK ? warc_cut_row(reader, &cut, out_doc, err) : status;
        }
        /* The last bytes may be the begin of a mark. */
        if (size > WARC_MARK_BYTES) {
            status = warc_skip(reader, size - WARC_MARK_BYTES + 1, &used, err);
            first = 0;
        }
        if (status == TAMIS_OK) {
            status = window_fill(reader, err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

static uint64_t *warc_counter(tamis_reader *reader, warc_kind kind)
{
    tamis_skipped *skipped = &reader->summary.skipped;

    switch (kind) {
    case WARC_KIND_WARCINFO:
        return &skipped->warcinfo;
    case WARC_KIND_REQUEST:
        return &skipped->request;
    case WARC_KIND_METADATA:
        return &skipped->metadata;
    case WARC_KIND_REVISIT:
        return &skipped->revisit;
    case WARC_KIND_RESOURCE:
        return &skipped->resource;
    case WARC_KIND_RESPONSE:
        return &skipped->response;
    case WARC_KIND_CONVERSION:
    case WARC_KIND_OTHER:
        break;
    }
    return &skipped->other;
}

/* Whether the record gives a row; a response is known by its HTTP head. */
static tamis_status warc_classify(tamis_reader *reader, warc_record *record, tamis_err *err)
{
    const warc_header *header = &record->header;
    size_t peek =
        header->content_size < WARC_HEADER_MAX ? (size_t)header->content_size : WARC_HEADER_MAX;
    tamis_status status = TAMIS_OK;

    switch (header->kind) {
    case WARC_KIND_CONVERSION:
        record->is_row =
            header->content_type.size == 0 || content_type_is_text(header->content_type);
        break;
    case WARC_KIND_RESOURCE:
        record->is_row = content_type_is_text(header->content_type);
        break;
    case WARC_KIND_RESPONSE:
        status = window_need(reader, record->header_size + peek, err);
        if (status == TAMIS_OK && window_size(reader) >= record->header_size + peek) {
            tamis_slice head = tamis_slice_of(window_data(reader) + record->header_size, peek);

            record->is_row = http_header_parse(head, &record->http) && record->http.is_text &&
                             !record->http.is_unknown_coding;
        }
        break;
    case WARC_KIND_WARCINFO:
    case WARC_KIND_REQUEST:
    case WARC_KIND_METADATA:
    case WARC_KIND_REVISIT:
    case WARC_KIND_OTHER:
        break;
    }
    return status;
}

/* Passes over a record that gives no row, or one that is too large for one. */
static tamis_status warc_pass(tamis_reader *reader, const warc_record *record, tamis_fault fault,
                              tamis_doc *out_doc, tamis_err *err)
{
    reader_cut cut = warc_cut_begin(reader, fault, record->offset);
    uint64_t size = record->header_size + record->header.content_size;
    uint64_t used = 0;
    tamis_status status = warc_skip(reader, size, &used, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (used < size) {
        return warc_cut_by_end(reader, &cut, out_doc, err);
    }
    return fault == TAMIS_FAULT_NONE ? TAMIS_EAGAIN : warc_cut_row(reader, &cut, out_doc, err);
}

/* Whether the record of `size` bytes is the one in which a damaged stream ends. Once a member is
 * known to be damaged, nothing more of it is taken: its checksum is wrong, and what looks like a
 * record may be anything. (Not so in the first member: it may be the only one, with many good
 * records before the damage.) */
static bool warc_is_cut(const tamis_reader *reader, const warc_record *record, size_t size)
{
    const uint8_t *p = window_data(reader) + size;
    const uint8_t *end = window_data(reader) + window_size(reader);
    uint64_t member_offset = tamis_source_look(reader->source)->member_offset;

    if (!reader_reaches_damage(reader, record->offset + size)) {
        return false;
    }
    if (member_offset != 0 && record->offset >= member_offset) {
        return true;
    }
    while (p < end && (*p == '\r' || *p == '\n')) {
        p++;
    }
    return p == end;
}

/* Fills the row of the record, which lies whole in the window. */
static tamis_status warc_row(tamis_reader *reader, const warc_record *record, tamis_doc *out_doc,
                             tamis_err *err)
{
    size_t size = record->header_size + (size_t)record->header.content_size;
    tamis_slice body = tamis_slice_of(window_data(reader) + record->header_size + record->http.size,
                                      size - record->header_size - record->http.size);
    reader_cut cut = {.fault = TAMIS_FAULT_NONE, .offset = record->offset};
    tamis_slice text = body;
    bool is_repaired = false;
    bool is_ignored = false;
    tamis_status status =
        reader_repair(record->header.id, &reader->id, &is_ignored, &out_doc->id, err);

    if (status == TAMIS_OK) {
        status = warc_payload_decode(reader, body, &record->http, &text, &cut.fault, err);
    }
    if (status == TAMIS_OK && cut.fault != TAMIS_FAULT_NONE) {
        cut.id = out_doc->id;
        cut.digest = tamis_hash128(window_data(reader), size);
        window_use(reader, size);
        return reader_cut_row(reader, &cut, out_doc, err);
    }
    if (status == TAMIS_OK) {
        status = reader_repair(text, &reader->repaired, &is_repaired, &out_doc->text, err);
    }
    if (status == TAMIS_OK) {
        status = reader_repair(record->header.url, &reader->url, &is_ignored, &out_doc->url, err);
    }
    if (status == TAMIS_OK) {
        status =
            reader_repair(record->header.date, &reader->scope, &is_ignored, &out_doc->date, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    window_use(reader, size);
    out_doc->flags = is_repaired ? TAMIS_DOC_REPAIRED : 0;
    out_doc->offset = reader_offset(reader, record->offset);
    return reader_number_row(reader, out_doc, err);
}

/* The same for a record that the watch may set aside or pass over (TAMIS_EAGAIN). */
static tamis_status warc_take_row(tamis_reader *reader, const warc_record *record, size_t size,
                                  tamis_doc *out_doc, tamis_err *err)
{
    reader_cut cut;
    tamis_reader_choice choice = TAMIS_READER_TAKE;
    tamis_status status = reader_choose(
        reader, record->offset, tamis_slice_of(window_data(reader), size), &choice, &cut, err);

    if (status != TAMIS_OK || choice == TAMIS_READER_TAKE) {
        return status == TAMIS_OK ? warc_row(reader, record, out_doc, err) : status;
    }
    window_use(reader, size);
    return choice == TAMIS_READER_PASS ? TAMIS_EAGAIN : reader_cut_row(reader, &cut, out_doc, err);
}

/* Whether the window may begin with a record, as far as it reaches. */
static bool warc_may_begin(const tamis_reader *reader)
{
    size_t size = window_size(reader);

    return size >= WARC_MARK_BYTES
               ? warc_version_is_known(tamis_slice_of(window_data(reader), WARC_MARK_BYTES))
               : memcmp(window_data(reader), "WARC/", size < 5 ? size : 5) == 0;
}

/* Reads the head at the window's begin. *out_is_record false: what stands here is none. */
static tamis_status warc_read_header(tamis_reader *reader, warc_record *record, bool *out_is_record,
                                     tamis_err *err)
{
    size_t size = 0;
    tamis_status status = window_need(reader, WARC_MARK_BYTES, err);

    *out_is_record = false;
    if (status != TAMIS_OK || !warc_may_begin(reader)) {
        return status;
    }
    while (true) {
        size_t limit =
            window_size(reader) < WARC_HEADER_MAX ? window_size(reader) : WARC_HEADER_MAX;

        size = header_block_size(tamis_slice_of(window_data(reader), limit));
        if (size != 0 || limit == WARC_HEADER_MAX || reader->is_source_ended) {
            break;
        }
        status = window_fill(reader, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    record->header_size = size;
    if (size == 0) {
        /* Cut by the end (size 0 of a record), or endless. */
        *out_is_record = reader->is_source_ended && window_size(reader) < WARC_HEADER_MAX;
        return TAMIS_OK;
    }
    tamis_buf_reset(&reader->header);
    if (tamis_buf_append(&reader->header, window_data(reader), size) != TAMIS_OK) {
        return reader_no_memory(reader, err);
    }
    *out_is_record = warc_header_parse(reader->header.data, size, &record->header);
    return TAMIS_OK;
}

/* The record at the window's begin. TAMIS_EAGAIN: it gave no row. */
static tamis_status warc_read_record(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    warc_record record = {.offset = window_position(reader)};
    bool is_record = false;
    bool is_wanted = false;
    size_t size = 0;
    tamis_status status = warc_read_header(reader, &record, &is_record, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (!is_record) {
        return warc_resync(reader, record.offset, out_doc, err);
    }
    if (record.header_size == 0) {
        reader_cut cut = warc_cut_begin(reader, TAMIS_FAULT_NONE, record.offset);

        return warc_cut_by_end(reader, &cut, out_doc, err);
    }
    status = warc_classify(reader, &record, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (!record.is_row) {
        (*warc_counter(reader, record.header.kind))++;
        return warc_pass(reader, &record, TAMIS_FAULT_NONE, out_doc, err);
    }
    if (record.header.content_size > reader->settings->record_bytes_max) {
        return warc_pass(reader, &record, TAMIS_FAULT_RECORD_TOO_LARGE, out_doc, err);
    }
    size = record.header_size + (size_t)record.header.content_size;
    status = window_need(reader, size + WARC_BEHIND_BYTES, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (window_size(reader) < size || warc_is_cut(reader, &record, size)) {
        reader_cut cut = warc_cut_begin(reader, TAMIS_FAULT_NONE, record.offset);

        return warc_cut_by_end(reader, &cut, out_doc, err);
    }
    status = reader_take_record(reader, &is_wanted);
    if (status != TAMIS_OK) {
        return status;
    }
    if (!is_wanted) {
        window_use(reader, size);
        return TAMIS_EAGAIN;
    }
    return warc_take_row(reader, &record, size, out_doc, err);
}

tamis_status warc_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    tamis_status status = TAMIS_EAGAIN;

    while (status == TAMIS_EAGAIN) {
        status = warc_skip_line_ends(reader, err);
        if (status != TAMIS_OK) {
            return status;
        }
        if (window_size(reader) == 0) {
            return reader_end(reader, out_doc, err);
        }
        if (window_position(reader) >= tamis_source_look(reader->source)->boundary) {
            return TAMIS_END; /* the next split's */
        }
        *out_doc = (tamis_doc){.fault = TAMIS_FAULT_NONE};
        status = warc_read_record(reader, out_doc, err);
    }
    return status;
}
