/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tamis/task_support.h"

struct tamis_stream {
    tamis_stream_options options;
    char **paths;
    size_t path_count;
    uint32_t part; /* the next one to open */
    tamis_merge *merge;
    const uint64_t *records;
    size_t count;
    size_t position;
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

static tamis_status stream_open_part(tamis_stream *stream, tamis_err *err)
{
    tamis_merge_options options = {
        .words = stream->options.words,
        .has_payload = stream->options.has_payload,
        .memory_bytes = stream->options.memory_bytes,
        .temp_folder = stream->options.temp_folder,
    };
    tamis_merge_source *sources = calloc(stream->path_count + 1, sizeof(*sources));
    tamis_status status = TAMIS_OK;

    if (sources == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu sources", stream->path_count);
    }
    for (size_t i = 0; i < stream->path_count; i++) {
        sources[i] = (tamis_merge_source){
            .path = stream->paths[i],
            .kind = stream->options.kind,
            .part = stream->part,
        };
    }
    status = tamis_merge_create(&options, sources, stream->path_count, &stream->merge, err);
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

tamis_status tamis_stream_open(const tamis_task_env *env, const tamis_stream_options *options,
                               const uint32_t *stages, size_t stage_count,
                               tamis_stream **out_stream, tamis_err *err)
{
    size_t path_count = 0;
    size_t used = 0;
    char **paths = NULL;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < stage_count; i++) {
        path_count += stages[i] == UINT32_MAX ? 0 : env->stages[stages[i]].task_count;
    }
    paths = calloc(path_count + 1, sizeof(*paths));
    if (paths == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu paths", path_count);
    }
    for (size_t i = 0; status == TAMIS_OK && i < stage_count; i++) {
        uint32_t tasks = stages[i] == UINT32_MAX ? 0 : env->stages[stages[i]].task_count;

        for (uint32_t task = 0; status == TAMIS_OK && task < tasks; task++) {
            char path[TAMIS_PATH_SIZE];

            status = tamis_task_path(env, stages[i], task, TAMIS_RUN_NAME, path, err);
            if (status == TAMIS_OK) {
                paths[used] = strdup(path);
                if (paths[used] == NULL) {
                    status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for a path");
                } else {
                    used++;
                }
            }
        }
    }
    if (status == TAMIS_OK) {
        status =
            tamis_stream_open_paths(options, (const char *const *)paths, used, out_stream, err);
    }
    for (size_t i = 0; i < used; i++) {
        free(paths[i]);
    }
    free(paths);
    return status;
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
        tamis_merge_destroy(stream->merge);
        for (size_t i = 0; i < stream->path_count; i++) {
            free(stream->paths[i]);
        }
        free(stream->paths);
        free(stream);
    }
}
