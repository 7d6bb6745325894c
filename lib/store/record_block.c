/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/record_block.h"

#include <stdlib.h>

#define HEADER_BYTES   24u
#define CHECKSUM_BYTES 8u
#define KIND_RECORDS   1
#define KIND_IDS       2

enum { PRESENT_NONE = 0, PRESENT_ALL = 1, PRESENT_SOME = 2 };

/* Rows of the block that is open, in both builders. */
typedef struct row_list {
    tamis_ord first;
    tamis_ord last;
    uint32_t count;
    uint64_t distance[TAMIS_RECORD_BLOCK_ROWS]; /* from the first */
} row_list;

struct tamis_record_builder {
    row_list rows;
    uint32_t signature_bytes;
    uint32_t present_count;
    uint64_t text_bytes[TAMIS_RECORD_BLOCK_ROWS];
    uint64_t shingle_counts[TAMIS_RECORD_BLOCK_ROWS];
    uint64_t distinct_counts[TAMIS_RECORD_BLOCK_ROWS];
    uint64_t flags[TAMIS_RECORD_BLOCK_ROWS];
    uint64_t faults[TAMIS_RECORD_BLOCK_ROWS];
    uint8_t present[TAMIS_RECORD_BLOCK_ROWS / 8];
    uint8_t digests[16 * TAMIS_RECORD_BLOCK_ROWS];
    uint8_t signatures[]; /* signature_bytes for each row */
};

struct tamis_id_builder {
    row_list rows;
    uint32_t ends[TAMIS_RECORD_BLOCK_ROWS];
    tamis_buf bytes;
};

/* ---- Little-endian numbers and columns ------------------------------------------------------- */

static void put_le(uint8_t *to, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_16(const uint8_t *from)
{
    return (uint64_t)from[0] | (uint64_t)from[1] << 8;
}

static uint64_t get_32(const uint8_t *from)
{
    return (uint64_t)from[0] | (uint64_t)from[1] << 8 | (uint64_t)from[2] << 16 |
           (uint64_t)from[3] << 24;
}

static uint64_t get_64(const uint8_t *from)
{
    return get_32(from) | get_32(from + 4) << 32;
}

static uint64_t column_get(const uint8_t *column, unsigned width, uint32_t index)
{
    switch (width) {
    case 1:
        return column[index];
    case 2:
        return get_16(column + 2 * (size_t)index);
    case 4:
        return get_32(column + 4 * (size_t)index);
    case 8:
        return get_64(column + 8 * (size_t)index);
    default:
        return 0;
    }
}

/* The least width that holds every value; 0: all are zero. */
static uint8_t column_width(const uint64_t *values, uint32_t count)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < count; i++) {
        any |= values[i];
    }
    if (any == 0) {
        return 0;
    }
    if (any <= UINT8_MAX) {
        return 1;
    }
    if (any <= UINT16_MAX) {
        return 2;
    }
    return any <= UINT32_MAX ? 4 : 8;
}

static uint8_t *column_put(uint8_t *to, const uint64_t *values, uint32_t count, unsigned width)
{
    for (uint32_t i = 0; i < count && width != 0; i++) {
        put_le(to, values[i], width);
        to += width;
    }
    return to;
}

static uint8_t *bytes_put(uint8_t *to, const void *from, size_t size)
{
    if (size != 0) {
        memcpy(to, from, size);
    }
    return to + size;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool rows_fit(const row_list *rows, tamis_ord ord)
{
    return rows->count == 0 || (rows->count < TAMIS_RECORD_BLOCK_ROWS &&
                                rows->first >> TAMIS_ORD_ROW_BITS == ord >> TAMIS_ORD_ROW_BITS);
}

static void rows_add(row_list *rows, tamis_ord ord)
{
    TAMIS_ASSERT(rows_fit(rows, ord));
    TAMIS_ASSERT(rows->count == 0 || ord > rows->last);

    if (rows->count == 0) {
        rows->first = ord;
    }
    rows->last = ord;
    rows->distance[rows->count++] = ord - rows->first;
}

/* 0 when the rows follow one another, which needs no column. */
static uint8_t rows_width(const row_list *rows)
{
    if (rows->last - rows->first == rows->count - 1) {
        return 0;
    }
    return column_width(rows->distance, rows->count);
}

static void header_put(uint8_t *to, uint8_t kind, const row_list *rows, uint32_t signature_bytes)
{
    memset(to, 0, HEADER_BYTES);
    to[0] = TAMIS_RECORD_BLOCK_VERSION;
    to[1] = kind;
    put_le(to + 2, rows->count, 2);
    put_le(to + 4, signature_bytes, 4);
    put_le(to + 8, rows->first, 8);
    to[16] = rows_width(rows);
}

/* Ends a block whose bytes are in place. */
static void block_seal(tamis_buf *block, const uint8_t *end)
{
    size_t size = (size_t)(end - block->data);

    put_le(block->data + size, tamis_hash64(block->data, size), CHECKSUM_BYTES);
    block->size = size + CHECKSUM_BYTES;
}

tamis_status tamis_record_builder_create(uint32_t signature_bytes,
                                         tamis_record_builder **out_builder)
{
    tamis_record_builder *builder = NULL;

    if (signature_bytes > TAMIS_SIGNATURE_BYTES_MAX) {
        return TAMIS_EARG;
    }
    builder = calloc(1, sizeof(*builder) + (size_t)signature_bytes * TAMIS_RECORD_BLOCK_ROWS);
    if (builder == NULL) {
        return TAMIS_ENOMEM;
    }
    builder->signature_bytes = signature_bytes;
    *out_builder = builder;
    return TAMIS_OK;
}

void tamis_record_builder_destroy(tamis_record_builder *builder)
{
    free(builder);
}

bool tamis_record_builder_fits(const tamis_record_builder *builder, tamis_ord ord)
{
    return rows_fit(&builder->rows, ord);
}

void tamis_record_builder_add(tamis_record_builder *builder, tamis_ord ord,
                              const tamis_record *record)
{
    uint32_t row = builder->rows.count;
    uint32_t size = builder->signature_bytes;

    rows_add(&builder->rows, ord);
    builder->text_bytes[row] = record->text_bytes;
    builder->shingle_counts[row] = record->shingle_count;
    builder->distinct_counts[row] = record->distinct_count;
    builder->flags[row] = record->flags;
    builder->faults[row] = record->fault;
    put_le(builder->digests + (size_t)16 * row, record->digest.low, 8);
    put_le(builder->digests + (size_t)16 * row + 8, record->digest.high, 8);
    if (record->signature != NULL && size != 0) {
        memcpy(builder->signatures + (size_t)size * row, record->signature, size);
        builder->present[row / 8] |= (uint8_t)(1u << row % 8);
        builder->present_count++;
    } else if (size != 0) {
        memset(builder->signatures + (size_t)size * row, 0, size);
    }
}

tamis_status tamis_record_builder_pack(tamis_record_builder *builder, tamis_buf *block,
                                       tamis_ord *out_last)
{
    uint32_t count = builder->rows.count;
    uint8_t presence = builder->present_count == 0       ? PRESENT_NONE
                       : builder->present_count == count ? PRESENT_ALL
                                                         : PRESENT_SOME;
    size_t largest = HEADER_BYTES + CHECKSUM_BYTES +
                     (size_t)TAMIS_RECORD_BLOCK_ROWS * (6 * 8 + 16 + builder->signature_bytes) +
                     sizeof(builder->present);
    tamis_status status = TAMIS_OK;
    uint8_t *header = NULL;
    uint8_t *to = NULL;

    tamis_buf_reset(block);
    if (count == 0) {
        return TAMIS_OK;
    }
    status = tamis_buf_reserve(block, largest);
    if (status != TAMIS_OK) {
        return status;
    }
    header = block->data;
    header_put(header, KIND_RECORDS, &builder->rows, builder->signature_bytes);
    header[17] = column_width(builder->text_bytes, count);
    header[18] = column_width(builder->shingle_counts, count);
    header[19] = column_width(builder->distinct_counts, count);
    header[20] = column_width(builder->flags, count);
    header[21] = column_width(builder->faults, count);
    header[22] = presence;
    to = column_put(header + HEADER_BYTES, builder->rows.distance, count, header[16]);
    to = column_put(to, builder->text_bytes, count, header[17]);
    to = column_put(to, builder->shingle_counts, count, header[18]);
    to = column_put(to, builder->distinct_counts, count, header[19]);
    to = column_put(to, builder->flags, count, header[20]);
    to = column_put(to, builder->faults, count, header[21]);
    to = bytes_put(to, builder->present, presence == PRESENT_SOME ? (count + 7) / 8 : 0);
    to = bytes_put(to, builder->digests, (size_t)16 * count);
    to = bytes_put(to, builder->signatures,
                   presence == PRESENT_NONE ? 0 : (size_t)builder->signature_bytes * count);
    block_seal(block, to);

    *out_last = builder->rows.last;
    builder->rows.count = 0;
    builder->present_count = 0;
    memset(builder->present, 0, sizeof(builder->present));
    return TAMIS_OK;
}

tamis_status tamis_id_builder_create(tamis_id_builder **out_builder)
{
    tamis_id_builder *builder = calloc(1, sizeof(*builder));

    if (builder == NULL) {
        return TAMIS_ENOMEM;
    }
    tamis_buf_init(&builder->bytes, 0);
    *out_builder = builder;
    return TAMIS_OK;
}

void tamis_id_builder_destroy(tamis_id_builder *builder)
{
    if (builder != NULL) {
        tamis_buf_fini(&builder->bytes);
        free(builder);
    }
}

bool tamis_id_builder_fits(const tamis_id_builder *builder, tamis_ord ord, tamis_slice id)
{
    size_t used = builder->bytes.size;

    return rows_fit(&builder->rows, ord) &&
           (builder->rows.count == 0 ||
            (used <= TAMIS_ID_BLOCK_BYTES && id.size <= TAMIS_ID_BLOCK_BYTES - used));
}

tamis_status tamis_id_builder_add(tamis_id_builder *builder, tamis_ord ord, tamis_slice id)
{
    tamis_status status = TAMIS_OK;

    if (id.size > TAMIS_ID_BYTES_MAX) {
        return TAMIS_ELIMIT;
    }
    status = tamis_buf_append(&builder->bytes, id.data, id.size);
    if (status != TAMIS_OK) {
        return status;
    }
    builder->ends[builder->rows.count] = (uint32_t)builder->bytes.size;
    rows_add(&builder->rows, ord);
    return TAMIS_OK;
}

tamis_status tamis_id_builder_pack(tamis_id_builder *builder, tamis_buf *block, tamis_ord *out_last)
{
    uint32_t count = builder->rows.count;
    size_t largest = HEADER_BYTES + CHECKSUM_BYTES + (size_t)TAMIS_RECORD_BLOCK_ROWS * (8 + 4) +
                     builder->bytes.size;
    tamis_status status = TAMIS_OK;
    uint8_t *to = NULL;

    tamis_buf_reset(block);
    if (count == 0) {
        return TAMIS_OK;
    }
    status = tamis_buf_reserve(block, largest);
    if (status != TAMIS_OK) {
        return status;
    }
    header_put(block->data, KIND_IDS, &builder->rows, 0);
    to = column_put(block->data + HEADER_BYTES, builder->rows.distance, count, block->data[16]);
    for (uint32_t i = 0; i < count; i++) {
        put_le(to, builder->ends[i], 4);
        to += 4;
    }
    to = bytes_put(to, builder->bytes.data, builder->bytes.size);
    block_seal(block, to);

    *out_last = builder->rows.last;
    builder->rows.count = 0;
    if (builder->bytes.capacity > TAMIS_ID_BLOCK_BYTES) {
        tamis_buf_fini(&builder->bytes); /* one huge id must not hold its memory for good */
    }
    tamis_buf_reset(&builder->bytes);
    return TAMIS_OK;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* What is left of the bytes between header and checksum. */
typedef struct column_reader {
    const uint8_t *at;
    size_t left;
} column_reader;

static bool column_take(column_reader *reader, size_t size, const uint8_t **out_column)
{
    if (size > reader->left) {
        return false;
    }
    *out_column = reader->at;
    reader->at += size;
    reader->left -= size;
    return true;
}

static bool width_is_valid(uint8_t width, unsigned widest)
{
    return (width == 0 || width == 1 || width == 2 || width == 4 || width == 8) && width <= widest;
}

static bool rows_are_valid(const tamis_block_view *view)
{
    uint64_t before = 0;

    if (view->rows == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < view->row_count; i++) {
        uint64_t distance = column_get(view->rows, view->rows_width, i);

        if (i == 0 ? distance != 0 : distance <= before) {
            return false;
        }
        before = distance;
    }
    return true;
}

/* Checksum, version, header, rows column; sets up `reader` behind them. */
static tamis_status header_open(tamis_slice bytes, uint8_t kind, tamis_block_view *view,
                                column_reader *reader, tamis_err *err)
{
    const uint8_t *header = bytes.data;
    uint64_t distance = 0;
    size_t size = 0;

    if (bytes.size < HEADER_BYTES + CHECKSUM_BYTES) {
        return tamis_err_set(err, TAMIS_EFORMAT, "record block of %zu bytes is too short",
                             bytes.size);
    }
    size = bytes.size - CHECKSUM_BYTES;
    if (get_64(bytes.data + size) != tamis_hash64(bytes.data, size)) {
        return tamis_err_set(err, TAMIS_ECORRUPT, "record block has a wrong checksum");
    }
    if (header[0] != TAMIS_RECORD_BLOCK_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION, "record block has version %u, expected %u",
                             header[0], TAMIS_RECORD_BLOCK_VERSION);
    }
    view->row_count = (uint32_t)get_16(header + 2);
    view->signature_bytes = (uint32_t)get_32(header + 4);
    view->first = get_64(header + 8);
    view->rows_width = header[16];
    *reader = (column_reader){.at = header + HEADER_BYTES, .left = size - HEADER_BYTES};
    if (header[1] != kind || view->row_count == 0 || header[23] != 0 ||
        view->row_count > TAMIS_RECORD_BLOCK_ROWS ||
        view->signature_bytes > TAMIS_SIGNATURE_BYTES_MAX || !width_is_valid(view->rows_width, 4) ||
        !column_take(reader, (size_t)view->rows_width * view->row_count, &view->rows)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "record block has an invalid header");
    }
    if (view->rows_width == 0) {
        view->rows = NULL;
    }
    distance = view->rows == NULL ? view->row_count - 1
                                  : column_get(view->rows, view->rows_width, view->row_count - 1);
    view->last = view->first + distance;
    if (!rows_are_valid(view) || tamis_ord_row(view->first) + distance >= TAMIS_SPLIT_ROWS_MAX) {
        return tamis_err_set(err, TAMIS_EFORMAT, "record block has invalid rows");
    }
    return TAMIS_OK;
}

tamis_status tamis_record_block_open(tamis_slice bytes, tamis_block_view *out_view, tamis_err *err)
{
    tamis_block_view view = {0};
    column_reader reader = {0};
    const uint8_t *header = bytes.data;
    tamis_status status = header_open(bytes, KIND_RECORDS, &view, &reader, err);
    size_t count = view.row_count;
    uint8_t presence = 0;

    if (status != TAMIS_OK) {
        return status;
    }
    view.text_width = header[17];
    view.shingle_width = header[18];
    view.distinct_width = header[19];
    view.flags_width = header[20];
    view.fault_width = header[21];
    presence = header[22];
    if (presence > PRESENT_SOME || !width_is_valid(view.text_width, 8) ||
        !width_is_valid(view.shingle_width, 4) || !width_is_valid(view.distinct_width, 4) ||
        !width_is_valid(view.flags_width, 4) || !width_is_valid(view.fault_width, 2) ||
        !column_take(&reader, count * view.text_width, &view.text_bytes) ||
        !column_take(&reader, count * view.shingle_width, &view.shingle_counts) ||
        !column_take(&reader, count * view.distinct_width, &view.distinct_counts) ||
        !column_take(&reader, count * view.flags_width, &view.flags) ||
        !column_take(&reader, count * view.fault_width, &view.faults) ||
        !column_take(&reader, presence == PRESENT_SOME ? (count + 7) / 8 : 0, &view.present) ||
        !column_take(&reader, count * 16, &view.digests) ||
        !column_take(&reader, presence == PRESENT_NONE ? 0 : count * view.signature_bytes,
                     &view.signatures) ||
        reader.left != 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "record block has invalid columns");
    }
    view.present = presence == PRESENT_SOME ? view.present : NULL;
    view.signatures = presence == PRESENT_NONE ? NULL : view.signatures;
    *out_view = view;
    return TAMIS_OK;
}

tamis_status tamis_id_block_open(tamis_slice bytes, tamis_block_view *out_view, tamis_err *err)
{
    tamis_block_view view = {0};
    column_reader reader = {0};
    tamis_status status = header_open(bytes, KIND_IDS, &view, &reader, err);
    uint64_t before = 0;

    if (status != TAMIS_OK) {
        return status;
    }
    if (!column_take(&reader, (size_t)4 * view.row_count, &view.id_ends)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "id block has invalid columns");
    }
    for (uint32_t i = 0; i < view.row_count; i++) {
        uint64_t end = get_32(view.id_ends + (size_t)4 * i);

        if (end < before || end > reader.left) {
            return tamis_err_set(err, TAMIS_EFORMAT, "id block has invalid lengths");
        }
        before = end;
    }
    if (before != reader.left) {
        return tamis_err_set(err, TAMIS_EFORMAT, "id block has bytes left over");
    }
    view.ids = reader.at;
    *out_view = view;
    return TAMIS_OK;
}

tamis_ord tamis_block_ord(const tamis_block_view *view, uint32_t index)
{
    return view->first +
           (view->rows == NULL ? index : column_get(view->rows, view->rows_width, index));
}

void tamis_block_record(const tamis_block_view *view, uint32_t index, tamis_record *out_record)
{
    const uint8_t *digest = view->digests + (size_t)16 * index;
    bool is_present = view->signatures != NULL &&
                      (view->present == NULL || (view->present[index / 8] >> index % 8 & 1) != 0);

    *out_record = (tamis_record){
        .digest = {.low = get_64(digest), .high = get_64(digest + 8)},
        .signature = is_present ? view->signatures + (size_t)view->signature_bytes * index : NULL,
        .shingle_count = (uint32_t)column_get(view->shingle_counts, view->shingle_width, index),
        .distinct_count = (uint32_t)column_get(view->distinct_counts, view->distinct_width, index),
        .text_bytes = column_get(view->text_bytes, view->text_width, index),
        .flags = (uint32_t)column_get(view->flags, view->flags_width, index),
        .fault = (uint16_t)column_get(view->faults, view->fault_width, index),
    };
}

tamis_slice tamis_block_id(const tamis_block_view *view, uint32_t index)
{
    uint64_t begin = index == 0 ? 0 : get_32(view->id_ends + (size_t)4 * (index - 1));
    uint64_t end = get_32(view->id_ends + (size_t)4 * index);

    return tamis_slice_of(view->ids + begin, end - begin);
}

uint32_t tamis_block_find(const tamis_block_view *view, tamis_ord ord)
{
    uint32_t low = 0;
    uint32_t high = view->row_count;

    if (ord <= view->first) {
        return 0;
    }
    if (ord > view->last) {
        return view->row_count;
    }
    if (view->rows == NULL) {
        return (uint32_t)(ord - view->first);
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (tamis_block_ord(view, middle) < ord) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
