/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/source.h"

#include <inttypes.h>
#include <stdlib.h>

#include "source_parts.h"

tamis_status tamis_source_create(const tamis_source_options *options, tamis_source **out_source,
                                 tamis_err *err)
{
    tamis_source *source = NULL;
    tamis_status status = TAMIS_OK;

    if (options->zstd_window_log_max < 10 || options->zstd_window_log_max > 31) {
        return tamis_err_set(err, TAMIS_EARG, "zstd window log %" PRIu32 " is out of range (10-31)",
                             options->zstd_window_log_max);
    }
    source = calloc(1, sizeof(*source));
    if (source == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for reading inputs");
    }
    source->options = *options;
    status = tamis_stored_init(&source->stored, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    source->input = malloc(SOURCE_TAIL_BYTES + SOURCE_INPUT_BYTES);
    if (source->input == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for reading inputs");
        goto out;
    }
    *out_source = source;
    source = NULL;

out:
    tamis_source_destroy(source);
    return status;
}

void tamis_source_destroy(tamis_source *source)
{
    if (source == NULL) {
        return;
    }
    gzip_source_destroy(source);
    zstd_source_destroy(source);
    tamis_stored_fini(&source->stored);
    free(source->input);
    free(source);
}

void tamis_source_confine(tamis_source *source, const tamis_roots *roots)
{
    source->stored.roots = roots;
}

static tamis_status source_open(tamis_source *source, const char *path, tamis_slice bytes,
                                const tamis_source_range *range, tamis_err *err)
{
    tamis_status status =
        tamis_stored_open(&source->stored, path, bytes, range->begin, range->end, range->size, err);

    source->compression = range->compression;
    source->state = (tamis_source_state){.boundary = UINT64_MAX};
    source->is_ended = false;
    source->is_input_ended = false;
    source->is_inside = false;
    source->member_count = 0;
    source->input_begin = SOURCE_TAIL_BYTES;
    source->input_end = SOURCE_TAIL_BYTES;
    if (status != TAMIS_OK) {
        return status;
    }
    switch (range->compression) {
    case TAMIS_COMPRESSION_NONE:
        source->state.boundary = range->end - range->begin;
        break;
    case TAMIS_COMPRESSION_GZIP:
        status = gzip_source_open(source, err);
        break;
    case TAMIS_COMPRESSION_ZSTD:
        status = zstd_source_open(source, err);
        break;
    }
    return status;
}

tamis_status tamis_source_open(tamis_source *source, const char *path,
                               const tamis_source_range *range, tamis_err *err)
{
    TAMIS_ASSERT(path != NULL);
    return source_open(source, path, tamis_slice_of(NULL, 0), range, err);
}

tamis_status tamis_source_open_memory(tamis_source *source, tamis_slice bytes,
                                      const tamis_source_range *range, tamis_err *err)
{
    TAMIS_ASSERT(bytes.size == range->size);
    return source_open(source, NULL, bytes, range, err);
}

void tamis_source_close(tamis_source *source)
{
    tamis_stored_close(&source->stored);
}

static tamis_status plain_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                                      size_t *out_size, tamis_err *err)
{
    size_t size = 0;

    while (size < capacity) {
        size_t count = 0;
        tamis_status status =
            tamis_stored_read(&source->stored, out_bytes + size, capacity - size, &count, err);

        if (status != TAMIS_OK) {
            return status;
        }
        if (count == 0) {
            source->is_ended = true;
            break;
        }
        size += count;
        if (source->stored.position >= source->stored.end) {
            break; /* what lies behind is asked for apart, in small pieces */
        }
    }
    *out_size = size;
    if (source->is_ended && source->stored.position < source->stored.size) {
        source_fail(source, TAMIS_FAULT_STREAM_TRUNCATED, "the file was cut while it was read");
    }
    return TAMIS_OK;
}

/* Pieces are of fixed size, so that the fault falls on the same byte each time. */
static void source_check_ratio(tamis_source *source, uint64_t decoded_bytes)
{
    uint64_t stored_bytes = source_input_offset(source) - source->stored.begin;

    if (source->options.ratio_max != 0 && source->state.fault == TAMIS_FAULT_NONE &&
        decoded_bytes > TAMIS_SOURCE_RATIO_FREE_BYTES &&
        decoded_bytes / source->options.ratio_max >= stored_bytes) {
        source_fail(source, TAMIS_FAULT_RATIO, "it expands beyond the limit");
    }
}

tamis_status tamis_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                               size_t *out_size, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    size_t size = 0;
    uint64_t position = 0;

    TAMIS_ASSERT(capacity > 0);
    *out_size = 0;
    if (source->is_ended) {
        return TAMIS_END;
    }
    TAMIS_ASSERT(source->stored.is_open);
    switch (source->compression) {
    case TAMIS_COMPRESSION_NONE:
        status = plain_source_read(source, out_bytes, capacity, &size, err);
        break;
    case TAMIS_COMPRESSION_GZIP:
        status = gzip_source_read(source, out_bytes, capacity, &size, err);
        break;
    case TAMIS_COMPRESSION_ZSTD:
        status = zstd_source_read(source, out_bytes, capacity, &size, err);
        break;
    }
    if (status != TAMIS_OK) {
        return status;
    }
    source->state.decoded_bytes += size;
    if (source->compression != TAMIS_COMPRESSION_NONE) {
        source_check_ratio(source, source->state.decoded_bytes);
    }
    source->state.fault_offset = source->state.decoded_bytes;
    position = source->stored.position;
    source->state.stored_bytes =
        (position < source->stored.end ? position : source->stored.end) - source->stored.begin;
    *out_size = size;
    return size == 0 ? TAMIS_END : TAMIS_OK;
}

const tamis_source_state *tamis_source_look(const tamis_source *source)
{
    return &source->state;
}

tamis_digest tamis_source_digest(const tamis_source *source)
{
    return tamis_hasher_digest(source->stored.hasher);
}

tamis_status source_refill(tamis_source *source, tamis_err *err)
{
    uint8_t *first = source->input + SOURCE_TAIL_BYTES;
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(source->input_begin == source->input_end);
    memmove(source->input, source->input + source->input_end - SOURCE_TAIL_BYTES,
            SOURCE_TAIL_BYTES);
    status = tamis_stored_read(&source->stored, first, SOURCE_INPUT_BYTES, &size, err);
    if (status != TAMIS_OK) {
        return status;
    }
    source->input_begin = SOURCE_TAIL_BYTES;
    source->input_end = SOURCE_TAIL_BYTES + size;
    source->is_input_ended = size == 0;
    return TAMIS_OK;
}

void source_fail(tamis_source *source, tamis_fault fault, const char *why)
{
    source->is_ended = true;
    source->state.fault = fault;
    (void)snprintf(source->state.fault_text, sizeof(source->state.fault_text),
                   "%s, at stored offset %" PRIu64, why, source_input_offset(source));
}
