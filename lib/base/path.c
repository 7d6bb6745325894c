/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE    0777 /* the umask takes away what the user wants */
#define FILE_MODE      0666
#define READ_CHUNK     65536
#define TREE_DEPTH_MAX 128 /* each level holds one descriptor open */

static tamis_status too_long(const char *path, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ELIMIT, "%.64s...: path is longer than %d bytes", path,
                         TAMIS_PATH_MAX - 1);
}

tamis_status tamis_path_join(char out_path[TAMIS_PATH_MAX], const char *folder, const char *name,
                             tamis_err *err)
{
    size_t folder_size = strlen(folder);
    size_t name_size = strlen(name);
    bool has_slash = folder_size > 0 && folder[folder_size - 1] == '/';
    size_t slash_size = has_slash || folder_size == 0 ? 0 : 1;

    if (folder_size + slash_size + name_size >= TAMIS_PATH_MAX) {
        return too_long(folder, err);
    }
    memcpy(out_path, folder, folder_size);
    if (slash_size != 0) {
        out_path[folder_size] = '/';
    }
    memcpy(out_path + folder_size + slash_size, name, name_size + 1);
    return TAMIS_OK;
}

tamis_status tamis_path_absolute(char out_path[TAMIS_PATH_MAX], const char *path, tamis_err *err)
{
    char folder[TAMIS_PATH_MAX];

    if (path[0] == '/') {
        return tamis_path_join(out_path, "", path, err);
    }
    if (getcwd(folder, sizeof(folder)) == NULL) {
        return tamis_err_errno(err, errno, "the current folder cannot be named");
    }
    return tamis_path_join(out_path, folder, path, err);
}

tamis_status tamis_path_temp_name(char out_path[TAMIS_PATH_MAX], const char *path, tamis_err *err)
{
    static _Atomic unsigned next_number;
    int length = snprintf(out_path, TAMIS_PATH_MAX, "%s.tmp-%ld-%u", path, (long)getpid(),
                          atomic_fetch_add_explicit(&next_number, 1, memory_order_relaxed));

    return length < 0 || length >= TAMIS_PATH_MAX ? too_long(path, err) : TAMIS_OK;
}

/* Cuts the last component off; "a" becomes ".", "/a" becomes "/". */
static void cut_last(char *path)
{
    char *end = path + strlen(path);

    while (end > path + 1 && end[-1] == '/') {
        end--;
    }
    while (end > path && end[-1] != '/') {
        end--;
    }
    while (end > path + 1 && end[-1] == '/') {
        end--;
    }
    if (end == path) {
        *end++ = '.';
    }
    *end = '\0';
}

static tamis_status copy_parent(char out_path[TAMIS_PATH_MAX], const char *path, tamis_err *err)
{
    tamis_status status = tamis_path_join(out_path, "", path, err);

    if (status == TAMIS_OK) {
        /* Room for the "." that an empty path becomes is always there. */
        cut_last(out_path);
    }
    return status;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Makes one folder whose parent is there. */
static tamis_status make_folder(const char *path, tamis_err *err)
{
    if (mkdir(path, FOLDER_MODE) == 0) {
        return tamis_path_sync_parent(path, err);
    }
    if (errno != EEXIST) {
        return tamis_err_errno(err, errno, "%s: cannot make the folder", path);
    }
    if (!is_folder(path)) {
        return tamis_err_set(err, TAMIS_EEXIST, "%s: exists and is no folder", path);
    }
    return TAMIS_OK;
}

tamis_status tamis_path_make_folder(const char *path, tamis_err *err)
{
    char partial[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    if (is_folder(path)) {
        return TAMIS_OK;
    }
    status = tamis_path_join(partial, "", path, err);
    for (char *p = partial; status == TAMIS_OK && *p != '\0'; p++) {
        if (*p == '/' && p != partial && p[-1] != '/') {
            *p = '\0';
            status = make_folder(partial, err);
            *p = '/';
        }
    }
    return status == TAMIS_OK ? make_folder(path, err) : status;
}

tamis_status tamis_path_make_parents(const char *path, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    tamis_status status = copy_parent(parent, path, err);

    return status == TAMIS_OK ? tamis_path_make_folder(parent, err) : status;
}

tamis_status tamis_path_sync_folder(const char *path, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open the folder", path);
    }
    /* File systems that cannot sync folders (EINVAL) have nothing to sync. */
    if (fsync(folder) != 0 && errno != EINVAL) {
        status = tamis_err_errno(err, errno, "%s: cannot sync the folder", path);
    }
    (void)close(folder); /* was read only: nothing can be lost */
    return status;
}

tamis_status tamis_path_sync_filesystem(const char *path, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open", path);
    }
    if (syncfs(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync its file system", path);
    }
    (void)close(file); /* was read only: nothing can be lost */
    return status;
}

tamis_status tamis_path_sync_parent(const char *path, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    tamis_status status = copy_parent(parent, path, err);

    return status == TAMIS_OK ? tamis_path_sync_folder(parent, err) : status;
}

tamis_status tamis_path_rename(const char *from, const char *to, tamis_err *err)
{
    char from_parent[TAMIS_PATH_MAX];
    char to_parent[TAMIS_PATH_MAX];
    tamis_status status = copy_parent(from_parent, from, err);

    if (status == TAMIS_OK) {
        status = copy_parent(to_parent, to, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (rename(from, to) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot rename to %s", from, to);
    }
    status = tamis_path_sync_folder(to_parent, err);
    if (status == TAMIS_OK && strcmp(from_parent, to_parent) != 0) {
        status = tamis_path_sync_folder(from_parent, err);
    }
    return status;
}

static tamis_status write_all(int file, tamis_slice bytes, const char *path, tamis_err *err)
{
    while (bytes.size > 0) {
        ssize_t written = write(file, bytes.data, bytes.size);

        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return tamis_err_errno(err, errno, "%s: cannot write", path);
        }
        bytes.data += written;
        bytes.size -= (size_t)written;
    }
    return TAMIS_OK;
}

tamis_status tamis_path_write_file_at(int folder, const char *name, const char *shown,
                                      tamis_slice bytes, tamis_err *err)
{
    char temp[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_temp_name(temp, name, err);
    bool has_temp = false;
    int file = -1;

    if (status != TAMIS_OK) {
        return status;
    }
    file = openat(folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot make the file", shown);
    }
    has_temp = true;
    status = write_all(file, bytes, shown, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    if (fsync(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync", shown);
        goto out;
    }
    if (close(file) != 0) {
        file = -1;
        status = tamis_err_errno(err, errno, "%s: cannot close", shown);
        goto out;
    }
    file = -1;
    if (renameat(folder, temp, folder, name) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot rename %s to it", shown, temp);
        goto out;
    }
    has_temp = false;
    if (fsync(folder) != 0 && errno != EINVAL) {
        status = tamis_err_errno(err, errno, "%s: cannot sync the folder", shown);
    }

out:
    if (file >= 0) {
        (void)close(file); /* the first error is the one to tell */
    }
    if (has_temp) {
        (void)unlinkat(folder, temp, 0); /* likewise; a leftover is harmless */
    }
    return status;
}

tamis_status tamis_path_write_file(const char *path, tamis_slice bytes, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    const char *name = strrchr(path, '/');
    tamis_status status = copy_parent(parent, path, err);
    int folder = -1;

    if (status != TAMIS_OK) {
        return status;
    }
    folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open the folder above", path);
    }
    status = tamis_path_write_file_at(folder, name == NULL ? path : name + 1, path, bytes, err);
    (void)close(folder); /* was read only: nothing can be lost */
    return status;
}

tamis_status tamis_path_read_file(const char *path, tamis_buf *out, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open", path);
    }
    for (;;) {
        uint8_t chunk[READ_CHUNK];
        ssize_t got = read(file, chunk, sizeof(chunk));

        if (got == 0) {
            break;
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            status = tamis_err_errno(err, errno, "%s: cannot read", path);
            goto out;
        }
        status = tamis_buf_append(out, chunk, (size_t)got);
        if (status != TAMIS_OK) {
            (void)tamis_err_set(err, status, "%s: %s (at most %zu bytes are read)", path,
                                tamis_status_text(status), out->max);
            goto out;
        }
    }

out:
    (void)close(file); /* was read only: nothing can be lost */
    return status;
}

static bool is_dot_name(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes `name` in the open folder. Descriptors instead of paths: a folder that is swapped for a
 * symbolic link meanwhile leads nowhere else. */
static tamis_status remove_at(int folder, const char *name, unsigned depth, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    DIR *entries = NULL;
    struct dirent *entry = NULL;
    int child = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (child < 0) {
        if (errno == ENOENT) {
            return TAMIS_OK;
        }
        if (errno != ENOTDIR && errno != ELOOP) {
            return tamis_err_errno(err, errno, "%s: cannot open for removal", name);
        }
        return unlinkat(folder, name, 0) == 0 || errno == ENOENT
                   ? TAMIS_OK
                   : tamis_err_errno(err, errno, "%s: cannot remove", name);
    }
    entries = depth == 0 ? NULL : fdopendir(child);
    if (entries == NULL) {
        (void)close(child); /* was read only */
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: cannot list (nested too deep?)", name);
    }
    while (status == TAMIS_OK && (entry = readdir(entries)) != NULL) {
        if (!is_dot_name(entry->d_name)) {
            status = remove_at(child, entry->d_name, depth - 1, err);
        }
    }
    (void)closedir(entries); /* closes child */
    if (status == TAMIS_OK && unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        status = tamis_err_errno(err, errno, "%s: cannot remove the folder", name);
    }
    return status;
}

tamis_status tamis_path_remove(const char *path, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    const char *name = strrchr(path, '/');
    tamis_status status = copy_parent(parent, path, err);

    return status == TAMIS_OK ? tamis_path_remove_in(parent, name == NULL ? path : name + 1, err)
                              : status;
}

tamis_status tamis_path_remove_in(const char *folder, const char *name, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    int parent = -1;

    if (name[0] == '\0' || strchr(name, '/') != NULL || is_dot_name(name)) {
        return tamis_err_set(err, TAMIS_EARG, "'%s': not the name of something in %s", name,
                             folder);
    }
    parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) {
        return errno == ENOENT ? TAMIS_OK
                               : tamis_err_errno(err, errno, "%s: cannot open the folder", folder);
    }
    status = remove_at(parent, name, TREE_DEPTH_MAX, err);
    if (status != TAMIS_OK) {
        tamis_err_context(err, "%s", folder);
    }
    (void)close(parent); /* was read only */
    return status;
}
