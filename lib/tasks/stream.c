/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tamis/task_support.h"

/* Parts that are gathered at once: one, and twice as many each time while copies stay small, so
 * that many small pieces do not cost a request each and large ones do not fill the disk. */
#define GATHER_BYTES_GOOD (UINT64_C(32) << 20)

struct tamis_stream {
    tamis_stream_options options;
    /* Either files that were named, */
    char **paths;
    size_t path_count;
    /* or what the task is given, for parts below gathered_end. */
    const tamis_task_env *env;
    tamis_gather *wanted;
    size_t wanted_count;
    tamis_gathered *gathered;
    uint32_t gathered_end;
    uint32_t gather_parts;
    uint32_t part; /* the next one to open */
    tamis_merge *merge;
    const uint64_t *records;
    size_t count;
    size_t position;
    bool has_failed; /* what was gathered has to be looked at: something of it may be lost */
    tamis_sort_stats stats;
};

static void stream_end_merge(tamis_stream *stream)
{
    if (stream->merge != NULL) {
        tamis_sort_stats stats = {0};

        tamis_merge_stats(stream->merge, &stats);
        stream->stats.spills += stats.spills;
        stream->stats.merge_passes += stats.merge_passes;
        tamis_merge_destroy(stream->merge);
        stream->merge = NULL;
    }
}

/* Brings the next parts. */
static tamis_status stream_gather(tamis_stream *stream, tamis_err *err)
{
    uint32_t left = stream->options.end_part - stream->part;
    uint32_t parts = stream->gather_parts < left ? stream->gather_parts : left;
    tamis_status status = TAMIS_OK;

    stream->env->release(stream->env->context, stream->gathered, true);
    stream->gathered = NULL;
    for (size_t i = 0; i < stream->wanted_count; i++) {
        stream->wanted[i].first_part = stream->part;
        stream->wanted[i].end_part = stream->part + parts;
    }
    status = stream->env->gather(stream->env->context, stream->wanted, stream->wanted_count,
                                 &stream->gathered, err);
    if (status != TAMIS_OK) {
        return status;
    }
    stream->gathered_end = stream->part + parts;
    if (stream->gathered->fetched_bytes == 0 && stream->gathered->count != 0) {
        stream->gather_parts = UINT32_MAX; /* all of it is here */
    } else if (stream->gathered->fetched_bytes < GATHER_BYTES_GOOD) {
        stream->gather_parts = parts * 2;
    } else if (stream->gathered->fetched_bytes > 4 * GATHER_BYTES_GOOD && parts > 1) {
        stream->gather_parts = parts / 2;
    }
    return TAMIS_OK;
}

static tamis_status stream_sources(tamis_stream *stream, tamis_merge_source **out_sources,
                                   size_t *out_count, tamis_err *err)
{
    size_t count = stream->env == NULL ? stream->path_count : stream->gathered->count;
    tamis_merge_source *sources = calloc(count + 1, sizeof(*sources));

    if (sources == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu sources", count);
    }
    for (size_t i = 0; i < count; i++) {
        sources[i] = (tamis_merge_source){.kind = stream->options.kind, .part = stream->part};
        if (stream->env == NULL) {
            sources[i].path = stream->paths[i];
        } else {
            sources[i].path = stream->gathered->files[i].path;
            sources[i].offset = stream->gathered->files[i].offset;
            sources[i].size = stream->gathered->files[i].size;
        }
    }
    *out_sources = sources;
    *out_count = count;
    return TAMIS_OK;
}

static tamis_status stream_open_part(tamis_stream *stream, tamis_err *err)
{
    tamis_merge_options options = {
        .words = stream->options.words,
        .has_payload = stream->options.has_payload,
        .memory_bytes = stream->options.memory_bytes,
        .temp_folder = stream->options.temp_folder,
    };
    tamis_merge_source *sources = NULL;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    if (stream->env != NULL && stream->part >= stream->gathered_end) {
        status = stream_gather(stream, err);
    }
    if (status == TAMIS_OK) {
        status = stream_sources(stream, &sources, &count, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_merge_create(&options, sources, count, &stream->merge, err);
    }
    free(sources);
    stream->part++;
    return status;
}

/* Makes the next block current; behind the last one count is 0. */
static tamis_status stream_fill(tamis_stream *stream, tamis_err *err)
{
    stream->position = 0;
    stream->count = 0;
    for (;;) {
        tamis_status status = TAMIS_OK;

        if (stream->merge == NULL) {
            if (stream->part == stream->options.end_part) {
                return TAMIS_OK;
            }
            status = stream_open_part(stream, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_merge_next(stream->merge, &stream->records, &stream->count, err);
        }
        if (status == TAMIS_OK && stream->count != 0) {
            return TAMIS_OK;
        }
        stream->count = 0;
        if (status == TAMIS_END) {
            stream_end_merge(stream);
        } else if (status != TAMIS_OK) {
            stream->has_failed = true;
            return status;
        }
    }
}

tamis_status tamis_stream_open_paths(const tamis_stream_options *options, const char *const *paths,
                                     size_t path_count, tamis_stream **out_stream, tamis_err *err)
{
    tamis_stream *stream = calloc(1, sizeof(*stream));
    tamis_status status = TAMIS_OK;

    if (stream == NULL) {
        goto no_memory;
    }
    stream->options = *options;
    stream->part = options->first_part;
    stream->paths = calloc(path_count + 1, sizeof(*stream->paths));
    if (stream->paths == NULL) {
        goto no_memory;
    }
    for (size_t i = 0; i < path_count; i++) {
        stream->paths[i] = strdup(paths[i]);
        if (stream->paths[i] == NULL) {
            goto no_memory;
        }
        stream->path_count++;
    }
    status = stream_fill(stream, err);
    if (status != TAMIS_OK) {
        tamis_stream_close(stream);
        return status;
    }
    *out_stream = stream;
    return TAMIS_OK;

no_memory:
    tamis_stream_close(stream);
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a stream of %zu files", path_count);
}

/* A stream over stages whose tasks, from each a range, are given; takes `wanted`. */
static tamis_status stream_open_wanted(const tamis_task_env *env,
                                       const tamis_stream_options *options, tamis_gather *wanted,
                                       size_t wanted_count, tamis_stream **out_stream,
                                       tamis_err *err)
{
    tamis_stream *stream = calloc(1, sizeof(*stream));
    tamis_status status = TAMIS_OK;

    if (stream == NULL) {
        free(wanted);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a stream");
    }
    *stream = (tamis_stream){.options = *options,
                             .env = env,
                             .wanted = wanted,
                             .wanted_count = wanted_count,
                             .part = options->first_part,
                             .gathered_end = options->first_part,
                             .gather_parts = 1};
    for (size_t i = 0; i < wanted_count; i++) {
        wanted[i].kind = options->kind;
    }
    status = stream_fill(stream, err);
    if (status != TAMIS_OK) {
        tamis_stream_close(stream);
        return status;
    }
    *out_stream = stream;
    return TAMIS_OK;
}

tamis_status tamis_stream_open(const tamis_task_env *env, const tamis_stream_options *options,
                               const uint32_t *stages, size_t stage_count,
                               tamis_stream **out_stream, tamis_err *err)
{
    tamis_gather *wanted = calloc(stage_count + 1, sizeof(*wanted));
    size_t count = 0;

    if (wanted == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a stream");
    }
    for (size_t i = 0; i < stage_count; i++) {
        if (stages[i] != UINT32_MAX) {
            wanted[count].stage = stages[i];
            wanted[count++].end_task = env->stages[stages[i]].task_count;
        }
    }
    return stream_open_wanted(env, options, wanted, count, out_stream, err);
}

tamis_status tamis_stream_open_task(const tamis_task_env *env, const tamis_stream_options *options,
                                    uint32_t stage, uint32_t task, tamis_stream **out_stream,
                                    tamis_err *err)
{
    tamis_gather *wanted = calloc(1, sizeof(*wanted));

    if (wanted == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a stream");
    }
    *wanted = (tamis_gather){.stage = stage, .first_task = task, .end_task = task + 1};
    return stream_open_wanted(env, options, wanted, 1, out_stream, err);
}

const uint64_t *tamis_stream_peek(const tamis_stream *stream)
{
    return stream->position < stream->count
               ? stream->records + stream->position * stream->options.words
               : NULL;
}

tamis_slice tamis_stream_payload(const tamis_stream *stream)
{
    TAMIS_ASSERT(stream->position < stream->count);
    return tamis_merge_payload(stream->merge, stream->position);
}

tamis_status tamis_stream_advance(tamis_stream *stream, tamis_err *err)
{
    return tamis_stream_consume(stream, 1, err);
}

size_t tamis_stream_block(const tamis_stream *stream, const uint64_t **out_records)
{
    *out_records = tamis_stream_peek(stream);
    return stream->count - stream->position;
}

tamis_status tamis_stream_consume(tamis_stream *stream, size_t count, tamis_err *err)
{
    TAMIS_ASSERT(count <= stream->count - stream->position);
    stream->position += count;
    return stream->position < stream->count ? TAMIS_OK : stream_fill(stream, err);
}

void tamis_stream_add_stats(const tamis_stream *stream, tamis_task_result *result)
{
    tamis_sort_stats now = stream->stats;

    if (stream->merge != NULL) {
        tamis_sort_stats stats = {0};

        tamis_merge_stats(stream->merge, &stats);
        now.spills += stats.spills;
        now.merge_passes += stats.merge_passes;
    }
    result->counters[TAMIS_COUNTER_SPILLS] += now.spills;
    result->counters[TAMIS_COUNTER_MERGE_PASSES] += now.merge_passes;
}

void tamis_stream_close(tamis_stream *stream)
{
    if (stream != NULL) {
        bool is_read = stream->count == 0 && stream->merge == NULL && !stream->has_failed;

        tamis_merge_destroy(stream->merge);
        if (stream->env != NULL) {
            stream->env->release(stream->env->context, stream->gathered, is_read);
        }
        free(stream->wanted);
        for (size_t i = 0; i < stream->path_count; i++) {
            free(stream->paths[i]);
        }
        free(stream->paths);
        free(stream);
    }
}
