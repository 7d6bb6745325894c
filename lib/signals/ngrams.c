/* SPDX-License-Identifier: Apache-2.0 */
#include "ngrams.h"

#include <stdlib.h>

#define TOP_ORDER_MAX 4 /* of longer runs nobody asks for the most frequent */

static tamis_status space_reserve(tamis_ngram_space *space, size_t count, tamis_err *err);
static size_t count_words(tamis_ngram_space *space, const uint64_t *hashes, size_t count);
static size_t make_keys(tamis_ngram_space *space, size_t run_count);
static size_t number_keys(tamis_ngram_space *space, size_t key_count);
static size_t keep_repeated(tamis_ngram_space *space, const tamis_numbers *numbers,
                            size_t run_count);
static void describe(const tamis_ngram_space *space, uint32_t n, size_t count, size_t run_count,
                     tamis_ngram_order *order);
static void describe_top(const tamis_ngram_space *space, uint32_t n, tamis_ngram_order *order);
static uint64_t chars_of_all_runs(const uint32_t *sums, size_t count, uint32_t n);

void tamis_ngram_space_fini(tamis_ngram_space *space)
{
    tamis_numbers_fini(&space->words);
    tamis_numbers_fini(&space->numbers);
    free(space->sums.data);
    free(space->places.data);
    free(space->runs.data);
    free(space->keys.data);
    free(space->firsts.data);
    *space = (tamis_ngram_space){0};
}

tamis_status tamis_ngrams_count(tamis_ngram_space *space, const uint64_t *hashes,
                                const uint32_t *chars, size_t count, uint32_t order_max,
                                tamis_ngrams *out_ngrams, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    size_t run_count = 0;
    uint32_t sum = 0;

    TAMIS_ASSERT(order_max >= 1 && order_max <= TAMIS_NGRAM_ORDER_MAX);
    *out_ngrams = (tamis_ngrams){.count = count};
    status = space_reserve(space, count, err);
    if (status != TAMIS_OK) {
        return status;
    }

    for (size_t i = 0; i < count; i++) {
        space->sums.data[i] = sum;
        sum += chars[i];
    }
    space->sums.data[count] = sum;
    out_ngrams->chars = sum;

    run_count = count_words(space, hashes, count);
    out_ngrams->distinct = space->words.count;

    for (uint32_t n = 2; n <= order_max && n <= count; n++) {
        tamis_ngram_order *order = &out_ngrams->orders[n];
        size_t key_count = run_count == 0 ? 0 : make_keys(space, run_count);

        run_count = 0;
        if (key_count != 0) {
            status = tamis_numbers_begin(&space->numbers, key_count, err);
            if (status != TAMIS_OK) {
                return status;
            }
            run_count = number_keys(space, key_count);
        }
        describe(space, n, count, run_count, order);
    }
    return TAMIS_OK;
}

static tamis_status space_reserve(tamis_ngram_space *space, size_t count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_GROW(&space->sums, count + 1, status, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->places, count, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->runs, count, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->keys, count, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->firsts, count, status, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_numbers_begin(&space->words, count, err);
    }
    return status;
}

/* Numbers the words; returns how many stand on the list of repeated ones. */
static size_t count_words(tamis_ngram_space *space, const uint64_t *hashes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        space->runs.data[i] = tamis_numbers_add(&space->words, hashes[i]);
        space->places.data[i] = (uint32_t)i;
    }
    return keep_repeated(space, &space->words, count);
}

/* Runs that may be repeated: both their parts are. places[k] becomes where the k-th begins. */
static size_t make_keys(tamis_ngram_space *space, size_t run_count)
{
    const uint32_t *runs = space->runs.data;
    uint32_t *places = space->places.data;
    uint64_t *keys = space->keys.data;
    size_t count = 0;

    for (size_t k = 0; k + 1 < run_count; k++) {
        uint32_t place = places[k];

        keys[count] = (uint64_t)runs[k] << 32 | runs[k + 1];
        places[count] = place;
        count += places[k + 1] == place + 1; /* writes behind what it reads */
    }
    return count;
}

static size_t number_keys(tamis_ngram_space *space, size_t key_count)
{
    for (size_t k = 0; k < key_count; k++) {
        uint32_t known = space->numbers.count;
        uint32_t number = tamis_numbers_add(&space->numbers, space->keys.data[k]);

        space->runs.data[k] = number;
        if (number == known) {
            space->firsts.data[number] = space->places.data[k];
        }
    }
    return keep_repeated(space, &space->numbers, key_count);
}

/* Drops from the list what occurs once. */
static size_t keep_repeated(tamis_ngram_space *space, const tamis_numbers *numbers,
                            size_t run_count)
{
    const uint32_t *counts = numbers->counts.data;
    uint32_t *places = space->places.data;
    uint32_t *runs = space->runs.data;
    size_t kept = 0;

    for (size_t k = 0; k < run_count; k++) {
        uint32_t run = runs[k];

        places[kept] = places[k];
        runs[kept] = run;
        kept += counts[run] > 1;
    }
    return kept;
}

static void describe(const tamis_ngram_space *space, uint32_t n, size_t count, size_t run_count,
                     tamis_ngram_order *order)
{
    const uint32_t *sums = space->sums.data;
    size_t covered_to = 0;

    if (count < n) {
        return;
    }
    order->all_chars = chars_of_all_runs(sums, count, n);
    order->repeated_count = run_count;
    if (run_count == 0) {
        order->top_count = 1;
        order->top_chars = sums[n];
        return;
    }

    if (n <= TOP_ORDER_MAX) {
        describe_top(space, n, order);
    }
    for (size_t k = 0; k < run_count; k++) {
        size_t place = space->places.data[k];
        size_t from = place > covered_to ? place : covered_to;

        covered_to = place + n;
        order->repeated_chars += sums[covered_to] - sums[place];
        order->covered_chars += sums[covered_to] - sums[from];
    }
}

static void describe_top(const tamis_ngram_space *space, uint32_t n, tamis_ngram_order *order)
{
    const uint32_t *counts = space->numbers.counts.data;
    const uint32_t *sums = space->sums.data;

    for (uint32_t number = 0; number < space->numbers.count; number++) {
        uint32_t first = space->firsts.data[number];
        uint64_t chars = sums[first + n] - sums[first];

        if (counts[number] > order->top_count) {
            order->top_count = counts[number];
            order->top_first = first;
            order->top_chars = chars;
            order->top_longest = chars;
        } else if (counts[number] == order->top_count && chars > order->top_longest) {
            order->top_longest = chars;
        }
    }
}

/* Run i has sums[i + n] - sums[i]; what is added and taken off in the middle cancels out. */
static uint64_t chars_of_all_runs(const uint32_t *sums, size_t count, uint32_t n)
{
    uint64_t chars = 0;

    for (size_t i = 0; i < n; i++) {
        if (count - i >= n) {
            chars += sums[count - i];
        }
        if (i + n <= count) {
            chars -= sums[i];
        }
    }
    return chars;
}
