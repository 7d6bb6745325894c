/* SPDX-License-Identifier: Apache-2.0 */
/* explain_parts.h - what explain.c finds and explain_print.c says. */
#ifndef TAMIS_EXPLAIN_PARTS_H
#define TAMIS_EXPLAIN_PARTS_H

#include "explain.h"
#include "row_copy.h"
#include "text_out.h"

/* One link of the chain from the document to the witness that is kept. */
typedef struct explain_step {
    tamis_ord ord;
    tamis_row_copy copy; /* empty: a document of --against, which attributes/ does not have */
} explain_step;

typedef struct explain {
    const tamis_explain_options *options;
    tamis_job *job;
    tamis_text_out out;
    bool is_ord;
    tamis_ord ord; /* of the document, once it is found */
    uint64_t matches;
    tamis_json json; /* over out.buf */
    tamis_row_copy subject;
    explain_step steps[TAMIS_VIA_MAX + 1]; /* via in order, then the witness */
    uint32_t step_count;
    tamis_row_copy *named; /* of those that name it as witness, the first shown_limit */
    size_t named_count;
    size_t named_capacity;
    uint64_t named_by[TAMIS_LEVEL_COUNT]; /* all of them, by reason */
    uint64_t passed;                      /* those whose via has it */
} explain;

/* The story of e->subject, or of one of several matches. */
void explain_print(explain *e);
/* The list of matches, line by line. */
void explain_print_matches_begin(explain *e);
void explain_print_match(explain *e, const tamis_result_row *row);
void explain_print_matches_end(explain *e);

#endif
