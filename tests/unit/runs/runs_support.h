/* SPDX-License-Identifier: Apache-2.0 */
/* runs_support.h - what the tests of run files and sorters share: a folder of their own, seeded
 * records of several shapes, and the plain sort that they are compared with. */
#ifndef TAMIS_RUNS_SUPPORT_H
#define TAMIS_RUNS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/rng.h"
#include "tamis/run_file.h"

#define FOLDER_SIZE 128
#define PATH_SIZE   256

static char support_folder[FOLDER_SIZE];

static int folder_create(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    (void)snprintf(support_folder, sizeof(support_folder), "%s/tamis-runs-XXXXXX",
                   base == NULL ? "/tmp" : base);
    return mkdtemp(support_folder) == NULL ? -1 : 0;
}

/* Files in the folder: what a test leaves behind. */
static inline int folder_file_count(void)
{
    DIR *folder = opendir(support_folder);
    struct dirent *entry = NULL;
    int count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(folder);
    return count;
}

static inline void folder_clear(void)
{
    DIR *folder = opendir(support_folder);
    struct dirent *entry = NULL;
    char path[FOLDER_SIZE + 300];

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", support_folder, entry->d_name);
            (void)unlink(path);
        }
    }
    (void)closedir(folder);
}

static int folder_remove(void **state)
{
    (void)state;
    folder_clear();
    return rmdir(support_folder);
}

static inline void folder_path(char out_path[PATH_SIZE], const char *name)
{
    (void)snprintf(out_path, PATH_SIZE, "%s/%s", support_folder, name);
}

/* The seed of this run: TAMIS_SEED, or the default; printed, so that a failure can be repeated. */
static inline tamis_rng seeded(const char *what)
{
    const char *text = getenv("TAMIS_SEED");
    uint64_t seed = text == NULL ? 20240531 : strtoull(text, NULL, 10);

    print_message("%s: TAMIS_SEED=%llu\n", what, (unsigned long long)seed);
    return (tamis_rng){.state = seed};
}

#define SHAPES 7

/* One word of a record: random, few values, equal, ords of splits, clusters around powers of two,
 * narrow range across a power, extremes. */
static inline uint64_t shaped_word(tamis_rng *rng, unsigned shape)
{
    switch (shape) {
    case 0:
        return tamis_rng_next(rng);
    case 1:
        return tamis_rng_below(rng, 5);
    case 2:
        return 77;
    case 3:
        return tamis_rng_below(rng, 7) << 26 | tamis_rng_below(rng, 1000);
    case 4:
        return (UINT64_C(1) << tamis_rng_below(rng, 64)) + tamis_rng_below(rng, 3);
    case 5:
        return (UINT64_C(1) << 40) - 500 + tamis_rng_below(rng, 1000);
    default:
        return tamis_rng_below(rng, 2) == 0 ? 0 : UINT64_MAX;
    }
}

/* Fills `count` records; each word has a shape of its own. The caller frees. */
static inline uint64_t *shaped_records(tamis_rng *rng, size_t count, uint32_t words)
{
    uint64_t *records = malloc((count * words + 1) * sizeof(*records));
    unsigned shapes[TAMIS_RUN_WORDS_MAX + 2];

    assert_non_null(records);
    for (uint32_t word = 0; word < words; word++) {
        shapes[word] = (unsigned)tamis_rng_below(rng, SHAPES);
    }
    for (size_t i = 0; i < count; i++) {
        for (uint32_t word = 0; word < words; word++) {
            records[i * words + word] = shaped_word(rng, shapes[word]);
        }
    }
    return records;
}

static uint32_t compared_words;

static int compare_records(const void *a, const void *b)
{
    const uint64_t *first = a;
    const uint64_t *second = b;

    for (uint32_t word = 0; word < compared_words; word++) {
        if (first[word] != second[word]) {
            return first[word] < second[word] ? -1 : 1;
        }
    }
    return 0;
}

/* The reference. */
static inline void plain_sort(uint64_t *records, size_t count, uint32_t words)
{
    compared_words = words;
    if (count > 0) {
        qsort(records, count, (size_t)words * 8, compare_records);
    }
}

static inline void assert_ok(tamis_status status, const tamis_err *err)
{
    if (status != TAMIS_OK) {
        fail_msg("%s: %s", tamis_status_name(status), err->text);
    }
}

/* Bytes that malloc has given out; under a sanitizer, which has a malloc of its own, 0. */
static inline uint64_t allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

/* A payload that follows from record and number: equal records may have different ones. */
static inline size_t payload_make(uint8_t *out, size_t max, const uint64_t *record, uint64_t number)
{
    tamis_rng rng = {.state = record[0] * 31 + number};
    size_t size = tamis_rng_below(&rng, 8) == 0 ? 0 : (size_t)tamis_rng_below(&rng, max);

    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)tamis_rng_next(&rng);
    }
    return size;
}

#endif
