/* SPDX-License-Identifier: Apache-2.0 */
#include "rocksdb_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RocksDB's C interface gives no codes, so the text decides. The first match wins: causes that the
 * operating system named come before the classes of RocksDB. */
typedef struct message_rule {
    const char *part;
    tamis_status status;
    const char *remedy;
} message_rule;

static const message_rule message_rules[] = {
    {"No space left", TAMIS_ENOSPC, "; free some space"},
    {"Disk quota exceeded", TAMIS_ENOSPC, "; free some space"},
    {"lock hold by current process", TAMIS_EHELD, "; the store is open already in this process"},
    {"While lock file", TAMIS_EHELD, "; another process has the store open"},
    {"Permission denied", TAMIS_EDENIED, ""},
    {"Read-only file system", TAMIS_EDENIED, ""},
    {"Cannot allocate memory", TAMIS_ENOMEM, ""},
    {"Corruption", TAMIS_ECORRUPT, ""},
    {"create_if_missing is false", TAMIS_ENOENT, ""},
    {"No such file or directory", TAMIS_ENOENT, ""},
    {"NotFound", TAMIS_ENOENT, ""},
    {"Not implemented", TAMIS_EUNSUPPORTED, ""},
    {"Invalid argument", TAMIS_EARG, ""},
};

tamis_status rocksdb_error_take(char **message, const char *folder, tamis_err *err)
{
    tamis_status status = TAMIS_EIO;
    const char *remedy = "";

    if (*message == NULL) {
        return TAMIS_OK;
    }
    for (size_t i = 0; i < sizeof(message_rules) / sizeof(message_rules[0]); i++) {
        if (strstr(*message, message_rules[i].part) != NULL) {
            status = message_rules[i].status;
            remedy = message_rules[i].remedy;
            break;
        }
    }
    (void)tamis_err_set(err, status, "%s: %s%s", folder, *message, remedy);
    free(*message);
    *message = NULL;
    return status;
}

/* A new folder is there after a power cut only when its parent has been synced. */
static tamis_status parent_sync(const char *folder, tamis_err *err)
{
    size_t size = strlen(folder);
    char *parent = strdup(folder);
    int descriptor = -1;
    tamis_status status = TAMIS_OK;

    if (parent == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory", folder);
    }
    while (size > 1 && parent[size - 1] == '/') {
        size--;
    }
    while (size > 0 && parent[size - 1] != '/') {
        size--;
    }
    parent[size] = '\0';
    descriptor = open(size == 0 ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a file system that cannot sync folders; there is nothing more to be done then. */
    if (descriptor < 0 || (fsync(descriptor) != 0 && errno != EINVAL)) {
        status = tamis_err_errno(err, errno, "%s: cannot sync its parent folder", folder);
    }
    if (descriptor >= 0) {
        (void)close(descriptor); /* opened for reading: nothing can be lost */
    }
    free(parent);
    return status;
}

tamis_status rocksdb_folder_make(const char *folder, tamis_err *err)
{
    struct stat info = {0};

    if (mkdir(folder, 0777) == 0) {
        return parent_sync(folder, err);
    }
    if (errno != EEXIST) {
        return tamis_err_errno(err, errno, "%s: cannot make the folder", folder);
    }
    if (stat(folder, &info) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot look at it", folder);
    }
    if (!S_ISDIR(info.st_mode)) {
        return tamis_err_set(err, TAMIS_EEXIST, "%s: is no folder; name another place", folder);
    }
    return TAMIS_OK;
}
