/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tables of tables.h as C source: tables_generate FILE. Runs at build time; a fault in
 * the Unicode data ends the build.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "tables.h"

#define SEQUENCE_MAX   32
#define POOL_MAX       65535
#define PAIRS_MAX      4096
#define BLOCK_SIZE     (1u << TAMIS_BLOCK_BITS)
#define HANGUL_FIRST   0xAC00u
#define HANGUL_LAST    0xD7A3u
#define VOWEL_FIRST    0x1161u
#define VOWEL_LAST     0x1175u
#define TRAILING_FIRST 0x11A8u
#define TRAILING_LAST  0x11C2u

typedef struct sequence {
    size_t count;
    uint32_t points[SEQUENCE_MAX];
} sequence;

typedef enum profile { PROFILE_TEXT, PROFILE_CODE } profile;

static uint32_t pool[POOL_MAX + 1];
static size_t pool_size = 1; /* place 0 means "itself" */
static tamis_pair pairs[PAIRS_MAX];
static size_t pair_count;
static bool combines[TAMIS_CODE_POINT_LIMIT];
static uint32_t values[TAMIS_CODE_POINT_LIMIT];
static FILE *output;
static double expansion_max = 3.0; /* an operator in code: a byte and two spaces */

static _Noreturn void fail(const char *what, uint32_t code_point)
{
    (void)fprintf(stderr, "tables_generate: %s at U+%04X\n", what, (unsigned)code_point);
    exit(1);
}

static bool is_surrogate(uint32_t code_point)
{
    return code_point >= 0xD800 && code_point <= 0xDFFF;
}

static const utf8proc_property_t *property(uint32_t code_point)
{
    return utf8proc_get_property((utf8proc_int32_t)code_point);
}

static uint32_t ccc_of(uint32_t code_point)
{
    return (uint32_t)property(code_point)->combining_class;
}

/* Full decomposition of one code point, in canonical order. */
static sequence split(uint32_t code_point, int options)
{
    utf8proc_int32_t points[SEQUENCE_MAX] = {0};
    sequence result = {0};
    int boundary_class = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)code_point, points, SEQUENCE_MAX,
                                (utf8proc_option_t)options, &boundary_class);

    if (count < 0 || count > SEQUENCE_MAX) {
        fail("decomposition", code_point);
    }
    for (size_t i = 0; i < (size_t)count; i++) {
        size_t at = i;

        result.points[i] = (uint32_t)points[i];
        while (at > 0 && ccc_of((uint32_t)points[i]) != 0 &&
               ccc_of(result.points[at - 1]) > ccc_of((uint32_t)points[i])) {
            result.points[at] = result.points[at - 1];
            result.points[--at] = (uint32_t)points[i];
        }
    }
    result.count = (size_t)count;
    return result;
}

static sequence split_in(uint32_t code_point, profile in)
{
    return split(code_point, in == PROFILE_TEXT
                                 ? UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                       UTF8PROC_CASEFOLD | UTF8PROC_IGNORE
                                 : UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE);
}

static sequence compose(sequence parts)
{
    utf8proc_int32_t points[SEQUENCE_MAX + 1];
    utf8proc_ssize_t count = 0;

    for (size_t i = 0; i < parts.count; i++) {
        points[i] = (utf8proc_int32_t)parts.points[i];
    }
    count = utf8proc_normalize_utf32(points, (utf8proc_ssize_t)parts.count,
                                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (count < 0) {
        fail("composition", parts.points[0]);
    }
    parts.count = (size_t)count;
    for (size_t i = 0; i < parts.count; i++) {
        parts.points[i] = (uint32_t)points[i];
    }
    return parts;
}

static int pair_compare(const void *a, const void *b)
{
    uint64_t x = ((const tamis_pair *)a)->parts;
    uint64_t y = ((const tamis_pair *)b)->parts;

    return (x > y) - (x < y);
}

/* A primary composite is a code point that composing its decomposition gives back; its parts are
 * what all but the last of its decomposition compose to, and the last. */
static void find_pairs(void)
{
    for (uint32_t c = 0; c < TAMIS_CODE_POINT_LIMIT; c++) {
        sequence parts = {0};
        sequence whole = {0};
        sequence first = {0};

        if (is_surrogate(c) || (c >= HANGUL_FIRST && c <= HANGUL_LAST)) {
            continue;
        }
        parts = split(c, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
        whole = compose(parts);
        if (parts.count < 2 || whole.count != 1 || whole.points[0] != c) {
            continue;
        }
        first = parts;
        first.count--;
        first = compose(first);
        if (first.count != 1 || pair_count == PAIRS_MAX) {
            fail("composite", c);
        }
        pairs[pair_count++] =
            (tamis_pair){.parts = (uint64_t)first.points[0] << 32 | parts.points[parts.count - 1],
                         .composite = c};
        combines[parts.points[parts.count - 1]] = true;
    }
    for (uint32_t c = VOWEL_FIRST; c <= VOWEL_LAST; c++) {
        combines[c] = true;
    }
    for (uint32_t c = TRAILING_FIRST; c <= TRAILING_LAST; c++) {
        combines[c] = true;
    }
    qsort(pairs, pair_count, sizeof(pairs[0]), pair_compare);
}

static bool is_solo(uint32_t c)
{
    /* docs/FORMATS.md 1.4 */
    static const uint32_t ranges[][2] = {
        {0x0E00, 0x0FFF},   {0x1000, 0x109F},  {0x1780, 0x17FF}, {0x19E0, 0x19FF}, {0x1A20, 0x1AAF},
        {0x2E80, 0x2FDF},   {0x3005, 0x3007},  {0x3021, 0x3029}, {0x3031, 0x3035}, {0x3038, 0x303C},
        {0x3040, 0x30FF},   {0x3100, 0x312F},  {0x31A0, 0x31BF}, {0x31F0, 0x31FF}, {0x3400, 0x4DBF},
        {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},  {0xA9E0, 0xA9FF}, {0xAA60, 0xAA7F}, {0xF900, 0xFAFF},
        {0x1B000, 0x1B16F}, {0x20000, 0x3FFFF}};

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

static uint32_t class_of(uint32_t c, profile in)
{
    int category = property(c)->category;

    if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) {
        return TAMIS_CLASS_MARK;
    }
    if ((category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
        (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO)) {
        return is_solo(c) ? TAMIS_CLASS_SOLO : TAMIS_CLASS_TOKEN;
    }
    if (in == PROFILE_TEXT) {
        return TAMIS_CLASS_SEPARATOR;
    }
    if (c == '_') {
        return TAMIS_CLASS_TOKEN;
    }
    if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_SO) {
        return TAMIS_CLASS_OWN;
    }
    return TAMIS_CLASS_SEPARATOR; /* Z*, C* */
}

static bool is_white_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

/* Place of the sequence in the pool; equal ones share a place. */
static uint32_t pool_place(const sequence *parts)
{
    size_t place = 1;

    while (place < pool_size) {
        if (pool[place] == parts->count &&
            memcmp(&pool[place + 1], parts->points, parts->count * sizeof(pool[0])) == 0) {
            return (uint32_t)place;
        }
        place += 1 + pool[place];
    }
    if (pool_size + 1 + parts->count > POOL_MAX) {
        fail("pool full", parts->points[0]);
    }
    pool[pool_size] = (uint32_t)parts->count;
    memcpy(&pool[pool_size + 1], parts->points, parts->count * sizeof(pool[0]));
    pool_size += 1 + parts->count;
    return (uint32_t)place;
}

static size_t utf8_size(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/* Bytes written for c: its own and the spaces that set tokens apart. */
static void note_expansion(uint32_t c, const sequence *result, profile in)
{
    size_t bytes = 1;

    for (size_t i = 0; i < result->count; i++) {
        uint32_t class = class_of(result->points[i], in);

        bytes += utf8_size(result->points[i]) + (class == TAMIS_CLASS_OWN ? 2 : 1);
    }
    if ((double)bytes / (double)utf8_size(c) > expansion_max) {
        expansion_max = (double)bytes / (double)utf8_size(c);
    }
}

static uint32_t entry_of(uint32_t c, profile in)
{
    sequence result = compose(split_in(c, in));
    uint32_t entry = 0;
    bool is_slow = false;
    bool is_separating = true;

    if (result.count == 0) {
        return TAMIS_CLASS_IGNORABLE;
    }
    note_expansion(c, &result, in);
    for (size_t i = 0; i < result.count; i++) {
        uint32_t point = result.points[i];

        is_slow = is_slow || combines[point];
        is_separating =
            is_separating && class_of(point, in) == TAMIS_CLASS_SEPARATOR && ccc_of(point) == 0;
    }
    entry = class_of(result.points[0], in);
    if (ccc_of(result.points[0]) != 0 || combines[result.points[0]]) {
        entry |= TAMIS_ENTRY_JOINS;
    } else if (entry == TAMIS_CLASS_SEPARATOR || entry == TAMIS_CLASS_SOLO ||
               entry == TAMIS_CLASS_OWN) {
        entry |= TAMIS_ENTRY_CUT;
    }
    if (result.count > 1) {
        if (!is_slow && is_separating && in == PROFILE_TEXT) {
            return entry; /* one space says it all */
        }
        entry |= TAMIS_ENTRY_MANY | pool_place(&result) << TAMIS_ENTRY_SHIFT;
        is_slow = is_slow || (entry & TAMIS_ENTRY_JOINS) != 0;
    } else if (result.points[0] != c) {
        entry |= TAMIS_ENTRY_CHANGED | result.points[0] << TAMIS_ENTRY_SHIFT;
        is_slow = is_slow || (entry & TAMIS_ENTRY_JOINS) != 0;
    } else if ((entry & TAMIS_ENTRY_JOINS) != 0) {
        entry |= ccc_of(c) << TAMIS_ENTRY_SHIFT;
    }
    return is_slow ? entry | TAMIS_ENTRY_SLOW : entry;
}

static uint32_t raw_of(uint32_t c)
{
    return class_of(c, PROFILE_TEXT) | class_of(c, PROFILE_CODE) << TAMIS_RAW_CODE_SHIFT |
           (combines[c] ? TAMIS_RAW_COMBINES : 0) |
           (is_white_space(c) ? TAMIS_RAW_WHITE_SPACE : 0) | ccc_of(c) << TAMIS_RAW_CCC_SHIFT;
}

static uint32_t split_place(uint32_t c, int options)
{
    sequence parts = split(c, options);

    if ((parts.count == 1 && parts.points[0] == c) || (c >= HANGUL_FIRST && c <= HANGUL_LAST)) {
        return 0;
    }
    return pool_place(&parts);
}

/* Writes `values` as a two-level table. */
static void write_table(const char *name, const char *type)
{
    static uint32_t blocks[TAMIS_BLOCK_COUNT]; /* first code point of each distinct block */
    static uint32_t index[TAMIS_BLOCK_COUNT];
    uint32_t block_count = 0;

    for (uint32_t block = 0; block < TAMIS_BLOCK_COUNT; block++) {
        uint32_t same = 0;

        while (same < block_count && memcmp(&values[blocks[same]], &values[block * BLOCK_SIZE],
                                            BLOCK_SIZE * sizeof(values[0])) != 0) {
            same++;
        }
        if (same == block_count) {
            blocks[block_count++] = block * BLOCK_SIZE;
        }
        index[block] = same;
    }
    (void)fprintf(output, "const uint16_t tamis_%s_index[TAMIS_BLOCK_COUNT] = {", name);
    for (uint32_t block = 0; block < TAMIS_BLOCK_COUNT; block++) {
        (void)fprintf(output, "%s%u,", block % 16 == 0 ? "\n" : "", (unsigned)index[block]);
    }
    (void)fprintf(output, "\n};\nconst %s tamis_%s_entries[] = {", type, name);
    for (uint32_t i = 0; i < block_count * BLOCK_SIZE; i++) {
        (void)fprintf(output, "%s%u,", i % 16 == 0 ? "\n" : "",
                      (unsigned)values[blocks[i / BLOCK_SIZE] + i % BLOCK_SIZE]);
    }
    (void)fprintf(output, "\n};\n");
}

/* `values` are the entries of profile code. */
static void write_inert(void)
{
    (void)fprintf(output, "const uint64_t tamis_inert[TAMIS_INERT_COUNT] = {");
    for (uint32_t block = 0; block < TAMIS_INERT_COUNT; block++) {
        uint64_t bits = 0;

        for (uint32_t i = 0; i < 64; i++) {
            uint32_t c = block * 64 + i;
            bool is_inert = (values[c] & (TAMIS_ENTRY_JOINS | TAMIS_ENTRY_SLOW | TAMIS_ENTRY_MANY |
                                          TAMIS_ENTRY_CHANGED)) == 0;

            bits |= (uint64_t)(is_inert && !is_white_space(c)) << i;
        }
        (void)fprintf(output, "%s0x%llxu,", block % 4 == 0 ? "\n" : "", (unsigned long long)bits);
    }
    (void)fprintf(output, "\n};\n");
}

static void write_rest(void)
{
    (void)fprintf(output, "const uint32_t tamis_sequences[] = {");
    for (size_t i = 0; i < pool_size; i++) {
        (void)fprintf(output, "%s%u,", i % 16 == 0 ? "\n" : "", (unsigned)pool[i]);
    }
    (void)fprintf(output, "\n};\nconst tamis_pair tamis_pairs[] = {\n");
    for (size_t i = 0; i < pair_count; i++) {
        (void)fprintf(output, "{0x%llxu, 0x%x},\n", (unsigned long long)pairs[i].parts,
                      (unsigned)pairs[i].composite);
    }
    (void)fprintf(output, "};\nconst size_t tamis_pair_count = %zu;\n", pair_count);
    (void)fprintf(output, "const size_t tamis_expansion_max = %zu;\n",
                  (size_t)(expansion_max + 1.0));
    (void)fprintf(output, "const char tamis_unicode_version[] = \"%s\";\n",
                  utf8proc_unicode_version());
}

int main(int argument_count, char **arguments)
{
    output = argument_count == 2 ? fopen(arguments[1], "w") : NULL;
    if (output == NULL) {
        (void)fprintf(stderr, "usage: tables_generate FILE (that can be written)\n");
        return 2;
    }
    (void)fprintf(output, "#include \"tables.h\"\n");
    find_pairs();
    for (profile in = PROFILE_TEXT; in <= PROFILE_CODE; in++) {
        for (uint32_t c = 0; c < TAMIS_CODE_POINT_LIMIT; c++) {
            values[c] = is_surrogate(c) ? TAMIS_CLASS_SEPARATOR : entry_of(c, in);
        }
        write_table(in == PROFILE_TEXT ? "text" : "code", "uint32_t");
    }
    write_inert();
    for (uint32_t c = 0; c < TAMIS_CODE_POINT_LIMIT; c++) {
        values[c] = is_surrogate(c) ? 0 : raw_of(c);
    }
    write_table("raw", "uint16_t");
    for (uint32_t c = 0; c < TAMIS_CODE_POINT_LIMIT; c++) {
        values[c] = is_surrogate(c)
                        ? 0
                        : split_place(c, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                             UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    }
    write_table("text_split", "uint16_t");
    for (uint32_t c = 0; c < TAMIS_CODE_POINT_LIMIT; c++) {
        values[c] = is_surrogate(c) ? 0 : split_place(c, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    }
    write_table("canonical_split", "uint16_t");
    write_rest();
    if (ferror(output) != 0 || fclose(output) != 0) {
        (void)fprintf(stderr, "tables_generate: cannot write %s\n", arguments[1]);
        return 1;
    }
    return 0;
}
