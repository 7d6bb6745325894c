/* SPDX-License-Identifier: Apache-2.0 */
/* Words of lower-cased text, without lower-casing what cannot matter. */
#include <string.h>

#include "engine.h"
#include "word_hash.h"

#define SHRINK 3 /* lower-casing leaves at least a third of the bytes: U+212A becomes k */

static uint64_t lower_ascii8(uint64_t bytes);
static tamis_status lower_hash(tamis_signals *engine, tamis_slice word, uint64_t *out_hash);

tamis_status tamis_engine_lower_hashes(tamis_signals *engine, const tamis_split *split,
                                       size_t size_max, tamis_err *err)
{
    const tamis_words *words = &split->words;
    tamis_status status = TAMIS_OK;

    TAMIS_GROW(&engine->keys, words->count, status, err);
    for (size_t i = 0; i < words->count && status == TAMIS_OK; i++) {
        const uint8_t *bytes = split->text.data + words->begin[i];
        size_t size = words->end[i] - words->begin[i];

        engine->keys.data[i] = 0;
        if (size <= TAMIS_WORD_OWN_HASH_MAX) {
            uint64_t hash = split->hashes.data[i];

            if ((hash & 0x0080808080808080ull) == 0) {
                engine->keys.data[i] = lower_ascii8(hash);
                continue;
            }
        }
        if (size <= SHRINK * size_max) {
            status = lower_hash(engine, tamis_slice_of(bytes, size), &engine->keys.data[i]);
        }
    }
    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(err, status, "lower-casing of words failed");
}

tamis_status tamis_engine_has_lower_word(tamis_signals *engine, const tamis_split *split,
                                         const char *word, double *out_has, tamis_err *err)
{
    size_t wanted = strlen(word);

    *out_has = 0.0;
    for (size_t i = 0; i < split->words.count; i++) {
        size_t size = split->words.end[i] - split->words.begin[i];
        tamis_status status = TAMIS_OK;

        if (size < wanted || size > SHRINK * wanted) {
            continue;
        }
        tamis_buf_reset(&engine->lowered);
        status = tamis_text_lower(tamis_slice_of(split->text.data + split->words.begin[i], size),
                                  &engine->lowered);
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "lower-casing of words failed");
        }
        if (tamis_slice_is_equal(tamis_buf_slice(&engine->lowered), tamis_slice_of_string(word))) {
            *out_has = 1.0;
            return TAMIS_OK;
        }
    }
    return TAMIS_OK;
}

/* Sets bit 5 of each byte that is A-Z; bytes below 80 only, the top one (a size) stays. */
static uint64_t lower_ascii8(uint64_t bytes)
{
    uint64_t above = bytes + 0x0025252525252525ull; /* 80 set from '[' on */
    uint64_t from = bytes + 0x003F3F3F3F3F3F3Full;  /* 80 set from 'A' on */

    return bytes | ((from & ~above) & 0x0080808080808080ull) >> 2;
}

static tamis_status lower_hash(tamis_signals *engine, tamis_slice word, uint64_t *out_hash)
{
    tamis_buf_reset(&engine->lowered);

    tamis_status status = tamis_text_lower(word, &engine->lowered);

    if (status == TAMIS_OK) {
        *out_hash = tamis_word_hash_bare(engine->lowered.data, engine->lowered.size);
    }
    return status;
}
