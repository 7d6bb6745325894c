/* SPDX-License-Identifier: Apache-2.0 */
/* Sample, model, and the table that people read. */
#include "estimate.h"

#include "tamis/size.h"
#include "text_out.h"

#define JSON_VERSION 1

static void put_bytes(tamis_text_out *out, const char *name, uint64_t bytes, const char *note)
{
    char text[TAMIS_SIZE_TEXT_SIZE];

    tamis_bytes_print_short(bytes, text);
    tamis_text_out_add(out, "%-18s %12s  %s\n", name, text, note);
}

static void put_seconds(tamis_text_out *out, const char *name, double seconds, const char *note)
{
    if (seconds < 600) {
        tamis_text_out_add(out, "%-18s %10.1f s  %s\n", name, seconds, note);
    } else if (seconds < 36000) {
        tamis_text_out_add(out, "%-18s %8.1f min  %s\n", name, seconds / 60, note);
    } else {
        tamis_text_out_add(out, "%-18s %10.1f h  %s\n", name, seconds / 3600, note);
    }
}

static void print_table(tamis_text_out *out, const tamis_estimate_options *options,
                        const tamis_facts *facts, const tamis_estimate *e)
{
    const tamis_plan *plan = options->plan;
    char sample[TAMIS_SIZE_TEXT_SIZE];
    char note[96];

    tamis_bytes_print_short(facts->stored_bytes, sample);
    tamis_text_out_add(out, "%-18s %12u  in %u splits\n", "inputs", plan->input_count,
                       plan->split_count);
    put_bytes(out, "stored", e->stored_bytes, "as the files lie there");
    put_bytes(out, "decoded", e->decoded_bytes, "");
    tamis_text_out_add(out, "%-18s %12llu\n", "documents", (unsigned long long)e->documents);
    tamis_text_out_add(out, "%-18s %12s  %llu records from %u places\n\n", "sample", sample,
                       (unsigned long long)facts->rows, facts->pieces);
    put_bytes(out, "disk, at its peak", e->disk_bytes, "work and output");
    put_bytes(out, "  output", e->output_bytes, "or less: a sample sees few of the duplicates");
    put_bytes(out, "  work", e->work_bytes, "in OUT/.work, removed at the end");
    put_bytes(out, "    features", e->features_bytes, "");
    put_bytes(out, "    records", e->records_bytes, "");
    put_bytes(out, "    pairs", e->pairs_bytes,
              e->is_spool_refused ? "texts above --verify-spool: the signature decides" : "");
    (void)snprintf(note, sizeof(note), "with %u workers", options->workers);
    put_bytes(out, "memory", e->memory_bytes, note);
    put_seconds(out, "time", e->wall_seconds, note);
    put_seconds(out, "  of a processor", e->processor_seconds, "all together");
    put_seconds(out, "    scan", e->scan_seconds, "");
    put_seconds(out, "    link", e->link_seconds, "");
    put_seconds(out, "    verify", e->verify_seconds, "");
    put_seconds(out, "    emit", e->emit_seconds, "");
    put_seconds(out, "    alone", e->local_seconds, "");
    tamis_text_out_add(
        out, "\nAn estimate: a sample cannot tell how much is duplicated. Disk and memory are "
             "usually within a\nquarter, time within two fifths, if each worker has a processor "
             "and the inputs come as fast as\nthey are read.\n");
}

static void json_milliseconds(tamis_json *json, const char *name, double seconds)
{
    tamis_json_seconds(json, name, (uint64_t)(seconds * 1000 + 0.5));
}

static void print_json(tamis_text_out *out, const tamis_estimate_options *options,
                       const tamis_facts *facts, const tamis_estimate *e)
{
    tamis_json json;

    tamis_json_init(&json, &out->buf);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_uint(&json, "inputs", options->plan->input_count);
    tamis_json_uint(&json, "splits", options->plan->split_count);
    tamis_json_uint(&json, "stored_bytes", e->stored_bytes);
    tamis_json_uint(&json, "decoded_bytes", e->decoded_bytes);
    tamis_json_uint(&json, "documents", e->documents);
    tamis_json_begin_object(&json, "sample");
    tamis_json_uint(&json, "stored_bytes", facts->stored_bytes);
    tamis_json_uint(&json, "decoded_bytes", facts->decoded_bytes);
    tamis_json_uint(&json, "records", facts->rows);
    tamis_json_uint(&json, "quarantined", facts->quarantined);
    tamis_json_uint(&json, "shingles", facts->shingles);
    tamis_json_uint(&json, "exact_repeats", facts->exact_repeats);
    tamis_json_uint(&json, "near_repeats", facts->near_repeats);
    tamis_json_uint(&json, "repeated_bytes", facts->repeated_bytes);
    tamis_json_uint(&json, "text_bytes", facts->text_bytes);
    tamis_json_uint(&json, "pairs", facts->pairs);
    tamis_json_uint(&json, "places", facts->pieces);
    tamis_json_end_object(&json);
    tamis_json_uint(&json, "disk_bytes", e->disk_bytes);
    tamis_json_uint(&json, "output_bytes", e->output_bytes);
    tamis_json_uint(&json, "work_bytes", e->work_bytes);
    tamis_json_uint(&json, "features_bytes", e->features_bytes);
    tamis_json_uint(&json, "records_bytes", e->records_bytes);
    tamis_json_uint(&json, "pairs_bytes", e->pairs_bytes);
    tamis_json_uint(&json, "spool_bytes", e->spool_bytes);
    tamis_json_bool(&json, "is_spool_refused", e->is_spool_refused);
    tamis_json_uint(&json, "workers", options->workers);
    tamis_json_uint(&json, "memory_bytes", e->memory_bytes);
    json_milliseconds(&json, "wall_seconds", e->wall_seconds);
    json_milliseconds(&json, "processor_seconds", e->processor_seconds);
    json_milliseconds(&json, "scan_seconds", e->scan_seconds);
    json_milliseconds(&json, "link_seconds", e->link_seconds);
    json_milliseconds(&json, "verify_seconds", e->verify_seconds);
    json_milliseconds(&json, "emit_seconds", e->emit_seconds);
    json_milliseconds(&json, "alone_seconds", e->local_seconds);
    tamis_json_end_object(&json);
    tamis_text_out_json(out, &json);
    tamis_text_out_add(out, "\n");
}

tamis_status tamis_estimate_run(const tamis_estimate_options *options, FILE *out, tamis_err *err)
{
    tamis_facts facts;
    tamis_estimate_shape shape;
    tamis_estimate estimate;
    tamis_text_out text;
    tamis_status status = tamis_estimate_measure(options, &facts, err);

    if (status != TAMIS_OK) {
        return status;
    }
    tamis_estimate_shape_of(options, &facts, &shape);
    tamis_estimate_model(&shape, &facts, &estimate);
    tamis_text_out_init(&text, out);
    if (options->is_json) {
        print_json(&text, options, &facts, &estimate);
    } else {
        print_table(&text, options, &facts, &estimate);
    }
    return tamis_text_out_finish(&text, err);
}
