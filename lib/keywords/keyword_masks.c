/* SPDX-License-Identifier: Apache-2.0 */
#include "keyword_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Key bytes are loaded as they stand; masks number bytes from the lowest bit. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "keys are loaded little-endian");

static void masks_scalar(const uint8_t *text, size_t block_count, const keyword_set *word,
                         const keyword_set *special, bool is_lead_special, keyword_masks *out_masks)
{
    uint8_t all = 0;

    for (size_t block = 0; block < block_count; block++) {
        uint64_t in_word = 0;
        uint64_t in_special = 0;

        for (size_t i = 0; i < KEYWORD_BLOCK; i++) {
            uint8_t byte = text[block * KEYWORD_BLOCK + i];

            all |= byte;
            in_word |= (uint64_t)keyword_set_has(word, byte) << i;
            in_special |=
                (uint64_t)(keyword_set_has(special, byte) || (is_lead_special && byte >= 0xC0))
                << i;
        }
        out_masks->word[block] = in_word;
        out_masks->special[block] = in_special;
    }
    out_masks->has_high = all >= 0x80;
}

#if defined(__x86_64__)

typedef struct tables {
    __m256i word;
    __m256i special;
    __m256i high;
    __m256i lead;
} tables;

__attribute__((target("avx2"))) static inline uint64_t masks_half(const tables *with,
                                                                  const uint8_t *text,
                                                                  uint64_t *out_special,
                                                                  __m256i *all)
{
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i low = _mm256_and_si256(bytes, nibble);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
    __m256i bit = _mm256_shuffle_epi8(with->high, high);
    __m256i word = _mm256_and_si256(_mm256_shuffle_epi8(with->word, low), bit);
    __m256i special = _mm256_and_si256(_mm256_shuffle_epi8(with->special, low), bit);

    /* Leads: from 0xC0 on the signed value is -64 or more and below 0. */
    special = _mm256_or_si256(
        special,
        _mm256_and_si256(_mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(-65)),
                                          _mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes)),
                         with->lead));
    *all = _mm256_or_si256(*all, bytes);
    *out_special =
        (uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(special, _mm256_setzero_si256()));
    return (uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(word, _mm256_setzero_si256()));
}

__attribute__((target("avx2"))) static void masks_avx2(const uint8_t *text, size_t block_count,
                                                       const keyword_set *word,
                                                       const keyword_set *special,
                                                       bool is_lead_special,
                                                       keyword_masks *out_masks)
{
    const tables with = {
        .word =
            _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)word->low)),
        .special = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i *)(const void *)special->low)),
        .high = _mm256_broadcastsi128_si256(
            _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)-128, 0, 0, 0, 0, 0, 0, 0, 0)),
        .lead = _mm256_set1_epi8(is_lead_special ? -1 : 0),
    };
    __m256i all = _mm256_setzero_si256();

    for (size_t block = 0; block < block_count; block++) {
        const uint8_t *bytes = text + block * KEYWORD_BLOCK;
        uint64_t first = 0;
        uint64_t second = 0;
        uint64_t low = masks_half(&with, bytes, &first, &all);
        uint64_t high = masks_half(&with, bytes + 32, &second, &all);

        out_masks->word[block] = low | high << 32;
        out_masks->special[block] = first | second << 32;
    }
    out_masks->has_high = _mm256_movemask_epi8(all) != 0;
}

#endif

keyword_mask_kernel *keyword_mask_kernel_for(tamis_kernel kernel)
{
#if defined(__x86_64__)
    if (kernel != TAMIS_KERNEL_SCALAR) {
        return masks_avx2;
    }
#else
    (void)kernel;
#endif
    return masks_scalar;
}
