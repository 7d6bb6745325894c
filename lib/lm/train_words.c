/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "train_parts.h"

#define WORDS_AT_FIRST 4096u

tamis_status train_words_init(train_words *words, tamis_err *err)
{
    static const char *const first[TRAIN_FIRST] = {"<unk>", "<s>", "</s>"};
    uint32_t id = 0;
    tamis_status status = TAMIS_OK;

    *words = (train_words){.count = 0};
    tamis_buf_init(&words->bytes, 0);
    status = lm_fill_create(&words->table, WORDS_AT_FIRST, LM_WORD_BYTES, err);
    for (uint32_t i = 0; status == TAMIS_OK && i < TRAIN_FIRST; i++) {
        status = train_words_put(words, tamis_slice_of_string(first[i]), &id, err);
        TAMIS_ASSERT(status != TAMIS_OK || id == i);
    }
    return status;
}

void train_words_fini(train_words *words)
{
    lm_fill_free(&words->table);
    tamis_buf_fini(&words->bytes);
    free(words->ends);
    *words = (train_words){.count = 0};
}

static tamis_status append_word(train_words *words, tamis_slice word, tamis_err *err)
{
    if (words->count == UINT32_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "more than %u different words; train on pieces (--sentencepiece)",
                             UINT32_MAX);
    }
    if (words->count == words->capacity) {
        uint64_t capacity = words->capacity == 0 ? WORDS_AT_FIRST : words->capacity * 2;
        uint64_t *ends = realloc(words->ends, (size_t)capacity * sizeof(*ends));

        if (ends == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %llu words",
                                 (unsigned long long)capacity);
        }
        words->ends = ends;
        words->capacity = capacity;
    }
    if (tamis_buf_append(&words->bytes, word.data, word.size) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %llu words",
                             (unsigned long long)words->count);
    }
    words->ends[words->count++] = words->bytes.size;
    return TAMIS_OK;
}

tamis_status train_words_put(train_words *words, tamis_slice word, uint32_t *out_id, tamis_err *err)
{
    bool is_old = false;
    uint8_t *entry = NULL;
    tamis_status status = lm_fill_grow(&words->table, err);

    if (status != TAMIS_OK) {
        return status;
    }
    entry = lm_fill_put(&words->table, lm_word_key(word), &is_old);
    if (!is_old) {
        uint32_t id = (uint32_t)words->count;

        status = append_word(words, word, err);
        memcpy(entry + 8, &id, sizeof(id));
    }
    *out_id = lm_get32(entry + 8);
    return status;
}

tamis_slice train_words_get(const train_words *words, uint32_t id)
{
    uint64_t begin = id == 0 ? 0 : words->ends[id - 1];

    TAMIS_ASSERT(id < words->count);
    return tamis_slice_of(words->bytes.data + begin, (size_t)(words->ends[id] - begin));
}
