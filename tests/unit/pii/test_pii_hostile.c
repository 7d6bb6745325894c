/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a scan takes time in proportion to the text, whatever it holds; what is masked is not found
 * again; every kernel finds the same. Method: texts made to make rules look again and again, in two
 * sizes, with the work counted in bytes looked at; seeded texts of pieces of matches.
 */
#include "tamis/cpu.h"
#include "tamis/pii.h"
#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEED      20261124u
#define STEPS_MAX 600 /* a byte: every rule of numbers on each anchor, and its window */
#define SMALL     40000u
#define LARGE     4000000u
#define ROUNDS    20000

static tamis_pii *make(tamis_pii_rules rules, tamis_pii_style style)
{
    tamis_pii_settings settings = {.types = TAMIS_PII_ALL,
                                   .rules = rules,
                                   .style = style,
                                   .key = tamis_slice_of_string("key")};
    tamis_pii *pii = NULL;

    assert_int_equal(tamis_pii_create(&settings, &pii, NULL), TAMIS_OK);
    return pii;
}

static uint64_t steps_of(tamis_pii *pii, const char *piece, size_t size)
{
    const tamis_pii_span *spans = NULL;
    size_t count = 0;
    size_t length = strlen(piece);
    tamis_buf text;

    tamis_buf_init(&text, 0);
    assert_int_equal(tamis_buf_reserve(&text, size), TAMIS_OK);
    for (size_t i = 0; i < size; i++) {
        text.data[i] = (uint8_t)piece[i % length];
    }
    text.size = size;
    assert_int_equal(tamis_pii_scan(pii, tamis_buf_slice(&text), &spans, &count, NULL), TAMIS_OK);
    tamis_buf_fini(&text);
    return tamis_pii_steps(pii);
}

static const char *const pieces[] = {
    "a@",
    "a+",
    "a+@",
    "1.1.1.1.",
    "1.",
    "::",
    ":",
    "1",
    "0",
    "a.",
    "a.@",
    "@a.",
    "@a-",
    "a@a.",
    "1:1",
    "f:",
    "f::",
    "1 ",
    "1-",
    "12345 ",
    "1234 5678 ",
    "(1",
    "+1",
    "+1 ",
    "AB12 ",
    "AB12",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----END ",
    "eyJ",
    "eyJ.",
    "eyJaaaaaaaa.",
    "ghp_",
    "github_pat_",
    "sk-",
    "xoxb-",
    "SG.",
    "AIza",
    "AKIA",
    "_",
    "secret_access_key",
    "12345678A",
    "AAAAAA11",
    "tel 1",
    "isbn 1",
    "phone 123 ",
    "1/",
    "4111 ",
    "4111-",
    ("\xE2\x80\x94"
     "1"),
    "a@b.c ",
    "8.8.4.4 ",
    "a@1.",
    "version 1.2.3.4 ",
    "DE12 3456 ",
    "x@y.com+1 555 234 5678",
};

static void test_work_is_linear(void **state)
{
    (void)state;
    for (int rules = 0; rules < TAMIS_PII_RULES_COUNT; rules++) {
        tamis_pii *pii = make((tamis_pii_rules)rules, TAMIS_PII_STYLE_DOLMA);

        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            uint64_t small = steps_of(pii, pieces[i], SMALL);
            uint64_t large = steps_of(pii, pieces[i], LARGE);

            assert_true(small <= (uint64_t)SMALL * STEPS_MAX);
            assert_true(large <= (small + 100) * (LARGE / SMALL) * 5 / 4);
        }
        tamis_pii_destroy(pii);
    }
}

static const char *const parts[] = {
    "jane.doe@web.de",
    "+1 555 234 5678",
    "8.8.4.4",
    "2001:4860::8888",
    "4111111111111111",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "AKIAQ2W3E4R5T6Y7U2I2",
    "212-45-6789",
    "415-555-2671",
    "030 1234567",
    "tel ",
    "phone: ",
    "nhs ",
    "943 476 5919",
    "version ",
    "isbn ",
    " ",
    " ",
    ", ",
    ".",
    "-",
    "@",
    "+",
    "/",
    ":",
    "_",
    "1",
    "12",
    "a",
    "b.",
    "\n",
    "(",
    ")",
    "#",
    "<",
    "|",
    "ghp_",
    "eyJ",
    "\xE4\xBA\xBA",
    "x",
    "0",
    "cpf 52998224725",
    "529.982.247-25",
    "=",
    "::",
    "web.de",
    "sin 046 454 286",
    "AB",
    "%",
    "&",
};

/* is_glued: pieces stand beside each other without a separator. */
static void random_text(tamis_rng *rng, bool is_glued, tamis_buf *out)
{
    static const char *const separators[] = {" ",  ", ", "\n",  " (", ") ",
                                             "; ", "/",  " - ", ". ", "="};
    size_t count = 1 + tamis_rng_below(rng, 12);

    tamis_buf_reset(out);
    for (size_t i = 0; i < count; i++) {
        size_t pick = tamis_rng_below(rng, sizeof(parts) / sizeof(parts[0]));

        assert_int_equal(tamis_buf_append_string(out, parts[pick]), TAMIS_OK);
        if (!is_glued) {
            pick = tamis_rng_below(rng, sizeof(separators) / sizeof(separators[0]));
            assert_int_equal(tamis_buf_append_string(out, separators[pick]), TAMIS_OK);
        }
    }
}

/* Of matches that stand apart from each other nothing is left. */
static void check_masked(tamis_pii *pii, const tamis_buf *text, tamis_buf *out)
{
    const tamis_pii_span *spans = NULL;
    tamis_edits edits;
    size_t count = 0;

    tamis_edits_init(&edits);
    tamis_buf_reset(out);
    assert_int_equal(tamis_buf_reserve(out, 1), TAMIS_OK);
    assert_int_equal(tamis_pii_scan(pii, tamis_buf_slice(text), &spans, &count, NULL), TAMIS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(spans[i].begin < spans[i].end && spans[i].end <= text->size);
        assert_true(i == 0 || spans[i].begin >= spans[i - 1].end);
    }
    assert_int_equal(tamis_pii_mask(pii, tamis_buf_slice(text), &edits), TAMIS_OK);
    assert_int_equal(edits.count, count);
    assert_int_equal(tamis_edits_apply(&edits, tamis_buf_slice(text), out), TAMIS_OK);
    tamis_edits_fini(&edits);
    assert_int_equal(tamis_pii_scan(pii, tamis_buf_slice(out), &spans, &count, NULL), TAMIS_OK);
    if (count != 0) {
        print_message("from: %.*s\nto: %.*s\n", (int)text->size, (const char *)text->data,
                      (int)out->size, (const char *)out->data);
    }
    assert_int_equal(count, 0);
}

static void test_masked_text_holds_nothing(void **state)
{
    tamis_rng rng = {.state = SEED};
    tamis_buf text;
    tamis_buf out;

    (void)state;
    tamis_buf_init(&text, 0);
    tamis_buf_init(&out, 0);
    for (int style = 0; style < TAMIS_PII_STYLE_COUNT; style++) {
        tamis_pii *pii = make(TAMIS_PII_RULES_TAMIS, (tamis_pii_style)style);

        for (size_t round = 0; round < ROUNDS; round++) {
            random_text(&rng, false, &text);
            check_masked(pii, &text, &out);
        }
        tamis_pii_destroy(pii);
    }
    tamis_buf_fini(&text);
    tamis_buf_fini(&out);
}

static void test_kernels_agree(void **state)
{
    tamis_rng rng = {.state = SEED};
    tamis_buf text;
    tamis_pii *plain = NULL;
    tamis_pii *best = NULL;

    (void)state;
    if (!tamis_kernel_is_available(TAMIS_KERNEL_AVX2)) {
        skip();
    }
    tamis_kernel_set(TAMIS_KERNEL_SCALAR);
    plain = make(TAMIS_PII_RULES_TAMIS, TAMIS_PII_STYLE_DOLMA);
    tamis_kernel_set(TAMIS_KERNEL_AVX2);
    best = make(TAMIS_PII_RULES_TAMIS, TAMIS_PII_STYLE_DOLMA);
    tamis_buf_init(&text, 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        const tamis_pii_span *spans[2];
        size_t counts[2];

        random_text(&rng, true, &text);
        assert_int_equal(tamis_pii_scan(plain, tamis_buf_slice(&text), &spans[0], &counts[0], NULL),
                         TAMIS_OK);
        assert_int_equal(tamis_pii_scan(best, tamis_buf_slice(&text), &spans[1], &counts[1], NULL),
                         TAMIS_OK);
        assert_int_equal(counts[0], counts[1]);
        for (size_t i = 0; i < counts[0]; i++) {
            assert_int_equal(spans[0][i].begin, spans[1][i].begin);
            assert_int_equal(spans[0][i].end, spans[1][i].end);
            assert_int_equal(spans[0][i].type, spans[1][i].type);
        }
    }
    tamis_buf_fini(&text);
    tamis_pii_destroy(plain);
    tamis_pii_destroy(best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_is_linear),
        cmocka_unit_test(test_masked_text_holds_nothing),
        cmocka_unit_test(test_kernels_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
