/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "line_run.h"

tamis_status line_join_drop(line_joiner *joiner, uint32_t begin, uint32_t end, uint16_t reason)
{
    uint32_t from = joiner->end_before;

    TAMIS_ASSERT(begin >= from);
    joiner->end_before = end;
    return tamis_edits_cut(joiner->edits, from, end, reason);
}

tamis_status line_join_keep(line_joiner *joiner, tamis_slice text, uint32_t begin)
{
    uint32_t from = joiner->end_before;

    if (!joiner->has_kept) {
        joiner->has_kept = true;
        return tamis_edits_cut(joiner->edits, from, begin, TAMIS_LINE_SPACE);
    }
    if (begin - from == 1 && text.data[from] == '\n') {
        return TAMIS_OK;
    }
    return tamis_edits_replace(joiner->edits, from, begin, TAMIS_LINE_SPACE,
                               tamis_slice_of("\n", 1));
}

void line_join_end(line_joiner *joiner, uint32_t end)
{
    joiner->end_before = end;
}

tamis_status line_strip_edits(tamis_slice text, tamis_edits *edits)
{
    tamis_slice stripped = line_strip(text);
    uint32_t first = stripped.size == 0 ? (uint32_t)text.size : 0;
    tamis_status status = TAMIS_OK;

    if (stripped.size > 0) {
        first = (uint32_t)(stripped.data - text.data);
    }
    status = tamis_edits_cut(edits, 0, first, TAMIS_LINE_SPACE);
    return status == TAMIS_OK ? tamis_edits_cut(edits, first + (uint32_t)stripped.size,
                                                (uint32_t)text.size, TAMIS_LINE_SPACE)
                              : status;
}

tamis_status line_fold(tamis_line_rules *rules, const tamis_edits *step, tamis_edits *edits)
{
    tamis_edits swapped = *edits;
    tamis_status status = TAMIS_OK;

    if (step->count == 0) {
        return TAMIS_OK;
    }
    status = tamis_edits_compose(edits, step, &rules->fold);
    if (status == TAMIS_OK) {
        *edits = rules->fold;
        rules->fold = swapped;
    }
    return status;
}

tamis_status line_strip_result(tamis_line_rules *rules, tamis_slice text, tamis_edits *edits)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&rules->stripping);
    tamis_edits_reset(&rules->step);
    status = tamis_edits_apply(edits, text, &rules->stripping);
    if (status == TAMIS_OK) {
        status = line_strip_edits(tamis_buf_slice(&rules->stripping), &rules->step);
    }
    return status == TAMIS_OK ? line_fold(rules, &rules->step, edits) : status;
}

void line_seen_reset(digest_set *set)
{
    if (set->count > 0) {
        memset(set->is_used, 0, set->slot_count);
        set->count = 0;
    }
}

void line_seen_fini(digest_set *set)
{
    free(set->slots);
    free(set->is_used);
    *set = (digest_set){.slots = NULL};
}

/* The slot of a digest: the one that holds it, or the free one for it. */
static size_t find_slot(const digest_set *set, tamis_digest digest)
{
    size_t slot = (size_t)digest.low & (set->slot_count - 1);

    while (set->is_used[slot] && !tamis_digest_is_equal(set->slots[slot], digest)) {
        slot = (slot + 1) & (set->slot_count - 1);
    }
    return slot;
}

static tamis_status grow(digest_set *set)
{
    digest_set larger = {.slot_count = set->slot_count == 0 ? 64 : set->slot_count * 2,
                         .count = set->count};

    larger.slots = malloc(larger.slot_count * sizeof(*larger.slots));
    larger.is_used = calloc(larger.slot_count, 1);
    if (larger.slots == NULL || larger.is_used == NULL) {
        line_seen_fini(&larger);
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < set->slot_count; i++) {
        if (set->is_used[i]) {
            size_t slot = find_slot(&larger, set->slots[i]);

            larger.slots[slot] = set->slots[i];
            larger.is_used[slot] = 1;
        }
    }
    line_seen_fini(set);
    *set = larger;
    return TAMIS_OK;
}

tamis_status line_seen_add(digest_set *set, tamis_digest digest, bool *out_is_new)
{
    size_t slot = 0;

    if (set->count >= set->slot_count / 2) {
        tamis_status status = grow(set);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    slot = find_slot(set, digest);
    *out_is_new = !set->is_used[slot];
    if (*out_is_new) {
        set->is_used[slot] = 1;
        set->slots[slot] = digest;
        set->count++;
    }
    return TAMIS_OK;
}
