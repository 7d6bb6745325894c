/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: hashes are those of the formats, for ever.
 * Method: known values of XXH3; streams in random pieces against whole blocks; multiply-fold
 * against long multiplication.
 */
#include "tamis/hash.h"

#include "tamis/cpu.h"
#include "tamis/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20240623u

static void assert_hex(tamis_digest digest, const char *text)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(digest, hex);
    assert_string_equal(hex, text);
}

static void test_known(void **state)
{
    (void)state;
    assert_true(tamis_hash64(NULL, 0) == UINT64_C(0x2d06800538d394c2));
    assert_hex(tamis_hash128(NULL, 0), "99aa06d3014798d86001c324468d497f");
    assert_true(tamis_hash64("a", 1) == UINT64_C(0xe6c632b61e964e1f));
    assert_hex(tamis_hash128("a", 1), "a96faf705af16834e6c632b61e964e1f");
    assert_hex((tamis_digest){.low = 1, .high = 0xf}, "000000000000000f0000000000000001");
}

static void test_pieces(void **state)
{
    static uint8_t bytes[5000];
    tamis_rng rng = {SEED};
    tamis_hasher *hasher = tamis_hasher_create();

    (void)state;
    print_message("seed %u\n", SEED);
    assert_non_null(hasher);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)tamis_rng_next(&rng);
    }
    for (int round = 0; round < 300; round++) {
        size_t size = (size_t)tamis_rng_below(&rng, sizeof(bytes));

        tamis_hasher_reset(hasher);
        for (size_t at = 0; at < size;) {
            size_t piece = (size_t)tamis_rng_below(&rng, 600);

            piece = piece < size - at ? piece : size - at;
            tamis_hasher_update(hasher, bytes + at, piece);
            at += piece;
        }
        assert_true(tamis_digest_is_equal(tamis_hasher_digest(hasher), tamis_hash128(bytes, size)));
    }
    tamis_hasher_destroy(hasher);
    tamis_hasher_destroy(NULL);
}

/* The 128-bit product by halves of 32 bits. */
static uint64_t slow_mum(uint64_t a, uint64_t b)
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t middle1 = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t middle2 = (a & UINT32_MAX) * (b >> 32) + (middle1 & UINT32_MAX);
    uint64_t high = (a >> 32) * (b >> 32) + (middle1 >> 32) + (middle2 >> 32);

    return high ^ (middle2 << 32 | (low & UINT32_MAX));
}

static void test_mum(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    assert_true(tamis_mum(UINT64_MAX, UINT64_MAX) == slow_mum(UINT64_MAX, UINT64_MAX));
    for (int i = 0; i < 10000; i++) {
        uint64_t a = tamis_rng_next(&rng);
        uint64_t b = tamis_rng_next(&rng);

        assert_true(tamis_mum(a, b) == slow_mum(a, b));
        assert_true(tamis_rotl64(a, 0) == a);
        assert_true(tamis_rotl64(tamis_rotl64(a, 13), 51) == a);
    }
}

static void test_kernels(void **state)
{
    (void)state;
    assert_string_equal(tamis_kernel_name(TAMIS_KERNEL_SCALAR), "scalar");
    assert_string_equal(tamis_kernel_name(TAMIS_KERNEL_AVX512), "avx512");
    assert_true(tamis_kernel_is_available(TAMIS_KERNEL_SCALAR));
    assert_true(tamis_kernel_is_available(tamis_kernel_best()));
    tamis_kernel_set(TAMIS_KERNEL_SCALAR);
    assert_int_equal(tamis_kernel_best(), TAMIS_KERNEL_SCALAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_mum),
        cmocka_unit_test(test_kernels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
