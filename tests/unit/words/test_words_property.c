/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: every kernel finds the same words, lines and counts as a plain reading, wherever blocks of
 * 64 bytes end. Method: random texts of the pieces that rules ask for, one view for all, checked
 * against reference_words.c.
 */
#include "tamis/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "each_kernel.h"
#include "reference_words.h"
#include "tamis/rng.h"

#define SEED  17u
#define TEXTS 600u

static const char *const pieces[] = {"a",
                                     "B",
                                     "word",
                                     "cannot",
                                     "gimme",
                                     "wanna",
                                     "n't",
                                     "'s",
                                     "'ll",
                                     "'",
                                     "''",
                                     "\"",
                                     "`",
                                     "``",
                                     ",",
                                     ":",
                                     ".",
                                     "..",
                                     "...",
                                     "(",
                                     ")",
                                     "<",
                                     "]",
                                     "--",
                                     "-",
                                     "?",
                                     "!",
                                     ";",
                                     "@",
                                     "%",
                                     "*",
                                     " ",
                                     " ",
                                     " ",
                                     "\n",
                                     "\r\n",
                                     "\r",
                                     "\t",
                                     "\x1C",
                                     "\x1F",
                                     "7",
                                     "1.5",
                                     "_",
                                     "'tis",
                                     "d'ye",
                                     "more'n",
                                     "\xC2\xA0",
                                     "\xC2\x85",
                                     "\xE2\x80\xA8",
                                     "\xC2\xAB",
                                     "\xE2\x80\x9C",
                                     "\xE2\x80\x9D",
                                     "\xE2\x80\x99",
                                     "\xE2\x80\xA6",
                                     "\xC3\xA9",
                                     "\xC3\x89",
                                     "\xC7\x85",
                                     "\xC2\xB2",
                                     "\xE4\xB8\xAD",
                                     "\xE3\x80\x82",
                                     "\xE3\x80\x80",
                                     "\xEF\xBC\x91",
                                     "\xCC\x81",
                                     "\xE2\x80\x8D",
                                     "\xF0\x9F\x91\xA9",
                                     "\xF0\x9F\x87\xA9",
                                     "\xD7\x90",
                                     "\xE3\x82\xAB"};

static void property_body(void)
{
    tamis_text_view *view = NULL;
    tamis_rng rng = {.state = SEED};
    tamis_buf text;

    tamis_buf_init(&text, 0);
    assert_int_equal(tamis_text_view_create(&view, NULL), TAMIS_OK);
    for (unsigned i = 0; i < TEXTS; i++) {
        const size_t count = tamis_rng_below(&rng, i % 8 == 0 ? 400 : 30);

        tamis_buf_reset(&text);
        for (size_t k = 0; k < count; k++) {
            const size_t piece = tamis_rng_below(&rng, sizeof(pieces) / sizeof(pieces[0]));

            assert_int_equal(tamis_buf_append_string(&text, pieces[piece]), TAMIS_OK);
        }
        tamis_text_view_set(view, tamis_buf_slice(&text));
        reference_check(view);
    }
    tamis_text_view_destroy(view);
    tamis_buf_fini(&text);
}

static void test_property(void **state)
{
    (void)state;
    (void)printf("seed %u\n", SEED);
    each_kernel(property_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_property)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
