/* SPDX-License-Identifier: Apache-2.0 */
/* Who would be promoted and demoted, for people, as JSON, and one by one. */
#include <inttypes.h>

#include "refilter_parts.h"

#define JSON_VERSION 1

static const char *shown(const char *reason)
{
    return reason[0] == '\0' ? "passes" : reason;
}

/* ---- For people ---- */

static void print_sum(const refilter *r, const refilter_sum *sum, tamis_text_out *out)
{
    tamis_text_out_add(out, "%14" PRIu64, sum->documents);
    if (r->has_bytes) {
        tamis_text_out_add(out, " %16" PRIu64, sum->bytes);
    }
}

static void print_header(const refilter *r, tamis_text_out *out)
{
    tamis_text_out_add(out, "%14s", "documents");
    if (r->has_bytes) {
        tamis_text_out_add(out, " %16s", "bytes of text");
    }
}

static void print_totals(const refilter *r, tamis_text_out *out)
{
    const struct {
        const char *name;
        const refilter_sum *sum;
    } rows[] = {
        {"graded", &r->total.graded},   {"passed in the run", &r->total.passed},
        {"pass now", &r->total.passes}, {"promoted", &r->total.promoted},
        {"demoted", &r->total.demoted},
    };

    print_header(r, out);
    tamis_text_out_add(out, "\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_sum(r, rows[i].sum, out);
        tamis_text_out_add(out, "  %s\n", rows[i].name);
    }
}

static void print_pairs(const refilter *r, tamis_text_out *out)
{
    tamis_text_out_add(out, "\n");
    print_header(r, out);
    tamis_text_out_add(out, "  in the run -> now\n");
    for (size_t was = 0; was < r->was_count; was++) {
        for (size_t is = 0; is < r->is_count; is++) {
            const refilter_sum *sum = &r->pairs[was * r->is_count + is];

            if (sum->documents != 0) {
                print_sum(r, sum, out);
                tamis_text_out_add(out, "  %s -> %s\n",
                                   shown(tamis_quality_reason(r->source->stored, was)),
                                   shown(tamis_quality_reason(r->source->wanted, is)));
            }
        }
    }
}

static void print_inputs(const refilter *r, tamis_text_out *out)
{
    const tamis_plan *plan = &r->source->job->plan;

    tamis_text_out_add(out, "\n%14s %14s %14s  input\n", "promoted", "demoted", "pass now");
    for (uint32_t i = 0; i < plan->input_count; i++) {
        const refilter_count *count = &r->inputs[i];

        if (!plan->inputs[i].is_against) {
            tamis_text_out_add(out, "%14" PRIu64 " %14" PRIu64 " %14" PRIu64 "  ",
                               count->promoted.documents, count->demoted.documents,
                               count->passes.documents);
            tamis_text_out_printable(out, tamis_slice_of_string(plan->inputs[i].shown));
            tamis_text_out_add(out, "\n");
        }
    }
    tamis_text_out_add(out, "\nWhat is promoted may still be a duplicate: only -o NEW, of a run "
                            "with --keep-work, tells.\n");
}

/* ---- JSON ---- */

static void json_sum(const refilter *r, tamis_json *json, const char *name, const refilter_sum *sum)
{
    tamis_json_begin_object(json, name);
    tamis_json_uint(json, "documents", sum->documents);
    if (r->has_bytes) {
        tamis_json_uint(json, "text_bytes", sum->bytes);
    }
    tamis_json_end_object(json);
}

static void json_count(const refilter *r, tamis_json *json, const refilter_count *count)
{
    json_sum(r, json, "graded", &count->graded);
    json_sum(r, json, "passed", &count->passed);
    json_sum(r, json, "passes", &count->passes);
    json_sum(r, json, "promoted", &count->promoted);
    json_sum(r, json, "demoted", &count->demoted);
}

static void json_pairs(const refilter *r, tamis_json *json)
{
    tamis_json_begin_array(json, "changes");
    for (size_t was = 0; was < r->was_count; was++) {
        for (size_t is = 0; is < r->is_count; is++) {
            const refilter_sum *sum = &r->pairs[was * r->is_count + is];

            if (sum->documents == 0) {
                continue;
            }
            tamis_json_begin_object(json, NULL);
            tamis_json_text(json, "was", tamis_quality_reason(r->source->stored, was));
            tamis_json_text(json, "is", tamis_quality_reason(r->source->wanted, is));
            tamis_json_uint(json, "documents", sum->documents);
            if (r->has_bytes) {
                tamis_json_uint(json, "text_bytes", sum->bytes);
            }
            tamis_json_end_object(json);
        }
    }
    tamis_json_end_array(json);
}

static void print_json(const refilter *r, tamis_text_out *out)
{
    const tamis_plan *plan = &r->source->job->plan;
    tamis_json json;

    tamis_json_init(&json, &out->buf);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_text(&json, "was", tamis_quality_name(r->source->stored));
    tamis_json_text(&json, "is", tamis_quality_name(r->source->wanted));
    json_count(r, &json, &r->total);
    json_pairs(r, &json);
    tamis_json_begin_array(&json, "inputs");
    for (uint32_t i = 0; i < plan->input_count; i++) {
        if (!plan->inputs[i].is_against) {
            tamis_json_begin_object(&json, NULL);
            tamis_json_text(&json, "input", plan->inputs[i].shown);
            json_count(r, &json, &r->inputs[i]);
            tamis_json_end_object(&json);
            tamis_text_out_flush(out);
        }
    }
    tamis_json_end_array(&json);
    tamis_json_end_object(&json);
    tamis_text_out_json(out, &json);
    tamis_text_out_add(out, "\n");
}

void refilter_print(const refilter *r, tamis_refilter_form form, tamis_text_out *out)
{
    if (form == TAMIS_REFILTER_JSON) {
        print_json(r, out);
    } else {
        print_totals(r, out);
        print_pairs(r, out);
        print_inputs(r, out);
    }
}

void refilter_print_row(const refilter *r, const tamis_result_row *row, uint32_t split,
                        const char *was, const char *is, tamis_text_out *out)
{
    const tamis_plan *plan = &r->source->job->plan;
    char ord[TAMIS_ORD_TEXT_SIZE];
    tamis_json json;

    tamis_ord_to_text(row->ord, ord);
    tamis_json_init(&json, &out->buf);
    tamis_json_begin_object(&json, NULL);
    tamis_json_string(&json, "id", row->id);
    tamis_json_text(&json, "ord", ord);
    tamis_json_text(&json, "input", plan->inputs[plan->splits[split].input].shown);
    tamis_json_text(&json, "change", is[0] == '\0' ? "promoted" : "demoted");
    tamis_json_text(&json, "was", was);
    tamis_json_text(&json, "is", is);
    tamis_json_end_object(&json);
    tamis_text_out_json(out, &json);
    tamis_text_out_add(out, "\n");
}
