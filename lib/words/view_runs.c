/* SPDX-License-Identifier: Apache-2.0 */
/* Splitters whose words are runs of one class of characters: `ws`, `wordpunct`. */
#include "view.h"

typedef struct run_carry {
    uint64_t open;     /* the byte before is in a run */
    uint64_t flags[6]; /* the open run has had such a character */
} run_carry;

enum { FLAG_ALPHA, FLAG_ASCII_ALPHA, FLAG_OTHER, FLAG_UPPER, FLAG_LOWER, FLAG_ALNUM_FIRST };

/* Runs are ones in `runs`; adding some of a run's bits to the run carries into the bit behind it,
 * and only then: so the place where a run has ended learns whether the run had one of `having`. */
static inline uint64_t reached(uint64_t runs, uint64_t having, uint64_t *carry)
{
    uint64_t sum = 0;
    uint64_t over = __builtin_add_overflow(runs, having & runs, &sum) ? 1 : 0;

    over |= __builtin_add_overflow(sum, *carry, &sum) ? 1 : 0;
    *carry = over;
    return sum & ~runs;
}

/* What ends in one block, by place. */
typedef struct run_ends {
    uint64_t starts;
    uint64_t ends;
    uint64_t flags[6];
} run_ends;

static inline void runs_of(const tamis_masks *masks, uint64_t runs, run_carry *carry, run_ends *out)
{
    const uint64_t behind = runs << 1 | carry->open;
    const uint64_t starts = runs & ~behind;
    const uint64_t alnum = masks->word & ~(masks->punctuation & masks->ascii); /* not '_' */

    out->starts |= starts;
    out->ends |= ~runs & behind;
    out->flags[FLAG_ALPHA] |= reached(runs, masks->alpha, &carry->flags[FLAG_ALPHA]);
    out->flags[FLAG_ASCII_ALPHA] |=
        reached(runs, masks->alpha & masks->ascii, &carry->flags[FLAG_ASCII_ALPHA]);
    out->flags[FLAG_OTHER] |= reached(runs, ~masks->punctuation, &carry->flags[FLAG_OTHER]);
    out->flags[FLAG_UPPER] |= reached(runs, masks->upper, &carry->flags[FLAG_UPPER]);
    out->flags[FLAG_LOWER] |= reached(runs, masks->lower, &carry->flags[FLAG_LOWER]);
    out->flags[FLAG_ALNUM_FIRST] |= reached(runs, alnum & starts, &carry->flags[FLAG_ALNUM_FIRST]);
    carry->open = runs >> 63;
}

static inline void write_runs(const run_ends *block, size_t base, tamis_word_store *store)
{
    uint32_t *begin = tamis_numbers_of(&store->begin) + store->begin_count;
    uint32_t *end = tamis_numbers_of(&store->end) + store->count;
    uint8_t *flags = store->flags.data + store->count;
    const uint64_t upper = block->flags[FLAG_UPPER] & ~block->flags[FLAG_LOWER];
    size_t count = 0;

    for (uint64_t left = block->starts; left != 0; left &= left - 1) {
        begin[count++] = (uint32_t)(base + (size_t)__builtin_ctzll(left));
    }
    store->begin_count += count;
    count = 0;
    for (uint64_t left = block->ends; left != 0; left &= left - 1) {
        unsigned place = (unsigned)__builtin_ctzll(left);

        end[count] = (uint32_t)(base + place);
        flags[count++] =
            (uint8_t)((block->flags[FLAG_ALPHA] >> place & 1) |
                      (block->flags[FLAG_ASCII_ALPHA] >> place & 1) << 1 |
                      (~block->flags[FLAG_OTHER] >> place & 1) << 2 | (upper >> place & 1) << 3 |
                      (block->flags[FLAG_ALNUM_FIRST] >> place & 1) << 4);
    }
    store->count += count;
}

tamis_status tamis_split_runs(tamis_text_view *view, tamis_splitter splitter,
                              tamis_word_store *store)
{
    const tamis_masks *masks = tamis_masks_of(view);
    const size_t block_count = tamis_block_count(view);
    const size_t part = TAMIS_WORDS_ROOM / TAMIS_WORDS_BLOCK - 1;
    const bool is_ws = splitter == TAMIS_SPLITTER_WS;
    run_carry first = {0};
    run_carry second = {0};

    for (size_t i = 0; i < block_count;) {
        size_t stop = block_count - i < part ? block_count : i + part;
        tamis_status status = tamis_word_store_reserve(store);

        if (status != TAMIS_OK) {
            return status;
        }
        for (; i < stop; i++) {
            run_ends block = {0};

            if (is_ws) {
                runs_of(&masks[i], ~masks[i].space, &first, &block);
            } else {
                runs_of(&masks[i], masks[i].word, &first, &block);
                runs_of(&masks[i], ~masks[i].word & ~masks[i].space, &second, &block);
            }
            write_runs(&block, i * TAMIS_WORDS_BLOCK, store);
        }
    }
    TAMIS_ASSERT(store->begin_count == store->count);
    return TAMIS_OK;
}
