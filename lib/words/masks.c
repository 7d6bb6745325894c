/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to classes: the bit masks of view.h. */
#include "char_tables.h"
#include "tamis/utf8.h"
#include "view.h"

/* Sets the bits of one character; those that fall behind the block go to `next`. */
static inline void set_bits(uint32_t class, uint64_t here, uint64_t there, tamis_masks *block,
                            tamis_masks *next)
{
    const uint32_t lower = TAMIS_CHAR_LOWER | TAMIS_CHAR_TITLE;
#define BITS_OF(field, bits)                                                                       \
    do {                                                                                           \
        const uint64_t is_set = (class & (bits)) != 0 ? ~0ull : 0;                                 \
                                                                                                   \
        block->field |= here & is_set;                                                             \
        next->field |= there & is_set;                                                             \
    } while (0)
    BITS_OF(space, TAMIS_CHAR_SPACE);
    BITS_OF(alpha, TAMIS_CHAR_ALPHA);
    BITS_OF(word, TAMIS_CHAR_WORD);
    BITS_OF(upper, TAMIS_CHAR_UPPER);
    BITS_OF(lower, lower);
    BITS_OF(punctuation, TAMIS_CHAR_PUNCTUATION);
#undef BITS_OF
}

/* Adds the characters from 80 on that start in a block. */
static void add_characters(const uint8_t *text, uint64_t starts, tamis_masks *block,
                           tamis_masks *next)
{
    for (; starts != 0; starts &= starts - 1) {
        unsigned place = (unsigned)__builtin_ctzll(starts);
        uint32_t c = 0;
        unsigned length = (unsigned)tamis_utf8_decode(text + place, &c);
        uint64_t ones = (1ull << length) - 1;
        uint64_t there = place + length > 64 ? ones >> (64 - place) : 0;

        set_bits(tamis_char_class(c), ones << place, there, block, next);
    }
}

/* Bits of a block that are not of the text, and the characters that are not ASCII. */
static inline void finish_block(const uint8_t *text, size_t left, tamis_masks *block,
                                tamis_masks *spill)
{
    const uint64_t valid = left < 64 ? (1ull << left) - 1 : ~0ull;
    uint64_t high = ~block->ascii & valid;

    block->ascii &= valid;
    block->lead &= valid;
    block->alpha &= valid;
    block->word &= valid;
    block->upper &= valid;
    block->lower &= valid;
    block->punctuation &= valid;
    block->space |= ~valid;
    if (high != 0 || spill->lead != 0) {
        block->space |= spill->space;
        block->alpha |= spill->alpha;
        block->word |= spill->word;
        block->upper |= spill->upper;
        block->lower |= spill->lower;
        block->punctuation |= spill->punctuation;
        *spill = (tamis_masks){.lead = high >> 63};
        add_characters(text, high & block->lead, block, spill);
    }
}

static void fill_scalar(const uint8_t *text, size_t size, tamis_masks *out)
{
    tamis_masks spill = {0};

    for (size_t i = 0; i <= size; i += 64) {
        const size_t left = size - i;
        tamis_masks block = {0};

        for (unsigned k = 0; k < 64 && k < left; k++) {
            const uint64_t bit = 1ull << k;
            const uint8_t byte = text[i + k];

            block.lead |= (byte & 0xC0) != 0x80 ? bit : 0;
            if (byte < 0x80) {
                block.ascii |= bit;
                set_bits(tamis_char_class(byte), bit, 0, &block, &block);
            }
        }
        finish_block(text + i, left, &block, &spill);
        *out++ = block;
    }
}

tamis_masks_fill *tamis_masks_kernel(tamis_kernel kernel)
{
    (void)kernel;
    return fill_scalar;
}
