/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - the insides of the normalizer that its kernels share.
 *
 * A walk goes through the input window by window (64 bytes). To be able to compose, it remembers
 * where, in the input and in the output, the last code point started that nothing before it can
 * change: the anchor. When a code point comes that may be reordered or composed with what is before
 * it, output goes back to the anchor, and everything from there up to the next such place is taken
 * apart, put in order, composed and written anew: a segment. Ignorable code points move no anchor:
 * they are not there.
 *
 * A solo character writes its space in front at once and the one behind it only when something
 * other than a mark follows: marks belong to its token (is_solo_open).
 */
#ifndef TAMIS_TEXT_WALK_H
#define TAMIS_TEXT_WALK_H

#include "ascii.h"
#include "tables.h"
#include "tamis/normalizer.h"
#include "tamis/utf8.h"
#include "vector.h"

#define TAMIS_WINDOW_BYTES 64

/* Code points below U+0800, one or two bytes of UTF-8, have a table of their own: bits 0-23 the
 * bytes that are written, bits 24-25 their number, bit 31 set where it takes more than that. */
#define TAMIS_LOW_COUNT        0x800u
#define TAMIS_LOW_LENGTH_SHIFT 24
#define TAMIS_LOW_OTHER        0x80000000u

typedef struct tamis_walk tamis_walk;
typedef struct tamis_blocks tamis_blocks; /* walk_avx512.c */

/* Goes on by one window or run of ASCII; at->in is at the start of a code point before `stop`.
 * There is room in out for a block; a segment that needs more sees to it itself. TAMIS_ELIMIT,
 * TAMIS_ENOMEM. */
typedef tamis_status tamis_walk_window(tamis_normalizer *normalizer, tamis_walk *at,
                                       const uint8_t *stop, tamis_buf *out);

struct tamis_normalizer {
    tamis_profile profile;
    const uint16_t *index;
    const uint32_t *entries;
    uint32_t raw_shift;
    tamis_ascii_text *ascii_text;
    tamis_ascii_code *ascii_code;
    tamis_walk_window *window;
    tamis_blocks *blocks; /* NULL: the kernel needs none */
    tamis_buf segment;    /* uint32_t code points */
    uint32_t low[TAMIS_LOW_COUNT];
};

struct tamis_walk {
    const uint8_t *in;
    const uint8_t *end; /* of the text */
    uint8_t *out;
    bool is_solo_open; /* the open token is solo; its space behind it is not written yet */
    const uint8_t *anchor_in;
    uint8_t *anchor_out;
    bool anchor_is_solo_open;
    const uint8_t *mark_end; /* where a mark ended whose combining class is mark_ccc */
    uint32_t mark_ccc;
};

/* One code point of any kind, at at->in; its entry and length are known. */
tamis_status tamis_walk_point(tamis_normalizer *normalizer, tamis_walk *at, uint32_t entry,
                              size_t length, tamis_buf *out);

/* A run of ASCII, up to `stop` or the first other byte; at least one byte. */
void tamis_walk_ascii(const tamis_normalizer *normalizer, tamis_walk *at, const uint8_t *stop);

/* The code points that start where `starts` has a bit, counted from at->in. */
tamis_status tamis_walk_points(tamis_normalizer *normalizer, tamis_walk *at, uint64_t starts,
                               tamis_buf *out);

/* The kernel for the profile, and the table of low code points. */
tamis_walk_window *tamis_walk_window_kernel(tamis_kernel kernel);
void tamis_walk_low_fill(tamis_normalizer *normalizer);

#if TAMIS_HAVE_X86
/* Profile text only, with the tables of _blocks_create; asks for AVX-512 VBMI besides. */
bool tamis_walk_avx512_is_available(void);
tamis_blocks *tamis_blocks_create(const tamis_normalizer *normalizer); /* NULL: out of memory */
tamis_walk_window tamis_walk_window_avx512_text;
#endif

/* Writes one code point of the result as its class wants it. */
static inline void tamis_walk_write(tamis_walk *at, uint32_t code_point, uint32_t class)
{
    uint8_t bytes[4] = {0};
    size_t length = 0;

    if (class == TAMIS_CLASS_SEPARATOR) {
        *at->out++ = ' ';
        at->is_solo_open = false;
        return;
    }
    /* A solo token before this one is closed by a space, but by a mark it grows. A new solo or
     * operator stands apart from anything. */
    if (class != TAMIS_CLASS_MARK && (at->is_solo_open || class != TAMIS_CLASS_TOKEN)) {
        *at->out++ = ' ';
    }
    length = tamis_utf8_encode(code_point, bytes);
    memcpy(at->out, bytes, sizeof(bytes));
    at->out += length;
    if (class == TAMIS_CLASS_OWN) {
        *at->out++ = ' ';
    }
    if (class != TAMIS_CLASS_MARK) {
        at->is_solo_open = class == TAMIS_CLASS_SOLO;
    }
}

#endif
