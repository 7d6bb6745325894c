/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the sketch estimates what it promises. Method: many random pairs of sets of known
 * similarity; bias, root mean square error against sqrt(J (1 - J) / k), band hits against
 * 1 - (1 - J^r)^b, chance matches of the stored 8 bits. Seeded, so that a result is a result. */
#include "dedup_test.h"

#include <math.h>
#include <stdlib.h>

#include "tamis/sketch.h"

#define SLOTS     128
#define UNION_MAX 3000
#define TRIALS    3000

typedef struct sketch_pair {
    uint32_t a[SLOTS], b[SLOTS];
} sketch_pair;

static void sketch(tamis_sketcher *sketcher, const uint64_t *shingles, size_t count, uint32_t *out)
{
    tamis_sketcher_begin(sketcher);
    do {
        tamis_sketcher_add(sketcher, shingles, count);
    } while (tamis_sketcher_next_round(sketcher));
    for (uint32_t j = 0; j < SLOTS; j++) {
        out[j] = tamis_sketcher_slots(sketcher)[j];
    }
}

/* Two random sets with `shared` of `all` elements in common, the others shared out evenly. The
 * union is laid out as a's own, common, b's own, so each set is one run of it. */
static void sketch_pair_of(tamis_sketcher *sketcher, size_t shared, size_t all, tamis_rng *rng,
                           sketch_pair *out)
{
    static uint64_t elements[UNION_MAX];
    size_t own_a = (all - shared) / 2;

    for (size_t i = 0; i < all; i++) {
        elements[i] = tamis_rng_next(rng);
    }
    sketch(sketcher, elements, own_a + shared, out->a);
    sketch(sketcher, elements + own_a, all - own_a, out->b);
}

typedef struct errors {
    double sum, squares;
} errors;

static void check_errors(const char *what, errors e, double similarity, size_t all)
{
    double theory = sqrt(similarity * (1 - similarity) / SLOTS);
    double rmse = sqrt(e.squares / TRIALS);
    double bias = e.sum / TRIALS;

    print_message("%s, J %.3f of %4zu: bias %+.4f, error %.4f, theory %.4f\n", what, similarity,
                  all, bias, rmse, theory);
    assert_true(rmse <= theory * 1.05);
    assert_true(fabs(bias) <= 4 * theory / sqrt(TRIALS));
}

static void test_bias_and_error(void **state)
{
    static const size_t sizes[] = {20, 100, 300, 640, 3000};
    static const unsigned percents[] = {20, 50, 80, 90, 95};
    tamis_sketcher *sketcher = tamis_sketcher_create(SLOTS);
    tamis_rng rng = seeded_rng(61);
    sketch_pair pair;

    (void)state;
    assert_non_null(sketcher);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t p = 0; p < sizeof(percents) / sizeof(percents[0]); p++) {
            size_t shared = sizes[s] * percents[p] / 100;
            double similarity = (double)shared / (double)sizes[s];
            errors of_slots = {0, 0};

            for (int trial = 0; trial < TRIALS; trial++) {
                uint32_t equal = 0;
                double error = 0;

                sketch_pair_of(sketcher, shared, sizes[s], &rng, &pair);
                for (uint32_t j = 0; j < SLOTS; j++) {
                    equal += pair.a[j] == pair.b[j];
                }
                error = (double)equal / SLOTS - similarity;
                of_slots.sum += error;
                of_slots.squares += error * error;
            }
            check_errors("32 bits", of_slots, similarity, sizes[s]);
        }
    }
    tamis_sketcher_destroy(sketcher);
}

/* The stored 8 bits, less the matches that they give by chance: no bias either, and an error that
 * grows by their noise alone. */
static void test_packed_estimate(void **state)
{
    static const unsigned percents[] = {20, 50, 80, 95};
    tamis_sketcher *sketcher = tamis_sketcher_create(SLOTS);
    tamis_rng rng = seeded_rng(62);

    (void)state;
    assert_non_null(sketcher);
    for (size_t p = 0; p < sizeof(percents) / sizeof(percents[0]); p++) {
        double similarity = percents[p] / 100.0;
        double sum = 0;
        double squares = 0;
        double matched = similarity + (1 - similarity) / 256;
        double theory = sqrt(matched * (1 - matched) / SLOTS) * 256 / 255;

        for (int trial = 0; trial < TRIALS; trial++) {
            sketch_pair pair;
            uint8_t a[SLOTS];
            uint8_t b[SLOTS];
            double error = 0;

            sketch_pair_of(sketcher, (size_t)5 * percents[p], 500, &rng, &pair);
            tamis_signature_pack(pair.a, SLOTS, a);
            tamis_signature_pack(pair.b, SLOTS, b);
            error =
                tamis_similarity_of_matches(tamis_signature_matches(a, b, SLOTS), SLOTS) / 10000.0 -
                similarity;
            sum += error;
            squares += error * error;
        }
        print_message("8 bits, J %.2f: bias %+.4f, error %.4f, theory %.4f\n", similarity,
                      sum / TRIALS, sqrt(squares / TRIALS), theory);
        assert_true(fabs(sum / TRIALS) <= 4 * theory / sqrt(TRIALS));
        assert_true(sqrt(squares / TRIALS) <= theory * 1.05);
    }
    tamis_sketcher_destroy(sketcher);
}

/* Sets without a common element agree in one byte of 256, whatever their sizes. */
static void test_chance_matches(void **state)
{
    static const size_t sizes[] = {2, 100, 640, 3000};
    tamis_sketcher *sketcher = tamis_sketcher_create(SLOTS);
    tamis_rng rng = seeded_rng(63);

    (void)state;
    assert_non_null(sketcher);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        double expected = (double)TRIALS * SLOTS / 256;
        uint64_t matches = 0;

        for (int trial = 0; trial < TRIALS; trial++) {
            sketch_pair pair;
            uint8_t a[SLOTS];
            uint8_t b[SLOTS];

            sketch_pair_of(sketcher, 0, sizes[s], &rng, &pair);
            tamis_signature_pack(pair.a, SLOTS, a);
            tamis_signature_pack(pair.b, SLOTS, b);
            matches += tamis_signature_matches(a, b, SLOTS);
        }
        print_message("disjoint, %4zu: %.0f matches by chance, expected %.0f\n", sizes[s],
                      (double)matches, expected);
        assert_true(fabs((double)matches - expected) <= 4.5 * sqrt(expected));
    }
    tamis_sketcher_destroy(sketcher);
}

static double band_hit_rate(double similarity, uint32_t bands, uint32_t rows)
{
    return 1 - pow(1 - pow(similarity, rows), bands);
}

static bool has_common_band(const sketch_pair *pair, uint32_t bands, uint32_t rows)
{
    uint64_t a[TAMIS_BANDS_MAX];
    uint64_t b[TAMIS_BANDS_MAX];

    tamis_band_keys(pair->a, bands, rows, 0, a);
    tamis_band_keys(pair->b, bands, rows, 0, b);
    for (uint32_t i = 0; i < bands; i++) {
        if (a[i] == b[i]) {
            return true;
        }
    }
    return false;
}

static void test_band_hits(void **state)
{
    static const size_t sizes[] = {100, 640, 3000};
    static const unsigned percents[] = {50, 65, 75, 80, 85, 90};
    tamis_sketcher *sketcher = tamis_sketcher_create(SLOTS);
    tamis_rng rng = seeded_rng(64);

    (void)state;
    assert_non_null(sketcher);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t p = 0; p < sizeof(percents) / sizeof(percents[0]); p++) {
            double expected_18x7 = band_hit_rate(percents[p] / 100.0, 18, 7);
            double expected_14x8 = band_hit_rate(percents[p] / 100.0, 14, 8);
            double hits_18x7 = 0;
            double hits_14x8 = 0;

            for (int trial = 0; trial < TRIALS; trial++) {
                sketch_pair pair;

                sketch_pair_of(sketcher, sizes[s] * percents[p] / 100, sizes[s], &rng, &pair);
                hits_18x7 += has_common_band(&pair, 18, 7) ? 1 : 0;
                hits_14x8 += has_common_band(&pair, 14, 8) ? 1 : 0;
            }
            hits_18x7 /= TRIALS;
            hits_14x8 /= TRIALS;
            print_message(
                "bands, J 0.%u of %4zu: 18x7 %.3f, formula %.3f; 14x8 %.3f, formula %.3f\n",
                percents[p], sizes[s], hits_18x7, expected_18x7, hits_14x8, expected_14x8);
            assert_true(fabs(hits_18x7 - expected_18x7) <= 0.03);
            assert_true(fabs(hits_14x8 - expected_14x8) <= 0.03);
        }
    }
    tamis_sketcher_destroy(sketcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bias_and_error), cmocka_unit_test(test_packed_estimate),
        cmocka_unit_test(test_chance_matches), cmocka_unit_test(test_band_hits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
