/* SPDX-License-Identifier: Apache-2.0 */
/* run_view.h - what a status means to a person: names, shares, sizes and times as text.
 *
 * Pure.
 */
#ifndef TAMIS_RUN_VIEW_H
#define TAMIS_RUN_VIEW_H

#include "tamis/run_status.h"

/* "1.2 GB", "340 kB": decimal units, three digits. */
void tamis_format_bytes(uint64_t bytes, char *out, size_t size);
/* "12:03", "1:02:03". */
void tamis_format_duration(uint64_t seconds, char *out, size_t size);

/* "scan", "near link". */
void tamis_stage_label(const tamis_stage *stage, char *out, size_t size);

/* Share of the stage, or of the whole run, that is done: 0 to 1. stored_bytes: of all inputs, the
 * measure of SCAN and EMIT; 0: not known, finished tasks are counted. */
double tamis_stage_fraction(const tamis_stage_status *stage, uint64_t stored_bytes);
double tamis_run_fraction(const tamis_run_status *status, uint64_t stored_bytes);

#endif
