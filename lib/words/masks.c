/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to classes: the bit masks of view.h. */
#include "char_tables.h"
#include "tamis/utf8.h"
#include "view.h"
#include "word_vector.h"

/* Sets the bits of one character; those that fall behind the block go to `next`. */
TAMIS_ALWAYS_INLINE void set_bits(uint32_t class, uint64_t here, uint64_t there, tamis_masks *block,
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
    BITS_OF(breaks, TAMIS_CHAR_BREAK);
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
TAMIS_ALWAYS_INLINE void finish_block(const uint8_t *text, size_t left, tamis_masks *block,
                                      tamis_masks *spill)
{
    const uint64_t valid = left < 64 ? (1ull << left) - 1 : ~0ull;
    uint64_t high = ~block->ascii & valid;

    block->ascii &= valid;
    block->lead &= valid;
    block->breaks &= valid;
    block->alpha &= valid;
    block->word &= valid;
    block->upper &= valid;
    block->lower &= valid;
    block->punctuation &= valid;
    block->space |= ~valid;
    if (high != 0 || spill->lead != 0) {
        block->space |= spill->space;
        block->breaks |= spill->breaks;
        block->alpha |= spill->alpha;
        block->word |= spill->word;
        block->upper |= spill->upper;
        block->lower |= spill->lower;
        block->punctuation |= spill->punctuation;
        *spill = (tamis_masks){.lead = high >> 63};
        add_characters(text, high & block->lead, block, spill);
    }
}

static size_t fill_scalar(const uint8_t *text, size_t size, tamis_masks *out)
{
    tamis_masks spill = {0};
    size_t chars = 0;

    for (size_t i = 0; i <= size; i += 64) {
        const size_t left = size - i;
        tamis_masks block = {0};

        for (unsigned k = 0; k < 64 && k < left; k++) {
            const uint64_t bit = 1ull << k;
            const uint8_t byte = text[i + k];

            if ((byte & 0xC0) != 0x80) {
                block.lead |= bit;
                chars++;
            }
            if (byte < 0x80) {
                block.ascii |= bit;
                set_bits(tamis_char_class(byte), bit, 0, &block, &block);
            }
        }
        finish_block(text + i, left, &block, &spill);
        *out++ = block;
    }
    return chars;
}

#if TAMIS_HAVE_X86

/* What follows from the masks of ranges of bytes. */
TAMIS_ALWAYS_INLINE tamis_masks block_of(uint64_t ascii, uint64_t lead, uint64_t upper,
                                         uint64_t lower, uint64_t digits, uint64_t underscores)
{
    return (tamis_masks){.ascii = ascii,
                         .lead = lead,
                         .alpha = upper | lower,
                         .word = upper | lower | digits | underscores,
                         .upper = upper,
                         .lower = lower,
                         .punctuation = ascii & ~(upper | lower | digits)};
}

/* The bytes that are one of `count` values from `first` on. */
TAMIS_TARGET_AVX512 static inline uint64_t range_512(__m512i bytes, char first, char count)
{
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(first)),
                                  _mm512_set1_epi8(count));
}

TAMIS_TARGET_AVX512 static size_t fill_avx512(const uint8_t *text, size_t size, tamis_masks *out)
{
    tamis_masks spill = {0};
    size_t chars = 0;

    for (size_t i = 0; i <= size; i += 64) {
        const __m512i bytes = _mm512_loadu_si512(text + i);
        tamis_masks block = block_of(
            ~_mm512_movepi8_mask(bytes), _mm512_cmpge_epi8_mask(bytes, _mm512_set1_epi8(-64)),
            range_512(bytes, 'A', 26), range_512(bytes, 'a', 26), range_512(bytes, '0', 10),
            _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('_')));

        block.breaks = range_512(bytes, 0x0A, 4) | range_512(bytes, 0x1C, 3);
        block.space = range_512(bytes, 0x09, 5) | range_512(bytes, 0x1C, 5);
        block.punctuation &=
            ~(range_512(bytes, 0x09, 2) | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(' ')));
        finish_block(text + i, size - i, &block, &spill);
        chars += (size_t)__builtin_popcountll(block.lead);
        *out++ = block;
    }
    return chars;
}

typedef struct two_256 {
    __m256i low;
    __m256i high;
} two_256;

TAMIS_TARGET_AVX2 static inline uint64_t bits_256(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

TAMIS_TARGET_AVX2 static inline __m256i range_256(__m256i bytes, char first, char count)
{
    const __m256i moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));

    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8((char)(count - 1))), moved);
}

TAMIS_TARGET_AVX2 static inline uint64_t ranges_256(two_256 bytes, char first, char count)
{
    return bits_256(range_256(bytes.low, first, count), range_256(bytes.high, first, count));
}

TAMIS_TARGET_AVX2 static size_t fill_avx2(const uint8_t *text, size_t size, tamis_masks *out)
{
    const __m256i before_lead = _mm256_set1_epi8(-65);
    tamis_masks spill = {0};
    size_t chars = 0;

    for (size_t i = 0; i <= size; i += 64) {
        const two_256 bytes = {_mm256_loadu_si256((const __m256i *)(const void *)(text + i)),
                               _mm256_loadu_si256((const __m256i *)(const void *)(text + i + 32))};
        tamis_masks block = block_of(~bits_256(bytes.low, bytes.high),
                                     bits_256(_mm256_cmpgt_epi8(bytes.low, before_lead),
                                              _mm256_cmpgt_epi8(bytes.high, before_lead)),
                                     ranges_256(bytes, 'A', 26), ranges_256(bytes, 'a', 26),
                                     ranges_256(bytes, '0', 10), ranges_256(bytes, '_', 1));

        block.breaks = ranges_256(bytes, 0x0A, 4) | ranges_256(bytes, 0x1C, 3);
        block.space = ranges_256(bytes, 0x09, 5) | ranges_256(bytes, 0x1C, 5);
        block.punctuation &= ~(ranges_256(bytes, 0x09, 2) | ranges_256(bytes, ' ', 1));
        finish_block(text + i, size - i, &block, &spill);
        chars += (size_t)__builtin_popcountll(block.lead);
        *out++ = block;
    }
    return chars;
}

#endif

tamis_masks_fill *tamis_masks_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return fill_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return fill_avx2;
    }
#else
    (void)kernel;
#endif
    return fill_scalar;
}
