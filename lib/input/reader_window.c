/* SPDX-License-Identifier: Apache-2.0 */
#include "reader_parts.h"

tamis_status window_fill(tamis_reader *reader, tamis_err *err)
{
    tamis_buf *window = &reader->window;
    size_t used = reader->window_begin;
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    if (reader->is_source_ended) {
        return TAMIS_OK;
    }
    if (used != 0) {
        memmove(window->data, window->data + used, window->size - used);
        window->size -= used;
        reader->window_offset += used;
        reader->window_searched -= used;
        reader->window_begin = 0;
    }
    if (tamis_buf_reserve(window, READER_PIECE_BYTES) != TAMIS_OK) {
        return reader_no_memory(reader, err);
    }
    status = tamis_source_read(reader->source, window->data + window->size, READER_PIECE_BYTES,
                               &size, err);
    if (status == TAMIS_END) {
        reader->is_source_ended = true;
        return TAMIS_OK;
    }
    if (status != TAMIS_OK) {
        tamis_err_context(err, "%s", reader->name);
        return status;
    }
    window->size += size;
    /* Known at once, so that records in front of a damage are judged knowing of it. */
    reader->is_source_ended = tamis_source_look(reader->source)->fault != TAMIS_FAULT_NONE;
    return TAMIS_OK;
}

/* The line feed in the unused bytes, which are extended by one piece where there is none. NULL:
 * none so far. */
static const uint8_t *window_find_line_feed(tamis_reader *reader)
{
    const tamis_buf *window = &reader->window;
    const uint8_t *feed = NULL;

    if (reader->window_searched < window->size) {
        feed = memchr(window->data + reader->window_searched, '\n',
                      window->size - reader->window_searched);
        reader->window_searched = feed == NULL ? window->size : (size_t)(feed - window->data);
    }
    return feed;
}

/* A line that is not ended when the stream is: cut by its fault, where it has one. Bytes behind the
 * boundary may belong to a line of this split, so that the place of the fault does not matter. */
static void window_take_fault(tamis_reader *reader, reader_line *line)
{
    tamis_fault fault = tamis_source_look(reader->source)->fault;

    if (fault != TAMIS_FAULT_NONE) {
        line->fault = fault;
        reader->is_fault_told = true;
    }
}

/* A line longer than the limit: digested piece by piece, up to its line feed. */
static tamis_status window_skip_line(tamis_reader *reader, reader_line *line, tamis_err *err)
{
    line->fault = TAMIS_FAULT_RECORD_TOO_LARGE;
    tamis_hasher_reset(reader->hasher);
    while (true) {
        const uint8_t *feed = window_find_line_feed(reader);
        const uint8_t *data = window_data(reader);
        size_t size = feed == NULL ? window_size(reader) : (size_t)(feed - data);
        tamis_status status = TAMIS_OK;

        tamis_hasher_update(reader->hasher, data, size);
        window_use(reader, size);
        if (feed != NULL) {
            window_use(reader, 1);
            break;
        }
        if (reader->is_source_ended) {
            window_take_fault(reader, line);
            break;
        }
        status = window_fill(reader, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    line->digest = tamis_hasher_digest(reader->hasher);
    return TAMIS_OK;
}

/* Takes the line of `size` bytes at the window's begin, which ends at a line feed or at the end of
 * all. */
static void window_take_line(tamis_reader *reader, size_t size, bool has_feed, reader_line *line)
{
    uint8_t *data = reader->window.data + reader->window_begin;

    line->begin = data;
    line->end = data + size;
    data[size] = '\n'; /* without a line feed: in the slack of the buffer */
    if (!has_feed) {
        window_take_fault(reader, line);
    } else if (size + 1 == window_size(reader) &&
               reader_reaches_damage(reader, window_position(reader) + size)) {
        window_take_fault(reader, line); /* the checksum behind it is wrong */
    }
    if (line->fault == TAMIS_FAULT_NONE && size > reader->settings->record_bytes_max) {
        line->fault = TAMIS_FAULT_RECORD_TOO_LARGE;
    }
    if (line->fault != TAMIS_FAULT_NONE) {
        line->digest = tamis_hash128(data, size);
    }
    window_use(reader, size + has_feed);
}

tamis_status window_line(tamis_reader *reader, reader_line *out_line, tamis_err *err)
{
    *out_line = (reader_line){.offset = window_position(reader)};
    if (window_position(reader) > tamis_source_look(reader->source)->boundary) {
        return TAMIS_END;
    }
    while (true) {
        const uint8_t *feed = window_find_line_feed(reader);
        size_t size = window_size(reader);
        tamis_status status = TAMIS_OK;

        /* A line feed as the last byte: whether the checksum behind it holds is not known yet. */
        if (feed != NULL &&
            (feed + 1 != reader->window.data + reader->window.size || reader->is_source_ended)) {
            window_take_line(reader, (size_t)(feed - window_data(reader)), true, out_line);
            return TAMIS_OK;
        }
        if (reader->is_source_ended) {
            if (size == 0) {
                return TAMIS_END;
            }
            window_take_line(reader, size, false, out_line);
            return TAMIS_OK;
        }
        if (feed == NULL && size > reader->settings->record_bytes_max) {
            return window_skip_line(reader, out_line, err);
        }
        status = window_fill(reader, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

tamis_status window_drop_line(tamis_reader *reader, tamis_err *err)
{
    while (true) {
        const uint8_t *feed = window_find_line_feed(reader);
        tamis_status status = TAMIS_OK;

        if (feed != NULL) {
            window_use(reader, (size_t)(feed - window_data(reader)) + 1);
            return TAMIS_OK;
        }
        window_use(reader, window_size(reader));
        if (reader->is_source_ended) {
            return TAMIS_OK;
        }
        status = window_fill(reader, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
}
