/* SPDX-License-Identifier: Apache-2.0 */
/* lm_internal.h - what a model is inside, for the readers of each format. */
#ifndef TAMIS_LM_INTERNAL_H
#define TAMIS_LM_INTERNAL_H

#include "lm_table.h"
#include "tamis/lm.h"

struct tamis_lm {
    tamis_lm_info info;
    lm_table words;                      /* LM_WORD_BYTES */
    const uint8_t *unigrams;             /* word_count x LM_UNIGRAM_BYTES */
    lm_table orders[TAMIS_LM_ORDER_MAX]; /* [n - 1] of n-grams, from 2 on */
    uint64_t word_count;                 /* ids are below; with <unk> */
    uint32_t begin_id;                   /* of <s> */
    uint32_t end_id;                     /* of </s> */
    bool is_murmur;                      /* how words are hashed */
    tamis_slice mapped;                  /* the whole file; data NULL: nothing to unmap */
    lm_fill owned_words;
    lm_fill owned_orders[TAMIS_LM_ORDER_MAX];
    uint8_t *owned_unigrams;
};

/* Each sets all but info.digest and mapped; `name` is for messages. On failure what they left in
 * the model is freed with it. */
TAMIS_MUST_USE
tamis_status lm_read_arpa(tamis_lm *model, tamis_slice file, const char *name, tamis_err *err);
TAMIS_MUST_USE
tamis_status lm_read_kenlm(tamis_lm *model, tamis_slice file, const char *name, tamis_err *err);
TAMIS_MUST_USE
tamis_status lm_read_own(tamis_lm *model, tamis_slice file, const char *name, tamis_err *err);
bool lm_is_kenlm(tamis_slice file);
bool lm_is_own(tamis_slice file);

/* Finds <s> and </s>. TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status lm_find_ends(tamis_lm *model, const char *name, tamis_err *err);
/* Whether every id in the table of words is below word_count. TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status lm_check_words(const tamis_lm *model, tamis_slice file, const char *name,
                            tamis_err *err);

/* The n-gram's key; words[0] is the last of it, words[count - 1] the first. */
static inline uint64_t lm_key(const uint32_t *words, uint32_t count)
{
    uint64_t key = words[0];

    for (uint32_t i = 1; i < count; i++) {
        key = lm_key_fold(key, words[i]);
    }
    return key;
}

/* ---- Our own files: docs/FORMATS.md, "Language models" -------------------------------------- */

#define LM_OWN_VERSION      1u
#define LM_OWN_HEADER_BYTES 256u
#define LM_OWN_ALIGN        64u

typedef struct lm_own_header {
    uint32_t order;
    uint64_t counts[TAMIS_LM_ORDER_MAX];
    uint64_t buckets[TAMIS_LM_ORDER_MAX]; /* [0]: of words */
    tamis_lm_text text;
    bool has_pieces;
    tamis_digest pieces_digest;
    tamis_digest body_digest;
} lm_own_header;

/* Where the parts lie; [0]: words, [1]: unigrams, [n]: n-grams; [order + 1]: end of the file. */
void lm_own_layout(const lm_own_header *header, uint64_t out_offsets[TAMIS_LM_ORDER_MAX + 2]);
void lm_own_pack(const lm_own_header *header, uint8_t out_bytes[LM_OWN_HEADER_BYTES]);

#endif
