/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/task_support.h"

#include <stdio.h>
#include <stdlib.h>

#include "tamis/path.h"
#include "tamis/split_result.h"

const tamis_stage *tamis_task_stage(const tamis_task_env *env)
{
    return &env->stages[env->stage];
}

uint32_t tamis_task_stage_before(const tamis_task_env *env, tamis_stage_kind kind)
{
    uint32_t stage =
        tamis_stage_find(env->stages, env->stage_count, kind, tamis_task_stage(env)->level);

    TAMIS_ASSERT(stage < env->stage);
    return stage;
}

uint32_t tamis_task_resolve_before(const tamis_task_env *env)
{
    const tamis_stage *own = tamis_task_stage(env);
    bool has_level = own->kind >= TAMIS_STAGE_LINK && own->kind <= TAMIS_STAGE_RESOLVE;

    for (uint32_t stage = env->stage; stage-- > 0;) {
        if (env->stages[stage].kind == TAMIS_STAGE_RESOLVE &&
            !(has_level && env->stages[stage].level == own->level)) {
            return stage;
        }
    }
    return UINT32_MAX;
}

uint32_t tamis_task_kept_before(const tamis_task_env *env)
{
    uint32_t resolve = tamis_task_resolve_before(env);

    return resolve != UINT32_MAX ? resolve
                                 : tamis_stage_find(env->stages, env->stage_count,
                                                    TAMIS_STAGE_QUALITY, TAMIS_LEVEL_URL);
}

uint32_t tamis_task_part_of_ord(const void *plan, uint64_t ord)
{
    return tamis_plan_part_of_split(plan, tamis_ord_split(ord));
}

void tamis_plan_splits_of_part(const tamis_plan *plan, uint32_t part, uint32_t *out_first,
                               uint32_t *out_end)
{
    TAMIS_ASSERT(part < plan->part_count);
    *out_first = plan->batch_first_split[plan->part_first_batch[part]];
    *out_end = plan->batch_first_split[plan->part_first_batch[part + 1]];
}

uint32_t tamis_plan_against_splits(const tamis_plan *plan)
{
    uint32_t split = 0;

    while (split < plan->split_count && plan->inputs[plan->splits[split].input].is_against) {
        split++;
    }
    return split;
}

bool tamis_task_is_loss(tamis_status status)
{
    return status == TAMIS_ENOENT || status == TAMIS_ECORRUPT || status == TAMIS_EVERSION ||
           status == TAMIS_EFORMAT || status == TAMIS_EIO;
}

tamis_status tamis_task_load_bits(const tamis_task_env *env, uint32_t stage, uint32_t task,
                                  tamis_result_file file, uint32_t first_split, uint32_t end_split,
                                  tamis_bits **out_bits, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    tamis_status status = env->open_file(env->context, stage, task, file, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_bits_load(path, first_split, end_split, out_bits, err);
    if (tamis_task_is_loss(status)) {
        env->mark_lost(env->context, stage, task);
    }
    return status;
}

tamis_status tamis_task_read_file(const tamis_task_env *env, uint32_t stage, uint32_t task,
                                  tamis_result_file file, tamis_buf *out, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    tamis_status status = env->open_file(env->context, stage, task, file, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_path_read_file(path, out, err);
    if (tamis_task_is_loss(status)) {
        env->mark_lost(env->context, stage, task);
    }
    return status;
}

tamis_status tamis_task_sorter(const tamis_task_env *env, uint32_t words, bool has_payload,
                               uint64_t memory_bytes, tamis_sorter **out_sorter, tamis_err *err)
{
    tamis_sorter_options options = {
        .words = words,
        .has_payload = has_payload,
        .memory_bytes = memory_bytes < (1u << 20) ? 1u << 20 : memory_bytes,
        .temp_folder = env->folder,
    };

    return tamis_sorter_create(&options, out_sorter, err);
}

tamis_status tamis_task_write_sorted(const tamis_task_env *env, tamis_sorter *sorter,
                                     tamis_run_writer *writer, uint32_t kind,
                                     tamis_task_result *result, tamis_err *err)
{
    tamis_sort_stats stats = {0};
    tamis_status status = TAMIS_OK;

    if (sorter == NULL) {
        return TAMIS_OK;
    }
    status = tamis_sorter_sort(sorter, err);
    if (status == TAMIS_OK) {
        status =
            tamis_sorter_write(sorter, writer, kind, tamis_task_part_of_ord, &env->job->plan, err);
    }
    tamis_sorter_stats(sorter, &stats);
    tamis_task_count_sort(&stats, result);
    return status;
}

void tamis_task_count_sort(const tamis_sort_stats *stats, tamis_task_result *result)
{
    result->counters[TAMIS_COUNTER_SPILLS] += stats->spills;
    /* Spilled runs are merged once more on their way out. */
    result->counters[TAMIS_COUNTER_MERGE_PASSES] += stats->merge_passes + (stats->spills != 0);
}

tamis_status tamis_task_run_open(const tamis_task_env *env, tamis_run_writer **out_writer,
                                 tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", env->folder, TAMIS_RUN_NAME);

    if (length < 0 || (size_t)length >= sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", env->folder);
    }
    return tamis_run_writer_create(path, out_writer, err);
}

tamis_status tamis_task_run_finish(tamis_run_writer *writer, tamis_task_result *result,
                                   tamis_err *err)
{
    uint64_t bytes = 0;
    tamis_status status = tamis_run_writer_finish(writer, &bytes, err);

    result->counters[TAMIS_COUNTER_WRITTEN_BYTES] += bytes;
    return status;
}

tamis_status tamis_task_write_only(const tamis_task_env *env, tamis_sorter *sorter, uint32_t kind,
                                   tamis_task_result *result, tamis_err *err)
{
    tamis_run_writer *writer = NULL;
    tamis_status status = tamis_task_run_open(env, &writer, err);

    if (status == TAMIS_OK) {
        status = tamis_task_write_sorted(env, sorter, writer, kind, result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_finish(writer, result, err);
    }
    tamis_run_writer_destroy(writer);
    return status;
}

tamis_status tamis_task_write_file(const tamis_task_env *env, const char *name, tamis_slice bytes,
                                   tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", env->folder, name);

    if (length < 0 || (size_t)length >= sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", env->folder);
    }
    return tamis_path_write_file(path, bytes, err);
}

tamis_status tamis_task_default_id(const tamis_input *input, const tamis_job *job, tamis_ord ord,
                                   tamis_buf *buf, tamis_slice *out_id, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(buf);
    if (input->split_count > 1) {
        status = tamis_buf_append_format(buf, "%s/%05u:%u", input->name,
                                         job->plan.splits[tamis_ord_split(ord)].part,
                                         tamis_ord_row(ord));
    } else {
        status = tamis_buf_append_format(buf, "%s:%u", input->name, tamis_ord_row(ord));
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for an id");
    }
    *out_id = tamis_buf_slice(buf);
    return TAMIS_OK;
}

tamis_status tamis_task_check(const tamis_task_env *env, tamis_err *err)
{
    if (env->progress != NULL &&
        atomic_load_explicit(&env->progress->is_canceled, memory_order_relaxed)) {
        return tamis_err_set(err, TAMIS_ECANCELED, "canceled");
    }
    return TAMIS_OK;
}

tamis_status tamis_task_split_rows(const tamis_task_env *env, uint64_t **out_rows, tamis_err *err)
{
    const tamis_plan *plan = &env->job->plan;
    uint64_t *rows = calloc((size_t)plan->split_count + 1, sizeof(*rows));
    tamis_status status = TAMIS_OK;
    uint32_t scan =
        tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL);

    if (rows == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the rows of %u splits",
                             plan->split_count);
    }
    for (uint32_t batch = 0; status == TAMIS_OK && batch < plan->batch_count; batch++) {
        tamis_slice blob;
        size_t position = 0;
        tamis_scan_result result;

        status = env->blob_of(env->context, scan, batch, &blob, err);
        while (status == TAMIS_OK) {
            status = tamis_scan_result_get(blob, &position, &result);
            if (status == TAMIS_OK && result.split < plan->split_count) {
                rows[result.split] = result.summary.rows;
            }
        }
        if (status == TAMIS_END) {
            status = TAMIS_OK;
        } else if (status == TAMIS_EFORMAT) {
            (void)tamis_err_set(err, status, "the result of SCAN task %u is malformed", batch);
        }
    }
    if (status != TAMIS_OK) {
        free(rows);
        return status;
    }
    *out_rows = rows;
    return TAMIS_OK;
}
