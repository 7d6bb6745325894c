/* SPDX-License-Identifier: Apache-2.0 */
/* estimate.h - what a run will take, before it starts: disk, memory, processor time, wall time,
 * output.
 *
 * Two steps. A sample of the inputs goes through the real reader, analyzer, sorter and shard
 * writer; that gives *facts*, measured on this machine. A model makes figures of a whole run from
 * them, with coefficients for what a sample cannot show (estimate_model.c has them in one table,
 * each with its reason).
 *
 * Not known before a run is how much of the inputs is duplicated: output and disk are those of a
 * run that removes nothing.
 *
 * Memory:  that of one SCAN task over the sample.
 * Threads: one.
 */
#ifndef TAMIS_ESTIMATE_H
#define TAMIS_ESTIMATE_H

#include "tamis/job.h"

#define TAMIS_ESTIMATE_SAMPLE_BYTES (UINT64_C(48) << 20) /* stored; about two seconds of work */

/* Sums over the sample. Seconds are of the processor: a busy machine does not change them. */
typedef struct tamis_facts {
    uint64_t stored_bytes;
    uint64_t decoded_bytes;
    uint64_t text_bytes;
    uint64_t rows;
    uint64_t quarantined;
    uint64_t shingles;
    uint64_t features[TAMIS_LEVEL_COUNT];
    uint64_t ids;              /* records that have one */
    uint64_t id_bytes;         /* of all records, those of input and row included */
    uint64_t documents_packed; /* bytes of documents/ if every record is kept, compressed */
    uint64_t attributes_packed;
    uint64_t exact_repeats;  /* records whose text stood before in the sample */
    uint64_t near_repeats;   /* others that share bands with an earlier one, as many as
                                near-duplicates  do at the threshold */
    uint64_t repeated_bytes; /* text of both */
    uint64_t pairs;          /* that buckets of the sample offer */
    double read_seconds;
    double analyze_seconds;
    double sort_seconds;
    double pack_seconds;
    uint32_t pieces; /* places that were read */
} tamis_facts;

/* What the model must know of the run besides. */
typedef struct tamis_estimate_shape {
    const tamis_settings *settings;
    uint64_t scan_bytes; /* stored bytes that SCAN reads, --limit considered */
    uint64_t emit_bytes; /* of them, those that are written again: not --against */
    uint32_t splits;
    uint32_t batches;
    uint32_t parts;
    uint32_t slots;
    uint32_t workers;
    uint64_t memory_bytes; /* --memory of the run */
} tamis_estimate_shape;

typedef struct tamis_estimate {
    uint64_t documents;
    uint64_t stored_bytes;
    uint64_t decoded_bytes;
    uint64_t output_bytes; /* rather too much: see above */
    uint64_t kept;         /* likewise */
    uint64_t features_bytes;
    uint64_t records_bytes;
    uint64_t pairs_bytes; /* of LINK, PAIR and TEXT stages, with the spool */
    uint64_t spool_bytes; /* of it; 0: refused, or not wanted */
    bool is_spool_refused;
    uint64_t work_bytes; /* all of OUT/.work at its peak */
    uint64_t disk_bytes; /* work and output */
    uint64_t memory_bytes;
    double scan_seconds; /* of one processor */
    double link_seconds;
    double verify_seconds;
    double emit_seconds;
    double local_seconds;     /* stages that run alone */
    double processor_seconds; /* all */
    double wall_seconds;      /* with shape.workers, each with a processor of its own */
} tamis_estimate;

typedef struct tamis_estimate_options {
    const tamis_settings *settings;
    const tamis_plan *plan; /* laid out */
    uint32_t workers;
    uint64_t memory_bytes;
    uint64_t sample_bytes; /* 0: TAMIS_ESTIMATE_SAMPLE_BYTES */
    uint64_t seed;
    const char *temp_folder; /* exists; what is written there is removed again */
    bool is_json;
} tamis_estimate_options;

/* Reads pieces at equal distances over the stored bytes of all inputs, from a place that the seed
 * chooses. TAMIS_ENOENT: no input can be read. */
TAMIS_MUST_USE
tamis_status tamis_estimate_measure(const tamis_estimate_options *options, tamis_facts *out_facts,
                                    tamis_err *err);
/* The shape of the plan's run; facts are needed for --limit. */
void tamis_estimate_shape_of(const tamis_estimate_options *options, const tamis_facts *facts,
                             tamis_estimate_shape *out_shape);
/* Pure. The sample has a record at least. */
void tamis_estimate_model(const tamis_estimate_shape *shape, const tamis_facts *facts,
                          tamis_estimate *out_estimate);
/* All of it, written to `out`. */
TAMIS_MUST_USE
tamis_status tamis_estimate_run(const tamis_estimate_options *options, FILE *out, tamis_err *err);

#endif
