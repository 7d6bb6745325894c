/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: documents are kept and dropped as docs/FORMATS.md 1.10 says, for any cut into blocks.
 * Method: a reference that walks documents and looks all neighbors up, on random graphs, chains,
 * stars and cliques. */
#include "dedup_test.h"

#include <stdlib.h>
#include <string.h>

#include "tamis/level.h"

#define DOCUMENTS_MAX 90
#define SPLIT_ROWS    10
#define SPLITS        (DOCUMENTS_MAX / SPLIT_ROWS)
#define WORDS_MAX     4

typedef enum shape { SHAPE_RANDOM, SHAPE_CHAIN, SHAPE_STAR, SHAPE_CLIQUE, SHAPE_COUNT } shape;

typedef struct graph {
    size_t documents;
    uint32_t against_splits;
    bool is_neighbor[DOCUMENTS_MAX][DOCUMENTS_MAX]; /* [later][earlier] */
    bool is_kept[DOCUMENTS_MAX];                    /* by the level before */
    uint64_t split_base[SPLITS + 1];
} graph;

static tamis_ord ord_of(size_t document)
{
    return tamis_ord_make(0, (uint32_t)(document / SPLIT_ROWS), (uint32_t)(document % SPLIT_ROWS));
}

static void graph_make(graph *g, tamis_rng *rng)
{
    shape kind = (shape)tamis_rng_below(rng, SHAPE_COUNT);
    uint64_t density = 1 + tamis_rng_below(rng, 60);

    *g = (graph){.documents = 1 + (size_t)tamis_rng_below(rng, DOCUMENTS_MAX)};
    if (tamis_rng_below(rng, 2) == 0) {
        g->against_splits = (uint32_t)tamis_rng_below(rng, 4);
    }
    for (size_t split = 0; split <= SPLITS; split++) {
        g->split_base[split] = split * SPLIT_ROWS + 3; /* bits need not start at 0 */
    }
    for (size_t i = 0; i < g->documents; i++) {
        g->is_kept[i] = i / SPLIT_ROWS < g->against_splits || tamis_rng_below(rng, 5) != 0;
    }
    for (size_t later = 1; later < g->documents; later++) {
        size_t center = g->documents / 2;

        for (size_t earlier = 0; earlier < later; earlier++) {
            bool is_neighbor = false;

            switch (kind) {
            case SHAPE_RANDOM:
                is_neighbor = tamis_rng_below(rng, 200) < density;
                break;
            case SHAPE_CHAIN:
                is_neighbor = earlier + 1 == later;
                break;
            case SHAPE_STAR:
                is_neighbor = earlier == center || later == center;
                break;
            case SHAPE_CLIQUE:
            case SHAPE_COUNT:
                is_neighbor = true;
                break;
            }
            /* Pairs are among documents that take part, and no against document is later. */
            g->is_neighbor[later][earlier] = is_neighbor && g->is_kept[later] &&
                                             g->is_kept[earlier] &&
                                             later / SPLIT_ROWS >= g->against_splits;
        }
    }
}

/* Checks the bitmap and the drops against the definition, document by document. */
static void check(const graph *g, const tamis_bitmap *kept, const uint64_t *drops,
                  size_t drop_count, uint32_t words)
{
    bool is_kept[DOCUMENTS_MAX];
    size_t drop = 0;

    for (size_t later = 0; later < g->documents; later++) {
        size_t witness = DOCUMENTS_MAX;

        for (size_t earlier = later; earlier-- > 0;) {
            if (g->is_neighbor[later][earlier] && is_kept[earlier]) {
                witness = earlier;
            }
        }
        is_kept[later] = g->is_kept[later] && witness == DOCUMENTS_MAX;
        assert_int_equal(tamis_bitmap_get(kept, later + 3), is_kept[later]);
        if (witness != DOCUMENTS_MAX) {
            assert_true(drop < drop_count);
            assert_true(drops[drop * words] == ord_of(later));
            assert_true(drops[drop * words + 1] == ord_of(witness));
            for (uint32_t word = 2; word < words; word++) {
                assert_true(drops[drop * words + word] == later * 1000 + witness * word);
            }
            drop++;
        }
    }
    assert_int_equal(drop, drop_count);
}

static void test_against_reference(void **state)
{
    static graph g;
    static uint64_t pairs[DOCUMENTS_MAX * DOCUMENTS_MAX * WORDS_MAX];
    static uint64_t drops[DOCUMENTS_MAX * DOCUMENTS_MAX * WORDS_MAX];
    tamis_rng rng = seeded_rng(81);

    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint32_t words = 2 + (uint32_t)tamis_rng_below(&rng, WORDS_MAX - 1);
        uint64_t kept_words[DOCUMENTS_MAX / 64 + 2] = {0};
        tamis_bitmap kept = {.words = kept_words, .bits = DOCUMENTS_MAX + 3};
        tamis_resolver_options options = {.kept = &kept, .split_base = g.split_base};
        tamis_resolver *resolver = NULL;
        size_t block_max = 1 + (size_t)tamis_rng_below(&rng, 200);
        size_t pair_count = 0;
        size_t drop_count = 0;

        graph_make(&g, &rng);
        options.against_splits = g.against_splits;
        for (size_t later = 0; later < g.documents; later++) {
            if (g.is_kept[later]) {
                tamis_bitmap_set(&kept, later + 3);
            }
            for (size_t earlier = 0; earlier < later; earlier++) {
                if (g.is_neighbor[later][earlier]) {
                    uint64_t *pair = pairs + pair_count++ * words;

                    pair[0] = ord_of(later);
                    pair[1] = ord_of(earlier);
                    for (uint32_t word = 2; word < words; word++) {
                        pair[word] = later * 1000 + earlier * word;
                    }
                }
            }
        }
        assert_int_equal(tamis_resolver_create(&options, &resolver, NULL), TAMIS_OK);
        for (size_t first = 0; first < pair_count;) {
            size_t block = (size_t)tamis_rng_below(&rng, block_max + 1);

            block = block > pair_count - first ? pair_count - first : block;
            drop_count += tamis_resolver_add(resolver, pairs + first * words, block, words,
                                             drops + drop_count * words);
            first += block;
        }
        tamis_resolver_destroy(resolver);
        check(&g, &kept, drops, drop_count, words);
    }
}

/* 0 - 1 - 2 - 3: 1 goes for 0, so 2 stays, and 3 goes for 2. A document that an against document
 * would lose to, and a pair whose later document is one, change nothing. */
static void test_chain_and_against(void **state)
{
    uint64_t word = 0xf;
    uint64_t base[] = {0, 2, 4};
    tamis_bitmap kept = {.words = &word, .bits = 4};
    tamis_resolver_options options = {.kept = &kept, .split_base = base};
    tamis_ord a = tamis_ord_make(0, 0, 0);
    tamis_ord b = tamis_ord_make(0, 0, 1);
    tamis_ord c = tamis_ord_make(0, 1, 0);
    tamis_ord d = tamis_ord_make(0, 1, 1);
    uint64_t pairs[] = {b, a, c, b, d, c};
    uint64_t drops[6];
    tamis_resolver *resolver = NULL;

    (void)state;
    assert_int_equal(tamis_resolver_create(&options, &resolver, NULL), TAMIS_OK);
    assert_int_equal(tamis_resolver_add(resolver, pairs, 3, 2, drops), 2);
    assert_int_equal(word, 5);
    assert_true(drops[0] == b && drops[1] == a && drops[2] == d && drops[3] == c);
    tamis_resolver_destroy(resolver);

    word = 0xf;
    options.against_splits = 1;
    assert_int_equal(tamis_resolver_create(&options, &resolver, NULL), TAMIS_OK);
    assert_int_equal(tamis_resolver_add(resolver, pairs, 3, 2, drops), 1);
    assert_int_equal(word, 0xb);
    assert_true(drops[0] == c && drops[1] == b);
    tamis_resolver_destroy(resolver);
    tamis_resolver_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_reference),
                                       cmocka_unit_test(test_chain_and_against)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
