/* SPDX-License-Identifier: Apache-2.0 */
/* char_tables.h - numbers of the properties in the table of words.h.
 *
 * Pure.
 */
#ifndef TAMIS_WORDS_CHAR_TABLES_H
#define TAMIS_WORDS_CHAR_TABLES_H

#include "tamis/words.h"

#define TAMIS_CHAR_LIMIT          0x110000u
#define TAMIS_CHAR_BLOCK_COUNT    (TAMIS_CHAR_LIMIT >> TAMIS_CHAR_BLOCK_BITS)
#define TAMIS_CHAR_PICTOGRAPHIC   0x00200000u /* property Extended_Pictographic */
#define TAMIS_CHAR_BREAK_SHIFT    16
#define TAMIS_CHAR_BREAK_MASK     0x1Fu
#define TAMIS_CHAR_CATEGORY_SHIFT 24

/* Property Word_Break (UAX #29). */
typedef enum tamis_word_break {
    TAMIS_WB_OTHER,
    TAMIS_WB_CR,
    TAMIS_WB_LF,
    TAMIS_WB_NEWLINE,
    TAMIS_WB_EXTEND,
    TAMIS_WB_ZWJ,
    TAMIS_WB_FORMAT,
    TAMIS_WB_REGIONAL,
    TAMIS_WB_KATAKANA,
    TAMIS_WB_HEBREW,
    TAMIS_WB_ALETTER,
    TAMIS_WB_SINGLE_QUOTE,
    TAMIS_WB_DOUBLE_QUOTE,
    TAMIS_WB_MID_NUM_LET,
    TAMIS_WB_MID_LETTER,
    TAMIS_WB_MID_NUM,
    TAMIS_WB_NUMERIC,
    TAMIS_WB_EXTEND_NUM_LET,
    TAMIS_WB_SPACE,
    TAMIS_WB_COUNT
} tamis_word_break;

/* General categories by number: the two letters of each. */
#define TAMIS_CATEGORY_NAMES "CnLuLlLtLmLoMnMcMeNdNlNoPcPdPsPePiPfPoSmScSkSoZsZlZpCcCfCsCo"

/* Lower case, as differences to the code point. */
extern const uint16_t tamis_lower_index[TAMIS_CHAR_BLOCK_COUNT];
extern const int32_t tamis_lower_entries[];

static inline tamis_word_break tamis_char_break(uint32_t class_bits)
{
    return (tamis_word_break)(class_bits >> TAMIS_CHAR_BREAK_SHIFT & TAMIS_CHAR_BREAK_MASK);
}

#endif
