/* SPDX-License-Identifier: Apache-2.0 */
/* bench_bucket [entries] - grouping sorted features into buckets and candidates, without the sort.
 *
 * Keys rise by random steps; one entry in four shares the key of the one before, and one key in
 * 65536 has a thousand entries. Best of several runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/level.h"
#include "tamis/rng.h"

#define RUNS         5
#define SPLIT_ROWS   40000
#define BLOCK        4096
#define HUGE_EVERY   65536
#define HUGE_ENTRIES 1000

static double now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static tamis_status count_items(void *context, const uint64_t *items, size_t count, tamis_err *err)
{
    (void)err;
    *(uint64_t *)context += count + (items[0] & 1);
    return TAMIS_OK;
}

/* Fills sorted features of `words` numbers over `documents` documents. */
static void make_features(uint64_t *features, size_t count, uint32_t words, uint64_t documents)
{
    tamis_rng rng = {.state = 1};
    uint64_t key = 0;
    uint64_t document = 0;
    size_t same = 0;

    for (size_t i = 0; i < count; i++) {
        if (same > 0 && document + 50 < documents) {
            same--;
            document += 1 + tamis_rng_below(&rng, 50);
        } else {
            uint64_t kind = tamis_rng_next(&rng);

            key += 1 + tamis_rng_below(&rng, UINT64_C(1) << 30);
            same = kind % HUGE_EVERY == 0 ? HUGE_ENTRIES : (kind >> 32) % 4 == 0;
            document = tamis_rng_below(&rng, documents);
        }
        features[i * words] = key;
        features[i * words + 1] = key ^ 1;
        features[i * words + words - 1] =
            tamis_ord_make(0, (uint32_t)(document / SPLIT_ROWS), (uint32_t)(document % SPLIT_ROWS));
    }
}

static int measure(tamis_level_id id, const uint64_t *features, size_t count,
                   const tamis_bitmap *kept, const uint64_t *split_base)
{
    tamis_settings settings = {.bucket_cap = 8, .bands = 18, .rows = 7, .slots = 128};
    tamis_bucket_stats stats = {0};
    double best = 1e300;

    for (int run = 0; run < RUNS; run++) {
        uint64_t seen = 0;
        tamis_bucket_options options = {.level = tamis_level_get(id),
                                        .settings = &settings,
                                        .kept = kept,
                                        .split_base = split_base};
        tamis_bucket_sink sink = {.context = &seen, .pairs = count_items, .capped = count_items};
        tamis_bucketer *bucketer = NULL;
        double start = now_ns();

        if (tamis_bucketer_create(&options, &sink, &bucketer, NULL) != TAMIS_OK) {
            return 1;
        }
        for (size_t first = 0; first < count; first += BLOCK) {
            size_t block = count - first < BLOCK ? count - first : BLOCK;

            if (tamis_bucketer_add(bucketer, features + first * options.level->words, block,
                                   NULL) != TAMIS_OK) {
                return 1;
            }
        }
        if (tamis_bucketer_finish(bucketer, &stats, NULL) != TAMIS_OK) {
            return 1;
        }
        tamis_bucketer_destroy(bucketer);
        start = (now_ns() - start) / (double)count;
        best = start < best ? start : best;
    }
    printf("%-5s %s: %5.2f ns/entry; %llu entries, %llu skipped, %llu buckets, largest %llu, %llu "
           "capped, %llu pairs\n",
           tamis_level_get(id)->name, kept == NULL ? "all " : "kept", best,
           (unsigned long long)stats.features, (unsigned long long)stats.skipped,
           (unsigned long long)stats.buckets, (unsigned long long)stats.largest,
           (unsigned long long)stats.capped, (unsigned long long)stats.pairs);
    return 0;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 20000000;
    uint64_t documents = count / 18 + SPLIT_ROWS;
    size_t splits = (size_t)(documents / SPLIT_ROWS) + 2;
    uint64_t *features = calloc(count * 3, sizeof(*features));
    uint64_t *split_base = calloc(splits, sizeof(*split_base));
    tamis_bitmap kept = {.words = calloc((size_t)(documents / 64) + SPLIT_ROWS, sizeof(uint64_t))};
    tamis_rng rng = {.state = 2};
    int failed = features == NULL || split_base == NULL || kept.words == NULL;

    if (failed == 0) {
        for (size_t split = 0; split < splits; split++) {
            split_base[split] = split * SPLIT_ROWS;
        }
        kept.bits = documents;
        for (uint64_t bit = 0; bit < documents; bit++) {
            if (tamis_rng_below(&rng, 5) != 0) {
                tamis_bitmap_set(&kept, bit);
            }
        }
        make_features(features, count, 2, documents);
        failed |= measure(TAMIS_LEVEL_NEAR, features, count, NULL, split_base);
        failed |= measure(TAMIS_LEVEL_NEAR, features, count, &kept, split_base);
        make_features(features, count, 3, documents);
        failed |= measure(TAMIS_LEVEL_EXACT, features, count, NULL, split_base);
        failed |= measure(TAMIS_LEVEL_EXACT, features, count, &kept, split_base);
    }
    free(kept.words);
    free(split_base);
    free(features);
    return failed;
}
