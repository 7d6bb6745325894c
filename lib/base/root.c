/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tamis/path.h"

#define FOLDER_MODE  0777 /* the umask takes away what the user wants */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define OPEN_TRIES   64 /* the kernel cannot vouch for ".." while folders are moved: EAGAIN */
#define MAKE_TRIES   16 /* what was just made may be removed again by another process */

typedef struct root {
    char *given;
    char *real;
    int folder;
    bool is_everything; /* "/" */
} root;

struct tamis_roots {
    size_t count;
    root items[TAMIS_ROOTS_MAX]; /* the longest real name first: nested roots in front */
};

/* ---- Names ----------------------------------------------------------------------------------- */

/* Passes over slashes and components ".". */
static const char *skip_nothing(const char *path)
{
    for (;;) {
        if (*path == '/') {
            path++;
        } else if (path[0] == '.' && (path[1] == '/' || path[1] == '\0')) {
            path++;
        } else {
            return path;
        }
    }
}

/* What follows `folder` in `path`, "." where nothing does; NULL: path begins otherwise. Both are
 * absolute. */
static const char *rest_below(const char *path, const char *folder)
{
    for (;;) {
        size_t size = 0;

        path = skip_nothing(path);
        folder = skip_nothing(folder);
        if (*folder == '\0') {
            return *path == '\0' ? "." : path;
        }
        size = strcspn(folder, "/");
        if (strcspn(path, "/") != size || memcmp(path, folder, size) != 0) {
            return NULL;
        }
        path += size;
        folder += size;
    }
}

static const char *root_rest(const root *item, const char *path)
{
    const char *rest = rest_below(path, item->given);

    return rest != NULL ? rest : rest_below(path, item->real);
}

/* ---- Making ---------------------------------------------------------------------------------- */

static int open_beneath(const root *item, const char *rest, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        /* From "/" nothing leads out: there absolute links need no refusal. */
        .resolve =
            RESOLVE_NO_MAGICLINKS | (item->is_everything ? RESOLVE_IN_ROOT : RESOLVE_BENEATH),
    };
    long file = -1;

    for (int i = 0; i < OPEN_TRIES; i++) {
        file = syscall(SYS_openat2, item->folder, rest, &how, sizeof(how));
        if (file >= 0 || (errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
    return (int)file;
}

static tamis_status root_open(root *item, const char *folder, tamis_err *err)
{
    char given[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_absolute(given, folder, err);
    int probe = -1;

    if (status != TAMIS_OK) {
        return status;
    }
    item->folder = open(given, O_PATH | O_DIRECTORY | O_CLOEXEC);
    item->real = item->folder < 0 ? NULL : realpath(given, NULL);
    if (item->real == NULL && errno == ENOMEM) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for --root %s", given);
    }
    if (item->real == NULL) {
        (void)tamis_err_errno(err, errno, "--root %s: cannot open the folder", given);
        if (err != NULL) {
            err->status = TAMIS_EARG;
        }
        return TAMIS_EARG;
    }
    item->given = strdup(given);
    if (item->given == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for --root %s", given);
    }
    item->is_everything = strcmp(item->real, "/") == 0;
    probe = open_beneath(item, ".", O_PATH | O_DIRECTORY);
    if (probe < 0 && errno == ENOSYS) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "--root needs the system call openat2, which this kernel does not "
                             "have; use Linux 5.6 or later");
    }
    if (probe < 0) {
        return tamis_err_errno(err, errno, "--root %s: openat2 fails", given);
    }
    (void)close(probe); /* was only looked up */
    return TAMIS_OK;
}

static int compare_roots(const void *left, const void *right)
{
    size_t a = strlen(((const root *)left)->real);
    size_t b = strlen(((const root *)right)->real);

    return (a < b) - (a > b);
}

tamis_status tamis_roots_create(const char *const *folders, size_t count, tamis_roots **out_roots,
                                tamis_err *err)
{
    tamis_roots *roots = NULL;
    tamis_status status = TAMIS_OK;

    if (count == 0 || count > TAMIS_ROOTS_MAX) {
        return tamis_err_set(err, TAMIS_EARG, "--root: %zu folders; 1 to %d are taken", count,
                             TAMIS_ROOTS_MAX);
    }
    roots = calloc(1, sizeof(*roots));
    if (roots == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for --root");
    }
    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        roots->items[i].folder = -1;
        roots->count++;
        status = root_open(&roots->items[i], folders[i], err);
    }
    if (status != TAMIS_OK) {
        tamis_roots_destroy(roots);
        return status;
    }
    qsort(roots->items, roots->count, sizeof(roots->items[0]), compare_roots);
    *out_roots = roots;
    return TAMIS_OK;
}

tamis_status tamis_roots_create_for(const char *url, bool is_local, const char *const *folders,
                                    size_t count, tamis_roots **out_roots, tamis_err *err)
{
    if (count != 0) {
        return tamis_roots_create(folders, count, out_roots, err);
    }
    if (!is_local) {
        return tamis_err_set(err, TAMIS_EARG,
                             "%s: leaves this machine: give --root, the folder that jobs may read "
                             "and write beneath (it may be repeated; '/' is everything)",
                             url);
    }
    *out_roots = NULL;
    return TAMIS_OK;
}

void tamis_roots_destroy(tamis_roots *roots)
{
    if (roots == NULL) {
        return;
    }
    for (size_t i = 0; i < roots->count; i++) {
        if (roots->items[i].folder >= 0) {
            (void)close(roots->items[i].folder); /* was only looked up */
        }
        free(roots->items[i].given);
        free(roots->items[i].real);
    }
    free(roots);
}

size_t tamis_roots_count(const tamis_roots *roots)
{
    return roots->count;
}

const char *tamis_roots_name(const tamis_roots *roots, size_t index)
{
    TAMIS_ASSERT(index < roots->count);
    return roots->items[index].given;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static tamis_status is_outside(const char *path, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EOUTSIDE,
                         "%s: lies beneath no folder given by --root; start this process with a "
                         "--root above it",
                         path);
}

static tamis_status leads_out(const char *path, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EOUTSIDE,
                         "%s: leads out of the folder given by --root, by '..' or by a symbolic "
                         "link (absolute ones are never followed)",
                         path);
}

#define BENEATH_NONE EXFULL /* no call on files gives it */

/* As open(2): a descriptor, or -1 and errno. EXDEV: it leads out; BENEATH_NONE. */
static int roots_try(const tamis_roots *roots, const char *path, int flags)
{
    bool is_beneath = false;

    if (roots == NULL) {
        return open(path, flags | O_CLOEXEC);
    }
    for (size_t i = 0; i < roots->count && path[0] == '/'; i++) {
        const char *rest = root_rest(&roots->items[i], path);
        int file = -1;

        if (rest == NULL) {
            continue;
        }
        is_beneath = true;
        file = open_beneath(&roots->items[i], rest, flags);
        /* What leads out of a nested root may stay beneath the one around it. */
        if (file >= 0 || (errno != EXDEV && errno != ELOOP)) {
            return file;
        }
    }
    errno = is_beneath ? EXDEV : BENEATH_NONE;
    return -1;
}

static tamis_status try_failed(const tamis_roots *roots, const char *path, const char *what,
                               tamis_err *err)
{
    if (roots != NULL && errno == BENEATH_NONE) {
        return is_outside(path, err);
    }
    if (roots != NULL && errno == EXDEV) {
        return leads_out(path, err);
    }
    return tamis_err_errno(err, errno, "%s: %s", path, what);
}

tamis_status tamis_roots_open(const tamis_roots *roots, const char *path, int flags, int *out_file,
                              tamis_err *err)
{
    int file = -1;

    TAMIS_ASSERT((flags & O_CREAT) == 0);
    file = roots_try(roots, path, flags);
    if (file < 0) {
        return try_failed(roots, path, "cannot be opened", err);
    }
    *out_file = file;
    return TAMIS_OK;
}

/* Makes `partial`, whose parent is there. */
static tamis_status make_one(const tamis_roots *roots, const char *partial, tamis_err *err)
{
    const char *name = NULL;
    int parent = -1;
    tamis_status status = tamis_roots_open_parent(roots, partial, false, &parent, &name, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (mkdirat(parent, name, FOLDER_MODE) != 0) {
        status = errno == EEXIST
                     ? TAMIS_OK
                     : tamis_err_errno(err, errno, "%s: cannot make the folder", partial);
    } else if (fsync(parent) != 0 && errno != EINVAL) { /* EINVAL: it has nothing to sync */
        status = tamis_err_errno(err, errno, "%s: cannot sync the folder above", partial);
    }
    (void)close(parent); /* was read only */
    return status;
}

/* Makes `partial` when it is missing; what lies above the roots is nobody's to make. */
static tamis_status make_when_missing(const tamis_roots *roots, const char *partial, tamis_err *err)
{
    int folder = roots_try(roots, partial, O_PATH | O_DIRECTORY);

    if (folder >= 0) {
        (void)close(folder); /* was only looked up */
        return TAMIS_OK;
    }
    if (errno == ENOENT) {
        return make_one(roots, partial, err);
    }
    if (errno == ENOTDIR) {
        return tamis_err_set(err, TAMIS_EEXIST, "%s: exists and is no folder", partial);
    }
    return roots != NULL && errno == BENEATH_NONE
               ? TAMIS_OK
               : try_failed(roots, partial, "cannot open the folder", err);
}

static tamis_status make_missing(const tamis_roots *roots, const char *path, tamis_err *err)
{
    char partial[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_join(partial, "", path, err);

    for (char *p = partial + 1; status == TAMIS_OK && p[-1] != '\0'; p++) {
        char end = *p;

        if ((end == '/' || end == '\0') && p[-1] != '/') {
            *p = '\0';
            status = make_when_missing(roots, partial, err);
            *p = end;
        }
    }
    return status;
}

tamis_status tamis_roots_open_folder(const tamis_roots *roots, const char *path, bool is_made,
                                     int *out_folder, tamis_err *err)
{
    int folder = roots_try(roots, path, FOLDER_FLAGS);

    for (int i = 0; i < MAKE_TRIES && is_made && folder < 0 && errno == ENOENT; i++) {
        tamis_status status = make_missing(roots, path, err);

        if (status != TAMIS_OK) {
            return status;
        }
        folder = roots_try(roots, path, FOLDER_FLAGS);
    }
    if (folder < 0 && errno == ENOTDIR) {
        return tamis_err_set(err, TAMIS_EEXIST, "%s: exists and is no folder", path);
    }
    if (folder < 0) {
        return try_failed(roots, path, "cannot open the folder", err);
    }
    *out_folder = folder;
    return TAMIS_OK;
}

tamis_status tamis_roots_open_parent(const tamis_roots *roots, const char *path, bool is_made,
                                     int *out_folder, const char **out_name, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    tamis_status status = tamis_path_join(parent, slash == NULL ? "." : "", path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return tamis_err_set(err, TAMIS_EARG, "%s: does not end in the name of a file", path);
    }
    parent[slash == NULL || slash == path ? 1 : slash - path] = '\0'; /* ".", "/" */
    status = tamis_roots_open_folder(roots, parent, is_made, out_folder, err);
    if (status == TAMIS_OK) {
        *out_name = name;
    }
    return status;
}

/* ---- Writing --------------------------------------------------------------------------------- */

tamis_status tamis_roots_write_file(const tamis_roots *roots, const char *path, tamis_slice bytes,
                                    tamis_err *err)
{
    const char *name = NULL;
    int folder = -1;
    tamis_status status = tamis_roots_open_parent(roots, path, false, &folder, &name, err);

    if (status == TAMIS_OK) {
        status = tamis_path_write_file_at(folder, name, path, bytes, err);
        (void)close(folder); /* was read only */
    }
    return status;
}

tamis_status tamis_roots_sync_filesystem(const tamis_roots *roots, const char *path, tamis_err *err)
{
    int file = -1;
    tamis_status status = tamis_roots_open(roots, path, O_RDONLY, &file, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (syncfs(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync its file system", path);
    }
    (void)close(file); /* was read only */
    return status;
}
