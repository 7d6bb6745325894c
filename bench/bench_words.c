/* SPDX-License-Identifier: Apache-2.0 */
/* bench_words FILE [SECONDS] - words, lines and counts of a text file, one core, by kernel: MB/s of
 * each splitter alone (with the masks of the view, which all share), and of `ws`, `splitlines`,
 * lines and counts together. The file is taken as documents of about 4 kB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/cpu.h"
#include "tamis/utf8.h"
#include "tamis/words.h"

#define DOCUMENT_BYTES 4096u
#define FILE_MAX       (64u << 20)

enum {
    WHAT_MASKS = TAMIS_SPLITTER_COUNT,
    WHAT_LINES,
    WHAT_ICU = WHAT_LINES + TAMIS_LINES_SPLIT_COUNT,
    WHAT_MARKS,
    WHAT_LOWER,
    WHAT_ALL,
    WHAT_COUNT
};

static const char *const names[WHAT_COUNT] = {
    [WHAT_MASKS] = "counts",      [WHAT_LINES] = "splitlines",
    [WHAT_LINES + 1] = "newline", [WHAT_LINES + 2] = "newline-runs",
    [WHAT_ICU] = "sentences",     [WHAT_MARKS] = "end-marks",
    [WHAT_LOWER] = "lower",       [WHAT_ALL] = "ws+lines+counts",
};

static double now(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static tamis_status look(tamis_text_view *view, unsigned what)
{
    tamis_words words;
    tamis_lines lines;
    tamis_totals totals;
    tamis_slice lower;
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    if (what < TAMIS_SPLITTER_COUNT) {
        return tamis_text_view_words(view, (tamis_splitter)what, &words, NULL);
    }
    if (what >= WHAT_LINES && what < WHAT_LINES + TAMIS_LINES_SPLIT_COUNT) {
        return tamis_text_view_lines(view, (tamis_line_split)(what - WHAT_LINES), &lines, NULL);
    }
    if (what == WHAT_ICU || what == WHAT_MARKS) {
        return tamis_text_view_sentences(view, (tamis_sentence_count)(what - WHAT_ICU), &count,
                                         NULL);
    }
    if (what == WHAT_LOWER) {
        return tamis_text_view_lower(view, &lower, NULL);
    }
    status = tamis_text_view_totals(view, &totals, NULL);
    if (status == TAMIS_OK && what == WHAT_ALL) {
        status = tamis_text_view_words(view, TAMIS_SPLITTER_WS, &words, NULL);
        if (status == TAMIS_OK) {
            status = tamis_text_view_lines(view, TAMIS_LINES_NEWLINE, &lines, NULL);
        }
    }
    return status;
}

/* Size of the document at the start of the text: ends with a newline where there is one. */
static size_t document_size(const uint8_t *text, size_t left)
{
    size_t size = DOCUMENT_BYTES;

    while (size < left && text[size - 1] != '\n') {
        size++;
    }
    return size < left ? size : left;
}

static void measure(const tamis_buf *text, unsigned what, double seconds)
{
    tamis_text_view *view = NULL;
    double start = 0;
    size_t bytes = 0;

    if (tamis_text_view_create(&view, NULL) != TAMIS_OK) {
        exit(1);
    }
    start = now();
    do {
        for (size_t i = 0; i < text->size;) {
            size_t size = document_size(text->data + i, text->size - i);

            tamis_text_view_set(view, tamis_slice_of(text->data + i, size));
            if (look(view, what) != TAMIS_OK) {
                exit(1);
            }
            i += size;
        }
        bytes += text->size;
    } while (now() - start < seconds);
    (void)printf(" %9.0f", (double)bytes / (now() - start) / 1e6);
    tamis_text_view_destroy(view);
}

static void read_text(const char *path, tamis_buf *text)
{
    FILE *file = fopen(path, "rb");
    tamis_buf raw;

    tamis_buf_init(&raw, 0);
    if (file == NULL || tamis_buf_reserve(&raw, FILE_MAX) != TAMIS_OK) {
        (void)fprintf(stderr, "bench_words: %s cannot be read\n", path);
        exit(1);
    }
    raw.size = fread(raw.data, 1, FILE_MAX, file);
    (void)fclose(file);
    if (tamis_utf8_repair(tamis_buf_slice(&raw), text) != TAMIS_OK) {
        exit(1);
    }
    tamis_buf_fini(&raw);
}

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 0.3;
    tamis_buf text;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_words FILE [SECONDS]\n");
        return 2;
    }
    tamis_buf_init(&text, 0);
    read_text(argv[1], &text);
    (void)printf("MB/s, %zu bytes\n%-18s", text.size, "");
    for (unsigned kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        (void)printf(" %9s", tamis_kernel_name((tamis_kernel)kernel));
    }
    (void)putchar('\n');
    for (unsigned what = 0; what < WHAT_COUNT; what++) {
        (void)printf("%-18s", what < TAMIS_SPLITTER_COUNT
                                  ? tamis_splitter_name((tamis_splitter)what)
                                  : names[what]);
        for (unsigned kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
            if (tamis_kernel_is_available((tamis_kernel)kernel)) {
                tamis_kernel_set((tamis_kernel)kernel);
                measure(&text, what, seconds);
            }
        }
        (void)putchar('\n');
    }
    tamis_buf_fini(&text);
    return 0;
}
