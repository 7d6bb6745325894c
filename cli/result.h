/* SPDX-License-Identifier: Apache-2.0 */
/* result.h - reading a finished OUT folder: its job, and the lines of attributes/ in ord order.
 *
 * Threads: one thread per object.
 */
#ifndef TAMIS_RESULT_H
#define TAMIS_RESULT_H

#include "tamis/exchange.h"
#include "tamis/job.h"
#include "tamis/text_edit.h"

#define TAMIS_JOB_NAME "job.bin"

typedef enum tamis_verdict {
    TAMIS_VERDICT_KEEP,
    TAMIS_VERDICT_DROP,
    TAMIS_VERDICT_QUARANTINE
} tamis_verdict;

/* One line of attributes/. Slices are valid until the next call. */
typedef struct tamis_result_row {
    uint64_t line;    /* from 1 */
    tamis_slice text; /* the line itself */
    tamis_slice id;
    tamis_ord ord;
    tamis_digest digest;
    tamis_verdict verdict;
    tamis_slice reason;
    bool is_of_quality;  /* dropped by a rule of quality: there is no witness */
    uint32_t edit_count; /* edits of its text (tamis_result_edits) */
    tamis_slice witness_id;
    tamis_slice witness_input;
    tamis_ord witness; /* TAMIS_NO_ORD: none */
    tamis_evidence evidence;
    tamis_ord via[TAMIS_VIA_MAX];
    uint32_t via_count;
    uint64_t copies_exact;
    uint64_t copies_near;
    uint64_t copies_url;
    bool is_capped;
    bool is_repaired;
} tamis_result_row;

/* Loads OUT/job.bin. TAMIS_ENOENT: no result there. */
TAMIS_MUST_USE
tamis_status tamis_result_job(const char *out_path, tamis_job **out_job, tamis_err *err);

/* Lines of a compressed or plain file below OUT. */
typedef struct tamis_lines tamis_lines;
TAMIS_MUST_USE
tamis_status tamis_lines_open(const char *path, tamis_lines **out_lines, tamis_err *err);
/* The next line without its end; TAMIS_END; TAMIS_ECORRUPT: the stream is damaged. */
TAMIS_MUST_USE
tamis_status tamis_lines_next(tamis_lines *lines, tamis_slice *out_line, tamis_err *err);
void tamis_lines_close(tamis_lines *lines);

/* The rows of attributes/ of all splits in ord order. */
typedef struct tamis_result tamis_result;
TAMIS_MUST_USE
tamis_status tamis_result_open(const char *out_path, const tamis_job *job,
                               tamis_result **out_result, tamis_err *err);
/* TAMIS_END behind the last. TAMIS_EFORMAT names file and line. */
TAMIS_MUST_USE
tamis_status tamis_result_next(tamis_result *result, tamis_result_row *out_row, tamis_err *err);
/* The edits of the last row's text into `edits`, which is reset before; reasons are left out (0).
 * TAMIS_EFORMAT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_result_edits(const tamis_result *result, tamis_edits *edits, tamis_err *err);
/* What quality found in the document of the last row. false: it was not graded (set aside). */
typedef struct tamis_result_quality {
    tamis_slice reason;   /* empty: passes */
    tamis_slice language; /* empty: not looked for */
    double language_score;
} tamis_result_quality;
bool tamis_result_graded(const tamis_result *result, tamis_result_quality *out_quality);
/* The values of named signals of the last row; NAN is null. TAMIS_EFORMAT: one is missing. */
TAMIS_MUST_USE
tamis_status tamis_result_signals(const tamis_result *result, const char *const *names,
                                  size_t count, double *out_values, tamis_err *err);
/* The split that the last row came from, and the path of its file. */
uint32_t tamis_result_split(const tamis_result *result);
const char *tamis_result_path(const tamis_result *result);
void tamis_result_close(tamis_result *result);

#endif
