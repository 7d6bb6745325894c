/* SPDX-License-Identifier: Apache-2.0 */
/* line_rules.h - named sets of rules that drop lines, or parts of lines, of one text, or the whole
 * document; what they change comes as edits (tamis/text_edit.h).
 *
 * Each name stands for the exact behavior of one reference implementation (docs/FORMATS.md, "Line
 * rules"). The numbers that such a rule decides by come back too, so that other limits can be
 * applied to them later.
 *
 * Pure:    no I/O but what ICU needs once to load its rules for sentences.
 * Memory:  scratch grows with the largest text and is kept.
 * Threads: a tamis_line_rules belongs to one thread; the tables are constant.
 */
#ifndef TAMIS_LINE_RULES_H
#define TAMIS_LINE_RULES_H

#include "tamis/text_edit.h"
#include "tamis/words.h"

/* Why a line, or a part of one, was taken out: reasons of edits.
 * X(reason, number, name) */
#define TAMIS_LINE_REASON_TABLE(X)                                                                 \
    X(SPACE, 1, "white_space")            /* around a line, or a line break written otherwise */   \
    X(LONG_WORD, 2, "too_long_word")      /* C4 */                                                 \
    X(CITATION, 3, "citation")            /* [1], [edit], [citation needed] */                     \
    X(NO_END_MARK, 4, "no_terminal_punc") /* C4 */                                                 \
    X(FEW_WORDS, 5, "too_few_words")      /* C4 */                                                 \
    X(JAVASCRIPT, 6, "javascript")        /* C4 */                                                 \
    X(POLICY, 7, "policy")                /* C4 */                                                 \
    X(SYMBOLS, 8, "symbol_lines")         /* datatrove */                                          \
    X(UPPERCASE, 9, "uppercase_ratio_line")                                                        \
    X(NUMERIC, 10, "numeric_ratio_line")                                                           \
    X(COUNTER, 11, "counter_line")                                                                 \
    X(LINE_LENGTH, 12, "line_length")                                                              \
    X(CART, 13, "items_in_cart")                                                                   \
    X(READ_MORE, 14, "read_more")                                                                  \
    X(SIGN_IN, 15, "sign_in")                                                                      \
    X(NEWLINES, 16, "newline_removal")                                                             \
    X(REPEATED_LINE, 17, "repeated_line")                                                          \
    X(REPEATED_PARAGRAPH, 18, "repeated_paragraph")                                                \
    X(REPEATED_SENTENCE, 19, "repeated_sentence")

typedef enum tamis_line_reason {
    TAMIS_LINE_KEPT = 0,
#define TAMIS_LINE_REASON_ENUM(reason, number, name) TAMIS_LINE_##reason = (number),
    TAMIS_LINE_REASON_TABLE(TAMIS_LINE_REASON_ENUM)
#undef TAMIS_LINE_REASON_ENUM
        TAMIS_LINE_REASONS
} tamis_line_reason;

/* Name of a reason of this table; NULL: it is none of it. */
const char *tamis_line_reason_name(unsigned reason);

/* X(rule, name) */
#define TAMIS_LINE_RULE_TABLE(X)                                                                   \
    X(C4_TFDS, "c4-tfds")           /* 5 words, 3 sentences, as the code that made C4 */           \
    X(C4_PAPER, "c4-paper")         /* the same code with the paper's 3 words, 5 sentences */      \
    X(C4_DATATROVE, "c4-datatrove") /* datatrove's C4 filter */                                    \
    X(C4_FINEWEB, "c4-fineweb") /* the same without the rule of end marks, as FineWeb ran it */    \
    X(MC4_PARAGRAPH, "mc4-paragraph")                                                              \
    X(SYMBOL_LINES, "symbol-lines")                                                                \
    X(DCLM_UPPERCASE, "dclm-uppercase-line")                                                       \
    X(DCLM_NUMERIC, "dclm-numeric-line")                                                           \
    X(DCLM_COUNTER, "dclm-counter-line")                                                           \
    X(DCLM_LENGTH_2, "dclm-line-length-2")                                                         \
    X(DCLM_LENGTH_5, "dclm-line-length-5")                                                         \
    X(DCLM_WORD_LENGTH, "dclm-word-length")                                                        \
    X(DCLM_CITATION, "dclm-citation")                                                              \
    X(DCLM_PUNCTUATION, "dclm-punctuation-line")                                                   \
    X(DCLM_PUNCTUATION_NO_ELLIPSES, "dclm-punctuation-line-no-ellipses")                           \
    X(DCLM_JAVASCRIPT, "dclm-javascript-line")                                                     \
    X(DCLM_POLICY, "dclm-policy-line")                                                             \
    X(DCLM_CART, "dclm-items-in-cart")                                                             \
    X(DCLM_READ_MORE, "dclm-read-more")                                                            \
    X(DCLM_SIGN_IN, "dclm-sign-in")                                                                \
    X(DCLM_NEWLINES, "dclm-newlines")                                                              \
    X(DCLM_LINES, "dclm-lines")   /* DCLM-Baseline: uppercase to sign-in, then at most 5 % of */   \
                                  /* the words removed */                                          \
    X(DCLM_C4, "dclm-c4")         /* the local part of DCLM's C4 */                                \
    X(DEDUP_LINES, "dedup-lines") /* DCLM: equal when stripped and lower-cased; blank kept */      \
    X(DEDUP_LINES_RAW, "dedup-lines-raw")                                                          \
    X(DEDUP_PARAGRAPHS, "dedup-paragraphs")                                                        \
    X(DEDUP_LINES_CCNET, "dedup-lines-ccnet") /* equal as cc_net normalizes lines */               \
    X(DEDUP_SENTENCES, "dedup-sentences")     /* data-juicer */

typedef enum tamis_line_rule {
#define TAMIS_LINE_RULE_ENUM(rule, name) TAMIS_LINES_##rule,
    TAMIS_LINE_RULE_TABLE(TAMIS_LINE_RULE_ENUM)
#undef TAMIS_LINE_RULE_ENUM
        TAMIS_LINE_RULES
} tamis_line_rule;

const char *tamis_line_rule_name(tamis_line_rule rule);
bool tamis_line_rule_find(const char *name, tamis_line_rule *out_rule);
/* Why the rule may drop a document: reason `index`; NULL behind the last. */
const char *tamis_line_rule_drop_reason(tamis_line_rule rule, size_t index);

/* What a rule found. Null values are NAN. X(value, name) */
#define TAMIS_LINE_VALUE_TABLE(X)                                                                  \
    X(LINES, "lines") /* seen: all, or up to the one that dropped the document */                  \
    X(LINES_KEPT, "lines_kept")                                                                    \
    X(SENTENCES, "sentences")         /* of kept lines, at most sentence_cap */                    \
    X(WORDS_BEFORE, "words_before")   /* dclm-lines: fastText words that begin with a letter or */ \
    X(WORDS_REMOVED, "words_removed") /* number; share of them that was removed */                 \
    X(LONG_LINES, "long_lines")       /* mc4-paragraph: lines of 200 code points */

typedef enum tamis_line_value {
#define TAMIS_LINE_VALUE_ENUM(value, name) TAMIS_LINE_VALUE_##value,
    TAMIS_LINE_VALUE_TABLE(TAMIS_LINE_VALUE_ENUM)
#undef TAMIS_LINE_VALUE_ENUM
        TAMIS_LINE_VALUES
} tamis_line_value;

const char *tamis_line_value_name(tamis_line_value value);

typedef struct tamis_line_result {
    const char *drop_reason; /* constant; NULL: the document is kept */
    double values[TAMIS_LINE_VALUES];
    uint32_t removed[TAMIS_LINE_REASONS]; /* lines taken out, and parts of lines, by reason */
    const uint8_t *fates; /* of C4 rules: tamis_line_reason of each line seen until a drop */
    size_t fate_count;
} tamis_line_result;

typedef struct tamis_line_options {
    tamis_sentence_count sentence_count; /* default: ICU */
    /* Sentences are counted up to here, which costs less; 0: no further than the rule needs. */
    uint32_t sentence_cap;
    /* C4 rules ask this about each lower-cased line that passed all other rules, and drop the
     * document ("badword") when it says true. NULL: not asked. */
    bool (*is_bad)(void *context, tamis_slice lower_line);
    void *context;
} tamis_line_options;

typedef struct tamis_line_rules tamis_line_rules;

/* TAMIS_ENOMEM. The caller owns *out_rules. */
TAMIS_MUST_USE
tamis_status tamis_line_rules_create(const tamis_line_options *options, /* NULL: defaults */
                                     tamis_line_rules **out_rules, tamis_err *err);
void tamis_line_rules_destroy(tamis_line_rules *rules); /* NULL is allowed */

/* Applies a rule to one text: well-formed UTF-8 with TAMIS_BUF_SLACK readable bytes behind it.
 * `out_edits` (reset before) become the edits that lead to the rule's text; when the document is
 * dropped they are those up to there, or none. `out_result` is valid until the next call.
 * TAMIS_ELIMIT: 4 GiB or more, or too many edits. TAMIS_EUNSUPPORTED: ICU has no rules for
 * sentences. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_line_rules_run(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                                  tamis_edits *out_edits, tamis_line_result *out_result,
                                  tamis_err *err);

#endif
