/* SPDX-License-Identifier: Apache-2.0 */
#include "merge.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "run_directory.h"
#include "run_union.h"

#define READ_BYTES_MAX (256u * 1024) /* of one piece: more brings nothing */

/* One piece that is still to be merged: of a file, or of the spill (path NULL). */
typedef struct merge_item {
    tamis_run_piece piece;
    char *path;
    int fd; /* -1: not open */
} merge_item;

struct tamis_merge {
    uint32_t words;
    bool has_payload;
    uint64_t memory_bytes;
    char *temp_folder;
    merge_item *items;
    size_t item_count;
    tamis_spill *spill; /* NULL until one is needed */
    tamis_run_union *merged;
    tamis_sort_stats stats;
};

static void item_close(merge_item *item)
{
    if (item->path != NULL && item->fd >= 0) {
        (void)close(item->fd); /* it was only read */
    }
    item->fd = -1;
}

static tamis_status item_open(merge_item *item, tamis_err *err)
{
    if (item->path != NULL && item->fd < 0) {
        item->fd = open(item->path, O_RDONLY | O_CLOEXEC);
        if (item->fd < 0) {
            return tamis_err_errno(err, errno, "%s: cannot open", item->path);
        }
    }
    return TAMIS_OK;
}

static tamis_status out_of_memory(size_t count, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory to merge %zu pieces", count);
}

static tamis_status merge_alloc(const tamis_merge_options *options, size_t count,
                                tamis_merge **out_merge, tamis_err *err)
{
    tamis_merge *merge = NULL;

    if (options->words == 0 || options->words > TAMIS_RUN_WORDS_MAX ||
        options->memory_bytes < TAMIS_SORT_MEMORY_MIN) {
        return tamis_err_set(err, TAMIS_EARG,
                             "cannot merge records of %u words within %llu bytes: 1 to %d words "
                             "and at least %u bytes are allowed",
                             options->words, (unsigned long long)options->memory_bytes,
                             TAMIS_RUN_WORDS_MAX, TAMIS_SORT_MEMORY_MIN);
    }
    merge = calloc(1, sizeof(*merge));
    if (merge == NULL) {
        return out_of_memory(count, err);
    }
    merge->words = options->words;
    merge->has_payload = options->has_payload;
    merge->memory_bytes = options->memory_bytes;
    merge->temp_folder = strdup(options->temp_folder == NULL ? "." : options->temp_folder);
    merge->items = calloc(count + 1, sizeof(*merge->items));
    if (merge->temp_folder == NULL || merge->items == NULL) {
        tamis_merge_destroy(merge);
        return out_of_memory(count, err);
    }
    *out_merge = merge;
    return TAMIS_OK;
}

void tamis_merge_destroy(tamis_merge *merge)
{
    if (merge == NULL) {
        return;
    }
    tamis_run_union_destroy(merge->merged);
    for (size_t i = 0; i < merge->item_count; i++) {
        item_close(&merge->items[i]);
        free(merge->items[i].path);
    }
    tamis_spill_destroy(merge->spill);
    free(merge->items);
    free(merge->temp_folder);
    free(merge);
}

/* Looks one source up and adds it unless it is empty. */
static tamis_status add_source(tamis_merge *merge, const tamis_merge_source *source,
                               bool keeps_open, tamis_err *err)
{
    merge_item *item = &merge->items[merge->item_count];
    tamis_run_place place = {.offset = source->offset, .size = source->size};
    tamis_status status = TAMIS_OK;

    *item = (merge_item){.fd = -1};
    item->path = strdup(source->path);
    if (item->path == NULL) {
        return out_of_memory(1, err);
    }
    merge->item_count++; /* from here on _destroy looks after it */
    status = item_open(item, err);
    if (status != TAMIS_OK) {
        return status;
    }
    place.fd = item->fd;
    place.path = item->path;
    status = tamis_run_directory_find(&place, source->kind, source->part, &item->piece, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (item->piece.count > 0 &&
        (item->piece.words != merge->words || item->piece.has_payload != merge->has_payload)) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: piece %u.%u has records of %u words%s, not of %u%s", item->path,
                             source->kind, source->part, item->piece.words,
                             item->piece.has_payload ? " and a payload" : "", merge->words,
                             merge->has_payload ? " and a payload" : "");
    }
    if (item->piece.count == 0 || !keeps_open) {
        item_close(item);
    }
    if (item->piece.count == 0) {
        free(item->path);
        merge->item_count--;
    } else {
        merge->stats.records += item->piece.count;
    }
    return TAMIS_OK;
}

/* How many of the items from `first` on one union takes within `memory_bytes`. */
static size_t count_fitting(const tamis_merge *merge, size_t first, uint64_t memory_bytes)
{
    size_t max = tamis_run_union_max(merge->words, merge->has_payload, merge->memory_bytes);
    uint64_t used = tamis_run_union_bytes(merge->words, merge->has_payload, merge->memory_bytes);
    size_t count = 0;

    while (first + count < merge->item_count && count < max) {
        used += tamis_run_cursor_bytes(&merge->items[first + count].piece) + sizeof(merge_item);
        if (used > memory_bytes && count >= 2) {
            break;
        }
        count++;
    }
    return count;
}

/* Opens a union over `count` items; what memory is left becomes larger reads. */
static tamis_status open_union(tamis_merge *merge, size_t first, size_t count,
                               uint64_t memory_bytes, tamis_run_union **out_union, tamis_err *err)
{
    uint64_t used = tamis_run_union_bytes(merge->words, merge->has_payload, merge->memory_bytes);
    uint64_t spare = 0;
    tamis_run_cursor **cursors = calloc(count + 1, sizeof(*cursors));
    tamis_status status = TAMIS_OK;

    if (cursors == NULL) {
        return out_of_memory(count, err);
    }
    for (size_t i = 0; i < count; i++) {
        used += tamis_run_cursor_bytes(&merge->items[first + i].piece) + sizeof(merge_item);
    }
    spare = used < memory_bytes && count > 0 ? (memory_bytes - used) / count : 0;
    spare = spare > READ_BYTES_MAX ? READ_BYTES_MAX : spare;
    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        merge_item *item = &merge->items[first + i];

        status = item_open(item, err);
        if (status == TAMIS_OK) {
            bool is_spilled = item->path == NULL;

            status = tamis_run_cursor_open(
                is_spilled ? merge->spill->fd : item->fd,
                is_spilled ? merge->spill->path : item->path, &item->piece,
                tamis_run_cursor_bytes(&item->piece) + (size_t)spare, &cursors[i], err);
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_run_union_create(merge->words, merge->has_payload, merge->memory_bytes,
                                        cursors, count, out_union, err);
    }
    for (size_t i = 0; i < count; i++) {
        tamis_run_cursor_destroy(cursors[i]);
    }
    free(cursors);
    return status;
}

/* Copies a union to the spill's open run. */
static tamis_status copy_union(tamis_merge *merge, tamis_run_union *merged, tamis_err *err)
{
    const uint64_t *records = NULL;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    while ((status = tamis_run_union_next(merged, &records, &count, err)) == TAMIS_OK) {
        if (!merge->has_payload) {
            status = tamis_run_packer_append(&merge->spill->packer, records, count, err);
        }
        for (size_t i = 0; i < count && merge->has_payload && status == TAMIS_OK; i++) {
            status =
                tamis_run_packer_append_payload(&merge->spill->packer, records + i * merge->words,
                                                tamis_run_union_payload(merged, i), err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

/* Merges `count` items from `first` on into one run, which takes the place of the first. */
static tamis_status merge_group(tamis_merge *merge, size_t first, size_t count,
                                uint64_t memory_bytes, tamis_err *err)
{
    tamis_run_union *merged = NULL;
    tamis_run_piece run = {0};
    tamis_status status = TAMIS_OK;

    status = open_union(merge, first, count, memory_bytes, &merged, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    status = tamis_spill_begin(merge->spill, merge->words, merge->has_payload, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    status = copy_union(merge, merged, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    status = tamis_spill_end(merge->spill, &run, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    merge->stats.spills++;
    merge->stats.spilled_bytes += run.bytes;
    for (size_t i = first; i < first + count; i++) {
        merge_item *item = &merge->items[i];

        if (item->path == NULL) {
            tamis_spill_discard(merge->spill, &item->piece);
        }
        item_close(item);
        free(item->path);
        item->path = NULL;
    }
    merge->items[first] = (merge_item){.piece = run, .fd = -1};
    for (size_t i = first + 1; i + count - 1 < merge->item_count; i++) {
        merge->items[i] = merge->items[i + count - 1];
        merge->items[i + count - 1] = (merge_item){.fd = -1};
    }
    merge->item_count -= count - 1;

out:
    tamis_run_union_destroy(merged);
    return status;
}

/* One pass over the items: merges neighbors until what is left fits one union, or all were seen. */
static tamis_status merge_pass(tamis_merge *merge, tamis_err *err)
{
    uint64_t group_bytes = merge->memory_bytes -
                           tamis_spill_bytes(merge->words, merge->has_payload, merge->memory_bytes);
    tamis_status status = TAMIS_OK;

    for (size_t first = 0; first < merge->item_count && status == TAMIS_OK; first++) {
        size_t fitting = count_fitting(merge, 0, merge->memory_bytes);
        size_t count = count_fitting(merge, first, group_bytes);

        if (fitting == merge->item_count) {
            break;
        }
        /* No more than is needed: every record that is merged here is written and read again. */
        if (count > merge->item_count - fitting + 1) {
            count = merge->item_count - fitting + 1;
        }
        if (count > 1) {
            status = merge_group(merge, first, count, group_bytes, err);
        }
    }
    merge->stats.merge_passes++;
    return status;
}

/* Merges groups until one union takes the rest, and opens that. */
static tamis_status merge_start(tamis_merge *merge, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (count_fitting(merge, 0, merge->memory_bytes) < merge->item_count) {
        if (merge->spill == NULL) {
            status =
                tamis_spill_create(merge->temp_folder, merge->memory_bytes, &merge->spill, err);
            if (status != TAMIS_OK) {
                return status;
            }
        }
        status = merge_pass(merge, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return open_union(merge, 0, merge->item_count, merge->memory_bytes, &merge->merged, err);
}

tamis_status tamis_merge_create(const tamis_merge_options *options,
                                const tamis_merge_source *sources, size_t count,
                                tamis_merge **out_merge, tamis_err *err)
{
    tamis_merge *merge = NULL;
    tamis_status status = merge_alloc(options, count, &merge, err);

    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        status = add_source(merge, &sources[i], count <= TAMIS_RUN_FAN_IN_MAX, err);
    }
    if (status == TAMIS_OK) {
        status = merge_start(merge, err);
    }
    if (status != TAMIS_OK) {
        tamis_merge_destroy(merge);
        return status;
    }
    *out_merge = merge;
    return TAMIS_OK;
}

tamis_status tamis_merge_of_spill(const tamis_merge_options *options, tamis_spill **spill,
                                  const tamis_run_piece *runs, size_t count,
                                  tamis_merge **out_merge, tamis_err *err)
{
    tamis_merge *merge = NULL;
    tamis_status status = merge_alloc(options, count, &merge, err);

    if (status != TAMIS_OK) {
        tamis_spill_destroy(*spill);
        *spill = NULL;
        return status;
    }
    merge->spill = *spill;
    *spill = NULL;
    for (size_t i = 0; i < count; i++) {
        merge->items[merge->item_count++] = (merge_item){.piece = runs[i], .fd = -1};
        merge->stats.records += runs[i].count;
    }
    status = merge_start(merge, err);
    if (status != TAMIS_OK) {
        tamis_merge_destroy(merge);
        return status;
    }
    *out_merge = merge;
    return TAMIS_OK;
}

tamis_status tamis_merge_next(tamis_merge *merge, const uint64_t **out_records, size_t *out_count,
                              tamis_err *err)
{
    return tamis_run_union_next(merge->merged, out_records, out_count, err);
}

tamis_slice tamis_merge_payload(const tamis_merge *merge, size_t index)
{
    return tamis_run_union_payload(merge->merged, index);
}

void tamis_merge_stats(const tamis_merge *merge, tamis_sort_stats *out_stats)
{
    *out_stats = merge->stats;
}
