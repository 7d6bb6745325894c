/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of attributes/, twice in ord order: first to collect who names whom, then to hold every
 * row against those who name it and against its record in documents/. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tamis/level.h"
#include "tamis/reader.h"
#include "tamis/split_result.h"
#include "tamis/task_support.h"
#include "verify.h"

/* A reference, sorted by the document that is named. */
enum { REF_NAMED, REF_KIND, REF_ID_HASH, REF_FROM, REF_WORDS };
enum { KIND_EXACT, KIND_NEAR, KIND_URL, KIND_VIA };

/* The member `tamis` may be deeper than records were allowed to be. */
#define WRITTEN_NESTING 8

typedef struct sums {
    uint64_t read;
    uint64_t kept;
    uint64_t dropped;
    uint64_t quarantined;
} sums;

typedef struct rows {
    tamis_verification *v;
    tamis_sorter *refs;
    sums *inputs;
    uint32_t split;          /* of the last row; UINT32_MAX: none yet */
    uint32_t row;            /* expected next */
    tamis_reader *documents; /* of the split at hand */
    bool has_documents;
    tamis_input document_input;
    tamis_settings document_settings;
    uint64_t document_line;
    const uint64_t *ref_block;
    size_t ref_count;
    size_t ref_position;
} rows;

static bool is_reason(const tamis_result_row *row, const char *name)
{
    return tamis_slice_is_equal(row->reason, tamis_slice_of_string(name));
}

/* ---- First pass
 * ------------------------------------------------------------------------------------- */

static tamis_status add_ref(rows *r, tamis_ord named, unsigned kind, uint64_t id_hash,
                            tamis_ord from, tamis_err *err)
{
    uint64_t ref[REF_WORDS] = {named, kind, id_hash, from};

    return tamis_sorter_add(r->refs, ref, 1, err);
}

static void check_sequence(rows *r, const tamis_result *result, const tamis_result_row *row)
{
    uint32_t split = tamis_result_split(result);

    if (split != r->split) {
        r->split = split;
        r->row = 0;
    }
    if (row->ord != tamis_ord_make(0, split, r->row)) {
        char found[TAMIS_ORD_TEXT_SIZE];
        char wanted[TAMIS_ORD_TEXT_SIZE];

        tamis_ord_to_text(row->ord, found);
        tamis_ord_to_text(tamis_ord_make(0, split, r->row), wanted);
        tamis_verify_problem(r->v, "%s: line %llu: ord %s where %s is due (lost or doubled record)",
                             tamis_result_path(result), (unsigned long long)row->line, found,
                             wanted);
        r->row = tamis_ord_row(row->ord);
    }
    r->row++;
}

static tamis_status check_drop(rows *r, const tamis_result *result, const tamis_result_row *row,
                               tamis_err *err)
{
    const tamis_plan *plan = &r->v->job->plan;
    unsigned kind = is_reason(row, "url")                            ? KIND_URL
                    : is_reason(row, "exact") && row->via_count == 0 ? KIND_EXACT
                                                                     : KIND_NEAR;
    uint64_t id_hash = tamis_hash64(row->witness_id.data, row->witness_id.size);
    tamis_status status = TAMIS_OK;

    if (row->witness == TAMIS_NO_ORD || tamis_ord_split(row->witness) >= plan->split_count) {
        tamis_verify_problem(r->v, "%s: line %llu: dropped without a witness",
                             tamis_result_path(result), (unsigned long long)row->line);
        return TAMIS_OK;
    }
    if (!tamis_slice_is_equal(
            row->witness_input,
            tamis_slice_of_string(
                plan->inputs[plan->splits[tamis_ord_split(row->witness)].input].shown))) {
        tamis_verify_problem(r->v, "%s: line %llu: witness.input is not that of witness.ord",
                             tamis_result_path(result), (unsigned long long)row->line);
    }
    status = add_ref(r, row->witness, kind, id_hash, row->ord, err);
    for (uint32_t i = 0; status == TAMIS_OK && i < row->via_count; i++) {
        status = add_ref(r, row->via[i], KIND_VIA, 0, row->ord, err);
    }
    return status;
}

static tamis_status check_quality(rows *r, const tamis_result *result)
{
    if (r->v->job->quality == NULL) {
        tamis_verify_problem(r->v, "%s: a document is dropped by quality, which was not asked for",
                             tamis_result_path(result));
    }
    return TAMIS_OK;
}

static tamis_status first_pass(rows *r, tamis_err *err)
{
    tamis_verify_result *total = r->v->result;
    const tamis_plan *plan = &r->v->job->plan;
    tamis_result *result = NULL;
    tamis_result_row row;
    tamis_status status = tamis_result_open(r->v->options->out_path, r->v->job, &result, err);

    r->split = UINT32_MAX;
    while (status == TAMIS_OK) {
        sums *input = NULL;

        status = tamis_result_next(result, &row, err);
        if (status != TAMIS_OK) {
            break;
        }
        check_sequence(r, result, &row);
        input = &r->inputs[plan->splits[tamis_result_split(result)].input];
        input->read++;
        total->rows++;
        switch (row.verdict) {
        case TAMIS_VERDICT_KEEP:
            input->kept++;
            total->kept++;
            break;
        case TAMIS_VERDICT_DROP:
            input->dropped++;
            total->dropped++;
            status =
                row.is_of_quality ? check_quality(r, result) : check_drop(r, result, &row, err);
            break;
        case TAMIS_VERDICT_QUARANTINE:
            input->quarantined++;
            total->quarantined++;
            break;
        }
    }
    tamis_result_close(result);
    if (status == TAMIS_EFORMAT || status == TAMIS_ECORRUPT || status == TAMIS_ENOENT) {
        tamis_verify_problem(r->v, "%s", err == NULL ? tamis_status_text(status) : err->text);
        return TAMIS_END; /* the second pass would stumble over it too */
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

static uint64_t report_number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void check_sums(rows *r, const char *place, const json_t *documents, const sums *found)
{
    if (report_number(documents, "read") != found->read ||
        report_number(documents, "kept") != found->kept ||
        report_number(documents, "dropped") != found->dropped ||
        report_number(documents, "quarantined") != found->quarantined) {
        tamis_verify_problem(r->v, "report.json: %s: its counts are not those of attributes/",
                             place);
    }
    if (found->kept + found->dropped + found->quarantined != found->read) {
        tamis_verify_problem(r->v, "%s: kept + dropped + quarantined is not read", place);
    }
}

static void check_report(rows *r)
{
    char path[TAMIS_PATH_SIZE];
    json_t *report = NULL;
    const json_t *inputs = NULL;
    const tamis_verify_result *t = r->v->result;
    sums total = {t->rows, t->kept, t->dropped, t->quarantined};

    (void)snprintf(path, sizeof(path), "%s/report.json", r->v->options->out_path);
    report = json_load_file(path, 0, NULL);
    if (report == NULL) {
        tamis_verify_problem(r->v, "report.json: missing or malformed");
        return;
    }
    check_sums(r, "all inputs", json_object_get(report, "documents"), &total);
    inputs = json_object_get(report, "inputs");
    for (uint32_t i = 0; i < r->v->job->plan.input_count; i++) {
        const tamis_input *input = &r->v->job->plan.inputs[i];

        if (!input->is_against) {
            check_sums(r, input->shown, json_object_get(json_array_get(inputs, i), "documents"),
                       &r->inputs[i]);
        }
    }
    json_decref(report);
}

/* ---- Second pass
 * -------------------------------------------------------------------------------------- */

/* The next reference; NULL behind the last. */
static tamis_status peek_ref(rows *r, const uint64_t **out_ref, tamis_err *err)
{
    while (r->ref_position == r->ref_count) {
        tamis_status status = tamis_sorter_next(r->refs, &r->ref_block, &r->ref_count, err);

        r->ref_position = 0;
        if (status == TAMIS_END) {
            r->ref_count = 0;
            *out_ref = NULL;
            return TAMIS_OK;
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
    *out_ref = r->ref_block + r->ref_position * REF_WORDS;
    return TAMIS_OK;
}

static void ref_problem(rows *r, const uint64_t *ref, const char *what)
{
    char named[TAMIS_ORD_TEXT_SIZE];
    char from[TAMIS_ORD_TEXT_SIZE];

    tamis_ord_to_text(ref[REF_NAMED], named);
    tamis_ord_to_text(ref[REF_FROM], from);
    tamis_verify_problem(r->v, "%s names %s as witness, %s", from, named, what);
}

/* All references to this row: it must be kept, its id the one that they name, and their number its
 * copies. */
static tamis_status check_refs(rows *r, const tamis_result *result, const tamis_result_row *row,
                               tamis_err *err)
{
    uint64_t counts[KIND_VIA + 1] = {0};
    uint64_t id_hash = tamis_hash64(row->id.data, row->id.size);
    const uint64_t *ref = NULL;
    tamis_status status = TAMIS_OK;

    while ((status = peek_ref(r, &ref, err)) == TAMIS_OK && ref != NULL &&
           ref[REF_NAMED] <= row->ord) {
        tamis_ord named = ref[REF_NAMED];
        bool is_against =
            r->v->job->plan.inputs[r->v->job->plan.splits[tamis_ord_split(named)].input].is_against;

        if (named < row->ord) {
            if (!is_against) {
                ref_problem(r, ref, "which attributes/ does not have");
            }
        } else if (ref[REF_KIND] == KIND_VIA) {
            if (row->verdict != TAMIS_VERDICT_DROP) {
                ref_problem(r, ref, "in via, but it was not dropped");
            }
        } else if (row->verdict != TAMIS_VERDICT_KEEP) {
            ref_problem(r, ref, "which is not kept");
        } else if (ref[REF_ID_HASH] != id_hash) {
            ref_problem(r, ref, "but with another id");
        }
        if (named == row->ord) {
            counts[ref[REF_KIND]]++;
        }
        r->ref_position++;
    }
    if (status == TAMIS_OK && row->verdict == TAMIS_VERDICT_KEEP &&
        (counts[KIND_EXACT] != row->copies_exact || counts[KIND_NEAR] != row->copies_near ||
         counts[KIND_URL] != row->copies_url)) {
        tamis_verify_problem(r->v, "%s: line %llu: copies are not the number of those that name it",
                             tamis_result_path(result), (unsigned long long)row->line);
    }
    return status;
}

static tamis_status open_documents(rows *r, uint32_t split, tamis_err *err)
{
    const tamis_job *job = r->v->job;
    const tamis_input *input = &job->plan.inputs[job->plan.splits[split].input];
    char name[TAMIS_PATH_SIZE];
    char path[TAMIS_PATH_SIZE];
    tamis_split whole = {0};
    FILE *file = NULL;

    if (tamis_output_name(job, split, 0, name, sizeof(name)) != TAMIS_OK ||
        (size_t)snprintf(path, sizeof(path), "%s/%s", r->v->options->out_path, name) >=
            sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", r->v->options->out_path);
    }
    tamis_reader_destroy(r->documents);
    r->documents = NULL;
    /* Written records are read as JSONL; records of other formats carry their text as "text". */
    r->document_settings = job->settings;
    r->document_settings.sample_ppm = TAMIS_PPM;
    r->document_settings.limit = 0;
    r->document_settings.ratio_max = 0;
    r->document_settings.record_bytes_max *= 6; /* escapes */
    if (r->document_settings.nesting_max < WRITTEN_NESTING) {
        r->document_settings.nesting_max = WRITTEN_NESTING;
    }
    if (input->format != TAMIS_INPUT_JSONL) {
        (void)snprintf(r->document_settings.text_field, TAMIS_FIELD_SIZE, "text");
    }
    free(r->document_input.path);
    r->document_input = (tamis_input){
        .path = strdup(path),
        .shown = name,
        .name = name,
        .format = TAMIS_INPUT_JSONL,
        .compression =
            job->settings.output_format == TAMIS_OUTPUT_JSONL_ZST  ? TAMIS_COMPRESSION_ZSTD
            : job->settings.output_format == TAMIS_OUTPUT_JSONL_GZ ? TAMIS_COMPRESSION_GZIP
                                                                   : TAMIS_COMPRESSION_NONE,
        .split_count = 1,
    };
    if (r->document_input.path == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a path");
    }
    file = fopen(path, "rbe");
    if (file == NULL) {
        tamis_verify_problem(r->v, "%s: missing", name);
        r->has_documents = false;
        return TAMIS_OK;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        r->document_input.size_bytes = (uint64_t)ftell(file);
    }
    (void)fclose(file); /* read only */
    whole.end = r->document_input.size_bytes;
    r->has_documents = true;
    r->document_line = 0;
    {
        tamis_status status = tamis_reader_create(&r->document_settings, &r->documents, err);

        return status == TAMIS_OK
                   ? tamis_reader_open(r->documents, &r->document_input, &whole, 0, err)
                   : status;
    }
}

/* "ord" of the member tamis, and where the text was edited its digest, in hexadecimal. */
static bool document_ord(const tamis_doc *doc, tamis_ord *out_ord,
                         char out_edited[TAMIS_DIGEST_HEX_SIZE])
{
    const uint8_t *member = doc->raw.data + doc->tamis_begin;
    size_t size = doc->tamis_end - doc->tamis_begin;
    const uint8_t *open = doc->tamis_end == 0 ? NULL : memchr(member, '{', size);
    json_t *object = NULL;
    const char *edited = NULL;
    bool is_found = false;

    out_edited[0] = '\0';

    if (open == NULL) {
        return false;
    }
    object = json_loadb((const char *)open, size - (size_t)(open - member),
                        JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
    if (json_is_string(json_object_get(object, "ord"))) {
        is_found = tamis_ord_from_text(json_string_value(json_object_get(object, "ord")),
                                       out_ord) == TAMIS_OK;
    }
    edited = json_string_value(json_object_get(json_object_get(object, "edited"), "digest"));
    if (edited != NULL) {
        (void)snprintf(out_edited, TAMIS_DIGEST_HEX_SIZE, "%s", edited);
    }
    json_decref(object);
    return is_found;
}

/* Whether the text that was written is the one that was decided on, or what quality made of it. */
static bool has_digest(const tamis_result_row *row, tamis_digest written, const char *edited)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    if (row->edit_count == 0) {
        return edited[0] == '\0' && tamis_digest_is_equal(written, row->digest);
    }
    tamis_digest_to_hex(written, hex);
    return strcmp(hex, edited) == 0;
}

static tamis_status check_document(rows *r, const tamis_result_row *row, tamis_err *err)
{
    tamis_doc doc;
    tamis_ord ord = TAMIS_NO_ORD;
    char text[TAMIS_ORD_TEXT_SIZE];
    char edited[TAMIS_DIGEST_HEX_SIZE];
    tamis_status status = TAMIS_OK;

    if (!r->has_documents) {
        return TAMIS_OK;
    }
    tamis_ord_to_text(row->ord, text);
    r->document_line++;
    status = tamis_reader_next(r->documents, &doc, err);
    if (status == TAMIS_END) {
        tamis_verify_problem(r->v, "%s: ends before the kept record %s", r->document_input.path,
                             text);
        r->has_documents = false;
        return TAMIS_OK;
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (doc.fault != TAMIS_FAULT_NONE || !document_ord(&doc, &ord, edited) || ord != row->ord) {
        tamis_verify_problem(r->v, "%s: line %llu is not the kept record %s",
                             r->document_input.path, (unsigned long long)r->document_line, text);
        r->has_documents = false; /* what follows would be out of step too */
    } else if (!has_digest(row, tamis_hash128(doc.text.data, doc.text.size), edited)) {
        tamis_verify_problem(r->v, "%s: line %llu: the text of %s has another digest",
                             r->document_input.path, (unsigned long long)r->document_line, text);
    }
    return TAMIS_OK;
}

static tamis_status end_documents(rows *r, tamis_err *err)
{
    tamis_doc doc;
    tamis_status status = TAMIS_END;

    if (r->has_documents) {
        status = tamis_reader_next(r->documents, &doc, err);
        if (status == TAMIS_OK) {
            tamis_verify_problem(r->v, "%s: has records behind the last kept one",
                                 r->document_input.path);
        }
    }
    r->has_documents = false;
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status second_pass(rows *r, tamis_err *err)
{
    bool has_output = (r->v->job->settings.emit & TAMIS_EMIT_DOCUMENTS) != 0;
    tamis_result *result = NULL;
    tamis_result_row row;
    const uint64_t *ref = NULL;
    uint32_t split = UINT32_MAX;
    tamis_status status = tamis_result_open(r->v->options->out_path, r->v->job, &result, err);

    while (status == TAMIS_OK) {
        status = tamis_result_next(result, &row, err);
        if (status == TAMIS_OK && has_output && tamis_result_split(result) != split) {
            split = tamis_result_split(result);
            status = end_documents(r, err);
            if (status == TAMIS_OK) {
                status = open_documents(r, split, err);
            }
        }
        if (status == TAMIS_OK) {
            status = check_refs(r, result, &row, err);
        }
        if (status == TAMIS_OK && has_output && row.verdict == TAMIS_VERDICT_KEEP) {
            status = check_document(r, &row, err);
        }
    }
    tamis_result_close(result);
    if (status == TAMIS_END) {
        status = end_documents(r, err);
    }
    while (status == TAMIS_OK && (status = peek_ref(r, &ref, err)) == TAMIS_OK && ref != NULL) {
        ref_problem(r, ref, "which attributes/ does not have");
        r->ref_position++;
    }
    return status;
}

tamis_status tamis_verify_rows(tamis_verification *v, tamis_err *err)
{
    rows r = {.v = v};
    tamis_sorter_options options = {
        .words = REF_WORDS,
        .memory_bytes = v->options->memory_bytes / 2,
        .temp_folder = v->options->temp_folder,
    };
    tamis_status status = tamis_sorter_create(&options, &r.refs, err);

    if (status != TAMIS_OK) {
        return status;
    }
    r.inputs = calloc((size_t)v->job->plan.input_count + 1, sizeof(*r.inputs));
    if (r.inputs == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the sums of the inputs");
        goto out;
    }
    status = first_pass(&r, err);
    if (status == TAMIS_END) {
        status = TAMIS_OK;
        goto out;
    }
    if (status == TAMIS_OK) {
        check_report(&r);
        status = tamis_sorter_sort(r.refs, err);
    }
    if (status == TAMIS_OK) {
        status = second_pass(&r, err);
    }
out:
    tamis_reader_destroy(r.documents);
    free(r.document_input.path);
    tamis_sorter_destroy(r.refs);
    free(r.inputs);
    return status;
}
