/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text: the whole file is one document. */
#include "reader_parts.h"

/* Reads on until the file's end or one byte above the limit; beyond it only the digest grows. */
static tamis_status text_read_all(tamis_reader *reader, reader_cut *cut, tamis_err *err)
{
    bool is_too_large = false;

    tamis_hasher_reset(reader->hasher);
    while (!reader->is_source_ended) {
        tamis_status status = window_fill(reader, err);

        if (status != TAMIS_OK) {
            return status;
        }
        if (is_too_large || window_size(reader) > reader->settings->record_bytes_max) {
            is_too_large = true;
            tamis_hasher_update(reader->hasher, window_data(reader), window_size(reader));
            window_use(reader, window_size(reader));
        }
    }
    if (tamis_source_look(reader->source)->fault != TAMIS_FAULT_NONE) {
        cut->fault = tamis_source_look(reader->source)->fault;
        reader->is_fault_told = true;
    } else if (is_too_large) {
        cut->fault = TAMIS_FAULT_RECORD_TOO_LARGE;
    }
    cut->digest = is_too_large ? tamis_hasher_digest(reader->hasher)
                               : tamis_hash128(window_data(reader), window_size(reader));
    return TAMIS_OK;
}

tamis_status text_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    reader_cut cut = {.fault = TAMIS_FAULT_NONE};
    tamis_reader_choice choice = TAMIS_READER_TAKE;
    tamis_slice text = {NULL, 0};
    bool is_wanted = false;
    bool is_repaired = false;
    tamis_status status = TAMIS_OK;

    if (reader->record_index != 0) {
        return TAMIS_END;
    }
    status = text_read_all(reader, &cut, err);
    if (status != TAMIS_OK) {
        return status;
    }
    status = reader_take_record(reader, &is_wanted);
    if (status != TAMIS_OK || !is_wanted) {
        return TAMIS_END;
    }
    *out_doc = (tamis_doc){.fault = TAMIS_FAULT_NONE};
    text = tamis_slice_of(window_data(reader), window_size(reader));
    if (cut.fault == TAMIS_FAULT_NONE) {
        status = reader_choose(reader, 0, text, &choice, &cut, err);
    }
    if (status != TAMIS_OK || choice == TAMIS_READER_PASS) {
        return status == TAMIS_OK ? TAMIS_END : status;
    }
    if (cut.fault != TAMIS_FAULT_NONE) {
        return reader_cut_row(reader, &cut, out_doc, err);
    }
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text = tamis_slice_of(text.data + 3, text.size - 3);
    }
    status = reader_repair(text, &reader->repaired, &is_repaired, &out_doc->text, err);
    if (status != TAMIS_OK) {
        return status;
    }
    out_doc->flags = is_repaired ? TAMIS_DOC_REPAIRED : 0;
    return reader_number_row(reader, out_doc, err);
}
