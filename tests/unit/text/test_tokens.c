/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: token and shingle hashes are those of docs/FORMATS.md 1.5 with every kernel, and are good
 * hashes. Method: golden values; random normalized texts against reference_text.c; collisions,
 * avalanche and the spread over slots of hashes of words and 5-grams like those of real text.
 */
#include "tamis/tokens.h"

#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "each_kernel.h"
#include "reference_text.h"

#define SEED 11u

static void check_tokens(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + TAMIS_BUF_SLACK);
    uint64_t *hashes = malloc(TAMIS_TOKENS_ROOM(size) * sizeof(*hashes));
    size_t found = 0;
    size_t count = 0;

    assert_non_null(copy);
    assert_non_null(hashes);
    memcpy(copy, bytes, size);
    memset(copy + size, 'x', TAMIS_BUF_SLACK); /* what is behind must not matter */
    count = tamis_token_hashes(tamis_slice_of(copy, size), hashes);
    for (size_t i = 0; i < size;) {
        size_t end = i;

        while (end < size && copy[end] != ' ') {
            end++;
        }
        if (end > i) {
            assert_true(found < count);
            assert_int_equal(hashes[found++],
                             reference_token_hash(tamis_slice_of(copy + i, end - i)));
        }
        i = end + 1;
    }
    assert_int_equal(found, count);
    free(copy);
    free(hashes);
}

static void body_tokens(void)
{
    static uint8_t text[20000];
    tamis_rng rng = {.state = SEED};

    for (int round = 0; round < 600; round++) {
        size_t size = tamis_rng_below(&rng, round % 50 == 0 ? sizeof(text) : 300);
        uint64_t odds = 1 + tamis_rng_below(&rng, round % 7 == 0 ? 6000 : 12);

        for (size_t i = 0; i < size; i++) {
            text[i] = tamis_rng_below(&rng, odds) == 0 ? ' ' : (uint8_t)(tamis_rng_next(&rng) | 1);
        }
        check_tokens(text, size);
    }
    memset(text, 'a', sizeof(text));
    for (size_t size = 0; size < 200; size++) {
        check_tokens(text, size);
    }
    check_tokens(text, 4096);
    check_tokens(text, 8192);
    text[4096] = ' ';
    check_tokens(text, 8192);
    text[4095] = ' ';
    check_tokens(text, 8192);
    for (size_t i = 0; i < sizeof(text); i += 2) {
        text[i] = ' '; /* as many tokens as there can be */
    }
    check_tokens(text, sizeof(text));
}

static void body_shingles(void)
{
    uint64_t tokens[1200];
    uint64_t shingles[1200];
    tamis_rng rng = {.state = SEED};

    for (size_t i = 0; i < 1200; i++) {
        tokens[i] = tamis_rng_next(&rng);
    }
    for (uint32_t n = 1; n <= TAMIS_SHINGLE_MAX; n++) {
        static const size_t counts[] = {0, 1, 4, 5, 6, 63, 64, 65, 513, 1200};

        for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
            size_t wanted = counts[c] < n ? 0 : counts[c] - n + 1;

            assert_int_equal(tamis_shingle_hashes(tokens, counts[c], n, shingles), wanted);
            for (size_t i = 0; i < wanted; i++) {
                assert_int_equal(shingles[i], reference_shingle_hash(tokens + i, n));
            }
        }
    }
}

static void test_tokens(void **state)
{
    (void)state;
    (void)printf("seed %u\n", SEED);
    each_kernel(body_tokens);
}

static void test_shingles(void **state)
{
    (void)state;
    each_kernel(body_shingles);
}

/* Values that must never change: they lie in indexes. */
static void test_golden(void **state)
{
    static const struct {
        const char *token;
        uint64_t hash;
    } cases[] = {
        {"a", 0xeff0d826530373e3u},
        {"the", 0x88e2cb8614ed2b76u},
        {"eightby8", 0x77c501e0316246eau},
        {"nine bytes", 0x0c9682ad7e0915dcu},
        {"sixteen bytes ab", 0xf1da9ffd09ecfb89u},
        {"seventeen bytes x", 0x5090d2525963ce5du},
        {"a token of thirty-three bytes 123", 0x52d255e238ca5d49u},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[64] = {0};
        size_t size = strlen(cases[i].token);
        uint64_t hash = 0;

        memcpy(bytes, cases[i].token, size);
        hash = tamis_token_hash(bytes, size);
        assert_int_equal(hash, reference_token_hash(tamis_slice_of(bytes, size)));
        if (hash != cases[i].hash) {
            fail_msg("%s: 0x%016llx", cases[i].token, (unsigned long long)hash);
        }
    }
}

static int hash_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void test_distinct(void **state)
{
    tamis_rng rng = {.state = SEED};
    tamis_buf scratch;

    (void)state;
    tamis_buf_init(&scratch, 0);
    for (int round = 0; round < 300; round++) {
        static uint64_t hashes[5000];
        static uint64_t wanted[5000];
        size_t count = tamis_rng_below(&rng, round % 20 == 0 ? 5000 : 60);
        uint64_t limit = round % 3 == 0 ? 10 : round % 3 == 1 ? 1000 : UINT64_MAX;
        size_t wanted_count = 0;
        size_t found = 0;

        for (size_t i = 0; i < count; i++) {
            hashes[i] = tamis_rng_below(&rng, limit);
            wanted[i] = hashes[i];
        }
        qsort(wanted, count, sizeof(wanted[0]), hash_compare);
        for (size_t i = 0; i < count; i++) {
            if (wanted_count == 0 || wanted[wanted_count - 1] != wanted[i]) {
                wanted[wanted_count++] = wanted[i];
            }
        }
        assert_int_equal(tamis_hashes_distinct(hashes, count, &scratch, &found), TAMIS_OK);
        assert_int_equal(found, wanted_count);
        assert_memory_equal(hashes, wanted, found * sizeof(hashes[0]));
    }
    tamis_buf_fini(&scratch);
}

/* A word of a vocabulary of 2^20: letters by its number, as texts have many words that differ in
 * one letter or in their end. */
static uint64_t word_hash(uint64_t number)
{
    uint8_t bytes[32] = {0};
    size_t size = 0;

    do {
        bytes[size++] = (uint8_t)('a' + number % 26);
        number /= 26;
    } while (number != 0);
    return tamis_token_hash(bytes, size);
}

static size_t collisions_of(uint64_t *hashes, size_t count, unsigned bits)
{
    size_t equal = 0;

    qsort(hashes, count, sizeof(hashes[0]), hash_compare);
    for (size_t i = 1; i < count; i++) {
        equal += hashes[i] >> (64 - bits) == hashes[i - 1] >> (64 - bits) ? 1 : 0;
    }
    return equal;
}

/* 2^20 different words, and 2^20 different 5-grams over 20 words: none equal in 64 bits (expected
 * 3e-8), and in the top 32 and 40 bits no more than chance gives. */
static void test_collisions(void **state)
{
    enum { COUNT = 1 << 20 };
    uint64_t *hashes = malloc(COUNT * sizeof(*hashes));
    double chance_32 = (double)COUNT * (double)COUNT / 2 / 4294967296.0; /* 128 */

    (void)state;
    assert_non_null(hashes);
    for (int subject = 0; subject < 2; subject++) {
        for (size_t i = 0; i < COUNT; i++) {
            if (subject == 0) {
                hashes[i] = word_hash(i);
            } else {
                uint64_t words[5];

                for (size_t k = 0, rest = i; k < 5; k++, rest /= 20) {
                    words[k] = word_hash(1000 + rest % 20);
                }
                (void)tamis_shingle_hashes(words, 5, 5, &hashes[i]);
            }
        }
        assert_int_equal(collisions_of(hashes, COUNT, 64), 0);
        assert_true((double)collisions_of(hashes, COUNT, 32) < chance_32 + 60); /* 5 sigma */
        assert_true(collisions_of(hashes, COUNT, 40) < 8);                      /* expected 0.5 */
    }
    free(hashes);
}

/* Any changed bit of a token, and any other word in a shingle, flips each bit of the hash half the
 * time. */
static void test_avalanche(void **state)
{
    enum { TRIALS = 4000 };
    tamis_rng rng = {.state = SEED};
    size_t flips_token[64] = {0};
    size_t flips_shingle[64] = {0};

    (void)state;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        uint8_t bytes[32] = {0};
        size_t size = 1 + tamis_rng_below(&rng, 14);
        uint64_t before = 0;
        uint64_t words[5];
        uint64_t shingles[2];

        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)('a' + tamis_rng_below(&rng, 26));
        }
        for (size_t k = 0; k < 5; k++) {
            words[k] = word_hash(tamis_rng_below(&rng, 1 << 20));
        }
        before = tamis_token_hash(bytes, size);
        bytes[tamis_rng_below(&rng, size)] ^= (uint8_t)(1u << tamis_rng_below(&rng, 8));
        before ^= tamis_token_hash(bytes, size);
        (void)tamis_shingle_hashes(words, 5, 5, &shingles[0]);
        words[tamis_rng_below(&rng, 5)] = word_hash(tamis_rng_below(&rng, 1 << 20));
        (void)tamis_shingle_hashes(words, 5, 5, &shingles[1]);
        for (unsigned bit = 0; bit < 64; bit++) {
            flips_token[bit] += before >> bit & 1;
            flips_shingle[bit] += (shingles[0] ^ shingles[1]) >> bit & 1;
        }
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        /* Sampling alone gives 47 to 53 %. One multiplication does not reach a perfect half for
         * each bit; it must not be far off. */
        assert_in_range(flips_token[bit], TRIALS * 4 / 10, TRIALS * 6 / 10);
        assert_in_range(flips_shingle[bit], TRIALS * 47 / 100, TRIALS * 53 / 100);
    }
}

/* The slot and the value that a sketch takes from a shingle (FORMATS 1.6) are spread evenly. */
static void test_spread(void **state)
{
    enum { COUNT = 1 << 17, CELLS = 256 };
    size_t slots[CELLS] = {0};
    size_t middles[CELLS] = {0};
    double slot_chi = 0;
    double middle_chi = 0;

    (void)state;
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t words[5] = {word_hash(i % 50), word_hash(50 + i / 50 % 50), word_hash(i / 2500),
                             word_hash(7), word_hash(i % 7)};
        uint64_t shingle = 0;

        (void)tamis_shingle_hashes(words, 5, 5, &shingle);
        slots[shingle >> 56]++;
        middles[shingle >> 24 & 0xFF]++;
    }
    for (size_t i = 0; i < CELLS; i++) {
        double expected = (double)COUNT / CELLS;

        slot_chi += ((double)slots[i] - expected) * ((double)slots[i] - expected) / expected;
        middle_chi += ((double)middles[i] - expected) * ((double)middles[i] - expected) / expected;
    }
    /* 255 degrees of freedom: mean 255, deviation 22.6. */
    assert_true(slot_chi < 255 + 6 * 22.6);
    assert_true(middle_chi < 255 + 6 * 22.6);
    assert_true(slot_chi > 255 - 6 * 22.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),     cmocka_unit_test(test_shingles),
        cmocka_unit_test(test_golden),     cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_collisions), cmocka_unit_test(test_avalanche),
        cmocka_unit_test(test_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
