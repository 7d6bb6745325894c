/* SPDX-License-Identifier: Apache-2.0 */
/* train_parts.h - the parts of the trainer: words, counts, estimates, output.
 *
 * An n-gram of `count` words goes through the sorters as (count + 1) / 2 numbers, two words in
 * each, the last word first: sorted so, all n-grams that end alike stand together, whatever their
 * order.
 */
#ifndef TAMIS_TRAIN_PARTS_H
#define TAMIS_TRAIN_PARTS_H

#include "lm_internal.h"
#include "tamis/buf.h"
#include "tamis/lm_train.h"
#include "tamis/sorter.h"

#define TRAIN_UNKNOWN   0u
#define TRAIN_BEGIN     1u
#define TRAIN_END       2u
#define TRAIN_FIRST     3u /* id of the first word of the text */
#define TRAIN_KEY_WORDS (TAMIS_LM_ORDER_MAX / 2)

static inline uint32_t train_key_words(uint32_t count)
{
    return (count + 1) / 2;
}

static inline void train_pack(const uint32_t *words, uint32_t count, uint64_t *out_key)
{
    for (uint32_t i = 0; i < count; i += 2) {
        out_key[i / 2] = (uint64_t)words[i] << 32 | (i + 1 < count ? words[i + 1] : 0);
    }
}

static inline void train_unpack(const uint64_t *key, uint32_t count, uint32_t *out_words)
{
    for (uint32_t i = 0; i < count; i++) {
        out_words[i] = (uint32_t)(i % 2 == 0 ? key[i / 2] >> 32 : key[i / 2]);
    }
}

/* ---- Words ------------------------------------------------------------------------------------
 */

typedef struct train_words {
    lm_fill table; /* key, id */
    tamis_buf bytes;
    uint64_t *ends; /* of each word in bytes */
    uint64_t count;
    uint64_t capacity;
} train_words;

TAMIS_MUST_USE
tamis_status train_words_init(train_words *words, tamis_err *err);
void train_words_fini(train_words *words);
/* The id of the word, new or old. TAMIS_ELIMIT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status train_words_put(train_words *words, tamis_slice word, uint32_t *out_id,
                             tamis_err *err);
tamis_slice train_words_get(const train_words *words, uint32_t id);

/* ---- Counts -----------------------------------------------------------------------------------
 */

/* Counts n-grams of one order: a table in memory, emptied into a sorter when it is full. */
typedef struct train_counts {
    uint32_t order;
    uint32_t key_words;
    uint64_t *entries; /* key_words numbers and the count; count 0: empty */
    uint64_t buckets;
    uint64_t used;
    tamis_sorter *sorter;
} train_counts;

TAMIS_MUST_USE
tamis_status train_counts_init(train_counts *counts, uint32_t order, uint64_t memory_bytes,
                               const char *temp_folder, tamis_err *err);
void train_counts_fini(train_counts *counts);
/* words[0] is the last. */
TAMIS_MUST_USE
tamis_status train_counts_add(train_counts *counts, const uint32_t *words, tamis_err *err);
/* Ends adding; then the n-grams come in order from the sorter, each maybe in several records, with
 * their counts as last number. */
TAMIS_MUST_USE
tamis_status train_counts_sort(train_counts *counts, tamis_err *err);

/* ---- Reading sorted records one by one ---------------------------------------------------------
 */

typedef struct train_cursor {
    tamis_sorter *sorter;
    uint32_t words;
    const uint64_t *records;
    size_t count;
    size_t at;
    const uint64_t *record; /* NULL: behind the last */
} train_cursor;

/* Sorts and reads the first record. */
TAMIS_MUST_USE
tamis_status train_cursor_start(train_cursor *cursor, tamis_sorter *sorter, uint32_t words,
                                tamis_err *err);
TAMIS_MUST_USE
tamis_status train_cursor_next(train_cursor *cursor, tamis_err *err);

/* ---- Estimates --------------------------------------------------------------------------------
 */

typedef struct train_discounts {
    double amounts[4]; /* [0] is 0; [3]: of 3 and more */
    bool is_fallback;
} train_discounts;

/* From the numbers of n-grams whose adjusted count is 1, 2, 3, 4 (numbers[0] is not used). */
void train_discounts_compute(const uint64_t numbers[5], train_discounts *out_discounts);

typedef struct train_output train_output;

typedef struct train_model {
    const tamis_lm_train_options *options;
    const train_words *words;
    uint64_t counts[TAMIS_LM_ORDER_MAX]; /* with <unk> and <s> */
    train_discounts discounts[TAMIS_LM_ORDER_MAX];
    uint64_t spilled_bytes;
} train_model;

/* From the sorted counts to the output. The counts' memory is given back on the way. */
TAMIS_MUST_USE
tamis_status train_estimate(train_model *model, train_counts *counts, uint64_t memory_bytes,
                            tamis_lm_train_stats *stats, tamis_err *err);

/* ---- Output -----------------------------------------------------------------------------------
 */

/* model->counts must be known. */
TAMIS_MUST_USE
tamis_status train_output_open(const train_model *model, train_output **out_output, tamis_err *err);
/* One n-gram, words[0] the last. N-grams of an order come sorted by `words`, <unk>, <s> and </s>
 * too. */
TAMIS_MUST_USE
tamis_status train_output_add(train_output *output, const uint32_t *words, uint32_t order,
                              double probability, double backoff, tamis_err *err);
TAMIS_MUST_USE
tamis_status train_output_finish(train_output *output, tamis_lm_train_stats *stats, tamis_err *err);
void train_output_close(train_output *output);

#endif
