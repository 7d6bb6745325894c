/* SPDX-License-Identifier: Apache-2.0 */
#include "golden_signals.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "tamis/words.h"

#define TABLE_BYTES_MAX (64u << 20)
#define TOLERANCE       1e-12

typedef struct tamis_golden {
    tamis_signals *engine;
    tamis_text_view *view;
    tamis_word_set *flagged;
    size_t columns[TAMIS_SIGNALS_MAX]; /* index of the signal of each */
    size_t column_count;
    tamis_agreement *agreements;
} tamis_golden;

/* The list of the reference's own_blocklist_words. */
static const char *const flagged_words[] = {"plumduff", "grey walrus", "tar-pot", "caf\xC3\xA9",
                                            "plum duff"};

static tamis_status read_table(const char *path, tamis_buf *out, tamis_err *err);
static tamis_status open_golden(tamis_golden *golden, tamis_err *err);
static tamis_status read_header(tamis_golden *golden, char *line, tamis_err *err);
static tamis_status compare_line(tamis_golden *golden, char *line, tamis_err *err);
static size_t unescape(char *text);
static void compare_number(tamis_agreement *agreement, const char *id, const char *wanted,
                           double got);
static tamis_status compare_rows(tamis_golden *golden, size_t index, const char *id,
                                 const char *wanted, tamis_err *err);

tamis_status tamis_golden_compare(const char *path, tamis_agreement agreements[TAMIS_SIGNALS_MAX],
                                  size_t *out_texts, tamis_err *err)
{
    tamis_golden golden = {.agreements = agreements};
    tamis_buf table;
    char *next = NULL;
    char *line = NULL;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&table, TABLE_BYTES_MAX);
    *out_texts = 0;
    status = read_table(path, &table, err);
    if (status == TAMIS_OK) {
        status = open_golden(&golden, err);
    }
    if (status == TAMIS_OK) {
        line = strtok_r((char *)table.data, "\n", &next);
        status = line == NULL ? tamis_err_set(err, TAMIS_EFORMAT, "%s: empty", path)
                              : read_header(&golden, line, err);
    }
    while (status == TAMIS_OK && (line = strtok_r(NULL, "\n", &next)) != NULL) {
        status = compare_line(&golden, line, err);
        *out_texts += 1;
    }
    tamis_signals_destroy(golden.engine);
    tamis_text_view_destroy(golden.view);
    tamis_word_set_destroy(golden.flagged);
    tamis_buf_fini(&table);
    return status;
}

static tamis_status read_table(const char *path, tamis_buf *out, tamis_err *err)
{
    FILE *file = fopen(path, "rb");
    tamis_status status = tamis_buf_reserve(out, TABLE_BYTES_MAX - 1);
    char *raw = malloc(TABLE_BYTES_MAX);
    size_t size = 0;

    if (file == NULL || raw == NULL || status != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_EIO, "%s: cannot be read", path);
    } else {
        size = fread(raw, 1, TABLE_BYTES_MAX - 1, file);
        out->size = ZSTD_decompress(out->data, TABLE_BYTES_MAX - 1, raw, size);
        if (ZSTD_isError(out->size)) {
            memcpy(out->data, raw, size);
            out->size = size;
        }
        out->data[out->size] = 0;
    }
    if (file != NULL) {
        (void)fclose(file); /* read only */
    }
    free(raw);
    return status;
}

static tamis_status open_golden(tamis_golden *golden, tamis_err *err)
{
    size_t count = sizeof(flagged_words) / sizeof(flagged_words[0]);
    tamis_slice words[sizeof(flagged_words) / sizeof(flagged_words[0])];

    for (size_t i = 0; i < count; i++) {
        words[i] = tamis_slice_of_string(flagged_words[i]);
    }

    tamis_status status = tamis_word_set_create(words, count, &golden->flagged, err);

    if (status == TAMIS_OK) {
        status = tamis_signals_create(&(tamis_signal_lists){.flagged_words = golden->flagged},
                                      &golden->engine, err);
    }
    return status == TAMIS_OK ? tamis_text_view_create(&golden->view, err) : status;
}

static tamis_status read_header(tamis_golden *golden, char *line, tamis_err *err)
{
    char *next = line;

    (void)strsep(&next, "\t"); /* id */
    (void)strsep(&next, "\t"); /* text */
    for (const char *name = strsep(&next, "\t"); name != NULL; name = strsep(&next, "\t")) {
        if (!tamis_signal_find(name, &golden->columns[golden->column_count])) {
            return tamis_err_set(err, TAMIS_EFORMAT, "unknown signal %s", name);
        }
        golden->column_count++;
    }
    return TAMIS_OK;
}

static tamis_status compare_line(tamis_golden *golden, char *line, tamis_err *err)
{
    uint64_t wanted[TAMIS_SIGNAL_WORDS] = {0};
    double values[TAMIS_SIGNALS_MAX] = {0};
    char *next = line;
    const char *id = strsep(&next, "\t");
    char *text = strsep(&next, "\t");
    size_t size = unescape(text);
    uint8_t *copy = calloc(1, size + TAMIS_BUF_SLACK);
    tamis_status status = TAMIS_OK;

    if (copy == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "text");
    }
    memcpy(copy, text, size);
    for (size_t i = 0; i < golden->column_count; i++) {
        tamis_signal_bits_set(wanted, golden->columns[i]);
    }
    tamis_text_view_set(golden->view, tamis_slice_of(copy, size));
    tamis_signals_begin(golden->engine, golden->view);
    status = tamis_signals_compute(golden->engine, wanted, values, err);
    for (size_t i = 0; i < golden->column_count && status == TAMIS_OK; i++) {
        const char *cell = strsep(&next, "\t");
        size_t index = golden->columns[i];

        if (cell == NULL) {
            status = tamis_err_set(err, TAMIS_EFORMAT, "%s: too few cells", id);
        } else if (tamis_signal_get(index)->is_line) {
            status = compare_rows(golden, index, id, cell, err);
        } else if (cell[0] != 0) {
            compare_number(&golden->agreements[index], id, cell, values[index]);
        }
    }
    free(copy);
    return status;
}

/* In place; returns the size. */
static size_t unescape(char *text)
{
    size_t size = 0;

    for (size_t i = 0; text[i] != 0; i++) {
        if (text[i] == '\\' && text[i + 1] == 'x') {
            char digits[3] = {text[i + 2], text[i + 3], 0};

            text[size++] = (char)strtoul(digits, NULL, 16);
            i += 3;
        } else if (text[i] == '\\') {
            text[size++] = '\\';
            i++;
        } else {
            text[size++] = text[i];
        }
    }
    return size;
}

static bool is_equal(const char *wanted, double got)
{
    if (wanted[0] == '-' && wanted[1] == 0) {
        return isnan(got);
    }

    double number = strtod(wanted, NULL);

    return fabs(got - number) <= TOLERANCE * fabs(number);
}

static void note(tamis_agreement *agreement, const char *id, bool equal, const char *wanted,
                 double got)
{
    agreement->compared += 1;
    agreement->equal += equal;
    if (!equal && agreement->first_text[0] == 0) {
        (void)snprintf(agreement->first_text, sizeof(agreement->first_text), "%s", id);
        (void)snprintf(agreement->wanted, sizeof(agreement->wanted), "%.60s", wanted);
        (void)snprintf(agreement->got, sizeof(agreement->got), "%.17g", got);
    }
}

static void compare_number(tamis_agreement *agreement, const char *id, const char *wanted,
                           double got)
{
    note(agreement, id, is_equal(wanted, got), wanted, got);
}

/* Cells of lines: begin:end:score, with commas between; "none" where there are no lines. */
static tamis_status compare_rows(tamis_golden *golden, size_t index, const char *id,
                                 const char *wanted, tamis_err *err)
{
    const tamis_signal_row *rows = NULL;
    size_t count = 0;
    tamis_status status = tamis_signals_lines(golden->engine, index, &rows, &count, err);
    const char *at = wanted;
    bool equal = true;
    double got = (double)NAN;

    for (size_t i = 0; status == TAMIS_OK && i < count && equal; i++) {
        char *after = NULL;
        size_t begin = strtoul(at, &after, 10);
        size_t end = *after == ':' ? strtoul(after + 1, &after, 10) : 0;
        char score[32] = {0};

        after += *after == ':';
        (void)snprintf(score, sizeof(score), "%.*s", (int)strcspn(after, ","), after);
        at = after + strcspn(after, ",");
        at += *at == ',';
        got = rows[i].score;
        equal = begin == rows[i].begin_char && end == rows[i].end_char &&
                is_equal(score, rows[i].score);
    }
    if (status == TAMIS_OK && wanted[0] != 0) {
        equal = equal && (count == 0 ? strcmp(wanted, "none") == 0 : *at == 0);
        note(&golden->agreements[index], id, equal, wanted, got);
    }
    return status;
}
