/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of profile text with AVX-512. Code points are treated by kind, a window at once.
 *
 * In place: what is written is as long as what is read. ASCII, letters of one or two bytes in
 * either case, Hangul; separators, which become as many spaces as they have bytes.
 *
 * Solo: three bytes that stay as they are, each code point behind a space.
 *
 * Other: one by one, as in walk_window.c.
 *
 * The kind of a code point, and what it becomes, comes from tables made of the entries of the
 * profile. A window has few different lead bytes of two-byte code points: each is looked up for all
 * its places at once. Then runs without "other" are written as wholes.
 */
#include "walk.h"

#if TAMIS_HAVE_X86

/* Different lead bytes of a window that are looked up; code points with further ones are "other".
 * With more than OTHERS_MAX of these, the whole window goes one by one. */
#define LEADS_MAX  6
#define OTHERS_MAX 8

#define TARGET_VBMI                                                                                \
    __attribute__((                                                                                \
        target("avx2,bmi,bmi2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2")))

/* KIND_MIXED: not all with one lead byte are of a kind. KIND_NEXT: the code point after it is
 * written in its place, the other case. */
enum { KIND_MIXED, KIND_SOLO, KIND_IN_PLACE, KIND_SPACES, KIND_NEXT, KIND_OTHER };

struct tamis_blocks {
    uint8_t lead2[32][64];   /* by the lead's low 5 bits: first byte written; 0: other */
    uint8_t second2[32][64]; /* second byte */
    uint8_t leads3[16];      /* kind of all code points of three bytes with this lead */
    uint8_t kinds3[0x10000]; /* kind of each */
};

typedef struct window {
    __m512i out;       /* bytes of what is in place */
    uint64_t starts;   /* of code points */
    uint64_t in_place; /* all bytes */
    uint64_t solo;     /* all bytes */
    size_t size;       /* whole code points only */
} window;

bool tamis_walk_avx512_is_available(void)
{
    return tamis_kernel_is_available(TAMIS_KERNEL_AVX512) && __builtin_cpu_supports("avx512vbmi");
}

static void fill_two_bytes(const tamis_normalizer *normalizer, tamis_blocks *blocks)
{
    for (uint32_t point = 0x80; point < TAMIS_LOW_COUNT; point++) {
        uint32_t low = normalizer->low[point];
        uint32_t lead = point >> 6;
        uint32_t second = point & 0x3F;

        if (low == (1u << TAMIS_LOW_LENGTH_SHIFT | ' ')) {
            blocks->lead2[lead][second] = ' ';
            blocks->second2[lead][second] = ' ';
        } else if (low >> TAMIS_LOW_LENGTH_SHIFT == 2) {
            blocks->lead2[lead][second] = (uint8_t)low;
            blocks->second2[lead][second] = (uint8_t)(low >> 8);
        }
    }
}

static uint8_t kind_of(const tamis_normalizer *normalizer, uint32_t point)
{
    uint32_t entry = tamis_entry(normalizer->index, normalizer->entries, point);

    switch (entry) {
    case TAMIS_CLASS_SOLO | TAMIS_ENTRY_CUT:
        return KIND_SOLO;
    case TAMIS_CLASS_SEPARATOR | TAMIS_ENTRY_CUT:
        return KIND_SPACES;
    case TAMIS_CLASS_TOKEN:
        return KIND_IN_PLACE;
    default:
        break;
    }
    if (entry == (TAMIS_CLASS_TOKEN | TAMIS_ENTRY_CHANGED | (point + 1) << TAMIS_ENTRY_SHIFT) &&
        (point & 0x3F) != 0x3F) {
        return KIND_NEXT;
    }
    return KIND_OTHER;
}

static void fill_three_bytes(const tamis_normalizer *normalizer, tamis_blocks *blocks)
{
    for (uint32_t point = 0; point < 0x10000; point++) {
        bool is_valid = point >= 0x800 && (point < 0xD800 || point > 0xDFFF);
        uint8_t *of_lead = &blocks->leads3[point >> 12];

        blocks->kinds3[point] = is_valid ? kind_of(normalizer, point) : (uint8_t)KIND_OTHER;
        if ((point & 0xFFF) == 0) {
            *of_lead = blocks->kinds3[point];
        } else if (*of_lead != blocks->kinds3[point]) {
            *of_lead = KIND_MIXED;
        }
    }
}

tamis_blocks *tamis_blocks_create(const tamis_normalizer *normalizer)
{
    tamis_blocks *blocks = calloc(1, sizeof(*blocks));

    if (blocks != NULL) {
        fill_two_bytes(normalizer, blocks);
        fill_three_bytes(normalizer, blocks);
    }
    return blocks;
}

static inline uint64_t three_bytes(uint64_t leads)
{
    return leads | leads << 1 | leads << 2;
}

/* The code points of two bytes; `behind` are the bytes one further. */
TARGET_VBMI static inline void look_up_two(window *w, const tamis_blocks *blocks, const uint8_t *in,
                                           __m512i bytes, __m512i behind, uint64_t leads)
{
    for (unsigned round = 0; round < LEADS_MAX && leads != 0; round++) {
        uint8_t lead = in[__builtin_ctzll(leads)];
        uint64_t here = _mm512_mask_cmpeq_epi8_mask(leads, bytes, _mm512_set1_epi8((char)lead));
        /* Only the low 6 bits of an index count: those of a continuation byte. */
        __m512i first =
            _mm512_permutexvar_epi8(behind, _mm512_loadu_si512(blocks->lead2[lead & 0x1F]));
        __m512i second =
            _mm512_permutexvar_epi8(bytes, _mm512_loadu_si512(blocks->second2[lead & 0x1F]));
        uint64_t known = _mm512_mask_test_epi8_mask(here, first, first);

        w->out = _mm512_mask_mov_epi8(w->out, known, first);
        w->out = _mm512_mask_mov_epi8(w->out, known << 1, second);
        w->in_place |= known | known << 1;
        leads &= ~here;
    }
}

/* The code points of three bytes: by lead, and where that does not say it, one by one. They do not
 * wait for each other. */
TARGET_VBMI static inline void look_up_three(window *w, const tamis_blocks *blocks,
                                             const uint8_t *in, __m512i bytes, uint64_t leads)
{
    __m512i row =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)blocks->leads3));
    __m512i kinds = _mm512_shuffle_epi8(row, _mm512_and_si512(bytes, _mm512_set1_epi8(0x0F)));
    uint64_t mixed = _mm512_mask_testn_epi8_mask(leads, kinds, kinds);
    uint64_t solo = _mm512_mask_cmpeq_epi8_mask(leads, kinds, _mm512_set1_epi8(KIND_SOLO));
    uint64_t keep = _mm512_mask_cmpeq_epi8_mask(leads, kinds, _mm512_set1_epi8(KIND_IN_PLACE));
    uint64_t spaces = _mm512_mask_cmpeq_epi8_mask(leads, kinds, _mm512_set1_epi8(KIND_SPACES));
    uint64_t next = 0;

    for (; mixed != 0; mixed &= mixed - 1) {
        unsigned place = (unsigned)__builtin_ctzll(mixed);
        uint32_t code_point = 0;
        uint8_t kind = 0;

        code_point =
            (in[place] & 0x0Fu) << 12 | (in[place + 1] & 0x3Fu) << 6 | (in[place + 2] & 0x3Fu);
        kind = blocks->kinds3[code_point];
        solo |= (uint64_t)(kind == KIND_SOLO) << place;
        keep |= (uint64_t)(kind == KIND_IN_PLACE) << place;
        spaces |= (uint64_t)(kind == KIND_SPACES) << place;
        next |= (uint64_t)(kind == KIND_NEXT) << place;
    }
    keep |= next;
    w->solo = three_bytes(solo);
    w->out = _mm512_mask_mov_epi8(w->out, three_bytes(keep | solo), bytes);
    w->out = _mm512_mask_add_epi8(w->out, next << 2, w->out, _mm512_set1_epi8(1));
    /* Elsewhere w->out has spaces already: the bytes are not ASCII. */
    w->in_place |= three_bytes(keep | spaces);
}

/* Sorts the code points of a window of at most `left` bytes into kinds. */
TARGET_VBMI static inline void window_look_up(window *w, const tamis_blocks *blocks,
                                              const uint8_t *in, size_t left)
{
    __m512i bytes = _mm512_loadu_si512(in);
    __m512i lower = _mm512_or_si512(bytes, _mm512_set1_epi8(' '));
    uint64_t within = left < TAMIS_WINDOW_BYTES ? (1ull << left) - 1 : ~0ull;
    uint64_t high = _mm512_movepi8_mask(bytes);
    uint64_t letters =
        _mm512_cmplt_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')), _mm512_set1_epi8(26));
    uint64_t digits =
        _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    uint64_t from_c0 = _mm512_mask_cmpge_epu8_mask(within, bytes, _mm512_set1_epi8((char)0xC0));
    uint64_t from_e0 = _mm512_mask_cmpge_epu8_mask(within, bytes, _mm512_set1_epi8((char)0xE0));
    uint64_t from_f0 = _mm512_mask_cmpge_epu8_mask(within, bytes, _mm512_set1_epi8((char)0xF0));
    *w = (window){.out = _mm512_mask_mov_epi8(_mm512_set1_epi8(' '), letters | digits, lower),
                  .starts = within & (~high | from_c0),
                  .in_place = ~high & within,
                  .size = left < TAMIS_WINDOW_BYTES ? left : TAMIS_WINDOW_BYTES};
    /* A code point that the window cuts belongs to the next one. */
    if (((from_c0 | from_e0 << 1 | from_f0 << 2) >> (w->size - 1) & 1) != 0) {
        w->size = (size_t)(63 - __builtin_clzll(from_c0));
    }
    within = w->size < TAMIS_WINDOW_BYTES ? (1ull << w->size) - 1 : ~0ull;
    w->starts &= within;
    if ((from_c0 & ~from_e0 & within) != 0) {
        look_up_two(w, blocks, in, bytes, _mm512_loadu_si512(in + 1), from_c0 & ~from_e0 & within);
    }
    if ((from_e0 & ~from_f0 & within) != 0) {
        look_up_three(w, blocks, in, bytes, from_e0 & ~from_f0 & within);
    }
}

/* Writes half a window, the bytes of `keep`, with a space before each place of `spaces`. Every byte
 * is set behind a space, then what is not wanted is pressed out. */
TARGET_VBMI static inline uint8_t *write_half(uint8_t *to, __m256i bytes, uint32_t keep,
                                              uint32_t spaces)
{
    const uint64_t low_bytes = 0x5555555555555555u;
    uint64_t wanted = _pdep_u64(spaces, low_bytes) | _pdep_u64(keep, ~low_bytes);
    __m512i pairs =
        _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_set1_epi16(' '));

    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(wanted, pairs));
    return to + (size_t)__builtin_popcountll(wanted);
}

/* Writes the bytes of `keep`, a run that starts at `place` and has no "other" in it. */
TARGET_VBMI static inline void write_run(tamis_walk *at, const window *w, size_t place,
                                         uint64_t keep)
{
    uint64_t solo_open = w->solo << 1 | (at->is_solo_open ? 1ull << place : 0);
    uint64_t spaces = ((w->solo & w->starts) | (w->in_place & solo_open)) & keep;

    if (keep == ~0ull && spaces == 0) {
        _mm512_storeu_si512(at->out, w->out);
        at->out += 64;
        return;
    }
    at->out = write_half(at->out, _mm512_castsi512_si256(w->out), (uint32_t)keep, (uint32_t)spaces);
    at->out = write_half(at->out, _mm512_extracti64x4_epi64(w->out, 1), (uint32_t)(keep >> 32),
                         (uint32_t)(spaces >> 32));
}

/* Length of the run of set bits at `place`. */
static inline size_t run_of(uint64_t bits, size_t place)
{
    uint64_t clear = ~(bits >> place);

    return clear == 0 ? 64 : (size_t)__builtin_ctzll(clear);
}

/* Makes the last code point of a run [first, end) the anchor; the run has been written. */
static inline void anchor_last(tamis_walk *at, const window *w, const uint8_t *in, size_t first,
                               size_t end)
{
    size_t start = 63 - (size_t)__builtin_clzll(w->starts & (~0ull >> (64 - end)));
    bool is_solo = (w->solo >> start & 1) != 0;

    at->anchor_in = in + start;
    at->anchor_out = at->out - (end - start) - (is_solo ? 1 : 0);
    /* The space that closes a solo token before it belongs to what stays. */
    at->anchor_is_solo_open =
        is_solo && (start > first ? (w->solo >> (start - 1) & 1) != 0 : at->is_solo_open);
    at->is_solo_open = is_solo;
}

/* Writes a window run by run. */
TARGET_VBMI static inline tamis_status write_window(tamis_normalizer *normalizer, tamis_walk *at,
                                                    const window *w, tamis_buf *out)
{
    const uint8_t *in = at->in;
    uint64_t plain = w->in_place | w->solo;
    size_t place = 0;

    while (place < w->size) {
        uint32_t code_point = 0;
        size_t length = 0;
        tamis_status status = TAMIS_OK;

        if ((plain >> place & 1) != 0) {
            size_t run = run_of(plain, place);
            uint64_t keep = run == 64 ? ~0ull : ((1ull << run) - 1) << place;

            write_run(at, w, place, keep);
            anchor_last(at, w, in, place, place + run);
            place += run;
            continue;
        }
        at->in = in + place;
        length = tamis_utf8_decode(at->in, &code_point);
        status = tamis_walk_point(normalizer, at,
                                  tamis_entry(normalizer->index, normalizer->entries, code_point),
                                  length, out);
        if (status != TAMIS_OK) {
            return status;
        }
        place = (size_t)(at->in - in); /* a segment may have taken more than one */
    }
    at->in = in + place;
    return TAMIS_OK;
}

TARGET_VBMI tamis_status tamis_walk_window_avx512_text(tamis_normalizer *normalizer, tamis_walk *at,
                                                       const uint8_t *stop, tamis_buf *out)
{
    size_t left = (size_t)(stop - at->in);
    window w;
    uint64_t others = 0;

    if (_mm512_movepi8_mask(_mm512_loadu_si512(at->in)) == 0) {
        tamis_walk_ascii(normalizer, at, stop);
        return TAMIS_OK;
    }
    window_look_up(&w, normalizer->blocks, at->in, left);
    others = w.starts & ~(w.in_place | w.solo);
    if (w.size == 0 || __builtin_popcountll(others) > OTHERS_MAX) {
        return tamis_walk_points(normalizer, at, w.starts | 1, out);
    }
    return write_window(normalizer, at, &w, out);
}

#else

/* Not an empty file. */
typedef int tamis_walk_avx512_unused;

#endif
