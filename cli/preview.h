/* SPDX-License-Identifier: Apache-2.0 */
/* preview.h - what a stricter threshold would keep, counted from the work that a run left behind.
 *
 * A run with --keep-work has every verified pair of its level near with the figure behind it. Those
 * that reach the new threshold are resolved again over what the levels before kept; no text is
 * read. The result is that of a run with the new threshold, the same bands and --verify=text or
 * --verify=signature. With --verify=auto the run itself would ask the text where the signature is
 * near the *new* threshold; here pairs that the signature decided keep its estimate.
 *
 * Memory:  two bits a document, and the buffers of the streams (memory_bytes).
 * Threads: one.
 */
#ifndef TAMIS_PREVIEW_H
#define TAMIS_PREVIEW_H

#include "tamis/job.h"

#define TAMIS_PREVIEW_THRESHOLDS_MAX 64

typedef struct tamis_preview_options {
    const char *out_path;
    const char *work_folder; /* <data>/<job id>; NULL: OUT/.work/data/<job id> */
    uint32_t thresholds_ppm[TAMIS_PREVIEW_THRESHOLDS_MAX];
    size_t threshold_count;   /* 0: the run's own */
    bool has_min_containment; /* else that of the run */
    uint32_t min_containment_ppm;
    uint64_t memory_bytes;
    bool is_json;
} tamis_preview_options;

/* Writes the table to `out`. TAMIS_EARG: a threshold (or containment) below that of the run, or one
 * that the kept work cannot answer; the text says what to run instead. TAMIS_ENOENT: no result, no
 * kept work. Others: damaged files. */
TAMIS_MUST_USE
tamis_status tamis_preview(const tamis_preview_options *options, FILE *out, tamis_err *err);

/* "0.85,0.9" or "85%,90%". TAMIS_EARG. */
TAMIS_MUST_USE
tamis_status tamis_preview_parse_thresholds(const char *text, tamis_preview_options *options,
                                            tamis_err *err);

#endif
