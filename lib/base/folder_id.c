/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/folder_id.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/path.h"

#define DIGITS    (TAMIS_FOLDER_ID_SIZE - 1)
#define FILE_SIZE (DIGITS + 1) /* and the end of the line */

bool tamis_folder_id_is_valid(const char *id)
{
    return strspn(id, "0123456789abcdef") == DIGITS && id[DIGITS] == 0;
}

tamis_status tamis_folder_id_read(const char *folder, char out_id[TAMIS_FOLDER_ID_SIZE],
                                  tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    char id[TAMIS_FOLDER_ID_SIZE] = "";
    tamis_buf bytes;
    tamis_status status = tamis_path_join(path, folder, TAMIS_FOLDER_ID_NAME, err);

    tamis_buf_init(&bytes, FILE_SIZE);
    if (status == TAMIS_OK) {
        status = tamis_path_read_file(path, &bytes, err);
    }
    if (status == TAMIS_OK && bytes.size == FILE_SIZE && bytes.data[DIGITS] == '\n') {
        memcpy(id, bytes.data, DIGITS);
    }
    if ((status == TAMIS_OK || status == TAMIS_ELIMIT) && !tamis_folder_id_is_valid(id)) {
        status = tamis_err_set(err, TAMIS_ECORRUPT,
                               "%s: not the id of a folder (remove the file: results in this "
                               "folder then count as lost and are made again)",
                               path);
    }
    if (status == TAMIS_OK) {
        memcpy(out_id, id, sizeof(id));
    }
    tamis_buf_fini(&bytes);
    return status;
}

/* Writes the line into a file that must not be there yet, and syncs it. */
static tamis_status write_new(const char *path, const char *id, tamis_err *err)
{
    char line[FILE_SIZE + 1];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    tamis_status status = TAMIS_OK;
    ssize_t count = 0;

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    (void)snprintf(line, sizeof(line), "%s\n", id);
    count = write(file, line, FILE_SIZE);
    if (count != FILE_SIZE) {
        status = tamis_err_errno(err, count < 0 ? errno : ENOSPC, "%s", path);
    } else if (fsync(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: sync", path);
    }
    if (close(file) != 0 && status == TAMIS_OK) {
        status = tamis_err_errno(err, errno, "%s: close", path);
    }
    if (status != TAMIS_OK) {
        (void)unlink(path); /* the first error counts */
    }
    return status;
}

/* A link appears with its content and never replaces what stands there. A file system that has no
 * links gets the file itself, O_EXCL. */
static tamis_status place(const char *temp, const char *path, const char *id, tamis_err *err)
{
    if (link(temp, path) == 0) {
        return TAMIS_OK;
    }
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK) {
        return write_new(path, id, err);
    }
    return tamis_err_errno(err, errno, "%s", path);
}

static tamis_status draw(const char *folder, const char *path, tamis_err *err)
{
    char id[TAMIS_FOLDER_ID_SIZE];
    char temp[TAMIS_PATH_MAX];
    uint64_t number = 0;
    tamis_status status = tamis_path_temp_name(temp, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (getentropy(&number, sizeof(number)) != 0) {
        return tamis_err_errno(err, errno, "%s: no random number", path);
    }
    (void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)number);
    status = write_new(temp, id, err);
    if (status != TAMIS_OK) {
        return status;
    }
    status = place(temp, path, id, err);
    (void)unlink(temp); /* what stays disturbs nobody */
    if (status == TAMIS_EEXIST) {
        status = TAMIS_OK; /* another was faster */
    }
    return status == TAMIS_OK ? tamis_path_sync_folder(folder, err) : status;
}

tamis_status tamis_folder_id_make(const char *folder, char out_id[TAMIS_FOLDER_ID_SIZE],
                                  tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_status status = tamis_folder_id_read(folder, out_id, err);

    if (status != TAMIS_ENOENT) {
        return status;
    }
    status = tamis_path_join(path, folder, TAMIS_FOLDER_ID_NAME, err);
    if (status == TAMIS_OK) {
        status = draw(folder, path, err);
    }
    return status == TAMIS_OK ? tamis_folder_id_read(folder, out_id, err) : status;
}
