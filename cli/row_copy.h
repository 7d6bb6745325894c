/* SPDX-License-Identifier: Apache-2.0 */
/* row_copy.h - rows of attributes/ that outlive the reading of them.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_ROW_COPY_H
#define TAMIS_ROW_COPY_H

#include "result.h"

typedef struct tamis_row_copy {
    tamis_result_row row; /* its slices point into bytes */
    uint8_t *bytes;       /* NULL: no row */
} tamis_row_copy;

/* Copies a row into an empty tamis_row_copy. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_row_copy_make(const tamis_result_row *row, tamis_row_copy *out_copy,
                                 tamis_err *err);
void tamis_row_copy_free(tamis_row_copy *copy); /* makes it empty */

/* "keep", "drop", "quarantine". */
const char *tamis_verdict_name(tamis_verdict verdict);
/* What attributes/ says must fit the plan before anything is looked up with it. TAMIS_EFORMAT: the
 * row or its witness lies in a split that the run does not have; err names file and line. */
TAMIS_MUST_USE
tamis_status tamis_row_check(const tamis_result *result, const tamis_job *job,
                             const tamis_result_row *row, tamis_err *err);
/* The input that a row comes from; its split is in the plan. */
const tamis_input *tamis_job_input_of(const tamis_job *job, tamis_ord ord);

#endif
