/* SPDX-License-Identifier: Apache-2.0 */
/* source_parts.h - the inside of a tamis_source, shared by its decoders. */
#ifndef TAMIS_INPUT_SOURCE_PARTS_H
#define TAMIS_INPUT_SOURCE_PARTS_H

#include "stored.h"
#include "tamis/source.h"

#define SOURCE_INPUT_BYTES ((size_t)256 << 10)
/* isa-l may hand back bytes that it had taken from the previous piece: they are kept before the
 * next one. */
#define SOURCE_TAIL_BYTES 16

struct inflate_state;
struct ZSTD_DCtx_s;

struct tamis_source {
    tamis_source_options options;
    tamis_source_state state;
    tamis_compression compression;
    tamis_stored stored;
    bool is_ended;
    uint8_t *input; /* SOURCE_TAIL_BYTES, then what was read last */
    size_t input_begin;
    size_t input_end;
    bool is_input_ended;
    struct inflate_state *inflate;
    struct ZSTD_DCtx_s *zstd;
    bool is_inside; /* a member or frame has begun and not ended */
    uint64_t member_count;
};

/* Stored offset of the next byte that a decoder takes. */
static inline uint64_t source_input_offset(const tamis_source *source)
{
    return source->stored.position - (source->input_end - source->input_begin);
}

/* Reads the next piece when all input is taken. */
TAMIS_MUST_USE
tamis_status source_refill(tamis_source *source, tamis_err *err);

/* Ends the source here with a fault; `why` names the stored offset. */
void source_fail(tamis_source *source, tamis_fault fault, const char *why);

/* Decoders: fill out_bytes or end the source (state.fault, is_ended). */
TAMIS_MUST_USE
tamis_status gzip_source_open(tamis_source *source, tamis_err *err);
TAMIS_MUST_USE
tamis_status gzip_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                              size_t *out_size, tamis_err *err);
void gzip_source_destroy(tamis_source *source);
TAMIS_MUST_USE
tamis_status zstd_source_open(tamis_source *source, tamis_err *err);
TAMIS_MUST_USE
tamis_status zstd_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                              size_t *out_size, tamis_err *err);
void zstd_source_destroy(tamis_source *source);

#endif
