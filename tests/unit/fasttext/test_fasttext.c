/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of fastText models on models small enough to work out by hand, and on damaged ones:
 * each prefix and each changed byte of a file gives an error that names an offset, or a model that
 * predicts something between 0 and 1. Comparison with the program: check_fasttext.py. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "tamis/cpu.h"
#include "tamis/fasttext.h"
#include "toy_model.h"

static double best_of(const tamis_buf *bytes, const char *text, size_t *out_label)
{
    tamis_fasttext *model = NULL;
    tamis_fasttext_scratch *scratch = NULL;
    tamis_fasttext_prediction best[2];
    tamis_err err = {0};
    size_t count = 0;

    assert_int_equal(tamis_fasttext_open_memory(tamis_buf_slice(bytes), "toy", &model, &err), 0);
    assert_int_equal(tamis_fasttext_scratch_create(model, &scratch, &err), 0);
    assert_int_equal(
        tamis_fasttext_predict(scratch, tamis_slice_of_string(text), best, 2, &count, &err), 0);
    tamis_fasttext_scratch_destroy(scratch);
    tamis_fasttext_destroy(model);
    *out_label = count == 0 ? SIZE_MAX : best[0].label;
    return count == 0 ? -1 : best[0].score;
}

static void check_best(toy_options options, const char *text, size_t label, double score)
{
    tamis_buf bytes;
    size_t found = 0;

    tamis_buf_init(&bytes, 0);
    toy_model_write(&options, &bytes);
    for (int kernel = TAMIS_KERNEL_SCALAR; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (tamis_kernel_is_available((tamis_kernel)kernel)) {
            tamis_kernel_set((tamis_kernel)kernel);
            assert_true(fabs(best_of(&bytes, text, &found) - score) < 1e-6);
            assert_int_equal(found, label);
        }
    }
    tamis_buf_fini(&bytes);
}

static double softmax2(double a, double b)
{
    return 1 / (1 + exp(b - a)) + 1e-5;
}

static void test_softmax(void **state)
{
    toy_options toy = toy_model_defaults();

    (void)state;
    /* Mean of aa and </s>: (1/2, 0); products: 1 and 0. */
    check_best(toy, "aa", 0, softmax2(1, 0));
    check_best(toy, "  aa\t\n bb bb bb", 0, softmax2(1, 0));
    check_best(toy, "aa </s> bb bb bb", 0, softmax2(1, 0));
    check_best(toy, "bb bb bb", 1, softmax2(0.75, 0));
    /* Labels and unknown words count for nothing. */
    check_best(toy, "zz aa __label__x __label__zz", 0, softmax2(1, 0));
}

static void test_losses(void **state)
{
    toy_options toy = toy_model_defaults();

    (void)state;
    toy.loss = 1; /* one inner node: its row is the first; right is the label that came first */
    check_best(toy, "aa", 0, 1 / (1 + exp(-1.0)) + 1e-5);
    toy.loss = 4; /* by table: 512 steps over -8 to 8 */
    check_best(toy, "aa", 0, 1 / (1 + exp(-1.0)) + 1e-5);
    toy.loss = 2;
    check_best(toy, "bb", 1, 1 / (1 + exp(-0.5)) + 1e-5);
}

static void test_ngrams(void **state)
{
    toy_options toy = toy_model_defaults();

    (void)state;
    toy.buckets = 2;
    toy.word_ngrams = 2;
    /* aa, </s>, and one pair: (1.5, 0.25) / 3. */
    check_best(toy, "aa", 0, softmax2(1, 0.25 / 3));
    toy.word_ngrams = 1;
    toy.ngram_min = 2;
    toy.ngram_max = 3;
    /* aa, "<a", "<aa", "aa", "aa>", "a>", and </s>, which has none: (3.5, 1.25) / 7. */
    check_best(toy, "aa", 0, softmax2(1, 1.25 / 7));
    /* The same of an unknown word, without a row of its own: 5 n-grams and </s>. */
    check_best(toy, "\xC3\xA9\xC3\xA9", 0, softmax2(2.5 * 2 / 6, 1.25 / 6));
    /* Models of version 11 have none, whatever they say. */
    toy.version = 11;
    check_best(toy, "aa", 0, softmax2(1, 0));
}

static void test_quantized(void **state)
{
    toy_options toy = toy_model_defaults();

    (void)state;
    toy.is_quantized = true;
    check_best(toy, "aa", 0, softmax2(1, 0));
    check_best(toy, "bb bb bb", 1, softmax2(0.75, 0));
    /* With one bucket every pair falls into bucket 0, which has been pruned away. */
    toy.word_ngrams = 2;
    toy.buckets = 1;
    check_best(toy, "aa", 0, softmax2(1, 0));
    /* With two some of the n-grams have a row (1, 0.5) * 0.5. */
    toy.word_ngrams = 1;
    toy.buckets = 2;
    toy.ngram_min = 1;
    toy.ngram_max = 1;
    check_best(toy, "</s>", 1, 0.5 + 1e-5);
}

static void test_nothing_known(void **state)
{
    toy_options toy = toy_model_defaults();
    tamis_buf bytes;
    size_t label = 0;

    (void)state;
    tamis_buf_init(&bytes, 0);
    toy_model_write(&toy, &bytes);
    assert_true(best_of(&bytes, "", &label) > 0.5); /* the end of line has a row, of zeros */
    tamis_buf_fini(&bytes);
}

static tamis_status open_bytes(const uint8_t *data, size_t size, tamis_err *err)
{
    tamis_fasttext *model = NULL;
    tamis_fasttext_scratch *scratch = NULL;
    tamis_fasttext_prediction best[3];
    size_t count = 0;
    tamis_status status =
        tamis_fasttext_open_memory(tamis_slice_of(data, size), "damaged.bin", &model, err);

    if (status != TAMIS_OK) {
        return status;
    }
    assert_int_equal(tamis_fasttext_scratch_create(model, &scratch, err), 0);
    assert_int_equal(tamis_fasttext_predict(scratch, tamis_slice_of_string("aa bb cc \xFF\xFE dd"),
                                            best, 3, &count, err),
                     0);
    for (size_t i = 0; i < count; i++) {
        assert_true(best[i].score >= 0 && best[i].score <= 1);
        assert_true(tamis_fasttext_label(model, best[i].label).size < size);
    }
    tamis_fasttext_scratch_destroy(scratch);
    tamis_fasttext_destroy(model);
    return TAMIS_OK;
}

static void each_form(void (*check)(const tamis_buf *bytes))
{
    for (int form = 0; form < 4; form++) {
        toy_options toy = toy_model_defaults();
        tamis_buf bytes;

        toy.loss = form + 1;
        toy.is_quantized = form % 2 == 1;
        toy.buckets = 2;
        toy.word_ngrams = 2;
        toy.ngram_min = 1;
        toy.ngram_max = 2;
        tamis_buf_init(&bytes, 0);
        toy_model_write(&toy, &bytes);
        check(&bytes);
        tamis_buf_fini(&bytes);
    }
}

static void check_cut(const tamis_buf *bytes)
{
    tamis_err err = {0};

    for (size_t size = 0; size < bytes->size; size++) {
        /* A copy of that size, so that a sanitizer sees a byte read behind it. */
        uint8_t *copy = malloc(size == 0 ? 1 : size);

        assert_non_null(copy);
        memcpy(copy, bytes->data, size);
        assert_int_equal(open_bytes(copy, size, &err), TAMIS_EFORMAT);
        assert_non_null(strstr(err.text, "damaged.bin: offset "));
        free(copy);
    }
    assert_int_equal(open_bytes(bytes->data, bytes->size, &err), TAMIS_OK);
}

static void test_cut(void **state)
{
    (void)state;
    each_form(check_cut);
}

static void check_changed(const tamis_buf *bytes)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    uint8_t *copy = malloc(bytes->size + 1);

    assert_non_null(copy);
    for (size_t i = 0; i < bytes->size; i++) {
        for (size_t j = 0; j < sizeof(values); j++) {
            tamis_err err = {0};

            memcpy(copy, bytes->data, bytes->size);
            copy[i] = values[j];
            if (open_bytes(copy, bytes->size, &err) != TAMIS_OK) {
                assert_non_null(strstr(err.text, "damaged.bin: "));
            }
        }
    }
    memcpy(copy, bytes->data, bytes->size);
    assert_int_equal(open_bytes(copy, bytes->size + 1, NULL), TAMIS_EFORMAT); /* goes on */
    free(copy);
}

static void test_changed(void **state)
{
    (void)state;
    each_form(check_changed);
}

static void check_refused(toy_options toy, tamis_status expected, const char *offset)
{
    tamis_buf bytes;
    tamis_err err = {0};

    tamis_buf_init(&bytes, 0);
    toy_model_write(&toy, &bytes);
    assert_int_equal(open_bytes(bytes.data, bytes.size, &err), expected);
    assert_non_null(strstr(err.text, offset));
    tamis_buf_fini(&bytes);
}

static void test_refused(void **state)
{
    toy_options toy = toy_model_defaults();

    (void)state;
    toy.version = 13;
    check_refused(toy, TAMIS_EVERSION, "offset 4:");
    toy.version = 10;
    check_refused(toy, TAMIS_EVERSION, "offset 4:");
    toy = toy_model_defaults();
    toy.kind = 2;
    check_refused(toy, TAMIS_EUNSUPPORTED, "offset 36:");
    toy = toy_model_defaults();
    toy.loss = 5;
    check_refused(toy, TAMIS_EFORMAT, "offset 32:");
    toy = toy_model_defaults();
    toy.word_ngrams = 2; /* but no buckets */
    check_refused(toy, TAMIS_EFORMAT, "offset 40:");
}

static void test_not_finite(void **state)
{
    toy_options toy = toy_model_defaults();
    tamis_buf bytes;
    tamis_err err = {0};
    char expected[64];
    const float infinite = INFINITY;

    (void)state;
    tamis_buf_init(&bytes, 0);
    toy_model_write(&toy, &bytes);
    memcpy(bytes.data + bytes.size - 8, &infinite, sizeof(infinite));
    assert_int_equal(open_bytes(bytes.data, bytes.size, &err), TAMIS_EFORMAT);
    (void)snprintf(expected, sizeof(expected), "offset %zu: a weight", bytes.size - 8);
    assert_non_null(strstr(err.text, expected));
    tamis_buf_fini(&bytes);
}

static void test_files(void **state)
{
    toy_options toy = toy_model_defaults();
    char path[] = "/tmp/tamis-test-fasttext-XXXXXX";
    tamis_fasttext *model = NULL;
    tamis_err err = {0};
    tamis_buf bytes;
    size_t label = 9;
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(tamis_fasttext_open(path, &model, &err), TAMIS_EFORMAT); /* empty */
    tamis_buf_init(&bytes, 0);
    toy_model_write(&toy, &bytes);
    assert_int_equal(write(file, bytes.data, bytes.size), (ssize_t)bytes.size);
    assert_int_equal(close(file), 0);
    assert_int_equal(tamis_fasttext_open(path, &model, &err), TAMIS_OK);
    assert_int_equal(tamis_fasttext_label_count(model), 2);
    assert_true(tamis_fasttext_find_label(model, tamis_slice_of_string("__label__y"), &label));
    assert_int_equal(label, 1);
    assert_false(tamis_fasttext_find_label(model, tamis_slice_of_string("__label__z"), &label));
    assert_true(
        tamis_digest_is_equal(tamis_fasttext_digest(model), tamis_hash128(bytes.data, bytes.size)));
    tamis_fasttext_destroy(model);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tamis_fasttext_open(path, &model, &err), TAMIS_ENOENT);
    assert_int_equal(tamis_fasttext_open("/tmp", &model, &err), TAMIS_EARG);
    tamis_buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax),    cmocka_unit_test(test_losses),
        cmocka_unit_test(test_ngrams),     cmocka_unit_test(test_quantized),
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_changed),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_finite), cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
