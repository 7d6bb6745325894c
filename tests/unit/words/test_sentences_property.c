/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: ends of sentences are those of ICU's filtered iterator. Method: texts put together from
 * tricky pieces, CR and LF as spaces for ICU; the seed is printed. test_sentences_property FILE...:
 * texts of files (each: the size in decimal, a newline, its bytes) instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include "sentence_rule.h"
#include "sentence_tables.h"
#include "tamis/rng.h"

#define TEXTS      60000
#define PIECES_MAX 14

static const char *const pieces[] = {
    ".",
    ".",
    ".",
    "!",
    "?",
    "...",
    ". ",
    ". ",
    "! ",
    "? ",
    " ",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\xc2\x85",
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xc2\xa0",
    "\xe3\x80\x80",
    "a",
    "A",
    "b",
    "The",
    "he",
    "I",
    "Mr",
    "Mr.",
    "Mrs.",
    "Dr. ",
    "etc.",
    "e.g.",
    "i.e. ",
    "Ph.D.",
    "Ph.",
    "D.",
    "U.S.",
    "U.S.A.",
    "a.m.",
    "p.m. ",
    "No.",
    "vs.",
    "Jan.",
    "Sun. ",
    "x.",
    "Alt.",
    "Approx.",
    "As.",
    "J.",
    "1",
    "42",
    "3.14",
    "1.",
    "v1.2.3",
    ",",
    ", ",
    ";",
    ":",
    "-",
    "\xe2\x80\x93",
    "\"",
    "'",
    ")",
    "(",
    "[",
    "]",
    "\xe2\x80\x9d",
    "\xe2\x80\x9c",
    "\xc2\xbb",
    "\xc2\xab",
    "\xe3\x80\x8d",
    "\xe3\x80\x82",
    "\xef\xbc\x8e",
    "\xef\xbc\x81",
    "\xe2\x80\xa4",
    "\xef\xb9\x92",
    "\xe0\xa5\xa4",
    "\xd8\x9f",
    "\xdb\x94",
    "\xcc\x81",
    "\xe2\x80\x8d",
    "\xc2\xad",
    "\xe2\x80\x8b",
    "\xef\xbb\xbf",
    "\xd7\x90",
    "\xe4\xb8\x96",
    "\xd0\xaf",
    "\xd1\x8f",
    "\xc7\x85",
    "\xc2\xaa",
    "\xd9\xa1",
    "\xf0\x9f\x98\x80",
    "\xef\xbc\x8c",
    "#",
    "*",
    "_",
    "@",
    "/",
    "%",
    "|",
    "~",
};

static UBreakIterator *breaks;

static int open_breaks(void **state)
{
    UErrorCode code = U_ZERO_ERROR;

    (void)state;
    breaks = ubrk_open(UBRK_SENTENCE, "en@ss=standard", NULL, 0, &code);
    return U_FAILURE(code) ? -1 : 0;
}

static int close_breaks(void **state)
{
    (void)state;
    ubrk_close(breaks);
    return 0;
}

static void of_icu(tamis_slice text, tamis_buf *ends)
{
    UErrorCode code = U_ZERO_ERROR;
    UText *opened = NULL;
    tamis_buf flat;

    tamis_buf_init(&flat, 0);
    assert_int_equal(tamis_buf_append(&flat, text.data, text.size), TAMIS_OK);
    for (size_t i = 0; i < flat.size; i++) {
        flat.data[i] = flat.data[i] == '\n' || flat.data[i] == '\r' ? ' ' : flat.data[i];
    }
    opened = utext_openUTF8(NULL, (const char *)flat.data, (int64_t)flat.size, &code);
    ubrk_setUText(breaks, opened, &code);
    assert_true(U_SUCCESS(code));
    for (int32_t end = ubrk_next(breaks); end != UBRK_DONE; end = ubrk_next(breaks)) {
        const uint32_t offset = (uint32_t)end;

        assert_int_equal(tamis_buf_append(ends, &offset, sizeof(offset)), TAMIS_OK);
    }
    ubrk_setText(breaks, NULL, 0, &code);
    utext_close(opened);
    tamis_buf_fini(&flat);
}

static void print_ends(const char *who, const tamis_buf *ends)
{
    const uint32_t *end = (const uint32_t *)(const void *)ends->data;

    (void)fprintf(stderr, "%s:", who);
    for (size_t i = 0; i < ends->size / sizeof(*end) && i < 40; i++) {
        (void)fprintf(stderr, " %u", (unsigned)end[i]);
    }
    (void)fputc('\n', stderr);
}

static void check(tamis_slice text, bool is_shown)
{
    tamis_buf wanted;
    tamis_buf got;

    tamis_buf_init(&wanted, 0);
    tamis_buf_init(&got, 0);
    of_icu(text, &wanted);
    assert_int_equal(tamis_sentence_ends(text, &got), TAMIS_OK);
    if (!tamis_slice_is_equal(tamis_buf_slice(&wanted), tamis_buf_slice(&got))) {
        if (is_shown) {
            (void)fprintf(stderr, "%.*s\n", (int)text.size, (const char *)text.data);
        }
        print_ends("ICU", &wanted);
        print_ends("here", &got);
        fail_msg("a text of %zu bytes differs", text.size);
    }
    tamis_buf_fini(&got);
    tamis_buf_fini(&wanted);
}

/* One in four is an abbreviation of the list. */
static const char *random_piece(tamis_rng *rng)
{
    const uint64_t before = tamis_abbreviation_ends[255];
    const uint64_t place = tamis_rng_below(rng, before + tamis_abbreviation_across_count);

    if (tamis_rng_below(rng, 4) != 0) {
        return pieces[tamis_rng_below(rng, sizeof(pieces) / sizeof(pieces[0]))];
    }
    return place < before ? tamis_abbreviations_before[place].text
                          : tamis_abbreviations_across[place - before].text;
}

static void made_texts_break_as_in_icu(void **state)
{
    const char *given = getenv("TAMIS_SEED");
    tamis_rng rng = {.state = given == NULL ? 29 : strtoull(given, NULL, 10)};
    tamis_buf text;

    (void)state;
    print_message("TAMIS_SEED=%llu\n", (unsigned long long)rng.state);
    tamis_buf_init(&text, 0);
    for (size_t i = 0; i < TEXTS; i++) {
        tamis_buf_reset(&text);
        for (uint64_t left = tamis_rng_below(&rng, PIECES_MAX + 1); left > 0; left--) {
            assert_int_equal(tamis_buf_append_string(&text, random_piece(&rng)), TAMIS_OK);
        }
        assert_int_equal(tamis_buf_reserve(&text, TAMIS_BUF_SLACK), TAMIS_OK);
        check(tamis_buf_slice(&text), true);
    }
    tamis_buf_fini(&text);
}

static int check_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0;
    size_t texts = 0;

    if (file == NULL || open_breaks(NULL) != 0) {
        return 2;
    }
    while (fscanf(file, "%zu", &size) == 1 && fgetc(file) == '\n') {
        uint8_t *bytes = calloc(size + TAMIS_BUF_SLACK, 1);

        if (bytes == NULL || fread(bytes, 1, size, file) != size) {
            return 2;
        }
        check(tamis_slice_of(bytes, size), false);
        texts++;
        free(bytes);
    }
    (void)fclose(file);
    (void)close_breaks(NULL);
    (void)printf("%zu texts of %s break as in ICU\n", texts, path);
    return 0;
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_texts_break_as_in_icu)};

    if (argument_count > 1) {
        return check_file(arguments[1]);
    }
    return cmocka_run_group_tests(tests, open_breaks, close_breaks);
}
