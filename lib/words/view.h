/* SPDX-License-Identifier: Apache-2.0 */
/* view.h - the insides of a view that its parts share.
 *
 * A text is looked at once, 64 bytes at a time: for each block there is a bit a byte for each class
 * of characters (all bytes of a character have its bits). Words, flags and counts are then computed
 * on these bits. There is always a block more than whole ones, so that each word ends inside one;
 * bytes behind the text are white space in it.
 */
#ifndef TAMIS_WORDS_VIEW_H
#define TAMIS_WORDS_VIEW_H

#include "tamis/cpu.h"
#include "tamis/words.h"

#define TAMIS_WORDS_BLOCK 64

typedef struct tamis_masks {
    uint64_t ascii; /* bytes below 80 */
    uint64_t lead;  /* first bytes of characters */
    uint64_t space;
    uint64_t breaks; /* ends a line of str.splitlines() */
    uint64_t alpha;
    uint64_t word;
    uint64_t upper;
    uint64_t lower; /* and title case */
    uint64_t punctuation;
} tamis_masks;

/* Fills the blocks of a text: size / 64 + 1 of them; returns the number of its characters. */
typedef size_t tamis_masks_fill(const uint8_t *text, size_t size, tamis_masks *out);
tamis_masks_fill *tamis_masks_kernel(tamis_kernel kernel);

/* Splits blocks first..stop, of which runs of one class (`ws`) or of two are words, and appends to
 * the store, which has room. */
typedef struct tamis_run_carry {
    uint64_t open;     /* the byte before is in a run */
    uint64_t flags[6]; /* the open run has had such a character */
} tamis_run_carry;
typedef struct tamis_word_store tamis_word_store;
typedef void tamis_runs_split(const tamis_masks *masks, size_t first, size_t stop, bool is_ws,
                              tamis_run_carry carry[2], tamis_word_store *store);
tamis_runs_split *tamis_runs_kernel(tamis_kernel kernel);

/* Adds up the masks of a text's blocks; what they do not say of characters from 80 on is left. */
typedef void tamis_masks_add(const tamis_masks *masks, size_t count, const uint8_t *text,
                             tamis_totals *out);
tamis_masks_add *tamis_totals_kernel(tamis_kernel kernel);

/* Words while they are written: arrays with room for at least TAMIS_WORDS_ROOM more words. */
#define TAMIS_WORDS_ROOM 4096u
struct tamis_word_store {
    tamis_buf begin; /* uint32_t each */
    tamis_buf end;
    tamis_buf chars;
    tamis_buf flags; /* uint8_t */
    size_t begin_count;
    size_t count; /* of ends and flags */
    bool is_ready;
};

typedef struct tamis_line_store {
    tamis_buf begin; /* uint32_t each */
    tamis_buf end;
    tamis_buf next;
    tamis_buf chars;
    size_t count;
    bool is_ready;
} tamis_line_store;

/* A piece of text while the rules of treebank.c cut it; zeros at first. */
typedef struct tamis_treebank {
    uint32_t *points;  /* code points */
    uint32_t *offsets; /* of each in the text, and of the end */
    uint8_t *cut;      /* count + 1 gaps */
    size_t count;
    bool is_start; /* the text begins here */
    bool is_end;
    tamis_buf memory[3];
} tamis_treebank;

struct tamis_text_view {
    tamis_slice text;
    tamis_kernel kernel;
    tamis_masks_fill *fill;
    tamis_runs_split *split_runs;
    tamis_masks_add *add_masks;
    uint32_t ngram;
    size_t chars;
    size_t sentence_counts[2];
    tamis_totals totals;
    tamis_buf masks;  /* tamis_masks of each block */
    tamis_buf before; /* uint32_t a block: code points before it; empty: all is ASCII */
    tamis_buf lower;
    tamis_treebank treebank;
    tamis_buf sentences; /* ends of sentences (sentence_rule.h), uint32_t */
    tamis_word_store words[TAMIS_SPLITTER_COUNT];
    tamis_line_store lines[TAMIS_LINES_SPLIT_COUNT];
    bool has_chars;
    bool has_masks;
    bool has_before;
    bool has_totals;
    bool has_lower;
    bool has_sentences[2];
    bool has_sentence_ends;
};

/* Room for TAMIS_WORDS_ROOM words more. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_word_store_reserve(tamis_word_store *store);

static inline uint32_t *tamis_numbers_of(const tamis_buf *buf)
{
    return (uint32_t *)(void *)buf->data;
}

static inline const tamis_masks *tamis_masks_of(const tamis_text_view *view)
{
    return (const tamis_masks *)(const void *)view->masks.data;
}

static inline size_t tamis_block_count(const tamis_text_view *view)
{
    return view->text.size / TAMIS_WORDS_BLOCK + 1;
}

/* Adds a word; there is room (_reserve). */
static inline void tamis_word_store_add(tamis_word_store *store, size_t begin, size_t end,
                                        uint32_t flags)
{
    tamis_numbers_of(&store->begin)[store->count] = (uint32_t)begin;
    tamis_numbers_of(&store->end)[store->count] = (uint32_t)end;
    store->flags.data[store->count] = (uint8_t)flags;
    store->count++;
}

/* Makes sure that _add has room for one word. TAMIS_ENOMEM. */
TAMIS_MUST_USE
static inline tamis_status tamis_word_store_need_one(tamis_word_store *store)
{
    return store->count < store->flags.capacity ? TAMIS_OK : tamis_word_store_reserve(store);
}

/* Makes sure that view->masks and what char_offset needs are there. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_view_need_masks(tamis_text_view *view);
TAMIS_MUST_USE
tamis_status tamis_view_need_before(tamis_text_view *view);

/* Code points before `offset`; _need_before went before. */
static inline size_t tamis_view_offset(const tamis_text_view *view, size_t offset)
{
    size_t block = offset / TAMIS_WORDS_BLOCK;
    uint64_t below = (1ull << offset % TAMIS_WORDS_BLOCK) - 1;

    if (view->before.size == 0) {
        return offset;
    }
    return tamis_numbers_of(&view->before)[block] +
           (size_t)__builtin_popcountll(tamis_masks_of(view)[block].lead & below);
}

/* Code points of each of the ranges begin..end; _need_before went before. */
void tamis_view_count_chars(const tamis_text_view *view, const uint32_t *begin, const uint32_t *end,
                            size_t count, uint32_t *out);

/* The flags of a word, from its characters. */
uint32_t tamis_word_flags(tamis_slice word);

/* The bits of a word of 1 to 64 bytes in one mask of its first block and of the next. */
static inline uint64_t tamis_mask_window(uint64_t here, uint64_t next, unsigned place, size_t size)
{
    return (here >> place | (place != 0 ? next << (64 - place) : 0)) & ~0ull >> (64 - size);
}

/* The flags of bytes begin..end of the text, which are not empty; _need_masks went before. */
static inline uint32_t tamis_view_word_flags(const tamis_text_view *view, size_t begin, size_t end)
{
    const tamis_masks *here = tamis_masks_of(view) + begin / TAMIS_WORDS_BLOCK;
    const unsigned place = (unsigned)(begin % TAMIS_WORDS_BLOCK);
    const size_t size = end - begin;
    const tamis_masks *next = place + size > TAMIS_WORDS_BLOCK ? here + 1 : here;
    const uint8_t first = view->text.data[begin];
    uint64_t alpha = 0;
    uint64_t upper = 0;
    uint32_t flags = 0;

    if (size > TAMIS_WORDS_BLOCK || first >= 0x80) {
        return tamis_word_flags(tamis_slice_of(view->text.data + begin, size));
    }
    alpha = tamis_mask_window(here->alpha, next->alpha, place, size);
    upper = tamis_mask_window(here->upper, next->upper, place, size);
    flags = alpha != 0 ? TAMIS_WORD_ALPHA : 0;
    if ((alpha & tamis_mask_window(here->ascii, next->ascii, place, size)) != 0) {
        flags |= TAMIS_WORD_ASCII_ALPHA;
    }
    if (tamis_mask_window(~here->punctuation, ~next->punctuation, place, size) == 0) {
        flags |= TAMIS_WORD_PUNCTUATION;
    }
    if (upper != 0 && tamis_mask_window(here->lower, next->lower, place, size) == 0) {
        flags |= TAMIS_WORD_UPPER;
    }
    return flags | ((here->word >> place & 1) != 0 && first != '_' ? TAMIS_WORD_ALNUM_FIRST : 0);
}

/* The splitters: each appends to the store, but for `chars` of what is no literal, which the caller
 * fills in. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_split_runs(tamis_text_view *view, tamis_splitter splitter,
                              tamis_word_store *store);
TAMIS_MUST_USE
tamis_status tamis_split_uax29(tamis_text_view *view, bool is_alnum_only, tamis_word_store *store);
TAMIS_MUST_USE
tamis_status tamis_split_fasttext(tamis_text_view *view, tamis_word_store *store);
TAMIS_MUST_USE
tamis_status tamis_split_char_ngrams(tamis_text_view *view, const tamis_words *words,
                                     tamis_word_store *store);

/* The ends of sentences, in view->sentences. */
TAMIS_MUST_USE
tamis_status tamis_view_need_sentences(tamis_text_view *view, tamis_err *err);

#endif
