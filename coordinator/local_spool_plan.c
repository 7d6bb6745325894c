/* SPDX-License-Identifier: Apache-2.0 */
/* SPOOL_PLAN: which documents' shingles the undecided pairs need, and whether --verify-spool allows
 * it. */
#include <stdio.h>
#include <stdlib.h>

#include "local_stage_tasks.h"
#include "tamis/task_support.h"

#define SPOOL_BYTES_FREE (UINT64_C(64) << 20) /* allowed however small the input is */
#define TEXT_STAGES      3                    /* SPOOL, TEXT_LATER, TEXT_EARLIER */
#define HASH_BYTES       8

static uint64_t spool_limit(const tamis_task_env *env)
{
    uint32_t scan =
        tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL);
    uint64_t input_bytes = env->counters_of(env->context, scan)[TAMIS_COUNTER_DECODED_BYTES];
    uint64_t share =
        (uint64_t)((tamis_uint128)input_bytes * env->job->settings.verify_spool_ppm / TAMIS_PPM);

    return share > SPOOL_BYTES_FREE ? share : SPOOL_BYTES_FREE;
}

/* Marks each wanted document once and adds up what its shingles take. */
static tamis_status plan_wanted(const tamis_task_env *env, tamis_bits *wanted,
                                tamis_task_result *result, uint64_t *out_bytes, tamis_err *err)
{
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_WANTED,
        .end_part = env->job->plan.part_count,
        .words = 2,
        .memory_bytes = env->memory_bytes / 2,
        .temp_folder = env->folder,
    };
    uint32_t stage = tamis_task_stage_before(env, TAMIS_STAGE_PAIR_EARLIER);
    tamis_stream *stream = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    tamis_ord last = TAMIS_NO_ORD;
    tamis_status status = tamis_stream_open(env, &options, &stage, 1, &stream, err);

    while (status == TAMIS_OK && (count = tamis_stream_block(stream, &records)) != 0) {
        for (size_t i = 0; i < count; i++) {
            if (records[2 * i] != last) {
                last = records[2 * i];
                tamis_bits_set(wanted, last);
                result->counters[TAMIS_COUNTER_SPOOL_DOCUMENTS]++;
                *out_bytes += records[2 * i + 1] * HASH_BYTES;
            }
        }
        status = tamis_stream_consume(stream, count, err);
        if (status == TAMIS_OK) {
            status = tamis_task_check(env, err);
        }
    }
    tamis_stream_close(stream);
    return status;
}

tamis_status tamis_task_spool_plan(const tamis_task_env *env, tamis_task_result *result,
                                   tamis_err *err)
{
    uint64_t *rows = NULL;
    tamis_bits *wanted = NULL;
    uint64_t bytes = 0;
    char path[TAMIS_PATH_SIZE];
    tamis_status status = tamis_task_split_rows(env, &rows, err);

    if (status == TAMIS_OK) {
        status = tamis_bits_create(rows, env->job->plan.split_count, false, &wanted, err);
    }
    if (status == TAMIS_OK) {
        status = plan_wanted(env, wanted, result, &bytes, err);
    }
    if (status != TAMIS_OK) {
        goto out;
    }
    result->counters[TAMIS_COUNTER_SPOOL_BYTES] = bytes;
    if (result->counters[TAMIS_COUNTER_SPOOL_DOCUMENTS] == 0) {
        result->skip_stages = TEXT_STAGES;
    } else if (bytes > spool_limit(env)) {
        result->skip_stages = TEXT_STAGES;
        result->counters[TAMIS_COUNTER_SPOOL_REFUSED] = 1;
    } else {
        (void)snprintf(path, sizeof(path), "%s/%s", env->folder, TAMIS_WANTED_NAME);
        status = tamis_bits_save(wanted, path, err);
    }
out:
    tamis_bits_destroy(wanted);
    free(rows);
    return status;
}
