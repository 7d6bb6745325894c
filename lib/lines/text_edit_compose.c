/* SPDX-License-Identifier: Apache-2.0 */
/* Two edit lists in a row as one.
 *
 * The middle text, which `first` leaves and `second` changes, is a row of pieces: bytes kept from
 * the original, and replacements. Walking both lists side by side, each original byte is met once:
 *
 *     original   aaaa[bbb]cccc[dd]eeee        first:  [bbb] -> XY, [dd] -> nothing
 *     middle     aaaa XY cccc eeee            second: (Ycc) -> Q
 *     result     aaaa[bbb]->X[cc]->Q cc[dd]eeee
 *
 * An edit of `first` is opened when the walk comes to it; what `second` leaves of its replacement,
 * and puts in between, is gathered in `open` until the walk passes it.
 */
#include "tamis/text_edit.h"

typedef struct walk {
    const tamis_edits *first;
    const tamis_edits *second;
    tamis_edits *out;
    size_t first_index;  /* the edit of `first` that is next, or open */
    uint32_t original;   /* bytes of the original that were passed */
    uint32_t middle;     /* bytes of the middle text that were passed */
    uint32_t inside;     /* of the replacement of the open edit, bytes passed */
    bool is_open;        /* the walk stands inside the replacement of first_index */
    tamis_slice pending; /* what the current edit of `second` still has to put in */
    tamis_status status;
    tamis_buf open; /* the open edit's replacement so far */
} walk;

static void fail(walk *w, tamis_status status)
{
    w->status = w->status == TAMIS_OK ? status : w->status;
}

static void open_append(walk *w, const uint8_t *data, size_t size)
{
    if (w->status == TAMIS_OK && size > 0) {
        fail(w, tamis_buf_append(&w->open, data, size));
    }
}

static void emit(walk *w, uint32_t begin, uint32_t end, uint16_t reason, tamis_slice replacement)
{
    if (w->status == TAMIS_OK) {
        fail(w, tamis_edits_replace(w->out, begin, end, reason, replacement));
    }
}

static void close_open(walk *w)
{
    const tamis_edit *edit = &w->first->items[w->first_index];

    emit(w, edit->begin, edit->end, edit->reason, tamis_buf_slice(&w->open));
    w->original = edit->end;
    w->first_index++;
    w->is_open = false;
}

/* Opens the next edit of `first` when the walk stands before it; one without a replacement is
 * passed at once. Returns whether there was one. */
static bool try_open(walk *w)
{
    const tamis_edit *edit = NULL;

    if (w->is_open || w->first_index == w->first->count) {
        return false;
    }
    edit = &w->first->items[w->first_index];
    if (edit->begin != w->original) {
        return false;
    }
    tamis_buf_reset(&w->open);
    w->inside = 0;
    w->is_open = true;
    if (edit->replacement_size == 0) {
        close_open(w);
    }
    return true;
}

/* Bytes of the middle text from here to the end of the current piece; UINT32_MAX behind the last.
 */
static uint32_t piece_rest(const walk *w)
{
    if (w->is_open) {
        return w->first->items[w->first_index].replacement_size - w->inside;
    }
    return w->first_index < w->first->count ? w->first->items[w->first_index].begin - w->original
                                            : UINT32_MAX;
}

/* Passes `count` bytes of the middle text; cut: with this reason, else kept. */
static void pass(walk *w, uint32_t count, bool is_cut, uint16_t reason)
{
    while (count > 0 && w->status == TAMIS_OK) {
        uint32_t step = 0;

        if (try_open(w)) {
            continue;
        }
        step = piece_rest(w);
        step = step < count ? step : count;
        if (w->is_open) {
            const tamis_edit *edit = &w->first->items[w->first_index];

            if (!is_cut) {
                open_append(w, w->first->pool.data + edit->replacement_offset + w->inside, step);
            } else {
                open_append(w, w->pending.data, w->pending.size);
                w->pending = tamis_slice_of(NULL, 0);
            }
            w->inside += step;
            if (w->inside == edit->replacement_size) {
                close_open(w);
            }
        } else {
            if (is_cut) {
                emit(w, w->original, w->original + step, reason, w->pending);
                w->pending = tamis_slice_of(NULL, 0);
            }
            w->original += step;
        }
        w->middle += step;
        count -= step;
    }
}

/* Puts in what an edit of `second` that cuts nothing brings. */
static void put_in(walk *w, uint16_t reason)
{
    if (w->pending.size == 0) {
        return;
    }
    if (w->is_open) {
        open_append(w, w->pending.data, w->pending.size);
    } else {
        emit(w, w->original, w->original, reason, w->pending);
    }
    w->pending = tamis_slice_of(NULL, 0);
}

tamis_status tamis_edits_compose(const tamis_edits *first, const tamis_edits *second,
                                 tamis_edits *out)
{
    walk w = {.first = first, .second = second, .out = out, .status = TAMIS_OK};

    TAMIS_ASSERT(out != first);
    TAMIS_ASSERT(out != second);
    tamis_edits_reset(out);
    tamis_buf_init(&w.open, UINT32_MAX);
    for (size_t i = 0; i < second->count && w.status == TAMIS_OK; i++) {
        const tamis_edit *edit = &second->items[i];

        pass(&w, edit->begin - w.middle, false, 0);
        w.pending = tamis_edits_replacement(second, edit);
        pass(&w, edit->end - edit->begin, true, edit->reason);
        put_in(&w, edit->reason);
    }
    while (w.status == TAMIS_OK && (w.is_open || w.first_index < first->count)) {
        if (!try_open(&w)) {
            pass(&w, piece_rest(&w), false, 0);
        }
    }
    tamis_buf_fini(&w.open);
    return w.status;
}
