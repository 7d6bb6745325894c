/* SPDX-License-Identifier: Apache-2.0 */
/* refilter.h - another profile on the values that a finished run stored: is that possible, and who
 * would be promoted and demoted?
 *
 * Threads: one.
 */
#ifndef TAMIS_REFILTER_H
#define TAMIS_REFILTER_H

#include <stdio.h>

#include "tamis/job.h"
#include "tamis/options.h"
#include "tamis/quality.h"

/* A finished run and a profile that its values suffice for. */
typedef struct tamis_refilter_source {
    tamis_job *job;        /* of the run */
    char *spec;            /* that the options ask for */
    char *skipped;         /* a line for each rule that was left out */
    tamis_quality *wanted; /* spec, opened */
    tamis_quality *stored; /* the run's */
    uint16_t *map;         /* stored column of each column of wanted */
} tamis_refilter_source;

/* TAMIS_EARG: a usage error, the run stored no signals, or not those that the profile needs.
 * TAMIS_ENOENT: no finished run is there. Errors of files and models. */
TAMIS_MUST_USE
tamis_status tamis_refilter_open(const char *out_path, const tamis_options *options,
                                 tamis_refilter_source *out_source, tamis_err *err);
void tamis_refilter_close(tamis_refilter_source *source); /* of zeros is allowed */

typedef enum tamis_refilter_form {
    TAMIS_REFILTER_TABLE,
    TAMIS_REFILTER_JSON, /* one object */
    TAMIS_REFILTER_LIST  /* a line of JSON for each document whose verdict changes */
} tamis_refilter_form;

/* Judges every line of attributes/ anew and prints what changes. Bytes of text are told where the
 * run's work was kept, which has them. TAMIS_ENOENT: the run has no attributes/. TAMIS_EFORMAT,
 * TAMIS_ECORRUPT, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_refilter_show(const tamis_refilter_source *source, const char *out_path,
                                 tamis_refilter_form form, FILE *out, tamis_err *err);

#endif
