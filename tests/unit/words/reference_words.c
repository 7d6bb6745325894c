/* SPDX-License-Identifier: Apache-2.0 */
#include "reference_words.h"

#include "tamis/utf8.h"
#include "treebank.h"

static bool is_any(uint32_t class, uint32_t bits)
{
    return (class & bits) != 0;
}

/* 0: white space; else characters of one kind make a word. */
static int kind_of(uint32_t class, tamis_splitter splitter)
{
    if (is_any(class, TAMIS_CHAR_SPACE)) {
        return 0;
    }
    return splitter == TAMIS_SPLITTER_WORDPUNCT && !is_any(class, TAMIS_CHAR_WORD) ? 2 : 1;
}

static void check_word(tamis_slice text, const tamis_words *words, size_t i, size_t begin,
                       size_t end)
{
    const tamis_slice word = tamis_slice_of(text.data + begin, end - begin);

    TAMIS_ASSERT(i < words->count);
    TAMIS_ASSERT(words->begin[i] == begin);
    TAMIS_ASSERT(words->end[i] == end);
    TAMIS_ASSERT(words->chars[i] == tamis_text_chars(word));
    TAMIS_ASSERT(words->flags[i] == tamis_word_flags(word));
}

static void check_runs(tamis_text_view *view, tamis_splitter splitter)
{
    const tamis_slice text = tamis_text_view_text(view);
    tamis_words words;
    size_t begin = 0;
    size_t count = 0;
    int open = 0;

    TAMIS_ASSERT(tamis_text_view_words(view, splitter, &words, NULL) == TAMIS_OK);
    for (size_t i = 0; i <= text.size;) {
        uint32_t c = ' ';
        size_t length = i < text.size ? tamis_utf8_decode(text.data + i, &c) : 1;
        int kind = kind_of(tamis_char_class(c), splitter);

        if (kind != open) {
            if (open != 0) {
                check_word(text, &words, count++, begin, i);
            }
            begin = i;
            open = kind;
        }
        i += length;
    }
    TAMIS_ASSERT(count == words.count);
}

static bool ends_line(uint32_t c, tamis_line_split split)
{
    return split == TAMIS_LINES_SPLITLINES ? is_any(tamis_char_class(c), TAMIS_CHAR_BREAK)
                                           : c == '\n';
}

static void check_lines(tamis_text_view *view, tamis_line_split split)
{
    const tamis_slice text = tamis_text_view_text(view);
    tamis_lines lines;
    size_t begin = 0;
    size_t count = 0;

    TAMIS_ASSERT(tamis_text_view_lines(view, split, &lines, NULL) == TAMIS_OK);
    for (size_t i = 0; i < text.size;) {
        uint32_t c = 0;
        size_t next = i + tamis_utf8_decode(text.data + i, &c);

        if (ends_line(c, split)) {
            if (split == TAMIS_LINES_SPLITLINES && c == '\r' && next < text.size &&
                text.data[next] == '\n') {
                next++;
            }
            while (split == TAMIS_LINES_NEWLINE_RUNS && next < text.size &&
                   text.data[next] == '\n') {
                next++;
            }
            TAMIS_ASSERT(count < lines.count);
            TAMIS_ASSERT(lines.begin[count] == begin && lines.end[count] == i);
            TAMIS_ASSERT(lines.next[count] == next);
            TAMIS_ASSERT(lines.chars[count] ==
                         tamis_text_chars(tamis_slice_of(text.data + begin, i - begin)));
            begin = next;
            count++;
        }
        i = next;
    }
    count += begin < text.size || split != TAMIS_LINES_SPLITLINES ? 1 : 0;
    TAMIS_ASSERT(count == lines.count);
}

static void check_totals(tamis_text_view *view)
{
    const tamis_slice text = tamis_text_view_text(view);
    tamis_totals totals;
    tamis_totals sums = {0};

    TAMIS_ASSERT(tamis_text_view_totals(view, &totals, NULL) == TAMIS_OK);
    for (size_t i = 0; i < text.size;) {
        uint32_t c = 0;
        uint32_t class = 0;
        size_t offset = 0;

        TAMIS_ASSERT(tamis_text_view_char_offset(view, i, &offset, NULL) == TAMIS_OK);
        TAMIS_ASSERT(offset == sums.chars);
        i += tamis_utf8_decode(text.data + i, &c);
        class = tamis_char_class(c);
        sums.chars++;
        sums.space += is_any(class, TAMIS_CHAR_SPACE);
        sums.alpha += is_any(class, TAMIS_CHAR_ALPHA);
        sums.alnum += is_any(class, TAMIS_CHAR_ALNUM);
        sums.decimal += is_any(class, TAMIS_CHAR_DECIMAL);
        sums.digit += is_any(class, TAMIS_CHAR_DIGIT);
        sums.numeric += is_any(class, TAMIS_CHAR_NUMERIC);
        sums.upper += is_any(class, TAMIS_CHAR_UPPER);
        sums.lower += is_any(class, TAMIS_CHAR_LOWER);
        sums.punctuation += is_any(class, TAMIS_CHAR_PUNCTUATION);
        sums.terminal += is_any(class, TAMIS_CHAR_TERMINAL);
        sums.newlines += c == '\n';
    }
    TAMIS_ASSERT(memcmp(&sums, &totals, sizeof(sums)) == 0);
}

/* Words cut one by one are those of the rules applied to the whole text. */
static void check_treebank(tamis_text_view *view)
{
    tamis_word_store whole = {0};
    tamis_words words;

    TAMIS_ASSERT(tamis_text_view_words(view, TAMIS_SPLITTER_TREEBANK, &words, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_treebank_split_whole(view, &whole) == TAMIS_OK);
    TAMIS_ASSERT(words.count == whole.count);
    for (size_t i = 0; i < words.count; i++) {
        TAMIS_ASSERT(words.begin[i] == tamis_numbers_of(&whole.begin)[i]);
        TAMIS_ASSERT(words.end[i] == tamis_numbers_of(&whole.end)[i]);
        TAMIS_ASSERT(words.flags[i] == whole.flags.data[i]);
    }
    tamis_buf_fini(&whole.begin);
    tamis_buf_fini(&whole.end);
    tamis_buf_fini(&whole.chars);
    tamis_buf_fini(&whole.flags);
}

/* Words of any splitter lie in the text one behind the other; all but `char-ngram` apart. */
static void check_order(tamis_text_view *view, tamis_splitter splitter)
{
    const tamis_slice text = tamis_text_view_text(view);
    tamis_words words;

    TAMIS_ASSERT(tamis_text_view_words(view, splitter, &words, NULL) == TAMIS_OK);
    for (size_t i = 0; i < words.count; i++) {
        TAMIS_ASSERT(words.begin[i] < words.end[i] && words.end[i] <= text.size);
        TAMIS_ASSERT(words.chars[i] == tamis_text_chars(tamis_word_text(text, &words, i)));
        if (i > 0 && splitter != TAMIS_SPLITTER_CHAR_NGRAM) {
            TAMIS_ASSERT(words.begin[i] >= words.end[i - 1]);
        }
    }
}

void reference_check(tamis_text_view *view)
{
    check_runs(view, TAMIS_SPLITTER_WS);
    check_runs(view, TAMIS_SPLITTER_WORDPUNCT);
    for (unsigned i = 0; i < TAMIS_LINES_SPLIT_COUNT; i++) {
        check_lines(view, (tamis_line_split)i);
    }
    for (unsigned i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        check_order(view, (tamis_splitter)i);
    }
    check_totals(view);
    check_treebank(view);
}
