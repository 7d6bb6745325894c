/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the line rules leave the text, and give the reasons, of the implementations that they are
 * named after; their edits say exactly what they changed.
 * Method: golden values (tests/golden/lines); both sides of each limit; random texts made of what
 * the rules look for: every kernel gives the same edits, a chain equals its steps, folding two
 * rules equals applying both.
 */
#include "golden_lines.h"
#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "each_kernel.h"

#define SEED       20261123u
#define ROUNDS     1500
#define PIECES_MAX 40

/* Verdicts that differ from Punkt's in the shipped files, by file and option. */
#define SENTENCE_VERDICTS_MAX 6

static tamis_line_rules *make_rules(void)
{
    tamis_line_rules *rules = NULL;

    assert_int_equal(tamis_line_rules_create(NULL, &rules, NULL), TAMIS_OK);
    return rules;
}

/* The text with readable bytes behind it. */
static void set_text(tamis_buf *buf, const char *text, size_t size)
{
    tamis_buf_reset(buf);
    assert_int_equal(tamis_buf_reserve(buf, size + 1), TAMIS_OK);
    assert_int_equal(tamis_buf_append(buf, text, size), TAMIS_OK);
}

static void assert_rule(tamis_line_rule rule, const char *text, const char *expected,
                        const char *reason)
{
    tamis_line_rules *rules = make_rules();
    tamis_line_result result;
    tamis_edits edits;
    tamis_buf in;
    tamis_buf out;

    tamis_edits_init(&edits);
    tamis_buf_init(&in, 0);
    tamis_buf_init(&out, 0);
    set_text(&in, text, strlen(text));
    assert_int_equal(tamis_line_rules_run(rules, rule, tamis_buf_slice(&in), &edits, &result, NULL),
                     TAMIS_OK);
    if (reason == NULL) {
        assert_null(result.drop_reason);
    } else {
        assert_non_null(result.drop_reason);
        assert_string_equal(result.drop_reason, reason);
    }
    if (expected != NULL) {
        assert_int_equal(tamis_edits_apply(&edits, tamis_buf_slice(&in), &out), TAMIS_OK);
        assert_int_equal(tamis_buf_append_byte(&out, 0), TAMIS_OK);
        assert_string_equal((const char *)out.data, expected);
    }
    tamis_edits_fini(&edits);
    tamis_buf_fini(&in);
    tamis_buf_fini(&out);
    tamis_line_rules_destroy(rules);
}

static void test_golden(void **state)
{
    static golden_report report = {.prints = 1};

    (void)state;
    assert_true(golden_lines_compare(TAMIS_GOLDEN_LINES, TAMIS_SENTENCES_ICU, &report));
    assert_true(report.records > 1500);
    assert_true(report.row_count == 30);
    for (size_t i = 0; i < report.row_count; i++) {
        assert_int_equal(report.rows[i].differ[GOLDEN_VERDICT], 0);
        assert_int_equal(report.rows[i].differ[GOLDEN_TEXT], 0);
        assert_int_equal(report.rows[i].differ[GOLDEN_FATES], 0);
        assert_true(report.rows[i].by_sentences <= SENTENCE_VERDICTS_MAX);
    }
}

#define LINE "The lamp was lit at dusk."

static void test_c4(void **state)
{
    (void)state;
    assert_rule(TAMIS_LINES_C4_TFDS, LINE "\n" LINE "\n" LINE "\n", LINE "\n" LINE "\n" LINE, NULL);
    assert_rule(TAMIS_LINES_C4_TFDS, LINE "\r\n menu\n\n " LINE " \x1c" LINE,
                LINE "\n" LINE "\n" LINE, NULL);
    assert_rule(TAMIS_LINES_C4_TFDS, LINE "\n" LINE, NULL, "too_few_sentences");
    assert_rule(TAMIS_LINES_C4_TFDS, "", NULL, "too_few_sentences");
    assert_rule(TAMIS_LINES_C4_PAPER, LINE "\n" LINE "\n" LINE "\n" LINE, NULL,
                "too_few_sentences");
    /* A citation counts as a word in datatrove only, and does not hide what it splits. */
    assert_rule(TAMIS_LINES_C4_DATATROVE, "One [1] two.\n" LINE LINE LINE LINE, NULL,
                "too_few_sentences");
    assert_rule(TAMIS_LINES_C4_TFDS, "This is Lorem[1] IPSUM to you.\n", NULL, "lorem_ipsum");
    assert_rule(TAMIS_LINES_C4_TFDS, "Here is a { for you.\n" LINE, NULL, "curly_bracket");
    /* A dropped line hides the bracket, the letter of a kelvin is a k. */
    assert_rule(TAMIS_LINES_C4_TFDS,
                "Use JavaScript { for all this.\n" LINE "\nWe use coo\u212Aies on this site.\n" LINE
                "\n" LINE,
                LINE "\n" LINE "\n" LINE, NULL);
    assert_rule(TAMIS_LINES_C4_FINEWEB, "a b c\na b c\na b c\na b c\na b c\n \n",
                "a b c\na b c\na b c\na b c\na b c", NULL);
}

static void test_c4_long_word(void **state)
{
    char text[8192];
    size_t size = 0;

    (void)state;
    for (size_t length = 1000; length <= 1001; length++) {
        size = (size_t)snprintf(text, sizeof(text), "a b c d ");
        memset(text + size, 'x', length - 1);
        (void)snprintf(text + size + length - 1, sizeof(text) - size - length,
                       ".\n" LINE "\n" LINE "\n" LINE);
        assert_rule(TAMIS_LINES_C4_TFDS, text, length == 1000 ? text : LINE "\n" LINE "\n" LINE,
                    NULL);
    }
    /* 1,000 characters of two bytes are no long word. */
    size = (size_t)snprintf(text, sizeof(text), "a b c d ");
    for (size_t i = 0; i < 999; i++) {
        memcpy(text + size, "\u00e9", 2);
        size += 2;
    }
    (void)snprintf(text + size, sizeof(text) - size, ".\n" LINE "\n" LINE);
    assert_rule(TAMIS_LINES_C4_TFDS, text, text, NULL);
}

static bool is_bad_line(void *context, tamis_slice line)
{
    (void)context;
    return memmem(line.data, line.size, "grey walrus", 11) != NULL;
}

static void test_bad_words(void **state)
{
    const char *text = LINE "\nThere sat a Grey Walrus on the stone.\n" LINE "\n" LINE;
    tamis_line_options options = {.is_bad = is_bad_line};
    tamis_line_rules *rules = NULL;
    tamis_line_result result;
    tamis_edits edits;
    tamis_buf in;

    (void)state;
    tamis_edits_init(&edits);
    tamis_buf_init(&in, 0);
    set_text(&in, text, strlen(text));
    assert_int_equal(tamis_line_rules_create(&options, &rules, NULL), TAMIS_OK);
    assert_int_equal(tamis_line_rules_run(rules, TAMIS_LINES_C4_TFDS, tamis_buf_slice(&in), &edits,
                                          &result, NULL),
                     TAMIS_OK);
    assert_string_equal(result.drop_reason, "badword");
    assert_int_equal(result.fate_count, 1);
    assert_int_equal(result.fates[0], TAMIS_LINE_KEPT);
    tamis_line_rules_destroy(rules);
    tamis_edits_fini(&edits);
    tamis_buf_fini(&in);
}

static void test_dclm(void **state)
{
    (void)state;
    assert_rule(TAMIS_LINES_DCLM_UPPERCASE, "ABcd\nABCd\n\nx", "ABcd\n\nx", NULL);
    assert_rule(TAMIS_LINES_DCLM_UPPERCASE, "ABC", "", "uppercase_ratio_line_0.5");
    assert_rule(TAMIS_LINES_DCLM_NUMERIC, "123\n1.5\n\u0663\u0664\nx", "1.5\nx", NULL);
    assert_rule(TAMIS_LINES_DCLM_COUNTER,
                "3 likes\n1.2K views!\n(12,000  followers)\n3likes\n3 likes it\nlikes 3\nx_3 likes",
                "3likes\n3 likes it\nlikes 3\nx_3 likes", NULL);
    assert_rule(TAMIS_LINES_DCLM_LENGTH_2, "one\n\ntwo words\n \nx", "\ntwo words", NULL);
    assert_rule(TAMIS_LINES_DCLM_CART, "3 Items in Cart now\nitems in cart\nx", "3 now\nx", NULL);
    assert_rule(TAMIS_LINES_DCLM_READ_MORE,
                "News of today Read more...\nread more!!!\nread more\nx",
                "News of today\nread more\nx", NULL);
    assert_rule(TAMIS_LINES_DCLM_SIGN_IN, "Sign-in to see\n\u017fign-\u0131n\nno Sign-in",
                "to see\nno Sign-in", NULL);
    assert_rule(TAMIS_LINES_DCLM_SIGN_IN, "sign-in a b c d e f g h i\nsign-in a b c d e f g h i j",
                "a b c d e f g h i\nsign-in a b c d e f g h i j", NULL);
    assert_rule(TAMIS_LINES_DCLM_NEWLINES, "a\n\nb\n\n\nc\n\n\n\n", "a\n\nb\n\nc\n\n", NULL);
    assert_rule(TAMIS_LINES_DCLM_JAVASCRIPT, "a\njava\u017fcript\nb", "a\nb", NULL);
    assert_rule(TAMIS_LINES_DCLM_LINES, "", NULL, "uppercase_ratio_line_0.5");
}

static void test_repeats(void **state)
{
    (void)state;
    assert_rule(TAMIS_LINES_DEDUP_LINES, "One\n\n one \n\nTwo\nTWO", "One\n\n\nTwo", NULL);
    assert_rule(TAMIS_LINES_DEDUP_LINES_RAW, "One\none\nOne\n", "One\none\n", NULL);
    assert_rule(TAMIS_LINES_DEDUP_PARAGRAPHS, "a\nb\n\nA\nB\n\nc", "a\nb\n\nc", NULL);
    assert_rule(TAMIS_LINES_DEDUP_LINES_CCNET, "Day 12\u2026\nday 34\n\nx\n\n", "Day 12\u2026\n\nx",
                NULL);
    assert_rule(TAMIS_LINES_DEDUP_SENTENCES,
                "It rains. It pours. It rains! So.\nIt pours, so it does. It  pours.\nX. X.",
                "It rains. It pours. So.\nIt pours, so it does. It  pours.\nX. X.", NULL);
}

static void test_symbols_and_paragraphs(void **state)
{
    char line[256];
    char text[1024];

    (void)state;
    assert_rule(TAMIS_LINES_SYMBOL_LINES, "*** ---\na\n!?\n\n...\nb\n", "a\n\nb", NULL);
    assert_rule(TAMIS_LINES_SYMBOL_LINES, "---\t\n \nx", "---\t\n \nx", NULL);
    for (size_t length = 199; length <= 200; length++) {
        memset(line, 'x', length);
        line[length] = '\0';
        (void)snprintf(text, sizeof(text), "%s\n%s\n%s", line, line, line);
        assert_rule(TAMIS_LINES_MC4_PARAGRAPH, text, text,
                    length == 200 ? NULL : "too_few_paragraphs");
    }
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned rule = 0; rule < TAMIS_LINE_RULES; rule++) {
        tamis_line_rule found = TAMIS_LINE_RULES;

        assert_true(tamis_line_rule_find(tamis_line_rule_name((tamis_line_rule)rule), &found));
        assert_int_equal(found, rule);
        for (size_t i = 0; tamis_line_rule_drop_reason(found, i) != NULL; i++) {
            assert_true(i < 16);
        }
    }
    assert_null(tamis_line_reason_name(0));
    assert_null(tamis_line_reason_name(TAMIS_LINE_REASONS));
    assert_string_equal(tamis_line_reason_name(TAMIS_LINE_CITATION), "citation");
    assert_string_equal(tamis_line_value_name(TAMIS_LINE_VALUE_SENTENCES), "sentences");
}

static void random_text(tamis_rng *rng, tamis_buf *out)
{
    static const char *const pieces[] = {"\n",
                                         "\n",
                                         "\n\n",
                                         "\r\n",
                                         "\x0b",
                                         "\u2028",
                                         "\xc2\x85",
                                         "\x1c",
                                         " ",
                                         " ",
                                         "\u00a0",
                                         "\u3000",
                                         "[1]",
                                         "[edit]",
                                         "[citation needed]",
                                         "[x]",
                                         "...",
                                         "\u2026",
                                         ".",
                                         "!",
                                         "\"",
                                         "'",
                                         "lorem ipsum",
                                         "Lorem Ipsum",
                                         "JavaScript",
                                         "terms of Use",
                                         "privacy policy",
                                         "cookie policy",
                                         "uses cookies",
                                         "coo\u212aie policy",
                                         "{",
                                         "word ",
                                         "Two words. ",
                                         "UPPER ",
                                         "123",
                                         "12 likes",
                                         "items in cart",
                                         "Read more...",
                                         "Sign-in",
                                         "***",
                                         "\u4f60\u597d\u3002",
                                         "\u201d",
                                         "a b c d e f. ",
                                         "The end came soon. ",
                                         "\u0130stanbul ",
                                         "e\u0301",
                                         "psu jav kie vac f u"};
    size_t count = tamis_rng_below(rng, PIECES_MAX);

    set_text(out, "", 0);
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[tamis_rng_below(rng, sizeof(pieces) / sizeof(pieces[0]))];

        assert_int_equal(tamis_buf_append_string(out, piece), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_reserve(out, 1), TAMIS_OK);
}

typedef struct property {
    tamis_line_rules *rules;
    tamis_edits first;
    tamis_edits second;
    tamis_edits both;
    tamis_buf text;
    tamis_buf once;
    tamis_buf twice;
    tamis_buf folded;
} property;

static void property_init(property *p)
{
    p->rules = make_rules();
    tamis_edits_init(&p->first);
    tamis_edits_init(&p->second);
    tamis_edits_init(&p->both);
    tamis_buf_init(&p->text, 0);
    tamis_buf_init(&p->once, 0);
    tamis_buf_init(&p->twice, 0);
    tamis_buf_init(&p->folded, 0);
}

static void property_fini(property *p)
{
    tamis_line_rules_destroy(p->rules);
    tamis_edits_fini(&p->first);
    tamis_edits_fini(&p->second);
    tamis_edits_fini(&p->both);
    tamis_buf_fini(&p->text);
    tamis_buf_fini(&p->once);
    tamis_buf_fini(&p->twice);
    tamis_buf_fini(&p->folded);
}

static void run(property *p, tamis_line_rule rule, const tamis_buf *text, tamis_edits *edits,
                tamis_buf *out, tamis_line_result *result)
{
    assert_int_equal(
        tamis_line_rules_run(p->rules, rule, tamis_buf_slice(text), edits, result, NULL), TAMIS_OK);
    tamis_buf_reset(out);
    assert_int_equal(tamis_buf_reserve(out, 1), TAMIS_OK);
    assert_int_equal(tamis_edits_apply(edits, tamis_buf_slice(text), out), TAMIS_OK);
}

static void assert_same(const tamis_buf *a, const tamis_buf *b)
{
    assert_true(tamis_slice_is_equal(tamis_buf_slice(a), tamis_buf_slice(b)));
}

static void test_folding_equals_both(void **state)
{
    tamis_rng rng = {SEED};
    property p;

    (void)state;
    property_init(&p);
    for (unsigned round = 0; round < ROUNDS; round++) {
        tamis_line_rule one = (tamis_line_rule)tamis_rng_below(&rng, TAMIS_LINE_RULES);
        tamis_line_rule two = (tamis_line_rule)tamis_rng_below(&rng, TAMIS_LINE_RULES);
        tamis_line_result result;

        random_text(&rng, &p.text);
        run(&p, one, &p.text, &p.first, &p.once, &result);
        run(&p, two, &p.once, &p.second, &p.twice, &result);
        assert_int_equal(tamis_edits_compose(&p.first, &p.second, &p.both), TAMIS_OK);
        tamis_buf_reset(&p.folded);
        assert_int_equal(tamis_edits_apply(&p.both, tamis_buf_slice(&p.text), &p.folded), TAMIS_OK);
        assert_same(&p.twice, &p.folded);
    }
    property_fini(&p);
}

/* The text that DCLM-Baseline's line rules leave is that of its steps, one after the other. */
static void test_chain_equals_steps(void **state)
{
    static const tamis_line_rule steps[] = {TAMIS_LINES_DCLM_UPPERCASE, TAMIS_LINES_DCLM_NUMERIC,
                                            TAMIS_LINES_DCLM_COUNTER,   TAMIS_LINES_DCLM_LENGTH_2,
                                            TAMIS_LINES_DCLM_CART,      TAMIS_LINES_DCLM_READ_MORE,
                                            TAMIS_LINES_DCLM_SIGN_IN};
    tamis_rng rng = {SEED + 1};
    property p;

    (void)state;
    property_init(&p);
    for (unsigned round = 0; round < ROUNDS; round++) {
        tamis_line_result result;
        const char *reason = NULL;

        random_text(&rng, &p.text);
        run(&p, TAMIS_LINES_DCLM_LINES, &p.text, &p.first, &p.folded, &result);
        reason = result.drop_reason;
        set_text(&p.once, (const char *)p.text.data, p.text.size);
        result.drop_reason = NULL;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result.drop_reason == NULL;
             i++) {
            run(&p, steps[i], &p.once, &p.second, &p.twice, &result);
            set_text(&p.once, (const char *)p.twice.data, p.twice.size);
        }
        assert_same(&p.once, &p.folded);
        if (result.drop_reason != NULL) {
            assert_string_equal(result.drop_reason, reason);
        } else if (reason != NULL) {
            assert_string_equal(reason, "word_removal_ratio_0.05");
        }
    }
    property_fini(&p);
}

static uint64_t kernel_sums[TAMIS_KERNEL_COUNT];

static void sum_of_kernel(void)
{
    tamis_rng rng = {SEED + 2};
    uint64_t sum = 0;
    property p;

    property_init(&p);
    for (unsigned round = 0; round < ROUNDS; round++) {
        tamis_line_rule rule = (tamis_line_rule)tamis_rng_below(&rng, TAMIS_LINE_RULES);
        tamis_line_result result;

        random_text(&rng, &p.text);
        run(&p, rule, &p.text, &p.first, &p.once, &result);
        for (size_t i = 0; i < p.first.count; i++) {
            sum = sum * 31 + p.first.items[i].begin * 7 + p.first.items[i].end * 3 +
                  p.first.items[i].reason;
        }
        sum = sum * 31 + (result.drop_reason == NULL ? 0 : (uint64_t)result.drop_reason[0]);
    }
    property_fini(&p);
    kernel_sums[tamis_kernel_best()] = sum;
}

static void test_kernels_agree(void **state)
{
    (void)state;
    each_kernel(sum_of_kernel);
    for (int kernel = 1; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (tamis_kernel_is_available((tamis_kernel)kernel)) {
            assert_int_equal(kernel_sums[kernel], kernel_sums[0]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_c4),
        cmocka_unit_test(test_c4_long_word),
        cmocka_unit_test(test_bad_words),
        cmocka_unit_test(test_dclm),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_symbols_and_paragraphs),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_folding_equals_both),
        cmocka_unit_test(test_chain_equals_steps),
        cmocka_unit_test(test_kernels_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
