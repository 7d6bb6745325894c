/* SPDX-License-Identifier: Apache-2.0 */
/* How fast records come out of a reader, decoded MB/s on one core, for each kernel and compression.
 *
 *   bench_reader [FILE...]
 *
 * Without a file it makes its own: documents of 4 KB of seeded text with the escapes of prose,
 * plain, gzip, zstd, and as WET with one gzip member a record. Files are read from the page cache;
 * the best of several rounds counts, in CPU time of the thread (other work may share the machine).
 * TAMIS_KERNEL restricts the kernels. "scan" is the JSON scanner alone over bytes in memory, UTF-8
 * check included; "decode" the decompressor alone. */
#include <inttypes.h>
#include <isa-l/igzip_lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "json_scan.h"
#include "tamis/rng.h"
#include "tamis/source.h"
#include "tamis/utf8.h"

#define ROUNDS         7
#define DOCUMENT_COUNT 16000
#define PIECE_BYTES    ((size_t)256 << 10)

static double seconds_used(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool kernel_is_wanted(tamis_kernel kernel)
{
    const char *only = getenv("TAMIS_KERNEL");

    return tamis_kernel_is_available(kernel) &&
           (only == NULL || strcmp(only, tamis_kernel_name(kernel)) == 0);
}

static void must(tamis_status status)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_reader: %s\n", tamis_status_text(status));
        exit(1);
    }
}

static void report(const char *what, const char *kernel, uint64_t bytes, uint64_t rows, double best)
{
    (void)printf("%-28s %-8s %9.0f MB/s %9.0f ns/row\n", what, kernel, (double)bytes / best / 1e6,
                 rows == 0 ? 0.0 : best * 1e9 / (double)rows);
}

/* ---- Making of inputs -------------------------------------------------------------------------
 */

/* Words whose frequencies fall off, so that the text packs about as well as prose does. */
static void text_make(tamis_rng *rng, tamis_buf *out, size_t size, const char *line_end)
{
    while (out->size < size) {
        uint64_t rank = tamis_rng_below(rng, 1 + tamis_rng_below(rng, 20000));
        tamis_rng word = {rank * 77 + 1};
        size_t length = 2 + tamis_rng_below(&word, 10);

        for (size_t i = 0; i < length; i++) {
            must(tamis_buf_append_byte(out,
                                       (uint8_t)("etaoinshrdlucmfw"[tamis_rng_below(&word, 16)])));
        }
        if (tamis_rng_below(rng, 100) == 0) {
            must(tamis_buf_append_string(out, "\xc3\xa9"));
        }
        must(tamis_buf_append_string(out, tamis_rng_below(rng, 18) == 0 ? line_end : " "));
    }
}

static void document_make(tamis_rng *rng, unsigned number, bool is_wet, tamis_buf *text,
                          tamis_buf *out)
{
    tamis_buf_reset(text);
    text_make(rng, text, 500 + tamis_rng_below(rng, 7000), is_wet ? "\n" : "\\n");
    if (is_wet) {
        must(tamis_buf_append_format(
            out,
            "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: https://example.org/%u\r\n"
            "WARC-Date: 2024-05-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:%08u-0000>\r\n"
            "WARC-Refers-To: <urn:uuid:%08u-0001>\r\nContent-Type: text/plain\r\n"
            "Content-Length: %zu\r\n\r\n",
            number, number, number, text->size));
        must(tamis_buf_append(out, text->data, text->size));
        must(tamis_buf_append_string(out, "\r\n\r\n"));
    } else {
        must(tamis_buf_append_format(
            out,
            "{\"id\":\"doc-%u\",\"url\":\"https://example.org/%u\",\"lang\":\"en\",\"text\":\"",
            number, number));
        must(tamis_buf_append(out, text->data, text->size));
        must(tamis_buf_append_string(out, "\"}\n"));
    }
}

static void gzip_append(tamis_buf *out, const uint8_t *data, size_t size)
{
    struct isal_zstream stream;
    uint8_t *level = malloc(ISAL_DEF_LVL2_DEFAULT);

    isal_deflate_init(&stream);
    stream.level = 2;
    stream.level_buf = level;
    stream.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.next_in = (uint8_t *)(uintptr_t)data;
    stream.avail_in = (uint32_t)size;
    must(tamis_buf_reserve(out, size + 4096));
    stream.next_out = out->data + out->size;
    stream.avail_out = (uint32_t)(out->capacity - out->size);
    if (isal_deflate(&stream) != COMP_OK) {
        exit(1);
    }
    out->size += stream.total_out;
    free(level);
}

static void zstd_append(tamis_buf *out, const uint8_t *data, size_t size)
{
    must(tamis_buf_reserve(out, ZSTD_compressBound(size)));
    out->size += ZSTD_compress(out->data + out->size, out->capacity - out->size, data, size, 3);
}

static void file_write(const char *path, const tamis_buf *bytes)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes->data, 1, bytes->size, file) != bytes->size ||
        fclose(file) != 0) {
        (void)fprintf(stderr, "bench_reader: %s cannot be written\n", path);
        exit(1);
    }
}

/* ---- Measuring --------------------------------------------------------------------------------
 */

static void bench_scan(const tamis_settings *settings, const tamis_buf *lines, tamis_kernel kernel)
{
    const json_kernel *json = json_kernel_of(kernel);
    json_plan plan;
    double best = 1e9;
    uint64_t rows = 0;
    uint8_t *text = malloc((1u << 20) + TAMIS_BUF_SLACK);

    must(json_plan_init(&plan, settings, NULL));
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds_used();
        const uint8_t *p = lines->data;
        const uint8_t *end = lines->data + lines->size;

        rows = 0;
        while (p < end) {
            const uint8_t *feed = memchr(p, '\n', (size_t)(end - p));
            json_record record;

            json->scan(&plan, p, feed, text, &record);
            if (record.fault != TAMIS_FAULT_NONE ||
                tamis_utf8_valid_prefix(tamis_slice_of(text, record.text_size)) !=
                    record.text_size) {
                exit(1);
            }
            rows++;
            p = feed + 1;
        }
        best = seconds_used() - start < best ? seconds_used() - start : best;
    }
    report("scan jsonl in memory", tamis_kernel_name(kernel), lines->size, rows, best);
    json_plan_fini(&plan);
    free(text);
}

static void bench_decode(const tamis_settings *settings, const tamis_input *input)
{
    tamis_source_options options = {.zstd_window_log_max = settings->zstd_window_log_max};
    tamis_source_range range = {
        .compression = input->compression, .end = input->size_bytes, .size = input->size_bytes};
    tamis_source *source = NULL;
    uint8_t *piece = malloc(PIECE_BYTES);
    char what[64];
    double best = 1e9;
    uint64_t bytes = 0;

    must(tamis_source_create(&options, &source, NULL));
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds_used();
        size_t size = 0;

        must(tamis_source_open(source, input->path, &range, NULL));
        while (tamis_source_read(source, piece, PIECE_BYTES, &size, NULL) == TAMIS_OK) {
        }
        best = seconds_used() - start < best ? seconds_used() - start : best;
        bytes = tamis_source_look(source)->decoded_bytes;
    }
    (void)snprintf(what, sizeof(what), "decode %.50s", input->name);
    report(what, "", bytes, 0, best);
    tamis_source_destroy(source);
    free(piece);
}

static void bench_read(const tamis_settings *settings, const tamis_plan *plan, uint32_t number,
                       tamis_kernel kernel)
{
    const tamis_input *input = &plan->inputs[number];
    tamis_split split = {.input = number, .end = input->size_bytes};
    tamis_reader *reader = NULL;
    tamis_reader_summary summary;
    char what[64];
    double best = 1e9;

    tamis_kernel_set(kernel);
    must(tamis_reader_create(settings, &reader, NULL));
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds_used();
        tamis_doc doc;

        must(tamis_reader_open(reader, input, &split, 0, NULL));
        while (tamis_reader_next(reader, &doc, NULL) == TAMIS_OK) {
        }
        best = seconds_used() - start < best ? seconds_used() - start : best;
    }
    tamis_reader_summarize(reader, &summary);
    (void)snprintf(what, sizeof(what), "read %.50s", input->name);
    report(what, tamis_kernel_name(kernel), summary.decoded_bytes, summary.rows, best);
    tamis_reader_destroy(reader);
}

static void bench_files(const tamis_settings *settings, const char *const *paths, size_t count)
{
    tamis_discover_options options = {.paths = paths, .path_count = count};
    tamis_plan plan = {.inputs = NULL};
    tamis_err err;

    if (tamis_discover(settings, &options, &plan, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "bench_reader: %s\n", err.text);
        exit(1);
    }
    for (uint32_t i = 0; i < plan.input_count; i++) {
        if (plan.inputs[i].fault != TAMIS_OK) {
            continue;
        }
        bench_decode(settings, &plan.inputs[i]);
        for (int kernel = TAMIS_KERNEL_COUNT; kernel-- > 0;) {
            if (kernel_is_wanted((tamis_kernel)kernel)) {
                bench_read(settings, &plan, i, (tamis_kernel)kernel);
            }
        }
    }
    tamis_plan_fini(&plan);
}

static void bench_own(const tamis_settings *settings)
{
    static const char *const names[] = {"plain.jsonl", "one.jsonl.gz", "one.jsonl.zst",
                                        "member.warc.wet.gz"};
    char folder[] = "/tmp/bench-reader-XXXXXX";
    char paths[4][64];
    const char *list[4];
    tamis_rng rng = {1};
    tamis_buf text = {.max = 0};
    tamis_buf lines = {.max = 0};
    tamis_buf record = {.max = 0};
    tamis_buf packed[4] = {{.max = 0}};

    if (mkdtemp(folder) == NULL) {
        exit(1);
    }
    for (unsigned i = 0; i < DOCUMENT_COUNT; i++) {
        document_make(&rng, i, false, &text, &lines);
        tamis_buf_reset(&record);
        document_make(&rng, i, true, &text, &record);
        gzip_append(&packed[3], record.data, record.size);
    }
    must(tamis_buf_append(&packed[0], lines.data, lines.size));
    gzip_append(&packed[1], lines.data, lines.size);
    zstd_append(&packed[2], lines.data, lines.size);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder, names[i]);
        file_write(paths[i], &packed[i]);
        list[i] = paths[i];
        tamis_buf_fini(&packed[i]);
    }
    (void)printf("%u documents, %.1f MB of JSON Lines\n", DOCUMENT_COUNT, (double)lines.size / 1e6);
    for (int kernel = TAMIS_KERNEL_COUNT; kernel-- > 0;) {
        if (kernel_is_wanted((tamis_kernel)kernel)) {
            bench_scan(settings, &lines, (tamis_kernel)kernel);
        }
    }
    bench_files(settings, list, 4);
    for (int i = 0; i < 4; i++) {
        (void)unlink(paths[i]);
    }
    (void)rmdir(folder);
    tamis_buf_fini(&text);
    tamis_buf_fini(&lines);
    tamis_buf_fini(&record);
}

int main(int argument_count, char **arguments)
{
    tamis_settings settings;

    tamis_settings_defaults(&settings);
    settings.split_bytes = UINT64_MAX >> 1;
    if (argument_count > 1) {
        bench_files(&settings, (const char *const *)(arguments + 1), (size_t)argument_count - 1);
    } else {
        bench_own(&settings);
    }
    return 0;
}
