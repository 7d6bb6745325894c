/* SPDX-License-Identifier: Apache-2.0 */
#include "run_cursor.h"

#include <fcntl.h>
#include <inttypes.h>

#include "run_directory.h"
#include "tamis/hash.h"

#define READ_BYTES_MAX (1024u * 1024)
/* Below this a hint to the kernel costs more than it brings. */
#define READ_AHEAD_MIN (64u * 1024)

struct tamis_run_cursor {
    const char *path;
    int fd;
    tamis_run_piece piece;
    uint64_t next; /* offset in the file behind the bytes in the buffer */
    uint64_t end;  /* of the piece */
    uint64_t seen; /* records of the blocks before */
    uint64_t last; /* first word of the last record before */

    uint8_t *buffer;
    size_t capacity;
    size_t begin; /* of the bytes not used yet */
    size_t filled;

    tamis_run_block block;
    uint64_t *records;
    uint64_t *offsets;      /* count + 1: payload i is [offsets[i], offsets[i + 1]) */
    const uint8_t *payload; /* of the block; NULL: to be read by _load */
    uint64_t large_offset;
    uint8_t *large; /* owned: a payload that is read alone */
};

size_t tamis_run_cursor_bytes(const tamis_run_piece *piece)
{
    return sizeof(tamis_run_cursor) + piece->block_bytes_max + TAMIS_RUN_SLACK +
           ((size_t)piece->block_records_max + 1) * (piece->words + (piece->has_payload ? 1 : 0)) *
               8;
}

tamis_status tamis_run_cursor_open(int fd, const char *path, const tamis_run_piece *piece,
                                   size_t buffer_bytes, tamis_run_cursor **out_cursor,
                                   tamis_err *err)
{
    size_t least = tamis_run_cursor_bytes(piece);
    uint64_t capacity = piece->block_bytes_max;
    tamis_run_cursor *cursor = calloc(1, sizeof(*cursor));

    if (buffer_bytes > least) {
        capacity += buffer_bytes - least;
    }
    capacity = capacity > READ_BYTES_MAX ? READ_BYTES_MAX : capacity;
    capacity = capacity > piece->bytes ? piece->bytes : capacity;
    capacity = capacity < piece->block_bytes_max ? piece->block_bytes_max : capacity;
    if (cursor != NULL) {
        cursor->buffer = malloc((size_t)capacity + TAMIS_RUN_SLACK);
        cursor->records = malloc(((size_t)piece->block_records_max + 1) * piece->words * 8);
        cursor->offsets =
            piece->has_payload ? malloc(((size_t)piece->block_records_max + 1) * 8) : NULL;
    }
    if (cursor == NULL || cursor->buffer == NULL || cursor->records == NULL ||
        (piece->has_payload && cursor->offsets == NULL)) {
        tamis_run_cursor_destroy(cursor);
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a buffer of %zu bytes", path,
                             (size_t)capacity);
    }
    cursor->path = path;
    cursor->fd = fd;
    cursor->piece = *piece;
    cursor->next = piece->offset;
    cursor->end = piece->offset + piece->bytes;
    cursor->capacity = (size_t)capacity;
    *out_cursor = cursor;
    return TAMIS_OK;
}

static tamis_status corrupt(const tamis_run_cursor *cursor, uint64_t offset, const char *what,
                            tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ECORRUPT,
                         "%s: run file is damaged at offset %" PRIu64 " (%s of piece %" PRIu32
                         ".%" PRIu32 "); make it again",
                         cursor->path, offset, what, cursor->piece.kind, cursor->piece.part);
}

static uint64_t offset_of_begin(const tamis_run_cursor *cursor)
{
    return cursor->next - (cursor->filled - cursor->begin);
}

/* Makes `need` bytes stand in the buffer from begin on; need is at most block_bytes_max. */
static tamis_status fill(tamis_run_cursor *cursor, size_t need, tamis_err *err)
{
    size_t have = cursor->filled - cursor->begin;
    uint64_t left = cursor->end - cursor->next;
    size_t wanted = 0;
    tamis_status status = TAMIS_OK;

    if (have >= need) {
        return TAMIS_OK;
    }
    if (need > cursor->capacity || need - have > left) {
        return corrupt(cursor, offset_of_begin(cursor), "a block longer than the rest", err);
    }
    memmove(cursor->buffer, cursor->buffer + cursor->begin, have);
    cursor->begin = 0;
    cursor->filled = have;
    wanted = cursor->capacity - have;
    if (wanted > left) {
        wanted = (size_t)left;
    }
    status = tamis_run_read_at(cursor->fd, cursor->path, cursor->next, cursor->buffer + have,
                               wanted, err);
    if (status != TAMIS_OK) {
        return status;
    }
    cursor->filled += wanted;
    cursor->next += wanted;
    if (left - wanted >= READ_AHEAD_MIN && wanted >= READ_AHEAD_MIN) {
        /* A hint: merges go round many pieces, which the kernel does not see to be sequential. */
        (void)posix_fadvise(cursor->fd, (off_t)cursor->next, (off_t)cursor->capacity,
                            POSIX_FADV_WILLNEED);
    }
    return TAMIS_OK;
}

/* Steps over a large payload, of which the buffer may hold a part. */
static tamis_status skip_large(tamis_run_cursor *cursor, tamis_err *err)
{
    uint64_t bytes = cursor->block.payload_bytes;

    cursor->large_offset = offset_of_begin(cursor);
    if (bytes > cursor->end - cursor->large_offset) {
        return corrupt(cursor, cursor->large_offset, "a payload longer than the rest", err);
    }
    cursor->next = cursor->large_offset + bytes;
    cursor->begin = 0;
    cursor->filled = 0;
    return TAMIS_OK;
}

/* Lengths become offsets, in place. */
static void sum_lengths(tamis_run_cursor *cursor)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < cursor->block.count; i++) {
        uint64_t length = cursor->offsets[i];

        cursor->offsets[i] = sum;
        sum += length;
    }
    cursor->offsets[cursor->block.count] = sum;
}

static tamis_status take_payload(tamis_run_cursor *cursor, tamis_err *err)
{
    size_t bytes = (size_t)cursor->block.payload_bytes;

    sum_lengths(cursor);
    if (bytes > TAMIS_RUN_BLOCK_BYTES) {
        return skip_large(cursor, err);
    }
    cursor->payload = cursor->buffer + cursor->begin;
    cursor->begin += bytes;
    if (bytes != 0 && tamis_hash64(cursor->payload, bytes) != cursor->block.payload_checksum) {
        return corrupt(cursor, offset_of_begin(cursor) - bytes, "checksum of payloads", err);
    }
    return TAMIS_OK;
}

tamis_status tamis_run_cursor_advance(tamis_run_cursor *cursor, const uint64_t **out_records,
                                      size_t *out_count, tamis_err *err)
{
    uint64_t at = offset_of_begin(cursor);
    tamis_status status = TAMIS_OK;

    free(cursor->large);
    cursor->large = NULL;
    cursor->payload = NULL;
    if (at == cursor->end) {
        return cursor->seen == cursor->piece.count ? TAMIS_END
                                                   : corrupt(cursor, at, "number of records", err);
    }
    status = fill(cursor, TAMIS_RUN_BLOCK_HEAD, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (!tamis_run_block_parse(cursor->buffer + cursor->begin, &cursor->piece, &cursor->block)) {
        return corrupt(cursor, at, "head of a block", err);
    }
    status = fill(cursor,
                  cursor->block.head_bytes + (cursor->block.payload_bytes > TAMIS_RUN_BLOCK_BYTES
                                                  ? 0
                                                  : (size_t)cursor->block.payload_bytes),
                  err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (!tamis_run_block_decode(cursor->buffer + cursor->begin, &cursor->block, &cursor->piece,
                                cursor->records, cursor->offsets)) {
        return corrupt(cursor, at, "checksum or layout of a block", err);
    }
    if (cursor->records[0] < cursor->last) {
        return corrupt(cursor, at, "order of blocks", err);
    }
    cursor->last = cursor->records[(size_t)(cursor->block.count - 1) * cursor->piece.words];
    cursor->begin += cursor->block.head_bytes;
    if (cursor->piece.has_payload) {
        status = take_payload(cursor, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    cursor->seen += cursor->block.count;
    *out_records = cursor->records;
    *out_count = cursor->block.count;
    return TAMIS_OK;
}

tamis_status tamis_run_cursor_load(tamis_run_cursor *cursor, tamis_err *err)
{
    size_t bytes = (size_t)cursor->block.payload_bytes;
    tamis_status status = TAMIS_OK;

    if (!cursor->piece.has_payload || cursor->payload != NULL) {
        return TAMIS_OK;
    }
    /* Its size was checked against that of the piece. */
    cursor->large = malloc(bytes);
    if (cursor->large == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record of %zu bytes",
                             cursor->path, bytes);
    }
    status = tamis_run_read_at(cursor->fd, cursor->path, cursor->large_offset, cursor->large, bytes,
                               err);
    if (status == TAMIS_OK &&
        tamis_hash64(cursor->large, bytes) != cursor->block.payload_checksum) {
        status = corrupt(cursor, cursor->large_offset, "checksum of a payload", err);
    }
    if (status == TAMIS_OK) {
        cursor->payload = cursor->large;
    }
    return status;
}

tamis_status tamis_run_cursor_next(tamis_run_cursor *cursor, const uint64_t **out_records,
                                   size_t *out_count, tamis_err *err)
{
    tamis_status status = tamis_run_cursor_advance(cursor, out_records, out_count, err);

    if (status == TAMIS_OK) {
        status = tamis_run_cursor_load(cursor, err);
    }
    return status;
}

tamis_slice tamis_run_cursor_payload(const tamis_run_cursor *cursor, size_t index)
{
    TAMIS_ASSERT(cursor->payload != NULL);
    TAMIS_ASSERT(index < cursor->block.count);
    return tamis_slice_of(cursor->payload + cursor->offsets[index],
                          (size_t)(cursor->offsets[index + 1] - cursor->offsets[index]));
}

void tamis_run_cursor_destroy(tamis_run_cursor *cursor)
{
    if (cursor != NULL) {
        free(cursor->buffer);
        free(cursor->records);
        free(cursor->offsets);
        free(cursor->large);
        free(cursor);
    }
}
