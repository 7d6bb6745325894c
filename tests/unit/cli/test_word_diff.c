/* SPDX-License-Identifier: Apache-2.0 */
/* Word diffs: both texts can be put together again from the runs, and no shorter diff exists (held
 * against a table of longest common subsequences). */
#include "cli_support.h"
#include "word_diff.h"

#include <string.h>

static void check_text(const char *a, const char *b, const char *expected)
{
    tamis_diff diff;
    char found[512] = "";
    size_t used = 0;

    assert_int_equal(tamis_diff_make(tamis_slice_of_string(a), tamis_slice_of_string(b), &diff),
                     TAMIS_OK);
    for (size_t i = 0; i < diff.count; i++) {
        static const char *const marks[][2] = {{"", ""}, {"[-", "-]"}, {"{+", "+}"}};
        const tamis_diff_run *run = &diff.runs[i];

        used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%.*s%s",
                                 marks[run->kind][0], (int)run->text.size,
                                 (const char *)run->text.data, marks[run->kind][1]);
    }
    assert_string_equal(found, expected);
    assert_false(diff.is_cut);
    tamis_diff_free(&diff);
}

static void examples(void **state)
{
    (void)state;
    check_text("", "", "");
    check_text("", "one", "{+one+}");
    check_text("one", "", "[-one-]");
    check_text("same  words", "same\nwords", "same  words");
    check_text("a b c", "a x c", "a [-b-]{+x+} c");
    check_text("a b c d", "a x y d", "a [-b c-]{+x y+} d");
    check_text("a b", "a b c", "a b{+ c+}");
    check_text("end, here.", "end; here.", "end[-,-]{+;+} here.");
    check_text("price 10", "price 12", "price [-10-]{+12+}");
    /* One character a word: 漢字 against 漢語. */
    check_text("\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2\xe8\xaa\x9e",
               "\xe6\xbc\xa2[-\xe5\xad\x97-]{+\xe8\xaa\x9e+}");
    check_text("caf\xc3\xa9s", "caf\xc3\xa9", "[-caf\xc3\xa9s-]{+caf\xc3\xa9+}");
}

#define WORDS_MAX 40

static size_t random_text(tamis_rng *rng, char *out, int *out_words)
{
    size_t count = (size_t)tamis_rng_below(rng, WORDS_MAX + 1);
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        out_words[i] = (int)tamis_rng_below(rng, 4);
        out[used++] = (char)("abc+"[out_words[i]]);
        out[used++] = ';';
    }
    out[used] = '\0';
    return count;
}

static size_t longest_common(const int *a, size_t a_count, const int *b, size_t b_count)
{
    size_t table[WORDS_MAX + 1][WORDS_MAX + 1] = {{0}};

    for (size_t i = 1; i <= a_count; i++) {
        for (size_t j = 1; j <= b_count; j++) {
            size_t best = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];

            table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : best;
        }
    }
    return table[a_count][b_count];
}

static size_t append(char *text, size_t size, tamis_slice more)
{
    assert_true(size + more.size <= 2 * WORDS_MAX);
    if (more.size > 0) {
        memcpy(text + size, more.data, more.size);
    }
    text[size + more.size] = '\0';
    return size + more.size;
}

/* Every word is one byte and followed by a word ";", so that counts of bytes are counts of words
 * and common ";" are as many as can be. */
static void shortest_and_complete(void **state)
{
    tamis_rng rng = {.state = 4711};

    (void)state;
    print_message("seed 4711\n");
    for (unsigned round = 0; round < 3000; round++) {
        char a[2 * WORDS_MAX + 1];
        char b[2 * WORDS_MAX + 1];
        char a_again[2 * WORDS_MAX + 1] = "";
        char b_again[2 * WORDS_MAX + 1] = "";
        int a_words[WORDS_MAX];
        int b_words[WORDS_MAX];
        int a_all[2 * WORDS_MAX];
        int b_all[2 * WORDS_MAX];
        size_t a_size = 0;
        size_t b_size = 0;
        size_t equal = 0;
        tamis_diff diff;

        (void)random_text(&rng, a, a_words);
        (void)random_text(&rng, b, b_words);
        assert_int_equal(tamis_diff_make(tamis_slice_of_string(a), tamis_slice_of_string(b), &diff),
                         TAMIS_OK);
        for (size_t i = 0; i < diff.count; i++) {
            const tamis_diff_run *run = &diff.runs[i];

            if (run->kind != TAMIS_DIFF_ADDED) {
                a_size = append(a_again, a_size, run->text);
            }
            if (run->kind != TAMIS_DIFF_REMOVED) {
                b_size = append(b_again, b_size, run->text);
            }
            equal += run->kind == TAMIS_DIFF_EQUAL ? run->text.size : 0;
            assert_true(i == 0 || run->kind != diff.runs[i - 1].kind);
        }
        assert_string_equal(a_again, a);
        assert_string_equal(b_again, b);
        for (size_t i = 0; a[i] != '\0'; i++) {
            a_all[i] = a[i];
        }
        for (size_t i = 0; b[i] != '\0'; i++) {
            b_all[i] = b[i];
        }
        if (strlen(a) <= WORDS_MAX && strlen(b) <= WORDS_MAX) {
            assert_int_equal(equal, longest_common(a_all, strlen(a), b_all, strlen(b)));
        }
        tamis_diff_free(&diff);
    }
}

/* Behind an equal head of any length the window begins at the first difference; what lies behind it
 * is not called different. */
static void long_texts(void **state)
{
    size_t words = 4 * TAMIS_DIFF_WORDS_MAX;
    tamis_buf a;
    tamis_buf b;
    tamis_diff diff;
    size_t different = 0;

    (void)state;
    tamis_buf_init(&a, 0);
    tamis_buf_init(&b, 0);
    for (size_t i = 0; i < words; i++) {
        assert_int_equal(tamis_buf_append_format(&a, "w%zu ", i), TAMIS_OK);
        assert_int_equal(i == words / 2 ? tamis_buf_append_format(&b, "new words here ")
                                        : tamis_buf_append_format(&b, "w%zu ", i),
                         TAMIS_OK);
    }
    assert_int_equal(tamis_diff_make(tamis_buf_slice(&a), tamis_buf_slice(&b), &diff), TAMIS_OK);
    assert_true(diff.is_cut);
    assert_int_equal(diff.runs[0].kind, TAMIS_DIFF_EQUAL);
    for (size_t i = 0; i < diff.count; i++) {
        different += diff.runs[i].kind == TAMIS_DIFF_EQUAL ? 0 : 1;
    }
    assert_int_equal(different, 2);
    tamis_diff_free(&diff);
    tamis_buf_fini(&a);
    tamis_buf_fini(&b);
}

/* Nothing in common: the most edits there can be. */
static void strangers(void **state)
{
    tamis_buf a;
    tamis_buf b;
    tamis_diff diff;

    (void)state;
    tamis_buf_init(&a, 0);
    tamis_buf_init(&b, 0);
    for (size_t i = 0; i < TAMIS_DIFF_WORDS_MAX / 2; i++) {
        assert_int_equal(tamis_buf_append_format(&a, "a%zu,", i), TAMIS_OK);
        assert_int_equal(tamis_buf_append_format(&b, "b%zu;", i), TAMIS_OK);
    }
    assert_int_equal(tamis_diff_make(tamis_buf_slice(&a), tamis_buf_slice(&b), &diff), TAMIS_OK);
    assert_int_equal(diff.count, 2);
    assert_false(diff.is_cut);
    tamis_diff_free(&diff);
    tamis_buf_fini(&a);
    tamis_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(shortest_and_complete),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(strangers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
