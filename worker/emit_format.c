/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_format.h"

#include "tamis/level.h"

/* Appends are chained: after the first failure the rest do nothing. */
typedef struct line {
    tamis_buf *out;
    tamis_status status;
} line;

static void put(line *l, const char *text)
{
    if (l->status == TAMIS_OK) {
        l->status = tamis_buf_append_string(l->out, text);
    }
}

static void put_bytes(line *l, const uint8_t *data, size_t size)
{
    if (l->status == TAMIS_OK) {
        l->status = tamis_buf_append(l->out, data, size);
    }
}

static void put_string(line *l, tamis_slice text)
{
    put(l, "\"");
    if (l->status == TAMIS_OK) {
        l->status = tamis_buf_append_json(l->out, text);
    }
    put(l, "\"");
}

static void put_number(line *l, uint64_t number)
{
    char digits[21];
    size_t first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(l, digits + first);
}

/* A ratio in ten-thousandths: four decimals, always. */
static void put_ratio(line *l, uint32_t ratio)
{
    char text[] = "0.0000";

    text[0] = (char)('0' + ratio / 10000 % 10);
    text[2] = (char)('0' + ratio / 1000 % 10);
    text[3] = (char)('0' + ratio / 100 % 10);
    text[4] = (char)('0' + ratio / 10 % 10);
    text[5] = (char)('0' + ratio % 10);
    put(l, text);
}

static void put_ord(line *l, tamis_ord ord)
{
    char text[TAMIS_ORD_TEXT_SIZE];

    tamis_ord_to_text(ord, text);
    put(l, "\"");
    put(l, text);
    put(l, "\"");
}

static void put_digest(line *l, tamis_digest digest)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(digest, hex);
    put(l, ",\"digest\":\"");
    put(l, hex);
    put(l, "\"");
}

static void put_witness(line *l, const tamis_emit_row *row)
{
    const uint64_t *record = row->final_record;
    const tamis_plan *plan = &row->job->plan;
    tamis_evidence evidence = tamis_evidence_unpack(record[3]);
    const char *shown = plan->inputs[plan->splits[tamis_ord_split(record[1])].input].shown;

    put(l, ",\"witness\":{\"id\":");
    put_string(l, row->witness_id);
    put(l, ",\"ord\":");
    put_ord(l, record[1]);
    put(l, ",\"input\":");
    put_string(l, tamis_slice_of_string(shown));
    if (evidence.similarity != TAMIS_RATIO_NONE) {
        put(l, ",\"similarity\":");
        put_ratio(l, evidence.similarity);
    }
    if (evidence.containment != TAMIS_RATIO_NONE) {
        put(l, ",\"containment\":");
        put_ratio(l, evidence.containment);
    }
    put(l, ",\"verified\":\"");
    put(l, tamis_verified_name(evidence.verified));
    put(l, "\"");
    if (evidence.bands_shared != 0) {
        put(l, ",\"bands_shared\":");
        put_number(l, evidence.bands_shared);
    }
    put(l, "}");
    if (record[5] != TAMIS_NO_ORD) {
        put(l, ",\"via\":[");
        for (unsigned i = 0; i < TAMIS_VIA_MAX && record[5 + i] != TAMIS_NO_ORD; i++) {
            put(l, i == 0 ? "" : ",");
            put_ord(l, record[5 + i]);
        }
        put(l, "]");
    }
}

static void put_copies(line *l, const tamis_emit_row *row)
{
    put(l, ",\"copies\":{\"exact\":");
    put_number(l, row->copies_exact);
    put(l, ",\"near\":");
    put_number(l, row->copies_near);
    if (row->copies_url != 0) {
        put(l, ",\"url\":");
        put_number(l, row->copies_url);
    }
    put(l, "}");
}

static void put_flags(line *l, const tamis_emit_row *row)
{
    bool is_repaired = (row->doc->flags & TAMIS_DOC_REPAIRED) != 0;

    if (is_repaired && row->is_capped) {
        put(l, ",\"flags\":[\"repaired\",\"bucket_cap\"]");
    } else if (is_repaired) {
        put(l, ",\"flags\":[\"repaired\"]");
    } else if (row->is_capped) {
        put(l, ",\"flags\":[\"bucket_cap\"]");
    }
}

/* What attributes/ and a removed record share: verdict, reason, witness, copies. */
static void put_verdict(line *l, const tamis_emit_row *row)
{
    if (row->doc->fault != TAMIS_FAULT_NONE) {
        put(l, ",\"verdict\":\"quarantine\",\"reason\":\"");
        put(l, tamis_fault_code(row->doc->fault));
        put(l, "\",\"input\":");
        put_string(l, tamis_slice_of_string(row->input->shown));
        put(l, ",\"offset\":");
        put_number(l, row->doc->offset);
    } else if (row->final_record != NULL) {
        put(l, ",\"verdict\":\"drop\",\"reason\":\"");
        put(l, tamis_level_get((tamis_level_id)row->final_record[2])->name);
        put(l, "\"");
        put_witness(l, row);
    } else {
        put(l, ",\"verdict\":\"keep\"");
        put_copies(l, row);
    }
    put_flags(l, row);
}

tamis_status tamis_emit_attributes(const tamis_emit_row *row, tamis_buf *out)
{
    line l = {.out = out};

    put(&l, "{\"id\":");
    put_string(&l, row->id);
    put(&l, ",\"ord\":");
    put_ord(&l, row->ord);
    put_digest(&l, row->digest);
    put_verdict(&l, row);
    put(&l, "}\n");
    return l.status;
}

/* A record that was no JSON object before: what its format knows of it. */
static void put_built_record(line *l, const tamis_emit_row *row)
{
    put(l, "{\"id\":");
    put_string(l, row->id);
    if (row->doc->url.size != 0) {
        put(l, ",\"url\":");
        put_string(l, row->doc->url);
    }
    if (row->doc->date.size != 0) {
        put(l, ",\"date\":");
        put_string(l, row->doc->date);
    }
    put(l, ",\"text\":");
    put_string(l, row->doc->text);
    put(l, ",");
}

/* The object up to its final brace, without a member "tamis" it may have had. */
static void put_raw_record(line *l, const tamis_emit_row *row)
{
    const tamis_doc *doc = row->doc;

    if (doc->tamis_end != 0) {
        put_bytes(l, doc->raw.data, doc->tamis_begin);
        put_bytes(l, doc->raw.data + doc->tamis_end, doc->close_offset - doc->tamis_end);
    } else {
        put_bytes(l, doc->raw.data, doc->close_offset);
    }
    put(l, doc->is_empty_object ? "" : ",");
}

tamis_status tamis_emit_document(const tamis_emit_row *row, tamis_buf *out)
{
    line l = {.out = out};

    if (row->doc->raw.size != 0) {
        put_raw_record(&l, row);
    } else {
        put_built_record(&l, row);
    }
    put(&l, "\"tamis\":{\"ord\":");
    put_ord(&l, row->ord);
    put_digest(&l, row->digest);
    if (row->final_record != NULL) {
        put_verdict(&l, row);
    } else {
        put_copies(&l, row);
        put_flags(&l, row);
    }
    put(&l, "}}\n");
    return l.status;
}
