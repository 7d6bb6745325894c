/* SPDX-License-Identifier: Apache-2.0 */
/* LINK: the features of one slot from all SCAN tasks -> candidates, or drops where equality is the
 * proof. */
#include <stdlib.h>

#include "stage_tasks.h"
#include "tamis/level.h"
#include "tamis/task_support.h"

typedef struct link {
    const tamis_task_env *env;
    const tamis_level *level;
    tamis_sorter *pairs;
    tamis_sorter *capped;
} link;

/* Shares of env->memory_bytes: the merge of features gets half, the results the rest. */
#define LINK_MERGE_SHARE  2
#define LINK_PAIRS_SHARE  3
#define LINK_CAPPED_SHARE 16

static tamis_status link_take_pairs(void *context, const uint64_t *pairs, size_t count,
                                    tamis_err *err)
{
    link *l = context;
    uint64_t evidence = tamis_evidence_pack((tamis_evidence){
        .similarity = 10000, .containment = TAMIS_RATIO_NONE, .verified = TAMIS_VERIFIED_EQUALITY});

    if (l->level->verifier != TAMIS_VERIFIER_EQUALITY) {
        return tamis_sorter_add(l->pairs, pairs, count, err);
    }
    if (l->level->id == TAMIS_LEVEL_URL) {
        /* Equal URLs say nothing of the text. */
        evidence = tamis_evidence_pack((tamis_evidence){.similarity = TAMIS_RATIO_NONE,
                                                        .containment = TAMIS_RATIO_NONE,
                                                        .verified = TAMIS_VERIFIED_EQUALITY});
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t record[TAMIS_VERIFIED_WORDS] = {pairs[2 * i], pairs[2 * i + 1], evidence,
                                                 tamis_fraction_pack(1, 1)};
        tamis_status status = tamis_sorter_add(l->pairs, record, 1, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

static tamis_status link_take_capped(void *context, const uint64_t *ords, size_t count,
                                     tamis_err *err)
{
    link *l = context;

    return tamis_sorter_add(l->capped, ords, count, err);
}

static tamis_status link_features(link *l, tamis_bucketer *bucketer, tamis_task_result *result,
                                  tamis_err *err)
{
    const tamis_task_env *env = l->env;
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_FEATURES + (uint32_t)l->level->id,
        .first_part = env->task,
        .end_part = env->task + 1,
        .words = l->level->words,
        .memory_bytes = env->memory_bytes / LINK_MERGE_SHARE,
        .temp_folder = env->folder,
    };
    uint32_t scan = tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SCAN, l->level->id);
    tamis_stream *stream = NULL;
    const uint64_t *block = NULL;
    size_t count = 0;
    tamis_status status = tamis_stream_open(env, &options, &scan, 1, &stream, err);

    while (status == TAMIS_OK && (count = tamis_stream_block(stream, &block)) != 0) {
        status = tamis_bucketer_add(bucketer, block, count, err);
        if (status == TAMIS_OK) {
            status = tamis_stream_consume(stream, count, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_task_check(env, err);
        }
    }
    if (stream != NULL) {
        tamis_stream_add_stats(stream, result);
    }
    tamis_stream_close(stream);
    return status;
}

/* Ids that stood before: counted once a run, beside the first level. */
static tamis_status link_count_ids(link *l, tamis_task_result *result, tamis_err *err)
{
    const tamis_task_env *env = l->env;
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_ID_HASHES,
        .first_part = env->task,
        .end_part = env->task + 1,
        .words = 2,
        .memory_bytes = env->memory_bytes / LINK_MERGE_SHARE,
        .temp_folder = env->folder,
    };
    uint32_t scan = tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SCAN, l->level->id);
    tamis_stream *stream = NULL;
    const uint64_t *block = NULL;
    size_t count = 0;
    bool has_last = false;
    uint64_t last = 0;
    tamis_status status = tamis_stream_open(env, &options, &scan, 1, &stream, err);

    while (status == TAMIS_OK && (count = tamis_stream_block(stream, &block)) != 0) {
        for (size_t i = 0; i < count; i++) {
            result->counters[TAMIS_COUNTER_DUPLICATE_IDS] +=
                has_last && block[2 * i] == last ? 1 : 0;
            last = block[2 * i];
            has_last = true;
        }
        status = tamis_stream_consume(stream, count, err);
    }
    tamis_stream_close(stream);
    return status;
}

static tamis_status link_load_kept(const tamis_task_env *env, tamis_bits **out_kept, tamis_err *err)
{
    uint32_t before = tamis_task_kept_before(env);

    return before == UINT32_MAX ? TAMIS_OK
                                : tamis_task_load_bits(env, before, 0, TAMIS_RESULT_KEPT, 0,
                                                       env->job->plan.split_count, out_kept, err);
}

static tamis_status link_write(link *l, tamis_task_result *result, tamis_err *err)
{
    tamis_run_writer *writer = NULL;
    tamis_status status = tamis_task_run_open(l->env, &writer, err);
    uint32_t kind =
        l->level->verifier == TAMIS_VERIFIER_EQUALITY ? TAMIS_PIECE_VERIFIED : TAMIS_PIECE_PAIRS;

    if (status == TAMIS_OK) {
        status = tamis_task_write_sorted(l->env, l->pairs, writer, kind, result, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_task_write_sorted(l->env, l->capped, writer, TAMIS_PIECE_CAPPED, result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_finish(writer, result, err);
    }
    tamis_run_writer_destroy(writer);
    return status;
}

static tamis_status link_run(link *l, const tamis_bits *kept, tamis_task_result *result,
                             tamis_err *err)
{
    tamis_bucket_options options = {
        .level = l->level,
        .settings = &l->env->job->settings,
        .kept = kept == NULL ? NULL : &kept->map,
        .split_base = kept == NULL ? NULL : kept->base,
        .against_splits = tamis_plan_against_splits(&l->env->job->plan),
    };
    tamis_bucket_sink sink = {.context = l, .pairs = link_take_pairs, .capped = link_take_capped};
    tamis_bucket_stats stats = {0};
    tamis_bucketer *bucketer = NULL;
    tamis_status status = tamis_bucketer_create(&options, &sink, &bucketer, err);

    if (status == TAMIS_OK) {
        status = link_features(l, bucketer, result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_bucketer_finish(bucketer, &stats, err);
    }
    tamis_bucketer_destroy(bucketer);
    result->counters[TAMIS_COUNTER_FEATURES] += stats.features;
    result->counters[TAMIS_COUNTER_SKIPPED_FEATURES] += stats.skipped;
    result->counters[TAMIS_COUNTER_BUCKETS] += stats.buckets;
    result->counters[TAMIS_COUNTER_LARGEST_BUCKET] = stats.largest;
    result->counters[TAMIS_COUNTER_CAPPED_BUCKETS] += stats.capped;
    result->counters[TAMIS_COUNTER_PAIRS] += stats.pairs;
    return status;
}

tamis_status tamis_task_link(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    link l = {.env = env, .level = tamis_level_get(tamis_task_stage(env)->level)};
    uint32_t words = l.level->verifier == TAMIS_VERIFIER_EQUALITY ? TAMIS_VERIFIED_WORDS : 2;
    tamis_bits *kept = NULL;
    tamis_status status = link_load_kept(env, &kept, err);

    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, words, false, env->memory_bytes / LINK_PAIRS_SHARE,
                                   &l.pairs, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_task_sorter(env, 1, false, env->memory_bytes / LINK_CAPPED_SHARE, &l.capped, err);
    }
    if (status == TAMIS_OK) {
        status = link_run(&l, kept, result, err);
    }
    if (status == TAMIS_OK && tamis_task_resolve_before(env) == UINT32_MAX) {
        status = link_count_ids(&l, result, err);
    }
    if (status == TAMIS_OK) {
        status = link_write(&l, result, err);
    }
    tamis_sorter_destroy(l.pairs);
    tamis_sorter_destroy(l.capped);
    tamis_bits_destroy(kept);
    return status;
}
