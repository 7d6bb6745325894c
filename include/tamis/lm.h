/* SPDX-License-Identifier: Apache-2.0 */
/* lm.h - n-gram language models with backoff: ARPA text, KenLM probing binaries, our own files.
 *
 * A model gives each word a log10 probability after the words before it: that of the longest n-gram
 * that it knows, plus the backoffs of the longer contexts. A sentence is scored between <s> and
 * </s>; a word that the model lacks counts as <unk>. Scores are those of KenLM to the last bit:
 * single precision, added in its order.
 *
 * KenLM's binaries and our files (docs/FORMATS.md, "Language models") are mapped, ARPA text is
 * brought to the same tables in memory. The file must not change while it is open.
 *
 * Memory:  ARPA: about 24 bytes an n-gram; the others: the mapping.
 * Threads: a model is immutable, any number of threads may score; a scorer belongs to one thread.
 */
#ifndef TAMIS_LM_H
#define TAMIS_LM_H

#include "tamis/hash.h"
#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_LM_ORDER_MAX   6
#define TAMIS_LM_UNKNOWN     0u                  /* the id of <unk> */
#define TAMIS_LM_DIGEST_SIZE 16u                 /* bytes of the digest in a model file */
#define TAMIS_LM_ARPA_MAX    (UINT64_C(1) << 31) /* n-grams of one order */

typedef enum tamis_lm_format {
    TAMIS_LM_FORMAT_ARPA,
    TAMIS_LM_FORMAT_KENLM,
    TAMIS_LM_FORMAT_TAMIS
} tamis_lm_format;

/* How texts become sentences; part of our own files, which remember how they were trained. */
typedef enum tamis_lm_text {
    TAMIS_LM_TEXT_CCNET,    /* CCNet: a text is one sentence, its lines run together */
    TAMIS_LM_TEXT_PER_LINE, /* each line is normalized and is a sentence */
    TAMIS_LM_TEXT_RAW,      /* each line is a sentence as it is */
    TAMIS_LM_TEXT_COUNT
} tamis_lm_text;

extern const char *const tamis_lm_text_names[]; /* "ccnet_compat", "per_line", "raw", NULL */

typedef struct tamis_lm tamis_lm;
typedef struct tamis_lm_scorer tamis_lm_scorer;

typedef struct tamis_lm_info {
    tamis_lm_format format;
    uint32_t order;
    uint64_t counts[TAMIS_LM_ORDER_MAX]; /* n-grams by order */
    tamis_digest digest;                 /* XXH3-128 of the file */
    /* Only of our own files: */
    tamis_lm_text text;
    bool has_pieces;            /* trained on the pieces of a SentencePiece model */
    tamis_digest pieces_digest; /* of that model's file */
} tamis_lm_info;

/* Opens and checks a file; the caller owns *out_model. TAMIS_ENOENT, TAMIS_EDENIED, TAMIS_EIO;
 * TAMIS_EFORMAT: no model, cut or malformed (the text names line or offset); TAMIS_EUNSUPPORTED: a
 * KenLM binary of another type, or an order above TAMIS_LM_ORDER_MAX; TAMIS_EVERSION;
 * TAMIS_ECORRUPT: checksums of our own files; TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_lm_open(const char *path, tamis_lm **out_model, tamis_err *err);
/* The same from bytes in memory, which must outlive the model; `name` is for messages. */
TAMIS_MUST_USE
tamis_status tamis_lm_open_memory(tamis_slice bytes, const char *name, tamis_lm **out_model,
                                  tamis_err *err);
/* NULL is allowed. */
void tamis_lm_destroy(tamis_lm *model);
const tamis_lm_info *tamis_lm_get_info(const tamis_lm *model);

/* The id of a word; TAMIS_LM_UNKNOWN. */
uint32_t tamis_lm_find(const tamis_lm *model, tamis_slice word);

/* ---- Word by word ---------------------------------------------------------------------------- */

typedef struct tamis_lm_state {
    uint32_t size;                          /* words of context that the model knows */
    uint32_t words[TAMIS_LM_ORDER_MAX - 1]; /* nearest first */
    float backoff[TAMIS_LM_ORDER_MAX - 1];  /* of the contexts of 1, 2, ... words */
} tamis_lm_state;

/* The state behind <s>, and the empty one. */
void tamis_lm_begin(const tamis_lm *model, tamis_lm_state *out_state);
void tamis_lm_clear(tamis_lm_state *out_state);
/* log10 of the probability of `word` (an id) in that state; `out_state` may not be `state`. */
float tamis_lm_score(const tamis_lm *model, const tamis_lm_state *state, uint32_t word,
                     tamis_lm_state *out_state);

/* ---- Sentences ------------------------------------------------------------------------------- */

typedef struct tamis_lm_total {
    double log10;      /* sum over all words and </s> */
    float log10_kenlm; /* the same added in single precision, as KenLM's bindings do */
    uint64_t words;    /* without </s> */
    uint64_t unknown;  /* of them */
} tamis_lm_total;

TAMIS_MUST_USE
tamis_status tamis_lm_scorer_create(const tamis_lm *model, tamis_lm_scorer **out_scorer,
                                    tamis_err *err);
void tamis_lm_scorer_destroy(tamis_lm_scorer *scorer);
/* Scores words that are separated by ASCII white space as one sentence. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_lm_scorer_run(tamis_lm_scorer *scorer, tamis_slice sentence,
                                 tamis_lm_total *out_total, tamis_err *err);

#endif
