/* SPDX-License-Identifier: Apache-2.0 */
/* report_quality.h - what quality dropped, changed and found, as sums by reason and language, and
 * the members of report.json that tell it (docs/FORMATS.md 6.3).
 *
 * Threads: one.
 */
#ifndef TAMIS_REPORT_QUALITY_H
#define TAMIS_REPORT_QUALITY_H

#include "tamis/split_result.h"

/* Sums in order of reason and language; zeroed to begin with. */
typedef struct tamis_quality_sums {
    tamis_quality_count *counts;
    size_t count;
    size_t capacity;
} tamis_quality_sums;

/* Adds the counts of a split. TAMIS_EFORMAT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_quality_sums_add(tamis_quality_sums *sums, tamis_slice counts);
/* The greatest reason of which documents were counted. */
uint16_t tamis_quality_sums_reason_max(const tamis_quality_sums *sums);
void tamis_quality_sums_fini(tamis_quality_sums *sums);

/* The names of reasons. */
typedef struct tamis_reason_names {
    char **names;
    size_t count;
} tamis_reason_names;

/* Reads them from the verdicts of the first SCAN task; none where there is no task. */
TAMIS_MUST_USE
tamis_status tamis_reason_names_read(const tamis_task_env *env, tamis_reason_names *out_names,
                                     tamis_err *err);
void tamis_reason_names_fini(tamis_reason_names *names);

/* Members of "reasons": `"NAME":{"documents":N,"text_bytes":N}` of each reason that dropped
 * something, with a comma in front of all but the first (*is_first). Whether all was appended. */
TAMIS_MUST_USE
tamis_status tamis_report_reasons(const tamis_quality_sums *sums, const tamis_reason_names *names,
                                  bool *is_first, tamis_buf *out);
/* Members `,"languages":{...}` of an input or of the run. */
TAMIS_MUST_USE
tamis_status tamis_report_languages(const tamis_quality_sums *sums, const tamis_reason_names *names,
                                    tamis_buf *out);
/* Members `,"profile":{...},"quality":{...}` of the run. */
TAMIS_MUST_USE
tamis_status tamis_report_profile(const tamis_job *job, const tamis_quality_sums *sums,
                                  tamis_buf *out);

#endif
