/* SPDX-License-Identifier: Apache-2.0 */
/* Languages by CLD2 and by a toy model. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "tamis/language.h"
#include "toy_model.h"

static tamis_language_result detect(const tamis_language *language, tamis_slice text)
{
    tamis_language_scratch *scratch = NULL;
    tamis_language_result result = {0};

    assert_int_equal(tamis_language_scratch_create(language, &scratch, NULL), TAMIS_OK);
    assert_int_equal(tamis_language_detect(scratch, text, &result, NULL), TAMIS_OK);
    tamis_language_scratch_destroy(scratch);
    return result;
}

static void check_cld2(const tamis_language *language, const char *text, const char *code)
{
    tamis_language_result result = detect(language, tamis_slice_of_string(text));

    assert_string_equal(result.guesses[0].code, code);
    assert_true(result.guesses[0].score >= 0 && result.guesses[0].score <= 1);
    assert_true(result.is_reliable == (strcmp(code, "und") != 0));
}

static void test_cld2(void **state)
{
    tamis_language_options options;
    tamis_language *language = NULL;

    (void)state;
    tamis_language_options_defaults(&options);
    assert_int_equal(tamis_language_open(&options, &language, NULL), TAMIS_OK);
    assert_string_equal(tamis_language_backend(language), "cld2");
    check_cld2(language, "The quick brown fox jumps over the lazy dog and runs into the woods.",
               "en");
    check_cld2(language,
               "Der schnelle braune Fuchs springt \xC3\xBC"
               "ber den faulen Hund und l\xC3\xA4uft weg.",
               "de");
    check_cld2(language,
               "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xD7\x9C\xD7\x9B\xD7\x9D "
               "\xD7\x97\xD7\x91\xD7\xA8\xD7\x99\xD7\x9D",
               "he");
    check_cld2(language,
               "Dette er en lang setning p\xC3\xA5 norsk, og jeg h\xC3\xA5per at den blir "
               "forst\xC3\xA5tt av alle som ikke leser s\xC3\xA5 mye.",
               "nb");
    check_cld2(language, "", "und");
    check_cld2(language, "12345 67890 ...", "und");
    /* Not refused for a control or a code point that is no character. */
    check_cld2(language, "The quick\x01 brown fox \xEF\xBF\xBE jumps over the lazy dog and runs.",
               "en");
    tamis_language_destroy(language);
}

static void write_model(char *path, const char *first, const char *second)
{
    toy_options toy = toy_model_defaults();
    tamis_buf bytes;
    int file = mkstemp(path);

    toy.labels[0] = first;
    toy.labels[1] = second;
    assert_true(file >= 0);
    tamis_buf_init(&bytes, 0);
    toy_model_write(&toy, &bytes);
    assert_int_equal(write(file, bytes.data, bytes.size), (ssize_t)bytes.size);
    assert_int_equal(close(file), 0);
    tamis_buf_fini(&bytes);
}

static void test_model(void **state)
{
    char path[] = "/tmp/tamis-test-language-XXXXXX";
    tamis_language_options options;
    tamis_language *language = NULL;
    tamis_language_result result;

    (void)state;
    write_model(path, "__label__no", "__label__eng_Latn");
    tamis_language_options_defaults(&options);
    options.model = path;
    assert_int_equal(tamis_language_open(&options, &language, NULL), TAMIS_OK);
    assert_string_equal(tamis_language_backend(language), "fasttext");
    result = detect(language, tamis_slice_of_string("aa"));
    assert_string_equal(result.guesses[0].code, "nb");
    assert_true(fabs(result.guesses[0].score - (1 / (1 + exp(-1)) + 1e-5)) < 1e-6);
    assert_int_equal(result.count, 2);
    assert_string_equal(result.guesses[1].code, "en");
    /* Words of all lines count, since line breaks are no ends here. */
    result = detect(language, tamis_slice_of_string("\nbb\nbb\nbb\n"));
    assert_string_equal(result.guesses[0].code, "en");
    tamis_language_destroy(language);
    assert_int_equal(unlink(path), 0);
}

/* What stands behind the first bytes does not count. */
static void test_look(void **state)
{
    char path[] = "/tmp/tamis-test-language-XXXXXX";
    tamis_language_options options;
    tamis_language *language = NULL;
    tamis_buf text;

    (void)state;
    tamis_buf_init(&text, 0);
    for (int i = 0; i < 400; i++) {
        const char *word = i < 342 ? "aa " : "bb bb bb bb bb bb bb bb bb bb bb bb bb ";

        assert_int_equal(tamis_buf_append_string(&text, word), TAMIS_OK);
    }
    write_model(path, "__label__no", "__label__en");
    tamis_language_options_defaults(&options);
    options.model = path;
    assert_int_equal(tamis_language_open(&options, &language, NULL), TAMIS_OK);
    assert_string_equal(detect(language, tamis_buf_slice(&text)).guesses[0].code, "nb");
    tamis_language_destroy(language);
    options.look_bytes = 0;
    assert_int_equal(tamis_language_open(&options, &language, NULL), TAMIS_OK);
    assert_string_equal(detect(language, tamis_buf_slice(&text)).guesses[0].code, "en");
    tamis_language_destroy(language);
    options.look_bytes = TAMIS_LANGUAGE_LOOK_MAX + 1;
    assert_int_equal(tamis_language_open(&options, &language, NULL), TAMIS_EARG);
    tamis_buf_fini(&text);
    assert_int_equal(unlink(path), 0);
}

/* Two labels of one language count together. */
static void test_same_code(void **state)
{
    char path[] = "/tmp/tamis-test-language-XXXXXX";
    tamis_language_options options;
    tamis_language *language = NULL;
    tamis_language_result result;

    (void)state;
    write_model(path, "zho_Hans", "zho_Hant");
    tamis_language_options_defaults(&options);
    options.model = path;
    assert_int_equal(tamis_language_open(&options, &language, NULL), TAMIS_OK);
    result = detect(language, tamis_slice_of_string("aa"));
    assert_int_equal(result.count, 1);
    assert_string_equal(result.guesses[0].code, "zh");
    assert_true(result.guesses[0].score > 0.999 && result.guesses[0].score <= 1);
    tamis_language_destroy(language);
    assert_int_equal(unlink(path), 0);
}

static void test_no_languages(void **state)
{
    char path[] = "/tmp/tamis-test-language-XXXXXX";
    tamis_language_options options;
    tamis_language *language = NULL;
    tamis_err err = {0};

    (void)state;
    write_model(path, "__label__hq", "__label__cc");
    tamis_language_options_defaults(&options);
    options.model = path;
    assert_int_equal(tamis_language_open(&options, &language, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, "classifier"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tamis_language_open(&options, &language, &err), TAMIS_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cld2),         cmocka_unit_test(test_look),
        cmocka_unit_test(test_model),        cmocka_unit_test(test_same_code),
        cmocka_unit_test(test_no_languages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
