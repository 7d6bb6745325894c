/* SPDX-License-Identifier: Apache-2.0 */
/* line_run.h - what the files of the line rules share.
 *
 * Memory:  a tamis_line_rules owns its scratch.
 * Threads: one.
 */
#ifndef TAMIS_LINE_RUN_H
#define TAMIS_LINE_RUN_H

#include "c4_scan.h"
#include "line_text.h"
#include "tamis/hash.h"
#include "tamis/line_rules.h"

/* A line that a C4 rule keeps, as it leaves it. */
typedef struct kept_line {
    uint32_t begin; /* in the text, or in the scratch of cleaned lines */
    uint32_t end;
    bool is_copy;
} kept_line;

typedef struct digest_set {
    tamis_digest *slots;
    uint8_t *is_used;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
} digest_set;

struct tamis_line_rules {
    tamis_line_options options;
    tamis_kernel kernel;
    tamis_text_view *view;
    c4_scan scan;
    tamis_buf fates;   /* tamis_line_reason of each line */
    tamis_buf kept;    /* kept_line of each kept one */
    tamis_buf cleaned; /* lines without their citations */
    tamis_buf lower;
    tamis_buf stripping;      /* a text about to be stripped */
    tamis_buf chain_texts[2]; /* what the steps of a chain leave, in turn */
    tamis_edits chain_step;   /* edits of one step of it */
    tamis_edits step;         /* edits that strip */
    tamis_edits fold;         /* room to fold edits with those before */
    digest_set seen;
};

/* Joins the pieces of a text that stay, with one newline between lines, as edits. Lines are given
 * in order; all of their text is either in a line or a break. */
typedef struct line_joiner {
    tamis_edits *edits;
    uint32_t end_before; /* where the line before ended */
    bool has_kept;       /* a line was kept */
} line_joiner;

/* Drops the line [begin, end) for a reason, with the break before it. */
TAMIS_MUST_USE
tamis_status line_join_drop(line_joiner *joiner, uint32_t begin, uint32_t end, uint16_t reason);
/* Keeps the line from `begin` on; the caller adds the edits inside it and then calls _end. */
TAMIS_MUST_USE
tamis_status line_join_keep(line_joiner *joiner, tamis_slice text, uint32_t begin);
void line_join_end(line_joiner *joiner, uint32_t end);

/* Edits that strip the white space at both ends of a text. */
TAMIS_MUST_USE
tamis_status line_strip_edits(tamis_slice text, tamis_edits *edits);
/* Strips what `edits` leave of `text`. Uses stripping, step and fold. */
TAMIS_MUST_USE
tamis_status line_strip_result(tamis_line_rules *rules, tamis_slice text, tamis_edits *edits);
/* Folds the edits of a step into `edits`, by way of rules->fold. */
TAMIS_MUST_USE
tamis_status line_fold(tamis_line_rules *rules, const tamis_edits *step, tamis_edits *edits);

/* Sentences of a text. */
TAMIS_MUST_USE
tamis_status line_count_sentences(tamis_line_rules *rules, tamis_slice text, size_t *out_count,
                                  tamis_err *err);

void line_seen_reset(digest_set *set);
void line_seen_fini(digest_set *set);
/* Adds a digest; *out_is_new tells whether it was not there. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status line_seen_add(digest_set *set, tamis_digest digest, bool *out_is_new);

/* The rules. Each fills `edits` (empty before) and `result` (with nothing found before). */
TAMIS_MUST_USE
tamis_status line_run_c4(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                         tamis_edits *edits, tamis_line_result *result, tamis_err *err);
TAMIS_MUST_USE
tamis_status line_run_dclm(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                           tamis_edits *edits, tamis_line_result *result);
/* Why a modifier of DCLM drops a document of which it leaves nothing; NULL: it does not. */
const char *line_dclm_drop_reason(tamis_line_rule rule);
TAMIS_MUST_USE
tamis_status line_run_chain(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                            tamis_edits *edits, tamis_line_result *result, tamis_err *err);
TAMIS_MUST_USE
tamis_status line_run_repeats(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                              tamis_edits *edits, tamis_line_result *result);
TAMIS_MUST_USE
tamis_status line_run_symbols(tamis_line_rules *rules, tamis_slice text, tamis_edits *edits,
                              tamis_line_result *result);
void line_run_paragraphs(tamis_slice text, tamis_line_result *result);

#endif
