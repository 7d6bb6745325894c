/* SPDX-License-Identifier: Apache-2.0 */
/* split_result.h - what SCAN and EMIT report of one split: counts, the input's digest, the files
 * written.
 *
 * Layout in docs/FORMATS.md, "Task results". A task's blob is the results of its splits one after
 * the other.
 *
 * Pure.
 */
#ifndef TAMIS_SPLIT_RESULT_H
#define TAMIS_SPLIT_RESULT_H

#include "tamis/reader.h"
#include "tamis/task.h"

typedef struct tamis_scan_result {
    uint32_t split;
    tamis_reader_summary summary;
    uint64_t text_bytes;
    uint64_t repaired;
    uint64_t ids_missing;
    uint64_t fault_rows[TAMIS_FAULT_COUNT];
} tamis_scan_result;

#define TAMIS_OUTPUT_KINDS 3 /* documents, attributes, removed: in this order */

typedef struct tamis_output_file {
    bool is_present;
    uint64_t size_bytes;
    tamis_digest digest;
} tamis_output_file;

typedef struct tamis_emit_result {
    uint32_t split;
    uint64_t kept;
    uint64_t kept_bytes; /* of text */
    uint64_t dropped[TAMIS_LEVEL_COUNT];
    uint64_t dropped_bytes[TAMIS_LEVEL_COUNT];
    uint64_t quarantined;
    uint64_t copies_exact;
    uint64_t copies_near;
    uint64_t copies_url;
    uint64_t repointed;
    uint64_t capped;   /* rows flagged bucket_cap */
    uint64_t poisoned; /* of the quarantined: those that SCAN had read, but EMIT could not */
    tamis_output_file files[TAMIS_OUTPUT_KINDS];
    bool has_quality;
    tamis_slice quality; /* with has_quality: packed tamis_quality_count; borrowed */
} tamis_emit_result;

/* Documents of a split that have this verdict of quality and this language. */
typedef struct tamis_quality_count {
    uint16_t reason;   /* 0: passes; an index into the names of the SCAN task's verdicts */
    char language[32]; /* "": not looked for */
    uint64_t documents;
    uint64_t text_bytes;    /* as read */
    uint64_t kept;          /* of them: those written to documents/ */
    uint64_t edited;        /* of the kept: those whose text was changed */
    uint64_t edited_bytes;  /* of the edited: text as read */
    uint64_t written_bytes; /* of the edited: text as written */
} tamis_quality_count;

TAMIS_MUST_USE
tamis_status tamis_quality_count_put(tamis_buf *buf, const tamis_quality_count *count);
/* As tamis_emit_result_get. */
TAMIS_MUST_USE
tamis_status tamis_quality_count_get(tamis_slice counts, size_t *position,
                                     tamis_quality_count *out_count);

TAMIS_MUST_USE
tamis_status tamis_scan_result_put(tamis_buf *buf, const tamis_scan_result *result);
TAMIS_MUST_USE
tamis_status tamis_emit_result_put(tamis_buf *buf, const tamis_emit_result *result);
/* Reads the next one; *position moves on. TAMIS_END at the end, TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status tamis_scan_result_get(tamis_slice blob, size_t *position,
                                   tamis_scan_result *out_result);
TAMIS_MUST_USE
tamis_status tamis_emit_result_get(tamis_slice blob, size_t *position,
                                   tamis_emit_result *out_result);

/* Sum of the documents that quality dropped; *out_bytes (NULL: not wanted) that of their text. */
uint64_t tamis_quality_dropped(tamis_slice counts, uint64_t *out_bytes);

/* Whether blob is what a task reports: of a SCAN task the results of its batch's splits, of an EMIT
 * task likewise but for --against, each once and in order; nothing of other kinds. A
 * tamis_blob_check: TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status tamis_split_results_check(const tamis_blob_owner *owner, tamis_slice blob,
                                       tamis_err *err);

/* Path of an output file below OUT: "documents/NAME.jsonl.zst", or "documents/NAME/00003.jsonl.zst"
 * for an input of several splits. kind: 0 documents, 1 attributes, 2 removed. TAMIS_ELIMIT: longer
 * than size. */
TAMIS_MUST_USE
tamis_status tamis_output_name(const tamis_job *job, uint32_t split, unsigned kind, char *out_name,
                               size_t size);

#endif
