/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tables of words.h and char_tables.h as C source: char_tables_generate FILE. Runs at
 * build time; a fault in the Unicode data ends the build.
 *
 * General categories and case mappings are those of utf8proc, as in lib/text; Word_Break and the
 * binary properties, which utf8proc lacks, are those of ICU. Both must be of one Unicode version:
 * a difference in a category ends the build.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <utf8proc.h>

#include "char_tables.h"
#include "table_write.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

/* datatrove's set of punctuation, without ASCII. */
static const range punctuation[] = {
    {0x00, 0x08},     {0x0B, 0x1F},     {0x7F, 0x9F},     {0xAB, 0xAB},     {0xB4, 0xB4},
    {0xBB, 0xBB},     {0x2013, 0x2014}, {0x2019, 0x2019}, {0x201C, 0x201E}, {0x2026, 0x2026},
    {0x2236, 0x2236}, {0x2501, 0x2501}, {0x25BA, 0x25BA}, {0x3001, 0x3002}, {0x3008, 0x300D},
    {0x3010, 0x3011}, {0xFF01, 0xFF01}, {0xFF05, 0xFF05}, {0xFF08, 0xFF09}, {0xFF0C, 0xFF0C},
    {0xFF0E, 0xFF0E}, {0xFF11, 0xFF11}, {0xFF1A, 0xFF1B}, {0xFF1F, 0xFF1F}, {0xFF5E, 0xFF5E}};

/* datatrove's terminal punctuation. */
static const range terminal[] = {
    {0x21, 0x21},       {0x2E, 0x2E},       {0x3F, 0x3F},       {0x589, 0x589},
    {0x61D, 0x61F},     {0x6D4, 0x6D4},     {0x700, 0x702},     {0x7F9, 0x7F9},
    {0x837, 0x837},     {0x839, 0x839},     {0x83D, 0x83E},     {0x964, 0x965},
    {0x104A, 0x104B},   {0x1362, 0x1362},   {0x1367, 0x1368},   {0x166E, 0x166E},
    {0x1735, 0x1736},   {0x17D4, 0x17D6},   {0x17D9, 0x17DA},   {0x1803, 0x1803},
    {0x1809, 0x1809},   {0x1944, 0x1945},   {0x1AA8, 0x1AAB},   {0x1B5A, 0x1B5B},
    {0x1B5E, 0x1B5F},   {0x1B7D, 0x1B7E},   {0x1C3B, 0x1C3C},   {0x1C7E, 0x1C7F},
    {0x203C, 0x203D},   {0x2047, 0x2049},   {0x2E2E, 0x2E2E},   {0x2E3C, 0x2E3C},
    {0x2E53, 0x2E54},   {0x3002, 0x3002},   {0xA4FF, 0xA4FF},   {0xA60E, 0xA60F},
    {0xA6F3, 0xA6F3},   {0xA6F7, 0xA6F7},   {0xA876, 0xA877},   {0xA8CE, 0xA8CF},
    {0xA92F, 0xA92F},   {0xA9C8, 0xA9C9},   {0xAA5D, 0xAA5F},   {0xAAF0, 0xAAF1},
    {0xABEB, 0xABEB},   {0xFE52, 0xFE52},   {0xFE56, 0xFE57},   {0xFF01, 0xFF01},
    {0xFF0E, 0xFF0E},   {0xFF1F, 0xFF1F},   {0xFF61, 0xFF61},   {0x10A56, 0x10A57},
    {0x10F55, 0x10F59}, {0x10F86, 0x10F89}, {0x11047, 0x11048}, {0x110BE, 0x110C1},
    {0x11141, 0x11143}, {0x111C5, 0x111C6}, {0x111CD, 0x111CD}, {0x111DE, 0x111DF},
    {0x11238, 0x11239}, {0x1123B, 0x1123C}, {0x112A9, 0x112A9}, {0x1144B, 0x1144C},
    {0x115C2, 0x115C3}, {0x115C9, 0x115D7}, {0x11641, 0x11642}, {0x1173C, 0x1173E},
    {0x11944, 0x11944}, {0x11946, 0x11946}, {0x11A42, 0x11A43}, {0x11A9B, 0x11A9C},
    {0x11C41, 0x11C42}, {0x11EF7, 0x11EF8}, {0x11F43, 0x11F44}, {0x16A6E, 0x16A6F},
    {0x16AF5, 0x16AF5}, {0x16B37, 0x16B38}, {0x16B44, 0x16B44}, {0x16E98, 0x16E98},
    {0x1BC9F, 0x1BC9F}, {0x1DA88, 0x1DA88}};

/* What Python takes for white space. */
static const range white_space[] = {
    {0x09, 0x0D},     {0x1C, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};

static const range line_breaks[] = {{0x0A, 0x0D}, {0x1C, 0x1E}, {0x85, 0x85}, {0x2028, 0x2029}};

static const uint8_t word_breaks[U_WB_COUNT] = {
    [U_WB_OTHER] = TAMIS_WB_OTHER,
    [U_WB_ALETTER] = TAMIS_WB_ALETTER,
    [U_WB_FORMAT] = TAMIS_WB_FORMAT,
    [U_WB_KATAKANA] = TAMIS_WB_KATAKANA,
    [U_WB_MIDLETTER] = TAMIS_WB_MID_LETTER,
    [U_WB_MIDNUM] = TAMIS_WB_MID_NUM,
    [U_WB_NUMERIC] = TAMIS_WB_NUMERIC,
    [U_WB_EXTENDNUMLET] = TAMIS_WB_EXTEND_NUM_LET,
    [U_WB_CR] = TAMIS_WB_CR,
    [U_WB_EXTEND] = TAMIS_WB_EXTEND,
    [U_WB_LF] = TAMIS_WB_LF,
    [U_WB_MIDNUMLET] = TAMIS_WB_MID_NUM_LET,
    [U_WB_NEWLINE] = TAMIS_WB_NEWLINE,
    [U_WB_REGIONAL_INDICATOR] = TAMIS_WB_REGIONAL,
    [U_WB_HEBREW_LETTER] = TAMIS_WB_HEBREW,
    [U_WB_SINGLE_QUOTE] = TAMIS_WB_SINGLE_QUOTE,
    [U_WB_DOUBLE_QUOTE] = TAMIS_WB_DOUBLE_QUOTE,
    [U_WB_ZWJ] = TAMIS_WB_ZWJ,
    [U_WB_WSEGSPACE] = TAMIS_WB_SPACE,
};

/* ICU's numbers of the general categories, as utf8proc numbers them. */
static const uint8_t categories[U_CHAR_CATEGORY_COUNT] = {
    [U_UNASSIGNED] = UTF8PROC_CATEGORY_CN,
    [U_UPPERCASE_LETTER] = UTF8PROC_CATEGORY_LU,
    [U_LOWERCASE_LETTER] = UTF8PROC_CATEGORY_LL,
    [U_TITLECASE_LETTER] = UTF8PROC_CATEGORY_LT,
    [U_MODIFIER_LETTER] = UTF8PROC_CATEGORY_LM,
    [U_OTHER_LETTER] = UTF8PROC_CATEGORY_LO,
    [U_NON_SPACING_MARK] = UTF8PROC_CATEGORY_MN,
    [U_ENCLOSING_MARK] = UTF8PROC_CATEGORY_ME,
    [U_COMBINING_SPACING_MARK] = UTF8PROC_CATEGORY_MC,
    [U_DECIMAL_DIGIT_NUMBER] = UTF8PROC_CATEGORY_ND,
    [U_LETTER_NUMBER] = UTF8PROC_CATEGORY_NL,
    [U_OTHER_NUMBER] = UTF8PROC_CATEGORY_NO,
    [U_SPACE_SEPARATOR] = UTF8PROC_CATEGORY_ZS,
    [U_LINE_SEPARATOR] = UTF8PROC_CATEGORY_ZL,
    [U_PARAGRAPH_SEPARATOR] = UTF8PROC_CATEGORY_ZP,
    [U_CONTROL_CHAR] = UTF8PROC_CATEGORY_CC,
    [U_FORMAT_CHAR] = UTF8PROC_CATEGORY_CF,
    [U_PRIVATE_USE_CHAR] = UTF8PROC_CATEGORY_CO,
    [U_SURROGATE] = UTF8PROC_CATEGORY_CS,
    [U_DASH_PUNCTUATION] = UTF8PROC_CATEGORY_PD,
    [U_START_PUNCTUATION] = UTF8PROC_CATEGORY_PS,
    [U_END_PUNCTUATION] = UTF8PROC_CATEGORY_PE,
    [U_CONNECTOR_PUNCTUATION] = UTF8PROC_CATEGORY_PC,
    [U_OTHER_PUNCTUATION] = UTF8PROC_CATEGORY_PO,
    [U_MATH_SYMBOL] = UTF8PROC_CATEGORY_SM,
    [U_CURRENCY_SYMBOL] = UTF8PROC_CATEGORY_SC,
    [U_MODIFIER_SYMBOL] = UTF8PROC_CATEGORY_SK,
    [U_OTHER_SYMBOL] = UTF8PROC_CATEGORY_SO,
    [U_INITIAL_PUNCTUATION] = UTF8PROC_CATEGORY_PI,
    [U_FINAL_PUNCTUATION] = UTF8PROC_CATEGORY_PF,
};

static uint32_t values[TAMIS_CHAR_LIMIT];
static FILE *output;

static _Noreturn void fail(const char *what, uint32_t code_point)
{
    (void)fprintf(stderr, "char_tables_generate: %s at U+%04X\n", what, (unsigned)code_point);
    exit(1);
}

static bool is_in(uint32_t c, const range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

#define IS_IN(c, ranges) is_in((c), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

static bool has(uint32_t c, UProperty property)
{
    return u_hasBinaryProperty((UChar32)c, property) != 0;
}

static uint32_t number_of(uint32_t c, int category)
{
    int type = u_getIntPropertyValue((UChar32)c, UCHAR_NUMERIC_TYPE);
    uint32_t bits = 0;

    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) {
        bits |= TAMIS_CHAR_NUMBER | TAMIS_CHAR_WORD;
    }
    bits |= category == UTF8PROC_CATEGORY_ND ? TAMIS_CHAR_DECIMAL : 0;
    bits |= type == U_NT_DECIMAL || type == U_NT_DIGIT ? TAMIS_CHAR_DIGIT : 0;
    return bits | (type != U_NT_NONE ? TAMIS_CHAR_NUMERIC : 0);
}

static bool is_ascii_punctuation(uint32_t c)
{
    return c > 0x20 && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
           !(c >= 'a' && c <= 'z');
}

static uint32_t entry_of(uint32_t c)
{
    int category = (int)utf8proc_category((utf8proc_int32_t)c);
    uint32_t bits = number_of(c, category);

    if (categories[u_charType((UChar32)c)] != category) {
        fail("utf8proc and ICU stem from two versions of Unicode: their categories differ", c);
    }
    bits |= IS_IN(c, white_space) ? TAMIS_CHAR_SPACE : 0;
    bits |= IS_IN(c, line_breaks) ? TAMIS_CHAR_BREAK : 0;
    bits |= IS_IN(c, terminal) ? TAMIS_CHAR_TERMINAL | TAMIS_CHAR_PUNCTUATION : 0;
    bits |= IS_IN(c, punctuation) || is_ascii_punctuation(c) ? TAMIS_CHAR_PUNCTUATION : 0;
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) {
        bits |= TAMIS_CHAR_ALPHA | TAMIS_CHAR_WORD;
    }
    bits |= category == UTF8PROC_CATEGORY_LT ? TAMIS_CHAR_TITLE : 0;
    bits |= has(c, UCHAR_UPPERCASE) ? TAMIS_CHAR_UPPER : 0;
    bits |= has(c, UCHAR_LOWERCASE) ? TAMIS_CHAR_LOWER : 0;
    bits |= has(c, UCHAR_ALPHABETIC) ? TAMIS_CHAR_ALPHABETIC : 0;
    bits |= has(c, UCHAR_CASED) ? TAMIS_CHAR_CASED : 0;
    bits |= has(c, UCHAR_CASE_IGNORABLE) ? TAMIS_CHAR_CASELESS : 0;
    bits |= has(c, UCHAR_EXTENDED_PICTOGRAPHIC) ? TAMIS_CHAR_PICTOGRAPHIC : 0;
    bits |= c == '_' ? TAMIS_CHAR_WORD : 0;
    bits |= (uint32_t)word_breaks[u_getIntPropertyValue((UChar32)c, UCHAR_WORD_BREAK)]
            << TAMIS_CHAR_BREAK_SHIFT;
    return bits | (uint32_t)category << TAMIS_CHAR_CATEGORY_SHIFT;
}

static uint32_t lower_of(uint32_t c)
{
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)c) - c;
}

int main(int argc, char **argv)
{
    if (argc != 2 || (output = fopen(argv[1], "w")) == NULL) {
        (void)fprintf(stderr, "usage: char_tables_generate FILE\n");
        return 2;
    }
    (void)fprintf(output,
                  "/* Written by char_tables_generate from utf8proc %s and ICU %s. */\n"
                  "#include \"char_tables.h\"\n",
                  utf8proc_version(), U_ICU_VERSION);
    for (uint32_t c = 0; c < TAMIS_CHAR_LIMIT; c++) {
        values[c] = entry_of(c);
    }
    tamis_table_write(output, values, "char", "uint32_t");
    for (uint32_t c = 0; c < TAMIS_CHAR_LIMIT; c++) {
        values[c] = lower_of(c);
    }
    tamis_table_write(output, values, "lower", "int32_t");
    if (fclose(output) != 0) {
        (void)fprintf(stderr, "char_tables_generate: %s cannot be written\n", argv[1]);
        return 1;
    }
    return 0;
}
