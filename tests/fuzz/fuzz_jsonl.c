/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON Lines. The first byte picks settings, the second a place to cut. Two splits see
 * together what one sees; a record without its member "tamis" is valid again and has one member
 * less. */
#include "fuzz_reader.h"
#include "json_scan.h"

static tamis_settings settings;
static json_plan plan;

static void scan(tamis_buf *line, json_record *out_record)
{
    tamis_buf text = {.max = 0};

    TAMIS_ASSERT(tamis_buf_append_byte(line, '\n') == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_reserve(&text, line->size) == TAMIS_OK);
    json_kernel_scalar.scan(&plan, line->data, line->data + line->size - 1, text.data, out_record);
    tamis_buf_fini(&text);
}

static void row_check(const tamis_doc *doc)
{
    tamis_buf whole = {.max = 0};
    tamis_buf cut = {.max = 0};
    json_record before;
    json_record after;

    if (doc->fault != TAMIS_FAULT_NONE) {
        return;
    }
    TAMIS_ASSERT(doc->raw.size >= 2 && doc->raw.data[0] == '{');
    TAMIS_ASSERT(doc->raw.data[doc->close_offset] == '}');
    TAMIS_ASSERT(doc->close_offset + 1 == doc->raw.size);
    TAMIS_ASSERT(doc->tamis_begin <= doc->tamis_end && doc->tamis_end <= doc->close_offset);
    if ((doc->flags & TAMIS_DOC_HAS_TAMIS) == 0) {
        TAMIS_ASSERT(doc->tamis_end == 0);
        return;
    }
    TAMIS_ASSERT(tamis_buf_append(&whole, doc->raw.data, doc->raw.size) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_append(&cut, doc->raw.data, doc->tamis_begin) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_append(&cut, doc->raw.data + doc->tamis_end,
                                  doc->raw.size - doc->tamis_end) == TAMIS_OK);
    scan(&whole, &before);
    scan(&cut, &after);
    TAMIS_ASSERT(before.fault == TAMIS_FAULT_NONE && after.fault == TAMIS_FAULT_NONE);
    TAMIS_ASSERT(after.member_count + 1 == before.member_count);
    TAMIS_ASSERT(doc->is_empty_object == (after.member_count == 0));
    tamis_buf_fini(&whole);
    tamis_buf_fini(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_reader_summary whole;
    tamis_reader_summary first;
    tamis_reader_summary second;
    tamis_slice bytes;
    uint64_t cut = 0;

    if (size < 2) {
        return 0;
    }
    tamis_settings_defaults(&settings);
    if ((data[0] & 1) != 0) {
        (void)snprintf(settings.text_field, sizeof(settings.text_field), "a.b.text");
        (void)snprintf(settings.id_field, sizeof(settings.id_field), "a.id");
    }
    settings.record_bytes_max = (data[0] & 2) != 0 ? 40 : 1u << 20;
    settings.nesting_max = (data[0] & 4) != 0 ? 3 : 128;
    tamis_kernel_set((data[0] & 8) != 0 ? TAMIS_KERNEL_SCALAR : tamis_kernel_best());
    bytes = tamis_slice_of(data + 2, size - 2);
    cut = bytes.size == 0 ? 0 : data[1] % bytes.size;
    TAMIS_ASSERT(json_plan_init(&plan, &settings, NULL) == TAMIS_OK);
    whole = fuzz_read(&settings, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE, bytes, 0, bytes.size,
                      row_check);
    first = fuzz_read(&settings, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE, bytes, 0, cut, NULL);
    second = fuzz_read(&settings, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE, bytes, cut, bytes.size,
                       NULL);
    if (cut != 0) {
        TAMIS_ASSERT(first.rows + second.rows == whole.rows);
        TAMIS_ASSERT(first.quarantined + second.quarantined == whole.quarantined);
        TAMIS_ASSERT(first.skipped.blank_lines + second.skipped.blank_lines ==
                     whole.skipped.blank_lines);
    }
    TAMIS_ASSERT(whole.stream_fault == TAMIS_FAULT_NONE);
    json_plan_fini(&plan);
    return 0;
}
