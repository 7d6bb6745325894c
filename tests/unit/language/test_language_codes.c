/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of languages as detectors and users write them, and their one form. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "tamis/language_codes.h"

static void check(const char *label, const char *expected)
{
    char code[TAMIS_LANGUAGE_CODE_SIZE] = "?";

    tamis_language_code(tamis_slice_of_string(label), code);
    assert_string_equal(code, expected);
    /* The form is its own form, but for what lid.176 alone calls so. */
    tamis_language_code(tamis_slice_of_string(expected), code);
    assert_string_equal(code, expected);
}

static void test_forms(void **state)
{
    (void)state;
    check("en", "en");
    check("EN", "en");
    check("en-GB", "en");
    check("pt_BR", "pt");
    check("__label__en", "en");
    check("__label__eng_Latn", "en");
    check("zh-Hant", "zh");
    check("zho_Hans", "zh");
    check("cmn_Hani", "zh");
    check("deu", "de");
    check("sr-ME", "sr");
}

static void test_todays(void **state)
{
    (void)state;
    check("iw", "he");
    check("in", "id");
    check("ji", "yi");
    check("jw", "jv");
    check("no", "nb");
    check("nor", "nb");
    check("nn", "nn");
    check("mo", "ro");
    check("bh", "bho");
    check("sh", "hbs");
    check("__label__als", "gsw");
    check("__label__als_Latn", "sq");
}

static void test_without_short_code(void **state)
{
    (void)state;
    check("ceb", "ceb");
    check("__label__arz", "arz");
    check("yue_Hant", "yue");
}

static void test_unknown(void **state)
{
    (void)state;
    check("", "und");
    check("__label__", "und");
    check("e", "und");
    check("qq", "und");
    check("un", "und");
    check("xx-Cham", "und");
    check("zxx_Zyyy", "und");
    check("und", "und");
    check("hq", "und");
    check("english", "und");
    check("e1", "und");
    check("en!", "und");
    check("12", "und");
    check("\xC3\xA9\xC3\xA9", "und");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_todays),
        cmocka_unit_test(test_without_short_code),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
