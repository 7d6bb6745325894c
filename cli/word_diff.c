/* SPDX-License-Identifier: Apache-2.0 */
#include "word_diff.h"

#include <stdlib.h>

#include "tamis/utf8.h"

/* From here on each character is a word: the first of the scripts written without spaces that are
 * long enough to matter. Finer cuts would change nothing but how far a mark reaches. */
#define FIRST_SOLO 0x2E80
#define LAST_SOLO  0xA4CF
#define HANGUL_END 0xD7FF

typedef enum char_class { CLASS_SPACE, CLASS_WORD, CLASS_SINGLE } char_class;

typedef struct word {
    size_t begin;
    size_t end;
    bool is_space;
} word;

typedef struct window {
    tamis_slice text;
    word words[TAMIS_DIFF_WORDS_MAX];
    int32_t count;
    bool is_cut; /* the text goes on behind it */
} window;

static char_class class_of(uint32_t c)
{
    if (c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
        (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
        c == 0x3000) {
        return CLASS_SPACE;
    }
    if (c < 0x80) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_'
                   ? CLASS_WORD
                   : CLASS_SINGLE;
    }
    if ((c >= 0xA1 && c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA) ||
        (c >= 0x2010 && c <= 0x206F) || (c >= FIRST_SOLO && c <= LAST_SOLO) || c > HANGUL_END) {
        return CLASS_SINGLE;
    }
    return CLASS_WORD;
}

/* The word that begins at `position`, which is not the end. */
static word word_at(tamis_slice text, size_t position)
{
    uint32_t c = 0;
    word found = {.begin = position};
    char_class kind;

    position += tamis_utf8_decode(text.data + position, &c);
    kind = class_of(c);
    while (kind != CLASS_SINGLE && position < text.size) {
        size_t length = tamis_utf8_decode(text.data + position, &c);

        if (class_of(c) != kind) {
            break;
        }
        position += length;
    }
    found.end = position;
    found.is_space = kind == CLASS_SPACE;
    return found;
}

static bool is_same(tamis_slice a, word x, tamis_slice b, word y)
{
    if (x.is_space || y.is_space) {
        return x.is_space && y.is_space;
    }
    return x.end - x.begin == y.end - y.begin &&
           memcmp(a.data + x.begin, b.data + y.begin, x.end - x.begin) == 0;
}

/* Passes over equal words at the heads of both texts. */
static void skip_head(tamis_slice a, tamis_slice b, size_t *out_a, size_t *out_b)
{
    size_t i = 0;
    size_t j = 0;

    while (i < a.size && j < b.size) {
        word x = word_at(a, i);
        word y = word_at(b, j);

        if (!is_same(a, x, b, y)) {
            break;
        }
        i = x.end;
        j = y.end;
    }
    *out_a = i;
    *out_b = j;
}

static void window_fill(window *w, tamis_slice text, size_t position)
{
    w->text = text;
    w->count = 0;
    while (position < text.size && w->count < TAMIS_DIFF_WORDS_MAX) {
        w->words[w->count] = word_at(text, position);
        position = w->words[w->count].end;
        w->count++;
    }
    w->is_cut = position < text.size;
}

/* ---- Myers ------------------------------------------------------------------------------------
 *
 * x counts words of a, y of b; diagonal k = x - y. furthest[k] is the greatest x that d edits reach
 * on diagonal k; rows[d] keeps that of every d, entries for k = -d, -d + 2, ..., d. Where a window
 * is cut the path may end at either border: what lies behind the other one is not known to differ.
 */

typedef struct myers {
    const window *a;
    const window *b;
    int32_t *rows; /* of all d, one behind the other */
    size_t row_capacity;
    int32_t edits;
    int32_t x; /* where the path ends */
    int32_t y;
} myers;

static size_t row_begin(int32_t d)
{
    return (size_t)d * ((size_t)d + 1) / 2;
}

static int32_t row_get(const myers *m, int32_t d, int32_t k)
{
    return m->rows[row_begin(d) + (size_t)((k + d) / 2)];
}

static tamis_status row_reserve(myers *m, int32_t d)
{
    size_t needed = row_begin(d + 1);

    if (needed > m->row_capacity) {
        size_t capacity = needed + needed / 2 + 1024;
        int32_t *rows = realloc(m->rows, capacity * sizeof(*rows));

        if (rows == NULL) {
            return TAMIS_ENOMEM;
        }
        m->rows = rows;
        m->row_capacity = capacity;
    }
    return TAMIS_OK;
}

/* Whether the last edit to diagonal k with d edits was an addition (from k + 1) and not a removal.
 */
static bool comes_from_above(const myers *m, int32_t d, int32_t k)
{
    return k == -d || (k != d && row_get(m, d - 1, k - 1) < row_get(m, d - 1, k + 1));
}

static tamis_status myers_run(myers *m)
{
    bool may_end_early = m->a->is_cut || m->b->is_cut;

    for (int32_t d = 0; d <= m->a->count + m->b->count; d++) {
        tamis_status status = row_reserve(m, d);

        if (status != TAMIS_OK) {
            return status;
        }
        for (int32_t k = -d; k <= d; k += 2) {
            int32_t x = 0;
            int32_t y = 0;

            if (d > 0) {
                x = comes_from_above(m, d, k) ? row_get(m, d - 1, k + 1)
                                              : row_get(m, d - 1, k - 1) + 1;
            }
            y = x - k;
            while (x < m->a->count && y < m->b->count &&
                   is_same(m->a->text, m->a->words[x], m->b->text, m->b->words[y])) {
                x++;
                y++;
            }
            m->rows[row_begin(d) + (size_t)((k + d) / 2)] = x;
            if ((x >= m->a->count && y >= m->b->count) ||
                (may_end_early && (x >= m->a->count || y >= m->b->count))) {
                m->edits = d;
                m->x = x;
                m->y = y;
                return TAMIS_OK;
            }
        }
    }
    TAMIS_ASSERT(false); /* as many edits as words lead to the end */
    return TAMIS_OK;
}

/* The kind of every word on the path, in order: kinds[0 .. *out_count). */
static void myers_trace(const myers *m, uint8_t *kinds, size_t *out_count)
{
    size_t count = 0;
    int32_t x = m->x;
    int32_t y = m->y;

    for (int32_t d = m->edits; d > 0; d--) {
        bool is_added = comes_from_above(m, d, x - y);
        int32_t from_k = is_added ? x - y + 1 : x - y - 1;
        int32_t from_x = row_get(m, d - 1, from_k);
        int32_t from_y = from_x - from_k;

        for (int32_t equal = x - from_x - (is_added ? 0 : 1); equal > 0; equal--) {
            kinds[count++] = TAMIS_DIFF_EQUAL;
        }
        kinds[count++] = is_added ? TAMIS_DIFF_ADDED : TAMIS_DIFF_REMOVED;
        x = from_x;
        y = from_y;
    }
    for (; x > 0; x--) {
        kinds[count++] = TAMIS_DIFF_EQUAL;
    }
    for (size_t i = 0; i < count / 2; i++) {
        uint8_t kept = kinds[i];

        kinds[i] = kinds[count - 1 - i];
        kinds[count - 1 - i] = kept;
    }
    *out_count = count;
}

/* ---- Runs ---- */

typedef struct runs {
    tamis_diff *diff;
    tamis_slice a;
    tamis_slice b;
    size_t a_run; /* where the open runs of a and b began */
    size_t b_run;
    size_t a_end;
    size_t b_end;
} runs;

static void runs_put(runs *r, tamis_diff_kind kind, tamis_slice text, size_t begin, size_t end)
{
    tamis_diff_run *last = r->diff->count == 0 ? NULL : &r->diff->runs[r->diff->count - 1];

    if (begin == end) {
        return;
    }
    if (last != NULL && last->kind == kind &&
        last->text.data + last->text.size == text.data + begin) {
        last->text.size += end - begin;
        return;
    }
    r->diff->runs[r->diff->count++] =
        (tamis_diff_run){.kind = kind, .text = tamis_slice_of(text.data + begin, end - begin)};
}

/* Ends a change: what was removed first, then what was added. */
static void runs_end_change(runs *r)
{
    runs_put(r, TAMIS_DIFF_REMOVED, r->a, r->a_run, r->a_end);
    runs_put(r, TAMIS_DIFF_ADDED, r->b, r->b_run, r->b_end);
    r->a_run = r->a_end;
    r->b_run = r->b_end;
}

/* White space between two changes belongs to both: whole phrases are marked, not each word. */
static bool is_inside_change(const uint8_t *kinds, size_t count, size_t i, bool is_space)
{
    return is_space && i > 0 && i + 1 < count && kinds[i - 1] != TAMIS_DIFF_EQUAL &&
           kinds[i + 1] != TAMIS_DIFF_EQUAL;
}

static void runs_build(runs *r, const window *a, const window *b, const uint8_t *kinds,
                       size_t count)
{
    int32_t x = 0;
    int32_t y = 0;

    for (size_t i = 0; i < count; i++) {
        if (kinds[i] == TAMIS_DIFF_EQUAL &&
            !is_inside_change(kinds, count, i, a->words[x].is_space)) {
            runs_end_change(r);
            runs_put(r, TAMIS_DIFF_EQUAL, r->a, a->words[x].begin, a->words[x].end);
            r->a_run = a->words[x].end;
            r->b_run = b->words[y].end;
        }
        if (kinds[i] != TAMIS_DIFF_ADDED) {
            r->a_end = a->words[x++].end;
        }
        if (kinds[i] != TAMIS_DIFF_REMOVED) {
            r->b_end = b->words[y++].end;
        }
    }
    runs_end_change(r);
}

tamis_status tamis_diff_make(tamis_slice a, tamis_slice b, tamis_diff *out_diff)
{
    window *windows = calloc(2, sizeof(*windows));
    uint8_t *kinds = calloc(2 * TAMIS_DIFF_WORDS_MAX + 1, 1);
    tamis_diff diff = {0};
    myers m = {0};
    runs r = {.diff = &diff, .a = a, .b = b};
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    diff.runs = calloc(2 * TAMIS_DIFF_WORDS_MAX + 2, sizeof(*diff.runs));
    if (windows == NULL || kinds == NULL || diff.runs == NULL) {
        status = TAMIS_ENOMEM;
        goto out;
    }
    skip_head(a, b, &r.a_run, &r.b_run);
    window_fill(&windows[0], a, r.a_run);
    window_fill(&windows[1], b, r.b_run);
    m.a = &windows[0];
    m.b = &windows[1];
    status = myers_run(&m);
    if (status != TAMIS_OK) {
        goto out;
    }
    myers_trace(&m, kinds, &count);
    r.a_end = r.a_run;
    r.b_end = r.b_run;
    runs_put(&r, TAMIS_DIFF_EQUAL, a, 0, r.a_run);
    runs_build(&r, &windows[0], &windows[1], kinds, count);
    diff.is_cut = windows[0].is_cut || windows[1].is_cut;
    *out_diff = diff;
    diff.runs = NULL;
out:
    free(diff.runs);
    free(m.rows);
    free(kinds);
    free(windows);
    return status;
}

void tamis_diff_free(tamis_diff *diff)
{
    free(diff->runs);
    *diff = (tamis_diff){0};
}
