/* SPDX-License-Identifier: Apache-2.0 */
#include "stored.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

tamis_status tamis_stored_init(tamis_stored *stored, tamis_err *err)
{
    *stored = (tamis_stored){.file = -1, .hasher = tamis_hasher_create()};
    if (stored->hasher == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for reading inputs");
    }
    return TAMIS_OK;
}

void tamis_stored_fini(tamis_stored *stored)
{
    if (stored->hasher == NULL) {
        return; /* never made */
    }
    tamis_stored_close(stored);
    tamis_hasher_destroy(stored->hasher);
    stored->hasher = NULL;
}

void tamis_stored_close(tamis_stored *stored)
{
    if (stored->file >= 0) {
        (void)close(stored->file); /* only read from: nothing can be lost */
    }
    stored->file = -1;
    stored->is_open = false;
}

/* O_NONBLOCK keeps the open of a pipe or a device from waiting; regular files ignore it. */
static tamis_status stored_open_file(tamis_stored *stored, const char *path, tamis_err *err)
{
    struct stat info;

    tamis_status status =
        tamis_roots_open(stored->roots, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, &stored->file, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (fstat(stored->file, &info) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot be examined", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return tamis_err_set(err, TAMIS_EARG, "%s: is no regular file", path);
    }
    if ((uint64_t)info.st_size != stored->size) {
        return tamis_err_set(err, TAMIS_ECHANGED,
                             "%s: has %" PRId64 " bytes, but %" PRIu64
                             " when the run was planned; start a new run",
                             path, (int64_t)info.st_size, stored->size);
    }
    (void)posix_fadvise(stored->file, (off_t)stored->begin, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
    return TAMIS_OK;
}

tamis_status tamis_stored_open(tamis_stored *stored, const char *path, tamis_slice memory,
                               uint64_t begin, uint64_t end, uint64_t size, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(begin <= end);
    TAMIS_ASSERT(end <= size);
    tamis_stored_close(stored);
    stored->begin = begin;
    stored->end = end;
    stored->size = size;
    stored->position = begin;
    stored->memory = memory;
    tamis_hasher_reset(stored->hasher);
    if (path != NULL) {
        status = stored_open_file(stored, path, err);
        if (status != TAMIS_OK) {
            tamis_stored_close(stored);
            return status;
        }
    }
    stored->is_open = true;
    return TAMIS_OK;
}

static tamis_status stored_read_file(tamis_stored *stored, uint8_t *out_bytes, size_t capacity,
                                     size_t *out_size, tamis_err *err)
{
    size_t size = 0;

    while (size < capacity) {
        ssize_t count = pread(stored->file, out_bytes + size, capacity - size,
                              (off_t)(stored->position + size));

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            (void)tamis_err_errno(err, errno, "reading at offset %" PRIu64 " failed",
                                  stored->position + size);
            return TAMIS_EIO;
        }
        if (count == 0) {
            break;
        }
        size += (size_t)count;
    }
    *out_size = size;
    return TAMIS_OK;
}

tamis_status tamis_stored_read(tamis_stored *stored, uint8_t *out_bytes, size_t capacity,
                               size_t *out_size, tamis_err *err)
{
    bool is_behind = stored->position >= stored->end;
    uint64_t limit = is_behind ? stored->size : stored->end;
    size_t size = 0;

    if (is_behind && capacity > TAMIS_STORED_BEHIND_BYTES) {
        capacity = TAMIS_STORED_BEHIND_BYTES;
    }
    if (capacity > limit - stored->position) {
        capacity = (size_t)(limit - stored->position);
    }
    if (stored->file < 0) {
        if (capacity != 0) {
            memcpy(out_bytes, stored->memory.data + stored->position, capacity);
        }
        size = capacity;
    } else {
        tamis_status status = stored_read_file(stored, out_bytes, capacity, &size, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    if (!is_behind) {
        tamis_hasher_update(stored->hasher, out_bytes, size);
    }
    stored->position += size;
    *out_size = size;
    return TAMIS_OK;
}
