/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a scan finds what each set of rules says, with every kernel.
 * Method: seeded lists and texts over small alphabets with the characters at which rules change; a
 * slow reference lower-cases the text into an array of characters and tries every term at every
 * place.
 */
#include "keyword_case.h"
#include "tamis/cpu.h"
#include "tamis/keywords.h"
#include "tamis/rng.h"
#include "tamis/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED      20261123u
#define ROUNDS    3000
#define CHARS_MAX 9000
#define NO_CHAR   UINT32_MAX

typedef struct chars {
    uint32_t list[CHARS_MAX];
    size_t begin[CHARS_MAX]; /* in the text */
    size_t end[CHARS_MAX];
    size_t count;
} chars;

static chars text_chars;

static const char *const alphabet[] = {
    "a",
    "b",
    "B",
    "a",
    "b",
    "k",
    "i",
    "A",
    "_",
    "1",
    "-",
    ".",
    " ",
    " ",
    " ",
    "\n",
    "\xC3\xA9",
    "\xC3\x89",
    "\xC2\xA0",
    "s",
    "foo",
    "bar",
    "$",
    "\xE6\x80\xA7",
    "\xE2\x80\x94",
    "\xCF\x82",
    "\xCE\xA3",
    "\xD0\x96",
    "\xD0\xB6",
    "\xE2\x80\xA8",
};
static const char *const rare[] = {"\xC4\xB0", "\xE2\x84\xAA", "\xF0\x9F\x98\x80", "\xC8\xBA"};

static void add_random(tamis_rng *rng, tamis_buf *out, size_t count, bool is_term, bool with_rare)
{
    for (size_t i = 0; i < count; i++) {
        size_t pick = tamis_rng_next(rng) % (sizeof(alphabet) / sizeof(alphabet[0]));
        const char *part = alphabet[pick];

        if (with_rare && tamis_rng_next(rng) % 24 == 0) {
            part = rare[tamis_rng_next(rng) % 4];
        }
        if (is_term && (part[0] == '\n' || strcmp(part, "\xE2\x80\xA8") == 0)) {
            part = "a";
        }
        assert_int_equal(tamis_buf_append_string(out, part), TAMIS_OK);
    }
}

static void add_char(chars *all, uint32_t code_point, size_t begin, size_t end)
{
    assert_true(all->count < CHARS_MAX);
    all->list[all->count] = code_point;
    all->begin[all->count] = begin;
    all->end[all->count] = end;
    all->count++;
}

static void lower_text(tamis_slice text, bool is_raw)
{
    text_chars.count = 0;
    for (size_t i = 0; i < text.size;) {
        uint32_t code_point = 0;
        size_t size = tamis_utf8_decode(text.data + i, &code_point);

        add_char(&text_chars, is_raw ? code_point : keyword_lower(code_point), i, i + size);
        if (code_point == KEYWORD_DOTTED_I && !is_raw) {
            add_char(&text_chars, KEYWORD_DOT, i, i + size);
        }
        i += size;
    }
}

static bool is_word(uint32_t code_point)
{
    return code_point != NO_CHAR && keyword_is_word(code_point);
}

/* The line of [from, to), stripped: is there something on both sides, not a letter next to it? */
static bool is_inside_line(size_t from, size_t to)
{
    size_t begin = from;
    size_t end = to;

    while (begin > 0 && !keyword_is_break(text_chars.list[begin - 1])) {
        begin--;
    }
    while (end < text_chars.count && !keyword_is_break(text_chars.list[end])) {
        end++;
    }
    while (begin < from && keyword_is_space(text_chars.list[begin])) {
        begin++;
    }
    while (end > to && keyword_is_space(text_chars.list[end - 1])) {
        end--;
    }
    if (begin == from || end == to) {
        return false;
    }
    uint32_t before = text_chars.list[from - 1];
    uint32_t after = text_chars.list[to];

    return (before < 'a' || before > 'z') && (after < 'a' || after > 'z');
}

static bool is_free(const tamis_keywords_settings *settings, const uint32_t *term, size_t size)
{
    bool has_space = false;

    for (size_t i = 0; i < size; i++) {
        has_space = has_space || keyword_is_space(term[i]);
    }
    return settings->is_substring || (settings->rules == TAMIS_KEYWORD_DOLMA && has_space);
}

static bool has_borders(const tamis_keywords_settings *settings, size_t from, size_t to,
                        const uint32_t *term, size_t size)
{
    uint32_t before = from == 0 ? NO_CHAR : text_chars.list[from - 1];
    uint32_t after = to == text_chars.count ? NO_CHAR : text_chars.list[to];

    if (is_free(settings, term, size)) {
        return true;
    }
    switch ((int)settings->rules) {
    case TAMIS_KEYWORD_TFDS:
        return is_inside_line(from, to);
    case TAMIS_KEYWORD_DOLMA:
        return (before == NO_CHAR || keyword_is_space(before)) &&
               (after == NO_CHAR || keyword_is_space(after));
    case TAMIS_KEYWORD_DCLM:
        return is_word(before) != is_word(term[0]) && is_word(after) != is_word(term[size - 1]);
    case TAMIS_KEYWORD_RPV2:
        return (before == NO_CHAR || before == ' ') && (after == NO_CHAR || after == ' ');
    default:
        return !is_word(before) && !is_word(after);
    }
}

/* Marks covered bytes; returns the number of matches. */
static uint64_t reference(const tamis_keywords *keywords, const tamis_keywords_settings *settings,
                          uint8_t *covered)
{
    uint64_t count = 0;

    for (size_t t = 0; t < tamis_keywords_count(keywords); t++) {
        tamis_slice bytes = tamis_keywords_term(keywords, t);
        uint32_t term[TAMIS_KEYWORD_BYTES_MAX];
        size_t size = 0;

        for (size_t i = 0; i < bytes.size;) {
            i += tamis_utf8_decode(bytes.data + i, &term[size++]);
        }
        for (size_t from = 0; from + size <= text_chars.count; from++) {
            if (memcmp(term, text_chars.list + from, size * sizeof(term[0])) == 0 &&
                has_borders(settings, from, from + size, term, size)) {
                count++;
                for (size_t i = text_chars.begin[from]; i < text_chars.end[from + size - 1]; i++) {
                    covered[i] = 1;
                }
            }
        }
    }
    return count;
}

static void check_scan(const tamis_keywords *keywords, tamis_slice text, const uint8_t *covered,
                       uint64_t count)
{
    for (tamis_kernel kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        tamis_keyword_scan *scan = NULL;
        tamis_keyword_result result;
        size_t done = 0;

        if (!tamis_kernel_is_available(kernel)) {
            continue;
        }
        tamis_kernel_set(kernel);
        assert_int_equal(tamis_keyword_scan_create(keywords, &scan, NULL), TAMIS_OK);
        assert_int_equal(tamis_keyword_scan_run(scan, text, &result, NULL), TAMIS_OK);
        assert_int_equal(result.match_count, count);
        for (size_t s = 0; s < result.span_count; s++) {
            assert_true(result.spans[s].begin >= done);
            assert_true(result.spans[s].end > result.spans[s].begin);
            for (; done < result.spans[s].begin; done++) {
                assert_int_equal(covered[done], 0);
            }
            for (; done < result.spans[s].end; done++) {
                assert_int_equal(covered[done], 1);
            }
        }
        for (; done < text.size; done++) {
            assert_int_equal(covered[done], 0);
        }
        tamis_keyword_scan_destroy(scan);
    }
    tamis_kernel_set(TAMIS_KERNEL_SCALAR);
}

static void one_round(tamis_rng *rng)
{
    static uint8_t covered[CHARS_MAX * 4];
    tamis_keywords_settings settings = {
        .rules = (tamis_keyword_rules)(tamis_rng_next(rng) % TAMIS_KEYWORD_RULES_COUNT),
        .is_substring = tamis_rng_next(rng) % 4 == 0,
    };
    tamis_keywords *keywords = NULL;
    tamis_buf list;
    tamis_buf text;
    size_t term_count = 1 + tamis_rng_next(rng) % 12;
    bool with_rare = tamis_rng_next(rng) % 3 == 0;
    size_t length = tamis_rng_next(rng) % 16 == 0 ? 4000 : tamis_rng_next(rng) % 200;

    tamis_buf_init(&list, 0);
    tamis_buf_init(&text, 0);
    for (size_t i = 0; i < term_count; i++) {
        add_random(rng, &list, 1 + tamis_rng_next(rng) % 4, true, with_rare);
        assert_int_equal(tamis_buf_append_string(&list, "\n"), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_reserve(&text, 1), TAMIS_OK);
    add_random(rng, &text, length, false, with_rare);
    assert_int_equal(
        tamis_keywords_create(&settings, tamis_buf_slice(&list), "list", &keywords, NULL),
        TAMIS_OK);
    memset(covered, 0, sizeof(covered));
    lower_text(tamis_buf_slice(&text), settings.rules == TAMIS_KEYWORD_RPV2);
    check_scan(keywords, tamis_buf_slice(&text), covered, reference(keywords, &settings, covered));
    tamis_keywords_destroy(keywords);
    tamis_buf_fini(&text);
    tamis_buf_fini(&list);
}

static void test_scan_equals_the_reference(void **state)
{
    tamis_rng rng = {.state = SEED};

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        one_round(&rng);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scan_equals_the_reference)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
