/* SPDX-License-Identifier: Apache-2.0 */
#include "fasttext_model.h"

#include <inttypes.h>

#include "tamis/bytes.h"

#define ENTRY_TAIL       10 /* the zero, the count, the kind */
#define KNOWN_ROWS_MAX   ((16u << 20) / sizeof(uint32_t))
#define KNOWN_WORDS_MAX  (1u << 20)
#define PRUNED_MAP_BYTES 8

static tamis_status read_entries(ft_cursor *cursor, tamis_fasttext *model, tamis_err *err)
{
    uint64_t total = (uint64_t)model->word_count + model->label_count;
    uint32_t slots = 16;

    while (slots < 2 * total) {
        slots *= 2;
    }
    model->entries = malloc((total + 1) * sizeof(*model->entries));
    model->slots = calloc(slots, sizeof(*model->slots));
    if (model->entries == NULL || model->slots == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %" PRIu64 " words", cursor->name,
                             total);
    }
    model->slot_mask = slots - 1;
    for (uint64_t i = 0; i < total; i++) {
        const uint8_t *text = cursor->data + cursor->at;
        const uint8_t *end = memchr(text, 0, cursor->size - cursor->at);
        uint32_t hash = FT_HASH_START;
        uint32_t slot = 0;
        size_t size = 0;

        if (end == NULL || (uint64_t)(end - cursor->data) + ENTRY_TAIL > cursor->size) {
            return ft_fail(cursor, cursor->at, err, "the file ends within the dictionary");
        }
        if (end[ENTRY_TAIL - 1] != (i < model->word_count ? 0 : 1)) {
            return ft_fail(
                cursor, (uint64_t)(end - cursor->data) + ENTRY_TAIL - 1, err,
                "an entry of the dictionary is neither word nor label as its place says");
        }
        size = (size_t)(end - text);
        for (size_t j = 0; j < size; j++) {
            hash = ft_hash_byte(hash, text[j]);
        }
        model->entries[i] = cursor->at;
        cursor->at += size + ENTRY_TAIL;
        model->entries[i + 1] = cursor->at;
        slot = hash & model->slot_mask;
        while (model->slots[slot].id != 0) {
            uint32_t other = model->slots[slot].id - 1;

            /* Of entries with the same text the last counts, as in the reference. */
            if (model->slots[slot].hash == hash &&
                model->entries[other + 1] - model->entries[other] - ENTRY_TAIL == size &&
                memcmp(cursor->data + model->entries[other], text, size) == 0) {
                break;
            }
            slot = (slot + 1) & model->slot_mask;
        }
        model->slots[slot] = (ft_slot){.hash = hash, .id = (uint32_t)i + 1};
    }
    return TAMIS_OK;
}

uint32_t ft_words_find(const tamis_fasttext *model, const uint8_t *text, size_t size, uint32_t hash)
{
    uint32_t slot = hash & model->slot_mask;

    while (model->slots[slot].id != 0) {
        uint32_t id = model->slots[slot].id - 1;

        if (model->slots[slot].hash == hash &&
            model->entries[id + 1] - model->entries[id] - ENTRY_TAIL == size &&
            memcmp(model->data + model->entries[id], text, size) == 0) {
            return id;
        }
        slot = (slot + 1) & model->slot_mask;
    }
    return UINT32_MAX;
}

/* ---- Pruned buckets ---- */

/* The map gives a bucket its row. Buckets are marked in a bitmap, and rows stand in the order of
 * buckets, so that most misses touch one word only. Of equal buckets the last counts. */
static tamis_status index_pruned(const ft_cursor *cursor, const uint8_t *map, tamis_fasttext *model,
                                 tamis_err *err)
{
    size_t block_count = (size_t)model->buckets / 64 + 1;
    uint64_t rank = 0;

    model->pruned_blocks = calloc(block_count, sizeof(*model->pruned_blocks));
    model->pruned_rows = calloc(model->pruned_count + 1, sizeof(*model->pruned_rows));
    if (model->pruned_blocks == NULL || model->pruned_rows == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the pruned buckets",
                             cursor->name);
    }
    for (uint64_t i = 0; i < model->pruned_count; i++) {
        uint32_t bucket = tamis_get32le(map + PRUNED_MAP_BYTES * i);

        if (bucket < model->buckets) {
            model->pruned_blocks[bucket / 64].bits |= UINT64_C(1) << (bucket % 64);
        }
    }
    for (size_t i = 0; i < block_count; i++) {
        model->pruned_blocks[i].before = rank;
        rank += (uint64_t)__builtin_popcountll(model->pruned_blocks[i].bits);
    }
    for (uint64_t i = 0; i < model->pruned_count; i++) {
        uint32_t bucket = tamis_get32le(map + PRUNED_MAP_BYTES * i);
        uint32_t row = tamis_get32le(map + PRUNED_MAP_BYTES * i + 4);

        if (row >= UINT32_MAX - model->word_count) {
            return ft_fail(cursor, (uint64_t)(map - cursor->data) + PRUNED_MAP_BYTES * i + 4, err,
                           "a row of the pruned buckets is negative");
        }
        if (bucket < model->buckets) {
            const ft_pruned_block *block = &model->pruned_blocks[bucket / 64];
            uint64_t below = block->bits & ((UINT64_C(1) << (bucket % 64)) - 1);

            model->pruned_rows[block->before + (uint64_t)__builtin_popcountll(below)] =
                model->word_count + row;
        }
    }
    return TAMIS_OK;
}

static tamis_status read_pruned(ft_cursor *cursor, int64_t count, uint64_t count_offset,
                                tamis_fasttext *model, tamis_err *err)
{
    const uint8_t *map = NULL;
    tamis_status status = TAMIS_OK;

    if (count < -1 || count > UINT32_MAX / PRUNED_MAP_BYTES) {
        return ft_fail(cursor, count_offset, err, "the number of pruned buckets makes no sense");
    }
    model->is_pruned = count >= 0;
    model->pruned_count = count > 0 ? (uint64_t)count : 0;
    if (count <= 0) {
        return TAMIS_OK;
    }
    if (model->buckets > TAMIS_FASTTEXT_BUCKETS_MAX) {
        return tamis_err_set(
            err, TAMIS_ELIMIT,
            "%s: offset %" PRIu64 ": a pruned model of %" PRIu32 " buckets; %d at most are read",
            cursor->name, count_offset, model->buckets, TAMIS_FASTTEXT_BUCKETS_MAX);
    }
    status =
        ft_take(cursor, PRUNED_MAP_BYTES * model->pruned_count, "map of pruned buckets", &map, err);
    return status == TAMIS_OK ? index_pruned(cursor, map, model, err) : status;
}

tamis_status ft_words_read(ft_cursor *cursor, tamis_fasttext *model, tamis_err *err)
{
    uint64_t begin = cursor->at;
    int32_t counts[3] = {0}; /* entries, words, labels */
    int64_t tokens = 0;
    int64_t pruned = 0;
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; i < 3 && status == TAMIS_OK; i++) {
        status = ft_take_i32(cursor, "head of the dictionary", &counts[i], err);
    }
    if (status == TAMIS_OK) {
        status = ft_take_i64(cursor, "head of the dictionary", &tokens, err);
    }
    if (status == TAMIS_OK) {
        status = ft_take_i64(cursor, "head of the dictionary", &pruned, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (counts[1] < 0 || counts[2] < 1 || (int64_t)counts[1] + counts[2] != counts[0]) {
        return ft_fail(cursor, begin, err, "words and labels are not all entries");
    }
    if (counts[2] > TAMIS_FASTTEXT_LABELS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "%s: offset %" PRIu64 ": %" PRId32 " labels; %d at most are read",
                             cursor->name, begin + 8, counts[2], TAMIS_FASTTEXT_LABELS_MAX);
    }
    if ((uint64_t)counts[0] > (cursor->size - cursor->at) / ENTRY_TAIL) {
        return ft_fail(cursor, begin, err, "the file is too short for so many words");
    }
    model->word_count = (uint32_t)counts[1];
    model->label_count = (uint32_t)counts[2];
    status = read_entries(cursor, model, err);
    return status == TAMIS_OK ? read_pruned(cursor, pruned, begin + 20, model, err) : status;
}

/* ---- N-grams of known words ---- */

tamis_status ft_words_prepare(tamis_fasttext *model, tamis_err *err)
{
    uint32_t words = model->word_count < KNOWN_WORDS_MAX ? model->word_count : KNOWN_WORDS_MAX;
    ft_rows rows = {.capacity = KNOWN_ROWS_MAX};
    uint32_t known = 0;

    if (model->ngram_max == 0 || words == 0) {
        return TAMIS_OK;
    }
    model->known_first = malloc(((size_t)words + 1) * sizeof(*model->known_first));
    rows.rows = malloc(rows.capacity * sizeof(*rows.rows));
    if (model->known_first == NULL || rows.rows == NULL) {
        free(rows.rows);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the n-grams of known words");
    }
    model->known_first[0] = 0;
    while (known < words) {
        size_t size = model->entries[known + 1] - model->entries[known] - ENTRY_TAIL;

        ft_features_subwords(model, model->data + model->entries[known], size, &rows);
        if (rows.is_full) {
            break;
        }
        model->known_first[++known] = (uint32_t)rows.count;
    }
    model->known_count = known;
    model->known_rows = rows.rows;
    if (known > 0 && model->known_first[known] < rows.capacity) {
        size_t used = model->known_first[known];
        uint32_t *smaller = realloc(rows.rows, (used + 1) * sizeof(*rows.rows));

        model->known_rows = smaller == NULL ? rows.rows : smaller;
    }
    return TAMIS_OK;
}
