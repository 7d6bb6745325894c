/* SPDX-License-Identifier: Apache-2.0 */
#include "lm_table.h"

#include <stdlib.h>

uint64_t lm_murmur(const void *data, size_t size)
{
    const uint64_t m = 0xc6a4a7935bd1e995ull;
    const uint8_t *bytes = data;
    uint64_t hash = (uint64_t)size * m;

    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t k = lm_get64(bytes) * m;

        hash = (hash ^ (k ^ k >> 47) * m) * m;
    }
    if (size != 0) {
        uint64_t tail = 0;

        memcpy(&tail, bytes, size);
        hash = (hash ^ tail) * m;
    }
    hash = (hash ^ hash >> 47) * m;
    return hash ^ hash >> 47;
}

tamis_status lm_fill_create(lm_fill *fill, uint64_t count, uint32_t entry_bytes, tamis_err *err)
{
    uint64_t buckets = lm_buckets_for(count);

    TAMIS_ASSERT(buckets <= SIZE_MAX / LM_MIDDLE_BYTES);
    *fill = (lm_fill){.entries = calloc((size_t)buckets, entry_bytes),
                      .buckets = buckets,
                      .entry_bytes = entry_bytes};
    if (fill->entries == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %llu n-grams",
                             (unsigned long long)count);
    }
    return TAMIS_OK;
}

void lm_fill_free(lm_fill *fill)
{
    free(fill->entries);
    *fill = (lm_fill){.entries = NULL};
}

uint8_t *lm_fill_put(lm_fill *fill, uint64_t key, bool *out_is_old)
{
    uint64_t slot = lm_slot(key, fill->buckets);

    TAMIS_ASSERT(key != 0);
    TAMIS_ASSERT(fill->used < fill->buckets);
    for (;;) {
        uint8_t *entry = fill->entries + slot * fill->entry_bytes;
        uint64_t found = lm_get64(entry);

        if (found == 0) {
            memcpy(entry, &key, sizeof(key));
            fill->used++;
            *out_is_old = false;
            return entry;
        }
        if (found == key) {
            *out_is_old = true;
            return entry;
        }
        slot = slot + 1 == fill->buckets ? 0 : slot + 1;
    }
}

tamis_status lm_fill_grow(lm_fill *fill, tamis_err *err)
{
    lm_fill larger;
    tamis_status status = TAMIS_OK;

    if (fill->used < fill->buckets / 5 * 4) {
        return TAMIS_OK;
    }
    status = lm_fill_create(&larger, fill->buckets, fill->entry_bytes, err);
    if (status != TAMIS_OK) {
        return status;
    }
    for (uint64_t i = 0; i < fill->buckets; i++) {
        const uint8_t *entry = fill->entries + i * fill->entry_bytes;
        uint64_t key = lm_get64(entry);
        bool is_old = false;

        if (key != 0) {
            memcpy(lm_fill_put(&larger, key, &is_old) + 8, entry + 8, fill->entry_bytes - 8);
        }
    }
    lm_fill_free(fill);
    *fill = larger;
    return TAMIS_OK;
}
