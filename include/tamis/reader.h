/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - the records of one split of one input, whatever its format and compression.
 *
 * Bad input never ends a reader: a bad record comes out with `fault` set and is counted as a row; a
 * corrupt or truncated stream yields what was readable before, then the cut record as one row with
 * a fault, then the end, and the fault stands in the summary with its offset. SCAN and EMIT read
 * the same split with the same options and see the same rows.
 *
 * Memory:  one record (settings.record_bytes_max) and fixed buffers; what is longer is skipped in a
 * streaming way. Threads: one thread per reader.
 */
#ifndef TAMIS_READER_H
#define TAMIS_READER_H

#include "tamis/job.h"
#include "tamis/root.h"

/* X(name, number, code, text): why a record was set aside; `code` is the reason in attributes and
 * report. */
#define TAMIS_FAULT_TABLE(X)                                                                       \
    X(NONE, 0, "none", "no fault")                                                                 \
    X(INVALID_JSON, 1, "invalid_json", "the line is no JSON object")                               \
    X(MISSING_TEXT, 2, "missing_text", "the record has no text field")                             \
    X(TEXT_NOT_STRING, 3, "text_not_string", "the text field is no string")                        \
    X(DUPLICATE_TEXT_KEY, 4, "duplicate_text_key", "the text field occurs twice")                  \
    X(NESTING, 5, "nesting", "the record is nested deeper than the limit")                         \
    X(RECORD_TOO_LARGE, 6, "record_too_large", "the record is larger than the limit")              \
    X(STREAM_TRUNCATED, 7, "stream_truncated", "the stream ends in the middle of the record")      \
    X(STREAM_CORRUPT, 8, "stream_corrupt", "the stream is damaged in the record")                  \
    X(RATIO, 9, "decompression_ratio", "the stream expands beyond the limit")                      \
    X(WINDOW, 10, "decompression_window", "the stream needs a larger window than the limit")       \
    X(INVALID_WARC, 11, "invalid_warc", "the WARC record is malformed")                            \
    X(POISONED, 12, "poisoned", "the record crashes the program")

typedef enum tamis_fault {
#define TAMIS_FAULT_ENUM(name, number, code, text) TAMIS_FAULT_##name = (number),
    TAMIS_FAULT_TABLE(TAMIS_FAULT_ENUM)
#undef TAMIS_FAULT_ENUM
        TAMIS_FAULT_COUNT
} tamis_fault;

const char *tamis_fault_code(tamis_fault fault);
const char *tamis_fault_text(tamis_fault fault);

enum {
    TAMIS_DOC_REPAIRED = 1u << 0, /* text needed repair */
    TAMIS_DOC_HAS_TAMIS = 1u << 1 /* the record had a top-level member "tamis" */
};

/* One row. Slices are valid until the next call of _next. */
typedef struct tamis_doc {
    uint32_t row;
    tamis_fault
        fault; /* when not NONE only row, offset, raw_digest and id (may be empty) are set */
    uint32_t flags;
    uint64_t offset;  /* of the record in the decoded stream; of a range: in the file */
    tamis_slice raw;  /* JSONL: the object from { to }; empty for other formats and with a fault */
    tamis_slice text; /* decoded and repaired; TAMIS_BUF_SLACK readable bytes follow */
    tamis_slice id;   /* empty: none (the caller then uses input and row) */
    tamis_slice url;
    tamis_slice date;        /* WARC only */
    tamis_slice scope;       /* value of settings.scope_field as text; empty where missing */
    tamis_digest raw_digest; /* XXH3-128 of the raw bytes; only with a fault */
    /* Where the members of a JSONL object may be edited, as offsets into raw: the final brace, and
     * the range of an existing top-level member "tamis" with one adjoining comma (0,0: none). */
    size_t close_offset;
    size_t tamis_begin;
    size_t tamis_end;
    /* Where the value of the text stands in raw, with its quotes (0,0: the record is no JSON). */
    size_t text_begin;
    size_t text_end;
    bool is_empty_object; /* nothing stands between the braces once "tamis" is cut out */
} tamis_doc;

/* Records that are no documents, by kind. */
typedef struct tamis_skipped {
    uint64_t blank_lines;
    uint64_t warcinfo;
    uint64_t request;
    uint64_t metadata;
    uint64_t revisit;
    uint64_t resource; /* not text/plain */
    uint64_t response; /* not text/plain */
    uint64_t other;
    uint64_t sampled_out;
} tamis_skipped;

typedef struct tamis_reader_summary {
    uint64_t rows;
    uint64_t quarantined;
    uint64_t stored_bytes;      /* read from the file */
    uint64_t decoded_bytes;     /* after decompression */
    tamis_digest stored_digest; /* XXH3-128 of the stored bytes of the split, as read */
    tamis_skipped skipped;
    tamis_fault stream_fault;     /* NONE, or why the split ends early */
    uint64_t stream_fault_offset; /* decoded offset up to which the split was used */
    tamis_status open_status;     /* not OK: the file vanished or cannot be read; rows is 0 */
    char fault_text[256];
} tamis_reader_summary;

typedef struct tamis_reader tamis_reader;

/* What becomes of a record whose place is known and of which nothing was parsed yet. */
typedef enum tamis_reader_choice {
    TAMIS_READER_TAKE,     /* as always */
    TAMIS_READER_PASS,     /* it counts as a row, but does not come out */
    TAMIS_READER_SET_ASIDE /* a row with the fault POISONED and the digest of its raw bytes */
} tamis_reader_choice;

/* Sees each record before anything in it is looked at, and decides what becomes of it. `raw` is
 * what raw_digest digests: of JSONL the line, of WARC the record with its head, of text the file.
 * Rows that are set aside without being parsed (too large, cut by the stream's end) are not
 * offered. */
typedef struct tamis_reader_watch {
    tamis_reader_choice (*before_row)(void *context, uint32_t row, uint64_t offset,
                                      tamis_slice raw);
    /* The record in hand is done; what follows reads the stream from about `offset` on for the row
     * `row`. */
    void (*before_reading)(void *context, uint32_t row, uint64_t offset);
    void *context;
} tamis_reader_watch;

/* Makes a reader that is used for many splits (buffers are kept). settings must outlive it. */
TAMIS_MUST_USE
tamis_status tamis_reader_create(const tamis_settings *settings, tamis_reader **out_reader,
                                 tamis_err *err);
void tamis_reader_destroy(tamis_reader *reader);

/* From now on inputs are opened beneath `roots` alone (NULL: anywhere), which must outlive it. */
void tamis_reader_confine(tamis_reader *reader, const tamis_roots *roots);

/* Starts a split; split_number seeds --sample. A file that is gone or unreadable is TAMIS_OK here:
 * it has no rows and its summary says why. TAMIS_EOUTSIDE, which says nothing of the file;
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_reader_open(tamis_reader *reader, const tamis_input *input,
                               const tamis_split *split, uint32_t split_number, tamis_err *err);
/* From the next _next on, until the next _open. The watch is borrowed; NULL: none. */
void tamis_reader_set_watch(tamis_reader *reader, const tamis_reader_watch *watch);
/* The next row; TAMIS_END behind the last; TAMIS_ELIMIT when a split reaches TAMIS_SPLIT_ROWS_MAX;
 * TAMIS_EIO when the device fails (retryable). */
TAMIS_MUST_USE
tamis_status tamis_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err);
/* After TAMIS_END: complete. Before: so far (for progress). */
void tamis_reader_summarize(const tamis_reader *reader, tamis_reader_summary *out_summary);

/* ---- Finding inputs (lib/input/discover.c) --------------------------------------------------- */

typedef struct tamis_discover_options {
    const char *const *paths; /* files, folders, globs, "-" is not allowed here (spooled before) */
    size_t path_count;
    const char *const *against;
    size_t against_count;
    const char *priority_file; /* NULL: none. One path, folder or glob a line, most trusted first */
    const char *out_folder;    /* NULL: none. Absolute; folders and globs that it lies below give
                                * nothing of it, so that a run does not read what it wrote */
    const char *stdin_path;    /* NULL: none. This one of `paths` is shown as "-", named "stdin" and
                                * stands nowhere among the others, wherever it was spooled to */
} tamis_discover_options;

/* Expands paths (sorted by bytes), recognizes formats, names outputs, cuts splits, fills `plan`.
 * Inputs that vanished or cannot be read stay in the plan with their fault and no split.
 * TAMIS_EARG: nothing matched, a priority file names nothing; err names it. */
TAMIS_MUST_USE
tamis_status tamis_discover(const tamis_settings *settings, const tamis_discover_options *options,
                            tamis_plan *out_plan, tamis_err *err);

/* Brings a URL to the normal form of docs/FORMATS.md, "Normalized URL". */
TAMIS_MUST_USE
tamis_status tamis_url_normalize(tamis_slice url, tamis_buf *out);

#endif
