/* SPDX-License-Identifier: Apache-2.0 */
/* bench_lines golden FOLDER [icu|end-marks]: agreement of the line rules with golden values.
 * bench_lines speed FILE: each rule over the lines of a JSONL file's "text" (or a plain file as one
 * text), in MB/s of one core, the best of three rounds.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "golden_lines.h"
#include "tamis/cpu.h"

#define ROUNDS      3
#define TEXTS_BYTES ((size_t)64 << 20)
#define TEXTS_MAX   200000u

typedef struct text_place {
    size_t begin;
    size_t size;
} text_place;

static double now_s(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int print_golden(const char *folder, tamis_sentence_count how)
{
    static golden_report report = {.prints = 1};
    size_t differ = 0;

    if (!golden_lines_compare(folder, how, &report)) {
        return 1;
    }
    (void)printf("%-46s %15s %13s %13s %13s %s\n", "", "verdict", "text", "fates", "sentences",
                 "verdicts by sentences");
    for (size_t i = 0; i < report.row_count; i++) {
        const golden_row *row = &report.rows[i];

        (void)printf("%-48s", row->name);
        for (size_t kind = 0; kind < GOLDEN_KINDS; kind++) {
            (void)printf(" %6zu/%-6zu", row->compared[kind] - row->differ[kind],
                         row->compared[kind]);
            differ += kind == GOLDEN_SENTENCES ? 0 : row->differ[kind];
        }
        (void)printf(" %zu\n", row->by_sentences);
    }
    (void)printf("%zu records, %zu differences not due to sentences\n", report.records, differ);
    return differ == 0 ? 0 : 1;
}

/* Reads texts one behind the other into `texts`. */
static size_t read_texts(const char *path, tamis_buf *texts, text_place *places)
{
    FILE *file = fopen(path, "rb");
    char *line = NULL;
    size_t room = 0;
    ssize_t size = 0;
    size_t count = 0;

    while (file != NULL && count < TEXTS_MAX && texts->size < TEXTS_BYTES &&
           (size = getline(&line, &room, file)) > 0) {
        json_t *record = json_loadb(line, (size_t)size, 0, NULL);
        const json_t *text = json_object_get(record, "text");

        if (text != NULL) {
            places[count++] = (text_place){texts->size, json_string_length(text)};
            if (tamis_buf_append(texts, json_string_value(text), json_string_length(text)) !=
                TAMIS_OK) {
                abort();
            }
        }
        json_decref(record);
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

static void time_rule(tamis_line_rules *rules, tamis_line_rule rule, const tamis_buf *texts,
                      const text_place *places, size_t count)
{
    tamis_edits edits;
    double best = 0;
    size_t kept = 0;

    tamis_edits_init(&edits);
    for (unsigned round = 0; round < ROUNDS; round++) {
        double start = now_s();
        double rate = 0;

        kept = 0;
        for (size_t i = 0; i < count; i++) {
            tamis_line_result result;

            if (tamis_line_rules_run(rules, rule,
                                     tamis_slice_of(texts->data + places[i].begin, places[i].size),
                                     &edits, &result, NULL) != TAMIS_OK) {
                abort();
            }
            kept += result.drop_reason == NULL;
        }
        rate = (double)texts->size / 1e6 / (now_s() - start);
        best = rate > best ? rate : best;
    }
    (void)printf("%-36s %8.0f MB/s  kept %zu of %zu\n", tamis_line_rule_name(rule), best, kept,
                 count);
    tamis_edits_fini(&edits);
}

static int time_rules(const char *path, tamis_sentence_count how)
{
    tamis_line_options options = {.sentence_count = how};
    text_place *places = malloc(TEXTS_MAX * sizeof(*places));
    tamis_line_rules *rules = NULL;
    tamis_buf texts;
    size_t count = 0;

    tamis_buf_init(&texts, 0);
    if (places == NULL || tamis_line_rules_create(&options, &rules, NULL) != TAMIS_OK) {
        free(places);
        return 1;
    }
    count = read_texts(path, &texts, places);
    (void)printf("%zu texts, %.1f MB, kernel %s\n", count, (double)texts.size / 1e6,
                 tamis_kernel_name(tamis_kernel_best()));
    for (unsigned rule = 0; rule < TAMIS_LINE_RULES; rule++) {
        time_rule(rules, (tamis_line_rule)rule, &texts, places, count);
    }
    tamis_line_rules_destroy(rules);
    tamis_buf_fini(&texts);
    free(places);
    return 0;
}

int main(int argc, char **argv)
{
    tamis_sentence_count how = argc > 3 && strcmp(argv[3], "end-marks") == 0
                                   ? TAMIS_SENTENCES_END_MARKS
                                   : TAMIS_SENTENCES_ICU;

    if (argc >= 3 && strcmp(argv[1], "golden") == 0) {
        return print_golden(argv[2], how);
    }
    if (argc >= 3 && strcmp(argv[1], "speed") == 0) {
        return time_rules(argv[2], how);
    }
    (void)fprintf(stderr, "usage: bench_lines golden FOLDER | speed FILE [icu|end-marks]\n");
    return 2;
}
