/* SPDX-License-Identifier: Apache-2.0 */
#include "scan_quality.h"

#include <stdio.h>
#include <stdlib.h>

#include "quality_cache.h"
#include "tamis/task_support.h"
#include "tamis/text_edit.h"

struct tamis_scan_quality {
    const tamis_quality *quality;
    tamis_grader *grader;
    tamis_scan_grades out;
    tamis_buf edits;
    tamis_buf spans;
};

/* The names that a grades file of this quality has, in *out_list, which the caller frees. */
static tamis_status take_names(const tamis_quality *quality, bool with_columns,
                               tamis_grades_names *out_names, const char ***out_list,
                               tamis_err *err)
{
    size_t columns = with_columns ? tamis_quality_column_count(quality) : 0;
    size_t reasons = tamis_quality_reason_count(quality);
    const char **list = calloc(columns + reasons + 1, sizeof(*list));

    if (list == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of signals");
    }
    for (size_t i = 0; i < columns; i++) {
        list[i] = tamis_quality_column(quality, i);
    }
    for (size_t i = 0; i < reasons; i++) {
        list[columns + i] = tamis_quality_reason(quality, i);
    }
    *out_names = (tamis_grades_names){list, columns, list + columns, reasons};
    *out_list = list;
    return TAMIS_OK;
}

static tamis_status open_writer(const tamis_task_env *env, const tamis_quality *quality,
                                const char *name, bool with_columns,
                                tamis_grades_writer **out_writer, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", env->folder, name);
    tamis_grades_names names;
    const char **list = NULL;
    tamis_status status = TAMIS_OK;

    if (length < 0 || (size_t)length >= sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", env->folder);
    }
    status = take_names(quality, with_columns, &names, &list, err);
    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_grades_writer_create(path, &names, out_writer, err);
    free(list);
    return status;
}

tamis_status tamis_scan_quality_create(const tamis_task_env *env, tamis_scan_quality **out_quality,
                                       tamis_err *err)
{
    tamis_scan_quality *q = NULL;
    tamis_status status = TAMIS_OK;

    *out_quality = NULL;
    if (env->job->quality == NULL) {
        return TAMIS_OK;
    }
    q = calloc(1, sizeof(*q));
    if (q == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to grade documents");
    }
    tamis_buf_init(&q->edits, 0);
    tamis_buf_init(&q->spans, 0);
    status = tamis_quality_acquire(env->job->quality, env->roots, &q->quality, err);
    if (status == TAMIS_OK) {
        status = tamis_grader_create(q->quality, &q->grader, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_scan_grades_open(env, q->quality, &q->out, err);
    }
    if (status != TAMIS_OK) {
        tamis_scan_quality_destroy(q);
        return status;
    }
    *out_quality = q;
    return TAMIS_OK;
}

void tamis_scan_quality_destroy(tamis_scan_quality *quality)
{
    if (quality == NULL) {
        return;
    }
    tamis_grader_destroy(quality->grader);
    tamis_scan_grades_destroy(&quality->out);
    tamis_quality_release(quality->quality);
    tamis_buf_fini(&quality->edits);
    tamis_buf_fini(&quality->spans);
    free(quality);
}

static tamis_status pack_edits(const tamis_edits *edits, tamis_buf *out, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(out);
    if (edits != NULL && edits->count != 0) {
        status = tamis_edits_pack(edits, out);
    }
    return status == TAMIS_OK ? status
                              : tamis_err_set(err, status, "no memory for edits of a text");
}

tamis_status tamis_scan_quality_run(tamis_scan_quality *quality, tamis_ord ord, tamis_slice text,
                                    tamis_slice url, tamis_task_result *result,
                                    tamis_slice *out_text, bool *out_edited, tamis_err *err)
{
    tamis_grade grade;
    tamis_grades_row row;
    tamis_status status = tamis_grader_run(quality->grader, text, url, &grade, err);

    if (status == TAMIS_OK) {
        status = pack_edits(grade.edits, &quality->edits, err);
    }
    if (status == TAMIS_OK) {
        status = pack_edits(grade.spans, &quality->spans, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    row = (tamis_grades_row){
        .ord = ord,
        .reason = grade.reason,
        .language = grade.language,
        .language_score = grade.language_score,
        .values = grade.values,
        .edits = tamis_buf_slice(&quality->edits),
        .spans = tamis_buf_slice(&quality->spans),
    };
    status = tamis_scan_grades_add(&quality->out, &row, result, err);
    *out_text = grade.text;
    *out_edited = quality->edits.size != 0;
    return status;
}

tamis_status tamis_scan_quality_finish(tamis_scan_quality *quality, tamis_task_result *result,
                                       tamis_err *err)
{
    return quality == NULL ? TAMIS_OK : tamis_scan_grades_finish(&quality->out, result, err);
}

/* ---- The two files ---- */

tamis_status tamis_scan_grades_open(const tamis_task_env *env, const tamis_quality *quality,
                                    tamis_scan_grades *out, tamis_err *err)
{
    tamis_status status = open_writer(env, quality, TAMIS_GRADES_FILE, true, &out->grades, err);

    return status == TAMIS_OK
               ? open_writer(env, quality, TAMIS_VERDICTS_FILE, false, &out->verdicts, err)
               : status;
}

tamis_status tamis_scan_grades_add(tamis_scan_grades *grades, const tamis_grades_row *row,
                                   tamis_task_result *result, tamis_err *err)
{
    tamis_grades_row verdict = {
        .ord = row->ord,
        .reason = row->reason,
        .language = "",
        .language_score = row->language_score,
    };
    tamis_status status = tamis_grades_writer_add(grades->grades, row, err);

    result->counters[TAMIS_COUNTER_GRADED]++;
    result->counters[TAMIS_COUNTER_EDITED] += row->edits.size != 0 ? 1 : 0;
    if (status == TAMIS_OK && row->reason != 0) {
        result->counters[TAMIS_COUNTER_QUALITY_DROPPED]++;
        status = tamis_grades_writer_add(grades->verdicts, &verdict, err);
    }
    return status;
}

tamis_status tamis_scan_grades_finish(tamis_scan_grades *grades, tamis_task_result *result,
                                      tamis_err *err)
{
    uint64_t bytes = 0;
    tamis_status status = tamis_grades_writer_finish(grades->grades, &bytes, err);

    result->counters[TAMIS_COUNTER_WRITTEN_BYTES] += bytes;
    if (status == TAMIS_OK) {
        status = tamis_grades_writer_finish(grades->verdicts, &bytes, err);
        result->counters[TAMIS_COUNTER_WRITTEN_BYTES] += bytes;
    }
    return status;
}

void tamis_scan_grades_destroy(tamis_scan_grades *grades)
{
    tamis_grades_writer_destroy(grades->grades);
    tamis_grades_writer_destroy(grades->verdicts);
    *grades = (tamis_scan_grades){0};
}
