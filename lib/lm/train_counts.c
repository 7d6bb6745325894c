/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "train_parts.h"

static uint32_t entry_words(const train_counts *counts)
{
    return counts->key_words + 1;
}

tamis_status train_counts_init(train_counts *counts, uint32_t order, uint64_t memory_bytes,
                               const char *temp_folder, tamis_err *err)
{
    uint32_t key_words = train_key_words(order);
    uint64_t buckets = memory_bytes / 2 / (8 * (key_words + 1));
    tamis_sorter_options options = {
        .words = key_words + 1, .memory_bytes = memory_bytes / 2, .temp_folder = temp_folder};

    *counts = (train_counts){.order = order, .key_words = key_words, .buckets = buckets};
    counts->entries = calloc((size_t)buckets, 8 * (size_t)entry_words(counts));
    if (counts->entries == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to count n-grams; lower --memory");
    }
    return tamis_sorter_create(&options, &counts->sorter, err);
}

void train_counts_fini(train_counts *counts)
{
    free(counts->entries);
    tamis_sorter_destroy(counts->sorter);
    *counts = (train_counts){.order = 0};
}

static tamis_status empty(train_counts *counts, tamis_err *err)
{
    size_t words = entry_words(counts);
    tamis_status status = TAMIS_OK;

    for (uint64_t i = 0; status == TAMIS_OK && i < counts->buckets; i++) {
        const uint64_t *entry = counts->entries + i * words;

        if (entry[counts->key_words] != 0) {
            status = tamis_sorter_add(counts->sorter, entry, 1, err);
        }
    }
    memset(counts->entries, 0, (size_t)counts->buckets * words * 8);
    counts->used = 0;
    return status;
}

tamis_status train_counts_add(train_counts *counts, const uint32_t *words, tamis_err *err)
{
    uint64_t key[TRAIN_KEY_WORDS];
    uint64_t hash = TAMIS_HASH_K1;
    uint64_t slot = 0;
    tamis_status status = TAMIS_OK;

    if (counts->used >= counts->buckets / 4 * 3) {
        status = empty(counts, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    train_pack(words, counts->order, key);
    for (uint32_t i = 0; i < counts->key_words; i++) {
        hash = tamis_mum(hash ^ key[i], TAMIS_HASH_K2);
    }
    slot = lm_slot(hash, counts->buckets);
    for (;;) {
        uint64_t *entry = counts->entries + slot * entry_words(counts);

        if (entry[counts->key_words] == 0) {
            memcpy(entry, key, counts->key_words * sizeof(*key));
            entry[counts->key_words] = 1;
            counts->used++;
            return TAMIS_OK;
        }
        if (memcmp(entry, key, counts->key_words * sizeof(*key)) == 0) {
            entry[counts->key_words]++;
            return TAMIS_OK;
        }
        slot = slot + 1 == counts->buckets ? 0 : slot + 1;
    }
}

tamis_status train_counts_sort(train_counts *counts, tamis_err *err)
{
    tamis_status status = empty(counts, err);

    free(counts->entries);
    counts->entries = NULL;
    return status;
}

tamis_status train_cursor_start(train_cursor *cursor, tamis_sorter *sorter, uint32_t words,
                                tamis_err *err)
{
    tamis_status status = tamis_sorter_sort(sorter, err);

    *cursor = (train_cursor){.sorter = sorter, .words = words};
    return status == TAMIS_OK ? train_cursor_next(cursor, err) : status;
}

tamis_status train_cursor_next(train_cursor *cursor, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (cursor->at == cursor->count && status == TAMIS_OK) {
        cursor->at = 0;
        status = tamis_sorter_next(cursor->sorter, &cursor->records, &cursor->count, err);
    }
    if (status == TAMIS_OK) {
        cursor->record = cursor->records + cursor->at++ * cursor->words;
        return TAMIS_OK;
    }
    cursor->record = NULL;
    cursor->count = 0;
    cursor->at = 0;
    return status == TAMIS_END ? TAMIS_OK : status;
}
