/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the engines of repetition give what naive ones give. Method: seeded texts of few different
 * words, so that everything repeats, compared for each order; the naive engines compare each run
 * with each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "joined.h"
#include "ngrams.h"
#include "tamis/rng.h"
#include "word_hash.h"

#define WORDS_MAX 60
#define CASES     3000
#define SEED      20240611

/* Words that join to the same texts in many ways, and long ones. */
static const char *const vocabulary[] = {"a", "b",   "ab",  "ba",       "aab",
                                         "c", "cab", "abc", "elephant", "a-word-of-twenty-two-b"};

typedef struct test_text {
    const char *words[WORDS_MAX];
    uint32_t chars[WORDS_MAX];
    uint64_t hashes[WORDS_MAX];
    size_t count;
} test_text;

static void make_text(tamis_rng *rng, test_text *text)
{
    size_t kinds = 1 + tamis_rng_below(rng, sizeof(vocabulary) / sizeof(vocabulary[0]));

    text->count = tamis_rng_below(rng, WORDS_MAX + 1);
    for (size_t i = 0; i < text->count; i++) {
        const char *word = vocabulary[tamis_rng_below(rng, kinds)];

        text->words[i] = word;
        text->chars[i] = (uint32_t)strlen(word);
        text->hashes[i] = tamis_word_hash_bare((const uint8_t *)word, strlen(word));
    }
}

static bool is_same_run(const test_text *text, size_t a, size_t b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text->words[a + i], text->words[b + i]) != 0) {
            return false;
        }
    }
    return true;
}

static uint64_t chars_of(const test_text *text, size_t begin, size_t n)
{
    uint64_t chars = 0;

    for (size_t i = begin; i < begin + n; i++) {
        chars += text->chars[i];
    }
    return chars;
}

static tamis_ngram_order naive_order(const test_text *text, size_t n)
{
    tamis_ngram_order order = {0};
    bool covered[WORDS_MAX] = {false};

    for (size_t i = 0; i + n <= text->count; i++) {
        uint32_t occurrences = 0;

        for (size_t j = 0; j + n <= text->count; j++) {
            occurrences += is_same_run(text, i, j, n);
        }
        order.all_chars += chars_of(text, i, n);
        if (occurrences > 1) {
            order.repeated_count += 1;
            order.repeated_chars += chars_of(text, i, n);
            memset(covered + i, true, n);
        }
        if (occurrences > order.top_count) {
            order.top_count = occurrences;
            order.top_first = (uint32_t)i;
            order.top_chars = chars_of(text, i, n);
            order.top_longest = order.top_chars;
        } else if (occurrences == order.top_count && chars_of(text, i, n) > order.top_longest) {
            order.top_longest = chars_of(text, i, n);
        }
    }
    for (size_t i = 0; i < text->count; i++) {
        order.covered_chars += covered[i] ? text->chars[i] : 0;
    }
    return order;
}

static void test_ngrams_equal_naive_ones(void **state)
{
    tamis_ngram_space space = {0};
    tamis_rng rng = {SEED};

    (void)state;
    for (size_t round = 0; round < CASES; round++) {
        test_text text;
        tamis_ngrams grams;

        make_text(&rng, &text);
        assert_int_equal(tamis_ngrams_count(&space, text.hashes, text.chars, text.count,
                                            TAMIS_NGRAM_ORDER_MAX, &grams, NULL),
                         TAMIS_OK);
        assert_int_equal(grams.chars, chars_of(&text, 0, text.count));
        for (size_t n = 2; n <= TAMIS_NGRAM_ORDER_MAX; n++) {
            tamis_ngram_order naive = naive_order(&text, n);
            const tamis_ngram_order *order = &grams.orders[n];

            assert_int_equal(order->all_chars, naive.all_chars);
            assert_int_equal(order->repeated_count, naive.repeated_count);
            assert_int_equal(order->repeated_chars, naive.repeated_chars);
            assert_int_equal(order->covered_chars, naive.covered_chars);
            if (n <= 4) {
                assert_int_equal(order->top_count, naive.top_count);
                assert_int_equal(order->top_first, naive.top_first);
                assert_int_equal(order->top_chars, naive.top_chars);
                assert_true(naive.top_count < 2 || order->top_longest == naive.top_longest);
            }
        }
    }
    tamis_ngram_space_fini(&space);
}

/* The reference's loop, with a list of all texts remembered. */
static uint64_t naive_joined(const test_text *text, size_t n)
{
    char seen[WORDS_MAX][10 * 24];
    size_t seen_count = 0;
    uint64_t duplicated = 0;

    for (size_t i = 0; i + n <= text->count;) {
        char joined[10 * 24] = "";
        size_t size = 0;
        bool is_seen = false;

        for (size_t k = i; k < i + n; k++) {
            memcpy(joined + size, text->words[k], text->chars[k] + 1);
            size += text->chars[k];
        }
        for (size_t k = 0; k < seen_count; k++) {
            is_seen = is_seen || strcmp(seen[k], joined) == 0;
        }
        if (is_seen) {
            duplicated += size;
            i += n;
        } else {
            memcpy(seen[seen_count++], joined, size + 1);
            i += 1;
        }
    }
    return duplicated;
}

static void test_joined_runs_equal_naive_ones(void **state)
{
    tamis_joined_space space = {0};
    tamis_rng rng = {SEED};

    (void)state;
    for (size_t round = 0; round < CASES; round++) {
        uint64_t chars[TAMIS_JOINED_ORDER_MAX + 1];
        test_text text;
        uint32_t size = 0;

        make_text(&rng, &text);
        assert_int_equal(tamis_joined_begin(&space, text.count, WORDS_MAX * 24, NULL), TAMIS_OK);
        for (size_t i = 0; i < text.count; i++) {
            space.offsets.data[i] = size;
            memcpy(space.stream.data + size, text.words[i], text.chars[i]);
            size += text.chars[i];
        }
        space.offsets.data[text.count] = size;
        assert_int_equal(tamis_joined_count(&space, text.chars, text.count, chars, NULL), TAMIS_OK);
        for (size_t n = TAMIS_JOINED_ORDER_MIN; n <= TAMIS_JOINED_ORDER_MAX; n++) {
            assert_int_equal(chars[n], naive_joined(&text, n));
        }
    }
    tamis_joined_space_fini(&space);
}

static void test_no_words(void **state)
{
    tamis_ngram_space space = {0};
    tamis_ngrams grams;

    (void)state;
    assert_int_equal(tamis_ngrams_count(&space, NULL, NULL, 0, 10, &grams, NULL), TAMIS_OK);
    assert_int_equal(grams.orders[2].top_count, 0);
    assert_int_equal(grams.distinct, 0);
    tamis_ngram_space_fini(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ngrams_equal_naive_ones),
        cmocka_unit_test(test_joined_runs_equal_naive_ones),
        cmocka_unit_test(test_no_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
