/* SPDX-License-Identifier: Apache-2.0 */
#include "reference_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "tamis/utf8.h"

typedef enum kind { KIND_SEPARATOR, KIND_WORD, KIND_SOLO, KIND_MARK, KIND_OWN } kind;

static bool is_in(uint32_t c, uint32_t first, uint32_t last)
{
    return c >= first && c <= last;
}

static bool is_solo(uint32_t c)
{
    return is_in(c, 0x0E00, 0x0FFF) || is_in(c, 0x1000, 0x109F) || is_in(c, 0x1780, 0x17FF) ||
           is_in(c, 0x19E0, 0x19FF) || is_in(c, 0x1A20, 0x1AAF) || is_in(c, 0x2E80, 0x2FDF) ||
           is_in(c, 0x3005, 0x3007) || is_in(c, 0x3021, 0x3029) || is_in(c, 0x3031, 0x3035) ||
           is_in(c, 0x3038, 0x303C) || is_in(c, 0x3040, 0x30FF) || is_in(c, 0x3100, 0x312F) ||
           is_in(c, 0x31A0, 0x31BF) || is_in(c, 0x31F0, 0x31FF) || is_in(c, 0x3400, 0x4DBF) ||
           is_in(c, 0x4E00, 0x9FFF) || is_in(c, 0xA000, 0xA4CF) || is_in(c, 0xA9E0, 0xA9FF) ||
           is_in(c, 0xAA60, 0xAA7F) || is_in(c, 0xF900, 0xFAFF) || is_in(c, 0x1B000, 0x1B16F) ||
           is_in(c, 0x20000, 0x3FFFF);
}

static kind kind_of(uint32_t c, tamis_profile profile)
{
    char general = utf8proc_category_string((utf8proc_int32_t)c)[0];

    if (general == 'M') {
        return KIND_MARK;
    }
    if (general == 'L' || general == 'N' || (profile == TAMIS_PROFILE_CODE && c == '_')) {
        return is_solo(c) ? KIND_SOLO : KIND_WORD;
    }
    if (profile == TAMIS_PROFILE_TEXT || general == 'Z' || general == 'C') {
        return KIND_SEPARATOR;
    }
    return KIND_OWN;
}

/* The code points of the text in the form that `options` describe. */
static uint32_t *map_text(tamis_slice text, int options, size_t *out_count)
{
    size_t room = 20 * text.size + 64;
    utf8proc_int32_t *points = malloc(room * sizeof(*points));
    utf8proc_ssize_t count = 0;

    assert_non_null(points);
    count = utf8proc_decompose(text.data, (utf8proc_ssize_t)text.size, points,
                               (utf8proc_ssize_t)room, (utf8proc_option_t)options);
    assert_true(count >= 0 && (size_t)count < room);
    count = utf8proc_normalize_utf32(points, count, (utf8proc_option_t)options);
    assert_true(count >= 0);
    *out_count = (size_t)count;
    return (uint32_t *)points;
}

static void append_point(tamis_buf *out, uint32_t point)
{
    uint8_t bytes[4];

    assert_int_equal(tamis_buf_append(out, bytes, tamis_utf8_encode(point, bytes)), TAMIS_OK);
}

static void token_start(reference_tokens *out)
{
    assert_int_equal(tamis_buf_append(&out->offsets, &out->bytes.size, sizeof(size_t)), TAMIS_OK);
    out->count++;
}

void reference_tokenize(tamis_slice text, tamis_profile profile, reference_tokens *out)
{
    int options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_IGNORE;
    enum { OPEN_NONE, OPEN_WORD, OPEN_SOLO } open = OPEN_NONE;
    size_t count = 0;
    uint32_t *points = NULL;

    *out = (reference_tokens){0};
    if (profile == TAMIS_PROFILE_TEXT) {
        options |= UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    }
    points = map_text(text, options, &count);
    for (size_t i = 0; i < count; i++) {
        switch (kind_of(points[i], profile)) {
        case KIND_SEPARATOR:
            open = OPEN_NONE;
            continue;
        case KIND_MARK:
            if (open == OPEN_NONE) {
                token_start(out);
                open = OPEN_WORD;
            }
            break;
        case KIND_WORD:
            if (open != OPEN_WORD) {
                token_start(out);
            }
            open = OPEN_WORD;
            break;
        case KIND_SOLO:
            token_start(out);
            open = OPEN_SOLO;
            break;
        case KIND_OWN:
            token_start(out);
            open = OPEN_NONE;
            break;
        }
        append_point(&out->bytes, points[i]);
    }
    assert_int_equal(tamis_buf_append(&out->offsets, &out->bytes.size, sizeof(size_t)), TAMIS_OK);
    free(points);
}

void reference_tokens_fini(reference_tokens *tokens)
{
    tamis_buf_fini(&tokens->bytes);
    tamis_buf_fini(&tokens->offsets);
}

tamis_slice reference_token(const reference_tokens *tokens, size_t index)
{
    size_t range[2];

    memcpy(range, tokens->offsets.data + index * sizeof(size_t), sizeof(range));
    return tamis_slice_of(tokens->bytes.data + range[0], range[1] - range[0]);
}

void reference_fold(tamis_slice text, tamis_buf *out)
{
    size_t count = 0;
    uint32_t *points = map_text(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &count);
    bool is_white_due = false;
    size_t first = out->size;

    for (size_t i = 0; i < count; i++) {
        uint32_t c = points[i];

        if (is_in(c, 0x09, 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
            is_in(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
            c == 0x3000) {
            is_white_due = true;
            continue;
        }
        if (is_white_due && out->size > first) {
            append_point(out, ' ');
        }
        is_white_due = false;
        append_point(out, c);
    }
    free(points);
}

static uint64_t word_of(tamis_slice token, size_t first)
{
    uint64_t word = 0;

    for (size_t i = first; i < token.size && i < first + 8; i++) {
        word |= (uint64_t)token.data[i] << 8 * (i - first);
    }
    return word;
}

static uint64_t mum(uint64_t a, uint64_t b)
{
    uint64_t low_low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t middle_1 = (a >> 32) * (b & UINT32_MAX) + (low_low >> 32);
    uint64_t middle_2 = (a & UINT32_MAX) * (b >> 32) + (middle_1 & UINT32_MAX);
    uint64_t high = (a >> 32) * (b >> 32) + (middle_1 >> 32) + (middle_2 >> 32);

    return (a * b) ^ high;
}

uint64_t reference_token_hash(tamis_slice token)
{
    uint64_t h = 0;
    size_t first = 0;

    for (; token.size - first > 16; first += 16) {
        h = mum(word_of(token, first) ^ 0x9e3779b97f4a7c15u ^ h,
                word_of(token, first + 8) ^ 0xc2b2ae3d27d4eb4fu);
    }
    return mum(word_of(token, first) ^ 0x9e3779b97f4a7c15u ^ h,
               word_of(token, first + 8) ^ 0xc2b2ae3d27d4eb4fu ^ token.size);
}

uint64_t reference_shingle_hash(const uint64_t *tokens, uint32_t n)
{
    uint64_t x = tokens[0];

    for (uint32_t i = 1; i < n; i++) {
        uint32_t bits = 13 * i % 64;

        x ^= bits == 0 ? tokens[i] : tokens[i] << bits | tokens[i] >> (64 - bits);
    }
    x *= 0x9e3779b97f4a7c15u;
    return x ^ x >> 32;
}

/* Code points that normalizing finds hard, by subject. */
static const uint32_t hard[] = {
    /* Latin, German sharp s, Turkish i, long s, Kelvin, Angstrom */
    'a', 'A', 'e', 'i', 'I', 'o', 's', 'T', 'Z', 0xDF, 0x1E9E, 0x130, 0x131, 0x17F, 0x212A, 0x212B,
    0xC5, 0xE9, 0x1E69, 0x1E9B, 0x149, 0x1F0, 0x344, 0x340, 0x341, 0x343, 0x37E, 0x387,
    /* ligatures, fractions, signs that expand */
    0xFB00, 0xFB01, 0xFB03, 0xFB05, 0xFB1D, 0xFB4B, 0xBD, 0x2026, 0x2122, 0x2116, 0xA8, 0xB4, 0xAF,
    0xFDFA, 0x33A5, 0x3392, 0x2A74, 0x2260, '=', '<', '>', 0x338,
    /* Greek with final sigma and iota subscript */
    0x3A3, 0x3C3, 0x3C2, 0x3B1, 0x1F80, 0x1FB3, 0x345, 0x390, 0x1F8D, 0x1FFC,
    /* combining marks of many classes */
    0x300, 0x301, 0x307, 0x308, 0x30A, 0x313, 0x315, 0x316, 0x31B, 0x321, 0x323, 0x327, 0x328,
    0x334, 0x35C, 0x360, 0x5B0, 0x5BC, 0x64B, 0x651, 0x670, 0x93C, 0x94D, 0xE38, 0xE48, 0xF71,
    0xF72, 0xF74, 0xF39, 0x302A, 0x3099, 0x309A, 0x1D165, 0x1D16D, 0x20D0, 0x20DD, 0x1DCE,
    /* Hangul, whole and in parts */
    0xAC00, 0xAC01, 0xD7A3, 0x1100, 0x1112, 0x1161, 0x1175, 0x11A8, 0x11C2, 0x115F, 0x1160, 0x3131,
    0x3164, 0xFFA0, 0xFFA1, 0xA960, 0xD7B0,
    /* Indic, Thai, Tibetan, Khmer, Myanmar */
    0x915, 0x958, 0x9C7, 0x9BE, 0x9CB, 0x9D7, 0xB47, 0xB57, 0xBC6, 0xBD7, 0xCC6, 0xCD5, 0xE01,
    0xE33, 0xE40, 0xEB3, 0xF40, 0xF73, 0xF81, 0xF0C, 0x1025, 0x102E, 0x1780, 0x17B4, 0x17D2,
    0x110A5, 0x110BA, 0x11131, 0x11127,
    /* Chinese, Japanese, kana with and without sound marks, compatibility forms */
    0x4E2D, 0x6587, 0x3042, 0x304B, 0x304C, 0x30AB, 0x30AC, 0xFF76, 0xFF9E, 0xFF9F, 0xF900, 0xFA10,
    0x2F00, 0x3005, 0x3007, 0x30FB, 0x30FC, 0x3001, 0x3002, 0x20000, 0x2F800, 0x3400, 0x337F,
    0x32A8,
    /* white space, ignorables, emoji */
    ' ', ' ', ' ', '\n', '\t', 0x85, 0xA0, 0x2003, 0x3000, 0x2028, 0xAD, 0x200B, 0x200C, 0x200D,
    0x2060, 0x34F, 0x61C, 0xFE0F, 0xE0100, 0x180E, 0xFEFF, 0x1F469, 0x1F680, 0x1F3FD, 0x1F1E6,
    0x2764,
    /* code */
    '_', '+', '(', ')', '"', '0', '9', 'x', 0xB7, 0x20AC, 0x1D400, 0x1D7CE, 0x13A0, 0xAB70,
    0x10400};

void random_text(tamis_rng *rng, size_t points, tamis_buf *out)
{
    uint64_t style = tamis_rng_below(rng, 4);
    uint32_t last = 'x';

    for (size_t i = 0; i < points; i++) {
        uint64_t dice = tamis_rng_below(rng, 100);
        uint32_t point = 0;

        if (dice < (style == 0 ? 70 : 5)) {
            point = (uint32_t)(1 + tamis_rng_below(rng, 0x7F));
        } else if (dice < (style == 3 ? 30 : 10)) {
            point = last;
        } else if (dice < 85) {
            point = hard[tamis_rng_below(rng, sizeof(hard) / sizeof(hard[0]))];
        } else if (dice < 98) {
            point = (uint32_t)(0x80 + tamis_rng_below(rng, 0x3400));
        } else {
            point = (uint32_t)(0xE000 + tamis_rng_below(rng, 0x102000));
        }
        /* utf8proc takes U+11A7 for a trailing consonant, which it is not. */
        point = point == 0x11A7 ? 0x11A8 : point;
        append_point(out, point);
        last = point;
    }
    assert_int_equal(tamis_buf_reserve(out, TAMIS_BUF_SLACK), TAMIS_OK);
}

void natural_text(tamis_rng *rng, size_t points, tamis_buf *out)
{
    static const uint32_t scripts[][2] = {
        {'a', 26},    {'A', 26},    {'0', 10},      {0xC0, 64},      {0x100, 128},  {0x391, 57},
        {0x400, 96},  {0x5D0, 27},  {0x620, 43},    {0x905, 53},     {0xE01, 48},   {0x1E00, 256},
        {0x3041, 86}, {0x30A1, 90}, {0x4E00, 5000}, {0xAC00, 11172}, {0x20000, 64}, {0xFF01, 94},
        {0x2010, 24}, {0x3000, 32}, {0x10D0, 43},   {0x13A0, 86},    {0x1F600, 80}};
    static const uint32_t stops[] = {' ', ' ', ' ', ',', '.', '\n', 0x3001, 0x3002, 0xFF0C, 0x2026};
    uint64_t hard_odds = 20 + tamis_rng_below(rng, 300);

    for (size_t i = 0; i < points;) {
        const uint32_t *script =
            scripts[tamis_rng_below(rng, sizeof(scripts) / sizeof(scripts[0]))];
        size_t words = 1 + tamis_rng_below(rng, 8);

        while (words-- > 0) {
            size_t letters = 1 + tamis_rng_below(rng, 9);

            i += letters + 1;
            while (letters-- > 0) {
                append_point(out, script[0] + (uint32_t)tamis_rng_below(rng, script[1]));
                if (tamis_rng_below(rng, hard_odds) == 0) {
                    append_point(out, hard[tamis_rng_below(rng, sizeof(hard) / sizeof(hard[0]))]);
                }
            }
            append_point(out, stops[tamis_rng_below(rng, sizeof(stops) / sizeof(stops[0]))]);
        }
    }
    assert_int_equal(tamis_buf_reserve(out, TAMIS_BUF_SLACK), TAMIS_OK);
}
