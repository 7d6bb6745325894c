/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Lines: one object a line. Blank lines, a byte order mark at the file's start and carriage
 * returns have no effect. */
#include "reader_parts.h"

static bool line_is_blank(const reader_line *line)
{
    const uint8_t *p = line->begin;

    while (*p == ' ' || *p == '\t' || *p == '\r') {
        p++;
    }
    return p == line->end;
}

/* A byte order mark is no part of the first record. */
static void line_skip_mark(const tamis_reader *reader, reader_line *line)
{
    if (line->offset == 0 && reader->begin == 0 && line->end - line->begin >= 3 &&
        memcmp(line->begin, "\xef\xbb\xbf", 3) == 0) {
        line->begin += 3;
        line->offset += 3;
    }
}

/* A string decoded and repaired, or a number, true, false as it stands; anything else is empty.
 * In place where possible, otherwise in `storage`. */
static tamis_status value_get(tamis_reader *reader, json_value value, bool takes_scalars,
                              tamis_buf *storage, bool *out_repaired, tamis_slice *out_bytes,
                              tamis_err *err)
{
    tamis_slice bytes = {NULL, 0};
    size_t size = 0;

    *out_bytes = bytes;
    if (value.begin == NULL || *value.begin == '{' || *value.begin == '[' || *value.begin == 'n') {
        return TAMIS_OK;
    }
    if (*value.begin != '"') {
        *out_bytes =
            takes_scalars ? tamis_slice_of(value.begin, (size_t)(value.end - value.begin)) : bytes;
        return TAMIS_OK;
    }
    bytes = tamis_slice_of(value.begin + 1, (size_t)(value.end - value.begin) - 2);
    if (memchr(bytes.data, '\\', bytes.size) != NULL) {
        tamis_buf_reset(&reader->scratch);
        if (tamis_buf_reserve(&reader->scratch, bytes.size) != TAMIS_OK) {
            return reader_no_memory(reader, err);
        }
        size = reader->kernel->unescape(value, reader->scratch.data, out_repaired);
        bytes = tamis_slice_of(reader->scratch.data, size);
        tamis_buf_reset(storage);
        if (tamis_utf8_valid_prefix(bytes) == size) {
            if (tamis_buf_append(storage, bytes.data, size) != TAMIS_OK) {
                return reader_no_memory(reader, err);
            }
            *out_bytes = tamis_buf_slice(storage);
            return TAMIS_OK;
        }
    }
    return reader_repair(bytes, storage, out_repaired, out_bytes, err);
}

static json_value match_value(const json_match *match)
{
    return match->literal_count != 0 ? match->literal : match->path;
}

/* The record's text, decoded and repaired; *out_fault where there is none to be had. */
static tamis_status record_text(tamis_reader *reader, const json_record *record, tamis_doc *doc,
                                tamis_fault *out_fault, tamis_err *err)
{
    const json_match *match = &record->matches[JSON_FIELD_TEXT];
    uint32_t count = match->literal_count != 0 ? match->literal_count : match->path_count;
    json_value value = match_value(match);
    size_t size = record->text_size;
    bool is_repaired = record->is_text_repaired;
    tamis_status status = TAMIS_OK;

    if (count != 1 || *value.begin != '"') {
        *out_fault = count == 0   ? TAMIS_FAULT_MISSING_TEXT
                     : count == 1 ? TAMIS_FAULT_TEXT_NOT_STRING
                                  : TAMIS_FAULT_DUPLICATE_TEXT_KEY;
        return TAMIS_OK;
    }
    if (!record->is_text_decoded) {
        size = reader->kernel->unescape(value, reader->text.data, &is_repaired);
    }
    status = reader_repair(tamis_slice_of(reader->text.data, size), &reader->repaired, &is_repaired,
                           &doc->text, err);
    if (is_repaired) {
        doc->flags |= TAMIS_DOC_REPAIRED;
    }
    return status;
}

static void record_note_places(const json_record *record, tamis_doc *doc)
{
    json_value text = match_value(&record->matches[JSON_FIELD_TEXT]);

    doc->text_begin = (size_t)(text.begin - record->begin);
    doc->text_end = (size_t)(text.end - record->begin);
    doc->raw = tamis_slice_of(record->begin, (size_t)(record->close - record->begin) + 1);
    doc->close_offset = (size_t)(record->close - record->begin);
    if (record->tamis.begin != NULL) {
        doc->flags |= TAMIS_DOC_HAS_TAMIS;
        doc->tamis_begin = (size_t)(record->tamis.begin - record->begin);
        doc->tamis_end = (size_t)(record->tamis.end - record->begin);
    }
    doc->is_empty_object = record->member_count == (record->tamis.begin != NULL);
}

static tamis_status record_row(tamis_reader *reader, const reader_line *line, tamis_doc *doc,
                               tamis_err *err)
{
    json_record record;
    reader_cut cut = {.fault = TAMIS_FAULT_NONE, .offset = line->offset};
    size_t size = (size_t)(line->end - line->begin);
    bool is_repaired = false;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&reader->text);
    if (tamis_buf_reserve(&reader->text, size) != TAMIS_OK) {
        return reader_no_memory(reader, err);
    }
    reader->kernel->scan(&reader->plan, line->begin, line->end, reader->text.data, &record);
    cut.fault = record.fault;
    if (record.fault == TAMIS_FAULT_NONE) {
        status = value_get(reader, match_value(&record.matches[JSON_FIELD_ID]), true, &reader->id,
                           &is_repaired, &doc->id, err);
        if (status == TAMIS_OK) {
            status = record_text(reader, &record, doc, &cut.fault, err);
        }
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (cut.fault != TAMIS_FAULT_NONE) {
        cut.id = doc->id;
        cut.digest = tamis_hash128(line->begin, size);
        return reader_cut_row(reader, &cut, doc, err);
    }
    status = value_get(reader, match_value(&record.matches[JSON_FIELD_URL]), false, &reader->url,
                       &is_repaired, &doc->url, err);
    if (status == TAMIS_OK) {
        status = value_get(reader, match_value(&record.matches[JSON_FIELD_SCOPE]), true,
                           &reader->scope, &is_repaired, &doc->scope, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    record_note_places(&record, doc);
    doc->offset = reader_offset(reader, line->offset);
    return reader_number_row(reader, doc, err);
}

/* TAMIS_EAGAIN: the record was passed over. */
static tamis_status line_row(tamis_reader *reader, const reader_line *line, tamis_doc *out_doc,
                             tamis_err *err)
{
    reader_cut cut = {.fault = line->fault, .offset = line->offset, .digest = line->digest};
    tamis_reader_choice choice = TAMIS_READER_TAKE;
    tamis_status status = TAMIS_OK;

    *out_doc = (tamis_doc){.fault = TAMIS_FAULT_NONE};
    if (line->fault == TAMIS_FAULT_NONE) {
        status = reader_choose(reader, line->offset,
                               tamis_slice_of(line->begin, (size_t)(line->end - line->begin)),
                               &choice, &cut, err);
    }
    if (status != TAMIS_OK || choice == TAMIS_READER_PASS) {
        return status == TAMIS_OK ? TAMIS_EAGAIN : status;
    }
    return cut.fault != TAMIS_FAULT_NONE ? reader_cut_row(reader, &cut, out_doc, err)
                                         : record_row(reader, line, out_doc, err);
}

tamis_status jsonl_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    while (true) {
        reader_line line;
        bool is_wanted = false;
        tamis_status status = window_line(reader, &line, err);

        if (status == TAMIS_END) {
            return reader_end(reader, out_doc, err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
        if (line.fault == TAMIS_FAULT_NONE) {
            line_skip_mark(reader, &line);
            if (line_is_blank(&line)) {
                reader->summary.skipped.blank_lines++;
                continue;
            }
        }
        status = reader_take_record(reader, &is_wanted);
        if (status != TAMIS_OK) {
            return status;
        }
        if (is_wanted) {
            status = line_row(reader, &line, out_doc, err);
            if (status != TAMIS_EAGAIN) {
                return status;
            }
        }
    }
}
