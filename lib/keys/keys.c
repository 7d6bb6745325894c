/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME   ".lock"
#define FILE_RIGHTS 0600

/* ---- Reading --------------------------------------------------------------------------------- */

/* A file of this user or of root, of which others have none of `forbidden`. */
static tamis_status check_rights(const char *path, const struct stat *stat, mode_t forbidden,
                                 tamis_err *err)
{
    if (!S_ISREG(stat->st_mode)) {
        return tamis_err_set(err, TAMIS_EDENIED, "%s: not a regular file", path);
    }
    if (stat->st_uid != geteuid() && stat->st_uid != 0) {
        return tamis_err_set(err, TAMIS_EDENIED,
                             "%s: belongs to user %u, who could change it; copy it and use the "
                             "copy, or chown it to user %u",
                             path, (unsigned)stat->st_uid, (unsigned)geteuid());
    }
    if ((stat->st_mode & forbidden) != 0) {
        return tamis_err_set(
            err, TAMIS_EDENIED, "%s: has rights %04o, which lets others %s it: chmod %s '%s'", path,
            (unsigned)(stat->st_mode & 07777), (forbidden & 044) != 0 ? "read" : "change",
            (forbidden & 044) != 0 ? "600" : "go-w", path);
    }
    return TAMIS_OK;
}

static tamis_status read_all(int file, const char *path, tamis_buf *out, tamis_err *err)
{
    for (;;) {
        ssize_t got = 0;
        size_t room = out->max - out->size < 4096 ? out->max - out->size : 4096;
        tamis_status status = TAMIS_OK;

        if (room == 0) {
            return tamis_err_set(err, TAMIS_ELIMIT, "%s: larger than %zu bytes", path,
                                 out->max - 1);
        }
        status = tamis_buf_reserve(out, room);
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "%s: no memory to read it", path);
        }
        got = read(file, out->data + out->size, room);
        if (got < 0 && errno != EINTR) {
            return tamis_err_errno(err, errno, "%s", path);
        }
        if (got == 0) {
            return TAMIS_OK;
        }
        out->size += got < 0 ? 0 : (size_t)got;
    }
}

/* Rights are looked at on the open file, so that it is the one that is read. */
static tamis_status read_guarded(const char *path, mode_t forbidden, tamis_buf *out,
                                 struct stat *out_stat, tamis_err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    tamis_status status = TAMIS_OK;

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    status = fstat(file, out_stat) == 0 ? check_rights(path, out_stat, forbidden, err)
                                        : tamis_err_errno(err, errno, "%s", path);
    if (status == TAMIS_OK) {
        status = read_all(file, path, out, err);
    }
    (void)close(file);
    return status;
}

static void wipe(tamis_buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->size);
    }
    tamis_buf_fini(buf);
}

tamis_status tamis_key_read(const char *path, tamis_net_security *out_key, tamis_err *err)
{
    struct stat stat;
    tamis_buf text;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, TAMIS_KEYS_FILE_MAX + 1);
    status = tamis_buf_reserve(&text, TAMIS_KEYS_FILE_MAX + 1); /* grows no more: no copies stay */
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "%s: no memory to read it", path);
    }
    status = read_guarded(path, 077, &text, &stat, err);
    if (status == TAMIS_OK) {
        status = tamis_key_parse(tamis_buf_slice(&text), path, out_key, err);
    }
    wipe(&text);
    return status;
}

static tamis_status read_allowed(const char *path, tamis_allowed *out_allowed,
                                 struct stat *out_stat, tamis_err *err)
{
    tamis_buf text;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, TAMIS_KEYS_ALLOWED_MAX + 1);
    status = read_guarded(path, 022, &text, out_stat, err);
    if (status == TAMIS_OK) {
        status = tamis_allowed_parse(tamis_buf_slice(&text), path, out_allowed, err);
    }
    tamis_buf_fini(&text);
    return status;
}

tamis_status tamis_allowed_read(const char *path, tamis_allowed *out_allowed, tamis_err *err)
{
    struct stat stat;

    return read_allowed(path, out_allowed, &stat, err);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static tamis_status write_all(int file, const char *path, tamis_slice bytes, tamis_err *err)
{
    while (bytes.size != 0) {
        ssize_t done = write(file, bytes.data, bytes.size);

        if (done < 0 && errno != EINTR) {
            return tamis_err_errno(err, errno, "%s", path);
        }
        if (done > 0) {
            bytes = tamis_slice_of(bytes.data + done, bytes.size - (size_t)done);
        }
    }
    return fsync(file) == 0 ? TAMIS_OK : tamis_err_errno(err, errno, "%s", path);
}

/* From its first byte on nobody else may read it. */
static tamis_status replace_file(const char *path, tamis_slice bytes, tamis_err *err)
{
    char temp[TAMIS_PATH_MAX];
    int file = -1;
    tamis_status status = tamis_path_temp_name(temp, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    file = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_RIGHTS);
    if (file < 0) {
        return tamis_err_errno(err, errno, "%s", temp);
    }
    status = write_all(file, temp, bytes, err);
    if (close(file) != 0 && status == TAMIS_OK) {
        status = tamis_err_errno(err, errno, "%s", temp);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_rename(temp, path, err);
    }
    if (status != TAMIS_OK) {
        (void)unlink(temp); /* the first error counts */
    }
    return status;
}

static tamis_status write_key(const char *path, const tamis_net_security *key, tamis_err *err)
{
    tamis_buf text;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, TAMIS_KEYS_FILE_MAX);
    status = tamis_buf_reserve(&text, TAMIS_KEYS_FILE_MAX);
    if (status == TAMIS_OK) {
        status = tamis_key_format(key, &text);
    }
    status = status == TAMIS_OK ? replace_file(path, tamis_buf_slice(&text), err)
                                : tamis_err_set(err, status, "%s: no memory to write it", path);
    wipe(&text);
    return status;
}

static tamis_status write_allowed(const char *path, const tamis_allowed *allowed, tamis_err *err)
{
    tamis_buf text;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, TAMIS_KEYS_ALLOWED_MAX);
    status = tamis_allowed_format(allowed, &text);
    status = status == TAMIS_OK ? replace_file(path, tamis_buf_slice(&text), err)
                                : tamis_err_set(err, status, "%s: too large to write", path);
    tamis_buf_fini(&text);
    return status;
}

/* ---- Changes of a folder --------------------------------------------------------------------- */

typedef struct key_folder {
    const char *path;
    char allowed_path[TAMIS_PATH_MAX];
    tamis_allowed allowed;
    int lock_file;
} key_folder;

static tamis_status open_folder(key_folder *folder, const char *path, tamis_err *err)
{
    char lock_path[TAMIS_PATH_MAX];
    struct stat stat;
    tamis_status status = tamis_path_join(lock_path, path, LOCK_NAME, err);

    *folder = (key_folder){.path = path, .lock_file = -1};
    if (status == TAMIS_OK) {
        status = tamis_path_join(folder->allowed_path, path, TAMIS_KEYS_ALLOWED, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    folder->lock_file = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_RIGHTS);
    if (folder->lock_file < 0) {
        return tamis_err_errno(err, errno, "%s", lock_path);
    }
    while (flock(folder->lock_file, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return tamis_err_errno(err, errno, "%s: lock", lock_path);
        }
    }
    if (lstat(folder->allowed_path, &stat) != 0 && errno == ENOENT) {
        return TAMIS_OK; /* nothing is allowed yet */
    }
    return tamis_allowed_read(folder->allowed_path, &folder->allowed, err);
}

static void close_folder(key_folder *folder)
{
    tamis_allowed_fini(&folder->allowed);
    if (folder->lock_file >= 0) {
        (void)close(folder->lock_file); /* and with it the lock */
    }
}

static tamis_status key_path(char out_path[TAMIS_PATH_MAX], const char *folder, const char *name,
                             tamis_err *err)
{
    char file_name[TAMIS_USER_SIZE + 8];

    (void)snprintf(file_name, sizeof(file_name), "%s.key", name);
    return tamis_path_join(out_path, folder, file_name, err);
}

static size_t find_row(const tamis_allowed *allowed, const char *name)
{
    size_t i = 0;

    while (i < allowed->count && strcmp(allowed->rows[i].user, name) != 0) {
        i++;
    }
    return i;
}

static const tamis_net_peer *find_coordinator(const tamis_allowed *allowed)
{
    for (size_t i = 0; i < allowed->count; i++) {
        if (allowed->rows[i].roles == TAMIS_ROLE_COORDINATOR) {
            return &allowed->rows[i];
        }
    }
    return NULL;
}

/* Whether the new name fits to those that are there; the coordinator's key for it. */
static tamis_status check_new(const key_folder *folder, tamis_net_security *key, tamis_err *err)
{
    const tamis_net_peer *coordinator = find_coordinator(&folder->allowed);

    if (find_row(&folder->allowed, key->user) != folder->allowed.count) {
        return tamis_err_set(err, TAMIS_EEXIST,
                             "%s: there is a key '%s'; revoke it first, or take another name",
                             folder->path, key->user);
    }
    if (folder->allowed.count >= TAMIS_PEERS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: there are %d keys, which is the most",
                             folder->path, TAMIS_PEERS_MAX);
    }
    if (key->roles == TAMIS_ROLE_COORDINATOR) {
        return coordinator == NULL
                   ? TAMIS_OK
                   : tamis_err_set(err, TAMIS_EEXIST,
                                   "%s: '%s' is the coordinator's key, and a folder has one",
                                   folder->path, coordinator->user);
    }
    if (coordinator == NULL) {
        return tamis_err_set(err, TAMIS_ENOENT,
                             "%s: the coordinator's key is missing, which others need: 'tamis "
                             "keys new --role=coordinator coordinator' comes first",
                             folder->path);
    }
    memcpy(key->server_key, coordinator->key, sizeof(key->server_key));
    return TAMIS_OK;
}

/* First the key, then its row: a file without a row is of no use to anybody, and is replaced. */
static tamis_status add_key(key_folder *folder, const tamis_net_security *key, const char *path,
                            tamis_err *err)
{
    tamis_allowed *allowed = &folder->allowed;
    tamis_net_peer *rows = realloc(allowed->rows, (allowed->count + 1) * sizeof(*rows));
    tamis_net_peer *row = NULL;
    tamis_status status = TAMIS_OK;

    if (rows == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its keys", folder->path);
    }
    allowed->rows = rows;
    row = &rows[allowed->count++];
    *row = (tamis_net_peer){.roles = key->roles};
    memcpy(row->key, key->public_key, sizeof(row->key));
    memcpy(row->user, key->user, sizeof(row->user));
    status = write_key(path, key, err);
    return status == TAMIS_OK ? write_allowed(folder->allowed_path, allowed, err) : status;
}

static tamis_status make_folder(const char *path, tamis_err *err)
{
    tamis_status status = tamis_path_make_parents(path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST ? TAMIS_OK : tamis_err_errno(err, errno, "%s", path);
    }
    return tamis_path_sync_parent(path, err);
}

tamis_status tamis_keys_new(const char *folder, const char *name, uint32_t role,
                            char out_path[TAMIS_PATH_MAX], tamis_err *err)
{
    key_folder keys = {.lock_file = -1};
    tamis_net_security key = {.is_on = true, .roles = role};
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    if (!tamis_key_name_is_valid(name)) {
        return tamis_err_set(err, TAMIS_EARG,
                             "'%s' is no name of a key: letters, digits, '.', '_' and '-', at most "
                             "%d",
                             name, TAMIS_USER_SIZE - 1);
    }
    memcpy(key.user, name, strlen(name) + 1);
    status = key_path(path, folder, name, err);
    if (status == TAMIS_OK) {
        status = make_folder(folder, err);
    }
    if (status == TAMIS_OK) {
        status = open_folder(&keys, folder, err);
    }
    if (status == TAMIS_OK) {
        status = check_new(&keys, &key, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_net_key_pair(key.public_key, key.secret_key, err);
    }
    if (status == TAMIS_OK) {
        status = add_key(&keys, &key, path, err);
    }
    explicit_bzero(&key, sizeof(key));
    close_folder(&keys);
    if (status == TAMIS_OK) {
        memcpy(out_path, path, sizeof(path));
    }
    return status;
}

static tamis_status remove_row(key_folder *folder, const char *name, tamis_err *err)
{
    tamis_allowed *allowed = &folder->allowed;
    size_t index = find_row(allowed, name);

    if (index == allowed->count) {
        return tamis_err_set(err, TAMIS_ENOENT, "%s: has no key '%s' ('tamis keys list')",
                             folder->path, name);
    }
    if (allowed->rows[index].roles == TAMIS_ROLE_COORDINATOR) {
        return tamis_err_set(err, TAMIS_EARG,
                             "'%s' is the coordinator's key: all others name it and are of no use "
                             "without it; make a new folder instead",
                             name);
    }
    allowed->count--;
    memmove(&allowed->rows[index], &allowed->rows[index + 1],
            (allowed->count - index) * sizeof(*allowed->rows));
    return write_allowed(folder->allowed_path, allowed, err);
}

tamis_status tamis_keys_revoke(const char *folder, const char *name, tamis_err *err)
{
    key_folder keys = {.lock_file = -1};
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    if (!tamis_key_name_is_valid(name)) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is no name of a key", name);
    }
    status = key_path(path, folder, name, err);
    if (status == TAMIS_OK) {
        status = open_folder(&keys, folder, err);
    }
    if (status == TAMIS_OK) {
        status = remove_row(&keys, name, err);
    }
    close_folder(&keys);
    return status == TAMIS_OK ? tamis_path_remove(path, err) : status;
}

/* ---- The list of a coordinator that runs ------------------------------------------------------
 */

static bool is_stamp_new(tamis_allowed_watch *watch, const struct stat *stat)
{
    const uint64_t stamp[4] = {(uint64_t)stat->st_ino, (uint64_t)stat->st_size,
                               (uint64_t)stat->st_mtim.tv_sec, (uint64_t)stat->st_mtim.tv_nsec};

    if (watch->has_looked && memcmp(stamp, watch->stamp, sizeof(stamp)) == 0) {
        return false;
    }
    watch->has_looked = true;
    memcpy(watch->stamp, stamp, sizeof(stamp));
    return true;
}

tamis_status tamis_allowed_renew(tamis_allowed_watch *watch, tamis_net *net, size_t *out_count,
                                 tamis_err *err)
{
    static const char *const domains[] = {"control", "data"};
    tamis_allowed allowed = {.count = 0};
    struct stat stat = {.st_ino = 0};
    tamis_status status = TAMIS_OK;

    /* A file that is gone is news too, once. Links are followed: mounted secrets are such. */
    if (fstatat(AT_FDCWD, watch->path, &stat, 0) != 0 && errno != ENOENT) {
        return tamis_err_errno(err, errno, "%s", watch->path);
    }
    if (!is_stamp_new(watch, &stat)) {
        return TAMIS_EAGAIN;
    }
    status = tamis_allowed_read(watch->path, &allowed, err);
    for (size_t i = 0; i < 2 && status == TAMIS_OK; i++) {
        status = tamis_net_allow(net, domains[i], allowed.rows, allowed.count, err);
    }
    if (status == TAMIS_OK) {
        *out_count = allowed.count;
    }
    tamis_allowed_fini(&allowed);
    return status;
}
