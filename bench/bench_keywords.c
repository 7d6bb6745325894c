/* SPDX-License-Identifier: Apache-2.0 */
/* bench_keywords TEXT [LIST] - how fast a list is sought in a text, on one core.
 *
 * TEXT is a file of plain text, cut into documents of about 4 KB. Without LIST, 400 terms are made:
 * words of the text's own pieces put together, so that they share beginnings with its words but
 * hardly ever stand in it. The best of several rounds counts, for each set of rules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/keywords.h"
#include "tamis/rng.h"
#include "tamis/utf8.h"

#define DOCUMENT_BYTES 4096
#define ROUNDS         15
#define TERMS          400
#define TEXT_MAX       (64u << 20)

static void must(tamis_status status, const char *what)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_keywords: %s: %s\n", what, tamis_status_text(status));
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
        (void)fprintf(stderr, "bench_keywords: %s cannot be opened\n", path);
        exit(1);
    }
    raw.size = fread(raw.data, 1, TEXT_MAX, file);
    (void)fclose(file);
    must(tamis_utf8_repair(tamis_buf_slice(&raw), out), "repair");
    tamis_buf_fini(&raw);
}

/* The word at a random place: letters only. */
static tamis_slice random_word(tamis_slice text, tamis_rng *rng)
{
    for (;;) {
        size_t at = tamis_rng_below(rng, text.size);
        size_t end = 0;

        while (at < text.size && text.data[at] != ' ') {
            at++;
        }
        end = ++at;
        while (end < text.size && (text.data[end] | 0x20) >= 'a' &&
               (text.data[end] | 0x20) <= 'z') {
            end++;
        }
        if (end > at + 2) {
            return tamis_slice_of(text.data + at, end - at);
        }
    }
}

static void make_list(tamis_slice text, tamis_buf *out)
{
    tamis_rng rng = {.state = 7};

    for (size_t i = 0; i < TERMS; i++) {
        tamis_slice first = random_word(text, &rng);
        tamis_slice second = random_word(text, &rng);

        must(tamis_buf_append(out, first.data, i % 4 == 0 ? first.size : (first.size + 1) / 2),
             "list");
        must(tamis_buf_append_string(out, i % 4 == 0 ? " " : ""), "list");
        must(tamis_buf_append(out, second.data, second.size), "list");
        must(tamis_buf_append_string(out, "\n"), "list");
    }
}

static double one_round(tamis_keyword_scan *scan, tamis_slice text, uint64_t *matches)
{
    double begin = now_s();

    *matches = 0;
    for (size_t first = 0; first < text.size;) {
        size_t end = first + DOCUMENT_BYTES < text.size ? first + DOCUMENT_BYTES : text.size;
        tamis_keyword_result result;

        while (end < text.size && text.data[end] != '\n') {
            end++;
        }
        must(tamis_keyword_scan_run(scan, tamis_slice_of(text.data + first, end - first), &result,
                                    NULL),
             "scan");
        *matches += result.match_count;
        first = end;
    }
    return now_s() - begin;
}

static void measure(tamis_slice list, tamis_slice text, tamis_keyword_rules rules,
                    bool is_substring)
{
    tamis_keywords_settings settings = {.rules = rules, .is_substring = is_substring};
    tamis_keywords *keywords = NULL;
    tamis_keyword_scan *scan = NULL;
    uint64_t matches = 0;
    double best = 1e9;

    must(tamis_keywords_create(&settings, list, "list", &keywords, NULL), "list");
    must(tamis_keyword_scan_create(keywords, &scan, NULL), "scan");
    for (int i = 0; i < ROUNDS; i++) {
        double seconds = one_round(scan, text, &matches);

        best = seconds < best ? seconds : best;
    }
    (void)printf("%-10s %-9s %5zu terms  %8.0f MB/s  %llu matches\n",
                 tamis_keyword_rules_name(rules), is_substring ? "substring" : "words",
                 tamis_keywords_count(keywords), (double)text.size / best / 1e6,
                 (unsigned long long)matches);
    tamis_keyword_scan_destroy(scan);
    tamis_keywords_destroy(keywords);
}

int main(int argc, char **argv)
{
    tamis_buf text;
    tamis_buf list;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_keywords TEXT [LIST]\n");
        return 2;
    }
    tamis_buf_init(&text, 0);
    tamis_buf_init(&list, 0);
    read_text(argv[1], &text);
    if (argc > 2) {
        read_text(argv[2], &list);
    } else {
        make_list(tamis_buf_slice(&text), &list);
    }
    for (unsigned rules = 0; rules < TAMIS_KEYWORD_RULES_COUNT; rules++) {
        measure(tamis_buf_slice(&list), tamis_buf_slice(&text), (tamis_keyword_rules)rules, false);
    }
    measure(tamis_buf_slice(&list), tamis_buf_slice(&text), TAMIS_KEYWORD_DATATROVE, true);
    tamis_buf_fini(&list);
    tamis_buf_fini(&text);
    return 0;
}
