/* SPDX-License-Identifier: Apache-2.0 */
/* Design note: a block is read whole or not at all. Its head says what it holds; its sections are
 * read, compared with their checksums, unpacked and checked when a row of it is wanted, so that
 * whoever looks for one row in a thousand pays for its block alone. Nothing is allocated for a
 * size that the packed bytes do not confirm. */
#include "tamis/grades.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "grades_format.h"
#include "tamis/bytes.h"
#include "tamis/fields.h"
#include "tamis/hash.h"

typedef struct block_head {
    uint32_t rows;
    tamis_ord first;
    tamis_ord last;
    uint32_t stored[GRADES_SECTIONS];
    uint32_t raw[GRADES_SECTIONS];
    uint64_t checksum[GRADES_SECTIONS];
} block_head;

struct tamis_grades_reader {
    int file;
    char *path;
    unsigned wanted;
    uint64_t file_bytes;
    uint64_t offset; /* of what is read next */
    uint64_t row_count;
    bool has_head; /* head is that of the block whose sections begin at offset */
    bool has_block;
    bool is_at_end;
    bool has_last;
    tamis_ord last;
    block_head head;
    tamis_buf names; /* with zeros behind each */
    const char **columns;
    size_t column_count;
    const char **reasons;
    size_t reason_count;
    ZSTD_DCtx *zstd;
    tamis_buf stored;
    tamis_buf sections[GRADES_SECTIONS];
    size_t row; /* of the block in hand: the next one */
    size_t change_offset;
    uint16_t row_reasons[TAMIS_GRADES_ROWS];
    char codes[GRADES_LANGUAGES_MAX][TAMIS_GRADES_LANGUAGE_MAX + 1];
    size_t code_count;
    double *values; /* row i at i * column_count */
};

static tamis_status bad(const tamis_grades_reader *reader, tamis_status status, const char *what,
                        tamis_err *err)
{
    return tamis_err_set(err, status, "%s: %s at offset %llu", reader->path, what,
                         (unsigned long long)reader->offset);
}

static tamis_status no_memory(const tamis_grades_reader *reader, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its rows", reader->path);
}

/* The next bytes of the file into `out`, which is replaced. */
static tamis_status read_bytes(tamis_grades_reader *reader, uint64_t offset, size_t size,
                               tamis_buf *out, tamis_err *err)
{
    tamis_buf_reset(out);
    if (offset > reader->file_bytes || size > reader->file_bytes - offset) {
        return bad(reader, TAMIS_ECORRUPT, "the file ends early", err);
    }
    if (tamis_buf_reserve(out, size) != TAMIS_OK) {
        return no_memory(reader, err);
    }
    while (out->size < size) {
        ssize_t count = pread(reader->file, out->data + out->size, size - out->size,
                              (off_t)(offset + out->size));

        if (count > 0) {
            out->size += (size_t)count;
        } else if (count == 0) {
            return bad(reader, TAMIS_ECORRUPT, "the file ends early", err);
        } else if (errno != EINTR) {
            return tamis_err_errno(err, errno, "%s: cannot read at offset %llu", reader->path,
                                   (unsigned long long)offset);
        }
    }
    return TAMIS_OK;
}

/* ---- Header ---- */

/* Copies a name with a zero behind it; false: it is cut, or has a zero. */
static bool take_name(tamis_grades_reader *reader, tamis_fields *fields)
{
    const uint8_t *size_bytes = tamis_get_bytes(fields, 2);
    size_t size = size_bytes == NULL ? 0 : tamis_get16le(size_bytes);
    const uint8_t *bytes = tamis_get_bytes(fields, size);

    if (bytes == NULL || size > TAMIS_GRADES_NAME_MAX || memchr(bytes, '\0', size) != NULL) {
        return false;
    }
    /* Room was made for all names at once: earlier pointers stay. */
    memcpy(reader->names.data + reader->names.size, bytes, size);
    reader->names.data[reader->names.size + size] = '\0';
    reader->names.size += size + 1;
    return true;
}

static tamis_status take_names(tamis_grades_reader *reader, tamis_slice bytes, tamis_err *err)
{
    tamis_fields fields = tamis_fields_of(bytes);
    size_t count = reader->column_count + reader->reason_count;

    reader->columns = calloc(count + 1, sizeof(*reader->columns));
    if (reader->columns == NULL ||
        tamis_buf_reserve(&reader->names, bytes.size + count) != TAMIS_OK) {
        return no_memory(reader, err);
    }
    reader->reasons = reader->columns + reader->column_count;
    for (size_t i = 0; i < count; i++) {
        reader->columns[i] = (const char *)reader->names.data + reader->names.size;
        if (!take_name(reader, &fields)) {
            return bad(reader, TAMIS_EFORMAT, "a name of its header is malformed", err);
        }
    }
    return fields.position == fields.size
               ? TAMIS_OK
               : bad(reader, TAMIS_EFORMAT, "bytes behind the names of its header", err);
}

static tamis_status read_header(tamis_grades_reader *reader, tamis_err *err)
{
    tamis_buf *bytes = &reader->stored;
    size_t size = 0;
    tamis_status status = read_bytes(reader, 0, GRADES_HEAD_MIN, bytes, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (memcmp(bytes->data, GRADES_MAGIC, GRADES_MAGIC_SIZE) != 0 ||
        tamis_get32le(bytes->data + 8) != GRADES_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION, "%s: not a grades file of version %u",
                             reader->path, GRADES_VERSION);
    }
    size = tamis_get32le(bytes->data + 12);
    if (size > GRADES_NAMES_MAX) {
        return bad(reader, TAMIS_EFORMAT, "its header is too large", err);
    }
    status = read_bytes(reader, 0, GRADES_HEAD_MIN + size + 8, bytes, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (tamis_hash64(bytes->data, GRADES_HEAD_MIN + size) !=
        tamis_get64le(bytes->data + GRADES_HEAD_MIN + size)) {
        return bad(reader, TAMIS_ECORRUPT, "the checksum of its header differs", err);
    }
    reader->column_count = tamis_get32le(bytes->data + 16);
    reader->reason_count = tamis_get32le(bytes->data + 20);
    if (reader->column_count > TAMIS_GRADES_COLUMNS_MAX || reader->reason_count == 0 ||
        reader->reason_count > TAMIS_GRADES_REASONS_MAX) {
        return bad(reader, TAMIS_EFORMAT, "too many columns or reasons", err);
    }
    status = take_names(reader, tamis_slice_of(bytes->data + GRADES_HEAD_MIN, size), err);
    reader->offset = GRADES_HEAD_MIN + size + 8;
    return status;
}

tamis_status tamis_grades_reader_open(const char *path, unsigned wanted,
                                      tamis_grades_reader **out_reader, tamis_err *err)
{
    tamis_grades_reader *reader = calloc(1, sizeof(*reader));
    struct stat info;
    tamis_status status = TAMIS_OK;

    if (reader == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its rows", path);
    }
    reader->wanted = wanted;
    reader->path = strdup(path);
    reader->file = open(path, O_RDONLY | O_CLOEXEC);
    reader->zstd = ZSTD_createDCtx();
    if (reader->file < 0 || fstat(reader->file, &info) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot open", path);
    } else if (reader->path == NULL || reader->zstd == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its rows", path);
    } else {
        reader->file_bytes = (uint64_t)info.st_size;
        status = read_header(reader, err);
    }
    if (status == TAMIS_OK && (wanted & TAMIS_GRADES_VALUES) != 0 && reader->column_count != 0) {
        reader->values = calloc(reader->column_count * TAMIS_GRADES_ROWS, sizeof(*reader->values));
        if (reader->values == NULL) {
            status = no_memory(reader, err);
        }
    }
    if (status != TAMIS_OK) {
        tamis_grades_reader_close(reader);
        return status;
    }
    *out_reader = reader;
    return TAMIS_OK;
}

void tamis_grades_reader_close(tamis_grades_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->file >= 0) {
        (void)close(reader->file); /* read only */
    }
    (void)ZSTD_freeDCtx(reader->zstd); /* cannot fail */
    tamis_buf_fini(&reader->names);
    tamis_buf_fini(&reader->stored);
    for (unsigned i = 0; i < GRADES_SECTIONS; i++) {
        tamis_buf_fini(&reader->sections[i]);
    }
    free(reader->columns);
    free(reader->values);
    free(reader->path);
    free(reader);
}

size_t tamis_grades_column_count(const tamis_grades_reader *reader)
{
    return reader->column_count;
}

const char *tamis_grades_column(const tamis_grades_reader *reader, size_t column)
{
    TAMIS_ASSERT(column < reader->column_count);
    return reader->columns[column];
}

size_t tamis_grades_reason_count(const tamis_grades_reader *reader)
{
    return reader->reason_count;
}

const char *tamis_grades_reason(const tamis_grades_reader *reader, size_t reason)
{
    TAMIS_ASSERT(reason < reader->reason_count);
    return reader->reasons[reason];
}

/* ---- Sections ---- */

/* Reads one section into reader->sections[i]. */
static tamis_status read_section(tamis_grades_reader *reader, unsigned section, uint64_t offset,
                                 tamis_err *err)
{
    const block_head *head = &reader->head;
    tamis_buf *raw = &reader->sections[section];
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(raw);
    if (head->raw[section] == 0) {
        return TAMIS_OK;
    }
    status = read_bytes(reader, offset, head->stored[section], &reader->stored, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (tamis_hash64(reader->stored.data, reader->stored.size) != head->checksum[section]) {
        return bad(reader, TAMIS_ECORRUPT, "the checksum of a block differs", err);
    }
    if (ZSTD_getFrameContentSize(reader->stored.data, reader->stored.size) != head->raw[section]) {
        return bad(reader, TAMIS_EFORMAT, "the size of a block is malformed", err);
    }
    if (tamis_buf_reserve(raw, head->raw[section]) != TAMIS_OK) {
        return no_memory(reader, err);
    }
    size = ZSTD_decompressDCtx(reader->zstd, raw->data, head->raw[section], reader->stored.data,
                               reader->stored.size);
    if (ZSTD_isError(size) || size != head->raw[section]) {
        return bad(reader, TAMIS_EFORMAT, "a block cannot be unpacked", err);
    }
    raw->size = size;
    return TAMIS_OK;
}

static bool take_codes(tamis_grades_reader *reader, tamis_slice bytes)
{
    tamis_fields fields = tamis_fields_of(bytes);
    const uint8_t *count = tamis_get_bytes(&fields, 1);

    reader->code_count = count == NULL ? 0 : *count;
    for (size_t i = 0; i < reader->code_count; i++) {
        const uint8_t *size = tamis_get_bytes(&fields, 1);
        const uint8_t *code = size == NULL ? NULL : tamis_get_bytes(&fields, *size);

        if (code == NULL || *size > TAMIS_GRADES_LANGUAGE_MAX ||
            memchr(code, '\0', *size) != NULL) {
            return false;
        }
        memcpy(reader->codes[i], code, *size);
        reader->codes[i][*size] = '\0';
    }
    return !fields.is_short && fields.position == fields.size;
}

static bool check_verdicts(tamis_grades_reader *reader)
{
    const tamis_buf *raw = &reader->sections[GRADES_VERDICTS];
    const block_head *head = &reader->head;
    size_t rows = head->rows;
    size_t fixed = rows * GRADES_VERDICT_BYTES;
    uint32_t before = 0;

    if (raw->size < fixed ||
        !take_codes(reader, tamis_slice_of(raw->data + fixed, raw->size - fixed))) {
        return false;
    }
    for (size_t i = 0; i < rows; i++) {
        uint32_t distance = tamis_get32le(raw->data + 4 * i);

        reader->row_reasons[i] = tamis_get16le(raw->data + 4 * rows + 2 * i);
        if ((i == 0) != (distance == 0) || (i != 0 && distance <= before) ||
            reader->row_reasons[i] >= reader->reason_count ||
            raw->data[6 * rows + i] >= reader->code_count) {
            return false;
        }
        before = distance;
    }
    return head->first + before == head->last;
}

/* Values of one column of one kind, into every column_count-th place of `to`. */
static void take_column(const uint8_t *from, uint8_t kind, size_t rows, double *to, size_t stride)
{
    for (size_t i = 0; i < rows; i++, to += stride) {
        uint64_t bits = GRADES_NULL;

        if (kind == 8) {
            bits = 0;
            for (unsigned byte = 0; byte < 8; byte++) {
                bits |= (uint64_t)from[byte * rows + i] << (8 * byte);
            }
        } else if (kind != 0) {
            uint32_t whole = 0;
            double value = 0;

            for (unsigned byte = 0; byte < kind; byte++) {
                whole |= (uint32_t)from[kind * i + byte] << (8 * byte);
            }
            value = (double)whole;
            if (whole != UINT32_MAX >> (32 - 8 * kind)) {
                memcpy(&bits, &value, sizeof(bits));
            }
        }
        memcpy(to, &bits, sizeof(bits));
    }
}

static bool take_values(tamis_grades_reader *reader)
{
    tamis_fields fields =
        tamis_fields_of(tamis_buf_slice(&reader->sections[GRADES_SECTION_VALUES]));
    size_t rows = reader->head.rows;

    for (size_t i = 0; i < reader->column_count; i++) {
        const uint8_t *kind = tamis_get_bytes(&fields, 1);
        const uint8_t *from = NULL;

        if (kind == NULL || (*kind > 2 && *kind != 4 && *kind != 8)) {
            return false;
        }
        from = tamis_get_bytes(&fields, *kind * rows);
        if (from == NULL) {
            return false;
        }
        take_column(from, *kind, rows, reader->values + i, reader->column_count);
    }
    return fields.position == fields.size;
}

static bool check_changes(const tamis_grades_reader *reader)
{
    const tamis_buf *raw = &reader->sections[GRADES_SECTION_CHANGES];
    uint64_t size = (uint64_t)reader->head.rows * 8;

    if (raw->size == 0) {
        return true;
    }
    if (raw->size < size) {
        return false;
    }
    for (size_t i = 0; i < reader->head.rows; i++) {
        size += (uint64_t)tamis_get32le(raw->data + 8 * i) + tamis_get32le(raw->data + 8 * i + 4);
    }
    return size == raw->size;
}

static tamis_status read_block(tamis_grades_reader *reader, tamis_err *err)
{
    const block_head *head = &reader->head;
    uint64_t offset = reader->offset;
    const bool wanted[GRADES_SECTIONS] = {
        [GRADES_VERDICTS] = true,
        [GRADES_SECTION_VALUES] = reader->values != NULL,
        [GRADES_SECTION_CHANGES] = (reader->wanted & TAMIS_GRADES_CHANGES) != 0,
    };
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; status == TAMIS_OK && i < GRADES_SECTIONS; i++) {
        if (wanted[i]) {
            status = read_section(reader, i, offset, err);
        }
        offset += head->stored[i];
    }
    if (status == TAMIS_OK &&
        (!check_verdicts(reader) || (reader->values != NULL && !take_values(reader)) ||
         !check_changes(reader))) {
        status = bad(reader, TAMIS_EFORMAT, "a block is malformed", err);
    }
    reader->row = 0;
    reader->change_offset = (size_t)head->rows * 8;
    reader->has_block = status == TAMIS_OK;
    return status;
}

/* ---- Blocks ---- */

static bool head_is_possible(const tamis_grades_reader *reader, const block_head *head)
{
    for (unsigned i = 0; i < GRADES_SECTIONS; i++) {
        if ((head->raw[i] == 0) != (head->stored[i] == 0)) {
            return false;
        }
    }
    return head->rows <= TAMIS_GRADES_ROWS && head->raw[GRADES_VERDICTS] != 0 &&
           (head->raw[GRADES_SECTION_VALUES] == 0) == (reader->column_count == 0) &&
           head->raw[GRADES_SECTION_CHANGES] <= TAMIS_GRADES_CHANGES_MAX + 8 * TAMIS_GRADES_ROWS &&
           head->first <= head->last &&
           tamis_ord_split(head->first) == tamis_ord_split(head->last) &&
           head->first >> (TAMIS_ORD_ROW_BITS + TAMIS_ORD_SPLIT_BITS) ==
               head->last >> (TAMIS_ORD_ROW_BITS + TAMIS_ORD_SPLIT_BITS) &&
           (!reader->has_last || head->first > reader->last);
}

static uint64_t stored_bytes(const block_head *head)
{
    uint64_t stored = 0;

    for (unsigned i = 0; i < GRADES_SECTIONS; i++) {
        stored += head->stored[i];
    }
    return stored;
}

/* Reads the head of the next block. TAMIS_END: there is none. */
static tamis_status read_head(tamis_grades_reader *reader, tamis_err *err)
{
    block_head *head = &reader->head;
    const uint8_t *bytes = NULL;
    tamis_status status = TAMIS_OK;

    if (reader->is_at_end) {
        return TAMIS_END;
    }
    status = read_bytes(reader, reader->offset, GRADES_BLOCK_HEAD, &reader->stored, err);
    if (status != TAMIS_OK) {
        return status;
    }
    bytes = reader->stored.data;
    if (tamis_hash64(bytes, GRADES_BLOCK_HEAD - 8) !=
        tamis_get64le(bytes + GRADES_BLOCK_HEAD - 8)) {
        return bad(reader, TAMIS_ECORRUPT, "the checksum of a block's head differs", err);
    }
    head->rows = tamis_get32le(bytes);
    head->first = tamis_get64le(bytes + 8);
    head->last = tamis_get64le(bytes + 16);
    for (unsigned i = 0; i < GRADES_SECTIONS; i++) {
        head->stored[i] = tamis_get32le(bytes + GRADES_SECTION_AT(i));
        head->raw[i] = tamis_get32le(bytes + GRADES_SECTION_AT(i) + 4);
        head->checksum[i] = tamis_get64le(bytes + GRADES_SECTION_AT(i) + 8);
    }
    if (head->rows == 0) {
        if (head->first != reader->row_count ||
            reader->offset + GRADES_BLOCK_HEAD != reader->file_bytes) {
            return bad(reader, TAMIS_EFORMAT, "its end is malformed", err);
        }
        reader->is_at_end = true;
        return TAMIS_END;
    }
    reader->offset += GRADES_BLOCK_HEAD;
    if (!head_is_possible(reader, head)) {
        return bad(reader, TAMIS_EFORMAT, "the head of a block is malformed", err);
    }
    if (stored_bytes(head) > reader->file_bytes - reader->offset) {
        return bad(reader, TAMIS_ECORRUPT, "the file ends early", err);
    }
    reader->row_count += head->rows;
    reader->has_last = true;
    reader->last = head->last;
    reader->has_head = true;
    return TAMIS_OK;
}

static void leave_block(tamis_grades_reader *reader)
{
    reader->offset += stored_bytes(&reader->head);
    reader->has_head = false;
    reader->has_block = false;
}

static tamis_ord row_ord(const tamis_grades_reader *reader, size_t row)
{
    return reader->head.first + tamis_get32le(reader->sections[GRADES_VERDICTS].data + 4 * row);
}

static void take_row(tamis_grades_reader *reader, tamis_grades_row *out_row)
{
    size_t rows = reader->head.rows;
    size_t row = reader->row;
    const uint8_t *verdicts = reader->sections[GRADES_VERDICTS].data;
    const tamis_buf *changes = &reader->sections[GRADES_SECTION_CHANGES];
    uint64_t score = tamis_get64le(verdicts + 7 * rows + 8 * row);

    *out_row = (tamis_grades_row){
        .ord = row_ord(reader, row),
        .reason = reader->row_reasons[row],
        .language = reader->codes[verdicts[6 * rows + row]],
        .values = reader->values == NULL ? NULL : reader->values + row * reader->column_count,
    };
    memcpy(&out_row->language_score, &score, sizeof(score));
    if (changes->size != 0) {
        size_t edits = tamis_get32le(changes->data + 8 * row);
        size_t spans = tamis_get32le(changes->data + 8 * row + 4);

        out_row->edits = tamis_slice_of(changes->data + reader->change_offset, edits);
        out_row->spans = tamis_slice_of(changes->data + reader->change_offset + edits, spans);
    }
}

static void pass_row(tamis_grades_reader *reader)
{
    const tamis_buf *changes = &reader->sections[GRADES_SECTION_CHANGES];

    if (changes->size != 0) {
        reader->change_offset += (size_t)tamis_get32le(changes->data + 8 * reader->row) +
                                 tamis_get32le(changes->data + 8 * reader->row + 4);
    }
    reader->row++;
}

tamis_status tamis_grades_next(tamis_grades_reader *reader, tamis_grades_row *out_row,
                               tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (reader->has_block && reader->row == reader->head.rows) {
        leave_block(reader);
    }
    if (!reader->has_head) {
        status = read_head(reader, err);
    }
    if (status == TAMIS_OK && !reader->has_block) {
        status = read_block(reader, err);
    }
    if (status == TAMIS_OK) {
        take_row(reader, out_row);
        pass_row(reader);
    }
    return status;
}

tamis_status tamis_grades_find(tamis_grades_reader *reader, tamis_ord ord,
                               tamis_grades_row *out_row, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (;;) {
        if (reader->has_head &&
            (reader->head.last < ord || (reader->has_block && reader->row == reader->head.rows))) {
            leave_block(reader);
        }
        if (reader->has_head) {
            break;
        }
        status = read_head(reader, err);
        if (status != TAMIS_OK) {
            return status == TAMIS_END ? TAMIS_ENOENT : status;
        }
    }
    if (reader->head.first > ord) {
        return TAMIS_ENOENT;
    }
    if (!reader->has_block) {
        status = read_block(reader, err);
    }
    while (status == TAMIS_OK && reader->row < reader->head.rows &&
           row_ord(reader, reader->row) < ord) {
        pass_row(reader);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (reader->row == reader->head.rows || row_ord(reader, reader->row) != ord) {
        return TAMIS_ENOENT;
    }
    take_row(reader, out_row);
    pass_row(reader);
    return TAMIS_OK;
}
