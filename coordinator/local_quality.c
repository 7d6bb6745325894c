/* SPDX-License-Identifier: Apache-2.0 */
/* QUALITY: what SCAN tasks said of their documents -> the kept bitmap that the first level starts
 * from. Documents of --against and records set aside are not graded and stay. */
#include <stdio.h>
#include <stdlib.h>

#include "local_stage_tasks.h"
#include "tamis/grades_cursor.h"
#include "tamis/task_support.h"

/* Whether there is such a row in the batch. */
static bool has_row(const tamis_bits *kept, const tamis_plan *plan, uint32_t batch, tamis_ord ord)
{
    uint32_t split = tamis_ord_split(ord);

    return tamis_ord_dump(ord) == 0 && split >= plan->batch_first_split[batch] &&
           split < plan->batch_first_split[batch + 1] &&
           tamis_ord_row(ord) < kept->base[split + 1] - kept->base[split];
}

static tamis_status take_batch(const tamis_task_env *env, uint32_t batch, tamis_bits *kept,
                               tamis_task_result *result, tamis_err *err)
{
    tamis_grades_reader *reader = NULL;
    tamis_grades_row row;
    tamis_status status =
        tamis_task_open_grades(env, batch, TAMIS_RESULT_VERDICTS, 0, &reader, err);

    while (status == TAMIS_OK) {
        status = tamis_grades_next(reader, &row, err);
        if (status == TAMIS_OK && !has_row(kept, &env->job->plan, batch, row.ord)) {
            status = tamis_err_set(err, TAMIS_ECORRUPT,
                                   "the verdicts of SCAN task %u name a row that it does not have",
                                   batch);
        }
        if (status == TAMIS_OK) {
            tamis_bits_clear(kept, row.ord);
            result->counters[TAMIS_COUNTER_QUALITY_DROPPED]++;
        }
        status = tamis_task_read_grades(env, batch, status);
    }
    tamis_grades_reader_close(reader);
    return status == TAMIS_END ? TAMIS_OK : status;
}

tamis_status tamis_task_quality(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err)
{
    const tamis_plan *plan = &env->job->plan;
    uint64_t *rows = NULL;
    tamis_bits *kept = NULL;
    char path[TAMIS_PATH_SIZE];
    tamis_status status = tamis_task_split_rows(env, &rows, err);

    if (status == TAMIS_OK) {
        status = tamis_bits_create(rows, plan->split_count, true, &kept, err);
    }
    for (uint32_t batch = 0; status == TAMIS_OK && batch < plan->batch_count; batch++) {
        status = take_batch(env, batch, kept, result, err);
        if (status == TAMIS_OK) {
            status = tamis_task_check(env, err);
        }
    }
    if (status == TAMIS_OK) {
        (void)snprintf(path, sizeof(path), "%s/%s", env->folder, TAMIS_KEPT_NAME);
        status = tamis_bits_save(kept, path, err);
    }
    tamis_bits_destroy(kept);
    free(rows);
    return status;
}
