/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: one bit a row survives disk, for all splits or a range of them, and damage is told.
 * Method: seeded bits against a plain array; every byte of a small file is changed in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/bits_file.h"
#include "tamis/path.h"
#include "tamis/rng.h"

#define SEED   20240611u
#define SPLITS 40

static char folder[] = "/tmp/tamis-test-bits-XXXXXX";
static char path[128];

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/x.bits", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return tamis_path_remove(folder, NULL) == TAMIS_OK ? 0 : -1;
}

static void test_create(void **state)
{
    const uint64_t rows[3] = {3, 0, 70};
    tamis_bits *bits = NULL;

    (void)state;
    assert_int_equal(tamis_bits_create(rows, 3, true, &bits, NULL), TAMIS_OK);
    assert_true(tamis_bits_get(bits, tamis_ord_make(0, 2, 69)));
    assert_true(tamis_bits_has_any(bits, 0));
    assert_false(tamis_bits_has_any(bits, 1));
    tamis_bits_clear(bits, tamis_ord_make(0, 2, 69));
    assert_false(tamis_bits_get(bits, tamis_ord_make(0, 2, 69)));
    assert_true(tamis_bits_get(bits, tamis_ord_make(0, 2, 68)));
    assert_true(tamis_bits_get(bits, tamis_ord_make(0, 0, 2)));
    tamis_bits_destroy(bits);
}

/* A split whose only bit is its last one, at every offset within a word. */
static void test_has_any(void **state)
{
    (void)state;
    for (uint64_t before = 0; before < 130; before++) {
        uint64_t rows[3] = {before, 150, 5};
        tamis_bits *bits = NULL;

        assert_int_equal(tamis_bits_create(rows, 3, false, &bits, NULL), TAMIS_OK);
        assert_false(tamis_bits_has_any(bits, 1));
        tamis_bits_set(bits, tamis_ord_make(0, 1, 149));
        assert_true(tamis_bits_has_any(bits, 1));
        assert_false(tamis_bits_has_any(bits, 0));
        assert_false(tamis_bits_has_any(bits, 2));
        tamis_bits_destroy(bits);
    }
}

static void check_range(const uint8_t *expected, const uint64_t *rows, uint32_t first, uint32_t end)
{
    tamis_bits *bits = NULL;
    uint64_t index = 0;

    assert_int_equal(tamis_bits_load(path, first, end, &bits, NULL), TAMIS_OK);
    for (uint32_t split = 0; split < SPLITS; split++) {
        for (uint64_t row = 0; row < rows[split]; row++, index++) {
            if (split >= first && split < end) {
                assert_int_equal(tamis_bits_get(bits, tamis_ord_make(0, split, (uint32_t)row)),
                                 expected[index]);
            }
        }
    }
    tamis_bits_destroy(bits);
}

static void test_round_trip(void **state)
{
    tamis_rng rng = {SEED};
    uint64_t rows[SPLITS];
    uint64_t total = 0;
    uint64_t index = 0;
    uint8_t *expected = NULL;
    tamis_bits *bits = NULL;

    (void)state;
    print_message("seed %u\n", SEED);
    for (uint32_t split = 0; split < SPLITS; split++) {
        rows[split] = tamis_rng_below(&rng, 4) == 0 ? 0 : tamis_rng_below(&rng, 20000);
        total += rows[split];
    }
    expected = calloc(total + 1, 1);
    assert_non_null(expected);
    assert_int_equal(tamis_bits_create(rows, SPLITS, false, &bits, NULL), TAMIS_OK);
    for (uint32_t split = 0; split < SPLITS; split++) {
        for (uint64_t row = 0; row < rows[split]; row++, index++) {
            expected[index] = tamis_rng_below(&rng, 3) == 0;
            if (expected[index]) {
                tamis_bits_set(bits, tamis_ord_make(0, split, (uint32_t)row));
            }
        }
    }
    assert_int_equal(tamis_bits_save(bits, path, NULL), TAMIS_OK);
    tamis_bits_destroy(bits);
    check_range(expected, rows, 0, SPLITS);
    for (int round = 0; round < 20; round++) {
        uint32_t first = (uint32_t)tamis_rng_below(&rng, SPLITS);
        uint32_t end = first + (uint32_t)tamis_rng_below(&rng, SPLITS - first + 1);

        check_range(expected, rows, first, end);
    }
    free(expected);
}

static void test_damage(void **state)
{
    const uint64_t rows[2] = {100, 7};
    tamis_bits *bits = NULL;
    tamis_buf bytes;

    (void)state;
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_bits_create(rows, 2, true, &bits, NULL), TAMIS_OK);
    assert_int_equal(tamis_bits_save(bits, path, NULL), TAMIS_OK);
    tamis_bits_destroy(bits);
    assert_int_equal(tamis_path_read_file(path, &bytes, NULL), TAMIS_OK);
    for (size_t i = 0; i < bytes.size; i += i < 64 ? 1 : 61) {
        tamis_err err = {0};

        bytes.data[i] ^= 0x10;
        assert_int_equal(tamis_path_write_file(path, tamis_buf_slice(&bytes), NULL), TAMIS_OK);
        bits = NULL;
        assert_int_not_equal(tamis_bits_load(path, 0, 2, &bits, &err), TAMIS_OK);
        assert_non_null(strstr(err.text, path));
        assert_null(bits);
        bytes.data[i] ^= 0x10;
    }
    for (size_t size = 0; size < bytes.size; size += 97) {
        assert_int_equal(tamis_path_write_file(path, tamis_slice_of(bytes.data, size), NULL),
                         TAMIS_OK);
        assert_int_not_equal(tamis_bits_load(path, 0, 2, &bits, NULL), TAMIS_OK);
    }
    tamis_buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_has_any),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
