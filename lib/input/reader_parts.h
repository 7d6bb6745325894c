/* SPDX-License-Identifier: Apache-2.0 */
/* reader_parts.h - the inside of a tamis_reader, shared by its formats. */
#ifndef TAMIS_INPUT_READER_PARTS_H
#define TAMIS_INPUT_READER_PARTS_H

#include "json_scan.h"
#include "tamis/source.h"
#include "tamis/utf8.h"

/* Decoded bytes are asked for in pieces of this size: they stay in the L2 cache until they are
 * used. Part of the determinism of faults: never made dependent on the machine. */
#define READER_PIECE_BYTES ((size_t)256 << 10)

/* A record that is set aside. */
typedef struct reader_cut {
    tamis_fault fault;
    uint64_t offset;
    tamis_digest digest;
    tamis_slice id;
} reader_cut;

struct tamis_reader {
    const tamis_settings *settings;
    const json_kernel *kernel;
    json_plan plan;
    tamis_source *source;
    tamis_hasher *hasher; /* of records that are skipped in a streaming way */

    /* of the split that is open */
    tamis_input_format format;
    tamis_compression compression;
    uint64_t begin;
    uint32_t split_number;
    uint64_t record_index; /* of the next record, sampled or not */
    bool is_ended;
    bool is_fault_told; /* the record at hand, or one before, is the row of the stream's fault */
    tamis_reader_summary summary;
    const tamis_reader_watch *watch; /* NULL: none */
    char name[160];                  /* the input, for errors */

    /* The window: decoded bytes [window_begin, window.size) are not used yet. */
    tamis_buf window;
    size_t window_begin;
    size_t window_searched; /* no line feed before it */
    uint64_t window_offset; /* decoded offset of window.data[0], from the split's begin */
    bool is_source_ended;

    tamis_buf text;     /* decoded */
    tamis_buf repaired; /* where the decoded text needed repair */
    tamis_buf id;
    tamis_buf url;
    tamis_buf scope;
    tamis_buf scratch;
    tamis_buf header;    /* of a WARC record */
    tamis_source *inner; /* of a compressed payload; made when first needed */
};

/* ---- reader_window.c ---- */

/* Drops what is used and reads one more piece behind the rest; sets is_source_ended at the end. */
TAMIS_MUST_USE
tamis_status window_fill(tamis_reader *reader, tamis_err *err);

static inline size_t window_size(const tamis_reader *reader)
{
    return reader->window.size - reader->window_begin;
}

static inline const uint8_t *window_data(const tamis_reader *reader)
{
    return reader->window.data + reader->window_begin;
}

/* Decoded offset of the next unused byte. */
static inline uint64_t window_position(const tamis_reader *reader)
{
    return reader->window_offset + reader->window_begin;
}

static inline void window_use(tamis_reader *reader, size_t size)
{
    reader->window_begin += size;
    if (reader->window_searched < reader->window_begin) {
        reader->window_searched = reader->window_begin;
    }
}

/* One line: its bytes without the line feed; or the part of one that a fault set aside. */
typedef struct reader_line {
    const uint8_t *begin;
    const uint8_t *end; /* a line feed stands here, or was put here */
    uint64_t offset;
    tamis_fault fault;
    tamis_digest digest; /* only with a fault */
} reader_line;

/* The next line that belongs to the split. TAMIS_END: no more. */
TAMIS_MUST_USE
tamis_status window_line(tamis_reader *reader, reader_line *out_line, tamis_err *err);

/* Whether the stream ended by a fault that no row told yet and that lies in front of the split's
 * boundary: what was read ahead behind it is the next split's matter. */
static inline bool reader_has_fault(const tamis_reader *reader)
{
    const tamis_source_state *state = tamis_source_look(reader->source);

    return reader->is_source_ended && !reader->is_fault_told && state->fault != TAMIS_FAULT_NONE &&
           state->fault_offset < state->boundary;
}

/* Whether a record up to that decoded offset reaches into the member in which, or right behind
 * which, the stream is known to be damaged. */
static inline bool reader_reaches_damage(const tamis_reader *reader, uint64_t record_end)
{
    const tamis_source_state *state = tamis_source_look(reader->source);

    return reader_has_fault(reader) && state->fault == TAMIS_FAULT_STREAM_CORRUPT &&
           record_end > state->member_offset;
}

/* Drops the first line (also of no byte): it belongs to the split before. */
TAMIS_MUST_USE
tamis_status window_drop_line(tamis_reader *reader, tamis_err *err);

/* ---- reader.c ---- */

/* Whether the record at hand becomes a row, by --sample; counts it. A record that the stream's
 * fault cut always does: no fault is silent. TAMIS_END: --limit is reached. */
TAMIS_MUST_USE
tamis_status reader_take_record(tamis_reader *reader, bool *out_is_wanted);
/* Fills a row that is set aside. */
TAMIS_MUST_USE
tamis_status reader_cut_row(tamis_reader *reader, const reader_cut *cut, tamis_doc *out_doc,
                            tamis_err *err);
/* Asks the watch about the record at hand, which lies whole in `raw`. A record that it sets aside
 * fills *out_cut; one that it passes over is numbered here. */
TAMIS_MUST_USE
tamis_status reader_choose(tamis_reader *reader, uint64_t decoded_offset, tamis_slice raw,
                           tamis_reader_choice *out_choice, reader_cut *out_cut, tamis_err *err);
/* Numbers a good row. TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status reader_number_row(tamis_reader *reader, tamis_doc *doc, tamis_err *err);
/* The row of the stream's fault when no record was cut by it; TAMIS_END without one. */
TAMIS_MUST_USE
tamis_status reader_end(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err);
/* Offset as the row shows it, of a decoded offset. */
uint64_t reader_offset(const tamis_reader *reader, uint64_t decoded_offset);
/* The slice, or its repaired copy in `storage`. */
TAMIS_MUST_USE
tamis_status reader_repair(tamis_slice bytes, tamis_buf *storage, bool *out_repaired,
                           tamis_slice *out_bytes, tamis_err *err);
/* Sets err to "no memory for a record of NAME". */
tamis_status reader_no_memory(const tamis_reader *reader, tamis_err *err);

/* ---- Formats ---- */

TAMIS_MUST_USE
tamis_status jsonl_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err);
TAMIS_MUST_USE
tamis_status warc_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err);
TAMIS_MUST_USE
tamis_status text_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err);

#endif
