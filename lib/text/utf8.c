/* SPDX-License-Identifier: Apache-2.0 */
/* Validation looks at windows of 64 bytes, of which the first 3 lie in the window before: the bytes
 * that a sequence needs before it are always there, so no state is carried. In a window, one bit a
 * byte says what the byte is (masks of struct byte_classes); where a continuation byte must stand
 * follows from the leads by shifts, and every bit in which "must" and "is" differ is an error. The
 * lowest one is where decoding would have stopped, whatever comes behind it.
 */
#include "tamis/utf8.h"

#include "tamis/cpu.h"
#include "vector.h"

#define WINDOW_BYTES  64
#define WINDOW_STRIDE 61 /* a sequence has at most 3 bytes before its last */

static const uint8_t replacement[3] = {0xEF, 0xBF, 0xBD}; /* U+FFFD */

static size_t sequence_check(const uint8_t *bytes, size_t size, bool *out_is_valid);
static size_t valid_prefix_scalar(tamis_slice text);
#if TAMIS_HAVE_X86
static size_t valid_prefix_avx2(tamis_slice text);
static size_t valid_prefix_avx512(tamis_slice text);
#endif

size_t tamis_utf8_valid_prefix(tamis_slice text)
{
#if TAMIS_HAVE_X86
    switch (tamis_kernel_best()) {
    case TAMIS_KERNEL_AVX512:
        return valid_prefix_avx512(text);
    case TAMIS_KERNEL_AVX2:
        return valid_prefix_avx2(text);
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
#endif
    return valid_prefix_scalar(text);
}

tamis_status tamis_utf8_repair(tamis_slice text, tamis_buf *out)
{
    tamis_slice rest = text;
    tamis_status status = tamis_buf_reserve(out, text.size);

    while (status == TAMIS_OK && rest.size != 0) {
        size_t good = tamis_utf8_valid_prefix(rest);

        status = tamis_buf_append(out, rest.data, good);
        rest = tamis_slice_of(rest.data + good, rest.size - good);
        /* Faults come in runs (another encoding, zeros): no new search between neighbors. */
        while (status == TAMIS_OK && rest.size != 0) {
            bool is_valid = false;
            size_t length = sequence_check(rest.data, rest.size, &is_valid);

            if (is_valid) {
                break;
            }
            status = tamis_buf_append(out, replacement, sizeof(replacement));
            rest = tamis_slice_of(rest.data + length, rest.size - length);
        }
    }
    return status;
}

/* Looks at the sequence that starts here (size > 0): its length when it is valid and not U+0000,
 * otherwise the length of the maximal subpart that one U+FFFD replaces (The Unicode Standard,
 * section 3.9, tables 3-7 and 3-8). */
static size_t sequence_check(const uint8_t *bytes, size_t size, bool *out_is_valid)
{
    uint8_t lead = bytes[0];
    uint8_t low = 0x80; /* range of the second byte */
    uint8_t high = 0xBF;
    size_t need = 0;

    *out_is_valid = false;
    if (lead < 0x80) {
        *out_is_valid = lead != 0;
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 1;
    }
    need = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead == 0xE0) {
        low = 0xA0; /* below: overlong */
    } else if (lead == 0xED) {
        high = 0x9F; /* above: surrogates */
    } else if (lead == 0xF0) {
        low = 0x90; /* below: overlong */
    } else if (lead == 0xF4) {
        high = 0x8F; /* above: past U+10FFFF */
    }
    if (size < 2 || bytes[1] < low || bytes[1] > high) {
        return 1;
    }
    for (size_t i = 2; i < need; i++) {
        if (i >= size || (bytes[i] & 0xC0) != 0x80) {
            return i;
        }
    }
    *out_is_valid = true;
    return need;
}

static size_t valid_prefix_scalar(tamis_slice text)
{
    size_t i = 0;

    while (i < text.size) {
        bool is_valid = false;
        size_t length = 0;

        while (i + 8 <= text.size) {
            uint64_t word = 0;

            memcpy(&word, text.data + i, 8);
            /* Stops at a byte with the top bit and, by the borrow, at a zero byte. */
            if (((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) != 0) {
                break;
            }
            i += 8;
        }
        if (i == text.size) {
            break;
        }
        length = sequence_check(text.data + i, text.size - i, &is_valid);
        if (!is_valid) {
            break;
        }
        i += length;
    }
    return i;
}

#if TAMIS_HAVE_X86

/* One bit a byte of a window. */
typedef struct byte_classes {
    uint64_t is_zero;
    uint64_t is_high;          /* 80.. */
    uint64_t is_continuation;  /* 80..BF */
    uint64_t from_c2, from_e0; /* that byte and all above it */
    uint64_t from_f0, from_f5;
    uint64_t below_90, below_a0; /* meaningful for bytes from 80 */
    uint64_t is_e0, is_ed, is_f0, is_f4;
} byte_classes;

/* Bits at which decoding fails. The first 3 bits need the window before. */
static inline uint64_t window_errors(const byte_classes *classes, uint64_t *out_must_continue)
{
    uint64_t lead2 = classes->from_c2 & ~classes->from_f5;
    uint64_t lead3 = classes->from_e0 & ~classes->from_f5;
    uint64_t lead4 = classes->from_f0 & ~classes->from_f5;
    uint64_t must_continue = lead2 << 1 | lead3 << 2 | lead4 << 3;
    uint64_t never = (classes->is_high & ~classes->is_continuation & ~lead2) | classes->is_zero;
    uint64_t second =
        (classes->is_e0 << 1 & classes->below_a0) | (classes->is_ed << 1 & ~classes->below_a0) |
        (classes->is_f0 << 1 & classes->below_90) | (classes->is_f4 << 1 & ~classes->below_90);

    *out_must_continue = must_continue;
    return (must_continue ^ classes->is_continuation) | never | second;
}

/* Where the sequence starts that fails at byte `at`. */
static size_t fault_start(const uint8_t *bytes, size_t at, bool is_inside)
{
    if (!is_inside) {
        return at;
    }
    do {
        at--;
    } while ((bytes[at] & 0xC0) == 0x80);
    return at;
}

TAMIS_TARGET_AVX512 static inline __m512i window_load_512(tamis_slice text, size_t first)
{
    size_t left = text.size - first;
    __m512i bytes = _mm512_loadu_si512(text.data + first);

    if (left >= WINDOW_BYTES) {
        return bytes;
    }
    /* Spaces behind the end: a sequence that is cut off fails at the first of them. */
    return _mm512_mask_blend_epi8(~0ull << left, bytes, _mm512_set1_epi8(' '));
}

TAMIS_TARGET_AVX512 static inline void classify_512(__m512i bytes, byte_classes *out)
{
#define FROM(value) _mm512_cmpge_epu8_mask(bytes, _mm512_set1_epi8((char)(value)))
#define IS(value)   _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)(value)))
    out->is_zero = _mm512_testn_epi8_mask(bytes, bytes);
    out->is_high = _mm512_movepi8_mask(bytes);
    out->is_continuation = _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8((char)0xC0));
    out->from_c2 = FROM(0xC2);
    out->from_e0 = FROM(0xE0);
    out->from_f0 = FROM(0xF0);
    out->from_f5 = FROM(0xF5);
    out->below_90 = ~FROM(0x90);
    out->below_a0 = ~FROM(0xA0);
    out->is_e0 = IS(0xE0);
    out->is_ed = IS(0xED);
    out->is_f0 = IS(0xF0);
    out->is_f4 = IS(0xF4);
#undef FROM
#undef IS
}

TAMIS_TARGET_AVX512 static size_t valid_prefix_avx512(tamis_slice text)
{
    uint64_t wanted = ~0ull; /* the first window has nothing before it */

    for (size_t first = 0; first < text.size; first += WINDOW_STRIDE) {
        __m512i bytes = window_load_512(text, first);
        byte_classes classes;
        uint64_t must_continue = 0;
        uint64_t errors = 0;

        while (first + 4 * WINDOW_BYTES <= text.size) {
            const uint8_t *next = text.data + first;
            __m512i a = _mm512_min_epi8(bytes, _mm512_loadu_si512(next + WINDOW_BYTES));
            __m512i b = _mm512_min_epi8(_mm512_loadu_si512(next + 2 * (size_t)WINDOW_BYTES),
                                        _mm512_loadu_si512(next + 3 * (size_t)WINDOW_BYTES));

            if (_mm512_cmple_epi8_mask(_mm512_min_epi8(a, b), _mm512_setzero_si512()) != 0) {
                break;
            }
            first += 3 * WINDOW_BYTES + WINDOW_STRIDE;
            wanted = ~7ull;
            bytes = window_load_512(text, first);
        }
        if (_mm512_cmple_epi8_mask(bytes, _mm512_setzero_si512()) != 0) {
            classify_512(bytes, &classes);
            errors = window_errors(&classes, &must_continue) & wanted;
            if (errors != 0) {
                unsigned bit = (unsigned)__builtin_ctzll(errors);

                return fault_start(text.data, first + bit, (must_continue >> bit & 1) != 0);
            }
        }
        wanted = ~7ull;
    }
    return text.size;
}

TAMIS_TARGET_AVX2 static inline uint64_t mask_from(__m256i low, __m256i high, uint8_t value)
{
    __m256i bound = _mm256_set1_epi8((char)value);

    return mask_of_bytes(_mm256_cmpeq_epi8(_mm256_max_epu8(low, bound), low),
                         _mm256_cmpeq_epi8(_mm256_max_epu8(high, bound), high));
}

TAMIS_TARGET_AVX2 static inline uint64_t mask_is(__m256i low, __m256i high, uint8_t value)
{
    __m256i wanted = _mm256_set1_epi8((char)value);

    return mask_of_bytes(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

TAMIS_TARGET_AVX2 static inline void classify_256(__m256i low, __m256i high, byte_classes *out)
{
    uint64_t from_c0 = mask_from(low, high, 0xC0);

    out->is_zero = mask_is(low, high, 0);
    out->is_high = mask_of_bytes(low, high);
    out->is_continuation = out->is_high & ~from_c0;
    out->from_c2 = mask_from(low, high, 0xC2);
    out->from_e0 = mask_from(low, high, 0xE0);
    out->from_f0 = mask_from(low, high, 0xF0);
    out->from_f5 = mask_from(low, high, 0xF5);
    out->below_90 = ~mask_from(low, high, 0x90);
    out->below_a0 = ~mask_from(low, high, 0xA0);
    out->is_e0 = mask_is(low, high, 0xE0);
    out->is_ed = mask_is(low, high, 0xED);
    out->is_f0 = mask_is(low, high, 0xF0);
    out->is_f4 = mask_is(low, high, 0xF4);
}

/* All bytes of both are 01..7F. */
TAMIS_TARGET_AVX2 static inline bool is_plain_256(__m256i low, __m256i high)
{
    __m256i least = _mm256_min_epi8(low, high);

    return _mm256_movemask_epi8(_mm256_cmpgt_epi8(least, _mm256_setzero_si256())) == -1;
}

TAMIS_TARGET_AVX2 static size_t valid_prefix_avx2(tamis_slice text)
{
    uint64_t wanted = ~0ull; /* the first window has nothing before it */

    for (size_t first = 0; first < text.size; first += WINDOW_STRIDE) {
        size_t left = text.size - first;
        uint8_t last[WINDOW_BYTES];
        const uint8_t *window = text.data + first;
        __m256i low, high;
        byte_classes classes;
        uint64_t must_continue = 0;
        uint64_t errors = 0;

        if (left < WINDOW_BYTES) {
            memset(last, ' ', sizeof(last)); /* a sequence that is cut off fails there */
            memcpy(last, window, left);
            window = last;
        }
        low = load_256(window);
        high = load_256(window + WINDOW_BYTES / 2);
        if (!is_plain_256(low, high)) {
            classify_256(low, high, &classes);
            errors = window_errors(&classes, &must_continue) & wanted;
            if (errors != 0) {
                unsigned bit = (unsigned)__builtin_ctzll(errors);

                return fault_start(text.data, first + bit, (must_continue >> bit & 1) != 0);
            }
        }
        wanted = ~7ull;
    }
    return text.size;
}

#endif
