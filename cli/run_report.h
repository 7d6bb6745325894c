/* SPDX-License-Identifier: Apache-2.0 */
/* run_report.h - what a run says when it is over: the table, the report, timing.json.
 *
 * Threads: one.
 */
#ifndef TAMIS_RUN_REPORT_H
#define TAMIS_RUN_REPORT_H

#include <stdio.h>

#include "tamis/run_status.h"

#define TAMIS_TIMING_NAME "timing.json"

typedef struct tamis_run_sums {
    uint64_t read;
    uint64_t kept;
    uint64_t dropped;
    uint64_t quarantined;
    uint64_t set_aside_inputs; /* unreadable, or cut short */
} tamis_run_sums;

/* Reads OUT/report.json, writes it to `out` as it is (as_json) or as a short table, and returns the
 * sums. */
TAMIS_MUST_USE
tamis_status tamis_run_show(const char *out_path, bool as_json, bool is_quiet, double seconds,
                            FILE *out, tamis_run_sums *out_sums, tamis_err *err);

/* Writes OUT/timing.json: stages with their times and counters, user and system time, peak memory.
 */
TAMIS_MUST_USE
tamis_status tamis_run_write_timing(const char *out_path, const tamis_run_status *status,
                                    double seconds, uint32_t threads, uint64_t memory_bytes,
                                    tamis_err *err);

#endif
