/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a verdict does not depend on how much was computed for it. Method: made texts under each
 * built-in profile: stopping at the first failing rule, computing the rules' signals and computing
 * all signals give the same reason, text and language; values that are there are the same bits;
 * stored values are judged like the text. Seeds are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/quality.h"
#include "tamis/rng.h"

#define TEXTS_PER_PROFILE 60
#define SEED_VARIABLE     "TAMIS_SEED"
#define MODES             3

typedef struct graded {
    tamis_buf spec;
    tamis_quality *quality;
    tamis_grader *grader;
    tamis_grade grade;
} graded;

static const tamis_quality_mode modes[MODES] = {TAMIS_QUALITY_VERDICT, TAMIS_QUALITY_PROFILE,
                                                TAMIS_QUALITY_ALL};

static void open_mode(graded *g, const char *profile, tamis_quality_mode mode)
{
    tamis_quality_request request = {
        .profile = profile, .mode = mode, .language_score_min = -1, .keep_above = -1};
    tamis_buf skipped;
    tamis_err err = {0};

    tamis_buf_init(&g->spec, 0);
    tamis_buf_init(&skipped, 0);
    if (tamis_quality_resolve(&request, &g->spec, &skipped, &err) != TAMIS_OK ||
        tamis_quality_open(tamis_buf_slice(&g->spec), NULL, &g->quality, &err) != TAMIS_OK ||
        tamis_grader_create(g->quality, &g->grader, &err) != TAMIS_OK) {
        fail_msg("%s: %s", profile, err.text);
    }
    tamis_buf_fini(&skipped);
}

static void close_mode(graded *g)
{
    tamis_grader_destroy(g->grader);
    tamis_quality_close(g->quality);
    tamis_buf_fini(&g->spec);
}

/* ---- Texts ---- */

static const char *const PROSE[] = {
    "the",  "of",   "and",   "to",   "be",      "that",   "have",  "with",   "river", "Mill",
    "was",  "town", "which", "they", "council", "spring", "wrote", "letter", "old",   "1984",
    "u.s.", "it's", "don't", "e.g.", "people",  "water",  "said",  "house",  "long",  "day"};
static const char *const ODD[] = {"#",
                                  "...",
                                  "\xe2\x80\xa6",
                                  "{",
                                  "lorem ipsum",
                                  "javascript",
                                  "- point",
                                  "\xe2\x80\xa2",
                                  "<td>",
                                  "a@b.example",
                                  "10.0.0.1",
                                  "@@@",
                                  "XXXXXXXXX",
                                  "\xd0\xb2",
                                  "\xe4\xb8\x96\xe7\x95\x8c",
                                  "\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85",
                                  "\xe0\xa4\xa8\xe0\xa4\xae",
                                  "!?",
                                  "terms of use",
                                  "cookie policy"};
static const char *const BREAKS[] = {" ", " ", " ", " ", " ", " ", ". ", ".\n", "\n", "\n\n", ", "};

#define PICK(rng, array) ((array)[tamis_rng_below((rng), sizeof(array) / sizeof((array)[0]))])

static void append(tamis_buf *text, const char *piece)
{
    assert_int_equal(tamis_buf_append_string(text, piece), TAMIS_OK);
}

/* Prose with more or less that is odd in it, some of it said again and again. */
static void make_text(tamis_rng *rng, tamis_buf *text)
{
    uint64_t words =
        tamis_rng_below(rng, 4) == 0 ? tamis_rng_below(rng, 8) : tamis_rng_below(rng, 600);
    uint64_t odd = tamis_rng_below(rng, 3) == 0 ? tamis_rng_below(rng, 60) : 0;
    uint64_t vocabulary = 1 + tamis_rng_below(rng, sizeof(PROSE) / sizeof(PROSE[0]));
    size_t again = 0;

    tamis_buf_reset(text);
    for (uint64_t i = 0; i < words; i++) {
        append(text, tamis_rng_below(rng, 100) < odd ? PICK(rng, ODD)
                                                     : PROSE[tamis_rng_below(rng, vocabulary)]);
        append(text, PICK(rng, BREAKS));
        if (tamis_rng_below(rng, 400) == 0 && text->size < 8192) {
            again = text->size;
            assert_int_equal(tamis_buf_reserve(text, again), TAMIS_OK);
            assert_int_equal(tamis_buf_append(text, text->data, again), TAMIS_OK);
        }
    }
    assert_int_equal(tamis_buf_reserve(text, TAMIS_BUF_SLACK), TAMIS_OK);
}

/* ---- Comparing ---- */

static size_t column_of(const tamis_quality *quality, const char *name)
{
    size_t i = 0;

    while (i < tamis_quality_column_count(quality) &&
           strcmp(tamis_quality_column(quality, i), name) != 0) {
        i++;
    }
    return i;
}

static bool is_same(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static void require_alike(const char *profile, const graded *one, const graded *other)
{
    const char *reason = tamis_quality_reason(one->quality, one->grade.reason);
    const char *other_reason = tamis_quality_reason(other->quality, other->grade.reason);

    if (strcmp(reason, other_reason) != 0) {
        fail_msg("%s: reason '%s', and '%s' when more is computed", profile, reason, other_reason);
    }
    assert_true(one->grade.reason != 0 || tamis_slice_is_equal(one->grade.text, other->grade.text));
    for (size_t i = 0; i < tamis_quality_column_count(one->quality); i++) {
        const char *name = tamis_quality_column(one->quality, i);
        size_t place = column_of(other->quality, name);

        if (place < tamis_quality_column_count(other->quality) && !isnan(one->grade.values[i]) &&
            !is_same(one->grade.values[i], other->grade.values[place])) {
            fail_msg("%s: %s is %.17g, and %.17g when more is computed", profile, name,
                     one->grade.values[i], other->grade.values[place]);
        }
    }
}

/* What was stored by `all` gives the verdict that the rules' own signals give. */
static void require_judged_alike(const char *profile, const graded *wanted, const graded *stored)
{
    uint16_t map[TAMIS_QUALITY_COLUMNS_MAX];
    double values[TAMIS_QUALITY_COLUMNS_MAX];
    tamis_err err = {0};
    uint16_t reason = 0;

    if (tamis_quality_map(wanted->quality, stored->quality, map, &err) != TAMIS_OK) {
        fail_msg("%s: %s", profile, err.text);
    }
    for (size_t i = 0; i < tamis_quality_column_count(wanted->quality); i++) {
        values[i] = stored->grade.values[map[i]];
    }
    reason = tamis_quality_judge(wanted->quality, values, stored->grade.language,
                                 stored->grade.language_score);
    assert_string_equal(tamis_quality_reason(wanted->quality, reason),
                        tamis_quality_reason(wanted->quality, wanted->grade.reason));
}

static void check_profile(const char *profile, tamis_rng *rng)
{
    graded by_mode[MODES] = {{.quality = NULL}};
    tamis_err err = {0};
    tamis_buf text;

    tamis_buf_init(&text, 0);
    for (size_t m = 0; m < MODES; m++) {
        open_mode(&by_mode[m], profile, modes[m]);
    }
    for (size_t i = 0; i < TEXTS_PER_PROFILE; i++) {
        make_text(rng, &text);
        for (size_t m = 0; m < MODES; m++) {
            assert_int_equal(tamis_grader_run(by_mode[m].grader, tamis_buf_slice(&text),
                                              tamis_slice_of(NULL, 0), &by_mode[m].grade, &err),
                             TAMIS_OK);
        }
        require_alike(profile, &by_mode[0], &by_mode[1]);
        require_alike(profile, &by_mode[1], &by_mode[2]);
        require_judged_alike(profile, &by_mode[1], &by_mode[2]);
    }
    for (size_t m = 0; m < MODES; m++) {
        close_mode(&by_mode[m]);
    }
    tamis_buf_fini(&text);
}

static void modes_agree(void **state)
{
    const char *given = getenv(SEED_VARIABLE);
    uint64_t seed = given == NULL ? 20240607 : strtoull(given, NULL, 10);
    tamis_rng rng = {.state = seed};

    (void)state;
    print_message("%s=%llu\n", SEED_VARIABLE, (unsigned long long)seed);
    for (const char *const *name = tamis_quality_profile_names(); *name != NULL; name++) {
        check_profile(*name, &rng);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(modes_agree)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
