/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: texts become sentences, sentences a perplexity, perplexities a bucket.
 * Method: a model whose scores are powers of two; pieces learned from made-up lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/lm_train.h"
#include "tamis/path.h"
#include "tamis/perplexity.h"
#include "tamis/rng.h"

static const char toy[] = "\\data\\\nngram 1=6\n\n\\1-grams:\n-4\t<unk>\n-99\t<s>\n-1\t</s>\n"
                          "-2\ta\n-3\tb\n-0.5\tab\n\n\\end\\\n";

static char folder[] = "/tmp/tamis-perplexity-XXXXXX";
static tamis_lm *model;

static tamis_perplexity_value value_of(tamis_lm_text mode, const char *text)
{
    tamis_perplexity *perplexity = NULL;
    tamis_perplexity_value value;
    tamis_buf in;

    tamis_buf_init(&in, 0);
    assert_int_equal(tamis_buf_append_string(&in, text), TAMIS_OK);
    assert_int_equal(tamis_perplexity_create(model, NULL, mode, &perplexity, NULL), TAMIS_OK);
    assert_int_equal(tamis_perplexity_run(perplexity, tamis_buf_slice(&in), &value, NULL),
                     TAMIS_OK);
    tamis_perplexity_destroy(perplexity);
    tamis_buf_fini(&in);
    return value;
}

static void test_modes(void **state)
{
    tamis_perplexity_value value = value_of(TAMIS_LM_TEXT_CCNET, "A\nb a\n");

    (void)state;
    /* "ab a": one sentence, and the words at the line's end are one. */
    assert_int_equal(value.sentences, 1);
    assert_int_equal(value.words, 2);
    assert_true(value.log10 == -0.5 - 2 - 1);
    assert_true(value.perplexity == 14.7); /* 10^(3.5/3) = 14.678 */

    value = value_of(TAMIS_LM_TEXT_PER_LINE, "A\n \n\nb a\n");
    assert_int_equal(value.sentences, 2);
    assert_int_equal(value.words, 3);
    assert_true(value.log10 == (-2 - 1) + (-3 - 2 - 1));
    assert_true(value.perplexity == 63.1); /* 10^(9/5) = 63.096 */

    value = value_of(TAMIS_LM_TEXT_RAW, "A\nb a\n"); /* no lower case: A is unknown */
    assert_int_equal(value.unknown, 1);
    assert_true(value.log10 == (-4 - 1) + (-3 - 2 - 1));
}

static void test_no_words(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < TAMIS_LM_TEXT_COUNT; mode++) {
        assert_true(isnan(value_of((tamis_lm_text)mode, "").perplexity));
        assert_true(isnan(value_of((tamis_lm_text)mode, " \n\t \n").perplexity));
        assert_int_equal(value_of((tamis_lm_text)mode, "\n").sentences, 0);
    }
}

static void test_buckets(void **state)
{
    tamis_cutoffs cutoffs = {0};

    (void)state;
    assert_true(tamis_cutoffs_find("en", &cutoffs));
    assert_int_equal(tamis_bucket_of(339.9, &cutoffs), TAMIS_BUCKET_HEAD);
    assert_int_equal(tamis_bucket_of(340.0, &cutoffs), TAMIS_BUCKET_MIDDLE);
    assert_int_equal(tamis_bucket_of(519.9, &cutoffs), TAMIS_BUCKET_MIDDLE);
    assert_int_equal(tamis_bucket_of(520.0, &cutoffs), TAMIS_BUCKET_TAIL);
    assert_int_equal(tamis_bucket_of((double)NAN, &cutoffs), TAMIS_BUCKET_ALL);
    assert_int_equal(tamis_bucket_of(1, NULL), TAMIS_BUCKET_ALL);
    assert_false(tamis_cutoffs_find("tlh", &cutoffs));
    assert_true(tamis_cutoffs_find("zh", &cutoffs));
    assert_true(cutoffs.head == 1460 && cutoffs.middle == 1950);
    assert_string_equal(tamis_bucket_name(TAMIS_BUCKET_TAIL), "tail");
}

/* ---- Pieces ------------------------------------------------------------------------------------
 */

typedef struct made {
    tamis_rng rng;
    unsigned left;
    char line[256];
} made;

static tamis_status make_line(void *context, tamis_slice *out_line, tamis_err *err)
{
    static const char *const syllables[] = {"ka", "lo", "mi", "ne", "tur", "sa", "ro", "vel"};
    made *m = context;
    size_t size = 0;

    (void)err;
    if (m->left-- == 0) {
        return TAMIS_END;
    }
    for (unsigned i = 0; i < 8; i++) {
        for (uint64_t j = 1 + tamis_rng_below(&m->rng, 3); j > 0; j--) {
            size += (size_t)snprintf(m->line + size, sizeof(m->line) - size, "%s",
                                     syllables[tamis_rng_below(&m->rng, 8)]);
        }
        m->line[size++] = ' ';
    }
    *out_line = tamis_slice_of(m->line, size);
    return TAMIS_OK;
}

static void learn(const char *path, uint64_t seed)
{
    made m = {.rng = {.state = seed}, .left = 300};
    tamis_pieces_train_options options = {.vocabulary = 60, .coverage = 0.9995, .lines_max = 1000};
    tamis_err err = {0};

    if (tamis_pieces_train(&options, make_line, &m, path, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
}

static tamis_pieces *open_pieces(const char *path)
{
    tamis_pieces *pieces = NULL;
    tamis_err err = {0};

    if (tamis_pieces_open(path, &pieces, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    return pieces;
}

static void test_pieces(void **state)
{
    char first[TAMIS_PATH_MAX];
    char second[TAMIS_PATH_MAX];
    tamis_pieces *pieces = NULL;
    tamis_pieces *same = NULL;
    tamis_buf out;
    uint64_t count = 0;
    uint64_t spaces = 0;

    (void)state;
    assert_int_equal(tamis_path_join(first, folder, "first", NULL), TAMIS_OK);
    assert_int_equal(tamis_path_join(second, folder, "second", NULL), TAMIS_OK);
    learn(first, 1);
    learn(second, 1);
    pieces = open_pieces(first);
    same = open_pieces(second);
    assert_true(tamis_digest_is_equal(tamis_pieces_digest(pieces), tamis_pieces_digest(same)));
    assert_true(tamis_pieces_count(pieces) > 10 && tamis_pieces_count(pieces) <= 60);
    tamis_buf_init(&out, 0);
    assert_int_equal(
        tamis_pieces_cut(pieces, tamis_slice_of_string("kalomi zzz tur"), &out, &count, NULL),
        TAMIS_OK);
    for (size_t i = 0; i < out.size; i++) {
        spaces += out.data[i] == ' ';
    }
    assert_int_equal(spaces, count);
    assert_true(count >= 3);
    tamis_buf_fini(&out);
    tamis_pieces_destroy(pieces);
    tamis_pieces_destroy(same);
}

static void test_pieces_refused(void **state)
{
    char path[TAMIS_PATH_MAX];
    tamis_pieces *pieces = NULL;

    (void)state;
    assert_int_equal(tamis_path_join(path, folder, "none", NULL), TAMIS_OK);
    assert_int_equal(tamis_pieces_open(path, &pieces, NULL), TAMIS_ENOENT);
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of_string(""), NULL), TAMIS_OK);
    assert_int_equal(tamis_pieces_open(path, &pieces, NULL), TAMIS_EFORMAT);
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of_string("no model at all"), NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_pieces_open(path, &pieces, NULL), TAMIS_EFORMAT);
}

/* A model of ours remembers its pieces. */
static void test_models_match(void **state)
{
    char paths[2][TAMIS_PATH_MAX];
    char lm_path[TAMIS_PATH_MAX];
    tamis_pieces *pieces[2] = {NULL, NULL};
    tamis_lm_train_options options = {.order = 2,
                                      .memory_bytes = TAMIS_LM_TRAIN_MEMORY_MIN,
                                      .temp_folder = folder,
                                      .model_path = lm_path,
                                      .text = TAMIS_LM_TEXT_PER_LINE,
                                      .has_pieces = true};
    tamis_lm_trainer *trainer = NULL;
    tamis_lm_train_stats stats;
    tamis_lm *trained = NULL;
    tamis_perplexity *perplexity = NULL;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(tamis_path_join(paths[i], folder, i == 0 ? "p0" : "p1", NULL), TAMIS_OK);
        learn(paths[i], 10 + i);
        pieces[i] = open_pieces(paths[i]);
    }
    assert_int_equal(tamis_path_join(lm_path, folder, "pieces.lm", NULL), TAMIS_OK);
    options.pieces_digest = tamis_pieces_digest(pieces[0]);
    assert_int_equal(tamis_lm_trainer_create(&options, &trainer, NULL), TAMIS_OK);
    assert_int_equal(tamis_lm_trainer_add(trainer, tamis_slice_of_string("x y"), NULL), TAMIS_OK);
    assert_int_equal(tamis_lm_trainer_finish(trainer, &stats, NULL), TAMIS_OK);
    tamis_lm_trainer_destroy(trainer);
    assert_int_equal(tamis_lm_open(lm_path, &trained, NULL), TAMIS_OK);
    assert_int_equal(
        tamis_perplexity_create(trained, NULL, TAMIS_LM_TEXT_PER_LINE, &perplexity, NULL),
        TAMIS_EARG);
    assert_int_equal(
        tamis_perplexity_create(trained, pieces[1], TAMIS_LM_TEXT_PER_LINE, &perplexity, NULL),
        TAMIS_EARG);
    assert_int_equal(
        tamis_perplexity_create(trained, pieces[0], TAMIS_LM_TEXT_PER_LINE, &perplexity, NULL),
        TAMIS_OK);
    tamis_perplexity_destroy(perplexity);
    tamis_lm_destroy(trained);
    tamis_pieces_destroy(pieces[0]);
    tamis_pieces_destroy(pieces[1]);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ||
           tamis_lm_open_memory(tamis_slice_of_string(toy), "toy", &model, NULL) != TAMIS_OK;
}

static int tear_down(void **state)
{
    (void)state;
    tamis_lm_destroy(model);
    return tamis_path_remove(folder, NULL) != TAMIS_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),          cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_buckets),        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_pieces_refused), cmocka_unit_test(test_models_match),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
