/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - what one run is: settings that decide, inputs, splits, and the stages that follow.
 *
 * Everything here is plain data, fixed before the run starts and equal on every worker. Settings
 * that cannot change a decision (workers, memory, folders, log) are not here.
 *
 * Pure.
 */
#ifndef TAMIS_JOB_H
#define TAMIS_JOB_H

#include "tamis/buf.h"
#include "tamis/hash.h"
#include "tamis/ord.h"

#define TAMIS_DEFINITION_VERSION 1 /* docs/FORMATS.md, section 1 */
#define TAMIS_FIELD_SIZE         128
#define TAMIS_PPM                1000000u

typedef enum tamis_level_id {
    TAMIS_LEVEL_URL = 0,
    TAMIS_LEVEL_EXACT = 1,
    TAMIS_LEVEL_NEAR = 2,
    TAMIS_LEVEL_COUNT
} tamis_level_id;

typedef enum tamis_verify {
    TAMIS_VERIFY_AUTO,
    TAMIS_VERIFY_SIGNATURE,
    TAMIS_VERIFY_TEXT
} tamis_verify;
typedef enum tamis_exact { TAMIS_EXACT_FOLDED, TAMIS_EXACT_RAW } tamis_exact;
typedef enum tamis_profile { TAMIS_PROFILE_TEXT, TAMIS_PROFILE_CODE } tamis_profile;
typedef enum tamis_url_keep { TAMIS_URL_KEEP_FIRST, TAMIS_URL_KEEP_LAST } tamis_url_keep;
typedef enum tamis_scope { TAMIS_SCOPE_ALL, TAMIS_SCOPE_INPUT, TAMIS_SCOPE_FIELD } tamis_scope;
typedef enum tamis_output_format {
    TAMIS_OUTPUT_JSONL_ZST,
    TAMIS_OUTPUT_JSONL_GZ,
    TAMIS_OUTPUT_JSONL
} tamis_output_format;
enum { TAMIS_EMIT_DOCUMENTS = 1, TAMIS_EMIT_ATTRIBUTES = 2, TAMIS_EMIT_REMOVED = 4 };

/* Names as they stand in options, settings and reports, by enum value (emit: by bit); NULL ends
 * each list. */
extern const char *const tamis_level_names[];         /* "url", "exact", "near" */
extern const char *const tamis_verify_names[];        /* "auto", "signature", "text" */
extern const char *const tamis_exact_names[];         /* "folded", "raw" */
extern const char *const tamis_profile_names[];       /* "text", "code" */
extern const char *const tamis_url_keep_names[];      /* "first", "last" */
extern const char *const tamis_scope_names[];         /* "all", "input", "field" */
extern const char *const tamis_output_format_names[]; /* "jsonl.zst", "jsonl.gz", "jsonl" */
extern const char *const tamis_emit_names[];          /* "documents", "attributes", "removed" */

/* Limits of the settings below; both ends are allowed. */
#define TAMIS_SLOTS_MIN        64u
#define TAMIS_SLOTS_MAX        1024u /* a power of two (docs/FORMATS.md 1.6) */
#define TAMIS_SHINGLE_MAX      64u
#define TAMIS_BUCKET_CAP_MAX   4096u      /* pairs of a bucket grow with its square below the cap */
#define TAMIS_RECORD_BYTES_MAX (1u << 30) /* a record is held in memory, several times */
#define TAMIS_NESTING_MAX      4096u
#define TAMIS_WINDOW_LOG_MIN   10u
#define TAMIS_WINDOW_LOG_MAX   31u
#define TAMIS_SPOOL_PPM_MAX    (16 * TAMIS_PPM)
#define TAMIS_OUTPUT_LEVEL_MIN (-7)
#define TAMIS_OUTPUT_LEVEL_MAX 22

typedef struct tamis_settings {
    uint32_t levels; /* bit (1 << tamis_level_id) */
    uint32_t threshold_ppm;
    uint32_t min_containment_ppm; /* 0: not asked for */
    uint32_t bands;
    uint32_t rows;
    uint32_t slots; /* of a signature: k */
    uint32_t shingle;
    uint32_t bucket_cap;
    tamis_verify verify;
    uint32_t verify_spool_ppm; /* of the input bytes, but at least 64 MiB */
    tamis_exact exact;
    tamis_profile profile;
    tamis_url_keep url_keep;
    tamis_scope scope;
    char scope_field[TAMIS_FIELD_SIZE];
    char text_field[TAMIS_FIELD_SIZE]; /* name, or path with dots */
    char id_field[TAMIS_FIELD_SIZE];
    char url_field[TAMIS_FIELD_SIZE];
    uint64_t record_bytes_max;
    uint32_t nesting_max;
    uint32_t ratio_max; /* decompressed : compressed bytes of a file, above the first 64 MiB */
    uint32_t zstd_window_log_max;
    uint64_t split_bytes;
    uint32_t sample_ppm; /* TAMIS_PPM: every record */
    uint64_t limit;      /* records of each input; 0: all */
    uint32_t emit;
    tamis_output_format output_format;
    int32_t output_level;
} tamis_settings;

typedef enum tamis_input_format {
    TAMIS_INPUT_JSONL,
    TAMIS_INPUT_WARC, /* also WET */
    TAMIS_INPUT_TEXT  /* the whole file is one document */
} tamis_input_format;

typedef enum tamis_compression {
    TAMIS_COMPRESSION_NONE,
    TAMIS_COMPRESSION_GZIP,
    TAMIS_COMPRESSION_ZSTD
} tamis_compression;

typedef struct tamis_input {
    char *path;  /* as opened; absolute */
    char *shown; /* as the user named it (witness.input, report) */
    char *name;  /* of the output files, without ending: docs/FORMATS.md */
    tamis_input_format format;
    tamis_compression compression;
    bool is_against;
    uint64_t size_bytes;
    int64_t mtime_ns;
    uint32_t first_split;
    uint32_t split_count;
    tamis_status fault; /* TAMIS_OK, or why it cannot be read (vanished, unreadable) */
    char *fault_text;
} tamis_input;

/* One split: a file or a range of one. The bytes [begin, end) are those of the file as stored; a
 * split owns the records that start in it (docs/FORMATS.md, "Splits"). */
typedef struct tamis_split {
    uint32_t input;
    uint32_t part; /* number within the input */
    uint64_t begin;
    uint64_t end;
} tamis_split;

/* inputs are in the order of the user (after --against); splits in ord order: split i of the table
 * has ord (0, i, row). A batch is the unit of a SCAN, EMIT or SPOOL task: consecutive splits. A
 * part is the unit of the sort-merge joins: consecutive batches. A slot is a hash partition of the
 * keys: the top bits. */
typedef struct tamis_plan {
    tamis_input *inputs;
    uint32_t input_count;
    tamis_split *splits;
    uint32_t split_count;
    uint32_t *batch_first_split; /* batch_count + 1 entries */
    uint32_t batch_count;
    uint32_t *part_first_batch; /* part_count + 1 entries */
    uint32_t part_count;
    uint32_t slot_bits; /* slots = 1 << slot_bits */
} tamis_plan;

typedef struct tamis_job {
    char *id;       /* 16 hex digits */
    char *out_path; /* absolute */
    tamis_settings settings;
    tamis_plan plan;
    char *quality;         /* specification (tamis/quality.h); NULL: quality is not asked for */
    char *quality_skipped; /* with quality: a line for each rule that was left out; may be "" */
    char *scan_from;    /* with quality: absolute folder <data>/<job> of a run whose results of SCAN
                           are taken over and judged anew (tamis refilter); NULL: inputs are read */
    char *scan_quality; /* with scan_from: the specification that they were graded by */
} tamis_job;

#define TAMIS_QUALITY_TEXT_MAX (1u << 20) /* bytes of quality; of quality_skipped */

/* The defaults of every setting. */
void tamis_settings_defaults(tamis_settings *out_settings);

/* Whether every setting is within its limits and the settings agree with each other (bands x rows
 * fit the slots, a field is named for scope field). TAMIS_EARG: err names the first one that is
 * not. */
TAMIS_MUST_USE
tamis_status tamis_settings_check(const tamis_settings *settings, tamis_err *err);

/* Canonical JSON (one object, names in the order of the struct, no spaces, whole numbers) of the
 * settings, and the XXH3-128 of "definition=1;unicode=15.0.0;" (the definition version and the
 * version of the Unicode data) followed by it. TAMIS_ENOMEM, TAMIS_ELIMIT past out_json->max. */
TAMIS_MUST_USE
tamis_status tamis_settings_to_json(const tamis_settings *settings, tamis_buf *out_json);
TAMIS_MUST_USE
tamis_status tamis_settings_digest(const tamis_settings *settings, const char *unicode_version,
                                   tamis_digest *out_digest);
/* The same of a job: with quality, ";quality=" and the specification follow. */
TAMIS_MUST_USE
tamis_status tamis_job_settings_digest(const tamis_job *job, const char *unicode_version,
                                       tamis_digest *out_digest);

/* A job as one self-contained block of bytes (docs/FORMATS.md, "Job"), and back; what comes in is
 * checked: what unpacks obeys every limit and invariant stated here. The plan must be laid out
 * (tamis_plan_layout). _pack: TAMIS_ENOMEM, TAMIS_ELIMIT past out->max. _unpack: TAMIS_EFORMAT,
 * TAMIS_ECORRUPT (checksum), TAMIS_EVERSION, TAMIS_ENOMEM; the caller owns *out_job. */
TAMIS_MUST_USE
tamis_status tamis_job_pack(const tamis_job *job, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_job_unpack(tamis_slice bytes, tamis_job **out_job, tamis_err *err);
void tamis_job_destroy(tamis_job *job);

/* Frees all that the plan owns and clears it. */
void tamis_plan_fini(tamis_plan *plan);

#define TAMIS_BATCH_SPLITS_MAX 1024
#define TAMIS_BATCH_BYTES_MIN  (UINT64_C(4) << 20) /* stored: seconds of work */
#define TAMIS_BATCHES_TARGET   8192 /* above it batches grow instead, and the run files with them */
#define TAMIS_PARTS_MAX        256
#define TAMIS_SLOT_BITS_MIN    3
#define TAMIS_SLOT_BITS_MAX    12
#define TAMIS_SLOT_BYTES       (UINT64_C(256) << 20) /* of input, decoded, that one slot serves */

/* Fills batches, parts and slot_bits from inputs and splits, and from nothing else, so that every
 * machine comes to the same plan. A batch is filled with consecutive splits up to
 * max(TAMIS_BATCH_BYTES_MIN, all bytes / TAMIS_BATCHES_TARGET) or TAMIS_BATCH_SPLITS_MAX, and never
 * mixes splits of --against with others; parts are consecutive batches of about equal bytes. A plan
 * without splits has no batch and no part. What the plan already had is replaced. TAMIS_ELIMIT:
 * more than TAMIS_SPLITS_MAX splits. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_plan_layout(tamis_plan *plan, tamis_err *err);

/* Where a document stands. split -> batch -> part; binary searches. split < split_count. */
uint32_t tamis_plan_batch_of_split(const tamis_plan *plan, uint32_t split);
uint32_t tamis_plan_part_of_split(const tamis_plan *plan, uint32_t split);

/* ---- Stages ---- */

typedef enum tamis_stage_kind {
    TAMIS_STAGE_SCAN,         /* batch: read, sketch; features, records */
    TAMIS_STAGE_LINK,         /* slot: buckets -> candidates (or equality drops) */
    TAMIS_STAGE_PAIR_LATER,   /* part: candidates pick up the later document's signature */
    TAMIS_STAGE_PAIR_EARLIER, /* part: compared with the earlier document's signature */
    TAMIS_STAGE_SPOOL_PLAN, /* coordinator: which documents' shingles are wanted; may skip the next
                               3 */
    TAMIS_STAGE_SPOOL,      /* part: re-read the wanted documents, write their shingles */
    TAMIS_STAGE_TEXT_LATER, /* part: undecided pairs pick up the later document's shingles */
    TAMIS_STAGE_TEXT_EARLIER, /* part: exact Jaccard */
    TAMIS_STAGE_RESOLVE,      /* coordinator: kept bitmap, drops of the level */
    TAMIS_STAGE_REPOINT,      /* coordinator: final witnesses */
    TAMIS_STAGE_WITNESS,      /* part of witnesses: ids and copy counts */
    TAMIS_STAGE_EMIT,         /* batch: clean shards, attributes */
    TAMIS_STAGE_REPORT,       /* coordinator: report, manifest */
    TAMIS_STAGE_QUALITY, /* coordinator, behind SCAN: kept bitmap without what quality dropped */
    TAMIS_STAGE_KIND_COUNT
} tamis_stage_kind;

#define TAMIS_STAGES_MAX 64

typedef struct tamis_stage {
    tamis_stage_kind kind;
    tamis_level_id level; /* of LINK .. RESOLVE */
    uint32_t task_count;
    bool is_local; /* runs beside the coordinator, one task */
} tamis_stage;

const char *tamis_stage_kind_name(tamis_stage_kind kind);

/* The stages of a job in order: each starts when the one before it is complete. Returns their
 * count. */
uint32_t tamis_job_stages(const tamis_job *job, tamis_stage out_stages[TAMIS_STAGES_MAX]);

/* Index of the stage of that kind (and level, for level stages) in `stages`; UINT32_MAX: none. */
uint32_t tamis_stage_find(const tamis_stage *stages, uint32_t count, tamis_stage_kind kind,
                          tamis_level_id level);

#endif
