/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/run_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "run_cursor.h"
#include "run_directory.h"

struct tamis_run_file {
    char *path;
    int fd;
    tamis_run_piece *pieces; /* in order of (kind, part) */
    size_t piece_count;
};

tamis_status tamis_run_file_open(const char *path, tamis_run_file **out_file, tamis_err *err)
{
    return tamis_run_file_open_at(path, 0, 0, out_file, err);
}

tamis_status tamis_run_file_open_at(const char *path, uint64_t offset, uint64_t size,
                                    tamis_run_file **out_file, tamis_err *err)
{
    tamis_run_file *file = calloc(1, sizeof(*file));
    tamis_run_place place = {.offset = offset, .size = size};
    tamis_status status = TAMIS_OK;

    if (file == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory to open it", path);
    }
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) {
        status = tamis_err_errno(err, errno, "%s: cannot open", path);
        goto out;
    }
    file->path = strdup(path);
    if (file->path == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory to open it", path);
        goto out;
    }
    place.fd = file->fd;
    place.path = file->path;
    status = tamis_run_directory_read(&place, &file->pieces, &file->piece_count, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    *out_file = file;
    file = NULL;

out:
    tamis_run_file_close(file);
    return status;
}

void tamis_run_file_close(tamis_run_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->fd >= 0) {
        (void)close(file->fd); /* it was only read */
    }
    free(file->pieces);
    free(file->path);
    free(file);
}

/* NULL: there is none. */
static const tamis_run_piece *find_piece(const tamis_run_file *file, uint32_t kind, uint32_t part)
{
    size_t index = tamis_run_pieces_lower(file->pieces, file->piece_count, kind, part);

    if (index < file->piece_count && file->pieces[index].kind == kind &&
        file->pieces[index].part == part) {
        return &file->pieces[index];
    }
    return NULL;
}

uint64_t tamis_run_file_count(const tamis_run_file *file, uint32_t kind, uint32_t part)
{
    const tamis_run_piece *piece = find_piece(file, kind, part);

    return piece == NULL ? 0 : piece->count;
}

uint32_t tamis_run_file_piece_count(const tamis_run_file *file)
{
    return (uint32_t)file->piece_count;
}

void tamis_run_file_piece(const tamis_run_file *file, uint32_t index, uint32_t *out_kind,
                          uint32_t *out_part, uint32_t *out_words, uint64_t *out_count)
{
    TAMIS_ASSERT(index < file->piece_count);
    *out_kind = file->pieces[index].kind;
    *out_part = file->pieces[index].part;
    *out_words = file->pieces[index].words;
    *out_count = file->pieces[index].count;
}

tamis_status tamis_run_cursor_create(tamis_run_file *file, uint32_t kind, uint32_t part,
                                     size_t buffer_bytes, tamis_run_cursor **out_cursor,
                                     tamis_err *err)
{
    const tamis_run_piece *piece = find_piece(file, kind, part);
    const tamis_run_piece none = {.kind = kind, .part = part, .words = 1};

    return tamis_run_cursor_open(file->fd, file->path, piece == NULL ? &none : piece, buffer_bytes,
                                 out_cursor, err);
}
