/* SPDX-License-Identifier: Apache-2.0 */
#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <unistd.h>

#define BLOCK_BYTES_MIN  4096u
#define OUTPUT_BYTES_MIN (96u * 1024)
#define OUTPUT_BYTES_MAX (512u * 1024)

/* Blocks are small where memory is: each run that is merged needs one. */
static size_t block_bytes_of(uint64_t memory_bytes)
{
    uint64_t bytes = memory_bytes / 64;

    if (bytes < BLOCK_BYTES_MIN) {
        return BLOCK_BYTES_MIN;
    }
    return bytes > TAMIS_RUN_BLOCK_BYTES ? TAMIS_RUN_BLOCK_BYTES : (size_t)bytes;
}

static size_t output_bytes_of(uint64_t memory_bytes)
{
    uint64_t bytes = memory_bytes / 16;

    if (bytes < OUTPUT_BYTES_MIN) {
        return OUTPUT_BYTES_MIN;
    }
    return bytes > OUTPUT_BYTES_MAX ? OUTPUT_BYTES_MAX : (size_t)bytes;
}

size_t tamis_spill_bytes(uint32_t words, bool has_payload, uint64_t memory_bytes)
{
    return output_bytes_of(memory_bytes) + TAMIS_RUN_SLACK + sizeof(tamis_spill) +
           tamis_run_packer_bytes(words, has_payload, block_bytes_of(memory_bytes));
}

/* Opens a file without a name in `folder`; -1 and errno. */
static int open_nameless(const char *folder)
{
    static _Atomic unsigned counter;
    size_t size = strlen(folder) + 64;
    char *path = NULL;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int error = 0;

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
        return fd;
    }
    path = malloc(size);
    if (path == NULL) {
        return -1; /* errno is ENOMEM */
    }
    (void)snprintf(path, size, "%s/spill.tmp-%ld-%u", folder, (long)getpid(),
                   atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed));
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && unlink(path) != 0) {
        error = errno;
        (void)close(fd); /* nothing was written */
        errno = error;
        fd = -1;
    }
    error = errno;
    free(path);
    errno = error;
    return fd;
}

tamis_status tamis_spill_create(const char *temp_folder, uint64_t memory_bytes,
                                tamis_spill **out_spill, tamis_err *err)
{
    tamis_spill *spill = calloc(1, sizeof(*spill));
    size_t path_size = strlen(temp_folder) + 32;
    tamis_status status = TAMIS_OK;

    if (spill == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a temporary file", temp_folder);
    }
    spill->fd = -1;
    spill->block_bytes = block_bytes_of(memory_bytes);
    spill->output_bytes = output_bytes_of(memory_bytes);
    spill->path = malloc(path_size);
    if (spill->path == NULL) {
        status =
            tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a temporary file", temp_folder);
        goto out;
    }
    (void)snprintf(spill->path, path_size, "temporary file in %s", temp_folder);
    spill->fd = open_nameless(temp_folder);
    if (spill->fd < 0) {
        status = tamis_err_errno(err, errno, "%s: cannot create it", spill->path);
        goto out;
    }
    *out_spill = spill;
    spill = NULL;

out:
    tamis_spill_destroy(spill);
    return status;
}

void tamis_spill_destroy(tamis_spill *spill)
{
    if (spill == NULL) {
        return;
    }
    tamis_run_packer_fini(&spill->packer);
    tamis_run_output_fini(&spill->output);
    if (spill->fd >= 0) {
        (void)close(spill->fd); /* its contents go with it */
    }
    free(spill->path);
    free(spill);
}

tamis_status tamis_spill_begin(tamis_spill *spill, uint32_t words, bool has_payload, tamis_err *err)
{
    tamis_status status =
        tamis_run_output_init(&spill->output, spill->fd, spill->path, spill->output_bytes, err);

    if (status != TAMIS_OK) {
        return status;
    }
    spill->output.written = spill->end;
    return tamis_run_packer_init(&spill->packer, &spill->output, words, has_payload,
                                 spill->block_bytes, err);
}

tamis_status tamis_spill_end(tamis_spill *spill, tamis_run_piece *out_run, tamis_err *err)
{
    tamis_status status = tamis_run_packer_end(&spill->packer, out_run, err);

    if (status == TAMIS_OK) {
        status = tamis_run_output_flush(&spill->output, err);
    }
    spill->end = spill->output.written;
    tamis_run_packer_fini(&spill->packer);
    tamis_run_output_fini(&spill->output);
    return status;
}

void tamis_spill_discard(tamis_spill *spill, const tamis_run_piece *run)
{
    if (run->bytes > 0) {
        /* Where this fails the space is held a little longer. */
        (void)fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)run->offset,
                        (off_t)run->bytes);
    }
}
