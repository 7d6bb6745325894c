/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "reader_parts.h"
#include "tamis/poison.h"

tamis_status tamis_reader_create(const tamis_settings *settings, tamis_reader **out_reader,
                                 tamis_err *err)
{
    tamis_source_options options = {.ratio_max = settings->ratio_max,
                                    .zstd_window_log_max = settings->zstd_window_log_max};
    tamis_reader *reader = calloc(1, sizeof(*reader));
    tamis_status status = TAMIS_OK;

    if (reader == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a reader");
    }
    reader->settings = settings;
    reader->kernel = json_kernel_of(tamis_kernel_best());
    reader->is_ended = true;
    reader->hasher = tamis_hasher_create();
    if (reader->hasher == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for a reader");
        goto out;
    }
    status = json_plan_init(&reader->plan, settings, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    status = tamis_source_create(&options, &reader->source, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    *out_reader = reader;
    reader = NULL;

out:
    tamis_reader_destroy(reader);
    return status;
}

void tamis_reader_destroy(tamis_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    tamis_source_destroy(reader->source);
    tamis_source_destroy(reader->inner);
    json_plan_fini(&reader->plan);
    tamis_hasher_destroy(reader->hasher);
    tamis_buf_fini(&reader->window);
    tamis_buf_fini(&reader->text);
    tamis_buf_fini(&reader->repaired);
    tamis_buf_fini(&reader->id);
    tamis_buf_fini(&reader->url);
    tamis_buf_fini(&reader->scope);
    tamis_buf_fini(&reader->scratch);
    tamis_buf_fini(&reader->header);
    free(reader);
}

void tamis_reader_confine(tamis_reader *reader, const tamis_roots *roots)
{
    tamis_source_confine(reader->source, roots);
}

tamis_status reader_no_memory(const tamis_reader *reader, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM,
                         "%s: no memory for a record; lower --record-limit or give more memory",
                         reader->name);
}

static void reader_begin(tamis_reader *reader, const tamis_input *input, const tamis_split *split,
                         uint32_t split_number)
{
    reader->format = input->format;
    reader->compression = input->compression;
    reader->begin = split->begin;
    reader->split_number = split_number;
    reader->record_index = 0;
    reader->is_ended = false;
    reader->is_fault_told = false;
    reader->watch = NULL;
    reader->summary = (tamis_reader_summary){.open_status = TAMIS_OK};
    (void)snprintf(reader->name, sizeof(reader->name), "%s",
                   input->shown != NULL ? input->shown : input->path);
    tamis_buf_reset(&reader->window);
    reader->window_begin = 0;
    reader->window_searched = 0;
    reader->window_offset = 0;
    reader->is_source_ended = false;
}

/* Only these say something about the input; the others are our own trouble, and worth a retry. */
static bool status_is_about_input(tamis_status status)
{
    return status == TAMIS_ENOENT || status == TAMIS_EDENIED || status == TAMIS_EARG ||
           status == TAMIS_ECHANGED;
}

tamis_status tamis_reader_open(tamis_reader *reader, const tamis_input *input,
                               const tamis_split *split, uint32_t split_number, tamis_err *err)
{
    tamis_source_range range = {.compression = input->compression,
                                .begin = split->begin,
                                .end = split->end,
                                .size = input->size_bytes};
    tamis_err open_err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(split->begin <= split->end);
    TAMIS_ASSERT(split->end <= input->size_bytes);
    reader_begin(reader, input, split, split_number);
    status = tamis_source_open(reader->source, input->path, &range, &open_err);
    if (status_is_about_input(status)) {
        reader->summary.open_status = status;
        (void)snprintf(reader->summary.fault_text, sizeof(reader->summary.fault_text), "%.255s",
                       open_err.text);
        reader->is_ended = true;
        return TAMIS_OK;
    }
    if (status == TAMIS_OK && reader->format == TAMIS_INPUT_JSONL && split->begin != 0) {
        status = window_drop_line(reader, &open_err);
    }
    if (status != TAMIS_OK) {
        reader->is_ended = true;
        tamis_source_close(reader->source);
        return tamis_err_set(err, status, "%s", open_err.text);
    }
    return TAMIS_OK;
}

static void reader_note_reading(const tamis_reader *reader)
{
    if (reader->watch != NULL && reader->watch->before_reading != NULL) {
        reader->watch->before_reading(reader->watch->context, (uint32_t)reader->summary.rows,
                                      reader_offset(reader, window_position(reader)));
    }
}

void tamis_reader_set_watch(tamis_reader *reader, const tamis_reader_watch *watch)
{
    reader->watch = watch;
}

tamis_status tamis_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (reader->is_ended) {
        return TAMIS_END;
    }
    reader_note_reading(reader);
    switch (reader->format) {
    case TAMIS_INPUT_JSONL:
        status = jsonl_reader_next(reader, out_doc, err);
        break;
    case TAMIS_INPUT_WARC:
        status = warc_reader_next(reader, out_doc, err);
        break;
    case TAMIS_INPUT_TEXT:
        status = text_reader_next(reader, out_doc, err);
        break;
    }
    if (status != TAMIS_OK) {
        reader->is_ended = true;
        tamis_source_close(reader->source);
    }
    return status;
}

void tamis_reader_summarize(const tamis_reader *reader, tamis_reader_summary *out_summary)
{
    const tamis_source_state *state = tamis_source_look(reader->source);

    *out_summary = reader->summary;
    if (reader->summary.open_status == TAMIS_OK) {
        out_summary->stored_bytes = state->stored_bytes;
        out_summary->decoded_bytes = state->decoded_bytes;
        out_summary->stored_digest = tamis_source_digest(reader->source);
    }
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

tamis_status reader_take_record(tamis_reader *reader, bool *out_is_wanted)
{
    const tamis_settings *settings = reader->settings;
    uint64_t index = reader->record_index;

    if (settings->limit != 0 && index >= settings->limit) {
        return TAMIS_END;
    }
    reader->record_index++;
    *out_is_wanted =
        reader->is_fault_told || settings->sample_ppm >= TAMIS_PPM ||
        mix(mix((uint64_t)reader->split_number + 1) + index) % TAMIS_PPM < settings->sample_ppm;
    reader->summary.skipped.sampled_out += !*out_is_wanted;
    return TAMIS_OK;
}

tamis_status reader_choose(tamis_reader *reader, uint64_t decoded_offset, tamis_slice raw,
                           tamis_reader_choice *out_choice, reader_cut *out_cut, tamis_err *err)
{
    const tamis_reader_watch *watch = reader->watch;
    tamis_doc passed = {.fault = TAMIS_FAULT_NONE};
    tamis_status status = TAMIS_OK;

    *out_choice = TAMIS_READER_TAKE;
    if (watch != NULL) {
        *out_choice = watch->before_row(watch->context, (uint32_t)reader->summary.rows,
                                        reader_offset(reader, decoded_offset), raw);
    }
    if (*out_choice == TAMIS_READER_SET_ASIDE) {
        *out_cut = (reader_cut){.fault = TAMIS_FAULT_POISONED,
                                .offset = decoded_offset,
                                .digest = tamis_hash128(raw.data, raw.size)};
    } else if (*out_choice == TAMIS_READER_PASS) {
        status = reader_number_row(reader, &passed, err);
        reader_note_reading(reader);
    } else {
        tamis_poison(TAMIS_POISON_READ, raw.data, raw.size);
    }
    return status;
}

tamis_status reader_number_row(tamis_reader *reader, tamis_doc *doc, tamis_err *err)
{
    if (reader->summary.rows >= TAMIS_SPLIT_ROWS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "%s: a split has more than %" PRIu64
                             " records; set a smaller --split-size or cut the file",
                             reader->name, (uint64_t)TAMIS_SPLIT_ROWS_MAX);
    }
    doc->row = (uint32_t)reader->summary.rows++;
    return TAMIS_OK;
}

tamis_status reader_cut_row(tamis_reader *reader, const reader_cut *cut, tamis_doc *out_doc,
                            tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    *out_doc = (tamis_doc){.fault = cut->fault,
                           .offset = reader_offset(reader, cut->offset),
                           .raw_digest = cut->digest,
                           .id = cut->id};
    status = reader_number_row(reader, out_doc, err);
    if (status == TAMIS_OK) {
        reader->summary.quarantined++;
    }
    if (reader->is_fault_told) {
        const tamis_source_state *state = tamis_source_look(reader->source);

        /* A plain file has no end but its own: the format found that it ends too early. */
        reader->summary.stream_fault = cut->fault;
        reader->summary.stream_fault_offset = reader_offset(reader, state->decoded_bytes);
        (void)snprintf(reader->summary.fault_text, sizeof(reader->summary.fault_text), "%s",
                       state->fault == TAMIS_FAULT_NONE ? "the file ends inside a record"
                                                        : state->fault_text);
    }
    return status;
}

tamis_status reader_end(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    const tamis_source_state *state = tamis_source_look(reader->source);
    reader_cut cut = {
        .fault = state->fault, .offset = state->fault_offset, .digest = tamis_hash128(NULL, 0)};
    bool is_wanted = false;

    if (!reader_has_fault(reader)) {
        return TAMIS_END;
    }
    reader->is_fault_told = true;
    if (reader_take_record(reader, &is_wanted) != TAMIS_OK) {
        return TAMIS_END;
    }
    return reader_cut_row(reader, &cut, out_doc, err);
}

uint64_t reader_offset(const tamis_reader *reader, uint64_t decoded_offset)
{
    return reader->compression == TAMIS_COMPRESSION_NONE ? reader->begin + decoded_offset
                                                         : decoded_offset;
}

tamis_status reader_repair(tamis_slice bytes, tamis_buf *storage, bool *out_repaired,
                           tamis_slice *out_bytes, tamis_err *err)
{
    *out_bytes = bytes;
    if (bytes.size == 0 || tamis_utf8_valid_prefix(bytes) == bytes.size) {
        return TAMIS_OK;
    }
    *out_repaired = true;
    tamis_buf_reset(storage);
    if (tamis_utf8_repair(bytes, storage) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the text of a record");
    }
    *out_bytes = tamis_buf_slice(storage);
    return TAMIS_OK;
}
