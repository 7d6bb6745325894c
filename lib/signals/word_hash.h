/* SPDX-License-Identifier: Apache-2.0 */
/* word_hash.h - 64-bit hashes that stand for words and lines (signals.h, about equality).
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_SIGNALS_WORD_HASH_H
#define TAMIS_SIGNALS_WORD_HASH_H

#include <string.h>

#include "tamis/hash.h"

#define TAMIS_WORD_OWN_HASH_MAX 7 /* bytes of words that are their own hash */

static inline uint64_t tamis_load64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

/* 8 readable bytes follow the `size` ones. */
static inline uint64_t tamis_word_hash(const uint8_t *bytes, size_t size)
{
    if (size <= TAMIS_WORD_OWN_HASH_MAX) {
        uint64_t mask = (1ull << (8 * size)) - 1;

        return (tamis_load64(bytes) & mask) | (uint64_t)size << 56;
    }

    uint64_t hash = size * TAMIS_HASH_K3;

    while (size > 16) {
        hash = tamis_mum(tamis_load64(bytes) ^ TAMIS_HASH_K1 ^ hash,
                         tamis_load64(bytes + 8) ^ TAMIS_HASH_K2);
        bytes += 16;
        size -= 16;
    }
    if (size < 8) { /* the last of more than 16: the bytes before are there */
        bytes -= 8;
        size += 8;
    }
    return tamis_mum(tamis_load64(bytes) ^ TAMIS_HASH_K1 ^ hash,
                     tamis_load64(bytes + size - 8) ^ TAMIS_HASH_K2 ^ (hash >> 7));
}

/* The same without readable bytes behind. */
static inline uint64_t tamis_word_hash_bare(const uint8_t *bytes, size_t size)
{
    uint8_t copy[8] = {0};

    if (size > TAMIS_WORD_OWN_HASH_MAX) {
        return tamis_word_hash(bytes, size);
    }
    if (size != 0) {
        memcpy(copy, bytes, size);
    }
    return tamis_word_hash(copy, size);
}

#endif
