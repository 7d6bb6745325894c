/* SPDX-License-Identifier: Apache-2.0 */
/* bench_resolver [pairs] [documents] - one pass over verified pairs, the earlier document anywhere.
 *
 * One document in two has no pair, the others have one to three. Best of several runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tamis/level.h"
#include "tamis/rng.h"

#define RUNS       5
#define WORDS      3
#define BLOCK      4096
#define SPLIT_ROWS 40000

static double now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static tamis_ord ord_of(uint64_t document)
{
    return tamis_ord_make(0, (uint32_t)(document / SPLIT_ROWS), (uint32_t)(document % SPLIT_ROWS));
}

static void make_pairs(uint64_t *pairs, size_t count, uint64_t documents)
{
    tamis_rng rng = {.state = 1};
    uint64_t later = 1;
    uint64_t earlier = 0;
    uint64_t step_max = 2 * documents / count;

    for (size_t i = 0; i < count; i++) {
        bool is_next = earlier + 1 >= later || tamis_rng_below(&rng, 2) == 0;

        if (is_next && later + step_max + 1 < documents) {
            later += 1 + tamis_rng_below(&rng, step_max + 1);
            earlier = tamis_rng_below(&rng, later);
        } else if (earlier + 1 < later) {
            earlier += 1 + tamis_rng_below(&rng, later - earlier - 1);
        }
        pairs[i * WORDS] = ord_of(later);
        pairs[i * WORDS + 1] = ord_of(earlier);
        pairs[i * WORDS + 2] = i;
    }
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 10000000;
    uint64_t documents = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000000;
    size_t splits = (size_t)(documents / SPLIT_ROWS) + 2;
    size_t bitmap_words = (size_t)(documents / 64) + 1;
    uint64_t *pairs = calloc(count * WORDS, sizeof(*pairs));
    uint64_t *split_base = calloc(splits, sizeof(*split_base));
    uint64_t *drops = calloc((size_t)BLOCK * WORDS, sizeof(*drops));
    tamis_bitmap kept = {.words = calloc(bitmap_words, sizeof(uint64_t)), .bits = documents};
    double best = 1e300;
    size_t dropped = 0;

    if (pairs == NULL || split_base == NULL || drops == NULL || kept.words == NULL) {
        return 1;
    }
    for (size_t split = 0; split < splits; split++) {
        split_base[split] = split * SPLIT_ROWS;
    }
    make_pairs(pairs, count, documents);
    for (int run = 0; run < RUNS; run++) {
        tamis_resolver_options options = {.kept = &kept, .split_base = split_base};
        tamis_resolver *resolver = NULL;
        double start = 0;

        memset(kept.words, 0xff, bitmap_words * sizeof(uint64_t));
        start = now_ns();
        if (tamis_resolver_create(&options, &resolver, NULL) != TAMIS_OK) {
            return 1;
        }
        dropped = 0;
        for (size_t first = 0; first < count; first += BLOCK) {
            size_t block = count - first < BLOCK ? count - first : BLOCK;

            dropped += tamis_resolver_add(resolver, pairs + first * WORDS, block, WORDS, drops);
        }
        tamis_resolver_destroy(resolver);
        start = (now_ns() - start) / (double)count;
        best = start < best ? start : best;
    }
    printf("resolver: %.2f ns/pair, %.0f M pairs/s; %zu pairs, %llu documents, %zu dropped\n", best,
           1000 / best, count, (unsigned long long)documents, dropped);
    free(kept.words);
    free(drops);
    free(split_base);
    free(pairs);
    return 0;
}
