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

/* Length of the line break at `at`, which ends before `size`; 0: none. */
static size_t break_length(const uint8_t *at, size_t left)
{
    switch (at[0]) {
    case '\r':
        return left > 1 && at[1] == '\n' ? 2 : 1;
    case 0x0A:
    case 0x0B:
    case 0x0C:
    case 0x1C:
    case 0x1D:
    case 0x1E:
        return 1;
    case 0xC2: /* U+0085 */
        return left > 1 && at[1] == 0x85 ? 2 : 0;
    case 0xE2: /* U+2028, U+2029 */
        return left > 2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9) ? 3 : 0;
    default:
        return 0;
    }
}

static tamis_status split_breaks(tamis_slice text, tamis_line_store *store)
{
    size_t begin = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < text.size && status == TAMIS_OK;) {
        size_t length = break_length(text.data + i, text.size - i);

        if (length != 0) {
            status = add_line(store, begin, i, i + length);
            begin = i + length;
        }
        i += length != 0 ? length : 1;
    }
    if (status == TAMIS_OK && begin < text.size) {
        status = add_line(store, begin, text.size, text.size);
    }
    return status;
}

/* Lines between newlines, or between runs of them. */
static tamis_status split_newlines(tamis_slice text, bool is_runs, tamis_line_store *store)
{
    size_t begin = 0;

    for (;;) {
        const uint8_t *newline =
            begin < text.size ? memchr(text.data + begin, '\n', text.size - begin) : NULL;
        size_t end = newline != NULL ? (size_t)(newline - text.data) : text.size;
        size_t next = newline != NULL ? end + 1 : end;
        tamis_status status = TAMIS_OK;

        while (is_runs && next < text.size && text.data[next] == '\n') {
            next++;
        }
        status = add_line(store, begin, end, next);
        if (status != TAMIS_OK || newline == NULL) {
            return status;
        }
        begin = next;
    }
}

static void count_line_chars(const tamis_text_view *view, tamis_line_store *store)
{
    const uint32_t *begin = tamis_numbers_of(&store->begin);
    const uint32_t *end = tamis_numbers_of(&store->end);
    uint32_t *chars = tamis_numbers_of(&store->chars);

    for (size_t i = 0; i < store->count; i++) {
        chars[i] = (uint32_t)(tamis_view_offset(view, end[i]) - tamis_view_offset(view, begin[i]));
    }
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
                         ? split_breaks(view->text, store)
                         : split_newlines(view->text, split == TAMIS_LINES_NEWLINE_RUNS, store);
        }
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "no memory for the lines of a text");
        }
        count_line_chars(view, store);
        store->is_ready = true;
    }
    *out_lines = (tamis_lines){.count = store->count,
                               .begin = tamis_numbers_of(&store->begin),
                               .end = tamis_numbers_of(&store->end),
                               .next = tamis_numbers_of(&store->next),
                               .chars = tamis_numbers_of(&store->chars)};
    return TAMIS_OK;
}
