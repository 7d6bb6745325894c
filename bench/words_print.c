/* SPDX-License-Identifier: Apache-2.0 */
/* words_print - what lib/words makes of texts, for golden_words.py. Standard input: each text as
 * its size in decimal, a newline, its bytes. Standard output, a line for each result:
 *   w SPLITTER COUNT          then a line "FLAGS CHARS HEX" for each word
 *   l SPLIT COUNT CHARS...    lines with the code points of each
 *   s ICU END_MARKS           sentences
 *   t CHARS SPACE ALPHA ALNUM DECIMAL DIGIT NUMERIC UPPER LOWER PUNCTUATION TERMINAL NEWLINES
 *   L HEX                     lower case of the text
 *   e                         end of this text
 */
#include <stdio.h>
#include <stdlib.h>

#include "tamis/words.h"

static void must(tamis_status status)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "words_print: %s\n", tamis_status_text(status));
        exit(1);
    }
}

static void print_hex(tamis_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        (void)printf("%02x", bytes.data[i]);
    }
    (void)putchar('\n');
}

static void print_words(tamis_text_view *view, tamis_slice text)
{
    for (unsigned i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        tamis_words words;

        must(tamis_text_view_words(view, (tamis_splitter)i, &words, NULL));
        (void)printf("w %s %zu\n", tamis_splitter_name((tamis_splitter)i), words.count);
        for (size_t k = 0; k < words.count; k++) {
            (void)printf("%u %u ", words.flags[k], words.chars[k]);
            print_hex(tamis_word_text(text, &words, k));
        }
    }
}

static void print_rest(tamis_text_view *view)
{
    tamis_totals t;
    tamis_slice lower;
    size_t icu = 0;
    size_t marks = 0;

    for (unsigned i = 0; i < TAMIS_LINES_SPLIT_COUNT; i++) {
        tamis_lines lines;

        must(tamis_text_view_lines(view, (tamis_line_split)i, &lines, NULL));
        (void)printf("l %u %zu", i, lines.count);
        for (size_t k = 0; k < lines.count; k++) {
            (void)printf(" %u", lines.chars[k]);
        }
        (void)putchar('\n');
    }
    must(tamis_text_view_sentences(view, TAMIS_SENTENCES_ICU, &icu, NULL));
    must(tamis_text_view_sentences(view, TAMIS_SENTENCES_END_MARKS, &marks, NULL));
    (void)printf("s %zu %zu\n", icu, marks);
    must(tamis_text_view_totals(view, &t, NULL));
    (void)printf("t %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", t.chars, t.space, t.alpha,
                 t.alnum, t.decimal, t.digit, t.numeric, t.upper, t.lower, t.punctuation,
                 t.terminal, t.newlines);
    must(tamis_text_view_lower(view, &lower, NULL));
    (void)printf("L ");
    print_hex(lower);
}

int main(void)
{
    tamis_text_view *view = NULL;
    tamis_buf bytes;
    size_t size = 0;

    tamis_buf_init(&bytes, 0);
    must(tamis_text_view_create(&view, NULL));
    while (scanf("%zu", &size) == 1 && getchar() == '\n') {
        tamis_buf_reset(&bytes);
        must(tamis_buf_reserve(&bytes, size + 1));
        if (fread(bytes.data, 1, size, stdin) != size) {
            (void)fprintf(stderr, "words_print: a text is cut short\n");
            return 1;
        }
        tamis_text_view_set(view, tamis_slice_of(bytes.data, size));
        print_words(view, tamis_slice_of(bytes.data, size));
        print_rest(view);
        (void)printf("e\n");
    }
    tamis_text_view_destroy(view);
    tamis_buf_fini(&bytes);
    return 0;
}
