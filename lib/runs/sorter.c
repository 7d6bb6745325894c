/* SPDX-License-Identifier: Apache-2.0 */
/* One arena holds all. Narrow records without payload are sorted where they lie, with the free half
 * of the arena as scratch:
 *
 *     | records ........ | scratch, as large |
 *
 * Others are sorted by index and handed out block by block. Payload bytes grow from the far end,
 * and two words behind each record's own say where:
 *
 *     | records + (offset, length) ........ | index | free | ........ payloads |
 *
 * The arena is as large as the memory given allows; the system backs it as it is touched. */
#include "merge.h"

#include <errno.h>
#include <sys/mman.h>

#include "sort_index.h"

#define NARROW_WORDS_MAX 4u
#define PAYLOAD_WORDS    2u /* offset, length */

struct tamis_sorter {
    uint32_t words;
    uint32_t stride;
    bool has_payload;
    bool is_narrow;
    bool is_sorted;
    uint64_t memory_bytes;
    char *temp_folder;

    uint64_t *arena; /* NULL until records come and after the last spill */
    size_t arena_words;
    size_t count;         /* records in the arena */
    size_t payload_words; /* at the end of the arena */
    size_t next;          /* the next to be handed out */

    uint64_t *block; /* records by index on their way out */
    size_t block_records;
    size_t block_first;
    size_t block_count;

    tamis_spill *spill;
    tamis_run_piece *runs;
    size_t run_count;
    size_t run_capacity;
    tamis_merge *merge; /* once sorted, where anything was spilled */
    tamis_sort_stats stats;
};

static tamis_status out_of_memory(const tamis_sorter *sorter, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory to sort within %llu bytes",
                         (unsigned long long)sorter->memory_bytes);
}

tamis_status tamis_sorter_create(const tamis_sorter_options *options, tamis_sorter **out_sorter,
                                 tamis_err *err)
{
    tamis_sorter *sorter = NULL;
    uint64_t reserved = 0;

    if (options->words == 0 || options->words > TAMIS_RUN_WORDS_MAX ||
        options->memory_bytes < TAMIS_SORT_MEMORY_MIN) {
        return tamis_err_set(err, TAMIS_EARG,
                             "cannot sort records of %u words within %llu bytes: 1 to %d words and "
                             "at least %u bytes are allowed",
                             options->words, (unsigned long long)options->memory_bytes,
                             TAMIS_RUN_WORDS_MAX, TAMIS_SORT_MEMORY_MIN);
    }
    sorter = calloc(1, sizeof(*sorter));
    if (sorter == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a sorter");
    }
    sorter->words = options->words;
    sorter->has_payload = options->has_payload;
    sorter->is_narrow = !options->has_payload && options->words <= NARROW_WORDS_MAX;
    sorter->stride = options->words + (options->has_payload ? PAYLOAD_WORDS : 0);
    sorter->memory_bytes = options->memory_bytes;
    sorter->block_records = tamis_run_block_records(options->words, TAMIS_RUN_BLOCK_BYTES);
    sorter->temp_folder = strdup(options->temp_folder == NULL ? "." : options->temp_folder);
    reserved = tamis_spill_bytes(sorter->words, sorter->has_payload, sorter->memory_bytes) +
               sorter->block_records * sorter->words * 8 + sizeof(*sorter);
    sorter->arena_words = (size_t)((sorter->memory_bytes - reserved) / 8);
    if (sorter->temp_folder == NULL) {
        tamis_status status = out_of_memory(sorter, err);

        tamis_sorter_destroy(sorter);
        return status;
    }
    *out_sorter = sorter;
    return TAMIS_OK;
}

void tamis_sorter_destroy(tamis_sorter *sorter)
{
    if (sorter == NULL) {
        return;
    }
    tamis_merge_destroy(sorter->merge);
    tamis_spill_destroy(sorter->spill);
    free(sorter->runs);
    free(sorter->block);
    free(sorter->arena);
    free(sorter->temp_folder);
    free(sorter);
}

static tamis_status make_arena(tamis_sorter *sorter, tamis_err *err)
{
    size_t huge_page = (size_t)2 << 20;
    size_t bytes = sorter->arena_words * 8;

    if (!sorter->is_narrow && sorter->block == NULL) {
        sorter->block = malloc(sorter->block_records * sorter->words * 8);
        if (sorter->block == NULL) {
            return out_of_memory(sorter, err);
        }
    }
    if (bytes < 8 * huge_page) {
        sorter->arena = malloc(bytes);
    } else {
        /* One page less: what alignment costs is counted too. */
        sorter->arena_words = (bytes / huge_page - 1) * huge_page / 8;
        sorter->arena = aligned_alloc(huge_page, sorter->arena_words * 8);
        if (sorter->arena != NULL) {
            /* Radix sort walks many places at once; where this is refused it is only slower. */
            (void)madvise(sorter->arena, sorter->arena_words * 8, MADV_HUGEPAGE);
        }
    }
    return sorter->arena == NULL ? out_of_memory(sorter, err) : TAMIS_OK;
}

/* Records that the arena takes beside payload_words of payload. */
static size_t records_max(const tamis_sorter *sorter, size_t payload_words)
{
    size_t each = sorter->is_narrow ? 2 * sorter->stride : sorter->stride + TAMIS_SORT_INDEX_WORDS;
    size_t max = (sorter->arena_words - payload_words) / each;

    return max > UINT32_MAX ? UINT32_MAX : max;
}

static void sort_arena(tamis_sorter *sorter)
{
    uint64_t *behind = NULL;

    if (sorter->arena == NULL) {
        return;
    }
    behind = sorter->arena + sorter->count * sorter->stride;
    if (sorter->is_narrow) {
        tamis_sort_words(sorter->arena, sorter->count, sorter->words, behind);
    } else {
        tamis_sort_index(sorter->arena, sorter->count, sorter->stride, sorter->words, behind);
    }
}

/* The record that comes index-th, with its payload's place. */
static const uint64_t *record_at(const tamis_sorter *sorter, size_t index)
{
    const uint64_t *order = sorter->arena + sorter->count * sorter->stride;

    return sorter->arena + order[2 * index + 1] * sorter->stride;
}

static tamis_slice payload_at(const tamis_sorter *sorter, size_t index)
{
    const uint64_t *record = record_at(sorter, index);

    return tamis_slice_of(sorter->arena + record[sorter->words], (size_t)record[sorter->words + 1]);
}

/* Gathers the records that come next into the block. */
static void fill_block(tamis_sorter *sorter)
{
    size_t count = sorter->count - sorter->next;

    count = count > sorter->block_records ? sorter->block_records : count;
    for (size_t i = 0; i < count; i++) {
        memcpy(sorter->block + i * sorter->words, record_at(sorter, sorter->next + i),
               (size_t)sorter->words * 8);
    }
    sorter->block_first = sorter->next;
    sorter->block_count = count;
    sorter->next += count;
}

static tamis_status write_arena(tamis_sorter *sorter, tamis_err *err)
{
    tamis_run_packer *packer = &sorter->spill->packer;
    tamis_status status = TAMIS_OK;

    if (sorter->is_narrow) {
        return tamis_run_packer_append(packer, sorter->arena, sorter->count, err);
    }
    if (sorter->has_payload) {
        for (size_t i = 0; i < sorter->count && status == TAMIS_OK; i++) {
            status = tamis_run_packer_append_payload(packer, record_at(sorter, i),
                                                     payload_at(sorter, i), err);
        }
        return status;
    }
    sorter->next = 0;
    while (sorter->next < sorter->count && status == TAMIS_OK) {
        fill_block(sorter);
        status = tamis_run_packer_append(packer, sorter->block, sorter->block_count, err);
    }
    return status;
}

/* Makes room for one more run, and the file where there is none. */
static tamis_status prepare_run(tamis_sorter *sorter, tamis_err *err)
{
    if (sorter->run_count == sorter->run_capacity) {
        size_t capacity = sorter->run_capacity == 0 ? 16 : sorter->run_capacity * 2;
        tamis_run_piece *runs = realloc(sorter->runs, capacity * sizeof(*runs));

        if (runs == NULL) {
            return out_of_memory(sorter, err);
        }
        sorter->runs = runs;
        sorter->run_capacity = capacity;
    }
    if (sorter->spill == NULL) {
        return tamis_spill_create(sorter->temp_folder, sorter->memory_bytes, &sorter->spill, err);
    }
    return TAMIS_OK;
}

static tamis_status end_run(tamis_sorter *sorter, tamis_err *err)
{
    tamis_run_piece *run = &sorter->runs[sorter->run_count];
    tamis_status status = tamis_spill_end(sorter->spill, run, err);

    if (status == TAMIS_OK) {
        sorter->run_count++;
        sorter->stats.spills++;
        sorter->stats.spilled_bytes += run->bytes;
    }
    return status;
}

/* Writes what the arena holds as one run and empties it. */
static tamis_status spill_arena(tamis_sorter *sorter, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (sorter->count == 0) {
        return TAMIS_OK;
    }
    status = prepare_run(sorter, err);
    if (status != TAMIS_OK) {
        return status;
    }
    sort_arena(sorter);
    status = tamis_spill_begin(sorter->spill, sorter->words, sorter->has_payload, err);
    if (status == TAMIS_OK) {
        status = write_arena(sorter, err);
    }
    if (status == TAMIS_OK) {
        status = end_run(sorter, err);
    }
    sorter->count = 0;
    sorter->payload_words = 0;
    sorter->next = 0;
    return status;
}

tamis_status tamis_sorter_add(tamis_sorter *sorter, const uint64_t *records, size_t count,
                              tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!sorter->has_payload);
    TAMIS_ASSERT(!sorter->is_sorted);
    if (sorter->arena == NULL && count > 0) {
        status = make_arena(sorter, err);
    }
    sorter->stats.records += count;
    while (status == TAMIS_OK && count > 0) {
        size_t room = records_max(sorter, 0) - sorter->count;

        if (room == 0) {
            status = spill_arena(sorter, err);
            continue;
        }
        room = count < room ? count : room;
        memcpy(sorter->arena + sorter->count * sorter->words, records, room * sorter->words * 8);
        sorter->count += room;
        records += room * sorter->words;
        count -= room;
    }
    return status;
}

/* A payload that the arena would not take even alone becomes a run of its own, from where it lies.
 */
static tamis_status spill_alone(tamis_sorter *sorter, const uint64_t *record, tamis_slice payload,
                                tamis_err *err)
{
    tamis_status status = spill_arena(sorter, err); /* equal records keep their order */

    if (status == TAMIS_OK) {
        status = prepare_run(sorter, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_spill_begin(sorter->spill, sorter->words, true, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_packer_append_payload(&sorter->spill->packer, record, payload, err);
    }
    if (status == TAMIS_OK) {
        status = end_run(sorter, err);
    }
    return status;
}

tamis_status tamis_sorter_add_payload(tamis_sorter *sorter, const uint64_t *record,
                                      tamis_slice payload, tamis_err *err)
{
    size_t payload_words = payload.size / 8 + (payload.size % 8 != 0);
    uint64_t *place = NULL;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(sorter->has_payload);
    TAMIS_ASSERT(!sorter->is_sorted);
    if (payload.size > TAMIS_RUN_PAYLOAD_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "a record has %zu bytes; up to %llu can be sorted",
                             payload.size, (unsigned long long)TAMIS_RUN_PAYLOAD_MAX);
    }
    if (sorter->arena == NULL) {
        status = make_arena(sorter, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    sorter->stats.records++;
    if (payload_words >= sorter->arena_words || records_max(sorter, payload_words) == 0) {
        return spill_alone(sorter, record, payload, err);
    }
    if (payload_words > sorter->arena_words - sorter->payload_words ||
        records_max(sorter, sorter->payload_words + payload_words) <= sorter->count) {
        status = spill_arena(sorter, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    sorter->payload_words += payload_words;
    if (payload.size != 0) {
        memcpy(sorter->arena + (sorter->arena_words - sorter->payload_words), payload.data,
               payload.size);
    }
    place = sorter->arena + sorter->count * sorter->stride;
    memcpy(place, record, (size_t)sorter->words * 8);
    place[sorter->words] = sorter->arena_words - sorter->payload_words;
    place[sorter->words + 1] = payload.size;
    sorter->count++;
    return TAMIS_OK;
}

tamis_status tamis_sorter_sort(tamis_sorter *sorter, tamis_err *err)
{
    tamis_merge_options options = {.words = sorter->words,
                                   .has_payload = sorter->has_payload,
                                   .memory_bytes = sorter->memory_bytes,
                                   .temp_folder = sorter->temp_folder};
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!sorter->is_sorted);
    sorter->is_sorted = true;
    if (sorter->run_count == 0) {
        sort_arena(sorter);
        return TAMIS_OK;
    }
    status = spill_arena(sorter, err);
    free(sorter->arena);
    free(sorter->block);
    sorter->arena = NULL;
    sorter->block = NULL;
    if (status == TAMIS_OK) {
        status = tamis_merge_of_spill(&options, &sorter->spill, sorter->runs, sorter->run_count,
                                      &sorter->merge, err);
    }
    return status;
}

tamis_status tamis_sorter_next(tamis_sorter *sorter, const uint64_t **out_records,
                               size_t *out_count, tamis_err *err)
{
    TAMIS_ASSERT(sorter->is_sorted);
    if (sorter->merge != NULL) {
        return tamis_merge_next(sorter->merge, out_records, out_count, err);
    }
    if (sorter->next == sorter->count) {
        return TAMIS_END;
    }
    if (sorter->is_narrow) {
        size_t count = sorter->count - sorter->next;

        count = count > sorter->block_records ? sorter->block_records : count;
        *out_records = sorter->arena + sorter->next * sorter->words;
        *out_count = count;
        sorter->next += count;
        return TAMIS_OK;
    }
    fill_block(sorter);
    *out_records = sorter->block;
    *out_count = sorter->block_count;
    return TAMIS_OK;
}

tamis_slice tamis_sorter_payload(const tamis_sorter *sorter, size_t index)
{
    if (sorter->merge != NULL) {
        return tamis_merge_payload(sorter->merge, index);
    }
    TAMIS_ASSERT(sorter->has_payload);
    TAMIS_ASSERT(index < sorter->block_count);
    return payload_at(sorter, sorter->block_first + index);
}

void tamis_sorter_stats(const tamis_sorter *sorter, tamis_sort_stats *out_stats)
{
    tamis_sort_stats merge = {0};

    if (sorter->merge != NULL) {
        tamis_merge_stats(sorter->merge, &merge);
    }
    *out_stats = sorter->stats;
    out_stats->spills += merge.spills;
    out_stats->spilled_bytes += merge.spilled_bytes;
    out_stats->merge_passes += merge.merge_passes;
}

/* Records at the head of a block that belong to `part`; part_of never goes down. */
static size_t count_in_part(const uint64_t *records, size_t count, uint32_t words, uint32_t part,
                            tamis_part_of part_of, const void *context)
{
    size_t first = 0;

    if (part_of(context, records[(count - 1) * words]) == part) {
        return count;
    }
    while (count > 0) {
        size_t half = count / 2;

        if (part_of(context, records[(first + half) * words]) <= part) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

/* Appends `count` records of the current block, `first` being the number of the first of them. */
static tamis_status write_records(tamis_sorter *sorter, tamis_run_writer *writer,
                                  const uint64_t *records, size_t first, size_t count,
                                  tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (!sorter->has_payload) {
        return tamis_run_writer_append(writer, records + first * sorter->words, count, err);
    }
    for (size_t i = first; i < first + count && status == TAMIS_OK; i++) {
        status = tamis_run_writer_append_payload(writer, records + i * sorter->words,
                                                 tamis_sorter_payload(sorter, i), err);
    }
    return status;
}

tamis_status tamis_sorter_write(tamis_sorter *sorter, tamis_run_writer *writer, uint32_t kind,
                                tamis_part_of part_of, const void *context, tamis_err *err)
{
    const uint64_t *records = NULL;
    size_t count = 0;
    bool has_piece = false;
    uint32_t part = 0;
    tamis_status status = sorter->is_sorted ? TAMIS_OK : tamis_sorter_sort(sorter, err);

    while (status == TAMIS_OK &&
           (status = tamis_sorter_next(sorter, &records, &count, err)) == TAMIS_OK) {
        size_t done = 0;

        while (done < count && status == TAMIS_OK) {
            const uint64_t *rest = records + done * sorter->words;
            uint32_t here = part_of(context, rest[0]);
            size_t taken = count_in_part(rest, count - done, sorter->words, here, part_of, context);

            if (!has_piece || here != part) {
                status = has_piece ? tamis_run_writer_end(writer, err) : TAMIS_OK;
                if (status == TAMIS_OK) {
                    status = tamis_run_writer_begin(writer, kind, here, sorter->words,
                                                    sorter->has_payload, err);
                }
                part = here;
                has_piece = status == TAMIS_OK;
            }
            if (status == TAMIS_OK) {
                status = write_records(sorter, writer, records, done, taken, err);
            }
            done += taken;
        }
    }
    if (status != TAMIS_END) {
        return status;
    }
    return has_piece ? tamis_run_writer_end(writer, err) : TAMIS_OK;
}
