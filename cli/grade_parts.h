/* SPDX-License-Identifier: Apache-2.0 */
/* grade_parts.h - what grade.c is made of: lines, their order, and sums over documents. */
#ifndef TAMIS_GRADE_PARTS_H
#define TAMIS_GRADE_PARTS_H

#include "grade.h"
#include "tamis/quantiles.h"
#include "tamis/signals.h"
#include "tamis/words.h"

/* ---- Lines (grade_format.c) ---- */

/* Turns one grade into one line. Threads: belongs to one. */
typedef struct tamis_grade_lines tamis_grade_lines;

TAMIS_MUST_USE
tamis_status tamis_grade_lines_create(const tamis_quality *quality, tamis_grade_format format,
                                      bool has_verdict, tamis_grade_lines **out_lines,
                                      tamis_err *err);
void tamis_grade_lines_destroy(tamis_grade_lines *lines); /* NULL is allowed */
/* Appends the line with its newline. `text` is that which was graded, TAMIS_BUF_SLACK readable
 * bytes behind it. TAMIS_ENOMEM, and what the signals of lines return. */
TAMIS_MUST_USE
tamis_status tamis_grade_lines_add(tamis_grade_lines *lines, tamis_slice id, tamis_slice text,
                                   const tamis_grade *grade, tamis_buf *out, tamis_err *err);

/* ---- Order (grade_order.c) ---- */

/* Brings what threads write for splits into the order of the splits. The thread whose split is
 * next writes straight to the output; what others write waits in 1 MiB of memory a split, and
 * beyond that in an unlinked temporary file. A thread whose split is far ahead waits.
 *
 * Threads: any; a stage belongs to one. */
typedef struct tamis_grade_order tamis_grade_order;
typedef struct tamis_grade_stage tamis_grade_stage; /* the lines of one split */
typedef tamis_status (*tamis_grade_sink)(void *context, tamis_slice bytes, tamis_err *err);

/* `ahead`: so many splits may be begun before the first of them is written. */
TAMIS_MUST_USE
tamis_status tamis_grade_order_create(tamis_grade_sink sink, void *context, uint32_t ahead,
                                      const char *temp_folder, tamis_grade_order **out_order,
                                      tamis_err *err);
/* All stages were ended. NULL is allowed. */
void tamis_grade_order_destroy(tamis_grade_order *order);
/* Begins the next split, whose number is given; waits for its place. TAMIS_ECANCELED: another
 * thread failed. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_grade_order_begin(tamis_grade_order *order, uint32_t *out_split,
                                     tamis_grade_stage **out_stage, tamis_err *err);
/* Takes what stands in *bytes, and resets it. TAMIS_EIO, TAMIS_ENOSPC, TAMIS_ENOMEM, and what the
 * sink returns. */
TAMIS_MUST_USE
tamis_status tamis_grade_order_write(tamis_grade_stage *stage, tamis_buf *bytes, tamis_err *err);
/* The split is complete; the stage is gone, with an error too. */
TAMIS_MUST_USE
tamis_status tamis_grade_order_end(tamis_grade_stage *stage, tamis_err *err);
/* The split failed: its stage is gone, and all that wait are turned away. stage may be NULL. */
void tamis_grade_order_fail(tamis_grade_order *order, tamis_grade_stage *stage);

/* ---- Sums (grade_summary.c) ---- */

#define TAMIS_GRADE_GROUPS_MAX 4096u

/* Documents of one source, one language, or all. */
typedef struct tamis_grade_group {
    tamis_buf name;
    uint64_t documents;
    uint64_t *reasons;        /* documents by reason; 0: kept */
    tamis_quantiles *columns; /* values */
} tamis_grade_group;

typedef struct tamis_grade_groups {
    tamis_grade_group **items; /* in order of name */
    uint32_t count;
    uint32_t capacity;
} tamis_grade_groups;

typedef struct tamis_grade_summary {
    const tamis_quality *quality;
    tamis_grade_group *all;
    tamis_grade_groups sources;
    tamis_grade_groups languages;
    uint64_t faults[TAMIS_FAULT_COUNT]; /* records set aside */
} tamis_grade_summary;

TAMIS_MUST_USE
tamis_status tamis_grade_summary_init(tamis_grade_summary *summary, const tamis_quality *quality,
                                      tamis_err *err);
void tamis_grade_summary_fini(tamis_grade_summary *summary); /* zeros are allowed */
/* TAMIS_ELIMIT: more sources or languages than TAMIS_GRADE_GROUPS_MAX. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_grade_summary_add(tamis_grade_summary *summary, tamis_slice source,
                                     const tamis_grade *grade, tamis_err *err);
/* The same sums whatever was added where. */
TAMIS_MUST_USE
tamis_status tamis_grade_summary_merge(tamis_grade_summary *summary,
                                       const tamis_grade_summary *other, tamis_err *err);
uint64_t tamis_grade_summary_set_aside(const tamis_grade_summary *summary);

typedef struct tamis_grade_fault {
    char *input;
    char *text;
} tamis_grade_fault; /* an input that could not be read, or not to its end */

/* One object with the sums; docs/FORMATS.md, "Summary of grades". */
TAMIS_MUST_USE
tamis_status tamis_grade_summary_json(const tamis_grade_summary *summary,
                                      const tamis_grade_fault *faults, size_t fault_count,
                                      tamis_buf *out, tamis_err *err);
/* Tables for a person. */
TAMIS_MUST_USE
tamis_status tamis_grade_summary_text(const tamis_grade_summary *summary, FILE *file,
                                      tamis_err *err);

#endif
