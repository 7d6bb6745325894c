/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/tokens.h"

#include "borders.h"
#include "tamis/cpu.h"
#include "tamis/hash.h"
#include "tamis/status.h"
#include "vector.h"

/* The first L bytes of 16, for L from 0 to 16. */
static const uint64_t low_masks[17] = {
    0,           0xFFu,         0xFFFFu,         0xFFFFFFu,
    0xFFFFFFFFu, 0xFFFFFFFFFFu, 0xFFFFFFFFFFFFu, 0xFFFFFFFFFFFFFFu,
    UINT64_MAX,  UINT64_MAX,    UINT64_MAX,      UINT64_MAX,
    UINT64_MAX,  UINT64_MAX,    UINT64_MAX,      UINT64_MAX,
    UINT64_MAX};
static const uint64_t high_masks[17] = {0,
                                        0,
                                        0,
                                        0,
                                        0,
                                        0,
                                        0,
                                        0,
                                        0,
                                        0xFFu,
                                        0xFFFFu,
                                        0xFFFFFFu,
                                        0xFFFFFFFFu,
                                        0xFFFFFFFFFFu,
                                        0xFFFFFFFFFFFFu,
                                        0xFFFFFFFFFFFFFFu,
                                        UINT64_MAX};

static inline uint64_t load_64(const uint8_t *bytes)
{
    uint64_t value = 0;

    memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static uint64_t hash_long(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0;
    size_t left = size;

    while (left > 16) {
        hash = tamis_mum(load_64(bytes) ^ TAMIS_HASH_K1 ^ hash, load_64(bytes + 8) ^ TAMIS_HASH_K2);
        bytes += 16;
        left -= 16;
    }
    return tamis_mum((load_64(bytes) & low_masks[left]) ^ TAMIS_HASH_K1 ^ hash,
                     (load_64(bytes + 8) & high_masks[left]) ^ TAMIS_HASH_K2 ^ size);
}

static inline uint64_t hash_token(const uint8_t *bytes, size_t size)
{
    if (__builtin_expect(size > 16, 0)) {
        return hash_long(bytes, size);
    }
    return tamis_mum((load_64(bytes) & low_masks[size]) ^ TAMIS_HASH_K1,
                     (load_64(bytes + 8) & high_masks[size]) ^ TAMIS_HASH_K2 ^ size);
}

uint64_t tamis_token_hash(const uint8_t *bytes, size_t size)
{
    TAMIS_ASSERT(size > 0);
    return hash_token(bytes, size);
}

size_t tamis_token_hashes(tamis_slice normalized, uint64_t *out_hashes)
{
    tamis_borders_find *borders_find = tamis_borders_kernel(tamis_kernel_best());
    uint16_t borders[TAMIS_BORDERS_ROOM];
    bool is_open = false; /* a token started at `start` and has not ended */
    size_t start = 0;
    size_t token_count = 0;

    for (size_t first = 0; first < normalized.size; first += TAMIS_BORDERS_BLOCK) {
        const uint8_t *block = normalized.data + first;
        size_t left = normalized.size - first;
        size_t count = borders_find(block, left < TAMIS_BORDERS_BLOCK ? left : TAMIS_BORDERS_BLOCK,
                                    is_open, borders);
        size_t i = 0;

        if (is_open && count > 0) {
            out_hashes[token_count++] =
                hash_token(normalized.data + start, first + borders[0] - start);
            is_open = false;
            i = 1;
        }
        for (; i + 1 < count; i += 2) {
            out_hashes[token_count++] =
                hash_token(block + borders[i], (size_t)borders[i + 1] - borders[i]);
        }
        if (i < count) {
            is_open = true;
            start = first + borders[i];
        }
    }
    if (is_open) {
        out_hashes[token_count++] = hash_token(normalized.data + start, normalized.size - start);
    }
    return token_count;
}

/* n is a constant where this is inlined for the usual sizes; the loops over `block` become vectors.
 */
static inline __attribute__((always_inline)) void shingles_any(const uint64_t *tokens, size_t count,
                                                               uint32_t n, uint64_t *out)
{
    for (size_t first = 0; first < count; first += 512) {
        size_t block = count - first < 512 ? count - first : 512;
        const uint64_t *from = tokens + first;
        uint64_t *to = out + first;

        if (n == 5) {
            for (size_t i = 0; i < block; i++) {
                uint64_t x = from[i] ^ tamis_rotl64(from[i + 1], 13) ^
                             tamis_rotl64(from[i + 2], 26) ^ tamis_rotl64(from[i + 3], 39) ^
                             tamis_rotl64(from[i + 4], 52);

                x *= TAMIS_HASH_K1;
                to[i] = x ^ x >> 32;
            }
            continue;
        }
        memcpy(to, from, block * sizeof(*to));
        for (uint32_t j = 1; j < n; j++) {
            unsigned bits = 13 * j % 64;

            for (size_t i = 0; i < block; i++) {
                /* Shifted twice, so that bits = 0 needs no branch. */
                to[i] ^= from[i + j] << bits | from[i + j] >> 1 >> (63 - bits);
            }
        }
        for (size_t i = 0; i < block; i++) {
            uint64_t x = to[i] * TAMIS_HASH_K1;

            to[i] = x ^ x >> 32;
        }
    }
}

static void shingles_scalar(const uint64_t *tokens, size_t count, uint32_t n, uint64_t *out)
{
    shingles_any(tokens, count, n, out);
}

#if TAMIS_HAVE_X86
TAMIS_TARGET_AVX2 static void shingles_avx2(const uint64_t *tokens, size_t count, uint32_t n,
                                            uint64_t *out)
{
    shingles_any(tokens, count, n, out);
}

TAMIS_TARGET_AVX512 static void shingles_avx512(const uint64_t *tokens, size_t count, uint32_t n,
                                                uint64_t *out)
{
    shingles_any(tokens, count, n, out);
}
#endif

size_t tamis_shingle_hashes(const uint64_t *tokens, size_t token_count, uint32_t n,
                            uint64_t *out_shingles)
{
    size_t count = token_count < n ? 0 : token_count - n + 1;

    TAMIS_ASSERT(n >= 1);
    TAMIS_ASSERT(n <= TAMIS_SHINGLE_MAX);
#if TAMIS_HAVE_X86
    switch (tamis_kernel_best()) {
    case TAMIS_KERNEL_AVX512:
        shingles_avx512(tokens, count, n, out_shingles);
        return count;
    case TAMIS_KERNEL_AVX2:
        shingles_avx2(tokens, count, n, out_shingles);
        return count;
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
#endif
    shingles_scalar(tokens, count, n, out_shingles);
    return count;
}
