/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "grade_parts.h"
#include "tamis/line_out.h"
#include "tamis/number_text.h"

#define CHARS_SIZE 24

struct tamis_grade_lines {
    const tamis_quality *quality;
    tamis_grade_format format;
    bool has_verdict;
    tamis_buf names;  /* `"NAME":` of each column, one behind the other */
    size_t *name_end; /* in names */
    tamis_text_view *view;
    tamis_signals *signals; /* rpv2: for signals of lines */
};

/* Names of RedPajama-V2 for signals that are called otherwise here. */
static const char *rpv2_name(const char *name)
{
    static const char *const pairs[][2] = {
        {"language_score", "ccnet_language_score"},
        {"perplexity", "ccnet_perplexity"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(name, pairs[i][0]) == 0) {
            return pairs[i][1];
        }
    }
    return name;
}

static tamis_status make_names(tamis_grade_lines *l)
{
    size_t count = tamis_quality_column_count(l->quality);
    tamis_status status = TAMIS_OK;

    l->name_end = calloc(count + 1, sizeof(*l->name_end));
    if (l->name_end == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        const char *name = tamis_quality_column(l->quality, i);

        if (l->format == TAMIS_GRADE_RPV2) {
            name = rpv2_name(name);
        }
        status =
            tamis_buf_append_string(&l->names, l->format == TAMIS_GRADE_DOLMA ? "\"tamis__" : "\"");
        if (status == TAMIS_OK) {
            status = tamis_buf_append_json(&l->names, tamis_slice_of_string(name));
        }
        if (status == TAMIS_OK) {
            status = tamis_buf_append_string(&l->names, "\":");
        }
        l->name_end[i] = l->names.size;
    }
    return status;
}

tamis_status tamis_grade_lines_create(const tamis_quality *quality, tamis_grade_format format,
                                      bool has_verdict, tamis_grade_lines **out_lines,
                                      tamis_err *err)
{
    tamis_grade_lines *l = calloc(1, sizeof(*l));
    tamis_status status = TAMIS_OK;

    if (l == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for lines");
    }
    l->quality = quality;
    l->format = format;
    l->has_verdict = has_verdict;
    tamis_buf_init(&l->names, 0);
    status = make_names(l);
    if (status != TAMIS_OK) {
        status = tamis_err_set(err, status, "no memory for the names of signals");
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_create(&l->view, err);
    }
    if (status == TAMIS_OK && format == TAMIS_GRADE_RPV2) {
        status = tamis_signals_create(NULL, &l->signals, err);
    }
    if (status != TAMIS_OK) {
        tamis_grade_lines_destroy(l);
        return status;
    }
    *out_lines = l;
    return TAMIS_OK;
}

void tamis_grade_lines_destroy(tamis_grade_lines *lines)
{
    if (lines != NULL) {
        tamis_signals_destroy(lines->signals);
        tamis_text_view_destroy(lines->view);
        tamis_buf_fini(&lines->names);
        free(lines->name_end);
        free(lines);
    }
}

static void put_number(tamis_line_out *l, double value)
{
    char text[TAMIS_NUMBER_TEXT_SIZE];
    size_t size = tamis_double_to_text(value, text);

    tamis_line_put_bytes(l, text, size);
}

/* [begin,end,score] */
static void put_span(tamis_line_out *l, size_t begin, size_t end, double score)
{
    char text[2 * CHARS_SIZE];
    int size = snprintf(text, sizeof(text), "[%zu,%zu,", begin, end);

    tamis_line_put_bytes(l, text, (size_t)size);
    put_number(l, score);
    tamis_line_put(l, "]");
}

static void put_column_name(tamis_line_out *l, const tamis_grade_lines *lines, size_t column)
{
    size_t begin = column == 0 ? 0 : lines->name_end[column - 1];

    tamis_line_put(l, column == 0 ? "" : ",");
    tamis_line_put_bytes(l, lines->names.data + begin, lines->name_end[column] - begin);
}

static const char *language_of(const tamis_grade *grade)
{
    return grade->language[0] == '\0' ? "und" : grade->language;
}

static void put_signals(tamis_line_out *l, const tamis_grade_lines *lines, const tamis_grade *grade)
{
    size_t count = tamis_quality_column_count(lines->quality);

    tamis_line_put(l, ",\"language\":{\"code\":");
    tamis_line_put_string(l, tamis_slice_of_string(language_of(grade)));
    tamis_line_put(l, ",\"score\":");
    put_number(l, grade->language_score);
    tamis_line_put(l, "}");
    if (lines->has_verdict) {
        tamis_line_put(l, ",\"reason\":");
        if (grade->reason == 0) {
            tamis_line_put(l, "null");
        } else {
            tamis_line_put_string(
                l, tamis_slice_of_string(tamis_quality_reason(lines->quality, grade->reason)));
        }
    }
    tamis_line_put(l, ",\"signals\":{");
    for (size_t i = 0; i < count; i++) {
        put_column_name(l, lines, i);
        put_number(l, grade->values[i]);
    }
    tamis_line_put(l, "}");
}

static tamis_status put_line_signals(tamis_line_out *l, const tamis_grade_lines *lines,
                                     bool is_first, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_signals_begin(lines->signals, lines->view);
    for (size_t i = 0; status == TAMIS_OK && i < tamis_signal_count(); i++) {
        const tamis_signal *signal = tamis_signal_get(i);
        const tamis_signal_row *rows = NULL;
        size_t count = 0;

        if (!signal->is_line) {
            continue;
        }
        status = tamis_signals_lines(lines->signals, i, &rows, &count, err);
        tamis_line_put(l, is_first ? "\"" : ",\"");
        tamis_line_put(l, signal->name);
        tamis_line_put(l, "\":[");
        for (size_t j = 0; status == TAMIS_OK && j < count; j++) {
            tamis_line_put(l, j == 0 ? "" : ",");
            put_span(l, rows[j].begin_char, rows[j].end_char, rows[j].score);
        }
        tamis_line_put(l, "]");
        is_first = false;
    }
    return status;
}

static tamis_status put_rpv2(tamis_line_out *l, const tamis_grade_lines *lines, size_t chars,
                             const tamis_grade *grade, tamis_err *err)
{
    size_t count = tamis_quality_column_count(lines->quality);
    tamis_status status = TAMIS_OK;

    tamis_line_put(l, ",\"quality_signals\":{");
    for (size_t i = 0; i < count; i++) {
        put_column_name(l, lines, i);
        tamis_line_put(l, "[");
        put_span(l, 0, chars, grade->values[i]);
        tamis_line_put(l, "]");
    }
    status = put_line_signals(l, lines, count == 0, err);
    tamis_line_put(l, "}");
    return status;
}

/* dolma has no null: such a signal has no span. */
static void put_dolma(tamis_line_out *l, const tamis_grade_lines *lines, size_t chars,
                      const tamis_grade *grade)
{
    size_t count = tamis_quality_column_count(lines->quality);

    tamis_line_put(l, ",\"attributes\":{");
    for (size_t i = 0; i < count; i++) {
        put_column_name(l, lines, i);
        tamis_line_put(l, "[");
        if (isfinite(grade->values[i])) {
            put_span(l, 0, chars, grade->values[i]);
        }
        tamis_line_put(l, "]");
    }
    tamis_line_put(l, "}");
}

tamis_status tamis_grade_lines_add(tamis_grade_lines *lines, tamis_slice id, tamis_slice text,
                                   const tamis_grade *grade, tamis_buf *out, tamis_err *err)
{
    tamis_line_out l = {.out = out};
    size_t chars = 0;
    tamis_status status = TAMIS_OK;

    tamis_line_put(&l, "{\"id\":");
    tamis_line_put_string(&l, id);
    if (lines->format != TAMIS_GRADE_SIGNALS) {
        tamis_text_view_set(lines->view, text);
        status = tamis_text_view_chars(lines->view, &chars, err);
    }
    if (status == TAMIS_OK && lines->format == TAMIS_GRADE_RPV2) {
        status = put_rpv2(&l, lines, chars, grade, err);
    } else if (lines->format == TAMIS_GRADE_DOLMA) {
        put_dolma(&l, lines, chars, grade);
    } else {
        put_signals(&l, lines, grade);
    }
    tamis_line_put(&l, "}\n");
    if (status == TAMIS_OK && l.status != TAMIS_OK) {
        status = tamis_err_set(err, l.status, "no memory for a line");
    }
    return status;
}
