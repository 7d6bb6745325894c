/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_format.h"

#include "tamis/level.h"
#include "tamis/line_out.h"
#include "tamis/number_text.h"

static void put_number(tamis_line_out *l, uint64_t number)
{
    char digits[21];
    size_t first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    tamis_line_put(l, digits + first);
}

/* A ratio in ten-thousandths: four decimals, always. */
static void put_ratio(tamis_line_out *l, uint32_t ratio)
{
    char text[] = "0.0000";

    text[0] = (char)('0' + ratio / 10000 % 10);
    text[2] = (char)('0' + ratio / 1000 % 10);
    text[3] = (char)('0' + ratio / 100 % 10);
    text[4] = (char)('0' + ratio / 10 % 10);
    text[5] = (char)('0' + ratio % 10);
    tamis_line_put(l, text);
}

static void put_ord(tamis_line_out *l, tamis_ord ord)
{
    char text[TAMIS_ORD_TEXT_SIZE];

    tamis_ord_to_text(ord, text);
    tamis_line_put(l, "\"");
    tamis_line_put(l, text);
    tamis_line_put(l, "\"");
}

static void put_digest(tamis_line_out *l, tamis_digest digest)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(digest, hex);
    tamis_line_put(l, ",\"digest\":\"");
    tamis_line_put(l, hex);
    tamis_line_put(l, "\"");
}

static void put_witness(tamis_line_out *l, const tamis_emit_row *row)
{
    const uint64_t *record = row->final_record;
    const tamis_plan *plan = &row->job->plan;
    tamis_evidence evidence = tamis_evidence_unpack(record[3]);
    const char *shown = plan->inputs[plan->splits[tamis_ord_split(record[1])].input].shown;

    tamis_line_put(l, ",\"witness\":{\"id\":");
    tamis_line_put_string(l, row->witness_id);
    tamis_line_put(l, ",\"ord\":");
    put_ord(l, record[1]);
    tamis_line_put(l, ",\"input\":");
    tamis_line_put_string(l, tamis_slice_of_string(shown));
    if (evidence.similarity != TAMIS_RATIO_NONE) {
        tamis_line_put(l, ",\"similarity\":");
        put_ratio(l, evidence.similarity);
    }
    if (evidence.containment != TAMIS_RATIO_NONE) {
        tamis_line_put(l, ",\"containment\":");
        put_ratio(l, evidence.containment);
    }
    tamis_line_put(l, ",\"verified\":\"");
    tamis_line_put(l, tamis_verified_name(evidence.verified));
    tamis_line_put(l, "\"");
    if (evidence.bands_shared != 0) {
        tamis_line_put(l, ",\"bands_shared\":");
        put_number(l, evidence.bands_shared);
    }
    tamis_line_put(l, "}");
    if (record[5] != TAMIS_NO_ORD) {
        tamis_line_put(l, ",\"via\":[");
        for (unsigned i = 0; i < TAMIS_VIA_MAX && record[5 + i] != TAMIS_NO_ORD; i++) {
            tamis_line_put(l, i == 0 ? "" : ",");
            put_ord(l, record[5 + i]);
        }
        tamis_line_put(l, "]");
    }
}

static void put_copies(tamis_line_out *l, const tamis_emit_row *row)
{
    tamis_line_put(l, ",\"copies\":{\"exact\":");
    put_number(l, row->copies_exact);
    tamis_line_put(l, ",\"near\":");
    put_number(l, row->copies_near);
    if (row->copies_url != 0) {
        tamis_line_put(l, ",\"url\":");
        put_number(l, row->copies_url);
    }
    tamis_line_put(l, "}");
}

static void put_flags(tamis_line_out *l, const tamis_emit_row *row)
{
    bool is_repaired = (row->doc->flags & TAMIS_DOC_REPAIRED) != 0;

    if (is_repaired && row->is_capped) {
        tamis_line_put(l, ",\"flags\":[\"repaired\",\"bucket_cap\"]");
    } else if (is_repaired) {
        tamis_line_put(l, ",\"flags\":[\"repaired\"]");
    } else if (row->is_capped) {
        tamis_line_put(l, ",\"flags\":[\"bucket_cap\"]");
    }
}

static bool is_dropped_by_quality(const tamis_emit_row *row)
{
    return row->grade != NULL && row->grade->reason != 0;
}

/* What attributes/ and a removed record share: verdict, reason, witness, copies. */
static void put_verdict(tamis_line_out *l, const tamis_emit_row *row)
{
    if (row->doc->fault != TAMIS_FAULT_NONE) {
        tamis_line_put(l, ",\"verdict\":\"quarantine\",\"reason\":\"");
        tamis_line_put(l, tamis_fault_code(row->doc->fault));
        tamis_line_put(l, "\",\"input\":");
        tamis_line_put_string(l, tamis_slice_of_string(row->input->shown));
        tamis_line_put(l, ",\"offset\":");
        put_number(l, row->doc->offset);
    } else if (is_dropped_by_quality(row)) {
        tamis_line_put(l, ",\"verdict\":\"drop\",\"reason\":");
        tamis_line_put_string(l, tamis_slice_of_string(row->grade->reason_name));
    } else if (row->final_record != NULL) {
        tamis_line_put(l, ",\"verdict\":\"drop\",\"reason\":\"");
        tamis_line_put(l, tamis_level_get((tamis_level_id)row->final_record[2])->name);
        tamis_line_put(l, "\"");
        put_witness(l, row);
    } else {
        tamis_line_put(l, ",\"verdict\":\"keep\"");
        put_copies(l, row);
    }
    put_flags(l, row);
}

static void put_double(tamis_line_out *l, double number)
{
    char text[TAMIS_NUMBER_TEXT_SIZE];
    size_t size = tamis_double_to_text(number, text);

    tamis_line_put_bytes(l, (const uint8_t *)text, size);
}

/* Edits and spans: [begin, end, what for] of the text as read, and what was put in. */
static void put_edits(tamis_line_out *l, const char *before, const tamis_edits *edits)
{
    if (edits == NULL) {
        return;
    }
    tamis_line_put(l, before);
    for (size_t i = 0; i < edits->count; i++) {
        const tamis_edit *edit = &edits->items[i];

        tamis_line_put(l, i == 0 ? "[" : ",[");
        put_number(l, edit->begin);
        tamis_line_put(l, ",");
        put_number(l, edit->end);
        tamis_line_put(l, ",\"");
        tamis_line_put(l, tamis_edit_reason_name(edit->reason));
        tamis_line_put(l, "\"");
        if (edit->replacement_size != 0) {
            tamis_line_put(l, ",");
            tamis_line_put_string(l, tamis_edits_replacement(edits, edit));
        }
        tamis_line_put(l, "]");
    }
    tamis_line_put(l, "]");
}

/* All that quality found out of a document; a null signal could not be computed. */
static void put_quality(tamis_line_out *l, const tamis_emit_grade *grade)
{
    const char *comma = "";

    tamis_line_put(l, ",\"quality\":{");
    if (grade->reason != 0) {
        tamis_line_put(l, "\"reason\":");
        tamis_line_put_string(l, tamis_slice_of_string(grade->reason_name));
        comma = ",";
    }
    if (grade->row.language[0] != '\0') {
        tamis_line_put(l, comma);
        tamis_line_put(l, "\"language\":{\"code\":");
        tamis_line_put_string(l, tamis_slice_of_string(grade->row.language));
        tamis_line_put(l, ",\"score\":");
        put_double(l, grade->row.language_score);
        tamis_line_put(l, "}");
        comma = ",";
    }
    tamis_line_put(l, comma);
    tamis_line_put(l, "\"signals\":{");
    for (size_t i = 0; i < tamis_grades_column_count(grade->names); i++) {
        tamis_line_put(l, i == 0 ? "" : ",");
        tamis_line_put_string(l, tamis_slice_of_string(tamis_grades_column(grade->names, i)));
        tamis_line_put(l, ":");
        put_double(l, grade->row.values[i]);
    }
    tamis_line_put(l, "}");
    put_edits(l, ",\"edits\":[", grade->edits);
    put_edits(l, ",\"spans\":[", grade->spans);
    tamis_line_put(l, "}");
}

tamis_status tamis_emit_attributes(const tamis_emit_row *row, tamis_buf *out)
{
    tamis_line_out l = {.out = out};

    tamis_line_put(&l, "{\"id\":");
    tamis_line_put_string(&l, row->id);
    tamis_line_put(&l, ",\"ord\":");
    put_ord(&l, row->ord);
    put_digest(&l, row->digest);
    put_verdict(&l, row);
    if (row->grade != NULL) {
        put_quality(&l, row->grade);
    }
    tamis_line_put(&l, "}\n");
    return l.status;
}

/* Whether the record is written with another text than it was read with: removed ones are not. */
static bool has_new_text(const tamis_emit_row *row)
{
    return row->grade != NULL && row->grade->edits != NULL && row->grade->reason == 0 &&
           row->final_record == NULL;
}

/* A record that was no JSON object before: what its format knows of it. */
static void put_built_record(tamis_line_out *l, const tamis_emit_row *row)
{
    tamis_line_put(l, "{\"id\":");
    tamis_line_put_string(l, row->id);
    if (row->doc->url.size != 0) {
        tamis_line_put(l, ",\"url\":");
        tamis_line_put_string(l, row->doc->url);
    }
    if (row->doc->date.size != 0) {
        tamis_line_put(l, ",\"date\":");
        tamis_line_put_string(l, row->doc->date);
    }
    tamis_line_put(l, ",\"text\":");
    tamis_line_put_string(l, has_new_text(row) ? row->grade->text : row->doc->text);
    tamis_line_put(l, ",");
}

/* The bytes [begin, end) of the record, the value of the text replaced where it is another one. */
static void put_raw_range(tamis_line_out *l, const tamis_emit_row *row, size_t begin, size_t end)
{
    const tamis_doc *doc = row->doc;

    if (has_new_text(row) && doc->text_begin >= begin && doc->text_end <= end) {
        tamis_line_put_bytes(l, doc->raw.data + begin, doc->text_begin - begin);
        tamis_line_put_string(l, row->grade->text);
        begin = doc->text_end;
    }
    tamis_line_put_bytes(l, doc->raw.data + begin, end - begin);
}

/* The object up to its final brace, without a member "tamis" it may have had. */
static void put_raw_record(tamis_line_out *l, const tamis_emit_row *row)
{
    const tamis_doc *doc = row->doc;

    if (doc->tamis_end != 0) {
        put_raw_range(l, row, 0, doc->tamis_begin);
        put_raw_range(l, row, doc->tamis_end, doc->close_offset);
    } else {
        put_raw_range(l, row, 0, doc->close_offset);
    }
    tamis_line_put(l, doc->is_empty_object ? "" : ",");
}

/* What became of the text, so that a reader knows that it is not the one of `digest`. */
static void put_edited(tamis_line_out *l, const tamis_emit_row *row)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    if (has_new_text(row)) {
        tamis_slice text = row->grade->text;

        tamis_digest_to_hex(tamis_hash128(text.data, text.size), hex);
        tamis_line_put(l, ",\"edited\":{\"edits\":");
        put_number(l, row->grade->edits->count);
        tamis_line_put(l, ",\"digest\":\"");
        tamis_line_put(l, hex);
        tamis_line_put(l, "\"}");
    }
}

tamis_status tamis_emit_document(const tamis_emit_row *row, tamis_buf *out)
{
    tamis_line_out l = {.out = out};

    if (row->doc->raw.size != 0) {
        put_raw_record(&l, row);
    } else {
        put_built_record(&l, row);
    }
    tamis_line_put(&l, "\"tamis\":{\"ord\":");
    put_ord(&l, row->ord);
    put_digest(&l, row->digest);
    if (row->final_record != NULL || is_dropped_by_quality(row)) {
        put_verdict(&l, row);
    } else {
        put_copies(&l, row);
        put_flags(&l, row);
        put_edited(&l, row);
    }
    tamis_line_put(&l, "}}\n");
    return l.status;
}
