/* SPDX-License-Identifier: Apache-2.0 */
/* keyword_parts.h - the compiled list, as the parts of this library see it.
 *
 * Filter. A text is read 64 bytes at a time as two bit masks: bytes of the set `word` and bytes of
 * the set `special`. A term whose first byte is in `word` and that needs a border in front of it
 * can begin only where a run of such bytes begins; its first 8 bytes are hashed into `long_keys`
 * or, when it is shorter or not ASCII there, its first run into `keys`. All other terms begin at a
 * `special` byte: an ASCII one whose first 4 bytes are in `quads` (or for short terms 2 in
 * `pairs`), or the lead of a character of `leads`. Bytes are hashed with bit 5 set, which makes
 * letters lower case.
 */
#ifndef TAMIS_KEYWORD_PARTS_H
#define TAMIS_KEYWORD_PARTS_H

#include "tamis/cpu.h"
#include "tamis/keywords.h"

#define KEYWORD_NONE     UINT32_MAX
#define KEYWORD_KEY_BITS 16
#define KEYWORD_STRETCH  64 /* blocks of 64 bytes that are masked at once */
#define KEYWORD_BLOCK    64
#define KEYWORD_FOLD     0x2020202020202020ull

/* A set of bytes below 0x80: bit (byte >> 4) of low[byte & 15]. */
typedef struct keyword_set {
    uint8_t low[16];
} keyword_set;

typedef struct keyword_term {
    uint32_t offset; /* in pool */
    uint32_t size;
    bool is_free; /* stands anywhere */
} keyword_term;

typedef struct keyword_masks {
    uint64_t word[KEYWORD_STRETCH + 1];
    uint64_t special[KEYWORD_STRETCH + 1];
    bool has_high; /* a byte from 0x80 on */
} keyword_masks;

/* Masks of `block_count` blocks of 64 bytes. */
typedef void keyword_mask_kernel(const uint8_t *text, size_t block_count, const keyword_set *word,
                                 const keyword_set *special, bool is_lead_special,
                                 keyword_masks *out_masks);
keyword_mask_kernel *keyword_mask_kernel_for(tamis_kernel kernel);

struct tamis_keywords {
    tamis_keywords_settings settings;
    tamis_digest digest;
    tamis_buf pool; /* the terms, lower-cased, one behind the other */
    keyword_term *terms;
    size_t term_count;
    size_t term_room;

    /* The automaton: next[state * class_count + class[byte]]; state 0 is the root. */
    uint8_t class[256];
    uint32_t class_count;
    uint32_t *next;
    uint32_t *term;  /* that ends at a state, or KEYWORD_NONE */
    uint32_t *above; /* the next state of a shorter suffix at which a term ends, or 0 */
    uint32_t *fail;
    uint16_t *depth;
    size_t state_count;
    size_t state_room;

    keyword_set word;
    keyword_set special;
    bool has_keys;
    bool has_pairs;
    bool is_lead_special;
    uint64_t keys[(1u << KEYWORD_KEY_BITS) / 64];
    uint64_t long_keys[(1u << KEYWORD_KEY_BITS) / 64];
    uint64_t quads[(1u << KEYWORD_KEY_BITS) / 64];
    uint64_t pairs[(1u << KEYWORD_KEY_BITS) / 64];
    uint64_t leads[65536 / 64]; /* low 16 bits of the code point, in either case */
};

static inline bool keyword_bit(const uint64_t *bits, size_t index)
{
    return (bits[index / 64] >> (index % 64) & 1) != 0;
}

static inline void keyword_set_bit(uint64_t *bits, size_t index)
{
    bits[index / 64] |= 1ull << (index % 64);
}

static inline bool keyword_set_has(const keyword_set *set, uint8_t byte)
{
    return byte < 0x80 && (set->low[byte & 15] >> (byte >> 4) & 1) != 0;
}

static inline void keyword_set_add(keyword_set *set, uint8_t byte)
{
    set->low[byte & 15] = (uint8_t)(set->low[byte & 15] | 1u << (byte >> 4));
}

/* Where the first `size` bytes (1 to 8) of `bytes`, of which 8 are readable, stand in `keys`. */
static inline size_t keyword_key(const uint8_t *bytes, size_t size)
{
    uint64_t key = 0;

    memcpy(&key, bytes, sizeof(key));
    key |= KEYWORD_FOLD;
    if (size < 8) {
        key &= (1ull << (8 * size)) - 1;
    }
    return (size_t)((key * TAMIS_HASH_K1) >> (64 - KEYWORD_KEY_BITS));
}

/* Adds a term (not yet lower-cased) to the list; one that is there is passed over. TAMIS_ELIMIT:
 * too long. */
TAMIS_MUST_USE
tamis_status keyword_add(tamis_keywords *keywords, tamis_slice term, tamis_err *err);
/* Reads a list into the terms. */
TAMIS_MUST_USE
tamis_status keyword_parse(tamis_keywords *keywords, tamis_slice list, const char *name,
                           tamis_err *err);
/* Makes automaton and filter of the terms. */
TAMIS_MUST_USE
tamis_status keyword_compile(tamis_keywords *keywords, const char *name, tamis_err *err);

#endif
