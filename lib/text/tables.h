/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - what is known of each code point, made at build time by tables_generate.c.
 *
 * Two-level tables: a code point's block of 64 is looked up in an index, the code point in the
 * block. The data are those of the utf8proc library at build time; the running program does not use
 * the library, so that tables and code can never stem from two versions of Unicode.
 *
 * Pure.
 */
#ifndef TAMIS_TEXT_TABLES_H
#define TAMIS_TEXT_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAMIS_BLOCK_BITS       6
#define TAMIS_BLOCK_COUNT      (0x110000 >> TAMIS_BLOCK_BITS)
#define TAMIS_CODE_POINT_LIMIT 0x110000

/* What a code point is to tokens (docs/FORMATS.md 1.4). */
typedef enum tamis_class {
    TAMIS_CLASS_SEPARATOR,
    TAMIS_CLASS_TOKEN,
    TAMIS_CLASS_SOLO,
    TAMIS_CLASS_MARK,
    TAMIS_CLASS_IGNORABLE,
    TAMIS_CLASS_OWN /* profile code: an operator, a token of its own */
} tamis_class;

/* An entry says what one code point becomes in a profile when its neighbors do not matter, and
 * whether they can:
 *   bits 0-2   tamis_class of the result
 *   bits 3-7   the flags below
 *   bits 8-28  CHANGED: the code point it becomes; MANY: place in tamis_sequences of the code
 * points it becomes, composed; otherwise, for JOINS: its combining class */
/* The flags: JOINS: the result may be reordered or composed with what is before it. SLOW: needs a
 * look at its neighbors in any case. CUT: in front of it a text can be cut, since no token and no
 * composition crosses. */
#define TAMIS_ENTRY_CLASS   0x07u
#define TAMIS_ENTRY_JOINS   0x08u
#define TAMIS_ENTRY_SLOW    0x10u
#define TAMIS_ENTRY_MANY    0x20u
#define TAMIS_ENTRY_CUT     0x40u
#define TAMIS_ENTRY_CHANGED 0x80u
#define TAMIS_ENTRY_SHIFT   8

/* Raw entries: what a code point is that is the result of normalizing.
 *   bits 0-2 class in profile text, bits 3-5 in profile code, bits 8-15 combining class */
#define TAMIS_RAW_CODE_SHIFT  3
#define TAMIS_RAW_COMBINES    0x40u /* composes with a code point before it: NFC quick check Maybe */
#define TAMIS_RAW_WHITE_SPACE 0x80u /* property White_Space */
#define TAMIS_RAW_CCC_SHIFT   8

extern const uint16_t tamis_text_index[TAMIS_BLOCK_COUNT];
extern const uint32_t tamis_text_entries[];
extern const uint16_t tamis_code_index[TAMIS_BLOCK_COUNT];
extern const uint32_t tamis_code_entries[];
extern const uint16_t tamis_raw_index[TAMIS_BLOCK_COUNT];
extern const uint16_t tamis_raw_entries[];

/* One bit a code point below U+10000: NFC leaves it as it is whatever its neighbors, and it is no
 * white space. */
#define TAMIS_INERT_COUNT 1024
extern const uint64_t tamis_inert[TAMIS_INERT_COUNT];

/* Full decompositions: place in tamis_sequences, 0: itself (and Hangul syllables, which are
 * computed). text: folded, compatibility, without ignorables; canonical: NFD. */
extern const uint16_t tamis_text_split_index[TAMIS_BLOCK_COUNT];
extern const uint16_t tamis_text_split_entries[];
extern const uint16_t tamis_canonical_split_index[TAMIS_BLOCK_COUNT];
extern const uint16_t tamis_canonical_split_entries[];

/* A sequence is its length, then its code points. */
extern const uint32_t tamis_sequences[];

/* Primary composites, ascending by (first << 32 | second). */
typedef struct tamis_pair {
    uint64_t parts;
    uint32_t composite;
} tamis_pair;
extern const tamis_pair tamis_pairs[];
extern const size_t tamis_pair_count;

/* Bytes that normalizing writes for one byte of input, at most. */
extern const size_t tamis_expansion_max;
extern const char tamis_unicode_version[];

static inline uint32_t tamis_entry(const uint16_t *index, const uint32_t *entries,
                                   uint32_t code_point)
{
    return entries[(size_t)index[code_point >> TAMIS_BLOCK_BITS] << TAMIS_BLOCK_BITS |
                   (code_point & ((1u << TAMIS_BLOCK_BITS) - 1))];
}

static inline uint32_t tamis_short_entry(const uint16_t *index, const uint16_t *entries,
                                         uint32_t code_point)
{
    return entries[(size_t)index[code_point >> TAMIS_BLOCK_BITS] << TAMIS_BLOCK_BITS |
                   (code_point & ((1u << TAMIS_BLOCK_BITS) - 1))];
}

static inline uint32_t tamis_raw(uint32_t code_point)
{
    return tamis_short_entry(tamis_raw_index, tamis_raw_entries, code_point);
}

#endif
