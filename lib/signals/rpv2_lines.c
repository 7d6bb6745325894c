/* SPDX-License-Identifier: Apache-2.0 */
/* RedPajama-V2: one value a line. A line is a slice up to and with the newline. */
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "rounding.h"

typedef tamis_status line_score(tamis_signals *engine, tamis_slice line, size_t chars,
                                double *out_score, tamis_err *err);

static line_score score_javascript;
static line_score score_terminal;
static line_score score_words;
static line_score score_upper;
static line_score score_numeric;
static line_score score_bullet;

tamis_status tamis_rpv2_rows(tamis_signals *engine, size_t index, size_t *out_count, tamis_err *err)
{
    static const struct {
        size_t index;
        line_score *score;
    } scores[] = {
        {SIG_rps_lines_javascript_counts, score_javascript},
        {SIG_rps_lines_ending_with_terminal_punctution_mark, score_terminal},
        {SIG_rps_lines_num_words, score_words},
        {SIG_rps_lines_uppercase_letter_fraction, score_upper},
        {SIG_rps_lines_numerical_chars_fraction, score_numeric},
        {SIG_rps_lines_start_with_bulletpoint, score_bullet},
    };
    line_score *score = NULL;
    tamis_lines lines = {0};
    size_t chars = 0;
    size_t count = 0;
    tamis_status status = tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE, &lines, err);

    for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++) {
        score = scores[i].index == index ? scores[i].score : score;
    }
    TAMIS_ASSERT(score != NULL);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->rows, lines.count, status, err);
    }
    for (; status == TAMIS_OK && count < lines.count && lines.begin[count] < engine->text.size;
         count++) {
        tamis_signal_row *row = &engine->rows.data[count];
        size_t size = lines.next[count] - lines.begin[count];
        size_t line_chars = lines.chars[count] + (lines.next[count] != lines.end[count]);

        row->begin = lines.begin[count];
        row->end = lines.next[count];
        row->begin_char = (uint32_t)chars;
        chars += line_chars;
        row->end_char = (uint32_t)chars;
        status = score(engine, tamis_slice_of(engine->text.data + row->begin, size), line_chars,
                       &row->score, err);
    }
    if (status == TAMIS_OK && count == 0 && score == score_bullet) {
        engine->rows.data[count++] = (tamis_signal_row){.score = (double)NAN};
    }
    *out_count = count;
    return status;
}

static tamis_status score_javascript(tamis_signals *engine, tamis_slice line, size_t chars,
                                     double *out_score, tamis_err *err)
{
    static const char word[] = "javascript";
    tamis_normal *normal = &engine->line_normal;
    tamis_status status = tamis_normal_set(normal, line, err);
    size_t count = 0;

    (void)chars;
    for (size_t i = 0; status == TAMIS_OK && i < normal->count; i++) {
        count += normal->end.data[i] - normal->begin.data[i] == sizeof(word) - 1 &&
                 memcmp(normal->text.data + normal->begin.data[i], word, sizeof(word) - 1) == 0;
    }
    *out_score = (double)count;
    return status;
}

static tamis_status score_terminal(tamis_signals *engine, tamis_slice line, size_t chars,
                                   double *out_score, tamis_err *err)
{
    uint32_t last = tamis_last_char(tamis_line_strip_right(line));

    (void)engine;
    (void)chars;
    (void)err;
    *out_score = last == '.' || last == '!' || last == '?' || last == 0x201D;
    return TAMIS_OK;
}

static tamis_status score_words(tamis_signals *engine, tamis_slice line, size_t chars,
                                double *out_score, tamis_err *err)
{
    tamis_status status = tamis_normal_set(&engine->line_normal, line, err);

    (void)chars;
    *out_score = (double)engine->line_normal.count;
    return status;
}

static size_t count_class(tamis_slice text, uint32_t class)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size;) {
        uint32_t code_point = 0;

        i += tamis_utf8_decode(text.data + i, &code_point);
        count += (tamis_char_class(code_point) & class) != 0;
    }
    return count;
}

static tamis_status score_upper(tamis_signals *engine, tamis_slice line, size_t chars,
                                double *out_score, tamis_err *err)
{
    (void)engine;
    (void)err;
    *out_score = tamis_round8(tamis_share(count_class(line, TAMIS_CHAR_UPPER), chars));
    return TAMIS_OK;
}

static tamis_status score_numeric(tamis_signals *engine, tamis_slice line, size_t chars,
                                  double *out_score, tamis_err *err)
{
    tamis_normal *normal = &engine->line_normal;
    tamis_status status = tamis_normal_set(normal, line, err);

    (void)chars;
    if (status == TAMIS_OK) {
        size_t numeric = count_class(tamis_buf_slice(&normal->text), TAMIS_CHAR_NUMERIC);

        *out_score = tamis_round8(tamis_share(numeric, tamis_normal_chars(normal)));
    }
    return status;
}

static tamis_status score_bullet(tamis_signals *engine, tamis_slice line, size_t chars,
                                 double *out_score, tamis_err *err)
{
    static const uint32_t bullets[] = {0x2022, 0x2023, 0x25B6, 0x25C0, 0x25E6,
                                       0x25A0, 0x25A1, 0x25AA, 0x25AB, 0x2013};
    uint32_t first = tamis_first_char(tamis_line_strip_left(line));

    (void)engine;
    (void)chars;
    (void)err;
    *out_score = 0.0;
    for (size_t i = 0; i < sizeof(bullets) / sizeof(bullets[0]); i++) {
        *out_score = first == bullets[i] ? 1.0 : *out_score;
    }
    return TAMIS_OK;
}
