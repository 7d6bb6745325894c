/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/row_watch.h"

#include <stdlib.h>

#include "tamis/task_support.h"

#define RESULTS_BYTES_MAX (64u << 20)

/* ---- Notes ---- */

static void note(const tamis_row_watch *watch, tamis_isolation_phase phase, uint32_t row,
                 uint64_t offset)
{
    tamis_isolation_page *page = watch->env->isolation->page;

    atomic_store_explicit(&page->split, watch->split, memory_order_relaxed);
    atomic_store_explicit(&page->row, row, memory_order_relaxed);
    atomic_store_explicit(&page->offset, offset, memory_order_relaxed);
    atomic_store_explicit(&page->phase, (uint32_t)phase, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&page->beat, 1, memory_order_relaxed);
}

static void note_record(const tamis_row_watch *watch, uint32_t row, uint64_t offset,
                        tamis_slice raw)
{
    tamis_isolation_page *page = watch->env->isolation->page;
    tamis_digest digest = tamis_hash128(raw.data, raw.size);

    atomic_store_explicit(&page->digest_low, digest.low, memory_order_relaxed);
    atomic_store_explicit(&page->digest_high, digest.high, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&page->rows, 1, memory_order_relaxed);
    note(watch, TAMIS_ISOLATION_RECORD, row, offset);
}

static int compare_rows(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static int compare_ords(const void *left, const void *right)
{
    tamis_ord a = *(const tamis_ord *)left;
    tamis_ord b = *(const tamis_ord *)right;

    return (a > b) - (a < b);
}

static bool is_set_aside_by_scan(const tamis_row_watch *watch, uint32_t row)
{
    return watch->rows.size != 0 && bsearch(&row, watch->rows.data, watch->rows.size / sizeof(row),
                                            sizeof(row), compare_rows) != NULL;
}

bool tamis_row_watch_is_new(const tamis_row_watch *watch, tamis_ord ord)
{
    const tamis_isolation *isolation = watch->env->isolation;

    return isolation != NULL && isolation->poisoned_count != 0 &&
           bsearch(&ord, isolation->poisoned, isolation->poisoned_count, sizeof(ord),
                   compare_ords) != NULL;
}

static tamis_reader_choice before_row(void *context, uint32_t row, uint64_t offset, tamis_slice raw)
{
    tamis_row_watch *watch = context;
    const tamis_isolation *isolation = watch->env->isolation;
    tamis_ord ord = tamis_ord_make(0, watch->split, row);

    if (isolation != NULL && isolation->is_only) {
        if (ord != isolation->only) {
            return TAMIS_READER_PASS;
        }
        watch->is_over = true;
    }
    if (is_set_aside_by_scan(watch, row) || tamis_row_watch_is_new(watch, ord)) {
        return TAMIS_READER_SET_ASIDE;
    }
    if (isolation != NULL) {
        note_record(watch, row, offset, raw);
    }
    return TAMIS_READER_TAKE;
}

static void before_reading(void *context, uint32_t row, uint64_t offset)
{
    const tamis_row_watch *watch = context;

    if (watch->env->isolation != NULL) {
        note(watch, TAMIS_ISOLATION_READING, row, offset);
    }
}

/* ---- The watch ---- */

void tamis_row_watch_init(tamis_row_watch *watch, const tamis_task_env *env, tamis_reader *reader,
                          bool is_behind_scan)
{
    *watch = (tamis_row_watch){
        .env = env,
        .reader = reader,
        .is_behind_scan = is_behind_scan,
        .batch = UINT32_MAX,
    };
    watch->reader_watch = (tamis_reader_watch){
        .before_row = before_row, .before_reading = before_reading, .context = watch};
    tamis_buf_init(&watch->results, RESULTS_BYTES_MAX);
    tamis_buf_init(&watch->rows, 0);
}

void tamis_row_watch_fini(tamis_row_watch *watch)
{
    tamis_buf_fini(&watch->results);
    tamis_buf_fini(&watch->rows);
}

bool tamis_row_watch_wants(const tamis_row_watch *watch, uint32_t split)
{
    const tamis_isolation *isolation = watch->env->isolation;

    return isolation == NULL || !isolation->is_only || tamis_ord_split(isolation->only) == split;
}

/* SCAN's result of the split, into watch->scanned. */
static tamis_status find_result(tamis_row_watch *watch, const tamis_input *input, tamis_err *err)
{
    const tamis_task_env *env = watch->env;
    uint32_t batch = tamis_plan_batch_of_split(&env->job->plan, watch->split);
    tamis_status status = TAMIS_OK;

    if (batch != watch->batch) {
        tamis_buf_reset(&watch->results);
        watch->results_used = 0;
        status = tamis_task_read_file(env, tamis_task_stage_before(env, TAMIS_STAGE_SCAN), batch,
                                      TAMIS_RESULT_SPLITS, &watch->results, err);
        if (status != TAMIS_OK) {
            return status;
        }
        watch->batch = batch;
    }
    do {
        status = tamis_scan_result_get(tamis_buf_slice(&watch->results), &watch->results_used,
                                       &watch->scanned);
    } while (status == TAMIS_OK && watch->scanned.split < watch->split);
    if (status != TAMIS_OK || watch->scanned.split != watch->split) {
        return tamis_err_set(err, TAMIS_ECORRUPT, "%s: no result of SCAN", input->shown);
    }
    return TAMIS_OK;
}

/* The rows of the split that SCAN set aside as poisoned: its records tell them. */
static tamis_status list_rows(tamis_row_watch *watch, tamis_err *err)
{
    const tamis_task_env *env = watch->env;
    tamis_ord first = tamis_ord_make(0, watch->split, 0);
    /* The end may be one past the greatest split: computed without the field's width. */
    tamis_ord end = ((tamis_ord)watch->split + 1) << TAMIS_ORD_ROW_BITS;
    tamis_records *records = NULL;
    tamis_records_cursor *cursor = NULL;
    tamis_record record;
    tamis_ord ord = 0;
    tamis_status status = env->records_of(env->context, watch->batch, &records, err);

    if (status == TAMIS_OK) {
        status = tamis_records_cursor_create(records, first, end, &cursor, err);
    }
    while (status == TAMIS_OK) {
        status = tamis_records_cursor_next(cursor, &ord, &record, err);
        if (status == TAMIS_OK && record.fault == TAMIS_FAULT_POISONED) {
            uint32_t row = tamis_ord_row(ord);

            status = tamis_buf_append(&watch->rows, &row, sizeof(row));
        }
    }
    tamis_records_cursor_destroy(cursor);
    if (tamis_task_is_loss(status) && env->mark_lost != NULL) {
        env->mark_lost(env->context, tamis_task_stage_before(env, TAMIS_STAGE_SCAN), watch->batch);
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

tamis_status tamis_row_watch_open(tamis_row_watch *watch, uint32_t split, tamis_err *err)
{
    const tamis_plan *plan = &watch->env->job->plan;
    const tamis_input *input = &plan->inputs[plan->splits[split].input];
    bool is_needed = watch->env->isolation != NULL;
    tamis_status status = TAMIS_OK;

    watch->split = split;
    watch->is_over = false;
    tamis_buf_reset(&watch->rows);
    if (watch->is_behind_scan) {
        status = find_result(watch, input, err);
        if (status == TAMIS_OK && watch->scanned.fault_rows[TAMIS_FAULT_POISONED] != 0) {
            is_needed = true;
            status = list_rows(watch, err);
        }
    }
    if (status == TAMIS_OK && watch->env->isolation != NULL) {
        note(watch, TAMIS_ISOLATION_READING, 0, plan->splits[split].begin);
    }
    if (status == TAMIS_OK) {
        status = tamis_reader_open(watch->reader, input, &plan->splits[split], split, err);
    }
    if (status == TAMIS_OK && is_needed) {
        tamis_reader_set_watch(watch->reader, &watch->reader_watch);
    }
    return status;
}

tamis_status tamis_row_watch_next(tamis_row_watch *watch, tamis_doc *out_doc, tamis_err *err)
{
    tamis_status status =
        watch->is_over ? TAMIS_END : tamis_reader_next(watch->reader, out_doc, err);

    if (status != TAMIS_OK && watch->env->isolation != NULL) {
        note(watch, TAMIS_ISOLATION_OTHER, 0, 0);
    }
    return status;
}
