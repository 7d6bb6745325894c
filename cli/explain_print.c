/* SPDX-License-Identifier: Apache-2.0 */
/* The story of one document, for people and as JSON. */
#include <jansson.h>

#include "explain_parts.h"
#include "tamis/level.h"
#include "tamis/reader.h"

#define JSON_VERSION 1

typedef struct ord_text {
    char text[TAMIS_ORD_TEXT_SIZE];
} ord_text;

static ord_text text_of(tamis_ord ord)
{
    ord_text text;

    tamis_ord_to_text(ord, text.text);
    return text;
}

/* What a reason means, in words. */
static const char *reason_help(tamis_slice reason)
{
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        if (tamis_slice_is_equal(reason, tamis_slice_of_string(tamis_level_names[i]))) {
            return tamis_level_get((tamis_level_id)i)->help;
        }
    }
    for (unsigned i = 0; i < TAMIS_FAULT_COUNT; i++) {
        if (tamis_slice_is_equal(reason, tamis_slice_of_string(tamis_fault_code((tamis_fault)i)))) {
            return tamis_fault_text((tamis_fault)i);
        }
    }
    return "";
}

static void put_slice(explain *e, tamis_slice text)
{
    tamis_text_out_printable(&e->out, text);
}

static void put_string(explain *e, const char *text)
{
    put_slice(e, tamis_slice_of_string(text));
}

static void put_ratio(explain *e, const char *name, uint32_t ratio)
{
    if (ratio != TAMIS_RATIO_NONE) {
        tamis_text_out_add(&e->out, "  %-13s%u.%04u", name, ratio / 10000, ratio % 10000);
    }
}

/* "  row 17 of shards/b.jsonl.zst (part 2 of 3)" */
static void put_place(explain *e, tamis_ord ord)
{
    const tamis_plan *plan = &e->job->plan;
    const tamis_input *input = tamis_job_input_of(e->job, ord);
    const tamis_split *split = &plan->splits[tamis_ord_split(ord)];

    tamis_text_out_add(&e->out, "row %u of ", tamis_ord_row(ord));
    put_string(e, input->shown);
    if (input->split_count > 1) {
        tamis_text_out_add(&e->out, ", part %u of %u (bytes %llu to %llu)", split->part + 1,
                           input->split_count, (unsigned long long)split->begin,
                           (unsigned long long)split->end);
    }
    if (input->is_against) {
        tamis_text_out_add(&e->out, " (--against)");
    }
}

/* ---- For people ---- */

static void print_verdict(explain *e)
{
    const tamis_result_row *row = &e->subject.row;

    tamis_text_out_add(&e->out, "  verdict      %s", tamis_verdict_name(row->verdict));
    if (row->reason.size != 0) {
        tamis_text_out_add(&e->out, ", reason ");
        put_slice(e, row->reason);
        if (reason_help(row->reason)[0] != '\0') {
            tamis_text_out_add(&e->out, " (%s)", reason_help(row->reason));
        }
    }
    tamis_text_out_add(&e->out, "\n");
}

/* The record's offset stands in the line, not in the parsed row. */
static void print_offset(explain *e)
{
    const tamis_slice line = e->subject.row.text;
    json_t *object = json_loadb((const char *)line.data, line.size, JSON_ALLOW_NUL, NULL);
    const json_t *offset = json_object_get(object, "offset");

    if (json_is_integer(offset)) {
        tamis_text_out_add(
            &e->out, "  offset       byte %lld of the %s\n", (long long)json_integer_value(offset),
            tamis_job_input_of(e->job, e->subject.row.ord)->compression == TAMIS_COMPRESSION_NONE
                ? "file"
                : "decompressed stream");
    }
    json_decref(object);
}

static void print_flags(explain *e)
{
    const tamis_result_row *row = &e->subject.row;

    if (row->is_repaired) {
        tamis_text_out_add(&e->out, "  repaired     its text was no valid UTF-8; what was broken "
                                    "became U+FFFD\n");
    }
    if (row->is_capped) {
        tamis_text_out_add(&e->out,
                           "  bucket_cap   it shares a band with more than %u documents and was "
                           "compared only with\n               the first %u of them: it may "
                           "have a duplicate that was not seen\n",
                           e->job->settings.bucket_cap + 1, e->job->settings.bucket_cap);
    }
}

static void print_evidence(explain *e)
{
    const tamis_result_row *row = &e->subject.row;
    const tamis_settings *settings = &e->job->settings;

    put_ratio(e, "similarity", row->evidence.similarity);
    if (row->evidence.similarity == TAMIS_RATIO_NONE) {
        tamis_text_out_add(&e->out, "  verified     by equality; the texts were not compared\n");
    } else {
        switch (row->evidence.verified) {
        case TAMIS_VERIFIED_EQUALITY:
            tamis_text_out_add(&e->out, ", verified by equality\n");
            break;
        case TAMIS_VERIFIED_SIGNATURE:
            tamis_text_out_add(&e->out, ", verified by signature: an estimate from %u slots\n",
                               settings->slots);
            break;
        case TAMIS_VERIFIED_TEXT:
            tamis_text_out_add(&e->out, ", verified by text: exact\n");
            break;
        }
    }
    if (row->evidence.containment != TAMIS_RATIO_NONE) {
        put_ratio(e, "containment", row->evidence.containment);
        tamis_text_out_add(&e->out, " of its text is in the witness\n");
    }
    if (row->evidence.bands_shared != 0) {
        tamis_text_out_add(&e->out, "  bands        %u of %u shared\n", row->evidence.bands_shared,
                           settings->bands);
    }
    if (row->via_count != 0 && tamis_slice_is_equal(row->reason, tamis_slice_of_string("exact"))) {
        tamis_text_out_add(&e->out, "               (figures of the last step: equal texts are "
                                    "equally similar)\n");
    }
}

static void print_step(explain *e, uint32_t index)
{
    const explain_step *step = &e->steps[index];
    const tamis_result_row *row = &step->copy.row;

    tamis_text_out_add(&e->out, "  %u. %s ", index + 1, text_of(step->ord).text);
    if (step->copy.bytes != NULL) {
        put_slice(e, row->id);
    } else if (index + 1 == e->step_count) {
        put_slice(e, e->subject.row.witness_id);
    }
    tamis_text_out_add(&e->out, ", ");
    put_place(e, step->ord);
    if (step->copy.bytes == NULL) {
        tamis_text_out_add(&e->out, tamis_job_input_of(e->job, step->ord)->is_against
                                        ? ": kept, as all of --against"
                                        : ": attributes/ has no such row");
    } else if (row->verdict == TAMIS_VERDICT_DROP) {
        tamis_text_out_add(&e->out, ": dropped itself, reason ");
        put_slice(e, row->reason);
        tamis_text_out_add(&e->out, index + 1 < e->step_count
                                        ? ", because of the next\n"
                                        : "; `tamis verify` checks the whole result\n");
        return;
    } else {
        tamis_text_out_add(&e->out, ": %s", tamis_verdict_name(row->verdict));
    }
    tamis_text_out_add(&e->out, "\n");
}

static void print_chain(explain *e)
{
    tamis_text_out_add(&e->out, e->step_count > 1
                                    ? "\nIt was dropped because of the first of these; the last "
                                      "is the kept one that stands for it:\n"
                                    : "\nIt was dropped because of this document:\n");
    for (uint32_t i = 0; i < e->step_count; i++) {
        print_step(e, i);
    }
    tamis_text_out_add(&e->out, "\n");
    print_evidence(e);
}

static uint64_t named_count(const explain *e)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        sum += e->named_by[i];
    }
    return sum;
}

static void print_named(explain *e)
{
    uint64_t all = named_count(e);

    if (e->subject.row.verdict == TAMIS_VERDICT_KEEP) {
        tamis_text_out_add(&e->out, "  copies       %llu exact, %llu near, %llu url\n",
                           (unsigned long long)e->subject.row.copies_exact,
                           (unsigned long long)e->subject.row.copies_near,
                           (unsigned long long)e->subject.row.copies_url);
    }
    if (e->passed != 0) {
        tamis_text_out_add(&e->out,
                           "\nDropped because of it before it was dropped itself: %llu; its own "
                           "witness stands for them.\n",
                           (unsigned long long)e->passed);
    }
    if (all == 0) {
        return;
    }
    tamis_text_out_add(&e->out, "\nDropped in its favor, %llu:\n", (unsigned long long)all);
    for (size_t i = 0; i < e->named_count; i++) {
        const tamis_result_row *row = &e->named[i].row;

        tamis_text_out_add(&e->out, "  %s ", text_of(row->ord).text);
        put_slice(e, row->id);
        tamis_text_out_add(&e->out, ", ");
        put_place(e, row->ord);
        tamis_text_out_add(&e->out, ": ");
        put_slice(e, row->reason);
        if (row->evidence.similarity != TAMIS_RATIO_NONE) {
            tamis_text_out_add(&e->out, ", similarity %u.%04u", row->evidence.similarity / 10000,
                               row->evidence.similarity % 10000);
        }
        tamis_text_out_add(&e->out, "%s\n", row->via_count == 0 ? "" : " (by way of another)");
    }
    if (e->named_count < all) {
        tamis_text_out_add(&e->out, "  and %llu more (--limit)\n",
                           (unsigned long long)(all - e->named_count));
    }
}

static void print_story(explain *e)
{
    const tamis_result_row *row = &e->subject.row;
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(row->digest, hex);
    put_slice(e, row->id);
    tamis_text_out_add(&e->out, "\n  ord          %s\n", text_of(row->ord).text);
    print_verdict(e);
    tamis_text_out_add(&e->out, "  from         ");
    put_place(e, row->ord);
    tamis_text_out_add(&e->out, "\n");
    if (row->verdict == TAMIS_VERDICT_QUARANTINE) {
        print_offset(e);
    }
    tamis_text_out_add(&e->out, "  digest       %s (XXH3-128 of the %s)\n", hex,
                       row->verdict == TAMIS_VERDICT_QUARANTINE ? "raw record" : "text");
    print_flags(e);
    if (e->step_count != 0) {
        print_chain(e);
    }
    print_named(e);
}

/* ---- JSON ---- */

static void json_place(explain *e, const char *name, tamis_ord ord)
{
    const tamis_plan *plan = &e->job->plan;
    const tamis_input *input = tamis_job_input_of(e->job, ord);

    tamis_json_begin_object(&e->json, name);
    tamis_json_text(&e->json, "input", input->shown);
    tamis_json_text(&e->json, "path", input->path);
    tamis_json_bool(&e->json, "is_against", input->is_against);
    tamis_json_uint(&e->json, "split", tamis_ord_split(ord));
    tamis_json_uint(&e->json, "part", plan->splits[tamis_ord_split(ord)].part);
    tamis_json_uint(&e->json, "parts", input->split_count);
    tamis_json_uint(&e->json, "row", tamis_ord_row(ord));
    tamis_json_end_object(&e->json);
}

static void json_chain(explain *e)
{
    tamis_json_begin_array(&e->json, "chain");
    for (uint32_t i = 0; i < e->step_count; i++) {
        const explain_step *step = &e->steps[i];

        tamis_json_begin_object(&e->json, NULL);
        tamis_json_text(&e->json, "ord", text_of(step->ord).text);
        if (step->copy.bytes != NULL) {
            tamis_json_raw(&e->json, "attributes", step->copy.row.text);
        }
        json_place(e, "source", step->ord);
        tamis_json_end_object(&e->json);
    }
    tamis_json_end_array(&e->json);
}

static void json_story(explain *e)
{
    tamis_json_init(&e->json, &e->out.buf);
    tamis_json_begin_object(&e->json, NULL);
    tamis_json_uint(&e->json, "version", JSON_VERSION);
    tamis_json_raw(&e->json, "attributes", e->subject.row.text);
    json_place(e, "source", e->subject.row.ord);
    json_chain(e);
    tamis_json_begin_object(&e->json, "named_by");
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        tamis_json_uint(&e->json, tamis_level_names[i], e->named_by[i]);
    }
    tamis_json_uint(&e->json, "via", e->passed);
    tamis_json_begin_array(&e->json, "shown");
    for (size_t i = 0; i < e->named_count; i++) {
        tamis_json_raw(&e->json, NULL, e->named[i].row.text);
    }
    tamis_json_end_array(&e->json);
    tamis_json_end_object(&e->json);
    tamis_json_end_object(&e->json);
    tamis_text_out_json(&e->out, &e->json);
    tamis_text_out_add(&e->out, "\n");
}

/* ---- What explain.c calls ---- */

void explain_print(explain *e)
{
    if (e->options->is_json) {
        json_story(e);
    } else {
        print_story(e);
    }
}

void explain_print_matches_begin(explain *e)
{
    if (e->options->is_json) {
        tamis_json_init(&e->json, &e->out.buf);
        tamis_json_begin_object(&e->json, NULL);
        tamis_json_uint(&e->json, "version", JSON_VERSION);
        tamis_json_uint(&e->json, "match_count", e->matches);
        tamis_json_begin_array(&e->json, "matches");
        return;
    }
    tamis_text_out_add(&e->out, "%llu documents have the id ", (unsigned long long)e->matches);
    put_string(e, e->options->wanted);
    tamis_text_out_add(&e->out, "; name one by its ord:\n");
}

void explain_print_match(explain *e, const tamis_result_row *row)
{
    if (e->options->is_json) {
        tamis_json_raw(&e->json, NULL, row->text);
        tamis_text_out_flush(&e->out);
        return;
    }
    tamis_text_out_add(&e->out, "  %s %-10s ", text_of(row->ord).text,
                       tamis_verdict_name(row->verdict));
    put_place(e, row->ord);
    tamis_text_out_add(&e->out, "\n");
}

void explain_print_matches_end(explain *e)
{
    if (e->options->is_json) {
        tamis_json_end_array(&e->json);
        tamis_json_end_object(&e->json);
        tamis_text_out_json(&e->out, &e->json);
        tamis_text_out_add(&e->out, "\n");
    }
}
