/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <unistd.h>

#include "run_directory.h"

#define WRITE_BYTES (512u * 1024)

struct tamis_run_writer {
    char *path;
    char *temp_path;
    int fd;
    bool is_finished;
    bool has_piece; /* between _begin and _end */
    tamis_run_output output;
    tamis_run_packer packer;
    tamis_run_piece *pieces;
    size_t piece_count;
    size_t piece_capacity;
    uint32_t kind;
    uint32_t part;
};

tamis_status tamis_run_writer_create(const char *path, tamis_run_writer **out_writer,
                                     tamis_err *err)
{
    static _Atomic unsigned counter;
    tamis_run_writer *writer = calloc(1, sizeof(*writer));
    size_t temp_size = strlen(path) + 64;
    tamis_status status = TAMIS_OK;

    if (writer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a writer", path);
    }
    writer->fd = -1;
    writer->path = strdup(path);
    writer->temp_path = malloc(temp_size);
    if (writer->path == NULL || writer->temp_path == NULL) {
        free(writer->temp_path); /* nothing stands under that name yet */
        writer->temp_path = NULL;
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a writer", path);
        goto out;
    }
    (void)snprintf(writer->temp_path, temp_size, "%s.tmp-%ld-%u", path, (long)getpid(),
                   atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed));
    writer->fd = open(writer->temp_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->fd < 0) {
        status = tamis_err_errno(err, errno, "%s: cannot create it", writer->temp_path);
        free(writer->temp_path);
        writer->temp_path = NULL;
        goto out;
    }
    status =
        tamis_run_output_init(&writer->output, writer->fd, writer->temp_path, WRITE_BYTES, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    writer->output.is_kept = true;
    status = tamis_run_header_write(&writer->output, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    *out_writer = writer;
    writer = NULL;

out:
    tamis_run_writer_destroy(writer);
    return status;
}

tamis_status tamis_run_writer_begin(tamis_run_writer *writer, uint32_t kind, uint32_t part,
                                    uint32_t words, bool has_payload, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!writer->has_piece);
    TAMIS_ASSERT(!writer->is_finished);
    if (writer->piece_count == writer->piece_capacity) {
        size_t capacity = writer->piece_capacity == 0 ? 64 : writer->piece_capacity * 2;
        tamis_run_piece *pieces = realloc(writer->pieces, capacity * sizeof(*pieces));

        if (pieces == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %zu pieces", writer->path,
                                 capacity);
        }
        writer->pieces = pieces;
        writer->piece_capacity = capacity;
    }
    status = tamis_run_packer_init(&writer->packer, &writer->output, words, has_payload,
                                   TAMIS_RUN_BLOCK_BYTES, err);
    if (status == TAMIS_OK) {
        writer->kind = kind;
        writer->part = part;
        writer->has_piece = true;
    }
    return status;
}

tamis_status tamis_run_writer_append(tamis_run_writer *writer, const uint64_t *records,
                                     size_t count, tamis_err *err)
{
    TAMIS_ASSERT(writer->has_piece);
    return tamis_run_packer_append(&writer->packer, records, count, err);
}

tamis_status tamis_run_writer_append_payload(tamis_run_writer *writer, const uint64_t *record,
                                             tamis_slice payload, tamis_err *err)
{
    TAMIS_ASSERT(writer->has_piece);
    return tamis_run_packer_append_payload(&writer->packer, record, payload, err);
}

tamis_status tamis_run_writer_end(tamis_run_writer *writer, tamis_err *err)
{
    tamis_run_piece piece = {0};
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(writer->has_piece);
    status = tamis_run_packer_end(&writer->packer, &piece, err);
    if (status == TAMIS_OK) {
        piece.kind = writer->kind;
        piece.part = writer->part;
        writer->pieces[writer->piece_count++] = piece;
    }
    tamis_run_packer_fini(&writer->packer);
    writer->has_piece = false;
    return status;
}

/* Makes the new name of a file in the folder of `path` durable. */
static tamis_status sync_folder(const char *path, tamis_err *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    tamis_status status = TAMIS_OK;
    int fd = -1;

    if (folder == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the name of its folder", path);
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync the folder", folder);
    }
    if (fd >= 0) {
        (void)close(fd); /* nothing was written through it */
    }
    free(folder);
    return status;
}

tamis_status tamis_run_writer_finish(tamis_run_writer *writer, uint64_t *out_bytes, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    int fd = writer->fd;

    TAMIS_ASSERT(!writer->has_piece);
    TAMIS_ASSERT(!writer->is_finished);
    status = tamis_run_directory_write(&writer->output, writer->pieces, writer->piece_count, err);
    if (status == TAMIS_OK) {
        status = tamis_run_output_flush(&writer->output, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (fsync(fd) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot sync", writer->temp_path);
    }
    writer->fd = -1;
    if (close(fd) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot close", writer->temp_path);
    }
    if (rename(writer->temp_path, writer->path) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot rename %s to it", writer->path,
                               writer->temp_path);
    }
    writer->is_finished = true;
    if (out_bytes != NULL) {
        *out_bytes = writer->output.written;
    }
    return sync_folder(writer->path, err);
}

void tamis_run_writer_destroy(tamis_run_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->fd >= 0) {
        (void)close(writer->fd); /* the file is removed in the next line */
    }
    if (!writer->is_finished && writer->temp_path != NULL) {
        (void)unlink(writer->temp_path); /* what cannot be removed is at least not under its name */
    }
    tamis_run_packer_fini(&writer->packer);
    tamis_run_output_fini(&writer->output);
    free(writer->pieces);
    free(writer->path);
    free(writer->temp_path);
    free(writer);
}
