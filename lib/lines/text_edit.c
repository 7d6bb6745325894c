/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/text_edit.h"

#include <stdlib.h>

void tamis_edits_init(tamis_edits *edits)
{
    *edits = (tamis_edits){.items = NULL};
    tamis_buf_init(&edits->pool, UINT32_MAX);
}

void tamis_edits_fini(tamis_edits *edits)
{
    free(edits->items);
    tamis_buf_fini(&edits->pool);
    tamis_edits_init(edits);
}

void tamis_edits_reset(tamis_edits *edits)
{
    edits->count = 0;
    tamis_buf_reset(&edits->pool);
}

static tamis_status edits_reserve(tamis_edits *edits, size_t extra)
{
    size_t capacity = 0;
    tamis_edit *items = NULL;

    if (extra <= edits->capacity - edits->count) {
        return TAMIS_OK;
    }
    if (extra > TAMIS_EDITS_MAX - edits->count) {
        return TAMIS_ELIMIT;
    }
    capacity = edits->capacity + edits->capacity / 2 + 16;
    capacity = capacity < edits->count + extra ? edits->count + extra : capacity;
    capacity = capacity > TAMIS_EDITS_MAX ? TAMIS_EDITS_MAX : capacity;
    items = realloc(edits->items, capacity * sizeof(*items));
    if (items == NULL) {
        return TAMIS_ENOMEM;
    }
    edits->items = items;
    edits->capacity = capacity;
    return TAMIS_OK;
}

static uint32_t end_of_last(const tamis_edits *edits)
{
    return edits->count == 0 ? 0 : edits->items[edits->count - 1].end;
}

tamis_status tamis_edits_cut(tamis_edits *edits, uint32_t begin, uint32_t end, uint16_t reason)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(begin <= end);
    TAMIS_ASSERT(begin >= end_of_last(edits));
    if (begin == end) {
        return TAMIS_OK;
    }
    if (edits->count > 0) {
        tamis_edit *last = &edits->items[edits->count - 1];

        if (last->end == begin && last->reason == reason && last->replacement_size == 0) {
            last->end = end;
            return TAMIS_OK;
        }
    }
    status = edits_reserve(edits, 1);
    if (status != TAMIS_OK) {
        return status;
    }
    edits->items[edits->count++] = (tamis_edit){.begin = begin, .end = end, .reason = reason};
    return TAMIS_OK;
}

tamis_status tamis_edits_replace(tamis_edits *edits, uint32_t begin, uint32_t end, uint16_t reason,
                                 tamis_slice replacement)
{
    size_t pieces = (replacement.size + UINT16_MAX - 1) / UINT16_MAX;
    tamis_status status = TAMIS_OK;
    size_t done = 0;

    TAMIS_ASSERT(begin <= end);
    TAMIS_ASSERT(begin >= end_of_last(edits));
    if (pieces == 0) {
        return tamis_edits_cut(edits, begin, end, reason);
    }
    status = edits_reserve(edits, pieces);
    if (status == TAMIS_OK) {
        status = tamis_buf_append(&edits->pool, replacement.data, replacement.size);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    while (done < replacement.size) {
        size_t rest = replacement.size - done;
        size_t size = rest < UINT16_MAX ? rest : UINT16_MAX;

        edits->items[edits->count++] =
            (tamis_edit){.begin = done == 0 ? begin : end,
                         .end = end,
                         .reason = reason,
                         .replacement_size = (uint16_t)size,
                         .replacement_offset = (uint32_t)(edits->pool.size - rest)};
        done += size;
    }
    return TAMIS_OK;
}

size_t tamis_edits_size_after(const tamis_edits *edits, size_t text_size)
{
    size_t size = text_size;

    for (size_t i = 0; i < edits->count; i++) {
        const tamis_edit *edit = &edits->items[i];

        size = size - (edit->end - edit->begin) + edit->replacement_size;
    }
    return size;
}

tamis_status tamis_edits_apply(const tamis_edits *edits, tamis_slice text, tamis_buf *out)
{
    size_t kept_from = 0;
    uint8_t *to = NULL;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(end_of_last(edits) <= text.size);
    status = tamis_buf_reserve(out, tamis_edits_size_after(edits, text.size));
    if (status != TAMIS_OK) {
        return status;
    }
    if (text.size == 0 && edits->count == 0) {
        return TAMIS_OK; /* there may be no data to copy from, nor any buffer */
    }
    to = out->data + out->size;
    for (size_t i = 0; i < edits->count; i++) {
        const tamis_edit *edit = &edits->items[i];
        size_t kept = edit->begin - kept_from;

        if (kept > 0) {
            memcpy(to, text.data + kept_from, kept);
            to += kept;
        }
        if (edit->replacement_size > 0) {
            memcpy(to, edits->pool.data + edit->replacement_offset, edit->replacement_size);
            to += edit->replacement_size;
        }
        kept_from = edit->end;
    }
    if (text.size > kept_from) {
        memcpy(to, text.data + kept_from, text.size - kept_from);
        to += text.size - kept_from;
    }
    out->size = (size_t)(to - out->data);
    return TAMIS_OK;
}

size_t tamis_edits_original_offset(const tamis_edits *edits, size_t offset)
{
    size_t before = 0; /* bytes of the edited text so far */
    size_t from = 0;   /* and of the original */

    for (size_t i = 0; i < edits->count; i++) {
        const tamis_edit *edit = &edits->items[i];
        size_t kept = edit->begin - from;

        if (offset < before + kept) {
            break;
        }
        before += kept;
        if (offset < before + edit->replacement_size) {
            return edit->begin;
        }
        before += edit->replacement_size;
        from = edit->end;
    }
    return from + (offset - before);
}
