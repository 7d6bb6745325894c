/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: where they begin and end, by each of the three rules. */
#include "view.h"

/* Room for `extra` lines more. */
static tamis_status reserve(tamis_line_store *store, size_t extra)
{
    const size_t want = (store->count + extra) * sizeof(uint32_t);
    tamis_status status = tamis_buf_reserve(&store->begin, want);

    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&store->end, want);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&store->next, want);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&store->chars, want);
    }
    return status;
}

static tamis_status add_line(tamis_line_store *store, size_t begin, size_t end, size_t next)
{
    if (store->count % TAMIS_WORDS_ROOM == 0) {
        tamis_status status = reserve(store, TAMIS_WORDS_ROOM);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    tamis_numbers_of(&store->begin)[store->count] = (uint32_t)begin;
    tamis_numbers_of(&store->end)[store->count] = (uint32_t)end;
    tamis_numbers_of(&store->next)[store->count] = (uint32_t)next;
    store->count++;
    return TAMIS_OK;
}

/* Length of the line break at `at`, of which the first byte is known to end a line. */
static size_t break_length(const uint8_t *at, size_t left)
{
    if (at[0] == '\r') {
        return left > 1 && at[1] == '\n' ? 2 : 1;
    }
    return at[0] < 0x80 ? 1 : at[0] == 0xC2 ? 2 : 3;
}

/* Lines of str.splitlines(). */
static tamis_status split_breaks(const tamis_text_view *view, tamis_line_store *store)
{
    const tamis_masks *masks = tamis_masks_of(view);
    const tamis_slice text = view->text;
    const size_t block_count = tamis_block_count(view);
    size_t begin = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < block_count && status == TAMIS_OK; i++) {
        for (uint64_t left = masks[i].breaks & masks[i].lead; left != 0 && status == TAMIS_OK;
             left &= left - 1) {
            const size_t end = i * TAMIS_WORDS_BLOCK + (size_t)__builtin_ctzll(left);

            if (end >= begin) { /* else the LF of a CR LF */
                size_t length = break_length(text.data + end, text.size - end);

                status = add_line(store, begin, end, end + length);
                begin = end + length;
            }
        }
    }
    if (status == TAMIS_OK && begin < text.size) {
        status = add_line(store, begin, text.size, text.size);
    }
    return status;
}

/* Lines between newlines, or between runs of them. */
static tamis_status split_newlines(const tamis_text_view *view, bool is_runs,
                                   tamis_line_store *store)
{
    const tamis_masks *masks = tamis_masks_of(view);
    const tamis_slice text = view->text;
    const size_t block_count = tamis_block_count(view);
    size_t begin = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < block_count && status == TAMIS_OK; i++) {
        for (uint64_t left = masks[i].breaks & masks[i].ascii; left != 0 && status == TAMIS_OK;
             left &= left - 1) {
            const size_t end = i * TAMIS_WORDS_BLOCK + (size_t)__builtin_ctzll(left);
            size_t next = end + 1;

            if (text.data[end] != '\n' || end < begin) {
                continue;
            }
            while (is_runs && next < text.size && text.data[next] == '\n') {
                next++;
            }
            status = add_line(store, begin, end, next);
            begin = next;
        }
    }
    return status == TAMIS_OK ? add_line(store, begin, text.size, text.size) : status;
}

tamis_status tamis_text_view_lines(tamis_text_view *view, tamis_line_split split,
                                   tamis_lines *out_lines, tamis_err *err)
{
    tamis_line_store *store = &view->lines[split];
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(split < TAMIS_LINES_SPLIT_COUNT);
    if (!store->is_ready) {
        store->count = 0;
        status = tamis_view_need_before(view);
        if (status == TAMIS_OK) {
            status = split == TAMIS_LINES_SPLITLINES
                         ? split_breaks(view, store)
                         : split_newlines(view, split == TAMIS_LINES_NEWLINE_RUNS, store);
        }
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "no memory for the lines of a text");
        }
        tamis_view_count_chars(view, tamis_numbers_of(&store->begin), tamis_numbers_of(&store->end),
                               store->count, tamis_numbers_of(&store->chars));
        store->is_ready = true;
    }
    *out_lines = (tamis_lines){.count = store->count,
                               .begin = tamis_numbers_of(&store->begin),
                               .end = tamis_numbers_of(&store->end),
                               .next = tamis_numbers_of(&store->next),
                               .chars = tamis_numbers_of(&store->chars)};
    return TAMIS_OK;
}
