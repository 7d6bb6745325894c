/* SPDX-License-Identifier: Apache-2.0 */
/* How many characters of each class a text has. */
#include "char_tables.h"
#include "tamis/utf8.h"
#include "view.h"

static size_t ones(uint64_t bits)
{
    return (size_t)__builtin_popcountll(bits);
}

/* What the masks say of whole blocks: all of ASCII, and each class that has a mask. */
static void add_block(const tamis_masks *block, tamis_totals *totals)
{
    const uint64_t valid = block->lead;
    const uint64_t letters = block->alpha & valid;
    const uint64_t digits = block->word & block->ascii & ~block->alpha & ~block->punctuation;

    totals->chars += ones(valid);
    totals->space += ones(block->space & valid);
    totals->alpha += ones(letters);
    totals->alnum += ones(letters | digits);
    totals->decimal += ones(digits);
    totals->upper += ones(block->upper & valid);
    totals->punctuation += ones(block->punctuation & valid);
    totals->lower += ones(block->lower & block->ascii);
}

/* What the masks do not say of characters from 80 on. */
static void add_characters(const uint8_t *text, uint64_t starts, tamis_totals *totals)
{
    for (; starts != 0; starts &= starts - 1) {
        uint32_t c = 0;
        uint32_t class = 0;

        (void)tamis_utf8_decode(text + __builtin_ctzll(starts), &c);
        class = tamis_char_class(c);
        totals->alnum += (class & (TAMIS_CHAR_ALNUM | TAMIS_CHAR_ALPHA)) == TAMIS_CHAR_NUMERIC;
        totals->decimal += (class & TAMIS_CHAR_DECIMAL) != 0;
        totals->digit += (class & TAMIS_CHAR_DIGIT) != 0;
        totals->numeric += (class & TAMIS_CHAR_NUMERIC) != 0;
        totals->lower += (class & TAMIS_CHAR_LOWER) != 0;
        totals->terminal += (class & TAMIS_CHAR_TERMINAL) != 0;
    }
}

static size_t count_bytes(tamis_slice text, uint8_t byte)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == byte ? 1 : 0;
    }
    return count;
}

tamis_status tamis_text_view_totals(tamis_text_view *view, tamis_totals *out_totals, tamis_err *err)
{
    tamis_totals totals = {0};

    if (!view->has_totals) {
        const size_t count = tamis_block_count(view);

        if (tamis_view_need_masks(view) != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the counts of a text");
        }
        for (size_t i = 0; i < count; i++) {
            add_block(&tamis_masks_of(view)[i], &totals);
        }
        totals.digit = totals.decimal;
        totals.numeric = totals.decimal;
        for (size_t i = 0; i < count && totals.chars != view->text.size; i++) {
            const tamis_masks *block = &tamis_masks_of(view)[i];

            add_characters(view->text.data + i * TAMIS_WORDS_BLOCK, block->lead & ~block->ascii,
                           &totals);
        }
        totals.newlines = count_bytes(view->text, '\n');
        totals.terminal += count_bytes(view->text, '.') + count_bytes(view->text, '!') +
                           count_bytes(view->text, '?');
        view->totals = totals;
        view->has_totals = true;
    }
    *out_totals = view->totals;
    return TAMIS_OK;
}
