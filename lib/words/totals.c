/* SPDX-License-Identifier: Apache-2.0 */
/* How many characters of each class a text has. */
#include "char_tables.h"
#include "tamis/utf8.h"
#include "view.h"
#include "word_vector.h"

TAMIS_ALWAYS_INLINE size_t ones(uint64_t bits)
{
    return (size_t)__builtin_popcountll(bits);
}

/* What the masks say of whole blocks: all of ASCII, and each class that has a mask. */
TAMIS_ALWAYS_INLINE void add_block(const tamis_masks *block, tamis_totals *totals)
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

static void add_scalar(const tamis_masks *masks, size_t count, const uint8_t *text,
                       tamis_totals *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = text + i * TAMIS_WORDS_BLOCK;

        add_block(&masks[i], out);
        for (uint64_t left = masks[i].ascii & masks[i].punctuation; left != 0; left &= left - 1) {
            const uint8_t byte = bytes[__builtin_ctzll(left)];

            out->terminal += byte == '.' || byte == '!' || byte == '?';
        }
        for (uint64_t left = masks[i].ascii & masks[i].breaks; left != 0; left &= left - 1) {
            out->newlines += bytes[__builtin_ctzll(left)] == '\n';
        }
    }
}

#if TAMIS_HAVE_X86

TAMIS_TARGET_AVX512 static void add_avx512(const tamis_masks *masks, size_t count,
                                           const uint8_t *text, tamis_totals *out)
{
    for (size_t i = 0; i < count; i++) {
        const __m512i bytes = _mm512_loadu_si512(text + i * TAMIS_WORDS_BLOCK);
        const uint64_t terminal = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('.')) |
                                  _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('!')) |
                                  _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('?'));

        add_block(&masks[i], out);
        out->terminal += ones(terminal & masks[i].ascii);
        out->newlines +=
            ones(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')) & masks[i].ascii);
    }
}

TAMIS_TARGET_AVX2 static inline uint64_t equal_256(const uint8_t *bytes, char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));

    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32;
}

TAMIS_TARGET_AVX2 static void add_avx2(const tamis_masks *masks, size_t count, const uint8_t *text,
                                       tamis_totals *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = text + i * TAMIS_WORDS_BLOCK;
        const uint64_t terminal =
            equal_256(bytes, '.') | equal_256(bytes, '!') | equal_256(bytes, '?');

        add_block(&masks[i], out);
        out->terminal += ones(terminal & masks[i].ascii);
        out->newlines += ones(equal_256(bytes, '\n') & masks[i].ascii);
    }
}

#endif

tamis_masks_add *tamis_totals_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    if (kernel == TAMIS_KERNEL_AVX512) {
        return add_avx512;
    }
    if (kernel == TAMIS_KERNEL_AVX2) {
        return add_avx2;
    }
#else
    (void)kernel;
#endif
    return add_scalar;
}

tamis_status tamis_text_view_totals(tamis_text_view *view, tamis_totals *out_totals, tamis_err *err)
{
    tamis_totals totals = {0};

    if (!view->has_totals) {
        const size_t count = tamis_block_count(view);

        if (tamis_view_need_masks(view) != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the counts of a text");
        }
        view->add_masks(tamis_masks_of(view), count, view->text.data, &totals);
        totals.digit = totals.decimal;
        totals.numeric = totals.decimal;
        for (size_t i = 0; i < count && totals.chars != view->text.size; i++) {
            const tamis_masks *block = &tamis_masks_of(view)[i];

            add_characters(view->text.data + i * TAMIS_WORDS_BLOCK, block->lead & ~block->ascii,
                           &totals);
        }
        view->totals = totals;
        view->has_totals = true;
    }
    *out_totals = view->totals;
    return TAMIS_OK;
}
