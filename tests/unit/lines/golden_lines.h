/* SPDX-License-Identifier: Apache-2.0 */
/* golden_lines.h - compares the line rules with what reference implementations gave.
 *
 * A folder has texts.jsonl.zst and c4_tfds, datatrove, datatrove-v1, dclm and cc_net (.jsonl.zst),
 * as tests/golden/README.md describes them; a file that is missing is left out.
 */
#ifndef TAMIS_GOLDEN_LINES_H
#define TAMIS_GOLDEN_LINES_H

#include "tamis/line_rules.h"

typedef enum golden_kind {
    GOLDEN_VERDICT,   /* kept or dropped, and the reason */
    GOLDEN_TEXT,      /* the text that is left */
    GOLDEN_FATES,     /* of each line */
    GOLDEN_SENTENCES, /* counts of sentences */
    GOLDEN_KINDS
} golden_kind;

typedef struct golden_row {
    char name[64]; /* of the rule, or file and option */
    size_t compared[GOLDEN_KINDS];
    size_t differ[GOLDEN_KINDS];
    size_t by_sentences; /* verdicts that differ because sentences are counted otherwise */
} golden_row;

#define GOLDEN_ROWS_MAX 64

typedef struct golden_report {
    golden_row rows[GOLDEN_ROWS_MAX];
    size_t row_count;
    size_t records;
    int prints; /* differences, by id, on stdout */
} golden_report;

/* Compares all of a folder. False: no texts, or a file is damaged; a line on stderr says so. */
bool golden_lines_compare(const char *folder, tamis_sentence_count how, golden_report *report);

#endif
