/* SPDX-License-Identifier: Apache-2.0 */
/* dolma's taggers gopher_v1 and v2, c4_v1 and v2, and those of length. */
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "word_hash.h"

#define FEW_WORDS   3   /* a line of fewer is too short for C4 */
#define LENGTHS_MAX 256 /* words that long are counted together first */

static size_t count_stripped(tamis_slice text, const tamis_words *words);
static size_t count_symbol_words(const tamis_signals *engine, const tamis_split *split);
static double median_chars(const tamis_words *words);
static tamis_status set_lines(tamis_signals *engine, tamis_line_split split, size_t first,
                              size_t solid_chars, tamis_err *err);
static tamis_status set_c4(tamis_signals *engine, tamis_err *err);
static size_t count_whitespace_tokens(const tamis_signals *engine);
static bool is_all_punctuation(tamis_slice line);

tamis_status tamis_run_dolma(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_split *split = NULL;
    size_t chars = 0;
    size_t solid_chars = 0;
    size_t alpha = 0;
    size_t occurrences = 0;
    size_t distinct = 0;
    tamis_status status = tamis_engine_hashes(engine, TAMIS_SPLITTER_WS, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_text_view_chars(engine->view, &chars, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_engine_stop_words(engine, split->hashes.data, split->words.count,
                                         &occurrences, &distinct, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < split->words.count; i++) {
        alpha += (split->words.flags[i] & TAMIS_WORD_ALPHA) != 0;
        solid_chars += split->words.chars[i];
    }

    values[SIG_dolma_gopher_character_count] = (double)chars;
    values[SIG_dolma_gopher_word_count] = (double)split->words.count;
    values[SIG_dolma_gopher_median_word_length] = median_chars(&split->words);
    values[SIG_dolma_gopher_symbol_to_word_ratio] =
        tamis_share(count_symbol_words(engine, split), split->words.count);
    values[SIG_dolma_gopher_fraction_of_words_with_alpha_character] =
        tamis_share(alpha, split->words.count);
    values[SIG_dolma_gopher_required_word_count] = (double)occurrences;
    status = set_lines(engine, TAMIS_LINES_NEWLINE,
                       SIG_dolma_gopher_v1_fraction_of_lines_starting_with_bullet_point,
                       solid_chars, err);
    if (status == TAMIS_OK) {
        status = set_lines(engine, TAMIS_LINES_NEWLINE_RUNS,
                           SIG_dolma_gopher_v2_fraction_of_lines_starting_with_bullet_point,
                           solid_chars, err);
    }
    return status;
}

tamis_status tamis_run_dolma_c4(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_words words = {0};
    tamis_status status = set_c4(engine, err);

    if (status == TAMIS_OK) {
        status = tamis_text_view_words(engine->view, TAMIS_SPLITTER_UAX29, &words, err);
    }
    if (status == TAMIS_OK) {
        values[SIG_dolma_uniseg_length] = (double)count_stripped(engine->text, &words);
        values[SIG_dolma_whitespace_tokenizer_length] =
            (double)(count_whitespace_tokens(engine) + 1);
    }
    return status;
}

/* Words of strip(text): the others are white space at its ends. */
static size_t count_stripped(tamis_slice text, const tamis_words *words)
{
    tamis_slice stripped = tamis_line_strip(text);
    size_t begin = stripped.size == 0 ? text.size : (size_t)(stripped.data - text.data);
    size_t first = 0;
    size_t end = words->count;

    while (first < end && words->begin[first] < begin) {
        first++;
    }
    while (end > first && words->begin[end - 1] >= begin + stripped.size) {
        end--;
    }
    return end - first;
}

/* Words with "#" or U+2026: seldom any, so that words are looked at only then. */
static size_t count_symbol_words(const tamis_signals *engine, const tamis_split *split)
{
    const tamis_words *words = &split->words;
    size_t count = 0;

    if (memchr(engine->text.data, '#', engine->text.size) == NULL &&
        memmem(engine->text.data, engine->text.size, "\xE2\x80\xA6", 3) == NULL) {
        return 0;
    }
    for (size_t i = 0; i < words->count; i++) {
        const uint8_t *bytes = engine->text.data + words->begin[i];
        size_t size = words->end[i] - words->begin[i];

        count += memchr(bytes, '#', size) != NULL || memmem(bytes, size, "\xE2\x80\xA6", 3) != NULL;
    }
    return count;
}

/* Code points of the word of that rank when words are ordered by them. */
static uint32_t chars_of_rank(const tamis_words *words, const uint32_t *counts, size_t rank)
{
    size_t below = 0;
    uint32_t low = LENGTHS_MAX - 1;
    uint32_t high = UINT32_MAX;

    for (uint32_t chars = 0; chars < LENGTHS_MAX - 1; chars++) {
        below += counts[chars];
        if (below > rank) {
            return chars;
        }
    }
    while (low < high) { /* the least length that more than `rank` words do not exceed */
        uint32_t middle = low + (high - low) / 2;
        size_t count = 0;

        for (size_t i = 0; i < words->count; i++) {
            count += words->chars[i] <= middle;
        }
        if (count > rank) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static double median_chars(const tamis_words *words)
{
    uint32_t counts[LENGTHS_MAX] = {0};
    size_t count = words->count;

    if (count == 0) {
        return 0.0;
    }
    for (size_t i = 0; i < count; i++) {
        counts[words->chars[i] < LENGTHS_MAX ? words->chars[i] : LENGTHS_MAX - 1] += 1;
    }

    uint64_t upper = chars_of_rank(words, counts, count / 2);
    uint64_t lower = count % 2 == 1 ? upper : chars_of_rank(words, counts, count / 2 - 1);

    return (double)(lower + upper) / 2.0;
}

/* Four signals from `first` on. */
static tamis_status set_lines(tamis_signals *engine, tamis_line_split how, size_t first,
                              size_t solid_chars, tamis_err *err)
{
    double *values = engine->values + first;
    tamis_lines lines = {0};
    size_t bullets = 0;
    size_t ellipses = 0;
    size_t duplicates = 0;
    size_t duplicate_chars = 0;
    tamis_status status = tamis_text_view_lines(engine->view, how, &lines, err);

    if (status == TAMIS_OK) {
        status = tamis_numbers_begin(&engine->numbers, lines.count, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->sizes, lines.count, status, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (engine->text.size == 0) {
        lines.count = 0;
    }

    for (size_t i = 0; i < lines.count; i++) {
        tamis_slice line = tamis_line_of(engine->text, &lines, i);

        bullets += line.size != 0 && (line.data[0] == '*' || line.data[0] == '-');
        ellipses += tamis_ends_with(line, "\xE2\x80\xA6", 3);
        engine->sizes.data[i] =
            tamis_numbers_add(&engine->numbers, tamis_word_hash(line.data, line.size));
    }
    for (size_t i = 0; i < lines.count; i++) {
        if (engine->numbers.counts.data[engine->sizes.data[i]] > 1) {
            duplicates += 1;
            duplicate_chars += lines.chars[i];
        }
    }
    values[0] = tamis_share(bullets, lines.count);
    values[1] = tamis_share(ellipses, lines.count);
    values[2] = tamis_share(duplicates, lines.count);
    values[3] = tamis_share(duplicate_chars, solid_chars);
    return TAMIS_OK;
}

/* Lines are those of split("\n"), stripped, blank ones too; both versions count the same, and
 * differ only in what is "javascript": a word (v1) or a part of the text (v2). */
static tamis_status set_c4(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_split *split = NULL;
    tamis_lines lines = {0};
    tamis_slice lower = {0};
    size_t unended = 0;
    size_t too_few = 0;
    size_t all_punctuation = 0;
    size_t word = 0;
    tamis_status status = tamis_engine_words(engine, TAMIS_SPLITTER_WS, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_text_view_lines(engine->view, TAMIS_LINES_NEWLINE, &lines, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_lower(engine->view, &lower, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        tamis_slice line = tamis_line_strip_right(tamis_line_of(engine->text, &lines, i));
        uint8_t last = line.size == 0 ? 0 : line.data[line.size - 1];
        size_t first = word;

        while (word < split->words.count && split->words.begin[word] < lines.next[i]) {
            word++;
        }
        too_few += word - first < FEW_WORDS;
        all_punctuation += line.size != 0 && is_all_punctuation(line);
        unended += last != '.' && last != '?' && last != '!' && last != '"';
    }

    bool has_javascript = memmem(lower.data, lower.size, "javascript", 10) != NULL;
    bool has_curly = memchr(engine->text.data, '{', engine->text.size) != NULL;
    bool has_lorem = memmem(lower.data, lower.size, "lorem ipsum", 11) != NULL;

    values[SIG_dolma_all_punct_paragraphs] = (double)all_punctuation;
    for (size_t version = 0; version < 2; version++) {
        double *of_version =
            values + (version == 0 ? SIG_dolma_c4_v1_line_count : SIG_dolma_c4_v2_line_count);

        of_version[0] = (double)lines.count;
        of_version[1] = (double)unended;
        of_version[2] = (double)too_few;
        of_version[3] = has_curly;
        of_version[4] = has_lorem;
        of_version[5] = has_javascript;
    }
    if (has_javascript) {
        status = tamis_engine_has_lower_word(engine, split, "javascript",
                                             &values[SIG_dolma_c4_v1_has_javascript], err);
    }
    return status;
}

/* The classes of the Python module regex: \w is Alphabetic, M, Nd, Pc and Join_Control, \s is
 * White_Space. */
static uint32_t class_of_regex(uint32_t code_point)
{
    static const char marks[][3] = {"Mn", "Mc", "Me", "Pc"};
    uint32_t class = tamis_char_class(code_point);

    if ((class & TAMIS_CHAR_SPACE) != 0) {
        return code_point >= 0x1C && code_point <= 0x1F ? 2 : 0;
    }
    if ((class & (TAMIS_CHAR_ALPHABETIC | TAMIS_CHAR_DECIMAL)) != 0 || code_point == 0x200C ||
        code_point == 0x200D) {
        return 1;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (tamis_char_is_category(code_point, marks[i])) {
            return 1;
        }
    }
    return 2;
}

/* Matches of \w+|[^\w\s]+: where the class changes to one that is not white space. */
static size_t count_whitespace_tokens(const tamis_signals *engine)
{
    tamis_slice text = engine->text;
    size_t count = 0;
    uint32_t before = 0;

    for (size_t i = 0; i < text.size;) {
        uint32_t class = engine->regex_classes[text.data[i]];

        if (text.data[i] < 0x80) {
            i++;
        } else {
            uint32_t code_point = 0;

            i += tamis_utf8_decode(text.data + i, &code_point);
            class = class_of_regex(code_point);
        }
        count += class != before && class != 0;
        before = class;
    }
    return count;
}

void tamis_dolma_init(tamis_signals *engine)
{
    for (uint32_t byte = 0; byte < 0x80; byte++) {
        engine->regex_classes[byte] = (uint8_t)class_of_regex(byte);
    }
}

/* Of a line that is not blank. */
static bool is_all_punctuation(tamis_slice line)
{
    static const char punctuation[][3] = {"Po", "Ps", "Pe", "Pi", "Pf", "Pd", "Pc"};

    for (size_t i = 0; i < line.size;) {
        uint32_t point = line.data[i];
        bool is_one = false;

        if (point < 0x80) { /* most lines end here, at a letter */
            uint32_t folded = point | 0x20;

            if ((folded >= 'a' && folded <= 'z') || (point >= '0' && point <= '9')) {
                return false;
            }
            is_one =
                point > 0x20 ? point < 0x7F : (tamis_char_class(point) & TAMIS_CHAR_SPACE) != 0;
            i++;
        } else {
            i += tamis_utf8_decode(line.data + i, &point);
            is_one = (point >= 0x1F300 && point <= 0x1F64F) ||
                     (point >= 0x1F680 && point <= 0x1F6FF) ||
                     (point >= 0x2600 && point <= 0x27BF) ||
                     (tamis_char_class(point) & TAMIS_CHAR_SPACE) != 0;
            for (size_t k = 0; !is_one && k < sizeof(punctuation) / sizeof(punctuation[0]); k++) {
                is_one = tamis_char_is_category(point, punctuation[k]);
            }
        }
        if (!is_one) {
            return false;
        }
    }
    return true;
}
