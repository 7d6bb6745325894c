/* SPDX-License-Identifier: Apache-2.0 */
#include "input_support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

void support_folder_make(char out_path[SUPPORT_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(out_path, SUPPORT_PATH_SIZE, "%s/tamis-input-XXXXXX",
                   base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(out_path));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void support_folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void support_path(char out_path[SUPPORT_PATH_SIZE], const char *folder, const char *name)
{
    assert_true(snprintf(out_path, SUPPORT_PATH_SIZE, "%s/%s", folder, name) < SUPPORT_PATH_SIZE);
}

void support_write(const char *path, const void *data, size_t size)
{
    char folder[SUPPORT_PATH_SIZE];
    FILE *file = NULL;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    for (char *p = folder + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(folder, 0755); /* mostly there already */
            *p = '/';
        }
    }
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void support_write_text(const char *path, const char *text)
{
    support_write(path, text, strlen(text));
}

void support_write_memory(char out_path[SUPPORT_PATH_SIZE], const void *data, size_t size)
{
    static int file = -1;

    if (file < 0) {
        file = memfd_create("input", MFD_CLOEXEC);
    }
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(size == 0 ? 0 : pwrite(file, data, size, 0), (ssize_t)size);
    (void)snprintf(out_path, SUPPORT_PATH_SIZE, "/proc/self/fd/%d", file);
}

static void pack_gzip(tamis_buf *out, const void *data, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(tamis_buf_reserve(out, deflateBound(&z, size)), TAMIS_OK);
    z.next_out = out->data + out->size;
    z.avail_out = (uInt)(out->capacity - out->size);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->size += z.total_out;
    (void)deflateEnd(&z);
}

void support_pack(tamis_buf *out, tamis_compression compression, const void *data, size_t size)
{
    if (compression == TAMIS_COMPRESSION_NONE) {
        assert_int_equal(tamis_buf_append(out, data, size), TAMIS_OK);
    } else if (compression == TAMIS_COMPRESSION_GZIP) {
        pack_gzip(out, data, size);
    } else {
        ZSTD_CCtx *zstd = ZSTD_createCCtx();
        size_t packed = 0;

        assert_non_null(zstd);
        (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
        assert_int_equal(tamis_buf_reserve(out, ZSTD_compressBound(size)), TAMIS_OK);
        packed = ZSTD_compress2(zstd, out->data + out->size, out->capacity - out->size, data, size);
        assert_false(ZSTD_isError(packed));
        out->size += packed;
        (void)ZSTD_freeCCtx(zstd);
    }
}

/* Copies a slice behind *p. */
static tamis_slice slice_copy(tamis_slice slice, uint8_t **p)
{
    tamis_slice copy = tamis_slice_of(*p, slice.size);

    if (slice.size != 0) {
        memcpy(*p, slice.data, slice.size);
    }
    *p += slice.size;
    return copy;
}

static void row_copy(support_row *row, const tamis_doc *doc)
{
    uint8_t *p = NULL;

    row->doc = *doc;
    row->bytes = malloc(doc->raw.size + doc->text.size + doc->id.size + doc->url.size +
                        doc->date.size + doc->scope.size + 1);
    assert_non_null(row->bytes);
    p = row->bytes;
    row->doc.raw = slice_copy(doc->raw, &p);
    row->doc.text = slice_copy(doc->text, &p);
    row->doc.id = slice_copy(doc->id, &p);
    row->doc.url = slice_copy(doc->url, &p);
    row->doc.date = slice_copy(doc->date, &p);
    row->doc.scope = slice_copy(doc->scope, &p);
}

void support_read(tamis_reader *reader, const tamis_input *input, const tamis_split *split,
                  uint32_t split_number, support_rows *out_rows)
{
    size_t capacity = 0;
    tamis_err err = {.status = TAMIS_OK};

    *out_rows = (support_rows){.rows = NULL};
    assert_int_equal(tamis_reader_open(reader, input, split, split_number, &err), TAMIS_OK);
    while (true) {
        tamis_doc doc;
        tamis_status status = tamis_reader_next(reader, &doc, &err);

        if (status != TAMIS_OK) {
            out_rows->end = status;
            break;
        }
        assert_int_equal(doc.row, out_rows->count);
        if (out_rows->count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            out_rows->rows = realloc(out_rows->rows, capacity * sizeof(*out_rows->rows));
            assert_non_null(out_rows->rows);
        }
        row_copy(&out_rows->rows[out_rows->count++], &doc);
    }
    tamis_reader_summarize(reader, &out_rows->summary);
    assert_int_equal(out_rows->summary.rows, out_rows->count);
}

void support_rows_free(support_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->rows[i].bytes);
    }
    free(rows->rows);
    *rows = (support_rows){.rows = NULL};
}

tamis_input support_input(char *path, tamis_input_format format, tamis_compression compression)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return (tamis_input){.path = path,
                         .shown = path,
                         .format = format,
                         .compression = compression,
                         .size_bytes = (uint64_t)info.st_size};
}

tamis_split support_whole(const tamis_input *input)
{
    return (tamis_split){.end = input->size_bytes};
}

tamis_settings support_settings(void)
{
    tamis_settings settings;

    tamis_settings_defaults(&settings);
    return settings;
}
