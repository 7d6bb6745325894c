/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/job.h"

/* A stored byte of a compressed file stands for about this many bytes of text: web text under gzip
 * and zstd comes to a third to a fifth. Only the number of slots depends on it. */
#define COMPRESSED_FACTOR 4

static uint64_t split_size(const tamis_split *split)
{
    return split->end - split->begin;
}

/* Balance must not break down over empty files: each split weighs one byte more than it has. */
static uint64_t split_weight(const tamis_split *split)
{
    return split_size(split) + 1;
}

static void plan_clear_layout(tamis_plan *plan)
{
    free(plan->batch_first_split);
    free(plan->part_first_batch);
    plan->batch_first_split = NULL;
    plan->part_first_batch = NULL;
    plan->batch_count = 0;
    plan->part_count = 0;
    plan->slot_bits = 0;
}

static void input_fini(tamis_input *input)
{
    free(input->path);
    free(input->shown);
    free(input->name);
    free(input->fault_text);
}

void tamis_plan_fini(tamis_plan *plan)
{
    if (plan->inputs != NULL) {
        for (uint32_t i = 0; i < plan->input_count; i++) {
            input_fini(&plan->inputs[i]);
        }
    }
    free(plan->inputs);
    free(plan->splits);
    plan_clear_layout(plan);
    *plan = (tamis_plan){0};
}

void tamis_job_destroy(tamis_job *job)
{
    if (job != NULL) {
        free(job->id);
        free(job->out_path);
        free(job->quality);
        free(job->quality_skipped);
        free(job->scan_from);
        free(job->scan_quality);
        tamis_plan_fini(&job->plan);
        free(job);
    }
}

/* Least number of bits so that 1 << bits slots serve that many decoded bytes. */
static uint32_t slot_bits_for(uint64_t decoded_bytes)
{
    uint32_t bits = TAMIS_SLOT_BITS_MIN;

    while (bits < TAMIS_SLOT_BITS_MAX && (TAMIS_SLOT_BYTES << bits) < decoded_bytes) {
        bits++;
    }
    return bits;
}

/* Writes the first split of each batch and, behind the last, split_count; returns the number of
 * batches. out_first has room for split_count + 1 entries. */
static uint32_t batches_fill(const tamis_plan *plan, uint64_t batch_bytes, uint32_t *out_first)
{
    uint32_t count = 0;
    uint32_t splits = 0;
    uint64_t bytes = 0;
    bool is_against = false;

    for (uint32_t i = 0; i < plan->split_count; i++) {
        const tamis_split *split = &plan->splits[i];
        bool split_is_against = plan->inputs[split->input].is_against;
        bool is_full = splits == TAMIS_BATCH_SPLITS_MAX || split_is_against != is_against ||
                       split_size(split) > batch_bytes || bytes > batch_bytes - split_size(split);

        if (i == 0 || is_full) {
            out_first[count++] = i;
            splits = 0;
            bytes = 0;
        }
        splits++;
        bytes += split_size(split);
        is_against = split_is_against;
    }
    out_first[count] = plan->split_count;
    return count;
}

static uint64_t batch_weight(const tamis_plan *plan, uint32_t batch)
{
    uint64_t weight = 0;

    for (uint32_t i = plan->batch_first_split[batch]; i < plan->batch_first_split[batch + 1]; i++) {
        weight += split_weight(&plan->splits[i]);
    }
    return weight;
}

/* A batch belongs to the part that its middle falls into when all weight is cut into equal pieces;
 * pieces that no middle falls into vanish. out_first has room for TAMIS_PARTS_MAX + 1 entries. */
static uint32_t parts_fill(const tamis_plan *plan, uint64_t total_weight, uint32_t *out_first)
{
    uint32_t pieces = plan->batch_count < TAMIS_PARTS_MAX ? plan->batch_count : TAMIS_PARTS_MAX;
    uint32_t count = 0;
    uint32_t last_piece = 0;
    uint64_t before = 0;

    for (uint32_t batch = 0; batch < plan->batch_count; batch++) {
        uint64_t weight = batch_weight(plan, batch);
        tamis_uint128 middle = (tamis_uint128)(before + weight / 2) * pieces;
        uint32_t piece = (uint32_t)(middle / total_weight);

        if (batch == 0 || piece != last_piece) {
            out_first[count++] = batch;
        }
        last_piece = piece;
        before += weight;
    }
    out_first[count] = plan->batch_count;
    return count;
}

tamis_status tamis_plan_layout(tamis_plan *plan, tamis_err *err)
{
    uint64_t total = 0;
    uint64_t total_weight = 0;
    uint64_t decoded = 0;
    uint64_t batch_bytes = 0;

    if (plan->split_count > TAMIS_SPLITS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "%u splits are more than one run can have (%llu): raise --split-size, "
                             "join small files, or run the corpus in several dumps",
                             plan->split_count, (unsigned long long)TAMIS_SPLITS_MAX);
    }
    for (uint32_t i = 0; i < plan->split_count; i++) {
        const tamis_split *split = &plan->splits[i];
        bool is_stored_plain = plan->inputs[split->input].compression == TAMIS_COMPRESSION_NONE;

        total += split_size(split);
        total_weight += split_weight(split);
        decoded += split_size(split) * (is_stored_plain ? 1 : COMPRESSED_FACTOR);
    }
    plan_clear_layout(plan);
    plan->batch_first_split = malloc((plan->split_count + 1) * sizeof(*plan->batch_first_split));
    plan->part_first_batch = malloc((TAMIS_PARTS_MAX + 1) * sizeof(*plan->part_first_batch));
    if (plan->batch_first_split == NULL || plan->part_first_batch == NULL) {
        plan_clear_layout(plan);
        return tamis_err_set(err, TAMIS_ENOMEM, "plan of %u splits: out of memory",
                             plan->split_count);
    }
    batch_bytes = total / TAMIS_BATCHES_TARGET;
    if (batch_bytes < TAMIS_BATCH_BYTES_MIN) {
        batch_bytes = TAMIS_BATCH_BYTES_MIN;
    }
    plan->batch_count = batches_fill(plan, batch_bytes, plan->batch_first_split);
    plan->part_count = parts_fill(plan, total_weight, plan->part_first_batch);
    plan->slot_bits = slot_bits_for(decoded);
    return TAMIS_OK;
}

/* Index of the range that holds `value`: first[i] <= value < first[i + 1]. */
static uint32_t range_find(const uint32_t *first, uint32_t count, uint32_t value)
{
    uint32_t low = 0;
    uint32_t high = count;

    TAMIS_ASSERT(value < first[count]);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (first[middle] <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t tamis_plan_batch_of_split(const tamis_plan *plan, uint32_t split)
{
    return range_find(plan->batch_first_split, plan->batch_count, split);
}

uint32_t tamis_plan_part_of_split(const tamis_plan *plan, uint32_t split)
{
    return range_find(plan->part_first_batch, plan->part_count,
                      tamis_plan_batch_of_split(plan, split));
}
