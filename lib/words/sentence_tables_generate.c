/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tables of sentence_tables.h as C source: sentence_tables_generate FILE. Runs at build
 * time; data of ICU that is missing or of another kind ends the build.
 *
 * ICU's filtered iterator drops a break behind an abbreviation. It keeps those with a period inside
 * ("Ph.D.") apart: behind their first period it looks forward whether one of them stands there, and
 * behind their end it does not look for them at all (icu4c, common/filteredbrk.cpp).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/ures.h>
#include <unicode/ustring.h>
#include <unicode/uversion.h>

#include "sentence_tables.h"
#include "table_write.h"

#define ABBREVIATIONS_MAX 1024u
#define ABBREVIATION_SIZE 64u

typedef struct entry {
    char text[ABBREVIATION_SIZE];
    bool is_begin;
} entry;

static const uint8_t classes[U_SB_COUNT] = {[U_SB_OTHER] = TAMIS_SB_OTHER,
                                            [U_SB_ATERM] = TAMIS_SB_ATERM,
                                            [U_SB_CLOSE] = TAMIS_SB_CLOSE,
                                            [U_SB_FORMAT] = TAMIS_SB_EXTEND,
                                            [U_SB_LOWER] = TAMIS_SB_LOWER,
                                            [U_SB_NUMERIC] = TAMIS_SB_NUMERIC,
                                            [U_SB_OLETTER] = TAMIS_SB_OLETTER,
                                            [U_SB_SEP] = TAMIS_SB_SEP,
                                            [U_SB_SP] = TAMIS_SB_SP,
                                            [U_SB_STERM] = TAMIS_SB_STERM,
                                            [U_SB_UPPER] = TAMIS_SB_UPPER,
                                            [U_SB_CR] = TAMIS_SB_SP,
                                            [U_SB_EXTEND] = TAMIS_SB_EXTEND,
                                            [U_SB_LF] = TAMIS_SB_SP,
                                            [U_SB_SCONTINUE] = TAMIS_SB_SCONTINUE};

static entry all[ABBREVIATIONS_MAX];
static size_t all_count;
static entry before[ABBREVIATIONS_MAX];
static size_t before_count;
static entry across[ABBREVIATIONS_MAX];
static size_t across_count;

static void fail(const char *what)
{
    (void)fprintf(stderr, "sentence_tables_generate: %s\n", what);
    exit(1);
}

static void must(UErrorCode code, const char *what)
{
    if (U_FAILURE(code)) {
        (void)fprintf(stderr, "sentence_tables_generate: %s: %s\n", what, u_errorName(code));
        exit(1);
    }
}

/* The list that "en@ss=standard" names. */
static void read_abbreviations(void)
{
    UErrorCode code = U_ZERO_ERROR;
    UResourceBundle *bundle = ures_open(U_ICUDATA_NAME "-brkitr", "en", &code);
    UResourceBundle *exceptions = ures_getByKey(bundle, "exceptions", NULL, &code);
    UResourceBundle *list = ures_getByKey(exceptions, "SentenceBreak", NULL, &code);

    must(code, "abbreviations");
    for (int32_t i = 0; i < ures_getSize(list); i++) {
        int32_t size = 0;
        const UChar *text = ures_getStringByIndex(list, i, &size, &code);

        if (all_count == ABBREVIATIONS_MAX) {
            fail("too many abbreviations");
        }
        u_strToUTF8(all[all_count].text, ABBREVIATION_SIZE, &size, text, size, &code);
        must(code, "abbreviation");
        if (size < 2 || size >= (int32_t)ABBREVIATION_SIZE ||
            all[all_count].text[size - 1] != '.') {
            fail("an abbreviation does not end in a period, or is too long or short");
        }
        all_count++;
    }
    ures_close(list);
    ures_close(exceptions);
    ures_close(bundle);
}

/* Bytes up to the first period, with it. */
static size_t begin_size(const char *text)
{
    return strcspn(text, ".") + 1;
}

static bool has_inner_period(const char *text)
{
    return begin_size(text) < strlen(text);
}

/* Whether one with a period inside begins with all of `text` up to its first period. */
static bool shares_begin(const char *text)
{
    for (size_t i = 0; i < all_count; i++) {
        if (has_inner_period(all[i].text) && begin_size(all[i].text) == begin_size(text) &&
            strncmp(all[i].text, text, begin_size(text)) == 0) {
            return true;
        }
    }
    return false;
}

static void add_begin(const char *text)
{
    const size_t size = begin_size(text);

    for (size_t i = 0; i < before_count; i++) {
        if (before[i].is_begin && strlen(before[i].text) == size &&
            strncmp(before[i].text, text, size) == 0) {
            return;
        }
    }
    memcpy(before[before_count].text, text, size);
    before[before_count++].is_begin = true;
}

static void divide(void)
{
    for (size_t i = 0; i < all_count; i++) {
        if (shares_begin(all[i].text)) {
            across[across_count++] = all[i];
            add_begin(all[i].text);
        } else {
            before[before_count++] = all[i];
        }
    }
}

static uint8_t key_of(const entry *e)
{
    return (uint8_t)e->text[strlen(e->text) - 2];
}

static int by_size(const entry *a, const entry *b)
{
    const size_t size_a = strlen(a->text);
    const size_t size_b = strlen(b->text);

    return size_a != size_b ? (size_a > size_b ? -1 : 1) : strcmp(a->text, b->text);
}

static int compare_across(const void *a, const void *b)
{
    return by_size(a, b);
}

static int compare_before(const void *a, const void *b)
{
    const uint8_t key_a = key_of(a);
    const uint8_t key_b = key_of(b);

    return key_a != key_b ? (key_a < key_b ? -1 : 1) : by_size(a, b);
}

static bool has_extension(const entry *e)
{
    for (size_t i = 0; i < across_count; i++) {
        if (strlen(across[i].text) > strlen(e->text) &&
            strncmp(across[i].text, e->text, strlen(e->text)) == 0) {
            return true;
        }
    }
    return false;
}

static void write_entries(FILE *output, const char *name, const entry *entries, size_t count)
{
    (void)fprintf(output, "\nconst tamis_abbreviation tamis_abbreviations_%s[] = {\n", name);
    for (size_t i = 0; i < count; i++) {
        (void)fputs("{\"", output);
        for (const char *at = entries[i].text; *at != '\0'; at++) {
            (void)fprintf(output, "\\%03o", (unsigned)(uint8_t)*at);
        }
        (void)fprintf(output, "\", %zu, %d, %d},\n", strlen(entries[i].text), entries[i].is_begin,
                      has_extension(&entries[i]));
    }
    (void)fprintf(output, "{0, 0, 0, 0}};\n");
}

static void write_abbreviations(FILE *output)
{
    size_t end = 0;

    read_abbreviations();
    divide();
    qsort(before, before_count, sizeof(before[0]), compare_before);
    qsort(across, across_count, sizeof(across[0]), compare_across);
    write_entries(output, "before", before, before_count);
    write_entries(output, "across", across, across_count);
    (void)fprintf(output, "const uint16_t tamis_abbreviation_across_count = %zu;\n", across_count);
    (void)fprintf(output, "const uint16_t tamis_abbreviation_ends[256] = {");
    for (unsigned byte = 0; byte < 256; byte++) {
        while (end < before_count && key_of(&before[end]) <= byte) {
            end++;
        }
        (void)fprintf(output, "%zu,", end);
    }
    (void)fprintf(output, "};\n");
}

int main(int argc, char **argv)
{
    static uint32_t values[TAMIS_CHAR_LIMIT];
    FILE *output = argc == 2 ? fopen(argv[1], "w") : NULL;

    if (output == NULL) {
        (void)fprintf(stderr, "usage: sentence_tables_generate FILE\n");
        return 2;
    }
    (void)fprintf(output,
                  "/* Written by sentence_tables_generate from ICU %s. */\n"
                  "#include \"sentence_tables.h\"\n",
                  U_ICU_VERSION);
    for (uint32_t c = 0; c < TAMIS_CHAR_LIMIT; c++) {
        values[c] = classes[u_getIntPropertyValue((UChar32)c, UCHAR_SENTENCE_BREAK)];
    }
    tamis_table_write(output, values, "sentence", "uint8_t");
    write_abbreviations(output);
    if (fclose(output) != 0) {
        fail("the file cannot be written");
    }
    return 0;
}
