/* SPDX-License-Identifier: Apache-2.0 */
/* lm_table.h - hash tables with linear probing, as KenLM lays them out: a 64-bit key (0: empty) and
 * what it stands for.
 *
 * The entries may come from a file that nobody vouches for: a search ends after as many steps as
 * there are buckets. In KenLM's files the first bucket is the remainder of the key, in ours the
 * high half of key * buckets.
 */
#ifndef TAMIS_LM_TABLE_H
#define TAMIS_LM_TABLE_H

#include <string.h>

#include "tamis/hash.h"
#include "tamis/slice.h"
#include "tamis/status.h"

#define LM_WORD_BYTES    12u /* key, u32 id */
#define LM_MIDDLE_BYTES  16u /* key, float probability, float backoff */
#define LM_HIGHEST_BYTES 12u /* key, float probability */
#define LM_UNIGRAM_BYTES 8u  /* float probability, float backoff; no key */

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "models are mapped: the machine must be little-endian"
#endif

typedef struct lm_table {
    const uint8_t *entries;
    uint64_t buckets;
    uint32_t entry_bytes;
    bool is_remainder;
} lm_table;

/* A table that is being filled. */
typedef struct lm_fill {
    uint8_t *entries; /* zeros at first */
    uint64_t buckets;
    uint64_t used;
    uint32_t entry_bytes;
} lm_fill;

static inline uint64_t lm_get64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t lm_get32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline float lm_get_float(const uint8_t *bytes)
{
    float value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t lm_slot(uint64_t key, uint64_t buckets)
{
    return (uint64_t)(((tamis_uint128)key * buckets) >> 64);
}

static inline uint64_t lm_table_slot(const lm_table *table, uint64_t key)
{
    return table->is_remainder ? key % table->buckets : lm_slot(key, table->buckets);
}

/* The entry of that key, looked for from its first bucket on; NULL. */
static inline const uint8_t *lm_table_find_from(const lm_table *table, uint64_t key, uint64_t slot)
{
    for (uint64_t step = 0; step < table->buckets; step++) {
        const uint8_t *entry = table->entries + slot * table->entry_bytes;
        uint64_t found = lm_get64(entry);

        if (found == 0) {
            return NULL;
        }
        if (found == key) {
            return entry;
        }
        slot = slot + 1 == table->buckets ? 0 : slot + 1;
    }
    return NULL;
}

static inline const uint8_t *lm_table_find(const lm_table *table, uint64_t key)
{
    return lm_table_find_from(table, key, lm_table_slot(table, key));
}

/* Folds the next word to the left into the key of an n-gram, which starts as the id of its last
 * word (KenLM, lm/search_hashed.hh). */
static inline uint64_t lm_key_fold(uint64_t key, uint32_t word)
{
    return key * 8978948897894561157ull ^ (1ull + word) * 17894857484156487943ull;
}

/* MurmurHash64A with seed 0, which KenLM names words by. */
uint64_t lm_murmur(const void *data, size_t size);
/* What our files name words by: XXH3-64, never 0. */
static inline uint64_t lm_word_key(tamis_slice word)
{
    uint64_t key = tamis_hash64(word.data, word.size);

    return key == 0 ? 1 : key;
}

/* Buckets for that many entries: a load of two thirds. */
static inline uint64_t lm_buckets_for(uint64_t count)
{
    return count + count / 2 + 2;
}

/* Takes zeroed memory. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status lm_fill_create(lm_fill *fill, uint64_t count, uint32_t entry_bytes, tamis_err *err);
void lm_fill_free(lm_fill *fill);
/* Place for `key` (not 0): a new entry with the key set, or, with *out_is_old, the one that is
 * there. There must be an empty bucket. */
uint8_t *lm_fill_put(lm_fill *fill, uint64_t key, bool *out_is_old);
/* Makes the table larger when it is full to 4 fifths. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status lm_fill_grow(lm_fill *fill, tamis_err *err);

static inline lm_table lm_fill_table(const lm_fill *fill)
{
    return (lm_table){.entries = fill->entries,
                      .buckets = fill->buckets,
                      .entry_bytes = fill->entry_bytes,
                      .is_remainder = false};
}

#endif
