/* SPDX-License-Identifier: Apache-2.0 */
#include "sort_index.h"

#include <string.h>

#include "run_block.h"
#include "tamis/sorter.h"

#define SMALL_MAX 16u

typedef struct record_view {
    const uint64_t *records;
    uint32_t stride;
    uint32_t words;
} record_view;

/* Orders entries whose records agree up to `word` by the words from there on, then by number. */
static void insert_rest(const record_view *view, uint64_t *index, size_t count, uint32_t word)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t number = index[2 * i + 1];
        const uint64_t *record = view->records + number * view->stride + word;
        size_t at = i;

        /* They come in order of number, so equal ones stay where they are. */
        while (at > 0 &&
               tamis_record_is_less(record, view->records + index[2 * at - 1] * view->stride + word,
                                    view->words - word)) {
            index[2 * at + 1] = index[2 * at - 1];
            at--;
        }
        index[2 * at + 1] = number;
    }
}

/* Sorts entries whose records agree in the words before `word` and that come in order of number. */
static void sort_from(const record_view *view, uint64_t *index, uint64_t *scratch, size_t count,
                      uint32_t word)
{
    if (word == view->words || count < 2) {
        return;
    }
    if (count <= SMALL_MAX) {
        insert_rest(view, index, count, word);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        index[2 * i] = view->records[index[2 * i + 1] * view->stride + word];
    }
    tamis_sort_words(index, count, 2, scratch);
    for (size_t first = 0; first < count;) {
        size_t end = first + 1;

        while (end < count && index[2 * end] == index[2 * first]) {
            end++;
        }
        if (end - first > 1) {
            sort_from(view, index + 2 * first, scratch, end - first, word + 1);
        }
        first = end;
    }
}

void tamis_sort_index(const uint64_t *records, size_t count, uint32_t stride, uint32_t words,
                      uint64_t *index)
{
    const record_view view = {.records = records, .stride = stride, .words = words};

    for (size_t i = 0; i < count; i++) {
        index[2 * i + 1] = i;
    }
    sort_from(&view, index, index + 2 * count, count, 0);
}

void tamis_sort_gather(uint64_t *records, size_t count, uint32_t stride, uint64_t *index)
{
    uint64_t saved[TAMIS_RUN_WORDS_MAX + 2];
    size_t bytes = (size_t)stride * 8;

    TAMIS_ASSERT(stride <= TAMIS_RUN_WORDS_MAX + 2);
    for (size_t start = 0; start < count; start++) {
        size_t at = start;

        if (index[2 * start + 1] == start) {
            continue;
        }
        /* Round one cycle of the permutation. */
        memcpy(saved, records + start * stride, bytes);
        while (index[2 * at + 1] != start) {
            size_t from = index[2 * at + 1];

            memcpy(records + at * stride, records + from * stride, bytes);
            index[2 * at + 1] = at;
            at = from;
        }
        memcpy(records + at * stride, saved, bytes);
        index[2 * at + 1] = at;
    }
}
