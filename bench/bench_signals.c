/* SPDX-License-Identifier: Apache-2.0 */
/* bench_signals FILE: speed of the quality signals on one core, in MB of text a second.
 *
 * FILE is plain text, cut into documents at each form feed, or of about 4 kB at line ends when it
 * has none. For each family alone, for all together without those that need ICU's sentences, for
 * the splitting alone, and for verdicts of gopher and fineweb with early exit, cheap families
 * first. The best of several rounds. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tamis/signals.h"
#include "tamis/words.h"

#define DOCUMENT_BYTES 4096
#define ROUNDS         7
#define SECONDS_MIN    0.15

typedef struct tamis_bench_texts {
    uint8_t *data;
    tamis_slice *texts; /* each with slack behind it */
    size_t count;
    size_t bytes;
} tamis_bench_texts;

typedef struct tamis_bench_engine {
    tamis_signals *engine;
    tamis_text_view *view;
    double values[TAMIS_SIGNALS_MAX];
} tamis_bench_engine;

typedef size_t bench_text(tamis_bench_engine *bench, const void *argument);

static double seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check(tamis_status status, const tamis_err *err)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_signals: %s\n", err->text);
        exit(1);
    }
}

static void read_texts(const char *path, tamis_bench_texts *out)
{
    FILE *file = fopen(path, "rb");
    uint8_t *raw = NULL;
    long size = 0;
    size_t at = 0;
    size_t to = 0;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0) {
        (void)fprintf(stderr, "bench_signals: %s: cannot be read\n", path);
        exit(1);
    }
    rewind(file);
    raw = calloc(1, (size_t)size + 1);
    out->data = calloc(1, (size_t)size * 2 + ((size_t)size / DOCUMENT_BYTES + 2) * 1024);
    out->texts = calloc((size_t)size, sizeof(out->texts[0]));
    if (raw == NULL || out->data == NULL || out->texts == NULL ||
        fread(raw, 1, (size_t)size, file) != (size_t)size) {
        (void)fprintf(stderr, "bench_signals: %s: cannot be read\n", path);
        exit(1);
    }
    while (at < (size_t)size) {
        uint8_t *end = memchr(raw + at, '\f', (size_t)size - at);
        size_t from = at + DOCUMENT_BYTES < (size_t)size ? at + DOCUMENT_BYTES : (size_t)size;

        if (end == NULL) {
            end = memchr(raw + from, '\n', (size_t)size - from);
        }
        size_t stop = end == NULL ? (size_t)size : (size_t)(end - raw);

        memcpy(out->data + to, raw + at, stop - at);
        out->texts[out->count++] = tamis_slice_of(out->data + to, stop - at);
        out->bytes += stop - at;
        to += stop - at + TAMIS_BUF_SLACK;
        at = stop + 1;
    }
    free(raw);
    (void)fclose(file);
}

static void measure(const char *name, const tamis_bench_texts *texts, tamis_bench_engine *bench,
                    bench_text *run, const void *argument)
{
    double best = 1e9;
    size_t result = 0;

    for (size_t round = 0; round < ROUNDS; round++) {
        double begin = seconds_now();
        double taken = 0;
        size_t passes = 0;

        do {
            result = 0;
            for (size_t i = 0; i < texts->count; i++) {
                tamis_text_view_set(bench->view, texts->texts[i]);
                tamis_signals_begin(bench->engine, bench->view);
                result += run(bench, argument);
            }
            passes++;
            taken = seconds_now() - begin;
        } while (taken < SECONDS_MIN);
        best = taken / (double)passes < best ? taken / (double)passes : best;
    }
    (void)printf("%-34s %8.1f MB/s   %zu\n", name, (double)texts->bytes / 1e6 / best, result);
}

static size_t run_wanted(tamis_bench_engine *bench, const void *argument)
{
    tamis_err err = {0};

    check(tamis_signals_compute(bench->engine, argument, bench->values, &err), &err);
    return 1;
}

static size_t run_split(tamis_bench_engine *bench, const void *argument)
{
    const tamis_splitter *splitter = argument;
    tamis_words words = {0};
    tamis_err err = {0};

    check(tamis_text_view_words(bench->view, *splitter, &words, &err), &err);
    return words.count;
}

static size_t index_of(const char *name)
{
    size_t index = 0;

    if (!tamis_signal_find(name, &index)) {
        (void)fprintf(stderr, "bench_signals: no signal %s\n", name);
        exit(1);
    }
    return index;
}

/* Gopher's and FineWeb's rules with their limits, stage by stage; 1: the document stays. */
static size_t run_verdict(tamis_bench_engine *bench, const void *argument)
{
    static const tamis_signal_family stages[] = {
        TAMIS_FAMILY_DATATROVE_LINES, TAMIS_FAMILY_DATATROVE_WS, TAMIS_FAMILY_DATATROVE_DUPLICATES,
        TAMIS_FAMILY_DATATROVE_WS_NGRAMS};
    static uint64_t wanted[4][TAMIS_SIGNAL_WORDS];
    static size_t checked[6];

    (void)argument;
    if (checked[0] == 0) {
        for (size_t i = 0; i < 4; i++) {
            tamis_signal_bits_add_family(wanted[i], stages[i]);
        }
        checked[0] = index_of("datatrove_bullet_lines_ratio") + 1;
        checked[1] = index_of("fineweb_line_punct_ratio");
        checked[2] = index_of("datatrove_ws_n_non_symbol_words");
        checked[3] = index_of("datatrove_ws_mean_word_length");
        checked[4] = index_of("datatrove_ws_alpha_words_ratio");
        checked[5] = index_of("datatrove_ws_stop_words");
    }
    (void)run_wanted(bench, wanted[0]);
    if (!(bench->values[checked[0] - 1] <= 0.9) || !(bench->values[checked[1]] >= 0.12)) {
        return 0;
    }
    (void)run_wanted(bench, wanted[1]);
    if (!(bench->values[checked[2]] >= 50) || !(bench->values[checked[3]] >= 3) ||
        !(bench->values[checked[3]] <= 10) || !(bench->values[checked[4]] >= 0.8) ||
        !(bench->values[checked[5]] >= 2)) {
        return 0;
    }
    (void)run_wanted(bench, wanted[2]);
    (void)run_wanted(bench, wanted[3]);
    return 1;
}

static bool needs_sentences(tamis_signal_family family)
{
    return family == TAMIS_FAMILY_SENTENCES || family == TAMIS_FAMILY_DATATROVE_SENTENCES ||
           family == TAMIS_FAMILY_DATATROVE_SENTENCES_NGRAMS;
}

int main(int argument_count, char **arguments)
{
    static tamis_bench_engine bench;
    tamis_bench_texts texts = {0};
    uint64_t all[TAMIS_SIGNAL_WORDS] = {0};
    uint64_t words_once[TAMIS_SIGNAL_WORDS] = {0};
    tamis_err err = {0};

    if (argument_count != 2) {
        (void)fprintf(stderr, "usage: bench_signals FILE\n");
        return 2;
    }
    read_texts(arguments[1], &texts);
    check(tamis_signals_create(NULL, &bench.engine, &err), &err);
    check(tamis_text_view_create(&bench.view, &err), &err);
    (void)printf("%zu documents, %zu bytes\n", texts.count, texts.bytes);

    for (tamis_splitter splitter = 0; splitter < TAMIS_SPLITTER_COUNT; splitter++) {
        measure(tamis_splitter_name(splitter), &texts, &bench, run_split, &splitter);
    }
    for (tamis_signal_family family = 0; family < TAMIS_FAMILY_MODEL; family++) {
        uint64_t bits[TAMIS_SIGNAL_WORDS] = {0};

        tamis_signal_bits_add_family(bits, family);
        measure(tamis_signal_family_name(family), &texts, &bench, run_wanted, bits);
        if (!needs_sentences(family)) {
            tamis_signal_bits_add_family(all, family);
        }
        if (!needs_sentences(family) && family != TAMIS_FAMILY_DATATROVE_UAX29 &&
            family != TAMIS_FAMILY_DATATROVE_UAX29_NGRAMS) {
            tamis_signal_bits_add_family(words_once, family);
        }
    }
    measure("all but sentences", &texts, &bench, run_wanted, all);
    measure("... and but datatrove over uax29", &texts, &bench, run_wanted, words_once);
    measure("gopher + fineweb, early exit", &texts, &bench, run_verdict, NULL);
    tamis_text_view_destroy(bench.view);
    tamis_signals_destroy(bench.engine);
    free(texts.data);
    free(texts.texts);
    return 0;
}
