/* SPDX-License-Identifier: Apache-2.0 */
/* lm_train.h - estimates an n-gram model from sentences: interpolated modified Kneser-Ney (Chen and
 * Goodman 1998, section 3; Heafield, Pouzyrevsky, Clark and Koehn, ACL 2013), without pruning.
 *
 * Counts are sorted on disk: what does not fit into memory_bytes is spilled. The same sentences in
 * the same order with the same options give the same bytes, however much memory there is.
 *
 * Adjusted counts: of the highest order, and of n-grams that start with <s>, how often they occur;
 * of the others, how many different words stand in front of them. Discounts of each order: Y =
 * n1/(n1 + 2 n2), D1 = 1 - 2Y n2/n1, D2 = 2 - 3Y n3/n2, D3 (and more) = 3 - 4Y n4/n3; where n1, n2
 * or n3 is 0, or a D is outside 0 .. its count, that order takes 0.5, 1 and 1.5. Unigrams are mixed
 * with 1/V, V counting <unk> and </s>, not <s>.
 *
 * Memory:  memory_bytes; on top of it the words themselves (about 50 bytes each) and one context's
 *          followers (16 bytes each).
 * Threads: one.
 */
#ifndef TAMIS_LM_TRAIN_H
#define TAMIS_LM_TRAIN_H

#include "tamis/lm.h"

#define TAMIS_LM_TRAIN_ORDER_MIN  2u
#define TAMIS_LM_TRAIN_MEMORY_MIN (UINT64_C(64) << 20)
#define TAMIS_LM_WORD_MAX         4096u /* bytes; longer words are cut there */

typedef struct tamis_lm_trainer tamis_lm_trainer;

typedef enum tamis_lm_stage {
    TAMIS_LM_STAGE_COUNT,    /* sentences are added */
    TAMIS_LM_STAGE_ADJUST,   /* of so many different n-grams of the highest order */
    TAMIS_LM_STAGE_ESTIMATE, /* of so many orders */
    TAMIS_LM_STAGE_WRITE     /* of so many n-grams */
} tamis_lm_stage;

typedef struct tamis_lm_train_options {
    uint32_t order; /* TAMIS_LM_TRAIN_ORDER_MIN .. TAMIS_LM_ORDER_MAX */
    uint64_t memory_bytes;
    const char *temp_folder;
    const char *model_path; /* our own format; NULL: none */
    const char *arpa_path;  /* ARPA text; NULL: none */
    /* Remembered in the model: */
    tamis_lm_text text;
    bool has_pieces;
    tamis_digest pieces_digest;
    /* May be NULL. total is 0 when it is not known. */
    void (*progress)(void *context, tamis_lm_stage stage, uint64_t done, uint64_t total);
    void *context;
} tamis_lm_train_options;

typedef struct tamis_lm_train_stats {
    uint64_t sentences;
    uint64_t words;          /* tokens, without </s> */
    uint64_t skipped_tokens; /* "<s>", "</s>" and "<unk>" in the text, which are left out */
    uint64_t cut_words;
    uint64_t counts[TAMIS_LM_ORDER_MAX];
    double discounts[TAMIS_LM_ORDER_MAX][3];
    bool is_fallback[TAMIS_LM_ORDER_MAX];
    uint64_t spilled_bytes;
    uint64_t model_bytes;
    uint64_t arpa_bytes;
} tamis_lm_train_stats;

/* Texts are copied. TAMIS_EARG: order or memory out of range, or neither path; TAMIS_ENOMEM,
 * TAMIS_ENOENT, TAMIS_ENOSPC, TAMIS_EIO here and below. */
TAMIS_MUST_USE
tamis_status tamis_lm_trainer_create(const tamis_lm_train_options *options,
                                     tamis_lm_trainer **out_trainer, tamis_err *err);
/* Adds one sentence: words separated by ASCII white space. One without words counts too (it is <s>
 * </s>). TAMIS_ELIMIT: 2^32 different words. */
TAMIS_MUST_USE
tamis_status tamis_lm_trainer_add(tamis_lm_trainer *trainer, tamis_slice sentence, tamis_err *err);
/* Estimates and writes; the files appear when they are whole. TAMIS_EARG: no sentence was added.
 * After it, or any error, only _destroy. */
TAMIS_MUST_USE
tamis_status tamis_lm_trainer_finish(tamis_lm_trainer *trainer, tamis_lm_train_stats *out_stats,
                                     tamis_err *err);
/* NULL is allowed. */
void tamis_lm_trainer_destroy(tamis_lm_trainer *trainer);

#endif
