/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: tokens and folded texts are those of docs/FORMATS.md 1.2 and 1.4, with every kernel.
 * Method: known texts; every code point alone and behind a few others; random texts against
 * reference_text.c, which puts the whole text through utf8proc; pieces against the whole.
 */
#include "tamis/normalizer.h"

#include "tamis/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "each_kernel.h"
#include "reference_text.h"

#define SEED   7u
#define ROUNDS 3000

static tamis_normalizer *normalizers[2];
static tamis_folder *folder;

/* Compares the runs between spaces with the reference's tokens. */
static void check_tokens(tamis_slice normalized, const reference_tokens *tokens, const char *what)
{
    size_t found = 0;
    size_t i = 0;

    while (i < normalized.size) {
        size_t end = i;

        while (end < normalized.size && normalized.data[end] != ' ') {
            end++;
        }
        if (end > i) {
            tamis_slice wanted = {0};

            if (found == tokens->count) {
                fail_msg("%s: a token too many", what);
            }
            wanted = reference_token(tokens, found++);
            if (!tamis_slice_is_equal(wanted, tamis_slice_of(normalized.data + i, end - i))) {
                fail_msg("%s: token %zu differs", what, found - 1);
            }
        }
        i = end + 1;
    }
    if (found != tokens->count) {
        fail_msg("%s: %zu tokens, not %zu", what, found, tokens->count);
    }
}

static void check_normalizer(tamis_slice text, tamis_profile profile, size_t piece_bytes,
                             const char *what)
{
    reference_tokens tokens;
    tamis_buf out;
    tamis_slice rest = text;

    reference_tokenize(text, profile, &tokens);
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_normalizer_run(normalizers[profile], text, &out), TAMIS_OK);
    check_tokens(tamis_buf_slice(&out), &tokens, what);
    tamis_buf_reset(&out);
    while (rest.size > 0) {
        size_t cut = tamis_normalizer_cut(normalizers[profile], rest, piece_bytes);

        assert_in_range(cut, 1, rest.size);
        assert_int_equal(
            tamis_normalizer_run(normalizers[profile], tamis_slice_of(rest.data, cut), &out),
            TAMIS_OK);
        assert_int_equal(tamis_buf_append_byte(&out, ' '), TAMIS_OK);
        rest = tamis_slice_of(rest.data + cut, rest.size - cut);
    }
    check_tokens(tamis_buf_slice(&out), &tokens, what);
    tamis_buf_fini(&out);
    reference_tokens_fini(&tokens);
}

static void check_folder(tamis_slice text, const char *what)
{
    tamis_buf wanted;
    tamis_buf out;
    tamis_digest digest = tamis_hash128(text.data, text.size);
    tamis_digest wanted_digest;

    tamis_buf_init(&wanted, 0);
    tamis_buf_init(&out, 0);
    reference_fold(text, &wanted);
    assert_int_equal(tamis_folder_run(folder, text, &out), TAMIS_OK);
    if (!tamis_slice_is_equal(tamis_buf_slice(&wanted), tamis_buf_slice(&out))) {
        fail_msg("%s: folded text differs", what);
    }
    assert_int_equal(tamis_folder_digest(folder, text, digest, &digest), TAMIS_OK);
    wanted_digest = tamis_hash128(wanted.data, wanted.size);
    assert_true(tamis_digest_is_equal(digest, wanted_digest));
    tamis_buf_fini(&wanted);
    tamis_buf_fini(&out);
}

static void check(tamis_slice text, size_t piece_bytes, const char *what)
{
    check_normalizer(text, TAMIS_PROFILE_TEXT, piece_bytes, what);
    check_normalizer(text, TAMIS_PROFILE_CODE, piece_bytes, what);
    check_folder(text, what);
}

static void objects_create(void)
{
    assert_int_equal(tamis_normalizer_create(TAMIS_PROFILE_TEXT, &normalizers[0]), TAMIS_OK);
    assert_int_equal(tamis_normalizer_create(TAMIS_PROFILE_CODE, &normalizers[1]), TAMIS_OK);
    assert_int_equal(tamis_folder_create(&folder), TAMIS_OK);
}

static void objects_destroy(void)
{
    tamis_normalizer_destroy(normalizers[0]);
    tamis_normalizer_destroy(normalizers[1]);
    tamis_folder_destroy(folder);
}

/* Of a kind with thousands of neighbors. */
static bool is_dull(uint32_t point)
{
    return (point > 0x3400 && point < 0x9FF0) || (point > 0xAC20 && point < 0xD790) ||
           (point > 0xE000 && point < 0xF8F0) || (point > 0x13500 && point < 0x16800) ||
           (point > 0x17000 && point < 0x18B00) || (point > 0x20000 && point < 0x2F7F0) ||
           (point > 0x2FA20 && point < 0xDFFF0) || point > 0xE0200;
}

/* Each code point between others that may join it. */
static void body_code_points(void)
{
    objects_create();
    for (uint32_t point = 1; point < 0x110000; point++) {
        uint8_t bytes[64 + TAMIS_BUF_SLACK] = "e";
        char what[32];
        size_t size = 1;

        /* U+11A7: see random_text(). Ideographs, syllables and empty planes: a sample of them. */
        if ((point >= 0xD800 && point <= 0xDFFF) || point == 0x11A7 ||
            (is_dull(point) && point % 61 != 0)) {
            continue;
        }
        size += tamis_utf8_encode(point, bytes + size);
        size += tamis_utf8_encode(0x301, bytes + size);
        size += tamis_utf8_encode(0x316, bytes + size);
        size += tamis_utf8_encode(point, bytes + size);
        size += tamis_utf8_encode(0x6587, bytes + size);
        size += tamis_utf8_encode(point, bytes + size);
        size += tamis_utf8_encode('A', bytes + size);
        (void)snprintf(what, sizeof(what), "U+%04X", (unsigned)point);
        check(tamis_slice_of(bytes, size), 4, what);
    }
    objects_destroy();
}

static void body_random(void)
{
    tamis_rng rng = {.state = SEED};

    objects_create();
    for (int round = 0; round < ROUNDS; round++) {
        tamis_buf text;
        char what[32];

        tamis_buf_init(&text, 0);
        if (round % 2 == 0) {
            random_text(&rng, tamis_rng_below(&rng, round % 100 == 0 ? 20000 : 120), &text);
        } else {
            natural_text(&rng, tamis_rng_below(&rng, round % 100 == 1 ? 20000 : 400), &text);
        }
        (void)snprintf(what, sizeof(what), "round %d", round);
        assert_int_equal(tamis_buf_reserve(&text, 1), TAMIS_OK);
        check(tamis_buf_slice(&text), 1 + tamis_rng_below(&rng, 300), what);
        tamis_buf_fini(&text);
    }
    objects_destroy();
}

/* Runs of marks that make the longest segments, and a text without any place to cut. */
static void body_long_segments(void)
{
    tamis_rng rng = {.state = SEED};
    tamis_buf text;

    objects_create();
    for (int kind = 0; kind < 4; kind++) {
        tamis_buf_init(&text, 0);
        for (int i = 0; i < 4000; i++) { /* utf8proc takes the square of it */
            static const uint32_t marks[4][4] = {{0x301, 0x316, 0x31B, 0x321},
                                                 {0x316, 0x316, 0x316, 0x316},
                                                 {0x9BE, 0x9BE, 0x9C7, 0x94D},
                                                 {'a', 'b', 'c', 'd'}};
            uint8_t bytes[4];
            uint32_t point = marks[kind][tamis_rng_below(&rng, 4)];

            assert_int_equal(tamis_buf_append(&text, bytes, tamis_utf8_encode(point, bytes)),
                             TAMIS_OK);
        }
        check(tamis_buf_slice(&text), 1000, "long segment");
        tamis_buf_fini(&text);
    }
    objects_destroy();
}

static void test_code_points(void **state)
{
    (void)state;
    each_kernel(body_code_points);
}

static void test_random(void **state)
{
    (void)state;
    (void)printf("seed %u\n", SEED);
    each_kernel(body_random);
}

static void test_long_segments(void **state)
{
    (void)state;
    each_kernel(body_long_segments);
}

/* What the definitions mean for texts that people know. */
static void test_known_texts(void **state)
{
    static const struct {
        const char *text;
        tamis_profile profile;
        const char *tokens; /* single spaces */
    } cases[] = {
        {"The quick (\"brown\") fox can't jump 32.3 feet, right?", TAMIS_PROFILE_TEXT,
         "the quick brown fox can t jump 32 3 feet right"},
        {"Stra\u00DFe STRASSE \u0130 \u03A3\u038A\u03A3\u03A5\u03A6\u039F\u03A3",
         TAMIS_PROFILE_TEXT, "strasse strasse i\u0307 \u03C3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C3"},
        {"e\u0301t\u00C9 \uFB01n\u00ADal\u200Bly \u00BD", TAMIS_PROFILE_TEXT,
         "\u00E9t\u00E9 finally 1 2"},
        {"\u4E2D\u6587abc\u5B57 \u304B\u3099\u3001\uFF76\uFF9E", TAMIS_PROFILE_TEXT,
         "\u4E2D \u6587 abc \u5B57 \u304C \u30AC"},
        {"\u0E01\u0E38\u0E48\u0E02x\u0E38", TAMIS_PROFILE_TEXT,
         "\u0E01\u0E38\u0E48 \u0E02 x\u0E38"},
        {" \u0301a", TAMIS_PROFILE_TEXT, "\u0301a"},
        {"\uAC00\u11A8 \u1100\u1161\u11A7", TAMIS_PROFILE_TEXT, "\uAC01 \uAC00\u11A7"},
        {"for (i_2 = 0; i_2 != N; ++i_2)", TAMIS_PROFILE_CODE,
         "for ( i_2 = 0 ; i_2 ! = N ; + + i_2 )"},
        {"a\u2260b =\u0338 +\u0301c", TAMIS_PROFILE_CODE, "a \u2260 b \u2260 + \u0301c"},
        {"", TAMIS_PROFILE_TEXT, ""},
        {" .,;\u3002", TAMIS_PROFILE_TEXT, ""},
    };

    (void)state;
    objects_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[256 + TAMIS_BUF_SLACK] = {0};
        size_t size = strlen(cases[i].text);
        tamis_buf out;
        char tokens[256];
        size_t length = 0;

        memcpy(bytes, cases[i].text, size);
        tamis_buf_init(&out, 0);
        assert_int_equal(
            tamis_normalizer_run(normalizers[cases[i].profile], tamis_slice_of(bytes, size), &out),
            TAMIS_OK);
        for (size_t k = 0; k < out.size; k++) {
            if (out.data[k] != ' ' || (length > 0 && tokens[length - 1] != ' ')) {
                tokens[length++] = (char)out.data[k];
            }
        }
        length -= length > 0 && tokens[length - 1] == ' ' ? 1 : 0;
        tokens[length] = '\0';
        assert_string_equal(tokens, cases[i].tokens);
        tamis_buf_fini(&out);
    }
    objects_destroy();
}

static void test_known_folds(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" \t\n\u3000", ""},
        {"a b", "a b"},
        {"  Two \r\n\r\n Lines\u00A0\u2003 end ", "Two Lines end"},
        {"e\u0301 \u212B", "\u00E9 \u00C5"},
        {"a\u200Bb", "a\u200Bb"},
    };

    (void)state;
    objects_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[64 + TAMIS_BUF_SLACK] = {0};
        tamis_buf out;

        memcpy(bytes, cases[i][0], strlen(cases[i][0]));
        tamis_buf_init(&out, 0);
        assert_int_equal(tamis_folder_run(folder, tamis_slice_of(bytes, strlen(cases[i][0])), &out),
                         TAMIS_OK);
        assert_int_equal(out.size, strlen(cases[i][1]));
        assert_memory_equal(out.size > 0 ? (const char *)out.data : "", cases[i][1], out.size);
        tamis_buf_fini(&out);
    }
    objects_destroy();
}

static void test_unicode_version(void **state)
{
    (void)state;
    assert_true(strlen(tamis_normalizer_unicode_version()) >= strlen("15.0.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),   cmocka_unit_test(test_known_folds),
        cmocka_unit_test(test_code_points),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_long_segments), cmocka_unit_test(test_unicode_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
