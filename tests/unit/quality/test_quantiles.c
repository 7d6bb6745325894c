/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: quantiles are near the true ones, exact for small whole numbers, and the same however the
 * values were split up. Method: sorted values as reference; seeds are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tamis/quantiles.h"
#include "tamis/rng.h"

#define VALUES 5000
#define SEED   20240601

static const double shares[] = {0, 0.01, 0.25, 0.5, 0.75, 0.99, 1};

#define SHARES (sizeof(shares) / sizeof(shares[0]))

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double random_value(tamis_rng *rng)
{
    double value = (double)tamis_rng_below(rng, 1000000) / 997;

    switch (tamis_rng_below(rng, 4)) {
    case 0:
        return -value;
    case 1:
        return value * 1e-9;
    case 2:
        return 0;
    default:
        return value;
    }
}

static void is_near_the_true_quantile(void **state)
{
    tamis_rng rng = {.state = SEED};
    tamis_quantiles quantiles;
    static double values[VALUES];
    double found[SHARES];

    (void)state;
    (void)printf("seed %d\n", SEED);
    tamis_quantiles_init(&quantiles);
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = random_value(&rng);
        assert_int_equal(tamis_quantiles_add(&quantiles, values[i]), TAMIS_OK);
    }
    qsort(values, VALUES, sizeof(values[0]), by_value);
    assert_int_equal(tamis_quantiles_get(&quantiles, shares, SHARES, found), TAMIS_OK);
    for (size_t i = 0; i < SHARES; i++) {
        double rank = ceil(shares[i] * VALUES);
        double wanted = values[rank < 1 ? 0 : (size_t)rank - 1];

        assert_true(fabs(found[i]) <= fabs(wanted) || found[i] == values[0]);
        assert_true(fabs(found[i] - wanted) <= fabs(wanted) / 256);
    }
    tamis_quantiles_fini(&quantiles);
}

static void whole_numbers_are_exact(void **state)
{
    tamis_quantiles quantiles;
    double half[] = {0.5};
    double found = 0;

    (void)state;
    tamis_quantiles_init(&quantiles);
    for (int i = 0; i <= 512; i++) {
        assert_int_equal(tamis_quantiles_add(&quantiles, i), TAMIS_OK);
    }
    for (int i = 0; i <= 512; i++) {
        half[0] = (double)(i + 1) / 513;
        assert_int_equal(tamis_quantiles_get(&quantiles, half, 1, &found), TAMIS_OK);
        assert_true(found == i);
    }
    tamis_quantiles_fini(&quantiles);
}

static void nulls_and_nothing(void **state)
{
    tamis_quantiles quantiles;
    double found = 0;

    (void)state;
    tamis_quantiles_init(&quantiles);
    assert_int_equal(tamis_quantiles_add(&quantiles, (double)NAN), TAMIS_OK);
    assert_int_equal(quantiles.count, 0);
    assert_int_equal(quantiles.null_count, 1);
    assert_int_equal(tamis_quantiles_get(&quantiles, shares, 1, &found), TAMIS_OK);
    assert_true(isnan(found));
    assert_int_equal(tamis_quantiles_add(&quantiles, (double)INFINITY), TAMIS_OK);
    assert_int_equal(tamis_quantiles_get(&quantiles, shares, 1, &found), TAMIS_OK);
    assert_true(isfinite(found) && found > 1e300);
    tamis_quantiles_fini(&quantiles);
}

static void merging_does_not_matter(void **state)
{
    tamis_rng rng = {.state = SEED};
    tamis_quantiles whole;
    tamis_quantiles parts[7];
    tamis_quantiles merged;
    double a[SHARES];
    double b[SHARES];

    (void)state;
    tamis_quantiles_init(&whole);
    tamis_quantiles_init(&merged);
    for (size_t i = 0; i < 7; i++) {
        tamis_quantiles_init(&parts[i]);
    }
    for (size_t i = 0; i < VALUES; i++) {
        double value = random_value(&rng);

        assert_int_equal(tamis_quantiles_add(&whole, value), TAMIS_OK);
        assert_int_equal(tamis_quantiles_add(&parts[tamis_rng_below(&rng, 7)], value), TAMIS_OK);
    }
    for (size_t i = 7; i-- > 0;) {
        assert_int_equal(tamis_quantiles_merge(&merged, &parts[i]), TAMIS_OK);
        tamis_quantiles_fini(&parts[i]);
    }
    assert_int_equal(merged.count, whole.count);
    assert_int_equal(tamis_quantiles_get(&whole, shares, SHARES, a), TAMIS_OK);
    assert_int_equal(tamis_quantiles_get(&merged, shares, SHARES, b), TAMIS_OK);
    assert_memory_equal(a, b, sizeof(a));
    tamis_quantiles_fini(&merged);
    tamis_quantiles_fini(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_near_the_true_quantile),
        cmocka_unit_test(whole_numbers_are_exact),
        cmocka_unit_test(nulls_and_nothing),
        cmocka_unit_test(merging_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
