/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_quality.h"

#include <stdlib.h>

#include "tamis/line_rules.h"

struct tamis_emit_quality {
    tamis_grades_cursor *grades;
    tamis_grades_cursor *verdicts;
    tamis_emit_grade grade;
    tamis_edits edits;
    tamis_edits spans;
    tamis_buf text;
    tamis_quality_count *counts;
    size_t count;
    size_t capacity;
    size_t last; /* the count that the last document was added to */
    tamis_buf packed;
};

tamis_status tamis_emit_quality_create(const tamis_task_env *env, tamis_emit_quality **out_quality,
                                       tamis_err *err)
{
    tamis_emit_quality *q = NULL;
    bool with_values = (env->job->settings.emit & TAMIS_EMIT_ATTRIBUTES) != 0;
    unsigned wanted = TAMIS_GRADES_CHANGES | (with_values ? (unsigned)TAMIS_GRADES_VALUES : 0u);
    tamis_status status = TAMIS_OK;

    *out_quality = NULL;
    if (env->job->quality == NULL) {
        return TAMIS_OK;
    }
    q = calloc(1, sizeof(*q));
    if (q == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for what quality found");
    }
    tamis_edits_init(&q->edits);
    tamis_edits_init(&q->spans);
    tamis_buf_init(&q->text, 0);
    tamis_buf_init(&q->packed, 0);
    status = tamis_grades_cursor_create(env, TAMIS_RESULT_GRADES, wanted, &q->grades, err);
    if (status == TAMIS_OK) {
        status = tamis_grades_cursor_create(env, TAMIS_RESULT_VERDICTS, 0, &q->verdicts, err);
    }
    if (status != TAMIS_OK) {
        tamis_emit_quality_destroy(q);
        return status;
    }
    *out_quality = q;
    return TAMIS_OK;
}

void tamis_emit_quality_destroy(tamis_emit_quality *quality)
{
    if (quality == NULL) {
        return;
    }
    tamis_grades_cursor_destroy(quality->grades);
    tamis_grades_cursor_destroy(quality->verdicts);
    tamis_edits_fini(&quality->edits);
    tamis_edits_fini(&quality->spans);
    tamis_buf_fini(&quality->text);
    tamis_buf_fini(&quality->packed);
    free(quality->counts);
    free(quality);
}

/* ---- One document ---- */

static tamis_status changed(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ECHANGED,
                         "what quality found when the input was scanned does not fit it: it has "
                         "changed; start again with an empty output folder");
}

/* *out is NULL where nothing is packed. */
static tamis_status unpack(tamis_slice packed, size_t text_size, tamis_edits *edits,
                           const tamis_edits **out, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    *out = NULL;
    if (packed.size == 0) {
        return TAMIS_OK;
    }
    status = tamis_edits_unpack(packed, text_size, edits, NULL, err);
    *out = edits;
    return status == TAMIS_EFORMAT ? changed(err) : status;
}

tamis_status tamis_emit_quality_find(tamis_emit_quality *quality, tamis_ord ord, tamis_slice text,
                                     const tamis_emit_grade **out_grade, tamis_err *err)
{
    tamis_emit_grade *grade = &quality->grade;
    tamis_grades_row verdict;
    bool is_found = false;
    bool is_dropped = false;
    tamis_status status =
        tamis_grades_cursor_get(quality->grades, ord, &grade->row, &is_found, err);

    if (status == TAMIS_OK && !is_found) {
        return changed(err);
    }
    if (status == TAMIS_OK) {
        grade->names = tamis_grades_cursor_reader(quality->grades);
        status = tamis_grades_cursor_get(quality->verdicts, ord, &verdict, &is_dropped, err);
    }
    if (status == TAMIS_OK) {
        status = unpack(grade->row.edits, text.size, &quality->edits, &grade->edits, err);
    }
    if (status == TAMIS_OK) {
        status = unpack(grade->row.spans, text.size, &quality->spans, &grade->spans, err);
    }
    grade->text = text;
    if (status == TAMIS_OK && grade->edits != NULL) {
        tamis_buf_reset(&quality->text);
        if (tamis_edits_apply(grade->edits, text, &quality->text) != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for an edited text");
        }
        grade->text = tamis_buf_slice(&quality->text);
    }
    if (status == TAMIS_OK) {
        grade->reason = is_dropped ? verdict.reason : 0;
        grade->reason_name =
            is_dropped
                ? tamis_grades_reason(tamis_grades_cursor_reader(quality->verdicts), verdict.reason)
                : NULL;
        *out_grade = grade;
    }
    return status;
}

/* ---- Sums ---- */

static bool is_of(const tamis_quality_count *count, const tamis_emit_grade *grade)
{
    return count->reason == grade->reason && strcmp(count->language, grade->row.language) == 0;
}

/* The count of the document's reason and language; NULL: no memory. */
static tamis_quality_count *find_count(tamis_emit_quality *q, const tamis_emit_grade *grade)
{
    size_t i = q->last;

    if (i < q->count && is_of(&q->counts[i], grade)) {
        return &q->counts[i];
    }
    for (i = 0; i < q->count && !is_of(&q->counts[i], grade); i++) {
    }
    if (i == q->count) {
        if (q->count == q->capacity) {
            size_t capacity = q->capacity == 0 ? 64 : 2 * q->capacity;
            tamis_quality_count *counts = realloc(q->counts, capacity * sizeof(*counts));

            if (counts == NULL) {
                return NULL;
            }
            q->counts = counts;
            q->capacity = capacity;
        }
        q->counts[i] = (tamis_quality_count){.reason = grade->reason};
        memcpy(q->counts[i].language, grade->row.language, strlen(grade->row.language) + 1);
        q->count++;
    }
    q->last = i;
    return &q->counts[i];
}

tamis_status tamis_emit_quality_count(tamis_emit_quality *quality, const tamis_emit_grade *grade,
                                      uint64_t text_bytes, bool is_kept, tamis_err *err)
{
    tamis_quality_count *count = find_count(quality, grade);

    if (count == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the sums of quality");
    }
    count->documents++;
    count->text_bytes += text_bytes;
    count->kept += is_kept ? 1 : 0;
    if (is_kept && grade->edits != NULL) {
        count->edited++;
        count->edited_bytes += text_bytes;
        count->written_bytes += grade->text.size;
    }
    return TAMIS_OK;
}

static int compare_counts(const void *left, const void *right)
{
    const tamis_quality_count *a = left;
    const tamis_quality_count *b = right;

    return a->reason != b->reason ? (a->reason > b->reason) - (a->reason < b->reason)
                                  : strcmp(a->language, b->language);
}

tamis_status tamis_emit_quality_take(tamis_emit_quality *quality, tamis_slice *out_counts,
                                     tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (quality->count != 0) {
        qsort(quality->counts, quality->count, sizeof(*quality->counts), compare_counts);
    }
    tamis_buf_reset(&quality->packed);
    for (size_t i = 0; status == TAMIS_OK && i < quality->count; i++) {
        status = tamis_quality_count_put(&quality->packed, &quality->counts[i]);
    }
    quality->count = 0;
    quality->last = 0;
    *out_counts = tamis_buf_slice(&quality->packed);
    return status == TAMIS_OK ? status
                              : tamis_err_set(err, status, "no memory for the sums of quality");
}

const char *tamis_edit_reason_name(uint16_t reason)
{
    if (reason >= TAMIS_EDIT_REASON_KEYWORDS) {
        return "keywords";
    }
    return reason >= TAMIS_EDIT_REASON_PII ? "pii" : tamis_line_reason_name(reason);
}
