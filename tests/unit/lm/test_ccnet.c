/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: texts are normalized as CCNet does it.
 * Method: values of cc_net's text_normalizer (tests/golden/lm/README.md); cases of each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "tamis/ccnet.h"

static void check(tamis_ccnet *ccnet, tamis_slice text, const char *wanted, size_t size,
                  const char *name)
{
    tamis_buf in; /* with readable bytes behind it */
    tamis_buf out;

    tamis_buf_init(&in, 0);
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_buf_append(&in, text.data, text.size), TAMIS_OK);
    assert_int_equal(tamis_ccnet_normalize(ccnet, tamis_buf_slice(&in), &out), TAMIS_OK);
    if (!tamis_slice_is_equal(tamis_buf_slice(&out), tamis_slice_of(wanted, size))) {
        fail_msg("%s: other text", name);
    }
    tamis_buf_fini(&in);
    tamis_buf_fini(&out);
}

static void test_golden(void **state)
{
    FILE *file = fopen(TAMIS_GOLDEN "/ccnet_normalize.jsonl", "r");
    tamis_ccnet *ccnet = NULL;
    size_t count = 0;
    json_t *row = NULL;

    (void)state;
    assert_non_null(file);
    assert_int_equal(tamis_ccnet_create(&ccnet), TAMIS_OK);
    while ((row = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL)) != NULL) {
        json_t *text = json_object_get(row, "text");
        json_t *wanted = json_object_get(row, "normalize");

        check(ccnet, tamis_slice_of(json_string_value(text), json_string_length(text)),
              json_string_value(wanted), json_string_length(wanted),
              json_string_value(json_object_get(row, "id")));
        json_decref(row);
        count++;
    }
    assert_int_equal(count, 104);
    tamis_ccnet_destroy(ccnet);
    (void)fclose(file);
}

static void test_steps(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {" \t\n\xE3\x80\x80", ""},
        {"Ab\nCd", "abcd"},                     /* lines run together */
        {"\xC3\x89t\xC3\xA9 2026", "ete 0000"}, /* accents, digits */
        {"\xD9\xA3", "0"},                      /* Arabic-Indic digit */
        {"\xEF\xBC\x91", "0"},                  /* full-width one: a digit first */
        {"a\xE2\x80\x94"
         "b\xE2\x80\xA6",
         "a - b..."},                             /* dash, ellipsis */
        {"\xEF\xBC\x8E", ". "},                   /* nothing strips at the end */
        {"\xC4\xB0", "i"},                        /* dotted capital I: i and a mark */
        {"\xCE\xA3\xCE\xA3", "\xCF\x83\xCF\x82"}, /* final sigma */
        {"\xEA\xB0\x81", "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8"}, /* Hangul in its letters */
        {"x\xC2\x85y\x7Fz", "xyz"},                               /* controls */
        /* Marks that are not Mn stay, in canonical order: U+302E (224), U+1734 (9). */
        {"a\xE3\x80\xAE\xCC\x81\xE1\x9C\xB4z", "a\xE1\x9C\xB4\xE3\x80\xAEz"},
    };
    tamis_ccnet *ccnet = NULL;

    (void)state;
    assert_int_equal(tamis_ccnet_create(&ccnet), TAMIS_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "row %zu", i);
        check(ccnet, tamis_slice_of_string(rows[i][0]), rows[i][1], strlen(rows[i][1]), name);
    }
    tamis_ccnet_destroy(ccnet);
}

static void test_limit(void **state)
{
    tamis_ccnet *ccnet = NULL;
    tamis_buf out;
    char text[256];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(tamis_ccnet_create(&ccnet), TAMIS_OK);
    tamis_buf_init(&out, 100);
    assert_int_equal(tamis_ccnet_normalize(ccnet, tamis_slice_of(text, sizeof(text) - 128), &out),
                     TAMIS_ELIMIT);
    tamis_buf_fini(&out);
    tamis_ccnet_destroy(ccnet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
