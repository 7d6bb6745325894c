/* SPDX-License-Identifier: Apache-2.0 */
#include "refilter.h"

#include <stdlib.h>
#include <unistd.h>

#include "quality_options.h"
#include "refilter_parts.h"
#include "run_folder.h"
#include "tamis/path.h"
#include "tamis/records.h"

#define MANIFEST_NAME "manifest.json"

static tamis_status check_run(const char *out_path, const tamis_job *job, tamis_err *err)
{
    char manifest[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_join(manifest, out_path, MANIFEST_NAME, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (job->quality == NULL) {
        return tamis_err_set(err, TAMIS_EARG,
                             "%s: the run was made without --quality, so that it stored no "
                             "signals; run it again with --quality (and --signals all)",
                             out_path);
    }
    return access(manifest, F_OK) == 0
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ENOENT,
                               "%s: the run is not finished (%s is missing); repeat its command "
                               "first",
                               out_path, MANIFEST_NAME);
}

static tamis_status open_profiles(tamis_refilter_source *source, tamis_err *err)
{
    tamis_status status =
        tamis_quality_open(tamis_slice_of_string(source->spec), NULL, &source->wanted, err);

    if (status == TAMIS_OK) {
        status = tamis_quality_open(tamis_slice_of_string(source->job->quality), NULL,
                                    &source->stored, err);
        if (status != TAMIS_OK) {
            tamis_err_context(err, "the profile of the run");
        }
    }
    if (status != TAMIS_OK) {
        return status;
    }
    source->map = calloc(tamis_quality_column_count(source->wanted) + 1, sizeof(*source->map));
    return source->map == NULL
               ? tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of signals")
               : tamis_quality_map(source->wanted, source->stored, source->map, err);
}

tamis_status tamis_refilter_open(const char *out_path, const tamis_options *options,
                                 tamis_refilter_source *out_source, tamis_err *err)
{
    tamis_refilter_source source = {0};
    tamis_status status =
        tamis_quality_options_resolve(options, &source.spec, &source.skipped, err);

    if (status == TAMIS_OK && source.spec == NULL) {
        status = tamis_err_set(err, TAMIS_EARG,
                               "give --quality, or an option that asks for something of it "
                               "(--languages, --classifier, ...)");
    }
    if (status == TAMIS_OK) {
        status = tamis_result_job(out_path, &source.job, err);
    }
    if (status == TAMIS_OK) {
        status = check_run(out_path, source.job, err);
    }
    if (status == TAMIS_OK) {
        status = open_profiles(&source, err);
    }
    if (status != TAMIS_OK) {
        tamis_refilter_close(&source);
        return status;
    }
    *out_source = source;
    return TAMIS_OK;
}

void tamis_refilter_close(tamis_refilter_source *source)
{
    tamis_job_destroy(source->job);
    tamis_quality_close(source->wanted);
    tamis_quality_close(source->stored);
    free(source->spec);
    free(source->skipped);
    free(source->map);
    *source = (tamis_refilter_source){0};
}

/* ---- Bytes of text ---- */

/* The records of kept work; all NULL where there is none. */
typedef struct sizes {
    tamis_records *records;
    tamis_records_cursor *cursor;
    tamis_ord ord; /* of the record in hand */
    tamis_record record;
} sizes;

static tamis_status sizes_open(const tamis_job *job, const char *out_path, sizes *out,
                               tamis_err *err)
{
    tamis_ord end = (tamis_ord)job->plan.split_count << TAMIS_ORD_ROW_BITS;
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    *out = (sizes){.ord = TAMIS_NO_ORD};
    if ((size_t)snprintf(path, sizeof(path), "%s/%s/data/%s/records", out_path, TAMIS_WORK_NAME,
                         job->id) >= sizeof(path) ||
        access(path, R_OK | X_OK) != 0) {
        return TAMIS_OK;
    }
    status = tamis_records_open(path, true, &out->records, err);
    return status == TAMIS_OK ? tamis_records_cursor_create(out->records, tamis_ord_make(0, 0, 0),
                                                            end, &out->cursor, err)
                              : status;
}

/* Rows come in ord order; 0 where there is no kept work. */
static tamis_status sizes_find(sizes *s, tamis_ord ord, uint64_t *out_bytes, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    *out_bytes = 0;
    while (s->cursor != NULL && status == TAMIS_OK && (s->ord == TAMIS_NO_ORD || s->ord < ord)) {
        status = tamis_records_cursor_next(s->cursor, &s->ord, &s->record, err);
    }
    if (status == TAMIS_END || (status == TAMIS_OK && s->cursor != NULL && s->ord != ord)) {
        return tamis_err_set(err, TAMIS_ECORRUPT,
                             "the records of the run's work and its attributes do not fit; "
                             "remove the work to count without bytes");
    }
    if (status == TAMIS_OK && s->cursor != NULL) {
        *out_bytes = s->record.text_bytes;
    }
    return status;
}

static void sizes_close(sizes *s)
{
    tamis_records_cursor_destroy(s->cursor);
    tamis_records_close(s->records);
}

/* ---- Counting ---- */

static void add(refilter_sum *sum, uint64_t bytes)
{
    sum->documents++;
    sum->bytes += bytes;
}

static void count(refilter_count *sums, size_t was, size_t is, uint64_t bytes)
{
    add(&sums->graded, bytes);
    if (was == 0) {
        add(&sums->passed, bytes);
    }
    if (is == 0) {
        add(&sums->passes, bytes);
    }
    if (was != 0 && is == 0) {
        add(&sums->promoted, bytes);
    }
    if (was == 0 && is != 0) {
        add(&sums->demoted, bytes);
    }
}

/* was_count: the run's profile has none of that name. */
static size_t find_reason(const refilter *r, tamis_slice name)
{
    size_t at = 0;

    while (at < r->was_count &&
           !tamis_slice_is_equal(
               name, tamis_slice_of_string(tamis_quality_reason(r->source->stored, at)))) {
        at++;
    }
    return at;
}

static tamis_status judge(const refilter *r, const tamis_result *result,
                          const tamis_result_quality *found, size_t *out_reason, tamis_err *err)
{
    const tamis_quality *wanted = r->source->wanted;
    char language[TAMIS_QUALITY_LANGUAGE_SIZE] = "";
    tamis_status status = tamis_result_signals(result, r->columns,
                                               tamis_quality_column_count(wanted), r->values, err);

    if (found->language.size < sizeof(language) && found->language.size != 0) {
        memcpy(language, found->language.data, found->language.size);
        language[found->language.size] = '\0';
    }
    if (status == TAMIS_OK) {
        *out_reason = tamis_quality_judge(wanted, r->values, language, found->language_score);
    }
    return status;
}

static tamis_status take_row(refilter *r, const tamis_result *result, const tamis_result_row *row,
                             sizes *texts, tamis_text_out *list, tamis_err *err)
{
    uint32_t split = tamis_result_split(result);
    tamis_result_quality found;
    uint64_t bytes = 0;
    size_t was = 0;
    size_t is = 0;
    tamis_status status = TAMIS_OK;

    if (!tamis_result_graded(result, &found)) {
        return TAMIS_OK;
    }
    was = find_reason(r, found.reason);
    if (was == r->was_count) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: line %llu has a reason that its profile does not give",
                             tamis_result_path(result), (unsigned long long)row->line);
    }
    status = judge(r, result, &found, &is, err);
    if (status == TAMIS_OK) {
        status = sizes_find(texts, row->ord, &bytes, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    count(&r->total, was, is, bytes);
    count(&r->inputs[r->source->job->plan.splits[split].input], was, is, bytes);
    add(&r->pairs[was * r->is_count + is], bytes);
    if (list != NULL && (was == 0) != (is == 0)) {
        refilter_print_row(r, row, split, tamis_quality_reason(r->source->stored, was),
                           tamis_quality_reason(r->source->wanted, is), list);
    }
    return TAMIS_OK;
}

static tamis_status count_all(refilter *r, const char *out_path, tamis_text_out *list,
                              tamis_err *err)
{
    tamis_result *result = NULL;
    tamis_result_row row;
    sizes texts = {.ord = TAMIS_NO_ORD};
    tamis_status status = tamis_result_open(out_path, r->source->job, &result, err);

    if (status == TAMIS_OK) {
        status = sizes_open(r->source->job, out_path, &texts, err);
    }
    r->has_bytes = texts.cursor != NULL;
    while (status == TAMIS_OK) {
        status = tamis_result_next(result, &row, err);
        if (status == TAMIS_OK) {
            status = take_row(r, result, &row, &texts, list, err);
        }
    }
    sizes_close(&texts);
    tamis_result_close(result);
    return status == TAMIS_END ? TAMIS_OK : status;
}

/* Lines of attributes name values, so that two of one name cannot be told apart. */
static tamis_status name_columns(refilter *r, tamis_err *err)
{
    const tamis_quality *wanted = r->source->wanted;
    size_t columns = tamis_quality_column_count(wanted);

    for (size_t i = 0; i < columns; i++) {
        r->columns[i] = tamis_quality_column(wanted, i);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(r->columns[i], r->columns[k]) == 0) {
                return tamis_err_set(err, TAMIS_EARG,
                                     "the profile has two values '%s', of steps that repeat: they "
                                     "cannot be counted; give -o for the new output itself",
                                     r->columns[i]);
            }
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_refilter_show(const tamis_refilter_source *source, const char *out_path,
                                 tamis_refilter_form form, FILE *out, tamis_err *err)
{
    size_t columns = tamis_quality_column_count(source->wanted);
    refilter r = {
        .source = source,
        .columns = calloc(columns + 1, sizeof(*r.columns)),
        .values = calloc(columns + 1, sizeof(*r.values)),
        .was_count = tamis_quality_reason_count(source->stored),
        .is_count = tamis_quality_reason_count(source->wanted),
        .inputs = calloc((size_t)source->job->plan.input_count + 1, sizeof(*r.inputs)),
    };
    tamis_text_out text;
    tamis_status written = TAMIS_OK;
    tamis_status status = TAMIS_OK;

    r.pairs = calloc(r.was_count * r.is_count, sizeof(*r.pairs));
    tamis_text_out_init(&text, out);
    if (r.columns == NULL || r.values == NULL || r.inputs == NULL || r.pairs == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the counts");
    }
    if (status == TAMIS_OK) {
        status = name_columns(&r, err);
    }
    if (status == TAMIS_OK) {
        status = count_all(&r, out_path, form == TAMIS_REFILTER_LIST ? &text : NULL, err);
    }
    if (status == TAMIS_OK && form != TAMIS_REFILTER_LIST) {
        refilter_print(&r, form, &text);
    }
    written = tamis_text_out_finish(&text, status == TAMIS_OK ? err : NULL);
    free(r.columns);
    free(r.values);
    free(r.inputs);
    free(r.pairs);
    return status == TAMIS_OK ? written : status;
}
