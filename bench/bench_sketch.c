/* SPDX-License-Identifier: Apache-2.0 */
/* bench_sketch - what a sketch, its band keys and a comparison of signatures cost, by kernel.
 *
 * Random shingles; MB/s are those of a text with 6.25 bytes and one shingle a word. Best of several
 * runs, since other programs can only slow a run down.
 */
#include <stdio.h>
#include <time.h>

#include "tamis/cpu.h"
#include "tamis/rng.h"
#include "tamis/sketch.h"

#define POOL           (UINT64_C(1) << 16) /* shingles: 512 KiB, within L2 */
#define RUNS           9
#define BYTES_PER_WORD 6.25
#define SHINGLE_WORDS  5
#define SIGNATURES     (UINT64_C(1) << 12)

static uint64_t pool[POOL];
static uint8_t signatures[SIGNATURES * 128];
static volatile uint64_t sink; /* keeps results from being optimized away */

static double now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* ns a document of `words` words. */
static double sketch_ns(tamis_sketcher *sketcher, size_t words)
{
    size_t count = words - SHINGLE_WORDS + 1;
    size_t documents = POOL / count;
    double best = 1e300;

    for (int run = 0; run < RUNS; run++) {
        double start = now_ns();
        double elapsed = 0;

        for (size_t d = 0; d < documents; d++) {
            tamis_sketcher_begin(sketcher);
            do {
                tamis_sketcher_add(sketcher, pool + d * count, count);
            } while (tamis_sketcher_next_round(sketcher));
            sink += tamis_sketcher_slots(sketcher)[0];
        }
        elapsed = (now_ns() - start) / (double)documents;
        best = elapsed < best ? elapsed : best;
    }
    return best;
}

static double band_keys_ns(uint32_t bands, uint32_t rows)
{
    uint32_t sketch[128];
    uint64_t keys[TAMIS_BANDS_MAX];
    double best = 1e300;

    for (uint32_t j = 0; j < 128; j++) {
        sketch[j] = (uint32_t)pool[j];
    }
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns();
        double elapsed = 0;

        for (uint32_t i = 0; i < 4096; i++) {
            sketch[0] = i;
            tamis_band_keys(sketch, bands, rows, 0, keys);
            sink += keys[bands - 1];
        }
        elapsed = (now_ns() - start) / 4096;
        best = elapsed < best ? elapsed : best;
    }
    return best;
}

static double matches_ns(void)
{
    double best = 1e300;

    for (int run = 0; run < RUNS; run++) {
        double start = now_ns();
        double elapsed = 0;

        for (size_t i = 1; i < SIGNATURES; i++) {
            sink += tamis_signature_matches(signatures + (i - 1) * 128, signatures + i * 128, 128);
        }
        elapsed = (now_ns() - start) / (double)(SIGNATURES - 1);
        best = elapsed < best ? elapsed : best;
    }
    return best;
}

int main(void)
{
    static const size_t words[] = {5, 10, 30, 100, 200, 640, 3000, 30000};
    tamis_rng rng = {.state = 1};

    for (size_t i = 0; i < POOL; i++) {
        pool[i] = tamis_rng_next(&rng);
    }
    for (size_t i = 0; i < sizeof(signatures); i++) {
        signatures[i] = (uint8_t)tamis_rng_next(&rng);
    }
    for (int kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (!tamis_kernel_is_available((tamis_kernel)kernel)) {
            printf("%s: not on this machine\n", tamis_kernel_name((tamis_kernel)kernel));
            continue;
        }
        tamis_kernel_set((tamis_kernel)kernel);
        for (uint32_t slots = 128; slots <= 256; slots *= 2) {
            tamis_sketcher *sketcher = tamis_sketcher_create(slots);

            if (sketcher == NULL) {
                return 1;
            }
            for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
                double ns = sketch_ns(sketcher, words[w]);

                printf("%-7s slots %3u words %5zu: %9.1f ns/document %6.3f ns/shingle %7.0f MB/s\n",
                       tamis_kernel_name((tamis_kernel)kernel), slots, words[w], ns,
                       ns / (double)(words[w] - SHINGLE_WORDS + 1),
                       (double)words[w] * BYTES_PER_WORD / ns * 1000);
            }
            tamis_sketcher_destroy(sketcher);
        }
        printf("%-7s matches of 128 bytes: %.1f ns\n", tamis_kernel_name((tamis_kernel)kernel),
               matches_ns());
    }
    printf("band keys 18 x 7: %.1f ns, 14 x 8: %.1f ns\n", band_keys_ns(18, 7),
           band_keys_ns(14, 8));
    return 0;
}
