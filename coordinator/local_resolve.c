/* SPDX-License-Identifier: Apache-2.0 */
/* RESOLVE: one pass over the verified pairs of a level in ord order -> kept bitmap and drops. */
#include <stdio.h>
#include <stdlib.h>

#include "local_stage_tasks.h"
#include "tamis/failpoint.h"
#include "tamis/level.h"
#include "tamis/task_support.h"

#define PAIRS_BUFFER 4096

typedef struct resolve {
    const tamis_task_env *env;
    const tamis_level *level;
    tamis_task_result *result;
    tamis_bits *kept;
    tamis_bits *capped;
    tamis_resolver *resolver; /* NULL: equality, every pair is a drop */
    tamis_run_writer *writer;
    uint64_t *pairs; /* PAIRS_BUFFER records */
    size_t pair_count;
    uint64_t *drops;
} resolve;

/* What the level before left, or all rows where there is none. */
static tamis_status resolve_bits(const tamis_task_env *env, tamis_result_file file, bool value,
                                 tamis_bits **out_bits, tamis_err *err)
{
    uint32_t before =
        file == TAMIS_RESULT_KEPT ? tamis_task_kept_before(env) : tamis_task_resolve_before(env);
    uint32_t split_count = env->job->plan.split_count;
    uint64_t *rows = NULL;
    tamis_status status = TAMIS_OK;

    if (before != UINT32_MAX) {
        return tamis_task_load_bits(env, before, 0, file, 0, split_count, out_bits, err);
    }
    status = tamis_task_split_rows(env, &rows, err);
    if (status == TAMIS_OK) {
        status = tamis_bits_create(rows, split_count, value, out_bits, err);
    }
    free(rows);
    return status;
}

static tamis_status resolve_create(resolve *r, tamis_err *err)
{
    size_t words = (size_t)PAIRS_BUFFER * TAMIS_VERIFIED_WORDS;
    tamis_status status = resolve_bits(r->env, TAMIS_RESULT_KEPT, true, &r->kept, err);

    if (status == TAMIS_OK) {
        status = resolve_bits(r->env, TAMIS_RESULT_CAPPED, false, &r->capped, err);
    }
    r->pairs = calloc(words, sizeof(*r->pairs));
    r->drops = calloc(words, sizeof(*r->drops));
    if (status == TAMIS_OK && (r->pairs == NULL || r->drops == NULL)) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for a buffer of pairs");
    }
    if (status == TAMIS_OK && r->level->verifier != TAMIS_VERIFIER_EQUALITY) {
        tamis_resolver_options options = {
            .kept = &r->kept->map,
            .split_base = r->kept->base,
            .against_splits = tamis_plan_against_splits(&r->env->job->plan),
        };

        status = tamis_resolver_create(&options, &r->resolver, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_open(r->env, &r->writer, err);
    }
    return status;
}

static void resolve_destroy(resolve *r)
{
    tamis_bits_destroy(r->kept);
    tamis_bits_destroy(r->capped);
    tamis_resolver_destroy(r->resolver);
    tamis_run_writer_destroy(r->writer);
    free(r->pairs);
    free(r->drops);
}

/* Decides the buffered pairs and writes the drops that come of them. */
static tamis_status resolve_flush(resolve *r, tamis_err *err)
{
    const uint64_t *drops = r->drops;
    size_t count = 0;

    if (r->resolver != NULL) {
        count = tamis_resolver_add(r->resolver, r->pairs, r->pair_count, TAMIS_VERIFIED_WORDS,
                                   r->drops);
    } else {
        drops = r->pairs;
        count = r->pair_count;
        for (size_t i = 0; i < count; i++) {
            tamis_bits_clear(r->kept, drops[i * TAMIS_VERIFIED_WORDS]);
        }
    }
    r->pair_count = 0;
    r->result->counters[TAMIS_COUNTER_DROPPED] += count;
    return count == 0 ? TAMIS_OK : tamis_run_writer_append(r->writer, drops, count, err);
}

static tamis_status resolve_take(resolve *r, const uint64_t *pair, tamis_err *err)
{
    memcpy(r->pairs + r->pair_count * TAMIS_VERIFIED_WORDS, pair,
           TAMIS_VERIFIED_WORDS * sizeof(*pair));
    r->pair_count++;
    return r->pair_count == PAIRS_BUFFER ? resolve_flush(r, err) : TAMIS_OK;
}

/* Both kinds of pairs of one part, in one order. Undecided ones come only where nothing was
 * spooled: then the signature decides. */
static tamis_status resolve_merge(resolve *r, tamis_stream *verified, tamis_stream *undecided,
                                  tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        const uint64_t *a = tamis_stream_peek(verified);
        const uint64_t *b = undecided == NULL ? NULL : tamis_stream_peek(undecided);
        bool takes_b = b != NULL && (a == NULL || b[0] < a[0] || (b[0] == a[0] && b[1] < a[1]));

        if (a == NULL && b == NULL) {
            return resolve_flush(r, err);
        }
        if (takes_b) {
            if ((b[2] & TAMIS_EVIDENCE_ACCEPTED) != 0) {
                r->result->counters[TAMIS_COUNTER_ACCEPTED_BY_SIGNATURE]++;
                status = resolve_take(r, b, err);
            } else {
                r->result->counters[TAMIS_COUNTER_REJECTED_BY_SIGNATURE]++;
            }
        } else {
            status = resolve_take(r, a, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_stream_advance(takes_b ? undecided : verified, err);
        }
    }
    return status;
}

typedef struct resolve_sources {
    uint32_t verified[2];
    uint32_t undecided; /* UINT32_MAX: they were decided by text, or there are none */
} resolve_sources;

static resolve_sources resolve_find_sources(const resolve *r)
{
    const tamis_task_env *env = r->env;
    resolve_sources sources = {.verified = {UINT32_MAX, UINT32_MAX}, .undecided = UINT32_MAX};
    uint32_t plan = UINT32_MAX;

    if (r->resolver == NULL) {
        sources.verified[0] = tamis_task_stage_before(env, TAMIS_STAGE_LINK);
        return sources;
    }
    sources.verified[0] = tamis_task_stage_before(env, TAMIS_STAGE_PAIR_EARLIER);
    plan = tamis_stage_find(env->stages, env->stage_count, TAMIS_STAGE_SPOOL_PLAN, r->level->id);
    if (plan == UINT32_MAX) {
        return sources;
    }
    if (env->counters_of(env->context, plan)[TAMIS_COUNTER_SPOOL_REFUSED] != 0) {
        sources.undecided = sources.verified[0];
    } else if (env->counters_of(env->context, plan)[TAMIS_COUNTER_SPOOL_DOCUMENTS] != 0) {
        sources.verified[1] = tamis_task_stage_before(env, TAMIS_STAGE_TEXT_EARLIER);
    }
    return sources;
}

static tamis_status resolve_part(resolve *r, const resolve_sources *sources, uint32_t part,
                                 tamis_err *err)
{
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_VERIFIED,
        .first_part = part,
        .end_part = part + 1,
        .words = TAMIS_VERIFIED_WORDS,
        .memory_bytes = r->env->memory_bytes / 4,
        .temp_folder = r->env->folder,
    };
    tamis_stream *verified = NULL;
    tamis_stream *undecided = NULL;
    tamis_status status = tamis_run_writer_begin(r->writer, TAMIS_PIECE_DROPS, part,
                                                 TAMIS_VERIFIED_WORDS, false, err);

    if (status == TAMIS_OK) {
        status = tamis_stream_open(r->env, &options, sources->verified, 2, &verified, err);
    }
    if (status == TAMIS_OK && sources->undecided != UINT32_MAX) {
        options.kind = TAMIS_PIECE_UNDECIDED;
        status = tamis_stream_open(r->env, &options, &sources->undecided, 1, &undecided, err);
    }
    if (status == TAMIS_OK) {
        status = resolve_merge(r, verified, undecided, err);
    }
    tamis_stream_close(verified);
    tamis_stream_close(undecided);
    return status == TAMIS_OK ? tamis_run_writer_end(r->writer, err) : status;
}

static tamis_status resolve_capped(resolve *r, tamis_err *err)
{
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_CAPPED,
        .end_part = r->env->job->plan.part_count,
        .words = 1,
        .memory_bytes = r->env->memory_bytes / 4,
        .temp_folder = r->env->folder,
    };
    uint32_t link = tamis_task_stage_before(r->env, TAMIS_STAGE_LINK);
    tamis_stream *stream = NULL;
    const uint64_t *ords = NULL;
    size_t count = 0;
    tamis_status status = tamis_stream_open(r->env, &options, &link, 1, &stream, err);

    while (status == TAMIS_OK && (count = tamis_stream_block(stream, &ords)) != 0) {
        for (size_t i = 0; i < count; i++) {
            tamis_bits_set(r->capped, ords[i]);
        }
        status = tamis_stream_consume(stream, count, err);
    }
    tamis_stream_close(stream);
    return status;
}

static tamis_status resolve_save(resolve *r, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    tamis_status status = tamis_task_run_finish(r->writer, r->result, err);

    if (status == TAMIS_OK) {
        (void)snprintf(path, sizeof(path), "%s/%s", r->env->folder, TAMIS_KEPT_NAME);
        status = tamis_bits_save(r->kept, path, err);
    }
    if (status == TAMIS_OK) {
        (void)snprintf(path, sizeof(path), "%s/%s", r->env->folder, TAMIS_CAPPED_NAME);
        status = tamis_bits_save(r->capped, path, err);
    }
    return status;
}

tamis_status tamis_task_resolve(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err)
{
    resolve r = {
        .env = env,
        .level = tamis_level_get(tamis_task_stage(env)->level),
        .result = result,
    };
    resolve_sources sources;
    tamis_status status = resolve_create(&r, err);

    if (status == TAMIS_OK) {
        sources = resolve_find_sources(&r);
        status = resolve_capped(&r, err);
    }
    for (uint32_t part = 0; status == TAMIS_OK && part < env->job->plan.part_count; part++) {
        status = resolve_part(&r, &sources, part, err);
        if (status == TAMIS_OK) {
            status = tamis_task_check(env, err);
        }
    }
    if (status == TAMIS_OK) {
        status = resolve_save(&r, err);
    }
    resolve_destroy(&r);
    tamis_failpoint(TAMIS_FAILPOINT_RESOLVE_AFTER);
    return status;
}
