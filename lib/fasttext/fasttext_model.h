/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext_model.h - what a loaded model consists of; see docs/FORMATS.md, "fastText models". */
#ifndef TAMIS_FASTTEXT_MODEL_H
#define TAMIS_FASTTEXT_MODEL_H

#include "fasttext_kernels.h"
#include "tamis/fasttext.h"

enum { FT_LOSS_HS = 1, FT_LOSS_NS = 2, FT_LOSS_SOFTMAX = 3, FT_LOSS_OVA = 4 };

#define FT_CENTROIDS     256
#define FT_OUTPUT_LANES  16 /* labels whose products are summed side by side */
#define FT_SIGMOID_STEPS 512
#define FT_SIGMOID_MAX   8

/* Reads the file front to back. */
typedef struct ft_cursor {
    const char *name;
    const uint8_t *data;
    uint64_t size;
    uint64_t at;
} ft_cursor;

/* A matrix as the file has it. */
typedef struct ft_matrix {
    uint64_t rows;
    uint32_t cols;
    const uint8_t *dense;      /* floats, unaligned; NULL: quantized */
    const uint8_t *codes;      /* rows x subs */
    const uint8_t *norm_codes; /* one a row; NULL: none */
    uint32_t subs;             /* parts of a row, each of one code */
    uint32_t sub_cols;         /* columns of a part, but of the last */
    uint32_t last_cols;
    float *centroids; /* cols x 256, aligned; owned */
    float norms[FT_CENTROIDS];
} ft_matrix;

/* One slot of the table of words: by the word's hash, linear probing. */
typedef struct ft_slot {
    uint32_t hash;
    uint32_t id; /* of the word + 1; 0: empty */
} ft_slot;

/* 64 buckets of a pruned model: which have a row, and how many have one before these. */
typedef struct ft_pruned_block {
    uint64_t bits;
    uint64_t before;
} ft_pruned_block;

typedef struct ft_node {
    int64_t count;
    int32_t left; /* -1: a leaf */
    int32_t right;
} ft_node;

struct tamis_fasttext {
    const ft_kernels *kernels;
    void *map; /* NULL: the caller's bytes */
    size_t map_size;
    const uint8_t *data;
    tamis_digest digest;

    uint32_t dim;
    uint32_t word_ngrams;
    uint32_t ngram_min;
    uint32_t ngram_max; /* 0: no character n-grams */
    uint32_t buckets;
    uint64_t buckets_reciprocal; /* for the remainder without a division */
    int loss;

    /* Dictionary: entry i's text begins at entries[i]; what follows it is 10 bytes long. */
    uint32_t word_count;
    uint32_t label_count;
    uint64_t *entries; /* word_count + label_count + 1 offsets into data */
    ft_slot *slots;
    uint32_t slot_mask;
    bool is_pruned;
    uint64_t pruned_count;
    ft_pruned_block *pruned_blocks; /* NULL: all buckets (not pruned), or none */
    uint32_t *pruned_rows;          /* by rank; one more than there are */
    uint32_t known_count;           /* words whose n-grams stand in known_rows */
    uint32_t *known_first;          /* known_count + 1 */
    uint32_t *known_rows;

    ft_matrix input;
    float *input_expanded; /* NULL: rows are read from the file or made from codes */
    size_t input_stride;   /* floats */

    float *output;   /* hs: rows of nodes; otherwise blocks of lanes, see ft_output_transpose */
    float *sigmoids; /* ova, ns */
    ft_node *nodes;  /* hs: leaves by label, then inner nodes */
    uint32_t node_count;
};

struct tamis_fasttext_scratch {
    const tamis_fasttext *model;
    float *hidden;      /* dim, padded */
    float *output;      /* labels, padded */
    uint32_t *rows;     /* FT_ROWS_BATCH, waiting to be added */
    uint64_t row_total; /* of the line, added */
    uint32_t *hashes;   /* of the line's words */
    size_t hash_count;
    size_t hash_capacity;
    tamis_fasttext_prediction *heap; /* one more than there are labels */
    struct ft_visit *visits;         /* hs: nodes still to be looked at */
};

#define FT_ROWS_BATCH 256

/* ---- fasttext_read.c: the fields of the file ---- */

TAMIS_MUST_USE
tamis_status ft_fail(const ft_cursor *cursor, uint64_t offset, tamis_err *err, const char *text);
TAMIS_MUST_USE
tamis_status ft_take(ft_cursor *cursor, uint64_t size, const char *what, const uint8_t **out_bytes,
                     tamis_err *err);
TAMIS_MUST_USE
tamis_status ft_take_i32(ft_cursor *cursor, const char *what, int32_t *out_value, tamis_err *err);
TAMIS_MUST_USE
tamis_status ft_take_i64(ft_cursor *cursor, const char *what, int64_t *out_value, tamis_err *err);
TAMIS_MUST_USE
tamis_status ft_take_bool(ft_cursor *cursor, const char *what, bool *out_value, tamis_err *err);
/* Also checks that all are finite. */
TAMIS_MUST_USE
tamis_status ft_take_floats(ft_cursor *cursor, uint64_t count, const char *what,
                            const uint8_t **out_bytes, tamis_err *err);

/* ---- fasttext_matrix.c ---- */

TAMIS_MUST_USE
tamis_status ft_matrix_read(ft_cursor *cursor, const char *what, bool is_quantized, uint32_t cols,
                            ft_matrix *out_matrix, tamis_err *err);
void ft_matrix_fini(ft_matrix *matrix);
/* Writes one row as floats. */
void ft_matrix_row(const ft_matrix *matrix, uint64_t row, float *out_row);
/* Adds one row of a quantized matrix. */
void ft_matrix_add(const ft_matrix *matrix, uint64_t row, float *sum);

/* ---- fasttext_words.c ---- */

TAMIS_MUST_USE
tamis_status ft_words_read(ft_cursor *cursor, tamis_fasttext *model, tamis_err *err);
/* Word or label by its text; UINT32_MAX: unknown. */
uint32_t ft_words_find(const tamis_fasttext *model, const uint8_t *text, size_t size,
                       uint32_t hash);
/* The rows of the n-grams of the first words, so that they need not be looked up. */
TAMIS_MUST_USE
tamis_status ft_words_prepare(tamis_fasttext *model, tamis_err *err);

/* ---- fasttext_output.c ---- */

TAMIS_MUST_USE
tamis_status ft_output_prepare(const ft_cursor *cursor, const ft_matrix *output,
                               tamis_fasttext *model, tamis_err *err);
size_t ft_output_predict(tamis_fasttext_scratch *scratch, tamis_fasttext_prediction *out,
                         size_t wanted);
/* What scratch->visits takes. */
size_t ft_output_visit_bytes(const tamis_fasttext *model);

/* ---- fasttext_features.c ---- */

/* Where rows of features go: into a buffer that is added up and emptied when it is full (a line),
 * or that is kept (rows of known words). */
typedef struct ft_rows {
    uint32_t *rows;
    size_t count;
    size_t capacity;
    tamis_fasttext_scratch *scratch; /* NULL: kept, what does not fit is left out */
    bool is_full;                    /* kept: something did not fit */
} ft_rows;

/* FNV-1a over bytes taken as signed, as the reference's. */
#define FT_HASH_START 2166136261u
#define FT_HASH_PRIME 16777619u

static inline uint32_t ft_hash_byte(uint32_t hash, uint8_t byte)
{
    uint32_t extended = byte < 0x80 ? byte : byte | 0xffffff00u;

    return (hash ^ extended) * FT_HASH_PRIME;
}

/* The rows of a word's character n-grams, in the reference's order. */
void ft_features_subwords(const tamis_fasttext *model, const uint8_t *word, size_t size,
                          ft_rows *rows);
/* Sums the rows of all features of a line into scratch->hidden, their mean; false: there is none.
 */
TAMIS_MUST_USE
tamis_status ft_features_line(tamis_fasttext_scratch *scratch, tamis_slice text, bool *out_any,
                              tamis_err *err);

#endif
