/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tamis/task_support.h"

/* Batches may lie in different stores, so the cursor opens one batch after the other. */
struct tamis_doc_cursor {
    const tamis_task_env *env;
    uint32_t first_split;
    uint32_t end_split;
    bool for_ids;
    uint32_t batch; /* whose records are open; UINT32_MAX: none yet */
    tamis_records_cursor *records;
    tamis_ids_cursor *ids;
    bool has_current;
    tamis_ord current; /* the ord that was read last */
    tamis_record record;
    tamis_slice id;
};

tamis_status tamis_doc_cursor_create(const tamis_task_env *env, uint32_t first_split,
                                     uint32_t end_split, bool for_ids,
                                     tamis_doc_cursor **out_cursor, tamis_err *err)
{
    tamis_doc_cursor *cursor = calloc(1, sizeof(*cursor));

    if (cursor == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a record cursor");
    }
    cursor->env = env;
    cursor->first_split = first_split;
    cursor->end_split = end_split;
    cursor->for_ids = for_ids;
    cursor->batch = UINT32_MAX;
    *out_cursor = cursor;
    return TAMIS_OK;
}

static void cursor_close_batch(tamis_doc_cursor *cursor)
{
    tamis_records_cursor_destroy(cursor->records);
    tamis_ids_cursor_destroy(cursor->ids);
    cursor->records = NULL;
    cursor->ids = NULL;
    cursor->has_current = false;
}

static tamis_status cursor_open_batch(tamis_doc_cursor *cursor, uint32_t batch, tamis_err *err)
{
    const tamis_plan *plan = &cursor->env->job->plan;
    tamis_ord first = tamis_ord_make(0, plan->batch_first_split[batch], 0);
    /* The end may be one past the greatest split: computed without the field's width. */
    tamis_ord end = (tamis_ord)plan->batch_first_split[batch + 1] << TAMIS_ORD_ROW_BITS;
    tamis_records *records = NULL;
    tamis_status status = TAMIS_OK;

    cursor_close_batch(cursor);
    status = cursor->env->records_of(cursor->env->context, batch, &records, err);
    if (status != TAMIS_OK) {
        return status;
    }
    cursor->batch = batch;
    if (cursor->for_ids) {
        return tamis_ids_cursor_create(records, first, end, &cursor->ids, err);
    }
    return tamis_records_cursor_create(records, first, end, &cursor->records, err);
}

/* What cannot be read is lost with its batch. */
static void mark_lost(const tamis_doc_cursor *cursor, uint32_t batch, tamis_status status)
{
    const tamis_task_env *env = cursor->env;

    if (tamis_task_is_loss(status)) {
        env->mark_lost(
            env->context,
            tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL),
            batch);
    }
}

/* Moves to the first row >= ord of the open batch. TAMIS_END: there is none. */
static tamis_status cursor_move(tamis_doc_cursor *cursor, tamis_ord ord, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (cursor->has_current && cursor->current >= ord) {
        return TAMIS_OK;
    }
    if (cursor->for_ids) {
        status = tamis_ids_cursor_seek(cursor->ids, ord, err);
        if (status == TAMIS_OK) {
            status = tamis_ids_cursor_next(cursor->ids, &cursor->current, &cursor->id, err);
        }
    } else {
        status = tamis_records_cursor_seek(cursor->records, ord, err);
        if (status == TAMIS_OK) {
            status =
                tamis_records_cursor_next(cursor->records, &cursor->current, &cursor->record, err);
        }
    }
    cursor->has_current = status == TAMIS_OK;
    return status;
}

static tamis_status cursor_find(tamis_doc_cursor *cursor, tamis_ord ord, tamis_err *err)
{
    uint32_t split = tamis_ord_split(ord);
    uint32_t batch = tamis_plan_batch_of_split(&cursor->env->job->plan, split);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(split >= cursor->first_split && split < cursor->end_split);
    if (batch != cursor->batch) {
        status = cursor_open_batch(cursor, batch, err);
    }
    if (status == TAMIS_OK) {
        status = cursor_move(cursor, ord, err);
    }
    mark_lost(cursor, batch, status);
    if (status == TAMIS_END || (status == TAMIS_OK && cursor->current != ord)) {
        char text[TAMIS_ORD_TEXT_SIZE];

        tamis_ord_to_text(ord, text);
        status = tamis_err_set(err, TAMIS_ENOENT, "no document record of %s", text);
    }
    return status;
}

tamis_status tamis_doc_cursor_get(tamis_doc_cursor *cursor, tamis_ord ord, tamis_record *out_record,
                                  tamis_err *err)
{
    tamis_status status = cursor_find(cursor, ord, err);

    if (status == TAMIS_OK) {
        *out_record = cursor->record;
    }
    return status;
}

tamis_status tamis_doc_cursor_get_id(tamis_doc_cursor *cursor, tamis_ord ord, tamis_slice *out_id,
                                     tamis_err *err)
{
    tamis_status status = cursor_find(cursor, ord, err);

    if (status == TAMIS_OK) {
        *out_id = cursor->id;
    }
    return status;
}

void tamis_doc_cursor_destroy(tamis_doc_cursor *cursor)
{
    if (cursor != NULL) {
        cursor_close_batch(cursor);
        free(cursor);
    }
}
