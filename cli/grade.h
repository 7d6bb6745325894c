/* SPDX-License-Identifier: Apache-2.0 */
/* grade.h - grades the documents of some inputs and writes a line for each, without a run.
 *
 * Lines come in the order of the documents, and the same bytes for any number of threads, as do the
 * sums.
 *
 * Memory:  a thread: one record several times, its models' scratch, 1 MiB for each of four splits
 *          that wait for their turn; a sketch for each column of each source and language.
 * Threads: tamis_grade_run belongs to one thread and starts others.
 */
#ifndef TAMIS_GRADE_H
#define TAMIS_GRADE_H

#include "tamis/job.h"
#include "tamis/quality.h"
#include "tamis/reader.h"

typedef enum tamis_grade_format {
    TAMIS_GRADE_SIGNALS,
    TAMIS_GRADE_RPV2,
    TAMIS_GRADE_DOLMA
} tamis_grade_format;

typedef struct tamis_grade_options {
    const tamis_quality *quality;
    const tamis_plan *plan;
    const tamis_settings *settings; /* with scope FIELD: sources are the values of that field */
    tamis_grade_format format;
    bool has_verdict;   /* lines have a reason */
    const char *output; /* NULL: stdout. Compressed by its ending: .gz, .zst */
    uint32_t threads;
    bool is_shown;    /* progress, on stderr */
    bool is_terminal; /* which is one */
} tamis_grade_options;

typedef struct tamis_grade_result tamis_grade_result;

/* What ended before the error is in no file. Errors of readers and graders; TAMIS_ELIMIT: too many
 * sources or languages; TAMIS_EIO and the like: the output. */
TAMIS_MUST_USE
tamis_status tamis_grade_run(const tamis_grade_options *options, tamis_grade_result **out_result,
                             tamis_err *err);
void tamis_grade_result_destroy(tamis_grade_result *result); /* NULL is allowed */

/* Records that were set aside, and inputs that could not be read to their end. */
uint64_t tamis_grade_result_set_aside(const tamis_grade_result *result);
/* Names those on `file`. */
void tamis_grade_result_print_faults(const tamis_grade_result *result, FILE *file);
/* The summary as tables, and as JSON into a file that is replaced as a whole. */
TAMIS_MUST_USE
tamis_status tamis_grade_result_print(const tamis_grade_result *result, FILE *file, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_grade_result_write(const tamis_grade_result *result, const char *path,
                                      tamis_err *err);

#endif
