/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - one text as lines, words, sentences and classes of characters (docs/FORMATS.md,
 * "Words and lines").
 *
 * Quality signals are defined on Python strings, so this library reproduces Python's notions of
 * white space, letters, lines and case, with the tables of one version of Unicode. A view is set to
 * a text and computes nothing until asked; what was computed once stays until the next text. Bytes
 * are counted from the start of the text, characters are code points.
 *
 * Pure.
 * Memory:  a view's arrays grow and are kept; what it hands out lives until the next _set or
 *          _destroy.
 * Threads: a view belongs to one thread; the predicates are reentrant.
 */
#ifndef TAMIS_WORDS_H
#define TAMIS_WORDS_H

#include "tamis/buf.h"

/* What a code point is; bits of tamis_char_class(). */
#define TAMIS_CHAR_SPACE       0x0001u /* str.isspace, str.split, \s: 29 code points */
#define TAMIS_CHAR_BREAK       0x0002u /* ends a line of str.splitlines */
#define TAMIS_CHAR_ALPHA       0x0004u /* str.isalpha: L* */
#define TAMIS_CHAR_NUMBER      0x0008u /* N* */
#define TAMIS_CHAR_DECIMAL     0x0010u /* str.isdecimal, \d: Nd */
#define TAMIS_CHAR_DIGIT       0x0020u /* str.isdigit */
#define TAMIS_CHAR_NUMERIC     0x0040u /* str.isnumeric */
#define TAMIS_CHAR_UPPER       0x0080u /* property Uppercase: str.isupper of one */
#define TAMIS_CHAR_LOWER       0x0100u /* property Lowercase: str.islower of one */
#define TAMIS_CHAR_TITLE       0x0200u /* Lt */
#define TAMIS_CHAR_WORD        0x0400u /* \w: L*, N*, '_' */
#define TAMIS_CHAR_PUNCTUATION 0x0800u /* datatrove's PUNCTUATION_SET, with TERMINAL */
#define TAMIS_CHAR_TERMINAL    0x1000u /* datatrove's terminal punctuation */
#define TAMIS_CHAR_ALPHABETIC  0x2000u /* property Alphabetic */
#define TAMIS_CHAR_CASED       0x4000u /* property Cased */
#define TAMIS_CHAR_CASELESS    0x8000u /* property Case_Ignorable */
#define TAMIS_CHAR_ALNUM       (TAMIS_CHAR_ALPHA | TAMIS_CHAR_NUMERIC) /* str.isalnum: any of both */

/* Two-level table, made at build time (lib/words/tables_generate.c). An entry has the bits above;
 * the property Word_Break in bits 16-20 and the general category in bits 24-28 (numbers of
 * lib/words/tables.h). */
#define TAMIS_CHAR_BLOCK_BITS 6
extern const uint16_t tamis_char_index[0x110000 >> TAMIS_CHAR_BLOCK_BITS];
extern const uint32_t tamis_char_entries[];

static inline uint32_t tamis_char_class(uint32_t code_point)
{
    return tamis_char_entries[(uint32_t)tamis_char_index[code_point >> TAMIS_CHAR_BLOCK_BITS]
                                  << TAMIS_CHAR_BLOCK_BITS |
                              (code_point & ((1u << TAMIS_CHAR_BLOCK_BITS) - 1))];
}

/* str.lower of one code point; U+0130 also gives U+0307 behind it, which this cannot say. */
uint32_t tamis_char_lower(uint32_t code_point);

/* Whether it is the general category given by its two letters, "Mn". */
bool tamis_char_is_category(uint32_t code_point, const char *category);

/* str.lower: simple mappings, U+0130 in two, the rule of the final sigma. Appends to out.
 * TAMIS_ELIMIT past out->max, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_text_lower(tamis_slice text, tamis_buf *out);

/* str.strip, lstrip, rstrip: parts of the text. */
tamis_slice tamis_text_strip(tamis_slice text);
tamis_slice tamis_text_strip_left(tamis_slice text);
tamis_slice tamis_text_strip_right(tamis_slice text);

/* Number of code points of well-formed UTF-8; needs no bytes behind it. */
size_t tamis_text_chars(tamis_slice text);

typedef enum tamis_splitter {
    TAMIS_SPLITTER_WS,                 /* str.split() */
    TAMIS_SPLITTER_WORDPUNCT,          /* \w+|[^\w\s]+ */
    TAMIS_SPLITTER_UAX29,              /* default word boundaries, UAX #29; white space too */
    TAMIS_SPLITTER_UAX29_ALNUM,        /* those that begin with a letter or number */
    TAMIS_SPLITTER_TREEBANK,           /* Penn Treebank rules on the whole text */
    TAMIS_SPLITTER_TREEBANK_SENTENCES, /* on each sentence of UAX #29: stands in for Punkt */
    TAMIS_SPLITTER_FASTTEXT,           /* ASCII white space; "</s>" for each newline */
    TAMIS_SPLITTER_CHAR_NGRAM,         /* n code points of a `ws` word; see _set_char_ngram */
    TAMIS_SPLITTER_COUNT
} tamis_splitter;

/* "ws", "wordpunct", "uax29", "uax29-alnum", "treebank", "treebank-sentences", "fasttext",
 * "char-ngram". */
const char *tamis_splitter_name(tamis_splitter splitter);
bool tamis_splitter_find(const char *name, tamis_splitter *out_splitter);

#define TAMIS_WORD_ALPHA       0x01u /* has a letter (L*) */
#define TAMIS_WORD_ASCII_ALPHA 0x02u /* has a letter A-Z a-z */
#define TAMIS_WORD_PUNCTUATION 0x04u /* has no character outside PUNCTUATION_SET */
#define TAMIS_WORD_UPPER       0x08u /* str.isupper */
#define TAMIS_WORD_ALNUM_FIRST 0x10u /* begins with a letter or number (L*, N*) */
#define TAMIS_WORD_LITERAL     0x20u /* its text is not that of its bytes: tamis_word_text() */
#define TAMIS_WORD_OPENING     0x40u /* with LITERAL: "``"; without OPENING and END: "''" */
#define TAMIS_WORD_END         0x80u /* with LITERAL: "</s>" */

/* The words of one splitter over one text, in order. */
typedef struct tamis_words {
    size_t count;
    const uint32_t *begin; /* bytes of the text, of a literal too */
    const uint32_t *end;
    const uint32_t *chars; /* code points of the word's text */
    const uint8_t *flags;
} tamis_words;

typedef enum tamis_line_split {
    TAMIS_LINES_SPLITLINES,   /* str.splitlines() */
    TAMIS_LINES_NEWLINE,      /* str.split("\n"): one more than there are newlines */
    TAMIS_LINES_NEWLINE_RUNS, /* re.split("\n+", text) */
    TAMIS_LINES_SPLIT_COUNT
} tamis_line_split;

/* The lines of one text, in order. */
typedef struct tamis_lines {
    size_t count;
    const uint32_t *begin;
    const uint32_t *end;   /* without the break */
    const uint32_t *next;  /* behind the break; of the last line the end of the text */
    const uint32_t *chars; /* code points of begin..end */
} tamis_lines;

typedef enum tamis_sentence_count {
    TAMIS_SENTENCES_ICU,      /* as ICU, en@ss=standard: parts that are not white space only */
    TAMIS_SENTENCES_END_MARKS /* RedPajama-V2: matches of \b[^.!?]+[.!?]* */
} tamis_sentence_count;

/* Code points of the whole text. */
typedef struct tamis_totals {
    size_t chars;
    size_t space; /* each by the bit of its name */
    size_t alpha;
    size_t alnum;
    size_t decimal;
    size_t digit;
    size_t numeric;
    size_t upper;
    size_t lower;
    size_t punctuation;
    size_t terminal;
    size_t newlines;
} tamis_totals;

typedef struct tamis_text_view tamis_text_view;

/* TAMIS_ENOMEM. The caller owns *out_view. */
TAMIS_MUST_USE
tamis_status tamis_text_view_create(tamis_text_view **out_view, tamis_err *err);
void tamis_text_view_destroy(tamis_text_view *view); /* NULL is allowed */

/* Sets the view to another text: well-formed UTF-8 below 4 GiB (asserted), TAMIS_BUF_SLACK readable
 * bytes behind it, borrowed until the next call. Costs nothing. */
void tamis_text_view_set(tamis_text_view *view, tamis_slice text);
tamis_slice tamis_text_view_text(const tamis_text_view *view);

/* Below: what of a text was asked for once is kept. TAMIS_ENOMEM throughout. */

/* Code points of the text, and of the bytes before `offset`, which is at most the text's size. */
TAMIS_MUST_USE
tamis_status tamis_text_view_chars(tamis_text_view *view, size_t *out_chars, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_text_view_char_offset(tamis_text_view *view, size_t offset, size_t *out_chars,
                                         tamis_err *err);

TAMIS_MUST_USE
tamis_status tamis_text_view_totals(tamis_text_view *view, tamis_totals *out_totals,
                                    tamis_err *err);

/* The code points of n-grams of TAMIS_SPLITTER_CHAR_NGRAM, 1 to TAMIS_CHAR_NGRAM_MAX (asserted); 2
 * until set; stays for later texts. */
#define TAMIS_CHAR_NGRAM_MAX 16
void tamis_text_view_set_char_ngram(tamis_text_view *view, uint32_t n);

TAMIS_MUST_USE
tamis_status tamis_text_view_words(tamis_text_view *view, tamis_splitter splitter,
                                   tamis_words *out_words, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_text_view_lines(tamis_text_view *view, tamis_line_split split,
                                   tamis_lines *out_lines, tamis_err *err);

TAMIS_MUST_USE
tamis_status tamis_text_view_sentences(tamis_text_view *view, tamis_sentence_count how,
                                       size_t *out_count, tamis_err *err);

/* str.lower of the whole text, with TAMIS_BUF_SLACK readable bytes behind it. */
TAMIS_MUST_USE
tamis_status tamis_text_view_lower(tamis_text_view *view, tamis_slice *out_lower, tamis_err *err);

/* The text of word `index`: bytes of the text, or of a constant for a literal. */
static inline tamis_slice tamis_word_text(tamis_slice text, const tamis_words *words, size_t index)
{
    uint32_t flags = words->flags[index];

    if ((flags & TAMIS_WORD_LITERAL) != 0) {
        return tamis_slice_of_string((flags & TAMIS_WORD_END) != 0       ? "</s>"
                                     : (flags & TAMIS_WORD_OPENING) != 0 ? "``"
                                                                         : "''");
    }
    return tamis_slice_of(text.data + words->begin[index], words->end[index] - words->begin[index]);
}

#endif
