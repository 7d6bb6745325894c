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
/* The input that a row comes from. */
const tamis_input *tamis_job_input_of(const tamis_job *job, tamis_ord ord);

#endif
