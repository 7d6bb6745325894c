/* SPDX-License-Identifier: Apache-2.0 */
#include "scan_adopt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "quality_cache.h"
#include "scan_quality.h"
#include "tamis/path.h"
#include "tamis/split_result.h"
#include "tamis/task_support.h"

typedef struct adopt {
    const tamis_task_env *env;
    tamis_task_result *result;
    char folder[TAMIS_PATH_SIZE]; /* of the earlier run's task */
    const tamis_quality *quality;
    const tamis_quality *stored;
    tamis_grades_reader *grades;
    tamis_scan_grades out;
    uint16_t *columns; /* stored column of each column of quality */
    double *values;
} adopt;

/* ---- Files ---- */

/* Results never change, so that a second name serves where the file system has them. */
static tamis_status take_file(const adopt *a, const char *name, tamis_err *err)
{
    char from[TAMIS_PATH_SIZE];
    char to[TAMIS_PATH_SIZE];
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    if ((size_t)snprintf(from, sizeof(from), "%s/%s", a->folder, name) >= sizeof(from) ||
        (size_t)snprintf(to, sizeof(to), "%s/%s", a->env->folder, name) >= sizeof(to)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", a->env->folder);
    }
    if (link(from, to) == 0) {
        return TAMIS_OK;
    }
    if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != ENOTSUP) {
        return tamis_err_errno(err, errno, "%s: cannot take it over", from);
    }
    tamis_buf_init(&bytes, 0);
    status = tamis_path_read_file(from, &bytes, err);
    if (status == TAMIS_OK) {
        status = tamis_path_write_file(to, tamis_buf_slice(&bytes), err);
    }
    tamis_buf_fini(&bytes);
    return status;
}

static tamis_status take_files(const adopt *a, tamis_err *err)
{
    static const char *const names[] = {TAMIS_RUN_NAME, TAMIS_SPLITS_NAME};
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; status == TAMIS_OK && i < sizeof(names) / sizeof(names[0]); i++) {
        status = take_file(a, names[i], err);
    }
    return status;
}

/* The sums that the earlier task reported, from what it left. */
static tamis_status take_sums(const adopt *a, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    uint64_t *counters = a->result->counters;
    tamis_scan_result split;
    size_t position = 0;
    tamis_status status = TAMIS_OK;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", a->folder, TAMIS_SPLITS_NAME) >=
        sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", a->folder);
    }
    status = tamis_path_read_file(path, &a->result->blob, err);
    while (status == TAMIS_OK) {
        status = tamis_scan_result_get(tamis_buf_slice(&a->result->blob), &position, &split);
        if (status == TAMIS_OK) {
            counters[TAMIS_COUNTER_DECODED_BYTES] += split.summary.decoded_bytes;
            counters[TAMIS_COUNTER_TEXT_BYTES] += split.text_bytes;
            counters[TAMIS_COUNTER_ROWS] += split.summary.rows;
            counters[TAMIS_COUNTER_QUARANTINED] += split.summary.quarantined;
        }
    }
    return status == TAMIS_EFORMAT ? tamis_err_set(err, status, "%s: malformed", path)
           : status == TAMIS_END   ? TAMIS_OK
                                   : status;
}

/* ---- Records ---- */

static tamis_status copy_rows(const adopt *a, tamis_records *from, tamis_records_writer *to,
                              tamis_err *err)
{
    const tamis_plan *plan = &a->env->job->plan;
    tamis_ord first = tamis_ord_make(0, plan->batch_first_split[a->env->task], 0);
    /* The end may be one past the greatest split: computed without the field's width. */
    tamis_ord end = (tamis_ord)plan->batch_first_split[a->env->task + 1] << TAMIS_ORD_ROW_BITS;
    tamis_records_cursor *records = NULL;
    tamis_ids_cursor *ids = NULL;
    tamis_status status = tamis_records_cursor_create(from, first, end, &records, err);

    if (status == TAMIS_OK) {
        status = tamis_ids_cursor_create(from, first, end, &ids, err);
    }
    while (status == TAMIS_OK) {
        tamis_record record;
        tamis_ord ord = 0;
        tamis_ord id_ord = 0;
        tamis_slice id;

        status = tamis_records_cursor_next(records, &ord, &record, err);
        if (status == TAMIS_OK) {
            status = tamis_ids_cursor_next(ids, &id_ord, &id, err);
            if (status == TAMIS_END || (status == TAMIS_OK && id_ord != ord)) {
                status = tamis_err_set(err, TAMIS_ECORRUPT, "%s: ids and records do not fit",
                                       a->env->job->scan_from);
            }
        }
        if (status == TAMIS_OK) {
            status = tamis_records_writer_add(to, ord, &record, id, err);
        }
    }
    tamis_records_cursor_destroy(records);
    tamis_ids_cursor_destroy(ids);
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status take_records(const adopt *a, tamis_err *err)
{
    const tamis_settings *settings = &a->env->job->settings;
    uint32_t signature_bytes =
        (settings->levels >> TAMIS_LEVEL_NEAR & 1) != 0 ? settings->slots : 0;
    char path[TAMIS_PATH_SIZE];
    tamis_records *from = NULL;
    tamis_records_writer *to = NULL;
    uint64_t bytes = 0;
    tamis_status status = TAMIS_OK;

    if ((size_t)snprintf(path, sizeof(path), "%s/records", a->env->job->scan_from) >=
        sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", a->env->job->scan_from);
    }
    status = tamis_records_open(path, true, &from, err);
    if (status == TAMIS_OK) {
        status =
            tamis_records_writer_create(a->env->records, a->env->folder, signature_bytes, &to, err);
    }
    if (status == TAMIS_OK) {
        status = copy_rows(a, from, to, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_records_writer_commit(to, &bytes, err);
    }
    a->result->counters[TAMIS_COUNTER_WRITTEN_BYTES] += bytes;
    tamis_records_writer_destroy(to);
    tamis_records_close(from);
    return status;
}

/* ---- Verdicts ---- */

static tamis_status open_quality(adopt *a, tamis_err *err)
{
    const tamis_job *job = a->env->job;
    size_t columns = 0;
    tamis_status status = tamis_quality_acquire(job->scan_quality, NULL, &a->stored, err);

    if (status == TAMIS_OK) {
        status = tamis_quality_acquire(job->quality, NULL, &a->quality, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    columns = tamis_quality_column_count(a->quality);
    a->columns = calloc(columns + 1, sizeof(*a->columns));
    a->values = calloc(columns + 1, sizeof(*a->values));
    return a->columns == NULL || a->values == NULL
               ? tamis_err_set(err, TAMIS_ENOMEM, "no memory to judge documents")
               : tamis_quality_map(a->quality, a->stored, a->columns, err);
}

static tamis_status open_grades(adopt *a, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    tamis_status status = TAMIS_OK;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", a->folder, TAMIS_GRADES_FILE) >=
        sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", a->folder);
    }
    status =
        tamis_grades_reader_open(path, TAMIS_GRADES_VALUES | TAMIS_GRADES_CHANGES, &a->grades, err);
    if (status == TAMIS_OK &&
        tamis_grades_column_count(a->grades) != tamis_quality_column_count(a->stored)) {
        status = tamis_err_set(err, TAMIS_ECORRUPT, "%s: its columns are not those of its profile",
                               path);
    }
    return status == TAMIS_OK ? tamis_scan_grades_open(a->env, a->quality, &a->out, err) : status;
}

/* What a run from the texts would write of it. */
static tamis_status judge_row(adopt *a, const tamis_grades_row *row, tamis_err *err)
{
    bool has_language = tamis_quality_finds_language(a->quality);
    tamis_grades_row judged = *row;

    for (size_t i = 0; i < tamis_quality_column_count(a->quality); i++) {
        a->values[i] = row->values[a->columns[i]];
    }
    judged.values = a->values;
    judged.language = has_language ? row->language : "";
    judged.language_score = has_language ? row->language_score : (double)NAN;
    judged.reason =
        tamis_quality_judge(a->quality, a->values, judged.language, judged.language_score);
    return tamis_scan_grades_add(&a->out, &judged, a->result, err);
}

static tamis_status judge_all(adopt *a, tamis_err *err)
{
    tamis_grades_row row;
    tamis_status status = open_quality(a, err);

    if (status == TAMIS_OK) {
        status = open_grades(a, err);
    }
    while (status == TAMIS_OK) {
        status = tamis_grades_next(a->grades, &row, err);
        if (status == TAMIS_OK) {
            status = judge_row(a, &row, err);
        }
    }
    return status == TAMIS_END ? tamis_scan_grades_finish(&a->out, a->result, err) : status;
}

tamis_status tamis_scan_adopt(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    adopt a = {.env = env, .result = result};
    tamis_status status = TAMIS_OK;

    if (env->roots != NULL) {
        return tamis_err_set(err, TAMIS_EOUTSIDE,
                             "%s: this process opens folders beneath its --root alone; refilter "
                             "without a coordinator",
                             env->job->scan_from);
    }
    if ((size_t)snprintf(a.folder, sizeof(a.folder), "%s/%u-%u", env->job->scan_from, env->stage,
                         env->task) >= sizeof(a.folder)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", env->job->scan_from);
    }
    status = judge_all(&a, err);
    if (status == TAMIS_OK) {
        status = take_files(&a, err);
    }
    if (status == TAMIS_OK) {
        status = take_sums(&a, err);
    }
    if (status == TAMIS_OK) {
        status = take_records(&a, err);
    }
    tamis_grades_reader_close(a.grades);
    tamis_scan_grades_destroy(&a.out);
    tamis_quality_release(a.quality);
    tamis_quality_release(a.stored);
    free(a.columns);
    free(a.values);
    return status;
}
