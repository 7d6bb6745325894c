/* SPDX-License-Identifier: Apache-2.0 */
/* Band entries (key, ord) as SCAN makes and LINK reads them: sorting in memory, writing run files,
 * reading and merging them, and a sort that spills.
 *
 *     bench_runs [FOLDER [MILLIONS [FILES]]]     defaults: . 20 16
 *
 * Prints ns of processor time per entry, best of three, and bytes per entry on disk. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tamis/ord.h"
#include "tamis/rng.h"
#include "tamis/sorter.h"

#define WORDS     2
#define ROUNDS    3
#define FILES_MAX 1024
#define MEMORY    (UINT64_C(1) << 30)

static tamis_err err;
static const char *folder = ".";

/* Processor time, so that what else the machine does counts little; waiting for the disk does not
 * count at all. */
static double now_s(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double wall_s(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void must(tamis_status status)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_runs: %s\n", err.text);
        exit(1);
    }
}

static void *must_alloc(size_t bytes)
{
    void *memory = malloc(bytes);

    if (memory == NULL) {
        (void)fprintf(stderr, "bench_runs: out of memory\n");
        exit(1);
    }
    return memory;
}

static void show(const char *what, double seconds, size_t count, const char *note)
{
    (void)printf("%-44s %7.2f ns/entry  %8.1f M entries/s  %s\n", what,
                 seconds * 1e9 / (double)count, (double)count / seconds * 1e-6, note);
    (void)fflush(stdout);
}

static double best(double a, double b)
{
    return b < a ? b : a;
}

static void file_path(char out_path[512], size_t index)
{
    (void)snprintf(out_path, 512, "%s/bench-%zu.run", folder, index);
}

/* Keys of one slot's width (all 64 bits random), ords of `splits` splits; one key in ten is that of
 * an earlier entry, as near-duplicates make them. */
static void make_entries(uint64_t *records, size_t count, uint64_t seed)
{
    tamis_rng rng = {.state = seed};

    for (size_t i = 0; i < count; i++) {
        bool is_copy = i > 100 && tamis_rng_below(&rng, 10) == 0;

        records[WORDS * i] =
            is_copy ? records[WORDS * tamis_rng_below(&rng, i)] : tamis_rng_next(&rng);
        records[WORDS * i + 1] = tamis_ord_make(0, (uint32_t)(seed % 64), (uint32_t)(i / 18));
    }
}

static uint32_t no_part(const void *context, uint64_t word)
{
    (void)context;
    (void)word;
    return 0;
}

static void bench_sort(const uint64_t *entries, size_t count)
{
    uint64_t *records = must_alloc(count * WORDS * 8);
    uint64_t *scratch = must_alloc(count * WORDS * 8);

    for (size_t part = 1; part <= 1000; part *= 10) {
        size_t each = count / part;
        double seconds = 1e9;
        char name[64];

        for (int round = 0; round < ROUNDS; round++) {
            double start = 0;

            memcpy(records, entries, count * WORDS * 8);
            memset(scratch, 1, count * WORDS * 8);
            start = now_s();
            for (size_t first = 0; first + each <= count; first += each) {
                tamis_sort_words(records + first * WORDS, each, WORDS, scratch);
            }
            seconds = best(seconds, now_s() - start);
        }
        (void)snprintf(name, sizeof(name), "sort in memory, %zu at a time", each);
        show(name, seconds, each * part, "");
    }
    free(records);
    free(scratch);
}

/* Each file: its share of the entries, sorted and written by a sorter. */
static void bench_sorter_to_files(const uint64_t *entries, size_t count, size_t files)
{
    size_t each = count / files;
    double seconds = 0;
    uint64_t bytes = 0;
    char note[64];

    for (size_t i = 0; i < files; i++) {
        const tamis_sorter_options options = {
            .words = WORDS, .memory_bytes = MEMORY, .temp_folder = folder};
        tamis_sorter *sorter = NULL;
        tamis_run_writer *writer = NULL;
        uint64_t file_bytes = 0;
        char path[512];
        double start = now_s();

        file_path(path, i);
        must(tamis_sorter_create(&options, &sorter, &err));
        for (size_t first = 0; first < each; first += 4096) {
            size_t step = each - first < 4096 ? each - first : 4096;

            must(tamis_sorter_add(sorter, entries + (i * each + first) * WORDS, step, &err));
        }
        must(tamis_run_writer_create(path, &writer, &err));
        must(tamis_sorter_write(sorter, writer, 0, no_part, NULL, &err));
        seconds += now_s() - start;
        must(tamis_run_writer_finish(writer, &file_bytes, &err));
        tamis_run_writer_destroy(writer);
        tamis_sorter_destroy(sorter);
        bytes += file_bytes;
    }
    (void)snprintf(note, sizeof(note), "%.2f B/entry, without fsync",
                   (double)bytes / (double)count);
    show("add, sort and write to run files", seconds, each * files, note);
}

static void bench_write(uint64_t *entries, size_t count)
{
    double seconds = 1e9;
    double synced = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        tamis_run_writer *writer = NULL;
        char path[512];
        double start = now_s();
        double wall_start = wall_s();

        file_path(path, FILES_MAX);
        must(tamis_run_writer_create(path, &writer, &err));
        must(tamis_run_writer_begin(writer, 0, 0, WORDS, false, &err));
        must(tamis_run_writer_append(writer, entries, count, &err));
        must(tamis_run_writer_end(writer, &err));
        seconds = best(seconds, now_s() - start);
        must(tamis_run_writer_finish(writer, NULL, &err));
        synced = best(synced, wall_s() - wall_start);
        tamis_run_writer_destroy(writer);
    }
    show("write one run file", seconds, count, "without fsync");
    show("write one run file", synced, count, "with fsync, by the clock");
}

static void bench_read(size_t count)
{
    double seconds = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        tamis_run_file *file = NULL;
        tamis_run_cursor *cursor = NULL;
        const uint64_t *records = NULL;
        size_t got = 0;
        uint64_t sum = 0;
        char path[512];
        double start = now_s();

        file_path(path, FILES_MAX);
        must(tamis_run_file_open(path, &file, &err));
        must(tamis_run_cursor_create(file, 0, 0, 512 << 10, &cursor, &err));
        while (tamis_run_cursor_next(cursor, &records, &got, &err) == TAMIS_OK) {
            sum += records[0];
        }
        seconds = best(seconds, now_s() - start);
        tamis_run_cursor_destroy(cursor);
        tamis_run_file_close(file);
        if (sum == 1) {
            (void)printf("\n"); /* keeps the loop */
        }
    }
    show("read one run file", seconds, count, "");
}

/* All words of the first `files` files, in order. */
static void bench_merge(size_t files, size_t each, uint64_t memory_bytes)
{
    static char paths[FILES_MAX][512];
    tamis_merge_source sources[FILES_MAX];
    const tamis_merge_options options = {
        .words = WORDS, .memory_bytes = memory_bytes, .temp_folder = folder};
    double seconds = 1e9;
    tamis_sort_stats stats = {0};
    char name[64];
    char note[64];

    for (size_t i = 0; i < files; i++) {
        file_path(paths[i], i);
        sources[i] = (tamis_merge_source){.path = paths[i], .kind = 0, .part = 0};
    }
    for (int round = 0; round < ROUNDS; round++) {
        tamis_merge *merge = NULL;
        const uint64_t *records = NULL;
        size_t got = 0;
        size_t total = 0;
        uint64_t last[WORDS] = {0};
        double start = now_s();

        must(tamis_merge_create(&options, sources, files, &merge, &err));
        while (tamis_merge_next(merge, &records, &got, &err) == TAMIS_OK) {
            if (records[0] < last[0]) {
                (void)fprintf(stderr, "bench_runs: wrong order\n");
                exit(1);
            }
            last[0] = records[(got - 1) * WORDS];
            total += got;
        }
        seconds = best(seconds, now_s() - start);
        tamis_merge_stats(merge, &stats);
        tamis_merge_destroy(merge);
        if (total != files * each) {
            (void)fprintf(stderr, "bench_runs: %zu of %zu entries\n", total, files * each);
            exit(1);
        }
    }
    (void)snprintf(name, sizeof(name), "merge %zu files within %" PRIu64 " MiB", files,
                   memory_bytes >> 20);
    (void)snprintf(note, sizeof(note), "%" PRIu64 " passes before the last", stats.merge_passes);
    show(name, seconds, files * each, note);
}

static void bench_spill(const uint64_t *entries, size_t count, uint64_t memory_bytes)
{
    const tamis_sorter_options options = {
        .words = WORDS, .memory_bytes = memory_bytes, .temp_folder = folder};
    tamis_sorter *sorter = NULL;
    const uint64_t *records = NULL;
    size_t got = 0;
    tamis_sort_stats stats = {0};
    char name[64];
    char note[96];
    double start = now_s();

    must(tamis_sorter_create(&options, &sorter, &err));
    must(tamis_sorter_add(sorter, entries, count, &err));
    must(tamis_sorter_sort(sorter, &err));
    while (tamis_sorter_next(sorter, &records, &got, &err) == TAMIS_OK) {
    }
    start = now_s() - start;
    tamis_sorter_stats(sorter, &stats);
    tamis_sorter_destroy(sorter);
    (void)snprintf(name, sizeof(name), "sort within %" PRIu64 " MiB", memory_bytes >> 20);
    (void)snprintf(note, sizeof(note),
                   "%" PRIu64 " spills, %" PRIu64 " passes, %.2f B spilled an entry", stats.spills,
                   stats.merge_passes, (double)stats.spilled_bytes / (double)count);
    show(name, start, count, note);
}

/* Records as PAIR_LATER leaves them: two ords, a word of figures, a signature of 128 bytes. */
static void bench_wide(size_t count, uint64_t memory_bytes)
{
    enum { WIDE = 19 };
    const tamis_sorter_options options = {
        .words = WIDE, .memory_bytes = memory_bytes, .temp_folder = folder};
    tamis_sorter *sorter = NULL;
    const uint64_t *records = NULL;
    tamis_rng rng = {.state = 7};
    size_t got = 0;
    tamis_sort_stats stats = {0};
    char name[64];
    char note[64];
    double start = now_s();

    must(tamis_sorter_create(&options, &sorter, &err));
    for (size_t i = 0; i < count; i++) {
        uint64_t record[WIDE];

        record[0] = tamis_ord_make(0, (uint32_t)tamis_rng_below(&rng, 64),
                                   (uint32_t)tamis_rng_below(&rng, 50000));
        record[1] = record[0] + 1 + tamis_rng_below(&rng, 1000);
        for (size_t word = 2; word < WIDE; word++) {
            record[word] = tamis_rng_next(&rng);
        }
        must(tamis_sorter_add(sorter, record, 1, &err));
    }
    must(tamis_sorter_sort(sorter, &err));
    while (tamis_sorter_next(sorter, &records, &got, &err) == TAMIS_OK) {
    }
    start = now_s() - start;
    tamis_sorter_stats(sorter, &stats);
    tamis_sorter_destroy(sorter);
    (void)snprintf(name, sizeof(name), "sort %d words within %" PRIu64 " MiB", WIDE,
                   memory_bytes >> 20);
    (void)snprintf(note, sizeof(note), "%" PRIu64 " spills, %" PRIu64 " passes", stats.spills,
                   stats.merge_passes);
    show(name, start, count, note);
}

/* Records as SPOOL leaves them: an ord and some hundred shingle hashes. */
static void bench_payload(size_t count, uint64_t memory_bytes)
{
    static uint8_t payload[16384];
    const tamis_sorter_options options = {
        .words = 1, .has_payload = true, .memory_bytes = memory_bytes, .temp_folder = folder};
    tamis_sorter *sorter = NULL;
    const uint64_t *records = NULL;
    tamis_rng rng = {.state = 7};
    size_t got = 0;
    uint64_t bytes = 0;
    uint64_t sum = 0;
    tamis_sort_stats stats = {0};
    char name[64];
    char note[96];
    double start = now_s();

    must(tamis_sorter_create(&options, &sorter, &err));
    for (size_t i = 0; i < count; i++) {
        uint64_t record = tamis_rng_below(&rng, 1000000);
        size_t size = 8 * (size_t)tamis_rng_below(&rng, sizeof(payload) / 16);

        must(tamis_sorter_add_payload(sorter, &record, tamis_slice_of(payload, size), &err));
        bytes += size;
    }
    must(tamis_sorter_sort(sorter, &err));
    while (tamis_sorter_next(sorter, &records, &got, &err) == TAMIS_OK) {
        for (size_t i = 0; i < got; i++) {
            sum += tamis_sorter_payload(sorter, i).size;
        }
    }
    start = now_s() - start;
    tamis_sorter_stats(sorter, &stats);
    tamis_sorter_destroy(sorter);
    (void)snprintf(name, sizeof(name), "sort payloads within %" PRIu64 " MiB", memory_bytes >> 20);
    (void)snprintf(note, sizeof(note), "%" PRIu64 " spills, %" PRIu64 " passes, %.0f MB/s%s",
                   stats.spills, stats.merge_passes, (double)bytes / start * 1e-6,
                   sum == bytes ? "" : ", WRONG");
    show(name, start, count, note);
}

int main(int argument_count, char **arguments)
{
    size_t millions = argument_count > 2 ? (size_t)strtoul(arguments[2], NULL, 10) : 20;
    size_t files = argument_count > 3 ? (size_t)strtoul(arguments[3], NULL, 10) : 16;
    size_t count = 0;
    uint64_t *entries = NULL;
    char path[512];

    folder = argument_count > 1 ? arguments[1] : ".";
    if (millions == 0 || millions > 2000 || files == 0 || files > FILES_MAX - 1) {
        (void)fprintf(stderr, "usage: bench_runs [FOLDER [MILLIONS [FILES]]]\n");
        return 2;
    }
    count = millions * 1000000 / files * files;
    entries = must_alloc(count * WORDS * 8);
    for (size_t i = 0; i < files; i++) {
        make_entries(entries + i * (count / files) * WORDS, count / files, i + 1);
    }
    bench_sort(entries, count);
    bench_sorter_to_files(entries, count, files);
    for (size_t some = 1; some < files; some *= 2) {
        bench_merge(some, count / files, UINT64_C(64) << 20);
    }
    bench_merge(files, count / files, UINT64_C(64) << 20);
    bench_merge(files, count / files, UINT64_C(1) << 20);
    bench_spill(entries, count, UINT64_C(64) << 20);
    bench_spill(entries, count, UINT64_C(4) << 20);
    {
        uint64_t *scratch = must_alloc(count * WORDS * 8);

        tamis_sort_words(entries, count, WORDS, scratch);
        free(scratch);
    }
    bench_write(entries, count);
    bench_read(count);
    bench_wide(millions * 50000, MEMORY);
    bench_wide(millions * 50000, UINT64_C(32) << 20);
    bench_payload(millions * 2000, MEMORY);
    bench_payload(millions * 2000, UINT64_C(16) << 20);
    for (size_t i = 0; i <= FILES_MAX; i++) {
        file_path(path, i);
        (void)unlink(path);
    }
    free(entries);
    return 0;
}
