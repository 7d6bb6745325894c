/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes are spread evenly, so that one pass by their top bits leaves a few in each bucket; buckets
 * that are large all the same (repeated text, or hashes that somebody chose) fall back to a sort
 * that does not mind.
 */
#include "tamis/tokens.h"

#define BUCKET_HASHES   4  /* wanted in a bucket */
#define BUCKET_BITS_MAX 16 /* the counters stay in the L2 cache */
#define INSERTION_MAX   32

static int hash_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void bucket_sort(uint64_t *hashes, size_t count)
{
    if (count > INSERTION_MAX) {
        qsort(hashes, count, sizeof(hashes[0]), hash_compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t hash = hashes[i];
        size_t to = i;

        while (to > 0 && hashes[to - 1] > hash) {
            hashes[to] = hashes[to - 1];
            to--;
        }
        hashes[to] = hash;
    }
}

tamis_status tamis_hashes_distinct(uint64_t *hashes, size_t count, tamis_buf *scratch,
                                   size_t *out_count)
{
    unsigned bits = 1;
    size_t kept = 0;
    uint64_t *copy = NULL;
    size_t *ends = NULL;
    tamis_status status = TAMIS_OK;

    while (bits < BUCKET_BITS_MAX && (count / BUCKET_HASHES) >> bits != 0) {
        bits++;
    }
    tamis_buf_reset(scratch);
    if (count > SIZE_MAX / 2 / sizeof(hashes[0])) {
        return TAMIS_ENOMEM;
    }
    status =
        tamis_buf_reserve(scratch, count * sizeof(hashes[0]) + ((size_t)1 << bits) * sizeof(*ends));
    if (status != TAMIS_OK) {
        return TAMIS_ENOMEM;
    }
    copy = (uint64_t *)(void *)scratch->data; /* from malloc: suits any type */
    ends = (size_t *)(void *)(copy + count);
    memset(ends, 0, ((size_t)1 << bits) * sizeof(*ends));
    for (size_t i = 0; i < count; i++) {
        ends[hashes[i] >> (64 - bits)]++;
    }
    for (size_t bucket = 0, next = 0; bucket < (size_t)1 << bits; bucket++) {
        size_t size = ends[bucket];

        ends[bucket] = next;
        next += size;
    }
    for (size_t i = 0; i < count; i++) {
        copy[ends[hashes[i] >> (64 - bits)]++] = hashes[i];
    }
    for (size_t bucket = 0, first = 0; bucket < (size_t)1 << bits; bucket++) {
        bucket_sort(copy + first, ends[bucket] - first);
        first = ends[bucket];
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || hashes[kept - 1] != copy[i]) {
            hashes[kept++] = copy[i];
        }
    }
    *out_count = kept;
    return TAMIS_OK;
}
