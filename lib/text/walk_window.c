/* SPDX-License-Identifier: Apache-2.0 */
/* The windows of the walk for any profile: the places of code points come from a bit mask, so that
 * no code point waits for the length of the one before it.
 */
#include "walk.h"

#define DENSE_BYTES 12 /* above 7F in a window: from so many on, its ASCII takes the same loop */

/* The part of a walk that one window changes all the time, in registers. */
typedef struct cursor {
    const uint8_t *next;
    const uint8_t *anchor_in;
    uint8_t *to;
    uint8_t *anchor_to;
    size_t is_solo_open;
    size_t anchor_is_solo_open;
} cursor;

static inline cursor cursor_of(const tamis_walk *at)
{
    return (cursor){.next = at->in,
                    .anchor_in = at->anchor_in,
                    .to = at->out,
                    .anchor_to = at->anchor_out,
                    .is_solo_open = at->is_solo_open ? 1 : 0,
                    .anchor_is_solo_open = at->anchor_is_solo_open ? 1 : 0};
}

static inline void cursor_leave(const cursor *c, tamis_walk *at)
{
    at->in = c->next;
    at->out = c->to;
    at->is_solo_open = c->is_solo_open != 0;
    at->anchor_in = c->anchor_in;
    at->anchor_out = c->anchor_to;
    at->anchor_is_solo_open = c->anchor_is_solo_open != 0;
}

/* Goes past the code point at `in`, which is an anchor. */
static inline void cursor_step(cursor *c, const uint8_t *in, size_t length)
{
    c->anchor_in = in;
    c->anchor_to = c->to;
    c->anchor_is_solo_open = c->is_solo_open;
    c->next = in + length;
}

/* Closes a solo token that is open. */
static inline void cursor_close(cursor *c)
{
    *c->to = ' ';
    c->to += c->is_solo_open;
    c->is_solo_open = 0;
}

void tamis_walk_low_fill(tamis_normalizer *normalizer)
{
    for (uint32_t point = 0; point < TAMIS_LOW_COUNT; point++) {
        uint32_t entry = tamis_entry(normalizer->index, normalizer->entries, point);
        uint32_t class = entry & TAMIS_ENTRY_CLASS;
        uint8_t bytes[16];
        tamis_walk at = {.out = bytes};
        size_t length = 0;

        normalizer->low[point] = TAMIS_LOW_OTHER;
        if ((entry & (TAMIS_ENTRY_JOINS | TAMIS_ENTRY_SLOW | TAMIS_ENTRY_MANY)) != 0 ||
            class == TAMIS_CLASS_IGNORABLE || class == TAMIS_CLASS_MARK ||
            class == TAMIS_CLASS_SOLO) {
            continue;
        }
        tamis_walk_write(
            &at, (entry & TAMIS_ENTRY_CHANGED) != 0 ? entry >> TAMIS_ENTRY_SHIFT : point, class);
        length = (size_t)(at.out - bytes);
        if (length <= 3) {
            normalizer->low[point] = (uint32_t)length << TAMIS_LOW_LENGTH_SHIFT;
            for (size_t i = 0; i < length; i++) {
                normalizer->low[point] |= (uint32_t)bytes[i] << 8 * i;
            }
        }
    }
}

/* Four bytes with the lowest first; more than are wanted, the next overwrite them. */
static inline void store_bytes(uint8_t *out, uint32_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap32(bytes);
#endif
    memcpy(out, &bytes, sizeof(bytes));
}

/* The usual cases of a code point of three or four bytes: true when it is done. */
static inline bool step_high(cursor *c, const uint8_t *in, size_t length, uint32_t entry)
{
    switch (entry) {
    case TAMIS_CLASS_SOLO | TAMIS_ENTRY_CUT:
        cursor_step(c, in, length);
        *c->to++ = ' ';
        memcpy(c->to, in, 4);
        c->to += length;
        c->is_solo_open = 1;
        return true;
    case TAMIS_CLASS_SEPARATOR | TAMIS_ENTRY_CUT:
        cursor_step(c, in, length);
        *c->to++ = ' ';
        c->is_solo_open = 0;
        return true;
    case TAMIS_CLASS_TOKEN:
        cursor_step(c, in, length);
        cursor_close(c);
        memcpy(c->to, in, 4);
        c->to += length;
        return true;
    default:
        return false;
    }
}

static inline __attribute__((always_inline)) tamis_status points_any(tamis_normalizer *normalizer,
                                                                     tamis_walk *at,
                                                                     uint64_t starts,
                                                                     tamis_buf *out)
{
    const uint8_t *window = at->in;
    cursor c = cursor_of(at);

    while (starts != 0) {
        const uint8_t *in = window + __builtin_ctzll(starts);
        uint32_t lead = in[0];
        uint32_t code_point = 0;
        uint32_t entry = 0;
        size_t length = 0;
        tamis_status status = TAMIS_OK;

        starts &= starts - 1;
        if (lead < 0xE0) {
            uint32_t bytes = 0;

            length = 1 + (size_t)(lead >> 7);
            code_point = lead < 0x80 ? lead : (lead & 0x1F) << 6 | (in[1] & 0x3Fu);
            bytes = normalizer->low[code_point];
            if (__builtin_expect(bytes < TAMIS_LOW_OTHER, 1)) {
                cursor_step(&c, in, length);
                cursor_close(&c);
                store_bytes(c.to, bytes);
                c.to += bytes >> TAMIS_LOW_LENGTH_SHIFT;
                continue;
            }
            entry = tamis_entry(normalizer->index, normalizer->entries, code_point);
        } else {
            length = tamis_utf8_decode(in, &code_point);
            entry = tamis_entry(normalizer->index, normalizer->entries, code_point);
            if (step_high(&c, in, length, entry)) {
                continue;
            }
        }
        c.next = in;
        cursor_leave(&c, at);
        status = tamis_walk_point(normalizer, at, entry, length, out);
        if (status != TAMIS_OK) {
            return status;
        }
        c = cursor_of(at);
        /* A segment may have taken more than one. */
        starts = c.next - window < TAMIS_WINDOW_BYTES ? starts & ~0ull << (c.next - window) : 0;
    }
    cursor_leave(&c, at);
    return TAMIS_OK;
}

tamis_status tamis_walk_points(tamis_normalizer *normalizer, tamis_walk *at, uint64_t starts,
                               tamis_buf *out)
{
    return points_any(normalizer, at, starts, out);
}

/* The next window or run of ASCII; at->in is at the start of a code point before `stop`. high:
 * bytes above 7F; starts: bytes that start a code point. */
static inline __attribute__((always_inline)) tamis_status walk_window(tamis_normalizer *normalizer,
                                                                      tamis_walk *at,
                                                                      const uint8_t *stop,
                                                                      tamis_buf *out, uint64_t high,
                                                                      uint64_t starts)
{
    size_t left = (size_t)(stop - at->in);

    if (left < TAMIS_WINDOW_BYTES) {
        high &= (1ull << left) - 1;
        starts &= (1ull << left) - 1;
    }
    if (high == 0) {
        tamis_walk_ascii(normalizer, at, stop);
        return TAMIS_OK;
    }
    if (__builtin_popcountll(high) < DENSE_BYTES) {
        uint64_t from = high;

        if ((high & 1) == 0) {
            size_t run = (size_t)__builtin_ctzll(high);

            tamis_walk_ascii(normalizer, at, at->in + run);
            from >>= run;
            starts >>= run;
        }
        /* The run of other code points there: the lowest ones of `from`. */
        starts &= from & ~(from + 1);
    }
    return points_any(normalizer, at, starts, out);
}

static tamis_status window_scalar(tamis_normalizer *normalizer, tamis_walk *at, const uint8_t *stop,
                                  tamis_buf *out)
{
    uint64_t high = 0;
    uint64_t starts = 0;

    for (unsigned k = 0; k < TAMIS_WINDOW_BYTES; k += 8) {
        const uint64_t top_bits = 0x8080808080808080u;
        uint64_t x = 0;
        uint64_t continues = 0;

        for (unsigned i = 0; i < 8; i++) {
            x |= (uint64_t)at->in[k + i] << 8 * i;
        }
        continues = x & ~(x << 1) & top_bits; /* 10xxxxxx */
        high |= ((x & top_bits) >> 7) * 0x0102040810204080u >> 56 << k;
        starts |= (uint64_t)(uint8_t) ~((continues >> 7) * 0x0102040810204080u >> 56) << k;
    }
    return walk_window(normalizer, at, stop, out, high, starts);
}

#if TAMIS_HAVE_X86
TAMIS_TARGET_AVX2 static tamis_status window_avx2(tamis_normalizer *normalizer, tamis_walk *at,
                                                  const uint8_t *stop, tamis_buf *out)
{
    const __m256i first_lead = _mm256_set1_epi8((char)0xC0);
    __m256i low = load_256(at->in);
    __m256i high = load_256(at->in + 32);

    /* As signed bytes, 80..BF are the lowest. */
    return walk_window(
        normalizer, at, stop, out, mask_of_bytes(low, high),
        ~mask_of_bytes(_mm256_cmpgt_epi8(first_lead, low), _mm256_cmpgt_epi8(first_lead, high)));
}

TAMIS_TARGET_AVX512 static tamis_status window_avx512(tamis_normalizer *normalizer, tamis_walk *at,
                                                      const uint8_t *stop, tamis_buf *out)
{
    __m512i bytes = _mm512_loadu_si512(at->in);

    return walk_window(normalizer, at, stop, out, _mm512_movepi8_mask(bytes),
                       ~_mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8((char)0xC0)));
}
#endif

tamis_walk_window *tamis_walk_window_kernel(tamis_kernel kernel)
{
#if TAMIS_HAVE_X86
    switch (kernel) {
    case TAMIS_KERNEL_AVX512:
        return window_avx512;
    case TAMIS_KERNEL_AVX2:
        return window_avx2;
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
#else
    (void)kernel;
#endif
    return window_scalar;
}
