/* SPDX-License-Identifier: Apache-2.0 */
#include "shard_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tamis/path.h"

#define BUFFER_BYTES    (128u << 10)
#define GZIP_WINDOW     (15 + 16) /* the widest window, gzip framing */
#define GZIP_MEMORY     8         /* the library's default */
#define GZIP_LEVEL_MAX  9
#define ZSTD_LEVEL_USED 1

struct tamis_shard_writer {
    tamis_output_format format;
    int32_t level;
    const tamis_roots *roots;
    int folder; /* -1, or the one of the file at hand: all names are looked up in it */
    int file;   /* -1: none open */
    char path[TAMIS_PATH_MAX];
    const char *name; /* its last component */
    char temp_path[TAMIS_PATH_MAX];
    const char *temp_name;
    bool has_temp; /* the temporary file exists */
    bool is_sync_deferred;
    uint64_t bytes;
    tamis_hasher *hasher;
    ZSTD_CCtx *zstd;
    z_stream gzip;
    bool has_gzip;
    uint8_t *in; /* gathers small writes */
    size_t in_size;
    uint8_t *out;
};

static tamis_status create_compressor(tamis_shard_writer *w, tamis_err *err)
{
    if (w->format == TAMIS_OUTPUT_JSONL_ZST) {
        w->zstd = ZSTD_createCCtx();
        if (w->zstd == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a zstd compressor");
        }
        if (ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, w->level)) ||
            ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1))) {
            return tamis_err_set(err, TAMIS_EARG, "--output-level %d: not a level of zstd",
                                 w->level);
        }
    }
    if (w->format == TAMIS_OUTPUT_JSONL_GZ) {
        int level = w->level > GZIP_LEVEL_MAX ? GZIP_LEVEL_MAX : w->level;

        if (deflateInit2(&w->gzip, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a gzip compressor");
        }
        w->has_gzip = true;
    }
    return TAMIS_OK;
}

tamis_status tamis_shard_writer_create(tamis_output_format format, int32_t level,
                                       tamis_shard_writer **out_writer, tamis_err *err)
{
    tamis_shard_writer *w = calloc(1, sizeof(*w));
    tamis_status status = TAMIS_OK;

    if (w == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for an output writer");
    }
    w->format = format;
    w->level = level;
    w->folder = -1;
    w->file = -1;
    w->hasher = tamis_hasher_create();
    w->in = malloc(BUFFER_BYTES);
    w->out = malloc(BUFFER_BYTES);
    if (w->hasher == NULL || w->in == NULL || w->out == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for an output writer");
    } else {
        status = create_compressor(w, err);
    }
    if (status != TAMIS_OK) {
        tamis_shard_writer_destroy(w);
        return status;
    }
    *out_writer = w;
    return TAMIS_OK;
}

static void abandon(tamis_shard_writer *w)
{
    if (w->file >= 0) {
        (void)close(w->file); /* the file is thrown away */
        w->file = -1;
    }
    if (w->has_temp) {
        /* Best effort: a later run passes over such names. */
        (void)unlinkat(w->folder, w->temp_name, 0);
        w->has_temp = false;
    }
    if (w->folder >= 0) {
        (void)close(w->folder); /* was read only */
        w->folder = -1;
    }
}

void tamis_shard_writer_destroy(tamis_shard_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    abandon(writer);
    tamis_hasher_destroy(writer->hasher);
    (void)ZSTD_freeCCtx(writer->zstd); /* always 0 */
    if (writer->has_gzip) {
        (void)deflateEnd(&writer->gzip); /* complains of unfinished streams only */
    }
    free(writer->in);
    free(writer->out);
    free(writer);
}

void tamis_shard_writer_confine(tamis_shard_writer *writer, const tamis_roots *roots)
{
    writer->roots = roots;
}

void tamis_shard_writer_defer_sync(tamis_shard_writer *writer)
{
    writer->is_sync_deferred = true;
}

tamis_status tamis_shard_writer_open(tamis_shard_writer *writer, const char *path, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    abandon(writer);
    writer->bytes = 0;
    writer->in_size = 0;
    tamis_hasher_reset(writer->hasher);
    if (writer->zstd != NULL) {
        (void)ZSTD_CCtx_reset(writer->zstd, ZSTD_reset_session_only); /* cannot fail */
    }
    if (writer->has_gzip) {
        (void)deflateReset(&writer->gzip); /* fails for a broken stream object only */
    }
    status = tamis_path_join(writer->path, "", path, err);
    if (status == TAMIS_OK) {
        status = tamis_path_temp_name(writer->temp_path, path, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_roots_open_parent(writer->roots, writer->path, true, &writer->folder,
                                         &writer->name, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    writer->temp_name = writer->temp_path + (writer->name - writer->path);
    writer->file = openat(writer->folder, writer->temp_name,
                          O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (writer->file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot create", writer->temp_path);
    }
    writer->has_temp = true;
    return TAMIS_OK;
}

/* Stored bytes: to the file and into the digest. */
static tamis_status store(tamis_shard_writer *w, const uint8_t *data, size_t size, tamis_err *err)
{
    tamis_hasher_update(w->hasher, data, size);
    w->bytes += size;
    while (size != 0) {
        ssize_t count = write(w->file, data, size);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            bool is_full = errno == ENOSPC || errno == EDQUOT;
            tamis_status status =
                tamis_err_errno(err, errno, "%s: cannot write%s", w->temp_path,
                                is_full ? " (free some space and repeat the same command)" : "");

            return status;
        }
        data += count;
        size -= (size_t)count;
    }
    return TAMIS_OK;
}

static tamis_status compress_zstd(tamis_shard_writer *w, bool is_end, tamis_err *err)
{
    ZSTD_inBuffer in = {.src = w->in, .size = w->in_size};
    size_t left = 1;

    while (in.pos < in.size || (is_end && left != 0)) {
        ZSTD_outBuffer out = {.dst = w->out, .size = BUFFER_BYTES};
        tamis_status status = TAMIS_OK;

        left = ZSTD_compressStream2(w->zstd, &out, &in, is_end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) {
            return tamis_err_set(err, TAMIS_EIO, "%s: zstd: %s", w->path, ZSTD_getErrorName(left));
        }
        status = store(w, w->out, out.pos, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

static tamis_status compress_gzip(tamis_shard_writer *w, bool is_end, tamis_err *err)
{
    int code = Z_OK;

    w->gzip.next_in = w->in;
    w->gzip.avail_in = (uInt)w->in_size;
    do {
        tamis_status status = TAMIS_OK;

        w->gzip.next_out = w->out;
        w->gzip.avail_out = BUFFER_BYTES;
        code = deflate(&w->gzip, is_end ? Z_FINISH : Z_NO_FLUSH);
        if (code == Z_STREAM_ERROR) {
            return tamis_err_set(err, TAMIS_EIO, "%s: gzip: stream error", w->path);
        }
        status = store(w, w->out, BUFFER_BYTES - w->gzip.avail_out, err);
        if (status != TAMIS_OK) {
            return status;
        }
    } while (w->gzip.avail_in != 0 || (is_end && code != Z_STREAM_END));
    return TAMIS_OK;
}

/* Passes the gathered bytes on. */
static tamis_status drain(tamis_shard_writer *w, bool is_end, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    switch (w->format) {
    case TAMIS_OUTPUT_JSONL_ZST:
        status = compress_zstd(w, is_end, err);
        break;
    case TAMIS_OUTPUT_JSONL_GZ:
        status = compress_gzip(w, is_end, err);
        break;
    case TAMIS_OUTPUT_JSONL:
        status = store(w, w->in, w->in_size, err);
        break;
    }
    w->in_size = 0;
    return status;
}

tamis_status tamis_shard_writer_write(tamis_shard_writer *writer, tamis_slice bytes, tamis_err *err)
{
    TAMIS_ASSERT(writer->file >= 0);
    while (bytes.size != 0) {
        size_t room = BUFFER_BYTES - writer->in_size;
        size_t size = bytes.size < room ? bytes.size : room;

        memcpy(writer->in + writer->in_size, bytes.data, size);
        writer->in_size += size;
        bytes = tamis_slice_of(bytes.data + size, bytes.size - size);
        if (writer->in_size == BUFFER_BYTES) {
            tamis_status status = drain(writer, false, err);

            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_shard_writer_finish(tamis_shard_writer *writer, uint64_t *out_bytes,
                                       tamis_digest *out_digest, tamis_err *err)
{
    tamis_status status = drain(writer, true, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (!writer->is_sync_deferred && fsync(writer->file) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot sync", writer->temp_path);
    }
    if (close(writer->file) != 0) {
        writer->file = -1;
        return tamis_err_errno(err, errno, "%s: cannot close", writer->temp_path);
    }
    writer->file = -1;
    *out_bytes = writer->bytes;
    *out_digest = tamis_hasher_digest(writer->hasher);
    return TAMIS_OK;
}

tamis_status tamis_shard_writer_publish(tamis_shard_writer *writer, tamis_err *err)
{
    TAMIS_ASSERT(writer->file < 0 && writer->has_temp);
    if (renameat(writer->folder, writer->temp_name, writer->folder, writer->name) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot rename to %s", writer->temp_path,
                               writer->path);
    }
    writer->has_temp = false;
    /* File systems that cannot sync folders (EINVAL) have nothing to sync. */
    if (!writer->is_sync_deferred && fsync(writer->folder) != 0 && errno != EINVAL) {
        return tamis_err_errno(err, errno, "%s: cannot sync its folder", writer->path);
    }
    return TAMIS_OK;
}
