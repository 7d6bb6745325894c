/* SPDX-License-Identifier: Apache-2.0 */
#include "run_union.h"

#include "sort_parts.h"
#include "tamis/sorter.h"

#define GATHER_BYTES_MAX (192u * 1024)

typedef struct union_source {
    tamis_run_cursor *cursor;
    const uint64_t *records; /* of its current block */
    size_t next;
    size_t count;
    size_t taken; /* in this round */
} union_source;

struct tamis_run_union {
    uint32_t words;
    uint32_t stride; /* words, and with payloads one that names piece and place */
    bool has_payload;
    tamis_sort_part *parts;
    union_source *sources; /* in the order of the pieces; those at their end leave */
    size_t source_count;
    uint64_t *gathered;
    uint64_t *scratch;
    size_t gather_max;

    /* What the last call handed out. */
    const union_source *alone; /* NULL: gathered */
    size_t alone_first;
    uint64_t *records; /* gathered without the last word, with payloads */
    tamis_slice *payloads;
    size_t out_count;
};

static uint32_t stride_of(uint32_t words, bool has_payload)
{
    return words + (has_payload ? 1 : 0);
}

static size_t gather_max_of(uint32_t words, bool has_payload, uint64_t memory_bytes)
{
    uint64_t bytes = memory_bytes / 8;

    bytes = bytes > GATHER_BYTES_MAX ? GATHER_BYTES_MAX : bytes;
    return (size_t)(bytes / ((size_t)stride_of(words, has_payload) * 8));
}

size_t tamis_run_union_bytes(uint32_t words, bool has_payload, uint64_t memory_bytes)
{
    size_t records = gather_max_of(words, has_payload, memory_bytes);

    return sizeof(tamis_run_union) + records * stride_of(words, has_payload) * 16 +
           records * (has_payload ? words * 8 + sizeof(tamis_slice) : 0) +
           tamis_run_union_max(words, has_payload, memory_bytes) *
               (sizeof(union_source) + sizeof(tamis_sort_part));
}

size_t tamis_run_union_max(uint32_t words, bool has_payload, uint64_t memory_bytes)
{
    size_t shares = gather_max_of(words, has_payload, memory_bytes) / 4;

    return shares > TAMIS_RUN_FAN_IN_MAX ? TAMIS_RUN_FAN_IN_MAX : shares;
}

tamis_status tamis_run_union_create(uint32_t words, bool has_payload, uint64_t memory_bytes,
                                    tamis_run_cursor **cursors, size_t count,
                                    tamis_run_union **out_union, tamis_err *err)
{
    size_t records = gather_max_of(words, has_payload, memory_bytes);
    tamis_run_union *merged = calloc(1, sizeof(*merged));
    bool is_complete = merged != NULL;

    TAMIS_ASSERT(count <= tamis_run_union_max(words, has_payload, memory_bytes));
    if (merged != NULL) {
        *merged = (tamis_run_union){.words = words,
                                    .stride = stride_of(words, has_payload),
                                    .has_payload = has_payload,
                                    .gather_max = records};
        merged->sources = calloc(count + 1, sizeof(*merged->sources));
        merged->parts = calloc(count + 1, sizeof(*merged->parts));
        if (count > 1) {
            merged->gathered = malloc(records * merged->stride * 8);
            merged->scratch = malloc(records * merged->stride * 8);
            is_complete = merged->gathered != NULL && merged->scratch != NULL;
        }
        if (count > 1 && has_payload) {
            merged->records = malloc(records * words * 8);
            merged->payloads = malloc(records * sizeof(*merged->payloads));
            is_complete = is_complete && merged->records != NULL && merged->payloads != NULL;
        }
        is_complete = is_complete && merged->sources != NULL && merged->parts != NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_complete) {
            merged->sources[i].cursor = cursors[i];
            merged->source_count++;
        } else {
            tamis_run_cursor_destroy(cursors[i]);
        }
        cursors[i] = NULL;
    }
    if (!is_complete) {
        tamis_run_union_destroy(merged);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to merge %zu pieces", count);
    }
    *out_union = merged;
    return TAMIS_OK;
}

void tamis_run_union_destroy(tamis_run_union *merged)
{
    if (merged == NULL) {
        return;
    }
    for (size_t i = 0; i < merged->source_count; i++) {
        tamis_run_cursor_destroy(merged->sources[i].cursor);
    }
    free(merged->sources);
    free(merged->parts);
    free(merged->gathered);
    free(merged->scratch);
    free(merged->records);
    free(merged->payloads);
    free(merged);
}

/* Reads the next block of every piece whose block is used up; pieces at their end leave. */
static tamis_status refill(tamis_run_union *merged, tamis_err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < merged->source_count; i++) {
        union_source *source = &merged->sources[i];
        tamis_status status = TAMIS_OK;

        if (source->next == source->count) {
            source->next = 0;
            status =
                tamis_run_cursor_advance(source->cursor, &source->records, &source->count, err);
            if (status == TAMIS_END) {
                tamis_run_cursor_destroy(source->cursor);
                source->cursor = NULL;
                source->count = 0;
                continue;
            }
            if (status != TAMIS_OK) {
                source->count = 0;
                return status;
            }
        }
        if (kept != i) {
            merged->sources[kept] = *source;
            source->cursor = NULL;
            source->count = 0;
            source->next = 0;
        }
        kept++;
    }
    merged->source_count = kept;
    return TAMIS_OK;
}

/* Index of the first of `count` records that is above `bound`, or not below it. */
static size_t search(const uint64_t *records, size_t count, uint32_t words, const uint64_t *bound,
                     bool is_equal_below)
{
    size_t first = 0;

    while (count > 0) {
        size_t half = count / 2;
        const uint64_t *record = records + (first + half) * words;
        bool is_below = is_equal_below ? !tamis_record_is_less(bound, record, words)
                                       : tamis_record_is_less(record, bound, words);

        first = is_below ? first + half + 1 : first;
        count = is_below ? count - half - 1 : half;
    }
    return first;
}

/* What one round takes. */
typedef struct union_round {
    size_t total;
    size_t givers;  /* pieces that give something */
    size_t giver;   /* one of them */
    uint64_t least; /* first words */
    uint64_t greatest;
} union_round;

/* Sets source.taken for every piece. */
static union_round choose_range(tamis_run_union *merged)
{
    size_t share = merged->gather_max / merged->source_count;
    const uint64_t *bound = NULL;
    size_t bound_index = 0;
    union_round round = {.least = UINT64_MAX};

    for (size_t i = 0; i < merged->source_count; i++) {
        union_source *source = &merged->sources[i];
        size_t left = source->count - source->next;
        const uint64_t *last = NULL;

        source->taken = left < share ? left : share;
        last = source->records + (source->next + source->taken - 1) * merged->words;
        if (bound == NULL || tamis_record_is_less(last, bound, merged->words)) {
            bound = last;
            bound_index = i;
        }
    }
    for (size_t i = 0; i < merged->source_count; i++) {
        union_source *source = &merged->sources[i];

        if (i != bound_index) {
            source->taken = search(source->records + source->next * merged->words, source->taken,
                                   merged->words, bound, i < bound_index);
        }
        if (source->taken > 0) {
            uint64_t first = source->records[source->next * merged->words];

            round.least = first < round.least ? first : round.least;
            round.total += source->taken;
            round.giver = i;
            round.givers++;
        }
    }
    round.greatest = bound[0];
    return round;
}

/* Sorts the records of the round from where they lie. */
static void sort_round(tamis_run_union *merged, const union_round *round)
{
    size_t count = 0;

    for (size_t i = 0; i < merged->source_count; i++) {
        union_source *source = &merged->sources[i];

        if (source->taken > 0) {
            merged->parts[count++] = (tamis_sort_part){
                .records = source->records + source->next * merged->words, .count = source->taken};
            source->next += source->taken;
        }
    }
    tamis_sort_parts(merged->parts, count, merged->words, round->least, round->greatest,
                     merged->gathered, merged->scratch);
}

/* With payloads: gathers each record with a word of its piece and place behind, and sorts these. */
static void sort_round_tagged(tamis_run_union *merged, const union_round *round)
{
    uint64_t *to = merged->gathered;
    uint32_t words = merged->words;

    for (size_t i = 0; i < merged->source_count; i++) {
        union_source *source = &merged->sources[i];

        for (size_t j = 0; j < source->taken; j++) {
            memcpy(to, source->records + source->next * words, (size_t)words * 8);
            to[words] = (uint64_t)i << 32 | source->next++;
            to += words + 1;
        }
    }
    tamis_sort_words(merged->gathered, round->total, merged->stride, merged->scratch);
}

/* Takes the word of piece and place off again, and looks the payloads up: they stay where the
 * cursors have them until the next refill. */
static tamis_status resolve_payloads(tamis_run_union *merged, size_t count, tamis_err *err)
{
    uint32_t words = merged->words;

    for (size_t i = 0; i < merged->source_count; i++) {
        if (merged->sources[i].taken > 0) {
            tamis_status status = tamis_run_cursor_load(merged->sources[i].cursor, err);

            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t *record = merged->gathered + i * merged->stride;
        const union_source *source = &merged->sources[record[words] >> 32];

        memcpy(merged->records + i * words, record, (size_t)words * 8);
        merged->payloads[i] =
            tamis_run_cursor_payload(source->cursor, (size_t)(record[words] & UINT32_MAX));
    }
    return TAMIS_OK;
}

/* Hands out records of one piece where they lie. */
static tamis_status take_alone(tamis_run_union *merged, size_t index, size_t count,
                               const uint64_t **out_records, size_t *out_count, tamis_err *err)
{
    union_source *source = &merged->sources[index];
    tamis_status status = tamis_run_cursor_load(source->cursor, err);

    if (status != TAMIS_OK) {
        return status;
    }
    merged->alone = source;
    merged->alone_first = source->next;
    merged->out_count = count;
    *out_records = source->records + source->next * merged->words;
    *out_count = count;
    source->next += count;
    return TAMIS_OK;
}

tamis_status tamis_run_union_next(tamis_run_union *merged, const uint64_t **out_records,
                                  size_t *out_count, tamis_err *err)
{
    union_round round;
    tamis_status status = refill(merged, err);

    merged->alone = NULL;
    merged->out_count = 0;
    if (status != TAMIS_OK) {
        return status;
    }
    if (merged->source_count == 0) {
        return TAMIS_END;
    }
    if (merged->source_count == 1) {
        return take_alone(merged, 0, merged->sources[0].count - merged->sources[0].next,
                          out_records, out_count, err);
    }
    round = choose_range(merged);
    if (round.givers == 1) {
        return take_alone(merged, round.giver, round.total, out_records, out_count, err);
    }
    if (merged->has_payload) {
        sort_round_tagged(merged, &round);
        status = resolve_payloads(merged, round.total, err);
    } else {
        sort_round(merged, &round);
    }
    merged->out_count = round.total;
    *out_records = merged->has_payload ? merged->records : merged->gathered;
    *out_count = round.total;
    return status;
}

tamis_slice tamis_run_union_payload(const tamis_run_union *merged, size_t index)
{
    TAMIS_ASSERT(merged->has_payload);
    TAMIS_ASSERT(index < merged->out_count);
    if (merged->alone != NULL) {
        return tamis_run_cursor_payload(merged->alone->cursor, merged->alone_first + index);
    }
    return merged->payloads[index];
}
