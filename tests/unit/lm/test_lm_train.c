/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the trainer estimates what Kneser-Ney says, writes the same model in both forms, and the
 * same bytes whatever its memory.
 * Method: a corpus that is worked out by hand; properties of models of seeded random corpora. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/lm_train.h"
#include "tamis/path.h"
#include "tamis/rng.h"
#include "train_parts.h"

#define SEED 20261123u

static char folder[] = "/tmp/tamis-lm-XXXXXX";

static void place(char path[TAMIS_PATH_MAX], const char *name)
{
    assert_int_equal(tamis_path_join(path, folder, name, NULL), TAMIS_OK);
}

static void train(const char *const *sentences, size_t count, uint32_t order, uint64_t memory,
                  const char *name, tamis_lm_train_stats *out_stats)
{
    char model_path[TAMIS_PATH_MAX];
    char arpa_path[TAMIS_PATH_MAX];
    char arpa_name[64];
    tamis_lm_train_options options = {.order = order,
                                      .memory_bytes = memory,
                                      .temp_folder = folder,
                                      .model_path = model_path,
                                      .arpa_path = arpa_path,
                                      .text = TAMIS_LM_TEXT_RAW};
    tamis_lm_trainer *trainer = NULL;
    tamis_err err = {0};

    (void)snprintf(arpa_name, sizeof(arpa_name), "%s.arpa", name);
    place(model_path, name);
    place(arpa_path, arpa_name);
    assert_int_equal(tamis_lm_trainer_create(&options, &trainer, &err), TAMIS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tamis_lm_trainer_add(trainer, tamis_slice_of_string(sentences[i]), &err),
                         TAMIS_OK);
    }
    if (tamis_lm_trainer_finish(trainer, out_stats, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    tamis_lm_trainer_destroy(trainer);
}

static tamis_lm *open_model(const char *name)
{
    char path[TAMIS_PATH_MAX];
    tamis_lm *model = NULL;
    tamis_err err = {0};

    place(path, name);
    if (tamis_lm_open(path, &model, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    return model;
}

/* p(word | context), context words from left to right. */
static double probability(const tamis_lm *model, const char *const *context, size_t count,
                          const char *word)
{
    tamis_lm_state here;
    tamis_lm_state next;

    tamis_lm_clear(&here);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 && strcmp(context[0], "<s>") == 0) {
            tamis_lm_begin(model, &here);
            continue;
        }
        (void)tamis_lm_score(model, &here, tamis_lm_find(model, tamis_slice_of_string(context[i])),
                             &next);
        here = next;
    }
    return pow(10.0, (double)tamis_lm_score(
                         model, &here, tamis_lm_find(model, tamis_slice_of_string(word)), &next));
}

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) < 1e-6)) {
        fail_msg("%.9f, not %.9f", got, wanted);
    }
}

/* The corpus is "a b" and "a".
 *
 * Bigrams: <s> a 2, a b 1, b </s> 1, a </s> 1. Unigrams count their left neighbors: a {<s>} 1, b
 * {a} 1, </s> {b, a} 2; together 4. No order has an n-gram of count 3, so all discounts are 0.5,
 * 1, 1.5. V is 4: a, b, </s>, <unk>.
 *
 * Unigrams: weight of 1/V is (2 x 0.5 + 1 x 1) / 4 = 0.5.
 *     a and b: 0.5/4 + 0.5/4 = 0.25;  </s>: 1/4 + 0.125 = 0.375;  <unk>: 0.125;  together 1.
 * Behind <s> (2 times a): weight 1/2;  a: 1/2 + 0.25/2 = 0.625.
 * Behind a (b and </s>, once each): weight (0.5 + 0.5)/2 = 0.5;
 *     b: 0.25 + 0.25/2 = 0.375;  </s>: 0.25 + 0.375/2 = 0.4375.
 * Behind b (</s> once): weight 0.5;  </s>: 0.5 + 0.375/2 = 0.6875. */
static void test_by_hand(void **state)
{
    static const char *const corpus[] = {"a b", " a\t"};
    static const char *const begin[] = {"<s>"};
    static const char *const a[] = {"a"};
    static const char *const b[] = {"b"};
    static const char *const names[] = {"hand", "hand.arpa"};
    tamis_lm_train_stats stats;

    (void)state;
    train(corpus, 2, 2, TAMIS_LM_TRAIN_MEMORY_MIN, "hand", &stats);
    assert_int_equal(stats.sentences, 2);
    assert_int_equal(stats.words, 3);
    assert_int_equal(stats.counts[0], 5);
    assert_int_equal(stats.counts[1], 4);
    assert_true(stats.is_fallback[0] && stats.is_fallback[1]);
    for (size_t i = 0; i < 2; i++) {
        tamis_lm *model = open_model(names[i]);

        near(probability(model, NULL, 0, "a"), 0.25);
        near(probability(model, NULL, 0, "b"), 0.25);
        near(probability(model, NULL, 0, "</s>"), 0.375);
        near(probability(model, NULL, 0, "never seen"), 0.125);
        near(probability(model, begin, 1, "a"), 0.625);
        near(probability(model, begin, 1, "b"), 0.5 * 0.25);
        near(probability(model, a, 1, "b"), 0.375);
        near(probability(model, a, 1, "</s>"), 0.4375);
        near(probability(model, a, 1, "a"), 0.5 * 0.25);
        near(probability(model, b, 1, "</s>"), 0.6875);
        tamis_lm_destroy(model);
    }
}

/* n1..n4 = 8, 4, 2, 1: Y = 8/16; D1 = 1 - 2Y 4/8 = 0.5; D2 = 2 - 3Y 2/4 = 1.25; D3 = 3 - 4Y 1/2
 * = 2. */
static void test_discounts(void **state)
{
    static const uint64_t sound[5] = {9, 8, 4, 2, 1};
    static const uint64_t none_of_3[5] = {0, 8, 4, 0, 1};
    static const uint64_t none_of_4[5] = {0, 8, 4, 2, 0};
    static const uint64_t below[5] = {0, 1, 1, 9, 1}; /* D2 = 2 - 3/3 x 9 */
    train_discounts d;

    (void)state;
    train_discounts_compute(sound, &d);
    assert_false(d.is_fallback);
    near(d.amounts[0], 0);
    near(d.amounts[1], 0.5);
    near(d.amounts[2], 1.25);
    near(d.amounts[3], 2);
    train_discounts_compute(none_of_4, &d);
    assert_false(d.is_fallback);
    near(d.amounts[3], 3);
    train_discounts_compute(none_of_3, &d);
    assert_true(d.is_fallback);
    train_discounts_compute(below, &d);
    assert_true(d.is_fallback);
    near(d.amounts[1], 0.5);
    near(d.amounts[2], 1);
    near(d.amounts[3], 1.5);
}

#define VOCABULARY 12u
#define LINES      400u

static char lines[LINES][96];
static const char *line_list[LINES];

static void make_lines(tamis_rng *rng)
{
    for (size_t i = 0; i < LINES; i++) {
        size_t size = 0;
        uint64_t words = tamis_rng_below(rng, 9);

        lines[i][0] = '\0';
        for (uint64_t j = 0; j < words; j++) {
            uint64_t word = tamis_rng_below(rng, 1 + tamis_rng_below(rng, VOCABULARY));

            size +=
                (size_t)snprintf(lines[i] + size, sizeof(lines[i]) - size, "w%u ", (unsigned)word);
        }
        line_list[i] = lines[i];
    }
}

/* After any context, known or not, the probabilities of all words are 1 together. */
static void check_sums(const tamis_lm *model, tamis_rng *rng)
{
    for (unsigned round = 0; round < 200; round++) {
        char names[5][8];
        const char *context[5];
        size_t count = (size_t)tamis_rng_below(rng, 6);
        double sum = 0;

        for (size_t i = 0; i < count; i++) {
            (void)snprintf(names[i], sizeof(names[i]), "w%u",
                           (unsigned)tamis_rng_below(rng, VOCABULARY + 1)); /* one is unknown */
            context[i] = i == 0 && round % 3 == 0 ? "<s>" : names[i];
        }
        for (unsigned word = 0; word < VOCABULARY; word++) {
            char name[8];

            (void)snprintf(name, sizeof(name), "w%u", word);
            sum += probability(model, context, count, name);
        }
        sum += probability(model, context, count, "</s>");
        sum += probability(model, context, count, "<unk>");
        near(sum, 1);
    }
}

static double total_of(const tamis_lm *model, const char *sentence)
{
    tamis_lm_scorer *scorer = NULL;
    tamis_lm_total total;

    assert_int_equal(tamis_lm_scorer_create(model, &scorer, NULL), TAMIS_OK);
    assert_int_equal(tamis_lm_scorer_run(scorer, tamis_slice_of_string(sentence), &total, NULL),
                     TAMIS_OK);
    tamis_lm_scorer_destroy(scorer);
    return total.log10;
}

static void test_properties(void **state)
{
    tamis_rng rng = {.state = SEED};

    (void)state;
    print_message("seed %u\n", SEED);
    for (uint32_t order = TAMIS_LM_TRAIN_ORDER_MIN; order <= TAMIS_LM_ORDER_MAX; order++) {
        tamis_lm_train_stats stats;
        tamis_lm *own = NULL;
        tamis_lm *arpa = NULL;
        tamis_lm *again = NULL;

        make_lines(&rng);
        train(line_list, LINES, order, TAMIS_LM_TRAIN_MEMORY_MIN, "random", &stats);
        train(line_list, LINES, order, 2 * TAMIS_LM_TRAIN_MEMORY_MIN + 12345, "again", &stats);
        own = open_model("random");
        arpa = open_model("random.arpa");
        again = open_model("again");
        assert_true(tamis_digest_is_equal(tamis_lm_get_info(own)->digest,
                                          tamis_lm_get_info(again)->digest));
        assert_int_equal(tamis_lm_get_info(own)->text, TAMIS_LM_TEXT_RAW);
        check_sums(own, &rng);
        for (size_t i = 0; i < LINES; i++) {
            assert_true(total_of(own, lines[i]) == total_of(arpa, lines[i]));
        }
        tamis_lm_destroy(own);
        tamis_lm_destroy(arpa);
        tamis_lm_destroy(again);
    }
}

/* Our file with any byte changed is refused, whatever the byte; cut anywhere too. */
static void test_own_damage(void **state)
{
    static const char *const corpus[] = {"a b", "a"};
    tamis_lm_train_stats stats;
    tamis_buf file;
    char path[TAMIS_PATH_MAX];
    tamis_lm *model = NULL;
    tamis_err err = {0};

    (void)state;
    train(corpus, 2, 2, TAMIS_LM_TRAIN_MEMORY_MIN, "damage", &stats);
    place(path, "damage");
    tamis_buf_init(&file, 0);
    assert_int_equal(tamis_path_read_file(path, &file, NULL), TAMIS_OK);
    assert_int_equal(file.size, stats.model_bytes);
    for (size_t i = 0; i < file.size; i++) {
        file.data[i] ^= 0x10;
        assert_int_not_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "m", &model, &err),
                             TAMIS_OK);
        file.data[i] ^= 0x10;
        assert_int_not_equal(tamis_lm_open_memory(tamis_slice_of(file.data, i), "m", &model, &err),
                             TAMIS_OK);
    }
    assert_int_equal(tamis_lm_open_memory(tamis_buf_slice(&file), "m", &model, &err), TAMIS_OK);
    tamis_lm_destroy(model);
    tamis_buf_fini(&file);
}

static void test_refused(void **state)
{
    char path[TAMIS_PATH_MAX];
    tamis_lm_train_options good = {.order = 2,
                                   .memory_bytes = TAMIS_LM_TRAIN_MEMORY_MIN,
                                   .temp_folder = folder,
                                   .model_path = path};
    tamis_lm_train_options bad = good;
    tamis_lm_trainer *trainer = NULL;
    tamis_lm_train_stats stats;

    (void)state;
    place(path, "refused");
    bad.order = 1;
    assert_int_equal(tamis_lm_trainer_create(&bad, &trainer, NULL), TAMIS_EARG);
    bad.order = TAMIS_LM_ORDER_MAX + 1;
    assert_int_equal(tamis_lm_trainer_create(&bad, &trainer, NULL), TAMIS_EARG);
    bad = good;
    bad.memory_bytes--;
    assert_int_equal(tamis_lm_trainer_create(&bad, &trainer, NULL), TAMIS_EARG);
    bad = good;
    bad.model_path = NULL;
    assert_int_equal(tamis_lm_trainer_create(&bad, &trainer, NULL), TAMIS_EARG);
    assert_int_equal(tamis_lm_trainer_create(&good, &trainer, NULL), TAMIS_OK);
    assert_int_equal(tamis_lm_trainer_finish(trainer, &stats, NULL), TAMIS_EARG);
    tamis_lm_trainer_destroy(trainer);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Markers in the text are left out, long words are cut. */
static void test_odd_words(void **state)
{
    static char text[TAMIS_LM_WORD_MAX + 64];
    const char *corpus[] = {text};
    tamis_lm_train_stats stats;

    (void)state;
    (void)snprintf(text, sizeof(text), "<s> a </s> <unk> <S> ");
    memset(text + strlen(text), 'x', TAMIS_LM_WORD_MAX + 1);
    train(corpus, 1, 2, TAMIS_LM_TRAIN_MEMORY_MIN, "odd", &stats);
    assert_int_equal(stats.skipped_tokens, 3);
    assert_int_equal(stats.cut_words, 1);
    assert_int_equal(stats.words, 3);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return tamis_path_remove(folder, NULL) != TAMIS_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),    cmocka_unit_test(test_discounts),
        cmocka_unit_test(test_properties), cmocka_unit_test(test_own_damage),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_odd_words),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
