/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: list files are read as documented and refused with file and line; the named rules differ
 * where their originals do; lines are cut whole. Method: small cases by hand.
 */
#include "tamis/keywords.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static tamis_keywords *make(tamis_keyword_rules rules, bool is_substring, const char *list)
{
    tamis_keywords_settings settings = {.rules = rules, .is_substring = is_substring};
    tamis_keywords *keywords = NULL;
    tamis_err err;

    assert_int_equal(
        tamis_keywords_create(&settings, tamis_slice_of_string(list), "list.txt", &keywords, &err),
        TAMIS_OK);
    return keywords;
}

static uint64_t matches(const tamis_keywords *keywords, const char *text)
{
    tamis_keyword_scan *scan = NULL;
    tamis_keyword_result result = {0};
    tamis_buf copy;

    tamis_buf_init(&copy, 0);
    assert_int_equal(tamis_buf_reserve(&copy, 1), TAMIS_OK);
    assert_int_equal(tamis_buf_append_string(&copy, text), TAMIS_OK);
    assert_int_equal(tamis_keyword_scan_create(keywords, &scan, NULL), TAMIS_OK);
    assert_int_equal(tamis_keyword_scan_run(scan, tamis_buf_slice(&copy), &result, NULL), TAMIS_OK);
    tamis_keyword_scan_destroy(scan);
    tamis_buf_fini(&copy);
    return result.match_count;
}

static void check(tamis_keyword_rules rules, const char *list, const char *text, uint64_t expected)
{
    tamis_keywords *keywords = make(rules, false, list);

    assert_int_equal(matches(keywords, text), expected);
    tamis_keywords_destroy(keywords);
}

static void refused(const char *list, size_t size, tamis_status status, const char *text)
{
    tamis_keywords_settings settings = {.rules = TAMIS_KEYWORD_DATATROVE};
    tamis_keywords *keywords = NULL;
    tamis_err err;

    assert_int_equal(
        tamis_keywords_create(&settings, tamis_slice_of(list, size), "list.txt", &keywords, &err),
        status);
    assert_null(keywords);
    assert_string_equal(err.text, text);
}

static void test_lists(void **state)
{
    tamis_keywords *keywords =
        make(TAMIS_KEYWORD_DATATROVE, false,
             "\xEF\xBB\xBF# a comment\n\n plumduff \r\nPLUMDUFF\nGrey Walrus\nno#comment");

    (void)state;
    assert_int_equal(tamis_keywords_count(keywords), 3);
    assert_true(tamis_keywords_has(keywords, tamis_slice_of_string("grey walrus")));
    assert_true(tamis_keywords_has(keywords, tamis_slice_of_string("no#comment")));
    assert_false(tamis_keywords_has(keywords, tamis_slice_of_string("grey")));
    assert_false(tamis_keywords_has(keywords, tamis_slice_of_string("walrus")));
    assert_false(tamis_keywords_has(keywords, tamis_slice_of_string("")));
    tamis_keywords_destroy(keywords);

    keywords = make(TAMIS_KEYWORD_DATATROVE, false,
                    " [\"tar-pot\", \"caf\\u00e9\",\n\"\\ud83d\\ude00 \\\"x\\\"\", \"\"] \n");
    assert_int_equal(tamis_keywords_count(keywords), 3);
    assert_true(tamis_keywords_has(keywords, tamis_slice_of_string("caf\xC3\xA9")));
    assert_true(tamis_keywords_has(keywords, tamis_slice_of_string("\xF0\x9F\x98\x80 \"x\"")));
    tamis_keywords_destroy(keywords);
    keywords = make(TAMIS_KEYWORD_DATATROVE, false, "[]");
    assert_int_equal(matches(keywords, "anything"), 0);
    tamis_keywords_destroy(keywords);
    keywords = make(TAMIS_KEYWORD_DATATROVE, false, "");
    assert_int_equal(matches(keywords, ""), 0);
    tamis_keywords_destroy(keywords);
}

static void test_refusals(void **state)
{
    char long_term[TAMIS_KEYWORD_BYTES_MAX + 2];
    tamis_keywords *keywords = NULL;

    (void)state;
    refused("a\nb\xFF\n", 5, TAMIS_EFORMAT,
            "list.txt, line 2: not UTF-8 at offset 3: convert the file");
    refused("[\"a\"\n\"b\"]", 9, TAMIS_EFORMAT,
            "list.txt, line 2: a comma or ']' is missing at offset 5");
    refused("[\"a\",]", 6, TAMIS_EFORMAT,
            "list.txt, line 1: a string in quotes is missing at offset 5");
    refused("[\"a\"] x", 7, TAMIS_EFORMAT,
            "list.txt, line 1: the end of the file is missing at offset 6");
    refused("[\"a\\q\"]", 7, TAMIS_EFORMAT,
            "list.txt, line 1: a valid escape is missing at offset 5");
    refused("[\"\\ud800\"]", 10, TAMIS_EFORMAT,
            "list.txt, line 1: a valid escape is missing at offset 8");
    refused("[\"a", 3, TAMIS_EFORMAT, "list.txt, line 1: the closing quote is missing at offset 3");
    memset(long_term, 'x', sizeof(long_term));
    refused(long_term, TAMIS_KEYWORD_BYTES_MAX + 1, TAMIS_ELIMIT,
            "list.txt, line 1: a term of 257 bytes; the limit is 256");
    long_term[TAMIS_KEYWORD_BYTES_MAX] = '\0';
    keywords = make(TAMIS_KEYWORD_DATATROVE, false, long_term);
    assert_int_equal(tamis_keywords_count(keywords), 1);
    assert_int_equal(matches(keywords, long_term), 1);
    tamis_keywords_destroy(keywords);
}

static void test_file(void **state)
{
    tamis_keywords_settings settings = {.rules = TAMIS_KEYWORD_DATATROVE};
    char path[] = "/tmp/test_keywords_XXXXXX";
    int file = mkstemp(path);
    tamis_keywords *keywords = NULL;
    tamis_err err;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "one\ntwo\n", 8), 8);
    assert_int_equal(close(file), 0);
    assert_int_equal(tamis_keywords_open(&settings, path, &keywords, &err), TAMIS_OK);
    assert_int_equal(tamis_keywords_count(keywords), 2);
    assert_true(
        tamis_digest_is_equal(tamis_keywords_digest(keywords), tamis_hash128("one\ntwo\n", 8)));
    tamis_keywords_destroy(keywords);
    keywords = NULL;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tamis_keywords_open(&settings, path, &keywords, &err), TAMIS_ENOENT);
    assert_null(keywords);
}

static void test_rules(void **state)
{
    (void)state;
    /* datatrove: borders of \w, start and end count. */
    check(TAMIS_KEYWORD_DATATROVE, "foo", "foo", 1);
    check(TAMIS_KEYWORD_DATATROVE, "foo", "Foo,FOO foos xfoo _foo foo1", 2);
    check(TAMIS_KEYWORD_DATATROVE, "caf\xC3\xA9", "Caf\xC3\x89! caf\xC3\xA9s", 1);
    check(TAMIS_KEYWORD_DATATROVE, "foo",
          "\xC3\xA9"
          "foo \xE2\x80\x94"
          "foo",
          1);
    check(TAMIS_KEYWORD_DATATROVE, "$foo", "a$foo b$foo $foo", 1);
    check(TAMIS_KEYWORD_DATATROVE, "grey walrus", "the grey walrus  grey  walrus", 1);
    /* C4 of TFDS: a character on both sides in the stripped line. */
    check(TAMIS_KEYWORD_TFDS, "foo", "foo", 0);
    check(TAMIS_KEYWORD_TFDS, "foo", "a foo b\nfoo b\n a foo \n  foo.\n1foo2", 2);
    /* dolma: a word is a token of white space, a phrase stands anywhere. */
    check(TAMIS_KEYWORD_DOLMA, "foo\nbar baz", "foo foo, xbar bazy", 2);
    /* DCLM: \b beside '$' asks for a \w before it. */
    check(TAMIS_KEYWORD_DCLM, "$foo", "a$foo $foo", 1);
    check(TAMIS_KEYWORD_DCLM, "foo", "foo, -foo- _foo", 2);
    /* RPv2: n-grams of normalized words, nothing is lower-cased. */
    check(TAMIS_KEYWORD_RPV2, "plumduff\nplum duff\nTar", "plum duff plumduff tar a plum duff", 3);
    check(TAMIS_KEYWORD_RPV2, "a\na a", "a a a", 5);
}

static void test_substring(void **state)
{
    tamis_keywords *keywords = make(TAMIS_KEYWORD_DATATROVE, true, "\xE6\x80\xA7\nsm\n");
    tamis_keywords_settings settings = {
        .rules = TAMIS_KEYWORD_DATATROVE, .is_substring = true, .language = "zh"};

    (void)state;
    assert_int_equal(matches(keywords, "\xE7\x94\xB7\xE6\x80\xA7 SMx\xE6\x80\xA7"), 3);
    tamis_keywords_destroy(keywords);
    keywords = NULL;
    assert_int_equal(tamis_keywords_create(&settings, tamis_slice_of_string("\xE6\x80\xA7\nsm\n"),
                                           "list", &keywords, NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_keywords_count(keywords), 1); /* datatrove allows the first */
    tamis_keywords_destroy(keywords);
    assert_true(tamis_keyword_language_is_unspaced("th"));
    assert_false(tamis_keyword_language_is_unspaced("en"));
}

static void test_lines(void **state)
{
    static const struct {
        const char *text;
        const char *rest;
    } cases[] = {
        {"a\nfoo\nb", "a\nb"},      {"foo foo\nfoo", ""},
        {"a\nb foo", "a\n"},        {"a foo\nb\nc foo c\nd", "b\nd"},
        {"x\nbar\nbaz\ny", "x\ny"}, {"a", "a"},
    };
    tamis_keywords *keywords = make(TAMIS_KEYWORD_DATATROVE, false, "[\"foo\", \"bar\\nbaz\"]");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tamis_keyword_scan *scan = NULL;
        tamis_keyword_result result;
        tamis_edits edits;
        tamis_buf text;
        tamis_buf out;

        tamis_edits_init(&edits);
        tamis_buf_init(&text, 0);
        tamis_buf_init(&out, 0);
        assert_int_equal(tamis_buf_append_string(&text, cases[i].text), TAMIS_OK);
        assert_int_equal(tamis_keyword_scan_create(keywords, &scan, NULL), TAMIS_OK);
        assert_int_equal(tamis_keyword_scan_run(scan, tamis_buf_slice(&text), &result, NULL),
                         TAMIS_OK);
        assert_int_equal(tamis_keyword_cut_lines(tamis_buf_slice(&text), &result,
                                                 TAMIS_EDIT_REASON_KEYWORDS, &edits),
                         TAMIS_OK);
        assert_int_equal(tamis_edits_apply(&edits, tamis_buf_slice(&text), &out), TAMIS_OK);
        assert_int_equal(out.size, strlen(cases[i].rest));
        assert_memory_equal(out.data, cases[i].rest, out.size);
        tamis_keyword_scan_destroy(scan);
        tamis_edits_fini(&edits);
        tamis_buf_fini(&text);
        tamis_buf_fini(&out);
    }
    tamis_keywords_destroy(keywords);
}

static void test_names(void **state)
{
    tamis_keyword_rules rules = TAMIS_KEYWORD_RULES_COUNT;

    (void)state;
    for (unsigned i = 0; i < TAMIS_KEYWORD_RULES_COUNT; i++) {
        assert_true(
            tamis_keyword_rules_find(tamis_keyword_rules_name((tamis_keyword_rules)i), &rules));
        assert_int_equal(rules, i);
    }
    assert_false(tamis_keyword_rules_find("c4", &rules));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_file),      cmocka_unit_test(test_rules),
        cmocka_unit_test(test_substring), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
