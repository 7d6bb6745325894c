/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - how far a run is, on a terminal: one live line a stage, rates and time left.
 *
 * Writes to stderr only. On a terminal the line is redrawn in place; with `always` and no terminal
 * a plain line comes every few seconds. Colors say nothing that words do not say too.
 *
 * Threads: one.
 */
#ifndef TAMIS_PROGRESS_H
#define TAMIS_PROGRESS_H

#include "run_view.h"

typedef enum tamis_progress_mode {
    TAMIS_PROGRESS_AUTO, /* when stderr is a terminal */
    TAMIS_PROGRESS_ALWAYS,
    TAMIS_PROGRESS_NEVER
} tamis_progress_mode;

typedef enum tamis_color_mode {
    TAMIS_COLOR_AUTO,
    TAMIS_COLOR_ALWAYS,
    TAMIS_COLOR_NEVER
} tamis_color_mode;

typedef struct tamis_progress tamis_progress;

/* stored_bytes: of all inputs, the measure of SCAN and EMIT. NULL: out of memory. */
tamis_progress *tamis_progress_create(tamis_progress_mode mode, tamis_color_mode color,
                                      uint64_t stored_bytes);
/* A tamis_progress_call. */
void tamis_progress_update(void *progress, const tamis_run_status *status);
/* Clears the live line. */
void tamis_progress_end(tamis_progress *progress);
void tamis_progress_destroy(tamis_progress *progress);

#endif
