/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of a classifier that can be worked out by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "tamis/classifier.h"
#include "toy_model.h"

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

/* The first label's probability for "aa" is 1 / (1 + exp(-1)), and 1e-5 is added as always. */
static void check_score(const char *first, const char *second, const char *good, double expected)
{
    char path[] = "/tmp/tamis-test-classifier-XXXXXX";
    tamis_classifier *classifier = NULL;
    tamis_classifier_scratch *scratch = NULL;
    tamis_err err = {0};
    double score = -1;

    write_model(path, first, second);
    assert_int_equal(tamis_classifier_open(path, good, &classifier, &err), TAMIS_OK);
    assert_int_equal(tamis_classifier_scratch_create(classifier, &scratch, NULL), TAMIS_OK);
    assert_int_equal(
        tamis_classifier_score(scratch, tamis_slice_of_string("\n aa\r\n"), &score, NULL),
        TAMIS_OK);
    assert_true(fabs(score - expected) < 1e-6);
    tamis_classifier_scratch_destroy(scratch);
    tamis_classifier_destroy(classifier);
    assert_int_equal(unlink(path), 0);
}

static void test_score(void **state)
{
    const double p = 1 / (1 + exp(-1)) + 1e-5;

    (void)state;
    check_score("__label__hq", "__label__cc", NULL, p);
    check_score("__label__cc", "__label__hq", NULL, 1 - p);
    check_score("__label__cc", "__label__wiki", NULL, 1 - p);
    check_score("__label__wiki", "__label__cc", NULL, p);
    check_score("__label__good", "__label__bad", "good", p);
    check_score("__label__good", "__label__bad", "__label__bad", 1 - p);
}

static void test_no_label(void **state)
{
    char path[] = "/tmp/tamis-test-classifier-XXXXXX";
    tamis_classifier *classifier = NULL;
    tamis_err err = {0};

    (void)state;
    write_model(path, "__label__good", "__label__bad");
    assert_int_equal(tamis_classifier_open(path, NULL, &classifier, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, "__label__good, __label__bad"));
    assert_int_equal(tamis_classifier_open(path, "best", &classifier, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, "'best'"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tamis_classifier_open(path, NULL, &classifier, &err), TAMIS_ENOENT);
}

static void check_line(const char *text, const char *expected)
{
    tamis_buf line;

    tamis_buf_init(&line, 0);
    assert_int_equal(tamis_classifier_line(tamis_slice_of_string(text), &line), TAMIS_OK);
    assert_int_equal(line.size, strlen(expected));
    assert_memory_equal(line.data, expected, line.size);
    tamis_buf_fini(&line);
}

static void test_line(void **state)
{
    (void)state;
    check_line("", "");
    check_line(" \n ", "");
    check_line("\n a \n\n b\t\n", "a    b");
    check_line("a\r\nb\rc\nd\ve\ff", "a b c d e f");
    check_line("a\x1C"
               "b\x1D"
               "c\x1E"
               "d\x1F"
               "e",
               "a b c d\x1F"
               "e");
    check_line("a\xC2\x85"
               "b\xE2\x80\xA8"
               "c\xE2\x80\xA9"
               "d\xE2\x80\xAA",
               "a b c d\xE2\x80\xAA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_no_label),
        cmocka_unit_test(test_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
