/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: models of every format are read, refused with a reason, and score alike.
 * Method: a small ARPA text whose sentences are added up by hand; the same model as KenLM binary
 * (kenlm_writer.h); files that are cut or changed at every place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kenlm_writer.h"
#include "tamis/bytes.h"
#include "tamis/lm.h"

/* Powers of two only, so that sums are exact. */
static const char toy[] = "\\data\\\n"
                          "ngram 1=5\n"
                          "ngram 2=4\n"
                          "ngram 3=1\n"
                          "\n"
                          "\\1-grams:\n"
                          "-4\t<unk>\n"
                          "-99\t<s>\t-0.5\n"
                          "-1\t</s>\n"
                          "-2\ta\t-0.25\n"
                          "-3\tb\t-0.125\n"
                          "\n"
                          "\\2-grams:\n"
                          "-1.5\t<s> a\t-0.0625\n"
                          "-0.5\ta b\t-0.03125\n"
                          "-0.75\tb a\t-1\n"
                          "-0.25\tb </s>\n"
                          "\n"
                          "\\3-grams:\n"
                          "-0.125\t<s> a b\n"
                          "\n"
                          "\\end\\\n";

static tamis_lm *open_bytes(tamis_slice bytes)
{
    tamis_lm *model = NULL;
    tamis_err err = {0};
    tamis_status status = tamis_lm_open_memory(bytes, "toy", &model, &err);

    if (status != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    return model;
}

static tamis_lm *open_text(const char *text)
{
    return open_bytes(tamis_slice_of_string(text));
}

static double score(const tamis_lm *model, const char *sentence, uint64_t *out_unknown)
{
    tamis_lm_scorer *scorer = NULL;
    tamis_lm_total total;

    assert_int_equal(tamis_lm_scorer_create(model, &scorer, NULL), TAMIS_OK);
    assert_int_equal(tamis_lm_scorer_run(scorer, tamis_slice_of_string(sentence), &total, NULL),
                     TAMIS_OK);
    tamis_lm_scorer_destroy(scorer);
    if (out_unknown != NULL) {
        *out_unknown = total.unknown;
    }
    assert_true(total.log10 == (double)total.log10_kenlm);
    return total.log10;
}

static void check_toy(const tamis_lm *model)
{
    uint64_t unknown = 0;

    /* p(a|<s>) p(b|<s> a) then </s> behind "a b": no trigram: backoff(a b) + p(</s>|b). */
    assert_true(score(model, "a b", &unknown) == -1.5 - 0.125 + (-0.03125 - 0.25));
    assert_int_equal(unknown, 0);
    /* </s> alone: backoff(<s>) + p(</s>). */
    assert_true(score(model, "", NULL) == -0.5 - 1);
    assert_true(score(model, " \t\n ", NULL) == -0.5 - 1);
    /* b: backoff(<s>) + p(b); a: p(a|b), nothing known of "<s> b"; b: backoff(b a) + p(b|a). */
    assert_true(score(model, "b a b", NULL) == (-0.5 - 3) - 0.75 + (-1 - 0.5) + (-0.03125 - 0.25));
    /* An unknown word: backoffs of "<s> a" and "a", p(<unk>); the context is gone behind it. */
    assert_true(score(model, "a zz b", &unknown) == -1.5 + (-0.0625 - 0.25 - 4) - 3 - 0.25);
    assert_int_equal(unknown, 1);
    assert_int_equal(tamis_lm_find(model, tamis_slice_of_string("zz")), TAMIS_LM_UNKNOWN);
    assert_int_equal(tamis_lm_get_info(model)->order, 3);
    assert_int_equal(tamis_lm_get_info(model)->counts[1], 4);
}

static void test_arpa_by_hand(void **state)
{
    tamis_lm *model = open_text(toy);

    (void)state;
    assert_int_equal(tamis_lm_get_info(model)->format, TAMIS_LM_FORMAT_ARPA);
    check_toy(model);
    tamis_lm_destroy(model);
}

static void test_kenlm_by_hand(void **state)
{
    static const float multipliers[] = {1.0f, 1.5f, 4.0f};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tamis_buf file;
        tamis_lm *model = NULL;

        tamis_buf_init(&file, 0);
        kenlm_write(toy, multipliers[i], &file);
        model = open_bytes(tamis_buf_slice(&file));
        assert_int_equal(tamis_lm_get_info(model)->format, TAMIS_LM_FORMAT_KENLM);
        check_toy(model);
        tamis_lm_destroy(model);
        tamis_buf_fini(&file);
    }
}

/* Long sentences run through the ring of fetched buckets: the same as word by word. */
static void test_sentence_is_its_words(void **state)
{
    static const char *const words[] = {"a", "b", "zz"};
    tamis_lm *model = open_text(toy);
    char sentence[256];

    (void)state;
    for (unsigned number = 0; number < 81; number++) {
        tamis_lm_state here;
        tamis_lm_state next;
        size_t size = 0;
        double sum = 0;
        unsigned rest = number;

        tamis_lm_begin(model, &here);
        for (unsigned i = 0; i < number % 30; i++) {
            const char *word = words[rest % 3];

            rest = rest / 3 + 7 * i;
            size += (size_t)snprintf(sentence + size, sizeof(sentence) - size, "%s ", word);
            sum += (double)tamis_lm_score(model, &here,
                                          tamis_lm_find(model, tamis_slice_of_string(word)), &next);
            here = next;
        }
        sentence[size] = '\0';
        sum += (double)tamis_lm_score(model, &here,
                                      tamis_lm_find(model, tamis_slice_of_string("</s>")), &next);
        assert_true(score(model, sentence, NULL) == sum);
    }
    tamis_lm_destroy(model);
}

/* "a b c" without "b c": as KenLM does, "b c" gets what the model gives it anyway. */
static void test_pruned_suffix(void **state)
{
    tamis_lm *model = open_text("\\data\\\nngram 1=6\nngram 2=1\nngram 3=1\n\n\\1-grams:\n"
                                "-4 <unk>\n-99 <s> -0.5\n-1 </s>\n-2 a -0.25\n-3 b -0.125\n-5 c\n\n"
                                "\\2-grams:\n-0.5 a b -0.0625\n\n\\3-grams:\n-0.25 a b c\n\n"
                                "\\end\\\n");

    (void)state;
    assert_true(score(model, "a b c", NULL) == (-0.5 - 2) - 0.5 - 0.25 - 1);
    assert_true(score(model, "b c", NULL) == (-0.5 - 3) + (-0.125 - 5) - 1);
    tamis_lm_destroy(model);
}

static void test_missing_unknown(void **state)
{
    tamis_lm *model =
        open_text("\\data\\\nngram 1=2\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n\n\\end\\\n");

    (void)state;
    assert_true(score(model, "x", NULL) == -101);
    tamis_lm_destroy(model);
}

static void expect_refused(const char *text, const char *said)
{
    tamis_lm *model = NULL;
    tamis_err err = {0};

    assert_int_not_equal(tamis_lm_open_memory(tamis_slice_of_string(text), "toy", &model, &err),
                         TAMIS_OK);
    assert_null(model);
    if (strstr(err.text, said) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, said);
    }
}

#define HEAD "\\data\\\nngram 1=2\n\n\\1-grams:\n-99 <s>\n"

static void test_arpa_refused(void **state)
{
    (void)state;
    expect_refused("", "is no language model");
    expect_refused("hello\n", "is no language model");
    expect_refused("\x1F\x8B...", "gzip -d");
    expect_refused("\\data\\\n", "ngram 1=");
    expect_refused("\\data\\\nngram 2=1\n", "line 2");
    expect_refused("\\data\\\nngram 1=x\n", "line 2");
    expect_refused("\\data\\\nngram 1=99999\n", "more n-grams than the file");
    expect_refused("\\data\\\nngram 1=1\nngram 2=1\nngram 3=1\nngram 4=1\nngram 5=1\nngram 6=1\n"
                   "ngram 7=1\n",
                   "order 7");
    expect_refused(HEAD "-1 </s>\n-1 x\n", "line 7: more n-grams");
    expect_refused(HEAD "\n\\end\\\n", "line 7: fewer n-grams");
    expect_refused(HEAD "-1 </s>\n", "\\end\\");
    expect_refused(HEAD "-1 <s>\n", "line 6: this word stands here for the second time");
    expect_refused(HEAD "0.5 </s>\n", "line 6: a log10 probability");
    expect_refused(HEAD "nan </s>\n", "line 6");
    expect_refused(HEAD "-1 </s> -1 -1\n", "line 6: this n-gram has too many fields");
    expect_refused(HEAD "-1 </s> x\n", "line 6: a log10 backoff");
    expect_refused(HEAD "-1\n", "line 6: this n-gram has too few words");
    expect_refused(HEAD "-1 b\n\n\\end\\\n", "lacks </s>");
    expect_refused("\\data\\\nngram 1=2\nngram 2=1\n\n\\1-grams:\n-9 <s>\n-1 </s>\n\\2-grams:\n"
                   "-1 <s> x\n",
                   "line 9: this n-gram has a word that is no unigram");
    expect_refused("\\data\\\nngram 1=3\nngram 2=1\nngram 3=1\n\\1-grams:\n-9 <s>\n-1 </s>\n-1 a\n"
                   "\\2-grams:\n-1 a </s>\n\\3-grams:\n-1 <s> a </s>\n",
                   "line 12: the n-gram without its last word");
}

static void test_kenlm_refused(void **state)
{
    tamis_buf file;
    tamis_lm *model = NULL;
    tamis_err err = {0};

    (void)state;
    tamis_buf_init(&file, 0);
    kenlm_write(toy, 1.5f, &file);
    /* Cut anywhere. */
    for (size_t size = 0; size < file.size; size++) {
        uint8_t *copy = malloc(size + 1); /* so that reading past it is seen */

        assert_non_null(copy);
        memcpy(copy, file.data, size);
        assert_int_not_equal(tamis_lm_open_memory(tamis_slice_of(copy, size), "toy", &model, &err),
                             TAMIS_OK);
        free(copy);
    }
    /* Other types. */
    for (uint32_t type = 1; type <= 6; type++) {
        tamis_put32le(file.data + 96, type);
        assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err),
                         TAMIS_EUNSUPPORTED);
        assert_non_null(strstr(err.text, type == 2 ? "trie (2)" : "build_binary probing"));
    }
    tamis_put32le(file.data + 96, 0);
    file.data[88] = 7;
    assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err),
                     TAMIS_EUNSUPPORTED);
    file.data[88] = 0;
    assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err),
                     TAMIS_EFORMAT);
    file.data[88] = 3;
    file.data[49] = '4'; /* version */
    assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err),
                     TAMIS_EVERSION);
    file.data[49] = '5';
    tamis_put64le(file.data + 108, UINT64_MAX); /* counts */
    assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err),
                     TAMIS_EFORMAT);
    tamis_buf_fini(&file);
}

/* A file that is full of other bytes may score anything, but reads only its own. */
static void test_kenlm_wild_tables(void **state)
{
    tamis_buf file;
    tamis_lm *model = NULL;
    tamis_err err = {0};

    (void)state;
    tamis_buf_init(&file, 0);
    kenlm_write(toy, 1.0f, &file);
    for (size_t i = file.size - 150; i < file.size; i++) {
        file.data[i] = 0x5A; /* no bucket is empty */
    }
    if (tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err) == TAMIS_OK) {
        tamis_lm_scorer *scorer = NULL;
        tamis_lm_total total;

        assert_int_equal(tamis_lm_scorer_create(model, &scorer, NULL), TAMIS_OK);
        assert_int_equal(
            tamis_lm_scorer_run(scorer, tamis_slice_of_string("a b zz a"), &total, NULL), TAMIS_OK);
        tamis_lm_scorer_destroy(scorer);
    }
    tamis_lm_destroy(model);
    /* The number of a word beyond the unigrams. */
    file.size = 0;
    kenlm_write(toy, 1.0f, &file);
    for (size_t at = 144; at + 12 <= 144 + 6 * 12; at += 12) {
        if (tamis_get64le(file.data + at) != 0) {
            tamis_put32le(file.data + at + 8, 6);
            break;
        }
    }
    assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "toy", &model, &err),
                     TAMIS_EFORMAT);
    assert_non_null(strstr(err.text, "offset"));
    tamis_buf_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arpa_by_hand),          cmocka_unit_test(test_kenlm_by_hand),
        cmocka_unit_test(test_sentence_is_its_words), cmocka_unit_test(test_pruned_suffix),
        cmocka_unit_test(test_missing_unknown),       cmocka_unit_test(test_arpa_refused),
        cmocka_unit_test(test_kenlm_refused),         cmocka_unit_test(test_kenlm_wild_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
