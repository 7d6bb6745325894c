/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <stdlib.h>

#include "explain_parts.h"
#include "tamis/level.h"

typedef tamis_status (*explain_row)(explain *e, const tamis_result_row *row, tamis_err *err);

/* Calls `row` for every row of attributes/; it ends the walk early with TAMIS_END. */
static tamis_status explain_walk(explain *e, explain_row row, tamis_err *err)
{
    tamis_result *result = NULL;
    tamis_result_row current;
    tamis_status status = tamis_result_open(e->options->out_path, e->job, &result, err);

    while (status == TAMIS_OK) {
        status = tamis_result_next(result, &current, err);
        if (status == TAMIS_OK) {
            status = tamis_row_check(result, e->job, &current, err);
        }
        if (status == TAMIS_OK) {
            status = row(e, &current, err);
        }
    }
    tamis_result_close(result);
    return status == TAMIS_END ? TAMIS_OK : status;
}

static bool is_match(const explain *e, const tamis_result_row *row)
{
    return e->is_ord ? row->ord == e->ord
                     : tamis_slice_is_equal(row->id, tamis_slice_of_string(e->options->wanted));
}

/* ---- First walk: which document? ---- */

static tamis_status find_row(explain *e, const tamis_result_row *row, tamis_err *err)
{
    if (!is_match(e, row)) {
        return e->is_ord && row->ord > e->ord ? TAMIS_END : TAMIS_OK;
    }
    if (e->matches++ == 0) {
        tamis_status status = tamis_row_copy_make(row, &e->subject, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return e->is_ord ? TAMIS_END : TAMIS_OK;
}

static tamis_status list_row(explain *e, const tamis_result_row *row, tamis_err *err)
{
    (void)err;
    if (is_match(e, row)) {
        explain_print_match(e, row);
    }
    return TAMIS_OK;
}

/* ---- Second walk: its chain, and who names it ---- */

static tamis_status take_step(explain *e, const tamis_result_row *row, tamis_err *err)
{
    for (uint32_t i = 0; i < e->step_count; i++) {
        if (e->steps[i].ord == row->ord && e->steps[i].copy.bytes == NULL) {
            return tamis_row_copy_make(row, &e->steps[i].copy, err);
        }
    }
    return TAMIS_OK;
}

static tamis_status take_named(explain *e, const tamis_result_row *row, tamis_err *err)
{
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        e->named_by[i] +=
            tamis_slice_is_equal(row->reason, tamis_slice_of_string(tamis_level_names[i])) ? 1 : 0;
    }
    if (e->named_count >= e->options->shown_limit) {
        return TAMIS_OK;
    }
    if (e->named_count == e->named_capacity) {
        size_t capacity = e->named_capacity == 0 ? 16 : e->named_capacity * 2;
        tamis_row_copy *named = realloc(e->named, capacity * sizeof(*named));

        if (named == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu documents", capacity);
        }
        e->named = named;
        e->named_capacity = capacity;
    }
    if (tamis_row_copy_make(row, &e->named[e->named_count], err) != TAMIS_OK) {
        return TAMIS_ENOMEM;
    }
    e->named_count++;
    return TAMIS_OK;
}

static tamis_status relate_row(explain *e, const tamis_result_row *row, tamis_err *err)
{
    tamis_status status = take_step(e, row, err);

    if (status == TAMIS_OK && row->verdict == TAMIS_VERDICT_DROP) {
        for (uint32_t i = 0; i < row->via_count; i++) {
            e->passed += row->via[i] == e->subject.row.ord ? 1 : 0;
        }
        if (row->witness == e->subject.row.ord) {
            status = take_named(e, row, err);
        }
    }
    return status;
}

static void plan_steps(explain *e)
{
    const tamis_result_row *row = &e->subject.row;

    if (row->verdict != TAMIS_VERDICT_DROP || row->is_of_quality) {
        return;
    }
    for (uint32_t i = 0; i < row->via_count; i++) {
        e->steps[e->step_count++].ord = row->via[i];
    }
    e->steps[e->step_count++].ord = row->witness;
}

static tamis_status explain_tell(explain *e, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (e->matches > 1) {
        explain_print_matches_begin(e);
        status = explain_walk(e, list_row, err);
        if (status == TAMIS_OK) {
            explain_print_matches_end(e);
        }
        return status;
    }
    plan_steps(e);
    status = explain_walk(e, relate_row, err);
    if (status == TAMIS_OK) {
        explain_print(e);
    }
    return status;
}

static tamis_status explain_missing(const explain *e, tamis_err *err)
{
    if (e->is_ord && tamis_ord_split(e->ord) < e->job->plan.split_count &&
        tamis_job_input_of(e->job, e->ord)->is_against) {
        return tamis_err_set(err, TAMIS_ENOENT,
                             "%s: %s is a document of --against: nothing was decided about it",
                             e->options->out_path, e->options->wanted);
    }
    return tamis_err_set(err, TAMIS_ENOENT, "%s: no document has the %s '%.200s'",
                         e->options->out_path, e->is_ord ? "ord" : "id", e->options->wanted);
}

tamis_status tamis_explain(const tamis_explain_options *options, FILE *out, uint64_t *out_matches,
                           tamis_err *err)
{
    explain e = {.options = options};
    tamis_status status = tamis_result_job(options->out_path, &e.job, err);
    tamis_status written = TAMIS_OK;

    TAMIS_ASSERT(options->shown_limit <= TAMIS_EXPLAIN_LIMIT_MAX);
    tamis_text_out_init(&e.out, out);
    *out_matches = 0;
    e.is_ord = !options->is_id && tamis_ord_from_text(options->wanted, &e.ord) == TAMIS_OK;
    if (status == TAMIS_OK) {
        status = explain_walk(&e, find_row, err);
    }
    if (status == TAMIS_OK) {
        status = e.matches == 0 ? explain_missing(&e, err) : explain_tell(&e, err);
    }
    *out_matches = e.matches;
    written = tamis_text_out_finish(&e.out, status == TAMIS_OK ? err : NULL);
    tamis_row_copy_free(&e.subject);
    for (uint32_t i = 0; i < e.step_count; i++) {
        tamis_row_copy_free(&e.steps[i].copy);
    }
    for (size_t i = 0; i < e.named_count; i++) {
        tamis_row_copy_free(&e.named[i]);
    }
    free(e.named);
    tamis_job_destroy(e.job);
    return status == TAMIS_OK ? written : status;
}
