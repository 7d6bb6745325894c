/* SPDX-License-Identifier: Apache-2.0 */
/* status_print.h - a coordinator's jobs, stages and workers, for people and for programs.
 *
 * Threads: one.
 */
#ifndef TAMIS_STATUS_PRINT_H
#define TAMIS_STATUS_PRINT_H

#include <stdio.h>

#include "cluster_options.h"

/* One JSON object and a newline: "version", and "job", "jobs", "workers" for what is not NULL.
 * docs/FORMATS.md, "Status". TAMIS_ENOMEM; TAMIS_EIO: it cannot be written. */
TAMIS_MUST_USE
tamis_status tamis_status_print_json(FILE *out, const tamis_run_status *status,
                                     const tamis_job_list *jobs, const tamis_worker_list *workers,
                                     tamis_err *err);

/* Remembers what it showed last, for rates. */
typedef struct tamis_status_view {
    const char *url;
    bool has_color;
    uint64_t began_ms; /* of the stage shown, by the clock of the caller */
    uint32_t stage;
    char job[TAMIS_JOB_ID_SIZE];
    uint64_t last_ms;
    uint64_t last_bytes;
    uint64_t last_documents;
    double bytes_per_s;
    double documents_per_s;
} tamis_status_view;

/* What there is to show at one moment. */
typedef struct tamis_status_moment {
    uint64_t now_ms;
    const tamis_run_status *status; /* NULL: no job */
    const char *output;             /* of that job */
    const tamis_job_list *jobs;
    const tamis_worker_list *workers;
} tamis_status_moment;

/* Appends the page, lines ended by newlines. columns: lines are cut there, 0: never; rows: workers
 * are cut so that the page fits, 0: never. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_status_page(tamis_status_view *view, const tamis_status_moment *moment,
                               unsigned columns, unsigned rows, tamis_buf *out);

#endif
