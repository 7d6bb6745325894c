/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the engine's own promises: growing `wanted` gives the same values as all at once, nothing
 * of one text stays for the next, lists decide; rounding; definitions without reference values
 * worked by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rounding.h"
#include "tamis/signals.h"
#include "tamis/words.h"

typedef struct test_engine {
    tamis_signals *engine;
    tamis_text_view *view;
    uint8_t text[8192 + TAMIS_BUF_SLACK];
    double values[TAMIS_SIGNALS_MAX];
} test_engine;

static void open_engine(test_engine *test, const tamis_signal_lists *lists)
{
    assert_int_equal(tamis_text_view_create(&test->view, NULL), TAMIS_OK);
    assert_int_equal(tamis_signals_create(lists, &test->engine, NULL), TAMIS_OK);
}

static void close_engine(test_engine *test)
{
    tamis_signals_destroy(test->engine);
    tamis_text_view_destroy(test->view);
}

static void begin(test_engine *test, const char *text)
{
    memset(test->text, 0, sizeof(test->text));
    memcpy(test->text, text, strlen(text));
    tamis_text_view_set(test->view, tamis_slice_of(test->text, strlen(text)));
    tamis_signals_begin(test->engine, test->view);
}

static void compute_all(test_engine *test)
{
    uint64_t wanted[TAMIS_SIGNAL_WORDS] = {0};

    for (size_t i = 0; i < tamis_signal_count(); i++) {
        tamis_signal_bits_set(wanted, i);
    }
    assert_int_equal(tamis_signals_compute(test->engine, wanted, test->values, NULL), TAMIS_OK);
}

static double value_of(const test_engine *test, const char *name)
{
    size_t index = 0;

    assert_true(tamis_signal_find(name, &index));
    return test->values[index];
}

static void assert_value(const test_engine *test, const char *name, double wanted)
{
    double value = value_of(test, name);

    if (isnan(wanted) ? !isnan(value) : !(fabs(value - wanted) < 1e-12)) {
        fail_msg("%s: wanted %.17g, got %.17g", name, wanted, value);
    }
}

static const char *const texts[] = {
    "",
    "\n",
    " \t ",
    "a b c d e a b c d e x a b c d e",
    "The quick brown fox... jumps over #the lazy dog.\n\n\xE2\x80\xA2 Bullet \xE2\x80\xA6\n",
    ("\xC3\x89t\xC3\xA9 \xE4\xB8\xAD\xE6\x96\x87 \xE1\xBA\x9B\xCC\xA3 OK\n\xC3\x89t\xC3\xA9 \"x\" "
     "{}\n"),
};

static void test_growing_wanted_is_the_same_as_all(void **state)
{
    test_engine all = {0};
    test_engine one = {0};

    (void)state;
    open_engine(&all, NULL);
    open_engine(&one, NULL);
    for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
        begin(&all, texts[t]);
        compute_all(&all);
        begin(&one, texts[t]);
        for (size_t i = tamis_signal_count(); i-- > 0;) { /* dear ones first */
            uint64_t wanted[TAMIS_SIGNAL_WORDS] = {0};

            tamis_signal_bits_set(wanted, i);
            assert_int_equal(tamis_signals_compute(one.engine, wanted, one.values, NULL), TAMIS_OK);
            if (isnan(all.values[i]) ? !isnan(one.values[i]) : all.values[i] != one.values[i]) {
                fail_msg("%s of text %zu", tamis_signal_get(i)->name, t);
            }
        }
    }
    close_engine(&all);
    close_engine(&one);
}

static void test_one_text_four_answers(void **state)
{
    test_engine test = {0};

    (void)state;
    open_engine(&test, NULL);
    begin(&test, "a b c d e a b c d e x a b c d e");
    compute_all(&test);
    assert_value(&test, "datatrove_ws_duplicated_5_n_grams", 10.0 / 31);
    assert_value(&test, "datatrove_ws_top_2_gram", 9.0 / 31);
    assert_value(&test, "datatrove_uax29_top_3_gram", 15.0 / 31);
    assert_value(&test, "gopher_dup_5gram", 15.0 / 16);
    assert_value(&test, "gopher_top_2gram", 6.0 / 16);
    assert_value(&test, "gopher_top_3gram", 9.0 / 16);
    assert_value(&test, "rps_doc_frac_chars_dupe_5grams", 0.9375);
    assert_value(&test, "dclm_dup_5gram", 0.9375);
    assert_value(&test, "dolma_gopher_fraction_of_characters_in_duplicate_5grams", 0.25);

    assert_value(&test, "bigscience_word_repetition_ratio", 3.0 / 12);
    assert_value(&test, "data_juicer_word_repetition_ratio", 0.0);
    assert_value(&test, "bigscience_special_characters_ratio", 15.0 / 31);
    assert_value(&test, "bigscience_n_words", 16);
    assert_value(&test, "rps_doc_stop_word_fraction", (double)NAN);
    close_engine(&test);
}

/* k = min(floor(sqrt(different)), repeated): the k greatest counts of runs of 10. */
static void test_character_repetition(void **state)
{
    test_engine test = {0};

    (void)state;
    open_engine(&test, NULL);
    begin(&test, "aaaaaaaaaaaa"); /* 3 runs, one different */
    compute_all(&test);
    assert_value(&test, "bigscience_character_repetition_ratio", 1.0);
    begin(&test, "abcdefghijklabcdefghijkl"); /* 15 runs, 12 different, 3 of them twice; k = 3 */
    compute_all(&test);
    assert_value(&test, "bigscience_character_repetition_ratio", 6.0 / 15);
    begin(&test, "abcdefghijklmnabcdefghijklmn"); /* 19 runs, 14 different, 5 twice; k = 3 */
    compute_all(&test);
    assert_value(&test, "bigscience_character_repetition_ratio", 6.0 / 19);
    begin(&test, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
                 "\xC3\xA9"); /* 11 code points: 2 runs, one different */
    compute_all(&test);
    assert_value(&test, "bigscience_character_repetition_ratio", 1.0);
    begin(&test, "abcdefghi");
    compute_all(&test);
    assert_value(&test, "bigscience_character_repetition_ratio", 0.0);
    close_engine(&test);
}

static void test_lists(void **state)
{
    tamis_slice stops[] = {tamis_slice_of_string("fox"), tamis_slice_of_string("dog")};
    tamis_slice flagged[] = {tamis_slice_of_string("lazy dog")};
    tamis_word_set *stop_words = NULL;
    tamis_word_set *flagged_words = NULL;
    test_engine test = {0};

    (void)state;
    assert_int_equal(tamis_word_set_create(stops, 2, &stop_words, NULL), TAMIS_OK);
    assert_int_equal(tamis_word_set_create(flagged, 1, &flagged_words, NULL), TAMIS_OK);
    open_engine(&test, &(tamis_signal_lists){.gopher_stop_words = stop_words,
                                             .stop_words = stop_words,
                                             .flagged_words = flagged_words});
    begin(&test, "The fox, a FOX; the lazy dog: fox");
    compute_all(&test);
    assert_value(&test, "datatrove_ws_stop_words", 1); /* "fox," and "dog:" are other words */
    assert_value(&test, "datatrove_treebank_stop_words", 2);
    assert_value(&test, "datatrove_treebank_stop_word_occurrences", 3);
    assert_value(&test, "dclm_stop_word_occurrences", 1); /* "fox" at the end; "fox;" is none */
    assert_value(&test, "rps_doc_stop_word_fraction", 0.27272727);
    assert_value(&test, "rps_doc_ldnoobw_words", 1);
    assert_value(&test, "bigscience_stop_words_ratio", 4.0 / 8);
    close_engine(&test);
    tamis_word_set_destroy(stop_words);
    tamis_word_set_destroy(flagged_words);
}

static void test_rounding(void **state)
{
    uint64_t seed = 12345;

    (void)state;
    assert_true(tamis_round8(0.5) == 0.5);
    assert_true(tamis_round8(1.0 / 3) == 0.33333333);
    assert_true(tamis_round8(2.0 / 3) == 0.66666667);
    assert_true(isnan(tamis_round8((double)NAN)));
    assert_true(tamis_round8(1.0 / 512 / 1) == 0.00195312); /* 0.001953125: the even one */
    assert_true(tamis_round8(3.0 / 512) == 0.00585938);     /* 0.005859375: the even one */
    for (size_t i = 0; i < 20000; i++) {
        char text[64];
        double value = 0;

        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        value = (double)(seed >> 40) / (double)((seed >> 20 & 0xFFFFF) + 1);
        (void)snprintf(text, sizeof(text), "%.8f", value);
        assert_true(value >= 1048576 || tamis_round8(value) == strtod(text, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing_wanted_is_the_same_as_all),
        cmocka_unit_test(test_one_text_four_answers),
        cmocka_unit_test(test_character_repetition),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_rounding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
