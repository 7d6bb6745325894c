/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - the hash functions that formats are made of.
 *
 * XXH3 (xxhash 0.8, seed 0) digests bytes: documents, blocks of files. The multiply-fold hash mixes
 * words: tokens, shingles, band keys (docs/FORMATS.md, "Hash functions", defines each; changing one
 * is a new format version).
 *
 * Pure.
 */
#ifndef TAMIS_HASH_H
#define TAMIS_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TAMIS_HASH_K1 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio */
#define TAMIS_HASH_K2 0xc2b2ae3d27d4eb4full /* odd constants of the xxHash family */
#define TAMIS_HASH_K3 0x165667b19e3779f9ull

typedef struct tamis_digest {
    uint64_t low;
    uint64_t high;
} tamis_digest;

#define TAMIS_DIGEST_HEX_SIZE 33 /* with the final zero */

uint64_t tamis_hash64(const void *data, size_t size);
tamis_digest tamis_hash128(const void *data, size_t size);
/* 32 lower-case hex digits, high half first (the canonical XXH3-128 form), and a zero. */
void tamis_digest_to_hex(tamis_digest digest, char out_hex[TAMIS_DIGEST_HEX_SIZE]);

static inline int tamis_digest_is_equal(tamis_digest a, tamis_digest b)
{
    return a.low == b.low && a.high == b.high;
}

/* XXH3-128 of a stream in pieces. */
typedef struct tamis_hasher tamis_hasher;
tamis_hasher *tamis_hasher_create(void); /* NULL: out of memory */
void tamis_hasher_destroy(tamis_hasher *hasher);
void tamis_hasher_reset(tamis_hasher *hasher);
void tamis_hasher_update(tamis_hasher *hasher, const void *data, size_t size);
tamis_digest tamis_hasher_digest(const tamis_hasher *hasher);

__extension__ typedef unsigned __int128 tamis_uint128;

/* Multiply-fold: both halves of the 128-bit product, xored. */
static inline uint64_t tamis_mum(uint64_t a, uint64_t b)
{
    tamis_uint128 product = (tamis_uint128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t tamis_rotl64(uint64_t x, unsigned bits)
{
    return bits == 0 ? x : (x << bits) | (x >> (64 - bits));
}

#endif
