/* SPDX-License-Identifier: Apache-2.0 */
/* REPOINT: every dropped document gets the witness that was kept in the end (docs/FORMATS.md 1.11).
 *
 * Levels are walked from the last to the first. The witness of a drop of level i was kept by level
 * i, so only levels behind it can have dropped it: the drops of level i, sorted by witness, are
 * joined with the finished drops of all later levels, sorted by document. Each level's finished
 * drops stand in a run file of their own. */
#include <stdio.h>
#include <stdlib.h>

#include "local_stage_tasks.h"
#include "tamis/level.h"
#include "tamis/task_support.h"

/* Words of TAMIS_PIECE_FINAL. */
enum { FINAL_REMOVED, FINAL_WITNESS, FINAL_LEVEL, FINAL_EVIDENCE, FINAL_FRACTION, FINAL_VIA };

/* A drop on its way: by witness first. */
enum { DROP_WITNESS, DROP_REMOVED, DROP_EVIDENCE, DROP_FRACTION, DROP_WORDS };

typedef struct repoint {
    const tamis_task_env *env;
    tamis_task_result *result;
    char (*paths)[TAMIS_PATH_SIZE]; /* of the finished levels, the last one first */
    const char *path_list[TAMIS_LEVEL_COUNT];
    size_t path_count;
} repoint;

static tamis_status open_finished(repoint *r, tamis_stream **out_stream, tamis_err *err)
{
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_FINAL,
        .end_part = r->env->job->plan.part_count,
        .words = TAMIS_FINAL_WORDS,
        .memory_bytes = r->env->memory_bytes / 4,
        .temp_folder = r->env->folder,
    };

    return tamis_stream_open_paths(&options, r->path_list, r->path_count, out_stream, err);
}

static tamis_status sort_drops(repoint *r, uint32_t stage, tamis_sorter *by_witness, tamis_err *err)
{
    tamis_stream_options options = {
        .kind = TAMIS_PIECE_DROPS,
        .end_part = r->env->job->plan.part_count,
        .words = TAMIS_VERIFIED_WORDS,
        .memory_bytes = r->env->memory_bytes / 4,
        .temp_folder = r->env->folder,
    };
    tamis_stream *drops = NULL;
    const uint64_t *drop = NULL;
    tamis_status status = tamis_stream_open(r->env, &options, &stage, 1, &drops, err);

    while (status == TAMIS_OK && (drop = tamis_stream_peek(drops)) != NULL) {
        uint64_t turned[DROP_WORDS] = {drop[1], drop[0], drop[2], drop[3]};

        status = tamis_sorter_add(by_witness, turned, 1, err);
        if (status == TAMIS_OK) {
            status = tamis_stream_advance(drops, err);
        }
    }
    tamis_stream_close(drops);
    return status == TAMIS_OK ? tamis_sorter_sort(by_witness, err) : status;
}

/* The finished record of one drop; `later` is that of its witness where a later level dropped it,
 * else NULL. */
static void finish_drop(const uint64_t *drop, tamis_level_id level, const uint64_t *later,
                        uint64_t out_final[TAMIS_FINAL_WORDS])
{
    out_final[FINAL_REMOVED] = drop[DROP_REMOVED];
    out_final[FINAL_WITNESS] = drop[DROP_WITNESS];
    out_final[FINAL_LEVEL] = level;
    out_final[FINAL_EVIDENCE] = drop[DROP_EVIDENCE];
    out_final[FINAL_FRACTION] = drop[DROP_FRACTION];
    for (unsigned i = 0; i < TAMIS_VIA_MAX; i++) {
        out_final[FINAL_VIA + i] = TAMIS_NO_ORD;
    }
    if (later == NULL) {
        return;
    }
    out_final[FINAL_WITNESS] = later[FINAL_WITNESS];
    out_final[FINAL_VIA] = drop[DROP_WITNESS];
    for (unsigned i = 1; i < TAMIS_VIA_MAX; i++) {
        out_final[FINAL_VIA + i] = later[FINAL_VIA + i - 1];
    }
    if (level != TAMIS_LEVEL_URL) {
        /* Equal texts have equal shingles: the last step's figures hold for this document too. */
        out_final[FINAL_EVIDENCE] = later[FINAL_EVIDENCE];
        out_final[FINAL_FRACTION] = later[FINAL_FRACTION];
    }
}

static tamis_status join_level(repoint *r, tamis_level_id level, tamis_sorter *by_witness,
                               tamis_sorter *finished, tamis_err *err)
{
    tamis_stream *later = NULL;
    const uint64_t *drops = NULL;
    size_t count = 0;
    tamis_status status = open_finished(r, &later, err);

    while (status == TAMIS_OK) {
        status = tamis_sorter_next(by_witness, &drops, &count, err);
        for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
            const uint64_t *drop = drops + i * DROP_WORDS;
            const uint64_t *witness = NULL;
            uint64_t final[TAMIS_FINAL_WORDS];

            while (status == TAMIS_OK && (witness = tamis_stream_peek(later)) != NULL &&
                   witness[FINAL_REMOVED] < drop[DROP_WITNESS]) {
                status = tamis_stream_advance(later, err);
            }
            if (status != TAMIS_OK) {
                break;
            }
            if (witness != NULL && witness[FINAL_REMOVED] != drop[DROP_WITNESS]) {
                witness = NULL;
            }
            r->result->counters[TAMIS_COUNTER_REPOINTED] += witness != NULL ? 1 : 0;
            finish_drop(drop, level, witness, final);
            status = tamis_sorter_add(finished, final, 1, err);
        }
    }
    tamis_stream_close(later);
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status finish_level(repoint *r, uint32_t stage, tamis_err *err)
{
    tamis_level_id level = r->env->stages[stage].level;
    uint64_t memory = r->env->memory_bytes / 4;
    tamis_sorter *by_witness = NULL;
    tamis_sorter *finished = NULL;
    tamis_run_writer *writer = NULL;
    uint64_t bytes = 0;
    char *path = r->paths[r->path_count];
    tamis_status status = tamis_task_sorter(r->env, DROP_WORDS, false, memory, &by_witness, err);

    if (status == TAMIS_OK) {
        status = sort_drops(r, stage, by_witness, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_sorter(r->env, TAMIS_FINAL_WORDS, false, memory, &finished, err);
    }
    if (status == TAMIS_OK) {
        status = join_level(r, level, by_witness, finished, err);
    }
    if (status == TAMIS_OK) {
        (void)snprintf(path, TAMIS_PATH_SIZE, "%s/final-%u.run", r->env->folder, (unsigned)level);
        status = tamis_run_writer_create(path, &writer, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_task_write_sorted(r->env, finished, writer, TAMIS_PIECE_FINAL, r->result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_finish(writer, &bytes, err);
    }
    if (status == TAMIS_OK) {
        r->path_list[r->path_count] = path;
        r->path_count++;
    }
    tamis_run_writer_destroy(writer);
    tamis_sorter_destroy(finished);
    tamis_sorter_destroy(by_witness);
    return status;
}

static tamis_copy_kind copy_kind(const uint64_t *final)
{
    if (final[FINAL_LEVEL] == TAMIS_LEVEL_URL) {
        return TAMIS_COPY_URL;
    }
    return final[FINAL_LEVEL] == TAMIS_LEVEL_EXACT && final[FINAL_VIA] == TAMIS_NO_ORD
               ? TAMIS_COPY_EXACT
               : TAMIS_COPY_NEAR;
}

/* All levels in one order: the pieces that EMIT reads, and the list of witnesses behind them. */
static tamis_status write_finals(repoint *r, tamis_run_writer *writer, tamis_sorter *witnessed,
                                 tamis_err *err)
{
    const tamis_plan *plan = &r->env->job->plan;
    tamis_stream *finals = NULL;
    const uint64_t *final = NULL;
    uint32_t part = UINT32_MAX;
    tamis_status status = open_finished(r, &finals, err);

    while (status == TAMIS_OK && (final = tamis_stream_peek(finals)) != NULL) {
        uint32_t own_part = tamis_task_part_of_ord(plan, final[FINAL_REMOVED]);
        uint64_t record[TAMIS_WITNESSED_WORDS] = {final[FINAL_WITNESS], copy_kind(final),
                                                  final[FINAL_REMOVED]};

        if (own_part != part) {
            status = part == UINT32_MAX ? TAMIS_OK : tamis_run_writer_end(writer, err);
            part = own_part;
            if (status == TAMIS_OK) {
                status = tamis_run_writer_begin(writer, TAMIS_PIECE_FINAL, part, TAMIS_FINAL_WORDS,
                                                false, err);
            }
        }
        if (status == TAMIS_OK) {
            status = tamis_run_writer_append(writer, final, 1, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_sorter_add(witnessed, record, 1, err);
        }
        if (status == TAMIS_OK) {
            r->result->counters[TAMIS_COUNTER_DROPPED]++;
            status = tamis_stream_advance(finals, err);
        }
    }
    tamis_stream_close(finals);
    return status == TAMIS_OK && part != UINT32_MAX ? tamis_run_writer_end(writer, err) : status;
}

tamis_status tamis_task_repoint(const tamis_task_env *env, tamis_task_result *result,
                                tamis_err *err)
{
    repoint r = {.env = env, .result = result};
    tamis_run_writer *writer = NULL;
    tamis_sorter *witnessed = NULL;
    tamis_status status = TAMIS_OK;

    r.paths = calloc(TAMIS_LEVEL_COUNT, sizeof(*r.paths));
    if (r.paths == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for paths");
    }
    for (uint32_t stage = env->stage; status == TAMIS_OK && stage-- > 0;) {
        if (env->stages[stage].kind == TAMIS_STAGE_RESOLVE) {
            status = finish_level(&r, stage, err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_task_sorter(env, TAMIS_WITNESSED_WORDS, false, env->memory_bytes / 4,
                                   &witnessed, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_open(env, &writer, err);
    }
    if (status == TAMIS_OK) {
        status = write_finals(&r, writer, witnessed, err);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_task_write_sorted(env, witnessed, writer, TAMIS_PIECE_WITNESSED, result, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_task_run_finish(writer, result, err);
    }
    tamis_run_writer_destroy(writer);
    tamis_sorter_destroy(witnessed);
    free(r.paths);
    return status;
}
