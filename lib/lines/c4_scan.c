/* SPDX-License-Identifier: Apache-2.0 */
/* Each phrase has three rare bytes in a row. A filter finds the places of these triples: a byte of
 * bits for each of the three, taken from tables by the low and by the high half of a byte; only
 * where all have a bit in common the phrases are compared. Line breaks come from the same loads. */
#include "c4_scan.h"

#include <stdlib.h>

#include "line_text.h"

#if defined(__x86_64__)
#define HAVE_X86 1
#include <immintrin.h>
#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#else
#define HAVE_X86 0
#endif

#define BLOCK 32

typedef struct phrase {
    const char *text;
    uint32_t triple; /* where in the text the rare bytes stand */
    uint32_t kind;
} phrase;

static const phrase phrases[] = {
    {"lorem ipsum", 7, C4_LOREM},     /* psu */
    {"javascript", 0, C4_JAVASCRIPT}, /* jav */
    {"terms of use", 7, C4_POLICY},   /* f u */
    {"privacy policy", 3, C4_POLICY}, /* vac */
    {"cookie policy", 3, C4_POLICY},  /* kie, here and below */
    {"uses cookies", 8, C4_POLICY},   {"use of cookies", 10, C4_POLICY},
    {"use cookies", 7, C4_POLICY},
};

#define PHRASES (sizeof(phrases) / sizeof(phrases[0]))

void c4_scan_fini(c4_scan *scan)
{
    free(scan->breaks);
    free(scan->marks);
    *scan = (c4_scan){.breaks = NULL};
}

/* Room for `extra` more breaks. */
static tamis_status reserve_breaks(c4_scan *scan, size_t extra)
{
    size_t capacity = 0;
    uint32_t *breaks = NULL;

    if (extra <= scan->break_capacity - scan->break_count) {
        return TAMIS_OK;
    }
    capacity = scan->break_capacity + scan->break_capacity / 2 + extra + 64;
    breaks = realloc(scan->breaks, capacity * sizeof(*breaks));
    if (breaks == NULL) {
        return TAMIS_ENOMEM;
    }
    scan->breaks = breaks;
    scan->break_capacity = capacity;
    return TAMIS_OK;
}

static tamis_status add_mark(c4_scan *scan, size_t begin, size_t size, uint32_t kind)
{
    if (scan->mark_count == scan->mark_capacity) {
        size_t capacity = scan->mark_capacity + scan->mark_capacity / 2 + 16;
        c4_mark *marks = realloc(scan->marks, capacity * sizeof(*marks));

        if (marks == NULL) {
            return TAMIS_ENOMEM;
        }
        scan->marks = marks;
        scan->mark_capacity = capacity;
    }
    scan->marks[scan->mark_count++] =
        (c4_mark){.begin = (uint32_t)begin, .end = (uint32_t)(begin + size), .phrase = kind};
    return TAMIS_OK;
}

static bool is_phrase(const uint8_t *at, const char *text)
{
    for (; *text != '\0'; at++, text++) {
        uint8_t byte = *at >= 'A' && *at <= 'Z' ? (uint8_t)(*at + 32) : *at;

        if (byte != (uint8_t)*text) {
            return false;
        }
    }
    return true;
}

/* Compares the phrases whose rare bytes may stand at `at`. Of the phrases that share a triple at
 * most one kind matches, so that one mark is enough. */
static tamis_status check_place(c4_scan *scan, tamis_slice text, size_t at)
{
    const uint8_t *bytes = text.data + at;

    if (bytes[0] == 0xE2) {
        return bytes[1] == 0x84 && bytes[2] == 0xAA && at + 3 <= text.size
                   ? add_mark(scan, at, 3, C4_ODD_LETTER)
                   : TAMIS_OK;
    }
    for (size_t i = 0; i < PHRASES; i++) {
        size_t size = strlen(phrases[i].text);

        if (at >= phrases[i].triple && size - phrases[i].triple <= text.size - at &&
            is_phrase(bytes - phrases[i].triple, phrases[i].text)) {
            return add_mark(scan, at - phrases[i].triple, size, phrases[i].kind);
        }
    }
    return TAMIS_OK;
}

static bool is_break(const uint8_t *at)
{
    return (at[0] >= 0x0A && at[0] <= 0x0D) || (at[0] >= 0x1C && at[0] <= 0x1E) ||
           (at[0] == 0xC2 && at[1] == 0x85) ||
           (at[0] == 0xE2 && at[1] == 0x80 && (at[2] & 0xFE) == 0xA8);
}

static uint8_t lower_ascii(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

static bool may_be_phrase(const uint8_t *at)
{
    uint8_t second = lower_ascii(at[1]);
    uint8_t third = lower_ascii(at[2]);

    switch (at[0]) {
    case 'p':
    case 'P':
        return second == 's' && third == 'u';
    case 'j':
    case 'J':
    case 'v':
    case 'V':
        return second == 'a' && (third == 'v' || third == 'c');
    case 'f':
    case 'F':
        return second == ' ' && third == 'u';
    case 'k':
    case 'K':
        return second == 'i' && third == 'e';
    case 0xE2:
        return second == 0x84 && third == 0xAA;
    default:
        return false;
    }
}

static tamis_status scan_scalar(c4_scan *scan, tamis_slice text)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < text.size && status == TAMIS_OK; i++) {
        if (is_break(text.data + i)) {
            status = reserve_breaks(scan, 1);
            if (status == TAMIS_OK) {
                scan->breaks[scan->break_count++] = (uint32_t)i;
            }
        }
        if (status == TAMIS_OK && may_be_phrase(text.data + i)) {
            status = check_place(scan, text, i);
        }
    }
    return status;
}

#if HAVE_X86

/* Bits of triples: psu, jav, f u, vac, kie, U+212A. */
enum { PSU = 1, JAV = 2, F_U = 4, VAC = 8, KIE = 16, ODD = 32 };

typedef struct triple_tables {
    uint8_t low[3][16]; /* by the low half of byte 0, 1, 2 */
    uint8_t high[3][16];
} triple_tables;

/* The high halves of letters are 4 to 7: both cases at once. */
static const triple_tables triples = {
    .low = {{[0x0] = PSU, [0xA] = JAV, [0x6] = F_U | VAC, [0xB] = KIE, [0x2] = ODD},
            {[0x3] = PSU, [0x1] = JAV | VAC, [0x0] = F_U, [0x9] = KIE, [0x4] = ODD},
            {[0x5] = PSU | F_U | KIE, [0x6] = JAV, [0x3] = VAC, [0xA] = ODD}},
    .high = {{[0x5] = PSU | VAC,
              [0x7] = PSU | VAC,
              [0x4] = JAV | F_U | KIE,
              [0x6] = JAV | F_U | KIE,
              [0xE] = ODD},
             {[0x5] = PSU,
              [0x7] = PSU,
              [0x4] = JAV | VAC | KIE,
              [0x6] = JAV | VAC | KIE,
              [0x2] = F_U,
              [0x8] = ODD},
             {[0x5] = PSU | JAV | F_U,
              [0x7] = PSU | JAV | F_U,
              [0x4] = VAC | KIE,
              [0x6] = VAC | KIE,
              [0xA] = ODD}},
};

TARGET_AVX2 static inline __m256i load_256(const uint8_t *bytes)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

/* FF where a byte is one of `count` values from `first` on. */
TARGET_AVX2 static inline __m256i below_256(__m256i bytes, char first, char count)
{
    __m256i moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));

    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8((char)(count - 1))), moved);
}

TARGET_AVX2 static inline __m256i table_256(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

TARGET_AVX2 static inline __m256i triple_bits(__m256i bytes, __m256i low, __m256i high)
{
    const __m256i half = _mm256_set1_epi8(0x0F);

    return _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

/* Where a line break of 32 bytes begins; `after` and `behind` are the bytes one and two on. */
TARGET_AVX2 static inline __m256i breaks_256(__m256i bytes, __m256i after, __m256i behind)
{
    __m256i ascii = _mm256_or_si256(below_256(bytes, 0x0A, 4), below_256(bytes, 0x1C, 3));
    __m256i c2 = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8((char)0xC2));
    __m256i e2 = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8((char)0xE2));
    __m256i next = _mm256_and_si256(c2, _mm256_cmpeq_epi8(after, _mm256_set1_epi8((char)0x85)));
    __m256i separator = _mm256_and_si256(_mm256_cmpeq_epi8(after, _mm256_set1_epi8((char)0x80)),
                                         below_256(behind, (char)0xA8, 2));

    return _mm256_or_si256(_mm256_or_si256(ascii, next), _mm256_and_si256(e2, separator));
}

TARGET_AVX2 static tamis_status scan_avx2(c4_scan *scan, tamis_slice text)
{
    const __m256i low[3] = {table_256(triples.low[0]), table_256(triples.low[1]),
                            table_256(triples.low[2])};
    const __m256i high[3] = {table_256(triples.high[0]), table_256(triples.high[1]),
                             table_256(triples.high[2])};
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < text.size && status == TAMIS_OK; i += BLOCK) {
        uint32_t inside = text.size - i < BLOCK ? (1u << (text.size - i)) - 1 : UINT32_MAX;
        __m256i bytes = load_256(text.data + i);
        __m256i after = load_256(text.data + i + 1);
        __m256i behind = load_256(text.data + i + 2);
        __m256i bits = _mm256_and_si256(_mm256_and_si256(triple_bits(bytes, low[0], high[0]),
                                                         triple_bits(after, low[1], high[1])),
                                        triple_bits(behind, low[2], high[2]));
        uint32_t places =
            ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bits, _mm256_setzero_si256())) &
            inside;
        uint32_t breaks = (uint32_t)_mm256_movemask_epi8(breaks_256(bytes, after, behind)) & inside;

        if (breaks != 0) {
            status = reserve_breaks(scan, BLOCK);
            for (; breaks != 0 && status == TAMIS_OK; breaks &= breaks - 1) {
                scan->breaks[scan->break_count++] = (uint32_t)(i + _tzcnt_u32(breaks));
            }
        }
        for (; places != 0 && status == TAMIS_OK; places &= places - 1) {
            status = check_place(scan, text, i + _tzcnt_u32(places));
        }
    }
    return status;
}

#endif

tamis_status c4_scan_text(c4_scan *scan, tamis_kernel kernel, tamis_slice text)
{
    scan->break_count = 0;
    scan->mark_count = 0;
#if HAVE_X86
    if (kernel != TAMIS_KERNEL_SCALAR) {
        return scan_avx2(scan, text);
    }
#else
    (void)kernel;
#endif
    return scan_scalar(scan, text);
}

bool c4_lines_next(c4_lines *lines, uint32_t *out_begin, uint32_t *out_end)
{
    const c4_scan *scan = lines->scan;
    const uint8_t *at = NULL;

    if (lines->begin >= lines->text.size) {
        return false;
    }
    *out_begin = lines->begin;
    if (lines->index == scan->break_count) { /* a last line without a break */
        *out_end = (uint32_t)lines->text.size;
        lines->begin = *out_end;
        return true;
    }
    *out_end = scan->breaks[lines->index++];
    at = lines->text.data + *out_end;
    lines->begin = *out_end + (at[0] < 0x80 ? 1 : at[0] == 0xC2 ? 2 : 3);
    if (at[0] == '\r' && lines->begin < lines->text.size && at[1] == '\n') {
        lines->begin++;
        lines->index++; /* the newline is in the list too */
    }
    return true;
}

unsigned c4_phrases(tamis_slice lower_line)
{
    unsigned found = 0;

    for (size_t i = 0; i < PHRASES; i++) {
        if (memmem(lower_line.data, lower_line.size, phrases[i].text, strlen(phrases[i].text)) !=
            NULL) {
            found |= phrases[i].kind;
        }
    }
    return found;
}
