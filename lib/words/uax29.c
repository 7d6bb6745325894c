/* SPDX-License-Identifier: Apache-2.0 */
/* The default word boundaries of UAX #29. */
#include "char_tables.h"
#include "tamis/utf8.h"
#include "view.h"

#define BIT(class)  (1u << (class))
#define IGNORED     (BIT(TAMIS_WB_EXTEND) | BIT(TAMIS_WB_FORMAT) | BIT(TAMIS_WB_ZWJ))
#define LINE_ENDS   (BIT(TAMIS_WB_CR) | BIT(TAMIS_WB_LF) | BIT(TAMIS_WB_NEWLINE))
#define LETTERS     (BIT(TAMIS_WB_ALETTER) | BIT(TAMIS_WB_HEBREW))
#define MID_QUOTES  (BIT(TAMIS_WB_MID_NUM_LET) | BIT(TAMIS_WB_SINGLE_QUOTE))
#define MID_LETTERS (BIT(TAMIS_WB_MID_LETTER) | MID_QUOTES)
#define MID_NUMBERS (BIT(TAMIS_WB_MID_NUM) | MID_QUOTES)
#define NUMERIC     BIT(TAMIS_WB_NUMERIC)
#define KATAKANA    BIT(TAMIS_WB_KATAKANA)
#define CONNECTORS  BIT(TAMIS_WB_EXTEND_NUM_LET)
#define REGIONAL    BIT(TAMIS_WB_REGIONAL)

/* What was read, as sets of one class each. Ignored characters go with what is before them (rule
 * 4), so `last` and `before` leave them out. */
typedef struct uax29_state {
    uint32_t previous; /* the character just before, whatever it is */
    uint32_t last;
    uint32_t before; /* the one before `last` */
    bool is_odd;     /* `last` ends an odd number of regional indicators */
} uax29_state;

/* The class of the first character from `at` on that is not ignored; 0: none. A middle character
 * asks, and it is not ignored itself: all looks together are linear. */
static uint32_t look_ahead(tamis_slice text, size_t at)
{
    while (at < text.size) {
        uint32_t c = 0;
        uint32_t set = 0;

        at += tamis_utf8_decode(text.data + at, &c);
        set = BIT(tamis_char_break(tamis_char_class(c)));
        if ((set & IGNORED) == 0) {
            return set;
        }
    }
    return 0;
}

/* Rules 5 to 13: whether the character of class `next` belongs to the word; it ends at `end`. */
static bool is_joined(const uax29_state *state, uint32_t next, tamis_slice text, size_t end)
{
    const uint32_t last = state->last;
    const uint32_t before = state->before;

    if ((last & LETTERS) != 0) {
        if ((next & (LETTERS | NUMERIC | CONNECTORS)) != 0) {
            return true; /* 5, 9, 13a */
        }
        if (last == BIT(TAMIS_WB_HEBREW) && next == BIT(TAMIS_WB_SINGLE_QUOTE)) {
            return true; /* 7a */
        }
        if ((next & MID_LETTERS) != 0) {
            return (look_ahead(text, end) & LETTERS) != 0; /* 6 */
        }
        return last == BIT(TAMIS_WB_HEBREW) && next == BIT(TAMIS_WB_DOUBLE_QUOTE) &&
               look_ahead(text, end) == BIT(TAMIS_WB_HEBREW); /* 7b */
    }
    if (last == NUMERIC) {
        if ((next & (NUMERIC | LETTERS | CONNECTORS)) != 0) {
            return true; /* 8, 10, 13a */
        }
        return (next & MID_NUMBERS) != 0 && look_ahead(text, end) == NUMERIC; /* 12 */
    }
    if ((last & MID_LETTERS) != 0 && (before & LETTERS) != 0 && (next & LETTERS) != 0) {
        return true; /* 7 */
    }
    if (last == BIT(TAMIS_WB_DOUBLE_QUOTE) && before == BIT(TAMIS_WB_HEBREW) &&
        next == BIT(TAMIS_WB_HEBREW)) {
        return true; /* 7c */
    }
    if ((last & MID_NUMBERS) != 0 && before == NUMERIC && next == NUMERIC) {
        return true; /* 11 */
    }
    if (last == KATAKANA) {
        return (next & (KATAKANA | CONNECTORS)) != 0; /* 13, 13a */
    }
    if (last == CONNECTORS) {
        return (next & (CONNECTORS | LETTERS | NUMERIC | KATAKANA)) != 0; /* 13a, 13b */
    }
    return last == REGIONAL && next == REGIONAL && state->is_odd; /* 15, 16 */
}

/* Whether a word boundary is before the character with these bits, which ends at `end`. */
static bool is_boundary(const uax29_state *state, uint32_t bits, uint32_t next, tamis_slice text,
                        size_t end)
{
    if (state->previous == BIT(TAMIS_WB_CR) && next == BIT(TAMIS_WB_LF)) {
        return false; /* 3 */
    }
    if (((state->previous | next) & LINE_ENDS) != 0) {
        return true; /* 3a, 3b */
    }
    if (state->previous == BIT(TAMIS_WB_ZWJ) && (bits & TAMIS_CHAR_PICTOGRAPHIC) != 0) {
        return false; /* 3c */
    }
    if (state->previous == BIT(TAMIS_WB_SPACE) && next == BIT(TAMIS_WB_SPACE)) {
        return false; /* 3d */
    }
    return (next & IGNORED) == 0 && !is_joined(state, next, text, end); /* 4 */
}

static void advance(uax29_state *state, uint32_t next)
{
    const bool is_attached =
        (next & IGNORED) != 0 && state->previous != 0 && (state->previous & LINE_ENDS) == 0;

    state->previous = next;
    if (!is_attached) {
        state->is_odd = next == REGIONAL && !(state->last == REGIONAL && state->is_odd);
        state->before = state->last;
        state->last = next;
    }
}

static tamis_status add_word(const tamis_text_view *view, size_t begin, size_t end,
                             bool is_alnum_only, tamis_word_store *store)
{
    uint32_t flags = tamis_view_word_flags(view, begin, end);
    tamis_status status = TAMIS_OK;

    if (is_alnum_only && (flags & TAMIS_WORD_ALNUM_FIRST) == 0) {
        return TAMIS_OK;
    }
    status = tamis_word_store_need_one(store);
    if (status == TAMIS_OK) {
        tamis_word_store_add(store, begin, end, flags);
    }
    return status;
}

tamis_status tamis_split_uax29(tamis_text_view *view, bool is_alnum_only, tamis_word_store *store)
{
    const tamis_slice text = view->text;
    uax29_state state = {0};
    size_t begin = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < text.size && status == TAMIS_OK;) {
        uint32_t c = 0;
        size_t end = i + tamis_utf8_decode(text.data + i, &c);
        uint32_t bits = tamis_char_class(c);
        uint32_t next = BIT(tamis_char_break(bits));

        if (i > 0 && is_boundary(&state, bits, next, text, end)) {
            status = add_word(view, begin, i, is_alnum_only, store);
            begin = i;
        }
        advance(&state, next);
        i = end;
        if (c < 0x80 && (bits & TAMIS_CHAR_WORD) != 0) {
            /* ASCII letters, digits and '_' stay together. */
            while (i < text.size && text.data[i] < 0x80 &&
                   ((bits = tamis_char_class(text.data[i])) & TAMIS_CHAR_WORD) != 0) {
                state.last = BIT(tamis_char_break(bits));
                state.previous = state.last;
                i++;
            }
        }
    }
    if (status == TAMIS_OK && begin < text.size) {
        status = add_word(view, begin, text.size, is_alnum_only, store);
    }
    return status;
}
