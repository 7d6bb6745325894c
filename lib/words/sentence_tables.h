/* SPDX-License-Identifier: Apache-2.0 */
/* sentence_tables.h - what ICU knows of sentences, written at build time by
 * sentence_tables_generate.c: the property Sentence_Break (UAX #29) and the list of English
 * abbreviations that end no sentence (CLDR, "standard").
 *
 * Pure.
 */
#ifndef TAMIS_WORDS_SENTENCE_TABLES_H
#define TAMIS_WORDS_SENTENCE_TABLES_H

#include "char_tables.h"

/* Property Sentence_Break; CR and LF are spaces here, as sentence_rule.h says. */
typedef enum tamis_sentence_class {
    TAMIS_SB_OTHER,
    TAMIS_SB_EXTEND, /* and Format */
    TAMIS_SB_SEP,
    TAMIS_SB_SP,
    TAMIS_SB_LOWER,
    TAMIS_SB_UPPER,
    TAMIS_SB_OLETTER,
    TAMIS_SB_NUMERIC,
    TAMIS_SB_ATERM,
    TAMIS_SB_STERM,
    TAMIS_SB_SCONTINUE,
    TAMIS_SB_CLOSE
} tamis_sentence_class;

extern const uint16_t tamis_sentence_index[TAMIS_CHAR_BLOCK_COUNT];
extern const uint8_t tamis_sentence_entries[];

static inline tamis_sentence_class tamis_sentence_class_of(uint32_t c)
{
    const uint32_t block = tamis_sentence_index[c >> TAMIS_CHAR_BLOCK_BITS];
    const uint32_t within = c & ((1u << TAMIS_CHAR_BLOCK_BITS) - 1);

    return (tamis_sentence_class)tamis_sentence_entries[(block << TAMIS_CHAR_BLOCK_BITS) + within];
}

typedef struct tamis_abbreviation {
    const char *text;
    uint8_t size;
    bool is_begin;      /* of backward ones: up to the first period of longer ones, which decide */
    bool has_extension; /* of forward ones: another one begins with it */
} tamis_abbreviation;

/* Looked for before a break, the longest first for each last byte but one; the end is at
 * tamis_abbreviation_ends[byte], the begin at that of the byte before it. All end in a period. */
extern const tamis_abbreviation tamis_abbreviations_before[];
extern const uint16_t tamis_abbreviation_ends[256];
/* With a period inside: looked for from where a begin of one stands, the longest first. */
extern const tamis_abbreviation tamis_abbreviations_across[];
extern const uint16_t tamis_abbreviation_across_count;

#endif
