/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/path.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES       65536
#define REMOVE_OPEN_DIRS 16

/* Distinguishes threads that write files of one name at the same time. */
static _Atomic unsigned temp_number;

static tamis_status copy_path(const char *path, char out[TAMIS_PATH_MAX], tamis_err *err)
{
    int length = snprintf(out, TAMIS_PATH_MAX, "%s", path);

    return length >= 0 && length < TAMIS_PATH_MAX
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ELIMIT, "%.80s...: path is too long", path);
}

static tamis_status make_one(const char *path, tamis_err *err)
{
    struct stat info;

    if (mkdir(path, 0777) == 0) {
        return TAMIS_OK;
    }
    if (errno == EEXIST) {
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            return TAMIS_OK;
        }
        errno = ENOTDIR;
    }
    return tamis_err_errno(err, errno, "%s: cannot make the folder", path);
}

tamis_status tamis_path_make_folder(const char *path, tamis_err *err)
{
    char partial[TAMIS_PATH_MAX];
    tamis_status status = copy_path(path, partial, err);

    for (char *p = partial + 1; status == TAMIS_OK && partial[0] != '\0' && *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            status = make_one(partial, err);
            *p = '/';
        }
    }
    return status == TAMIS_OK ? make_one(partial, err) : status;
}

/* The folder above; "." for a bare name. */
static tamis_status parent_of(const char *path, char out[TAMIS_PATH_MAX], tamis_err *err)
{
    tamis_status status = copy_path(path, out, err);
    char *slash = NULL;

    if (status != TAMIS_OK) {
        return status;
    }
    slash = strrchr(out, '/');
    if (slash == NULL) {
        memcpy(out, ".", 2);
    } else if (slash == out) {
        out[1] = '\0';
    } else {
        *slash = '\0';
    }
    return TAMIS_OK;
}

tamis_status tamis_path_make_parents(const char *path, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    tamis_status status = parent_of(path, parent, err);

    return status == TAMIS_OK ? tamis_path_make_folder(parent, err) : status;
}

tamis_status tamis_path_sync_folder(const char *path, tamis_err *err)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tamis_status status = TAMIS_OK;

    if (folder < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open the folder", path);
    }
    if (fsync(folder) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync the folder", path);
    }
    (void)close(folder); /* read only */
    return status;
}

tamis_status tamis_path_sync_parent(const char *path, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    tamis_status status = parent_of(path, parent, err);

    return status == TAMIS_OK ? tamis_path_sync_folder(parent, err) : status;
}

static tamis_status write_and_sync(const char *path, tamis_slice bytes, tamis_err *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    tamis_status status = TAMIS_OK;

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot create", path);
    }
    while (status == TAMIS_OK && bytes.size != 0) {
        ssize_t count = write(file, bytes.data, bytes.size);

        if (count >= 0) {
            bytes = tamis_slice_of(bytes.data + count, bytes.size - (size_t)count);
        } else if (errno != EINTR) {
            status = tamis_err_errno(err, errno, "%s: cannot write", path);
        }
    }
    if (status == TAMIS_OK && fsync(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync", path);
    }
    if (close(file) != 0 && status == TAMIS_OK) {
        status = tamis_err_errno(err, errno, "%s: cannot close", path);
    }
    return status;
}

tamis_status tamis_path_write_file(const char *path, tamis_slice bytes, tamis_err *err)
{
    char temp[TAMIS_PATH_MAX];
    int length = snprintf(temp, sizeof(temp), "%s.tmp-%ld-%u", path, (long)getpid(),
                          atomic_fetch_add(&temp_number, 1));
    tamis_status status = TAMIS_OK;

    if (length < 0 || length >= TAMIS_PATH_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%.80s...: path is too long", path);
    }
    status = write_and_sync(temp, bytes, err);
    if (status == TAMIS_OK && rename(temp, path) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot rename to %s", temp, path);
    }
    if (status != TAMIS_OK) {
        (void)unlink(temp); /* best effort: the error that counts is known */
        return status;
    }
    return tamis_path_sync_parent(path, err);
}

tamis_status tamis_path_read_file(const char *path, tamis_buf *out, tamis_err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    tamis_status status = TAMIS_OK;
    ssize_t count = 0;

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open", path);
    }
    do {
        status = tamis_buf_reserve(out, READ_BYTES);
        if (status != TAMIS_OK) {
            (void)tamis_err_set(err, status, "%s: larger than %zu bytes", path, out->max);
            break;
        }
        count = read(file, out->data + out->size, READ_BYTES);
        if (count > 0) {
            out->size += (size_t)count;
        } else if (count < 0 && errno != EINTR) {
            status = tamis_err_errno(err, errno, "%s: cannot read", path);
        }
    } while (status == TAMIS_OK && count != 0);
    (void)close(file); /* read only */
    return status;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

tamis_status tamis_path_remove(const char *path, tamis_err *err)
{
    if (nftw(path, remove_one, REMOVE_OPEN_DIRS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return tamis_err_errno(err, errno, "%s: cannot remove", path);
    }
    return TAMIS_OK;
}
