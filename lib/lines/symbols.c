/* SPDX-License-Identifier: Apache-2.0 */
/* datatrove's symbol lines, and the paragraphs of mC4. */
#include "line_run.h"

#define PARAGRAPH_CHARS_MIN 200u
#define PARAGRAPHS_MIN      3u

/* Nothing but punctuation and spaces, and not blank. */
static bool is_symbol_line(tamis_slice line)
{
    for (size_t i = 0; i < line.size;) {
        line_char c = line_char_at(line.data + i);

        if (c.code_point != ' ' && (tamis_char_class(c.code_point) & TAMIS_CHAR_PUNCTUATION) == 0) {
            return false;
        }
        i += c.size;
    }
    return line_strip(line).size > 0;
}

/* Over lines of str.splitlines; what stays is joined by newlines. */
tamis_status line_run_symbols(tamis_line_rules *rules, tamis_slice text, tamis_edits *edits,
                              tamis_line_result *result)
{
    line_joiner joiner = {.edits = edits};
    tamis_status status = c4_scan_text(&rules->scan, rules->kernel, text);
    c4_lines walk = c4_lines_of(&rules->scan, text);
    uint32_t lines = 0;
    uint32_t begin = 0;
    uint32_t end = 0;

    while (status == TAMIS_OK && c4_lines_next(&walk, &begin, &end)) {
        lines++;
        if (is_symbol_line(tamis_slice_of(text.data + begin, end - begin))) {
            status = line_join_drop(&joiner, begin, end, TAMIS_LINE_SYMBOLS);
            result->removed[TAMIS_LINE_SYMBOLS]++;
        } else {
            status = line_join_keep(&joiner, text, begin);
            line_join_end(&joiner, end);
        }
    }
    if (status == TAMIS_OK) { /* the last break goes too */
        status = tamis_edits_cut(edits, joiner.end_before, (uint32_t)text.size, TAMIS_LINE_SPACE);
    }
    result->values[TAMIS_LINE_VALUE_LINES] = lines;
    result->values[TAMIS_LINE_VALUE_LINES_KEPT] = lines - result->removed[TAMIS_LINE_SYMBOLS];
    return status;
}

void line_run_paragraphs(tamis_slice text, tamis_line_result *result)
{
    uint32_t count = 0;

    for (size_t begin = 0; begin < text.size;) {
        const uint8_t *newline = memchr(text.data + begin, '\n', text.size - begin);
        size_t end = newline == NULL ? text.size : (size_t)(newline - text.data);

        count +=
            end - begin >= PARAGRAPH_CHARS_MIN &&
            tamis_text_chars(tamis_slice_of(text.data + begin, end - begin)) >= PARAGRAPH_CHARS_MIN;
        begin = end + 1;
    }
    result->values[TAMIS_LINE_VALUE_LONG_LINES] = count;
    if (count < PARAGRAPHS_MIN) {
        result->drop_reason = "too_few_paragraphs";
    }
}
