/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/grades_cursor.h"

#include <stdlib.h>

#include "tamis/task_support.h"

struct tamis_grades_cursor {
    const tamis_task_env *env;
    tamis_result_file file;
    unsigned wanted;
    uint32_t batch; /* of the reader; UINT32_MAX: none yet */
    tamis_grades_reader *reader;
};

static uint32_t scan_stage(const tamis_task_env *env)
{
    return tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL);
}

tamis_status tamis_task_read_grades(const tamis_task_env *env, uint32_t batch, tamis_status status)
{
    if (tamis_task_is_loss(status)) {
        env->mark_lost(env->context, scan_stage(env), batch);
    }
    return status;
}

tamis_status tamis_task_open_grades(const tamis_task_env *env, uint32_t batch,
                                    tamis_result_file file, unsigned wanted,
                                    tamis_grades_reader **out_reader, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    tamis_status status = env->open_file(env->context, scan_stage(env), batch, file, path, err);

    return status == TAMIS_OK
               ? tamis_task_read_grades(env, batch,
                                        tamis_grades_reader_open(path, wanted, out_reader, err))
               : status;
}

tamis_status tamis_grades_cursor_create(const tamis_task_env *env, tamis_result_file file,
                                        unsigned wanted, tamis_grades_cursor **out_cursor,
                                        tamis_err *err)
{
    tamis_grades_cursor *cursor = calloc(1, sizeof(*cursor));

    if (cursor == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to read grades");
    }
    *cursor =
        (tamis_grades_cursor){.env = env, .file = file, .wanted = wanted, .batch = UINT32_MAX};
    *out_cursor = cursor;
    return TAMIS_OK;
}

tamis_status tamis_grades_cursor_get(tamis_grades_cursor *cursor, tamis_ord ord,
                                     tamis_grades_row *out_row, bool *out_found, tamis_err *err)
{
    uint32_t batch = tamis_plan_batch_of_split(&cursor->env->job->plan, tamis_ord_split(ord));
    tamis_status status = TAMIS_OK;

    *out_found = false;
    if (batch != cursor->batch) {
        tamis_grades_reader_close(cursor->reader);
        cursor->reader = NULL;
        cursor->batch = UINT32_MAX;
        status = tamis_task_open_grades(cursor->env, batch, cursor->file, cursor->wanted,
                                        &cursor->reader, err);
        if (status != TAMIS_OK) {
            return status;
        }
        cursor->batch = batch;
    }
    status = tamis_grades_find(cursor->reader, ord, out_row, err);
    if (status == TAMIS_ENOENT) {
        return TAMIS_OK;
    }
    *out_found = status == TAMIS_OK;
    return tamis_task_read_grades(cursor->env, batch, status);
}

const tamis_grades_reader *tamis_grades_cursor_reader(const tamis_grades_cursor *cursor)
{
    TAMIS_ASSERT(cursor->reader != NULL);
    return cursor->reader;
}

void tamis_grades_cursor_destroy(tamis_grades_cursor *cursor)
{
    if (cursor != NULL) {
        tamis_grades_reader_close(cursor->reader);
        free(cursor);
    }
}
