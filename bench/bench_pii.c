/* SPDX-License-Identifier: Apache-2.0 */
/* bench_pii TEXT - how fast a text is searched for personal data, on one core.
 *
 * TEXT is a file of plain text, cut into documents of about 4 KB. Documents with a match are then
 * left out, which gives the speed on text without personal data. The best of several rounds counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/pii.h"
#include "tamis/utf8.h"

#define DOCUMENT_BYTES 4096
#define ROUNDS         15
#define TEXT_MAX       (64u << 20)

static void must(tamis_status status, const char *what)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_pii: %s: %s\n", what, tamis_status_text(status));
        exit(1);
    }
}

static double now_s(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void read_text(const char *path, tamis_buf *out)
{
    FILE *file = fopen(path, "rbe");
    tamis_buf raw;

    tamis_buf_init(&raw, 0);
    must(tamis_buf_reserve(&raw, TEXT_MAX), "memory");
    if (file == NULL) {
        (void)fprintf(stderr, "bench_pii: %s cannot be opened\n", path);
        exit(1);
    }
    raw.size = fread(raw.data, 1, TEXT_MAX, file);
    (void)fclose(file);
    must(tamis_utf8_repair(tamis_buf_slice(&raw), out), "repair");
    tamis_buf_fini(&raw);
}

/* One pass over all documents; clean ones are appended to `clean` when it is not NULL. */
static uint64_t one_round(tamis_pii *pii, tamis_slice text, tamis_buf *clean)
{
    uint64_t found = 0;

    for (size_t first = 0; first < text.size;) {
        size_t end = first + DOCUMENT_BYTES < text.size ? first + DOCUMENT_BYTES : text.size;
        const tamis_pii_span *spans = NULL;
        size_t count = 0;

        while (end < text.size && text.data[end] != '\n') {
            end++;
        }
        must(tamis_pii_scan(pii, tamis_slice_of(text.data + first, end - first), &spans, &count,
                            NULL),
             "scan");
        found += count;
        if (clean != NULL && count == 0) {
            must(tamis_buf_append(clean, text.data + first, end - first), "memory");
        }
        first = end;
    }
    return found;
}

static void measure(tamis_pii *pii, tamis_slice text, const char *what)
{
    uint64_t found = 0;
    double best = 1e9;

    for (int i = 0; i < ROUNDS; i++) {
        double begin = now_s();
        double seconds = 0;

        found = one_round(pii, text, NULL);
        seconds = now_s() - begin;
        best = seconds < best ? seconds : best;
    }
    (void)printf("%-24s %8.1f MB  %8.0f MB/s  %llu matches\n", what, (double)text.size / 1e6,
                 (double)text.size / best / 1e6, (unsigned long long)found);
}

int main(int argc, char **argv)
{
    tamis_pii_settings settings = {.types = TAMIS_PII_ALL, .style = TAMIS_PII_STYLE_DOLMA};
    tamis_pii *pii = NULL;
    tamis_buf text;
    tamis_buf clean;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_pii TEXT\n");
        return 2;
    }
    tamis_buf_init(&text, 0);
    tamis_buf_init(&clean, 0);
    read_text(argv[1], &text);
    must(tamis_pii_create(&settings, &pii, NULL), "create");
    (void)one_round(pii, tamis_buf_slice(&text), &clean);
    measure(pii, tamis_buf_slice(&text), "all text");
    measure(pii, tamis_buf_slice(&clean), "without personal data");
    tamis_pii_destroy(pii);
    tamis_buf_fini(&clean);
    tamis_buf_fini(&text);
    return 0;
}
