/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tables of ccnet_tables.h as C source: ccnet_tables_generate FILE. Runs at build time.
 *
 * Per code point: full canonical decomposition, then of each element: Mn is dropped, Nd is 0, the
 * 34 characters of punctuation are mapped, controls are dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "ccnet_tables.h"

#define ELEMENTS_MAX 32
#define POOL_MAX     65535u
#define BLOCK        (1u << CCNET_BLOCK_BITS)
#define BLOCKS       (CCNET_LIMIT >> CCNET_BLOCK_BITS)
#define HANGUL_FIRST 0xAC00u
#define HANGUL_LAST  0xD7A3u

typedef struct mapping {
    uint32_t from;
    const char *to;
} mapping;

/* FF11, the full-width digit one, is in CCNet's table of punctuation; but by then it is a 0. */
static const mapping punctuation[] = {
    {0xFF0C, ","},   {0x3002, "."},   {0x3001, ","},  {0x201E, "\""}, {0x201D, "\""},
    {0x201C, "\""},  {0x00AB, "\""},  {0x00BB, "\""}, {0x300D, "\""}, {0x300C, "\""},
    {0x300A, "\""},  {0x300B, "\""},  {0x00B4, "'"},  {0x2236, ":"},  {0xFF1A, ":"},
    {0xFF1F, "?"},   {0xFF01, "!"},   {0xFF08, "("},  {0xFF09, ")"},  {0xFF1B, ";"},
    {0x2013, "-"},   {0x2014, " - "}, {0xFF0E, ". "}, {0xFF5E, "~"},  {0x2019, "'"},
    {0x2026, "..."}, {0x2501, "-"},   {0x3008, "<"},  {0x3009, ">"},  {0x3010, "["},
    {0x3011, "]"},   {0xFF05, "%"},   {0x25BA, "-"}};

static uint32_t pool[POOL_MAX + 1];
static uint32_t pool_size = 1; /* place 0 means "itself" */
static uint16_t entries[CCNET_LIMIT];
static uint16_t block_of[BLOCKS];
static uint16_t blocks[BLOCKS][BLOCK];
static size_t block_count;
static FILE *output;

static _Noreturn void fail(const char *what, uint32_t code_point)
{
    (void)fprintf(stderr, "ccnet_tables_generate: %s at U+%04X\n", what, (unsigned)code_point);
    exit(1);
}

static const utf8proc_property_t *property(uint32_t code_point)
{
    return utf8proc_get_property((utf8proc_int32_t)code_point);
}

static const char *punctuation_of(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof(punctuation) / sizeof(punctuation[0]); i++) {
        if (punctuation[i].from == code_point) {
            return punctuation[i].to;
        }
    }
    return NULL;
}

/* Appends what one code point of a decomposition becomes. */
static size_t map_element(uint32_t code_point, uint32_t *out, size_t count)
{
    const utf8proc_property_t *p = property(code_point);
    uint32_t class = (uint32_t)p->combining_class << CCNET_CLASS_SHIFT;
    const char *to = punctuation_of(code_point);

    if (p->category == UTF8PROC_CATEGORY_MN) {
        out[count++] = code_point | class | CCNET_DROPPED;
    } else if (p->category == UTF8PROC_CATEGORY_ND) {
        out[count++] = '0';
    } else if (code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F)) {
        out[count++] = code_point | CCNET_DROPPED;
    } else if (to != NULL) {
        for (; *to != '\0'; to++) {
            out[count++] = (uint32_t)(unsigned char)*to;
        }
    } else {
        out[count++] = code_point | class;
    }
    return count;
}

static void add(uint32_t code_point)
{
    utf8proc_int32_t points[ELEMENTS_MAX] = {0};
    uint32_t elements[4 * ELEMENTS_MAX];
    size_t size = 0;
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code_point, points,
                                                     ELEMENTS_MAX, UTF8PROC_DECOMPOSE, &boundary);

    if (count < 0 || count > ELEMENTS_MAX) {
        fail("decomposition", code_point);
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        size = map_element((uint32_t)points[i], elements, size);
    }
    if (size == 1 && elements[0] == code_point) {
        return;
    }
    if (pool_size + size + 1 > POOL_MAX) {
        fail("the pool is full", code_point);
    }
    entries[code_point] = (uint16_t)pool_size;
    pool[pool_size++] = (uint32_t)size;
    memcpy(pool + pool_size, elements, size * sizeof(*elements));
    pool_size += (uint32_t)size;
}

static void make_blocks(void)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t same = 0;

        while (same < block_count &&
               memcmp(blocks[same], entries + i * BLOCK, sizeof(blocks[0])) != 0) {
            same++;
        }
        if (same == block_count) {
            memcpy(blocks[block_count++], entries + i * BLOCK, sizeof(blocks[0]));
        }
        block_of[i] = (uint16_t)same;
    }
}

static void write_numbers(const char *name, const char *type, size_t count, uint32_t (*get)(size_t))
{
    (void)fprintf(output, "const %s %s[%zu] = {", type, name, count);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(output, "%s%u,", i % 16 == 0 ? "\n    " : "", (unsigned)get(i));
    }
    (void)fprintf(output, "\n};\n");
}

static uint32_t get_index(size_t i)
{
    return block_of[i];
}

static uint32_t get_entry(size_t i)
{
    return blocks[i / BLOCK][i % BLOCK];
}

static uint32_t get_pool(size_t i)
{
    return pool[i];
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2 || (output = fopen(arguments[1], "w")) == NULL) {
        (void)fprintf(stderr, "usage: ccnet_tables_generate FILE\n");
        return 1;
    }
    for (uint32_t c = 0; c < CCNET_LIMIT; c++) {
        if ((c < 0xD800 || c > 0xDFFF) && (c < HANGUL_FIRST || c > HANGUL_LAST)) {
            add(c);
        }
    }
    make_blocks();
    (void)fprintf(output, "/* Written by ccnet_tables_generate. */\n#include \"ccnet_tables.h\"\n");
    write_numbers("ccnet_index", "uint16_t", BLOCKS, get_index);
    write_numbers("ccnet_entries", "uint16_t", block_count * BLOCK, get_entry);
    write_numbers("ccnet_pool", "uint32_t", pool_size, get_pool);
    if (ferror(output) || fclose(output) != 0) {
        (void)fprintf(stderr, "ccnet_tables_generate: %s cannot be written\n", arguments[1]);
        return 1;
    }
    return 0;
}
