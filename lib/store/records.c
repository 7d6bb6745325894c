/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/records.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "record_table.h"
#include "tamis/bytes.h"
#include "tamis/record_block.h"

#define TEMP_PATH_MAX 4096

struct tamis_records {
    record_table *table; /* NULL: over a source */
    tamis_block_source source;
};

struct tamis_records_writer {
    tamis_records *records;
    char *temp_folder;
    tamis_record_builder *record_builder;
    tamis_id_builder *id_builder;
    record_file *record_file; /* made with the first block: a sorted file is never empty */
    record_file *id_file;
    tamis_buf block;
    tamis_ord last;
    bool has_rows;
    bool is_finished;
};

/* Both cursors. `view` is the block in hand when has_block; else the next one is looked for from
 * `from` on. */
typedef struct block_cursor {
    const tamis_records *records;
    record_range range;
    record_scan *scan; /* of a table, */
    void *source_scan; /* or of a source */
    tamis_block_view view;
    tamis_ord from; /* rows below are passed over */
    tamis_ord end;
    uint32_t index; /* of the next row in the block */
    bool has_block;
    bool is_placed; /* the scan stands on the block in hand or on the one before `from` */
    bool is_ended;
} block_cursor;

struct tamis_records_cursor {
    block_cursor blocks;
};

struct tamis_ids_cursor {
    block_cursor blocks;
};

tamis_status tamis_records_open(const char *folder, bool is_read_only, tamis_records **out_records,
                                tamis_err *err)
{
    tamis_records *records = calloc(1, sizeof(*records));
    tamis_status status = TAMIS_OK;

    if (records == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record store", folder);
    }
    status = record_table_open(folder, is_read_only, &records->table, err);
    if (status != TAMIS_OK) {
        free(records);
        return status;
    }
    *out_records = records;
    return TAMIS_OK;
}

tamis_status tamis_records_spool(const char *folder, tamis_records **out_records, tamis_err *err)
{
    tamis_records *records = calloc(1, sizeof(*records));
    tamis_status status = TAMIS_OK;

    if (records == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record store", folder);
    }
    status = record_table_spool(folder, &records->table, err);
    if (status != TAMIS_OK) {
        free(records);
        return status;
    }
    *out_records = records;
    return TAMIS_OK;
}

tamis_status tamis_records_open_source(const tamis_block_source *source,
                                       tamis_records **out_records, tamis_err *err)
{
    tamis_records *records = calloc(1, sizeof(*records));

    if (records == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a record store", source->name);
    }
    records->source = *source;
    *out_records = records;
    return TAMIS_OK;
}

tamis_status tamis_records_adopt(tamis_records *records, const char *folder, tamis_err *err)
{
    return record_table_adopt(records->table, folder, err);
}

void tamis_records_close(tamis_records *records)
{
    if (records != NULL) {
        if (records->table != NULL) {
            record_table_close(records->table);
        }
        free(records);
    }
}

static const char *name_of(const tamis_records *records)
{
    return records->table == NULL ? records->source.name : record_table_folder(records->table);
}

/* ---- Writing --------------------------------------------------------------------------------- */

tamis_status tamis_records_writer_create(tamis_records *records, const char *temp_folder,
                                         uint32_t signature_bytes,
                                         tamis_records_writer **out_writer, tamis_err *err)
{
    tamis_records_writer *writer = NULL;
    tamis_status status = TAMIS_OK;

    if (records->table == NULL || record_table_is_read_only(records->table)) {
        return tamis_err_set(err, TAMIS_EARG, "%s: the record store is open for reading only",
                             name_of(records));
    }
    writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a writer of records",
                             temp_folder);
    }
    writer->records = records;
    tamis_buf_init(&writer->block, 0);
    writer->temp_folder = strdup(temp_folder);
    status = writer->temp_folder == NULL ? TAMIS_ENOMEM : TAMIS_OK;
    if (status == TAMIS_OK) {
        status = tamis_record_builder_create(signature_bytes, &writer->record_builder);
    }
    if (status == TAMIS_OK) {
        status = tamis_id_builder_create(&writer->id_builder);
    }
    if (status != TAMIS_OK) {
        (void)tamis_err_set(err, status,
                            "%s: no writer of records with signatures of %" PRIu32 " bytes",
                            temp_folder, signature_bytes);
        tamis_records_writer_destroy(writer);
        return status;
    }
    *out_writer = writer;
    return TAMIS_OK;
}

/* Puts the block into its file, which is made when it is the first. */
static tamis_status block_write(tamis_records_writer *writer, record_range range,
                                record_file **file, tamis_ord last, tamis_err *err)
{
    static _Atomic uint32_t file_number; /* tells the files of one process apart */
    char path[TEMP_PATH_MAX];
    int length = 0;
    tamis_status status = TAMIS_OK;

    if (writer->block.size == 0) {
        return TAMIS_OK;
    }
    if (*file == NULL) {
        length = snprintf(path, sizeof(path), "%s/records-%ld-%" PRIu32 ".%s.sst",
                          writer->temp_folder, (long)getpid(), atomic_fetch_add(&file_number, 1),
                          range == RECORD_RANGE_IDS ? "ids" : "docs");
        if (length < 0 || (size_t)length >= sizeof(path)) {
            return tamis_err_set(err, TAMIS_ELIMIT, "%s: the path is too long",
                                 writer->temp_folder);
        }
        status = record_file_create(writer->records->table, range, path, file, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return record_file_add(*file, last, tamis_buf_slice(&writer->block), err);
}

static tamis_status records_flush(tamis_records_writer *writer, tamis_err *err)
{
    tamis_ord last = 0;
    tamis_status status = tamis_record_builder_pack(writer->record_builder, &writer->block, &last);

    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "%s: no memory for a block of records",
                             writer->temp_folder);
    }
    return block_write(writer, RECORD_RANGE_RECORDS, &writer->record_file, last, err);
}

static tamis_status ids_flush(tamis_records_writer *writer, tamis_err *err)
{
    tamis_ord last = 0;
    tamis_status status = tamis_id_builder_pack(writer->id_builder, &writer->block, &last);

    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "%s: no memory for a block of ids", writer->temp_folder);
    }
    status = block_write(writer, RECORD_RANGE_IDS, &writer->id_file, last, err);
    if (writer->block.capacity > 4 * TAMIS_ID_BLOCK_BYTES) {
        tamis_buf_fini(&writer->block); /* one huge id must not hold its memory for good */
    }
    return status;
}

tamis_status tamis_records_writer_add(tamis_records_writer *writer, tamis_ord ord,
                                      const tamis_record *record, tamis_slice id, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!writer->is_finished);
    TAMIS_ASSERT(!writer->has_rows || ord > writer->last);

    if (!tamis_record_builder_fits(writer->record_builder, ord)) {
        status = records_flush(writer, err);
    }
    if (status == TAMIS_OK && !tamis_id_builder_fits(writer->id_builder, ord, id)) {
        status = ids_flush(writer, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_id_builder_add(writer->id_builder, ord, id);
    if (status != TAMIS_OK) {
        char text[TAMIS_ORD_TEXT_SIZE];

        tamis_ord_to_text(ord, text);
        return tamis_err_set(err, status, "document %s: an id of %zu bytes does not fit", text,
                             id.size);
    }
    tamis_record_builder_add(writer->record_builder, ord, record);
    writer->last = ord;
    writer->has_rows = true;
    return TAMIS_OK;
}

tamis_status tamis_records_writer_commit(tamis_records_writer *writer, uint64_t *out_bytes,
                                         tamis_err *err)
{
    record_file *files[2] = {NULL, NULL};
    uint64_t record_bytes = 0;
    uint64_t id_bytes = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!writer->is_finished);
    writer->is_finished = true;

    if (!writer->has_rows) {
        *out_bytes = 0;
        return TAMIS_OK;
    }
    status = records_flush(writer, err);
    if (status == TAMIS_OK) {
        status = ids_flush(writer, err);
    }
    if (status == TAMIS_OK) {
        status = record_file_finish(writer->record_file, &record_bytes, err);
    }
    if (status == TAMIS_OK) {
        status = record_file_finish(writer->id_file, &id_bytes, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    files[0] = writer->record_file;
    files[1] = writer->id_file;
    status = record_table_ingest(writer->records->table, files, 2, err);
    if (status == TAMIS_OK) {
        *out_bytes = record_bytes + id_bytes;
    }
    return status;
}

void tamis_records_writer_destroy(tamis_records_writer *writer)
{
    if (writer != NULL) {
        record_file_destroy(writer->record_file);
        record_file_destroy(writer->id_file);
        tamis_record_builder_destroy(writer->record_builder);
        tamis_id_builder_destroy(writer->id_builder);
        tamis_buf_fini(&writer->block);
        free(writer->temp_folder);
        free(writer);
    }
}

/* ---- Reading --------------------------------------------------------------------------------- */

static tamis_status cursor_init(block_cursor *cursor, const tamis_records *records,
                                record_range range, tamis_ord first, tamis_ord end, tamis_err *err)
{
    tamis_ord bound = 0;

    *cursor = (block_cursor){
        .records = records,
        .range = range,
        .from = first,
        .end = end,
        .is_ended = first >= end,
    };
    /* A block has rows of one split only: none that is wanted ends behind the split of end - 1. */
    if (end != 0 && (end - 1) >> TAMIS_ORD_ROW_BITS != UINT64_MAX >> TAMIS_ORD_ROW_BITS) {
        bound = (((end - 1) >> TAMIS_ORD_ROW_BITS) + 1) << TAMIS_ORD_ROW_BITS;
    }
    return records->table == NULL
               ? records->source.create(records->source.context, range == RECORD_RANGE_IDS, bound,
                                        &cursor->source_scan, err)
               : record_scan_create(records->table, range, bound, &cursor->scan, err);
}

static void cursor_fini(block_cursor *cursor)
{
    if (cursor->scan != NULL) {
        record_scan_destroy(cursor->scan);
    }
    if (cursor->source_scan != NULL) {
        cursor->records->source.destroy(cursor->source_scan);
    }
}

static tamis_status scan_seek(block_cursor *cursor, tamis_ord ord, tamis_ord *out_last,
                              tamis_slice *out_block, tamis_err *err)
{
    return cursor->scan == NULL
               ? cursor->records->source.seek(cursor->source_scan, ord, out_last, out_block, err)
               : record_scan_seek(cursor->scan, ord, out_last, out_block, err);
}

static tamis_status scan_next(block_cursor *cursor, tamis_ord *out_last, tamis_slice *out_block,
                              tamis_err *err)
{
    return cursor->scan == NULL
               ? cursor->records->source.next(cursor->source_scan, out_last, out_block, err)
               : record_scan_next(cursor->scan, out_last, out_block, err);
}

/* Opens the block under the scan and steps to the first row that is wanted. */
static tamis_status cursor_load(block_cursor *cursor, tamis_ord last, tamis_slice block,
                                tamis_err *err)
{
    char text[TAMIS_ORD_TEXT_SIZE];
    tamis_ord before = cursor->view.last;
    bool has_before = cursor->view.row_count != 0;
    tamis_status status = cursor->range == RECORD_RANGE_IDS
                              ? tamis_id_block_open(block, &cursor->view, err)
                              : tamis_record_block_open(block, &cursor->view, err);

    if (status == TAMIS_OK &&
        (cursor->view.last != last || (has_before && cursor->view.first <= before))) {
        status = tamis_err_set(err, TAMIS_ECORRUPT, "the block's rows do not match its key");
    }
    if (status != TAMIS_OK) {
        tamis_ord_to_text(last, text);
        tamis_err_context(err, "%s, %s up to %s", name_of(cursor->records),
                          cursor->range == RECORD_RANGE_IDS ? "ids" : "records", text);
        return status;
    }
    cursor->index = tamis_block_find(&cursor->view, cursor->from);
    cursor->has_block = true;
    return TAMIS_OK;
}

/* Brings the block of `from`, or the first behind it. The common step is to the block that
 * follows, which costs no search. */
static tamis_status cursor_advance(block_cursor *cursor, tamis_err *err)
{
    tamis_ord last = 0;
    tamis_slice block = {0};
    tamis_status status = TAMIS_OK;
    bool is_near = cursor->is_placed && cursor->from - cursor->view.last <= TAMIS_RECORD_BLOCK_ROWS;

    cursor->has_block = false;
    if (is_near) {
        status = scan_next(cursor, &last, &block, err);
    }
    if (!is_near || (status == TAMIS_OK && last < cursor->from)) {
        status = scan_seek(cursor, cursor->from, &last, &block, err);
    }
    cursor->is_ended = status == TAMIS_END;
    if (status == TAMIS_OK) {
        status = cursor_load(cursor, last, block, err);
    }
    cursor->is_placed = status == TAMIS_OK;
    return status;
}

/* *out_index is that of the next row in the view. */
static tamis_status cursor_next(block_cursor *cursor, uint32_t *out_index, tamis_ord *out_ord,
                                tamis_err *err)
{
    tamis_ord ord = 0;

    if (cursor->is_ended) {
        return TAMIS_END;
    }
    if (!cursor->has_block || cursor->index == cursor->view.row_count) {
        tamis_status status = TAMIS_OK;

        if (cursor->has_block) {
            cursor->from = cursor->view.last + 1;
            cursor->is_ended = cursor->from >= cursor->end || cursor->from == 0;
        }
        if (cursor->is_ended) {
            return TAMIS_END;
        }
        status = cursor_advance(cursor, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    ord = tamis_block_ord(&cursor->view, cursor->index);
    if (ord >= cursor->end) {
        cursor->is_ended = true;
        return TAMIS_END;
    }
    *out_ord = ord;
    *out_index = cursor->index++;
    return TAMIS_OK;
}

static void cursor_seek(block_cursor *cursor, tamis_ord ord)
{
    if (cursor->has_block && ord <= cursor->view.last) {
        uint32_t index = tamis_block_find(&cursor->view, ord);

        cursor->index = index > cursor->index ? index : cursor->index;
    } else if (ord > cursor->from) {
        cursor->from = ord;
        cursor->has_block = false;
    }
    cursor->is_ended = cursor->is_ended || ord >= cursor->end;
}

tamis_status tamis_records_cursor_create(tamis_records *records, tamis_ord first, tamis_ord end,
                                         tamis_records_cursor **out_cursor, tamis_err *err)
{
    tamis_records_cursor *cursor = calloc(1, sizeof(*cursor));
    tamis_status status = TAMIS_OK;

    if (cursor == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a cursor", name_of(records));
    }
    status = cursor_init(&cursor->blocks, records, RECORD_RANGE_RECORDS, first, end, err);
    if (status != TAMIS_OK) {
        free(cursor);
        return status;
    }
    *out_cursor = cursor;
    return TAMIS_OK;
}

tamis_status tamis_records_cursor_next(tamis_records_cursor *cursor, tamis_ord *out_ord,
                                       tamis_record *out_record, tamis_err *err)
{
    uint32_t index = 0;
    tamis_status status = cursor_next(&cursor->blocks, &index, out_ord, err);

    if (status == TAMIS_OK) {
        tamis_block_record(&cursor->blocks.view, index, out_record);
    }
    return status;
}

tamis_status tamis_records_cursor_seek(tamis_records_cursor *cursor, tamis_ord ord, tamis_err *err)
{
    (void)err; /* nothing is read before the next row is asked for */
    cursor_seek(&cursor->blocks, ord);
    return TAMIS_OK;
}

void tamis_records_cursor_destroy(tamis_records_cursor *cursor)
{
    if (cursor != NULL) {
        cursor_fini(&cursor->blocks);
        free(cursor);
    }
}

tamis_status tamis_ids_cursor_create(tamis_records *records, tamis_ord first, tamis_ord end,
                                     tamis_ids_cursor **out_cursor, tamis_err *err)
{
    tamis_ids_cursor *cursor = calloc(1, sizeof(*cursor));
    tamis_status status = TAMIS_OK;

    if (cursor == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a cursor", name_of(records));
    }
    status = cursor_init(&cursor->blocks, records, RECORD_RANGE_IDS, first, end, err);
    if (status != TAMIS_OK) {
        free(cursor);
        return status;
    }
    *out_cursor = cursor;
    return TAMIS_OK;
}

tamis_status tamis_ids_cursor_next(tamis_ids_cursor *cursor, tamis_ord *out_ord,
                                   tamis_slice *out_id, tamis_err *err)
{
    uint32_t index = 0;
    tamis_status status = cursor_next(&cursor->blocks, &index, out_ord, err);

    if (status == TAMIS_OK) {
        *out_id = tamis_block_id(&cursor->blocks.view, index);
    }
    return status;
}

tamis_status tamis_ids_cursor_seek(tamis_ids_cursor *cursor, tamis_ord ord, tamis_err *err)
{
    (void)err; /* nothing is read before the next row is asked for */
    cursor_seek(&cursor->blocks, ord);
    return TAMIS_OK;
}

void tamis_ids_cursor_destroy(tamis_ids_cursor *cursor)
{
    if (cursor != NULL) {
        cursor_fini(&cursor->blocks);
        free(cursor);
    }
}

/* ---- Blocks as stored ------------------------------------------------------------------------ */

#define BLOCK_HEAD 16

tamis_status tamis_records_blocks(tamis_records *records, bool is_ids, tamis_ord first,
                                  tamis_ord bound, size_t max_bytes, tamis_buf *out,
                                  uint32_t *out_count, bool *out_is_end, tamis_err *err)
{
    block_cursor cursor = {.records = records};
    record_range range = is_ids ? RECORD_RANGE_IDS : RECORD_RANGE_RECORDS;
    tamis_ord last = 0;
    tamis_slice block = {0};
    size_t begin = out->size;
    uint32_t count = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(records->table != NULL);
    status = record_scan_create(records->table, range, bound, &cursor.scan, err);
    if (status == TAMIS_OK) {
        status = record_scan_seek(cursor.scan, first, &last, &block, err);
    }
    while (status == TAMIS_OK &&
           (count == 0 || out->size - begin + BLOCK_HEAD + block.size <= max_bytes)) {
        uint8_t head[BLOCK_HEAD];

        tamis_put64le(head, last);
        tamis_put64le(head + 8, block.size);
        status = tamis_buf_append(out, head, sizeof(head));
        if (status == TAMIS_OK) {
            status = tamis_buf_append(out, block.data, block.size);
        }
        if (status != TAMIS_OK) {
            (void)tamis_err_set(err, status, "%s: no memory for blocks", name_of(records));
            break;
        }
        count++;
        status = record_scan_next(cursor.scan, &last, &block, err);
    }
    cursor_fini(&cursor);
    if (status == TAMIS_OK || status == TAMIS_END) {
        *out_count = count;
        *out_is_end = status == TAMIS_END;
        status = TAMIS_OK;
    }
    return status;
}

tamis_status tamis_records_next_block(tamis_slice blocks, size_t *position, tamis_ord *out_last,
                                      tamis_slice *out_block)
{
    const uint8_t *at = blocks.data + *position;
    size_t left = blocks.size - *position;

    if (left == 0) {
        return TAMIS_END;
    }
    if (left < BLOCK_HEAD || tamis_get64le(at + 8) > left - BLOCK_HEAD) {
        return TAMIS_EFORMAT;
    }
    *out_last = tamis_get64le(at);
    *out_block = tamis_slice_of(at + BLOCK_HEAD, (size_t)tamis_get64le(at + 8));
    *position += BLOCK_HEAD + out_block->size;
    return TAMIS_OK;
}
