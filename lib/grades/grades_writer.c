/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/grades.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "grades_format.h"
#include "tamis/bytes.h"
#include "tamis/fields.h"
#include "tamis/hash.h"

#define ZSTD_LEVEL        1
#define CHANGES_PER_BLOCK (4u << 20) /* a block is ended above it */

struct tamis_grades_writer {
    int file;
    char *path;
    size_t column_count;
    size_t reason_count;
    ZSTD_CCtx *zstd;
    uint64_t offset;
    uint64_t row_count; /* of the file */
    bool has_last;
    tamis_ord last;
    /* The block that is open. */
    size_t count;
    tamis_ord ords[TAMIS_GRADES_ROWS];
    uint16_t reasons[TAMIS_GRADES_ROWS];
    uint8_t languages[TAMIS_GRADES_ROWS];
    double scores[TAMIS_GRADES_ROWS];
    uint32_t edit_bytes[TAMIS_GRADES_ROWS];
    uint32_t span_bytes[TAMIS_GRADES_ROWS];
    char codes[GRADES_LANGUAGES_MAX][TAMIS_GRADES_LANGUAGE_MAX + 1];
    size_t code_count;
    uint64_t *values; /* bits of doubles: column i at i * TAMIS_GRADES_ROWS */
    tamis_buf changes;
    tamis_buf raw;
    tamis_buf block;
};

static tamis_status no_memory(const tamis_grades_writer *writer, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its rows", writer->path);
}

static tamis_status write_all(tamis_grades_writer *writer, tamis_slice bytes, tamis_err *err)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t written = write(writer->file, bytes.data + done, bytes.size - done);

        if (written >= 0) {
            done += (size_t)written;
        } else if (errno != EINTR) {
            return tamis_err_errno(err, errno, "%s: cannot write at offset %llu", writer->path,
                                   (unsigned long long)(writer->offset + done));
        }
    }
    writer->offset += bytes.size;
    return TAMIS_OK;
}

/* ---- Header ---- */

static tamis_status put_names(tamis_buf *out, const char *const *names, size_t count)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        size_t size = strlen(names[i]);
        uint8_t bytes[2];

        if (size > TAMIS_GRADES_NAME_MAX) {
            return TAMIS_ELIMIT;
        }
        tamis_put16le(bytes, (uint16_t)size);
        status = tamis_buf_append(out, bytes, sizeof(bytes));
        if (status == TAMIS_OK) {
            status = tamis_buf_append(out, names[i], size);
        }
    }
    return status;
}

static tamis_status put_header(const tamis_grades_names *names, tamis_buf *out)
{
    tamis_status status = tamis_buf_append(out, GRADES_MAGIC, GRADES_MAGIC_SIZE);

    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, GRADES_VERSION);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, 0);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, (uint32_t)names->column_count);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, (uint32_t)names->reason_count);
    }
    if (status == TAMIS_OK) {
        status = put_names(out, names->columns, names->column_count);
    }
    if (status == TAMIS_OK) {
        status = put_names(out, names->reasons, names->reason_count);
    }
    if (status == TAMIS_OK) {
        tamis_put32le(out->data + GRADES_MAGIC_SIZE + 4, (uint32_t)(out->size - GRADES_HEAD_MIN));
        status = tamis_put_u64(out, tamis_hash64(out->data, out->size));
    }
    return status;
}

tamis_status tamis_grades_writer_create(const char *path, const tamis_grades_names *names,
                                        tamis_grades_writer **out_writer, tamis_err *err)
{
    tamis_grades_writer *writer = NULL;
    tamis_status status = TAMIS_OK;

    if (names->column_count > TAMIS_GRADES_COLUMNS_MAX || names->reason_count == 0 ||
        names->reason_count > TAMIS_GRADES_REASONS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: %zu columns and %zu reasons are too many",
                             path, names->column_count, names->reason_count);
    }
    writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its rows", path);
    }
    writer->file = -1;
    writer->path = strdup(path);
    writer->column_count = names->column_count;
    writer->reason_count = names->reason_count;
    writer->values = calloc(names->column_count * TAMIS_GRADES_ROWS + 1, sizeof(*writer->values));
    writer->zstd = ZSTD_createCCtx();
    tamis_buf_init(&writer->changes, 0);
    tamis_buf_init(&writer->raw, 0);
    tamis_buf_init(&writer->block, 0);
    if (writer->path == NULL || writer->values == NULL || writer->zstd == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its rows", path);
    }
    if (status == TAMIS_OK) {
        status = put_header(names, &writer->block);
        if (status != TAMIS_OK) {
            status = tamis_err_set(err, status, "%s: its names are too long", path);
        }
    }
    if (status == TAMIS_OK) {
        writer->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        status = writer->file >= 0 ? write_all(writer, tamis_buf_slice(&writer->block), err)
                                   : tamis_err_errno(err, errno, "%s: cannot create", path);
    }
    if (status != TAMIS_OK) {
        tamis_grades_writer_destroy(writer);
        return status;
    }
    *out_writer = writer;
    return TAMIS_OK;
}

void tamis_grades_writer_destroy(tamis_grades_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->file >= 0) {
        (void)close(writer->file); /* synced by _finish, or of no use */
    }
    (void)ZSTD_freeCCtx(writer->zstd); /* cannot fail */
    tamis_buf_fini(&writer->changes);
    tamis_buf_fini(&writer->raw);
    tamis_buf_fini(&writer->block);
    free(writer->values);
    free(writer->path);
    free(writer);
}

/* ---- Sections ---- */

static tamis_status put_verdicts(const tamis_grades_writer *writer, tamis_buf *out)
{
    tamis_status status =
        tamis_buf_reserve(out, writer->count * GRADES_VERDICT_BYTES + 1 +
                                   writer->code_count * (TAMIS_GRADES_LANGUAGE_MAX + 1u));
    uint8_t *to = out->data;

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < writer->count; i++, to += 4) {
        tamis_put32le(to, (uint32_t)(writer->ords[i] - writer->ords[0]));
    }
    for (size_t i = 0; i < writer->count; i++, to += 2) {
        tamis_put16le(to, writer->reasons[i]);
    }
    for (size_t i = 0; i < writer->count; i++) {
        *to++ = writer->languages[i];
    }
    for (size_t i = 0; i < writer->count; i++, to += 8) {
        uint64_t bits = GRADES_NULL;

        if (!isnan(writer->scores[i])) {
            memcpy(&bits, &writer->scores[i], sizeof(bits));
        }
        tamis_put64le(to, bits);
    }
    *to++ = (uint8_t)writer->code_count;
    for (size_t i = 0; i < writer->code_count; i++) {
        size_t size = strlen(writer->codes[i]);

        *to++ = (uint8_t)size;
        memcpy(to, writer->codes[i], size);
        to += size;
    }
    out->size = (size_t)(to - out->data);
    return TAMIS_OK;
}

/* The least kind that holds a column, see grades_format.h. */
static uint8_t column_kind(const uint64_t *column, size_t count)
{
    uint64_t greatest = 0;
    bool has_value = false;

    for (size_t i = 0; i < count; i++) {
        double value = 0;

        if (column[i] == GRADES_NULL) {
            continue;
        }
        memcpy(&value, &column[i], sizeof(value));
        if (!(value >= 0 && value < UINT32_MAX) || value != (double)(uint32_t)value ||
            (value == 0 && column[i] != 0)) { /* minus zero */
            return 8;
        }
        has_value = true;
        greatest = (uint32_t)value > greatest ? (uint32_t)value : greatest;
    }
    if (!has_value) {
        return 0;
    }
    return greatest < UINT8_MAX ? 1 : greatest < UINT16_MAX ? 2 : 4;
}

static uint8_t *put_column(uint8_t *to, const uint64_t *column, size_t count)
{
    uint8_t kind = column_kind(column, count);

    *to++ = kind;
    if (kind == 8) {
        for (size_t i = 0; i < count; i++) {
            for (unsigned byte = 0; byte < 8; byte++) {
                to[byte * count + i] = (uint8_t)(column[i] >> (8 * byte));
            }
        }
    }
    for (size_t i = 0; kind != 8 && i < count; i++) {
        uint32_t whole = UINT32_MAX;
        double value = 0;

        if (column[i] != GRADES_NULL) {
            memcpy(&value, &column[i], sizeof(value));
            whole = (uint32_t)value;
        }
        for (unsigned byte = 0; byte < kind; byte++) {
            to[kind * i + byte] = (uint8_t)(whole >> (8 * byte));
        }
    }
    return to + kind * count;
}

static tamis_status put_values(const tamis_grades_writer *writer, tamis_buf *out)
{
    tamis_status status = tamis_buf_reserve(out, writer->column_count * (1 + 8 * writer->count));
    uint8_t *to = out->data;

    for (size_t i = 0; status == TAMIS_OK && i < writer->column_count; i++) {
        to = put_column(to, writer->values + i * TAMIS_GRADES_ROWS, writer->count);
    }
    out->size = writer->column_count == 0 ? 0 : (size_t)(to - out->data);
    return status;
}

static tamis_status put_changes(const tamis_grades_writer *writer, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    if (writer->changes.size == 0) {
        return TAMIS_OK;
    }
    for (size_t i = 0; status == TAMIS_OK && i < writer->count; i++) {
        status = tamis_put_u32(out, writer->edit_bytes[i]);
        if (status == TAMIS_OK) {
            status = tamis_put_u32(out, writer->span_bytes[i]);
        }
    }
    return status == TAMIS_OK ? tamis_buf_append(out, writer->changes.data, writer->changes.size)
                              : status;
}

/* Appends writer->raw to the block, packed, and notes it in the block's head. */
static tamis_status pack_section(tamis_grades_writer *writer, unsigned section, tamis_err *err)
{
    tamis_buf *block = &writer->block;
    size_t bound = ZSTD_compressBound(writer->raw.size);
    size_t size = 0;
    uint8_t *head = NULL;

    if (writer->raw.size == 0) {
        return TAMIS_OK; /* the head has zeros there */
    }
    if (tamis_buf_reserve(block, bound) != TAMIS_OK) {
        return no_memory(writer, err);
    }
    size = ZSTD_compressCCtx(writer->zstd, block->data + block->size, bound, writer->raw.data,
                             writer->raw.size, ZSTD_LEVEL);
    if (ZSTD_isError(size)) {
        return no_memory(writer, err); /* all else cannot fail */
    }
    head = block->data + GRADES_SECTION_AT(section);
    tamis_put32le(head, (uint32_t)size);
    tamis_put32le(head + 4, (uint32_t)writer->raw.size);
    tamis_put64le(head + 8, tamis_hash64(block->data + block->size, size));
    block->size += size;
    return TAMIS_OK;
}

static void put_head(uint8_t *head, size_t rows, uint64_t first, uint64_t last)
{
    tamis_put32le(head, (uint32_t)rows);
    tamis_put64le(head + 8, first);
    tamis_put64le(head + 16, last);
    tamis_put64le(head + GRADES_BLOCK_HEAD - 8, tamis_hash64(head, GRADES_BLOCK_HEAD - 8));
}

static tamis_status flush(tamis_grades_writer *writer, tamis_err *err)
{
    static tamis_status (*const sections[GRADES_SECTIONS])(const tamis_grades_writer *,
                                                           tamis_buf *) = {
        [GRADES_VERDICTS] = put_verdicts,
        [GRADES_SECTION_VALUES] = put_values,
        [GRADES_SECTION_CHANGES] = put_changes,
    };
    static const uint8_t empty[GRADES_BLOCK_HEAD];
    tamis_status status = TAMIS_OK;

    if (writer->count == 0) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&writer->block);
    status = tamis_buf_append(&writer->block, empty, sizeof(empty));
    for (unsigned i = 0; status == TAMIS_OK && i < GRADES_SECTIONS; i++) {
        tamis_buf_reset(&writer->raw);
        status = sections[i](writer, &writer->raw);
        status = status == TAMIS_OK ? pack_section(writer, i, err) : no_memory(writer, err);
    }
    if (status == TAMIS_OK) {
        put_head(writer->block.data, writer->count, writer->ords[0], writer->last);
        status = write_all(writer, tamis_buf_slice(&writer->block), err);
    }
    writer->row_count += writer->count;
    writer->count = 0;
    writer->code_count = 0;
    tamis_buf_reset(&writer->changes);
    return status;
}

/* ---- Rows ---- */

/* False: the block has no room for another code. */
static bool find_code(tamis_grades_writer *writer, const char *code, uint8_t *out_index)
{
    size_t i = 0;

    while (i < writer->code_count && strcmp(writer->codes[i], code) != 0) {
        i++;
    }
    if (i == GRADES_LANGUAGES_MAX) {
        return false;
    }
    if (i == writer->code_count) {
        memcpy(writer->codes[i], code, strlen(code) + 1);
        writer->code_count++;
    }
    *out_index = (uint8_t)i;
    return true;
}

static void take_values(tamis_grades_writer *writer, const tamis_grades_row *row)
{
    for (size_t i = 0; i < writer->column_count; i++) {
        uint64_t bits = GRADES_NULL;

        if (!isnan(row->values[i])) {
            memcpy(&bits, &row->values[i], sizeof(bits));
        }
        writer->values[i * TAMIS_GRADES_ROWS + writer->count] = bits;
    }
}

tamis_status tamis_grades_writer_add(tamis_grades_writer *writer, const tamis_grades_row *row,
                                     tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    uint8_t language = 0;

    TAMIS_ASSERT(!writer->has_last || row->ord > writer->last);
    TAMIS_ASSERT(row->reason < writer->reason_count);
    TAMIS_ASSERT(strlen(row->language) <= TAMIS_GRADES_LANGUAGE_MAX);
    if (row->edits.size > TAMIS_GRADES_CHANGES_MAX ||
        row->spans.size > TAMIS_GRADES_CHANGES_MAX - row->edits.size) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: a document has more than %u bytes of changes",
                             writer->path, TAMIS_GRADES_CHANGES_MAX);
    }
    if (writer->count == TAMIS_GRADES_ROWS || writer->changes.size >= CHANGES_PER_BLOCK ||
        (writer->count != 0 && tamis_ord_split(writer->last) != tamis_ord_split(row->ord)) ||
        (writer->count != 0 &&
         writer->changes.size + row->edits.size + row->spans.size > TAMIS_GRADES_CHANGES_MAX)) {
        status = flush(writer, err);
    }
    if (status == TAMIS_OK && !find_code(writer, row->language, &language)) {
        status = flush(writer, err);
        if (status == TAMIS_OK && !find_code(writer, row->language, &language)) {
            TAMIS_ASSERT(false); /* an empty block has room */
        }
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (tamis_buf_append(&writer->changes, row->edits.data, row->edits.size) != TAMIS_OK ||
        tamis_buf_append(&writer->changes, row->spans.data, row->spans.size) != TAMIS_OK) {
        return no_memory(writer, err);
    }
    writer->ords[writer->count] = row->ord;
    writer->reasons[writer->count] = row->reason;
    writer->languages[writer->count] = language;
    writer->scores[writer->count] = row->language_score;
    writer->edit_bytes[writer->count] = (uint32_t)row->edits.size;
    writer->span_bytes[writer->count] = (uint32_t)row->spans.size;
    take_values(writer, row);
    writer->count++;
    writer->last = row->ord;
    writer->has_last = true;
    return TAMIS_OK;
}

tamis_status tamis_grades_writer_finish(tamis_grades_writer *writer, uint64_t *out_bytes,
                                        tamis_err *err)
{
    uint8_t head[GRADES_BLOCK_HEAD] = {0};
    tamis_status status = flush(writer, err);

    if (status == TAMIS_OK) {
        put_head(head, 0, writer->row_count, 0);
        status = write_all(writer, tamis_slice_of(head, sizeof(head)), err);
    }
    if (status == TAMIS_OK && fsync(writer->file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync", writer->path);
    }
    *out_bytes = writer->offset;
    return status;
}
