/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of a preview, for people and as JSON. */
#include <inttypes.h>

#include "preview_parts.h"
#include "tamis/size.h"

#define JSON_VERSION 1

/* ---- For people --------------------------------------------------------------------------------
 */

static void print_total(tamis_text_out *out, const preview_count *count, bool is_run)
{
    char threshold[TAMIS_SIZE_TEXT_SIZE];

    tamis_ppm_print(count->threshold_ppm, threshold);
    tamis_text_out_add(out, "%-9s %14" PRIu64 " %14" PRIu64, threshold, count->kept,
                       count->dropped);
    if (is_run) {
        tamis_text_out_add(out, " %14s %14s  the run\n", "-", "-");
    } else {
        tamis_text_out_add(out, " %14" PRIu64 " %14" PRIu64 "\n", count->returned, count->lost);
    }
}

static void print_inputs(const preview *p, tamis_text_out *out)
{
    char threshold[TAMIS_SIZE_TEXT_SIZE];

    tamis_ppm_print(p->run.threshold_ppm, threshold);
    tamis_text_out_add(out, "\nkept      %14s", threshold);
    for (size_t i = 0; i < p->options->threshold_count; i++) {
        tamis_ppm_print(p->counts[i].threshold_ppm, threshold);
        tamis_text_out_add(out, " %14s", threshold);
    }
    tamis_text_out_add(out, "  input\n");
    for (uint32_t input = 0; input < p->job->plan.input_count; input++) {
        if (p->job->plan.inputs[input].is_against) {
            continue;
        }
        tamis_text_out_add(out, "          %14" PRIu64, p->run.inputs[input]);
        for (size_t i = 0; i < p->options->threshold_count; i++) {
            tamis_text_out_add(out, " %14" PRIu64, p->counts[i].inputs[input]);
        }
        tamis_text_out_add(out, "  ");
        tamis_text_out_printable(out, tamis_slice_of_string(p->job->plan.inputs[input].shown));
        tamis_text_out_add(out, "\n");
    }
}

static void print_notes(const preview *p, tamis_text_out *out)
{
    const tamis_settings *settings = &p->job->settings;

    tamis_text_out_add(out,
                       "\nTo run it so, add --bands=%u --rows=%u to the threshold: without "
                       "them other bands are chosen.\n",
                       settings->bands, settings->rows);
    if (settings->verify == TAMIS_VERIFY_AUTO) {
        tamis_text_out_add(out,
                           "Pairs that the signature decided keep its estimate; a run asks the "
                           "text for those near its threshold.\n");
    }
}

static void print_tables(const preview *p, tamis_text_out *out)
{
    tamis_text_out_add(out, "%-9s %14s %14s %14s %14s\n", "threshold", "kept", "dropped near",
                       "come back", "go instead");
    print_total(out, &p->run, true);
    for (size_t i = 0; i < p->options->threshold_count; i++) {
        print_total(out, &p->counts[i], false);
    }
    print_inputs(p, out);
    print_notes(p, out);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static void json_ppm(tamis_json *json, const char *name, uint32_t ppm)
{
    char text[TAMIS_SIZE_TEXT_SIZE];

    tamis_ppm_print(ppm, text);
    tamis_json_raw(json, name, tamis_slice_of_string(text));
}

static void json_count(const preview *p, tamis_json *json, const char *name,
                       const preview_count *count, tamis_text_out *out)
{
    tamis_json_begin_object(json, name);
    json_ppm(json, "threshold", count->threshold_ppm);
    json_ppm(json, "min_containment", count->min_containment_ppm);
    tamis_json_uint(json, "kept", count->kept);
    tamis_json_uint(json, "dropped_near", count->dropped);
    tamis_json_uint(json, "come_back", count->returned);
    tamis_json_uint(json, "go_instead", count->lost);
    tamis_json_begin_array(json, "inputs");
    for (uint32_t input = 0; input < p->job->plan.input_count; input++) {
        if (!p->job->plan.inputs[input].is_against) {
            tamis_json_begin_object(json, NULL);
            tamis_json_text(json, "input", p->job->plan.inputs[input].shown);
            tamis_json_uint(json, "kept", count->inputs[input]);
            tamis_json_end_object(json);
            tamis_text_out_flush(out);
        }
    }
    tamis_json_end_array(json);
    tamis_json_end_object(json);
}

static void json_tables(const preview *p, tamis_text_out *out)
{
    tamis_json json;

    tamis_json_init(&json, &out->buf);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_uint(&json, "bands", p->job->settings.bands);
    tamis_json_uint(&json, "rows", p->job->settings.rows);
    tamis_json_text(&json, "verify", tamis_verify_names[p->job->settings.verify]);
    json_count(p, &json, "run", &p->run, out);
    tamis_json_begin_array(&json, "previews");
    for (size_t i = 0; i < p->options->threshold_count; i++) {
        json_count(p, &json, NULL, &p->counts[i], out);
    }
    tamis_json_end_array(&json);
    tamis_json_end_object(&json);
    tamis_text_out_json(out, &json);
    tamis_text_out_add(out, "\n");
}

void preview_print(const preview *p, tamis_text_out *out)
{
    if (p->options->is_json) {
        json_tables(p, out);
    } else {
        print_tables(p, out);
    }
}
